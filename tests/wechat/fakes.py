"""WeChat's side for the tests: the platform that posts messages, and its interface that takes calls."""

from __future__ import annotations

import asyncio
import itertools
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

import aiohttp
from aiohttp import web
from wechatpy import parse_message
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from knowledge.records import Answer, Citation, Route, Status

TOKEN = "kC8fJ2mQ9wX4zT7bN1vL"
APP_ID = "wx2c2769f8efd9abc2"
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
OLD_AES_KEY = "GFEDCBA9876543210zyxwvutsrqponmlkjihgfedcba"
SECRET = "0123456789abcdef0123456789abcdef"
ACCOUNT = "gh_10f6c3c3ac5a"
OUT_OF_ORDER = "该公众号提供的服务出现故障，请稍后再试"


def sign(*parts: str) -> str:
    """By the peer's signer, not ours."""
    signer = WeChatSigner()
    signer.add_data(*parts)
    return str(signer.signature)


def xml_of(fields: dict[str, str]) -> str:
    root = ElementTree.Element("xml")
    for name, value in fields.items():
        ElementTree.SubElement(root, name).text = value
    return ElementTree.tostring(root, encoding="unicode")


@dataclass
class Delivered:
    """What came of one message: the text the resident sees (None: nothing), how often it was posted, the seconds in all
    and of the last try."""

    shown: str | None
    tries: int
    seconds: float
    last: float = 0.0


@dataclass
class Platform:
    """WeChat: signs, encrypts when it has a key, waits ``window`` seconds, tries three times on fresh connections.

    The connection of a try that timed out is dropped while the service still works on it, so retries meet the first try.
    """

    session: aiohttp.ClientSession
    url: str
    aes_key: str | None = AES_KEY
    window: float = 5.0
    late: list[float] = field(default_factory=list)

    async def send(self, fields: dict[str, str]) -> Delivered:
        """One message with its tries, to its end."""
        started = time.monotonic()
        for tries in (1, 2, 3):
            posted = time.monotonic()
            try:
                async with asyncio.timeout(self.window):
                    status, body = await self.post(fields)
            except TimeoutError:
                continue
            now = time.monotonic()
            self.late.append(now - posted)
            return Delivered(
                self.read(fields, body) if status == 200 else OUT_OF_ORDER, tries, now - started, now - posted
            )
        return Delivered(OUT_OF_ORDER, 3, time.monotonic() - started)

    async def post(self, fields: dict[str, str], **changed: str) -> tuple[int, str]:
        """One try; ``changed`` replaces parameters of the query."""
        query, body = self.envelope(xml_of(fields))
        async with self.session.post(self.url, params={**query, **changed}, data=body.encode()) as response:
            return response.status, await response.text()

    async def post_within(self, fields: dict[str, str], seconds: float) -> tuple[int, str] | None:
        """One try with this much patience; None when there was no reply."""
        try:
            async with asyncio.timeout(seconds):
                return await self.post(fields)
        except TimeoutError:
            return None

    def envelope(self, text: str, nonce: str | None = None) -> tuple[dict[str, str], str]:
        """Query and body of a post, as this account's mode has them."""
        timestamp, nonce = str(int(time.time())), nonce or secrets.token_hex(8)
        query = {"timestamp": timestamp, "nonce": nonce, "signature": sign(TOKEN, timestamp, nonce), "openid": "o"}
        if self.aes_key is None:
            return query, text
        sealed = WeChatCrypto(TOKEN, self.aes_key, APP_ID).encrypt_message(text, nonce, timestamp)
        encrypted = str(ElementTree.fromstring(sealed).findtext("Encrypt"))
        query |= {"encrypt_type": "aes", "msg_signature": sign(TOKEN, timestamp, nonce, encrypted)}
        return query, xml_of({"ToUserName": ACCOUNT, "Encrypt": encrypted})

    def read(self, fields: dict[str, str], body: str) -> str | None:
        """The text that the resident gets, or None; the notice of the platform when the reply is not as it must be."""
        if body in ("", "success"):
            return None
        try:
            reply = ElementTree.fromstring(self.opened(body))
        except Exception:
            return OUT_OF_ORDER
        contents = reply.findall("Content")
        good = (
            reply.findtext("ToUserName") == fields["FromUserName"]
            and reply.findtext("FromUserName") == fields["ToUserName"]
            and reply.findtext("MsgType") == "text"
            and len(contents) == 1
        )
        text = contents[0].text or "" if good else OUT_OF_ORDER
        return text if len(text.encode()) <= 2047 else OUT_OF_ORDER

    def opened(self, body: str) -> str:
        if self.aes_key is None:
            return body
        outer = ElementTree.fromstring(body)
        given = {name: str(outer.findtext(name)) for name in ("MsgSignature", "TimeStamp", "Nonce")}
        crypto = WeChatCrypto(TOKEN, self.aes_key, APP_ID)
        return str(crypto.decrypt_message(body, given["MsgSignature"], given["TimeStamp"], given["Nonce"]))


@dataclass
class Person:
    """Someone who follows the account; ``ids`` gives MsgIds and may give the same ones to several people."""

    openid: str = field(default_factory=lambda: "o" + secrets.token_urlsafe(20))
    ids: Any = field(default_factory=lambda: itertools.count(random.randrange(10**15, 10**16)))

    def message(self, kind: str, **more: str) -> dict[str, str]:
        fields = {"ToUserName": ACCOUNT, "FromUserName": self.openid, "CreateTime": str(int(time.time()))}
        fields |= {"MsgType": kind, **more}
        return fields if kind == "event" else {**fields, "MsgId": str(next(self.ids))}

    def text(self, content: str, **more: str) -> dict[str, str]:
        return self.message("text", Content=content, **more)

    def event(self, name: str, key: str = "") -> dict[str, str]:
        return self.message("event", Event=name, EventKey=key)


class FakeApi:
    """WeChat's interface: tokens that end, sends that can be refused, slow or lost; keeps what arrived."""

    def __init__(self) -> None:
        self.valid = ""
        self.issued = 0
        self.forced = 0
        self.expires_in: Any = 7200
        self.sent: list[dict[str, Any]] = []
        self.raw: list[bytes] = []
        self.menus: list[dict[str, Any]] = []
        self.errors: list[int] = []
        self.token_error = 0
        self.seconds = 0.0
        self.token_seconds = 0.0

    async def start(self) -> str:
        app = web.Application()
        app.router.add_post("/cgi-bin/stable_token", self._token)
        app.router.add_post("/cgi-bin/message/custom/send", self._send)
        app.router.add_post("/cgi-bin/menu/create", self._menu)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        await self._runner.cleanup()

    def texts(self, openid: str) -> list[str]:
        """Customer-service texts that reached this person."""
        return [sent["text"]["content"] for sent in self.sent if sent["touser"] == openid and "text" in sent]

    async def _token(self, request: web.Request) -> web.Response:
        asked = await request.json()
        await asyncio.sleep(self.token_seconds)
        assert set(asked) == {"grant_type", "appid", "secret", "force_refresh"}
        if self.token_error or asked["appid"] != APP_ID or asked["secret"] != SECRET:
            return web.json_response({"errcode": self.token_error or 40125, "errmsg": "invalid"})
        self.forced += asked["force_refresh"]
        if not self.valid or asked["force_refresh"]:
            self.issued += 1
            self.valid = f"token-{self.issued}-" + "x" * 490
        return web.json_response({"access_token": self.valid, "expires_in": self.expires_in})

    async def _send(self, request: web.Request) -> web.Response:
        body = await request.read()
        refused = self._refused(request)
        if refused is not None:
            return refused
        self.raw.append(body)
        self.sent.append(await request.json())
        await asyncio.sleep(self.seconds)
        return web.json_response({"errcode": 0, "errmsg": "ok"})

    async def _menu(self, request: web.Request) -> web.Response:
        menu = await request.json()
        refused = self._refused(request)
        if refused is None:
            self.menus.append(menu)
        return refused or web.json_response({"errcode": 0, "errmsg": "ok"})

    def _refused(self, request: web.Request) -> web.Response | None:
        if request.query.get("access_token") != self.valid:
            return web.json_response({"errcode": 40001, "errmsg": "invalid credential"})
        code = self.errors.pop(0) if self.errors else 0
        return web.json_response({"errcode": code, "errmsg": "no"}) if code else None


class EchoEngine:
    """A dialogue engine whose answer names its question, and that takes as long as it is told for each."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.seconds: Callable[[str], float] = lambda _: 0.0
        self.status = Status.ANSWERED
        self.small_talk = False
        self.follow_ups: tuple[str, ...] = ("讨工资需要什么证据", "老板跑了找谁", "仲裁要多久")
        self.port = 0

    async def start(self) -> None:
        app = web.Application()
        app.router.add_post("/webhooks/rest/webhook", self._turn)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        await self._runner.cleanup()

    async def _turn(self, request: web.Request) -> web.Response:
        text = (await request.json())["message"]
        self.asked.append(text)
        await asyncio.sleep(self.seconds(text))
        return web.json_response([{"recipient_id": "x", "custom": {"answer": self.answer(text).to_dict()}}])

    def answer(self, text: str) -> Answer:
        door = Route("hotline", "12348 热线", "12348", "tel:12348", "问法律", "渠道卡")
        if self.small_talk:
            return Answer(Status.ANSWERED, "thanks", f"答〔{text}〕完。", release="2026-01-01")
        quote = Citation("法律援助法", "第三十一条", "全国人大常委会", "2022-01-01", "请求支付劳动报酬", True)
        return Answer(
            self.status, "answered", f"答〔{text}〕完。", (quote,), (door,), self.follow_ups, "2026-01-01", "欠薪"
        )


def peer_reads(text: str) -> Any:
    """Our reply as the peer reads a message."""
    return parse_message(text)
