"""Tables of conversations and turns. Changes go through alembic (migrations/), never through create_all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetimes in and out: SQLite forgets the time zone, PostgreSQL does not."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("channel", String(16), nullable=False),
    Column("token_hash", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("last_turn_at", UtcDateTime, nullable=False),
    Index("ix_conversations_last_turn_at", "last_turn_at"),
)

# ``text`` is always the masked text. ``answer`` is empty while the turn is being answered, or after a crash meanwhile.
turns = Table(
    "turns",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("client_turn_id", String(64), nullable=False),
    Column("text", Text, nullable=False),
    Column("masked", JSON, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("answered_at", UtcDateTime),
    Column("status", String(16)),
    Column("reason", String(32)),
    Column("release", String(64)),
    Column("engine", String(16)),
    Column("answer", JSON),
    UniqueConstraint("conversation_id", "client_turn_id"),
    UniqueConstraint("conversation_id", "number", name="uq_turns_number"),
)

# Numbers left for a call back. ``contact`` is encrypted, ``shown`` masked (138****5678), ``consent`` the version of the text
# that was agreed to. Apart from the turns, whose text never holds the number.
callbacks = Table(
    "callbacks",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("shown", String(32), nullable=False),
    Column("contact", Text, nullable=False),
    Column("consent", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    Index("ix_callbacks_conversation_id", "conversation_id"),
)
