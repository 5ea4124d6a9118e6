"""The database as a whole: brought up to date, cleaned up, and checked."""

from __future__ import annotations

from functools import partial

import click

from engine import clean_up as cleaning
from engine import journal, tombstones
from engine.errors import count
from web import settings as configuration
from web.commands.opening import reading, shown, writing
from workflows.reading import audit


@click.command()
def migrate() -> None:
    """Bring the database up to this release, and deploy what it brings along."""
    chosen = configuration.load()
    with writing(chosen):
        click.echo(f"{shown(chosen.database_url)} is up to date.")


@click.command("clean-up")
def clean_up() -> None:
    """Remove the histories whose time to live is over, as ticks do a few rows at a time.

    Asks again of those that were kept for good when they ended: somebody may have said since how long to keep them.
    """
    with writing(configuration.load()) as engine:
        before = engine.read(tombstones.count)
        last: int | None = 0
        while last is not None:
            last = engine.transact(partial(cleaning.ask_again, after=last))
        while cleaning.run(engine, engine.clock.now()):
            pass
        gone = engine.read(tombstones.count) - before
    click.echo(f"{count(gone, 'history')} removed.")


@click.command()
@click.option("--chain-only", is_flag=True, help="Leave out running each history through again, which takes longer.")
def verify(chain_only: bool) -> None:
    """Check every journal, its texts and the state it leads to: any changed byte, gap or cut-off end shows.

    Changes nothing itself. Ends with 1 where something is wrong.
    """
    with reading(configuration.load()) as engine:
        findings = engine.read(lambda tx: audit.verify(tx, replayed=not chain_only))
        total = engine.read(lambda tx: sum(1 for _ in journal.heads(tx)))
    for finding in findings:
        click.echo(str(finding), err=True)
    if findings:
        raise click.ClickException(f"{count(len(findings), 'finding')} in the journals of {count(total, 'case')}.")
    click.echo(f"The journals of {count(total, 'case')} are whole.")
