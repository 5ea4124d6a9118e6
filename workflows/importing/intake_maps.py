"""How a foreign register's rows become petitions: a map file in TOML, read once and checked whole.

A map says which column is the key, the day of receipt and the words, and how columns become a subject and a place:
sources are asked in order, and the first that knows the row's value answers. See docs/intake for one with comments.
"""

from __future__ import annotations

import codecs
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.errors import InvalidInput, count
from workflows import vocabulary
from workflows.people.petitioners import Person
from workflows.register.cases import Petition
from workflows.time.calendars import LOCAL

Row = Mapping[str, str]

TEXT, LIST, TABLE = "text", "list", "table"
"""Kinds of entry; a list is one of texts, but for the sources of a code."""

SECTIONS: Mapping[str, Mapping[str, str]] = {
    "source": {"name": TEXT, "encoding": TEXT, "delimiter": TEXT, "jurisdiction_profile": TEXT},
    "key": {"column": TEXT},
    "received_at": {"column": TEXT, "format": TEXT},
    "claims": {"columns": LIST, "separator": TEXT},
    "person": {"name": TEXT, "phone": TEXT, "address": TEXT},
    "subject": {"sources": LIST, "default": TEXT},
    "place": {"sources": LIST, "default": TEXT},
    "reject": {"when": TABLE, "reason": TEXT},
    "blank": {"values": LIST},
}

NEEDED: Mapping[str, frozenset[str]] = {
    "source": frozenset({"name"}),
    "key": frozenset({"column"}),
    "received_at": frozenset({"column", "format"}),
    "claims": frozenset({"columns"}),
    "subject": frozenset(),
    "place": frozenset(),
}
"""The sections that a map cannot do without, and what each of them cannot."""

KEY_LIMIT = 200
"""Characters of a key."""


class Unusable(Exception):
    """A row cannot become a petition; the message is the reason that its sender reads."""


@dataclass(frozen=True, slots=True)
class CodeSource:
    """One column, and the code for each of its values: given outright, or by a pattern that the value begins with."""

    column: str
    values: Mapping[str, str]
    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def code(self, value: str) -> str | None:
        folded = value.casefold()
        if folded in self.values:
            return self.values[folded]
        return next((code for pattern, code in self.patterns if pattern.match(value)), None)


@dataclass(frozen=True, slots=True)
class CodeRule:
    """A code out of the first source that knows one; else the default; else the row is rejected."""

    field: str
    sources: tuple[CodeSource, ...]
    default: str | None

    def code(self, row: Row) -> str:
        for source in self.sources:
            found = source.code(row[source.column]) if row[source.column] else None
            if found is not None:
                return found
        if self.default is not None:
            return self.default
        seen = ", ".join(f"{source.column} '{row[source.column]}'" for source in self.sources)
        raise Unusable(f"expected a {self.field} that the map knows, but the row has {seen}")


@dataclass(frozen=True, slots=True)
class Rejection:
    """Rows whose columns all have one of these values are rejected with the reason."""

    when: Mapping[str, frozenset[str]]
    reason: str

    def applies(self, row: Row) -> bool:
        return all(row[column].casefold() in values for column, values in self.when.items())


@dataclass(frozen=True, slots=True)
class IntakeMap:
    """A checked map. `columns` are those that a file must have for it."""

    name: str
    encoding: str
    delimiter: str
    jurisdiction_profile: str
    key: str
    received_at: str
    date_format: str
    claims: tuple[str, ...]
    separator: str
    person: Mapping[str, str]
    subject: CodeRule
    place: CodeRule
    rejections: tuple[Rejection, ...]
    blanks: frozenset[str]

    @property
    def columns(self) -> frozenset[str]:
        rules = {source.column for rule in (self.subject, self.place) for source in rule.sources}
        conditions = {column for rejection in self.rejections for column in rejection.when}
        return frozenset({self.key, self.received_at, *self.claims, *self.person.values()} | rules | conditions)

    def source_key(self, row: Row) -> str:
        """What tells this row from every other of its register. Raises Unusable where it is empty."""
        key = row[self.key].strip()
        if not key:
            raise Unusable(f"expected a key in {self.key}, but it is empty")
        if len(key) > KEY_LIMIT:
            raise Unusable(f"expected a key of at most {KEY_LIMIT} characters in {self.key}, but it has {len(key)}")
        return f"{self.name}:{key}"

    def petition(self, row: Row) -> Petition:
        """The petition that the row is. Raises Unusable with the reason why it is none."""
        key = self.source_key(row)
        clean = self._clean(row)
        for rejection in self.rejections:
            if rejection.applies({column: value.strip() for column, value in row.items()}):
                raise Unusable(rejection.reason)
        claims = self.separator.join(clean[column] for column in self.claims if clean[column])
        if not claims:
            raise Unusable(f"expected the claims in {', '.join(self.claims)}, but they are empty")
        return Petition(
            channel="import",
            claims=claims,
            subject=self.subject.code(clean),
            place=self.place.code(clean),
            people=self._people(clean),
            received_at=self._moment(clean),
            jurisdiction_profile=self.jurisdiction_profile,
            source="import",
            source_key=key,
        )

    def _clean(self, row: Row) -> Row:
        """Without blanks around, and without the values that stand for nothing."""
        stripped = {column: value.strip() for column, value in row.items()}
        return {column: "" if value.casefold() in self.blanks else value for column, value in stripped.items()}

    def _people(self, row: Row) -> tuple[Person, ...]:
        person = {field: row[column] for field, column in self.person.items()}
        return (Person(**person),) if person.get("name") else ()

    def _moment(self, row: Row) -> datetime:
        text = row[self.received_at]
        try:
            moment = datetime.strptime(text, self.date_format)  # noqa: DTZ007 (without a zone it is a day here)
            moment = moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)
            return moment.astimezone(UTC)
        except (ValueError, OverflowError):  # the first day of the year 1 here has no moment in UTC
            wanted = f"expected a day like {self.date_format} in {self.received_at}"
            raise Unusable(f"{wanted}, but it is '{text}'") from None


def read(path: Path) -> IntakeMap:
    """The map in that file.

    Raises:
        InvalidInput: it cannot be read, or what is wrong in it, all at once.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InvalidInput(f"Expected a map in TOML in '{path}', but it cannot be read: {error}") from error
    problems = list(_problems(content))
    if problems:
        listed = "\n".join(f"- {problem}" for problem in problems)
        raise InvalidInput(f"Expected '{path}' to be a map, but it has {count(len(problems), 'problem')}:\n{listed}")
    return _build(content)


def _problems(content: Mapping[str, Any]) -> Iterator[str]:
    for section in sorted(content.keys() - SECTIONS.keys()):
        yield f"expected one of the sections {', '.join(SECTIONS)}, but there is '{section}'"
    for section in SECTIONS:
        if section in content:
            yield from _section_problems(section, content[section])
        elif section in NEEDED:
            yield f"expected a section [{section}], but there is none"
    for field, codes in (("subject", vocabulary.SUBJECTS), ("place", vocabulary.PLACES)):
        if isinstance(content.get(field), dict):
            yield from _code_problems(field, content[field], codes)
    if isinstance(content.get("source"), dict):
        yield from _source_problems(content["source"])


def _section_problems(section: str, value: Any) -> Iterator[str]:
    if section == "reject":
        if not isinstance(value, list) or not all(isinstance(table, dict) for table in value):
            yield "expected each reason in [[reject]], with two brackets"
            return
        if not all({"when", "reason"} <= table.keys() for table in value):
            yield "expected when and reason in each [[reject]]"
    elif not isinstance(value, dict):
        yield f"expected one section [{section}], with one bracket"
        return
    known = SECTIONS[section]
    for table in value if isinstance(value, list) else [value]:
        for name in sorted(table.keys() - known.keys()):
            yield f"expected {', '.join(sorted(known))} in [{section}], but there is '{name}'"
        needed = {"name"} if section == "person" else NEEDED.get(section, frozenset())
        for name in sorted(needed | (table.keys() & known.keys())):
            yield from _entry_problems(section, name, known[name], table.get(name))


def _entry_problems(section: str, name: str, kind: str, value: Any) -> Iterator[str]:
    if kind == TABLE:
        if not isinstance(value, dict) or not all(map(_is_texts, value.values())):
            yield f"expected columns with lists of values as {name} in [[{section}]]"
    elif kind == LIST:
        if not isinstance(value, list) or not (name == "sources" or _is_texts(value)):
            yield f"expected a list {name} in [{section}], of one text or more"
    elif not isinstance(value, str):
        yield f"expected a text {name} in [{section}]"


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(item, str) for item in value)


def _source_problems(source: Mapping[str, Any]) -> Iterator[str]:
    encoding, delimiter = source.get("encoding"), source.get("delimiter")
    if isinstance(encoding, str):
        try:
            codecs.lookup(encoding)
        except LookupError:
            yield f"expected an encoding that is known, but there is '{encoding}'"
    if isinstance(delimiter, str) and len(delimiter) != 1:
        yield f"expected one character as a delimiter, but there is '{delimiter}'"


def _code_problems(field: str, rule: Mapping[str, Any], codes: Mapping[str, str]) -> Iterator[str]:
    used = {rule["default"]} if isinstance(rule.get("default"), str) else set()
    sources = rule.get("sources", ())
    for source in sources if isinstance(sources, list) else ():
        if not _is_code_source(source):
            yield f"expected a column, and values or patterns with a code each, in every source of [{field}]"
            continue
        used |= {*source.get("values", {}).values(), *source.get("patterns", {}).values()}
        for pattern in source.get("patterns", {}):
            try:
                re.compile(pattern)
            except re.error as error:
                yield f"expected a regular expression in [{field}], but '{pattern}' is none: {error}"
    for code in sorted(used - set(codes) - {""}):
        yield f"expected one of {', '.join(codes)} as a {field}, but there is '{code}'"


def _is_code_source(source: object) -> bool:
    if not isinstance(source, dict) or not isinstance(source.get("column"), str):
        return False
    tables = [source.get("values", {}), source.get("patterns", {})]
    return all(isinstance(table, dict) and all(isinstance(c, str) for c in table.values()) for table in tables)


def _build(content: Mapping[str, Any]) -> IntakeMap:
    source, claims = content["source"], content["claims"]
    return IntakeMap(
        name=source["name"],
        encoding=source.get("encoding", "utf-8-sig"),
        delimiter=source.get("delimiter", ","),
        jurisdiction_profile=source.get("jurisdiction_profile", "cn-2022"),
        key=content["key"]["column"],
        received_at=content["received_at"]["column"],
        date_format=content["received_at"]["format"],
        claims=tuple(claims["columns"]),
        separator=claims.get("separator", ", "),
        person=dict(content.get("person", {})),
        subject=_rule("subject", content["subject"]),
        place=_rule("place", content["place"]),
        rejections=tuple(_rejection(table) for table in content.get("reject", ())),
        blanks=_folded(content.get("blank", {}).get("values", ())),
    )


def _rule(field: str, table: Mapping[str, Any]) -> CodeRule:
    sources = tuple(
        CodeSource(
            source["column"],
            {value.casefold(): code for value, code in source.get("values", {}).items()},
            tuple((re.compile(pattern), code) for pattern, code in source.get("patterns", {}).items()),
        )
        for source in table.get("sources", ())
    )
    return CodeRule(field, sources, table.get("default"))


def _rejection(table: Mapping[str, Any]) -> Rejection:
    return Rejection({column: _folded(values) for column, values in table["when"].items()}, table["reason"])


def _folded(values: Sequence[str]) -> frozenset[str]:
    return frozenset(value.casefold() for value in values)
