"""Logging in: sessions in the store, a new one at each login, and a pause after too many failures."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.desk.accounts import find, listed
from bot.desk.audit import NOBODY, audited
from bot.desk.tables import accounts, desk_sessions, login_failures, second_factors

IDLE = timedelta(hours=2)
SEEN_EVERY = timedelta(minutes=1)
PAUSE = timedelta(minutes=15)
PER_ACCOUNT, PER_ADDRESS = 5, 30  # failures within the pause


@dataclass(frozen=True, slots=True)
class Staff:
    """Who is at the desk. ``parts``: parts of the knowledge an editor may change, None for all."""

    id: str
    name: str
    shown: str
    permissions: frozenset[str]
    parts: frozenset[str] | None
    csrf: str
    must_change: bool
    must_second: bool = False

    def may(self, permission: str) -> bool:
        return permission in self.permissions


def paused(connection: Connection, name: str, address: str) -> bool:
    """Whether too many logins failed of late for this account or from this address."""
    since = datetime.now(UTC) - PAUSE
    connection.execute(delete(login_failures).where(login_failures.c.at < since))
    for key, most in (_keys(name, address)[0], PER_ACCOUNT), (_keys(name, address)[1], PER_ADDRESS):
        query = select(func.count()).select_from(login_failures).where(login_failures.c.key == key)
        if int(connection.execute(query).scalar() or 0) >= most:
            return True
    return False


def paused_accounts(connection: Connection) -> frozenset[str]:
    """Names of accounts that have to wait because of failures."""
    since = datetime.now(UTC) - PAUSE
    query = select(login_failures.c.key).where(login_failures.c.at >= since).group_by(login_failures.c.key)
    many = set(connection.execute(query.having(func.count() >= PER_ACCOUNT)).scalars())
    names = connection.execute(select(accounts.c.name)).scalars()
    return frozenset(name for name in names if _keys(name, "")[0] in many)


def lift_pause(connection: Connection, by: str, name: str) -> None:
    """Let the account log in again at once. The pause of an address stays. AccountFault for an unknown account."""
    find(connection, name)
    connection.execute(delete(login_failures).where(login_failures.c.key == _keys(name, "")[0]))
    audited(connection, by, "login.lift", f"account:{name}")


def failed(connection: Connection, name: str, address: str) -> None:
    """Count a failure. The name as typed is not kept: people type passwords there."""
    rows = [{"key": key, "at": datetime.now(UTC)} for key in _keys(name, address)]
    connection.execute(insert(login_failures), rows)
    known = connection.execute(select(accounts.c.name).where(accounts.c.name == name)).scalar()
    audited(connection, NOBODY, "login.fail", f"account:{known or '?'}")


def begin(connection: Connection, account_id: str, name: str, old: str | None) -> str:
    """A new session in place of ``old``; returns the cookie's value, which is not kept."""
    cookie, now = secrets.token_urlsafe(32), datetime.now(UTC)
    if old:
        connection.execute(delete(desk_sessions).where(desk_sessions.c.id_hash == _hashed(old)))
    row = {"id_hash": _hashed(cookie), "account_id": account_id, "csrf": secrets.token_urlsafe(32)}
    connection.execute(insert(desk_sessions).values(**row, created_at=now, seen_at=now))
    connection.execute(delete(login_failures).where(login_failures.c.key == _keys(name, "")[0]))
    audited(connection, name, "login", f"account:{name}")
    return cookie


def end(connection: Connection, cookie: str, name: str) -> None:
    """Log out."""
    connection.execute(delete(desk_sessions).where(desk_sessions.c.id_hash == _hashed(cookie)))
    audited(connection, name, "logout", f"account:{name}")


def staff_of(connection: Connection, cookie: str, hours: int) -> Staff | None:
    """Who this cookie belongs to; None when nobody: unknown, idle too long, older than ``hours``, account closed."""
    now = datetime.now(UTC)
    query = (
        select(desk_sessions, accounts.c.must_change, second_factors.c.required, second_factors.c.confirmed_at)
        .join(accounts, accounts.c.id == desk_sessions.c.account_id)
        .outerjoin(second_factors, second_factors.c.account_id == accounts.c.id)
        .where(
            desk_sessions.c.id_hash == _hashed(cookie),
            desk_sessions.c.created_at > now - timedelta(hours=hours),
            desk_sessions.c.seen_at > now - IDLE,
            accounts.c.disabled_at.is_(None),
        )
    )
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    if row.seen_at < now - SEEN_EVERY:
        mine = desk_sessions.c.id_hash == row.id_hash
        connection.execute(update(desk_sessions).where(mine).values(seen_at=now))
    (account,) = listed(connection, row.account_id)
    due = row.required is True and row.confirmed_at is None
    return Staff(
        account.id, account.name, account.shown, account.permissions, account.parts, row.csrf, row.must_change, due
    )


def _hashed(cookie: str) -> str:
    return hashlib.sha256(cookie.encode("utf-8", "surrogatepass")).hexdigest()


def _keys(name: str, address: str) -> tuple[str, str]:
    return _hashed(f"name\n{name}"), _hashed(f"address\n{address}")
