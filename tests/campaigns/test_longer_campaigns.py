"""Campaigns that take half a minute even when they are short, or a network and a disk of their own: CI plays them."""

from __future__ import annotations

import os

import pytest

from tests.campaigns.catalogue import CAMPAIGNS
from tests.campaigns.test_campaigns import play

IN_CI = [(name, database) for name, campaign in CAMPAIGNS.items() for database in campaign.tried_in_ci]


@pytest.mark.skipif(not os.environ.get("CI"), reason="CI plays it shortly, `make chaos` at length")
@pytest.mark.parametrize(("name", "database"), IN_CI)
def test_nothing_is_lost_doubled_or_stuck_in(name: str, database: str) -> None:
    play(name, database)
