"""The tables of the petition domain."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.types import ID, TEXT

revision = "workflows_0001"
down_revision = None
branch_labels = ("workflows",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("password_hash", TEXT, nullable=False),
        sa.Column("groups", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(), nullable=False),
        sa.Column("disabled_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )
    op.create_table(
        "bundled_resources",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_bundled_resources")),
    )
    op.create_table(
        "calendar_decrees",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("title", TEXT, nullable=False),
        sa.Column("days_off", sa.JSON(), nullable=False),
        sa.Column("days_worked", sa.JSON(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.Column("entered_by", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_calendar_decrees")),
    )
    op.create_table(
        "case_counters",
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("year", name=op.f("pk_case_counters")),
    )
    op.create_table(
        "cases",
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("query_code_salt", sa.LargeBinary(), nullable=False),
        sa.Column("query_code_hash", sa.LargeBinary(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("channel", TEXT, nullable=False),
        sa.Column("source", TEXT, nullable=False),
        sa.Column("source_key", TEXT, nullable=True),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("category", TEXT, server_default="", nullable=False),
        sa.Column("jurisdiction_profile", TEXT, nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("identity_clear", sa.Boolean(), nullable=False),
        sa.Column("petitioner_count", sa.Integer(), nullable=False),
        sa.Column("received_at", sa.DateTime(), nullable=False),
        sa.Column("entered_at", sa.DateTime(), nullable=False),
        sa.Column("registered_at", sa.DateTime(), nullable=True),
        sa.Column("accepted_at", sa.DateTime(), nullable=True),
        sa.Column("served_at", sa.DateTime(), nullable=True),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.Column("reply_outcome", TEXT, nullable=True),
        sa.Column("close_reason", TEXT, nullable=True),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_cases")),
        sa.UniqueConstraint("source_key", name=op.f("uq_cases_source_key")),
    )
    op.create_index("ix_cases_received_at", "cases", ["received_at", "case_number"], unique=False)
    op.create_index("ix_cases_state_received_at", "cases", ["state", "received_at", "case_number"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("user_task_id", TEXT, nullable=False),
        sa.Column("account_id", TEXT, nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("saved_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("user_task_id", "account_id", name=op.f("pk_drafts")),
    )
    op.create_table(
        "handled_jobs",
        sa.Column("job_id", TEXT, nullable=False),
        sa.Column("result", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("job_id", name=op.f("pk_handled_jobs")),
    )
    op.create_table(
        "units",
        sa.Column("code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("level", TEXT, nullable=False),
        sa.Column("superior", TEXT, nullable=True),
        sa.Column("territory", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["superior"], ["units.code"], name=op.f("fk_units_superior")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_units")),
    )
    op.create_table(
        "case_units",
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("role", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name=op.f("fk_case_units_case_number")),
        sa.PrimaryKeyConstraint("case_number", "unit", name=op.f("pk_case_units")),
    )
    op.create_index("ix_case_units_unit", "case_units", ["unit", "case_number"], unique=False)
    op.create_table(
        "clocks",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("length", sa.Integer(), nullable=False),
        sa.Column("unit", TEXT, nullable=False),
        sa.Column("extended_by", sa.Integer(), server_default="0", nullable=False),
        sa.Column("extended_unit", TEXT, nullable=True),
        sa.Column("pauses", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=True),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("warned", sa.Integer(), server_default="0", nullable=False),
        sa.Column("breached_at", sa.DateTime(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(), nullable=True),
        sa.Column("next_event_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name=op.f("fk_clocks_case_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clocks")),
    )
    op.create_index(op.f("ix_clocks_case_number"), "clocks", ["case_number"], unique=False)
    op.create_index(op.f("ix_clocks_breached_at"), "clocks", ["breached_at"], unique=False)
    op.create_index(op.f("ix_clocks_next_event_at"), "clocks", ["next_event_at"], unique=False)
    op.create_table(
        "petitioners",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=True),
        sa.Column("phone", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("erased_at", sa.DateTime(), nullable=True),
        sa.Column("erased_by", TEXT, nullable=True),
        sa.Column("erased_because", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name=op.f("fk_petitioners_case_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_petitioners")),
    )
    op.create_index(op.f("ix_petitioners_case_number"), "petitioners", ["case_number"], unique=False)
    op.create_table(
        "texts",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", TEXT, nullable=True),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("hash", TEXT, nullable=False),
        sa.Column("written_at", sa.DateTime(), nullable=False),
        sa.Column("written_by", TEXT, nullable=False),
        sa.Column("erased_at", sa.DateTime(), nullable=True),
        sa.Column("erased_by", TEXT, nullable=True),
        sa.Column("erased_because", TEXT, nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name=op.f("fk_texts_case_number")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_texts")),
        sa.UniqueConstraint("case_number", "kind", "name", "version", name=op.f("uq_texts_case_number")),
    )
    op.create_table(
        "notices",
        sa.Column("id", ID, nullable=False),
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("recipient", TEXT, nullable=False),
        sa.Column("particulars", sa.JSON(), nullable=False),
        sa.Column("text_id", ID, nullable=True),
        sa.Column("sent_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name=op.f("fk_notices_case_number")),
        sa.ForeignKeyConstraint(["text_id"], ["texts.id"], name=op.f("fk_notices_text_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notices")),
    )
    op.create_index(op.f("ix_notices_case_number"), "notices", ["case_number"], unique=False)
    op.create_index("ix_notices_recipient", "notices", ["recipient", "sent_at"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("round", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rating", TEXT, nullable=False),
        sa.Column("office_score", sa.Integer(), nullable=True),
        sa.Column("unit_score", sa.Integer(), nullable=True),
        sa.Column("reasons", ID, nullable=True),
        sa.Column("rated_at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name=op.f("fk_ratings_case_number")),
        sa.ForeignKeyConstraint(["reasons"], ["texts.id"], name=op.f("fk_ratings_reasons")),
        sa.PrimaryKeyConstraint("case_number", "round", name=op.f("pk_ratings")),
    )
    op.create_table(
        "withdrawals",
        sa.Column("case_number", TEXT, nullable=False),
        sa.Column("reason", ID, nullable=True),
        sa.Column("handed_in_at", sa.DateTime(), nullable=False),
        sa.Column("handed_in_by", TEXT, nullable=False),
        sa.Column("recorded_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_number"], ["cases.case_number"], name=op.f("fk_withdrawals_case_number")),
        sa.ForeignKeyConstraint(["reason"], ["texts.id"], name=op.f("fk_withdrawals_reason")),
        sa.PrimaryKeyConstraint("case_number", name=op.f("pk_withdrawals")),
    )
