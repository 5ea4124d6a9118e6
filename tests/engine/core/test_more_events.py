"""Conditional, escalation, link, multiple and parallel multiple events, and events that start a process (10.5)."""

from __future__ import annotations

from engine.core import commands as c
from engine.core import facts
from tests.engine.core.case import (
    END,
    ESCALATION,
    MESSAGE,
    SIGNAL,
    SIGNAL_H,
    START,
    Case,
    boundary,
    condition,
    event,
    event_subprocess,
    log,
    process,
    scope,
    timer,
)

USER = '<userTask id="u"/>'
CATCH = "intermediateCatchEvent"
THROW = "intermediateThrowEvent"


def handled(definitions: str, *, interrupting: bool = True) -> str:
    """A user task with a boundary event that leads to H."""
    body = START + USER + log("A") + boundary("b", "u", definitions, interrupting=interrupting) + log("H") + END
    return process(body, "s u A e", "b H e")


class TestConditions:
    def test_a_condition_that_holds_already_is_not_waited_for(self) -> None:
        body = START + event(CATCH, "k", condition("go")) + log("A") + END
        assert Case(process(body, "s k A e")).start(go=True).trace == ["A"]

    def test_a_catching_event_waits_until_its_condition_holds(self) -> None:
        case = Case(process(START + event(CATCH, "k", condition("n &gt; 1")) + log("A") + END, "s k A e")).start(n=0)
        case.set(n=1)
        assert case.trace == []
        case.set(n=2)
        assert case.trace == ["A"]

    def test_a_variable_that_is_not_there_yet_is_waited_for(self) -> None:
        case = Case(process(START + event(CATCH, "k", condition("go")) + log("A") + END, "s k A e")).start()
        assert not case.incidents
        case.set(go=True)
        assert case.trace == ["A"]

    def test_an_interrupting_boundary_event_ends_its_activity_before_anything_in_it_goes_on(self) -> None:
        inside = '<startEvent id="s2"/><scriptTask id="x"><script>go = true</script></scriptTask>' + log("A")
        body = START + scope("sp", inside, "s2 x A") + boundary("b", "sp", condition("go")) + log("H") + END
        assert Case(process(body, "s sp e", "b H e")).start(go=False).trace == ["H"]

    def test_a_non_interrupting_one_comes_each_time_its_condition_begins_to_hold(self) -> None:
        case = Case(handled(condition("n &gt; 1"), interrupting=False)).start(n=0)
        for n in (2, 3, 0, 5):
            case.set(n=n)
        assert case.trace == ["H", "H"]
        case.complete("u")
        assert case.trace == ["H", "H", "A"]
        assert case.state.ended == "completed"

    def test_an_event_subprocess_starts_by_a_condition(self) -> None:
        for interrupting, trace in ((True, ["H"]), (False, ["H", "A"])):
            handler = event_subprocess("es", condition("go"), log("H"), "es_s H", interrupting=interrupting)
            case = Case(process(START + USER + log("A") + END + handler, "s u A e")).start(go=False)
            case.set(go=True)
            if case.open:
                case.complete("u")
            assert case.trace == trace
            assert case.state.ended == "completed"

    def test_an_event_based_gateway_waits_for_a_condition_too(self) -> None:
        body = START + '<eventBasedGateway id="g"/>' + event(CATCH, "k", condition("go")) + event(CATCH, "w", SIGNAL)
        case = Case(process(body + log("A") + log("B") + END, "s g k A e", "g w B e")).start(go=False)
        case.set(go=True)
        assert case.trace == ["A"]
        assert not case.state.waits

    def test_a_condition_that_cannot_be_decided_is_an_incident_that_hinders_nobody(self) -> None:
        case = Case(handled(condition("n &gt; 1"))).start(n=0)
        case.set(n="many")
        assert "n > 1" in case.incidents[0]
        case.complete("u")
        assert case.trace == ["A"]
        assert not case.incidents
        assert case.state.ended == "completed"

    def test_after_a_retry_it_is_looked_at_again(self) -> None:
        case = Case(handled(condition("n &gt; 1"))).start(n=0)
        case.set(n="many")
        case.set(n=2)
        assert case.trace == []
        case.do(c.RetryIncident(case.incident_ids[0]))
        assert case.trace == ["H"]


class TestEscalations:
    INSIDE = '<startEvent id="s2"/>' + event(THROW, "t", ESCALATION) + log("A")

    def test_an_interrupting_catcher_ends_the_thrower(self) -> None:
        body = START + scope("sp", self.INSIDE, "s2 t A") + boundary("b", "sp", ESCALATION) + log("H") + END
        assert Case(process(body, "s sp e", "b H e")).start().trace == ["H"]

    def test_beside_a_non_interrupting_one_the_thrower_goes_on(self) -> None:
        catcher = boundary("b", "sp", ESCALATION, interrupting=False)
        body = START + scope("sp", self.INSIDE, "s2 t A") + catcher + log("H") + log("B") + END
        assert sorted(Case(process(body, "s sp B e", "b H e")).start().trace) == ["A", "B", "H"]

    def test_it_reaches_the_innermost_catcher_of_its_code_across_a_call(self) -> None:
        called = process('<startEvent id="qs"/>' + event("endEvent", "qe", ESCALATION), "qs qe", key="Q")
        other = '<escalationEventDefinition escalationRef="esc_d"/>'
        call = '<callActivity id="c" calledElement="Q"/>' + boundary("b", "c", other) + log("X")
        inner = '<startEvent id="s2"/>' + call
        body = START + scope("sp", inner, "s2 c", "b X") + boundary("b2", "sp", ESCALATION) + log("H") + END
        assert Case(called, process(body, "s sp e", "b2 H e")).start().trace == ["H"]

    def test_it_never_reaches_a_sibling(self) -> None:
        sibling = scope("sq", '<startEvent id="s3"/><userTask id="w"/>', "s3 w") + boundary("b", "sq", ESCALATION)
        thrower = scope("sp", self.INSIDE, "s2 t A")
        body = START + '<parallelGateway id="f"/>' + thrower + sibling + log("H") + END
        case = Case(process(body, "s f sp e", "f sq e", "b H e")).start()
        assert case.trace == ["A"]
        assert case.open == ["w"]

    def test_nobody_has_to_catch_it(self) -> None:
        case = Case(process(START + event(THROW, "t", ESCALATION) + log("A") + END, "s t A e")).start()
        assert case.trace == ["A"]
        (thrown,) = case.happened(facts.EscalationThrown)
        assert (thrown.code, thrown.caught_by) == ("C", None)

    def test_an_event_subprocess_catches_it_but_not_what_it_throws_itself(self) -> None:
        again = event("endEvent", "ee", ESCALATION)
        handler = event_subprocess("es", ESCALATION, log("H") + again, "es_s H ee", interrupting=False)
        inside = self.INSIDE + handler
        body = (
            START + scope("sp", inside, "s2 t A") + boundary("b", "sp", ESCALATION, interrupting=False) + log("O") + END
        )
        case = Case(process(body, "s sp e", "b O e")).start()
        assert sorted(case.trace) == ["A", "H", "O"]
        assert case.state.ended == "completed"

    def test_a_person_may_escalate_a_user_task_and_still_complete_it(self) -> None:
        catcher = '<escalationEventDefinition escalationRef="esc_c" camunda:escalationCodeVariable="why"/>'
        case = Case(handled(catcher, interrupting=False)).start()
        case.do(c.ThrowEscalation(case.waiting("u")[0], "C", {"note": "late"}))
        assert case.trace == ["H"]
        assert (case.variables["why"], case.variables["note"]) == ("C", "late")
        case.complete("u")
        assert case.state.ended == "completed"


class TestHandlers:
    def test_no_more_of_them_begin_once_nothing_else_is_at_work_in_their_scope(self) -> None:
        handler = event_subprocess("es", SIGNAL, '<userTask id="v"/>', "es_s v", interrupting=False)
        stop = event_subprocess("ei", MESSAGE, log("H"), "ei_s H")
        case = Case(process(START + USER + END + handler + stop, "s u e")).start()
        case.signal("g")
        case.complete("u")
        case.signal("g")
        assert case.open == ["v"]
        case.message("m")
        assert case.trace == ["H"], "what interrupts still may"
        assert case.state.ended == "completed"


class TestLinks:
    LINK = '<linkEventDefinition name="L"/>'

    def test_a_link_leads_from_every_source_to_its_one_target(self) -> None:
        body = START + '<parallelGateway id="f"/>' + event(THROW, "t", self.LINK) + event(THROW, "t2", self.LINK)
        case = Case(process(body + event(CATCH, "k", self.LINK) + log("A") + END, "s f t", "f t2", "k A e")).start()
        assert case.trace == ["A", "A"]
        assert case.state.ended == "completed"

    def test_a_link_may_lead_back(self) -> None:
        body = (
            START
            + '<exclusiveGateway id="m"/><scriptTask id="L"><script>n = n + 1; log(n)</script></scriptTask>'
            + '<exclusiveGateway id="x" default="x-e"/>'
            + event(THROW, "t", self.LINK)
            + event(CATCH, "k", self.LINK)
            + END
        )
        case = Case(process(body, "s m L x e", "x t", "k m", conditions={"x-t": "n &lt; 3"})).start(n=0)
        assert case.trace == ["1", "2", "3"]


class TestSeveralDefinitions:
    def test_any_one_of_them_is_enough(self) -> None:
        body = START + event(CATCH, "k", SIGNAL + MESSAGE + timer("PT1H")) + log("A") + END
        for happen in (lambda c: c.signal("g"), lambda c: c.message("m"), lambda c: c.advance(hours=2)):
            case = Case(process(body, "s k A e")).start()
            happen(case)
            assert case.trace == ["A"]
            assert not case.state.waits

    def test_a_parallel_one_needs_all_of_them_in_any_order(self) -> None:
        parallel = event(CATCH, "k", SIGNAL + MESSAGE + timer("PT1H"), 'parallelMultiple="true"')
        case = Case(process(START + parallel + log("A") + END, "s k A e")).start()
        case.advance(hours=2)
        case.signal("g")
        case.signal("g")
        assert case.trace == []
        case.message("m", note="kept")
        assert case.trace == ["A"]
        assert case.variables["note"] == "kept"

    def test_a_parallel_one_hands_on_what_came_with_each_of_them(self) -> None:
        picked = "".join(
            f'<camunda:outputParameter name="{target}">${{{source}}}</camunda:outputParameter>'
            for target, source in (("first", "one"), ("second", "two"), ("third", "three"))
        )
        picks = f"<extensionElements><camunda:inputOutput>{picked}</camunda:inputOutput></extensionElements>"
        catch = event(CATCH, "k", picks + SIGNAL + SIGNAL_H + MESSAGE, 'parallelMultiple="true"')
        beside = event(
            "boundaryEvent",
            "b",
            picks + SIGNAL + SIGNAL_H + MESSAGE,
            'attachedToRef="u" cancelActivity="false" parallelMultiple="true"',
        )
        caught = Case(process(START + catch + USER + END, "s k u e")).start()
        at_boundary = Case(process(START + USER + beside + log("H") + END, "s u e", "b H e")).start()
        for case, rounds in ((caught, 1), (at_boundary, 2)):
            for number in range(rounds):
                case.signal("h", two=2 + number)
                assert "second" not in case.variables or number
                case.message("m", three=3 + number)
                case.signal("g", one=1 + number)
                came = {name: case.variables[name] for name in ("first", "second", "third")}
                assert came == {"first": 1 + number, "second": 2 + number, "third": 3 + number}
                assert not {"one", "two", "three"} & set(case.variables)
            assert case.open == ["u"]

    def test_a_boundary_event_catches_an_error_or_a_signal(self) -> None:
        either = SIGNAL + '<errorEventDefinition errorRef="err_x"/>'
        case = Case(handled(either)).start()
        case.do(c.ThrowError(case.waiting("u")[0], "X"))
        assert case.trace == ["H"]
        case = Case(handled(either)).start()
        case.signal("g")
        assert case.trace == ["H"]

    def test_a_non_interrupting_parallel_one_comes_each_time_all_have_come(self) -> None:
        body = (
            START
            + USER
            + event(
                "boundaryEvent",
                "b",
                SIGNAL + SIGNAL_H,
                'attachedToRef="u" cancelActivity="false" parallelMultiple="true"',
            )
            + log("H")
            + END
        )
        case = Case(process(body, "s u e", "b H e")).start()
        for name in ("g", "h", "h"):
            case.signal(name)
        assert case.trace == ["H"]
        case.signal("g")
        assert case.trace == ["H", "H"]
        assert case.open == ["u"]

    def test_an_event_subprocess_starts_by_any_or_by_all(self) -> None:
        for parallel, after_one in (("false", ["H"]), ("true", [])):
            start = event("startEvent", "es_s", SIGNAL + SIGNAL_H, f'parallelMultiple="{parallel}"')
            handler = scope("es", start + log("H"), "es_s H", attributes='triggeredByEvent="true"')
            case = Case(process(START + USER + END + handler, "s u e")).start()
            case.signal("g")
            assert case.trace == after_one
            if case.open:
                case.signal("h")
            assert case.trace == ["H"]
            assert case.state.ended == "completed"

    def test_a_throwing_event_throws_all_of_them(self) -> None:
        both = event(THROW, "t", SIGNAL + MESSAGE + ESCALATION)
        case = Case(process(START + both + log("A") + END, "s t A e")).start()
        for kind in (facts.SignalThrown, facts.MessageThrown, facts.EscalationThrown):
            assert len(case.happened(kind)) == 1
        assert case.trace == ["A"]

    def test_an_end_event_may_throw_and_then_end_everything(self) -> None:
        end = event("endEvent", "e", SIGNAL + "<terminateEventDefinition/>")
        case = Case(process(START + '<parallelGateway id="f"/>' + USER + log("A") + end, "s f A e", "f u")).start()
        assert len(case.happened(facts.SignalThrown)) == 1
        assert case.state.ended == "completed"

    def test_a_shared_definition_is_found_by_reference(self) -> None:
        shared = '<signalEventDefinition id="shared" signalRef="sig_g"/>'
        body = START + event(CATCH, "k", "<eventDefinitionRef>shared</eventDefinitionRef>") + log("A") + END
        case = Case(shared, process(body, "s k A e")).start()
        case.signal("g")
        assert case.trace == ["A"]


class TestBeginnings:
    RECEIVE = '<receiveTask id="r" messageRef="msg_m" instantiate="true"/>'

    def test_a_receive_task_may_begin_a_process(self) -> None:
        case = Case(process(self.RECEIVE + log("A"), "r A")).start(at="r", note="n")
        assert case.trace == ["A"]
        assert case.variables == {"note": "n"}

    def gateway(self, kind: str) -> str:
        gateway = f'<eventBasedGateway id="g" instantiate="true" eventGatewayType="{kind}"/>'
        return process(
            gateway + event(CATCH, "k", MESSAGE) + event(CATCH, "w", SIGNAL) + log("A") + log("B") + END,
            "g k A e",
            "g w B e",
        )

    def test_an_exclusive_event_gateway_begins_with_the_first_event_alone(self) -> None:
        case = Case(self.gateway("Exclusive")).start(at="k")
        assert case.trace == ["A"]
        assert case.state.ended == "completed"

    def test_a_parallel_one_needs_the_others_too(self) -> None:
        case = Case(self.gateway("Parallel")).start(at="w")
        assert case.trace == ["B"]
        assert not case.state.ended
        case.message("m")
        assert case.trace == ["B", "A"]
        assert case.state.ended == "completed"

    def test_a_parallel_multiple_start_event_waits_for_the_rest(self) -> None:
        start = event("startEvent", "st", SIGNAL + MESSAGE, 'parallelMultiple="true"')
        case = Case(process(start + log("A"), "st A")).start(at="st", trigger=0)
        assert case.trace == []
        case.message("m")
        assert case.trace == ["A"]

    def test_a_global_task_runs_where_it_is_called(self) -> None:
        body = START + '<callActivity id="c" calledElement="G"/><callActivity id="c2" calledElement="GU"/>' + END
        task = '<globalScriptTask id="G"><script>log("G")</script></globalScriptTask><globalUserTask id="GU"/>'
        case = Case(process(body, "s c c2 e"), task).start()
        assert case.trace == ["G"]
        (open_task,) = case.open
        case.complete(open_task)
        assert case.state.ended == "completed"
