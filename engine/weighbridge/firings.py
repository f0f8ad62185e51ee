"""Which rules hold in which rows of a chunk: sets of rows by rule, and pairs where an index found them.

What only counts rows or puts them together works on the sets; a list of pairs is made when somebody reads it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from weighbridge.bitmaps import Bitmap, RowSet, counts, is_bitmap, places, union
from weighbridge.vectors import Numbers, Rows

Rules = NDArray[np.intp]
Chosen = NDArray[np.bool_]
"""By rule: whether it is meant."""
NO_ROWS: Rows = np.empty(0, np.intp)


class Pairs:
    """(row, rule) pairs, in any order; `in_order` has them by row, then rule."""

    __slots__ = ("_ordered", "rows", "rules")

    def __init__(self, rules: Rules, rows: Rows, ordered: bool = False) -> None:
        self.rules = rules
        self.rows = rows
        self._ordered = self if ordered else None

    def in_order(self) -> Pairs:
        """The same pairs by row, then rule."""
        if self._ordered is None:
            self._ordered = self._sorted()
        return self._ordered

    def where(self, chosen: Chosen) -> Pairs:
        """Those of some rules."""
        kept = chosen[self.rules] if len(self.rules) else np.zeros(0, np.bool_)
        return Pairs(self.rules[kept], self.rows[kept])

    def _sorted(self) -> Pairs:
        if not len(self.rows):
            return self
        bits = max(1, int(self.rules.max()).bit_length())
        keys = (self.rows << bits) | self.rules
        keys.sort()
        return Pairs(keys & ((1 << bits) - 1), keys >> bits, ordered=True)


class Firings:
    """Rules and the rows they hold in, as they are found; each rule and row once."""

    __slots__ = ("_many", "_pairs", "_rows", "_rules", "size")

    def __init__(self, size: int) -> None:
        self.size = size
        self._rules: list[int] = []
        self._rows: list[RowSet] = []
        self._many: list[Pairs] = []
        self._pairs: Pairs | None = None

    @classmethod
    def of_pairs(cls, pairs: Pairs, size: int) -> Firings:
        """What is known as pairs."""
        found = cls(size)
        found._many, found._pairs = [pairs], pairs
        return found

    def add(self, rule: int, rows: RowSet) -> None:
        """A rule holds in some rows."""
        if len(rows):
            self._rules.append(rule)
            self._rows.append(rows)

    def add_pairs(self, rules: Rules, rows: Rows) -> None:
        """Rules and the rows they hold in, pair by pair."""
        if len(rows):
            self._many.append(Pairs(rules, rows))

    @property
    def pairs(self) -> Pairs:
        """All rules and their rows, in no order."""
        if self._pairs is None:
            self._rows = [places(r, self.size) for r in self._rows]
            self._pairs = self._listed()
        return self._pairs

    def of(self, chosen: Chosen) -> Firings:
        """Those of some rules."""
        found = Firings(self.size)
        for rule, rows in zip(self._rules, self._rows, strict=True):
            if chosen[rule]:
                found.add(rule, rows)
        found._many = [p.where(chosen) for p in self._many]
        return found

    def also(self, others: Firings) -> Firings:
        """These and others, of other rules or rows."""
        found = Firings(self.size)
        found._rules, found._rows = self._rules + others._rules, self._rows + others._rows
        found._many = self._many + others._many
        return found

    def rows(self, chosen: Chosen) -> RowSet:
        """The rows in which any of some rules holds."""
        sets = [rows for rule, rows in zip(self._rules, self._rows, strict=True) if chosen[rule]]
        return union([*sets, *(p.where(chosen).rows for p in self._many)], self.size)

    def count(self, chosen: Chosen | None = None) -> NDArray[np.int32]:
        """How many rules hold in each row, of all or of some."""
        meant = self if chosen is None else self.of(chosen)
        found = counts([r.view(np.uint8) for r in meant._rows if is_bitmap(r)], self.size).astype(np.int32)
        listed = meant._listed().rows
        if len(listed):
            found += np.bincount(listed, minlength=self.size).astype(np.int32)
        return found

    def total(self, amounts: Numbers) -> Numbers:
        """The sum of the amounts of the rules that hold in each row; exact where amounts are whole."""
        listed = self._listed()
        weights = amounts[listed.rules]
        found: Numbers = np.bincount(listed.rows, weights=weights, minlength=self.size).astype(np.float64)
        by_amount: dict[float, list[Bitmap]] = {}
        for rule, rows in zip(self._rules, self._rows, strict=True):
            if is_bitmap(rows):
                by_amount.setdefault(float(amounts[rule]), []).append(rows.view(np.uint8))
        for amount, bitmaps in by_amount.items():
            if amount:
                found += counts(bitmaps, self.size) * amount
        return found

    def _listed(self) -> Pairs:
        """Those that are no bitmaps."""
        found = [(rule, r) for rule, r in zip(self._rules, self._rows, strict=True) if not is_bitmap(r)]
        rules = np.repeat(np.array([rule for rule, _ in found], np.intp), [len(r) for _, r in found])
        return Pairs(
            np.concatenate([rules, *(p.rules for p in self._many)]),
            np.concatenate([NO_ROWS, *(r.view(np.intp) for _, r in found), *(p.rows for p in self._many)]),
        )
