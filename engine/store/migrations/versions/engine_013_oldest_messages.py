"""The oldest message of a name, found without going past the others."""

from alembic import op

revision = "engine_013"
down_revision = "engine_012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_buffered_messages_name_id"), "buffered_messages", ["name", "id"], unique=False)
