"""The house rules: who imports whom, who commits, who looks at the clock, and that what is written down is true."""

from __future__ import annotations

import ast
import configparser
import importlib.metadata
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
ROOMS = ("engine", "workflows", "handlers", "web")
CLOCK = "engine/clock.py"


def modules() -> dict[str, ast.Module]:
    """Every module of the product by its path."""
    paths = sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py") if "node_modules" not in path.parts)
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in paths}


def calls(tree: ast.Module) -> Iterator[tuple[str, ast.Call]]:
    """Every call with its name as written: ``datetime.now``."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
            yield ast.unparse(node.func), node


def imported_packages(tree: ast.Module) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.split(".")[0])
    return found


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(ROOT / "setup.cfg")
    return parser


def requirements(lines: str) -> set[str]:
    """Names of distributions, as pip compares them."""
    names = [re.split(r"[\s<>=!~\[;]", line.strip())[0] for line in lines.splitlines() if line.strip()]
    return {re.sub(r"[-_.]+", "-", name).lower() for name in names}


def readme() -> str:
    return (ROOT / "README.md").read_text()


def test_imports_keep_to_the_contracts() -> None:
    # In a process of its own: it sets up logging, and would silence what other tests listen to.
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache"]
    checked = subprocess.run(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": "."}, capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_one_place_commits() -> None:
    places = [path for path, tree in modules().items() for name, _ in calls(tree) if name.split(".")[-1] == "commit"]
    assert len(places) == 1, places


def test_only_the_clock_asks_for_the_time() -> None:
    asking = {"datetime.now", "datetime.utcnow", "datetime.today", "date.today", "time.time", "time.localtime"}
    places = [
        f"{path}:{call.lineno}"
        for path, tree in modules().items()
        if path != CLOCK
        for name, call in calls(tree)
        if ".".join(name.split(".")[-2:]) in asking
    ]
    assert places == []


def test_nothing_sleeps_in_tests() -> None:
    places = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in (ROOT / "tests").rglob("*.py")
        for name, call in calls(ast.parse(path.read_text()))
        if name in ("time.sleep", "sleep")
    ]
    assert places == []


def test_nothing_runs_text_as_code() -> None:
    places = [
        f"{path}:{call.lineno}"
        for path, tree in modules().items()
        for name, call in calls(tree)
        if name in ("eval", "exec", "__import__")
    ]
    assert places == []


def test_every_dependency_is_declared_and_used() -> None:
    # chinesecalendar is a distribution, chinese_calendar the package in it: installed metadata knows which is whose.
    distributions = importlib.metadata.packages_distributions()
    used = set().union(*(imported_packages(tree) for tree in modules().values()))
    foreign = used - set(ROOMS) - set(sys.stdlib_module_names)
    needed = {re.sub(r"[-_.]+", "-", distributions[name][0]).lower() for name in foreign}
    cfg = setup_cfg()
    extras = [lines for name, lines in cfg["options.extras_require"].items() if name not in ("test", "bench")]
    declared = set().union(*(requirements(lines) for lines in (cfg["options"]["install_requires"], *extras)))
    assert needed - declared == set(), "imported, but not in setup.cfg"
    assert declared - needed == set(), "in setup.cfg, but nowhere imported"


def test_pyproject_names_only_the_build_system() -> None:
    sections = re.findall(r"^\[(.+)\]$", (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert sections == ["build-system"]


def test_everything_designers_edit_is_shipped() -> None:
    patterns = {pattern.strip() for pattern in setup_cfg()["options.package_data"]["bpmn"].split(",")}
    suffixes = {f"*{path.suffix}" for path in (ROOT / "bpmn").iterdir() if not path.name.startswith((".", "_"))}
    assert suffixes <= patterns


def test_the_lock_file_names_no_registry() -> None:
    lock = json.loads((ROOT / "web/assets/package-lock.json").read_text())
    assert [name for name, package in lock["packages"].items() if "resolved" in package] == []
    assert all("integrity" in package for name, package in lock["packages"].items() if name)


def test_the_lock_file_fits_the_packages_asked_for() -> None:
    asked = json.loads((ROOT / "web/assets/package.json").read_text())["dependencies"]
    lock = json.loads((ROOT / "web/assets/package-lock.json").read_text())
    assert lock["packages"][""]["dependencies"] == asked
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in asked} == asked


def test_every_class_of_ours_in_a_template_has_a_style() -> None:
    styles = "\n".join(path.read_text() for path in (ROOT / "web/assets/scss").glob("*.scss"))
    missing = []
    for path in (ROOT / "web/templates").rglob("*.html"):
        for name in re.findall(
            r"(?<![\w-])pj-[a-z]+(?:-[a-z]+)*(?:__[a-z-]+)?(?:--[a-z-]+)?(?![\w-])", path.read_text()
        ):
            block, *parts = re.split(r"(?=__|--)", name)
            if f".{name}" not in styles and not (f".{block}" in styles and all(f"&{part}" in styles for part in parts)):
                missing.append(f"{path.relative_to(ROOT)}: {name}")
    assert missing == []


def test_no_template_has_script_or_style_of_its_own() -> None:
    # The content policy would drop it in the browser, without a word to whoever wrote it.
    found = []
    for path in (ROOT / "web/templates").rglob("*.html"):
        text = path.read_text()
        inline = re.findall(r"<script(?![^>]*(?:\ssrc=|application/json))[^>]*>|<style|\son[a-z]+=\"|\shx-on", text)
        found += [f"{path.relative_to(ROOT)}: {match}" for match in inline]
    assert found == []


def test_what_the_readme_says_to_make_can_be_made() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    told = set(re.findall(r"(?:`|^\s*\$? ?)make ([a-z]+)", readme(), re.MULTILINE))
    assert {"run", "test"} <= told <= targets


def test_what_the_readme_says_to_run_is_a_command() -> None:
    from web.cli import main

    told = set(re.findall(r"(?:`|^\s*\$? ?|bin/)pujiang ([a-z]+)", readme(), re.MULTILINE))
    assert told <= set(main.commands)


def test_every_setting_is_in_the_docs() -> None:
    from web.settings import SETTINGS

    text = (ROOT / "docs/settings.md").read_text()
    assert [setting.variable for setting in SETTINGS if f"`{setting.variable}`" not in text] == []
    told = set(re.findall(r"`(PUJIANG_[A-Z_]+)`", text))
    assert told == {setting.variable for setting in SETTINGS}


def test_every_make_target_is_listed_by_make_help() -> None:
    text = (ROOT / "Makefile").read_text()
    phony = set(re.search(r"^\.PHONY: (.+)$", text, re.MULTILINE)[1].split()) - {"FORCE"}  # type: ignore[index]
    listed = set(re.findall(r"^([a-z-]+):.*## ", text, re.MULTILINE))
    assert listed == phony
