"""Where a decision turns when one number moves."""

from __future__ import annotations

import math
from itertools import pairwise

import pytest
from small_projects import BASE, TODAY, gate, load, rule

from weighbridge.sweep import Point, spread, sweep, turns

ENGINE = load(
    *BASE,
    {"region": "BB", "extends": "world", "parameters": {"limit": 7.3}},
    gate(rule("n > region.limit"), rule("n >= 9 and m > 1", "both", then={"verdict": "warn"})),
)
VALUES = spread(0.0, 10.0, 11)


def points(markets: tuple[str, ...] = ("AA",), **record: float) -> tuple[Point, ...]:
    return sweep(ENGINE, "gate", record, "n", VALUES, markets, TODAY)


def test_every_value_in_every_market_is_what_decide_says() -> None:
    found = points(("AA", "BB"), m=2)
    assert [(p.market, p.value) for p in found] == [(m, v) for m in ("AA", "BB") for v in VALUES]
    for point in found:
        decision = ENGINE.decide("gate", {"m": 2, "n": point.value}, market=point.market, as_of=TODAY)
        assert (point.verdict, point.fired) == (decision.verdict, decision.fired)


def test_a_turn_is_narrowed_to_neighbouring_numbers() -> None:
    for market, limit in (("AA", 3.0), ("BB", 7.3)):
        found = points((market,))
        (turn,) = turns(ENGINE, "gate", {}, "n", found, TODAY)
        assert turn.market == market
        assert (turn.before.verdict, turn.after.verdict) == ("pass", "block")
        assert turn.before.value == limit
        assert turn.after.value == math.nextafter(limit, math.inf)


def test_turns_lie_within_one_market() -> None:
    found = points(("AA", "BB"), m=2)
    ways = [
        (t.market, t.before.fired, t.after.fired) for t in turns(ENGINE, "gate", {"m": 2}, "n", found, TODAY)
    ]
    one, two = ("gate/r",), ("gate/r", "gate/both")
    assert ways == [("AA", (), one), ("AA", one, two), ("BB", (), one), ("BB", one, two)]


def test_the_turn_at_which_only_a_rule_differs_counts() -> None:
    found = points(m=2)
    last = list(turns(ENGINE, "gate", {"m": 2}, "n", found, TODAY))[-1]
    assert last.before.verdict == last.after.verdict == "block"
    assert last.after.value == 9.0


def test_nothing_turns_where_nothing_changes() -> None:
    found = sweep(ENGINE, "gate", {}, "o", VALUES, ("AA",), TODAY)
    assert list(turns(ENGINE, "gate", {}, "o", found, TODAY)) == []


def test_values_the_field_may_not_have_are_left_out() -> None:
    record, *others = BASE
    bounded = {**record, "fields": {**record["fields"], "n": {"type": "number", "min": 2, "max": 8}}}
    engine = load(bounded, *others, gate(rule("n > 3")))
    found = sweep(engine, "gate", {}, "n", [*VALUES, math.inf, math.nan], ("AA",), TODAY)
    assert [p.value for p in found] == [2, 3, 4, 5, 6, 7, 8]


def test_scores_and_tiers_are_part_of_the_outcome() -> None:
    card = {
        "scorecard": "card",
        "record": "thing",
        "characteristics": [
            {"id": "c", "weight": 1, "value": "n", "bins": [{"upto": 5, "points": 10}, {"points": 90}]}
        ],
        "tiers": [{"id": "low", "from": 0}, {"id": "high", "from": 50}],
    }
    engine = load(*BASE, card)
    found = sweep(engine, "card", {}, "n", VALUES, ("AA",), TODAY)
    assert [p.tiers["card"] for p in found] == ["low"] * 6 + ["high"] * 5
    assert {p.scores["card"] for p in found} == {10.0, 90.0}
    (turn,) = turns(engine, "card", {}, "n", found, TODAY)
    assert turn.before.value == 5.0
    assert turn.before.verdict is None


@pytest.mark.parametrize(("low", "high", "count"), [(0, 1, 2), (-3, 7, 11), (0.1, 0.7, 4)])
def test_a_spread_has_both_ends_and_even_steps(low: float, high: float, count: int) -> None:
    found = spread(low, high, count)
    assert (found[0], found[-1], len(found)) == (low, high, count)
    gaps = [b - a for a, b in pairwise(found)]
    assert max(gaps) - min(gaps) < 1e-12
