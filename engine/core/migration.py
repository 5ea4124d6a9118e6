"""A running instance goes on by another version of its process, or by another process: `migrate` moves what is alive.

Every token stays what it is, with its variables, its work and its past; only the element under it is another. What is
waited for is as the new version says. Nothing is moved where anything has no place to go.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from engine.core import commands, continuing, facts, plans, waiting
from engine.core.behaviours.activities import create_job, user_task
from engine.core.execution import Execution
from engine.core.expressions import ExpressionError
from engine.core.model import CallSpec, Element, Library, ProcessModel
from engine.core.state import ROOT, Completed, State, Token
from engine.core.timing import InvalidTime
from engine.errors import EngineError, InvalidChange, InvalidState

_OPEN_SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess"})


def migrate(run: Execution, command: commands.MigrateInstance) -> None:
    """
    Raises:
        InvalidState: nothing in the instance runs by the plan's source.
        InvalidChange: everything that has no place in the new version.
    """
    found = problems_of(run.library, run.state, command)
    if found:
        raise InvalidChange("migrate the instance", found)
    source, target = run.library.process(command.source), run.library.process(command.target)
    for scope in _running_by(run.state, command.source):
        mover = _Mover(run, command, source, target, scope)
        try:
            mover.move()
        except (ExpressionError, InvalidTime, EngineError) as error:
            raise InvalidChange("migrate the instance", [str(error)]) from error


def _running_by(state: State, definition_id: str) -> list[Token]:
    return [token for token in state.tokens.values() if token.definition_id == definition_id]


# What is in the way


def problems_of(library: Library, state: State, command: commands.MigrateInstance) -> list[str]:
    """Why an instance cannot be migrated so; what is wrong with the plan itself is in `plans.problems`, and here too.

    Raises:
        InvalidState: nothing in the instance runs by the plan's source.
        NotFound: there is no such definition.
    """
    source, target = library.process(command.source), library.process(command.target)
    scopes = _running_by(state, command.source)
    if not scopes:
        raise InvalidState("process instance", state.business_key, "migrate", f"does not run by {command.source}")
    found = plans.problems(source, target, command.elements, command.renewed)
    checking = _Checking(library, state, source, target, {**command.elements, source.key: target.key})
    for scope in scopes:
        found.extend(checking.of_process(scope))
    return list(dict.fromkeys(found))


class _Checking:
    def __init__(
        self, library: Library, state: State, source: ProcessModel, target: ProcessModel, mapped: Mapping[str, str]
    ) -> None:
        self._library, self._state = library, state
        self._source, self._target, self._mapped = source, target, mapped

    def of_process(self, scope: Token) -> Iterator[str]:
        if scope.compensating is not None:
            yield f"Expected '{scope.element_id}' to go on, but what it did is being undone. Wait until that is over."
        for token in self._state.tokens.values():
            if token.process_id == scope.id:
                yield from self._of_token(token)

    def _of_token(self, token: Token) -> Iterator[str]:
        if token.element_id not in self._mapped:
            yield f"Expected a counterpart of '{token.element_id}', where token {token.id} stands, but there is none."
            return
        yield from self._of_call(token)
        taken = self._target.elements.get(self._mapped[token.element_id])
        if token.resumes is not None and taken is not None and continuing.of(taken, token) is None:
            yield (
                f"Expected '{taken.id}' to be done in a transaction of its own in the new version too, for token "
                f"{token.id} has stopped there. Let it go on first."
            )
        for gateway, flows in [*token.arrived.items(), *token.activated.items()]:
            for flow in flows:
                if plans.flow_for(self._source, self._target, self._mapped, flow) is None:
                    yield (
                        f"Expected the new version to tell by which flow the token that waits at '{gateway}' came, but "
                        f"nothing takes the place of '{flow}'."
                    )
        for name in token.planned:
            if name not in self._mapped:
                yield f"Expected a counterpart of '{name}', which is to begin later, but there is none."
        yield from self._of_records([*token.completed, *(token.compensating or ())])

    def _of_call(self, token: Token) -> Iterator[str]:
        taken = self._target.elements.get(self._mapped[token.element_id])
        if taken is None or not isinstance(taken.spec, CallSpec) or not taken.spec.process.constant:
            return
        wanted = str(taken.spec.process.evaluate({}))
        for each in (self._state.tokens[child] for child in token.children):
            key = each.definition_id and self._library.process(each.definition_id).key
            if key is not None and key != wanted:
                yield f"Expected '{token.element_id}' to go on calling '{key}', but the new version calls '{wanted}'."

    def _of_records(self, records: Iterable[Completed]) -> Iterator[str]:
        for record in records:
            if record.definition_id is not None:
                continue
            taken = self._target.elements.get(self._mapped.get(record.element_id, ""))
            could = plans.undoes(self._source, self._source.elements[record.element_id])
            if taken is None or (could and not plans.undoes(self._target, taken)):
                yield (
                    f"Expected that what '{record.element_id}' has done can still be undone, but in the new version "
                    "nothing does that."
                )
            yield from self._of_records(record.inner)


# Moving


class _Mover:
    """Moves one process scope, in which everything has a place to go."""

    def __init__(
        self,
        run: Execution,
        command: commands.MigrateInstance,
        source: ProcessModel,
        target: ProcessModel,
        scope: Token,
    ) -> None:
        self._run, self._source, self._target, self._scope = run, source, target, scope
        self._mapped = {**command.elements, source.key: target.key}
        self._command = command
        self._renewed = frozenset(command.renewed)

    def move(self) -> None:
        tokens = [token for token in self._run.state.tokens.values() if token.process_id == self._scope.id]
        before = {token.id: self._source.elements[token.element_id] for token in tokens}
        waited_for = {wait_id: self._run.state.waits[wait_id].element_id for each in tokens for wait_id in each.waits}
        self._run.migrate(self._fact(tokens))
        self._run.changed.add(self._scope.id)
        for token in tokens:
            old, new = before[token.id], self._target.elements[token.element_id]
            if old.id in self._renewed:
                self._renew(token, new)
            self._wait_as_drawn(token, old, new, waited_for)

    def _fact(self, tokens: Sequence[Token]) -> facts.ProcessMigrated:
        flows = {
            flow: plans.flow_for(self._source, self._target, self._mapped, flow) or flow
            for token in tokens
            for ways in [*token.arrived.values(), *token.activated.values()]
            for flow in ways
        }
        names = {
            after: self._target.elements[after].name
            for name, after in self._command.elements.items()
            if self._source.elements[name].name != self._target.elements[after].name
        }
        return facts.ProcessMigrated(
            self._scope.id,
            self._command.target,
            self._command.source,
            {name: after for name, after in self._mapped.items() if name != after},
            {flow: after for flow, after in flows.items() if flow != after},
            names,
            self._deployment_id(),
        )

    def _deployment_id(self) -> int | None:
        """A case that moves to a version sees what was deployed with it; it never sees less than before."""
        known, new = self._run.state.deployment_id, self._command.deployment_id
        if self._scope.id != ROOT or new is None or (known is not None and known >= new):
            return None
        return new

    def _renew(self, token: Token, element: Element) -> None:
        """Set up a user task or a job anew; it keeps its id, and a user task its assignee."""
        run = self._run
        if token.work == "user_task":
            opened = user_task(run, token, element)
            run.emit(
                facts.UserTaskChanged(
                    token.id,
                    token.assignee,
                    opened.candidate_users,
                    opened.candidate_groups,
                    opened.due,
                    opened.follow_up,
                    opened.priority,
                    opened.form_key,
                )
            )
        elif token.work == "job":
            run.resolve_incident(token)
            run.emit(facts.JobCancelled(token.id, self._command.reason))
            create_job(run, token, element)

    def _wait_as_drawn(self, token: Token, old: Element, new: Element, waited_for: Mapping[int, str]) -> None:
        """Keep what is waited for in both versions, close what is gone, and open what is new."""
        run = self._run
        before = _awaited(self._source, token, old)
        after = _awaited(self._target, token, new)
        wanted = {element.id for element in after}
        taken = {self._mapped[event.id]: event for event in before if event.id in self._mapped}
        for wait_id in list(token.waits):
            if self._mapped.get(waited_for[wait_id]) not in wanted:
                run.close_wait(wait_id)
        for event in after:
            was = taken.get(event.id)
            open_now = [wait_id for wait_id in token.waits if run.state.waits[wait_id].element_id == event.id]
            if was is None and token.resumes != "leave":
                # Only what stands beside the work is new; what the token itself waits for it waits for already.
                run.open_waits(waiting.prepare(run, token, [event]))
            elif (
                was is not None
                and open_now
                and (was.id in self._renewed or not plans.waits_alike(was.triggers, event.triggers))
            ):
                anew = waiting.prepare(run, token, [event])
                for wait_id in open_now:
                    run.close_wait(wait_id)
                run.open_waits(anew)


def _awaited(model: ProcessModel, token: Token, element: Element) -> list[Element]:
    """The events that a token waits for where it stands, as its version draws it."""
    found: list[str] = []
    stopped = token.resumes or (token.incident.phase if token.incident is not None else None)
    if token.compensating is not None or stopped == "enter":
        return []
    if token.index is None:
        found.extend(element.boundary_events)
    is_body = element.loop is not None and token.index is None
    if stopped != "execute" and not is_body:
        if element.kind in _OPEN_SCOPES and not token.interrupted:
            found.extend(model.elements[each].start_event or "" for each in element.event_subprocesses)
        elif element.kind == "eventBasedGateway":
            found.extend(flow.target for flow in element.outgoing)
        elif element.triggers:
            found.append(element.id)
    return [model.elements[name] for name in found]
