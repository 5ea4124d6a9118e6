"""Draws a process at random: the same seed and size, the same process.

It is made of blocks (`tests.engine.core.blocks`). A block has one way in and one way out, and gives back as many tokens
as it gets, so that whatever is drawn can be worked through to its end.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from engine.core.reading.dialect import FLOW_NODES
from tests.engine.core.case import flows

Block = tuple[str, str]
"""The ids of its first and its last element."""

Draw = Callable[["Drawing"], Block]

SHARED = (
    '<signalEventDefinition id="shared_g" signalRef="sig_g"/>'
    '<escalationEventDefinition id="shared_c" escalationRef="esc_c"/>'
    '<dataStore id="store" name="register"/>'
)


@dataclass(frozen=True)
class Drawn:
    """`parts` are what `diagram` makes a file of. `start` is where the instance begins, None where no event begins it.

    `signals` are the names of all signals, `mends` the variables that a person has to set where something failed.
    """

    parts: tuple[str, ...]
    start: str | None
    signals: tuple[str, ...]
    mends: tuple[str, ...]


class Drawing:
    """What is drawn so far, and how much more may be.

    `blocks` are those to choose from. `kinds` are sets of them, by name, each as likely as the others; the first are
    those that need no other block. `left` is how many blocks may still be drawn, `stops` how likely a flow node is to
    stop its tokens before it or after it.
    """

    def __init__(self, seed: int, size: int, blocks: Mapping[str, Draw], *kinds: Sequence[str]) -> None:
        self.random = random.Random(seed)
        self.blocks, self.kinds = blocks, kinds
        self.left = size
        self.stops = 0.0
        self.signals = ["g", "h"]
        self.mends: list[str] = []
        self.diagram: list[str] = []
        self.called: list[str] = []
        self._count = 0
        self._parts: list[str] = []
        self._associations: list[str] = []
        self._is_bare = False

    # Choosing

    def one_of(self, *options: Any) -> Any:
        return self.random.choice(options)

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    # Naming

    def name(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}{self._count}"

    def mend(self) -> str:
        """A variable that nothing sets: whatever divides by it fails until a person has set it."""
        self.mends.append(self.name("m"))
        return self.mends[-1]

    def signal(self) -> str:
        """The id of a signal of its own."""
        name = self.name("sig")
        self.signals.append(name)
        self.diagram.append(f'<signal id="{name}" name="{name}"/>')
        return name

    # Drawing

    def put(self, xml: str) -> None:
        self._parts.append(xml)

    def associate(self, source: str, target: str) -> None:
        ends = f'sourceRef="{source}" targetRef="{target}"'
        self._associations.append(f'<association id="{self.name("a")}" associationDirection="One" {ends}/>')

    def node(self, kind: str, inner: str = "", attributes: str = "") -> str:
        name = self.name(kind[0])
        self.put(f'<{kind} id="{name}" {attributes} {self._where_it_stops(kind, inner, attributes)}>{inner}</{kind}>')
        return name

    def _where_it_stops(self, kind: str, inner: str, attributes: str) -> str:
        if not self.stops or kind not in FLOW_NODES:
            return ""
        before, after = self.chance(self.stops), self.chance(self.stops)
        if kind == "eventBasedGateway":
            before, after = before and "instantiate" not in attributes, False
        elif kind == "intermediateThrowEvent" and "linkEventDefinition" in inner:
            after = False
        return " ".join(
            (
                f'camunda:{self.one_of("asyncBefore", "async")}="true"' if before else "",
                'camunda:asyncAfter="true"' if after else "",
            )
        )

    def stop_of_each(self) -> str:
        """What makes each instance of many stop before it begins, or after it has ended."""
        ends = ("Before", "After") if self.stops else ()
        return " ".join(f'camunda:async{end}="true"' for end in ends if self.chance(self.stops))

    def flow(self, *names: str, condition: str | None = None) -> None:
        """A sequence flow from each to the next; the condition is that of the last one."""
        conditions = {f"{names[-2]}-{names[-1]}": condition} if condition is not None else None
        self.put(flows(" ".join(names), conditions=conditions))

    def block(self) -> Block:
        """Any block; one that needs no other where enough has been drawn."""
        self.left -= 1
        kinds = self.one_of(*self.kinds) if self.left > 0 else self.kinds[0]
        return self.blocks[self.one_of(*kinds)](self)

    def stop(self) -> str:
        """The end of a way that leads nowhere else."""
        return self.node("task" if self._is_bare else "endEvent")

    def inside(self, draw: Draw | None = None, *, start: str = "", attributes: str = "", is_bare: bool = False) -> str:
        """What is in a scope: from a start event by a block to an end event; a bare one has neither.

        `start` and `attributes` are the start event's. A block that has no last element has ended by itself.
        """

        def content(d: Drawing) -> None:
            first, last = d.block() if draw is None else draw(d)
            if not is_bare:
                d.flow(d.node("startEvent", start, attributes), first)
                if last:
                    d.flow(last, d.stop())

        return self.scope(content, is_bare=is_bare)

    def scope(self, content: Callable[[Drawing], None], *, is_bare: bool) -> str:
        """Whatever `content` draws."""
        outer = self._parts, self._associations, self._is_bare
        self._parts, self._associations, self._is_bare = [], [], is_bare
        content(self)
        xml = "".join((*self._parts, *self._associations))
        self._parts, self._associations, self._is_bare = outer
        return xml

    def process(self, key: str, inner: str) -> None:
        self.diagram.append(f'<process id="{key}" isExecutable="true">{inner}</process>')
