"""Plans for migration: which element of another version takes the place of which. Proposed and checked by the two
models alone; whatever an instance has at an element is looked at in `engine.core.migration`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from engine.core.model import (
    CompensateDefinition,
    ConditionDefinition,
    Element,
    EventDefinition,
    Flow,
    MessageDefinition,
    MultiInstance,
    ProcessModel,
    SignalDefinition,
    TimerDefinition,
)

Mapped = Mapping[str, str]
"""Ids of the target's elements, by those of the source's."""

_SCOPES = frozenset({"process", "subProcess", "transaction", "adHocSubProcess", "callActivity"})


def propose(source: ProcessModel, target: ProcessModel) -> dict[str, str]:
    """Each element of the source with that of the target which certainly takes its place: of the same id, kind and
    place; else the only one there of the same kind and name.
    """
    mapped = {source.key: target.key}
    for element in _from_outside_in(source):
        if element.id in target.elements and not list(wrong(source, target, mapped, element.id, element.id)):
            mapped[element.id] = element.id
            continue
        found = _of_the_same_name(source, target, mapped, element)
        if found is not None:
            mapped[element.id] = found
    return {name: taken for name, taken in mapped.items() if name != source.key}


def _from_outside_in(model: ProcessModel) -> list[Element]:
    """Scopes before what is in them, activities before the events at their boundary."""
    elements = [element for element in model.elements.values() if element.id != model.key]
    return sorted(elements, key=lambda element: (_depth(model, element), element.attached_to is not None))


def _depth(model: ProcessModel, element: Element) -> int:
    depth = 0
    while element.scope in model.elements:
        depth, element = depth + 1, model.elements[element.scope]
    return depth


def _of_the_same_name(source: ProcessModel, target: ProcessModel, mapped: Mapped, element: Element) -> str | None:
    like = [
        other.id
        for other in target.elements.values()
        if element.name
        and other.name == element.name
        and other.id not in source.elements
        and other.id not in mapped.values()
        and not list(wrong(source, target, mapped, element.id, other.id))
    ]
    twins = [each for each in source.elements.values() if (each.kind, each.name) == (element.kind, element.name)]
    return like[0] if len(like) == 1 == len(twins) else None


def problems(source: ProcessModel, target: ProcessModel, elements: Mapped, renewed: Sequence[str]) -> list[str]:
    """What is wrong with a plan, whatever instance it is for."""
    mapped = {**elements, source.key: target.key}
    found = [each for name, taken in elements.items() for each in wrong(source, target, mapped, name, taken)]
    for taken, count in Counter(elements.values()).items():
        if count > 1 and taken in target.elements and not _may_be_shared(target.elements[taken]):
            found.append(f"Expected one element to become '{taken}', but there are {count}.")
    found.extend(
        f"Expected '{name}' to have a counterpart, as it is to be set up anew, but it has none."
        for name in renewed
        if name not in elements
    )
    return found


def _may_be_shared(element: Element) -> bool:
    """Two tasks may become one; what holds or counts tokens is told apart."""
    return not (element.kind in _SCOPES or element.attached_to or element.kind.endswith("Gateway") or element.loop)


def wrong(source: ProcessModel, target: ProcessModel, mapped: Mapped, name: str, taken: str) -> Iterator[str]:
    """Why an element of the target cannot take the place of one of the source; the first reason only."""
    before, after = source.elements.get(name), target.elements.get(taken)
    if before is None:
        yield f"Expected '{name}' to be in the old version, but it is not."
    elif after is None:
        yield f"Expected '{taken}' to be in the new version, but it is not."
    else:
        for was, becomes in _compared(before, after, mapped):
            if was != becomes:
                yield f"Expected '{taken}' to be what '{name}' is, {was}, but it is {becomes}."
                return


def _compared(before: Element, after: Element, mapped: Mapped) -> Iterator[tuple[str, str]]:
    yield before.kind, after.kind
    yield _loop(before), _loop(after)
    yield _work(before), _work(after)
    yield _events(before), _events(after)
    yield f"in '{mapped.get(before.scope, before.scope)}'", f"in '{after.scope}'"
    yield _attached(mapped.get(before.attached_to or "", before.attached_to)), _attached(after.attached_to)
    yield _purpose(before), _purpose(after)


def _loop(element: Element) -> str:
    if isinstance(element.loop, MultiInstance):
        return "many in turn" if element.loop.sequential else "many at once"
    return "done once" if element.loop is None else "a loop"


def _work(element: Element) -> str:
    return type(element.spec).__name__.removesuffix("Spec").removesuffix("Definition") if element.spec else "no work"


def _events(element: Element) -> str:
    kinds = [type(each).__name__.removesuffix("Definition").lower() for each in element.events]
    return f"an event of {', '.join(kinds)}" if kinds else "no event"


def _attached(host: str | None) -> str:
    return f"at the boundary of '{host}'" if host else "at no boundary"


def _purpose(element: Element) -> str:
    if element.triggered_by_event:
        return "an event sub-process"
    return "for compensation" if element.for_compensation else "in the flow"


def flow_for(source: ProcessModel, target: ProcessModel, mapped: Mapped, flow_id: str) -> str | None:
    """The flow of the target by which a token that came by this one has come; None where nothing says which."""
    flow = source.flows.get(flow_id)
    joined = None if flow is None else mapped.get(flow.target)
    if flow is None or joined is None:
        return None
    same: Flow | None = target.flows.get(flow_id)
    if same is not None and same.target == joined:
        return same.id
    from_there = mapped.get(flow.source)
    like = [each.id for each in target.elements[joined].incoming if each.source == from_there]
    return like[0] if len(like) == 1 else None


def waits_alike(before: Sequence[EventDefinition], after: Sequence[EventDefinition]) -> bool:
    """Whether whoever waits for `before` waits for `after` as well. A timer keeps its due time, whatever it is now."""
    return len(before) == len(after) and all(map(_alike, before, after))


def _alike(before: EventDefinition, after: EventDefinition) -> bool:
    if type(before) is not type(after):
        return False
    if isinstance(before, MessageDefinition) and isinstance(after, MessageDefinition):
        return _said(before) == _said(after)
    if isinstance(before, SignalDefinition) and isinstance(after, SignalDefinition):
        return before.name.text == after.name.text
    if isinstance(before, ConditionDefinition) and isinstance(after, ConditionDefinition):
        return before.condition.text == after.condition.text
    return True


def _said(definition: MessageDefinition) -> tuple[object, ...]:
    """All that says which messages are taken."""
    keys = [
        (key.name, each.name, each.path.text, each.binding and each.binding.text)
        for key in definition.correlation
        for each in key.properties
    ]
    return definition.name.text, definition.key and definition.key.text, tuple(keys)


def undoes(model: ProcessModel, element: Element) -> bool:
    """Whether completing an element leaves something of its own to undo it by."""
    starts = [model.elements[model.elements[each].start_event or ""] for each in element.event_subprocesses]
    has_subprocess = any(isinstance(each, CompensateDefinition) for start in starts for each in start.events)
    return element.compensation_handler is not None or has_subprocess


def is_timed(element: Element) -> bool:
    return any(isinstance(each, TimerDefinition) for each in element.triggers)
