"""SpiffWorkflow on the diagram of the step, its JSON in one row; a step restores, completes, saves and commits."""

from __future__ import annotations

from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.serializer import BpmnWorkflowSerializer
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks import diagrams
from benchmarks.bare import Rows


class Spiff:
    def __init__(self, rows: Rows, instances: int) -> None:
        self.rows, self.serializer = rows, BpmnWorkflowSerializer()
        parser = BpmnParser()
        parser.add_bpmn_str(diagrams.STEP)
        specification, called = parser.get_spec("P"), parser.get_subprocess_specs("P")
        for number in range(instances):
            workflow = BpmnWorkflow(specification, called)
            workflow.task_tree.data["n"] = 0
            workflow.do_engine_steps()
            self.rows.save(number, self.serializer.serialize_json(workflow))

    def step(self, number: int) -> None:
        workflow = self.serializer.deserialize_json(self.rows.load(number))
        (task,) = workflow.get_tasks(state=TaskState.READY, manual=True)
        task.data["verdict"] = "yes"
        task.run()
        workflow.do_engine_steps()
        # It leaves an undefined task to its caller.
        (note,) = workflow.get_tasks(state=TaskState.READY, spec_name="note")
        note.run()
        workflow.do_engine_steps()
        self.rows.save(number, self.serializer.serialize_json(workflow))
