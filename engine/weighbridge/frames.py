"""Frames: the rows of a chunk, or some of them, with everything computed over them so far.

An operation is one node of a columnar program. Equal parts of different rules, and of different markets'
programs, are one operation, which a frame computes once.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

from weighbridge.vectors import Coded, Fixed, Mask, Rows, Vector, compact, take, taken


class Operation:
    """A value or a mask over a frame. `shared`: needed more than once, so the result is kept.

    `whole`: dear and independent of which rows are asked, so it is computed for the whole chunk.
    """

    __slots__ = ("kept", "number", "run", "shared", "whole")

    def __init__(self, number: int, run: Callable[[Frame], Any], whole: bool) -> None:
        self.number = number
        self.run = run
        self.whole = whole
        self.shared = whole
        self.kept: Any = None
        """What is known of a lasting list of values, from chunk to chunk."""


class Frame:
    """Some rows of a chunk. `rows` are their places in the parent, or a stretch of them; None for the chunk."""

    __slots__ = ("_parts", "_results", "_source", "columns", "parent", "rows", "size")

    def __init__(
        self,
        size: int,
        columns: Mapping[str, Vector],
        parent: Frame | None = None,
        rows: Rows | slice | None = None,
    ) -> None:
        self.size = size
        self.columns = dict(columns)
        self.parent = parent
        self.rows = rows
        self._source: Frame | None = None
        self._results: dict[Operation, Any] = {}
        self._parts: dict[Hashable, Frame] = {}

    def column(self, name: str) -> Vector:
        """A field's values in these rows."""
        found = self.columns.get(name)
        if found is None:
            source = self.parent or self._source
            assert source is not None and self.rows is not None, name
            found = take(source.column(name), self.rows)
            self.columns[name] = found if self.parent is not None else compact(found)
        return found

    def apart(self, rows: Rows) -> Frame:
        """Some of these rows as a chunk of their own: what is computed for a whole chunk is not for these."""
        found = Frame(len(rows), {}, None, rows)
        found._source = self
        return found

    def get(self, operation: Operation) -> Any:
        """The result of an operation over these rows."""
        if not operation.shared:
            return operation.run(self)
        found = self._results.get(operation)
        if found is None:
            # What is cheap is computed again: taking it from the parent would cost more.
            found = self._from_parent(operation) if operation.whole and self.parent else operation.run(self)
            self._results[operation] = found
        return found

    def _from_parent(self, operation: Operation) -> Any:
        assert self.parent is not None and self.rows is not None
        known = self.parent.get(operation)
        return take(known, self.rows) if isinstance(known, Coded | Fixed) else taken(known, self.rows)

    def stretch(self, start: int, stop: int) -> Frame:
        """The rows from `start` up to `stop`; nothing is copied."""
        return Frame(stop - start, {}, self, slice(start, stop))

    def part(self, key: Hashable, rows: Callable[[], Rows]) -> Frame:
        """Some of these rows; `rows` finds them when the part is first asked for."""
        found = self._parts.get(key)
        if found is None:
            places = rows()
            found = self._parts[key] = Frame(len(places), {}, self, places)
        return found

    def mask(self, operation: Operation) -> Mask:
        """The result of a test."""
        result: Mask = self.get(operation)
        return result

    def vector(self, operation: Operation) -> Vector:
        """The result of a computation."""
        result: Vector = self.get(operation)
        return result


def rows_where(mask: Mask) -> Rows:
    """The places where a mask holds."""
    return mask.nonzero()[0]
