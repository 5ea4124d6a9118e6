"""People and their words: kept apart from the process, versioned, and erasable while everything else still holds."""

from __future__ import annotations

import pytest
from bureau import CHECKER, CLAIMS, CLERK, SUPERVISOR, WATER, Bureau

from engine import handlers, incidents, instances, user_tasks
from engine.errors import InvalidState, InvalidVariables, NotFound, NotPermitted
from engine.store.database import Transaction
from engine.user_tasks import UserTaskQuery
from workflows.papers import drafts, submissions, texts
from workflows.people import petitioners
from workflows.reading import audit, case_files
from workflows.register import cases


def test_a_person_is_erased_the_chain_still_verifies_and_the_case_still_reads(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    number = receipt.case_number
    bureau.investigate(receipt)
    bureau.reply(receipt)
    bureau.rate(receipt, "satisfied", "Thank you, says Ming Example.")
    (person,) = bureau.read(number).people
    bureau.do(lambda tx: petitioners.erase(tx, person.id, "asked for by the petitioner"), SUPERVISOR)

    file = bureau.read(number)
    assert [(each.name, each.phone, each.address) for each in file.people] == [(None, None, None)]
    erased = {text.kind for text in file.texts if text.erased_at is not None}
    assert erased == {"claims", "rating_reasons"}
    assert [text.words for text in file.texts if text.kind == "claims"] == ["[erased]"]
    assert file.case.state == "closed"
    assert bureau.follow(receipt).claims == "[erased]"
    assert "petitioner erased" in bureau.journal_text()
    assert bureau.problems() == []


@pytest.mark.parametrize("what", ["person", "text"])
def test_what_failures_said_goes_with_the_person_or_the_text_that_it_may_quote(bureau: Bureau, what: str):
    """Of one incident, and of one attempt of its retry."""

    def fails(**_: object) -> dict[str, object]:
        raise ValueError("no such street: 3 Well Lane, Ming Example")

    mended = bureau.engine.handlers
    bureau.engine.handlers = handlers.read(dict.fromkeys(mended, fails))
    receipt, other = bureau.hand_in(), bureau.hand_in()
    bureau.wait(minutes=5)
    for incident in bureau.ask(incidents.find):
        bureau.do(lambda tx, incident_id=incident.id: incidents.retry(tx, incident_id), SUPERVISOR)
    assert [text.count("Ming Example") for text in _said_of_failures(bureau, receipt.case_number)] == [1, 1]
    before = _said_of_failures(bureau, other.case_number)

    (person,) = bureau.read(receipt.case_number).people
    (claims,) = bureau.read(receipt.case_number).texts
    if what == "person":
        bureau.do(lambda tx: petitioners.erase(tx, person.id, "asked for by the petitioner"), SUPERVISOR)
    else:
        bureau.do(lambda tx: texts.erase(tx, claims.id, "names a neighbour"), SUPERVISOR)
    assert _said_of_failures(bureau, receipt.case_number) == ["None None", "None"]
    assert _said_of_failures(bureau, other.case_number) == before

    bureau.engine.handlers = mended
    bureau.wait(minutes=5)
    assert bureau.names(receipt.case_number) == bureau.names(other.case_number) == ["register intake-clerks"]
    assert bureau.problems() == []


def _said_of_failures(bureau: Bureau, case_number: str) -> list[str]:
    """What stands beside the journal of one incident and one job of a case."""

    def work(tx: Transaction) -> list[str]:
        instance_id = instances.find(tx, case_number).id
        asked = "trace, variables FROM incidents", "last_error FROM jobs"
        (incident,), (job,) = (
            tx.connection.exec_driver_sql(f"SELECT {sql} WHERE instance_id = {instance_id}").all() for sql in asked
        )
        return [" ".join(map(str, row)) for row in (incident, job)]

    return bureau.ask(work)


def test_nobody_but_a_supervisor_erases(bureau: Bureau):
    receipt = bureau.hand_in()
    (person,) = bureau.read(receipt.case_number).people
    with pytest.raises(NotPermitted):
        bureau.do(lambda tx: petitioners.erase(tx, person.id, "no reason"), CLERK)
    with pytest.raises(NotPermitted):
        bureau.do(lambda tx: texts.erase(tx, 1, "no reason"), CLERK)


def test_an_erased_text_keeps_its_hash_but_not_the_salt_to_try_words_against_it(bureau: Bureau):
    receipt = bureau.hand_in()
    reference = bureau.variables(receipt.case_number)["claims"]
    bureau.do(lambda tx: texts.erase(tx, reference["text"], "names a neighbour"), SUPERVISOR)
    row = bureau.ask(lambda tx: tx.connection.exec_driver_sql("SELECT body, salt, hash FROM texts").one())
    assert tuple(row) == (None, None, reference["hash"])
    assert bureau.ask(audit.verify) == [], "what was erased was not altered"
    assert "text erased" in bureau.journal_text()
    assert "neighbour" not in bureau.journal_text(), "the reason is free text, and stands in the text's row"
    with pytest.raises(InvalidState, match="Expected to erase text 1, but it was erased at"):
        bureau.do(lambda tx: texts.erase(tx, reference["text"], "again"), SUPERVISOR)


@pytest.mark.parametrize("change", ["UPDATE texts SET body = body || '.'", "DELETE FROM texts"])
def test_a_text_changed_behind_the_offices_back_shows_at_the_entry_that_points_to_it(bureau: Bureau, change: str):
    bureau.hand_in()
    assert bureau.ask(audit.verify) == []
    bureau.do(lambda tx: tx.connection.exec_driver_sql(change))
    (finding,) = bureau.ask(audit.verify)
    assert (finding.instance_id, finding.seq) == (1, 1)
    assert "expected text 1 of the case file to be what was written then" in finding.what
    assert bureau.ask(lambda tx: audit.verify(tx, instance_id=1, replayed=True)) == [finding]


def test_words_and_hash_changed_together_show_too(bureau: Bureau):
    bureau.hand_in()
    bureau.do(lambda tx: tx.connection.exec_driver_sql("UPDATE texts SET body = NULL, salt = NULL, hash = 'other'"))
    assert len(bureau.ask(audit.verify)) == 1


def test_the_same_words_have_different_hashes(bureau: Bureau):
    first, second = (bureau.variables(bureau.hand_in().case_number)["claims"]["hash"] for _ in range(2))
    assert first != second


def test_a_reply_sent_back_and_written_anew_is_the_next_version(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    bureau.investigate(receipt)
    number = receipt.case_number
    bureau.complete(number, WATER, "draft-reply", outcome="explain", reply="It is the season.", legal_basis="None")
    bureau.complete(number, CHECKER, "check-reply", check_verdict="back", check_remarks="No.")
    bureau.complete(number, WATER, "draft-reply", outcome="support", reply="It is the pipe.", legal_basis="None")
    written = [text for text in bureau.read(number).texts if text.kind in ("reply", "legal_basis")]
    assert [(text.kind, text.version, text.body) for text in written] == [
        ("reply", 1, "It is the season."),
        ("legal_basis", 1, "None"),
        ("reply", 2, "It is the pipe."),
    ], "what was not changed is no new version"


def test_each_co_units_opinion_is_a_text_of_its_own(bureau: Bureau):
    receipt = bureau.bring_to_handling()
    bureau.investigate(receipt)
    opinions = [text for text in bureau.read(receipt.case_number).texts if text.kind == "opinion"]
    assert {(text.name, text.version) for text in opinions} == {("roads", 1), ("housing", 1)}


def test_a_form_shows_the_words_that_its_variables_point_to(bureau: Bureau):
    receipt = bureau.hand_in()
    (task,) = bureau.open_tasks(receipt.case_number).values()
    shown = bureau.ask(lambda tx: submissions.prefill(tx, task.id), CLERK)
    assert shown["claims"] == CLAIMS
    with pytest.raises(NotPermitted):
        bureau.ask(lambda tx: submissions.prefill(tx, task.id), WATER)


def test_references_are_opened_however_deep_they_lie(bureau: Bureau):
    receipt = bureau.hand_in()
    reference = bureau.variables(receipt.case_number)["claims"]
    nested = {"rows": [{"words": reference}, 3]}
    assert bureau.ask(lambda tx: texts.resolve(tx, nested)) == {"rows": [{"words": CLAIMS}, 3]}


def test_a_user_task_is_completed_by_one_person_and_the_second_is_told_who(bureau: Bureau):
    receipt = bureau.hand_in()
    (task,) = bureau.open_tasks(receipt.case_number).values()
    bureau.register(receipt)
    with pytest.raises(InvalidState, match="completed at 09:00 by clerk"):
        bureau.do(lambda tx: submissions.submit(tx, task.id, {"intake_decision": "accept"}), CLERK)


def test_every_reading_of_a_case_is_in_its_journal_with_who_and_why(bureau: Bureau):
    receipt = bureau.hand_in()
    bureau.do(lambda tx: case_files.read(tx, receipt.case_number, "inquiry"), CLERK)
    bureau.follow(receipt)
    journal = bureau.journal_text()
    assert '"case read", {"purpose": "inquiry", "groups": ["intake-clerks", "petition-office"' in journal
    assert f'"petitioner:{receipt.case_number}"' in journal
    with pytest.raises(InvalidVariables, match="purpose: expected one of handling, supervision"):
        bureau.do(lambda tx: case_files.read(tx, receipt.case_number, "curiosity"), CLERK)


def test_a_case_and_its_code_are_found_together_only(bureau: Bureau):
    receipt = bureau.hand_in()
    number, code = receipt.case_number, receipt.query_code
    for tried in (code, code.lower(), code.replace("-", " ")):
        assert bureau.ask(lambda tx, tried=tried: cases.identify(tx, number.lower(), tried)).groups >= {
            f"case:{number}"
        }
    said = set()
    for wrong in ((number, "AAAA-AAAA-AAAA"), (number, ""), (number.replace("1", "2"), code)):
        with pytest.raises(NotFound) as refusal:
            bureau.ask(lambda tx, wrong=wrong: cases.identify(tx, *wrong))
        said.add(str(refusal.value).replace(wrong[0], "N"))
    assert len(said) == 1, "nobody learns which of the two was wrong"


def test_what_someone_types_is_kept_as_their_own_draft_until_they_send_it(bureau: Bureau):
    receipt = bureau.hand_in()
    (task,) = bureau.ask(lambda tx: user_tasks.find(tx, UserTaskQuery(candidate="clerk", groups=CLERK.groups)), CLERK)
    bureau.do(lambda tx: drafts.save(tx, task.id, {"missing": ["Which ho"]}), CLERK)
    bureau.do(lambda tx: drafts.save(tx, task.id, {"missing": ["Which house?"]}), CLERK)
    saved = bureau.ask(lambda tx: drafts.find(tx, task.id), CLERK)
    assert saved is not None
    assert saved.values == {"missing": ["Which house?"]}
    assert bureau.ask(lambda tx: drafts.find(tx, task.id), SUPERVISOR) is None
    with pytest.raises(NotPermitted):
        bureau.do(lambda tx: drafts.save(tx, task.id, {}), WATER)
    bureau.register(receipt)
    assert bureau.ask(lambda tx: drafts.find(tx, task.id), CLERK) is None
    with pytest.raises(
        InvalidState, match=f"Expected to keep a draft for user task {task.id}, but it was completed at 09:00 by clerk"
    ):
        bureau.do(lambda tx: drafts.save(tx, task.id, {"missing": ["Typed on"]}), CLERK)


@pytest.mark.parametrize("by", ["withdrawal", "erasure"])
def test_no_draft_outlives_its_case_or_the_person_it_may_name(bureau: Bureau, by: str):
    receipt = bureau.hand_in()
    (task,) = bureau.open_tasks(receipt.case_number).values()
    bureau.do(lambda tx: drafts.save(tx, task.id, {"missing": ["Where does Ming Example live?"]}), CLERK)
    if by == "withdrawal":
        bureau.withdraw(receipt)
    else:
        (person,) = bureau.read(receipt.case_number).people
        bureau.do(lambda tx: petitioners.erase(tx, person.id, "asked for"), SUPERVISOR)
    assert bureau.ask(lambda tx: drafts.find(tx, task.id), CLERK) is None
