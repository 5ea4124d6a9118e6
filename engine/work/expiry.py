"""Takes away what waited long enough: messages without a receiver, ids that need not be remembered any more, and
leases that would last too long.
"""

from __future__ import annotations

import logging
from datetime import datetime

from engine import buffer, leases, messages
from engine.store.database import Runtime, Transaction
from engine.work import deliveries

log = logging.getLogger(__name__)

BATCH = 100
"""Rows taken away in one transaction."""


def expire_due(engine: Runtime, now: datetime) -> int:
    """Take away what is over, in small batches; how many messages that was."""
    done = 0
    while engine.read(lambda tx: buffer.is_over(tx, now)):
        done += engine.transact(_expire)
    return done


def _expire(tx: Transaction) -> int:
    expired = buffer.take_expired(tx, BATCH)
    for kept in expired:
        log.info("A message '%s' waited in vain and has expired.", kept.message.name)
        if kept.thrower is not None:
            deliveries.hand_back(tx, kept, str(messages.not_found(kept.message)))
    buffer.forget_ids(tx, BATCH)
    return len(expired)


def shorten_leases(engine: Runtime, _now: datetime) -> None:
    """After the machine's clock was set back, let nobody keep a job until it has come there again."""
    if engine.read(leases.is_too_long):
        log.warning("The machine's clock was set back: leases are shortened.")
        engine.transact(leases.shorten)
