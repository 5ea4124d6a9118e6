"""Types of inputs, outputs and decisions: what they take, and what a file may define."""

from __future__ import annotations

import pytest

from engine.core.expressions import ExpressionError
from engine.decisions import read
from tests.engine.dmn import dmn, file, problems, table


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("string", '"a"', "a"),
        ("boolean", "true", True),
        ("number", "1.5", 1.5),
        ("integer", "2", 2.0),
        ("long", "2", 2),
        ("double", "2", 2),
        ("date", '@"2026-05-01"', "2026-05-01"),
        ("time", '@"08:00:00"', "08:00"),
        ("dateTime", '@"2026-05-01T00:00:00Z"', "2026-05-01T08:00:00+08:00"),
        ("date and time", '@"2026-05-01T00:00:00Z"', "2026-05-01T00:00:00"),
        ("days and time duration", '@"P1D"', "PT24H"),
        ("dayTimeDuration", '@"P1D"', "PT24H"),
        ("years and months duration", '@"P1Y"', "P12M"),
        ("yearMonthDuration", '@"P1Y"', "P12M"),
        ("context", "{a: 1}", {"a": 1}),
        ("Any", "1", 1),
        ("feel:string", '"a"', "a"),
    ],
)
def test_a_value_of_the_type_is_taken(kind: str, cell: str, value: object) -> None:
    assert table([(cell, "1")], types={"x": kind}).evaluate({"x": value})[1] == (1,)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("string", 1, "a text, but found a number"),
        ("boolean", 1, "a truth value, but found a number"),
        ("number", True, "a number, but found a truth value"),
        ("number", "1", "a number, but found a text"),
        ("integer", 1.5, "a whole number, but found a number"),
        ("date", "2026-02-30", "a date, but found a text"),
        ("time", "25:00", "a time, but found a text"),
        ("dateTime", 5, "a date and time, but found a number"),
        ("dayTimeDuration", "P1M", "a duration of days and time, but found a text"),
        ("yearMonthDuration", "P1D", "a duration of years and months, but found a text"),
        ("string", ["a"], "a text, but found a list"),
        ("context", [1], "a mapping, but found a list"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, value: object, expected: str) -> None:
    with pytest.raises(ExpressionError, match=f"Expected input 'x' of 'table', but: Expected {expected}"):
        table([("-", "1")], types={"x": kind}).evaluate({"x": value})


DEFINED = """
<itemDefinition name="tColour"><typeRef>string</typeRef><allowedValues><text>"red","blue"</text></allowedValues></itemDefinition>
<itemDefinition name="tColours" isCollection="true"><typeRef>tColour</typeRef></itemDefinition>
<itemDefinition name="tCar"><itemComponent name="colour of roof"><typeRef>tColour</typeRef></itemComponent>
  <itemComponent name="built"><typeRef>date</typeRef></itemComponent></itemDefinition>
"""


def defined(kind: str, input_text: str = "x") -> bytes:
    xml = dmn([("-", "1")], inputs=(input_text,), types={input_text: kind})
    return xml.replace(b"<decision ", DEFINED.encode() + b"<decision ", 1)


@pytest.mark.parametrize(
    ("kind", "value", "expected"),
    [
        ("tColour", "red", None),
        ("tColour", None, None),
        ("tColour", "green", "Expected one of \"red\",\"blue\" for type 'tColour', but found 'green'"),
        ("tColour", 5, "Expected a text, but found a number"),
        ("tColours", ["red", "blue", None], None),
        ("tColours", ["red", "green"], "but found 'green'"),
        ("tColours", "red", "Expected a list, but found a text"),
        ("tCar", {"colour of roof": "red", "built": "2020-01-01", "more": 1}, None),
        ("tCar", {"colour of roof": "green"}, "but found 'green'"),
        ("tCar", {"built": "then"}, "Expected a date"),
        ("tCar", "red", "Expected a mapping, but found a text"),
    ],
)
def test_a_type_that_a_file_defines_is_held_against_values(kind: str, value: object, expected: str | None) -> None:
    (graph,) = read(defined(kind))
    if expected is None:
        assert graph.evaluate({"x": value})[1] == (1,)
    else:
        with pytest.raises(ExpressionError, match=expected):
            graph.evaluate({"x": value})


def test_a_component_may_have_a_name_of_several_words() -> None:
    (graph,) = read(defined("string", "x.colour of roof"))
    assert graph.describe({"x": {"colour of roof": "red"}}) == "x.colour of roof 'red'"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ('<itemDefinition name="a"><typeRef>a</typeRef></itemDefinition>', "The type 'a' is made of itself"),
        ('<itemDefinition name="a"><typeRef>b</typeRef></itemDefinition>', "The type 'b' is not known"),
        (
            '<itemDefinition name="number"><typeRef>string</typeRef></itemDefinition>',
            "There is a type 'number' already",
        ),
        ('<itemDefinition name="a"/><itemDefinition name="a"/>', "There is a type 'a' already"),
        (
            '<itemDefinition name="a"><typeRef>string</typeRef><allowedValues><text>[</text></allowedValues></itemDefinition>',
            "List values, with commas between them",
        ),
        ('<itemDefinition name="a"><functionItem/></itemDefinition>', "'functionItem' is not evaluated"),
    ],
)
def test_a_type_that_means_nothing_is_refused(body: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(file(body)))


@pytest.mark.parametrize("kind", ["tColours", "tDays"])
def test_holding_long_lists_against_types_is_bounded(kind: str) -> None:
    days = ",".join(f'@"2026-01-{day:02}"' for day in range(1, 32))
    listed = f"<allowedValues><text>{days}</text></allowedValues>"
    day = f'<itemDefinition name="tDays" isCollection="true"><typeRef>date</typeRef>{listed}</itemDefinition>'
    (graph,) = read(defined(kind).replace(b"<decision ", day.encode() + b"<decision ", 1))
    item = "red" if kind == "tColours" else "2026-01-31"
    assert graph.evaluate({"x": [item]})[1] == (1,)
    with pytest.raises(ExpressionError, match=r"Expected to be (decided|done) in"):
        graph.evaluate({"x": [item] * 2_000_000})
