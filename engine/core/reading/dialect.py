"""Which attributes and parts of BPMN are understood. Whatever is in no table here is a problem, never dropped.

Where a part may stand is the schema's to say. Here is what becomes of it.
"""

from __future__ import annotations

from collections.abc import Collection

from engine.core.reading.reader import LANGUAGES, Reader
from engine.core.reading.xml import BPMN, OTHER_ENGINES, VENDORS, Node, split

SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"

_NAMED = {"name"}
_ACTIVITY = _NAMED | {"default", "isForCompensation", "startQuantity", "completionQuantity"}
_CHOOSING = _NAMED | {"default"}
_SUB_PROCESS = _ACTIVITY | {"triggeredByEvent"}
_CATCH = _NAMED | {"parallelMultiple"}

FLOW_NODES: dict[str, set[str]] = {
    "task": _ACTIVITY,
    "manualTask": _ACTIVITY,
    "userTask": _ACTIVITY,
    "serviceTask": _ACTIVITY | {"operationRef"},
    "sendTask": _ACTIVITY | {"messageRef", "operationRef"},
    "receiveTask": _ACTIVITY | {"messageRef", "operationRef", "instantiate"},
    "scriptTask": _ACTIVITY | {"scriptFormat"},
    "businessRuleTask": _ACTIVITY,
    "callActivity": _ACTIVITY | {"calledElement"},
    "subProcess": _SUB_PROCESS,
    "transaction": _SUB_PROCESS | {"method"},
    "adHocSubProcess": _SUB_PROCESS | {"ordering", "cancelRemainingInstances"},
    "exclusiveGateway": _CHOOSING,
    "inclusiveGateway": _CHOOSING,
    "complexGateway": _CHOOSING,
    "parallelGateway": _NAMED,
    "eventBasedGateway": _NAMED | {"instantiate", "eventGatewayType"},
    "startEvent": _CATCH | {"isInterrupting"},
    "boundaryEvent": _CATCH | {"attachedToRef", "cancelActivity"},
    "intermediateCatchEvent": _CATCH,
    "intermediateThrowEvent": _NAMED,
    "endEvent": _NAMED,
}
"""Flow nodes that run, with the attributes that say how."""

GLOBAL_TASKS: dict[str, set[str]] = {
    "globalTask": _NAMED,
    "globalManualTask": _NAMED,
    "globalUserTask": _NAMED,
    "globalScriptTask": _NAMED | {"scriptLanguage"},
    "globalBusinessRuleTask": _NAMED,
}

EVENT_DEFINITIONS: dict[str, set[str]] = {
    "messageEventDefinition": {"messageRef"},
    "timerEventDefinition": set(),
    "errorEventDefinition": {"errorRef"},
    "escalationEventDefinition": {"escalationRef"},
    "cancelEventDefinition": set(),
    "compensateEventDefinition": {"waitForCompletion", "activityRef"},
    "conditionalEventDefinition": set(),
    "linkEventDefinition": {"name"},
    "signalEventDefinition": {"signalRef"},
    "terminateEventDefinition": set(),
}

EXPRESSIONS: dict[str, set[str]] = {
    "conditionExpression": {"language"},
    "condition": {"language"},
    "completionCondition": {"language"},
    "activationCondition": {"language"},
    "loopCondition": {"language"},
    "loopCardinality": {"language"},
    "timeDate": {"language"},
    "timeDuration": {"language"},
    "timeCycle": {"language"},
    "transformation": {"language"},
    "from": {"language"},
    "to": {"language"},
    "messagePath": {"language"},
    "dataPath": {"language"},
    "expression": {"language"},
    "formalExpression": {"language"},
}

_PARTS: dict[str, set[str]] = {
    "sequenceFlow": {"name", "sourceRef", "targetRef", "isImmediate"},
    "extensionElements": set(),
    "script": set(),
    "eventDefinitionRef": set(),
    "operationRef": set(),
    "property": _NAMED,
    "ioSpecification": set(),
    "dataInputAssociation": set(),
    "dataOutputAssociation": set(),
    "sourceRef": set(),
    "targetRef": set(),
    "assignment": set(),
    "standardLoopCharacteristics": {"testBefore", "loopMaximum"},
    "multiInstanceLoopCharacteristics": {"isSequential", "behavior", "oneBehaviorEventRef", "noneBehaviorEventRef"},
    "loopDataInputRef": set(),
    "loopDataOutputRef": set(),
    "inputDataItem": _NAMED,
    "outputDataItem": _NAMED,
    "complexBehaviorDefinition": set(),
    "event": set(),
    "correlationSubscription": {"correlationKeyRef"},
    "correlationPropertyBinding": {"correlationPropertyRef"},
    "performer": set(),
    "humanPerformer": set(),
    "potentialOwner": set(),
    "resourceRef": set(),
    "resourceAssignmentExpression": set(),
}

_DEFINITIONS: dict[str, set[str]] = {
    "definitions": {"expressionLanguage"},
    "process": {"name", "isExecutable"},
    "message": _NAMED,
    "signal": _NAMED,
    "error": {"errorCode"},
    "escalation": {"escalationCode"},
    "resource": _NAMED,
    "interface": set(),
    "operation": _NAMED,
    "inMessageRef": set(),
    "outMessageRef": set(),
    "supportedInterfaceRef": set(),
    "collaboration": set(),
    "globalConversation": set(),
    "correlationProperty": _NAMED,
    "correlationPropertyRetrievalExpression": {"messageRef"},
    "correlationKey": _NAMED,
    "correlationPropertyRef": set(),
}

READ: dict[str, set[str]] = {
    **FLOW_NODES,
    **GLOBAL_TASKS,
    **EVENT_DEFINITIONS,
    **EXPRESSIONS,
    **_PARTS,
    **_DEFINITIONS,
}
"""What changes how a process runs, or what is shown of it, and by which attributes; ids are what others refer to."""

DRAWN: dict[str, set[str]] = {
    "laneSet": {"name"},
    "childLaneSet": {"name"},
    "lane": {"name", "partitionElementRef"},
    "textAnnotation": set(),
    "group": {"categoryValueRef"},
    "association": {"sourceRef", "targetRef", "associationDirection"},
    "dataInput": _NAMED,
    "dataOutput": _NAMED,
    "dataObject": _NAMED,
    "dataObjectReference": {"name", "dataObjectRef"},
    "dataStore": {"name", "capacity", "isUnlimited"},
    "dataStoreReference": {"name", "dataStoreRef"},
    "category": _NAMED,
    "categoryValue": {"value"},
    "participant": {"name", "processRef"},
    "messageFlow": {"name", "sourceRef", "targetRef", "messageRef"},
    "conversation": _NAMED,
    "subConversation": _NAMED,
    "callConversation": {"name", "calledCollaborationRef"},
    "conversationLink": {"name", "sourceRef", "targetRef"},
}
"""What a person reads. The engine takes from it what data are called, whose process a participant is, and to which
activity the association of a compensation event leads.
"""

WITHOUT_MEANING: dict[str, set[str]] = {
    "documentation": set(),
    "incoming": set(),
    "outgoing": set(),
    "auditing": set(),
    "monitoring": set(),
    "rendering": set(),
    "categoryValueRef": set(),
    "supports": set(),
    "source": set(),
    "target": set(),
    "resourceRole": _NAMED,
    "resourceParameter": {"name", "isRequired"},
    "itemDefinition": {"itemKind"},
    "dataState": _NAMED,
    "inputSet": _NAMED,
    "outputSet": _NAMED,
    "dataInputRefs": set(),
    "dataOutputRefs": set(),
    "optionalInputRefs": set(),
    "optionalOutputRefs": set(),
    "inputSetRefs": set(),
    "outputSetRefs": set(),
    "errorRef": set(),
    "endPoint": set(),
    "endPointRef": set(),
    "interfaceRef": set(),
    "partnerEntity": _NAMED,
    "partnerRole": _NAMED,
    "participantRef": set(),
    "participantMultiplicity": {"minimum", "maximum"},
    "participantAssociation": set(),
    "innerParticipantRef": set(),
    "outerParticipantRef": set(),
    "messageFlowRef": set(),
    "messageFlowAssociation": {"innerMessageFlowRef", "outerMessageFlowRef"},
    "conversationAssociation": {"innerConversationNodeRef", "outerConversationNodeRef"},
    "flowNodeRef": set(),
    "text": set(),
}
"""Parts that change nothing: what flows and links say already, descriptions, types (a value is JSON), what a partner
does, and the sets of data, of which there is one, so that it is always the one to be used.
"""

ATTRIBUTES: dict[str, set[str]] = {**READ, **DRAWN, **WITHOUT_MEANING}
"""Every element of BPMN that is taken."""

ATTRIBUTES_WITHOUT_MEANING: dict[str, set[str]] = {
    "definitions": {"name", "targetNamespace", "typeLanguage", "exporter", "exporterVersion"},
    "process": {"isClosed", "processType", "definitionalCollaborationRef"},
    "collaboration": {"name", "isClosed"},
    "globalConversation": {"name", "isClosed"},
    "error": {"name"},
    "escalation": {"name"},
    "interface": {"name"},
    "event": {"name"},
    "performer": {"name"},
    "humanPerformer": {"name"},
    "potentialOwner": {"name"},
}
"""Of one element; those of any are in `_ANYWHERE`."""

_ANYWHERE = {
    "id",
    "gatewayDirection",
    "implementation",
    "implementationRef",
    "structureRef",
    "itemRef",
    "itemSubjectRef",
    "isCollection",
    "evaluatesToTypeRef",
    "type",
    "textFormat",
}

ONLY: dict[str, Collection[str]] = {
    "isImmediate": {"true", "1"},
    "method": {"##Compensate"},
    "scriptFormat": LANGUAGES,
    "scriptLanguage": LANGUAGES,
    "language": LANGUAGES,
    "expressionLanguage": LANGUAGES | {"http://www.w3.org/1999/XPath", "http://www.w3.org/1999/xhtml"},
}
"""Attributes that are taken with these values only: any other one would ask for what is not there.

Editors give XPath, or what they take for it, as the language of every file, whatever its expressions are written in.
"""


def is_without_meaning(element: str, attribute: str) -> bool:
    """Whether an attribute of the standard changes nothing."""
    return attribute in _ANYWHERE or attribute in ATTRIBUTES_WITHOUT_MEANING.get(element, set())


_JOB = {"type", "topic", "taskPriority"}
_USER_TASK = {
    "assignee",
    "candidateUsers",
    "candidateGroups",
    "dueDate",
    "followUpDate",
    "priority",
    "formKey",
    "formRef",
    "formRefBinding",
}
_RULE = _JOB | {"decisionRef", "decisionRefBinding", "mapDecisionResult", "resultVariable"}

_OF_ONE_KIND: dict[str, set[str]] = {
    "process": {"versionTag", "historyTimeToLive", "isStartableInTasklist", "jobPriority"},
    "userTask": _USER_TASK,
    "globalUserTask": _USER_TASK,
    "serviceTask": _JOB,
    "sendTask": _JOB,
    "businessRuleTask": _RULE,
    "globalBusinessRuleTask": _RULE,
    "scriptTask": {"resultVariable"},
    "globalScriptTask": {"resultVariable"},
    "callActivity": {"calledElementBinding", "calledElementVersion", "calledElementVersionTag"},
    "multiInstanceLoopCharacteristics": {"collection", "elementVariable", "asyncBefore", "asyncAfter"},
    "errorEventDefinition": {"errorCodeVariable", "errorMessageVariable"},
    "escalationEventDefinition": {"escalationCodeVariable"},
    "definitions": {"diagramRelationId"},
}
_CONTINUATION = {"asyncBefore", "asyncAfter", "async", "jobPriority"}
VENDOR_ATTRIBUTES: dict[str, set[str]] = {
    **dict.fromkeys(FLOW_NODES, _CONTINUATION),
    **{name: of | _CONTINUATION if name in FLOW_NODES else of for name, of in _OF_ONE_KIND.items()},
}

_YES_OR_NO = {"true", "false"}
VENDOR_ONLY: dict[str, set[str]] = {
    "asyncBefore": _YES_OR_NO,
    "asyncAfter": _YES_OR_NO,
    "async": _YES_OR_NO,
    "exclusive": _YES_OR_NO,
    "formRefBinding": {"latest"},
    "decisionRefBinding": {"latest"},
    "isStartableInTasklist": _YES_OR_NO,
}
"""Attributes that are taken with these values only. What goes on in a transaction of its own has its instance to itself
there, so that it is exclusive in any case.
"""

VENDOR_NO_MEANING: dict[str, set[str]] = {
    "asyncBefore": {"false"},
    "asyncAfter": {"false"},
    "async": {"false"},
    "exclusive": _YES_OR_NO,
}
"""Attributes that change nothing with these values, wherever they stand."""

_RETRY = {"failedJobRetryTimeCycle"}
_INPUT_OUTPUT = {"inputOutput"}
EXTENSIONS: dict[str, set[str]] = {
    "process": _INPUT_OUTPUT,
    **dict.fromkeys(FLOW_NODES, _INPUT_OUTPUT | _RETRY),
    "callActivity": _INPUT_OUTPUT | _RETRY | {"in", "out"},
    "multiInstanceLoopCharacteristics": _RETRY,
    "globalBusinessRuleTask": _RETRY,
}
_EXTENSIONS_EVERYWHERE = {"properties"}

_JOB_HINT = 'Write a handler, and use camunda:type="external" with camunda:topic.'
_ASYNC_HINT = "Say it at an activity, a gateway or an event, or at multiInstanceLoopCharacteristics for each instance."
_CHOREOGRAPHY_HINT = "Draw what this side does as a process."
HINTS = {
    "class": _JOB_HINT,
    "delegateExpression": _JOB_HINT,
    "expression": 'Use a script task, or a handler with camunda:type="external" and camunda:topic.',
    "async": _ASYNC_HINT,
    "asyncBefore": _ASYNC_HINT,
    "asyncAfter": _ASYNC_HINT,
    "formData": "Draw the fields as a form file, and name it by camunda:formRef.",
    "executionListener": "Draw what it does as a task.",
    "taskListener": "Draw what it does as a task.",
    "language": "Write it as ${…}, and leave out its language.",
    "expressionLanguage": "Write expressions as ${…}, and leave it out.",
    "scriptFormat": "Leave it out, or write python; no other language is run.",
    "isImmediate": "In an executable process nothing comes in between: leave it out, or write true.",
    "method": 'A cancelled transaction is compensated: leave it out, or write "##Compensate".',
    "variableName": "A condition is looked at whenever a variable is set.",
    "variableEvents": "A condition is looked at whenever a variable is set.",
    "import": "Put what it holds into this file, or deploy it beside it and refer to it by its key.",
    "relationship": "It relates elements for another tool: delete it.",
    "extension": "It defines what another engine must understand: delete it.",
    "choreography": _CHOREOGRAPHY_HINT,
    "globalChoreographyTask": _CHOREOGRAPHY_HINT,
    "choreographyRef": "Delete the reference.",
    "choreographyTask": _CHOREOGRAPHY_HINT,
    "callChoreography": _CHOREOGRAPHY_HINT,
    "subChoreography": _CHOREOGRAPHY_HINT,
    "implicitThrowEvent": "Draw an intermediate throw event.",
    "ioBinding": "Call the process by a call activity, or start it by a message.",
    "partitionElement": "A lane lists what is in it by flowNodeRef.",
    "whileExecutingInputRefs": "Data are read when an activity begins: list it as a dataInputRefs.",
    "whileExecutingOutputRefs": "Data are written when an activity is complete: list it as a dataOutputRefs.",
    "resourceParameterBinding": "Choose people by a resourceAssignmentExpression.",
}


def check(reader: Reader, root: Node, unread: Collection[Node]) -> None:
    """Report every attribute and part of a file that is not understood, but for those of `unread` parts."""
    _check_attributes(reader, root, split(root.tag)[1])
    for part in root.iterchildren(f"{{{BPMN}}}*"):
        if part not in unread:
            _check_part(reader, part)


def _check_part(reader: Reader, node: Node) -> None:
    name = split(node.tag)[1]
    if name not in ATTRIBUTES:
        reader.problem(node, f"'{name}' is not supported.", HINTS.get(name, ""))
        return
    _check_attributes(reader, node, name)
    if name == "extensionElements":
        _check_extensions(reader, node, split(node.getparent().tag)[1])
    elif name not in WRITTEN_FREELY:
        for part in node.iterchildren(f"{{{BPMN}}}*"):
            _check_part(reader, part)


WRITTEN_FREELY = frozenset({"documentation", "text"})
"""What may hold anything, for people."""


def _check_attributes(reader: Reader, node: Node, name: str) -> None:
    if name in _NEEDS_ID and not node.get("id"):
        reader.problem(node, f"A {name} has no id.", "Every element needs one of its own.")
    for attribute, value in node.attrib.items():
        namespace, local = split(str(attribute))
        if namespace == "":
            known = local in ATTRIBUTES[name] or is_without_meaning(name, local)
            if not known or value not in ONLY.get(local, {value}):
                _unsupported(reader, node, f'{local}="{value}"', local)
        elif namespace in VENDORS:
            if not _is_understood(name, local, str(value)):
                _unsupported(reader, node, f'camunda:{local}="{value}"', local)
        elif namespace in OTHER_ENGINES:
            _foreign(reader, node, local, namespace)
        elif namespace == SCHEMA_INSTANCE and local == "type" and name not in EXPRESSIONS:
            _unsupported(reader, node, f'xsi:type="{value}"', local)


def _is_understood(name: str, local: str, value: str) -> bool:
    if value in VENDOR_NO_MEANING.get(local, set()):
        return True
    return local in VENDOR_ATTRIBUTES.get(name, set()) and value in VENDOR_ONLY.get(local, {value})


_NEEDS_ID = frozenset(FLOW_NODES) | frozenset(GLOBAL_TASKS) | {"process", "sequenceFlow"}


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
