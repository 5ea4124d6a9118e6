"""A running instance goes on by another version: what stays, what is waited for, and what is in the way."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import pytest

from engine.core import commands as c
from engine.core import compile, facts, plans
from engine.core.state import ROOT, State
from engine.errors import InvalidChange, InvalidState
from tests.engine.core.blocks import draw
from tests.engine.core.case import (
    COMPENSATE,
    END,
    MESSAGE,
    SIGNAL,
    SIGNAL_H,
    START,
    Case,
    boundary,
    diagram,
    event,
    event_subprocess,
    log,
    process,
    scope,
    timer,
)
from tests.engine.core.generator import Drawn
from tests.engine.core.random_run import RandomRun
from tests.fuzz import size_of


def user(name: str, inner: str = "", attributes: str = "") -> str:
    return f'<userTask id="{name}" {attributes}>{inner}</userTask>'


class Versions(Case):
    """A case of a process P, of which there is another version, ``P2``."""

    def __init__(self, before: str, after: str, *others: str) -> None:
        super().__init__(before, *others)
        (model,) = (each for each in compile(diagram(after, *others), "test", self.functions) if each.key == "P")
        self.models["P2"] = model

    def plan(self, mapping: Mapping[str, str] | None = None, renewed: tuple[str, ...] = ()) -> c.MigrateInstance:
        """The plan that is proposed, with `mapping` in its place."""
        proposed = plans.propose(self.models["P"], self.models["P2"])
        wanted = {**proposed, **(mapping or {})}
        return c.MigrateInstance("P", "P2", {old: new for old, new in wanted.items() if new}, renewed, reason="better")

    def migrate(self, mapping: Mapping[str, str] | None = None, renewed: tuple[str, ...] = ()) -> list[facts.Fact]:
        return self.do(self.plan(mapping, renewed))

    def problems(self, mapping: Mapping[str, str] | None = None) -> tuple[str, ...]:
        """Why that is refused; the case stays as it was."""
        kept = self.state.to_json()
        with pytest.raises(InvalidChange) as refused:
            self.migrate(mapping)
        self.state = State.from_json(kept)
        return refused.value.problems

    @property
    def standing(self) -> list[str]:
        return [token.element_id for token in self.state.tokens.values()]


SIMPLE = process(START + user("a") + user("b") + END, "s a b e")


def test_a_token_stays_what_it_is_at_an_element_of_the_new_version() -> None:
    case = Versions(SIMPLE, process(START + user("a") + log("new") + user("b") + END, "s a new b e")).start(n=1)
    before = case.state.to_json()
    (migrated,) = case.migrate()
    assert case.state.to_json() == before.replace('"definition_id":"P"', '"definition_id":"P2"')
    assert (migrated.definition_id, migrated.old, migrated.elements) == ("P2", "P", {})
    case.complete("a")
    assert case.trace == ["new"]
    case.complete("b")
    assert case.state.ended == "completed"


def test_an_element_that_has_another_id_takes_the_token() -> None:
    case = Versions(SIMPLE, process(START + user("x") + user("b") + END, "s x b e")).start()
    assert "Expected a counterpart of 'a', where token" in case.problems()[0]
    case.migrate({"a": "x"})
    assert case.open == ["x"]
    case.complete("x")
    assert case.open == ["b"]


def test_two_elements_may_change_places() -> None:
    case = Versions(SIMPLE, process(START + user("b") + user("a") + END, "s b a e")).start()
    case.migrate({"a": "b", "b": "a"})
    assert case.open == ["b"]
    case.complete("b")
    assert case.open == ["a"]


def test_only_what_runs_by_the_source_is_migrated() -> None:
    case = Versions(SIMPLE, SIMPLE).start()
    case.migrate()
    with pytest.raises(InvalidState, match="does not run by P"):
        case.migrate()


# Proposed


def proposed(before: str, after: str) -> dict[str, str]:
    (source,), (target,) = compile(diagram(before)), compile(diagram(after))
    return plans.propose(source, target)


def test_what_has_the_same_id_kind_and_place_is_proposed() -> None:
    drawn = process(
        START + scope("p", START.replace('"s"', '"s1"') + user("a") + '<endEvent id="e1"/>', "s1 a e1") + END, "s p e"
    )
    assert proposed(drawn, drawn) == {name: name for name in ("s", "p", "s1", "a", "e1", "e")}
    assert "a" not in proposed(drawn, process(START + user("a") + END, "s a e"))
    assert proposed(SIMPLE, process(START + '<serviceTask id="a"/>' + user("b") + END, "s a b e")) == {
        name: name for name in "sbe"
    }


def test_what_has_another_id_is_proposed_where_its_name_leaves_no_doubt() -> None:
    before = process(START + user("a", attributes='name="Reply"') + END, "s a e")
    assert proposed(before, before.replace('"a"', '"x"').replace('"s-a"', '"f"').replace('"a-e"', '"g"'))["a"] == "x"
    twice = process(
        START + user("x", attributes='name="Reply"') + user("y", attributes='name="Reply"') + END, "s x y e"
    )
    assert "a" not in proposed(before, twice)


# What is waited for


def test_a_timer_keeps_when_it_is_due_or_is_counted_anew() -> None:
    def drawn(duration: str) -> str:
        body = START + user("a") + boundary("late", "a", timer(duration)) + END
        return process(body, "s a e", "late e")

    for renewed, left in (((), 1), (("late",), 5)):
        case = Versions(drawn("PT2H"), drawn("PT5H")).start()
        case.advance(hours=1)
        case.migrate(renewed=renewed)
        (wait,) = case.state.waits.values()
        assert wait.due is not None
        assert (wait.due - case.now).total_seconds() == left * 3600


def test_a_message_is_waited_for_by_its_new_name() -> None:
    def drawn(message: str) -> str:
        return process(START + event("intermediateCatchEvent", "m", message) + END, "s m e")

    case = Versions(drawn(MESSAGE), drawn(MESSAGE.replace("msg_m", "msg_k"))).start()
    case.migrate()
    assert [wait.name for wait in case.state.waits.values()] == ["k"]
    case.message("k")
    assert case.state.ended == "completed"


def test_what_is_new_at_the_boundary_is_waited_for_and_what_is_gone_no_more() -> None:
    before = process(START + user("a") + boundary("old", "a", SIGNAL) + END, "s a e", "old e")
    after = process(
        START + user("a") + boundary("new", "a", SIGNAL_H, interrupting=False) + log("l") + END, "s a e", "new l e"
    )
    case = Versions(before, after).start()
    case.migrate()
    assert [wait.name for wait in case.state.waits.values()] == ["h"]
    case.signal("h")
    assert (case.trace, case.open) == (["l"], ["a"])


def test_what_has_come_already_does_not_come_again() -> None:
    body = START + user("a") + boundary("late", "a", timer("PT1H"), interrupting=False) + log("l") + END
    case = Versions(process(body, "s a e", "late l e"), process(body, "s a e", "late l e")).start()
    case.advance(hours=2)
    case.migrate(renewed=("late",))
    assert not case.state.waits


def test_an_event_subprocess_that_is_new_can_start_and_one_that_is_gone_cannot() -> None:
    def drawn(name: str, trigger: str) -> str:
        handler = event_subprocess(
            name, trigger, user(f"{name}u") + f'<endEvent id="{name}e"/>', f"{name}_s {name}u {name}e"
        )
        return process(START + user("a") + END + handler, "s a e")

    case = Versions(drawn("h", SIGNAL), drawn("k", MESSAGE)).start()
    case.migrate()
    assert [(wait.kind, wait.element_id) for wait in case.state.waits.values()] == [("message", "k_s")]
    case.message("m")
    assert case.open == ["ku"]


def test_an_event_that_is_new_behind_an_event_gateway_is_waited_for() -> None:
    catch = partial(event, "intermediateCatchEvent")
    before = process(
        START + '<eventBasedGateway id="g"/>' + catch("m", MESSAGE) + catch("t", timer("PT1H")) + END,
        "s g m e",
        "g t e",
    )
    after = before.replace("</process>", catch("h", SIGNAL_H) + "</process>")
    drawn = (
        START
        + '<eventBasedGateway id="g"/>'
        + catch("m", MESSAGE)
        + catch("t", timer("PT1H"))
        + catch("h", SIGNAL_H)
        + END
    )
    after = process(drawn, "s g m e", "g t e", "g h e")
    case = Versions(before, after).start()
    case.migrate()
    assert [wait.element_id for wait in case.state.waits.values()] == ["m", "t", "h"]
    case.signal("h")
    assert case.state.ended == "completed"


def test_a_user_task_and_a_job_are_set_up_anew_where_that_is_asked() -> None:
    def drawn(group: str, topic: str) -> str:
        told = user(
            "a", attributes=f'camunda:candidateGroups="{group}" camunda:formKey="{group}" camunda:dueDate="P1D"'
        )
        job = f'<serviceTask id="j" camunda:type="external" camunda:topic="{topic}"/>'
        return process(START + '<parallelGateway id="f"/>' + told + job + END, "s f a e", "f j e")

    case = Versions(drawn("one", "t"), drawn("two", "u")).start()
    case.migrate(renewed=("a", "j"))
    (changed,) = case.happened(facts.UserTaskChanged)
    assert (changed.candidate_groups, changed.form_key) == (("two",), "two")
    assert [job.topic for job in case.happened(facts.JobCreated)] == ["t", "u"]
    case.complete("a")
    case.complete("j")
    assert case.state.ended == "completed"


def test_a_condition_that_holds_in_the_new_version_comes_at_once() -> None:
    def drawn(condition: str) -> str:
        definition = f"<conditionalEventDefinition><condition>{condition}</condition></conditionalEventDefinition>"
        return process(START + event("intermediateCatchEvent", "k", definition) + user("a") + END, "s k a e")

    case = Versions(drawn("n > 5"), drawn("n > 1")).start(n=3)
    case.migrate()
    assert case.open == ["a"]


# Joins, items, compensation, calls

JOIN = START + '<parallelGateway id="f"/>' + user("a") + user("b") + '<parallelGateway id="j"/>' + user("z") + END


def test_a_token_that_waits_at_a_join_came_by_the_flow_of_the_new_version() -> None:
    after = process(JOIN, "s f a j z e", "f b j").replace('id="a-j"', 'id="other"')
    case = Versions(process(JOIN, "s f a j z e", "f b j"), after).start()
    case.complete("a")
    case.migrate()
    assert case.state.tokens[ROOT].arrived == {"j": {"other": 1}}
    case.complete("b")
    assert case.open == ["z"]


def test_a_flow_that_is_gone_is_in_the_way_of_a_token_that_came_by_it() -> None:
    case = Versions(process(JOIN, "s f a j z e", "f b j"), process(JOIN, "s f a b j z e", "f j")).start()
    case.complete("a")
    assert "the token that waits at 'j' came, but nothing takes the place of 'a-j'" in case.problems()[0]


def test_a_join_is_decided_as_the_new_version_draws_it() -> None:
    gates = JOIN.replace("parallelGateway", "inclusiveGateway")
    case = Versions(process(gates, "s f a j z e", "f b j"), process(gates, "s f a j z e", "f b e")).start()
    case.complete("a")
    assert case.open == ["b"]
    case.migrate()
    assert case.open == ["b", "z"]


def test_many_go_on_with_their_items() -> None:
    many = '<multiInstanceLoopCharacteristics camunda:collection="${them}" camunda:elementVariable="it"/>'
    before = process(START + user("a", many) + user("b") + END, "s a b e")
    after = process(START + user("x", many) + user("b") + END, "s x b e")
    case = Versions(before, after).start(them=[1, 2])
    case.complete("a")
    case.migrate({"a": "x"})
    case.complete("x")
    assert case.open == ["b"]
    once = Versions(before, process(START + user("a") + END, "s a e")).start(them=[1])
    assert "Expected 'a' to be what 'a' is, many at once, but it is done once" in once.problems({"a": "a"})[0]


def undone(refund: str) -> str:
    body = START + log("pay") + boundary("undo", "pay", COMPENSATE) + user("a")
    body += log(refund).replace("<scriptTask", '<scriptTask isForCompensation="true"')
    body += f'<association id="x" associationDirection="One" sourceRef="undo" targetRef="{refund}"/>'
    return process(body + event("endEvent", "e", COMPENSATE), "s pay a e")


def test_what_was_completed_is_undone_as_the_new_version_says() -> None:
    case = Versions(undone("refund"), undone("pay_back")).start()
    case.migrate()
    case.complete("a")
    assert case.trace == ["pay", "pay_back"]


def test_what_could_be_undone_has_to_stay_so() -> None:
    without = process(START + log("pay") + user("a") + event("endEvent", "e", COMPENSATE), "s pay a e")
    assert "what 'pay' has done can still be undone" in Versions(undone("refund"), without).start().problems()[0]


CALLED = process('<startEvent id="qs"/>' + user("q") + '<endEvent id="qe"/>', "qs q qe", key="Q")


def calls(key: str) -> str:
    return process(START + f'<callActivity id="call" calledElement="{key}"/>' + user("b") + END, "s call b e")


def test_a_called_process_goes_on_by_its_own_version() -> None:
    case = Versions(calls("Q"), calls("Q"), CALLED).start()
    case.migrate()
    case.complete("q")
    assert case.open == ["b"]


def test_a_called_process_is_migrated_where_it_stands() -> None:
    case = Versions(calls("Q"), calls("Q"), CALLED).start()
    (case.models["Q2"],) = compile(diagram(CALLED.replace('"q"', '"r"').replace("qs-q", "f").replace("q-qe", "g")))
    case.do(c.MigrateInstance("Q", "Q2", {"q": "r"}))
    assert case.open == ["r"]
    case.complete("r")
    case.complete("b")
    assert case.state.ended == "completed"


def test_another_process_is_not_called_while_one_is() -> None:
    case = Versions(calls("Q"), calls("R"), CALLED).start()
    assert "Expected 'call' to go on calling 'Q', but the new version calls 'R'" in case.problems()[0]


def test_a_process_of_another_key_takes_over() -> None:
    case = Case(
        SIMPLE, process(START.replace('"s"', '"t"') + user("k") + '<endEvent id="w"/>', "t k w", key="R")
    ).start()
    case.do(c.MigrateInstance("P", "R", {"a": "k"}))
    assert [token.element_id for token in case.state.tokens.values()] == ["R", "k"]
    case.complete("k")
    assert case.state.ended == "completed"


# In the way


@pytest.mark.parametrize(
    ("mapping", "why"),
    [
        ({"nowhere": "a"}, "Expected 'nowhere' to be in the old version"),
        ({"a": "nowhere"}, "Expected 'nowhere' to be in the new version"),
        ({"a": "e"}, "Expected 'e' to be what 'a' is, userTask, but it is endEvent"),
        ({"a": "in"}, "Expected 'in' to be what 'a' is, in 'P', but it is in 'p'"),
        (
            {"late": "other"},
            "Expected 'other' to be what 'late' is, at the boundary of 'a', but it is at the boundary of",
        ),
        ({"late": "sig"}, "an event of timer, but it is an event of signal"),
        ({"a": ""}, "Expected a counterpart of 'a', where token"),
    ],
)
def test_what_does_not_fit_is_named(mapping: Mapping[str, str], why: str) -> None:
    inside = scope("p", '<startEvent id="p1"/>' + user("in") + '<endEvent id="p2"/>', "p1 in p2")
    events = boundary("late", "a", timer("PT1H")) + boundary("sig", "a", SIGNAL) + boundary("other", "b", timer("PT1H"))
    drawn = process(START + user("a") + user("b") + inside + events + END, "s a b p e", "late e", "sig e", "other e")
    case = Versions(drawn, drawn).start()
    assert any(why in each for each in case.problems(mapping))


def test_every_problem_is_told_at_once_and_nothing_moves() -> None:
    body = START + '<parallelGateway id="f"/>' + user("a") + user("b") + END
    case = Versions(process(body, "s f a e", "f b e"), process(START + END, "s e")).start()
    assert len(case.problems()) == 2


# At random


class Migrated(RandomRun):
    """A random run that goes on by another version after so many steps."""

    def __init__(self, seed: int, drawn: Drawn, after: Drawn, when: int | None) -> None:
        super().__init__(drawn, seed)
        for model in compile(diagram(*after.parts), "after", self.functions):
            self.models[f"{model.key}+"] = model
        self.steps, self.when = 0, when

    def _run(self, state: State | None, command: c.Command) -> list[facts.Fact]:
        emitted = super()._run(state, command)
        self.steps += 1
        if self.steps == self.when and not self.state.ended:
            running = [token.definition_id for token in self.state.tokens.values() if token.definition_id]
            for key in dict.fromkeys(key for key in running if not key.endswith("+")):
                elements = plans.propose(self.models[key], self.models[f"{key}+"])
                super()._run(self.state, c.MigrateInstance(key, f"{key}+", elements))
        return emitted


def plain(happened: list[facts.Fact]) -> list[facts.Fact]:
    """Without what only says by which version something runs."""
    return [
        replace(fact, definition_id=fact.definition_id.removesuffix("+"))
        if isinstance(fact, facts.ElementActivated) and fact.definition_id
        else fact
        for fact in happened
        if not isinstance(fact, facts.ProcessMigrated)
    ]


def test_migrated_to_an_identical_copy_it_goes_on_as_if_it_had_not_been() -> None:
    moved = 0
    for seed in range(80):
        drawn = draw(seed, size_of(seed))
        stayed, migrated = (Migrated(seed, drawn, drawn, when) for when in (None, 1 + seed % 9))
        stayed.go(15)
        migrated.go(15)
        assert plain(migrated.watch.history) == stayed.watch.history, seed
        moved += len(migrated.watch.history) - len(stayed.watch.history)
    assert moved > 60


def with_more(drawn: Drawn) -> Drawn:
    """The same process with a task in front of each end event."""
    ends = set(re.findall(r'<endEvent id="(\w+)"', "".join(drawn.parts)))
    parts = []
    for part in drawn.parts:

        def more(found: re.Match[str]) -> str:
            name, source, target, inner = found.groups()
            if target not in ends:
                return found[0]
            new = f"new_{name.replace('-', '_')}"
            first = f'<sequenceFlow id="{name}" sourceRef="{source}" targetRef="{new}">{inner}</sequenceFlow>'
            return f'<task id="{new}"/>{first}<sequenceFlow id="{name}2" sourceRef="{new}" targetRef="{target}"/>'

        parts.append(
            re.sub(r'<sequenceFlow id="([\w-]+)" sourceRef="(\w+)" targetRef="(\w+)">(.*?)</sequenceFlow>', more, part)
        )
    return Drawn(tuple(parts), drawn.start, drawn.signals, drawn.mends)


def test_migrated_to_a_version_with_more_in_it_it_runs_through_that() -> None:
    through = 0
    for seed in range(80):
        drawn = draw(seed, size_of(seed))
        case = Migrated(seed, drawn, with_more(drawn), 1 + random.Random(seed).randrange(9))
        case.go(15)
        activated = [fact for fact in case.watch.history if isinstance(fact, facts.ElementActivated)]
        through += sum(fact.element_id.startswith("new_") for fact in activated)
    assert through > 200
