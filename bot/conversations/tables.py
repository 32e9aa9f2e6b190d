"""Tables of conversations, turns, feedback, handover and the WeChat channel. The desk's own are bot/desk/tables.py. Changes go through alembic (migrations/), never through create_all."""

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

MATTER = 64

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
    Column("matter", String(MATTER)),  # what the answer is about, for counting
    Column("town", String(32)),  # where it is about, never finer than a town, for counting
    UniqueConstraint("conversation_id", "client_turn_id"),
    UniqueConstraint("conversation_id", "number", name="uq_turns_number"),
    Index("ix_turns_created_at", "created_at"),
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

# One verdict a turn, from whichever channel; ``reason`` is masked.
feedback = Table(
    "feedback",
    metadata,
    Column("turn_id", String(64), ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("verdict", String(16), nullable=False),
    Column("reason", Text, nullable=False),
    Column("given_at", UtcDateTime, nullable=False),
)

# Who writes to us is kept as a keyed hash only. ``offered`` are the choices last shown, in their order, ``rated_turn`` the
# turn that 满意 or 不满意 would be about.
wechat_users = Table(
    "wechat_users",
    metadata,
    Column("openid_hash", String(64), primary_key=True),
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("offered", JSON, nullable=False),
    Column("rated_turn", String(64)),
    Index("ix_wechat_users_conversation_id", "conversation_id"),
)

# Every message seen, and what was replied: empty while it is worked on by ``owner``, whose claim ends at ``leased_until``.
wechat_messages = Table(
    "wechat_messages",
    metadata,
    Column("key", String(64), primary_key=True),
    Column("received_at", UtcDateTime, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("owner", String(32), nullable=False),
    Column("leased_until", UtcDateTime, nullable=False),
    Column("reply", Text),
    Index("ix_wechat_messages_received_at", "received_at"),
)

# A nonce belongs to one message: deliveries of that message may repeat it, another message may not.
wechat_nonces = Table(
    "wechat_nonces",
    metadata,
    Column("nonce", String(64), primary_key=True),
    Column("message_key", String(64), nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_wechat_nonces_seen_at", "seen_at"),
)

# The access token is encrypted; ``locked_until`` is the lock under which one process renews it.
wechat_tokens = Table(
    "wechat_tokens",
    metadata,
    Column("app_id", String(32), primary_key=True),
    Column("sealed", Text, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("locked_until", UtcDateTime, nullable=False),
)

# Links to answers: the hash of the link's id, and the turn by the names it had before it was answered.
answer_pages = Table(
    "answer_pages",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("client_turn_id", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index("ix_answer_pages_conversation_id", "conversation_id"),
    Index("ix_answer_pages_expires_at", "expires_at"),
)

# Who answers: a row from the first time that staff are wanted. ``state`` is waiting, staff, bot or closed; ``reason`` why staff
# are wanted; ``since`` when the wait began. Of WeChat: ``contact`` is the openid, encrypted, there only while staff may write;
# ``heard_at`` the last message, ``sent`` how many of ours followed it.
handovers = Table(
    "handovers",
    metadata,
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), primary_key=True),
    Column("state", String(16), nullable=False),
    Column("reason", String(16), nullable=False),
    Column("since", UtcDateTime, nullable=False),
    Column("account_id", String(64)),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("misses", Integer, nullable=False),
    Column("contact", Text, nullable=False),
    Column("heard_at", UtcDateTime),
    Column("sent", Integer, nullable=False),
    Index("ix_handovers_state", "state"),
)
