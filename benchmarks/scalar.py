"""Engines deciding one record at a time: checked for right answers, timed in turns, judged by ratio."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import peers, tables
from benchmarks.timing import Contender, Timings, interleave
from benchmarks.workload import Workload, make_workload

WEIGHBRIDGE = "Weighbridge"
"""What the names of our own lines begin with."""
SIZES = (20, 200, 2000)
TABLE_SIZES = (10, 100, 1000, 10_000)


@dataclass(frozen=True)
class Line:
    """One engine in one setting. `wrong` of `checked` answers differed from the oracle's."""

    engine: str
    microseconds: float
    ratio: float
    wrong: int
    checked: int


@dataclass(frozen=True)
class Section:
    """One setting: all engines timed side by side, ratios to the floor."""

    title: str
    floor: str
    note: str
    lines: tuple[Line, ...]

    def line(self, engine: str) -> Line:
        return next(line for line in self.lines if line.engine == engine)


@dataclass(frozen=True)
class Check:
    """A promise about a ratio, and what was measured."""

    promise: str
    measured: float
    limit: float
    at_least: bool = False

    @property
    def holds(self) -> bool:
        return self.measured >= self.limit if self.at_least else self.measured <= self.limit


@dataclass(frozen=True)
class Comparison:
    sections: tuple[Section, ...]
    checks: tuple[Check, ...]
    load_seconds: float
    """Loading and first decision of the project of 2,000 rules."""


@dataclass(frozen=True)
class Settings:
    rounds: int = 15
    seconds: float = 0.02
    records: int = 200


def compare(settings: Settings, progress: bool = True) -> Comparison:
    """Run everything; a few minutes."""
    sections: list[Section] = []
    checks: list[Check] = []

    def done(section: Section) -> None:
        sections.append(section)
        if progress:
            print(render(section), flush=True)

    for size in SIZES:
        workload = make_workload(size, settings.records)
        section = rules_section(f"{size} rules", workload, settings)
        done(section)
        if size == 200:
            checks += _rule_checks(section)
    spread, growth = spread_sections(settings)
    for section in spread:
        done(section)
    checks.append(growth)
    for kind in tables.KINDS:
        section, kind_checks = table_section(kind, settings)
        done(section)
        checks += kind_checks
    wrong = sum(
        line.wrong for section in sections for line in section.lines if line.engine.startswith(WEIGHBRIDGE)
    )
    checks.append(Check("wrong answers of Weighbridge", wrong, 0))
    return Comparison(tuple(sections), tuple(checks), load_seconds())


def rules_section(title: str, workload: Workload, settings: Settings) -> Section:
    """All engines on one workload."""
    with _folder() as folder:
        contenders = [
            Contender(peer.name, peer.make(workload, folder / str(i)), workload.cases)
            for i, peer in enumerate(peers.PEERS)
            if len(workload.rules) <= peer.most_rules
        ]
        wrong = {contender.name: wrong_answers(contender, workload) for contender in contenders}
        timings = interleave(contenders, rounds=settings.rounds, seconds=settings.seconds)
    note = f"{workload.fired_per_case():.1f} rules fire for a record"
    return _section(title, note, contenders, timings, peers.FLOOR, wrong)


def wrong_answers(contender: Contender, workload: Workload) -> tuple[int, int]:
    """How many answers are wrong, of how many looked at; a slow engine is asked less often."""
    started, checked, wrong = time.perf_counter(), 0, 0
    for i, case in enumerate(workload.cases):
        pairs = zip(contender.run(case), workload.answer(i), strict=True)
        wrong += any(found is not None and found != right for found, right in pairs)
        checked += 1
        if time.perf_counter() - started > 3:
            break
    return wrong, checked


def _rule_checks(section: Section) -> list[Check]:
    decide, answer = section.line(peers.DECIDE).ratio, section.line(peers.ANSWER).ratio
    zen = min(line.ratio for line in section.lines if line.engine.startswith("zen"))
    faster, times = "times faster than zen's fastest way", "times the generated straight Python"
    return [
        Check(f"200 rules, decide(): {faster}", zen / decide, 6.0, at_least=True),
        Check(f"200 rules, decide(): {times}", decide, 2.0),
        Check(f"200 rules, outputs and fired rules read: {times}", answer, 2.0),
    ]


def spread_sections(settings: Settings) -> tuple[list[Section], Check]:
    """Rules spread over 50 markets and 200 categories, 200 and 2,000 of them timed in one go."""
    chosen = [peer for peer in peers.PEERS if peer.name in peers.SPREAD]
    workloads = {size: make_workload(size, settings.records, spread=True) for size in (200, 2000)}
    contenders: list[Contender] = []
    wrong: dict[str, tuple[int, int]] = {}
    with _folder() as folder:
        for size, workload in workloads.items():
            for i, peer in enumerate(chosen):
                run = peer.make(workload, folder / f"{size}-{i}")
                contender = Contender(f"{size}|{peer.name}", run, workload.cases)
                # Programs are made per market on first use; that is loading, not deciding.
                for case in workload.cases:
                    run(case)
                wrong[contender.name] = wrong_answers(Contender(peer.name, run, workload.cases), workload)
                contenders.append(contender)
        timings = interleave(contenders, rounds=settings.rounds, seconds=settings.seconds)
    sections = [
        _section(
            f"{size} rules spread over 50 markets and 200 categories",
            f"{workload.fired_per_case(len(workload.cases)):.2f} rules fire for a record",
            [contender for contender in contenders if contender.name.startswith(f"{size}|")],
            timings,
            f"{size}|{peers.FLOOR}",
            wrong,
        )
        for size, workload in workloads.items()
    ]
    growth = timings.ratio(f"2000|{peers.ANSWER}", f"200|{peers.ANSWER}")
    return sections, Check("from 200 to 2,000 spread rules: growth of decide()", growth, 3.0)


def table_section(kind: tables.Kind, settings: Settings) -> tuple[Section, list[Check]]:
    """One kind of decision table at all sizes, timed in one go."""
    contenders: list[Contender] = []
    wrong: dict[str, tuple[int, int]] = {}
    with _folder() as folder:
        for size in TABLE_SIZES:
            table = tables.make_table(size, kind, settings.records)
            right = [table.answer(record) for record in table.records]
            for i, (name, make) in enumerate(tables.PEERS):
                run = make(table, folder / f"{size}-{i}")
                count = min(len(right), 30 if size == 10_000 and name.startswith("zen") else len(right))
                found = [run(record) for record in table.records[:count]]
                key = f"{name}, {size:,} rows"
                wrong[key] = (sum(a != b for a, b in zip(found, right, strict=False)), count)
                contenders.append(Contender(key, run, table.records))
        timings = interleave(contenders, rounds=settings.rounds, seconds=settings.seconds)
    floor = f"{tables.FLOOR}, 100 rows"
    section = _section(
        f"decision table by {_KIND_TITLE[kind]}, first hit", "", contenders, timings, floor, wrong
    )
    mine = [name for name, _ in tables.PEERS if name.startswith(WEIGHBRIDGE)]
    return section, [
        Check(
            f"table by {_KIND_TITLE[kind]}, 10,000 rows against 100 ({name})",
            timings.ratio(f"{name}, 10,000 rows", f"{name}, 100 rows"),
            1.5,
        )
        for name in mine
    ]


_KIND_TITLE = {"equality": "equality", "interval": "interval", "both": "equality and interval"}


def load_seconds() -> float:
    """CPU seconds from YAML text to the first decision, 2,000 rules."""
    workload = make_workload(2000, 1)
    with _folder() as folder:
        before = time.process_time()
        peers.weighbridge_verdict(workload, folder)(workload.cases[0])
        return time.process_time() - before


def _section(
    title: str,
    note: str,
    contenders: Sequence[Contender],
    timings: Timings,
    floor: str,
    wrong: dict[str, tuple[int, int]],
) -> Section:
    lines = tuple(
        Line(
            contender.name.partition("|")[2] or contender.name,
            timings.microseconds(contender.name),
            timings.ratio(contender.name, floor),
            *wrong[contender.name],
        )
        for contender in contenders
    )
    return Section(title, floor.partition("|")[2] or floor, note, lines)


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as name:
        yield Path(name)


def render(section: Section) -> str:
    """A section as text for the terminal."""
    width = max(len(line.engine) for line in section.lines)
    head = f"\n{section.title}" + (f" ({section.note})" if section.note else "")
    rows = [
        f"  {line.engine:{width}}  {line.microseconds:10.1f} us  x{line.ratio:8.2f}"
        + (f"  WRONG in {line.wrong} of {line.checked}" if line.wrong else "")
        for line in section.lines
    ]
    return "\n".join([head, *rows])
