"""Forms: what a person may answer, what comes of it, and what is refused at deployment."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import date
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.errors import InvalidDefinition, InvalidVariables
from engine.forms import Form, read


def schema(*components: dict[str, Any]) -> bytes:
    return json.dumps(
        {"type": "default", "id": "form", "schemaVersion": 19, "components": components}, indent=1
    ).encode()


def field(kind: str, key: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": kind, "key": key, "id": f"id-{key}", "label": "Label", **more}


def form(*components: dict[str, Any]) -> Form:
    return read(schema(*components), "test.form")


def choice(kind: str, **more: Any) -> dict[str, Any]:
    return field(kind, values=[{"label": "A", "value": "a"}, {"label": "Two", "value": 2}], **more)


def refusals(subject: Form, submitted: dict[str, Any], variables: dict[str, Any] | None = None) -> dict[str, str]:
    with pytest.raises(InvalidVariables) as caught:
        subject.validate(submitted, variables or {}, today=date(2026, 5, 10))
    return caught.value.fields


# --- answers


@pytest.mark.parametrize(
    ("component", "submitted", "value"),
    [
        (field("textfield"), "  water  ", "water"),
        (field("textfield"), "", ""),
        (field("textarea"), "one\r\ntwo", "one\ntwo"),
        (field("textarea"), "   \r\n ", ""),
        (field("textfield", validate={"pattern": "^[A-Z]{2}-[0-9]+$"}), "PJ-12", "PJ-12"),
        (field("textfield", validate={"validationType": "email"}), "a@example.org", "a@example.org"),
        (field("textfield", validate={"validationType": "phone"}), "+86 571 8123", "+86 571 8123"),
        (field("number"), "12", 12),
        (field("number"), " -3.50 ", -3.5),
        (field("number"), "", None),
        (field("number", decimalDigits=0, validate={"min": 1, "max": "9"}), "9", 9),
        (field("datetime", subtype="date"), "2028-02-29", "2028-02-29"),
        (field("datetime", subtype="date"), "2026-5-1", "2026-05-01"),
        (field("datetime", subtype="date"), "", None),
        (field("datetime", subtype="time"), "14:30", "14:30"),
        (field("datetime", subtype="datetime"), "2026-05-01T14:30", "2026-05-01T14:30:00"),
        (field("datetime", subtype="datetime"), "2026-05-01T14:30+08:00", "2026-05-01T14:30:00+08:00"),
        (field("checkbox"), "on", True),
        (field("checkbox"), ["false", "true"], True),
        (field("checkbox"), "", False),
        (choice("radio"), "2", 2),
        (choice("select"), "a", "a"),
        (choice("select"), "", None),
        (choice("checklist"), ["a", "2", "a"], ["a", 2]),
        (choice("taglist"), [], []),
        (choice("taglist"), "a", ["a"]),
    ],
)
def test_an_answer_becomes_a_value(component: dict[str, Any], submitted: Any, value: Any) -> None:
    result = form(component).validate({"x": submitted}, {})
    assert result == {"x": value}
    assert type(result["x"]) is type(value)


@pytest.mark.parametrize(
    ("component", "submitted", "message"),
    [
        (field("textfield", validate={"required": True}), " ", "Expected an answer"),
        (field("textfield", validate={"minLength": 3}), "ab", "at least 3 characters, but there are 2"),
        (field("textarea", validate={"maxLength": 3}), "abcd", "at most 3 characters, but there are 4"),
        (field("textarea"), "a\0b", "a character that none has"),
        (field("textarea"), "a" * 100_001, "at most 100000 characters"),
        (field("textfield", validate={"pattern": "^[A-Z]+$"}), "ab", "Expected the form"),
        (field("textfield", validate={"validationType": "email"}), "a@b", "e-mail address"),
        (field("textfield", validate={"validationType": "phone"}), "call me", "phone number"),
        (field("number", validate={"required": True}), "", "Expected an answer"),
        (field("number"), "1e5", "Expected a number"),
        (field("number"), "nan", "Expected a number"),
        (field("number"), "1" * 20, "Expected at most 9223372036854775807"),
        (field("number", decimalDigits=0), "1.5", "a whole number, but found '1.5'"),
        (field("number", decimalDigits=2), "1.555", "at most 2 decimals"),
        (field("number", validate={"min": 1}), "0", "at least 1, but found 0"),
        (field("number", validate={"max": 9.5}), "9.6", "at most 9.5, but found 9.6"),
        (field("datetime", subtype="date"), "2026-02-31", "of the calendar, but February 2026 has 28 days, not 31"),
        (field("datetime", subtype="date"), "2026-04-31", "April 2026 has 30 days, not 31"),
        (field("datetime", subtype="date"), "2100-02-29", "February 2100 has 28 days, not 29"),
        (field("datetime", subtype="date"), "2026-13-01", "a month from 1 to 12, but found 13"),
        (field("datetime", subtype="date"), "31.05.2026", "a date such as 2026-05-31"),
        (field("datetime", subtype="date"), "0000-01-01", "a month from 1 to 12"),
        (field("datetime", subtype="date", disallowPassedDates=True), "2026-05-09", "2026-05-10 or later"),
        (field("datetime", subtype="time"), "25:00", "a time such as 14:30"),
        (field("datetime", subtype="datetime"), "2026-05-01", "a date and time such as"),
        (field("datetime", subtype="datetime"), "2026-02-31T10:00", "February 2026 has 28 days"),
        (field("checkbox", validate={"required": True}), "", "Expected an answer"),
        (choice("radio"), "b", "one of the choices, but found 'b'"),
        (choice("select", validate={"required": True}), "", "Expected an answer"),
        (choice("checklist"), ["a", "b"], "one of the choices"),
        (choice("taglist", validate={"required": True}), [], "Expected an answer"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(component: dict[str, Any], submitted: Any, message: str) -> None:
    assert message in refusals(form(component), {"x": submitted})["x"]


def test_every_field_is_refused_at_once() -> None:
    both = form(field("number", "a"), field("datetime", "b"))
    assert refusals(both, {"a": "x", "b": "x"}).keys() == {"a", "b"}


def test_a_date_may_come_in_three_parts() -> None:
    dated = form(field("datetime", "due", subtype="date"))
    assert dated.validate({"due-day": "1", "due-month": "5", "due-year": "2026"}, {}) == {"due": "2026-05-01"}
    assert dated.validate({"due-day": "", "due-month": "", "due-year": ""}, {}) == {"due": None}
    assert "no month" in refusals(dated, {"due-day": "1", "due-month": "", "due-year": "2026"})["due"]
    assert "28 days" in refusals(dated, {"due-day": "31", "due-month": "2", "due-year": "2026"})["due"]


def test_what_nobody_asked_for_is_not_taken() -> None:
    locked = form(
        field("textfield", "a", readonly=True), field("textfield", "b", disabled=True), field("textfield", "c")
    )
    assert locked.validate({"a": "1", "b": "2", "c": "3", "lead_unit": "4"}, {}) == {"c": "3"}


def test_a_hidden_field_is_neither_asked_nor_taken() -> None:
    shown = form(
        choice("radio", key="decision"),
        field("textfield", "reason", validate={"required": True}, conditional={"hide": '=decision != "a"'}),
    )
    assert shown.validate({"decision": "2", "reason": "because"}, {}) == {"decision": 2}
    assert refusals(shown, {"decision": "a"}).keys() == {"reason"}
    assert shown.validate({"decision": "a", "reason": "because"}, {}) == {"decision": "a", "reason": "because"}


def test_what_hangs_on_a_hidden_field_goes_by_its_being_empty() -> None:
    chained = form(
        field("checkbox", "a"),
        field("checkbox", "b", conditional={"hide": "=a = false"}),
        field("textfield", "c", conditional={"hide": "=b = null"}),
    )
    assert chained.hidden({"a": False, "b": True}) == {"id-b", "id-c"}
    assert chained.validate({"b": "on", "c": "text"}, {}) == {"a": False}


def test_a_variable_that_is_not_there_is_null_in_a_condition() -> None:
    optional = form(field("textfield", "x", conditional={"hide": "=supplement = null"}))
    assert optional.hidden({}) == {"id-x"}
    assert optional.hidden({"supplement": "text"}) == frozenset()


def test_a_condition_that_cannot_be_worked_out_hides_nothing() -> None:
    assert form(field("textfield", "x", conditional={"hide": "=missing > 5"})).hidden({}) == frozenset()


def test_a_form_that_is_half_filled_in_says_what_does_not_apply():
    asked = form(
        field("radio", "decision", values=[{"label": "Yes", "value": "yes"}, {"label": "No", "value": "no"}]),
        field("textarea", "reason", conditional={"hide": '=decision != "no"'}),
    )
    assert asked.hidden_with({"decision": "no", "reason": "x" * 200_000}, {}) == frozenset()
    assert asked.hidden_with({"decision": ["yes"]}, {}) == {"id-reason"}
    assert asked.hidden_with({}, {"decision": "no"}) == {"id-reason"}


def test_choices_may_come_from_a_variable() -> None:
    listed = form(field("select", "unit", valuesKey="units"))
    units: dict[str, Any] = {"units": [{"label": "Water", "value": "water"}, "roads", {"label": "no value"}, None]}
    assert [(option.label, option.text) for option in listed.fields[0].choices(units)] == [
        ("Water", "water"),
        ("roads", "roads"),
    ]
    assert listed.validate({"unit": "water"}, units) == {"unit": "water"}
    assert "one of the choices" in refusals(listed, {"unit": "police"}, units)["unit"]
    assert listed.fields[0].choices({}) == ()


def test_a_key_with_dots_sets_a_key_and_leaves_the_others() -> None:
    inner = form(field("textfield", "case.subject"), field("number", "case.level"))
    submitted = {"case.subject": "water", "case.level": "2"}
    assert inner.validate(submitted, {"case": {"id": 7, "subject": "old"}}) == {
        "case": {"id": 7, "subject": "water", "level": 2}
    }


def test_a_group_names_its_fields_and_hides_them_together() -> None:
    grouped = form(
        field("checkbox", "more"),
        {
            "type": "group",
            "id": "g",
            "label": "Group",
            "path": "address",
            "conditional": {"hide": "=more = false"},
            "components": [field("textfield", "street", validate={"required": True})],
        },
    )
    assert [item.key for item in grouped.fields] == ["more", "", "address.street"]
    assert grouped.fields[2].group == "g"
    assert grouped.validate({}, {}) == {"more": False}
    assert refusals(grouped, {"more": "on"}).keys() == {"address.street"}
    assert grouped.validate({"more": "on", "address.street": "Main"}, {})["address"] == {"street": "Main"}


ROWS = {
    "type": "dynamiclist",
    "id": "list",
    "path": "people",
    "label": "People",
    "components": [
        field("textfield", "name", validate={"required": True}),
        field("number", "age"),
        {"type": "text", "id": "t", "text": "Note"},
    ],
}


def test_a_dynamic_list_gives_its_rows_in_order_without_the_empty_ones() -> None:
    submitted = {
        "people.10.name": "Wu",
        "people.2.name": "Li",
        "people.2.age": "30",
        "people.3.name": " ",
        "people.x.name": "no row",
    }
    assert form(ROWS).validate(submitted, {}) == {"people": [{"name": "Li", "age": 30}, {"name": "Wu", "age": None}]}


def test_a_row_is_refused_by_the_name_of_its_input() -> None:
    assert refusals(form(ROWS), {"people.0.age": "x"}) == {
        "people.0.name": "Expected an answer, but there is none.",
        "people.0.age": "Expected a number such as 12 or 12.5, but found 'x'.",
    }


def test_a_list_that_must_have_rows_has_some_but_not_any_number() -> None:
    required = form({**ROWS, "validate": {"required": True}})
    assert refusals(required, {}) == {"people": "Expected at least one row, but there is none."}
    many = {f"people.{row}.name": "Li" for row in range(201)}
    assert refusals(required, many) == {"people": "Expected at most 200 rows, but there are 201."}


def test_a_pattern_that_would_never_end_elsewhere_ends() -> None:
    evil = form(field("textfield", validate={"pattern": "^(a+)+$"}))
    assert "Expected the form" in refusals(evil, {"x": "a" * 50_000 + "b"})["x"]


# --- reading


def test_the_forms_of_the_lifecycle_are_read() -> None:
    found = [read(file.read_bytes(), file.name) for file in files("bpmn").iterdir() if file.name.endswith(".form")]
    assert found
    assert all(any(item.is_input for item in one.fields) for one in found)


def test_what_only_shows_something_is_in_the_order_of_the_form() -> None:
    shown = form(
        {"type": "text", "id": "t", "text": "**Read** this"}, {"type": "separator", "id": "s"}, field("number")
    )
    assert [(item.type, item.text) for item in shown.fields] == [
        ("text", "**Read** this"),
        ("separator", ""),
        ("number", ""),
    ]


def test_a_button_is_passed_over() -> None:
    assert form({"type": "button", "id": "b", "label": "Submit"}, field("number")).fields[0].type == "number"


def problems(data: bytes) -> list[str]:
    with pytest.raises(InvalidDefinition) as caught:
        read(data, "test.form")
    return [str(problem) for problem in caught.value.problems]


def test_every_problem_is_reported_with_its_field_and_line() -> None:
    data = schema(field("html", "a"), field("textfield", "b", validate={"pattern": "(?=x)"}), field("iframe", "c"))
    found = problems(data)
    lines = data.decode().splitlines()
    assert [problem.split(":")[0] for problem in found] == [
        f"'{key}' (line {next(n for n, line in enumerate(lines, 1) if f'id-{key}' in line)})" for key in "abc"
    ]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"id": "a",\n "b": }', "line 2: It is no JSON: Expecting value, column 7."),
        (b"\xff\xfe", "not written in UTF-8"),
        (b"[]", "It is no form"),
        (b'{"id": "a"}', "It is no form"),
        (b"[" * 200_000, "nested too deeply"),
        (b" " * 1_000_001, "It may have up to"),
        (b'{"components": []}', "The form has no id"),
        (b'{"id": "a", "components": [7]}', "A component is 7"),
        (schema(field("html")), "of type 'html' cannot be shown"),
        (schema(field("textfield", "")), "Its key is ''"),
        (schema(field("textfield", "__class__")), "Its key is '__class__'"),
        (schema(field("textfield", "a b")), "Its key is 'a b'"),
        (schema(field("number", "a"), field("number", "a")), "Another field has the key 'a'"),
        (schema(field("number", "a"), field("number", "a.b")), "Another field has the key 'a.b'"),
        (schema({**field("number"), "label": ""}), "It has no label"),
        (schema(field("number", label="=x")), "is worked out"),
        (schema({"type": "text", "id": "t", "text": "Dear {{name}}"}), "is worked out"),
        (schema(field("number", label=["x"])), "Its label is ['x']"),
        (schema(field("select")), "There is nothing to choose"),
        (schema(field("select", values=["a", "a"])), "not all different"),
        (schema(field("select", valuesExpression="=units")), "Its choices are an expression"),
        (schema(field("select", values="a")), "Its values are 'a'"),
        (schema(field("datetime", subtype="week")), "Its subtype is 'week'"),
        (schema(field("textfield", validate={"pattern": "["})), "Its pattern cannot be used"),
        (schema(field("textfield", validate={"pattern": "a" * 501})), "Its pattern cannot be used"),
        (schema(field("textfield", validate={"minLength": 5, "maxLength": 4})), "at least 5 and at most 4"),
        (schema(field("textfield", validate={"minLength": -1})), "Its minLength is -1"),
        (schema(field("number", validate={"min": "=x"})), "Its min is '=x'"),
        (schema(field("number", readonly="=x")), "Its readonly is '=x'"),
        (schema(field("number", conditional={"hide": "x"})), "a condition that begins with '='"),
        (schema(field("number", conditional={"hide": "=x +"})), "Its condition to hide"),
        (schema(field("number", conditional={"hide": "=f(x)"})), "There is no function f"),
        (schema({**ROWS, "components": []}), "nothing to fill in"),
        (schema({**ROWS, "components": [ROWS]}), "Use plain fields"),
        (schema({"type": "group", "id": "g", "path": "a b", "components": []}), "Its path is 'a b'"),
        (schema(*(field("number", f"k{n}") for n in range(501))), "The form is too large"),
    ],
)
def test_a_form_that_cannot_be_shown_as_it_says_is_refused(data: bytes, expected: str) -> None:
    assert any(expected in problem for problem in problems(data)), problems(data)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from(["", "x", "=x", "1", "date", "a.b"])
PARTS = st.sampled_from(
    [
        *("type", "key", "id", "label", "path", "text", "values", "valuesKey", "validate", "conditional", "components"),
        *("required", "pattern", "min", "maxLength", "hide", "subtype", "readonly", "decimalDigits", "properties"),
    ]
)
KINDS = [
    "textfield",
    "number",
    "datetime",
    "checkbox",
    "checklist",
    "select",
    "taglist",
    "group",
    "dynamiclist",
    "text",
]


def component(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    whole = {"type": st.sampled_from(KINDS), "key": st.sampled_from("abc"), "path": st.sampled_from("pq")}
    whole["label"] = st.just("L")
    return (
        st.lists(inner, max_size=3)
        | st.fixed_dictionaries(whole, optional={})
        | st.dictionaries(PARTS, inner, max_size=5)
    )


@settings(max_examples=500, deadline=None)
@given(st.recursive(SCALARS, component, max_leaves=15), st.dictionaries(st.sampled_from("abcpq"), st.text(max_size=5)))
def test_whatever_is_in_a_form_it_is_refused_or_validates(tree: Any, submitted: dict[str, str]) -> None:
    with suppress(InvalidDefinition, InvalidVariables):
        parsed = read(json.dumps({"id": "f", "components": [tree] if isinstance(tree, dict) else tree}).encode())
        json.dumps(parsed.validate(submitted, {}), allow_nan=False)


def test_a_number_of_very_many_digits_is_refused() -> None:
    with pytest.raises(InvalidDefinition, match="too many digits"):
        read(b'{"id": ' + b"1" * 5_000 + b"}")
