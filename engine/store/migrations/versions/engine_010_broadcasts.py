"""Broadcasts are numbered, and who waits knows after which of them it began to."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID

revision = "engine_010"
down_revision = "engine_009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    made = op.create_table(
        "broadcasts",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", ID, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    op.bulk_insert(made, [{"id": 1, "number": 0}])
    op.add_column("subscriptions", sa.Column("opened_after", ID, nullable=False, server_default="0"))
