"""Repairs of one instance: tokens taken away and put down where the process has gone wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, replace
from typing import Any, get_args

from engine import instances, reasons
from engine.core.commands import Instruction, ModifyInstance, StartBefore, WriteVariables
from engine.errors import InvalidInput
from engine.store.database import Transaction
from engine.variables import checked


def modify(tx: Transaction, instance_id: int, instructions: Iterable[Instruction], reason: str) -> None:
    """Carry out instructions (`engine.core.commands`) in order, all of them or none, before anything moves on. A
    suspended instance can be repaired; what is started in it goes on to where it has to wait.

    Raises:
        NotFound: there is no such instance.
        InvalidState: it has ended.
        InvalidChange: every instruction that cannot be carried out, and why.
        InvalidVariables: a value is not JSON.
        InvalidInput: no reason is given, or a very long one.
    """
    tx.authorise("modify", instances.get(tx, instance_id))
    wanted = tuple(_checked(each) for each in instructions)
    instances.execute(tx, instance_id, ModifyInstance(wanted, reasons.checked(reason)))


def write(instructions: Iterable[Instruction]) -> list[Any]:
    """As JSON values: each as its name and its fields."""
    return [[type(each).__name__, asdict(each)] for each in instructions]


def read(data: Any) -> tuple[Instruction, ...]:
    """The instructions that `write` wrote.

    Raises:
        InvalidInput: it wrote no such thing.
    """
    try:
        return tuple(_NAMED[name](**fields) for name, fields in data)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidInput(f"Expected instructions by name with their fields, but found {data!r:.200}.") from error


_NAMED: Mapping[str, Callable[..., Instruction]] = {each.__name__: each for each in get_args(Instruction)}


def _checked(instruction: Instruction) -> Instruction:
    if isinstance(instruction, StartBefore | WriteVariables):
        return replace(instruction, variables=checked(instruction.variables))
    return instruction
