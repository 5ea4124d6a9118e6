"""The fields of a form as pages show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from engine.core.expressions import Expression
from engine.core.expressions.values import as_text

INPUTS = frozenset(
    {
        "textfield",
        "textarea",
        "number",
        "datetime",
        "checkbox",
        "checklist",
        "radio",
        "select",
        "taglist",
        "dynamiclist",
    }
)
SHOWN = frozenset({"text", "separator", "spacer", "group"})
"""What only shows something."""

CHOICES = frozenset({"checklist", "radio", "select", "taglist"})


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. A page submits `text`, the variable gets `value`."""

    label: str
    value: Any

    @property
    def text(self) -> str:
        """The value as a page submits it."""
        return as_text(self.value)


@dataclass(frozen=True, slots=True)
class Field:
    """One component of a form.

    `key` is the variable it sets, with dots for keys of a mapping, and the name under which a page submits it; empty
    for what only shows something (``text``, ``separator``, ``spacer``, ``group``). The fields of a dynamic list are in
    `fields`; a page submits theirs as ``list.0.key``, ``list.1.key`` and so on. `group` is the id of the group around.

    `subtype` is ``date``, ``time`` or ``datetime`` of a datetime, ``email`` or ``phone`` of a textfield. `decimals`
    and `step` are a number's. `hide` is the condition under which a field is neither shown nor asked.
    `properties` are the designer's own.
    """

    id: str
    key: str
    type: str
    label: str = ""
    description: str = ""
    text: str = ""
    required: bool = False
    min_length: int | None = None
    max_length: int | None = None
    minimum: float | None = None
    maximum: float | None = None
    decimals: int | None = None
    step: str = ""
    pattern: str | None = None
    subtype: str = ""
    options: tuple[Option, ...] = ()
    options_from: str | None = None
    disabled: bool = False
    readonly: bool = False
    disallow_past: bool = False
    default: Any = None
    prefix: str = ""
    suffix: str = ""
    group: str | None = None
    hide: Expression | None = None
    fields: tuple[Field, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_input(self) -> bool:
        """Whether a person can answer it: not what only shows something, nor what is locked."""
        return self.type in INPUTS and not self.disabled and not self.readonly

    def choices(self, variables: Mapping[str, Any]) -> tuple[Option, ...]:
        """What can be chosen: the form's own options, or those in the variable that it names.

        Such a variable is a list of texts or of mappings with ``label`` and ``value``; anything else gives no choice.
        """
        if self.options_from is None:
            return self.options
        listed = look_up(variables, self.options_from)
        options = (as_option(item) for item in listed) if isinstance(listed, list | tuple) else ()
        return tuple(option for option in options if option is not None)


def look_up(variables: Mapping[str, Any], key: str) -> Any:
    """The value under a key with dots; None where it is not there."""
    value: Any = variables
    for name in key.split("."):
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def as_option(item: Any) -> Option | None:
    """An option from a text or number, or a mapping with ``value`` and perhaps ``label``; None where it is neither."""
    value = item.get("value") if isinstance(item, Mapping) else item
    if not isinstance(value, str | int | float):
        return None
    label = item.get("label") if isinstance(item, Mapping) else None
    return Option(label if isinstance(label, str) and label else as_text(value), value)
