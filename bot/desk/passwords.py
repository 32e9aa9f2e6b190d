"""Passwords: argon2id, at least ten characters, not the account's own name."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST, LONGEST = 10, 200
_HASHER = PasswordHasher()  # argon2id with the parameters of RFC 9106
# Somebody who does not exist is checked as slowly as somebody who does.
_NOBODY = _HASHER.hash(secrets.token_urlsafe(16))


def hashed(password: str) -> str:
    """As it is stored; takes a good part of a tenth of a second, on purpose."""
    return _HASHER.hash(password)


def fits(stored: str | None, password: str) -> bool:
    """Whether ``password`` is the one that was ``stored``; None stands for an account that does not exist."""
    try:
        return _HASHER.verify(stored or _NOBODY, password[:LONGEST]) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def fault(password: str, name: str) -> str:
    """What is wrong with a new password, empty when nothing is."""
    if not SHORTEST <= len(password) <= LONGEST:
        return f"密码要 {SHORTEST} 到 {LONGEST} 个字符。"
    if name.lower() in password.lower() or len(set(password)) < 5:
        return "密码里不要有用户名，也不要老是同几个字符。"
    return ""


def first_password() -> str:
    """For an account that was just made or reset; it has to be changed at the first login."""
    return secrets.token_urlsafe(12)
