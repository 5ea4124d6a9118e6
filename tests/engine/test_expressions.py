"""Expressions, templates and scripts, through what the core imports."""

from __future__ import annotations

import pytest

from engine.core.expressions import ExpressionError, parse, parse_script, parse_template


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("n < 2", True),
        ("${n lt 2 && !done}", True),
        ("#{empty missing || false}", True),
        ("case.subject == 'water' ? 1 : 2", 1),
        ("1 + 2 * 3 ** 2", 19),
        ("-2 ** 2", -4),
        ("0 < n < 2", True),
        ("subject in ('a', 'b')", False),
        ("str(sorted(outs))", "[1, 2, 3]"),
        ("[x * 2 for x in outs if x > 1]", [6, 4]),
        ("{'a': n, 'b': null}", {"a": 1, "b": None}),
    ],
)
def test_an_expression_has_the_operators_of_python_and_of_camunda(text: str, value: object) -> None:
    variables = {"n": 1, "done": False, "case": {"subject": "water"}, "subject": "c", "outs": [3, 1, 2]}
    assert parse(text).evaluate(variables) == value


def test_an_unknown_variable_is_named() -> None:
    with pytest.raises(ExpressionError, match="Expected a variable 'lead_unit', but there is none"):
        parse("lead_unit == 'water'").evaluate({})


def test_a_template_puts_values_into_a_text() -> None:
    assert parse_template("unit:${lead_unit}").evaluate({"lead_unit": "water"}) == "unit:water"


def test_a_script_assigns_what_its_statements_say() -> None:
    logged: list[object] = []
    assigned, last = parse_script('log("B"); n = n + 1').run({"n": 1}, {"log": logged.append})
    assert (assigned, last, logged) == ({"n": 2}, 2, ["B"])
