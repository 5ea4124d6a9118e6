"""The first tables of the engine."""

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "engine_001"
down_revision = None
branch_labels = ("engine",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "clock_offset",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("microseconds", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_offset")),
    )
    op.create_table(
        "deployments",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployed_at", sa.DateTime(), nullable=False),
        sa.Column("deployed_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deployments")),
    )
    op.create_table(
        "journal",
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.Column("actor", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("command", TEXT, nullable=False),
        sa.Column("facts", TEXT, nullable=False),
        sa.Column("format", sa.Integer(), nullable=False),
        sa.Column("hash", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("instance_id", "seq", name=op.f("pk_journal")),
    )
    op.create_table(
        "process_instances",
        sa.Column("id", ID, nullable=False),
        sa.Column("definition_id", TEXT, nullable=False),
        sa.Column("definition_key", TEXT, nullable=False),
        sa.Column("business_key", TEXT, nullable=False),
        sa.Column("status", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("head", TEXT, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("started_by", TEXT, nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("end_reason", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_process_instances")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_process_instances_business_key_id"), "process_instances", ["business_key", "id"], unique=False
    )
    op.create_index(
        op.f("ix_process_instances_definition_id_status_id"),
        "process_instances",
        ["definition_id", "status", "id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_process_instances_definition_key_status_id"),
        "process_instances",
        ["definition_key", "status", "id"],
        unique=False,
    )
    op.create_table(
        "start_subscriptions",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("definition_key", TEXT, nullable=False),
        sa.Column("definition_id", TEXT, nullable=False),
        sa.Column("element_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_start_subscriptions")),
    )
    op.create_index(
        op.f("ix_start_subscriptions_definition_key"), "start_subscriptions", ["definition_key"], unique=False
    )
    op.create_table(
        "start_timers",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("definition_key", TEXT, nullable=False),
        sa.Column("definition_id", TEXT, nullable=False),
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.Column("interval", TEXT, nullable=True),
        sa.Column("repetitions", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_start_timers")),
    )
    op.create_index(op.f("ix_start_timers_definition_key"), "start_timers", ["definition_key"], unique=False)
    op.create_index(op.f("ix_start_timers_due"), "start_timers", ["due"], unique=False)
    op.create_table(
        "activities",
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("scope_id", sa.Integer(), nullable=False),
        sa.Column("definition_id", TEXT, nullable=False),
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("item", sa.Integer(), nullable=True),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("ended_by", TEXT, nullable=True),
        sa.Column("reason", TEXT, nullable=True),
        sa.Column("status", TEXT, nullable=True),
        sa.Column("assignee", TEXT, nullable=True),
        sa.Column("candidate_users", TEXT, nullable=True),
        sa.Column("candidate_groups", TEXT, nullable=True),
        sa.Column("due", sa.DateTime(), nullable=True),
        sa.Column("follow_up", sa.DateTime(), nullable=True),
        sa.Column("priority", sa.Integer(), nullable=True),
        sa.Column("form_key", TEXT, nullable=True),
        sa.Column("queue_due", sa.DateTime(), nullable=True),
        sa.Column("queue_rank", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_activities_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "token_id", name=op.f("pk_activities")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_activities_open",
        "activities",
        ["queue_due", "queue_rank", "instance_id", "token_id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_index(
        "ix_activities_open_by_assignee",
        "activities",
        ["assignee", "queue_due", "queue_rank", "instance_id", "token_id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )
    op.create_table(
        "deployment_members",
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("definition_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["deployment_id"], ["deployments.id"], name=op.f("fk_deployment_members_deployment_id")
        ),
        sa.PrimaryKeyConstraint("deployment_id", "kind", "key", name=op.f("pk_deployment_members")),
    )
    op.create_table(
        "incidents",
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("message", TEXT, nullable=False),
        sa.Column("raised_at", sa.DateTime(), nullable=False),
        sa.Column("resolved_at", sa.DateTime(), nullable=True),
        sa.Column("resolved_by", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_incidents_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_incidents")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "ix_incidents_open",
        "incidents",
        ["raised_at", "instance_id", "id"],
        unique=False,
        sqlite_where=sa.text("resolved_at IS NULL"),
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", ID, nullable=False),
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("token_id", sa.Integer(), nullable=False),
        sa.Column("topic", TEXT, nullable=False),
        sa.Column("payload", TEXT, nullable=True),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("retries", sa.Integer(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("retry_cycle", TEXT, nullable=True),
        sa.Column("due", sa.DateTime(), nullable=True),
        sa.Column("leased_until", sa.DateTime(), nullable=True),
        sa.Column("last_error", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_jobs_instance_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_jobs_due_rank_id"), "jobs", ["due", "rank", "id"], unique=False)
    op.create_index(op.f("ix_jobs_instance_id_token_id"), "jobs", ["instance_id", "token_id"], unique=False)
    op.create_table(
        "resources",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], name=op.f("fk_resources_deployment_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resources")),
        sa.UniqueConstraint("deployment_id", "name", name=op.f("uq_resources_deployment_id_name")),
    )
    op.create_table(
        "subscriptions",
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_subscriptions_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_subscriptions")),
        sqlite_with_rowid=False,
    )
    op.create_index(
        op.f("ix_subscriptions_kind_name_key_instance_id"),
        "subscriptions",
        ["kind", "name", "key", "instance_id"],
        unique=False,
    )
    op.create_table(
        "timers",
        sa.Column("instance_id", ID, nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("element_id", TEXT, nullable=False),
        sa.Column("due", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["instance_id"], ["process_instances.id"], name=op.f("fk_timers_instance_id")),
        sa.PrimaryKeyConstraint("instance_id", "id", name=op.f("pk_timers")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_timers_due_instance_id_id"), "timers", ["due", "instance_id", "id"], unique=False)
    op.create_table(
        "candidates",
        sa.Column("candidate", TEXT, nullable=False),
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
            "candidate", "queue_due", "queue_rank", "instance_id", "token_id", name=op.f("pk_candidates")
        ),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_candidates_instance_id_token_id"), "candidates", ["instance_id", "token_id"], unique=False)
    op.create_table(
        "definitions",
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version_tag", TEXT, nullable=True),
        sa.Column("deployment_id", sa.Integer(), nullable=False),
        sa.Column("resource_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["deployment_id"], ["deployments.id"], name=op.f("fk_definitions_deployment_id")),
        sa.ForeignKeyConstraint(["resource_id"], ["resources.id"], name=op.f("fk_definitions_resource_id")),
        sa.PrimaryKeyConstraint("kind", "id", name=op.f("pk_definitions")),
        sa.UniqueConstraint("kind", "key", "version", name=op.f("uq_definitions_kind_key_version")),
    )
