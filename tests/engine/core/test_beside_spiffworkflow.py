"""The core and SpiffWorkflow on the same diagrams: where they agree, and the places that decided for a core of ours.

60 random processes here; `make fuzz` takes 1,000.
"""

from __future__ import annotations

import pytest

from tests.engine.core.case import Case, diagram, flows, log, process
from tests.engine.core.plain_blocks import PLAIN
from tests.engine.spiffworkflow import SpiffCase
from tests.fuzz import compare, shrunk

SEEDS = range(60)

END = '<endEvent id="e"/>'
CHOICE = '<startEvent id="s"/><userTask id="u"/><exclusiveGateway id="g" default="g-B"/>' + log("A") + log("B") + END
FORK = '<startEvent id="s"/><parallelGateway id="f"/><userTask id="u"/><userTask id="v"/><parallelGateway id="j"/>'
SUB = (
    '<startEvent id="s"/><subProcess id="sp"><startEvent id="s2"/><userTask id="u"/>'
    + log("B")
    + '<endEvent id="e2"/>{}</subProcess>'
    + END
)
AGREED = {
    "sequence": (process('<startEvent id="s"/><userTask id="u"/>' + log("A") + END, "s u A e"), ["u"]),
    "choice": (process(CHOICE, "s u g A e", "g B e", conditions={"g-A": "n == 1"}), ["u"]),
    "parallel": (process(FORK + log("A") + END, "s f u j A e", "f v j"), ["v", "u"]),
    "sub-process": (process(SUB.format(flows("s2 u B e2")) + log("A"), "s sp A e"), ["u"]),
}


@pytest.mark.parametrize("name", AGREED)
def test_both_engines_agree_on_what_is_plain(name: str) -> None:
    drawn, steps = AGREED[name]
    ours, theirs = Case(drawn).start(n=1), SpiffCase(diagram(drawn), n=1)
    for step in steps:
        assert ours.open == theirs.open
        ours.complete(step)
        theirs.complete(step)
    assert ours.trace == theirs.trace
    assert ours.state.ended == "completed"
    assert theirs.ended


def test_both_engines_agree_on_random_processes() -> None:
    """After every step the same may come next, and at the end the same has come of it."""
    failed = [seed for seed in SEEDS if compare(seed).failure]
    assert not failed, shrunk(failed[0], compare)
    assert len(PLAIN) <= len(SEEDS), "each seed has one of the blocks for certain"


def test_only_ours_waits_for_every_branch_in_a_second_round() -> None:
    rest = '<exclusiveGateway id="m"/><exclusiveGateway id="x" default="x-A"/>' + log("A") + END
    drawn = process(FORK + rest, "s m f u j x A e", "f v j", "x m", conditions={"x-m": "again"})
    ours, theirs = Case(drawn).start(again=True), SpiffCase(diagram(drawn), again=True)
    for case in (ours, theirs):
        case.complete("u", again=True)
        case.complete("v", again=True)
        case.complete("v", again=False)
    assert ours.trace == []
    assert ours.open == ["u"]
    assert theirs.trace == ["A"], "if this fails, SpiffWorkflow counts its joins anew: read docs/decisions/0001"


def test_only_ours_interrupts_what_a_withdrawal_interrupts() -> None:
    withdrawal = (
        '<subProcess id="es" triggeredByEvent="true"><startEvent id="es_s" isInterrupting="true">'
        f'<messageEventDefinition messageRef="msg_m"/></startEvent>{log("H")}<endEvent id="es_e"/>{flows("es_s H es_e")}</subProcess>'
    )
    drawn = process(FORK + log("A") + END + withdrawal, "s f u j A e", "f v j")
    ours, theirs = Case(drawn).start(), SpiffCase(diagram(drawn))
    for case in (ours, theirs):
        case.message("m")
    assert ours.open == []
    assert ours.trace == theirs.trace == ["H"]
    assert theirs.open == ["u", "v"], "if this fails, SpiffWorkflow interrupts: read docs/decisions/0001"
