"""Known questions out and in as a sheet."""

from __future__ import annotations

import asyncio
import io

from aiohttp import web
from openpyxl import Workbook
from openpyxl.styles import Alignment, Font
from sqlalchemy import Connection

from bot.desk.audit import audited
from bot.desk.html import render
from bot.desk.knowledge_site import run, told
from bot.desk.sessions import Staff
from bot.desk.sheet import attachment
from bot.desk.site import Page
from bot.editing import entries
from bot.editing.people import Forbidden, may_edit
from bot.editing.question_sheet import Sheet, as_csv, as_rows, drafts, read_sheet
from knowledge import live
from knowledge.catalogue import Catalogue
from knowledge.entries import Entry, overlaid
from knowledge.sources.files import MAX_BYTES, ImportRefused

PATH = "/desk/knowledge/questions"


@told
async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/questions"""
    return render(request, "knowledge_questions.html", who, fault="", sheet=None, made=[])


@told
async def export_xlsx(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/questions.xlsx"""
    return attachment(await asyncio.to_thread(_workbook, await _noted(request, who, "xlsx")), "questions.xlsx")


@told
async def export_csv(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/knowledge/questions.csv"""
    return attachment(await asyncio.to_thread(as_csv, await _noted(request, who, "csv")), "questions.csv", "text/csv")


@told
async def bring(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/knowledge/questions: drafts with more questions, and row by row what was not taken."""
    file = (await request.post()).get("file")
    catalogue = live.knowledge().release.catalogue
    try:
        if not isinstance(file, web.FileField):
            raise ImportRefused("没有选文件")
        content = await asyncio.to_thread(file.file.read)
        sheet = await asyncio.to_thread(read_sheet, file.filename, content, catalogue)
        changed = drafts(catalogue, sheet)
        await asyncio.to_thread(overlaid, catalogue, changed)
    except ImportRefused as fault:
        return render(request, "knowledge_questions.html", who, 422, fault=str(fault), sheet=None, made=[])
    note = f"问答表 {file.filename}"[:500]
    made = await run(request, lambda connection: _save(connection, who, changed, note, sheet))
    return render(request, "knowledge_questions.html", who, 200, fault="", sheet=sheet, made=made)


def _save(
    connection: Connection, who: Staff, changed: list[Entry], note: str, sheet: Sheet
) -> list[tuple[int, str, int]]:
    """Drafts as id, key and number of new questions; what somebody else works on, or is not this editor's, is told."""
    made = []
    for entry in changed:
        own = {key: new for key, new in sheet.new.items() if key.partition("/")[0] == f"{entry.kind}:{entry.key}"}
        newest = entries.history(connection, entry.kind, entry.key)[:1]
        fault = ""
        try:
            may_edit(who, entry.kind, entry.key)
        except Forbidden as forbidden:
            fault = str(forbidden)
        if newest and newest[0].state in (entries.DRAFT, entries.REVIEW, entries.APPROVED):
            fault = "正在改，等它发布了再装"
        if fault:
            sheet.refused.append(f"{entry.kind}:{entry.key}：{fault}")
            for key in own:
                del sheet.new[key]
            continue
        id = entries.save(connection, who, entry, note, audited)
        made.append((id, f"{entry.kind}:{entry.key}", sum(map(len, own.values()))))
    return made


async def _noted(request: web.Request, who: Staff, kind: str) -> Catalogue:
    release = live.knowledge().release
    await run(
        request,
        lambda connection: audited(
            connection, who.name, "knowledge.export", f"release:{release.id}", {"questions": kind}
        ),
    )
    return release.catalogue


def _workbook(catalogue: Catalogue) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = "问答表"
    for row in as_rows(catalogue):
        sheet.append(row)
    for column, wide in zip("ABCDE", (30, 26, 22, 60, 60), strict=True):
        sheet.column_dimensions[column].width = wide
    for row in sheet.iter_rows():
        for place in row:
            place.alignment = Alignment(wrap_text=True, vertical="top")
            place.font = Font(bold=place.row == 1)
    sheet.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


PAGES = (
    Page("GET", PATH, "knowledge.read", show),
    Page("GET", f"{PATH}.xlsx", "knowledge.read", export_xlsx),
    Page("GET", f"{PATH}.csv", "knowledge.read", export_csv),
    Page("POST", PATH, "knowledge.edit", bring, max_body=MAX_BYTES + 100_000),
)
