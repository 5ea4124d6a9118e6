"""The benchmarks of `make bench`, or those named: ``python -m benchmarks [NAME …]``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import core, engines, growth, idle, intake, large, petition, step, throughput
from benchmarks.figures import Figures

BENCHMARKS: dict[str, tuple[Callable[[Figures], None], ...]] = {
    "core": (core.measure, growth.measure, engines.measure),
    "step": (step.measure, throughput.measure),
    "intake": (intake.measure,),
    "petition": (petition.measure,),
}
LARGE: dict[str, tuple[Callable[[Figures], None], ...]] = {"large": (large.measure,), "idle": (idle.measure,)}
"""Those that take half an hour and some 40 GB of disk: `make bench-large`."""


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    every = {**BENCHMARKS, **LARGE}
    unknown = set(names) - set(every)
    if unknown:
        sys.exit(f"Expected some of {', '.join(every)}, but got {', '.join(sorted(unknown))}.")
    figures = Figures()
    for name in names:
        for measure in every[name]:
            measure(figures)
    figures.write(Path("bench.json"))


if __name__ == "__main__":
    main()
