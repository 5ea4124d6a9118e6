"""What someone wants of one process instance, in the imperative. `run` turns a command into facts.

`id` is always the id of a token, wait or incident within the instance, as the facts gave it out.
Variables are JSON values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Variables = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StartInstance:
    """Open the process scope and begin at one of the model's `starts`, or where it begins without a trigger.

    `trigger` is the place of what came among the start event's triggers. `deployment_id` is the newest deployment
    there is: a call of the latest version sees nothing that came after it.
    """

    definition_id: str
    business_key: str
    variables: Variables = field(default_factory=dict)
    start_event: str | None = None
    deployment_id: int | None = None
    trigger: int = 0


@dataclass(frozen=True, slots=True)
class CompleteUserTask:
    """End a user task with the variables that the person filled in."""

    id: int
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class AssignUserTask:
    """Give a user task to `assignee`; None releases it to its candidates."""

    id: int
    assignee: str | None


@dataclass(frozen=True, slots=True)
class CompleteJob:
    """End the element that waits for this job with the variables that its handler returned."""

    id: int
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Continue:
    """Take a token on that has stopped before or after its element."""

    id: int


@dataclass(frozen=True, slots=True)
class RaiseIncident:
    """The job's handler has failed for good, or what it was to go on with: keep the token and wait for a person."""

    id: int
    message: str


@dataclass(frozen=True, slots=True)
class RetryIncident:
    """Go on from where an incident stopped the token, with the variables now in force, these among them."""

    id: int
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SkipIncident:
    """Take the element that an incident stopped for completed, with these variables as what came of it."""

    id: int
    reason: str
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ThrowError:
    """The outside work of this token ended in a modelled error."""

    id: int
    code: str
    message: str = ""
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ThrowEscalation:
    """Somebody at this token's outside work calls for attention; the work goes on unless the catcher interrupts it."""

    id: int
    code: str
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FireTimer:
    """The timer is due."""

    id: int


@dataclass(frozen=True, slots=True)
class CorrelateMessage:
    """Hand a message's variables to this subscription."""

    id: int
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class BroadcastSignal:
    """Hand a signal to everything in the instance that waits for `name`; nothing waiting is no error.

    A signal that the instance threw itself is for what has waited then: for waits with an id up to `last_id`.
    """

    name: str
    variables: Variables = field(default_factory=dict)
    last_id: int | None = None


@dataclass(frozen=True, slots=True)
class SetVariables:
    """Write variables as the process would at this token (the process scope is token 1)."""

    id: int
    variables: Variables


@dataclass(frozen=True, slots=True)
class MoveDueDate:
    """Whatever is due at `old` is due at `new`: open user tasks, timers, and the variables that say so.

    A deadline that was extended or computed anew moves everything that was told the old one. Both are aware.
    """

    old: datetime
    new: datetime


@dataclass(frozen=True, slots=True)
class SuspendInstance:
    """Let nothing in the instance move until it is resumed."""

    reason: str


@dataclass(frozen=True, slots=True)
class ResumeInstance:
    """Let a suspended instance go on."""

    reason: str


@dataclass(frozen=True, slots=True)
class CancelInstance:
    """End everything in the instance."""

    reason: str


@dataclass(frozen=True, slots=True)
class CancelToken:
    """End a token and everything in it. A scope that is left with nothing in it ends as well."""

    id: int


@dataclass(frozen=True, slots=True)
class CancelElement:
    """End every token at an element, with everything in it, and those that wait there to be joined."""

    element_id: str


@dataclass(frozen=True, slots=True)
class StartBefore:
    """Put a token on an element, with these variables of its own. Scopes around it that are not open are opened.

    `scope_id` is the token of a scope around it, where several are alive. The body of a multi-instance activity gets
    one instance more where it is named for that very activity.
    """

    element_id: str
    scope_id: int | None = None
    variables: Variables = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StartAfter:
    """Send a token along the one flow that leads out of an element."""

    element_id: str
    scope_id: int | None = None


@dataclass(frozen=True, slots=True)
class StartOn:
    """Send a token along a sequence flow."""

    flow_id: str
    scope_id: int | None = None


@dataclass(frozen=True, slots=True)
class WriteVariables:
    """Write variables as the process would at this token (the process scope is token 1)."""

    id: int
    variables: Variables


Instruction = CancelToken | CancelElement | StartBefore | StartAfter | StartOn | WriteVariables


@dataclass(frozen=True, slots=True)
class ModifyInstance:
    """Carry out these, in order, before anything moves on; all of them or none."""

    instructions: tuple[Instruction, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class MigrateInstance:
    """Let whatever runs by definition `source` go on by `target`, at the elements that `elements` names for its own.

    Of those in `renewed` (ids of the source) timers, user tasks and jobs are set up anew; others stay as they are.
    `deployment_id` is that of the target: calls of the latest version see what was deployed until then.
    """

    source: str
    target: str
    elements: Mapping[str, str]
    renewed: tuple[str, ...] = ()
    deployment_id: int | None = None
    reason: str = ""


Command = (
    StartInstance
    | CompleteUserTask
    | AssignUserTask
    | CompleteJob
    | Continue
    | RaiseIncident
    | RetryIncident
    | SkipIncident
    | ThrowError
    | ThrowEscalation
    | FireTimer
    | CorrelateMessage
    | BroadcastSignal
    | SetVariables
    | MoveDueDate
    | SuspendInstance
    | ResumeInstance
    | ModifyInstance
    | MigrateInstance
    | CancelInstance
)
