"""`python -m tests.web.celery_worker FOLDER SECONDS`: a worker as `pujiang worker` is one, with handlers that tests watch.

Its handlers write what they do into files of a folder, and wait for files that the test puts there.
"""

from __future__ import annotations

import os
import sys
import threading
from datetime import timedelta
from functools import partial
from pathlib import Path

from engine.engine import Engine
from web import celery, settings

_A_MOMENT = threading.Event()


def handlers(folder: Path) -> dict[str, object]:
    def note(job_id: str) -> int:
        with (folder / "runs").open("a") as file:
            file.write(f"{job_id}\n")
        return (folder / "runs").read_text().count(f"{job_id}\n")

    def send(*, job_id: str) -> dict[str, int]:
        return {"run": note(job_id)}

    def slow(*, job_id: str) -> dict[str, int]:
        run = note(job_id)
        (folder / "at-it").write_text(str(os.getpid()))
        while not (folder / "may-end").exists():
            _A_MOMENT.wait(0.02)
        return {"run": run}

    return {"send": send, "slow": slow}


def open_engine(database_url: str, folder: Path, time_limit: timedelta) -> Engine:
    engine = Engine(database_url, handlers=handlers(folder), time_limit=time_limit)
    engine.check()
    return engine


def main(folder: str, time_limit: str) -> None:
    chosen = settings.load()
    opens = partial(open_engine, chosen.database_url, Path(folder), timedelta(seconds=float(time_limit)))
    celery.work(chosen, opens, partial(print, "ready", flush=True), (), lambda _news: None)


if __name__ == "__main__":
    main(*sys.argv[1:])
