"""Decisions (DMN 1.1 to 1.5): reading them, and working them out."""

from engine.decisions.decision import Decision, DecisionGraph, LiteralExpression
from engine.decisions.reading import read
from engine.decisions.tables import DecisionTable

__all__ = ["Decision", "DecisionGraph", "DecisionTable", "LiteralExpression", "read"]
