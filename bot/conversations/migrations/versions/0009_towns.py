"""the town that a turn is about, for counting

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Turns from before stay without: what was said is not read again for counting.
    op.add_column("turns", sa.Column("town", sa.String(32)))


def downgrade() -> None:
    op.drop_column("turns", "town")
