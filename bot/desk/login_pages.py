"""Logging in and out, and one's own password."""

from __future__ import annotations

import asyncio
import hmac
import secrets

from aiohttp import web
from sqlalchemy import Connection, select

from bot.channels.web.access import SETTINGS, STORE
from bot.channels.web.limits import address
from bot.desk import passwords, second_factor
from bot.desk.accounts import set_password
from bot.desk.html import render, see
from bot.desk.permissions import ANYONE, SIGNED_IN
from bot.desk.sessions import Staff, begin, end, failed, paused
from bot.desk.site import COOKIE, LOGIN_COOKIE, Page, secure
from bot.desk.tables import accounts

WAIT = "试的次数太多，请过 15 分钟再来。"


async def show_login(request: web.Request, who: Staff | None) -> web.Response:
    """GET /desk/login"""
    return login_page(request, "") if who is None else see("/desk")


async def log_in(request: web.Request, who: Staff | None) -> web.Response:
    """POST /desk/login: who fails too often waits; an unknown name, a wrong password and a wrong code look the same."""
    form = await request.post()
    token, cookie = str(form.get("csrf", "")), request.cookies.get(LOGIN_COOKIE, "")
    if not cookie or not hmac.compare_digest(token.encode("utf-8", "replace"), cookie.encode("utf-8", "replace")):
        return login_page(request, "页面太旧了，请再填一次。", 403)
    name, password = str(form.get("name", "")).strip()[:64], str(form.get("password", ""))
    store, where = request.app[STORE], address(request, request.app[SETTINGS].trusted_proxy)
    query = select(accounts.c.id, accounts.c.password).where(accounts.c.name == name, accounts.c.disabled_at.is_(None))

    def look(connection: Connection) -> tuple[bool, str | None, str | None]:
        row = connection.execute(query).one_or_none()
        return paused(connection, name, where), *((row.id, row.password) if row else (None, None))

    wait, account_id, stored = await store.run(look)
    if wait:
        return login_page(request, "试的次数太多，请过 15 分钟再登录，或找管理员。", 429)
    fits = await asyncio.to_thread(passwords.fits, stored, password)
    code = str(form.get("code", ""))[:32]

    def enter(connection: Connection) -> str | None:
        if fits and account_id is not None and second_factor.passes(connection, account_id, name, code):
            return begin(connection, account_id, name, request.cookies.get(COOKIE))
        failed(connection, name, where)
        return None

    value = await store.run(enter)
    if value is None:
        return login_page(request, "用户名、密码或验证码不对。开通了动态验证码的，要填一个没用过的。", 403)
    response = see("/desk")
    set_session(request, response, value)
    response.del_cookie(LOGIN_COOKIE, path="/desk/login")
    return response


async def log_out(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/logout"""
    await request.app[STORE].run(lambda connection: end(connection, request.cookies[COOKIE], who.name))
    response = see("/desk/login")
    response.del_cookie(COOKIE, path="/desk")
    return response


async def show_password(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/password"""
    return render(request, "password.html", who, message="")


async def change_password(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/password: needs the old one; every session of the account ends, this browser gets a new one."""
    form = await request.post()
    old, new, again = (str(form.get(name, "")) for name in ("old", "new", "again"))
    store, where = request.app[STORE], address(request, request.app[SETTINGS].trusted_proxy)
    query = select(accounts.c.password).where(accounts.c.id == who.id)
    wait, stored = await store.run(
        lambda connection: (paused(connection, who.name, where), connection.execute(query).scalar())
    )
    if wait:
        return render(request, "password.html", who, 429, message=WAIT)
    if not await asyncio.to_thread(passwords.fits, stored, old):
        await store.run(lambda connection: failed(connection, who.name, where))
        return render(request, "password.html", who, 422, message="原密码不对。")
    fault = passwords.fault(new, who.name) or ("两次输入的新密码不一样。" if new != again else "")
    fault = fault or ("新密码不能和原来一样。" if new == old else "")
    if fault:
        return render(request, "password.html", who, 422, message=fault)
    made = await asyncio.to_thread(passwords.hashed, new)

    def work(connection: Connection) -> str:
        set_password(connection, who.name, who.name, made, must_change=False)
        return begin(connection, who.id, who.name, None)

    response = see("/desk")
    set_session(request, response, await store.run(work))
    return response


async def password_fault(request: web.Request, who: Staff) -> str:
    """Why the password of the form is not enough to change how one logs in; empty when it is."""
    password, store = str((await request.post()).get("password", "")), request.app[STORE]
    where = address(request, request.app[SETTINGS].trusted_proxy)
    query = select(accounts.c.password).where(accounts.c.id == who.id)
    wait, stored = await store.run(
        lambda connection: (paused(connection, who.name, where), connection.execute(query).scalar())
    )
    if wait:
        return WAIT
    if await asyncio.to_thread(passwords.fits, stored, password):
        return ""
    await store.run(lambda connection: failed(connection, who.name, where))
    return "密码不对。"


def set_session(request: web.Request, response: web.Response, value: str) -> None:
    """The session's cookie: for our own pages only, never for scripts."""
    _set(request, response, COOKIE, value, "/desk")


def login_page(request: web.Request, message: str, status: int = 200) -> web.Response:
    """The form, with what went wrong before."""
    token = request.cookies.get(LOGIN_COOKIE) or secrets.token_urlsafe(24)
    response = render(request, "login.html", None, status, message=message, token=token)
    _set(request, response, LOGIN_COOKIE, token, "/desk/login")
    return response


def _set(request: web.Request, response: web.Response, name: str, value: str, path: str) -> None:
    response.set_cookie(name, value, path=path, httponly=True, samesite="Strict", secure=secure(request))


PAGES = (
    Page("GET", "/desk/login", ANYONE, show_login),
    Page("POST", "/desk/login", ANYONE, log_in),
    Page("POST", "/desk/logout", SIGNED_IN, log_out),
    Page("GET", "/desk/password", SIGNED_IN, show_password),
    Page("POST", "/desk/password", SIGNED_IN, change_password),
)
