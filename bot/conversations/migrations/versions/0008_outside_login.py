"""logging in with an account of an OpenID provider

Revision ID: 0008
Revises: 0007
"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outside_identities",
        sa.Column("account_id", sa.String(64), nullable=False),
        sa.Column("issuer", sa.String(255), nullable=False),
        sa.Column("subject", sa.String(255), nullable=False),
        sa.Column("linked_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_outside_identities_account_id_accounts"),
        sa.PrimaryKeyConstraint("account_id", name="pk_outside_identities"),
        sa.UniqueConstraint("issuer", "subject", name="uq_outside_identities_issuer"),
    )
    op.create_table(
        "outside_logins",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("cookie_hash", sa.String(64), nullable=False),
        sa.Column("nonce", sa.String(64), nullable=False),
        sa.Column("verifier", sa.String(64), nullable=False),
        sa.Column("account_id", sa.String(64)),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_outside_logins_account_id_accounts"),
        sa.PrimaryKeyConstraint("state_hash", name="pk_outside_logins"),
    )


def downgrade() -> None:
    op.drop_table("outside_logins")
    op.drop_table("outside_identities")
