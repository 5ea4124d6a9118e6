"""Process instances: start, look at, change, cancel; and the one way by which every command goes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import sqlalchemy as sa

from engine import failures, history, journal, names, reasons
from engine.core.commands import CancelInstance, Command, MoveDueDate, SetVariables, StartInstance
from engine.core.facts import Fact, IncidentRaised
from engine.core.parts import WHOLE, Saved, Stored
from engine.core.run import WHILE_SUSPENDED, run
from engine.core.splitting import split
from engine.core.state import ROOT, State, at_hand
from engine.errors import InvalidState, NotFound, Suspended
from engine.observing import note
from engine.store import states
from engine.store.database import Transaction
from engine.store.projection import Projection, scopes_of
from engine.store.statements import Statement, from_driver, in_one_journey
from engine.store.tables import definitions, process_instances
from engine.variables import checked

ACTIVE, SUSPENDED, COMPLETED, FAILED, CANCELLED = "active", "suspended", "completed", "failed", "cancelled"
ENDED = frozenset({COMPLETED, FAILED, CANCELLED})


@dataclass(frozen=True, slots=True)
class Instance:
    """A process instance. `status` is ``active``, ``suspended``, ``completed``, ``failed`` or ``cancelled``; the last
    three say when, by whom and why it was suspended.
    """

    id: int
    definition_id: str
    definition_key: str
    business_key: str
    status: str
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    end_reason: str | None
    suspended_at: datetime | None
    suspended_by: str | None
    suspend_reason: str | None


@dataclass(frozen=True, slots=True)
class Locked:
    """An instance's row, held against everyone else until the transaction ends."""

    id: int
    definition_id: str
    business_key: str
    status: str
    state: str
    seq: int
    head: str


LOCKED = [process_instances.c[name] for name in Locked.__slots__]
"""The columns of `Locked`, for whoever loads them together with something else."""

_INSTANCE = [process_instances.c[name] for name in Instance.__slots__]
# The key stays free: rows of others may refer to an instance while somebody is at it.
_LOAD = Statement(
    sa.select(*LOCKED).where(process_instances.c.id == sa.bindparam("of_id")).with_for_update(key_share=True)
)
_GET = Statement(sa.select(*_INSTANCE).where(process_instances.c.id == sa.bindparam("of_id")))
_NAMES, _MOMENTS = [column.name for column in _INSTANCE], ("started_at", "ended_at", "suspended_at")
_LAUNCH = Statement(
    sa.insert(process_instances).returning(process_instances.c.id),
    (
        *("definition_id", "definition_key", "business_key", "status", "state", "seq", "head"),
        *("started_at", "started_by"),
    ),
)
_SAVED = ("status", "state", "seq", "head", "ended_at", "end_reason", "remove_at")
_SAVE = Statement(
    sa.update(process_instances)
    .where(process_instances.c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(name) for name in _SAVED})
)

_MOVE = Statement(
    sa.update(process_instances)
    .where(process_instances.c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(name) for name in ("definition_id", "definition_key")})
)
_SUSPEND = Statement(
    sa.update(process_instances)
    .where(process_instances.c.id == sa.bindparam("of_id"))
    .values({name: sa.bindparam(name) for name in ("suspended_at", "suspended_by", "suspend_reason")})
)


def lock(tx: Transaction, instance_id: int) -> Locked:
    """
    Raises:
        NotFound: there is no such instance.
    """
    row = _LOAD.execute(tx.connection, {"of_id": instance_id}).first()
    if row is None:
        raise NotFound("process instance", instance_id)
    return Locked(*tuple(row))


def execute(tx: Transaction, instance_id: int, command: Command) -> list[Fact]:
    """Carry out one command on one instance, and write what came of it.

    Raises:
        NotFound: there is no such instance.
        InvalidState: it has ended, or what the command is about has.
        Suspended: it is, and this is nothing that may be done then.
        ExecutionFailed: a variable is no JSON value.
    """
    return step(tx, lock(tx, instance_id), command)


def step(tx: Transaction, locked: Locked, command: Command, traces: dict[int, str] | None = None) -> list[Fact]:
    """As `execute`, for whoever has locked the instance already. A command that changes nothing leaves no entry.

    `traces` gets what is known of incidents that an error in the diagram has raised, by their numbers.
    """
    if locked.status != ACTIVE and not (locked.status == SUSPENDED and type(command) in WHILE_SUSPENDED):
        require_active(tx, locked)
    decided = states.put_together(
        tx.connection, locked.id, locked.state, lambda state, stored: _decide(tx, state, stored, command)
    )
    if decided.happened:
        raised = _write(tx, locked, command, decided)
        if traces is not None:
            traces.update({number: row["trace"] for number, row in raised.items() if "trace" in row})
    return decided.happened


@dataclass(frozen=True, slots=True)
class _Decided:
    """What came of a command: the facts, what has to be stored of the state, what each incident saw and what it came
    of, and the definition and the element of the tokens that were there before.
    """

    happened: list[Fact]
    saved: Saved
    seen: Mapping[int, Mapping[str, Any]]
    causes: Mapping[int, Exception]
    scopes: dict[int, str]
    elements: dict[int, str]


def _decide(tx: Transaction, state: State | None, stored: Stored, command: Command) -> _Decided:
    scopes = {} if state is None else scopes_of(state)
    elements = {} if state is None else {token.id: token.element_id for token in at_hand(state.tokens)}
    causes: dict[int, Exception] = {}
    state, happened = run(tx.library, state, command, tx.now, causes)
    # What it saw then is gone from the state by the time that somebody looks.
    raised = [fact for fact in happened if type(fact) is IncidentRaised]
    seen = {fact.id: visible(state, fact.token_id) for fact in raised}
    return _Decided(happened, split(state, stored, tx.library), seen, causes, scopes, elements)


def require_active(tx: Transaction, locked: Locked) -> None:
    """
    Raises:
        InvalidState: it has ended; says when and why.
        Suspended: it is; says since when, by whom and why.
    """
    if locked.status == SUSPENDED:
        raise Suspended("process instance", locked.id, "continue", _suspension_of(tx, locked.id))
    if locked.status != ACTIVE:
        raise InvalidState("process instance", locked.id, "continue", _end_of(tx, locked.id))


def _write(tx: Transaction, locked: Locked, command: Command, decided: _Decided) -> Mapping[int, dict[str, Any]]:
    """Returns the rows of the incidents that were raised, by their numbers."""
    rows = Projection(tx, locked.id, decided.scopes, decided.elements, locked.status)
    rows.take(decided.happened)
    _explain(rows.incidents, decided)
    ended: dict[str, Any] = {"ended_at": None, "remove_at": None}
    if rows.status in ENDED:
        ended = {"ended_at": tx.now, "remove_at": removal(tx, locked.definition_id, tx.now)}
    of_it = {"of_id": locked.id}
    with in_one_journey(tx.connection):
        seq, head = journal.append(tx, locked.id, locked.seq, locked.head, command, decided.happened)
        now = {"status": rows.status, "state": decided.saved.rest, "seq": seq, "head": head}
        _SAVE.execute(tx.connection, {**of_it, **now, **ended, "end_reason": rows.end_reason})
        states.write(tx.connection, locked.id, decided.saved)
        if rows.runs_by is not None:
            _MOVE.execute(tx.connection, {**rows.runs_by, **of_it})
        if rows.suspension is not None:
            _SUSPEND.execute(tx.connection, {**rows.suspension, **of_it})
        rows.write()
    rows.announce()
    tx.commands.append(type(command).__name__)
    note(case=locked.business_key)
    return rows.incidents


def _explain(raised: Mapping[int, dict[str, Any]], decided: _Decided) -> None:
    """Note what a token saw; and of an error, where in the diagram it came up."""
    for number, incident in raised.items():
        incident["variables"] = json.dumps(decided.seen[number], ensure_ascii=False)
        if number in decided.causes:
            incident["trace"] = failures.trace_in_diagram(decided.causes[number], incident["element_id"])


def removal(tx: Transaction, definition_id: str, ended_at: datetime) -> datetime | None:
    """When the history of an instance that ended then may go: by its diagram, else by what the engine was given."""
    days = tx.library.process(definition_id).history_time_to_live
    time_to_live = tx.engine.history_time_to_live if days is None else timedelta(days=days)
    return None if time_to_live is None else ended_at + time_to_live


def launch(tx: Transaction, command: StartInstance) -> Instance:
    """Start an instance of a definition, where the command says.

    Raises:
        Suspended: the definition is; says since when, by whom and why.
        ExecutionFailed: the process cannot start that way.
    """
    newest, suspended_at = tx.library.newest_deployment(command.definition_id)
    if suspended_at is not None:
        raise Suspended("process definition", command.definition_id, "start", _suspension_of_definition(tx, command))
    command = replace(command, deployment_id=newest)
    decided = _decide(tx, None, WHOLE, command)
    row = {
        "definition_id": command.definition_id,
        "definition_key": command.definition_id.rpartition(":")[0],
        "business_key": command.business_key,
        "status": ACTIVE,
        "state": "",
        "seq": 0,
        "head": journal.START,
        "started_at": tx.now,
        "started_by": tx.actor.id,
    }
    instance_id = _LAUNCH.execute(tx.connection, row).scalar_one()
    locked = Locked(instance_id, command.definition_id, command.business_key, ACTIVE, "", 0, journal.START)
    _write(tx, locked, command, decided)
    return get(tx, locked.id)


def start(tx: Transaction, key: str, *, business_key: str = "", variables: Mapping[str, Any] | None = None) -> Instance:
    """Start the newest version of a process where it begins without a trigger.

    Raises:
        NotFound: no process of that key is deployed.
        InvalidInput: the business key is too long.
        InvalidVariables: a variable is no JSON value.
        ExecutionFailed: the process cannot start that way.
    """
    tx.authorise("start", f"process:{key}")
    names.checked("business key", business_key)
    definition_id = tx.library.latest("process", key)
    return launch(tx, StartInstance(definition_id, business_key, checked(variables or {})))


def get(tx: Transaction, instance_id: int) -> Instance:
    """
    Raises:
        NotFound: there is no such instance.
    """
    row = _GET.execute(tx.connection, {"of_id": instance_id}).first()
    if row is None:
        raise NotFound("process instance", instance_id)
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    return Instance(**{**values, **{name: from_driver(values[name]) for name in _MOMENTS}})


@dataclass(frozen=True, slots=True)
class InstanceQuery:
    """What to look for; None means any. `after` is the id of the last one already seen (the newest come first)."""

    business_key: str | None = None
    definition_key: str | None = None
    definition_id: str | None = None
    status: str | None = None
    after: int | None = None
    limit: int = 50


def find(tx: Transaction, business_key: str) -> Instance:
    """The newest instance with this business key.

    Raises:
        NotFound: there is none.
    """
    found = search(tx, InstanceQuery(business_key=business_key, limit=1))
    if not found:
        raise NotFound("process instance", business_key)
    return found[0]


def search(tx: Transaction, query: InstanceQuery) -> list[Instance]:
    """The newest first."""
    select = _narrowed(sa.select(*_INSTANCE), query).order_by(process_instances.c.id.desc()).limit(query.limit)
    if query.after is not None:
        select = select.where(process_instances.c.id < query.after)
    return [Instance(*row) for row in tx.connection.execute(select)]


def ids(query: InstanceQuery) -> sa.Select[tuple[int, str]]:
    """A number for each that there is, the oldest first and wherever the page begins and ends, and its id."""
    number = sa.func.row_number().over(order_by=process_instances.c.id)
    return _narrowed(sa.select(number, sa.cast(process_instances.c.id, sa.Text)), query)


def _narrowed(select: sa.Select[Any], query: InstanceQuery) -> sa.Select[Any]:
    for name in ("business_key", "definition_key", "definition_id", "status"):
        wanted = getattr(query, name)
        if wanted is not None:
            select = select.where(process_instances.c[name] == wanted)
    return select


def state(tx: Transaction, instance_id: int) -> State:
    """What is alive in the instance.

    Raises:
        NotFound: there is no such instance.
    """
    text = tx.connection.execute(
        sa.select(process_instances.c.state).where(process_instances.c.id == instance_id)
    ).scalar()
    if text is None:
        raise NotFound("process instance", instance_id)
    return states.glance(tx.connection, instance_id, text, partial(states.whole, tx.connection, instance_id))


def variables(tx: Transaction, instance_id: int, token_id: int = ROOT) -> dict[str, Any]:
    """The variables visible at a token; those of the process scope where none is named.

    Of an instance that has ended: what its process scope had last, out of the journal.

    Raises:
        NotFound: there is no such instance.
    """
    now = state(tx, instance_id)
    return _last_variables(tx, instance_id) if now.ended else visible(now, token_id)


def _last_variables(tx: Transaction, instance_id: int) -> dict[str, Any]:
    sets = (
        values
        for name, values in journal.happened(tx, instance_id)
        if name == "VariableSet" and values["scope_id"] == ROOT
    )
    return {values["name"]: values["value"] for values in sets}


def visible(state: State, token_id: int) -> dict[str, Any]:
    """The variables that a token sees: its own before those of the scopes around it, up to its process."""
    token = state.tokens.get(token_id)
    if token is None:
        return {}
    seen = dict(token.variables)
    while token.id != token.process_id:
        token = state.tokens[token.scope_id]
        seen = {**token.variables, **seen}
    return seen


def seen_from(tx: Transaction, instance_id: int, stored: str, token_id: int) -> dict[str, Any]:
    """The variables that a token sees, of an instance that is not locked and in whose row this is stored."""

    def look(rest: str) -> dict[str, Any]:
        return states.put_together(tx.connection, instance_id, rest, lambda state, _: visible(state, token_id))

    return states.glance(tx.connection, instance_id, stored, look)


def set_variables(tx: Transaction, instance_id: int, values: Mapping[str, Any], token_id: int = ROOT) -> None:
    """Write variables as the process would.

    Raises:
        NotFound: there is no such instance.
        InvalidState: it has ended, or the token has.
        InvalidVariables: a value is not JSON.
    """
    tx.authorise("set variables of", get(tx, instance_id))
    execute(tx, instance_id, SetVariables(token_id, checked(values)))


def move_due_date(tx: Transaction, instance_id: int, old: datetime, new: datetime) -> None:
    """Let whatever is due at `old` be due at `new`: open user tasks, timers, and the variables that say so.

    Nobody is asked: it follows from what whoever acts, a petitioner perhaps, was permitted to do.

    Raises:
        NotFound: there is no such instance.
        InvalidState: it has ended.
    """
    execute(tx, instance_id, MoveDueDate(old, new))


def cancel(tx: Transaction, instance_id: int, reason: str) -> None:
    """End everything in an instance.

    Raises:
        NotFound: there is no such instance.
        InvalidState: it has ended already.
        InvalidInput: no reason is given, or a very long one.
    """
    tx.authorise("cancel", get(tx, instance_id))
    execute(tx, instance_id, CancelInstance(reasons.checked(reason)))


def _suspension_of(tx: Transaction, instance_id: int) -> str:
    return suspension(tx, get(tx, instance_id))


def _suspension_of_definition(tx: Transaction, command: StartInstance) -> str:
    where = (definitions.c.kind == "process", definitions.c.id == command.definition_id)
    names = ("suspended_at", "suspended_by", "suspend_reason")
    return suspension(
        tx, tx.connection.execute(sa.select(*(definitions.c[name] for name in names)).where(*where)).one()
    )


def suspension(tx: Transaction, suspended: Any) -> str:
    """Since when, by whom and why an instance or a definition is suspended, to be read after "but it …"."""
    when = history.moment(tx, suspended.suspended_at)
    return f"was suspended {when} by {suspended.suspended_by}{history.because(suspended.suspend_reason)}"


def _end_of(tx: Transaction, instance_id: int) -> str:
    instance = get(tx, instance_id)
    assert instance.ended_at is not None, "an instance that is not active has ended"
    return f"was {instance.status} {history.moment(tx, instance.ended_at)}{history.because(instance.end_reason)}"
