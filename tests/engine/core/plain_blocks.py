"""Blocks that SpiffWorkflow 3.2.0 runs as the standard says, for processes that both engines have to agree on.

What a user task is completed with is a number, in a variable that is called like it; what follows chooses by that.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from tests.engine.core.case import log
from tests.engine.core.generator import Block, Draw, Drawing


def _user(d: Drawing, inner: str = "") -> str:
    return d.node("userTask", inner)


def _answer(user: str) -> str:
    """The variable that a user task is completed with."""
    return f"v_{user}"


def _one_user(d: Drawing) -> Block:
    name = _user(d)
    return name, name


def _logged(d: Drawing) -> str:
    """A script task that writes its own id to the trace."""
    name = d.name("s")
    d.put(log(name))
    return name


def _script(d: Drawing) -> Block:
    name = _logged(d)
    return name, name


def _sequence(d: Drawing) -> Block:
    (first, middle), (following, last) = d.block(), d.block()
    d.flow(middle, following)
    return first, last


def _choice(d: Drawing) -> Block:
    user, merge = _user(d), d.node("exclusiveGateway")
    (one, one_last), (other, other_last) = d.block(), d.block()
    split = d.name("e")
    d.put(f'<exclusiveGateway id="{split}" default="{split}-{other}"/>')
    d.flow(user, split, one, condition=f"{_answer(user)} == 1")
    d.flow(split, other)
    d.flow(one_last, merge)
    d.flow(other_last, merge)
    return user, merge


def _parallel(d: Drawing) -> Block:
    fork, join = d.node("parallelGateway"), d.node("parallelGateway")
    for _ in range(d.one_of(2, 3)):
        first, last = d.block()
        d.flow(fork, first)
        d.flow(last, join)
    return fork, join


def _inclusive(d: Drawing) -> Block:
    """Nothing chooses in its branches: SpiffWorkflow's join would not wait for what comes of that."""
    user, join = _user(d), d.node("inclusiveGateway")
    kinds, d.kinds = d.kinds, (tuple(_LEAVES), (*_LEAVES, "sequence"))
    blocks = [d.block() for _ in range(3)]
    d.kinds = kinds
    split = d.name("i")
    d.put(f'<inclusiveGateway id="{split}" default="{split}-{blocks[2][0]}"/>')
    d.flow(user, split)
    for (first, last), condition in zip(blocks, ("{} &lt; 2", "{} == 1", None), strict=True):
        d.flow(split, first, condition=condition and condition.format(_answer(user)))
        d.flow(last, join)
    return user, join


def _rounds(d: Drawing) -> Block:
    """Goes round until a person has had enough. No join is in it: SpiffWorkflow would count its tokens anew."""
    merge, user, split = d.node("exclusiveGateway"), _user(d), d.name("e")
    leave = _logged(d)
    d.put(f'<exclusiveGateway id="{split}" default="{split}-{leave}"/>')
    kinds, d.kinds = d.kinds, (tuple(_LEAVES), _WITHOUT_JOINS)
    first, last = d.block()
    d.kinds = kinds
    d.flow(merge, first)
    d.flow(last, user, split, merge, condition=f"{_answer(user)} == 1")
    d.flow(split, leave)
    return merge, leave


def _subprocess(d: Drawing) -> Block:
    name = d.node("subProcess", d.inside())
    return name, name


def _call(d: Drawing) -> Block:
    key = d.name("Q")
    d.process(key, d.inside())
    mapping = '<camunda:in variables="all"/><camunda:out variables="all"/>'
    name = d.node("callActivity", f"<extensionElements>{mapping}</extensionElements>", f'calledElement="{key}"')
    return name, name


def _many(sequential: str, d: Drawing) -> Block:
    loop = f'<multiInstanceLoopCharacteristics isSequential="{sequential}"><loopCardinality>2</loopCardinality>'
    name = _user(d, f"{loop}</multiInstanceLoopCharacteristics>")
    return name, name


def _failing(d: Drawing) -> Block:
    """A sub-process that may end by an error, and what comes of that.

    The error is its own: SpiffWorkflow would hand another one to a sibling as well.
    """
    name = d.name("err")
    d.diagram.append(f'<error id="{name}" errorCode="{name}"/>')
    definition = f'<errorEventDefinition errorRef="{name}"/>'

    def inner(d: Drawing) -> Block:
        first, last = d.block()
        user, split, leave = _user(d), d.name("e"), _logged(d)
        end = d.node("endEvent", definition)
        d.put(f'<exclusiveGateway id="{split}" default="{split}-{leave}"/>')
        d.flow(last, user, split, end, condition=f"{_answer(user)} == 1")
        d.flow(split, leave)
        return first, leave

    host, merge = d.node("subProcess", d.inside(inner)), d.node("exclusiveGateway")
    event = d.node("boundaryEvent", definition, f'attachedToRef="{host}"')
    first, last = d.block()
    d.flow(event, first)
    d.flow(last, merge)
    d.flow(host, merge)
    return host, merge


def _message(d: Drawing) -> str:
    """A message of its own, so that one that is thrown finds one place alone."""
    name = d.name("msg")
    d.diagram.append(f'<message id="{name}" name="{name}"/>')
    return f'<messageEventDefinition messageRef="{name}"/>'


def _catch(d: Drawing) -> Block:
    name = d.node("intermediateCatchEvent", _message(d))
    return name, name


def _guarded(d: Drawing) -> Block:
    """A user task or a sub-process that a message interrupts."""
    host = d.one_of(_user, lambda d: _subprocess(d)[0])(d)
    event, merge = d.node("boundaryEvent", _message(d), f'attachedToRef="{host}"'), d.node("exclusiveGateway")
    first, last = d.block()
    d.flow(event, first)
    d.flow(last, merge)
    d.flow(host, merge)
    return host, merge


_LEAVES: Mapping[str, Draw] = {"user": _one_user, "script": _script, "catch": _catch}
_CHOICES: Mapping[str, Draw] = {"sequence": _sequence, "choice": _choice}
_WAYS: Mapping[str, Draw] = {
    **_LEAVES,
    **_CHOICES,
    "parallel": _parallel,
    "inclusive": _inclusive,
    "rounds": _rounds,
    "sub-process": _subprocess,
    "call activity": _call,
}
_MANY: Mapping[str, Draw] = {
    "parallel multi-instance": partial(_many, "false"),
    "sequential multi-instance": partial(_many, "true"),
}
_BOUNDARY: Mapping[str, Draw] = {"error": _failing, "boundary event": _guarded}
PLAIN: Mapping[str, Draw] = {**_WAYS, **_MANY, **_BOUNDARY}
_WITHOUT_JOINS = (*_LEAVES, *_CHOICES)


def draw_plain(seed: int, size: int) -> tuple[str, ...]:
    """A process of these blocks alone: what `diagram` makes a file of. The seed says which one is in it for certain.

    None has boundary events and multi-instance activities: where one of these comes after an interrupted activity,
    SpiffWorkflow stops with an error.
    """
    feature = list(PLAIN)[seed % len(PLAIN)]
    with_many = feature in _MANY or (feature not in _BOUNDARY and seed % 2 == 0)
    d = Drawing(seed, size, PLAIN, tuple(_LEAVES), (*_WAYS, *(_MANY if with_many else _BOUNDARY)))

    def content(d: Drawing) -> Block:
        first, last = PLAIN[feature](d)
        while d.left > 0:
            following, end = d.block()
            d.flow(last, following)
            last = end
        return first, last

    d.process("P", d.inside(content))
    return tuple(d.diagram)
