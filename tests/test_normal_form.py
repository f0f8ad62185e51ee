"""Three-valued logic compiled away: the two formulas of an expression say exactly what Kleene says."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import pytest
from small_projects import tree_of

from weighbridge.code_size import code_size
from weighbridge.evaluate import Evaluator
from weighbridge.normal_form import ALWAYS, NEVER, AllOf, AnyOf, Formula, Leaf, all_of, any_of, missing, when
from weighbridge.tree import (
    FALSE,
    TRUE,
    UNKNOWN,
    And,
    Compare,
    Const,
    Expr,
    IfElse,
    Name,
    Not,
    Or,
    Type,
    walk,
)

CONDITIONS = [
    "b",
    "not b",
    "b and p",
    "b or p",
    "not (b and p)",
    "not (b or not p)",
    "b == p",
    "b != p",
    "(b == p) == b",
    "b in [p, true]",
    "n < m",
    "not (n < m)",
    "n == m",
    "n != m",
    "not (n != m)",
    "n <= m or n > m",
    "0 < n < m",
    "n in [1, 2]",
    "n not in [1]",
    "n / m > 1",
    "t == u",
    "t != u",
    "not (t == 'x')",
    "t in ['x', 'y']",
    "t not in ['x']",
    "t in l",
    "t not in l",
    "b if p else n > 1",
    "not (b if p else n > 1)",
    "(b if p else b) if n > m else p",
    "(n if b else m) > 1",
    "is_missing(n)",
    "not is_missing(n)",
    "is_missing(b)",
    "is_missing(b and p)",
    "not is_missing(b or p)",
    "is_missing(is_missing(b))",
    "is_missing(n > m)",
    "evidence(n)",
    "not evidence(n)",
    "evidence(b)",
    "not evidence(b and p)",
    "coalesce(b, p)",
    "not coalesce(b, p)",
    "coalesce(b, p, n > m)",
    "coalesce(b and p, not p)",
    "coalesce(n, m) > 1",
    "mentions(t, ['x'])",
    "not mentions(t, ['x'])",
    "b and not (p and not (n > m and t == u))",
    "true",
    "1 / 0 > 1",
]
WORLDS = [
    {"b": b, "p": p, "n": n, "m": m, "t": t, "u": u, "l": li}
    for b, p in itertools.product((True, False, None), repeat=2)
    for n, m, t, u, li in (
        (1.0, 2.0, "x", "x", ("x",)),
        (2.0, 1.0, "x", "y", ()),
        (2.0, 2.0, "y", None, None),
        (None, 1.0, None, "x", ("x",)),
        (1.0, None, None, None, ()),
        (None, 0.0, "z", "z", ("z", "x")),
        (1.0, 0.0, "x", "z", ("y",)),
    )
]


def evaluator(world: dict[str, Any]) -> Evaluator:
    """Evaluates leaves; a text mentions what it is."""
    return Evaluator(world, lambda _n, _e, text, terms: text in (terms or ()), frozenset())


def holds(formula: Formula, world: Evaluator) -> bool:
    """Two-valued: a leaf holds where its test is known to be as wanted."""
    match formula:
        case Leaf(test, wanted):
            return world.value(test) is wanted
        case AllOf(parts):
            return all(holds(p, world) for p in parts)
        case AnyOf(parts):
            return any(holds(p, world) for p in parts)


def leaves(formula: Formula) -> Iterator[Leaf]:
    """Every leaf, left to right."""
    if isinstance(formula, Leaf):
        yield formula
    else:
        for part in formula.parts:
            yield from leaves(part)


@pytest.mark.parametrize("text", CONDITIONS)
def test_the_two_formulas_say_when_an_expression_is_known_to_be_true_and_false(text: str) -> None:
    tree = tree_of(text)
    true, false = when(tree, True), when(tree, False)
    for world in WORLDS:
        values = evaluator(world)
        truth = values.value(tree)
        assert holds(true, values) is (truth is True), world
        assert holds(false, values) is (truth is False), world


@pytest.mark.parametrize("text", CONDITIONS)
def test_negation_is_pushed_down_to_the_leaves(text: str) -> None:
    for wanted in (True, False):
        for leaf in leaves(when(tree_of(text), wanted)):
            assert not isinstance(leaf.test, Not | And | Or)
            assert not (isinstance(leaf.test, IfElse) and leaf.test.type is Type.BOOLEAN)
            if isinstance(leaf.test, Compare) and leaf.test.left.type is Type.NUMBER:
                assert leaf.wanted
                assert leaf.test.op != "!=", "it would hold for NaN"


@pytest.mark.parametrize("text", CONDITIONS)
def test_code_size_is_no_less_than_what_is_written_out(text: str) -> None:
    tree = tree_of(text)
    written = [leaf for wanted in (True, False) for leaf in leaves(when(tree, wanted))]
    assert code_size(tree) + 1 >= len(written)
    assert code_size(tree) >= sum(1 for _ in walk(tree)) / 2


def test_code_size_counts_what_doubles_without_writing_it_out() -> None:
    tree: Expr = Name("b", Type.BOOLEAN)
    sizes = []
    for _ in range(40):
        sizes.append(code_size(tree))
        tree = Or((And((tree, tree)), And((Not(tree), Not(tree)))))
    assert all(later > 2 * earlier for earlier, later in itertools.pairwise(sizes))
    assert sizes[-1] > 2**40


A, B, C = (Leaf(Name(name, Type.BOOLEAN), True) for name in "abc")


def test_conjunctions_and_disjunctions_are_flat_and_hold_each_part_once() -> None:
    assert all_of([A, all_of([B, A]), C]) == AllOf((A, B, C))
    assert any_of([A, any_of([B, A]), C]) == AnyOf((A, B, C))
    assert all_of([A, A]) == A
    assert any_of([any_of([A]), A]) == A
    assert all_of([A, any_of([B, C])]) == AllOf((A, AnyOf((B, C))))


def test_what_is_always_or_never_so_decides_or_disappears() -> None:
    assert all_of([]) == ALWAYS
    assert any_of([]) == NEVER
    assert all_of([A, NEVER, B]) == NEVER
    assert any_of([A, ALWAYS, B]) == ALWAYS
    assert all_of([A, ALWAYS]) == A
    assert any_of([A, NEVER]) == A


def test_constants_have_one_formula_or_none() -> None:
    assert [when(TRUE, True), when(TRUE, False)] == [ALWAYS, NEVER]
    assert [when(FALSE, True), when(FALSE, False)] == [NEVER, ALWAYS]
    assert [when(UNKNOWN, True), when(UNKNOWN, False)] == [NEVER, NEVER]
    assert [missing(UNKNOWN, True), missing(UNKNOWN, False)] == [ALWAYS, NEVER]
    assert [missing(Const(1.0, Type.NUMBER), True), missing(Const(1.0, Type.NUMBER), False)] == [
        NEVER,
        ALWAYS,
    ]


def test_an_expression_that_can_only_be_unknown_is_neither() -> None:
    tree = tree_of("not evidence(n)")
    assert when(tree, True) == NEVER
    assert when(tree, False) != NEVER
