"""Compensation: what was completed is undone, the last of it first (BPMN 2.0, 10.7 and 13.5.5).

A compensating token has a list of completed activities. It undoes one after the other: by the activity's handler; a
sub-process by its compensation event sub-process, else by undoing what was completed in it. What undoes runs as a
child of the compensating token, with the variables that the activity had. A cancelled transaction is itself the
compensating token.
"""

from __future__ import annotations

from engine.core import facts, propagation
from engine.core.execution import Execution
from engine.core.model import CancelDefinition, CompensateDefinition, Element, ProcessModel
from engine.core.state import Completed, Token


def keep(run: Execution, token: Token, element: Element) -> None:
    """Remember an activity that is about to complete, where there is something to undo of it."""
    if (element.is_compensable or element.kind == "process") and _leaves_something(run, token, element):
        run.emit(facts.ActivityCompensable(token.id))


def _leaves_something(run: Execution, token: Token, element: Element) -> bool:
    if token.completed:
        return True
    if element.loop is not None and token.index is None:
        return False
    return element.compensation_handler is not None or _event_subprocess(run.model(token), element) is not None


def what_to_undo(run: Execution, thrower: Token, activity: str | None) -> list[Completed]:
    """The completed activities that a compensation event means, in the order in which they are undone: those of its
    scope, and, inside an event sub-process, of the scope around it as well.
    """
    scope = run.state.tokens[thrower.scope_id]
    found = list(scope.completed)
    if run.element(scope).triggered_by_event:
        found = [*run.state.tokens[scope.scope_id].completed, *found]
    return [each for each in reversed(found) if activity is None or each.element_id == activity]


def begin(run: Execution, token: Token, undone: list[Completed]) -> None:
    """Make `token` compensate these."""
    run.emit(facts.CompensationStarted(token.id, tuple(each.id for each in undone)))
    run.resume(token, "complete")


def undo_next(run: Execution, token: Token) -> bool:
    """Undo the next of what a compensating token has to; False where nothing is left."""
    if not token.compensating:
        return False
    record = token.compensating[0]
    if record.definition_id is None:
        model = run.model(token)
        element = model.elements[record.element_id]
    else:
        model = run.library.process(record.definition_id)
        element = model.elements[model.key]
    is_whole = record.complete and not _is_body(element, record)
    handler = element.compensation_handler if is_whole else None
    subprocess = _event_subprocess(model, element) if is_whole else None
    if handler is not None:
        undoing = run.activate(model.elements[handler], token.id)
        run.emit(facts.ActivityCompensated(token.id, record.id, undoing.id, "handler"))
        return True
    again = run.activate(element, token.id, phase="complete", index=record.index, definition_id=record.definition_id)
    run.emit(facts.ActivityCompensated(token.id, record.id, again.id, "inner" if subprocess is None else "event"))
    if subprocess is not None:
        start = model.elements[model.elements[subprocess].start_event or ""]
        run.activate(start, run.activate(model.elements[subprocess], again.id).id, phase=None)
    return True


def _is_body(element: Element, record: Completed) -> bool:
    return element.loop is not None and record.index is None


def _event_subprocess(model: ProcessModel, scope: Element) -> str | None:
    """The compensation event sub-process of a scope."""
    for subprocess in scope.event_subprocesses:
        start = model.elements[subprocess].start_event
        if start is not None and any(isinstance(each, CompensateDefinition) for each in model.elements[start].events):
            return subprocess
    return None


def cancel(run: Execution, token: Token, event: Element) -> None:
    """End everything in the transaction around `token`, and undo what was completed in it (10.5.1, 13.3.5)."""
    transaction = token
    while run.element(transaction).kind != "transaction":
        transaction = run.state.tokens[transaction.scope_id]
    run.emit(facts.ElementCompleted(token.id))
    _keep_what_is_active(run, transaction)
    run.empty(transaction, f"cancelled by '{event.name or event.id}'")
    run.emit(facts.TransactionCancelled(transaction.id))
    begin(run, transaction, transaction.completed[::-1])


def _keep_what_is_active(run: Execution, scope: Token) -> None:
    """What was completed inside scopes that are still active is undone as well, and what was about to be undone."""
    for child in [run.state.tokens[child_id] for child_id in scope.children]:
        if child.resumes == "leave":
            # It is done, and was kept when it was; one of many is so when it is counted.
            if child.index is not None:
                keep(run, child, run.element(child))
            continue
        _keep_what_is_active(run, child)
        if child.completed if child.compensating is None else child.compensating:
            run.emit(facts.ActivityCompensable(child.id, complete=False))


def end_transaction(run: Execution, transaction: Token) -> None:
    """Leave a cancelled transaction by its cancel event; where it has none, nothing goes on from here."""
    activity = transaction if transaction.index is None else run.state.tokens[transaction.scope_id]
    elements = run.model(activity).elements
    for event in (elements[event_id] for event_id in elements[activity.element_id].boundary_events):
        if any(isinstance(definition, CancelDefinition) for definition in event.events):
            propagation.catch_at_boundary(run, activity, event)
            return
    scope_id = activity.scope_id
    run.terminate(activity, "its transaction was cancelled")
    run.leave_scope(scope_id)
