"""The command: ``python -m tests.conformance [FILE.json] [-k TEXT] [--engine spiffworkflow]``."""

from __future__ import annotations

import logging
import sys

from tests.conformance.command import main

# What an engine logs of a failure is in the case's line.
logging.disable()
sys.exit(main(sys.argv[1:]))
