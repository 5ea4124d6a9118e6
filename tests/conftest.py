"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from playwright.sync_api import BrowserContext, Playwright, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> databases.Store:
    return databases.Files(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[databases.Store]:
    with databases.server() as server:
        yield server


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    if CHROMIUM is None:
        if os.environ.get("CI"):
            pytest.fail("Expected chromium for the browser tests, but found none: .ci/run installs it.")
        pytest.skip("no chromium here: apt-get install chromium runs the browser tests too")
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture
def browser(playwright: Playwright, tmp_path: Path) -> Iterator[BrowserContext]:
    """A browser of its own for one test: 1280 × 800, English, UTC."""
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path / "browser"),
        executable_path=CHROMIUM,
        headless=True,
        args=list(QUIET),
        viewport={"width": 1280, "height": 800},
        locale="en-GB",
        timezone_id="UTC",
    )
    context.set_default_timeout(15_000)
    yield context
    context.close()
