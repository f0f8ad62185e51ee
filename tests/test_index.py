"""The rule index: what it finds is what asking every rule finds."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from small_projects import BASE, TODAY, gate, load, rule, tree_of

from weighbridge import index
from weighbridge.engine import Engine
from weighbridge.index import Segments, buckets, build_index, keys_of
from weighbridge.normal_form import when

POLICIES = ("skip", "fire", "review")
STATES = ("new", "used", "broken")
SMALL = 4
"""Rules that make a group in these tests; how many are worth one is measured elsewhere."""

PATHS = ("toys", "toys/infant", "food")
WORDS = ("pork", "wine", "beef", "猪肉", "red wine")


def engines(conditions: Sequence[str], **keys: Any) -> tuple[Engine, Engine]:
    """The same rules with the index and, by groups no ruleset can fill, without it."""
    rules = [
        rule(text, id=f"r{i}", if_unknown=POLICIES[i % 3], then={"verdict": "warn", "tags": f"r{i}"})
        for i, text in enumerate(conditions)
    ]
    outputs = {"verdict": {}, "tags": {"type": "text", "combine": "collect"}}
    project = (*BASE, gate(*rules, outputs=outputs, **keys))
    return load(*project), load(*project)


def compare(
    indexed: Engine, straight: Engine, records: Sequence[dict[str, Any]], monkeypatch: Any = None
) -> set[str]:
    """Both engines say the same of every record. Returns every rule that fired."""
    fired: set[str] = set()
    for record in records:
        expected = straight.decide("gate", record, market="AA", as_of=TODAY)
        found = indexed.decide("gate", record, market="AA", as_of=TODAY)
        assert found.fired == expected.fired, record
        assert found.unknown == expected.unknown, record
        assert found.outputs == expected.outputs, record
        assert [f.rule for f in found.findings] == [f.rule for f in expected.findings], record
        fired |= set(found.fired)
    return fired


def same(conditions: Sequence[str], records: Sequence[dict[str, Any]], **keys: Any) -> int:
    """Compares the rules with and without an index, and tells how many fired at least once."""
    indexed, straight = engines(conditions, **keys)
    compile_with(indexed, SMALL)
    compile_with(straight, math.inf)
    assert groups(indexed) > 0
    assert groups(straight) == 0
    return len(compare(indexed, straight, records))


def compile_with(engine: Engine, smallest_group: float) -> None:
    """Makes the program, with groups of at least so many rules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "SMALLEST_GROUP", smallest_group)
        engine.prepared("gate", "AA", TODAY)


def groups(engine: Engine) -> int:
    """How many index look-ups the program of an engine makes."""
    return engine.prepared("gate", "AA", TODAY).program.source.count("if e.run is not None")


# ------------------------------------------------------------------------------------------- what is looked up


def test_equal_texts() -> None:
    conditions = [f"t == 'x{i % 7}'" for i in range(20)]
    records = [{"t": f"x{i}"} for i in range(9)] + [{"t": "X0"}, {"t": " "}, {}]
    assert same(conditions, records) == 20


def test_equal_numbers() -> None:
    conditions = [f"n == {i}" for i in (-1, 0, 0.0, 1, 2.5, 0.1, 1e308, 9007199254740992, 3, 4)]
    numbers = (-1, 0, -0.0, 1, 2.5, 0.1, 0.1 + 0.2, 1e308, 9007199254740992, 5, math.nan, None)
    assert same(conditions, [{"n": n} for n in numbers]) == 8


def test_equal_dates() -> None:
    conditions = [f"d == '2026-01-{i:02}'" for i in range(1, 13)]
    records = [{"d": f"2026-01-{i:02}"} for i in range(1, 20)] + [{"d": date(2026, 1, 1)}, {"d": None}]
    assert same(conditions, records) == 12


def test_membership_in_overlapping_lists() -> None:
    conditions = [f"n in [{i}, {i + 1}, {i + 5}]" for i in range(12)]
    assert same(conditions, [{"n": n} for n in (*range(-1, 20), 0.5, None)]) == 12


def test_two_names_at_once() -> None:
    conditions = [f"e == '{e}' and t in ['{t}', 'q']" for e, t in itertools.product(STATES, ("a", "b", "c"))]
    records = [{"e": e, "t": t} for e in (*STATES, None) for t in ("a", "b", "c", "q", "z", None)]
    assert same(conditions, records) == 9


def test_names_that_only_some_rules_have() -> None:
    conditions = [f"e == '{STATES[i % 3]}'" + (f" and t == 'a{i}'" if i % 2 else "") for i in range(18)]
    records = [{"e": e, "t": f"a{i}"} for e in (*STATES, None) for i in range(18)]
    assert same(conditions, records) == 18


def test_category_paths_and_those_above_them() -> None:
    conditions = [f"under(c, '{PATHS[i % 3]}')" for i in range(9)]
    conditions += [
        "under(c, 'toys') or under(c, 'toys/infant')",
        "under(c, 'food') or under(c, 'toys/infant')",
    ]
    paths = (*PATHS, "toys/infant/rattles", "food/fresh/fruit", "toys/x", None)
    assert same(conditions, [{"c": c} for c in paths]) == 11


def test_paths_that_only_look_alike() -> None:
    conditions = [f"under(t, 'a{i}')" for i in range(5)] + [f"under(t, 'a{i}/b')" for i in range(5)]
    texts = ("a1", "a1/b", "a1/b/c", "a11", "a1b", "/a1", "a1/", "A1/b", "a1//b", "/", "//", "a1/b/", None)
    assert same(conditions, [{"t": t} for t in texts]) == 2


def test_term_lists() -> None:
    conditions = [f"mentions(t, ['{WORDS[i % 5]}'])" for i in range(10)] + ["mentions(t, terms.meat)"] * 2
    texts = ("Pork pie", "no pork", "red wine, beef", "红烧猪肉饭", "pork-free wine", "x", " ", None)
    assert same(conditions, [{"t": t} for t in texts]) == 12


def test_terms_in_lists_of_texts() -> None:
    conditions = [f"mentions(l, ['{word}', 'x{i}'])" for i, word in enumerate(WORDS * 2)]
    records = [{"l": texts} for texts in (["pork"], ["beef", "wine"], ["red", "wine"], ["x7"], [], None)]
    assert same(conditions, records) == 6


OPENINGS = [(">=", "<"), (">", "<="), (">=", "<="), (">", "<")]


@pytest.mark.parametrize(("low", "high"), OPENINGS)
def test_intervals_at_their_bounds(low: str, high: str) -> None:
    conditions = [f"n {low} {i} and n {high} {i + 2}" for i in range(10)]
    edges = [n for i in range(-1, 13) for n in (i, math.nextafter(i, -99), math.nextafter(i, 99))]
    extremes = [-0.0, 1e308, -1e308, 5e-324, math.nan, None]
    assert same(conditions, [{"n": n} for n in (*edges, *extremes)]) == 10


def test_intervals_open_on_one_side_empty_ones_and_single_points() -> None:
    conditions = [
        "n >= 3",
        "n > 3",
        "n < 3",
        "n <= 3",
        "n > 3 and n < 3",
        "n >= 3 and n <= 3",
        "n > 5 and n < 4",
    ]
    conditions += ["n > 1 and n > 2 and n < 9 and n <= 8", "3 < n <= 7", "n >= 0"]
    assert same(conditions, [{"n": n / 2} for n in range(-2, 20)] + [{}]) == 8


def test_intervals_behind_an_equality() -> None:
    conditions = [f"e == '{STATES[i % 3]}' and n >= {i} and n < {i + 3}" for i in range(15)]
    records = [{"e": e, "n": n / 2} for e in (*STATES, None) for n in range(-1, 40, 3)] + [{"e": "new"}]
    assert same(conditions, records) == 15


def test_days_of_the_question() -> None:
    conditions = [f"as_of >= '2026-06-{i:02}' and as_of < '2026-06-{i + 3:02}'" for i in range(10, 20)]
    assert same(conditions, [{}]) == 3


def test_intervals_too_wide_to_be_cut_are_asked_one_by_one() -> None:
    conditions = [f"e == 'new' and n >= {i} and n < {10_000 - i}" for i in range(200)]
    records = [
        {"e": e, "n": n} for e in ("new", "used", None) for n in (-1, 0, 100, 199, 9_801, 9_999, 10_000, None)
    ]
    assert same(conditions, records) == 200


def test_what_the_key_does_not_say_is_still_asked() -> None:
    rest = [
        "b",
        "not p",
        "n / m > 1",
        "length(l) > 1",
        "mentions(u, terms.meat)",
        "m in [1, 2]",
        "coalesce(b, p)",
        "u != t",
    ]
    conditions = [f"t == 'k{i % 2}' and {rest[i % 8]}" for i in range(24)]
    values: dict[str, list[Any]] = {
        "t": ["k0", "k1", "k2", None],
        "b": [True, False, None],
        "p": [True, False, None],
        "n": [4, None],
    }
    records = [
        {**dict(zip(values, chosen, strict=True)), "m": m, "l": ["a", "b"], "u": u}
        for chosen in itertools.product(*values.values())
        for m, u in ((2, "pork"), (0, "k0"), (None, None))
    ]
    assert same(conditions, records) == 24


def test_alternatives_do_not_pin_a_value() -> None:
    conditions = [f"t == 'a{i}' or b" for i in range(5)] + [
        f"t == 'a{i}' and not (u == 'x')" for i in range(12)
    ]
    records = [
        {"t": f"a{i}", "b": b, "u": u} for i in range(12) for b in (True, None) for u in ("x", "y", None)
    ]
    assert same(conditions, records) == 17


def test_derived_values_scores_and_outputs_are_keys_too() -> None:
    conditions = [f"half == {i}" for i in range(9)] + [f"half >= {i} and half < {i + 1}" for i in range(9)]
    records = [{"n": n} for n in (*range(20), None)]
    assert same(conditions, records, derived={"half": {"value": "n / 2"}}) == 18


def test_tables_with_wildcards_and_a_first_hit() -> None:
    cells = [
        ["-", "-"],
        ['"new"', "-"],
        ['"used","broken"', "[0..5)"],
        ['not("new")', ">= 3"],
        ['"broken"', "1, 2, 7"],
    ]
    for hit in ("all", "first"):
        rows = [
            [*cell, word] for word in ("warn", "block") for cell in (cells if hit == "all" else cells[1:])
        ]
        table = {
            "id": "tab",
            "hit": hit,
            "inputs": ["e", "n"],
            "outputs": ["verdict"],
            "rows": rows,
            "if_unknown": "review",
        }
        records = [{"e": e, "n": n} for e in (*STATES, None) for n in (0, 1, 2, 3, 4.999, 5, 7, None)]
        keys = [f"t == 'x{i}'" for i in range(8)]
        assert same(keys, records, tables=[table]) >= 3


# ----------------------------------------------------------------------------------------------- the structure


def indexed(conditions: Sequence[str]) -> tuple[list[index.Group], list[int]]:
    """The index over conditions, numbered in order; term lists are numbered by their first word."""
    numbers: dict[Any, int] = {}
    keys = {i: keys_of(when(tree_of(text), True)) for i, text in enumerate(conditions)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(index, "SMALLEST_GROUP", SMALL)
        return build_index(keys, lambda _text, terms: numbers.setdefault(terms, len(numbers)))


def test_every_rule_is_in_one_group_or_stays_straight_code() -> None:
    conditions = [f"t == 'x{i}'" for i in range(10)] + [f"under(c, '{p}')" for p in PATHS * 3]
    conditions += [f"mentions(u, ['w{i}'])" for i in range(8)] + [f"n > {i}" for i in range(8)]
    conditions += ["b", "not b", "t != 'x1'", "n != 3", "is_missing(n)", "m == 1", "b or p"]
    found, straight = indexed(conditions)
    assert [g.kind for g in found] == ["mentions", "equal", "under", "equal"]
    members = [i for g in found for i in g.rules]
    assert sorted([*members, *straight]) == list(range(len(conditions)))
    assert straight == list(range(35, 42))


def test_a_few_rules_are_not_worth_an_index() -> None:
    few = [f"t == 'x{i}'" for i in range(SMALL - 1)]
    assert indexed(few) == ([], list(range(len(few))))
    assert indexed([*few, "t == 'y'"])[1] == []


def test_equal_conditions_leave_nothing_to_check() -> None:
    (group,), straight = indexed([f"t == 'x{i % 4}'" for i in range(12)])
    assert straight == []
    assert all(bucket.residual == () for bucket in buckets(group))
    assert group.table["x1"].ids == (1, 5, 9)  # type: ignore[union-attr]


def test_a_number_line_is_cut_at_its_bounds() -> None:
    (group,), _ = indexed([f"n >= {i} and n < {i + 1}" for i in range(8)])
    line = group.table[()]
    assert isinstance(line, Segments)
    assert line.bounds == [float(i) for i in range(9)]
    assert [line.at(x).ids for x in (-1.0, 0.0, 0.5, 1.0, 7.999, 8.0, math.inf, -math.inf)] == [
        (), (0,), (0,), (1,), (7,), (), (), (),
    ]  # fmt: skip


def test_long_lists_do_not_multiply_keys() -> None:
    wide = ", ".join(str(i) for i in range(100))
    found, _ = indexed([f"n in [{wide}] and m in [{wide}] and t == 'x{i}'" for i in range(8)])
    assert sum(len(g.table) for g in found) <= 8 * index.MOST_KEYS


# ------------------------------------------------------------------------------------------------ at random

_PARTS: dict[str, list[str]] = {
    "t": ["t == 'a'", "t in ['a', 'b']", "t != 'a'", "mentions(t, ['a'])", "like(t, 'a*')"],
    "n": ["n == 1", "n > 1", "n <= 2", "n in [1, 2]", "n != 1", "1 <= n < 3", "n / m > 1"],
    "c": ["under(c, 'toys')", "under(c, 'toys') or under(c, 'food')", "not under(c, 'toys')"],
    "e": ["e == 'new'", "e in ['new', 'used']", "e != 'new'"],
    "b": ["b", "not b", "b or p", "is_missing(t)", "coalesce(b, p)"],
}
_condition = st.lists(
    st.sampled_from([p for parts in _PARTS.values() for p in parts]), min_size=1, max_size=4
).map(lambda parts: " and ".join(f"({p})" for p in parts))
_record = st.fixed_dictionaries(
    {
        "t": st.sampled_from(["a", "b", "ab", "no a", None]),
        "u": st.none(),
        "n": st.sampled_from([0, 1, 1.5, 2, 3, None]),
        "m": st.sampled_from([0, 1, None]),
        "c": st.sampled_from([*PATHS, None]),
        "e": st.sampled_from([*STATES, None]),
        "b": st.sampled_from([True, False, None]),
        "p": st.sampled_from([True, False, None]),
    }
)


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    conditions=st.lists(_condition, min_size=12, max_size=40),
    records=st.lists(_record, min_size=8, max_size=8),
)
def test_any_rules_are_found(conditions: list[str], records: list[dict[str, Any]]) -> None:
    indexed, straight = engines(conditions)
    compile_with(indexed, SMALL)
    compile_with(straight, math.inf)
    compare(indexed, straight, records)


def test_numbers_are_looked_up_as_numbers() -> None:
    (group,), _ = indexed([f"n == {i}" for i in range(8)])
    assert all(isinstance(key, float) for key in group.table)
