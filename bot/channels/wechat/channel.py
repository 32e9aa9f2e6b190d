"""The account's address: what WeChat may call, checked, and the parts of the channel put together."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
import time
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.channels.web import api
from bot.channels.wechat import page
from bot.channels.wechat.after import After
from bot.channels.wechat.client import WeChatApi
from bot.channels.wechat.crypto import BAD_SIGNATURE, CryptoFault, Envelope, aes_key, is_signed, open_with
from bot.channels.wechat.identity import Identity
from bot.channels.wechat.messages import BadMessage, Message, message, parse, sealed_reply, text_reply
from bot.channels.wechat.respond import Responder
from bot.channels.wechat.staff import STAFF_LINE, StaffLine
from bot.channels.wechat.store import NonceReused, WeChatStore
from bot.channels.wechat.texts import say
from bot.channels.wechat.window import Rules, Window
from bot.settings import Settings

log = logging.getLogger(__name__)

PATH = "/wechat"
CLOCKS_DIFFER = 300  # seconds
MAX_ECHO = 1024
ACKNOWLEDGED = "success"
PURGE_EVERY = 600.0

WINDOW = web.AppKey("wechat_window", Window)
IDENTITY = web.AppKey("wechat_identity", Identity)
ENVELOPES = web.AppKey("wechat_envelopes", tuple[Envelope, ...])

_TIMESTAMP = re.compile(r"[0-9]{1,12}")


def set_up(app: web.Application, settings: Settings) -> None:
    """Adds the channel to the service; without a token there is none, and its addresses do not exist."""
    if not settings.wechat_token:
        return
    app[IDENTITY] = Identity(settings.wechat_token, settings.wechat_app_id)
    keys = [key for key in (settings.wechat_aes_key, settings.wechat_aes_key_previous) if key]
    app[ENVELOPES] = tuple(Envelope(aes_key(key), settings.wechat_app_id) for key in keys)
    app.cleanup_ctx.append(_resources)
    app.router.add_get(PATH, verify, allow_head=False)
    app.router.add_post(PATH, receive)
    page.add_routes(app)


async def _resources(app: web.Application) -> AsyncIterator[None]:
    """Opened after the service's own resources and closed before them."""
    settings, conversations = app[api.SETTINGS], app[api.STORE]
    store = WeChatStore(conversations)
    rules = Rules(
        settings.wechat_reply_seconds,
        settings.wechat_certified,
        settings.wechat_msgmenu,
        settings.public_url,
        settings.wechat_page_days,
    )
    async with aiohttp.ClientSession() as session:
        client = WeChatApi(
            session, conversations, settings.wechat_api_url, settings.wechat_app_id, settings.wechat_secret
        )
        responder = Responder(app[api.TURNS], app[api.LIMITS], store, conversations)
        line = StaffLine(conversations, client, settings.wechat_secret, settings.wechat_certified)
        app[STAFF_LINE] = line
        window = Window(rules, app[IDENTITY], store, responder.respond, After(rules, client, line))
        app[WINDOW] = window
        purging = asyncio.create_task(_purge(store))
        yield
        await window.drain()
        purging.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await purging


async def _purge(store: WeChatStore) -> None:
    while True:
        try:
            await store.purge()
        except SQLAlchemyError:
            log.exception("old WeChat messages were not forgotten, trying again later")
        await asyncio.sleep(PURGE_EVERY)


async def verify(request: web.Request) -> web.Response:
    """GET /wechat: WeChat checks that the address is ours; the echo goes back as it came, and nothing else."""
    query, identity = request.query, request.app[IDENTITY]
    echo, timestamp, nonce = query.get("echostr", ""), query.get("timestamp", ""), query.get("nonce", "")
    if not echo or len(echo) > MAX_ECHO or not _in_time(timestamp):
        return _refused("address check")
    if not is_signed(query.get("signature", ""), identity.token, timestamp, nonce):
        return _refused("address check")
    return web.Response(text=echo, content_type="text/plain")


async def receive(request: web.Request) -> web.Response:
    """POST /wechat: a message or event; the reply, or ``success``."""
    started = time.monotonic()
    identity, query = request.app[IDENTITY], request.query
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    in_time = _in_time(timestamp)
    if not nonce or not (in_time or request.app[ENVELOPES]):
        return _refused("timestamp or nonce")
    body = await request.read()
    try:
        came, envelope = _opened(request, body)
    except (CryptoFault, BadMessage) as fault:
        return _refused(str(fault), 403 if isinstance(fault, CryptoFault) else 400)
    try:
        content = (
            await request.app[WINDOW].reply(came, identity.nonce(timestamp, nonce), started)
            if in_time
            else _clock_differs(came)
        )
    except NonceReused:
        return _refused("a nonce came with another message")
    if not content:
        return web.Response(text=ACKNOWLEDGED, content_type="text/plain")
    reply = text_reply(came, content)
    sealed = sealed_reply(reply, envelope, identity.token) if envelope else reply
    return web.Response(text=sealed, content_type="application/xml", charset="utf-8")


def _opened(request: web.Request, body: bytes) -> tuple[Message, Envelope | None]:
    """The message, and the envelope it came in; CryptoFault when it is not from WeChat, BadMessage when it is no message.

    Once a key is set nothing but safe mode is taken: in plaintext the signature does not cover the message.
    """
    query, envelopes = request.query, request.app[ENVELOPES]
    signed = (request.app[IDENTITY].token, query.get("timestamp", ""), query.get("nonce", ""))
    if query.get("encrypt_type", "") in ("", "raw"):
        if envelopes or not is_signed(query.get("signature", ""), *signed):
            raise CryptoFault(BAD_SIGNATURE, "plaintext although a key is set, or a wrong signature")
        return message(parse(body)), None
    encrypted = parse(body).get("Encrypt", "")
    # Never ``signature`` here: it does not cover the encrypted text.
    known = envelopes and query.get("encrypt_type") == "aes"
    if not known or not is_signed(query.get("msg_signature", ""), *signed, encrypted):
        raise CryptoFault(BAD_SIGNATURE, "safe mode without a key, or a wrong msg_signature")
    opened, envelope = open_with(envelopes, encrypted)
    return message(parse(opened)), envelope


def _in_time(timestamp: str) -> bool:
    return _TIMESTAMP.fullmatch(timestamp) is not None and abs(time.time() - int(timestamp)) <= CLOCKS_DIFFER


def _clock_differs(came: Message) -> str:
    """What is said to a sealed message of another time: it is overheard and repeated, or our clock is wrong.

    The same words for everybody: who repeats it learns nothing, nothing is stored, and who is in danger still gets the number.
    """
    log.error("a sealed message of WeChat is dated more than %d s from our clock: is it right?", CLOCKS_DIFFER)
    metrics.WECHAT_REPLIES.labels("clock").inc()
    return "" if came.kind == "event" else say("trouble")


def _refused(why: str, status: int = 403) -> web.Response:
    """Nobody learns from us what was wrong; the log keeps the reason and nothing of the content."""
    log.warning("a call to the WeChat address was refused: %s", why)
    metrics.WECHAT_REPLIES.labels("refused").inc()
    return web.Response(status=status)
