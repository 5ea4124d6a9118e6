"""Dates, durations and cycles of ISO 8601."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.timing import (
    Cycle,
    Duration,
    InvalidTime,
    next_due,
    next_round,
    parse_cycle,
    parse_date,
    parse_duration,
    parse_moment,
)

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-05-31T09:30:00Z", at(2026, 5, 31, 9, 30)),
        ("2026-05-31T09:30:00+08:00", at(2026, 5, 31, 1, 30)),
        (" 2026-05-31T09:30:00 ", at(2026, 5, 31, 9, 30)),
        ("2026-05-31T09:30", at(2026, 5, 31, 9, 30)),
        ("2026-05-31", at(2026, 5, 31)),
        ("20260531T093000Z", at(2026, 5, 31, 9, 30)),
        (date(2026, 5, 31), at(2026, 5, 31)),
        (datetime(2026, 5, 31, 9), at(2026, 5, 31, 9)),  # noqa: DTZ001 (one without an offset is what is tested)
        (at(2026, 5, 31, 9), at(2026, 5, 31, 9)),
        ("P3D", at(2026, 5, 4, 12)),
        ("PT36H", at(2026, 5, 3)),
        ("-P1D", at(2026, 4, 30, 12)),
        (timedelta(hours=1), at(2026, 5, 1, 13)),
        (Duration(1), at(2026, 6, 1, 12)),
    ],
)
def test_a_date_is_a_moment_with_a_zone(value: object, moment: datetime) -> None:
    found = parse_date(value, NOW)
    assert found == moment
    assert found.tzinfo is not None


def test_an_offset_is_kept() -> None:
    assert parse_moment("2026-05-31T09:30:00+08:00").utcoffset() == timedelta(hours=8)


@pytest.mark.parametrize(
    "value", ["", "soon", "2026-02-31", "2026-13-01", "31.05.2026", 5, None, True, "2" * 101, ["P1D"]]
)
def test_what_is_no_date_is_refused(value: object) -> None:
    with pytest.raises(InvalidTime, match="Expected a date such as 2026-05-"):
        parse_date(value, NOW)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("P3D", Duration(0, timedelta(days=3))),
        ("P2W", Duration(0, timedelta(weeks=2))),
        ("PT10H", Duration(0, timedelta(hours=10))),
        ("PT0.5S", Duration(0, timedelta(milliseconds=500))),
        ("PT0,25S", Duration(0, timedelta(milliseconds=250))),
        ("P1Y2M3DT4H5M6S", Duration(14, timedelta(days=3, hours=4, minutes=5, seconds=6))),
        ("P1M", Duration(1)),
        ("PT1M", Duration(0, timedelta(minutes=1))),
        ("-P1M1D", Duration(-1, timedelta(days=-1))),
        ("PT0S", Duration()),
        ("PT100000S", Duration(0, timedelta(seconds=100_000))),
        (timedelta(days=1), Duration(0, timedelta(days=1))),
        (Duration(3), Duration(3)),
    ],
)
def test_a_duration_is_months_and_an_exact_span(text: object, duration: Duration) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "P",
        "PT",
        "P1",
        "3D",
        "P3",
        "PT3D",
        "P3H",
        "P1.5D",
        "P-1D",
        "p3d",
        "P1D2W",
        "P1S",
        "PT1H1D",
        "R3/PT1H",
        None,
        5,
    ],
)
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(InvalidTime, match="Expected a duration such as P3D or PT10H"):
        parse_duration(text)


def test_a_duration_longer_than_the_calendar_is_refused() -> None:
    with pytest.raises(InvalidTime, match="too long"):
        parse_duration("P999999999DT999999999H999999999999M999999999999999S")
    with pytest.raises(InvalidTime, match="within the calendar"):
        parse_date("P9999Y", NOW)


@pytest.mark.parametrize(
    ("start", "text", "end"),
    [
        (date(2026, 1, 31), "P1M", date(2026, 2, 28)),
        (date(2028, 1, 31), "P1M", date(2028, 2, 29)),
        (date(2028, 2, 29), "P1Y", date(2029, 2, 28)),
        (date(2026, 11, 30), "P3M", date(2027, 2, 28)),
        (date(2026, 1, 31), "P1M1D", date(2026, 3, 1)),
        (date(2026, 3, 31), "-P1M", date(2026, 2, 28)),
        (at(2026, 12, 31, 23), "PT2H", at(2027, 1, 1, 1)),
    ],
)
def test_months_are_counted_before_days_and_end_with_the_month(start: date, text: str, end: date) -> None:
    assert start + parse_duration(text) == end
    assert parse_duration(text) + start == end


def test_durations_can_be_added_and_taken_away() -> None:
    assert Duration(1) + Duration(2, timedelta(days=1)) + timedelta(hours=1) == Duration(3, timedelta(hours=25))
    assert date(2026, 5, 31) - Duration(3, timedelta(days=1)) == date(2026, 2, 27)


@pytest.mark.parametrize(
    "text", ["P1Y2M3DT4H5M6S", "P3D", "PT10H", "PT0S", "-PT5M", "P1M", "PT0.25S", "-P1Y", "P1DT1S"]
)
def test_a_duration_is_written_as_it_is_read(text: str) -> None:
    assert str(parse_duration(text)) == text


@given(st.integers(-5_000, 5_000), st.timedeltas(timedelta(days=-3000), timedelta(days=3000)))
def test_every_duration_of_one_sign_can_be_written_and_read(months: int, span: timedelta) -> None:
    sign = -1 if months < 0 else 1
    duration = Duration(months, abs(span) * sign)
    assert parse_duration(str(duration)) == duration


@pytest.mark.parametrize(
    ("text", "cycle"),
    [
        ("R3/PT10H", Cycle(at(2026, 5, 1, 22), Duration(0, timedelta(hours=10)), 3)),
        ("R/P1D", Cycle(at(2026, 5, 2, 12), Duration(0, timedelta(days=1)), None)),
        ("R/P1M", Cycle(at(2026, 6, 1, 12), Duration(1), None)),
        ("R2/2026-05-02T09:00:00Z/PT1H", Cycle(at(2026, 5, 2, 9), Duration(0, timedelta(hours=1)), 2)),
        ("R/2026-05-02/P1D", Cycle(at(2026, 5, 2), Duration(0, timedelta(days=1)), None)),
        # what lay before now is over
        ("R/2026-05-01T00:00:00Z/PT5H", Cycle(at(2026, 5, 1, 15), Duration(0, timedelta(hours=5)), None)),
        ("R/2026-05-01T07:00:00Z/PT5H", Cycle(at(2026, 5, 1, 12), Duration(0, timedelta(hours=5)), None)),
        ("R5/2026-05-01T00:00:00Z/PT5H", Cycle(at(2026, 5, 1, 15), Duration(0, timedelta(hours=5)), 2)),
        ("R3/2026-04-01T00:00:00Z/PT5H", Cycle(at(2026, 4, 1, 10), Duration(0, timedelta(hours=5)), 1)),
        ("R1/2020-01-01T00:00:00Z/PT5H", Cycle(at(2020, 1, 1), Duration(0, timedelta(hours=5)), 1)),
        ("R/1990-01-31T00:00:00Z/P1M", Cycle(at(2026, 5, 31), Duration(1), None)),
        ("R/0001-01-01T00:00:00Z/PT1S", Cycle(NOW, Duration(0, timedelta(seconds=1)), None)),
    ],
)
def test_a_cycle_says_when_it_is_due_how_far_apart_and_how_often(text: str, cycle: Cycle) -> None:
    assert parse_cycle(text, NOW) == cycle


@pytest.mark.parametrize(
    "text",
    [
        *("", "PT10H", "R3", "R3/", "R0/PT1H", "R-1/PT1H", "R3/2026-05-01", "R3/x/PT1H", "R3/PT1H/2026-05-01"),
        *("0 0 * * * ?", "R3/PT0S", "R/P0D", "R3/-PT1H", "R3/P1", None, 3),
    ],
)
def test_what_is_no_cycle_is_refused(text: object) -> None:
    with pytest.raises(InvalidTime, match="Expected"):
        parse_cycle(text, NOW)


def test_a_cycle_does_not_drift() -> None:
    due = at(2026, 5, 1, 9)
    for _ in range(3):
        due = next_due(due, "PT24H")
    assert due == at(2026, 5, 4, 9)
    assert next_due(due, timedelta(hours=1)) == at(2026, 5, 4, 10)
    assert next_due(due, Duration(1)) == at(2026, 6, 4, 9)


@given(
    st.datetimes(datetime(1950, 1, 1), datetime(2026, 5, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.integers(1, 40).map(lambda days: Duration(0, timedelta(days=days))) | st.integers(1, 30).map(Duration),
    st.integers(1, 900),
)
def test_a_cycle_from_the_past_goes_on_with_its_own_times(start: datetime, interval: Duration, times: int) -> None:
    cycle = parse_cycle(f"R{times}/{start.isoformat()}/{interval}", NOW)
    every = [start + Duration(interval.months * n, interval.span * n) for n in range(times)]
    ahead = [moment for moment in every if moment >= NOW] or every[-1:]
    assert (cycle.first_due, cycle.repetitions) == (ahead[0], len(ahead))


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-05:00"])
def test_a_moment_that_utc_cannot_express_is_refused(value: str) -> None:
    with pytest.raises(InvalidTime, match="within the calendar"):
        parse_date(value, NOW)
    with pytest.raises(InvalidTime, match="within the calendar"):
        parse_date(datetime.fromisoformat(value), NOW)


@pytest.mark.parametrize("interval", ["PT7M", "P1D", "P1M", "P1Y2M", "PT0.5S"])
@pytest.mark.parametrize("repetitions", [None, 0, 1, 3, 10_000])
@pytest.mark.parametrize("late", [timedelta(), timedelta(seconds=1), timedelta(minutes=7), timedelta(minutes=50)])
def test_the_next_round_is_the_first_that_is_still_to_come(
    interval: str, repetitions: int | None, late: timedelta
) -> None:
    due = datetime(2026, 1, 31, 9, tzinfo=UTC)
    now, following, rounds = due + late, due, 0
    while following <= now:
        following, rounds = next_due(following, interval), rounds + 1
    left = None if repetitions is None else repetitions - rounds
    expected = None if left is not None and left < 0 else (following, left)
    assert next_round(due, interval, repetitions, now) == expected


def test_a_cycle_ends_with_the_calendar() -> None:
    assert next_round(datetime(9999, 12, 31, tzinfo=UTC), "P1D", None, datetime(9999, 12, 31, tzinfo=UTC)) is None
