"""What people hand to `decide_batch`: frames and streams of every type are read as `decide` reads their rows."""

from __future__ import annotations

import json
import math
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import weighbridge
from weighbridge.batch import Batch, Run
from weighbridge.batch_sources import Piece, sized
from weighbridge.diagnostics import DiagnosticError, InvalidRecord
from weighbridge.engine import Engine

FIELDS: dict[str, dict[str, Any]] = {
    "id": {"type": "text"},
    "n": {"type": "number", "min": -(2.0**70), "max": 2.0**70},
    "t": {"type": "text"},
    "e": {"type": "text", "allowed": ["new", "used"]},
    "b": {"type": "boolean"},
    "d": {"type": "date"},
    "l": {"type": "text_list"},
}
RULES = [
    {"id": "n", "when": "n >= 1", "then": {"verdict": "warn", "copy_n": {"value": "n"}}},
    {"id": "t", "when": "mentions(t, ['pork'])", "then": {"verdict": "block"}},
    {"id": "u", "when": "not is_missing(t)", "then": {"length": {"value": "length(t)"}}},
    {"id": "e", "when": "e == 'new'", "then": {"verdict": "review"}, "if_unknown": "review"},
    {"id": "b", "when": "not b", "then": {"row": "no"}},
    {"id": "d", "when": "d < '2026-01-01'", "then": {"key": "old"}},
    {"id": "l", "when": "'a' in l", "then": {"valid": "a"}},
]
OUTPUTS = {
    "verdict": {"combine": "worst", "default": "pass"},
    "copy_n": {"type": "number", "combine": "first"},
    "length": {"type": "number", "combine": "first"},
    # Names that columns of the result have already.
    "row": {"type": "text", "combine": "first"},
    "key": {"type": "text", "combine": "first"},
    "valid": {"type": "text", "combine": "first"},
}


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    documents = (
        {"record_type": "thing", "key": "id", "fields": FIELDS},
        {"region": "AA"},
        {"ruleset": "gate", "record": "thing", "outputs": OUTPUTS, "rules": RULES},
    )
    text = "\n---\n".join(json.dumps(d) for d in documents)
    return weighbridge.load(tmp_path_factory.mktemp("project"), {"rulesets/all.yaml": text})


@lru_cache
def compiled(engine: Engine) -> Batch:
    return engine.batch("gate", ["AA"], "2026-06-01", reasons="pass", undecided=True)


def batch(engine: Engine, given: Any) -> list[Any]:
    """For each record what a batch says of it: its outputs and findings, or that it is not valid."""
    result = compiled(engine).collect(engine.source("gate", given), 1, Run())
    findings: dict[int, list[dict[str, Any]]] = {}
    for entry in result.findings.to_pylist():
        findings.setdefault(entry["row"], []).append(entry)
    found: list[Any] = []
    for place, row in enumerate(result.decisions.to_pylist()):
        assert row["row"] == place
        told = findings.get(place, [])
        if not row["valid"]:
            (only,) = told
            assert only["status"] == "invalid_record"
            found.append(("invalid", only["reason_en"]))
            continue
        outputs = {n: row[f"gate.{n}" if n in ("row", "key", "valid") else n] for n in OUTPUTS}
        found.append((repr(outputs), [(f["rule"], f["status"], tuple(f["missing"])) for f in told]))
    return found


def singly(engine: Engine, records: list[dict[str, Any]]) -> list[Any]:
    """The same by single decisions."""
    found: list[Any] = []
    for record in records:
        try:
            decision = engine.decide(
                "gate", {k: v for k, v in record.items() if k in FIELDS}, market="AA", as_of="2026-06-01"
            )
        except InvalidRecord as error:
            found.append(("invalid", error.diagnostics))
            continue
        loud = {f.rule: (f.rule, f.status, f.missing) for f in decision.findings}
        silent = {ref: (ref, "undecided", missing) for ref, missing in decision.missing.items()}
        order = [rule.ref for rule in engine.rules("gate")]
        told = sorted((silent | loud).values(), key=lambda f: order.index(f[0]))
        found.append((repr(decision.outputs), told))
    return found


def agree(got: list[Any], expected: list[Any]) -> None:
    assert len(got) == len(expected)
    for one, other in zip(got, expected, strict=True):
        if other[0] == "invalid":
            assert one[0] == "invalid"
            # The value may be shown otherwise: pandas has stamps of its own.
            heads = [problem.message.partition(":")[0] for problem in other[1]]
            assert all(head in one[1] for head in heads), (one, other)
        else:
            assert one == other


DAY = date(2025, 3, 1)
ZONED = datetime(2025, 12, 31, 23, 30, tzinfo=UTC)
TEXTS = ["pork", "x", "", "  ", None, "猪肉", "new"]

COLUMNS: dict[str, pa.Array] = {
    "int8": pa.array([1, -1, None], pa.int8()),
    "uint64": pa.array([2**53 + 1, 2**64 - 1, 2**63 + 1025, None], pa.uint64()),
    "int64": pa.array([2**53 + 1, -(2**63), 9007199254740993, None], pa.int64()),
    "float16": pa.array(np.array([1.5, np.nan, 65504], np.float16)),
    "float32": pa.array([0.1, math.nan, math.inf, -math.inf, None], pa.float32()),
    "float64": pa.array([0.1, math.nan, math.inf, 1e300, -0.0, None], pa.float64()),
    "decimal128": pa.array([Decimal("1.25"), Decimal("-3"), None], pa.decimal128(20, 4)),
    "decimal256": pa.array([Decimal("1.25"), Decimal(10) ** 40, None], pa.decimal256(60, 2)),
    "bool": pa.array([True, False, None]),
    "string": pa.array(TEXTS),
    "large_string": pa.array(TEXTS, pa.large_string()),
    "string_view": pa.array(TEXTS, pa.string_view()),
    "binary": pa.array([b"pork", b"\xff", None], pa.binary()),
    "dictionary of int8": pa.array(TEXTS).dictionary_encode().cast(pa.dictionary(pa.int8(), pa.string())),
    "dictionary of uint64": pa.DictionaryArray.from_arrays(
        pa.array([1, 0, None], pa.uint64()), pa.array(["new", None])
    ),
    "dictionary of large strings": pa.array(TEXTS, pa.large_string()).dictionary_encode(),
    "dictionary of numbers": pa.array([1.5, None, 2.0]).dictionary_encode(),
    "dictionary of dates": pa.array([DAY, None, DAY]).dictionary_encode(),
    "date32": pa.array([DAY, date(9999, 12, 31), date(1, 1, 1), None], pa.date32()),
    "date32 far away": pa.array([-900_000, 10_000_000, 20_000, None], pa.int32()).cast(pa.date32()),
    "date64": pa.array([DAY, None], pa.date64()),
    "timestamp s": pa.array([datetime(2025, 12, 31, 23, 59), None], pa.timestamp("s")),
    "timestamp ns": pa.array([1_767_225_599_999_999_999, None], pa.timestamp("ns")),
    "timestamp with zone": pa.array([ZONED, None], pa.timestamp("us", tz="Asia/Shanghai")),
    "timestamp far away": pa.array([10**18, 0, None], pa.timestamp("s")),
    "time": pa.array([0, None], pa.time32("s")),
    "duration": pa.array([5, None], pa.duration("ms")),
    "list<string>": pa.array([["a", "b"], [], [None, " "], None]),
    "list<large_string>": pa.array([["a"], None], pa.list_(pa.large_string())),
    "large_list<string_view>": pa.array([["a"], None], pa.large_list(pa.string_view())),
    "fixed size list": pa.array([["a", "b"], ["c", None], None], pa.list_(pa.string(), 2)),
    "list of dictionary": pa.array([["a"], None], pa.list_(pa.dictionary(pa.int8(), pa.string()))),
    "list of numbers": pa.array([[1], [], None], pa.list_(pa.int64())),
    "struct": pa.array([{"a": 1, "b": [1]}, None]),
    "map": pa.array([[("a", 1)], None], pa.map_(pa.string(), pa.int64())),
    "null": pa.nulls(3),
    "all null strings": pa.nulls(3, pa.string()),
    "all null numbers": pa.nulls(3, pa.float64()),
    "all null lists": pa.nulls(3, pa.list_(pa.string())),
    "run ends": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["new", None])),
    "json": pa.ExtensionArray.from_storage(pa.json_(pa.string()), pa.array(['{"a": 1}', None])),
    "union": pa.UnionArray.from_dense(
        pa.array([0, 1, 0], pa.int8()),
        pa.array([0, 0, 1], pa.int32()),
        [pa.array(["new", "x"]), pa.array([1])],
    ),
    "broken text": pa.Array.from_buffers(
        pa.string(), 3, [None, pa.array([0, 1, 2, 6], pa.int32()).buffers()[1], pa.py_buffer(b"x\xffpork")]
    ),
}


def rows_of(array: pa.Array) -> list[Any]:
    """The values as Python has them; what Python cannot have is an object that no field takes."""
    found: list[Any] = []
    for scalar in array:
        try:
            found.append(scalar.as_py())
        except (ValueError, OverflowError, KeyError):
            found.append(object())
    return found


@pytest.mark.parametrize("name", [*COLUMNS])
@pytest.mark.parametrize("field", [f for f in FIELDS if f != "id"])
def test_every_arrow_type_is_read_as_its_rows_are(engine: Engine, name: str, field: str) -> None:
    array = COLUMNS[name]
    values = rows_of(array)
    unreadable = any(type(v) is object for v in values)
    expected = singly(engine, [{field: v} for v in values])
    if unreadable:  # nothing can be said of the value itself
        expected = [("invalid", []) if e[0] == "invalid" else e for e in expected]
    agree(batch(engine, pa.table({field: array})), expected)
    # Behind an offset, and in chunks.
    agree(batch(engine, pa.table({field: array}).slice(1)), expected[1:])
    try:
        chunks = pa.chunked_array([array.slice(0, 1), array.slice(1)])
        chunked = pa.table({field: chunks})
        chunked.combine_chunks()
    except pa.ArrowNotImplementedError:  # of this type Arrow itself joins none
        return
    agree(batch(engine, chunked), expected)


FRAMES: dict[str, pd.Series[Any]] = {
    "pyarrow text": pd.Series(TEXTS, dtype="string[pyarrow]"),
    "pyarrow number": pd.Series([1, None, 3], dtype="int64[pyarrow]"),
    "pyarrow list": pd.Series([["a"], None], dtype=pd.ArrowDtype(pa.list_(pa.string()))),
    "pyarrow stamp": pd.Series([ZONED, None], dtype=pd.ArrowDtype(pa.timestamp("us", tz="Asia/Tokyo"))),
    "categorical": pd.Series(["new", None, "new"], dtype="category"),
    "categorical of numbers": pd.Series([1.5, None, 2], dtype="category"),
    "Int64": pd.Series([2**53 + 1, None], dtype="Int64"),
    "UInt8": pd.Series([255, None], dtype="UInt8"),
    "Float32": pd.Series([0.1, None], dtype="Float32"),
    "boolean": pd.Series([True, None, False], dtype="boolean"),
    "datetime64": pd.to_datetime(pd.Series(["2025-12-31 23:59", None])),
    "datetime64 with zone": pd.to_datetime(pd.Series(["2025-12-31 23:59", None])).dt.tz_localize("UTC"),
    "timedelta": pd.to_timedelta(pd.Series([1, None]), unit="D"),
    "period": pd.Series(pd.PeriodIndex(["2025-01", "2026-01"], freq="M")),
    "interval": pd.Series(pd.arrays.IntervalArray.from_breaks([0, 1, 2])),
    "sparse": pd.Series(pd.arrays.SparseArray([1.0, np.nan, 3.0])),
    "complex": pd.Series([1j, 2j]),
    "mixed": pd.Series(
        ["pork", 1, 2.5, True, None, math.nan, pd.NA, pd.NaT, DAY, ["a"], {}, b"x"], dtype=object
    ),
    "dates and times": pd.Series([DAY, ZONED, pd.Timestamp("2026-01-01"), None], dtype=object),
    "numbers and booleans": pd.Series([True, 1, False, 0], dtype=object),
    "large numbers": pd.Series([10**30, -(10**30), 10**400, 1], dtype=object),
    "lists": pd.Series([["a"], ("a", "b"), np.array(["a"]), None], dtype=object),
    "decimals": pd.Series([Decimal("1.1"), Decimal("NaN"), None], dtype=object),
    "numpy texts": pd.Series(np.array(["pork", "new"])),
    "half a pair": pd.Series(["\ud800", "pork"], dtype=object),
}


@pytest.mark.parametrize("name", [*FRAMES])
@pytest.mark.parametrize("field", [f for f in FIELDS if f != "id"])
def test_every_pandas_type_is_read_as_its_rows_are(engine: Engine, name: str, field: str) -> None:
    series = FRAMES[name]
    expected = singly(engine, [{field: value} for value in series.tolist()])
    agree(batch(engine, pd.DataFrame({field: series})), expected)
    odd = series.set_axis([5] * len(series))  # an index that is none
    agree(batch(engine, pd.DataFrame({field: odd}).iloc[1:]), expected[1:])


POLARS: dict[str, pl.Series] = {
    "text": pl.Series(TEXTS),
    "categorical": pl.Series(["new", None, "used"], dtype=pl.Categorical),
    "enum": pl.Series(["new", None], dtype=pl.Enum(["new", "used"])),
    "number": pl.Series([1, None, 2**40]),
    "date": pl.Series([DAY, None]),
    "stamp": pl.Series([ZONED, None]),
    "list": pl.Series([["a"], [], None]),
    "array": pl.Series([["a", "b"]], dtype=pl.Array(pl.String, 2)),
    "struct": pl.Series([{"a": 1}, None]),
    "decimal": pl.Series([Decimal("1.5"), None]),
    "null": pl.Series([None, None]),
    "binary": pl.Series([b"a", None]),
}


@pytest.mark.parametrize("name", [*POLARS])
@pytest.mark.parametrize("field", [f for f in FIELDS if f != "id"])
def test_every_polars_type_is_read_as_its_rows_are(engine: Engine, name: str, field: str) -> None:
    frame = pl.DataFrame({field: POLARS[name]})
    agree(batch(engine, frame), singly(engine, frame.to_dicts()))


def test_readers_batches_and_relations_are_read(engine: Engine) -> None:
    things = pa.table({"id": ["1", "2"], "n": [1, 0]})
    expected = singly(engine, things.to_pylist())
    agree(batch(engine, things.to_reader()), expected)
    agree(batch(engine, things.to_batches()[0]), expected)
    duckdb = pytest.importorskip("duckdb", reason="DuckDB is not installed")
    agree(batch(engine, duckdb.sql("select id, n from things")), expected)


@pytest.mark.parametrize(
    "given",
    [
        pl.LazyFrame({"n": [1]}),
        pl.Series("n", [1]),
        pa.chunked_array([[1]]),
        pa.array([1]),
        pd.Series([1], name="n"),
        {"n": [1]},
        [{"n": 1}],
        None,
        b"x.csv",
        pa.schema([("n", pa.int64())]),
    ],
    ids=lambda given: type(given).__name__,
)
def test_what_is_no_frame_is_refused(engine: Engine, given: Any) -> None:
    with pytest.raises(DiagnosticError, match="WB430"):
        batch(engine, given)


def twice_in_pandas() -> pd.DataFrame:
    return pd.DataFrame([[1, 2]], columns=["n", "n"])


@pytest.mark.parametrize(
    "given",
    [twice_in_pandas(), pa.table([pa.array([1]), pa.array([2])], names=["n", "n"])],
    ids=["pandas", "pyarrow"],
)
def test_a_field_in_two_columns_is_refused(engine: Engine, given: Any) -> None:
    with pytest.raises(DiagnosticError, match="WB423"):
        batch(engine, given)


def test_other_columns_may_be_anything(engine: Engine) -> None:
    table = pa.table(
        [pa.array([1]), pa.array([2]), pa.array([3]), pa.array([4])], names=["n", "row", "valid", "valid"]
    )
    agree(batch(engine, table), singly(engine, [{"n": 1}]))
    frame = pd.DataFrame([[1, 2, 3]], columns=["n", 7, ("a", "b")])
    agree(batch(engine, frame), singly(engine, [{"n": 1}]))
    levels = pd.DataFrame([[1, 2]], columns=pd.MultiIndex.from_tuples([("n", "x"), ("n", "y")]))
    with pytest.raises(DiagnosticError, match="WB424"):
        batch(engine, levels)


def test_one_long_text_among_a_million(engine: Engine) -> None:
    texts = ["wallet"] * 1_000_000
    texts[777_777] = "y" * 999_995 + " pork"
    result = engine.decide_batch(
        "gate", pa.table({"t": pa.array(texts)}), markets=["AA"], as_of="2026-06-01", workers=1
    )
    verdict = result.decisions["verdict"].combine_chunks()
    assert result.summary.records == 1_000_000
    assert verdict[777_777].as_py() == "block" and verdict[0].as_py() == "review"
    (row,) = [f["row"] for f in result.findings.to_pylist() if f["rule"] == "gate/t"]
    assert row == 777_777
    assert result.summary.to_dict()["verdicts"] == {"AA": {"block": 1, "review": 999_999}}


def test_a_piece_is_sent_without_the_table_it_is_cut_from() -> None:
    import pickle

    table = pa.table({"t": pa.array([str(i) * 20 for i in range(10_000)])})
    _, batch = next(sized(table.to_batches(), 100))
    sent = pickle.dumps(Piece(0, batch.num_rows, batch, None))
    assert len(sent) < 50_000
    assert pickle.loads(sent).content.equals(batch)


def test_paths_that_lead_nowhere_are_refused(engine: Engine, tmp_path: Path) -> None:
    for wrong in (tmp_path / "no.parquet", tmp_path / "no.csv", str(tmp_path / "*.csv"), tmp_path):
        with pytest.raises(DiagnosticError):
            batch(engine, wrong)
