"""The caller panel and the call log: answer cards while the operator types, one form to log the call."""

from __future__ import annotations

import asyncio
import re
import secrets
from datetime import UTC, date, datetime

from aiohttp import web
from sqlalchemy import Connection, insert

from bot.channels.web.access import STORE
from bot.conversations.privacy import mask
from bot.desk.accounts import AccountFault
from bot.desk.audit import audited
from bot.desk.html import render, see
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.desk.tables import calls
from knowledge import live
from knowledge.normalise import for_display

MAX_TYPED = 500
_PHONE = re.compile(r"[0-9]{7,15}")


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/caller"""
    return render(request, "caller.html", who, saved="saved" in request.query)


async def cards(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/caller/cards: what knowledge says to what was typed; nothing of it is kept. POST keeps it out of logs."""
    form = await request.post()
    typed = mask(for_display(str(form.get("text", "")))[:MAX_TYPED]).text
    village = for_display(str(form.get("village", "")))[:64]
    if len(typed) < 2:
        return render(request, "cards.html", who, answer=None, similar=[], advisor=None)
    knowledge = live.knowledge()

    def look() -> tuple[object, list[str], object]:
        answer = knowledge.answer(typed)
        similar = [*answer.follow_ups, *(text for text in knowledge.suggest(typed) if text not in answer.follow_ups)]
        advisor = knowledge.advisor_answers.answer(knowledge.places.find(village, expected=True)) if village else None
        return answer, similar[:6], advisor

    answer, similar, advisor = await asyncio.to_thread(look)
    return render(request, "cards.html", who, answer=answer, similar=similar, advisor=advisor)


async def log_call(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/calls: numbers are hidden before anything is stored; of the caller's only its ends are kept."""
    form = await request.post()

    def field(name: str, most: int) -> str:
        return mask(for_display(str(form.get(name, "")))).text[:most].strip()

    row = {
        "id": secrets.token_urlsafe(12),
        "at": datetime.now(UTC),
        "account": who.name,
        "caller": masked_caller(str(form.get("caller", ""))),
        "question": field("text", MAX_TYPED),
        "matter": field("matter", 64),
        "village": field("village", 64),
        "outcome": field("outcome", MAX_TYPED),
        "follow_up": _day(str(form.get("follow_up", ""))),
    }
    if not row["matter"] or not row["outcome"]:
        raise AccountFault("要写事项和结果。")

    def work(connection: Connection) -> None:
        connection.execute(insert(calls).values(**row))
        audited(connection, who.name, "call.log", f"call:{row['id']}")

    await request.app[STORE].run(work)
    return see("/desk/caller?saved")


def masked_caller(text: str) -> str:
    """``0372-5139017`` → ``037****9017``; what is no telephone number is not kept at all."""
    digits = re.sub(r"[^0-9]", "", text)
    return f"{digits[:3]}****{digits[-4:]}" if _PHONE.fullmatch(digits) else ""


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise AccountFault("回访日期不对。") from None


PAGES = (
    Page("GET", "/desk/caller", "calls.write", show, nav="来电"),
    Page("POST", "/desk/caller/cards", "calls.write", cards),
    Page("POST", "/desk/calls", "calls.write", log_call),
)
