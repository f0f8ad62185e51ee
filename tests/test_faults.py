"""Faulty projects, one fault each: the proof finds it, at the right places, with a record the engine confirms.

A fault is an edit of a faultless project in `tests/faults/`, its twin.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pytest

import weighbridge
from weighbridge.diagnostics import Diagnostic
from weighbridge.engine import Engine

pytest.importorskip("z3")

from weighbridge.proof.prove import Proof, prove

FOLDER = Path(__file__).parent / "faults"
TWINS = sorted(path.stem for path in FOLDER.glob("*.yaml"))


@dataclass(frozen=True)
class Fault:
    """`old` -> `new` in the twin; the finding's `code`, text on its line, and text on the line of another place."""

    name: str
    twin: str
    old: str
    new: str
    code: str
    at: str
    other: str = ""
    fires: tuple[str, ...] = ()
    """Rules that the witness makes fire; a rule after `-` must stay silent."""


def _rule(
    name: str, when: str, then: str, code: str, other: str = "", *fires: str, at: str = "id: extra"
) -> Fault:
    """A fault that is one more rule."""
    line = f"  - {{id: extra, when: '{when}', then: {{{then}}}}}\n"
    anchor = "  - {id: strict-text,"
    return Fault(name, "listing", anchor, line + anchor, code, at, other, fires)


def _impossible(name: str, when: str, other: str = "") -> Fault:
    return _rule(name, when, "verdict: warn", "WB802", other, "-gate/extra")


def _idle(name: str, when: str, then: str, by: str) -> Fault:
    return _rule(name, when, then, "WB804", f"id: {by}", "gate/extra", f"gate/{by}")


FAULTS = [
    # --- cannot fire
    _impossible("bounds-cross", "price > 100 and price < 50", "price: {type"),
    _impossible("bound-open-at-one-value", "price > 100 and price <= 100", "price: {type"),
    _impossible("below-the-minimum", "price < 0", "price: {type"),
    _impossible("above-the-maximum", "weight_kg > 70", "weight_kg: {type"),
    _impossible("rating-of-zero", "rating == 0", "rating: {type"),
    _impossible("two-conditions-at-once", 'condition == "new" and condition == "used"', "condition: {type"),
    _impossible("none-of-all-allowed", 'condition not in ["new", "used", "refurbished"]', "condition: {type"),
    _impossible(
        "category-in-two-branches", 'under(category, "toys") and under(category, "food")', "category: {type"
    ),
    _impossible(
        "child-without-parent",
        'under(category, "toys/infant") and not under(category, "toys")',
        "category: {",
    ),
    _impossible("flag-and-its-opposite", "battery and not battery", "battery: {type"),
    _impossible("missing-and-compared", "is_missing(price) and price > 3", "price: {type"),
    _impossible("required-is-missing", "is_missing(sku)", "sku: {type"),
    _impossible(
        "evidence-of-the-missing", "is_missing(certificate) and evidence(certificate)", "certificate: {type"
    ),
    _impossible("days-cross", 'launched > "2026-05-01" and launched < "2026-04-01"', "launched: {type"),
    _impossible("derived-against-its-parts", "margin > 5 and price < cost", "margin: {value"),
    _impossible("sum-too-small", "price + cost < 0", "cost: {type"),
    _impossible("discounted-above-price", "price * (1 - discount) > price", "discount: {type"),
    _impossible("half-above-the-whole", "price / 2 > price", "price: {type"),
    _impossible(
        "named-term-not-named",
        "mentions(title, terms.leather) and not mentions(title, terms.hides)",
        "title: {",
    ),
    _impossible(
        "part-without-the-whole",
        "mentions(title, terms.pig) and not mentions(all_text, terms.pig)",
        "title: {",
    ),
    _impossible(
        "counted-but-not-named",
        "count_mentions(title, terms.pig) > 2 and not mentions(title, terms.pig)",
        "title",
    ),
    _impossible("begins-with-two", 'starts_with(title, "A") and starts_with(title, "B")', "title: {type"),
    _impossible(
        "equals-but-does-not-contain", 'title == "Red lamp" and not contains(title, "lamp")', "title: {type"
    ),
    _impossible("length-of-a-constant", 'title == "lamp" and length(title) > 4', "title: {type"),
    _impossible("smallest-above-largest", "min(price, cost) > max(price, cost)", "price: {type"),
    _impossible("negative-distance", "abs(price - cost) < 0", "price: {type"),
    _impossible("parameter-off-everywhere", 'not region.strict and in_region("DE") and price > 1'),
    _impossible("market-elsewhere", 'market == "DE" and in_region("SA") and price > 1'),
    _impossible("coalesce-out-of-reach", "coalesce(discount, 0) > 0.95", "discount: {type"),
    _impossible("in-a-list-out-of-bounds", "rating in [0, 6]", "rating: {type"),
    _impossible("chain-that-never-holds", "20 < price < 10", "price: {type"),
    _impossible("if-with-dead-branches", "(price > 3 if price < 2 else price < 1)", "price: {type"),
    # --- never in force
    Fault(
        "days-of-rule-and-ruleset",
        "listing",
        "record: listing\noutputs:",
        "record: listing\neffective: {from: 2027-01-01}\noutputs:",
        "WB814",
        "id: new-year",
    ),
    Fault(
        "markets-that-share-nothing",
        "listing",
        "record: listing\nrules:",
        "record: listing\nmarkets: SA\nrules:",
        "WB814",
        "id: local",
    ),
    # --- always fires
    _rule(
        "known-or-missing",
        "price >= 0 or is_missing(price)",
        "verdict: warn",
        "WB803",
        "price: {type",
        "gate/extra",
    ),
    _rule(
        "flag-or-not",
        "battery or not battery or is_missing(battery)",
        "verdict: warn",
        "WB803",
        "battery",
        "gate/extra",
    ),
    _rule(
        "coalesce-always-true",
        "coalesce(stock, 1) >= 0",
        "verdict: warn",
        "WB803",
        "stock: {type",
        "gate/extra",
    ),
    _rule("sku-is-there", "evidence(sku)", "verdict: warn", "WB803", "sku: {type", "gate/extra"),
    # --- thresholds
    _rule(
        "threshold-above-the-range",
        "weight_kg < 90 and battery",
        "verdict: warn",
        "WB812",
        "weight_kg: {type",
    ),
    _rule("threshold-below-the-range", "price > -5 and battery", "verdict: warn", "WB812", "price: {type"),
    _rule(
        "alternative-never-holds",
        "rating > 7 or (battery and stock > 5)",
        "verdict: warn",
        "WB812",
        "rating: {type",
    ),
    _rule("rating-out-of-ten", "rating <= 10 and stock > 5", "verdict: warn", "WB812", "rating: {type"),
    # --- idle
    _idle("narrower-and-milder", "weight_kg > 40", "verdict: warn", "heavy"),
    _idle("the-same-again", "rating < 2", "verdict: warn", "poor-rating"),
    _idle("one-of-its-terms", 'price < 5 and mentions(title, ["suede"])', "verdict: warn", "cheap-fur"),
    _idle(
        "below-its-category",
        'under(category, "toys/infant") and condition == "used"',
        "verdict: warn",
        "used-toy",
    ),
    _idle("subset-of-actions", "discount > 0.6 and price > 20", "actions: mend", "deep-discount"),
    _idle("stronger-by-arithmetic", "price + 10 < cost", "verdict: warn", "negative-margin"),
    _idle("later-label", "stock >= 2 and stock < 5", "label: other", "low-stock"),
    Fault(
        "covered-by-two",
        "listing",
        "  - {id: by-air,",
        "  - {id: extra, when: 'weight_kg > 35 or rating < 1.5', then: {verdict: warn}}\n  - {id: by-air,",
        "WB804",
        "id: extra",
        "id: heavy",
        ("gate/extra",),
    ),
    # --- contradictions
    _rule(
        "two-routes",
        "weight_kg < 0.5 and price > 100",
        "route: sea",
        "WB806",
        "id: extra",
        "gate/extra",
        "gate/by-air",
        at="id: by-air",
    ),
    _rule(
        "two-owners",
        'under(category, "toys/infant")',
        "owner: baby_team",
        "WB806",
        "id: extra",
        "gate/extra",
        "gate/toys-owner",
        at="id: toys-owner",
    ),
    _rule(
        "owner-set-twice-alike",
        'category == "food/meat"',
        "owner: food_team",
        "WB806",
        "id: extra",
        "gate/extra",
        at="id: food-owner",
    ),
    # --- values
    Fault(
        "action-nobody-sets",
        "listing",
        "allowed: [ask, stop, mend]",
        "allowed: [ask, stop, mend, praise]",
        "WB811",
        "allowed: [ask",
    ),
    Fault(
        "route-nobody-sets",
        "listing",
        "allowed: [air, sea, road]",
        "allowed: [air, sea, road, rail]",
        "WB811",
        "route:",
    ),
    # --- ranges
    Fault(
        "ranges-with-a-slit",
        "listing",
        "stock >= 10 and stock < 100",
        "stock >= 11 and stock < 100",
        "WB808",
        "id: some-stock",
        "id: low-stock",
    ),
    Fault(
        "ranges-that-miss-a-point",
        "listing",
        "stock >= 10 and stock < 100",
        "stock > 10 and stock < 100",
        "WB808",
        "id: some-stock",
        "id: low-stock",
    ),
    Fault(
        "ranges-that-overlap",
        "listing",
        "stock >= 10 and stock < 100",
        "stock >= 9 and stock < 100",
        "WB807",
        "id: some-stock",
        "id: low-stock",
        ("gate/low-stock", "gate/some-stock"),
    ),
    # --- regions
    Fault(
        "parameter-as-above",
        "listing",
        "parameters: {banned: pig}",
        "parameters: {banned: pig, price_limit: 500}",
        "WB813",
        "price_limit: 500}",
        "strict: false",
    ),
    Fault(
        "override-on-other-days",
        "listing",
        "  - {rule: gate/heavy, set: {verdict: review}, reason: parcel limit}",
        "  - {rule: gate/heavy, set: {verdict: review}, reason: parcel limit}\n"
        "  - {rule: gate/new-year, set: {verdict: block}, from: 2027-01-01, reason: later}",
        "WB813",
        "from: 2027-01-01",
        "id: new-year",
    ),
    Fault(
        "override-in-no-market",
        "listing",
        "parameters: {banned: pig}",
        "parameters: {banned: pig}\noverrides:\n  - {rule: gate/strict-text, set: {verdict: block}, reason: local}",
        "WB813",
        "reason: local}",
        "id: strict-text",
    ),
    # --- tables
    Fault(
        "row-behind-a-wider-one",
        "tables",
        '[">= 50", \'"near"\', "2"]',
        '[">= 120", \'"near"\', "2"]',
        "WB805",
        '">= 120"',
        '">= 100", "-"',
    ),
    Fault(
        "row-behind-the-rest",
        "tables",
        '      - ["-", "-", "6"]',
        '      - ["-", "-", "6"]\n      - [">= 7", "-", "3"]',
        "WB805",
        '">= 7"',
        '["-", "-", "6"]',
    ),
    Fault(
        "row-nothing-matches",
        "tables",
        '      - [\'"far"\', "[30..100]", ship]',
        '      - [\'"far"\', "[30..100]", ship]\n      - [\'"far"\', "[130..160]", post]',
        "WB802",
        "[130..160]",
        "weight: {",
    ),
    Fault("rows-that-overlap", "tables", '"[30..100]"', '"[29..100]"', "WB806", '"[0..30)"', "[29..100]"),
    Fault("table-misses-a-weight", "tables", '"[30..100]"', '"(30..100]"', "WB808", '"<= 20"', '"abroad"'),
    Fault(
        "table-misses-a-zone",
        "tables",
        '      - [\'"abroad"\', "-", ship]\n',
        "",
        "WB808",
        '"<= 20"',
        "[30..100]",
    ),
    Fault("table-misses-a-flag", "tables", '      - ["false", "-", bare]\n', "", "WB808", '"<= 5", paper'),
    Fault(
        "table-of-free-text",
        "tables",
        "inputs: [zone, weight]\n    outputs: [carrier]",
        "inputs: [speed, weight]\n    outputs: [carrier]",
        "WB808",
        '"<= 20"',
        '"abroad"',
    ),
    Fault(
        "rows-that-set-two-wraps",
        "tables",
        '["true", "> 5", ribbon]',
        '["true", ">= 5", ribbon]',
        "WB807",
        '"<= 5", paper',
        '">= 5", ribbon',
    ),
    Fault("notes-with-a-slit", "tables", '"[50..90]"', '"(50..90]"', "WB808", "(50..90]", "[10..50)"),
    # --- scorecards
    Fault(
        "bin-below-the-range",
        "cards",
        "{upto: 2, points: 0}",
        "{upto: 0.5, points: 0}",
        "WB809",
        "upto: 0.5",
        "rating: {",
    ),
    Fault(
        "bin-beyond-the-range",
        "cards",
        "{upto: 0.2, points: 60}",
        "{upto: 1, points: 60}",
        "WB809",
        "upto: 1,",
        "upto: 1,",
    ),
    Fault(
        "rest-bin-of-two-flags",
        "cards",
        "{is: false, points: 0}]",
        "{is: false, points: 0}, {points: 5}]",
        "WB809",
        "is: false",
    ),
    Fault(
        "tier-out-of-reach",
        "cards",
        "{id: high, from: 80}]",
        "{id: high, from: 80}, {id: top, from: 101}]",
        "WB810",
        "id: top",
        "id: service",
    ),
    Fault(
        "sum-tier-out-of-reach", "cards", "{id: grown, from: 8}", "{id: grown, from: 16}", "WB810", "from: 16"
    ),
    Fault(
        "numbers-in-no-bin",
        "cards",
        '{range: "[0..10)", points: 1}',
        '{range: "[5..10)", points: 1}',
        "WB808",
        "id: volume",
        "range:",
    ),
    Fault(
        "weights-of-ninety-five",
        "cards",
        "    weight: 40",
        "    weight: 35",
        "WB815",
        "scorecard: trust",
        "id: papers",
    ),
    Fault(
        "region-weights-off",
        "cards",
        "trust: {service: 30, speed: 30}",
        "trust: {service: 30, speed: 20}",
        "WB815",
        "trust: {service",
        "scorecard: trust",
    ),
    Fault(
        "region-weights-as-usual",
        "cards",
        "trust: {service: 30, speed: 30}",
        "trust: {service: 40, speed: 20}",
        "WB813",
        "trust: {service",
        "scorecard: trust",
    ),
    Fault(
        "score-rule-out-of-reach",
        "cards",
        "trust.score < 60 and trust.score >= 50",
        'trust.score < 40 and trust.tier == "high"',
        "WB802",
        "id: weak",
    ),
    Fault(
        "score-above-all",
        "cards",
        "trust.score < 60 and trust.score >= 50",
        "trust.score > 100",
        "WB802",
        "id: weak",
    ),
]


def test_there_are_sixty_faults_with_names_of_their_own() -> None:
    assert len(FAULTS) >= 60
    assert len({f.name for f in FAULTS}) == len(FAULTS)


def _text(twin: str) -> str:
    return (FOLDER / f"{twin}.yaml").read_text(encoding="utf-8")


def _prove(text: str) -> tuple[Engine, Proof]:
    engine = weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": text})
    return engine, prove(engine)


@lru_cache
def _twin(name: str) -> Proof:
    return _prove(_text(name))[1]


@pytest.mark.parametrize("twin", TWINS)
def test_a_faultless_project_raises_nothing(twin: str) -> None:
    proof = _twin(twin)
    assert not proof.findings, proof.findings
    assert not proof.unsettled


@pytest.mark.parametrize("fault", FAULTS, ids=[f.name for f in FAULTS])
def test_the_fault_is_found_at_its_places_with_a_confirmed_witness(fault: Fault) -> None:
    text = _text(fault.twin)
    assert text.count(fault.old) == 1, "the fault is one edit"
    faulty = text.replace(fault.old, fault.new)
    engine, proof = _prove(faulty)
    assert not proof.unsettled
    assert [d.code for d in proof.findings] == [fault.code], [d.message for d in proof.findings]
    found = proof.findings[0]
    lines = faulty.splitlines()
    assert found.span is not None and fault.at in lines[found.span.line - 1]
    if fault.other:
        assert any(fault.other in lines[span.line - 1] for _, span in found.related), found.related
    _confirm(engine, found, fault)


def _confirm(engine: Engine, found: Diagnostic, fault: Fault) -> None:
    """The engine says of the witness what the finding says."""
    witness = found.witness
    if witness is None:
        assert not fault.fires
        return
    decision = engine.decide(
        witness.target, json.loads(witness.record), market=witness.market, as_of=witness.as_of
    )
    for ref in fault.fires:
        assert (ref.lstrip("-") in decision.fired) is not ref.startswith("-")
    if found.code == "WB806":
        assert any(f.status == "conflict" for f in decision.findings)
    if found.code == "WB808" and witness.target == "freight":
        assert None in decision.outputs.values() or decision.outputs["note"] == "none"
