"""Every verb asks whether the actor may, or is known not to, for a reason."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from engine import batches, incidents, migration
from engine.errors import NotPermitted
from engine.migration import Plan, RunningQuery
from tests.engine.world import World

Verb = tuple[str, str]
"""A module of the engine, and a function in it."""

ASKS_NOBODY: Mapping[str, Mapping[str, str]] = {
    "The engine does it by itself, or as part of what somebody was asked for.": {
        "batches": "work_off",
        "buffer": "keep take_for first take_first next_due is_over take_expired forget_ids claim_id record",
        "incidents": "raise_for_delivery raise_for_timer",
        "instances": "lock execute step require_active removal launch seen_from",
        "jobs": "complete throw_error escalate fail settle_failure lock_own lock held is_quiet",
        "journal": "append note",
        "leases": "is_too_long shorten is_due next_due take lend lend_anew take_back take_over renew release",
        "messages": "deal_page deliver deliver_thrown hand_buffered start_buffered",
        "receivers": "find catcher_of",
        "references": "missing",
        "signals": "deal_out deal_page start",
        "starts": "find awaiting hold launch close open_all",
        "tombstones": "put of",
    },
    "It follows from what whoever acts was permitted to do in the domain, which asks.": {
        "incidents": "forget",
        "instances": "move_due_date",
    },
    "Whose an instance is, and so who may see it, is known to the domain alone, which asks.": {
        "history": "activities_of paths fate fate_of_wait said moment",
        "instances": "get find search state variables suspension",
        "jobs": "find get",
        "journal": "entries latest happened replay",
        "user_tasks": "get open_of",
    },
    "What is deployed is no secret among those who work with it; who may see it is asked by what shows it.": {
        "deployments": "list_definitions versions definition latest source model form running",
    },
    "It says no more than numbers and hashes.": {
        "external": "is_due",
        "gauges": "read",
        "leases": "backlog",
        "journal": "heads verify",
        "tombstones": "read count broken",
    },
}
"""By the reason."""


def verbs() -> dict[Verb, ast.FunctionDef]:
    """Every function of a module right in the engine."""
    trees = {path.stem: ast.parse(path.read_text()) for path in Path(batches.__file__).parent.glob("*.py")}
    return {
        (module, node.name): node
        for module, tree in trees.items()
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
    }


def asking(known: Mapping[Verb, ast.FunctionDef]) -> set[Verb]:
    """Those that ask, or call one that does."""
    called = {verb: _called(verb[0], node) for verb, node in known.items()}
    found = {verb for verb, calls in called.items() if ("tx", "authorise") in calls}
    while more := {verb for verb, calls in called.items() if verb not in found and calls & found}:
        found |= more
    return found


def _called(module: str, node: ast.FunctionDef) -> set[Verb]:
    found = set()
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        if isinstance(call.func, ast.Name):
            found.add((module, call.func.id))
        elif isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Name):
            found.add((call.func.value.id, call.func.attr))
    return found


def test_every_verb_asks_whether_the_actor_may_or_is_known_not_to() -> None:
    known = verbs()
    public = {
        verb
        for verb, node in known.items()
        if not verb[1].startswith("_") and node.args.args and node.args.args[0].arg == "tx"
    }
    listed = [
        (module, name)
        for modules in ASKS_NOBODY.values()
        for module, names in modules.items()
        for name in names.split()
    ]
    assert len(public) > 100
    assert len(listed) == len(set(listed))
    assert sorted(public - asking(known)) == sorted(listed)


PLAN = Plan("P:1", "P:2", {})


@pytest.mark.parametrize(
    ("action", "verb"),
    [
        ("plan", lambda tx: migration.propose(tx, "P:1", "P:2")),
        ("plan", lambda tx: migration.running(tx, RunningQuery("P:1"))),
        ("plan", lambda tx: migration.count(tx, RunningQuery("P:1"))),
        ("plan", lambda tx: migration.check(tx, PLAN, [])),
        ("plan", lambda tx: migration.rehearse(tx, PLAN, 1)),
        ("list", lambda tx: batches.get(tx, 1)),
        ("list", lambda tx: incidents.get(tx, "1-1")),
    ],
)
def test_who_may_not_is_refused_before_anything_is_looked_up(
    make_world: Callable[..., World], action: str, verb: Callable[..., object]
) -> None:
    world = make_world(authorise=lambda _actor, wanted, _target: wanted != action)
    with pytest.raises(NotPermitted, match=f"Expected someone who may {action}"):
        world.see(verb)
