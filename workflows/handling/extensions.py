"""A unit asks for more time; the head of the unit decides, in the process (Art. 34)."""

from __future__ import annotations

from engine import messages
from engine.errors import InvalidState, InvalidVariables, NotFound
from engine.store.database import Transaction
from workflows.papers import texts
from workflows.register import cases


def request(tx: Transaction, case_number: str, reason: str) -> None:
    """Ask for an extension. The reason is told to the petitioner if it is granted.

    Raises:
        NotFound, NotPermitted
        InvalidVariables: no reason is given.
        InvalidState: the case is not being investigated.
    """
    tx.authorise("ask for more time for", cases.get(tx, case_number))
    if not reason.strip():
        raise InvalidVariables({"reason": "expected a reason that the petitioner can be told, but it is empty"})
    text = texts.write(tx, case_number, "extension_reason", reason.strip())
    variables = {"reason": text.reference, "requested_by": tx.actor.id}
    try:
        messages.deliver(tx, "extension-requested", case_number, variables)
    except NotFound as nobody:
        raise InvalidState("case", case_number, "ask for more time for", "is not being investigated") from nobody
