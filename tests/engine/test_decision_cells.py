"""The cells of decision tables: what they match, and what is no test."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError
from engine.decisions.scope import Scope
from engine.decisions.unary_tests import parse_cell


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
        ("(1..5)", 5, False),
        ("(1..5)", 4.999, True),
        ("[ 1 .. 5 ]", 5, True),
        ("[.5..1.5]", 0.5, True),
        ("not(]1..5[)", 1, True),
        ("not(-5)", -5, False),
        ("-5, -6", -6, True),
        ("-0.5", -0.5, True),
        ("1.0", 1, True),
        ("1e3", 1000, True),
        ("2 * 3 + 1", 7, True),
        ("-(2 + 3)", -5, True),
        ("[2 * limit..3 * limit)", 20, True),
        ("> -1", 0, True),
        ("!= null", None, False),
        ("> null", 1, False),
        ("null, 1", None, True),
        ("not(null, 1)", 2, True),
        ("not(true)", False, True),
        ("[1, 2]", [1, 2], True),
        ("[]", [], True),
        ("{level: 3}", {"level": 3}, True),
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
        ('"line\\nbreak"', "line\nbreak", True),
        ('"caf\\u00e9"', "café", True),
        ('"\\\\"', "\\", True),
        ('"浦江"', "浦江", True),
        ('"a,b"', "a,b", True),
        ('""', "", True),
        ('"-"', "-", True),
        ('< "b"', "a", True),
        ('"1..5"', "1..5", True),
        ('"not(x)"', "not(x)", True),
        ('date("2026-05-01")', "2026-05-01", True),
        ('< date("2026-05-01")', "2026-04-30", True),
        ('[date("2026-05-01")..date("2026-05-31")]', "2026-05-31", True),
        ('> date("2026-05-01")', "2026-05-02T08:00:00+08:00", True),
        ('>= date and time("2026-05-01T00:00:00Z")', "2026-05-01T08:00:00+08:00", True),
        ('< date and time("2026-05-01T00:00:00Z")', "2026-05-01T08:00:00+08:00", False),
        ('date and time("2026-05-01T00:00:00Z")', "2026-05-01T08:00:00+08:00", True),
        ('@"2026-05-01"', "2026-05-01", True),
        ('>= @"2026-05-01T00:00:00Z"', "2026-05-01T08:00:00+08:00", True),
        ('[time("08:00:00")..time("17:00:00")]', "12:30:00", True),
        ('[time("08:00:00")..time("17:00:00")]', "17:00:01", False),
        ('> time("08:00:00Z")', "09:30:00+02:00", False),
        ('@"08:30:00"', "08:30", True),
        ('>= duration("P3D")', "PT72H", True),
        ('< duration("P3D")', "PT72H", False),
        ('duration("PT24H")', "P1D", True),
        ('@"P1Y"', "P12M", True),
        ('< duration("P1Y2M")', "P13M", True),
        ('[duration("P1Y")..duration("P2Y")]', "P24M", True),
        ('(duration("P1Y")..duration("P2Y"))', "P24M", False),
        ('> duration("-P1D")', "PT0S", True),
        ('date("2026-01-31") + duration("P1M")', "2026-02-28", True),
    ],
)
def test_a_cell_matches_what_it_says(cell: str, value: object, matches: bool) -> None:
    variables = {"limit": 7, "case": {"level": 3}}
    assert parse_cell(cell).matches(value, Scope(variables)) is matches


@pytest.mark.parametrize(
    "cell",
    [
        "[1..5",
        "1..5",
        "]1..5",
        "[1,5]..",
        "-, 1",
        "not(-)",
        "1 2",
        "[x for x in y]",
        "xs[0]",
        "xs[y]",
        "@5",
        "{a: 1, b: a}",
        '"a" "b"',
        '"a",',
        "x > 5",
        "[..5]",
        "not(",
        "not()",
        "=> 5",
        "< ",
        "a = b",
        "lambda",
        "not 5",
        "1,2,",
        "__x__",
        "'",
        '"\\q"',
        'date("2026-02-30")',
        'time("25:00:00")',
        'duration("3D")',
        '@"soon"',
    ],
)
def test_a_cell_that_is_no_test_is_refused(cell: str) -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse_cell(cell)


def test_a_text_is_not_compared_with_a_number_by_size() -> None:
    with pytest.raises(ExpressionError, match="Expected a number for '<', but found a text"):
        parse_cell("< 5").matches("4", Scope({}))


@pytest.mark.parametrize(
    ("cell", "value", "matches"),
    [
        ("? > 5 and ? < 9", 7, True),
        ("? > 5 and ? < 9", 9, False),
        ('contains(?, "house")', "the house", True),
        ('starts with(?, "A"), ends with(?, "Z")', "XYZ", True),
        ('not(contains(?, "x"))', "xyz", False),
        ('not(contains(?, "x")) and ? != "b"', "b", False),
        ("? in [1..5]", 5, True),
        ("? in (1, > 8)", 9, True),
        ("? between 1 and 3", 3, True),
        ("string length(?) > 3", "four", True),
        ('upper case(?) = "A"', "a", True),
        ('list contains(?, "a")', ["a", "b"], True),
        ("count(?) = 2", ["a", "b"], True),
        ("? = limit", 7, True),
        ("if ? > limit then true else false", 8, True),
        ("? != null and ? > 2", None, False),
    ],
)
def test_a_condition_reads_the_value_as_a_question_mark(cell: str, value: object, matches: bool) -> None:
    assert parse_cell(cell).matches(value, Scope({"limit": 7})) is matches


def test_a_condition_has_to_be_true_or_false() -> None:
    with pytest.raises(ExpressionError, match="to be true or false, but it is a number"):
        parse_cell("? + 1").matches(1, Scope({}))


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("< true", False),
        ('> date("2026-05-01")', 5),
        ('> time("08:00:00")', "noon"),
        ('< duration("P1M")', "P30D"),
        ('< duration("P1Y")', 1),
        ('< duration("P1M")', "soon"),
        ("[1..5]", [3]),
    ],
)
def test_what_has_no_order_is_refused_rather_than_missed(cell: str, value: object) -> None:
    with pytest.raises(ExpressionError, match="but found"):
        parse_cell(cell).matches(value, Scope({}))


@settings(max_examples=200, deadline=None)
@given(st.integers(-9, 9), st.integers(-9, 9), st.integers(-9, 9), st.sampled_from("[]("), st.sampled_from("[])"))
def test_an_interval_has_the_ends_that_its_brackets_say(low: int, high: int, value: int, left: str, right: str) -> None:
    above = value >= low if left == "[" else value > low
    below = value <= high if right == "]" else value < high
    assert parse_cell(f"{left}{low}..{high}{right}").matches(value, Scope({})) is (above and below)
    assert parse_cell(f"not({left}{low}..{high}{right})").matches(value, Scope({})) is not (above and below)


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20), st.text(max_size=3))
def test_a_text_matches_itself_alone(text: str, other: str) -> None:
    written = text.replace("\\", "\\\\").replace('"', '\\"')
    assert parse_cell(f'"{written}"').matches(text, Scope({}))
    assert parse_cell(f'"{written}"').matches(other, Scope({})) is (text == other)
