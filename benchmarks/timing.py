"""Timing that survives a busy machine: everything compared is timed in turns, round after round.

The clock is the CPU time of the process (all its threads), so that being scheduled out does not count. A
ratio is the median over the rounds of "this one's time in the round / the floor's time in the same round".
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Contender:
    """One thing to time: `run` is called with each of `inputs`."""

    name: str
    run: Callable[[Any], object]
    inputs: Sequence[Any]


@dataclass(frozen=True)
class Timings:
    """Per contender the microseconds per call of each round; round i of all contenders ran side by side."""

    rounds: Mapping[str, tuple[float, ...]]

    def microseconds(self, name: str) -> float:
        """The median over the rounds."""
        return statistics.median(self.rounds[name])

    def ratio(self, name: str, to: str) -> float:
        """How many times as long `name` takes as `to`: the median of the rounds' ratios."""
        pairs = zip(self.rounds[name], self.rounds[to], strict=True)
        return statistics.median(mine / other for mine, other in pairs)


def interleave(contenders: Sequence[Contender], *, rounds: int = 15, seconds: float = 0.02) -> Timings:
    """Time the contenders in turns; in each round each runs for about `seconds`, at least one call."""
    counts = {contender.name: _calls_in(contender, seconds) for contender in contenders}
    measured: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        # Each round starts elsewhere, so that nobody always runs after the same neighbour.
        start = number % len(contenders)
        for contender in (*contenders[start:], *contenders[:start]):
            measured[contender.name].append(_block(contender, counts[contender.name], number))
    return Timings({name: tuple(times) for name, times in measured.items()})


def _calls_in(contender: Contender, seconds: float) -> int:
    for value in contender.inputs[:3]:
        contender.run(value)
    once = _block(contender, min(20, len(contender.inputs)), 0) / 1e6
    return max(1, int(seconds / max(once, 1e-7)))


def _block(contender: Contender, calls: int, number: int) -> float:
    """Microseconds per call over `calls` calls; slow contenders see other inputs in each round."""
    inputs = contender.inputs
    first = number * calls % len(inputs)
    turn = [inputs[(first + i) % len(inputs)] for i in range(calls)]
    run = contender.run
    before = time.process_time_ns()
    for value in turn:
        run(value)
    return (time.process_time_ns() - before) / calls / 1000
