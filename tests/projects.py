"""Hypothesis strategies: random typed expressions, random projects, random records."""

from __future__ import annotations

import json
import math
from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

STATUSES = ["new", "used", "broken"]
PATHS = ["toys", "toys/infant", "food", "food/fresh/fruit", "home"]
WORDS = [
    "pork",
    "no pork",
    "Pork-free",
    "wine",
    "alcohol",
    "weird ﬁsh",
    "",
    "  ",
    "İstanbul",
    "猪肉",
    "x" * 50,
    "a\u200bb",
]
NUMBERS = [
    0.0,
    -0.0,
    1.0,
    2.0,
    3.0,
    0.1,
    0.2,
    0.3,
    -1.0,
    7.0,
    10.0,
    1e308,
    -1e308,
    5e-324,
    1e16,
    2.5,
    9007199254740993.0,
]
DAYS = [
    date(2025, 12, 31),
    date(2026, 1, 1),
    date(2026, 2, 28),
    date(2026, 6, 15),
    date(2027, 1, 1),
    date(1, 1, 1),
    date(9999, 12, 31),
]

FIELDS: dict[str, dict[str, Any]] = {
    "n1": {"type": "number"},
    "n2": {"type": "number"},
    "n3": {"type": "number"},
    "t1": {"type": "text", "allowed": STATUSES},
    "t2": {"type": "text"},
    "c1": {"type": "text", "tree": PATHS},
    "b1": {"type": "boolean"},
    "b2": {"type": "boolean"},
    "d1": {"type": "date"},
    "l1": {"type": "text_list"},
}

ATOMS = {
    "number": ["n1", "n2", "n3", "region.p_num", "region.p_unset", "length(t2)", "1", "2", "0", "0.1", "7"],
    "boolean": ["b1", "b2", "region.p_bool", "true", "false", "is_missing(n1)", "in_region('east')"],
    "text": ["t2", "c1", "region.p_text", "lower(market)", "'pork'", "lower(t2)"],
    "date": ["d1", "as_of", "region.p_date"],
    "text_list": ["l1", "region.p_list"],
    "terms": ["terms.meat", "region.p_terms", "['wine', 'pork']"],
}


@st.composite
def expression(draw: st.DrawFn, kind: str, depth: int, extra: tuple[str, ...] = ()) -> str:
    """The text of a well-typed expression."""
    atoms = ATOMS[kind] + [e for e in extra if kind == "number" and e.endswith(("score", "dn"))]
    atoms += [e for e in extra if kind == "boolean" and e.endswith("db")]
    if depth <= 0:
        return draw(st.sampled_from(atoms))

    def sub(of: str) -> str:
        return draw(expression(of, depth - 1, extra))

    if kind == "number":
        form = draw(st.sampled_from(["atom", "arith", "neg", "if", "call", "days", "count", "coalesce"]))
        match form:
            case "arith":
                operator = draw(st.sampled_from(["+", "-", "*", "/", "//", "%", "**"]))
                return f"({sub('number')} {operator} {sub('number')})"
            case "neg":
                return f"(-{sub('number')})"
            case "if":
                return f"({sub('number')} if {sub('boolean')} else {sub('number')})"
            case "call":
                name = draw(st.sampled_from(["abs", "floor", "ceil", "sqrt", "log", "exp", "round"]))
                return f"{name}({sub('number')})"
            case "days":
                return f"days_between({sub('date')}, {sub('date')})"
            case "count":
                return f"count_mentions({sub('text')}, {draw(st.sampled_from(ATOMS['terms']))})"
            case "coalesce":
                return f"coalesce({sub('number')}, {sub('number')})"
            case _:
                return draw(st.sampled_from(atoms))
    if kind == "boolean":
        return draw(_condition(depth, extra))
    if kind == "text":
        form = draw(st.sampled_from(["atom", "atom", "if", "join", "coalesce"]))
        match form:
            case "if":
                return f"({sub('text')} if {sub('boolean')} else {sub('text')})"
            case "join":
                return f"join({sub('text')}, {sub('text_list')})"
            case "coalesce":
                return f"coalesce({sub('text')}, {sub('text')})"
            case _:
                return draw(st.sampled_from(atoms))
    if kind == "date":
        return (
            f"add_days({sub('date')}, {sub('number')})"
            if draw(st.booleans())
            else draw(st.sampled_from(atoms))
        )
    return draw(st.sampled_from(atoms))


CONDITIONS = [
    "and",
    "or",
    "not",
    "compare",
    "compare",
    "chain",
    "date",
    "text",
    "enum",
    "enums",
    "numbers",
    "list",
    "bools",
    "if",
    "missing",
    "evidence",
    "mentions",
    "mentions_list",
    "under",
    "overlaps",
    "like",
    "coalesce",
    "date_literal",
]


@st.composite
def _condition(draw: st.DrawFn, depth: int, extra: tuple[str, ...]) -> str:
    def sub(of: str) -> str:
        return draw(expression(of, depth - 1, extra))

    order = draw(st.sampled_from(["<", "<=", ">", ">=", "==", "!="]))
    equal = draw(st.sampled_from(["==", "!="]))
    member = draw(st.sampled_from(["in", "not in"]))
    form = draw(st.sampled_from(CONDITIONS))
    match form:
        case "and" | "or":
            parts = draw(st.lists(expression("boolean", depth - 1, extra), min_size=2, max_size=3))
            return "(" + f" {form} ".join(parts) + ")"
        case "not":
            return f"(not {sub('boolean')})"
        case "compare":
            return f"({sub('number')} {order} {sub('number')})"
        case "chain":
            return f"({sub('number')} < {sub('number')} <= {sub('number')})"
        case "date":
            return f"({sub('date')} {order} {sub('date')})"
        case "date_literal":
            return f"(d1 {order} '2026-01-01')"
        case "text":
            return f"({sub('text')} {equal} {sub('text')})"
        case "enum":
            return f"(t1 {equal} '{draw(st.sampled_from(STATUSES))}')"
        case "enums":
            return f"(t1 {member} ['new', 'used'])"
        case "numbers":
            return f"(n2 {member} [1, 2, {sub('number')}])"
        case "list":
            return f"({sub('text')} {member} {sub('text_list')})"
        case "bools":
            return f"({sub('boolean')} {equal} {sub('boolean')})"
        case "if":
            return f"({sub('boolean')} if {sub('boolean')} else {sub('boolean')})"
        case "missing":
            return f"is_missing({sub(draw(st.sampled_from(['number', 'text', 'boolean', 'date', 'text_list'])))})"
        case "evidence":
            return f"evidence({sub(draw(st.sampled_from(['number', 'text', 'boolean'])))})"
        case "mentions":
            return f"mentions({sub('text')}, {draw(st.sampled_from(ATOMS['terms']))})"
        case "mentions_list":
            return f"mentions(l1, {draw(st.sampled_from(ATOMS['terms']))})"
        case "under":
            return f"under(c1, '{draw(st.sampled_from(PATHS))}')"
        case "overlaps":
            return f"overlaps({sub('text_list')}, {sub('text_list')})"
        case "like":
            return f"like({sub('text')}, '*o?k*')"
        case _:
            return f"coalesce({sub('boolean')}, {sub('boolean')})"


@st.composite
def _period(draw: st.DrawFn) -> dict[str, str]:
    start = draw(st.sampled_from(DAYS[:5]))
    end = start + timedelta(days=draw(st.sampled_from([0, 1, 200])))
    keys = draw(st.sampled_from([("from",), ("to",), ("from", "to")]))
    return {k: (start if k == "from" else end).isoformat() for k in keys}


def _regions(draw: st.DrawFn) -> list[dict[str, Any]]:
    kinds = {"p_num": "number", "p_unset": "number", "p_bool": "boolean", "p_text": "text", "p_date": "date"}
    kinds |= {"p_list": "text_list", "p_terms": "terms"}
    values: dict[str, Any] = {
        "p_num": st.sampled_from([0, 1, 2.5, 7]),
        "p_bool": st.booleans(),
        "p_text": st.sampled_from(["pork", "new", "AA"]),
        "p_date": st.sampled_from([d.isoformat() for d in DAYS[:5]]),
        "p_list": st.sampled_from([["pork", "wine"], [], ["AA"]]),
        "p_terms": st.sampled_from(["meat", "drink"]),
    }

    def parameters() -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in draw(st.lists(st.sampled_from(sorted(values)), unique=True, max_size=6)):
            value = draw(values[name])
            dated = draw(st.booleans())
            found[name] = [{**draw(_period()), "value": value}] if dated else value
        return found

    world = {
        "region": "world",
        "declares": {k: {"type": v} for k, v in kinds.items()},
        "parameters": parameters(),
    }
    east = {"region": "east", "extends": "world", "parameters": parameters()}
    markets = [
        {"region": "AA", "extends": "east", "parameters": parameters()},
        {"region": "BB", "extends": "world", "parameters": parameters()},
    ]
    for market in markets:
        if draw(st.booleans()):
            market["weights"] = {"card": {"x0": draw(st.sampled_from([0, 1, 2.5, 10]))}}
        if draw(st.booleans()):
            market["overrides"] = [draw(st.sampled_from(OVERRIDES)) | draw(st.one_of(st.just({}), _period()))]
    return [world, east, *markets]


OVERRIDES: list[dict[str, Any]] = [
    {"rule": "gate/r0", "set": {"enabled": False}, "reason": "local law"},
    {"rule": "gate/r0", "set": {"verdict": "warn"}, "reason": "local law"},
    {
        "scorecard": "card",
        "set": {"minimum_coverage": 0.2, "tiers": {"high": 30}},
        "reason": "local practice",
    },
]


def _scorecard(draw: st.DrawFn, name: str) -> dict[str, Any]:
    lines: list[dict[str, Any]] = []
    for i in range(draw(st.integers(1, 4))):
        line: dict[str, Any] = {"id": f"x{i}", "weight": draw(st.sampled_from([0, 1, 2, 0.125, 33.333]))}
        form = draw(st.sampled_from(["upto", "from", "text", "bool", "points"]))
        if form == "points":
            line |= {"points": draw(expression("number", 1)), "min": 0, "max": 100}
        elif form == "upto":
            line |= {
                "value": draw(expression("number", 1)),
                "bins": [{"upto": 0, "points": 100}, {"upto": 2, "points": 33.3}, {"points": 0}],
            }
        elif form == "from":
            line |= {
                "value": draw(expression("number", 1)),
                "bins": [{"from": 0, "points": 10}, {"from": 2, "points": 70.125}],
            }
        elif form == "text":
            line |= {"value": "t1", "bins": [{"in": ["new"], "points": 100}, {"points": 12.5}]}
        else:
            line |= {
                "value": draw(expression("boolean", 1)),
                "bins": [{"is": True, "points": 100}, {"is": False, "points": 0}],
            }
        if draw(st.booleans()):
            line["missing"] = draw(st.sampled_from([0, 60, 33.333]))
        if draw(st.booleans()):
            line["when"] = draw(expression("boolean", 1))
        lines.append(line)
    return {
        "scorecard": name,
        "record": "thing",
        "score": draw(st.sampled_from(["weighted_mean", "sum"])),
        "minimum_coverage": draw(st.sampled_from([0, 0.5, 1])),
        "characteristics": lines,
        "tiers": [{"id": "low", "from": 0}, {"id": "mid", "from": 50}, {"id": "high", "from": 75}],
    }


NAMED = ("card.score", "dn", "db", "own_dn")


def _rules(draw: st.DrawFn, count: int, depth: int, named: tuple[str, ...] = NAMED) -> list[dict[str, Any]]:
    rules: list[dict[str, Any]] = []
    for i in range(count):
        then: dict[str, Any] = {}
        if draw(st.booleans()) or i == 0:
            then["verdict"] = draw(st.sampled_from(["pass", "warn", "review", "block"]))
        if draw(st.booleans()):
            then["tags"] = draw(st.sampled_from(["a", "b"]))
        if draw(st.booleans()) or not then:
            then["amount"] = draw(
                st.one_of(
                    st.sampled_from([1, 2.5]),
                    st.builds(lambda t: {"value": t}, expression("number", 1, named)),
                )
            )
        rule: dict[str, Any] = {
            "id": f"r{i}",
            "when": draw(expression("boolean", depth, named)),
            "then": then,
        }
        if draw(st.booleans()):
            rule["if_unknown"] = draw(st.sampled_from(["skip", "fire", "review"]))
        if draw(st.integers(0, 4)) == 0:
            rule["effective"] = draw(_period())
        if draw(st.integers(0, 4)) == 0:
            rule["markets"] = draw(st.sampled_from([["east"], ["BB"], ["AA", "BB"]]))
        rules.append(rule)
    return rules


def _keyed_rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Many rules with the same kind of key, so that the index has something to find."""
    keys = draw(st.sampled_from(["t1 == '{s}'", "under(c1, '{p}')", "mentions(t2, ['{w}'])", "n1 >= {a} and n1 < {b}",
                                 "t1 == '{s}' and n2 >= {a}", "t1 in ['{s}', 'new'] and n1 <= {a}"]))  # fmt: skip
    rules: list[dict[str, Any]] = []
    for i in range(draw(st.integers(8, 14))):
        low = draw(st.sampled_from([0, 1, 2, 7]))
        text = keys.format(
            s=draw(st.sampled_from(STATUSES)),
            p=draw(st.sampled_from(PATHS)),
            w=draw(st.sampled_from(["pork", "wine", "alcohol", "猪肉"])),
            a=low,
            b=low + draw(st.sampled_from([1, 2, 10])),
        )
        if draw(st.booleans()):
            text = f"{text} and {draw(expression('boolean', 1, NAMED))}"
        unknown = draw(st.sampled_from(["skip", "fire", "review"]))
        rules.append(
            {"id": f"k{i}", "when": text, "then": {"verdict": "warn", "tags": f"k{i}"}, "if_unknown": unknown}
        )
    return rules


def _table(draw: st.DrawFn) -> dict[str, Any]:
    cell = {
        "t1": ["-", '"new"', '"used","broken"', 'not("new")'],
        "n1": ["-", "1", ">= 2", "[0..2)", "(0..7]", "not(1)", "1, 2"],
        "d1": ["-", ">= 2026-01-01", "2026-06-15"],
        "b1": ["-", "true", "false"],
    }
    rows = [
        [
            *(draw(st.sampled_from(options)) for options in cell.values()),
            draw(st.sampled_from(["warn", "block"])),
        ]
        for _ in range(draw(st.integers(1, 12)))
    ]
    table: dict[str, Any] = {
        "id": "tab",
        "hit": draw(st.sampled_from(["all", "first"])),
        "inputs": list(cell),
        "outputs": ["verdict"],
        "rows": rows,
    }
    table["if_unknown"] = draw(st.sampled_from(["skip", "fire", "review"]))
    return table


@st.composite
def projects(draw: st.DrawFn) -> dict[str, str]:
    """A random project as file name -> text."""
    record_type = {
        "record_type": "thing",
        "fields": FIELDS,
        "derived": {
            "dn": {"value": draw(expression("number", 2))},
            "db": {"value": draw(expression("boolean", 2))},
        },
    }
    combine = draw(st.sampled_from(["sum", "min", "max", "first", "unique", "any", "count"]))
    outputs: dict[str, Any] = {
        "verdict": {
            "combine": draw(st.sampled_from(["worst", "worst", "best"])),
            "allowed": ["pass", "warn", "review", "block"],
            **draw(st.sampled_from([{"default": "pass"}, {"default": "pass"}, {"default": "review"}, {}])),
        },
        "tags": {"combine": draw(st.sampled_from(["collect", "set"]))},
        "amount": {"type": "number", "combine": combine},
    }
    other = {
        "ruleset": "other",
        "record": "thing",
        "outputs": {**outputs, "amount": {"type": "number", "combine": "max"}},
        "rules": [
            {"id": "o1", "when": draw(expression("boolean", 1)), "then": {"amount": {"value": "n1 * 2"}}}
        ],
    }
    gate: dict[str, Any] = {
        "ruleset": "gate",
        "record": "thing",
        "if_unknown": draw(st.sampled_from(["skip", "fire", "review"])),
        "outputs": outputs,
        "derived": {"own_dn": {"value": draw(expression("number", 1))}},
        "rules": [
            *_rules(draw, draw(st.integers(1, 5)), 3),
            *(_keyed_rules(draw) if draw(st.booleans()) else []),
        ],
    }
    gate["rules"].append(
        {
            "id": "reads",
            "when": "other.amount > 3 or card.tier == 'low' or spare.score > 50",
            "then": {"tags": "reads"},
        }
    )
    if draw(st.booleans()):
        gate["tables"] = [_table(draw)]
    if draw(st.booleans()):
        extra = {
            "ruleset": "extra",
            "record": "thing",
            "outputs": outputs,
            "rules": _rules(draw, 2, 2, NAMED[:-1]),
        }
        gate["include"] = ["extra"]
    else:
        extra = None
    lists = [
        {"term_list": "meat", "terms": ["pork", "猪肉", "fish"], "except": ["pork pie"]},
        {"term_list": "drink", "terms": ["wine"]},
    ]
    documents = [
        *_regions(draw),
        record_type,
        *lists,
        _scorecard(draw, "card"),
        _scorecard(draw, "spare"),
        other,
        gate,
        *([extra] if extra else []),
    ]
    return {"rulesets/all.yaml": "\n---\n".join(json.dumps(d, ensure_ascii=False) for d in documents)}


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A random valid record; fields are missing often."""
    number = st.one_of(
        st.none(),
        st.sampled_from(NUMBERS),
        st.just(math.nan),
        st.floats(allow_nan=True, allow_infinity=False),
    )
    text = st.one_of(st.none(), st.sampled_from(WORDS), st.text(max_size=20))
    values: dict[str, Any] = {
        "n1": draw(number),
        "n2": draw(st.one_of(number, st.integers(-5, 5))),
        "n3": draw(number),
        "t1": draw(st.one_of(st.none(), st.sampled_from(STATUSES))),
        "t2": draw(text),
        "c1": draw(
            st.one_of(st.none(), st.sampled_from([*PATHS, "toys/other", "toys/infants", "food/fresh"]))
        ),
        "b1": draw(st.one_of(st.none(), st.booleans())),
        "b2": draw(st.one_of(st.none(), st.booleans())),
        "d1": draw(st.one_of(st.none(), st.sampled_from(DAYS))),
        "l1": draw(st.one_of(st.none(), st.lists(st.sampled_from(WORDS), max_size=3))),
    }
    return {k: v for k, v in values.items() if v is not None or draw(st.booleans())}
