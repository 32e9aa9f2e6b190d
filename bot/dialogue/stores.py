"""Rasa's stores for one worker or many: on SQLite those of components/, on PostgreSQL the same with locks that all workers see.

``YINFAWEN_RASA_DATABASE_URL`` (given by the supervisor when the service has PostgreSQL) decides. Runs in Rasa's environment.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from rasa.core.lock import TicketLock
from rasa.core.lock_store import LOCK_LIFETIME, LockError
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import OperationalError

from bot.dialogue.components.lock_store import AsyncioLockStore
from bot.dialogue.components.tracker_store import PlainSQLTrackerStore

AT_ONCE = 16  # turns of one worker
_WAIT = sa.text("SELECT set_config('lock_timeout', :milliseconds, true)")
_TAKE = sa.text("SELECT pg_advisory_xact_lock(hashtextextended(:conversation, 0))")


def _shared() -> str:
    return os.environ.get("YINFAWEN_RASA_DATABASE_URL", "")


def _engine(url: Any) -> Engine:
    """Connections are tried before they are used, so that a restart of PostgreSQL costs no turn; nothing hangs."""
    arguments = {"connect_timeout": 3, "options": "-c statement_timeout=60000"}
    return sa.create_engine(url, pool_pre_ping=True, pool_size=AT_ONCE, max_overflow=0, connect_args=arguments)


class SharedTrackerStore(PlainSQLTrackerStore):
    """PlainSQLTrackerStore on whichever database there is."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "host": _shared() or None})
        if self.engine.dialect.name == "postgresql":
            stock, self.engine = self.engine, _engine(self.engine.url)
            stock.dispose()


class SharedLockStore(AsyncioLockStore):
    """AsyncioLockStore; with PostgreSQL, workers also wait for each other by an advisory lock of the conversation.

    The lock belongs to a transaction: PostgreSQL gives it back when the worker dies. Raises LockError when it is not free
    within ``lock_lifetime`` seconds, SQLAlchemyError when the database is down.
    """

    def __init__(self, endpoint_config: Any = None) -> None:
        super().__init__(endpoint_config)
        self._engine = _engine(_shared()) if _shared() else None
        # Threads of their own: whoever waits here must not keep others from their work.
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="locks")

    @asynccontextmanager
    async def lock(
        self, conversation_id: str, lock_lifetime: float = LOCK_LIFETIME, wait_time_in_seconds: float = 1
    ) -> AsyncGenerator[TicketLock, None]:
        async with super().lock(conversation_id, lock_lifetime, wait_time_in_seconds) as ticket:
            if self._engine is None:
                yield ticket
                return
            taking = asyncio.get_running_loop().run_in_executor(
                self._threads, _take, self._engine, conversation_id, lock_lifetime
            )
            try:
                connection = await asyncio.shield(taking)
            except asyncio.CancelledError:  # the lock may still come: then it goes back at once
                taking.add_done_callback(_give_back)
                raise
            try:
                yield ticket
            finally:
                connection.close()


def _take(engine: Engine, conversation_id: str, seconds: float) -> Connection:
    """A connection whose transaction holds the lock."""
    connection = engine.connect()
    try:
        connection.execute(_WAIT, {"milliseconds": str(int(seconds * 1000))})
        connection.execute(_TAKE, {"conversation": conversation_id})
    except OperationalError as error:
        connection.close()
        if getattr(error.orig, "pgcode", None) == "55P03":  # lock_not_available
            raise LockError(f"Could not acquire the lock of a conversation within {seconds} s.") from error
        raise
    return connection


def _give_back(taking: asyncio.Future[Connection]) -> None:
    if not taking.cancelled() and taking.exception() is None:
        taking.result().close()
