"""What the proof says of random projects is what trying every record of a small world says, both ways."""

from __future__ import annotations

import itertools
import random
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

import weighbridge
from weighbridge.engine import Engine

pytest.importorskip("z3")

from weighbridge.proof.prove import Proof, prove

# Numbers are whole and bounded; every threshold is a whole number. Values at and between all thresholds stand
# for every number there is, so that trying them all is a proof of its own.
NUMBERS = [None, 0, 0.5, 1, 1.5, 2, 2.5, 3]
WORLD: dict[str, list[Any]] = {
    "a": NUMBERS,
    "b": NUMBERS,
    "colour": [None, "red", "blue"],
    "flag": [None, True, False],
    "word": [None, "x", "pork", "raw pork", "other"],
}
RECORDS = [
    {k: v for k, v in zip(WORLD, values, strict=True) if v is not None}
    for values in itertools.product(*WORLD.values())
]
HEAD = """
record_type: thing
fields:
  a: {type: number, min: 0, max: 3}
  b: {type: number, min: 0, max: 3}
  colour: {type: text, allowed: [red, blue]}
  flag: {type: boolean}
  word: {type: text}
derived:
  sum: {value: a + b}
---
region: XX
---
ruleset: gate
record: thing
outputs:
  verdict: {combine: worst}
  only: {type: text, combine: unique}
  same: {type: number, combine: any}
rules:
"""


def _leaf(rng: random.Random) -> str:
    name, op, number = (
        rng.choice(["a", "b", "a"]),
        rng.choice(["<", "<=", ">", ">=", "==", "!="]),
        rng.randint(0, 3),
    )
    return rng.choice(
        [
            f"{name} {op} {number}",
            f"{name} {op} {number}",
            f"sum {op} {number}",
            f"a {op} b",
            f"colour {rng.choice(['==', '!='])} '{rng.choice(['red', 'blue'])}'",
            "flag",
            f"is_missing({rng.choice(list(WORLD))})",
            f"coalesce({name}, {number}) {op} {rng.randint(0, 3)}",
            f"word {rng.choice(['==', '!='])} '{rng.choice(['x', 'pork'])}'",
            "mentions(word, ['pork'])",
            "evidence(word)",
        ]
    )


def _condition(rng: random.Random, depth: int) -> str:
    if depth == 0 or rng.random() < 0.25:
        return _leaf(rng)
    kind = rng.choice(["and", "and", "and", "or", "not", "if"])
    if kind == "not":
        return f"not ({_condition(rng, depth - 1)})"
    first, second = _condition(rng, depth - 1), _condition(rng, depth - 1)
    if kind == "if":
        return f"(({first}) if {_leaf(rng)} else ({second}))"
    return f"(({first}) {kind} ({second}))"


def _project(seed: int) -> str:
    rng = random.Random(seed)
    rules = []
    for number in range(7):
        output = rng.choice(["verdict", "verdict", "only", "same"])
        value = {"verdict": ["warn", "review", "block"], "only": ["p", "q"], "same": ["1", "2"]}[output]
        condition = _condition(rng, 2)
        rules.append(f'  - {{id: r{number}, when: "{condition}", then: {{{output}: {rng.choice(value)}}}}}\n')
    return HEAD + "".join(rules)


@lru_cache
def _proved(seed: int) -> tuple[Engine, Proof, list[frozenset[str]]]:
    engine = weighbridge.load(Path("/nowhere/at/all"), {"rulesets/all.yaml": _project(seed)})
    fired = {
        frozenset(engine.decide("gate", record, market="XX", as_of="2026-01-01").fired) for record in RECORDS
    }
    return engine, prove(engine), list(fired)


def _told(proof: Proof, code: str) -> set[str]:
    """The rules that a code is told of: the first word of the message names them."""
    return {d.message.split()[0] for d in proof.findings if d.code == code}


SEEDS = (*range(16), 30, 38)


@pytest.mark.parametrize("seed", SEEDS)
def test_rules_that_never_and_always_fire(seed: int) -> None:
    engine, proof, fired = _proved(seed)
    assert not proof.unsettled
    rules = {r.ref for r in engine.book.rulesets["gate"].rules}
    assert _told(proof, "WB802") == {r for r in rules if not any(r in f for f in fired)}
    assert _told(proof, "WB803") == {r for r in rules if all(r in f for f in fired)}


@pytest.mark.parametrize("seed", SEEDS)
def test_contradicting_pairs(seed: int) -> None:
    engine, proof, fired = _proved(seed)
    then = {r.ref: r.then for r in engine.book.rulesets["gate"].rules}
    wanted = {
        (a, b)
        for a, b in itertools.combinations(then, 2)
        for name in ("only", "same")
        if name in then[a] and name in then[b] and (name == "only" or then[a][name] != then[b][name])
        if any(a in f and b in f for f in fired)
    }
    found = [d for d in proof.findings if d.code == "WB806"]
    assert {(d.message.split()[0], d.message.split()[2]) for d in found} == wanted
    for d in found:
        assert d.witness is not None


@pytest.mark.parametrize("seed", SEEDS)
def test_idle_rules_are_covered_and_others_are_not(seed: int) -> None:
    engine, proof, fired = _proved(seed)
    rules = {r.ref: r for r in engine.book.rulesets["gate"].rules}
    order = ["pass", "warn", "review", "block"]
    rank = {ref: order.index(r.then["verdict"].value) for ref, r in rules.items() if "verdict" in r.then}  # type: ignore[union-attr]
    idle, always = _told(proof, "WB804"), _told(proof, "WB803")
    for ref in rank:
        holding = [f for f in fired if ref in f]
        if not holding or ref in always:
            continue
        left = [r for r in rank if r != ref and rank[r] >= rank[ref] and r not in always]
        covered = all(any(r in f for r in left) for f in holding)
        if ref in idle:
            assert covered
        elif covered:
            # Of rules that cover each other only as many are told as could be left out together.
            kept = [r for r in left if r not in idle]
            assert not all(any(r in f for r in kept) for f in holding)
