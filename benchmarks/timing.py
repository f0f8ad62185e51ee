"""Timing that survives a busy machine: everything compared is timed in turns, round after round.

The clock is the CPU time of the process (all its threads), so that being scheduled out does not count. A
ratio is the median over the rounds of "this one's time in the round / the floor's time in the same round".
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any


def peak_memory_mb() -> float:
    """The most memory this process has had at a time. `ru_maxrss` would begin with that of its parent."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


@dataclass(frozen=True)
class Contender:
    """One thing to time: `run` is called with each of `inputs`."""

    name: str
    run: Callable[[Any], object]
    inputs: Sequence[Any]


@dataclass(frozen=True)
class Timings:
    """Per contender the microseconds per call of each round; round i of all contenders ran side by side.

    `rounds` is CPU time, of all threads together; `wall` what a clock on the wall shows.
    """

    rounds: Mapping[str, tuple[float, ...]]
    wall: Mapping[str, tuple[float, ...]]

    def microseconds(self, name: str) -> float:
        """The median over the rounds."""
        return statistics.median(self.rounds[name])

    def wall_microseconds(self, name: str) -> float:
        """The median over the rounds."""
        return statistics.median(self.wall[name])

    def ratio(self, name: str, to: str) -> float:
        """How many times as long `name` takes as `to`: the median of the rounds' ratios."""
        return _ratio(self.rounds, name, to)

    def wall_ratio(self, name: str, to: str) -> float:
        """The same by the clock on the wall."""
        return _ratio(self.wall, name, to)


def _ratio(rounds: Mapping[str, tuple[float, ...]], name: str, to: str) -> float:
    pairs = zip(rounds[name], rounds[to], strict=True)
    return statistics.median(mine / other for mine, other in pairs)


def interleave(contenders: Sequence[Contender], *, rounds: int = 15, seconds: float = 0.02) -> Timings:
    """Time the contenders in turns; in each round each runs for about `seconds`, at least one call; with 0 for one."""
    counts = {contender.name: _calls_in(contender, seconds) for contender in contenders}
    measured: dict[str, list[tuple[float, float]]] = {contender.name: [] for contender in contenders}
    for number in range(rounds):
        # Each round starts elsewhere, so that nobody always runs after the same neighbour.
        start = number % len(contenders)
        for contender in (*contenders[start:], *contenders[:start]):
            measured[contender.name].append(_block(contender, counts[contender.name], number))
    return Timings(
        {name: tuple(cpu for cpu, _ in times) for name, times in measured.items()},
        {name: tuple(wall for _, wall in times) for name, times in measured.items()},
    )


def _calls_in(contender: Contender, seconds: float) -> int:
    if seconds == 0:
        return 1
    for value in contender.inputs[:3]:
        contender.run(value)
    once = _block(contender, min(20, len(contender.inputs)), 0)[0] / 1e6
    return max(1, int(seconds / max(once, 1e-7)))


def _block(contender: Contender, calls: int, number: int) -> tuple[float, float]:
    """Microseconds of CPU and wall per call over `calls` calls; slow contenders see other inputs in each round."""
    inputs = contender.inputs
    first = number * calls % len(inputs)
    turn = [inputs[(first + i) % len(inputs)] for i in range(calls)]
    run = contender.run
    wall, cpu = time.perf_counter_ns(), time.process_time_ns()
    for value in turn:
        run(value)
    cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
    return cpu / calls / 1000, wall / calls / 1000
