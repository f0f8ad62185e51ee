"""Where a batch run takes its records from: frames, Arrow streams, files, folders.

A source gives pieces of at most so many records, in order and in bounded memory. A piece is read into columns by
whoever decides it. Frames and Arrow data hold values as `decide` takes them; files are read as the gate reads
them, with their mapping, and keep what is wrong with a row as problems of that row.
"""

from __future__ import annotations

import glob
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from weighbridge.diagnostics import Diagnostic, DiagnosticError, unknown_name
from weighbridge.documents import MappingModel, RecordTypeModel
from weighbridge.feeds import open_feed
from weighbridge.feeds.columns import plain_name
from weighbridge.feeds.feed import Feed, Row
from weighbridge.record_columns import ColumnReader, Columns
from weighbridge.records import FieldReader
from weighbridge.tree import Type

PARQUET = (".parquet", ".pq")
ROWS_IN_HAND = 1 << 14
"""Rows of a feed in a piece at most: as Python objects they take a hundred times the memory of columns."""
LARGEST_PIECE = 1 << 26
"""Bytes of columns in a piece, about: of wide records a piece holds fewer."""


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """Some records; `first` is the number of the first one. `share` is how much of the source is read by then."""

    first: int
    size: int
    content: pa.RecordBatch | dict[str, Any] | list[Row]
    share: float | None

    def __reduce__(self) -> tuple[Any, ...]:
        # Pickled as it is, a slice would take the whole table along.
        if isinstance(self.content, pa.RecordBatch):
            written = pa.BufferOutputStream()
            with pa.ipc.new_stream(written, self.content.schema) as stream:
                stream.write_batch(self.content)
            return _sent, (self.first, self.size, written.getvalue().to_pybytes(), self.share)
        return Piece, (self.first, self.size, self.content, self.share)

    def columns(self, reader: ColumnReader) -> Columns:
        """The records in the engine's form."""
        if isinstance(self.content, list):
            found = reader.rows([row.values for row in self.content])
            for place, row in enumerate(self.content):
                if row.problems:
                    found.problems[place] = [*row.problems]
            return found
        if isinstance(self.content, dict):
            return reader.columns(self.content, self.size)
        return reader.batch(self.content)


def _sent(first: int, size: int, content: bytes, share: float | None) -> Piece:
    return Piece(first, size, pa.ipc.open_stream(content).read_next_batch(), share)


class RecordSource(ABC):
    """Records to decide; may be read once."""

    notes: tuple[Diagnostic, ...] = ()
    """What a person should look at, known when all is read."""

    @abstractmethod
    def pieces(self, size: int) -> Iterator[Piece]:
        """The records in pieces of at most `size`."""


def open_source(
    given: Any,
    model: RecordTypeModel,
    readers: Mapping[str, FieldReader],
    mapping: MappingModel | None = None,
    format_: str | None = None,
) -> RecordSource:
    """The source for a frame, an Arrow stream, a path, a folder or a pattern. Raises `DiagnosticError`."""
    if isinstance(given, str | Path):
        paths = paths_of(given)
        return _joined([_file(path, model, readers, mapping, format_) for path in paths])
    if isinstance(given, pd.DataFrame):
        return FrameSource(given, readers)
    if isinstance(given, pa.RecordBatch):
        given = pa.Table.from_batches([given])
    stream = _stream(given)
    if stream is not None:
        return ArrowSource(stream, readers)
    expected = "a pandas DataFrame, something with an Arrow C stream (Polars, pyarrow, DuckDB), or a path"
    if type(given).__name__ == "LazyFrame":
        expected = "a frame: call collect() first"
    message = f"{type(given).__name__} is no source of records"
    raise DiagnosticError([Diagnostic("WB430", message, expected=expected)])


def _stream(given: Any) -> pa.RecordBatchReader | None:
    """The record batches of what can give some; a column alone has a stream too, but not of records."""
    if isinstance(given, pa.RecordBatchReader):
        return given
    if not hasattr(given, "__arrow_c_stream__") or isinstance(given, pa.ChunkedArray | pd.Series):
        return None
    try:
        return pa.RecordBatchReader.from_stream(given)
    except (pa.ArrowException, TypeError):
        return None


def paths_of(given: str | Path) -> list[Path]:
    """The files of a path, a folder or a pattern, by name."""
    path = Path(given)
    if path.is_dir():
        found = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith((".", "_")))
    elif any(mark in str(given) for mark in "*?[") and not path.exists():
        found = sorted(Path(p) for p in glob.glob(str(given), recursive=True) if Path(p).is_file())
    else:
        return [path]
    if not found:
        raise DiagnosticError([Diagnostic("WB400", f"{given} holds no files", expected="files of records")])
    return found


def _file(
    path: Path,
    model: RecordTypeModel,
    readers: Mapping[str, FieldReader],
    mapping: MappingModel | None,
    format_: str | None,
) -> RecordSource:
    if path.suffix.lower() in PARQUET and mapping is None and format_ in (None, "parquet") and path.is_file():
        found = _typed_parquet(path, readers, model.key)
        if found is not None:
            return found
    return FeedSource(open_feed(path, model, mapping, format_))


def _joined(sources: list[RecordSource]) -> RecordSource:
    return sources[0] if len(sources) == 1 else SeveralSources(sources)


class SeveralSources(RecordSource):
    """One source after the other, their records numbered through."""

    def __init__(self, sources: list[RecordSource]) -> None:
        self._sources = sources

    def pieces(self, size: int) -> Iterator[Piece]:
        """The pieces of every source."""
        first = 0
        for number, source in enumerate(self._sources):
            count = 0
            for piece in source.pieces(size):
                share = (number + (piece.share or 0.0)) / len(self._sources)
                yield Piece(first + piece.first, piece.size, piece.content, share)
                count = piece.first + piece.size
            first += count
            self.notes += source.notes


class FrameSource(RecordSource):
    """A pandas DataFrame; a column with values of several kinds is read value by value."""

    def __init__(self, frame: pd.DataFrame, readers: Mapping[str, FieldReader]) -> None:
        columns = [c if isinstance(c, str) else repr(c) for c in frame.columns]
        names = [name for name in readers if name in columns]
        _demand_fields(names, columns, readers)
        self._frame = frame[names]

    def pieces(self, size: int) -> Iterator[Piece]:
        """Slices of the frame."""
        total = len(self._frame)
        for first in range(0, total, size):
            part = self._frame.iloc[first : first + size]
            content = {str(name): _series(part[name]) for name in part.columns}
            yield Piece(first, len(part), content, min(1.0, (first + size) / total))


def _series(series: pd.Series[Any]) -> pa.Array | list[Any]:
    # Of objects of several kinds Arrow would make objects of one, of periods numbers, of intervals structs.
    mixed = series.dtype == object and pd.api.types.infer_dtype(series, skipna=True) not in (
        "string",
        "empty",
    )
    if mixed or isinstance(series.dtype, pd.PeriodDtype | pd.IntervalDtype):
        return series.tolist()
    try:
        found = pa.array(series, from_pandas=True)
        return found.combine_chunks() if isinstance(found, pa.ChunkedArray) else found
    except (pa.ArrowException, UnicodeError, ValueError, OverflowError):
        return series.tolist()


class ArrowSource(RecordSource):
    """A stream of Arrow record batches; only the fields' columns are kept."""

    def __init__(self, stream: pa.RecordBatchReader, readers: Mapping[str, FieldReader]) -> None:
        self._names = [name for name in stream.schema.names if name in readers]
        _demand_fields(self._names, stream.schema.names, readers)
        self._stream = stream

    def pieces(self, size: int) -> Iterator[Piece]:
        """The batches, brought to a size that is neither too large nor too small."""
        batches = (batch.select(self._names) for batch in self._stream)
        ahead = next(batches, None)
        if ahead is None:
            return
        size = _fitting(size, ahead.nbytes / max(1, ahead.num_rows))
        for first, batch in sized(chain([ahead], batches), size):
            yield Piece(first, batch.num_rows, batch, None)


def _fitting(size: int, row: float) -> int:
    """The size, halved until a piece of rows of `row` bytes is not too large."""
    while size > ROWS_IN_HAND and size * row > LARGEST_PIECE:
        size //= 2
    return size


def _row_bytes(metadata: pq.FileMetaData, names: Sequence[str]) -> float:
    """Bytes of a row in some columns, as they are encoded in the file."""
    wanted = frozenset(names)
    total = 0.0
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        columns = (group.column(place) for place in range(group.num_columns))
        total += sum(c.total_uncompressed_size for c in columns if c.path_in_schema.split(".")[0] in wanted)
    return total / max(1, int(metadata.num_rows))


def sized(batches: Iterable[pa.RecordBatch], size: int) -> Iterator[tuple[int, pa.RecordBatch]]:
    """The batches brought to a size, the last one smaller, each with the number of its first record."""
    first = 0
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += batch.num_rows
        while count >= size:
            table = pa.Table.from_batches(waiting)
            for joined in _joined_batches(table.slice(0, size)):
                yield first, joined
                first += joined.num_rows
            count -= size
            waiting = table.slice(size).to_batches() if count else []
    for joined in _joined_batches(pa.Table.from_batches(waiting)) if count else ():
        yield first, joined
        first += joined.num_rows


def _joined_batches(table: pa.Table) -> list[pa.RecordBatch]:
    """One batch where Arrow can join them: not where texts are larger than 2 GB, or of some types."""
    with suppress(pa.ArrowNotImplementedError, pa.ArrowInvalid):
        table = table.combine_chunks()
    found: list[pa.RecordBatch] = table.to_batches()
    return found


def _demand_fields(found: list[str], names: list[str], readers: Mapping[str, FieldReader]) -> None:
    """No column is a field, or several are the same one: that is a mistake, not a million wrong records."""
    twice = [name for name in readers if names.count(name) > 1]
    if twice:
        raise DiagnosticError([Diagnostic("WB423", f"several columns are named {name!r}") for name in twice])
    if not found:
        near = unknown_name("WB424", "field", names[0] if names else "", [*readers])
        expected = f"columns such as {', '.join(list(readers)[:5])}"
        message = "no column is a field of the record type"
        raise DiagnosticError([Diagnostic("WB424", message, suggestion=near.suggestion, expected=expected)])


# --- Parquet whose columns are typed as the fields are ------------------------------------------------------


class ParquetSource(RecordSource):
    """A Parquet file whose columns are fields and of their types: read as they stand."""

    def __init__(self, path: Path, names: list[str], texts: list[str], rows: int) -> None:
        self._path = path
        self._names = names
        self._texts = texts
        self._rows = rows

    def pieces(self, size: int) -> Iterator[Piece]:
        """Record batches of the file; texts come with their dictionaries."""
        with pq.ParquetFile(self._path, read_dictionary=self._texts) as file:
            size = _fitting(size, _row_bytes(file.metadata, self._names))
            batches = file.iter_batches(size, columns=self._names)
            for first, batch in sized(batches, size):
                done = (first + batch.num_rows) / max(1, self._rows)
                yield Piece(first, batch.num_rows, batch, done)


def _typed_parquet(path: Path, readers: Mapping[str, FieldReader], key: str | None) -> ParquetSource | None:
    """The file as it stands, where reading it as a feed would give the same; None where it would not."""
    try:
        with pq.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (OSError, ValueError):
        return None  # the feed reader says what is wrong
    plain = {plain_name(name): name for name in readers}
    names = [name for name in schema.names if name in readers]
    alike = [name for name in schema.names if name not in readers and plain_name(name) in plain]
    if not names or alike or len(set(schema.names)) < len(schema.names):
        return None
    if not all(_fits(readers[name], schema.field(name).type) for name in names):
        return None
    # A key has a value of its own in every record: a dictionary of it would be work for nothing.
    texts = [name for name in names if name != key and pa.types.is_string(schema.field(name).type)]
    return ParquetSource(path, names, texts, rows)


def _fits(reader: FieldReader, kind: pa.DataType) -> bool:
    match reader.type:
        case Type.NUMBER:
            return bool(pa.types.is_floating(kind) or pa.types.is_integer(kind))
        case Type.BOOLEAN:
            return bool(pa.types.is_boolean(kind))
        case Type.DATE:
            return bool(pa.types.is_date32(kind))
        case Type.TEXT:
            return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
        case _:
            return bool(pa.types.is_list(kind) and pa.types.is_string(kind.value_type))


class FeedSource(RecordSource):
    """A file in one of the gate's formats."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed

    def pieces(self, size: int) -> Iterator[Piece]:
        """Rows as the feed's reader gives them; those it cannot read have problems instead of values."""
        rows = iter(self._feed)
        first = 0
        while found := list(islice(rows, min(size, ROWS_IN_HAND))):
            share = self._feed.position() / self._feed.size_hint if self._feed.size_hint else None
            yield Piece(first, len(found), found, share)
            first += len(found)
        self.notes = self._feed.info.notes
