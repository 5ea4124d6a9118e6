"""What must hold for every process: drawn at random out of blocks, worked through in a random order."""

from __future__ import annotations

import itertools
import random

from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core import commands as c
from engine.core import facts
from tests.engine.core.case import Case, flows, process

LEAF = st.sampled_from(["user", "job", "script", "receive", "timer"])
BLOCKS = st.recursive(
    LEAF,
    lambda inner: st.one_of(
        st.tuples(st.just("sequence"), st.lists(inner, min_size=1, max_size=3)),
        st.tuples(st.just("parallel"), st.lists(inner, min_size=2, max_size=3)),
        st.tuples(st.just("choice"), st.lists(inner, min_size=2, max_size=2)),
        st.tuples(st.sampled_from(["sub", "many", "guarded", "withdrawable", "twice"]), inner.map(lambda one: [one])),
    ),
    max_leaves=6,
)


class Drawing:
    """Draws a block as XML between an entry and an exit element; `body` is the current scope's."""

    def __init__(self) -> None:
        self.count = 0

    def name(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"

    def block(self, block: object) -> tuple[str, str, str]:
        kind, parts = (block, []) if isinstance(block, str) else block
        return getattr(self, f"_{kind}")(*parts)

    def _user(self) -> tuple[str, str, str]:
        name = self.name("u")
        return f'<userTask id="{name}"/>', name, name

    def _job(self) -> tuple[str, str, str]:
        name = self.name("j")
        return f'<serviceTask id="{name}" camunda:type="external" camunda:topic="t"/>', name, name

    def _script(self) -> tuple[str, str, str]:
        name = self.name("t")
        return f'<scriptTask id="{name}"><script>n = n + 1</script></scriptTask>', name, name

    def _receive(self) -> tuple[str, str, str]:
        name = self.name("r")
        return f'<receiveTask id="{name}" messageRef="msg_m"/>', name, name

    def _timer(self) -> tuple[str, str, str]:
        name = self.name("c")
        timer = "<timerEventDefinition><timeDuration>PT1H</timeDuration></timerEventDefinition>"
        return f'<intermediateCatchEvent id="{name}">{timer}</intermediateCatchEvent>', name, name

    def _sequence(self, *parts: object) -> tuple[str, str, str]:
        drawn = [self.block(part) for part in parts]
        links = "".join(flows(f"{a[2]} {b[1]}") for a, b in itertools.pairwise(drawn))
        return "".join(part[0] for part in drawn) + links, drawn[0][1], drawn[-1][2]

    def _parallel(self, *parts: object) -> tuple[str, str, str]:
        fork, join = self.name("f"), self.name("f")
        drawn = [self.block(part) for part in parts]
        links = "".join(flows(f"{fork} {first}", f"{last} {join}") for _, first, last in drawn)
        gateways = f'<parallelGateway id="{fork}"/><parallelGateway id="{join}"/>'
        return gateways + "".join(part[0] for part in drawn) + links, fork, join

    def _choice(self, one: object, other: object) -> tuple[str, str, str]:
        split, merge = self.name("x"), self.name("x")
        a, b = self.block(one), self.block(other)
        gateways = f'<exclusiveGateway id="{split}" default="{split}-{b[1]}"/><exclusiveGateway id="{merge}"/>'
        links = flows(
            f"{split} {a[1]}",
            f"{split} {b[1]}",
            f"{a[2]} {merge}",
            f"{b[2]} {merge}",
            conditions={f"{split}-{a[1]}": "n % 2 == 0"},
        )
        return gateways + a[0] + b[0] + links, split, merge

    def _twice(self, part: object) -> tuple[str, str, str]:
        """A loop that goes round twice, counted by a variable of its own."""
        merge, split, begin, count = self.name("x"), self.name("x"), self.name("t"), self.name("t")
        body, first, last = self.block(part)
        elements = (
            f'<scriptTask id="{begin}"><script>{count} = 0</script></scriptTask><exclusiveGateway id="{merge}"/>'
            f'<scriptTask id="{count}"><script>{count} = {count} + 1</script></scriptTask>'
            f'<exclusiveGateway id="{split}" default="{split}-{split}o"/><task id="{split}o"/>'
        )
        links = flows(
            f"{begin} {merge} {first}",
            f"{last} {count} {split} {split}o",
            f"{split} {merge}",
            conditions={f"{split}-{merge}": f"{count} &lt; 2"},
        )
        return elements + body + links, begin, f"{split}o"

    def _inside(self, part: object) -> str:
        start, end = self.name("s"), self.name("e")
        body, first, last = self.block(part)
        return f'<startEvent id="{start}"/>{body}<endEvent id="{end}"/>' + flows(f"{start} {first}", f"{last} {end}")

    def _sub(self, part: object) -> tuple[str, str, str]:
        name = self.name("p")
        return f'<subProcess id="{name}">{self._inside(part)}</subProcess>', name, name

    def _many(self, part: object) -> tuple[str, str, str]:
        name = self.name("p")
        loop = (
            "<multiInstanceLoopCharacteristics><loopCardinality>2</loopCardinality></multiInstanceLoopCharacteristics>"
        )
        return f'<subProcess id="{name}">{loop}{self._inside(part)}</subProcess>', name, name

    def _guarded(self, part: object) -> tuple[str, str, str]:
        """A sub-process that a message may interrupt."""
        name, merge = self.name("p"), self.name("x")
        event = f'<boundaryEvent id="{name}b" attachedToRef="{name}"><messageEventDefinition messageRef="msg_k"/></boundaryEvent>'
        sub = f'<subProcess id="{name}">{self._inside(part)}</subProcess><exclusiveGateway id="{merge}"/>'
        return sub + event + flows(f"{name} {merge}", f"{name}b {merge}"), name, merge

    def _withdrawable(self, part: object) -> tuple[str, str, str]:
        """A sub-process with an interrupting event sub-process in it."""
        name = self.name("p")
        event = (
            f'<subProcess id="{name}w" triggeredByEvent="true"><startEvent id="{name}ws"><messageEventDefinition '
            f'messageRef="msg_k"/></startEvent><userTask id="{name}wu"/>{flows(f"{name}ws {name}wu")}</subProcess>'
        )
        return f'<subProcess id="{name}">{self._inside(part)}{event}</subProcess>', name, name


def random_step(case: Case, choice: random.Random) -> None:
    """Let one of the things happen that may happen now."""
    work = [token.id for token in case.state.tokens.values() if token.work]
    waits = list(case.state.waits.values())
    what = choice.choice([*work, *waits])
    if isinstance(what, int):
        token = case.state.tokens[what]
        case.do((c.CompleteUserTask if token.work == "user_task" else c.CompleteJob)(what, {"n": choice.randrange(9)}))
    elif what.kind == "timer":
        case.now = max(case.now, what.due)
        case.do(c.FireTimer(what.id))
    else:
        case.do(c.CorrelateMessage(what.id, {"n": choice.randrange(9)}))


@settings(max_examples=120, deadline=None)
@given(block=BLOCKS, seed=st.integers(0, 1000))
def test_whatever_is_drawn_and_whatever_happens_it_ends_and_leaves_nothing_behind(block: object, seed: int) -> None:
    """After every step the driver checks that the facts alone lead to the same state, and that JSON keeps it."""
    drawing = Drawing()
    body, first, last = drawing.block(block)
    whole = process(f'<startEvent id="s"/>{body}<endEvent id="e"/>', f"s {first}", f"{last} e")
    case, choice = Case(whole).start(n=1), random.Random(seed)
    for _ in range(400):
        if case.state.ended:
            break
        random_step(case, choice)
    assert case.state.ended == "completed"
    assert not case.state.tokens
    assert not case.state.waits
    opened = {fact.id for fact in case.happened(facts.ElementActivated)}
    closed = [fact.id for fact in case.facts if isinstance(fact, facts.ElementCompleted | facts.ElementTerminated)]
    assert sorted(closed) == sorted(opened | {1}), "every token ends once"


@settings(max_examples=40, deadline=None)
@given(block=BLOCKS, seed=st.integers(0, 1000))
def test_the_same_commands_lead_to_the_same_facts(block: object, seed: int) -> None:
    runs = []
    for _ in range(2):
        body, first, last = Drawing().block(block)
        case = Case(process(f'<startEvent id="s"/>{body}<endEvent id="e"/>', f"s {first}", f"{last} e")).start(n=1)
        choice = random.Random(seed)
        for _ in range(10):
            if not case.state.ended:
                random_step(case, choice)
        runs.append(case.facts)
    assert runs[0] == runs[1]
