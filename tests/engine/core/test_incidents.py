"""Incidents in awkward places: what happens meanwhile, and that a retry leaves nothing behind."""

from __future__ import annotations

from engine.core import commands as c
from engine.core import facts
from tests.engine.core.case import Case, flows, process

ENDS = '<startEvent id="s"/><endEvent id="e"/>'


def on_message(body: str, *paths: str, interrupting: bool) -> str:
    """An event sub-process that message m starts."""
    return (
        f'<subProcess id="ev" triggeredByEvent="true"><startEvent id="came" isInterrupting="{str(interrupting).lower()}">'
        f'<messageEventDefinition messageRef="msg_m"/></startEvent>{body}<endEvent id="ev_e"/>{flows(*paths)}</subProcess>'
    )


def parameters(kind: str, name: str, value: str) -> str:
    return (
        f"<extensionElements><camunda:inputOutput><camunda:{kind}Parameter "
        f'name="{name}">{value}</camunda:{kind}Parameter></camunda:inputOutput></extensionElements>'
    )


def retry(case: Case, **mended: object) -> None:
    (incident,) = case.incident_ids
    case.do(c.SetVariables(1, mended))
    case.do(c.RetryIncident(incident))


def test_withdrawing_a_case_that_hangs_at_a_join_ends_it() -> None:
    body = (
        f'{ENDS}<exclusiveGateway id="x" default="x-a"/><userTask id="a"/><userTask id="b"/><parallelGateway id="j"/>'
        + on_message('<userTask id="w"/>', "came w ev_e", interrupting=True)
    )
    case = Case(process(body, "s x a j e", "x b j", conditions={"x-b": "n == 1"})).start(n=0)
    case.complete("a")
    assert "nothing is left that could send the rest" in case.incidents[0]
    case.message("m")
    assert case.incidents == []
    case.complete("w")
    assert case.state.ended == "completed"


def test_a_call_that_is_retried_waits_for_what_began_in_the_called_process_meanwhile() -> None:
    called = process(
        '<startEvent id="cs"/><task id="t"/><endEvent id="ce"/>'
        + on_message('<userTask id="w"/>', "came w ev_e", interrupting=False),
        "cs t ce",
        key="C",
    )
    call = f'<callActivity id="call" calledElement="C">{parameters("output", "r", "${missing}")}</callActivity>'
    case = Case(process(f"{ENDS}{call}", "s call e"), called).start()
    case.message("m")
    retry(case, missing=7)
    assert case.open == ["w"]
    case.complete("w")
    assert (case.state.ended, case.variables["r"]) == ("completed", 7)


def test_a_called_process_that_cannot_open_is_opened_once_when_retried() -> None:
    timer = "<timerEventDefinition><timeDuration>${wait}</timeDuration></timerEventDefinition>"
    called = process(
        '<startEvent id="cs"/><userTask id="u"/><endEvent id="ce"/><subProcess id="late" triggeredByEvent="true">'
        f'<startEvent id="ls">{timer}</startEvent><endEvent id="le"/>{flows("ls le")}</subProcess>',
        "cs u ce",
        key="C",
    )
    passed = '<extensionElements><camunda:out source="answer" target="answer"/></extensionElements>'
    call = f'<callActivity id="call" calledElement="C">{passed}</callActivity>'
    case = Case(process(f"{ENDS}{call}", "s call e"), called).start()
    assert "'wait'" in case.incidents[0]
    (token,) = (token for token in case.state.tokens.values() if token.incident)
    case.do(c.SetVariables(token.id, {"wait": "PT1H"}))
    case.do(c.RetryIncident(case.incident_ids[0]))
    assert (case.open, case.incidents) == (["u"], [])
    case.complete("u", answer="yes")
    assert (case.state.ended, case.variables["answer"]) == ("completed", "yes")


def test_an_event_subprocess_whose_inputs_fail_begins_when_it_is_retried() -> None:
    body = on_message(log_of("q"), "came w ev_e", interrupting=True).replace(
        '"true">', f'"true">{parameters("input", "q", "${missing}")}', 1
    )
    case = Case(process(f'{ENDS}<userTask id="u"/>{body}', "s u e")).start()
    case.message("m", from_whom="clerk")
    assert (case.trace, len(case.incidents)) == ([], 1)
    retry(case, missing="late")
    assert (case.trace, case.state.ended) == (["late"], "completed")
    assert case.variables["from_whom"] == "clerk"


def log_of(name: str) -> str:
    return f'<scriptTask id="w"><script>log({name})</script></scriptTask>'


def test_a_deadline_passes_although_the_inputs_of_its_activity_fail_and_a_retry_arms_it_no_second_time() -> None:
    timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
    body = (
        f'{ENDS}<userTask id="u">{parameters("input", "q", "${missing}")}</userTask><userTask id="late"/>'
        f'<boundaryEvent id="b" attachedToRef="u">{timer}</boundaryEvent>'
    )
    case = Case(process(body, "s u e", "b late e")).start()
    retry(case)
    assert (len(case.state.waits), len(case.incidents)) == (1, 1)
    case.advance(hours=1)
    assert (case.open, case.incidents) == (["late"], [])


def test_a_user_task_with_an_error_that_nothing_catches_is_still_open() -> None:
    case = Case(process(f'{ENDS}<userTask id="u"/>', "s u e")).start()
    case.do(c.ThrowError(case.waiting("u")[0], "X"))
    assert (case.open, len(case.incidents)) == (["u"], 1)
    retry(case)
    assert (case.open, case.incidents) == (["u"], [])
    case.do(c.ThrowError(case.waiting("u")[0], "X"))
    case.complete("u")
    assert case.state.ended == "completed"


def test_a_condition_that_cannot_be_decided_leaves_the_incident_of_its_job_alone() -> None:
    body = (
        f'{ENDS}<serviceTask id="a"/><endEvent id="e2"/><boundaryEvent id="b" attachedToRef="a"><conditionalEventDefinition>'
        "<condition>1 / n &gt; 5</condition></conditionalEventDefinition></boundaryEvent>"
    )
    case = Case(process(body, "s a e", "b e2")).start(n=1)
    case.do(c.RaiseIncident(case.waiting("a")[0], "the printer is out of paper"))
    case.do(c.SetVariables(1, {"n": 0}))
    assert case.incidents == ["the printer is out of paper"]
    (incident,) = case.incident_ids
    case.do(c.RetryIncident(incident))
    assert "1 / n" in case.incidents[0]


def test_tokens_without_measure_stop_before_they_are_sent() -> None:
    body = '<startEvent id="s"/><task id="t" completionQuantity="999999999"/><userTask id="u"/>'
    case = Case(process(body, "s t u")).start()
    assert case.open == []
    [message] = [fact.message for fact in case.facts if isinstance(fact, facts.IncidentRaised)]
    assert "Expected at most 100,000 tokens in one command" in message
