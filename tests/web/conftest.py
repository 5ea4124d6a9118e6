"""The pages over a real office, without a browser: what is sent and what comes back."""

from __future__ import annotations

import html
import io
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from engine.store.database import Transaction
from tests.bureau import Bureau
from web import assets, logs, settings
from web.app import create_app
from workflows.demonstration import demo
from workflows.organisation import accounts

PASSWORD_HASH = accounts.hash_password(demo.PASSWORD)


def settle(tx: Transaction) -> None:
    for person in demo.PEOPLE:
        accounts.add_hashed(tx, person.id, person.name, PASSWORD_HASH, person.groups)


@pytest.fixture
def bureau(office_url: str) -> Iterator[Bureau]:
    bureau = Bureau(office_url)
    bureau.engine.transact(settle)
    yield bureau
    bureau.close()


@pytest.fixture
def app(bureau: Bureau, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    """The application; its pages name built files whether or not they are built."""
    monkeypatch.setattr(assets, "read_manifest", lambda _folder: AnyFile())
    variables = {"PUJIANG_DATA_DIR": str(tmp_path), "PUJIANG_DEMO": "1", "PUJIANG_SIGN_IN_LIMIT": "100 per minute"}
    return create_app(settings.load(variables), bureau.engine)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What a process that is told to say everything writes to its log, as people read it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.Lines())
    root = logging.getLogger()
    before = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield written
    root.removeHandler(handler)
    root.setLevel(before)


class AnyFile(dict[str, str]):
    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return name


class Visitor:
    """Somebody at a browser without JavaScript: sends the forms of the page that was last looked at."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        self.answer: TestResponse
        self._mark = ""

    @property
    def page(self) -> str:
        return html.unescape(self.answer.get_data(as_text=True))

    @property
    def text(self) -> str:
        """What one reads."""
        main = self.page.partition("<main")[2].partition("</main>")[0]
        return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main))

    def get(self, path: str) -> str:
        self.answer = self.client.get(path, follow_redirects=True)
        return self.text

    def post(self, path: str, fields: dict[str, Any] | None = None, **more: Any) -> str:
        marks = re.findall(r'name="csrf-token" content="([^"]+)"', self.page)
        self._mark = marks[0] if marks else self._mark
        sent = {"csrf_token": self._mark, **(fields or {}), **more}
        headers = {"Origin": "http://localhost"}
        self.answer = self.client.post(path, data=sent, headers=headers, follow_redirects=True)
        return self.text

    def sign_in(self, name: str, password: str = demo.PASSWORD, onwards: str = "") -> str:
        self.get(f"/sign-in?next={onwards}")
        return self.post("/sign-in", name=name, password=password, next=onwards)


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def signed_in(app: Flask) -> Callable[[str], Visitor]:
    def sign_in(name: str) -> Visitor:
        visitor = Visitor(app.test_client())
        assert "My tasks" in visitor.sign_in(name)
        return visitor

    return sign_in
