"""Who may sign in."""

from __future__ import annotations

import click

from web import settings as configuration
from web.commands.opening import writing
from workflows import accounts


@click.group()
def account() -> None:
    """Who may sign in."""


@account.command("add")
@click.argument("name")
@click.option("--person", required=True, help="What this person is called on pages.")
@click.option(
    "--group", "groups", multiple=True, required=True, help="Such as role:supervisor or unit:water; may repeat."
)
@click.password_option(help="Asked for where it is not given.")
def add(name: str, person: str, groups: tuple[str, ...], password: str) -> None:
    """Let somebody sign in as NAME."""
    with writing(configuration.load()) as engine:
        engine.transact(lambda tx: accounts.add(tx, name, person, password, groups))
    click.echo(f"{person} can sign in as {name}.")
