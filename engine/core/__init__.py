"""A BPMN state machine without I/O: no clock, no database, no random numbers, no globals.

``compile(xml)`` reads a diagram, ``run(library, state, command, now)`` decides, ``apply(state, fact)`` changes.
"""

from engine.core.apply import apply, replay
from engine.core.compile import compile
from engine.core.run import run
from engine.core.state import State

__all__ = ["State", "apply", "compile", "replay", "run"]
