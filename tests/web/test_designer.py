"""The designer's pages: what is deployed, what is wrong with a diagram, and its next version."""

from __future__ import annotations

import io
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from playwright.sync_api import BrowserContext, Page, expect
from werkzeug.serving import make_server

from engine import deployments, instances
from engine.actors import Actor
from engine.core.behaviours import BEHAVIOURS
from engine.engine import Engine
from web import designer, settings
from web.app import create_app
from workflows import permissions
from workflows.organisation import accounts

PASSWORD = "long-enough-for-a-test"

LETTER = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"
    xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI" xmlns:dc="http://www.omg.org/spec/DD/20100524/DC"
    xmlns:di="http://www.omg.org/spec/DD/20100524/DI" xmlns:camunda="http://camunda.org/schema/1.0/bpmn"
    id="file" targetNamespace="letters">
  <bpmn:process id="letter" name="Letter" isExecutable="true">
    <bpmn:startEvent id="start" name="Asked for" />
    <bpmn:sequenceFlow id="start--write" sourceRef="start" targetRef="write" />
    <bpmn:userTask id="write" name="Write it" camunda:candidateGroups="clerks" />
    <bpmn:sequenceFlow id="write--end" sourceRef="write" targetRef="end" />
    <bpmn:endEvent id="end" name="Written" />
  </bpmn:process>
  <bpmndi:BPMNDiagram id="diagram">
    <bpmndi:BPMNPlane id="plane" bpmnElement="letter">
      <bpmndi:BPMNShape id="start-shape" bpmnElement="start"><dc:Bounds x="180" y="100" width="36" height="36" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="write-shape" bpmnElement="write"><dc:Bounds x="280" y="78" width="100" height="80" /></bpmndi:BPMNShape>
      <bpmndi:BPMNShape id="end-shape" bpmnElement="end"><dc:Bounds x="450" y="100" width="36" height="36" /></bpmndi:BPMNShape>
      <bpmndi:BPMNEdge id="f1" bpmnElement="start--write"><di:waypoint x="216" y="118" /><di:waypoint x="280" y="118" /></bpmndi:BPMNEdge>
      <bpmndi:BPMNEdge id="f2" bpmnElement="write--end"><di:waypoint x="380" y="118" /><di:waypoint x="450" y="118" /></bpmndi:BPMNEdge>
    </bpmndi:BPMNPlane>
  </bpmndi:BPMNDiagram>
</bpmn:definitions>
"""

UNRUNNABLE = LETTER.replace("bpmn:userTask", "bpmn:scriptTask").replace(' camunda:candidateGroups="clerks"', "")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = Engine(f"sqlite:///{tmp_path}/pujiang.db", authorise=permissions.decide)
    engine.upgrade("workflows:migrations/versions")
    engine.transact(lambda tx: accounts.add(tx, "dee", "Dee Signer", PASSWORD, {permissions.DESIGNER}))
    engine.transact(lambda tx: accounts.add(tx, "ann", "Ann Clerk", PASSWORD, {permissions.CASEWORKER}))
    engine.transact(lambda tx: deployments.deploy(tx, {"letter.bpmn": LETTER.encode()}))
    yield engine
    engine.stop()


@pytest.fixture
def app(engine: Engine, tmp_path: Path) -> Flask:
    app = create_app(settings.load({"PUJIANG_DATA_DIR": str(tmp_path)}), engine)
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return signed_in(app, "dee")


def signed_in(app: Flask, name: str) -> FlaskClient:
    client = app.test_client()
    response = client.post("/sign-in", data={"name": name, "password": PASSWORD})
    assert response.status_code == 302
    return client


def upload(content: str | bytes, name: str = "letter.bpmn", **fields: str) -> dict[str, Any]:
    raw = content.encode() if isinstance(content, str) else content
    return {"data": {"file": (io.BytesIO(raw), name), **fields}, "content_type": "multipart/form-data"}


def versions(engine: Engine, key: str = "letter") -> list[int]:
    return [definition.version for definition in engine.read(lambda tx: deployments.versions(tx, key))]


# Looking


def test_every_kind_of_element_has_a_name_on_pages_and_on_the_board() -> None:
    assert set(designer.KINDS) == set(BEHAVIOURS) - {"process"}
    script = Path(designer.__file__).with_name("assets") / "js" / "steps.js"
    on_board = dict(re.findall(r'"bpmn:(\w+)": "(.+)",', script.read_text("utf-8")))
    assert {kind[0].lower() + kind[1:]: name for kind, name in on_board.items()} == dict(designer.KINDS)


def test_the_list_says_how_many_cases_run_on_each_version(client: FlaskClient, engine: Engine) -> None:
    engine.transact(lambda tx: instances.start(tx, "letter", business_key="L-1", variables={}))
    page = client.get("/designer/").text
    assert re.search(r'>Letter</a>.*?data-label="Cases in it"[^>]*>1<', page, re.DOTALL)


def test_a_version_shows_its_steps_as_a_table_too(client: FlaskClient) -> None:
    page = client.get("/designer/letter/1").text
    assert re.search(r"Write it</th>\s*<td[^>]*>User task</td>.*?<td[^>]*>Written</td>", page, re.DOTALL)


def test_the_file_is_given_as_it_was_deployed_and_never_as_something_a_browser_runs(client: FlaskClient) -> None:
    response = client.get("/designer/letter/1/source")
    assert response.text == LETTER
    assert response.content_type == "text/plain; charset=utf-8"


def test_a_version_that_is_not_there_is_not_found(client: FlaskClient) -> None:
    assert client.get("/designer/letter/7").status_code == 404


# Who may


def test_a_caseworker_may_look_at_a_diagram_but_not_change_it(app: Flask, engine: Engine) -> None:
    clerk = signed_in(app, "ann")
    assert clerk.get("/designer/letter/1").status_code == 200
    assert "Edit" not in clerk.get("/designer/letter/1").text
    assert "Open a file" not in clerk.get("/designer/").text
    assert clerk.get("/designer/letter/1/edit").status_code == 403
    assert clerk.post("/designer/check", data=LETTER).status_code == 403
    assert clerk.post("/designer/open", **upload(LETTER)).status_code == 403
    assert clerk.post("/designer/deploy", **upload(UNRUNNABLE)).status_code == 403
    assert versions(engine) == [1]


def test_a_stranger_is_asked_to_sign_in(app: Flask) -> None:
    response = app.test_client().get("/designer/")
    assert response.status_code == 302
    assert response.location.startswith("/sign-in")


def test_a_deployment_from_another_site_is_refused(app: Flask, client: FlaskClient, engine: Engine) -> None:
    app.config["WTF_CSRF_ENABLED"] = True
    response = client.post("/designer/deploy", **upload(LETTER.replace("Write it", "Write it well")))
    assert response.status_code == 400
    assert versions(engine) == [1]


# Checking


def test_a_check_names_every_problem_with_element_and_line(client: FlaskClient) -> None:
    answer = client.post("/designer/check", data=UNRUNNABLE).get_json()
    assert [(problem["element"], problem["line"]) for problem in answer["problems"]] == [("write", 9)]
    assert answer["problems"][0]["wrong"]


def test_a_check_says_where_a_case_would_stop(client: FlaskClient) -> None:
    with_form = LETTER.replace('name="Write it"', 'name="Write it" camunda:formRef="not-deployed"')
    answer = client.post("/designer/check", data=with_form).get_json()
    assert answer["problems"] == []
    assert [(hint["element"], hint["wrong"]) for hint in answer["hints"]] == [
        ("write", "The form 'not-deployed' that it names is not there.")
    ]


@pytest.mark.parametrize(
    ("what", "content"),
    [
        ("nothing", b""),
        ("no XML", b"\x89PNG\r\n"),
        ("half a file", LETTER[:700].encode()),
        ("entities", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
        ("another language", b"<html/>"),
    ],
)
def test_what_is_no_diagram_is_a_problem_and_no_fault(client: FlaskClient, what: str, content: bytes) -> None:
    answer = client.post("/designer/check", data=content)
    assert answer.status_code == 200
    assert len(answer.get_json()["problems"]) >= 1, what


def test_what_is_too_large_is_refused(app: Flask, client: FlaskClient) -> None:
    app.config["MAX_CONTENT_LENGTH"] = 1000
    assert client.post("/designer/check", data=LETTER).status_code == 413


# Deploying


def test_a_changed_diagram_becomes_the_next_version_and_running_cases_stay(client: FlaskClient, engine: Engine) -> None:
    case = engine.transact(lambda tx: instances.start(tx, "letter", business_key="L-1", variables={}))
    answer = client.post("/designer/deploy", **upload(LETTER.replace("Write it", "Write it well"), seen="letter:1"))
    assert answer.get_json() == {"location": "/designer/letter/2"}
    assert "Letter is deployed as version 2." in client.get("/designer/letter/2").text
    assert "and 1 in earlier versions" in client.get("/designer/").text
    assert engine.read(lambda tx: instances.get(tx, case.id)).definition_id == "letter:1"
    by = engine.read(lambda tx: deployments.definition(tx, "letter:2")).deployed_by
    assert by == "dee"


def test_the_same_diagram_makes_no_new_version(client: FlaskClient, engine: Engine) -> None:
    assert client.post("/designer/deploy", **upload(LETTER)).get_json() == {"location": "/designer/letter/1"}
    assert versions(engine) == [1]


def test_a_diagram_with_problems_is_not_deployed(client: FlaskClient, engine: Engine) -> None:
    answer = client.post("/designer/deploy", **upload(UNRUNNABLE)).get_json()
    assert [problem["element"] for problem in answer["problems"]] == ["write"]
    assert versions(engine) == [1]


def test_two_designers_at_one_diagram_hear_of_each_other(client: FlaskClient, engine: Engine) -> None:
    other = Actor("max", frozenset({permissions.DESIGNER}))
    theirs = LETTER.replace("Write it", "Dictate it").encode()
    engine.transact(lambda tx: deployments.deploy(tx, {"letter.bpmn": theirs}), other)
    mine = LETTER.replace("Write it", "Write it well")
    answer = client.post("/designer/deploy", **upload(mine, seen="letter:1")).get_json()
    assert answer["newer"].startswith("Version 2 was deployed by max")
    assert versions(engine) == [2, 1]
    answer = client.post("/designer/deploy", **upload(mine, seen=answer["seen"])).get_json()
    assert answer == {"location": "/designer/letter/3"}


def test_a_diagram_from_elsewhere_does_not_quietly_follow_what_is_deployed(client: FlaskClient, engine: Engine) -> None:
    mine = LETTER.replace("Write it", "Write it well")
    answer = client.post("/designer/deploy", **upload(mine)).get_json()
    assert answer["newer"] == "“Letter” is deployed already, as version 1 of letter. Deploy yours as the next version?"
    assert versions(engine) == [1]
    answer = client.post("/designer/deploy", **upload(mine, seen=answer["seen"])).get_json()
    assert answer == {"location": "/designer/letter/2"}


def test_two_new_diagrams_are_two_processes(client: FlaskClient) -> None:
    one, other = (re.search(r"process-[0-9a-f]{8}", client.get("/designer/new").text) for _ in range(2))
    assert one is not None
    assert other is not None
    assert one[0] != other[0]


# Files


def test_an_opened_diagram_goes_to_the_board_and_deploys_nothing(client: FlaskClient, engine: Engine) -> None:
    response = client.post("/designer/open", **upload(LETTER.replace("Letter", "Other"), name="files/other.xml"))
    assert response.status_code == 200
    assert '"name": "other.bpmn"' in response.text
    assert versions(engine) == [1]


def test_a_script_in_an_opened_diagram_stays_text(client: FlaskClient) -> None:
    hostile = LETTER.replace("Write it", "&lt;/script&gt;&lt;script&gt;alert(1)&lt;/script&gt;</script><script>")
    assert (
        "</script><script>" not in client.post("/designer/open", **upload(hostile)).text.split('id="board"')[1][:9000]
    )


def test_a_decision_table_or_form_with_problems_is_not_deployed(client: FlaskClient, engine: Engine) -> None:
    response = client.post("/designer/open", **upload(b"<a>\n<b></a>", name="survey.dmn"))
    assert response.status_code == 422
    assert "survey.dmn is not deployed" in response.text
    assert engine.read(lambda tx: deployments.list_definitions(tx, "decision")) == []


def test_a_form_is_deployed_when_nothing_is_wrong(client: FlaskClient, engine: Engine) -> None:
    form = (
        b'{"type": "default", "id": "letter-form", "components": [{"type": "textfield", "key": "to", "label": "To"}]}'
    )
    assert client.post("/designer/open", **upload(form, name="letter.form")).status_code == 302
    assert [form.key for form in engine.read(lambda tx: deployments.list_definitions(tx, "form"))] == ["letter-form"]


def test_a_file_of_another_kind_or_none_says_what_was_expected(client: FlaskClient) -> None:
    response = client.post("/designer/open", **upload(b"x", name="letter.docx"))
    assert response.status_code == 400
    assert ".bpmn" in response.text
    assert client.post("/designer/open").status_code == 400


def test_a_diagram_that_is_not_utf8_says_so_with_its_line(client: FlaskClient) -> None:
    response = client.post("/designer/open", **upload("<a>\n浦江</a>".encode("gbk"), name="letter.bpmn"))
    assert response.status_code == 422
    assert "Save it as UTF-8" in response.text


# The drawing board


@pytest.fixture
def board(app: Flask, browser: BrowserContext) -> Iterator[Page]:
    """The board with version 1 on it, in a browser; anything on its console is a failure."""
    app.config["WTF_CSRF_ENABLED"] = True
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    page = browser.pages[0]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    address = f"http://127.0.0.1:{server.port}"
    page.goto(f"{address}/sign-in?next=/designer/letter/1/edit")
    page.get_by_label("Name", exact=True).fill("dee")
    page.get_by_label("Password", exact=True).fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(problems(page)).to_contain_text("Can be deployed")
    yield page
    server.shutdown()
    thread.join()
    server.server_close()
    assert said == []


def problems(page: Page) -> Any:
    return page.get_by_label("Problems")


@pytest.mark.browser
def test_a_designer_changes_a_diagram_mends_it_and_deploys_it(board: Page, engine: Engine) -> None:
    board.get_by_text("The steps as a table").click()
    board.get_by_label("Name of write").fill("Write it well")
    board.get_by_label("Name of write").press("Tab")
    board.get_by_label("Kind of step to add after write").select_option("bpmn:ScriptTask")
    board.get_by_role("button", name="Add a step after write").click()
    expect(problems(board)).to_contain_text("1 problem to mend")
    problems(board).get_by_role("button").first.click()
    expect(board.locator(".bio-properties-panel-header-type")).to_have_text(re.compile("script task", re.IGNORECASE))

    board.get_by_role("button", name="Deploy as the next version").click()
    expect(board.get_by_role("status").first).to_have_text("Not deployed: see the problems.")

    element = problems(board).get_by_role("button").first.inner_text().split(",")[0]
    board.get_by_role("button", name=f"Remove {element}", exact=True).click()
    expect(problems(board)).not_to_contain_text("to mend")
    board.get_by_role("button", name="Deploy as the next version").click()
    expect(board.get_by_role("heading", level=1)).to_contain_text("version 2")
    model = engine.read(lambda tx: deployments.model(tx, "letter:2"))
    assert model.elements["write"].name == "Write it well"


@pytest.mark.browser
def test_unsaved_work_is_there_again_after_the_window_was_closed(board: Page, engine: Engine) -> None:
    board.get_by_text("The steps as a table").click()
    board.get_by_label("Name of write").fill("Dictate it")
    board.get_by_label("Name of write").press("Tab")
    expect(board.get_by_role("status").first).to_have_text("Changed, kept in this browser, not deployed.")
    board.reload()
    expect(board.get_by_role("status").first).to_have_text("Shown with your unsaved changes.")
    board.get_by_text("The steps as a table").click()
    expect(board.get_by_label("Name of write")).to_have_value("Dictate it")
    board.get_by_role("button", name="Discard my changes").click()
    expect(board.get_by_label("Name of write")).to_have_value("Write it")
    assert versions(engine) == [1]


def opened(board: Page, content: bytes) -> None:
    board.get_by_label("Open a file").set_input_files({"name": "other.bpmn", "mimeType": "text/xml", "buffer": content})


def downloaded(board: Page) -> bytes:
    with board.expect_download() as download:
        board.get_by_role("button", name="Download").click()
    return Path(download.value.path()).read_bytes()


@pytest.mark.browser
def test_a_file_that_nobody_changed_stays_as_another_tool_wrote_it(board: Page) -> None:
    written = f"<!-- by hand -->{LETTER[LETTER.index('<bpmn:definitions') :]}".encode()
    opened(board, written)
    expect(board.get_by_role("status").first).to_have_text("other.bpmn is open, not deployed.")
    assert downloaded(board) == written


@pytest.mark.browser
def test_a_changed_file_keeps_what_another_tool_wrote_under_a_prefix_of_ours(board: Page) -> None:
    opened(board, LETTER.replace("http://camunda.org/schema/1.0/bpmn", "http://activiti.org/bpmn").encode())
    board.get_by_text("The steps as a table").click()
    board.get_by_label("Name of write").fill("Dictate it")
    board.get_by_label("Name of write").press("Tab")
    expect(board.get_by_role("status").first).to_have_text("Changed, kept in this browser, not deployed.")
    saved = etree.fromstring(downloaded(board))
    (task,) = saved.iter("{http://www.omg.org/spec/BPMN/20100524/MODEL}userTask")
    assert task.get("name") == "Dictate it"
    assert task.get("{http://activiti.org/bpmn}candidateGroups") == "clerks"


@pytest.mark.browser
def test_the_board_says_whose_picture_it_cannot_keep(board: Page) -> None:
    process = '<bpmn:process id="other"><bpmn:task id="elsewhere" /></bpmn:process><bpmndi:BPMNDiagram '
    shape = (
        '<bpmndi:BPMNShape id="elsewhere-shape" bpmnElement="elsewhere"><dc:Bounds x="0" y="0" width="9" height="9" />'
    )
    drawn = LETTER.replace("<bpmndi:BPMNDiagram ", process)
    opened(board, drawn.replace("</bpmndi:BPMNPlane>", f"{shape}</bpmndi:BPMNShape></bpmndi:BPMNPlane>").encode())
    expect(problems(board)).to_contain_text("elsewhere The board cannot draw it where the file has it.")


@pytest.mark.browser
def test_a_file_need_not_say_twice_which_flows_an_element_has(board: Page) -> None:
    assert "<bpmn:incoming>" not in LETTER
    expect(problems(board)).not_to_contain_text("not connected")


@pytest.mark.browser
def test_the_board_takes_no_file_whose_letters_it_cannot_read(board: Page) -> None:
    opened(board, LETTER.replace("Write it", "浦江").encode("gbk"))
    expect(board.get_by_role("status").first).to_have_text(
        "Expected UTF-8 text, but other.bpmn is not: save it as UTF-8."
    )


@pytest.mark.browser
@pytest.mark.parametrize("page", ["/designer/letter/1", "/designer/letter/1/edit"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_mark_of_bpmn_io_is_whole_and_uncovered(board: Page, page: str, width: int) -> None:
    # The licence of bpmn-js asks for it.
    board.set_viewport_size({"width": width, "height": 800})
    board.goto(re.sub(r"/designer.*", page, board.url))
    mark = board.locator(".bjs-powered-by")
    expect(mark).to_be_visible()
    mark.scroll_into_view_if_needed()
    assert mark.evaluate(
        """mark => {
            const {left, right, top, bottom} = mark.getBoundingClientRect();
            const points = [[left + 2, top + 2], [right - 2, top + 2], [left + 2, bottom - 2], [right - 2, bottom - 2]];
            return points.every(([x, y]) => mark.contains(document.elementFromPoint(x, y)));
        }"""
    )
