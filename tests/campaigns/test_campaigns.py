"""Each campaign, shortly; `make chaos` runs them at length."""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from tests.campaigns.catalogue import CAMPAIGNS, scene
from tests.campaigns.missing import Missing

EVERY = [(name, database) for name, campaign in CAMPAIGNS.items() for database in campaign.tried]


@pytest.mark.parametrize(("name", "database"), EVERY)
def test_nothing_is_lost_doubled_or_stuck_in(name: str, database: str) -> None:
    play(name, database)


def play(name: str, database: str) -> None:
    """Shortly; skipped where something is missing, which fails in CI."""
    campaign = CAMPAIGNS[name]
    try:
        with scene(database, seed=1) as place:
            report = campaign.run(replace(place, **{"running": 10, **campaign.brief}), campaign.short)
    except Missing as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    assert report.wrong == [], str(report)
