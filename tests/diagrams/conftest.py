"""The diagrams as drawings, and a case that is run by the core alone: jobs are done at once by a table of answers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest

from engine import decisions
from engine.core import commands, facts
from engine.core.compile import compile
from engine.core.model import Decision, ProcessModel
from engine.core.run import run
from engine.core.state import ROOT, State, Token
from engine.errors import BpmnError
from handlers import HANDLERS

FILES = {path.name: path.read_bytes() for path in files("bpmn").iterdir() if path.name.endswith((".bpmn", ".dmn"))}
INJECTED = {"office", "job_id", "business_key", "now"}
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


class Lifecycle:
    """The library of the core: the processes and decision tables in bpmn/, each in one version."""

    def __init__(self) -> None:
        self.functions: dict[str, Any] = {}
        self.processes: dict[str, ProcessModel] = {}
        self.decisions: dict[str, Decision] = {}
        for name, content in FILES.items():
            if name.endswith(".bpmn"):
                self.processes |= {model.key: model for model in compile(content, name)}
            else:
                self.decisions |= {table.id: table for table in decisions.read(content, name)}

    def process(self, definition_id: str) -> ProcessModel:
        return self.processes[definition_id]

    def resolve(self, key: str, binding: str, version: str | None, caller: str, known: int | None) -> str:
        return self.processes[key].key

    def decision(self, key: str, caller: str) -> Decision:
        return self.decisions[key]


def _due(days: int) -> str:
    return (START + timedelta(days=days)).isoformat()


ANSWERS: Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "start-clocks": lambda _: {"notify_due": _due(15)},
    "request-supplement": lambda _: {"supplement_due": _due(15)},
    "hand-over": lambda _: {"objection_due": _due(7)},
    "send-acceptance-notice": lambda _: {"resolve_due": _due(60), "opinion_due": _due(30)},
    "reopen-case": lambda _: {"resolve_due": _due(180), "opinion_due": _due(150)},
    "extend-clock": lambda _: {"resolve_due": _due(90)},
    "serve-reply": lambda _: {"served_at": _due(50)},
    "open-survey": lambda _: {"survey_due": _due(65)},
}


def asked_for(topic: str) -> set[str]:
    """The variables that a handler cannot do without."""
    parameters = inspect.signature(HANDLERS[topic]).parameters.values()
    return {parameter.name for parameter in parameters if parameter.default is parameter.empty} - INJECTED


@dataclass
class Case:
    """One petition. `done` is the topics of the jobs that were done, in order, each with the variables it saw."""

    library: Lifecycle
    answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = field(default_factory=lambda: dict(ANSWERS))
    state: State | None = None
    done: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    history: list[facts.Fact] = field(default_factory=list)

    def hand_in(self, **variables: Any) -> Case:
        start = {
            "case_number": "PJ-2026-000001",
            "channel": "online",
            "subject": "utilities",
            "place": "central",
            "claims": {"text": 1},
            "identity_clear": True,
            "anonymous": False,
            "received_at": START.isoformat(),
            "jurisdiction_profile": "cn-2022",
            "source": "person",
            "petitioner_count": 1,
            **variables,
        }
        self._run(commands.StartInstance("petition", "PJ-2026-000001", start, "petition-received"))
        return self

    def complete(self, element_id: str, group: str | None = None, **variables: Any) -> Case:
        """Do the user task at this element; of several, the one whose candidates are `group`."""
        found = [token for token in self._at(element_id) if group is None or group in self._groups(token.id)]
        assert len(found) == 1, f"Expected one {element_id} for {group}, but there are {len(found)}: {self.open_tasks}"
        self._run(commands.CompleteUserTask(found[0].id, variables))
        return self

    def message(self, name: str, **variables: Any) -> Case:
        waits = [wait for wait in self._state.waits.values() if wait.kind == "message" and wait.name == name]
        assert [wait.key for wait in waits] == ["PJ-2026-000001"], f"{name} is awaited by {waits}"
        self._run(commands.CorrelateMessage(waits[0].id, variables))
        return self

    def signal(self, name: str) -> Case:
        self._run(commands.BroadcastSignal(name))
        return self

    def time_is_over(self, element_id: str) -> Case:
        """Fire every timer of this event."""
        for wait in [wait for wait in self._state.waits.values() if wait.element_id == element_id]:
            self._run(commands.FireTimer(wait.id))
        return self

    @property
    def open_tasks(self) -> list[str]:
        return sorted(token.element_id for token in self._state.tokens.values() if token.work == "user_task")

    @property
    def incidents(self) -> list[str]:
        return [token.incident.message for token in self._state.tokens.values() if token.incident is not None]

    @property
    def topics(self) -> list[str]:
        return [topic for topic, _ in self.done]

    @property
    def variables(self) -> dict[str, Any]:
        """Those of the process scope, as they were last written."""
        written = [fact for fact in self.history if isinstance(fact, facts.VariableSet) and fact.scope_id == ROOT]
        return {fact.name: fact.value for fact in written}

    @property
    def ended(self) -> str:
        return self._state.ended

    def groups_at(self, element_id: str) -> list[str]:
        return sorted(group for token in self._at(element_id) for group in self._groups(token.id))

    @property
    def _state(self) -> State:
        assert self.state is not None
        return self.state

    def _at(self, element_id: str) -> list[Token]:
        return [token for token in self._state.tokens.values() if token.element_id == element_id and token.work]

    def _groups(self, token_id: int) -> tuple[str, ...]:
        opened = [fact for fact in self.history if isinstance(fact, facts.UserTaskOpened) and fact.id == token_id]
        return opened[0].candidate_groups

    def _run(self, command: commands.Command) -> None:
        self.state, happened = run(self.library, self.state, command, START)
        self.history += happened
        for job in [fact for fact in happened if isinstance(fact, facts.JobCreated)]:
            token = self.state.tokens.get(job.id)
            if token is not None and token.work == "job":
                self._do(job, self._visible(token))

    def _do(self, job: facts.JobCreated, variables: dict[str, Any]) -> None:
        missing = asked_for(job.topic) - set(variables)
        assert not missing, f"The handler of '{job.topic}' asks for {missing}, which are not there."
        self.done.append((job.topic, variables))
        try:
            answer = self.answers.get(job.topic, lambda _: {})(variables)
        except BpmnError as error:
            self._run(commands.ThrowError(job.id, error.code, error.message))
        else:
            self._run(commands.CompleteJob(job.id, answer))

    def _visible(self, token: Token) -> dict[str, Any]:
        variables = dict(token.variables)
        while token.id != token.process_id:
            token = self._state.tokens[token.scope_id]
            variables = {**token.variables, **variables}
        return variables


@pytest.fixture(scope="session")
def lifecycle() -> Lifecycle:
    return Lifecycle()


@pytest.fixture
def case(lifecycle: Lifecycle) -> Case:
    return Case(lifecycle)
