"""What a case tells people: one row each, shown to the petitioner on the follow page and to a unit in its inbox.

A row has codes, dates and case numbers as its particulars; words that a person wrote stay in the case file and are
only pointed to, so that erasing them there erases them here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa

from engine.store.database import Transaction
from engine.store.statements import Statement
from workflows import tables
from workflows.papers import texts

PETITIONER = "petitioner"
"""The recipient that stands for the people of the case; a unit is ``unit:CODE``."""

WORDING: Mapping[str, tuple[str, str]] = {
    "receipt": (
        "Your petition is registered",
        "Your petition {case_number} is complete and is registered. It is now passed to the unit that is responsible. "
        "You will hear by {due_on} whether it is accepted.",
    ),
    "supplement": (
        "Please complete your petition",
        "Something is missing. Please hand it in by {due_on}, or your petition is not taken further.",
    ),
    "refusal": ("Your petition is not accepted", "The office does not take your petition further. The reason follows."),
    "lapse": (
        "Your petition is not taken further",
        "What was missing was not handed in by {due_on}. You may hand in your petition again.",
    ),
    "assignment": ("A petition is handed to you", "As {role} unit. Objections with reasons by {due_on}."),
    "acceptance": ("Your petition is accepted", "{unit_name} handles it and replies by {due_on}."),
    "extension": ("More time is needed", "The reply is now due by {due_on}. The reason follows."),
    "extension-refused": ("The extension is refused", "The reply stays due by {due_on}."),
    "opinion-late": ("Your opinion is late", "The lead unit waits for your opinion; it was due by {due_on}."),
    "reply": ("The reply to your petition", "Result: {outcome_words}."),
    "survey": (
        "How was your petition handled?",
        "Please rate the office and the unit by {due_on}. If you are dissatisfied, it is handled once more.",
    ),
    "survey-again": (
        "How was your petition handled this time?",
        "Please rate the office and the unit by {due_on}. If you are still dissatisfied, you may ask the next higher "
        "office for a review.",
    ),
    "reopened": ("The petition is handled once more", "The petitioner is dissatisfied. A reply is due by {due_on}."),
    "reopened-petitioner": ("Your petition is handled once more", "Every unit looks at it again. You get a new reply."),
    "review-right": (
        "You may ask for a review",
        "If you do not accept the reply, you may ask the office above the one that replied for a review by {due_on}, "
        "counted from the day the reply was served.",
    ),
    "withdrawal": ("Your petition is withdrawn", "You have withdrawn your petition. Nothing further is done."),
    "withdrawn": ("A petition is withdrawn", "The petitioner has withdrawn it; there is nothing left to do."),
    "closed": ("Your petition is closed", "Result: {closed_words}."),
    "clock-warning": ("{percent} % of the time is used", "{clock_words}: due by {due_on}."),
    "clock-breached": ("The time is over", "{clock_words}: was due by {due_on}."),
    "clock-moved": ("A due date has moved", "{clock_words}: now due by {due_on}, because the calendar changed."),
}
"""Title and body by kind; names in braces are particulars."""


_INSERT = Statement(
    sa.insert(tables.notices), ("case_number", "kind", "recipient", "particulars", "text_id", "sent_at")
)


@dataclass(frozen=True, slots=True)
class Notice:
    """`words` is what a person wrote and the notice carries along; None where there is nothing of the kind."""

    id: int
    case_number: str
    kind: str
    recipient: str
    title: str
    body: str
    words: str | None
    sent_at: datetime


def send(
    tx: Transaction,
    case_number: str,
    kind: str,
    recipient: str,
    particulars: Mapping[str, Any] | None = None,
    text: Mapping[str, Any] | None = None,
) -> None:
    """Put a notice out; `text` is the reference of what goes with it.

    Raises:
        KeyError: a kind that has no wording, or a particular that its wording needs, is missing.
    """
    values = {"case_number": case_number, **(particulars or {})}
    title, body = WORDING[kind]
    (title + body).format(**values)
    row = {
        "case_number": case_number,
        "kind": kind,
        "recipient": recipient,
        "particulars": dict(particulars or {}),
        "text_id": text["text"] if text and texts.is_reference(text) else None,
        "sent_at": tx.now,
    }
    _INSERT.execute(tx.connection, row)


def to_petitioner(tx: Transaction, case_number: str) -> tuple[Notice, ...]:
    """What the people of the case were told, oldest first."""
    table = tables.notices
    return _find(tx, (table.c.case_number == case_number) & (table.c.recipient == PETITIONER))


def of_case(tx: Transaction, case_number: str) -> tuple[Notice, ...]:
    """What anybody was told in the case, oldest first."""
    return _find(tx, tables.notices.c.case_number == case_number)


def to_unit(tx: Transaction, unit: str, limit: int = 50) -> tuple[Notice, ...]:
    """The last notices that a unit got, newest first. Raises NotPermitted for other units' people."""
    tx.authorise("read notices of", f"unit:{unit}")
    table, words = tables.notices, tables.texts
    query = sa.select(table, words.c.body, words.c.erased_at).outerjoin(words, words.c.id == table.c.text_id)
    query = query.where(table.c.recipient == f"unit:{unit}").order_by(table.c.sent_at.desc(), table.c.id.desc())
    return tuple(map(_notice, tx.connection.execute(query.limit(limit))))


def _find(tx: Transaction, which: sa.ColumnElement[bool]) -> tuple[Notice, ...]:
    table, words = tables.notices, tables.texts
    query = sa.select(table, words.c.body, words.c.erased_at).outerjoin(words, words.c.id == table.c.text_id)
    return tuple(map(_notice, tx.connection.execute(query.where(which).order_by(table.c.id))))


def _notice(row: sa.Row[Any]) -> Notice:
    title, body = WORDING[row.kind]
    values = {"case_number": row.case_number, **_spelled(row.particulars)}
    return Notice(
        id=row.id,
        case_number=row.case_number,
        kind=row.kind,
        recipient=row.recipient,
        title=title.format(**values),
        body=body.format(**values),
        words=texts.ERASED if row.erased_at is not None else row.body,
        sent_at=row.sent_at,
    )


def _spelled(particulars: Mapping[str, Any]) -> dict[str, Any]:
    """Days as people write them; they are kept as ISO 8601 texts."""
    day = particulars.get("due_on")
    if day is None:
        return dict(particulars)
    due = date.fromisoformat(day)
    return {**particulars, "due_on": f"{due.day} {due:%b %Y}"}
