"""The machine's clock is set while the engine ticks."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from tests.campaigns import faking

TICKING = """
import itertools
from engine.work.ticks import Ticks

numbers = itertools.count()
Ticks(None, lambda _engine: print(next(numbers), flush=True)).start()
input()
"""


@pytest.fixture
def fake_time(tmp_path: Path) -> faking.FakeTime:
    library = faking.library()
    if library is None:
        if os.environ.get("CI"):
            pytest.fail("Expected libfaketime, but it is not installed: .ci/run does that.")
        pytest.skip("no libfaketime here: apt-get install libfaketime runs this test too")
    return faking.FakeTime(library, tmp_path / "time")


def test_ticks_go_on_when_the_machine_s_clock_is_set_back(fake_time: faking.FakeTime) -> None:
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), **fake_time.environment}
    with subprocess.Popen(
        [sys.executable, "-c", TICKING], env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as ticking:
        assert ticking.stdin is not None
        assert ticking.stdout is not None
        assert ticking.stdout.readline() == "0\n"
        fake_time.set(timedelta(hours=-2))
        told = [ticking.stdout.readline() for _ in range(2)] if _answers(ticking) else []
        ticking.communicate("\n")
    assert told == ["1\n", "2\n"]


def _answers(process: subprocess.Popen[str], seconds: float = 20) -> bool:
    """Whether it says anything more."""
    assert process.stdout is not None
    return bool(select.select([process.stdout], [], [], seconds)[0])
