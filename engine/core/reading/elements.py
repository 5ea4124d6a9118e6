"""Flow nodes: one reader for what is special to each kind, found by kind in one table."""

from __future__ import annotations

from collections.abc import Callable

from engine.core.behaviours.activities import DECISION_MAPPINGS
from engine.core.expressions import Expression
from engine.core.model import CallSpec, DecisionSpec, JobSpec, MultiInstance, ScriptSpec, Spec, UserTaskSpec
from engine.core.reading.events import message
from engine.core.reading.parameters import call_mappings
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node, child, extensions, text, vendor


def spec_of(reader: Reader, node: Node, kind: str) -> Spec:
    """What is special to an element of this kind; None where nothing is, or where it is wrong."""
    read = _READERS.get(kind)
    return None if read is None else read(reader, node)


def _user_task(reader: Reader, node: Node) -> UserTaskSpec:
    def value(name: str) -> Expression | None:
        return reader.template(node, vendor(node, name))

    def values(name: str) -> tuple[Expression, ...]:
        found = [reader.template(node, part.strip()) for part in _parts(vendor(node, name) or "")]
        return tuple(expression for expression in found if expression is not None)

    return UserTaskSpec(
        assignee=value("assignee"),
        candidate_users=values("candidateUsers"),
        candidate_groups=values("candidateGroups"),
        due=value("dueDate"),
        follow_up=value("followUpDate"),
        priority=value("priority"),
        form_key=vendor(node, "formRef") or vendor(node, "formKey"),
    )


def _parts(listed: str) -> list[str]:
    """Split at the commas that are outside of ``${…}``."""
    parts, start, depth = [], 0, 0
    for position, character in enumerate(f"{listed},"):
        depth += (character == "{") - (character == "}")
        if character == "," and (depth == 0 or position == len(listed)):
            parts.append(listed[start:position])
            start = position + 1
    return [part for part in parts if part.strip()]


def _job(reader: Reader, node: Node) -> Spec:
    if vendor(node, "type") != "external" or not vendor(node, "topic"):
        reader.problem(
            node,
            "It says nothing about who does the work.",
            'Give it camunda:type="external" and the camunda:topic of a handler.',
        )
        return None
    topic = reader.template(node, vendor(node, "topic"))
    cycles = extensions(node, "failedJobRetryTimeCycle")
    return (
        None
        if topic is None
        else JobSpec(
            topic,
            priority=reader.template(node, vendor(node, "taskPriority")),
            retry_cycle=text(cycles[0]) if cycles else None,
        )
    )


def _send_task(reader: Reader, node: Node) -> Spec:
    if vendor(node, "topic") is None and node.get("messageRef") is not None:
        return message(reader, node, node)
    return _job(reader, node)


def _receive_task(reader: Reader, node: Node) -> Spec:
    return message(reader, node, node)


def _script_task(reader: Reader, node: Node) -> Spec:
    source = text(child(node, "script"))
    if not source:
        reader.problem(node, "The script task has no script.", "Write a statement a line.")
        return None
    script = reader.script(child(node, "script"), source)
    return None if script is None else ScriptSpec(script, vendor(node, "resultVariable"))


def _business_rule_task(reader: Reader, node: Node) -> Spec:
    decision = reader.template(node, vendor(node, "decisionRef"))
    if vendor(node, "decisionRef") is None:
        return _job(reader, node)
    mapping = vendor(node, "mapDecisionResult") or "resultList"
    if mapping not in DECISION_MAPPINGS:
        known = ", ".join(sorted(DECISION_MAPPINGS))
        reader.problem(node, f'camunda:mapDecisionResult="{mapping}" is not known.', f"Use one of {known}.")
        return None
    return None if decision is None else DecisionSpec(decision, mapping, vendor(node, "resultVariable"))


def _call_activity(reader: Reader, node: Node) -> Spec:
    process = reader.template(node, node.get("calledElement"))
    if process is None or process.text == "":
        reader.problem(node, "The call activity names no process.", "Give it the id of a process as calledElement.")
        return None
    binding = vendor(node, "calledElementBinding") or "latest"
    if binding not in _BINDING_ATTRIBUTES:
        reader.problem(node, f'camunda:calledElementBinding="{binding}" is not known.', "")
        return None
    version = None
    if _BINDING_ATTRIBUTES[binding] is not None:
        attribute = _BINDING_ATTRIBUTES[binding] or ""
        version = reader.template(node, vendor(node, attribute))
        if version is None:
            reader.problem(node, f"The binding '{binding}' needs camunda:{attribute}.", "")
    inputs, all_inputs = call_mappings(reader, node, "in")
    outputs, all_outputs = call_mappings(reader, node, "out")
    return CallSpec(process, binding, version, inputs, outputs, all_inputs, all_outputs)


_BINDING_ATTRIBUTES: dict[str, str | None] = {
    "latest": None,
    "deployment": None,
    "version": "calledElementVersion",
    "versionTag": "calledElementVersionTag",
}


def multi_instance(reader: Reader, node: Node) -> MultiInstance | None:
    """The multi-instance marker of an activity."""
    loop = child(node, "multiInstanceLoopCharacteristics")
    if loop is None:
        return None
    collection = vendor(loop, "collection") or _data(reader, loop, "loopDataInputRef")
    cardinality = child(loop, "loopCardinality")
    if (collection is None) == (cardinality is None):
        reader.problem(loop, "It needs a collection or a number of instances.", "Give it one of the two.")
        return None
    if loop.get("behavior", "All") != "All":
        reader.problem(loop, f'behavior="{loop.get("behavior")}" is not supported.', "")
    output, collected = _data_item(loop, "outputDataItem"), _data(reader, loop, "loopDataOutputRef")
    if (output is None) != (collected is None):
        reader.problem(loop, "An output collection and an output element need each other.", "Give it both.")
    condition = child(loop, "completionCondition")
    return MultiInstance(
        sequential=loop.get("isSequential") == "true",
        collection=reader.expression(loop, collection),
        cardinality=None if cardinality is None else reader.expression(loop, text(cardinality)),
        element_variable=vendor(loop, "elementVariable") or _data_item(loop, "inputDataItem"),
        completion_condition=None if condition is None else reader.expression(condition, text(condition)),
        output_collection=collected,
        output_element=output,
    )


def _data(reader: Reader, loop: Node, name: str) -> str | None:
    """The variable that a reference means: that of a property with this id, or else of this name."""
    referred = text(child(loop, name))
    return reader.data.get(referred, referred) or None


def _data_item(loop: Node, name: str) -> str | None:
    item = child(loop, name)
    return None if item is None else item.get("name") or item.get("id")


_READERS: dict[str, Callable[[Reader, Node], Spec]] = {
    "userTask": _user_task,
    "serviceTask": _job,
    "sendTask": _send_task,
    "receiveTask": _receive_task,
    "scriptTask": _script_task,
    "businessRuleTask": _business_rule_task,
    "callActivity": _call_activity,
}
