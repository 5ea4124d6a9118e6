"""A copy of everything that one machine keeps, and back."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace as changed
from pathlib import Path

import click
from tqdm import tqdm

from engine.clock import Clock
from engine.errors import InvalidInput, InvalidState, count
from engine.store.copies import Progress
from web import backups
from web import settings as configuration
from web.commands.opening import reading
from web.settings import Settings
from workflows.reading import audit


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def backup(folder: Path) -> None:
    """Copy the database, as it is at this moment, and the secret key to FOLDER, which must not be there yet.

    A server may run meanwhile. The copy is checked as `pujiang verify --chain-only` does before it gets its name.
    """
    chosen = configuration.load()
    with _bar() as progress:
        now = Clock().world().isoformat(timespec="seconds")
        backups.make(chosen, folder, now, lambda file: _check(chosen, file), progress)
    click.echo(f"Backed up to {folder}.")


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--replace", is_flag=True, help="Put it into the place of a database that is there, which is kept beside."
)
def restore(folder: Path, replace: bool) -> None:
    """Put the backup in FOLDER into place. Nothing may run on the database that is there."""
    chosen = configuration.load()
    if replace:
        kept = backups.replace(chosen, folder)
        if kept is not None:
            click.echo(f"What was there is kept as {kept}.")
    else:
        backups.restore(chosen, folder)
    click.echo(f"Restored from {folder}.")


def _check(chosen: Settings, file: Path) -> None:
    """A copy of another release is taken as it is: only that release can read it."""
    try:
        with reading(changed(chosen, database_url=f"sqlite:///{file}")) as engine:
            findings = engine.read(audit.verify)
    except InvalidState as another:
        click.echo(f"The journals of the copy are not checked. {another}", err=True)
        return
    for finding in findings:
        click.echo(str(finding), err=True)
    if findings:
        raise InvalidInput(f"Expected journals that are whole, but there are {count(len(findings), 'finding')}.")


_UNSEEN = 0.5
"""Seconds: what ends sooner, because of a mistake for one, needs no bar."""


@contextmanager
def _bar() -> Iterator[Progress]:
    with tqdm(unit=" pages", file=sys.stderr, dynamic_ncols=True, delay=_UNSEEN) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
