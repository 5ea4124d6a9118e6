"""What each kind of BPMN element does, found by kind in one table.

A new kind of element is a class beside these and a line here (and one in `engine.core.reading` that reads it).
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.behaviours import activities, events, gateways, multi_instance, scopes
from engine.core.behaviours.behaviour import Behaviour
from engine.core.model import Element
from engine.core.state import Token

BEHAVIOURS: Mapping[str, Behaviour] = {
    # Activities
    "task": activities.PassThroughTask(),
    "manualTask": activities.PassThroughTask(),
    "userTask": activities.UserTask(),
    "serviceTask": activities.JobTask(),
    "sendTask": activities.SendTask(),
    "receiveTask": events.ReceiveTask(),
    "scriptTask": activities.ScriptTask(),
    "businessRuleTask": activities.BusinessRuleTask(),
    "callActivity": scopes.CallActivity(),
    "subProcess": scopes.SubProcess(),
    "process": scopes.Process(),
    # Gateways
    "exclusiveGateway": gateways.ExclusiveGateway(),
    "parallelGateway": gateways.ParallelGateway(),
    "eventBasedGateway": gateways.EventBasedGateway(),
    # Events
    "startEvent": events.StartEvent(),
    "boundaryEvent": events.BoundaryEvent(),
    "intermediateCatchEvent": events.CatchEvent(),
    "intermediateThrowEvent": events.ThrowEvent(),
    "endEvent": events.ThrowEvent(),
}

_BODY = multi_instance.MultiInstanceBody()


def behaviour_of(element: Element, token: Token) -> Behaviour:
    """That of the element's kind, or of the body around its items."""
    if element.multi_instance is not None and token.index is None:
        return _BODY
    return BEHAVIOURS[element.kind]
