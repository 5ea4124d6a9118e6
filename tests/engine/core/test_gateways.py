"""Gateways and flows of the core (BPMN 2.0, 13.3.1 and 13.4)."""

from __future__ import annotations

from engine.core import commands as c
from engine.core import facts
from tests.engine.core.case import Case, log, process

CHOICE = '<startEvent id="s"/><exclusiveGateway id="g" {}/>' + log("A") + log("B") + log("C")


def test_an_exclusive_gateway_takes_the_first_flow_whose_condition_holds() -> None:
    conditions = {"g-A": "n &gt; 5", "g-B": "${n gt 2}"}
    body = CHOICE.format('default="g-C"')
    for n, taken in ((9, "A"), (3, "B"), (1, "C")):
        assert Case(process(body, "s g A", "g B", "g C", conditions=conditions)).start(n=n).trace == [taken]


def test_a_default_flow_that_is_drawn_first_is_still_taken_last() -> None:
    case = Case(process(CHOICE.format('default="g-C"'), "s g C", "g A", "g B", conditions={"g-A": "yes", "g-B": "yes"}))
    assert case.start(yes=True).trace == ["A"]


def test_a_gateway_where_no_condition_holds_is_an_incident_and_goes_on_once_one_does() -> None:
    case = Case(process(CHOICE.format(""), "s g A", "g B", "g C", conditions={f"g-{x}": f"n == '{x}'" for x in "ABC"}))
    case.start(n="Z")
    assert "none of its flows' conditions holds: 'g-A' (n == 'A')" in case.incidents[0]
    case.do(c.SetVariables(1, {"n": "B"}))
    case.do(c.RetryIncident(case.incident_ids[0]))
    assert case.trace == ["B"]
    assert case.state.ended == "completed"


def test_a_condition_that_cannot_be_worked_out_is_an_incident_that_names_the_variable() -> None:
    case = Case(process(CHOICE.format('default="g-C"'), "s g A", "g B", "g C", conditions={"g-A": "x", "g-B": "y"}))
    case.start()
    assert "'x'" in case.incidents[0]
    assert case.trace == []


def test_a_task_with_several_flows_sends_a_token_along_each() -> None:
    assert sorted(
        Case(process('<startEvent id="s"/>' + log("A") + log("B") + log("C"), "s A B", "A C")).start().trace
    ) == [
        "A",
        "B",
        "C",
    ]


FORK = '<startEvent id="s"/><parallelGateway id="f"/><userTask id="u"/><userTask id="v"/><parallelGateway id="j"/>'


def test_a_join_waits_for_every_branch() -> None:
    case = Case(process(FORK + log("A"), "s f u j A", "f v j")).start()
    assert case.open == ["u", "v"]
    case.complete("v")
    assert case.trace == []
    case.complete("u")
    assert case.trace == ["A"]
    assert case.state.ended == "completed"


def test_a_join_in_a_second_round_waits_for_every_branch() -> None:
    again = '<exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-e"/><endEvent id="e"/>'
    case = Case(process(FORK + again, "s m f u j x e", "f v j", "x m", conditions={"x-m": "again"})).start(again=True)
    case.complete("u")
    case.complete("v")
    assert case.open == ["u", "v"], "the second round has begun"
    case.complete("v", again=False)
    assert case.open == ["u"], "nothing of the first round is left at the join"
    case.complete("u")
    assert case.state.ended == "completed"


def test_two_flows_from_one_gateway_to_one_join_are_two() -> None:
    body = '<startEvent id="s"/><parallelGateway id="f"/><parallelGateway id="j"/>' + log("A")
    direct = '<sequenceFlow id="one" sourceRef="f" targetRef="j"/><sequenceFlow id="two" sourceRef="f" targetRef="j"/>'
    assert Case(process(body + direct, "s f", "j A")).start().trace == ["A"]


def test_a_join_fires_once_for_each_full_set_and_keeps_the_surplus() -> None:
    body = '<startEvent id="s"/><parallelGateway id="f"/><exclusiveGateway id="x"/><exclusiveGateway id="y"/>'
    tasks = '<userTask id="a"/><userTask id="b"/><userTask id="c"/><userTask id="d2"/><parallelGateway id="j"/>'
    paths = ("s f a x j Z", "f b x", "f c y j", "f d2 y")
    case = Case(process(body + tasks + log("Z"), *paths)).start()
    case.complete("a")
    case.complete("b")
    assert case.trace == []
    case.complete("c")
    assert case.trace == ["Z"]
    case.complete("d2")
    assert case.trace == ["Z", "Z"]
    assert case.state.ended == "completed"


def test_a_join_that_can_never_be_reached_by_all_is_an_incident_instead_of_silence() -> None:
    body = (
        '<startEvent id="s"/><exclusiveGateway id="g" default="g-B"/>'
        + log("A")
        + log("B")
        + '<parallelGateway id="j"/>'
    )
    case = Case(process(body + log("C"), "s g A j C", "g B j", conditions={"g-A": "True"})).start()
    assert "the join 'j' has tokens from 'A-j' only" in case.incidents[0]
    assert case.trace == ["A"]
    assert not case.state.ended


WAIT = (
    '<startEvent id="s"/><eventBasedGateway id="g"/><receiveTask id="k" messageRef="msg_k"/>'
    '<intermediateCatchEvent id="m"><messageEventDefinition messageRef="msg_m"/></intermediateCatchEvent>'
    '<intermediateCatchEvent id="t"><timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>'
    "</intermediateCatchEvent>" + log("A") + log("B") + log("C")
)
PATHS = ("s g m A", "g t B", "g k C")


def test_an_event_based_gateway_goes_on_with_the_first_event_and_forgets_the_others() -> None:
    by_message = Case(process(WAIT, *PATHS)).start()
    by_message.message("m", word="hello")
    assert by_message.trace == ["A"]
    assert by_message.variables == {"word": "hello"}
    by_timer = Case(process(WAIT, *PATHS)).start()
    by_timer.advance(hours=2)
    assert by_timer.trace == ["B"]
    by_task = Case(process(WAIT, *PATHS)).start()
    by_task.message("k")
    assert by_task.trace == ["C"]
    for case in (by_message, by_timer, by_task):
        assert case.state.ended == "completed"
        assert not case.state.waits
        assert len(case.happened(facts.FlowTaken)) == 3
