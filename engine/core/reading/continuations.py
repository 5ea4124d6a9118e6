"""Asynchronous continuations: attributes of Camunda 7 and Operaton that say where a token stops."""

from __future__ import annotations

from engine.core.model import Continuation
from engine.core.reading.attributes import flag
from engine.core.reading.reader import Reader
from engine.core.reading.xml import BPMN, Node, child, extensions, text, vendor


def continuation(reader: Reader, node: Node) -> Continuation | None:
    """Where tokens stop at a flow node, or at each instance of a multi-instance activity; None where they do not."""
    # What Camunda called `async` at first is asyncBefore.
    before = vendor(node, "asyncBefore") == "true" or vendor(node, "async") == "true"
    after = vendor(node, "asyncAfter") == "true"
    priority = reader.template(node, _priority(node))
    if not before and not after:
        return None
    if before and flag(node, "instantiate"):
        _refuse_at_gateway(reader, node)
    if after:
        _refuse_after(reader, node)
    return Continuation(before, after, priority, retry_cycle(node))


def _priority(node: Node) -> str | None:
    own = vendor(node, "jobPriority")
    if own is not None:
        return own
    process = next(node.iterancestors(f"{{{BPMN}}}process"), None)
    return None if process is None else vendor(process, "jobPriority")


def _refuse_at_gateway(reader: Reader, node: Node) -> None:
    if node.tag == f"{{{BPMN}}}eventBasedGateway":
        wrong = "A gateway that begins a process is passed when its event has come, so there is no before."
        reader.problem(node, wrong, "Say asyncBefore at the events behind it.")


def _refuse_after(reader: Reader, node: Node) -> None:
    """A token that goes on elsewhere never comes to be after its element."""
    if node.tag == f"{{{BPMN}}}eventBasedGateway":
        reader.problem(node, "The event that comes takes over from its gateway.", "Say asyncBefore at the events.")
    elif node.tag == f"{{{BPMN}}}intermediateThrowEvent" and child(node, "linkEventDefinition") is not None:
        reader.problem(node, "The token goes on at the other end of the link.", "Say asyncBefore there.")


def retry_cycle(node: Node) -> str | None:
    """How often and when a job is tried again, as the diagram writes it."""
    cycles = extensions(node, "failedJobRetryTimeCycle")
    return text(cycles[0]) if cycles else None
