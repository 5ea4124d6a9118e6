"""Runs campaigns at length; ends with 1 where anything is wrong, or could not be run.

Without a name, all of them, on every database.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys

from tests.campaigns.catalogue import CAMPAIGNS, POSTGRESQL, SQLITE, scene
from tests.campaigns.missing import Missing


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.campaigns", description=__doc__)
    parser.add_argument("name", nargs="?", choices=CAMPAIGNS, help="this campaign alone")
    parser.add_argument("--kills", "--size", dest="size", type=int, help="how many kills, or cases")
    parser.add_argument("--database", choices=(SQLITE, POSTGRESQL), help="this database alone")
    parser.add_argument("--seed", type=int, default=random.getrandbits(16), help="of what is drawn at random")
    asked = parser.parse_args()
    # Whoever is told to stop still ends what was started.
    signal.signal(signal.SIGTERM, lambda _number, _frame: sys.exit(1))
    wrong = 0
    for name in [asked.name] if asked.name else CAMPAIGNS:
        campaign = CAMPAIGNS[name]
        for database in campaign.databases:
            if asked.database not in (None, database):
                continue
            print(f"{name} on {database}, seed {asked.seed}", flush=True)
            try:
                with scene(database, asked.seed) as place:
                    report = campaign.run(place, asked.size or campaign.size)
            except Missing as missing:
                print(f"NOT RUN: {missing}", flush=True)
                wrong += 1
                continue
            print(report, flush=True)
            wrong += len(report.wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
