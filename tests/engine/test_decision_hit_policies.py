"""Hit policies: which of the matching rules answer, and what is said where none or too many do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.core.expressions import ExpressionError
from engine.decisions.hit_policies import AGGREGATIONS, HIT_POLICIES
from tests.engine.dmn import table

OVERLAPPING = [("< 10", "1"), ("< 20", "2"), ("> 15", "3")]


def test_unique_gives_the_one_rule_that_matches() -> None:
    assert table(OVERLAPPING).evaluate({"x": 25}) == ([{"y": 3}], (3,))


def test_unique_refuses_an_overlap_and_names_table_rules_and_inputs() -> None:
    with pytest.raises(ExpressionError, match=r"one rule of 'table' to match, but 2 and 3 do\. Its inputs: x 17\."):
        table(OVERLAPPING).evaluate({"x": 17})


def test_any_gives_one_row_where_the_rules_agree() -> None:
    agreeing = table([("< 10", '"a"'), ("< 20", '"a"')], policy='hitPolicy="ANY"')
    assert agreeing.evaluate({"x": 5}) == ([{"y": "a"}], (1,))


def test_any_refuses_rules_that_differ() -> None:
    with pytest.raises(ExpressionError, match="but 1 and 2 differ"):
        table([("< 10", '"a"'), ("< 20", '"b"')], policy='hitPolicy="ANY"').evaluate({"x": 5})
    with pytest.raises(ExpressionError, match="but 1 and 2 differ"):
        table([("< 10", "1"), ("< 20", "true")], policy='hitPolicy="ANY"').evaluate({"x": 5})


def test_first_gives_the_first_rule_and_looks_at_no_later_one() -> None:
    first = table([("< 10", "1"), ("< missing", "2")], policy='hitPolicy="FIRST"')
    assert first.evaluate({"x": 5}) == ([{"y": 1}], (1,))


PRIORITIES: dict[str, Any] = {"values": {"y": '"high","middle","low"'}, "types": {"y": "string"}}
UNSORTED = [("-", '"low"'), ("-", '"high"'), ("> 5", '"middle"')]


def test_priority_gives_the_output_that_is_listed_first() -> None:
    assert table(UNSORTED, policy='hitPolicy="PRIORITY"', **PRIORITIES).evaluate({"x": 9}) == ([{"y": "high"}], (2,))


def test_output_order_sorts_by_the_listed_values() -> None:
    rows, rules = table(UNSORTED, policy='hitPolicy="OUTPUT ORDER"', **PRIORITIES).evaluate({"x": 9})
    assert ([row["y"] for row in rows], rules) == (["high", "middle", "low"], (2, 3, 1))


@pytest.mark.parametrize("policy", ["RULE ORDER", "COLLECT"])
def test_rule_order_and_collect_give_every_rule_in_order(policy: str) -> None:
    every = table(OVERLAPPING, policy=f'hitPolicy="{policy}"')
    assert every.evaluate({"x": 5}) == ([{"y": 1}, {"y": 2}], (1, 2))


@pytest.mark.parametrize(("aggregation", "result"), [("SUM", 3), ("MIN", 1), ("MAX", 2), ("COUNT", 2)])
def test_collect_aggregates(aggregation: str, result: int) -> None:
    collected = table(OVERLAPPING, policy=f'hitPolicy="COLLECT" aggregation="{aggregation}"')
    assert collected.evaluate({"x": 5}) == ([{"y": result}], (1, 2))


@pytest.mark.parametrize(
    ("policy", "rows"),
    [
        ('hitPolicy="RULE ORDER"', []),
        ('hitPolicy="OUTPUT ORDER"', []),
        ('hitPolicy="COLLECT"', []),
        ('hitPolicy="COLLECT" aggregation="COUNT"', [{"y": 0}]),
        ('hitPolicy="COLLECT" aggregation="SUM"', [{"y": None}]),
        ('hitPolicy="COLLECT" aggregation="MIN"', [{"y": None}]),
        ('hitPolicy="COLLECT" aggregation="MAX"', [{"y": None}]),
    ],
)
def test_what_may_give_several_rows_may_give_none(policy: str, rows: list[Any]) -> None:
    assert table([("1", "1")], policy=policy, values={"y": "1,2"}).evaluate({"x": 2}) == (rows, ())


@pytest.mark.parametrize("policy", ["UNIQUE", "ANY", "FIRST", "PRIORITY"])
def test_what_gives_one_row_refuses_to_give_none_and_names_table_and_inputs(policy: str) -> None:
    single = table([("1", "a", "1")], inputs=("x", "z"), policy=f'hitPolicy="{policy}"', values={"y": "1,2"})
    with pytest.raises(
        ExpressionError, match=r"^Expected a rule of 'table' to match, but none does\. Its inputs: x 2, z None\.$"
    ):
        single.evaluate({"x": 2, "z": None, "a": 1})


@pytest.mark.parametrize(
    "policy",
    [
        *(f'hitPolicy="{policy}"' for policy in sorted(HIT_POLICIES)),
        *(f'hitPolicy="COLLECT" aggregation="{name}"' for name in sorted(AGGREGATIONS)),
    ],
)
def test_the_defaults_answer_where_no_rule_matches(policy: str) -> None:
    given = table([("1", "1")], policy=policy, values={"y": "1,2,9"}, defaults={"y": "x + 7"})
    assert given.evaluate({"x": 2}) == ([{"y": 9}], ())
    assert given.evaluate({"x": 1})[1] == (1,)


def test_an_output_without_a_default_is_null_beside_one_that_has_it() -> None:
    given = table([("1", "1", "2")], outputs=("y", "z"), defaults={"z": '"none"'})
    assert given.evaluate({"x": 2}) == ([{"y": None, "z": "none"}], ())


def test_unique_names_every_rule_of_an_overlap() -> None:
    with pytest.raises(ExpressionError, match="but 1 and 2 and 3 do"):
        table([("-", "1"), ("< 3", "1"), ("2", "1")]).evaluate({"x": 2})


def test_a_message_names_so_many_rules_as_can_be_read() -> None:
    with pytest.raises(ExpressionError, match=r"but 1 and 2 .* and 10 and 15 more do\."):
        table([("-", "1")] * 25).evaluate({"x": 2})


def test_any_compares_every_output() -> None:
    rules = [("-", "1", '"a"'), ("> 5", "1", '"a"'), ("> 8", "1", '"b"')]
    same = table(rules, outputs=("y", "z"), policy='hitPolicy="ANY"')
    assert same.evaluate({"x": 7}) == ([{"y": 1, "z": "a"}], (1,))
    with pytest.raises(ExpressionError, match="the matching rules of 'table' to agree, but 1 and 3 differ"):
        same.evaluate({"x": 9})


def test_priority_goes_by_the_first_output_and_then_by_the_next() -> None:
    rules = [("-", "2", '"low"'), ("-", "1", '"low"'), ("-", "1", '"high"')]
    sorted_by_both = {"outputs": ("y", "z"), "values": {"y": "1,2", "z": '"high","low"'}}
    first = table(rules, policy='hitPolicy="PRIORITY"', **sorted_by_both)
    every = table(rules, policy='hitPolicy="OUTPUT ORDER"', **sorted_by_both)
    assert first.evaluate({"x": 1}) == ([{"y": 1, "z": "high"}], (3,))
    assert every.evaluate({"x": 1})[1] == (3, 2, 1)


def test_rules_of_one_priority_stay_in_their_order() -> None:
    rules = [("-", '"low"'), ("-", '"high"'), ("> 1", '"low"'), ("> 1", '"high"')]
    every = table(rules, policy='hitPolicy="OUTPUT ORDER"', **PRIORITIES)
    assert every.evaluate({"x": 2})[1] == (2, 4, 1, 3)


@pytest.mark.parametrize(
    ("aggregation", "results", "value"),
    [
        ("SUM", ["0.1", "0.2"], 0.3),
        ("SUM", ["-1", "1.5"], 0.5),
        ("MIN", ['duration("P10D")', 'duration("P2D")'], "P2D"),
        ("MAX", ['duration("P2D")', 'duration("P10D")'], "P10D"),
        ("MAX", ['date("2026-05-01")', 'date("2026-10-01")'], "2026-10-01"),
        ("MIN", ['"b"', '"a"'], "a"),
        ("COUNT", ['"a"', '"a"'], 2),
        ("COUNT", ["null", "1"], 2),
    ],
)
def test_collect_aggregates_more_than_whole_numbers(aggregation: str, results: list[str], value: object) -> None:
    policy = f'hitPolicy="COLLECT" aggregation="{aggregation}"'
    assert table([("-", result) for result in results], policy=policy).evaluate({"x": 1})[0] == [{"y": value}]


@pytest.mark.parametrize(
    ("aggregation", "results"), [("SUM", ["1", "null"]), ("MIN", ["1", "null"]), ("MAX", ["1", '"a"'])]
)
def test_what_cannot_be_aggregated_is_refused(aggregation: str, results: list[str]) -> None:
    policy = f'hitPolicy="COLLECT" aggregation="{aggregation}"'
    with pytest.raises(ExpressionError, match=f"Expected numbers for the {aggregation.lower()} of 'y' in 'table'"):
        table([("-", result) for result in results], policy=policy).evaluate({"x": 1})


def test_a_sum_of_texts_is_refused() -> None:
    summed = table([("-", '"a"'), ("-", '"b"')], policy='hitPolicy="COLLECT" aggregation="SUM"')
    with pytest.raises(ExpressionError, match="Expected numbers for the sum of 'y' in 'table'"):
        summed.evaluate({"x": 1})


def test_a_table_without_a_hit_policy_is_unique() -> None:
    with pytest.raises(ExpressionError, match="one rule of 'table' to match, but 1 and 2 do"):
        table([("1", "1"), ("1", "2")], policy="").evaluate({"x": 1})


def test_a_table_without_inputs_matches_by_every_rule() -> None:
    bare = table([("1",), ("2",)], inputs=(), policy='hitPolicy="COLLECT"')
    assert bare.evaluate({}) == ([{"y": 1}, {"y": 2}], (1, 2))


def test_a_table_without_rules_has_no_match() -> None:
    assert table([], policy='hitPolicy="COLLECT"').evaluate({"x": 1}) == ([], ())
    with pytest.raises(ExpressionError, match="a rule of 'table' to match, but none does"):
        table([]).evaluate({"x": 1})


INTERVALS = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6), st.integers(1, 3)), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(INTERVALS, st.integers(0, 6))
def test_every_policy_answers_as_its_definition_says(rules: list[tuple[int, int, int]], value: int) -> None:
    hits = [(number, out) for number, (low, high, out) in enumerate(rules, start=1) if low <= value <= high]
    outputs = [out for _, out in hits]
    drawn = [(f"[{low}..{high}]", str(out)) for low, high, out in rules]
    ranked = sorted(hits, key=lambda hit: [3, 1, 2].index(hit[1]))
    expected: dict[str, list[tuple[int, int]] | None] = {
        "UNIQUE": hits if len(hits) == 1 else None,
        "ANY": hits[:1] if len(set(outputs)) == 1 else None,
        "FIRST": hits[:1] or None,
        "PRIORITY": ranked[:1] or None,
        "RULE ORDER": hits,
        "OUTPUT ORDER": ranked,
        "COLLECT": hits,
    }
    assert expected.keys() == HIT_POLICIES
    for policy, answer in expected.items():
        asked = table(drawn, policy=f'hitPolicy="{policy}"', values={"y": "3,1,2"})
        if answer is None:
            with pytest.raises(ExpressionError, match="of 'table' to"):
                asked.evaluate({"x": value})
        else:
            given_rows = [{"y": out} for _, out in answer], tuple(number for number, _ in answer)
            assert asked.evaluate({"x": value}) == given_rows
