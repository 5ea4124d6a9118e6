"""SpiffWorkflow 3.2.0 on the same cases, so that anyone can see the difference with one command.

It has no runtime around its workflows, so this does what an application would: it keeps one workflow for each instance,
hands messages and signals from one to the others, keeps a workflow ready for each process that an event starts, and
moves the clock that the timers read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

from SpiffWorkflow.bpmn.parser import BpmnParser, BpmnValidator
from SpiffWorkflow.bpmn.parser.ValidationException import ValidationException
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions import timer
from SpiffWorkflow.bpmn.specs.event_definitions.conditional import ConditionalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.item_aware_event import SignalEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.specs.event_definitions.simple import NoneEventDefinition
from SpiffWorkflow.bpmn.specs.mixins import ServiceTaskMixin, UserTaskMixin
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.exceptions import SpiffWorkflowException
from SpiffWorkflow.task import Task
from SpiffWorkflow.util.task import TaskState

from engine.errors import BpmnError
from tests.conformance.running import Refused

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
MOMENT = timedelta(milliseconds=1)
"""What passes whenever the engine runs: its timers fire after the time that they are due at, not at it."""

_TIME = re.compile(r"P[0-9T]|R[0-9]*/|[0-9]{4}-[0-9]{2}-[0-9]{2}")

STRIDES = 1_000
"""How many times at most it looks at its timers while the clock is moved on; each time a cycle fires once."""


class SpiffWorkflowUnderTest:
    def __init__(self) -> None:
        self.trace: list[str] = []
        self._running: list[BpmnWorkflow] = []
        self._ready: dict[str, BpmnWorkflow] = {}
        self._failed: list[str] = []
        self._clock = _Clock()
        self._parser = BpmnParser(validator=BpmnValidator())

    def deploy(self, xml: bytes) -> None:
        try:
            self._parser.add_bpmn_str(xml)
            for process_id in self._parser.get_process_ids():
                workflow = self._workflow(process_id, {})
                if _waits_to_start(workflow.spec):
                    self._ready[process_id] = workflow
        except Exception as error:
            raise Refused(f"{type(error).__name__}: {error}") from error
        self._rest()

    def _workflow(self, process_id: str, variables: Mapping[str, Any]) -> BpmnWorkflow:
        functions = {"log": lambda value: self.trace.append(str(value)), "throw_error": _throw_error}
        engine = _Scripts(TaskDataEnvironment(functions))
        specs = self._parser.get_subprocess_specs(process_id)
        workflow = BpmnWorkflow(self._parser.get_spec(process_id), specs, script_engine=engine)
        workflow.task_tree.data.update(variables)
        return workflow

    def start(self, process_id: str, variables: Mapping[str, Any]) -> None:
        try:
            self._running.append(self._workflow(process_id, variables))
        except ValidationException as error:
            self._failed.append(str(error))
        self._rest()

    def complete(self, element_id: str) -> int:
        found = [task for task in self._open() if task.task_spec.bpmn_id == element_id]
        for task in found:
            if task.has_state(TaskState.READY):
                self._try(task.run)
        self._rest()
        return len(found)

    def user_tasks(self) -> int:
        return sum(isinstance(task.task_spec, UserTaskMixin) for task in self._open())

    def _open(self) -> list[Task]:
        return [task for each in self._running for task in each.get_tasks(state=TaskState.READY, manual=True)]

    def broadcast(self, name: str, variables: Mapping[str, Any]) -> None:
        event = BpmnEvent(MessageEventDefinition(name), {})
        if not sum(self._hand_to(workflow, event) for workflow in list(self._running)):
            self._start_by(event, {} if self._running else variables)
        self._rest()

    def message(self, name: str, payload: Mapping[str, Any]) -> None:
        if not self._correlate(name, payload):
            self._start_by(self._event(name, payload), {})
        self._rest()

    def correlate(self, name: str, payload: Mapping[str, Any]) -> None:
        self._correlate(name, payload)
        self._rest()

    def _correlate(self, name: str, payload: Mapping[str, Any]) -> int:
        return any(self._hand_to(workflow, self._event(name, payload)) for workflow in list(self._running))

    def _event(self, name: str, payload: Mapping[str, Any]) -> BpmnEvent:
        """A message with the correlation keys that the model computes from what it carries."""
        ids = [message_id for message_id, known in self._parser.messages.items() if known == name]
        properties = [each for message_id in ids for each in self._parser.message_correlations.get(message_id, [])]
        definition = MessageEventDefinition(name, properties)
        engine = _Scripts()
        return BpmnEvent(definition, dict(payload), definition.calculate_correlations(engine, properties, payload))

    def signal(self, name: str, variables: Mapping[str, Any]) -> None:
        self._signal(BpmnEvent(SignalEventDefinition(name), {}), {} if self._running else variables)
        self._rest()

    def _signal(self, event: BpmnEvent, variables: Mapping[str, Any], thrower: BpmnWorkflow | None = None) -> None:
        for workflow in list(self._running):
            if workflow is not thrower:
                self._hand_to(workflow, event)
        self._start_by(event, variables)

    def set(self, values: Mapping[str, Any]) -> None:
        for workflow in self._running or self._ready_with(values):
            for task in workflow.get_tasks():
                task.data.update(values)
            for task in list(workflow.event_manager.tasks.values()):
                if isinstance(task.task_spec.event_definition, ConditionalEventDefinition):
                    self._try(lambda task=task: task.task_spec._update(task))
        self._rest()

    def _ready_with(self, values: Mapping[str, Any]) -> list[BpmnWorkflow]:
        self._ready = {process_id: self._workflow(process_id, values) for process_id in self._ready}
        self._failed.clear()
        return list(self._ready.values())

    def advance(self, seconds: float) -> None:
        stride = max(1.0, seconds / STRIDES)
        while seconds > 0:
            self._clock.now += timedelta(seconds=min(stride, seconds))
            seconds -= stride
            self._rest()

    def has_ended(self) -> bool:
        return all(workflow.completed for workflow in self._running)

    def incidents(self) -> list[str]:
        return self._failed

    def close(self) -> None:
        self._clock.stop()

    # Running

    def _rest(self) -> None:
        while sum(self._run(workflow) for workflow in [*self._running, *self._ready.values()]):
            pass

    def _run(self, workflow: BpmnWorkflow) -> bool:
        """Whether there may be more to do."""
        self._clock.now += MOMENT
        # Its steps end with a look at the timers, and what has fired then is run by the next steps only.
        failed = self._try(workflow.refresh_timers) + self._try(workflow.do_engine_steps)
        services = [
            task for task in workflow.get_tasks(state=TaskState.STARTED) if isinstance(task.task_spec, ServiceTaskMixin)
        ]
        for task in services:
            self._try(task.complete)
        self._adopt(workflow)
        events = workflow.get_events()
        for event in events:
            self._deliver(event, workflow)
        return bool(failed or services or events)

    def _adopt(self, workflow: BpmnWorkflow) -> None:
        """A workflow that was ready has been started by its event: it runs, and the next stands ready, except after a
        timer, which repeats itself where it is a cycle.
        """
        for process_id, ready in list(self._ready.items()):
            if ready is workflow and not _still_waits(workflow):
                self._running.append(workflow)
                del self._ready[process_id]
                if not _has_timer(workflow.spec):
                    self._ready[process_id] = self._workflow(process_id, {})

    def _deliver(self, event: BpmnEvent, thrower: BpmnWorkflow) -> None:
        if isinstance(event.event_definition, SignalEventDefinition):
            self._signal(event, {}, thrower)
        elif isinstance(event.event_definition, MessageEventDefinition):
            others = (workflow for workflow in list(self._running) if workflow is not thrower)
            if not any(self._hand_to(workflow, event) for workflow in others):
                self._start_by(event, {})

    def _hand_to(self, workflow: BpmnWorkflow, event: BpmnEvent) -> int:
        """How many of a workflow's elements took the event."""
        taken: list[int] = []
        self._try(lambda: taken.append(workflow.event_manager.catch(event, internal=False)))
        return sum(taken)

    def _start_by(self, event: BpmnEvent, variables: Mapping[str, Any]) -> None:
        for workflow in list(self._ready.values()):
            for task in workflow.get_tasks(state=TaskState.NOT_FINISHED_MASK):
                task.data.update(variables)
            if self._hand_to(workflow, event):
                self._run(workflow)

    def _try(self, work: Callable[[], object]) -> bool:
        """Whether it failed in a new way; its task then stays where it is, with an error."""
        try:
            work()
        except SpiffWorkflowException as error:
            if str(error) in self._failed:
                return False
            self._failed.append(str(error))
            return True
        return False


class _Scripts(PythonScriptEngine):
    """Takes times as the standard writes them, which SpiffWorkflow wants in quotes."""

    def evaluate(self, task: Task, expression: str, external_context: Mapping[str, Any] | None = None) -> Any:
        return expression if _TIME.match(expression) else super().evaluate(task, expression, external_context)


class _Clock:
    """Stands in for the time that SpiffWorkflow's timers read, until it is stopped."""

    def __init__(self) -> None:
        self.now = BEGIN
        clock = self

        class Moved(datetime):
            @classmethod
            def now(cls, tz: tzinfo | None = None) -> datetime:
                return clock.now.astimezone(tz)

        timer.datetime = Moved

    def stop(self) -> None:
        timer.datetime = datetime


def _waits_to_start(spec: Any) -> bool:
    """Whether a process has start events, and each waits for something."""
    definitions = [start.event_definition for start in spec.bpmn_start_events]
    return bool(definitions) and not any(isinstance(each, NoneEventDefinition) for each in definitions)


def _has_timer(spec: Any) -> bool:
    return any(isinstance(start.event_definition, timer.TimerEventDefinition) for start in spec.bpmn_start_events)


def _still_waits(workflow: BpmnWorkflow) -> bool:
    return not any(_finished_starts(workflow))


def _finished_starts(workflow: BpmnWorkflow) -> Iterator[Task]:
    for start in workflow.spec.bpmn_start_events:
        yield from workflow.get_tasks(spec_name=start.name, state=TaskState.FINISHED_MASK)


def _throw_error(code: str) -> None:
    raise BpmnError(code)
