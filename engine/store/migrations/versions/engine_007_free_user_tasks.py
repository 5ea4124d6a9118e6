"""What nobody has claimed is found apart from what somebody has, and open user tasks by the process they are of."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "engine_007"
down_revision = "engine_006"
branch_labels = None
depends_on = None

_OPEN = sa.text("status = 'open'")


def upgrade() -> None:
    op.execute(
        "CREATE TABLE candidates_before AS SELECT candidates.*, activities.assignee IS NOT NULL AS taken"
        " FROM candidates JOIN activities ON activities.instance_id = candidates.instance_id"
        " AND activities.token_id = candidates.token_id"
    )
    op.drop_table("candidates")
    op.create_table(
        "candidates",
        sa.Column("candidate", TEXT, nullable=False),
        sa.Column("taken", sa.Boolean(), nullable=False),
        sa.Column("queue_due", sa.DateTime(), nullable=False),
        sa.Column("queue_rank", sa.Integer(), nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["instance_id", "token_id"],
            ["activities.instance_id", "activities.token_id"],
            name=op.f("fk_candidates_instance_id_token_id"),
        ),
        sa.PrimaryKeyConstraint(
            "candidate", "taken", "queue_due", "queue_rank", "instance_id", "token_id", name=op.f("pk_candidates")
        ),
        sqlite_with_rowid=False,
    )
    op.execute(
        "INSERT INTO candidates (candidate, taken, queue_due, queue_rank, instance_id, token_id)"
        " SELECT candidate, taken, queue_due, queue_rank, instance_id, token_id FROM candidates_before"
    )
    op.drop_table("candidates_before")
    op.create_index(op.f("ix_candidates_instance_id_token_id"), "candidates", ["instance_id", "token_id"], unique=False)
    op.create_index(
        "ix_activities_open_by_definition",
        "activities",
        ["definition_id", "queue_due", "queue_rank", "instance_id", "token_id"],
        unique=False,
        sqlite_where=_OPEN,
        postgresql_where=_OPEN,
    )
