"""Turn-around: the fewest changes that bring a verdict, against trying every record of a small world."""

from __future__ import annotations

import itertools
import json
import random
from pathlib import Path
from typing import Any

import pytest

import weighbridge
from weighbridge.diagnostics import DiagnosticError
from weighbridge.engine import Engine

pytest.importorskip("z3")

from weighbridge.proof.turn import Turner, turn_feed
from weighbridge.turning import Turn

DAY = "2026-01-01"

SHOP = """
record_type: thing
key: id
fields:
  id: {type: text, required: true}
  price: {type: number, min: 0, max: 1000, changeable: true}
  cost: {type: number, min: 0, max: 1000}
  title: {type: text, changeable: true, title: {en: Title, zh: 标题}}
  materials: {type: text_list, changeable: true}
  certificates: {type: text_list, changeable: true}
  category: {type: text, allowed: [toy, food, shoe]}
  document: {type: text, changeable: true}
  sent: {type: date, changeable: true}
  pieces: {type: number, unit: pieces, min: 0, changeable: true}
  owner: {type: text, personal: contact, changeable: true}
derived:
  margin: {value: (price - cost) / price}
---
region: AA
---
ruleset: gate
record: thing
if_unknown: review
outputs: {verdict: {combine: worst, default: pass}}
rules:
  - {id: dear, when: price >= 50, then: {verdict: review}}
  - {id: thin, when: margin < 0.2, then: {verdict: warn}}
  - {id: pig, when: 'mentions(join(title, materials), ["pigskin", "lard"])', then: {verdict: block}}
  - {id: halal, when: 'category == "food" and not ("halal" in certificates)', then: {verdict: block}}
  - {id: document, when: 'category == "toy" and document == "none"', then: {verdict: block}}
  - {id: shoes, when: 'category == "shoe"', then: {verdict: review}}
  - {id: many, when: 'coalesce(pieces >= 120, false)', then: {verdict: review}}
  - {id: late, when: 'coalesce(sent > "2026-03-01", false)', then: {verdict: warn}}
---
scorecard: quality
record: thing
characteristics:
  - {id: cheap, weight: 10, value: price, bins: [{upto: 10, points: 100}, {points: 0}]}
  - {id: named, weight: 10, value: 'mentions(title, ["oak"])', bins: [{is: true, points: 100}, {points: 0}]}
tiers: [{id: low, from: 0}, {id: middle, from: 50}, {id: high, from: 100}]
"""
GOOD = {"id": "g", "price": 40, "cost": 10, "title": "Chair", "materials": ["wood"], "category": "food"} | {
    "certificates": ["halal"]
}


def _engine(text: str) -> Engine:
    return weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": text})


@pytest.fixture(scope="module")
def engine() -> Engine:
    return _engine(SHOP)


def _turn(engine: Engine, wanted: str = "pass", target: str = "gate", **fields: Any) -> Turn:
    record = {k: v for k, v in (GOOD | fields).items() if v is not None}
    found = engine.turn(target, record, wanted, market="AA", as_of=DAY)
    for proposal in found.proposals:
        decision = engine.decide(target, proposal.record, market="AA", as_of=DAY)
        assert wanted in (decision.verdict, *(tier for _, tier in decision.score_values.values()))
        changed = {k for k in {*record, *proposal.record} if record.get(k) != proposal.record.get(k)}
        assert changed == {c.field for c in proposal.changes}
    return found


def _told(turn: Turn) -> list[str]:
    return [change.text() for change in turn.changes]


def test_a_price_goes_just_below_its_limit(engine: Engine) -> None:
    assert _told(_turn(engine, price=60)) == ["price: lower from 60 to 49.99"]


def test_what_is_counted_stays_whole(engine: Engine) -> None:
    assert _told(_turn(engine, pieces=500)) == ["pieces: lower from 500 to 119"]


def test_a_price_goes_up_exactly_to_the_margin(engine: Engine) -> None:
    assert _told(_turn(engine, cost=39)) == ["price: raise from 40 to 48.75"]


def test_a_verdict_that_is_there_needs_nothing(engine: Engine) -> None:
    assert (_turn(engine).status, _turn(engine).proposals) == ("already", ())


def test_terms_are_taken_out_of_every_field_that_holds_them(engine: Engine) -> None:
    found = _turn(engine, title="Nice pigskin chair", materials=["pigskin leather", "cotton"])
    assert _told(found) == [
        "Title (title): take out “pigskin”",
        "materials: take out “pigskin leather”",
    ]
    assert found.proposals[0].record["title"] == "Nice chair"
    assert found.proposals[0].record["materials"] == ["cotton"]


def test_the_only_word_and_the_only_material_are_replaced_not_emptied(engine: Engine) -> None:
    found = _turn(engine, title="lard", materials=["lard"])
    assert [(c.kind, c.free) for c in found.changes] == [("replace", True)] * 2
    assert all(found.proposals[0].record[f] for f in ("title", "materials"))


def test_a_certificate_is_added_to_those_there_are(engine: Engine) -> None:
    found = _turn(engine, certificates=["oeko"])
    assert _told(found) == ["certificates: add “halal”"]
    assert found.proposals[0].record["certificates"] == ["oeko", "halal"]


def test_missing_evidence_is_asked_for_and_a_denial_taken_back(engine: Engine) -> None:
    assert _told(_turn(engine, category="toy")) == ["document: state it (now missing)"]
    assert _told(_turn(engine, category="toy", document="none")) == ["document: something else than none"]


def test_a_date_moves_by_whole_days(engine: Engine) -> None:
    assert _told(_turn(engine, sent="2026-05-20")) == ["sent: 2026-03-01 instead of 2026-05-20"]


def test_a_severer_verdict_can_be_wanted_and_is_met_exactly(engine: Engine) -> None:
    assert _told(_turn(engine, "review")) == ["price: raise from 40 to 50"]
    assert _turn(engine, "warn", price=60).status == "found"


def test_what_rests_on_a_fixed_field_alone_is_proved_impossible_and_named(engine: Engine) -> None:
    found = _turn(engine, category="shoe")
    assert (found.status, found.rules) == ("never", ("gate/shoes",))


def test_limits_that_exclude_each_other_are_proved_impossible(engine: Engine) -> None:
    assert _turn(engine, price=60, cost=45).status == "never"


def test_a_tier_of_a_scorecard_can_be_wanted(engine: Engine) -> None:
    told = [p.changes[0].text() for p in _turn(engine, "middle", "quality").proposals]
    assert sorted(told) == ["Title (title): add “oak”", "price: lower from 40 to 10"]
    assert {c.field for c in _turn(engine, "high", "quality").changes} == {"price", "title"}


def test_a_limit_of_steps_is_told(engine: Engine) -> None:
    found = Turner(engine, "gate", "pass", effort=1).turn({**GOOD, "price": 60}, "AA", DAY)
    assert (found.status, found.why) == ("open", "steps")
    assert "limit of steps" in found.text()
    assert "步数" in found.text("zh")


def test_where_the_solver_gives_up_one_or_two_acts_are_tried(engine: Engine) -> None:
    record = {**GOOD, "title": "lard chair", "certificates": ["oeko"]}
    found = Turner(engine, "gate", "pass", effort=1).turn(record, "AA", DAY)
    assert sorted(c.field for c in found.changes) == ["certificates", "title"]


@pytest.mark.parametrize(("target", "wanted"), [("gate", "passs"), ("quality", "pass")])
def test_verdicts_that_do_not_exist_are_refused(engine: Engine, target: str, wanted: str) -> None:
    with pytest.raises(DiagnosticError, match="WB830"):
        engine.turn(target, GOOD, wanted, market="AA", as_of=DAY)


def test_a_verdict_that_is_not_the_worst_is_refused() -> None:
    other = _engine(SHOP.replace("combine: worst, default: pass", "combine: first, default: pass"))
    with pytest.raises(DiagnosticError, match="WB830"):
        other.turn("gate", GOOD, market="AA", as_of=DAY)


def test_personal_values_are_masked() -> None:
    privacy = "region: AA\nprivacy: [{purposes: [service], consent: not_needed, source: House policy}]"
    text = SHOP.replace("region: AA", privacy).replace(
        "if_unknown: review", "purpose: service\nif_unknown: review"
    )
    text = text.replace(
        "  - {id: shoes,",
        "  - {id: owner, when: 'owner == \"Ada\"', then: {verdict: block}}\n  - {id: shoes,",
    )
    found = _turn(_engine(text), owner="Ada")
    assert [c.field for c in found.changes] == ["owner"]
    assert "Ada" not in found.text() + found.to_json()


def test_every_change_is_told_in_chinese(engine: Engine) -> None:
    found = _turn(engine, price=60, title="lard chair", certificates=None)
    assert found.text("zh").splitlines() == [
        "g：拦截 → 通过（市场 AA，日期 2026-01-01）",
        "  找到的最少改动（3 项）：",
        "    - price：由 60 降至 49.99",
        "    - 标题 (title)：删去“lard”",
        "    - certificates：填写 halal（目前缺失）",
    ]


# --- against every record of a small world ---------------------------------------------------------------

NUMBERS = [0, 0.5, 1, 1.5, 2, 2.5, 3]
CHANGEABLE: dict[str, list[Any]] = {
    "a": NUMBERS,
    "colour": ["red", "blue"],
    "flag": [True, False],
    "word": ["x", "pork", "raw", "raw pork", "other"],
}
FIXED: dict[str, list[Any]] = {"b": [None, 0, 1, 2.5]}
WORLD = """
record_type: thing
fields:
  a: {type: number, min: 0, max: 3, changeable: true}
  b: {type: number, min: 0, max: 3}
  colour: {type: text, allowed: [red, blue], changeable: true}
  flag: {type: boolean, changeable: true}
  word: {type: text, changeable: true}
derived:
  sum: {value: a + b}
---
region: XX
---
ruleset: gate
record: thing
outputs: {verdict: {combine: worst, default: pass}}
"""


def _condition(rng: random.Random) -> str:
    leaves = [
        f"a {rng.choice(['<', '<=', '>', '>=', '==', '!='])} {rng.randint(0, 3)}",
        f"sum {rng.choice(['<', '>='])} {rng.randint(1, 4)}",
        f"colour == '{rng.choice(['red', 'blue'])}'",
        "flag",
        "mentions(word, ['pork'])",
        "mentions(word, ['raw'])",
        f"word {rng.choice(['==', '!='])} 'x'",
        f"is_missing({rng.choice(['a', 'b', 'flag', 'word'])})",
        f"coalesce(b, 1) > {rng.randint(0, 2)}",
    ]
    first, second = (f"{rng.choice(['', '', 'not '])}({leaf})" for leaf in rng.sample(leaves, 2))
    return f"{first} {rng.choice(['and', 'and', 'or'])} {second}"


def _world(rng: random.Random) -> str:
    def rule(number: int, indent: str) -> str:
        unknown = rng.choice(["skip", "fire", "review"])
        verdict = rng.choice(["pass", "warn", "review", "block"])
        return (
            f"{indent}- {{id: r{number}, when: {json.dumps(_condition(rng))}, then: {{verdict: {verdict}}}, "
            f"if_unknown: {unknown}}}\n"
        )

    return WORLD + "rules:\n" + "".join(rule(n, "  ") for n in range(5))


def _fewest(engine: Engine, record: dict[str, Any], wanted: str) -> int | None:
    """The fewest fields whose change brings the verdict, by trying everything; None where nothing does."""
    best = None
    options = [
        [record.get(f), *(v for v in values if v != record.get(f))] for f, values in CHANGEABLE.items()
    ]
    for values in itertools.product(*options):
        changed = {f: v for f, v in zip(CHANGEABLE, values, strict=True) if v != record.get(f)}
        if best is not None and len(changed) >= best:
            continue
        if engine.decide("gate", record | changed, market="XX", as_of=DAY).verdict == wanted:
            best = len(changed)
    return best


@pytest.mark.parametrize("seed", range(12))
def test_fewest_changes_are_those_of_trying_everything(seed: int) -> None:
    rng = random.Random(seed)
    engine = _engine(_world(rng))
    for wanted in ("pass", "review"):
        turner = Turner(engine, "gate", wanted)
        for _ in range(6):
            every = {**CHANGEABLE, **FIXED}
            record = {f: rng.choice([None, *values]) for f, values in every.items()}
            record = {f: v for f, v in record.items() if v is not None}
            found = turner.turn(record, "XX", DAY)
            fewest = _fewest(engine, record, wanted)
            assert found.status == {0: "already", None: "never"}.get(fewest, "found"), (record, found.text())
            assert len(found.changes) == (fewest or 0), (record, found.text())
            for proposal in found.proposals:
                assert engine.decide("gate", proposal.record, market="XX", as_of=DAY).verdict == wanted


# --- a feed -----------------------------------------------------------------------------------------------


def test_a_feed_is_told_the_acts_that_clear_most_first(engine: Engine) -> None:
    records = [
        GOOD,
        *({**GOOD, "id": f"c{n}", "certificates": ["oeko"]} for n in range(3)),
        *({**GOOD, "id": f"p{n}", "price": 60 + n} for n in range(2)),
        {**GOOD, "id": "both", "price": 70, "certificates": ["oeko"]},
        {**GOOD, "id": "shoe", "category": "shoe"},
        {**GOOD, "price": -1},
        None,
    ]
    found = turn_feed(Turner(engine, "gate", "pass"), records, ["AA"], DAY)
    assert (found.rows, found.failing, found.turned, found.never, found.invalid) == (10, 7, 6, 1, 2)
    steps = [([c.field for c in s.changes], s.cleared, s.total) for s in found.steps]
    assert steps == [(["certificates"], 3, 3), (["price"], 3, 6)]
    assert "price: lower it" in found.text()
    assert "price：降低" in found.text("zh")


def test_decisions_beyond_the_limit_are_counted(engine: Engine) -> None:
    records = [{**GOOD, "id": str(n), "price": 60} for n in range(5)]
    found = turn_feed(Turner(engine, "gate", "pass"), records, ["AA"], DAY, most=2)
    assert (found.failing, found.looked, found.left) == (5, 2, 3)
    assert "--most 2" in found.text()
