"""Runs one case: deploys, starts, takes the steps, and compares what came with what was expected."""

from __future__ import annotations

import signal
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

from tests.conformance.cases import INCIDENT, OK, OUTCOMES, REJECTED, Case, Step

SECONDS = 15.0
"""How long a case may take."""


class Refused(Exception):
    """The engine does not take a model; says why."""


class Missed(Exception):
    """Something other than what the case expects has come."""


class Overtime(BaseException):
    """The case has taken too long. No `Exception`, so that no engine takes it for a failing script."""


class EngineUnderTest(Protocol):
    """What a case needs of an engine. Each verb leaves it at rest: jobs done, messages delivered, what is due fired."""

    @property
    def trace(self) -> Sequence[str]:
        """What scripts have handed to ``log``, in the order in which they did."""

    def deploy(self, xml: bytes) -> None:
        """
        Raises:
            Refused: the model cannot be run.
        """

    def start(self, process_id: str, variables: Mapping[str, Any]) -> None: ...

    def complete(self, element_id: str) -> int:
        """Complete every open user task and other outside work of an element; how many there were."""

    def broadcast(self, name: str, variables: Mapping[str, Any]) -> None:
        """Hand a message to every open subscription, or, where there is none, start a process; with `variables` where
        nothing runs yet.
        """

    def message(self, name: str, payload: Mapping[str, Any]) -> None:
        """Hand a message to one open subscription, or else start a process."""

    def correlate(self, name: str, payload: Mapping[str, Any]) -> None:
        """Hand a message to the open subscription whose correlation key matches, and to nobody else."""

    def signal(self, name: str, variables: Mapping[str, Any]) -> None:
        """Broadcast a signal; what it starts where nothing runs yet starts with `variables`."""

    def set(self, values: Mapping[str, Any]) -> None:
        """Set process variables of every running instance, or, where there is none, look at conditional starts."""

    def advance(self, seconds: float) -> None: ...

    def user_tasks(self) -> int:
        """How many user tasks are open."""

    def has_ended(self) -> bool:
        """Whether every instance has."""

    def incidents(self) -> Sequence[str]:
        """What has stopped an execution, in words."""

    def close(self) -> None: ...


def failure(case: Case, make_engine: Callable[[], EngineUnderTest], seconds: float = SECONDS) -> str | None:
    """What was expected of a case and what came, on one line; None where it came as expected."""
    try:
        with _within(seconds):
            engine = make_engine()
            try:
                _run(case, engine)
            finally:
                engine.close()
    except Missed as missed:
        return " ".join(str(missed).split())
    except Overtime:
        return f"expected an end within {seconds:g} s, but it went on"
    except Exception as error:
        return f"expected {_wanted(case)}, but {type(error).__name__} was raised: {' '.join(str(error).split())}"
    return None


@contextmanager
def _within(seconds: float) -> Iterator[None]:
    def over(_number: int, _frame: FrameType | None) -> None:
        raise Overtime

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _run(case: Case, engine: EngineUnderTest) -> None:
    try:
        engine.deploy(case.xml)
    except Refused as refused:
        if REJECTED not in OUTCOMES[case.outcome] or (case.outcome == "any" and case.expect):
            raise Missed(f"expected {_wanted(case)}, but the model was rejected: {refused}") from refused
        return
    for process_id in case.start:
        engine.start(process_id, case.variables)
    for number, step in enumerate(case.steps, 1):
        _take(case, engine, step, f"step {number}, {step}: ")
    _compare(case, engine)


def _compare(case: Case, engine: EngineUnderTest) -> None:
    incidents = engine.incidents()
    outcome = INCIDENT if incidents else OK
    if outcome in OUTCOMES[case.outcome] and Counter(engine.trace) == Counter(case.expect):
        return
    why = f" ({'; '.join(incidents)})" if incidents else ""
    raise Missed(f"expected {_wanted(case)}, but it came to '{outcome}'{why} with trace {_told(engine.trace)}")


def _wanted(case: Case) -> str:
    return f"'{case.outcome}' with trace {_told(case.expect)}"


def _told(trace: Sequence[str]) -> str:
    return f"[{', '.join(trace)}]"


def _take(case: Case, engine: EngineUnderTest, step: Step, where: str) -> None:
    _STEPS[step.name](case, engine, where, *step.values)


def _complete(_case: Case, engine: EngineUnderTest, where: str, element_id: str) -> None:
    if not engine.complete(element_id):
        raise Missed(f"{where}expected open work, but there is none{_because(engine)}")


def _expect_trace(_case: Case, engine: EngineUnderTest, where: str, expected: list[str]) -> None:
    if Counter(engine.trace) != Counter(map(str, expected)):
        raise Missed(f"{where}the trace so far is {_told(engine.trace)}{_because(engine)}")


def _expect_completed(_case: Case, engine: EngineUnderTest, where: str, expected: bool) -> None:
    if engine.has_ended() != expected:
        found = "an instance still runs" if expected else "every instance has ended"
        raise Missed(f"{where}{found}{_because(engine)}")


def _expect_user_tasks(_case: Case, engine: EngineUnderTest, where: str, expected: int) -> None:
    found = engine.user_tasks()
    if found != expected:
        raise Missed(f"{where}{found} are open{_because(engine)}")


def _because(engine: EngineUnderTest) -> str:
    incidents = engine.incidents()
    return f" ({'; '.join(incidents)})" if incidents else ""


_STEPS: Mapping[str, Callable[..., object]] = {
    "complete": _complete,
    "complete_if_open": lambda _case, engine, _where, element_id: engine.complete(element_id),
    "broadcast": lambda case, engine, _where, name: engine.broadcast(name, case.variables),
    "message": lambda _case, engine, _where, name, payload: engine.message(name, payload),
    "correlate": lambda _case, engine, _where, name, payload: engine.correlate(name, payload),
    "signal": lambda case, engine, _where, name: engine.signal(name, case.variables),
    "set": lambda _case, engine, _where, values: engine.set(values),
    "advance": lambda _case, engine, _where, seconds: engine.advance(seconds),
    "expect_trace": _expect_trace,
    "expect_completed": _expect_completed,
    "expect_user_tasks": _expect_user_tasks,
}
