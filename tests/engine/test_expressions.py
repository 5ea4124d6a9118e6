"""Expressions, templates and scripts, through what the core imports."""

from __future__ import annotations

import re
import threading
from collections import ChainMap
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.core.expressions import (
    FUNCTIONS,
    ExpressionError,
    MissingValue,
    as_json,
    parse,
    parse_feel,
    parse_script,
    parse_template,
)
from engine.core.timing import Duration
from engine.errors import BpmnError

VARIABLES: dict[str, Any] = {
    "n": 1,
    "m": -2.5,
    "done": False,
    "none": None,
    "text": "water",
    "case": {"subject": "water", "parties": [{"id": 7}, {"id": 8}], "in": "words are keys", "empty": {}},
    "outs": [3, 1, 2],
    "nothing": [],
    "水": "water",
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1.5e3", 1500.0),
        (".5", 0.5),
        ("'a\\'b\\n\\u6c34'", "a'b\n水"),
        ('"a\\"b"', 'a"b'),
        ("true and True", True),
        ("null is None", True),
        ("n", 1),
        ("水", "water"),
        ("n + 1", 2),
        ("1 + 2 * 3 ** 2", 19),
        ("2 ** 3 ** 2", 512),
        ("-2 ** 2", -4),
        ("2 ** -1", 0.5),
        ("7 // 2 + 7 % 4 - 7 / 2", 2.5),
        ("7 div 2", 3.5),
        ("7 mod 4", 3),
        ("- - 1", 1),
        ("(1 + 2) * 3", 9),
        ("n < 2", True),
        ("0 < n <= 1 != 2", True),
        ("n lt 2 && n le 1 && n gt 0 && n ge 1 && n eq 1 && n ne 2", True),
        ("text == 'water'", True),
        ("1 == 'a'", False),
        ("'a' < 'b'", True),
        ("not done", True),
        ("not n == 2", True),
        ("not done and n == 2", False),
        ("!done", True),
        ("!n == 2", False),
        ("!(n == 2)", True),
        ("done || n == 1", True),
        ("done or text", "water"),
        ("true || missing", True),
        ("false && missing", False),
        ("n == 1 ? 'one' : 'other'", "one"),
        ("n == 2 ? 'two' : n == 3 ? 'three' : 'other'", "other"),
        ("(n == 1 ? true : false) ? 1 : 2", 1),
        ("'one' if n == 1 else missing", "one"),
        ("empty none", True),
        ("empty nothing", True),
        ("empty ''", True),
        ("empty missing", True),
        ("empty missing.key", True),
        ("empty none.key", True),
        ("empty case.key", True),
        ("empty case.parties[7]", True),
        ("empty case.empty", True),
        ("empty n", False),
        ("empty 0", False),
        ("empty false", False),
        ("!empty text and not empty outs", True),
        ("empty missing ? 1 : 2", 1),
        ("case.subject", "water"),
        ("case['subject']", "water"),
        ("case.parties[1].id", 8),
        ("case.in", "words are keys"),
        ("outs[0] + outs[-1]", 5),
        ("outs[1:]", [1, 2]),
        ("outs[:2]", [3, 1]),
        ("text[0:2]", "wa"),
        ("'a' in 'water'", True),
        ("2 in outs", True),
        ("5 not in outs", True),
        ("'subject' in case", True),
        ("text in ('earth', 'water')", True),
        ("[1, 'a', null,]", [1, "a", None]),
        ("[]", []),
        ("{}", {}),
        ("{'a': n, 'b': {'c': done ? 1 : 2}}", {"a": 1, "b": {"c": 2}}),
        ("[x * 2 for x in outs if x > 1]", [6, 4]),
        ("[x + y for x in outs for y in [10, 20] if x == 1]", [11, 21]),
        ("[[y for y in outs if y < x] for x in outs]", [[1, 2], [], [1]]),
        ("{k: case[k] for k in case if k == 'subject'}", {"subject": "water"}),
        ("[x for x in outs] + [n]", [3, 1, 2, 1]),
        ("any(x > 2 for x in outs)", True),
        ("all([x > 2 for x in outs])", False),
        ("sum(outs) / len(outs)", 2.0),
        ("sum(p.id for p in case.parties)", 15),
        ("max(outs) - min(1, 5)", 2),
        ("sorted(outs, reverse=true)", [3, 2, 1]),
        ("str(sorted(outs))", "[1, 2, 3]"),
        ("'n' + str(n)", "n1"),
        ("str(true) + str(none)", "true"),
        ("int('7') + int(2.9)", 9),
        ("float('1.5')", 1.5),
        ("round(2.567, 2)", 2.57),
        ("round(2.5)", 2),
        ("abs(m)", 2.5),
        ("bool(outs)", True),
        ("1 is true", False),
        ("1 is not true", True),
        ("'a' +\n 'b'", "ab"),
    ],
)
def test_an_expression_has_the_operators_of_python_and_of_camunda(text: str, value: object) -> None:
    result = parse(text).evaluate(VARIABLES)
    assert result == value
    assert type(result) is type(value)
    assert parse("${" + text + "}").evaluate(VARIABLES) == value
    assert parse(" #{ " + text + " } ").evaluate(VARIABLES) == value


def test_dates_and_durations_can_be_reckoned_with() -> None:
    def evaluate(text: str) -> Any:
        return parse(text).evaluate({"due": "2026-01-31"})

    assert evaluate("date(due)") == date(2026, 1, 31)
    assert evaluate("date(due) + duration('P1M')") == date(2026, 2, 28)
    assert evaluate("duration('P1M') + date(due)") == date(2026, 2, 28)
    assert evaluate("date(due) - duration('P3D')") == date(2026, 1, 28)
    assert evaluate("datetime('2026-01-31T10:00:00+08:00')") == datetime(2026, 1, 31, 2, tzinfo=UTC)
    assert evaluate("datetime(due) < datetime('2026-02-01')") is True
    assert evaluate("date(due) - date('2026-01-01')") == timedelta(days=30)
    assert evaluate("duration('PT36H') > duration('P1D')") is True
    assert evaluate("-duration('P1M')") == Duration(-1)
    assert evaluate("date(due) == date('2026-01-31')") is True


def test_a_result_becomes_a_value_of_a_variable() -> None:
    result = {
        "day": date(2026, 5, 1),
        "at": [datetime(2026, 5, 1, 9, tzinfo=UTC)],
        "long": timedelta(hours=36),
        "months": Duration(14),
        "n": (1, None),
    }
    assert as_json(result) == {
        "day": "2026-05-01",
        "at": ["2026-05-01T09:00:00+00:00"],
        "long": "P1DT12H",
        "months": "P1Y2M",
        "n": [1, None],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing", "Expected a variable 'missing', but there is none"),
        ("n < missing", "Expected a variable 'missing', but there is none"),
        ("case.key", "Expected a mapping with 'key', but it has none"),
        ("none.key", "Expected a mapping with 'key', but found null"),
        ("text.upper", "Expected a mapping with 'upper', but found a text"),
        ("outs[9]", "Expected a list with 9, but it has none"),
        ("outs['a']", "but found a list"),
        ("n[0]", "but found a number"),
        ("n < 'a'", "Expected values that '<' takes, but found a number and a text"),
        ("none < 1", "found null and a number"),
        ("text + 1", "found a text and a number"),
        ("text * 2", "found a text and a number"),
        ("outs * 2", "found a list and a number"),
        ("text - 'a'", "found a text and a text"),
        ("-text", "Expected a number after '-', but found a text"),
        ("1 in 5", "found a number and a number"),
        ("1 / 0", "Expected a divisor, but it is 0"),
        ("1 % 0", "Expected a divisor, but it is 0"),
        ("0 ** -1", "Expected a divisor, but it is 0"),
        ("(-8) ** 0.5", "Expected a real number"),
        ("int('x')", "Expected a number or digits, but found 'x'"),
        ("len(5)", "Expected a list, mapping or text, but found a number"),
        ("date('2026-02-31')", "Expected a date such as 2026-05-01"),
        ("datetime('soon')", "Expected a date such as"),
        ("duration('soon')", "Expected a duration such as"),
        ("date('9999-12-31') + duration('P1D')", "Expected a date in the calendar"),
        ("date('2026-01-01') + 1", "found a date and a number"),
        ("f(1)", "Expected a function 'f', but there is none"),
        ("{1: 2}", "Expected texts as keys"),
        ("{[]: 2}", "TypeError"),
        ("[x for x in 5]", "Expected a list to go through, but found a number"),
        ("[x for x in text]", "but found a text"),
    ],
)
def test_what_does_not_fit_is_refused_with_text_and_cause(text: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text).evaluate(VARIABLES)
    assert message in str(caught.value)
    assert text in str(caught.value)


NO_EXPRESSIONS = """
1 + | (1 | 1) | [1 | {'a'} | {'a': } | 1 2 | a b | 'a | " | a ? b | a ? : c | ? 1 | a if b | a = 1 | a == | == 1
a && | a & b | ~a | a ^ b | a << 1 | a := 1 | 1_000 | 12abc | a..b | a. | .a | a.1 | f( | f(1,,2) | f(a=1, 2)
*a | **a | f(*a) | f(**a) | {**a} | [x for] | [x for 1 in a] | [x for x in] | [x for x, y in a] | [*a] | for | empty
not | a not b | a in | a[ | a[] | a[1:2:3] | ${a | ${a} b | ${a}${b} | ${} | a} | a;b | '\\x41' | 1 if 2 | @a | a # b
$a | a?b | execution.getVariable('a') | a.b() | 'a'.upper() | a[0](1) | a instanceof b
"""


@pytest.mark.parametrize(
    "text", ["", " ", "a | b", *(line.strip() for line in re.split(r" \| |\n", NO_EXPRESSIONS.strip()))]
)
def test_what_is_no_expression_is_refused_when_it_is_parsed(text: str) -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse(text)


def test_a_single_equals_sign_gets_a_hint() -> None:
    with pytest.raises(ExpressionError, match="write '==' to compare"):
        parse("a = 1")


def test_an_expression_says_what_it_reads_and_calls() -> None:
    expression = parse("f(a.b, [x + c for x in d if x]) and len(e) and empty g")
    assert expression.names == {"a", "c", "d", "e", "g"}
    assert expression.functions == {"f"}
    assert not expression.constant


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("len()", "len(values)"),
        ("len(outs, 1)", "len(values)"),
        ("sorted(outs, key=len)", "sorted(values, reverse=…)"),
        ("sorted(outs, true)", "sorted(values, reverse=…)"),
        ("max()", "max(first, … others)"),
        ("max(outs, default=0)", "max(first, … others)"),
        ("sum(outs, start=1)", "sum(values)"),
        ("str(text, encoding='utf-8')", "str(value)"),
        ("int('7', 8)", "int(value)"),
        ("round(1, ndigits=2)", "round(value, decimals)"),
        ("date(2026, 5, 1)", "date(value)"),
        ("n + [len() for x in outs][0]", "len(values)"),
    ],
)
def test_a_call_with_wrong_arguments_is_refused_when_it_is_parsed(text: str, expected: str) -> None:
    for read in (parse, parse_script):
        with pytest.raises(ExpressionError) as caught:
            read(text)
        assert f"Expected {expected} in '{text}', but " in str(caught.value)
    with pytest.raises(ExpressionError, match="Expected"):
        parse_template("a ${" + text + "} b")


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("list.size()", "Write len(x)"),
        ("list.isEmpty()", "Write empty x"),
        ("text.contains('x')", "Write y in x"),
        ("case.containsKey('x')", "Write y in x"),
        ("text.equals('x')", "Write x == y"),
        ("list.get(0)", "Write x[y]"),
        ("execution.getVariable('x')", "A variable's name alone is its value"),
        ("execution.hasVariable('x')", "Write !empty and the variable's name"),
        ("execution.setVariable('x', 1)", "name = value"),
        ("case.prop('subject').stringValue()", "x.key"),
        ("n.toString()", "Write str(x)"),
        ("n.intValue()", "Write int(x)"),
        ("text.startsWith('ab')", 'x[:2] == "ab"'),
        ("text.substring(1, 5)", "Write x[1:5]"),
        ("case.items()", "Write [x[k] for k in x]"),
        ("list.append(1)", "Write x + [y]"),
        ("mailer.send(text)", "Have a developer register a function, and write send(x)"),
    ],
)
def test_a_method_is_refused_with_what_to_write_instead(text: str, right: str) -> None:
    for read, written in ((parse, "${" + text + "}"), (parse_script, text), (parse_template, "to #{" + text + "}")):
        with pytest.raises(ExpressionError) as caught:
            read(written)
        assert "is a method" in str(caught.value)
        assert right in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a = 1\nb = 2\nc = = 3", 3),
        ("\n\na = (\n1 +\n)\n", 5),
        ("a = 1\n# b\n\nc = 'x", 4),
        ("a = 1; b = 2\nc = 3 d", 2),
        ("a = 1\nb\nc = 2", 2),
        ("a = 1\nb = len()", 2),
        ("a = 1\nb = [\n1,\n'\\x41']", 4),
        ("a = 1\nb = 12abc", 2),
        ("a = 1\nb = 5 & 3", 2),
        ("a = 1\nb = 1111111111111111111111111111111", 2),
        ("a = 1\nb = list.size()", 2),
    ],
)
def test_what_is_wrong_in_a_script_is_found_with_its_line(text: str, line: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_script(text)
    assert caught.value.line == line


def test_a_message_shows_a_long_text_only_in_part() -> None:
    for wrong in ("a" * 5_000 + " b", "'" + "a" * 5_000, "(" * 5_000, "a ? " + "b" * 5_000, "a & " + "b" * 5_000):
        for read in (parse, parse_script, parse_feel):
            with pytest.raises(ExpressionError) as caught:
                read(wrong)
            assert len(str(caught.value)) < 500
    with pytest.raises(ExpressionError) as caught:
        parse("[" + "x," * 500 + "missing]").evaluate({"x": 1})
    assert len(str(caught.value)) < 500
    with pytest.raises(ExpressionError) as caught:
        parse("case[key].a").evaluate({"case": {}, "key": "x" * 100_000})
    assert len(str(caught.value)) < 500


@pytest.mark.parametrize(
    ("text", "constant"), [("1 + 2", True), ("'a'", True), ("a", False), ("len('a')", True), ("f()", False)]
)
def test_a_constant_reads_nothing_and_calls_nothing_registered(text: str, constant: bool) -> None:
    assert parse(text).constant is constant


def test_two_expressions_of_one_text_are_equal() -> None:
    assert parse("a + 1") == parse("a + 1")
    assert parse("a + 1") != parse("a + 2")
    assert parse("a") != parse_template("a")
    assert len({parse("a"), parse("a")}) == 1


def test_a_registered_function_is_called_with_values() -> None:
    assert parse("add(1, b=n)").evaluate(VARIABLES, {"add": lambda a, b: a + b}) == 2


def test_a_function_of_the_language_cannot_be_replaced() -> None:
    assert parse("len(outs)").evaluate(VARIABLES, {"len": lambda _: 99}) == 3


def test_a_function_is_no_value() -> None:
    with pytest.raises(MissingValue, match="Expected a variable 'len'"):
        parse("len").evaluate({}, FUNCTIONS)
    with pytest.raises(MissingValue, match="Expected a variable 'len'"):
        parse("str(len)").evaluate(VARIABLES)


def test_a_function_that_gives_something_else_than_a_value_is_refused() -> None:
    with pytest.raises(ExpressionError, match="Expected a value, date or duration, but found a object"):
        parse("f()").evaluate({}, {"f": object})


def test_an_error_of_a_function_is_told_and_a_modelled_one_passes() -> None:
    def fail(error: Exception) -> None:
        raise error

    with pytest.raises(ExpressionError, match=r"Expected f\(\) to give a value, but it raised RuntimeError\. \(in"):
        parse("f()").evaluate({}, {"f": lambda: fail(RuntimeError("broken"))})
    with pytest.raises(BpmnError, match="WRONG_UNIT"):
        parse("f()").evaluate({}, {"f": lambda: fail(BpmnError("WRONG_UNIT"))})


def test_variables_may_be_any_mapping() -> None:
    layers = ChainMap({"a": 1}, {"b": [1, 2]})
    assert parse("a + sum(x for x in b)").evaluate(layers) == 4


def test_evaluating_changes_nothing() -> None:
    expression = parse("outs + [n]")
    variables = {"outs": [1], "n": 2}
    assert expression.evaluate(variables) == [1, 2]
    assert variables == {"outs": [1], "n": 2}
    fresh = parse("[]")
    assert fresh.evaluate({}) is not fresh.evaluate({})


def test_threads_share_an_expression() -> None:
    expression = parse("sum(x + n for x in xs)")
    wrong: list[Any] = []

    def work(n: int) -> None:
        for _ in range(200):
            if expression.evaluate({"n": n, "xs": [1, 2]}) != 3 + 2 * n:
                wrong.append(n)

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


# --- FEEL


@pytest.mark.parametrize(
    ("text", "value"),
    [('text = "water"', True), ("n != 1", False), ("not(done)", True), ('date("2026-05-01")', date(2026, 5, 1))],
)
def test_feel_compares_with_a_single_equals_sign(text: str, value: object) -> None:
    assert parse_feel(text).evaluate(VARIABLES) == value


def test_feels_date_and_time_is_one_function() -> None:
    moment = parse_feel('date and time("2026-05-01T10:00:00Z")').evaluate({})
    assert moment == datetime(2026, 5, 1, 10, tzinfo=UTC)


# --- templates


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("unit:${text}", "unit:water"),
        ("${text}", "water"),
        ("${outs}", [3, 1, 2]),
        ("#{n}", 1),
        ("${none}", None),
        ("water", "water"),
        ("", ""),
        (" a ", " a "),
        ("a}b{c", "a}b{c"),
        ("$5 and #1", "$5 and #1"),
        ("${n}${n}", "11"),
        ("${n} of ${m}, ${done}", "1 of -2.5, false"),
        ("due ${date('2026-05-01')}", "due 2026-05-01"),
        ("${ {'a': {'b': 1}}['a']['b'] }", 1),
        ("x${'}'}y", "x}y"),
        ("\\${text}", "${text}"),
        ("\\#{a} ${n}", "#{a} 1"),
    ],
)
def test_a_template_is_a_text_with_values_in_it(text: str, value: object) -> None:
    assert parse_template(text).evaluate(VARIABLES) == value


def test_a_template_says_what_it_reads() -> None:
    template = parse_template("a ${b} ${f(c)}")
    assert (template.names, template.functions, template.constant) == ({"b", "c"}, {"f"}, False)
    assert parse_template("plain").constant


@pytest.mark.parametrize("text", ["unit:${none}", "unit:${outs}", "unit:${case}"])
def test_null_lists_and_mappings_have_no_place_in_a_text(text: str) -> None:
    with pytest.raises(ExpressionError, match="Expected something to put into a text"):
        parse_template(text).evaluate(VARIABLES)


@pytest.mark.parametrize("text", ["${", "a ${b", "${}", "a ${b c}"])
def test_a_broken_template_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse_template(text)


# --- scripts


def run(text: str, variables: dict[str, Any] | None = None, **functions: Any) -> tuple[dict[str, Any], Any]:
    return parse_script(text).run(variables or {}, functions)


def test_a_script_assigns_what_its_statements_say() -> None:
    logged: list[object] = []
    assert run('log("B"); n = n + 1', {"n": 1}, log=logged.append) == ({"n": 2}, 2)
    assert logged == ["B"]


def test_statements_are_lines_or_separated_by_semicolons() -> None:
    script = """
        # how many there are
        total = len(items)  # the length
        label = total > 1 ? "many" :
            "one"
        """
    assert run(script.replace(":\n            ", ": "), {"items": [1, 2]})[0] == {"total": 2, "label": "many"}
    assert run("a = [\n1,\n2\n]\n\n;;\nb = (\n1 +\n2)")[0] == {"a": [1, 2], "b": 3}


def test_a_statement_sees_what_those_before_it_assigned() -> None:
    assert run("a = 1; b = a + 1; a = b + 1")[0] == {"a": 3, "b": 2}
    assert run("n += 2; n -= 1", {"n": 1})[0] == {"n": 2}


def test_a_key_is_set_in_a_copy_of_its_mapping() -> None:
    variables = {"case": {"id": 7, "unit": {"code": "water", "level": 3}}}
    assigned, _ = run(
        "case.unit.level = 4; case.new.key = 1 if false else 2", {"case": {**variables["case"], "new": {}}}
    )
    assert assigned == {"case": {"id": 7, "unit": {"code": "water", "level": 4}, "new": {"key": 2}}}
    run("case.unit.level += 1", variables)
    assert variables == {"case": {"id": 7, "unit": {"code": "water", "level": 3}}}


@pytest.mark.parametrize("script", ["case.key = 1", "n.key = 1", "other.a.b = 1"])
def test_a_key_can_only_be_set_in_a_mapping(script: str) -> None:
    with pytest.raises(ExpressionError, match="Expected a mapping to set"):
        run(script, {"n": 1, "other": {}})


def test_a_script_that_fails_assigns_nothing() -> None:
    variables = {"n": 1}
    with pytest.raises(ExpressionError, match="Expected a variable 'missing'"):
        run("n = 2; n = missing", variables)
    assert variables == {"n": 1}


def test_assigned_dates_are_texts_that_later_statements_can_read() -> None:
    assert run("due = date('2026-05-01') + duration('P1D'); late = date(due) > date('2026-05-01')")[0] == {
        "due": "2026-05-02",
        "late": True,
    }


def test_the_value_of_the_last_statement_is_the_scripts() -> None:
    assert run("a = 1; a + 1") == ({"a": 1}, 2)
    assert run("f()", f=lambda: None) == ({}, None)


def test_a_script_says_what_it_reads_and_calls() -> None:
    script = parse_script("a = b; c = a + d; log(c); e.f = 1; g += 1")
    assert script.names == {"b", "d", "e", "g"}
    assert script.functions == {"log"}


NO_SCRIPTS = """
# nothing | a + 1; b = 2 | a == 1; b = 2 | 1 = a | a = | f(x) = 1 | len() = 1 | a = b = c | import os
from os import path | a, b = 1 | if a: b = 1 | for x in a: b = x | while true: a = 1 | def f(): a = 1 | del a
a.b.c() ; d = 1 | a._b = 1 | _a = 1 | a := 1 | lambda: 1 | print 'a' | a++ | true = 1 | return 1 | a *= 2 | @f
a['b'] = 1 | exec 'a' | global a | x = yield
"""


@pytest.mark.parametrize("script", ["", *(line.strip() for line in re.split(r" \| |\n", NO_SCRIPTS.strip()))])
def test_what_is_no_script_is_refused_when_it_is_parsed(script: str) -> None:
    with pytest.raises(ExpressionError, match="Expected"):
        parse_script(script)


def test_a_script_of_too_many_statements_is_refused() -> None:
    with pytest.raises(ExpressionError, match="Expected at most 500 statements"):
        parse_script("a = 1\n" * 501)


def test_a_character_may_be_written_in_two_halves_but_not_in_one() -> None:
    assert parse(r'"\ud83d\udcec"').evaluate({}) == "📬"
    with pytest.raises(ExpressionError, match="both halves"):
        parse(r'"\ud83d"')
