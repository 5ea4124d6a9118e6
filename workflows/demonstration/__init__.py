"""An office to try things with."""
