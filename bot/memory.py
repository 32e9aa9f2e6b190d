"""The dialogue engine's memory of a conversation, for erasing: the rows of its tracker store, in its file or PostgreSQL."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from pathlib import Path

from sqlalchemy import Connection, bindparam, inspect, text

from bot.conversations.scrub import OVERWRITE, empty_log_of
from bot.conversations.store import ConversationStore
from bot.engine import Memory
from bot.settings import Settings

_ERASE = text("DELETE FROM events WHERE sender_id = :sender").bindparams(bindparam("sender"))


def of(settings: Settings, store: ConversationStore) -> Memory:
    """Erases a conversation's dialogue where Rasa keeps it with these settings."""
    if store.shared:
        return lambda conversation_id: store.run(lambda connection: _erase_shared(connection, conversation_id))
    file = settings.data_dir / "rasa" / "rasa.db"
    return lambda conversation_id: asyncio.to_thread(_erase_in_file, file, conversation_id)


def _erase_shared(connection: Connection, conversation_id: str) -> None:
    if inspect(connection).has_table("events"):  # made by Rasa at its first start
        connection.execute(_ERASE, {"sender": conversation_id})


def _erase_in_file(file: Path, conversation_id: str) -> None:
    if not file.is_file():
        return
    with contextlib.closing(sqlite3.connect(file, timeout=5)) as connection:
        connection.execute(f"PRAGMA {OVERWRITE}")
        with connection:
            if connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'events'").fetchone():
                connection.execute("DELETE FROM events WHERE sender_id = ?", [conversation_id])
        empty_log_of(connection)
