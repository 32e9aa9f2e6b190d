"""The address under fire: whatever arrives, signed or not, gets a documented status, quickly, and nothing breaks inside.

``YINFAWEN_FUZZ=25000`` makes 25,000 inputs of each of the four kinds; without it there are few.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import random
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from aiohttp.test_utils import TestServer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.channels.wechat.crypto import Envelope, aes_key
from bot.conversations.migrate import migrate
from bot.service import make_app
from bot.settings import Settings
from knowledge import live
from tests.bot.fakes import SmallKnowledge
from tests.wechat.fakes import ACCOUNT, AES_KEY, APP_ID, TOKEN, sign

INPUTS = int(os.environ.get("YINFAWEN_FUZZ", "150"))
EXPECTED = {200, 400, 403, 413}
SLOW = 1.0  # seconds of computing, so that a busy machine does not count
GROWTH = 40  # MB
many = settings(
    max_examples=INPUTS, deadline=None, database=None, suppress_health_check=list(HealthCheck), print_blob=False
)
OURS = Envelope(aes_key(AES_KEY), APP_ID)
NAMES = (
    *("ToUserName", "FromUserName", "CreateTime", "MsgType", "Content", "MsgId", "Event", "EventKey", "Recognition"),
    *("bizmsgmenuid", "Label", "Location_X", "PicUrl", "MediaId", "Ticket", "Url", "x", "字", "ns:y"),
)
KINDS = ("text", "voice", "image", "video", "shortvideo", "location", "link", "file", "event", "TEXT", "其他", "")
EVENTS = ("subscribe", "unsubscribe", "CLICK", "VIEW", "SCAN", "LOCATION", "SUBSCRIBE", "")
WORDS = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["1", "２", "满意", "不满意：慢", "救命", "ask/x/1", "good/x", "]]>", "&#0;", "\u202e", "工" * 1200]
    ),
)


class Target:
    """The service in its own loop, plaintext and safe mode side by side, without a dialogue engine."""

    def __init__(self, folder: Path) -> None:
        self.loop = asyncio.new_event_loop()
        self.slowest, self.slowest_input, self.collecting = 0.0, b"", 0.0
        # hypothesis keeps all inputs of a test, so that collecting garbage takes a second or two once there are many.
        gc.callbacks.append(self._collects)
        self.servers = {key: self.loop.run_until_complete(self._start(folder, key)) for key in ("", AES_KEY)}
        self.session = self.loop.run_until_complete(self._session())

    async def _session(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession()

    async def _start(self, folder: Path, key: str) -> TestServer:
        options = Settings(
            _env_file=None,
            data_dir=folder / (key[:3] or "plain"),
            rasa_port=1,
            address_per_minute=0,
            wechat_token=TOKEN,
            wechat_app_id=APP_ID,
            wechat_aes_key=key,
            public_url="https://fa.example.org",
        )
        migrate(options.database)
        server = TestServer(make_app(options))  # not aiohttp's TestClient, which keeps every response
        await server.start_server()
        return server

    def _collects(self, phase: str, _: dict[str, int]) -> None:
        self.collecting += time.process_time() * (1 if phase == "stop" else -1)

    def close(self) -> None:
        gc.callbacks.remove(self._collects)
        self.loop.run_until_complete(self.session.close())
        for server in self.servers.values():
            self.loop.run_until_complete(server.close())
        self.loop.close()

    def send(self, key: str, method: str, query: dict[str, str], body: bytes = b"") -> None:
        """One request; a surprising status, a slow reply or a broken one is a failure."""
        started = time.process_time() - self.collecting
        status, said = self.loop.run_until_complete(self._send(key, method, query, body))
        took = time.process_time() - self.collecting - started
        if took > self.slowest:
            self.slowest, self.slowest_input = took, body
        assert status in EXPECTED, (status, query, body)
        assert status != 200 or said, (query, body)

    async def _send(self, key: str, method: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        url = self.servers[key].make_url("/wechat")
        async with self.session.request(method, url, params=query, data=body) as response:
            return response.status, await response.read()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    before, live._live = live._live, SmallKnowledge()  # type: ignore[assignment]
    made = Target(tmp_path_factory.mktemp("fuzz"))
    yield made
    made.close()
    live._live = before


@pytest.fixture(autouse=True)
def nothing_breaks(caplog: pytest.LogCaptureFixture, target: Target) -> Iterator[None]:
    """No error in the log, no slow reply."""
    caplog.set_level(logging.ERROR)
    target.slowest = 0.0
    yield
    assert [record.getMessage() for record in caplog.get_records("call")] == []
    print(f"slowest {target.slowest:.2f} s")
    assert target.slowest < SLOW, target.slowest_input


def signed(nonce: str = "", *more: str) -> dict[str, str]:
    timestamp, nonce = str(int(time.time())), nonce or secrets.token_hex(8)
    query = {"timestamp": timestamp, "nonce": nonce}
    return (
        query
        | ({"msg_signature": sign(TOKEN, timestamp, nonce, *more)} if more else {})
        | {"signature": sign(TOKEN, timestamp, nonce)}
    )


PARTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=40)


@many
@given(
    st.sampled_from(["GET", "POST"]),
    st.sampled_from(["", AES_KEY]),
    st.dictionaries(
        st.sampled_from(["signature", "msg_signature", "timestamp", "nonce", "echostr", "encrypt_type", "openid"]),
        st.one_of(PARTS, st.just(str(int(time.time()))), st.sampled_from(["aes", "raw", "0" * 40])),
    ),
    st.binary(max_size=300),
    st.booleans(),
)
def test_any_query(target: Target, method: str, key: str, query: dict[str, str], body: bytes, half: bool) -> None:
    target.send(key, method, {**signed(), **query} if half else query, body)


@many
@given(st.one_of(st.binary(max_size=2000), st.binary(max_size=200).map(lambda tail: b"<xml><Content>" + tail)))
def test_any_body_with_a_good_signature(target: Target, body: bytes) -> None:
    target.send("", "POST", signed(), body)


@many
@given(
    st.one_of(st.text(max_size=400), st.binary(min_size=1, max_size=12).map(lambda tail: f"{len(tail)}")), st.binary()
)
def test_any_envelope_with_a_good_signature(target: Target, encrypted: str, flip: bytes) -> None:
    if flip:  # a real envelope with some bytes of it changed
        real = bytearray(OURS.close(f"<xml><MsgType>text</MsgType>{encrypted}</xml>").encode())
        for place, value in enumerate(flip):
            real[(place * 37 + value) % len(real)] = b"ABCDabcd0123+/=="[value % 16]
        encrypted = real.decode()
    body = f"<xml><ToUserName>{ACCOUNT}</ToUserName><Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>"
    query = signed("", encrypted.strip()) | {"encrypt_type": "aes"}
    target.send(AES_KEY, "POST", query, body.encode("utf-8", "replace"))


@many
@given(
    st.sampled_from(["", AES_KEY]),
    st.lists(st.tuples(st.sampled_from(NAMES), WORDS), max_size=8),
    st.sampled_from(KINDS),
    st.sampled_from(EVENTS),
    st.integers(0, 50),
)
def test_any_message(
    target: Target, key: str, fields: list[tuple[str, str]], kind: str, event: str, person: int
) -> None:
    base = [("FromUserName", f"o{person}"), ("ToUserName", ACCOUNT), ("CreateTime", "1"), ("MsgType", kind)]
    mixed = [*fields[:2], *base, ("Event", event), *fields[2:]]
    text = "".join(f"<{name}><![CDATA[{value.replace(']]>', '')}]]></{name}>" for name, value in mixed)
    message = f"<xml>{text}</xml>"
    if not key:
        target.send(key, "POST", signed(), message.encode("utf-8", "replace"))
        return
    encrypted = OURS.close(message.encode("utf-8", "replace").decode())
    body = f"<xml><Encrypt>{encrypted}</Encrypt></xml>"
    target.send(key, "POST", signed("", encrypted) | {"encrypt_type": "aes"}, body.encode())


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


def test_memory_stays_as_it_is(target: Target) -> None:
    """Without hypothesis, which remembers every input itself."""
    chance = random.Random(7)

    def one() -> None:
        if chance.random() < 0.5:
            target.send("", "POST", signed(), chance.randbytes(chance.randrange(3000)))
        elif chance.random() < 0.5:
            sealed = OURS.close(chance.randbytes(200).hex())
            body = f"<xml><Encrypt>{sealed}</Encrypt></xml>".encode()
            target.send(AES_KEY, "POST", signed("", sealed) | {"encrypt_type": "aes"}, body)
        else:
            text = f"<Content>{chance.randbytes(100).hex()}</Content><MsgId>{chance.random()}</MsgId>"
            base = f"<FromUserName>o{chance.random()}</FromUserName><ToUserName>g</ToUserName>"
            body = f"<xml>{base}<CreateTime>1</CreateTime><MsgType>text</MsgType>{text}</xml>".encode()
            target.send("", "POST", signed(), body)

    for _ in range(500):
        one()
    before = resident_mb()
    for _ in range(INPUTS * 4):
        one()
    grown = resident_mb() - before
    print(f"{INPUTS * 4} inputs, memory {grown:+.1f} MB")
    assert grown < GROWTH
