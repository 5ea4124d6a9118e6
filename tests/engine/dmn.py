"""DMN files for the tests of decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import pytest

from engine.decisions import DecisionGraph, read
from engine.errors import InvalidDefinition

NAMESPACE = "https://www.omg.org/spec/DMN/20191111/MODEL/"


def dmn(
    rules: Sequence[Sequence[str]],
    *,
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    policy: str = 'hitPolicy="UNIQUE"',
    types: Mapping[str, str] | None = None,
    values: Mapping[str, str] | None = None,
    defaults: Mapping[str, str] | None = None,
    inside: str = "",
    namespace: str = NAMESPACE,
) -> bytes:
    """A file with one table; each rule lists its input cells and then its output cells."""
    types, values, defaults = types or {}, values or {}, defaults or {}

    def typed(name: str) -> str:
        return f'typeRef="{types[name]}"' if name in types else ""

    def listed(name: str, tag: str) -> str:
        return f"<{tag}><text>{escape(values[name])}</text></{tag}>" if name in values else ""

    def default(name: str) -> str:
        written = f"<text>{escape(defaults[name])}</text>" if name in defaults else ""
        return f"<defaultOutputEntry>{written}</defaultOutputEntry>" if written else ""

    columns = "".join(
        f'<input id="in{n}" label="{name}"><inputExpression id="ie{n}" {typed(name)}>'
        f"<text>{escape(name)}</text></inputExpression>{listed(name, 'inputValues')}</input>"
        for n, name in enumerate(inputs)
    ) + "".join(
        f'<output id="out{n}" name="{name}" {typed(name)}>{listed(name, "outputValues")}{default(name)}</output>'
        for n, name in enumerate(outputs)
    )
    rows = ""
    for n, rule in enumerate(rules):
        rows += f'<rule id="r{n}">'
        for m, cell in enumerate(rule):
            tag = "inputEntry" if m < len(inputs) else "outputEntry"
            rows += f'<{tag} id="c{n}-{m}"><text>{escape(cell)}</text></{tag}>'
        rows += "</rule>"
    return (
        f'<definitions xmlns="{namespace}" id="d" name="d" namespace="n"><decision id="table" name="Table">'
        f'<decisionTable id="t" {policy}>{inside}{columns}{rows}</decisionTable></decision></definitions>'
    ).encode()


def table(rules: Sequence[Sequence[str]], **options: Any) -> DecisionGraph:
    (only,) = read(dmn(rules, **options), "table.dmn")
    return only


def file(body: str, namespace: str = NAMESPACE) -> bytes:
    """A file with these elements."""
    return f'<definitions xmlns="{namespace}" id="file" name="file" namespace="n">{body}</definitions>'.encode()


def decision(key: str, logic: str, *needs: str, variable: str = "", name: str = "") -> str:
    """A decision that needs others; `logic` is an expression, or a `decisionTable` element."""
    required = "".join(
        f'<informationRequirement id="{key}-{need}"><requiredDecision href="#{need}"/></informationRequirement>'
        for need in needs
    )
    drawn = logic if logic.startswith("<") else f"<literalExpression><text>{escape(logic)}</text></literalExpression>"
    return f'<decision id="{key}" name="{name or key}">{variable}{required}{drawn}</decision>'


def asked(xml: bytes, key: str, **variables: Any) -> Any:
    """The only output of decision `key`."""
    (graph,) = (graph for graph in read(xml, "decisions.dmn") if graph.id == key)
    ((value,),) = (row.values() for row in graph.evaluate(variables)[0])
    return value


def problems(xml: bytes) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        read(xml, "decisions.dmn")
    return [str(problem) for problem in caught.value.problems]
