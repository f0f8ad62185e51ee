"""Regions: order of inheritance, dated parameters, where each value comes from, and epochs."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from small_projects import BASE, NOWHERE, RECORD_TYPE, TERMS, gate, load, refusal, rule

import weighbridge
from weighbridge.diagnostics import Diagnostic
from weighbridge.engine import Engine
from weighbridge.regions import MOST_REGIONS, Regions, covers, edges

DAY = date(2026, 3, 1)


def regions(*documents: dict[str, Any]) -> Regions:
    """The regions of a project of these regions alone."""
    return load(RECORD_TYPE, *TERMS, *documents).book.regions


def told(*documents: dict[str, Any]) -> list[tuple[str, str]]:
    """Code and message of every error."""
    return [(d.code, d.message) for d in refusal(RECORD_TYPE, *TERMS, *documents)]


def region(name: str, *extends: str, **keys: Any) -> dict[str, Any]:
    """A region document."""
    return {"region": name, "extends": list(extends), **keys}


NUMBER = {"type": "number"}
WORLD = region("world", declares={"x": NUMBER}, parameters={"x": 1})

# ------------------------------------------------------------------------------------- order of inheritance


def test_a_region_inherits_from_the_nearest_first() -> None:
    found = regions(region("world"), region("gulf", "world"), region("gcc", "gulf"), region("SA", "gcc"))
    assert found.lineages["SA"] == ("SA", "gcc", "gulf", "world")
    assert found.lineages["world"] == ("world",)


def test_a_diamond_is_walked_as_python_walks_classes() -> None:
    class World: ...

    class Halal(World): ...

    class Asia(World): ...

    class Asean(Asia): ...

    class MY(Asean, Halal): ...

    documents = [region("World"), region("Halal", "World"), region("Asia", "World"), region("Asean", "Asia")]
    found = regions(*documents, region("MY", "Asean", "Halal"))
    assert found.lineages["MY"] == tuple(c.__name__ for c in MY.__mro__[:-1])


def test_the_order_of_documents_does_not_matter() -> None:
    documents = [
        region("SA", "gcc", "halal"),
        region("halal", "world"),
        region("gcc", "world"),
        region("world"),
    ]
    assert regions(*documents).lineages == regions(*reversed(documents)).lineages
    assert regions(*documents).lineages["SA"] == ("SA", "gcc", "halal", "world")


def test_a_contradictory_order_is_refused() -> None:
    documents = [region("world"), region("a", "world"), region("b", "a"), region("AA", "a", "b")]
    assert told(*documents) == [
        ("WB302", "AA extends regions in an order that contradicts how they extend each other")
    ]
    assert regions(*documents[:3], region("AA", "b", "a")).lineages["AA"] == ("AA", "b", "a", "world")


def test_a_ring_is_reported_once_as_a_path() -> None:
    ring = [region("c", "a"), region("a", "b"), region("b", "c"), region("AA", "b")]
    found = refusal(RECORD_TYPE, *TERMS, *ring)
    assert [(d.code, d.message) for d in found] == [
        ("WB301", "regions extend each other in a ring: a -> b -> c -> a")
    ]
    assert [text for text, _ in found[0].related] == ["a extends here", "b extends here", "c extends here"]
    assert told(region("a", "a"))[0][0] == "WB111"


def test_two_rings_are_two_reports() -> None:
    rings = [region("a", "b"), region("b", "a"), region("c", "d"), region("d", "c"), region("AA", "a", "c")]
    assert [code for code, _ in told(*rings)] == ["WB301", "WB301"]


def test_an_unknown_parent_is_refused_with_a_suggestion() -> None:
    (found,) = refusal(RECORD_TYPE, *TERMS, region("world"), region("AA", "wrld"))
    assert (found.code, found.suggestion) == ("WB303", "world")


def test_the_number_of_regions_above_one_is_bounded() -> None:
    chain = [region("x0")] + [region(f"x{i}", f"x{i - 1}") for i in range(1, MOST_REGIONS)]
    assert len(regions(*chain).lineages[f"x{MOST_REGIONS - 1}"]) == MOST_REGIONS
    assert told(*chain, region("AA", f"x{MOST_REGIONS - 1}")) == [
        ("WB313", "AA extends too many regions, directly or through others")
    ]


def test_markets_are_regions_of_two_capitals_unless_said_otherwise() -> None:
    documents = [region("world"), region("SA", "world"), region("EU", "world", market=False)]
    documents += [region("DE-BY", "world", market=True), region("gcc", "world"), region("sa", "world")]
    assert regions(*documents).markets == ("DE-BY", "SA")


# --------------------------------------------------------------------------------------------- parameters

FEAST = [
    {"from": "2026-02-18", "to": "2026-03-19", "value": 10},
    {"from": "2027-02-08", "to": "2027-03-09", "value": 20},
]


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2026-02-17", 1.0),
        ("2026-02-18", 10.0),
        ("2026-03-19", 10.0),
        ("2026-03-20", 1.0),
        ("2027-02-08", 20.0),
        ("2027-03-09", 20.0),
        ("2027-03-10", 1.0),
        ("0001-01-01", 1.0),
        ("9999-12-31", 1.0),
    ],
)
def test_a_dated_parameter_holds_from_its_first_to_its_last_day(day: str, expected: float) -> None:
    engine = load(
        *BASE[:1], *TERMS, WORLD, region("AA", "world", parameters={"x": FEAST}), gate(rule("region.x > 1"))
    )
    resolved = engine.book.regions.parameter("AA", "x", date.fromisoformat(day))
    assert resolved is not None
    assert resolved.value == expected
    assert resolved.region == ("AA" if expected > 1 else "world")
    assert engine.decide("gate", {}, market="AA", as_of=day).verdict == ("block" if expected > 1 else "pass")


def test_a_period_may_be_open_at_either_end() -> None:
    values = [{"to": "2025-12-31", "value": 1}, {"from": "2026-01-01", "to": "2026-01-01", "value": 2}]
    values.append({"from": "2026-01-02", "value": 3})
    found = regions(region("AA", declares={"x": NUMBER}, parameters={"x": values}))
    days = [date.min, date(2025, 12, 31), date(2026, 1, 1), date(2026, 1, 2), date.max]
    assert [r and r.value for r in (found.parameter("AA", "x", d) for d in days)] == [1.0, 1.0, 2.0, 3.0, 3.0]


def test_a_dated_value_wins_over_one_from_further_away_only_on_its_days() -> None:
    gulf = region("gulf", "world", parameters={"x": [{"from": "2026-03-01", "value": 5}]})
    found = regions(WORLD, gulf, region("AA", "gulf", parameters={"x": [{"to": "2026-02-28", "value": 9}]}))
    assert [r and r.value for r in (found.parameter("AA", "x", DAY + timedelta(d)) for d in (-1, 0))] == [
        9.0,
        5.0,
    ]


def test_a_parameter_nobody_sets_is_unknown() -> None:
    engine = load(
        RECORD_TYPE,
        *TERMS,
        region("AA", declares={"x": NUMBER}),
        gate(rule("region.x > 1", if_unknown="review")),
    )
    assert engine.book.regions.parameter("AA", "x", DAY) is None
    decision = engine.decide("gate", {}, market="AA", as_of=DAY)
    assert (decision.verdict, decision.unknown) == ("review", ("gate/r",))


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        (NUMBER, 2, 2.0),
        ({"type": "boolean"}, False, False),
        ({"type": "text"}, "SAR", "SAR"),
        ({"type": "date"}, "2026-01-01", float(date(2026, 1, 1).toordinal())),
        ({"type": "text_list"}, ["a", "b"], ("a", "b")),
        ({"type": "text_list"}, "a", ("a",)),
        ({"type": "terms"}, "meat", "meat"),
    ],
)
def test_parameters_are_typed(declared: dict[str, Any], value: Any, expected: Any) -> None:
    found = regions(region("AA", declares={"x": declared}, parameters={"x": value}))
    resolved = found.parameter("AA", "x", DAY)
    assert resolved is not None
    assert resolved.value == expected
    assert type(resolved.value) is type(expected)


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        (NUMBER, "2", "a number"),
        (NUMBER, True, "a number"),
        (NUMBER | {"min": 0, "max": 10}, 11, "a number from 0 to 10"),
        ({"type": "boolean"}, "yes", "true or false"),
        ({"type": "text"}, 5, "a text"),
        ({"type": "text", "allowed": ["SAR", "AED"]}, "EUR", "one of: SAR, AED"),
        ({"type": "date"}, "2026-02-30", "a date as 2026-03-01"),
        ({"type": "text_list"}, 5, "a list of texts"),
        ({"type": "terms"}, "maet", "the id of a term list, one of: meat"),
    ],
)
def test_a_value_that_does_not_fit_its_declaration_is_refused(
    declared: dict[str, Any], value: Any, expected: str
) -> None:
    (found,) = refusal(RECORD_TYPE, *TERMS, region("AA", declares={"x": declared}, parameters={"x": value}))
    assert (found.code, found.expected) == ("WB305", expected)


def test_a_parameter_must_be_declared_once() -> None:
    (found,) = refusal(RECORD_TYPE, *TERMS, WORLD, region("AA", "world", parameters={"y": 1, "x": 2}))
    assert (found.code, found.message) == ("WB304", "unknown parameter 'y'")
    assert told(WORLD, region("AA", "world", declares={"x": NUMBER})) == [
        ("WB306", "region.x is declared by another region too")
    ]
    assert told(region("AA", declares={"code": NUMBER})) == [("WB306", "region.code is the market itself")]


def test_two_values_on_one_day_are_refused() -> None:
    overlapping = [{"to": "2026-01-01", "value": 1}, {"from": "2026-01-01", "value": 2}]
    assert [c for c, _ in told(region("AA", declares={"x": NUMBER}, parameters={"x": overlapping}))] == [
        "WB112"
    ]
    backwards = [{"from": "2026-01-02", "to": "2026-01-01", "value": 1}]
    assert [c for c, _ in told(region("AA", declares={"x": NUMBER}, parameters={"x": backwards}))] == [
        "WB112"
    ]


# --------------------------------------------------------------------------------- where a value comes from

SOURCES = """record_type: thing
fields: {n: {type: number}}
---
region: world
declares: {x: {type: number}, feast: {type: boolean}}
parameters:
  x: 1
  feast: false
---
region: gcc
extends: world
parameters:
  feast:
    - {from: 2026-02-18, to: 2026-03-19, value: true}
    - {from: 2027-02-08, to: 2027-03-09, value: true}
---
region: SA
extends: gcc
parameters: {x: 3}
weights: {card: {n: 2}}
overrides:
  - {rule: gate/r, set: {verdict: warn}, reason: a}
---
scorecard: card
record: thing
characteristics: [{id: n, value: n, bins: [{points: 1}]}]
---
ruleset: gate
record: thing
rules: [{id: r, when: n > region.x and not region.feast, then: {verdict: block}}]
"""


def test_every_value_knows_the_line_that_set_it() -> None:
    found = weighbridge.load(NOWHERE, {"regions/all.yaml": SOURCES}).book.regions
    lines = SOURCES.split("\n")
    for name, day, origin, written in (
        ("x", DAY, "SA", "3"),
        ("feast", DAY, "gcc", "{from: 2026-02-18, to: 2026-03-19, value: true}"),
        ("feast", date(2027, 3, 1), "gcc", "{from: 2027-02-08, to: 2027-03-09, value: true}"),
        ("feast", date(2028, 1, 1), "world", "false"),
    ):
        resolved = found.parameter("SA", name, day)
        assert resolved is not None
        assert resolved.span is not None
        span = resolved.span
        assert (resolved.region, lines[span.line - 1][span.column - 1 : span.end_column - 1]) == (
            origin,
            written,
        )
    weight = found.weight("SA", "card", "n", DAY)
    assert weight is not None
    assert (weight.value, str(weight.span)) == (2.0, "regions/all.yaml:20:21")


# ------------------------------------------------------------------------------------- overrides and weights


def deciding(*rest: dict[str, Any]) -> Engine:
    """A project whose market AA lies in east, in world."""
    return load(
        RECORD_TYPE, *TERMS, *rest, gate(rule("b"), {"id": "s", "when": "b", "then": {"verdict": "warn"}})
    )


def override(what: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """An override of gate/r."""
    return {"rule": "gate/r", "set": what, "reason": "because", **keys}


def verdict(engine: Engine, day: date | str = DAY, market: str = "AA") -> str | None:
    """The verdict where both rules' conditions hold."""
    return engine.decide("gate", {"b": True}, market=market, as_of=day).verdict


def test_the_nearest_override_wins() -> None:
    far = region("world", overrides=[override({"verdict": "review"})])
    near = region("AA", "world", overrides=[override({"verdict": "pass"})])
    assert verdict(deciding(far, near, region("BB", "world"))) == "warn", "gate/s warns, gate/r passes"
    assert verdict(deciding(far, near, region("BB", "world")), market="BB") == "review"
    assert verdict(deciding(far, region("AA", "world"))) == "review"


def test_an_override_may_switch_a_rule_off_and_on_again() -> None:
    far = region("world", overrides=[override({"enabled": False})])
    assert verdict(deciding(far, region("AA", "world"))) == "warn"
    assert verdict(deciding(far, region("AA", "world", overrides=[override({"enabled": True})]))) == "block"


def test_an_override_holds_on_its_days_only() -> None:
    dated = override({"enabled": False}, **{"from": "2026-03-01", "to": "2026-03-31"})
    engine = deciding(region("AA", overrides=[dated]))
    days = ("2026-02-28", "2026-03-01", "2026-03-31", "2026-04-01")
    assert [verdict(engine, d) for d in days] == ["block", "warn", "warn", "block"]


def test_overrides_of_dates_and_numbers_are_typed() -> None:
    outputs = {"x": {"type": "date", "combine": "first"}, "y": {"type": "number", "combine": "first"}}
    set_both = {"id": "r", "when": "true", "then": {"x": "2026-01-01", "y": 1}}
    reads = {"ruleset": "reads", "record": "thing", "rules": [rule("gate.x > '2026-05-01' and gate.y == 7")]}
    market = region("AA", overrides=[override({"x": "2026-06-01", "y": 7})])
    engine = load(RECORD_TYPE, *TERMS, market, gate(set_both, outputs=outputs), reads)
    assert engine.decide("gate", {}, market="AA", as_of=DAY).outputs == {"x": date(2026, 6, 1), "y": 7.0}
    assert engine.decide("reads", {}, market="AA", as_of=DAY).verdict == "block"


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"rule": "gate/x"}, "WB303"),
        ({"rule": "gat/r"}, "WB303"),
        ({"set": {"verdct": "warn"}}, "WB203"),
        ({"set": {"verdict": "warm"}}, "WB206"),
        ({"set": {"enabled": "no"}}, "WB104"),
        ({"set": {"verdict": {"value": "'warn'"}}}, "WB206"),
    ],
)
def test_an_override_of_nothing_is_refused(wrong: dict[str, Any], code: str) -> None:
    market = region("AA", overrides=[override({"verdict": "warn"}) | wrong])
    found = refusal(RECORD_TYPE, *TERMS, market, gate(rule("b")))
    assert [d.code for d in found] == [code]


def test_weights_are_inherited_and_dated() -> None:
    lines = [{"id": i, "value": i, "bins": [{"from": 0, "points": p}]} for i, p in (("n", 100), ("m", 0))]
    card = {"scorecard": "card", "record": "thing", "characteristics": lines}
    east = region("east", weights={"card": {"n": [{"from": "2026-03-01", "to": "2026-03-02", "value": 3}]}})
    engine = load(RECORD_TYPE, *TERMS, east, region("AA", "east"), card)

    def score(day: str) -> float | None:
        return engine.decide("card", {"n": 1, "m": 1}, market="AA", as_of=day).scores["card"].value

    assert [score(f"2026-03-0{d}") for d in (1, 2, 3)] == [75.0, 75.0, 50.0]


@pytest.mark.parametrize(
    ("weights", "said"),
    [({"crad": {"n": 1}}, "unknown scorecard 'crad'"), ({"card": {"x": 1}}, "unknown characteristic 'x'")],
)
def test_weights_of_nothing_are_refused(weights: dict[str, Any], said: str) -> None:
    card = {
        "scorecard": "card",
        "record": "thing",
        "characteristics": [{"id": "n", "value": "n", "bins": [{"points": 1}]}],
    }
    found: list[Diagnostic] = refusal(RECORD_TYPE, *TERMS, region("AA", weights=weights), card)
    assert [(d.code, d.message) for d in found] == [("WB303", said)]


# ------------------------------------------------------------------------------------------------- epochs


def test_an_epoch_is_a_span_in_which_nothing_changes() -> None:
    dated = rule("b", effective={"from": "2026-03-10", "to": "2026-12-31"})
    market = region(
        "AA",
        "world",
        parameters={"x": FEAST},
        overrides=[override({"enabled": False}, **{"from": "2026-06-01"})],
    )
    engine = load(RECORD_TYPE, *TERMS, WORLD, market, gate(dated, rule("region.x > 1", id="s")))
    days = ["2026-02-18", "2026-03-10", "2026-03-20", "2026-06-01", "2027-01-01", "2027-02-08", "2027-03-10"]
    starts = [date.fromisoformat(d) for d in days]
    spans = [engine.prepared("gate", "AA", d).special for d in (date.min, *starts)]
    assert [s.first_day for s in spans] == [date.min, *starts]
    assert [s.last_day for s in spans] == [*(d - timedelta(1) for d in starts), date.max]
    for special in spans:
        assert engine.prepared("gate", "AA", special.first_day) is engine.prepared(
            "gate", "AA", special.last_day
        )


def test_a_market_without_dates_has_one_epoch() -> None:
    engine = load(RECORD_TYPE, *TERMS, region("AA"), gate(rule("b")))
    special = engine.prepared("gate", "AA", DAY).special
    assert (special.first_day, special.last_day) == (date.min, date.max)


def test_periods_at_the_ends_of_time_make_no_boundary_beyond_them() -> None:
    ends = [
        {"from": "0001-01-01", "to": "2026-01-01", "value": 1},
        {"from": "2026-01-02", "to": "9999-12-31", "value": 2},
    ]
    engine = load(
        RECORD_TYPE,
        *TERMS,
        region("AA", declares={"x": NUMBER}, parameters={"x": ends}),
        gate(rule("region.x == 2")),
    )
    assert [verdict(engine, d) for d in (date.min, "2026-01-01", "2026-01-02", date.max)] == [
        "pass",
        "pass",
        "block",
        "block",
    ]
    model = engine.book.regions.documents["AA"].model
    assert list(edges(model.parameters["x"])) == [date.min, date(2026, 1, 2), date(2026, 1, 2)]
    assert all(covers(p, d) for p, d in zip(model.parameters["x"], (date.min, date.max), strict=True))


def test_rules_for_some_markets_hold_in_the_regions_below_them() -> None:
    documents = [region("world"), region("east", "world"), region("AA", "east"), region("BB", "world")]
    engine = load(RECORD_TYPE, *TERMS, *documents, gate(rule("b", markets=["east"])))
    assert [verdict(engine, market=m) for m in ("AA", "BB")] == ["block", "pass"]
    assert refusal(RECORD_TYPE, *TERMS, *documents, gate(rule("b", markets=["est"])))[0].suggestion == "east"
