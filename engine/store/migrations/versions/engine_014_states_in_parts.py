"""Large states in parts. One that is in its instance's row goes into parts when it is written next."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "engine_014"
down_revision = "engine_013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "state_parts",
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("first", sa.Integer(), nullable=False),
        sa.Column("until", sa.Integer(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_state_parts_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "token_id", "name", "first", name=op.f("pk_state_parts")),
    )
