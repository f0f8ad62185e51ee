"""The rule index over frames: rows are grouped by what rules test most selectively, each group asks its rules.

It works on the groups that `index` finds for the scalar form. A look-up by equality is one table from codes to
entries, an interval a binary search in the bounds of the row's entry; rules that need nothing else fire for all
rows of an entry at once, the others are asked over the rows of their entry only.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from itertools import pairwise, product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighbridge.firings import Firings
from weighbridge.frames import Frame, Operation, rows_where
from weighbridge.index import Bucket, Group, Segments
from weighbridge.normal_form import Leaf
from weighbridge.tree import Call, Const, Expr, Type, Value
from weighbridge.vectoriser import Scope
from weighbridge.vectors import NUMERIC, Coded, Rows, Vector, code_type, coded, numbers

MOST_CELLS = 1 << 22
"""The largest table from combinations of codes to entries; beyond it only combinations that occur are looked up."""


Partition = Callable[[Frame, Firings], None]
"""Finds the rules of one group that fire in a chunk."""


def partition(group: Group, scope: Scope) -> Partition:
    """The columnar form of a group of the rule index."""
    if group.kind == "mentions":
        return _by_mention(group, scope)
    if group.kind == "under":
        return _by_path(group, scope)
    return _by_value(group, scope)


# --- entries of a bucket ----------------------------------------------------------------------------------


class _Entry:
    """A bucket over frames: `ids` fire for all its rows, the rest where their test holds."""

    __slots__ = ("ids", "rest")

    def __init__(self, bucket: Bucket, scope: Scope) -> None:
        self.ids = bucket.ids
        self.rest = [(rule, scope.test(formula)) for rule, formula in bucket.residual]

    def ask(self, part: Frame, rows: Rows, firings: Firings) -> None:
        for rule in self.ids:
            firings.add(rule, rows)
        self.ask_rest(part, rows, firings)

    def ask_rest(self, part: Frame, rows: Rows, firings: Firings) -> None:
        for rule, test in self.rest:
            firings.add(rule, rows[part.mask(test)])


def _entries(group: Group, scope: Scope) -> Mapping[Hashable, _Entry]:
    return {key: _Entry(b, scope) for key, b in group.table.items() if isinstance(b, Bucket)}


def _ask_where(frame: Frame, test: Operation, entry: _Entry, firings: Firings) -> None:
    """Asks the rules of an entry in the rows where a test holds; such rows are found once for all markets."""
    part = frame.part(test, lambda: rows_where(frame.mask(test)))
    if part.size:
        assert isinstance(part.rows, np.ndarray)
        entry.ask(part, part.rows, firings)


def _by_mention(group: Group, scope: Scope) -> Partition:
    assert group.text is not None
    text = scope.value(group.text)
    entries = {int(str(key)): e for key, e in _entries(group, scope).items()}
    tests = {place: scope.mentions(text, place) for place in entries}
    found = scope.found(text)

    def run(frame: Frame, firings: Firings) -> None:
        for place in found(frame).by_list:
            if place in entries:
                _ask_where(frame, tests[place], entries[place], firings)

    return run


def _by_path(group: Group, scope: Scope) -> Partition:
    name = group.names[0]
    asked: list[tuple[Operation, _Entry]] = []
    for path, entry in _entries(group, scope).items():
        assert isinstance(path, str)
        under: Expr = Call("under", (name, Const(path, Type.TEXT)), Type.BOOLEAN)
        asked.append((scope.test(Leaf(under, True)), entry))

    def run(frame: Frame, firings: Firings) -> None:
        for test, entry in asked:
            _ask_where(frame, test, entry, firings)

    return run


# --- look-ups by value ------------------------------------------------------------------------------------


class _Places:
    """Every bucket of a group under one number: an entry's buckets follow each other along its bounds."""

    def __init__(self, group: Group, scope: Scope) -> None:
        self.first: dict[Hashable, int] = {}
        self.bounds: list[NDArray[np.float64] | None] = []
        self.entry_first: list[int] = []
        buckets: list[Bucket] = []
        for key, found in group.table.items():
            self.first[key] = len(self.entry_first)
            self.entry_first.append(len(buckets))
            if isinstance(found, Segments):
                self.bounds.append(np.array(found.bounds, np.float64))
                buckets += found.parts
            else:
                self.bounds.append(None)
                buckets.append(found)
        self._gather_bounds()
        self.counts = np.array([len(b.ids) for b in buckets], np.intp)
        self.starts = np.concatenate([[0], np.cumsum(self.counts)[:-1]]).astype(np.intp)
        self.ids = np.array([i for b in buckets for i in b.ids], np.intp)
        self.rest = {n: _Entry(b, scope) for n, b in enumerate(buckets) if b.residual}

    def _gather_bounds(self) -> None:
        """The bounds of all entries as one sorted list of whole numbers: entry, then rank of the bound."""
        per_entry = [np.empty(0) if b is None else b for b in self.bounds]
        every = np.concatenate([np.empty(0), *per_entry])
        self.distinct = np.unique(every)
        self.span = len(self.distinct) + 1
        lengths = np.array([len(b) for b in per_entry], np.intp)
        entry = np.repeat(np.arange(len(per_entry)), lengths)
        self.bound_keys = entry * self.span + np.searchsorted(self.distinct, every)
        self.bound_first = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.intp)

    def search(self, entries: NDArray[Any], x: NDArray[np.float64]) -> NDArray[np.intp]:
        """For each row the bucket of its entry that its number lies in: part 2i below bound i, 2i+1 on it."""
        rank = np.searchsorted(self.distinct, x)
        exact = self.distinct[np.minimum(rank, len(self.distinct) - 1)] == x
        key = entries * np.intp(self.span) + rank
        at = key if len(self.bounds) == 1 else np.searchsorted(self.bound_keys, key)
        on = exact & (self.bound_keys[np.minimum(at, len(self.bound_keys) - 1)] == key)
        first = np.array(self.entry_first, np.intp)
        found: NDArray[np.intp] = first[entries] + 2 * (at - self.bound_first[entries]) + on
        return found

    def fire(self, rows: Rows, places: NDArray[np.intp], firings: Firings) -> None:
        """The rules that need nothing more: every one of a row's place."""
        counts = self.counts[places]
        total = int(counts.sum())
        if total == 0:
            return
        ends = np.cumsum(counts)
        within = np.arange(total) - np.repeat(ends - counts, counts)
        firings.add_pairs(self.ids[np.repeat(self.starts[places], counts) + within], np.repeat(rows, counts))


def _by_value(group: Group, scope: Scope) -> Partition:
    places = _Places(group, scope)
    names = [scope.value(name) for name in group.names]
    numeric = [name.type in NUMERIC for name in group.names]
    interval = None if group.interval is None else scope.value(group.interval)
    look_up = _LookUp([key if isinstance(key, tuple) else (key,) for key in group.table])

    def run(frame: Frame, firings: Firings) -> None:
        columns = [
            _coded_numbers(frame.vector(x)) if n else coded(frame.vector(x), frame.size)
            for x, n in zip(names, numeric, strict=True)
        ]
        entries = look_up.entries(columns, frame.size)
        rows = rows_where(entries >= 0)
        found = entries[rows]
        if interval is None:
            where = np.array(places.entry_first, np.intp)[found]
        else:
            x = numbers(frame.vector(interval), frame.size)[rows]
            there = ~np.isnan(x)
            rows, where = rows[there], places.search(found[there], x[there])
        places.fire(rows, where, firings)
        if places.rest:
            _ask_rest(frame, places, rows, where, firings)

    return run


def _ask_rest(frame: Frame, places: _Places, rows: Rows, where: NDArray[np.intp], firings: Firings) -> None:
    """Rules with conditions besides the key, each over the rows of its place, which are brought together first."""
    if not len(rows):
        return
    order = np.argsort(where.astype(code_type(int(where.max()) + 1)), kind="stable")
    ordered, rows = where[order], rows[order]
    together = Frame(len(rows), {}, frame, rows)
    cuts = (rows_where(ordered[1:] != ordered[:-1]) + 1).tolist()
    for start, stop in pairwise([0, *cuts, len(rows)]):
        entry = places.rest.get(int(ordered[start]))
        if entry is not None:
            entry.ask_rest(together.stretch(start, stop), rows[start:stop], firings)


def _coded_numbers(vector: Vector) -> Coded:
    """A numeric vector in coded form; 0.0 and -0.0 are equal."""
    if not isinstance(vector, np.ndarray):
        return coded(vector, 1)
    distinct, codes = np.unique(vector + 0.0, return_inverse=True, equal_nan=True)
    values: list[Value] = [None, *(None if v != v else v for v in distinct.tolist())]
    return Coded(codes + 1, values)


class _LookUp:
    """From the values in some columns to entries, by a table over their codes."""

    def __init__(self, keys: list[tuple[Any, ...]]) -> None:
        self._keys = keys
        self._kept: tuple[list[tuple[Sequence[Value], int]], NDArray[np.int32]] | None = None

    def entries(self, columns: list[Coded], size: int) -> NDArray[Any]:
        """Each row's entry, -1 where there is none."""
        if not columns:
            return np.zeros(size, np.intp)
        wide = [c.codes if len(c.codes) == size else np.broadcast_to(c.codes, (size,)) for c in columns]
        lengths = [len(c.values) for c in columns]
        if math.prod(lengths) > MOST_CELLS:
            return _look_up_each(columns, wide, self._keys, size)
        found: NDArray[Any] = self._table(columns, lengths)[tuple(wide)]
        return found

    def _table(self, columns: list[Coded], lengths: list[int]) -> NDArray[np.int32]:
        """The table of these columns; that of lists of values that last is kept until one of them has grown."""
        kept = self._kept
        if kept is not None and all(
            c.values is values and n <= known
            for c, n, (values, known) in zip(columns, lengths, kept[0], strict=True)
        ):
            return kept[1]
        codes = [_codes_of(c.values[:n]) for c, n in zip(columns, lengths, strict=True)]
        table = np.full(lengths, -1, np.int32)
        for entry, key in enumerate(self._keys):
            for place in product(*(of.get(part, ()) for of, part in zip(codes, key, strict=True))):
                table[place] = entry
        if all(c.lasting for c in columns):
            self._kept = ([(c.values, n) for c, n in zip(columns, lengths, strict=True)], table)
        return table


def _codes_of(values: Sequence[Value]) -> dict[Value, list[int]]:
    found: dict[Value, list[int]] = {}
    for code, value in enumerate(values):
        if value is not None:
            found.setdefault(value, []).append(code)
    return found


def _look_up_each(
    columns: list[Coded], wide: list[NDArray[Any]], keys: list[tuple[Any, ...]], size: int
) -> NDArray[np.intp]:
    entries = {key: n for n, key in enumerate(keys)}
    values = [c.values for c in columns]
    rows = zip(*(w.tolist() for w in wide), strict=True)
    return np.array(
        [entries.get(tuple(v[c] for v, c in zip(values, row, strict=True)), -1) for row in rows], np.intp
    )
