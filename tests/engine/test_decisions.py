"""Decision tables: what a cell says, which rules answer, and what is refused at deployment."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError
from engine.decisions import DecisionTable, read
from engine.decisions.unary_tests import parse_cell
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
    inside: str = "",
    namespace: str = NAMESPACE,
) -> bytes:
    """A file with one table; each rule lists its input cells and then its output cells."""
    types, values = types or {}, values or {}

    def typed(name: str) -> str:
        return f'typeRef="{types[name]}"' if name in types else ""

    def listed(name: str, tag: str) -> str:
        return f"<{tag}><text>{escape(values[name])}</text></{tag}>" if name in values else ""

    columns = "".join(
        f'<input id="in{n}" label="{name}"><inputExpression id="ie{n}" {typed(name)}>'
        f"<text>{escape(name)}</text></inputExpression>{listed(name, 'inputValues')}</input>"
        for n, name in enumerate(inputs)
    ) + "".join(
        f'<output id="out{n}" name="{name}" {typed(name)}>{listed(name, "outputValues")}</output>'
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


def table(rules: Sequence[Sequence[str]], **options: Any) -> DecisionTable:
    (only,) = read(dmn(rules, **options), "table.dmn")
    return only


# --- cells


@pytest.mark.parametrize(
    ("cell", "value", "matches"),
    [
        ("", "anything", True),
        ("-", None, True),
        ('"housing"', "housing", True),
        ('"housing"', "land", False),
        ('"housing","land"', "land", True),
        ('"housing", "land"', "roads", False),
        ("5", 5, True),
        ("5", 5.0, True),
        ("5", "5", False),
        ("-5", -5, True),
        ("1, 3, [7..9]", 8, True),
        ("true", True, True),
        ("true", 1, False),
        ("1", True, False),
        ("false", False, True),
        ("false", None, False),
        ("null", None, True),
        ("null", "", False),
        ("not(null)", "a", True),
        ("not(null)", None, False),
        ("< 5", 4, True),
        ("< 5", 5, False),
        ("<= 5", 5, True),
        ("> 5", 5, False),
        (">= 5", 5, True),
        ("!= 5", 4, True),
        ("= 5", 5, True),
        ("< 5, > 10", 11, True),
        ("< 5", None, False),
        ("[1..5]", 1, True),
        ("[1..5]", 5, True),
        ("[1..5)", 5, False),
        ("[1..5[", 5, False),
        ("(1..5]", 1, False),
        ("]1..5]", 1, False),
        ("]1..5[", 1, False),
        ("]1..5[", 3, True),
        ("]1..5[, 9", 9, True),
        ("[0.5..1.5]", 1, True),
        ("[-5..-1]", -3, True),
        ("[1..5]", None, False),
        ('["a".."c"]', "b", True),
        ('not("north", "east")', "south", True),
        ('not("north", "east")', "east", False),
        ("not([1..5], 9)", 9, False),
        ("not(< 5)", 5, True),
        ('["a", "b"]', ["a", "b"], True),
        ('["a", "b"]', "b", True),
        ("limit", 7, True),
        ("> limit", 8, True),
        ("[limit - 1..limit + 1]", 8, True),
        ("case.level", 3, True),
        ('"a\\"b"', 'a"b', True),
        ('"1..5"', "1..5", True),
        ('"not(x)"', "not(x)", True),
        ('date("2026-05-01")', "2026-05-01", True),
        ('< date("2026-05-01")', "2026-04-30", True),
        ('[date("2026-05-01")..date("2026-05-31")]', "2026-05-31", True),
        ('> date("2026-05-01")', "2026-05-02T08:00:00+08:00", True),
        ('>= date and time("2026-05-01T00:00:00Z")', "2026-05-01T08:00:00+08:00", True),
        ('< date and time("2026-05-01T00:00:00Z")', "2026-05-01T08:00:00+08:00", False),
        ('>= duration("P3D")', "PT72H", True),
        ('< duration("P3D")', "PT72H", False),
    ],
)
def test_a_cell_matches_what_it_says(cell: str, value: object, matches: bool) -> None:
    variables = {"limit": 7, "case": {"level": 3}}
    assert parse_cell(cell).matches(value, variables) is matches


@pytest.mark.parametrize(
    "cell",
    ["[1..5", "1..5", '"a" "b"', '"a",', "x > 5", "[..5]", "not(", "not()", "=> 5", "< ", "a = b", "lambda", "__x__"],
)
def test_a_cell_that_is_no_test_is_refused(cell: str) -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse_cell(cell)


def test_a_text_is_not_compared_with_a_number_by_size() -> None:
    with pytest.raises(ExpressionError, match="Expected a number for '<', but found a text"):
        parse_cell("< 5").matches("4", {})


# --- hit policies

OVERLAPPING = [("< 10", "1"), ("< 20", "2"), ("> 15", "3")]


def test_unique_gives_the_one_rule_that_matches() -> None:
    assert table(OVERLAPPING).evaluate({"x": 25}) == ([{"y": 3}], (3,))


def test_unique_refuses_an_overlap_and_names_table_rules_and_inputs() -> None:
    with pytest.raises(ExpressionError, match=r"one rule of 'table' to match, but 2 and 3 do\. Its inputs: x 17\."):
        table(OVERLAPPING).evaluate({"x": 17})


def test_no_match_gives_no_rows() -> None:
    assert table([("1", "1")]).evaluate({"x": 2}) == ([], ())


def test_any_gives_one_row_where_the_rules_agree() -> None:
    agreeing = table([("< 10", '"a"'), ("< 20", '"a"')], policy='hitPolicy="ANY"')
    assert agreeing.evaluate({"x": 5}) == ([{"y": "a"}], (1,))


def test_any_refuses_rules_that_differ() -> None:
    with pytest.raises(ExpressionError, match="but 1 and 2 differ"):
        table([("< 10", '"a"'), ("< 20", '"b"')], policy='hitPolicy="ANY"').evaluate({"x": 5})


def test_first_gives_the_first_rule_and_looks_at_no_later_one() -> None:
    first = table([("< 10", "1"), ("< missing", "2")], policy='hitPolicy="FIRST"')
    assert first.evaluate({"x": 5}) == ([{"y": 1}], (1,))


PRIORITIES: dict[str, Any] = {"values": {"y": '"high","middle","low"'}, "types": {"y": "string"}}
UNSORTED = [("-", '"low"'), ("-", '"high"'), ("> 5", '"middle"')]


def test_priority_gives_the_output_that_is_listed_first() -> None:
    assert table(UNSORTED, policy='hitPolicy="PRIORITY"', **PRIORITIES).evaluate({"x": 9}) == ([{"y": "high"}], (2,))


def test_output_order_sorts_by_the_listed_values() -> None:
    rows, rules = table(UNSORTED, policy='hitPolicy="OUTPUT ORDER"', **PRIORITIES).evaluate({"x": 9})
    assert ([row["y"] for row in rows], rules) == (["high", "middle", "low"], (2, 3, 1))


@pytest.mark.parametrize("policy", ["RULE ORDER", "COLLECT"])
def test_rule_order_and_collect_give_every_rule_in_order(policy: str) -> None:
    every = table(OVERLAPPING, policy=f'hitPolicy="{policy}"')
    assert every.evaluate({"x": 5}) == ([{"y": 1}, {"y": 2}], (1, 2))


@pytest.mark.parametrize(("aggregation", "result"), [("SUM", 3), ("MIN", 1), ("MAX", 2), ("COUNT", 2)])
def test_collect_aggregates(aggregation: str, result: int) -> None:
    collected = table(OVERLAPPING, policy=f'hitPolicy="COLLECT" aggregation="{aggregation}"')
    assert collected.evaluate({"x": 5}) == ([{"y": result}], (1, 2))


def test_collect_without_a_match_counts_none_and_sums_nothing() -> None:
    none = [("1", "1")]
    assert table(none, policy='hitPolicy="COLLECT" aggregation="COUNT"').evaluate({"x": 2}) == ([{"y": 0}], ())
    assert table(none, policy='hitPolicy="COLLECT" aggregation="SUM"').evaluate({"x": 2}) == ([], ())


def test_a_sum_of_texts_is_refused() -> None:
    summed = table([("-", '"a"'), ("-", '"b"')], policy='hitPolicy="COLLECT" aggregation="SUM"')
    with pytest.raises(ExpressionError, match="Expected numbers for the sum of 'y' in 'table'"):
        summed.evaluate({"x": 1})


def test_a_table_without_a_hit_policy_is_unique() -> None:
    assert table([("1", "1")], policy="").hit_policy == "UNIQUE"


# --- inputs and outputs


def test_a_table_describes_what_it_is_asked() -> None:
    asked = table([('"a"', "1", "1")], inputs=("x", "case.n"))
    assert asked.describe({"x": "b", "case": {"n": 2}}) == "x 'b', case.n 2"


def test_two_inputs_must_both_match_and_several_outputs_are_given() -> None:
    both = table([('"a"', "> 1", "1", "[2, 3]")], inputs=("x", "case.n"), outputs=("y", "z"))
    assert both.evaluate({"x": "a", "case": {"n": 2}}) == ([{"y": 1, "z": [2, 3]}], (1,))
    assert both.evaluate({"x": "a", "case": {"n": 1}}) == ([], ())


def test_outputs_reckon_with_variables_and_are_json() -> None:
    reckoned = table([("-", 'date("2026-01-31") + duration("P1M")', "x + 1", "")], outputs=("due", "next", "none"))
    assert reckoned.evaluate({"x": 1})[0] == [{"due": "2026-02-28", "next": 2, "none": None}]


def test_an_input_that_is_not_there_is_named_with_its_table() -> None:
    with pytest.raises(ExpressionError, match="input 'x' of 'table', but: Expected a variable 'x', but there is none"):
        table([("1", "1")]).evaluate({})


def test_an_input_of_another_type_is_refused_rather_than_missed() -> None:
    typed = table([("1", "1")], types={"x": "number"})
    with pytest.raises(ExpressionError, match="Expected a number, but found a text: '1'"):
        typed.evaluate({"x": "1"})
    assert typed.evaluate({"x": None}) == ([], ())


def test_a_date_column_reads_texts_as_dates() -> None:
    dated = table([('[date("2026-05-01")..date("2026-05-31")]', "1")], types={"x": "date"})
    assert dated.evaluate({"x": "2026-05-31"}) == ([{"y": 1}], (1,))
    with pytest.raises(ExpressionError, match="Expected a date"):
        dated.evaluate({"x": "2026-02-31"})


# --- reading


@pytest.mark.parametrize(
    "namespace",
    ["http://www.omg.org/spec/DMN/20151101/dmn.xsd", "http://www.omg.org/spec/DMN/20180521/MODEL/", NAMESPACE],
)
def test_dmn_1_1_to_1_3_is_read(namespace: str) -> None:
    assert table([("1", "1")], namespace=namespace).evaluate({"x": 1})[1] == (1,)


def test_the_tables_of_the_lifecycle_are_read() -> None:
    found = {file.name: read(file.read_bytes(), file.name) for file in files("bpmn").iterdir() if ".dmn" in file.name}
    assert {"category.dmn", "jurisdiction.dmn", "deadline-profile.dmn"} <= found.keys()


def test_a_file_may_hold_several_decisions() -> None:
    first = dmn([("1", "1")]).decode()
    second = first[first.index("<decision ") : first.index("</definitions>")].replace('id="', 'id="second-')
    two = read(first.replace("</definitions>", second + "</definitions>").encode(), "two.dmn")
    assert [found.id for found in two] == ["table", "second-table"]


def problems(xml: bytes) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        read(xml, "table.dmn")
    return [str(problem) for problem in caught.value.problems]


def test_every_bad_cell_is_reported_at_once_with_its_element_and_line() -> None:
    xml = dmn([("[1..", "1"), ("1", "f(x)"), ("1", "1 +")]).replace(b"<rule", b"\n<rule")
    found = problems(xml)
    assert [problem.split(":")[0] for problem in found] == ["'c0-0' (line 2)", "'c1-1' (line 3)", "'c2-1' (line 4)"]


@pytest.mark.parametrize(
    ("xml", "expected"),
    [
        (b"<definitions", "not well-formed XML"),
        (b"", "not well-formed XML"),
        (b"<a/>", "It is no DMN file"),
        (f'<definitions xmlns="{NAMESPACE}" id="d" name="d" namespace="n"/>'.encode(), "There is no decision in it"),
        (dmn([("1", "1")], outputs=("y", "z")), "Give it one for each column"),
        (dmn([("1", "1")], policy='hitPolicy="LAST"'), "hitPolicy"),
        (dmn([("1", "1")], policy='hitPolicy="PRIORITY"'), "PRIORITY has no order to go by"),
        (dmn([("1", "1")], policy='hitPolicy="UNIQUE" aggregation="SUM"'), "SUM cannot be worked out"),
        (dmn([("1", '"a"')], types={"y": "number"}), "Expected a number, but found a text"),
        (dmn([('"1"', "1")], types={"x": "number"}), "Expected a number, but found a text"),
        (dmn([("1", "1 / 0")]), "Expected a divisor, but it is 0"),
        (dmn([("1 / 0", "1")]), "Expected a divisor, but it is 0"),
        (dmn([("-", "1")], values={"y": "1 / 0"}), "Expected a divisor, but it is 0"),
        (dmn([("-", "date('2026-02-31')")]), "Expected a date such as"),
        (dmn([("1", "1")], inputs=("",)), "says not where its value comes from"),
        (dmn([("1", "1", "1")], outputs=("y", "")), "An output has no name"),
        (dmn([("1", '"c"')], values={"y": '"a","b"'}), "'c' is not among the values"),
        (dmn([("1", "1")], inputs=("f(x)",)), "There is no function 'f'"),
        (dmn([("1", "1")]).replace(b"<inputExpression", b'<inputExpression expressionLanguage="groovy"'), "groovy"),
        (b"<x>" * 4_000_000, "At most 10,000,000 are taken"),
    ],
)
def test_what_cannot_be_evaluated_is_refused(xml: bytes, expected: str) -> None:
    assert any(expected in problem for problem in problems(xml))


def test_a_document_type_is_refused_and_no_entity_is_read() -> None:
    bomb = b'<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;"><!ENTITY f SYSTEM "file:///etc/passwd">]>'
    assert problems(bomb + dmn([("1", "1")]).replace(b'name="Table"', b'name="&b;"')) == [
        "line 1: The file has a DOCTYPE. Documents with a DTD or entities are not taken."
    ]
    body = dmn([("1", '"X"')]).replace(b"X", b"&f;")
    assert problems(bomb + body) == ["line 1: The file has a DOCTYPE. Documents with a DTD or entities are not taken."]


def test_a_decision_that_needs_another_is_refused() -> None:
    xml = dmn([("1", "1")]).replace(
        b"<decisionTable",
        b'<informationRequirement id="i"><requiredDecision href="#other"/></informationRequirement><decisionTable',
    )
    assert any("It needs decision 'other'" in problem for problem in problems(xml))


def test_comments_are_passed_over() -> None:
    commented = dmn([('"a"', "1")], inside="<!-- why -->").replace(b"<text>", b"<text><!-- why -->")
    (only,) = read(commented)
    assert only.evaluate({"x": "a"})[1] == (1,)


def test_notes_inside_a_table_do_not_stop_it() -> None:
    noted = table([("1", "1")], inside="<description>Why</description>")
    assert noted.evaluate({"x": 1})[1] == (1,)


CELLS = st.lists(
    st.sampled_from(
        [
            *(
                "[1..5]",
                "]",
                "[",
                "(",
                ")",
                "..",
                "<",
                ">=",
                "not(",
                ",",
                '"a"',
                "'",
                "-",
                "1",
                "x",
                "null",
                "true",
                "=",
            ),
            *("date(", '"2026-05-01"', "duration(", '"P1M"', "+", "*", "and", "time", "[", "]", ".", "{", ":", "f("),
        ]
    ),
    max_size=8,
).map(" ".join) | st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=20)


@settings(max_examples=300, deadline=None)
@given(CELLS, CELLS, CELLS, st.sampled_from(["UNIQUE", "ANY", "FIRST", "COLLECT", "RULE ORDER"]))
def test_whatever_is_in_a_table_it_is_refused_or_answers(cell: str, result: str, listed: str, policy: str) -> None:
    xml = dmn([(cell, result), ("-", "1")], policy=f'hitPolicy="{policy}"', values={"x": listed})
    for value in (1, "a", None, "2026-05-01", True, [1]):
        try:
            rows, rules = read(xml)[0].evaluate({"x": value})
        except (InvalidDefinition, ExpressionError):
            continue
        assert json.loads(json.dumps(rows)) == rows
        assert set(rules) <= {1, 2}


def test_a_file_that_would_take_long_to_read_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="characters in its cells"):
        read(dmn([(",".join(['"a"'] * 2_000), '"x"')] * 50))
    with pytest.raises(InvalidDefinition, match="elements"):
        read(dmn([("-",) * 30 + ('"x"',)] * 1_500, inputs=["x"] * 30))
