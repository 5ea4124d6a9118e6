"""The code that comes with a case number: together they open a case for its petitioner. Only its hash is kept."""

from __future__ import annotations

import hashlib
import hmac
import secrets

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base 32: nothing that is misread on paper."""

_MISREAD = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


def new_code() -> str:
    """Twelve characters, 60 bits: too many to try, so a fast hash is enough to keep it."""
    letters = "".join(secrets.choice(_ALPHABET) for _ in range(12))
    return "-".join((letters[:4], letters[4:8], letters[8:]))


def new_salt() -> bytes:
    return secrets.token_bytes(16)


def digest(code: str, salt: bytes) -> bytes:
    """Case, spaces, hyphens and the letters that look like digits do not matter."""
    return hashlib.sha256(salt + code.upper().translate(_MISREAD).encode()).digest()


def matches(code: str, salt: bytes, expected: bytes) -> bool:
    return hmac.compare_digest(digest(code, salt), expected)
