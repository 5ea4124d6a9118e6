"""Inclusive and complex gateways (BPMN 2.0, 13.4.3 and 13.4.5)."""

from __future__ import annotations

from engine.core import State
from engine.core import commands as c
from tests.engine.core.case import END, START, Case, event, flows, log, process, scope

FORK = '<inclusiveGateway id="f" {}/>'
JOIN = '<inclusiveGateway id="j"/>'


def users(*names: str) -> str:
    return "".join(f'<userTask id="{name}"/>' for name in names)


def test_every_flow_whose_condition_holds_is_taken_and_the_join_waits_for_those_alone() -> None:
    body = START + FORK.format("") + users("u", "v", "w") + JOIN + log("A") + END
    conditions = {"f-u": "n &gt; 0", "f-v": "n &gt; 1", "f-w": "n &gt; 2"}
    case = Case(process(body, "s f u j A e", "f v j", "f w j", conditions=conditions)).start(n=2)
    assert case.open == ["u", "v"]
    case.complete("v")
    assert case.trace == []
    case.complete("u")
    assert case.trace == ["A"]
    assert case.state.ended == "completed"


def test_the_default_flow_is_taken_where_no_condition_holds() -> None:
    body = START + FORK.format('default="f-v"') + users("u", "v") + JOIN + log("A") + END
    case = Case(process(body, "s f u j A e", "f v j", conditions={"f-u": "n &gt; 0"})).start(n=0)
    assert case.open == ["v"]
    case.complete("v")
    assert case.trace == ["A"]


def test_without_a_flow_to_take_there_is_an_incident() -> None:
    body = START + FORK.format("") + users("u", "v") + END
    case = Case(process(body, "s f u e", "f v e", conditions={"f-u": "n &gt; 0", "f-v": "n &gt; 1"})).start(n=0)
    (message,) = case.incidents
    assert "none of its flows' conditions holds" in message


def test_a_join_waits_for_a_branch_that_can_still_turn_towards_it() -> None:
    """Whoever stands before the choice may come to the join, and to nothing that has arrived there."""
    body = (
        START + FORK.format("") + users("u", "v") + '<exclusiveGateway id="x" default="x-e"/>' + JOIN + log("A") + END
    )
    drawn = process(body, "s f u j A e", "f v x j", "x e", conditions={"x-j": "comes"})
    for comes, trace in ((True, ["A"]), (False, ["A"])):
        case = Case(drawn).start()
        case.complete("u")
        assert case.trace == []
        case.complete("v", comes=comes)
        assert case.trace == trace
        assert case.state.ended == "completed"


def test_a_join_in_a_loop_waits_in_every_round_and_counts_anew() -> None:
    body = (
        START
        + '<exclusiveGateway id="m"/>'
        + FORK.format("")
        + users("u", "v")
        + JOIN
        + log("A")
        + '<exclusiveGateway id="x" default="x-e"/>'
        + END
    )
    conditions = {"x-m": "again", "f-v": "again"}
    case = Case(process(body, "s m f u j A x e", "f v j", "x m", conditions=conditions)).start(again=True)
    for again in (True, False):
        assert case.open == ["u", "v"]
        case.complete("u")
        case.complete("v", again=again)
    assert case.trace == ["A", "A"]
    assert case.state.ended == "completed"


def test_a_token_that_can_reach_a_flow_that_has_one_already_holds_nothing_up() -> None:
    """What comes by the loop would come to the flow at which a token waits (13.4.3)."""
    body = (
        START
        + '<parallelGateway id="f"/>'
        + users("u", "v")
        + '<exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-j"/>'
        + JOIN
        + log("A")
        + END
    )
    case = Case(process(body, "s f u m j A e", "f v x j", "x m", conditions={"x-m": "turns"})).start(turns=False)
    case.complete("u")
    assert case.trace == ["A"], "from v a token can get to the flow that has a token, so the join waits no longer"
    case.complete("v")
    assert case.trace == ["A", "A"]


def test_a_join_waits_for_what_a_boundary_event_may_send() -> None:
    handler = event("boundaryEvent", "b", '<messageEventDefinition messageRef="msg_m"/>', 'attachedToRef="v"')
    body = START + '<parallelGateway id="f"/>' + users("u", "v") + handler + JOIN + log("A") + END
    case = Case(process(body, "s f u j A e", "f v e", "b j")).start()
    case.complete("u")
    assert case.trace == []
    case.message("m")
    assert case.trace == ["A"]


def test_a_join_waits_for_what_comes_by_a_link() -> None:
    link = '<linkEventDefinition name="L"/>'
    links = event("intermediateThrowEvent", "t", link) + event("intermediateCatchEvent", "k", link)
    body = START + '<parallelGateway id="f"/>' + users("u", "v") + links + JOIN + log("A") + END
    case = Case(process(body, "s f u j A e", "f v t", "k j")).start()
    case.complete("u")
    assert case.trace == []
    case.complete("v")
    assert case.trace == ["A"]


def test_joins_in_subprocesses_do_not_see_each_other() -> None:
    inside = '<startEvent id="s2"/>' + FORK.format("") + users("u", "v") + JOIN + log("A") + '<endEvent id="e2"/>'
    many = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    case = Case(process(START + scope("sp", many + inside, "s2 f u j A e2", "f v j") + END, "s sp e")).start()
    first, second = case.waiting("u")
    case.do(c.CompleteUserTask(first))
    case.do(c.CompleteUserTask(case.waiting("v")[0]))
    assert case.trace == ["A"]
    case.do(c.CompleteUserTask(second))
    case.complete("v")
    assert case.trace == ["A", "A"]


def test_a_state_that_was_saved_and_loaded_settles_its_joins_in_the_same_order() -> None:
    catch = event("intermediateCatchEvent", "w", '<signalEventDefinition signalRef="sig_g"/>')
    inside = '<startEvent id="s2"/>' + FORK.format("") + users("u") + catch + JOIN
    inside += '<scriptTask id="A"><script>log(loopCounter)</script></scriptTask>'
    many = "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
    drawn = process(START + scope("sp", many + inside, "s2 f u j A", "f w j") + END, "s sp e")
    for loaded in (False, True):
        case = Case(drawn).start()
        for user_task in reversed(case.waiting("u")):
            case.do(c.CompleteUserTask(user_task))
        if loaded:
            case.state = State.from_json(case.state.to_json())
        case.signal("g")
        assert case.trace == ["0", "1"]


def test_two_joins_that_wait_for_each_other_are_an_incident_and_not_silence() -> None:
    body = (
        START
        + '<parallelGateway id="f"/><task id="a"/><task id="b"/><inclusiveGateway id="i"/><inclusiveGateway id="k"/>'
        + '<exclusiveGateway id="xi" default="xi-e"/><exclusiveGateway id="xk" default="xk-e"/>'
        + END
    )
    drawn = process(body, "s f a i xi e", "f b k xk e", "xi k", "xk i", conditions={"xi-k": "false", "xk-i": "false"})
    case = Case(drawn).start()
    (message,) = case.incidents
    assert "'i' has tokens from 'a-i' only" in message
    assert not case.state.ended


def test_a_join_goes_on_behind_an_ad_hoc_subprocess_that_was_last_to_move() -> None:
    body = START + FORK.format('default="f-v"') + scope("ah", users("u"), kind="adHocSubProcess") + users("v") + JOIN
    case = Case(process(body + log("A") + END, "s f ah j A e", "f v j", conditions={"f-ah": "n &gt; 0"})).start(n=1)
    case.complete("u")
    assert case.trace == ["A"]


def complex_gateway(activation: str) -> str:
    inner = activation and f"<activationCondition>{activation}</activationCondition>"
    return f'<complexGateway id="k">{inner}</complexGateway>'


def test_a_complex_gateway_goes_on_with_the_first_two_of_three() -> None:
    body = START + '<parallelGateway id="f"/>' + users("u", "v", "w") + complex_gateway("activationCount &gt;= 2")
    case = Case(process(body + log("A") + END, "s f u k A e", "f v k", "f w k")).start()
    case.complete("u")
    assert case.trace == []
    case.complete("w")
    assert case.trace == ["A"]
    case.complete("v")
    assert case.trace == ["A"], "what comes late is taken in and goes on by no flow without a condition"
    assert case.state.ended == "completed"


def test_in_a_loop_a_complex_gateway_is_reset_by_what_comes_late() -> None:
    body = (
        START
        + '<exclusiveGateway id="m"/><parallelGateway id="f"/>'
        + users("u", "v")
        + complex_gateway("activationCount &gt;= 1")
        + log("A")
        + '<exclusiveGateway id="x" default="x-e"/>'
        + users("again")
        + END
    )
    case = Case(process(body, "s m f u k A x e", "f v k", "x again m", conditions={"x-again": "round"})).start(
        round=True
    )
    case.complete("u")
    assert case.trace == ["A"]
    assert case.open == ["again", "v"]
    case.complete("v")
    case.complete("again")
    case.complete("v", round=False)
    assert case.trace == ["A", "A"]
    case.complete("u")
    assert case.state.ended == "completed"


def test_late_tokens_go_on_by_the_flows_that_ask_for_them() -> None:
    body = START + '<parallelGateway id="f"/>' + users("u", "v") + complex_gateway("activationCount == 1")
    conditions = {"k-A": "waitingForStart", "k-B": "not waitingForStart"}
    drawn = process(body + log("A") + log("B") + END, "s f u k A e", "f v k B e", conditions=conditions)
    case = Case(drawn).start()
    case.complete("v")
    assert case.trace == ["A"]
    case.complete("u")
    assert case.trace == ["A", "B"]
    assert case.state.ended == "completed"


def test_without_a_condition_a_complex_gateway_waits_for_every_flow() -> None:
    body = START + '<parallelGateway id="f"/>' + users("u", "v") + complex_gateway("") + log("A") + END
    case = Case(process(body, "s f u k A e", "f v k")).start()
    case.complete("u")
    assert case.trace == []
    case.complete("v")
    assert case.trace == ["A"]


def test_a_complex_gateway_whose_condition_fails_is_an_incident_that_can_be_retried() -> None:
    body = START + '<parallelGateway id="f"/>' + users("u", "v") + complex_gateway("activationCount &gt;= enough")
    case = Case(process(body + log("A") + END, "s f u k A e", "f v k")).start()
    case.complete("u")
    (message,) = case.incidents
    assert "enough" in message
    case.set(enough=1)
    case.do(c.RetryIncident(case.incident_ids[0]))
    assert case.trace == ["A"]


def test_surplus_tokens_stay_at_a_parallel_join_and_show_as_an_incident() -> None:
    body = START + '<parallelGateway id="f"/><exclusiveGateway id="m"/><parallelGateway id="j"/>' + log("A") + END
    drawn = process(body + users("u"), "s f m j A e", "f u j").replace(
        "</process>", flows("f m").replace('id="f-m"', 'id="f-m2"') + "</process>"
    )
    case = Case(drawn).start()
    case.complete("u")
    assert case.trace == ["A"]
    (message,) = case.incidents
    assert "'j' has tokens from 'm-j' only" in message


def test_start_and_completion_quantities_gather_and_multiply_tokens() -> None:
    a = '<scriptTask id="A" completionQuantity="3"><script>log(\'A\')</script></scriptTask>'
    b = '<scriptTask id="B" startQuantity="2"><script>log(\'B\')</script></scriptTask>'
    case = Case(process(START + a + b + END, "s A B e")).start()
    assert case.trace == ["A", "B"]
    assert "'B' has tokens from 'A-B' only" in case.incidents[0], "the third token waits for a fourth"
