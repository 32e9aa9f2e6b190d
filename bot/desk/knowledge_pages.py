"""Entries of the knowledge: what there is, editing in forms, and a second person's review."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from aiohttp import web
from pydantic import BaseModel

from bot.channels.web.access import SETTINGS
from bot.desk.audit import audited
from bot.desk.html import render, see
from bot.desk.knowledge_dates import count
from bot.desk.knowledge_site import KIND_NAMES, fields, in_words, number, run, told
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.editing import builds, entries
from bot.editing.difference import side_by_side
from bot.editing.forms import LISTS, PLAIN, body_from, fields_of
from bot.editing.labels import DOORS, FACETS, LABELS, title_of
from bot.editing.people import Forbidden, may_edit
from knowledge import live
from knowledge.conflicts import set_aside
from knowledge.documents.records import FILE_PREFIX
from knowledge.entries import IMPORT, KINDS, Entry, documents, name_of, overlaid, record
from knowledge.schema import ContentError
from knowledge.validity import things

FORM_BYTES = 2_000_000
IN_WORK = (entries.DRAFT, entries.REVIEW, entries.APPROVED)


@told
async def overview(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge"""
    waiting, made = await run(
        request,
        lambda connection: (
            entries.in_state(connection, entries.DRAFT, entries.REVIEW, entries.APPROVED),
            builds.latest(connection, 10),
        ),
    )
    release = live.knowledge().release
    return render(
        request,
        "knowledge.html",
        who,
        release=release.id,
        waiting=waiting,
        builds=made,
        can_go_back=any(item.state == builds.PUBLISHED and item.release == release.id for item in made),
        kinds=KIND_NAMES,
        states=entries.STATES,
        build_states=builds.STATES,
        reminded=count(),
        conflicts=await asyncio.to_thread(set_aside, request.app[SETTINGS].releases_dir),
    )


@told
async def listing(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/entries/{kind}?q="""
    kind, wanted = request.match_info["kind"], request.query.get("q", "").strip()[:50]
    catalogue = live.knowledge().release.catalogue
    rows = documents(catalogue) if kind == IMPORT else list(getattr(catalogue, _kind(kind).field))
    found = [(name_of(kind, row), _title(row)) for row in rows]
    found = [(key, title) for key, title in found if wanted in key or wanted in title]
    return render(
        request,
        "knowledge_list.html",
        who,
        kind=kind,
        kinds=KIND_NAMES,
        rows=found,
        wanted=wanted,
        form=kind in PLAIN,
        addable=kind in ("guide", "channel", "scope"),
        dated={thing.key for thing in things(catalogue) if thing.kind == kind},
    )


@told
async def edit(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/entries/{kind}/{key}: the newest version, or what is published."""
    kind, key = request.match_info["kind"], request.match_info["key"]
    if kind == IMPORT:
        return await _document(request, key)
    if _kind(kind) and kind not in PLAIN:
        return see(f"/desk/knowledge/dates/{kind}/{quote(key, safe='')}")
    history = await run(request, lambda connection: entries.history(connection, kind, key))
    aside = await asyncio.to_thread(set_aside, request.app[SETTINGS].releases_dir)
    conflict = next((row for row in aside if (row.entry.kind, row.entry.key) == (kind, key)), None)
    newer = bool(history) and history[0].state in IN_WORK
    if conflict is not None and conflict.entry.body is not None and not newer:
        faults = ["这一条和新内容对不上，现在没有用上：", *conflict.fault.splitlines()]
        return form_page(request, who, kind, key, fields_of(kind, conflict.entry.body), history, faults)
    body = _newest(history, kind, key) or {}
    return form_page(request, who, kind, key, fields_of(kind, body), history)


async def _document(request: web.Request, key: str) -> web.Response:
    """An uploaded document has pages of its own; ``?versions`` leads to its newest version."""
    if not key.startswith(FILE_PREFIX):
        raise LookupError(key)
    history = await run(request, lambda connection: entries.history(connection, IMPORT, key))
    if history and "versions" in request.query:
        return see(f"/desk/knowledge/versions/{history[0].id}")
    return see(f"/desk/knowledge/documents/{key}")


@told
async def save(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/entries/{kind}/{key}: a draft; faults are shown above what was typed."""
    kind, given = request.match_info["kind"], await fields(request)
    if kind not in PLAIN:
        raise LookupError(kind)
    key = given.get("key", "").strip() or request.match_info["key"]
    may_edit(who, kind, key)
    try:
        entry = Entry(kind, key, None if given.get("remove") else body_from(kind, key, given))
        await asyncio.to_thread(overlaid, live.knowledge().release.catalogue, [entry])
    except ContentError as fault:
        history = await run(request, lambda connection: entries.history(connection, kind, key))
        return form_page(request, who, kind, key, given, history, str(fault).splitlines(), 422)
    note = given.get("note_to_reviewer", "").strip()[:500]
    id = await run(request, lambda connection: entries.save(connection, who, entry, note, audited))
    return see(f"/desk/knowledge/versions/{id}")


@told
async def version(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/versions/{id}: beside what is published."""
    id = number(request)
    shown = await run(request, lambda connection: entries.load(connection, id))
    catalogue = live.knowledge().release.catalogue
    now = record(catalogue, shown.kind, shown.key)
    return render(
        request,
        "knowledge_version.html",
        who,
        shown=shown,
        rows=await asyncio.to_thread(side_by_side, shown.kind, now, shown.body),
        title=title_of(shown.body or now, shown.key),
        kinds=KIND_NAMES,
        states=entries.STATES,
        mine=shown.author == who.name,
        to_choose=entries.to_choose(shown.body),
    )


@told
async def step(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/versions/{id}/{step}: submit, approve or send-back"""
    id, name, given = number(request), request.match_info["step"], await fields(request)
    if name == "submit":
        await run(request, lambda connection: entries.submit(connection, who, id, audited))
    elif name == "approve":
        await run(request, lambda connection: entries.approve(connection, who, id, audited))
    elif name == "send-back":
        note = given.get("note", "").strip()[:500]
        await run(request, lambda connection: entries.send_back(connection, who, id, note, audited))
    else:
        raise LookupError(name)
    return see(f"/desk/knowledge/versions/{id}")


def form_page(
    request: web.Request,
    who: Staff,
    kind: str,
    key: str,
    given: Mapping[str, str],
    history: list[entries.Version],
    faults: list[str] | None = None,
    status: int = 200,
    new: bool = False,
) -> web.Response:
    """The form of an entry: what is given, the faults above it; empty and with a field for its number when it is new."""
    try:
        if not new:  # of a new one nobody knows its number yet
            may_edit(who, kind, key)
        editable = True
    except Forbidden:
        editable = False
    return render(
        request,
        "knowledge_form.html",
        who,
        status,
        kind=kind,
        kinds=KIND_NAMES,
        key=key,
        given=given,
        plain=PLAIN[kind],
        lists=LISTS[kind],
        labels=LABELS,
        facets=FACETS,
        doors=[(row.id, row.name) for row in live.knowledge().release.catalogue.channels],
        choices=_choices(kind, given),
        sections=_blocks(given) if kind == "guide" else [],
        history=history,
        states=entries.STATES,
        faults=in_words(faults or []),
        editable=editable,
        new=new,
    )


def _choices(kind: str, given: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    """Fields that take one of a few values, with what staff read; a value that is none of them is shown as it is."""
    found: dict[str, list[tuple[str, str]]] = {}
    if kind == "channel":
        found["kind"] = list(DOORS.items())
    if kind == "scope":
        found["reason"] = [(row.reason, row.label) for row in live.knowledge().release.catalogue.statuses]
    for name, values in found.items():
        if given.get(name) and given[name] not in dict(values):
            values.insert(0, (given[name], given[name]))
    return found


def _blocks(given: Mapping[str, str]) -> list[tuple[int, list[int]]]:
    """Sections by number with the numbers of their statements, and an empty one of each at the end."""
    filled = {
        name.split(".")[1]
        for name, value in given.items()
        if name.startswith("section.") and value and "facet" not in name
    }
    numbers = sorted(int(number) for number in filled if f"section.{number}.id" in given)
    found = []
    for section in [*numbers, (numbers[-1] + 1) if numbers else 0]:
        prefix = f"section.{section}."
        own = sorted(
            int(name.removeprefix(prefix)[:-5])
            for name in given
            if name.startswith(prefix)
            and name.endswith(".text")
            and name.removeprefix(prefix)[:-5].isdigit()
            and (given[name] or given.get(name.replace(".text", ".basis")))
        )
        found.append((section, [*own, (own[-1] + 1) if own else 0]))
    return found


def _kind(kind: str) -> Any:
    if kind not in KINDS:
        raise LookupError(kind)
    return KINDS[kind]


def _newest(history: list[entries.Version], kind: str, key: str) -> dict[str, Any] | None:
    if history and history[0].state in IN_WORK:
        return history[0].body
    return record(live.knowledge().release.catalogue, kind, key)


def _title(row: BaseModel) -> str:
    for name in ("title", "name", "label", "text"):
        if value := getattr(row, name, None):
            return str(value)
    return str(getattr(row, "questions", [getattr(row, "file", "")])[0])


PAGES = (
    Page("GET", "/desk/knowledge", "knowledge.read", overview, nav="知识"),
    Page("GET", "/desk/knowledge/entries/{kind}", "knowledge.read", listing),
    Page("GET", "/desk/knowledge/entries/{kind}/{key}", "knowledge.read", edit),
    Page("POST", "/desk/knowledge/entries/{kind}/{key}", "knowledge.edit", save, max_body=FORM_BYTES),
    Page("GET", "/desk/knowledge/versions/{id}", "knowledge.read", version),
    Page("POST", "/desk/knowledge/versions/{id}/{step}", "knowledge.read", step),
)
