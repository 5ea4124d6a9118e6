"""Who may sign in."""

from __future__ import annotations

import sys

import click

from engine.errors import InvalidInput
from web import settings as configuration
from web.commands.opening import writing
from workflows.organisation import accounts


@click.group()
def account() -> None:
    """Who may sign in."""


@account.command("add")
@click.argument("name")
@click.option("--person", required=True, help="What this person is called on pages.")
@click.option(
    "--group", "groups", multiple=True, required=True, help="Such as role:supervisor or unit:water; may repeat."
)
@click.option("--password", help="Asked for where it is not given; without a terminal a line of the input is it.")
def add(name: str, person: str, groups: tuple[str, ...], password: str | None) -> None:
    """Let somebody sign in as NAME."""
    password = _asked() if password is None else password
    with writing(configuration.load()) as engine:
        engine.transact(lambda tx: accounts.add(tx, name, person, password, groups))
    click.echo(f"{person} can sign in as {name}.")


def _asked() -> str:
    if sys.stdin.isatty():
        return str(click.prompt("Password", hide_input=True, confirmation_prompt=True))
    line = sys.stdin.readline().rstrip("\r\n")
    if not line:
        raise InvalidInput("Expected a password as a line of the input, but there is none.")
    return line
