"""Where the built scripts and styles are. `setup.py build_assets` makes them, with a manifest of their hashed names."""

from __future__ import annotations

import json
from pathlib import Path

from flask import Flask, Response, request, url_for

BUILT = Path(__file__).parent / "static" / "built"
REMEDY = "run `python setup.py build_assets`, or install the package"
A_YEAR = 365 * 24 * 3600
"""Seconds. A built file never changes under its name, so browsers need not ask for it again."""


class AssetsMissing(Exception):
    """Expected the front end to be built, but it is not."""


def read_manifest(folder: Path) -> dict[str, str]:
    """Names of the built files by the names that templates use: ``{"app.css": "app-6C3BF5D3.css"}``.

    Raises `AssetsMissing` where the folder has no manifest, or lacks a file that the manifest names.
    """
    try:
        manifest: dict[str, str] = json.loads((folder / "manifest.json").read_text())
    except FileNotFoundError:
        raise AssetsMissing(
            f"Expected the built front end in {folder}, but there is no manifest.json: {REMEDY}."
        ) from None
    missing = sorted(name for name in manifest.values() if not (folder / name).is_file())
    if missing:
        raise AssetsMissing(f"Expected {', '.join(missing)} in {folder}, but found none: {REMEDY}.")
    return manifest


def init_app(app: Flask, folder: Path = BUILT) -> None:
    """Give templates ``asset_url("app.css")``; raises `AssetsMissing` now rather than on the first page."""
    manifest = read_manifest(folder)

    def asset_url(name: str) -> str:
        if name not in manifest:
            raise AssetsMissing(f"Expected '{name}' among the built files, but they are {', '.join(sorted(manifest))}.")
        return url_for("static", filename=f"built/{manifest[name]}")

    def keep_built_files(response: Response) -> Response:
        if request.endpoint == "static" and request.path.startswith(f"{app.static_url_path}/built/"):
            response.cache_control.max_age = A_YEAR
            response.cache_control.immutable = True
            response.cache_control.no_cache = None
        return response

    app.jinja_env.globals["asset_url"] = asset_url
    app.after_request(keep_built_files)
