"""Tables of the desk: accounts and their grants, login, the audit log, notes, the call log, duty and canned replies.

They belong to the same database and migrations as the conversations, so that a change and its audit row are one transaction.
"""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Date, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint

from bot.conversations.tables import UtcDateTime, metadata

accounts = Table(
    "accounts",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("name", String(64), nullable=False),
    Column("shown", String(64), nullable=False),
    Column("password", Text, nullable=False),
    Column("must_change", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("disabled_at", UtcDateTime),
    UniqueConstraint("name"),
)

# A role given to somebody, with the reason; taken back, never deleted. ``part`` limits an editor to a part of the knowledge
# (empty: all of it).
grants = Table(
    "grants",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False),
    Column("role", String(16), nullable=False),
    Column("part", String(64), nullable=False),
    Column("reason", Text, nullable=False),
    Column("granted_by", String(64), nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("revoked_by", String(64)),
    Column("revoked_at", UtcDateTime),
    Index("ix_grants_account_id", "account_id"),
)

# Cookies are kept as their SHA-256 only.
desk_sessions = Table(
    "desk_sessions",
    metadata,
    Column("id_hash", String(64), primary_key=True),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False),
    Column("csrf", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Index("ix_desk_sessions_account_id", "account_id"),
)

# Who somebody is at the provider that the desk trusts for logging in (bot/desk/oidc.py).
outside_identities = Table(
    "outside_identities",
    metadata,
    Column("account_id", String(64), ForeignKey("accounts.id"), primary_key=True),
    Column("issuer", String(255), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
    UniqueConstraint("issuer", "subject"),
)

# Browsers that went to the provider and are not back yet; ``state`` and the browser's cookie as SHA-256. ``account_id`` is
# the account to be linked, empty for a login. Each is good once.
outside_logins = Table(
    "outside_logins",
    metadata,
    Column("state_hash", String(64), primary_key=True),
    Column("cookie_hash", String(64), nullable=False),
    Column("nonce", String(64), nullable=False),
    Column("verifier", String(64), nullable=False),
    Column("account_id", String(64), ForeignKey("accounts.id")),
    Column("at", UtcDateTime, nullable=False),
)

# Failed logins of the last minutes by account name and by address, both as hashes.
login_failures = Table(
    "login_failures",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("key", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index("ix_login_failures_key", "key"),
)

# Append-only: triggers of the database refuse to change or delete a row. Nothing here refers to other tables by a key, so that
# erasing a conversation leaves the fact that it was read, and nothing that was said.
audit = Table(
    "audit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("account", String(64), nullable=False),
    Column("action", String(64), nullable=False),
    Column("object", String(128), nullable=False),
    Column("details", JSON, nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_object", "object"),
)

notes = Table(
    "notes",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("conversation_id", String(64), ForeignKey("conversations.id", ondelete="CASCADE"), nullable=False),
    Column("account", String(64), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("text", Text, nullable=False),
    Index("ix_notes_conversation_id", "conversation_id"),
)

# Telephone calls that operators took. ``caller`` is masked; ``question`` and ``outcome`` hold no personal numbers.
calls = Table(
    "calls",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("at", UtcDateTime, nullable=False),
    Column("account", String(64), nullable=False),
    Column("caller", String(32), nullable=False),
    Column("question", Text, nullable=False),
    Column("matter", String(64), nullable=False),
    Column("village", String(64), nullable=False),
    Column("outcome", Text, nullable=False),
    Column("follow_up", Date),
    Index("ix_calls_at", "at"),
)

duty = Table(
    "duty",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False),
    Column("starts_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Index("ix_duty_ends_at", "ends_at"),
)

canned = Table(
    "canned",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("title", String(64), nullable=False),
    Column("text", Text, nullable=False),
)

# The second step of the login. ``secret`` is empty when none is set up; ``last_step`` is the half minute of the last code
# that was used. Recovery codes are kept as hashes and deleted when used.
second_factors = Table(
    "second_factors",
    metadata,
    Column("account_id", String(64), ForeignKey("accounts.id"), primary_key=True),
    Column("required", Boolean, nullable=False),
    Column("secret", String(64), nullable=False),
    Column("confirmed_at", UtcDateTime),
    Column("last_step", Integer, nullable=False),
)

recovery_codes = Table(
    "recovery_codes",
    metadata,
    Column("code_hash", String(64), primary_key=True),
    Column("account_id", String(64), ForeignKey("accounts.id"), nullable=False),
    Index("ix_recovery_codes_account_id", "account_id"),
)
