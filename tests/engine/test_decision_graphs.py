"""Literal expressions, and decisions that need others."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError
from engine.decisions import read
from engine.errors import InvalidDefinition
from tests.engine.dmn import asked, decision, dmn, file, problems

# --- literal expressions


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1 + 2 * 3", 7),
        ("x / 4", 2),
        ("2 ** 3 - 1", 7),
        ('if x > 5 then "many" else "few"', "many"),
        ('if x > 9 then "many" else if x > 7 then "some" else "few"', "some"),
        ("(if x > 5 then 1 else 2) + 10", 11),
        ("x > 5 and x < 10", True),
        ("x = 8 or y", True),
        ("not(x = 8)", False),
        ("x between 1 and 8 and true", True),
        ("x in [1..8)", False),
        ("x in (1, 8)", True),
        ("x in (< 3, ]7..9[)", True),
        ("x in items", True),
        ("items[1] + items[-1]", 12),
        ("[x, x + 1]", [8, 9]),
        ("sum(items) + count(items)", 14),
        ("max(items) - min(items)", 4),
        ("mean(items)", 6),
        ("floor(2.7) + ceiling(2.1)", 5),
        ('{days: x, "unit of time": "day"}', {"days": 8, "unit of time": "day"}),
        ("person.name", "Li"),
        ('upper case(person.name) + "!"', "LI!"),
        ('string(x) + number("2.5") - 0', None),
        ('date("2026-01-31") + duration("P1M")', "2026-02-28"),
        ('date and time("2026-05-01T08:00:00+08:00")', "2026-05-01T08:00:00+08:00"),
        ('time("08:30:00+08:00")', "08:30:00+08:00"),
        ('@"PT90M"', "PT1H30M"),
        ("null", None),
    ],
)
def test_a_literal_expression_gives_its_value(text: str, value: object) -> None:
    variables: dict[str, Any] = {"x": 8, "y": False, "items": [4, 8], "person": {"name": "Li"}}
    if value is None and text != "null":
        with pytest.raises(ExpressionError, match="the value of 'total', but"):
            asked(file(decision("total", text)), "total", **variables)
    else:
        assert asked(file(decision("total", text)), "total", **variables) == value


def test_a_literal_expression_is_called_by_its_variable() -> None:
    drawn = decision("total", "x + 1", variable='<variable id="v" name="sum" typeRef="number"/>')
    (graph,) = read(file(drawn))
    assert graph.evaluate({"x": 1}) == ([{"sum": 2}], ())
    assert graph.describe({"x": 1, "other": 2}) == "x 1"


def test_a_literal_expression_gives_a_value_of_its_variables_type() -> None:
    drawn = file(decision("total", "x", variable='<variable id="v" name="sum" typeRef="date"/>'))
    assert asked(drawn, "total", x="2026-05-01") == "2026-05-01"
    with pytest.raises(ExpressionError, match="'total' to give a value of its type, but: Expected a date"):
        asked(drawn, "total", x="soon")


# --- required decisions


def outputs(key: str, columns: dict[str, str], policy: str = "UNIQUE") -> str:
    """A table with rules that all match: each column lists its cells."""
    heads = "".join(f'<output id="{key}-{name}" name="{name}"/>' for name in columns)
    rules = zip(*(cells.split("|") for cells in columns.values()), strict=True)
    rows = "".join(
        f"<rule>{''.join(f'<outputEntry><text>{cell}</text></outputEntry>' for cell in cells)}</rule>"
        for cells in rules
    )
    return f'<decisionTable id="{key}-table" hitPolicy="{policy}">{heads}{rows}</decisionTable>'


def test_a_required_decision_is_seen_by_its_id_its_name_and_its_variable() -> None:
    needed = decision("d1", "2", name="Risk level", variable='<variable name="risk"/>')
    assert asked(file(needed + decision("d2", "risk + d1 + Risk level", "d1")), "d2") == 6


@pytest.mark.parametrize(
    ("columns", "policy", "text", "value"),
    [
        ({"y": "1"}, "UNIQUE", "t + y", 2),
        ({"y": "1", "z": "2"}, "UNIQUE", "t.y + t.z + y + z", 6),
        ({"y": "1|2"}, "COLLECT", "t", [1, 2]),
        ({"y": "1|2"}, "COLLECT", "y", [1, 2]),
        ({"y": "1"}, "RULE ORDER", "t", [1]),
        ({"y": "1|2", "z": "3|4"}, "COLLECT", "t", [{"y": 1, "z": 3}, {"y": 2, "z": 4}]),
        ({"y": "1|2", "z": "3|4"}, "COLLECT", "z", [3, 4]),
        ({"y": "1|2"}, 'COLLECT" aggregation="SUM', "t + y", 6),
    ],
)
def test_a_required_table_is_seen_as_a_value_a_mapping_or_a_list(
    columns: dict[str, str], policy: str, text: str, value: object
) -> None:
    assert asked(file(decision("t", outputs("t", columns, policy)) + decision("d", text, "t")), "d") == value


def test_a_table_tests_what_a_required_table_gives() -> None:
    table = dmn([('"Winter"', '"Stew"'), ('"Summer"', '"Salad"')], inputs=("season",), outputs=("dish",)).decode()
    needed = decision("season-of-day", outputs("s", {"season": '"Winter"'}))
    requirement = '<informationRequirement><requiredDecision href="#season-of-day"/></informationRequirement>'
    body = table.replace("<decisionTable", requirement + "<decisionTable").replace("</definitions>", needed)
    graph = read((body + "</definitions>").encode())[0]
    assert graph.evaluate({"season": "Summer"}) == ([{"dish": "Stew"}], (1,))
    assert graph.describe({}) == "season 'Winter'"


def test_only_what_is_required_is_seen() -> None:
    chain = file(decision("a", "1") + decision("b", "a + 1", "a") + decision("c", "a + b", "b"))
    with pytest.raises(ExpressionError, match="the value of 'c', but: Expected a variable 'a'"):
        asked(chain, "c")
    assert asked(chain, "c", a=10) == 12


def test_a_decision_asked_by_itself_works_out_no_other() -> None:
    both = file(decision("broken", "missing") + decision("fine", "1") + decision("needs", "broken", "broken"))
    assert asked(both, "fine") == 1
    with pytest.raises(ExpressionError, match="the value of 'broken'"):
        asked(both, "needs")


def test_an_error_names_the_required_table_that_has_no_answer() -> None:
    table = dmn([("1", "1")]).decode().replace("</definitions>", decision("top", "table", "table") + "</definitions>")
    with pytest.raises(ExpressionError, match=r"a rule of 'table' to match, but none does\. Its inputs: x 2\."):
        asked(table.encode(), "top", x=2)


def test_a_diamond_is_worked_out_once_and_in_order() -> None:
    drawn = file(
        decision("top", "left + right", "left", "right")
        + decision("left", "base + 1", "base")
        + decision("right", "base + 2", "base")
        + decision("base", "x")
    )
    graph = read(drawn)[0]
    assert sorted(each.id for each in graph.decisions) == ["base", "left", "right", "top"]
    assert graph.evaluate({"x": 10}) == ([{"top": 23}], ())


def test_dates_stay_dates_from_one_decision_to_the_next() -> None:
    drawn = file(decision("due", 'date("2026-01-31")') + decision("later", 'due + duration("P1M")', "due"))
    assert asked(drawn, "later") == "2026-02-28"


def test_input_data_brings_its_type() -> None:
    data = '<inputData id="i" name="Born"><variable name="Born" typeRef="date"/></inputData>'
    needs = '<informationRequirement><requiredInput href="#i"/></informationRequirement>'
    drawn = file(data + decision("age", 'Born + duration("P1D")').replace("<literal", needs + "<literal"))
    assert asked(drawn, "age", Born="2026-05-01") == "2026-05-02"
    with pytest.raises(ExpressionError, match="input 'Born' of 'age', but: Expected a date"):
        asked(drawn, "age", Born=5)
    with pytest.raises(ExpressionError, match="Expected a variable 'Born'"):
        asked(drawn, "age")


def test_a_reference_may_name_its_own_files_namespace() -> None:
    drawn = decision("a", "1") + decision("b", "a", "a").replace('href="#a"', 'href="n#a"')
    assert asked(file(drawn), "b") == 1


# --- what is refused


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (decision("a", "1", "b"), "It needs decision 'b', which is not in this file"),
        (decision("a", "1", "i") + '<inputData id="i" name="i"/>', "It needs decision 'i', which is not in this file"),
        (decision("a", "1", "a"), "The decision needs itself: 'a' needs 'a'"),
        (decision("a", "1", "b") + decision("b", "1", "a"), "The decision needs itself: '"),
        (decision("a", "1", "b").replace("#b", "other.dmn#b"), "'other.dmn#b' refers to another file"),
        (decision("a", "1", "b").replace("#b", "b"), "'b' refers to another file"),
        (decision("a", "1", "b").replace("requiredDecision", "requiredInput"), "It needs input data 'b'"),
        (decision("a", "1 +"), "Its expression: Expected a value in '1 +'"),
        (decision("a", ""), "The decision gives no value"),
        (decision("a", "f(1)"), "There is no function 'f'"),
        (decision("a", "1").replace("<literalExpression", '<literalExpression expressionLanguage="juel"'), "juel"),
        ('<decision id="a" name="a"/>', "It has no decision table"),
        (
            decision("a", outputs("a", {"y": "1"}))
            + decision("b", outputs("b", {"y": "1"}))
            + decision("c", "y", "a", "b"),
            "'y' is 'a' as well as 'b'",
        ),
    ],
)
def test_what_cannot_be_put_together_is_refused(body: str, expected: str) -> None:
    assert any(expected in problem for problem in problems(file(body)))


def test_two_outputs_of_one_name_are_fine_where_nobody_reads_it() -> None:
    both = decision("a", outputs("a", {"y": "1"})) + decision("b", outputs("b", {"y": "2"}))
    assert asked(file(both + decision("c", "a + b", "a", "b")), "c") == 3


def test_every_circle_is_reported_with_its_way() -> None:
    two = [decision(key, "1", need) for key, need in (("a", "b"), ("b", "a"), ("c", "d"), ("d", "c"))]
    found = problems(file("".join(two)))
    assert len(found) == 2
    assert all(problem.count("needs") == 3 for problem in found)


def test_what_is_wrong_in_a_decision_and_what_is_missing_around_it_are_told_at_once() -> None:
    drawn = decision("a", "1 +", "gone") + decision("b", "1", "c") + decision("c", "2", "b") + decision("d", "")
    found = problems(file(drawn))
    assert len(found) == 4
    for expected in (
        "Expected a value in '1 +'",
        "It needs decision 'gone'",
        "needs itself",
        "The decision gives no value.",
    ):
        assert any(expected in problem for problem in found), (expected, found)


# --- bounds


def test_what_all_decisions_of_an_evaluation_read_is_bounded() -> None:
    needed = "".join(decision(f"d{n}", "sum(xs) + sum(xs) + sum(xs)") for n in range(150))
    drawn = file(needed + decision("top", "1", *(f"d{n}" for n in range(150))))
    assert asked(drawn, "top", xs=[1] * 10) == 1
    with pytest.raises(ExpressionError, match="Expected to be done in 1,000,000 steps"):
        asked(drawn, "top", xs=[1] * 50_000)


@pytest.mark.parametrize("cell", ["list contains(?, 7)", "count(?) > x[1]", "? = xs"])
def test_what_the_cells_of_a_table_read_is_bounded(cell: str) -> None:
    (graph,) = read(dmn([(cell, "1")] * 100, inputs=("x",), policy='hitPolicy="COLLECT"'))
    assert graph.evaluate({"x": [1], "xs": [1]})
    with pytest.raises(ExpressionError, match="Expected to be done in 1,000,000 steps"):
        graph.evaluate({"x": [1] * 50_000, "xs": [2] * 50_000})


def test_a_long_chain_is_worked_out() -> None:
    chain = "".join(decision(f"d{n}", f"d{n - 1} + 1" if n else "0", *([f"d{n - 1}"] if n else [])) for n in range(200))
    assert asked(file(chain), "d199") == 199


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 7), st.integers(0, 7)), max_size=14))
def test_whatever_needs_whatever_it_is_refused_as_a_circle_or_answers(pairs: list[tuple[int, int]]) -> None:
    needs = {n: sorted({other for each, other in pairs if each == n}) for n in range(8)}
    body = "".join(
        decision(f"d{n}", "1" + "".join(f" + d{other}" for other in needs[n]), *(f"d{other}" for other in needs[n]))
        for n in needs
    )
    try:
        graphs = read(file(body))
        wrong = []
    except InvalidDefinition as error:
        graphs, wrong = (), [problem.wrong for problem in error.problems]
    assert bool(graphs) is not bool(wrong)
    assert all("The decision needs itself" in message for message in wrong)
    for graph in graphs:
        ((value,),) = (row.values() for row in graph.evaluate({})[0])
        assert value == _counted(int(graph.id[1:]), needs)


def _counted(number: int, needs: dict[int, list[int]]) -> int:
    return 1 + sum(_counted(other, needs) for other in needs[number])
