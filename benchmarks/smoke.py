"""A short run whose ratios are compared with the last ones kept: has anything become twice as slow?

Seconds differ from machine to machine; ratios of two things timed in turns hardly do. Each ratio below is
measured on few records and compared with the same ratio in benchmarks/results/smoke.json, which
`python -m benchmarks` rewrites.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peers
from benchmarks.batch import BatchSettings, rules_section, table_curve
from benchmarks.batch_peers import FLOOR, MINE, POLARS, TABLES
from benchmarks.timing import Contender, interleave
from benchmarks.workload import make_workload

RESULTS = Path(__file__).resolve().parent / "results" / "smoke.json"
TOLERANCE = 2.0
"""A ratio may be so many times the one kept. The machine that runs this is shared."""
ROWS = 100_000


@dataclass(frozen=True, slots=True)
class Comparison:
    """A ratio now and the one kept; None where it is new."""

    name: str
    now: float
    kept: float | None

    @property
    def holds(self) -> bool:
        """Whether it is no more than `TOLERANCE` times the one kept."""
        return self.kept is None or self.now <= TOLERANCE * self.kept

    def __str__(self) -> str:
        kept = "new" if self.kept is None else f"kept {self.kept:.2f}"
        return f"{'holds' if self.holds else 'SLOWER'}: {self.name}: {self.now:.2f} ({kept})"


def ratios() -> dict[str, float]:
    """What is watched: small is fast. Raises `AssertionError` for wrong answers."""
    found = _scalar()
    settings = BatchSettings(ROWS, 3, (FLOOR, MINE, TABLES, POLARS), memory=False, curves=False)
    for size, spread in ((200, False), (2000, True)):
        if spread:  # Polars takes a minute to plan these
            settings = BatchSettings(ROWS, 3, (FLOOR, MINE, TABLES), memory=False, curves=False)
        section = rules_section(size, spread, settings)
        for line in section.lines:
            if line.wrong:
                raise AssertionError(f"{section.title}: {line.engine} is wrong in {line.wrong} rows")
            if line.engine.startswith(MINE):
                found[f"{line.engine}, {section.title}: times the reading"] = line.ratio
                if not spread:
                    polars = line.ratio / section.line(POLARS).ratio
                    found[f"{line.engine}, {section.title}: times Polars"] = polars
    curve = table_curve("both", BatchSettings(ROWS, 3))
    costs = dict(zip(curve.at, curve.costs[MINE], strict=True))
    found["batch, table by both: 10,000 rows against 100"] = costs[10_000.0] / costs[100.0]
    return found


def _scalar() -> dict[str, float]:
    workload = make_workload(200, 200)
    chosen = [peer for peer in peers.PEERS if peer.name in (peers.DECIDE, peers.ANSWER, peers.FLOOR)]
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as name:
        contenders = []
        for number, peer in enumerate(chosen):
            run = peer.make(workload, Path(name) / str(number))
            contenders.append(Contender(peer.name, run, workload.cases))
        timings = interleave(contenders, rounds=9, seconds=0.05)
    return {
        f"{name}, 200 rules: times generated Python": timings.ratio(name, peers.FLOOR)
        for name in (peers.DECIDE, peers.ANSWER)
    }


def compare(now: dict[str, float], results: Path = RESULTS) -> list[Comparison]:
    """The ratios beside those kept."""
    kept = json.loads(results.read_text(encoding="utf-8")) if results.exists() else {}
    return [Comparison(name, ratio, kept.get(name)) for name, ratio in now.items()]


def keep(now: dict[str, float], results: Path = RESULTS) -> None:
    """Writes the ratios that later runs are compared with."""
    text = json.dumps({name: round(ratio, 3) for name, ratio in now.items()}, indent=1)
    results.write_text(text + "\n", encoding="utf-8")


def smoke() -> int:
    """Prints the comparison; 1 where something became slower, else 0."""
    found = compare(ratios())
    for comparison in found:
        print(comparison)
    return 0 if all(comparison.holds for comparison in found) else 1
