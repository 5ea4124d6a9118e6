"""Deployments: diagrams, decision tables and forms, each in versions that never change.

Running instances stay on their version; new ones, and whatever starts one by itself, belong to the newest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import PurePath
from typing import Any

import sqlalchemy as sa

from engine import decisions, forms, retry, starts
from engine.core.compile import compile as compile_diagram
from engine.core.model import Element, JobSpec, MultiInstance, ProcessModel
from engine.errors import InvalidDefinition, InvalidInput, NotFound, Problem
from engine.forms import Form
from engine.store import locks
from engine.store.database import Transaction
from engine.store.tables import activities, definitions, deployment_members, deployments, resources

PROCESS, DECISION, FORM = "process", "decision", "form"

LOCK = "deployments"
"""Held by whoever deploys: the newest deployment that a case knows must be the newest there was."""

MOST_COUNTED = 200
"""Running instances of one version; more are not counted."""


@dataclass(frozen=True, slots=True)
class Definition:
    """One version of a process, decision table or form. `id` is ``key:version``; `resource` the file's name. The last
    say when, by whom and why a process was suspended; where it was resumed since, the same of that.
    """

    kind: str
    id: str
    key: str
    version: int
    name: str
    version_tag: str | None
    deployment_id: int
    resource: str
    deployed_at: datetime
    deployed_by: str
    suspended_at: datetime | None
    suspended_by: str | None
    suspend_reason: str | None
    resumed_at: datetime | None
    resumed_by: str | None
    resume_reason: str | None


@dataclass(frozen=True, slots=True)
class Deployment:
    """`id` is None where nothing was new. `definitions` are all that the files define, `new` the ids among them that
    this deployment made.
    """

    id: int | None
    definitions: tuple[Definition, ...]
    new: frozenset[str]


@dataclass(frozen=True, slots=True)
class _Draft:
    """A definition that a file holds. `model` is a process's."""

    kind: str
    key: str
    name: str
    resource: str
    sha256: str
    version_tag: str | None = None
    model: ProcessModel | None = None


_COLUMNS = [
    *(definitions.c[name] for name in ("kind", "id", "key", "version", "name", "version_tag", "deployment_id")),
    resources.c.name.label("resource"),
    deployments.c.deployed_at,
    deployments.c.deployed_by,
    *(definitions.c[name] for name in ("suspended_at", "suspended_by", "suspend_reason")),
    *(definitions.c[name] for name in ("resumed_at", "resumed_by", "resume_reason")),
]
_SELECT = (
    sa.select(*_COLUMNS)
    .join_from(definitions, resources, definitions.c.resource_id == resources.c.id)
    .join(deployments, definitions.c.deployment_id == deployments.c.id)
)


@dataclass(frozen=True, slots=True)
class Prepared:
    """Files that were read and found to be deployable, by themselves."""

    files: Mapping[str, bytes]
    drafts: tuple[_Draft, ...]

    @property
    def models(self) -> list[ProcessModel]:
        """The processes in them, compiled."""
        return [draft.model for draft in self.drafts if draft.model is not None]


def prepare(files: Mapping[str, bytes], functions: Mapping[str, Callable[..., Any]]) -> Prepared:
    """Read diagrams (.bpmn), decision tables (.dmn) and forms (.form) that are to be deployed together. That can take
    a while, and needs no transaction. `functions` are what their expressions may call.

    Raises:
        InvalidDefinition: every problem of every file.
        InvalidInput: no file, or one of another kind.
    """
    return Prepared(files, tuple(_read(files, functions)))


def deploy(tx: Transaction, files: Mapping[str, bytes] | Prepared) -> Deployment:
    """Deploy files together, all or none. Where others are at work meanwhile, they are `Prepared` before.

    What is exactly as in its newest version stays that version.

    Raises:
        InvalidDefinition: every problem of every file.
        InvalidInput: no file, or one of another kind.
        NotPermitted: this actor may not deploy.
    """
    tx.authorise("deploy", "deployment")
    prepared = files if isinstance(files, Prepared) else prepare(files, tx.engine.functions)
    locks.alone(tx, LOCK)
    drafts = prepared.drafts
    latest = {(draft.kind, draft.key): _latest(tx, draft) for draft in drafts}
    new = [draft for draft in drafts if _differs(latest[draft.kind, draft.key], draft)]
    if not new:
        return Deployment(None, tuple(_definition(tx, draft.kind, draft.key) for draft in drafts), frozenset())
    deployment_id = _insert(tx, deployments, {"deployed_at": tx.now, "deployed_by": tx.actor.id})
    stored: dict[str, int] = {}
    for draft in new:
        if draft.resource not in stored:
            stored[draft.resource] = _store(tx, deployment_id, draft, prepared.files[draft.resource])
        _add(tx, deployment_id, stored[draft.resource], draft, latest[draft.kind, draft.key])
    found = tuple(_definition(tx, draft.kind, draft.key) for draft in drafts)
    tx.connection.execute(
        sa.insert(deployment_members),
        [
            {"deployment_id": deployment_id, "kind": each.kind, "key": each.key, "definition_id": each.id}
            for each in found
        ],
    )
    _open_starts(tx, [draft.model for draft in new if draft.model is not None])
    return Deployment(deployment_id, found, frozenset(each.id for each in found if each.deployment_id == deployment_id))


def _open_starts(tx: Transaction, models: Sequence[ProcessModel]) -> None:
    """Let what begins these processes begin their newest versions from now on."""
    for model in models:
        starts.close(tx, model.key)
    wrong = []
    for model in models:
        definition_id = tx.library.latest(PROCESS, model.key)
        tx.library.keep(PROCESS, definition_id, model)
        problems = starts.open_all(tx, model, definition_id)
        wrong += [InvalidDefinition(model.key, problems)] if problems else []
    _refuse(wrong)


def _read(files: Mapping[str, bytes], functions: Mapping[str, Any]) -> list[_Draft]:
    if not files:
        raise InvalidInput("Expected at least one file to deploy, but there is none.")
    drafts: list[_Draft] = []
    wrong: list[InvalidDefinition] = []
    for name, content in files.items():
        read = _READERS.get(PurePath(name).suffix)
        if read is None:
            known = ", ".join(_READERS)
            raise InvalidInput(f"Expected a file that ends in {known}, but it is called '{name}'.")
        try:
            drafts.extend(read(name, content, sha256(content).hexdigest(), functions))
        except InvalidDefinition as error:
            wrong.append(error)
    if not wrong:
        wrong.extend(_twice(drafts))
    _refuse(wrong)
    return drafts


def _refuse(wrong: Sequence[InvalidDefinition]) -> None:
    if len(wrong) == 1:
        raise wrong[0]
    if wrong:
        names = ", ".join(dict.fromkeys(error.resource for error in wrong))
        every = [
            Problem(problem.element_id, problem.line, f"[{error.resource}] {problem.wrong}", problem.right)
            for error in wrong
            for problem in error.problems
        ]
        raise InvalidDefinition(names, every)


def _diagram(name: str, content: bytes, digest: str, functions: Mapping[str, Any]) -> list[_Draft]:
    models = compile_diagram(content, name, functions=frozenset(functions))
    wrong = [problem for model in models for problem in (*_retry_cycles(model), *_starts(model))]
    if wrong:
        raise InvalidDefinition(name, wrong)
    return [_Draft(PROCESS, model.key, model.name, name, digest, model.version_tag, model) for model in models]


def _retry_cycles(model: ProcessModel) -> Iterator[Problem]:
    """How a job is retried is the shell's to know, and so to check."""
    for element in model.elements.values():
        for cycle in dict.fromkeys(_cycles_of(element)):
            try:
                retry.read(cycle)
            except ValueError:
                wrong = f"'{cycle}' does not say how often and when to retry."
                yield Problem(element.id, element.line, wrong, "Write R3/PT10S, or the delays: PT10S,PT1M.")


def _cycles_of(element: Element) -> Iterator[str]:
    each = element.loop.continuation if isinstance(element.loop, MultiInstance) else None
    job = element.spec if isinstance(element.spec, JobSpec) else None
    for retried in (job, element.continuation, each):
        if retried is not None and retried.retry_cycle is not None:
            yield retried.retry_cycle


def _starts(model: ProcessModel) -> Iterator[Problem]:
    """A message that comes starts one instance, at one place."""
    yield from starts.problems(model)
    first: dict[str, str] = {}
    for name, element in starts.messages_of(model):
        if name in first:
            wrong = f"The message '{name}' starts the process at '{first[name]}' already."
            yield Problem(element.id, element.line, wrong, "Give it a message of its own.")
        first.setdefault(name, element.id)


def _decision_tables(name: str, content: bytes, digest: str, _functions: Mapping[str, Any]) -> list[_Draft]:
    return [_Draft(DECISION, table.id, table.name, name, digest) for table in decisions.read(content, name)]


def _form_file(name: str, content: bytes, digest: str, _functions: Mapping[str, Any]) -> list[_Draft]:
    key = forms.read(content, name).id
    return [_Draft(FORM, key, key, name, digest)]


_READERS: Mapping[str, Callable[[str, bytes, str, Mapping[str, Any]], list[_Draft]]] = {
    ".bpmn": _diagram,
    ".dmn": _decision_tables,
    ".form": _form_file,
}


def _twice(drafts: Sequence[_Draft]) -> list[InvalidDefinition]:
    """Keys, and messages that start a process, which two files claim."""
    first: dict[tuple[str, str], _Draft] = {}
    wrong = []
    for draft in drafts:
        named = [] if draft.model is None else starts.messages_of(draft.model)
        for claim in [(draft.kind, draft.key), *(("message", name) for name, _ in named)]:
            before = first.setdefault(claim, draft)
            if before is not draft:
                what = f"The {claim[0]} '{claim[1]}' is in '{before.resource}' already."
                wrong.append(InvalidDefinition(draft.resource, [Problem(None, 0, what, "Rename one of them.")]))
    return wrong


def _latest(tx: Transaction, draft: _Draft) -> Any:
    return tx.connection.execute(
        sa.select(definitions.c.version, resources.c.sha256)
        .join_from(definitions, resources, definitions.c.resource_id == resources.c.id)
        .where(definitions.c.kind == draft.kind, definitions.c.key == draft.key)
        .order_by(definitions.c.version.desc())
        .limit(1)
    ).first()


def _differs(latest: Any, draft: _Draft) -> bool:
    return latest is None or latest.sha256 != draft.sha256


def _store(tx: Transaction, deployment_id: int, draft: _Draft, content: bytes) -> int:
    row = {"deployment_id": deployment_id, "name": draft.resource, "sha256": draft.sha256, "content": content}
    return _insert(tx, resources, row)


def _add(tx: Transaction, deployment_id: int, resource_id: int, draft: _Draft, latest: Any) -> None:
    version = 1 if latest is None else latest.version + 1
    row = {
        "kind": draft.kind,
        "id": f"{draft.key}:{version}",
        "key": draft.key,
        "version": version,
        "name": draft.name,
        "version_tag": draft.version_tag,
        "deployment_id": deployment_id,
        "resource_id": resource_id,
    }
    tx.connection.execute(sa.insert(definitions).values(row))


def _insert(tx: Transaction, table: sa.Table, row: Mapping[str, Any]) -> int:
    key = tx.connection.execute(sa.insert(table).values(row)).inserted_primary_key
    assert key is not None, "a row that was written has a key"
    return int(key[0])


# Looking


def list_definitions(tx: Transaction, kind: str = PROCESS) -> list[Definition]:
    """The newest version of each, by key."""
    newest = (
        sa.select(definitions.c.key, sa.func.max(definitions.c.version).label("version"))
        .where(definitions.c.kind == kind)
        .group_by(definitions.c.key)
        .subquery()
    )
    same = (definitions.c.key == newest.c.key) & (definitions.c.version == newest.c.version)
    rows = tx.connection.execute(
        _SELECT.join(newest, same).where(definitions.c.kind == kind).order_by(definitions.c.key)
    )
    return [Definition(*row) for row in rows]


def versions(tx: Transaction, key: str, kind: str = PROCESS) -> list[Definition]:
    """Every version, the newest first."""
    rows = tx.connection.execute(
        _SELECT.where(definitions.c.kind == kind, definitions.c.key == key).order_by(definitions.c.version.desc())
    )
    return [Definition(*row) for row in rows]


def definition(tx: Transaction, definition_id: str, kind: str = PROCESS) -> Definition:
    """
    Raises:
        NotFound: there is none of that id.
    """
    row = tx.connection.execute(_SELECT.where(definitions.c.kind == kind, definitions.c.id == definition_id)).first()
    if row is None:
        raise NotFound(f"{kind} definition", definition_id)
    return Definition(*row)


def _definition(tx: Transaction, kind: str, key: str) -> Definition:
    return definition(tx, tx.library.latest(kind, key), kind)


def latest(tx: Transaction, key: str, kind: str = PROCESS) -> Definition:
    """The newest version.

    Raises:
        NotFound: nothing of that key is deployed.
    """
    return _definition(tx, kind, key)


def source(tx: Transaction, definition_id: str, kind: str = PROCESS) -> bytes:
    """The file as it was deployed.

    Raises:
        NotFound: there is no definition of that id.
    """
    content = tx.connection.execute(
        sa.select(resources.c.content)
        .join_from(definitions, resources, definitions.c.resource_id == resources.c.id)
        .where(definitions.c.kind == kind, definitions.c.id == definition_id)
    ).scalar()
    if content is None:
        raise NotFound(f"{kind} definition", definition_id)
    return bytes(content)


def model(tx: Transaction, definition_id: str) -> ProcessModel:
    """The compiled process.

    Raises:
        NotFound: there is no definition of that id.
    """
    return tx.library.process(definition_id)


def form(tx: Transaction, key: str) -> Form:
    """The newest form of that key.

    Raises:
        NotFound: none is deployed.
    """
    return tx.library.form(key)


def running(tx: Transaction, definition_ids: Collection[str]) -> dict[str, int]:
    """How many instances run by each of these versions now, as their main process or as a called one; `MOST_COUNTED`
    stands for that many or more.

    The literals are for SQLite, which takes a partial index for no parameter.
    """
    table, version = activities, definitions.c
    runs = (table.c.kind == sa.literal_column("'process'")) & table.c.ended_at.is_(None)
    some = sa.select(table.c.instance_id).distinct().where(runs, table.c.definition_id == version.id)
    counted = sa.select(sa.func.count()).select_from(some.limit(MOST_COUNTED).correlate(definitions).subquery())
    asked = (version.kind == PROCESS) & version.id.in_(sorted(definition_ids))
    rows = tx.connection.execute(sa.select(version.id, counted.scalar_subquery()).where(asked))
    found = {row[0]: row[1] for row in rows}
    return {definition_id: found.get(definition_id, 0) for definition_id in definition_ids}
