"""The reference interpreter: simpleeval with three-valued operators, straight over the syntax tree.

Slow and simple on purpose. It shares no code with the compiled forms beyond the implementations in the
function table and the term matcher, so that it can be the oracle they are tested against, and it evaluates
one-off expressions. Values are what users write: float, str, bool, `datetime.date`, tuple of str; a missing
value is `UNKNOWN`.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from simpleeval import SimpleEval

from weighbridge.functions import FUNCTIONS, power
from weighbridge.terms import Scanner, TermList


class _Unknown:
    """The missing value. It has no truth value, so that forgetting it cannot pass unnoticed."""

    def __repr__(self) -> str:
        return "UNKNOWN"

    def __bool__(self) -> bool:
        raise TypeError("unknown is neither true nor false")


UNKNOWN: Any = _Unknown()


def _known(value: Any) -> Any:
    """Results as the language has them: None and NaN are unknown, whole numbers are numbers."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN
    if isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _strict(operator: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *values: UNKNOWN if any(v is UNKNOWN for v in values) else _known(operator(*values))


def _divided(operator: Callable[[float, float], float]) -> Callable[[float, float], float | None]:
    return lambda a, b: None if b == 0 else operator(a, b)


def _not(value: Any) -> Any:
    return UNKNOWN if value is UNKNOWN else not value


def _minus(a: Any, b: Any) -> float:
    return float((a - b).days) if isinstance(a, date) else a - b


_OPERATORS: dict[type[ast.AST], Callable[..., Any]] = {
    ast.Add: _strict(lambda a, b: a + b),
    ast.Sub: _strict(_minus),
    ast.Mult: _strict(lambda a, b: a * b),
    ast.Div: _strict(_divided(lambda a, b: a / b)),
    ast.FloorDiv: _strict(_divided(lambda a, b: a // b)),
    ast.Mod: _strict(_divided(lambda a, b: a % b)),
    ast.Pow: _strict(power),
    ast.USub: _strict(lambda a: -a),
    ast.UAdd: _strict(lambda a: a),
    ast.Not: _not,
    ast.Eq: _strict(lambda a, b: a == b),
    ast.NotEq: _strict(lambda a, b: a != b),
    ast.Lt: _strict(lambda a, b: a < b),
    ast.LtE: _strict(lambda a, b: a <= b),
    ast.Gt: _strict(lambda a, b: a > b),
    ast.GtE: _strict(lambda a, b: a >= b),
}


def kleene_and(values: list[Any]) -> Any:
    """False where any is false, else unknown where any is unknown, else true."""
    return (
        False if any(v is False for v in values) else UNKNOWN if any(v is UNKNOWN for v in values) else True
    )


def kleene_or(values: list[Any]) -> Any:
    """True where any is true, else unknown where any is unknown, else false."""
    return True if any(v is True for v in values) else UNKNOWN if any(v is UNKNOWN for v in values) else False


class Reference(SimpleEval):  # type: ignore[misc]  # simpleeval is not typed
    """Evaluates expressions over `names` (path -> value, `UNKNOWN` where missing).

    `terms` gives the term lists by id (also for region parameters of that type, whose value is an id);
    `lineage` is the market with everything it extends.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        terms: Mapping[str, TermList],
        lineage: frozenset[str] = frozenset({"world"}),
    ) -> None:
        super().__init__(operators=dict(_OPERATORS), functions={}, names={})
        self.paths = names
        self.terms = terms
        self.lineage = lineage
        self.nodes.update(
            {
                ast.Name: self._path,
                ast.Attribute: self._path,
                ast.BoolOp: self._kleene,
                ast.Compare: self._chain,
                ast.IfExp: self._if_else,
                ast.Call: self._function,
                ast.List: self._texts,
                ast.Tuple: self._texts,
                ast.Set: self._texts,
                ast.Constant: self._constant,
            }
        )

    def evaluate(self, text: str) -> Any:
        """The value of an expression that `compile_expression` accepted."""
        return self.eval(text.translate({ord(c): " " for c in "\r\n\t"}).strip())

    def _constant(self, node: ast.Constant) -> Any:
        return _known(node.value)

    def _path(self, node: ast.AST) -> Any:
        path = ast.unparse(node)
        if path in ("true", "false"):
            return path == "true"
        if path.startswith("terms."):
            return path.removeprefix("terms.")
        return self.paths[path]

    def _kleene(self, node: ast.BoolOp) -> Any:
        values = [self._eval(v) for v in node.values]
        return kleene_and(values) if isinstance(node.op, ast.And) else kleene_or(values)

    def _chain(self, node: ast.Compare) -> Any:
        values = [self._eval(v) for v in (node.left, *node.comparators)]
        return kleene_and([self._pair(op, values[i], values[i + 1]) for i, op in enumerate(node.ops)])

    def _pair(self, op: ast.cmpop, a: Any, b: Any) -> Any:
        if isinstance(op, ast.In | ast.NotIn):
            found = UNKNOWN if b is UNKNOWN else kleene_or([self._pair(ast.Eq(), a, option) for option in b])
            return _not(found) if isinstance(op, ast.NotIn) else found
        if isinstance(a, date) and isinstance(b, str):
            b = date.fromisoformat(b)
        elif isinstance(b, date) and isinstance(a, str):
            a = date.fromisoformat(a)
        return self.operators[type(op)](a, b)

    def _if_else(self, node: ast.IfExp) -> Any:
        condition = self._eval(node.test)
        return UNKNOWN if condition is UNKNOWN else self._eval(node.body if condition else node.orelse)

    def _texts(self, node: ast.List | ast.Tuple | ast.Set) -> tuple[Any, ...]:
        return tuple(self._eval(e) for e in node.elts)

    def _function(self, node: ast.Call) -> Any:
        name = ast.unparse(node.func)
        values = [self._eval(a) for a in node.args]
        function = FUNCTIONS[name]
        match name:
            case "is_missing":
                return values[0] is UNKNOWN
            case "evidence":
                return values[0] if isinstance(values[0], bool) or values[0] is UNKNOWN else True
            case "coalesce":
                return next((v for v in values if v is not UNKNOWN), UNKNOWN)
            case "in_region":
                return values[0] in self.lineage
            case "mentions" | "count_mentions":
                return self._mentions(name, *values)
            case _:
                return self._table(
                    function.strict, function.implementation, values, function.parameters[0].name
                )

    def _table(self, strict: bool, implementation: Any, values: list[Any], first: str) -> Any:
        if strict and any(v is UNKNOWN for v in values):
            return UNKNOWN
        dated = first in ("day", "start")
        plain = [None if v is UNKNOWN else _ordinal(v, dated) for v in values]
        result = _known(implementation(*plain))
        is_day = len(values) == 2 and first == "day" and result is not UNKNOWN
        return date.fromordinal(int(result)) if is_day else result

    def _mentions(self, name: str, text: Any, terms: Any) -> Any:
        if text is UNKNOWN or terms is UNKNOWN:
            return UNKNOWN
        wanted = TermList("inline", terms) if isinstance(terms, tuple) else self.terms[terms]
        scanner = Scanner([wanted])
        counted = sum(scanner.count(part, 0) for part in ((text,) if isinstance(text, str) else text))
        return counted > 0 if name == "mentions" else float(counted)


def _ordinal(value: Any, dated: bool) -> Any:
    if isinstance(value, str) and dated:
        value = date.fromisoformat(value)
    return float(value.toordinal()) if isinstance(value, date) else value
