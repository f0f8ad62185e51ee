"""Parquet: typed columns, read a batch at a time; only the columns that are used are read.

Values inside structs are named by a dotted path. Rows count from 1, since the file has no lines.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from typing import Any, cast

from weighbridge.feeds.columns import HeaderColumns, base_reading, bind, near_misses, plain_name, plan_for
from weighbridge.feeds.delimited import refuse_duplicates
from weighbridge.feeds.feed import Feed, FeedFormat, FeedInfo, FeedRequest, Head, Row
from weighbridge.feeds.json_path import look_up

BATCH_ROWS = 4096
MAGIC = b"PAR1"


class StructColumns(HeaderColumns):
    """Columns of a Parquet file; `a.b` reaches the member b of a struct column a."""

    def __init__(self, header: Sequence[str]) -> None:
        super().__init__(header)
        self.paths: list[tuple[int, tuple[str, ...]]] = []

    def find(self, name: str) -> int | None:
        """The place of a column, or of a value inside one, in the cells."""
        slot = super().find(name)
        if slot is not None or "." not in name:
            return slot
        top, *path = name.split(".")
        outer = super().find(top)
        if outer is None:
            return None
        entry = (outer, tuple(path))
        if entry not in self.paths:
            self.paths.append(entry)
        return len(self.names) + self.paths.index(entry)


def _open_file(path: Any) -> Any:
    # pyarrow takes a quarter of a second to import, which only Parquet should cost; it has no types.
    module = importlib.import_module("pyarrow.parquet")
    return cast(Any, module).ParquetFile(path, memory_map=False)


class ParquetFeed(Feed):
    """A Parquet file."""

    def __init__(self, request: FeedRequest) -> None:
        super().__init__(request)
        try:
            with _open_file(request.path) as file:
                header: list[str] = list(file.schema_arrow.names)
                self._rows: int = file.metadata.num_rows
        except (OSError, ValueError) as error:
            message = f"the file is no Parquet: {str(error).splitlines()[0]}"
            raise request.fail("WB421", message, expected="a Parquet file") from None
        refuse_duplicates(request, header, header)
        columns = StructColumns(header)
        plan = plan_for(request, None)
        self._binding = bind(request, columns, plan, base_reading(request))
        self._paths = columns.paths
        used = {
            slot if slot < len(header) else self._paths[slot - len(header)][0]
            for slot in self._binding.columns
        }
        self._used = sorted(used)
        self._width = len(header)
        unused = tuple(name for slot, name in enumerate(header) if slot not in used)
        bound = {plain_name(name) for name in self._binding.columns.values()}
        missing = [] if request.mapping is not None else [field for field in plan if field not in bound]
        self._names = tuple(header[slot] for slot in self._used)
        self._info = FeedInfo(
            "parquet", None, self._names, unused, tuple(near_misses(self.file, unused, missing))
        )

    @property
    def info(self) -> FeedInfo:
        """Format, columns and notes."""
        return self._info

    def __iter__(self) -> Iterator[Row]:
        """The rows; a damaged file ends in a row with a problem."""
        line = 0
        self._where = lambda: self.size_hint * line // max(self._rows, 1)
        with _open_file(self.path) as file:
            batches = file.iter_batches(BATCH_ROWS, columns=list(self._names))
            while True:
                try:
                    batch = next(batches, None)
                    columns = (
                        [] if batch is None else [batch.column(name).to_pylist() for name in self._names]
                    )
                except (OSError, ValueError) as error:
                    yield self.broken_off(line + 1, error)
                    return
                if batch is None:
                    return
                for cells in zip(*columns, strict=True):
                    line += 1
                    yield self._row(line, cells)

    def _row(self, line: int, used: tuple[Any, ...]) -> Row:
        cells: list[Any] = [None] * self._width
        for slot, cell in zip(self._used, used, strict=True):
            cells[slot] = cell
        cells += [look_up(cells[slot], path) for slot, path in self._paths]
        values, faults = self._binding.read(cells)
        problems = [self.problem("WB410", fault.message, line, expected=fault.expected) for fault in faults]
        return Row(line, values, tuple(problems))


def _recognises(head: Head) -> bool:
    return True


FORMAT = FeedFormat("parquet", "Parquet", (".parquet", ".pq"), _recognises, ParquetFeed)
