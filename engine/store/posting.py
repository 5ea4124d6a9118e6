"""Posts what leaves one transaction for another: rows among the jobs, which `engine.work.deliveries` delivers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from engine import retry
from engine.core.continuing import DEFAULT_PRIORITY
from engine.store.database import Transaction
from engine.store.tables import jobs


def post_to_all(tx: Transaction, topic: str, payload: Mapping[str, Any], receivers: sa.Select[Any]) -> int:
    """A delivery for each of `receivers`, which selects instance and subscription in that order; how many those are."""
    each = receivers.subquery()
    values = delivery(tx, topic, payload)
    constant = [sa.literal(value, jobs.c[name].type) for name, value in values.items()]
    tx.after_commit(tx.engine.wake)
    rows = sa.select(*each.c, *constant).order_by(*each.c)
    posting = sa.insert(jobs).from_select(["instance_id", "token_id", *values], rows)
    # Not every driver counts the rows of an INSERT unless it is asked to.
    return tx.connection.execute(posting, execution_options={"preserve_rowcount": True}).rowcount


def post(
    tx: Transaction, topic: str, payloads: Iterable[Mapping[str, Any]], *, instance_id: int | None, token_id: int
) -> None:
    """A delivery for each payload, on behalf of a token of an instance; of nobody's where it is None."""
    sender = {"instance_id": instance_id, "token_id": token_id}
    rows = [{**sender, **delivery(tx, topic, payload)} for payload in payloads]
    if rows:
        tx.connection.execute(sa.insert(jobs), rows)
        tx.after_commit(tx.engine.wake)


def delivery(tx: Transaction, topic: str, payload: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the jobs that is due now, but for whose it is."""
    return {
        "topic": topic,
        "payload": json.dumps(payload, ensure_ascii=False),
        "rank": -DEFAULT_PRIORITY,
        "retries": retry.ATTEMPTS,
        "attempts": 0,
        "lapses": 0,
        "queue": "",
        "due": tx.now,
    }
