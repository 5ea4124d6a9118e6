"""What runs until it is told to stop."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import click

from web import processes
from web import settings as configuration
from web.commands.opening import joined, opened
from web.settings import Settings
from workflows.demonstration import demo as demonstration


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
@click.option("--pages-only", is_flag=True, help="Leave jobs to workers, and timers to tickers.")
def serve(host: str | None, port: int | None, pages_only: bool) -> None:
    """Serve the pages, and run timers and jobs."""
    chosen = _with(configuration.load(), host, port)
    run = processes.serve_pages if pages_only else processes.serve
    run(chosen, opened(chosen), lambda address: click.echo(f"Pujiang is at {address}"))


@click.command()
@click.option("--queue", "queues", multiple=True, help="A queue of the broker to take jobs from; may repeat.")
def worker(queues: tuple[str, ...]) -> None:
    """Run jobs. Any number of workers may, on any machine that reaches the database."""
    chosen = configuration.load()
    if chosen.broker_url:
        opened(chosen).stop()  # brought up to date before there are processes that share it
        started = partial(click.echo, "Pujiang runs jobs that the broker brings.")
        processes.work_for_broker(chosen, partial(joined, chosen), started, queues)
        return
    if queues:
        raise click.UsageError("Expected --queue only where there is a broker, but PUJIANG_BROKER_URL is not set.")
    processes.work(chosen, opened(chosen), lambda: click.echo("Pujiang runs jobs."))


@click.command()
def ticker() -> None:
    """Fire timers, and do whatever else becomes due by itself. Several may run; each thing is done once."""
    chosen = configuration.load()
    processes.tick(chosen, opened(chosen), lambda: click.echo("Pujiang ticks."))


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65535), help="Port to listen on; 0 takes a free one.")
def demo(host: str | None, port: int | None) -> None:
    """Serve with demonstration data, made once, and print whom to sign in as."""
    chosen = replace(_with(configuration.load(), host, port), demo=True)
    engine = opened(chosen)
    sign_ins = demonstration.build(engine)
    processes.serve(chosen, engine, lambda address: _greet(address, sign_ins))


def _with(chosen: Settings, host: str | None, port: int | None) -> Settings:
    return replace(chosen, host=host or chosen.host, port=chosen.port if port is None else port)


def _greet(address: str, sign_ins: tuple[demonstration.SignIn, ...]) -> None:
    click.echo(f"\nPujiang is at {address}\n\nSign in at {address}sign-in as\n")
    for one in sign_ins:
        click.echo(f"  {one.id:16} {one.password:16} {one.who}")
    click.echo(f"\nA petitioner follows a petition at {address}follow. Stop with Ctrl+C; nothing is lost.\n")
