"""The audit log: who did what to which object. Written in the transaction of the change, never changed afterwards."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert

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
