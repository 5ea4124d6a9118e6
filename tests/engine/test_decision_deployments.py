"""Decisions that are deployed and asked by a process."""

from __future__ import annotations

import pytest

from engine import deployments
from engine.errors import InvalidDefinition
from tests.engine.core.case import diagram, process
from tests.engine.dmn import decision, dmn, file
from tests.engine.world import World

ASKS = process(
    '<startEvent id="s"/><businessRuleTask id="r" camunda:decisionRef="top" camunda:mapDecisionResult="singleEntry" '
    'camunda:resultVariable="answer"/><userTask id="u"/>',
    "s r u",
)
TABLE = dmn([("1", '"one"'), ("[2..3]", '"few"'), ("3", '"three"')]).decode()
GRAPH = TABLE.replace("</definitions>", decision("top", 'table + "!"', "table") + "</definitions>").encode()


def test_every_decision_of_a_file_has_a_version_of_its_own(world: World) -> None:
    assert world.deploy(graph_dmn=GRAPH).new == {"table:1", "top:1"}
    assert world.deploy(graph_dmn=GRAPH).new == frozenset()
    assert world.deploy(graph_dmn=GRAPH.replace(b"few", b"some")).new == {"table:2", "top:2"}
    assert world.see(deployments.source, "top:1", kind="decision") == GRAPH


def test_a_process_asks_a_decision_that_needs_another(world: World) -> None:
    world.deploy(p_bpmn=diagram(ASKS), graph_dmn=GRAPH)
    instance = world.start(x=2)
    assert world.open == ["u"]
    assert world.variables(instance)["answer"] == "few!"
    assert world.wrong() == []


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (7, "Expected a rule of 'table' to match, but none does. Its inputs: x 7."),
        (3, "Expected one rule of 'table' to match, but 2 and 3 do. Its inputs: x 3."),
    ],
)
def test_no_match_and_an_overlap_are_incidents_that_name_the_table(world: World, x: int, message: str) -> None:
    world.deploy(p_bpmn=diagram(ASKS), graph_dmn=GRAPH)
    world.start(x=x)
    (incident,) = world.incidents
    assert (incident.element_id, message in incident.message) == ("r", True)
    world.deploy(graph_dmn=GRAPH.replace(b"[2..3]", b"2,7"))
    world.retry(incident)
    assert (world.open, world.incidents) == (["u"], [])


def test_a_literal_expression_may_be_asked(world: World) -> None:
    world.deploy(p_bpmn=diagram(ASKS), sum_dmn=file(decision("top", "x + 1")))
    assert world.variables(world.start(x=2))["answer"] == 3


def test_a_file_that_cannot_be_evaluated_keeps_everything_out(world: World) -> None:
    with pytest.raises(InvalidDefinition, match=r"\[graph\.dmn\] 'context' is not evaluated"):
        world.deploy(
            p_bpmn=diagram(process('<startEvent id="s"/><x id="y"/>', "s")),
            graph_dmn=file('<decision id="top" name="t"><context id="c"/></decision>'),
        )
    assert world.see(deployments.list_definitions) == []


def test_decisions_count_among_the_steps_of_the_command_that_asks_them(world: World) -> None:
    loop = '<standardLoopCharacteristics loopMaximum="90000"/></businessRuleTask>'
    large = dmn([(f"> {number}", "1") for number in range(1_000)], policy='hitPolicy="COLLECT" aggregation="COUNT"')
    asks = ASKS.replace('"top"', '"table"').replace('"answer"/>', f'"answer">{loop}')
    world.deploy(p_bpmn=diagram(asks), large_dmn=large)
    world.start(x=-1)
    [incident] = world.incidents
    assert "Expected to be done in 5,000,000 steps" in incident.message
