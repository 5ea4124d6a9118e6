"""`run` decides: a command becomes facts, and the instance comes to rest again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from engine.core import (
    commands,
    continuing,
    correlation,
    data,
    facts,
    joins,
    migration,
    modification,
    propagation,
    skipping,
    starting,
    waiting,
)
from engine.core.behaviours import BEHAVIOURS, behaviour_of
from engine.core.behaviours.activities import create_job
from engine.core.behaviours.scopes import open_scope
from engine.core.commands import Command
from engine.core.execution import Execution
from engine.core.expressions import ExpressionError
from engine.core.facts import Fact
from engine.core.model import Library
from engine.core.state import ROOT, Incident, Phase, State, Token, Wait, at_hand
from engine.core.timing import InvalidTime
from engine.errors import BpmnError, EngineError, ExecutionFailed, InvalidState, Suspended

MAX_STEPS = 100_000
"""Elements that one command may move through; a loop without a wait in it stops here with an incident."""

WHILE_SUSPENDED = frozenset(
    {
        *(commands.ResumeInstance, commands.CancelInstance, commands.ModifyInstance, commands.MigrateInstance),
        commands.MoveDueDate,
    }
)
"""What may be done to a suspended instance: to repair it, and to change a deadline that changes by law. What a
modification starts goes on to where it has to wait.
"""


def run(
    library: Library,
    state: State | None,
    command: Command,
    now: datetime,
    causes: dict[int, Exception] | None = None,
) -> tuple[State, list[Fact]]:
    """Carry out one command.

    The state is changed in place, fact by fact; where this raises, throw it away. What fails inside the instance
    (a condition, a script, a decision) raises nothing: it becomes an incident that keeps its token.

    Args:
        state: None for `StartInstance` alone, which makes one.
        now: an aware datetime; the only clock there is.
        causes: gets what the incidents came of, by their ids, where it was an error. That is for people: a fact has
            only what it says.

    Raises:
        InvalidState: what the command is about is not there any more, or never was.
        Suspended: the instance is, and this has to wait until it is resumed.
        InvalidChange: a modification or migration cannot be carried out.
        ExecutionFailed: the instance cannot even start, or a variable is no JSON value.
    """
    begun = State() if state is None else state
    execution = Execution(library, BEHAVIOURS, begun, now, {} if causes is None else causes)
    if execution.state.ended:
        raise InvalidState("process instance", execution.state.business_key, "continue", f"has {execution.state.ended}")
    if execution.state.suspended and type(command) not in WHILE_SUSPENDED:
        raise Suspended("process instance", execution.state.business_key, "continue", "is suspended")
    _DECISIONS[type(command)](execution, command)
    if execution.queue or not execution.state.suspended:
        _come_to_rest(execution)
    correlation.narrow(execution)
    return execution.state, execution.facts


def _come_to_rest(execution: Execution) -> None:
    tokens, queue = execution.state.tokens, execution.queue
    steps = 0
    _look_around(execution)
    while queue:
        phase, token_id = queue.popleft()
        token = tokens.get(token_id)
        if token is not None and _can_move(token):
            steps += 1
            if steps > MAX_STEPS:
                execution.raise_incident(token, phase, f"Expected to come to rest within {MAX_STEPS} steps.")
            else:
                _move(execution, token, phase)
        if execution.changed or not queue:
            _look_around(execution)


def _can_move(token: Token) -> bool:
    """A scope may be asked more than once whether it is complete, and have stopped since the first time."""
    return token.resumes is None and (token.incident is None or token.incident.phase in _BESIDE)


_BESIDE = frozenset({"condition", "join"})
"""Incidents at a token that do not keep it from moving."""


def _look_around(execution: Execution) -> None:
    """Events whose conditions hold now come first; when nothing else can move, joins that wait for that do."""
    if execution.changed:
        changed, execution.changed = execution.changed, set()
        if execution.state.conditions:
            waiting.look_at_conditions(execution, changed)
    if execution.state.joining and not execution.queue:
        joins.settle(execution)


def _move(execution: Execution, token: Token, phase: Phase) -> None:
    element = execution.element(token)
    behaviour = behaviour_of(element, token)
    try:
        if continuing.is_due_before(token, element):
            execution.emit(continuing.stop(execution, token, element, phase))
            return
        if phase == "enter":
            behaviour.enter(execution, token, element)
            phase = "execute"
        if phase == "execute":
            behaviour.execute(execution, token, element)
        elif phase == "complete":
            behaviour.complete(execution, token, element)
        else:
            behaviour.leave(execution, token, element)
    except BpmnError as error:
        if not propagation.throw_error(execution, token, error.code, error.message):
            execution.raise_incident(token, phase, _uncaught(error.code, error.message))
    except (ExpressionError, InvalidTime, EngineError) as error:
        execution.raise_incident(token, phase, error)


def _uncaught(code: str, message: str) -> str:
    return f"Expected an error event that catches '{code}', but there is none. {message}".rstrip()


def _start_instance(execution: Execution, command: commands.StartInstance) -> None:
    model = execution.library.process(command.definition_id)
    process = model.elements[model.key]
    if command.start_event not in model.starts and (command.start_event is not None or not process.entries):
        known = ", ".join(f"'{name}'" for name in model.starts) or "none at all"
        wanted = "without a trigger" if command.start_event is None else f"'{command.start_event}'"
        raise ExecutionFailed(model.key, f"it has no start event {wanted}; its start events are {known}.")
    execution.emit(
        facts.InstanceStarted(ROOT, command.definition_id, model.key, command.business_key, command.deployment_id)
    )
    root = execution.state.tokens[ROOT]
    if command.start_event is None or not data.picks(model.elements[command.start_event]):
        execution.set_variables(root, command.variables)
    try:
        open_scope(execution, root, process)
        if command.start_event is None:
            starting.begin_plainly(execution, root, process)
        else:
            start = model.elements[command.start_event]
            starting.begin_with(execution, root, start, command.trigger, command.variables)
    except (ExpressionError, InvalidTime, EngineError) as error:
        raise ExecutionFailed(model.key, str(error)) from error


def _complete_user_task(execution: Execution, command: commands.CompleteUserTask) -> None:
    token = _waiting_for(execution, "user_task", command.id)
    execution.resolve_incident(token)
    data.receive(execution, token, execution.element(token), command.variables)
    execution.emit(facts.UserTaskCompleted(token.id))
    execution.resume(token, "complete")


def _complete_job(execution: Execution, command: commands.CompleteJob) -> None:
    token = _waiting_for(execution, "job", command.id)
    execution.resolve_incident(token)
    data.receive(execution, token, execution.element(token), command.variables)
    execution.emit(facts.JobCompleted(token.id))
    execution.resume(token, "complete")


def _assign_user_task(execution: Execution, command: commands.AssignUserTask) -> None:
    token = _waiting_for(execution, "user_task", command.id)
    if token.assignee != command.assignee:
        execution.emit(facts.UserTaskAssigned(token.id, command.assignee, token.assignee))


def _continue(execution: Execution, command: commands.Continue) -> None:
    token = _waiting_for(execution, continuing.WORK, command.id)
    assert token.resumes is not None, "a token that has stopped says where it goes on"
    phase = token.resumes
    execution.resolve_incident(token)
    execution.emit(facts.JobCompleted(token.id))
    execution.resume(token, phase)


def _raise_incident(execution: Execution, command: commands.RaiseIncident) -> None:
    token = _waiting_for(execution, _JOBS, command.id)
    execution.resolve_incident(token)
    execution.raise_incident(token, "job", command.message)


def _stopped_by(execution: Execution, incident_id: int, wanted: str) -> tuple[Token, Incident]:
    tokens = execution.state.tokens
    for token in at_hand(tokens):
        if token.incident is not None and token.incident.id == incident_id:
            return token, token.incident
    # It may be in a part that was left out, which being asked for by this id tells.
    tokens.get(incident_id)
    raise InvalidState("incident", incident_id, wanted, "is not open")


def _skip_incident(execution: Execution, command: commands.SkipIncident) -> None:
    token, _ = _stopped_by(execution, command.id, "skip")
    skipping.skip(execution, token, command.variables)


def _retry_incident(execution: Execution, command: commands.RetryIncident) -> None:
    token, incident = _stopped_by(execution, command.id, "retry")
    phase = incident.phase
    execution.set_variables(token, command.variables)
    execution.resolve_incident(token)
    if phase == "job":
        _work_again(execution, token)
    elif phase in _BESIDE:
        execution.changed.add(token.id)
    else:
        execution.resume(token, phase)


def _work_again(execution: Execution, token: Token) -> None:
    """A new job for what has failed. A user task with an error that nothing catches is still open."""
    element = execution.element(token)
    try:
        if token.work == "job":
            create_job(execution, token, element)
        elif token.resumes is not None:
            execution.emit(continuing.stop(execution, token, element, token.resumes))
    except ExpressionError as error:
        execution.raise_incident(token, "job", error)


def _throw_error(execution: Execution, command: commands.ThrowError) -> None:
    token = execution.state.tokens.get(command.id)
    if token is None or token.work not in ("user_task", "job"):
        raise InvalidState("user task or job", command.id, "throw an error at", "is not open")
    execution.resolve_incident(token)
    execution.set_variables(token, command.variables)
    if not propagation.throw_error(execution, token, command.code, command.message):
        execution.raise_incident(token, "job", _uncaught(command.code, command.message))


def _throw_escalation(execution: Execution, command: commands.ThrowEscalation) -> None:
    token = execution.state.tokens.get(command.id)
    if token is None or token.work not in ("user_task", "job"):
        raise InvalidState("user task or job", command.id, "throw an escalation at", "is not open")
    execution.set_variables(token, command.variables)
    propagation.throw_escalation(execution, token, command.code)


def _fire_timer(execution: Execution, command: commands.FireTimer) -> None:
    wait = _open_wait(execution, "timer", command.id)
    execution.emit(facts.TimerFired(wait.id))
    waiting.come(execution, wait, {})


def _correlate_message(execution: Execution, command: commands.CorrelateMessage) -> None:
    wait = _open_wait(execution, "message", command.id)
    execution.emit(facts.SubscriptionTriggered(wait.id))
    waiting.come(execution, wait, command.variables)


def _broadcast_signal(execution: Execution, command: commands.BroadcastSignal) -> None:
    waits = execution.state.waits
    last = execution.state.last_id if command.last_id is None else command.last_id
    for wait in [each for each in waits.values() if (each.kind, each.name) == ("signal", command.name)]:
        # An interrupting catcher may have taken a later one's activity away.
        if wait.id in waits and wait.id <= last:
            execution.emit(facts.SubscriptionTriggered(wait.id))
            waiting.come(execution, wait, command.variables)


def _set_variables(execution: Execution, command: commands.SetVariables) -> None:
    token = execution.state.tokens.get(command.id)
    if token is None:
        raise InvalidState("token", command.id, "set variables at", "is not there any more")
    execution.set_variables(token, command.variables)


def _move_due_date(execution: Execution, command: commands.MoveDueDate) -> None:
    old, new = command.old, command.new
    for token in execution.state.tokens.values():
        if token.due == old:
            execution.emit(facts.UserTaskRescheduled(token.id, new, old))
        for name in [name for name, value in token.variables.items() if _is_moment(value, old)]:
            execution.set_local(token, name, new)
    for wait in list(execution.state.waits.values()):
        if wait.due == old:
            execution.emit(facts.TimerRescheduled(wait.id, new, old))


def _is_moment(value: Any, moment: datetime) -> bool:
    """Whether a variable's value is this moment as `as_json` or a handler wrote it, in any time zone."""
    if not isinstance(value, str) or value[:1] not in "123456789":
        return False
    try:
        written = datetime.fromisoformat(value)
    except ValueError:
        return False
    return written.tzinfo is not None and written == moment


def _suspend_instance(execution: Execution, command: commands.SuspendInstance) -> None:
    execution.emit(facts.InstanceSuspended(command.reason))


def _resume_instance(execution: Execution, command: commands.ResumeInstance) -> None:
    if not execution.state.suspended:
        raise InvalidState("process instance", execution.state.business_key, "resume", "is not suspended")
    # What was changed meanwhile may let a join go on anywhere.
    _ = list(execution.state.tokens)
    execution.emit(facts.InstanceResumed(command.reason))


def _cancel_instance(execution: Execution, command: commands.CancelInstance) -> None:
    execution.terminate(execution.state.tokens[ROOT], command.reason)
    execution.emit(facts.InstanceCancelled(command.reason))


_JOBS = "job or continuation"


def _waiting_for(execution: Execution, work: str, token_id: int) -> Token:
    token = execution.state.tokens.get(token_id)
    if token is None or token.work is None or token.work not in work.split(" or "):
        raise InvalidState(work.replace("_", " "), token_id, "find", "is not open")
    return token


def _open_wait(execution: Execution, kind: str, wait_id: int) -> Wait:
    wait = execution.state.waits.get(wait_id)
    if wait is None or wait.kind != kind:
        raise InvalidState(kind if kind == "timer" else "subscription", wait_id, "find", "is not open")
    return wait


_DECISIONS: Mapping[type, Callable[[Execution, Any], None]] = {
    commands.StartInstance: _start_instance,
    commands.CompleteUserTask: _complete_user_task,
    commands.AssignUserTask: _assign_user_task,
    commands.CompleteJob: _complete_job,
    commands.Continue: _continue,
    commands.RaiseIncident: _raise_incident,
    commands.RetryIncident: _retry_incident,
    commands.SkipIncident: _skip_incident,
    commands.ThrowError: _throw_error,
    commands.ThrowEscalation: _throw_escalation,
    commands.FireTimer: _fire_timer,
    commands.CorrelateMessage: _correlate_message,
    commands.BroadcastSignal: _broadcast_signal,
    commands.SetVariables: _set_variables,
    commands.MoveDueDate: _move_due_date,
    commands.SuspendInstance: _suspend_instance,
    commands.ResumeInstance: _resume_instance,
    commands.ModifyInstance: modification.modify,
    commands.MigrateInstance: migration.migrate,
    commands.CancelInstance: _cancel_instance,
}
