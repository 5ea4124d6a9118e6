"""The language of conditions, mappings and scripts in diagrams.

An expression is bare or in ``${…}`` / ``#{…}``. It has Python's operators and those of Camunda's expression language,
lists, mappings and comprehensions, and calls of functions by name. Names are process variables; ``case.subject`` reads
a key of a mapping. No attribute of a Python object can be reached, nothing is run by ``eval`` or ``exec``, and texts,
numbers, lists and work are bounded.

Everything is parsed once, when a diagram is compiled, and is then immutable and safe to share among threads.
"""

from engine.core.expressions.budget import Budget
from engine.core.expressions.errors import ExpressionError, FunctionFailed, MissingValue, StatementFailed
from engine.core.expressions.expression import Expression, parse, parse_feel, parse_template
from engine.core.expressions.script import Script, parse_script
from engine.core.expressions.values import FUNCTIONS, as_json

__all__ = [
    "FUNCTIONS",
    "Budget",
    "Expression",
    "ExpressionError",
    "FunctionFailed",
    "MissingValue",
    "Script",
    "StatementFailed",
    "as_json",
    "parse",
    "parse_feel",
    "parse_script",
    "parse_template",
]
