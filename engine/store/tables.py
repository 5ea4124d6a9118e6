"""The tables of the shell. They hold what is alive and what people ask for; the journal holds what happened.

Every moment is kept in UTC. A user task is an activity with more columns: its row is its history, too, so that ending
one writes one row.
"""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa

from engine.store.types import ID, TEXT, UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

FAR = datetime(9999, 12, 31, tzinfo=UTC)
"""Stands in `queue_due` for "no due date", so that user tasks without one come last in an index."""

SHOWN = 200
"""Characters of a condition that are kept beside who waits for it, for show."""


# What is deployed

deployments = sa.Table(
    "deployments",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("deployed_at", UtcDateTime, nullable=False),
    sa.Column("deployed_by", TEXT, nullable=False),
)

resources = sa.Table(
    "resources",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("deployment_id", sa.Integer, sa.ForeignKey("deployments.id"), nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("sha256", TEXT, nullable=False),
    sa.Column("content", sa.LargeBinary, nullable=False),
    sa.UniqueConstraint("deployment_id", "name"),
)

definitions = sa.Table(
    "definitions",
    metadata,
    sa.Column("kind", TEXT, primary_key=True),  # process, decision, form
    sa.Column("id", TEXT, primary_key=True),  # key:version
    sa.Column("key", TEXT, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("version_tag", TEXT),
    sa.Column("deployment_id", sa.Integer, sa.ForeignKey("deployments.id"), nullable=False),
    sa.Column("resource_id", sa.Integer, sa.ForeignKey("resources.id"), nullable=False),
    sa.Column("suspended_at", UtcDateTime),
    sa.Column("suspended_by", TEXT),
    sa.Column("suspend_reason", TEXT),
    sa.Column("resumed_at", UtcDateTime),  # last, where it is not suspended
    sa.Column("resumed_by", TEXT),
    sa.Column("resume_reason", TEXT),
    sa.UniqueConstraint("kind", "key", "version"),
)

# What a deployment brought along, with what had not changed since the one before.
deployment_members = sa.Table(
    "deployment_members",
    metadata,
    sa.Column("deployment_id", sa.Integer, sa.ForeignKey("deployments.id"), primary_key=True),
    sa.Column("kind", TEXT, primary_key=True),
    sa.Column("key", TEXT, primary_key=True),
    sa.Column("definition_id", TEXT, nullable=False),
)

# What starts the newest version of a process by itself. `place` is that of the trigger among those of its element.

start_timers = sa.Table(
    "start_timers",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("definition_key", TEXT, nullable=False, index=True),
    sa.Column("definition_id", TEXT, nullable=False),
    sa.Column("element_id", TEXT, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),
    sa.Column("due", UtcDateTime, index=True),  # later than planned while it is tried again; None: suspended
    sa.Column("held_due", UtcDateTime),  # when it is due once it is resumed
    sa.Column("planned", UtcDateTime, nullable=False),  # what the next round is counted from
    sa.Column("interval", TEXT),
    sa.Column("repetitions", sa.Integer),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),  # of this round, which failed
    sa.Column("last_error", TEXT),
)

start_subscriptions = sa.Table(
    "start_subscriptions",
    metadata,
    sa.Column("definition_key", TEXT, primary_key=True),
    sa.Column("element_id", TEXT, primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("definition_id", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),  # message, signal, condition
    sa.Column("name", TEXT, nullable=False),  # of the message or signal, or the condition
    sa.Index(None, "kind", "name"),
)

_MESSAGE = sa.text("kind = 'message'")
sa.Index(
    "uq_start_subscriptions_message",  # a message starts one process
    start_subscriptions.c.name,
    unique=True,
    sqlite_where=_MESSAGE,
    postgresql_where=_MESSAGE,
)


# What runs

process_instances = sa.Table(
    "process_instances",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("definition_id", TEXT, nullable=False),
    sa.Column("definition_key", TEXT, nullable=False),
    sa.Column("business_key", TEXT, nullable=False),
    sa.Column("status", TEXT, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),  # of the last journal entry, with its hash
    sa.Column("head", TEXT, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("started_by", TEXT, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("end_reason", TEXT),
    sa.Column("suspended_at", UtcDateTime),
    sa.Column("suspended_by", TEXT),
    sa.Column("suspend_reason", TEXT),
    sa.Column("remove_at", UtcDateTime),  # None: it runs, or is kept
    sa.Index(None, "business_key", "id"),
    sa.Index(None, "definition_id", "status", "id"),
    sa.Index(None, "definition_key", "status", "id"),
    sqlite_autoincrement=True,
)

_TO_GO = sa.text("remove_at IS NOT NULL")
sa.Index(
    "ix_process_instances_to_go",
    process_instances.c.remove_at,
    process_instances.c.id,
    sqlite_where=_TO_GO,
    postgresql_where=_TO_GO,
)

# What of a large state is kept apart from the rest, which stands in the instance's row: see engine.core.parts.
state_parts = sa.Table(
    "state_parts",
    metadata,
    sa.Column("instance_id", ID, sa.ForeignKey("process_instances.id"), primary_key=True),
    sa.Column("token_id", sa.Integer, primary_key=True),  # of the activity with many items, or of whose variable it is
    sa.Column("name", TEXT, primary_key=True),  # of the variable; empty: items
    sa.Column("first", sa.Integer, primary_key=True),  # of the items; of a variable 0, as is the next
    sa.Column("until", sa.Integer, nullable=False),  # the first item that is not among them
    sa.Column("state", TEXT, nullable=False),
)

# Those that were removed on purpose: see engine.tombstones.
removed_instances = sa.Table(
    "removed_instances",
    metadata,
    sa.Column("number", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("instance_id", ID, nullable=False, unique=True),
    sa.Column("definition_id", TEXT, nullable=False),
    sa.Column("business_key", TEXT, nullable=False, index=True),
    sa.Column("status", TEXT, nullable=False),
    sa.Column("seq", sa.Integer, nullable=False),
    sa.Column("head", TEXT, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime, nullable=False),
    sa.Column("removed_at", UtcDateTime, nullable=False),
    sa.Column("removed_by", TEXT, nullable=False),
    sa.Column("hash", TEXT, nullable=False),
)

journal = sa.Table(
    "journal",
    metadata,
    sa.Column("instance_id", ID, primary_key=True),
    sa.Column("seq", sa.Integer, primary_key=True),
    sa.Column("at", TEXT, nullable=False),  # exactly as hashed
    sa.Column("actor", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),  # command or note
    sa.Column("command", TEXT, nullable=False),
    sa.Column("facts", TEXT, nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("hash", TEXT, nullable=False),
)

activities = sa.Table(
    "activities",
    metadata,
    sa.Column("instance_id", ID, sa.ForeignKey("process_instances.id"), primary_key=True),
    sa.Column("token_id", sa.Integer, primary_key=True),
    sa.Column("scope_id", sa.Integer, nullable=False),
    sa.Column("definition_id", TEXT, nullable=False),
    sa.Column("element_id", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("item", sa.Integer),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("outcome", TEXT),  # completed, terminated
    sa.Column("ended_by", TEXT),
    sa.Column("reason", TEXT),
    # Of a user task
    sa.Column("status", TEXT),  # open, completed, cancelled
    sa.Column("assignee", TEXT),
    sa.Column("candidate_users", TEXT),  # JSON lists, for show; `candidates` is for the search
    sa.Column("candidate_groups", TEXT),
    sa.Column("due", UtcDateTime),
    sa.Column("follow_up", UtcDateTime),
    sa.Column("priority", sa.Integer),
    sa.Column("form_key", TEXT),
    sa.Column("queue_due", UtcDateTime),
    sa.Column("queue_rank", sa.Integer),  # the priority negated: highest first
    sqlite_with_rowid=False,
)

_OPEN = sa.text("status = 'open'")
sa.Index(
    "ix_activities_open",
    *(activities.c[name] for name in ("queue_due", "queue_rank", "instance_id", "token_id")),
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)
sa.Index(
    "ix_activities_open_by_assignee",
    *(activities.c[name] for name in ("assignee", "queue_due", "queue_rank", "instance_id", "token_id")),
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

sa.Index(
    "ix_activities_open_by_definition",
    *(activities.c[name] for name in ("definition_id", "queue_due", "queue_rank", "instance_id", "token_id")),
    sqlite_where=_OPEN,
    postgresql_where=_OPEN,
)

# How many instances run by a definition, as the main process or as a called one.
_RUNNING = sa.text("kind = 'process' AND ended_at IS NULL")
sa.Index(
    "ix_activities_running",
    *(activities.c[name] for name in ("definition_id", "instance_id")),
    sqlite_where=_RUNNING,
    postgresql_where=_RUNNING,
)

# Who may take an open user task; gone when it ends. `candidate` is user:ID or group:NAME. `taken` says that somebody
# has claimed it: what is free is found without going past what is not.
candidates = sa.Table(
    "candidates",
    metadata,
    sa.Column("candidate", TEXT, primary_key=True),
    sa.Column("taken", sa.Boolean, primary_key=True),
    sa.Column("queue_due", UtcDateTime, primary_key=True),
    sa.Column("queue_rank", sa.Integer, primary_key=True),
    sa.Column("instance_id", ID, primary_key=True),
    sa.Column("token_id", sa.Integer, primary_key=True),
    sa.Index(None, "instance_id", "token_id"),
    sa.ForeignKeyConstraint(["instance_id", "token_id"], ["activities.instance_id", "activities.token_id"]),
    sqlite_with_rowid=False,
)

jobs = sa.Table(
    "jobs",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("instance_id", ID, sa.ForeignKey("process_instances.id")),  # None: it starts one
    sa.Column("token_id", sa.Integer, nullable=False),
    sa.Column("topic", TEXT, nullable=False),
    sa.Column("payload", TEXT),  # JSON: what a delivery delivers
    sa.Column("rank", sa.Integer, nullable=False),  # the priority negated: highest first
    sa.Column("retries", sa.Integer, nullable=False),  # attempts left, the next one included
    sa.Column("attempts", sa.Integer, nullable=False),  # made so far
    sa.Column("retry_cycle", TEXT),
    sa.Column("due", UtcDateTime),  # None: stopped by an incident, or suspended
    sa.Column("held_due", UtcDateTime),  # when it is due once it is resumed
    sa.Column("leased_until", UtcDateTime),
    sa.Column("leased_by", TEXT),  # whoever claimed it, while it is leased
    sa.Column("lapses", sa.Integer, nullable=False, server_default="0"),  # leases that ran out without a word
    sa.Column("time_limit", sa.Integer),  # seconds that an attempt may take, where the diagram says so
    sa.Column("queue", TEXT, nullable=False, server_default=""),  # the topic, where external workers do it
    sa.Column("last_error", TEXT),
    sa.Index(None, "instance_id", "token_id"),
    sqlite_autoincrement=True,
)

_TO_DO = sa.text("leased_by IS NULL AND due IS NOT NULL")
sa.Index(
    "ix_jobs_to_do",
    *(jobs.c[name] for name in ("queue", "rank", "due", "id")),
    sqlite_where=_TO_DO,
    postgresql_where=_TO_DO,
)
_LEASED = sa.text("leased_until IS NOT NULL")
sa.Index(
    "ix_jobs_leased",
    *(jobs.c[name] for name in ("queue", "leased_until")),
    sqlite_where=_LEASED,
    postgresql_where=_LEASED,
)

timers = sa.Table(
    "timers",
    metadata,
    sa.Column("instance_id", ID, sa.ForeignKey("process_instances.id"), primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner_id", sa.Integer, nullable=False),
    sa.Column("element_id", TEXT, nullable=False),
    sa.Column("due", UtcDateTime),  # None: stopped by an incident, or suspended
    sa.Column("held_due", UtcDateTime),  # when it is due once it is resumed
    sa.Column("attempts", sa.Integer, nullable=False, default=0),  # to fire it, which failed
    sa.Index(None, "due", "instance_id", "id"),
    sqlite_with_rowid=False,
)

subscriptions = sa.Table(
    "subscriptions",
    metadata,
    sa.Column("instance_id", ID, sa.ForeignKey("process_instances.id"), primary_key=True),
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("owner_id", sa.Integer, nullable=False),
    sa.Column("element_id", TEXT, nullable=False),
    sa.Column("definition_id", TEXT, nullable=False),
    sa.Column("place", sa.Integer, nullable=False),  # of what is waited for, among the triggers of the element
    sa.Column("kind", TEXT, nullable=False),  # message, signal, condition
    sa.Column("name", TEXT, nullable=False),
    sa.Column("key", TEXT),
    sa.Column("opened_after", ID, nullable=False, default=0),  # how many broadcasts there had been
    sa.Index(None, "kind", "name", "key", "instance_id"),
    sa.Index("ix_subscriptions_at", "kind", "name", "definition_id", "element_id", "place", "instance_id"),
    sqlite_with_rowid=False,
)

# One row: how many broadcasts there have been, by which each knows who waited before it.
broadcasts = sa.Table(
    "broadcasts",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("number", ID, nullable=False),
)

# Messages that came before their receiver. What an instance threw has its number and that of its token.
buffered_messages = sa.Table(
    "buffered_messages",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("key", TEXT),
    sa.Column("for_anyone", sa.Boolean, nullable=False),  # without a key: for whoever waits for the name
    sa.Column("variables", TEXT, nullable=False),  # JSON
    sa.Column("message_id", TEXT),
    sa.Column("expires", UtcDateTime, nullable=False, index=True),
    sa.Column("instance_id", ID),
    sa.Column("token_id", sa.Integer),
    sa.Column("time_to_live", TEXT),  # as the diagram of the thrower says
    sa.Column("cause", TEXT, nullable=False),  # JSON
    sa.Index(None, "name", "key", "id"),
    sa.Index(None, "name", "id"),
    sqlite_autoincrement=True,
)

# What became of a message, by the id that its sender gave it: the next one of that id is the same one.
message_ids = sa.Table(
    "message_ids",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("message_id", TEXT, primary_key=True),
    sa.Column("outcome", TEXT, nullable=False),  # taken, started, buffered, expired
    sa.Column("instance_id", ID),
    sa.Column("remembered_until", UtcDateTime, nullable=False, index=True),
    sqlite_with_rowid=False,
)

# What instances have put there for all to read: what was written last.
data_stores = sa.Table(
    "data_stores",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("value", TEXT, nullable=False),  # JSON
    sa.Column("changed_at", UtcDateTime, nullable=False),
    sa.Column("instance_id", ID, sa.ForeignKey("process_instances.id"), nullable=False),
    sa.Index(None, "instance_id"),
)

incidents = sa.Table(
    "incidents",
    metadata,
    sa.Column("instance_id", ID, sa.ForeignKey("process_instances.id"), primary_key=True),
    sa.Column("id", ID, primary_key=True),  # of a delivery: that of its job, negated
    sa.Column("token_id", sa.Integer, nullable=False),
    sa.Column("element_id", TEXT, nullable=False),
    sa.Column("kind", TEXT, nullable=False),  # execution, join, condition, job, delivery, timer
    sa.Column("message", TEXT, nullable=False),
    sa.Column("raised_at", UtcDateTime, nullable=False),
    sa.Column("resolved_at", UtcDateTime),
    sa.Column("resolved_by", TEXT),
    sa.Column("trace", TEXT),  # what it said, and where in the code or the diagram
    sa.Column("variables", TEXT),  # JSON: what the token saw then
    sqlite_with_rowid=False,
)

_UNRESOLVED = sa.text("resolved_at IS NULL")
sa.Index(
    "ix_incidents_open",
    *(incidents.c[name] for name in ("raised_at", "instance_id", "id")),
    sqlite_where=_UNRESOLVED,
    postgresql_where=_UNRESOLVED,
)

# One operation on many instances or incidents, worked off one item a transaction.
batches = sa.Table(
    "batches",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("operation", TEXT, nullable=False),
    sa.Column("parameters", TEXT, nullable=False),  # JSON
    sa.Column("reason", TEXT, nullable=False),
    sa.Column("status", TEXT, nullable=False),  # running, paused, cancelled, done
    sa.Column("total", sa.Integer, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("created_by", TEXT, nullable=False),
    sa.Column("groups", TEXT, nullable=False),  # JSON: those of who created it
    sa.Column("ended_at", UtcDateTime),
    sqlite_autoincrement=True,
)

batch_items = sa.Table(
    "batch_items",
    metadata,
    sa.Column("batch_id", ID, sa.ForeignKey("batches.id"), primary_key=True),
    sa.Column("place", sa.Integer, primary_key=True),
    sa.Column("target", TEXT, nullable=False),  # the id of an instance or an incident
    sa.Column("status", TEXT, nullable=False),  # waiting, done, failed
    sa.Column("error", TEXT),
    sa.Column("ended_at", UtcDateTime),
    sa.Index(None, "batch_id", "status", "place"),
)

# One row: how far the engine's clock is ahead of the world's, in microseconds.
clock_offset = sa.Table(
    "clock_offset",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("microseconds", sa.BigInteger, nullable=False),
)
