"""The numbers in an expression, and simple conditions taken apart: what a form can show of an expression.

Only text is looked at, by the grammar that expressions share with Python; nothing is evaluated.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

MAX_LENGTH = 10_000
"""Longer expressions are not taken apart; loading refuses them anyway."""

OPERATORS = ("==", "!=", "<", "<=", ">", ">=", "in", "not in")
"""The operators of simple conditions."""

_COMPARE: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_NAME = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*\Z")


@dataclass(frozen=True, slots=True)
class Threshold:
    """A number written in an expression: its place in the text (in characters) and the comparison around it."""

    start: int
    end: int
    value: float
    around: str


@dataclass(frozen=True, slots=True)
class Named:
    """A value that is another name: the limit of a market in `price > region.price_limit`."""

    name: str


@dataclass(frozen=True, slots=True)
class SimpleCondition:
    """`name operator value`, where the value is a number, text, boolean, list of texts, or another name."""

    name: str
    operator: str
    value: Any


def thresholds(text: str) -> tuple[Threshold, ...]:
    """The numbers of an expression, in order; none where it cannot be read."""
    tree = _parsed(text)
    if tree is None:
        return ()
    lines = _Lines(text)
    found: list[Threshold] = []
    for signed, parent in _with_parents(tree):
        start, end = lines.span(signed)
        first, last = lines.span(parent)
        value = ast.literal_eval(signed)
        found.append(Threshold(start, end, float(value), " ".join(text[first:last].split())))
    return tuple(sorted(found, key=lambda t: t.start))


def with_threshold(text: str, index: int, value: float) -> str:
    """The expression with its number `index` replaced. Raises `IndexError`."""
    at = thresholds(text)[index]
    return text[: at.start] + number_text(value) + text[at.end :]


def number_text(value: float) -> str:
    """A number as expressions write it."""
    return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(float(value))


def simple_conditions(text: str) -> tuple[SimpleCondition, ...] | None:
    """The parts of a condition that is one comparison, or several joined by `and`; None for any other."""
    tree = _parsed(text)
    if tree is None:
        return None
    parts = tree.values if isinstance(tree, ast.BoolOp) and isinstance(tree.op, ast.And) else [tree]
    found = [_simple(part) for part in parts]
    return None if None in found else tuple(c for c in found if c is not None)


def condition_text(conditions: Sequence[SimpleCondition]) -> str:
    """The expression of simple conditions."""
    return " and ".join(_written(c) for c in conditions)


def _written(condition: SimpleCondition) -> str:
    if condition.operator == "==" and condition.value is True:
        return condition.name
    if condition.operator == "==" and condition.value is False:
        return f"not {condition.name}"
    return f"{condition.name} {condition.operator} {value_text(condition.value)}"


def value_text(value: Any) -> str:
    """A value as expressions write it."""
    if isinstance(value, Named):
        return value.name
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return number_text(float(value))
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "[" + ", ".join(value_text(v) for v in value) + "]"


def _simple(node: ast.expr) -> SimpleCondition | None:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        name = _name(node.operand)
        return None if name is None else SimpleCondition(name, "==", False)
    name = _name(node)
    if name is not None and name not in ("true", "false"):
        return SimpleCondition(name, "==", True)
    if not isinstance(node, ast.Compare) or len(node.ops) != 1:
        return None
    name, operator = _name(node.left), _COMPARE.get(type(node.ops[0]))
    found, value = _value(node.comparators[0])
    if name is None or operator is None or not found:
        return None
    # A list that has a name may be a list of texts or a term list: only an expression says which.
    if (operator in ("in", "not in")) is not isinstance(value, tuple):
        return None
    return SimpleCondition(name, operator, value)


def _name(node: ast.expr) -> str | None:
    text = ast.unparse(node) if isinstance(node, ast.Name | ast.Attribute) else ""
    return text if _NAME.match(text) else None


def _value(node: ast.expr) -> tuple[bool, Any]:
    if isinstance(node, ast.Name) and node.id in ("true", "false"):
        return True, node.id == "true"
    if (other := _name(node)) is not None:
        return True, Named(other)
    if isinstance(node, ast.List):
        items = [_value(item) for item in node.elts]
        texts = all(found and isinstance(value, str) for found, value in items)
        return (True, tuple(value for _, value in items)) if texts and items else (False, None)
    sign = -1 if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else 1
    inner = node.operand if isinstance(node, ast.UnaryOp) and sign < 0 else node
    if not isinstance(inner, ast.Constant):
        return False, None
    if isinstance(inner.value, int | float) and not isinstance(inner.value, bool):
        return True, sign * inner.value
    return (True, inner.value) if isinstance(inner.value, str) and sign > 0 else (False, None)


def _parsed(text: str) -> ast.expr | None:
    if len(text) > MAX_LENGTH:
        return None
    try:
        return ast.parse(f"({text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None


def _with_parents(tree: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    """Every number with its sign, and the smallest expression around both."""
    found: list[tuple[ast.expr, ast.expr]] = []
    pending: list[tuple[ast.expr, ast.expr]] = [(tree, tree)]
    while pending:
        node, parent = pending.pop()
        inner = node.operand if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub) else node
        if isinstance(inner, ast.Constant):
            if isinstance(inner.value, int | float) and not isinstance(inner.value, bool):
                found.append((node, parent))
            continue
        children = [c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr)]
        pending += [(child, node) for child in children]
    return found


class _Lines:
    """Places of a syntax tree (lines, bytes of UTF-8) as characters of the text in front of which `(` was put."""

    def __init__(self, text: str) -> None:
        self.lines = f"({text}\n)".split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def span(self, node: ast.expr) -> tuple[int, int]:
        """First character and the one behind the last."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _at(self, line: int, column: int) -> int:
        before = self.lines[line - 1].encode("utf-8")[:column].decode("utf-8")
        return self.starts[line - 1] + len(before) - 1
