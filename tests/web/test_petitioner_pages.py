"""What a petitioner does without an account."""

from __future__ import annotations

import re

import pytest

from tests.bureau import CLERK, Bureau
from tests.web.conftest import Visitor
from web.app import create_app
from web.settings import load
from workflows.papers import texts
from workflows.people import petitioners
from workflows.register.cases import Receipt

PETITION = {
    "claims": "We ask that the pipe in Well Lane be replaced.",
    "facts": "Since the spring the water is brown.",
    "place": "north",
    "subject": "utilities",
    "name": "Ming Example",
    "address": "3 Well Lane",
    "_do": "submit",
}


def test_whose_pages_these_are_is_said_on_the_first_and_at_the_foot_of_every_one(bureau, tmp_path, app):
    named = load({"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_OFFICE_NAME": "Office of <Lake> County"})
    visitor = Visitor(create_app(named, bureau.engine).test_client())
    assert "Office of &lt;Lake&gt; County" in visitor.client.get("/follow").text.partition("<footer")[2]
    visitor.get("/")
    assert "Office of <Lake> County" in visitor.page.partition("<main")[2].partition("</main>")[0]


@pytest.fixture
def followed(bureau: Bureau, visitor: Visitor) -> Receipt:
    """A petition that the visitor has shown number and code of."""
    receipt = bureau.hand_in()
    visitor.get("/follow")
    visitor.post("/follow", number=receipt.case_number, code=receipt.query_code)
    return receipt


def hand_in(visitor: Visitor, **changes: str) -> str:
    visitor.get("/petition/new")
    return visitor.post("/petition/new", {**PETITION, **changes})


def number_of(visitor: Visitor) -> str:
    return re.search(r"PJ-\d{4}-\d{6}", visitor.text)[0]


def test_number_and_code_are_shown_once_and_open_the_petition(visitor, bureau, app):
    assert "Your petition was received" in hand_in(visitor)
    number, code = number_of(visitor), re.search(r'query-code">([^<]+)<', visitor.page)[1]
    other = Visitor(app.test_client())
    other.get("/follow")
    assert "Received, not yet registered" in other.post("/follow", number=number.lower(), code=code.lower())
    assert "We ask that the pipe" in other.text


def test_what_was_handed_in_stands_in_the_case_file_under_its_headings(visitor, bureau):
    hand_in(visitor)
    (claims,) = bureau.ask(lambda tx: texts.of_case(tx, number_of(visitor)))
    assert claims.words == (
        "What is asked for:\nWe ask that the pipe in Well Lane be replaced.\n\n"
        "What happened:\nSince the spring the water is brown."
    )


def test_everything_that_is_missing_is_said_at_once_and_nothing_typed_is_lost(visitor):
    page = hand_in(visitor, claims="", name="", facts="The <b>water</b> is brown.")
    assert visitor.answer.status_code == 422
    assert "What do you ask for? An answer is needed." in page
    assert "Name: An answer is needed." in page
    assert 'href="#field-claims"' in visitor.page
    assert 'id="field-claims"' in visitor.page
    assert "The &lt;b&gt;water&lt;/b&gt; is brown." in visitor.answer.get_data(as_text=True)


def test_without_a_name_none_is_asked_for(visitor, bureau):
    hand_in(visitor, name="", address="", anonymous="true")
    assert bureau.ask(lambda tx: petitioners.of_case(tx, number_of(visitor))) == ()


def test_people_are_added_and_removed_without_a_script(visitor, bureau):
    hand_in(visitor, _do="add:others")
    assert 'name="others.0.name"' in visitor.page
    assert 'value="add:others" formaction="#field-others"' in visitor.page
    assert "We ask that the pipe" in visitor.page
    rows = {"others.0.name": "Hua", "others.1.name": "Lan"}
    visitor.post("/petition/new", {**PETITION, **rows, "_do": "remove:others:0"})
    assert 'name="others.0.name" value="Lan"' in visitor.page
    assert "others.1.name" not in visitor.page
    visitor.post("/petition/new", {**PETITION, "others.0.name": "Lan"})
    people = bureau.ask(lambda tx: petitioners.of_case(tx, number_of(visitor)))
    assert [person.name for person in people] == ["Ming Example", "Lan"]


def test_a_page_hides_what_does_not_apply(visitor):
    visitor.get("/petition/new")
    visitor.post("/petition/new/conditions", anonymous="true")
    assert visitor.answer.get_json() == {"hidden": ["name", "address", "phone", "others"]}


def test_a_wrong_code_and_a_wrong_number_are_told_alike(visitor, bureau):
    receipt = bureau.hand_in()
    visitor.get("/follow")
    wrong_code = visitor.post("/follow", number=receipt.case_number, code="0000-0000-0000")
    wrong_number = visitor.post("/follow", number="PJ-2026-000999", code=receipt.query_code)
    assert "No petition has this number and this query code." in wrong_code
    assert wrong_code.replace(receipt.case_number, "") == wrong_number.replace("PJ-2026-000999", "")


def test_who_guesses_too_many_codes_has_to_wait(bureau, tmp_path, app):
    receipt = bureau.hand_in()
    limited = load({"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_LOOK_UP_LIMIT": "3 per minute"})
    visitor = Visitor(create_app(limited, bureau.engine).test_client())
    visitor.get("/follow")
    for code in ("AAAA", "BBBB", "CCCC"):
        assert "Check both." in visitor.post("/follow", number=receipt.case_number, code=code)
    assert "Too many tries" in visitor.post("/follow", number=receipt.case_number, code=receipt.query_code)


def test_leaving_closes_the_petition_on_this_computer(visitor, followed):
    visitor.post("/petition/leave")
    assert "Query code" in visitor.get("/petition")


def test_what_was_asked_for_is_handed_in_later(visitor, bureau, followed):
    ask = {"subject": "utilities", "place": "north", "category": "redress", "intake_decision": "supplement"}
    bureau.complete(followed.case_number, CLERK, "register", **ask, missing="Please say which lane it is.")
    assert "Please say which lane it is." in visitor.get("/petition")
    assert "What was missing: An answer is needed." in visitor.post("/petition/supplement")
    assert "The office goes on with your petition." in visitor.post("/petition/supplement", supplement="Well Lane.")
    assert "Hand it in" not in visitor.text


def test_withdrawing_needs_free_will(visitor, bureau, followed):
    visitor.get("/petition/withdraw")
    page = visitor.post("/petition/withdraw", reason="It was mended.")
    assert "An answer is needed." in page
    assert "It was mended." in page
    assert "Your petition is withdrawn." in visitor.post(
        "/petition/withdraw", reason="It was mended.", free_will="true"
    )
    bureau.engine.run_to_rest()
    assert bureau.state(followed.case_number) == "closed"
    assert "withdrawn" in visitor.get("/petition")


def test_a_petition_is_rated_only_when_it_asks_for_it(visitor, followed):
    page = visitor.post("/petition/rate", rating="satisfied", office_score="5", unit_score="5")
    assert visitor.answer.status_code == 409
    assert "does not ask for a rating now" in page


def test_one_who_follows_nothing_can_do_nothing(visitor):
    visitor.get("/")
    page = visitor.post("/petition/rate", rating="satisfied", reasons="The pipe is new.")
    assert visitor.answer.status_code == 401
    assert "Open it by number and query code" in page
    assert "The pipe is new." in page
