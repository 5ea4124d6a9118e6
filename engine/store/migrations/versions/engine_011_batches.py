"""Batches: one operation on many instances or incidents, worked off one item a transaction."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "engine_011"
down_revision = "engine_010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "batches",
        sa.Column("id", ID, nullable=False),
        sa.Column("operation", TEXT, nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("created_by", TEXT, nullable=False),
        sa.Column("groups", TEXT, nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batches")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "batch_items",
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("target", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("error", TEXT, nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name=op.f("fk_batch_items_batch_id")),
        sa.PrimaryKeyConstraint("batch_id", "place", name=op.f("pk_batch_items")),
    )
    op.create_index(
        op.f("ix_batch_items_batch_id_status_place"), "batch_items", ["batch_id", "status", "place"], unique=False
    )
