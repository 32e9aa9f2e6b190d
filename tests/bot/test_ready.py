"""/readyz tells the truth: whatever is away is named, and only what residents cannot do without makes it say 503."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.settings import Settings
from knowledge import live
from tests.bot.fakes import FakeRasa

FINE = {"status": "ok", "knowledge": "ok", "database": "ok", "dialogue": "ok", "clock": "ok"}


async def ready(client: TestClient[Any, Any]) -> tuple[int, dict[str, str]]:
    async with client.get("/readyz") as response:
        return response.status, await response.json()


async def test_all_is_well(client: TestClient[Any, Any]) -> None:
    assert await ready(client) == (200, FINE)


async def test_no_knowledge(client: TestClient[Any, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_live", None)
    assert await ready(client) == (503, FINE | {"status": "down", "knowledge": "missing"})


@pytest.mark.parametrize("harm", ["file", "table"])
async def test_no_database(client: TestClient[Any, Any], options: Settings, harm: str) -> None:
    file = options.data_dir / "yinfawen.db"
    if harm == "file":
        await client.get("/readyz")
        for path in options.data_dir.glob("yinfawen.db*"):
            path.write_bytes(b"no database" * 1000)
    else:
        with sqlite3.connect(file) as connection:
            connection.execute("ALTER TABLE conversations RENAME TO gone")
    assert await ready(client) == (503, FINE | {"status": "down", "database": "down"})


@pytest.mark.parametrize("harm", ["stopped", "hangs", "error", "redirects"])
async def test_no_dialogue_engine(client: TestClient[Any, Any], rasa: FakeRasa, harm: str) -> None:
    await rasa.stop()
    if harm != "stopped":

        async def home(request: web.Request) -> web.Response:
            if harm == "hangs":
                await asyncio.sleep(3)
            raise web.HTTPInternalServerError if harm == "error" else web.HTTPFound(str(client.make_url("/healthz")))

        app = web.Application()
        app.router.add_get("/", home)
        server = TestServer(app, port=rasa.port)
        await server.start_server()
        assert await ready(client) == (200, FINE | {"dialogue": "down"})
        await server.close()
    else:
        assert await ready(client) == (200, FINE | {"dialogue": "down"})
