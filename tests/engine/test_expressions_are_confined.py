"""Whoever may deploy a diagram may not run any code: no attribute, module or file of Python can be reached."""

from __future__ import annotations

import types
from typing import Any

import pytest

from engine.core.expressions import (
    ExpressionError,
    MissingValue,
    parse,
    parse_feel,
    parse_script,
    parse_template,
)
from tests.engine.expression_fuzz import READERS, TARGETS, Canary, audited, functions, read_and_run, secret
from tests.engine.ways_out import STATEMENTS, WAYS_OUT


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in WAYS_OUT.items() for text in texts])
def test_a_known_way_out_is_closed(kind: str, text: str) -> None:
    for read in READERS:
        source = "${" + text + "}" if read is parse_template else text
        with audited() as events, pytest.raises(ExpressionError):
            read_and_run(read, source)
        assert events == [], kind


@pytest.mark.parametrize("text", STATEMENTS)
def test_no_statement_of_python_is_one_of_a_script(text: str) -> None:
    for script in (text, f"n = 1\n{text}\nn = 2"):
        with audited() as events, pytest.raises(ExpressionError):
            read_and_run(parse_script, script)
        assert events == []


def test_the_audit_would_see_what_gets_out() -> None:
    def leak() -> int:
        return len(open(__file__).read())

    with audited() as events:
        parse("leak()").evaluate({}, {"leak": leak})
    assert "open" in events


@pytest.mark.parametrize("key", ["__class__", "__globals__", "__init__", "_private", "keys", "format"])
def test_a_key_of_any_name_is_plain_data(key: str) -> None:
    assert parse(f"a['{key}']").evaluate({"a": {key: 5}}) == 5
    with pytest.raises(MissingValue, match="but it has none"):
        parse(f"a['{key}']").evaluate({"a": {}})


@pytest.mark.parametrize(
    "text", ["{0.__class__}", "%(__class__)s", "${s.__class__}", "#{secret()}", "{{7*7}}", "__import__('os')", "\0"]
)
def test_a_text_is_never_read_again(text: str) -> None:
    assert parse("a + b").evaluate({"a": text, "b": ""}) == text
    assert parse_template("${a} ${b}").evaluate({"a": text, "b": 1}) == f"{text} 1"
    assert parse_script("c = a").run({"a": text}) == ({"c": text}, text)


def test_a_text_with_the_mark_of_an_expression_in_it_stays_a_text() -> None:
    assert parse_template("${'${s.__class__}'}").evaluate({}) == "${s.__class__}"
    assert parse_template("a ${\"#{b\" + '}'} c").evaluate({}) == "a #{b} c"
    assert parse("'${'").evaluate({}) == "${"


class Text(str):
    """A text that would run code of its own where it is added, compared or read."""

    def __add__(self, other: object) -> Any:
        raise AssertionError("reached")

    __eq__ = __getitem__ = __contains__ = __len__ = __format__ = __iter__ = __add__  # type: ignore[assignment]
    __hash__ = str.__hash__


class Number(int):
    """A number that would."""

    def __add__(self, other: object) -> Any:
        raise AssertionError("reached")

    __eq__ = __mul__ = __pow__ = __index__ = __bool__ = __add__  # type: ignore[assignment]
    __hash__ = int.__hash__


class Items(list[Any]):
    """A list that would."""

    def __iter__(self) -> Any:
        raise AssertionError("reached")

    __getitem__ = __len__ = __add__ = __eq__ = __iter__  # type: ignore[assignment]


class Mapping(dict[str, Any]):
    """A mapping that would."""

    def __getitem__(self, key: str) -> Any:
        raise AssertionError("reached")

    __iter__ = __len__ = keys = values = __missing__ = __getitem__  # type: ignore[assignment]


FOREIGN = (
    *(Text("a"), Number(1), Items([1]), Mapping(a=1), object(), type, len, secret, types, Canary(), b"a", 1j, {1}),
    *(Exception("a"), NotImplemented, ..., range(3), (n for n in [1])),
)
HOLDING_ONE = ([object()], {"a": secret}, [[Text("a")]], {Text("a"): 1}, [{"a": Canary()}])
USES = (
    *("{0}", "{0} + {0}", "{0} == {0}", "{0} in {0}", "[{0}]", "[x == x for x in {0}]", "sorted({0})", "f({0})"),
    *("{{'k': {0}}}", "{0} * 2", "-{0}", "max({0})", "str({0})", "{0} ? 1 : 2", "!{0}", "{0}[0:]"),
)
TAKES = ("{0}.a", "{0}[0]", "len({0})", "bool({0})")


@pytest.mark.parametrize(
    ("text", "value"),
    [(text, value) for text in (*USES, *TAKES) for value in FOREIGN]
    + [(text, value) for text in USES for value in HOLDING_ONE],
    ids=lambda given: given if type(given) is str else type(given).__name__,
)
def test_an_object_that_is_no_value_is_refused_wherever_it_comes_up(text: str, value: object) -> None:
    for name in ("f()", "v"):
        with pytest.raises(ExpressionError):
            parse(text.format(name)).evaluate({"v": value}, {"f": lambda *_: value})


def test_evaluating_leaves_what_it_is_given_as_it_was() -> None:
    before = repr(TARGETS)
    for read in (parse, parse_feel, parse_script):
        read_and_run(read, "sorted(xs + [n]) == [] or {'k': xs}.k[0:] == xs")
    assert repr(TARGETS) == before
    assert set(functions()) == {"secret", "canary"}
