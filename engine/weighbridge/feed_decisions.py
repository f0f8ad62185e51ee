"""A loaded feed decided in several markets: one table of decisions, one of the rules that fired.

`decisions` has a row per valid record and market: `row`, `market`, `verdict`, every other output as text, and for
each scorecard `<card>.score` and `<card>.tier`. `fired` has `row`, `market`, `rule`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import pyarrow as pa
import pyarrow.compute as pc

from weighbridge.batch import Run
from weighbridge.decision_differences import texts_of
from weighbridge.engine import Engine
from weighbridge.loaded_feed import LoadedFeed
from weighbridge.messages import LANGUAGES

MOST_INVALID = 1_000
"""Invalid records whose problems are kept; the rest is counted."""
INVALID, FIRED = "invalid_record", "fired"


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A record whose values may not be: its line in the feed, and why, by language."""

    line: int
    reason: Mapping[str, str]


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
    invalid: tuple[InvalidRow, ...]
    invalid_count: int


def decide_feed(
    engine: Engine,
    target: str,
    feed: LoadedFeed,
    markets: Sequence[str],
    as_of: date,
    progress: Callable[[int, int], None] | None = None,
) -> FeedDecisions:
    """Decides every record of a feed in every market. What `progress` raises ends it."""

    def step(done: int, share: float | None) -> None:
        if progress is not None:
            progress(done, feed.rows)

    batch = engine.batch(target, markets, as_of)
    # Tables without rows come first, for a feed without records has no pieces.
    nothing = pa.Table.from_batches([], batch.writer.decisions_schema)
    decisions = [_decisions(nothing, engine, target)]
    fired = [pa.Table.from_batches([], batch.writer.findings_schema).select(["row", "market", "rule"])]
    invalid: list[InvalidRow] = []
    invalid_count = 0
    # One worker: the server has other people to answer, and must not start processes of its own. Of every piece
    # only what is shown is kept: of a million records the findings as they are would take gigabytes.
    for piece in batch.tables(engine.source(target, feed.table), 1, Run(step)):
        decisions.append(_decisions(pa.Table.from_batches([piece.decisions]), engine, target))
        findings = pa.Table.from_batches([piece.findings])
        status = findings.column("status").cast(pa.string())
        fired.append(findings.select(["row", "market", "rule"]).filter(pc.equal(status, FIRED)))
        refused = findings.filter(pc.equal(status, INVALID)).slice(0, MOST_INVALID - len(invalid))
        invalid += _invalid_rows(refused, feed)
        invalid_count += int(pc.sum(pc.equal(status, INVALID)).as_py() or 0)
    return FeedDecisions(
        target,
        engine.version,
        feed.digest,
        tuple(markets),
        as_of,
        pa.concat_tables(decisions).unify_dictionaries(),
        pa.concat_tables(fired).unify_dictionaries(),
        tuple(invalid),
        invalid_count,
    )


def _decisions(table: pa.Table, engine: Engine, target: str) -> pa.Table:
    """The columns that say what was decided, outputs as text; the values of a set in one order."""
    ruleset = engine.book.rulesets.get(target)
    outputs = {} if ruleset is None else ruleset.outputs
    sets = {name for name, output in outputs.items() if output.combine == "set"}
    columns: dict[str, pa.ChunkedArray] = {}
    for name in table.column_names:
        if name in ("key", "valid", "fired", "undecided") or name.endswith(".coverage"):
            continue
        column = table.column(name)
        keeps = name in ("row", "market", "verdict") or name.endswith((".score", ".tier"))
        if keeps:
            columns[name] = column
            continue
        output = name.removeprefix(f"{target}.")
        columns[output] = _as_text(_in_order(column) if output in sets else column)
    return pa.table(columns).filter(table.column("valid"))


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """An output as one text, lists in their order; nothing where it is unknown or empty."""
    return pa.chunked_array([texts_of(chunk) for chunk in column.chunks], pa.string())


def _in_order(column: pa.ChunkedArray) -> pa.ChunkedArray:
    values = [None if entry is None else sorted(entry) for entry in column.to_pylist()]
    return pa.chunked_array([pa.array(values, column.type)])


def _invalid_rows(findings: pa.Table, feed: LoadedFeed) -> list[InvalidRow]:
    return [
        InvalidRow(
            feed.lines[entry["row"]].as_py(), {lang: entry[f"reason_{lang}"] or "" for lang in LANGUAGES}
        )
        for entry in findings.to_pylist()
    ]
