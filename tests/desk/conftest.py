"""The desk in this process: the service as in tests/bot, accounts of each role, and somebody at a browser."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from aiohttp import CookieJar
from aiohttp.test_utils import TestClient
from yarl import URL

from bot.channels.web.access import STORE
from bot.desk import accounts, passwords
from bot.desk.audit import COMMAND
from tests.bot.conftest import client, knowledge, meet, options, rasa, resident, rows, start  # noqa: F401

PASSWORD = "correct-horse-7"
_HASH = passwords.hashed(PASSWORD)


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, reads the token from pages."""

    client: TestClient[Any, Any]
    csrf: str = ""

    async def get(self, path: str, **given: Any) -> tuple[int, str]:
        async with self.client.get(path, allow_redirects=False, **given) as response:
            text = await response.text()
            found = re.search(r'name="csrf" value="([^"]+)"', text)
            self.csrf = found[1] if found else self.csrf
            return response.status, text

    async def post(self, path: str, csrf: str | None = None, **fields: Any) -> tuple[int, str]:
        data = {"csrf": self.csrf if csrf is None else csrf, **fields}
        async with self.client.post(path, data=data, allow_redirects=False) as response:
            return response.status, await response.text()

    async def log_in(self, name: str, password: str = PASSWORD) -> int:
        await self.get("/desk/login")
        status, _ = await self.post("/desk/login", name=name, password=password)
        await self.get("/desk/password")
        return status

    def cookie(self) -> str:
        return self.client.session.cookie_jar.filter_cookies(URL(str(self.client.make_url("/desk"))))[
            "yinfawen_desk"
        ].value


Enter = Callable[..., Awaitable[Browser]]


@pytest.fixture
def another(client: TestClient[Any, Any]) -> Callable[[], Browser]:  # noqa: F811
    """Browsers that share the service, not their cookies."""

    def make() -> Browser:
        return Browser(TestClient(client.server, cookie_jar=CookieJar(unsafe=True)))

    return make


@pytest.fixture
def enter(client: TestClient[Any, Any], another: Callable[[], Browser]) -> Enter:  # noqa: F811
    """Somebody with these roles logs in; an administrator is always there."""

    async def log_in(name: str, *roles: str) -> Browser:
        def work(connection: Any) -> None:
            known = {one.name for one in accounts.listed(connection)}
            for who, given in (("root", ("administrator",)), (name, roles)):
                if who in known:
                    continue
                known.add(who)
                accounts.add(connection, COMMAND, who, who, _HASH)
                accounts.set_password(connection, COMMAND, who, _HASH, must_change=False)
                for role in given:
                    accounts.grant(connection, COMMAND, who, role, "测试")

        await client.app[STORE].run(work)
        browser = another()
        assert await browser.log_in(name) == 303
        return browser

    return log_in
