"""Events of the core: boundary, intermediate, end, event sub-processes, errors (BPMN 2.0, 10.5 and 13.5)."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.core import commands as c
from engine.core import facts
from engine.errors import InvalidState
from tests.engine.core.case import Case, flows, log, process


def boundary(definition: str, *, host: str = "u", interrupting: bool = True) -> str:
    return f'<boundaryEvent id="b" attachedToRef="{host}" cancelActivity="{str(interrupting).lower()}">{definition}</boundaryEvent>'


MESSAGE = '<messageEventDefinition messageRef="msg_m"/>'
SIGNAL = '<signalEventDefinition signalRef="sig_g"/>'
HOUR = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
ERROR = '<errorEventDefinition errorRef="err_x"/>'
HOST = '<startEvent id="s"/><userTask id="u"/>' + log("A") + log("H")
TRIGGERS = {
    "message": (MESSAGE, lambda case: case.message("m")),
    "timer": (HOUR, lambda case: case.advance(hours=1)),
    "signal": (SIGNAL, lambda case: case.signal("g")),
}


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_an_interrupting_boundary_event_ends_its_activity_and_goes_its_own_way(trigger: str) -> None:
    definition, happen = TRIGGERS[trigger]
    case = Case(process(HOST + boundary(definition), "s u A", "b H")).start()
    happen(case)
    assert case.trace == ["H"]
    assert case.state.ended == "completed"
    assert case.happened(facts.UserTaskCancelled)[0].reason == "interrupted by 'b'"


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_non_interrupting_boundary_event_leaves_its_activity_open(trigger: str) -> None:
    definition, happen = TRIGGERS[trigger]
    case = Case(process(HOST + boundary(definition, interrupting=False), "s u A", "b H")).start()
    happen(case)
    assert case.trace == ["H"]
    assert case.open == ["u"]
    case.complete("u")
    assert case.trace == ["H", "A"]
    assert case.state.ended == "completed"
    assert not case.state.waits


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_boundary_event_is_gone_with_its_activity(trigger: str) -> None:
    definition, _happen = TRIGGERS[trigger]
    case = Case(process(HOST + '<userTask id="v"/>' + boundary(definition), "s u v A", "b H")).start()
    case.complete("u")
    assert not case.state.waits
    assert case.open == ["v"]


def test_a_message_that_comes_twice_to_a_non_interrupting_event_starts_it_twice() -> None:
    case = Case(process(HOST + boundary(MESSAGE, interrupting=False), "s u A", "b H")).start()
    case.message("m")
    case.message("m")
    assert case.trace == ["H", "H"]


def test_a_cycle_fires_as_often_as_it_says_and_does_not_drift() -> None:
    cycle = "<timerEventDefinition><timeCycle>R3/PT10M</timeCycle></timerEventDefinition>"
    case = Case(process(HOST + boundary(cycle, interrupting=False), "s u A", "b H")).start()
    due = case.happened(facts.TimerStarted)[0]
    case.now = datetime(2026, 5, 1, 0, 14, tzinfo=UTC)
    case.do(c.FireTimer(due.id))
    assert case.happened(facts.TimerStarted)[1].due == datetime(2026, 5, 1, 0, 20, tzinfo=UTC)
    case.advance(hours=2)
    assert case.trace == ["H", "H", "H"]
    assert not case.state.waits
    assert case.open == ["u"]


def test_a_cycle_without_end_stops_with_its_activity() -> None:
    cycle = "<timerEventDefinition><timeCycle>R/PT10M</timeCycle></timerEventDefinition>"
    case = Case(process(HOST + boundary(cycle, interrupting=False), "s u A", "b H")).start()
    case.advance(minutes=25)
    case.complete("u")
    case.advance(hours=2)
    assert case.trace == ["H", "H", "A"]


def test_a_timer_by_date_reads_a_variable() -> None:
    body = (
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDate>${due}</timeDate>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    case = Case(process(body + log("A"), "s t A")).start(due="2026-05-03T00:00:00+00:00")
    case.advance(days=1)
    assert case.trace == []
    case.advance(days=1)
    assert case.trace == ["A"]


def test_a_timer_whose_date_is_none_is_an_incident() -> None:
    body = (
        '<startEvent id="s"/><intermediateCatchEvent id="t"><timerEventDefinition><timeDate>${due}</timeDate>'
        "</timerEventDefinition></intermediateCatchEvent>"
    )
    case = Case(process(body + log("A"), "s t A")).start(due="31 February")
    assert "'31 February' is none" in case.incidents[0]


def test_a_timer_that_fires_after_its_activity_ended_is_refused() -> None:
    case = Case(process(HOST + '<userTask id="v"/>' + boundary(HOUR), "s u v A", "b H")).start()
    (timer,) = case.happened(facts.TimerStarted)
    case.complete("u")
    with pytest.raises(InvalidState, match="timer"):
        case.do(c.FireTimer(timer.id))


def test_messages_are_taken_by_key() -> None:
    body = (
        '<startEvent id="s"/><intermediateCatchEvent id="k"><extensionElements><camunda:properties>'
        '<camunda:property name="correlationKey" value="${case_number}/${unit}"/></camunda:properties>'
        f"</extensionElements>{MESSAGE}</intermediateCatchEvent>"
    )
    case = Case(process(body + log("A"), "s k A")).start(case_number="PJ-1", unit="water")
    case.message("m", key="PJ-1/water")
    assert case.trace == ["A"]


SUB = (
    '<startEvent id="s"/><subProcess id="sp"><startEvent id="s2"/><parallelGateway id="g2"/><userTask id="u"/>'
    '<userTask id="v"/><endEvent id="e2">{}</endEvent><endEvent id="e3"/>'
    + flows("s2 g2 u e2", "g2 v e3")
    + "</subProcess>"
)


def test_an_error_end_event_ends_its_scope_before_its_catcher_goes_on() -> None:
    case = Case(process(SUB.format(ERROR) + log("A") + log("H") + boundary(ERROR, host="sp"), "s sp A", "b H")).start()
    case.complete("u")
    assert case.trace == ["H"]
    assert case.open == []
    assert case.state.ended == "completed"
    assert [fact.caught_by for fact in case.happened(facts.ErrorThrown)] == ["b"]


def test_an_error_is_caught_by_the_event_that_names_it_before_the_one_that_takes_all() -> None:
    catch_all = '<boundaryEvent id="all" attachedToRef="sp"><errorEventDefinition camunda:errorCodeVariable="code"/></boundaryEvent>'
    body = SUB.format(ERROR) + catch_all + boundary(ERROR, host="sp") + log("A") + log("H") + log("O")
    case = Case(process(body, "s sp A", "b H", "all O")).start()
    case.complete("u")
    assert case.trace == ["H"]
    other = Case(
        process(
            body.replace(
                '<endEvent id="e2"><errorEventDefinition errorRef="err_x"/>',
                '<endEvent id="e2"><errorEventDefinition errorRef="err_y"/>',
            ),
            "s sp A",
            "b H",
            "all O",
        )
    ).start()
    other.complete("u")
    assert other.trace == ["O"]
    assert other.variables == {"code": "Y"}


def test_an_error_that_nothing_catches_fails_the_instance() -> None:
    case = Case(process(SUB.format(ERROR) + log("A"), "s sp A")).start()
    case.complete("u")
    assert case.state.ended == "failed"
    assert not case.state.tokens
    assert case.trace == []
    assert case.happened(facts.InstanceFailed)[0].code == "X"


def test_a_job_may_end_in_a_modelled_error() -> None:
    body = '<startEvent id="s"/><serviceTask id="u" camunda:type="external" camunda:topic="t"/>' + log("A") + log("H")
    catch = boundary('<errorEventDefinition errorRef="err_x" camunda:errorMessageVariable="why"/>')
    case = Case(process(body + catch, "s u A", "b H")).start()
    case.do(c.ThrowError(case.waiting("u")[0], "X", "already extended"))
    assert case.trace == ["H"]
    assert case.variables == {"why": "already extended"}


def test_a_job_whose_error_nobody_catches_keeps_its_token_in_an_incident() -> None:
    body = '<startEvent id="s"/><serviceTask id="u" camunda:type="external" camunda:topic="t"/>' + log("A")
    case = Case(process(body, "s u A")).start()
    case.do(c.ThrowError(case.waiting("u")[0], "X"))
    assert case.incidents == ["Expected an error event that catches 'X', but there is none."]
    assert case.open == ["u"]


def test_an_error_of_a_called_process_reaches_the_call_activity() -> None:
    called = process(f'<startEvent id="s2"/><endEvent id="e2">{ERROR}</endEvent>', "s2 e2", key="Q")
    body = '<startEvent id="s"/><callActivity id="k" calledElement="Q"/>' + log("A") + log("H")
    case = Case(process(body + boundary(ERROR, host="k"), "s k A", "b H"), called).start()
    assert case.trace == ["H"]
    assert case.state.ended == "completed"


def test_a_terminate_end_event_ends_its_own_scope_and_no_more() -> None:
    case = Case(process(SUB.format("<terminateEventDefinition/>") + log("A"), "s sp A")).start()
    case.complete("u")
    assert case.open == []
    assert case.trace == ["A"]
    assert case.state.ended == "completed"


def test_a_terminate_end_event_of_a_called_process_ends_only_that() -> None:
    called = process(
        '<startEvent id="s2"/><parallelGateway id="g"/><userTask id="v"/><endEvent id="e2"><terminateEventDefinition/></endEvent>',
        "s2 g v",
        "g e2",
        key="Q",
    )
    case = Case(
        process('<startEvent id="s"/><callActivity id="k" calledElement="Q"/>' + log("A"), "s k A"), called
    ).start()
    assert case.trace == ["A"]
    assert case.state.ended == "completed"


def event_subprocess(definition: str, *, interrupting: bool, inside: str = "") -> str:
    return (
        f'<subProcess id="es" name="Withdrawal" triggeredByEvent="true"><startEvent id="es_s" '
        f'isInterrupting="{str(interrupting).lower()}">{definition}</startEvent>{inside}{log("H")}<endEvent id="es_e"/>'
        + flows("es_s H es_e")
        + "</subProcess>"
    )


FORKED = (
    '<startEvent id="s"/><parallelGateway id="f"/><userTask id="u"/><userTask id="v"/><parallelGateway id="j"/>'
    + log("A")
)
FORKED_PATHS = ("s f u j A", "f v j")


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_an_interrupting_event_subprocess_ends_everything_else_in_its_scope(trigger: str) -> None:
    definition, happen = TRIGGERS[trigger]
    case = Case(process(FORKED + event_subprocess(definition, interrupting=True), *FORKED_PATHS)).start()
    case.complete("u")
    happen(case)
    assert case.trace == ["H"]
    assert case.state.ended == "completed"
    assert not case.state.tokens
    assert not case.state.waits
    assert case.happened(facts.UserTaskCancelled)[0].reason == "interrupted by 'Withdrawal'"


@pytest.mark.parametrize("trigger", TRIGGERS)
def test_a_non_interrupting_event_subprocess_runs_beside_its_scope(trigger: str) -> None:
    definition, happen = TRIGGERS[trigger]
    case = Case(process(FORKED + event_subprocess(definition, interrupting=False), *FORKED_PATHS)).start()
    happen(case)
    assert case.trace == ["H"]
    assert case.open == ["u", "v"]
    case.complete("u")
    case.complete("v")
    assert case.trace == ["H", "A"]
    assert case.state.ended == "completed"
    assert not case.state.waits


def test_a_scope_waits_for_its_event_subprocess() -> None:
    inside = '<userTask id="w"/>'
    esp = event_subprocess(MESSAGE, interrupting=False, inside=inside).replace(
        flows("es_s H es_e"), flows("es_s w H es_e")
    )
    case = Case(process(FORKED + esp, *FORKED_PATHS)).start()
    case.message("m")
    case.complete("u")
    case.complete("v")
    assert case.trace == ["A"]
    assert not case.state.ended
    case.complete("w")
    assert case.trace == ["A", "H"]
    assert case.state.ended == "completed"


def test_an_interrupting_event_subprocess_of_an_inner_scope_leaves_the_outer_one_alone() -> None:
    inner = '<startEvent id="s2"/><userTask id="u"/>' + flows("s2 u") + event_subprocess(MESSAGE, interrupting=True)
    body = (
        f'<startEvent id="s"/><parallelGateway id="g"/><userTask id="v"/><subProcess id="sp">{inner}</subProcess>'
        + log("A")
    )
    case = Case(process(body, "s g sp A", "g v")).start()
    case.message("m")
    assert case.trace == ["H", "A"]
    assert case.open == ["v"]


def test_a_withdrawal_reaches_into_called_processes_and_their_items() -> None:
    item = '<multiInstanceLoopCharacteristics camunda:collection="units" camunda:elementVariable="unit"/>'
    called = process(f'<startEvent id="s2"/><userTask id="v">{item}</userTask>', "s2 v", key="Q")
    call = (
        '<startEvent id="s"/><callActivity id="k" calledElement="Q"><extensionElements><camunda:in variables="all"/>'
        "</extensionElements></callActivity>"
    )
    case = Case(process(call + event_subprocess(MESSAGE, interrupting=True), "s k"), called).start(units=["a", "b"])
    assert case.open == ["v", "v"]
    case.message("m")
    assert case.trace == ["H"]
    assert not case.state.tokens
    assert len(case.happened(facts.UserTaskCancelled)) == 2


def test_an_error_event_subprocess_catches_what_its_scope_throws() -> None:
    case = Case(process(SUB.format(ERROR) + log("A") + event_subprocess(ERROR, interrupting=True), "s sp A")).start()
    case.complete("u")
    assert case.trace == ["H"]
    assert case.state.ended == "completed"


def test_an_error_thrown_by_an_error_event_subprocess_goes_outwards() -> None:
    rethrow = event_subprocess(ERROR, interrupting=True).replace(
        '<endEvent id="es_e"/>', f'<endEvent id="es_e">{ERROR}</endEvent>'
    )
    case = Case(process(SUB.format(ERROR) + log("A") + rethrow, "s sp A")).start()
    case.complete("u")
    assert case.trace == ["H"]
    assert case.state.ended == "failed"


def test_a_message_end_event_leaves_its_message_for_delivery() -> None:
    body = f'<startEvent id="s"/><intermediateThrowEvent id="t">{MESSAGE}</intermediateThrowEvent><endEvent id="e">{MESSAGE}</endEvent>'
    case = Case(process(body, "s t e")).start()
    assert [(fact.name, fact.key) for fact in case.happened(facts.MessageThrown)] == [("m", "case-1"), ("m", "case-1")]
    assert case.state.ended == "completed"


def test_a_timer_goes_on_while_its_activity_is_stopped_by_an_incident() -> None:
    body = '<startEvent id="s"/><scriptTask id="u"><script>a = missing</script></scriptTask>' + log("A") + log("H")
    case = Case(process(body + boundary(HOUR), "s u A", "b H")).start()
    assert case.incidents
    case.advance(hours=1)
    assert case.trace == ["H"]
    assert not case.incidents
    assert case.state.ended == "completed"
    assert len(case.happened(facts.IncidentResolved)) == 1
