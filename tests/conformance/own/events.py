"""Messages, timers, errors, escalations, signals, conditions, links, several triggers and compensation
(BPMN 2.0, 8.4.2, 10.5, 13.5).
"""

from __future__ import annotations

from tests.conformance import drawing as d

END = d.end()
FORK = d.start() + d.par("f")
INNER = d.start("s2") + d.end("e2")
TICK = d.script("T", "n = n + 1")
WAITS = d.start() + d.user("u") + d.log("A", "H") + END


def attached(*definitions: str, interrupting: bool = True, **attributes: str) -> str:
    """A process that waits at user task u, with a boundary event that leads to H."""
    event = d.boundary("b", "u", *definitions, interrupting=interrupting, **attributes)
    return d.process(WAITS + event + d.end("e3"), "s u A e", "b H e3")


def caught(*definitions: str, **attributes: str) -> str:
    return d.process(d.start() + d.catch("k", *definitions, **attributes) + d.log("A") + END, "s k A e")


def keys(*names: str) -> str:
    """A correlation key of properties that the messages m and m2 carry under their names."""
    properties = "".join(
        f'<correlationProperty id="cp_{name}" name="{name}">'
        + "".join(
            f'<correlationPropertyRetrievalExpression messageRef="{ref}"><messagePath>{name}</messagePath>'
            "</correlationPropertyRetrievalExpression>"
            for ref in ("msg_m", "msg_m2")
        )
        + "</correlationProperty>"
        for name in names
    )
    refs = "".join(f"<correlationPropertyRef>cp_{name}</correlationPropertyRef>" for name in names)
    key = f'<correlationKey id="ck" name="ck">{refs}</correlationKey>'
    return f'{properties}<collaboration id="col"><participant id="p1" processRef="P"/>{key}</collaboration>'


def correlated(then: str, text: str) -> str:
    body = d.start("s", d.message()) + d.catch("k", d.message(then)) + d.script("A", text) + END
    return d.process(body, "s k A e")


MESSAGES = [
    d.case("message_to_everyone", caught(d.message()), start=["P"] * 3, steps=[("broadcast", "m")], expect="AAA"),
    d.case("message_to_one", caught(d.message()), start=["P"] * 3, expect="AA",
           steps=[("message", "m", {}), ("message", "m", {}), ("expect_completed", False)]),
    d.case("message_payload_becomes_variables", d.process(d.start() + d.catch("k", d.message())
           + d.script("A", "log(v)") + END, "s k A e"), steps=[("message", "m", {"v": "5"})], expect="5"),
    d.case("message_starts_one_instance_each", d.process(d.start("s", d.message()) + d.script("A", "log(v)") + END,
           "s A e"), start=[], steps=[("message", "m", {"v": "1"}), ("message", "m", {"v": "2"})], expect="12"),
    d.case("message_is_not_kept", d.process(d.start() + d.user("u") + d.catch("k", d.message()) + d.log("A") + END,
           "s u k A e"), steps=[("broadcast", "m"), ("complete", "u"), ("expect_completed", False)]),
    d.case("message_of_another_name", caught(d.message()), steps=[("broadcast", "m2"), ("expect_completed", False)]),
    d.case("message_between_two_processes", d.process(d.start() + d.throw("t", d.message()) + d.catch("k",
           d.message("m2")) + d.log("A") + END, "s t k A e"), d.process(d.start("s2", d.message()) + d.log("B")
           + d.end("e2", d.message("m2")), "s2 B e2", key="Q"), expect="BA"),
    d.case("message_boundary_three_times", attached(d.message(), interrupting=False), expect="HHHA",
           steps=[*[("broadcast", "m")] * 3, ("complete", "u"), ("expect_completed", True)]),
    d.case("message_boundary_is_closed_with_its_task", attached(d.message()),
           steps=[("complete", "u"), ("broadcast", "m")], expect="A"),
    d.case("correlation_to_nobody", correlated("m", 'log("A")'), keys("order"), start=[],
           steps=[("message", "m", {"order": 1}), ("correlate", "m", {"order": 7}), ("expect_completed", False)]),
    d.case("correlation_by_two_properties", correlated("m2", "log(a + b)"), keys("a", "b"), start=[],
           steps=[("message", "m", {"a": "1", "b": "1"}), ("message", "m", {"a": "1", "b": "2"}),
                  ("correlate", "m2", {"a": "1", "b": "2"}), ("expect_trace", ["12"]),
                  ("correlate", "m2", {"a": "2", "b": "1"})], expect=["12"]),
    d.case("correlation_of_another_message", correlated("m2", 'log("A" + str(order))'), keys("order"), start=[],
           steps=[("message", "m", {"order": 1}), ("message", "m", {"order": 2}), ("correlate", "m2", {"order": 2})],
           expect=["A2"]),
]  # fmt: skip

ORDERED = d.start() + d.par("f", "j") + d.catch("k", d.after("PT5S")) + d.catch("c", d.after("PT3S"))

TIMERS = [
    d.case("timer_in_order_of_due_time", d.process(ORDERED + d.script("A", 'o = o + "5"')
           + d.script("B", 'o = o + "3"') + d.script("C", "log(o)") + END, "s f k A j C e", "f c B j"), o="",
           steps=[("advance", 60)], expect=["35"]),
    d.case("timer_far_in_the_future", caught(d.at("2999-01-01T00:00:00Z")), steps=[("advance", 60),
           ("expect_completed", False)]),
    d.case("timer_from_a_variable", caught(d.after("${wait}")), wait="PT5S", expect="A",
           steps=[("advance", 3), ("expect_trace", []), ("advance", 3)]),
    d.case("timer_ends_with_its_task", attached(d.after("PT5S")), steps=[("complete", "u"), ("advance", 60)],
           expect="A"),
    d.case("timer_once_where_it_interrupts_nothing", attached(d.after("PT5S"), interrupting=False),
           steps=[("advance", 60), ("complete", "u")], expect="HA"),
    d.case("timer_cycle_with_a_count", attached(d.every("R2/PT5S"), interrupting=False),
           steps=[("advance", 60), ("complete", "u")], expect="HHA"),
    d.case("timer_start_once", d.process(d.start("s", d.after("PT5S")) + d.log("A") + END, "s A e"), start=[],
           steps=[("advance", 60)], expect="A"),
    d.case("timer_start_twice", d.process(d.start("s", d.every("R2/PT5S")) + d.log("A") + END, "s A e"), start=[],
           steps=[("advance", 7), ("expect_trace", ["A"]), ("advance", 60)], expect="AA"),
    d.case("timer_anew_in_each_round", d.process(d.start() + d.xor("m", "x", default="x-e") + d.catch("k",
           d.after("PT5S")) + d.log("A") + TICK + END, "s m k A T x e", "x m", conditions={"x-m": "n < 3"}), n=0,
           steps=[("advance", 6), ("expect_trace", ["A"]), ("advance", 60)], expect="AAA"),
    d.case("timer_of_days", caught(d.after("P2DT1H")), expect="A",
           steps=[("advance", 172800), ("expect_trace", []), ("advance", 3601)]),
]  # fmt: skip


def thrown(*inner: str, body: str = "", path: str = "s2 e2") -> str:
    """A sub-process that ends by an event, for boundary events on it."""
    return d.sub("sp", d.start("s2") + body + d.end("e2", *inner), path)


ERRORS = [
    d.case("error_of_another_code_goes_further_out", d.process(d.start() + d.sub("sq", d.start("s3")
           + thrown(d.error("x")) + d.boundary("b2", "sp", d.error("y")) + d.log("K") + d.end("e3"), "s3 sp e3",
           "b2 K e3") + d.boundary("b", "sq", d.error("x")) + d.log("B", "H") + END, "s sq B e", "b H e"), expect="H"),
    d.case("error_ends_its_siblings_within", d.process(d.start() + d.sub("sp", d.start("s2") + d.par("f") + d.user("u")
           + d.log("A") + d.end("e2") + d.end("e3", d.error("x")), "s2 f u A e2", "f e3")
           + d.boundary("b", "sp", d.error("x")) + d.log("H") + END, "s sp e", "b H e"),
           steps=[("expect_user_tasks", 0), ("expect_completed", True)], expect="H"),
    d.case("error_leaves_its_siblings_outside", d.process(FORK + thrown(d.error("x")) + d.boundary("b", "sp",
           d.error("x")) + d.user("u") + d.log("A", "H") + END, "s f sp e", "b H e", "f u A e"),
           steps=[("expect_trace", ["H"]), ("complete", "u"), ("expect_completed", True)], expect="HA"),
    d.case("error_of_a_script_on_its_own_task", d.process(d.start() + d.script("t", "throw_error('X')")
           + d.boundary("b", "t", d.error("x")) + d.log("A", "H") + END, "s t A e", "b H e"), expect="H"),
    d.case("error_of_a_script_two_scopes_out", d.process(d.start() + d.sub("sp", INNER + d.sub("sq", d.start("s3")
           + d.script("t", "throw_error('Y')") + d.end("e3"), "s3 t e3"), "s2 sq e2") + d.boundary("b", "sp",
           d.error()) + d.log("A", "H") + END, "s sp A e", "b H e"), expect="H"),
    d.case("error_of_another_code_than_the_script_s", d.process(d.start() + d.script("t", "throw_error('X')")
           + d.boundary("b", "t", d.error("y")) + d.log("A", "H") + END, "s t A e", "b H e"), outcome="any"),
    d.case("error_of_a_call_caught_by_any", d.process(d.start() + d.call("k", "Q") + d.boundary("b", "k", d.error())
           + d.log("B", "H") + END, "s k B e", "b H e"), d.process(d.start("s2") + d.par("f") + d.user("u")
           + d.end("e2") + d.end("e3", d.error("y")), "s2 f u e2", "f e3", key="Q"),
           steps=[("expect_user_tasks", 0), ("expect_completed", True)], expect="H"),
    d.case("error_through_two_calls", d.process(d.start() + d.call("k", "Q") + d.boundary("b", "k", d.error("x"))
           + d.log("B", "H") + END, "s k B e", "b H e"), d.process(INNER + d.call("k2", "R") + d.log("A"),
           "s2 k2 A e2", key="Q"), d.process(d.start("s3") + d.end("e3", d.error("x")), "s3 e3", key="R"), expect="H"),
    d.case("error_handled_and_tried_again", d.process(d.start() + d.xor("m") + d.sub("sp",
           d.start("s2") + d.xor("y", default="y-e2") + d.end("e2") + d.end("e3", d.error("x")), "s2 y e2", "y e3",
           conditions={"y-e3": "n < 3"}) + TICK + d.boundary("b", "sp", d.error("x")) + d.log("A") + END,
           "s m sp A e", "b T m"), n=0, expect="A"),
    d.case("error_uncaught_in_a_sub_process", d.process(FORK + thrown(d.error("x")) + d.catch("k", d.message())
           + d.log("A") + END, "s f sp e", "f k A e"), steps=[("broadcast", "m")], outcome="any"),
    d.case("error_in_a_handler_that_interrupts_nothing", d.process(d.start() + d.sub("sp", INNER + d.user("u")
           + d.event_sub(d.signal(), d.log("H") + d.script("I", "throw_error('X')"), "H I", interrupting=False),
           "s2 u e2") + d.boundary("b", "sp", d.error("x")) + d.log("A", "K") + END, "s sp A e", "b K e"),
           steps=[("signal", "g"), ("expect_user_tasks", 0), ("expect_completed", True)], expect="HK"),
]  # fmt: skip

ESCALATING = d.sub("sp", INNER + d.throw("t", d.escalation("c")) + d.throw("t2", d.escalation("c")) + d.log("A"),
                   "s2 t t2 A e2")  # fmt: skip

ESCALATIONS = [
    d.case("escalation_each_time", d.process(d.start() + ESCALATING + d.boundary("b", "sp", d.escalation("c"),
           interrupting=False) + d.log("B", "H") + END + d.end("e3"), "s sp B e", "b H e3"), expect="HHAB"),
    d.case("escalation_interrupts_at_once", d.process(d.start() + ESCALATING + d.boundary("b", "sp",
           d.escalation("c")) + d.log("B", "H") + END, "s sp B e", "b H e"), expect="H"),
    d.case("escalation_of_another_code", d.process(d.start() + ESCALATING + d.boundary("b", "sp", d.escalation("k"))
           + d.log("B", "H") + END, "s sp B e", "b H e"), expect="AB"),
    d.case("escalation_caught_by_any", d.process(d.start() + ESCALATING + d.boundary("b", "sp", d.escalation())
           + d.log("B", "H") + END, "s sp B e", "b H e"), expect="H"),
    d.case("escalation_two_scopes_out", d.process(d.start() + d.sub("sq", d.start("s3") + thrown(d.escalation("c"))
           + d.log("A") + d.end("e3"), "s3 sp A e3") + d.boundary("b", "sq", d.escalation("c"), interrupting=False)
           + d.log("B", "H") + END + d.end("e4"), "s sq B e", "b H e4"), expect="HAB"),
    d.case("escalation_out_of_a_call", d.process(d.start() + d.call("k", "Q") + d.boundary("b", "k", d.escalation("c"),
           interrupting=False) + d.log("B", "H") + END + d.end("e3"), "s k B e", "b H e3"),
           d.process(INNER + d.throw("t", d.escalation("c")) + d.log("A"), "s2 t A e2", key="Q"), expect="HAB"),
    d.case("escalation_ends_a_call", d.process(d.start() + d.call("k", "Q") + d.boundary("b", "k", d.escalation("c"))
           + d.log("B", "H") + END, "s k B e", "b H e"), d.process(INNER + d.throw("t", d.escalation("c"))
           + d.user("u"), "s2 t u e2", key="Q"), steps=[("expect_user_tasks", 0), ("expect_completed", True)],
           expect="H"),
    d.case("escalation_does_not_reach_a_sibling", d.process(FORK + ESCALATING + d.sub("sq", d.start("s3") + d.user("u")
           + d.end("e3"), "s3 u e3") + d.boundary("b", "sq", d.escalation("c")) + d.log("B", "H") + END, "s f sp e",
           "f sq B e", "b H e"), steps=[("complete", "u"), ("expect_completed", True)], expect="AB"),
    d.case("escalation_end_in_parallel", d.process(d.start() + d.sub("sp", d.start("s2") + d.par("f") + d.log("A")
           + d.end("e2") + d.end("e3", d.escalation("c")), "s2 f A e2", "f e3") + d.boundary("b", "sp",
           d.escalation("c"), interrupting=False) + d.log("B", "H") + END + d.end("e4"), "s sp B e", "b H e4"),
           expect="AHB"),
]  # fmt: skip

SIGNALS = [
    d.case("signal_everywhere_at_once", d.process(FORK + d.catch("k", d.signal()) + d.user("u")
           + d.boundary("b", "u", d.signal()) + d.log("A", "H") + END
           + d.event_sub(d.signal(), d.log("K"), "K", interrupting=False), "s f k A e", "f u e", "b H e"),
           d.process(d.start("s2", d.signal()) + d.log("B") + d.end("e2"), "s2 B e2", key="Q"),
           steps=[("signal", "g"), ("expect_completed", True)], expect="AHKB"),
    d.case("signal_to_all_instances", attached(d.signal()), start=["P"] * 3,
           steps=[("signal", "g"), ("expect_user_tasks", 0), ("expect_completed", True)], expect="HHH"),
    d.case("signal_is_not_kept", d.process(d.start() + d.user("u") + d.catch("k", d.signal()) + d.log("A") + END,
           "s u k A e"), steps=[("signal", "g"), ("complete", "u"), ("expect_completed", False)]),
    d.case("signal_before_its_own_catch", d.process(d.start() + d.throw("t", d.signal()) + d.catch("k", d.signal())
           + d.log("A") + END, "s t k A e"), steps=[("expect_completed", False), ("signal", "g")], expect="A"),
    d.case("signal_to_nobody", d.process(d.start() + d.throw("t", d.signal()) + d.log("A") + END, "s t A e"),
           expect="A"),
    d.case("signal_starts_one_instance_each", d.process(d.start("s", d.signal()) + d.log("A") + END, "s A e"),
           start=[], steps=[("signal", "g"), ("signal", "g2"), ("signal", "g")], expect="AA"),
    d.case("signal_between_instances", d.process(d.start() + d.catch("k", d.signal()) + d.log("A") + END, "s k A e"),
           d.process(d.start("s2") + d.log("B") + d.end("e2", d.signal()), "s2 B e2", key="Q"),
           start=["P", "P", "Q"], expect="BAA"),
    d.case("signal_of_its_own_boundary", d.process(d.start() + d.sub("sp", INNER + d.throw("t", d.signal())
           + d.user("u"), "s2 t u e2") + d.boundary("b", "sp", d.signal()) + d.log("H") + END, "s sp e", "b H e"),
           steps=[("expect_user_tasks", 0), ("expect_completed", True)], expect="H"),
]  # fmt: skip

CONDITIONS = [
    d.case("condition_true_already", caught(d.condition("n > 2")), n=3, expect="A"),
    d.case("condition_each_time_it_becomes_true", attached(d.condition("go"), interrupting=False), go=False,
           steps=[("set", {"go": True}), ("set", {"go": False}), ("set", {"go": True}), ("complete", "u")],
           expect="HHA"),
    d.case("condition_not_again_while_it_is_true", attached(d.condition("go"), interrupting=False), go=False,
           steps=[("set", {"go": True}), ("set", {"go": True}), ("complete", "u")], expect="HA"),
    d.case("condition_is_closed_with_its_task", attached(d.condition("go")), go=False,
           steps=[("complete", "u"), ("set", {"go": True})], expect="A"),
    d.case("condition_in_two_instances", caught(d.condition("go")), start=["P", "P"], go=False,
           steps=[("set", {"go": True}), ("expect_completed", True)], expect="AA"),
    d.case("condition_start_only_when_true", d.process(d.start("s", d.condition("n > 2")) + d.script("A", "log(n)")
           + END, "s A e"), start=[], steps=[("set", {"n": 1}), ("set", {"n": 3})], expect="3"),
    d.case("condition_changed_within_the_scope", d.process(d.start() + d.sub("sp", INNER + d.user("u")
           + d.script("T", "n = n + 1") + d.user("v"), "s2 u T v e2") + d.boundary("b", "sp", d.condition("n > 1"))
           + d.log("B", "H") + END, "s sp B e", "b H e"), n=1, expect="H",
           steps=[("complete", "u"), ("expect_user_tasks", 0), ("expect_completed", True)]),
    d.case("condition_ends_what_hangs_at_a_join", d.process(FORK + d.user("u") + d.boundary("b", "u", d.signal())
           + d.log("A") + d.par("j") + END + d.end("e2") + d.event_sub(d.condition("go"), d.log("H"), "H"), "s f A j e",
           "f u j", "b e2"), go=False, steps=[("signal", "g"), ("expect_completed", False), ("set", {"go": True}),
           ("expect_completed", True)], expect="AH"),
]  # fmt: skip

LINKS = [
    d.case("link_from_two_places", d.process(FORK + d.throw("t", d.link("L")) + d.throw("t2", d.link("L"))
           + d.catch("k", d.link("L")) + d.log("A") + END, "s f t", "f t2", "k A e"), expect="AA"),
    d.case("link_two_names", d.process(FORK + d.throw("t", d.link("L")) + d.throw("t2", d.link("M"))
           + d.catch("k", d.link("L")) + d.catch("c", d.link("M")) + d.log("A", "B") + END, "s f t", "f t2", "k A e",
           "c B e"), expect="AB"),
    d.case("link_back", d.process(d.start() + d.xor("m", "x", default="x-e") + d.catch("k", d.link("L")) + d.log("A")
           + TICK + d.throw("t", d.link("L")) + END, "s m A T x t", "k m", "x e", conditions={"x-t": "n < 3"}), n=0,
           expect="AAA"),
    d.case("link_within_a_sub_process", d.process(d.start() + d.sub("sp", d.start("s2") + d.throw("t", d.link("L"))
           + d.catch("k", d.link("L")) + d.log("A") + d.end("e2"), "s2 t", "k A e2") + d.log("B") + END, "s sp B e"),
           expect="AB"),
    d.case("link_of_one_name_in_two_scopes", d.process(d.start() + d.throw("t", d.link("L")) + d.catch("k",
           d.link("L")) + d.sub("sp", d.start("s2") + d.throw("t2", d.link("L")) + d.catch("k2", d.link("L"))
           + d.log("A") + d.end("e2"), "s2 t2", "k2 A e2") + d.log("B") + END, "s t", "k sp B e"), expect="AB"),
]  # fmt: skip

SEVERAL = [
    d.case("multiple_start", d.process(d.start("s", d.message(), d.signal()) + d.log("A") + END, "s A e"), start=[],
           steps=[("broadcast", "m"), ("signal", "g")], expect="AA"),
    d.case("multiple_boundary_each_time", attached(d.message(), d.signal(), interrupting=False), expect="HHHA",
           steps=[("signal", "g"), ("broadcast", "m"), ("signal", "g"), ("complete", "u")]),
    d.case("multiple_catch_with_a_timer", caught(d.message(), d.after("PT5S")), expect="A",
           steps=[("advance", 9), ("broadcast", "m"), ("expect_completed", True)]),
    d.case("multiple_throw_of_two_kinds", d.process(d.start() + d.throw("t", d.message(), d.signal()) + d.log("A")
           + END, "s t A e"), d.process(d.start("s2", d.message()) + d.log("B") + d.end("e2"), "s2 B e2", key="Q"),
           d.process(d.start("s3", d.signal()) + d.log("C") + d.end("e3"), "s3 C e3", key="R"), expect="ABC"),
    d.case("parallel_multiple_boundary", attached(d.message(), d.signal(), parallelMultiple="true"), expect="H",
           steps=[("signal", "g"), ("signal", "g"), ("expect_trace", []), ("broadcast", "m"),
                  ("expect_completed", True)]),
    d.case("parallel_multiple_ends_with_its_task", attached(d.message(), d.signal(), parallelMultiple="true"),
           steps=[("signal", "g"), ("complete", "u"), ("broadcast", "m")], expect="A"),
    d.case("shared_definition_in_two_places", '<signalEventDefinition id="sd" signalRef="sig_g"/>', d.process(FORK
           + d.user("u") + d.boundary("b", "u", "<eventDefinitionRef>sd</eventDefinitionRef>") + d.catch("k",
           "<eventDefinitionRef>sd</eventDefinitionRef>") + d.log("A", "H") + END, "s f u e", "f k A e", "b H e"),
           steps=[("signal", "g"), ("expect_completed", True)], expect="AH"),
    d.case("two_events_on_one_task", d.process(WAITS + d.boundary("b", "u", d.message()) + d.boundary("c", "u",
           d.after("PT5S")) + d.log("K"), "s u A e", "b H e", "c K e"), expect="H",
           steps=[("broadcast", "m"), ("advance", 60), ("expect_completed", True)]),
    d.case("one_event_that_interrupts_after_one_that_does_not", d.process(WAITS + d.boundary("b", "u", d.message())
           + d.boundary("c", "u", d.every("R/PT5S"), interrupting=False) + d.log("K") + d.end("e3"), "s u A e",
           "b H e", "c K e3"), steps=[("advance", 11), ("broadcast", "m"), ("advance", 60), ("expect_completed", True)],
           expect="KKH"),
    d.case("event_on_a_task_in_each_round", d.process(d.start() + d.xor("m") + d.user("u") + d.boundary("b", "u",
           d.after("PT5S")) + d.log("A", "H") + END, "s m u A e", "b H m"), expect="HHA",
           steps=[("advance", 11), ("expect_user_tasks", 1), ("complete", "u"), ("advance", 60)]),
]  # fmt: skip

CASES = [*MESSAGES, *TIMERS, *ERRORS, *ESCALATIONS, *SIGNALS, *CONDITIONS, *LINKS, *SEVERAL]
