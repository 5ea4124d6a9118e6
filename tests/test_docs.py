"""What README.md and docs/ say is there: links, pictures, commands, sign-ins, and everything a case may come to."""

from __future__ import annotations

import ast
import importlib
import re
import runpy
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import click
import pytest
from bureau import Bureau
from lxml import etree

from engine import instances
from engine.engine import Engine
from handlers import HANDLERS
from tests.engine.core.case import diagram, process
from web.cli import main
from workflows import vocabulary
from workflows.demonstration import demo, demo_petitions
from workflows.papers import notices

ROOT = Path(__file__).parents[1]
PAGES = {str(page.relative_to(ROOT)): page for page in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))}
CAMUNDA = "{http://camunda.org/schema/1.0/bpmn}"
SMALL = 200_000
"""Bytes that a picture may have."""


@cache
def text(page: str) -> str:
    return PAGES[page].read_text("utf-8")


def prose(page: str) -> str:
    """Without what is shown as code."""
    return re.sub(r"^```.*?^```$", "", text(page), flags=re.DOTALL | re.MULTILINE)


def links(page: str) -> list[str]:
    """Addresses of links and pictures."""
    return re.findall(r"\]\(([^)\s]+)\)", prose(page))


def anchors(page: str) -> set[str]:
    """What its headings are reached by."""
    headings = re.findall(r"^#+ (.+)$", prose(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page: str) -> None:
    for address in links(page):
        if "://" in address:
            continue
        target, _, anchor = address.partition("#")
        found = (PAGES[page].parent / target).resolve() if target else PAGES[page]
        assert found.exists(), f"{page} points to {address}"
        assert found.is_relative_to(ROOT)
        if anchor:
            assert anchor in anchors(str(found.relative_to(ROOT))), f"{page} points to {address}"


def test_every_page_is_reached_from_the_readme() -> None:
    reached, ahead = {"README.md"}, ["README.md"]
    while ahead:
        page = ahead.pop()
        targets = {(PAGES[page].parent / address.partition("#")[0]).resolve() for address in links(page) if address}
        for name, path in PAGES.items():
            if name not in reached and (path in targets or path.parent in targets):
                reached.add(name)
                ahead.append(name)
    assert reached == set(PAGES)


def test_every_picture_is_shown_and_small() -> None:
    shown = {(PAGES[page].parent / address).resolve() for page in PAGES for address in links(page)}
    pictures = list((ROOT / "docs" / "pictures").iterdir())
    assert [picture.name for picture in pictures if picture not in shown] == []
    assert [picture.name for picture in pictures if picture.stat().st_size > SMALL] == []


# Commands


@cache
def shown() -> tuple[str, ...]:
    """Everything that is shown as code, on any page: a line of a block, or a span in a sentence."""
    blocks = [re.findall(r"^```\w*\n(.*?)^```", text(page), re.DOTALL | re.MULTILINE) for page in PAGES]
    spans = [re.findall(r"`([^`]+)`", prose(page)) for page in PAGES]
    lines = [line for found in blocks for block in found for line in block.splitlines()]
    return (*lines, *(re.sub(r"\s+", " ", span) for found in spans for span in found))


def said(pattern: str) -> set[str]:
    """What follows the command in what is shown; variables of the environment and folders may stand before it."""
    return {match[1] for line in shown() if (match := re.match(rf"(?:\w+=\S+ )*(?:\S*/)?{pattern}", line))}


def test_every_make_target_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), flags=re.MULTILINE))
    named = said("make ([a-z-]+)")
    assert named <= targets
    assert {"run", "test", "check", "bench", "wheel", "help"} <= named


def commands(group: click.Group, before: str = "") -> Iterator[tuple[str, click.Command]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f"{before}{name} ")
        else:
            yield before + name, command


def test_every_command_is_documented_and_every_documented_command_is_there() -> None:
    there = {name for name, _ in commands(main)}
    named = said(r"pujiang ([a-z][a-z-]*(?: [a-z]+\b(?![./]))?)")
    assert there <= named | {name.split()[0] for name in named}
    assert {name for name in named if name not in there and name.split()[0] not in there} == set()


def test_every_option_that_is_named_is_there() -> None:
    options = {option for _, command in commands(main) for each in command.params for option in each.opts}
    options |= {option for each in main.params for option in each.opts} | {"--help"}
    assert set(re.findall(r"`(--[a-z-]+)", text("docs/operator.md"))) <= options
    assert "--chain-only" in text("docs/operator.md")


def test_the_two_commands_do_what_the_readme_says() -> None:
    rules = (ROOT / "Makefile").read_text("utf-8")
    assert re.search(r"^run: \$\(READY\).*\n\t\$\(BIN\)/pujiang demo$", rules, flags=re.MULTILINE)
    assert re.search(r"^test: \$\(READY\).*\n\t\$\(BIN\)/python -m pytest -n auto\b", rules, flags=re.MULTILINE)
    assert "\nmake run\n" in text("README.md")
    assert "\nmake test\n" in text("README.md")


def settings_shown() -> Iterator[tuple[str, str]]:
    """Each piece of code in the pages that is a file of settings, with its page."""
    for page in PAGES:
        for code in re.findall(r"^```\n(.+?)^```$", text(page), flags=re.DOTALL | re.MULTILINE):
            if all(re.match(r"[A-Z_]+=", line) for line in code.splitlines()):
                yield page, code


def test_a_shell_and_systemd_read_the_same_from_the_settings_that_are_shown(tmp_path: Path) -> None:
    shown = list(settings_shown())
    assert {page for page, _ in shown} >= {"docs/operations.md", "docs/celery.md"}
    for _, code in shown:
        (tmp_path / "env").write_text(code, "utf-8")
        told = subprocess.run(
            ["/bin/sh", "-c", "set -a; . ./env; exec env"],
            cwd=tmp_path,
            env={},
            capture_output=True,
            text=True,
            check=True,
        )
        assert not told.stderr
        by_shell = dict(line.split("=", 1) for line in told.stdout.splitlines())
        for line in code.splitlines():
            name, _, value = line.partition("=")
            assert by_shell.get(name) == re.sub(r'^"(.*)"$', r"\1", value), line


def test_the_sign_ins_of_the_demonstration_are_those_of_the_readme() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \| `([\w-]+)` \| (.+) \|$", text("README.md"), flags=re.MULTILINE)
    assert rows == [(one.id, one.password, one.who) for one in demo.SIGN_INS]
    assert f"`{demo_petitions.QUERY_CODE}`" in text("README.md")


def test_every_figure_of_the_benchmarks_is_explained() -> None:
    sources = [path.read_text("utf-8") for path in (ROOT / "benchmarks").glob("*.py")]
    figures = {name for source in sources for name in re.findall(r'figures\.add\("(\w+)"', source)}
    told = set(re.findall(r"`(\w+)`", text("docs/developer.md")))
    assert figures - told == set()


# The lifecycle

LIFECYCLE = "docs/lifecycle.md"


def drawn(pattern: str) -> list[Any]:
    found = [path for path in files("bpmn").iterdir() if path.name.endswith(pattern)]
    return [etree.fromstring(path.read_bytes()) for path in found]


def keys(pattern: str, tag: str) -> set[str]:
    return {node.get("id") for root in drawn(pattern) for node in root.iter("{*}" + tag)}


def named(attribute: str) -> set[str]:
    return {node.get(attribute) for root in drawn(".bpmn") for node in root.iter() if node.get(attribute)}


def test_every_process_has_its_place_and_its_picture() -> None:
    for key in keys(".bpmn", "process"):
        assert re.search(rf"^\| .*`{key}` ", text(LIFECYCLE), flags=re.MULTILINE), key
        assert f"](pictures/{key}.png)" in text(LIFECYCLE), key


def test_every_decision_table_is_explained() -> None:
    for key in keys(".dmn", "decision"):
        assert f"[`{key}`](../bpmn/{key}.dmn)" in text(LIFECYCLE)


def test_every_topic_and_handler_is_in_the_table_with_its_file() -> None:
    rows = dict(re.findall(r"^\| `([\w-]+)` \| (\w+)\.py \|", text(LIFECYCLE), flags=re.MULTILINE))
    assert rows == {topic: handler.__module__.removeprefix("handlers.") for topic, handler in HANDLERS.items()}
    assert set(rows) == named(f"{CAMUNDA}topic")


def test_every_clock_is_in_the_table() -> None:
    rows = re.findall(r"^\| `(\w+)` \| .+ \| (yes|no) \| .+ \|$", text(LIFECYCLE), flags=re.MULTILINE)
    assert {kind for kind, _ in rows} == set(vocabulary.CLOCKS)


def test_every_user_task_is_in_the_table_for_caseworkers_or_supervisors() -> None:
    names = {node.get("name") for root in drawn(".bpmn") for node in root.iter("{*}userTask")}
    said = text("docs/caseworker.md") + text("docs/supervisor.md")
    assert [name for name in names if name not in said] == []


def rules(key: str) -> Iterator[tuple[list[str], list[str]]]:
    """Cells of conditions and of outcomes, a pair for each rule."""
    (table,) = [root for root in drawn(".dmn") if root.find(f".//{{*}}decision[@id='{key}']") is not None]
    for rule in table.iter("{*}rule"):
        cells = [
            [entry.findtext("{*}text") or "" for entry in rule.findall(f"{{*}}{kind}Entry")]
            for kind in ("input", "output")
        ]
        yield cells[0], cells[1]


def test_the_days_of_the_deadline_profiles_are_those_of_the_table() -> None:
    rows = re.findall(
        r"^\| (.+) \| (\d+ \w+) \| (\d+ \w+) \| .+ \|$", text(LIFECYCLE).partition("### Category")[0], re.MULTILINE
    )
    for column, (_, outcomes) in enumerate(rules("deadline-profile"), start=1):
        said = [cell.strip('"') for cell in outcomes]
        wanted = [f"{length} {unit}" for length, unit in zip(said[::2], said[1::2], strict=True)]
        assert sorted(row[column] for row in rows) == sorted(wanted)


def test_every_unit_and_subject_of_the_jurisdiction_table_is_named() -> None:
    section = text(LIFECYCLE).partition("### Jurisdiction")[2].partition("### Who")[0]
    for conditions, (lead, others) in rules("jurisdiction"):
        subjects = [] if conditions[0].startswith("not") else re.findall(r'"([\w-]+)"', conditions[0])
        units = [unit for unit in re.findall(r'"([\w-]+)"', lead + others) if not unit.startswith("town-")]
        assert all(re.search(rf"^\| .*\b{subject}\b", section, re.MULTILINE) for subject in subjects)
        assert all(f"`{unit}`" in section for unit in units)


# The worked example


def example(where: str) -> str:
    """The block of code on the developer's page that begins with that comment."""
    (block,) = re.findall(rf"^```python\n# {re.escape(where)}\n(.*?)^```$", text("docs/developer.md"), re.DOTALL | re.M)
    return str(block)


def test_the_handler_that_developers_are_shown_works(
    bureau: Bureau, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    wording = ast.literal_eval(f"{{{example('workflows/papers/notices.py, in WORDING')}}}")
    monkeypatch.setattr(notices, "WORDING", {**notices.WORDING, **wording})
    heading = "from typing import Any\nfrom workflows.organisation import units\nfrom workflows.papers import notices\nfrom workflows.office import Office\n"
    (tmp_path / "shown.py").write_text(heading + example("handlers/response.py"), encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    handler: Callable[..., dict[str, Any]] = importlib.import_module("shown").inform_township
    number = bureau.hand_in(place="north").case_number
    for _ in range(2):
        handler(office=bureau.engine.services["office"], job_id="1-1", case_number=number, place="north")
    sent = bureau.ask(lambda tx: notices.of_case(tx, number))
    assert [(notice.kind, notice.recipient) for notice in sent] == [("reply-is-out", "unit:town-north")]


def test_the_engine_is_used_from_python_as_its_page_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (ROOT / "docs" / "engine.md").read_text(encoding="utf-8")
    example = page.split("## From Python")[1].split("```python\n")[1].split("```")[0]
    drawn = diagram(
        process(
            '<startEvent id="s"/><serviceTask id="send-letter"/><userTask id="sign"/>',
            "s send-letter sign",
            key="letter",
        )
    )
    (tmp_path / "letter.bpmn").write_bytes(drawn)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.py").write_text(example, encoding="utf-8")
    runpy.run_path("letter.py")
    engine = Engine(f"sqlite:///{tmp_path / 'letters.db'}")
    instance = engine.read(lambda tx: instances.find(tx, "1"))
    assert instance.status == "completed"
    assert engine.read(lambda tx: instances.variables(tx, instance.id)) == {"to": "Ben", "sent": "to Ben"}
    engine.stop()
