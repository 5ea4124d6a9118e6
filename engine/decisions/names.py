"""Names of more than one word, as FEEL has them (DMN 1.3, 10.3.1.4)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from engine.core.expressions import ExpressionError
from engine.core.expressions.lexing import Token, lex_feel
from engine.decisions.functions import FEEL_FUNCTIONS

MAX_NAME = 200
MAX_WORDS = 20
"""Characters and words of a name with spaces."""


class Names:
    """Names that hold more than one word, such as ``Applicant age`` and ``deadline-profile``.

    FEEL takes the longest name that is declared for one (DMN 1.3, 10.3.1.4); spaces in it count as one.
    """

    def __init__(self, declared: Iterable[str]) -> None:
        self._words: dict[Any, Any] = {}
        for name in (*FEEL_FUNCTIONS, *declared):
            self._declare(" ".join(name.split()))

    def _declare(self, name: str) -> None:
        try:
            words = lex_feel(name)[:-1]
        except ExpressionError:
            return
        if (
            len(name) > MAX_NAME
            or not 2 <= len(words) <= MAX_WORDS
            or words[0].kind != "name"
            or "string" in {word.kind for word in words}
        ):
            return
        branch = self._words
        for word, follows in _spaced(words):
            branch = branch.setdefault((word.value, follows), {})
        branch[None] = name

    def tokens(self, text: str) -> list[Token]:
        """The tokens of a FEEL text, each name one token; raises ExpressionError."""
        tokens = list(_spaced(lex_feel(text)))
        joined: list[Token] = []
        at = 0
        while at < len(tokens):
            name, length = self._longest(tokens, at)
            token = tokens[at][0]
            joined.append(Token("name", name, token.position) if name else token)
            at += length
        return joined

    def _longest(self, tokens: list[tuple[Token, bool]], at: int) -> tuple[str, int]:
        """The longest declared name that begins there, and how many tokens it has; otherwise "" and 1."""
        found, length = "", 1
        branch = self._words.get((tokens[at][0].value, False)) if tokens[at][0].kind == "name" else None
        after = at + 1
        while branch is not None:
            if None in branch:
                found, length = branch[None], after - at
            token, spaced = tokens[min(after, len(tokens) - 1)]
            branch = branch.get((token.value, spaced)) if token.kind != "string" else None
            after += 1
        return found, length


def _spaced(tokens: list[Token]) -> Iterable[tuple[Token, bool]]:
    """Each token, and whether there is a space before it."""
    end = tokens[0].position
    for token in tokens:
        yield token, token.position > end
        end = token.position + len(token.value)


PLAIN = Names(())
"""No names but those of one word, and FEEL's functions."""
