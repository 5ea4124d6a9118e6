"""The engine's clock."""

from __future__ import annotations

import re
from datetime import timedelta

import click

from engine import clock as engine_clock
from engine.engine import Engine
from engine.errors import count
from web import settings as configuration
from web.commands.opening import reading, writing
from web.presentation import days_ahead, when
from workflows.demonstration import demo as demonstration

_FARTHEST = timedelta(days=366)
"""As on the page: what is further is a slip of the pen."""

_SPAN = re.compile(r"(\d{1,5})([dh])")


@click.group()
def clock() -> None:
    """The engine's clock, which a demonstration may move on."""


@clock.command("show")
def show() -> None:
    """Say what time it is."""
    with reading(configuration.load()) as engine:
        click.echo(_time(engine))


@clock.command("advance")
@click.argument("span")
@click.option("--real-cases", is_flag=True, help="Do it to a database that is no demonstration's. It cannot be undone.")
def advance(span: str, real_cases: bool) -> None:
    """Move the clock on by SPAN, such as 20d or 12h: what falls due in it happens, in its order."""
    match = _SPAN.fullmatch(span)
    if match is None:
        raise click.BadParameter(f"expected a number of days or hours such as 20d or 12h, but it is '{span}'.")
    delta = timedelta(**{{"d": "days", "h": "hours"}[match[2]]: int(match[1])})
    if delta > _FARTHEST:
        raise click.BadParameter(f"expected at most {_FARTHEST.days} days at once, but it is '{span}'.")
    with writing(configuration.load()) as engine:
        if not real_cases and not engine.read(demonstration.is_there):
            raise click.ClickException(
                "Expected a demonstration's database, but this one has cases of its own, whose deadlines would pass "
                "for good. If that is what you want, add --real-cases."
            )
        engine_clock.advance(engine, delta)
        click.echo(_time(engine))


def _time(engine: Engine) -> str:
    days = days_ahead(engine.clock.offset)
    ahead = f" ({count(days, 'day')} ahead of the world)" if days else ""
    return f"It is {when(engine.clock.now())}{ahead}."
