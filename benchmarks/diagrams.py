"""What is measured. A diagram that other engines run as well has nothing in it that only ours understands."""

from __future__ import annotations

_HEAD = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" '
    'xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:camunda="http://camunda.org/schema/1.0/bpmn" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:pujiang:benchmark">'
    '<process id="P" isExecutable="true"><startEvent id="start"/>'
)
_FOOT = "</process></definitions>"


def _flow(source: str, target: str, condition: str = "") -> str:
    # bpmn-engine takes a condition without a language for a path of its own, and not for a comparison.
    opening = '<conditionExpression xsi:type="tFormalExpression" language="python">'
    inner = condition and f"{opening}{condition}</conditionExpression>"
    return f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inner}</sequenceFlow>'


STEP = (
    _HEAD + '<userTask id="decide"/><scriptTask id="count"><script>n = n + 1</script></scriptTask>'
    '<exclusiveGateway id="enough" default="enough-next"/><task id="note"/><userTask id="next"/><endEvent id="end"/>'
    + _flow("start", "decide")
    + _flow("decide", "count")
    + _flow("count", "enough")
    + _flow("enough", "note", "n &gt; 0")
    + _flow("enough", "next")
    + _flow("note", "next")
    + _flow("next", "end")
    + _FOOT
).encode()
"""Completing `decide` runs `count`, `enough` and `note`, and opens `next`."""


WAITING_LOOP = (
    _HEAD + '<exclusiveGateway id="again"/><parallelGateway id="fork"/><userTask id="decide"/>'
    '<boundaryEvent id="late" attachedToRef="decide" cancelActivity="false">'
    '<timerEventDefinition id="wait"><timeDuration xsi:type="tFormalExpression">P3D</timeDuration>'
    '</timerEventDefinition></boundaryEvent><task id="remind"/><task id="note"/><parallelGateway id="join"/>'
    '<scriptTask id="count"><script>n = n + 1</script></scriptTask>'
    '<exclusiveGateway id="enough" default="enough-again"/><endEvent id="end"/>'
    + _flow("start", "again")
    + _flow("again", "fork")
    + _flow("fork", "decide")
    + _flow("fork", "note")
    + _flow("late", "remind")
    + _flow("decide", "join")
    + _flow("note", "join")
    + _flow("join", "count")
    + _flow("count", "enough")
    + _flow("enough", "again")
    + _flow("enough", "end", "n &lt; 0")
    + _FOOT
).encode()
"""Rounds without end, each with a fork, a user task with a timer on it, a join and a script."""


WAITING = (
    _HEAD + '<intermediateCatchEvent id="later"><timerEventDefinition id="wait">'
    '<timeDuration xsi:type="tFormalExpression">P9D</timeDuration></timerEventDefinition></intermediateCatchEvent>'
    '<endEvent id="end"/>' + _flow("start", "later") + _flow("later", "end") + _FOOT
).encode()
"""A timer that is due after nine days."""


def _items(collection: str, item: str, result: str, results: str) -> str:
    return (
        f'<multiInstanceLoopCharacteristics camunda:collection="{collection}" camunda:elementVariable="{item}">'
        f"<loopDataOutputRef>{results}</loopDataOutputRef>"
        f'<outputDataItem id="{result}"/></multiInstanceLoopCharacteristics>'
    )


MANY = (
    _HEAD
    + '<userTask id="ask">'
    + _items("questions", "question", "answer", "answers")
    + '</userTask><scriptTask id="weigh">'
    + _items("answers", "given", "weight", "weights")
    + '<script>weight = given + 1</script></scriptTask><endEvent id="end"/>'
    + _flow("start", "ask")
    + _flow("ask", "weigh")
    + _flow("weigh", "end")
    + _FOOT
).encode()
"""A user task for each of `questions`, all open at once; then a script for each of the `answers`."""


def loop(rounds: int) -> bytes:
    """A loop of four elements: a gateway, a script, an undefined task and a gateway with a condition."""
    return (
        _HEAD + '<exclusiveGateway id="again"/><scriptTask id="count"><script>n = n + 1</script></scriptTask>'
        '<task id="note"/><exclusiveGateway id="enough" default="enough-end"/><endEvent id="end"/>'
        + _flow("start", "again")
        + _flow("again", "count")
        + _flow("count", "note")
        + _flow("note", "enough")
        + _flow("enough", "end")
        + _flow("enough", "again", f"n &lt; {rounds}")
        + _FOOT
    ).encode()


def elements_of_loop(rounds: int) -> int:
    """How many elements one instance of `loop` completes."""
    return 4 * rounds + 2


_STAGE = (
    ("again", "exclusiveGateway", 'name="Draft again"', ""),
    (
        "draft",
        "userTask",
        'name="Draft the reply" camunda:formRef="draft-reply" camunda:formRefBinding="latest" '
        'camunda:candidateGroups="unit:${lead_unit}" camunda:dueDate="${resolve_due}" '
        "camunda:priority=\"${urgency == 'urgent' ? 80 : 50}\"",
        "",
    ),
    (
        "late",
        "boundaryEvent",
        'name="3 days are over" attachedToRef="draft#" cancelActivity="false"',
        '<timerEventDefinition id="wait#"><timeDuration xsi:type="tFormalExpression">P3D</timeDuration>'
        "</timerEventDefinition>",
    ),
    ("remind", "scriptTask", 'name="Remind"', '<script>reminders = reminders + 1\nlevel = "late"</script>'),
    ("reminded", "endEvent", 'name="Reminded"', ""),
    (
        "classify",
        "businessRuleTask",
        'name="Find the category" camunda:decisionRef="category" camunda:mapDecisionResult="singleResult" '
        'camunda:resultVariable="category"',
        "",
    ),
    (
        "count",
        "scriptTask",
        'name="Count the rounds"',
        '<script>round = round + 1\nlevel = "urgent" if round &gt;= 5 else "ordinary"</script>',
    ),
    ("sound", "exclusiveGateway", 'name="Sound in law?" default="sound#-serve#"', ""),
    ("serve", "serviceTask", 'name="Serve" camunda:type="external" camunda:topic="serve-reply"', ""),
    ("refused", "boundaryEvent", 'name="Refused" attachedToRef="serve#"', '<errorEventDefinition id="error#"/>'),
    ("repair", "userTask", 'name="Repair" camunda:assignee="${drafter}"', ""),
)
"""A stage of `large`: id, kind, attributes and content of each element; # is the stage's number."""

_STAGE_FLOWS = (
    ("again", "draft", ""),
    ("draft", "classify", ""),
    ("classify", "count", ""),
    ("count", "sound", ""),
    ("sound", "serve", ""),
    ("sound", "again", '${verdict == "back" and round &lt; 10}'),
    ("late", "remind", ""),
    ("remind", "reminded", ""),
    ("refused", "repair", ""),
    ("repair", "again", ""),
)


def large(stages: int) -> bytes:
    """A diagram as an editor saves it, its layout included: `stages` times 11 elements between a start and an end."""
    flows = [(f"{a}{n}", f"{b}{n}", condition) for n in range(stages) for a, b, condition in _STAGE_FLOWS]
    entries = ["start", *(f"serve{n}" for n in range(stages))]
    flows += [(a, b, "") for a, b in zip(entries, [*(f"again{n}" for n in range(stages)), "end"], strict=True)]
    nodes = "".join(
        f'<{kind} id="{name}{n}" {attributes.replace("#", str(n))}>'
        + _docked(f"{name}{n}", flows)
        + content.replace("#", str(n))
        + f"</{kind}>\n"
        for n in range(stages)
        for name, kind, attributes, content in _STAGE
    )
    names = ["start", "end", *(f"{name}{n}" for n in range(stages) for name, *_ in _STAGE)]
    layout = "".join(map(_shape, names)) + "".join(_edge(f"{a}-{b}") for a, b, _ in flows)
    drawing = (
        '</process><bpmndi:BPMNDiagram id="drawing"><bpmndi:BPMNPlane id="plane" bpmnElement="P">'
        f"{layout}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></definitions>"
    )
    return (_HEAD + nodes + '<endEvent id="end"/>' + "".join(_flow(*flow) for flow in flows) + drawing).encode()


def _docked(name: str, flows: list[tuple[str, str, str]]) -> str:
    incoming = "".join(f"<incoming>{a}-{b}</incoming>" for a, b, _ in flows if b == name)
    return incoming + "".join(f"<outgoing>{a}-{b}</outgoing>" for a, b, _ in flows if a == name)


def _shape(name: str) -> str:
    return (
        f'<bpmndi:BPMNShape id="{name}-shape" bpmnElement="{name}"><dc:Bounds x="160" y="80" width="100" height="80"/>'
        '<bpmndi:BPMNLabel><dc:Bounds x="170" y="100" width="80" height="14"/></bpmndi:BPMNLabel></bpmndi:BPMNShape>\n'
    )


def _edge(name: str) -> str:
    waypoints = "".join(f'<di:waypoint x="{x}" y="120"/>' for x in (260, 290, 320))
    return f'<bpmndi:BPMNEdge id="{name}-edge" bpmnElement="{name}">{waypoints}</bpmndi:BPMNEdge>\n'
