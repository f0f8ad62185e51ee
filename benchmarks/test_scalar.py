"""pytest-benchmark's view of the same contenders: `pytest benchmarks --benchmark-only`.

For ratios use `python -m benchmarks`, which times the engines in turns; here they run one after the other.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from benchmarks import peers, tables
from benchmarks.scalar import WEIGHBRIDGE, wrong_answers
from benchmarks.timing import Contender
from benchmarks.workload import make_workload

BLOCK = 10


@pytest.mark.parametrize("peer", peers.PEERS, ids=lambda peer: peer.name)
@pytest.mark.parametrize("size", [20, 200, 2000])
def test_rules(benchmark: BenchmarkFixture, tmp_path: Path, peer: peers.Peer, size: int) -> None:
    workload = make_workload(size, 50)
    run = peer.make(workload, tmp_path)
    wrong, checked = wrong_answers(Contender(peer.name, run, workload.cases), workload)
    benchmark.group = f"{size} rules, {BLOCK} records"
    benchmark.name = peer.name + (f" WRONG in {wrong} of {checked}" if wrong else "")
    benchmark.extra_info |= {"wrong": wrong, "checked": checked}
    cases = workload.cases[:BLOCK]
    benchmark.pedantic(lambda: [run(case) for case in cases], rounds=10, warmup_rounds=1)
    assert wrong == 0 or not peer.name.startswith(WEIGHBRIDGE)


@pytest.mark.parametrize("contender", tables.PEERS, ids=lambda contender: contender[0])
@pytest.mark.parametrize("size", [100, 10_000])
@pytest.mark.parametrize("kind", tables.KINDS)
def test_table(
    benchmark: BenchmarkFixture,
    tmp_path: Path,
    kind: tables.Kind,
    size: int,
    contender: tuple[str, tables.MakeRow],
) -> None:
    name, make = contender
    table = tables.make_table(size, kind, 50)
    run = make(table, tmp_path)
    records = table.records[:BLOCK]
    wrong = sum(run(record) != table.answer(record) for record in records)
    benchmark.group = f"table by {kind}, {size:,} rows, {BLOCK} records"
    benchmark.name = name + (f" WRONG in {wrong} of {BLOCK}" if wrong else "")
    benchmark.extra_info |= {"wrong": wrong, "checked": BLOCK}
    benchmark.pedantic(lambda: [run(record) for record in records], rounds=10, warmup_rounds=1)
    assert wrong == 0 or not name.startswith(WEIGHBRIDGE)
