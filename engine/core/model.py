"""A compiled process: immutable, checked, and with every expression parsed.

`compile` makes it, `run` walks it. Names are those of BPMN 2.0; attributes of Camunda 7 and Operaton keep theirs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from engine.core.expressions import Expression, Script


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
    """`kind` is ``date``, ``duration`` or ``cycle``; `value` gives an ISO 8601 string or a datetime."""

    kind: str
    value: Expression


@dataclass(frozen=True, slots=True)
class MessageDefinition:
    """`key` gives the correlation key; the business key where the diagram says nothing.

    `variables` are what a throwing event sends along.
    """

    name: Expression
    key: Expression | None = None


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
class TerminateDefinition:
    pass


EventDefinition = TimerDefinition | MessageDefinition | SignalDefinition | ErrorDefinition | TerminateDefinition


@dataclass(frozen=True, slots=True)
class IoMapping:
    """One input or output: `value` is worked out on one side and written as `target` on the other."""

    target: str
    value: Expression


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
    """Outside work: a service or send task with a topic."""

    topic: Expression
    priority: Expression | None = None
    retry_cycle: str | None = None
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
    business_key: Expression | None = None


@dataclass(frozen=True, slots=True)
class MultiInstance:
    """Items come from `collection`, or as many as `cardinality` says."""

    sequential: bool
    collection: Expression | None = None
    cardinality: Expression | None = None
    element_variable: str | None = None
    completion_condition: Expression | None = None
    output_collection: str | None = None
    output_element: str | None = None


Spec = UserTaskSpec | JobSpec | ScriptSpec | DecisionSpec | CallSpec | MessageDefinition | None


@dataclass(frozen=True, slots=True)
class Element:
    """A flow node, or the process itself (kind ``process``), which is the outermost scope.

    `declared` are the variables that belong to this scope alone; `properties` are the diagram's extension properties.
    """

    id: str
    kind: str
    name: str
    line: int
    scope: str
    incoming: tuple[Flow, ...] = ()
    outgoing: tuple[Flow, ...] = ()
    default_flow: str | None = None
    event: EventDefinition | None = None
    interrupting: bool = True
    attached_to: str | None = None
    boundary_events: tuple[str, ...] = ()
    start_event: str | None = None
    event_subprocesses: tuple[str, ...] = ()
    triggered_by_event: bool = False
    declared: tuple[str, ...] = ()
    inputs: tuple[IoMapping, ...] = ()
    outputs: tuple[IoMapping, ...] = ()
    multi_instance: MultiInstance | None = None
    spec: Spec = None
    properties: Mapping[str, str] = field(default_factory=dict)
    documentation: str = ""


@dataclass(frozen=True, slots=True)
class ProcessModel:
    """One executable process of a diagram.

    `starts` are its own start events by id (those of event sub-processes belong to their scope).
    """

    key: str
    name: str
    elements: Mapping[str, Element]
    flows: Mapping[str, Flow]
    starts: tuple[str, ...]
    version_tag: str | None = None
    documentation: str = ""
    history_time_to_live: str | None = None


class Decision(Protocol):
    """A decision table as the core sees it."""

    @property
    def id(self) -> str:
        """Its key."""
        ...

    def evaluate(self, variables: Mapping[str, Any]) -> tuple[list[dict[str, Any]], tuple[int, ...]]:
        """The output rows, and the numbers (from 1) of the rules they come from.

        Raises:
            ExpressionError: a cell or an input could not be worked out, no rule matches although the table must
                answer, or more rules match than its hit policy allows.
        """
        ...

    def describe(self, variables: Mapping[str, Any]) -> str:
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
