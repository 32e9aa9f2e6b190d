"""Erasing conversations whose time is over, unless the clock is not to be believed.

A clock put forward would erase what is still to be kept, and nothing brings it back. So each erasing is noted in the audit log, and
the next one is done only when the time since then can be true. Otherwise it waits for a person (``python -m bot retention``) or for
the clock to come right, and says so in the log, at /readyz, in the metrics and to the doctor.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, func, select, update
from sqlalchemy.exc import SQLAlchemyError

from bot import metrics
from bot.conversations.store import ConversationStore, erase_before
from bot.conversations.tables import conversations
from bot.desk.audit import audited
from bot.desk.tables import audit

log = logging.getLogger(__name__)

SERVICE = "(service)"
ACTION = "retention.erase"
# Seconds until the next erasing; until a clock that was not believed is looked at again.
EVERY, AGAIN = 24 * 3600.0, 3600.0
BEHIND = timedelta(days=1)
NOTED = timedelta(hours=12)  # replicas and restarts need not note more often


@dataclass(frozen=True, slots=True)
class Doubt:
    """The clock says ``now`` although ``last`` was the newest moment known: of an erasing, or else of a conversation."""

    last: datetime
    now: datetime

    def __str__(self) -> str:
        return f"{self.last:%FT%TZ} -> {self.now:%FT%TZ}"


def last_erasing(connection: Connection) -> datetime | None:
    """When it was done last, by the number of its row and not by its date, which a wrong clock may have written."""
    query = select(audit.c.at).where(audit.c.action == ACTION).order_by(audit.c.id.desc()).limit(1)
    moment: datetime | None = connection.execute(query).scalar()
    return moment


def doubt(connection: Connection, days: int, now: datetime) -> Doubt | None:
    """Why ``now`` is not to be believed; None when it may be true, or there is nothing to lose.

    A machine may have been switched off for a sixth of the retention, at least two days: what a clock that leaps less than that
    erases is erased so much too early. The clock may go back by a day.
    """
    newest = connection.execute(select(func.max(conversations.c.last_turn_at))).scalar()
    last = newest and (last_erasing(connection) or newest)
    if last is None or last - BEHIND <= now <= last + timedelta(days=max(2, days / 6)):
        return None
    return Doubt(last, now)


def due(connection: Connection, days: int, now: datetime) -> int:
    """How many conversations are older than that."""
    old = conversations.c.last_turn_at < now - timedelta(days=days)
    return int(connection.execute(select(func.count()).select_from(conversations).where(old)).scalar() or 0)


def erase(connection: Connection, days: int, now: datetime, by: str) -> int:
    """Erase what is due and note that it was done; returns how many conversations."""
    if connection.execute(select(conversations.c.id).limit(1)).first() is None:
        return 0
    last = last_erasing(connection)
    erased = erase_before(connection, now - timedelta(days=days))
    # Written while the clock was wrong: such a conversation is as old as today at most, and must not be kept for years.
    ahead = update(conversations).where(conversations.c.last_turn_at > now + BEHIND)
    connection.execute(ahead.values(last_turn_at=now))
    if erased or last is None or abs(now - last) > NOTED:
        audited(connection, by, ACTION, "conversations", {"erased": erased, "days": days})
    return erased


class Retention:
    """The daily erasing of one service; ``doubted`` is why it waits, None when it does not."""

    def __init__(self, store: ConversationStore, days: int) -> None:
        self._store, self._days = store, days
        self.doubted: Doubt | None = None

    async def once(self) -> int:
        """Erase what is due; nothing while the clock is doubted. Raises SQLAlchemyError."""

        def work(connection: Connection) -> int | Doubt:
            now = datetime.now(UTC)
            return doubt(connection, self._days, now) or erase(connection, self._days, now, SERVICE)

        done = await self._store.erasing(work)
        self.doubted = done if isinstance(done, Doubt) else None
        metrics.CLOCK_DOUBTED.set(self.doubted is not None)
        return 0 if isinstance(done, Doubt) else done

    async def daily(self) -> None:
        """For ever."""
        while True:
            try:
                erased = await self.once()
                if self.doubted is None:
                    log.info("erased %d conversations older than %d days", erased, self._days)
                else:
                    log.error(
                        "the clock leapt (%s): nothing is erased until it is right again, or confirmed by: "
                        "python -m bot retention --clock-is-right",
                        self.doubted,
                    )
            except SQLAlchemyError:
                log.exception("erasing old conversations failed, trying again tomorrow")
            await asyncio.sleep(EVERY if self.doubted is None else AGAIN)
