"""Evaluates a typed tree for one record, node by node, in three-valued logic: what explanations are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from weighbridge.functions import FUNCTIONS
from weighbridge.specialise import fold
from weighbridge.tree import And, Call, Const, Contains, Expr, IfElse, Name, Not, Or, Value, children, rebuild

Environment = Mapping[str, Value]
"""Canonical name -> known value; a name that is absent or None is unknown."""

Mentions = Callable[[Expr, Value, Value], int]
"""(text expression, its value, term list constant) -> number of matches."""


class Evaluator:
    """Evaluates trees over one record's environment. `lineage` decides `in_region`."""

    def __init__(self, environment: Environment, mentions: Mentions, lineage: frozenset[str]) -> None:
        self.environment = environment
        self.mentions = mentions
        self.lineage = lineage
        self._values: dict[Expr, Value] = {}

    def value(self, node: Expr) -> Value:
        """The value of `node`; None is unknown."""
        if node not in self._values:
            self._values[node] = self._value(node)
        return self._values[node]

    def _value(self, node: Expr) -> Value:
        match node:
            case Const(value):
                return value
            case Name(path):
                return self.environment.get(path)
            case Not(operand):
                value = self.value(operand)
                return None if value is None else not value
            case And(operands):
                return _kleene([self.value(p) for p in operands], False)
            case Or(operands):
                return _kleene([self.value(p) for p in operands], True)
            case IfElse(condition, then, other):
                chosen = self.value(condition)
                return None if chosen is None else self.value(then if chosen else other)
            case Contains(item, options):
                return self._contains(self.value(item), self.value(options))
            case Call("in_region", (place,)):
                return isinstance(place, Const) and place.value in self.lineage
            case Call("mentions" | "count_mentions" as name, (text, terms)):
                return self._mentions(name, text, self.value(terms))
            case Call(name) if not FUNCTIONS[name].strict and not FUNCTIONS[name].special:
                implementation = FUNCTIONS[name].implementation
                return (
                    None
                    if implementation is None
                    else implementation(*(self.value(a) for a in children(node)))
                )
            case _:
                return self._folded(node)

    def _folded(self, node: Expr) -> Value:
        """Everything else computes on constants exactly as partial evaluation does."""
        parts = tuple(Const(self.value(p), p.type) for p in children(node))
        result = fold(rebuild(node, parts))
        value = result.value if isinstance(result, Const) else None
        return None if isinstance(value, float) and math.isnan(value) else value

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
        count = self.mentions(text, value, terms)
        return count > 0 if name == "mentions" else float(count)


def _kleene(values: list[Any], decisive: bool) -> Value:
    if any(v is decisive for v in values):
        return decisive
    return None if any(v is None for v in values) else not decisive
