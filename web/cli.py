"""The command `pujiang`: everything one does without a browser."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from tqdm import tqdm

from engine import clock as engine_clock
from engine import journal
from engine.engine import Engine
from engine.errors import EngineError
from handlers import HANDLERS
from web import settings as configuration
from web.assets import AssetsMissing
from web.errors import log as web_log
from web.presentation import count, days_ahead, when
from web.server import serve as serve_until_stopped
from web.settings import Settings
from workflows import accounts, audit
from workflows import demo as demonstration
from workflows import intake as bulk_intake
from workflows.office import open_engine, open_to_read

_FARTHEST = timedelta(days=366)
"""As on the page: what is further is a slip of the pen."""

_SPAN = re.compile(r"(\d{1,5})([dh])")


class Commands(click.Group):
    """Says what went wrong on purpose in one line, without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (EngineError, AssetsMissing, configuration.InvalidSetting) as error:
            raise click.ClickException(str(error)) from error
        except OSError as error:
            raise click.ClickException(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")) from error


@click.group(cls=Commands)
@click.version_option(package_name="pujiang")
@click.option("--verbose", is_flag=True, help="Log what is done, not only what goes wrong.")
def main(verbose: bool) -> None:
    """Petition casework on BPMN. Settings come from the environment: see `pujiang settings`."""
    level = logging.INFO if verbose else logging.WARNING
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a tick that takes longer than a second is no news
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # a page that shows a reference sends its reader to the log, so what pages refuse is always in it
    web_log.setLevel(logging.INFO)


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the pages, and run timers and jobs."""
    chosen = _with(configuration.load(), host, port)
    serve_until_stopped(chosen, _open(chosen), lambda address: click.echo(f"Pujiang is at {address}"))


@main.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
def demo(host: str | None, port: int | None) -> None:
    """Serve with demonstration data, made once, and print whom to sign in as."""
    chosen = replace(_with(configuration.load(), host, port), demo=True)
    engine = _open(chosen)
    sign_ins = demonstration.build(engine)
    serve_until_stopped(chosen, engine, lambda address: _greet(address, sign_ins))


@main.command()
def migrate() -> None:
    """Bring the database up to this release, and deploy what it brings along."""
    chosen = configuration.load()
    with _engine(chosen):
        click.echo(f"{_shown(chosen.database_url)} is up to date.")


@main.command()
@click.option("--chain-only", is_flag=True, help="Leave out running each history through again, which takes longer.")
def verify(chain_only: bool) -> None:
    """Check every journal, its texts and the state it leads to: any changed byte, gap or cut-off end shows.

    Changes nothing itself. Ends with 1 where something is wrong.
    """
    with _reading(configuration.load()) as engine:
        findings = engine.read(lambda tx: audit.verify(tx, replayed=not chain_only))
        total = engine.read(lambda tx: sum(1 for _ in journal.heads(tx)))
    for finding in findings:
        click.echo(str(finding), err=True)
    if findings:
        raise click.ClickException(f"{count(len(findings), 'finding')} in the journals of {count(total, 'case')}.")
    click.echo(f"The journals of {count(total, 'case')} are whole.")


@main.group()
def clock() -> None:
    """The engine's clock, which a demonstration may move on."""


@clock.command("show")
def show_clock() -> None:
    """Say what time it is."""
    with _reading(configuration.load()) as engine:
        click.echo(_time(engine))


@clock.command("advance")
@click.argument("span")
@click.option("--real-cases", is_flag=True, help="Do it to a database that is no demonstration's. It cannot be undone.")
def advance_clock(span: str, real_cases: bool) -> None:
    """Move the clock on by SPAN, such as 20d or 12h: what falls due in it happens, in its order."""
    match = _SPAN.fullmatch(span)
    if match is None:
        raise click.BadParameter(f"expected a number of days or hours such as 20d or 12h, but it is '{span}'.")
    delta = timedelta(**{{"d": "days", "h": "hours"}[match[2]]: int(match[1])})
    if delta > _FARTHEST:
        raise click.BadParameter(f"expected at most {_FARTHEST.days} days at once, but it is '{span}'.")
    with _engine(configuration.load()) as engine:
        if not real_cases and not engine.read(demonstration.is_there):
            raise click.ClickException(
                "Expected a demonstration's database, but this one has cases of its own, whose deadlines would pass "
                "for good. If that is what you want, add --real-cases."
            )
        engine_clock.advance(engine, delta)
        click.echo(_time(engine))


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--map",
    "map_file",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Says which column is what; docs/intake has an example.",
)
@click.option(
    "--rejects",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where rows go that cannot be registered; FILE.rejects.csv beside FILE where it is not said.",
)
def intake(file: Path, map_file: Path, rejects: Path | None) -> None:
    """Register the petitions of FILE (CSV) through the real process. Rows that cannot be go to a reject file.

    What was registered before is not registered again, so an interrupted run is simply started anew.
    """
    with _engine(configuration.load()) as engine, _bar() as progress:
        report = bulk_intake.run(engine, file, map_file, progress, rejects=rejects)
    click.echo(
        f"{count(report.rows, 'row')} in {report.seconds:.1f} s ({report.per_second:.0f} a second): "
        f"{report.registered:,} registered, {report.known:,} known already, {report.rejected:,} rejected."
    )
    if report.rejects is not None:
        click.echo(f"Rejected rows, with the reason of each: {report.rejects}")


@main.group()
def account() -> None:
    """Who may sign in."""


@account.command("add")
@click.argument("name")
@click.option("--person", required=True, help="What this person is called on pages.")
@click.option(
    "--group", "groups", multiple=True, required=True, help="Such as role:supervisor or unit:water; may repeat."
)
@click.password_option(help="Asked for where it is not given.")
def add_account(name: str, person: str, groups: tuple[str, ...], password: str) -> None:
    """Let somebody sign in as NAME."""
    with _engine(configuration.load()) as engine:
        engine.transact(lambda tx: accounts.add(tx, name, person, password, groups))
    click.echo(f"{person} can sign in as {name}.")


@main.command()
def settings() -> None:
    """Print every setting with its value in force."""
    chosen = configuration.load()
    for setting in configuration.SETTINGS:
        value = getattr(chosen, setting.name)
        shown = "(hidden)" if setting.name == "secret_key" and value else _shown(str(value))
        click.echo(f"{setting.variable:26} {shown:40} {setting.meaning}")


def _with(chosen: Settings, host: str | None, port: int | None) -> Settings:
    return replace(chosen, host=host or chosen.host, port=chosen.port if port is None else port)


@contextmanager
def _reading(chosen: Settings) -> Iterator[Engine]:
    """An engine that leaves the database as it is."""
    engine = open_to_read(chosen.database_url, HANDLERS)
    try:
        yield engine
    finally:
        engine.stop()


def _open(chosen: Settings) -> Engine:
    chosen.data_dir.mkdir(parents=True, exist_ok=True)
    return open_engine(chosen.database_url, HANDLERS)


@contextmanager
def _engine(chosen: Settings) -> Iterator[Engine]:
    """An engine that runs nothing by itself."""
    engine = _open(chosen)
    try:
        yield engine
    finally:
        engine.stop()


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar that is told how many of how many are done."""
    with tqdm(unit=" rows", file=sys.stderr, dynamic_ncols=True) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress


def _greet(address: str, sign_ins: tuple[demonstration.SignIn, ...]) -> None:
    click.echo(f"\nPujiang is at {address}\n\nSign in at {address}sign-in as\n")
    for one in sign_ins:
        click.echo(f"  {one.id:16} {one.password:16} {one.who}")
    click.echo(f"\nA petitioner follows a petition at {address}follow. Stop with Ctrl+C; nothing is lost.\n")


def _time(engine: Engine) -> str:
    days = days_ahead(engine.clock.offset)
    ahead = f" ({count(days, 'day')} ahead of the world)" if days else ""
    return f"It is {when(engine.clock.now())}{ahead}."


def _shown(url: str) -> str:
    """Without the password of a database address."""
    return re.sub(r"://([^:/@]+):[^@]+@", r"://\1:…@", url)
