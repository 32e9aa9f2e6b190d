"""Everything in one zip, to take along and to bring in: for administrators."""

from __future__ import annotations

import asyncio

from aiohttp import web

from bot.channels.web.access import SETTINGS, STORE
from bot.desk.html import render
from bot.desk.package import MOST_PACKED, PackageFault, Taken, packed, take, unpacked
from bot.desk.periods import today
from bot.desk.sessions import Staff
from bot.desk.sheet import attachment
from bot.desk.site import Page

PATIENCE = 60.0


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/package"""
    return _page(request, who)


async def export(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/package.zip: a POST, so that nobody is made to load it by a link."""
    imported = request.app[SETTINGS].imported_dir
    body = await request.app[STORE].run(lambda connection: packed(connection, imported, who.name), PATIENCE)
    return attachment(body, f"yinfawen-{today()}.zip", "application/zip")


async def bring(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/package: all of it or nothing."""
    file, imported = (await request.post()).get("file"), request.app[SETTINGS].imported_dir
    try:
        if not isinstance(file, web.FileField):
            raise PackageFault("没有选文件。")
        files = await asyncio.to_thread(lambda: unpacked(file.file.read(MOST_PACKED + 1)))
        taken = await request.app[STORE].run(lambda connection: take(connection, files, imported, who.name), PATIENCE)
    except PackageFault as fault:
        return _page(request, who, 422, fault=str(fault))
    return _page(request, who, taken=taken)


def _page(
    request: web.Request, who: Staff, status: int = 200, fault: str = "", taken: Taken | None = None
) -> web.Response:
    return render(request, "package.html", who, status, fault=fault, taken=taken)


PAGES = (
    Page("GET", "/desk/package", "packages", show, nav="打包"),
    Page("POST", "/desk/package.zip", "packages", export),
    Page("POST", "/desk/package", "packages", bring, max_body=MOST_PACKED + 100_000),
)
