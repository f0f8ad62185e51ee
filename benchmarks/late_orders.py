"""Does the rule for late deliveries fire exactly where the data says that a line was more than 5 days late?

    python -m benchmarks.late_orders scms_delivery_history.csv.gz

The record is made from the file's own dates (2-Jun-06) through the mapping `scms`; the column `delay_days`,
which the mapping does not read, is the judge. Prints Markdown tables. Exit code 0: every line agrees, 1: some
do not.
"""

from __future__ import annotations

import argparse
import csv
import gzip
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import weighbridge
from weighbridge.engine import Engine
from weighbridge.feeds import open_feed

ROOT = Path(__file__).resolve().parent.parent
TARGET = "supply_shipments"
RULE = f"{TARGET}/late"
AS_OF = "2026-11-21"
MARKET = "NG"  # the limit is the same in every market
LIMIT = 5
NUMBERS = {
    "weight_kg": "Weight (Kilograms)",
    "freight_cost": "Freight Cost (USD)",
    "insurance_cost": "Line Item Insurance (USD)",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the file: its record, the cells as they stand, whether the rule fired."""

    values: dict[str, Any]
    cells: dict[str, str]
    problems: int
    fired: bool

    @property
    def delay(self) -> int:
        """Days late as the data says."""
        return int(self.cells["delay_days"])


def cells(path: Path) -> Iterator[dict[str, str]]:
    """The rows as they stand."""
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def decided(engine: Engine, path: Path) -> Iterator[Line]:
    """Every line with the decision about it."""
    mapping = engine.project.mappings["scms"].model
    feed = open_feed(path, engine.record_type(TARGET), mapping)
    for row, raw in zip(feed, cells(path), strict=True):
        decision = engine.decide(TARGET, row.values, market=MARKET, as_of=AS_OF)
        fired = any(finding.rule == RULE for finding in decision.findings)
        yield Line(row.values, raw, len(row.problems), fired)


def agreement(lines: list[Line]) -> str:
    """How often data and rule agree, and around the limit."""
    counts = Counter((line.delay > LIMIT, line.fired) for line in lines)
    edge = Counter((line.delay, line.fired) for line in lines)
    rows = [
        ("lines", len(lines)),
        ("lines with a cell that could not be read", sum(line.problems > 0 for line in lines)),
        (f"late more than {LIMIT} days by the data", counts[True, True] + counts[True, False]),
        ("the rule fired", counts[True, True] + counts[False, True]),
        ("late, the rule did not fire", counts[True, False]),
        ("not late, the rule fired", counts[False, True]),
        (f"exactly {LIMIT} days late: lines, of which fired", f"{_both(edge, LIMIT)}, {edge[LIMIT, True]}"),
        (
            f"exactly {LIMIT + 1} days late: lines, of which fired",
            f"{_both(edge, LIMIT + 1)}, {edge[LIMIT + 1, True]}",
        ),
    ]
    return _table(("", "count"), rows)


def _both(edge: Counter[tuple[int, bool]], delay: int) -> int:
    return edge[delay, True] + edge[delay, False]


def by_mode(lines: list[Line]) -> str:
    """Lines and late lines per mode of transport."""
    modes = Counter(str(line.values.get("transport_mode", "unknown")) for line in lines)
    late = Counter(str(line.values.get("transport_mode", "unknown")) for line in lines if line.fired)
    rows = [(mode, count, late[mode], f"{late[mode] / count:.1%}") for mode, count in modes.most_common()]
    return _table(("mode", "lines", "late", "share"), rows)


def text_in_numbers(lines: list[Line]) -> str:
    """Columns of numbers that hold text: what became a number and what is missing."""
    rows: list[tuple[object, ...]] = []
    for field, column in NUMBERS.items():
        text = sum(not _is_number(line.cells[column]) and line.cells[column] != "" for line in lines)
        empty = sum(line.cells[column] == "" for line in lines)
        rows.append((column, sum(field in line.values for line in lines), text, empty))
    return _table(("column", "numbers read", "cells with text", "empty cells"), rows)


def report(lines: list[Line]) -> list[str]:
    """The three tables as lines of Markdown."""
    return "\n\n".join((agreement(lines), by_mode(lines), text_in_numbers(lines))).split("\n")


def _is_number(cell: str) -> bool:
    return cell.replace(".", "", 1).isdigit()


def _table(head: tuple[str, ...], rows: list[Any]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def main() -> int:
    """0 when the rule and the data agree on every line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("path", type=Path, help="scms_delivery_history.csv or .csv.gz")
    lines = list(decided(weighbridge.load(ROOT), parser.parse_args().path))
    print("\n".join(report(lines)))
    return 0 if all(line.fired == (line.delay > LIMIT) for line in lines) else 1


if __name__ == "__main__":
    raise SystemExit(main())
