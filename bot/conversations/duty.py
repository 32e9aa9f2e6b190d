"""Who is on duty when, so that residents are told honestly whether somebody is there."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import Connection, select

from bot.desk.tables import accounts, duty


def on_duty(connection: Connection, moment: datetime | None = None) -> bool | None:
    """Whether somebody is on duty at ``moment`` (now); None when no duty was ever entered, so nobody uses the desk."""
    now = moment or datetime.now(UTC)
    if connection.execute(select(duty.c.id).limit(1)).first() is None:
        return None
    there = (
        select(duty.c.id)
        .join(accounts, accounts.c.id == duty.c.account_id)
        .where(duty.c.starts_at <= now, duty.c.ends_at > now, accounts.c.disabled_at.is_(None))
        .limit(1)
    )
    return connection.execute(there).first() is not None
