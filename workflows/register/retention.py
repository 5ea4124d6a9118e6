"""How long the history of a petition is kept: as long as the case is, whatever its diagram says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import sqlalchemy as sa

from engine.store.database import Transaction
from workflows.tables import cases


def keeps(tx: Transaction, instances: Mapping[int, str]) -> Mapping[int, datetime | None]:
    """Those of a case, by their business key: its page, its texts and its clocks are read beside the history."""
    numbers = cases.c.case_number
    there = set(tx.connection.execute(sa.select(numbers).where(numbers.in_(set(instances.values())))).scalars())
    return {instance_id: None for instance_id, business_key in instances.items() if business_key in there}
