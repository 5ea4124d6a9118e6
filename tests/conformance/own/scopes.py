"""Loops, multi-instance, sub-processes, transactions, ad hoc sub-processes, calls and event sub-processes
(BPMN 2.0, 10.3.5, 10.3.7 to 10.3.9, 13.3, 13.5.4).
"""

from __future__ import annotations

from tests.conformance import drawing as d

END = d.end()
INNER = d.start("s2") + d.end("e2")
TICK = d.script("T", "n = n + 1")
WORK = d.sub("sp", INNER + d.user("u"), "s2 u e2")


def again(marker: str) -> str:
    """A user task in a sub-process with a marker, then a log of each round, then B."""
    return d.sub("sp", INNER + d.user("u") + d.log("A"), "s2 u A e2", marker=marker)


def around(activity: str, *events: str, paths: tuple[str, ...] = ("s sp B e",)) -> str:
    return d.process(d.start() + activity + d.log("B") + "".join(events) + END, *paths)


SIGNALLED = d.boundary("b", "sp", d.signal()) + d.log("H")
ON_SIGNAL = ("s sp B e", "b H e")

LOOPS = [
    d.case("loop_runs_once_before_it_is_tested", around(d.script("sp", 'log("A")', d.loop("1 == 2"))), expect="AB"),
    d.case("loop_until_its_condition_fails", around(d.script("sp", 'log("A"); n = n + 1', d.loop("n < 3"))), n=0,
           expect="AAAB"),
    d.case("loop_tested_before_with_maximum", around(d.script("sp", 'log("A")', d.loop("1 == 1", testBefore="true",
           loopMaximum="2"))), expect="AAB"),
    d.case("loop_of_a_user_task", around(d.user("sp", inner=d.loop("1 == 1", loopMaximum="2"))), expect="B",
           steps=[("expect_user_tasks", 1), ("complete", "sp"), ("expect_user_tasks", 1), ("complete", "sp")]),
    d.case("loop_of_a_sub_process", around(again(d.loop("1 == 1", loopMaximum="2"))), expect="AAB",
           steps=[("complete", "u"), ("expect_trace", ["A"]), ("complete", "u"), ("expect_completed", True)]),
    d.case("loop_is_interrupted_as_a_whole", d.process(d.start() + again(d.loop("1 == 1", loopMaximum="9"))
           + d.log("B") + SIGNALLED + END, *ON_SIGNAL), expect="AH",
           steps=[("complete", "u"), ("signal", "g"), ("expect_completed", True)]),
    d.case("loop_of_a_call", d.process(d.start() + d.call("k", "Q", d.loop("1 == 1", loopMaximum="2")) + d.log("B")
           + END, "s k B e"), d.process(INNER + d.log("A"), "s2 A e2", key="Q"), expect="AAB"),
    d.case("loop_with_an_event_that_interrupts_nothing", d.process(d.start() + again(d.loop("1 == 1", loopMaximum="2"))
           + d.log("B", "H") + d.boundary("b", "sp", d.signal(), interrupting=False) + END + d.end("e3"),
           "s sp B e", "b H e3"), expect="AHHAB",
           steps=[("signal", "g"), ("complete", "u"), ("signal", "g"), ("complete", "u"), ("expect_completed", True)]),
]  # fmt: skip

NONE_FLOWS_ON = d.boundary("b", "sp", d.signal(), interrupting=False) + d.log("H") + d.end("e3")

MULTI_INSTANCE = [
    d.case("mi_none", around(again(d.times("0"))), steps=[("expect_completed", True)], expect="B"),
    d.case("mi_empty_collection", around(d.script("sp", "log(it)", d.each("items", "it"))), items=[], expect="B"),
    d.case("mi_parallel_opens_all", around(again(d.times("3"))), expect="AAAB",
           steps=[("expect_user_tasks", 3), ("complete", "u"), ("expect_completed", True)]),
    d.case("mi_sequential_opens_one", around(again(d.times("2", sequential=True))), expect="AAB",
           steps=[("expect_user_tasks", 1), ("complete", "u"), ("expect_user_tasks", 1), ("complete", "u")]),
    d.case("mi_cardinality_is_an_expression", around(d.script("sp", 'log("A")', d.times("n + 1"))), n=2,
           expect="AAAB"),
    d.case("mi_completion_cancels_the_rest", around(again(d.times("3", until="numberOfCompletedInstances >= 1"))),
           steps=[("complete", "u"), ("expect_user_tasks", 0), ("expect_completed", True)], expect="AB"),
    d.case("mi_active_instances", around(again(d.times("3", until="numberOfActiveInstances < 2"))), expect="AAB",
           steps=[("complete", "u"), ("expect_user_tasks", 0), ("expect_completed", True)]),
    d.case("mi_number_of_instances", around(again(d.times("4",
           until="numberOfCompletedInstances * 2 >= numberOfInstances"))),
           steps=[("complete", "u"), ("expect_completed", True)], expect="AAB"),
    d.case("mi_output_keeps_the_order", d.process(d.start() + d.script("sp", "out = it * 2", d.each("items", "it",
           "outs", "out", sequential=True)) + d.script("B", "log(outs)") + END, "s sp B e"), items=[3, 1, 2],
           expect=["[6, 2, 4]"]),
    d.case("mi_item_within_a_sub_process", around(d.sub("sp", INNER + d.script("A", "log(it)"), "s2 A e2",
           marker=d.each("items", "it"))), items=["x", "y"], expect="xyB"),
    d.case("mi_in_mi", around(d.sub("sp", INNER + d.script("A", 'log("A")', d.times("3")), "s2 A e2",
           marker=d.times("2"))), expect="AAAAAAB"),
    d.case("mi_of_a_call", d.process(d.start() + d.call("k", "Q", d.times("2")) + d.log("B") + END, "s k B e"),
           d.process(INNER + d.user("u") + d.log("A"), "s2 u A e2", key="Q"), expect="AAB",
           steps=[("expect_user_tasks", 2), ("complete", "u"), ("expect_completed", True)]),
    d.case("mi_in_a_loop", d.process(d.start() + d.xor("m", "x", default="x-B") + d.script("A", 'log("A")',
           d.times("2")) + TICK + d.log("B") + END, "s m A T x B e", "x m", conditions={"x-m": "n < 2"}), n=0,
           expect="AAAAB"),
    d.case("mi_interrupted_by_a_timer", d.process(d.start() + again(d.times("3")) + d.log("B", "H")
           + d.boundary("b", "sp", d.after("PT5S")) + END, *ON_SIGNAL), expect="H",
           steps=[("advance", 9), ("expect_user_tasks", 0), ("expect_completed", True)]),
    d.case("mi_with_an_event_that_interrupts_nothing", d.process(d.start() + again(d.times("2")) + d.log("B")
           + NONE_FLOWS_ON + END, "s sp B e", "b H e3"), expect="HAAB",
           steps=[("signal", "g"), ("complete", "u"), ("expect_completed", True)]),
    d.case("mi_an_error_ends_them_all", d.process(d.start() + d.sub("sp", INNER + d.user("u")
           + d.script("A", "throw_error('X')"), "s2 u A e2", marker=d.times("3")) + d.log("B", "H")
           + d.boundary("b", "sp", d.error("x")) + END, *ON_SIGNAL), expect="H",
           steps=[("complete", "u"), ("expect_user_tasks", 0), ("expect_completed", True)]),
    d.case("mi_terminate_ends_one", around(d.sub("sp", d.start("s2") + d.par("f") + d.user("w")
           + d.xor("x", default="x-A") + d.log("A") + d.end("e2") + d.end("e3", d.TERMINATE), "s2 f w e2", "f x A e2",
           "x e3", conditions={"x-e3": "it == 1"}, marker=d.each("items", "it"))), items=[1, 2], expect="AB",
           steps=[("expect_user_tasks", 1), ("complete", "w"), ("expect_completed", True)]),
    d.case("mi_behavior_one", '<signalEventDefinition id="sd" signalRef="sig_g"/>', d.process(d.start()
           + d.sub("sp", INNER + d.log("A"), "s2 A e2", marker=d.times("3", sequential=True, behavior="One",
           oneBehaviorEventRef="sd")) + d.log("B") + NONE_FLOWS_ON + END, "s sp B e", "b H e3"), expect="AAABH"),
    d.case("mi_behavior_all_throws_nothing", d.process(d.start() + again(d.times("2", behavior="All")) + d.log("B")
           + NONE_FLOWS_ON + END, "s sp B e", "b H e3"), steps=[("complete", "u")], expect="AAB"),
]  # fmt: skip

SUBS = [
    d.case("sub_waits_for_all_its_tokens", around(d.sub("sp", INNER + d.par("f") + d.log("A") + d.user("u")
           + d.end("e3"), "s2 f A e2", "f u e3")), expect="AB",
           steps=[("expect_trace", ["A"]), ("complete", "u"), ("expect_completed", True)]),
    d.case("sub_without_start_starts_all", around(d.sub("sp", d.log("A", "C") + d.user("u"), "C u")),
           steps=[("expect_trace", ["A", "C"]), ("complete", "u")], expect="ACB"),
    d.case("sub_twice_in_a_loop", d.process(d.start() + d.xor("m", "x", default="x-B") + d.sub("sp", INNER
           + d.log("A"), "s2 A e2") + TICK + d.log("B") + END, "s m sp T x B e", "x m", conditions={"x-m": "n < 2"}),
           n=0, expect="AAB"),
    d.case("sub_terminate_ends_the_innermost", around(d.sub("sp", d.start("s2") + d.sub("sq", d.start("s3")
           + d.par("f") + d.user("u") + d.end("e3") + d.end("e4", d.TERMINATE), "s3 f u e3", "f e4") + d.log("A")
           + d.end("e2"), "s2 sq A e2")), steps=[("expect_completed", True)], expect="AB"),
    d.case("sub_terminate_ends_everything_in_it", d.process(d.start() + d.par("f") + d.sub("sp", INNER + d.user("u"),
           "s2 u e2") + d.catch("k", d.after("PT5S")) + d.log("A") + d.end("e1") + d.end("e3", d.TERMINATE),
           "s f sp A e1", "f k e3"), steps=[("advance", 9), ("expect_user_tasks", 0), ("expect_completed", True)]),
    d.case("sub_interrupted_with_all_within", d.process(d.start() + d.sub("sp", INNER + d.sub("sq", d.start("s3")
           + d.user("u") + d.end("e3"), "s3 u e3") + d.boundary("b2", "sq", d.after("PT5S")) + d.log("A", "C"),
           "s2 sq A e2", "b2 C e2") + SIGNALLED + d.log("B") + END, *ON_SIGNAL), expect="H",
           steps=[("signal", "g"), ("expect_user_tasks", 0), ("advance", 9), ("expect_completed", True)]),
    d.case("sub_boundary_that_interrupts_nothing_outlives_it", d.process(d.start() + WORK + d.log("B")
           + d.boundary("b", "sp", d.signal(), interrupting=False) + d.user("v") + d.log("H") + END + d.end("e3"),
           "s sp B e", "b v H e3"), expect="BH",
           steps=[("signal", "g"), ("complete", "u"), ("expect_completed", False), ("complete", "v")]),
    d.case("sub_variables_are_those_of_the_process", d.process(d.start() + d.sub("sp", INNER + d.script("A", "n = n + 1"),
           "s2 A e2") + d.script("B", "log(n)") + END, "s sp B e"), n=1, expect=["2"]),
    d.case("call_ends_alone_by_terminate", d.process(d.start() + d.call("k", "Q") + d.log("B") + END, "s k B e"),
           d.process(d.start("s2") + d.par("f") + d.user("u") + d.end("e2") + d.end("e3", d.TERMINATE), "s2 f u e2",
           "f e3", key="Q"), steps=[("expect_completed", True)], expect="B"),
    d.case("call_in_a_call", d.process(d.start() + d.call("k", "Q") + d.log("B") + END, "s k B e"),
           d.process(INNER + d.call("k2", "R") + d.log("A"), "s2 k2 A e2", key="Q"),
           d.process(d.start("s3") + d.log("C") + d.end("e3"), "s3 C e3", key="R"), expect="CAB"),
    d.case("call_interrupted", d.process(d.start() + d.call("k", "Q") + d.boundary("b", "k", d.after("PT5S"))
           + d.log("B", "H") + END, "s k B e", "b H e"), d.process(INNER + d.user("u") + d.log("A"), "s2 u A e2",
           key="Q"), steps=[("advance", 9), ("expect_user_tasks", 0), ("expect_completed", True)], expect="H"),
    d.case("call_of_a_process_with_a_message_start_too", d.process(d.start() + d.call("k", "Q") + d.log("B") + END,
           "s k B e"), d.process(INNER + d.start("s3", d.message()) + d.log("A", "C"), "s2 A e2", "s3 C e2", key="Q"),
           expect="AB"),
]  # fmt: skip

TRANSACTIONS = [
    d.case("transaction_that_ends_well", d.process(d.start() + d.sub("sp", INNER + d.user("u") + d.log("A"),
           "s2 u A e2", tag="transaction") + d.boundary("b", "sp", d.CANCEL) + d.log("B", "C") + END, "s sp B e",
           "b C e"), steps=[("complete", "u"), ("expect_completed", True)], expect="AB"),
    d.case("transaction_cancel_ends_what_runs", d.process(d.start() + d.sub("sp", d.start("s2") + d.par("f")
           + d.user("u") + d.catch("k", d.signal()) + d.log("A") + d.end("e2") + d.end("e3", d.CANCEL), "s2 f u A e2",
           "f k e3", tag="transaction") + d.boundary("b", "sp", d.CANCEL) + d.log("B", "C") + END, "s sp B e",
           "b C e"), steps=[("signal", "g"), ("expect_user_tasks", 0), ("expect_completed", True)], expect="C"),
    d.case("transaction_error_compensates_nothing", d.process(d.start() + d.sub("sp", d.start("s2") + d.log("A")
           + d.compensated("A", "K")[0] + d.end("e2", d.error("x")), "s2 A e2", tag="transaction",
           last=d.compensated("A", "K")[1]) + d.boundary("b", "sp", d.error("x")) + d.log("B", "H") + END, "s sp B e",
           "b H e"), expect="AH"),
]  # fmt: skip

U1, U2 = d.user("u1"), d.user("u2")

AD_HOC = [
    d.case("adhoc_opens_all", around(d.ad_hoc("sp", U1 + U2, ordering="Parallel")), expect="B",
           steps=[("expect_user_tasks", 2), ("complete", "u1"), ("expect_trace", []), ("complete", "u2")]),
    d.case("adhoc_sequential_goes_on", around(d.ad_hoc("sp", U1 + U2, ordering="Sequential")), expect="B",
           steps=[("expect_user_tasks", 1), ("complete_if_open", "u1"), ("expect_user_tasks", 1),
                  ("complete_if_open", "u2"), ("complete_if_open", "u1"), ("expect_completed", True)]),
    d.case("adhoc_condition_cancels_the_rest", around(d.ad_hoc("sp", U1 + U2, until="done", ordering="Parallel")),
           done=False, steps=[("expect_user_tasks", 2), ("set", {"done": True}), ("complete", "u1"),
           ("expect_user_tasks", 0), ("expect_completed", True)], expect="B"),
    d.case("adhoc_condition_lets_the_rest_end", around(d.ad_hoc("sp", U1 + U2, until="done", ordering="Parallel",
           cancelRemainingInstances="false")), done=False, expect="B",
           steps=[("set", {"done": True}), ("complete", "u1"), ("expect_user_tasks", 1), ("complete", "u2"),
                  ("expect_completed", True)]),
    d.case("adhoc_sequential_starts_no_more_when_done", around(d.ad_hoc("sp", d.script("A", 'log("A"); done = True')
           + d.script("C", 'log("A"); done = True'), until="done", ordering="Sequential")), done=False, expect="AB"),
    d.case("adhoc_flows_within", around(d.ad_hoc("sp", d.log("A", "C", "D"), "A C")), expect="ACDB"),
    d.case("adhoc_interrupted", d.process(d.start() + d.ad_hoc("sp", U1 + U2) + SIGNALLED + d.log("B") + END,
           *ON_SIGNAL), steps=[("signal", "g"), ("expect_user_tasks", 0), ("expect_completed", True)], expect="H"),
    d.case("adhoc_with_a_choice_within", around(d.ad_hoc("sp", d.log("A", "C", "D") + d.xor("x", default="x-D"),
           "A x C", "x D", conditions={"x-C": "go"})), go=True, expect="ACB"),
]  # fmt: skip


def handled(definition: str, *, interrupting: bool = True, body: str = "", path: str = "H") -> str:
    """A process that waits at user task u and has an event sub-process that logs H."""
    handler = d.event_sub(definition, d.log("H") + body, path, interrupting=interrupting)
    return d.process(d.start() + d.user("u") + d.log("A") + END + handler, "s u A e")


EVENT_SUBS = [
    d.case("esp_each_time", handled(d.message(), interrupting=False), expect="HHHA",
           steps=[("broadcast", "m")] * 3 + [("complete", "u"), ("expect_completed", True)]),
    d.case("esp_keeps_its_scope_open", handled(d.message(), interrupting=False, body=d.user("v"), path="v H"),
           steps=[("broadcast", "m"), ("complete", "u"), ("expect_completed", False), ("complete", "v"),
                  ("expect_completed", True)], expect="AH"),
    d.case("esp_none_begins_while_its_scope_only_waits_for_another", handled(d.message(), interrupting=False,
           body=d.user("v"), path="v H"), expect="AH",
           steps=[("broadcast", "m"), ("complete", "u"), ("broadcast", "m"), ("expect_user_tasks", 1),
                  ("complete", "v"), ("expect_completed", True)]),
    d.case("esp_interrupts_once", handled(d.message(), body=d.user("v"), path="H v"), expect="H",
           steps=[("broadcast", "m"), ("broadcast", "m"), ("expect_user_tasks", 1), ("complete", "v"),
                  ("expect_completed", True)]),
    d.case("esp_stops_the_timers_of_its_scope", d.process(d.start() + d.user("u") + d.boundary("b", "u",
           d.after("PT5S")) + d.log("A") + END + d.event_sub(d.signal(), d.log("H") + d.user("v"), "H v"), "s u e",
           "b A e"), steps=[("signal", "g"), ("advance", 9), ("complete", "v"), ("expect_completed", True)],
           expect="H"),
    d.case("esp_cycle", handled(d.every("R2/PT5S"), interrupting=False), expect="HHA",
           steps=[("advance", 60), ("complete", "u"), ("expect_completed", True)]),
    d.case("esp_timer_is_gone_with_its_scope", handled(d.after("PT5S"), interrupting=False), expect="A",
           steps=[("complete", "u"), ("advance", 9)]),
    d.case("esp_condition_each_time_it_becomes_true", handled(d.condition("go"), interrupting=False), go=False,
           steps=[("set", {"go": True}), ("set", {"go": False}), ("set", {"go": True}), ("complete", "u")],
           expect="HHA"),
    d.case("esp_condition_interrupts", handled(d.condition("n > 2")), n=1, expect="H",
           steps=[("set", {"n": 2}), ("expect_trace", []), ("set", {"n": 3}), ("expect_completed", True)]),
    d.case("esp_multiple", handled(d.message() + d.signal(), interrupting=False), expect="HHA",
           steps=[("signal", "g"), ("broadcast", "m"), ("complete", "u")]),
    d.case("esp_two_of_which_one_interrupts", d.process(d.start() + d.user("u") + END
           + d.event_sub(d.message(), d.log("H") + d.user("v"), "H v")
           + d.event_sub(d.signal(), d.log("K"), "K", id="es2", interrupting=False), "s u e"), expect="KH",
           steps=[("signal", "g"), ("broadcast", "m"), ("signal", "g"), ("complete", "v"), ("expect_completed", True)]),
    d.case("esp_of_an_inner_scope_goes_on_outside", around(d.sub("sp", INNER + d.user("u") + d.log("A")
           + d.event_sub(d.signal(), d.log("H"), "H"), "s2 u A e2")), steps=[("signal", "g"),
           ("expect_completed", True)], expect="HB"),
    d.case("esp_error_from_two_scopes_below", d.process(d.start() + d.sub("sp", INNER + d.sub("sq", d.start("s3")
           + d.end("e3", d.error("x")), "s3 e3") + d.log("A"), "s2 sq A e2") + d.log("B") + END
           + d.event_sub(d.error("x"), d.log("H"), "H"), "s sp B e"), expect="H"),
    d.case("esp_error_before_the_boundary_of_its_scope", d.process(d.start() + d.sub("sp", d.start("s2")
           + d.end("e2", d.error("x")) + d.event_sub(d.error("x"), d.log("H"), "H"), "s2 e2") + d.log("B", "K")
           + d.boundary("b", "sp", d.error("x")) + END, "s sp B e", "b K e"), expect="HB"),
    d.case("esp_error_thrown_in_it_goes_further_out", d.process(d.start() + d.sub("sp", d.start("s2")
           + d.end("e2", d.error("x")) + d.event_sub(d.error("x"), d.log("H") + d.script("I", "throw_error('X')"),
           "H I"), "s2 e2") + d.log("B", "K") + d.boundary("b", "sp", d.error("x")) + END, "s sp B e", "b K e"),
           expect="HK"),
    d.case("esp_error_of_a_script", d.process(d.start() + d.script("A", "throw_error('X')") + d.log("B") + END
           + d.event_sub(d.error("x"), d.log("H"), "H"), "s A B e"), expect="H"),
    d.case("esp_escalation_from_two_scopes_below", d.process(d.start() + d.sub("sp", INNER + d.sub("sq", d.start("s3")
           + d.throw("t", d.escalation("c")) + d.log("A") + d.end("e3"), "s3 t A e3"), "s2 sq e2") + d.log("B") + END
           + d.event_sub(d.escalation("c"), d.log("H"), "H", interrupting=False), "s sp B e"), expect="HAB"),
    d.case("esp_in_a_called_process", d.process(d.start() + d.call("k", "Q") + d.log("B") + END, "s k B e"),
           d.process(INNER + d.user("u") + d.event_sub(d.signal(), d.log("H"), "H"), "s2 u e2", key="Q"),
           steps=[("signal", "g"), ("expect_completed", True)], expect="HB"),
    d.case("esp_in_every_instance", around(d.sub("sp", INNER + d.user("u") + d.event_sub(d.signal(), d.log("H"), "H",
           interrupting=False), "s2 u e2", marker=d.times("2"))), expect="HHB",
           steps=[("signal", "g"), ("complete", "u"), ("expect_completed", True)]),
    d.case("esp_ends_one_instance_only", around(d.sub("sp", INNER + d.user("u") + d.event_sub(d.error("x"), d.log("H"),
           "H") + d.xor("x", default="x-u") + d.end("e3", d.error("x")), "s2 x u e2", "x e3",
           conditions={"x-e3": "it == 1"}, marker=d.each("items", "it"))), items=[1, 2], expect="HB",
           steps=[("expect_user_tasks", 1), ("complete", "u"), ("expect_completed", True)]),
]  # fmt: skip

CASES = [*LOOPS, *MULTI_INSTANCE, *SUBS, *TRANSACTIONS, *AD_HOC, *EVENT_SUBS]
