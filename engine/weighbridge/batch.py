"""Deciding records by the million: from a source, piece by piece, to tables or to a folder of Parquet files."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import Any, TypeVar

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from weighbridge.batch_folder import ResultFolder
from weighbridge.batch_plan import BatchPlan, BatchTask
from weighbridge.batch_sources import Piece, RecordSource, paths_of
from weighbridge.batch_tables import BatchTables, TableWriter
from weighbridge.batch_worker import Job, Workers
from weighbridge.diagnostics import Diagnostic
from weighbridge.masking import Masks
from weighbridge.rulebook import Rulebook

PIECE = 1 << 16
"""Records decided at once: columns of so many stay in the cache, and row numbers fit in 16 bits."""
TEXT_PIECE = 1 << 14
"""The same where texts are searched, so that all processes have something to do."""
SPREAD_PIECE = 8 * PIECE
"""The same where records name their markets: each of many programs then has enough rows to be worth asking."""
MANY_MARKETS = 8
PART = 2 * PIECE
"""Records in one file of a result folder: what a stop loses at most, and what is held in memory."""

Progress = Callable[[int, float | None], None]
"""(records decided so far, share of the source read or None where that is not known)."""


Decider = Callable[[Iterator[Piece]], Iterator[tuple[Piece, BatchTables]]]
"""Decides pieces, in order."""


class Cancelled(Exception):
    """The run was asked to stop. What a folder holds by then is whole and can be gone on with."""


@dataclass(slots=True)
class BatchSummary:
    """Counts of a run: records, invalid ones, findings, and decisions by market and verdict ("" for none)."""

    records: int = 0
    invalid: int = 0
    findings: int = 0
    verdicts: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    notes: tuple[Diagnostic, ...] = ()

    def add(self, tables: BatchTables, size: int) -> None:
        """Counts a piece."""
        self.records += size
        self.findings += tables.findings.num_rows
        status = tables.findings.column("status")
        self.invalid += pc.sum(pc.equal(status.cast(pa.string()), "invalid_record")).as_py() or 0
        decisions = tables.decisions
        if "verdict" not in decisions.schema.names:
            return
        valid = pa.Table.from_batches([decisions.select(["market", "verdict", "valid"])]).filter(
            pc.field("valid")
        )
        counted = valid.group_by(["market", "verdict"]).aggregate([([], "count_all")])
        for entry in counted.to_pylist():
            verdicts = self.verdicts.setdefault(entry["market"], {})
            verdict = entry["verdict"] or ""
            verdicts[verdict] = verdicts.get(verdict, 0) + entry["count_all"]

    def to_dict(self) -> dict[str, Any]:
        """JSON form, names sorted."""
        verdicts = {market: dict(sorted(v.items())) for market, v in sorted(self.verdicts.items())}
        return {
            "records": self.records,
            "invalid": self.invalid,
            "findings": self.findings,
            "verdicts": verdicts,
        }


@dataclass(frozen=True, slots=True, eq=False)
class BatchResult:
    """Decisions (one row per record and market) and findings (one row per finding) of a run."""

    decisions: pa.Table
    findings: pa.Table
    summary: BatchSummary
    version: str

    def to_pandas(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """Decisions and findings as pandas frames; texts that repeat are categories, as they are in Arrow."""
        return self.decisions.to_pandas(), self.findings.to_pandas()


class Batch:
    """A task ready to be run over sources; compiled once. Picklable, and then compiled again."""

    def __init__(self, book: Rulebook, task: BatchTask, masking: Masks | None = None) -> None:
        self.version = book.version
        self.task = task
        self.plan = BatchPlan(book, task, masking)
        self.writer = TableWriter(self.plan)

    def __reduce__(self) -> tuple[Any, ...]:
        # The programs stay behind: who gets the task makes them again.
        return Batch, (self.plan.book, self.task, self.plan.masks)

    def decide(self, piece: Piece) -> BatchTables:
        """The decisions and findings of one piece."""
        return self.writer.write(piece.columns(self.plan.reader), piece.first)

    @property
    def job(self) -> Job:
        """What another process needs to decide as this one does."""
        return Job(self.plan.book, self.task, self.plan.masks)

    @property
    def piece(self) -> int:
        """Records in a piece."""
        if self.plan.searches_texts:
            return TEXT_PIECE
        spread = self.task.market_field is not None and len(self.task.markets) >= MANY_MARKETS
        return SPREAD_PIECE if spread else PIECE

    def tables(self, source: RecordSource, workers: int | None, run: Run) -> Iterator[BatchTables]:
        """The decisions and findings of every piece, in order."""
        with self._decider(workers) as decide:
            yield from run.counting(decide(source.pieces(self.piece)))
        run.summary.notes = source.notes

    @contextmanager
    def _decider(self, workers: int | None) -> Iterator[Decider]:
        """Decides pieces by threads; by processes where texts are searched, which threads cannot do at once."""
        count = max(1, workers if workers is not None else os.cpu_count() or 1)
        if count == 1 or not self.plan.searches_texts:
            yield lambda pieces: in_order(self.decide, pieces, count)
            return
        processes = Workers(self.job)
        try:
            yield lambda pieces: self._by_processes(pieces, processes, count)
        finally:
            processes.close()

    def _by_processes(
        self, pieces: Iterator[Piece], processes: Workers, count: int
    ) -> Iterator[tuple[Piece, BatchTables]]:
        """A single small piece is not worth starting processes for."""
        first = next(pieces, None)
        if first is None:
            return
        if first.size < self.piece:
            yield first, self.decide(first)
        else:
            yield from in_order(processes.ask, chain([first], pieces), count)

    def collect(self, source: RecordSource, workers: int | None, run: Run) -> BatchResult:
        """Everything as tables in memory."""
        found = list(self.tables(source, workers, run))
        return BatchResult(
            pa.Table.from_batches([t.decisions for t in found], self.writer.decisions_schema),
            pa.Table.from_batches([t.findings for t in found], self.writer.findings_schema),
            run.summary,
            self.version,
        )

    def write(
        self, source: RecordSource, folder: ResultFolder, workers: int | None, run: Run
    ) -> BatchSummary:
        """Everything into a folder, as it is decided; parts that are there already are not decided again."""
        with self._decider(workers) as decide:
            decided = decide(_undone(source.pieces(self.piece), folder, run))
            for part, made in groupby(decided, lambda pair: _part(pair[0])):
                folder.write(
                    part, run.counting(made), self.writer.decisions_schema, self.writer.findings_schema
                )
        run.summary.notes = source.notes
        folder.finish(run.summary.to_dict())
        return run.summary


class Run:
    """What is known of a run while it goes on."""

    def __init__(self, progress: Progress | None = None, cancel: Callable[[], bool] | None = None) -> None:
        self.summary = BatchSummary()
        self._progress = progress
        self._cancel = cancel
        self._seen = 0

    def took(self, piece: Piece, tables: BatchTables) -> None:
        """Counts a decided piece and tells of it. Raises `Cancelled`."""
        self.summary.add(tables, piece.size)
        self.passed(piece)

    def counting(self, decided: Iterator[tuple[Piece, BatchTables]]) -> Iterator[BatchTables]:
        """The tables of pieces, each counted. Raises `Cancelled`."""
        for piece, tables in decided:
            self.took(piece, tables)
            yield tables

    def passed(self, piece: Piece) -> None:
        """Tells of a piece that is behind us. Raises `Cancelled`."""
        self._seen += piece.size
        if self._cancel is not None and self._cancel():
            raise Cancelled
        if self._progress is not None:
            self._progress(self._seen, piece.share)

    def counted(self, folder: ResultFolder, part: int) -> None:
        """Counts a part that an earlier run has written."""
        decisions, findings = folder.tables(part)
        pair = BatchTables(_batch(decisions), _batch(findings))
        self.summary.add(pair, pc.count_distinct(decisions["row"]).as_py())


def _batch(table: pa.Table) -> pa.RecordBatch:
    found = table.combine_chunks().to_batches()
    return found[0] if found else pa.RecordBatch.from_pylist([], schema=table.schema)


def _part(piece: Piece) -> int:
    return piece.first // PART


def _undone(pieces: Iterator[Piece], folder: ResultFolder, run: Run) -> Iterator[Piece]:
    """The pieces of parts that are still to be decided; those of others are only counted."""
    for part, own in groupby(pieces, _part):
        if not folder.done(part):
            yield from own
            continue
        for piece in own:
            run.passed(piece)
        run.counted(folder, part)


Given = TypeVar("Given")
Made = TypeVar("Made")


def in_order(
    make: Callable[[Given], Made], given: Iterable[Given], workers: int
) -> Iterator[tuple[Given, Made]]:
    """`make` of each, by threads beside the one that reads, in order, few of them ahead of what is taken."""
    with ThreadPoolExecutor(workers, thread_name_prefix="weighbridge-batch") as pool:
        waiting: deque[tuple[Given, Future[Made]]] = deque()
        try:
            for one in given:
                waiting.append((one, pool.submit(make, one)))
                if len(waiting) > workers:
                    first, made = waiting.popleft()
                    yield first, made.result()
            while waiting:
                first, made = waiting.popleft()
                yield first, made.result()
        finally:
            for _, made in waiting:
                made.cancel()


def identity(task: BatchTask, version: str, given: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """What names a run into a folder: the task, the project's version and the input files."""
    files: list[list[Any]] = []
    if isinstance(given, str | Path):
        for path in paths_of(given):
            state = path.stat()
            files.append([path.as_posix(), state.st_size, state.st_mtime_ns])
    return {
        "version": version,
        "target": task.target,
        "markets": list(task.markets),
        "as_of": task.as_of.isoformat(),
        "market_field": task.market_field,
        "reasons": task.reasons,
        "undecided": task.undecided,
        "contributions": task.contributions,
        "personal": task.personal,
        "files": files,
        **options,
    }


__all__ = ["Batch", "BatchResult", "BatchSummary", "Cancelled", "Progress", "Run", "identity"]
