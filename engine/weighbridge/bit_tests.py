"""Normal forms -> operations that give bitmaps: the tests of a program that are asked of all rows of a chunk.

Where a rule is undecided is found beside where it fires: a condition is *possible* where it is not known to fail, which
for a test is where it holds or what it reads is unknown, so that nothing is compared twice. Possible, but not known
to hold, is undecided.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from weighbridge.bitmaps import Bitmap, bitmap, every_row, joined, no_row
from weighbridge.conditions import Facts
from weighbridge.frames import Frame, Operation
from weighbridge.normal_form import AllOf, Formula, Leaf, when
from weighbridge.tree import And, Call, Compare, Const, Expr, Member, Name, Not, Or
from weighbridge.vectoriser import Scope
from weighbridge.vectors import Coded, coded, rows_coded

MOST_ENTRIES = 16
"""A test of more entries than this is a look-up per row."""


class Entries:
    """The rows of a coded vector by entry, each bitmap made when it is first asked for."""

    __slots__ = ("_found", "vector")

    def __init__(self, vector: Coded) -> None:
        self.vector = vector
        self._found: dict[int, Bitmap] = {}

    def rows(self, codes: Sequence[int]) -> Bitmap:
        """The rows that have one of these codes."""
        if not codes:
            return no_row(len(self.vector.codes))
        rest = len(self.vector.values) - len(codes)
        if min(len(codes), rest) > MOST_ENTRIES:
            return bitmap(rows_coded(self.vector, codes))
        if rest < len(codes):
            left_out = set(range(len(self.vector.values))).difference(codes)
            return every_row(len(self.vector.codes)) & ~self.rows(sorted(left_out))
        return joined(np.bitwise_or, map(self._row, codes))

    def _row(self, code: int) -> Bitmap:
        found = self._found.get(code)
        if found is None:
            found = self._found[code] = bitmap(self.vector.codes == code)
        return found


class BitTests:
    """Compiles the tests of one program to operations that give bitmaps."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._tests: dict[Formula, Operation] = {}
        self._possibles: dict[tuple[Expr, bool], Operation] = {}

    def test(self, formula: Formula) -> Operation:
        """The rows in which a formula holds. The result must not be changed."""
        found = self._tests.get(formula)
        if found is None:
            found = self._tests[formula] = self._test(formula)
        else:
            found.shared = True
        return found

    def undecided(self, condition: Facts) -> Operation:
        """The rows in which a condition is neither known to hold nor known not to."""
        holds, possible = self.test(condition.holds), self._possible(condition.tree, True)
        # What holds is possible, so that the difference is what one has and the other has not.
        return self.scope.vectoriser.operation(
            ("undecided", holds, possible), lambda f: rows_of(f, possible) ^ rows_of(f, holds)
        )

    def lacking(self, read: Sequence[Expr]) -> Operation:
        """The rows in which any of some values is unknown."""
        return _shared(self._any_of([self._unknown(x) for x in read]))

    def _possible(self, node: Expr, wanted: bool) -> Operation:
        """The rows in which a condition is not known to be the opposite of `wanted`."""
        found = self._possibles.get((node, wanted))
        if found is None:
            found = self._possibles[node, wanted] = self._possible_of(node, wanted)
        return _shared(found)

    def _possible_of(self, node: Expr, wanted: bool) -> Operation:
        match node:
            case Not(operand):
                return self._possible(operand, not wanted)
            case And(operands) | Or(operands):
                parts = [self._possible(part, wanted) for part in operands]
                return self._all_of(parts) if isinstance(node, And) is wanted else self._any_of(parts)
        read = _reads(node)
        if read is not None:
            return self._any_of([self.test(when(node, wanted)), *(self._unknown(x) for x in read)])
        against = self.test(when(node, not wanted))
        return self.scope.vectoriser.operation(
            ("bits not", against), lambda f: every_row(f.size) & ~rows_of(f, against)
        )

    def _test(self, formula: Formula) -> Operation:
        if isinstance(formula, Leaf):
            return self._of_test(self.scope.test(formula))
        parts = [self.test(part) for part in formula.parts]
        return self._all_of(parts) if isinstance(formula, AllOf) else self._any_of(parts)

    def _all_of(self, parts: Sequence[Operation]) -> Operation:
        return self.scope.vectoriser.operation(("all bits", *parts), lambda f: _all(f, parts))

    def _any_of(self, parts: Sequence[Operation]) -> Operation:
        return self.scope.vectoriser.operation(("any bits", *parts), lambda f: _any(f, parts))

    def _of_test(self, test: Operation) -> Operation:
        make = self.scope.vectoriser.operation
        of_entries = self.scope.vectoriser.entry_tests.get(test)
        if of_entries is None:
            return make(("bits", test), lambda f: bitmap(f.mask(test)))
        entries, codes = self._entries(of_entries.item), of_entries.codes
        return make(("bits of entries", test), lambda f: _rows(f.get(entries), codes))

    def _entries(self, item: Operation) -> Operation:
        return _shared(
            self.scope.vectoriser.operation(
                ("bits by entry", item), lambda f: Entries(coded(f.vector(item), f.size))
            )
        )

    def _unknown(self, x: Expr) -> Operation:
        return _shared(self._of_test(self.scope.missing(x)))


def _reads(test: Expr) -> list[Expr] | None:
    """What must be known for a test to be known, and is enough; None where that is another matter."""
    match test:
        case Compare(_, left, right):
            read = [left, right]
        case Member(item, values) if values:
            read = [item]
        case Call("mentions", (text, Const())):
            read = [text]
        case Name():
            read = [test]
        case _:
            return None
    if any(isinstance(x, Const) and x.value is None for x in read):
        return None
    return [x for x in read if not isinstance(x, Const)]


def _shared(operation: Operation) -> Operation:
    operation.shared = True
    return operation


def rows_of(frame: Frame, operation: Operation) -> Bitmap:
    """The rows that an operation of `BitTests` finds."""
    found: Bitmap = frame.get(operation)
    return found


def _rows(entries: Entries, codes: Callable[[Coded], list[int]]) -> Bitmap:
    return entries.rows(codes(entries.vector))


def _all(frame: Frame, parts: Sequence[Operation]) -> Bitmap:
    return (
        joined(np.bitwise_and, (rows_of(frame, part) for part in parts)) if parts else every_row(frame.size)
    )


def _any(frame: Frame, parts: Sequence[Operation]) -> Bitmap:
    return joined(np.bitwise_or, (rows_of(frame, part) for part in parts)) if parts else no_row(frame.size)


__all__ = ["BitTests", "rows_of"]
