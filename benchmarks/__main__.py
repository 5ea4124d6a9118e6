"""Every benchmark, or those named: ``python -m benchmarks [core] [step] [intake]``."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from benchmarks import core, engines, growth, intake, step
from benchmarks.figures import Figures

BENCHMARKS: dict[str, tuple[Callable[[Figures], None], ...]] = {
    "core": (core.measure, growth.measure, engines.measure),
    "step": (step.measure,),
    "intake": (intake.measure,),
}


def main() -> None:
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = set(names) - set(BENCHMARKS)
    if unknown:
        sys.exit(f"Expected some of {', '.join(BENCHMARKS)}, but got {', '.join(sorted(unknown))}.")
    figures = Figures()
    for name in names:
        for measure in BENCHMARKS[name]:
            measure(figures)
    figures.write(Path("bench.json"))


main()
