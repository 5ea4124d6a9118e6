"""Data stores: what instances put there for others to read, past their own end."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine import data_stores, instances, user_tasks
from engine.errors import NotFound, NotPermitted
from tests.engine.core.case import diagram, process
from tests.engine.world import World

STORE = '<dataStore id="ds" name="register"/>'
REFERENCE = '<dataStoreReference id="dsr" dataStoreRef="ds"/>'
WRITES = (
    '<ioSpecification><dataOutput id="out" name="out"/><inputSet/><outputSet><dataOutputRefs>out</dataOutputRefs>'
    "</outputSet></ioSpecification><dataOutputAssociation><sourceRef>out</sourceRef><targetRef>dsr</targetRef>"
    "</dataOutputAssociation>"
)
READS = (
    '<ioSpecification><dataInput id="inp" name="inp"/><inputSet><dataInputRefs>inp</dataInputRefs></inputSet>'
    "<outputSet/></ioSpecification><dataInputAssociation><sourceRef>dsr</sourceRef><targetRef>inp</targetRef>"
    "</dataInputAssociation>"
)
WRITER = process(
    f'{REFERENCE}<startEvent id="s"/><userTask id="u"/><scriptTask id="w">{WRITES}<script>out = [number, word]</script>'
    '</scriptTask><endEvent id="e"/>',
    "s u w e",
    key="WRITER",
)
READER = process(
    f'{REFERENCE}<startEvent id="s"/><scriptTask id="r">{READS}<script>seen = inp</script></scriptTask>'
    '<userTask id="read"/>',
    "s r read",
    key="READER",
)


@pytest.fixture
def stores(world: World) -> World:
    world.deploy(w_bpmn=diagram(STORE, WRITER), r_bpmn=diagram(STORE, READER))
    return world


def write(world: World, **values: object) -> int:
    """What an instance of its own writes."""
    instance = world.start("WRITER", **values)
    user_task = next(each for each in world.user_tasks() if each.instance_id == instance.id)
    world.do(user_tasks.complete, user_task.id)
    return instance.id


def read(world: World) -> object:
    return world.variables(world.start("READER"))["seen"]


def test_what_one_instance_put_there_another_reads_after_its_end(stores: World) -> None:
    assert read(stores) is None
    writer = write(stores, number=1, word="ж")
    assert stores.see(instances.get, writer).status == "completed"
    assert read(stores) == [1, "ж"]
    assert stores.wrong() == []


def test_who_writes_last_wins(stores: World) -> None:
    write(stores, number=1, word="a")
    stores.advance(hours=1)
    second = write(stores, number=2, word="b")
    assert read(stores) == [2, "b"]
    at = datetime(2026, 3, 2, 10, tzinfo=UTC)
    expected = data_stores.DataStore("register", [2, "b"], at, second)
    assert stores.see(data_stores.find) == [expected]
    assert stores.see(data_stores.get, "register") == expected
    assert stores.wrong() == []


def test_what_was_never_written_to_is_not_found(stores: World) -> None:
    assert stores.see(data_stores.find) == []
    with pytest.raises(NotFound, match="Expected to find data store 'register'"):
        stores.see(data_stores.get, "register")


def test_who_may_not_list_data_stores_reads_none(make_world: object) -> None:
    world: World = make_world(authorise=lambda _actor, _action, target: target != "data stores")  # type: ignore[operator]
    for look, arguments in ((data_stores.find, ()), (data_stores.get, ("register",))):
        with pytest.raises(NotPermitted):
            world.see(look, *arguments)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE data_stores SET value = '[9]'",
        "UPDATE data_stores SET changed_at = '2026-03-02 08:00:00.000000'",
        "UPDATE data_stores SET instance_id = 1, changed_at = '2026-03-02 08:00:00.000000'",
        "UPDATE data_stores SET name = 'other'",
        "DELETE FROM data_stores",
    ],
)
def test_a_value_that_no_instance_put_there_shows(stores: World, sql: str) -> None:
    write(stores, number=1, word="a")
    write(stores, number=2, word="b")
    stores.tamper(sql)
    assert any("of data_stores to be" in str(finding) for finding in stores.wrong())
