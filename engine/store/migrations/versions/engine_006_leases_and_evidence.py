"""Whose lease a job is under and how often one ran out, time limits, external workers; the evidence of incidents."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import TEXT

revision = "engine_006"
down_revision = "engine_005"
branch_labels = None
depends_on = None

_TO_DO = sa.text("leased_by IS NULL AND due IS NOT NULL")
_LEASED = sa.text("leased_until IS NOT NULL")


def upgrade() -> None:
    op.add_column("jobs", sa.Column("leased_by", TEXT, nullable=True))
    op.add_column("jobs", sa.Column("lapses", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("jobs", sa.Column("time_limit", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("queue", TEXT, nullable=False, server_default=""))
    # Nobody is at a job while the database is upgraded.
    op.execute("UPDATE jobs SET leased_until = NULL")
    # A delivery had the lowest priority, which nobody asked for. Now that priority counts, it has the usual one.
    op.execute("UPDATE jobs SET rank = -50 WHERE payload IS NOT NULL")
    op.drop_index("ix_jobs_due_rank_id", "jobs")
    op.create_index(
        "ix_jobs_to_do",
        "jobs",
        ["queue", "rank", "due", "id"],
        unique=False,
        sqlite_where=_TO_DO,
        postgresql_where=_TO_DO,
    )
    op.create_index(
        "ix_jobs_leased",
        "jobs",
        ["queue", "leased_until"],
        unique=False,
        sqlite_where=_LEASED,
        postgresql_where=_LEASED,
    )
    op.add_column("incidents", sa.Column("trace", TEXT, nullable=True))
    op.add_column("incidents", sa.Column("variables", TEXT, nullable=True))
    _name_deliveries()


def _name_deliveries() -> None:
    """An incident of a delivery had the number of the token that threw it, which may have thrown several."""
    op.execute(
        "UPDATE incidents SET id = (SELECT -min(jobs.id) FROM jobs WHERE jobs.instance_id = incidents.instance_id"
        " AND jobs.token_id = incidents.token_id AND jobs.payload IS NOT NULL AND jobs.due IS NULL)"
        " WHERE kind = 'delivery' AND resolved_at IS NULL AND EXISTS (SELECT 1 FROM jobs"
        " WHERE jobs.instance_id = incidents.instance_id AND jobs.token_id = incidents.token_id"
        " AND jobs.payload IS NOT NULL AND jobs.due IS NULL)"
    )
