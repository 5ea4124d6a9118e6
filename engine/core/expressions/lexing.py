"""Cuts the text of an expression into tokens."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.core.expressions.errors import ExpressionError, line_of, shown

MAX_LENGTH = 10_000
"""Characters of one expression, template or script."""

_TOKEN = re.compile(
    r"""
    (?P<space>[^\S\n]+)
  | (?P<newline>\n)
  | (?P<comment>\#[^\n]*)
  | (?P<range>\.\.)
  | (?P<number>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)
  | (?P<name>[^\W\d]\w*)
  | (?P<string>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<operator>\*\*|//|==|!=|<=|>=|&&|\|\||\+=|-=|[-+*/%<>!?@:.,()\[\]{}=;])
    """,
    re.VERBOSE | re.DOTALL,
)
_HALF = re.compile("[\ud800-\udfff]")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\", '"': '"', "'": "'"}
_DATE_AND_TIME = [("name", "date"), ("name", "and"), ("name", "time"), ("operator", "(")]
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")


class Token(NamedTuple):
    """`kind` is ``number``, ``name``, ``string``, ``operator``, ``newline`` or ``end``; a string is unescaped."""

    kind: str
    value: str
    position: int


def lex(text: str) -> list[Token]:
    """The tokens of a whole expression; line ends are spaces."""
    return [token for token in _scan(text, 0) if token.kind != "newline"]


def lex_embedded(text: str, start: int) -> tuple[list[Token], int]:
    """The tokens from `start` (just after ``${``) up to the brace that closes it, and where the text goes on."""
    tokens: list[Token] = []
    depth = 0
    for token in _scan(text, start):
        if token.kind == "operator":
            depth += (token.value in _OPENING) - (token.value in _CLOSING)
        if depth < 0 and token.value == "}":
            tokens.append(Token("end", "}", token.position))
            return tokens, token.position + 1
        if token.kind != "newline":
            tokens.append(token)
    raise ExpressionError(f"Expected a '}}' to close '{text[start - 2 : start]}', but '{shown(text)}' ends without it.")


def lex_script(text: str) -> list[Token]:
    """The tokens of a script; a line end outside brackets and a ``;`` are both a ``newline``, comments are left out."""
    tokens: list[Token] = []
    depth = 0
    for token in _scan(text, 0, comments=frozenset({"comment"})):
        if token.kind == "operator":
            depth += (token.value in _OPENING) - (token.value in _CLOSING)
            if token.value == ";":
                token = Token("newline", ";", token.position)
        if token.kind != "newline" or depth <= 0:
            tokens.append(token)
    return tokens


def lex_feel(text: str) -> list[Token]:
    """The tokens of an expression in FEEL, where ``=`` compares and ``date and time`` is one function."""
    tokens: list[Token] = []
    for token in lex(text):
        if token.kind == "operator" and token.value == "=":
            token = token._replace(value="==")
        tokens.append(token)
        if [(last.kind, last.value) for last in tokens[-4:]] == _DATE_AND_TIME:
            tokens[-4:] = [Token("name", "datetime", tokens[-4].position), token]
    return tokens


def check_text(text: str) -> None:
    """Raises ExpressionError where a text is too long to be read, or has half a character that nothing can store."""
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"Expected at most {MAX_LENGTH} characters, but '{text[:40]}…' has {len(text)}.")
    if _HALF.search(text):
        raise ExpressionError(f"Expected whole characters, but {text!r:.60} has half of one.")


def _scan(text: str, start: int, comments: frozenset[str] = frozenset()) -> Iterator[Token]:
    check_text(text)
    position = start
    while position < len(text):
        match = _TOKEN.match(text, position)
        kind = match.lastgroup if match else None
        if match is None or kind is None or (kind == "comment" and kind not in comments):
            raise ExpressionError(_unreadable(text, position), line_of(text, position))
        position = match.end()
        if kind == "number" and text[position : position + 1].isidentifier():
            wrong = (
                f"Expected an operator after {match.group()}, but '{_around(text, position)}' has {text[position]!r}."
            )
            raise ExpressionError(wrong, line_of(text, position))
        if kind == "string":
            try:
                yield Token(kind, _unescape(match.group()[1:-1]), match.start())
            except ExpressionError as cause:
                raise ExpressionError(str(cause), line_of(text, match.start())) from cause
        elif kind not in ("space", "comment"):
            yield Token("operator" if kind == "range" else kind, match.group(), match.start())
    yield Token("end", "", len(text))


def _unreadable(text: str, position: int) -> str:
    if text[position] in "\"'":
        return f"Expected a closing quote, but '{shown(text[position:])}' ends without it."
    return f"Expected a value or an operator, but '{_around(text, position)}' has {text[position]!r}."


def _around(text: str, position: int) -> str:
    """The line with the character at `position`, which is all that a message shows of a long text."""
    end = text.find("\n", position)
    return shown(text[text.rfind("\n", 0, position) + 1 : len(text) if end < 0 else end])


def _unescape(text: str) -> str:
    if "\\" not in text:
        return text
    unescaped = _ESCAPE.sub(lambda found: _character(found[1], found[2]), text)
    try:
        # Characters beyond \uFFFF are written as two halves.
        return unescaped.encode("utf-16", "surrogatepass").decode("utf-16")
    except UnicodeDecodeError as cause:
        raise ExpressionError(f"Expected both halves of a character, but '{text:.60}' has one alone.") from cause


def _character(code: str | None, letter: str | None) -> str:
    if code is not None:
        return chr(int(code, 16))
    if letter not in _ESCAPED:
        raise ExpressionError(f"Expected one of \\n \\t \\r \\\\ \\\" \\' \\uXXXX in a text, but found \\{letter}.")
    return _ESCAPED[letter]
