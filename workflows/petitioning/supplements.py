"""What was missing from a petition, handed in later."""

from __future__ import annotations

from engine import messages
from engine.errors import InvalidState, InvalidVariables, NotFound
from engine.store.database import Transaction
from workflows.papers import texts
from workflows.register import cases, states
from workflows.time import clocks


def hand_in(tx: Transaction, case_number: str, body: str) -> None:
    """Give the office what it asked for; from here on its own time runs again.

    Raises:
        NotFound, NotPermitted
        InvalidVariables: it is empty or too long.
        InvalidState: the case does not wait for it, or no longer.
    """
    tx.authorise("supplement", cases.get(tx, case_number))
    words = body.strip()
    if not 0 < len(words) <= cases.CLAIMS_LIMIT:
        wanted = f"expected 1 to {cases.CLAIMS_LIMIT} characters, but it has {len(words)}"
        raise InvalidVariables({"supplement": wanted})
    text = texts.write(tx, case_number, "supplement", words)
    try:
        messages.deliver(tx, "supplement-received", case_number, {"supplement": text.reference})
    except NotFound as nobody:
        raise InvalidState("case", case_number, "supplement", "does not wait for a supplement now") from nobody
    cases.move(tx, case_number, states.RECEIVED)
    clocks.stop(tx, case_number, "supplement")
    clocks.resume(tx, case_number, "notify")
