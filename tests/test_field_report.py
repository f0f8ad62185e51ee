"""What depends on a field, and the values at which conditions over it change."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

import weighbridge
from weighbridge.diagnostics import UnknownName
from weighbridge.engine import Engine
from weighbridge.field_report import FieldReport, field_report

DAY = date(2026, 1, 1)
PROJECT = """
record_type: thing
fields:
  id: {type: text, required: true}
  price: {type: number, min: 0, title: {en: Price, zh: 售价}}
  cost: {type: number, min: 0}
  kind: {type: text, tree: [home, home/lamp, toy]}
  title: {type: text}
  labels: {type: text_list}
  sent: {type: date}
  fragile: {type: boolean}
  code: {type: text}
derived:
  margin: {value: (price - cost) / price}
  gross: {value: price * 1.2 + 5}
  words: {value: 'join(title, labels)'}
---
region: world
declares: {limit: {type: number}}
parameters: {limit: 40}
---
region: AA
extends: world
---
region: BB
extends: world
parameters: {limit: [{to: 2026-06-30, value: 60}, {from: 2026-07-01, value: 70}]}
---
term_list: wood
terms: {en: [oak, ash]}
---
ruleset: gate
record: thing
rules:
  - {id: dear, when: price > region.limit, then: {verdict: warn}}
  - {id: thin, when: margin < 0.2, then: {verdict: warn}}
  - {id: gross, when: gross >= 125, then: {verdict: warn}}
  - {id: home, when: 'under(kind, "home") and not (kind == "home/lamp")', then: {verdict: warn}, markets: [BB]}
  - {id: oak, when: 'mentions(words, terms.wood) and not ("fsc" in labels)', then: {verdict: review}}
  - {id: late, when: 'sent > "2026-03-01" and fragile', then: {verdict: warn}}
  - {id: blank, when: 'is_missing(code) or starts_with(code, "X-")', then: {verdict: warn}}
  - {id: old, when: price > 7, then: {verdict: warn}, effective: {to: 2025-12-31}}
---
scorecard: card
record: thing
characteristics:
  - {id: price, weight: 10, value: price, bins: [{upto: 10, points: 100}, {points: 0}]}
tiers: [{id: low, from: 0}, {id: high, from: 60}]
---
ruleset: after
record: thing
rules:
  - {id: poor, when: card.tier == "low", then: {verdict: warn}}
"""


@pytest.fixture(scope="module")
def engine() -> Engine:
    return weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": PROJECT})


def _report(engine: Engine, field: str, day: date = DAY) -> FieldReport:
    return field_report(engine.book, field, day)


def _bounds(engine: Engine, field: str, ref: str, day: date = DAY) -> dict[tuple[str, str], tuple[str, ...]]:
    found = next(d for d in _report(engine, field, day).dependents if d.ref == ref)
    return {(b.kind, b.value): markets for b, markets in found.boundaries.items()}


def test_a_threshold_of_a_parameter_is_told_for_each_market_and_day(engine: Engine) -> None:
    assert _bounds(engine, "price", "gate/dear") == {("number", "40"): ("AA",), ("number", "60"): ("BB",)}
    later = _bounds(engine, "price", "gate/dear", date(2026, 8, 1))
    assert later == {("number", "40"): ("AA",), ("number", "70"): ("BB",)}


def test_a_straight_line_is_solved_for_the_field(engine: Engine) -> None:
    assert set(_bounds(engine, "price", "gate/gross")) == {("number", "100")}
    assert engine.decide("gate", {"id": "a", "price": 100}, market="AA", as_of=DAY).fired == (
        "gate/dear",
        "gate/gross",
        "gate/blank",
    )


def test_what_depends_on_other_fields_too_is_told_as_a_condition(engine: Engine) -> None:
    assert set(_bounds(engine, "price", "gate/thin")) == {("condition", "margin < 0.2")}
    assert set(_bounds(engine, "cost", "gate/thin")) == {("condition", "margin < 0.2")}


def test_listed_values_paths_days_flags_and_missing_data(engine: Engine) -> None:
    assert set(_bounds(engine, "kind", "gate/home")) == {("below", "home"), ("text", "home/lamp")}
    assert set(_bounds(engine, "sent", "gate/late")) == {("date", "2026-03-01")}
    assert set(_bounds(engine, "fragile", "gate/late")) == {("flag", "true")}
    assert {kind for kind, _ in _bounds(engine, "code", "gate/blank")} == {"missing", "pattern"}


def test_terms_are_found_through_joined_texts(engine: Engine) -> None:
    assert set(_bounds(engine, "title", "gate/oak")) == {("terms", "terms.wood: oak, ash")}
    assert ("text", "fsc") in _bounds(engine, "labels", "gate/oak")


def test_everything_behind_scores_and_outputs_depends_on_the_field(engine: Engine) -> None:
    found = {d.ref: (d.kind, d.through) for d in _report(engine, "price").dependents}
    assert found["after/poor"] == ("rule", ("card",))
    assert found["gate/thin"] == ("rule", ("thing/margin",))
    assert {"card.price", "card", "gate.verdict", "after.verdict"} <= set(found)
    assert "gate/home" not in found


def test_markets_and_days_in_force(engine: Engine) -> None:
    found = {d.ref: d.markets for d in _report(engine, "kind").dependents}
    assert found["gate/home"] == ("BB",)
    old = next(d for d in _report(engine, "price").dependents if d.ref == "gate/old")
    assert (old.markets, old.boundaries) == ((), {})


def test_the_report_in_both_languages_and_as_json(engine: Engine) -> None:
    report = _report(engine, "price")
    english, chinese = report.text("en"), report.text("zh")
    assert english.startswith("price (Price), number, on 2026-01-01\n")
    assert "  60\n      gate/dear [BB]\n" in english
    assert "起作用的取值" in chinese
    assert "values" not in chinese
    content = json.loads(json.dumps(report.to_dict()))
    assert {"kind": "number", "value": "60", "by": {"gate/dear": ["BB"]}} in content["boundaries"]


def test_boundaries_are_where_the_engine_changes_its_mind(engine: Engine) -> None:
    for boundary in (b for b in _report(engine, "price").boundaries() if b[0] == "number"):
        at = float(boundary[1])
        around = {
            (m, engine.decide(t, {"id": "a", "price": p}, market=m, as_of=DAY).fired,
             str(engine.decide(t, {"id": "a", "price": p}, market=m, as_of=DAY).score_values))
            for p in (at - 0.01, at, at + 0.01)
            for m in ("AA", "BB")
            for t in ("gate", "card")
        }  # fmt: skip
        assert len(around) > 4, boundary


def test_an_unknown_field_is_named_with_the_nearest(engine: Engine) -> None:
    with pytest.raises(UnknownName, match="did you mean: price"):
        _report(engine, "prise")
