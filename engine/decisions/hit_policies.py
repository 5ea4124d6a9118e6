"""Which of the matching rules answer, and how (DMN 1.3, 8.2.10)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from engine.core.expressions import ExpressionError
from engine.core.expressions.values import bounded
from engine.decisions.columns import Output
from engine.decisions.unary_tests import compares, equals

Row = dict[str, Any]
Match = tuple[int, Row]
"""A rule's number (from 1) and its outputs by name."""

Matches = Sequence[Match]
Outputs = Sequence[Output]

MAX_NAMED = 10
"""Rules that a message names."""


def chosen(policy: str, table: str, outputs: Outputs, matches: Matches) -> Matches:
    """Those of the matching rules that answer, in the order of the policy; `table` is the id for messages.

    Raises:
        ExpressionError: more rules match than the policy allows, or none although it has to answer.
    """
    if policy in SINGLE and not matches:
        raise ExpressionError(f"Expected a rule of '{table}' to match, but none does.")
    return _POLICIES[policy](table, outputs, matches)


def aggregate(aggregation: str, table: str, name: str, matches: Matches) -> Any:
    """One value of all the matches' only output, which is called `name`.

    Raises:
        ExpressionError: the outputs cannot be added or compared.
    """
    values = [row[name] for _, row in matches]
    try:
        return _AGGREGATIONS[aggregation](values)
    except (ExpressionError, TypeError) as cause:
        wanted = f"numbers for the {aggregation.lower()} of '{name}' in '{table}'"
        raise ExpressionError(f"Expected {wanted}, but found {values!r:.80}.") from cause


def _numbers(matches: Matches) -> str:
    more = [f"{len(matches) - MAX_NAMED:,} more"] if len(matches) > MAX_NAMED else []
    return " and ".join([*(str(number) for number, _ in matches[:MAX_NAMED]), *more])


def _all(table: str, outputs: Outputs, matches: Matches) -> Matches:
    return matches


def _unique(table: str, outputs: Outputs, matches: Matches) -> Matches:
    if len(matches) > 1:
        raise ExpressionError(f"Expected one rule of '{table}' to match, but {_numbers(matches)} do.")
    return matches


def _any(table: str, outputs: Outputs, matches: Matches) -> Matches:
    differing = [match for match in matches if not _agree(match[1], matches[0][1])]
    if differing:
        both = _numbers([matches[0], differing[0]])
        raise ExpressionError(f"Expected the matching rules of '{table}' to agree, but {both} differ.")
    return matches[:1]


def _agree(row: Row, other: Row) -> bool:
    """Whether both rows are the same; unlike in Python, true is not 1."""
    return row == other and all(isinstance(row[name], bool) is isinstance(other[name], bool) for name in row)


def _first(table: str, outputs: Outputs, matches: Matches) -> Matches:
    return matches[:1]


def _priority(table: str, outputs: Outputs, matches: Matches) -> Matches:
    return _output_order(table, outputs, matches)[:1]


def _output_order(table: str, outputs: Outputs, matches: Matches) -> Matches:
    """Sorted by the outputs' listed values, the first column first; the rules' order decides where these are equal."""
    orders = [(output.name, output.order) for output in outputs if output.order]

    def rank(match: Match) -> list[int]:
        return [_place(order, match[1][name]) for name, order in orders]

    return sorted(matches, key=rank)


def _place(order: Sequence[Any], value: Any) -> int:
    return next((place for place, listed in enumerate(order) if equals(value, listed)), len(order))


def _sum(values: Sequence[Any]) -> Any:
    """Fractions are added as decimals, as FEEL reckons: 0.1 and 0.2 are 0.3."""
    if not values:
        return None
    if any(type(value) not in (int, float) for value in values):
        raise TypeError
    total = sum((Decimal(repr(value)) for value in values), Decimal())
    whole = all(type(value) is int for value in values)
    return bounded(int(total) if whole else float(total))


def _least(values: Sequence[Any]) -> Any:
    return _extreme("<", values)


def _greatest(values: Sequence[Any]) -> Any:
    return _extreme(">", values)


def _extreme(symbol: str, values: Sequence[Any]) -> Any:
    if any(value is None for value in values):
        raise TypeError
    found = values[0] if values else None
    for value in values:
        found = value if compares(symbol, value, found) else found
    return found


_AGGREGATIONS: Mapping[str, Callable[[Sequence[Any]], Any]] = {
    "SUM": _sum,
    "MIN": _least,
    "MAX": _greatest,
    "COUNT": len,
}
_POLICIES: Mapping[str, Callable[[str, Outputs, Matches], Matches]] = {
    "UNIQUE": _unique,
    "ANY": _any,
    "FIRST": _first,
    "PRIORITY": _priority,
    "RULE ORDER": _all,
    "OUTPUT ORDER": _output_order,
    "COLLECT": _all,
}
HIT_POLICIES = frozenset(_POLICIES)
AGGREGATIONS = frozenset(_AGGREGATIONS)
SINGLE = frozenset({"UNIQUE", "ANY", "FIRST", "PRIORITY"})
"""Those that give one row, and so have to have one."""
