"""Tasks, variables and call activities of the core, through run() alone."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from engine.core import commands as c
from engine.core import facts
from engine.errors import ExecutionFailed, InvalidState
from tests.engine.core.case import Case, flows, log, process

USER = '<startEvent id="s"/><userTask id="u" name="Look at it"/>' + log("A") + '<endEvent id="e"/>'


def test_a_user_task_waits_and_its_variables_reach_the_process() -> None:
    case = Case(process(USER, "s u A e")).start(subject="water")
    assert case.open == ["u"]
    assert case.trace == []
    case.complete("u", verdict="yes")
    assert case.trace == ["A"]
    assert case.variables == {"subject": "water", "verdict": "yes"}
    assert case.state.ended == "completed"
    assert not case.state.tokens
    assert not case.state.waits


def test_a_user_task_knows_who_may_do_it_by_when_and_with_which_form() -> None:
    case = Case(
        process(
            '<startEvent id="s"/><userTask id="u" camunda:assignee="${who}" camunda:candidateUsers="li, ${other}" '
            'camunda:candidateGroups="unit:${unit},${groups}" camunda:dueDate="${due}" camunda:followUpDate="P2D" '
            'camunda:priority="${10 * 8}" camunda:formRef="route"/><endEvent id="e"/>',
            "s u e",
        )
    ).start(who="ann", other="bo", unit="water", groups=["a", "b"], due="2026-06-01T09:00:00+08:00")
    (task,) = case.happened(facts.UserTaskOpened)
    assert (task.assignee, task.candidate_users) == ("ann", ("li", "bo"))
    assert task.candidate_groups == ("unit:water", "a", "b")
    assert task.due == datetime(2026, 6, 1, 1, tzinfo=UTC)
    assert task.follow_up == datetime(2026, 5, 3, tzinfo=UTC)
    assert (task.priority, task.form_key) == (80, "route")


def test_a_user_task_is_claimed_released_and_given_to_someone_else() -> None:
    case = Case(process(USER, "s u A e")).start()
    (task,) = case.waiting("u")
    case.do(c.AssignUserTask(task, "ann"))
    case.do(c.AssignUserTask(task, "bo"))
    case.do(c.AssignUserTask(task, None))
    assert [(fact.old, fact.assignee) for fact in case.happened(facts.UserTaskAssigned)] == [
        (None, "ann"),
        ("ann", "bo"),
        ("bo", None),
    ]


def test_a_form_sent_twice_is_refused_the_second_time() -> None:
    body = '<startEvent id="s"/><userTask id="u"/><userTask id="v"/><endEvent id="e"/>'
    case = Case(process(body, "s u v e")).start()
    (task,) = case.waiting("u")
    case.complete("u")
    with pytest.raises(InvalidState, match=f"user task {task}"):
        case.do(c.CompleteUserTask(task))
    case.complete("v")
    with pytest.raises(InvalidState, match="has completed"):
        case.do(c.CompleteUserTask(task))


@pytest.mark.parametrize("kind", ["task", "manualTask"])
def test_a_task_without_work_for_the_engine_is_passed(kind: str) -> None:
    case = Case(process(f'<startEvent id="s"/><{kind} id="t"/>{log("A")}<endEvent id="e"/>', "s t A e")).start()
    assert case.trace == ["A"]


SERVICE = (
    '<startEvent id="s"/><serviceTask id="j" camunda:type="external" camunda:topic="tell" camunda:taskPriority="70">'
    "<extensionElements><camunda:failedJobRetryTimeCycle>R5/PT1M</camunda:failedJobRetryTimeCycle>{}"
    '</extensionElements></serviceTask><endEvent id="e"/>'
)


def test_a_service_task_is_a_job_whose_result_reaches_the_process() -> None:
    case = Case(process(SERVICE.format(""), "s j e")).start()
    (job,) = case.happened(facts.JobCreated)
    assert (job.topic, job.priority, job.retry_cycle) == ("tell", 70, "R5/PT1M")
    case.complete("j", told=True)
    assert case.variables == {"told": True}
    assert case.state.ended == "completed"


def test_inputs_are_local_and_only_outputs_leave_the_activity() -> None:
    parameters = (
        '<camunda:inputOutput><camunda:inputParameter name="to">${petitioner}</camunda:inputParameter>'
        '<camunda:inputParameter name="greeting">Dear ${to}</camunda:inputParameter>'
        '<camunda:outputParameter name="receipt">${number + 1}</camunda:outputParameter></camunda:inputOutput>'
    )
    case = Case(process(SERVICE.format(parameters), "s j e")).start(petitioner="p7", to="nobody")
    (job,) = case.waiting("j")
    assert case.state.tokens[job].variables == {"to": "p7", "greeting": "Dear p7"}
    case.complete("j", number=41, rest="stays here")
    assert case.variables == {"petitioner": "p7", "to": "nobody", "receipt": 42}


def test_a_job_that_failed_for_good_keeps_its_token_and_is_retried() -> None:
    case = Case(process(SERVICE.format(""), "s j e")).start()
    (job,) = case.waiting("j")
    case.do(c.RaiseIncident(job, "the post office is closed"))
    assert case.incidents == ["the post office is closed"]
    case.do(c.RetryIncident(case.incident_ids[0]))
    assert not case.incidents
    assert len(case.happened(facts.JobCreated)) == 2
    case.complete("j")
    assert case.state.ended == "completed"


def test_a_script_that_fails_changes_nothing_and_goes_on_after_the_cause_is_mended() -> None:
    body = '<startEvent id="s"/><userTask id="u"/><scriptTask id="t"><script>a = 1\nb = missing</script></scriptTask>'
    case = Case(process(body + log("A") + '<endEvent id="e"/>', "s u t A e")).start()
    case.complete("u", kept="typed")
    assert "missing" in case.incidents[0]
    assert "a" not in case.variables
    assert case.variables == {"kept": "typed"}, "what the person typed stands"
    case.do(c.SetVariables(1, {"missing": 7}))
    case.do(c.RetryIncident(case.incident_ids[0]))
    assert case.variables["b"] == 7
    assert case.trace == ["A"]
    assert case.state.ended == "completed"


def test_a_failing_branch_leaves_its_neighbour_alone() -> None:
    body = '<startEvent id="s"/><parallelGateway id="g"/><scriptTask id="t"><script>a = missing</script></scriptTask>'
    case = Case(process(body + log("A"), "s g t", "g A")).start()
    assert case.trace == ["A"]
    assert len(case.incidents) == 1
    assert not case.state.ended


def test_a_script_may_raise_a_modelled_error() -> None:
    body = (
        '<startEvent id="s"/><scriptTask id="t"><script>fail("X")</script></scriptTask>'
        '<boundaryEvent id="b" attachedToRef="t"><errorEventDefinition errorRef="err_x"/></boundaryEvent>'
    )
    case = Case(process(body + log("A") + log("H"), "s t A", "b H")).start()
    assert case.trace == ["H"]
    assert case.state.ended == "completed"


def test_a_loop_without_a_wait_ends_in_an_incident_instead_of_for_ever() -> None:
    body = '<startEvent id="s"/><exclusiveGateway id="g"/><task id="t"/>'
    case = Case(process(body, "s g t g"))
    _, emitted = run_bare(case)
    assert "come to rest within" in emitted[-1].message


def run_bare(case: Case) -> tuple[object, list[facts.Fact]]:
    """Without the driver's replay, which would look at 400,000 facts."""
    from engine.core import run

    return run(case, None, c.StartInstance("P", "case-1"), case.now)


def test_a_send_task_without_a_handler_throws_its_message() -> None:
    body = (
        '<startEvent id="s"/><sendTask id="t" messageRef="msg_m"><extensionElements><camunda:inputOutput>'
        '<camunda:inputParameter name="to">${unit}</camunda:inputParameter></camunda:inputOutput>'
        '<camunda:properties><camunda:property name="correlationKey" value="${unit}/1"/></camunda:properties>'
        "</extensionElements></sendTask>"
    )
    case = Case(process(body + log("A"), "s t A")).start(unit="water")
    (message,) = case.happened(facts.MessageThrown)
    assert (message.name, message.key, message.variables) == ("m", "water/1", {"to": "water"})
    assert case.trace == ["A"]


def test_a_receive_task_waits_for_its_message() -> None:
    body = '<startEvent id="s"/><receiveTask id="t" messageRef="msg_m"/>'
    case = Case(process(body + log("A"), "s t A")).start()
    assert case.trace == []
    case.message("m", answer=42)
    assert case.trace == ["A"]
    assert case.variables["answer"] == 42


class Table:
    """A decision that answers with given rows."""

    def __init__(self, *rows: dict[str, object]) -> None:
        self.id, self.rows = "table:1", list(rows)

    def evaluate(self, variables: object, budget: object) -> tuple[list[dict[str, object]], tuple[int, ...]]:
        return self.rows, tuple(range(1, len(self.rows) + 1))

    def describe(self, variables: object, budget: object) -> str:
        return "Subject 'land'"


@pytest.mark.parametrize(
    ("mapping", "rows", "expected"),
    [
        ("singleEntry", [{"a": 1}], {"r": 1}),
        ("singleResult", [{"a": 1, "b": 2}], {"r": {"a": 1, "b": 2}}),
        ("collectEntries", [{"a": 1}, {"a": 2}], {"r": [1, 2]}),
        ("resultList", [{"a": 1}, {"a": 2}], {"r": [{"a": 1}, {"a": 2}]}),
    ],
)
def test_a_business_rule_task_maps_its_decision(mapping: str, rows: list, expected: dict) -> None:
    body = (
        '<startEvent id="s"/><businessRuleTask id="r" camunda:decisionRef="table" camunda:resultVariable="r" '
        f'camunda:mapDecisionResult="{mapping}"/>'
    )
    case = Case(process(body, "s r"), decisions={"table": Table(*rows)}).start()
    assert case.variables == expected
    assert case.happened(facts.DecisionEvaluated)[0].rules == tuple(range(1, len(rows) + 1))


def test_a_single_result_without_a_name_becomes_a_variable_for_each_output() -> None:
    body = '<startEvent id="s"/><businessRuleTask id="r" camunda:decisionRef="t" camunda:mapDecisionResult="singleResult"/>'
    case = Case(process(body, "s r"), decisions={"t": Table({"unit": "water", "days": 5})}).start()
    assert case.variables == {"unit": "water", "days": 5}


def test_a_decision_without_a_matching_rule_is_an_incident_that_names_the_table_and_its_inputs() -> None:
    body = '<startEvent id="s"/><businessRuleTask id="r" camunda:decisionRef="t" camunda:mapDecisionResult="singleResult"/>'
    case = Case(process(body, "s r"), decisions={"t": Table()}).start()
    assert case.incidents == [
        "Expected one row of decision table 't', but no rule matches. Its inputs: Subject 'land'."
    ]


CALLED = process('<startEvent id="s2"/><userTask id="v"/><endEvent id="e2"/>', "s2 v e2", key="Q")


def call(mappings: str, more: str = "") -> str:
    return (
        f'<startEvent id="s"/><callActivity id="k" calledElement="Q"><extensionElements>{mappings}</extensionElements>'
        f'</callActivity>{more}<endEvent id="e"/>'
    )


def test_a_called_process_sees_only_what_is_passed_and_gives_back_only_what_is_asked_for() -> None:
    mappings = '<camunda:in source="a" target="x"/><camunda:out sourceExpression="${y * 2}" target="b"/>'
    case = Case(process(call(mappings), "s k e"), CALLED).start(a=1, secret=2)
    scope = next(token for token in case.state.tokens.values() if token.definition_id == "Q")
    assert scope.variables == {"x": 1}
    case.complete("v", y=21)
    assert case.variables == {"a": 1, "secret": 2, "b": 42}
    assert case.state.ended == "completed"


def test_a_called_process_may_be_given_everything() -> None:
    mappings = '<camunda:in variables="all"/><camunda:out variables="all"/>'
    case = Case(process(call(mappings), "s k e"), CALLED).start(a=1)
    case.complete("v", a=5, y=2)
    assert case.variables == {"a": 5, "y": 2}


def test_a_process_that_is_not_deployed_is_an_incident_of_its_call() -> None:
    case = Case(process(call(""), "s k e")).start()
    assert case.incidents == ["Expected to find process 'Q', but there is none."]


def test_a_process_that_calls_itself_without_end_is_stopped() -> None:
    itself = process('<startEvent id="s"/><callActivity id="k" calledElement="P"/>', "s k")
    case = Case(itself)
    case.start()
    assert "nested more than 100 scopes deep" in case.incidents[0]


def test_writing_sets_a_variable_where_it_is_defined() -> None:
    inner = flows("s2 t e2") + '<startEvent id="s2"/><scriptTask id="t"><script>a = 2; b = 3</script></scriptTask>'
    body = (
        '<startEvent id="s"/><subProcess id="sp"><extensionElements><camunda:inputOutput>'
        '<camunda:inputParameter name="a">${1}</camunda:inputParameter></camunda:inputOutput></extensionElements>'
        f'{inner}<endEvent id="e2"/></subProcess><endEvent id="e"/>'
    )
    case = Case(process(body, "s sp e")).start(a=0)
    assert case.variables == {"a": 0, "b": 3}


def test_a_value_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(ExecutionFailed, match="must be a JSON value"):
        Case(process(USER, "s u A e")).start(thing=object())


def test_a_process_without_a_plain_start_needs_to_be_told_where_to_start() -> None:
    body = '<startEvent id="s"><messageEventDefinition messageRef="msg_m"/></startEvent>' + log("A")
    with pytest.raises(ExecutionFailed, match="its start events are 's'"):
        Case(process(body, "s A")).start()
    assert Case(process(body, "s A")).start(at="s").trace == ["A"]


def test_a_cancelled_instance_leaves_nothing_open() -> None:
    case = Case(process(USER, "s u A e")).start()
    case.do(c.CancelInstance("entered twice"))
    assert case.state.ended == "cancelled"
    assert not case.state.tokens
    assert case.happened(facts.UserTaskCancelled)[0].reason == "entered twice"


def test_a_deadline_that_moves_takes_its_user_tasks_timers_and_variables_along() -> None:
    timer = "<timerEventDefinition><timeDate>${due}</timeDate></timerEventDefinition>"
    body = (
        '<startEvent id="s"/><userTask id="u" camunda:dueDate="${due}"/>'
        f'<boundaryEvent id="b" attachedToRef="u">{timer}</boundaryEvent>'
    )
    old, new = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
    case = Case(process(body + log("A") + log("H"), "s u A", "b H"))
    case.start(due="2026-06-01T08:00:00+08:00", other="2026-06-02T00:00:00+00:00", count=1, day="2026-06-01")
    case.do(c.MoveDueDate(old, new))
    assert [(fact.due, fact.old) for fact in case.happened(facts.UserTaskRescheduled)] == [(new, old)]
    assert [(fact.due, fact.old) for fact in case.happened(facts.TimerRescheduled)] == [(new, old)]
    assert case.variables["due"] == new.isoformat()
    assert (case.variables["other"], case.variables["day"]) == ("2026-06-02T00:00:00+00:00", "2026-06-01")
    case.advance(days=40)
    assert case.trace == []
    case.advance(days=30)
    assert case.trace == ["H"]
