"""No expression or script takes long or much: numbers, texts, lists, nesting, and the work of all of it are bounded."""

from __future__ import annotations

from typing import Any

import pytest

from engine.core.commands import RetryIncident
from engine.core.expressions import (
    Budget,
    ExpressionError,
    as_json,
    parse,
    parse_feel,
    parse_script,
    parse_template,
)
from engine.decisions.unary_tests import parse_cell
from tests.engine.core.case import Case, process


@pytest.mark.parametrize(
    "text",
    [
        "9 ** 9 ** 9 ** 9",
        "2 ** 1001",
        "2 ** 64",
        "9223372036854775807 + 1",
        "9223372036854775807 * 9223372036854775807",
        "10.0 ** 400",
        "1e308 * 10",
        "1e999",
        "1e308 + 1e308 - 1e308",
        "0.0 / 0",
        "float('nan')",
        "float('inf')",
        "int('9' * 5000)",
        "int('999999999999999999999')",
        "99999999999999999999999999999999999999999999999999",
        "round(5, -1000000000)",
        "round(1.5, 1000000000)",
        "'a' * 1000000000",
        "[0] * 1000000000",
        "1 << 1000000",
        "sum([9223372036854775807, 1])",
        "duration('P999999999D') + duration('P999999999D')",
        "date('9999-12-31') + duration('P999999Y')",
        "duration('P' + str(9223372036854775807) + 'Y')",
    ],
)
def test_no_number_or_text_grows_without_bound(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).evaluate({})


@pytest.mark.parametrize(
    "text",
    [
        "[1 for x in big for y in big for z in big]",
        "[[y for y in big] for x in big]",
        "[big for x in big]",
        "[x in big for x in big]",
        "[sum(big) for x in big]",
        "[sorted(big) for x in big]",
        "[big == big for x in big]",
        "[long + long for x in big]",
        "[long[1:] for x in big]",
        "[str(big) for x in big]",
        "str([long for x in big])",
        "{str(x): big for x in big}",
        "big + big",
        "long + long + long",
        "len([x for x in big for y in big])",
        # what is shared inside itself many times over
        "[" * 20 + "x" + ", x]" * 20 + " == 1",
        "[[z, z, z, z, z, z, z, z] for z in [[y, y, y, y, y, y, y, y] for y in [big]]] == [[big, big], big]",
    ],
)
def test_no_list_or_work_grows_without_bound(text: str) -> None:
    variables = {"big": list(range(10_000)), "long": "x" * 60_000, "x": [list(range(10_000))] * 10}
    with pytest.raises(ExpressionError):
        parse(text).evaluate(variables)


def test_a_script_cannot_double_itself_into_the_sky() -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse_script("a = [1, 1]\n" + "a = [a, a]\n" * 60).run({})
    with pytest.raises(ExpressionError, match="Expected"):
        parse_script("a = 'aaaaaaaa'\n" + "a = a + a\n" * 60).run({})
    with pytest.raises(ExpressionError, match="deep"):
        parse_script("a = []\n" + "a = [a]\n" * 300).run({})


@pytest.mark.parametrize("text", ["(", "[", "{'a':", "-", "!", "not ", "empty ", "a ? ", "a if ", "f(", "a[", "2 ** "])
def test_nesting_is_bounded(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text * 3_000)
    closing = {"(": ")", "[": "]", "{'a':": "}", "f(": ")", "a[": "]"}.get(text, "")
    with pytest.raises(ExpressionError):
        parse(text * 200 + "1" + closing * 200)


@pytest.mark.parametrize("text", ["1" + " + 1" * 200, "a" + ".a" * 200, "a" + "[0]" * 200, "[" + "1," * 2_500 + "1]"])
def test_depth_and_size_are_bounded(text: str) -> None:
    with pytest.raises(ExpressionError, match="of a size to be read by people"):
        parse(text)
    with pytest.raises(ExpressionError, match="of a size to be read by people"):
        parse_template("a ${" + text + "}")


def test_length_is_bounded() -> None:
    for read in (parse, parse_template, parse_script, parse_feel, parse_cell):
        with pytest.raises(ExpressionError, match="Expected at most 10000 characters"):
            read("a" * 10_001)


def test_a_deeply_nested_variable_is_refused_not_a_crash() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ExpressionError, match="deep"):
        parse("x == [x]").evaluate({"x": deep})
    while deep:
        deep = deep.pop()


TOO_MUCH = "Expected to be done in 1,000,000 steps"

SIZED: dict[str, Any] = {
    "hundred": list(range(100)),
    "many": list(range(100_000)),
    "long": "x" * 100_000,
    "wide": "\U000e0001" * 100_000,
    "rows": [{"id": n, "name": str(n)} for n in range(20_000)],
    "keys": {f"key{n}": n for n in range(50_000)},
    "long_key": {"x" * 90_000: 1},
}


@pytest.mark.parametrize(
    "work",
    [
        "0",
        "x + y",
        "x ** 2 // 3 % 7",
        "str(x) + str(y)",
        "int(str(x))",
        "round(x / 3, 30)",
        "{str(x): {str(y): [x]}}",
        "min(x, y, 3)",
        "sum(hundred)",
        "len(sorted(hundred))",
        "sorted(many)[0]",
        "max(long)",
        "any(wide)",
        "long[1:]",
        "long == long + ''",
        "'xxxxxxy' in long",
        "empty keys[wide]",
        "empty missing.key",
        "x in many",
        "'key' in keys",
        "rows == rows",
        "rows[0:500]",
        "str(rows[0:500])",
        "str(long_key)",
        "[k for k in keys]",
        "{k: keys[k] for k in keys}",
        "date('2026-01-01') < date('2026-01-02')",
        "datetime('2026-01-01T10:00:00+08:00') + duration('P1M')",
        "str(-duration('P1Y2M3DT4H5M6.7S'))",
    ],
)
def test_whatever_a_comprehension_repeats_it_is_cut(work: str) -> None:
    with pytest.raises(ExpressionError, match=TOO_MUCH):
        parse(f"[{work} for x in many for y in many]").evaluate(SIZED)


@pytest.mark.parametrize(
    "line",
    [
        "a{0} = many",
        "a{0} = [[x] for x in hundred for y in hundred]",
        "a{0} = len(sorted(many))",
        "keys.new{0} = 1",
        "a{0} = long + 'x'[1:]",
        "sink(many)",
    ],
)
def test_the_statements_of_a_script_are_bounded_together(line: str) -> None:
    script = parse_script("\n".join(line.format(n) for n in range(200)))
    with pytest.raises(ExpressionError, match=TOO_MUCH):
        script.run(SIZED, {"sink": lambda value: None})
    assert parse_script("\n".join(line.format(n) for n in range(2))).run(SIZED, {"sink": lambda value: None})


def test_evaluations_that_share_a_budget_are_bounded_together() -> None:
    total = parse("sum(many)")
    script = parse_script("a = sum(many); b = sum(many)")
    budget = Budget(1_000_000)
    total.evaluate(SIZED, budget=budget)
    script.run(SIZED, budget=budget)
    assert 500_000 < budget.left < 750_000
    parse_template("${many}").evaluate(SIZED, budget=budget)
    with pytest.raises(ExpressionError, match=TOO_MUCH):
        parse("sum(many) + sum(many) + sum(many) + sum(many) + sum(many) + sum(many)").evaluate(SIZED, budget=budget)
    with pytest.raises(ExpressionError, match="Expected to be done in"):
        parse("1 + 1").evaluate({}, budget=budget)
    with pytest.raises(ExpressionError, match="Expected to be done in"):
        script.run(SIZED, budget=budget)


def test_one_evaluation_may_do_no_more_for_a_larger_budget() -> None:
    budget = Budget(100_000_000)
    with pytest.raises(ExpressionError, match=TOO_MUCH):
        parse("[0 for x in many for y in many]").evaluate(SIZED, budget=budget)
    with pytest.raises(ExpressionError, match=TOO_MUCH):
        parse_script("a = [0 for x in many for y in many]").run(SIZED, budget=budget)
    assert budget.left > 97_000_000


def test_an_item_a_key_and_a_length_cost_the_same_out_of_many() -> None:
    small, large = Budget(), Budget()
    for budget, size in ((small, 10), (large, 100_000)):
        variables = {"xs": list(range(size)), "case": {"xs": {"key": list(range(size))}}}
        text = "xs[5] + case.xs.key[3] + len(xs) + len(case['xs'].key) + (empty xs ? 1 : 0) + (bool(case.xs) ? 1 : 0)"
        parse(text).evaluate(variables, budget=budget)
    assert small.left == large.left


def test_what_a_slice_copies_counts_where_only_an_item_of_it_is_taken() -> None:
    with pytest.raises(ExpressionError, match=TOO_MUCH):
        parse("[many[1:][0] for x in many]").evaluate(SIZED)


@pytest.mark.parametrize(
    "text", ["n * n", "n ** 1000", "n / 3", "float(n)", "str(n)", "round(n)", "sum([n])", "n + 0.5"]
)
def test_a_huge_number_out_of_a_variable_grows_no_further(text: str) -> None:
    with pytest.raises(ExpressionError):
        parse(text).evaluate({"n": 10**5_000})


def test_generators_of_a_comprehension_are_bounded() -> None:
    with pytest.raises(ExpressionError, match="levels of nesting"):
        parse("[1" + " for x in xs" * 40 + "]")


def test_a_value_deeper_than_a_variable_may_be_is_refused() -> None:
    value: list[Any] = []
    value.append(value)
    with pytest.raises(ExpressionError, match="deep"):
        as_json(value)


@pytest.mark.parametrize("read", [parse, parse_template, parse_script, parse_feel, parse_cell])
def test_half_a_character_is_refused(read: Any) -> None:
    with pytest.raises(ExpressionError, match="half"):
        read("'\ud800'")


def test_a_loop_of_heavy_scripts_in_one_command_is_an_incident() -> None:
    heavy = "<script>total = sum(many); round = round + 1</script>"
    case = Case(
        process(
            f'<startEvent id="s"/><scriptTask id="heavy">{heavy}</scriptTask><exclusiveGateway id="g" default="g-heavy"/>'
            '<endEvent id="e"/>',
            "s heavy g heavy",
            "g e",
            conditions={"g-e": "round &gt;= 1000"},
        )
    )
    case.start(many=list(range(100_000)), round=0)
    (incident,) = [token.incident for token in case.state.tokens.values() if token.incident is not None]
    assert "Expected to be done in 5,000,000 steps" in incident.message
    rounds = case.state.tokens[1].variables["round"]
    assert 40 <= rounds < 50
    case.do(RetryIncident(incident.id))
    assert case.state.tokens[1].variables["round"] == 2 * rounds
