"""feedback, answer pages, and the WeChat channel's users, messages, nonces and access token

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TABLES = ("answer_pages", "wechat_tokens", "wechat_nonces", "wechat_messages", "wechat_users", "feedback")


def upgrade() -> None:
    _feedback_and_pages()
    op.create_table(
        "wechat_users",
        sa.Column("openid_hash", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("offered", sa.JSON(), nullable=False),
        sa.Column("rated_turn", sa.String(64)),
        sa.PrimaryKeyConstraint("openid_hash", name="pk_wechat_users"),
        _of_conversation("wechat_users"),
    )
    op.create_index("ix_wechat_users_conversation_id", "wechat_users", ["conversation_id"])
    op.create_table(
        "wechat_messages",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(32), nullable=False),
        sa.Column("leased_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reply", sa.Text()),
        sa.PrimaryKeyConstraint("key", name="pk_wechat_messages"),
    )
    op.create_index("ix_wechat_messages_received_at", "wechat_messages", ["received_at"])
    op.create_table(
        "wechat_nonces",
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("message_key", sa.String(64), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("nonce", name="pk_wechat_nonces"),
    )
    op.create_index("ix_wechat_nonces_seen_at", "wechat_nonces", ["seen_at"])
    op.create_table(
        "wechat_tokens",
        sa.Column("app_id", sa.String(32), nullable=False),
        sa.Column("sealed", sa.Text(), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("locked_until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("app_id", name="pk_wechat_tokens"),
    )


def _feedback_and_pages() -> None:
    op.create_table(
        "feedback",
        sa.Column("turn_id", sa.String(64), nullable=False),
        sa.Column("verdict", sa.String(16), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("given_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("turn_id", name="pk_feedback"),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], name="fk_feedback_turn_id", ondelete="CASCADE"),
    )
    op.create_table(
        "answer_pages",
        sa.Column("id_hash", sa.String(64), nullable=False),
        sa.Column("conversation_id", sa.String(64), nullable=False),
        sa.Column("client_turn_id", sa.String(64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id_hash", name="pk_answer_pages"),
        _of_conversation("answer_pages"),
    )
    op.create_index("ix_answer_pages_conversation_id", "answer_pages", ["conversation_id"])
    op.create_index("ix_answer_pages_expires_at", "answer_pages", ["expires_at"])


def _of_conversation(table: str) -> sa.ForeignKeyConstraint:
    name = f"fk_{table}_conversation_id"
    return sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name=name, ondelete="CASCADE")


def downgrade() -> None:
    for name in TABLES:
        op.drop_table(name)
