"""Edges: the cases of a project stand close to every limit, on both sides, and where data is missing."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from command import process
from small_projects import BASE, load

from weighbridge.scenarios import run_scenarios

STARTER = Path(__file__).resolve().parent.parent / "engine" / "weighbridge" / "starter_project"


def card(*bins: dict[str, Any]) -> dict[str, Any]:
    line = {"id": "size", "value": "n", "bins": list(bins)}
    tiers = [{"id": "low"}, {"id": "high", "from": 50}]
    return {"scorecard": "card", "record": "thing", "characteristics": [line], "tiers": tiers}


def rule(when: str) -> dict[str, Any]:
    one = {"id": "one", "when": when, "then": {"verdict": "warn"}}
    return {"ruleset": "gate", "record": "thing", "rules": [one]}


def unmet(target: dict[str, Any], *records: dict[str, Any]) -> list[tuple[str, str]]:
    """Kind and hint of every edge that cases with these records leave open."""
    name = target.get("ruleset") or target["scorecard"]
    # A case must expect something; whether it does is of no matter here.
    expect = {"verdict": "pass"} if "ruleset" in target else {"scores": {name: {"min": 0}}}
    cases = [{"name": str(n), "record": record, "expect": expect} for n, record in enumerate(records)]
    scenarios = {"scenarios": name, "market": "AA", "as_of": "2026-06-15", "cases": cases}
    run = run_scenarios(load(*BASE, target, scenarios), edges=True)
    return [(edge.kind, edge.hint) for edge in run.edges if not edge.met]


BINS = ({"upto": 10, "points": 0}, {"points": 100})


@pytest.mark.parametrize(
    ("values", "missing"),
    [
        ((10, 11), []),
        ((10, 12), ["a value just beyond 10, in the other bin"]),
        ((9, 11), ["a value of exactly 10", "a value just beyond 10, in the other bin"]),
        ((10, 9), ["a value just beyond 10, in the other bin", "a score from 50"]),
        ((10, 10.4), []),
        ((10, 10.6), ["a value just beyond 10, in the other bin"]),
    ],
)
def test_a_bound_wants_its_value_and_one_just_beyond(values: tuple[float, ...], missing: list[str]) -> None:
    bins = [hint for _, hint in unmet(card(*BINS), *({"n": v} for v in values))]
    # Scores of 0 and 100 are near no tier; only the bound of the bin is looked at here.
    assert [hint for hint in bins if "value" in hint] == [hint for hint in missing if "value" in hint]


def test_the_lower_end_of_a_scale_has_nothing_beyond() -> None:
    scale = card({"range": "[0..10)", "points": 100}, {"points": 0})
    assert not any("beyond 0" in hint for _, hint in unmet(scale, {"n": 0}, {"n": 9}, {"n": 10}))


@pytest.mark.parametrize(
    ("points", "hints"),
    [
        ((50, 49), []),
        ((50, 45), []),
        ((56, 49), ["a score from 50"]),
        ((50, 44), ["a score just below 50"]),
    ],
)
def test_a_tier_wants_a_score_on_either_side(points: tuple[int, ...], hints: list[str]) -> None:
    line = {"id": "size", "points": "n", "min": 0, "max": 100}
    plain = card() | {"characteristics": [line]}
    assert [hint for kind, hint in unmet(plain, *({"n": p} for p in points))] == hints


NEAR = ("near miss", "a case in which it just does not fire")


@pytest.mark.parametrize(
    ("when", "record", "near"),
    [
        ("n > 10", {"n": 10}, True),
        ("n > 10", {"n": 9}, True),
        ("n > 10", {"n": 5}, False),
        ("n > 0.5", {"n": 0.49}, True),
        ("n > 0.5", {"n": 0.4}, False),
        ("b and p", {"b": True, "p": False}, True),
        ("b and p", {"b": False, "p": False}, False),
        ("b and n > 10", {"b": True, "n": 2}, False),
        ("b and (n > 10 or m > 10)", {"b": True, "n": 2, "m": 10}, True),
        ("mentions(t, terms.meat)", {"t": "beef"}, True),
    ],
)
def test_a_near_miss_has_one_condition_in_the_way_and_that_by_little(
    when: str, record: dict[str, Any], near: bool
) -> None:
    assert (NEAR not in unmet(rule(when), record)) is near


def test_a_rule_wants_a_case_without_the_field_that_decides_it() -> None:
    fires = {"n": 11, "b": True}
    hints = [h for kind, h in unmet(rule("n > 10 and b"), fires) if kind == "missing"]
    assert hints == ["a case without b or n"]
    assert not [1 for kind, _ in unmet(rule("n > 10 and b"), fires, {"n": 11}) if kind == "missing"]


def test_a_rule_about_missing_data_wants_none() -> None:
    assert not [
        1 for kind, _ in unmet(rule("is_missing(n) and coalesce(b, true)"), {"b": True}) if kind == "missing"
    ]


def test_the_command_fails_below_the_least_share_and_lists_what_is_open(tmp_path: Path) -> None:
    folder = tmp_path / "shop"
    shutil.copytree(STARTER, folder)
    plain = process("test", cwd=folder)
    assert "edges" not in plain.out
    short = process("test", "--min-edges", "100", "--uncovered", cwd=folder)
    lines = short.out.splitlines()
    said = [line for line in lines if line.startswith("edges ")]
    assert short.code == (0 if said == ["edges 100.0%"] else 1)
    assert process("test", "--min-edges", "0", cwd=folder).code == 0
    (folder / "rulesets" / "more.yaml").write_text(
        "ruleset: more\nrecord: listing\nrules:\n  - {id: dear, when: price > 99, then: {verdict: warn}}\n",
        encoding="utf-8",
    )
    worse = process("test", "--min-edges", "100", "--uncovered", cwd=folder)
    assert worse.code == 1
    assert "edges are below 100 %" in worse.err
    assert "near miss: more/dear: a case in which it just does not fire (rulesets/more.yaml:4:" in worse.out
