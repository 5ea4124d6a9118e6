"""Working days, and terms counted in them."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from engine.errors import InvalidVariables
from workflows.time import calendars
from workflows.time.calendars import Calendar, Decree
from workflows.time.schedules import Term, schedule

CALENDAR = Calendar()


def day(text: str) -> date:
    return date.fromisoformat(text)


@pytest.mark.parametrize(
    ("text", "works"),
    [
        ("2026-09-30", True),
        ("2026-10-01", False),
        ("2026-10-07", False),
        ("2026-10-08", True),
        ("2026-10-10", True),
        ("2026-10-11", False),
        ("2026-09-20", True),
    ],
)
def test_a_decreed_year_has_its_days_off_and_its_saturdays_and_sundays_worked_in_exchange(text: str, works: bool):
    assert CALENDAR.is_working_day(day(text)) is works


def test_a_year_not_yet_decreed_has_its_statutory_holidays_only():
    assert not CALENDAR.is_decreed(2027)
    assert not CALENDAR.is_working_day(day("2027-10-01"))
    assert CALENDAR.is_working_day(day("2027-10-04")), "a Monday that a decree may yet take off"
    assert not CALENDAR.is_working_day(day("2027-10-09")), "a Saturday that a decree may yet have worked"


def test_a_decree_entered_by_hand_comes_before_what_is_packaged():
    decree = Decree(2027, "2027", frozenset({day("2027-10-04")}), frozenset({day("2027-10-09")}))
    calendar = Calendar({2027: decree})
    assert calendar.is_decreed(2027)
    assert not calendar.is_working_day(day("2027-10-04"))
    assert calendar.is_working_day(day("2027-10-09"))


def test_five_working_days_go_across_a_public_holiday_and_count_the_saturday_worked_for_it():
    plan = schedule(Term(day("2026-09-29"), 5, "working"), CALENDAR)
    assert plan.due_at == calendars.end_of(day("2026-10-12")), "30 September, 8, 9, Saturday 10 and 12 October"
    assert not plan.provisional


def test_the_day_something_happens_on_does_not_count():
    plan = schedule(Term(day("2026-03-02"), 1, "calendar"), CALENDAR)
    assert plan.due_at == calendars.end_of(day("2026-03-03"))


def test_sixty_calendar_days_from_november_end_in_the_next_year_and_are_certain():
    plan = schedule(Term(day("2026-11-23"), 60, "calendar"), CALENDAR)
    assert plan.due_at == calendars.end_of(day("2027-01-22"))
    assert not plan.provisional


def test_working_days_that_reach_into_a_year_not_yet_decreed_are_provisional():
    assert schedule(Term(day("2026-12-28"), 10, "working"), CALENDAR).provisional
    assert not schedule(Term(day("2026-12-01"), 10, "working"), CALENDAR).provisional


def test_a_clock_warns_as_the_day_of_each_share_begins_and_is_breached_after_its_last_second():
    plan = schedule(Term(day("2026-03-02"), 15, "calendar"), CALENDAR)
    assert plan.warnings == (
        (50, calendars.begin_of(day("2026-03-10"))),
        (80, calendars.begin_of(day("2026-03-14"))),
        (100, calendars.begin_of(day("2026-03-17"))),
    )
    assert plan.breach_at == calendars.begin_of(day("2026-03-18"))


def test_days_on_which_someone_else_has_the_case_do_not_count():
    paused = Term(day("2026-03-02"), 5, "calendar", pauses=((day("2026-03-04"), day("2026-03-14")),))
    assert schedule(paused, CALENDAR).due_at == calendars.end_of(day("2026-03-17"))


def test_an_extension_is_counted_from_the_last_day_in_a_unit_of_its_own():
    term = Term(day("2026-09-01"), 29, "calendar", extended_by=2, extended_unit="working")
    assert schedule(term, CALENDAR).due_at == calendars.end_of(day("2026-10-09")), "8 and 9 October after 30 September"


def test_the_day_here_begins_eight_hours_before_the_day_of_utc():
    assert calendars.local_day(datetime(2026, 3, 2, 15, 59, tzinfo=UTC)) == day("2026-03-02")
    assert calendars.local_day(datetime(2026, 3, 2, 16, 0, tzinfo=UTC)) == day("2026-03-03")


def test_a_unit_that_nothing_is_counted_in_is_refused():
    with pytest.raises(InvalidVariables, match="expected one of calendar, working, but it is 'weeks'"):
        calendars.check_unit("weeks")
