"""Kills `pujiang serve` at random points while people work over HTTP, and looks whether every petition gets through."""

from __future__ import annotations

import random
import signal
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Collection
from functools import partial

import sqlalchemy as sa

from engine import instances
from engine.instances import ACTIVE, InstanceQuery
from handlers import HANDLERS
from tests.campaigns import books, visitors
from tests.campaigns.commands import Server
from tests.campaigns.report import Report
from tests.campaigns.scene import Scene, pause
from tests.campaigns.visitors import Browser, Unreachable
from workflows.demonstration import demo
from workflows.office import open_engine
from workflows.organisation import accounts

STAFF = ("clerk", "water", "roads", "housing", "checker", "water-head")

EXPECTED = {"completed", "late", "signed in", "unreachable"}
"""What may come of a visit: the form is taken, somebody else was faster, or the server is down."""

SIGNED_OUT = {"asked to sign in", "asked to send once more"}
"""What may come of it besides where the clock is set back: a session that begins tomorrow is none."""

OPEN_PETITIONS = 12
"""How many are under way at a time, at most."""


class Public:
    """Everybody who works with the office. What they were told is kept here, in the process that does the killing."""

    def __init__(self, scene: Scene, address: str) -> None:
        self.scene, self.address = scene, address
        self.receipts: dict[str, str] = {}
        self.closed: set[str] = set()
        self.completed: list[tuple[str, str]] = []
        self.said: Counter[str] = Counter()
        self.shocking: list[str] = []
        self.tried: dict[str, str | None] = {}
        self.stopped, self.given_up = threading.Event(), threading.Event()
        self._told = threading.Lock()

    def threads(self) -> list[threading.Thread]:
        staff = [self._staff_member(name) for name in STAFF for _ in range(2)]
        people: list[Callable[[], None]] = [self._petitioners, *staff]
        return [threading.Thread(target=self._working, args=[person], daemon=True) for person in people]

    def _working(self, person: Callable[[], None]) -> None:
        """Whoever cannot go on, for something that nobody thought of, is told of: fewer would be at work."""
        try:
            person()
        except Exception:
            with self._told:
                self.shocking.append(f"somebody could not go on: {traceback.format_exc()}")

    def _goes_on(self) -> bool:
        """Until nothing new is handed in any more, and everything is closed."""
        ended = self.stopped.is_set() and len(self.closed) == len(self.receipts)
        return not ended and not self.given_up.is_set()

    def _petitioners(self) -> None:
        """One after the other hands a petition in, and everybody follows theirs."""
        chance = self.scene.chance("petitioners")
        while self._goes_on():
            still_open = sorted(self.receipts.keys() - self.closed)
            if not self.stopped.is_set() and len(still_open) < min(OPEN_PETITIONS, self.scene.running // 3):
                self._at_browser(self._hand_in)
            elif still_open:
                self._at_browser(partial(self._follow, chance.choice(still_open)))
            pause(0.02)

    def _hand_in(self, browser: Browser) -> None:
        words = f"We ask that the pipe in Well Lane be replaced: {random.getrandbits(48):x}."
        self.tried[words] = None
        receipt = visitors.hand_in(browser, words)
        if receipt is not None:
            self.tried[words] = receipt[0]
            self.receipts[receipt[0]] = receipt[1]

    def _follow(self, number: str, browser: Browser) -> None:
        if visitors.rate(browser, number, self.receipts[number]):
            self.closed.add(number)

    def _staff_member(self, name: str) -> Callable[[], None]:
        """Keeps a browser open all day, so that sessions have to outlive the server."""

        def work() -> None:
            browser = Browser(self.address)
            while self._goes_on():
                self._visit(browser, lambda browser: self._queue(browser, name))
                pause(0.02)

        return work

    def _queue(self, browser: Browser, name: str) -> None:
        """Work until nothing waits, and sign in where that is asked for."""
        browser.get("/tasks/")
        if 'name="password"' in browser.page:
            visitors.sign_in(browser, name)
            self._note("signed in")
        while tasks := visitors.waiting(browser):
            for task in tasks:
                said = visitors.do(browser, task)
                came_of_it = _came_of_it(browser, said)
                if came_of_it == "completed":
                    self.completed.append((task.rpartition("/")[2], name))
                self._note(came_of_it)

    def _note(self, what: str) -> None:
        with self._told:
            self.said[what] += 1

    def _at_browser(self, visit: Callable[[Browser], None]) -> None:
        self._visit(Browser(self.address), visit)

    def _visit(self, browser: Browser, visit: Callable[[Browser], None]) -> None:
        try:
            visit(browser)
        except Unreachable:
            self._note("unreachable")
            pause(0.05)
        with self._told:
            self.shocking += browser.shocking
            browser.shocking = []


def _came_of_it(browser: Browser, said: str) -> str:
    if "Completed “" in browser.page:
        return "completed"
    if "but it" in said or "has c" in said:
        return "late"
    if 'name="password"' in browser.page:
        return "asked to sign in"
    return "asked to send once more" if "Nothing was sent yet" in said else f"{browser.status} {said[:60]}"


def campaign(scene: Scene, kills: int) -> Report:
    report = Report("office")
    prepare(scene)
    server = Server(scene)
    public = drive(scene, server, partial(shoot, scene, server, kills), report)
    if public.said["signed in"] > 2 * len(STAFF):
        report.blame([f"people had to sign in {public.said['signed in']} times: sessions did not outlive the server"])
    report.figure("kills", kills)
    return report


def drive(
    scene: Scene, server: Server, disturb: Callable[[], None], report: Report, expected: Collection[str] = EXPECTED
) -> Public:
    """Have people work while something happens to what they work with; then everything is to get through.

    `expected` is what may come of their visits.
    """
    server.start()
    public = Public(scene, server.address)
    threads = public.threads()
    for thread in threads:
        thread.start()
    began = time.monotonic()
    try:
        disturb()
        public.stopped.set()
        let_leases_end(scene, server)
        for thread in threads:
            thread.join(60)
        if any(thread.is_alive() for thread in threads):
            report.blame(["expected people to have nothing left to do, but after a minute some still have"])
    finally:
        public.given_up.set()
        code = server.end(signal.SIGTERM)
    report.figure("seconds_under_load", time.monotonic() - began, "s")
    report.blame([f"expected the server to end with 0 when it was told to stop, but it was {code}"] if code else [])
    conclude(scene, public, report, expected)
    return public


def prepare(scene: Scene) -> None:
    """An office with its diagrams, and staff who may sign in."""
    engine = open_engine(scene.url, HANDLERS)
    hashed = accounts.hash_password(visitors.PASSWORD)

    def settle(tx):
        for person in demo.PEOPLE:
            if person.id in STAFF:
                accounts.add_hashed(tx, person.id, person.name, hashed, person.groups)

    engine.transact(settle)
    engine.stop()


def shoot(scene: Scene, server: Server, kills: int) -> None:
    chance = scene.chance("killer")
    for _ in range(kills):
        pause(chance.uniform(0.2, 2.5))
        server.end()
        server.start()


def let_leases_end(scene: Scene, server: Server) -> None:
    """What stands still for a server that was killed is free again some time later: here it is later at once."""
    server.end()
    database = sa.create_engine(scene.url)
    with database.begin() as connection:
        connection.execute(sa.text("UPDATE jobs SET leased_until = due WHERE leased_until IS NOT NULL"))
    database.dispose()
    server.start()


def conclude(scene: Scene, public: Public, report: Report, expected: Collection[str]) -> None:
    _end_strangers(scene, public, report)
    found = books.read(scene)
    for check in (books.stuck, books.doubled):
        report.blame(check(found))
    report.blame(public.shocking)
    report.blame(_unkept(scene, public))
    report.blame(_uncompleted(found, public))
    report.blame(books.unverified(scene))
    report.figure("petitions", len(found.instances))
    report.figure("journal_entries", len(found.entries))
    report.figure("forms_completed", len(public.completed))
    for what, times in sorted(public.said.items()):
        report.figure(f"answers_{what.replace(' ', '_')}", times)
    unexpected = public.said.keys() - set(expected)
    report.blame(f"{public.said[what]} times a form was answered with {what}" for what in unexpected)


def _end_strangers(scene: Scene, public: Public, report: Report) -> None:
    """End what was handed in by somebody whom the receipt never reached: no petitioner will ever rate it."""
    engine = open_engine(scene.url, HANDLERS)
    running = engine.read(lambda tx: instances.search(tx, InstanceQuery(status=ACTIVE, limit=1000)))
    strangers = [case for case in running if case.business_key not in public.receipts]
    for case in strangers:
        engine.transact(partial(instances.cancel, instance_id=case.id, reason="nobody has its receipt"))
    engine.stop()
    cut_off = sum(number is None for number in public.tried.values())
    if len(strangers) > cut_off:
        report.blame([f"{len(strangers)} petitions are nobody's, but only {cut_off} were cut off"])


def _unkept(scene: Scene, public: Public) -> list[str]:
    """A petition that was received is there, and one that was cut off is there once at most."""
    database = sa.create_engine(scene.url)
    with database.connect() as connection:
        kept = Counter(row[0] for row in connection.execute(sa.text("SELECT body FROM texts")))
    database.dispose()
    found = []
    for words, number in public.tried.items():
        times = sum(count for text, count in kept.items() if text and words in text)
        if times > 1 or (number is not None and times != 1):
            found.append(f"petition {number or '(cut off)'} is kept {times} times")
    return found


def _uncompleted(found: books.Books, public: Public) -> list[str]:
    """A form that was taken is in the journal, once, under the name of who sent it."""
    done = Counter(
        (f"{entry.instance_id}-{entry.given['id']}", entry.actor)
        for entry in found.entries
        if entry.command == "CompleteUserTask"
    )
    return [
        f"user task {task}, completed by {name}, is not in the journal"
        for task, name in public.completed
        if not done[task, name]
    ]
