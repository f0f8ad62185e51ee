"""How well the churn score tells leavers from stayers, on customer files whose outcome is known.

    python -m benchmarks.churn_auc --retail churn_labelled_customers.csv --telco telco_churn.csv.gz

Both files are read through their mappings. An indicator that a file lacks is missing, never zero. The single
signals are columns of the file (text columns: the share of leavers per value, which flatters them).
"""

from __future__ import annotations

import argparse
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

import weighbridge
from weighbridge.feeds import open_feed

ROOT = Path(__file__).resolve().parent.parent
CARD = "churn_risk"
AS_OF = "2026-11-21"
TIERS = ("none", "level_1", "level_2", "level_3")
RETAIL_SIGNALS = (
    "orders", "spend", "recency_days", "tenure_days", "avg_order", "orders_last_90d", "orders_prev_90d",
    "cancelled_invoices",
)  # fmt: skip
TELCO_SIGNALS = (
    "tenure", "MonthlyCharges", "Contract", "PaymentMethod", "InternetService", "OnlineSecurity",
    "OnlineBackup", "DeviceProtection", "TechSupport", "StreamingTV", "StreamingMovies", "PaperlessBilling",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Source:
    """A customer file: its mapping, the column that tells the outcome, the value of a leaver, the market."""

    title: str
    path: Path
    mapping: str
    label: str
    leaver: str
    market: str
    signals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Scored:
    """One customer: score (None: not enough known), tier, coverage, and whether the customer left."""

    score: float | None
    tier: str | None
    coverage: float | None
    left: bool


def auc(scores: Sequence[float], left: Sequence[bool]) -> float:
    """Chance that a leaver scores higher than a stayer, ties counted half (Mann-Whitney)."""
    ranks = pd.Series(scores).rank().tolist()
    leavers = sum(left)
    stayers = len(left) - leavers
    if not leavers or not stayers:
        raise ValueError("the file needs leavers and stayers")
    above = sum(rank for rank, gone in zip(ranks, left, strict=True) if gone)
    return (above - leavers * (leavers + 1) / 2) / (leavers * stayers)


def score_file(engine: weighbridge.Engine, source: Source) -> list[Scored]:
    """Every customer of the file, scored by the engine."""
    outcomes = [str(value) == source.leaver for value in pd.read_csv(source.path)[source.label]]
    mapping = engine.project.mappings[source.mapping].model
    scored: list[Scored] = []
    for row, left in zip(open_feed(source.path, engine.record_type(CARD), mapping), outcomes, strict=True):
        if row.problems:
            raise ValueError(f"{source.path.name}:{row.line}: {row.problems[0].message}")
        found = engine.decide(CARD, row.values, market=source.market, as_of=AS_OF).scores[CARD]
        scored.append(Scored(found.value, found.tier, found.coverage, left))
    return scored


def signal_strengths(source: Source) -> dict[str, float]:
    """AUC of each column of the file alone, in whichever direction is better."""
    table = pd.read_csv(source.path)
    left = (table[source.label].astype(str) == source.leaver).tolist()
    strengths: dict[str, float] = {}
    for name in source.signals:
        column = table[name]
        if not pd.api.types.is_numeric_dtype(column):
            column = pd.Series(left).groupby(column).transform("mean")
        found = auc(column.astype(float).tolist(), left)
        strengths[name] = max(found, 1 - found)
    return strengths


def report(source: Source, scored: Iterable[Scored]) -> list[str]:
    """The figures of one file as lines of Markdown."""
    customers = list(scored)
    known = [(c.score, c.left) for c in customers if c.score is not None]
    strengths = signal_strengths(source)
    best = max(strengths, key=lambda name: strengths[name])
    base = statistics.fmean(c.left for c in customers)
    lines = [
        f"### {source.title}",
        "",
        f"{len(customers)} customers, {base:.1%} left; {len(known)} scored, "
        f"mean coverage {statistics.fmean(c.coverage or 0 for c in customers):.0%}.",
        f"AUC of the score **{auc([s for s, _ in known], [g for _, g in known]):.3f}**; "
        f"best single signal {best} {strengths[best]:.3f}.",
        "",
        "| tier | customers | share | left | share of all leavers | lift |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    leavers = sum(c.left for c in customers)
    for tier in (*TIERS, None):
        group = [c.left for c in customers if c.tier == tier]
        if group:
            rate = statistics.fmean(group)
            lines.append(
                f"| {tier or 'not scored'} | {len(group)} | {len(group) / len(customers):.1%} | {rate:.1%} "
                f"| {sum(group) / leavers:.1%} | {rate / base:.2f} |"
            )
    return [*lines, ""]


def sources(retail: Path, telco: Path) -> list[Source]:
    """The two files, with what is known about them."""
    return [
        Source(
            "Wholesaler, order by order", retail, "online_retail_customers", "churned_next_90d", "1", "GB",
            RETAIL_SIGNALS,
        ),
        Source("Telephone company, contracts", telco, "telco", "Churn", "Yes", "US", TELCO_SIGNALS),
    ]  # fmt: skip


def main() -> int:
    """Print the tables; 0 when every score beats the best single signal of its file, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.churn_auc", description=__doc__)
    parser.add_argument("--retail", type=Path, help="customers of a wholesaler, label churned_next_90d")
    parser.add_argument("--telco", type=Path, help="contract customers, label Churn")
    parser.add_argument("--project", type=Path, default=ROOT, help="the project with the packs")
    options = parser.parse_args()
    chosen = [source for source in sources(options.retail, options.telco) if source.path is not None]
    if not chosen:
        parser.error("name at least one file: --retail or --telco")
    engine = weighbridge.load(options.project)
    beaten = True
    for source in chosen:
        scored = score_file(engine, source)
        print("\n".join(report(source, scored)))
        known = [(c.score, c.left) for c in scored if c.score is not None]
        best = max(signal_strengths(source).values())
        beaten = beaten and auc([s for s, _ in known], [g for _, g in known]) > best
    return 0 if beaten else 1


if __name__ == "__main__":
    raise SystemExit(main())
