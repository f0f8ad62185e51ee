"""The listing and churn packs on real records, from Parquet to Parquet with findings, on all cores.

    python -m benchmarks.real_batch DATA            prints the table
    python -m benchmarks.real_batch DATA --write    writes it to docs/real-batch.md

The data sets are public and no part of the project. Listings and customers are first brought into Parquet files
of the packs' own fields; what is timed, by the clock, is `write_batch`: compiling for the markets, starting
worker processes, reading, deciding, and writing decisions and findings. Exit code 0: at least 120,000 decisions
a second where every record is decided in 30 markets or more; 1: fewer; 2: data is missing.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

import weighbridge
from benchmarks.capacity import markets_of, table_of
from benchmarks.real_world import RETAIL, TELCO
from benchmarks.report import environment
from weighbridge.engine import Engine
from weighbridge.feeds import open_feed

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "real-batch.md"
LISTINGS = "listings_unified/listings.parquet"
AS_OF = "2026-11-21"
MARKETS = (1, 5, 30, 54)
PROMISED = 120_000
"""Decisions a second, where a record is decided in so many markets as the mission's load has."""
MISSION_MARKETS = 30


@dataclass(frozen=True, slots=True)
class Measured:
    """One run: records, decisions, findings, and seconds by the clock."""

    pack: str
    markets: int
    records: int
    decisions: int
    findings: int
    seconds: float


def main() -> int:
    """0 when the promise holds, 1 when it does not, 2 when data is missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.real_batch", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder with the data sets")
    parser.add_argument("--write", action="store_true", help="write docs/real-batch.md")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    missing = [name for name in (LISTINGS, RETAIL, TELCO) if not (options.data / name).is_file()]
    if missing:
        print(f"not in {options.data}: {', '.join(missing)}", file=sys.stderr)
        return 2
    engine = weighbridge.load(ROOT)
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as name:
        found = list(_measure(engine, options.data, Path(name), options.workers))
    page = to_markdown(found, options.workers)
    print(page)
    if options.write:
        PAGE.write_text(page, encoding="utf-8")
    rates = [rate(found, count) for count in MARKETS if count >= MISSION_MARKETS]
    return 0 if min(rates) >= PROMISED else 1


def rate(found: Iterable[Measured], markets: int) -> float:
    """Decisions a second of both packs together, in so many markets."""
    chosen = [m for m in found if m.markets == markets]
    return sum(m.decisions for m in chosen) / sum(m.seconds for m in chosen)


def _measure(engine: Engine, data: Path, folder: Path, workers: int) -> Iterator[Measured]:
    listings, customers = folder / "listings.parquet", folder / "customers.parquet"
    pq.write_table(
        records(engine, "listing", [(data / LISTINGS, "unified")]), listings, row_group_size=1 << 14
    )
    feeds = [(data / RETAIL, "online_retail_customers"), (data / TELCO, "telco")]
    pq.write_table(records(engine, "customer", feeds), customers, row_group_size=1 << 14)
    for count in MARKETS:
        for pack, path in (("listing_gate", listings), ("retention", customers)):
            out = folder / f"{pack}-{count}"
            start = time.perf_counter()
            summary = engine.write_batch(
                pack, path, out, markets=markets_of(engine, count), as_of=AS_OF, workers=workers
            )
            seconds = time.perf_counter() - start
            decisions = summary.records * count
            yield Measured(pack, count, summary.records, decisions, summary.findings, seconds)


def records(engine: Engine, record_type: str, feeds: Iterable[tuple[Path, str]]) -> pa.Table:
    """The valid records of feeds under the names of the record type's fields."""
    model = engine.book.record_types[record_type]
    rows: list[Any] = []
    for path, mapping in feeds:
        feed = open_feed(path, model, engine.project.mappings[mapping].model, None)
        rows += [row.values for row in feed if not row.problems]
    return table_of(model, rows)


def to_markdown(found: list[Measured], workers: int) -> str:
    """The page."""
    versions = ", ".join(f"{n} {v}" for n, v in environment(("numpy", "pyarrow", "pyahocorasick")).items())
    lines = [
        "# The listing and churn packs on real records",
        "",
        "Written by `python -m benchmarks.real_batch DATA --write`; do not edit. From Parquet to Parquet, findings",
        f"included, {workers} worker processes; seconds by the clock from the call to the finished folder: the packs",
        "compiled for the markets, workers started, everything read, decided and written. Listings: catalogues of",
        "several shops in one file; customers: a wholesaler's and a telephone company's.",
        "",
        "| pack | markets | records | decisions | findings | seconds | decisions/s |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for m in found:
        lines.append(
            f"| `{m.pack}` | {m.markets} | {m.records:,} | {m.decisions:,} | {m.findings:,} | {m.seconds:.1f} | "
            f"{m.decisions / m.seconds:,.0f} |"
        )
    for count in MARKETS:
        lines.append(f"| both | {count} | | | | | {rate(found, count):,.0f} |")
    return "\n".join([*lines, "", _LIMIT, "", f"Measured with {versions}.", ""])


_LIMIT = """What limits it: a listing's texts are searched for all terms of all lists once, whatever the number of
markets, and that is Python and a C automaton, not columns: in one market it is most of the cost, in thirty it is
shared by thirty decisions. What remains per decision is findings: a dozen for a listing that says little."""


if __name__ == "__main__":
    raise SystemExit(main())
