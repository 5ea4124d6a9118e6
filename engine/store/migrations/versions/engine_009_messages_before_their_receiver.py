"""Messages that come before their receiver, and the ids by which a message that comes twice is known."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "engine_009"
down_revision = "engine_008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "buffered_messages",
        sa.Column("id", ID, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.Column("for_anyone", sa.Boolean(), nullable=False),
        sa.Column("variables", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=True),
        sa.Column("expires", sa.DateTime(), nullable=False),
        sa.Column("instance_id", ID, nullable=True),
        sa.Column("token_id", sa.Integer(), nullable=True),
        sa.Column("time_to_live", TEXT, nullable=True),
        sa.Column("cause", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_buffered_messages")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_buffered_messages_expires"), "buffered_messages", ["expires"], unique=False)
    op.create_index(op.f("ix_buffered_messages_name_key_id"), "buffered_messages", ["name", "key", "id"], unique=False)
    op.create_table(
        "message_ids",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("message_id", TEXT, nullable=False),
        sa.Column("outcome", TEXT, nullable=False),
        sa.Column("instance_id", ID, nullable=True),
        sa.Column("remembered_until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", "message_id", name=op.f("pk_message_ids")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_message_ids_remembered_until"), "message_ids", ["remembered_until"], unique=False)
