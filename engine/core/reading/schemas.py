"""XML schemas, read one at a time.

The library beneath lxml sets itself up when it reads its first schema, and two threads that have it do so at once get
errors from then on.
"""

from __future__ import annotations

import threading

from SpiffWorkflow.bpmn.parser.BpmnParser import BpmnValidator

_TURN = threading.Lock()


def read(file: str | None = None) -> BpmnValidator:
    """What holds a tree against the schema of BPMN 2.0, or against the one in `file`."""
    with _TURN:
        return BpmnValidator() if file is None else BpmnValidator(file)
