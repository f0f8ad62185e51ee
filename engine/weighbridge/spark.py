"""Batches on Spark: the columnar programs on the executors, over the record batches Spark hands to Python.

The compiled project is broadcast once; a Python worker makes its programs once and keeps them. Only the columns
that are fields, and those asked to be kept, travel to Python; only decisions travel back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from weighbridge.batch import PIECE, Batch
from weighbridge.batch_plan import BatchTask
from weighbridge.batch_sources import Piece, sized
from weighbridge.batch_worker import Job
from weighbridge.diagnostics import Diagnostic, DiagnosticError, unknown_name
from weighbridge.engine import Engine

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

FINDINGS = "findings"


def decide(
    frame: DataFrame,
    engine: Engine,
    target: str,
    *,
    markets: Sequence[str],
    as_of: date | str,
    keep: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    findings: bool = False,
    market_field: str | None = None,
    reasons: str | None = None,
    undecided: bool = False,
    contributions: bool = False,
) -> DataFrame:
    """Decides every row of a Spark DataFrame in every market: one row per record and market, as `decide_batch`
    gives it, without `row`, which has no meaning here.

    `keep` names columns of the frame that identify a record (its key is always there, as `key`); `columns`
    those of the decision to return (default: all); `findings` adds an array of structs, one per finding, to be
    exploded where the long form is wanted. The other options are those of `decide_batch`. Raises `UnknownName`
    and `DiagnosticError` before anything runs; a bad value spoils its own record only.
    """
    batch = engine.batch(target, markets, as_of, market_field, reasons, undecided, contributions)
    fields = [name for name in frame.columns if name in batch.plan.readers]
    if not fields:
        raise DiagnosticError([Diagnostic("WB424", "no column is a field of the record type")])
    shape = _Shape(batch, frame, keep, columns, findings)
    # A kept column may be a field as well: under a name of its own it is there in both forms.
    given = [frame[name] for name in fields] + [frame[name].alias(_kept(name)) for name in keep]
    job = frame.sparkSession.sparkContext.broadcast(batch.job)
    chosen, kept = tuple(shape.columns), tuple(keep)

    def run(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from _decided(job.value, batches, kept, chosen, findings)

    return frame.select(*given).mapInArrow(run, shape.schema)


def _kept(name: str) -> str:
    return f"kept:{name}"


class _Shape:
    """The columns that come back, and their Spark types."""

    def __init__(
        self,
        batch: Batch,
        frame: DataFrame,
        keep: Sequence[str],
        columns: Sequence[str] | None,
        findings: bool,
    ) -> None:
        from pyspark.sql.pandas.types import from_arrow_type
        from pyspark.sql.types import StructField, StructType

        schema = batch.writer.decisions_schema
        known = [name for name in schema.names if name != "row"]
        wrong = [unknown_name("WB303", "column", c, known) for c in columns or () if c not in known]
        wrong += [unknown_name("WB303", "column", k, frame.columns) for k in keep if k not in frame.columns]
        self.columns = [*columns] if columns is not None else known
        taken = [*self.columns, *([FINDINGS] if findings else [])]
        wrong += [
            Diagnostic(
                "WB423",
                f"the column `{name}` to keep is also one of the decision",
                expected="a column of another name, or `columns` without this one",
            )
            for name in keep
            if name in taken
        ]
        if wrong:
            raise DiagnosticError(wrong)
        kept = [StructField(name, frame.schema[name].dataType) for name in keep]
        decided = [StructField(n, from_arrow_type(plain_type(schema.field(n).type))) for n in self.columns]
        found = [StructField(FINDINGS, from_arrow_type(findings_type(batch)))] if findings else []
        self.schema = StructType([*kept, *decided, *found])


def plain_type(kind: pa.DataType) -> pa.DataType:
    """A type without dictionary, which Spark does not take back."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def findings_type(batch: Batch) -> pa.DataType:
    """The type of the findings of one decision."""
    fields = [f for f in batch.writer.findings_schema if f.name not in ("row", "key", "market")]
    return pa.list_(pa.struct([(f.name, plain_type(f.type)) for f in fields]))


_batches: dict[tuple[str, BatchTask], Batch] = {}
"""The programs a Python worker has made; it lives as long as its executor."""


def _decided(
    job: Job, batches: Iterable[pa.RecordBatch], keep: Sequence[str], columns: Sequence[str], findings: bool
) -> Iterator[pa.RecordBatch]:
    key = (job.book.version, job.task)
    batch = _batches.get(key)
    if batch is None:
        batch = _batches[key] = Batch(job.book, job.task, job.masks)
    for _, records in sized(batches, PIECE):
        tables = batch.decide(Piece(0, records.num_rows, records, None))
        decisions = tables.decisions
        rows = decisions.column("row")
        arrays = [records.column(_kept(name)).take(rows) for name in keep]
        arrays += [plain_array(decisions.column(name)) for name in columns]
        names = [*keep, *columns]
        if findings:
            arrays.append(nested(decisions, tables.findings, len(job.task.markets)))
            names.append(FINDINGS)
        yield pa.RecordBatch.from_arrays(arrays, names=names)


def plain_array(array: pa.Array) -> pa.Array:
    """An array without dictionary."""
    return array.dictionary_decode() if isinstance(array, pa.DictionaryArray) else array


def nested(decisions: pa.RecordBatch, findings: pa.RecordBatch, markets: int) -> pa.Array:
    """For each decision the list of its findings. What is said of an invalid record stands with each of its rows."""
    starts_at = _places(findings, markets)
    wanted = _places(decisions, markets)
    invalid = ~decisions.column("valid").to_numpy(zero_copy_only=False)
    wanted[invalid] -= wanted[invalid] % (markets + 1)
    first = np.searchsorted(starts_at, wanted, side="left")
    last = np.searchsorted(starts_at, wanted, side="right")
    counts = last - first
    ends = np.cumsum(counts)
    at = np.arange(int(counts.sum())) - np.repeat(ends - counts, counts) + np.repeat(first, counts)
    offsets = pa.array(np.concatenate([[0], ends]).astype(np.int32))
    names = [name for name in findings.schema.names if name not in ("row", "key", "market")]
    parts: list[Any] = [plain_array(findings.column(name)).take(pa.array(at)) for name in names]
    return pa.ListArray.from_arrays(offsets, pa.StructArray.from_arrays(parts, names=names))


def _places(table: pa.RecordBatch, markets: int) -> Any:
    """One ascending number per record and market; 0 of a record's numbers is for what is in no market."""
    market = table.column("market").indices.fill_null(-1).to_numpy(zero_copy_only=False)
    row = table.column("row").to_numpy(zero_copy_only=False)
    return row.astype(np.int64) * (markets + 1) + market + 1
