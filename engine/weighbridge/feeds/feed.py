"""What every feed format has in common: rows, what is known about the feed, and how one is refused.

Codes of this package (WB410 to WB419 come with rows, the others with the feed as a whole; WB400 with both):

| code | meaning |
|---|---|
| WB400 | the file cannot be opened or read, or not any further |
| WB410 | a cell cannot be read as its field's type |
| WB411 | a cell or line holds bytes that are not text in the feed's encoding, or NUL |
| WB412 | a row has too many or too few cells |
| WB413 | a quote is left open, or stands where none may stand |
| WB414 | a cell, line or item is larger than a feed may hold |
| WB415 | a line is not a JSON object |
| WB416 | a JSON key occurs twice |
| WB417 | the XML is not well-formed; what follows cannot be read |
| WB418 | the XML declares a document type or entities |
| WB419 | a row continues a product that is not directly above it |
| WB420 | a column is not used, though its name is near to one that is missing |
| WB421 | the format is not known, or the file is not of that format |
| WB422 | nothing in the file, or no header |
| WB423 | a column name occurs twice |
| WB424 | no column of the feed is known, or a column the mapping names is not there |
| WB425 | the file as a whole is in another text encoding |
| WB426 | the mapping does not fit the record type or the feed format |
| WB427 | a key or attribute that the mapping reads was in no row |
"""

from __future__ import annotations

import zlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from weighbridge.diagnostics import Diagnostic, DiagnosticError, Span
from weighbridge.documents import MappingModel, RecordTypeModel
from weighbridge.feeds.bytestream import open_bytes

MAX_CELL = 1_000_000
"""Characters one cell may hold."""

MAX_LINE = 4 << 20
"""Bytes one line, quoted multi-line row or XML item may hold: what keeps memory flat on a broken feed."""

READ_ERRORS = (OSError, EOFError, zlib.error)
"""What reading bytes can raise: the disk, or a compressed file that is cut off or damaged."""


class FeedError(DiagnosticError):
    """The feed as a whole cannot be used; no row of it was read."""


@dataclass(frozen=True, slots=True)
class Row:
    """One candidate record.

    `line` is where it starts in the feed (from 1, a header is line 1; for Parquet the number of the row).
    `values` has a typed value for every field that has one; fields with problems are left out.
    `problems` are the cells that could not be read, or what is wrong with the row as a whole.
    """

    line: int
    values: dict[str, Any]
    problems: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class FeedInfo:
    """What is known about a feed before (and, where its columns show only in the rows, after) reading it.

    `dialect` tells variants of a format apart, such as the two headers of Shopify. `notes` are things a
    person should look at, never reasons to stop.
    """

    format: str
    dialect: str | None
    columns_used: tuple[str, ...]
    columns_unused: tuple[str, ...]
    notes: tuple[Diagnostic, ...]


@dataclass(frozen=True, slots=True)
class FeedRequest:
    """What `open_feed` hands to a format."""

    path: Path
    record_type: RecordTypeModel
    mapping: MappingModel | None

    @property
    def file(self) -> str:
        """The name that diagnostics give the feed."""
        return self.path.as_posix()

    def fail(self, code: str, message: str, **details: Any) -> FeedError:
        """The error that refuses this feed; `line` (default 1) and `column` say where, 0 for nowhere."""
        line, column = details.pop("line", 1), details.pop("column", 1)
        span = Span(self.file, line, column, line, column + 1)
        return FeedError([Diagnostic(code, message, span, **details)])


class Feed(ABC):
    """An opened feed: iterate for its rows. It may be iterated again; every iteration opens the file anew."""

    def __init__(self, request: FeedRequest) -> None:
        self.path = request.path
        self.file = request.file
        self.size_hint = request.path.stat().st_size
        self._where: Callable[[], int] = lambda: 0

    @property
    @abstractmethod
    def info(self) -> FeedInfo:
        """Format, dialect, columns and notes."""

    @abstractmethod
    def __iter__(self) -> Iterator[Row]:
        """The rows in order, in constant memory."""

    def position(self) -> int:
        """Bytes of `size_hint` read so far by the latest iteration."""
        return min(self._where(), self.size_hint)

    @contextmanager
    def opened(self) -> Generator[BinaryIO, None, None]:
        """The feed's bytes for one iteration, decompressed. Raises FeedError where the file is gone."""
        try:
            data, raw = open_bytes(self.path)
        except OSError as error:
            span = Span(self.file, 1, 1, 1, 2)
            raise FeedError(
                [Diagnostic("WB400", f"the feed cannot be read: {error.strerror}", span)]
            ) from None
        self._where = raw.tell
        try:
            with raw, data:
                yield data
        finally:
            self._where = lambda: self.size_hint

    def problem(
        self,
        code: str,
        message: str,
        line: int,
        column: int = 1,
        *,
        end: tuple[int, int] | None = None,
        expected: str | None = None,
    ) -> Diagnostic:
        """A diagnostic at a place of this feed; `end` is its last line and exclusive column."""
        end_line, end_column = end or (line, column + 1)
        return Diagnostic(
            code, message, Span(self.file, line, column, end_line, end_column), expected=expected
        )

    def broken_off(self, line: int, error: Exception) -> Row:
        """The last row of a feed whose bytes end in an error."""
        reason = getattr(error, "strerror", None) or str(error)
        return Row(line, {}, (self.problem("WB400", f"the feed breaks off here: {reason}", line),))


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a feed, decompressed: what a format is recognised by."""

    suffix: str
    data: bytes


@dataclass(frozen=True, slots=True)
class FeedFormat:
    """One entry of the table of formats.

    `recognises` is asked only for files with one of `suffixes`; formats are asked in the table's order, so
    the specific ones stand first.
    """

    name: str
    title: str
    suffixes: tuple[str, ...]
    recognises: Callable[[Head], bool]
    open: Callable[[FeedRequest], Feed]


def shortened(text: str, limit: int = 60) -> str:
    """`text` quoted for a message, cut where it is long."""
    return repr(text if len(text) <= limit else text[: limit - 3] + "...")


def listed(names: Iterable[str], limit: int = 12) -> str:
    """Names for a message: a few, and how many there are."""
    pool = list(names)
    return ", ".join(pool[:limit]) + (f" ... ({len(pool)} in all)" if len(pool) > limit else "")
