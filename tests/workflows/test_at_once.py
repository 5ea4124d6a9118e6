"""Two at one case, or at one register, at the same moment: one waits for the other and sees what it did."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from bureau import WATER, Bureau

from engine import instances
from engine.actors import SYSTEM, Actor
from engine.errors import InvalidState
from engine.store.database import Transaction
from workflows import office
from workflows.papers import drafts, submissions
from workflows.time import clocks

A_MOMENT = 0.3
"""Seconds in which the second would be done, if it did not wait."""


class Second:
    """Does something in a thread of its own, beginning while the first is not yet done."""

    def __init__(self, bureau: Bureau, work: Callable[[Transaction], Any], actor: Actor = SYSTEM) -> None:
        self.raised: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=[bureau, work, actor])

    def begin(self) -> None:
        self._thread.start()
        self._thread.join(A_MOMENT)

    def end(self) -> None:
        self._thread.join()
        if self.raised is not None:
            raise self.raised

    def _run(self, bureau: Bureau, work: Callable[[Transaction], Any], actor: Actor) -> None:
        try:
            bureau.engine.transact(work, actor)
        except BaseException as error:
            self.raised = error


def test_a_clock_that_is_paused_as_it_would_warn_warns_nobody(bureau: Bureau) -> None:
    receipt = bureau.bring_to_handling()
    number = receipt.case_number
    desk = office.Office()
    desk.open(bureau.engine)
    job = f"{bureau.ask(lambda tx: instances.find(tx, number)).id}-999"
    bureau.clock.move(bureau.clock_of(number, "resolve").due_at - bureau.clock.now())
    ticking = threading.Thread(target=clocks.tick, args=[bureau.engine, bureau.clock.now()])

    def pause(tx: Transaction) -> dict[str, Any]:
        clocks.pause(tx, number, "resolve")
        ticking.start()
        ticking.join(A_MOMENT)
        return {}

    desk.once(job, pause)
    ticking.join()
    paused = bureau.clock_of(number, "resolve")
    assert (paused.state, paused.warned, paused.breached_at) == (clocks.PAUSED, 0, None)
    assert bureau.ask(clocks.next_due) is None


def test_no_draft_outlives_the_user_task_that_is_completed_as_it_is_kept(bureau: Bureau) -> None:
    receipt = bureau.bring_to_handling()
    (task,) = [each for each in bureau.open_tasks(receipt.case_number).values() if each.element_id == "investigate"]
    words = {"findings": "As Ming Example said."}
    keeping = Second(bureau, lambda tx: drafts.save(tx, task.id, words), WATER)

    def complete(tx: Transaction) -> None:
        submissions.submit(tx, task.id, words)
        keeping.begin()

    bureau.engine.transact(complete, WATER)
    with pytest.raises(InvalidState, match="was completed"):
        keeping.end()
    assert bureau.ask(lambda tx: drafts.find(tx, task.id), WATER) is None


def test_petitions_handed_in_at_once_get_numbers_of_their_own(bureau: Bureau) -> None:
    """Also the first of a year, before which there is nothing to count from."""
    numbers: list[str] = []
    threads = [threading.Thread(target=lambda: numbers.append(bureau.hand_in().case_number)) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(numbers) == [f"PJ-2026-{number:06d}" for number in range(1, 7)]
    assert bureau.problems() == []
