"""From XML to a checked process: every element is either understood, known to mean nothing here, or a problem."""
