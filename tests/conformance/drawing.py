"""Draws models for cases in few words: each function gives the XML of one element, with its id first."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from xml.sax.saxutils import escape

from tests.conformance.cases import Case, read

HEADER = (
    '<definitions xmlns="http://www.omg.org/spec/BPMN/20100524/MODEL" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="urn:case">'
    '<message id="msg_m" name="m"/><message id="msg_m2" name="m2"/><message id="msg_m3" name="m3"/>'
    '<signal id="sig_g" name="g"/><signal id="sig_g2" name="g2"/>'
    '<error id="err_x" name="x" errorCode="X"/><error id="err_y" name="y" errorCode="Y"/>'
    '<escalation id="esc_c" name="c" escalationCode="C"/><escalation id="esc_k" name="k" escalationCode="K"/>'
)


def case(
    name: str,
    *processes: str,
    expect: Sequence[str] = (),
    steps: Sequence[Sequence[Any]] = (),
    start: Sequence[str] = ("P",),
    outcome: str = "ok",
    **variables: Any,
) -> Case:
    """A case of processes and other root elements; `expect` is a text of one-letter entries or a list."""
    return read(
        {
            "name": name,
            "xml": f"{HEADER}{''.join(processes)}</definitions>",
            "start": list(start),
            "variables": variables,
            "steps": [list(step) for step in steps],
            "expect": list(expect),
            "outcome": outcome,
        }
    )


# Containers


def process(body: str, *paths: str, key: str = "P", last: str = "", conditions: Mapping[str, str] | None = None) -> str:
    """A process of `body` and of flows along paths such as ``"s u e"``; the flow from s to u has the id ``s-u``.

    `last` are artifacts, which the schema wants behind the flows.
    """
    return f'<process id="{key}" isExecutable="true">{body}{flows(*paths, conditions=conditions)}{last}</process>'


def flows(*paths: str, conditions: Mapping[str, str] | None = None) -> str:
    """A flow that is named twice is drawn once."""
    pairs = dict.fromkeys(pair for path in paths for pair in itertools.pairwise(path.split()))
    return "".join(_flow(source, target, (conditions or {}).get(f"{source}-{target}")) for source, target in pairs)


def _flow(source: str, target: str, condition: str | None) -> str:
    inner = condition and _expression("conditionExpression", condition)
    return (
        f'<sequenceFlow id="{source}-{target}" sourceRef="{source}" targetRef="{target}">{inner or ""}</sequenceFlow>'
    )


def _expression(tag: str, text: str) -> str:
    return f'<{tag} xsi:type="tFormalExpression">{escape(text)}</{tag}>'


def sub(
    id: str,
    body: str,
    *paths: str,
    tag: str = "subProcess",
    marker: str = "",
    last: str = "",
    conditions: Mapping[str, str] | None = None,
    **attributes: str,
) -> str:
    return _tag(tag, id, f"{marker}{body}{flows(*paths, conditions=conditions)}{last}", **attributes)


def event_sub(definition: str, body: str, *paths: str, id: str = "es", interrupting: bool = True) -> str:
    """An event sub-process; its start event has the id `id` with ``_s``, its end event with ``_e``."""
    begin = _tag("startEvent", f"{id}_s", definition, isInterrupting=str(interrupting).lower())
    named = [f"{id}_s {path} {id}_e" for path in paths]
    return sub(id, f"{begin}{body}{end(f'{id}_e')}", *named, triggeredByEvent="true")


def ad_hoc(id: str, body: str, *paths: str, until: str = "", **attributes: Any) -> str:
    condition = until and f"<completionCondition>{escape(until)}</completionCondition>"
    return sub(id, body, *paths, tag="adHocSubProcess", last=condition, **attributes)


# Activities


def _tag(tag: str, id: str, inner: str = "", **attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return f'<{tag} id="{id}"{written}>{inner}</{tag}>'


def script(id: str, text: str, inner: str = "", **attributes: str) -> str:
    return _tag("scriptTask", id, f"{inner}<script>{escape(text)}</script>", **attributes)


def log(*ids: str) -> str:
    """Script tasks that write their own ids to the trace."""
    return "".join(script(id, f'log("{id}")') for id in ids)


def user(*ids: str, inner: str = "") -> str:
    return "".join(_tag("userTask", id, inner) for id in ids)


def task(tag: str, id: str, inner: str = "", **attributes: str) -> str:
    return _tag(tag, id, inner, **attributes)


def call(id: str, called: str, inner: str = "") -> str:
    return _tag("callActivity", id, inner, calledElement=called)


def loop(condition: str = "", **attributes: str) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    inner = condition and f"<loopCondition>{escape(condition)}</loopCondition>"
    return f"<standardLoopCharacteristics{written}>{inner}</standardLoopCharacteristics>"


def times(count: str, until: str = "", sequential: bool = False, inner: str = "", **attributes: str) -> str:
    """Multi-instance by cardinality."""
    given = f"<loopCardinality>{escape(count)}</loopCardinality>"
    return _multi_instance(f"{given}{inner}", until, sequential, attributes)


def each(items: str, item: str, output: str = "", result: str = "", until: str = "", sequential: bool = False) -> str:
    """Multi-instance by collection."""
    outputs = output and f"<loopDataOutputRef>{output}</loopDataOutputRef>"
    results = result and f'<outputDataItem id="{result}" name="{result}"/>'
    given = f'<loopDataInputRef>{items}</loopDataInputRef>{outputs}<inputDataItem id="{item}" name="{item}"/>{results}'
    return _multi_instance(given, until, sequential, {})


def _multi_instance(given: str, until: str, sequential: bool, attributes: Mapping[str, str]) -> str:
    written = "".join(f' {name}="{value}"' for name, value in attributes.items())
    ends = until and f"<completionCondition>{escape(until)}</completionCondition>"
    tag = "multiInstanceLoopCharacteristics"
    return f'<{tag} isSequential="{str(sequential).lower()}"{written}>{given}{ends}</{tag}>'


# Gateways


def gateway(kind: str, *ids: str, inner: str = "", default: str = "", **attributes: str) -> str:
    """`default` is a flow, and so one of the gateway that it leaves."""
    given = {id: {**attributes, **({"default": default} if default.startswith(f"{id}-") else {})} for id in ids}
    return "".join(_tag(f"{kind}Gateway", id, inner, **given[id]) for id in ids)


def xor(*ids: str, default: str = "") -> str:
    return gateway("exclusive", *ids, default=default)


def par(*ids: str) -> str:
    return gateway("parallel", *ids)


def inc(*ids: str, default: str = "") -> str:
    return gateway("inclusive", *ids, default=default)


def by_event(*ids: str, **attributes: str) -> str:
    return gateway("eventBased", *ids, **attributes)


# Events


def start(id: str = "s", *definitions: str, **attributes: str) -> str:
    return _tag("startEvent", id, "".join(definitions), **attributes)


def end(id: str = "e", *definitions: str) -> str:
    return _tag("endEvent", id, "".join(definitions))


def catch(id: str, *definitions: str, **attributes: str) -> str:
    return _tag("intermediateCatchEvent", id, "".join(definitions), **attributes)


def throw(id: str, *definitions: str) -> str:
    return _tag("intermediateThrowEvent", id, "".join(definitions))


def boundary(id: str, on: str, *definitions: str, interrupting: bool = True, **attributes: str) -> str:
    cancels = str(interrupting).lower()
    return _tag("boundaryEvent", id, "".join(definitions), attachedToRef=on, cancelActivity=cancels, **attributes)


def compensated(id: str, by: str, text: str = "") -> tuple[str, str]:
    """A boundary event and a handler for activity `id`, and the association between them, which goes last."""
    drawn = boundary(f"b_{id}", id, COMPENSATE) + script(by, text or f'log("{by}")', isForCompensation="true")
    return drawn, f'<association id="a_{id}" associationDirection="One" sourceRef="b_{id}" targetRef="{by}"/>'


def message(name: str = "m") -> str:
    return f'<messageEventDefinition messageRef="msg_{name}"/>'


def signal(name: str = "g") -> str:
    return f'<signalEventDefinition signalRef="sig_{name}"/>'


def error(name: str = "") -> str:
    return f'<errorEventDefinition errorRef="err_{name}"/>' if name else "<errorEventDefinition/>"


def escalation(name: str = "") -> str:
    return f'<escalationEventDefinition escalationRef="esc_{name}"/>' if name else "<escalationEventDefinition/>"


def after(duration: str) -> str:
    return f"<timerEventDefinition><timeDuration>{duration}</timeDuration></timerEventDefinition>"


def at(date: str) -> str:
    return f"<timerEventDefinition><timeDate>{date}</timeDate></timerEventDefinition>"


def every(cycle: str) -> str:
    return f"<timerEventDefinition><timeCycle>{cycle}</timeCycle></timerEventDefinition>"


def condition(text: str) -> str:
    return f"<conditionalEventDefinition><condition>{escape(text)}</condition></conditionalEventDefinition>"


def compensate(activity: str) -> str:
    return f'<compensateEventDefinition activityRef="{activity}"/>'


def link(name: str) -> str:
    return f'<linkEventDefinition name="{name}"/>'


COMPENSATE = "<compensateEventDefinition/>"
CANCEL = "<cancelEventDefinition/>"
TERMINATE = "<terminateEventDefinition/>"
