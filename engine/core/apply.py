"""`apply` is the only thing that changes a state. It knows no diagram: a fact says all that is to be done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from engine.core import facts
from engine.core.facts import Fact
from engine.core.state import Completed, Incident, Items, State, Token, Wait


def apply(state: State, fact: Fact) -> None:
    """Change the state, in place, by what happened."""
    _APPLIERS[type(fact)](state, fact)


def replay(history: Iterable[Fact]) -> State:
    """The state that a history leads to, from its first fact on."""
    state = State()
    for fact in history:
        apply(state, fact)
    return state


def _instance_started(state: State, fact: facts.InstanceStarted) -> None:
    state.business_key, state.deployment_id = fact.business_key, fact.deployment_id
    state.last_id = fact.id
    state.tokens[fact.id] = Token(fact.id, fact.element_id, 0, fact.id, fact.definition_id)


def _instance_completed(state: State, _fact: facts.InstanceCompleted) -> None:
    state.ended = "completed"


def _instance_failed(state: State, _fact: facts.InstanceFailed) -> None:
    state.ended = "failed"


def _instance_cancelled(state: State, _fact: facts.InstanceCancelled) -> None:
    state.ended = "cancelled"


def _instance_suspended(state: State, _fact: facts.InstanceSuspended) -> None:
    state.suspended = True


def _instance_resumed(state: State, _fact: facts.InstanceResumed) -> None:
    state.suspended = False


def _process_migrated(state: State, fact: facts.ProcessMigrated) -> None:
    if fact.deployment_id is not None:
        state.deployment_id = fact.deployment_id
    state.tokens[fact.id].definition_id = fact.definition_id
    element, flow = _renaming(fact.elements), _renaming(fact.flows)
    for token in state.tokens.values():
        if token.process_id == fact.id:
            token.element_id = element(token.element_id)
            token.arrived = {
                element(name): {flow(way): count for way, count in ways.items()} for name, ways in token.arrived.items()
            }
            token.activated = {element(name): [flow(way) for way in ways] for name, ways in token.activated.items()}
            token.planned = [element(name) for name in token.planned]
            token.kept = {element(name): values for name, values in token.kept.items()}
            _rename_records(token.completed, element)
            _rename_records(token.compensating or [], element)
            for wait_id in token.waits:
                state.waits[wait_id].element_id = element(state.waits[wait_id].element_id)


def _renaming(names: Mapping[str, str]) -> Callable[[str], str]:
    return lambda name: names.get(name, name)


def _rename_records(records: Iterable[Completed], element: Callable[[str], str]) -> None:
    """A called process that was completed is undone by the definition that it ran by."""
    for record in records:
        if record.definition_id is None:
            record.element_id = element(record.element_id)
            _rename_records(record.inner, element)


def _element_activated(state: State, fact: facts.ElementActivated) -> None:
    scope = state.tokens[fact.scope_id]
    process_id = fact.id if fact.definition_id is not None else scope.process_id
    state.last_id = fact.id
    state.tokens[fact.id] = Token(fact.id, fact.element_id, fact.scope_id, process_id, fact.definition_id, fact.index)
    scope.children[fact.id] = None
    if fact.index is not None and scope.items is not None:
        scope.items.started += 1


def _element_completed(state: State, fact: facts.ElementCompleted) -> None:
    token = _remove(state, fact.id)
    if token.index is not None:
        items = state.tokens[token.scope_id].items
        if items is not None:
            items.completed += 1


def _element_terminated(state: State, fact: facts.ElementTerminated) -> None:
    _remove(state, fact.id)


def _remove(state: State, token_id: int) -> Token:
    token = state.tokens.pop(token_id)
    state.joining.pop(token_id, None)
    if token.scope_id:
        del state.tokens[token.scope_id].children[token_id]
    return token


def _token_arrived(state: State, fact: facts.TokenArrived) -> None:
    by_flow = state.tokens[fact.scope_id].arrived.setdefault(fact.element_id, {})
    by_flow[fact.flow_id] = by_flow.get(fact.flow_id, 0) + 1
    state.joining[fact.scope_id] = None


def _tokens_joined(state: State, fact: facts.TokensJoined) -> None:
    scope = state.tokens[fact.scope_id]
    _consume(scope, fact.element_id, fact.flows or tuple(scope.arrived[fact.element_id]))
    _stop_joining(state, scope)


def _complex_gateway_activated(state: State, fact: facts.ComplexGatewayActivated) -> None:
    scope = state.tokens[fact.scope_id]
    _consume(scope, fact.element_id, fact.flows)
    scope.activated[fact.element_id] = list(fact.flows)


def _complex_gateway_reset(state: State, fact: facts.ComplexGatewayReset) -> None:
    scope = state.tokens[fact.scope_id]
    _consume(scope, fact.element_id, fact.flows)
    del scope.activated[fact.element_id]
    _stop_joining(state, scope)


def _consume(scope: Token, element_id: str, flows: Iterable[str]) -> None:
    counts = scope.arrived.get(element_id, {})
    for flow in flows:
        counts[flow] -= 1
        if not counts[flow]:
            del counts[flow]
    if not counts:
        scope.arrived.pop(element_id, None)


def _stop_joining(state: State, scope: Token) -> None:
    if not scope.arrived and not scope.activated:
        state.joining.pop(scope.id, None)


def _scope_interrupted(state: State, fact: facts.ScopeInterrupted) -> None:
    scope = state.tokens[fact.id]
    scope.arrived.clear()
    scope.activated.clear()
    scope.planned.clear()
    scope.interrupted = True
    _stop_joining(state, scope)


def _scope_reopened(state: State, fact: facts.ScopeReopened) -> None:
    state.tokens[fact.id].interrupted = False


def _tokens_dropped(state: State, fact: facts.TokensDropped) -> None:
    scope = state.tokens[fact.scope_id]
    _consume(scope, fact.element_id, fact.flows)
    scope.activated.pop(fact.element_id, None)
    _stop_joining(state, scope)


def _variable_set(state: State, fact: facts.VariableSet) -> None:
    state.tokens[fact.scope_id].variables[fact.name] = fact.value


def _user_task_opened(state: State, fact: facts.UserTaskOpened) -> None:
    token = state.tokens[fact.id]
    token.work, token.assignee, token.due = "user_task", fact.assignee, fact.due


def _user_task_assigned(state: State, fact: facts.UserTaskAssigned) -> None:
    state.tokens[fact.id].assignee = fact.assignee


def _user_task_changed(state: State, fact: facts.UserTaskChanged) -> None:
    state.tokens[fact.id].due = fact.due


def _user_task_rescheduled(state: State, fact: facts.UserTaskRescheduled) -> None:
    state.tokens[fact.id].due = fact.due


def _timer_rescheduled(state: State, fact: facts.TimerRescheduled) -> None:
    state.waits[fact.id].due = fact.due


def _job_created(state: State, fact: facts.JobCreated) -> None:
    token = state.tokens[fact.id]
    token.work, token.resumes = "job" if fact.phase is None else "continuation", fact.phase


def _work_ended(state: State, fact: facts.UserTaskCompleted | facts.UserTaskCancelled | facts.JobCompleted) -> None:
    token = state.tokens[fact.id]
    token.begun = token.begun or token.resumes is not None
    token.work = token.assignee = token.due = token.resumes = None


def _timer_started(state: State, fact: facts.TimerStarted) -> None:
    wait = Wait(fact.id, fact.owner_id, fact.element_id, "timer", definition=fact.definition)
    wait.due, wait.interval, wait.repetitions = fact.due, fact.interval, fact.repetitions
    _open(state, wait)


def _subscription_opened(state: State, fact: facts.SubscriptionOpened) -> None:
    wait = Wait(fact.id, fact.owner_id, fact.element_id, fact.kind, fact.name, fact.key, definition=fact.definition)
    _open(state, wait)
    if fact.kind == "condition":
        state.conditions[wait.id] = None


def _condition_changed(state: State, fact: facts.ConditionChanged) -> None:
    state.waits[fact.id].holds = fact.holds


def _open(state: State, wait: Wait) -> None:
    state.last_id = wait.id
    state.waits[wait.id] = wait
    state.tokens[wait.owner_id].waits[wait.id] = None


def _wait_ended(state: State, fact: facts.TimerFired | facts.TimerCancelled | facts.SubscriptionClosed) -> None:
    wait = state.waits.pop(fact.id)
    state.conditions.pop(fact.id, None)
    del state.tokens[wait.owner_id].waits[fact.id]


def _nothing_changes(_state: State, _fact: Fact) -> None:
    """For whoever reads the history; where it moved a token, that follows as a fact of its own."""


def _multi_instance_started(state: State, fact: facts.MultiInstanceStarted) -> None:
    state.tokens[fact.id].items = Items(fact.items)


def _item_added(state: State, fact: facts.ItemAdded) -> None:
    items = state.tokens[fact.id].items
    assert items is not None, "items are added to a multi-instance activity only"
    items.values = (*items.values, fact.value)


def _loop_started(state: State, fact: facts.LoopStarted) -> None:
    state.tokens[fact.id].items = Items(())


def _output_collected(state: State, fact: facts.OutputCollected) -> None:
    items = state.tokens[fact.id].items
    assert items is not None, "outputs are collected by a multi-instance activity only"
    items.outputs[fact.index] = fact.value


def _correlation_key_set(state: State, fact: facts.CorrelationKeySet) -> None:
    state.tokens[fact.id].correlation[fact.key] = fact.value


def _event_data_kept(state: State, fact: facts.EventDataKept) -> None:
    kept = state.tokens[fact.id].kept
    if fact.variables:
        kept[fact.element_id] = fact.variables
    else:
        kept.pop(fact.element_id, None)


def _elements_planned(state: State, fact: facts.ElementsPlanned) -> None:
    state.tokens[fact.id].planned = list(fact.element_ids)


def _activity_compensable(state: State, fact: facts.ActivityCompensable) -> None:
    state.tokens[state.tokens[fact.id].scope_id].completed.append(_record_of(state.tokens[fact.id], fact.complete))


def _record_of(token: Token, complete: bool) -> Completed:
    """What has to be known of an activity to compensate it later."""
    where = token.id, token.element_id, token.definition_id, token.index
    inner = token.completed if token.compensating is None else token.compensating[::-1]
    return Completed(*where, dict(token.variables), list(inner), complete)


def _compensation_started(state: State, fact: facts.CompensationStarted) -> None:
    token = scope = state.tokens[fact.id]
    wanted = frozenset(fact.completed)
    taken: dict[int, Completed] = {}
    while True:
        taken.update({each.id: each for each in scope.completed if each.id in wanted})
        scope.completed = [each for each in scope.completed if each.id not in wanted]
        if len(taken) == len(wanted):
            break
        scope = state.tokens[scope.scope_id]
    token.compensating = [taken[record_id] for record_id in fact.completed]


def _activity_compensated(state: State, fact: facts.ActivityCompensated) -> None:
    compensating = state.tokens[fact.id].compensating
    assert compensating is not None, "only a compensating token undoes something"
    record = next(each for each in compensating if each.id == fact.completed)
    compensating.remove(record)
    token = state.tokens[fact.token_id]
    token.variables = dict(record.variables)
    if fact.way == "event":
        token.completed, token.compensating = record.inner, []
    elif fact.way == "inner":
        token.compensating = record.inner[::-1]


def _transaction_cancelled(state: State, fact: facts.TransactionCancelled) -> None:
    state.tokens[fact.id].cancelled = True


def _incident_raised(state: State, fact: facts.IncidentRaised) -> None:
    state.last_id = fact.id
    state.tokens[fact.token_id].incident = Incident(fact.id, fact.phase, fact.message)


def _incident_resolved(state: State, fact: facts.IncidentResolved) -> None:
    state.tokens[fact.token_id].incident = None


_APPLIERS: dict[type, Callable[[State, Any], None]] = {
    facts.InstanceStarted: _instance_started,
    facts.InstanceCompleted: _instance_completed,
    facts.InstanceFailed: _instance_failed,
    facts.InstanceCancelled: _instance_cancelled,
    facts.InstanceSuspended: _instance_suspended,
    facts.InstanceResumed: _instance_resumed,
    facts.ProcessMigrated: _process_migrated,
    facts.ElementActivated: _element_activated,
    facts.ElementCompleted: _element_completed,
    facts.ElementTerminated: _element_terminated,
    facts.FlowTaken: _nothing_changes,
    facts.TokenArrived: _token_arrived,
    facts.TokensJoined: _tokens_joined,
    facts.ComplexGatewayActivated: _complex_gateway_activated,
    facts.ComplexGatewayReset: _complex_gateway_reset,
    facts.ScopeInterrupted: _scope_interrupted,
    facts.ScopeReopened: _scope_reopened,
    facts.TokensDropped: _tokens_dropped,
    facts.VariableSet: _variable_set,
    facts.UserTaskOpened: _user_task_opened,
    facts.UserTaskAssigned: _user_task_assigned,
    facts.UserTaskRescheduled: _user_task_rescheduled,
    facts.UserTaskChanged: _user_task_changed,
    facts.UserTaskCompleted: _work_ended,
    facts.UserTaskCancelled: _work_ended,
    facts.JobCreated: _job_created,
    facts.JobCompleted: _work_ended,
    facts.JobCancelled: _work_ended,
    facts.TimerStarted: _timer_started,
    facts.TimerRescheduled: _timer_rescheduled,
    facts.TimerFired: _wait_ended,
    facts.TimerCancelled: _wait_ended,
    facts.SubscriptionOpened: _subscription_opened,
    facts.ConditionChanged: _condition_changed,
    facts.SubscriptionTriggered: _nothing_changes,
    facts.SubscriptionClosed: _wait_ended,
    facts.MessageThrown: _nothing_changes,
    facts.SignalThrown: _nothing_changes,
    facts.ErrorThrown: _nothing_changes,
    facts.EscalationThrown: _nothing_changes,
    facts.CorrelationKeySet: _correlation_key_set,
    facts.EventDataKept: _event_data_kept,
    facts.DataStored: _nothing_changes,
    facts.ElementsPlanned: _elements_planned,
    facts.ActivityCompensable: _activity_compensable,
    facts.CompensationStarted: _compensation_started,
    facts.ActivityCompensated: _activity_compensated,
    facts.TransactionCancelled: _transaction_cancelled,
    facts.LoopStarted: _loop_started,
    facts.MultiInstanceStarted: _multi_instance_started,
    facts.ItemAdded: _item_added,
    facts.OutputCollected: _output_collected,
    facts.DecisionEvaluated: _nothing_changes,
    facts.IncidentRaised: _incident_raised,
    facts.IncidentResolved: _incident_resolved,
}
