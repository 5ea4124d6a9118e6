"""What the benchmarks measure is what they say: each of them briefly, for what it does and not for how long."""

from __future__ import annotations

import contextlib
import re
import sqlite3
import statistics
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from bureau import Bureau
from SpiffWorkflow.bpmn.parser import BpmnParser
from SpiffWorkflow.bpmn.workflow import BpmnWorkflow
from SpiffWorkflow.util.task import TaskState

from benchmarks import core, diagrams, engines, growth, idle, intake, large, petition, population, step, throughput
from benchmarks.figures import Figures
from benchmarks.library import NOW, OneProcess
from engine import deployments, journal, user_tasks
from engine.clock import FixedClock
from engine.core import State, commands, compile, facts, run
from handlers import HANDLERS
from tests.databases import Server
from tests.web.conftest import AnyFile
from web import assets
from workflows import office
from workflows.importing import intake as taking_in


def test_the_large_diagram_has_200_elements_and_each_is_drawn() -> None:
    xml = diagrams.large(core.STAGES)
    (model,) = compile(xml)
    inside = set(model.elements) - {model.key}
    assert len(inside) == 200
    assert set(re.findall(r'Shape id="[\w-]+" bpmnElement="([\w-]+)"', xml.decode())) == inside
    assert set(re.findall(r'Edge id="[\w-]+" bpmnElement="([\w-]+)"', xml.decode())) == set(model.flows)


@pytest.mark.parametrize("rounds", [1, 7])
def test_the_loop_completes_as_many_elements_as_are_counted_on_both_engines(rounds: int) -> None:
    _, emitted = run(OneProcess(diagrams.loop(rounds)), None, commands.StartInstance("P", "case", {"n": 0}), NOW)
    completed = [fact for fact in emitted if isinstance(fact, facts.ElementCompleted)]
    inside = {fact.id for fact in emitted if isinstance(fact, facts.ElementActivated)}
    assert len([fact for fact in completed if fact.id in inside]) == diagrams.elements_of_loop(rounds)

    parser = BpmnParser()
    parser.add_bpmn_str(diagrams.loop(rounds))
    workflow = BpmnWorkflow(parser.get_spec("P"))
    workflow.task_tree.data["n"] = 0
    while (task := workflow.get_next_task(state=TaskState.READY)) is not None:
        task.run()
    drawn = [task for task in workflow.get_tasks(state=TaskState.COMPLETED) if task.task_spec.bpmn_id]
    assert len(drawn) == diagrams.elements_of_loop(rounds)


def test_everything_that_is_asked_of_a_large_register_is_explained() -> None:
    said = (ROOT / "docs" / "developer.md").read_text(encoding="utf-8")
    assert {name for name in large.QUESTIONS if f"`large_{name}`" not in said} == set()


def test_a_looping_instance_is_saved_with_nothing_of_its_past_but_digits() -> None:
    looping = growth.Looping()
    without_digits = {re.sub(r"\d+", "0", looping.after(1)) for _ in range(30)}
    assert len(without_digits) == 1
    state = State.from_json(looping.saved)
    assert [token.element_id for token in state.tokens.values() if token.work] == ["decide"]
    assert state.tokens[1].variables["n"] == growth.STEPS + 30


def test_every_figure_of_the_core_can_be_taken() -> None:
    assert core.elements_per_second(rounds=2) > 0
    assert core.step_ms(steps=2) > 0
    assert core.compile_200_elements_ms(times=1) > 0
    assert growth.late_step_vs_first(steps=8, window=3, repeats=1) > 0
    assert growth.late_state_vs_first(steps=3) >= 1
    assert growth.item_among_many_vs_few(many=6, few=2, turns=1) > 0
    assert all(growth.items_completed_for_good(many=6, few=4, completed=3))
    assert all(engines.elements_per_second(engines.Core(3), engines.Spiff(3), rounds=3, instances=2, turns=1))


def test_without_node_the_other_figures_are_taken_and_it_is_said_why_one_is_not(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engines, "TURNS", 1)
    engines.measure(Figures())
    printed = capsys.readouterr().out
    assert "core_vs_spiff = " in printed
    assert "core_vs_bpmn_engine was not measured: Expected node and npm on the path, but they are not there." in printed


def on_the_path(folder: Path, program: str, script: str) -> None:
    file = folder / program
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)


@pytest.fixture
def npm_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder that is the path, and where the other engine is to be installed."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(engines, "FOLDER", tmp_path)
    (tmp_path / "package-lock.json").write_text("{}")
    return tmp_path


def test_an_installation_that_fails_is_told_with_what_npm_said(npm_folder: Path) -> None:
    on_the_path(npm_folder, "node", "exit 0")
    on_the_path(npm_folder, "npm", "echo no network >&2; exit 1")
    with pytest.raises(engines.NotThere, match="Expected npm to install it, but it said: no network"):
        engines.installed()


def test_an_engine_that_breaks_off_is_told_with_what_it_said(npm_folder: Path) -> None:
    on_the_path(npm_folder, "node", "echo too deep >&2; exit 1")
    on_the_path(npm_folder, "npm", "exit 0")
    with engines.BpmnEngine(3) as other, pytest.raises(engines.NotThere, match="but it said: too deep"):
        other.run(1)


ROOT = Path(__file__).parents[1]


class Steps:
    """Counts what SQLite's machine does, which says how much is read, however fast the disk is."""

    def __init__(self) -> None:
        self.counted = 0

    def __call__(self) -> int:
        self.counted += 1
        return 0

    def listen(self, connection: Any, _record: Any) -> None:
        connection.set_progress_handler(self, 10)

    def of(self, cases: large.Cases, ask: large.Ask) -> float:
        """The median of a few times; the first warms what is cached."""
        counts = []
        for _ in range(4):
            work = ask(cases)
            self.counted = 0
            work()
            counts.append(self.counted)
        return max(1, statistics.median(counts[1:]))


FEW, MANY = 1_000, 3_000


@pytest.fixture
def registers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Steps, large.Cases, large.Cases]]:
    """A small register and a large one, both full of stamped cases."""
    monkeypatch.setattr(deployments, "MOST_COUNTED", 50)
    monkeypatch.setattr(assets, "read_manifest", lambda _folder: AnyFile())
    steps = Steps()
    sa.event.listen(sa.Engine, "connect", steps.listen)
    patterns = population.build(tmp_path / "patterns.db", 60)
    sides = [large.Cases(large.loaded(patterns, tmp_path / f"{cases}.db", cases), tmp_path) for cases in (FEW, MANY)]
    yield steps, sides[0], sides[1]
    sa.event.remove(sa.Engine, "connect", steps.listen)
    for side in sides:
        side.close()


def test_stamped_cases_are_sound_and_go_on_and_nothing_reads_more_where_there_are_more_of_them(
    registers: tuple[Steps, large.Cases, large.Cases],
) -> None:
    steps, small, large_one = registers
    assert [side.rows("cases") for side in (small, large_one)] == [FEW, MANY]
    assert small.rows("journal") == pytest.approx(10 * FEW, rel=0.15)
    grown = {name: steps.of(large_one, ask) / steps.of(small, ask) for name, ask in large.QUESTIONS.items()}
    assert {name: ratio for name, ratio in grown.items() if ratio > 1.4} == {}
    assert small.problems() == large_one.problems() == []
    assert large_one.touched


def figures_of(printed: str) -> dict[str, float]:
    return {name: float(value) for name, value in re.findall(r"^(\w+) = ([\d.e+-]+) ", printed, re.MULTILINE)}


SIDES = {"bare", "spiff"}


def test_a_step_is_measured_beside_others_on_sqlite(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    step.on_sqlite(Figures(), tmp_path, 3)
    figures = figures_of(capsys.readouterr().out)
    assert {name.removeprefix("step_vs_") for name in figures if "_vs_" in name} == SIDES
    assert figures["step_statements"] <= 8
    assert figures["step_commits"] == 1
    written = [columns_of(tmp_path / name) for name in ("bare.db", "recorded.db")]
    assert len(written[0]) == len(written[1]) == 3, "what is written by hand is what the engine writes"
    assert [row[2:] for row in written[0]] == [row[2:] for row in written[1]]


def columns_of(database: Path) -> list[tuple[Any, ...]]:
    with contextlib.closing(sqlite3.connect(database)) as connection:
        select = "SELECT hash, at, instance_id, seq, command, facts FROM journal WHERE seq = 2 ORDER BY instance_id"
        return [row for row in connection.execute(select) if row[2] > 1][:3]


def test_a_step_is_measured_beside_others_on_postgresql(postgresql: Server, capsys: pytest.CaptureFixture[str]) -> None:
    step.on_postgresql(Figures(), postgresql, 3)
    printed = capsys.readouterr().out
    figures = figures_of(printed)
    beside = {name.removeprefix("postgresql_step_vs_") for name in figures if "_vs_" in name}
    assert beside >= SIDES
    assert "dbos" in beside or "postgresql_step_vs_dbos was not measured" in printed
    assert figures["postgresql_step_statements"] <= 8
    assert figures["postgresql_step_commits"] == 1


def test_clients_of_several_processes_complete_every_user_task_once(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'engine.db'}"
    engine, ids = step.waiting(url, 8)
    assert throughput.per_second(url, ids, 2, 2) > 0
    open_ones = engine.read(lambda tx: user_tasks.find(tx, user_tasks.UserTaskQuery()))
    assert {task.element_id for task in open_ones} == {"next"}
    assert engine.read(lambda tx: journal.verify(tx, replayed=True)) == []
    engine.stop()


def test_an_idle_tick_asks_as_little_with_many_timers_as_with_few(tmp_path: Path) -> None:
    few, many = (idle.waiting(tmp_path / f"{timers}.db", timers) for timers in (30, 600))
    assert idle.idle(few, 3)[0] == idle.idle(many, 3)[0] > 0
    engine = office.open_engine(f"sqlite:///{many}", HANDLERS, clock=FixedClock())
    assert engine.read(lambda tx: tx.connection.exec_driver_sql("SELECT count(*) FROM timers").scalar()) == 600
    assert engine.read(lambda tx: journal.verify(tx, instance_id=600, replayed=True)) == []
    engine.stop()


def test_the_bytes_of_a_petition_are_told_by_table(tmp_path: Path) -> None:
    sizes = petition.bytes_of_each(f"sqlite:///{tmp_path / 'pujiang.db'}", 2)
    assert {table for table, size in sizes.items() if size} >= {"journal", "activities"}
    assert max(sizes, key=lambda table: sizes[table]) == "journal"


def test_the_generated_register_is_one_that_its_map_can_read(tmp_path: Path) -> None:
    file, bureau = tmp_path / "cases.csv", Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}")
    intake.generate(file, 20)
    report = taking_in.run(bureau.engine, file, intake.MAP)
    bureau.close()
    assert report.registered + report.rejected == 20
    assert report.registered > 10
