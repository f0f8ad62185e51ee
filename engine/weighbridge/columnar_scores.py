"""Scorecards over frames: the same whole thousandths as the scalar form, many records at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighbridge.frames import Frame, Operation
from weighbridge.normal_form import ALWAYS, AnyOf, Formula, Leaf, when
from weighbridge.rulebook import MILLI, Bin, Characteristic, Scorecard
from weighbridge.tree import Call, Expr, Type, Value
from weighbridge.vectoriser import Scope, of_chunk
from weighbridge.vectors import Coded, Mask, Numbers, Vector, code_type, numbers

EXACT_FLOAT = 2**53
"""Whole numbers below this are floats exactly, so that one division rounds as Python's of whole numbers does."""

INAPPLICABLE, UNKNOWN, ASSUMED, KNOWN = 0, 1, 2, 3
"""How a characteristic came by its points; ASSUMED are those a card gives for an unknown value."""


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """A characteristic's points in thousandths per row, and how it came by them."""

    points: NDArray[Any]
    state: NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class CardResult:
    """A card's score (NaN: unknown), tier and coverage per row, and the points of its characteristics."""

    score: Numbers
    tier: Coded
    coverage: Numbers
    points: tuple[Points, ...]


def card_operation(card: Scorecard, scope: Scope) -> Operation:
    """The operation that gives a `CardResult`. Markets that differ in weights share their points."""
    lines = [_line_operation(line, scope) for line in card.characteristics]
    weights = [line.weight for line in card.characteristics]
    exact = _largest_total(card) < EXACT_FLOAT
    tiers = tuple((t.id, t.at_least) for t in card.tiers)
    key = ("card", card.method, card.minimum_coverage, tiers, *zip(lines, weights, strict=True))
    return scope.vectoriser.operation(
        key,
        lambda frame: _scored(card, [of_chunk(frame, line) for line in lines], weights, exact, frame.size),
        whole=True,
    )


def card_names(card: Scorecard, scope: Scope) -> dict[str, Operation]:
    """The operations of a card's score, tier and coverage, by their names in expressions."""
    result = card_operation(card, scope)

    def part(name: str) -> Operation:
        def run(frame: Frame) -> Vector:
            found: Vector = getattr(of_chunk(frame, result), name)
            return found

        return scope.vectoriser.operation(("card", name, result), run, whole=True)

    return {f"{card.id}.{name}": part(name) for name in ("score", "tier", "coverage")}


def _largest_total(card: Scorecard) -> int:
    """No total, and no divisor, of the card is larger."""
    lines = card.characteristics
    points = [
        max([abs(b.points) for b in c.bins] + [abs(c.least), abs(c.most), abs(c.missing or 0)]) for c in lines
    ]
    return sum(abs(c.weight) * max(p, MILLI) for c, p in zip(lines, points, strict=True))


def _line_operation(line: Characteristic, scope: Scope) -> Operation:
    applies = when(line.applies.tree, True) if line.applies is not None else ALWAYS
    never = None if line.applies is None else scope.test(when(line.applies.tree, False))
    asked = None if applies == ALWAYS else scope.test(applies)
    if line.points is not None:
        value = scope.value(line.points.tree)
        key: tuple[Any, ...] = ("computed", value, line.least, line.most)
        given = scope.vectoriser.operation(key, lambda f: _computed(f, value, line), whole=True)
    else:
        assert line.value is not None
        bins = [_bin_operation(b, line.value.tree, scope) for b in line.bins]
        points = [b.points for b in line.bins]
        key = ("binned", *zip(bins, points, strict=True))
        given = scope.vectoriser.operation(key, lambda f: _binned(f, bins, points), whole=True)
    return scope.vectoriser.operation(
        ("line", asked, never, given, line.missing),
        lambda f: _points(f, asked, never, given, line.missing),
        whole=True,
    )


def _bin_operation(band: Bin, value: Expr, scope: Scope) -> Operation:
    return scope.test(_is_known(value) if band.test is None else when(band.test, True))


def _is_known(value: Expr) -> Formula:
    if value.type is Type.BOOLEAN:
        return AnyOf((when(value, True), when(value, False)))
    return Leaf(Call("is_missing", (value,), Type.BOOLEAN), False)


Given = tuple[NDArray[Any], Mask]
"""Points in thousandths, and where there are any."""


def _computed(frame: Frame, value: Operation, line: Characteristic) -> Given:
    x = numbers(frame.vector(value), frame.size)
    there = ~np.isnan(x)
    low, high = line.least / MILLI, line.most / MILLI
    clipped = np.where(x < low, low, np.where(x > high, high, x))
    return np.rint(np.where(there, clipped, 0.0) * MILLI).astype(np.int64), there


def _binned(frame: Frame, bins: list[Operation], points: list[int]) -> Given:
    found = np.zeros(frame.size, np.int64)
    there = np.zeros(frame.size, np.bool_)
    for test, given in reversed(list(zip(bins, points, strict=True))):
        mask = frame.mask(test)
        found[mask] = given
        there |= mask
    return found, there


def _points(
    frame: Frame, asked: Operation | None, never: Operation | None, given: Operation, missing: int | None
) -> Points:
    points, there = of_chunk(frame, given)
    if asked is not None:
        there = there & frame.mask(asked)
    without = UNKNOWN if missing is None else ASSUMED
    state = np.where(there, np.uint8(KNOWN), np.uint8(without))
    points = np.where(there, points, 0 if missing is None else missing)
    if never is not None:
        state[frame.mask(never)] = INAPPLICABLE
    return Points(points, state)


def _scored(card: Scorecard, lines: list[Points], weights: list[int], exact: bool, size: int) -> CardResult:
    kind: Any = np.int64 if exact else object
    total, scored, known, whole = (np.zeros(size, kind) for _ in range(4))
    for line, weight in zip(lines, weights, strict=True):
        total += np.where(line.state >= ASSUMED, line.points, 0).astype(kind) * weight
        scored += (line.state >= ASSUMED).astype(kind) * weight
        known += (line.state == KNOWN).astype(kind) * weight
        whole += (line.state != INAPPLICABLE).astype(kind) * weight
    coverage = _divided(known, whole)
    divisor = scored * MILLI if card.method == "weighted_mean" else np.full(size, MILLI * MILLI).astype(kind)
    enough = (scored > 0).astype(np.bool_) & (coverage >= card.minimum_coverage)
    score = np.where(enough, _divided(total, divisor), np.nan)
    return CardResult(score, _tiers(card, score), coverage, tuple(lines))


def _divided(a: NDArray[Any], b: NDArray[Any]) -> Numbers:
    """a / b, unknown where b is zero."""
    safe = np.where(b == 0, 1, b)
    return np.where((b == 0).astype(np.bool_), np.nan, (a / safe).astype(np.float64))


def _tiers(card: Scorecard, score: Numbers) -> Coded:
    """Below the lowest bound there is no tier, and none for a score that is not known."""
    entries: list[Value] = [None, *(t.id for t in card.tiers)]
    places = np.searchsorted(np.array([t.at_least for t in card.tiers], np.float64), score, side="right")
    return Coded(np.where(np.isnan(score), 0, places).astype(code_type(len(entries))), entries)
