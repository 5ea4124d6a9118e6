"""Compensation: by boundary event and by event sub-process, thrown, ended with, and on cancel (BPMN 2.0, 10.7, 13.5.5)."""

from __future__ import annotations

from tests.conformance import drawing as d

END = d.end()
INNER = d.start("s2") + d.end("e2")
TICK = d.script("T", "n = n + 1")
ALL = d.throw("t", d.COMPENSATE)
A, A_TO_H = d.compensated("A", "H")
B, B_TO_K = d.compensated("B", "K")
BOTH = d.log("A", "B") + A + B
LINKS = A_TO_H + B_TO_K


def noting(activity: str, by: str) -> tuple[str, str]:
    """A handler that puts its id behind those of the ones before it."""
    return d.compensated(activity, by, f'o = o + "{by}"')


H1, TO_H1 = noting("A", "h1")
H2, TO_H2 = noting("B", "h2")
NOTED, NOTED_LINKS = d.log("A", "B") + H1 + H2, TO_H1 + TO_H2
TELL = d.script("C", "log(o)")
FAILING, TO_FAILING = d.compensated("A", "H", "throw_error('X')")

THROWN = [
    d.case("compensation_of_all_that_was_done", d.process(d.start() + BOTH + ALL + END, "s A B t e", last=LINKS),
           expect="ABHK"),
    d.case("compensation_in_reverse_order", d.process(d.start() + NOTED + ALL + TELL + END, "s A B t C e",
           last=NOTED_LINKS), o="", expect=["A", "B", "h2h1"]),
    d.case("compensation_of_one_activity", d.process(d.start() + BOTH + d.throw("t", d.compensate("A")) + END,
           "s A B t e", last=LINKS), expect="ABH"),
    d.case("compensation_of_one_activity_at_the_end", d.process(d.start() + BOTH + d.end("e", d.compensate("B")),
           "s A B e", last=LINKS), expect="ABK"),
    d.case("compensation_of_nothing_that_is_still_open", d.process(d.start() + d.par("f") + d.user("A") + A
           + ALL + d.log("C") + END, "s f A e", "f t C e", last=A_TO_H), steps=[("complete", "A")], expect="C"),
    d.case("compensation_of_nothing_that_was_not_reached", d.process(d.start() + d.xor("x", default="x-B") + BOTH + ALL
           + END, "s x A t e", "x B t", last=LINKS, conditions={"x-A": "1 == 2"}), expect="BK"),
    d.case("compensation_once", d.process(d.start() + d.log("A") + A + ALL + d.throw("t2", d.COMPENSATE) + END,
           "s A t t2 e", last=A_TO_H), expect="AH"),
    d.case("compensation_of_each_round", d.process(d.start() + d.xor("m", "x", default="x-t") + d.log("A") + A + TICK
           + ALL + END, "s m A T x t e", "x m", last=A_TO_H, conditions={"x-m": "n < 3"}), n=0, expect="AAAHHH"),
    d.case("compensation_is_waited_for", d.process(d.start() + d.log("A") + d.boundary("b_A", "A", d.COMPENSATE)
           + d.task("userTask", "H", isForCompensation="true") + ALL + d.log("C") + END, "s A t C e", last=A_TO_H),
           steps=[("expect_trace", ["A"]), ("complete", "H"), ("expect_completed", True)], expect="AC"),
    d.case("compensation_of_a_user_task", d.process(d.start() + d.user("A") + A + ALL + END, "s A t e", last=A_TO_H),
           steps=[("complete", "A"), ("expect_completed", True)], expect="H"),
    d.case("compensation_of_a_call", d.process(d.start() + d.call("A", "Q") + A + ALL + END, "s A t e", last=A_TO_H),
           d.process(INNER + d.log("C"), "s2 C e2", key="Q"), expect="CH"),
    d.case("compensation_handler_is_no_part_of_the_flow", d.process(d.start() + d.log("A") + A + END, "s A e",
           last=A_TO_H), steps=[("expect_completed", True)], expect="A"),
    d.case("compensation_with_nothing_done", d.process(d.start() + ALL + BOTH + END, "s t A B e", last=LINKS),
           expect="AB"),
    d.case("compensation_of_parallel_branches", d.process(d.start() + d.par("f", "j") + BOTH + ALL + END, "s f A j t e",
           "f B j", last=LINKS), expect="ABHK"),
    d.case("compensation_of_each_turn_of_a_loop", d.process(d.start() + d.script("A", 'log("A")', d.loop("1 == 1",
           loopMaximum="2")) + A + ALL + END, "s A t e", last=A_TO_H), expect="AAHH"),
    d.case("compensation_of_each_instance_of_a_task", d.process(d.start() + d.script("A", 'log("A")', d.times("3"))
           + A + ALL + END, "s A t e", last=A_TO_H), expect="AAAHHH"),
]  # fmt: skip

SCOPES = [
    d.case("compensation_of_a_sub_process_undoes_what_is_in_it", d.process(d.start() + d.sub("sp", INNER + BOTH,
           "s2 A B e2", last=LINKS) + ALL + END, "s sp t e"), expect="ABHK"),
    d.case("compensation_within_two_sub_processes", d.process(d.start() + d.sub("sp", INNER + d.sub("sq",
           d.start("s3") + d.log("A") + A + d.end("e3"), "s3 A e3", last=A_TO_H) + d.log("B") + B, "s2 sq B e2",
           last=B_TO_K) + ALL + END, "s sp t e"), expect="ABHK"),
    d.case("compensation_of_a_sub_process_by_its_own_handler", d.process(d.start() + d.sub("sp", INNER + d.log("A")
           + A + d.event_sub(d.COMPENSATE, d.log("C"), "C"), "s2 A e2", last=A_TO_H) + ALL + END, "s sp t e"),
           expect="AC"),
    d.case("compensation_thrown_within_stays_within", d.process(d.start() + d.log("A") + A + d.sub("sp", INNER
           + d.log("B") + B + ALL, "s2 B t e2", last=B_TO_K) + END, "s A sp e", last=A_TO_H), expect="ABK"),
    d.case("compensation_by_an_error_handler", d.process(d.start() + d.sub("sp", d.start("s2") + d.log("A") + A
           + d.end("e2", d.error("x")) + d.event_sub(d.error("x"), ALL + d.log("C"), "t C"), "s2 A e2", last=A_TO_H)
           + d.log("B") + END, "s sp B e"), expect="AHCB"),
    d.case("compensation_of_a_sub_process_by_name", d.process(d.start() + d.sub("sp", INNER + d.log("A") + A,
           "s2 A e2", last=A_TO_H) + d.log("B") + B + d.throw("t", d.compensate("sp")) + END, "s sp B t e",
           last=B_TO_K), expect="ABH"),
    d.case("compensation_of_every_instance", d.process(d.start() + d.sub("sp", INNER + d.log("A") + A, "s2 A e2",
           marker=d.times("2"), last=A_TO_H) + ALL + END, "s sp t e"), expect="AAHH"),
    d.case("compensation_of_a_scope_that_was_interrupted", d.process(d.start() + d.sub("sp", INNER + d.log("A") + A
           + d.user("u"), "s2 A u e2", last=A_TO_H) + d.boundary("b", "sp", d.signal()) + ALL + END, "s sp e",
           "b t e"), steps=[("signal", "g"), ("expect_completed", True)], expect="A"),
]  # fmt: skip


def cancelled(body: str, *paths: str, last: str = "", after: str = "C") -> str:
    """A transaction that ends with a cancel event e2, and what follows its cancel boundary event."""
    drawn = d.sub("sp", d.start("s2") + body + d.end("e2", d.CANCEL), *paths, tag="transaction", last=last)
    shown = TELL if after == "o" else d.log("C")
    return d.process(d.start() + drawn + d.boundary("b", "sp", d.CANCEL) + shown + END, "s sp e", "b C e")


CANCELLED = [
    d.case("cancel_in_reverse_order", cancelled(NOTED, "s2 A B e2", last=NOTED_LINKS, after="o"), o="",
           expect=["A", "B", "h2h1"]),
    d.case("cancel_undoes_what_was_done_only", cancelled(BOTH + d.par("f") + d.user("u") + d.end("e3"),
           "s2 A f e2", "f u B e3", last=LINKS), steps=[("expect_user_tasks", 0), ("expect_completed", True)],
           expect="AHC"),
    d.case("cancel_undoes_sub_processes_too", cancelled(d.sub("sq", d.start("s3") + d.log("A") + A + d.end("e3"),
           "s3 A e3", last=A_TO_H), "s2 sq e2"), expect="AHC"),
    d.case("cancel_waits_for_its_handlers", cancelled(d.log("A") + d.boundary("b_A", "A", d.COMPENSATE)
           + d.task("userTask", "H", isForCompensation="true"), "s2 A e2", last=A_TO_H),
           steps=[("expect_trace", ["A"]), ("complete", "H"), ("expect_completed", True)], expect="AC"),
    d.case("cancel_leaves_what_was_done_outside", d.process(d.start() + d.log("B") + B + d.sub("sp", d.start("s2")
           + d.log("A") + A + d.end("e2", d.CANCEL), "s2 A e2", tag="transaction", last=A_TO_H)
           + d.boundary("b", "sp", d.CANCEL) + d.log("C") + END, "s B sp e", "b C e", last=B_TO_K), expect="BAHC"),
    d.case("cancel_and_try_again", d.process(d.start() + d.xor("m") + d.sub("sp", d.start("s2") + d.log("A") + A
           + d.xor("x", default="x-e3") + d.end("e2", d.CANCEL) + d.end("e3"), "s2 A x e3", "x e2", tag="transaction",
           last=A_TO_H, conditions={"x-e2": "n < 1"}) + d.boundary("b", "sp", d.CANCEL) + TICK + d.log("C") + END,
           "s m sp C e", "b T m"), n=0, expect="AHAC"),
    # 10.3.5: what fails while a transaction is cancelled is a hazard, and leaves by its error event.
    d.case("cancel_that_fails_leaves_by_the_error_event", d.process(d.start() + d.sub("sp", d.start("s2") + d.log("A")
           + FAILING + d.end("e2", d.CANCEL), "s2 A e2", tag="transaction", last=TO_FAILING)
           + d.boundary("b", "sp", d.CANCEL) + d.boundary("c", "sp", d.error("x")) + d.log("C", "D") + END, "s sp e",
           "b C e", "c D e"), expect="AD"),
]  # fmt: skip

CASES = [*THROWN, *SCOPES, *CANCELLED]
