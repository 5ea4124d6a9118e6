"""Runs the cases of a file and prints a line for each that fails."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.conformance import cases, own
from tests.conformance.cases import Unreadable
from tests.conformance.pujiang import PujiangUnderTest
from tests.conformance.running import EngineUnderTest, failure
from tests.conformance.spiffworkflow import SpiffWorkflowUnderTest

ENGINES: dict[str, Callable[[], EngineUnderTest]] = {
    "pujiang": PujiangUnderTest,
    "spiffworkflow": SpiffWorkflowUnderTest,
}

FILE_HELP = "a list of cases, as docs/developer.md tells; without one, the project's own"


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 where all passed, 1 where one failed, 2 where there is nothing to run."""
    asked = _parser().parse_args(arguments)
    try:
        known = own.CASES if asked.file is None else cases.load(asked.file)
    except Unreadable as error:
        print(error)
        return 2
    found = [case for case in known if asked.text in case.name]
    if not found:
        print(f"Expected a case with '{asked.text}' in its name, but none of {len(known)} has it.")
        return 2
    failed = 0
    for case in found:
        why = failure(case, ENGINES[asked.engine])
        if why is not None:
            failed += 1
            print(f"{case.name}: {why}", flush=True)
    print(f"{len(found) - failed} passed, {failed} failed")
    return 1 if failed else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description="Run cases on an engine.")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE.json", help=FILE_HELP)
    parser.add_argument("-k", dest="text", metavar="TEXT", default="", help="only cases with TEXT in their names")
    parser.add_argument("--engine", choices=list(ENGINES), default="pujiang", help="what to run them on")
    return parser
