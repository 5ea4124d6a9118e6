"""The supervisor's pages: what is stuck, what has run out, the audit of a case, and the clock of the demonstration."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import login_required

from engine import clock, incidents, instances, journal
from engine.errors import count
from engine.store.database import Transaction
from web import errors, labels, timeline
from web.auth import current_actor
from web.current import engine, settings
from web.forms import whole_number
from web.presentation import day, days_ahead
from workflows.reading import audit as auditing
from workflows.reading import case_files
from workflows.register import cases
from workflows.time import clocks

PAGE = 50
ENTRIES = 200
"""Of a journal, on one page."""

MAX_DAYS = 366
STEPS = (1, 5, 20, 60)
"""Days that the page offers to move the clock by."""

blueprint = Blueprint("supervision", __name__, url_prefix="/supervision")


@dataclass(frozen=True, slots=True)
class Audit:
    """A case's journal, entry by entry, and what is wrong with its chain."""

    case: cases.Case
    events: tuple[timeline.Event, ...]
    findings: tuple[journal.Finding, ...]
    labels: labels.Labels


@blueprint.get("/")
@login_required
def index() -> ResponseReturnValue:
    """The numbers of today, each with the rows behind it."""

    def work(tx: Transaction) -> dict[str, Any]:
        tx.authorise("list", "incidents")
        totals = cases.totals(tx)
        return {
            "incidents": incidents.count(tx),
            "breaches": clocks.count_breached(tx),
            "open_cases": totals.open,
            "closed_cases": totals.closed,
        }

    return render_template("supervision/index.html", **engine().read(work, current_actor()))


@blueprint.get("/breaches")
@login_required
def breaches() -> ResponseReturnValue:
    """Clocks that ran out, the latest first."""
    after = whole_number(request.args.get("after", ""))

    def work(tx: Transaction) -> tuple[Any, labels.Labels]:
        return clocks.find_breached(tx, limit=PAGE + 1, after=after), labels.load(tx)

    found, words = engine().read(work, current_actor())
    more = url_for("supervision.breaches", after=found[PAGE - 1].id) if len(found) > PAGE else ""
    return render_template("supervision/breaches.html", found=found[:PAGE], more=more, labels=words)


@blueprint.get("/cases")
@login_required
def find_case() -> ResponseReturnValue:
    """From the search box to the audit of that case."""
    return redirect(url_for("supervision.audit", number=request.args.get("number", "").strip().upper() or "-"))


@blueprint.get("/cases/<number>")
@login_required
def audit(number: str) -> ResponseReturnValue:
    """The journal of a case, reads included, with the chain checked anew."""

    def work(tx: Transaction) -> Audit:
        tx.authorise("verify", "journal")
        file = case_files.read(tx, number, "supervision")
        instance = instances.find(tx, number)
        words = labels.load(tx)
        events = timeline.read(journal.entries(tx, instance.id), words)
        return Audit(
            file.case, tuple(events), tuple(auditing.verify(tx, instance_id=instance.id, replayed=True)), words
        )

    found = engine().transact(work, current_actor())
    after = whole_number(request.args.get("after", "")) or 0
    shown = [event for event in found.events if event.seq > after][: ENTRIES + 1]
    more = url_for("supervision.audit", number=number, after=shown[ENTRIES - 1].seq) if len(shown) > ENTRIES else ""
    return render_template(
        "supervision/audit.html",
        audit=found,
        case=found.case,
        labels=found.labels,
        events=shown[:ENTRIES],
        more=more,
    )


@blueprint.get("/clock")
@login_required
def show_clock() -> ResponseReturnValue:
    """The clock of the demonstration, which can be moved on."""
    _only_in_a_demo()
    engine().read(lambda tx: tx.authorise("move", "clock"), current_actor())
    return _clock_page("")


@blueprint.post("/clock")
@login_required
def move_clock() -> ResponseReturnValue:
    """Go on by some days: everything that falls due in them happens, in its order."""
    _only_in_a_demo()
    text = request.form.get("days", "").strip()
    days = whole_number(text)
    if days is None or not 1 <= days <= MAX_DAYS:
        return _clock_page(f"Expected 1 to {MAX_DAYS} days, but found '{text[:20]}'."), errors.INVALID
    now = clock.advance(engine(), timedelta(days=days), current_actor())
    flash(f"The clock moved on by {count(days, 'day')}: it is now {day(now)}.")
    return redirect(url_for("supervision.show_clock"))


def clock_notice() -> str:
    """A line for every page, where the clock does not show the world's time."""
    offset = engine().clock.offset
    if not days_ahead(offset):
        return ""
    return f"Demonstration: the clock stands at {day(engine().clock.now())}, {count(days_ahead(offset), 'day')} ahead."


def _clock_page(problem: str) -> str:
    return render_template(
        "supervision/clock.html",
        now=engine().clock.now(),
        offset=engine().clock.offset,
        steps=STEPS,
        problem=problem,
        most=MAX_DAYS,
    )


def _only_in_a_demo() -> None:
    if not settings().demo:
        abort(404)
