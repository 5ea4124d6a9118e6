"""Standard loops, the events of multi-instance activities, and ad hoc sub-processes (BPMN 2.0, 13.3.5 to 13.3.7)."""

from __future__ import annotations

from engine.core import commands as c
from tests.engine.core.case import END, SIGNAL, START, Case, boundary, log, process, scope


def loop(condition: str = "", attributes: str = "") -> str:
    inner = condition and f"<loopCondition>{condition}</loopCondition>"
    return f"<standardLoopCharacteristics {attributes}>{inner}</standardLoopCharacteristics>"


def looped(characteristics: str, script: str) -> str:
    return f'<scriptTask id="L">{characteristics}<script>{script}</script></scriptTask>'


def test_a_loop_goes_round_while_its_condition_holds() -> None:
    body = START + looped(loop("n &lt; 3"), "n = n + 1; log(n)") + log("A") + END
    assert Case(process(body, "s L A e")).start(n=0).trace == ["1", "2", "3", "A"]


def test_a_loop_goes_round_once_before_it_asks_and_not_at_all_where_it_asks_first() -> None:
    for attributes, trace in (("", ["L", "A"]), ('testBefore="true"', ["A"])):
        body = START + looped(loop("false", attributes), "log('L')") + log("A") + END
        assert Case(process(body, "s L A e")).start().trace == trace


def test_a_loop_ends_at_its_maximum() -> None:
    for condition in ("", "true"):
        body = START + looped(loop(condition, 'loopMaximum="2"'), "log(loopCounter)") + END
        assert Case(process(body, "s L e")).start().trace == ["0", "1"]


def test_the_condition_sees_how_many_rounds_are_over() -> None:
    body = START + looped(loop("loopCounter &lt; 3"), "log(loopCounter)") + END
    assert Case(process(body, "s L e")).start().trace == ["0", "1", "2"]


def test_each_round_of_a_looped_user_task_is_a_user_task_of_its_own() -> None:
    body = START + f'<userTask id="u">{loop("again")}</userTask>' + log("A") + END
    case = Case(process(body, "s u A e")).start(again=True)
    first = case.waiting("u")
    case.complete("u")
    assert case.waiting("u") != first
    case.complete("u", again=False)
    assert case.trace == ["A"]


def test_a_boundary_event_interrupts_the_whole_loop() -> None:
    body = START + f'<userTask id="u">{loop("true")}</userTask>' + boundary("b", "u", SIGNAL) + log("H") + END
    case = Case(process(body, "s u e", "b H e")).start()
    case.complete("u")
    case.signal("g")
    assert case.trace == ["H"]
    assert case.state.ended == "completed"


def test_a_looped_subprocess_writes_its_outputs_in_every_round() -> None:
    inside = (
        '<extensionElements><camunda:inputOutput><camunda:inputParameter name="i">${n}</camunda:inputParameter>'
        '<camunda:outputParameter name="n">${i + 1}</camunda:outputParameter></camunda:inputOutput></extensionElements>'
        + loop("n &lt; 3")
        + '<startEvent id="s2"/>'
        + log("A")
        + '<endEvent id="e2"/>'
    )
    case = Case(process(START + scope("sp", inside, "s2 A e2") + END, "s sp e")).start(n=0)
    assert case.trace == ["A", "A", "A"]
    assert case.variables["n"] == 3


def many(behaviour: str, inner: str = "", sequential: str = "true") -> str:
    return (
        f'<userTask id="u"><multiInstanceLoopCharacteristics isSequential="{sequential}" {behaviour}>'
        f"<loopCardinality>3</loopCardinality>{inner}</multiInstanceLoopCharacteristics></userTask>"
        + boundary("b", "u", SIGNAL, interrupting=False)
        + log("H")
        + log("A")
        + END
    )


SHARED = '<signalEventDefinition id="shared" signalRef="sig_g"/>'


def thrown(behaviour: str, inner: str = "") -> list[list[str]]:
    """The trace after each of three completions."""
    case = Case(SHARED, process(START + many(behaviour, inner), "s u A e", "b H e")).start()
    traces = []
    for _ in range(3):
        case.complete("u")
        traces.append(list(case.trace))
    return traces


def test_behaviour_none_throws_its_event_at_every_completion() -> None:
    traces = thrown('behavior="None" noneBehaviorEventRef="shared"')
    assert [sorted(trace) for trace in traces] == [["H"], ["H", "H"], ["A", "H", "H", "H"]]


def test_behaviour_one_throws_its_event_at_the_first_completion() -> None:
    assert thrown('behavior="One" oneBehaviorEventRef="shared"') == [["H"], ["H"], ["H", "A"]]


def test_behaviour_all_throws_nothing() -> None:
    assert thrown('behavior="All"') == [[], [], ["A"]]


def test_behaviour_complex_throws_by_a_condition() -> None:
    event = f'<event id="ev">{SIGNAL}</event>'
    rule = f"<condition>numberOfCompletedInstances == 2</condition>{event}"
    inner = f'<complexBehaviorDefinition id="cb">{rule}</complexBehaviorDefinition>'
    assert thrown('behavior="Complex"', inner) == [[], ["H"], ["H", "A"]]


def ad_hoc(inner: str, condition: str = "", attributes: str = "", *paths: str) -> str:
    completion = condition and f"<completionCondition>{condition}</completionCondition>"
    return process(
        START + scope("ah", inner + completion, *paths, kind="adHocSubProcess", attributes=attributes) + log("Z") + END,
        "s ah Z e",
    )


TWO = '<userTask id="u"/><userTask id="v"/>'


def test_an_ad_hoc_subprocess_starts_everything_that_no_flow_leads_to() -> None:
    case = Case(ad_hoc(TWO + '<userTask id="w"/>', "", "", "u w")).start()
    assert case.open == ["u", "v"]
    case.complete("u")
    assert case.open == ["v", "w"]
    case.complete("v")
    case.complete("w")
    assert case.trace == ["Z"]


def test_a_sequential_one_starts_one_after_the_other() -> None:
    case = Case(ad_hoc(TWO, "", 'ordering="Sequential"')).start()
    assert case.open == ["u"]
    case.complete("u")
    assert case.open == ["v"]
    case.complete("v")
    assert case.trace == ["Z"]


def test_its_completion_condition_cancels_what_remains() -> None:
    for ordering in ("Parallel", "Sequential"):
        case = Case(ad_hoc(TWO, "enough", f'ordering="{ordering}"')).start(enough=False)
        case.complete("u", enough=True)
        assert case.open == []
        assert case.trace == ["Z"]


def test_or_waits_for_what_remains_and_starts_nothing_new() -> None:
    case = Case(ad_hoc(TWO, "enough", 'cancelRemainingInstances="false"')).start(enough=False)
    case.complete("u", enough=True)
    assert (case.open, case.trace) == (["v"], [])
    case.complete("v")
    assert case.trace == ["Z"]
    case = Case(ad_hoc(TWO, "enough", 'ordering="Sequential" cancelRemainingInstances="false"')).start(enough=False)
    case.complete("u", enough=True)
    assert (case.open, case.trace) == ([], ["Z"])


def test_a_subprocess_without_start_event_begins_with_all_that_no_flow_leads_to() -> None:
    case = Case(process(START + scope("sp", TWO + log("A"), "u A") + log("Z") + END, "s sp Z e")).start()
    assert case.open == ["u", "v"]
    case.complete("u")
    case.complete("v")
    assert case.trace == ["A", "Z"]


def test_a_process_without_start_event_begins_likewise() -> None:
    case = Case(process(TWO + log("A"), "u A")).start()
    assert case.open == ["u", "v"]


def test_a_retry_of_a_failed_completion_condition_goes_on() -> None:
    case = Case(ad_hoc(TWO, "enough &gt; 1")).start()
    case.complete("u")
    assert "enough" in case.incidents[0]
    case.set(enough=2)
    case.do(c.RetryIncident(case.incident_ids[0]))
    assert case.trace == ["Z"]
