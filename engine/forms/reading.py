"""Reads forms as form-js writes them (schema of form-js 1.23)."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import re2

from engine.core.expressions import Expression, ExpressionError, parse_feel
from engine.errors import InvalidDefinition, Problem
from engine.forms.fields import CHOICES, INPUTS, SHOWN, Field, Option, as_option
from engine.forms.form import Form
from engine.forms.values import compiled

MAX_BYTES = 1_000_000
MAX_FIELDS = 500
MAX_DEPTH = 5
MAX_PATTERN = 500

_BUTTON = "button"
"""Passed over: a page has its own button to submit."""

_SUBTYPES: Mapping[str, frozenset[str]] = {"datetime": frozenset({"date", "time", "datetime"})}
_KEY = re.compile(r"[^\W\d_]\w*(\.[^\W\d_]\w*)*")


def read(data: bytes, resource: str = "form") -> Form:
    """The form of a file.

    Raises:
        InvalidDefinition: it cannot be shown and validated as it says; every problem at once, with field and line.
    """
    if len(data) > MAX_BYTES:
        raise _unusable(resource, 0, f"The file has {len(data)} bytes.", f"It may have up to {MAX_BYTES}.")
    try:
        text = data.decode("utf-8-sig")
        schema = json.loads(text)
    except UnicodeDecodeError as cause:
        raise _unusable(resource, 0, "It is not written in UTF-8.", "") from cause
    except json.JSONDecodeError as cause:
        raise _unusable(resource, cause.lineno, f"It is no JSON: {cause.msg}, column {cause.colno}.", "") from cause
    except ValueError as cause:
        raise _unusable(resource, 0, "It has a number of too many digits.", "") from cause
    except RecursionError as cause:
        raise _unusable(resource, 0, "It is nested too deeply.", "") from cause
    if not isinstance(schema, dict) or not isinstance(schema.get("components"), list):
        raise _unusable(resource, 1, "It is no form.", "Write it as form-js does, with a list of components.")
    reader = _Reader(text)
    fields = reader.components(schema["components"], "", None, 1)
    if not isinstance(schema.get("id"), str) or not schema["id"]:
        reader.problem({}, "The form has no id.", "Give it one; user tasks name it.")
    if reader.problems:
        raise InvalidDefinition(resource, reader.problems)
    return Form(schema["id"], tuple(fields))


def _unusable(resource: str, line: int, wrong: str, right: str) -> InvalidDefinition:
    return InvalidDefinition(resource, [Problem(None, line, wrong, right)])


class _Reader:
    """Collects problems while it reads, so that a designer sees all of them."""

    def __init__(self, text: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._keys: set[str] = set()
        self._count = 0

    def problem(self, component: Mapping[str, Any], wrong: str, right: str) -> None:
        name = component.get("key") or component.get("path") or component.get("id")
        self.problems.append(Problem(name if isinstance(name, str) else None, self._line(component), wrong, right))

    def _line(self, component: Mapping[str, Any]) -> int:
        """Where a component's id or key stands; JSON keeps no lines."""
        for name in ("id", "key", "path"):
            value = component.get(name)
            if isinstance(value, str):
                found = re.search(rf'"{name}"\s*:\s*{re.escape(json.dumps(value, ensure_ascii=False))}', self._text)
                if found:
                    return self._text.count("\n", 0, found.start()) + 1
        return 0

    def components(self, components: list[Any], prefix: str, group: str | None, depth: int) -> list[Field]:
        fields: list[Field] = []
        for component in components:
            self._count += 1
            if not isinstance(component, dict):
                self.problem({}, f"A component is {component!r:.40}.", "Each is an object with a type.")
            elif self._count > MAX_FIELDS or depth > MAX_DEPTH:
                self.problem(component, "The form is too large.", f"Up to {MAX_FIELDS} fields, {MAX_DEPTH} deep, are.")
                return fields
            else:
                fields.extend(self._component(component, prefix, group, depth))
        return fields

    def _component(self, component: dict[str, Any], prefix: str, group: str | None, depth: int) -> list[Field]:
        kind = self._string(component, "type")
        if kind == _BUTTON:
            return []
        if kind not in INPUTS and kind not in SHOWN:
            known = ", ".join(sorted(INPUTS | SHOWN))
            self.problem(component, f"A component of type '{kind}' cannot be shown.", f"Use one of {known}.")
            return []
        if kind == "group":
            return self._group(component, prefix, group, depth)
        return [self._field(component, kind, prefix, group, depth)]

    def _group(self, component: dict[str, Any], prefix: str, group: str | None, depth: int) -> list[Field]:
        field = self._field(component, "group", "", group, depth)
        path = self._string(component, "path")
        if path and not _KEY.fullmatch(path):
            self.problem(component, f"Its path is '{path}'.", "Use the name of a variable, or leave it empty.")
        inner = self._list(component, "components")
        return [field, *self.components(inner, f"{prefix}{path}." if path else prefix, field.id, depth + 1)]

    def _field(self, component: dict[str, Any], kind: str, prefix: str, group: str | None, depth: int) -> Field:
        validate = component.get("validate")
        validate = validate if isinstance(validate, dict) else {}
        appearance = component.get("appearance")
        appearance = appearance if isinstance(appearance, dict) else {}
        key = self._key(component, kind, prefix)
        date_label = self._plain(component, "dateLabel") or self._plain(component, "timeLabel")
        field = Field(
            id=self._string(component, "id") or key or f"{kind}-{self._count}",
            key=key,
            type=kind,
            label=self._plain(component, "label") or date_label,
            description=self._plain(component, "description"),
            text=self._plain(component, "text"),
            required=self._flag(component, validate, "required"),
            min_length=self._count_of(component, validate, "minLength"),
            max_length=self._count_of(component, validate, "maxLength"),
            minimum=self._limit(component, validate, "min"),
            maximum=self._limit(component, validate, "max"),
            decimals=self._count_of(component, component, "decimalDigits"),
            step=str(component.get("increment") or ""),
            pattern=self._pattern(component, validate),
            subtype=self._subtype(component, kind, validate),
            options=self._options(component, kind),
            options_from=self._string(component, "valuesKey") or None,
            disabled=self._flag(component, component, "disabled"),
            readonly=self._flag(component, component, "readonly"),
            disallow_past=self._flag(component, component, "disallowPassedDates"),
            default=component.get("defaultValue"),
            prefix=self._plain(appearance, "prefixAdorner"),
            suffix=self._plain(appearance, "suffixAdorner"),
            group=group,
            hide=self._hide(component),
            fields=self._columns(component, kind, depth),
            properties=self._properties(component),
        )
        self._check_limits(component, field)
        return field

    def _key(self, component: dict[str, Any], kind: str, prefix: str) -> str:
        if kind not in INPUTS:
            return ""
        name = self._string(component, "path" if kind == "dynamiclist" else "key")
        if not _KEY.fullmatch(name):
            self.problem(component, f"Its key is '{name}'.", "Use letters, digits and '_', beginning with a letter.")
            return name
        key = prefix + name
        inner = {taken for taken in self._keys if taken.startswith(f"{key}.") or key.startswith(f"{taken}.")}
        if key in self._keys or inner:
            self.problem(component, f"Another field has the key '{key}' as well.", "Give each its own.")
        self._keys.add(key)
        return key

    def _columns(self, component: dict[str, Any], kind: str, depth: int) -> tuple[Field, ...]:
        """The fields of a dynamic list: a table, so no list or group is in it."""
        if kind != "dynamiclist":
            return ()
        outside, self._keys = self._keys, set()
        fields = tuple(self.components(self._list(component, "components"), "", None, depth + 1))
        self._keys = outside
        for field in fields:
            if field.type in ("dynamiclist", "group") or field.hide is not None:
                self.problem(component, f"'{field.id}' in the list is a {field.type}, or hidden.", "Use plain fields.")
        if not any(field.is_input for field in fields):
            self.problem(component, "There is nothing to fill in in the list.", "Add a field to it.")
        return fields

    def _options(self, component: dict[str, Any], kind: str) -> tuple[Option, ...]:
        if kind not in CHOICES:
            return ()
        if component.get("valuesExpression"):
            self.problem(component, "Its choices are an expression.", "List them, or name a variable (valuesKey).")
            return ()
        found = [as_option(item) for item in self._list(component, "values")]
        options = tuple(option for option in found if option is not None)
        if not component.get("valuesKey"):
            if not options:
                self.problem(component, "There is nothing to choose.", "List values, or name a variable (valuesKey).")
            if len(options) < len(found) or len({option.text for option in options}) < len(options):
                self.problem(component, "Its values are not all different texts or numbers.", "Give each its own.")
        return options

    def _subtype(self, component: dict[str, Any], kind: str, validate: dict[str, Any]) -> str:
        if kind == "datetime":
            subtype = self._string(component, "subtype") or "date"
            if subtype not in _SUBTYPES["datetime"]:
                self.problem(component, f"Its subtype is '{subtype}'.", "Use date, time or datetime.")
            return subtype
        checked = validate.get("validationType")
        return checked if kind == "textfield" and checked in ("email", "phone") else ""

    def _pattern(self, component: dict[str, Any], validate: dict[str, Any]) -> str | None:
        pattern = validate.get("pattern")
        if not pattern:
            return None
        try:
            if not isinstance(pattern, str) or len(pattern) > MAX_PATTERN:
                raise re2.error(f"it is no text of at most {MAX_PATTERN} characters")
            compiled(pattern)
        except re2.error as cause:
            reason = cause.args[0].decode() if isinstance(cause.args[0], bytes) else cause
            self.problem(
                component, f"Its pattern cannot be used: {reason}.", "Write it without looking around or back."
            )
            return None
        return pattern

    def _hide(self, component: dict[str, Any]) -> Expression | None:
        conditional = component.get("conditional")
        condition = conditional.get("hide") if isinstance(conditional, dict) else None
        if not condition:
            return None
        try:
            if not isinstance(condition, str) or not condition.startswith("="):
                raise ExpressionError(f"Expected a condition that begins with '=', but found {condition!r:.60}.")
            expression = parse_feel(condition[1:])
        except ExpressionError as cause:
            self.problem(component, f"Its condition to hide: {cause}", "")
            return None
        if expression.functions:
            self.problem(
                component, f"There is no function {', '.join(sorted(expression.functions))}.", "Compare values."
            )
        return expression

    def _check_limits(self, component: dict[str, Any], field: Field) -> None:
        for low, high in ((field.min_length, field.max_length), (field.minimum, field.maximum)):
            if low is not None and high is not None and low > high:
                self.problem(component, f"It takes at least {low} and at most {high}.", "Swap them.")
        if field.type in INPUTS and not field.label:
            self.problem(component, "It has no label.", "Say what is asked.")

    def _properties(self, component: dict[str, Any]) -> dict[str, str]:
        properties = component.get("properties")
        found = properties if isinstance(properties, dict) else {}
        return {str(name): str(value) for name, value in found.items()}

    def _string(self, component: Mapping[str, Any], name: str) -> str:
        value = component.get(name)
        if value is not None and not isinstance(value, str):
            self.problem(component, f"Its {name} is {value!r:.40}.", "It is a text.")
        return value if isinstance(value, str) else ""

    def _plain(self, component: Mapping[str, Any], name: str) -> str:
        """A text that is shown as it is; form-js would also take an expression or a template there."""
        text = self._string(component, name)
        if text.startswith("=") or "{{" in text:
            self.problem(component, f"Its {name} is worked out: {text:.60}", "Write it as plain text.")
        return text

    def _list(self, component: dict[str, Any], name: str) -> list[Any]:
        value = component.get(name)
        if value is not None and not isinstance(value, list):
            self.problem(component, f"Its {name} are {value!r:.40}.", "They are a list.")
        return value if isinstance(value, list) else []

    def _flag(self, component: dict[str, Any], place: dict[str, Any], name: str) -> bool:
        value = place.get(name, False)
        if not isinstance(value, bool):
            self.problem(component, f"Its {name} is {value!r:.40}.", "It is true or false.")
        return value is True

    def _count_of(self, component: dict[str, Any], place: dict[str, Any], name: str) -> int | None:
        value = self._limit(component, place, name)
        if value is not None and (value != int(value) or value < 0):
            self.problem(component, f"Its {name} is {value}.", "It is a whole number, 0 or more.")
            return None
        return None if value is None else int(value)

    def _limit(self, component: dict[str, Any], place: dict[str, Any], name: str) -> float | None:
        value = place.get(name)
        if value is None or value == "":
            return None
        try:
            if isinstance(value, bool):
                raise ValueError
            return float(value)
        except (TypeError, ValueError):
            self.problem(component, f"Its {name} is {value!r:.40}.", "It is a number.")
            return None
