"""Investigation: late opinions, and more time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.store.database import Transaction
from workflows.office import Office
from workflows.papers import notices
from workflows.time import clocks


def remind_co_unit(*, office: Office, job_id: str, case_number: str, co_unit: str) -> dict[str, Any]:
    """The lead unit waits for this opinion."""

    def work(tx: Transaction) -> dict[str, Any]:
        due = clocks.get(tx, case_number, "opinion").last_day
        notices.send(tx, case_number, "opinion-late", f"unit:{co_unit}", {"due_on": due})
        return {}

    return office.once(job_id, work)


def extend_clock(
    *, office: Office, job_id: str, case_number: str, extension_length: int, extension_unit: str
) -> dict[str, Any]:
    """More days to handle, once, and asked for in time (Art. 34).

    Raises:
        BpmnError: ``EXTENSION_REFUSED``: too late, or the second time.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        clock = clocks.extend(tx, case_number, "resolve", int(extension_length), extension_unit)
        return {"resolve_due": clock.due.isoformat()}

    return office.once(job_id, work)


def notify_extension(
    *, office: Office, job_id: str, case_number: str, reason: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """The petitioner is told the new day, and why (Art. 34)."""

    def work(tx: Transaction) -> dict[str, Any]:
        due = clocks.get(tx, case_number, "resolve").last_day
        notices.send(tx, case_number, "extension", notices.PETITIONER, {"due_on": due}, reason)
        return {}

    return office.once(job_id, work)


def notify_extension_refused(*, office: Office, job_id: str, case_number: str, lead_unit: str) -> dict[str, Any]:
    """The unit that asked is told that its day stays."""

    def work(tx: Transaction) -> dict[str, Any]:
        due = clocks.get(tx, case_number, "resolve").last_day
        notices.send(tx, case_number, "extension-refused", f"unit:{lead_unit}", {"due_on": due})
        return {}

    return office.once(job_id, work)
