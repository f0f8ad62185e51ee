"""Three-valued logic compiled away: when is an expression *known* to be true, when known to be false.

`when(node, True)` and `when(node, False)` are two-valued formulas over leaves, each leaf false where its data
is unknown. An expression is unknown exactly where both are false. Negation is pushed down to the leaves
(Kleene's tables make that exact), so the formulas have only `AllOf`, `AnyOf` and `Leaf`.
"""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.tree import NEGATED, And, Call, Compare, Const, Expr, IfElse, Not, Or, Type


@dataclass(frozen=True, slots=True)
class Leaf:
    """`test` is known to be `wanted`."""

    test: Expr
    wanted: bool


@dataclass(frozen=True, slots=True)
class AllOf:
    """All parts hold; always, if there are none."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Any part holds; never, if there are none."""

    parts: tuple[Formula, ...]


Formula = Leaf | AllOf | AnyOf
ALWAYS = AllOf(())
NEVER = AnyOf(())


def all_of(parts: list[Formula]) -> Formula:
    """Conjunction, flattened; a part that is never true makes it never true; equal parts once."""
    flat: dict[Formula, None] = {}
    for part in parts:
        if part == NEVER:
            return NEVER
        flat.update(dict.fromkeys(part.parts if isinstance(part, AllOf) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else AllOf(tuple(flat))


def any_of(parts: list[Formula]) -> Formula:
    """Disjunction, flattened; a part that is always true makes it always true; equal parts once."""
    flat: dict[Formula, None] = {}
    for part in parts:
        if part == ALWAYS:
            return ALWAYS
        flat.update(dict.fromkeys(part.parts if isinstance(part, AnyOf) else (part,)))
    return next(iter(flat)) if len(flat) == 1 else AnyOf(tuple(flat))


def when(node: Expr, wanted: bool) -> Formula:
    """The formula that holds exactly where the boolean `node` is known to be `wanted`."""
    match node:
        case Const(value):
            return ALWAYS if value is wanted else NEVER
        case Not(operand):
            return when(operand, not wanted)
        case And(operands):
            parts = [when(p, wanted) for p in operands]
            return all_of(parts) if wanted else any_of(parts)
        case Or(operands):
            parts = [when(p, wanted) for p in operands]
            return any_of(parts) if wanted else all_of(parts)
        case IfElse(condition, then, other):
            return any_of(
                [
                    all_of([when(condition, True), when(then, wanted)]),
                    all_of([when(condition, False), when(other, wanted)]),
                ]
            )
        case Compare():
            return _comparison(node, wanted)
        case Call("is_missing", (x,)):
            return missing(x, wanted)
        case Call("evidence", (x,)):
            if x.type is Type.BOOLEAN:
                return when(x, wanted)
            return missing(x, False) if wanted else NEVER
        case Call("coalesce", arguments):
            first, rest = arguments[0], arguments[1:]
            if not rest:
                return when(first, wanted)
            later = when(Call("coalesce", rest, Type.BOOLEAN, node.at), wanted)
            return any_of([when(first, wanted), all_of([missing(first, True), later])])
        case _:
            return Leaf(node, wanted)


def missing(x: Expr, wanted: bool) -> Formula:
    """The formula for "x is unknown" (wanted) or "x is known". Never undecided, so one negates the other."""
    if isinstance(x, Const):
        return ALWAYS if (x.value is None) is wanted else NEVER
    if x.type is Type.BOOLEAN and not wanted:
        return any_of([when(x, True), when(x, False)])
    return Leaf(Call("is_missing", (x,), Type.BOOLEAN), wanted)


def _comparison(node: Compare, wanted: bool) -> Formula:
    op = node.op if wanted else NEGATED[node.op]
    if node.left.type is Type.TEXT:
        return Leaf(Compare("==", node.left, node.right), op == "==")
    if op == "!=":
        # NaN differs from everything in IEEE arithmetic; unknown must not. Two order tests are false for NaN.
        return any_of(
            [Leaf(Compare("<", node.left, node.right), True), Leaf(Compare(">", node.left, node.right), True)]
        )
    return Leaf(Compare(op, node.left, node.right), True)
