"""Accounts, their roles with reasons, and the audit log: for administrators."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Callable
from typing import Any

from aiohttp import web
from openpyxl import Workbook
from sqlalchemy import Connection, select

from bot.channels.web.access import STORE
from bot.desk import accounts, passwords
from bot.desk.audit import audited
from bot.desk.audit_words import ACTIONS, action_said, details_said, object_said, who_said
from bot.desk.html import render, see
from bot.desk.outside import linked
from bot.desk.permissions import PERMISSIONS, ROLE_NAMES, ROLES
from bot.desk.second_factor import SecondFactor, of_account
from bot.desk.sessions import Staff, lift_pause, paused_accounts
from bot.desk.sheet import attachment, cell
from bot.desk.site import Page
from bot.desk.tables import audit
from knowledge.hours.answer import SHANGHAI

SHOWN_ROWS, EXPORTED_ROWS = 200, 50_000


async def show(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/accounts"""
    return await _page(request, who)


async def add(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts: the first password is shown once, on this page."""
    form = await _form(request)
    password = passwords.first_password()
    made = await asyncio.to_thread(passwords.hashed, password)

    def work(connection: Connection) -> None:
        accounts.add(connection, who.name, form("name"), form("shown"), made)
        accounts.grant(connection, who.name, form("name"), form("role"), form("reason"), form("part"))

    await request.app[STORE].run(work)
    return await _page(request, who, form("name"), password)


async def grant(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts/{name}/grants"""
    form, name = await _form(request), request.match_info["name"]
    await request.app[STORE].run(
        lambda connection: accounts.grant(connection, who.name, name, form("role"), form("reason"), form("part"))
    )
    return see("/desk/accounts")


async def revoke(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts/grants/{grant}/revoke"""
    form, given = await _form(request), request.match_info["grant"]
    await request.app[STORE].run(lambda connection: accounts.revoke(connection, who.name, given, form("reason")))
    return see("/desk/accounts")


async def reset(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts/{name}/password: a new first password, shown once."""
    name, password = request.match_info["name"], passwords.first_password()
    made = await asyncio.to_thread(passwords.hashed, password)
    await request.app[STORE].run(
        lambda connection: accounts.set_password(connection, who.name, name, made, must_change=True)
    )
    return await _page(request, who, name, password)


async def disable(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts/{name}/disabled: field ``disabled`` 1 or 0"""
    form, name = await _form(request), request.match_info["name"]
    await request.app[STORE].run(
        lambda connection: accounts.set_disabled(connection, who.name, name, form("disabled") == "1")
    )
    return see("/desk/accounts")


async def lift(request: web.Request, who: Staff) -> web.Response:
    """POST /desk/accounts/{name}/lift: no more waiting after wrong passwords."""
    name = request.match_info["name"]
    await request.app[STORE].run(lambda connection: lift_pause(connection, who.name, name))
    return see("/desk/accounts")


async def show_audit(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/audit?account=&action=&object=: reading the log is noted too."""
    wanted = {name: request.query.get(name, "").strip()[:128] for name in ("account", "action", "object")}
    rows = await request.app[STORE].run(lambda connection: _rows(connection, who, wanted, SHOWN_ROWS, "audit.read"))
    told = [(row.at, *_said(row)) for row in rows]
    return render(request, "audit.html", who, rows=told, wanted=wanted, most=SHOWN_ROWS, actions=ACTIONS)


async def export_audit(request: web.Request, who: Staff) -> web.Response:
    """GET /desk/audit.xlsx with the same filters"""
    wanted = {name: request.query.get(name, "").strip()[:128] for name in ("account", "action", "object")}
    rows = await request.app[STORE].run(
        lambda connection: _rows(connection, who, wanted, EXPORTED_ROWS, "audit.export")
    )

    def write() -> bytes:
        book = Workbook(write_only=True)
        sheet = book.create_sheet("操作记录")
        sheet.append(["时间", "账号", "操作", "对象", "细节"])
        for row in rows:
            at = row.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S")
            sheet.append([at, *map(cell, _said(row))])
        out = io.BytesIO()
        book.save(out)
        return out.getvalue()

    return attachment(await asyncio.to_thread(write), "audit.xlsx")


def _said(row: Any) -> tuple[str, str, str, str]:
    return who_said(row.account), action_said(row.action), object_said(row.object), details_said(row.details)


def _rows(connection: Connection, who: Staff, wanted: dict[str, str], most: int, action: str) -> list[Any]:
    query = select(audit).order_by(audit.c.id.desc()).limit(most)
    if wanted["account"]:
        query = query.where(audit.c.account.startswith(wanted["account"], autoescape=True))
    if wanted["action"]:
        query = query.where(audit.c.action == wanted["action"])
    if wanted["object"]:  # the page shows it in other words, so a part of it is enough
        query = query.where(audit.c.object.contains(wanted["object"], autoescape=True))
    rows = list(connection.execute(query))
    audited(connection, who.name, action, "audit", {name: value for name, value in wanted.items() if value})
    return rows


async def _page(request: web.Request, who: Staff, name: str = "", password: str = "") -> web.Response:

    def work(
        connection: Connection,
    ) -> tuple[list[accounts.Account], frozenset[str], dict[str, SecondFactor], set[str]]:
        everybody = accounts.listed(connection)
        seconds = {one.id: of_account(connection, one.id) for one in everybody}
        outside = {one.id for one in everybody if linked(connection, one.id)}
        return everybody, paused_accounts(connection), seconds, outside

    found, waiting, seconds, outside = await request.app[STORE].run(work)
    return render(
        request,
        "accounts.html",
        who,
        accounts=found,
        waiting=waiting,
        seconds=seconds,
        linked=outside,
        roles=ROLE_NAMES,
        allowed={role: [PERMISSIONS[one] for one in PERMISSIONS if one in ROLES[role]] for role in ROLES},
        fresh=(name, password),
    )


async def _form(request: web.Request) -> Callable[[str], str]:
    fields = await request.post()
    return lambda name: str(fields.get(name, "")).strip()


PAGES = (
    Page("GET", "/desk/accounts", "accounts.manage", show, nav="账号"),
    Page("POST", "/desk/accounts", "accounts.manage", add),
    Page("POST", "/desk/accounts/grants/{grant}/revoke", "accounts.manage", revoke),
    Page("POST", "/desk/accounts/{name}/grants", "accounts.manage", grant),
    Page("POST", "/desk/accounts/{name}/password", "accounts.manage", reset),
    Page("POST", "/desk/accounts/{name}/disabled", "accounts.manage", disable),
    Page("POST", "/desk/accounts/{name}/lift", "accounts.manage", lift),
    Page("GET", "/desk/audit", "audit.read", show_audit, nav="操作记录"),
    Page("GET", "/desk/audit.xlsx", "audit.read", export_audit),
)
