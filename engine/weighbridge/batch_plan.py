"""What a batch run decides: one target over several markets on one day, compiled together."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from weighbridge.columnar import ChunkResult, ColumnarProgram
from weighbridge.diagnostics import unknown_name
from weighbridge.documents import RecordTypeModel
from weighbridge.findings import shown_value
from weighbridge.frames import Frame
from weighbridge.masking import Masks, masks
from weighbridge.record_columns import ColumnReader, Columns
from weighbridge.records import FieldReader, readers
from weighbridge.rulebook import Rulebook
from weighbridge.scalar import day_number
from weighbridge.specialise import epochs, specialise
from weighbridge.tree import Value
from weighbridge.vectoriser import Vectoriser
from weighbridge.vectors import Coded, Fixed, Rows, Vector, coded, take, values_of


@dataclass(frozen=True, slots=True)
class BatchTask:
    """What to decide. With `market_field` a record is decided only in the markets that this field of it names,
    of those in `markets`.

    `reasons`: findings of records whose verdict is at least this get reasons, matches, values and missing
    fields; None for no record. `undecided`: rules that say nothing of being undecided are listed as well.
    `contributions`: the points of every characteristic are columns of the decisions. `personal`: keys that are
    personal data are shown as they are, not masked.
    """

    target: str
    markets: tuple[str, ...]
    as_of: date
    market_field: str | None = None
    reasons: str | None = None
    undecided: bool = False
    contributions: bool = False
    personal: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class MarketChunk:
    """A program's answer for some rows of a chunk. `rows` None: for all of them."""

    market: int
    rows: Rows | None
    result: ChunkResult


class BatchPlan:
    """The programs of a task. What they have in common they share; safe to use from several threads.

    Plans made with one `vectoriser` share what they have in common as well: several versions of a project, of
    which the record type is the same.
    """

    def __init__(
        self,
        book: Rulebook,
        task: BatchTask,
        masking: Masks | None = None,
        vectoriser: Vectoriser | None = None,
    ) -> None:
        self.book = book
        self.masks = masking or masks()
        self.task = task
        self.model: RecordTypeModel = book.record_types[book.record_of(task.target)]
        self.readers: dict[str, FieldReader] = readers(self.model)
        self.reader = ColumnReader(self.readers, self.model.key)
        vectoriser = vectoriser or Vectoriser()
        self.programs = [self._program(market, vectoriser) for market in task.markets]
        self.searches_texts = vectoriser.searches_texts
        # A program is thousands of operations of microseconds. Threads that run some at once hand the interpreter
        # over at each of them, which costs more than it gains; one at a time, the others read and write meanwhile.
        self._turn = threading.Lock()

    def _program(self, market: str, vectoriser: Vectoriser) -> ColumnarProgram:
        found = epochs(self.book, self.task.target, market)
        span = found.span(found.index(self.task.as_of))
        special = specialise(self.book, self.task.target, market, self.task.as_of, span)
        return ColumnarProgram(self.book, special, vectoriser)

    def frame(self, columns: Columns) -> Frame:
        """A chunk as the programs take it; plans that share a vectoriser may share it."""
        return Frame(columns.size, {**columns.vectors, **self._fixed()})

    def _fixed(self) -> dict[str, Vector]:
        return {"as_of": Fixed(day_number(self.task.as_of))}

    def decide(self, columns: Columns, frame: Frame | None = None) -> Iterator[MarketChunk]:
        """Every market's answer for a chunk, in the order of the markets."""
        frame = self.frame(columns) if frame is None else frame
        meant = self._meant(columns)
        for number, program in enumerate(self.programs):
            if meant is None:
                yield MarketChunk(number, None, self._run(program, frame))
            elif len(meant[number]):
                part = frame.apart(meant[number])
                part.columns.update(self._fixed())
                yield MarketChunk(number, meant[number], self._run(program, part))

    def _run(self, program: ColumnarProgram, frame: Frame) -> ChunkResult:
        with self._turn:
            return program.run(frame)

    def _meant(self, columns: Columns) -> list[Rows] | None:
        """For each market the rows it decides; None where every market decides every row."""
        name = self.task.market_field
        if name is None:
            return None
        vector = coded(columns.vectors[name], columns.size)
        self._refuse_unknown(vector, columns)
        rows = _rows_by_code(vector)
        return [_rows_meant(vector.values, rows, market) for market in self.task.markets]

    def _refuse_unknown(self, vector: Coded, columns: Columns) -> None:
        """A record that names a market nobody knows is not decided."""
        for code, value in enumerate(vector.values):
            named = value if isinstance(value, tuple) else () if value is None else (value,)
            unknown = [m for m in named if m not in self.book.regions.markets]
            for row in np.flatnonzero(vector.codes == code).tolist() if unknown else ():
                columns.problems.setdefault(row, []).extend(
                    unknown_name("WB605", "market", str(m), self.book.regions.markets) for m in unknown
                )


def _rows_by_code(vector: Coded) -> list[Rows]:
    """For each entry the rows that have it, ascending."""
    order = np.argsort(vector.codes, kind="stable")
    counts = np.bincount(vector.codes, minlength=len(vector.values))
    return np.split(order, np.cumsum(counts)[:-1])


def _rows_meant(values: Sequence[Value], rows: Sequence[Rows], market: str) -> Rows:
    """The rows decided in a market. A record that names no market is decided in every one."""
    found = [
        at
        for v, at in zip(values, rows, strict=True)
        if len(at) and (v is None or v == market or (isinstance(v, tuple) and market in v))
    ]
    if len(found) == 1:
        return found[0]
    return np.sort(np.concatenate([np.empty(0, np.intp), *found]))


def records_at(
    columns: Columns, readers_: Mapping[str, FieldReader], rows: Sequence[int]
) -> list[dict[str, Any]]:
    """Some rows as records that `decide` takes."""
    at = np.array(rows, np.intp)
    found: list[dict[str, Any]] = [{} for _ in rows]
    for name, vector in columns.vectors.items():
        kind = readers_[name].type
        for record, value in zip(found, values_of(take(vector, at), len(rows)), strict=True):
            if value is not None:
                record[name] = shown_value(value, kind)
    return found
