"""The list of differences as a CSV or Parquet file, written as it is found; under its name only when it is whole."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq

from weighbridge.diagnostics import Diagnostic, DiagnosticError
from weighbridge.impact_result import TABLE
from weighbridge.report_files import check_writable

ENDINGS = (".csv", ".parquet")
PLAIN = pa.schema([(f.name, pa.string() if pa.types.is_dictionary(f.type) else f.type) for f in TABLE])
"""The columns as CSV has them: no dictionaries."""


class ImpactFile:
    """A file of differences; a context manager. An error leaves what was there before."""

    def __init__(self, path: Path) -> None:
        """Raises `DiagnosticError` for a name or place that cannot be."""
        if path.suffix.lower() not in ENDINGS:
            message = f"--out {str(path)!r} does not say which kind of file"
            raise DiagnosticError(
                [Diagnostic("WB828", message, expected="a name ending in .csv or .parquet")]
            )
        check_writable(path)
        self.path = path
        self.rows = 0
        self._draft = path.with_name(f".{path.name}.part")
        self._writer: Any = None

    def __enter__(self) -> Self:
        """Opens the file. Raises `OSError`."""
        if self.path.suffix.lower() == ".csv":
            self._writer = pc.CSVWriter(self._draft, PLAIN)
        else:
            self._writer = pq.ParquetWriter(self._draft, TABLE)
        return self

    def write(self, table: pa.Table) -> None:
        """Adds differences. Raises `OSError`."""
        self.rows += table.num_rows
        self._writer.write_table(table.cast(PLAIN) if self.path.suffix.lower() == ".csv" else table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._writer.close()
        if kind is None:
            os.replace(self._draft, self.path)
        else:
            with suppress(OSError):
                self._draft.unlink()
