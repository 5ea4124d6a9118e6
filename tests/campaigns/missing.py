"""What a campaign needs and this machine does not have."""

from __future__ import annotations


class Missing(Exception):
    """Says what is missing, and what would help."""
