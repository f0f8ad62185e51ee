"""Two versions compared by proof: what it says is what trying every record of a small world says, both ways."""

from __future__ import annotations

import json
import random
import re
from typing import Any

import pytest
from small_projects import BASE, NOWHERE, RECORD_TYPE, REGIONS, TERMS, TODAY, WORLD, gate, load, rule

import weighbridge
from weighbridge.engine import Engine
from weighbridge.impact_result import Proven

pytest.importorskip("z3")

from test_proof_brute_force import RECORDS, _condition, _project

from weighbridge.proof.compare import compare, facts

CARD = {
    "scorecard": "card",
    "record": "thing",
    "characteristics": [
        {"id": "many", "weight": 2, "value": "n", "bins": [{"upto": 1, "points": 0}, {"points": 100}]},
        {
            "id": "said",
            "weight": 1,
            "value": "o",
            "bins": [{"upto": 5, "points": 50}, {"points": 70}],
            "missing": 10,
        },
    ],
    "tiers": [{"id": "low", "from": 0}, {"id": "high", "from": 60}],
}


def one(base: Engine, current: Engine, target: str = "gate", markets: tuple[str, ...] = ("AA",)) -> Proven:
    (found,) = compare(base, current, target, markets, TODAY)
    return found


def confirmed(base: Engine, current: Engine, found: Proven) -> bool:
    """Whether both engines decide the witness as is told."""
    assert found.witness is not None
    record, market = json.loads(found.witness.record), found.witness.market
    decided = [
        facts(e, found.target, e.decide(found.target, record, market=market, as_of=found.witness.as_of))
        for e in (base, current)
    ]
    told = {(kind, name) for kind, name, _, _ in found.differences}
    return told == {
        k for k in decided[0].keys() | decided[1].keys() if decided[0].get(k) != decided[1].get(k)
    }


def rewritten(text: str, rng: random.Random) -> str:
    """The project with one condition written otherwise, or changed."""
    conditions = re.findall(r'when: "(.*?)"', text)
    old = rng.choice(conditions)
    new = rng.choice([f"not (not ({old}))", f"({old}) and true", f"(({old}) or ({old}))", _condition(rng, 2)])
    return text.replace(f'when: "{old}"', f'when: "{new}"', 1)


@pytest.mark.parametrize("seed", range(24))
def test_the_answer_is_what_every_record_of_a_small_world_says(seed: int) -> None:
    text = _project(seed)
    engines = [
        weighbridge.load(NOWHERE, {"rulesets/all.yaml": t})
        for t in (text, rewritten(text, random.Random(seed)))
    ]
    (found,) = compare(engines[0], engines[1], "gate", ("XX",), TODAY)
    differ = False
    for record in RECORDS[seed % 3 :: 3]:
        a, b = (facts(e, "gate", e.decide("gate", record, market="XX", as_of=TODAY)) for e in engines)
        differ = differ or a != b
    assert found.status == ("differs" if differ else "identical"), (found, text)
    assert not differ or confirmed(*engines, found)


def test_equal_versions_are_identical_without_a_question() -> None:
    documents = [*BASE, gate(rule("n ** 3 > 2 and t == u"))]
    assert one(load(*documents), load(*documents)).status == "identical"


@pytest.mark.parametrize(
    ("before", "after", "status"),
    [
        ("n > 3", "not (n <= 3)", "identical"),
        ("n > 3", "n > 3.5", "differs"),
        ("n > 3", "n > 3 and o > 1", "differs"),
        ("n > 3", "n > region.limit", "identical"),
        ("mentions(t, terms.meat)", 'mentions(t, ["beef"])', "differs"),
        ("n > 3", "coalesce(n > 3, false)", "differs"),
        ("b and p", "p and b", "identical"),
    ],
)
def test_a_condition_written_otherwise(before: str, after: str, status: str) -> None:
    base, current = (load(*BASE, gate(rule(text))) for text in (before, after))
    found = one(base, current)
    assert found.status == status
    assert status == "identical" or confirmed(base, current, found)


def test_a_rule_split_into_two_is_told_by_its_rules_only() -> None:
    base = load(*BASE, gate(rule("n > 3")))
    current = load(*BASE, gate(rule("n > 5", "high"), rule("n > 3 and n <= 5", "low")))
    found = one(base, current)
    assert {kind for kind, _, _, _ in found.differences} == {"rule"}
    assert confirmed(base, current, found)


def test_terms_that_change_under_one_name() -> None:
    documents = [RECORD_TYPE, *REGIONS, gate(rule("mentions(t, terms.meat)"))]
    more = {**TERMS[0], "terms": ["pork", "猪肉", "beef"]}
    base, current = load(*documents, *TERMS), load(*documents, more)
    found = one(base, current)
    assert "beef" in json.loads(found.witness.record)["t"] if found.witness else False
    assert confirmed(base, current, found)
    ordered = {**TERMS[0], "terms": ["猪肉", "pork"]}
    assert one(base, load(*documents, ordered)).status in ("identical", "open")


def test_a_derived_value_and_what_reads_it() -> None:
    def project(value: str) -> Engine:
        record = {**RECORD_TYPE, "derived": {"sum": {"value": value}}}
        return load(record, *REGIONS, *TERMS, gate(rule("sum > 3")))

    assert one(project("n + m"), project("m + n")).status == "identical"
    assert one(project("n + m"), project("n + m + 1")).status == "differs"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"tiers": [{"id": "low", "from": 0}, {"id": "high", "from": 75}]}, "differs"),
        ({"tiers": [{"id": "low", "from": 0}, {"id": "high", "from": 60.0}]}, "identical"),
        (
            {"characteristics": [{**CARD["characteristics"][0], "weight": 3}, CARD["characteristics"][1]]},
            "differs",
        ),
        (
            {
                "characteristics": [
                    {**CARD["characteristics"][0], "value": "n + 0"},
                    CARD["characteristics"][1],
                ]
            },
            "identical",
        ),
    ],
)
def test_scorecards(change: dict[str, Any], status: str) -> None:
    base, current = load(*BASE, CARD), load(*BASE, {**CARD, **change})
    found = one(base, current, "card")
    assert found.status == status
    assert status == "identical" or confirmed(base, current, found)
    reading = gate(rule('card.tier == "low"'))
    assert one(load(*BASE, CARD, reading), load(*BASE, {**CARD, **change}, reading)).status == status


def test_the_order_of_rules_matters_where_the_first_counts() -> None:
    for combine, status in (("first", "differs"), ("worst", "identical")):
        outputs = {"verdict": {"combine": combine}}
        two = [rule("n > 1", "a", then={"verdict": "warn"}), rule("m > 1", "b")]
        base, current = (load(*BASE, gate(*rules, outputs=outputs)) for rules in (two, two[::-1]))
        assert one(base, current).status == status
    apart = [rule("n > 1", "a", then={"verdict": "warn"}), rule("n <= 1", "b")]
    outputs = {"verdict": {"combine": "first"}}
    base, current = (load(*BASE, gate(*rules, outputs=outputs)) for rules in (apart, apart[::-1]))
    assert one(base, current).status == "identical"


def test_markets_that_no_version_tells_apart_are_answered_together() -> None:
    more = [
        {"region": "BB", "extends": "world"},
        {"region": "CC", "extends": "world", "parameters": {"limit": 9}},
    ]
    documents = [RECORD_TYPE, *REGIONS, *more, *TERMS]
    base = load(*documents, gate(rule("n > region.limit")))
    current = load(*documents, gate(rule("n > region.limit and n > 5")))
    found = compare(base, current, "gate", ("AA", "BB", "CC"), TODAY)
    assert [(p.markets, p.status) for p in found] == [(("AA", "BB"), "differs"), (("CC",), "identical")]


def test_records_that_only_one_version_allows_do_not_count() -> None:
    fields = {**RECORD_TYPE["fields"], "n": {"type": "number", "max": 3}}
    base = load(*BASE, gate(rule("n > 5")))
    current = load({**RECORD_TYPE, "fields": fields}, *BASE[1:], gate(rule("n > 4")))
    assert one(base, current).status == "identical"
    text = {**RECORD_TYPE["fields"], "n": {"type": "text"}}
    current = load({**RECORD_TYPE, "fields": text}, *BASE[1:], gate(rule('n == "x"')))
    assert one(base, current).status == "identical"


def test_what_the_solver_cannot_settle_is_said_to_be_open() -> None:
    base = load(*BASE, gate(rule("sqrt(n) * sqrt(m) > 7.123")))
    current = load(*BASE, gate(rule("sqrt(n * m) > 7.123")))
    found = one(base, current)
    assert (found.status, found.witness) in (("open", None), ("differs", found.witness))
    assert found.status == "differs" or "gate/r" in found.why
    outputs = {"verdict": {"combine": "best"}}
    found = one(load(*BASE, gate(rule("n > 3"))), load(*BASE, gate(rule("n > 3"), outputs=outputs)))
    assert found.status == "open"
    assert "verdict is combined otherwise" in found.why


def test_the_day_is_the_one_asked_for() -> None:
    dated = rule("n > 3", effective={"from": "2026-07-01"})
    base, current = load(*BASE, gate(rule("m > 3", "m"))), load(*BASE, gate(rule("m > 3", "m"), dated))
    assert one(base, current).status == "identical"
    (found,) = compare(base, current, "gate", ("AA",), TODAY.replace(month=8))
    assert found.status == "differs"
    assert found.witness is not None and found.witness.as_of == "2026-08-15"


def test_personal_data_is_seen_as_the_market_allows() -> None:
    fields = {**RECORD_TYPE["fields"], "t": {"type": "text", "personal": "contact"}}
    world = {
        **WORLD,
        "privacy": [{"purposes": ["service"], "consent": "not_needed", "source": "House policy"}],
    }

    def project(when: str) -> Engine:
        record = {**RECORD_TYPE, "fields": fields}
        return load(record, world, *REGIONS[1:], *TERMS, gate(rule(when), purpose="service"))

    assert one(project('t == "x"'), project('"x" == t')).status == "identical"
    assert one(project('t == "x"'), project('t == "y"')).status == "differs"
