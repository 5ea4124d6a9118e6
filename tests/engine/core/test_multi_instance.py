"""Multi-instance activities of the core (BPMN 2.0, 13.3.7)."""

from __future__ import annotations

import pytest

from engine.core import commands as c
from engine.core import execution, facts
from tests.engine.core.case import Case, boundary, condition, event_subprocess, flows, log, process, scope


def marker(attributes: str = "", inside: str = "") -> str:
    return (
        '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="unit" '
        f"{attributes}>{inside}</multiInstanceLoopCharacteristics>"
    )


OUTPUT = '<loopDataOutputRef>opinions</loopDataOutputRef><outputDataItem id="o" name="opinion"/>'


def many(loop: str) -> str:
    return process(f'<startEvent id="s"/><userTask id="u">{loop}</userTask>' + log("A"), "s u A")


def test_every_item_is_open_at_once_and_the_last_one_ends_the_activity() -> None:
    case = Case(many(marker())).start(units=["water", "roads", "housing"])
    assert case.open == ["u", "u", "u"]
    units = [case.state.tokens[token].variables["unit"] for token in case.waiting("u")]
    assert units == ["water", "roads", "housing"]
    case.complete("u")
    case.complete("u")
    assert case.trace == []
    case.complete("u")
    assert case.trace == ["A"]
    assert case.state.ended == "completed"


def test_output_keeps_the_order_of_the_input_whatever_the_order_of_completion() -> None:
    case = Case(many(marker(inside=OUTPUT))).start(units=["water", "roads"])
    first, second = case.waiting("u")
    case.do(c.CompleteUserTask(second, {"opinion": "no"}))
    case.do(c.CompleteUserTask(first, {"opinion": "yes"}))
    assert case.variables["opinions"] == ["yes", "no"]
    assert "opinion" not in case.variables, "an item's result stays with the item"


def test_sequential_items_come_one_after_the_other() -> None:
    case = Case(many(marker('isSequential="true"', OUTPUT))).start(units=["water", "roads"])
    for answer in ("first", "second"):
        assert len(case.waiting("u")) == 1
        case.complete("u", opinion=answer)
    assert case.variables["opinions"] == ["first", "second"]
    assert case.trace == ["A"]


def test_nothing_to_do_completes_at_once() -> None:
    case = Case(many(marker(inside=OUTPUT))).start(units=[])
    assert case.trace == ["A"]
    assert case.variables["opinions"] == []


def test_a_completion_condition_ends_the_others() -> None:
    condition = "<completionCondition>nrOfCompletedInstances &gt;= 2</completionCondition>"
    case = Case(many(marker(inside=condition))).start(units=[1, 2, 3, 4])
    case.complete("u")
    case.complete("u")
    assert case.trace == ["A"]
    assert case.state.ended == "completed"
    assert {fact.reason for fact in case.happened(facts.UserTaskCancelled)} == {"the completion condition holds"}


def test_a_number_of_instances_is_enough() -> None:
    loop = (
        "<multiInstanceLoopCharacteristics><loopCardinality>n + 1</loopCardinality></multiInstanceLoopCharacteristics>"
    )
    case = Case(many(loop)).start(n=2)
    assert [case.state.tokens[token].variables["loopCounter"] for token in case.waiting("u")] == [0, 1, 2]


def test_a_collection_that_is_no_list_is_an_incident() -> None:
    case = Case(many(marker())).start(units="water")
    assert case.incidents == ["Expected a list for the collection 'units', but it is 'water'."]


def test_a_collection_that_changes_meanwhile_changes_nothing() -> None:
    case = Case(many(marker('isSequential="true"'))).start(units=["water", "roads"])
    case.do(c.SetVariables(1, {"units": []}))
    case.complete("u")
    case.complete("u")
    assert case.trace == ["A"]


def test_each_item_of_a_subprocess_has_its_own_inside() -> None:
    inside = '<startEvent id="s2"/><userTask id="v"/><userTask id="w"/>' + flows("s2 v w")
    body = f'<startEvent id="s"/><subProcess id="sp">{marker()}{inside}</subProcess>'
    case = Case(process(body + log("A"), "s sp A"))
    case.start(units=["water", "roads"])
    case.complete("v")
    assert case.open == ["v", "w"]
    case.complete("w")
    case.complete("v")
    case.complete("w")
    assert case.trace == ["A"]


def test_a_boundary_event_belongs_to_the_whole_activity_not_to_an_item() -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    body = f'<startEvent id="s"/><userTask id="u">{marker()}</userTask><boundaryEvent id="b" attachedToRef="u">{timer}</boundaryEvent>'
    case = Case(process(body + log("A") + log("H"), "s u A", "b H")).start(units=[1, 2, 3])
    assert len(case.happened(facts.TimerStarted)) == 1
    case.complete("u")
    case.advance(hours=1)
    assert case.trace == ["H"]
    assert case.state.ended == "completed"


def test_each_item_of_a_call_activity_gives_its_own_result() -> None:
    called = process('<startEvent id="s2"/><scriptTask id="t"><script>y = x * 2</script></scriptTask>', "s2 t", key="Q")
    mappings = '<camunda:in source="unit" target="x"/><camunda:out source="y" target="opinion"/>'
    body = (
        f'<startEvent id="s"/><callActivity id="k" calledElement="Q"><extensionElements>{mappings}</extensionElements>'
        f"{marker(inside=OUTPUT)}</callActivity>"
    )
    case = Case(process(body + log("A"), "s k A"), called).start(units=[1, 2, 3])
    assert case.variables["opinions"] == [2, 4, 6]
    assert case.trace == ["A"]


def test_the_state_does_not_grow_with_the_rounds_of_a_loop() -> None:
    body = f'<startEvent id="s"/><exclusiveGateway id="m"/><userTask id="u">{marker()}</userTask><task id="t"/>'
    case = Case(process(body, "s m u t m")).start(units=[1, 2])
    sizes = []
    for _ in range(8):
        case.complete("u")
        case.complete("u")
        sizes.append(len(case.state.to_json()) - len(str(case.state.last_id)))
    assert max(sizes) - min(sizes) < 20


def test_an_error_that_leaves_an_item_s_own_error_handling_is_not_caught_there_again() -> None:
    rethrow = (
        '<subProcess id="es" triggeredByEvent="true"><startEvent id="es_s"><errorEventDefinition errorRef="err_x"/>'
        '</startEvent><endEvent id="es_e"><errorEventDefinition errorRef="err_x"/></endEvent>'
        + flows("es_s es_e")
        + "</subProcess>"
    )
    inside = '<startEvent id="s2"/><endEvent id="e2"><errorEventDefinition errorRef="err_x"/></endEvent>' + flows(
        "s2 e2"
    )
    sub = f'<startEvent id="s"/><subProcess id="sp">{marker()}{inside}{rethrow}</subProcess>'
    caught = '<boundaryEvent id="b" attachedToRef="sp"><errorEventDefinition errorRef="err_x"/></boundaryEvent>'
    case = Case(process(sub + caught + log("A") + log("H"), "s sp A", "b H")).start(units=[1])
    assert case.trace == ["H"]
    assert [fact.caught_by for fact in case.happened(facts.ErrorThrown)] == ["es_s", "b"]


RESULT = '<extensionElements><camunda:inputOutput><camunda:outputParameter name="opinion">{}</camunda:outputParameter>'
RESULT += "</camunda:inputOutput></extensionElements>"


def test_dates_may_be_items_and_results() -> None:
    loop = marker(inside=OUTPUT).replace('"units"', '"${[date(day) for day in days]}"')
    case = Case(many(RESULT.format('${date(unit) + duration("P1D")}') + loop)).start(days=["2026-01-31"])
    assert case.state.tokens[case.waiting("u")[0]].variables["unit"] == "2026-01-31"
    case.complete("u")
    assert case.variables["opinions"] == ["2026-02-01"]


def test_the_completion_condition_sees_what_the_item_gave() -> None:
    loop = marker(inside="<completionCondition>${!opinion}</completionCondition>")
    case = Case(many(RESULT.format("${verdict == 'yes'}") + loop)).start(units=["water", "roads", "housing"])
    case.complete("u", verdict="yes")
    assert (case.open, case.incidents) == (["u", "u"], [])
    case.complete("u", verdict="no")
    assert case.trace == ["A"]


def test_conditions_of_many_items_are_looked_at_where_something_has_changed_that_they_see(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    inside = '<startEvent id="is"/><userTask id="ask"/><endEvent id="ie"/>'
    hot = boundary("hot", "ask", condition("${heat == unit}")) + '<endEvent id="he"/>'
    cold = event_subprocess("cold", condition("${frost == unit}"), '<endEvent id="ce"/>', "cold_s ce")
    subprocess = scope("sub", marker() + inside + hot + cold, "is ask ie", "hot he")
    diagram = process(f'<startEvent id="s"/>{subprocess}<endEvent id="e"/>', "s sub e")

    def left(**changed: int) -> int:
        case = Case(diagram).start(units=list(range(100)), heat=-1, frost=-1)
        assert case.incidents == []
        case.set(**changed)
        return len(case.open)

    # Every item's start would ask all the others: 10,000 conditions of each kind.
    monkeypatch.setattr(execution, "MAX_WORK", 10_000)
    assert (left(heat=7), left(frost=8), left(heat=7, frost=8), left(heat=101)) == (99, 99, 98, 100)
