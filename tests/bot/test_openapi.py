"""The HTTP API keeps what openapi.yml promises, whatever is sent to it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
from collections.abc import Iterator
from multiprocessing.connection import Connection
from typing import Any

import pytest
import schemathesis
from aiohttp import web
from hypothesis import HealthCheck, given, settings

from bot.channels.web.api import document
from bot.conversations.migrate import migrate
from bot.service import make_app
from bot.settings import Settings
from knowledge import live
from tests.bot.fakes import FakeRasa, SmallKnowledge

DOCUMENT = document()
OPERATIONS = {
    operation["operationId"]: (path, method.upper())
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    if "operationId" in operation
}
CASES = int(os.environ.get("YINFAWEN_FUZZ", "60"))  # of each operation, proper and strange ones


def serve(options: Settings, told: Connection) -> None:
    """Run the service with all its parts on a free port until the process is ended; tell its address."""

    async def forever() -> None:
        rasa = FakeRasa()
        await rasa.start()
        runner = web.AppRunner(make_app(options.model_copy(update={"rasa_port": rasa.port})))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        told.send(f"http://127.0.0.1:{runner.addresses[0][1]}")
        await asyncio.Event().wait()

    live.use(SmallKnowledge())  # type: ignore[arg-type]
    asyncio.run(forever())


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a service in a process of its own.

    Not in a thread: CPython 3.11's parser of syntax trees is not safe for threads (SystemError "AST constructor
    recursion depth mismatch"), and hypothesis here and a traceback logged there both use it.
    """
    unlimited = dict.fromkeys(("turns_per_minute", "address_per_minute", "conversations_per_minute"), 0)
    options = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("openapi"), **unlimited)
    migrate(options.database)
    spawn = multiprocessing.get_context("spawn")
    here, there = spawn.Pipe()
    process = spawn.Process(target=serve, args=(options, there), daemon=True)
    process.start()
    try:
        assert here.poll(60), "the service did not start"
        yield here.recv()
    finally:
        process.terminate()
        process.join(20)


@pytest.fixture(scope="module")
def api(service: str) -> Any:
    return schemathesis.openapi.from_url(f"{service}/api/v1/openapi.json")


def cases(function: Any) -> Any:
    return settings(
        max_examples=CASES, deadline=None, database=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )(function)


def test_the_document_is_valid_openapi(api: Any) -> None:
    assert DOCUMENT["openapi"].startswith("3.1.")
    api.validate()
    documented = {f"{method} {path}" for path, method in OPERATIONS.values()}
    offered = {operation.ok().label for operation in api.get_all_operations()}
    # schemathesis leaves out the address that it read the document from.
    assert documented - offered <= {"GET /api/v1/openapi.json"}
    assert offered <= documented


@pytest.mark.parametrize("name", OPERATIONS)
def test_whatever_a_stranger_sends_the_reply_is_as_documented(name: str, api: Any) -> None:
    path, method = OPERATIONS[name]

    @cases
    @given(case=api[path][method].as_strategy(generation_mode=schemathesis.GenerationMode.NEGATIVE))
    def strange(case: schemathesis.Case) -> None:
        case.call_and_validate()

    @cases
    @given(case=api[path][method].as_strategy())
    def proper(case: schemathesis.Case) -> None:
        case.call_and_validate()

    proper()
    if name not in {"openConversation", "openapi", "suggestions"}:  # these take everything
        strange()
