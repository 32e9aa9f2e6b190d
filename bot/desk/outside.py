"""Accounts of an outside provider and the desk's accounts: linked by the person themselves, who holds both.

Nobody is created here and no role comes from outside. Functions work inside the caller's transaction and write their audit row
there.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, insert, select

from bot.desk import second_factor
from bot.desk.accounts import AccountFault, find, may_touch
from bot.desk.audit import audited
from bot.desk.oidc import Identity
from bot.desk.tables import accounts, outside_identities, outside_logins

WAITS = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Journey:
    """A browser on its way to the provider and back. ``cookie`` binds the way back to this browser."""

    state: str
    cookie: str
    nonce: str
    verifier: str


@dataclass(frozen=True, slots=True)
class Return:
    """What was noted when the browser set out. ``account_id``: the account that is to be linked, None for a login."""

    nonce: str
    verifier: str
    account_id: str | None


def set_out(connection: Connection, account_id: str | None) -> Journey:
    """Note a new journey; those that never came back are forgotten."""
    connection.execute(delete(outside_logins).where(outside_logins.c.at < datetime.now(UTC) - WAITS))
    journey = Journey(*(secrets.token_urlsafe(32) for _ in range(4)))
    hashes = {"state_hash": _hashed(journey.state), "cookie_hash": _hashed(journey.cookie)}
    connection.execute(
        insert(outside_logins).values(
            **hashes, nonce=journey.nonce, verifier=journey.verifier, account_id=account_id, at=datetime.now(UTC)
        )
    )
    return journey


def came_back(connection: Connection, state: str, cookie: str) -> Return | None:
    """What was noted of this journey, which is over now. None for an unknown, old or used one, or another browser's."""
    mine = outside_logins.c.state_hash == _hashed(state)
    row = connection.execute(select(outside_logins).where(mine)).one_or_none()
    if row is None or connection.execute(delete(outside_logins).where(mine)).rowcount != 1:
        return None
    if row.at < datetime.now(UTC) - WAITS or not hmac.compare_digest(row.cookie_hash, _hashed(cookie)):
        return None
    return Return(row.nonce, row.verifier, row.account_id)


def link(connection: Connection, account_id: str, identity: Identity) -> None:
    """From now on ``identity`` logs in to this account. AccountFault when either is linked already or the account is closed."""
    row = connection.execute(select(accounts.c.name, accounts.c.disabled_at).where(accounts.c.id == account_id)).one()
    if row.disabled_at is not None:
        raise AccountFault("这个账号停用了。")
    if linked(connection, account_id):
        raise AccountFault("您的账号已经绑定了一个统一登录账号，要换先解除。")
    if _owner(connection, identity) is not None:
        raise AccountFault("这个统一登录账号已经绑定了别的坐席账号。")
    values = {"issuer": identity.issuer, "subject": identity.subject, "linked_at": datetime.now(UTC)}
    connection.execute(insert(outside_identities).values(account_id=account_id, **values))
    audited(connection, row.name, "outside.link", f"account:{row.name}")


def unlink(connection: Connection, by: str, name: str) -> None:
    """Only the password logs in again. AccountFault when nothing is linked, or for an administrator's from the wrong person."""
    may_touch(connection, by, name)
    mine = outside_identities.c.account_id == find(connection, name).id
    if connection.execute(delete(outside_identities).where(mine)).rowcount != 1:
        raise AccountFault("没有绑定统一登录账号。")
    audited(connection, by, "outside.unlink", f"account:{name}")


def linked(connection: Connection, account_id: str) -> bool:
    """Does an outside account log in to this one?"""
    query = select(outside_identities.c.account_id).where(outside_identities.c.account_id == account_id)
    return connection.execute(query).first() is not None


def account_of(connection: Connection, identity: Identity) -> tuple[str, str]:
    """Id and name of the account that ``identity`` logs in to. AccountFault says why it does not."""
    account_id = _owner(connection, identity)
    row = None
    if account_id is not None:
        row = connection.execute(select(accounts).where(accounts.c.id == account_id)).one()
    if row is None or row.disabled_at is not None:
        raise AccountFault(
            "这个统一登录账号没有绑定坐席账号。先用密码登录，再在“统一登录”里绑定；没有坐席账号的，找管理员开。"
        )
    second = second_factor.of_account(connection, row.id)
    if (second.on or second.required) and not identity.second:
        raise AccountFault("您的账号要两步验证，统一登录那边没有做第二步。请用密码和动态验证码登录。")
    return row.id, row.name


def _owner(connection: Connection, identity: Identity) -> str | None:
    query = select(outside_identities.c.account_id).where(
        outside_identities.c.issuer == identity.issuer, outside_identities.c.subject == identity.subject
    )
    found = connection.execute(query).scalar()
    return None if found is None else str(found)


def _hashed(value: str) -> str:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
