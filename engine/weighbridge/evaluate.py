"""Evaluates a typed tree for one record, node by node, in three-valued logic: what explanations are made of."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from typing import Any

from weighbridge.functions import FUNCTIONS, Function, power
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
    Value,
)

Environment = Mapping[str, Value]
"""Canonical name -> value; None is unknown."""

Mentions = Callable[[str, Expr, Value, Value], Value]
"""(`mentions` or `count_mentions`, text expression, its known value, term list constant) -> the call's value."""


class Evaluator:
    """Evaluates trees over one record's environment. `lineage` decides `in_region`."""

    def __init__(self, environment: Environment, mentions: Mentions, lineage: frozenset[str]) -> None:
        self.environment = environment
        self.mentions = mentions
        self.lineage = lineage
        # By identity, because hashing a tree walks it; the node is kept so that its id stays its own.
        self._values: dict[int, tuple[Expr, Value]] = {}

    def value(self, node: Expr) -> Value:
        """The value of `node`; None is unknown."""
        known = self._values.get(id(node))
        if known is None:
            known = self._values[id(node)] = (node, self._value(node))
        return known[1]

    def _value(self, node: Expr) -> Value:
        match node:
            case Name(path):
                return self.environment[path]
            case Const(value):
                return value
            case Call(name, arguments):
                return self._call(node, name, arguments)
            case Compare(op, left, right):
                a, b = self.value(left), self.value(right)
                return None if a is None or b is None else COMPARISONS[op](a, b)
            case And(operands):
                return self._connective(operands, False)
            case Or(operands):
                return self._connective(operands, True)
            case Not(operand):
                value = self.value(operand)
                return None if value is None else not value
            case Member(item, values):
                value = self.value(item)
                return False if not values else None if value is None else value in values
            case Contains(item, options):
                return self._contains(self.value(item), self.value(options))
            case IfElse(condition, then, other):
                chosen = self.value(condition)
                return None if chosen is None else self.value(then if chosen else other)
            case Arith(op, left, right):
                return arithmetic(op, self.value(left), self.value(right))
            case Negate(operand):
                value = self.value(operand)
                return -value if isinstance(value, float) else None

    def _connective(self, operands: tuple[Expr, ...], decisive: bool) -> Value:
        """Kleene's `and` (decisive False) and `or` (decisive True)."""
        unknown = False
        for operand in operands:
            value = self.value(operand)
            if value is decisive:
                return decisive
            unknown = unknown or value is None
        return None if unknown else not decisive

    def _call(self, node: Call, name: str, arguments: tuple[Expr, ...]) -> Value:
        match name:
            case "mentions" | "count_mentions":
                return self._mentions(name, arguments[0], self.value(arguments[1]))
            case "in_region":
                place = arguments[0]
                return isinstance(place, Const) and place.value in self.lineage
            case "is_missing":
                return self.value(arguments[0]) is None
            case "evidence":
                value = self.value(arguments[0])
                return value if value is None or isinstance(value, bool) else True
            case "coalesce":
                return next((v for a in arguments if (v := self.value(a)) is not None), None)
            case _:
                return self._function(FUNCTIONS[name], [self.value(a) for a in arguments])

    def _function(self, function: Function, values: list[Value]) -> Value:
        if function.implementation is None or (function.strict and any(v is None for v in values)):
            return None
        result: Value = function.implementation(*values)
        return None if isinstance(result, float) and math.isnan(result) else result

    def _contains(self, item: Value, options: Value) -> Value:
        if not isinstance(options, tuple):
            return None
        if not options:
            return False
        return None if item is None else item in options

    def _mentions(self, name: str, text: Expr, terms: Value) -> Value:
        value = self.value(text)
        if value is None or terms is None:
            return None
        return self.mentions(name, text, value, terms)


COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def arithmetic(op: str, a: Value, b: Value) -> float | None:
    """`a op b` for known numbers; None for unknown ones, division by zero and what is no number."""
    if not isinstance(a, float) or not isinstance(b, float):
        return None
    if op in ("/", "//", "%") and b == 0:
        return None
    match op:
        case "+":
            result: float | None = a + b
        case "-":
            result = a - b
        case "*":
            result = a * b
        case "/":
            result = a / b
        case "//":
            result = a // b
        case "%":
            result = a % b
        case _:
            result = power(a, b)
    return None if result is None or math.isnan(result) else result
