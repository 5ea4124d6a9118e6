"""When a job that failed is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from engine import retry
from engine.retry import GiveUp, Retry

NOW = datetime(2026, 3, 2, tzinfo=UTC)


def waits(cycle: str | None) -> list[float]:
    """The seconds between attempts, until it is given up."""
    left, made, found = retry.plan(cycle).attempts, 1, []
    while isinstance(follows := retry.next_attempt(cycle, left, made, NOW), Retry):
        found.append((follows.due - NOW).total_seconds())
        left, made = follows.retries, made + 1
    return found


@pytest.mark.parametrize(
    ("cycle", "seconds"),
    [
        (None, [10, 40]),
        ("R3/PT10S", [10, 10]),
        ("R1/PT10S", []),
        ("R0/PT10S", []),
        ("PT10S", [10]),
        ("PT10S,PT1M, PT1H", [10, 60, 3600]),
        ("soon", [10, 40]),
        ("R/PT10S", [10, 40]),
    ],
)
def test_what_a_diagram_says_is_kept(cycle: str | None, seconds: list[float]) -> None:
    assert waits(cycle) == seconds


def test_delays_grow_up_to_an_hour() -> None:
    delays = []
    for made in range(1, 8):
        follows = retry.next_attempt(None, 9, made, NOW)
        assert isinstance(follows, Retry)
        delays.append(follows.due - NOW)
    assert delays[:4] == [timedelta(seconds=seconds) for seconds in (10, 40, 160, 640)]
    assert delays[-1] == timedelta(hours=1)


def test_the_last_attempt_is_the_last() -> None:
    assert retry.next_attempt(None, 1, 3, NOW) == GiveUp()
    assert retry.next_attempt("R3/PT1S", 0, 1, NOW) == GiveUp()
