"""Suspend and resume: an instance that stands still until somebody lets it go on, a definition that starts no more.

A suspended instance runs no job and fires no timer, and takes nothing from outside; all of that is refused with what
is, or waits. Its user tasks stay to be seen. Whatever has become due meanwhile comes when it is resumed, in order.
A suspended definition starts no instance, in whatever way. A running case that calls it goes on: what is called is a
part of the case.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from engine import deployments, instances, reasons
from engine.core.commands import ResumeInstance, SuspendInstance
from engine.deployments import Definition
from engine.errors import InvalidState
from engine.store.database import Transaction
from engine.store.tables import definitions, start_timers

_SUSPENDED = ("suspended_at", "suspended_by", "suspend_reason")
_RESUMED = ("resumed_at", "resumed_by", "resume_reason")


def suspend(tx: Transaction, instance_id: int, reason: str) -> None:
    """Let nothing in an instance move. A handler that is at work is not stopped; its result is not taken in, and it
    runs once more, with the same id, when the instance is resumed.

    Raises:
        NotFound: there is no such instance.
        InvalidState: it has ended, or is suspended already; says since when, by whom and why.
        InvalidInput: no reason is given, or a very long one.
    """
    tx.authorise("suspend", instances.get(tx, instance_id))
    instances.execute(tx, instance_id, SuspendInstance(reasons.checked(reason)))


def resume(tx: Transaction, instance_id: int, reason: str) -> None:
    """Let a suspended instance go on.

    Raises:
        NotFound: there is no such instance.
        InvalidState: it has ended, or is not suspended.
        InvalidInput: no reason is given, or a very long one.
    """
    tx.authorise("resume", instances.get(tx, instance_id))
    instances.execute(tx, instance_id, ResumeInstance(reasons.checked(reason)))


def suspend_definition(tx: Transaction, definition_id: str, reason: str) -> None:
    """Let one version of a process start no instance. Those that run go on; a batch suspends them as well.

    Raises:
        NotFound: there is no such process.
        InvalidState: it is suspended already; says since when, by whom and why.
        InvalidInput: no reason is given, or a very long one.
    """
    definition = deployments.definition(tx, definition_id)
    tx.authorise("suspend", definition)
    if definition.suspended_at is not None:
        raise InvalidState("process definition", definition_id, "suspend", instances.suspension(tx, definition))
    _set(tx, definition_id, suspended=(tx.now, tx.actor.id, reasons.checked(reason)), resumed=(None, None, None))
    this = sa.update(start_timers).where(start_timers.c.definition_id == definition_id)
    tx.connection.execute(this.where(start_timers.c.due.is_not(None)).values(held_due=start_timers.c.due, due=None))


def resume_definition(tx: Transaction, definition_id: str, reason: str) -> None:
    """Let a version of a process start instances again. A timer that was due meanwhile does so now.

    Raises:
        NotFound: there is no such process.
        InvalidState: it is not suspended.
        InvalidInput: no reason is given, or a very long one.
    """
    definition = deployments.definition(tx, definition_id)
    tx.authorise("resume", definition)
    if definition.suspended_at is None:
        raise InvalidState("process definition", definition_id, "resume", "is not suspended")
    _set(tx, definition_id, suspended=(None, None, None), resumed=(tx.now, tx.actor.id, reasons.checked(reason)))
    this = sa.update(start_timers).where(start_timers.c.definition_id == definition_id)
    tx.connection.execute(
        this.where(start_timers.c.held_due.is_not(None)).values(due=start_timers.c.held_due, held_due=None)
    )


def suspend_all_versions(tx: Transaction, key: str, reason: str) -> list[Definition]:
    """Suspend every version of a process that is not suspended yet; these. A version deployed later is not.

    Raises:
        InvalidInput: no reason is given, or a very long one.
    """
    found = [each for each in deployments.versions(tx, key) if each.suspended_at is None]
    for each in found:
        suspend_definition(tx, each.id, reason)
    return found


def resume_all_versions(tx: Transaction, key: str, reason: str) -> list[Definition]:
    """Resume every version of a process that is suspended; these.

    Raises:
        InvalidInput: no reason is given, or a very long one.
    """
    found = [each for each in deployments.versions(tx, key) if each.suspended_at is not None]
    for each in found:
        resume_definition(tx, each.id, reason)
    return found


_Deed = tuple[datetime | None, str | None, str | None]
"""When something was done, by whom and why."""


def _set(tx: Transaction, definition_id: str, *, suspended: _Deed, resumed: _Deed) -> None:
    this = sa.update(definitions).where(definitions.c.kind == deployments.PROCESS, definitions.c.id == definition_id)
    values = zip((*_SUSPENDED, *_RESUMED), (*suspended, *resumed), strict=True)
    tx.connection.execute(this.values(dict(values)))
