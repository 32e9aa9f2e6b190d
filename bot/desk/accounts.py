"""Accounts and what they may do. Functions work inside the caller's transaction and write their audit row there."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select, update

from bot.desk.audit import COMMAND, audited
from bot.desk.permissions import ADMINISTRATOR, ROLES
from bot.desk.tables import accounts, desk_sessions, grants
from knowledge.entries import IMPORT, KINDS

_NAME = re.compile(r"[a-z][a-z0-9._-]{1,31}")


class AccountFault(ValueError):
    """The change cannot be made; the text says why, in Chinese."""


@dataclass(frozen=True, slots=True)
class Grant:
    """A role somebody has; ``part`` limits it to a part of the knowledge when it is not empty."""

    id: str
    role: str
    part: str
    reason: str
    granted_by: str
    granted_at: datetime


@dataclass(frozen=True, slots=True)
class Account:
    """An account with the roles it has now."""

    id: str
    name: str
    shown: str
    created_at: datetime
    disabled_at: datetime | None
    grants: tuple[Grant, ...]

    @property
    def permissions(self) -> frozenset[str]:
        return frozenset().union(*(ROLES[grant.role] for grant in self.grants if grant.role in ROLES))

    @property
    def parts(self) -> frozenset[str] | None:
        """Parts of the knowledge an editor may change; None: all."""
        own = [grant.part for grant in self.grants if grant.role == "editor"]
        return None if "" in own else frozenset(own)


def add(connection: Connection, by: str, name: str, shown: str, password_hash: str) -> str:
    """A new account without any role; returns its id. AccountFault for a bad or taken name."""
    if not _NAME.fullmatch(name):
        raise AccountFault("用户名要用小写字母开头，2 到 32 个小写字母、数字、点、横线。")
    if connection.execute(select(accounts.c.id).where(accounts.c.name == name)).first():
        raise AccountFault("这个用户名已经有了。")
    account_id = secrets.token_urlsafe(12)
    row = {"id": account_id, "name": name, "shown": shown.strip()[:64] or name, "password": password_hash}
    connection.execute(insert(accounts).values(**row, must_change=True, created_at=datetime.now(UTC)))
    audited(connection, by, "account.add", f"account:{name}")
    return account_id


def grant(connection: Connection, by: str, name: str, role: str, reason: str, part: str = "") -> None:
    """Give a role, with the reason. AccountFault for an unknown account or role, without a reason, or from the wrong person."""
    if role not in ROLES:
        raise AccountFault("没有这个角色。")
    if not reason.strip():
        raise AccountFault("要写理由。")
    if part and role != "editor":
        raise AccountFault("只有编辑可以限定范围。")
    if part and part.split(":")[0] not in (*KINDS, IMPORT):
        raise AccountFault(f"范围要写种类（{'、'.join((*KINDS, IMPORT))}），或者“种类:编号”，比如 guide:wages。")
    account = find(connection, name)
    _may_change_roles(connection, by, name, role)
    if any((given.role, given.part) == (role, part) for given in account.grants):
        raise AccountFault("已经有这个角色了。")
    row = {"id": secrets.token_urlsafe(12), "account_id": account.id, "role": role, "part": part[:64]}
    given = {"reason": reason.strip()[:500], "granted_by": by, "granted_at": datetime.now(UTC)}
    connection.execute(insert(grants).values(**row, **given))
    audited(connection, by, "role.grant", f"account:{name}", {"role": role, "part": part, "reason": given["reason"]})


def revoke(connection: Connection, by: str, grant_id: str, reason: str) -> None:
    """Take a role back. AccountFault without a reason, for an unknown one, the last administrator, or from the wrong person."""
    if not reason.strip():
        raise AccountFault("要写理由。")
    _one_at_a_time(connection)
    query = select(grants.c.role, accounts.c.name).join(accounts, accounts.c.id == grants.c.account_id)
    row = connection.execute(query.where(grants.c.id == grant_id, grants.c.revoked_at.is_(None))).one_or_none()
    if row is None:
        raise AccountFault("没有这个角色。")
    _may_change_roles(connection, by, row.name, row.role)
    values = {"revoked_by": by, "revoked_at": datetime.now(UTC)}
    connection.execute(update(grants).where(grants.c.id == grant_id).values(values))
    _keep_an_administrator(connection)
    audited(connection, by, "role.revoke", f"account:{row.name}", {"role": row.role, "reason": reason.strip()[:500]})


def set_password(connection: Connection, by: str, name: str, password_hash: str, must_change: bool) -> None:
    """A new password; every session of the account ends."""
    may_touch(connection, by, name)
    account = find(connection, name)
    values = {"password": password_hash, "must_change": must_change}
    connection.execute(update(accounts).where(accounts.c.id == account.id).values(values))
    connection.execute(delete(desk_sessions).where(desk_sessions.c.account_id == account.id))
    audited(connection, by, "password.reset" if must_change else "password.change", f"account:{name}")


def set_disabled(connection: Connection, by: str, name: str, disabled: bool) -> None:
    """Close an account (its sessions end) or open it again. AccountFault for the last administrator."""
    _one_at_a_time(connection)
    may_touch(connection, by, name)
    account = find(connection, name)
    values = {"disabled_at": datetime.now(UTC) if disabled else None}
    connection.execute(update(accounts).where(accounts.c.id == account.id).values(values))
    if disabled:
        connection.execute(delete(desk_sessions).where(desk_sessions.c.account_id == account.id))
        _keep_an_administrator(connection)
    audited(connection, by, "account.disable" if disabled else "account.enable", f"account:{name}")


def find(connection: Connection, name: str) -> Account:
    """The account called ``name``. AccountFault when there is none."""
    for account in listed(connection):
        if account.name == name:
            return account
    raise AccountFault("没有这个账号。")


def listed(connection: Connection, account_id: str | None = None) -> list[Account]:
    """Every account (or the one with this id) with its roles, by name."""
    query = select(accounts).order_by(accounts.c.name)
    of_one = select(grants).where(grants.c.revoked_at.is_(None)).order_by(grants.c.granted_at)
    if account_id is not None:
        query = query.where(accounts.c.id == account_id)
        of_one = of_one.where(grants.c.account_id == account_id)
    given: dict[str, list[Grant]] = {}
    for row in connection.execute(of_one):
        held = Grant(row.id, row.role, row.part, row.reason, row.granted_by, row.granted_at)
        given.setdefault(row.account_id, []).append(held)
    return [
        Account(row.id, row.name, row.shown, row.created_at, row.disabled_at, tuple(given.get(row.id, ())))
        for row in connection.execute(query)
    ]


def may_touch(connection: Connection, by: str, name: str) -> None:
    """Whoever can get into an administrator's account is one: only administrators (and the person) change it. AccountFault."""
    if by != name and _is_administrator(connection, name) and not _rules(connection, by):
        raise AccountFault("管理员的账号只有管理员能改。")


def _may_change_roles(connection: Connection, by: str, name: str, role: str) -> None:
    if by == name:
        raise AccountFault("自己的角色要由另一位管理员来改。")
    if role == ADMINISTRATOR and not _rules(connection, by):
        raise AccountFault("管理员的角色只有管理员能给、能收回。")


def _rules(connection: Connection, by: str) -> bool:
    """Whoever can run commands on the server owns the database anyway."""
    return by == COMMAND or _is_administrator(connection, by)


def _is_administrator(connection: Connection, name: str) -> bool:
    account = next((one for one in listed(connection) if one.name == name), None)
    return account is not None and any(grant.role == ADMINISTRATOR for grant in account.grants)


def _one_at_a_time(connection: Connection) -> None:
    """Two administrators who close each other at once: the second waits and sees what the first did (SQLite has one writer)."""
    connection.execute(select(accounts.c.id).order_by(accounts.c.id).with_for_update()).all()


def _keep_an_administrator(connection: Connection) -> None:
    """The transaction is undone when nobody could manage accounts any more."""
    left = [account for account in listed(connection) if account.disabled_at is None]
    if not any(grant.role == ADMINISTRATOR for account in left for grant in account.grants):
        raise AccountFault("至少要留一名能登录的管理员。")
