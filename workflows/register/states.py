"""Where a case stands, and where it may go from there."""

from __future__ import annotations

from collections.abc import Mapping

RECEIVED = "received"
AWAITING_SUPPLEMENT = "awaiting-supplement"
REGISTERED = "registered"
ASSIGNED = "assigned"
HANDLING = "handling"
REPLIED = "replied"
CLOSED = "closed"

TRANSITIONS: Mapping[str, frozenset[str]] = {
    RECEIVED: frozenset({AWAITING_SUPPLEMENT, REGISTERED, CLOSED}),
    AWAITING_SUPPLEMENT: frozenset({RECEIVED, CLOSED}),
    REGISTERED: frozenset({ASSIGNED, CLOSED}),
    ASSIGNED: frozenset({ASSIGNED, HANDLING, CLOSED}),
    HANDLING: frozenset({REPLIED, CLOSED}),
    REPLIED: frozenset({HANDLING, CLOSED}),
    CLOSED: frozenset(),
}
"""From each state to those that may follow it."""

NAMES: Mapping[str, str] = {
    RECEIVED: "Received, not yet registered",
    AWAITING_SUPPLEMENT: "Waiting for what is missing",
    REGISTERED: "Registered",
    ASSIGNED: "Passed to a unit, not yet accepted",
    HANDLING: "Being handled",
    REPLIED: "Replied",
    CLOSED: "Closed",
}


def sources(state: str) -> frozenset[str]:
    """The states that `state` may follow."""
    return frozenset(source for source, targets in TRANSITIONS.items() if state in targets)
