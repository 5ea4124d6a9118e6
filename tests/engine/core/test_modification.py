"""A person takes tokens away and puts others down: what is opened, what ends, what is put right, what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from engine.core import commands as c
from engine.core import facts
from engine.core.state import ROOT, State, Token
from engine.errors import InvalidChange, InvalidState
from tests.engine.core.blocks import draw
from tests.engine.core.case import (
    COMPENSATE,
    END,
    MESSAGE,
    SIGNAL,
    START,
    Case,
    boundary,
    event,
    event_subprocess,
    log,
    process,
    scope,
    timer,
)
from tests.engine.core.random_run import RandomRun
from tests.fuzz import size_of


def user(name: str, inner: str = "", attributes: str = "") -> str:
    return f'<userTask id="{name}" {attributes}>{inner}</userTask>'


def inside(name: str, *names: str, inner: str = "") -> str:
    """A sub-process of user tasks in a row; ``b1`` is its start event, ``b2`` its end event."""
    body = f'<startEvent id="{name}1"/>' + "".join(map(user, names)) + f'<endEvent id="{name}2"/>' + inner
    return scope(name, body, " ".join((f"{name}1", *names, f"{name}2")))


def modify(case: Case, *instructions: c.Instruction) -> list[facts.Fact]:
    return case.do(c.ModifyInstance(instructions, "it went wrong"))


def token(case: Case, element_id: str) -> Token:
    return next(each for each in case.state.tokens.values() if each.element_id == element_id)


def problems(case: Case, *instructions: c.Instruction) -> tuple[str, ...]:
    """Why these are refused; the case stays as it was."""
    before = case.state.to_json()
    with pytest.raises(InvalidChange) as refused:
        modify(case, *instructions)
    case.state = State.from_json(before)
    return refused.value.problems


# Taking away and putting down


def test_a_token_is_moved_back() -> None:
    case = Case(process(START + user("a") + user("b") + END, "s a b e")).start()
    case.complete("a")
    modify(case, c.CancelElement("b"), c.StartBefore("a"))
    assert case.open == ["a"]
    case.complete("a")
    case.complete("b")
    assert case.state.ended == "completed"


def test_why_is_told_with_what_was_taken_away() -> None:
    case = Case(process(START + user("a") + END, "s a e")).start()
    modify(case, c.StartBefore("a"), c.CancelToken(token(case, "a").id))
    assert [fact.reason for fact in case.happened(facts.UserTaskCancelled)] == ["it went wrong"]
    assert [fact.reason for fact in case.happened(facts.ElementTerminated)] == ["it went wrong"]


def test_one_of_several_tokens_at_an_element_is_cancelled() -> None:
    case = Case(process(START + user("a") + END, "s a e")).start()
    modify(case, c.StartBefore("a"))
    first, second = case.waiting("a")
    modify(case, c.CancelToken(first))
    assert case.waiting("a") == [second]


def test_a_token_is_started_behind_an_element_and_on_a_flow() -> None:
    body = START + user("a") + '<exclusiveGateway id="x"/>' + user("b") + user("k") + END
    case = Case(process(body, "s a x b e", "x k e", conditions={"x-b": "n > 0", "x-k": "n &lt;= 0"})).start(n=1)
    modify(case, c.StartAfter("a"))
    assert case.open == ["a", "b"]
    modify(case, c.StartOn("x-k"))
    assert case.open == ["a", "b", "k"]
    assert "x-k" in [fact.flow_id for fact in case.happened(facts.FlowTaken)]


def test_what_is_started_gets_its_variables_inputs_and_boundary_events() -> None:
    mapped = (
        "<extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="sum">${n + given}</camunda:inputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    body = START + user("a") + user("b", mapped) + boundary("late", "b", timer("PT1H")) + END
    case = Case(process(body, "s a b e", "late e")).start(n=1)
    modify(case, c.CancelElement("a"), c.StartBefore("b", variables={"given": 4}))
    assert token(case, "b").variables == {"given": 4, "sum": 5}
    case.advance(hours=2)
    assert case.state.ended == "completed"


def test_variables_are_written_first_where_that_comes_first() -> None:
    body = START + user("a") + '<exclusiveGateway id="x"/>' + user("b") + user("k") + END
    case = Case(process(body, "s a x b e", "x k e", conditions={"x-b": "n > 0", "x-k": "n &lt;= 0"})).start(n=1)
    modify(case, c.WriteVariables(ROOT, {"n": 0}), c.CancelElement("a"), c.StartBefore("x"))
    assert case.open == ["k"]


def test_nothing_moves_before_every_instruction_is_carried_out() -> None:
    case = Case(process(START + user("a") + log("b") + user("k") + END, "s a b k e")).start()
    modify(case, c.StartBefore("b"), c.CancelElement("b"), c.StartBefore("k"))
    assert (case.trace, case.open) == ([], ["a", "k"])


def test_a_scope_around_is_opened_with_its_boundary_and_event_subprocess() -> None:
    handler = event_subprocess("h", MESSAGE, user("hu") + '<endEvent id="he"/>', "h_s hu he", interrupting=False)
    inner = '<startEvent id="o1"/>' + inside("in", "y", "z") + '<endEvent id="o2"/>' + handler
    body = START + user("a") + scope("out", inner, "o1 in o2") + END
    case = Case(process(body + boundary("late", "out", timer("PT1H")), "s a out e", "late e")).start()
    modify(case, c.CancelElement("a"), c.StartBefore("z"))
    assert case.open == ["z"]
    standing = [each.element_id for each in case.state.tokens.values()]
    assert standing == ["P", "out", "in", "z"]
    case.message("m")
    assert case.open == ["hu", "z"]
    case.complete("hu")
    case.complete("z")
    assert case.state.ended == "completed"


def test_the_scope_that_is_there_is_taken() -> None:
    case = Case(process(START + inside("b", "x", "y") + END, "s b e")).start()
    modify(case, c.StartBefore("y"))
    assert [each.element_id for each in case.state.tokens.values()] == ["P", "b", "x", "y"]


def test_a_scope_that_loses_its_last_token_ends_with_those_around_it() -> None:
    body = START + '<parallelGateway id="f"/>' + user("a") + inside("b", "x") + END
    case = Case(process(body, "s f a e", "f b e")).start()
    modify(case, c.CancelElement("x"))
    assert [each.element_id for each in case.state.tokens.values()] == ["P", "a"]
    case.complete("a")
    assert case.state.ended == "completed"


def test_a_scope_that_gets_another_token_at_once_stays() -> None:
    case = Case(process(START + inside("b", "x", "y") + END, "s b e")).start()
    before = token(case, "b").id
    modify(case, c.CancelElement("x"), c.StartBefore("y"))
    assert token(case, "b").id == before
    case.complete("y")
    assert case.state.ended == "completed"


# Joins


def test_a_token_is_sent_into_a_join_by_its_flow() -> None:
    body = START + '<parallelGateway id="f"/>' + user("a") + user("b") + '<parallelGateway id="j"/>' + user("z") + END
    case = Case(process(body, "s f a j z e", "f b j")).start()
    modify(case, c.CancelElement("b"), c.StartOn("b-j"))
    case.complete("a")
    assert case.open == ["z"]


def test_a_token_that_waits_to_be_joined_is_taken_away() -> None:
    body = START + '<parallelGateway id="f"/>' + user("a") + user("b") + '<parallelGateway id="j"/>' + END
    case = Case(process(body, "s f a j e", "f b j")).start()
    case.complete("a")
    modify(case, c.CancelElement("j"), c.StartBefore("a"))
    assert case.state.tokens[ROOT].arrived == {}
    case.complete("a")
    case.complete("b")
    assert case.state.ended == "completed"


def test_an_inclusive_join_goes_on_when_what_it_waited_for_is_taken_away() -> None:
    body = START + '<inclusiveGateway id="f"/>' + user("a") + user("b") + '<inclusiveGateway id="j"/>' + user("z") + END
    case = Case(process(body, "s f a j z e", "f b j")).start()
    case.complete("a")
    modify(case, c.CancelElement("b"))
    assert case.open == ["z"]


def test_a_join_that_is_started_goes_on_at_once() -> None:
    body = START + '<parallelGateway id="f"/>' + user("a") + user("b") + '<parallelGateway id="j"/>' + user("z") + END
    case = Case(process(body, "s f a j z e", "f b j")).start()
    modify(case, c.CancelElement("a"), c.CancelElement("b"), c.StartBefore("j"))
    assert case.open == ["z"]


def test_a_complex_gateway_is_started_and_its_round_forgotten() -> None:
    gateway = (
        '<complexGateway id="j"><activationCondition>activationCount &gt;= 1</activationCondition></complexGateway>'
    )
    body = START + '<parallelGateway id="f"/>' + user("a") + user("b") + gateway + user("z") + END
    case = Case(process(body, "s f a j z e", "f b j")).start()
    case.complete("a")
    modify(case, c.CancelElement("j"), c.CancelElement("z"), c.StartBefore("j"))
    assert (case.open, case.state.tokens[ROOT].activated) == (["b", "z"], {})


# Multi-instance activities and loops

MANY = '<multiInstanceLoopCharacteristics camunda:collection="${them}" camunda:elementVariable="it"/>'
IN_TURN = MANY.replace(" camunda:coll", ' isSequential="true" camunda:coll')


def test_one_instance_is_cancelled_and_the_others_end_the_activity() -> None:
    case = Case(process(START + user("a", MANY) + user("b") + END, "s a b e")).start(them=[1, 2, 3])
    modify(case, c.CancelToken(case.waiting("a")[1]))
    case.complete("a")
    case.complete("a")
    assert case.open == ["b"]


def test_an_instance_is_added() -> None:
    case = Case(process(START + user("a", MANY) + user("b") + END, "s a b e")).start(them=[1])
    modify(case, c.StartBefore("a", token(case, "a").id, {"it": 7}))
    assert [case.state.tokens[each].variables["it"] for each in case.waiting("a")] == [1, 7]
    case.complete("a")
    assert case.open == ["a"]
    case.complete("a")
    assert case.open == ["b"]


def test_an_item_is_added_behind_those_that_come_in_turn() -> None:
    case = Case(process(START + user("a", IN_TURN) + END, "s a e")).start(them=[1])
    modify(case, c.StartBefore("a", token(case, "a").id, {"it": 7}))
    assert len(case.waiting("a")) == 1
    case.complete("a")
    assert case.state.tokens[case.waiting("a")[0]].variables["it"] == 7
    case.complete("a")
    assert case.state.ended == "completed"


def test_the_whole_activity_is_cancelled_and_started_anew() -> None:
    case = Case(process(START + user("a", MANY) + END, "s a e")).start(them=[1, 2])
    modify(case, c.CancelElement("a"), c.StartBefore("a"))
    assert len(case.waiting("a")) == 2
    assert [each.index for each in case.state.tokens.values()] == [None, None, 0, 1]


def test_what_is_inside_needs_an_instance_that_is_alive() -> None:
    body = inside("b", "x", "y").replace('<startEvent id="b1"/>', MANY + '<startEvent id="b1"/>')
    case = Case(process(START + user("a") + body + END, "s a b e")).start(them=[1, 2])
    assert "which item a new one is for" in problems(case, c.StartBefore("x"))[0]
    case.complete("a")
    assert "Name one of them" in problems(case, c.StartBefore("y"))[0]
    second = [each.id for each in case.state.tokens.values() if each.element_id == "b"][2]
    modify(case, c.StartBefore("y", second))
    assert case.state.tokens[case.waiting("y")[0]].scope_id == second


IN_ITEMS = scope(
    "b",
    f'{MANY}<startEvent id="b1"/>{user("x")}{user("y")}{inside("c", "z")}<endEvent id="b2"/>',
    "b1 x y c b2",
)


def test_what_is_inside_is_started_in_an_instance_of_its_own_where_the_activity_is_named() -> None:
    case = Case(process(START + IN_ITEMS + END, "s b e")).start(them=[1, 2])
    body = token(case, "b").id
    modify(case, c.StartBefore("y", body, {"it": 7, "note": "late"}))
    new = case.state.tokens[case.waiting("y")[0]]
    scope = case.state.tokens[new.scope_id]
    assert (scope.element_id, scope.scope_id, scope.index) == ("b", body, 2)
    assert (scope.variables["it"], scope.variables["loopCounter"]) == (7, 2)
    assert new.variables == {"note": "late"}
    modify(case, c.StartBefore("z", body, {"it": 8}))
    inner = case.state.tokens[case.state.tokens[case.waiting("z")[0]].scope_id]
    assert case.state.tokens[inner.scope_id].variables["it"] == 8
    for name in ("x", "x", "y", "y", "y", "z", "z", "z", "z"):
        assert not case.state.ended
        case.complete(name)
    assert case.state.ended == "completed"


def test_a_new_instance_needs_its_item_and_a_place_beside_the_others() -> None:
    case = Case(process(START + IN_ITEMS + END, "s b e")).start(them=[1, 2])
    body = token(case, "b").id
    assert "Expected 'it', which holds the item" in problems(case, c.StartBefore("y", body))[0]
    assert "Expected 'it', which holds the item" in problems(case, c.StartOn("x-y", body))[0]
    case = Case(process(START + IN_ITEMS.replace(MANY, IN_TURN) + END, "s b e")).start(them=[1, 2])
    body = token(case, "b").id
    assert "come one after the other" in problems(case, c.StartBefore("y", body, {"it": 7}))[0]
    looped = IN_ITEMS.replace(MANY, '<standardLoopCharacteristics loopMaximum="2"/>')
    case = Case(process(START + looped + END, "s b e")).start()
    assert "is a loop" in problems(case, c.StartBefore("y", token(case, "b").id, {"it": 7}))[0]


def test_a_loop_counts_by_itself() -> None:
    case = Case(process(START + user("a", '<standardLoopCharacteristics loopMaximum="2"/>') + END, "s a e")).start()
    assert "is a loop" in problems(case, c.StartBefore("a", token(case, "a").id))[0]


# Event sub-processes, boundary events, compensation


OFF = event_subprocess("off", MESSAGE, user("wait") + '<endEvent id="oe"/>', "off_s wait oe")
ON = event_subprocess("on", SIGNAL, user("note") + '<endEvent id="ne"/>', "on_s note ne", interrupting=False)


def test_an_interrupted_scope_that_gets_tokens_back_can_be_interrupted_again() -> None:
    case = Case(process(START + user("a") + END + OFF + ON, "s a e")).start()
    case.message("m")
    assert case.open == ["wait"]
    modify(case, c.CancelElement("off"), c.StartBefore("a"))
    assert not case.state.tokens[ROOT].interrupted
    case.signal("g")
    assert case.open == ["a", "note"]
    case.message("m")
    assert case.open == ["wait"]


def test_what_has_interrupted_a_scope_has_to_go_first() -> None:
    case = Case(process(START + user("a") + END + OFF, "s a e")).start()
    case.message("m")
    assert "'off' has interrupted it. Cancel that first" in problems(case, c.StartBefore("a"))[0]


def test_handlers_that_were_not_waited_for_any_more_are_again() -> None:
    case = Case(process(START + user("a") + END + ON, "s a e")).start()
    case.signal("g")
    case.complete("a")
    assert not case.state.waits
    modify(case, c.StartBefore("a"))
    case.signal("g")
    assert case.open == ["a", "note", "note"]


def test_an_event_subprocess_is_started_as_if_its_event_had_come() -> None:
    case = Case(process(START + user("a") + END + OFF + ON, "s a e")).start()
    modify(case, c.StartBefore("on"))
    assert case.open == ["a", "note"]
    modify(case, c.StartBefore("off"))
    assert case.open == ["wait"]
    case.complete("wait")
    assert case.state.ended == "completed"


def test_an_event_subprocess_and_an_element_in_it_are_started_together() -> None:
    case = Case(process(START + user("a") + ON + END, "s a e")).start()
    modify(case, c.StartBefore("on"), c.StartBefore("note"))
    assert case.open == ["a", "note", "note"]


def test_an_element_in_an_interrupting_event_subprocess_interrupts() -> None:
    case = Case(process(START + user("a") + END + OFF, "s a e")).start()
    modify(case, c.StartBefore("wait"))
    assert (case.open, case.state.waits) == (["wait"], {})


def test_one_goes_on_behind_a_boundary_event() -> None:
    body = START + user("a") + boundary("late", "a", timer("PT1H")) + user("b") + END
    case = Case(process(body, "s a e", "late b e")).start()
    modify(case, c.StartAfter("late"))
    assert case.open == ["a", "b"]


def test_what_was_completed_can_still_be_compensated() -> None:
    body = START + log("pay") + boundary("undo", "pay", COMPENSATE) + user("a") + user("b")
    body += log("refund").replace("<scriptTask", '<scriptTask isForCompensation="true"')
    body += '<association id="x" associationDirection="One" sourceRef="undo" targetRef="refund"/>'
    body += event("endEvent", "e", COMPENSATE)
    case = Case(process(body, "s pay a b e")).start()
    modify(case, c.CancelElement("a"), c.StartBefore("b"))
    case.complete("b")
    assert case.trace == ["pay", "refund"]


def test_what_undoes_something_goes_on_when_one_of_it_is_taken_away() -> None:
    body = START
    for name in ("one", "two"):
        body += log(name) + boundary(f"undo_{name}", name, COMPENSATE)
        body += user(f"re_{name}", attributes='isForCompensation="true"')
        body += f'<association id="x_{name}" associationDirection="One" sourceRef="undo_{name}" targetRef="re_{name}"/>'
    case = Case(process(body + event("endEvent", "e", COMPENSATE), "s one two e")).start()
    assert case.open == ["re_two"]
    modify(case, c.CancelElement("re_two"))
    assert case.open == ["re_one"]


def test_the_next_of_an_ad_hoc_subprocess_begins_when_one_is_taken_away() -> None:
    body = f'<adHocSubProcess id="b" ordering="Sequential">{user("x")}{user("y")}</adHocSubProcess>'
    case = Case(process(START + body + END, "s b e")).start()
    modify(case, c.CancelElement("x"))
    assert case.open == ["y"]


def test_a_link_target_goes_on() -> None:
    throw = event("intermediateThrowEvent", "t", '<linkEventDefinition name="l"/>')
    catch = event("intermediateCatchEvent", "k", '<linkEventDefinition name="l"/>')
    case = Case(process(START + user("a") + throw + catch + user("b") + END, "s a t", "k b e")).start()
    modify(case, c.StartBefore("k"))
    assert case.open == ["a", "b"]


# Called processes

CALLS = process(START + user("a") + '<callActivity id="call" calledElement="Q"/>' + END, "s a call e")
CALLED = process('<startEvent id="qs"/>' + user("q") + user("r") + '<endEvent id="qe"/>', "qs q r qe", key="Q")


def test_what_is_in_a_called_process_can_be_started_while_that_runs() -> None:
    case = Case(CALLS, CALLED).start()
    assert "Expected 'r' to be in a process that is alive" in problems(case, c.StartBefore("r"))[0]
    case.complete("a")
    modify(case, c.CancelElement("q"), c.StartBefore("r"))
    assert case.open == ["r"]
    case.complete("r")
    assert case.state.ended == "completed"


def test_a_called_process_that_loses_its_last_token_ends_with_its_call() -> None:
    case = Case(CALLS, CALLED).start()
    modify(case, c.StartBefore("call"))
    modify(case, c.CancelElement("q"))
    assert [each.element_id for each in case.state.tokens.values()] == ["P", "a"]


def test_of_two_calls_one_is_named() -> None:
    case = Case(CALLS, CALLED).start()
    modify(case, c.CancelElement("a"), c.StartBefore("call"), c.StartBefore("call"))
    first, second = (each.id for each in case.state.tokens.values() if each.element_id == "Q")
    assert f"several are alive: tokens {first}, {second}" in problems(case, c.StartBefore("r"))[0]
    modify(case, c.StartBefore("r", second))
    assert case.state.tokens[case.waiting("r")[0]].scope_id == second


# Refused


@pytest.mark.parametrize(
    ("instruction", "why"),
    [
        (c.CancelToken(ROOT), "Cancel the instance instead"),
        (c.CancelToken(99), "Expected token 99 to be alive"),
        (c.CancelElement("b"), "Expected a token at 'b', but there is none."),
        (c.CancelElement("nowhere"), "No process that is alive has an element of that id"),
        (c.StartBefore("nowhere"), "Expected 'nowhere' to be in a process that is alive"),
        (c.StartBefore("a", 99), "Expected token 99 to be alive"),
        (c.StartBefore("late"), "is a boundary event"),
        (c.StartBefore("P"), "is the process itself"),
        (c.StartBefore("off_s"), "starts the event sub-process 'off'"),
        (c.StartAfter("e"), "Expected one flow that leads out of 'e', but they are: none"),
        (c.StartAfter("x"), "they are: 'x-b', 'x-e'"),
        (c.StartOn("a-b"), "Expected the flow 'a-b' to be in a process that is alive"),
        (c.WriteVariables(ROOT, {"n": object()}), "must be a JSON value"),
        (c.StartBefore("fails"), "k"),
        (c.CancelElement("a"), "nothing would be"),
    ],
)
def test_nonsense_is_refused_and_says_what_is_expected(instruction: c.Instruction, why: str) -> None:
    fails = scope("f", f'<startEvent id="f1"/>{user("fails")}<endEvent id="f2"/>', "f1 fails f2")
    mapped = (
        "<extensionElements><camunda:inputOutput>"
        '<camunda:inputParameter name="sum">${k + 1}</camunda:inputParameter>'
        "</camunda:inputOutput></extensionElements>"
    )
    fails = fails.replace('<subProcess id="f" >', f'<subProcess id="f">{mapped}')
    body = START + user("a") + boundary("late", "a", timer("PT1H")) + '<exclusiveGateway id="x"/>' + user("b") + END
    drawn = process(body + OFF + fails, "s a x b e", "x e", "late f e", conditions={"x-b": "n > 0", "x-e": "n &lt; 0"})
    case = Case(drawn).start()
    (told,) = problems(case, instruction)
    assert why in told


def test_every_problem_is_told_at_once() -> None:
    case = Case(process(START + user("a") + END, "s a e")).start()
    told = problems(case, c.StartBefore("x"), c.StartBefore("a"), c.CancelToken(77))
    assert [each.split(".")[0] for each in told] == ["1", "3"]
    assert "nothing is asked" in problems(case)[0]


def test_a_suspended_instance_can_be_repaired_and_waits_then() -> None:
    case = Case(process(START + user("a") + log("l") + user("b") + END, "s a l b e")).start()
    case.do(c.SuspendInstance("it is wrong"))
    modify(case, c.CancelElement("a"), c.StartBefore("l"))
    assert (case.trace, case.open) == (["l"], ["b"])
    with pytest.raises(InvalidState, match="is suspended"):
        case.complete("b")
    case.do(c.ResumeInstance("it is right"))
    case.complete("b")
    assert case.state.ended == "completed"


# At random


class Repaired(RandomRun):
    """A random run in which a person steps in now and then."""

    repairs = 0

    def _moves(self) -> Any:
        yield from super()._moves()
        if self.repairs < 5:
            yield 1.5, self._repair

    def _repair(self) -> None:
        tokens = [each for each in self.state.tokens.values() if each.id != ROOT and each.definition_id is None]
        wanted: list[c.Instruction] = []
        for _ in range(self.random.randrange(1, 3)):
            elements = [each for model in self.models.values() for each in model.elements]
            flows = [each for model in self.models.values() for each in model.flows]
            wanted.append(
                self.random.choice(
                    [
                        c.StartBefore(self.random.choice(elements)),
                        *(
                            [c.StartBefore(self.random.choice(elements), self.random.choice(tokens).id)]
                            if tokens
                            else []
                        ),
                        c.StartOn(self.random.choice(flows)) if flows else c.WriteVariables(ROOT, {"n": 1}),
                        *([c.CancelToken(self.random.choice(tokens).id)] if tokens else []),
                    ]
                )
            )
        self.repairs += self._modify(*wanted)

    def _modify(self, *wanted: c.Instruction) -> bool:
        """Whether that could be done."""
        kept = self.state.to_json()
        self.watch.is_by_hand = True
        try:
            self.do(c.ModifyInstance(wanted, "repaired"))
        except InvalidChange:
            self.state = State.from_json(kept)
            return False
        finally:
            self.watch.is_by_hand = False
        return True

    def _mend_and_retry(self, token: Token) -> None:
        """Tokens may wait at a join for others that were taken away, and what counts rounds may have been passed by."""
        assert token.incident is not None
        missing = re.search(r"Expected a variable '(\w+)'", token.incident.message)
        if missing is not None:
            self.do(c.SetVariables(ROOT, {missing[1]: 99}))
        if "Expected every join" not in token.incident.message:
            super()._mend_and_retry(token)
        elif not self._modify(c.CancelElement(next(iter(token.arrived)))):
            self.do(c.CancelInstance("nothing is left"))


def go(seed: int) -> Repaired:
    case = Repaired(draw(seed, size_of(seed)), seed)
    case.go(20)
    return case


def test_whatever_is_repaired_it_ends_and_leaves_nothing_behind() -> None:
    assert sum(go(seed).repairs for seed in range(60)) > 60
