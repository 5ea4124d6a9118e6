"""Assignment: the petition goes to its units, and is accepted."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from engine.store.database import Transaction
from workflows.office import Office
from workflows.organisation import units
from workflows.papers import notices
from workflows.register import cases, states
from workflows.time import clocks


def hand_over(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    lead_unit: str,
    objection_length: int,
    objection_unit: str,
    co_units: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Give the case to its units; the lead unit may object for so many days (Art. 23).

    Each co-unit is asked once, and the lead unit is none.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        others = tuple(dict.fromkeys(code for code in co_units or () if code != lead_unit))
        units.check(tx, (lead_unit, *others))
        cases.set_units(tx, case_number, lead_unit, others)
        cases.move(tx, case_number, states.ASSIGNED)
        clock = clocks.start(tx, case_number, "objection", int(objection_length), objection_unit)
        for code in (lead_unit, *others):
            role = "lead" if code == lead_unit else "co"
            notices.send(tx, case_number, "assignment", f"unit:{code}", {"role": role, "due_on": clock.last_day})
        return {"objection_due": clock.due.isoformat(), "co_units": list(others)}

    return office.once(job_id, work)


def send_acceptance_notice(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    lead_unit: str,
    resolve_length: int,
    resolve_unit: str,
    opinion_length: int,
    opinion_unit: str,
) -> dict[str, Any]:
    """Tell the petitioner; the time to handle runs from this acceptance (Art. 34)."""

    def work(tx: Transaction) -> dict[str, Any]:
        clocks.stop(tx, case_number, "notify")
        clocks.stop(tx, case_number, "objection")
        cases.move(tx, case_number, states.HANDLING, accepted_at=tx.now)
        resolve = clocks.start(tx, case_number, "resolve", int(resolve_length), resolve_unit)
        opinion = clocks.start(tx, case_number, "opinion", int(opinion_length), opinion_unit)
        particulars = {"unit_name": units.get(tx, lead_unit).name, "due_on": resolve.last_day}
        notices.send(tx, case_number, "acceptance", notices.PETITIONER, particulars)
        return {"resolve_due": resolve.due.isoformat(), "opinion_due": opinion.due.isoformat()}

    return office.once(job_id, work)
