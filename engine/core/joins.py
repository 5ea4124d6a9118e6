"""Tokens that wait for others in a scope: what an inclusive or complex gateway has to know before it goes on.

Looked at when nothing else in the instance can move. What can still come to a gateway is found along the flows, from
where tokens are (BPMN 2.0, 13.4.3).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from engine.core import facts
from engine.core.execution import Execution
from engine.core.expressions import ExpressionError
from engine.core.model import ComplexGatewaySpec, Element, Flow, LinkDefinition
from engine.core.state import Token


def settle(run: Execution) -> None:
    """Let every gateway go on that no more tokens can come to; where tokens wait for ever, say so by an incident."""
    # In the order of their ids: a state that was loaded no longer knows who came first.
    for scope_id in sorted(run.state.joining):
        scope = run.state.tokens[scope_id]
        if scope.incident is not None and scope.incident.phase == "join":
            continue
        elements = run.model(scope).elements
        gateways = [elements[name] for name in {**scope.arrived, **scope.activated}]
        if not any(_goes_on(run, scope, gateway) for gateway in gateways) and not scope.children:
            run.raise_beside(scope, "join", _stuck(scope))


def _goes_on(run: Execution, scope: Token, gateway: Element) -> bool:
    if gateway.kind == "inclusiveGateway":
        return _inclusive(run, scope, gateway)
    if gateway.kind != "complexGateway":
        return False
    return _reset(run, scope, gateway) if gateway.id in scope.activated else activate(run, scope, gateway)


def _inclusive(run: Execution, scope: Token, gateway: Element) -> bool:
    arrived = scope.arrived.get(gateway.id, {})
    if not arrived or may_come(run, scope, gateway, arrived):
        return False
    run.emit(facts.TokensJoined(scope.id, gateway.id))
    run.activate(gateway, scope.id)
    return True


def activate(run: Execution, scope: Token, gateway: Element) -> bool:
    """Activate a complex gateway where its condition holds for the tokens that are there (13.4.5)."""
    arrived = scope.arrived.get(gateway.id, {})
    try:
        if not arrived or not _is_enough(run, scope, gateway, arrived):
            return False
    except ExpressionError as error:
        run.raise_beside(scope, "join", error)
        return True
    run.emit(facts.ComplexGatewayActivated(scope.id, gateway.id, tuple(arrived)))
    _leave(run, scope, gateway, is_start=True)
    return True


def _is_enough(run: Execution, scope: Token, gateway: Element, arrived: Mapping[str, int]) -> bool:
    assert isinstance(gateway.spec, ComplexGatewaySpec)
    if gateway.spec.activation is None:
        return len(arrived) == len(gateway.incoming)
    seen = {**run.visible(scope), "activationCount": sum(arrived.values())}
    return bool(run.evaluate_with(gateway.spec.activation, seen))


def _reset(run: Execution, scope: Token, gateway: Element) -> bool:
    used = scope.activated[gateway.id]
    arrived = [flow for flow in scope.arrived.get(gateway.id, {}) if flow not in used]
    if may_come(run, scope, gateway, [*used, *arrived]):
        return False
    run.emit(facts.ComplexGatewayReset(scope.id, gateway.id, tuple(arrived)))
    if any(flow.condition is not None for flow in gateway.outgoing):
        _leave(run, scope, gateway, is_start=False)
    else:
        run.leave_scope(scope.id)
        if not run.queue:
            # Another gateway may have waited for what this one could still send: look once more.
            run.resume(scope, "complete")
    return True


def _leave(run: Execution, scope: Token, gateway: Element, *, is_start: bool) -> None:
    token = run.activate(gateway, scope.id)
    run.set_local(token, "waitingForStart", is_start)


def may_come(run: Execution, scope: Token, gateway: Element, present: Iterable[str]) -> bool:
    """Whether a token can still come to `gateway` by a flow that has none, as the standard reckons: from where it is
    it can get to such a flow, and to none of those at which tokens wait already.
    """
    elements = run.model(scope).elements
    here = frozenset(present)
    absent = [flow for flow in gateway.incoming if flow.id not in here]
    if not absent:
        return False
    standing = {run.state.tokens[child].element_id for child in scope.children}
    standing.update(name for name in (*scope.arrived, *scope.activated))
    standing.discard(gateway.id)
    ahead = sources(elements, absent, gateway) & standing
    return bool(ahead) and not ahead <= sources(elements, [f for f in gateway.incoming if f.id in here], gateway)


def sources(elements: Mapping[str, Element], flows: Sequence[Flow], gateway: Element) -> set[str]:
    """The elements from which a token can get to one of `flows` without passing through `gateway`."""
    found: set[str] = set()
    before = [flow.source for flow in flows]
    while before:
        name = before.pop()
        if name in found or name == gateway.id:
            continue
        found.add(name)
        element = elements[name]
        before.extend(flow.source for flow in element.incoming)
        if element.attached_to is not None:
            before.append(element.attached_to)
        if element.kind == "intermediateCatchEvent":
            links = (definition for definition in element.events if isinstance(definition, LinkDefinition))
            before.extend(source for link in links for source in link.peers)
    return found


def collect(run: Execution, scope_id: int, element: Element, flow: Flow) -> None:
    """Start an activity once its start quantity of tokens is there (10.3)."""
    run.emit(facts.TokenArrived(scope_id, element.id, flow.id))
    waiting = run.state.tokens[scope_id].arrived[element.id]
    if sum(waiting.values()) >= element.start_quantity:
        each = [name for name, count in waiting.items() for _ in range(count)]
        run.emit(facts.TokensJoined(scope_id, element.id, tuple(each[: element.start_quantity])))
        run.activate(element, scope_id)


def _stuck(scope: Token) -> str:
    came = {name: ", ".join(f"'{flow}'" for flow in flows) for name, flows in scope.arrived.items()}
    found = "; ".join(f"the join '{name}' has tokens from {flows} only" for name, flows in came.items())
    return f"Expected every join to get its tokens, but {found}, and nothing is left that could send the rest."
