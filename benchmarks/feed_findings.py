"""The listing gate on real catalogues: findings per feed, market, rule and cultural indicator.

    python -m benchmarks.feed_findings DATA

DATA is the folder with the catalogues (docs/real-feeds.md lists them); they are no part of the project. Of a
large catalogue a sample is judged, drawn with a fixed seed.
"""

from __future__ import annotations

import argparse
import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

import weighbridge
from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord
from weighbridge.engine import Engine
from weighbridge.feeds import open_feed
from weighbridge.findings import Match

ROOT = Path(__file__).resolve().parent.parent
TARGET = "listing_gate"
CARD = "cultural_fit"
AS_OF = date(2026, 11, 21)
SEED = 20261121
SAMPLE = 500
"""Rows judged of each feed."""
MARKETS = (
    "SA", "AE", "ID", "MY", "IN", "JP", "KR", "DE", "FR", "GB", "US", "BR", "MX", "TH", "TR", "NG", "VN",
)  # fmt: skip
"""The markets with cultural weights of their own."""
SEVERITIES = ("block", "review", "warn")


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A feed of the data folder and its mapping; `source` picks one set out of the unified file."""

    name: str
    path: str
    mapping: str
    source: str | None = None


CATALOGUES = (
    Catalogue("shopee", "listings_shopee/shopee_products.csv.gz", "shopee"),
    Catalogue("shein", "listings_shein/shein_products.csv.gz", "shein"),
    Catalogue("amazon_in", "listings_amazon_in/amazon_in_products.csv.gz", "amazon_in"),
    Catalogue("amazon_uk", "listings_amazon_uk/amazon_uk_toys.csv.gz", "amazon_uk"),
    Catalogue("fashion", "listings_fashion/fashion_styles.csv.gz", "fashion"),
    Catalogue("tokopedia", "listings_unified/listings.parquet", "unified", "tokopedia"),
    Catalogue("unified", "listings_unified/listings.parquet", "unified"),
)


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding about one listing in one market.

    `kind` is "fired" (a rule), "missing" (a rule that could not be decided) or "indicator" (the cultural score
    lost points for it); `severity` is the verdict asked for, and what `text` says is what the reader is told.
    """

    feed: str
    market: str
    kind: str
    name: str
    severity: str
    text: str
    matches: tuple[Match, ...]
    values: dict[str, Any]

    @property
    def key(self) -> str:
        """Names rule and listing, without telling anything about the listing."""
        return hashed(self.name, self.feed, str(self.values.get("title")))[:12]


def hashed(*parts: str) -> str:
    """A text that is the same in every run and looks like chance."""
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def read_rows(engine: Engine, data: Path, catalogue: Catalogue, count: int) -> list[dict[str, Any]]:
    """The records to judge, in the feed's order; a row that could not be read is left out."""
    path = data / catalogue.path
    mapping = engine.project.mappings[catalogue.mapping].model
    feed = open_feed(path, engine.record_type(TARGET), mapping=mapping)
    if catalogue.source is None:
        rows = [row.values for row in feed if not row.problems]
    else:
        sources = pq.read_table(path, columns=["source"]).column("source").to_pylist()
        rows = [
            row.values
            for row, source in zip(feed, sources, strict=True)
            if source == catalogue.source and not row.problems
        ]
    if count >= len(rows):
        return rows
    kept = random.Random(SEED).sample(range(len(rows)), count)
    return [rows[place] for place in sorted(kept)]


def seen_in(catalogue: Catalogue, decision: Decision, values: dict[str, Any]) -> Iterator[Seen]:
    """What one decision says: its findings, and the indicators that cost its score points."""
    for finding in decision.findings:
        if finding.severity == "pass":
            continue
        kind = "fired" if finding.status == "fired" else "missing"
        text = finding.reason["en"] if kind == "fired" else "missing: " + ", ".join(finding.missing)
        yield Seen(
            catalogue.name,
            decision.market,
            kind,
            finding.rule,
            finding.severity,
            text,
            finding.matches,
            values,
        )
    score = decision.scores[CARD]
    texts = {reason.code: reason.text["en"] for reason in score.reasons}
    for name, points in score.points.items():
        if points is not None and points < 100:
            text = f"{points:.0f} points: {texts.get(name, '')}"
            yield Seen(catalogue.name, decision.market, "indicator", name, "", text, (), values)


def findings(
    engine: Engine, catalogue: Catalogue, rows: Iterable[dict[str, Any]], markets: Sequence[str]
) -> Iterator[Seen]:
    """Everything the gate says about the rows in the markets."""
    for values in rows:
        for market in markets:
            try:
                decision = engine.decide(TARGET, values, market=market, as_of=AS_OF)
            except InvalidRecord as refusal:
                yield Seen(catalogue.name, market, "refused", "invalid record", "", str(refusal), (), values)
                continue
            yield from seen_in(catalogue, decision, values)


def severity_table(counts: Counter[tuple[str, str, str]], markets: Sequence[str]) -> list[str]:
    """Findings per feed and market: the fired ones by verdict, and the rules that miss evidence."""
    feeds = dict.fromkeys(feed for feed, _, _ in counts)
    lines = ["| feed | market | block | review | warn | missing evidence |", "|---|---|---:|---:|---:|---:|"]
    for feed in feeds:
        for market in markets:
            cells = [counts[feed, market, kind] for kind in (*SEVERITIES, "missing")]
            lines.append("| " + " | ".join(map(str, (feed, market, *cells))) + " |")
    return lines


def rule_table(counts: Counter[tuple[str, str, str]], kind: str, markets: Sequence[str]) -> list[str]:
    """Findings per rule (or indicator) and market, the most frequent first."""
    totals: Counter[str] = Counter()
    for (found, name, _), count in counts.items():
        if found == kind:
            totals[name] += count
    lines = ["| " + " | ".join(("finding", "all", *markets)) + " |", "|---|---:|" + "---:|" * len(markets)]
    for name, total in totals.most_common():
        cells = [str(counts[kind, name, market] or "") for market in markets]
        lines.append("| " + " | ".join((name, str(total), *cells)) + " |")
    return lines


def tables(engine: Engine, data: Path, count: int, markets: Sequence[str] = MARKETS) -> list[str]:
    """All tables over all catalogues, as lines of Markdown."""
    by_market: Counter[tuple[str, str, str]] = Counter()
    by_rule: Counter[tuple[str, str, str]] = Counter()
    lines = ["| feed | rows judged |", "|---|---:|"]
    for catalogue in CATALOGUES:
        rows = read_rows(engine, data, catalogue, count)
        lines.append(f"| {catalogue.name} | {len(rows)} |")
        for seen in findings(engine, catalogue, rows, markets):
            by_market[catalogue.name, seen.market, seen.severity if seen.kind == "fired" else seen.kind] += 1
            by_rule[seen.kind, seen.name, seen.market] += 1
    lines += ["", "### Rules that fired", "", *rule_table(by_rule, "fired", markets)]
    lines += ["", "### Indicators that cost points", "", *rule_table(by_rule, "indicator", markets)]
    lines += ["", "### Rules that miss evidence", "", *rule_table(by_rule, "missing", markets)]
    return [*lines, "", "### By feed and market", "", *severity_table(by_market, markets)]


def main() -> int:
    """Print the tables; 0."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feed_findings", description=__doc__)
    parser.add_argument("data", type=Path, help="folder with the catalogues")
    parser.add_argument("--rows", type=int, default=SAMPLE, help="rows judged of each feed")
    parser.add_argument("--market", action="append", help="judge for these markets only")
    options = parser.parse_args()
    print("\n".join(tables(weighbridge.load(ROOT), options.data, options.rows, options.market or MARKETS)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
