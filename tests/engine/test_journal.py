"""The journal: every changed byte, gap and cut-off end shows, and the history leads to the state that is stored."""

from __future__ import annotations

from datetime import timedelta

import pytest

from engine import incidents, instances, journal, user_tasks
from engine.errors import InvalidInput, NotFound
from tests.engine.core.case import process
from tests.engine.world import ANNA, BEN, World

TWO_STEPS = process('<startEvent id="s"/><userTask id="a"/><userTask id="b"/><endEvent id="e"/>', "s a b e")


@pytest.fixture
def written(world: World) -> World:
    """Two cases, one of them gone through to its end."""
    world.deploy(TWO_STEPS)
    world.start(business_key="x", subject="water")
    world.complete("a", by=ANNA, verdict="yes")
    world.complete("b", by=BEN)
    world.start(business_key="y")
    assert world.wrong() == []
    return world


def tamper(world: World, sql: str) -> list[str]:
    """What verification says after someone went around the engine."""
    world.tamper(sql)
    return [str(finding) for finding in world.see(journal.verify)]


def test_an_entry_says_who_when_what_and_what_came_of_it(written: World) -> None:
    start, first, second = written.see(journal.entries, 1)
    assert [start.seq, first.seq, second.seq] == [1, 2, 3]
    assert [start.actor, first.actor, second.actor] == ["anna", "anna", "ben"]
    assert start.at == written.clock.now()
    assert first.command == ("CompleteUserTask", {"id": 3, "variables": {"verdict": "yes"}})
    assert ["VariableSet", {"scope_id": 1, "name": "verdict", "value": "yes", "old": None}] in list(first.facts)
    assert [name for name, _ in second.facts][-1] == "InstanceCompleted"


def test_entries_can_be_read_on_and_backwards(written: World) -> None:
    assert [entry.seq for entry in written.see(journal.entries, 1, after=1)] == [2, 3]
    assert [entry.seq for entry in written.see(journal.entries, 1, limit=2)] == [1, 2]
    assert [entry.seq for entry in written.see(journal.latest, 1, limit=2)] == [3, 2]
    assert [entry.seq for entry in written.see(journal.latest, 1, before=2)] == [1]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "'2026-03-02T09:00:01+00:00'"),
        ("actor", "'carl'"),
        ("kind", "'note'"),
        ("command", "replace(command, 'yes', 'yeS')"),
        ("facts", "replace(facts, 'yes', 'no')"),
        ("format", "2"),
        ("hash", "replace(hash, substr(hash, 1, 1), 'g')"),
    ],
)
def test_any_changed_column_shows(written: World, column: str, value: str) -> None:
    found = tamper(written, f"UPDATE journal SET {column} = {value} WHERE instance_id = 1 AND seq = 2")
    assert "instance 1, entry 2: expected its hash to fit" in found[0]


def test_a_missing_entry_shows(written: World) -> None:
    assert tamper(written, "DELETE FROM journal WHERE instance_id = 1 AND seq = 2") == [
        "instance 1, entry 3: expected entry 2, but it is missing"
    ]


def test_a_cut_off_end_shows(written: World) -> None:
    assert tamper(written, "DELETE FROM journal WHERE instance_id = 1 AND seq = 3") == [
        "instance 1, entry 2: expected 3 entries, but the last is 2"
    ]


def test_a_cut_off_beginning_shows(written: World) -> None:
    assert tamper(written, "DELETE FROM journal WHERE instance_id = 1 AND seq = 1") == [
        "instance 1, entry 2: expected entry 1, but it is missing"
    ]


def test_an_entry_too_many_shows(written: World) -> None:
    found = tamper(written, "INSERT INTO journal SELECT instance_id, 4, at, actor, kind, command, facts, format, hash"
                            " FROM journal WHERE instance_id = 1 AND seq = 3")  # fmt: skip
    assert found == [
        "instance 1, entry 4: expected its hash to fit its content and the entry before, but it does not",
        "instance 1, entry 4: expected 3 entries, but the last is 4",
    ]


def test_entries_moved_to_another_case_show(written: World) -> None:
    found = tamper(written, "UPDATE journal SET instance_id = 3 WHERE instance_id = 1 AND seq = 3")
    assert found == [
        "instance 1, entry 2: expected 3 entries, but the last is 2",
        "instance 3, entry 3: expected an instance that these entries belong to, but it is gone",
    ]


def test_a_head_that_does_not_fit_shows(written: World) -> None:
    assert tamper(
        written, "UPDATE process_instances SET head = replace(head, substr(head, 1, 1), 'g') WHERE id = 2"
    ) == ["instance 2, entry 1: expected the hash in the instance's row to be the last entry's, but it is not"]


def test_a_changed_state_shows_when_the_history_is_run_through(written: World) -> None:
    sql = "UPDATE process_instances SET state = replace(state, '\"last_id\":3', '\"last_id\":4') WHERE id = 2"
    assert tamper(written, sql) == []
    assert [str(finding) for finding in written.wrong()] == [
        "instance 2, entry 0: expected the stored state to be what its history leads to, but it is not"
    ]


def test_a_state_that_cannot_be_read_shows(written: World) -> None:
    tamper(written, "UPDATE process_instances SET state = '{' WHERE id = 2")
    assert "expected its history to be replayable" in str(written.wrong()[0])


def test_one_case_can_be_verified_alone(written: World) -> None:
    tamper(written, "DELETE FROM journal WHERE instance_id = 1 AND seq = 2")
    assert written.see(journal.verify, instance_id=2) == []
    assert len(written.see(journal.verify, instance_id=1)) == 1


def test_a_reading_is_an_entry_of_the_chain(written: World) -> None:
    written.do(journal.note, 1, "case read", {"purpose": "audit"}, by=BEN)
    entry = written.see(journal.entries, 1, after=3)[0]
    assert (entry.kind, entry.actor, entry.command) == ("note", "ben", ("case read", {"purpose": "audit"}))
    assert entry.facts == ()
    assert written.wrong() == []
    found = tamper(written, "DELETE FROM journal WHERE kind = 'note'")
    assert found == ["instance 1, entry 3: expected 4 entries, but the last is 3"]


def test_a_note_stands_between_two_steps(world: World) -> None:
    world.deploy(TWO_STEPS)
    instance = world.start()
    world.do(journal.note, instance.id, "case read", {})
    world.complete("a")
    assert [entry.kind for entry in world.see(journal.entries, instance.id)] == ["command", "note", "command"]
    assert world.wrong() == []


def test_a_note_needs_a_case_and_json(written: World) -> None:
    with pytest.raises(NotFound, match="process instance '9'"):
        written.do(journal.note, 9, "case read", {})
    with pytest.raises(InvalidInput, match="note of JSON values"):
        written.do(journal.note, 1, "case read", {"who": object()})


def test_a_case_can_be_seen_as_it_stood(written: World) -> None:
    assert written.see(journal.replay, 1, until=1).tokens[1].variables == {"subject": "water"}
    assert written.see(journal.replay, 1, until=2).tokens[1].variables["verdict"] == "yes"
    assert written.see(journal.replay, 2).to_json() == written.see(instances.state, 2).to_json()
    with pytest.raises(NotFound):
        written.see(journal.replay, 9)


def test_the_heads_are_there_for_an_anchor(written: World) -> None:
    heads = written.see(lambda tx: list(journal.heads(tx)))
    assert [(instance_id, seq) for instance_id, seq, _ in heads] == [(1, 3), (2, 1)]
    assert heads[0][2] == written.see(journal.latest, 1, limit=1)[0].hash


def test_a_command_that_changes_nothing_leaves_no_entry(world: World) -> None:
    world.deploy(TWO_STEPS)
    instance = world.start()
    user_task = world.user_task("a")
    world.do(user_tasks.claim, user_task.id)
    world.do(user_tasks.claim, user_task.id)
    assert len(world.see(journal.entries, instance.id)) == 2


ROWS = {
    "process_instances": "definition_id definition_key business_key status started_at started_by ended_at end_reason",
    "activities": "scope_id definition_id element_id kind name started_at ended_at outcome ended_by reason status "
    "assignee candidate_users candidate_groups due follow_up priority form_key queue_due queue_rank item",
    "candidates": "candidate queue_due queue_rank",
    "incidents": "token_id element_id kind message raised_at resolved_at resolved_by",
    "subscriptions": "owner_id element_id definition_id place kind name key",
    "timers": "owner_id element_id",
}
ALL_KINDS = process(
    '<startEvent id="s"/><parallelGateway id="g"/><userTask id="a" camunda:candidateGroups="clerks" '
    'camunda:dueDate="P3D" camunda:followUpDate="P1D"/><receiveTask id="r" messageRef="msg_m"/><scriptTask id="f">'
    '<script>x = missing</script></scriptTask><boundaryEvent id="late" attachedToRef="a"><timerEventDefinition>'
    '<timeDuration>P9D</timeDuration></timerEventDefinition></boundaryEvent><endEvent id="e"/>',
    "s g a e",
    "g r e",
    "g f e",
    "late e",
)


@pytest.mark.parametrize(("table", "column"), [(table, name) for table in ROWS for name in ROWS[table].split()])
def test_any_changed_column_of_the_rows_made_from_the_journal_shows(world: World, table: str, column: str) -> None:
    world.deploy(ALL_KINDS)
    world.start(subject="water")
    world.do(user_tasks.claim, world.user_task("a").id)
    assert world.wrong() == []
    # Moments may be texts, and have to stay moments for the row to be read.
    value = "'2031-01-01 00:00:00.000000'" if column.endswith(("_at", "due", "follow_up")) else "'77'"
    where = "WHERE element_id = 'a'" if table == "activities" else ""
    tamper(world, f"UPDATE {table} SET {column} = {value} {where}")
    assert f"of {table} to be" in " ".join(map(str, world.wrong())).replace("its row to be", f"of {table} to be")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # PostgreSQL takes nothing else for a moment
def test_a_row_that_cannot_be_read_shows(world: World) -> None:
    world.deploy(ALL_KINDS)
    world.start()
    tamper(world, "UPDATE activities SET started_at = 'one day'")
    assert "expected its rows to be readable" in str(world.wrong()[0])


def test_a_row_that_is_gone_or_was_put_there_shows(world: World) -> None:
    world.deploy(ALL_KINDS)
    world.start()
    tamper(world, "DELETE FROM subscriptions")
    columns = "owner_id, element_id, due, attempts"
    tamper(world, f"INSERT INTO timers (instance_id, id, {columns}) SELECT instance_id, id + 50, {columns} FROM timers")
    found = [str(finding) for finding in world.wrong()]
    assert any("of subscriptions to be there, as its history says, but it is gone" in each for each in found)
    assert any("of timers to be in its history, but it is not" in each for each in found)


def test_rows_fit_their_history_after_everything_that_changes_them(world: World) -> None:
    world.deploy(ALL_KINDS)
    instance = world.start(subject="water")
    user_task = world.user_task("a")
    world.do(user_tasks.assign, user_task.id, "ben")
    assert user_task.due is not None
    world.do(instances.move_due_date, instance.id, user_task.due, user_task.due + timedelta(days=1))
    world.message("m")
    world.do(journal.note, instance.id, "case read", {})
    world.retry(world.see(incidents.find)[0])
    world.do(instances.set_variables, instance.id, {"missing": 1})
    world.retry(world.see(incidents.find)[0])
    assert world.wrong() == []
    world.advance(days=10)
    assert world.see(instances.get, instance.id).status == "completed"
    assert world.wrong() == []
