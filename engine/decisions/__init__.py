"""Decision tables (DMN 1.1 to 1.3): reading them, and finding the rules that match."""

from engine.decisions.reading import read
from engine.decisions.tables import Column, DecisionTable, Rule

__all__ = ["Column", "DecisionTable", "Rule", "read"]
