"""Petitions in bulk: every row is registered, known, or rejected with its reason; nothing is lost or doubled."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from bureau import SUPERVISOR, WATER, Bureau

from engine.errors import ExecutionFailed, InvalidInput, NotPermitted
from workflows.importing import intake, intake_maps
from workflows.register import cases
from workflows.register.case_lists import CaseQuery

MAP = """
[source]
name = "old-register"
[key]
column = "id"
[received_at]
column = "day"
format = "%Y-%m-%d"
[claims]
columns = ["type", "detail"]
[blank]
values = ["n/a"]
[person]
name = "name"
[[reject]]
when = { type = ["", "test"] }
reason = "it was a trial of the register"
[subject]
[[subject.sources]]
column = "type"
values = { "Water" = "utilities", "Roads" = "transport" }
[[subject.sources]]
column = "detail"
patterns = { "(?i)school" = "education" }
[place]
default = "county"
[[place.sources]]
column = "where"
values = { "Up" = "north" }
"""
HEADER = "id,day,type,detail,where,name\n"


@pytest.fixture
def desk(bureau: Bureau, tmp_path: Path) -> Desk:
    return Desk(bureau, tmp_path)


class Desk:
    """A register's export and its map, in files."""

    def __init__(self, bureau: Bureau, folder: Path) -> None:
        self.bureau = bureau
        self.rows, self.map = folder / "rows.csv", folder / "map.toml"
        self.rejects = folder / "rows.rejects.csv"
        self.map.write_text(MAP, encoding="utf-8")
        self.progress: list[tuple[int, int]] = []

    def take_in(self, rows: str | bytes, header: str = HEADER) -> intake.IntakeReport:
        data = rows if isinstance(rows, bytes) else rows.encode()
        self.rows.write_bytes(header.encode() + data)
        report = intake.run(
            self.bureau.engine, self.rows, self.map, lambda done, total: self.progress.append((done, total))
        )
        assert report.rows == report.registered + report.known + report.rejected
        return report

    def reasons(self) -> list[tuple[str, str]]:
        with self.rejects.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as file:
            return [(row["row"], row["reason"]) for row in csv.DictReader(file)]

    def cases(self) -> tuple[cases.Case, ...]:
        return self.bureau.ask(lambda tx: cases.find(tx, CaseQuery()))


def test_a_row_becomes_a_case_that_waits_with_the_unit_for_its_subject_and_place(desk: Desk):
    report = desk.take_in("7,2019-05-06,Water,brown,up,Ming\n")
    assert (report.registered, report.rejects) == (1, None)
    (case,) = desk.cases()
    assert (case.subject, case.place, case.source, case.source_key) == (
        "utilities",
        "north",
        "import",
        "old-register:7",
    )
    assert case.state == "assigned"
    assert case.lead_unit == "water"
    assert str(case.received_at) == "2019-05-05 16:00:00+00:00", "midnight here"
    assert desk.bureau.names(case.case_number) == ["accept-assignment unit:water"]
    file = desk.bureau.read(case.case_number)
    assert [text.body for text in file.texts] == ["Water, brown"]
    assert [person.name for person in file.people] == ["Ming"]


def test_the_time_of_a_case_taken_over_runs_from_when_it_came_here(desk: Desk):
    desk.take_in("7,2019-05-06,Water,brown,up,\n")
    (case,) = desk.cases()
    assert desk.bureau.due_on(case.case_number, "notify") == "2026-03-17"


def test_taking_a_file_in_twice_registers_nothing_twice(desk: Desk):
    rows = "7,2019-05-06,Water,brown,up,\n8,2019-05-06,Roads,holes,,\n"
    desk.take_in(rows)
    report = desk.take_in(rows + "9,2019-05-06,Roads,more holes,,\n")
    assert (report.registered, report.known, report.rejected) == (1, 2, 0)
    assert len(desk.cases()) == 3


def test_each_bad_row_is_rejected_with_its_reason_and_the_others_are_registered(desk: Desk):
    report = desk.take_in(
        b"1,2019-05-06,Water,brown,up,\n"
        b"2,soon,Water,brown,up,\n"
        b"3,2019-05-06,Magic,wands,up,\n"
        b"4,2019-05-06,Water\n"
        b"5,2019-05-06,Water,br\xe4un,up,\n"
        b" ,2019-05-06,Water,brown,up,\n"
        b"1,2019-05-07,Roads,holes,,\n"
        b"6,2019-05-06,TEST,,,\n"
        b"7,2019-05-06,n/a,n/a,,\n"
        b"8,2999-05-06,Water,brown,up,\n"
        b"9,2019-05-06,other,School bus,,\n"
    )
    assert (report.registered, report.rejected) == (2, 9)
    assert sorted(desk.reasons()) == [
        ("10", "received_at: expected a day that has come, but it is 2999-05-06"),
        ("2", "expected a day like %Y-%m-%d in day, but it is 'soon'"),
        ("3", "expected a subject that the map knows, but the row has type 'Magic', detail 'wands'"),
        ("4", "expected 6 columns, but the row has 3"),
        ("5", "expected text in utf-8-sig, but the row has other bytes"),
        ("6", "expected a key in id, but it is empty"),
        ("7", "expected a key of its own, but row 1 has '1' too"),
        ("8", "it was a trial of the register"),
        ("9", "expected the claims in type, detail, but they are empty"),
    ]
    assert b"br\xe4un" in desk.rejects.read_bytes(), "the row comes back as it was"
    assert {case.subject for case in desk.cases()} == {"utilities", "education"}


@pytest.mark.parametrize("closing", ["", 'Bo"'])
def test_a_quote_that_is_never_closed_swallows_no_other_row(desk: Desk, closing: str):
    report = desk.take_in(
        '1,2019-05-06,Water,brown,up,"Ming\n'
        "2,2019-05-06,Water,brown,up,\n"
        f"3,2019-05-06,Water,brown,up,{closing and chr(34) + closing}\n"
    )
    assert (report.rows, report.registered, report.rejected) == (3, 2, 1)
    ((row, reason),) = desk.reasons()
    assert row == "1"
    assert reason.startswith("expected a row that can be taken apart, but ")
    assert '1,2019-05-06,Water,brown,up,""Ming' in desk.rejects.read_text(), "the line comes back"


def test_a_field_that_is_too_long_to_read_comes_back_whole(desk: Desk):
    long = "x" * 140_000
    report = desk.take_in(f"1,2019-05-06,Water,{long},up,\n2,2019-05-06,Water,brown,up,\n")
    assert (report.registered, report.rejected) == (1, 1)
    assert long in desk.rejects.read_text()


def test_quotes_line_breaks_and_empty_lines_are_read_as_csv_means_them(desk: Desk):
    report = desk.take_in(b'1,2019-05-06,Water,"two\r\nlines, ""so called""",up,\r\n\r\n', "\ufeff" + HEADER)
    assert (report.rows, report.registered) == (1, 1)
    (text,) = desk.bureau.read(desk.cases()[0].case_number).texts
    assert text.body == 'Water, two\r\nlines, "so called"'


def test_a_day_that_no_calendar_has_rejects_its_row_alone(desk: Desk):
    report = desk.take_in("1,0001-01-01,Water,brown,up,\n2,2019-05-06,Water,brown,up,\n")
    assert (report.registered, report.rejected) == (1, 1)


def test_a_name_or_a_key_that_is_none_is_rejected_for_its_length(desk: Desk):
    report = desk.take_in(
        f"1,2019-05-06,Water,brown,up,{'n' * 501}\n{'k' * 201},2019-05-06,Water,brown,up,\n3,2019-05-06,Water,b,up,\n"
    )
    assert (report.registered, report.rejected) == (1, 2)
    assert sorted(reason for _, reason in desk.reasons()) == [
        "expected a key of at most 200 characters in id, but it has 201",
        "people: expected at most 500 characters for a name, a phone and an address, but one has 501",
    ]


def test_the_reject_file_goes_where_it_is_wanted_and_over_nothing_that_is_read(desk: Desk, tmp_path: Path):
    desk.rows.write_text(HEADER + "1,soon,Water,brown,up,\n")
    elsewhere = tmp_path / "elsewhere.csv"
    report = intake.run(desk.bureau.engine, desk.rows, desk.map, rejects=elsewhere)
    assert report.rejects == elsewhere
    assert "soon" in elsewhere.read_text()
    assert not desk.rejects.exists()
    for wrong in (desk.rows, desk.map):
        with pytest.raises(InvalidInput, match="Expected a reject file of its own"):
            intake.run(desk.bureau.engine, desk.rows, desk.map, rejects=wrong)
    with pytest.raises(InvalidInput, match="but it cannot be written"):
        intake.run(desk.bureau.engine, desk.rows, desk.map, rejects=tmp_path / "nowhere" / "rejects.csv")


def test_a_file_in_other_bytes_than_the_map_says_is_refused_whole(desk: Desk):
    desk.map.write_text(MAP.replace("[key]", 'encoding = "utf-16"\n[key]'))
    with pytest.raises(InvalidInput, match="Expected text in utf-16, but it cannot be read"):
        desk.take_in(b"\x00")


def test_a_reject_file_of_before_does_not_outlive_a_clean_run(desk: Desk):
    desk.take_in("2,soon,Water,brown,up,\n")
    assert desk.rejects.exists()
    desk.take_in("2,2019-05-06,Water,brown,up,\n")
    assert not desk.rejects.exists()


def test_one_row_that_the_engine_refuses_loses_no_other_of_its_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    register = cases.hand_in

    def picky(tx, petition):
        if petition.source_key == "old-register:2":
            raise ExecutionFailed("start", "the moon is full.")
        return register(tx, petition)

    monkeypatch.setattr(cases, "hand_in", picky)
    report = desk.take_in("".join(f"{number},2019-05-06,Water,brown,up,\n" for number in (1, 2, 3)))
    assert (report.registered, report.rejected) == (2, 1)
    assert desk.reasons() == [("2", "Expected to execute 'start', but the moon is full.")]
    assert [case.case_number for case in desk.cases()] == ["PJ-2026-000002", "PJ-2026-000001"]


def test_a_run_that_was_killed_goes_on_where_it_was(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    rows = "".join(f"{number},2019-05-06,Water,brown,up,\n" for number in range(5))
    monkeypatch.setattr(intake, "BATCH", 2)

    class Killed(BaseException):
        pass

    def kill(done: int, total: int) -> None:
        if done == 4:
            raise Killed

    desk.rows.write_text(HEADER + rows)
    with pytest.raises(Killed):
        intake.run(desk.bureau.engine, desk.rows, desk.map, kill)
    report = desk.take_in(rows)
    assert (report.registered, report.known) == (1, 4)
    assert len(desk.cases()) == 5


def test_progress_is_told_batch_by_batch(desk: Desk, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(intake, "BATCH", 2)
    desk.take_in("".join(f"{number},2019-05-06,Water,brown,up,\n" for number in range(3)))
    assert desk.progress == [(2, 3), (3, 3)]


def test_a_file_without_the_columns_of_the_map_is_refused_whole(desk: Desk):
    with pytest.raises(InvalidInput, match="Expected the columns day, where in"):
        desk.take_in("1,Water,brown,Ming\n", header="id,type,detail,name\n")
    with pytest.raises(InvalidInput, match="Expected the columns id once in"):
        desk.take_in("1,2019-05-06,Water,brown,up,,2\n", header="id,day,type,detail,where,name,id\n")
    with pytest.raises(InvalidInput, match="Expected a header and rows"):
        desk.take_in("", header="")
    desk.rows.unlink()
    with pytest.raises(InvalidInput, match="cannot be read"):
        intake.run(desk.bureau.engine, desk.rows, desk.map)


def test_a_unit_takes_in_no_files(desk: Desk):
    desk.rows.write_text(HEADER)
    with pytest.raises(NotPermitted):
        intake.run(desk.bureau.engine, desk.rows, desk.map, actor=WATER)
    assert intake.run(desk.bureau.engine, desk.rows, desk.map, actor=SUPERVISOR).rows == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[key]", "[keys]"), "expected a section \\[key\\], but there is none"),
        (('name = "old-register"', 'nam = "old-register"'), "expected a text name in \\[source\\]"),
        (('"utilities"', '"water"'), "as a subject, but there is 'water'"),
        (('"county"', '"moon"'), "as a place, but there is 'moon'"),
        (('"(?i)school"', '"(school"'), "expected a regular expression in \\[subject\\]"),
        (('column = "id"', "column = id"), "cannot be read"),
        (('values = { "Up" = "north" }', "values = { Up = 1 }"), "in every source of \\[place\\]"),
        (('columns = ["type", "detail"]', 'columns = "type"'), "expected a list columns in \\[claims\\]"),
        (('reason = "it was', 'because = "it was'), "expected when and reason in each \\[\\[reject\\]\\]"),
        (('columns = ["type", "detail"]', "columns = []"), "expected a list columns in \\[claims\\]"),
        (('columns = ["type", "detail"]', "columns = [5]"), "expected a list columns in \\[claims\\]"),
        (("[key]", 'encoding = "klingon"\n[key]'), "expected an encoding that is known, but there is 'klingon'"),
        (("[key]", "encoding = 5\n[key]"), "expected a text encoding in \\[source\\]"),
        (("[key]", 'delimiter = ";;"\n[key]'), "expected one character as a delimiter, but there is ';;'"),
        (('values = ["n/a"]', "values = 5"), "expected a list values in \\[blank\\]"),
        (("[blank]", "[[blank]]"), "expected one section \\[blank\\]"),
        (('name = "name"', "name = 5"), "expected a text name in \\[person\\]"),
        (('name = "name"', 'phone = "name"'), "expected a text name in \\[person\\]"),
        (("[[reject]]", "[reject]"), "expected each reason in \\[\\[reject\\]\\]"),
        (('{ type = ["", "test"] }', "5"), "expected columns with lists of values as when"),
        (('{ type = ["", "test"] }', "{ type = 5 }"), "expected columns with lists of values as when"),
        (('default = "county"', 'default = ["county"]'), "expected a text default in \\[place\\]"),
        (('[[place.sources]]\ncolumn = "where"\nvalues = { "Up" = "north" }', "sources = 5"), "list sources in"),
    ],
)
def test_what_is_wrong_with_a_map_is_said_before_anything_is_read(tmp_path: Path, change: tuple, message: str):
    path = tmp_path / "map.toml"
    path.write_text(MAP.replace(*change))
    with pytest.raises(InvalidInput, match=message):
        intake_maps.read(path)


def test_the_example_map_knows_real_dirt(tmp_path: Path):
    example = Path(__file__).parents[2] / "docs" / "intake" / "nyc-councilstat.toml"
    read = intake_maps.read(example)
    row = dict.fromkeys(read.columns, "") | {"unique_key": "NYCC1", "opendate": "2019-12-23"}

    def petition(**cells: str) -> cases.Petition:
        return read.petition({**row, **cells})

    lost = petition(complaint_type="@getxlate.Udf_Code_Genera", descriptor="Bicycles", city="Long Island City")
    assert (lost.subject, lost.place, lost.claims) == ("transport", "east", "Bicycles, Long Island City")
    assert petition(complaint_type="HOUSING AND BUILDINGS", zip="10467").place == "north"
    assert petition(complaint_type="Parks", community_board="02 Staten Island").place == "west"
    assert petition(complaint_type="Never heard of").subject == "other"
    assert petition(complaint_type="Parks", city="Yonkers").place == "county"
    for kind in ("", "Please choose an issue...", "@getxlate.Udf_Code_Genera"):
        with pytest.raises(intake_maps.Unusable):
            petition(complaint_type=kind)
