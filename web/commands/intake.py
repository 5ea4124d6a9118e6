"""Petitions out of a file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from tqdm import tqdm

from engine.errors import count
from web import settings as configuration
from web.commands.opening import writing
from workflows.importing import intake as bulk_intake


@click.command()
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
    with writing(configuration.load()) as engine, _bar() as progress:
        report = bulk_intake.run(engine, file, map_file, progress, rejects=rejects)
    click.echo(
        f"{count(report.rows, 'row')} in {report.seconds:.1f} s ({report.per_second:.0f} a second): "
        f"{report.registered:,} registered, {report.known:,} known already, {report.rejected:,} rejected."
    )
    if report.rejects is not None:
        click.echo(f"Rejected rows, with the reason of each: {report.rejects}")


_UNSEEN = 0.5
"""Seconds: what ends sooner, because of a mistake for one, needs no bar."""


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar that is told how many of how many are done."""
    with tqdm(unit=" rows", file=sys.stderr, dynamic_ncols=True, delay=_UNSEEN) as bar:

        def progress(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield progress
