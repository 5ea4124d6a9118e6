"""How times and amounts read on a page."""

from datetime import UTC, datetime

import pytest

from engine.errors import count
from web import presentation

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def test_times_are_shown_in_the_office_s_zone():
    assert presentation.when(datetime(2026, 11, 23, 17, 5, tzinfo=UTC)) == "24 Nov 2026, 01:05"


@pytest.mark.parametrize(
    ("due", "left", "urgency"),
    [
        (datetime(2026, 12, 23, 4, tzinfo=UTC), "30 days left", "calm"),
        (datetime(2026, 11, 24, 15, tzinfo=UTC), "1 day left", "soon"),
        (datetime(2026, 11, 23, 15, tzinfo=UTC), "due today", "soon"),
        (datetime(2026, 11, 23, 3, tzinfo=UTC), "overdue since today", "late"),
        (datetime(2026, 11, 20, 15, tzinfo=UTC), "3 days overdue", "late"),
    ],
)
def test_days_left_count_calendar_days_of_the_office(due, left, urgency):
    assert presentation.days_left(due, NOON) == left
    assert presentation.urgency(due, NOON) == urgency


def test_codes_and_counts_read_as_words():
    assert presentation.words("not_accepted") == "Not accepted"
    assert count(1, "entry") == "1 entry"
    assert count(12000, "entry") == "12,000 entries"
    assert count(2, "day") == "2 days"
    assert presentation.counted(199, 200) == "199"
    assert presentation.counted(200, 200) == "200 or more"
