"""Batches: every record of a frame, a stream or a file is decided as `decide` decides it."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import weighbridge
from tests.projects import DAYS, FIELDS, projects, records
from weighbridge import batch as batch_module
from weighbridge.batch import BatchResult, Cancelled
from weighbridge.diagnostics import DiagnosticError, InvalidRecord
from weighbridge.engine import Engine

EXAMPLES = int(os.environ.get("WEIGHBRIDGE_EXAMPLES", "150"))
RELAXED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
MARKETS = ("AA", "BB")


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def column_frame(found: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Records as pandas holds them where nobody has cleaned up: columns of any objects."""
    return pd.DataFrame({name: pd.Series([r.get(name) for r in found], dtype=object) for name in FIELDS})


def column_table(found: Sequence[dict[str, Any]]) -> pa.Table:
    """Records as Arrow holds them: every column has its type."""
    types = {"number": pa.float64(), "text": pa.string(), "boolean": pa.bool_(), "date": pa.date32()}
    kinds = {name: types.get(f["type"], pa.list_(pa.string())) for name, f in FIELDS.items()}
    return pa.table({n: pa.array([_plain(r.get(n)) for r in found], kind) for n, kind in kinds.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def compare(engine: Engine, result: BatchResult, found: Sequence[dict[str, Any]], day: date) -> None:
    """Every decision and finding of the batch against those of single decisions."""
    rows = result.decisions.to_pylist()
    assert [(r["row"], r["market"]) for r in rows] == [(i, m) for i in range(len(found)) for m in MARKETS]
    told: dict[tuple[int, str | None], list[dict[str, Any]]] = {}
    for entry in result.findings.to_pylist():
        told.setdefault((entry["row"], entry["market"]), []).append(entry)
    for row in rows:
        record = found[row["row"]]
        try:
            decision = engine.decide("gate", record, market=row["market"], as_of=day)
        except InvalidRecord as error:
            assert not row["valid"] and row["verdict"] is None and row["amount"] is None
            assert (row["row"], row["market"]) not in told
            (entry,) = told[row["row"], None]
            assert entry["status"] == "invalid_record" and entry["severity"] == "error"
            assert all(d.message in entry["reason_en"] for d in error.diagnostics)
            continue
        assert row["valid"]
        assert row["verdict"] == decision.verdict
        outputs = decision.outputs
        assert row["tags"] == outputs["tags"]
        assert repr(row["amount"]) == repr(outputs["amount"])
        assert row["fired"] == len(decision.fired)
        for name, score in decision.scores.items():
            assert repr(row[f"{name}.score"]) == repr(score.value)
            assert row[f"{name}.tier"] == score.tier
            assert repr(row[f"{name}.coverage"]) == repr(score.coverage)
            assert {k: row[f"{name}/{k}"] for k in score.points} == dict(score.points)
        findings = [f for f in decision.findings if f.status != "conflict"]
        silent = {ref for ref in decision.unknown if ref not in {f.rule for f in decision.findings}}
        order = {r.ref: i for i, r in enumerate(engine.rules("gate"))}
        expected = [(f.rule, f.status, f.severity, dict(f.reason), list(f.missing)) for f in findings]
        expected += [(ref, "undecided", "pass", None, list(decision.missing[ref])) for ref in silent]
        expected.sort(key=lambda e: order[e[0]])
        expected += [
            (f.rule, f.status, f.severity, dict(f.reason), [])
            for f in decision.findings
            if f.status == "conflict"
        ]
        got = told.get((row["row"], row["market"]), [])
        assert [(g["rule"], g["status"], g["severity"]) for g in got] == [e[:3] for e in expected]
        for entry, (rule, _, _, reason, missing) in zip(got, expected, strict=True):
            assert entry["missing"] == missing
            if reason is not None:
                assert {k: entry[f"reason_{k}"] for k in reason} == reason, rule


@RELAXED
@given(
    files=projects(),
    found=st.lists(records(), min_size=1, max_size=10),
    day=st.sampled_from(DAYS[:5]),
    typed=st.booleans(),
)
def test_a_batch_decides_as_single_decisions_do(
    root: Path, files: dict[str, str], found: list[dict[str, Any]], day: date, typed: bool
) -> None:
    note(files["rulesets/all.yaml"])
    note(repr((found, day)))
    engine = weighbridge.load(root, files)
    frame = column_table(found) if typed else column_frame(found)
    result = engine.decide_batch(
        "gate",
        frame,
        markets=MARKETS,
        as_of=day,
        reasons="pass",
        undecided=True,
        contributions=True,
        workers=1,
    )
    compare(engine, result, found, day)


ODD = st.one_of(
    st.sampled_from(
        ["", "  ", "x", "toys", "new", 1, -1.5, True, math.inf, 10**400, "2026-01-01", b"x", [1], ["a"], {}]
    ),
    st.text(max_size=3),
    st.none(),
)


@settings(RELAXED, max_examples=max(50, EXAMPLES // 3))
@given(found=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ODD)), min_size=1, max_size=8))
def test_a_bad_value_spoils_its_row_and_no_other(root: Path, found: list[dict[str, Any]]) -> None:
    note(repr(found))
    engine = weighbridge.load(root, SMALL)
    result = engine.decide_batch(
        "gate",
        column_frame(found),
        markets=MARKETS,
        as_of=DAYS[1],
        reasons="pass",
        undecided=True,
        contributions=True,
        workers=1,
    )
    compare(engine, result, found, DAYS[1])


SMALL = {
    "rulesets/all.yaml": "\n---\n".join(
        json.dumps(d)
        for d in (
            {"record_type": "thing", "fields": FIELDS},
            {"region": "AA"},
            {"region": "BB"},
            {
                "ruleset": "gate",
                "record": "thing",
                "outputs": {
                    "verdict": {"combine": "worst", "default": "pass"},
                    "tags": {"combine": "collect"},
                    "amount": {"type": "number", "combine": "sum"},
                },
                "rules": [
                    {"id": "a", "when": "n1 > 1 and t2 == 'x'", "then": {"verdict": "warn", "tags": "a"}},
                    {"id": "b", "when": "'a' in l1 or under(c1, 'toys')", "then": {"verdict": "block"}},
                    {"id": "c", "when": "d1 >= '2026-01-01'", "then": {"amount": 2}, "if_unknown": "review"},
                ],
            },
        )
    )
}


# --- sources --------------------------------------------------------------------------------------------

ROWS = [
    {"n1": 2.0, "t2": "x"},
    {"n1": 0.5, "c1": "toys/infant"},
    {"l1": ["a", "b"], "d1": date(2026, 3, 1)},
    {"t2": "x", "n1": None},
    {},
]


@pytest.fixture(scope="module")
def small(root: Path) -> Engine:
    return weighbridge.load(root, SMALL)


def decided(engine: Engine, records_: Any, **options: Any) -> list[tuple[Any, ...]]:
    result = engine.decide_batch("gate", records_, markets=MARKETS, as_of=DAYS[1], **options)
    return [(r["row"], r["market"], r["verdict"], r["amount"]) for r in result.decisions.to_pylist()]


def one_by_one(engine: Engine) -> list[tuple[Any, ...]]:
    found = []
    for row, record in enumerate(ROWS):
        for market in MARKETS:
            decision = engine.decide("gate", record, market=market, as_of=DAYS[1])
            found.append((row, market, decision.verdict, decision.outputs["amount"]))
    return found


def test_frames_streams_and_files_of_every_kind_give_the_same(small: Engine, tmp_path: Path) -> None:
    expected = one_by_one(small)
    table = column_table(ROWS)
    assert decided(small, column_frame(ROWS)) == expected
    assert decided(small, table) == expected
    assert decided(small, table.to_reader(max_chunksize=2)) == expected
    assert decided(small, pl.from_arrow(table)) == expected
    pq.write_table(table, tmp_path / "a.parquet")
    assert decided(small, tmp_path / "a.parquet") == expected
    lines = [json.dumps({k: v for k, v in r.items() if v is not None}, default=str) for r in ROWS]
    (tmp_path / "b.jsonl").write_text("\n".join(lines), encoding="utf-8")
    assert decided(small, tmp_path / "b.jsonl") == expected
    (tmp_path / "c.csv").write_text(
        "n1,t2,c1,l1,d1\n2,x,,,\n0.5,,toys/infant,,\n,,,a|b,2026-03-01\n,x,,,\n,,,,\n"
    )
    assert decided(small, tmp_path / "c.csv") == expected


def test_folders_and_patterns_are_read_by_name_and_numbered_through(small: Engine, tmp_path: Path) -> None:
    table = column_table(ROWS)
    pq.write_table(table.slice(0, 2), tmp_path / "1.parquet")
    pq.write_table(table.slice(2), tmp_path / "2.parquet")
    assert decided(small, tmp_path) == one_by_one(small)
    assert decided(small, str(tmp_path / "*.parquet")) == one_by_one(small)


def test_columns_typed_otherwise_than_the_fields_are_read_as_the_gate_reads_them(
    small: Engine, tmp_path: Path
) -> None:
    pq.write_table(pa.table({"n1": ["2", "x"], "t2": ["x", "x"]}), tmp_path / "a.parquet")
    result = small.decide_batch("gate", tmp_path / "a.parquet", markets=["AA"], as_of=DAYS[1])
    assert result.decisions["verdict"].to_pylist() == ["review", None]  # rule c lacks its date
    (entry,) = [f for f in result.findings.to_pylist() if f["status"] == "invalid_record"]
    assert entry["row"] == 1 and "'x' is no value for 'n1'" in entry["reason_en"]


def test_a_market_field_decides_a_record_where_it_is_meant_for(root: Path) -> None:
    fields = {**FIELDS, "meant": {"type": "text"}}
    files = {"rulesets/all.yaml": SMALL["rulesets/all.yaml"].replace(json.dumps(FIELDS), json.dumps(fields))}
    engine = weighbridge.load(root, files)
    frame = pa.table({"n1": [2.0, 2.0, 2.0, 2.0], "t2": ["x"] * 4, "meant": ["AA", "BB", None, "CC"]})
    result = engine.decide_batch("gate", frame, markets=MARKETS, as_of=DAYS[1], market_field="meant")
    rows = [(r["row"], r["market"], r["valid"]) for r in result.decisions.to_pylist()]
    assert rows == [(0, "AA", True), (1, "BB", True), (2, "AA", True), (2, "BB", True)]
    (entry,) = [f for f in result.findings.to_pylist() if f["status"] == "invalid_record"]
    assert entry["row"] == 3 and "CC" in entry["reason_en"] and "CC" in entry["reason_zh"]


@pytest.mark.parametrize("wrong", [{"a": 1}, 5, [1, 2], pa.table({"other": [1]}), pd.DataFrame({"x": [1]})])
def test_what_is_no_source_is_refused_with_a_diagnostic(small: Engine, wrong: Any) -> None:
    with pytest.raises(DiagnosticError):
        small.decide_batch("gate", wrong, markets=["AA"], as_of=DAYS[1])


def test_empty_sources_give_empty_tables(small: Engine) -> None:
    result = small.decide_batch("gate", column_table([]), markets=MARKETS, as_of=DAYS[1])
    assert result.decisions.num_rows == 0 and result.findings.num_rows == 0
    assert "verdict" in result.decisions.schema.names


def test_tables_become_pandas_and_polars_frames(small: Engine) -> None:
    result = small.decide_batch("gate", column_table(ROWS), markets=["AA"], as_of=DAYS[1])
    decisions, findings = result.to_pandas()
    assert list(decisions["verdict"]) == result.decisions["verdict"].to_pylist()
    assert pl.from_arrow(result.findings)["rule"].to_list() == list(findings["rule"])


# --- large sources, workers, stops ------------------------------------------------------------------------


@pytest.fixture
def short_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_module, "PIECE", 4)
    monkeypatch.setattr(batch_module, "TEXT_PIECE", 4)
    monkeypatch.setattr(batch_module, "PART", 8)


MANY = [dict(ROWS[i % len(ROWS)], n2=float(i)) for i in range(45)]


@pytest.mark.usefixtures("short_pieces")
@pytest.mark.parametrize("workers", [1, 3])
def test_pieces_and_workers_change_nothing(small: Engine, workers: int) -> None:
    whole = one_by_one(small)
    found = decided(small, column_table(MANY), workers=workers)
    assert [f[1:] for f in found] == [whole[2 * (i % 5) + m][1:] for i in range(45) for m in (0, 1)]


TERMS = SMALL["rulesets/all.yaml"].replace("n1 > 1 and t2 == 'x'", "n1 > 1 and mentions(t2, ['x'])")


@pytest.mark.usefixtures("short_pieces")
def test_processes_that_search_texts_give_what_one_gives(root: Path) -> None:
    engine = weighbridge.load(root, {"rulesets/all.yaml": TERMS})
    assert engine.batch("gate", MARKETS, DAYS[1]).plan.searches_texts
    alone = engine.decide_batch("gate", column_table(MANY), markets=MARKETS, as_of=DAYS[1], workers=1)
    several = engine.decide_batch("gate", column_table(MANY), markets=MARKETS, as_of=DAYS[1], workers=2)
    assert several.decisions.to_pylist() == alone.decisions.to_pylist()
    assert several.findings.to_pylist() == alone.findings.to_pylist()
    assert alone.summary.to_dict() == several.summary.to_dict()


@pytest.mark.usefixtures("short_pieces")
def test_a_worker_that_is_killed_is_replaced(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from weighbridge.batch_worker import Worker

    engine = weighbridge.load(root, {"rulesets/all.yaml": TERMS})
    expected = engine.decide_batch("gate", column_table(MANY), markets=MARKETS, as_of=DAYS[1], workers=1)
    answer, killed = Worker._answer, []

    def dying(worker: Worker, piece: Any) -> Any:
        if worker._process is not None and not killed:
            killed.append(worker._process.pid)
            worker._process.kill()
            worker._process.wait()
        return answer(worker, piece)

    monkeypatch.setattr(Worker, "_answer", dying)
    found = engine.decide_batch("gate", column_table(MANY), markets=MARKETS, as_of=DAYS[1], workers=2)
    assert killed and found.findings.to_pylist() == expected.findings.to_pylist()


@pytest.mark.usefixtures("short_pieces")
def test_progress_is_told_and_a_run_can_be_cancelled(small: Engine) -> None:
    seen: list[int] = []
    decided(small, column_table(MANY), progress=lambda rows, _: seen.append(rows), workers=1)
    assert seen[-1] == 45 and seen == sorted(seen)
    with pytest.raises(Cancelled):
        decided(small, column_table(MANY), cancel=lambda: True)


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        p.relative_to(folder).as_posix(): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()
    }


@pytest.mark.usefixtures("short_pieces")
def test_a_stopped_run_leaves_whole_files_and_goes_on_to_the_same_bytes(
    small: Engine, tmp_path: Path
) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(column_table(MANY), source)
    options: dict[str, Any] = {"markets": MARKETS, "as_of": DAYS[1], "workers": 1, "undecided": True}
    whole = small.write_batch("gate", source, tmp_path / "whole", **options)
    for stop in range(1, 12):
        calls = iter(range(100))
        folder = tmp_path / f"stopped-{stop}"
        with pytest.raises(Cancelled):
            stopping = lambda calls=calls, stop=stop: next(calls) >= stop  # noqa: E731
            small.write_batch("gate", source, folder, cancel=stopping, **options)
        for path in folder.rglob("*.parquet"):
            pq.read_table(path)
        resumed = small.write_batch("gate", source, folder, **options)
        assert files_of(folder) == files_of(tmp_path / "whole")
        assert resumed.to_dict() == whole.to_dict()


@pytest.mark.usefixtures("short_pieces")
def test_a_result_folder_is_not_mixed_with_another_run(small: Engine, tmp_path: Path) -> None:
    source = tmp_path / "in.parquet"
    pq.write_table(column_table(MANY), source)
    small.write_batch("gate", source, tmp_path / "out", markets=["AA"], as_of=DAYS[1])
    with pytest.raises(DiagnosticError, match="WB431"):
        small.write_batch("gate", source, tmp_path / "out", markets=["BB"], as_of=DAYS[1])
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "precious.txt").write_text("mine")
    with pytest.raises(DiagnosticError, match="WB431"):
        small.write_batch("gate", source, tmp_path / "other", markets=["AA"], as_of=DAYS[1])


KEYED = {
    "regions/r.yaml": "region: world\n---\nregion: AA\nextends: world\nmarket: true\n",
    "rulesets/item.yaml": (
        "record_type: item\nkey: sku\nfields:\n  sku: {type: text, required: true}\n  n: {type: number}\n"
    ),
    "rulesets/gate.yaml": (
        "ruleset: gate\nrecord: item\noutputs:\n  verdict: {combine: worst, default: pass}\nrules:\n"
        "  - {id: a, when: 'sku == \"A1\"', then: {verdict: warn}, reason: {en: x, zh: x}}\n"
        '  - {id: b, when: \'sku in ["B2", "A1"] and n > 1\', then: {verdict: block}, reason: {en: x, zh: x}}\n'
    ),
}


@pytest.mark.parametrize(
    "keys",
    [
        ["A1", "B2", "A1", "C3"],
        ["A1", None, "B2"],
        ["A1", "", "B2"],
        ["A1", "  ", " B2"],
        ["Ä1", "A1", "B２"],
        ["A1", "x" * 1_000_001],
        [],
    ],
    ids=["plain", "missing", "empty", "blank", "not ASCII", "too long", "none"],
)
def test_keys_mean_in_a_column_what_they_mean_in_a_record(tmp_path: Path, keys: list[str | None]) -> None:
    for name, text in KEYED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    engine = weighbridge.load(tmp_path)
    table = pa.table({"sku": pa.array(keys, pa.string()), "n": pa.array([2.0] * len(keys), pa.float64())})
    pq.write_table(table, tmp_path / "items.parquet")
    for source in (tmp_path / "items.parquet", table):
        result = engine.decide_batch("gate", source, markets=["AA"], as_of="2026-01-01")
        expected = []
        for record in table.to_pylist():
            try:
                decision = engine.decide("gate", record, market="AA", as_of="2026-01-01")
                expected.append((decision.verdict, len(decision.fired), record["sku"].strip()))
            except InvalidRecord:
                expected.append((None, 0, None))
        found = [(r["verdict"], r["fired"], r["key"]) for r in result.decisions.to_pylist()]
        assert [f[:2] for f in found] == [e[:2] for e in expected]
        assert [f[2].strip() for f in found if f[0]] == [e[2] for e in expected if e[0]]


def test_records_that_name_many_markets_are_decided_in_large_pieces_of_the_same_meaning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    markets = [f"M{i}" for i in range(9)]
    files = {
        "regions/r.yaml": "region: world\n"
        + "".join(f"---\nregion: {m}\nextends: world\nmarket: true\n" for m in markets),
        "rulesets/item.yaml": "record_type: item\nfields:\n  at: {type: text}\n  n: {type: number}\n",
        "rulesets/gate.yaml": (
            "ruleset: gate\nrecord: item\noutputs:\n  verdict: {combine: worst, default: pass}\nrules:\n"
            "  - {id: a, when: n > 5, markets: [M1, M3], then: {verdict: warn}, reason: {en: x, zh: x}}\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    engine = weighbridge.load(tmp_path)
    table = pa.table({"at": [markets[i % 9] for i in range(100)], "n": [float(i % 11) for i in range(100)]})
    monkeypatch.setattr(batch_module, "SPREAD_PIECE", 64)
    batch = engine.batch("gate", markets, "2026-01-01", "at")
    assert batch.piece == 64
    run = batch_module.Run()
    found = batch.collect(engine.source("gate", table), 2, run).decisions.to_pylist()
    assert [r["row"] for r in found] == list(range(100))
    expected = ["warn" if i % 9 in (1, 3) and i % 11 > 5 else "pass" for i in range(100)]
    assert [r["verdict"] for r in found] == expected
    assert [r["market"] for r in found] == [markets[i % 9] for i in range(100)]


def test_of_wide_records_a_piece_holds_fewer() -> None:
    from weighbridge.batch_sources import LARGEST_PIECE, ROWS_IN_HAND, _fitting

    assert _fitting(1 << 19, 100) == 1 << 19
    assert _fitting(1 << 19, 1000) * 1000 <= LARGEST_PIECE < _fitting(1 << 19, 1000) * 2000
    assert _fitting(1 << 19, 1e9) == ROWS_IN_HAND


def test_an_output_keeps_the_sign_of_zero(tmp_path: Path) -> None:
    files = {
        "regions/r.yaml": "region: world\n---\nregion: AA\nextends: world\nmarket: true\n",
        "rulesets/item.yaml": "record_type: item\nfields:\n  n: {type: number}\n",
        "rulesets/gate.yaml": (
            "ruleset: gate\nrecord: item\noutputs:\n  most: {type: number, combine: max}\nrules:\n"
            "  - {id: a, when: n < 1, then: {most: n}, reason: {en: x, zh: x}}\n"
        ),
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    table = pa.table({"n": [0.0, -0.0, 0.0]})
    found = weighbridge.load(tmp_path).decide_batch("gate", table, markets=["AA"], as_of="2026-01-01")
    assert [repr(v) for v in found.decisions["most"].to_pylist()] == ["0.0", "-0.0", "0.0"]
