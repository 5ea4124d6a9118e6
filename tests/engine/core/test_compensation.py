"""Compensation and transactions (BPMN 2.0, 10.7, 13.3.5 and 13.5.5)."""

from __future__ import annotations

from engine.core import facts
from tests.engine.core.case import (
    CANCEL,
    COMPENSATE,
    END,
    ERROR,
    START,
    Case,
    boundary,
    event,
    event_subprocess,
    log,
    process,
    scope,
)


def undoable(name: str, handler: str | None = None) -> str:
    """A script task that logs its name, and the handler that undoes it."""
    undo = handler or f"un{name}"
    script = f"<script>log('{undo}')</script>"
    return (
        log(name)
        + boundary(f"b{name}", name, COMPENSATE)
        + f'<scriptTask id="{undo}" isForCompensation="true">{script}</scriptTask>'
        + f'<association id="a{name}" associationDirection="One" sourceRef="b{name}" targetRef="{undo}"/>'
    )


def throw(name: str, activity: str | None = None, kind: str = "intermediateThrowEvent", waits: str = "") -> str:
    reference = f'activityRef="{activity}"' if activity else ""
    return event(kind, name, f"<compensateEventDefinition {reference} {waits}/>")


def test_what_was_completed_is_undone_the_last_of_it_first() -> None:
    body = START + undoable("A") + undoable("B") + throw("t") + log("C") + END
    case = Case(process(body, "s A B t C e")).start()
    assert case.trace == ["A", "B", "unB", "unA", "C"]
    assert case.state.ended == "completed"


def test_what_was_not_completed_is_not_undone() -> None:
    body = START + undoable("A") + undoable("B") + "<userTask id='u'/>" + throw("t") + END
    case = Case(process(body, "s A t e", "s u B e")).start()
    assert case.trace == ["A", "unA"]
    case.complete("u")
    assert case.trace == ["A", "unA", "B"]


def test_a_named_activity_alone_is_undone_and_only_once() -> None:
    body = START + undoable("A") + undoable("B") + throw("t", "A") + throw("t2") + throw("t3") + END
    case = Case(process(body, "s A B t t2 t3 e")).start()
    assert case.trace == ["A", "B", "unA", "unB"]


def test_each_round_of_a_loop_is_undone_by_itself() -> None:
    body = (
        START
        + '<exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-t"/>'
        + undoable("A").replace("log('A')", "log('A'); n = n + 1")
        + throw("t")
        + END
    )
    case = Case(process(body, "s m A x t e", "x m", conditions={"x-m": "n &lt; 3"})).start(n=0)
    assert case.trace == ["A"] * 3 + ["unA"] * 3


def test_every_instance_of_a_multi_instance_activity_is_undone_with_its_own_item() -> None:
    many = '<multiInstanceLoopCharacteristics isSequential="true" camunda:collection="xs" camunda:elementVariable="x"/>'
    body = (
        START
        + undoable("A").replace("<script>log('A')", f"{many}<script>log(x)").replace("log('unA')", "log('un' + str(x))")
        + throw("t")
        + END
    )
    case = Case(process(body, "s A t e")).start(xs=["a", "b"])
    assert case.trace == ["a", "b", "unb", "una"]


def test_a_compensation_event_waits_until_a_person_has_undone_it() -> None:
    undo = '<userTask id="undo" isForCompensation="true"/>'
    body = (
        START
        + log("A")
        + boundary("b", "A", COMPENSATE)
        + undo
        + '<association id="a" sourceRef="b" targetRef="undo"/>'
        + throw("t")
        + log("B")
        + END
    )
    case = Case(process(body, "s A t B e")).start()
    assert (case.trace, case.open) == (["A"], ["undo"])
    case.complete("undo")
    assert case.trace == ["A", "B"]
    assert case.state.ended == "completed"


def test_it_goes_on_at_once_where_it_need_not_wait() -> None:
    body = (
        START
        + log("A")
        + boundary("b", "A", COMPENSATE)
        + '<userTask id="undo" isForCompensation="true"/><association id="a" sourceRef="b" targetRef="undo"/>'
        + throw("t", waits='waitForCompletion="false"')
        + log("B")
        + END
    )
    case = Case(process(body, "s A t B e")).start()
    assert case.trace == ["A", "B"]
    assert case.open == ["undo"]
    assert not case.state.ended
    case.complete("undo")
    assert case.state.ended == "completed"


def test_a_completed_subprocess_is_undone_by_what_was_completed_in_it() -> None:
    inside = '<startEvent id="s2"/>' + undoable("A") + undoable("B") + '<endEvent id="e2"/>'
    body = START + scope("sp", inside, "s2 A B e2") + undoable("C") + throw("t") + END
    case = Case(process(body, "s sp C t e")).start()
    assert case.trace == ["A", "B", "C", "unC", "unB", "unA"]


def test_its_own_handler_undoes_a_subprocess_as_a_whole() -> None:
    inside = '<startEvent id="s2"/>' + undoable("A") + '<endEvent id="e2"/>'
    handler = (
        boundary("b", "sp", COMPENSATE)
        + '<scriptTask id="undo" isForCompensation="true"><script>log(\'undo\')</script></scriptTask>'
        + '<association id="a" sourceRef="b" targetRef="undo"/>'
    )
    body = START + scope("sp", inside, "s2 A e2") + handler + throw("t", "sp") + END
    assert Case(process(body, "s sp t e")).start().trace == ["A", "undo"]


def test_a_compensation_event_subprocess_sees_the_variables_as_they_were() -> None:
    inside = (
        '<property id="x" name="x"/><startEvent id="s2"/>'
        "<scriptTask id=\"A\"><script>x = 'inside'</script></scriptTask>"
        '<endEvent id="e2"/>'
        + event_subprocess(
            "es", COMPENSATE, '<scriptTask id="H"><script>log(x)</script></scriptTask><endEvent id="e3"/>', "es_s H e3"
        )
    )
    body = START + scope("sp", inside, "s2 A e2") + throw("t") + log("B") + END
    assert Case(process(body, "s sp t B e")).start().trace == ["inside", "B"]


def test_a_compensation_event_subprocess_decides_what_in_it_is_undone() -> None:
    inside = (
        '<startEvent id="s2"/>'
        + undoable("A")
        + undoable("B")
        + '<endEvent id="e2"/>'
        + event_subprocess("es", COMPENSATE, log("H") + throw("t2", "A", "endEvent"), "es_s H t2")
    )
    body = START + scope("sp", inside, "s2 A B e2") + throw("t", "sp") + END
    assert Case(process(body, "s sp t e")).start().trace == ["A", "B", "H", "unA"]


def test_a_called_process_is_undone_by_what_was_completed_in_it() -> None:
    called = process('<startEvent id="qs"/>' + undoable("A") + '<endEvent id="qe"/>', "qs A qe", key="Q")
    body = START + '<callActivity id="c" calledElement="Q"/>' + throw("t") + log("B") + END
    assert Case(called, process(body, "s c t B e")).start().trace == ["A", "unA", "B"]


def test_an_error_event_subprocess_undoes_what_its_scope_has_done() -> None:
    inside = (
        '<startEvent id="s2"/>'
        + undoable("A")
        + event("endEvent", "e2", ERROR)
        + event_subprocess("es", ERROR, throw("t") + '<endEvent id="e3"/>', "es_s t e3")
    )
    body = START + scope("sp", inside, "s2 A e2") + log("B") + END
    assert Case(process(body, "s sp B e")).start().trace == ["A", "unA", "B"]


def test_an_error_in_a_handler_goes_to_the_scope_of_the_compensation_event() -> None:
    inside = (
        '<startEvent id="s2"/>' + undoable("A").replace("log('unA')", "fail('X')") + throw("t") + '<endEvent id="e2"/>'
    )
    body = START + scope("sp", inside, "s2 A t e2") + boundary("b", "sp", ERROR) + log("H") + END
    case = Case(process(body, "s sp e", "b H e")).start()
    assert case.trace == ["A", "H"]
    assert case.state.ended == "completed"


def test_nothing_is_kept_of_what_cannot_be_undone() -> None:
    case = Case(process(START + log("A") + '<userTask id="u"/>' + END, "s A u e")).start()
    assert not case.happened(facts.ActivityCompensable)


def transaction(inside: str, *paths: str) -> str:
    return (
        scope("sp", inside, *paths, kind="transaction")
        + boundary("cb", "sp", CANCEL)
        + boundary("eb", "sp", ERROR)
        + log("C")
        + log("B")
        + log("H")
    )


OUTSIDE = ("s sp B e", "cb C e", "eb H e")


def test_a_transaction_that_succeeds_is_a_subprocess() -> None:
    inside = '<startEvent id="s2"/>' + undoable("A") + '<endEvent id="e2"/>'
    assert Case(process(START + transaction(inside, "s2 A e2") + END, *OUTSIDE)).start().trace == ["A", "B"]


def test_a_cancelled_transaction_undoes_what_it_has_done_and_leaves_by_its_cancel_event() -> None:
    inside = (
        '<startEvent id="s2"/><parallelGateway id="f"/>'
        + undoable("A")
        + undoable("D")
        + '<userTask id="u"/><userTask id="w"/>'
        + event("endEvent", "e2", CANCEL)
    )
    case = Case(process(START + transaction(inside, "s2 f A D u e2", "f w") + END, *OUTSIDE)).start()
    assert case.open == ["u", "w"]
    case.complete("u")
    assert case.trace == ["A", "D", "unD", "unA", "C"]
    assert case.state.ended == "completed"


def test_a_transaction_is_cancelled_only_after_a_person_has_undone_its_work() -> None:
    inside = (
        '<startEvent id="s2"/>'
        + log("A")
        + boundary("b", "A", COMPENSATE)
        + '<userTask id="undo" isForCompensation="true"/><association id="a" sourceRef="b" targetRef="undo"/>'
        + event("endEvent", "e2", CANCEL)
    )
    case = Case(process(START + transaction(inside, "s2 A e2") + END, *OUTSIDE)).start()
    assert (case.trace, case.open) == (["A"], ["undo"])
    case.complete("undo")
    assert case.trace == ["A", "C"]


def test_cancelling_undoes_what_was_completed_in_a_subprocess_that_is_still_active() -> None:
    inner = '<startEvent id="s3"/>' + undoable("A") + '<userTask id="w"/>'
    inside = (
        '<startEvent id="s2"/><parallelGateway id="f"/>'
        + scope("inner", inner, "s3 A w")
        + '<userTask id="u"/>'
        + event("endEvent", "e2", CANCEL)
    )
    case = Case(process(START + transaction(inside, "s2 f inner", "f u e2") + END, *OUTSIDE)).start()
    case.complete("u")
    assert case.trace == ["A", "unA", "C"]


def test_cancelling_leaves_alone_the_handler_of_what_was_never_completed() -> None:
    whole = log("undo").replace('">', '" isForCompensation="true">', 1)
    association = '<association id="ai" associationDirection="One" sourceRef="bi" targetRef="undo"/>'
    for own, outside in (
        (event_subprocess("es", COMPENSATE, log("own"), "es_s own"), ""),
        ("", boundary("bi", "inner", COMPENSATE) + whole + association),
    ):
        inner = '<startEvent id="s3"/>' + undoable("A") + '<userTask id="w"/>' + own
        inside = (
            '<startEvent id="s2"/><parallelGateway id="f"/>'
            + scope("inner", inner, "s3 A w")
            + outside
            + '<userTask id="u"/>'
            + event("endEvent", "e2", CANCEL)
        )
        case = Case(process(START + transaction(inside, "s2 f inner", "f u e2") + END, *OUTSIDE)).start()
        case.complete("u")
        assert case.trace == ["A", "unA", "C"]


def test_cancelling_undoes_what_a_compensation_event_had_not_come_to_yet() -> None:
    undo = (
        boundary("bD", "D", COMPENSATE)
        + '<userTask id="undo" isForCompensation="true"/>'
        + '<association id="aD" associationDirection="One" sourceRef="bD" targetRef="undo"/>'
    )
    inside = (
        '<startEvent id="s2"/><parallelGateway id="f"/>'
        + undoable("A")
        + log("D")
        + undo
        + throw("t")
        + log("E")
        + '<userTask id="u"/>'
        + event("endEvent", "e2", CANCEL)
    )
    case = Case(process(START + transaction(inside, "s2 f A D t E", "f u e2") + END, *OUTSIDE)).start()
    assert case.open == ["u", "undo"]
    case.complete("u")
    assert case.trace == ["A", "D", "unA", "C"]
    assert case.state.ended == "completed"


def test_an_error_leaves_a_transaction_without_undoing_anything() -> None:
    inside = '<startEvent id="s2"/>' + undoable("A") + event("endEvent", "e2", ERROR)
    assert Case(process(START + transaction(inside, "s2 A e2") + END, *OUTSIDE)).start().trace == ["A", "H"]


def test_without_a_cancel_event_nothing_goes_on_from_a_cancelled_transaction() -> None:
    inside = '<startEvent id="s2"/>' + undoable("A") + event("endEvent", "e2", CANCEL)
    body = START + scope("sp", inside, "s2 A e2", kind="transaction") + log("B") + END
    case = Case(process(body, "s sp B e")).start()
    assert case.trace == ["A", "unA"]
    assert case.state.ended == "completed"
