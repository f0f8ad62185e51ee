"""Every table about real data, in one command.

    python -m benchmarks.real_world DATA            prints the tables
    python -m benchmarks.real_world DATA --write    writes them to docs/real-world-tables.md

The data sets are public and no part of the project; what is missing in DATA is named, and its tables are left
out. Exit code 0: everything was there, 2: something was not (nothing is written then).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import weighbridge
from benchmarks import churn_auc, feed_findings, ingredients, late_orders, read_findings, recalls
from weighbridge.engine import Engine

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "real-world-tables.md"


@dataclass(frozen=True, slots=True)
class Part:
    """Tables under one heading: the files they need below DATA, and what makes their lines."""

    title: str
    files: tuple[str, ...]
    lines: Callable[[Engine, Path], list[str]]

    def missing(self, data: Path) -> list[str]:
        """The files that are not there."""
        return [name for name in self.files if not (data / name).is_file()]


RETAIL = "orders_online_retail/churn_labelled_customers.csv"
TELCO = "churn_telco/telco_churn.csv.gz"
DELIVERIES = "orders_scms_crossborder/scms_delivery_history.csv.gz"


def _catalogues(engine: Engine, data: Path) -> list[str]:
    return feed_findings.tables(engine, data, feed_findings.SAMPLE)


def _recalls(engine: Engine, data: Path) -> list[str]:
    return recalls.report(engine, data)


def _ingredients(engine: Engine, data: Path) -> list[str]:
    return ingredients.report(engine, data)[0]


def _churn(engine: Engine, data: Path) -> list[str]:
    lines: list[str] = []
    for source in churn_auc.sources(data / RETAIL, data / TELCO):
        lines += churn_auc.report(source, churn_auc.score_file(engine, source))
    return lines


def _deliveries(engine: Engine, data: Path) -> list[str]:
    lines = list(late_orders.decided(engine, data / DELIVERIES))
    return late_orders.report(lines)


PARTS = (
    Part(
        "Findings on real catalogues",
        tuple(dict.fromkeys(catalogue.path for catalogue in feed_findings.CATALOGUES)),
        _catalogues,
    ),
    Part("Recalled goods", (recalls.PATH,), _recalls),
    Part("Ingredient lists", ingredients.FILES, _ingredients),
    Part("Churn score", (RETAIL, TELCO), _churn),
    Part("Late deliveries", (DELIVERIES,), _deliveries),
)


def main() -> int:
    """0 when all data was there, 2 otherwise."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.real_world",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("data", type=Path, help="folder with the data sets")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE.relative_to(ROOT)}")
    options = parser.parse_args()
    absent = {part.title: part.missing(options.data) for part in PARTS}
    for title, files in absent.items():
        if files:
            print(f"{title}: not run, not in {options.data}: {', '.join(files)}", file=sys.stderr)
    if options.write and any(absent.values()):
        print("nothing was written", file=sys.stderr)
        return 2
    lines = [
        "# Tables about real data",
        "",
        "Written by `python -m benchmarks.real_world DATA --write`; what they mean is in [real-feeds](real-feeds.md),",
        "[recalls and ingredients](recalls.md), [churn](churn.md) and [supply chain](supply-chain.md).",
        "",
        "## Findings read by hand",
        "",
        *read_findings.precision_table(read_findings.readings()),
    ]
    present = [part for part in PARTS if not absent[part.title]]
    engine = weighbridge.load(ROOT) if present else None
    for part in present:
        assert engine is not None
        lines += ["", f"## {part.title}", "", *part.lines(engine, options.data)]
    text = "\n".join(lines).rstrip() + "\n"
    if options.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 2 if any(absent.values()) else 0


if __name__ == "__main__":
    raise SystemExit(main())
