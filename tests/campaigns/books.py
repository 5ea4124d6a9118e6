"""Holds a database against what clients were told and what handlers did.

It reads the tables by SQL of its own and counts for itself; only `engine.journal.verify` is asked as well.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from engine import journal
from engine.engine import Engine
from tests.campaigns import ledger, models
from tests.campaigns.ledger import DONE, FAILED, REFUSED, UNAVAILABLE, Told
from tests.campaigns.scene import Scene

STARTED = ("report", "bell")
"""Processes that others start."""

EMPTY_AT_THE_END = ("jobs", "timers", "subscriptions", "candidates")
"""Tables that hold what is alive."""


Check = Callable[["Books"], Iterable[str]]


@dataclass(frozen=True)
class Entry:
    """One journal entry: the name and the fields of the command or note, and the facts, each a name and its fields."""

    instance_id: int
    seq: int
    actor: str
    command: str
    given: Mapping[str, Any]
    facts: tuple[tuple[str, Mapping[str, Any]], ...]


@dataclass
class Books:
    """Everything that is left when a campaign is over."""

    instances: dict[int, Any]
    entries: list[Entry]
    told: dict[str, Told]
    runs: list[str]
    left: Counter[str] = field(default_factory=Counter)
    incidents: list[str] = field(default_factory=list)
    deaf: list[str] = field(default_factory=list)
    kept: Counter[str] = field(default_factory=Counter)
    """Messages that still wait, by their keys, which are their ids too."""

    @cached_property
    def of_actor(self) -> Mapping[str, list[Entry]]:
        found: dict[str, list[Entry]] = defaultdict(list)
        for entry in self.entries:
            found[entry.actor].append(entry)
        return found

    @cached_property
    def keys(self) -> Mapping[tuple[str, str], list[int]]:
        """Instances by process and business key."""
        found: dict[tuple[str, str], list[int]] = defaultdict(list)
        for instance_id, row in self.instances.items():
            found[row.definition_key, row.business_key].append(instance_id)
        return found

    def facts(self, *names: str) -> Iterator[tuple[Entry, str, Mapping[str, Any]]]:
        for entry in self.entries:
            for name, values in entry.facts:
                if name in names:
                    yield entry, name, values


def read(scene: Scene) -> Books:
    database = sa.create_engine(scene.url)
    with database.connect() as connection:
        rows = connection.execute(sa.text("SELECT * FROM process_instances")).all()
        written = connection.execute(sa.text("SELECT * FROM journal ORDER BY instance_id, seq"))
        entries = [_entry(row) for row in written]
        left = Counter({name: _count(connection, name) for name in EMPTY_AT_THE_END})
        incidents = [str(row[0]) for row in connection.execute(sa.text("SELECT message FROM incidents"))]
        waiting = connection.execute(sa.text("SELECT key FROM buffered_messages"))
        kept = Counter(str(row[0]) for row in waiting)
        left["open activities"] = _count(connection, "activities WHERE ended_at IS NULL OR status = 'open'")
        left["open incidents"] = _count(connection, "incidents WHERE resolved_at IS NULL")
    database.dispose()
    deaf = scene.deaf.read_text("ascii").split() if scene.deaf.exists() else []
    runs = scene.effects.read_text("ascii").splitlines() if scene.effects.exists() else []
    return Books(
        {row.id: row for row in rows}, entries, ledger.read(scene.ledgers()), runs, left, incidents, deaf, kept
    )


def _entry(row: Any) -> Entry:
    name, given = json.loads(row.command)
    return Entry(row.instance_id, row.seq, row.actor, name, given, tuple(map(tuple, json.loads(row.facts))))


def _count(connection: sa.Connection, what: str) -> int:
    return int(connection.execute(sa.text(f"SELECT count(*) FROM {what}")).scalar_one())


def due(scene: Scene) -> int:
    """How many jobs and timers should have been done by now."""
    database = sa.create_engine(scene.url)
    now = scene.clock.now().replace(tzinfo=None)
    with database.connect() as connection:
        counts = [sa.text(f"SELECT count(*) FROM {table} WHERE due <= :now") for table in ("jobs", "timers")]
        found = [
            int(connection.execute(count.bindparams(sa.bindparam("now", now, sa.DateTime))).scalar_one())
            for count in counts
        ]
    database.dispose()
    return sum(found)


def unverified(scene: Scene) -> list[str]:
    """What the engine's own verification finds, and what SQLite's does."""
    engine = Engine(scene.url)
    found = [str(finding) for finding in engine.read(lambda tx: journal.verify(tx, replayed=True))]
    engine.stop()
    if scene.url.startswith("sqlite"):
        database = sa.create_engine(scene.url)
        with database.connect() as connection:
            found += [row[0] for row in connection.execute(sa.text("PRAGMA integrity_check")) if row[0] != "ok"]
            found += [
                f"a row without its like: {row}" for row in connection.execute(sa.text("PRAGMA foreign_key_check"))
            ]
        database.dispose()
    return found


def stuck(books: Books) -> Iterator[str]:
    """Cases that have not ended, and whatever is left of those that have."""
    for instance_id, row in books.instances.items():
        if row.status == "active":
            yield f"instance {instance_id} ({row.definition_key} {row.business_key}) has not ended"
    for name, count in books.left.items():
        if count:
            yield f"expected no {name} to be left, but there are {count}"


def untold(books: Books) -> Iterator[str]:
    """Done must be in the journal, once; refused and failed must not. Nobody else may be in it."""
    for told in books.told.values():
        entries = [entry for entry in books.of_actor.get(told.id, ()) if entry.command in _COMMANDS[told.verb]]
        if len(entries) > 1:
            yield f"{told} is {len(entries)} times in the journal"
        if told.outcome == DONE and not entries and told.verb not in _WITHOUT_TRACE:
            yield f"{told} is not in the journal"
        if told.outcome in (REFUSED, UNAVAILABLE, FAILED) and entries:
            yield f"{told} is in the journal: instance {entries[0].instance_id}, entry {entries[0].seq}"
    for actor in books.of_actor.keys() - books.told.keys() - {"system"}:
        yield f"{actor} is in the journal, but no client wanted anything under that name"


_WITHOUT_TRACE = ("release", "post", "alarm")
"""What may be done without an entry: releasing what nobody had; what is delivered later, or came before."""

_COMMANDS: Mapping[str, tuple[str, ...]] = {
    "start": ("StartInstance",),
    "complete": ("CompleteUserTask",),
    "go": ("CorrelateMessage",),
    "post": ("CorrelateMessage",),
    "alarm": (),
    "withdraw": ("CorrelateMessage",),
    "claim": ("AssignUserTask",),
    "release": ("AssignUserTask",),
    "assign": ("AssignUserTask",),
    "cancel": ("CancelInstance",),
    "retry": ("RetryIncident", "delivery retried", "timer retried"),
    "look": (),
}


def disordered(books: Books) -> Iterator[str]:
    """What a client was told before another began stands before it in the journal of a case."""
    latest: dict[int, Told] = {}
    for entry in books.entries:
        told = books.told.get(entry.actor)
        if told is None:
            continue
        before = latest.get(entry.instance_id)
        if before is not None and told.ended < before.began:
            yield f"instance {entry.instance_id}: entry {entry.seq} by {told} stands behind a later one, {before}"
        if before is None or told.began > before.began:
            latest[entry.instance_id] = told


def misinformed(books: Books) -> Iterator[str]:
    """A refusal that names who was first is right: they were, and had begun by then."""
    first: dict[str, set[str]] = defaultdict(set)
    for entry in books.entries:
        if entry.command in ("CompleteUserTask", "AssignUserTask"):
            first[f"{entry.instance_id}-{entry.given['id']}"] |= {entry.actor, str(entry.given.get("assignee"))}
    for told in books.told.values():
        named = (
            re.search(r"(?:completed .*by|already) (\S+?)(?:'s)?\.$", told.text) if told.outcome == REFUSED else None
        )
        if named is None:
            continue
        other = books.told.get(named[1])
        if named[1] not in first[told.target] or (other is not None and other.began > told.ended):
            yield f"{told} names somebody who did nothing of the kind"


def shown_errors(books: Books) -> Iterator[str]:
    """No client may see anything but a refusal that says what is."""
    for told in books.told.values():
        if told.outcome == FAILED:
            yield f"{told.verb} {told.target} was told: {told.text.strip()}"
        elif told.outcome == REFUSED and "but " not in told.text:
            yield f"{told.verb} {told.target} was refused without what is: {told.text}"


def blamed(books: Books) -> Iterator[str]:
    """A person is called for what a handler could not do, never for a database that was away for a while."""
    for message, count in Counter(books.incidents).items():
        if models.LetterBoxShutError.__name__ not in message:
            yield f"{count} incidents say: {message}"


def outages(books: Books) -> Iterator[str]:
    """Where nothing is amiss with the database, nobody is told so."""
    for told in books.told.values():
        if told.outcome == UNAVAILABLE:
            yield f"{told.verb} {told.target} was told: {told.text}"


def doubled(books: Books) -> Iterator[str]:
    """Whatever is opened ends once: user tasks, jobs, timers, subscriptions; and ids are given out once."""
    opened, ended = Counter[tuple[str, int, int]](), Counter[tuple[str, int, int]]()
    for entry, name, values in books.facts(*_OPENS, *_ENDS):
        kind = _OPENS.get(name) or _ENDS[name]
        (opened if name in _OPENS else ended)[kind, entry.instance_id, values["id"]] += 1
    for key, count in opened.items():
        if count > 1:
            yield f"{key[0]} {key[1]}-{key[2]} was opened {count} times"
    for key, count in ended.items():
        if count > opened[key]:
            yield f"{key[0]} {key[1]}-{key[2]} was opened {opened[key]} times and ended {count} times"


_OPENS = {
    "UserTaskOpened": "user task",
    "InstanceStarted": "element",
    "ElementActivated": "element",
    "SubscriptionOpened": "subscription",
}
_ENDS = {
    "UserTaskCompleted": "user task",
    "UserTaskCancelled": "user task",
    "ElementCompleted": "element",
    "ElementTerminated": "element",
    "SubscriptionClosed": "subscription",
}


def miscounted_jobs(books: Books) -> Iterator[str]:
    """What a job did to its case is there once, and came from a run that there was."""
    runs = set(books.runs)
    jobs: Counter[str] = Counter()
    for entry in books.entries:
        if entry.command == "CompleteJob" and "effect" in entry.given["variables"]:
            run = entry.given["variables"]["effect"]
            job_id = f"{entry.instance_id}-{entry.given['id']}"
            jobs[job_id] += 1
            if run not in runs or run.split()[0] != job_id:
                yield f"the result of job {job_id} came from no run of it: {run}"
    yield from (f"job {job_id} was completed {count} times" for job_id, count in jobs.items() if count > 1)
    made = {f"{entry.instance_id}-{values['id']}" for entry, _, values in books.facts("JobCreated")}
    for run in runs:
        if run.split()[0] not in made:
            yield f"a handler ran for a job that no journal knows: {run}"


def misdelivered(books: Books) -> Iterator[str]:
    """What a case throws starts one other case; what it counts comes to what it went through."""
    thrown: Counter[tuple[str, str]] = Counter()
    for entry, name, _ in books.facts("MessageThrown", "SignalThrown"):
        key = books.instances[entry.instance_id].business_key
        thrown["report" if name == "MessageThrown" else "bell", key] += 1
    for (process, key), ids in books.keys.items():
        if process == "life":
            if len(ids) != 1:
                yield f"case {key} was started {len(ids)} times"
            yield from _miscounted(books, ids[0])
        elif process in STARTED and len(ids) != thrown[process, key]:
            yield f"{process} {key}: {thrown[process, key]} thrown, {len(ids)} started"
    for (process, key), count in thrown.items():
        if (process, key) not in books.keys:
            yield f"{process} {key}: {count} thrown, none started"


def unheard(books: Books) -> Iterator[str]:
    """A message that waits for its receiver reaches it, and a signal everybody who listened before it was sent."""
    done = [told for told in books.told.values() if told.outcome == DONE]
    posted = {told.target for told in done if told.verb == "post"}
    by_hand = {told.target for told in done if told.verb == "go"}
    for key in posted & by_hand:
        yield f"case {key} had been sent its message, and still waited for it at the end"
    latest = max((told.began for told in done if told.verb == "alarm" and "closing" not in told.id), default=0.0)
    listening = {told.target: told.ended for told in done if told.verb == "start"}
    for key in books.deaf:
        if listening.get(key, latest) < latest:
            yield f"'{key}' listened when a signal was sent, and did not hear it"


def retold(books: Books) -> Iterator[str]:
    """A message with an id is there once, however often it was sent: it waits, or was taken."""
    by_hand = {told.target for told in books.told.values() if told.verb == "go"}
    waits: set[tuple[int, int]] = set()
    taken: Counter[str] = Counter()
    for entry, name, values in books.facts("ElementActivated", "ElementCompleted"):
        place, key = (entry.instance_id, values["id"]), books.instances[entry.instance_id].business_key
        if name == "ElementActivated" and values["element_id"] == "r":
            waits.add(place)
        elif name == "ElementCompleted" and place in waits and key not in by_hand:
            taken[key] += 1
    for key, count in books.kept.items():
        if count + taken[key] > 1:
            yield f"the message for '{key}' was taken {taken[key]} times, and waits {count} times"


def _miscounted(books: Books, instance_id: int) -> Iterator[str]:
    facts = [fact for entry in books.entries if entry.instance_id == instance_id for fact in entry.facts]
    elements = {values["id"]: values["element_id"] for name, values in facts if name == "ElementActivated"}
    begun = Counter(elements.values())
    ended = Counter(elements.get(values["id"], "") for name, values in facts if name == "ElementCompleted")
    last = {values["name"]: values["value"] for name, values in facts if name == "VariableSet"}
    for variable, counting in (("n", ("xa", "xw", "xr")), ("late", ("xl",))):
        # What was withdrawn may have stopped before an element, or behind it.
        least, most = (sum(count[element] for element in counting) for count in (ended, begun))
        if not least <= last.get(variable, -1) <= most:
            yield f"instance {instance_id}: {variable} is {last.get(variable)}, but was counted {least} to {most} times"
    if begun["xl"] > 3:
        yield f"instance {instance_id}: a cycle of three came {begun['xl']} times"
    if "InstanceCompleted" in dict(facts) and not begun["e3"] and any(ended[each] != 1 for each in ("xa", "xw", "xr")):
        yield f"instance {instance_id}: went past a join that was not complete: {dict(ended)}"


THROUGH_OUTAGES = (
    stuck,
    untold,
    disordered,
    misinformed,
    shown_errors,
    blamed,
    doubled,
    miscounted_jobs,
    misdelivered,
    unheard,
    retold,
)
"""Everything that a campaign with the load of `models` is held against."""

CHECKS = (*THROUGH_OUTAGES, outages)
"""The same, where the database was there all the time."""
