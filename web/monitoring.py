"""What watches a process asks at an address of its own: whether it lives, whether it is ready, and its figures."""

from __future__ import annotations

import hmac

from flask import Flask, Response, request

from engine.engine import Engine
from web import current, health, requests
from web.metrics import Metrics
from web.settings import Settings


def create_app(settings: Settings, engine: Engine, metrics: Metrics, *more: health.Problems) -> Flask:
    """A small application. Its figures tell what an office does and how much of it, so a token may be asked for.

    Args:
        more: why this process cannot do its work, beside what holds for every process.
    """
    app = Flask("web.monitoring", static_folder=None, template_folder=None)
    requests.init_app(app, settings)
    current.init_app(app, engine, settings)
    health.init_app(app, *more)

    @app.get("/metrics", endpoint="metrics")
    def figures() -> Response:
        if settings.monitor_token and not _shows(settings.monitor_token):
            return Response("Expected the token of PUJIANG_MONITOR_TOKEN.\n", 401, {"WWW-Authenticate": "Bearer"})
        return Response(metrics.page(), mimetype="text/plain; version=0.0.4")

    return app


def _shows(token: str) -> bool:
    return hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {token}".encode())
