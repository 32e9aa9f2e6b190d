"""Entries that are new, and entries that are taken away: the same drafts, reviews and checks as any change."""

from __future__ import annotations

import asyncio
import re

from aiohttp import web

from bot.desk.audit import audited
from bot.desk.html import see
from bot.desk.knowledge_pages import FORM_BYTES, form_page
from bot.desk.knowledge_site import fields, run, told
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.editing import entries
from bot.editing.entries import WrongState
from bot.editing.forms import body_from, fields_of
from bot.editing.people import may_edit
from knowledge import live
from knowledge.entries import IMPORT, Entry, overlaid, record
from knowledge.schema import ContentError

ADDABLE = (
    "guide",
    "channel",
    "scope",
)  # a fixed text belongs to a step of the program, so none can be added or taken away
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TAKEN = "这个编号已经有了，换一个；要改原来那一条，请从列表里打开它"


@told
async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/new/{kind}: an empty form"""
    kind = _kind(request, ADDABLE)
    return form_page(request, who, kind, "", fields_of(kind, {}), [], new=True)


@told
async def add(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/new/{kind}: a draft; faults are shown above what was typed."""
    kind, given = _kind(request, ADDABLE), await fields(request)
    key, catalogue = given.get("key", "").strip()[:128], live.knowledge().release.catalogue
    may_edit(who, kind, key)
    history = await run(request, lambda connection: entries.history(connection, kind, key))
    try:
        if record(catalogue, kind, key) is not None or any(item.body is not None for item in history):
            raise ContentError(TAKEN)
        if not SLUG.fullmatch(key):
            raise ContentError("编号要用小写字母、数字、短横，比如 old-age-care")
        entry = Entry(kind, key, body_from(kind, key, given))
        await asyncio.to_thread(overlaid, catalogue, [entry])
    except ContentError as fault:
        return form_page(request, who, kind, "", given, [], str(fault).splitlines(), 422, new=True)
    note = given.get("note_to_reviewer", "").strip()[:500]
    id = await run(request, lambda connection: entries.save(connection, who, entry, note, audited))
    return see(f"/desk/knowledge/versions/{id}")


@told
async def withdraw(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/entries/{kind}/{key}/withdraw: a draft that takes the entry away, with the reason."""
    kind, key, given = _kind(request, (*ADDABLE, IMPORT)), request.match_info["key"], await fields(request)
    may_edit(who, kind, key)
    reason = given.get("reason", "").strip()[:480]
    if not reason:
        raise WrongState("要写为什么撤下")
    catalogue, entry = live.knowledge().release.catalogue, Entry(kind, key, None)
    if record(catalogue, kind, key) is None:
        raise LookupError(key)
    # What still names it is told now, not first at the check.
    await asyncio.to_thread(overlaid, catalogue, [entry])
    id = await run(request, lambda connection: entries.save(connection, who, entry, f"撤下：{reason}", audited))
    return see(f"/desk/knowledge/versions/{id}")


def _kind(request: web.Request, allowed: tuple[str, ...]) -> str:
    kind = request.match_info["kind"]
    if kind not in allowed:
        raise LookupError(kind)
    return kind


PAGES = (
    Page("GET", "/desk/knowledge/new/{kind}", "knowledge.edit", show),
    Page("POST", "/desk/knowledge/new/{kind}", "knowledge.edit", add, max_body=FORM_BYTES),
    Page("POST", "/desk/knowledge/entries/{kind}/{key}/withdraw", "knowledge.edit", withdraw),
)
