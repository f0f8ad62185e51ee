"""Findings of a feed drawn at random, to be read by hand: is each one justified by what the listing says?

    python benchmarks/read_findings.py DATA/listings.csv --mapping shein --market SA --market DE --seed 1

The draw is fixed by the seed. It goes round the rules, so that a rule with ten findings is read as often as
one with a thousand, and each listing is shown once per rule. Findings that only name missing data are at most
`--missing` of them.
"""

from __future__ import annotations

import argparse
import random
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest
from pathlib import Path
from typing import Any

import weighbridge
from weighbridge.engine import Engine
from weighbridge.feeds import Row, open_feed
from weighbridge.findings import Finding

ROOT = Path(__file__).resolve().parent.parent
SHOWN = (
    "category",
    "product_type",
    "brand",
    "materials",
    "audience",
    "price",
    "compare_at_price",
    "currency",
)
CONTEXT = 60
"""Characters shown on either side of a matched term."""


@dataclass(frozen=True, slots=True)
class Read:
    """One finding with the listing it is about."""

    market: str
    values: dict[str, Any]
    finding: Finding


def read_rows(engine: Engine, options: argparse.Namespace) -> list[Row]:
    """The rows to judge: all of the feed, or `--rows` of them, in the feed's order."""
    mapping = engine.project.mappings[options.mapping].model
    feed = open_feed(Path(options.feed), engine.record_type(options.target), mapping=mapping)
    rows = [row for row in feed if not row.problems]
    if options.rows and options.rows < len(rows):
        kept = random.Random(options.seed).sample(range(len(rows)), options.rows)
        rows = [rows[place] for place in sorted(kept)]
    return rows


def findings(engine: Engine, rows: Iterable[Row], options: argparse.Namespace) -> Iterator[Read]:
    for row in rows:
        for market in options.market:
            decision = engine.decide(options.target, row.values, market=market, as_of=options.as_of)
            for finding in decision.findings:
                if finding.severity != "pass":
                    yield Read(market, row.values, finding)


def draw(found: Iterable[Read], count: int, seed: int) -> list[Read]:
    """Up to `count` findings: one of each rule, then a second of each, and so on."""
    chance = random.Random(seed)
    shuffled = list(found)
    chance.shuffle(shuffled)
    by_rule: dict[str, dict[object, Read]] = defaultdict(dict)
    for read in shuffled:
        by_rule[read.finding.rule].setdefault(read.values.get("sku"), read)
    queues = [list(by_rule[rule].values()) for rule in sorted(by_rule)]
    chance.shuffle(queues)
    rounds = (read for turn in zip_longest(*queues) for read in turn if read is not None)
    return [read for read, _ in zip(rounds, range(count), strict=False)]


def context(read: Read) -> Iterator[str]:
    """The matched terms as they stand in the listing."""
    for match in read.finding.matches:
        value = read.values.get(match.field)
        text = " | ".join(value) if isinstance(value, list | tuple) else str(value or "")
        # The match may stand in a joined text, so it is looked up in the field again.
        start = text.find(match.text)
        around = (
            text[max(0, start - CONTEXT) : start + len(match.text) + CONTEXT] if start >= 0 else match.text
        )
        yield f"{match.field}: …{' '.join(around.split())}…  <{match.text}>"


def show(number: int, read: Read) -> None:
    finding = read.finding
    print(f"\n[{number}] {finding.rule}  {read.market}  {finding.severity}  {finding.status}")
    print(f"    {read.values.get('sku')}  {str(read.values.get('title', ''))[:200]}")
    print("    " + "  ".join(f"{name}={read.values[name]}"[:90] for name in SHOWN if name in read.values))
    print(f"    {finding.reason.get('en', '')}")
    for line in dict.fromkeys(context(read)):
        print(f"    > {line}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("feed")
    parser.add_argument("--mapping", required=True)
    parser.add_argument("--market", action="append", required=True)
    parser.add_argument("--project", type=Path, default=ROOT)
    parser.add_argument("--target", default="listing_gate")
    parser.add_argument("--as-of", type=date.fromisoformat, default=date.today())
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=50)
    parser.add_argument("--missing", type=int, default=15, help="most findings that only name missing data")
    parser.add_argument(
        "--rows", type=int, default=0, help="judge a random sample of this many rows (0: all)"
    )
    return parser.parse_args()


def main() -> None:
    options = arguments()
    engine = weighbridge.load(options.project)
    found = list(findings(engine, read_rows(engine, options), options))
    undecided = draw((f for f in found if f.finding.status != "fired"), options.missing, options.seed)
    fired = draw(
        (f for f in found if f.finding.status == "fired"), options.count - len(undecided), options.seed
    )
    for number, read in enumerate([*fired, *undecided], start=1):
        show(number, read)


if __name__ == "__main__":
    main()
