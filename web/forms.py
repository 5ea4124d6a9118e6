"""Form files as widgets that the templates draw (templates/forms/fields.html), and what was sent as they take it.

What a person typed is kept as it was sent ("raw": a list of texts for each name), through drafts, wrong values and
added rows, until the form is whole; only then it becomes the variables that ``Form.validate`` gives.

A field with the property ``store`` set to ``case-file`` holds free text: it names people, so it goes to the case
file, and the variable carries only the reference that `workflows.texts` gives.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from engine.database import Transaction
from engine.forms import Field, Form
from workflows import texts

Raw = dict[str, list[str]]
Errors = Mapping[str, str]

CASE_FILE = "case-file"


@dataclass(frozen=True, slots=True)
class Choice:
    value: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class Widget:
    """One field as HTML takes it; `kind` is the macro that draws it.

    `decides` says that other fields show or hide by it; `hidden` that the field does not apply to what is filled in.
    """

    kind: str
    name: str
    id: str
    label: str = ""
    hint: str = ""
    error: str = ""
    required: bool = False
    hidden: bool = False
    text: str = ""
    several: bool = False
    lines: int = 4
    width: str = ""
    choices: tuple[Choice, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    children: tuple[Widget, ...] = ()
    rows: tuple[tuple[Widget, ...], ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """A line of the error summary; `target` is the id of the field it links to."""

    target: str
    message: str
