"""Every kind of start, what exactly is waited for, data stores, and deliveries that start an instance."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "engine_003"
down_revision = "engine_002"
branch_labels = None
depends_on = None

_MESSAGE = sa.text("kind = 'message'")


def upgrade() -> None:
    _start_timers()
    _start_subscriptions()
    _subscriptions()
    with op.batch_alter_table("jobs", table_kwargs={"sqlite_autoincrement": True}) as jobs:
        jobs.alter_column("instance_id", existing_type=ID, nullable=True)
    op.create_table(
        "data_stores",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_data_stores_instance_id")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_data_stores")),
    )
    op.create_index(op.f("ix_data_stores_instance_id"), "data_stores", ["instance_id"], unique=False)


def _start_timers() -> None:
    """Until now an event had one trigger, which is at place 0."""
    op.add_column("start_timers", sa.Column("place", sa.Integer(), nullable=True))
    op.execute("UPDATE start_timers SET place = 0")
    with op.batch_alter_table("start_timers") as start_timers:
        start_timers.alter_column("place", existing_type=sa.Integer(), nullable=False)


def _start_subscriptions() -> None:
    """Only messages started a process. They are few, so the table is made anew."""
    rows = [dict(row._mapping) for row in op.get_bind().execute(sa.text("SELECT * FROM start_subscriptions"))]
    op.drop_table("start_subscriptions")
    made = op.create_table(
        "start_subscriptions",
        sa.Column("definition_key", TEXT, nullable=False),
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("definition_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("definition_key", "element_id", "place", name=op.f("pk_start_subscriptions")),
    )
    op.create_index(op.f("ix_start_subscriptions_kind_name"), "start_subscriptions", ["kind", "name"], unique=False)
    op.create_index(
        "uq_start_subscriptions_message",
        "start_subscriptions",
        ["name"],
        unique=True,
        sqlite_where=_MESSAGE,
        postgresql_where=_MESSAGE,
    )
    op.bulk_insert(made, [{**row, "kind": "message", "place": 0} for row in rows])


def _subscriptions() -> None:
    """Whoever waits runs by the definition of its activity."""
    op.add_column("subscriptions", sa.Column("definition_id", TEXT, nullable=True))
    op.add_column("subscriptions", sa.Column("place", sa.Integer(), nullable=True))
    op.execute(
        "UPDATE subscriptions SET place = 0, definition_id = (SELECT definition_id FROM activities"
        " WHERE activities.instance_id = subscriptions.instance_id AND activities.token_id = subscriptions.owner_id)"
    )
    with op.batch_alter_table("subscriptions", table_kwargs={"sqlite_with_rowid": False}) as subscriptions:
        subscriptions.alter_column("definition_id", existing_type=TEXT, nullable=False)
        subscriptions.alter_column("place", existing_type=sa.Integer(), nullable=False)
    op.create_index(
        "ix_subscriptions_at",
        "subscriptions",
        ["kind", "name", "definition_id", "element_id", "place", "instance_id"],
        unique=False,
    )
