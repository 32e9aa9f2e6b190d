"""figures of a month are counted without reading every turn, and without opening answers

Revision ID: 0006
Revises: 0005
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_turns_created_at", "turns", ["created_at"])
    op.add_column("turns", sa.Column("matter", sa.String(64)))
    if op.get_bind().dialect.name == "postgresql":
        op.execute("UPDATE turns SET matter = left(answer ->> 'matter', 64) WHERE answer ->> 'matter' IS NOT NULL")
    else:
        op.execute("UPDATE turns SET matter = substr(json_extract(answer, '$.matter'), 1, 64) WHERE answer IS NOT NULL")


def downgrade() -> None:
    op.drop_column("turns", "matter")
    op.drop_index("ix_turns_created_at", "turns")
