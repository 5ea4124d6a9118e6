"""Units, and the accounts of those who work in them."""
