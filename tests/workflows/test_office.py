"""Opening an office: migrations, bundled diagrams, the demonstration world, and work that is done once."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from bureau import SUPERVISOR, Bureau
from lxml import etree

from engine import deployments, instances, user_tasks
from engine.store.database import Transaction
from engine.user_tasks import UserTaskQuery
from handlers import HANDLERS
from workflows import office, permissions, tables
from workflows.demonstration import demo
from workflows.organisation import accounts, units
from workflows.papers import notices
from workflows.register import cases
from workflows.register.case_lists import CaseQuery


def test_the_migrations_lead_to_the_tables_that_the_code_names(bureau: Bureau):
    def differences(tx: Transaction) -> list[object]:
        ours = {
            "include_object": lambda _it, name, kind, _reflected, _other: (
                kind != "table" or name in tables.metadata.tables
            )
        }
        return compare_metadata(MigrationContext.configure(tx.connection, opts=ours), tables.metadata)

    assert bureau.ask(differences) == []


def test_opening_again_deploys_nothing_anew_and_keeps_what_a_designer_deployed(office_url: str):
    first = office.open_engine(office_url, HANDLERS)
    drawn = (resources.files("bpmn") / "survey.dmn").read_bytes()
    changed = drawn.replace(b'name="Who is surveyed"', b'name="Who is asked"')
    first.transact(lambda tx: deployments.deploy(tx, {"survey.dmn": changed}))
    first.stop()
    again = office.open_engine(office_url, HANDLERS)
    latest = again.read(lambda tx: deployments.latest(tx, "survey", "decision"))
    assert (latest.version, latest.name) == (2, "Who is asked")
    assert again.read(lambda tx: [each.version for each in deployments.versions(tx, "petition")]) == [1]
    again.stop()


def test_every_bundled_file_is_deployed(bureau: Bureau):
    for kind, suffix in (("process", ".bpmn"), ("decision", ".dmn"), ("form", ".form")):
        bundled = {Path(entry.name).stem for entry in resources.files("bpmn").iterdir() if entry.name.endswith(suffix)}
        deployed = {each.key for each in bureau.ask(lambda tx, kind=kind: deployments.list_definitions(tx, kind))}
        assert deployed == bundled


def test_work_of_a_job_is_done_once_and_a_second_run_gets_the_first_ones_result(bureau: Bureau):
    desk = office.Office()
    desk.open(bureau.engine)
    bureau.hand_in()
    runs = []

    def work(_tx: Transaction) -> dict[str, int]:
        runs.append(1)
        return {"run": len(runs)}

    assert desk.once("1-2", work) == desk.once("1-2", work) == {"run": 1}
    assert desk.once("1-3", work) == {"run": 2}


def test_work_that_raises_leaves_nothing_and_may_be_done_again(bureau: Bureau):
    desk = office.Office()
    desk.open(bureau.engine)
    number = bureau.hand_in().case_number

    def failing(tx: Transaction) -> dict[str, int]:
        notices.send(tx, number, "reopened-petitioner", notices.PETITIONER)
        raise OSError("the printer is on fire")

    with pytest.raises(OSError):
        desk.once("1-9", failing)
    assert bureau.ask(lambda tx: notices.to_petitioner(tx, number)) == ()
    assert desk.once("1-9", lambda _tx: {"done": True}) == {"done": True}


def test_an_office_that_is_not_open_says_so():
    with pytest.raises(RuntimeError, match="expected an office that is open"):
        office.Office().now()


@pytest.fixture(scope="module")
def demonstration(tmp_path_factory: pytest.TempPathFactory):
    engine = office.open_engine(f"sqlite:///{tmp_path_factory.mktemp('demo') / 'pujiang.db'}", HANDLERS)
    demo.build(engine)
    yield engine
    engine.stop()


def test_the_demonstration_has_petitions_at_every_stage(demonstration):
    found = demonstration.read(lambda tx: cases.find(tx, CaseQuery()))
    assert {case.state for case in found} == {
        "received",
        "awaiting-supplement",
        "assigned",
        "handling",
        "replied",
        "closed",
    }


def test_the_demonstration_shows_a_second_round_and_a_wish_for_more_time(demonstration):
    waiting = demonstration.read(lambda tx: user_tasks.find(tx, UserTaskQuery(limit=100)))
    open_at = {each.element_id for each in waiting}
    assert {"register", "accept-assignment", "investigate", "decide-extension", "check-reply"} <= open_at
    number = demonstration.read(lambda tx: cases.find_source_key(tx, "demo:second-round"))
    assert demonstration.read(lambda tx: instances.variables(tx, instances.find(tx, number).id))["round"] == 2
    assert sorted(each.element_id for each in waiting if each.business_key == number) == [
        "co-unit-opinion",
        "investigate",
    ]


def test_building_the_demonstration_twice_builds_it_once(demonstration):
    before = demonstration.read(cases.totals)
    demo.build(demonstration)
    assert demonstration.read(cases.totals) == before


def test_an_office_has_every_unit_that_its_jurisdiction_table_names(bureau: Bureau):
    table = etree.fromstring((resources.files("bpmn") / "jurisdiction.dmn").read_bytes())
    cells = table.xpath("//*[local-name() = 'outputEntry']/*[local-name() = 'text']/text()")
    named = {code for cell in cells for code in re.findall(r'"([^"]+)"', cell)}
    assert named
    assert named <= {unit.code for unit in bureau.ask(units.find)}


def test_everybody_who_is_shown_can_sign_in(demonstration):
    for sign_in in demo.build(demonstration)[:-1]:
        assert demonstration.read(lambda tx, it=sign_in: accounts.sign_in(tx, it.id, it.password)) is not None


def test_the_petitioner_who_is_shown_can_rate(demonstration):
    petitioner = demo.build(demonstration)[-1]
    actor = demonstration.read(lambda tx: cases.identify(tx, petitioner.id, petitioner.password))
    case = demonstration.read(lambda tx: cases.get(tx, petitioner.id), actor)
    assert permissions.decide(actor, "rate", case)
    assert case.state == "replied"


def test_every_unit_has_people_and_a_head(demonstration):
    groups = {account.id: account.groups for account in demonstration.read(accounts.find)}
    for unit in demonstration.read(units.find):
        assert f"unit:{unit.code}" in groups[unit.code]
        assert f"head:{unit.code}" in groups[f"{unit.code}-head"]


def test_a_unit_reads_its_own_inbox_and_not_anothers(bureau: Bureau):
    from bureau import ROADS, WATER

    from engine.errors import NotPermitted

    bureau.bring_to_handling()
    (notice,) = bureau.ask(lambda tx: notices.to_unit(tx, "water"), WATER)
    assert (notice.title, notice.body) == (
        "A petition is handed to you",
        "As lead unit. Objections with reasons by 9 Mar 2026.",
    )
    assert bureau.ask(lambda tx: notices.to_unit(tx, "water"), SUPERVISOR)
    with pytest.raises(NotPermitted):
        bureau.ask(lambda tx: notices.to_unit(tx, "water"), ROADS)


def test_no_column_of_a_case_names_a_person():
    named = {column.name for column in tables.cases.columns} & {"name", "phone", "address", "claims"}
    assert not named
    assert isinstance(tables.petitioners.c.name.type, sa.Text)
