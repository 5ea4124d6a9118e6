"""What a person filled in: from submitted texts to values, and what is wrong with them."""

from __future__ import annotations

import re
from calendar import month_name, monthrange
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

import re2

from engine.core.expressions.parsing import LARGEST
from engine.forms.fields import Field

Submitted = Mapping[str, "str | Sequence[str]"]

MAX_TEXT = 100_000
"""Characters of one answer where the form says nothing."""

MAX_ROWS = 200
"""Rows of a dynamic list."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,20}(\.[0-9]{1,20})?")
_ROW = re.compile(r"\.([0-9]{1,6})\.")
_DAY = re.compile(r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})")
_EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}\.[^@\s.]{2,63}")
_PHONE = re.compile(r"\+?[0-9][0-9 ()/-]{3,24}")
_TRUE = frozenset({"on", "true", "1", "yes"})
_NOTHING = "Expected an answer, but there is none."


class Refused(Exception):
    """One answer is not what its field takes; the message goes beside the field."""


def given(submitted: Submitted, name: str) -> str | Sequence[str]:
    """What was submitted under a name; a date in three parts (``name-day``, …) is put together."""
    if name in submitted or f"{name}-year" not in submitted:
        return submitted.get(name, "")
    year, month, day = (one(submitted.get(f"{name}-{part}", "")).strip() for part in ("year", "month", "day"))
    return f"{year}-{month}-{day}" if year or month or day else ""


def nested(values: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Values by variable: ``case.subject`` is written into a copy of the mapping ``case``."""
    by_variable: dict[str, Any] = {}
    for key, value in values.items():
        name, *path = key.split(".")
        by_variable[name] = _with(by_variable.get(name, variables.get(name)), path, value) if path else value
    return by_variable


def _with(container: Any, path: Sequence[str], value: Any) -> Any:
    if not path:
        return value
    inner = container if isinstance(container, Mapping) else {}
    return {**inner, path[0]: _with(inner.get(path[0]), path[1:], value)}


class Answers:
    """Reads what was submitted, field by field: `values` by name, and what is wrong with them in `errors`."""

    def __init__(self, submitted: Submitted, variables: Mapping[str, Any], today: date | None) -> None:
        self._submitted, self._variables, self._today = submitted, variables, today
        self.values: dict[str, Any] = {}
        self.errors: dict[str, str] = {}

    def take(self, field: Field, name: str) -> None:
        """Read the answer that was submitted under `name`; one that is refused is kept as it was written."""
        if field.type == "dynamiclist":
            self._take_rows(field, name)
            return
        raw = given(self._submitted, name)
        try:
            self.values[name] = _READERS[field.type](field, raw, self._variables)
            if field.required and self.values[name] in (None, "", [], False):
                raise Refused(_NOTHING)
            if field.disallow_past and self.values[name] is not None:
                _check_not_past(self.values[name], self._today)
        except Refused as cause:
            self.values.setdefault(name, raw)
            self.errors[name] = str(cause)

    def _take_rows(self, field: Field, name: str) -> None:
        """The rows with something in them, in order; those that were left empty are no rows."""
        indexes = self._row_indexes(name)
        if len(indexes) > MAX_ROWS:
            self.errors[name] = f"Expected at most {MAX_ROWS} rows, but there are {len(indexes)}."
            indexes = []
        rows = Answers(self._submitted, self._variables, self._today)
        self.values[name] = [
            rows.row(field, f"{name}.{index}.") for index in indexes if self._is_filled(f"{name}.{index}.")
        ]
        self.errors.update(rows.errors)
        if field.required and not self.values[name]:
            self.errors.setdefault(name, "Expected at least one row, but there is none.")

    def row(self, field: Field, prefix: str) -> dict[str, Any]:
        """One row of a dynamic list."""
        columns = [column for column in field.fields if column.is_input]
        for column in columns:
            self.take(column, prefix + column.key)
        return nested({column.key: self.values[prefix + column.key] for column in columns}, {})

    def _row_indexes(self, name: str) -> list[int]:
        keys = (key[len(name) :] for key in self._submitted if key.startswith(f"{name}."))
        found = (_ROW.match(key) for key in keys)
        return sorted({int(match[1]) for match in found if match})

    def _is_filled(self, prefix: str) -> bool:
        texts = (value for key, value in self._submitted.items() if key.startswith(prefix))
        return any(one(text).strip() for text in texts)


# --- one reader for each type of field


def one(raw: str | Sequence[str]) -> str:
    """The first of what was submitted under one name."""
    return raw if isinstance(raw, str) else raw[0] if raw else ""


def _several(raw: str | Sequence[str]) -> list[str]:
    return [text for text in ([raw] if isinstance(raw, str) else raw) if text]


def _text(field: Field, raw: str | Sequence[str], variables: Mapping[str, Any]) -> str:
    text = one(raw).replace("\r\n", "\n").replace("\r", "\n")
    if field.type == "textfield" or not text.strip():
        text = text.strip()
    if "\0" in text:
        raise Refused("Expected a text, but it has a character that none has.")
    if not text:
        return ""
    longest = MAX_TEXT if field.max_length is None else field.max_length
    if len(text) > longest:
        raise Refused(f"Expected at most {longest} characters, but there are {len(text)}.")
    if field.min_length is not None and len(text) < field.min_length:
        raise Refused(f"Expected at least {field.min_length} characters, but there are {len(text)}.")
    if field.pattern is not None and not compiled(field.pattern).search(text):
        raise Refused(f"Expected the form {field.pattern}, but found '{text:.60}'.")
    if field.subtype == "email" and not _EMAIL.fullmatch(text):
        raise Refused(f"Expected an e-mail address such as name@example.org, but found '{text:.60}'.")
    if field.subtype == "phone" and not _PHONE.fullmatch(text):
        raise Refused(f"Expected a phone number such as +86 571 8123 4567, but found '{text:.60}'.")
    return text


def _number(field: Field, raw: str | Sequence[str], variables: Mapping[str, Any]) -> int | float | None:
    text = one(raw).strip()
    if not text:
        return None
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise Refused(f"Expected a number such as 12 or 12.5, but found '{text:.60}'.")
    decimals = len(match[1] or ".") - 1
    if field.decimals is not None and decimals > field.decimals:
        wanted = f"at most {field.decimals} decimals" if field.decimals else "a whole number"
        raise Refused(f"Expected {wanted}, but found '{text:.60}'.")
    value = float(text) if decimals else int(text)
    if abs(value) > LARGEST:
        raise Refused(f"Expected at most {LARGEST}, but found '{text:.60}'.")
    if field.minimum is not None and value < field.minimum:
        raise Refused(f"Expected at least {field.minimum:g}, but found {text}.")
    if field.maximum is not None and value > field.maximum:
        raise Refused(f"Expected at most {field.maximum:g}, but found {text}.")
    return value


def _moment(field: Field, raw: str | Sequence[str], variables: Mapping[str, Any]) -> str | None:
    text = one(raw).strip()
    return _MOMENTS[field.subtype](text) if text else None


def _day(text: str) -> str:
    match = _DAY.fullmatch(text)
    if match is None:
        missing = [part for part, found in zip(("year", "month", "day"), text.split("-"), strict=False) if not found]
        if text.count("-") == 2 and missing:
            raise Refused(f"Expected day, month and year, but there is no {' and no '.join(missing)}.")
        raise Refused(f"Expected a date such as 2026-05-31, but found '{text:.60}'.")
    year, month, day = (int(part) for part in match.groups())
    if not 1 <= month <= 12 or year < 1:
        raise Refused(f"Expected a month from 1 to 12, but found {month}.")
    if not 1 <= day <= monthrange(year, month)[1]:
        days = monthrange(year, month)[1]
        raise Refused(f"Expected a date of the calendar, but {month_name[month]} {year} has {days} days, not {day}.")
    return date(year, month, day).isoformat()


def _hour(text: str) -> str:
    try:
        return time.fromisoformat(text).replace(tzinfo=None).isoformat("minutes")
    except ValueError as cause:
        raise Refused(f"Expected a time such as 14:30, but found '{text:.60}'.") from cause


def _day_and_hour(text: str) -> str:
    day, separator, hour = text.replace(" ", "T", 1).partition("T")
    checked = _day(day)
    try:
        return datetime.fromisoformat(f"{checked}T{hour if separator else ''}").isoformat()
    except ValueError as cause:
        raise Refused(f"Expected a date and time such as 2026-05-31T14:30, but found '{text:.60}'.") from cause


def _check_not_past(value: str, today: date | None) -> None:
    if today is None:
        raise ValueError("expected today's date for a form that takes no past dates, but none was handed in")
    if date.fromisoformat(value[:10]) < today:
        raise Refused(f"Expected {today} or later, but found {value}.")


def _checkbox(field: Field, raw: str | Sequence[str], variables: Mapping[str, Any]) -> bool:
    return any(text.strip().lower() in _TRUE for text in _several(raw))


def _choice(field: Field, raw: str | Sequence[str], variables: Mapping[str, Any]) -> Any:
    text = one(raw)
    return _chosen(field, text, variables) if text else None


def _choices(field: Field, raw: str | Sequence[str], variables: Mapping[str, Any]) -> list[Any]:
    texts = list(dict.fromkeys(_several(raw)))
    return [_chosen(field, text, variables) for text in texts]


def _chosen(field: Field, text: str, variables: Mapping[str, Any]) -> Any:
    for option in field.choices(variables):
        if option.text == text:
            return option.value
    raise Refused(f"Expected one of the choices, but found '{text:.60}'.")


@lru_cache
def compiled(pattern: str) -> Any:
    """A designer's pattern, searched for in time that grows with the text alone, whatever the pattern.

    Raises:
        re2.error: it is none, or needs to look around or back.
    """
    options = re2.Options()
    options.log_errors = False
    options.max_mem = 1 << 20
    return re2.compile(pattern, options)


_READERS: Mapping[str, Callable[[Field, str | Sequence[str], Mapping[str, Any]], Any]] = {
    "textfield": _text,
    "textarea": _text,
    "number": _number,
    "datetime": _moment,
    "checkbox": _checkbox,
    "checklist": _choices,
    "taglist": _choices,
    "radio": _choice,
    "select": _choice,
}
_MOMENTS: Mapping[str, Callable[[str], str]] = {"date": _day, "time": _hour, "datetime": _day_and_hour}
