"""The command `pujiang`: everything one does without a browser."""

from __future__ import annotations

import logging
import os
from typing import Any

import click

from engine.errors import EngineError, OutcomeUnknown, Unavailable
from web import logs
from web import settings as configuration
from web.assets import AssetsMissing
from web.commands.account import account
from web.commands.backup import backup, restore
from web.commands.clock import clock
from web.commands.database import clean_up, migrate, verify
from web.commands.intake import intake
from web.commands.serving import demo, serve, ticker, worker
from web.commands.settings import settings


class Commands(click.Group):
    """Says what went wrong on purpose in one line, without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        try:
            return super().invoke(context)
        except (EngineError, AssetsMissing, configuration.InvalidSetting) as error:
            raise click.ClickException(f"{error}{_cause(error)}") from error
        except OSError as error:
            raise click.ClickException(f"{error.strerror or error}: {error.filename or ''}".rstrip(": ")) from error


def _cause(error: Exception) -> str:
    """What the database's driver said, which whoever runs the command can do something about."""
    if not isinstance(error, Unavailable | OutcomeUnknown):
        return ""
    cause: BaseException = error
    while cause.__cause__ is not None:
        cause = cause.__cause__
    return "" if cause is error else f" ({str(cause).strip()})"


@click.group(cls=Commands)
@click.version_option(package_name="pujiang")
@click.option("--verbose", is_flag=True, help="Log what is done, not only what goes wrong.")
def main(verbose: bool) -> None:
    """Petition casework on BPMN. Settings come from the environment: see `pujiang settings`."""
    # What is written holds names and words of petitioners: the database, its copies, rejected rows.
    os.umask(0o077)
    logs.set_up(configuration.load().log_format, logging.INFO if verbose else logging.WARNING)


for command in (
    serve,
    worker,
    ticker,
    demo,
    migrate,
    verify,
    backup,
    restore,
    clean_up,
    clock,
    intake,
    account,
    settings,
):
    main.add_command(command)
