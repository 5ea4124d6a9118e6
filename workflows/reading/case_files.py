"""A case as one page shows it. Every reading of it is an entry in its journal: who, by which right, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from engine.store.database import Transaction
from workflows import journal_notes, permissions, vocabulary
from workflows.papers import notices, texts
from workflows.papers.notices import Notice
from workflows.papers.texts import Text
from workflows.people import petitioners
from workflows.people.petitioners import Petitioner
from workflows.petitioning import ratings
from workflows.petitioning.ratings import Recorded
from workflows.register import cases, states
from workflows.register.cases import Case
from workflows.time import clocks
from workflows.time.clocks import Clock

PUBLIC_CLOCKS = frozenset({"notify", "resolve", "supplement", "survey"})
"""The clocks that a petitioner is told of; the others are between offices."""


@dataclass(frozen=True, slots=True)
class CaseFile:
    """All of a case that its office works with. `may` is what the reader may do with it now."""

    case: Case
    people: tuple[Petitioner, ...]
    clocks: tuple[Clock, ...]
    notices: tuple[Notice, ...]
    texts: tuple[Text, ...]
    ratings: tuple[Recorded, ...]
    may: frozenset[str]


@dataclass(frozen=True, slots=True)
class PublicCase:
    """What petitioners see of their case. `may` says what it waits for: ``rate``, ``supplement``, ``withdraw``."""

    case_number: str
    state: str
    subject: str
    place: str
    category: str
    received_at: datetime
    served_at: datetime | None
    closed_at: datetime | None
    close_reason: str | None
    reply_outcome: str | None
    claims: str
    reply: str | None
    clocks: tuple[Clock, ...]
    notices: tuple[Notice, ...]
    may: frozenset[str]


def read(tx: Transaction, case_number: str, purpose: str) -> CaseFile:
    """Open the case for a purpose of `vocabulary.READ_PURPOSES`, and record that it was read.

    Raises:
        NotFound: it is not there, or the actor may not see it.
        InvalidVariables: no such purpose.
    """
    vocabulary.check("purpose", purpose, vocabulary.READ_PURPOSES)
    case = cases.get(tx, case_number)
    tx.authorise("read", case)
    journal_notes.write(tx, case_number, "case read", {"purpose": purpose, "groups": sorted(tx.actor.groups)})
    return CaseFile(
        case=case,
        people=petitioners.of_case(tx, case_number),
        clocks=clocks.of_case(tx, case_number),
        notices=notices.of_case(tx, case_number),
        texts=texts.of_case(tx, case_number),
        ratings=ratings.of_case(tx, case_number),
        may=permissions.actions(tx.actor, case),
    )


def follow(tx: Transaction, case_number: str) -> PublicCase:
    """The case for its petitioner, who has shown its query code.

    Raises:
        NotFound, NotPermitted
    """
    case = cases.get(tx, case_number)
    tx.authorise("follow", case)
    journal_notes.write(tx, case_number, "case read", {"purpose": "own", "groups": sorted(tx.actor.groups)})
    running = clocks.of_case(tx, case_number)
    sent = notices.to_petitioner(tx, case_number)
    return PublicCase(
        case_number=case_number,
        state=case.state,
        subject=case.subject,
        place=case.place,
        category=case.category,
        received_at=case.received_at,
        served_at=case.served_at,
        closed_at=case.closed_at,
        close_reason=case.close_reason,
        reply_outcome=case.reply_outcome,
        claims=next((text.words for text in texts.of_case(tx, case_number) if text.kind == "claims"), ""),
        reply=next((notice.words for notice in reversed(sent) if notice.kind == "reply"), None),
        clocks=tuple(clock for clock in running if clock.kind in PUBLIC_CLOCKS),
        notices=sent,
        may=_waits_for(case, running),
    )


def _waits_for(case: Case, running: tuple[Clock, ...]) -> frozenset[str]:
    counting = {clock.kind for clock in running if clock.state == clocks.RUNNING}
    may = {"rate"} if "survey" in counting else set()
    may |= {"supplement"} if "supplement" in counting else set()
    may |= {"withdraw"} if case.state != states.CLOSED else set()
    return frozenset(may)
