"""Who asks for something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a machine on whose behalf a command or a query runs.

    `groups` are the candidate groups this actor belongs to, as diagrams name them: ``intake-clerks``,
    ``unit:water``. Roles are groups too (``role:supervisor``).
    """

    id: str
    groups: frozenset[str] = frozenset()


SYSTEM = Actor("system", frozenset({"role:system"}))
"""The engine itself: timers, jobs, message deliveries."""
