"""Supervision: warnings, breaches, and a calendar that changes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from engine.store.database import Transaction
from workflows import vocabulary
from workflows.office import Office
from workflows.papers import notices
from workflows.register import cases
from workflows.time import clocks
from workflows.time.calendars import local_day

PETITION_OFFICE = "unit:petition-office"
SUPERVISORS = "role:supervisor"


def warn_unit(*, office: Office, job_id: str, case_number: str, clock: str, percent: int, due: str) -> dict[str, Any]:
    """Tell whoever has the case that its time is running out."""

    def work(tx: Transaction) -> dict[str, Any]:
        particulars = {**_particulars(clock, due), "percent": percent}
        notices.send(tx, case_number, "clock-warning", _holder(tx, case_number), particulars)
        return {}

    return office.once(job_id, work)


def record_breach(*, office: Office, job_id: str, case_number: str, clock: str, due: str) -> dict[str, Any]:
    """Tell whoever has the case, and the supervisors, that its time is over."""

    def work(tx: Transaction) -> dict[str, Any]:
        for recipient in (_holder(tx, case_number), SUPERVISORS):
            notices.send(tx, case_number, "clock-breached", recipient, _particulars(clock, due))
        return {}

    return office.once(job_id, work)


def recompute_clocks(*, office: Office, job_id: str, case_number: str) -> dict[str, Any]:
    """Count the running clocks out by the new calendar; whoever waits for a day that moved is told.

    Returns the due moments that changed, as ``resolve_due`` and so on.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        before = {clock.id: clock.due_at for clock in clocks.of_case(tx, case_number)}
        moved = [clock for clock in clocks.recompute(tx, case_number) if clock.due_at != before[clock.id]]
        for clock in moved:
            particulars = _particulars(clock.kind, clock.due.isoformat())
            for recipient in (_holder(tx, case_number), notices.PETITIONER):
                notices.send(tx, case_number, "clock-moved", recipient, particulars)
        return {f"{clock.kind}_due": clock.due.isoformat() for clock in moved}

    return office.once(job_id, work)


def _holder(tx: Transaction, case_number: str) -> str:
    lead_unit = cases.get(tx, case_number).lead_unit
    return PETITION_OFFICE if lead_unit is None else f"unit:{lead_unit}"


def _particulars(clock: str, due: str) -> dict[str, Any]:
    due_on = local_day(datetime.fromisoformat(due)).isoformat()
    return {"clock_words": vocabulary.CLOCKS.get(clock, clock), "due_on": due_on}
