"""The audit log: who did what to which object. Written in the transaction of the change, never changed afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, select

from bot.desk.tables import audit

COMMAND = "(command)"
NOBODY = "(nobody)"


def audited(
    connection: Connection, account: str, action: str, object: str, details: dict[str, Any] | None = None
) -> None:
    """Note ``action`` (``noun.verb``) on ``object`` (``noun:id``) by the account named ``account``.

    Call it inside the transaction that makes the change: both stand or neither. ``details`` must hold no words of
    residents, no personal numbers and no passwords.
    """
    row = {"at": datetime.now(UTC), "account": account, "action": action, "object": object[:128]}
    connection.execute(insert(audit).values(**row, details=details or {}))


def noted_lately(
    connection: Connection, account: str, action: str, object: str, minutes: int = 10
) -> dict[str, Any] | None:
    """The details of the newest such row of the last ``minutes``; None when there is none. For pages that renew themselves."""
    since = datetime.now(UTC) - timedelta(minutes=minutes)
    query = (
        select(audit.c.details)
        .where(audit.c.object == object, audit.c.account == account, audit.c.action == action, audit.c.at > since)
        .order_by(audit.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return dict(row.details) if row is not None else None
