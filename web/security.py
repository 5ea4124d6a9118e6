"""Headers on every answer, the marks that forms carry, and the limits on what a stranger may try."""

from __future__ import annotations

from flask import Flask, Response, request
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_wtf import CSRFProtect

from web.settings import Settings

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "style-src-elem 'self'",
        # bpmn-js and dmn-js set style attributes on what they draw
        "style-src-attr 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}

csrf = CSRFProtect()
limiter = Limiter(get_remote_address)


def init_app(app: Flask, settings: Settings) -> None:
    """Switch all of it on."""
    app.config.update(
        MAX_CONTENT_LENGTH=settings.max_request_kib * 1024,
        MAX_FORM_MEMORY_SIZE=settings.max_request_kib * 1024,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.cookie_secure,
        # a form stays good for as long as its session: no caseworker loses a page for having read a file
        WTF_CSRF_TIME_LIMIT=None,
        RATELIMIT_STORAGE_URI=settings.limits_storage,
        RATELIMIT_STORAGE_OPTIONS=_patience(settings.limits_storage),
        # where it cannot be reached each process counts for itself; what is not counted is no error of the person's
        RATELIMIT_IN_MEMORY_FALLBACK_ENABLED=True,
        RATELIMIT_SWALLOW_ERRORS=True,
        RATELIMIT_HEADERS_ENABLED=True,
    )
    csrf.init_app(app)
    limiter.init_app(app)
    app.after_request(_add_headers)


def _patience(storage: str) -> dict[str, int]:
    """Seconds that a request waits for a server that counts."""
    return {} if storage.startswith("memory") else {"socket_timeout": 1}


def _add_headers(response: Response) -> Response:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response
