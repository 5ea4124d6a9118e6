"""Leases, priorities and time limits: who is at a job, who may have it next, and what becomes of one that hangs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine import jobs, leases
from engine.errors import InvalidState, Unavailable
from engine.jobs import Job
from engine.leases import LEASE
from engine.work import claims, runner
from tests.engine.core.case import process
from tests.engine.world import World

MakeWorld = Callable[..., World]


def service(inside: str = "", topic: str = "send") -> str:
    task = f'<serviceTask id="job" camunda:type="external" camunda:topic="{topic}">{inside}</serviceTask>'
    return process(f'<startEvent id="s"/>{task}<userTask id="after"/><endEvent id="e"/>', "s job after e")


TWICE = service(
    "<extensionElements><camunda:failedJobRetryTimeCycle>R2/PT1S</camunda:failedJobRetryTimeCycle></extensionElements>"
)


def claim(world: World, batch: int = 1) -> list[Job]:
    found: list[Any] = world.engine.transact(lambda tx: runner.claim(tx, world.clock.now(), batch))
    return found


def row(world: World) -> jobs.JobInfo:
    [found] = world.see(jobs.find, 1)
    assert isinstance(found, jobs.JobInfo)
    return found


def test_a_slow_handler_keeps_its_lease_as_long_as_its_process_beats(make_world: MakeWorld) -> None:
    runs: list[int] = []

    def send() -> None:
        for _ in range(10):
            world.clock.move(LEASE / 2)
            world.engine.claims.beat()
            runs.append(runner.run_due(world.engine))

    world = make_world(handlers={"send": send})
    world.deploy(service())
    world.start()
    world.rest()
    assert runs == [0] * 10
    assert world.open == ["after"]


def test_who_lost_a_lease_can_neither_keep_the_job_nor_fail_it(make_world: MakeWorld) -> None:
    world = make_world(handlers={"send": lambda: None})
    world.deploy(TWICE)
    world.start()
    [first] = claim(world)
    assert claim(world) == []
    world.clock.move(LEASE)
    [second] = claim(world)
    assert (second.row_id, second.attempt, second.lapses) == (first.row_id, 2, 1)
    assert world.engine.transact(lambda tx: leases.renew(tx, [first, second])) == [first]
    with pytest.raises(InvalidState, match="Expected to retry job 1-3, but it is with somebody else now"):
        world.do(jobs.fail, first, ValueError("lost"))
    assert row(world).last_error is None
    world.do(jobs.fail, second, ValueError("in earnest"))
    assert row(world).last_error == "ValueError: in earnest"


def test_a_result_is_taken_from_who_lost_the_lease_where_it_is_the_first(make_world: MakeWorld) -> None:
    world = make_world(handlers={"send": lambda: None})
    world.deploy(service())
    instance = world.start()
    [first] = claim(world)
    world.clock.move(LEASE)
    [second] = claim(world)
    world.do(jobs.complete, first.instance_id, first.token_id, {"by": "first"})
    with pytest.raises(InvalidState, match="but it was completed at 09:01 by anna"):
        world.do(jobs.complete, second.instance_id, second.token_id, {"by": "second"})
    assert world.variables(instance)["by"] == "first"
    assert world.wrong() == []


def test_what_is_handed_back_is_as_if_nobody_had_taken_it(make_world: MakeWorld) -> None:
    world = make_world(handlers={"send": lambda: None})
    world.deploy(service())
    world.start()
    before = row(world)
    [job] = claim(world)
    assert row(world).leased_until == world.clock.world() + LEASE
    world.do(leases.release, [job])
    assert row(world) == before
    world.do(leases.release, [job])
    assert row(world) == before
    assert [again.attempt for again in claim(world)] == [1]


def test_a_job_that_is_never_heard_of_again_ends_as_an_incident_and_not_by_running_for_ever(
    make_world: MakeWorld,
) -> None:
    runs: list[int] = []
    world = make_world(handlers={"send": lambda: runs.append(1)})
    world.deploy(service())
    world.start()
    for _ in range(jobs.MAX_LAPSES):
        assert len(claim(world)) == 1
        world.clock.move(LEASE)
    world.rest()
    assert runs == []
    [incident] = world.incidents
    assert incident.message == "Expected to hear of it, but whoever ran it fell silent 10 times."
    world.retry(incident)
    world.rest()
    assert runs == [1]
    assert world.open == ["after"]


def test_what_fell_silent_is_taken_alone_so_that_one_that_kills_takes_no_other_with_it(make_world: MakeWorld) -> None:
    world = make_world(handlers={"send": lambda: None})
    world.deploy(service())
    for number in range(3):
        world.start(business_key=f"case-{number}")
    assert len(claim(world, batch=3)) == 3
    world.clock.move(LEASE)
    world.start(business_key="case-3")
    assert [len(claim(world, batch=4)) for _ in range(5)] == [1, 1, 1, 1, 0]


def test_claims_that_nothing_was_heard_of_make_no_later_attempt_wait_longer(make_world: MakeWorld) -> None:
    world = make_world(handlers={"send": lambda: None})
    world.deploy(TWICE.replace("R2/PT1S", "PT1M,PT1H"))
    world.start()
    for _ in range(4):
        claim(world)
        world.clock.move(LEASE)
    [job] = claim(world)
    world.do(jobs.fail, job, ValueError("in earnest"))
    assert world.engine.next_due() == world.clock.now() + timedelta(minutes=1)


def test_priority_comes_before_how_long_something_has_been_due(make_world: MakeWorld) -> None:
    order: list[str] = []
    world = make_world(handlers={"send": lambda *, business_key: order.append(business_key)})
    world.deploy(service().replace('camunda:topic="send"', 'camunda:topic="send" camunda:taskPriority="${priority}"'))
    for key, priority in (("low", 10), ("middle", 50), ("also middle", 50), ("high", 90)):
        world.start(business_key=key, priority=priority)
        world.clock.move(timedelta(seconds=1))
    while world.engine.next_due() is not None:
        runner.run_due(world.engine, batch=1)
    assert order == ["high", "middle", "also middle", "low"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_claim_reads_no_further_than_it_takes(make_world: MakeWorld, query_plans: Callable[..., str]) -> None:
    world = make_world(handlers={"send": lambda: None})
    world.deploy(service())
    for number in range(50):
        world.start(business_key=str(number))
    plans = query_plans(world.engine, lambda: claim(world, 4))
    assert "SCAN jobs" not in plans
    assert "TEMP B-TREE" not in plans
    assert "ix_jobs_to_do" in plans


def test_a_handler_that_hangs_counts_as_failed_after_its_time_and_what_it_brings_later_is_refused(
    make_world: MakeWorld,
) -> None:
    runs: list[int] = []

    def send() -> dict[str, int]:
        runs.append(1)
        if len(runs) == 1:
            world.clock.move(claims.TIME_LIMIT)
            world.engine.claims.beat()
            assert row(world).last_error == "Overdue: Expected the handler of 'send' to end within 0:15:00."
        return {"run": len(runs)}

    world = make_world(handlers={"send": send})
    world.deploy(TWICE)
    instance = world.start()
    world.rest()
    assert (world.open, row(world).retries, row(world).leased_until) == ([], 1, None)
    world.advance(seconds=1)
    assert world.open == ["after"]
    assert world.variables(instance)["run"] == 2
    assert world.wrong() == []


def test_a_hanging_handler_holds_up_no_other_job_and_its_thread_is_replaced(make_world: MakeWorld) -> None:
    hang, done = threading.Event(), threading.Semaphore(0)

    def send(*, business_key: str) -> None:
        if business_key == "hangs":
            hang.wait(timeout=60)
        else:
            done.release()

    world = make_world(handlers={"send": send}, time_limit=timedelta(seconds=5))
    world.deploy(TWICE)
    world.start(business_key="hangs")
    world.engine.start_jobs(threads=1)
    while row(world).leased_until is None:
        pass
    for number in range(20):
        world.start(business_key=str(number))
    assert not done.acquire(timeout=0.05)
    world.clock.move(timedelta(seconds=5))
    world.engine.claims.beat()
    assert all(done.acquire(timeout=30) for _ in range(20))
    hang.set()


def test_a_thread_that_hangs_is_replaced_while_the_database_is_away_too(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send() -> None:
        with monkeypatch.context() as patch:
            patch.setattr(world.engine, "transact", away)
            world.clock.move(claims.TIME_LIMIT)
            world.engine.claims.beat()

    def away(*_arguments: object) -> None:
        raise Unavailable("Expected the database to answer, but it does not.")

    given_up: list[threading.Thread] = []
    world = make_world(handlers={"send": send})
    world.engine.claims.on_given_up = given_up.append
    world.deploy(service())
    world.start()
    assert runner.run_due(world.engine) == 1
    assert given_up == [threading.current_thread()]
    assert world.open == []
    assert len(claim(world)) == 1, "others have it when its lease has run out"


def test_an_engine_that_stops_hands_back_what_it_has_not_begun_and_what_does_not_end(make_world: MakeWorld) -> None:
    begun, hang = threading.Event(), threading.Event()

    def send() -> dict[str, bool]:
        begun.set()
        hang.wait(timeout=60)
        return {"late": True}

    world = make_world(handlers={"send": send})
    world.deploy(service())
    for number in range(5):
        world.start(business_key=str(number))
    world.engine.start_jobs(threads=1)
    assert begun.wait(timeout=30)
    assert not world.engine.stop(within=timedelta(seconds=0.1))
    hang.set()
    found = [job for number in range(1, 6) for job in world.see(jobs.find, number)]
    assert [(job.leased_until, job.attempts) for job in found] == [(None, 0)] * 5


def test_an_engine_that_stops_while_its_database_is_away_leaves_its_leases_to_time(
    make_world: MakeWorld, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begun, hang = threading.Event(), threading.Event()

    def send() -> None:
        begun.set()
        hang.wait(timeout=60)

    def away(*_arguments: object) -> None:
        raise Unavailable("Expected the database to answer, but it does not.")

    world = make_world(handlers={"send": send})
    world.deploy(service())
    world.start()
    world.engine.start_jobs(threads=1)
    assert begun.wait(timeout=30)
    monkeypatch.setattr(world.engine, "transact", away)
    assert not world.engine.stop(within=timedelta(seconds=0.1))
    hang.set()
    assert "others have it when its lease is over" in caplog.text


def test_a_poison_job_among_many_holds_up_no_other(make_world: MakeWorld) -> None:
    done: list[str] = []

    def send(*, business_key: str) -> None:
        if business_key == "poison":
            raise RuntimeError("it always fails")
        done.append(business_key)

    world = make_world(handlers={"send": send})
    world.deploy(service())
    world.start(business_key="poison")
    for number in range(100):
        world.start(business_key=str(number))
    world.rest()
    assert len(done) == 100
    world.advance(hours=1)
    assert [incident.business_key for incident in world.incidents] == ["poison"]
