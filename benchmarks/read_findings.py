"""Findings drawn at random, to be read by hand: does the listing justify what the gate says about it?

    python -m benchmarks.read_findings DATA --seed 3          draw findings to read
    python -m benchmarks.read_findings                        what was read so far, by rule

The draw goes round the rules and indicators (a rule with ten findings is read as often as one with a thousand)
and round the feeds, and shows each listing once per rule. What was read stands in benchmarks/readings.csv: a key
that names rule and listing without telling anything about the listing, and the judgement (right, arguable: two
reviewers could disagree, wrong). Findings already read are not drawn again.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import weighbridge
from benchmarks.feed_findings import CATALOGUES, MARKETS, ROOT, SAMPLE, Seen, findings, hashed, read_rows
from weighbridge.findings import Match

READINGS = ROOT / "benchmarks" / "readings.csv"
JUDGEMENTS = ("right", "arguable", "wrong")
SHOWN = ("category", "product_type", "brand", "materials", "audience", "main_colour", "season_tag", "price")
CONTEXT = 60
"""Characters shown on either side of a matched term."""
ENOUGH = 0.8
"""A rule with a lower share of right findings is repaired or only warns."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One finding that was read: the round, what it is about, its key and the judgement."""

    round: int
    kind: str
    name: str
    feed: str
    market: str
    key: str
    judgement: str


def readings() -> list[Reading]:
    """Everything that was read. Raises ValueError for a judgement that is none of the three."""
    with READINGS.open(encoding="utf-8", newline="") as file:
        found = [Reading(int(row.pop("round")), **row) for row in csv.DictReader(file)]
    for reading in found:
        if reading.judgement not in JUDGEMENTS:
            raise ValueError(f"{READINGS.name}: {reading.judgement!r} is none of {', '.join(JUDGEMENTS)}")
    return found


def precision_table(read: Iterable[Reading]) -> list[str]:
    """Right, arguable and wrong per rule and round; precision is right / read, so arguable is not right."""
    counts: dict[tuple[str, str], Counter[tuple[int, str]]] = defaultdict(Counter)
    rounds = sorted({reading.round for reading in read})
    for reading in read:
        counts[reading.kind, reading.name][reading.round, reading.judgement] += 1
        counts["all", "**all**"][reading.round, reading.judgement] += 1
    heads = [f"round {number}: read / right / arguable / wrong | precision" for number in rounds]
    lines = ["| finding | " + " | ".join(heads) + " |", "|---|" + "---|---:|" * len(rounds)]
    for (kind, name), count in sorted(counts.items(), key=lambda entry: (entry[0][0] != "all", entry[0])):
        cells = []
        for number in rounds:
            right, arguable, wrong = (count[number, judgement] for judgement in JUDGEMENTS)
            total = right + arguable + wrong
            cells += (
                [f"{total} / {right} / {arguable} / {wrong}", f"{right / total:.0%}"] if total else ["", ""]
            )
        shown = f"indicator: {name}" if kind == "indicator" else name
        lines.append("| " + " | ".join((shown, *cells)) + " |")
    return lines


def draw(found: Iterable[Seen], count: int, seed: int, read: set[str]) -> list[Seen]:
    """Up to `count` listings per rule or indicator, feed by feed, none that was read before."""
    groups: dict[tuple[str, str], dict[str, dict[str, Seen]]] = defaultdict(lambda: defaultdict(dict))
    for seen in found:
        if seen.kind in ("fired", "indicator") and seen.key not in read:
            known = groups[seen.kind, seen.name][seen.feed].get(seen.key)
            # Of the markets of a listing the one with the lowest hash.
            if known is None or _rank(seed, seen) < _rank(seed, known):
                groups[seen.kind, seen.name][seen.feed][seen.key] = seen
    drawn: list[Seen] = []
    for _, feeds in sorted(groups.items()):
        queues = [
            sorted(feeds[feed].values(), key=lambda s: hashed(str(seed), s.key)) for feed in sorted(feeds)
        ]
        turns = (seen for turn in zip_longest(*queues) for seen in turn if seen is not None)
        drawn += [seen for seen, _ in zip(turns, range(count), strict=False)]
    return drawn


def _rank(seed: int, seen: Seen) -> str:
    return hashed(str(seed), seen.key, seen.market)


def show(number: int, seen: Seen) -> None:
    """Print one finding with what the listing says."""
    print(f"\n[{number}] {seen.kind},{seen.name},{seen.feed},{seen.market},{seen.key}  {seen.severity}")
    print(f"    {str(seen.values.get('title', ''))[:200]}")
    print("    " + "  ".join(f"{name}={seen.values[name]}"[:90] for name in SHOWN if name in seen.values))
    print(f"    {seen.text}")
    for line in dict.fromkeys(_context(seen.values, match) for match in seen.matches):
        print(f"    > {line}")


def _context(values: dict[str, object], match: Match) -> str:
    value = values.get(match.field)
    text = " | ".join(value) if isinstance(value, list | tuple) else str(value or "")
    # The match may stand in a joined text, so it is looked up in the field again.
    start = text.find(match.text)
    around = text[max(0, start - CONTEXT) : start + len(match.text) + CONTEXT] if start >= 0 else match.text
    return f"{match.field}: …{' '.join(around.split())}…  <{match.text}>"


def main() -> int:
    """Print a draw, or the readings; 0."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.read_findings",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, nargs="?", help="folder with the catalogues")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=10, help="listings per rule or indicator")
    parser.add_argument("--rows", type=int, default=SAMPLE, help="rows judged of each feed")
    options = parser.parse_args()
    if options.data is None:
        print("\n".join(precision_table(readings())))
        return 0
    engine = weighbridge.load(ROOT)
    found = (
        seen
        for catalogue in CATALOGUES
        for seen in findings(
            engine, catalogue, read_rows(engine, options.data, catalogue, options.rows), MARKETS
        )
    )
    read = {reading.key for reading in readings()}
    for number, seen in enumerate(draw(found, options.count, options.seed, read), start=1):
        show(number, seen)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
