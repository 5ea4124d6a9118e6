"""What happened in one process instance, in the past tense.

`run` emits facts, `apply` is the only reader that changes a state by them, the journal keeps them, and the shell
projects them onto the rows that people query. Every id is a number from the instance's own counter. A token's id
stays the id of its user task or job.

`FORMAT` is written beside every journal entry; a release that changes a fact's fields raises it and keeps reading
the older ones.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Literal, get_args

from engine.core.state import Phase

FORMAT = 1


@dataclass(frozen=True, slots=True)
class InstanceStarted:
    """The process scope is token `id`. `deployment_id` was the newest deployment then."""

    id: int
    definition_id: str
    element_id: str
    business_key: str
    deployment_id: int | None = None


@dataclass(frozen=True, slots=True)
class InstanceCompleted:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True)
class InstanceFailed:
    """An error event threw `code`, and nothing in the instance catches it (BPMN 2.0, 10.5.6)."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class InstanceCancelled:
    """A person ended it."""

    reason: str


@dataclass(frozen=True, slots=True)
class InstanceSuspended:
    """Nothing in it moves until it is resumed."""

    reason: str


@dataclass(frozen=True, slots=True)
class InstanceResumed:
    """It goes on from where it stood; what has become due meanwhile comes now."""

    reason: str


@dataclass(frozen=True, slots=True)
class ProcessMigrated:
    """Process scope `id` goes on by `definition_id`; until then it ran by `old`.

    What is at a key of `elements` is at its value from now on, and what came by a key of `flows` came by its value.
    `names` are those of elements whose name is another now, by their new ids.
    """

    id: int
    definition_id: str
    old: str
    elements: dict[str, str]
    flows: dict[str, str]
    names: dict[str, str]
    deployment_id: int | None = None


@dataclass(frozen=True, slots=True)
class ElementActivated:
    """A token stands at an element, inside the scope of token `scope_id`.

    `kind` and `name` are the element's, so that a history reads without its diagram. `definition_id` is set where
    this token is the scope of a called process, which runs by that definition. `index` (from 0) is set on one item
    of a multi-instance activity.
    """

    id: int
    element_id: str
    scope_id: int
    kind: str
    name: str
    definition_id: str | None = None
    index: int | None = None


@dataclass(frozen=True, slots=True)
class ElementCompleted:
    """The token did what its element asked for, and is consumed."""

    id: int


@dataclass(frozen=True, slots=True)
class ElementTerminated:
    """The token was taken away before it was done: by an interrupting event, a terminate end event, a person."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class FlowTaken:
    """A token went along a sequence flow."""

    scope_id: int
    flow_id: str


@dataclass(frozen=True, slots=True)
class TokenArrived:
    """A token waits at a gateway, or for more of its kind, counted by the flow it came by (BPMN 2.0, 13.4.1)."""

    scope_id: int
    element_id: str
    flow_id: str


@dataclass(frozen=True, slots=True)
class TokensJoined:
    """Waiting tokens were consumed: those of `flows`, a flow named for each; without names, one of every flow that
    has some. Surplus tokens stay.
    """

    scope_id: int
    element_id: str
    flows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ComplexGatewayActivated:
    """Its condition held: the tokens of `flows` went on, and it waits for those of the others (13.4.5)."""

    scope_id: int
    element_id: str
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ComplexGatewayReset:
    """No more tokens can come of this round; the next one may begin (13.4.5)."""

    scope_id: int
    element_id: str
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScopeInterrupted:
    """An interrupting event sub-process or a terminate end event took over.

    Tokens at joins are gone, and no other event sub-process of the scope may start.
    """

    id: int


@dataclass(frozen=True, slots=True)
class ScopeReopened:
    """A person has put tokens back into an interrupted scope; its event sub-processes may start again."""

    id: int


@dataclass(frozen=True, slots=True)
class TokensDropped:
    """A person took away tokens that waited at a gateway, a flow named for each; an activated one is as new."""

    scope_id: int
    element_id: str
    flows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VariableSet:
    """`old` is None too where the variable was not there."""

    scope_id: int
    name: str
    value: Any
    old: Any = None


@dataclass(frozen=True, slots=True)
class UserTaskOpened:
    """`due` and `follow_up` are aware datetimes; a higher `priority` comes first (50 where nothing is said)."""

    id: int
    assignee: str | None
    candidate_users: tuple[str, ...]
    candidate_groups: tuple[str, ...]
    due: datetime | None
    follow_up: datetime | None
    priority: int
    form_key: str | None


@dataclass(frozen=True, slots=True)
class UserTaskAssigned:
    """Claimed, given to someone else, or released (`assignee` None)."""

    id: int
    assignee: str | None
    old: str | None


@dataclass(frozen=True, slots=True)
class UserTaskRescheduled:
    """Due at another time than before."""

    id: int
    due: datetime
    old: datetime


@dataclass(frozen=True, slots=True)
class UserTaskChanged:
    """Its candidates, its dates and its form are others than before; it stays with its assignee."""

    id: int
    assignee: str | None
    candidate_users: tuple[str, ...]
    candidate_groups: tuple[str, ...]
    due: datetime | None
    follow_up: datetime | None
    priority: int
    form_key: str | None


@dataclass(frozen=True, slots=True)
class UserTaskCompleted:
    """A person did it."""

    id: int


@dataclass(frozen=True, slots=True)
class UserTaskCancelled:
    """Its activity ended without it."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class JobCreated:
    """Work for the handler of `topic`; or, where there is a `phase`, the token has stopped there, and goes on in a
    transaction of its own.

    `retries` counts the attempts that are left, the first included; `retry_cycle` is the diagram's
    failedJobRetryTimeCycle, as written; `time_limit` how long an attempt may take (ISO 8601), None where nothing is
    said.
    """

    id: int
    topic: str
    priority: int = 50
    retries: int = 3
    retry_cycle: str | None = None
    time_limit: str | None = None
    phase: Phase | None = None


@dataclass(frozen=True, slots=True)
class JobCompleted:
    """Its result was taken in, once."""

    id: int


@dataclass(frozen=True, slots=True)
class JobCancelled:
    """Its activity ended without it; a result that comes later has no effect."""

    id: int
    reason: str


@dataclass(frozen=True, slots=True)
class TimerStarted:
    """Fires at `due` (aware) for the catching element `element_id`; `owner_id` is the token that waits.

    `interval` (ISO 8601) and `repetitions` (left after this one, None without end) are set for a cycle. `definition`
    is its place among the triggers of `element_id`.
    """

    id: int
    owner_id: int
    element_id: str
    due: datetime
    interval: str | None = None
    repetitions: int | None = 0
    definition: int = 0


@dataclass(frozen=True, slots=True)
class TimerRescheduled:
    """Fires at another time than before."""

    id: int
    due: datetime
    old: datetime


@dataclass(frozen=True, slots=True)
class TimerFired:
    """It was due."""

    id: int


@dataclass(frozen=True, slots=True)
class TimerCancelled:
    """What it waited on ended before."""

    id: int


@dataclass(frozen=True, slots=True)
class SubscriptionOpened:
    """Waits for the message or signal `name`, or until the condition `name` holds.

    `kind` is ``message``, ``signal`` or ``condition``; `key` is a message's alone. `definition` is its place among
    the triggers of `element_id`.
    """

    id: int
    owner_id: int
    element_id: str
    kind: str
    name: str
    key: str | None = None
    definition: int = 0


@dataclass(frozen=True, slots=True)
class ConditionChanged:
    """The condition that is waited for began to hold, or ceased to."""

    id: int
    holds: bool


@dataclass(frozen=True, slots=True)
class SubscriptionTriggered:
    """The message or signal came. The subscription of a non-interrupting event stays open."""

    id: int


@dataclass(frozen=True, slots=True)
class SubscriptionClosed:
    """Nobody waits there any more."""

    id: int


@dataclass(frozen=True, slots=True)
class EventDataKept:
    """Token `id` keeps for its event `element_id` what came with those of several triggers that have come so far.

    Nothing, once all have come and it was handed on.
    """

    id: int
    element_id: str
    variables: dict[str, Any]


@dataclass(frozen=True, slots=True)
class MessageThrown:
    """To be delivered by the shell after the commit; `id` is the throwing token's.

    `time_to_live` is the ISO 8601 duration for which it waits for its receiver, where the diagram says so.
    """

    id: int
    name: str
    key: str | None
    variables: dict[str, Any]
    time_to_live: str | None = None


@dataclass(frozen=True, slots=True)
class SignalThrown:
    """To be broadcast by the shell after the commit; `id` is the throwing token's.

    `last_id` is the last id that the instance had given out by then: what has a later one began to wait too late.
    """

    id: int
    name: str
    variables: dict[str, Any]
    last_id: int | None = None


@dataclass(frozen=True, slots=True)
class ErrorThrown:
    """`caught_by` is the error event that takes it; None where the instance fails with it."""

    id: int
    code: str
    message: str
    caught_by: str | None


@dataclass(frozen=True, slots=True)
class EscalationThrown:
    """`caught_by` is the escalation event that takes it; None where nobody minds, and the process goes on."""

    id: int
    code: str
    caught_by: str | None


@dataclass(frozen=True, slots=True)
class CorrelationKeySet:
    """The conversation of process scope `id` is known by this value of the key from now on."""

    id: int
    key: str
    value: str


@dataclass(frozen=True, slots=True)
class DataStored:
    """Token `id` put a value into a data store, which outlives the instance."""

    id: int
    store: str
    value: Any


@dataclass(frozen=True, slots=True)
class ElementsPlanned:
    """Scope `id` starts these one after the other."""

    id: int
    element_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ActivityCompensable:
    """Activity `id` is about to complete; what it did can be compensated from now on.

    One that is not `complete` is about to be ended; what was completed in it can be compensated.
    """

    id: int
    complete: bool = True


@dataclass(frozen=True, slots=True)
class CompensationStarted:
    """Token `id` undoes these completed activities of the scopes around it, the last one first."""

    id: int
    completed: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class ActivityCompensated:
    """Token `token_id` undoes the completed activity `completed`, for the compensating token `id`.

    `way` is ``handler`` (it runs the activity's handler), ``event`` (it is the sub-process again, for its compensation
    event sub-process) or ``inner`` (it is the sub-process again, and undoes what was completed in it).
    """

    id: int
    completed: int
    token_id: int
    way: Literal["handler", "event", "inner"]


@dataclass(frozen=True, slots=True)
class TransactionCancelled:
    """What was active in transaction `id` has ended; what was completed in it is compensated next."""

    id: int


@dataclass(frozen=True, slots=True)
class LoopStarted:
    """Activity `id` runs again and again, by its loop condition."""

    id: int


@dataclass(frozen=True, slots=True)
class MultiInstanceStarted:
    """`items` is the collection as it was then, in order; later changes to the variable change nothing."""

    id: int
    items: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ItemAdded:
    """A person has added an item to a multi-instance activity, behind the others."""

    id: int
    value: Any


@dataclass(frozen=True, slots=True)
class OutputCollected:
    """The result of the item at `index` of a multi-instance activity; output keeps the input's order."""

    id: int
    index: int
    value: Any


@dataclass(frozen=True, slots=True)
class DecisionEvaluated:
    """Which rules (numbered from 1) of which version of a decision table answered at token `id`."""

    id: int
    decision_id: str
    rules: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class IncidentRaised:
    """Token `token_id` is kept where it is until a person has mended the cause and retries.

    `phase` says where to go on: ``enter`` (nothing of the element was done), ``execute`` (its boundary events are
    open), ``complete`` (its work is done and its outputs are not), ``leave`` (only the way out is left), ``job`` (its
    handler has failed, or what it was to go on with), ``join`` (tokens
    wait in it for others that cannot come), ``condition`` (an event of it could not be decided).
    """

    id: int
    token_id: int
    phase: Phase
    message: str


@dataclass(frozen=True, slots=True)
class IncidentResolved:
    """Retried, or its activity ended without it."""

    id: int
    token_id: int


Fact = (
    InstanceStarted
    | InstanceCompleted
    | InstanceFailed
    | InstanceCancelled
    | InstanceSuspended
    | InstanceResumed
    | ProcessMigrated
    | ElementActivated
    | ElementCompleted
    | ElementTerminated
    | FlowTaken
    | TokenArrived
    | TokensJoined
    | ComplexGatewayActivated
    | ComplexGatewayReset
    | ScopeInterrupted
    | ScopeReopened
    | TokensDropped
    | VariableSet
    | UserTaskOpened
    | UserTaskAssigned
    | UserTaskRescheduled
    | UserTaskChanged
    | UserTaskCompleted
    | UserTaskCancelled
    | JobCreated
    | JobCompleted
    | JobCancelled
    | TimerStarted
    | TimerRescheduled
    | TimerFired
    | TimerCancelled
    | SubscriptionOpened
    | ConditionChanged
    | SubscriptionTriggered
    | SubscriptionClosed
    | EventDataKept
    | MessageThrown
    | SignalThrown
    | ErrorThrown
    | EscalationThrown
    | CorrelationKeySet
    | DataStored
    | ElementsPlanned
    | ActivityCompensable
    | CompensationStarted
    | ActivityCompensated
    | TransactionCancelled
    | LoopStarted
    | MultiInstanceStarted
    | ItemAdded
    | OutputCollected
    | DecisionEvaluated
    | IncidentRaised
    | IncidentResolved
)


_FIELDS: dict[type, tuple[str, ...]] = {fact: tuple(f.name for f in fields(fact)) for fact in get_args(Fact)}
_BY_NAME: dict[str, type] = {fact.__name__: fact for fact in get_args(Fact)}
_TIMES: dict[type, tuple[str, ...]] = {
    UserTaskOpened: ("due", "follow_up"),
    UserTaskChanged: ("due", "follow_up"),
    UserTaskRescheduled: ("due", "old"),
    TimerStarted: ("due",),
    TimerRescheduled: ("due", "old"),
}
_TUPLES: dict[type, tuple[str, ...]] = {
    UserTaskOpened: ("candidate_users", "candidate_groups"),
    UserTaskChanged: ("candidate_users", "candidate_groups"),
    TokensJoined: ("flows",),
    TokensDropped: ("flows",),
    ComplexGatewayActivated: ("flows",),
    ComplexGatewayReset: ("flows",),
    ElementsPlanned: ("element_ids",),
    CompensationStarted: ("completed",),
    DecisionEvaluated: ("rules",),
    MultiInstanceStarted: ("items",),
}


def encode(fact: Fact) -> list[Any]:
    """As JSON values: the fact's name and its fields."""
    kind = type(fact)
    values = {name: getattr(fact, name) for name in _FIELDS[kind]}
    for name in _TIMES.get(kind, ()):
        if values[name] is not None:
            values[name] = values[name].isoformat()
    return [kind.__name__, values]


def decode(data: list[Any]) -> Fact:
    """The fact that `encode` wrote, in this release or an older one.

    Raises:
        ValueError: no fact has that name or those fields.
    """
    kind, values = _BY_NAME.get(data[0]), dict(data[1])
    if kind is None:
        raise ValueError(f"Expected a fact of format {FORMAT}, but found {data!r}.")
    for key in _TIMES.get(kind, ()):
        if values.get(key) is not None:
            values[key] = datetime.fromisoformat(values[key])
    for key in _TUPLES.get(kind, ()):
        values[key] = tuple(values.get(key, ()))
    try:
        fact: Fact = kind(**values)
    except TypeError as error:
        raise ValueError(f"Expected a fact of format {FORMAT}, but found {data!r}.") from error
    return fact
