"""Whole files decided: Weighbridge and its peers checked for right answers, timed in turns, judged by ratio."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from benchmarks import batch_peers as peers
from benchmarks import tables
from benchmarks.batch_peers import BATCH_PEERS, FLOOR, MINE, POLARS, TABLES, UNDECIDED, BatchAnswer, BatchPeer
from benchmarks.items import cases_at, write_items
from benchmarks.peers import RANK
from benchmarks.report import kept_checks
from benchmarks.scalar import Check
from benchmarks.timing import Contender, Timings, interleave, peak_memory_mb
from benchmarks.workload import AS_OF, Case, Workload, make_workload, truth, write_project

CHECKED = 200
"""Rows whose answers are compared with the oracle's."""
SETTINGS = ((20, False), (200, False), (2000, False), (2000, True))
"""Rules, and whether they are spread over markets and categories."""
MEMORY_AT = 200
"""The number of rules at which peak memory is measured."""


@dataclass(frozen=True)
class BatchLine:
    """One contender in one setting; `rows_per_second` by CPU time. `sample`: rows decided, 0 for all."""

    engine: str
    cpu_seconds: float
    wall_seconds: float
    rows_per_second: float
    ratio: float
    wall_ratio: float
    wrong: int
    checked: int
    peak_mb: float
    sample: int


@dataclass(frozen=True)
class BatchSection:
    """One setting: all contenders in turns, ratios to the floor."""

    title: str
    rules: int
    spread: bool
    rows: int
    lines: tuple[BatchLine, ...]

    def line(self, engine: str) -> BatchLine:
        """The line of a contender."""
        return next(line for line in self.lines if line.engine == engine)


@dataclass(frozen=True)
class Curve:
    """How the cost of a row grows with one thing, the others staying as they are.

    `costs`: by contender the CPU microseconds per row at each of `at`.
    """

    name: str
    unit: str
    at: tuple[float, ...]
    costs: dict[str, tuple[float, ...]]


@dataclass(frozen=True)
class BatchComparison:
    sections: tuple[BatchSection, ...]
    curves: tuple[Curve, ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class BatchSettings:
    """`only`: the names of the contenders; none means all. `memory`: measure peak memory as well."""

    rows: int = 1_000_000
    rounds: int = 5
    only: tuple[str, ...] = ()
    memory: bool = True
    curves: bool = True


def compare_batch(settings: BatchSettings, progress: bool = True) -> BatchComparison:
    """Run everything; some twenty minutes."""
    sections, checks = [], []
    for size, spread in SETTINGS:
        # 2,000 rules that all read every record say the same of fewer records, in minutes less.
        fewer = dataclasses.replace(settings, rows=max(1000, settings.rows // 10), rounds=2)
        section = rules_section(size, spread, fewer if size == 2000 and not spread else settings)
        sections.append(section)
        if progress:
            print(render(section), flush=True)
        checks += _promises(section)
    curves: list[Curve] = []
    for kind in tables.KINDS:
        curve = table_curve(kind, settings)
        curves.append(curve)
        checks.append(_table_promise(kind, curve))
    if settings.curves:
        curves += scaling_curves(settings)
    wrong = sum(line.wrong for section in sections for line in section.lines if line.engine.startswith(MINE))
    checks.append(Check("batch: wrong answers of Weighbridge", wrong, 0))
    return BatchComparison(tuple(sections), tuple(curves), tuple(checks))


def rules_section(size: int, spread: bool, settings: BatchSettings) -> BatchSection:
    """All contenders on one workload."""
    workload = make_workload(size, 1, spread=spread)
    with _folder() as folder:
        path = items(folder, workload, settings.rows)
        chosen = [p for p in BATCH_PEERS if meant(p, workload, settings)]
        runs = {p.name: p.make(workload, path, folder / str(i)) for i, p in enumerate(chosen)}
        wrong = {p.name: wrong_rows(p, runs[p.name](), workload, path, settings.rows) for p in chosen}
        timings = timed(runs, min(settings.rounds, 2) if size == 2000 else settings.rounds)
        measured = settings.memory and size == MEMORY_AT
        memory = {p.name: peak_memory(p.name, size, spread, path) if measured else 0.0 for p in chosen}
        lines = tuple(_line(p, timings, wrong[p.name], memory[p.name], settings.rows) for p in chosen)
    title = f"{size:,} rules" + (" spread over 50 markets and 200 categories" if spread else "")
    return BatchSection(title, size, spread, settings.rows, lines)


def meant(peer: BatchPeer, workload: Workload, settings: BatchSettings) -> bool:
    """Whether a contender takes part."""
    by_market = peer.name == "Polars, split by market by hand"
    if settings.only and peer.name not in settings.only:
        return False
    return len(workload.rules) <= peer.most_rules and (workload.spread or not by_market)


def items(folder: Path, workload: Workload, rows: int, missing: float = 0.05) -> Path:
    """The file of a setting."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_items(folder / "items.parquet", rows, workload.markets if workload.spread else (), missing)


def timed(runs: dict[str, peers.Run], rounds: int) -> Timings:
    """All in turns, one pass over the file each."""
    contenders = [Contender(name, lambda _, run=run: run(), (None,)) for name, run in runs.items()]
    return interleave(contenders, rounds=rounds, seconds=0.0)


def _line(peer: BatchPeer, timings: Timings, wrong: tuple[int, int], memory: float, rows: int) -> BatchLine:
    scale = rows / min(rows, peer.sample) if peer.sample else 1.0
    cpu = timings.microseconds(peer.name) * scale / 1e6
    wall = timings.wall_microseconds(peer.name) * scale / 1e6
    ratio, wall_ratio = (f(peer.name, FLOOR) * scale for f in (timings.ratio, timings.wall_ratio))
    return BatchLine(peer.name, cpu, wall, rows / cpu, ratio, wall_ratio, *wrong, memory, peer.sample)


# Right answers -------------------------------------------------------------------------------------


def wrong_rows(
    peer: BatchPeer, answer: BatchAnswer | None, workload: Workload, path: Path, rows: int
) -> tuple[int, int]:
    """How many of the rows looked at are wrong, and how many were looked at."""
    if answer is None:
        return 0, 0
    decided = min(rows, peer.sample or rows)
    count = min(CHECKED, max(20, 40_000 // len(workload.rules)), decided)
    places = np.linspace(0, decided - 1, count).astype(int).tolist()
    wrong = 0
    for place, case in zip(places, cases_at(path, places, workload.markets[0]), strict=True):
        right = right_answer(workload, case, asks_review=peer.name == UNDECIDED)
        wrong += (int(answer.verdict[place]), float(answer.points[place]), int(answer.fired[place])) != right
    return wrong, len(places)


def right_answer(workload: Workload, case: Case, asks_review: bool) -> tuple[int, float, int]:
    """Rank of the verdict, points, and how many rules fired, by the oracle."""
    found = [
        (rule, truth(rule.condition, case.record))
        for rule in workload.rules
        if not rule.markets or case.market in rule.markets
    ]
    fired = [rule for rule, value in found if value is True]
    ranks = [RANK[rule.verdict] for rule in fired]
    if asks_review and any(value is None for _, value in found):
        ranks.append(RANK["review"])
    return max(ranks, default=0), float(sum(rule.points for rule in fired)), len(fired)


# Promises ------------------------------------------------------------------------------------------


def _promises(section: BatchSection) -> Iterator[Check]:
    mine, polars = section.line(MINE).ratio, section.line(POLARS).ratio
    if section.spread or section.rules == 200:
        most, asking = (6.0 if section.spread else 4.0), section.line(UNDECIDED).ratio
        yield Check(f"batch, {section.title}, undecided ask for review: times the reading", asking, most)
    if section.spread:
        yield Check(f"batch, {section.title}: times the reading of the file", mine, 6.0)
        yield Check(f"batch, {section.title}: times faster than Polars", polars / mine, 5.0, at_least=True)
    elif section.rules == 200:
        yield Check("batch, 200 rules: times the reading of the file", mine, 4.0)
        yield Check("batch, 200 rules: times faster than Polars", polars / mine, 1.0, at_least=True)
    elif section.rules == 20:
        yield Check("batch, 20 rules: times Polars", mine / polars, 1.5)


def _table_promise(kind: tables.Kind, curve: Curve) -> Check:
    costs = dict(zip(curve.at, curve.costs[MINE], strict=True))
    return Check(f"batch, table by {kind}: 10,000 rows against 100", costs[10_000.0] / costs[100.0], 2.0)


# Curves --------------------------------------------------------------------------------------------


def table_curve(kind: tables.Kind, settings: BatchSettings) -> Curve:
    """A decision table of growing size, `hit: first`, over the same number of records."""
    import pyarrow as pa

    import weighbridge

    sizes = (10, 100, 1000, 10_000)
    with _folder() as folder:
        runs: dict[str, peers.Run] = {}
        for size in sizes:
            table = tables.make_table(size, kind, 20_000)
            records = pa.Table.from_pylist(list(table.records))
            times = np.arange(settings.rows) % len(table.records)
            path = folder / f"{kind}-{size}.parquet"
            pq.write_table(records.take(pa.array(times)), path, row_group_size=1 << 17)
            engine = weighbridge.load(write_project(tables.project_files(table), folder / str(size)))
            _demand_right(engine, table)
            runs[str(size)] = _route(engine, path)
        timings = timed(runs, settings.rounds)
    ratios = [timings.ratio(str(size), "100") for size in sizes]
    base = timings.microseconds("100") / settings.rows
    return Curve(f"rows of a table by {kind}", "rows", sizes, {MINE: tuple(r * base for r in ratios)})


def _route(engine: Any, path: Path) -> Callable[[], None]:
    batch = engine.batch("routing", ("AA",), AS_OF)

    def decide(piece: Any) -> None:
        with np.errstate(all="ignore"):
            for chunk in batch.plan.decide(piece.columns(batch.plan.reader)):
                chunk.result.ruleset.output("route")

    def run() -> None:
        from weighbridge.batch import in_order

        pieces = engine.source("routing", path).pieces(batch.piece)
        for _ in in_order(decide, pieces, peers.THREADS):
            pass

    return run


def _demand_right(engine: Any, table: tables.Table) -> None:
    """The first hundred records by the oracle; a table that is wrong is not worth timing."""
    import pandas as pd

    records = table.records[:100]
    found = engine.decide_batch("routing", pd.DataFrame(records), markets=("AA",), as_of=AS_OF)
    routes = found.decisions["route"].to_pylist()
    if routes != [table.answer(record)[0] for record in records]:
        raise AssertionError(f"table by {table.kind} of {len(table.rows)} rows: wrong answers")


def scaling_curves(settings: BatchSettings) -> Iterator[Curve]:
    """Rules, rows, markets and the share of missing values, each on its own."""
    rows = max(1000, settings.rows // 5)
    by_rules = ((n, make_workload(n, 1), rows, 0.05) for n in (20, 60, 200, 600))
    yield _curve("rules", "rules", by_rules, settings.rounds)
    workload = make_workload(200, 1)
    by_rows = ((n, workload, n, 0.05) for n in (rows // 20, rows // 5, rows, rows * 5))
    yield _curve("records", "records", by_rows, settings.rounds)
    by_missing = ((100 * m, workload, rows, m) for m in (0.0, 0.05, 0.2, 0.5, 0.8))
    yield _curve("missing values", "% missing", by_missing, settings.rounds)
    yield _market_curve(rows, settings.rounds)


def _curve(
    name: str, unit: str, settings: Iterator[tuple[float, Workload, int, float]], rounds: int
) -> Curve:
    chosen = [p for p in BATCH_PEERS if p.name in (FLOOR, MINE, UNDECIDED, POLARS)]
    at: list[float] = []
    costs: dict[str, list[float]] = {p.name: [] for p in chosen}
    for value, workload, rows, missing in settings:
        with _folder() as folder:
            path = items(folder, workload, rows, missing)
            runs = {p.name: p.make(workload, path, folder / str(i)) for i, p in enumerate(chosen)}
            timings = timed(runs, rounds)
        at.append(value)
        for peer in costs:
            costs[peer].append(timings.microseconds(peer) / rows)
    return Curve(name, unit, tuple(at), {peer: tuple(found) for peer, found in costs.items()})


def _market_curve(rows: int, rounds: int) -> Curve:
    """Every record decided in 1 to 50 markets: 2,000 rules of which each holds in one to three."""
    import weighbridge
    from benchmarks.workload import project_files

    workload = make_workload(2000, 1, spread=True)
    counts = (1, 3, 10, 30, 50)
    with _folder() as folder:
        path = write_items(folder / "items.parquet", rows // 5)
        engine = weighbridge.load(write_project(project_files(workload), folder / "project"))
        runs: dict[str, peers.Run] = {}
        for count in counts:
            runs[str(count)] = _every_market(engine, path, workload.markets[:count])
        timings = timed(runs, rounds)
    costs = tuple(timings.microseconds(str(count)) / (rows // 5) for count in counts)
    return Curve("markets", "markets", counts, {TABLES: costs})


def _every_market(engine: Any, path: Path, markets: Sequence[str]) -> Callable[[], None]:
    batch = engine.batch("workload", markets, AS_OF)

    def run() -> None:
        from weighbridge.batch import Run

        for _ in batch.tables(engine.source("workload", path), peers.THREADS, Run()):
            pass

    return run


# Memory --------------------------------------------------------------------------------------------


def peak_memory(name: str, size: int, spread: bool, path: Path) -> float:
    """Peak of resident memory in MB of one pass in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.batch", name, str(size), str(int(spread)), str(path)]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    return float(found.stdout.split()[-1])


def _one_pass(name: str, size: int, spread: bool, path: Path) -> None:
    """What `peak_memory` runs."""
    peer = next(p for p in BATCH_PEERS if p.name == name)
    with _folder() as folder:
        peer.make(make_workload(size, 1, spread=spread), path, folder)()
    print(peak_memory_mb())


# For machines and for the terminal -----------------------------------------------------------------


def batch_document(comparison: BatchComparison, environment: dict[str, str]) -> dict[str, Any]:
    """Everything measured, as benchmarks/results/batch.json has it."""
    measured = dataclasses.asdict(comparison)
    return {"environment": environment, **measured, "checks": kept_checks(comparison.checks)}


def read_results(path: Path) -> dict[str, Any]:
    """What was kept of an earlier run."""
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def render(section: BatchSection) -> str:
    """A section as text for the terminal."""
    rows = [
        f"  {line.engine:46} {line.rows_per_second:12,.0f} rows/s CPU  x{line.ratio:8.2f}  wall x{line.wall_ratio:8.2f}"
        f" {line.peak_mb:6,.0f} MB" + (f"  WRONG in {line.wrong} of {line.checked}" if line.wrong else "")
        for line in section.lines
    ]
    return "\n".join([f"\n{section.title}, {section.rows:,} records", *rows])


@contextmanager
def _folder() -> Iterator[Path]:
    os.environ.setdefault("POLARS_MAX_THREADS", str(peers.THREADS))
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as name:
        yield Path(name)


if __name__ == "__main__":
    _one_pass(sys.argv[1], int(sys.argv[2]), bool(int(sys.argv[3])), Path(sys.argv[4]))
