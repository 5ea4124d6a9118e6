"""A case as it is read, and by whom it was."""
