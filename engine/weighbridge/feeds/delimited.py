"""CSV and TSV: a header, then one record per row; cells may be quoted and span lines (RFC 4180).

Broken quotes do not take the rest of the file with them: the row is reported at the line where the quote
opened, and reading goes on with the line below. The same reader serves Shopify and Google text feeds.
"""

from __future__ import annotations

import csv
import re
from collections import deque
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from weighbridge.diagnostics import Diagnostic
from weighbridge.feeds.bytestream import open_bytes, read_head
from weighbridge.feeds.columns import (
    Binding,
    Fault,
    HeaderColumns,
    base_reading,
    bind,
    near_misses,
    plain_name,
    plan_for,
)
from weighbridge.feeds.feed import (
    MAX_CELL,
    MAX_LINE,
    READ_ERRORS,
    Feed,
    FeedError,
    FeedFormat,
    FeedInfo,
    FeedRequest,
    Head,
    Row,
)

MAX_REREAD = 64 << 20
"""Characters that may be read again after broken quotes: a hostile file must not cost quadratic time."""

_UTF16 = (b"\xff\xfe", b"\xfe\xff")
_BYTE_OR_NUL = re.compile("[\udc80-\udcff\0]")
_DELIMITERS = {",": None, ";": "semicolon", "\t": "tab"}


class Record(NamedTuple):
    """One row of cells. `cells` is None where the row could not be taken apart; `source` are its lines."""

    line: int
    cells: list[str] | None
    source: list[str]
    problems: tuple[Diagnostic, ...] = ()


class _TooLarge(Exception):
    """The lines of one record are larger than MAX_LINE."""


class _Lines:
    """The decoded lines of a feed, one by one; those of the current record are kept, to be read again."""

    def __init__(self, data: BinaryIO, encoding: str) -> None:
        self.taken = 0
        self.doubtful = False
        self.reread = 0
        self._data, self._encoding = data, encoding
        self._record: list[str] = []
        self._size = 0
        self._again: deque[str] = deque()

    def __iter__(self) -> Iterator[str]:
        readline, decode = self._data.readline, self._decode
        while True:
            if self._again:
                text = self._again.popleft()
                self.doubtful = self.doubtful or bool(_BYTE_OR_NUL.search(text))
            else:
                raw = readline(MAX_LINE)
                if not raw:
                    return
                if len(raw) == MAX_LINE:
                    raw = self._cut(raw)
                text = decode(raw)
            self.taken += 1
            self._record.append(text)
            self._size += len(text)
            if self._size >= MAX_LINE:
                raise _TooLarge
            yield text

    def take(self) -> list[str]:
        """The lines handed out since the last call: those of the record just read."""
        record, self._record, self._size, self.doubtful = self._record, [], 0, False
        return record

    def again(self, lines: list[str]) -> None:
        """Hand out `lines`, the last ones taken, once more."""
        self._again.extendleft(reversed(lines))
        self.taken -= len(lines)
        self.reread += sum(map(len, lines))

    def _decode(self, raw: bytes) -> str:
        if self.taken == 0:
            raw = raw.removeprefix(b"\xef\xbb\xbf")
        try:
            text = raw.decode(self._encoding)
        except UnicodeDecodeError:
            self.doubtful = True
            # Bytes that are no text become lone surrogates: the row keeps its shape and shows which cell.
            codec = "utf-8" if self._encoding == "utf-8" else "ascii"
            return raw.decode(codec, "surrogateescape")
        if "\0" in text:
            self.doubtful = True
        return text

    def _cut(self, raw: bytes) -> bytes:
        """A line that is too large, as far as it is kept: still too large, but ended."""
        rest = raw
        while rest and not rest.endswith(b"\n"):
            rest = self._data.readline(MAX_LINE)
        return raw if raw.endswith(b"\n") else raw + b"\n"


class DelimitedReader:
    """Reads records of one delimited file; with `header`, rows must have as many cells."""

    def __init__(
        self, feed: Feed, delimiter: str, encoding: str, header: Sequence[str] | None = None
    ) -> None:
        self._feed, self._delimiter, self._encoding, self._header = feed, delimiter, encoding, header

    def records(self, data: BinaryIO) -> Iterator[Record]:
        """All records of `data`, the header row included; lines that are blank are passed over."""
        lines = _Lines(data, self._encoding)
        width = len(self._header) if self._header is not None else None
        if csv.field_size_limit() < MAX_CELL:
            csv.field_size_limit(MAX_CELL)
        while True:
            try:
                for cells in csv.reader(lines, delimiter=self._delimiter, strict=True):
                    doubtful = lines.doubtful
                    source = lines.take()
                    line = lines.taken - len(source) + 1
                    if doubtful or len(cells) != width:
                        if cells:
                            yield self._irregular(line, cells, source, doubtful)
                    else:
                        yield Record(line, cells, source)
                return
            except (csv.Error, _TooLarge) as error:
                source = lines.take()
                line = lines.taken - len(source) + 1
                yield Record(line, None, source[:1], (self._broken(line, source, str(error)),))
                lines.again(source[1:])
                if lines.reread > MAX_REREAD:
                    yield self._gave_up(lines.taken + 1)
                    return
            except READ_ERRORS as error:
                row = self._feed.broken_off(lines.taken + 1, error)
                yield Record(row.line, None, [], row.problems)
                return

    def place(self, record: Record, index: int) -> tuple[int, int, tuple[int, int]]:
        """Line, column and end (line, column) of a cell."""
        starts = list(_cell_starts(record.source, self._delimiter))
        if index >= len(starts):
            return record.line, 1, (record.line, 2)
        line, column = starts[index]
        if index + 1 < len(starts):
            end_line, end_column = starts[index + 1]
            end = (end_line, end_column - 1)
        else:
            end = (len(record.source) - 1, len(record.source[-1].rstrip("\r\n")) + 1)
        return (
            record.line + line,
            column,
            (record.line + end[0], max(end[1], column if end[0] == line else 1)),
        )

    def faults(
        self, record: Record, faults: Sequence[Fault], slot_of: Sequence[int] | None = None
    ) -> list[Diagnostic]:
        """Diagnostics for cells of `record` that could not be read."""
        found: list[Diagnostic] = []
        for fault in faults:
            index = fault.slot if slot_of is None else slot_of[fault.slot]
            line, column, end = self.place(record, index)
            found.append(
                self._feed.problem("WB410", fault.message, line, column, end=end, expected=fault.expected)
            )
        return found

    def _irregular(self, line: int, cells: list[str], source: list[str], doubtful: bool) -> Record:
        header = self._header
        problems: list[Diagnostic] = []
        if doubtful:
            problems += self._bad_bytes(line, cells, source)
            cells = ["" if _BYTE_OR_NUL.search(cell) else cell for cell in cells]
        if header is not None and len(cells) != len(header):
            message = f"the row has {len(cells)} cells, the header has {len(header)}"
            problems.append(self._feed.problem("WB412", message, line, expected=f"{len(header)} cells"))
            cells = cells[: len(header)] + [""] * (len(header) - len(cells))
        return Record(line, cells, source, tuple(problems))

    def _bad_bytes(self, line: int, cells: list[str], source: list[str]) -> Iterator[Diagnostic]:
        record = Record(line, cells, source)
        for index, cell in enumerate(cells):
            found = _BYTE_OR_NUL.search(cell)
            if found is None:
                continue
            at, column, end = self.place(record, index)
            name = self._header[index] if self._header and index < len(self._header) else str(index + 1)
            what = "a NUL character" if found[0] == "\0" else f"byte 0x{ord(found[0]) - 0xDC00:02X}"
            message = f"column {name!r} holds {what}, which is no {self._encoding} text"
            yield self._feed.problem("WB411", message, at, column, end=end, expected=f"{self._encoding} text")

    def _broken(self, line: int, source: list[str], reason: str) -> Diagnostic:
        at, column = _last_cell(source, self._delimiter)
        if not reason:
            message = f"the row is larger than {MAX_LINE:,} characters"
            return self._feed.problem("WB414", message, line + at, column)
        if "end of data" in reason:
            message = "the quote that opens here is never closed"
            return self._feed.problem("WB413", message, line + at, column, expected='a closing "')
        if "field limit" in reason:
            message = f"the cell that begins here is larger than {MAX_CELL:,} characters"
            message += "; is its closing quote missing?" if len(source) > 1 else ""
            return self._feed.problem("WB414", message, line + at, column)
        if "new-line" in reason:
            message = "a lone carriage return stands outside quotes"
            return self._feed.problem("WB413", message, line, expected="lines that end in LF or CRLF")
        message = "text follows a closing quote"
        last = line + len(source) - 1
        if last > line + at:
            message = f"the cell that opens here has text behind its closing quote in line {last}"
        return self._feed.problem(
            "WB413", message, line + at, column, expected='quotes inside a cell written as ""'
        )

    def _gave_up(self, line: int) -> Record:
        message = "too many broken quotes above: the feed is not read any further"
        return Record(line, None, [], (self._feed.problem("WB400", message, line),))


def _cell_starts(source: Sequence[str], delimiter: str) -> Iterator[tuple[int, int]]:
    """(line offset, column) at which each cell begins, up to one with text behind its closing quote."""
    fresh, quoted, closed = True, False, False
    yield 0, 1
    for offset, text in enumerate(source):
        for column, character in enumerate(text, start=1):
            if quoted:
                quoted = character != '"'
                closed = not quoted
            elif character == '"' and (fresh or closed):
                # Behind a quote that closed, another one means the two were one quote inside the cell.
                quoted = True
            elif character == delimiter:
                yield offset, column + 1
                fresh, closed = True, False
                continue
            elif closed and character not in "\r\n":
                return
            fresh = False


def _last_cell(source: Sequence[str], delimiter: str) -> tuple[int, int]:
    """Where the last cell of a broken record begins."""
    return deque(_cell_starts(source, delimiter), maxlen=1)[0] if source else (0, 1)


# ---- headers


def sniff_delimiter(head: bytes, fallback: str = ",") -> str:
    """The delimiter of the header line: the usual one, unless only another occurs in it."""
    line = head.split(b"\n", 1)[0]
    if fallback.encode() in line:
        return fallback
    return next((d for d in _DELIMITERS if d.encode() in line), fallback)


def header_cells(head: bytes, delimiter: str) -> list[str]:
    """The header's cells, for recognising a format; [] where there is none to read."""
    line = head.removeprefix(b"\xef\xbb\xbf").split(b"\n", 1)[0].decode("utf-8", "replace")
    try:
        return next(csv.reader([line], delimiter=delimiter))
    except (csv.Error, StopIteration):
        return []


def read_header(feed: Feed, request: FeedRequest, delimiter: str, encoding: str) -> list[str]:
    """The header of a delimited feed. Raises FeedError where there is none, or it is no text."""
    reader = DelimitedReader(feed, delimiter, encoding)
    data, raw = open_bytes(request.path)
    with raw, data:
        record = next(reader.records(data), None)
    if record is None:
        raise request.fail("WB422", "the feed is empty", expected="a header with column names")
    if record.cells is None or record.problems:
        if any(problem.code == "WB411" for problem in record.problems):
            raise request.fail("WB425", f"the header is no {encoding} text", expected=f"a {encoding} file")
        raise FeedError(record.problems)
    header = [cell.strip() for cell in record.cells]
    if not any(header):
        raise request.fail("WB422", "the first line has no column names", expected="a header")
    return header


def first_bytes(request: FeedRequest) -> bytes:
    """The beginning of a text feed. Raises FeedError for UTF-16, which has other line ends."""
    head = read_head(request.path)
    if head.startswith(_UTF16):
        raise request.fail("WB425", "the file is UTF-16", expected="a UTF-8 file")
    return head


def refuse_duplicates(request: FeedRequest, header: Sequence[str], plain: Sequence[str]) -> None:
    """Raises FeedError where two columns have one name; `plain` are the names as they are compared."""
    seen: dict[str, str] = {}
    for name, key in zip(header, plain, strict=True):
        if key and key in seen:
            other = "twice" if seen[key] == name else f"twice, as {seen[key]!r} and {name!r}"
            raise request.fail("WB423", f"column {name!r} occurs {other}", expected="each column once")
        seen[key] = name


# ---- the format


class DelimitedFeed(Feed):
    """A CSV or TSV file whose columns are record fields or named by a mapping."""

    def __init__(self, request: FeedRequest, name: str, usual_delimiter: str) -> None:
        super().__init__(request)
        encoding = request.mapping.encoding if request.mapping is not None else "utf-8"
        delimiter = sniff_delimiter(first_bytes(request), usual_delimiter)
        header = read_header(self, request, delimiter, encoding)
        refuse_duplicates(request, header, [plain_name(cell) for cell in header])
        plan = plan_for(request, None)
        self._binding: Binding = bind(request, HeaderColumns(header), plan, base_reading(request))
        self._reader = DelimitedReader(self, delimiter, encoding, header)
        used = self._binding.columns
        unused = tuple(cell for slot, cell in enumerate(header) if cell and slot not in used)
        notes: list[Diagnostic] = []
        if request.mapping is None:
            bound = {plain_name(column) for column in used.values()}
            notes = near_misses(self.file, unused, [field for field in plan if field not in bound])
        self._info = FeedInfo(
            name,
            None if delimiter == usual_delimiter else _DELIMITERS[delimiter] or "comma",
            tuple(header[slot] for slot in sorted(used)),
            unused,
            tuple(notes),
        )

    @property
    def info(self) -> FeedInfo:
        """Format, dialect (a delimiter other than the usual), columns and notes."""
        return self._info

    def __iter__(self) -> Iterator[Row]:
        """The rows, the header left out."""
        read = self._binding.read
        with self.opened() as data:
            records = self._reader.records(data)
            next(records, None)
            for record in records:
                if record.cells is None:
                    yield Row(record.line, {}, record.problems)
                    continue
                values, faults = read(record.cells)
                problems = record.problems
                if faults:
                    problems += tuple(self._reader.faults(record, faults))
                yield Row(record.line, values, problems)


def _any(head: Head) -> bool:
    return True


CSV = FeedFormat("csv", "CSV", (".csv",), _any, lambda request: DelimitedFeed(request, "csv", ","))
TSV = FeedFormat(
    "tsv", "TSV", (".tsv", ".tab", ".txt"), _any, lambda request: DelimitedFeed(request, "tsv", "\t")
)
