"""A compiled process: immutable, checked, and with every expression parsed.

`compile` makes it, `run` walks it. Names are those of BPMN 2.0; attributes of Camunda 7 and Operaton keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.core.expressions import Budget, Expression, Script


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow. `condition` is None where it is taken without asking."""

    id: str
    name: str
    source: str
    target: str
    condition: Expression | None = None


@dataclass(frozen=True, slots=True)
class TimerDefinition:
    """`kind` is ``date``, ``duration`` or ``cycle``; `value` gives an ISO 8601 string or a datetime.

    Of a cycle's rounds that were all missed one comes, or, where `makes_up`, each.
    """

    kind: str
    value: Expression
    makes_up: bool = False


@dataclass(frozen=True, slots=True)
class CorrelationProperty:
    """`path` finds its value in a message's payload; `binding`, where there is one, what this process expects."""

    name: str
    path: Expression
    binding: Expression | None = None


@dataclass(frozen=True, slots=True)
class CorrelationKey:
    """A conversation is told from others by the values of these properties (BPMN 2.0, 8.3.2)."""

    name: str
    properties: tuple[CorrelationProperty, ...]


@dataclass(frozen=True, slots=True)
class MessageDefinition:
    """Found by `key`; without one, by the values of its `correlation` keys; without these, by the business key.

    `time_to_live` gives the ISO 8601 duration for which one that is thrown waits for a receiver.
    """

    name: Expression
    key: Expression | None = None
    correlation: tuple[CorrelationKey, ...] = ()
    time_to_live: Expression | None = None


@dataclass(frozen=True, slots=True)
class SignalDefinition:
    name: Expression


@dataclass(frozen=True, slots=True)
class ErrorDefinition:
    """`code` is None where a catching event takes every error."""

    code: str | None
    code_variable: str | None = None
    message_variable: str | None = None


@dataclass(frozen=True, slots=True)
class EscalationDefinition:
    """`code` is None where a catching event takes every escalation."""

    code: str | None
    code_variable: str | None = None


@dataclass(frozen=True, slots=True)
class ConditionDefinition:
    """Comes when `condition` begins to hold, and again when it has not held in between."""

    condition: Expression


@dataclass(frozen=True, slots=True)
class LinkDefinition:
    """`peers` are the other ends of its name in this scope: a throwing link's one target, or a target's sources."""

    name: str
    peers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CompensateDefinition:
    """Compensates `activity`, or the whole scope where it is None; `waits` until that is done, or goes on at once."""

    activity: str | None = None
    waits: bool = True


@dataclass(frozen=True, slots=True)
class CancelDefinition:
    """Cancels the transaction around it."""


@dataclass(frozen=True, slots=True)
class TerminateDefinition:
    """Ends everything in its scope."""


EventDefinition = (
    TimerDefinition
    | MessageDefinition
    | SignalDefinition
    | ErrorDefinition
    | EscalationDefinition
    | ConditionDefinition
    | LinkDefinition
    | CompensateDefinition
    | CancelDefinition
    | TerminateDefinition
)


@dataclass(frozen=True, slots=True)
class IoMapping:
    """One input or output: `value` is worked out on one side and written as `target` on the other."""

    target: str
    value: Expression


@dataclass(frozen=True, slots=True)
class DataAssociation:
    """Moves data into or out of an element (BPMN 2.0, 10.4.2).

    `stores` are data stores that are read first, each into a variable of its name. Then `writes` are worked out, one
    after the other. `store` is the data store that they go to, None for variables.
    """

    writes: tuple[IoMapping, ...]
    stores: tuple[str, ...] = ()
    store: str | None = None


@dataclass(frozen=True, slots=True)
class UserTaskSpec:
    assignee: Expression | None = None
    candidate_users: tuple[Expression, ...] = ()
    candidate_groups: tuple[Expression, ...] = ()
    due: Expression | None = None
    follow_up: Expression | None = None
    priority: Expression | None = None
    form_key: str | None = None


@dataclass(frozen=True, slots=True)
class JobSpec:
    """Outside work: a service or send task with a topic. `time_limit` is an ISO 8601 duration."""

    topic: Expression
    priority: Expression | None = None
    retry_cycle: str | None = None
    time_limit: str | None = None
    result_variable: str | None = None


@dataclass(frozen=True, slots=True)
class ScriptSpec:
    script: Script
    result_variable: str | None = None


@dataclass(frozen=True, slots=True)
class DecisionSpec:
    """`mapping` is Camunda's mapDecisionResult: how rows become the value of `result_variable`."""

    decision: Expression
    mapping: str
    result_variable: str | None


@dataclass(frozen=True, slots=True)
class CallSpec:
    """`binding` is ``latest``, ``deployment``, ``version`` or ``versionTag`` (with `version`)."""

    process: Expression
    binding: str = "latest"
    version: Expression | None = None
    inputs: tuple[IoMapping, ...] = ()
    outputs: tuple[IoMapping, ...] = ()
    all_inputs: bool = False
    all_outputs: bool = False


@dataclass(frozen=True, slots=True)
class AdHocSpec:
    """What begins a scope whose activities nobody ordered: all at once, or one after the other (10.3.5).

    `cancels_remaining`: what is still active ends when `completion_condition` holds.
    """

    sequential: bool = False
    completion_condition: Expression | None = None
    cancels_remaining: bool = True


@dataclass(frozen=True, slots=True)
class ComplexGatewaySpec:
    """`activation` decides when it starts, by ``activationCount``; None waits for every incoming flow."""

    activation: Expression | None = None


@dataclass(frozen=True, slots=True)
class EventGatewaySpec:
    """`parallel`: the process it instantiates needs every one of its events, not the first alone."""

    parallel: bool = False


@dataclass(frozen=True, slots=True)
class Continuation:
    """Where a token stops, so that what was done so far is saved, and goes on in a transaction of its own."""

    before: bool = False
    after: bool = False
    priority: Expression | None = None
    retry_cycle: str | None = None


@dataclass(frozen=True, slots=True)
class StandardLoop:
    """Again while `condition` holds, `maximum` times at most; `tests_before` the first time as well (13.3.6)."""

    condition: Expression | None = None
    maximum: int | None = None
    tests_before: bool = False


ThrownByLoop = MessageDefinition | SignalDefinition | EscalationDefinition
"""What a multi-instance activity may throw by itself."""


@dataclass(frozen=True, slots=True)
class LoopEvent:
    """An event that a multi-instance activity throws when an instance completes: the first, or each for which
    `condition` holds (table 10.31).
    """

    definition: ThrownByLoop
    condition: Expression | None = None
    first_only: bool = False


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """Items come from `collection`, or as many as `cardinality` says. `events` are thrown at its own boundary first.

    `continuation` is that of each instance; its activity's own is that of all of them together.
    """

    sequential: bool
    collection: Expression | None = None
    cardinality: Expression | None = None
    element_variable: str | None = None
    completion_condition: Expression | None = None
    output_collection: str | None = None
    output_element: str | None = None
    events: tuple[LoopEvent, ...] = ()
    continuation: Continuation | None = None


Spec = (
    UserTaskSpec
    | JobSpec
    | ScriptSpec
    | DecisionSpec
    | CallSpec
    | MessageDefinition
    | AdHocSpec
    | ComplexGatewaySpec
    | EventGatewaySpec
    | None
)


@dataclass(frozen=True, slots=True)
class Element:
    """A flow node, or the process itself (kind ``process``), which is the outermost scope.

    `events` are an event's definitions; with `parallel_multiple` it needs all of them. `entries` are where a scope
    begins that no event starts; `start_event` is that of an event sub-process. `parameters` are the variables that
    its data associations fill and read, `declared` those that each instance of it has for itself: properties and data
    objects. `properties` are the diagram's extension properties. `compensation_handler` is the activity that undoes
    this one; `is_compensable`: completing it leaves something to undo.
    """

    id: str
    kind: str
    name: str
    line: int
    scope: str
    incoming: tuple[Flow, ...] = ()
    outgoing: tuple[Flow, ...] = ()
    default_flow: str | None = None
    events: tuple[EventDefinition, ...] = ()
    parallel_multiple: bool = False
    interrupting: bool = True
    attached_to: str | None = None
    boundary_events: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    start_event: str | None = None
    event_subprocesses: tuple[str, ...] = ()
    triggered_by_event: bool = False
    instantiates: bool = False
    for_compensation: bool = False
    compensation_handler: str | None = None
    is_compensable: bool = False
    start_quantity: int = 1
    completion_quantity: int = 1
    declared: tuple[str, ...] = ()
    parameters: tuple[str, ...] = ()
    data_inputs: tuple[DataAssociation, ...] = ()
    data_outputs: tuple[DataAssociation, ...] = ()
    inputs: tuple[IoMapping, ...] = ()
    outputs: tuple[IoMapping, ...] = ()
    loop: StandardLoop | MultiInstance | None = None
    continuation: Continuation | None = None
    spec: Spec = None
    properties: Mapping[str, str] = field(default_factory=dict)
    documentation: str = ""

    @property
    def triggers(self) -> tuple[EventDefinition, ...]:
        """What it can catch: a receive task catches its message."""
        return (self.spec,) if isinstance(self.spec, MessageDefinition) else self.events

    @property
    def needs_all(self) -> bool:
        """Whether it goes on only when each of several triggers has come."""
        return self.parallel_multiple and len(self.triggers) > 1


@dataclass(frozen=True, slots=True)
class ProcessModel:
    """One executable process of a diagram, or a global task that call activities may call.

    `starts` are the elements at which an instance may begin: its own start events, receive tasks that instantiate,
    and the events behind a gateway that does; those of event sub-processes belong to their scope. A process that
    begins without a start event, and a global task, have none. `drawn` are the elements that a person reads and no
    engine runs, by id, with their kind: lanes, groups, annotations, data objects. `history_time_to_live` is for how
    many days a history is kept after its end; None where the diagram does not say.
    """

    key: str
    name: str
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    starts: tuple[str, ...]
    drawn: Mapping[str, str] = field(default_factory=dict)
    version_tag: str | None = None
    documentation: str = ""
    history_time_to_live: int | None = None


class Decision(Protocol):
    """A decision table as the core sees it."""

    @property
    def id(self) -> str:
        """Its key."""
        ...

    def evaluate(self, variables: Mapping[str, Any], budget: Budget) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
        """The output rows, and the numbers (from 1) of the rules they come from. What it does counts in `budget`.

        Raises:
            ExpressionError: a cell or an input could not be worked out, no rule matches although the table must
                answer, or more rules match than its hit policy allows.
        """
        ...

    def describe(self, variables: Mapping[str, Any], budget: Budget) -> str:
        """The inputs with their values, for a message."""
        ...


class Library(Protocol):
    """Everything that is deployed, as the core sees it: look-ups without I/O of their own in a warm cache."""

    functions: Mapping[str, Any]

    def process(self, definition_id: str) -> ProcessModel:
        """The compiled process of this definition."""
        ...

    def resolve(self, key: str, binding: str, version: str | None, caller: str, known: int | None) -> str:
        """The definition id that a call activity of definition `caller` is bound to; raises NotFound.

        ``latest`` is the latest of deployment `known` or before, so that a case keeps the diagrams it began with.
        """
        ...

    def decision(self, key: str, caller: str) -> Decision:
        """The decision table of that key, as definition `caller` sees it; raises NotFound."""
        ...

    def stored(self, store: str) -> Any:
        """What is in this data store; None where nothing was ever put there."""
        ...
