"""What the core is given to run in a benchmark: one diagram and one moment."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from engine.core import compile
from engine.core.model import Decision, ProcessModel
from engine.errors import NotFound

NOW = datetime(2026, 5, 1, tzinfo=UTC)


class OneProcess:
    """A library of one diagram."""

    functions: Mapping[str, Any] = {}

    def __init__(self, xml: bytes) -> None:
        (self.model,) = compile(xml)

    def process(self, definition_id: str) -> ProcessModel:
        return self.model

    def resolve(self, key: str, binding: str, version: str | None, caller: str, known: int | None) -> str:
        raise NotFound("process", key)

    def decision(self, key: str, caller: str) -> Decision:
        raise NotFound("decision table", key)
