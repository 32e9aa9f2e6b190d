"""deploy/nginx.conf in a real nginx before a real service: limits are polite, streams flow, nothing is lost on the way."""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import socket
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from http.client import HTTPSConnection
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from aiohttp import web
from yarl import URL

from bot.channels.web.access import STORE, TURNS
from bot.channels.web.sites import SECURITY_HEADERS
from bot.conversations.news import DESK
from bot.desk import accounts, passwords
from bot.desk.audit import COMMAND
from tests.desk.conftest import PASSWORD, Browser
from tests.faults.nginx import Nginx

Start = Callable[..., Awaitable[Any]]
HOST = {"Host": "fa.example.org"}
_HASH = passwords.hashed(PASSWORD)
ANYBODY = ssl._create_unverified_context()


class Site:
    """The site as residents at some address of loopback reach it."""

    def __init__(self, nginx: Nginx, app: web.Application | None = None) -> None:
        self.app, self.nginx, self.url = app, nginx, f"https://127.0.0.1:{nginx.port}"
        self._sessions: dict[str, aiohttp.ClientSession] = {}

    def at(self, address: str = "127.0.0.1") -> aiohttp.ClientSession:
        """Requests from there."""
        if address not in self._sessions:
            connector = aiohttp.TCPConnector(limit=0, ssl=ANYBODY, local_addr=(address, 0))
            self._sessions[address] = aiohttp.ClientSession(self.url, connector=connector, headers=HOST)
        return self._sessions[address]

    async def meet(self, address: str = "127.0.0.1") -> tuple[str, dict[str, str]]:
        """A new conversation: its path and the headers to use it."""
        async with self.at(address).post("/api/v1/conversations") as response:
            assert response.status == 201
            opened = await response.json()
        return f"/api/v1/conversations/{opened['conversation_id']}", {"Authorization": f"Bearer {opened['token']}"}

    async def close(self) -> None:
        for session in self._sessions.values():
            await session.close()


@pytest_asyncio.fixture
async def site(start: Start, folder: Path) -> AsyncIterator[Site]:
    client = await start(trusted_proxy=True, public_url="https://fa.example.org", conversations_per_minute=200)
    nginx = Nginx(folder, [client.port])
    checked = nginx.check()
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    nginx.start()
    made = Site(nginx, client.app)
    yield made
    await made.close()
    nginx.stop()


async def test_everything_leads_to_https(site: Site) -> None:
    url = f"http://127.0.0.1:{site.nginx.plain_port}/ask?x=1"
    async with site.at().get(url, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (301, "https://fa.example.org/ask?x=1")


@pytest.mark.parametrize("path", ["/", "/desk/login", "/api/v1/openapi.json", "/nowhere"])
async def test_the_services_headers_come_through(site: Site, path: str) -> None:
    async with site.at().get(path) as response:
        found = response.headers
    assert {name: found[name] for name in SECURITY_HEADERS if name != "Content-Security-Policy"} == {
        name: value for name, value in SECURITY_HEADERS.items() if name != "Content-Security-Policy"
    }
    assert "default-src 'none'" in found["Content-Security-Policy"]
    assert found["Strict-Transport-Security"] == "max-age=31536000"
    assert found.getall("Server") == ["nginx"], "no version"


def assert_polite(status: int, headers: Any, body: str, path: str) -> None:
    """Whoever is refused by nginx itself reads Chinese in the form asked for, with the hotlines and when to come back."""
    assert int(headers["Retry-After"]) > 0
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Strict-Transport-Security"] == "max-age=31536000"
    assert headers["Cache-Control"] == "no-store"
    if path.startswith("/api/"):
        assert headers["Content-Type"] == "application/problem+json"
        assert headers["Access-Control-Allow-Origin"] == "*", "the widget on another site may read it"
        problem = json.loads(body)
        assert problem["status"] == status
        said = problem["detail"]
    else:
        assert headers["Content-Type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert 'href="tel:12348"' in body
        said = body
    assert "12348" in said
    assert "110" in said


@pytest.mark.parametrize("path", ["/healthz", "/api/v1/suggestions?q=" + "%E5%B7%A5"])
async def test_too_many_requests_of_one_address_are_refused_politely(site: Site, path: str) -> None:
    async def get(address: str) -> tuple[int, Any, str]:
        async with site.at(address).get(path) as response:
            return response.status, response.headers, await response.text()

    got = await asyncio.gather(*(get("127.0.0.1") for _ in range(200)))
    refused = [one for one in got if one[0] != 200]
    assert {one[0] for one in refused} == {429}
    assert 20 <= len(refused) <= 140, "the burst of 60 passes"
    for one in refused:
        assert_polite(*one, path)
    assert (await get("127.0.0.2"))[0] == 200, "others do not notice"
    await asyncio.sleep(0.5)
    assert (await get("127.0.0.1"))[0] == 200, "by itself"


async def test_what_residents_claim_as_their_address_counts_for_nothing(site: Site) -> None:
    seen = set()
    for number in range(210):
        claimed = {"X-Forwarded-For": f"10.0.0.{number}"}
        async with site.at().post("/api/v1/conversations", headers=claimed) as response:
            problem = await response.json(content_type=None)
            seen.add((response.status, problem.get("type")))
        await asyncio.sleep(0.045)  # below nginx's limit: the service's own is meant
    assert (429, "/problems/too-many") in seen, "the service counts whom nginx saw"


def send_length(site: Site, path: str, size: int, body: bytes = b"") -> tuple[int, Any, str]:
    """A POST that announces ``size`` bytes; nginx refuses by the number alone."""
    connection = HTTPSConnection("127.0.0.1", site.nginx.port, context=ANYBODY, timeout=20)
    try:
        connection.putrequest("POST", path, skip_host=True)
        for name, value in {**HOST, "Content-Length": str(size), "Content-Type": "application/json"}.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        response = connection.getresponse()
        return response.status, response.headers, response.read().decode()
    finally:
        connection.close()


KB, MB = 1024, 1024 * 1024


async def test_bodies_have_their_limits(site: Site) -> None:
    path, headers = await site.meet()
    for refused, size in (
        (f"{path}/turns", 64 * KB + 1),
        ("/ask", 64 * KB + 1),
        ("/wechat", 64 * KB + 1),
        ("/desk/login", 64 * KB + 1),
        ("/desk/knowledge/entries/guide/wages", 2 * MB + 1),
        ("/desk/package", 64 * MB + 1),
        ("/desk/knowledge/upload", 64 * MB + 1),
    ):
        status, found, body = await asyncio.to_thread(send_length, site, refused, size)
        assert status == 413, refused
        assert_polite(status, found, body, refused)
    text = "工资" * 10_000  # within nginx's limit; the service says how many characters it reads
    sent = json.dumps({"text": text, "client_turn_id": "t1"}, ensure_ascii=False).encode()
    assert len(sent) < 64 * KB
    given = {**headers, "Content-Type": "application/json"}
    async with site.at().post(f"{path}/turns", data=sent, headers=given) as response:
        assert (response.status, (await response.json(content_type=None))["type"]) == (413, "/problems/too-large")
    for page in ("/desk/package", "/desk/knowledge/upload", "/desk/knowledge/questions"):
        status, _, body = await asyncio.to_thread(send_length, site, page, MB, b"x" * MB)
        assert status not in (413, 429, 502, 503), page
        assert "没有办成" not in body, "it came through to the service, which knows nobody by that name"


async def test_a_stream_is_not_held_back(site: Site) -> None:
    path, headers = await site.meet()
    accept = {**headers, "Accept": "text/event-stream", "Accept-Encoding": "gzip"}
    async with site.at().get(f"{path}/events", headers=accept) as stream:
        assert stream.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        assert stream.headers["X-Content-Type-Options"] == "nosniff"
        async with asyncio.timeout(1):
            assert await stream.content.readline() == b"retry: 3000\n"
        for number in range(3):
            said = {"text": f"工资拖着不给{number}", "client_turn_id": f"t{number}"}
            async with site.at().post(f"{path}/turns", json=said, headers=headers) as response:
                assert response.status == 200
            answered = time.monotonic()
            async with asyncio.timeout(5):
                while f"工资拖着不给{number}" not in (await stream.content.readline()).decode():
                    pass
            assert time.monotonic() - answered < 0.5


async def test_many_open_streams_of_one_address_leave_it_room_to_ask(site: Site) -> None:
    met, open_ones, refused = [], [], []
    for number in range(36):
        met.append(await site.meet(f"127.0.0.{2 + number // 12}"))  # not faster from one address than nginx allows
    for number in range(210):
        path, headers = met[number % 36]
        accept = {**headers, "Accept": "text/event-stream"}
        response = await site.at().get(f"{path}/events", headers=accept)
        (open_ones if response.status == 200 else refused).append(response)
        await asyncio.sleep(0.04)
    try:
        assert len(open_ones) == 200
        assert {response.status for response in refused} == {429}
        for response in refused:
            assert_polite(response.status, response.headers, await response.text(), "/api/")
        path, headers = met[0]
        said = {"text": "工资拖着不给", "client_turn_id": "t1"}
        async with site.at().post(f"{path}/turns", json=said, headers=headers) as answered:
            assert answered.status == 200
    finally:
        for response in open_ones:
            response.close()


async def test_the_desks_live_inbox_comes_through(site: Site) -> None:
    def work(connection: Any) -> None:
        accounts.add(connection, COMMAND, "wang", "wang", _HASH)
        accounts.set_password(connection, COMMAND, "wang", _HASH, must_change=False)
        accounts.grant(connection, COMMAND, "wang", "operator", "测试")

    await site.app[STORE].run(work)
    jar = aiohttp.CookieJar(unsafe=True, treat_as_secure_origin=[URL(site.url)])
    connector = aiohttp.TCPConnector(ssl=ANYBODY)
    async with aiohttp.ClientSession(site.url, connector=connector, cookie_jar=jar, headers=HOST) as session:
        assert await Browser(session).log_in("wang") == 303
        async with session.ws_connect("/desk/live", headers={"Origin": "https://fa.example.org"}) as socket:
            await asyncio.sleep(0.2)
            site.app[TURNS].desk.ring(DESK)
            assert await socket.receive_str(timeout=5) == "changed"


async def test_when_nothing_answers_there_are_still_the_hotlines(start: Start, folder: Path) -> None:
    client = await start()
    nginx = Nginx(folder, [client.port])
    await client.close()
    nginx.start()
    site = Site(nginx, client.app)
    try:
        for path in ("/", "/api/v1/suggestions?q=1"):
            async with site.at().get(path) as response:
                assert response.status == 503
                assert_polite(503, response.headers, await response.text(), path)
    finally:
        await site.close()
        nginx.stop()


def raw(site: Site, sent: bytes, *, tls: bool = True, plain_port: bool = False) -> tuple[int, dict[str, str], str]:
    """What comes back to these very bytes: status, headers, body."""
    port = site.nginx.plain_port if plain_port else site.nginx.port
    with socket.create_connection(("127.0.0.1", port), timeout=10) as plain:
        connection: socket.socket = ANYBODY.wrap_socket(plain) if tls else plain
        connection.sendall(sent)
        got = b""
        with contextlib.suppress(ssl.SSLError, ConnectionResetError):
            while more := connection.recv(65536):
                got += more
        if tls:
            connection.close()
    head, _, body = got.decode().partition("\r\n\r\n")
    first, *lines = head.split("\r\n")
    return int(first.split()[1]), {name: value for name, _, value in (line.partition(": ") for line in lines)}, body


_HOST = b"\r\nHost: fa.example.org\r\n"


UNREADABLE = [
    (b"GET /" + b"a" * 9000 + b" HTTP/1.1" + _HOST, 414, "网址太长"),
    (b"GET /api/v1/suggestions?q=" + b"a" * 9000 + b" HTTP/1.1" + _HOST, 414, "网址太长"),
    (b"GET / HTTP/1.1" + _HOST + b"Cookie: " + b"a" * 9000, 400, "浏览器带来的东西太多"),
    (b"GET / HTTP/1.1", 400, "没有看懂"),  # without a Host
    (b"GET / HTTP/1.1" + _HOST + b"Host: other", 400, "没有看懂"),
    (b"GET /%zz HTTP/1.1" + _HOST, 400, "没有看懂"),
    (b"\x00\x01GET", 400, "没有看懂"),
    (b"GET / HTTP/9.9" + _HOST, 505, "没有看懂"),
    (b"TRACE / HTTP/1.1" + _HOST, 405, "没有看懂"),
    (b"POST /ask HTTP/1.1" + _HOST + b"Transfer-Encoding: gzip", 501, "没有看懂"),
]


async def test_what_nginx_cannot_read_is_refused_in_chinese_with_the_hotlines(site: Site) -> None:
    for sent, status, word in UNREADABLE:
        for plain in (False, True):
            got, headers, body = await asyncio.to_thread(raw, site, sent + b"\r\n\r\n", tls=not plain, plain_port=plain)
            assert got == status, sent[:60]
            assert headers["Server"] == "nginx", "no version"
            assert headers["Content-Type"] == "text/html; charset=utf-8"
            assert word in body
            assert 'href="tel:12348"' in body
            assert 'href="tel:110"' in body
            assert not re.search(r"Bad Request|nginx|Too Large", body)
            if not plain:
                assert_polite(got, headers, body, "/")
    async with site.at().get("/yinfawen-unread") as response:
        assert response.status == 404, "no page of its own"


async def test_plain_http_at_the_port_for_https_leads_there(site: Site) -> None:
    got, headers, _ = await asyncio.to_thread(raw, site, b"GET /ask?x=1 HTTP/1.1" + _HOST + b"\r\n", tls=False)
    assert (got, headers["Location"]) == (301, "https://fa.example.org/ask?x=1")
