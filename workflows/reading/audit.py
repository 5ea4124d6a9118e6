"""Whether the histories and the case files still say what they once said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from engine import journal
from engine.journal import Finding
from engine.store.database import Transaction
from workflows.papers import texts


def verify(tx: Transaction, *, instance_id: int | None = None, replayed: bool = False) -> list[Finding]:
    """Everything that is wrong with the journal, and every text that is not what its journal points to.

    Of one process instance, or of all; with `replayed` each history is run through again as well. An erased text is
    not wrong. Where a journal is broken its references are not followed.
    """
    found = journal.verify(tx, instance_id=instance_id, replayed=replayed)
    broken = {finding.instance_id for finding in found}
    wanted = [instance_id] if instance_id is not None else [head[0] for head in journal.heads(tx)]
    for each in wanted:
        if each not in broken:
            found.extend(_texts(tx, each))
    return found


def _texts(tx: Transaction, instance_id: int) -> Iterator[Finding]:
    """Each text is told of at the entry that first pointed to it."""
    first: dict[tuple[int, str], int] = {}
    for entry in journal.entries(tx, instance_id):
        for reference in _references([entry.command, entry.facts]):
            first.setdefault((reference["text"], reference["hash"]), entry.seq)
    for text_id, expected in texts.find_altered(tx, first):
        what = f"expected text {text_id} of the case file to be what was written then, but it is not"
        yield Finding(instance_id, first[text_id, expected], what)


def _references(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if texts.is_reference(value):
            yield value
        else:
            for item in value.values():
                yield from _references(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from _references(item)
