"""Which decisions need which (DMN 1.3, 6.2 and 6.3): put in order, and given names by which they see each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter
from typing import Any

from engine.decisions.decision import Binding, Decision, DecisionGraph
from engine.decisions.files import Problems, children
from engine.decisions.tables import DecisionTable
from engine.decisions.type_reading import Types
from engine.decisions.types import Type

MAX_CIRCLES = 10


class Requirements:
    """The requirements of one file's decisions; `nodes` are those by their ids."""

    def __init__(
        self, root: Any, nodes: Mapping[str, Any], inputs: list[Any], types: Types, problems: Problems
    ) -> None:
        self._nodes, self._types, self._problems = nodes, types, problems
        self._namespace = root.get("namespace") or ""
        self._inputs = {node.get("id"): node for node in inputs}

    def graphs(self, decisions: Mapping[str, Decision]) -> tuple[DecisionGraph, ...]:
        """Each decision with those that it needs, in the order of evaluation; none where there are problems.

        `decisions` are those that could be read: what is wrong with the requirements is told in any case.
        """
        needs = {key: self._required(node) for key, node in self._nodes.items()}
        inputs = {key: self._input_types(node) for key, node in self._nodes.items()}
        order = self._order(needs)
        if self._problems.found:
            return ()
        complete = {
            key: replace(decisions[key], inputs=inputs[key], bindings=self._bindings(key, decisions, needs[key]))
            for key in order
        }
        if self._problems.found:
            return ()
        every: dict[str, set[str]] = {}
        for key in order:
            every[key] = {key}.union(*(every[needed] for needed in needs[key]))
        return tuple(DecisionGraph(tuple(complete[each] for each in order if each in every[key])) for key in needs)

    def _required(self, node: Any) -> list[str]:
        found: dict[str, None] = {}
        for requirement in children(node, "informationRequirement"):
            for reference in children(requirement, "requiredDecision"):
                key = self._target(requirement, reference)
                if key is not None and key not in self._nodes:
                    wrong = f"It needs decision '{key:.60}', which is not in this file."
                    self._problems.add(requirement, wrong, "Draw it, or leave out the requirement.")
                elif key is not None:
                    found[key] = None
        return list(found)

    def _target(self, requirement: Any, reference: Any) -> str | None:
        """The id of what a reference names; None where that is in another file."""
        href = reference.get("href") or ""
        elsewhere, separator, key = href.rpartition("#")
        if separator and elsewhere in ("", self._namespace):
            return str(key)
        wrong = f"'{href:.100}' refers to another file."
        self._problems.add(requirement, wrong, "Put what it needs into this file, and write '#' and its id.")
        return None

    def _order(self, needs: Mapping[str, list[str]]) -> list[str]:
        """Every decision after those that it needs. Each circle is a problem, up to MAX_CIRCLES."""
        remaining = {key: list(needed) for key, needed in needs.items()}
        for _ in range(MAX_CIRCLES):
            try:
                return list(TopologicalSorter(remaining).static_order())
            except CycleError as error:
                circle = error.args[1]
                way = " needs ".join(f"'{key:.60}'" for key in circle[::-1][:10])
                node = self._nodes[circle[-1]]
                self._problems.add(node, f"The decision needs itself: {way}.", "Leave out one of the requirements.")
                remaining[circle[1]].remove(circle[0])
        return []

    def _bindings(self, key: str, decisions: Mapping[str, Decision], needed: list[str]) -> tuple[Binding, ...]:
        """A required decision is seen by its variable, its id and its name, and each of its outputs by name.

        The outputs' names are what Camunda 7 goes by. A name that two decisions claim is a problem where it is read.
        """
        node = self._nodes[key]
        read = {name for expression in decisions[key].logic.expressions for name in expression.names}
        found: dict[str, Binding] = {}
        for required in (decisions[other] for other in needed):
            for name in dict.fromkeys((required.variable, required.id, required.name)):
                self._claim(node, found, Binding(name, required.id), read)
        for required in (decisions[other] for other in needed):
            for output in required.logic.outputs if isinstance(required.logic, DecisionTable) else ():
                binding = Binding(output.name, required.id, output.name, required.logic.single)
                before = found.get(output.name)
                if before is None or before.output is not None:
                    self._claim(node, found, binding, read)
        return tuple(found.values())

    def _claim(self, node: Any, found: dict[str, Binding], binding: Binding, read: set[str]) -> None:
        before = found.setdefault(binding.name, binding)
        if before.decision != binding.decision and binding.name in read:
            wrong = f"'{binding.name:.60}' is '{before.decision:.60}' as well as '{binding.decision:.60}'."
            self._problems.add(node, wrong, "Rename the variable or the output of one of them.")

    def _input_types(self, node: Any) -> tuple[tuple[str, Type], ...]:
        """The types of the input data that a decision needs, by the names of their variables."""
        found: dict[str, Type] = {}
        for requirement in children(node, "informationRequirement"):
            for reference in children(requirement, "requiredInput"):
                key = self._target(requirement, reference)
                data = self._inputs.get(key)
                if key is not None and data is None:
                    wrong = f"It needs input data '{key:.60}', which is not in this file."
                    self._problems.add(requirement, wrong, "Draw it, or leave out the requirement.")
                if data is not None:
                    found |= self._input_type(data)
        return tuple(found.items())

    def _input_type(self, data: Any) -> dict[str, Type]:
        for variable in children(data, "variable"):
            kind = self._types.of(variable, variable.get("typeRef"))
            return {} if kind.plain else {variable.get("name") or data.get("name") or "": kind}
        return {}
