"""What the petitioner says of how the petition was handled: it closes the case (Art. 21)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import messages
from engine.errors import InvalidState, InvalidVariables, NotFound
from engine.store.database import Transaction
from workflows import tables, vocabulary
from workflows.papers import texts
from workflows.register import cases

NONE = "none"
"""The rating of someone who was not asked, or did not answer in time."""


@dataclass(frozen=True, slots=True)
class Rating:
    """One of `vocabulary.RATINGS`, and scores from 1 to 5 for the petition office and for the handling unit."""

    rating: str
    office_score: int | None = None
    unit_score: int | None = None
    reasons: str = ""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A rating as it was recorded for a round of handling; `reasons` is the id of its text."""

    round: int
    rating: str
    office_score: int | None
    unit_score: int | None
    reasons: int | None
    rated_at: datetime


def give(tx: Transaction, case_number: str, rating: Rating) -> None:
    """Hand a rating to the case that waits for it.

    Raises:
        NotFound, NotPermitted
        InvalidVariables: the rating or a score is off the scale.
        InvalidState: the case does not ask for a rating now.
    """
    tx.authorise("rate", cases.get(tx, case_number))
    _check(rating)
    reasons = texts.write(tx, case_number, "rating_reasons", rating.reasons).reference if rating.reasons else None
    variables = {
        "rating": rating.rating,
        "office_score": rating.office_score,
        "unit_score": rating.unit_score,
        "reasons": reasons,
    }
    try:
        messages.deliver(tx, "satisfaction-given", case_number, variables)
    except NotFound as nobody:
        raise InvalidState("case", case_number, "rate", "does not ask for a rating now") from nobody


def record(
    tx: Transaction, case_number: str, turn: int, rating: Rating, reasons: Mapping[str, Any] | None = None
) -> None:
    """Keep the rating of the handling's first, second, … round; `reasons` is the reference of its text."""
    tx.connection.execute(
        sa.insert(tables.ratings).values(
            case_number=case_number,
            round=turn,
            rating=rating.rating,
            office_score=rating.office_score,
            unit_score=rating.unit_score,
            reasons=reasons["text"] if reasons else None,
            rated_at=tx.now,
        )
    )


def record_silence(tx: Transaction, case_number: str, turn: int) -> None:
    """Keep that nobody rated the round: participation is counted beside satisfaction."""
    record(tx, case_number, turn, Rating(NONE))


def of_case(tx: Transaction, case_number: str) -> tuple[Recorded, ...]:
    """By round."""
    table = tables.ratings
    rows = tx.connection.execute(sa.select(table).where(table.c.case_number == case_number).order_by(table.c.round))
    return tuple(
        Recorded(row.round, row.rating, row.office_score, row.unit_score, row.reasons, row.rated_at) for row in rows
    )


def _check(rating: Rating) -> None:
    vocabulary.check("rating", rating.rating, vocabulary.RATINGS)
    wrong = {
        name: f"expected a score from {vocabulary.SCORES[0]} to {vocabulary.SCORES[-1]}, but it is {score}"
        for name, score in (("office_score", rating.office_score), ("unit_score", rating.unit_score))
        if score is not None and score not in vocabulary.SCORES
    }
    if wrong:
        raise InvalidVariables(wrong)
