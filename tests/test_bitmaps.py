"""Sets of rows as bitmaps, and what rules hold in which rows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.bitmaps import bitmap, counts, every_row, mask_of, number_of, places, union
from weighbridge.firings import Firings

SIZES = st.integers(0, 70)


@st.composite
def masks(draw: st.DrawFn, most: int = 20) -> tuple[int, list[np.ndarray]]:
    size = draw(SIZES)
    one = st.lists(st.booleans(), min_size=size, max_size=size).map(lambda m: np.array(m, np.bool_))
    return size, draw(st.lists(one, max_size=most))


@given(masks())
def test_a_bitmap_holds_the_rows_of_a_mask(drawn: tuple[int, list[np.ndarray]]) -> None:
    size, found = drawn
    for mask in found:
        rows = bitmap(mask)
        assert mask_of(rows, size).tolist() == mask.tolist()
        assert places(rows, size).tolist() == np.flatnonzero(mask).tolist()
        assert number_of(rows) == mask.sum()
    assert mask_of(every_row(size), size).all()
    assert number_of(every_row(size)) == size, "bits behind the last row are 0"


@given(masks())
def test_a_union_takes_bitmaps_and_places(drawn: tuple[int, list[np.ndarray]]) -> None:
    size, found = drawn
    sets = [bitmap(m) if i % 2 else np.flatnonzero(m) for i, m in enumerate(found)]
    expected = np.logical_or.reduce([np.zeros(size, np.bool_), *found])
    assert mask_of(union(sets, size), size).tolist() == expected.tolist()


@pytest.mark.parametrize("number", [0, 1, 2, 3, 7, 8, 255, 256, 300])
def test_bitmaps_are_counted_row_by_row(number: int) -> None:
    random = np.random.default_rng(number)
    found = [random.random(61) < 0.5 for _ in range(number)]
    found[:2] = [np.ones(61, np.bool_)] * min(2, number)
    assert counts([bitmap(m) for m in found], 61).tolist() == sum(found, np.zeros(61, np.int64)).tolist()
    assert counts([every_row(61)] * number, 61).tolist() == [number] * 61


@given(masks(most=12), st.lists(st.integers(-9, 9), min_size=12, max_size=12))
def test_firings_say_the_same_as_sets_and_as_pairs(
    drawn: tuple[int, list[np.ndarray]], amounts: list[int]
) -> None:
    size, found = drawn
    firings = Firings(size)
    for rule, mask in enumerate(found):
        if rule % 3 == 2:
            rows = np.flatnonzero(mask)
            firings.add_pairs(np.full(len(rows), rule, np.intp), rows)
        else:
            firings.add(rule, bitmap(mask) if rule % 3 else np.flatnonzero(mask))
    chosen = np.array([a > 0 for a in amounts])
    paid = np.array(amounts, np.float64)
    for _ in range(2):
        assert firings.count().tolist() == [sum(int(m[r]) for m in found) for r in range(size)]
        assert firings.count(chosen).tolist() == [
            sum(int(m[r]) for m, wanted in zip(found, chosen, strict=False) if wanted) for r in range(size)
        ]
        assert firings.total(paid).tolist() == [
            float(sum(a for m, a in zip(found, amounts, strict=False) if m[r])) for r in range(size)
        ]
        meant = [m for m, wanted in zip(found, chosen, strict=False) if wanted]
        held = np.logical_or.reduce([np.zeros(size, np.bool_), *meant])
        assert mask_of(firings.rows(chosen), size).tolist() == held.tolist()
        pairs = firings.pairs.in_order()
        assert list(zip(pairs.rows.tolist(), pairs.rules.tolist(), strict=True)) == [
            (row, rule) for row in range(size) for rule, m in enumerate(found) if m[row]
        ]
