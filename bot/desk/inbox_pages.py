"""The inbox and a conversation: take over, answer, note, hand back, transfer, close."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Any

from aiohttp import web
from sqlalchemy import Connection

from bot.channels.web.access import STORE, TURNS
from bot.channels.wechat.staff import STAFF_LINE, Unreachable
from bot.conversations import handover
from bot.conversations.duty import on_duty
from bot.conversations.privacy import mask
from bot.conversations.turns import DESK
from bot.desk import inbox
from bot.desk.accounts import AccountFault, listed
from bot.desk.audit import audited, noted_lately
from bot.desk.html import render, see
from bot.desk.live import LOOKING, live
from bot.desk.sessions import Staff
from bot.desk.site import Page
from knowledge import live as knowledge
from knowledge.normalise import for_display

log = logging.getLogger(__name__)

MAX_TEXT = 600  # 1,800 bytes: WeChat takes 2,048


async def show_inbox(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/inbox"""
    rows, there = await request.app[STORE].run(lambda connection: (_noted(connection, who), on_duty(connection)))
    # htmx asks for the list alone.
    template = "inbox_list.html" if request.headers.get("HX-Request") else "inbox.html"
    return render(
        request,
        template,
        who,
        rows=rows,
        on_duty=there,
        reasons=inbox.REASONS,
        minutes=inbox.minutes,
        looking=request.app[LOOKING],
    )


async def show_conversation(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/conversations/{id}"""
    return await _conversation(request, who)


async def suggest(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/conversations/{id}/suggestion: what knowledge says to the resident's last words, to edit and send."""
    thread = await _thread(request, who)
    asked = next((turn.text for turn in reversed(thread.turns) if turn.text), "")
    answer = await asyncio.to_thread(knowledge.knowledge().answer, asked) if asked else None
    return render(request, "suggestion.html", who, answer=answer, asked=asked, thread=thread)


async def take(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/conversations/{id}/take"""
    return await _change(request, who, "conversation.take", lambda c, id, words: handover.take(c, id, who.id, words))


async def send(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/conversations/{id}/messages: on WeChat it counts as said once WeChat took it."""
    conversation_id, text = request.match_info["id"], await _text(request, "text")
    line = request.app.get(STAFF_LINE)

    def reserved(connection: Connection) -> str | None:
        handover.check_owner(connection, conversation_id, who.id)
        return (
            line.reserve(connection, conversation_id) if line and inbox.on_wechat(connection, conversation_id) else None
        )

    try:
        openid = await request.app[STORE].run(reserved)
        if line is not None and openid is not None:
            await line.send(openid, text)
    except (handover.Taken, Unreachable) as fault:
        return render(request, "message.html", who, 409, title="没有发出去", message=str(fault))
    return await _change(
        request, who, "conversation.answer", lambda c, id, words: handover.say(c, id, who.id, text, words), told=False
    )


async def note(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/conversations/{id}/notes"""
    conversation_id, text = request.match_info["id"], await _kept(request, "text")
    await _thread(request, who)
    await request.app[STORE].run(lambda connection: inbox.add_note(connection, who, conversation_id, text))
    return see(f"/desk/conversations/{conversation_id}")


async def give_back(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/conversations/{id}/back"""
    return await _change(
        request, who, "conversation.back", lambda c, id, words: handover.give_back(c, id, who.id, words)
    )


async def close(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/conversations/{id}/close"""
    outcome = await _kept(request, "outcome")
    return await _change(
        request, who, "conversation.close", lambda c, id, words: handover.close(c, id, who.id, outcome, words)
    )


async def dismiss(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/conversations/{id}/dismiss: nobody needs to take it over; the resident is not bothered."""
    outcome = await _kept(request, "outcome")
    return await _change(
        request, who, "conversation.dismiss", lambda c, id, words: handover.dismiss(c, id, outcome), told=False
    )


async def transfer(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/conversations/{id}/transfer: to somebody who may answer."""
    to = await _text(request, "to")

    def work(connection: Connection, conversation_id: str, words: handover.Words) -> str:
        if to not in {one.id for one in _colleagues(connection, who)}:
            raise handover.Taken("这位同事不能接会话。")
        return handover.transfer(connection, conversation_id, who.id, to, words)

    return await _change(request, who, "conversation.transfer", work)


def _noted(connection: Connection, who: Staff) -> list[Any]:
    """The inbox shows each one's last words: that is a read too."""
    rows = inbox.waiting(connection)
    details = {"conversations": [row.conversation_id for row in rows]}
    # An open inbox renews itself: noted again when it shows others, and every ten minutes.
    if rows and noted_lately(connection, who.name, "inbox.read", "inbox") != details:
        audited(connection, who.name, "inbox.read", "inbox", details)
    return rows


def _colleagues(connection: Connection, who: Staff) -> list[Any]:
    return [
        one
        for one in listed(connection)
        if one.id != who.id and one.disabled_at is None and "conversations.answer" in one.permissions
    ]


async def _change(
    request: web.Request,
    who: Staff,
    action: str,
    work: Callable[[Connection, str, handover.Words], str | None],
    told: bool = True,
) -> web.Response:
    """One change with its audit row; the resident and the desk hear of it at once. ``work`` returns what WeChat is told."""
    conversation_id, words = request.match_info["id"], knowledge.knowledge().status
    line = request.app.get(STAFF_LINE)

    def both(connection: Connection) -> tuple[str | None, str]:
        openid = None
        if line is not None and told and inbox.on_wechat(connection, conversation_id):
            with contextlib.suppress(Unreachable):  # the desk shows it; what was decided stands all the same
                openid = line.reserve(connection, conversation_id)
        text = work(connection, conversation_id, words) or ""
        audited(connection, who.name, action, f"conversation:{conversation_id}")
        return openid, text

    try:
        openid, text = await request.app[STORE].run(both)
    except handover.Taken as fault:
        return render(request, "message.html", who, 409, title="没有做成", message=str(fault))
    if line is not None and openid is not None:
        try:
            await line.send(openid, text)
        except Unreachable:
            log.warning("a resident on WeChat was not told of %s", action)
    request.app[TURNS].bell.ring(conversation_id)
    request.app[TURNS].desk.ring(DESK)
    return see(f"/desk/conversations/{conversation_id}")


async def _thread(request: web.Request, who: Staff) -> inbox.Thread:
    conversation_id, renewed = request.match_info["id"], "HX-Request" in request.headers
    thread = await request.app[STORE].run(lambda connection: inbox.read(connection, who, conversation_id, renewed))
    if thread is None:
        raise AccountFault("没有这个会话，可能已经删除。")
    return thread


async def _conversation(request: web.Request, who: Staff) -> web.Response:
    thread = await _thread(request, who)
    line = request.app.get(STAFF_LINE) if thread.channel == "wechat" else None
    replies, colleagues, room = await request.app[STORE].run(
        lambda connection: (
            inbox.replies(connection),
            _colleagues(connection, who),
            line.room(connection, thread.id) if line is not None else None,
        )
    )
    alone = request.headers.get("HX-Request")
    return render(
        request,
        "thread.html" if alone else "conversation.html",
        who,
        thread=thread,
        mine=thread.state == handover.STAFF and thread.owner_id == who.id,
        replies=replies,
        room=room,
        colleagues=colleagues,
        reasons=inbox.REASONS,
        states=inbox.STATES,
        looking=request.app[LOOKING].get(thread.id, {}),
        max_text=MAX_TEXT,
    )


async def _text(request: web.Request, name: str) -> str:
    text = for_display(str((await request.post()).get(name, "")))[:MAX_TEXT]
    if not text:
        raise AccountFault("没有写内容。")
    return text


async def _kept(request: web.Request, name: str) -> str:
    """For staff only, like the call log: personal numbers are hidden. A message to a resident may give an advisor's number."""
    return mask(await _text(request, name)).text


_ONE = "/desk/conversations/{id}"
PAGES = (
    Page("GET", "/desk/inbox", "conversations.read", show_inbox, nav="收件箱"),
    Page("GET", "/desk/live", "conversations.read", live),
    Page("GET", _ONE, "conversations.read", show_conversation),
    Page("GET", f"{_ONE}/suggestion", "conversations.answer", suggest),
    Page("POST", f"{_ONE}/take", "conversations.answer", take),
    Page("POST", f"{_ONE}/messages", "conversations.answer", send),
    Page("POST", f"{_ONE}/notes", "conversations.answer", note),
    Page("POST", f"{_ONE}/back", "conversations.answer", give_back),
    Page("POST", f"{_ONE}/close", "conversations.answer", close),
    Page("POST", f"{_ONE}/dismiss", "conversations.answer", dismiss),
    Page("POST", f"{_ONE}/transfer", "conversations.answer", transfer),
)
