"""Words for the codes that cases are made of: units, groups, subjects, places, people of the office."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from engine.store.database import Transaction
from web.presentation import day, when, words
from workflows import vocabulary
from workflows.organisation import accounts, units
from workflows.register import states
from workflows.register.cases import Case

_CODES: Mapping[str, Mapping[str, str]] = {
    "channel": vocabulary.CHANNELS,
    "subject": vocabulary.SUBJECTS,
    "place": vocabulary.PLACES,
    "category": vocabulary.CATEGORIES,
    "rating": vocabulary.RATINGS,
    "outcome": vocabulary.OUTCOMES,
    "close_reason": vocabulary.CLOSE_REASONS,
    "clock": vocabulary.CLOCKS,
    "state": states.NAMES,
    "purpose": vocabulary.READ_PURPOSES,
}

_ROLES = {
    "role:supervisor": "Supervisor",
    "role:designer": "Process designer",
    "role:caseworker": "Caseworker",
    "role:petitioner": "Petitioner",
    "role:public": "Public",
    "role:system": "The system",
    "petition-office": "Petition office",
    "intake-clerks": "Intake clerks",
    "legal-checkers": "Legal checkers",
    "petitioner": "Petitioner",
}

_PEOPLE = {"system": "The system", "public": "The petitioner"}


@dataclass(frozen=True, slots=True)
class Labels:
    """`units` are names of units by code, `people` names of accounts by sign-in."""

    units: Mapping[str, str]
    people: Mapping[str, str]

    def unit(self, code: str | None) -> str:
        return self.units.get(code, words(code)) if code else ""

    def person(self, actor_id: str | None) -> str:
        """An account, the petitioner of a case, or the engine itself."""
        if actor_id and actor_id.startswith("petitioner"):
            return "The petitioner"
        return _PEOPLE.get(actor_id or "", "") or self.people.get(actor_id or "", actor_id or "")

    def group(self, name: str) -> str:
        """A candidate group or the recipient of a notice."""
        kind, _, code = name.partition(":")
        if kind == "unit":
            return self.unit(code)
        if kind == "head":
            return f"Head of {self.unit(code)}"
        return _ROLES.get(name, words(name))

    def value(self, name: str, value: Any) -> str:
        """A process variable's value: see `web.timeline`."""
        name = name.removeprefix("proposed_")
        if name in ("lead_unit", "co_units", "co_unit", "unit") and isinstance(value, str):
            return self.unit(value)
        if name in _CODES and isinstance(value, str):
            return _CODES[name].get(value, value)
        if isinstance(value, str) and _is_moment(value):
            return when(value) if "T" in value else day(f"{value}T00:00:00+08:00")
        return str(value).replace("_", " ")

    def about(self, case: Case) -> str:
        """A case in a few words: what and where."""
        subject = vocabulary.SUBJECTS.get(case.subject, "Subject not yet known")
        return f"{subject}, {vocabulary.PLACES.get(case.place, case.place)}"


def load(tx: Transaction) -> Labels:
    """The words in force now."""
    names = {unit.code: unit.name for unit in units.find(tx)}
    return Labels(names, {account.id: account.name for account in accounts.find(tx)})


def _is_moment(text: str) -> bool:
    return len(text) >= 10 and text[4] == "-" == text[7] and text[:4].isdecimal()
