"""Decision tables: their inputs and outputs, and what is refused at deployment."""

from __future__ import annotations

import json
import re
from importlib.resources import files

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError
from engine.decisions import DecisionTable, read
from engine.errors import InvalidDefinition
from tests.engine.dmn import NAMESPACE, dmn, problems, table


def test_a_table_describes_what_it_is_asked() -> None:
    asked = table([('"a"', "1", "1")], inputs=("x", "case.n"))
    assert asked.describe({"x": "b", "case": {"n": 2}}) == "x 'b', case.n 2"


def test_two_inputs_must_both_match_and_several_outputs_are_given() -> None:
    both = table([('"a"', "> 1", "1", "[2, 3]")], inputs=("x", "case.n"), outputs=("y", "z"))
    assert both.evaluate({"x": "a", "case": {"n": 2}}) == ([{"y": 1, "z": [2, 3]}], (1,))
    with pytest.raises(ExpressionError, match=r"none does\. Its inputs: x 'a', case\.n 1\."):
        both.evaluate({"x": "a", "case": {"n": 1}})


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
    with pytest.raises(ExpressionError, match="a rule of 'table' to match"):
        typed.evaluate({"x": None})


def test_a_date_column_reads_texts_as_dates() -> None:
    dated = table([('[date("2026-05-01")..date("2026-05-31")]', "1")], types={"x": "date"})
    assert dated.evaluate({"x": "2026-05-31"}) == ([{"y": 1}], (1,))
    with pytest.raises(ExpressionError, match="Expected a date"):
        dated.evaluate({"x": "2026-02-31"})


def test_a_value_that_an_input_does_not_list_is_an_error_that_names_both() -> None:
    listed = table([("-", "1")], values={"x": '"a", "b"'})
    assert listed.evaluate({"x": "b"})[1] == (1,)
    assert listed.evaluate({"x": None})[1] == (1,)
    with pytest.raises(
        ExpressionError, match="input 'x' of 'table', but: Expected one of \"a\", \"b\" for 'x', but found 'c'"
    ):
        listed.evaluate({"x": "c"})


def test_listed_values_may_be_intervals_and_hold_for_each_item_of_a_list() -> None:
    listed = table([("-", "1")], values={"x": "[1..5], > 9"})
    assert listed.evaluate({"x": [1, 5, 10]})[1] == (1,)
    with pytest.raises(ExpressionError, match="but found 7"):
        listed.evaluate({"x": [1, 7]})


def test_a_value_that_an_output_does_not_list_is_an_error_that_names_both() -> None:
    listed = table([("-", "x")], values={"y": "1, 2"})
    assert listed.evaluate({"x": 2}) == ([{"y": 2}], (1,))
    with pytest.raises(
        ExpressionError, match="rule 1 of 'table' to give 'y', but: Expected one of 1, 2 for 'y', but found 3"
    ):
        listed.evaluate({"x": 3})


@pytest.mark.parametrize("name", ["Applicant age", "applicant-age", "Terms and conditions", "Alter (Jahre)"])
def test_an_input_may_have_a_name_of_several_words(name: str) -> None:
    drawn = dmn([("> 17", "1")], inputs=("x",)).replace(b"<text>x</text>", f"<text>{name}</text>".encode())
    data = f'<inputData id="i" name="{name}"/><decision '.encode()
    (graph,) = read(drawn.replace(b"<decision ", data, 1))
    assert graph.evaluate({name: 18})[1] == (1,)


@pytest.mark.parametrize("text", ["a mod b", "a div b", "a in b", "a is b", "not a", "a or b"])
def test_an_input_that_holds_a_word_of_the_language_is_an_expression(text: str) -> None:
    asked = table([("-", "1")], inputs=(text,))
    assert asked.describe({"a": 1, "b": [1] if " in " in text else 2}).startswith(text)


@pytest.mark.parametrize(
    "language",
    ["feel", "S-FEEL", "http://www.omg.org/spec/FEEL/20140401", "https://www.omg.org/spec/DMN/20191111/FEEL/"],
)
def test_feel_has_many_addresses(language: str) -> None:
    xml = dmn([("1", "1")]).replace(b"<inputExpression", f'<inputExpression expressionLanguage="{language}"'.encode())
    assert read(xml)[0].evaluate({"x": 1})[1] == (1,)


def test_a_name_of_several_words_needs_no_declaration_where_it_is_the_whole_input() -> None:
    rules = [("> Highest debt", "-", "Monthly income + 1")]
    named = table(rules, inputs=("Monthly  income", "Highest debt"))
    assert named.evaluate({"Monthly income": 5, "Highest debt": 4}) == ([{"y": 6}], (1,))


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        NAMESPACE,
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_dmn_1_1_to_1_5_is_read(namespace: str) -> None:
    assert table([("1", "1")], namespace=namespace).evaluate({"x": 1})[1] == (1,)


def test_the_tables_of_the_lifecycle_are_read() -> None:
    found = {file.name: read(file.read_bytes(), file.name) for file in files("bpmn").iterdir() if ".dmn" in file.name}
    assert {"category.dmn", "jurisdiction.dmn", "deadline-profile.dmn"} <= found.keys()


def test_a_file_may_hold_several_decisions() -> None:
    first = dmn([("1", "1")]).decode()
    second = first[first.index("<decision ") : first.index("</definitions>")].replace('id="', 'id="second-')
    two = read(first.replace("</definitions>", second + "</definitions>").encode(), "two.dmn")
    assert [found.id for found in two] == ["table", "second-table"]


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
        (dmn([("1", '"c"')], values={"y": '"a","b"'}), "Expected one of"),
        (dmn([("1", "1")], inputs=("f(x)",)), "There is no function 'f'"),
        (dmn([("f(1)", "1")]), "There is no function 'f'"),
        (dmn([("1", "f(1)")]), "There is no function 'f'"),
        (dmn([("1", "1")], defaults={"y": "f(1)"}), "There is no function 'f'"),
        (dmn([("1", "1")], defaults={"y": "1 +"}), "Expected a value in '1 +'"),
        (dmn([("1", "1")], defaults={"y": '"a"'}, types={"y": "number"}), "The default of 'y': Expected a number"),
        (dmn([("1", "?")]), "'?' has no meaning here"),
        (dmn([("1", "1")], inputs=("?",)), "'?' has no meaning here"),
        (dmn([("1", "1")], values={"x": "limit"}), "The values depend on variables"),
        (dmn([("7", "1")], values={"x": "[1..5]"}), "7 is not among the values of the column, [1..5]"),
        (dmn([("1", "9")], values={"y": "< 5"}), "Expected one of < 5 for 'y', but found 9"),
        (dmn([("1", "1")], values={"y": ",".join(f"[{n}..{n}]" for n in range(101))}), "The values are too many"),
        (dmn([("1", "1", "1")], outputs=("y", "y")), "Two outputs are called 'y'"),
        (dmn([("1", "1")], types={"x": "tMoney"}), "The type 'tMoney' is not known"),
        (dmn([("1", "[x for x in y]")]), "goes through no list"),
        (dmn([("1", "1")] * 2_001), "The table is too large"),
        (dmn([("1",) * 51], inputs=["x"] * 50), "The table is too large"),
        (dmn([]).replace(b'<decision id="table"', b"<decision"), "The decision has no id"),
        (dmn([("1", "1")]).replace(b'id="d"', b'id="d" expressionLanguage="javascript"'), "written in javascript"),
        (dmn([("1", "1")]).replace(b'id="d"', b'id="d" typeLanguage="xsd"'), "Its types are of xsd"),
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


def test_comments_are_passed_over() -> None:
    commented = dmn([('"a"', "1")], inside="<!-- why -->").replace(b"<text>", b"<text><!-- why -->")
    (only,) = read(commented)
    assert only.evaluate({"x": "a"})[1] == (1,)


def test_notes_inside_a_table_do_not_stop_it() -> None:
    noted = table([("1", "1")], inside="<description>Why</description>")
    assert noted.evaluate({"x": 1})[1] == (1,)


def test_parts_without_ids_and_any_prefix_are_read() -> None:
    xml = re.sub(rb' id="(?!table|d")[^"]*"', b"", dmn([("1", "1")])).replace(b"xmlns=", b"xmlns:x=")
    xml = re.sub(rb"<(/?)(\w)", rb"<\1x:\2", xml)
    assert read(xml)[0].evaluate({"x": 1})[1] == (1,)
    assert problems(xml.replace(b"<x:text>1</x:text>", b"\n<x:text>[</x:text>", 2))[0].startswith(
        "'table' (line 1): Rule 1, 'x':"
    )


def test_the_lines_of_rules_are_kept() -> None:
    (graph,) = read(dmn([("1", "1"), ("2", "2")]).replace(b"<rule", b"\n<rule"))
    logic = graph.asked.logic
    assert isinstance(logic, DecisionTable)
    assert [(rule.number, rule.line) for rule in logic.rules] == [(1, 2), (2, 3)]


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
