"""A folder of results that grows part by part and can be gone on with after a stop.

    manifest.json                what is decided here, and whether all of it is
    findings/part-00000.parquet  written first,
    decisions/part-00000.parquet written last: where it stands, the part is whole

Files appear under their names only when they are complete: they are written beside them, flushed to disk and
renamed. A run that finds the manifest of the same task and the same input goes on behind the last whole part.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from weighbridge.batch_tables import BatchTables
from weighbridge.diagnostics import Diagnostic, DiagnosticError

MANIFEST = "manifest.json"
KINDS = ("findings", "decisions")
COUNTED = ("row", "market", "verdict", "valid")


class ResultFolder:
    """Where a batch run writes. Raises `DiagnosticError` where the folder holds something else."""

    def __init__(self, path: Path, identity: Mapping[str, Any]) -> None:
        self.path = path
        self.identity = json.loads(json.dumps(identity))
        self._open()

    def _open(self) -> None:
        manifest = self.path / MANIFEST
        if manifest.exists():
            if _read(manifest).get("run") != self.identity:
                raise self._refused(
                    "holds the results of another run", "an empty folder, or the same run again"
                )
        elif self.path.exists() and (not self.path.is_dir() or any(self.path.iterdir())):
            raise self._refused("is not empty and holds no results", "an empty or a new folder")
        for kind in KINDS:
            (self.path / kind).mkdir(parents=True, exist_ok=True)
            for left in (self.path / kind).glob(".*.tmp"):
                left.unlink()
        if not manifest.exists():
            self._write_manifest(complete=False, summary=None)

    def _refused(self, what: str, expected: str) -> DiagnosticError:
        return DiagnosticError([Diagnostic("WB431", f"the folder {self.path} {what}", expected=expected)])

    def done(self, part: int) -> bool:
        """Whether a part is written, whole."""
        return self._file("decisions", part).exists()

    def _file(self, kind: str, part: int) -> Path:
        return self.path / kind / f"part-{part:05}.parquet"

    def write(
        self, part: int, pieces: Iterable[BatchTables], decisions: pa.Schema, findings: pa.Schema
    ) -> None:
        """Writes a part piece by piece, so that never more than a piece of it is in memory."""
        targets = [self._file(kind, part) for kind in KINDS]
        beside = [target.with_name(f".{target.name}.tmp") for target in targets]
        with (
            pq.ParquetWriter(beside[0], findings, compression="zstd") as of_findings,
            pq.ParquetWriter(beside[1], decisions, compression="zstd") as of_decisions,
        ):
            for tables in pieces:
                of_findings.write_batch(tables.findings)
                of_decisions.write_batch(tables.decisions)
        for left, target in zip(beside, targets, strict=True):
            _into_place(left, target)

    def finish(self, summary: Mapping[str, Any]) -> None:
        """Says that all is written."""
        self._write_manifest(complete=True, summary=summary)

    def _write_manifest(self, complete: bool, summary: Mapping[str, Any] | None) -> None:
        beside = self.path / f".{MANIFEST}.tmp"
        content = {"run": self.identity, "complete": complete, "summary": summary}
        beside.write_text(json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        _into_place(beside, self.path / MANIFEST)

    def read(self, kind: str) -> pa.Table:
        """Everything written so far, in order."""
        return pa.concat_tables([pq.read_table(p) for p in self.parts(kind)], promote_options="permissive")

    def tables(self, part: int) -> tuple[pa.Table, pa.Table]:
        """Decisions and findings of a part: the columns that are counted."""
        return self._columns("decisions", part, COUNTED), self._columns("findings", part, ("status",))

    def _columns(self, kind: str, part: int, names: Sequence[str]) -> pa.Table:
        with pq.ParquetFile(self._file(kind, part)) as file:
            return file.read([name for name in names if name in file.schema_arrow.names])

    def parts(self, kind: str) -> list[Path]:
        """The files of a kind, in order."""
        return sorted((self.path / kind).glob("part-*.parquet"))


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _into_place(beside: Path, target: Path) -> None:
    """Renames a file that is wholly on disk."""
    with beside.open("rb+") as file:
        os.fsync(file.fileno())
    beside.replace(target)
    with contextlib.suppress(OSError):  # a file system whose folders cannot be flushed
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
