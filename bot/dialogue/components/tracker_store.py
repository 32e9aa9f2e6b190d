"""Rasa's conversations in the same SQL table as Rasa's own store, without the ORM, and forgotten after some days.

Building mapped objects and sessions was the largest part of a turn. The conversation that counts (what the resident
asked, what we answered) is stored by the service; this table only lets a dialogue go on after a restart of Rasa.
"""

from __future__ import annotations

import json
import time
from typing import Any

import sqlalchemy as sa
from rasa.core.tracker_store import SQLTrackerStore
from rasa.shared.core.events import BotUttered, Event, SessionStarted
from rasa.shared.core.trackers import DialogueStateTracker
from sqlalchemy.engine import Engine
from sqlalchemy.pool import QueuePool

DAY = 24 * 60 * 60
TRACKERS_KEPT = 256
EVENTS = SQLTrackerStore.SQLEvent.__table__

# Built once: putting a statement together takes longer than SQLite takes to run it.
_MINE = EVENTS.c.sender_id == sa.bindparam("sender")
_SESSION_STARTED = (
    sa.select(sa.func.max(EVENTS.c.timestamp))
    .where(_MINE, EVENTS.c.type_name == SessionStarted.type_name)
    .scalar_subquery()
)
_IN_SESSION = sa.and_(_MINE, EVENTS.c.timestamp >= sa.func.coalesce(_SESSION_STARTED, 0))
_COUNT_SESSION = sa.select(sa.func.count()).select_from(EVENTS).where(_IN_SESSION)
_READ_SESSION = sa.select(EVENTS.c.data).where(_IN_SESSION).order_by(EVENTS.c.id)
_READ_ALL = sa.select(EVENTS.c.data).where(_MINE).order_by(EVENTS.c.id)
_INSERT = EVENTS.insert()
_FORGET = EVENTS.delete().where(EVENTS.c.timestamp < sa.bindparam("before"))


class PlainSQLTrackerStore(SQLTrackerStore):
    """SQLTrackerStore with plain statements; rows are the same, so one can change back and forth.

    ``keep_days``: rows older than that are deleted at start and then once a day.
    """

    def __init__(self, *args: Any, keep_days: float = 7, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._keep_seconds = float(keep_days) * DAY
        self._next_forgetting = 0.0
        self._kept: dict[str, tuple[Any, DialogueStateTracker]] = {}
        if self.engine.dialect.name == "sqlite":
            self.engine = _sqlite_engine(self.engine)
        self._forget()

    async def _retrieve(self, sender_id: str, fetch_events_from_all_sessions: bool) -> DialogueStateTracker | None:
        query = _READ_ALL if fetch_events_from_all_sessions else _READ_SESSION
        kept = None if fetch_events_from_all_sessions else self._unchanged(sender_id)
        if kept is not None:
            return kept
        with self.engine.connect() as connection:
            rows = connection.execute(query, {"sender": sender_id}).scalars().all()
        if not rows or not self.domain:
            return None
        return DialogueStateTracker.from_dict(sender_id, [json.loads(row) for row in rows], self.domain.slots)

    def _unchanged(self, sender_id: str) -> DialogueStateTracker | None:
        """The tracker as it was saved last, when it is still what the table holds: reading it back costs more than a
        turn's whole understanding. Whoever takes it has it alone; it is kept again when it is saved again.
        """
        domain, tracker = self._kept.pop(sender_id, (None, None))
        if tracker is None or domain is not self.domain:
            return None
        # Rows are only ever added, so the same number means that no other worker wrote any. After a new session there
        # are fewer, and the old ones are to be forgotten.
        with self.engine.connect() as connection:
            count = connection.execute(_COUNT_SESSION, {"sender": sender_id}).scalar_one()
        return tracker if count == len(tracker.events) else None

    async def save(self, tracker: DialogueStateTracker) -> None:
        await self.stream_events(tracker)
        with self.engine.begin() as connection:
            count = connection.execute(_COUNT_SESSION, {"sender": tracker.sender_id}).scalar_one()
            rows = [_row(tracker.sender_id, event) for event in list(tracker.events)[count:]]
            if rows:
                connection.execute(_INSERT, rows)
        self._kept[tracker.sender_id] = (self.domain, tracker)
        if len(self._kept) > TRACKERS_KEPT:
            self._kept.pop(next(iter(self._kept)))
        self._forget()

    def _forget(self) -> None:
        now = time.time()
        if now < self._next_forgetting:
            return
        self._next_forgetting = now + DAY
        with self.engine.begin() as connection:
            connection.execute(_FORGET, {"before": now - self._keep_seconds})


def _row(sender_id: str, event: Event) -> dict[str, Any]:
    data = event.as_dict()
    if isinstance(event, BotUttered):
        data = {**data, "data": {}}  # whole answers, which the service stores anyway
    return {
        "sender_id": sender_id,
        "type_name": event.type_name,
        "timestamp": data.get("timestamp"),
        "intent_name": data.get("parse_data", {}).get("intent", {}).get("name"),
        "action_name": data.get("name"),
        "data": json.dumps(data),
    }


def _sqlite_engine(stock: Engine) -> Engine:
    """Keeps its connection (SQLAlchemy 1.4 opens the file anew each time) and waits for no disk at each turn."""
    engine = sa.create_engine(stock.url, poolclass=QueuePool, connect_args={"check_same_thread": False})
    stock.dispose()

    @sa.event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        # NORMAL with WAL: a power cut may lose the last turns of a dialogue, never the file.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA busy_timeout=5000")
        connection.execute("PRAGMA secure_delete=ON")  # what is forgotten is overwritten

    return engine
