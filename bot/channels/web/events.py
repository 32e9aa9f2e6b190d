"""News of a conversation over HTTP: server-sent events, or one long poll where a stream does not get through."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from bot.channels.web.access import SETTINGS, STORE, TURNS, authorised, json_reply
from bot.channels.web.form import turn_json
from bot.channels.web.limits import address
from bot.channels.web.problems import Problem
from bot.conversations.events import TooManyListeners, event_id, moment_of
from bot.conversations.feedback import verdicts
from bot.conversations.store import UnknownConversation

HEARTBEAT = 15.0
LONGEST_WAIT = 25
RETRY_MS = 3000


async def listen(request: web.Request) -> web.StreamResponse:
    """GET /api/v1/conversations/{conversation_id}/events: what happened after Last-Event-ID, then what happens."""
    conversation_id = await authorised(request)
    bell = request.app[TURNS].bell
    try:
        with bell.listen(conversation_id, address(request, request.app[SETTINGS].trusted_proxy)) as news:
            if "text/event-stream" in request.headers.get("Accept", ""):
                return await _stream(request, conversation_id, news)
            return await _poll(request, conversation_id, news)
    except TooManyListeners as error:
        raise Problem("too-many", headers={"Retry-After": "30"}) from error


async def _stream(request: web.Request, conversation_id: str, news: asyncio.Event) -> web.StreamResponse:
    """Ends when the listener leaves, the conversation is erased or the service stops."""
    response = web.StreamResponse(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    response.content_type = "text/event-stream"
    response.charset = "utf-8"
    await response.prepare(request)
    # A listener that went away shows when we write to it, at the next heartbeat at the latest.
    with contextlib.suppress(ConnectionResetError):
        await response.write(f"retry: {RETRY_MS}\n\n".encode())
        async for event in _events(request, conversation_id, news):
            await response.write(_block(event) if event else b": \n\n")
    return response


async def _events(
    request: web.Request, conversation_id: str, news: asyncio.Event
) -> AsyncIterator[dict[str, Any] | None]:
    """Events as they come; None when a heartbeat is due."""
    last, bell = request.headers.get("Last-Event-ID", ""), request.app[TURNS].bell
    while not bell.closed:
        news.clear()
        found = await _after(request, conversation_id, last)
        for event in found:
            last = event["id"] or last
            yield event
        if found and found[-1]["event"] == "erased":
            return
        try:
            async with asyncio.timeout(HEARTBEAT):
                await news.wait()
        except TimeoutError:
            yield None


async def _poll(request: web.Request, conversation_id: str, news: asyncio.Event) -> web.Response:
    """What happened since, at once; else the first that happens within the ``wait`` seconds, else nothing."""
    wait = request.query.get("wait", str(LONGEST_WAIT))
    if not (wait.isascii() and wait.isdigit() and len(wait) <= 3 and int(wait) <= LONGEST_WAIT):
        raise Problem("invalid", "wait")
    last = request.headers.get("Last-Event-ID", "")
    found = await _after(request, conversation_id, last)
    if not found and not request.app[TURNS].bell.closed:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(int(wait)):
                await news.wait()
        found = await _after(request, conversation_id, last)
    return json_reply({"events": found})


async def _after(request: web.Request, conversation_id: str, last: str) -> list[dict[str, Any]]:
    store = request.app[STORE]
    try:
        turns = await store.answered_after(conversation_id, moment_of(last))
    except UnknownConversation:
        return [{"id": "", "event": "erased", "turn": None}]
    given = await verdicts(store, [turn.id for turn in turns]) if turns else {}
    return [
        {"id": event_id(turn.answered_at), "event": "turn", "turn": turn_json(turn, given.get(turn.id))}
        for turn in turns
        if turn.answered_at is not None
    ]


def _block(event: dict[str, Any]) -> bytes:
    """One event as the stream carries it; JSON has no line breaks of its own."""
    number = f"id: {event['id']}\n" if event["id"] else ""
    return f"{number}event: {event['event']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode()
