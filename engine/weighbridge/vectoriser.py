"""Typed trees and normal forms -> operations over frames: the expressions of the columnar form.

What the language's functions mean is said once, in the function table; here a function is asked once per
distinct combination of its arguments. Only what NumPy computes exactly as Python does, bit for bit, is left to
NumPy: `+ - * / // %`, comparisons, `abs`, `min`, `max`, `floor`, `ceil` and differences of days.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from weighbridge.frames import Frame, Operation
from weighbridge.functions import FUNCTIONS, power
from weighbridge.normal_form import AllOf, AnyOf, Formula, Leaf, when
from weighbridge.rulebook import Rulebook
from weighbridge.scalar import TextScan, term_list
from weighbridge.terms import TermList
from weighbridge.tree import (
    Arith,
    Call,
    Compare,
    Const,
    Contains,
    Expr,
    IfElse,
    Member,
    Name,
    Negate,
    Type,
    Value,
)
from weighbridge.vectors import (
    NUMERIC,
    Coded,
    Fixed,
    Mask,
    Numbers,
    Vector,
    chosen,
    coded,
    combinations,
    entries_where,
    known,
    number,
    numbers,
    of_values,
    rows_coded,
    truths,
)

Test = Callable[[Value], bool]

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "==": np.equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


class Scans:
    """The term lists looked for in one text, by any program of the run: all found in one pass."""

    def __init__(self) -> None:
        self.places: dict[TermList, int] = {}
        self._scan: TextScan | None = None

    def place(self, terms: TermList) -> int:
        """The number of a list; to be asked before the first text is scanned."""
        return self.places.setdefault(terms, len(self.places))

    @property
    def scan(self) -> TextScan:
        """The scanner of all lists."""
        scan = self._scan
        if scan is None or len(scan.lists) != len(self.places):
            scan = self._scan = TextScan(tuple(self.places))
        return scan


class Hits:
    """What was found in the entries of a coded text: for each list the entries with a match."""

    def __init__(self, text: Coded, scan: TextScan) -> None:
        self.text = text
        self.scan = scan
        found: dict[int, set[int]] = {}
        for code, lists in scan.hits_each(text.values):
            for number_ in lists:
                found.setdefault(number_, set()).add(code)
        self.by_list = {number_: sorted(codes) for number_, codes in sorted(found.items())}

    def mask(self, place: int) -> Mask:
        """The rows whose text has a match of a list."""
        return rows_coded(self.text, self.by_list.get(place, ()))

    def counts(self, place: int) -> Numbers:
        """How many matches a list has in each row; NaN for an unknown text."""
        table = np.array([math.nan if v is None else 0.0 for v in self.text.values])
        hits = frozenset((place,))
        for code in self.by_list.get(place, ()):
            value = self.text.values[code]
            assert isinstance(value, str | tuple)
            table[code] = self.scan.count(value, place, hits)
        return table[self.text.codes]


@dataclass(frozen=True, slots=True)
class EntryTest:
    """A test of the entries of something coded: `codes` are those that pass."""

    item: Operation
    codes: Callable[[Coded], list[int]]


class Vectoriser:
    """Makes operations of trees, equal ones once. One serves all programs of a run over one record type.

    `names` maps the names that are not fields (derived values, scores, outputs of other rulesets) to their
    operations; it differs from market to market, the operations need not. Programs may be of several versions of
    a project: what an operation is asked for is said by its key, term lists by what they hold.
    """

    def __init__(self) -> None:
        self.entry_tests: dict[Operation, EntryTest] = {}
        self._operations: dict[Hashable, Operation] = {}
        self._scans: dict[Operation, Scans] = {}

    def operation(self, key: Hashable, run: Callable[[Frame], Any], whole: bool = False) -> Operation:
        """The operation of a key, which says all there is to say about it."""
        found = self._operations.get(key)
        if found is None:
            found = self._operations[key] = Operation(len(self._operations), run, whole)
        else:
            found.shared = True
        return found

    @property
    def searches_texts(self) -> bool:
        """Whether any program looks for terms."""
        return bool(self._scans)

    def scope(self, names: Mapping[str, Operation], book: Rulebook) -> Scope:
        """Compiles trees of a rulebook in which `names` have a meaning."""
        return Scope(self, names, book)

    def scans(self, text: Operation) -> Scans:
        """The lists looked for in a text."""
        found = self._scans.get(text)
        if found is None:
            found = self._scans[text] = Scans()
        return found


class Scope:
    """Compiles the trees of one program."""

    def __init__(self, vectoriser: Vectoriser, names: Mapping[str, Operation], book: Rulebook) -> None:
        self.vectoriser = vectoriser
        self.names = names
        self.book = book
        self._values: dict[Expr, Operation] = {}
        self._tests: dict[Formula, Operation] = {}

    # --- values ---

    def value(self, tree: Expr) -> Operation:
        """The operation that gives a tree's value in every row."""
        found = self._values.get(tree)
        if found is None:
            found = self._values[tree] = self._value(tree)
        else:
            found.shared = True
        return found

    def _value(self, tree: Expr) -> Operation:
        make = self.vectoriser.operation
        match tree:
            case Const(value, kind):
                fixed = Fixed(value)
                return make(("fixed", kind, repr(value)), lambda _: fixed)
            case Name(path):
                return self._name(path)
            case Arith(op, left, right):
                return self._arithmetic(op, self.value(left), self.value(right))
            case Negate(operand):
                x = self.value(operand)
                return make(("negate", x), lambda f: _negated(f.vector(x)))
            case IfElse(condition, then, other) if tree.type is not Type.BOOLEAN:
                return self._if(tree.type, condition, then, other)
            case Call("coalesce", arguments) if tree.type is not Type.BOOLEAN:
                return self._coalesce(tree.type, [self.value(a) for a in arguments])
            case Call("count_mentions", (text, Const(terms))):
                return self._count(self.value(text), terms)
            case Call(name) if not FUNCTIONS[name].special:
                return self._call(tree)
            case _:
                yes, no = self.test(when(tree, True)), self.test(when(tree, False))
                return make(("truths", yes, no), lambda f: truths(f.mask(yes), f.mask(no)))

    def _name(self, path: str) -> Operation:
        found = self.names.get(path)
        if found is None:
            return self.vectoriser.operation(("field", path), lambda f: f.column(path))
        found.shared = True
        return found

    def _arithmetic(self, op: str, left: Operation, right: Operation) -> Operation:
        if op == "**":
            return self._function(("**",), power, True, Type.NUMBER, [left, right])
        compute = ARITHMETIC[op]
        return self.vectoriser.operation(
            (op, left, right), lambda f: compute(number(f.vector(left)), number(f.vector(right)))
        )

    def _if(self, kind: Type, condition: Expr, then: Expr, other: Expr) -> Operation:
        yes, no = self.test(when(condition, True)), self.test(when(condition, False))
        a, b = self.value(then), self.value(other)

        def run(frame: Frame) -> Vector:
            otherwise = chosen(frame.mask(no), frame.vector(b), Fixed(None), kind)
            return chosen(frame.mask(yes), frame.vector(a), otherwise, kind)

        return self.vectoriser.operation(("if", yes, no, a, b), run)

    def _coalesce(self, kind: Type, parts: list[Operation]) -> Operation:
        def run(frame: Frame) -> Vector:
            found = frame.vector(parts[-1])
            for part in reversed(parts[:-1]):
                value = frame.vector(part)
                found = chosen(known(value, frame.size), value, found, kind)
            return found

        return self.vectoriser.operation(("coalesce", *parts), run)

    def _call(self, node: Call) -> Operation:
        function = FUNCTIONS[node.function]
        arguments = [self.value(a) for a in node.arguments]
        exact = EXACT.get(node.function)
        if exact is not None:
            return self.vectoriser.operation(
                (node.function, *arguments), lambda f: exact(*[number(f.vector(a)) for a in arguments])
            )
        assert function.implementation is not None
        return self._function(
            (node.function,), function.implementation, function.strict, node.type, arguments
        )

    def _function(
        self,
        key: tuple[Hashable, ...],
        function: Callable[..., Any],
        strict: bool,
        kind: Type,
        arguments: Sequence[Operation],
    ) -> Operation:
        def answer(values: Sequence[Value]) -> Value:
            if strict and None in values:
                return None
            result: Value = function(*values)
            return None if result != result else result

        def run(frame: Frame) -> Vector:
            return _once_each(operation, answer, kind, [frame.vector(a) for a in arguments], frame.size)

        operation = self.vectoriser.operation(("call", *key, kind, *arguments), run, whole=True)
        return operation

    # --- terms in texts ---

    def _hits(self, text: Operation) -> Operation:
        scans = self.vectoriser.scans(text)

        def run(frame: Frame) -> Hits:
            return Hits(coded(frame.vector(text), frame.size), scans.scan)

        return self.vectoriser.operation(("hits", text), run, whole=True)

    def found(self, text: Operation) -> Callable[[Frame], Hits]:
        """What is found in a text of a chunk."""
        hits = self._hits(text)
        return lambda frame: of_chunk(frame, hits)

    def place(self, text: Operation, terms: Value) -> int:
        """The number of a list among those looked for in a text."""
        return self.vectoriser.scans(text).place(term_list(self.book, terms))

    def mentions(self, text: Operation, place: int) -> Operation:
        """The test "the text has a match of the list of this number"; computed for the whole chunk."""
        hits = self._hits(text)
        return self.vectoriser.operation(
            ("mentions", text, place), lambda f: of_chunk(f, hits).mask(place), whole=True
        )

    def _count(self, text: Operation, terms: Value) -> Operation:
        place = self.place(text, terms)
        hits = self._hits(text)
        return self.vectoriser.operation(
            ("count", text, place), lambda f: of_chunk(f, hits).counts(place), whole=True
        )

    # --- tests ---

    def test(self, formula: Formula) -> Operation:
        """The operation that tells in which rows a formula holds. Its result must not be changed."""
        found = self._tests.get(formula)
        if found is None:
            found = self._tests[formula] = self._test(formula)
        else:
            found.shared = True
        return found

    def _test(self, formula: Formula) -> Operation:
        make = self.vectoriser.operation
        if isinstance(formula, Leaf):
            return self._leaf(formula.test, formula.wanted)
        parts = [self.test(part) for part in formula.parts]
        if isinstance(formula, AllOf):
            # Terms are rare: where none of a list is found in a whole chunk, nothing else need be asked.
            parts.sort(key=lambda p: not p.whole)
            return make(("all", *parts), lambda f: _all(f, parts))
        assert isinstance(formula, AnyOf)
        return make(("any", *parts), lambda f: _any(f, parts))

    def _leaf(self, test: Expr, wanted: bool) -> Operation:
        make = self.vectoriser.operation
        match test:
            case Const(value):
                return make(("always", value is wanted), lambda f: np.full(f.size, value is wanted))
            case Compare(op, left, right) if left.type in NUMERIC:
                a, b, compare = self.value(left), self.value(right), COMPARE[op]
                if isinstance(right, Const) and isinstance(right.value, float):
                    bound = right.value
                    return make(("compare", op, a, b), lambda f: _bounded(f, compare, a, bound))
                return make(("compare", op, a, b), lambda f: _compared(f, compare, a, b))
            case Compare(_, left, right):
                return self._equality(left, right, wanted)
            case Member(item, values) if item.type in NUMERIC:
                x = self.value(item)
                return make(("number in", x, values, wanted), lambda f: _one_of(f, x, values, wanted))
            case Member(item, values):
                if not wanted and not values:
                    return self._leaf(Const(True, Type.BOOLEAN), True)
                return self._where(
                    item, ("in", values, wanted), lambda v: v in values if wanted else v not in values
                )
            case Contains(item, options):
                found = self._function(
                    ("contains",), _contains, False, Type.BOOLEAN, [self.value(item), self.value(options)]
                )
                return self._truth(found, wanted)
            case Call("is_missing", (x,)) if x.type is Type.BOOLEAN and not isinstance(x, Name):
                yes, no = self.test(when(x, True)), self.test(when(x, False))
                either = make(("any", yes, no), lambda f: _any(f, [yes, no]))
                return make(("not", either), lambda f: ~f.mask(either)) if wanted else either
            case Call("is_missing", (x,)):
                return self.missing(x, wanted)
            case Call("mentions", (text, Const(terms))):
                return self._mentioned(text, terms, wanted)
            case _:
                return self._truth(self.value(test), wanted)

    def missing(self, node: Expr, wanted: bool = True) -> Operation:
        """The test "the value is unknown" (wanted) or "it is known"."""
        x = self.value(node)
        if node.type not in NUMERIC:
            return self._entries(x, ("missing", wanted), lambda v: (v is None) is wanted)
        if wanted:
            return self.vectoriser.operation(("missing", x), lambda f: ~known(f.vector(x), f.size))
        return self.vectoriser.operation(("known", x), lambda f: known(f.vector(x), f.size))

    def _mentioned(self, node: Expr, terms: Value, wanted: bool) -> Operation:
        text = self.value(node)
        found = self.mentions(text, self.place(text, terms))
        if wanted:
            return found
        there = self.missing(node, False)
        return self.vectoriser.operation(
            ("not mentioned", found, there), lambda f: f.mask(there) & ~f.mask(found)
        )

    def _truth(self, x: Operation, wanted: bool) -> Operation:
        return self._entries(x, ("is", wanted), lambda v: v is wanted)

    def _where(self, item: Expr, key: tuple[Hashable, ...], test: Test) -> Operation:
        """A test of the known values of something coded."""
        return self._entries(self.value(item), key, lambda v: v is not None and test(v))

    def _entries(self, x: Operation, key: tuple[Hashable, ...], test: Test) -> Operation:
        def codes(vector: Coded) -> list[int]:
            return _entries_kept(operation, vector, test)

        def run(frame: Frame) -> Mask:
            vector = coded(frame.vector(x), frame.size)
            return rows_coded(vector, codes(vector))

        operation = self.vectoriser.operation(("entries", x, *key), run)
        self.vectoriser.entry_tests.setdefault(operation, EntryTest(x, codes))
        return operation

    def _equality(self, left: Expr, right: Expr, wanted: bool) -> Operation:
        if isinstance(left, Const):
            left, right = right, left
        if isinstance(right, Const):
            text = right.value
            return self._where(
                left, ("equals", text, wanted), lambda v: text is not None and (v == text) is wanted
            )
        a, b = self.value(left), self.value(right)
        return self.vectoriser.operation(
            ("same", a, b, wanted), lambda f: _same(f.vector(a), f.vector(b), f.size, wanted)
        )


# --- how operations compute -----------------------------------------------------------------------------


def of_chunk(frame: Frame, operation: Operation) -> Any:
    """A result that belongs to the whole chunk."""
    while frame.parent is not None:
        frame = frame.parent
    return frame.get(operation)


def _negated(vector: Vector) -> Vector:
    x = number(vector)
    return _result(-x)


def _result(x: Any) -> Vector:
    return x if isinstance(x, np.ndarray) else Fixed(None if x != x else float(x))


def _guarded(compute: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Vector]:
    """Division by zero is unknown."""

    def run(a: Any, b: Any) -> Vector:
        return _result(np.where(np.equal(b, 0.0), math.nan, compute(a, b))[()])

    return run


ARITHMETIC: dict[str, Callable[[Any, Any], Vector]] = {
    "+": lambda a, b: _result(np.add(a, b)),
    "-": lambda a, b: _result(np.subtract(a, b)),
    "*": lambda a, b: _result(np.multiply(a, b)),
    "/": _guarded(np.divide),
    "//": _guarded(np.floor_divide),
    "%": _guarded(np.remainder),
}


def _extreme(compare: Callable[[Any, Any], Any]) -> Callable[..., Vector]:
    """Python's `min` and `max`: the first of equal numbers; unknown where any is."""

    def run(first: Any, *rest: Any) -> Vector:
        best = first
        unknown = np.isnan(first)
        for x in rest:
            best = np.where(compare(x, best), x, best)
            unknown = unknown | np.isnan(x)
        return _result(np.where(unknown, math.nan, best)[()])

    return run


EXACT: dict[str, Callable[..., Vector]] = {
    "abs": lambda x: _result(np.absolute(x)),
    "floor": lambda x: _result(np.floor(x) + 0.0),
    "ceil": lambda x: _result(np.ceil(x) + 0.0),
    "days_between": lambda start, end: _result(np.subtract(end, start)),
    "min": _extreme(np.less),
    "max": _extreme(np.greater),
}
"""Functions that NumPy computes exactly as the function table does. (Adding 0.0 turns -0.0 into 0.0, which
whole numbers are in Python.)"""


def _compared(frame: Frame, compare: Callable[[Any, Any], Any], a: Operation, b: Operation) -> Mask:
    found = compare(number(frame.vector(a)), number(frame.vector(b)))
    return found if isinstance(found, np.ndarray) else np.full(frame.size, found)


def _bounded(frame: Frame, compare: Callable[[Any, Any], Any], a: Operation, bound: float) -> Mask:
    x = frame.vector(a)
    if isinstance(x, np.ndarray):
        found: Mask = compare(x, bound)
        return found
    return np.full(frame.size, compare(number(x), bound))


def _one_of(frame: Frame, x: Operation, values: frozenset[Any], wanted: bool) -> Mask:
    vector = numbers(frame.vector(x), frame.size)
    found: Mask = np.isin(vector, list(values)) if values else np.zeros(frame.size, np.bool_)
    if wanted:
        return found
    return ~found & ~np.isnan(vector) if values else np.ones(frame.size, np.bool_)


def _contains(item: Value, options: Value) -> bool | None:
    if not isinstance(options, tuple):
        return None
    if not options:
        return False
    return None if item is None else item in options


def _all(frame: Frame, parts: Sequence[Operation]) -> Mask:
    if not parts:
        return np.ones(frame.size, np.bool_)
    found = frame.mask(parts[0])
    for count, part in enumerate(parts[1:]):
        if not np.count_nonzero(found):
            break
        found = found & frame.mask(part) if count == 0 else np.logical_and(found, frame.mask(part), out=found)
    return found


def _any(frame: Frame, parts: Sequence[Operation]) -> Mask:
    if not parts:
        return np.zeros(frame.size, np.bool_)
    found = frame.mask(parts[0])
    for count, part in enumerate(parts[1:]):
        found = found | frame.mask(part) if count == 0 else np.logical_or(found, frame.mask(part), out=found)
    return found


def _same(a: Vector, b: Vector, size: int, wanted: bool) -> Mask:
    """Where two known texts are equal, or differ."""
    left, right = coded(a, size), coded(b, size)
    places: dict[Value, int] = {}
    codes_of_right = np.array([places.setdefault(v, len(places)) for v in right.values], np.int32)
    codes_of_left = np.array([places.get(v, -1) for v in left.values], np.int32)
    equal = codes_of_left[left.codes] == codes_of_right[right.codes]
    both: Mask = known(left, size) & known(right, size)
    found: Mask = both & (equal if wanted else ~equal)
    return found


def _entries_kept(operation: Operation, vector: Coded, test: Test) -> list[int]:
    """The entries that pass; kept for lists of values that last."""
    values = vector.values
    if not vector.lasting:
        return entries_where(values, test)
    length = len(values)
    kept = operation.kept
    if kept is None or kept[0] is not values or kept[1] < length:
        kept = operation.kept = (values, length, entries_where(values[:length], test))
    found: list[int] = kept[2]
    return found


def _once_each(
    operation: Operation,
    answer: Callable[[Sequence[Value]], Value],
    kind: Type,
    arguments: Sequence[Vector],
    size: int,
) -> Vector:
    """A function's value in every row, asked once for each distinct combination of arguments."""
    varying = [v for v in arguments if not isinstance(v, Fixed)]
    if len(varying) == 1 and isinstance(varying[0], Coded):
        return _per_entry(operation, answer, kind, arguments, varying[0])
    places, found = combinations(arguments, size)
    result = of_values([answer(values) for values in found], kind)
    if places is None:
        return result
    if isinstance(result, Coded):
        return Coded(result.codes[places], result.values)
    assert not isinstance(result, Fixed)
    return result[places]


def _per_entry(
    operation: Operation,
    answer: Callable[[Sequence[Value]], Value],
    kind: Type,
    arguments: Sequence[Vector],
    vector: Coded,
) -> Vector:
    def ask(value: Value) -> Value:
        return answer([a.value if isinstance(a, Fixed) else value for a in arguments])

    length = len(vector.values)
    kept = operation.kept
    if vector.lasting and kept is not None and kept[0] is vector.values and len(kept[1]) >= length:
        answers: list[Value] = kept[1]
    else:
        answers = [ask(value) for value in vector.values[:length]]
        if vector.lasting:
            operation.kept = (vector.values, answers)
    if kind in NUMERIC:
        return np.array([math.nan if v is None else v for v in answers], np.float64)[vector.codes]
    # The first entry must be the unknown one, which an answer about an unknown argument need not be.
    return Coded(vector.codes, answers) if answers[0] is None else _shifted(vector, answers)


def _shifted(vector: Coded, answers: list[Value]) -> Coded:
    result = of_values(answers, Type.TEXT)
    assert isinstance(result, Coded)
    return Coded(result.codes[vector.codes], result.values)


__all__ = ["Scope", "Vectoriser"]
