"""Uploading directories, lists, hours and statutes: read at once, refused row by row, kept as a draft."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.desk.audit import audited
from bot.desk.html import render
from bot.desk.knowledge_site import fields, run, told
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.editing import entries
from bot.editing.people import may_edit
from bot.editing.uploads import KINDS, read_upload
from knowledge import live
from knowledge.entries import IMPORT
from knowledge.sources.files import MAX_BYTES, ImportRefused


@told
async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/upload"""
    return render(request, "knowledge_upload.html", who, kinds=KINDS, given={}, fault="")


@told
async def upload(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/upload: a draft, and what of the file was not taken."""
    form, given = await request.post(), await fields(request)
    may_edit(who, IMPORT, given.get("kind", ""))
    file = form.get("file")
    try:
        if not isinstance(file, web.FileField):
            raise ImportRefused("没有选文件")
        content, catalogue = await asyncio.to_thread(file.file.read), live.knowledge().release.catalogue
        kind = given.get("kind", "")
        entry, report = await asyncio.to_thread(read_upload, kind, file.filename, content, given, catalogue)
    except ImportRefused as fault:
        return render(request, "knowledge_upload.html", who, 422, kinds=KINDS, given=given, fault=str(fault))
    note = f"上传 {file.filename}"[:500]
    id = await run(request, lambda connection: entries.save(connection, who, entry, note, audited))
    return render(request, "knowledge_uploaded.html", who, report=report, id=id)


PAGES = (
    Page("GET", "/desk/knowledge/upload", "knowledge.edit", show),
    Page("POST", "/desk/knowledge/upload", "knowledge.edit", upload, max_body=MAX_BYTES + 100_000),
)
