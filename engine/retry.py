"""When a job that failed is tried again. Decides only; `engine.jobs` acts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from engine.core import timing
from engine.core.timing import Duration

ATTEMPTS = 3
"""How often a job is tried where its diagram says nothing."""

FIRST_DELAY = timedelta(seconds=10)
GROWTH = 4
LONGEST_DELAY = timedelta(hours=1)

JITTER = 0.25
"""By what part a growing delay is made shorter or longer, so that what failed together does not come back together."""

MOST_ATTEMPTS = 10_000
LONGEST_PAUSE = timedelta(days=366)
"""What a diagram or a worker may ask for at most."""

PAUSE = timedelta(minutes=5)
"""After which what has no diagram to say so is tried again: a timer that could not be fired, a process not started."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How often a job is tried in all, and how long to wait before each further attempt.

    Where `delays` has fewer, its last one repeats; where it is empty, delays grow exponentially.
    """

    attempts: int
    delays: tuple[Duration, ...] = ()


@dataclass(frozen=True, slots=True)
class Retry:
    """Try again at `due`; `retries` attempts are left, that one included."""

    due: datetime
    retries: int


@dataclass(frozen=True, slots=True)
class GiveUp:
    """A person has to look at it: an incident."""


def read(cycle: str) -> Plan:
    """What a diagram's failedJobRetryTimeCycle says, as Camunda 7 reads it.

    ``R3/PT10S`` is three attempts in all, ten seconds apart; ``PT10S,PT1M`` is one attempt more than it has durations.

    Raises:
        ValueError: it is neither, or asks for too many attempts, or for a delay that is too long or less than none.
    """
    if cycle.lstrip().startswith("R"):
        repetitions, _, interval = cycle.strip()[1:].partition("/")
        plan = Plan(max(1, int(repetitions)), (timing.parse_duration(interval),))
    else:
        delays = tuple(timing.parse_duration(part.strip()) for part in cycle.split(","))
        plan = Plan(len(delays) + 1, delays)
    if plan.attempts > MOST_ATTEMPTS or not all(map(_is_a_pause, plan.delays)):
        raise ValueError(f"Expected at most {MOST_ATTEMPTS} attempts, up to {LONGEST_PAUSE.days} days apart.")
    return plan


def _is_a_pause(delay: Duration) -> bool:
    start = datetime(2000, 1, 1, tzinfo=UTC)
    end: datetime = start + delay
    return start <= end <= start + LONGEST_PAUSE


@lru_cache(maxsize=256)
def plan(cycle: str | None, attempts: int = ATTEMPTS) -> Plan:
    """The plan of a job whose diagram says `cycle`. What cannot be read counts as not said: new diagrams with such are
    refused, and one that runs already must not stop for it.
    """
    if not cycle:
        return Plan(attempts)
    try:
        return read(cycle)
    except ValueError:
        return Plan(attempts)


def next_attempt(cycle: str | None, retries: int, made: int, now: datetime, key: str) -> Retry | GiveUp:
    """What follows a failed attempt: `retries` were left with it, and it was number `made`, counted from 1.

    What a diagram says is kept to the second. Delays that grow by themselves vary by `JITTER`: by how much follows
    from `key`, which tells the job from others, and from `made`.
    """
    if retries <= 1:
        return GiveUp()
    delays = plan(cycle).delays
    if delays:
        return Retry(now + delays[min(made, len(delays)) - 1], retries - 1)
    # Beyond that many it is the longest one in any case, and the power would grow without bound.
    delay = min(FIRST_DELAY * GROWTH ** min(made - 1, 10), LONGEST_DELAY)
    return Retry(now + delay * (1 + JITTER * (2 * _fraction(f"{key}/{made}") - 1)), retries - 1)


def _fraction(text: str) -> float:
    """A number from 0 to 1 that looks like chance and is always the same for the same text."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) / 2**64
