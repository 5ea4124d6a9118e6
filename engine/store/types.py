"""The types of columns that are not the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""The number of an instance or a job, of which a province makes more than 2 ** 31. SQLite gives numbers by itself only
to what it knows as INTEGER, which is as wide.
"""

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""Text in the order of its code points, on every machine. PostgreSQL would else follow the language of the server, and
its indexes would be wrong after an update of the operating system that orders that language otherwise.
"""


class UtcDateTime(sa.types.TypeDecorator[datetime]):
    """An aware moment; kept in UTC, given back in UTC."""

    impl = sa.DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"Expected a moment with its time zone, but {value.isoformat()} has none.")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)
