"""Tables of the knowledge administration."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Index, Integer, String, Table, Text, UniqueConstraint

from bot.conversations.tables import UtcDateTime, metadata

# One row for each version of an entry. ``body`` is what the content file would hold, empty when the entry takes a record
# away. ``author`` and ``reviewer`` are names of accounts, which outlive the accounts.
knowledge_entries = Table(
    "knowledge_entries",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("key", String(128), nullable=False),
    Column("version", Integer, nullable=False),
    Column("body", JSON(none_as_null=True)),
    Column("state", String(16), nullable=False),
    Column("author", String(64), nullable=False),
    Column("reviewer", String(64)),
    Column("note", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    UniqueConstraint("kind", "key", "version", name="uq_knowledge_entries_kind"),
    Index("ix_knowledge_entries_state", "state"),
)

# One row for each build. ``entries`` are the ids of the entries in it, ``report`` what the check found, ``before`` the
# release that it replaced, ``reason`` why an administrator published it although the check found something worse.
knowledge_builds = Table(
    "knowledge_builds",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("state", String(16), nullable=False),
    Column("entries", JSON, nullable=False),
    Column("progress", Text, nullable=False),
    Column("release", String(64)),
    Column("before", String(64)),
    Column("report", JSON(none_as_null=True)),
    Column("started_by", String(64), nullable=False),
    Column("started_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("published_by", String(64)),
    Column("published_at", UtcDateTime),
    Column("reason", Text),
)
