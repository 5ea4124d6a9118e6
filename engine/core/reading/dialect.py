"""Which attributes and parts of an element are understood. Whatever is in no list here is a problem, never dropped."""

from __future__ import annotations

from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, OTHER_ENGINES, VENDORS, Node, split

_FLOW_NODE = {"id", "name"}
_ACTIVITY = _FLOW_NODE | {"default", "isForCompensation", "startQuantity", "completionQuantity"}
_GATEWAY = _FLOW_NODE | {"gatewayDirection", "default"}

ATTRIBUTES: dict[str, set[str]] = {
    "process": {"id", "name", "isExecutable", "isClosed", "processType", "definitionalCollaborationRef"},
    "sequenceFlow": {"id", "name", "sourceRef", "targetRef", "isImmediate"},
    "task": _ACTIVITY,
    "manualTask": _ACTIVITY,
    "userTask": _ACTIVITY | {"implementation"},
    "serviceTask": _ACTIVITY | {"implementation", "operationRef"},
    "sendTask": _ACTIVITY | {"implementation", "messageRef", "operationRef"},
    "receiveTask": _ACTIVITY | {"implementation", "messageRef", "operationRef", "instantiate"},
    "scriptTask": _ACTIVITY | {"scriptFormat"},
    "businessRuleTask": _ACTIVITY | {"implementation"},
    "callActivity": _ACTIVITY | {"calledElement"},
    "subProcess": _ACTIVITY | {"triggeredByEvent"},
    "exclusiveGateway": _GATEWAY,
    "parallelGateway": _GATEWAY,
    "eventBasedGateway": _GATEWAY | {"instantiate", "eventGatewayType"},
    "startEvent": _FLOW_NODE | {"isInterrupting", "parallelMultiple"},
    "endEvent": _FLOW_NODE,
    "boundaryEvent": _FLOW_NODE | {"attachedToRef", "cancelActivity", "parallelMultiple"},
    "intermediateCatchEvent": _FLOW_NODE | {"parallelMultiple"},
    "intermediateThrowEvent": _FLOW_NODE,
}

WITHOUT_MEANING: dict[str, set[str]] = {
    "isForCompensation": {"false"},
    "startQuantity": {"1"},
    "completionQuantity": {"1"},
    "instantiate": {"false"},
    "parallelMultiple": {"false"},
    "eventGatewayType": {"Exclusive"},
    "isImmediate": {"true"},
    "implementation": {"##unspecified", "##WebService"},
    "scriptFormat": {"python", "text/x-python", "pujiang", "juel"},
}
"""Attributes of the standard that are taken with these values only: any other one would ask for what is not there."""

_JOB = {"type", "topic", "taskPriority"}

VENDOR_ATTRIBUTES: dict[str, set[str]] = {
    "process": {"versionTag", "historyTimeToLive", "isStartableInTasklist"},
    "userTask": {
        "assignee",
        "candidateUsers",
        "candidateGroups",
        "dueDate",
        "followUpDate",
        "priority",
        "formKey",
        "formRef",
        "formRefBinding",
    },
    "serviceTask": _JOB,
    "sendTask": _JOB,
    "businessRuleTask": _JOB | {"decisionRef", "decisionRefBinding", "mapDecisionResult", "resultVariable"},
    "scriptTask": {"resultVariable"},
    "callActivity": {"calledElementBinding", "calledElementVersion", "calledElementVersionTag"},
    "multiInstanceLoopCharacteristics": {"collection", "elementVariable"},
    "errorEventDefinition": {"errorCodeVariable", "errorMessageVariable"},
    "messageEventDefinition": set(),
}
VENDOR_WITHOUT_MEANING: dict[str, set[str]] = {
    "asyncBefore": {"false"},
    "asyncAfter": {"false"},
    "async": {"false"},
    "exclusive": {"true", "false"},
    "jobPriority": set(),
    "formRefBinding": {"latest"},
    "decisionRefBinding": {"latest"},
    "isStartableInTasklist": {"true", "false"},
}

EXTENSIONS: dict[str, set[str]] = {
    "callActivity": {"in", "out"},
    "serviceTask": {"failedJobRetryTimeCycle"},
    "sendTask": {"failedJobRetryTimeCycle"},
    "businessRuleTask": {"failedJobRetryTimeCycle"},
}
_EXTENSIONS_EVERYWHERE = {"properties", "inputOutput"}

_DESCRIPTION = {"documentation", "extensionElements"}
_FLOW_NODE_PARTS = _DESCRIPTION | {"incoming", "outgoing"}
_ACTIVITY_PARTS = _FLOW_NODE_PARTS | {"multiInstanceLoopCharacteristics"}
_EVENT_PARTS = _FLOW_NODE_PARTS | {"timerEventDefinition", "messageEventDefinition", "signalEventDefinition"}

PARTS: dict[str, set[str]] = {
    "sequenceFlow": _DESCRIPTION | {"conditionExpression"},
    "task": _ACTIVITY_PARTS,
    "manualTask": _ACTIVITY_PARTS,
    "userTask": _ACTIVITY_PARTS,
    "serviceTask": _ACTIVITY_PARTS,
    "sendTask": _ACTIVITY_PARTS,
    "receiveTask": _ACTIVITY_PARTS,
    "scriptTask": _ACTIVITY_PARTS | {"script"},
    "businessRuleTask": _ACTIVITY_PARTS,
    "callActivity": _ACTIVITY_PARTS,
    "exclusiveGateway": _FLOW_NODE_PARTS,
    "parallelGateway": _FLOW_NODE_PARTS,
    "eventBasedGateway": _FLOW_NODE_PARTS,
    "startEvent": _EVENT_PARTS | {"errorEventDefinition"},
    "boundaryEvent": _EVENT_PARTS | {"errorEventDefinition"},
    "intermediateCatchEvent": _EVENT_PARTS,
    "intermediateThrowEvent": _FLOW_NODE_PARTS | {"messageEventDefinition", "signalEventDefinition"},
    "endEvent": _FLOW_NODE_PARTS
    | {"messageEventDefinition", "signalEventDefinition", "errorEventDefinition", "terminateEventDefinition"},
    "multiInstanceLoopCharacteristics": _DESCRIPTION
    | {
        "loopCardinality",
        "loopDataInputRef",
        "loopDataOutputRef",
        "inputDataItem",
        "outputDataItem",
        "completionCondition",
    },
    "timerEventDefinition": _DESCRIPTION | {"timeDate", "timeDuration", "timeCycle"},
    "messageEventDefinition": _DESCRIPTION,
    "signalEventDefinition": _DESCRIPTION,
    "errorEventDefinition": _DESCRIPTION,
    "terminateEventDefinition": _DESCRIPTION,
}
PART_ATTRIBUTES: dict[str, set[str]] = {
    "multiInstanceLoopCharacteristics": {"id", "isSequential", "behavior"},
    "timerEventDefinition": {"id"},
    "messageEventDefinition": {"id", "messageRef"},
    "signalEventDefinition": {"id", "signalRef"},
    "errorEventDefinition": {"id", "errorRef"},
    "terminateEventDefinition": {"id"},
}

HINTS = {
    "class": 'Write a handler, and use camunda:type="external" with camunda:topic.',
    "delegateExpression": 'Write a handler, and use camunda:type="external" with camunda:topic.',
    "expression": 'Use a script task, or a handler with camunda:type="external" and camunda:topic.',
    "formData": "Draw the fields as a form file, and name it by camunda:formRef.",
    "executionListener": "Draw what it does as a task.",
    "taskListener": "Draw what it does as a task.",
    "standardLoopCharacteristics": "Draw the loop with an exclusive gateway.",
    "ioSpecification": "Use the inputs and outputs of the properties panel (camunda:inputOutput).",
}


def check(reader: Reader, node: Node) -> None:
    """Report every attribute and part of a flow node, flow or event definition that is not understood."""
    name = split(node.tag)[1]
    _check_attributes(reader, node, name)
    for part in node.iterchildren(f"{{{BPMN}}}*"):
        part_name = split(part.tag)[1]
        if part_name not in PARTS[name]:
            reader.problem(part, f"'{part_name}' in a {name} is not supported.", HINTS.get(part_name, ""))
        elif part_name == "extensionElements":
            _check_extensions(reader, part, name)
        elif part_name in PART_ATTRIBUTES:
            check(reader, part)


def check_scope(reader: Reader, node: Node) -> None:
    """Like `check`, for a process or sub-process; what flows in it is read one by one."""
    name = split(node.tag)[1]
    _check_attributes(reader, node, name)
    for holder in node.iterchildren(f"{{{BPMN}}}extensionElements"):
        _check_extensions(reader, holder, name)


def _check_attributes(reader: Reader, node: Node, name: str) -> None:
    if name in ATTRIBUTES and not node.get("id"):
        reader.problem(node, f"A {name} has no id.", "Every element needs one of its own.")
    known = ATTRIBUTES.get(name) or PART_ATTRIBUTES[name]
    for attribute, value in node.attrib.items():
        namespace, local = split(str(attribute))
        if namespace == "":
            if local not in known or value not in WITHOUT_MEANING.get(local, {value}):
                _unsupported(reader, node, f'{local}="{value}"', local)
        elif namespace in VENDORS:
            accepted = VENDOR_WITHOUT_MEANING.get(local, {value})
            understood = VENDOR_ATTRIBUTES.get(name, set()) | set(VENDOR_WITHOUT_MEANING)
            if local not in understood or value not in accepted:
                _unsupported(reader, node, f'camunda:{local}="{value}"', local)
        elif namespace in OTHER_ENGINES:
            _foreign(reader, node, local, namespace)


def _check_extensions(reader: Reader, holder: Node, name: str) -> None:
    known = EXTENSIONS.get(name, set()) | _EXTENSIONS_EVERYWHERE
    for extension in holder.iterchildren("{*}*"):
        namespace, local = split(extension.tag)
        if namespace in OTHER_ENGINES:
            _foreign(reader, extension, local, namespace)
        elif namespace in VENDORS and local not in known:
            _unsupported(reader, extension, f"camunda:{local}", local)


def _unsupported(reader: Reader, node: Node, what: str, local: str) -> None:
    reader.problem(node, f"{what} is not supported.", HINTS.get(local, ""))


def _foreign(reader: Reader, node: Node, local: str, namespace: str) -> None:
    reader.problem(node, f"'{local}' is meant for {OTHER_ENGINES[namespace]}.", "Say it in the camunda namespace.")
