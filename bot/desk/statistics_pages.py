"""The dashboard: what was asked, what came of it, how fresh the knowledge is; and the report to take along."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

from aiohttp import web
from sqlalchemy import Connection

from bot.channels.web.access import SETTINGS, STORE
from bot.desk import charts
from bot.desk.accounts import AccountFault
from bot.desk.audit import audited
from bot.desk.figures import FEWEST, Figures, figures, rate
from bot.desk.html import render
from bot.desk.knowledge_age import AGES, freshness
from bot.desk.periods import LATEST, BadPeriod, Period, last_month, months, period, today
from bot.desk.report import DOCX, HANDED_NOTE, TOWNS_NOTE, as_docx, as_xlsx
from bot.desk.sessions import Staff
from bot.desk.sheet import XLSX, attachment
from bot.desk.site import Page
from knowledge import live


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/statistics?period=7|30|2026-11"""
    wanted = _wanted(request)
    found = await request.app[STORE].read(lambda connection: figures(connection, wanted))
    release = live.knowledge().release
    return render(
        request,
        "statistics.html",
        who,
        found=found,
        fresh=freshness(release.catalogue, today()),
        ages=AGES,
        release=release.id,
        sections=_sections(found),
        answered=rate(found.by_status, "答了"),
        helped=rate(found.ratings, "有帮助"),
        latest=LATEST,
        months=months(),
        report=last_month(),
        notes={"towns": TOWNS_NOTE, "handed": HANDED_NOTE},
        fewest=FEWEST,
        kept=request.app[SETTINGS].retention_days,
    )


async def report_docx(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/statistics.docx?period="""
    return await _report(request, who, "docx")


async def report_xlsx(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/statistics.xlsx?period="""
    return await _report(request, who, "xlsx")


async def _report(request: web.Request, who: Staff, kind: str) -> web.Response:
    wanted = _wanted(request)

    def note(connection: Connection) -> None:
        audited(connection, who.name, "statistics.export", f"period:{wanted.key}", {"kind": kind})

    await request.app[STORE].run(note)
    found = await request.app[STORE].read(lambda connection: figures(connection, wanted))
    fresh = freshness(live.knowledge().release.catalogue, today())
    make, content_type = (as_docx, DOCX) if kind == "docx" else (as_xlsx, XLSX)
    body = await asyncio.to_thread(make, found, fresh, datetime.now(UTC))
    return attachment(body, f"yinfawen-{wanted.key}.{kind}", content_type)


def _wanted(request: web.Request) -> Period:
    try:
        return period(request.query.get("period", "30"))
    except BadPeriod as fault:
        raise AccountFault(str(fault)) from None


def _sections(found: Figures) -> list[tuple[str, str, str, str, list[tuple[str, int]], str]]:
    """Id, title, heads of the table beside, its rows, and the drawing."""
    given = (
        ("status", "结果", "结果", "提问", found.by_status, charts.rows),
        ("matter", "事项", "事项", "答了的提问", found.by_matter, charts.rows),
        ("channel", "渠道", "渠道", "提问", found.by_channel, charts.rows),
        ("day", "每天", "日期", "提问", found.by_day, charts.columns),
        ("hour", "一天里的钟点", "钟点", "提问", found.by_hour, charts.columns),
        ("ratings", "居民的评价", "评价", "次数", found.ratings, charts.rows),
        ("towns", "乡镇（街道）", "乡镇（街道）", "来电和会话", found.towns, charts.rows),
        ("calls", "来电的事项", "事项", "来电", found.call_matters, charts.rows),
    )
    return [(id, title, one, other, counts, draw(counts, title)) for id, title, one, other, counts, draw in given]


PAGES = (
    Page("GET", "/desk/statistics", "statistics.read", show, nav="统计"),
    Page("GET", "/desk/statistics.docx", "export", report_docx),
    Page("GET", "/desk/statistics.xlsx", "export", report_xlsx),
)
