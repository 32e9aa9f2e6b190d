"""Call-back requests, the call log and conversations: search, filter, export. Numbers stay masked until somebody asks."""

from __future__ import annotations

import asyncio
import io
from datetime import UTC, date, datetime
from typing import Any

from aiohttp import web
from openpyxl import Workbook
from sqlalchemy import Connection, or_, select, update

from bot.channels.web.access import STORE
from bot.conversations import callbacks as live
from bot.conversations.tables import callbacks, conversations, handovers, turns
from bot.desk import inbox
from bot.desk.accounts import AccountFault
from bot.desk.audit import audited
from bot.desk.html import moment, render, see
from bot.desk.sessions import Staff
from bot.desk.sheet import attachment, cell
from bot.desk.site import Page
from bot.desk.tables import calls
from knowledge.hours.answer import SHANGHAI

SHOWN, EXPORTED = 100, 10_000


async def show_callbacks(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/callbacks"""
    return await _callbacks(request, who)


async def unmask(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/callbacks/{id}/number: the whole number, once, and noted."""
    callback_id, requests = request.match_info["id"], live.current()
    query = select(callbacks.c.contact).where(callbacks.c.id == callback_id, callbacks.c.done_at.is_(None))

    def work(connection: Connection) -> str | None:
        contact = connection.execute(query).scalar()
        if contact is not None:
            audited(connection, who.name, "callback.unmask", f"callback:{callback_id}")
        return contact

    contact = await request.app[STORE].run(work)
    number = requests.opened(contact) if contact and requests is not None else None
    if number is None:
        raise AccountFault("这个号码看不到了：已经办完，或换过钥匙。")
    return await _callbacks(request, who, callback_id, number)


async def done(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/callbacks/{id}/done: called back; the number is wiped in the same transaction."""
    callback_id = request.match_info["id"]
    change = update(callbacks).where(callbacks.c.id == callback_id, callbacks.c.done_at.is_(None))

    def work(connection: Connection) -> None:
        if connection.execute(change.values(done_at=datetime.now(UTC), contact="")).rowcount == 0:
            raise AccountFault("已经有人办完了。")
        audited(connection, who.name, "callback.done", f"callback:{callback_id}")

    await request.app[STORE].run(work)
    return see("/desk/callbacks")


async def show_calls(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/calls?q=&since=&due=1"""
    query = _calls(request).limit(SHOWN)

    def work(connection: Connection) -> list[Any]:
        audited(connection, who.name, "call.read", "calls")
        return list(connection.execute(query))

    rows = await request.app[STORE].run(work)
    return render(request, "calls.html", who, rows=rows, wanted=request.query, today=_today())


async def export_calls(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/calls.xlsx with the same filters"""
    query = _calls(request).limit(EXPORTED)

    def work(connection: Connection) -> list[Any]:
        rows = list(connection.execute(query))
        audited(connection, who.name, "call.export", "calls", {"rows": len(rows)})
        return rows

    heads = ["时间", "坐席", "来电号码", "事项", "村（社区）", "说了什么", "结果", "回访日期"]
    table = [
        [
            moment(row.at),
            row.account,
            row.caller,
            row.matter,
            row.village,
            row.question,
            row.outcome,
            str(row.follow_up or ""),
        ]
        for row in await request.app[STORE].run(work)
    ]
    return attachment(await asyncio.to_thread(_sheet, "来电记录", heads, table), "calls.xlsx")


async def show_conversations(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/conversations?q=&channel=&state="""
    rows = await _found(request, who, SHOWN, "conversation.search")
    return render(
        request,
        "conversations.html",
        who,
        rows=rows,
        wanted=request.query,
        states=inbox.STATES,
    )


async def export_conversations(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/conversations.xlsx: for who may both export and read conversations."""
    if not who.may("conversations.read"):
        return render(request, "message.html", who, 403, title="没有权限", message="导出会话还要能看会话的角色。")
    rows = await _found(request, who, EXPORTED, "conversation.export")
    heads = ["会话", "渠道", "状态", "最后时间", "开头一句", "结果"]
    table = [
        [
            row.id,
            row.channel,
            inbox.STATES[row.state or "bot"],
            moment(row.last_turn_at),
            row.first or "",
            row.outcome or "",
        ]
        for row in rows
    ]
    return attachment(await asyncio.to_thread(_sheet, "会话", heads, table), "conversations.xlsx")


async def _found(request: web.Request, who: Staff, most: int, action: str) -> list[Any]:
    """Conversations that fit, the newest first; each row shows first words, so that is noted as a read of each."""
    given = {name: request.query.get(name, "").strip()[:64] for name in ("q", "channel", "state")}
    first = (
        select(turns.c.text)
        .where(turns.c.conversation_id == conversations.c.id, turns.c.text != "")
        .order_by(turns.c.number)
        .limit(1)
        .scalar_subquery()
    )
    query = (
        select(conversations.c.id, conversations.c.channel, conversations.c.last_turn_at, handovers.c.state)
        .add_columns(handovers.c.outcome, first.label("first"))
        .outerjoin(handovers, handovers.c.conversation_id == conversations.c.id)
        .order_by(conversations.c.last_turn_at.desc())
        .limit(most)
    )
    if given["q"]:
        said = turns.c.text.contains(given["q"], autoescape=True)
        query = query.where(select(turns.c.id).where(turns.c.conversation_id == conversations.c.id, said).exists())
    if given["channel"]:
        query = query.where(conversations.c.channel == given["channel"])
    if given["state"] == "bot":
        query = query.where(or_(handovers.c.state == "bot", handovers.c.state.is_(None)))
    elif given["state"]:
        query = query.where(handovers.c.state == given["state"])

    def work(connection: Connection) -> list[Any]:
        rows = list(connection.execute(query))
        # What was searched for may be somebody's name: only what was shown is noted.
        audited(connection, who.name, action, "conversations", {"conversations": [row.id for row in rows]})
        return rows

    return await request.app[STORE].run(work)


async def _callbacks(request: web.Request, who: Staff, shown: str = "", number: str = "") -> web.Response:
    query = select(callbacks).where(callbacks.c.done_at.is_(None)).order_by(callbacks.c.created_at)
    rows = await request.app[STORE].run(lambda connection: list(connection.execute(query)))
    offered = live.current() is not None
    return render(request, "callbacks.html", who, rows=rows, shown=shown, number=number, offered=offered)


def _calls(request: web.Request) -> Any:
    words, since = request.query.get("q", "").strip()[:64], request.query.get("since", "")
    query = select(calls).order_by(calls.c.at.desc())
    if words:
        columns = (calls.c.matter, calls.c.village, calls.c.question, calls.c.outcome, calls.c.account)
        query = query.where(or_(*(column.contains(words, autoescape=True) for column in columns)))
    if since:
        try:
            begin = datetime.combine(date.fromisoformat(since), datetime.min.time(), SHANGHAI)
        except ValueError:
            raise AccountFault("日期不对。") from None
        query = query.where(calls.c.at >= begin.astimezone(UTC))
    if request.query.get("due"):
        query = query.where(calls.c.follow_up <= _today())
    return query


def _sheet(title: str, heads: list[str], table: list[list[str]]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet(title)
    sheet.append(heads)
    for row in table:
        sheet.append([cell(value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _today() -> date:
    return datetime.now(SHANGHAI).date()


PAGES = (
    Page("GET", "/desk/callbacks", "callbacks.read", show_callbacks, nav="回电"),
    Page("POST", "/desk/callbacks/{id}/number", "callbacks.unmask", unmask),
    Page("POST", "/desk/callbacks/{id}/done", "callbacks.unmask", done),
    Page("GET", "/desk/calls", "calls.read", show_calls, nav="来电记录"),
    Page("GET", "/desk/calls.xlsx", "export", export_calls),
    Page("GET", "/desk/conversations", "conversations.read", show_conversations, nav="会话"),
    Page("GET", "/desk/conversations.xlsx", "export", export_conversations),
)
