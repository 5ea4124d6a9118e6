"""Flow nodes: one reader for what is special to each kind, found by kind in one table."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from engine.core.behaviours.activities import DECISION_MAPPINGS
from engine.core.expressions import Expression
from engine.core.model import (
    AdHocSpec,
    CallSpec,
    ComplexGatewaySpec,
    DecisionSpec,
    EventGatewaySpec,
    JobSpec,
    ScriptSpec,
    Spec,
    UserTaskSpec,
)
from engine.core.reading import resources
from engine.core.reading.attributes import flag
from engine.core.reading.continuations import retry_cycle
from engine.core.reading.events import message, operation_of
from engine.core.reading.parameters import call_mappings, properties
from engine.core.reading.reader import Reader
from engine.core.reading.xml import Node, child, text, vendor
from engine.core.timing import Duration, InvalidTime, parse_duration


def spec_of(reader: Reader, node: Node, kind: str) -> Spec:
    """What is special to an element of this kind; None where nothing is, or where it is wrong."""
    read = _READERS.get(kind)
    return None if read is None else read(reader, node)


def _user_task(reader: Reader, node: Node) -> UserTaskSpec:
    def value(name: str) -> Expression | None:
        return reader.template(node, vendor(node, name))

    def values(name: str) -> tuple[Expression, ...]:
        found = [reader.template(node, part) for part in resources.parts(vendor(node, name) or "")]
        return tuple(expression for expression in found if expression is not None)

    people = resources.people(reader, node)
    assignee = value("assignee")
    if assignee is not None and people.assignee is not None:
        reader.problem(node, "It has a performer and a camunda:assignee.", "Keep one of them.")
    return UserTaskSpec(
        assignee=assignee or people.assignee,
        candidate_users=values("candidateUsers") + people.users,
        candidate_groups=values("candidateGroups") + people.groups,
        due=value("dueDate"),
        follow_up=value("followUpDate"),
        priority=value("priority"),
        form_key=vendor(node, "formRef") or vendor(node, "formKey"),
    )


def _job(reader: Reader, node: Node) -> Spec:
    topic = _topic(reader, node)
    return (
        None
        if topic is None
        else JobSpec(
            topic,
            priority=reader.template(node, vendor(node, "taskPriority")),
            retry_cycle=retry_cycle(node),
            time_limit=_time_limit(reader, node),
        )
    )


def _time_limit(reader: Reader, node: Node) -> str | None:
    """How long an attempt may take: our own property, an ISO 8601 duration."""
    said = properties(node).get("timeLimit")
    if said is not None:
        try:
            limit = parse_duration(said)
        except InvalidTime:
            limit = Duration()
        if limit.months or not timedelta(seconds=1) <= limit.span <= LONGEST_LIMIT:
            reader.problem(node, f"The timeLimit '{said}' is none.", "Write a duration from PT1S to P7D, such as PT2M.")
    return said


LONGEST_LIMIT = timedelta(days=7)
"""What takes longer than that is no job, but something to be waited for: a message, say."""


def _topic(reader: Reader, node: Node) -> Expression | None:
    """By which topic a handler is found: the one it is given, else its operation's name, else its id."""
    if vendor(node, "type") is not None or vendor(node, "topic") is not None:
        if vendor(node, "type") == "external" and vendor(node, "topic"):
            return reader.template(node, vendor(node, "topic"))
        right = 'Give it camunda:type="external" and the camunda:topic of a handler.'
        reader.problem(node, "It does not say in full who does the work.", right)
        return None
    operation = operation_of(reader, node)
    return reader.literal(node.get("id", "") if operation is None else operation.get("name", "").strip())


def _send_task(reader: Reader, node: Node) -> Spec:
    """Sends its message, unless a handler does; one that names no message is work for a handler."""
    if vendor(node, "topic") is None and node.get("messageRef") is not None:
        return message(reader, node, node)
    return _job(reader, node)


def _receive_task(reader: Reader, node: Node) -> Spec:
    return message(reader, node, node)


def _script_task(reader: Reader, node: Node) -> Spec:
    written = child(node, "script")
    source = text(written)
    if written is None or not source:
        reader.problem(node, "The script task has no script.", "Write a statement a line.")
        return None
    if next(written.iterchildren("{*}*"), None) is not None:
        reader.problem(written, "There are XML elements in the script.", "Write < as &lt;.")
    script = reader.script(written, source)
    return None if script is None else ScriptSpec(script, vendor(node, "resultVariable"))


def _business_rule_task(reader: Reader, node: Node) -> Spec:
    """Asks a decision table; one that names none is work for a handler."""
    decision = reader.template(node, vendor(node, "decisionRef"))
    is_job = vendor(node, "decisionRef") is None
    for attribute in _OF_DECISIONS if is_job else _OF_JOBS:
        if vendor(node, attribute) is not None:
            other = "without" if is_job else "beside"
            reader.problem(node, f"camunda:{attribute} means nothing {other} a camunda:decisionRef.", "Delete it.")
    if is_job:
        return _job(reader, node)
    mapping = vendor(node, "mapDecisionResult") or "resultList"
    if mapping not in DECISION_MAPPINGS:
        known = ", ".join(sorted(DECISION_MAPPINGS))
        reader.problem(node, f'camunda:mapDecisionResult="{mapping}" is not known.', f"Use one of {known}.")
        return None
    return None if decision is None else DecisionSpec(decision, mapping, vendor(node, "resultVariable"))


_OF_JOBS = ("type", "topic", "taskPriority")
_OF_DECISIONS = ("mapDecisionResult", "resultVariable")


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


def _complex_gateway(reader: Reader, node: Node) -> Spec:
    return ComplexGatewaySpec(reader.formal(child(node, "activationCondition")))


def _event_gateway(_reader: Reader, node: Node) -> Spec:
    return EventGatewaySpec(node.get("eventGatewayType") == "Parallel")


def _ad_hoc(reader: Reader, node: Node) -> Spec:
    return AdHocSpec(
        sequential=node.get("ordering") == "Sequential",
        completion_condition=reader.formal(child(node, "completionCondition")),
        cancels_remaining=flag(node, "cancelRemainingInstances", default=True),
    )


_READERS: dict[str, Callable[[Reader, Node], Spec]] = {
    "userTask": _user_task,
    "globalUserTask": _user_task,
    "serviceTask": _job,
    "sendTask": _send_task,
    "receiveTask": _receive_task,
    "scriptTask": _script_task,
    "globalScriptTask": _script_task,
    "businessRuleTask": _business_rule_task,
    "globalBusinessRuleTask": _business_rule_task,
    "callActivity": _call_activity,
    "complexGateway": _complex_gateway,
    "eventBasedGateway": _event_gateway,
    "adHocSubProcess": _ad_hoc,
}
