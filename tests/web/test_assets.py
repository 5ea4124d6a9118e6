"""The built front end: found by name, loud where it is missing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from flask import Flask, render_template_string

from web import assets


def app_with(folder: Path) -> Flask:
    app = Flask("web", static_folder="static", template_folder="templates")
    app.config["TESTING"] = True
    assets.init_app(app, folder)
    return app


def test_a_template_gets_the_hashed_name(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"app.css": "app-12345678.css"}))
    (tmp_path / "app-12345678.css").write_text("")
    app = app_with(tmp_path)
    with app.test_request_context():
        assert render_template_string("{{ asset_url('app.css') }}") == "/static/built/app-12345678.css"


def test_a_name_that_was_not_built_says_what_was(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"app.css": "app-12345678.css"}))
    (tmp_path / "app-12345678.css").write_text("")
    app = app_with(tmp_path)
    with app.test_request_context(), pytest.raises(assets.AssetsMissing, match=r"'other\.css'.*app\.css"):
        render_template_string("{{ asset_url('other.css') }}")


def test_an_app_without_built_files_does_not_start(tmp_path: Path) -> None:
    with pytest.raises(assets.AssetsMissing, match="no manifest"):
        app_with(tmp_path)


def test_an_app_does_not_start_where_a_built_file_is_gone(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text(json.dumps({"app.css": "app-12345678.css"}))
    with pytest.raises(assets.AssetsMissing, match=r"app-12345678\.css"):
        app_with(tmp_path)


def test_built_files_may_be_kept_for_a_year() -> None:
    app = app_with(assets.BUILT)
    with app.test_request_context():
        address = render_template_string("{{ asset_url('app.css') }}")
    response = app.test_client().get(address)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "max-age=31536000, immutable"
