"""Everything that is deployed, as the core sees it: look-ups in a warm cache, and in the database behind it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from engine import decisions, forms
from engine.core.compile import compile as compile_diagram
from engine.core.model import Decision, ProcessModel
from engine.errors import NotFound
from engine.forms import Form
from engine.store.statements import Statement, from_driver
from engine.store.tables import data_stores, definitions, deployment_members, deployments, resources

Cache = dict[tuple[str, str], Any]
"""What was read, by kind and definition id. A definition never changes, so an entry holds as long as it is wanted."""

_LATEST = Statement(
    sa.select(definitions.c.id)
    .where(definitions.c.kind == sa.bindparam("of_kind"), definitions.c.key == sa.bindparam("of_key"))
    .order_by(definitions.c.version.desc())
    .limit(1)
)
_KNOWN = Statement(
    sa.select(definitions.c.id)
    .where(
        definitions.c.kind == "process",
        definitions.c.key == sa.bindparam("of_key"),
        definitions.c.deployment_id <= sa.bindparam("known"),
    )
    .order_by(definitions.c.version.desc())
    .limit(1)
)
_STORED = Statement(sa.select(data_stores.c.value).where(data_stores.c.name == sa.bindparam("of_name")))
_NEWEST_DEPLOYMENT = Statement(
    sa.select(
        sa.select(sa.func.max(deployments.c.id)).scalar_subquery(),
        sa.select(definitions.c.suspended_at)
        .where(definitions.c.kind == "process", definitions.c.id == sa.bindparam("of_id"))
        .scalar_subquery(),
    )
)
_CONTENT = (
    sa.select(resources.c.id, resources.c.name, resources.c.content)
    .join_from(definitions, resources, definitions.c.resource_id == resources.c.id)
    .where(definitions.c.kind == sa.bindparam("of_kind"), definitions.c.id == sa.bindparam("of_id"))
)
_IN_FILE = sa.select(definitions.c.id, definitions.c.key).where(
    definitions.c.kind == sa.bindparam("of_kind"), definitions.c.resource_id == sa.bindparam("of_resource")
)


class DatabaseLibrary:
    """One transaction's view. What it reads goes into the cache that all share once the transaction has ended well:
    until then it may be of a deployment that comes to nothing.
    """

    def __init__(self, connection: sa.Connection, cache: Cache, functions: Mapping[str, Callable[..., Any]]) -> None:
        self.functions = functions
        self._connection, self._cache = connection, cache
        self._fresh: Cache = {}

    def publish(self) -> None:
        self._cache.update(self._fresh)
        self._fresh.clear()

    def keep(self, kind: str, definition_id: str, read: Any) -> None:
        """What a definition that was just deployed holds, so that nobody has to read it again."""
        self._fresh[kind, definition_id] = read

    def process(self, definition_id: str) -> ProcessModel:
        """The compiled process of this definition.

        Raises:
            NotFound: there is no such definition.
        """
        found = self._cache.get(("process", definition_id))
        model: ProcessModel = self._load("process", definition_id) if found is None else found
        return model

    def resolve(self, key: str, binding: str, version: str | None, caller: str, known: int | None) -> str:
        """The definition id that a call activity of definition `caller` is bound to.

        ``latest`` is the latest of those that were deployed with `known` or before: a case keeps the diagrams it began
        with. What was missing then and came later is taken all the same.

        Raises:
            NotFound: nothing of that key, version or tag is deployed.
        """
        if binding == "deployment":
            return self._in_deployment(key, caller)
        if binding in ("version", "versionTag"):
            column = definitions.c.version if binding == "version" else definitions.c.version_tag
            return self._newest(key, sa.cast(column, sa.Text) == (version or ""), f"{key} ({binding} {version})")
        row = _KNOWN.execute(self._connection, {"of_key": key, "known": known or 0}).first()
        return self.latest("process", key) if row is None else str(row[0])

    def newest_deployment(self, definition_id: str) -> tuple[int | None, datetime | None]:
        """The id of the last deployment, None where nothing was deployed; and since when this process is suspended."""
        newest, suspended_at = tuple(_NEWEST_DEPLOYMENT.execute(self._connection, {"of_id": definition_id}).one())
        return newest, from_driver(suspended_at)

    def latest(self, kind: str, key: str) -> str:
        """The id of the newest definition of that kind and key.

        Raises:
            NotFound: there is none.
        """
        row = _LATEST.execute(self._connection, {"of_kind": kind, "of_key": key}).first()
        if row is None:
            raise NotFound(f"{kind} definition", key)
        return str(row[0])

    def decision(self, key: str, caller: str) -> Decision:
        """The newest decision table of that key; raises NotFound."""
        table: Decision = self._get("decision", self.latest("decision", key))
        return table

    def stored(self, store: str) -> Any:
        """What is in this data store; None where nothing was ever put there."""
        row = _STORED.execute(self._connection, {"of_name": store}).first()
        return None if row is None else json.loads(row[0])

    def form(self, key: str) -> Form:
        """The newest form of that key; raises NotFound."""
        form: Form = self._get("form", self.latest("form", key))
        return form

    def _get(self, kind: str, definition_id: str) -> Any:
        found = self._cache.get((kind, definition_id))
        return self._load(kind, definition_id) if found is None else found

    def _load(self, kind: str, definition_id: str) -> Any:
        """Read the file of a definition, and keep all that it defines: a file of many is read once."""
        if (kind, definition_id) not in self._fresh:
            row = self._connection.execute(_CONTENT, {"of_kind": kind, "of_id": definition_id}).first()
            if row is None:
                raise NotFound(f"{kind} definition", definition_id)
            found = _READERS[kind](row.name, row.content, frozenset(self.functions))
            beside = self._connection.execute(_IN_FILE, {"of_kind": kind, "of_resource": row.id})
            self._fresh.update({(kind, each.id): found[each.key] for each in beside})
        return self._fresh[(kind, definition_id)]

    def _in_deployment(self, key: str, caller: str) -> str:
        members = deployment_members.c
        found = self._connection.execute(
            sa.select(members.definition_id)
            .join_from(definitions, deployment_members, definitions.c.deployment_id == members.deployment_id)
            .where(definitions.c.kind == "process", definitions.c.id == caller)
            .where(members.kind == "process", members.key == key)
        ).scalar()
        if found is None:
            raise NotFound("process definition", f"{key} (in the deployment of {caller})")
        return str(found)

    def _newest(self, key: str, condition: sa.ColumnElement[bool], wanted: str) -> str:
        found = self._connection.execute(
            sa.select(definitions.c.id)
            .where(definitions.c.kind == "process", definitions.c.key == key, condition)
            .order_by(definitions.c.version.desc())
            .limit(1)
        ).scalar()
        if found is None:
            raise NotFound("process definition", wanted)
        return str(found)


def _processes(resource: str, content: bytes, functions: frozenset[str]) -> dict[str, Any]:
    return {model.key: model for model in compile_diagram(content, resource, functions)}


def _decisions(resource: str, content: bytes, _functions: frozenset[str]) -> dict[str, Any]:
    return {table.id: table for table in decisions.read(content, resource)}


def _forms(resource: str, content: bytes, _functions: frozenset[str]) -> dict[str, Any]:
    form = forms.read(content, resource)
    return {form.id: form}


_READERS: Mapping[str, Callable[[str, bytes, frozenset[str]], dict[str, Any]]] = {
    "process": _processes,
    "decision": _decisions,
    "form": _forms,
}
"""What a file holds, by key."""
