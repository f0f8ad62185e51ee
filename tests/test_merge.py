"""Three versions of a file: different parts go together, the same part is a conflict."""

from __future__ import annotations

from pathlib import Path

import pytest

from weighbridge.merge import merge, parts

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted(
    p
    for d in ("regions", "scorecards", "rulesets")
    for p in (ROOT / d).rglob("*.*")
    if p.suffix in (".yaml", ".csv")
)

BASE = """\
# about
ruleset: gate
record: item
rules:
  # first
  - id: a
    when: x > 1
  - id: b
    when: x > 2
  - id: c
    when: x > 3
---
region: SA
parameters:
  p: 1
  q: 2
weights:
  card: {x: 1}
"""
TABLE = "id,a,b\nr1,1,2\nr2,3,4\nr3,5,6"


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.name)
def test_the_parts_of_a_file_are_the_file(path: Path) -> None:
    text = path.read_bytes().decode("utf-8")
    found = parts(text, path.name)
    assert found is not None
    assert "".join(found.values()) == text
    assert len(found) > 2


def test_neighbouring_rules_merge() -> None:
    mine, theirs = BASE.replace("x > 1", "x > 9"), BASE.replace("x > 2", "x > 8")
    merged = merge(BASE, mine, theirs, "f.yaml")
    assert merged.conflicts == ()
    assert merged.text == BASE.replace("x > 1", "x > 9").replace("x > 2", "x > 8")


def test_the_same_rule_is_a_conflict_even_on_different_lines() -> None:
    base = BASE.replace("    when: x > 2\n", "    when: x > 2\n    then: {v: 1}\n")
    mine, theirs = base.replace("x > 2", "x > 8"), base.replace("v: 1", "v: 2")
    merged = merge(base, mine, theirs, "f.yaml")
    assert merged.conflicts == ("gate rules b",)
    assert merged.text == mine


def test_the_same_change_on_both_sides_is_none() -> None:
    same = BASE.replace("x > 2", "x > 8")
    merged = merge(BASE, same, same.replace("p: 1", "p: 3"), "f.yaml")
    assert (merged.conflicts, merged.text) == ((), same.replace("p: 1", "p: 3"))


def test_rules_added_on_both_sides_are_both_there() -> None:
    mine = BASE.replace("  - id: b\n", "  - id: m\n    when: x > 5\n  - id: b\n")
    theirs = BASE.replace("    when: x > 3\n", "    when: x > 3\n  - id: t\n    when: x > 6\n")
    merged = merge(BASE, mine, theirs, "f.yaml")
    assert merged.conflicts == ()
    assert [line.split()[-1] for line in merged.text.split("\n") if "- id" in line] == [
        "a",
        "m",
        "b",
        "c",
        "t",
    ]


def test_deleted_here_and_changed_there_is_a_conflict() -> None:
    mine = BASE.replace("  - id: b\n    when: x > 2\n", "")
    assert merge(BASE, mine, BASE.replace("x > 2", "x > 8"), "f.yaml").conflicts == ("gate rules b",)
    assert merge(BASE, mine, BASE.replace("x > 3", "x > 8"), "f.yaml").text == mine.replace("x > 3", "x > 8")


def test_an_entry_under_a_heading_that_went_is_a_conflict() -> None:
    mine = BASE.replace("weights:\n  card: {x: 1}\n", "")
    theirs = BASE + "  card2: {y: 1}\n"
    assert merge(BASE, mine, theirs, "f.yaml").conflicts != ()


def test_one_side_may_reorder() -> None:
    a, b = "  # first\n  - id: a\n    when: x > 1\n", "  - id: b\n    when: x > 2\n"
    mine = BASE.replace(a + b, b + a)
    merged = merge(BASE, mine, BASE.replace("x > 3", "x > 9"), "f.yaml")
    assert (merged.conflicts, merged.text) == ((), mine.replace("x > 3", "x > 9"))


def test_rows_of_a_table_merge_by_id() -> None:
    mine, theirs = TABLE.replace("3,4", "3,9"), TABLE + "\nr4,7,8"
    merged = merge(TABLE, mine, theirs, "f.csv")
    assert (merged.conflicts, merged.text) == ((), mine + "\nr4,7,8")
    assert merge(TABLE, mine, TABLE.replace("3,4", "0,4"), "f.csv").conflicts == ("row r2",)


def test_what_cannot_be_read_is_a_conflict_of_the_whole_file() -> None:
    assert merge(BASE, BASE + "x: [", BASE.replace("p: 1", "p: 3"), "f.yaml").conflicts == ("f.yaml",)
    assert merge(BASE, BASE, BASE + "x: [", "f.yaml").text == BASE + "x: ["
