"""The command: ``python -m tests.conformance FILE.json [-k TEXT] [--engine spiffworkflow]``."""

from __future__ import annotations

import sys

from tests.conformance.command import main

sys.exit(main(sys.argv[1:]))
