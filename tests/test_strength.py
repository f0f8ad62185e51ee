"""Mutation: small changes of rules and scorecards, noticed or not by the scenarios, and the missing ones proposed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import weighbridge
from weighbridge.engine import Engine
from weighbridge.mutants import card_mutants, rule_mutants, step_of
from weighbridge.strength import strength

PROJECT = """
record_type: thing
fields:
  id: {type: text, required: true}
  price: {type: number, min: 0, max: 100}
  title: {type: text}
---
region: AA
---
region: BB
---
ruleset: gate
record: thing
rules:
  - {id: dear, when: price > 50, then: {verdict: review}}
  - {id: leather, when: 'mentions(title, ["leather", "suede"])', then: {verdict: block}, markets: AA}
---
scorecard: card
record: thing
characteristics:
  - {id: value, weight: 10, value: price, bins: [{upto: 10, points: 0}, {points: 100}]}
  - {id: name, weight: 10, value: title, bins: [{is: good, points: 100}, {points: 50}]}
tiers: [{id: low, from: 0}, {id: high, from: 60}]
---
"""
WEAK = """
scenarios: gate
market: AA
as_of: 2026-01-01
cases:
  - {name: dear, record: {id: a, price: 90}, expect: {fired: [gate/dear]}}
  - {name: leather, record: {id: a, title: leather}, expect: {verdict: block}}
"""
STRONG = """
scenarios: gate
market: AA
as_of: 2026-01-01
cases:
  - {name: just dear, record: {id: a, price: 50.5}, expect: {only_fired: [gate/dear]}}
  - {name: not dear, record: {id: a, price: 50}, expect: {only_fired: []}}
  - {name: leather, record: {id: a, title: leather}, expect: {verdict: block}}
  - {name: suede, record: {id: a, title: suede}, expect: {verdict: block}}
  - {name: elsewhere, market: BB, record: {id: a, title: suede}, expect: {only_fired: []}}
"""
CARD = """
---
scenarios: card
market: AA
as_of: 2026-01-01
cases:
  - {name: score, record: {id: a, price: 10, title: x}, expect: {scores: {card: {value: 25, tier: low}}}}
"""


def _engine(scenarios: str) -> Engine:
    return weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": PROJECT + scenarios})


def _changes(engine: Engine) -> set[str]:
    return {f"{s.name}: {s.change}" for s in strength(engine, "gate").survivors}


def test_changes_that_no_scenario_notices_are_told() -> None:
    assert _changes(_engine(WEAK)) == {
        "gate/dear: `price > 50` becomes `price >= 50`",
        "gate/dear: `price > 50` becomes `price > 51`",
        "gate/dear: `price > 50` becomes `price > 49`",
        "gate/leather: without the terms suede",
        "gate/leather: in force in every market",
    }


def test_scenarios_at_the_threshold_and_in_the_neighbouring_market_notice_all() -> None:
    assert _changes(_engine(STRONG)) == set()
    assert strength(_engine(STRONG), "gate").share() == 1.0


def test_scenarios_that_fail_anyway_notice_nothing() -> None:
    wrong = WEAK.replace("fired: [gate/dear]", "not_fired: [gate/dear]")
    assert "gate/dear: rule removed" in _changes(_engine(wrong))


def test_a_mutant_is_noticed_exactly_where_the_changed_project_fails() -> None:
    """The same change written into the project: its scenarios fail if and only if the mutant is noticed."""
    from weighbridge.scenarios import run_scenarios
    from weighbridge.unparse import unparse

    for scenarios in (WEAK, STRONG):
        engine = _engine(scenarios)
        survivors = _changes(engine)
        rule = engine.book.rulesets["gate"].rules[0]
        for mutant in rule_mutants(rule):
            text = (PROJECT + scenarios).replace("when: price > 50", f'when: "{unparse(mutant.condition)}"')
            changed = weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": text})
            noticed = bool(run_scenarios(changed, "gate").failed)
            assert noticed is not (f"{rule.ref}: {mutant.change}" in survivors), mutant.change


def test_weights_bounds_and_tiers_of_scorecards_are_changed() -> None:
    engine = _engine(CARD)
    changes = {m.change for m in card_mutants(engine.book.scorecards["card"])}
    assert "value weighs 20 instead of 10" in changes
    assert "tier high from 61 instead of 60" in changes
    survivors = {s.change for s in strength(engine, "card").survivors}
    assert "value weighs 20 instead of 10" not in survivors
    assert "tier high from 61 instead of 60" in survivors


@pytest.mark.parametrize(
    ("value", "step"), [(50.0, 1.0), (0.3, 0.1), (0.05, 0.01), (1000.0, 1.0), (0.0, 1.0)]
)
def test_a_step_is_one_in_the_last_decimal(value: float, step: float) -> None:
    assert step_of(value) == pytest.approx(step)


def _run(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "weighbridge", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "rulesets").mkdir()
    (tmp_path / "rulesets" / "all.yaml").write_text(PROJECT + WEAK + CARD, encoding="utf-8")
    return tmp_path


def test_proposed_scenarios_pass_and_raise_the_score(folder: Path) -> None:
    pytest.importorskip("z3")
    before = _run("test", "--mutate", "--min-mutation", "90", folder=folder)
    assert before.returncode == 1
    assert "mutation score is below 90 %" in before.stderr
    made = _run("test", "--mutate", "--propose", "rulesets", folder=folder)
    assert "case(s) proposed" in made.stderr, made.stderr
    # The bound of the tier lies between two scores there can be: moving it by one changes nothing.
    after = _run("test", "--mutate", "--min-mutation", "85", folder=folder)
    assert after.returncode == 0, after.stdout + after.stderr


def test_lint_proves_on_request_and_again_from_its_cache(folder: Path) -> None:
    pytest.importorskip("z3")
    text = (folder / "rulesets" / "all.yaml").read_text(encoding="utf-8")
    (folder / "rulesets" / "all.yaml").write_text(text.replace("price > 50", "price > 500"), encoding="utf-8")
    assert "WB802" not in _run("lint", folder=folder).stdout
    first = _run("lint", "--prove", "--format", "json", "--cache", "proof.json", folder=folder)
    found = [d for d in json.loads(first.stdout)["diagnostics"] if d["code"] == "WB802"]
    assert found[0]["witness"]["record"]["price"] <= 500
    assert (folder / "proof.json").is_file()
    assert (
        _run("lint", "--prove", "--format", "json", "--cache", "proof.json", folder=folder).stdout
        == first.stdout
    )
    (folder / "proof.json").write_text("[1, {", encoding="utf-8")
    mended = _run("lint", "--prove", "--format", "json", "--cache", "proof.json", folder=folder)
    told = json.loads(mended.stdout)["diagnostics"]
    assert [d for d in told if d["code"] != "WB831"] == json.loads(first.stdout)["diagnostics"]
    assert len(told) == len(json.loads(first.stdout)["diagnostics"]) + 1
    assert _run("lint", "--prove", "--strict", folder=folder).returncode == 1
