"""Who may sign in, and the groups they belong to."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from engine.actors import Actor
from engine.errors import InvalidVariables, NotFound
from engine.store.database import Transaction
from workflows import permissions, tables
from workflows.organisation import units

_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**14, 8, 1
"""The cost of one guess: 16 MiB and some tens of milliseconds (RFC 7914)."""


SHORTEST_PASSWORD = 8
ROLES = frozenset({permissions.CASEWORKER, permissions.SUPERVISOR, permissions.DESIGNER})


@dataclass(frozen=True, slots=True)
class Account:
    """`id` is what its person signs in with, and what the journal knows them by."""

    id: str
    name: str
    groups: frozenset[str]

    @property
    def actor(self) -> Actor:
        return Actor(self.id, self.groups)


def add(tx: Transaction, account_id: str, name: str, password: str, groups: Iterable[str]) -> Account:
    """Raises NotPermitted, or InvalidVariables: the sign-in is taken, the password too short, a group unknown."""
    _check_password(password)
    groups = frozenset(groups)
    _check_groups(tx, groups)
    return add_hashed(tx, account_id, name, hash_password(password), groups)


def add_hashed(tx: Transaction, account_id: str, name: str, password_hash: str, groups: Iterable[str]) -> Account:
    """As `add`, with what `hash_password` made before: many accounts can share the time that it takes."""
    tx.authorise("add", "account")
    taken = tx.connection.scalar(sa.select(tables.accounts.c.id).where(tables.accounts.c.id == account_id))
    if taken is not None:
        raise InvalidVariables({"id": f"expected a sign-in that is free, but '{account_id}' is taken"})
    account = Account(account_id, name, frozenset(groups))
    tx.connection.execute(
        sa.insert(tables.accounts).values(
            id=account_id,
            name=name,
            password_hash=password_hash,
            groups=sorted(account.groups),
            created_at=tx.now,
        )
    )
    return account


def _check_groups(tx: Transaction, groups: frozenset[str]) -> None:
    """Roles and units are known; any other group is whatever a diagram calls its candidates."""
    known = ROLES | {f"{kind}:{unit.code}" for unit in units.find(tx) for kind in ("unit", "head")}
    unknown = sorted(group for group in groups if ":" in group and group not in known)
    if unknown:
        expected = f"expected {', '.join(sorted(ROLES))}, or unit: or head: with the code of a unit"
        raise InvalidVariables({"groups": f"{expected}, but found {', '.join(unknown)}"})


def sign_in(tx: Transaction, account_id: str, password: str) -> Account | None:
    """The account, or None where sign-in or password is wrong; both take the same time to find out."""
    table = tables.accounts
    query = sa.select(table).where(table.c.id == account_id, table.c.disabled_at.is_(None))
    row = tx.connection.execute(query).one_or_none()
    matches = _matches(password, _nobodys_hash() if row is None else row.password_hash)
    return _account(row) if row is not None and matches else None


def get(tx: Transaction, account_id: str) -> Account:
    """Raises NotFound, for a disabled account as well."""
    table = tables.accounts
    query = sa.select(table).where(table.c.id == account_id, table.c.disabled_at.is_(None))
    row = tx.connection.execute(query).one_or_none()
    if row is None:
        raise NotFound("account", account_id)
    return _account(row)


def find(tx: Transaction) -> tuple[Account, ...]:
    """Every account that may sign in, by sign-in."""
    table = tables.accounts
    query = sa.select(table).where(table.c.disabled_at.is_(None)).order_by(table.c.id)
    return tuple(map(_account, tx.connection.execute(query)))


def disable(tx: Transaction, account_id: str) -> None:
    """Nobody signs in with it again; what was done with it stays. Raises NotFound, NotPermitted."""
    tx.authorise("disable", "account")
    get(tx, account_id)
    table = tables.accounts
    tx.connection.execute(sa.update(table).where(table.c.id == account_id).values(disabled_at=tx.now))


def set_password(tx: Transaction, account_id: str, password: str) -> None:
    """Raises NotFound, NotPermitted, InvalidVariables."""
    tx.authorise("set password of", get(tx, account_id))
    _check_password(password)
    table = tables.accounts
    values = {"password_hash": hash_password(password)}
    tx.connection.execute(sa.update(table).where(table.c.id == account_id).values(values))


def hash_password(password: str) -> str:
    """``scrypt$salt$key``, both hexadecimal."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_derive(password, salt).hex()}"


def _check_password(password: str) -> None:
    if len(password) < SHORTEST_PASSWORD:
        wanted = f"expected at least {SHORTEST_PASSWORD} characters, but it has {len(password)}"
        raise InvalidVariables({"password": wanted})


def _matches(password: str, password_hash: str) -> bool:
    _, salt, key = password_hash.split("$")
    return hmac.compare_digest(_derive(password, bytes.fromhex(salt)), bytes.fromhex(key))


def _derive(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P)


@lru_cache(maxsize=1)
def _nobodys_hash() -> str:
    return hash_password(secrets.token_hex(16))


def _account(row: sa.Row[Any]) -> Account:
    return Account(row.id, row.name, frozenset(row.groups))
