"""External workers: jobs fetched by topic, locked, extended, done, failed and handed back from outside."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine import external, incidents, instances, jobs, journal
from engine.errors import InvalidInput, InvalidState, NotFound, NotPermitted
from engine.external import ExternalJob
from engine.leases import LEASE
from tests.engine.core.case import process
from tests.engine.world import World

MakeWorld = Callable[..., World]
HOUR = timedelta(hours=1)


def service(topic: str, key: str = "P") -> str:
    task = (
        f'<serviceTask id="job" camunda:type="external" camunda:topic="{topic}" camunda:taskPriority="${{priority}}"/>'
        '<boundaryEvent id="b" attachedToRef="job"><errorEventDefinition errorRef="err_x"/></boundaryEvent>'
        '<userTask id="ask"/><endEvent id="e2"/>'
    )
    body = f'<startEvent id="s"/>{task}<userTask id="after"/><endEvent id="e"/>'
    return process(body, "s job after e", "b ask e2", key=key)


@pytest.fixture
def office(make_world: MakeWorld) -> World:
    """One case that waits for a scan, which is left to external workers."""
    world = make_world(external_topics=("scan", "print"))
    world.deploy(service("scan"))
    world.start(pages=3, priority=50)
    return world


def fetch(world: World, worker: str = "w1", *topics: str, **options: Any) -> list[ExternalJob]:
    found: list[ExternalJob] = world.do(external.fetch_and_lock, worker, topics or ("scan",), **options)
    return found


def job_of(world: World) -> jobs.JobInfo:
    [found] = world.see(jobs.find, 1)
    assert isinstance(found, jobs.JobInfo)
    return found


def test_an_external_job_is_left_to_whoever_fetches_it(office: World) -> None:
    office.rest()
    office.advance(days=3)
    assert office.incidents == []
    assert office.see(external.is_due, ["scan"])
    [job] = fetch(office, lease=HOUR)
    assert (job.topic, job.business_key, job.variables["pages"], job.retries, job.attempt) == (
        "scan",
        "case-1",
        3,
        3,
        1,
    )
    assert job.locked_until == office.clock.world() + HOUR
    assert fetch(office, "w2") == []
    assert not office.see(external.is_due, ["scan"])
    office.do(external.complete, job.id, {"file": "scan-7"})
    assert office.open == ["after"]
    assert office.variables(office.see(instances.get, 1))["file"] == "scan-7"
    with pytest.raises(InvalidState, match="but it was completed"):
        office.do(external.complete, job.id, {})
    assert office.wrong() == []


def test_only_its_own_worker_may_extend_hand_back_or_fail_a_job(office: World) -> None:
    [job] = fetch(office)
    for verb, more in ((external.extend, (HOUR,)), (external.unlock, ()), (external.fail, ("broken",))):
        with pytest.raises(InvalidState, match="is not locked by this worker"):
            office.do(verb, "w2", job.id, *more)
    assert office.do(external.extend, "w1", job.id, HOUR) == office.clock.world() + HOUR
    office.clock.move(LEASE)
    assert fetch(office, "w2") == []
    office.do(external.unlock, "w1", job.id)
    assert [again.attempt for again in fetch(office, "w2")] == [1]


def test_a_lock_that_ran_out_is_another_workers_and_the_first_result_is_taken(office: World) -> None:
    [job] = fetch(office)
    office.clock.move(LEASE)
    assert [again.attempt for again in fetch(office, "w2")] == [2]
    with pytest.raises(InvalidState, match="is not locked by this worker, or no longer"):
        office.do(external.fail, "w1", job.id, "too slow")
    office.do(external.complete, job.id, {"by": "w1"})
    with pytest.raises(InvalidState):
        office.do(external.complete, job.id, {"by": "w2"})
    assert office.variables(office.see(instances.get, 1))["by"] == "w1"


def test_a_failure_is_tried_again_when_its_worker_says_and_then_an_incident_with_its_details(office: World) -> None:
    [job] = fetch(office)
    office.do(external.fail, "w1", job.id, "paper jam", retries=1, retry_after=HOUR)
    assert (job_of(office).retries, job_of(office).last_error) == (1, "paper jam")
    assert fetch(office) == []
    office.advance(hours=1)
    [job] = fetch(office)
    office.do(external.fail, "w1", job.id, "paper jam", "tray 2, roller 4", retries=0)
    [incident] = office.incidents
    assert (incident.kind, incident.message) == ("job", "The external worker failed.")
    assert office.see(incidents.circumstances, incident.id).trace == "paper jam\ntray 2, roller 4"
    assert "roller" not in (journalled := str(office.see(journal.entries, 1)))
    assert "jam" not in journalled
    assert fetch(office) == []
    office.retry(incident)
    assert [again.id for again in fetch(office)] == [job.id]
    assert office.wrong() == []


def test_without_a_word_about_retries_the_diagrams_rule_holds(office: World) -> None:
    for left in (2, 1):
        [job] = fetch(office)
        office.do(external.fail, "w1", job.id, "paper jam")
        assert job_of(office).retries == left
        office.advance(minutes=2)
    [job] = fetch(office)
    office.do(external.fail, "w1", job.id, "paper jam")
    assert len(office.incidents) == 1


def test_a_job_whose_workers_fall_silent_again_and_again_ends_as_an_incident(office: World) -> None:
    for _ in range(jobs.MAX_LAPSES):
        assert len(fetch(office)) == 1
        office.clock.move(LEASE)
    office.start(business_key="another", priority=50)
    assert [each.business_key for each in fetch(office)] == ["another"]
    [incident] = office.incidents
    assert incident.message == "Expected to hear of it, but whoever ran it fell silent 10 times."
    assert not office.see(external.is_due, ["scan"])
    office.retry(incident)
    assert [again.attempt for again in fetch(office)] == [1]
    assert office.wrong() == []


def test_a_result_that_comes_after_the_incident_is_taken_and_resolves_it(office: World) -> None:
    [job] = fetch(office)
    office.do(external.fail, "w1", job.id, "paper jam", retries=0)
    office.do(external.complete, job.id, {"by": "w2"})
    assert (office.incidents, office.open, office.wrong()) == ([], ["after"], [])


def test_a_worker_may_end_its_job_with_a_modelled_error(office: World) -> None:
    [job] = fetch(office)
    office.do(external.throw_error, job.id, "X", "blank page", {"page": 2})
    assert office.open == ["ask"]
    assert office.variables(office.see(instances.get, 1))["page"] == 2


def test_of_each_topic_the_highest_priority_is_fetched_first(make_world: MakeWorld) -> None:
    world = make_world(external_topics=("scan", "print"))
    world.deploy(service("scan"))
    world.deploy(service("print", key="Q"))
    for key, process_key, priority in (("a", "P", 10), ("b", "Q", 99), ("c", "P", 90), ("d", "P", 50)):
        world.start(process_key, business_key=key, priority=priority)
    found = fetch(world, "w1", "scan", "print", limit=3)
    assert [job.business_key for job in found] == ["c", "d", "a"]
    assert [job.business_key for job in fetch(world, "w1", "scan", "print")] == ["b"]


@pytest.mark.parametrize(
    ("verb", "arguments", "options"),
    [
        (external.fetch_and_lock, ("w1", ["scam"]), {}),
        (external.fetch_and_lock, ("", ["scan"]), {}),
        (external.fetch_and_lock, (":broker", ["scan"]), {}),
        (external.fetch_and_lock, ("w1", ["scan"]), {"limit": 0}),
        (external.fetch_and_lock, ("w1", ["scan"]), {"lease": timedelta(0)}),
        (external.extend, ("w1", "1-3", timedelta(days=400)), {}),
        (external.fail, ("w1", "1-3", "broken"), {"retries": -1}),
        (external.fail, ("w1", "1-3", "broken"), {"retry_after": timedelta(days=-1)}),
    ],
)
def test_what_makes_no_sense_is_refused(
    office: World, verb: Callable[..., Any], arguments: tuple[Any, ...], options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match="Expected"):
        office.do(verb, *arguments, **options)


def test_a_job_of_the_engines_own_is_none_of_an_external_worker(make_world: MakeWorld) -> None:
    world = make_world(handlers={"scan": lambda: None}, external_topics=("print",))
    world.deploy(service("scan"))
    world.start(priority=1)
    with pytest.raises(InvalidInput, match="job 1-3 is not"):
        world.do(external.complete, "1-3", {})
    for wrong in ("", "x-y", "1", "9" * 40 + "-1"):
        with pytest.raises(NotFound):
            world.do(external.complete, wrong, {})
    with pytest.raises(InvalidInput, match="to have no handler, but these have one: scan"):
        make_world(handlers={"scan": lambda: None}, external_topics=("scan",))


def test_a_misspelt_topic_is_still_an_incident(make_world: MakeWorld) -> None:
    world = make_world(external_topics=("scan",))
    world.deploy(service("scam"))
    world.start(priority=1)
    world.rest()
    assert [each.message for each in world.incidents] == ["Expected a handler for the topic 'scam', but there is none."]


def test_only_who_may_work_on_a_topic_fetches_and_completes(make_world: MakeWorld) -> None:
    asked: list[tuple[str, object]] = []

    def authorise(_actor: object, action: str, target: object) -> bool:
        asked.append((action, target))
        return action != "work on"

    world = make_world(external_topics=("scan",), authorise=authorise)
    world.deploy(service("scan"))
    world.start(priority=1)
    with pytest.raises(NotPermitted):
        fetch(world)
    with pytest.raises(NotPermitted):
        world.do(external.complete, "1-3", {})
    assert ("work on", "topic:scan") in asked
