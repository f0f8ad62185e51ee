"""Cells of decision tables: unary tests on every type, at their edges, with unknown values, and refused ones."""

from __future__ import annotations

from typing import Any

import pytest
from small_projects import BASE, SCOPE, TODAY, gate, load, refusal, tree_of

from weighbridge.tables import CellError, unary_test
from weighbridge.unparse import unparse


def table(cell: str, column: str) -> dict[str, Any]:
    """A ruleset with one table of one row."""
    rows = [[cell, "block"]]
    return gate(tables=[{"id": "tab", "inputs": [column], "outputs": ["verdict"], "rows": rows}])


def matches(cell: str, column: str, values: list[Any]) -> list[bool | None]:
    """Whether a cell accepts each value; None where that is not known."""
    engine = load(*BASE, table(cell, column))
    decisions = [engine.decide("gate", {column: v}, market="AA", as_of=TODAY) for v in values]
    return [None if d.unknown else bool(d.fired) for d in decisions]


Y, N = True, False


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("-", [Y, Y, Y, Y, Y]),
        ("", [Y, Y, Y, Y, Y]),
        ("1", [N, Y, N, N, None]),
        ("= 1", [N, Y, N, N, None]),
        ("!= 1", [Y, N, Y, Y, None]),
        ("> 1", [N, N, Y, Y, None]),
        (">= 1", [N, Y, Y, Y, None]),
        ("<1", [Y, N, N, N, None]),
        ("[1..2)", [N, Y, Y, N, None]),
        ("(1..2]", [N, N, Y, Y, None]),
        ("[1..)", [N, Y, Y, Y, None]),
        ("(..1]", [Y, Y, N, N, None]),
        ("1, 2", [N, Y, N, Y, None]),
        ("< 1, [1.5..2]", [Y, N, Y, Y, None]),
        ("not(1, 2)", [Y, N, Y, N, None]),
        ("not( > 1 )", [Y, Y, N, N, None]),
        ("-1e3, 1.5", [N, N, Y, N, None]),
    ],
)
def test_numbers(cell: str, expected: list[bool | None]) -> None:
    assert matches(cell, "n", [0, 1, 1.5, 2, None]) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ('"new"', [Y, N, None]),
        ("new", [Y, N, None]),
        ("'new'", [Y, N, None]),
        ('"new","used"', [Y, Y, None]),
        ("new, used", [Y, Y, None]),
        ('not("new")', [N, Y, None]),
        ('!= "new"', [N, Y, None]),
        ('= "used"', [N, Y, None]),
    ],
)
def test_texts(cell: str, expected: list[bool | None]) -> None:
    assert matches(cell, "e", ["new", "used", None]) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("true", [Y, N, None]),
        ("false", [N, Y, None]),
        ("= true", [Y, N, None]),
        ("== false", [N, Y, None]),
        ("!= true", [N, Y, None]),
        ("!= false", [Y, N, None]),
        ("not(true)", [N, Y, None]),
        ("true, false", [Y, Y, None]),
    ],
)
def test_booleans(cell: str, expected: list[bool | None]) -> None:
    assert matches(cell, "b", [True, False, None]) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("2026-01-01", [N, Y, N, None]),
        ("'2026-01-01'", [N, Y, N, None]),
        (">= 2026-01-01", [N, Y, Y, None]),
        ("< 2026-01-01", [Y, N, N, None]),
        ("not(2026-01-01)", [Y, N, Y, None]),
    ],
)
def test_dates(cell: str, expected: list[bool | None]) -> None:
    assert matches(cell, "d", ["2025-12-31", "2026-01-01", "2026-01-02", None]) == expected


def test_lists_hold_what_a_cell_names() -> None:
    values = [["a", "b"], ["c"], [], None]
    assert matches("a", "l", values) == [Y, N, N, None]
    assert matches('"a","c"', "l", values) == [Y, Y, N, None]
    assert matches("not(a)", "l", values) == [N, Y, Y, None]


def test_commas_quotes_and_brackets_inside_quotes_are_text() -> None:
    words = ["a,b", 'say "hi"', "it's", "[1..2)", "(x", ">= 5", "-", "not(a)", " a "]
    for word in words:
        cell = '"' + word.replace('"', '""') + '"'
        assert matches(cell, "t", [word, "other"]) == [Y, N]
        assert matches(f'{cell},"x"', "t", [word, "x", "other"]) == [Y, Y, N]


@pytest.mark.parametrize(
    ("cell", "column", "code"),
    [
        ("five", "n", "WB310"),
        ("1,", "n", None),
        (",", "t", "WB310"),
        (",,", "n", "WB310"),
        ("[2..1]", "n", "WB310"),
        ("[1..2", "n", "WB310"),
        ("[1.2]", "n", "WB310"),
        ("[a..b)", "n", "WB310"),
        ("1..2", "n", "WB310"),
        (">", "n", "WB310"),
        ("> > 1", "n", "WB310"),
        ("1e999", "n", "WB310"),
        ("9" * 400, "n", "WB310"),
        ("１", "n", "WB310"),
        ("1_000", "n", "WB310"),
        ("nan", "n", "WB310"),
        ("inf", "n", "WB310"),
        ("not()", "n", "WB310"),
        ("not(-)", "n", "WB310"),
        ("not(not(1))", "n", "WB310"),
        ("yes", "b", "WB310"),
        ("> true", "b", "WB310"),
        ("> 'a'", "t", "WB310"),
        ('"open', "t", "WB310"),
        ('"a" "b"', "t", "WB310"),
        ("nwe", "e", "WB207"),
        ('!= "nwe"', "e", "WB207"),
        ('"new","usd"', "e", "WB207"),
        ("= a", "l", "WB310"),
        ("2026-02-30", "d", "WB310"),
        ("[2026-01-01..2026-02-01]", "d", "WB310"),
    ],
)
def test_a_cell_that_means_nothing_is_refused(cell: str, column: str, code: str | None) -> None:
    found = [d.code for d in refusal(*BASE, table(cell, column))]
    assert found == ([] if code is None else [code])


def test_a_cell_reads_as_the_expression_it_stands_for() -> None:
    for cell, text in (
        ("[1..2)", "(n >= 1) and (n < 2)"),
        ("1, 2", "n in [1, 2]"),
        ("not(1)", "not (n == 1)"),
    ):
        tree = unary_test(cell, tree_of("n"), SCOPE)
        assert tree is not None
        assert unparse(tree) == text
        assert tree_of(text) == tree


def test_one_cell_over_fields_of_one_name_is_checked_in_every_record_type() -> None:
    other = {"record_type": "other", "fields": {"e": {"type": "text", "allowed": ["x"]}}}
    second = table('"x"', "e") | {"ruleset": "second", "record": "other"}
    assert [d.code for d in refusal(*BASE, other, second, table('"x"', "e"))] == ["WB207"]


def test_a_wrong_cell_is_told_with_what_was_expected() -> None:
    with pytest.raises(CellError) as caught:
        unary_test("five", tree_of("n"), SCOPE)
    assert caught.value.expected == "10, >= 5, [1..5), not(3) or -"


@pytest.mark.parametrize(
    ("cell", "codes"), [("https://example.com/law", []), ("", []), ("ask Ana", ["WB310"])]
)
def test_the_address_of_a_source_is_one_of_the_web(cell: str, codes: list[str]) -> None:
    columns = {"id": {"as": "id"}, "law": {"as": "source"}, "where": {"as": "url"}, "n": {"as": "test"}}
    then = {"then": {"verdict": "warn"}}
    sourced = {"id": "t", "columns": columns, "rows": [["one", "Law", cell, "> 1"]], **then}
    ruleset = {"ruleset": "gate", "record": "thing", "tables": [sourced]}
    assert [d.code for d in refusal(*BASE, ruleset)] == codes
