"""Instances and definitions that are suspended, and where their jobs and timers keep when they are due."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import TEXT

revision = "engine_005"
down_revision = "engine_004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for table in ("definitions", "process_instances"):
        op.add_column(table, sa.Column("suspended_at", sa.DateTime(), nullable=True))
        op.add_column(table, sa.Column("suspended_by", TEXT, nullable=True))
        op.add_column(table, sa.Column("suspend_reason", TEXT, nullable=True))
    for table in ("jobs", "timers", "start_timers"):
        op.add_column(table, sa.Column("held_due", sa.DateTime(), nullable=True))
    with op.batch_alter_table("start_timers") as start_timers:
        start_timers.alter_column("due", existing_type=sa.DateTime(), nullable=True)
