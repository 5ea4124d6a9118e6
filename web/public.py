"""The petitioner's pages: hand in, keep the receipt, follow by number and query code, supplement, rate, withdraw.

No account is needed. Whoever shows number and query code may see and do what belongs to that one petition.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from engine.errors import InvalidVariables, NotFound
from engine.forms import Form
from engine.forms import read as read_form
from engine.store.database import Transaction
from web import errors, forms, labels
from web.auth import PETITION, current_actor
from web.current import engine, settings
from web.security import limiter
from workflows import vocabulary
from workflows.people.petitioners import Person
from workflows.permissions import PUBLIC, petitioner
from workflows.petitioning import ratings, supplements, withdrawals
from workflows.petitioning.ratings import Rating
from workflows.reading import case_files
from workflows.register import cases, states
from workflows.register.cases import Petition

FORMS = Path(__file__).parent / "templates" / "public" / "forms"
RECEIPT = "receipt"

HEADINGS = {"claims": "What is asked for", "facts": "What happened", "reasons": "Why it should be decided so"}

blueprint = Blueprint("public", __name__)


@cache
def _form(name: str) -> Form:
    return read_form((FORMS / f"{name}.form").read_bytes(), f"{name}.form")


@blueprint.get("/")
def home() -> ResponseReturnValue:
    """What one can do here."""
    return render_template("public/home.html")


@blueprint.get("/petition/new")
def hand_in() -> ResponseReturnValue:
    """An empty petition."""
    return _hand_in_page(forms.fill(_form("hand-in"), {}), {})


@blueprint.post("/petition/new/conditions")
def hand_in_conditions() -> ResponseReturnValue:
    """Which fields do not apply to what is filled in, for the page to hide."""
    form = _form("hand-in")
    return jsonify(hidden=forms.hidden(form, forms.sent(form, request.form), _choices()))


@blueprint.post("/petition/new")
@limiter.limit(lambda: settings().hand_in_limit, deduct_when=lambda response: response.status_code == 302)
def hand_in_submit() -> ResponseReturnValue:
    """Take the petition in, or show what is wrong with everything typed still there."""
    form, action = _form("hand-in"), request.form.get("_do", "submit")
    raw = forms.sent(form, request.form)
    if action != "submit":
        return _hand_in_page(forms.changed_rows(form, raw, action), {})
    try:
        petition = _petition(form.validate(raw, _choices()))
        receipt = engine().transact(lambda tx: cases.hand_in(tx, petition), current_actor_or_public())
    except InvalidVariables as wrong:
        return _hand_in_page(raw, wrong.fields), errors.INVALID
    session[RECEIPT] = (receipt.case_number, receipt.query_code)
    session[PETITION] = receipt.case_number
    return redirect(url_for("public.receipt"))


@blueprint.get("/petition/receipt")
def receipt() -> ResponseReturnValue:
    """Number and query code, for as long as this visit lasts."""
    if RECEIPT not in session:
        return redirect(url_for("public.follow"))
    number, code = session[RECEIPT]
    return render_template("public/receipt.html", number=number, code=code)


@blueprint.get("/follow")
def follow() -> ResponseReturnValue:
    """Asks for number and query code."""
    return render_template("public/follow.html", number=request.args.get("number", ""), problem="")


@blueprint.post("/follow")
@limiter.limit(lambda: settings().look_up_limit, deduct_when=lambda response: response.status_code == errors.INVALID)
def follow_submit() -> ResponseReturnValue:
    """Number and code together open a petition; which of the two is wrong is not told."""
    number, code = request.form.get("number", "").strip().upper(), request.form.get("code", "")
    try:
        engine().read(lambda tx: cases.identify(tx, number, code), PUBLIC)
    except NotFound:
        problem = "No petition has this number and this query code. Check both."
        return render_template("public/follow.html", number=number, problem=problem), errors.INVALID
    session[PETITION] = number
    return redirect(url_for("public.petition"))


@blueprint.get("/petition")
def petition() -> ResponseReturnValue:
    """Where one's own petition stands, and what one may do now."""
    return _petition_page() if PETITION in session else redirect(url_for("public.follow"))


@blueprint.post("/petition/supplement")
def supplement() -> ResponseReturnValue:
    """What was missing."""
    return _act(
        "supplement",
        "Thank you. The office goes on with your petition.",
        lambda tx, number, values: supplements.hand_in(tx, number, values["supplement"]),
    )


@blueprint.post("/petition/rate")
def rate() -> ResponseReturnValue:
    """The petitioner's word, which closes the case or has it handled once more."""
    return _act(
        "rate",
        "Thank you for your rating.",
        lambda tx, number, values: ratings.give(
            tx,
            number,
            Rating(
                rating=values["rating"],
                office_score=int(values["office_score"]),
                unit_score=int(values["unit_score"]),
                reasons=values.get("reasons") or "",
            ),
        ),
    )


@blueprint.get("/petition/withdraw")
def withdraw() -> ResponseReturnValue:
    """Asks whether it is the petitioner's own free will."""
    if PETITION not in session:
        return redirect(url_for("public.follow"))
    return _withdraw_page(forms.fill(_form("withdraw"), {}), {})


@blueprint.post("/petition/withdraw")
def withdraw_submit() -> ResponseReturnValue:
    """End the case by the petitioner's wish."""
    return _act(
        "withdraw",
        "Your petition is withdrawn.",
        lambda tx, number, values: withdrawals.hand_in(
            tx, number, values.get("reason") or "", of_free_will=bool(values["free_will"])
        ),
    )


@blueprint.post("/petition/leave")
def leave() -> ResponseReturnValue:
    """Forget number and code on this computer."""
    session.pop(PETITION, None)
    session.pop(RECEIPT, None)
    flash("Your petition is closed on this computer.")
    return redirect(url_for("public.home"))


def _act(name: str, thanks: str, work: Callable[[Transaction, str, Mapping[str, Any]], None]) -> ResponseReturnValue:
    """One of the petitioner's three forms: validated, done, or shown again with what is wrong."""
    if PETITION not in session:
        return errors.follow_first()
    number, form = session[PETITION], _form(name)
    raw = forms.sent(form, request.form)
    try:
        values = form.validate(raw, {})
        engine().transact(lambda tx: work(tx, number, values), petitioner(number))
    except InvalidVariables as wrong:
        page = _withdraw_page if name == "withdraw" else _petition_page
        return page(raw, wrong.fields, name), errors.INVALID
    engine().settle(number)
    flash(thanks)
    return redirect(url_for("public.petition"))


def _petition(values: Mapping[str, Any]) -> Petition:
    """The words of the three boxes under their headings, and the people, the first as the one who speaks for them."""
    parts = [f"{heading}:\n{values[key]}" for key, heading in HEADINGS.items() if values.get(key)]
    people: tuple[Person, ...] = ()
    if not values.get("anonymous"):
        first = Person(values["name"], values.get("phone") or "", values["address"])
        others = values.get("others") or ()
        people = (first, *(Person(other["name"], "", other.get("address") or "") for other in others))
    return Petition(
        channel="online",
        claims="\n\n".join(parts),
        subject=values.get("subject") or "",
        place=values["place"],
        people=people,
        anonymous=bool(values.get("anonymous")),
    )


def _choices() -> dict[str, Any]:
    def options(codes: Mapping[str, str]) -> list[dict[str, str]]:
        return [{"value": code, "label": label} for code, label in codes.items()]

    return {"places": options(vocabulary.PLACES), "subjects": options(vocabulary.SUBJECTS)}


def _hand_in_page(raw: forms.Raw, wrong: forms.Errors) -> str:
    form = _form("hand-in")
    widgets = forms.widgets(form, raw, _choices(), wrong)
    return render_template("public/hand-in.html", widgets=widgets, problems=forms.problems(form, wrong))


def _withdraw_page(raw: forms.Raw, wrong: forms.Errors, _name: str = "") -> str:
    form = _form("withdraw")
    return render_template(
        "public/withdraw.html",
        number=session[PETITION],
        widgets=forms.widgets(form, raw, {}, wrong),
        problems=forms.problems(form, wrong),
    )


def _petition_page(raw: forms.Raw | None = None, wrong: forms.Errors | None = None, name: str = "") -> str:
    number = session[PETITION]

    def work(tx: Transaction) -> tuple[Any, labels.Labels]:
        return case_files.follow(tx, number), labels.load(tx)

    case, words = engine().transact(work, petitioner(number))
    actions = {}
    for action in ("supplement", "rate"):
        if action in case.may:
            form = _form(action)
            is_shown_again = action == name
            filled = raw if is_shown_again and raw is not None else forms.fill(form, {})
            actions[action] = forms.widgets(form, filled, {}, (wrong or {}) if is_shown_again else {})
    return render_template(
        "public/petition.html",
        case=case,
        labels=words,
        actions=actions,
        problems=forms.problems(_form(name), wrong or {}) if name else (),
        stage=_stage(case.state),
    )


def _stage(state: str) -> int:
    """Which of the five steps of the start page the petition is at, from 0; 5 where it is closed."""
    return {
        states.RECEIVED: 0,
        states.AWAITING_SUPPLEMENT: 0,
        states.REGISTERED: 1,
        states.ASSIGNED: 1,
        states.HANDLING: 2,
        states.REPLIED: 4,
        states.CLOSED: 5,
    }[state]


def current_actor_or_public() -> Any:
    """Handing in is open to all: a clerk who enters a letter does it under their own name."""
    actor = current_actor()
    return PUBLIC if actor.id.startswith("petitioner") else actor
