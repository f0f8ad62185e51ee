"""How many machines, how long and how much money: docs/capacity.md, from measured costs per decision.

python -m benchmarks.capacity              # measures the shipped packs, then writes
python -m benchmarks.capacity --kept       # only computes again, from the costs kept
python -m benchmarks.capacity --kept --price 0.03 --utilisation 0.8
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import weighbridge
from benchmarks.report import as_json, environment
from benchmarks.workload import AS_OF
from weighbridge.documents import RecordTypeModel

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DOCUMENT = ROOT / "docs" / "capacity.md"
MARKETS = (1, 3, 10, 30, 54)
DECISIONS = 20_000
"""Decisions in a measurement, at least."""
FEWEST = 4_000
"""Records in a measurement, so that pieces are not tiny where there are many markets."""
DAY = 86_400


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What is not measured. `utilisation`: share of the time a processor decides; `headroom`: for peaks."""

    price: float = 0.04
    utilisation: float = 0.7
    headroom: float = 1.3
    machine: int = 32
    """Virtual processors of one machine."""


@dataclass(frozen=True, slots=True)
class Cost:
    """CPU microseconds of one decision of a pack, findings included, in so many markets per record."""

    pack: str
    markets: int
    microseconds: float


# Measuring -----------------------------------------------------------------------------------------


def measure() -> Iterator[Cost]:
    """The shipped packs from Parquet to tables of decisions and findings, one thread."""
    engine = weighbridge.load(ROOT)
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as name:
        for pack, table in (("listing_gate", listings(engine)), ("retention", customers(engine))):
            for count in MARKETS:
                markets = markets_of(engine, count)
                path = Path(name) / f"{pack}-{count}.parquet"
                pq.write_table(table.slice(0, max(FEWEST, DECISIONS // count)), path)
                yield Cost(pack, count, _microseconds(engine, pack, markets, path))


def markets_of(engine: Any, count: int) -> tuple[str, ...]:
    """So many markets: those of the sample feed first, then the others."""
    first = [m for m in ("DE", "US", "SA", "JP", "ID", "GB", "FR", "BR", "IN", "AE") if m in engine.markets]
    return tuple(dict.fromkeys([*first, *engine.markets]))[:count]


def _microseconds(engine: Any, pack: str, markets: tuple[str, ...], path: Path) -> float:
    from weighbridge.batch import Run

    batch = engine.batch(pack, markets, AS_OF)
    best = math.inf
    for _ in range(2):
        before, decisions = time.process_time(), 0
        for tables in batch.tables(engine.source(pack, path), 1, Run()):
            decisions += tables.decisions.num_rows
        best = min(best, (time.process_time() - before) / decisions)
    return best * 1e6


def listings(engine: Any) -> pa.Table:
    """The sample feed again and again, the texts of every copy different: nothing is found by remembering."""
    from weighbridge.feeds import open_feed

    model = engine.book.record_types["listing"]
    rows = [row.values for row in open_feed(ROOT / "samples" / "listings.csv", model, None, None)]
    varied = []
    for number in range(DECISIONS):
        row = dict(rows[number % len(rows)])
        row["sku"] = f"{row.get('sku')}-{number}"
        for name in ("title", "description"):
            if row.get(name):
                row[name] = f"{row[name]} {number:x}"
        varied.append(row)
    return table_of(model, varied)


def table_of(model: RecordTypeModel, rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Records as a table of the record type's fields."""
    kinds = {
        "number": pa.float64(),
        "text": pa.string(),
        "boolean": pa.bool_(),
        "date": pa.date32(),
        "text_list": pa.list_(pa.string()),
    }
    return pa.table(
        {name: pa.array([r.get(name) for r in rows], kinds[f.type]) for name, f in model.fields.items()}
    )


def customers(engine: Any) -> pa.Table:
    """Customers by chance: each field within its bounds, mostly small numbers, a fifth missing."""
    random = np.random.default_rng(20260301)
    columns: dict[str, pa.Array] = {}
    for name, field in engine.book.record_types["customer"].fields.items():
        missing = random.random(DECISIONS) < (0.0 if field.required else 0.2)
        if field.type == "number":
            low, high = float(field.min or 0.0), float(1.0 if field.max is None else min(field.max, 1000.0))
            values: Any = np.round(low + (high - low) * random.random(DECISIONS) ** 2, 3)
            columns[name] = pa.array(values, mask=missing)
        elif field.type == "boolean":
            columns[name] = pa.array(random.random(DECISIONS) < 0.3, mask=missing)
        elif field.allowed:
            codes = pa.array(random.integers(0, len(field.allowed), DECISIONS), mask=missing)
            columns[name] = pa.array(field.allowed).take(codes)
        elif name == "customer_id":
            columns[name] = pa.array([f"C{number}" for number in range(DECISIONS)])
    return pa.table(columns)


# Computing -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Need:
    """What a load needs, all day long."""

    processors: float
    machines: int
    hours: float
    """Processor hours a day, idle share included."""
    money: float
    """A day."""


def for_a_day(decisions: float, microseconds: float, assumed: Assumptions) -> Need:
    """For so many decisions a day, spread evenly, with room for peaks."""
    return at_rate(decisions / DAY, microseconds, assumed)


def at_rate(per_second: float, microseconds: float, assumed: Assumptions) -> Need:
    """For so many decisions a second, day and night."""
    processors = per_second * microseconds / 1e6 / assumed.utilisation * assumed.headroom
    machines = math.ceil(processors / assumed.machine)
    hours = machines * assumed.machine * 24.0
    return Need(processors, machines, hours, hours * assumed.price)


def to_markdown(
    costs: list[Cost], batch: dict[str, Any], versions: dict[str, str], assumed: Assumptions
) -> str:
    """The plan."""
    head = f"""# Capacity

Written by `python -m benchmarks.capacity`; do not edit. Costs are measured, the rest is computed from them.

## Assumptions

- A virtual processor costs {assumed.price:g} US dollars an hour and is as fast as that of the machine measured on.
  (Prices differ by provider and contract: `--price` sets yours.)
- It decides {assumed.utilisation:.0%} of the time (`--utilisation`); the rest is reading, writing, starting, waiting.
- {assumed.headroom:g} times the average load must be borne (`--headroom`).
- Machines have {assumed.machine} virtual processors (`--machine`). Whole machines are paid for, all day.
- Records are independent of each other: cost grows with their number and shrinks with the number of processors.
  Storage and the network between machines are not counted.

## What a decision costs

CPU time of one thread from Parquet to tables of decisions and findings; every record is decided in every
market. `listing_gate`: the sample listings repeated with texts that differ; `retention`: customers by chance.

| pack | markets | µs a decision | µs a record |
|---|---:|---:|---:|
"""
    lines = [
        f"| `{c.pack}` | {c.markets} | {c.microseconds:,.1f} | {c.microseconds * c.markets:,.0f} |"
        for c in costs
    ]
    for section in batch.get("sections", ()):
        mine = next(line for line in section["lines"] if line["engine"].startswith("Weighbridge, tables"))
        micro = 1e6 / mine["rows_per_second"]
        lines.append(f"| benchmark, {section['title']} | 1 | {micro:,.1f} | {micro:,.0f} |")
    parts = [head + "\n".join(lines), "", "## 1 billion records in 30 markets, every day", "", _HEADER]
    parts += [
        _row(c, 30e9, for_a_day(30e9, c.microseconds, assumed), assumed) for c in costs if c.markets == 30
    ]
    parts += ["", "## 2 million decisions a second", "", _HEADER]
    parts += [_row(c, 2e6 * DAY, at_rate(2e6, c.microseconds, assumed), assumed) for c in costs]
    shown = ", ".join(f"{name} {version}" for name, version in versions.items())
    return "\n".join([*parts, "", f"Measured with {shown}.", ""])


_HEADER = (
    "| pack, markets | processors | machines | time on one machine | US dollars a day | per million decisions |\n"
    "|---|---:|---:|---:|---:|---:|"
)


def _row(cost: Cost, decisions: float, need: Need, assumed: Assumptions) -> str:
    alone = decisions * cost.microseconds / 1e6 / assumed.utilisation / assumed.machine / 3600
    return (
        f"| `{cost.pack}`, {cost.markets} | {need.processors:,.0f} | {need.machines:,} | {alone:,.0f} h | "
        f"{need.money:,.0f} | {need.money / decisions * 1e6:,.4f} |"
    )


def main() -> int:
    """Writes the plan."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capacity", description=__doc__)
    parser.add_argument("--kept", action="store_true", help="use the costs of the last measurement")
    for name in ("price", "utilisation", "headroom"):
        parser.add_argument(f"--{name}", type=float, default=getattr(Assumptions(), name))
    parser.add_argument("--machine", type=int, default=Assumptions().machine)
    options = parser.parse_args()
    kept = RESULTS / "capacity.json"
    if not options.kept:
        found = [{"pack": c.pack, "markets": c.markets, "microseconds": c.microseconds} for c in measure()]
        versions = environment(("numpy", "pyarrow"))
        kept.write_text(as_json({"environment": versions, "costs": found}), encoding="utf-8")
    document = json.loads(kept.read_text(encoding="utf-8"))
    costs = [Cost(**entry) for entry in document["costs"]]
    results = RESULTS / "batch.json"
    batch = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    assumed = Assumptions(options.price, options.utilisation, options.headroom, options.machine)
    DOCUMENT.write_text(to_markdown(costs, batch, document["environment"], assumed), encoding="utf-8")
    print(f"{DOCUMENT.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
