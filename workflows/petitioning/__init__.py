"""What petitioners do with a case of theirs."""
