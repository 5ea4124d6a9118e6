"""Events as they are read: their definitions, where these may stand, links, and what undoes what (BPMN 2.0, 10.5)."""

from __future__ import annotations

import pytest

from engine.core import compile
from engine.core.model import (
    CompensateDefinition,
    Element,
    EscalationDefinition,
    LinkDefinition,
    MessageDefinition,
    SignalDefinition,
    TimerDefinition,
)
from engine.errors import InvalidDefinition, Problem
from tests.engine.core.case import END, START, diagram, flows, process

DEFINITIONS = {
    "message": '<messageEventDefinition messageRef="msg_m"/>',
    "timer": "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>",
    "condition": "<conditionalEventDefinition><condition>v</condition></conditionalEventDefinition>",
    "signal": '<signalEventDefinition signalRef="sig_g"/>',
    "error": '<errorEventDefinition errorRef="err_x"/>',
    "escalation": '<escalationEventDefinition escalationRef="esc_c"/>',
    "cancel": "<cancelEventDefinition/>",
    "compensation": "<compensateEventDefinition/>",
    "link": '<linkEventDefinition name="L"/>',
    "terminate": "<terminateEventDefinition/>",
}
ALLOWED = {
    "start": {"message", "timer", "condition", "signal"},
    "start of an event sub-process": {
        "message",
        "timer",
        "condition",
        "signal",
        "error",
        "escalation",
        "compensation",
    },
    "start of a sub-process": set(),
    "intermediate catch": {"message", "timer", "condition", "signal", "link"},
    "boundary": {"message", "timer", "condition", "signal", "error", "escalation", "cancel", "compensation"},
    "intermediate throw": {"message", "signal", "escalation", "compensation", "link"},
    "end": {"message", "signal", "escalation", "compensation", "error", "cancel", "terminate"},
}
"""BPMN 2.0, table 10.93."""


def at(place: str, kind: str) -> bytes:
    """A process with an event definition of that kind in that place, and all that belongs to it."""
    definition = DEFINITIONS[kind]
    other_end = "intermediateCatchEvent" if place == "intermediate throw" else "intermediateThrowEvent"
    beside = f'<{other_end} id="other">{definition}</{other_end}>' if kind == "link" else ""
    if place == "start":
        return diagram(process(f'<startEvent id="x">{definition}</startEvent>' + END, "x e"))
    if place.startswith("start of"):
        triggered = str(place == "start of an event sub-process").lower()
        inner = f'<startEvent id="x">{definition}</startEvent><endEvent id="y"/>{flows("x y")}'
        sub = f'<subProcess id="sub" triggeredByEvent="{triggered}">{inner}</subProcess>'
        return diagram(process(START + sub + END, *(["s e"] if triggered == "true" else ["s sub e"])))
    if place == "boundary":
        inner = "<userTask id='u'/>"
        event = f'<boundaryEvent id="x" attachedToRef="tx">{definition}</boundaryEvent>'
        undo = '<userTask id="undo" isForCompensation="true"/>' if kind == "compensation" else ""
        line = '<association id="as" sourceRef="x" targetRef="undo"/>' if kind == "compensation" else ""
        body = f'{START}<transaction id="tx">{inner}</transaction>{event}{undo}{END}{line}'
        return diagram(process(body, "s tx e", *([] if kind == "compensation" else ["x e"])))
    if place == "end":
        inner = f'<startEvent id="s2"/><endEvent id="x">{definition}</endEvent>{flows("s2 x")}'
        return diagram(process(f'{START}<transaction id="tx">{inner}</transaction>{END}', "s tx e"))
    event = f'<{_kind(place)} id="x">{definition}</{_kind(place)}>'
    if kind == "link" and place == "intermediate catch":
        return diagram(process(START + beside + event + END, "s other", "x e"))
    if kind == "link":
        return diagram(process(START + event + beside + END, "s x", "other e"))
    return diagram(process(START + event + END, "s x e"))


def _kind(place: str) -> str:
    return "intermediateCatchEvent" if place == "intermediate catch" else "intermediateThrowEvent"


@pytest.mark.parametrize("place", ALLOWED)
@pytest.mark.parametrize("kind", DEFINITIONS)
def test_a_definition_stands_where_the_standard_allows_it_and_nowhere_else(place: str, kind: str) -> None:
    if kind in ALLOWED[place]:
        assert len(element(at(place, kind), "x").events) == 1
    else:
        found = problems(at(place, kind))
        assert any(problem.element_id == "x" and problem.right for problem in found), found


def element(xml: bytes, name: str) -> Element:
    return next(model.elements[name] for model in compile(xml) if name in model.elements)


def problems(xml: bytes) -> tuple[Problem, ...]:
    with pytest.raises(InvalidDefinition) as caught:
        compile(xml)
    return caught.value.problems


def wrong(xml: bytes) -> str:
    (problem,) = problems(xml)
    assert problem.right
    return problem.wrong


def catch(name: str, *kinds: str, attributes: str = "") -> str:
    inner = "".join(DEFINITIONS[kind] for kind in kinds)
    return f'<intermediateCatchEvent id="{name}" {attributes}>{inner}</intermediateCatchEvent>'


def throw(name: str, inner: str) -> str:
    return f'<intermediateThrowEvent id="{name}">{inner}</intermediateThrowEvent>'


def line(body: str, *paths: str) -> bytes:
    return diagram(process(START + body + END, *paths))


class TestDefinitions:
    def test_all_of_them_are_kept_in_their_order(self) -> None:
        event = element(line(catch("x", "timer", "message", "signal"), "s x e"), "x")
        assert [type(each) for each in event.events] == [TimerDefinition, MessageDefinition, SignalDefinition]
        assert not event.parallel_multiple

    def test_one_that_is_shared_is_found_by_reference(self) -> None:
        shared = '<signalEventDefinition id="sd" signalRef="sig_g"/>'
        inner = '<intermediateCatchEvent id="x"><eventDefinitionRef>sd</eventDefinitionRef></intermediateCatchEvent>'
        (event,) = element(diagram(shared, process(START + inner + END, "s x e")), "x").events
        assert isinstance(event, SignalDefinition)
        assert "names no event definition" in wrong(line(inner, "s x e"))

    def test_a_parallel_multiple_event_waits_only_for_what_comes_by_itself(self) -> None:
        host = '<userTask id="u"/><boundaryEvent id="x" attachedToRef="u" parallelMultiple="true">{}</boundaryEvent>'
        good = host.format(DEFINITIONS["signal"] + DEFINITIONS["timer"])
        assert element(line(good, "s u e", "x e"), "x").parallel_multiple
        bad = host.format(DEFINITIONS["signal"] + DEFINITIONS["error"])
        assert "waits for all it has, and an error among it" in wrong(line(bad, "s u e", "x e"))

    def test_a_link_is_alone(self) -> None:
        found = problems(
            line(throw("t", DEFINITIONS["link"] + DEFINITIONS["signal"]) + catch("k", "link"), "s t", "k e")
        )
        assert "link beside other event definitions" in found[0].wrong

    def test_what_throws_an_error_or_an_escalation_says_which(self) -> None:
        found = wrong(line(throw("x", "<escalationEventDefinition/>"), "s x e"))
        assert "throws no escalation" in found

    def test_what_catches_escalations_without_a_reference_catches_all(self) -> None:
        host = '<userTask id="u"/><boundaryEvent id="x" attachedToRef="u"><escalationEventDefinition/></boundaryEvent>'
        assert element(line(host, "s u e", "x e"), "x").events == (EscalationDefinition(None),)

    def test_errors_and_cancellation_always_interrupt(self) -> None:
        host = '<transaction id="u"><userTask id="v"/></transaction>'
        for kind in ("error", "cancel"):
            event = (
                f'<boundaryEvent id="x" attachedToRef="u" cancelActivity="false">{DEFINITIONS[kind]}</boundaryEvent>'
            )
            assert "event always interrupts" in wrong(line(host + event, "s u e", "x e"))

    def test_a_transaction_alone_is_cancelled(self) -> None:
        host = f'<userTask id="u"/><boundaryEvent id="x" attachedToRef="u">{DEFINITIONS["cancel"]}</boundaryEvent>'
        assert "'u' is none" in wrong(line(host, "s u e", "x e"))
        end = f'<endEvent id="x">{DEFINITIONS["cancel"]}</endEvent>'
        assert "is in none" in wrong(diagram(process(START + end, "s x")))

    def test_a_transaction_is_cancelled_from_a_sub_process_in_it(self) -> None:
        inner = f'<subProcess id="sub"><startEvent id="i"/><endEvent id="x">{DEFINITIONS["cancel"]}</endEvent>'
        body = f'<transaction id="tx">{inner}{flows("i x")}</subProcess></transaction>'
        assert element(line(body, "s tx e"), "x").events

    @pytest.mark.parametrize(
        ("definition", "found"),
        [
            ('<signalEventDefinition signalRef="none"/>', "there is no 'none'"),
            ("<signalEventDefinition/>", "names no signal"),
            ('<escalationEventDefinition escalationRef="bare"/>', "has no code"),
            ('<messageEventDefinition messageRef="mute"/>', "has no name"),
            ("<conditionalEventDefinition><condition>a +</condition></conditionalEventDefinition>", "Expected"),
        ],
    )
    def test_one_that_is_wrong_is_one_problem(self, definition: str, found: str) -> None:
        others = '<escalation id="bare" name="b"/><message id="mute"/>'
        host = f'<userTask id="u"/><boundaryEvent id="x" attachedToRef="u">{definition}</boundaryEvent>'
        (problem,) = problems(diagram(others, process(START + host + END, "s u e", "x e")))
        assert found in problem.wrong


class TestOperations:
    INTERFACE = (
        '<interface id="int" name="shop"><operation id="op" name="order"><inMessageRef>msg_m</inMessageRef>'
        "<outMessageRef>msg_k</outMessageRef></operation></interface>"
    )

    def message(self, body: str, name: str, before: str = "") -> str:
        xml = diagram(self.INTERFACE, process(before + START + body + END, f"s {name} e"))
        found = element(xml, name).triggers[0]
        assert isinstance(found, MessageDefinition)
        return str(found.name.evaluate({}))

    def test_what_waits_by_an_operation_takes_what_it_is_asked(self) -> None:
        assert self.message('<receiveTask id="x" operationRef="op"/>', "x") == "m"

    def test_what_throws_by_an_operation_asks_by_it(self) -> None:
        definition = "<messageEventDefinition><operationRef>op</operationRef></messageEventDefinition>"
        assert self.message(throw("x", definition), "x") == "m"

    def test_what_throws_in_a_process_that_is_called_by_the_operation_answers(self) -> None:
        definition = "<messageEventDefinition><operationRef>op</operationRef></messageEventDefinition>"
        supported = "<supportedInterfaceRef>int</supportedInterfaceRef>"
        assert self.message(throw("x", definition), "x", before=supported) == "k"

    def test_a_message_of_its_own_is_one_of_the_operation(self) -> None:
        assert self.message('<receiveTask id="x" operationRef="op" messageRef="msg_k"/>', "x") == "k"
        task = '<receiveTask id="x" operationRef="op" messageRef="other"/>'
        xml = diagram(self.INTERFACE, '<message id="other" name="o"/>', process(START + task + END, "s x e"))
        assert "'order' has no message 'other'" in wrong(xml)


class TestLinks:
    def test_the_two_ends_know_each_other(self) -> None:
        xml = line(
            throw("t", DEFINITIONS["link"]) + throw("t2", DEFINITIONS["link"]) + catch("k", "link"), "s t", "k e"
        )
        found = problems(xml)
        assert [problem.element_id for problem in found] == ["t2"], "nothing leads to the second"
        xml = line(throw("t", DEFINITIONS["link"]) + catch("k", "link"), "s t", "k e")
        assert element(xml, "t").events == (LinkDefinition("L", ("k",)),)
        assert element(xml, "k").events == (LinkDefinition("L", ("t",)),)

    def test_a_link_has_one_target(self) -> None:
        nowhere = problems(line(throw("t", DEFINITIONS["link"]), "s t"))
        assert "0 targets of the link 'L'" in next(each.wrong for each in nowhere if each.element_id == "t")
        twice = line(throw("t", DEFINITIONS["link"]) + catch("k", "link") + catch("k2", "link"), "s t", "k e", "k2 e")
        assert "2 targets" in wrong(twice)
        unreached = problems(line(catch("k", "link"), "s e", "k e"))
        assert "No link 'L' leads to it" in unreached[0].wrong

    def test_a_link_does_not_leave_its_scope(self) -> None:
        sub = f'<subProcess id="sub"><userTask id="u"/>{throw("t", DEFINITIONS["link"])}{flows("u t")}</subProcess>'
        found = problems(line(sub + catch("k", "link"), "s sub e", "k e"))
        assert {problem.element_id for problem in found} == {"t", "k"}

    def test_flows_do_not_go_where_links_go(self) -> None:
        body = throw("t", DEFINITIONS["link"]) + catch("k", "link")
        found = {problem.wrong for problem in problems(line(body, "s t k e"))}
        assert any("goes on at its link" in each for each in found)
        assert any("entered by its link alone" in each for each in found)


class TestCompensation:
    UNDONE = f'<userTask id="a"/><boundaryEvent id="b" attachedToRef="a">{DEFINITIONS["compensation"]}</boundaryEvent>'
    HANDLER = '<userTask id="undo" isForCompensation="true"/>'

    def association(self, source: str, target: str, direction: str = "One") -> str:
        return f'<association id="as" sourceRef="{source}" targetRef="{target}" associationDirection="{direction}"/>'

    @pytest.mark.parametrize("direction", ["None", "One", "Both"])
    def test_an_activity_knows_what_undoes_it(self, direction: str) -> None:
        xml = line(self.UNDONE + self.HANDLER + self.association("b", "undo", direction), "s a e")
        assert element(xml, "a").compensation_handler == "undo"
        assert element(xml, "a").is_compensable
        assert element(xml, "undo").for_compensation
        assert not element(xml, "undo").is_compensable

    def test_an_event_without_its_activity_is_a_problem_and_so_is_an_activity_without_its_event(self) -> None:
        found = {problem.element_id: problem.wrong for problem in problems(line(self.UNDONE + self.HANDLER, "s a e"))}
        assert "0 associations" in found["b"]
        assert "No compensation event" in found["undo"]

    def test_the_association_leads_to_a_compensation_activity(self) -> None:
        body = self.UNDONE + '<userTask id="undo"/>' + self.association("b", "undo")
        assert "no compensation activity beside it" in wrong(line(body, "s a undo e"))

    def test_no_flow_and_no_event_is_at_what_compensates(self) -> None:
        extra = f'<boundaryEvent id="b2" attachedToRef="undo">{DEFINITIONS["signal"]}</boundaryEvent>'
        body = self.UNDONE + self.HANDLER + extra + self.association("b", "undo")
        found = [problem.wrong for problem in problems(line(body, "s a undo e", "b e", "b2 e"))]
        assert "A flow leads to it, but it is entered by compensation alone." in found
        assert "A flow leads out of it, but it ends when it has compensated." in found
        assert "A flow leads out of it, but it only shows what compensates." in found
        assert "It compensates, and has boundary events." in found

    def test_a_sub_process_can_be_undone_if_something_in_it_can(self) -> None:
        inner = f"{self.UNDONE}{self.HANDLER}{self.association('b', 'undo')}"
        xml = line(
            f'<subProcess id="sub">{inner}</subProcess><subProcess id="other"><task id="t"/></subProcess>',
            "s sub other e",
        )
        assert element(xml, "sub").is_compensable
        assert element(xml, "P").is_compensable is False
        assert not element(xml, "other").is_compensable

    def test_a_sub_process_can_be_undone_by_an_event_sub_process_in_it(self) -> None:
        start = f'<startEvent id="i">{DEFINITIONS["compensation"]}</startEvent><endEvent id="o"/>{flows("i o")}'
        sub = f'<subProcess id="sub"><task id="t"/><subProcess id="es" triggeredByEvent="true">{start}</subProcess></subProcess>'
        xml = line(sub, "s sub e")
        assert element(xml, "sub").is_compensable
        assert element(xml, "es").start_event == "i"

    def test_a_called_process_may_always_be_undone(self) -> None:
        assert element(line('<callActivity id="c" calledElement="Q"/>', "s c e"), "c").is_compensable

    def test_an_event_names_an_activity_beside_it_or_around_its_event_sub_process(self) -> None:
        definition = '<compensateEventDefinition activityRef="a" waitForCompletion="false"/>'
        activities = self.UNDONE + self.HANDLER
        there = activities + throw("t", definition) + self.association("b", "undo")
        assert element(line(there, "s a t e"), "t").events == (CompensateDefinition("a", waits=False),)
        start = f'<startEvent id="i">{DEFINITIONS["error"]}</startEvent>{throw("t", definition)}{flows("i t")}'
        handler = f'<subProcess id="es" triggeredByEvent="true">{start}</subProcess>'
        assert element(line(activities + handler + self.association("b", "undo"), "s a e"), "t").events
        hidden = f'<subProcess id="sub"><userTask id="u"/>{throw("t", definition)}{flows("u t")}</subProcess>'
        found = wrong(line(activities + hidden + self.association("b", "undo"), "s a sub e"))
        assert "compensates 'a', which is no activity beside it" in found


def test_an_event_sub_process_has_one_start_event_with_a_trigger() -> None:
    two = (
        f'<startEvent id="i">{DEFINITIONS["error"]}</startEvent><startEvent id="j">{DEFINITIONS["timer"]}</startEvent>'
    )
    sub = f'<subProcess id="es" triggeredByEvent="true">{two}<task id="t"/>{flows("i t", "j t")}</subProcess>'
    assert "2 start events" in wrong(line(sub, "s e"))


def test_an_event_sub_process_has_no_marker_and_is_no_transaction() -> None:
    start = f'<startEvent id="i">{DEFINITIONS["error"]}</startEvent><endEvent id="o"/>{flows("i o")}'
    marker = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    marked = f'<subProcess id="es" triggeredByEvent="true">{marker}{start}</subProcess>'
    assert "has a marker" in wrong(line(marked, "s e"))
    transaction = f'<transaction id="es" triggeredByEvent="true">{start}</transaction>'
    assert "no transaction" in wrong(line(transaction, "s e"))
