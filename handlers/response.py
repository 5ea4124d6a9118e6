"""Response: the reply is served."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.database import Transaction
from workflows import cases, clocks, notices, states, vocabulary
from workflows.office import Office


def serve_reply(
    *, office: Office, job_id: str, case_number: str, outcome: str, reply: Mapping[str, Any]
) -> dict[str, Any]:
    """Give the approved reply to the petitioner and record when: a review is counted from then (Arts. 32, 35)."""

    def work(tx: Transaction) -> dict[str, Any]:
        clocks.stop(tx, case_number, "resolve")
        clocks.stop(tx, case_number, "opinion")
        cases.move(tx, case_number, states.REPLIED, served_at=tx.now, reply_outcome=outcome)
        particulars = {"outcome_words": vocabulary.OUTCOMES.get(outcome, outcome)}
        notices.send(tx, case_number, "reply", notices.PETITIONER, particulars, reply)
        return {"served_at": tx.now.isoformat()}

    return office.once(job_id, work)
