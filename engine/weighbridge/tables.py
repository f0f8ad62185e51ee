"""Decision tables: each row becomes a rule; each cell a condition, an output or a note.

Cells of `test` columns are DMN unary tests: `10`, `>= 5`, `[1..5)`, `"SA","AE"`, `not("US")`, `-`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from weighbridge.diagnostics import Diagnostic, Span, unknown_name
from weighbridge.documents import Interval, read_interval
from weighbridge.expressions import Locate, Scope, compile_expression, parse_date
from weighbridge.terms import check_term
from weighbridge.tree import (
    TRUE,
    Call,
    Compare,
    CompareOp,
    Const,
    Contains,
    Expr,
    Member,
    Name,
    Not,
    Or,
    Type,
    Value,
    conjunction,
)

_COMPARATOR = re.compile(r"(<=|>=|!=|<|>|==|=)\s*(.+)", re.DOTALL)
_NOT = re.compile(r"not\s*\((.*)\)\s*", re.DOTALL)
# Each piece can be read in one way only (a range ends at its first bracket), so that refusing is fast too.
_PIECE = re.compile(
    r"""\s*("(?:[^"]|"")*"|'[^']*'|[\[(][^\]).]*(?:\.[^\]).]+)*\.\.[^\])]*[\])]|[^,"'\[(][^,]*)\s*(?:,|$)"""
)
_NUMBER = re.compile(r"[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d{1,3})?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CellError(Exception):
    """A cell that cannot be read, as a diagnostic without its place."""

    code: str
    message: str
    expected: str
    suggestion: str | None = None

    def at(self, span: Span | None) -> Diagnostic:
        """The diagnostic at `span`."""
        return Diagnostic(self.code, self.message, span, expected=self.expected, suggestion=self.suggestion)


def unary_test(text: str, of: Expr, scope: Scope) -> Expr | None:
    """The condition that a cell puts on `of`; None where the cell accepts anything.

    Raises `CellError`.
    """
    text = text.strip()
    if text in ("", "-"):
        return None
    negated = _NOT.fullmatch(text)
    if negated:
        inner = None if _NOT.fullmatch(negated[1].strip()) else unary_test(negated[1], of, scope)
        if inner is None:
            raise CellError("WB310", "not(...) must hold tests", 'e.g. not("US")')
        return Not(inner)
    tests = [_single(piece, of, scope) for piece in _pieces(text, of.type)]
    if not tests:
        raise CellError("WB310", f"the cell {text!r} holds no test", _examples(of.type))
    values = [
        t.right.value for t in tests if isinstance(t, Compare) and t.op == "==" and isinstance(t.right, Const)
    ]
    if len(tests) > 1 and len(values) == len(tests):
        return Member(of, frozenset(v for v in values if isinstance(v, str | float)))
    return tests[0] if len(tests) == 1 else Or(tuple(tests))


def _pieces(text: str, kind: Type) -> list[str]:
    """The comma-separated tests of a cell; commas inside quotes and ranges do not separate."""
    if kind is Type.TEXT and not re.search(r"[\"'\[(]", text):
        return [p.strip() for p in text.split(",") if p.strip()]
    pieces: list[str] = []
    position = 0
    while position < len(text):
        found = _PIECE.match(text, position)
        if found is None:
            raise CellError("WB310", f"cannot read the cell {text!r}", _examples(kind))
        pieces.append(found[1].strip())
        position = found.end()
    return pieces


def _examples(kind: Type) -> str:
    match kind:
        case Type.NUMBER:
            return "10, >= 5, [1..5), not(3) or -"
        case Type.DATE:
            return ">= 2026-01-01, 2026-03-01 or -"
        case Type.BOOLEAN:
            return "true, false or -"
        case _:
            return '"SA","AE", not("US") or -'


def inside(of: Expr, interval: Interval) -> Expr:
    """The condition that the number `of` lies in an interval; true for one without ends."""
    parts: list[Expr] = []
    if interval.low is not None:
        parts.append(
            Compare(">=" if interval.low_closed else ">", of, Const(float(interval.low), Type.NUMBER))
        )
    if interval.high is not None:
        parts.append(
            Compare("<=" if interval.high_closed else "<", of, Const(float(interval.high), Type.NUMBER))
        )
    return conjunction(tuple(parts))


def _single(piece: str, of: Expr, scope: Scope) -> Expr:
    interval = read_interval(piece)
    if interval is not None and of.type is Type.NUMBER:
        test = inside(of, interval)
        if test != TRUE:
            return test
    compared = _COMPARATOR.fullmatch(piece)
    if compared:
        op: CompareOp = "==" if compared[1] == "=" else compared[1]  # type: ignore[assignment]
        ordered = of.type in (Type.NUMBER, Type.DATE)
        if of.type is Type.TEXTS or not (ordered or op in ("==", "!=")):
            raise CellError("WB310", f"a {of.type} cannot be compared by {op}", _examples(of.type))
        return _equality(op, of, compared[2].strip(), scope)
    return _equality("==", of, piece, scope)


def _equality(op: CompareOp, of: Expr, text: str, scope: Scope) -> Expr:
    """A comparison with one constant; for a list, that the constant is in it."""
    value = constant(text, Type.TEXT if of.type is Type.TEXTS else of.type)
    if of.type is Type.BOOLEAN:
        return of if value is (op == "==") else Not(of)
    _check_allowed(of, value, scope)
    if of.type is Type.TEXTS:
        return Contains(Const(value, Type.TEXT), of)
    return Compare(op, of, Const(value, of.type))


def _check_allowed(of: Expr, value: Value, scope: Scope) -> None:
    symbol = scope.symbols.get(of.path) if isinstance(of, Name) else None
    if symbol is None or symbol.allowed is None or value in symbol.allowed:
        return
    found = unknown_name("WB207", f"value of {symbol.path}", str(value), symbol.allowed)
    raise CellError(found.code, found.message, found.expected or "", found.suggestion)


def constant(text: str, kind: Type) -> Value:
    """The value a cell's text spells for a type. Raises `CellError`."""
    if kind is Type.NUMBER:
        if not _NUMBER.fullmatch(text):
            raise CellError("WB310", f"{text!r} is not a number", _examples(kind))
        if not math.isfinite(float(text)):
            raise CellError("WB310", "the number is too large", _examples(kind))
        return float(text)
    if kind is Type.BOOLEAN:
        if text not in ("true", "false"):
            raise CellError("WB310", f"{text!r} is neither true nor false", _examples(kind))
        return text == "true"
    if kind is Type.DATE:
        day = parse_date(text.strip("\"'"))
        if day is None:
            raise CellError("WB310", f"{text!r} is not a date", _examples(kind))
        return day
    if len(text) >= 2 and text[0] == text[-1] and text[0] in "\"'":
        return text[1:-1].replace('""', '"')
    return text


def output_value(text: str, kind: Type, allowed: tuple[str, ...] | None) -> Value:
    """The value an output cell sets. Raises `CellError`."""
    several = tuple(p.strip() for p in text.split("|") if p.strip()) if kind is Type.TEXTS else None
    value = constant(text.strip(), kind) if several is None else several
    for one in several if several is not None else (value,):
        if allowed is not None and one not in allowed:
            found = unknown_name("WB207", "value of this output", str(one), allowed)
            raise CellError(found.code, found.message, found.expected or "", found.suggestion)
    return value


def split_terms(text: str) -> tuple[str, ...]:
    """The terms of a cell, separated by `|`. Raises `CellError` for a term that cannot match."""
    terms = tuple(t.strip() for t in text.split("|") if t.strip())
    for term in terms:
        message = check_term(term)
        if message is not None:
            raise CellError("WB311", f"the term {term!r} cannot be used: {message}", "words separated by |")
    return terms


def any_under(text: str, of: Expr, scope: Scope) -> Expr | None:
    """`under(of, path)` for any of the paths of a cell; None for an empty cell. Raises `CellError`."""
    paths = [p.strip() for p in text.split("|") if p.strip()]
    symbol = scope.symbols.get(of.path) if isinstance(of, Name) else None
    for path in paths:
        if symbol is not None and symbol.tree is not None and path not in symbol.tree:
            found = unknown_name("WB203", "category", path, symbol.tree)
            raise CellError(found.code, found.message, found.expected or "", found.suggestion)
    calls = tuple(Call("under", (of, Const(p, Type.TEXT)), Type.BOOLEAN) for p in paths)
    return None if not calls else calls[0] if len(calls) == 1 else Or(calls)


def any_missing(text: str, scope: Scope) -> Expr | None:
    """`is_missing` of any of the names of a cell. Raises `CellError`."""
    calls: list[Expr] = []
    for name in (p.strip() for p in text.split("|")):
        if not name:
            continue
        symbol = scope.symbols.get(name)
        if symbol is None:
            found = unknown_name("WB203", "name", name, [s for s in scope.symbols if "/" not in s])
            raise CellError(found.code, found.message, found.expected or "", found.suggestion)
        calls.append(Call("is_missing", (Name(symbol.path, symbol.type),), Type.BOOLEAN))
    return None if not calls else calls[0] if len(calls) == 1 else Or(tuple(calls))


def _everywhere(span: Span | None) -> Locate:
    return lambda _start, _end: span


def compile_columns(
    of: Mapping[str, str], scope: Scope, want: Mapping[str, Type | None], span: Callable[[str], Span | None]
) -> tuple[dict[str, Expr], list[Diagnostic]]:
    """The typed `of` expression of each column (header -> expression text)."""
    trees: dict[str, Expr] = {}
    problems: list[Diagnostic] = []
    for header, text in of.items():
        tree, found = compile_expression(text, scope, want[header], _everywhere(span(header)))
        problems += found
        if tree is not None:
            trees[header] = tree
    return trees, problems
