"""What is worth an entry in a case's journal although no command of the engine did it: reads and erasures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine import instances, journal, observing
from engine.store.database import Transaction


def write(tx: Transaction, case_number: str, kind: str, data: Mapping[str, Any]) -> None:
    """Add a note to the case's chain; `data` holds ids and codes, never words. Raises NotFound."""
    instance = instances.find(tx, case_number)
    observing.note(case=case_number)
    journal.note(tx, instance.id, kind, dict(data))
