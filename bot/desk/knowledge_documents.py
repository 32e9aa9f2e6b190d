"""Documents at the desk: upload with a preview of passages to merge, split, edit and leave out."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.desk.audit import audited
from bot.desk.html import render, see
from bot.desk.knowledge_site import fields, run, told
from bot.desk.sessions import Staff
from bot.desk.site import Page
from bot.editing import documents
from bot.editing.people import Forbidden, may_edit
from knowledge import live
from knowledge.documents.document_import import SUFFIXES
from knowledge.documents.edit import EditRefused, places
from knowledge.documents.records import DocumentText
from knowledge.entries import IMPORT
from knowledge.sources.files import MAX_BYTES, ImportRefused

SHOWN = 40
FORM_BYTES = 100_000


@told
async def new(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/documents/new?replaces="""
    replaces = request.query.get("replaces", "")
    given = {}
    if replaces:
        old = await _newest(request, replaces)
        given = {name: str(getattr(old, name) or "") for name in _ABOUT} | {"replaces": replaces}
    return _form(request, who, given)


@told
async def upload(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/documents/new: a draft; for a newer file what changed, else the passages."""
    form, given = await request.post(), await fields(request)
    file, catalogue = form.get("file"), live.knowledge().release.catalogue
    try:
        about = documents.about_from(given)
        key = documents.key_of(about, given.get("replaces", ""))
        may_edit(who, IMPORT, key)
        if not isinstance(file, web.FileField):
            raise ImportRefused("没有选文件")
        old = await run(request, lambda connection: documents.newest(connection, catalogue, key))
        if old is None and given.get("replaces"):
            raise ImportRefused("要换的那份文件已经没有了，请当作新文件上传")
        content = await asyncio.to_thread(file.file.read)
        document, report = await asyncio.to_thread(documents.read_upload, file.filename, content, about, old)
        note = f"上传 {file.filename}"[:500]
        id = await run(request, lambda connection: documents.keep(connection, who, document, note, audited))
    except ImportRefused as fault:
        return _form(request, who, given, str(fault), 422)
    if old is None:
        return see(f"/desk/knowledge/documents/{key}")
    return render(request, "document_changes.html", who, report=report, id=id, key=key, document=document)


@told
async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/documents/{key}?page="""
    return _preview(request, who, await _newest(request, request.match_info["key"]))


@told
async def step(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/documents/{key}/passages/{number}: one change of one passage, kept as a draft at once."""
    key, given = request.match_info["key"], await fields(request)
    number, catalogue = _number(request.match_info["number"]), live.knowledge().release.catalogue
    document = await _newest(request, key)
    try:

        def work(connection: documents.Connection) -> DocumentText:
            found = documents.newest(connection, catalogue, key)
            if found is None:
                raise LookupError(key)
            after = documents.changed(found, number, given)
            documents.keep(connection, who, after, "改了段落", audited)
            return after

        document = await run(request, work)
    except EditRefused as fault:
        return _preview(request, who, document, number, str(fault), 422)
    return see(f"/desk/knowledge/documents/{key}?page={_page_of(document, number)}#p{number}")


@told
async def about(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/documents/{key}/about"""
    key, given = request.match_info["key"], await fields(request)
    document = await _newest(request, key)
    try:
        after = documents.with_about(document, documents.about_from(given))
        await run(request, lambda connection: documents.keep(connection, who, after, "改了文件的信息", audited))
    except ImportRefused as fault:
        return _preview(request, who, document, None, str(fault), 422)
    return see(f"/desk/knowledge/documents/{key}")


@told
async def withdraw(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/documents/{key}/withdraw: a draft that takes the document away."""
    key = request.match_info["key"]
    await _newest(request, key)
    id = await run(request, lambda connection: documents.withdraw(connection, who, key, audited))
    return see(f"/desk/knowledge/versions/{id}")


async def _newest(request: web.Request, key: str) -> DocumentText:
    """LookupError when there is none."""
    catalogue = live.knowledge().release.catalogue
    found = await run(request, lambda connection: documents.newest(connection, catalogue, key))
    if found is None:
        raise LookupError(key)
    return found


_ABOUT = ("title", "issuer", "published", "source", "valid_from", "valid_until", "confirmed")


def _form(request: web.Request, who: Staff, given: dict[str, str], fault: str = "", status: int = 200) -> web.Response:
    known = [(text.file, text.title) for text in live.knowledge().release.catalogue.document_texts]
    if given.get("replaces") and given["replaces"] not in dict(known):
        known.append((given["replaces"], given.get("title", "")))
    return render(
        request, "document_new.html", who, status, given=given, known=known, fault=fault, accept=",".join(SUFFIXES)
    )


def _preview(
    request: web.Request,
    who: Staff,
    document: DocumentText,
    number: int | None = None,
    fault: str = "",
    status: int = 200,
) -> web.Response:
    page = _number(request.query.get("page", "1")) if number is None else _page_of(document, number)
    pages = -(-len(document.passages) // SHOWN)
    page = min(max(1, page), pages)
    try:
        may_edit(who, IMPORT, document.file)
        editable = True
    except Forbidden:
        editable = False
    shown = document.passages[(page - 1) * SHOWN : page * SHOWN]
    return render(
        request,
        "document.html",
        who,
        status,
        document=document,
        given={name: str(getattr(document, name) or "") for name in _ABOUT},
        shown=[(item, documents.mark(item), places(item.text)) for item in shown],
        last=document.passages[-1].number,
        conflicts=[(item.number, _page_of(document, item.number)) for item in document.passages if item.earlier],
        page=page,
        pages=pages,
        fault=fault,
        editable=editable,
    )


def _page_of(document: DocumentText, number: int) -> int:
    place = next((at for at, item in enumerate(document.passages) if item.number == number), 0)
    return place // SHOWN + 1


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise LookupError(text)
    return int(text)


_ONE = "/desk/knowledge/documents/{key}"
PAGES = (
    Page("GET", "/desk/knowledge/documents/new", "knowledge.edit", new),
    Page("POST", "/desk/knowledge/documents/new", "knowledge.edit", upload, max_body=MAX_BYTES + 100_000),
    Page("GET", _ONE, "knowledge.read", show),
    Page("POST", f"{_ONE}/passages/{{number}}", "knowledge.edit", step, max_body=FORM_BYTES),
    Page("POST", f"{_ONE}/about", "knowledge.edit", about),
    Page("POST", f"{_ONE}/withdraw", "knowledge.edit", withdraw),
)
