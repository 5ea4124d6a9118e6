"""What runs until it is told to stop."""

from __future__ import annotations

from dataclasses import replace

import click

from web import settings as configuration
from web.commands.opening import opened
from web.server import serve as serve_until_stopped
from web.settings import Settings
from workflows import demo as demonstration


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
def serve(host: str | None, port: int | None) -> None:
    """Serve the pages, and run timers and jobs."""
    chosen = _with(configuration.load(), host, port)
    serve_until_stopped(chosen, opened(chosen), lambda address: click.echo(f"Pujiang is at {address}"))


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
def demo(host: str | None, port: int | None) -> None:
    """Serve with demonstration data, made once, and print whom to sign in as."""
    chosen = replace(_with(configuration.load(), host, port), demo=True)
    engine = opened(chosen)
    sign_ins = demonstration.build(engine)
    serve_until_stopped(chosen, engine, lambda address: _greet(address, sign_ins))


def _with(chosen: Settings, host: str | None, port: int | None) -> Settings:
    return replace(chosen, host=host or chosen.host, port=chosen.port if port is None else port)


def _greet(address: str, sign_ins: tuple[demonstration.SignIn, ...]) -> None:
    click.echo(f"\nPujiang is at {address}\n\nSign in at {address}sign-in as\n")
    for one in sign_ins:
        click.echo(f"  {one.id:16} {one.password:16} {one.who}")
    click.echo(f"\nA petitioner follows a petition at {address}follow. Stop with Ctrl+C; nothing is lost.\n")
