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
    while isinstance(follows := retry.next_attempt(cycle, left, made, NOW, "1-2"), Retry):
        found.append((follows.due - NOW).total_seconds())
        left, made = follows.retries, made + 1
    return found


@pytest.mark.parametrize(
    ("cycle", "seconds"),
    [
        ("R3/PT10S", [10, 10]),
        ("R1/PT10S", []),
        ("R0/PT10S", []),
        ("PT10S", [10]),
        ("PT10S,PT1M, PT1H", [10, 60, 3600]),
    ],
)
def test_what_a_diagram_says_is_kept(cycle: str | None, seconds: list[float]) -> None:
    assert waits(cycle) == seconds


def delay(made: int, key: str) -> timedelta:
    follows = retry.next_attempt(None, 9, made, NOW, key)
    assert isinstance(follows, Retry)
    return follows.due - NOW


def test_delays_grow_up_to_about_an_hour() -> None:
    for made, seconds in enumerate((10, 40, 160, 640, 2560, 3600, 3600), 1):
        assert timedelta(seconds=seconds * 0.75) <= delay(made, "1-2") <= timedelta(seconds=seconds * 1.25)
    assert delay(1_000_000, "1-2") <= timedelta(hours=1.25)


@pytest.mark.parametrize(
    "cycle", ["soon", "R/PT10S", "R99999999999/PT10S", "R3/P9000Y", "R3/P367D", "R3/-PT10S", "PT10S,-PT1S", None]
)
def test_what_cannot_be_read_counts_as_not_said(cycle: str | None) -> None:
    assert waits(cycle) == waits(None)
    assert len(waits(cycle)) == 2


def test_jobs_that_failed_together_are_not_tried_again_together() -> None:
    delays = [delay(1, f"{number}-3").total_seconds() for number in range(1000)]
    by_second = [sum(1 for each in delays if second <= each < second + 1) for second in range(7, 13)]
    assert len(set(delays)) > 990
    assert max(by_second) < 300
    assert min(delays) < 7.6
    assert max(delays) > 12.4


def test_a_job_is_tried_again_at_the_same_time_whoever_reckons_it() -> None:
    assert delay(2, "7-3") == delay(2, "7-3") != delay(3, "7-3")


def test_the_last_attempt_is_the_last() -> None:
    assert retry.next_attempt(None, 1, 3, NOW, "1-2") == GiveUp()
    assert retry.next_attempt("R3/PT1S", 0, 1, NOW, "1-2") == GiveUp()
