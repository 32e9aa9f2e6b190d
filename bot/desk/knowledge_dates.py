"""What runs out and what should be confirmed again; dates are changed by drafts that a second person agrees to."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import date
from functools import lru_cache
from urllib.parse import quote

from aiohttp import web
from sqlalchemy import Connection

from bot.desk.audit import audited
from bot.desk.html import COUNTS, render, see
from bot.desk.knowledge_site import KIND_NAMES, fields, run, told
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.editing import entries
from bot.editing.dates import CONFIRMED, LABELS, dates_of, hand_in, with_confirmed, with_dates
from bot.editing.people import Forbidden, may_edit
from knowledge import live
from knowledge.entries import overlaid
from knowledge.release import Release, ReleaseError
from knowledge.schema import ContentError
from knowledge.validity import Reminder, reminders, today

PATH = "/desk/knowledge/reminders"
WHY = {
    "over": "过期了，已经不用",
    "early": "还没到日子，先不用",
    "soon": "30 天内到期",
    "old": "超过一年没有核对",
}


def count() -> int:
    """How many reminders there are today; 0 as long as no knowledge is loaded."""
    try:
        release = getattr(live.knowledge(), "release", None)
    except ReleaseError:
        return 0
    return 0 if release is None else len(_reminders(_Same(release), today()))


class _Same:
    """A release by its id: releases never change."""

    def __init__(self, release: Release) -> None:
        self.release = release

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.release is self.release

    def __hash__(self) -> int:
        return hash(self.release.id)


@lru_cache(maxsize=1)
def _reminders(same: _Same, day: date) -> tuple[Reminder, ...]:
    return tuple(reminders(same.release.catalogue, day))


@told
async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/reminders"""
    states = (entries.DRAFT, entries.REVIEW, entries.APPROVED)
    under_way = await run(request, lambda connection: entries.in_state(connection, *states))
    rows = [(row, _may(who, row)) for row in _reminders(_Same(live.knowledge().release), today())]
    return render(
        request,
        "knowledge_reminders.html",
        who,
        rows=rows,
        why=WHY,
        kinds=KIND_NAMES,
        changing={(item.kind, item.key): item.id for item in under_way},
        states=entries.STATES,
    )


@told
async def confirm(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/confirm/{kind}/{key}: looked at today, nothing changed; a second person agrees."""
    kind, key = request.match_info["kind"], request.match_info["key"]
    may_edit(who, kind, key)
    catalogue = live.knowledge().release.catalogue
    entry = with_confirmed(catalogue, kind, key, today())
    await asyncio.to_thread(overlaid, catalogue, [entry])

    def work(connection: Connection) -> int:
        return hand_in(connection, who, entry, f"{today()} {CONFIRMED}", audited)

    await run(request, work)
    return see(PATH)


@told
async def edit(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/dates/{kind}/{key}"""
    return _form(request, who)


@told
async def save(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/dates/{kind}/{key}: a draft, handed in; faults are shown above what was typed."""
    kind, key, given = request.match_info["kind"], request.match_info["key"], await fields(request)
    may_edit(who, kind, key)
    catalogue = live.knowledge().release.catalogue
    try:
        entry = with_dates(catalogue, kind, key, given)
        await asyncio.to_thread(overlaid, catalogue, [entry])
    except ContentError as fault:
        return _form(request, who, given, str(fault).splitlines(), 422)
    note = given.get("note", "").strip()[:500] or "改日期"
    id = await run(request, lambda connection: hand_in(connection, who, entry, note, audited))
    return see(f"/desk/knowledge/versions/{id}")


def _form(
    request: web.Request,
    who: Staff,
    given: Mapping[str, str] | None = None,
    faults: list[str] | None = None,
    status: int = 200,
) -> web.Response:
    kind, key = request.match_info["kind"], request.match_info["key"]
    shown = dates_of(live.knowledge().release.catalogue, kind, key)
    return render(
        request,
        "knowledge_dates.html",
        who,
        status,
        kind=kind,
        key=key,
        kinds=KIND_NAMES,
        name=shown.name,
        given=shown.given if given is None else given,
        labels=LABELS,
        faults=faults or [],
        editable=_allowed(who, kind, key),
        address=f"/desk/knowledge/dates/{kind}/{quote(key, safe='')}",
    )


def _may(who: Staff, row: Reminder) -> bool:
    return _allowed(who, row.thing.kind, row.thing.key)


def _allowed(who: Staff, kind: str, key: str) -> bool:
    try:
        may_edit(who, kind, key)
    except Forbidden:
        return False
    return True


COUNTS[PATH] = count
PAGES = (
    Page("GET", PATH, "knowledge.read", show, nav="到期和核对"),
    Page("POST", "/desk/knowledge/confirm/{kind}/{key}", "knowledge.edit", confirm),
    Page("GET", "/desk/knowledge/dates/{kind}/{key}", "knowledge.read", edit),
    Page("POST", "/desk/knowledge/dates/{kind}/{key}", "knowledge.edit", save),
)
