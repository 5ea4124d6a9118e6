"""The clocks of a case beyond what the lifecycle shows: a calendar that changes, an outage, a case that is gone."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from bureau import SUPERVISOR, WATER, Bureau

from engine import instances, messages
from engine.errors import BpmnError, InvalidState, InvalidVariables, NotPermitted
from engine.store.database import Transaction
from workflows.register.cases import Receipt
from workflows.time import calendars, clocks, decrees
from workflows.time.calendars import LOCAL, Decree

CASE = "PJ-2026-000001"
SPRING_FESTIVAL_2027 = Decree(
    2027,
    "Days off in 2027",
    frozenset({date(2027, 1, 1), date(2027, 1, 4), date(2027, 1, 5)}),
    frozenset({date(2027, 1, 9)}),
)


def test_a_due_day_is_provisional_until_the_year_is_decreed_and_then_moves(bureau: Bureau):
    bureau.wait_until("2026-12-28")
    receipt = bureau.hand_in(jurisdiction_profile="zhejiang-2016")
    before = bureau.clock_of(receipt.case_number, "notify")
    assert (str(before.due_on), before.provisional) == ("2027-01-05", True)
    bureau.do(lambda tx: decrees.enter(tx, SPRING_FESTIVAL_2027), SUPERVISOR)
    after = bureau.clock_of(receipt.case_number, "notify")
    assert (str(after.due_on), after.provisional) == ("2027-01-07", False)
    assert after.warned <= before.warned
    moved = [notice for notice in bureau.read(receipt.case_number).notices if notice.kind == "clock-moved"]
    assert {notice.recipient for notice in moved} == {"unit:petition-office", "petitioner"}
    assert "now due by 7 Jan 2027" in moved[0].body
    assert bureau.problems() == []


def test_user_tasks_and_timers_follow_a_due_day_that_moved(bureau: Bureau):
    bureau.wait_until("2026-12-28")
    receipt = bureau.hand_in()
    number = receipt.case_number
    bureau.register(receipt)
    bureau.route(receipt)
    assert bureau.due_on(number, "objection") == "2027-01-05"
    bureau.do(lambda tx: decrees.enter(tx, SPRING_FESTIVAL_2027), SUPERVISOR)
    (task,) = bureau.open_tasks(number).values()
    assert str(calendars.local_day(task.due)) == "2027-01-07"
    bureau.wait_until("2027-01-06")
    assert bureau.names(number) == ["accept-assignment unit:water"], "silence counts from the new day on"
    bureau.wait_until("2027-01-08")
    assert "investigate unit:water" in bureau.names(number)
    assert bureau.problems() == []


def test_a_decree_is_entered_by_a_supervisor_only(bureau: Bureau):
    with pytest.raises(NotPermitted):
        bureau.do(lambda tx: decrees.enter(tx, SPRING_FESTIVAL_2027), WATER)


@pytest.mark.parametrize(
    ("off", "worked", "message"),
    [
        ({date(2028, 1, 3)}, set(), "expected days of 2027, but 2028-01-03 is not"),
        ({date(2027, 1, 9)}, {date(2027, 1, 9)}, "either off or worked, but 2027-01-09 is both"),
    ],
)
def test_a_decree_that_contradicts_itself_is_refused(bureau: Bureau, off: set, worked: set, message: str):
    with pytest.raises(InvalidVariables, match=message):
        bureau.do(lambda tx: decrees.enter(tx, Decree(2027, "", frozenset(off), frozenset(worked))), SUPERVISOR)


def test_an_outage_over_several_warnings_gives_the_last_of_them_only(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.clock.move(timedelta(days=13))
    bureau.engine.run_to_rest()
    titles = [notice.title for notice in bureau.read(receipt.case_number).notices if notice.kind == "clock-warning"]
    assert titles == ["80 % of the time is used"]


def test_an_outage_beyond_the_due_day_gives_the_breach_alone(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.clock.move(timedelta(days=40))
    bureau.engine.run_to_rest()
    kinds = [notice.kind for notice in bureau.read(receipt.case_number).notices]
    assert "clock-warning" not in kinds
    assert kinds.count("clock-breached") == 2


def test_a_case_that_cannot_be_told_keeps_no_other_waiting_and_is_told_later(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    stuck, other = bureau.hand_in(), bureau.hand_in()
    deliver = messages.deliver

    def failing(tx: Transaction, name: str, key: str, variables: dict[str, Any]) -> object:
        if key == stuck.case_number:
            raise OSError("the line is dead")
        return deliver(tx, name, key, variables)

    with monkeypatch.context() as patch:
        patch.setattr(messages, "deliver", failing)
        bureau.wait_until("2026-03-10", "00:30")
    assert "The case of clock 1 could not be told" in caplog.text

    def warned(receipt: Receipt) -> int:
        return bureau.clock_of(receipt.case_number, "notify").warned

    assert (warned(stuck), warned(other)) == (0, 50)
    bureau.wait(hours=1)
    assert (warned(stuck), warned(other)) == (50, 50)


def test_an_idle_tick_finds_nothing_to_do(bureau: Bureau):
    bureau.hand_in()
    assert clocks.tick(bureau.engine, bureau.engine.clock.now()) == 0


def test_the_clock_of_a_case_that_nobody_runs_any_more_is_stopped(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.do(lambda tx: instances.cancel(tx, instances.find(tx, receipt.case_number).id, "entered twice"), SUPERVISOR)
    bureau.wait(days=10)
    assert bureau.clock_of(receipt.case_number, "notify").state == "stopped"


def test_starting_a_clock_anew_stops_the_one_of_its_kind_that_runs(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.do(lambda tx: clocks.start(tx, receipt.case_number, "notify", 3, "working"))
    found = bureau.ask(lambda tx: clocks.of_case(tx, receipt.case_number))
    assert [clock.state for clock in found] == ["stopped", "running"]


def test_a_paused_clock_has_no_due_day_and_cannot_be_paused_twice(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.do(lambda tx: clocks.pause(tx, receipt.case_number, "notify"))
    assert bureau.clock_of(receipt.case_number, "notify").due_on is None
    with pytest.raises(InvalidState, match="Expected to pause clock notify of PJ-2026-000001, but it is paused"):
        bureau.do(lambda tx: clocks.pause(tx, receipt.case_number, "notify"))


def test_a_stopped_clock_is_not_extended(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.do(lambda tx: clocks.stop(tx, receipt.case_number, "notify"))
    with pytest.raises(BpmnError, match="EXTENSION_REFUSED: expected a running clock, but it is stopped"):
        bureau.do(lambda tx: clocks.extend(tx, receipt.case_number, "notify", 3, "calendar"))


def test_lateness_is_computed_from_when_the_clock_was_stopped(bureau: Bureau):
    receipt = bureau.hand_in()
    clock = bureau.clock_of(receipt.case_number, "notify")
    assert not clock.is_late(datetime(2026, 3, 17, 23, 59, tzinfo=LOCAL))
    assert clock.is_late(datetime(2026, 3, 18, tzinfo=LOCAL))
    bureau.do(lambda tx: clocks.stop(tx, receipt.case_number, "notify"))
    stopped = bureau.clock_of(receipt.case_number, "notify")
    assert not stopped.is_late(datetime(2027, 1, 1, tzinfo=LOCAL))
