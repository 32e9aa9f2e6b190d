"""The second step of a login: a code of an authenticator app (TOTP), or a recovery code. Each is good once."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import pyotp
from sqlalchemy import Connection, delete, insert, select, update

from bot.desk.accounts import AccountFault, find, may_touch
from bot.desk.audit import audited
from bot.desk.tables import recovery_codes, second_factors

STEP = 30  # seconds that a code stands for
CODES = 10
ISSUER = "殷法问"
_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that look alike


@dataclass(frozen=True, slots=True)
class SecondFactor:
    """``on``: a code is asked for at the login. ``required``: the account gets no further without setting it up."""

    on: bool
    required: bool
    codes_left: int = 0

    @property
    def due(self) -> bool:
        return self.required and not self.on


def of_account(connection: Connection, account_id: str) -> SecondFactor:
    """How it stands for one account."""
    row = connection.execute(select(second_factors).where(second_factors.c.account_id == account_id)).one_or_none()
    if row is None:
        return SecondFactor(False, False)
    codes = select(recovery_codes.c.code_hash).where(recovery_codes.c.account_id == account_id)
    return SecondFactor(row.confirmed_at is not None, row.required, len(connection.execute(codes).all()))


def start(connection: Connection, account_id: str, name: str) -> str:
    """A new secret, as the address that apps read; it counts once a code of it was given. AccountFault when it is on."""
    if of_account(connection, account_id).on:
        raise AccountFault("已经开通了，要换手机请先关掉。")
    secret = pyotp.random_base32()
    _put(connection, account_id, secret=secret, confirmed_at=None, last_step=0)
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=ISSUER)


def waiting(connection: Connection, account_id: str, name: str) -> str:
    """The address of a secret that was started and not confirmed; empty when there is none."""
    row = connection.execute(select(second_factors).where(second_factors.c.account_id == account_id)).one_or_none()
    if row is None or not row.secret or row.confirmed_at is not None:
        return ""
    return pyotp.TOTP(row.secret).provisioning_uri(name=name, issuer_name=ISSUER)


def confirm(connection: Connection, account_id: str, name: str, code: str) -> list[str] | None:
    """Switch it on and return the recovery codes, which are kept as hashes only. None when the code is wrong."""
    if of_account(connection, account_id).on or not _code_fits(connection, account_id, code):
        return None
    _put(connection, account_id, confirmed_at=datetime.now(UTC))
    codes = ["-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4)) for _ in range(CODES)]
    _forget_codes(connection, account_id)
    connection.execute(
        insert(recovery_codes), [{"code_hash": _hashed(code), "account_id": account_id} for code in codes]
    )
    audited(connection, name, "second-factor.on", f"account:{name}")
    return codes


def passes(connection: Connection, account_id: str, name: str, code: str) -> bool:
    """Whether somebody with the right password gets in with ``code``, which is then used up. True without a second step."""
    if not of_account(connection, account_id).on:
        return True
    if _code_fits(connection, account_id, code):
        return True
    mine = (recovery_codes.c.code_hash == _hashed(code)) & (recovery_codes.c.account_id == account_id)
    if connection.execute(delete(recovery_codes).where(mine)).rowcount != 1:
        return False
    audited(connection, name, "second-factor.recover", f"account:{name}")
    return True


def switch_off(connection: Connection, account_id: str, name: str) -> None:
    """For the person, who gave password and code. AccountFault when an administrator requires it."""
    if of_account(connection, account_id).required:
        raise AccountFault("管理员要求用动态验证码，不能关。换了手机请找管理员重置。")
    _clear(connection, account_id)
    audited(connection, name, "second-factor.off", f"account:{name}")


def reset(connection: Connection, by: str, name: str) -> None:
    """Another administrator (or the command) helps somebody who lost telephone and codes. AccountFault."""
    if by == name:
        raise AccountFault("自己的动态验证码要由另一位管理员来重置。")
    may_touch(connection, by, name)
    _clear(connection, find(connection, name).id)
    audited(connection, by, "second-factor.reset", f"account:{name}")


def require(connection: Connection, by: str, name: str, required: bool) -> None:
    """Whether the account has to use it. AccountFault."""
    if by == name and not required:
        raise AccountFault("对自己的要求要由另一位管理员来取消。")
    may_touch(connection, by, name)
    _put(connection, find(connection, name).id, required=required)
    audited(connection, by, "second-factor.require" if required else "second-factor.allow", f"account:{name}")


def _code_fits(connection: Connection, account_id: str, code: str) -> bool:
    """A code of now, of the half minute before or after. The step only goes forward, so no code is good twice, not even
    when two come at the same moment."""
    row = connection.execute(select(second_factors).where(second_factors.c.account_id == account_id)).one_or_none()
    code = code.replace(" ", "")
    if row is None or not row.secret or not (code.isascii() and code.isdigit() and len(code) == 6):
        return False
    current, totp = int(time.time()) // STEP, pyotp.TOTP(row.secret)
    fitting = [step for step in (current - 1, current, current + 1) if hmac.compare_digest(totp.at(step * STEP), code)]
    if not fitting:
        return False
    newer = (second_factors.c.account_id == account_id) & (second_factors.c.last_step < fitting[-1])
    return connection.execute(update(second_factors).where(newer).values(last_step=fitting[-1])).rowcount == 1


def _put(connection: Connection, account_id: str, **values: object) -> None:
    mine = second_factors.c.account_id == account_id
    if connection.execute(update(second_factors).where(mine).values(values)).rowcount == 0:
        row = {"account_id": account_id, "required": False, "secret": "", "last_step": 0} | values
        connection.execute(insert(second_factors), row)


def _clear(connection: Connection, account_id: str) -> None:
    _put(connection, account_id, secret="", confirmed_at=None, last_step=0)
    _forget_codes(connection, account_id)


def _forget_codes(connection: Connection, account_id: str) -> None:
    connection.execute(delete(recovery_codes).where(recovery_codes.c.account_id == account_id))


def _hashed(code: str) -> str:
    """Eighty random bits need no slow hash."""
    plain = "".join(char for char in code.upper() if char in _LETTERS)
    return hashlib.sha256(plain.encode()).hexdigest()
