"""What set off a transaction: how far it is from the person, timer or job with which it all began.

Instances that throw signals and messages at each other without a wait in between would never end. So everything that
one throws carries along how many came before it, and of how many copies of one cause it is.
"""

from __future__ import annotations

from typing import NamedTuple

from engine.errors import EngineError

MAX_HOPS = 1_000
"""Messages and signals of which each was set off by the one before."""

MAX_COPIES = 100_000
"""What the signals of one cause may reach in all, where more than one of them followed upon another."""


class Endless(EngineError):
    """Instances set each other off without end."""


class Cause(NamedTuple):
    """`hops` throws led here, each set off by the one before; each signal among them was copied for its receivers."""

    hops: int = 0
    copies: int = 1

    def thrown(self) -> Cause:
        """What is thrown here is one throw further."""
        return Cause(self.hops + 1, self.copies)

    def copied(self, receivers: int) -> Cause:
        """Of each of the copies that a signal is dealt out in.

        Raises:
            Endless: there are too many, and it was no single signal that led to them.
        """
        copies = self.copies * max(receivers, 1)
        if self.copies > 1 and receivers > 1 and copies > MAX_COPIES:
            raise Endless(
                f"Expected signals that set each other off to reach at most {MAX_COPIES:,} receivers in all, "
                f"but these would reach {copies:,}."
            )
        return Cause(self.hops, copies)

    def check(self) -> None:
        """
        Raises:
            Endless: it is too far from where it began.
        """
        if self.hops > MAX_HOPS:
            raise Endless(
                f"Expected at most {MAX_HOPS:,} messages and signals that set each other off without a person, a timer "
                "or a job in between, but there are more."
            )
