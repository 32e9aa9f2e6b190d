"""The service in this process: an empty database, small knowledge, and a dialogue engine that does as it is told."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient

from bot.conversations.migrate import migrate
from bot.service import make_app
from bot.settings import Settings
from knowledge import live
from tests.bot.fakes import FakeRasa, Resident, SmallKnowledge


@pytest.fixture
def knowledge() -> Iterator[SmallKnowledge]:
    """In use as long as the test runs."""
    before, small = live._live, SmallKnowledge()
    live.use(small)  # type: ignore[arg-type]
    yield small
    live._live = before


@pytest_asyncio.fixture
async def rasa() -> AsyncIterator[FakeRasa]:
    fake = FakeRasa()
    await fake.start()
    yield fake
    await fake.stop()


@pytest.fixture
def options(tmp_path: Path, rasa: FakeRasa) -> Settings:
    """No rate limits; the dialogue engine has half a second."""
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        rasa_port=rasa.port,
        rasa_timeout=0.5,
        turns_per_minute=0,
        address_per_minute=0,
        conversations_per_minute=0,
    )


@pytest.fixture
def start(
    options: Settings, knowledge: SmallKnowledge, aiohttp_client: Callable[..., Awaitable[Any]]
) -> Callable[..., Awaitable[TestClient[Any, Any]]]:
    """Starts the service on a migrated database, with settings changed as given."""

    async def start_with(**changes: Any) -> TestClient[Any, Any]:
        changed = options.model_copy(update=changes)
        migrate(changed.database)
        return await aiohttp_client(make_app(changed))

    return start_with


@pytest_asyncio.fixture
async def client(
    caplog: pytest.LogCaptureFixture, start: Callable[..., Awaitable[TestClient[Any, Any]]]
) -> TestClient[Any, Any]:
    caplog.set_level(logging.DEBUG)  # before the service starts, because SQLAlchemy asks only then
    return await start()


@pytest.fixture
def meet(
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Callable[[TestClient[Any, Any]], Awaitable[Resident]]]:
    """Opens a conversation. Whatever its resident says during the test must not be in any log record."""
    caplog.set_level(logging.DEBUG)
    met: list[Resident] = []

    async def open_one(client: TestClient[Any, Any]) -> Resident:
        async with client.post("/api/v1/conversations") as response:
            assert response.status == 201
            opened = await response.json()
        met.append(Resident(client, opened["conversation_id"], opened["token"]))
        return met[-1]

    yield open_one
    logged = "\n".join(map(logging.Formatter("%(name)s %(message)s").format, caplog.get_records("call")))
    for resident in met:
        assert resident.token not in logged
        assert [text for text in resident.said if len(text.strip()) > 3 and text.strip() in logged] == []


@pytest_asyncio.fixture
async def resident(client: TestClient[Any, Any], meet: Callable[..., Awaitable[Resident]]) -> Resident:
    return await meet(client)


@pytest.fixture
def rows(options: Settings) -> Callable[[str], list[tuple[Any, ...]]]:
    """Reads the database past the service."""

    def read(query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
            return connection.execute(query).fetchall()

    return read
