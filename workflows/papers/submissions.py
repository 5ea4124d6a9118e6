"""A form that a person sends for a user task.

Every field that takes free text is taken for words about people: they go to the case file, and the process gets a
reference. So no form that a designer draws can bring a name into a variable or into the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from engine import instances, user_tasks
from engine.errors import InvalidVariables
from engine.forms import Field
from engine.store.database import Transaction
from workflows.papers import drafts, texts

FREE_TEXT = frozenset({"textfield", "textarea"})
"""The kinds of form field that anything can be typed into."""

CASE_FILE = "case-file"
"""The value of a field's property ``store`` that sends any other kind of field to the case file as well."""


Path = tuple[str, ...]
"""Where a value stands: a variable's name, then keys of mappings; rows of a list stand where the list does."""


def prefill(tx: Transaction, user_task_id: str) -> dict[str, Any]:
    """The variables that the user task sees, with the words of the case file in place of references.

    Raises:
        NotFound, NotPermitted
    """
    user_task = user_tasks.get(tx, user_task_id)
    tx.authorise("read", user_task)
    visible = instances.variables(tx, user_task.instance_id, user_task.token_id)
    return {name: texts.resolve(tx, value) for name, value in visible.items()}


def submit(tx: Transaction, user_task_id: str, values: Mapping[str, Any]) -> None:
    """Complete the user task with the values that its form has validated.

    Raises:
        NotFound, NotPermitted
        InvalidVariables: it has no form, and there are values.
        InvalidState: someone else completed it, or its activity ended without it.
    """
    user_task = user_tasks.get(tx, user_task_id)
    tx.authorise("complete", user_task)
    visible = instances.variables(tx, user_task.instance_id, user_task.token_id)
    filing = _Filing(tx, user_task.business_key, str(visible.get("co_unit", "")), _coded(tx, user_task, values))
    variables = {name: filing.file(value, (name,), visible.get(name)) for name, value in values.items()}
    user_tasks.complete(tx, user_task_id, variables)
    drafts.discard(tx, user_task_id)


def _coded(tx: Transaction, user_task: user_tasks.UserTask, values: Mapping[str, Any]) -> frozenset[Path]:
    """Where the form takes codes, days and the like: whatever text stands elsewhere is free text."""
    if user_task.form_key is None:
        if values:
            raise InvalidVariables(dict.fromkeys(values, "expected no values, for this user task has no form"))
        return frozenset()
    return frozenset(_coded_paths(tx.library.form(user_task.form_key).fields))


def _coded_paths(fields: Iterable[Field], within: Path = ()) -> Iterator[Path]:
    for field in fields:
        path = (*within, *field.key.split("."))
        if field.fields:
            yield from _coded_paths(field.fields, path)
        elif field.key and field.type not in FREE_TEXT and field.properties.get("store") != CASE_FILE:
            yield path


@dataclass(frozen=True, slots=True)
class _Filing:
    """Puts free text into the case file, and references in its place.

    Each co-unit's texts of a kind are a series of their own.
    """

    tx: Transaction
    case_number: str
    co_unit: str
    coded: frozenset[Path]

    def file(self, value: Any, path: Path, before: Any) -> Any:
        """`before` is the value so far: the same words keep their reference."""
        if path in self.coded or texts.is_reference(value):
            return value
        if isinstance(value, Mapping):
            known = before if isinstance(before, Mapping) and not texts.is_reference(before) else {}
            return {name: self.file(item, (*path, name), known.get(name)) for name, item in value.items()}
        if isinstance(value, list):
            return [self.file(item, path, None) for item in value]
        if not isinstance(value, str) or not value.strip():
            return value
        if self._says(before, value):
            return before
        return texts.write(self.tx, self.case_number, ".".join(path), value, name=self.co_unit).reference

    def _says(self, before: Any, words: str) -> bool:
        is_text = isinstance(before, Mapping) and texts.is_reference(before)
        return is_text and texts.get(self.tx, before["text"]).body == words
