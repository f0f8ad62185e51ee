"""A loaded feed decided in several markets: one table of decisions, one of the rules that fired.

`decisions` has a row per record and market, ordered by market and row: `row`, `market`, `verdict`, every other
output as text, and for each scorecard `<card>.score` and `<card>.tier`. `fired` has `row`, `market`, `rule`.
A record that is not valid in its values is in neither, but in `invalid`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa

from weighbridge.diagnostics import InvalidRecord
from weighbridge.engine import Engine
from weighbridge.loaded_feed import LoadedFeed, RefusedRow

STEP = 200
"""Records between two calls of `progress`."""
MOST_INVALID = 1_000


@dataclass(frozen=True, slots=True, eq=False)
class FeedDecisions:
    """What a version of the project says of a feed."""

    target: str
    version: str
    feed: str
    markets: tuple[str, ...]
    as_of: date
    decisions: pa.Table
    fired: pa.Table
    invalid: tuple[RefusedRow, ...]
    invalid_count: int


@dataclass(slots=True)
class _Columns:
    """The rows of one market while they are collected."""

    rows: list[int] = field(default_factory=list[int])
    values: dict[str, list[Any]] = field(default_factory=dict[str, list[Any]])
    fired_rows: list[int] = field(default_factory=list[int])
    fired_rules: list[str] = field(default_factory=list[str])

    def add(self, name: str, value: Any) -> None:
        self.values.setdefault(name, []).append(value)


def decide_feed(
    engine: Engine,
    target: str,
    feed: LoadedFeed,
    markets: Sequence[str],
    as_of: date,
    progress: Callable[[int, int], None] | None = None,
) -> FeedDecisions:
    """Decides every record of a feed in every market. What `progress` raises ends it."""
    decisions: list[pa.Table] = []
    fired: list[pa.Table] = []
    invalid: dict[int, RefusedRow] = {}
    count = 0
    total = feed.rows * len(markets)
    for number, market in enumerate(markets):
        columns = _Columns()
        for row, record in enumerate(feed.records()):
            if progress is not None and row % STEP == 0:
                progress(number * feed.rows + row, total)
            try:
                decision = engine.decide(target, record, market=market, as_of=as_of)
            except InvalidRecord as error:
                count += number == 0
                if number == 0 and len(invalid) < MOST_INVALID:
                    invalid[row] = RefusedRow(feed.lines[row].as_py(), error.diagnostics)
                continue
            columns.rows.append(row)
            columns.add("verdict", decision.verdict)
            for name, value in decision.outputs.items():
                if name != "verdict":
                    columns.add(name, _text(value))
            for name, (score, tier) in decision.score_values.items():
                columns.add(f"{name}.score", score)
                columns.add(f"{name}.tier", tier)
            for rule in decision.fired:
                columns.fired_rows.append(row)
                columns.fired_rules.append(rule)
        decisions.append(_decisions(market, columns))
        fired.append(_fired(market, columns))
    return FeedDecisions(
        target,
        engine.version,
        feed.digest,
        tuple(markets),
        as_of,
        pa.concat_tables(decisions, promote_options="default"),
        pa.concat_tables(fired, promote_options="default").unify_dictionaries(),
        tuple(invalid.values()),
        count,
    )


def _decisions(market: str, columns: _Columns) -> pa.Table:
    found: dict[str, Any] = {
        "row": pa.array(columns.rows, pa.int64()),
        "market": pa.array([market] * len(columns.rows), pa.string()),
    }
    for name, values in columns.values.items():
        kind = pa.float64() if name.endswith(".score") else pa.string()
        found[name] = pa.array(values, kind)
    return pa.table(found)


def _fired(market: str, columns: _Columns) -> pa.Table:
    return pa.table(
        {
            "row": pa.array(columns.fired_rows, pa.int64()),
            "market": pa.array([market] * len(columns.fired_rows), pa.string()),
            "rule": pa.array(columns.fired_rules, pa.string()).dictionary_encode(),
        }
    )


def _text(value: Any) -> str | None:
    """An output as one text, lists in order; None is unknown or empty."""
    if value is None or value == []:
        return None
    return ", ".join(value) if isinstance(value, list) else str(value)
