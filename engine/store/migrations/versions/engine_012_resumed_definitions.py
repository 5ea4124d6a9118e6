"""When, by whom and why a definition was resumed."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import TEXT

revision = "engine_012"
down_revision = "engine_011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("definitions", sa.Column("resumed_at", sa.DateTime(), nullable=True))
    op.add_column("definitions", sa.Column("resumed_by", TEXT, nullable=True))
    op.add_column("definitions", sa.Column("resume_reason", TEXT, nullable=True))
