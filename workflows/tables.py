"""The tables of the petition domain. They live in the engine's database and change in its transactions.

People and free text stand in tables of their own, so that both can be erased while the case still reads.
"""

from __future__ import annotations

import sqlalchemy as sa

from engine.store.types import ID, TEXT, UtcDateTime

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


units = sa.Table(
    "units",
    metadata,
    sa.Column("code", TEXT, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("level", TEXT, nullable=False),
    sa.Column("superior", TEXT, sa.ForeignKey("units.code")),
    sa.Column("territory", TEXT, nullable=False),
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("id", TEXT, primary_key=True),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("password_hash", TEXT, nullable=False),
    sa.Column("groups", sa.JSON, nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("disabled_at", UtcDateTime),
)

case_counters = sa.Table(
    "case_counters",
    metadata,
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("last", sa.Integer, nullable=False),
)

cases = sa.Table(
    "cases",
    metadata,
    sa.Column("case_number", TEXT, primary_key=True),
    sa.Column("query_code_salt", sa.LargeBinary, nullable=False),
    sa.Column("query_code_hash", sa.LargeBinary, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("channel", TEXT, nullable=False),
    sa.Column("source", TEXT, nullable=False),
    sa.Column("source_key", TEXT, unique=True),
    sa.Column("subject", TEXT, nullable=False),
    sa.Column("place", TEXT, nullable=False),
    sa.Column("category", TEXT, nullable=False, server_default=""),
    sa.Column("jurisdiction_profile", TEXT, nullable=False),
    sa.Column("anonymous", sa.Boolean, nullable=False),
    sa.Column("identity_clear", sa.Boolean, nullable=False),
    sa.Column("petitioner_count", sa.Integer, nullable=False),
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("registered_at", UtcDateTime),
    sa.Column("accepted_at", UtcDateTime),
    sa.Column("served_at", UtcDateTime),
    sa.Column("closed_at", UtcDateTime),
    sa.Column("reply_outcome", TEXT),
    sa.Column("close_reason", TEXT),
    # The newest first, for each set of filters that a list can have; a list of several states reads each by itself.
    sa.Index("ix_cases_received_at", "received_at", "case_number"),
    sa.Index("ix_cases_state_received_at", "state", "received_at", "case_number"),
    sa.Index("ix_cases_subject_received_at", "subject", "state", "received_at", "case_number"),
    sa.Index("ix_cases_place_received_at", "place", "state", "received_at", "case_number"),
    sa.Index("ix_cases_subject_place_received_at", "subject", "place", "state", "received_at", "case_number"),
)

# How often something happened in a year: what a page shows of everything there is, without counting it anew.
tallies = sa.Table(
    "tallies",
    metadata,
    sa.Column("what", TEXT, primary_key=True),  # closed, breached
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("times", sa.Integer, nullable=False),
)

case_units = sa.Table(
    "case_units",
    metadata,
    sa.Column("case_number", TEXT, sa.ForeignKey("cases.case_number"), primary_key=True),
    sa.Column("unit", TEXT, primary_key=True),
    sa.Column("role", TEXT, nullable=False),
    # The case's own, so that a unit's newest are found along an index, whether all or those in one state.
    sa.Column("received_at", UtcDateTime, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Index("ix_case_units_unit", "unit", "received_at", "case_number"),
    sa.Index("ix_case_units_unit_state", "unit", "state", "received_at", "case_number"),
)

petitioners = sa.Table(
    "petitioners",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("case_number", TEXT, sa.ForeignKey("cases.case_number"), nullable=False, index=True),
    sa.Column("name", TEXT),
    sa.Column("phone", TEXT),
    sa.Column("address", TEXT),
    sa.Column("erased_at", UtcDateTime),
    sa.Column("erased_by", TEXT),
    sa.Column("erased_because", TEXT),
)

texts = sa.Table(
    "texts",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("case_number", TEXT, sa.ForeignKey("cases.case_number"), nullable=False),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("name", TEXT, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("body", TEXT),
    sa.Column("salt", sa.LargeBinary),
    sa.Column("hash", TEXT, nullable=False),
    sa.Column("written_at", UtcDateTime, nullable=False),
    sa.Column("written_by", TEXT, nullable=False),
    sa.Column("erased_at", UtcDateTime),
    sa.Column("erased_by", TEXT),
    sa.Column("erased_because", TEXT),
    sa.UniqueConstraint("case_number", "kind", "name", "version"),
)

clocks = sa.Table(
    "clocks",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("case_number", TEXT, sa.ForeignKey("cases.case_number"), nullable=False, index=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("state", TEXT, nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False),
    sa.Column("length", sa.Integer, nullable=False),
    sa.Column("unit", TEXT, nullable=False),
    sa.Column("extended_by", sa.Integer, nullable=False, server_default="0"),
    sa.Column("extended_unit", TEXT),
    sa.Column("pauses", sa.JSON, nullable=False),
    sa.Column("due_at", UtcDateTime),
    sa.Column("provisional", sa.Boolean, nullable=False),
    sa.Column("warned", sa.Integer, nullable=False, server_default="0"),
    sa.Column("breached_at", UtcDateTime, index=True),
    sa.Column("stopped_at", UtcDateTime),
    sa.Column("next_event_at", UtcDateTime, index=True),
)

calendar_decrees = sa.Table(
    "calendar_decrees",
    metadata,
    sa.Column("year", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("title", TEXT, nullable=False),
    sa.Column("days_off", sa.JSON, nullable=False),
    sa.Column("days_worked", sa.JSON, nullable=False),
    sa.Column("entered_at", UtcDateTime, nullable=False),
    sa.Column("entered_by", TEXT, nullable=False),
)

notices = sa.Table(
    "notices",
    metadata,
    sa.Column("id", ID, primary_key=True),
    sa.Column("case_number", TEXT, sa.ForeignKey("cases.case_number"), nullable=False, index=True),
    sa.Column("kind", TEXT, nullable=False),
    sa.Column("recipient", TEXT, nullable=False),
    sa.Column("particulars", sa.JSON, nullable=False),
    sa.Column("text_id", ID, sa.ForeignKey("texts.id")),
    sa.Column("sent_at", UtcDateTime, nullable=False),
    sa.Index("ix_notices_recipient", "recipient", "sent_at"),
)

ratings = sa.Table(
    "ratings",
    metadata,
    sa.Column("case_number", TEXT, sa.ForeignKey("cases.case_number"), primary_key=True),
    sa.Column("round", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rating", TEXT, nullable=False),
    sa.Column("office_score", sa.Integer),
    sa.Column("unit_score", sa.Integer),
    sa.Column("reasons", ID, sa.ForeignKey("texts.id")),
    sa.Column("rated_at", UtcDateTime, nullable=False),
)

withdrawals = sa.Table(
    "withdrawals",
    metadata,
    sa.Column("case_number", TEXT, sa.ForeignKey("cases.case_number"), primary_key=True),
    sa.Column("reason", ID, sa.ForeignKey("texts.id")),
    sa.Column("handed_in_at", UtcDateTime, nullable=False),
    sa.Column("handed_in_by", TEXT, nullable=False),
    sa.Column("recorded_at", UtcDateTime),
)

handled_jobs = sa.Table(
    "handled_jobs",
    metadata,
    sa.Column("job_id", TEXT, primary_key=True),
    sa.Column("result", TEXT, nullable=False),  # JSON
)

# What this release brought along, as last deployed: a restart must not undo what a designer deployed since.
bundled_resources = sa.Table(
    "bundled_resources",
    metadata,
    sa.Column("name", TEXT, primary_key=True),
    sa.Column("sha256", TEXT, nullable=False),
)

drafts = sa.Table(
    "drafts",
    metadata,
    sa.Column("user_task_id", TEXT, primary_key=True),
    sa.Column("account_id", TEXT, primary_key=True),
    sa.Column("values", sa.JSON, nullable=False),
    sa.Column("saved_at", UtcDateTime, nullable=False),
)
