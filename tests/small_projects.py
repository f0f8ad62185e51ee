"""Small projects in memory, and one expression evaluated in every form there is."""

from __future__ import annotations

import ast
import json
import math
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import weighbridge
from weighbridge.diagnostics import Diagnostic, ProjectError, Span
from weighbridge.engine import Engine
from weighbridge.evaluate import Evaluator
from weighbridge.expressions import Scope, Symbol, compile_expression
from weighbridge.functions import FUNCTIONS
from weighbridge.reference import UNKNOWN, Reference
from weighbridge.scalar import TextScan, day_number, term_list
from weighbridge.terms import TermList
from weighbridge.tree import Expr, Type, Value

NOWHERE = Path("/nowhere/at/all")
TODAY = date(2026, 6, 15)

FIELDS: dict[str, dict[str, Any]] = {
    "n": {"type": "number"},
    "m": {"type": "number"},
    "o": {"type": "number"},
    "t": {"type": "text"},
    "u": {"type": "text"},
    "w": {"type": "text"},
    "e": {"type": "text", "allowed": ["new", "used", "broken"]},
    "c": {"type": "text", "tree": ["toys", "toys/infant", "food"]},
    "b": {"type": "boolean"},
    "p": {"type": "boolean"},
    "d": {"type": "date"},
    "f": {"type": "date"},
    "l": {"type": "text_list"},
    "k": {"type": "text_list"},
    "nothing": {"type": "number"},
    "nothing_text": {"type": "text"},
    "nothing_flag": {"type": "boolean"},
    "nothing_day": {"type": "date"},
    "nothing_list": {"type": "text_list"},
}
RECORD_TYPE = {"record_type": "thing", "fields": FIELDS}
WORLD = {
    "region": "world",
    "declares": {
        "limit": {"type": "number"},
        "unset": {"type": "number"},
        "prohibited": {"type": "terms"},
        "strict": {"type": "boolean"},
    },
    "parameters": {"limit": 3, "prohibited": "meat", "strict": True},
}
REGIONS = [WORLD, {"region": "east", "extends": "world"}, {"region": "AA", "extends": "east"}]
TERMS = [{"term_list": "meat", "terms": ["pork", "猪肉"], "except": ["pork pie"]}]
BASE = [RECORD_TYPE, *REGIONS, *TERMS]

_TYPES = {name: Type(field["type"]) for name, field in FIELDS.items()}


def _texts(field: dict[str, Any], key: str) -> tuple[str, ...] | None:
    return tuple(field[key]) if key in field else None


SCOPE = Scope(
    {
        **{n: Symbol(n, _TYPES[n], _texts(f, "allowed"), _texts(f, "tree")) for n, f in FIELDS.items()},
        "market": Symbol("market", Type.TEXT, ("AA",)),
        "as_of": Symbol("as_of", Type.DATE),
        "region.code": Symbol("region.code", Type.TEXT, ("AA",)),
        "region.limit": Symbol("region.limit", Type.NUMBER),
        "region.unset": Symbol("region.unset", Type.NUMBER),
        "region.strict": Symbol("region.strict", Type.BOOLEAN),
        "region.prohibited": Symbol("region.prohibited", Type.TERMS),
    },
    frozenset({"meat"}),
    frozenset({"world", "east", "AA"}),
)
_LISTS = {"meat": TermList("meat", ("pork", "猪肉"), ("pork pie",))}
_OUTSIDE = {
    "market": "AA",
    "region.code": "AA",
    "region.limit": 3.0,
    "region.unset": None,
    "region.strict": True,
}


def files(*documents: dict[str, Any]) -> dict[str, str]:
    """The files of a project that holds these documents."""
    return {"rulesets/all.yaml": "\n---\n".join(json.dumps(d, ensure_ascii=False) for d in documents)}


def load(*documents: dict[str, Any]) -> Engine:
    """The engine of a project that holds these documents only."""
    return weighbridge.load(NOWHERE, files(*documents))


def gate(*rules: dict[str, Any], **keys: Any) -> dict[str, Any]:
    """A ruleset `gate` over the record type `thing`."""
    return {"ruleset": "gate", "record": "thing", "rules": list(rules), **keys}


def rule(when: str, id: str = "r", **keys: Any) -> dict[str, Any]:
    """A rule that blocks."""
    return {"id": id, "when": when, "then": {"verdict": "block"}, **keys}


def refusal(*documents: dict[str, Any]) -> list[Diagnostic]:
    """Every error for which a project is refused; none if it loads."""
    try:
        load(*documents)
    except ProjectError as error:
        return list(error.diagnostics)
    return []


# ---- one expression in every form


def problems(text: str, want: Type | None = None) -> list[Diagnostic]:
    """Every problem of one expression over `SCOPE`; spans count its characters from 1."""
    return compile_expression(text, SCOPE, want, _place)[1]


def tree_of(text: str, want: Type | None = None) -> Expr:
    """The tree of an expression that must be sound."""
    tree, found = compile_expression(text, SCOPE, want, _place)
    assert tree is not None, (text, found)
    return tree


def _place(start: int, end: int) -> Span:
    return Span("", 1, start + 1, 1, end + 1)


def values(text: str, **record: Any) -> list[Any]:
    """The value of an expression by the reference interpreter, by generated code and by the explanation.

    None is unknown.
    """
    tree = tree_of(text)
    return [_reference(text, tree.type, record), _compiled(text, record), _explained(tree, record)]


def value(text: str, **record: Any) -> Any:
    """The value of an expression, on which every form must agree."""
    found = values(text, **record)
    assert all(same(found[0], other) for other in found[1:]), (text, record, found)
    return found[0]


def same(a: Any, b: Any) -> bool:
    """Equal values of one type."""
    return type(a) is type(b) and a == b


def _shown(found: Any, kind: Type) -> Any:
    """A value as decisions show it."""
    if found is UNKNOWN or found is None or (isinstance(found, float) and math.isnan(found)):
        return None
    if kind is Type.DATE:
        day = found if isinstance(found, str | date) else date.fromordinal(int(found))
        return day if isinstance(day, date) else date.fromisoformat(day)
    return list(found) if isinstance(found, tuple) else found


def _plain(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in FIELDS:
        given = record.get(name)
        missing = given is None or (isinstance(given, float) and math.isnan(given))
        if missing or (isinstance(given, str) and not given.strip()):
            found[name] = None
        elif _TYPES[name] is Type.DATE and isinstance(given, str):
            found[name] = date.fromisoformat(given)
        elif isinstance(given, int) and not isinstance(given, bool):
            found[name] = float(given)
        else:
            found[name] = tuple(e for e in given if e.strip()) if isinstance(given, list) else given
    return found


def _reference(text: str, kind: Type, record: dict[str, Any]) -> Any:
    names = {**_OUTSIDE, "region.prohibited": "meat", "as_of": TODAY, **_plain(record)}
    known = {name: UNKNOWN if v is None else v for name, v in names.items()}
    return _shown(Reference(known, _LISTS, frozenset({"AA", "east", "world"})).evaluate(text), kind)


@lru_cache(maxsize=256)
def _engine(text: str) -> Engine:
    kind = tree_of(text).type
    # An expression must be text to YAML, not a number or a boolean that happens to look like one.
    rule = {"id": "r", "when": "true", "then": {"x": {"value": f"({text})"}}}
    combine = "collect" if kind is Type.TEXTS else "first"
    return load(*BASE, gate(rule, outputs={"x": {"type": kind.value, "combine": combine}}))


def _compiled(text: str, record: dict[str, Any]) -> Any:
    found = _engine(text).decide("gate", record, market="AA", as_of=TODAY).outputs["x"]
    return None if found == [] and tree_of(text).type is Type.TEXTS else found


def _explained(tree: Expr, record: dict[str, Any]) -> Any:
    known: dict[str, Value] = {
        name: day_number(v) if isinstance(v, date) else v for name, v in (_OUTSIDE | _plain(record)).items()
    }

    def mentions(name: str, _: Expr, text: Value, terms: Value) -> Value:
        book: Any = type("Book", (), {"terms": _LISTS})
        assert isinstance(text, str | tuple)
        count = len(TextScan((term_list(book, terms),)).matches(text, 0))
        return count > 0 if name == "mentions" else float(count)

    environment = {**known, "as_of": day_number(TODAY), "region.prohibited": "meat"}
    evaluator = Evaluator(environment, mentions, frozenset({"AA", "east", "world"}))
    return _shown(evaluator.value(tree), tree.type)


# ---- literals -> fields

_FIELDS_OF = {
    Type.NUMBER: ("n", "m", "o"),
    Type.TEXT: ("t", "u", "w"),
    Type.BOOLEAN: ("b", "p"),
    Type.DATE: ("d", "f"),
    Type.TEXTS: ("l", "k"),
}


def with_fields(text: str) -> tuple[str, dict[str, Any]]:
    """The expression with its literals moved into a record, so that nothing is constant.

    Literals that a function must see written out, term lists and names stay.
    """
    body = ast.parse(text, mode="eval").body
    record: dict[str, Any] = {}
    kinds: dict[str, Type] = {}

    def move(node: ast.expr, kind: Type) -> ast.expr:
        written: Any = ast.literal_eval(node)
        for name in _FIELDS_OF[kind]:
            if name not in record:
                record[name], kinds[name] = written, kind
                return ast.Name(name)
        raise AssertionError(f"too many literals in {text}")

    def visit(node: ast.expr, want: Type | None) -> ast.expr:
        match node:
            case ast.Call(ast.Name(name), arguments):
                parameters = FUNCTIONS[name].parameters
                for i, argument in enumerate(arguments):
                    parameter = parameters[min(i, len(parameters) - 1)]
                    only = next(iter(parameter.types)) if len(parameter.types) == 1 else None
                    if not parameter.literal and only is not Type.TERMS:
                        arguments[i] = visit(argument, only)
            case ast.Compare(left, _, others):
                want = None if isinstance(left, ast.Constant) else tree_of(ast.unparse(left)).type
                node.left = visit(left, want)
                node.comparators = [visit(o, want) for o in others]
            case ast.BinOp(left, _, right):
                node.left, node.right = visit(left, want), visit(right, want)
            case ast.UnaryOp(ast.USub(), ast.Constant()) | ast.Constant() | ast.List():
                return move(node, want or tree_of(ast.unparse(node)).type)
            case _:
                pass
        return node

    return ast.unparse(visit(body, None)), record
