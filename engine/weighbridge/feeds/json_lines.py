"""JSON Lines: one JSON object per line, UTF-8. Values inside objects have dotted names (`price.amount`).

A line that is no object is a row with a problem at its line and column; the run goes on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from weighbridge.diagnostics import Diagnostic
from weighbridge.feeds.bytestream import read_head
from weighbridge.feeds.cells import Reading
from weighbridge.feeds.columns import Fault, base_reading, bind, near_misses, never_seen, plain_name, plan_for
from weighbridge.feeds.feed import (
    MAX_LINE,
    READ_ERRORS,
    Feed,
    FeedFormat,
    FeedInfo,
    FeedRequest,
    Head,
    Row,
    shortened,
)
from weighbridge.feeds.json_path import is_list, is_object

MAX_NAMES = 10_000
"""Key names remembered; a feed with more has data where keys should be."""

_UNUSED = -1
_ESCAPED = re.compile(r"\\u(?:[dD][89a-fA-F]|0000)")
_NOT_TEXT = re.compile("[\ud800-\udfff\0]")


class KeyColumns:
    """The keys of the objects: a slot for each that someone asks for, found by name or dotted path."""

    names: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.slot_of: dict[str, int] = {}
        self.paths: list[tuple[int, tuple[str, ...]]] = []
        self._plain: dict[str, int] = {}

    def find(self, name: str) -> int:
        """The place of a key in the cells; keys show only in the rows, so every name gets one."""
        if name in self.slot_of:
            return self.slot_of[name]
        slot = len(self.asked)
        self.asked.append(name)
        self.slot_of[name] = slot
        self._plain.setdefault(plain_name(name), slot)
        if "." in name:
            self.paths.append((slot, tuple(name.split("."))))
        return slot

    def reading(self, name: str, base: Reading) -> Reading:
        """JSON keys have no ways of their own."""
        return base

    def match(self, key: str) -> int:
        """The slot of a key that was not asked for by exactly this name, or -1."""
        return self._plain.get(plain_name(key), _UNUSED)


class _DuplicateKey(ValueError):
    pass


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _DuplicateKey(next(key for index, key in enumerate(keys) if key in keys[:index]))
    return value


_decode = json.JSONDecoder(object_pairs_hook=_object).decode


class JsonLinesFeed(Feed):
    """A file with one JSON object per line."""

    def __init__(self, request: FeedRequest) -> None:
        super().__init__(request)
        head = read_head(request.path)
        if head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"["):
            message = "the file is one JSON array, which cannot be read row by row"
            raise request.fail(
                "WB421", message, expected="JSON Lines: one object per line, without [ and commas"
            )
        self._columns = KeyColumns()
        self._plan = plan_for(request, None)
        self._binding = bind(request, self._columns, self._plan, base_reading(request), open_ended=True)
        self._mapped = request.mapping is not None
        self._is_read = False
        self._seen = _first_names(head)
        if self._seen and not any(self._used(name) for name in self._seen):
            raise request.fail(
                "WB424",
                f"none of the feed's keys is known: {', '.join(list(self._seen)[:12])}",
                expected=f"keys for fields of {request.record_type.record_type!r}",
            )

    @property
    def info(self) -> FeedInfo:
        """Format, keys and notes; keys that first occur far down are known after reading."""
        seen = tuple(self._seen)
        unused = tuple(name for name in seen if not self._used(name))
        used = {plain_name(name) for name in seen}
        notes: list[Diagnostic] = []
        if self._mapped and self._is_read:
            plain = {plain_name(name) for name in seen}
            notes = never_seen(self.file, self._binding, lambda name: self._occurs(name, plain))
        if not self._mapped:
            notes = near_misses(self.file, unused, [field for field in self._plan if field not in used])
        return FeedInfo("jsonl", None, tuple(name for name in seen if self._used(name)), unused, tuple(notes))

    def __iter__(self) -> Iterator[Row]:
        """The rows; blank lines are passed over."""
        with self.opened() as data:
            line = 0
            try:
                for line, raw in _lines(data):
                    if raw.isspace():
                        continue
                    yield self._row(line, raw)
            except READ_ERRORS as error:
                yield self.broken_off(line + 1, error)
        self._is_read = True

    def _row(self, line: int, raw: bytes) -> Row:
        if len(raw) >= MAX_LINE:
            problem = self.problem("WB414", f"the line is larger than {MAX_LINE:,} bytes", line)
            return Row(line, {}, (problem,))
        try:
            text = raw.decode("utf-8")
            record: Any = _decode(text)
        except (ValueError, RecursionError) as error:
            return Row(line, {}, (self._no_json(line, raw, error),))
        if not is_object(record):
            problem = self.problem(
                "WB415", "the line is no JSON object", line, expected='{"key": value, ...}'
            )
            return Row(line, {}, (problem,))
        cells, problems = self._cells(line, text, record)
        if _ESCAPED.search(text):
            problems += self._no_text(line, text, cells)
        values, faults = self._binding.read(cells)
        problems += [self._fault(line, text, fault) for fault in faults]
        return Row(line, values, tuple(problems))

    def _cells(self, line: int, text: str, record: dict[str, Any]) -> tuple[list[Any], list[Diagnostic]]:
        columns = self._columns
        slot_of = columns.slot_of
        cells: list[Any] = [None] * len(columns.asked)
        problems: list[Diagnostic] = []
        for key, value in record.items():
            slot = slot_of.get(key)
            if slot is None:
                slot = columns.match(key)
                if len(slot_of) < MAX_NAMES:
                    slot_of[key] = slot
            self._seen.setdefault(key) if len(self._seen) < MAX_NAMES else None
            if slot == _UNUSED:
                continue
            if cells[slot] is not None:
                column = _key_column(text, key)
                message = f"key {key!r} and another one both stand for {columns.asked[slot]!r}"
                problems.append(self.problem("WB416", message, line, column))
            cells[slot] = value
        for slot, path in columns.paths:
            if cells[slot] is None:
                cells[slot] = _inside(record, path)
        return cells, problems

    def _used(self, name: str) -> bool:
        slot = self._columns.slot_of.get(name, self._columns.match(name))
        return slot != _UNUSED or any(path[0] == name for _, path in self._columns.paths)

    def _occurs(self, name: str, seen: set[str]) -> bool:
        return plain_name(name) in seen or plain_name(name.split(".")[0]) in seen

    def _no_json(self, line: int, raw: bytes, error: Exception) -> Diagnostic:
        if isinstance(error, UnicodeDecodeError):
            column = len(raw[: error.start].decode("utf-8")) + 1
            message = f"byte 0x{raw[error.start]:02X} is no UTF-8 text"
            return self.problem("WB411", message, line, column, expected="UTF-8 text")
        if isinstance(error, _DuplicateKey):
            key = str(error)
            column = _key_column(raw.decode("utf-8"), key, last=True)
            return self.problem(
                "WB416", f"key {shortened(key)} occurs twice", line, column, expected="each key once"
            )
        if isinstance(error, json.JSONDecodeError):
            return self.problem(
                "WB415", f"no JSON: {error.msg}", line, error.colno, expected="one JSON object"
            )
        message = (
            "nested too deeply" if isinstance(error, RecursionError) else "a number with too many digits"
        )
        return self.problem("WB415", f"no usable JSON: {message}", line)

    def _no_text(self, line: int, text: str, cells: list[Any]) -> list[Diagnostic]:
        problems: list[Diagnostic] = []
        for slot, cell in enumerate(cells):
            if cell is not None and not _is_text(cell):
                name = self._columns.asked[slot]
                message = f"key {name!r} holds a NUL or half a character, which is no text"
                problems.append(self.problem("WB411", message, line, _key_column(text, name)))
                cells[slot] = None
        return problems

    def _fault(self, line: int, text: str, fault: Fault) -> Diagnostic:
        column = _key_column(text, fault.column.rsplit(".", 1)[-1])
        message = fault.message.replace("column", "key", 1)
        return self.problem("WB410", message, line, column, expected=fault.expected)


def _lines(data: BinaryIO) -> Iterator[tuple[int, bytes]]:
    """Number and bytes of each line; of one that is too large only the beginning."""
    line = 0
    while raw := data.readline(MAX_LINE):
        line += 1
        rest = raw
        while len(rest) == MAX_LINE and not rest.endswith(b"\n"):
            rest = data.readline(MAX_LINE)
        yield line, raw.removeprefix(b"\xef\xbb\xbf") if line == 1 else raw


def _first_names(head: bytes) -> dict[str, None]:
    """The keys of the first objects, in order; the last line of a longer head is cut and left out."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    names: dict[str, None] = {}
    for raw in lines[:-1] or lines:
        try:
            record: Any = _decode(raw.decode("utf-8"))
        except (ValueError, RecursionError):
            continue
        if is_object(record):
            names |= dict.fromkeys(record)
    return names


def _inside(value: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        if not is_object(value):
            return None
        value = value.get(key)
    return value


def _is_text(value: Any) -> bool:
    if isinstance(value, str):
        return not _NOT_TEXT.search(value)
    if is_list(value):
        return all(_is_text(item) for item in value)
    if is_object(value):
        return all(_is_text(item) for item in value.values())
    return True


def _key_column(text: str, key: str, last: bool = False) -> int:
    """The column of a key in its line; 1 where the key is written with escapes."""
    quoted = json.dumps(key, ensure_ascii=False)
    return max(text.rfind(quoted) if last else text.find(quoted), 0) + 1


def _recognises(head: Head) -> bool:
    return True


FORMAT = FeedFormat("jsonl", "JSON Lines", (".jsonl", ".ndjson", ".json"), _recognises, JsonLinesFeed)
