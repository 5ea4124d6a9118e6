"""An index of the processes that run, called ones too: how many cases a version has without reading them all."""

import sqlalchemy as sa
from alembic import op

revision = "engine_002"
down_revision = "engine_001"
branch_labels = None
depends_on = None

_NAME = "ix_activities_running"
_RUNNING = sa.text("kind = 'process' AND ended_at IS NULL")


def upgrade() -> None:
    op.create_index(
        _NAME,
        "activities",
        ["definition_id", "instance_id"],
        unique=False,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )
