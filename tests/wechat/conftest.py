"""The service with a WeChat account, the platform that posts to it, and WeChat's interface, all over real HTTP."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio

from bot.conversations.migrate import migrate
from bot.service import make_app
from bot.settings import Settings
from tests.bot.conftest import knowledge  # noqa: F401 - a fixture
from tests.wechat.fakes import AES_KEY, APP_ID, SECRET, TOKEN, EchoEngine, FakeApi, Person, Platform

PUBLIC_URL = "https://fa.example.org"


@pytest_asyncio.fixture
async def engine() -> AsyncIterator[EchoEngine]:
    fake = EchoEngine()
    await fake.start()
    yield fake
    await fake.stop()


@pytest_asyncio.fixture
async def wechat_api() -> AsyncIterator[FakeApi]:
    fake = FakeApi()
    fake.url = await fake.start()  # type: ignore[attr-defined]
    yield fake
    await fake.stop()


@pytest.fixture
def options(tmp_path: Path, engine: EchoEngine, wechat_api: Any) -> Settings:
    """A safe-mode account that is not certified, in a window of a second: 0.8 s to reply, 1 s until WeChat hangs up."""
    return Settings(
        _env_file=None,
        data_dir=tmp_path,
        rasa_port=engine.port,
        rasa_timeout=20,
        turns_per_minute=0,
        address_per_minute=0,
        wechat_token=TOKEN,
        wechat_app_id=APP_ID,
        wechat_aes_key=AES_KEY,
        wechat_secret=SECRET,
        wechat_reply_seconds=0.8,
        wechat_api_url=wechat_api.url,
        public_url=PUBLIC_URL,
    )


@pytest_asyncio.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as opened:
        yield opened


Start = Callable[..., Awaitable[Platform]]


@pytest.fixture
def start(
    options: Settings,
    knowledge: Any,  # noqa: F811
    session: aiohttp.ClientSession,
    aiohttp_server: Callable[..., Awaitable[Any]],
) -> Start:
    """Starts the service with settings changed as given; a second call starts a second replica on the same database."""

    async def start_with(**changes: Any) -> Platform:
        changed = options.model_copy(update=changes)
        migrate(changed.database)
        server = await aiohttp_server(make_app(changed))
        window = changed.wechat_reply_seconds / 0.8
        return Platform(session, str(server.make_url("/wechat")), changed.wechat_aes_key or None, window)

    return start_with


@pytest_asyncio.fixture
async def platform(start: Start) -> Platform:
    return await start()


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
def rows(options: Settings) -> Callable[[str], list[tuple[Any, ...]]]:
    """Reads the database past the service."""

    def read(query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(options.data_dir / "yinfawen.db") as connection:
            return connection.execute(query).fetchall()

    return read
