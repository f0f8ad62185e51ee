"""Where conditions over one field change: thresholds, listed values, terms, days, missing data."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from weighbridge.evaluate import Evaluator
from weighbridge.rulebook import Rulebook
from weighbridge.scalar import term_list
from weighbridge.tree import (
    Call,
    Compare,
    Const,
    Contains,
    Expr,
    Member,
    Name,
    Type,
    Value,
    children,
    names,
    transform,
    walk,
)
from weighbridge.unparse import literal, unparse

MOST_TERMS = 8
"""Terms of a list that are shown."""

TEXT_TESTS = ("starts_with", "ends_with", "contains", "like", "under")


KINDS = ("number", "date", "flag", "text", "below", "pattern", "terms", "missing", "condition")
"""Kinds of boundaries, in the order in which they are told."""


@dataclass(frozen=True, slots=True)
class Boundary:
    """One place where a condition over a field changes.

    `kind`: number, date, text, below (a path and all under it), pattern, terms, flag, missing, or condition,
    where the field is compared together with others. `value` is shown; `condition` is what says so.
    """

    kind: str
    value: str
    condition: str


def boundaries(book: Rulebook, tree: Expr, field: str, market: str, day: date) -> tuple[Boundary, ...]:
    """The boundaries of a condition for a field, with the parameters of a market on a day put in.

    Derived values that only compute something from the field (a margin, a joined text) are seen through.
    """
    seen = _Reading(book, field, market, day)
    return tuple(dict.fromkeys(seen.of(tree)))


class _Reading:
    def __init__(self, book: Rulebook, field: str, market: str, day: date) -> None:
        self.book = book
        self.field = field
        self.market = market
        self.day = day

    def reads(self, tree: Expr) -> bool:
        """Whether a tree reads the field, itself or through derived values."""
        pending, seen = list(names(tree)), set[str]()
        while pending:
            path = pending.pop()
            if path == self.field:
                return True
            if path in self.book.derived and path not in seen:
                seen.add(path)
                pending += names(self.book.derived[path].tree)
        return False

    def of(self, tree: Expr) -> Iterator[Boundary]:
        """The boundaries in a tree; derived booleans are told where they are defined."""
        if not self.reads(tree):
            return
        match tree:
            case Name(path):
                if path == self.field and tree.type is Type.BOOLEAN:
                    yield Boundary("flag", "true", unparse(tree))
            case Compare(_, left, right):
                yield from self._compared(tree, left, right)
            case Member(item, values):
                if self._is_field(item):
                    for value in sorted(values, key=str):
                        yield self._constant(value, item.type, tree)
                else:
                    yield Boundary("condition", unparse(tree), unparse(tree))
            case Contains(item, options):
                yield from self._listed(tree, item, options)
            case Call("mentions" | "count_mentions", (_, terms)):
                yield from self._terms(tree, terms)
            case Call("is_missing" | "evidence", (inner,)):
                yield Boundary("missing", "", unparse(tree))
                yield from self.of(inner)
            case Call("overlaps", (first, second)):
                yield from self._listed(tree, first, second)
                yield from self._listed(tree, second, first)
            case Call(name, (first, Const(part))) if name in TEXT_TESTS and self._is_field(first):
                kind = "below" if name == "under" else "pattern"
                yield Boundary(kind, str(part) if kind == "below" else unparse(tree), unparse(tree))
            case Call() if tree.type is Type.BOOLEAN and tree.function != "coalesce":
                yield Boundary("condition", unparse(tree), unparse(tree))
            case _:
                yield from self._inside(tree)

    def _is_field(self, tree: Expr) -> bool:
        return isinstance(tree, Name) and tree.path == self.field

    def _constant(self, value: Value, kind: Type, tree: Expr) -> Boundary:
        named = {Type.NUMBER: "number", Type.DATE: "date"}.get(kind, "text")
        shown = value if isinstance(value, str) else literal(value, kind).strip("'")
        return Boundary(named, str(shown), unparse(tree))

    def _compared(self, tree: Compare, left: Expr, right: Expr) -> Iterator[Boundary]:
        for side, other in ((left, right), (right, left)):
            if not self.reads(side):
                continue
            bound = self._solved(side, other)
            if bound is not None:
                yield self._constant(bound, other.type, tree)
            else:
                yield Boundary("condition", self._shown(tree), unparse(tree))
                yield from self._inside(side)
            return

    def _inside(self, tree: Expr) -> Iterator[Boundary]:
        """Terms and tests within what is compared."""
        for part in children(tree):
            yield from self.of(part)

    def _shown(self, tree: Expr) -> str:
        return unparse(transform(tree, self._parameter))

    def _solved(self, side: Expr, other: Expr) -> Value:
        """The value of the field at which both sides are equal; None where it depends on other fields."""
        bound = self._value(other, None)
        if bound is None or self._is_field(side):
            return bound
        if not isinstance(bound, float) or self._others(side):
            return None
        points = [self._value(side, x) for x in (0.0, 1.0, 2.0)]
        if not all(isinstance(p, float) for p in points):
            return None
        zero, one, two = (float(str(p)) for p in points)
        slope = one - zero
        straight = slope != 0 and abs((two - one) - slope) <= 1e-9 * max(1.0, abs(slope))
        return round((bound - zero) / slope, 9) if straight else None

    def _others(self, tree: Expr) -> bool:
        """Whether a tree reads anything of the record besides the field."""
        pending, seen = list(names(tree)), set[str]()
        while pending:
            path = pending.pop()
            if path in self.book.derived and path not in seen:
                seen.add(path)
                pending += names(self.book.derived[path].tree)
            elif path != self.field and path not in seen and not path.startswith("region."):
                return True
        return False

    def _value(self, tree: Expr, at: Value) -> Value:
        """A tree's value where the field is `at` and nothing else of a record is known."""
        return Evaluator(_Values(self, at), lambda *_: None, frozenset()).value(tree)

    def constant(self, path: str) -> Value:
        """A parameter of the market, or what the market is called; None for anything else."""
        if path in ("market", "region.code"):
            return self.market
        if not path.startswith("region."):
            return None
        found = self.book.regions.parameter(self.market, path.removeprefix("region."), self.day)
        return None if found is None else found.value

    def _parameter(self, node: Expr) -> Expr:
        if not isinstance(node, Name) or (
            node.path not in ("market",) and not node.path.startswith("region.")
        ):
            return node
        value = self.constant(node.path)
        return node if value is None else Const(value, node.type)

    def _listed(self, tree: Expr, item: Expr, options: Expr) -> Iterator[Boundary]:
        for side, other in ((item, options), (options, item)):
            if self._is_field(side):
                value = self._value(other, None)
                values = value if isinstance(value, tuple) else (value,)
                known = [v for v in values if isinstance(v, str)]
                yield from (Boundary("text", v, unparse(tree)) for v in known)
                if not known:
                    yield Boundary("condition", unparse(tree), unparse(tree))
                return

    def _terms(self, tree: Expr, terms: Expr) -> Iterator[Boundary]:
        value = self.constant(terms.path) if isinstance(terms, Name) else getattr(terms, "value", None)
        if value is None:
            return
        found = term_list(self.book, value)
        shown = ", ".join(found.terms[:MOST_TERMS])
        more = len(found.terms) - MOST_TERMS
        name = "" if isinstance(value, tuple) else f"terms.{value}: "
        yield Boundary("terms", f"{name}{shown}{f' ... (+{more})' if more > 0 else ''}", unparse(tree))


class _Values(dict[str, Value]):
    """Names as an evaluator asks for them."""

    def __init__(self, reading: _Reading, at: Value) -> None:
        super().__init__({reading.field: at})
        self.reading = reading

    def __missing__(self, path: str) -> Value:
        derived = self.reading.book.derived.get(path)
        if derived is None:
            return self.reading.constant(path)
        return self.reading._value(derived.tree, self[self.reading.field])


def constants_read(tree: Expr) -> bool:
    """Whether a condition reads what differs between markets."""
    return any(
        isinstance(n, Name) and (n.path == "market" or n.path.startswith("region.")) for n in walk(tree)
    )


def by_market(
    book: Rulebook, trees: Iterable[Expr], field: str, markets: Sequence[str], day: date
) -> Mapping[Boundary, tuple[str, ...]]:
    """Every boundary of some conditions, and the markets in which it lies there."""
    found: dict[Boundary, list[str]] = {}
    for tree in trees:
        first: tuple[Boundary, ...] | None = None
        differs = _differs(book, tree)
        for market in markets:
            if first is None or differs:
                first = boundaries(book, tree, field, market, day)
            for boundary in first:
                places = found.setdefault(boundary, [])
                if market not in places:
                    places.append(market)
    return {boundary: tuple(places) for boundary, places in found.items()}


def _differs(book: Rulebook, tree: Expr) -> bool:
    pending, seen = [tree], set[str]()
    while pending:
        part = pending.pop()
        if constants_read(part):
            return True
        for path in names(part):
            if path in book.derived and path not in seen:
                seen.add(path)
                pending.append(book.derived[path].tree)
    return False
