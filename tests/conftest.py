"""What every test may ask for."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import databases
import pytest
from bureau import Bureau
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


MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
"""Free bytes there that the tests are not too many for."""


def pytest_configure() -> None:
    """Keep what tests write in memory, where there is room: no test depends on a disk, and most wait for one."""
    if "TMPDIR" not in os.environ and MEMORY.is_dir() and _is_fit(os.statvfs(MEMORY)):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def _is_fit(folder: os.statvfs_result) -> bool:
    # Some tests start programs that they have written.
    return folder.f_bavail * folder.f_frsize >= ROOM and not folder.f_flag & os.ST_NOEXEC


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> databases.Store:
    return databases.Files(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[databases.Store]:
    with databases.postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def furnished() -> databases.Ready:
    """Databases of an office that has just opened: with the bundled diagrams and units."""
    return databases.Ready(lambda url: Bureau(url).close())


@pytest.fixture
def kind() -> str:
    """Of the database. Where every kind is to be tried, this is overridden."""
    return "sqlite"


@pytest.fixture
def office_url(kind: str, furnished: databases.Ready, request: pytest.FixtureRequest) -> Iterator[str]:
    with furnished.copy(kind, request.getfixturevalue(kind)) as url:
        yield url


@pytest.fixture
def bureau(office_url: str) -> Iterator[Bureau]:
    """An office with the bundled diagrams, a clock that stands still, and the people who work in it."""
    opened = Bureau(office_url)
    yield opened
    opened.close()


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
