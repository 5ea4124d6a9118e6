"""Pictures of every page, at 1280 and at 390 pixels, by day and by night: ``python -m tests.screenshots [FOLDER]``.

Not a test, but fails where a page does: on an error in the browser's console, and on a page wider than its window.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.conftest import CHROMIUM, QUIET

WINDOWS = {"1280": {"width": 1280, "height": 900}, "390": {"width": 390, "height": 844}}
PASSWORD = "pujiang-demo"

# Who looks at what: name of the picture → address, or the link to follow from the page before.
ANYONE = {"home": "/", "hand-in": "/petition/new", "follow": "/follow", "sign-in": "/sign-in", "not-found": "/nowhere"}
STAFF = {
    "clerk": {"my-tasks": "/tasks/?show=groups", "user-task": "main [data-row]", "cases": "/cases/"},
    "water": {"unit-tasks": "/tasks/?show=groups", "unit-task": "main [data-row]"},
    "supervisor": {
        "supervision": "/supervision/",
        "incidents": "/supervision/incidents/",
        "breaches": "/supervision/breaches",
        "clock": "/supervision/clock",
        "all-cases": "/cases/",
        "case": "main tr:last-child [data-row]",
        "audit": "a[href^='/supervision/cases/']",
        "repair": "a[href$='/repair']",
        "versions": "/supervision/processes",
        "batches": "/supervision/batches/",
    },
    "designer": {
        "designer": "/designer/",
        "definition": "/designer/petition/1",
        "modeler": "/designer/petition/1/edit",
        "new-diagram": "/designer/new",
    },
}


@contextmanager
def demonstration() -> Iterator[str]:
    """The address of a demonstration of its own, which is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder:
        settings = {"PUJIANG_DATA_DIR": folder, "PUJIANG_PORT": "0", "PUJIANG_SIGN_IN_LIMIT": "1000 per minute"}
        environment = {**os.environ, **settings, "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "-c", "from web.cli import main; main(['demo'])"]
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            try:
                yield next(found[0] for line in server.stdout if (found := re.search(r"http://\S+(?=/)", line)))
            finally:
                server.terminate()


class Photographer:
    """Goes through the pages as one person after the other."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self.browser, self.address, self.folder = browser, address, folder
        self.wrong: list[str] = []

    def visit(self, who: str | None, pages: dict[str, str], window: str, colours: str) -> None:
        size = WINDOWS[window]
        context = self.browser.new_context(viewport=size, color_scheme=colours, locale="en-GB")  # type: ignore[arg-type]
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.on("console", lambda message: self.hear(page, message.type, message.text))
        if who:
            page.goto(f"{self.address}/sign-in")
            page.get_by_label("Name", exact=True).fill(who)
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_role("button", name="Sign in", exact=True).click()
        for name, place in pages.items():
            self.go(page, place)
            self.take(page, f"{name}-{window}{'-dark' if colours == 'dark' else ''}.png", size["width"])
        context.close()

    def go(self, page: Page, place: str) -> None:
        if place.startswith("/"):
            page.goto(self.address + place)
        else:
            page.locator(place).first.click()
        page.wait_for_load_state("networkidle")

    def take(self, page: Page, name: str, width: int) -> None:
        page.screenshot(path=self.folder / name, full_page=True)
        if page.evaluate("document.documentElement.scrollWidth") > width:
            self.wrong.append(f"{name}: wider than its window")
        print(self.folder / name)

    def hear(self, page: Page, kind: str, text: str) -> None:
        if kind in ("error", "warning") and "/nowhere" not in page.url:
            self.wrong.append(f"{page.url}: {text}")


def main() -> None:
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "screenshots")
    folder.mkdir(parents=True, exist_ok=True)
    if CHROMIUM is None:
        sys.exit("Expected chromium to take pictures with, but found none: apt-get install chromium.")
    with demonstration() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(QUIET))
        photographer = Photographer(browser, address, folder)
        for window, colours in (("1280", "light"), ("390", "light"), ("1280", "dark")):
            photographer.visit(None, ANYONE, window, colours)
            for who, pages in STAFF.items():
                photographer.visit(who, pages, window, colours)
        browser.close()
    if photographer.wrong:
        sys.exit("\n".join(photographer.wrong))


if __name__ == "__main__":
    main()
