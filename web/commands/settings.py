"""The settings in force."""

from __future__ import annotations

import click

from web import settings as configuration
from web.commands.opening import shown

SECRET = frozenset({"secret_key", "monitor_token"})


@click.command()
def settings() -> None:
    """Print every setting with its value in force."""
    chosen = configuration.load()
    for setting in configuration.SETTINGS:
        value = getattr(chosen, setting.name)
        text = "(hidden)" if setting.name in SECRET and value else shown("" if value is None else str(value))
        click.echo(f"{setting.variable:26} {text:40} {setting.meaning}")
