"""A table that grows piece by piece and is held: a small one in memory, a large one in a file that is mapped.

A mapped file takes no memory that the machine needs for something else: its pages come and go.
"""

from __future__ import annotations

import os
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType

import pyarrow as pa

MOST_IN_MEMORY = 256 << 20
"""Bytes of a table that are held in memory; more go to a file of the system's temporary folder."""


class HeldTable:
    """Takes pieces of one schema and gives them as one table, whose chunks are the pieces.

    Used as a context: what it wrote is gone afterwards, unless `table` was asked for. Methods raise `OSError`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self._schema = schema
        self._pieces: list[pa.RecordBatch] = []
        self._bytes = 0
        self._path: Path | None = None
        self._writer: pa.RecordBatchFileWriter | None = None
        self._open = ExitStack()

    def add(self, piece: pa.RecordBatch) -> None:
        """One more piece."""
        if self._writer is not None:
            self._writer.write_batch(piece)
            return
        self._pieces.append(piece)
        self._bytes += piece.nbytes
        if self._bytes > MOST_IN_MEMORY:
            self._move_to_file()

    def _move_to_file(self) -> None:
        handle, name = tempfile.mkstemp(prefix="weighbridge-records-", suffix=".arrow")
        os.close(handle)
        self._path = Path(name)
        sink = self._open.enter_context(pa.OSFile(name, "wb"))
        self._writer = self._open.enter_context(pa.ipc.new_file(sink, self._schema))
        for piece in self._pieces:
            self._writer.write_batch(piece)
        self._pieces = []

    def table(self) -> pa.Table:
        """All pieces; nothing can be added any more."""
        if self._path is None:
            return pa.Table.from_batches(self._pieces, self._schema)
        self._open.close()
        return pa.ipc.open_file(pa.memory_map(os.fspath(self._path))).read_all()

    def __enter__(self) -> HeldTable:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._path is None:
            return
        if kind is None:
            self._open.close()
        else:
            with suppress(OSError):  # the disk may be full: what is written is thrown away anyway
                self._open.close()
        # A mapped file lives on without its name, until the table is let go. Windows keeps the name meanwhile.
        with suppress(OSError):
            self._path.unlink()
