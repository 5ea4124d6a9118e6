"""Tasks (BPMN 2.0, 10.3.3 and 13.3.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from engine.core import continuing, facts, propagation
from engine.core.behaviours.behaviour import Activity
from engine.core.execution import Execution
from engine.core.expressions import Expression, ExpressionError
from engine.core.model import DecisionSpec, Element, JobSpec, MessageDefinition, ScriptSpec, UserTaskSpec
from engine.core.state import Token
from engine.core.timing import parse_date


class PassThroughTask(Activity):
    """Nothing here is the engine's to do: an undefined task, or one done by hand without the system."""


class UserTask(Activity):
    """Waits for a person."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        run.emit(user_task(run, token, element))


def user_task(run: Execution, token: Token, element: Element) -> facts.UserTaskOpened:
    """What a user task is as it is drawn now.

    Raises:
        ExpressionError, InvalidTime: an attribute of it cannot be worked out.
    """
    spec = element.spec
    assert isinstance(spec, UserTaskSpec)
    return facts.UserTaskOpened(
        token.id,
        assignee=run.text(spec.assignee, token) if spec.assignee is not None else None,
        candidate_users=_names(run, token, spec.candidate_users),
        candidate_groups=_names(run, token, spec.candidate_groups),
        due=_moment(run, token, spec.due),
        follow_up=_moment(run, token, spec.follow_up),
        priority=continuing.priority_of(run, token, spec.priority),
        form_key=spec.form_key,
    )


class JobTask(Activity):
    """Waits for the handler of its topic, of its operation, or of its own id."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        create_job(run, token, element)


def create_job(run: Execution, token: Token, element: Element) -> None:
    spec = element.spec
    assert isinstance(spec, JobSpec)
    topic = run.text(spec.topic, token) or ""
    priority = continuing.priority_of(run, token, spec.priority)
    run.emit(facts.JobCreated(token.id, topic, priority, retry_cycle=spec.retry_cycle, time_limit=spec.time_limit))


class SendTask(JobTask):
    """Sends its message, or hands the sending to a handler where it has a topic."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        if isinstance(element.spec, MessageDefinition):
            propagation.throw_message(run, token, element, element.spec)
            run.resume(token, "complete")
        else:
            super().execute(run, token, element)


class ScriptTask(Activity):
    """Runs its statements at once: all of them, or none where one fails."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        spec = element.spec
        assert isinstance(spec, ScriptSpec)
        assigned, result = spec.script.run(run.visible(token), run.functions, run.budget)
        if spec.result_variable is not None:
            assigned[spec.result_variable] = result
        run.set_variables(token, assigned)
        run.resume(token, "complete")


class BusinessRuleTask(Activity):
    """Asks a decision table, or a handler where it has a topic."""

    def execute(self, run: Execution, token: Token, element: Element) -> None:
        spec = element.spec
        if isinstance(spec, JobSpec):
            create_job(run, token, element)
            return
        assert isinstance(spec, DecisionSpec)
        key = run.text(spec.decision, token) or ""
        decision = run.library.decision(key, run.definition_id(token))
        rows, rules = decision.evaluate(run.visible(token), run.budget)
        try:
            variables = _RESULTS[spec.mapping](key, rows, spec.result_variable)
        except ExpressionError as error:
            asked = decision.describe(run.visible(token), run.budget)
            raise ExpressionError(f"{error} Its inputs: {asked}.") from error
        run.emit(facts.DecisionEvaluated(token.id, decision.id, rules))
        run.set_variables(token, variables)
        run.resume(token, "complete")


Rows = Sequence[Mapping[str, Any]]


def _single_result(key: str, rows: Rows, name: str | None) -> dict[str, Any]:
    """One row: the value of `name`, or without a name a variable for each output."""
    row = dict(_only_row(key, rows))
    return row if name is None else {name: row}


def _single_entry(key: str, rows: Rows, name: str | None) -> dict[str, Any]:
    row = _only_row(key, rows)
    if len(row) != 1:
        raise ExpressionError(f"Expected one output of decision table '{key}', but it has {', '.join(row)}.")
    return {name or key: next(iter(row.values()))}


def _collect_entries(key: str, rows: Rows, name: str | None) -> dict[str, Any]:
    return {name or key: [next(iter(row.values())) for row in rows]}


def _result_list(key: str, rows: Rows, name: str | None) -> dict[str, Any]:
    return {name or key: [dict(row) for row in rows]}


def _only_row(key: str, rows: Rows) -> Mapping[str, Any]:
    if len(rows) != 1:
        found = "no rule matches" if not rows else f"{len(rows)} rows came out"
        raise ExpressionError(f"Expected one row of decision table '{key}', but {found}.")
    return rows[0]


_RESULTS: Mapping[str, Callable[[str, Rows, str | None], dict[str, Any]]] = {
    "singleResult": _single_result,
    "singleEntry": _single_entry,
    "collectEntries": _collect_entries,
    "resultList": _result_list,
}
DECISION_MAPPINGS = frozenset(_RESULTS)


def _names(run: Execution, token: Token, expressions: Sequence[Expression]) -> tuple[str, ...]:
    """Each expression gives one name, several with commas between them, or a list."""
    found: list[str] = []
    for expression in expressions:
        value = run.evaluate(expression, token)
        parts = value if isinstance(value, list | tuple) else str(value or "").split(",")
        found.extend(str(part).strip() for part in parts if str(part).strip())
    return tuple(dict.fromkeys(found))


def _moment(run: Execution, token: Token, expression: Expression | None) -> datetime | None:
    """An ISO 8601 date, or a duration from now."""
    value = None if expression is None else run.evaluate(expression, token)
    return None if value is None or value == "" else parse_date(value, run.now)
