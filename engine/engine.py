"""The engine: a database, a clock, who may do what, and what runs beside the commands.

    engine = Engine("sqlite:///pujiang.db", handlers={"send-letter": send_letter})
    engine.upgrade()
    engine.transact(lambda tx: deployments.deploy(tx, {"letter.bpmn": xml}))
    engine.transact(lambda tx: instances.start(tx, "letter"), actor)
    engine.run_to_rest()

What `authorise` is asked, as (action, target), beside what a domain asks itself:

    ("deploy", "deployment")            ("move", "clock")               ("list", "incidents")
    ("start", "process:KEY")            ("send", "message:NAME")        ("send", "signal:NAME")
    ("set variables of", Instance)      ("cancel", Instance)            ("retry" | "skip" | "cancel", Incident)
    ("suspend" | "resume", Instance)    ("suspend" | "resume", Definition)  ("modify" | "migrate", Instance)
    ("run", "batch:OPERATION")          ("steer", Batch)                ("list", "batches")
    ("claim" | "release" | "assign" | "complete" | "escalate", UserTask)  ("plan", "migration")
    ("read", UserTask), of one that has ended, before telling how       ("list user tasks", UserTaskQuery)
    ("list", "data stores")             ("clean up", "history")         ("work on", "topic:NAME")
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, TypeVar

from engine import buffer, clean_up, jobs, leases
from engine import handlers as handling
from engine.actors import SYSTEM, Actor
from engine.clock import Clock, pause, refresh
from engine.errors import InvalidInput
from engine.observing import Committed, Observation, Observer
from engine.store import migrating
from engine.store.connecting import POOL_SIZE
from engine.store.database import Database, Keeps, Transaction
from engine.store.faults import Passing
from engine.store.library import Cache
from engine.work import expiry, runner, timers
from engine.work.claims import TIME_LIMIT, Claims
from engine.work.executor import Executor
from engine.work.handout import HandOut, Publish
from engine.work.notices import Announcer, Listener
from engine.work.ticks import Ticks, poll, tick

log = logging.getLogger(__name__)

T = TypeVar("T")

Authorise = Callable[[Actor, str, Any], bool]

ATTEMPTS = 5
"""How often a transaction is begun because another came in between, or because the connection broke."""

PAUSE = 0.05
"""Seconds before it is begun anew, at most; twice as many before each further time. By chance less, so that those who
were in each other's way are not so again.
"""

ENDURANCE = 10
"""Seconds after which nothing is begun anew: a person waits for it."""

THREADS = 4

PATIENCE = 1.5
"""Seconds that `Engine.settle` waits at most."""

LONG = timedelta(minutes=5)
"""How long `Engine.stop` waits where nobody says."""


def allow_all(_actor: Actor, _action: str, _target: Any) -> bool:
    return True


def _never(_tx: Transaction) -> None:
    return None


@dataclass(frozen=True, slots=True)
class Due:
    """Work that becomes due by itself: `run` does what is due and says how much that was, `next_due` when next."""

    run: Callable[[Engine, datetime], int | None]
    next_due: Callable[[Transaction], datetime | None]


class Engine:
    """Safe to share among threads; one for each database and process."""

    def __init__(
        self,
        database_url: str,
        *,
        clock: Clock | None = None,
        authorise: Authorise = allow_all,
        functions: Mapping[str, Callable[..., Any]] | None = None,
        handlers: Mapping[str, Callable[..., Any]] | None = None,
        external_topics: Collection[str] = (),
        services: Mapping[str, Any] | None = None,
        time_limit: timedelta = TIME_LIMIT,
        zone: tzinfo = UTC,
        pool_size: int = POOL_SIZE,
        history_time_to_live: timedelta | None = None,
    ) -> None:
        """
        Args:
            database_url: as SQLAlchemy writes it; SQLite in a file, or PostgreSQL.
            authorise: says whether an actor may do an action to a target.
            functions: what scripts and expressions may call.
            handlers: by topic; plain functions with keyword-only parameters.
            external_topics: those that are left to external workers. A topic that is neither here nor has a
                handler is an incident: it is misspelt, or its handler is missing.
            services: what handlers get injected, by parameter name.
            time_limit: how long a handler may take, where its diagram does not say.
            zone: the one in which messages name a time of day.
            pool_size: connections of this process to PostgreSQL: as many as it has threads, and a few to spare.
            history_time_to_live: how long histories are kept after their end where their diagram does not say; None:
                for good.

        Raises:
            InvalidInput: the URL or a handler's signature cannot be used, or a topic has a handler and is external.
        """
        self.database = Database(database_url, pool_size)
        self.clock = clock or Clock()
        self.authorise = authorise
        self.functions = dict(functions or {})
        self.handlers = handling.read(handlers or {})
        self.external_topics = _without(self.handlers, external_topics)
        self.services = dict(services or {})
        self.zone = zone
        self.definitions: Cache = {}
        self.on_ticks: list[Due] = [
            Due(timers.fire_due, timers.next_due),
            Due(expiry.expire_due, buffer.next_due),
            Due(expiry.shorten_leases, _never),
            Due(clean_up.run, _never),
        ]
        self.history_time_to_live = history_time_to_live
        self.keeps_history: list[Keeps] = []
        self._observers: list[Observer] = []
        self.claims = Claims(self, time_limit)
        self._executor: Executor | HandOut | None = None
        self._announcer: Announcer | None = None
        self._listener: Listener | None = None
        self._ticks: Ticks | None = None
        self._stopped = threading.Event()

    def upgrade(self, *locations: str) -> None:
        """Bring the database up to this release. `locations` are further folders of migrations, such as
        ``workflows:migrations``, each a branch of its own. Takes over the clock's offset as well.
        """
        self._enduring(lambda: migrating.upgrade(self.database, locations))
        refresh(self)

    def check(self, *locations: str) -> None:
        """Take the database as it is, and change nothing in it. Takes over the clock's offset as well.

        Raises:
            InvalidState: it is not of this release; `upgrade` would bring it there.
        """
        self._enduring(lambda: migrating.check(self.database, locations))
        refresh(self)

    def transact(self, work: Callable[[Transaction], T], actor: Actor = SYSTEM) -> T:
        """Do `work` in one transaction: all of it is written, or nothing.

        `work` may be called again, on the fresh state, where somebody else came in between. So it must do nothing
        that cannot be undone; what has to follow goes to `tx.after_commit`. Transactions do not nest.

        Raises:
            Unavailable: the database cannot be written to now. Nothing was written.
            OutcomeUnknown: the connection broke during the commit.
        """
        return self._enduring(lambda: self._attempt(work, actor))

    def _attempt(self, work: Callable[[Transaction], T], actor: Actor) -> T:
        begun = time.perf_counter()
        with self.database.write() as connection:
            tx = Transaction(self, connection, actor, self.clock.now())
            result = work(tx)
        self.report(Committed(tuple(tx.commands), time.perf_counter() - begun))
        tx.committed()
        return result

    def observe(self, observer: Observer) -> None:
        """Have `observer(observation)` called at once wherever something of `engine.observing` happens. In the thread
        where it happens: it must be quick.
        """
        self._observers.append(observer)

    def report(self, observation: Observation) -> None:
        """Tell whoever observes. One that fails changes nothing."""
        for observer in self._observers:
            try:
                observer(observation)
            except Exception:
                log.exception("Expected %r to take an observation, but it raised.", observer)

    def read(self, work: Callable[[Transaction], T], actor: Actor = SYSTEM) -> T:
        """Do `work` on one snapshot of the database. It waits for nobody, and cannot write.

        Raises:
            Unavailable: the database cannot be read now.
        """
        return self._enduring(lambda: self._look(work, actor))

    def _look(self, work: Callable[[Transaction], T], actor: Actor) -> T:
        with self.database.read() as connection:
            tx = Transaction(self, connection, actor, self.clock.now())
            result = work(tx)
        tx.library.publish()
        return result

    def _enduring(self, attempt: Callable[[], T]) -> T:
        given_up = time.monotonic() + ENDURANCE
        longest = PAUSE
        for left in reversed(range(ATTEMPTS)):
            try:
                return attempt()
            except Passing as error:
                if left == 0 or time.monotonic() > given_up:
                    raise error.finally_ from error
            pause(random.uniform(0, longest))
            longest *= 2
        raise AssertionError("the last attempt returns or raises")

    def on_tick(
        self,
        run: Callable[[Engine, datetime], int | None],
        next_due: Callable[[Transaction], datetime | None] = _never,
    ) -> None:
        """Have `run(engine, now)` called at every tick. It says how much it did; `next_due(tx)` when it has to next,
        so that a clock that is moved stops there.
        """
        self.on_ticks.append(Due(run, next_due))

    def on_clean_up(self, keeps: Keeps) -> None:
        """Have `keeps(tx, instances)` asked before histories are removed, with the business keys of what may go, by
        instance. It returns those that may not, and when it is to be asked again: None where it will say so itself.
        """
        self.keeps_history.append(keeps)

    def queue_of(self, topic: str) -> str:
        """Where jobs of a topic wait: for this engine's own threads, or for external workers."""
        return topic if topic in self.external_topics else leases.OURS

    def run_to_rest(self) -> None:
        """Do everything that is due, here and now, until nothing is: timers, what `on_tick` added, jobs, deliveries.

        What threads of the executor are at is waited for.
        """
        while self._round() or (self._executor is not None and self._executor.settle()):
            pass

    def _round(self) -> int:
        now = self.clock.now()
        return sum(work.run(self, now) or 0 for work in self._work())

    @property
    def idle_for(self) -> timedelta:
        """How long ago the last tick or poll ended well; nothing where this process has neither."""
        return timedelta(0) if self._ticks is None else self._ticks.age

    def settle(self, business_key: str) -> None:
        """Wait a moment for the jobs that a command set off in a case, so that whoever looks next sees what they did.

        Only where this process runs jobs in threads; and no longer than a person likes to wait.
        """
        given_up = time.monotonic() + PATIENCE
        while self._executor is not None and not self._stopped.is_set() and time.monotonic() < given_up:
            if self.read(lambda tx: jobs.is_quiet(tx, business_key)):
                return
            self._stopped.wait(0.01)

    def next_due(self) -> datetime | None:
        """When something becomes due next; None where nothing will by itself."""
        moments = self.read(lambda tx: [work.next_due(tx) for work in self._work()])
        return min((moment for moment in moments if moment is not None), default=None)

    def _work(self) -> Sequence[Due]:
        return [*self.on_ticks, _JOBS]

    def wake(self) -> None:
        """There is new work: who runs jobs is told, in this process and, on PostgreSQL, in others."""
        self.look()
        if self._announcer is not None:
            self._announcer.wake()

    def look(self) -> None:
        """There may be work that this process was not told of."""
        if self._executor is not None:
            self._executor.wake()

    def start(self, threads: int = THREADS) -> None:
        """Do here whatever there is to do, until `stop`: run jobs, and what becomes due at every tick."""
        self.start_jobs(threads)
        self.start_ticks()

    def start_jobs(self, threads: int = THREADS) -> None:
        """Run jobs in threads of their own, whenever woken. Ticks or polls wake them for what others left to do."""
        self._see_to_jobs(Executor(self, threads))
        if self.database.tells:
            self._listener = Listener(self.database.alone, self.look, self._sender)
            self._listener.start()

    def start_handing_out(self, publish: Publish) -> None:
        """Hand jobs to a broker, whose workers run them; at ticks also those that were handed out and lost."""
        handout = HandOut(self, publish)
        self._see_to_jobs(handout)
        self.on_tick(lambda _engine, _now: handout.sweep())

    def _see_to_jobs(self, executor: Executor | HandOut) -> None:
        self._stopped.clear()
        self._executor = executor
        executor.start()

    def _sender(self) -> int | None:
        return None if self._announcer is None else self._announcer.sender

    def start_ticks(self) -> None:
        """Do once a second what has become due, and wake who runs jobs."""
        self._beat(tick)

    def start_polls(self) -> None:
        """Only keep to the clock and wake who runs jobs once a second: what becomes due is another process's work."""
        self._beat(poll)

    def _beat(self, beat: Callable[[Engine], None]) -> None:
        self._stopped.clear()
        if self.database.tells and not isinstance(self._executor, HandOut):
            self._announcer = Announcer(self.database.alone)
            self._announcer.start()
        self._ticks = Ticks(self, beat)
        self._ticks.start()

    def drain(self) -> None:
        """Begin nothing more of what happens by itself. Commands are still carried out."""
        if not self._stopped.is_set():
            self._stopped.set()
            for each in self._at_work():
                each.drain()

    def _at_work(self) -> list[Ticks | Listener | Executor | HandOut | Announcer]:
        parts = (self._ticks, self._listener, self._executor, self._announcer)
        return [each for each in parts if each is not None]

    def stop(self, within: timedelta = LONG) -> bool:
        """Begin nothing more, let what is under way end, and close the database.

        Whether all of it ended within that time. What did not is lost with the process, and nothing else is: a job
        is taken up again by whoever runs jobs.
        """
        until = time.monotonic() + within.total_seconds()
        self.drain()
        waited = [each.wait(timedelta(seconds=max(0.0, until - time.monotonic()))) for each in self._at_work()]
        self._ticks = self._listener = self._executor = self._announcer = None
        self.claims.hand_back()
        self.database.close()
        return all(waited)


def _without(handlers: Mapping[str, Any], external: Collection[str]) -> frozenset[str]:
    both = sorted(handlers.keys() & set(external))
    if both:
        raise InvalidInput(f"Expected external topics to have no handler, but these have one: {', '.join(both)}.")
    return frozenset(external)


_JOBS = Due(runner.run_due, leases.next_due)
