"""Jobs: run outside of transactions, at least once, and what comes of it is taken in once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from engine import incidents, instances, jobs
from engine.errors import BpmnError, InvalidInput, InvalidState, NotFound
from engine.work import runner
from tests.engine.core.case import process
from tests.engine.world import World

MakeWorld = Callable[..., World]


def service(attributes: str = "", inside: str = "", after: str = "") -> str:
    task = f'<serviceTask id="job" camunda:type="external" camunda:topic="send" {attributes}>{inside}</serviceTask>'
    return process(f'<startEvent id="s"/>{task}<userTask id="after"/>{after}<endEvent id="e"/>', "s job after e")


def retry_cycle(text: str) -> str:
    inside = f"<camunda:failedJobRetryTimeCycle>{text}</camunda:failedJobRetryTimeCycle>"
    return service(inside=f"<extensionElements>{inside}</extensionElements>")


def test_a_handler_gets_what_its_parameters_are_named_after(make_world: MakeWorld) -> None:
    calls: list[dict[str, Any]] = []

    def send(
        *, subject: str, office: str, job_id: str, business_key: str, now: object, copies: int = 2
    ) -> dict[str, Any]:
        calls.append({"subject": subject, "office": office, "job_id": job_id, "key": business_key, "copies": copies})
        return {"sent_at": now, "pages": 3}

    world = make_world(handlers={"send": send}, services={"office": "the office"})
    world.deploy(service())
    instance = world.start(subject="water", unused=1)
    assert world.open == []
    world.rest()
    assert world.open == ["after"]
    job_id = f"{instance.id}-3"
    assert calls == [{"subject": "water", "office": "the office", "job_id": job_id, "key": "case-1", "copies": 2}]
    assert world.variables(instance)["pages"] == 3
    assert world.variables(instance)["sent_at"] == world.clock.now().isoformat()


def test_a_handler_runs_outside_of_transactions(make_world: MakeWorld) -> None:
    def send(*, business_key: str) -> None:
        world.engine.transact(lambda tx: instances.find(tx, business_key))

    world = make_world(handlers={"send": send})
    world.deploy(service())
    world.start()
    world.rest()
    assert world.open == ["after"]


def test_a_failing_handler_is_tried_again_later_and_later_and_then_is_an_incident(make_world: MakeWorld) -> None:
    attempts: list[float] = []

    def send() -> None:
        attempts.append((world.clock.now() - began).total_seconds())
        raise ConnectionError("the post office is closed")

    world = make_world(handlers={"send": send})
    began = world.clock.now()
    world.deploy(service())
    instance = world.start()
    world.advance(days=1)
    assert len(attempts) == 3
    assert 7.5 <= attempts[1] <= 12.5
    assert 30 <= attempts[2] - attempts[1] <= 50
    [incident] = world.incidents
    assert (incident.kind, incident.element_id, incident.business_key) == ("job", "job", "case-1")
    assert incident.message == "Expected it to go well, but it raised ConnectionError."
    [job] = world.see(jobs.find, instance.id)
    assert (job.due, job.retries, job.last_error) == (None, 0, incident.message)
    assert world.path(instance.id, "P:1").active == ("job",)


def test_the_diagram_may_say_how_often_and_how_long_between(make_world: MakeWorld) -> None:
    attempts: list[float] = []

    def send() -> None:
        attempts.append((world.clock.now() - began).total_seconds())
        raise ConnectionError

    world = make_world(handlers={"send": send})
    began = world.clock.now()
    world.deploy(retry_cycle("R4/PT10S"))
    world.start()
    world.advance(days=1)
    assert attempts == [0, 10, 20, 30]
    assert len(world.incidents) == 1


def test_a_retried_incident_goes_on_with_the_variables_then_in_force(make_world: MakeWorld) -> None:
    def send(*, address: str) -> dict[str, str]:
        if address == "nowhere":
            raise ValueError("no such street")
        return {"sent_to": address}

    world = make_world(handlers={"send": send})
    world.deploy(retry_cycle("R1/PT1S"))
    instance = world.start(address="nowhere")
    world.rest()
    [incident] = world.incidents
    world.do(instances.set_variables, instance.id, {"address": "Bridge Street 1"})
    world.retry(incident)
    world.rest()
    assert world.incidents == []
    assert world.open == ["after"]
    assert world.variables(instance)["sent_to"] == "Bridge Street 1"
    with pytest.raises(InvalidState, match=r"Expected to retry incident 1-\d+, but it was resolved at 09:00 by anna"):
        world.retry(incident)
    assert world.wrong() == []


@pytest.mark.parametrize(
    ("handlers", "message"),
    [
        ({}, "Expected a handler for the topic 'send', but there is none."),
        (
            {"send": lambda *, street: None},
            "Expected the variables 'street' for the handler of 'send', but they are not",
        ),
        ({"send": lambda: 7}, "Expected the handler of 'send' to return a dict or None, but it returned a int."),
    ],
)
def test_what_no_retry_would_mend_is_an_incident_at_once(
    make_world: MakeWorld, handlers: dict[str, Any], message: str
) -> None:
    world = make_world(handlers=handlers)
    world.deploy(service())
    world.start()
    world.rest()
    assert [incident.message[: len(message)] for incident in world.incidents] == [message]


def test_a_result_that_is_no_json_is_a_failure(make_world: MakeWorld) -> None:
    world = make_world(handlers={"send": lambda: {"thing": object()}})
    world.deploy(retry_cycle("R1/PT1S"))
    world.start()
    world.rest()
    assert [i.message for i in world.incidents] == [
        "InvalidVariables: thing: expected a JSON value, but it is a object"
    ]


def test_a_modelled_error_goes_to_its_error_event(make_world: MakeWorld) -> None:
    def send() -> None:
        raise BpmnError("X", "not at home")

    body = (
        '<startEvent id="s"/><serviceTask id="job" camunda:type="external" camunda:topic="send"/>'
        '<boundaryEvent id="b" attachedToRef="job"><errorEventDefinition errorRef="err_x"'
        ' camunda:errorMessageVariable="why"/></boundaryEvent><userTask id="ask"/><endEvent id="e"/><endEvent id="e2"/>'
    )
    world = make_world(handlers={"send": send})
    world.deploy(process(body, "s job e", "b ask e2"))
    instance = world.start()
    world.rest()
    assert world.open == ["ask"]
    assert world.incidents == []
    assert world.variables(instance)["why"] == "not at home"


def test_a_job_that_is_escalated_goes_on(make_world: MakeWorld) -> None:
    body = (
        '<startEvent id="s"/><serviceTask id="job" camunda:type="external" camunda:topic="send"/><endEvent id="e"/>'
        '<boundaryEvent id="b" attachedToRef="job" cancelActivity="false"><escalationEventDefinition'
        ' escalationRef="esc_c"/></boundaryEvent><userTask id="help"/>'
    )
    world = make_world(handlers={"send": lambda: {"sent": True}})
    world.deploy(process(body, "s job e", "b help"))
    instance = world.start()
    [job] = world.see(jobs.find, instance.id)
    token_id = int(job.id.partition("-")[2])
    world.do(jobs.escalate, instance.id, token_id, "C", {"why": "nobody answers"})
    assert world.open == ["help"]
    world.rest()
    assert dict(world.variables(instance)) == {"why": "nobody answers", "sent": True}
    with pytest.raises(InvalidState, match=r"Expected to escalate job 1-.*, but it was completed at 09:00 by system"):
        world.do(jobs.escalate, instance.id, token_id, "C")


def test_an_error_that_nothing_catches_is_an_incident(make_world: MakeWorld) -> None:
    def send() -> None:
        raise BpmnError("Y", "odd")

    world = make_world(handlers={"send": send})
    world.deploy(service())
    world.start()
    world.rest()
    assert [i.message for i in world.incidents] == ["Expected an error event that catches 'Y', but there is none. odd"]


def test_a_job_that_finishes_after_its_case_was_cancelled_changes_nothing(make_world: MakeWorld) -> None:
    def send() -> dict[str, int]:
        world.cancel(instance, "the petition was withdrawn")
        return {"pages": 3}

    world = make_world(handlers={"send": send})
    world.deploy(service())
    instance = world.start()
    world.rest()
    assert world.status(instance) == "cancelled"
    assert world.incidents == []
    assert world.see(jobs.find, instance.id) == []
    with pytest.raises(
        InvalidState,
        match="Expected to complete job 1-3, but it was cancelled at 09:00 because the petition was withdrawn",
    ):
        world.do(jobs.complete, instance.id, 3, {})
    assert world.wrong() == []


@pytest.mark.parametrize("error", [ValueError("too late"), BpmnError("X")])
def test_a_failure_that_comes_too_late_is_no_incident(make_world: MakeWorld, error: Exception) -> None:
    def send() -> None:
        world.cancel(instance, "it was withdrawn")
        raise error

    world = make_world(handlers={"send": send})
    world.deploy(service())
    instance = world.start()
    world.advance(days=1)
    assert world.incidents == []
    assert world.status(instance) == "cancelled"


def test_a_result_is_taken_in_once_however_often_the_handler_ran(make_world: MakeWorld) -> None:
    runs: list[str] = []

    def send(*, job_id: str) -> dict[str, int]:
        runs.append(job_id)
        if len(runs) == 1:
            # The lease runs out while the handler is still at it: someone else takes the job.
            world.clock.move(timedelta(hours=1))
            runner.run_due(world.engine)
        return {"run": len(runs)}

    world = make_world(handlers={"send": send})
    world.deploy(service())
    instance = world.start()
    world.rest()
    assert runs == ["1-3", "1-3"]
    assert world.open == ["after"]
    assert world.variables(instance)["run"] == 2
    assert world.wrong() == []


def test_a_claimed_job_is_left_alone_while_its_lease_runs(make_world: MakeWorld) -> None:
    runs: list[int] = []

    def send() -> None:
        runs.append(runner.run_due(world.engine))

    world = make_world(handlers={"send": send})
    world.deploy(service())
    world.start()
    world.rest()
    assert runs == [0]


def test_the_higher_priority_runs_first_among_what_is_due(make_world: MakeWorld) -> None:
    order: list[str] = []
    world = make_world(handlers={"send": lambda *, business_key: order.append(business_key)})
    world.deploy(service('camunda:taskPriority="${priority}"'))
    for key, priority in (("low", 10), ("high", 90), ("middle", 50)):
        world.start(business_key=key, priority=priority)
    world.rest()
    assert order == ["high", "middle", "low"]


def test_a_handler_that_cannot_be_called_by_name_is_refused_at_start_up(make_world: MakeWorld) -> None:
    async def later() -> None: ...

    with pytest.raises(InvalidInput) as refused:
        make_world(handlers={"a": lambda subject: None, "b": 7, "c": later})
    assert "handler of 'a' to take keyword-only parameters, but subject can go by place" in str(refused.value)
    assert "function for the topic 'b', but it is a int" in str(refused.value)
    assert "plain function for the topic 'c', but it is a coroutine function" in str(refused.value)


def test_threads_run_jobs_as_soon_as_they_are_there(make_world: MakeWorld) -> None:
    done = threading.Semaphore(0)
    world = make_world(handlers={"send": lambda: None, "tell": lambda: done.release()})
    tell = '<serviceTask id="tell" camunda:type="external" camunda:topic="tell"/>'
    send = '<serviceTask id="send" camunda:type="external" camunda:topic="send"/>'
    world.deploy(process(f'<startEvent id="s"/>{send}{tell}<userTask id="u"/><endEvent id="e"/>', "s send tell u e"))
    world.engine.start(threads=2)
    for number in range(10):
        world.start(business_key=str(number))
    assert all(done.acquire(timeout=30) for _ in range(10))


def test_what_is_no_job_is_not_found(world: World) -> None:
    for wrong in ("", "1-2", "x-y"):
        with pytest.raises(NotFound):
            world.see(jobs.get, wrong)


def test_a_demonstration_that_moves_the_clock_takes_no_job_from_who_is_at_it(make_world: MakeWorld) -> None:
    runs: list[int] = []

    def send() -> None:
        runs.append(1)
        if len(runs) == 1:
            world.engine.clock.offset += timedelta(days=20)
            world.rest()

    world = make_world(handlers={"send": send})
    world.deploy(service())
    world.start()
    world.rest()
    assert len(runs) == 1
    assert world.open == ["after"]


def test_a_handler_that_would_end_the_process_has_failed(make_world: MakeWorld) -> None:
    def send() -> None:
        raise SystemExit(3)

    world = make_world(handlers={"send": send})
    world.deploy(retry_cycle("R1/PT1S"))
    world.start()
    world.rest()
    assert [each.message for each in world.see(incidents.find)] == ["Expected it to go well, but it raised SystemExit."]
