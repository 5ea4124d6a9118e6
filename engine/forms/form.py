"""A form, and what it takes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.core.expressions import Expression, ExpressionError
from engine.errors import InvalidVariables
from engine.forms.fields import Field
from engine.forms.values import Answers, Submitted, nested


@dataclass(frozen=True, slots=True)
class Form:
    """`fields` are in the order of the form, groups before what is in them."""

    id: str
    fields: tuple[Field, ...]

    def hidden(self, values: Mapping[str, Any]) -> frozenset[str]:
        """The ids of fields that are not shown with these values, those inside a hidden group included.

        What a hidden field holds counts as not given. A condition that cannot be worked out hides nothing.
        """
        hidden: frozenset[str] = frozenset()
        for _ in self.fields:
            keys = {item.key for item in self.fields if item.id in hidden and item.is_input}
            found = self._hidden_by(_Lenient({name: value for name, value in values.items() if name not in keys}))
            if found == hidden:
                break
            hidden = found
        return hidden

    def hidden_with(self, submitted: Submitted, variables: Mapping[str, Any]) -> frozenset[str]:
        """As `hidden`, for what was submitted, whether or not it could be taken."""
        answers = self._answers(submitted, variables, date.min)
        return self.hidden({**variables, **nested(answers.values, variables)})

    def _answers(self, submitted: Submitted, variables: Mapping[str, Any], today: date | None) -> Answers:
        answers = Answers(submitted, variables, today)
        for item in self.fields:
            if item.is_input:
                answers.take(item, item.key)
        return answers

    def _hidden_by(self, values: Mapping[str, Any]) -> frozenset[str]:
        hidden: set[str] = set()
        for item in self.fields:
            if item.group in hidden or (item.hide is not None and _holds(item.hide, values)):
                hidden.add(item.id)
        return frozenset(hidden)

    def validate(self, submitted: Submitted, variables: Mapping[str, Any], today: date | None = None) -> dict[str, Any]:
        """The variables that a submitted form sets, as JSON values.

        `submitted` are a page's texts by name (several under one name as a list). Hidden, disabled and read-only
        fields set nothing, whatever is submitted for them. What is left empty is null, ``""`` in a text, and ``[]``
        where several can be given. `today` is the day that a field which takes no past dates goes by.

        Raises:
            InvalidVariables: one message for each name that was not answered as the form wants, all at once.
        """
        answers = self._answers(submitted, variables, today)
        hidden = self.hidden({**variables, **nested(answers.values, variables)})
        skipped = {item.key for item in self.fields if item.id in hidden}
        errors = {name: message for name, message in answers.errors.items() if not _is_under(name, skipped)}
        if errors:
            raise InvalidVariables(errors)
        return nested({key: value for key, value in answers.values.items() if key not in skipped}, variables)


def _is_under(name: str, keys: set[str]) -> bool:
    """Whether it is one of these fields, or in a row of it."""
    return any(name == key or name.startswith(f"{key}.") for key in keys)


class _Lenient(dict[str, Any]):
    """FEEL takes a name that is not there for null (DMN 1.3, 10.3.2.13.2)."""

    def __missing__(self, name: str) -> None:
        return None


def _holds(condition: Expression, values: Mapping[str, Any]) -> bool:
    try:
        return condition.evaluate(values) is True
    except ExpressionError:
        return False
