"""Intake: the first clock, receipt, what is missing, refusal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from engine.store.database import Transaction
from workflows.office import Office
from workflows.papers import notices
from workflows.register import cases, states
from workflows.time import clocks


def start_clocks(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    source: str,
    received_at: str,
    notify_length: int,
    notify_unit: str,
) -> dict[str, Any]:
    """The time to decide on acceptance runs from receipt (Arts. 22, 23).

    A case taken over from another register starts anew here: what ran there is not this office's time.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        begun = tx.now if source == "import" else datetime.fromisoformat(received_at)
        clock = clocks.start(tx, case_number, "notify", int(notify_length), notify_unit, begun)
        return {"notify_due": clock.due.isoformat()}

    return office.once(job_id, work)


def request_supplement(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    supplement_length: int,
    supplement_unit: str,
    missing: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Ask the petitioner for what is missing; while they have the case, the office's time stands still."""

    def work(tx: Transaction) -> dict[str, Any]:
        cases.move(tx, case_number, states.AWAITING_SUPPLEMENT)
        clocks.pause(tx, case_number, "notify")
        clock = clocks.start(tx, case_number, "supplement", int(supplement_length), supplement_unit)
        notices.send(tx, case_number, "supplement", notices.PETITIONER, {"due_on": clock.last_day}, missing)
        return {"supplement_due": clock.due.isoformat()}

    return office.once(job_id, work)


def acknowledge(
    *, office: Office, job_id: str, case_number: str, subject: str, place: str, category: str
) -> dict[str, Any]:
    """Register the petition under what the clerk, or the table, made of it, and send the receipt."""

    def work(tx: Transaction) -> dict[str, Any]:
        cases.move(
            tx,
            case_number,
            states.REGISTERED,
            subject=subject,
            place=place,
            category=category,
            registered_at=tx.now,
        )
        clock = clocks.get(tx, case_number, "notify")
        notices.send(tx, case_number, "receipt", notices.PETITIONER, {"due_on": clock.last_day})
        return {}

    return office.once(job_id, work)


def notify_refusal(
    *, office: Office, job_id: str, case_number: str, refusal: str, refusal_reason: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Tell the petitioner that it goes no further: refused, or lapsed because nothing more was handed in."""

    def work(tx: Transaction) -> dict[str, Any]:
        clocks.stop(tx, case_number, "notify")
        if refusal == "lapsed":
            lapsed = clocks.get(tx, case_number, "supplement")
            clocks.stop(tx, case_number, "supplement")
            notices.send(tx, case_number, "lapse", notices.PETITIONER, {"due_on": lapsed.last_day})
        else:
            notices.send(tx, case_number, "refusal", notices.PETITIONER, text=refusal_reason)
        return {}

    return office.once(job_id, work)
