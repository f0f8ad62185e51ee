"""Typed expression trees: what every form of a program is made from.

A tree is immutable and compares by structure (positions do not count), so equal conditions of different
rules are one key in a dictionary. `children` and `rebuild` are the only two things a walk needs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal


class Type(Enum):
    """The types of the language; `value` is the word users read and write."""

    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"
    DATE = "date"
    TEXTS = "text_list"
    TERMS = "terms"

    # Members are singletons; Enum's own hash is Python code and shows when trees are hashed by the thousand.
    __hash__ = object.__hash__

    def __str__(self) -> str:
        return "list of text" if self is Type.TEXTS else "term list" if self is Type.TERMS else self.value


# A known value of the language: number -> float, date -> float (proleptic ordinal day), text -> str,
# boolean -> bool, list of text -> tuple[str, ...], term list -> str (its key). None is unknown.
Value = float | bool | str | tuple[str, ...] | None

Range = tuple[int, int]
CompareOp = Literal["==", "!=", "<", "<=", ">", ">="]
ArithOp = Literal["+", "-", "*", "/", "//", "%", "**"]

NEGATED: dict[CompareOp, CompareOp] = {"==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">"}


def _at() -> Range:
    return field(default=(0, 0), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Const:
    """A literal, or a name whose value is fixed in this program. `value` None is the unknown constant."""

    value: Value
    type: Type
    at: Range = _at()


@dataclass(frozen=True, slots=True)
class Name:
    """A declared thing: field, derived value, `market`, `as_of`, `region.x`, `card.tier`, `ruleset.output`."""

    path: str
    type: Type
    at: Range = _at()


@dataclass(frozen=True, slots=True)
class Not:
    """`not operand`."""

    operand: Expr
    at: Range = _at()

    @property
    def type(self) -> Type:
        return Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class And:
    """All operands hold; at least two, none of them an `and`."""

    operands: tuple[Expr, ...]
    at: Range = _at()

    @property
    def type(self) -> Type:
        return Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Or:
    """Any operand holds; at least two, none of them an `or`."""

    operands: tuple[Expr, ...]
    at: Range = _at()

    @property
    def type(self) -> Type:
        return Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers, dates or texts (texts by == and != only). Booleans are compared by and/or/not instead."""

    op: CompareOp
    left: Expr
    right: Expr
    at: Range = _at()

    @property
    def type(self) -> Type:
        return Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Member:
    """`item in (constants)`; all constants are known and of the item's type."""

    item: Expr
    values: frozenset[float | str]
    at: Range = _at()

    @property
    def type(self) -> Type:
        return Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Contains:
    """`item in list`, for a list of text that is only known with the record."""

    item: Expr
    options: Expr
    at: Range = _at()

    @property
    def type(self) -> Type:
        return Type.BOOLEAN


@dataclass(frozen=True, slots=True)
class Arith:
    """Arithmetic of two numbers; the difference of two dates is a number of days."""

    op: ArithOp
    left: Expr
    right: Expr
    type: Type = Type.NUMBER
    at: Range = _at()


@dataclass(frozen=True, slots=True)
class Negate:
    """A number with the other sign."""

    operand: Expr
    at: Range = _at()

    @property
    def type(self) -> Type:
        return Type.NUMBER


@dataclass(frozen=True, slots=True)
class IfElse:
    """`then if condition else other`; unknown where the condition is."""

    condition: Expr
    then: Expr
    other: Expr
    at: Range = _at()

    @property
    def type(self) -> Type:
        return self.then.type


@dataclass(frozen=True, slots=True)
class Call:
    """A function of the table in `functions.py`."""

    function: str
    arguments: tuple[Expr, ...]
    type: Type
    at: Range = _at()


Expr = Const | Name | Not | And | Or | Compare | Member | Contains | Arith | Negate | IfElse | Call

TRUE = Const(True, Type.BOOLEAN)
FALSE = Const(False, Type.BOOLEAN)
UNKNOWN = Const(None, Type.BOOLEAN)


_NOTHING: Callable[[Any], tuple[Expr, ...]] = lambda _node: ()  # noqa: E731
_OPERAND: Callable[[Any], tuple[Expr, ...]] = lambda node: (node.operand,)  # noqa: E731
_OPERANDS: Callable[[Any], tuple[Expr, ...]] = lambda node: node.operands  # noqa: E731
_SIDES: Callable[[Any], tuple[Expr, ...]] = lambda node: (node.left, node.right)  # noqa: E731

# By type, because walks over thousands of rules are what loading spends its time on.
_CHILDREN: dict[type, Callable[[Any], tuple[Expr, ...]]] = {
    Const: _NOTHING,
    Name: _NOTHING,
    Not: _OPERAND,
    Negate: _OPERAND,
    And: _OPERANDS,
    Or: _OPERANDS,
    Compare: _SIDES,
    Arith: _SIDES,
    Member: lambda node: (node.item,),
    Contains: lambda node: (node.item, node.options),
    IfElse: lambda node: (node.condition, node.then, node.other),
    Call: lambda node: node.arguments,
}


def children(node: Expr) -> tuple[Expr, ...]:
    """The direct operands, left to right."""
    return _CHILDREN[type(node)](node)


def rebuild(node: Expr, parts: tuple[Expr, ...]) -> Expr:
    """The same node over other operands."""
    match node:
        case Const() | Name():
            return node
        case Not() | Negate():
            return replace(node, operand=parts[0])
        case And() | Or():
            return replace(node, operands=parts)
        case Compare() | Arith():
            return replace(node, left=parts[0], right=parts[1])
        case Member():
            return replace(node, item=parts[0])
        case Contains():
            return replace(node, item=parts[0], options=parts[1])
        case IfElse():
            return replace(node, condition=parts[0], then=parts[1], other=parts[2])
        case Call():
            return replace(node, arguments=parts)


def transform(node: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The tree with `change` applied to every node, operands first. Unchanged parts are shared."""
    parts = children(node)
    changed = tuple(transform(p, change) for p in parts)
    if any(a is not b for a, b in zip(parts, changed, strict=True)):
        node = rebuild(node, changed)
    return change(node)


def walk(node: Expr) -> Iterator[Expr]:
    """Every node, parents first, left to right."""
    pending = [node]
    while pending:
        current = pending.pop()
        yield current
        pending.extend(reversed(_CHILDREN[type(current)](current)))


SEEN_FOR = "@"
"""Stands between a name and the purposes it is read for, where personal data is held back: see `privacy`."""


def written(path: str) -> str:
    """A path as authors write it: without the document it stands in and the purposes it is read for."""
    return path.partition(SEEN_FOR)[0].rsplit("/", 1)[-1]


def names(node: Expr) -> frozenset[str]:
    """The paths of all names the tree reads."""
    found: set[str] = set()
    pending = [node]
    while pending:
        current = pending.pop()
        if isinstance(current, Name):
            found.add(current.path)
        else:
            pending += _CHILDREN[type(current)](current)
    return frozenset(found)


def conjunction(parts: tuple[Expr, ...]) -> Expr:
    """`and` over any number of conditions."""
    return TRUE if not parts else parts[0] if len(parts) == 1 else And(parts)
