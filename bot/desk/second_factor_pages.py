"""One's own second step of the login, and what administrators may do about others'."""

from __future__ import annotations

import io

import segno
from aiohttp import web
from markupsafe import Markup
from sqlalchemy import Connection

from bot.channels.web.access import SETTINGS, STORE
from bot.channels.web.limits import address
from bot.desk import second_factor
from bot.desk.html import render, see
from bot.desk.login_pages import WAIT, password_fault
from bot.desk.permissions import SIGNED_IN
from bot.desk.sessions import Staff, failed, paused
from bot.desk.site import Page


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/second-factor"""
    return await _page(request, who)


async def start(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/second-factor/start: needs the password, so that an open browser is not enough."""
    if fault := await password_fault(request, who):
        return await _page(request, who, fault, 422)
    await request.app[STORE].run(lambda connection: second_factor.start(connection, who.id, who.name))
    return see("/desk/second-factor")


async def confirm(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/second-factor/confirm: the recovery codes are shown once, on this page."""
    code, where = await _code(request), _where(request)

    def work(connection: Connection) -> list[str] | str:
        if paused(connection, who.name, where):
            return WAIT
        codes = second_factor.confirm(connection, who.id, who.name, code)
        if codes is None:
            failed(connection, who.name, where)
            return "验证码不对，或者已经用过了。请等下一个再填。手机的时间也要对。"
        return codes

    found = await request.app[STORE].run(work)
    return await _page(request, who, found, 422) if isinstance(found, str) else await _page(request, who, codes=found)


async def switch_off(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/second-factor/off: needs the password."""
    if fault := await password_fault(request, who):
        return await _page(request, who, fault, 422)
    await request.app[STORE].run(lambda connection: second_factor.switch_off(connection, who.id, who.name))
    return see("/desk/second-factor")


async def of_others(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts/{name}/second-factor: field ``do`` is require, allow or reset"""
    name, do = request.match_info["name"], str((await request.post()).get("do", ""))

    def work(connection: Connection) -> None:
        if do == "reset":
            second_factor.reset(connection, who.name, name)
        elif do in ("require", "allow"):
            second_factor.require(connection, who.name, name, do == "require")

    await request.app[STORE].run(work)
    return see("/desk/accounts")


def drawn(uri: str) -> Markup:
    """The address as a QR code, for a page without inline styles. The text around it comes from us only."""
    out = io.BytesIO()
    segno.make(uri, error="m").save(out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, light="#fff")
    return Markup(out.getvalue().decode())  # noqa: S704 (made by segno from base32 and percent-encoded text)


async def _page(
    request: web.Request, who: Staff, message: str = "", status: int = 200, codes: list[str] | None = None
) -> web.Response:
    state, uri = await request.app[STORE].run(
        lambda connection: (
            second_factor.of_account(connection, who.id),
            second_factor.waiting(connection, who.id, who.name),
        )
    )
    given = {"state": state, "code": drawn(uri) if uri else "", "secret": _secret(uri), "codes": codes or []}
    return render(request, "second_factor.html", who, status, message=message, **given)


def _secret(uri: str) -> str:
    """For typing it in, in groups of four."""
    found = uri.partition("secret=")[2].partition("&")[0]
    return " ".join(found[place : place + 4] for place in range(0, len(found), 4))


async def _code(request: web.Request) -> str:
    return str((await request.post()).get("code", ""))[:32]


def _where(request: web.Request) -> str:
    return address(request, request.app[SETTINGS].trusted_proxy)


OWN = "/desk/second-factor"
PAGES = (
    Page("GET", OWN, SIGNED_IN, show),
    Page("POST", f"{OWN}/start", SIGNED_IN, start),
    Page("POST", f"{OWN}/confirm", SIGNED_IN, confirm),
    Page("POST", f"{OWN}/off", SIGNED_IN, switch_off),
    Page("POST", "/desk/accounts/{name}/second-factor", "accounts.manage", of_others),
)
