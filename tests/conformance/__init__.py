"""Conformance: models with what happens to them and what must come of it, run on an engine through its public interface.

python -m tests.conformance [FILE.json] [-k TEXT] [--engine spiffworkflow]
"""
