"""A form that a person sends for a user task.

Every field that takes free text is taken for words about people: they go to the case file, and the process gets a
reference. So no form that a designer draws can bring a name into a variable or into the journal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import instances, user_tasks
from engine.database import Transaction
from engine.errors import InvalidVariables
from workflows import drafts, texts

FREE_TEXT = frozenset({"textfield", "textarea"})
"""The kinds of form field that anything can be typed into."""

CASE_FILE = "case-file"
"""The value of a field's property ``store`` that sends any other kind of field to the case file as well."""


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
    free = _free_text_keys(tx, user_task, values)
    visible = instances.variables(tx, user_task.instance_id, user_task.token_id)
    variables = {
        key: _filed(tx, user_task, key, value, visible) if key in free else value for key, value in values.items()
    }
    user_tasks.complete(tx, user_task_id, variables)
    drafts.discard(tx, user_task_id)


def _free_text_keys(tx: Transaction, user_task: user_tasks.UserTask, values: Mapping[str, Any]) -> frozenset[str]:
    if user_task.form_key is None:
        if values:
            raise InvalidVariables(dict.fromkeys(values, "expected no values, for this user task has no form"))
        return frozenset()
    fields = tx.library.form(user_task.form_key).fields
    return frozenset(
        field.key for field in fields if field.type in FREE_TEXT or field.properties.get("store") == CASE_FILE
    )


def _filed(tx: Transaction, user_task: user_tasks.UserTask, key: str, value: Any, visible: Mapping[str, Any]) -> Any:
    """The reference of what was typed; the one from before where the words are the same.

    Each co-unit's texts of a kind are a series of their own.
    """
    if isinstance(value, list):
        return [_filed(tx, user_task, key, item, {}) for item in value]
    if not isinstance(value, str) or not value.strip():
        return value
    before = visible.get(key)
    if isinstance(before, Mapping) and texts.is_reference(before) and texts.get(tx, before["text"]).body == value:
        return before
    return texts.write(tx, user_task.business_key, key, value, name=str(visible.get("co_unit", ""))).reference
