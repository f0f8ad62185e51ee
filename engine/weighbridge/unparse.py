"""Typed trees -> expression text, as a user would write them."""

from __future__ import annotations

from datetime import date

from weighbridge.templates import show_number
from weighbridge.tree import (
    And,
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
    Not,
    Or,
    Type,
    Value,
    written,
)


def unparse(node: Expr) -> str:
    """The text of `node`; compiling it in the same scope gives an equal tree (constants of regions aside)."""
    match node:
        case Const(value, kind):
            return literal(value, kind)
        case Name(path):
            return written(path)
        case Not(operand):
            return f"not {_wrapped(operand)}"
        case And(operands):
            return " and ".join(_wrapped(p) for p in operands)
        case Or(operands):
            return " or ".join(_wrapped(p) for p in operands)
        case Compare(op, left, right):
            return f"{_wrapped(left)} {op} {_wrapped(right)}"
        case Member(item, values):
            shown = ", ".join(literal(v, item.type) for v in sorted(values, key=str))
            return f"{_wrapped(item)} in [{shown}]"
        case Contains(item, options):
            return f"{_wrapped(item)} in {_wrapped(options)}"
        case Arith(op, left, right):
            return f"{_wrapped(left)} {op} {_wrapped(right)}"
        case Negate(operand):
            return f"-{_wrapped(operand)}"
        case IfElse(condition, then, other):
            return f"{_wrapped(then)} if {_wrapped(condition)} else {_wrapped(other)}"
        case Call(function, arguments):
            return f"{function}({', '.join(unparse(a) for a in arguments)})"


def _wrapped(node: Expr) -> str:
    text = unparse(node)
    # -7 ** 2 is -(7 ** 2), so a negative constant is wrapped like an operation.
    return text if isinstance(node, Const | Name | Call) and not text.startswith("-") else f"({text})"


def literal(value: Value, kind: Type) -> str:
    """A constant as it stands in an expression."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(date.fromordinal(int(value)).isoformat()) if kind is Type.DATE else _number(value)
    if isinstance(value, tuple):
        return "[" + ", ".join(repr(v) for v in value) + "]"
    return f"terms.{value}" if kind is Type.TERMS else repr(value)


def _number(value: float) -> str:
    short = show_number(value)
    return short if float(short) == value else repr(value)
