"""The desk's route table: every page names its permission, and nothing is served that is not in the table."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from bot.channels.web.access import SETTINGS, STORE
from bot.desk.accounts import AccountFault
from bot.desk.html import NAV, render, see, serve_files
from bot.desk.permissions import ANYONE, PERMISSIONS, SIGNED_IN
from bot.desk.sessions import Staff, staff_of

log = logging.getLogger(__name__)

COOKIE = "yinfawen_desk"
LOGIN_COOKIE = "yinfawen_desk_login"
_FIRST = ("/desk/password", "/desk/logout")  # all that somebody with a first password gets
_SECOND = "/desk/second-factor"
Handler = Callable[[web.Request, Staff], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Page:
    """One route below /desk. ``nav`` is its label in the navigation; ``max_body`` a larger size for uploads."""

    method: str
    path: str
    permission: str
    handler: Any
    nav: str = ""
    max_body: int = 0


def add_pages(app: web.Application, pages: Iterable[Page]) -> None:
    """Register ``pages``. ValueError for a permission that does not exist or a path outside /desk."""
    serve_files(app)
    app[NAV] = []
    for page in pages:
        if page.permission not in {ANYONE, SIGNED_IN, *PERMISSIONS} or not page.path.startswith("/desk"):
            raise ValueError(f"{page.method} {page.path}: bad permission or path")
        app.router.add_route(page.method, page.path, _guarded(page))
        if page.nav:
            app[NAV].append((page.nav, page.path, page.permission))


def _guarded(page: Page) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Who is there, is it really their browser, and may they: in this order, before the handler sees anything."""

    async def serve(request: web.Request) -> web.StreamResponse:
        if page.max_body:
            request = request.clone(client_max_size=page.max_body)
        if _comes_from_elsewhere(request):
            return web.Response(status=403)
        who = await current(request)
        if page.permission == ANYONE:
            return await page.handler(request, who)
        if who is None:
            if request.headers.get("HX-Request"):
                return web.Response(status=401, headers={"HX-Redirect": "/desk/login"})
            return see("/desk/login")
        if request.method == "POST" and not await _csrf_fits(request, who.csrf):
            return render(request, "message.html", who, 403, title="没有做成", message="页面太旧了，请刷新再试。")
        if who.must_change and page.path not in _FIRST:
            return see("/desk/password")
        if who.must_second and page.path not in _FIRST and not page.path.startswith(_SECOND):
            return see(_SECOND)
        if page.permission != SIGNED_IN and not who.may(page.permission):
            log.info("%s was refused at %s %s", who.id, page.method, page.path)
            return render(request, "message.html", who, 403, title="没有权限", message="这个页面要别的角色才能用。")
        try:
            return await page.handler(request, who)
        except AccountFault as fault:
            return render(request, "message.html", who, 422, title="没有做成", message=str(fault))

    return serve


def _comes_from_elsewhere(request: web.Request) -> bool:
    """Nobody else's page may make the desk do or show anything; links to it may be followed."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") in ("same-origin", "none"):
        return False
    return request.method != "GET" or request.headers.get("Sec-Fetch-Mode") != "navigate"


async def current(request: web.Request) -> Staff | None:
    """Who this browser belongs to now."""
    cookie = request.cookies.get(COOKIE, "")
    if not cookie:
        return None
    hours = request.app[SETTINGS].desk_hours
    return await request.app[STORE].run(lambda connection: staff_of(connection, cookie, hours))


async def _csrf_fits(request: web.Request, expected: str) -> bool:
    """The token from the header (htmx) or the form's field ``csrf``."""
    given = request.headers.get("X-CSRF-Token") or str((await request.post()).get("csrf", ""))
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())


def secure(request: web.Request) -> bool:
    """Whether the browser came by https; a claim to that in a header only makes the cookie stricter."""
    return request.secure or request.headers.get("X-Forwarded-Proto", "") == "https"
