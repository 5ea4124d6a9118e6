"""The petition domain: cases, people, units, clocks, satisfaction. Knows the engine, no web."""
