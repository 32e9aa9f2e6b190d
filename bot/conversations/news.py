"""News between replicas: PostgreSQL tells every replica which conversation has news (LISTEN/NOTIFY).

The notice is sent in the transaction that makes the news, so it comes exactly when there is something to read. With SQLite
there is one replica only, and its own bell is enough.
"""

from __future__ import annotations

import asyncio
import logging

import psycopg
from sqlalchemy import Connection, Engine, func, select

from bot.conversations.events import Bell

CHANNEL = "yinfawen_news"
DESK = "desk"  # what the desk's bell rings for: the inbox changed
PAUSE = 1.0  # seconds until a lost connection is tried again

log = logging.getLogger(__name__)


def tell(connection: Connection, conversation_id: str) -> None:
    """Tell all replicas, once this transaction is committed. Does nothing on SQLite."""
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(CHANNEL, conversation_id)))


async def listen(engine: Engine, bell: Bell, desk: Bell | None = None) -> None:
    """Ring ``bell``, or ``desk`` for news of the inbox, at what any replica tells, until cancelled; after a break everybody is woken to look for themselves."""
    # Ours is psycopg's own asynchronous connection: it waits without a thread. SQLAlchemy's driver prefix is not its.
    address = engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            connection = await psycopg.AsyncConnection.connect(address, autocommit=True, connect_timeout=5)
            async with connection:
                await connection.execute(f"LISTEN {CHANNEL}")
                for one in filter(None, (bell, desk)):
                    one.ring_all()
                async for notice in connection.notifies():
                    if notice.payload != DESK:
                        bell.ring(notice.payload)
                    elif desk is not None:
                        desk.ring(DESK)
        except psycopg.Error as error:
            log.warning("no news from other replicas, trying again: %s", error.__class__.__name__)
        await asyncio.sleep(PAUSE)
