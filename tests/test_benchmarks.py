"""The measuring tools: what they would say of wrong answers, of slower code, of a load."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from defusedxml import ElementTree

from benchmarks import batch, batch_report, capacity, smoke
from benchmarks.batch_peers import BATCH_PEERS, FLOOR, MINE, POLARS, TABLES, UNDECIDED, BatchAnswer, BatchPeer
from benchmarks.items import write_items
from benchmarks.workload import make_workload

ROWS = 300
CHOSEN = (MINE, TABLES, UNDECIDED, POLARS, "Polars, split by market by hand", "NumPy, the obvious way")


@pytest.mark.parametrize("spread", [False, True])
@pytest.mark.parametrize("peer", [p for p in BATCH_PEERS if p.name in CHOSEN], ids=lambda p: p.name)
def test_contenders_answer_as_the_oracle_does(tmp_path: Path, peer: BatchPeer, spread: bool) -> None:
    workload = make_workload(60 if spread else 20, 1, spread=spread)
    if not spread and "market" in peer.name:
        pytest.skip("there is one market")
    path = batch.items(tmp_path, workload, ROWS, missing=0.2)
    answer = peer.make(workload, path, tmp_path / "project")()
    assert batch.wrong_rows(peer, answer, workload, path, ROWS) == (0, batch.CHECKED)


def test_a_wrong_row_is_seen(tmp_path: Path) -> None:
    workload = make_workload(20, 1)
    path = batch.items(tmp_path, workload, ROWS)
    peer = next(p for p in BATCH_PEERS if p.name == "NumPy, the obvious way")
    answer = peer.make(workload, path, tmp_path)()
    assert answer is not None
    wrong = BatchAnswer(answer.verdict, answer.points + 1, answer.fired)
    assert batch.wrong_rows(peer, wrong, workload, path, ROWS)[0] == batch.CHECKED


def test_the_records_of_a_seed_are_the_same_each_time(tmp_path: Path) -> None:
    files = [write_items(tmp_path / name, ROWS).read_bytes() for name in ("a.parquet", "b.parquet")]
    assert files[0] == files[1]


def test_a_ratio_that_doubled_is_slower_and_a_new_one_is_not(tmp_path: Path) -> None:
    kept = tmp_path / "smoke.json"
    smoke.keep({"a": 2.0, "b": 2.0}, kept)
    found = smoke.compare({"a": 3.9, "b": 4.1, "c": 9.0}, kept)
    assert [c.holds for c in found] == [True, False, True]


def test_a_load_is_borne_with_room_to_spare() -> None:
    assumed = capacity.Assumptions(price=0.05, utilisation=0.5, headroom=1.5, machine=10)
    need = capacity.at_rate(1e6, 20.0, assumed)
    # 20 processors are busy all the time, half of the time is theirs, and half as much again may come.
    assert (need.processors, need.machines, need.hours, need.money) == (60.0, 6, 1440.0, 72.0)
    assert capacity.for_a_day(1e6 * 86_400, 20.0, assumed) == need


def test_the_picture_has_a_line_for_every_curve() -> None:
    curves = (
        batch.Curve("rules", "rules", (20, 200), {FLOOR: (0.3, 0.3), MINE: (0.5, 1.2)}),
        batch.Curve("missing values", "% missing", (0.0, 50.0), {MINE: (1.0, 0.8)}),
    )
    document = batch.batch_document(batch.BatchComparison((), curves, ()), {"Python": "3"})
    # As it is read back from the kept results, where tuples are lists.
    picture = ElementTree.fromstring(batch_report.to_svg(document))
    lines = picture.findall(".//{http://www.w3.org/2000/svg}polyline")
    assert len(lines) == 3
    xs = [float(point.split(",")[0]) for line in lines for point in line.attrib["points"].split()]
    assert np.isfinite(xs).all()
    assert "| Weighbridge | 0.50 | 1.20 |" in batch_report.to_markdown(document)


def test_the_kept_results_make_the_documents() -> None:
    kept = smoke.RESULTS.with_name("batch.json")
    if not kept.exists():
        pytest.skip("no results of the batch benchmarks are kept yet: make bench")
    document = batch.read_results(kept)
    docs = capacity.DOCUMENT.parent
    assert (docs / "batch-benchmarks.md").read_text(encoding="utf-8") == batch_report.to_markdown(document)
    assert (docs / "batch-benchmarks.svg").read_text(encoding="utf-8") == batch_report.to_svg(document)


def test_settings_without_names_take_all_contenders() -> None:
    workload = make_workload(20, 1)
    settings = batch.BatchSettings()
    meant = [p.name for p in BATCH_PEERS if batch.meant(p, workload, settings)]
    assert {FLOOR, MINE, POLARS, "DuckDB"} <= set(meant)
    some = dataclasses.replace(settings, only=(FLOOR,))
    assert [p.name for p in BATCH_PEERS if batch.meant(p, workload, some)] == [FLOOR]
