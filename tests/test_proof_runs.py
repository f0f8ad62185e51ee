"""How a proof runs: what it finds depends neither on the number of processes nor on kept answers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import weighbridge
from weighbridge.engine import Engine

pytest.importorskip("z3")

from weighbridge.proof import answers, tasks
from weighbridge.proof.prove import Proof, prove

PROJECT = """
record_type: thing
fields:
  id: {type: text, required: true}
  price: {type: number, min: 0, max: 100}
  weight: {type: number, min: 0, max: 30}
  kind: {type: text, allowed: [chair, lamp, toy]}
  title: {type: text}
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
parameters: {limit: 60}
---
ruleset: gate
record: thing
rules:
"""
RULES = (
    "price > region.limit",
    "price > 70",
    "price > 90 and price < 80",
    'kind in ["chair", "lamp"] and weight > 20',
    'kind == "lamp" and weight > 25',
    'mentions(title, ["oak", "ash"]) and kind != "toy"',
    "price / weight > 10",
    "weight >= 0",
    'kind == "toy" and mentions(title, ["oak"]) and price > 95',
    "weight > 40",
)
CARD = """
---
scorecard: card
record: thing
characteristics:
  - {id: price, weight: 10, value: price, bins: [{upto: 10, points: 100}, {upto: 200, points: 50}, {points: 0}]}
tiers: [{id: low, from: 0}, {id: high, from: 60}]
"""


def _text(rules: tuple[str, ...]) -> str:
    lines = [
        f"  - {{id: r{n}, when: {json.dumps(r)}, then: {{verdict: warn}}}}\n" for n, r in enumerate(rules)
    ]
    return PROJECT + "".join(lines) + CARD


def _engine(rules: tuple[str, ...] = RULES) -> Engine:
    return weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": _text(rules)})


def _found(proof: Proof) -> Any:
    return proof.findings, proof.unsettled


@pytest.fixture(scope="module")
def alone() -> Proof:
    return prove(_engine(), workers=1)


def test_the_proof_finds_something(alone: Proof) -> None:
    assert {d.code for d in alone.findings} >= {"WB802", "WB804", "WB809"}


def test_two_processes_find_what_one_finds(alone: Proof) -> None:
    together = prove(_engine(), workers=2)
    assert _found(together) == _found(alone)
    assert together.asked == alone.asked


def test_portions_do_not_change_which_rules_are_told(alone: Proof, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PORTION", 3)
    portions = prove(_engine(), workers=1)
    assert {(d.code, d.span) for d in portions.findings} == {(d.code, d.span) for d in alone.findings}


def test_a_second_run_asks_nothing_and_finds_the_same(alone: Proof, tmp_path: Path) -> None:
    cache = tmp_path / "answers.json"
    assert prove(_engine(), cache, workers=1).asked == alone.asked
    again = prove(_engine(), cache, workers=1)
    assert (again.asked, _found(again)) == (0, _found(alone))


def test_after_a_change_only_what_it_concerns_is_asked(alone: Proof, tmp_path: Path) -> None:
    cache = tmp_path / "answers.json"
    prove(_engine(), cache, workers=1)
    changed = (*RULES[:-1], "weight > 29")
    after = prove(_engine(changed), cache, workers=1)
    assert 0 < after.asked < alone.asked / 2
    assert {(d.code, d.span) for d in after.findings} == {
        (d.code, d.span) for d in prove(_engine(changed), workers=1).findings
    }


def test_kept_answers_serve_a_process_that_hashes_otherwise(tmp_path: Path) -> None:
    cache = tmp_path / "answers.json"
    project = tmp_path / "rulesets"
    project.mkdir()
    (project / "all.yaml").write_text(_text(RULES), encoding="utf-8")
    code = (
        "import sys, weighbridge; from pathlib import Path; from weighbridge.proof.prove import prove;"
        f"print(prove(weighbridge.load({str(tmp_path)!r}), Path({str(cache)!r}), 1).asked)"
    )
    asked = [
        int(
            subprocess.run(
                [sys.executable, "-c", code],
                env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
                capture_output=True,
                check=True,
                text=True,
            ).stdout
        )
        for seed in ("1", "2")
    ]
    assert asked[0] > 0
    assert asked[1] == 0


def test_a_kept_record_that_shows_nothing_is_not_believed(alone: Proof, tmp_path: Path) -> None:
    cache = tmp_path / "answers.json"
    prove(_engine(), cache, workers=1)
    content = json.loads(cache.read_text(encoding="utf-8"))
    forged = {
        k: [s, {"id": "forged"} if r is not None else None, d, w]
        for k, (s, r, d, w) in content["answers"].items()
    }
    cache.write_text(json.dumps({**content, "answers": forged}), encoding="utf-8")
    again = prove(_engine(), cache, workers=1)
    assert again.asked > 0
    assert {(d.code, d.message) for d in again.findings} == {(d.code, d.message) for d in alone.findings}
    assert not any(
        d.witness is not None and "forged" in d.witness.record and d.code == "WB802" for d in again.findings
    )


@pytest.mark.parametrize("text", ["", "{", "[]", '{"made_by": 1}', "[" * 50_000, '{"answers": {}}'])
def test_a_damaged_file_is_left_aside_with_a_note(alone: Proof, tmp_path: Path, text: str) -> None:
    cache = tmp_path / "answers.json"
    cache.write_text(text, encoding="utf-8")
    found, damage = answers.read_answers(cache)
    assert found == {}
    assert bool(damage) is (text != '{"made_by": 1}')  # which another version may have written


def test_the_note_and_the_repair(alone: Proof, tmp_path: Path) -> None:
    cache = tmp_path / "answers.json"
    cache.write_text("no answers", encoding="utf-8")
    proof = prove(_engine(), cache, workers=1)
    assert proof.notes[0].code == "WB831"
    assert _found(proof) == _found(alone)
    assert prove(_engine(), cache, workers=1).asked == 0


def test_answers_of_another_version_are_asked_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = tmp_path / "answers.json"
    prove(_engine(), cache, workers=1)
    monkeypatch.setattr(answers, "FORMAT", answers.FORMAT + 1)
    assert answers.read_answers(cache) == ({}, "")


def test_a_fault_in_a_process_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("weighbridge.proof.prove.run_task", broken)
    with pytest.raises(ZeroDivisionError):
        prove(_engine(), workers=1)


PERSONAL = """
record_type: person
fields:
  id: {type: text, required: true}
  level: {type: number, personal: behaviour, min: 1, max: 5}
  agreed: {type: boolean}
consents: {marketing: {given: agreed}}
derived:
  doubled: {value: level * 2}
---
region: AA
privacy: [{purposes: [marketing], consent: opt_in, source: House policy}]
---
ruleset: offers
record: person
purpose: marketing
rules:
  - {id: high, when: doubled >= 8, then: {verdict: warn}}
  - {id: low, when: level <= 2 and doubled < 7, then: {verdict: warn}}
  - {id: beyond, when: doubled > 30, then: {verdict: warn}}
"""


def test_data_seen_with_consent_only_is_no_false_alarm() -> None:
    engine = weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": PERSONAL})
    found = [(d.code, d.message.split()[0]) for d in prove(engine, workers=1).findings if d.code != "WB804"]
    assert found == [("WB802", "offers/beyond")]
