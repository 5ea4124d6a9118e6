"""Timers that cannot be fired: how often that was tried, and what the round of a start timer is counted from."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import TEXT

revision = "engine_004"
down_revision = "engine_003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("timers", table_kwargs={"sqlite_with_rowid": False}) as timers:
        timers.alter_column("due", existing_type=sa.DateTime(), nullable=True)
        timers.add_column(_attempts())
    op.add_column("start_timers", sa.Column("planned", sa.DateTime(), nullable=True))
    op.execute("UPDATE start_timers SET planned = due")
    with op.batch_alter_table("start_timers") as start_timers:
        start_timers.alter_column("planned", existing_type=sa.DateTime(), nullable=False)
        start_timers.add_column(_attempts())
        start_timers.add_column(sa.Column("last_error", TEXT, nullable=True))


def _attempts() -> sa.Column[int]:
    return sa.Column("attempts", sa.Integer(), nullable=False, server_default="0")
