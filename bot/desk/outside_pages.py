"""Logging in with an account of the configured provider, and linking one's own. Without a provider these pages are not there."""

from __future__ import annotations

import logging

from aiohttp import web
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.channels.web.access import SETTINGS, STORE
from bot.channels.web.limits import address
from bot.desk import outside
from bot.desk.accounts import AccountFault
from bot.desk.html import OUTSIDE, render, see
from bot.desk.login_pages import WAIT, login_page, password_fault, set_session
from bot.desk.oidc import Identity, OidcFault, Provider
from bot.desk.permissions import ANYONE, SIGNED_IN
from bot.desk.sessions import Staff, begin, failed, paused
from bot.desk.site import COOKIE, Page, secure
from bot.settings import Settings

log = logging.getLogger(__name__)

PROVIDER = web.AppKey("desk_provider", Provider)
RETURN = "/desk/login/outside/return"
_JOURNEY = "yinfawen_desk_outside"
_DOWN = "统一登录现在用不了，请用密码登录。"
_STRANGE = "统一登录没有完成，请再试一次，或者用密码登录。"


def add_provider(app: web.Application, settings: Settings) -> None:
    """Trust the provider of the settings, when there is one."""
    if settings.oidc_issuer:
        redirect = f"{settings.public_url}{RETURN}"
        app[PROVIDER] = Provider(settings.oidc_issuer, settings.oidc_client_id, settings.oidc_client_secret, redirect)
        app[OUTSIDE] = settings.oidc_label


async def log_in(request: web.Request, who: Staff | None) -> web.Response:
    """GET /desk/login/outside: off to the provider."""
    provider = _provider(request)
    if who is not None:
        return see("/desk")
    journey, there = await _set_out(request, provider, None)
    if not there:
        return _over(request, _DOWN, 503)
    response = see(there)
    _remember(request, response, journey)
    return response


async def come_back(request: web.Request, who: Staff | None) -> web.Response:
    """GET /desk/login/outside/return?code=&state=: the provider sent this browser back.

    The session's cookie is for our own pages only, so it neither comes along here nor with a redirect from here: what was set
    out for is looked up by the journey's own cookie, and a page of ours leads on.
    """
    provider, store = _provider(request), request.app[STORE]
    where = address(request, request.app[SETTINGS].trusted_proxy)
    state, cookie = request.query.get("state", "")[:128], request.cookies.get(_JOURNEY, "")
    name = f"outside:{where}"  # who it is, is not known yet: failures count for the address

    def look(connection: Connection) -> tuple[bool, outside.Return | None]:
        return paused(connection, name, where), outside.came_back(connection, state, cookie)

    wait, journey = await store.run(look)
    if wait:
        return _over(request, WAIT, 429)
    identity: Identity | None = None
    code = request.query.get("code", "")[:2048]
    if journey is not None and code:
        try:
            identity = await provider.identity(code, journey.nonce, journey.verifier)
        except OidcFault as fault:
            log.warning("outside login: %s", fault)
    if journey is None or identity is None:
        await store.run(lambda connection: failed(connection, name, where))
        return _over(request, _STRANGE, 403)
    who_it_is, linking, old = identity, journey.account_id, request.cookies.get(COOKIE)

    def enter(connection: Connection) -> str | None:
        if linking is not None:
            outside.link(connection, linking, who_it_is)
            return None
        account_id, account = outside.account_of(connection, who_it_is)
        return begin(connection, account_id, account, old)

    try:
        value = await store.run(enter)
    except (AccountFault, IntegrityError) as fault:
        text = str(fault) if isinstance(fault, AccountFault) else _STRANGE
        return _over(request, text, 403)
    response = render(request, "outside_done.html", None, to="/desk/outside" if value is None else "/desk")
    if value is not None:
        set_session(request, response, value)
    response.del_cookie(_JOURNEY, path=RETURN)
    return response


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/outside: is an outside account linked to mine?"""
    return await _page(request, who)


async def link(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/outside/link: needs the password, so that an open browser is not enough. The way to the provider is a link on
    the page that follows: a form may not lead elsewhere."""
    provider = _provider(request)
    if fault := await password_fault(request, who):
        return await _page(request, who, fault, 422)
    journey, there = await _set_out(request, provider, who.id)
    if not there:
        return await _page(request, who, _DOWN, 503)
    response = await _page(request, who, there=there)
    _remember(request, response, journey)
    return response


async def unlink(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/outside/unlink"""
    await request.app[STORE].run(lambda connection: outside.unlink(connection, who.name, who.name))
    return see("/desk/outside")


async def unlink_other(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts/{name}/outside"""
    name = request.match_info["name"]
    await request.app[STORE].run(lambda connection: outside.unlink(connection, who.name, name))
    return see("/desk/accounts")


async def _set_out(request: web.Request, provider: Provider, account_id: str | None) -> tuple[outside.Journey, str]:
    """A new journey, and where it leads; nowhere when the provider cannot be reached."""
    journey = await request.app[STORE].run(lambda connection: outside.set_out(connection, account_id))
    try:
        return journey, await provider.address(journey.state, journey.nonce, journey.verifier)
    except OidcFault as fault:
        log.warning("outside login: %s", fault)
        return journey, ""


def _remember(request: web.Request, response: web.Response, journey: outside.Journey) -> None:
    """Lax: the way back starts at the provider's site."""
    response.set_cookie(
        _JOURNEY, journey.cookie, path=RETURN, max_age=600, httponly=True, samesite="Lax", secure=secure(request)
    )


async def _page(
    request: web.Request, who: Staff, message: str = "", status: int = 200, there: str = ""
) -> web.Response:
    _provider(request)
    linked = await request.app[STORE].run(lambda connection: outside.linked(connection, who.id))
    return render(request, "outside.html", who, status, linked=linked, there=there, message=message)


def _over(request: web.Request, message: str, status: int) -> web.Response:
    response = login_page(request, message, status)
    response.del_cookie(_JOURNEY, path=RETURN)
    return response


def _provider(request: web.Request) -> Provider:
    if PROVIDER not in request.app:
        raise web.HTTPNotFound
    return request.app[PROVIDER]


PAGES = (
    Page("GET", "/desk/login/outside", ANYONE, log_in),
    Page("GET", RETURN, ANYONE, come_back),
    Page("GET", "/desk/outside", SIGNED_IN, show),
    Page("POST", "/desk/outside/link", SIGNED_IN, link),
    Page("POST", "/desk/outside/unlink", SIGNED_IN, unlink),
    Page("POST", "/desk/accounts/{name}/outside", "accounts.manage", unlink_other),
)
