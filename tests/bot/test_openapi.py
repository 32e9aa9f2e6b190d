"""The HTTP API keeps what openapi.yml promises, whatever is sent to it."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Iterator
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


class RunningService:
    """The service with all its parts on a free port, in an event loop and thread of its own."""

    def __init__(self, options: Settings) -> None:
        self.options, self.url = options, ""
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> RunningService:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(20)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(20)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _start(self) -> None:
        self._rasa = FakeRasa()
        await self._rasa.start()
        app = make_app(self.options.model_copy(update={"rasa_port": self._rasa.port}))
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def _stop(self) -> None:
        await self._runner.cleanup()
        await self._rasa.stop()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    unlimited = dict.fromkeys(("turns_per_minute", "address_per_minute", "conversations_per_minute"), 0)
    options = Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("openapi"), **unlimited)
    migrate(options.database)
    before = live._live
    live.use(SmallKnowledge())  # type: ignore[arg-type]
    with RunningService(options) as running:
        yield running.url
    live._live = before


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
