"""What a request needs at hand: the engine and the settings this application was made with."""

from __future__ import annotations

from typing import cast

from flask import Flask, current_app

from engine.engine import Engine
from web.settings import Settings

_KEY = "pujiang"


def init_app(app: Flask, engine: Engine, settings: Settings) -> None:
    """Keep both with the application."""
    app.extensions[_KEY] = (engine, settings)


def engine() -> Engine:
    """The engine of this application."""
    return cast(tuple[Engine, Settings], current_app.extensions[_KEY])[0]


def settings() -> Settings:
    """The settings of this application."""
    return cast(tuple[Engine, Settings], current_app.extensions[_KEY])[1]
