"""What may be a process variable."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from engine.core.timing import Duration, parse_duration
from engine.errors import InvalidVariables
from engine.variables import checked


def test_json_goes_through_as_it_is() -> None:
    values = {"a": None, "b": True, "c": 1, "d": 1.5, "e": "é", "f": [1, {"g": []}]}
    assert checked(values) == values


def test_dates_and_durations_become_texts_and_tuples_lists() -> None:
    moment = datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert checked({"at": moment, "day": date(2026, 3, 2), "span": timedelta(hours=1), "pair": (1, 2)}) == {
        "at": "2026-03-02T09:00:00+00:00",
        "day": "2026-03-02",
        "span": "PT1H",
        "pair": [1, 2],
    }


def _deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("x", object(), "expected a JSON value, but it is a object"),
        ("x", {1, 2}, "expected a JSON value, but it is a set"),
        ("x", b"bytes", "expected a JSON value, but it is a bytes"),
        ("x", float("inf"), "expected a number, but it is inf"),
        ("x", [10**5_000], "expected a whole number up to"),
        ("x", [2**63], "expected a whole number up to"),
        ("x", {1: 2}, "keys to be texts, but one is 1"),
        ("x", "\ud800", "UTF-8"),
        ("x", _deep(51), "at most 50 levels"),
        ("case number", 1, "name of letters, digits and underscores"),
        ("", 1, "name of letters"),
    ],
)
def test_what_cannot_be_kept_is_refused_by_name(name: str, value: Any, message: str) -> None:
    with pytest.raises(InvalidVariables) as refused:
        checked({name: value, "good": 1})
    assert set(refused.value.fields) == {name}
    assert message in refused.value.fields[name]


@pytest.mark.parametrize("span", [timedelta(days=365), timedelta(seconds=1234567, microseconds=1), -timedelta(days=12)])
def test_a_long_duration_can_be_read_again(span: timedelta) -> None:
    assert parse_duration(checked({"span": span})["span"]) == Duration(0, span)
