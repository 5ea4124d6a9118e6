"""The supervisor's incidents: what is known of them, and one or many retried, taken for done or cancelled."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from engine import deployments, incidents, instances, journal, starts
from engine.actors import Actor
from tests.engine.core.case import diagram, process

DESIGNER = Actor("designer", frozenset({"role:designer"}))
BODY = (
    '<startEvent id="s"/><parallelGateway id="g"/><scriptTask id="x"><script>half = whole / parts</script></scriptTask>'
    '<userTask id="v"/><endEvent id="e"/>'
)


@pytest.fixture
def stuck(bureau):
    """Three instances that stopped at x: the ids of their incidents."""
    files = {"stuck.bpmn": diagram(process(BODY, "s g x e", "g v e", key="stuck"))}
    bureau.engine.transact(lambda tx: deployments.deploy(tx, files))
    given = {"whole": 8, "parts": 0}
    for number in range(3):
        bureau.engine.transact(
            lambda tx, key=f"S-{number}": instances.start(tx, "stuck", business_key=key, variables=given)
        )
    return [each.id for each in bureau.ask(incidents.find)]


def last_command(bureau, incident_id):
    instance_id = int(incident_id.partition("-")[0])
    return bureau.ask(lambda tx: journal.entries(tx, instance_id)[-1].command)


def test_an_incident_is_told_by_the_name_of_its_element_and_by_its_process(bureau, signed_in, stuck):
    named = BODY.replace('<scriptTask id="x">', '<scriptTask id="x" name="Halve the sum">')
    bureau.engine.transact(
        lambda tx: deployments.deploy(tx, {"stuck.bpmn": diagram(process(named, "s g x e", "g v e", key="stuck"))})
    )
    given = {"whole": 8, "parts": 0}
    bureau.engine.transact(lambda tx: instances.start(tx, "stuck", business_key="S-9", variables=given))
    newest = bureau.ask(incidents.find)[-1]
    supervisor = signed_in("supervisor")
    page = supervisor.get("/supervision/incidents/")
    assert "Halve the sum of S-9 script or expression, stuck:2" in page
    assert "x of S-0 script or expression, stuck:1" in page
    page = supervisor.get(f"/supervision/incidents/{newest.id}")
    assert "Stuck at Halve the sum" in page
    assert "Process stuck:2" in page


def test_the_page_of_a_case_leads_supervisors_to_what_stopped_in_it(bureau, signed_in):
    wrong = bureau.ask(lambda tx: deployments.source(tx, "intake:1")).replace(b'topic="start-clocks"', b'topic="none"')
    bureau.engine.transact(lambda tx: deployments.deploy(tx, {"intake.bpmn": wrong}), DESIGNER)
    number = bureau.hand_in().case_number
    (stopped,) = bureau.ask(incidents.find)
    supervisor, clerk = signed_in("supervisor"), signed_in("clerk")
    assert "The case is stuck: mend what stopped at Start the clocks" in supervisor.get(f"/cases/{number}")
    assert f'href="/supervision/incidents/{stopped.id}"' in supervisor.page
    assert "The case is stuck and waits for a supervisor" in clerk.get(f"/cases/{number}")
    assert "/supervision/incidents" not in clerk.page


def test_a_page_of_one_shows_what_it_knew_and_sets_values_before_it_tries_again(bureau, signed_in, stuck):
    supervisor = signed_in("supervisor")
    address = f"/supervision/incidents/{stuck[0]}"
    page = supervisor.get(address)
    assert "Expected a divisor, but it is 0." in page
    assert "parts" in page
    assert "Tried again." in supervisor.post(address, do="retry", variables='{"parts": 2}')
    assert [each.id for each in bureau.ask(incidents.find)] == stuck[1:]
    assert last_command(bureau, stuck[0])[1]["variables"] == {"parts": 2}
    assert "It was resolved" in supervisor.get(address)
    assert "was resolved" in supervisor.post(address, do="retry")
    assert supervisor.answer.status_code == 422


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"do": "skip", "variables": '{"half": 4}'}, "Say why."),
        ({"do": "cancel", "reason": " "}, "Say why."),
        ({"do": "skip", "reason": "x" * 501}, "Use at most 500 characters; there are 501."),
        ({"do": "retry", "variables": "parts = 2"}, "Write the values as JSON"),
        ({"do": "retry", "variables": "[1]"}, "Write the values as JSON"),
        ({"do": "retry", "variables": "[" * 9000}, "Write the values as JSON"),
        ({"do": "retry", "reason": "why", "variables": '{"not a name": 2}'}, "not a name"),
        ({"do": "dance"}, "Choose what to do"),
    ],
)
def test_what_cannot_be_taken_comes_back_as_it_was_typed(bureau, signed_in, stuck, fields, said):
    supervisor = signed_in("supervisor")
    for address, more in (
        (f"/supervision/incidents/{stuck[0]}", {}),
        ("/supervision/incidents/", {"incident": stuck[0]}),
    ):
        supervisor.get(address)
        page = supervisor.post(address, **fields, **more)
        assert supervisor.answer.status_code == 422
        assert all(value.strip()[:300] in supervisor.page for name, value in fields.items() if name != "do")
        assert said in page
    assert [each.id for each in bureau.ask(incidents.find)] == stuck


def act(bureau, visitor, fields=None, address="/supervision/incidents/", **more):
    """Send the form of the list as it was last looked at, and have the batch worked off: its page."""
    hidden = {name: re.findall(f'name="{name}" value="([^"]+)"', visitor.page) for name in ("listed", "seen")}
    page = visitor.post(address, {**hidden, **(fields or {})}, **more)
    bureau.engine.run_to_rest()
    return visitor.get("/supervision/batches/1") if "Batch 1:" in page else page


def test_many_are_taken_for_done_by_a_batch_and_what_cannot_be_is_said(bureau, signed_in, stuck):
    supervisor = signed_in("supervisor")
    supervisor.get("/supervision/incidents/")
    chosen = {"incident": [stuck[0], stuck[1], "9-9"], "which": "some"}
    assert "Choose one or more incidents." in act(bureau, supervisor, do="retry", reason="mended")
    assert "Say why." in act(bureau, supervisor, chosen, do="retry")
    page = act(bureau, supervisor, chosen, do="skip", reason="reckoned by hand", variables='{"half": 4}')
    assert "Batch 1: Take incidents for done" in page
    assert 'Values to set {"half": 4}' in page
    assert "3 of 3 begun; ended 2 Mar 2026, 09:00" in page
    assert "Why reckoned by hand" in page
    assert "Done 2 of 3" in page
    assert "Expected to find process instance '9', but there is none." in page
    assert [each.id for each in bureau.ask(incidents.find)] == stuck[2:]
    assert last_command(bureau, stuck[1])[0] == "SkipIncident"
    supervisor.get("/supervision/incidents/")
    act(bureau, supervisor, {"incident": stuck[2]}, do="cancel", reason="not needed")
    assert "Nothing is stuck." in supervisor.get("/supervision/incidents/")
    assert last_command(bureau, stuck[2])[0] == "ModifyInstance"


def test_all_on_the_page_or_all_that_the_filter_finds(bureau, signed_in, stuck, monkeypatch):
    monkeypatch.setattr("web.incidents.PAGE", 2)
    other = diagram(process(BODY.replace("whole / parts", "missing"), "s g x e", "g v e", key="other"))
    bureau.engine.transact(lambda tx: deployments.deploy(tx, {"other.bpmn": other}))
    bureau.engine.transact(lambda tx: instances.start(tx, "other", business_key="O-1"))
    supervisor = signed_in("supervisor")
    address = "/supervision/incidents/?process=stuck:1&element=x&kind=execution&says=DIVISOR"
    page = supervisor.get(address)
    assert "3 incidents with this filter." in page
    assert "stuck:1 (3)" in page
    assert "other:1 (1)" in page
    assert "O-1" not in page
    assert "S-2" not in page
    assert "All on this page (2)" in page
    assert "All that the filter finds (3)" in page
    following = re.search(r'rel="next" href="([^"]+)"', supervisor.page)[1]
    assert "S-2" in supervisor.get(following)
    assert "O-1" not in supervisor.text
    supervisor.get(address)
    bureau.clock.move(timedelta(minutes=1))
    given = {"whole": 8, "parts": 0}
    bureau.engine.transact(lambda tx: instances.start(tx, "stuck", business_key="S-later", variables=given))
    page = act(bureau, supervisor, address=address, which="all", do="retry", reason="mended", variables='{"parts": 2}')
    assert "Done 3 of 3" in page
    assert [each.business_key for each in bureau.ask(incidents.find)] == ["O-1", "S-later"]
    supervisor.get("/supervision/incidents/")
    supervisor.post(
        "/supervision/incidents/",
        {"listed": re.findall('name="listed" value="([^"]+)"', supervisor.page)},
        which="page",
        do="cancel",
        reason="a trial",
    )
    bureau.engine.run_to_rest()
    assert bureau.ask(incidents.find) == []


def test_a_filter_that_finds_nothing_any_more_stays(bureau, signed_in, stuck):
    supervisor = signed_in("supervisor")
    page = supervisor.get("/supervision/incidents/?element=gone&kind=timer")
    assert "No incident fits this filter." in page
    assert "gone (0)" in page
    assert "timer (0)" in page
    assert "0 incidents with this filter." in page


@pytest.mark.parametrize("seen", ["", "yesterday", "2026-03-02T09:00:00", "0001-01-01T00:00:00+14:00"])
def test_all_is_all_until_a_moment(bureau, signed_in, stuck, seen):
    supervisor = signed_in("supervisor")
    supervisor.get("/supervision/incidents/")
    page = supervisor.post("/supervision/incidents/", which="all", do="retry", reason="mended", seen=seen)
    assert "Choose one or more incidents." in page
    assert supervisor.answer.status_code == 422


def test_only_supervisors_see_and_mend_incidents(signed_in, stuck):
    clerk = signed_in("clerk")
    for address in ("/supervision/incidents/", f"/supervision/incidents/{stuck[0]}"):
        clerk.get(address)
        assert clerk.answer.status_code == 403
    clerk.get("/cases/")
    clerk.post(f"/supervision/incidents/{stuck[0]}", do="cancel", reason="because")
    assert clerk.answer.status_code == 403


def test_a_timer_that_cannot_start_its_process_is_shown_until_it_can(bureau, signed_in, monkeypatch):
    daily = '<startEvent id="s"><timerEventDefinition><timeCycle>R/P1D</timeCycle></timerEventDefinition></startEvent>'
    files = {"daily.bpmn": diagram(process(f'{daily}<userTask id="u"/>', "s u", key="daily"))}
    bureau.engine.transact(lambda tx: deployments.deploy(tx, files))

    def fail(*_given):
        raise OSError("no room")

    supervisor = signed_in("supervisor")
    assert "Processes that cannot start" not in supervisor.get("/supervision/incidents/")
    with monkeypatch.context() as patched:
        patched.setattr(starts, "launch", fail)
        bureau.clock.move(timedelta(days=1))
        bureau.engine.run_to_rest()
    page = supervisor.get("/supervision/incidents/")
    assert "Processes that cannot start" in page
    assert "daily:1" in page
    assert "OSError: no room" in page
    bureau.clock.move(timedelta(hours=1))
    bureau.engine.run_to_rest()
    assert "Processes that cannot start" not in supervisor.get("/supervision/incidents/")
