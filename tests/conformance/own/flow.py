"""Tasks, sequence flows and gateways (BPMN 2.0, 10.3, 10.6, 13.3, 13.4)."""

from __future__ import annotations

from tests.conformance import drawing as d

END = d.end()
FORK = d.start() + d.par("f")
TICK = d.script("T", "n = n + 1")

TASKS = [
    d.case("task_receive_twice", d.process(d.task("receiveTask", "t", messageRef="msg_m", instantiate="true")
           + d.log("A") + END, "t A e"), start=[], steps=[("broadcast", "m")] * 2, expect="AA"),
    d.case("task_receive_boundary", d.process(d.start() + d.task("receiveTask", "t", messageRef="msg_m")
           + d.boundary("b", "t", d.after("PT5S")) + d.log("A", "H") + END, "s t A e", "b H e"),
           steps=[("advance", 9), ("broadcast", "m")], expect="H"),
    d.case("task_send_starts", d.process(d.start() + d.task("sendTask", "t", messageRef="msg_m") + d.log("A") + END,
           "s t A e"), d.process(d.start("s2", d.message()) + d.log("B") + d.end("e2"),
           "s2 B e2", key="Q"), expect="AB"),
    d.case("task_service_many", d.process(d.start() + d.task("serviceTask", "t", d.times("3")) + d.log("B") + END,
           "s t B e"), steps=[("expect_completed", True)], expect="B"),
    d.case("task_service_boundary", d.process(d.start() + d.task("serviceTask", "t")
           + d.boundary("b", "t", d.after("PT5S")) + d.log("A", "H") + END, "s t A e", "b H e"),
           steps=[("advance", 9)], expect="A"),
    d.case("task_rule_then_user", d.process(d.start() + d.task("businessRuleTask", "t") + d.user("u") + d.log("A")
           + END, "s t u A e"), steps=[("complete", "u")], expect="A"),
    d.case("task_user_in_every_instance", d.process(d.start() + d.user("u") + d.log("A") + END, "s u A e"),
           start=["P"] * 3, steps=[("expect_user_tasks", 3), ("complete", "u")], expect="AAA"),
    d.case("task_global_user", d.process(d.start() + d.call("k", "G") + d.log("B") + END, "s k B e"),
           '<globalUserTask id="G"/>', steps=[("expect_user_tasks", 1), ("expect_completed", False)]),
    d.case("task_global_manual", d.process(d.start() + d.call("k", "G") + d.log("B") + END, "s k B e"),
           '<globalManualTask id="G"/>', steps=[("complete_if_open", "G")], expect="B"),
    d.case("task_global_script_many", d.process(d.start() + d.call("k", "G", d.times("2")) + d.log("B") + END,
           "s k B e"), '<globalScriptTask id="G"><script>log("A")</script></globalScriptTask>', expect="AAB"),
    d.case("task_global_script_error", d.process(d.start() + d.call("k", "G") + d.boundary("b", "k", d.error("x"))
           + d.log("B", "H") + END, "s k B e", "b H e"),
           '<globalScriptTask id="G"><script>throw_error("X")</script></globalScriptTask>', expect="H"),
    d.case("task_script_unreadable", d.process(d.start() + d.script("A", "log(") + END, "s A e"), outcome="rejected"),
    d.case("task_script_fails", d.process(d.start() + d.script("A", "log(missing)") + d.log("B") + END, "s A B e"),
           outcome="incident"),
    d.case("task_called_is_missing", d.process(d.start() + d.call("k", "nobody") + d.log("B") + END, "s k B e"),
           outcome="rejected_or_incident"),
]  # fmt: skip

FLOWS = [
    d.case("flow_conditions_of_a_user_task", d.process(d.start() + d.user("u") + d.log("A", "B", "C") + END,
           "s u A e", "u B e", "u C e", conditions={"u-A": "n > 0", "u-B": "n > 5"}), n=1,
           steps=[("complete", "u")], expect="AC"),
    d.case("flow_default_not_taken", d.process(d.start() + d.task("task", "t", default="t-C") + d.log("A", "C") + END,
           "s t A e", "t C e", conditions={"t-A": "go"}), steps=[("complete_if_open", "t")], go=True, expect="A"),
    d.case("flow_default_of_a_sub_process", d.process(d.start() + d.sub("sp", d.start("s2") + d.end("e2"), "s2 e2",
           default="sp-C") + d.log("A", "C") + END, "s sp A e", "sp C e", conditions={"sp-A": "go"}), go=False,
           expect="C"),
    d.case("flow_split_of_a_start_event", d.process(d.start() + d.log("A", "B") + END, "s A e", "s B e"), expect="AB"),
    d.case("flow_split_of_an_event", d.process(d.start() + d.catch("k", d.signal()) + d.log("A", "B") + END,
           "s k A e", "k B e"), steps=[("signal", "g")], expect="AB"),
    d.case("flow_split_of_a_boundary_event", d.process(d.start() + d.user("u") + d.boundary("b", "u", d.signal())
           + d.log("A", "B") + END, "s u e", "b A e", "b B e"), steps=[("signal", "g")], expect="AB"),
    d.case("flow_merge_into_an_event", d.process(FORK + d.log("A", "B") + d.catch("k", d.signal()) + d.log("C") + END,
           "s f A k C e", "f B k"), steps=[("signal", "g")], expect="ABCC"),
    d.case("flow_no_start_event", d.process(d.log("A", "B", "C"), "A B"), expect="ABC"),
    d.case("flow_ends_when_all_tokens_have", d.process(FORK + d.user("u") + d.log("A") + d.end("e1") + d.end("e2"),
           "s f u e1", "f A e2"), steps=[("expect_completed", False), ("complete", "u"), ("expect_completed", True)],
           expect="A"),
    d.case("quantity_start_of_two_branches", d.process(FORK + d.log("A", "C") + d.script("B", 'log("B")',
           startQuantity="2") + END, "s f A B e", "f C B"), expect="ACB"),
    d.case("quantity_start_too_few", d.process(d.start() + d.script("B", 'log("B")', startQuantity="2") + END,
           "s B e"), steps=[("expect_completed", False)]),
    d.case("quantity_completion_of_a_user_task", d.process(d.start() + d.task("userTask", "u", completionQuantity="3")
           + d.log("A") + END, "s u A e"), steps=[("complete", "u")], expect="AAA"),
]  # fmt: skip

EXCLUSIVE_AND_PARALLEL = [
    d.case("xor_merge_passes_every_token", d.process(FORK + d.log("A", "B") + d.xor("x") + d.log("C") + END,
           "s f A x C e", "f B x"), expect="ABCC"),
    d.case("xor_default", d.process(d.start() + d.xor("x", default="x-B") + d.log("A", "B") + END, "s x A e", "x B e",
           conditions={"x-A": "go"}), go=False, expect="B"),
    d.case("xor_only_one_of_two_true", d.process(d.start() + d.xor("x") + d.log("A", "B") + END, "s x A e", "x B e",
           conditions={"x-A": "n < 9", "x-B": "n < 9"}), n=1, expect="A"),
    d.case("xor_loop", d.process(d.start() + d.xor("m", "x") + TICK + d.log("A", "B") + END, "s m A T x B e", "x m",
           conditions={"x-m": "n < 3", "x-B": "n >= 3"}), n=0, expect="AAAB"),
    d.case("xor_condition_fails", d.process(d.start() + d.xor("x") + d.log("A", "B") + END, "s x A e", "x B e",
           conditions={"x-A": "missing > 1", "x-B": "1 == 1"}), outcome="incident"),
    d.case("and_surplus_stays", d.process(FORK + d.log("A", "B", "C", "Z") + d.xor("x") + d.par("j") + END,
           "s f A x j Z e", "f B x", "f C j"), steps=[("expect_completed", False)], expect="ABCZ"),
    d.case("and_surplus_is_used_later", d.process(FORK + d.log("A", "B", "C", "Z") + d.user("u") + d.xor("x")
           + d.par("j") + END, "s f A x j Z e", "f B x", "f C j", "f u j"),
           steps=[("expect_trace", ["A", "B", "C"]), ("complete", "u"), ("expect_completed", False)], expect="ABCZ"),
    d.case("and_two_flows_from_one_gateway", d.process(FORK + d.par("j") + d.log("A") + END
           + '<sequenceFlow id="f-j2" sourceRef="f" targetRef="j"/>', "s f j A e"), expect="A"),
    d.case("and_join_and_fork_in_one", d.process(FORK + d.log("A", "B", "C", "D") + d.par("j") + END, "s f A j C e",
           "f B j D e"), expect="ABCD"),
    d.case("and_second_round_waits", d.process(d.start() + d.xor("m", "x", default="x-A") + d.par("f", "j")
           + d.user("u", "v") + TICK + d.log("A") + END, "s m f u j T x A e", "f v j", "x m",
           conditions={"x-m": "n < 2"}), n=0, expect="A",
           steps=[("complete", "u"), ("complete", "v"), ("complete", "v"), ("expect_trace", []),
                  ("expect_user_tasks", 1), ("complete", "u"), ("expect_completed", True)]),
    d.case("and_join_waits_for_an_interrupted_branch", d.process(FORK + d.user("u") + d.boundary("b", "u", d.signal())
           + d.log("A", "H", "Z") + d.par("j") + END + d.end("e2"), "s f A j Z e", "f u j", "b H e2"),
           steps=[("signal", "g"), ("expect_completed", False)], expect="AH"),
    d.case("and_of_one_branch", d.process(FORK + d.log("A") + d.par("j") + END, "s f A j e"), expect="A"),
    d.case("and_join_of_two_instances", d.process(FORK + d.user("u", "v") + d.par("j") + d.log("A") + END, "s f u j A e",
           "f v j"), start=["P", "P"], steps=[("complete", "u"), ("expect_trace", []), ("complete", "v"),
           ("expect_completed", True)], expect="AA"),
]  # fmt: skip

OR = d.start() + d.inc("g") + d.log("A", "B", "D") + d.inc("h") + END
ALL = {"g-A": "n > 0", "g-B": "n > 1"}

INCLUSIVE = [
    d.case("or_all", d.process(OR, "s g A h D e", "g B h", conditions=ALL), n=2, expect="ABD"),
    d.case("or_one", d.process(OR, "s g A h D e", "g B h", conditions=ALL), n=1, expect="AD"),
    d.case("or_none_and_no_default", d.process(OR, "s g A h D e", "g B h", conditions=ALL), n=0, outcome="incident"),
    d.case("or_default_alone", d.process(d.start() + d.inc("g", default="g-B") + d.log("A", "B") + END, "s g A e",
           "g B e", conditions={"g-A": "go"}), go=False, expect="B"),
    d.case("or_default_not_beside_others", d.process(d.start() + d.inc("g", default="g-B") + d.log("A", "B") + END,
           "s g A e", "g B e", conditions={"g-A": "go"}), go=True, expect="A"),
    d.case("or_loop", d.process(d.start() + d.xor("m", "x", default="x-D") + d.inc("g", "h") + d.log("A", "B", "D")
           + TICK + END, "s m g A h T x D e", "g B h", "x m", conditions={"x-m": "n < 2", "g-A": "n < 9",
           "g-B": "n < 9"}), n=0, expect="ABABD"),
    d.case("or_loop_waits_in_the_second_round", d.process(d.start() + d.xor("m", "x", default="x-D") + d.inc("g", "h")
           + d.user("u", "v") + d.log("D") + TICK + END, "s m g u h T x D e", "g v h", "x m",
           conditions={"x-m": "n < 2", "g-u": "n < 9", "g-v": "n < 1"}), n=0, expect="D",
           steps=[("complete", "u"), ("expect_trace", []), ("complete", "v"), ("expect_user_tasks", 1),
                  ("complete", "u"), ("expect_completed", True)]),
    d.case("or_join_stops_waiting_for_a_token_that_went_elsewhere", d.process(FORK + d.log("A", "D") + d.user("u")
           + d.xor("x", default="x-e2") + d.inc("h") + END + d.end("e2"), "s f A h D e", "f u x h", "x e2",
           conditions={"x-h": "go"}), go=False, expect="AD",
           steps=[("expect_trace", ["A"]), ("complete", "u"), ("expect_completed", True)]),
    d.case("or_join_stops_waiting_for_an_interrupted_branch", d.process(FORK + d.log("A", "D", "H") + d.user("u")
           + d.boundary("b", "u", d.signal()) + d.inc("h") + END + d.end("e2"), "s f A h D e", "f u h", "b H e2"),
           steps=[("expect_trace", ["A"]), ("signal", "g"), ("expect_completed", True)], expect="AHD"),
    d.case("or_join_waits_across_a_sub_process", d.process(FORK + d.log("A", "D") + d.sub("sp", d.start("s2")
           + d.user("u") + d.end("e2"), "s2 u e2") + d.inc("h") + END, "s f A h D e", "f sp h"),
           steps=[("expect_trace", ["A"]), ("complete", "u")], expect="AD"),
    # 13.4.3: a token that could also reach the flow that has one already keeps the gateway from nothing.
    d.case("or_join_does_not_wait_for_a_rival", d.process(FORK + d.log("A", "B", "D") + d.user("u")
           + d.xor("x", default="x-A") + d.inc("h") + END, "s f A h D e", "f u x B h", "x A",
           conditions={"x-B": "go"}), go=False, expect="ADAD",
           steps=[("expect_trace", ["A", "D"]), ("complete", "u"), ("expect_completed", True)]),
    # 13.4.3: nor does one that would have to pass the gateway itself first.
    d.case("or_join_does_not_wait_for_what_is_behind_it", d.process(d.start() + d.inc("h") + d.log("A")
           + d.par("f") + d.user("u") + TICK + d.xor("x", default="x-e") + END, "s h A f u T x h", "x e", "f e",
           conditions={"x-h": "n < 2"}), n=0, expect="AA",
           steps=[("expect_trace", ["A"]), ("complete", "u"), ("complete", "u"), ("expect_completed", True)]),
    d.case("or_join_of_a_parallel_fork", d.process(FORK + d.log("A", "B", "D") + d.inc("h") + END, "s f A h D e",
           "f B h"), expect="ABD"),
    d.case("or_join_and_fork_in_one", d.process(FORK + d.log("A", "B", "C", "D") + d.inc("h", default="h-D") + END,
           "s f A h C e", "f B h D e", conditions={"h-C": "go"}), go=True, expect="ABC"),
    d.case("or_fork_without_a_join", d.process(d.start() + d.inc("g") + d.log("A", "B") + END + d.end("e2"),
           "s g A e", "g B e2", conditions=ALL), n=2, steps=[("expect_completed", True)], expect="AB"),
    # 13.4.3: no path is considered that crosses the boundary of the sub-process.
    d.case("or_join_looks_within_its_scope_only", d.process(FORK + d.user("u") + d.sub("sp", d.start("s2")
           + d.inc("g", "h") + d.log("A", "B", "D") + d.end("e2"), "s2 g A h D e2", "g B h", conditions=ALL) + END,
           "s f u e", "f sp e"), n=1, steps=[("expect_trace", ["A", "D"]), ("complete", "u"),
           ("expect_completed", True)], expect="AD"),
]  # fmt: skip

COUNT = "<activationCondition>activationCount &gt;= 2</activationCondition>"
THREE = FORK + d.log("A", "B", "D", "R") + d.user("u") + d.gateway("complex", "g", inner=COUNT) + END
BRANCHES = ("s f A g D e", "f B g", "f u g", "g R e")

COMPLEX_AND_EVENTS = [
    d.case("complex_two_of_three", d.process(THREE, *BRANCHES, conditions={"g-D": "waitingForStart", "g-R": "1 == 2"}),
           steps=[("expect_trace", ["A", "B", "D"]), ("complete", "u"), ("expect_completed", True)], expect="ABD"),
    d.case("complex_reset", d.process(THREE, *BRANCHES, conditions={"g-D": "waitingForStart",
           "g-R": "not waitingForStart"}), steps=[("complete", "u"), ("expect_completed", True)], expect="ABDR"),
    d.case("complex_reset_lets_an_inclusive_join_go_on", d.process(FORK + d.log("A", "B", "C", "Z") + d.user("u", "w")
           + d.gateway("complex", "g", inner=COUNT) + d.xor("x", default="x-e2") + d.inc("h") + END + d.end("e2"),
           "s f C h Z e", "f A g x h", "f B g", "f u g", "f w e2", "x e2", conditions={"x-h": "go"}), go=False,
           steps=[("expect_trace", ["A", "B", "C"]), ("complete", "u"), ("expect_trace", ["A", "B", "C", "Z"]),
                  ("complete", "w"), ("expect_completed", True)], expect="ABCZ"),
    d.case("complex_split", d.process(d.start() + d.gateway("complex", "g") + d.log("A", "B", "C") + END, "s g A e",
           "g B e", "g C e", conditions={"g-A": "waitingForStart and n > 0", "g-B": "waitingForStart",
           "g-C": "n > 9"}), n=1, expect="AB"),
    d.case("complex_never_enough", d.process(FORK + d.log("A", "D") + d.gateway("complex", "g", inner=COUNT)
           + d.user("u") + d.boundary("b", "u", d.signal()) + END, "s f A g D e", "f u g", "b e"),
           steps=[("signal", "g"), ("expect_completed", False)], expect="A"),
    d.case("event_gateway_signal_or_condition", d.process(d.start() + d.by_event("g") + d.catch("k", d.signal())
           + d.catch("c", d.condition("go")) + d.log("A", "B") + END, "s g k A e", "g c B e"), go=False,
           steps=[("set", {"go": True}), ("signal", "g"), ("expect_completed", True)], expect="B"),
    d.case("event_gateway_two_timers", d.process(d.start() + d.by_event("g") + d.catch("k", d.after("PT9S"))
           + d.catch("c", d.after("PT4S")) + d.log("A", "B") + END, "s g k A e", "g c B e"),
           steps=[("advance", 20)], expect="B"),
    d.case("event_gateway_loop", d.process(d.start() + d.xor("m") + d.by_event("g") + d.catch("k", d.message())
           + d.catch("c", d.signal()) + d.log("A", "B") + END, "s m g k A m", "g c B e"),
           steps=[("broadcast", "m"), ("broadcast", "m"), ("signal", "g"), ("broadcast", "m")], expect="AAB"),
    d.case("event_gateway_in_an_interrupted_scope", d.process(d.start() + d.sub("sp", d.start("s2") + d.by_event("g")
           + d.catch("k", d.message()) + d.catch("c", d.after("PT9S")) + d.log("A", "B") + d.end("e2"), "s2 g k A e2",
           "g c B e2") + d.boundary("b", "sp", d.signal()) + d.log("H") + END, "s sp e", "b H e"),
           steps=[("signal", "g"), ("broadcast", "m"), ("advance", 20)], expect="H"),
    d.case("event_gateway_starts_an_instance_for_each", d.process(d.by_event("g", instantiate="true")
           + d.catch("k", d.message()) + d.catch("c", d.signal()) + d.log("A", "B") + END, "g k A e", "g c B e"),
           start=[], steps=[("broadcast", "m"), ("signal", "g"), ("expect_completed", True)], expect="AB"),
    d.case("event_gateway_parallel_start_waits_for_both", d.process(d.by_event("g", instantiate="true",
           eventGatewayType="Parallel") + d.catch("k", d.message()) + d.catch("c", d.message("m2")) + d.par("j")
           + d.log("A") + END, "g k j A e", "g c j"), start=[],
           steps=[("broadcast", "m"), ("expect_trace", []), ("broadcast", "m2"), ("expect_completed", True)],
           expect="A"),
]  # fmt: skip

CASES = [*TASKS, *FLOWS, *EXCLUSIVE_AND_PARALLEL, *INCLUSIVE, *COMPLEX_AND_EVENTS]
