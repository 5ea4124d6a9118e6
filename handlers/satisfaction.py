"""Satisfaction review and closing: the petitioner has the last word."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.store.database import Transaction
from workflows import vocabulary
from workflows.office import Office
from workflows.papers import drafts, notices
from workflows.petitioning import ratings, withdrawals
from workflows.register import cases, states
from workflows.time import clocks, decrees
from workflows.time.calendars import local_day
from workflows.time.schedules import Term, schedule


def open_survey(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    survey_length: int,
    survey_unit: str,
    round: int,  # noqa: A002 (what the process calls it)
) -> dict[str, Any]:
    """Ask the petitioner, and give them so many days to answer. The first answer may lead to a second round."""

    def work(tx: Transaction) -> dict[str, Any]:
        clock = clocks.start(tx, case_number, "survey", int(survey_length), survey_unit)
        kind = "survey" if round == 1 else "survey-again"
        notices.send(tx, case_number, kind, notices.PETITIONER, {"due_on": clock.last_day})
        return {"survey_due": clock.due.isoformat()}

    return office.once(job_id, work)


def record_rating(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    round: int,  # noqa: A002 (what the process calls it)
    rating: str,
    office_score: int | None = None,
    unit_score: int | None = None,
    reasons: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Keep what the petitioner said of this round, or that they said nothing (``none``)."""

    def work(tx: Transaction) -> dict[str, Any]:
        clocks.stop(tx, case_number, "survey")
        if rating == ratings.NONE:
            ratings.record_silence(tx, case_number, round)
        else:
            ratings.record(tx, case_number, round, ratings.Rating(rating, office_score, unit_score), reasons)
        return {}

    return office.once(job_id, work)


def reopen_case(
    *,
    office: Office,
    job_id: str,
    case_number: str,
    lead_unit: str,
    resolve_length: int,
    resolve_unit: str,
    opinion_length: int,
    opinion_unit: str,
    co_units: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Dissatisfied: every unit handles it once more, with its time counted anew."""

    def work(tx: Transaction) -> dict[str, Any]:
        cases.move(tx, case_number, states.HANDLING)
        resolve = clocks.start(tx, case_number, "resolve", int(resolve_length), resolve_unit)
        opinion = clocks.start(tx, case_number, "opinion", int(opinion_length), opinion_unit)
        for code in dict.fromkeys((lead_unit, *(co_units or ()))):
            notices.send(tx, case_number, "reopened", f"unit:{code}", {"due_on": resolve.last_day})
        notices.send(tx, case_number, "reopened-petitioner", notices.PETITIONER)
        return {"resolve_due": resolve.due.isoformat(), "opinion_due": opinion.due.isoformat()}

    return office.once(job_id, work)


def explain_review(
    *, office: Office, job_id: str, case_number: str, served_at: str, review_length: int, review_unit: str
) -> dict[str, Any]:
    """Still dissatisfied: tell the petitioner that a higher office reviews the reply if asked in time (Art. 35)."""

    def work(tx: Transaction) -> dict[str, Any]:
        term = Term(local_day(datetime.fromisoformat(served_at)), int(review_length), review_unit)
        due_on = local_day(schedule(term, decrees.load(tx)).due_at).isoformat()
        notices.send(tx, case_number, "review-right", notices.PETITIONER, {"due_on": due_on})
        return {}

    return office.once(job_id, work)


def close_case(*, office: Office, job_id: str, case_number: str, closed_as: str) -> dict[str, Any]:
    """Close the case: no clock runs on and no draft is left.

    `closed_as` is ``concluded``, ``not_accepted`` or ``withdrawn``.
    """

    def work(tx: Transaction) -> dict[str, Any]:
        clocks.stop_all(tx, case_number)
        drafts.discard_all(tx, case_number)
        cases.move(tx, case_number, states.CLOSED, closed_at=tx.now, close_reason=closed_as)
        words = vocabulary.CLOSE_REASONS.get(closed_as, closed_as).lower()
        notices.send(tx, case_number, "closed", notices.PETITIONER, {"closed_words": words})
        return {"closed_at": tx.now.isoformat()}

    return office.once(job_id, work)


def record_withdrawal(*, office: Office, job_id: str, case_number: str) -> dict[str, Any]:
    """Tell everybody who worked on it that there is nothing left to do."""

    def work(tx: Transaction) -> dict[str, Any]:
        clocks.stop_all(tx, case_number)
        withdrawals.record(tx, case_number)
        notices.send(tx, case_number, "withdrawal", notices.PETITIONER)
        for code in cases.get(tx, case_number).units:
            notices.send(tx, case_number, "withdrawn", f"unit:{code}")
        return {}

    return office.once(job_id, work)
