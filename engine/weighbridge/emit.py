"""Typed trees and normal forms -> Python source text, for the scalar program.

Conventions of the generated code: unknown number or date is NaN, any other unknown is None; constants that
Python cannot spell stand in `Emitter.globals`. Every text of the user enters the code through `repr`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from weighbridge.functions import FUNCTIONS, Function, power
from weighbridge.normal_form import AllOf, AnyOf, Formula, Leaf, when
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

NAN = math.nan
_NUMERIC = (Type.NUMBER, Type.DATE)
EMPTY: frozenset[int] = frozenset()


def unknown_code(kind: Type) -> str:
    """The spelling of "unknown" for a type."""
    return "nan" if kind in _NUMERIC else "None"


def strict(function: Function) -> Callable[..., Any]:
    """A function of the table in the conventions of generated code."""
    implementation = function.implementation
    assert implementation is not None
    nothing = NAN if function.result in _NUMERIC else None

    def call(*values: Any) -> Any:
        for value in values:
            if value is None or value != value:
                return nothing
        result = implementation(*values)
        return nothing if result is None else result

    return call


def _power(a: float, b: float) -> float:
    if a != a or b != b:
        return NAN
    result = power(a, b)
    return NAN if result is None else result


def first_known(*values: Any) -> Any:
    """`coalesce` in the conventions of generated code."""
    for value in values:
        if value is not None and value == value:
            return value
    return values[-1]


class Emitter:
    """Turns trees into code over local variables; `locals_` maps a name's path to its variable.

    `hits` maps a text expression to the variable holding the term lists that occur in it, and `list_index`
    gives a term list's number in that set. `paths` maps a category field to the set of paths it lies under.
    """

    def __init__(self, locals_: Mapping[str, str], list_index: Callable[[Expr, Value], int]) -> None:
        self.locals = dict(locals_)
        self.hits: dict[Expr, str] = {}
        self.scanners: dict[Expr, str] = {}
        self.shared: dict[Expr, str] = {}
        self.paths: dict[str, str] = {}
        self.list_index = list_index
        self.globals: dict[str, Any] = {"nan": NAN, "inf": math.inf, "EMPTY": EMPTY}
        self._constants: dict[Any, str] = {}
        self._temporaries = 0

    def constant(self, value: Any) -> str:
        """A global that holds `value`."""
        if value not in self._constants:
            name = f"k{len(self._constants)}"
            self._constants[value] = name
            self.globals[name] = value
        return self._constants[value]

    def temporary(self) -> str:
        self._temporaries += 1
        return f"t{self._temporaries}"

    def function(self, name: str) -> str:
        key = f"f_{name}"
        if key not in self.globals:
            if name == "coalesce":
                self.globals[key] = first_known
            elif name == "**":
                key = "f_power"
                self.globals[key] = _power
            else:
                entry = FUNCTIONS[name]
                self.globals[key] = strict(entry) if entry.strict else entry.implementation
        return key

    # --- values ---

    def value(self, node: Expr) -> str:
        """Code for the value of `node`."""
        if node in self.shared:
            return self.shared[node]
        match node:
            case Const(value, kind):
                return self._literal(value, kind)
            case Name(path):
                return self.locals[path]
            case Arith():
                return self._arithmetic(node)
            case Negate(operand):
                return f"(-{self.value(operand)})"
            case IfElse(condition, then, other) if node.type is not Type.BOOLEAN:
                yes, no = self.test(when(condition, True)), self.test(when(condition, False))
                return f"({self.value(then)} if {yes} else {self.value(other)} if {no} else {unknown_code(node.type)})"
            case Call(name) if name not in ("mentions", "is_missing", "evidence", "in_region") and not (
                name == "coalesce" and node.type is Type.BOOLEAN
            ):
                return self._call(node)
            case _:
                yes, no = self.test(when(node, True)), self.test(when(node, False))
                return f"(True if {yes} else False if {no} else None)"

    def _literal(self, value: Value, kind: Type) -> str:
        if value is None:
            return unknown_code(kind)
        if isinstance(value, tuple):
            return self.constant(value)
        return f"({value!r})" if isinstance(value, float) and value < 0 else repr(value)

    def _arithmetic(self, node: Arith) -> str:
        left, right = self.value(node.left), self.value(node.right)
        if node.op in ("+", "-", "*"):
            return f"({left} {node.op} {right})"
        if node.op == "**":
            return f"{self.function('**')}({left}, {right})"
        if isinstance(node.right, Const) and node.right.value:
            return f"({left} {node.op} {right})"
        if right.isidentifier():
            return f"({left} {node.op} {right} if {right} else nan)"
        kept = self.temporary()
        return f"({left} {node.op} {kept} if ({kept} := {right}) else nan)"

    def _call(self, node: Call) -> str:
        if node.function == "count_mentions":
            text, terms = node.arguments
            self.hit_set(text)
            index = self.list_index(text, _terms(terms))
            return f"{self.scanners[text]}.count({self.value(text)}, {index}, {self.hits[text]})"
        arguments = ", ".join(self.value(a) for a in node.arguments)
        return f"{self.function(node.function)}({arguments})"

    def hit_set(self, text: Expr) -> str:
        """The variable with the numbers of the term lists found in `text` (assigned by the program)."""
        if text not in self.hits:
            self.hits[text] = f"h{len(self.hits)}"
            self.scanners[text] = f"s{len(self.scanners)}"
        return self.hits[text]

    # --- tests ---

    def test(self, formula: Formula) -> str:
        """Code that is truthy exactly where the formula holds."""
        match formula:
            case AllOf(parts):
                ordered = sorted(parts, key=_likelihood)
                return "(" + " and ".join(self.test(p) for p in ordered) + ")" if parts else "True"
            case AnyOf(parts):
                return "(" + " or ".join(self.test(p) for p in parts) + ")" if parts else "False"
            case Leaf(test, wanted):
                return self._leaf(test, wanted)

    def _leaf(self, test: Expr, wanted: bool) -> str:
        match test:
            case Compare(op, left, right) if left.type in _NUMERIC:
                return f"{self.value(left)} {op} {self.value(right)}"
            case Compare(_, left, right):
                return self._text_equality(left, right, wanted)
            case Member(item, values):
                return self._member(item, values, wanted)
            case Contains(item, options):
                return self._contains(item, options, wanted)
            case Call("is_missing", (x,)):
                return self._missing(x, wanted)
            case Call("mentions", (text, terms)):
                return self._mentions(text, terms, wanted)
            case Call("under", (Name(path), Const(root))) if path in self.paths:
                found = f"{root!r} in {self.paths[path]}"
                return found if wanted else f"({self.locals[path]} is not None and not {found})"
            case Const(value):
                return "True" if value is wanted else "False"
            case _:
                code = self.value(test)
                return code if wanted else f"{code} is False"

    def _kept(self, node: Expr) -> tuple[str, str]:
        """Code to use first and code to use again, so that nothing is computed twice."""
        code = self.value(node)
        if code.isidentifier() or isinstance(node, Const):
            return code, code
        kept = self.temporary()
        return f"({kept} := {code})", kept

    def _text_equality(self, left: Expr, right: Expr, wanted: bool) -> str:
        if isinstance(left, Const):
            left, right = right, left
        first, again = self._kept(left)
        if isinstance(right, Const) and right.value is not None:
            value = self.value(right)
            return f"{first} == {value}" if wanted else f"({_known(left, first)}{again} != {value})"
        other, other_again = self._kept(right)
        same = "==" if wanted else "!="
        return f"({_known(left, first)}{_known(right, other)}{again} {same} {other_again})"

    def _member(self, item: Expr, values: frozenset[float | str], wanted: bool) -> str:
        options = self.constant(values)
        if wanted:
            return f"{self.value(item)} in {options}"
        first, again = self._kept(item)
        known = f"{first} == {again}" if item.type in _NUMERIC else f"{first} is not None"
        # `x not in ()` is true for an unknown x as well: nothing is in the empty list.
        return f"({known} and {again} not in {options})" if values else "True"

    def _contains(self, item: Expr, options: Expr, wanted: bool) -> str:
        first, again = self._kept(options)
        if wanted:
            return f"({first} is not None and {self.value(item)} in {again})"
        element, element_again = self._kept(item)
        inner = f"{_known(item, element)}{element_again} not in {again}"
        return f"({first} is not None and (not {again} or ({inner})))"

    def _missing(self, x: Expr, wanted: bool) -> str:
        if x.type is Type.BOOLEAN and not isinstance(x, Name):
            known = f"({self.test(when(x, True))} or {self.test(when(x, False))})"
            return f"not {known}" if wanted else known
        first, again = self._kept(x)
        if x.type in _NUMERIC:
            return f"{first} {'!=' if wanted else '=='} {again}"
        return f"{first} is {'' if wanted else 'not '}None"

    def _mentions(self, text: Expr, terms: Expr, wanted: bool) -> str:
        hits = self.hit_set(text)
        index = self.list_index(text, _terms(terms))
        found = f"{index} in {hits}"
        if wanted:
            return found
        return f"({_known(text, self.value(text))}{index} not in {hits})"


def _likelihood(formula: Formula) -> int:
    """How likely (and how dear to ask) a part of an `and` is, roughly: the least likely is asked first."""
    if not isinstance(formula, Leaf):
        return 5
    match formula.test:
        case Compare("=="):
            return 0 if formula.wanted else 4
        case Member() | Contains():
            return 1 if formula.wanted else 4
        case Call("mentions" | "under"):
            return 1 if formula.wanted else 4
        case Name():
            return 2
        case Compare():
            return 3
        case _:
            return 6


def _known(node: Expr, code: str) -> str:
    """Code for "is known, and"; nothing for a constant, of which Python would warn."""
    return "" if isinstance(node, Const) and node.value is not None else f"{code} is not None and "


def _terms(terms: Expr) -> Value:
    assert isinstance(terms, Const), "term lists are constants once a program is specialised"
    return terms.value
