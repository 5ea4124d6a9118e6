"""Signing in."""

from __future__ import annotations

import pytest
from bureau import SUPERVISOR, WATER, Bureau

from engine.errors import InvalidVariables, NotFound, NotPermitted
from workflows.organisation import accounts


def _add(bureau: Bureau) -> accounts.Account:
    return bureau.do(lambda tx: accounts.add(tx, "li", "Li", "a long password", ["unit:water"]), SUPERVISOR)


def test_the_right_password_signs_in_and_no_other(bureau: Bureau):
    account = _add(bureau)
    assert bureau.ask(lambda tx: accounts.sign_in(tx, "li", "a long password")) == account
    assert account.actor.groups == {"unit:water"}
    assert bureau.ask(lambda tx: accounts.sign_in(tx, "li", "a long passwort")) is None
    assert bureau.ask(lambda tx: accounts.sign_in(tx, "nobody", "a long password")) is None


def test_a_disabled_account_signs_in_no_more(bureau: Bureau):
    _add(bureau)
    bureau.do(lambda tx: accounts.disable(tx, "li"), SUPERVISOR)
    assert bureau.ask(lambda tx: accounts.sign_in(tx, "li", "a long password")) is None
    assert bureau.ask(accounts.find) == ()
    with pytest.raises(NotFound):
        bureau.ask(lambda tx: accounts.get(tx, "li"))


def test_people_change_their_own_password(bureau: Bureau):
    me = _add(bureau).actor
    bureau.do(lambda tx: accounts.set_password(tx, "li", "another password"), me)
    assert bureau.ask(lambda tx: accounts.sign_in(tx, "li", "another password")) is not None
    with pytest.raises(NotPermitted):
        bureau.do(lambda tx: accounts.set_password(tx, "li", "their password"), WATER)


def test_a_sign_in_that_is_taken_and_a_short_password_are_refused(bureau: Bureau):
    _add(bureau)
    with pytest.raises(InvalidVariables, match="expected a sign-in that is free, but 'li' is taken"):
        _add(bureau)
    with pytest.raises(InvalidVariables, match="expected at least 8 characters, but it has 5"):
        bureau.do(lambda tx: accounts.add(tx, "wu", "Wu", "short", []), SUPERVISOR)


def test_no_password_is_kept_and_no_two_hashes_are_alike():
    first, second = accounts.hash_password("a long password"), accounts.hash_password("a long password")
    assert first != second
    assert "password" not in first
