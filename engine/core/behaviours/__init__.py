"""What each kind of BPMN element does, found by kind in one table.

A new kind of element is a class beside these and a line here (and one in `engine.core.reading` that reads it).
"""

from __future__ import annotations

from collections.abc import Mapping

from engine.core.behaviours import activities, compensating, events, gateways, multi_instance, scopes
from engine.core.behaviours.behaviour import Behaviour
from engine.core.model import Element, MultiInstance, StandardLoop
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
    "transaction": scopes.Transaction(),
    "adHocSubProcess": scopes.AdHocSubProcess(),
    "process": scopes.Process(),
    # Gateways
    "exclusiveGateway": gateways.ExclusiveGateway(),
    "parallelGateway": gateways.ParallelGateway(),
    "inclusiveGateway": gateways.InclusiveGateway(),
    "complexGateway": gateways.ComplexGateway(),
    "eventBasedGateway": gateways.EventBasedGateway(),
    # Events
    "startEvent": events.StartEvent(),
    "boundaryEvent": events.BoundaryEvent(),
    "intermediateCatchEvent": events.CatchEvent(),
    "intermediateThrowEvent": events.ThrowEvent(),
    "endEvent": events.ThrowEvent(),
}

BODIES: Mapping[type, Behaviour] = {
    MultiInstance: multi_instance.MultiInstanceBody(),
    StandardLoop: multi_instance.StandardLoopBody(),
}
_COMPENSATING = compensating.Compensating()


def behaviour_of(element: Element, token: Token) -> Behaviour:
    """That of the element's kind, or of the body around its instances, or of whatever undoes something."""
    if token.compensating is not None:
        return _COMPENSATING
    if element.loop is not None and token.index is None:
        return BODIES[type(element.loop)]
    return BEHAVIOURS[element.kind]
