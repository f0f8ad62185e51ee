"""The expression language: what every operator and function means, and what is refused, where."""

from __future__ import annotations

import itertools
import math
import operator
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from small_projects import (
    BASE,
    NOWHERE,
    SCOPE,
    TODAY,
    gate,
    load,
    problems,
    rule,
    same,
    value,
    values,
    with_fields,
)

import weighbridge
from weighbridge import InvalidRecord, ProjectError
from weighbridge.diagnostics import Span
from weighbridge.expressions import (
    MAX_LENGTH,
    MAX_NESTING,
    MAX_NODES,
    MAX_PROBLEMS,
    Scope,
    Symbol,
    compile_expression,
)
from weighbridge.functions import FUNCTIONS
from weighbridge.tree import Type

NAN = math.nan
LITERAL = {True: "true", False: "false", None: "(1 / 0 > 1)"}

# ------------------------------------------------------------------------------------- three-valued logic

KLEENE = [  # a, b, a and b, a or b
    (True, True, True, True),
    (True, False, False, True),
    (True, None, None, True),
    (False, True, False, True),
    (False, False, False, False),
    (False, None, False, None),
    (None, True, None, True),
    (None, False, False, None),
    (None, None, None, None),
]


@pytest.mark.parametrize(("a", "b", "both", "either"), KLEENE)
def test_and_and_or_follow_kleene(a: Any, b: Any, both: Any, either: Any) -> None:
    assert value(f"{LITERAL[a]} and {LITERAL[b]}") is both
    assert value(f"{LITERAL[a]} or {LITERAL[b]}") is either
    assert value("b and p", b=a, p=b) is both
    assert value("b or p", b=a, p=b) is either


@pytest.mark.parametrize(("a", "opposite"), [(True, False), (False, True), (None, None)])
def test_not_of_unknown_is_unknown(a: Any, opposite: Any) -> None:
    assert value(f"not {LITERAL[a]}") is opposite
    assert value("not b", b=a) is opposite
    assert value("not not b", b=a) is a


@pytest.mark.parametrize(("a", "b"), list(itertools.product((True, False, None), repeat=2)))
def test_booleans_are_equal_where_both_are_known(a: Any, b: Any) -> None:
    equal = None if a is None or b is None else a is b
    unequal = None if equal is None else not equal
    assert value(f"{LITERAL[a]} == {LITERAL[b]}") is equal
    assert value("b == p", b=a, p=b) is equal
    assert value("b != p", b=a, p=b) is unequal
    assert value("b in [p]", b=a, p=b) is equal


@pytest.mark.parametrize("a", [True, False, None])
def test_a_boolean_compared_with_a_constant_is_itself_or_its_opposite(a: Any) -> None:
    opposite = None if a is None else not a
    assert value("b == true", b=a) is a
    assert value("false != b", b=a) is a
    assert value("b == false", b=a) is opposite
    assert value("b != true", b=a) is opposite


def test_many_operands_are_one_decision() -> None:
    assert value("b and p and n > 1 and m > 1", b=True, p=True, n=2, m=0) is False
    assert value("b and p and n > 1 and m > 1", b=True, p=True, n=2) is None
    assert value("b or p or n > 1 or m > 1", b=False, p=False, m=2) is True


@pytest.mark.parametrize(
    ("condition", "expected"), [(True, 1.0), (False, 2.0), (None, None)], ids=["true", "false", "unknown"]
)
def test_a_choice_by_an_unknown_condition_is_unknown(condition: Any, expected: Any) -> None:
    assert value(f"1 if {LITERAL[condition]} else 2") == expected
    assert value("n if b else m", b=condition, n=1, m=2) == expected
    assert value("t if b else u", b=condition, t="1", u="2") == (expected and str(int(expected)))
    assert value("d if b else f", b=condition, d="2026-01-01", f="2026-01-02") == (
        expected and date(2026, 1, int(expected))
    )
    assert value("l if b else k", b=condition, l=["1"], k=["2"]) == (expected and [str(int(expected))])
    assert value("(n == 1) if b else (n == 2)", b=condition, n=expected) is (expected and True)


def test_only_the_chosen_branch_counts() -> None:
    assert value("n if b else m", b=True, n=1) == 1.0
    assert value("n if b else m", b=False, n=1) is None
    assert value("p if b else (n > 1)", b=False, n=2) is True


# -------------------------------------------------------------------------------------------- comparison

ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@pytest.mark.parametrize("op", ORDER)
def test_numbers_are_compared(op: str) -> None:
    for a, b in ((1, 2), (2, 2), (2, 1), (-0.0, 0.0), (0.1 + 0.2, 0.3), (1e308, -1e308)):
        assert value(f"{a} {op} {b}") is ORDER[op](a, b)
        assert value(f"n {op} m", n=a, m=b) is ORDER[op](a, b)


@pytest.mark.parametrize("op", ORDER)
def test_dates_are_compared(op: str) -> None:
    early, late = "2025-12-31", "2026-01-01"
    for a, b in ((early, late), (late, late), (late, early)):
        assert value(f"d {op} f", d=a, f=b) is ORDER[op](a, b)
        assert value(f"d {op} '{b}'", d=a) is ORDER[op](a, b)
        assert value(f"'{a}' {op} f", f=b) is ORDER[op](a, b)


@pytest.mark.parametrize("op", ["==", "!="])
def test_texts_are_equal_letter_by_letter(op: str) -> None:
    for a, b in (("a", "a"), ("a", "A"), ("é", "e\u0301"), ("猪", "猪"), ("𝕏", "X")):
        assert value(f"{a!r} {op} {b!r}") is ORDER[op](a, b)
        assert value(f"t {op} u", t=a, u=b) is ORDER[op](a, b)


@pytest.mark.parametrize("op", ORDER)
@pytest.mark.parametrize("missing", [None, NAN])
def test_nothing_can_be_said_of_an_unknown_number(op: str, missing: Any) -> None:
    assert value(f"n {op} m", n=missing, m=1) is None
    assert value(f"n {op} m", n=1, m=missing) is None
    assert value(f"n {op} n", n=missing) is None
    assert value(f"not (n {op} m)", n=missing, m=1) is None


def test_nothing_can_be_said_of_an_unknown_text_or_date() -> None:
    for text in ("t == u", "t != u", "t == 'a'", "t != 'a'"):
        assert value(text, u="a") is None
    for text in ("d == f", "d != f", "d < f", "d >= '2026-01-01'"):
        assert value(text, f="2026-01-01") is None


def test_a_chain_holds_where_every_link_does() -> None:
    assert value("1 < 2 < 3") is True
    assert [value("1 < n < 3", n=n) for n in (1, 2, 3, None)] == [False, True, False, None]
    assert value("0 < n < 3 < m", n=5) is False, "one broken link decides, whatever is unknown"
    assert value("0 < n < 3 < m", n=2) is None
    assert value("n == m == o", n=1, m=1, o=1) is True


# -------------------------------------------------------------------------------------------- membership


@pytest.mark.parametrize(
    ("text", "record", "expected"),
    [
        ("'a' in ['a', 'b']", {}, True),
        ("'c' in ['a', 'b']", {}, False),
        ("t in ['a', 'b']", {"t": "b"}, True),
        ("t in ['a', 'b']", {"t": "B"}, False),
        ("t in ['a', 'b']", {}, None),
        ("t in ('a', 'b')", {"t": "a"}, True),
        ("t in {'a', 'b'}", {"t": "a"}, True),
        ("n in [1, 2.0]", {"n": 2}, True),
        ("n in [1, 2]", {"n": 1.5}, False),
        ("n in [1, 2]", {"n": NAN}, None),
        ("n in [0]", {"n": -0.0}, True),
        ("d in ['2026-01-01', '2026-02-01']", {"d": "2026-02-01"}, True),
        ("d in ['2026-01-01']", {}, None),
        ("t in []", {"t": "a"}, False),
        ("t in []", {}, False),
        ("t in l", {"t": "a", "l": ["b", "a"]}, True),
        ("t in l", {"t": "a", "l": ["b"]}, False),
        ("t in l", {"t": "a", "l": []}, False),
        ("t in l", {"l": []}, False),
        ("t in l", {"l": ["a"]}, None),
        ("t in l", {"t": "a"}, None),
        ("'a' in l", {"l": ["a"]}, True),
        ("t in [u, 'x']", {"t": "x"}, True),
        ("t in [u, 'x']", {"t": "y"}, None),
        ("t in [u, 'x']", {"t": "y", "u": "z"}, False),
        ("e in ['new', 'used']", {"e": "broken"}, False),
    ],
)
def test_membership(text: str, record: dict[str, Any], expected: Any) -> None:
    assert value(text, **record) is expected
    left, _, right = text.partition(" in ")
    opposite = None if expected is None else not expected
    assert value(f"{left} not in {right}", **record) is opposite


# -------------------------------------------------------------------------------------------- arithmetic

ARITHMETIC = [
    ("1 + 2", 3.0),
    ("1 - 2", -1.0),
    ("2 * 3.5", 7.0),
    ("7 / 2", 3.5),
    ("7 // 2", 3.0),
    ("-7 // 2", -4.0),
    ("7 % 3", 1.0),
    ("-7 % 3", 2.0),
    ("7 % -3", -2.0),
    ("2 ** 10", 1024.0),
    ("2 ** -1", 0.5),
    ("2 ** 0.5", math.sqrt(2)),
    ("0.1 + 0.2", 0.1 + 0.2),
    ("1 / 0", None),
    ("0 / 0", None),
    ("1 // 0", None),
    ("1 % 0", None),
    ("1 / -0.0", None),
    ("0 ** -1", None),
    ("-8 ** 0.5", -math.sqrt(8)),
    ("(-8) ** 0.5", None),
    ("1e308 * 10", math.inf),
    ("-1e308 * 10", -math.inf),
    ("10.0 ** 400", math.inf),
    ("(-10) ** 401", -math.inf),
    ("(-10) ** 400", math.inf),
    ("1e-320 / 1e308", 0.0),
]


@pytest.mark.parametrize(("text", "expected"), ARITHMETIC)
def test_arithmetic_on_literals_and_on_fields(text: str, expected: Any) -> None:
    assert same(value(text), expected)
    moved, record = with_fields(text)
    assert same(value(moved, **record), expected), moved


@pytest.mark.parametrize("op", ["+", "-", "*", "/", "//", "%", "**"])
def test_arithmetic_with_an_unknown_number_is_unknown(op: str) -> None:
    assert value(f"n {op} m", n=None, m=1) is None
    assert value(f"n {op} m", n=1, m=None) is None
    assert value(f"n {op} m", n=0, m=NAN) is None
    assert value(f"n {op} region.unset", n=1) is None
    assert value("-n") is None
    assert value("+n") is None


def test_infinite_numbers_are_numbers_until_they_cancel() -> None:
    assert value("n * 10 > 1", n=1e308) is True
    assert value("n * 10 - n * 10", n=1e308) is None
    assert value("n * 10 * 0", n=1e308) is None
    assert value("1 / (n * 10)", n=1e308) == 0.0
    assert value("n * 10 % 3", n=1e308) is None


def test_days_between_two_dates_by_minus() -> None:
    assert value("d - f", d="2026-03-01", f="2026-01-30") == 30.0
    assert value("d - f", d="2026-03-01") is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1 + 2 * 3 ** 2", 19.0),
        ("2 ** 3 ** 2", 512.0),
        ("-2 ** 2", -4.0),
        ("10 - 4 - 3", 3.0),
        ("8 / 4 / 2", 1.0),
        ("7 - 2 % 3", 5.0),
        ("(1 + 2) * 3", 9.0),
        ("- - 3", 3.0),
        ("+3", 3.0),
        ("true or false and false", True),
        ("not true or true", True),
        ("not 1 > 2", True),
        ("1 + 1 == 2 and 2 < 3", True),
        ("1 if false else 2 if false else 3", 3.0),
        ("1 + 1 if true else 5", 2.0),
    ],
)
def test_operators_bind_as_in_python(text: str, expected: Any) -> None:
    assert same(value(text), expected)


# -------------------------------------------------------------------------------------- literals and names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1_000", 1000.0),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("0x10", 16.0),
        ("9007199254740992", 9007199254740992.0),
        ("true", True),
        ("True", True),
        ("'it\\'s'", "it's"),
        ('"it\'s"', "it's"),
        ("'\\u732a'", "猪"),
        ("'猪' '肉'", "猪肉"),
        ("'a\\tb'", "a\tb"),
        ("'#;$?`\\\\'", "#;$?`\\"),
        ("['a', 'b']", ["a", "b"]),
        ("('a',)", ["a"]),
    ],
)
def test_literals(text: str, expected: Any) -> None:
    assert same(value(text), expected)


def test_line_ends_and_tabs_are_blanks() -> None:
    assert value("  n >\r\n 1\n\tand b  ", n=2, b=True) is True


def test_names_that_come_with_the_question() -> None:
    assert value("market") == "AA"
    assert value("region.code == market") is True
    assert value("as_of") == TODAY
    assert value("region.limit * 2") == 6.0
    assert value("is_missing(region.unset)") is True
    assert value("mentions(t, region.prohibited)", t="Pork sausage") is True
    assert value("mentions(t, terms.meat)", t="a pork pie") is False


@pytest.mark.parametrize("text", ["d < '2026-06-01'", "'2026-06-01' > d", "d in ['2026-05-31']"])
def test_text_beside_a_date_is_a_date(text: str) -> None:
    assert value(text, d="2026-05-31") is True


def test_dates_are_also_read_in_choices_and_fallbacks() -> None:
    assert value("coalesce(d, '2026-01-01')") == date(2026, 1, 1)
    assert value("coalesce(d, '2026-01-01') < f", f="2026-01-02") is True
    assert value("d if b else '2026-01-01'", b=False) == date(2026, 1, 1)
    assert value("('2026-01-01' if b else d) < f", b=True, f="2026-01-02") is True
    assert value("t == '2026-01-01'", t="2026-01-01") is True, "beside a text it stays text"


@pytest.mark.parametrize(
    "text",
    [
        "2026-02-30",
        "2026-1-1",
        "01/02/2026",
        "0000-01-01",
        "10000-01-01",
        "２０２６-01-01",
        "2026-01-01 ",
        "",
    ],
)
def test_a_date_that_does_not_exist_is_refused(text: str) -> None:
    (found,) = problems(f"d < {text!r}")
    assert found.code == "WB209"
    assert found.expected == "a date as '2026-03-01'"


def test_the_first_and_the_last_day() -> None:
    assert value("d == '0001-01-01'", d="0001-01-01") is True
    assert value("d == '9999-12-31'", d="9999-12-31") is True
    assert value("d == '2024-02-29'", d="2024-02-29") is True


# --------------------------------------------------------------------------------------------- functions

EXAMPLES = [(text, expected) for function in FUNCTIONS.values() for text, expected in function.examples]


def test_every_function_has_an_example() -> None:
    assert [f.name for f in FUNCTIONS.values() if not any(f.name in text for text, _ in f.examples)] == []


@pytest.mark.parametrize(("text", "expected"), EXAMPLES, ids=[text for text, _ in EXAMPLES])
def test_an_example_of_the_function_table_is_true_in_every_form(text: str, expected: Any) -> None:
    assert all(same(found, expected) for found in values(text))
    moved, record = with_fields(text)
    assert all(same(found, expected) for found in values(moved, **record)), moved


EDGES: list[tuple[str, dict[str, Any], Any]] = [
    ("length('')", {}, 0.0),
    ("length(t)", {"t": "𝕏👍🏽"}, 3.0),
    ("length(l)", {"l": []}, 0.0),
    ("length(l)", {"l": ["a", "", "  ", "b"]}, 2.0),
    ("length(nothing_list)", {}, None),
    ("lower(t)", {"t": "ÀΣ İ"}, "àς i̇"),
    ("contains(t, '')", {"t": "a"}, True),
    ("contains(t, u)", {"t": "a"}, None),
    ("contains(t, '𝕏')", {"t": "a𝕏b"}, True),
    ("starts_with('', '')", {}, True),
    ("ends_with(t, 'b')", {"t": "ab"}, True),
    ("like('', '*')", {}, True),
    ("like('', '')", {}, True),
    ("like('', '?')", {}, False),
    ("like('a', '')", {}, False),
    ("like(t, 'a*c')", {"t": "ac"}, True),
    ("like(t, 'a*c')", {"t": "a\nc"}, True),
    ("like(t, 'a*a')", {"t": "a"}, False),
    ("like(t, 'a**a')", {"t": "aa"}, True),
    ("like(t, '*b*d*')", {"t": "abcde"}, True),
    ("like(t, '*d*b*')", {"t": "abcde"}, False),
    ("like(t, 'ab*bc')", {"t": "abc"}, False),
    ("like(t, '*bc')", {"t": "abcbc"}, True),
    ("like(t, 'a.b')", {"t": "axb"}, False),
    ("like(t, '[x]+(y)')", {"t": "[X]+(Y)"}, True),
    ("like(t, '?')", {"t": "𝕏"}, True),
    ("like(t, '?')", {"t": "ß"}, True),
    ("like(t, 'ÉTÉ')", {"t": "été"}, True),
    ("like(t, 'стол*')", {"t": "СТОЛЫ"}, True),
    ("word_count('')", {}, 0.0),
    ("word_count(t)", {"t": " a\u3000b\tc\n"}, 3.0),
    ("script_share('123 !', 'Latn')", {}, None),
    ("script_share(t, 'Latn')", {"t": "é1é"}, 1.0),
    ("script_share(t, 'Jpan')", {"t": "ひカ漢a"}, 0.75),
    ("script_share(t, 'Arab')", {"t": "سلام"}, 1.0),
    ("join(t, u)", {}, None),
    ("join(t, u)", {"u": "b"}, "b"),
    ("join(l)", {"l": []}, None),
    ("join(t, l)", {"t": "a", "l": ["b", "c"]}, "a\u2029b\u2029c"),
    ("to_number(t)", {"t": "1e3"}, 1000.0),
    ("to_number(t)", {"t": "１２"}, 12.0),
    ("to_number(t)", {"t": "-.5"}, -0.5),
    ("to_number('')", {}, None),
    ("to_number(t)", {"t": "1_000"}, None),
    ("to_number(t)", {"t": "1,5"}, None),
    ("to_number(t)", {"t": "0x10"}, None),
    ("to_number(t)", {"t": "inf"}, None),
    ("to_number(t)", {"t": "nan"}, None),
    ("to_number(t)", {"t": "1e999"}, None),
    ("to_number(t)", {"t": "9" * 41}, None),
    ("valid_gtin(t)", {"t": "96385074"}, True),
    ("valid_gtin(t)", {"t": "0 36000-29145 2"}, True),
    ("valid_gtin(t)", {"t": "036000291453"}, False),
    ("valid_gtin(t)", {"t": "４００６３８１３３３９３１"}, False),
    ("valid_gtin(t)", {"t": "1234567"}, False),
    ("overlaps(l, k)", {"l": [], "k": ["a"]}, False),
    ("overlaps(l, k)", {"l": ["a"], "k": ["b", "a"]}, True),
    ("overlaps(l, k)", {"l": ["a"]}, None),
    ("min(n)", {"n": 3}, 3.0),
    ("min(n, m)", {"n": 3}, None),
    ("max(n, m, 2)", {"n": 3, "m": -1}, 3.0),
    ("max(n * 10, 1)", {"n": 1e308}, math.inf),
    ("round(n)", {"n": 0.5}, 0.0),
    ("round(n)", {"n": 1.5}, 2.0),
    ("round(n)", {"n": -2.5}, -2.0),
    ("round(n, 2)", {"n": 2.675}, 2.67),
    ("round(n, 12)", {"n": 1e308}, 1e308),
    ("round(n * 10, 2)", {"n": -1e308}, -math.inf),
    ("floor(n)", {"n": -2.1}, -3.0),
    ("ceil(n)", {"n": -2.9}, -2.0),
    ("floor(n)", {"n": 1e308}, 1e308),
    ("floor(n * 10)", {"n": 1e308}, math.inf),
    ("abs(n)", {"n": -1e308}, 1e308),
    ("sqrt(n)", {"n": 0}, 0.0),
    ("sqrt(n)", {"n": -1e-300}, None),
    ("log(n)", {"n": -1}, None),
    ("log(exp(n))", {"n": 1}, 1.0),
    ("exp(n)", {"n": 1000}, math.inf),
    ("exp(n)", {"n": -1000}, 0.0),
    ("days_between('0001-01-01', '9999-12-31')", {}, 3652058.0),
    ("days_between(d, f)", {"d": "2026-01-02", "f": "2026-01-01"}, -1.0),
    ("days_between(d, f)", {"d": "2026-01-02"}, None),
    ("add_days(d, 1)", {"d": "2024-02-28"}, date(2024, 2, 29)),
    ("add_days(d, 1)", {"d": "9999-12-31"}, None),
    ("add_days(d, -1)", {"d": "0001-01-01"}, None),
    ("add_days(d, 0.5)", {"d": "2026-01-01"}, None),
    ("add_days(d, n * 10)", {"d": "2026-01-01", "n": 1e308}, None),
    ("year(d)", {"d": "0001-01-01"}, 1.0),
    ("weekday(d)", {"d": "9999-12-31"}, 5.0),
    ("month(nothing_day)", {}, None),
    ("coalesce(n, m, 5)", {}, 5.0),
    ("coalesce(n / 0, m)", {"n": 1, "m": 2}, 2.0),
    ("coalesce(n, m)", {}, None),
    ("coalesce(b, p)", {"p": False}, False),
    ("coalesce(t, 'x')", {"t": " "}, "x"),
    ("is_missing(1 / 0)", {}, True),
    ("is_missing(n > 1)", {}, True),
    ("is_missing(b and p)", {"b": False}, False),
    ("is_missing(is_missing(n))", {}, False),
    ("is_missing(t)", {"t": "\u3000"}, True),
    ("is_missing(l)", {"l": []}, False),
    ("evidence(b)", {"b": False}, False),
    ("evidence(t)", {"t": "x"}, True),
    ("not evidence(t)", {}, None),
    ("under(c, 'toys')", {"c": "toys/infant"}, True),
    ("under(c, 'toys/infant')", {"c": "toys"}, False),
    ("under(c, 'toys')", {}, None),
    ("in_region('east') and not in_region('AA') or in_region('world')", {}, True),
    ("mentions(t, [])", {"t": "pork"}, False),
    ("mentions(t, ['pork'])", {}, None),
    ("mentions(l, ['pork'])", {"l": ["beef", "Pork chops"]}, True),
    ("mentions(l, ['pork chops'])", {"l": ["pork", "chops"]}, False),
    ("mentions(l, ['pork'])", {"l": []}, False),
    ("count_mentions(l, terms.meat)", {"l": ["pork, pork", "红烧猪肉饭"]}, 3.0),
    ("count_mentions(t, terms.meat)", {}, None),
]


@pytest.mark.parametrize(("text", "record", "expected"), EDGES)
def test_functions_at_their_edges(text: str, record: dict[str, Any], expected: Any) -> None:
    assert same(value(text, **record), expected)


def test_a_joined_text_is_bounded() -> None:
    assert value("length(join(t, t, t))", t="x" * 600_000) == 1_000_000.0


# -------------------------------------------------------------------------------- what is refused, and where

_SYMBOLS = [
    Symbol("price", Type.NUMBER),
    Symbol("cost", Type.NUMBER),
    Symbol("title", Type.TEXT),
    Symbol("status", Type.TEXT, allowed=("new", "used")),
    Symbol("category", Type.TEXT, tree=("toys", "toys/infant")),
    Symbol("certified", Type.BOOLEAN),
    Symbol("launch_date", Type.DATE),
    Symbol("languages", Type.TEXTS, allowed=("en", "de")),
    Symbol("market", Type.TEXT, allowed=("AE", "SA")),
    Symbol("as_of", Type.DATE),
    Symbol("region.currency", Type.TEXT),
    Symbol("region.review_units", Type.NUMBER),
    Symbol("cultural_fit.tier", Type.TEXT, allowed=("fit", "reject")),
    Symbol("cultural_fit.score", Type.NUMBER),
]
LISTING = Scope(
    {s.path: s for s in _SYMBOLS}, frozenset({"pig", "alcohol"}), frozenset({"world", "gcc", "SA"})
)


def refused(text: str, want: Type | None = None) -> list[tuple[str, str, str | None]]:
    """Code, underlined text and suggestion of every problem."""
    locate: Callable[[int, int], Span] = lambda start, end: Span("", 1, start + 1, 1, end + 1)  # noqa: E731
    tree, found = compile_expression(text, LISTING, want, locate)
    assert tree is None
    assert found
    spans = [d.span for d in found]
    assert all(s is not None for s in spans)
    return [(d.code, text[d.span.column - 1 : d.span.end_column - 1], d.suggestion) for d in found if d.span]


NAMES = [
    ("prize > 3", "WB203", "prize", "price"),
    ("PRICE > 3", "WB203", "PRICE", "price"),
    ("region.curency == 'SAR'", "WB203", "region.curency", "region.currency"),
    ("currency == 'SAR'", "WB203", "currency", "region.currency"),
    ("cultural_fit.tear == 'fit'", "WB203", "cultural_fit.tear", "cultural_fit.tier"),
    ("mentions(title, terms.pigs)", "WB203", "terms.pigs", "pig"),
    ("lenght(title) > 3", "WB204", "lenght", "length"),
    ("mention(title, terms.pig)", "WB204", "mention", "mentions"),
    ("status == 'nwe'", "WB207", "'nwe'", "new"),
    ("'nwe' == status", "WB207", "'nwe'", "new"),
    ("status != 'NEW'", "WB207", "'NEW'", "new"),
    ("status in ['new', 'usd']", "WB207", "'usd'", "used"),
    ("cultural_fit.tier == 'rejct'", "WB207", "'rejct'", "reject"),
    ("market == 'UAE'", "WB207", "'UAE'", "AE"),
    ("'fr' in languages", "WB207", "'fr'", None),
    ("under(category, 'toys/infants')", "WB203", "'toys/infants'", "toys/infant"),
    ("in_region('gc')", "WB203", "'gc'", "gcc"),
]
TYPES = [
    ("price + title > 3", "WB206", "title", "join(a, b)"),
    ("launch_date + 1 > as_of", "WB206", "launch_date", "add_days(day, n)"),
    ("launch_date - 1 > as_of", "WB206", "launch_date", "add_days(day, n)"),
    ("price * certified", "WB206", "certified", None),
    ("title > 'a'", "WB206", "title > 'a'", None),
    ("price == '3'", "WB206", "price == '3'", None),
    ("launch_date == 20260101", "WB206", "launch_date == 20260101", None),
    ("price and certified", "WB206", "price", "not is_missing(price)"),
    ("certified or title", "WB206", "title", "not is_missing(title)"),
    ("not title", "WB206", "title", "not is_missing(title)"),
    ("-title", "WB206", "title", "to_number(...)"),
    ("certified < certified", "WB206", "certified < certified", None),
    ("title in title", "WB206", "title in title", "contains(...)"),
    ("price in languages", "WB206", "price in languages", None),
    ("languages == languages", "WB206", "languages == languages", None),
    ("languages in ['en']", "WB206", "languages in ['en']", None),
    ("price in [1, 'a']", "WB206", "price in [1, 'a']", None),
    ("launch_date > 'soon'", "WB209", "'soon'", None),
    ("1 if price else 2", "WB206", "price", "not is_missing(price)"),
    ("price if certified else title", "WB206", "price if certified else title", None),
    ("overlaps(languages, [price])", "WB206", "price", None),
    ("length(price) > 1", "WB206", "price", None),
    ("length() > 1", "WB205", "length()", None),
    ("length(title, title)", "WB205", "length(title, title)", None),
    ("min()", "WB205", "min()", None),
    ("round(price, 1, 2)", "WB205", "round(price, 1, 2)", None),
    ("round(price, cost)", "WB206", "cost", None),
    ("round(price, 13)", "WB209", "13", None),
    ("round(price, 1.5)", "WB209", "1.5", None),
    ("round(price, -1)", "WB209", "-1", None),
    ("like(title, 'a' if certified else 'b')", "WB206", "'a' if certified else 'b'", None),
    ("script_share(title, 'Latin')", "WB209", "'Latin'", None),
    ("under(category, '')", "WB209", "''", None),
    ("under(title, 'a//b')", "WB209", "'a//b'", None),
    ("in_region(market)", "WB206", "market", None),
    ("coalesce(price, title)", "WB206", "coalesce(price, title)", None),
    ("mentions(title, 'pork')", "WB206", "'pork'", None),
    ("mentions(title, languages)", "WB206", "languages", None),
    ("mentions(title, ['pig', '*'])", "WB311", "'*'", None),
    ("mentions(title, ['a*b'])", "WB311", "'a*b'", None),
    ("mentions(price, terms.pig)", "WB206", "price", None),
    ("mentions(title, terms.pig if certified else terms.alcohol)", "WB206", None, None),
    ("terms.pig", "WB206", "terms.pig", None),
    ("days_between(launch_date, 'soon')", "WB209", "'soon'", None),
    ("add_days('2026-01-01', title)", "WB206", "title", None),
]
SYNTAX = [
    ("price = 3", "WB201", "=", "=="),
    ("price == 3 and status = 'new'", "WB201", "=", "=="),
    ("price => 3", "WB201", "=>", ">="),
    ("price <> 3", "WB201", "<>", "!="),
    ("certified && price > 3", "WB201", "&&", "and"),
    ("certified || price > 3", "WB201", "||", "or"),
    ("certified AND price > 3", "WB201", "AND", "and"),
    ("price >", "WB201", ">", None),
    ("price 3", "WB201", "3", None),
    ("(price > 3", "WB201", "(", None),
    ("price > 3)", "WB201", ")", None),
    ("title == 'open", "WB201", "'", None),
    ("title == '''open'''", "WB202", "'", None),
    ("title is title", "WB202", "title is title", None),
    ("title is not None", "WB202", "title is not None", None),
    ("title == None", "WB202", "title == None", None),
    ("None == title", "WB202", "None", None),
    ("~price", "WB202", "~price", "None"),
    ("price & cost", "WB202", "price & cost", None),
    ("price @ cost", "WB202", "price @ cost", None),
    ("price # cost", "WB202", "#", None),
    ("price; cost", "WB202", ";", None),
    ("price > 9007199254740993", "WB209", "9007199254740993", None),
    ("price > 1e999", "WB209", "1e999", None),
    ("price > 1j", "WB209", "1j", None),
    ("price > b'1'", "WB209", "b'1'", None),
    ("price > ...", "WB209", "...", None),
    ("{'a': 1}", "WB202", "{'a': 1}", None),
    ("min(price, x=3)", "WB202", "min(price, x=3)", None),
    ("min(*languages)", "WB202", "*languages", None),
]


@pytest.mark.parametrize(("text", "code", "underlined", "suggestion"), [*NAMES, *TYPES])
def test_a_mistake_is_refused_at_its_place(
    text: str, code: str, underlined: str | None, suggestion: str | None
) -> None:
    ((found, at, near),) = refused(text)
    assert (found, near) == (code, suggestion)
    assert underlined is None or at == underlined


@pytest.mark.parametrize(("text", "code", "underlined", "suggestion"), SYNTAX)
def test_what_is_not_part_of_the_language_is_refused_at_its_place(
    text: str, code: str, underlined: str, suggestion: str | None
) -> None:
    found = refused(text)
    assert (code, underlined) in [(c, at) for c, at, _ in found]
    if suggestion not in (None, "None"):
        assert found[0][2] == suggestion


@pytest.mark.parametrize(
    "before", ["title == '猪肉' and ", "contains(title, '𝕏👍🏽') and ", "  title == 'é'\n and "]
)
@pytest.mark.parametrize(
    ("wrong", "underlined"),
    [
        ("prize > 3", "prize"),
        ("price > 3 && certified", "&&"),
        ("price > = 3", "="),
        ("title.upper()", "title.upper()"),
        ("under(category, '玩具')", "'玩具'"),
    ],
)
def test_columns_count_characters_not_bytes(before: str, wrong: str, underlined: str) -> None:
    assert [at for _, at, _ in refused(before + wrong)] == [underlined]


def test_an_empty_expression_says_what_is_missing() -> None:
    for text in ("", "   ", "\n"):
        (found,) = problems(text)
        assert (found.code, found.expected) == ("WB201", "a condition or a value")


def test_the_place_decides_which_type_is_needed() -> None:
    assert refused("price", Type.BOOLEAN) == [("WB206", "price", None)]
    assert refused("price > 3", Type.NUMBER) == [("WB206", "price > 3", None)]
    assert refused("title", Type.DATE) == [("WB206", "title", None)]


def test_all_mistakes_of_an_expression_are_told_together() -> None:
    text = "prize > 3 and status == 'nwe' and lenght(title) > 'a' and title > 'b' or under(category, 'toy')"
    assert [(code, at) for code, at, _ in refused(text)] == [
        ("WB203", "prize"),
        ("WB207", "'nwe'"),
        ("WB204", "lenght"),
        ("WB206", "title > 'b'"),
        ("WB203", "'toy'"),
    ]


def test_choices_are_listed_when_they_are_few() -> None:
    (found,) = problems("e == 'nwe'")
    assert found.message == "unknown value of e 'nwe'"
    assert found.expected == "one of: broken, new, used"


# ------------------------------------------------------------------------------- places in files of a project

PROJECT = """record_type: listing
fields:
  price: {type: number}
  title: {type: text}
---
region: AA
---
ruleset: gate
record: listing
rules:
- id: folded
  when: >
    price > 3 and

    title == '猪肉' and
      prize > 2
  then: {verdict: block}
- id: literal
  when: |
    title == 'é' and
    titel == 'x'
  then: {verdict: block}
- id: double
  when: "title == \\"\\u732a\\" and prise > 2"
  then: {verdict: block}
- id: single
  when: 'title == ''猪'' and pricee > 2'
  then: {verdict: block}
- id: plain
  when: price > 1 and
    pryce > 2
  then: {verdict: block}
- id: chained
  when: 0 < prixe < 3
  then: {verdict: block}
- id: wide
  when: under(title,
    'a//b')
  then: {verdict: block}
"""


def test_mistakes_are_underlined_in_the_file_whatever_the_yaml_style() -> None:
    with pytest.raises(ProjectError) as caught:
        weighbridge.load(NOWHERE, {"rulesets/gate.yaml": PROJECT})
    lines = PROJECT.split("\n")
    found: list[tuple[int, str]] = []
    for diagnostic in caught.value.diagnostics:
        span = diagnostic.span
        assert span is not None
        assert (span.file, span.line) == ("rulesets/gate.yaml", span.end_line)
        found.append((span.line, lines[span.line - 1][span.column - 1 : span.end_column - 1]))
    assert found == [
        (16, "prize"),
        (21, "titel"),
        (24, "prise"),
        (27, "pricee"),
        (31, "pryce"),
        (34, "prixe"),
        (38, "'a//b'"),
    ]


def test_a_mistake_in_every_place_that_takes_an_expression_is_found() -> None:
    card = {
        "scorecard": "card",
        "record": "thing",
        "characteristics": [
            {"id": "x", "value": "x1", "when": "x2", "bins": [{"points": 1}]},
            {"id": "y", "points": "x3"},
        ],
    }
    table = {
        "id": "tab",
        "when": "x4",
        "columns": {"n": {"as": "test", "of": "x5"}, "verdict": {"as": "output"}},
        "rows": [["1", "block"]],
    }
    ruleset = gate(
        rule("x6"),
        {"id": "s", "when": "true", "then": {"amount": {"value": "x7"}}},
        {"id": "u", "when": "true", "then": {"amount": "x8"}},
        outputs={"verdict": {}, "amount": {"type": "number", "combine": "sum"}},
        derived={"own": {"value": "x9"}},
        tables=[table],
    )
    other = {"record_type": "other", "fields": {"a": {"type": "text"}}, "derived": {"z": {"value": "x0"}}}
    with pytest.raises(ProjectError) as caught:
        load(*BASE, card, ruleset, other)
    told = {d.message for d in caught.value.diagnostics if d.code == "WB203"}
    assert told == {f"unknown name 'x{i}'" for i in range(10)}


# ------------------------------------------------------------------------------------------------ bounds


def test_the_length_of_an_expression_is_bounded() -> None:
    fits = "t == '" + "x" * (MAX_LENGTH - 7) + "'"
    assert len(fits) == MAX_LENGTH
    assert problems(fits) == []
    assert problems(f"\n {fits} ") == [], "what surrounds it does not count"
    (found,) = problems(fits.replace("xx", "xxx", 1))
    assert found.code == "WB208"


@pytest.mark.parametrize(("depth", "codes"), [(MAX_NESTING, []), (MAX_NESTING + 1, ["WB208"])])
def test_the_depth_of_brackets_is_bounded(depth: int, codes: list[str]) -> None:
    assert [d.code for d in problems("(" * depth + "n" + ")" * depth)] == codes


def test_the_depth_of_a_tree_is_bounded() -> None:
    assert problems("not " * (MAX_NESTING - 1) + "b") == []
    assert [d.code for d in problems("not " * MAX_NESTING + "b")] == ["WB208"]
    assert [d.code for d in problems("n" + " + 1" * MAX_NESTING)] == ["WB208"]


def test_the_number_of_parts_is_bounded() -> None:
    many = " or ".join(["n > 1"] * (MAX_NODES // 3))
    assert problems(many) == []
    assert [d.code for d in problems(many + " or b or p or b or p")] == ["WB208"]


def test_conditions_inside_conditions_are_bounded_before_they_double_out_of_hand() -> None:
    text = "b"
    for _ in range(5):
        text = f"({text} == p)"
    assert value(text, b=True, p=True) is True
    for _ in range(10):
        text = f"({text} == p)"
    (found,) = problems(text)
    assert found.code == "WB208"
    assert found.expected == "its parts as derived values, each with a name"


def test_the_number_of_mistakes_that_are_told_is_bounded() -> None:
    assert len(problems(" or ".join(f"x{i}" for i in range(900)))) == MAX_PROBLEMS


# -------------------------------------------------------------------------------- values of records


@pytest.mark.parametrize("bad", [math.inf, -math.inf, True, "1", [1], 10**400])
def test_what_is_no_number_never_reaches_an_expression(bad: Any) -> None:
    engine = load(*BASE, gate(rule("n > 1")))
    with pytest.raises(InvalidRecord) as caught:
        engine.decide("gate", {"n": bad}, market="AA", as_of=TODAY)
    assert [d.code for d in caught.value.diagnostics] == ["WB401"]


def test_the_scope_of_these_tests_is_that_of_their_project() -> None:
    engine = load(*BASE, gate(rule("n > 1")))
    scope = engine.book.scopes["thing"].symbols
    assert {p: (s.type, s.allowed, s.tree) for p, s in SCOPE.symbols.items()} == {
        p: (scope[p].type, scope[p].allowed, scope[p].tree) for p in SCOPE.symbols
    }
