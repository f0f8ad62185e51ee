"""The engine as Python programs use it: deciding, versions, epochs, explanations, threads, processes."""

from __future__ import annotations

import json
import multiprocessing
import pickle
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

import weighbridge
from weighbridge import Engine, InvalidRecord, Match, ProjectError, Review, UnknownName

TYPES = """
record_type: listing
key: sku
fields:
  sku: {type: text, required: true}
  title: {type: text, title: {en: Title, zh: 标题}}
  description: {type: text}
  category: {type: text, tree: [toys, toys/infant, home]}
  condition: {type: text, allowed: [new, used]}
  price: {type: number, min: 0, title: {en: Price, zh: 价格}}
  weight_kg: {type: number, title: {en: Weight, zh: 重量}}
  certified: {type: boolean}
  launch: {type: date}
  tags: {type: text_list}
derived:
  all_text: {value: "join(title, description)"}
---
term_list: pig
terms: {en: [pig, pork], zh: [猪]}
"""

REGIONS = """
region: world
declares:
  pork_prohibited: {type: boolean}
  review_price: {type: number}
  feast: {type: boolean}
parameters: {pork_prohibited: false, review_price: 100, feast: false}
---
region: gcc
extends: world
parameters:
  pork_prohibited: true
  feast: [{from: 2026-02-18, to: 2026-03-19, value: true}]
---
region: SA
extends: gcc
overrides:
  - {rule: gate/expensive, set: {verdict: warn}, from: 2026-07-01, reason: agreed with the customs broker}
---
region: DE
extends: world
weights: {quality: {text: 3}}
"""

CARD = """
scorecard: quality
record: listing
minimum_coverage: 0.5
characteristics:
  - {id: text, weight: 1, value: length(title), bins: [{upto: 4, points: 20}, {points: 100}],
     reason: {en: "The title is short", zh: 标题过短}}
  - {id: heavy, weight: 1, value: weight_kg, bins: [{upto: 10, points: 100}, {points: 40}],
     reason: {en: "{weight_kg:1} kg is heavy", zh: "{weight_kg:1} 公斤偏重"}}
  - {id: proof, weight: 2, value: certified, missing: 50,
     bins: [{is: true, points: 100}, {is: false, points: 0}]}
tiers: [{id: poor, from: 0}, {id: good, from: 60}]
"""

GATE = """
ruleset: gate
record: listing
outputs:
  verdict: {combine: worst}
  actions: {type: text, combine: collect}
  fee: {type: number, combine: sum, default: 0}
  route: {type: text, combine: unique}
  ship_by: {type: date, combine: first}
rules:
  - id: pork
    title: {en: Pork, zh: 猪肉}
    when: region.pork_prohibited and mentions(all_text, terms.pig)
    then: {verdict: block, actions: remove}
    reason: {en: "Names {match}", zh: "含有{match}"}
    source: {citation: "Customs law, art. 5", confidence: needs_check, checked: 2026-01-31}
    review: {queue: legal, within: 48h, approvers: 2}
  - id: expensive
    when: price > region.review_price
    then: {verdict: review, fee: {value: "price * 0.1"}}
    reason: {en: "{price:2} is above {region.review_price}", zh: "{price:2} 高于 {region.review_price}"}
    review: {queue: legal, within: 48h, approvers: 2}
  - id: heavy
    when: weight_kg > 30
    then: {actions: freight}
  - id: proof
    when: not evidence(certified)
    then: {verdict: warn}
    if_unknown: review
  - id: old
    when: price > 0
    then: {verdict: block}
    effective: {to: 2020-12-31}
  - id: german
    when: price > 0
    then: {fee: 1}
    markets: [DE]
  - {id: off, when: price > 0, then: {verdict: block}, enabled: false}
  - {id: feast, when: region.feast and price > 0, then: {actions: gift wrap}}
  - {id: soon, when: price > 50, then: {ship_by: "2026-06-05", route: air}}
  - {id: late, when: price > 90, then: {ship_by: "2026-06-09", route: sea}}
tables:
  - id: sizes
    hit: first
    inputs: [weight_kg]
    outputs: [actions]
    rows: [[">= 20", big], [">= 5", medium], ["-", small]]
"""

FILES = {
    "rulesets/types.yaml": TYPES,
    "regions/regions.yaml": REGIONS,
    "scorecards/quality.yaml": CARD,
    "rulesets/gate.yaml": GATE,
}
DAY = "2026-06-01"
PIG = {
    "sku": "A-1",
    "title": "Purse",
    "description": "Soft pork leather",
    "price": 20,
    "weight_kg": 1,
    "certified": True,
}


def write(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return weighbridge.load(write(tmp_path_factory.mktemp("project"), FILES))


def decide(engine: Engine, market: str = "SA", as_of: str = DAY, **values: Any) -> weighbridge.Decision:
    return engine.decide("gate", PIG | values, market=market, as_of=as_of)


def finding(decision: weighbridge.Decision, rule: str) -> weighbridge.Finding:
    (found,) = [f for f in decision.findings if f.rule == rule]
    return found


# --------------------------------------------------------------------------------------------------- loading


def test_an_engine_says_what_can_be_decided(engine: Engine) -> None:
    assert engine.targets == ("gate", "quality")
    assert engine.markets == ("DE", "SA")
    assert engine.record_type("gate").record_type == "listing"
    assert [r.ref for r in engine.rules("gate")][:2] == ["gate/pork", "gate/expensive"]
    assert engine.rules("quality") == []


def test_a_rule_can_be_looked_up(engine: Engine) -> None:
    rule = engine.rule("gate/pork")
    assert rule.title == {"en": "Pork", "zh": "猪肉"}
    assert rule.condition == "region.pork_prohibited and mentions(all_text, terms.pig)"
    assert rule.source is not None and rule.source.checked == date(2026, 1, 31)
    assert rule.review == Review("legal", "48h", 2)
    assert str(rule.location).startswith("rulesets/gate.yaml:11:")
    assert engine.rule("gate/off").enabled is False
    assert engine.rule("gate/sizes-2").condition


def test_a_project_with_errors_raises_all_of_them(tmp_path: Path) -> None:
    broken = FILES | {
        "rulesets/gate.yaml": GATE.replace(
            "price > region.review_price", "prise > region.review_price"
        ).replace("then: {actions: freight}", "then: {action: freight}")
    }
    with pytest.raises(ProjectError) as raised:
        weighbridge.load(write(tmp_path, broken))
    assert [(d.code, d.suggestion) for d in raised.value.diagnostics] == [
        ("WB203", "price"),
        ("WB203", "actions"),
    ]
    assert "rulesets/gate.yaml:19:" in str(raised.value)


SCENARIOS = (
    "# tests\nscenarios: gate\nmarket: SA\nas_of: 2026-01-01\ncases:\n- {name: n, expect: {verdict: pass}}\n"
)


def test_scenarios_are_read_when_somebody_asks_for_them(tmp_path: Path) -> None:
    engine = weighbridge.load(write(tmp_path, {**FILES, "rulesets/gate.scenarios.yaml": SCENARIOS}))
    (tmp_path / "rulesets/gate.scenarios.yaml").unlink()  # what is tested is what was loaded
    assert [document.file for document in engine.project.scenarios] == ["rulesets/gate.scenarios.yaml"]
    assert engine.project.sources["rulesets/gate.scenarios.yaml"][0] == "# tests"


def test_broken_scenarios_do_not_keep_an_engine_from_deciding_but_are_told(tmp_path: Path) -> None:
    root = write(tmp_path, {**FILES, "rulesets/gate.scenarios.yaml": SCENARIOS.replace("expect", "expcet")})
    engine = weighbridge.load(root)
    assert decide(engine).verdict is not None
    with pytest.raises(ProjectError, match="expcet"):
        _ = engine.project.scenarios


@pytest.mark.parametrize(
    "text",
    [
        "scenarios: gate\nmarket: SA\n---\nruleset: gate\n",
        "scenarios: gate\nmarket: SA\n---\n{ruleset: gate}\n",
        "scenarios: gate\nmarket: SA\n---\n'ruleset': gate\n",
        "scenarios: gate\nmarket: SA\n--- {ruleset: gate}\n",
        "scenarios: gate\rmarket: SA\r---\rruleset: gate\r",
        "scenarios: gate\nmarket: SA\n...\n%YAML 1.2\n---\nruleset: gate\n",
        "? ruleset\n: gate\n---\nscenarios: gate\n",
        "--- # a ruleset\nruleset: gate\n---\nscenarios: gate\n",
    ],
)
def test_whatever_may_hold_more_than_scenarios_is_read_at_once(tmp_path: Path, text: str) -> None:
    with pytest.raises(ProjectError):
        weighbridge.load(write(tmp_path, {**FILES, "rulesets/gate.scenarios.yaml": text}))


def test_files_can_be_replaced_without_being_saved(tmp_path: Path) -> None:
    root = write(tmp_path, FILES)
    changed = weighbridge.load(root, {"rulesets/gate.yaml": GATE.replace("verdict: block", "verdict: warn")})
    assert decide(changed).verdict == "warn"
    assert decide(weighbridge.load(root)).verdict == "block"


# ----------------------------------------------------------------------------------------------- wrong input


@pytest.mark.parametrize(
    ("values", "code", "message", "expected"),
    [
        ({"price": "20"}, "WB401", "price: '20' is not valid", "a number from 0"),
        ({"price": -1}, "WB401", "price: -1 is not valid", "a number from 0"),
        ({"price": float("inf")}, "WB401", "price: inf is not valid", "a number from 0"),
        ({"price": True}, "WB401", "price: True is not valid", "a number from 0"),
        ({"title": 5}, "WB401", "title: 5 is not valid", "a text"),
        ({"certified": "yes"}, "WB401", "certified: 'yes' is not valid", "true or false"),
        ({"launch": "2026-02-30"}, "WB401", "launch: '2026-02-30' is not valid", "a date as 2026-03-01"),
        ({"tags": "a"}, "WB401", "tags: 'a' is not valid", "a list of texts"),
        ({"tags": ["a", 1]}, "WB401", "tags: 1 is not valid", "a text"),
        ({"condition": "newish"}, "WB402", "unknown value of condition 'newish'", "one of: new, used"),
        ({"sku": None}, "WB403", "sku is missing", "a text"),
        ({"sku": "  "}, "WB403", "sku is missing", "a text"),
    ],
)
def test_an_invalid_record_says_what_was_expected(
    engine: Engine, values: dict[str, Any], code: str, message: str, expected: str
) -> None:
    with pytest.raises(InvalidRecord) as raised:
        decide(engine, **values)
    (problem,) = raised.value.diagnostics
    assert (problem.code, problem.message, problem.expected) == (code, message, expected)


def test_an_unknown_field_is_refused_with_a_suggestion(engine: Engine) -> None:
    with pytest.raises(InvalidRecord) as raised:
        decide(engine, prise=5)
    (problem,) = raised.value.diagnostics
    assert (problem.code, problem.suggestion) == ("WB404", "price")


def test_every_problem_of_a_record_is_told(engine: Engine) -> None:
    with pytest.raises(InvalidRecord) as raised:
        engine.decide("gate", {"price": -1, "weight": 1, "condition": "x"}, market="SA", as_of=DAY)
    assert sorted(d.code for d in raised.value.diagnostics) == ["WB401", "WB402", "WB403", "WB404"]


@pytest.mark.parametrize(
    ("target", "market", "as_of", "code", "suggestion"),
    [
        ("gaet", "SA", DAY, "WB303", "gate"),
        ("gate", "sa", DAY, "WB303", "SA"),
        ("gate", "gcc", DAY, "WB303", None),
        ("gate", "SA", "1 June", "WB405", None),
        ("gate", "SA", "2026-02-30", "WB405", None),
    ],
)
def test_unknown_names_are_refused_with_a_suggestion(
    engine: Engine, target: str, market: str, as_of: str, code: str, suggestion: str | None
) -> None:
    with pytest.raises(UnknownName) as raised:
        engine.decide(target, PIG, market=market, as_of=as_of)
    (problem,) = raised.value.diagnostics
    assert (problem.code, problem.suggestion) == (code, suggestion)


def test_target_and_market_are_told_together(engine: Engine) -> None:
    with pytest.raises(UnknownName) as raised:
        engine.decide("gte", PIG, market="XX", as_of=DAY)
    assert [d.message for d in raised.value.diagnostics] == ["unknown target 'gte'", "unknown market 'XX'"]


@pytest.mark.parametrize("ref", ["gate/prok", "gaet/pork", "pork", ""])
def test_an_unknown_rule_is_refused(engine: Engine, ref: str) -> None:
    with pytest.raises(UnknownName):
        engine.rule(ref)
    with pytest.raises(UnknownName):
        decide(engine).why_not(ref)


def test_errors_can_be_pickled_with_their_diagnostics(engine: Engine) -> None:
    with pytest.raises(InvalidRecord) as raised:
        decide(engine, price=-1)
    copy = pickle.loads(pickle.dumps(raised.value))
    assert isinstance(copy, InvalidRecord)
    assert copy.diagnostics == raised.value.diagnostics


# ------------------------------------------------------------------------------------------------- decisions


def test_a_day_can_be_text_or_date(engine: Engine) -> None:
    for day in (DAY, date(2026, 6, 1), datetime(2026, 6, 1, 23, 59)):
        assert engine.decide("gate", PIG, market="SA", as_of=day).as_of == date(2026, 6, 1)


@pytest.mark.parametrize("nothing", [None, float("nan"), "", "  "])
def test_missing_blank_and_nan_are_the_same(engine: Engine, nothing: Any) -> None:
    field = "price" if isinstance(nothing, float) else "title"
    without = {k: v for k, v in PIG.items() if k != field}
    expected = engine.decide("gate", without, market="SA", as_of=DAY).to_dict()
    assert engine.decide("gate", without | {field: nothing}, market="SA", as_of=DAY).to_dict() == expected


def test_the_record_is_not_changed_and_later_changes_do_not_matter(engine: Engine) -> None:
    record = dict(PIG)
    decision = engine.decide("gate", record, market="SA", as_of=DAY)
    assert record == PIG
    record["description"] = "cotton"
    assert finding(decision, "gate/pork").matches[0].text == "pork"


def test_outputs_are_combined_by_their_policies(engine: Engine) -> None:
    outputs = decide(engine, "DE", price=200, weight_kg=40, description="Soft").outputs
    assert outputs["verdict"] == "review"
    assert outputs["actions"] == ["freight", "big"]
    assert outputs["fee"] == 21
    assert outputs["ship_by"] == date(2026, 6, 5)


def test_a_violated_unique_output_is_a_conflict_not_a_first_hit(engine: Engine) -> None:
    decision = decide(engine, "DE", price=200, description="Soft")
    assert decision.outputs["route"] is None
    (conflict,) = [f for f in decision.findings if f.status == "conflict"]
    assert (conflict.severity, "gate/soon, gate/late" in conflict.reason["en"]) == ("error", True)
    assert decide(engine, "DE", price=80, description="Soft").outputs["route"] == "air"


def test_a_finding_holds_reason_source_values_and_place(engine: Engine) -> None:
    found = finding(decide(engine), "gate/pork")
    assert (found.status, found.severity, found.outputs) == (
        "fired",
        "block",
        {"verdict": "block", "actions": "remove"},
    )
    assert found.reason == {"en": "Names pork", "zh": "含有pork"}
    assert found.matches == (Match("pork", "pork", "description", 5, 9),)
    assert found.source is not None and found.source.citation == "Customs law, art. 5"
    assert found.values["region.pork_prohibited"] is True
    assert found.location is not None and found.location.file == "rulesets/gate.yaml"


def test_matches_are_found_in_every_field_at_their_place(engine: Engine) -> None:
    record = {"title": "Pig purse, 猪皮", "description": "pork"}
    found = finding(decide(engine, **record), "gate/pork")
    assert [(m.field, m.text) for m in found.matches] == [
        ("title", "Pig"),
        ("title", "猪"),
        ("description", "pork"),
    ]
    for match in found.matches:
        assert record[match.field][match.start : match.end] == match.text


def test_matches_are_found_through_derived_values(tmp_path: Path) -> None:
    types = TYPES.replace("derived:\n", 'derived:\n  pig_named: {value: "mentions(all_text, terms.pig)"}\n')
    gate = GATE.replace("mentions(all_text, terms.pig)", "pig_named").replace("Names {match}", "Names pork")
    files = FILES | {
        "rulesets/types.yaml": types,
        "rulesets/gate.yaml": gate.replace("含有{match}", "含有猪肉"),
    }
    found = finding(decide(weighbridge.load(write(tmp_path, files))), "gate/pork")
    assert found.matches == (Match("pork", "pork", "description", 5, 9),)


def test_reviews_are_named_once(engine: Engine) -> None:
    decision = decide(engine, price=150)
    assert [f.rule for f in decision.findings if f.review] == ["gate/pork", "gate/expensive"]
    assert decision.reviews == (Review("legal", "48h", 2),)


def test_an_undecided_rule_names_what_it_misses(engine: Engine) -> None:
    decision = decide(engine, certified=None, weight_kg=None)
    found = finding(decision, "gate/proof")
    assert (found.status, found.severity, found.missing) == ("undecided", "review", ("certified",))
    assert "certified" in found.reason["en"] and "certified" in found.reason["zh"]
    assert decision.missing["gate/heavy"] == ("weight_kg",)
    assert {"gate/heavy", "gate/proof"} <= set(decision.unknown)


def test_missing_fields_are_traced_through_derived_values(engine: Engine) -> None:
    decision = engine.decide("gate", {"sku": "A-2"}, market="SA", as_of=DAY)
    assert decision.missing["gate/pork"] == ("description", "title")


def test_the_key_names_the_record(engine: Engine) -> None:
    assert decide(engine).record_key == "A-1"
    assert "A-1" in repr(decide(engine))


# ---------------------------------------------------------------------------------------------------- scores


def score(engine: Engine, market: str = "SA", **values: Any) -> weighbridge.Score:
    decision = engine.decide("quality", PIG | values, market=market, as_of=DAY)
    return decision.scores["quality"]


def test_a_score_has_value_tier_coverage_and_points(engine: Engine) -> None:
    found = score(engine, title="Bag", weight_kg=12)
    assert (found.value, found.tier, found.coverage) == (65.0, "good", 1.0)
    assert found.points == {"text": 20.0, "heavy": 40.0, "proof": 100.0}


def test_reasons_are_ranked_by_the_points_they_cost(engine: Engine) -> None:
    found = score(engine, title="Bag", weight_kg=12)
    assert [(r.code, r.points) for r in found.reasons] == [("text", 20.0), ("heavy", 15.0)]
    assert found.reasons[1].text == {"en": "12.0 kg is heavy", "zh": "12.0 公斤偏重"}
    assert sum(r.points for r in found.reasons) == pytest.approx(100 - (found.value or 0))


def test_a_region_sets_its_own_weights(engine: Engine) -> None:
    assert score(engine, "DE", title="Bag", weight_kg=12).value == 50.0


def test_too_little_data_gives_no_score(engine: Engine) -> None:
    found = score(engine, title=None, weight_kg=None, certified=None)
    assert (found.value, found.tier, found.coverage) == (None, None, 0.0)
    assert score(engine, title=None, weight_kg=None).coverage == 0.5


def test_points_for_missing_data_count_but_do_not_cover(engine: Engine) -> None:
    found = score(engine, certified=None)
    assert (found.value, found.coverage) == (75.0, 0.5)


# ------------------------------------------------------------------------------------------- epochs, version


def test_a_dated_parameter_holds_on_its_days_only(engine: Engine) -> None:
    actions = {day: decide(engine, as_of=day, description="x").outputs["actions"] for day in (
        "2026-02-17", "2026-02-18", "2026-03-19", "2026-03-20")}  # fmt: skip
    assert actions == {
        "2026-02-17": ["small"],
        "2026-02-18": ["gift wrap", "small"],
        "2026-03-19": ["gift wrap", "small"],
        "2026-03-20": ["small"],
    }


def test_an_override_holds_from_its_day_in_its_market_only(engine: Engine) -> None:
    quiet = {"price": 150, "description": "x"}
    assert decide(engine, as_of="2026-06-30", **quiet).verdict == "review"
    assert decide(engine, as_of="2026-07-01", **quiet).verdict == "warn"
    assert decide(engine, "DE", as_of="2026-07-01", **quiet).verdict == "review"


def test_a_rule_holds_to_its_last_day(engine: Engine) -> None:
    assert decide(engine, as_of="2020-12-31", description="x").verdict == "block"
    assert decide(engine, as_of="2021-01-01", description="x").verdict == "pass"


def test_days_between_changes_share_one_program(engine: Engine) -> None:
    prepared = {day: engine.prepared("gate", "SA", date.fromisoformat(day)) for day in (
        "2026-03-20", "2026-06-30", "2026-07-01")}  # fmt: skip
    assert prepared["2026-03-20"] is prepared["2026-06-30"]
    assert prepared["2026-07-01"] is not prepared["2026-06-30"]


def version(tmp_path: Path, files: dict[str, str]) -> str:
    root = tmp_path / str(len(list(tmp_path.iterdir())))
    return weighbridge.load(write(root, files)).version


def test_the_version_is_part_of_every_decision(engine: Engine) -> None:
    assert engine.version.startswith("wb-") and len(engine.version) == 19
    assert decide(engine).version == engine.version == decide(engine).to_dict()["version"]


def test_the_version_does_not_change_with_comments_layout_and_file_names(tmp_path: Path) -> None:
    relaid = {
        "rulesets/a/one.yaml": "# hi\n" + TYPES.replace("{en: Title, zh: 标题}", "{zh: 标题, 'en': Title}"),
        "regions/all.yaml": REGIONS.replace("review_price: 100", "review_price: 1e2"),
        "rulesets/card.yaml": CARD + "---\n" + GATE.replace("verdict: block", '"verdict": \'block\''),
        "rulesets/gate.scenarios.yaml": "scenarios: gate\nmarket: SA\nas_of: 2026-01-01\n"
        "cases: [{name: n, record: {sku: a}, expect: {verdict: pass}}]\n",
        "weighbridge.yaml": "target: gate\n",
    }  # fmt: skip
    assert version(tmp_path, FILES) == version(tmp_path, relaid)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("rulesets/gate.yaml", "weight_kg > 30", "weight_kg > 31"),
        ("rulesets/gate.yaml", "Names {match}", "It names {match}"),
        ("rulesets/gate.yaml", ">= 20", ">= 21"),
        ("rulesets/types.yaml", "[pig, pork]", "[pig, pork, ham]"),
        ("rulesets/types.yaml", "min: 0", "min: 1"),
        ("regions/regions.yaml", "review_price: 100", "review_price: 101"),
        ("regions/regions.yaml", "to: 2026-03-19", "to: 2026-03-20"),
        ("scorecards/quality.yaml", "missing: 50", "missing: 51"),
    ],
)
def test_the_version_changes_with_everything_decisions_depend_on(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    assert old in FILES[file]
    assert version(tmp_path, FILES) != version(tmp_path, FILES | {file: FILES[file].replace(old, new)})


def test_the_version_changes_with_a_csv_table(tmp_path: Path) -> None:
    gate = GATE.replace('rows: [[">= 20", big], [">= 5", medium], ["-", small]]', "rows: sizes.csv")
    files = FILES | {"rulesets/gate.yaml": gate, "rulesets/sizes.csv": "weight_kg,actions\n>= 20,big\n"}
    changed = files | {"rulesets/sizes.csv": "weight_kg,actions\n>= 20,huge\n"}
    assert version(tmp_path, files) != version(tmp_path, changed)


# ---------------------------------------------------------------------------------------------- explanations


def test_a_decision_is_explained_in_english(engine: Engine) -> None:
    text = decide(engine).explain("en")
    for part in (
        "A-1: block (gate, market SA, as of 2026-06-01)",
        "[block] gate/pork: Names pork",
        "found “pork” in description, character 6",
        "source: Customs law, art. 5 [unconfirmed]",
        "review by legal within 48h, 2 approver(s)",
        f"Rules version {engine.version}",
    ):
        assert part in text


def test_a_decision_is_explained_in_chinese(engine: Engine) -> None:
    text = decide(engine, certified=None).explain("zh")
    for part in (
        "A-1：拦截（gate，市场 SA，日期 2026-06-01）",
        "[拦截] gate/pork: 含有pork",
        "第 6 个字符",
        "来源：Customs law, art. 5 [未核实]",
        "由 legal 在 48h 内复核，需 2 人同意",
        "缺少 certified",
    ):
        assert part in text


def test_a_decision_without_findings_says_so(engine: Engine) -> None:
    quiet = {"sku": "A-9", "title": "Chair", "price": 10, "weight_kg": 2, "certified": True}
    decision = engine.decide("quality", quiet, market="SA", as_of=DAY)
    assert "No rule fired." in decision.explain()
    assert decision.findings == () and decision.verdict is None


@pytest.mark.parametrize(
    ("rule", "values", "status"),
    [
        ("gate/pork", {}, "fired"),
        ("gate/pork", {"description": "cotton"}, "silent"),
        ("gate/heavy", {"weight_kg": None}, "undecided"),
        ("gate/sizes-2", {"weight_kg": 25}, "masked"),
        ("gate/german", {}, "not_in_force"),
        ("gate/old", {}, "not_in_force"),
        ("gate/off", {}, "not_in_force"),
        ("gate/feast", {}, "not_in_force"),
    ],
)
def test_why_not_knows_every_status(engine: Engine, rule: str, values: dict[str, Any], status: str) -> None:
    decision = decide(engine, **values)
    why = decision.why_not(rule)
    assert (why.rule, why.status, why.applies) == (rule, status, status != "not_in_force")
    assert decision.explain("en", rule=rule).startswith(f"{rule}: ")
    assert decision.explain("zh", rule=rule).startswith(f"{rule}: ")


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("gate/german", "market SA is not among: DE"),
        ("gate/old", "2026-06-01 is outside its dates: … – 2020-12-31"),
        ("gate/off", "switched off"),
        ("gate/feast", "can never hold there"),
    ],
)
def test_why_not_says_what_keeps_a_rule_out_of_force(engine: Engine, rule: str, said: str) -> None:
    assert said in decide(engine).why_not(rule).reason["en"]
    assert decide(engine).why_not(rule).reason["zh"] != decide(engine).why_not(rule).reason["en"]


def test_why_not_says_by_how_much(engine: Engine) -> None:
    (clause,) = decide(engine, weight_kg=28.5).why_not("gate/heavy").clauses
    assert (clause.text, clause.holds, clause.gap) == ("weight_kg > 30", False, 1.5)
    assert clause.detail == {"en": "weight_kg = 28.5; off by 1.5", "zh": "weight_kg = 28.5；相差 1.5"}


def test_why_not_lists_only_what_stands_in_the_way(engine: Engine) -> None:
    (clause,) = decide(engine, title="Cotton", description="bag").why_not("gate/pork").clauses
    assert clause.text == "mentions(all_text, terms.pig)"
    assert clause.detail["en"] == "no term of the list occurs in all_text"


def test_why_not_names_missing_fields(engine: Engine) -> None:
    (clause,) = decide(engine, weight_kg=None).why_not("gate/heavy").clauses
    assert (clause.holds, clause.missing) == (None, ("weight_kg",))
    assert "Weight (weight_kg)" in clause.detail["en"] and "重量 (weight_kg)" in clause.detail["zh"]


# ------------------------------------------------------------------------------------- JSON, threads, pickle


def test_a_decision_is_plain_json(engine: Engine) -> None:
    for values in (
        {},
        {"price": 200, "weight_kg": 40},
        {"certified": None, "weight_kg": None, "title": None},
    ):
        decision = decide(engine, "DE", **values)
        entry = decision.to_dict()
        assert json.loads(json.dumps(entry, allow_nan=False)) == json.loads(decision.to_json())
        assert entry["outputs"]["fee"] == decision.outputs["fee"]


RECORDS = [
    PIG
    | {
        "sku": f"S-{i}",
        "price": i * 7.3,
        "weight_kg": None if i % 5 == 0 else i,
        "certified": [True, False, None][i % 3],
    }
    for i in range(40)
]
ASKED = [(market, day) for market in ("SA", "DE") for day in ("2020-12-31", "2026-02-20", DAY, "2026-07-01")]


def answers(engine: Engine) -> list[str]:
    return [
        engine.decide("gate", record, market=market, as_of=day).to_json()
        for record in RECORDS
        for market, day in ASKED
    ]


def test_threads_decide_alike(tmp_path: Path) -> None:
    """Every thread starts with an engine that has made no program yet."""
    fresh = weighbridge.load(write(tmp_path, FILES))
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(lambda _: answers(fresh), range(8)))
    assert all(result == results[0] for result in results)
    assert results[0] == answers(weighbridge.load(tmp_path))


def test_an_engine_can_be_pickled_used_or_not(engine: Engine) -> None:
    expected = answers(engine)
    copy: Engine = pickle.loads(pickle.dumps(engine))
    assert copy.version == engine.version
    assert answers(copy) == expected
    assert answers(pickle.loads(pickle.dumps(copy))) == expected


def test_processes_decide_alike(engine: Engine) -> None:
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        assert pool.submit(answers, engine).result(timeout=120) == answers(engine)
