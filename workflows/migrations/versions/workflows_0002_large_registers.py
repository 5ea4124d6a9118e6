"""Lists and numbers of a register of any size are read along an index: by subject, place and unit, and from tallies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from engine.store.types import TEXT

revision = "workflows_0002"
down_revision = "workflows_0001"
branch_labels = None
depends_on = None

_FILTERS = {"subject": ("subject",), "place": ("place",), "subject_place": ("subject", "place")}


def upgrade() -> None:
    for name, columns in _FILTERS.items():
        op.create_index(
            f"ix_cases_{name}_received_at", "cases", [*columns, "state", "received_at", "case_number"], unique=False
        )
    _case_units()
    op.create_table(
        "tallies",
        sa.Column("what", TEXT, nullable=False),
        sa.Column("year", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("what", "year", name=op.f("pk_tallies")),
    )
    op.execute(
        "INSERT INTO tallies (what, year, times)"
        " SELECT 'closed', CAST(substr(CAST(closed_at AS TEXT), 1, 4) AS INTEGER) AS year, count(*)"
        " FROM cases WHERE closed_at IS NOT NULL GROUP BY year"
    )
    op.execute(
        "INSERT INTO tallies (what, year, times)"
        " SELECT 'breached', CAST(substr(CAST(breached_at AS TEXT), 1, 4) AS INTEGER) AS year, count(*)"
        " FROM clocks WHERE breached_at IS NOT NULL GROUP BY year"
    )


def _case_units() -> None:
    op.add_column("case_units", sa.Column("received_at", sa.DateTime(), nullable=True))
    op.add_column("case_units", sa.Column("state", TEXT, nullable=True))
    op.execute(
        "UPDATE case_units SET"
        " received_at = (SELECT received_at FROM cases WHERE cases.case_number = case_units.case_number),"
        " state = (SELECT state FROM cases WHERE cases.case_number = case_units.case_number)"
    )
    op.drop_index("ix_case_units_unit", "case_units")
    with op.batch_alter_table("case_units") as case_units:
        case_units.alter_column("received_at", existing_type=sa.DateTime(), nullable=False)
        case_units.alter_column("state", existing_type=TEXT, nullable=False)
    op.create_index("ix_case_units_unit", "case_units", ["unit", "received_at", "case_number"], unique=False)
    op.create_index(
        "ix_case_units_unit_state", "case_units", ["unit", "state", "received_at", "case_number"], unique=False
    )
