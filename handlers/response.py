"""Response: the reply is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.store.database import Transaction
from workflows import vocabulary
from workflows.office import Office
from workflows.papers import notices, texts
from workflows.register import cases, states
from workflows.time import clocks


def serve_reply(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    outcome: str,
    reply: Mapping[str, Any],
    legal_basis: Mapping[str, Any] | None = None,
    remedy: Mapping[str, Any] | None = None,
    remedy_by: str | None = None,
) -> dict[str, Any]:
    """Give the approved reply to the petitioner and record when: a review is counted from then (Arts. 32, 35).

    What is served is the opinion with its legal basis, what will be done, and by which day (ISO 8601).
    """

    def work(tx: Transaction) -> dict[str, Any]:
        parts = [texts.resolve(tx, reply)]
        parts += [f"Legal basis: {texts.resolve(tx, legal_basis)}"] if legal_basis else []
        parts += [f"What will be done: {texts.resolve(tx, remedy)}"] if remedy else []
        parts += [f"It will be done by {remedy_by}."] if remedy and remedy_by else []
        served = texts.write(tx, case_number, "served_reply", "\n\n".join(parts))
        clocks.stop(tx, case_number, "resolve")
        clocks.stop(tx, case_number, "opinion")
        cases.move(tx, case_number, states.REPLIED, served_at=tx.now, reply_outcome=outcome)
        particulars = {"outcome_words": vocabulary.OUTCOMES.get(outcome, outcome)}
        notices.send(tx, case_number, "reply", notices.PETITIONER, particulars, served.reference)
        return {"served_at": tx.now.isoformat()}

    return office.once(job_id, work)
