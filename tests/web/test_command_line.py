"""The command `pujiang`, called as one calls it."""

from __future__ import annotations

import csv
import logging
import os
import socket
import sqlite3

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from engine import deployments, instances
from engine.store.tables import journal, process_instances
from tests.bureau import Bureau
from tests.engine.core.case import diagram, process
from web.cli import main
from workflows.organisation import accounts
from workflows.register import cases

MAP = """
[source]
name = "register"
[key]
column = "id"
[received_at]
column = "day"
format = "%Y-%m-%d"
[claims]
columns = ["text"]
[subject]
default = "utilities"
[place]
default = "north"
"""


@pytest.fixture
def run(tmp_path):
    """Runs a command on the database of a folder of its own."""

    def run(*arguments: str, **variables: str) -> Result:
        environment = {"PUJIANG_DATA_DIR": str(tmp_path), **variables}
        return CliRunner().invoke(main, arguments, env=environment)

    return run


def test_a_new_database_is_made_and_its_journals_are_whole(run, tmp_path):
    assert "is up to date" in run("migrate").output
    assert (tmp_path / "pujiang.db").exists()
    result = run("verify")
    assert result.exit_code == 0
    assert "The journals of 0 cases are whole." in result.output


def test_nobody_else_on_the_machine_reads_the_database(run, tmp_path):
    before = os.umask(0o022)
    try:
        run("migrate")
    finally:
        os.umask(before)
    assert (tmp_path / "pujiang.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("command", ["migrate", "verify"])
def test_a_file_that_is_no_database_is_told_in_one_line(run, tmp_path, command):
    (tmp_path / "pujiang.db").write_text("Dear Sir or Madam, this is a letter and no database.\n" * 20)
    result = run(command)
    assert result.exit_code == 1
    assert "Error: Expected an SQLite database, but the file is none, or is damaged. (file is not" in result.output


def test_what_a_page_refuses_is_in_the_log_without_being_asked_for(run):
    run("settings")
    assert logging.getLogger("pujiang.web").isEnabledFor(logging.INFO)


def test_verify_ends_with_1_where_a_byte_was_changed(run, tmp_path):
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}")
    bureau.hand_in()
    changing = sa.update(journal).where(journal.c.seq == 2).values(actor="somebody")
    bureau.engine.transact(lambda tx: tx.connection.execute(changing))
    bureau.close()
    result = run("verify")
    assert result.exit_code == 1
    assert "entry 2: expected its hash to fit its content" in result.output
    assert "in the journals of 1 case." in result.output


def test_verify_sees_a_state_that_its_history_does_not_lead_to(run, tmp_path):
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}")
    bureau.hand_in()
    table = process_instances
    changing = sa.update(table).values(state=sa.func.replace(table.c.state, "cn-2022", "cn-2023"))
    bureau.engine.transact(lambda tx: tx.connection.execute(changing))
    bureau.close()
    assert run("verify", "--chain-only").exit_code == 0
    result = run("verify")
    assert result.exit_code == 1
    assert "expected the stored state to be what its history leads to" in result.output


def test_looking_at_a_database_changes_nothing_in_it(run, tmp_path):
    for command in (("verify",), ("clock", "show")):
        result = run(*command)
        assert result.exit_code == 1
        assert "but it is not there." in result.output
        assert not (tmp_path / "pujiang.db").exists()
    (tmp_path / "pujiang.db").touch()
    assert "but it is empty." in run("verify").output
    run("migrate")
    with sqlite3.connect(tmp_path / "pujiang.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = 'older' WHERE version_num LIKE 'engine%'")
    assert "but it is of another release." in run("verify").output


def test_histories_go_when_their_time_is_over_but_those_of_cases_stay(run, tmp_path):
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}")
    drawn = diagram(process('<startEvent id="s"/><endEvent id="e"/>', "s e", key="LETTER"))
    bureau.do(lambda tx: deployments.deploy(tx, {"letter.bpmn": drawn}))
    bureau.do(lambda tx: instances.start(tx, "LETTER", business_key="letter-1"))
    receipt = bureau.hand_in()
    bureau.withdraw(receipt)
    assert not bureau.ask(lambda tx: cases.get(tx, receipt.case_number)).is_open
    bureau.close()
    assert "0 histories removed." in run("clean-up").output
    assert "1 history removed." in run("clean-up", PUJIANG_HISTORY_DAYS="1").output
    assert "The journals of 1 case are whole." in run("verify").output


def test_the_clock_is_moved_and_shown(run, tmp_path):
    run("migrate")
    assert "ahead" not in run("clock", "show").output
    refused = run("clock", "advance", "20d")
    assert refused.exit_code == 1
    assert "Expected a demonstration's database" in refused.output
    assert "(20 days ahead of the world)" in run("clock", "advance", "20d", "--real-cases").output
    assert "(20 days ahead of the world)" in run("clock", "show").output
    assert "expected a number of days or hours such as 20d" in run("clock", "advance", "soon").output
    assert "expected at most 366 days at once" in run("clock", "advance", "4000d").output


def test_rows_are_registered_once_and_bad_ones_come_back_with_their_reason(run, tmp_path):
    (tmp_path / "map.toml").write_text(MAP)
    (tmp_path / "rows.csv").write_text("id,day,text\n1,2026-03-02,The water is brown\n2,yesterday,No day\n")
    arguments = ("intake", str(tmp_path / "rows.csv"), "--map", str(tmp_path / "map.toml"))
    assert "1 registered, 0 known already, 1 rejected." in run(*arguments).output
    assert "0 registered, 1 known already, 1 rejected." in run(*arguments).output
    with (tmp_path / "rows.rejects.csv").open(encoding="utf-8-sig") as file:
        (row,) = csv.DictReader(file)
    assert row["row"] == "2"
    assert "yesterday" in row["reason"]
    elsewhere = tmp_path / "elsewhere.csv"
    assert str(elsewhere) in run(*arguments, "--rejects", str(elsewhere)).output.replace("\n", "")
    assert elsewhere.exists()


@pytest.mark.parametrize(
    ("variables", "message"),
    [
        (
            {"PUJIANG_PORT": "eighty"},
            "Expected PUJIANG_PORT to be a whole number from 0 to 1,000,000, but it is 'eighty'.",
        ),
        ({"PUJIANG_PROT": "80"}, "but PUJIANG_PROT is none: is PUJIANG_PORT meant?"),
        ({"PUJIANG_DATABASE_URL": "nonsense"}, "Expected a database URL"),
    ],
)
def test_a_setting_that_cannot_be_used_is_said_in_one_line(run, variables, message):
    result = run("migrate", **variables)
    assert result.exit_code == 1
    assert message in result.output
    assert "Traceback" not in result.output


def test_the_first_account_comes_from_the_command_line(run, tmp_path):
    arguments = ("account", "add", "mei", "--person", "Mei Example", "--group", "role:supervisor", "--password")
    assert "Mei Example can sign in as mei." in run(*arguments, "long enough").output
    assert "expected a sign-in that is free" in run(*arguments, "long enough").output
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}")
    signed_in = bureau.ask(lambda tx: accounts.sign_in(tx, "mei", "long enough"))
    bureau.close()
    assert signed_in.groups == {"role:supervisor"}


def test_without_a_terminal_a_password_is_a_line_of_the_input(tmp_path):
    arguments = ("account", "add", "mei", "--person", "Mei Example", "--group", "role:supervisor")

    def given(text):
        return CliRunner().invoke(main, arguments, env={"PUJIANG_DATA_DIR": str(tmp_path)}, input=text)

    assert given("").output == "Error: Expected a password as a line of the input, but there is none.\n"
    assert given("long enough\nmore\n").output == "Mei Example can sign in as mei.\n"
    bureau = Bureau(f"sqlite:///{tmp_path / 'pujiang.db'}")
    assert bureau.ask(lambda tx: accounts.sign_in(tx, "mei", "long enough")).id == "mei"
    bureau.close()


def test_an_account_in_a_group_that_is_misspelt_is_refused(run):
    arguments = ("account", "add", "mei", "--person", "Mei Example", "--password", "long enough", "--group")
    refused = run(*arguments, "role:supervsor", "--group", "unit:nowhere")
    assert refused.exit_code == 1
    assert "but found role:supervsor, unit:nowhere" in refused.output
    assert run(*arguments, "unit:water", "--group", "flood-watch").exit_code == 0


def test_a_port_that_is_taken_is_named(run):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        result = run("serve", "--port", str(port))
    assert result.exit_code == 1
    assert f"127.0.0.1, port {port}. Choose another one with --port" in result.output


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_of_another_machine_is_said_to_be_none_of_this_one(run, host):
    result = run("serve", "--host", host, "--port", "0")
    assert result.exit_code == 1
    assert f"{host}, port 0. Choose an address of this machine with --host" in result.output


def test_settings_are_shown_without_secrets(run):
    addresses = {
        "PUJIANG_DATABASE_URL": "postgresql://me:hush@db/pujiang",
        "PUJIANG_BROKER_URL": "redis://:hush@broker/0",
    }
    shown = run("settings", PUJIANG_SECRET_KEY="hush" * 8, **addresses).output
    assert "PUJIANG_PORT" in shown
    assert "hush" not in shown


def test_a_server_that_does_not_answer_is_told_with_what_the_driver_said(run):
    result = run("verify", PUJIANG_DATABASE_URL="postgresql://someone:hidden@127.0.0.1:1/pujiang")
    assert result.exit_code == 1
    assert "Expected to reach the database, but it does not answer. (connection failed" in result.output
    assert "hidden" not in result.output
    assert "Traceback" not in result.output


def test_every_command_works_on_postgresql(run, postgresql):
    url = postgresql.empty()
    where = {"PUJIANG_DATABASE_URL": url.replace("postgresql", "postgres")}
    assert "is up to date." in run("migrate", **where).output
    Bureau(url).hand_in()
    assert "The journals of 1 case are whole." in run("verify", **where).output
    assert "It is " in run("clock", "show", **where).output
    added = run(
        "account", "add", "mei", "--person", "Mei", "--group", "role:supervisor", "--password", "long enough", **where
    )
    assert "Mei can sign in as mei." in added.output
    assert "postgres://" in run("settings", **where).output
    postgresql.drop(url)
