"""The same diagrams on SpiffWorkflow, so that anyone can see where the two engines part."""

from __future__ import annotations

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.script_engine import PythonScriptEngine, TaskDataEnvironment
from SpiffWorkflow.bpmn.specs.event_definitions.message import MessageEventDefinition
from SpiffWorkflow.bpmn.util.event import BpmnEvent
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState


class SpiffCase:
    """One instance. `trace` is what its scripts have logged."""

    def __init__(self, xml: bytes, **variables: object) -> None:
        self.trace: list[str] = []
        parser = BpmnParser()
        parser.add_bpmn_str(xml)
        engine = PythonScriptEngine(TaskDataEnvironment({"log": self.trace.append}))
        self.workflow = BpmnWorkflow(parser.get_spec("P"), parser.get_subprocess_specs("P"), script_engine=engine)
        self.workflow.task_tree.data.update(variables)
        self.workflow.do_engine_steps()

    @property
    def open(self) -> list[str]:
        return sorted(task.task_spec.bpmn_id for task in self._ready())

    @property
    def awaited(self) -> list[str]:
        """The names of the messages that somebody waits for."""
        pending = self.workflow.waiting_events()
        return sorted(event.name for event in pending if event.event_type == "MessageEventDefinition")

    @property
    def ended(self) -> bool:
        return self.workflow.completed

    def complete(self, element_id: str, **variables: object) -> None:
        task = next(task for task in self._ready() if task.task_spec.bpmn_id == element_id)
        task.data.update(variables)
        task.run()
        self.workflow.do_engine_steps()

    def message(self, name: str) -> None:
        self.workflow.catch(BpmnEvent(MessageEventDefinition(name), {}))
        self.workflow.do_engine_steps()

    def _ready(self) -> list:
        return self.workflow.get_tasks(state=TaskState.READY, manual=True)
