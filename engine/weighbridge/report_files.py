"""Report files: `--output FILE` and `--report FORMAT=FILE`, opened before the gate decides anything.

What cannot be written is known at once, not after an hour; and since opening empties the files, an old report
never passes for that of a run that was cut short.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self, TextIO

from weighbridge.diagnostics import Diagnostic, DiagnosticError, unknown_name
from weighbridge.gate_result import GateResult
from weighbridge.reports import FORMATS, reporter


@dataclass(frozen=True, slots=True)
class ReportFile:
    """A report that was asked for: its format (one of `FORMATS`) and the file it goes to."""

    format: str
    path: Path


def read_reports(texts: Iterable[str]) -> tuple[ReportFile, ...]:
    """The reports asked for as FORMAT=FILE. Raises DiagnosticError with all that is wrong with them."""
    found: list[ReportFile] = []
    problems: list[Diagnostic] = []
    for text in texts:
        format, equals, file = text.partition("=")
        if not equals or not file.strip():
            problems.append(
                Diagnostic(
                    "WB608", f"--report {text!r} names no file", expected="FORMAT=FILE, e.g. sarif=out.sarif"
                )
            )
        elif format not in FORMATS:
            problems.append(unknown_name("WB608", "report format", format, FORMATS))
        else:
            found.append(ReportFile(format, Path(file)))
    if problems:
        raise DiagnosticError(problems)
    return tuple(found)


class ReportFiles:
    """The open files of a run's reports; a context manager."""

    def __init__(self, reports: Sequence[ReportFile], inputs: Iterable[Path]) -> None:
        """`inputs` are files the run reads, which no report may overwrite. Opens nothing yet."""
        self._reports = reports
        self._inputs = tuple(inputs)
        self._open: list[TextIO] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        """Opens all files. Raises DiagnosticError for those that cannot be written."""
        with ExitStack() as stack:
            problems = [*self._overwritten()]
            if not problems:
                for report in self._reports:
                    try:
                        self._open.append(stack.enter_context(_opened(report.path)))
                    except OSError as error:
                        problems.append(_unwritable(report.path, error))
            if problems:
                raise DiagnosticError(problems)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    def write(self, result: GateResult, lang: str) -> None:
        """Writes every report. Raises DiagnosticError for a file that cannot be written to its end."""
        for report, file in zip(self._reports, self._open, strict=True):
            try:
                reporter(report.format).write(result, file, lang)
                file.flush()
            except OSError as error:
                with suppress(OSError):  # what is left in the buffer cannot be written either
                    file.close()
                raise DiagnosticError([_unwritable(report.path, error)]) from None

    def _overwritten(self) -> Iterable[Diagnostic]:
        """A diagnostic for every report that would overwrite an input or another report."""
        taken = {_identity(path): "is read by this run" for path in self._inputs}
        for report in self._reports:
            identity = _identity(report.path)
            if identity in taken and not _is_device(report.path):
                yield Diagnostic(
                    "WB690", f"the report file {report.path} {taken[identity]}", expected="another file"
                )
            taken[identity] = "is written twice"


def check_writable(path: Path) -> None:
    """Raises DiagnosticError unless a file can be made at, or replaced by, `path`."""
    if path.is_dir():
        raise DiagnosticError(
            [Diagnostic("WB690", f"cannot write {path}: it is a folder", expected="a file")]
        )
    if not os.access(path.parent, os.W_OK | os.X_OK):
        why = "may not be written to" if path.parent.is_dir() else "does not exist"
        raise DiagnosticError(
            [
                Diagnostic(
                    "WB690",
                    f"cannot write {path}: the folder {path.parent} {why}",
                    expected="an existing folder",
                )
            ]
        )


def _opened(path: Path) -> TextIO:
    return path.open("w", encoding="utf-8", errors="backslashreplace", newline="")


def _unwritable(path: Path, error: OSError) -> Diagnostic:
    why = (
        f"the folder {path.parent} does not exist" if isinstance(error, FileNotFoundError) else error.strerror
    )
    return Diagnostic("WB690", f"cannot write {path}: {why}")


def _identity(path: Path) -> str:
    return os.path.realpath(path)


def _is_device(path: Path) -> bool:
    return path.exists() and not path.is_file()
