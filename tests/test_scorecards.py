"""Scorecards: bins at their edges, exact sums, coverage, missing data, tiers, and reasons in their order."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_projects import BASE, RECORD_TYPE, TERMS, TODAY, load, refusal

from weighbridge.decisions import Score
from weighbridge.scorecards import MOST_BINS

FIELDS = ("n", "m", "o")


def card(*lines: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A scorecard over things; every characteristic has an id of its own."""
    named = [{"id": f"x{i}"} | line for i, line in enumerate(lines)]
    return {"scorecard": "card", "record": "thing", "characteristics": named, **keys}


def score(record: dict[str, Any], *lines: dict[str, Any], **keys: Any) -> Score:
    """The score of a record."""
    return load(*BASE, card(*lines, **keys)).decide("card", record, market="AA", as_of=TODAY).scores["card"]


def binned(*bins: dict[str, Any], value: str = "n", **keys: Any) -> dict[str, Any]:
    """A characteristic with bins; bin i gives i + 1 points unless it says otherwise."""
    return {"value": value, "bins": [{"points": i + 1} | b for i, b in enumerate(bins)], **keys}


def fixed(points: float, value: str = "n", **keys: Any) -> dict[str, Any]:
    """A characteristic that gives these points for any known value."""
    return {"value": value, "bins": [{"points": points}], **keys}


# --------------------------------------------------------------------------------------------------- bins

UP = [math.nextafter(5, 9), 5, math.nextafter(5, 0)]


@pytest.mark.parametrize(
    ("bins", "expected"),
    [
        # The bin of: just above 5, 5 itself, just below 5; None where no bin takes the value.
        ([{"upto": 5}, {}], [2, 1, 1]),
        ([{"upto": 4}, {"upto": 5}, {}], [3, 2, 2]),
        ([{"from": 0}, {"from": 5}], [2, 2, 1]),
        ([{"from": 5}], [1, 1, None]),
        ([{"range": "[0..5)"}, {"range": "[5..9]"}], [2, 2, 1]),
        ([{"range": "(0..5]"}, {"range": "(5..9]"}], [2, 1, 1]),
        ([{"range": "[5..5]"}, {}], [2, 1, 2]),
        ([{"range": "(..5)"}, {"range": "[5..)"}], [2, 2, 1]),
        ([{"in": [5, 7]}, {}], [2, 1, 2]),
        ([{"is": 5}, {"is": 6}], [None, 1, None]),
    ],
)
def test_bins_at_their_edges(bins: list[dict[str, Any]], expected: list[float | None]) -> None:
    engine = load(*BASE, card(binned(*bins)))
    found = [
        engine.decide("card", {"n": n}, market="AA", as_of=TODAY).scores["card"].points["x0"] for n in UP
    ]
    assert found == expected


@pytest.mark.parametrize(
    ("line", "record", "expected"),
    [
        (binned({"in": ["new"]}, {"in": ["used", "broken"]}, value="e"), {"e": "broken"}, 2),
        (binned({"is": "new"}, {}, value="e"), {"e": "used"}, 2),
        (binned({"is": True}, {"is": False}, value="b"), {"b": False}, 2),
        (binned({"is": True}, {}, value="n > 1"), {"n": 0}, 2),
        (binned({"is": False}, value="b"), {"b": True}, None),
        (binned({"in": ["2026-01-01"]}, {}, value="d"), {"d": "2026-01-01"}, 1),
        (binned({}, value="l"), {"l": []}, 1),
        (binned({"upto": 0}, {}, value="count_mentions(t, terms.meat)"), {"t": "pork"}, 2),
        (binned({"upto": 0}, {"upto": 9}, value="n / m"), {"n": 1, "m": 0}, None),
        (binned({"from": 0}, value="n"), {"n": math.nan}, None),
    ],
)
def test_bins_of_every_type(line: dict[str, Any], record: dict[str, Any], expected: float | None) -> None:
    assert score(record, line).points == {"x0": expected}


def test_the_last_bin_takes_the_rest_but_nothing_unknown() -> None:
    line = binned({"in": ["new"]}, {"in": ["used"]}, {}, value="e")
    assert [score({"e": e}, line).points["x0"] for e in ("new", "used", "broken", None)] == [1, 2, 3, None]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (binned({"upto": 1}, value="t"), "WB331"),
        (binned({"is": 1}, value="b"), "WB331"),
        (binned({"in": ["new"]}, value="n"), "WB331"),
        (binned({"is": 20260101}, value="d"), "WB331"),
        (binned({"in": ["a"]}, value="l"), "WB331"),
        (binned({"in": ["nwe"]}, value="e"), "WB207"),
        (binned({"is": None}, {}, value="e"), "WB331"),
        (binned(*({"from": i} for i in range(MOST_BINS + 1))), "WB331"),
        (binned({"upto": 5}, {"upto": 4}), "WB110"),
        (binned({"range": "[0..5]"}, {"range": "[5..9]"}), "WB110"),
        (binned({"range": "[5..0]"}), "WB104"),
        (binned({"from": 0}, value="terms.meat"), "WB206"),
        ({"points": "t"}, "WB206"),
        (fixed(0.0001), "WB104"),
        (fixed(1, weight=0.0001), "WB104"),
    ],
)
def test_what_could_not_be_scored_is_refused_at_load(line: dict[str, Any], code: str) -> None:
    assert code in {d.code for d in refusal(*BASE, card(line))}


# ----------------------------------------------------------------------------------------------- exactness

AWKWARD = [(0.1, 0.1), (0.2, 0.3), (0.3, 0.7), (33.333, 1), (66.667, 2.5), (-7.1, 0.001)]


@pytest.mark.parametrize("method", ["weighted_mean", "sum"])
def test_a_score_is_exact_and_does_not_depend_on_the_order(method: str) -> None:
    exact = sum(Fraction(str(p)) * Fraction(str(w)) for p, w in AWKWARD)
    if method == "weighted_mean":
        exact /= sum(Fraction(str(w)) for _, w in AWKWARD)
    for order in itertools.islice(itertools.permutations(AWKWARD), 0, 720, 179):
        found = score({"n": 1}, *(fixed(p, weight=w) for p, w in order), score=method)
        assert found.value == float(exact)


def test_tenths_add_up_to_a_tier() -> None:
    lines = [fixed(0.1), fixed(0.2)]
    found = score(
        {"n": 1}, *lines, score="sum", tiers=[{"id": "low", "from": 0}, {"id": "high", "from": 0.3}]
    )
    assert (found.value, found.tier) == (0.3, "high")
    assert 0.1 + 0.2 != 0.3


_points = st.integers(-1_000_000, 1_000_000).map(lambda p: p / 1000)
_weights = st.integers(1, 10_000_000).map(lambda w: w / 1000)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(lines=st.lists(st.tuples(_points, _weights), min_size=1, max_size=6))
def test_any_weighted_mean_is_the_nearest_number_to_the_exact_one(lines: list[tuple[float, float]]) -> None:
    total = sum(Fraction(repr(p)) * Fraction(repr(w)) for p, w in lines)
    exact = total / sum(Fraction(repr(w)) for _, w in lines)
    assert score({"n": 1}, *(fixed(p, weight=w) for p, w in lines)).value == float(exact)


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        ("n", {"n": 1.0005}),  # half to even, in thousandths: 1000.5 -> 1000
        ("n", {"n": 1.0015}),
        ("n", {"n": -3}),
        ("n", {"n": 250}),
        ("n * 10", {"n": 1e308}),
        ("-n * 10", {"n": 1e308}),
    ],
)
def test_computed_points_are_clipped_and_rounded_to_thousandths(
    points: str, expected: dict[str, float]
) -> None:
    value = expected["n"] * (10 if "10" in points else 1) * (-1 if points.startswith("-") else 1)
    clipped = min(max(value, 0), 100)
    found = score(expected, {"points": points, "min": 0, "max": 100}).points["x0"]
    assert found == round(clipped * 1000) / 1000


def test_computed_points_are_weighted_exactly() -> None:
    lines = [
        {"points": "n", "min": 0, "max": 100, "weight": 0.3},
        {"points": "m * 2", "weight": 0.6},
        fixed(0.1, value="o"),
    ]
    exact = (
        Fraction("33.333") * Fraction("0.3") + Fraction("-7.2") * Fraction("0.6") + Fraction("0.1")
    ) / Fraction("1.9")
    found = score({"n": 33.333, "m": -3.6, "o": 1}, *lines)
    assert (found.value, found.points) == (float(exact), {"x0": 33.333, "x1": -7.2, "x2": 0.1})
    assert score({"n": 0.1, "m": 0.1}, *({"points": p} for p in ("n", "m * 2")), score="sum").value == 0.3


def test_computed_points_that_are_unknown_are_missing() -> None:
    assert score({}, {"points": "n", "min": 0, "max": 10}).points == {"x0": None}
    assert score({"n": 1, "m": 0}, {"points": "n / m", "min": 0, "max": 10, "missing": 4}).points == {
        "x0": 4.0
    }


# --------------------------------------------------------------------------------- coverage and missing data

THREE = [fixed(100, value="n", weight=5), fixed(50, value="m", weight=3), fixed(0, value="o", weight=2)]


@pytest.mark.parametrize(
    ("known", "minimum", "value", "coverage"),
    [
        ("nmo", 0.5, 65.0, 1.0),
        ("nm", 0.5, 81.25, 0.8),
        ("no", 0.7, 500 / 7, 0.7),
        ("mo", 0.5, 30.0, 0.5),
        ("m", 0.5, None, 0.3),
        ("m", 0.3, 50.0, 0.3),
        ("", 0, None, 0.0),
        ("nm", 0.81, None, 0.8),
        ("nm", 1, None, 0.8),
        ("nmo", 1, 65.0, 1.0),
    ],
)
def test_coverage_is_the_share_of_weight_whose_data_is_known(
    known: str, minimum: float, value: float | None, coverage: float
) -> None:
    tiers = [{"id": "any"}]
    found = score(dict.fromkeys(known, 1), *THREE, minimum_coverage=minimum, tiers=tiers)
    assert (found.value, found.coverage, found.tier) == (
        value,
        coverage,
        "any" if value is not None else None,
    )


def test_points_for_missing_data_count_but_do_not_cover() -> None:
    lines = [fixed(100, value="n"), fixed(0, value="m", missing=60)]
    found = score({"n": 1}, *lines, minimum_coverage=0.5)
    assert (found.value, found.coverage, found.points) == (80.0, 0.5, {"x0": 100.0, "x1": 60.0})
    assert score({"n": 1}, *lines, minimum_coverage=0.6).value is None


def test_a_value_in_no_bin_is_like_a_missing_one() -> None:
    lines = [binned({"from": 5}, missing=9), fixed(1, value="m")]
    found = score({"n": 1, "m": 1}, *lines)
    assert (found.points["x0"], found.coverage) == (9.0, 0.5)


def test_what_does_not_apply_leaves_the_score_without_loss_of_coverage() -> None:
    lines = [fixed(100, value="n"), fixed(0, value="m", when="b", weight=9, missing=5)]
    for record, value, coverage in (
        ({"n": 1, "m": 1, "b": False}, 100.0, 1.0),
        ({"n": 1, "m": 1, "b": True}, 10.0, 1.0),
        ({"n": 1, "m": 1}, 14.5, 0.1),
        ({"n": 1, "b": False}, 100.0, 1.0),
    ):
        found = score(record, *lines, minimum_coverage=0)
        assert (found.value, found.coverage) == (value, coverage), record
    assert score({"n": 1, "b": False}, *lines).points["x1"] is None


def test_a_card_of_which_nothing_applies_has_no_score() -> None:
    found = score({"n": 1, "b": False}, fixed(5, when="b"))
    assert (found.value, found.tier, found.coverage) == (None, None, None)


def test_a_weight_of_nothing_takes_no_part() -> None:
    found = score({"n": 1, "m": 1}, fixed(5, weight=0), fixed(8, value="m"))
    assert (found.value, found.coverage) == (8.0, 1.0)
    assert score({"n": 1}, fixed(5, weight=0)).value is None


def test_an_expression_computed_for_one_characteristic_is_right_where_that_does_not_apply() -> None:
    lines = [fixed(10, value="n + m", when="b"), fixed(20, value="o")]
    rule = {"id": "r", "when": "n + m > 3 and card.coverage == 1", "then": {"verdict": "block"}}
    engine = load(*BASE, card(*lines), {"ruleset": "gate", "record": "thing", "rules": [rule]})
    for b in (True, False):
        decision = engine.decide("gate", {"n": 2, "m": 2, "o": 1, "b": b}, market="AA", as_of=TODAY)
        assert decision.verdict == "block"
        assert decision.scores["card"].points == {"x0": 10.0 if b else None, "x1": 20.0}


# --------------------------------------------------------------------------------------------------- tiers

TIERS = [{"id": "reject", "from": 0}, {"id": "review", "from": 60}, {"id": "fit", "from": 80}]


@pytest.mark.parametrize(
    ("points", "tier"),
    [
        (-0.001, None),
        (0, "reject"),
        (59.999, "reject"),
        (60, "review"),
        (79.999, "review"),
        (80, "fit"),
        (1000, "fit"),
    ],
)
def test_a_tier_begins_at_its_lower_bound(points: float, tier: str | None) -> None:
    assert score({"n": 1}, fixed(points), tiers=TIERS).tier == tier


def test_the_first_tier_may_be_open_below() -> None:
    tiers = [{"id": "low"}, {"id": "high", "from": 0}]
    assert [score({"n": 1}, fixed(p), tiers=tiers).tier for p in (-1_000_000, -0.001, 0)] == [
        "low",
        "low",
        "high",
    ]


def test_a_card_without_tiers_has_none() -> None:
    assert score({"n": 1}, fixed(5)).tier is None


def test_a_region_may_move_tiers_and_the_minimum() -> None:
    override = {"scorecard": "card", "set": {"tiers": {"fit": 90}, "minimum_coverage": 0}, "reason": "market"}
    regions = [{"region": "AA", "overrides": [override]}, {"region": "BB"}]
    lines = [fixed(85), fixed(0, value="m", weight=9)]
    engine = load(RECORD_TYPE, *TERMS, *regions, card(*lines, tiers=TIERS))
    found = {m: engine.decide("card", {"n": 1}, market=m, as_of=TODAY).scores["card"] for m in ("AA", "BB")}
    assert (found["AA"].tier, found["BB"].tier) == ("review", None)


@pytest.mark.parametrize(
    "tiers",
    [
        [{"id": "a", "from": 5}, {"id": "b", "from": 5}],
        [{"id": "a", "from": 5}, {"id": "b", "from": 1}],
        [{"id": "a", "from": 0}, {"id": "b"}],
        [{"id": "a", "from": 0}, {"id": "a", "from": 1}],
    ],
)
def test_tiers_that_are_not_ascending_are_refused(tiers: list[dict[str, Any]]) -> None:
    assert refusal(*BASE, card(fixed(1), tiers=tiers))


# ------------------------------------------------------------------------------------------------- reasons


def reasons(found: Score) -> list[tuple[str, float]]:
    """Codes with their points."""
    return [(r.code, r.points) for r in found.reasons]


def test_reasons_are_points_below_the_most_each_characteristic_gives() -> None:
    lines = [
        binned({"upto": 5, "points": 100}, {"points": 40}, value="n"),
        binned({"upto": 5, "points": 20}, {"points": 0}, value="m", weight=2),
        fixed(30, value="o"),
    ]
    found = score({"n": 9, "m": 9, "o": 1}, *lines)
    assert reasons(found) == [("x0", 15.0), ("x1", 10.0)], "60 * 1 / 4 and 20 * 2 / 4; x2 lost nothing"
    assert reasons(score({"n": 1, "m": 1, "o": 1}, *lines)) == []


def test_reasons_can_be_counted_from_a_baseline_and_upwards() -> None:
    lines = [fixed(70, value="n"), fixed(90, value="m"), fixed(10, value="o")]
    record = {"n": 1, "m": 1, "o": 1}
    assert reasons(score(record, *lines, baseline=80, score="sum")) == [("x2", 70.0), ("x0", 10.0)]
    assert reasons(score(record, *lines, baseline=20, reasons="above", score="sum")) == [
        ("x1", 70.0),
        ("x0", 50.0),
    ]


def test_reasons_of_one_code_are_added_up() -> None:
    lines = [
        fixed(60, value="n", reason_code="text", reason="the smaller part"),
        fixed(50, value="m", reason_code="price", reason="the price"),
        fixed(20, value="o", reason_code="text", reason="the larger part"),
    ]
    found = score({"n": 1, "m": 1, "o": 1}, *lines, baseline=100, score="sum")
    assert reasons(found) == [("text", 120.0), ("price", 50.0)]
    assert found.reasons[0].text["en"] == "the larger part"


def test_a_code_that_makes_good_what_it_cost_is_no_reason() -> None:
    lines = [fixed(60, value="n", reason_code="text"), fixed(140, value="m", reason_code="text")]
    assert reasons(score({"n": 1, "m": 1}, *lines, baseline=100)) == []


def test_ties_stand_in_the_order_of_definition() -> None:
    lines = [fixed(50, value=v, reason_code=c) for v, c in (("m", "zebra"), ("n", "apple"), ("o", "middle"))]
    found = score({"n": 1, "m": 1, "o": 1}, *lines, baseline=100)
    assert [code for code, _ in reasons(found)] == ["zebra", "apple", "middle"]


def test_what_is_unknown_or_does_not_apply_is_no_reason() -> None:
    lines = [
        fixed(0, value="n"),
        fixed(0, value="m"),
        fixed(0, value="o", when="b"),
        fixed(0, value="u", missing=10),
    ]
    found = score({"n": 1, "o": 1, "b": False}, *lines, baseline=100, minimum_coverage=0)
    assert [code for code, _ in reasons(found)] == ["x0", "x3"], "points for missing data can cost, too"


def test_a_reason_is_that_of_the_bin_or_of_the_characteristic_or_its_title() -> None:
    lines = [
        binned(
            {"upto": 5, "points": 10, "reason": {"en": "only {n:1}", "zh": "仅{n:1}"}},
            {"points": 90},
            reason="other",
        ),
        binned({"upto": 5, "points": 10}, {"points": 90}, reason={"en": "{m} of it"}, value="m"),
        binned({"upto": 5, "points": 10}, {"points": 90}, title={"en": "Oddity", "zh": "奇数"}, value="o"),
        binned(
            {"upto": 0, "points": 90},
            {"points": 10},
            reason="says {match}",
            value="count_mentions(t, terms.meat)",
        ),
    ]
    found = score({"n": 2, "m": 3, "o": 1, "t": "Pork!"}, *lines)
    texts = {r.code: r.text for r in found.reasons}
    assert texts["x0"] == {"en": "only 2.0", "zh": "仅2.0"}
    assert texts["x1"]["en"] == "3 of it"
    assert (texts["x2"]["en"], texts["x2"]["zh"]) == ("Oddity", "奇数")
    assert texts["x3"]["en"] == "says Pork"


def test_reasons_add_up_to_what_the_score_lacks() -> None:
    lines = [fixed(p, value=v, weight=w) for p, v, w in ((10.5, "n", 3), (99.9, "m", 0.5), (0.001, "o", 7))]
    found = score({"n": 1, "m": 1, "o": 1}, *lines, baseline=100)
    assert found.value is not None
    assert math.isclose(sum(points for _, points in reasons(found)), 100 - found.value, rel_tol=1e-12)
