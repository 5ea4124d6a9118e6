"""An office that an older release left in the middle of its work goes on with this one, to the end of every petition."""

from __future__ import annotations

import lzma
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from bureau import HOUSING, SUPERVISOR, WATER, Bureau

from workflows import permissions
from workflows.register import states
from workflows.register.cases import Receipt

RELEASES = sorted((Path(__file__).parent / "releases").glob("*.sql.xz"))


@pytest.fixture(params=RELEASES, ids=[release.name.removesuffix(".sql.xz") for release in RELEASES])
def left_behind(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bureau]:
    """The database of that release, brought up to this one as it is opened."""
    path = tmp_path / "pujiang.db"
    with sqlite3.connect(path) as connection:
        connection.executescript(lzma.decompress(request.param.read_bytes()).decode())
    bureau = Bureau(f"sqlite:///{path}")
    yield bureau
    bureau.close()


def number(place: int) -> str:
    """The query codes are gone with the papers of those who handed in."""
    return f"PJ-2026-{place:06}"


def test_there_is_a_release_to_take_over() -> None:
    assert RELEASES


def test_every_petition_stands_where_it_stood(left_behind: Bureau) -> None:
    assert [left_behind.names(number(place)) for place in (1, 2, 3, 4)] == [
        ["register intake-clerks"],
        ["co-unit-opinion unit:housing", "investigate unit:water"],
        [],
        [],
    ]
    assert left_behind.state(number(4)) == states.CLOSED
    assert left_behind.problems() == []


def test_every_petition_goes_on_to_its_end(left_behind: Bureau, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Bureau, "petitioner", lambda _bureau, receipt: permissions.petitioner(receipt.case_number))
    first, second, third = (Receipt(number(place), "") for place in (1, 2, 3))
    left_behind.register(first)
    left_behind.route(first)
    left_behind.accept(first)
    left_behind.investigate(first)
    left_behind.complete(second.case_number, WATER, "investigate", findings="Rust in the new pipe.")
    left_behind.complete(second.case_number, HOUSING, "co-unit-opinion", opinion="The houses are sound.")
    for each in (first, second):
        left_behind.reply(each)
    for each in (first, second, third):
        left_behind.rate(each, "satisfied")
        assert left_behind.state(each.case_number) == states.CLOSED
        assert left_behind.names(each.case_number) == []
        assert {clock.state for clock in left_behind.read(each.case_number, SUPERVISOR).clocks} == {"stopped"}
    assert left_behind.problems() == []


def test_its_clocks_go_on_running(left_behind: Bureau) -> None:
    before = left_behind.due_on(number(2), "resolve")
    left_behind.wait(days=120)
    assert left_behind.due_on(number(2), "resolve") == before
    assert left_behind.clock_of(number(2), "resolve").breached_at is not None
    assert "look-into-breach role:supervisor" in left_behind.names(number(2))
    assert left_behind.problems() == []
