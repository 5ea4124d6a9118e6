"""What can go wrong, said so that a person can act on it: what was expected, and what is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong in a diagram, a decision table or a form.

    `element_id` is None where the file as a whole is wrong; `line` counts from 1, 0 where it is unknown.
    """

    element_id: str | None
    line: int
    wrong: str
    right: str

    def __str__(self) -> str:
        line = f"line {self.line}" if self.line else ""
        where = line if self.element_id is None else f"'{self.element_id}'{f' ({line})' if line else ''}"
        return f"{where}: {self.wrong} {self.right}".removeprefix(": ").rstrip()


def count(number: int, noun: str) -> str:
    """A number with its noun: '1 day', '3 days', '2 entries'."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun[-2] not in "aeiou" else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


class EngineError(Exception):
    """Every error that the engine raises on purpose."""


class NotFound(EngineError):
    """Nothing of that kind has that key."""

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"Expected to find {kind} '{key}', but there is none.")
        self.kind, self.key = kind, key


class InvalidInput(EngineError):
    """What was handed in cannot be used as it is."""


MAX_PROBLEMS = 1_000
"""Problems of a file that are told one by one."""

MAX_SHOWN = 500
"""Characters that are told of what is wrong, of what would be right, and of an id."""


class InvalidDefinition(InvalidInput):
    """A diagram, decision table or form cannot be deployed; every problem at once.

    Of more than `MAX_PROBLEMS` the first are in `problems`, and at the end how many more there are.
    """

    def __init__(self, resource: str, problems: Sequence[Problem]) -> None:
        told = tuple(_brief(problem) for problem in problems[:MAX_PROBLEMS])
        if len(problems) > MAX_PROBLEMS:
            more = f"There are {len(problems) - MAX_PROBLEMS:,} more problems."
            told = (*told, Problem(None, 0, more, "Mend these first."))
        lines = "\n".join(f"- {problem}" for problem in told)
        many = count(len(problems), "problem")
        super().__init__(f"Expected '{resource}' to be deployable, but it has {many}:\n{lines}")
        self.resource, self.problems = resource, told


def _brief(problem: Problem) -> Problem:
    """A problem as people can read it, whatever long names and values are in it."""
    element_id = None if problem.element_id is None else _cut(problem.element_id)
    return replace(problem, element_id=element_id, wrong=_cut(problem.wrong), right=_cut(problem.right))


def _cut(text: str) -> str:
    return text if len(text) <= MAX_SHOWN else f"{text[: MAX_SHOWN - 1]}…"


class InvalidVariables(InvalidInput):
    """Values that a form or a command refuses, by field."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {message}" for name, message in fields.items()))
        self.fields = dict(fields)


class InvalidChange(InvalidInput):
    """A running instance cannot be changed as asked; every problem at once, each as a sentence or more."""

    def __init__(self, what: str, problems: Sequence[str]) -> None:
        lines = "\n".join(f"- {problem}" for problem in problems)
        verb = "is" if len(problems) == 1 else "are"
        super().__init__(f"Expected to {what}, but there {verb} {count(len(problems), 'problem')}:\n{lines}")
        self.problems = tuple(problems)


class NotPermitted(EngineError):
    """This actor may not do this."""

    def __init__(self, actor: str, action: str, key: object) -> None:
        super().__init__(f"Expected someone who may {action} {key}, but '{actor}' may not.")
        self.actor, self.action, self.key = actor, action, key


class InvalidState(EngineError):
    """It exists, and it is not in the state that this needs.

    `actual` reads on from "but it …": "was completed at 14:03 by clerk-2".
    """

    def __init__(self, kind: str, key: object, expected: str, actual: str) -> None:
        super().__init__(f"Expected to {expected} {kind} {key}, but it {actual}.")
        self.kind, self.key, self.expected, self.actual = kind, key, expected, actual


class Suspended(InvalidState):
    """It is suspended: what is asked may be asked again once it is resumed."""


class ExecutionFailed(EngineError):
    """An element could not be executed; becomes an incident that keeps its token."""

    def __init__(self, element_id: str, message: str) -> None:
        super().__init__(f"Expected to execute '{element_id}', but {message}")
        self.element_id, self.message = element_id, message


class Unavailable(EngineError):
    """The database cannot be reached, is kept busy, or has no room. Nothing was written; later it may go well."""


class OutcomeUnknown(EngineError):
    """The connection broke while the database was writing for good: it may all be written, or nothing.

    Whoever asked has to look before asking again.
    """

    def __init__(self) -> None:
        super().__init__("Expected the database to say whether this is written, but the connection broke before.")


class BpmnError(Exception):
    """A modelled outcome that a handler or script raises: it goes to the error event that catches `code`."""

    def __init__(self, code: str, message: str = "") -> None:
        super().__init__(f"{code}: {message}" if message else code)
        self.code, self.message = code, message
