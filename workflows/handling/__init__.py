"""What units do with a case that they have."""
