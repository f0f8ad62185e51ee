"""The catalogue of rules, and searching it."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from weighbridge.catalogue import Entry, catalogue, search
from weighbridge.draft import Draft
from weighbridge.engine import check_project

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def entries() -> tuple[Entry, ...]:
    _, book, _ = check_project(ROOT)
    return catalogue(book)


def found(entries: tuple[Entry, ...], words: str = "", **filters: object) -> list[str]:
    return [entry.ref for entry in search(entries, words, **filters)]  # type: ignore[arg-type]


def test_every_rule_row_and_characteristic_is_listed_once(entries: tuple[Entry, ...]) -> None:
    _, book, _ = check_project(ROOT)
    refs = [r.ref for s in book.rulesets.values() for r in s.rules]
    refs += [f"{c.id}/{line.id}" for c in book.scorecards.values() for line in c.characteristics]
    assert [entry.ref for entry in entries] == refs


def test_an_entry_knows_its_place_and_a_row_its_number(entries: tuple[Entry, ...]) -> None:
    draft = Draft.open(ROOT)
    rows = [e for e in entries if e.kind == "row"]
    assert {e.table is not None and e.row is not None for e in rows} == {True}
    for entry in rows[::40]:
        assert entry.table is not None and entry.row is not None and entry.span is not None
        grid = draft.grid(entry.owner, entry.table)
        assert (grid.file, grid.lines[entry.row]) == (entry.span.file, entry.span.line)
        assert entry.id in grid.rows[entry.row]


def test_words_are_found_in_id_text_terms_and_source(entries: tuple[Entry, ...]) -> None:
    assert found(entries, "map-image", owner="listing_gate") == ["listing_gate/map-image"]
    assert "listing_gate/map-image" in found(entries, "地图审图")
    assert "listing_gate/large-forecast" in found(entries, "TWO MEMBERS selection")
    # "pigskin" is a term of the list that the rule looks for.
    assert "taboo_base/arab-pig-material" in found(entries, "pigskin")
    assert "listing_gate/protected-species" in found(entries, source="cites")
    assert found(entries, "no such words anywhere") == []


def test_the_id_counts_before_the_title_before_the_rest(entries: tuple[Entry, ...]) -> None:
    refs = found(entries, "forecast", owner="listing_gate")
    assert refs[0] == "listing_gate/large-forecast"


def test_filters(entries: tuple[Entry, ...]) -> None:
    assert {e.verdict for e in search(entries, verdict="block")} == {"block"}
    assert {e.kind for e in search(entries, kind="characteristic")} == {"characteristic"}
    in_japan = search(entries, market="JP", owner="taboo_base")
    assert in_japan and all("JP" in e.markets for e in in_japan)
    assert len(in_japan) < len(search(entries, owner="taboo_base"))
    assert {e.source.confidence for e in search(entries, confidence="needs_check") if e.source} == {
        "needs_check"
    }
    dated = [e for e in entries if any(p.from_ is not None for p in e.periods)]
    first = min(p.from_ for e in dated for p in e.periods if p.from_ is not None)
    assert len(search(entries, effective=date(1990, 1, 1))) < len(search(entries, effective=date(2027, 1, 1)))
    assert all(not e.in_force(date.fromordinal(first.toordinal() - 1)) for e in dated)
