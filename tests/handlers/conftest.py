"""Handlers on every kind of database."""

from __future__ import annotations

import pytest
from databases import KINDS


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    kind: str = request.param
    return kind
