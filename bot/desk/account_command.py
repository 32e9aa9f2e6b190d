"""``python -m bot account add | grant | reset | reset-second | lift | disable | enable | list``: accounts of the desk, without the desk."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bot.conversations.migrate import migrate
from bot.conversations.store import ConversationStore
from bot.desk import accounts, passwords, second_factor
from bot.desk.audit import COMMAND, audited
from bot.desk.sessions import lift_pause
from bot.settings import Settings


def account(options: Settings, action: str, name: str = "", shown: str = "", role: str = "", reason: str = "") -> int:
    """Add an account (its first password is printed once), give a role, reset a password, close, open or list."""
    try:
        migrate(options.database)
        return asyncio.run(_run(options, lambda connection: _do(connection, action, name, shown, role, reason)))
    except accounts.AccountFault as fault:
        print(fault, file=sys.stderr)
    except SQLAlchemyError as error:
        print(f"数据库用不了 / the database cannot be used: {error.__class__.__name__}", file=sys.stderr)
    return 1


async def _run(options: Settings, work: Callable[[Connection], list[str]]) -> int:
    store = ConversationStore(options.database)
    try:
        for line in await store.run(work):
            print(line)
        return 0
    finally:
        await store.close()


def _do(connection: Connection, action: str, name: str, shown: str, role: str, reason: str) -> list[str]:
    if action == "list":
        audited(connection, COMMAND, "account.read", "accounts")
        return [_line(one) for one in accounts.listed(connection)]
    if action in ("add", "reset"):
        password = passwords.first_password()
        made = passwords.hashed(password)
        if action == "reset":
            accounts.set_password(connection, COMMAND, name, made, must_change=True)
        else:
            accounts.add(connection, COMMAND, name, shown, made)
            accounts.grant(connection, COMMAND, name, role, reason)
        return [f"{name} 的第一个密码，登录后要换 / first password, to be changed at the first login: {password}"]
    if action == "grant":
        accounts.grant(connection, COMMAND, name, role, reason)
    elif action == "reset-second":
        second_factor.reset(connection, COMMAND, name)
    elif action == "lift":
        lift_pause(connection, COMMAND, name)
    else:
        accounts.set_disabled(connection, COMMAND, name, action == "disable")
    return []


def _line(one: accounts.Account) -> str:
    roles = "，".join(grant.role for grant in one.grants) or "-"
    return f"{one.name}  {one.shown}  {roles}{'  停用 / closed' if one.disabled_at else ''}"
