"""The only place that knows HTTP codes: turns what went wrong into a page that a person can act on.

The page shows the request's id as its reference; the log has the same one beside the cause.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from http import HTTPStatus

from flask import Flask, Response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from engine.errors import (
    BpmnError,
    EngineError,
    ExecutionFailed,
    InvalidDefinition,
    InvalidInput,
    InvalidState,
    NotFound,
    NotPermitted,
    OutcomeUnknown,
    Suspended,
    Unavailable,
)
from web.current import settings
from web.requests import request_id, route

log = logging.getLogger("pujiang.web")

_KEPT_BACK = frozenset({"password", "code"})
_NOT_TYPED = _KEPT_BACK | {"csrf_token"}

CONFLICT = HTTPStatus.CONFLICT
INVALID = HTTPStatus.UNPROCESSABLE_ENTITY


@dataclass(frozen=True, slots=True)
class Page:
    """What the error page says: code, heading, and what can be done about it."""

    status: HTTPStatus
    heading: str
    advice: str


_UNAVAILABLE = Page(
    HTTPStatus.SERVICE_UNAVAILABLE, "This cannot be done just now", "Nothing was changed. Try again soon."
)

ENGINE_PAGES: tuple[tuple[type[Exception], Page], ...] = (
    (NotFound, Page(HTTPStatus.NOT_FOUND, "There is nothing here", "Check the number or the address.")),
    (
        NotPermitted,
        Page(
            HTTPStatus.FORBIDDEN,
            "You may not do this",
            "If you need it for your work, ask a supervisor to give you the role.",
        ),
    ),
    (
        Suspended,
        Page(HTTPStatus.CONFLICT, "This is suspended for now", "Nothing was changed. Try again once it is resumed."),
    ),
    (
        InvalidState,
        Page(
            HTTPStatus.CONFLICT,
            "This has already changed",
            "Someone or something was faster. Look at the case as it stands now.",
        ),
    ),
    (InvalidDefinition, Page(HTTPStatus.BAD_REQUEST, "This cannot be deployed", "Mend what is listed and try again.")),
    (InvalidInput, Page(HTTPStatus.BAD_REQUEST, "This cannot be used as it is", "Go back, mend it and try again.")),
    (
        ExecutionFailed,
        Page(
            HTTPStatus.INTERNAL_SERVER_ERROR,
            "The process could not go on",
            "Nothing was changed. Give the reference to a supervisor.",
        ),
    ),
    (BpmnError, Page(HTTPStatus.CONFLICT, "The process does not allow this", "Nothing was changed.")),
    (Unavailable, _UNAVAILABLE),
    (
        OutcomeUnknown,
        Page(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "It is not certain whether this was kept",
            "Look at the case before you send it again.",
        ),
    ),
)

HTTP_PAGES: dict[int, Page] = {
    400: Page(HTTPStatus.BAD_REQUEST, "This request could not be read", "Go back and try again."),
    404: Page(HTTPStatus.NOT_FOUND, "There is nothing here", "Check the address."),
    405: Page(HTTPStatus.METHOD_NOT_ALLOWED, "This cannot be done here", "Go back and use the buttons of the page."),
    413: Page(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "This is too large to be taken", "Send less at once."),
    429: Page(HTTPStatus.TOO_MANY_REQUESTS, "Too many tries", "Wait a minute, then try again."),
}

FAULT = Page(
    HTTPStatus.INTERNAL_SERVER_ERROR,
    "Something went wrong on our side",
    "Nothing half done was kept. Try again; if it happens again, pass the reference on.",
)


def init_app(app: Flask) -> None:
    """Give every error its page."""
    app.register_error_handler(EngineError, _engine_error)
    app.register_error_handler(BpmnError, _engine_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _fault)


def sign_in_first() -> ResponseReturnValue:
    """Nobody is signed in: to the sign-in page and back; what a form sent is kept on the page to be sent again."""
    if request.method == "GET":
        return redirect(url_for("auth.sign_in", next=request.full_path.rstrip("?")))
    if request.form and _from_our_pages():
        return _send_again("auth.sign_in", "You are signed out.", "Sign in in a new tab", HTTPStatus.UNAUTHORIZED)
    return redirect(url_for("auth.sign_in"))


def follow_first() -> ResponseReturnValue:
    """No petition is open on this computer; what a form sent is kept on the page to be sent again."""
    return _send_again(
        "public.follow",
        "Your petition is closed on this computer.",
        "Open it by number and query code in a new tab",
        HTTPStatus.UNAUTHORIZED,
    )


def _engine_error(error: Exception) -> ResponseReturnValue:
    if isinstance(error, NotPermitted) and not current_user.is_authenticated:
        return sign_in_first()
    page = next(page for kind, page in ENGINE_PAGES if isinstance(error, kind))
    if page.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        log.error("%s %s", request.method, route(), exc_info=error)
        return _render_or_say(page, str(error))
    log.info("%s %s: %s", request.method, route(), error)
    return _render(page, str(error))


def _csrf_error(error: CSRFError) -> ResponseReturnValue:
    """The session ended or the cookie is gone. Only a form that came from our own page is offered for sending again,
    so that another site cannot have its own form sent by one click."""
    log.info("%s %s: %s", request.method, route(), error)
    if not _from_our_pages():
        return _render(HTTP_PAGES[400], "Expected a form of this site, but its mark is missing or too old.")
    why = "This page was open for so long that its form could no longer be taken."
    return _send_again("", why, "", HTTPStatus.BAD_REQUEST)


def _http_error(error: HTTPException) -> ResponseReturnValue:
    code = error.code or 500
    if code < 400:
        return error
    if code >= 500:
        return _fault(error)
    log.info("%s %s: %s", request.method, route(), error)
    message = f"At most {settings().max_request_kib:,} KiB are taken at once." if code == 413 else ""
    return _render(HTTP_PAGES.get(code) or Page(HTTPStatus(code), error.name, "Go back and try again."), message)


def _fault(error: Exception) -> ResponseReturnValue:
    log.error("%s %s", request.method, route(), exc_info=error)
    return _render_or_say(FAULT, "")


def _render_or_say(page: Page, message: str) -> ResponseReturnValue:
    """The page needs what may be broken, the database for one."""
    try:
        return _render(page, message)
    except Exception:
        log.exception("Expected to render the page of this fault, but that failed as well.")
        text = f"{page.heading}. {page.advice} Reference {request_id()}\n"
        return Response(text, page.status, mimetype="text/plain")


def _send_again(endpoint: str, why: str, first: str, status: HTTPStatus) -> ResponseReturnValue:
    """A form that could not be taken, whole, behind a button; `endpoint` is where to go `first`."""
    address = url_for(endpoint) if endpoint else ""
    fields = _sent_fields()
    return render_template("errors/send-again.html", fields=fields, why=why, first=first, address=address), status


def _render(page: Page, message: str) -> ResponseReturnValue:
    fields = _sent_fields() if _from_our_pages() else []
    shown = {"page": page, "message": message, "reference": request_id(), "fields": fields}
    ways = {"send": _can_be_sent_again(page, fields), "look": _can_be_looked_at_again(page)}
    return render_template("errors/error.html", **shown, again=ways), page.status


def _can_be_sent_again(page: Page, fields: list[tuple[str, str]]) -> bool:
    """Whether a button does it: nothing was changed, and the page holds all that was sent."""
    is_whole = bool(fields) and not request.files and _KEPT_BACK.isdisjoint(request.form)
    return page == _UNAVAILABLE and is_whole


def _can_be_looked_at_again(page: Page) -> bool:
    """Whether what was only to be looked at may be there the next time."""
    return request.method == "GET" and page.status >= HTTPStatus.INTERNAL_SERVER_ERROR


def _from_our_pages() -> bool:
    return request.headers.get("Origin", "").rstrip("/") == request.host_url.rstrip("/")


def _sent_fields() -> list[tuple[str, str]]:
    """What was typed, so that a page that cannot be taken does not take it away."""
    try:
        return [(name, value) for name, value in request.form.items(multi=True) if name not in _NOT_TYPED]
    except HTTPException:
        return []
