"""A feed held as an Arrow table: what the app and the impact report look at again and again."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa

from weighbridge.diagnostics import Diagnostic
from weighbridge.documents import FieldModel, MappingModel, RecordTypeModel
from weighbridge.feeds import open_feed
from weighbridge.feeds.feed import Feed, FeedError
from weighbridge.held_table import HeldTable

CHUNK = 5_000
MOST_ROWS = 1_000_000
"""Rows that are held; a larger feed is for the command line, which streams."""
MOST_REFUSED = 1_000
"""Refused rows whose problems are kept; the rest is counted."""

_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.large_string(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "text_list": pa.list_(pa.large_string()),
}


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is no record: its line, and why."""

    line: int
    problems: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True, eq=False)
class LoadedFeed:
    """The rows of a feed that are records. `lines` are their places in the file.

    `digest` tells feeds apart; `cut` says that the feed has more rows than are held.
    """

    name: str
    digest: str
    record_type: str
    format: str
    table: pa.Table
    lines: pa.Array
    refused: tuple[RefusedRow, ...]
    refused_count: int
    notes: tuple[Diagnostic, ...]
    cut: bool

    @property
    def rows(self) -> int:
        """How many records there are."""
        return int(self.table.num_rows)

    def record(self, row: int) -> dict[str, Any]:
        """One record by its number (from 0), without what is missing."""
        return _present(self.table.slice(row, 1).to_pylist()[0])

    def records(self, start: int = 0, count: int | None = None) -> Iterator[dict[str, Any]]:
        """Records in order."""
        part = self.table.slice(start, count)
        for batch in part.to_batches(max_chunksize=CHUNK):
            yield from (_present(row) for row in batch.to_pylist())


def _present(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def load_feed(
    path: Path,
    record_type: RecordTypeModel,
    mapping: MappingModel | None = None,
    format: str | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> LoadedFeed:
    """Reads a feed. `progress` is told bytes read and bytes in all. Raises FeedError where it cannot be used."""
    schema = pa.schema([(name, _type(field_)) for name, field_ in record_type.fields.items()])
    feed = open_feed(path, record_type, mapping, format)
    try:
        with HeldTable(schema) as held:
            read = _read(feed, held, schema, progress)
            table = held.table()
    except OSError as error:
        raise FeedError([Diagnostic("WB400", f"the feed cannot be read: {error.strerror}")]) from None
    return LoadedFeed(
        path.name,
        _digest(path, record_type.record_type, mapping),
        record_type.record_type,
        feed.info.format,
        table,
        pa.array(read.lines, pa.int64()),
        tuple(read.refused),
        read.refused_count,
        feed.info.notes,
        read.cut,
    )


@dataclass(slots=True)
class _Read:
    """What reading the rows found beside the records."""

    lines: array[int] = field(default_factory=lambda: array("q"))
    refused: list[RefusedRow] = field(default_factory=list[RefusedRow])
    refused_count: int = 0
    cut: bool = False


def _read(
    feed: Feed, held: HeldTable, schema: pa.Schema, progress: Callable[[int, int], None] | None
) -> _Read:
    """Reads the rows of a feed into a table."""
    found = _Read()
    rows: list[Mapping[str, Any]] = []
    for row in feed:
        if row.problems:
            found.refused_count += 1
            if len(found.refused) < MOST_REFUSED:
                found.refused.append(RefusedRow(row.line, row.problems))
            continue
        if len(found.lines) >= MOST_ROWS:
            found.cut = True
            break
        rows.append(row.values)
        found.lines.append(row.line)
        if len(rows) >= CHUNK:
            held.add(_batch(rows, schema))
            rows = []
            if progress is not None:
                progress(feed.position(), feed.size_hint)
    held.add(_batch(rows, schema))
    return found


def _batch(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.RecordBatch:
    """Rows as columns. Most records leave most fields empty: only what is there is looked at."""
    columns: dict[str, list[Any]] = {}
    for number, row in enumerate(rows):
        for name, value in row.items():
            if name not in columns:
                columns[name] = [None] * len(rows)
            columns[name][number] = value
    arrays = [
        pa.array(columns[name], type_) if name in columns else pa.nulls(len(rows), type_)
        for name, type_ in zip(schema.names, schema.types, strict=True)
    ]
    return pa.record_batch(arrays, schema=schema)


def _type(model: FieldModel) -> pa.DataType:
    return _TYPES[model.type]


def _digest(path: Path, record_type: str, mapping: MappingModel | None) -> str:
    found = hashlib.blake2b(digest_size=12)
    with open(path, "rb") as file:
        for block in iter(lambda: file.read(1 << 20), b""):
            found.update(block)
    found.update(f"\0{record_type}\0{'' if mapping is None else mapping.model_dump_json()}".encode())
    return found.hexdigest()


def feed_files(folder: Path) -> tuple[Path, ...]:
    """Files of a folder whose name looks like a feed, for choosing one on the machine itself."""
    endings = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet", ".xml", ".csv.gz", ".jsonl.gz")
    if not folder.is_dir():
        return ()
    return tuple(
        sorted(p for p in folder.iterdir() if p.is_file() and os.fspath(p).lower().endswith(endings))
    )
