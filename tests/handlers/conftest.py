"""An office with the bundled diagrams, a clock that stands still, and the people who work in it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bureau import Bureau


@pytest.fixture
def bureau(tmp_path: Path) -> Iterator[Bureau]:
    opened = Bureau(tmp_path / "pujiang.db")
    yield opened
    opened.close()
