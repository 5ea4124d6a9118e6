"""The project's own cases: every construct that runs, in the positions where engines go wrong.

What is expected follows from the text of BPMN 2.0; where a case needs more than a glance, the section is named.
"""

from __future__ import annotations

from tests.conformance.cases import Case
from tests.conformance.own import compensation, data, events, flow, scopes

CASES: list[Case] = [*flow.CASES, *scopes.CASES, *events.CASES, *compensation.CASES, *data.CASES]
