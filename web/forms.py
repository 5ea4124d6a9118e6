"""Form files as widgets that the templates draw (templates/forms/fields.html), and what was sent as it was typed.

What a person typed is kept as it was sent ("raw": the texts under each name) through drafts, wrong values and added
rows, until the form is whole; only then it becomes the variables that ``Form.validate`` gives.

Some properties of a field are ours: ``lines`` (height of a textarea), ``width`` (of an input, in characters),
``layout`` = ``inline`` (radios in one line), ``empty`` (what a select says of no choice), ``autocomplete``, and
``prefill`` = ``no``: a decision that is made anew each time, so that nobody sends on what was decided before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.core.expressions.values import as_text
from engine.forms import Field, Form
from engine.forms.fields import look_up
from web.presentation import day

Raw = Mapping[str, Sequence[str]]
Errors = Mapping[str, str]

DATE_PARTS = ("day", "month", "year")
_ROW_LIMIT = 200
_LONGEST_NUMBER = 18
"""Digits of what fits into eight bytes."""


class Sent(Protocol):
    """The fields of a request, several under one name."""

    def getlist(self, name: str) -> list[str]: ...

    def __iter__(self) -> Iterator[str]: ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One option of a list."""

    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Widget:
    """One field as HTML takes it; `kind` is the macro that draws it. A hidden one does not apply to the rest."""

    kind: str
    name: str
    id: str
    label: str = ""
    hint: str = ""
    error: str = ""
    required: bool = False
    hidden: bool = False
    text: str = ""
    several: bool = False
    inline: bool = False
    empty: str = ""
    lines: int = 5
    width: str = ""
    choices: tuple[Choice, ...] = ()
    parts: tuple[tuple[str, str], ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Widget, ...] = ()
    rows: tuple[tuple[Widget, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the error summary; `target` is the id of the field it links to."""

    target: str
    message: str


def whole_number(text: str) -> int | None:
    """A number that was sent, or None where it is none; one too long for the database is none either."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST_NUMBER else None


def element_id(name: str) -> str:
    """The id of the element that sends `name`."""
    return "field-" + name.replace(".", "-")


def sent(form: Form, fields: Sent) -> dict[str, list[str]]:
    """What a page sent for this form, as it was typed; nothing else that was sent along."""
    lists = tuple(f"{item.key}." for item in form.fields if item.type == "dynamiclist")
    known = {name for item in form.fields for name in _names(item)}
    return {name: fields.getlist(name) for name in fields if name in known or (lists and name.startswith(lists))}


def fill(form: Form, variables: Mapping[str, Any]) -> dict[str, list[str]]:
    """A form that nobody has touched: with what the process knows already, else with its defaults."""
    raw: dict[str, list[str]] = {}
    for item in form.fields:
        if not item.is_input:
            continue
        known = None if item.properties.get("prefill") == "no" else look_up(variables, item.key)
        raw.update(_as_sent(item, item.key, item.default if known is None else known))
    return raw


def widgets(form: Form, raw: Raw, variables: Mapping[str, Any], errors: Errors) -> tuple[Widget, ...]:
    """The fields in order, those of a group inside it, with what was typed and what is wrong with it."""
    draw = _Drawing(form, raw, variables, errors)
    return tuple(draw.within(None))


def hidden(form: Form, raw: Raw, variables: Mapping[str, Any]) -> list[str]:
    """The names of the fields that do not apply to what is filled in."""
    ids = form.hidden_with(raw, variables)
    return [_name_of(item) for item in form.fields if item.id in ids]


def problems(form: Form, errors: Errors) -> tuple[Problem, ...]:
    """What is wrong, in the order of the form; what belongs to no field comes last."""
    order = {name: (place, label) for place, (name, label) in enumerate(_labels(form, errors))}
    known = sorted((name for name in errors if name in order), key=lambda name: order[name][0])
    listed = [Problem(element_id(name), f"{_asked(order[name][1])} {said(errors[name])}") for name in known]
    others = [Problem("", f"{name}: {said(message)}") for name, message in errors.items() if name not in order]
    return (*listed, *others)


def _asked(label: str) -> str:
    """A label before what is said of it: a question has its mark already."""
    return label if label.endswith(("?", "？", ":")) else f"{label}:"


def changed_rows(form: Form, raw: Raw, change: str) -> dict[str, list[str]]:
    """The form after a button of a dynamic list: ``add:list`` or ``remove:list:0``."""
    action, _, rest = change.partition(":")
    name, _, index = rest.partition(":")
    item = next((item for item in form.fields if item.type == "dynamiclist" and item.key == name), None)
    changed = {key: list(texts) for key, texts in raw.items()}
    if item is None:
        return changed
    rows = [_row(raw, name, row) for row in _row_indexes(raw, name)]
    if action == "remove" and (at := whole_number(index)) is not None and at < len(rows):
        del rows[at]
    if action == "add" and len(rows) < _ROW_LIMIT:
        rows.append({column.key: [""] for column in item.fields if column.is_input})
    kept = {key: texts for key, texts in changed.items() if not key.startswith(f"{name}.")}
    return {**kept, **{f"{name}.{at}.{key}": texts for at, row in enumerate(rows) for key, texts in row.items()}}


def said(message: str) -> str:
    """A message as a sentence beside its field."""
    if message == "Expected an answer, but there is none.":
        return "An answer is needed."
    return message[:1].upper() + message[1:]


def typed(form: Form, raw: Raw) -> tuple[tuple[str, str], ...]:
    """What was typed, by label, to be read and copied."""
    labels = dict(_labels(form, raw))
    return tuple((labels.get(name, name), "\n".join(texts)) for name, texts in raw.items() if any(texts))


class _Drawing:
    """Makes the widgets of one form in one state."""

    def __init__(self, form: Form, raw: Raw, variables: Mapping[str, Any], errors: Errors) -> None:
        self._form, self._raw, self._variables, self._errors = form, raw, variables, errors
        self._hidden = form.hidden_with(raw, variables)

    def within(self, group: str | None) -> Iterator[Widget]:
        for item in self._form.fields:
            if item.group == group:
                yield self.widget(item, _name_of(item))

    def widget(self, item: Field, name: str) -> Widget:
        common: dict[str, Any] = {
            "name": name,
            "id": element_id(name),
            "label": item.label,
            "hint": item.description,
            "error": said(self._errors.get(name, "")),
            "required": item.required,
            "hidden": item.id in self._hidden,
        }
        if item.type in _STATIC:
            return Widget(kind=_STATIC[item.type], **{**common, "text": item.text})
        if item.type == "group":
            return Widget(kind="group", children=tuple(self.within(item.id)), **common)
        if not item.is_input:
            return Widget(kind="shown", text=self._shown(item), **common)
        return Widget(**common, **self._input(item, name))

    def _input(self, item: Field, name: str) -> dict[str, Any]:
        if item.type == "dynamiclist":
            return {"kind": "rows", "rows": tuple(self._rows(item, name))}
        if item.type == "datetime" and item.subtype == "date":
            return {"kind": "date", "parts": tuple((part, self._text(f"{name}-{part}")) for part in DATE_PARTS)}
        if item.type in ("select", "radio", "checklist", "taglist"):
            return self._choices(item, name)
        if item.type == "checkbox":
            return {"kind": "checkbox", "text": self._text(name)}
        if item.type == "textarea":
            lines = int(item.properties.get("lines", 5))
            return {"kind": "textarea", "text": self._text(name), "lines": lines, "attributes": _attributes(item)}
        return {"kind": "input", "text": self._text(name), "width": _width(item), "attributes": _attributes(item)}

    def _choices(self, item: Field, name: str) -> dict[str, Any]:
        chosen = set(self._raw.get(name, ()))
        options = item.choices(self._variables)
        choices = tuple(Choice(option.text, option.label, option.text in chosen) for option in options)
        kind = "select" if item.type == "select" else "choices"
        return {
            "kind": kind,
            "choices": choices,
            "several": item.type in ("checklist", "taglist"),
            "inline": item.properties.get("layout") == "inline",
            "empty": item.properties.get("empty", ""),
        }

    def _rows(self, item: Field, name: str) -> Iterator[tuple[Widget, ...]]:
        for index in _row_indexes(self._raw, name):
            yield tuple(self.widget(column, f"{name}.{index}.{column.key}") for column in item.fields)

    def _text(self, name: str) -> str:
        return next(iter(self._raw.get(name, ())), "")

    def _shown(self, item: Field) -> str:
        value = look_up(self._variables, item.key)
        labels = {option.text: option.label for option in item.choices(self._variables)}
        values = value if isinstance(value, list) else [value]
        return ", ".join(labels.get(str(one), _words(item, one)) for one in values if one not in (None, ""))


_STATIC = {"text": "static", "separator": "separator", "spacer": "spacer"}


def _words(item: Field, value: Any) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    if item.type == "datetime" and item.subtype == "date":
        return day(f"{value}T00:00:00+08:00")
    if isinstance(value, Mapping):
        return "; ".join(f"{key}: {one}" for key, one in value.items())
    return str(value)


def _name_of(item: Field) -> str:
    return item.key or item.id


def _names(item: Field) -> list[str]:
    if item.type == "datetime":
        return [item.key, *(f"{item.key}-{part}" for part in DATE_PARTS)]
    return [item.key] if item.is_input else []


def _labels(form: Form, names: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Every name that this form can send, with its label; the rows of dynamic lists as far as `names` has them."""
    for item in form.fields:
        for name in [item.key, *_names(item)]:
            yield name, item.label
        if item.type == "dynamiclist":
            for index in _row_indexes(dict.fromkeys(names, ()), item.key):
                for column in item.fields:
                    yield f"{item.key}.{index}.{column.key}", f"{item.label}, row {index + 1}, {column.label}"


def _row_indexes(raw: Raw, name: str) -> list[int]:
    found = (key[len(name) + 1 :].partition(".")[0] for key in raw if key.startswith(f"{name}."))
    return sorted({number for index in found if (number := whole_number(index)) is not None})[:_ROW_LIMIT]


def _row(raw: Raw, name: str, index: int) -> dict[str, list[str]]:
    prefix = f"{name}.{index}."
    return {key[len(prefix) :]: list(texts) for key, texts in raw.items() if key.startswith(prefix)}


def _as_sent(item: Field, name: str, value: Any) -> dict[str, list[str]]:
    """A value as a page would have sent it."""
    if value is None:
        return {}
    if item.type == "dynamiclist":
        rows = value if isinstance(value, list) else []
        return {
            key: texts
            for index, row in enumerate(rows)
            for column in item.fields
            for key, texts in _as_sent(column, f"{name}.{index}.{column.key}", look_up(row, column.key)).items()
        }
    if item.type == "datetime" and item.subtype == "date":
        parts = dict(zip(("year", "month", "day"), str(value)[:10].split("-"), strict=False))
        return {f"{name}-{part}": [parts[part].lstrip("0")] for part in DATE_PARTS if part in parts}
    values = value if isinstance(value, list) else [value]
    return {name: [as_text(one) for one in values if isinstance(one, str | int | float)]}


def _attributes(item: Field) -> dict[str, Any]:
    attributes: dict[str, Any] = {"type": "text"} if item.type != "textarea" else {}
    if item.type == "number":
        attributes["inputmode"] = "decimal" if item.decimals != 0 else "numeric"
    if item.subtype in ("email", "phone"):
        attributes["type"] = {"email": "email", "phone": "tel"}[item.subtype]
    if item.subtype in ("time", "datetime"):
        attributes["type"] = {"time": "time", "datetime": "datetime-local"}[item.subtype]
    if "autocomplete" in item.properties:
        attributes["autocomplete"] = item.properties["autocomplete"]
    return attributes


def _width(item: Field) -> str:
    if item.type == "number":
        return "govuk-input--width-5"
    if item.subtype in ("time", "datetime"):
        return "govuk-input--width-10"
    wanted = item.properties.get("width", "")
    return f"govuk-input--width-{wanted}" if wanted in ("5", "10", "20", "30") else ""
