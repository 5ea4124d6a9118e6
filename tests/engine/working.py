"""`python -m tests.engine.working URL FILE THREADS`: a process that runs jobs until its standard input ends.

Its handler appends the job's id and the process's to a file.
"""

from __future__ import annotations

import logging
import os
import sys
import threading

from engine.engine import Engine

_A_MOMENT = threading.Event()


def main(url: str, path: str, threads: str) -> None:
    logging.basicConfig(level=logging.INFO)

    def note(*, job_id: str) -> None:
        # As long as it takes another process to hear that there is more to do.
        _A_MOMENT.wait(0.01)
        with open(path, "a", encoding="ascii") as file:
            file.write(f"{job_id} {os.getpid()}\n")

    engine = Engine(url, handlers={"note": note})
    engine.check()
    engine.start_jobs(int(threads))
    engine.start_polls()
    print("ready", flush=True)  # noqa: T201
    sys.stdin.read()
    engine.stop()


if __name__ == "__main__":
    main(*sys.argv[1:])
