"""Everything in one zip, to take along and to bring in: for administrators."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web

from bot.channels.web.access import SETTINGS, STORE
from bot.desk.html import render
from bot.desk.knowledge_site import KIND_NAMES
from bot.desk.package import MOST_PACKED, New, PackageFault, compared, fingerprint, packed, take, unpacked
from bot.desk.periods import today
from bot.desk.sessions import Staff
from bot.desk.sheet import attachment
from bot.desk.site import Page
from bot.editing.entries import APPROVED, STATES
from bot.editing.labels import title_of

PATIENCE = 60.0
SHOWN = 200  # entries that are named before a package is brought in


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/package"""
    return _page(request, who)


async def export(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/package.zip: a POST, so that nobody is made to load it by a link."""
    imported = request.app[SETTINGS].imported_dir
    body = await request.app[STORE].run(lambda connection: packed(connection, imported, who.name), PATIENCE)
    return attachment(body, f"yinfawen-{today()}.zip", "application/zip")


async def look(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/package/look: what the package holds that is not here; nothing changes."""
    imported = request.app[SETTINGS].imported_dir
    try:
        body = await _sent(request)
        files = await asyncio.to_thread(unpacked, body)
        new = await request.app[STORE].run(lambda connection: compared(connection, files, imported), PATIENCE)
    except PackageFault as fault:
        return _page(request, who, 422, fault=str(fault))
    return _page(request, who, found=_told(new), fingerprint=fingerprint(body))


async def bring(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/package: all of it or nothing, and only what was looked at (its ``fingerprint`` is in the form)."""
    imported = request.app[SETTINGS].imported_dir
    try:
        body = await _sent(request)
        known = fingerprint(body)
        if str((await request.post()).get("fingerprint", "")) != known:
            raise PackageFault("先点“看看里面有什么”，看过再装。选的文件要是同一个。")
        files = await asyncio.to_thread(unpacked, body)
        taken = await request.app[STORE].run(
            lambda connection: take(connection, files, imported, who.name, known), PATIENCE
        )
    except PackageFault as fault:
        return _page(request, who, 422, fault=str(fault))
    return _page(request, who, taken=taken)


async def _sent(request: web.Request) -> bytes:
    file = (await request.post()).get("file")
    if not isinstance(file, web.FileField):
        raise PackageFault("没有选文件。")
    return await asyncio.to_thread(file.file.read, MOST_PACKED + 1)


def _told(new: New) -> dict[str, Any]:
    """What an administrator has to know before it is brought in."""
    entries = [
        (STATES[row.state], KIND_NAMES.get(row.kind, row.kind), title_of(row.body, row.key_), row.author, row.reviewer)
        for row in new.entries
        if row.state != "replaced"
    ]
    return {
        "entries": entries[:SHOWN],
        "more": len(entries) - SHOWN,
        "versions": len(new.entries),
        "approved": sum(row.state == APPROVED for row in new.entries),
        "documents": [getattr(document, "title", document.file) for document in new.documents],
        "people": [row.called for row in new.rows["people"]],
        "shifts": len(new.rows["duty"]),
        "replies": len(new.rows["canned"]),
        "known": new.known,
    }


def _page(request: web.Request, who: Staff, status: int = 200, **told: Any) -> web.Response:
    """The page, or for htmx only what it puts under the form, which keeps the file that was chosen."""
    values = {"fault": "", "taken": None, "found": None, "fingerprint": ""} | told
    if request.headers.get("HX-Request"):
        return render(request, "package_look.html", who, **values)
    return render(request, "package.html", who, status, **values)


PAGES = (
    Page("GET", "/desk/package", "packages", show, nav="打包"),
    Page("POST", "/desk/package.zip", "packages", export),
    Page("POST", "/desk/package/look", "packages", look, max_body=MOST_PACKED + 100_000),
    Page("POST", "/desk/package", "packages", bring, max_body=MOST_PACKED + 100_000),
)
