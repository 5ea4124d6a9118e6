"""A petitioner takes the petition back, of their own free will, whatever stage it has reached."""

from __future__ import annotations

import sqlalchemy as sa

from engine import messages
from engine.errors import InvalidState, InvalidVariables, NotFound
from engine.store.database import Transaction
from workflows import tables
from workflows.papers import texts
from workflows.register import cases


def hand_in(tx: Transaction, case_number: str, reason: str = "", *, of_free_will: bool) -> None:
    """End the case by the petitioner's own wish.

    Raises:
        NotFound, NotPermitted
        InvalidVariables: the petitioner did not say that it is their free will.
        InvalidState: the case is closed.
    """
    case = cases.get(tx, case_number)
    tx.authorise("withdraw", case)
    if not case.is_open:  # its process may still wait for a supervisor who looks into a breach
        raise InvalidState("case", case_number, "withdraw", "is closed")
    if not of_free_will:
        raise InvalidVariables({"of_free_will": "expected you to confirm that this is your own free will"})
    text = texts.write(tx, case_number, "withdrawal_reason", reason) if reason.strip() else None
    variables = {"withdrawal_reason": text.reference if text else None}
    try:
        messages.deliver(tx, "withdrawal", case_number, variables)
    except NotFound as nobody:
        raise InvalidState("case", case_number, "withdraw", "is closed") from nobody
    tx.connection.execute(
        sa.insert(tables.withdrawals).values(
            case_number=case_number,
            reason=text.id if text else None,
            handed_in_at=tx.now,
            handed_in_by=tx.actor.id,
        )
    )


def record(tx: Transaction, case_number: str) -> None:
    """The case has taken note of its withdrawal."""
    table = tables.withdrawals
    tx.connection.execute(sa.update(table).where(table.c.case_number == case_number).values(recorded_at=tx.now))
