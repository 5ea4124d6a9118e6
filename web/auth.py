"""Signing in, and who is acting: a member of staff, a petitioner who showed number and code, or a stranger."""

from __future__ import annotations

from datetime import timedelta
from typing import cast

from flask import Blueprint, Flask, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_login import LoginManager, UserMixin, current_user, login_user, logout_user

from engine import observing
from engine.actors import SYSTEM, Actor
from engine.errors import NotFound, Unavailable
from web import errors
from web.current import engine, settings
from web.security import limiter
from web.settings import Settings
from workflows import permissions
from workflows.demonstration import demo
from workflows.organisation import accounts
from workflows.permissions import PUBLIC

PETITION = "petition"

blueprint = Blueprint("auth", __name__)
_login = LoginManager()


class Person(UserMixin):
    """A signed-in member of staff, as Flask-Login wants one."""

    def __init__(self, account: accounts.Account) -> None:
        self.id = account.id
        self.account = account

    @property
    def name(self) -> str:
        return self.account.name

    def has(self, group: str) -> bool:
        """Whether this person belongs to `group`; for what a menu shows, never for what may be done."""
        return group in self.account.groups


def init_app(app: Flask, settings: Settings) -> None:
    """Sessions that end after some hours without a request, and the sign-in page."""
    app.config["PERMANENT_SESSION_LIFETIME"] = timedelta(hours=settings.session_hours)
    _login.init_app(app, add_context_processor=False)
    _login.user_loader(_load)
    _login.unauthorized_handler(errors.sign_in_first)
    app.register_blueprint(blueprint)


def current_actor() -> Actor:
    """Who acts in this request."""
    actor = _actor()
    observing.note(actor=actor.id)
    return actor


def _actor() -> Actor:
    if current_user.is_authenticated:
        return cast(Person, current_user).account.actor
    number = session.get(PETITION)
    return permissions.petitioner(number) if number else PUBLIC


@blueprint.get("/sign-in")
def sign_in() -> ResponseReturnValue:
    """The sign-in page; in a demo with its sign-ins."""
    if current_user.is_authenticated:
        return redirect(_next())
    return _page()


@blueprint.post("/sign-in")
@limiter.limit(lambda: settings().sign_in_limit, deduct_when=lambda response: response.status_code == errors.INVALID)
def sign_in_submit() -> ResponseReturnValue:
    """Take name and password; a wrong one says no more than that."""
    name, password = request.form.get("name", "").strip(), request.form.get("password", "")
    account = engine().read(lambda tx: accounts.sign_in(tx, name, password), PUBLIC)
    if account is None:
        return _page(name, "Name or password is wrong."), errors.INVALID
    session.clear()
    session.permanent = True
    login_user(Person(account))
    return redirect(_next())


@blueprint.post("/sign-out")
def sign_out() -> ResponseReturnValue:
    """End the session."""
    logout_user()
    session.clear()
    flash("You are signed out.")
    return redirect(url_for("public.home"))


def _page(name: str = "", problem: str = "") -> str:
    petitioner = engine().read(demo.petitioner_sign_in, SYSTEM) if settings().demo else None
    return render_template(
        "auth/sign-in.html",
        name=name,
        problem=problem,
        next=_next(),
        sign_ins=() if petitioner is None else demo.SIGN_INS,
        petitioner=petitioner,
    )


def _next() -> str:
    """Where to go on; only ever a place of ours (a browser reads a backslash as a slash)."""
    target = request.values.get("next", "")
    if target.startswith("/") and not target.startswith(("//", "/\\")) and not set(target) & set("\\\r\n\t"):
        return target
    return url_for("user_tasks.index")


def _load(account_id: str) -> Person | None:
    """Who signed in earlier; nobody, where the account was disabled since."""
    try:
        return Person(engine().read(lambda tx: accounts.get(tx, account_id), PUBLIC))
    except NotFound:
        return None
    except Exception:
        g.is_unknown = True
        raise


def is_unknown() -> bool:
    """Whether somebody is signed in of whom this request has found that it cannot be told who."""
    return bool(g.get("is_unknown"))


def whoever() -> Person | None:
    """Who is signed in, for what frames a page. Where the database is away that is nobody, and it is asked once."""
    if is_unknown():
        return None
    try:
        return cast(Person, current_user) if current_user.is_authenticated else None
    except Unavailable:
        return None
