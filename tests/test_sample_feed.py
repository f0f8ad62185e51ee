"""The sample feeds against what their author expected: expected.csv is written by hand, not measured."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import pytest

import weighbridge
from weighbridge.decisions import Decision
from weighbridge.engine import Engine
from weighbridge.feeds import Row, open_feed
from weighbridge.gate import ExitCode, run_gate

ROOT = Path(__file__).parent.parent
SAMPLES = ROOT / "samples"
TARGET = "listing_gate"
AS_OF = date(2026, 11, 21)
INVALID = "invalid"


@dataclass(frozen=True, slots=True)
class Expected:
    """One line of expected.csv: this record, in this market, gets this verdict because of this rule."""

    sku: str
    market: str
    verdict: str
    rule: str
    note: str


@cache
def engine() -> Engine:
    return weighbridge.load(ROOT)


@cache
def expectations() -> tuple[Expected, ...]:
    with (SAMPLES / "expected.csv").open(encoding="utf-8", newline="") as lines:
        return tuple(Expected(**entry) for entry in csv.DictReader(lines))


@cache
def rows(name: str) -> tuple[Row, ...]:
    return tuple(open_feed(SAMPLES / name, engine().record_type(TARGET)))


@cache
def records() -> dict[str, Mapping[str, Any]]:
    """The readable rows of listings.csv by SKU."""
    return {
        row.values["sku"]: row.values
        for row in rows("listings.csv")
        if not row.problems and "sku" in row.values
    }


@cache
def decide(sku: str, market: str) -> Decision:
    return engine().decide(TARGET, records()[sku], market=market, as_of=AS_OF)


def raised(decision: Decision) -> dict[str, str]:
    """Severity by rule, of what a person gets to see: fired, or undecided and asking for review."""
    return {finding.rule: finding.severity for finding in decision.findings if finding.severity != "pass"}


def test_every_listing_gets_the_expected_verdict() -> None:
    differences = [
        f"{e.sku} in {e.market}: expected {e.verdict} ({e.note}), got {decision.verdict}: {raised(decision)}"
        for e in expectations()
        if e.verdict != INVALID and (decision := decide(e.sku, e.market)).verdict != e.verdict
    ]
    assert not differences, "\n".join(differences)


def test_the_stated_reason_decides() -> None:
    """The rule expected is among the findings, and none is worse than it."""
    differences = [
        f"{e.sku} in {e.market}: {e.rule} ({e.note}) is not decisive among {raised(decision)}"
        for e in expectations()
        if e.rule
        and e.verdict != INVALID
        and raised(decision := decide(e.sku, e.market)).get(e.rule) != e.verdict
    ]
    assert not differences, "\n".join(differences)


def test_good_listings_have_no_finding_at_all() -> None:
    noisy = {
        f"{e.sku} in {e.market}": found
        for e in expectations()
        if e.verdict == "pass" and (found := raised(decide(e.sku, e.market)))
    }
    assert not noisy


def test_every_row_has_an_expectation_and_every_expectation_a_row() -> None:
    expected = {e.sku for e in expectations()}
    in_feed = {row.values.get("sku", "") for row in rows("listings.csv")}
    assert expected == in_feed
    assert len({(e.sku, e.market) for e in expectations()}) == len(expectations())
    assert {e.rule for e in expectations() if e.verdict == "pass"} == {""}
    assert all(e.rule and e.note for e in expectations() if e.verdict not in ("pass", INVALID))


def lines_of_records() -> Iterator[tuple[int, str]]:
    """The line each record of listings.csv begins at, and its SKU; one description spans two lines."""
    with (SAMPLES / "listings.csv").open(encoding="utf-8", newline="") as lines:
        reader = csv.reader(lines)
        sku = next(reader).index("sku")
        begins = reader.line_num + 1
        for cells in reader:
            yield begins, cells[sku]
            begins = reader.line_num + 1


def test_rows_that_are_no_records_are_reported_at_their_own_lines() -> None:
    refused = {e.sku for e in expectations() if e.verdict == INVALID}
    with run_gate(engine(), SAMPLES / "listings.csv", target=TARGET, markets=["DE"], as_of=AS_OF) as result:
        found = [finding for finding in result.findings() if finding.severity == "error"]
        assert result.exit_code == ExitCode.FINDINGS
        assert result.counts.read - result.counts.decided == len(refused)
    places = list(lines_of_records())
    assert {(finding.line, finding.key or "") for finding in found} == {p for p in places if p[1] in refused}
    assert len(found) == len(refused)
    assert any(line != number for number, (line, _) in enumerate(places, start=2)), (
        "no record spans two lines"
    )


def test_the_same_listings_as_json_lines_decide_alike() -> None:
    at_home = {e.sku: e for e in expectations() if e.sku.endswith(f"-{e.market}")}
    lines = rows("listings.jsonl")
    assert len(lines) == 30
    for row in lines:
        assert not row.problems
        expected = at_home[row.values["sku"]]
        decision = engine().decide(TARGET, row.values, market=expected.market, as_of=AS_OF)
        assert decision.verdict == expected.verdict, row.values["sku"]
        assert raised(decision) == raised(decide(expected.sku, expected.market))


@pytest.mark.parametrize(
    ("name", "format_", "records_in_it"),
    [("shopify.csv", "shopify", 32), ("google.tsv", "google-tsv", 20), ("google.xml", "google-xml", 10)],
)
def test_shop_and_marketplace_feeds_are_read_whole(name: str, format_: str, records_in_it: int) -> None:
    feed = open_feed(SAMPLES / name, engine().record_type(TARGET))
    found = list(feed)
    assert feed.info.format == format_
    assert len(found) == records_in_it
    assert not [row for row in found if row.problems]
    assert all(row.values["title"] and row.values["price"] > 0 for row in found)


def test_a_variant_row_of_shopify_inherits_its_product() -> None:
    variants = {row.values["sku"]: row.values for row in rows("shopify.csv")}
    assert variants["SHF-1002-K"]["title"] == variants["SHF-1002-T"]["title"]
    assert variants["SHF-1002-K"]["price"] != variants["SHF-1002-T"]["price"]
