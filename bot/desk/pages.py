"""Every page of the desk. A new part of the desk is one module with a tuple PAGES, named here (docs/decisions/0011)."""

from __future__ import annotations

from collections import Counter, defaultdict

from aiohttp import web

from bot.channels.web.access import SETTINGS
from bot.desk import (
    account_pages,
    caller_pages,
    duty_pages,
    inbox_pages,
    knowledge_dates,
    knowledge_documents,
    knowledge_inbox,
    knowledge_new,
    knowledge_pages,
    knowledge_releases,
    knowledge_uploads,
    login_pages,
    outside_pages,
    package_pages,
    question_pages,
    record_pages,
    second_factor_pages,
    statistics_pages,
)
from bot.desk.html import render
from bot.desk.live import LOOKING
from bot.desk.permissions import SIGNED_IN
from bot.desk.sessions import Staff
from bot.desk.site import Page, add_pages


async def home(request: web.Request, who: Staff) -> web.Response:
    """GET /desk: what one may do."""
    return render(request, "home.html", who)


PAGES = (
    Page("GET", "/desk", SIGNED_IN, home),
    *login_pages.PAGES,
    *caller_pages.PAGES,
    *inbox_pages.PAGES,
    *record_pages.PAGES,
    *duty_pages.PAGES,
    *knowledge_pages.PAGES,
    *knowledge_new.PAGES,
    *knowledge_releases.PAGES,
    *knowledge_uploads.PAGES,
    *knowledge_documents.PAGES,
    *knowledge_inbox.PAGES,
    *knowledge_dates.PAGES,
    *statistics_pages.PAGES,
    *question_pages.PAGES,
    *package_pages.PAGES,
    *account_pages.PAGES,
    *second_factor_pages.PAGES,
    *outside_pages.PAGES,
)


def add_routes(app: web.Application) -> None:
    """The desk's whole URL map."""
    looking: defaultdict[str, Counter[str]] = defaultdict(Counter)
    app[LOOKING] = looking
    outside_pages.add_provider(app, app[SETTINGS])
    add_pages(app, PAGES)
