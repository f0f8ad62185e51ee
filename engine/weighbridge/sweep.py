"""Where a decision turns: one number of a record is moved, everything else stays."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord
from weighbridge.engine import Engine

HALVINGS = 60
"""Halvings of the interval in which a turn lies: enough to reach neighbouring doubles in usual ranges."""


@dataclass(frozen=True, slots=True)
class Point:
    """What one value of the field leads to. `scores` is by scorecard; None: undetermined."""

    value: float
    market: str
    verdict: str | None
    fired: tuple[str, ...]
    scores: Mapping[str, float | None]
    tiers: Mapping[str, str | None]

    @property
    def outcome(self) -> tuple[Any, ...]:
        """What counts as the same decision: verdict, rules that fired, tiers."""
        return (self.verdict, self.fired, tuple(self.tiers.items()))


@dataclass(frozen=True, slots=True)
class Turn:
    """Between `before.value` and `after.value`, as near as numbers get, the outcome changes."""

    market: str
    before: Point
    after: Point


def sweep(
    engine: Engine,
    target: str,
    record: Mapping[str, Any],
    field: str,
    values: Sequence[float],
    markets: Sequence[str],
    as_of: date,
) -> tuple[Point, ...]:
    """The outcome at every value in every market; values the field may not have are left out."""
    found = (_point(engine, target, record, field, v, m, as_of) for m in markets for v in values)
    return tuple(p for p in found if p is not None)


def turns(
    engine: Engine, target: str, record: Mapping[str, Any], field: str, points: Sequence[Point], as_of: date
) -> Iterator[Turn]:
    """Every turn between neighbouring points of a sweep, narrowed down by halving.

    Two turns that lie between the same two points count as one; a finer sweep tells them apart.
    """
    for low, high in pairwise(points):
        if low.market == high.market and low.outcome != high.outcome:
            yield _narrowed(engine, target, record, field, low, high, as_of)


def _narrowed(
    engine: Engine, target: str, record: Mapping[str, Any], field: str, low: Point, high: Point, as_of: date
) -> Turn:
    for _ in range(HALVINGS):
        middle = (low.value + high.value) / 2
        if not low.value < middle < high.value:
            break
        point = _point(engine, target, record, field, middle, low.market, as_of)
        if point is None:
            break
        if point.outcome == low.outcome:
            low = point
        else:
            high = point
    return Turn(low.market, low, high)


def _point(
    engine: Engine,
    target: str,
    record: Mapping[str, Any],
    field: str,
    value: float,
    market: str,
    as_of: date,
) -> Point | None:
    if not math.isfinite(value):
        return None
    try:
        decision: Decision = engine.decide(target, {**record, field: value}, market=market, as_of=as_of)
    except InvalidRecord:
        return None
    scores = decision.score_values
    return Point(
        value,
        market,
        decision.verdict,
        decision.fired,
        {name: score for name, (score, _) in scores.items()},
        {name: tier for name, (_, tier) in scores.items()},
    )


def spread(low: float, high: float, count: int) -> tuple[float, ...]:
    """`count` values from `low` to `high`, both included."""
    step = (high - low) / (count - 1)
    return (*(low + step * i for i in range(count - 1)), high)
