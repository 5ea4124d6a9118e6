"""When the history of an instance may go, and what stays of those that went."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "engine_008"
down_revision = "engine_007"
branch_labels = None
depends_on = None

_TO_GO = sa.text("remove_at IS NOT NULL")


def upgrade() -> None:
    op.add_column("process_instances", sa.Column("remove_at", sa.DateTime(), nullable=True))
    op.create_index(
        "ix_process_instances_to_go",
        "process_instances",
        ["remove_at", "id"],
        unique=False,
        sqlite_where=_TO_GO,
        postgresql_where=_TO_GO,
    )
    op.create_table(
        "removed_instances",
        sa.Column("number", sa.BigInteger(), nullable=False, autoincrement=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("definition_id", TEXT, nullable=False),
        sa.Column("business_key", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime(), nullable=False),
        sa.Column("removed_by", TEXT, nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_removed_instances")),
        sa.UniqueConstraint("instance_id", name=op.f("uq_removed_instances_instance_id")),
    )
    op.create_index("ix_removed_instances_business_key", "removed_instances", ["business_key"], unique=False)
