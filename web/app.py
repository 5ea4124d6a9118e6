"""The web application: an engine with the petition domain in it, behind pages."""

from __future__ import annotations

from typing import Any

from flask import Flask, request, url_for
from werkzeug.middleware.proxy_fix import ProxyFix

from engine.engine import Engine
from web import (
    assets,
    auth,
    batches,
    cases,
    current,
    designer,
    errors,
    health,
    incidents,
    moves,
    presentation,
    public,
    repairs,
    requests,
    security,
    supervision,
    user_tasks,
)
from web.settings import Settings, secret_key
from workflows.permissions import DESIGNER, SUPERVISOR

PAGES = (
    public.blueprint,
    user_tasks.blueprint,
    cases.blueprint,
    supervision.blueprint,
    repairs.blueprint,
    moves.blueprint,
    batches.blueprint,
    incidents.blueprint,
    designer.blueprint,
)


def create_app(settings: Settings, engine: Engine) -> Flask:
    """The application for this engine. The engine's own threads are started and stopped by whoever made it.

    Raises:
        AssetsMissing: the front end was not built.
    """
    app = Flask(__name__)
    app.secret_key = secret_key(settings)
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, *[settings.proxies] * 4)  # type: ignore[method-assign]
    requests.init_app(app, settings)
    current.init_app(app, engine, settings)
    security.init_app(app, settings)
    errors.init_app(app)
    auth.init_app(app, settings)
    assets.init_app(app)
    presentation.init_app(app, engine.clock.now)
    health.init_app(app)
    for blueprint in PAGES:
        app.register_blueprint(blueprint)
    app.context_processor(_frame)
    return app


def _frame() -> dict[str, Any]:
    """What templates/base.html shows around every page."""
    person = auth.whoever()
    return {
        "navigation": [_link(endpoint, label) for endpoint, label in _menu(person)],
        "signed_in_as": "" if person is None else person.name,
        "sign_out_url": url_for("auth.sign_out"),
        "sign_in_url": "" if auth.is_unknown() else url_for("auth.sign_in"),
        "notice": supervision.clock_notice(),
        "office_name": current.settings().office_name,
        "demo": current.settings().demo,
    }


def _menu(person: auth.Person | None) -> list[tuple[str, str]]:
    if auth.is_unknown():
        return [("user_tasks.index", "My tasks"), ("cases.index", "Cases")]
    if person is None:
        return [("public.hand_in", "Hand in a petition"), ("public.follow", "Follow your petition")]
    menu = [("user_tasks.index", "My tasks"), ("cases.index", "Cases")]
    if person.has(SUPERVISOR):
        menu.append(("supervision.index", "Supervision"))
    if person.has(DESIGNER):
        menu.append(("designer.index", "Processes"))
    return menu


def _link(endpoint: str, label: str) -> dict[str, Any]:
    blueprint = endpoint.partition(".")[0]
    url = url_for(endpoint)
    is_current = request.endpoint == endpoint if blueprint == "public" else request.path.startswith(url)
    return {"url": url, "label": label, "current": is_current}
