"""Spark runs the same programs: what comes back is what a local batch gives."""

from __future__ import annotations

import os
import shutil
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import given as having
from hypothesis import strategies as st

import weighbridge
from tests.projects import projects, records
from tests.test_batch import DAYS, MARKETS, ROWS, SMALL, column_table
from weighbridge.diagnostics import DiagnosticError
from weighbridge.engine import Engine

pyspark = pytest.importorskip("pyspark", reason="the extra `spark` is not installed")
if shutil.which("java") is None and "JAVA_HOME" not in os.environ:
    pytest.skip("there is no Java on this machine", allow_module_level=True)

MANY: list[dict[str, Any]] = [dict(ROWS[i % len(ROWS)], n2=float(i)) for i in range(200)]


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    builder = SparkSession.builder.master("local[2,3]").appName("weighbridge-tests")
    made = (
        builder.config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.warehouse.dir", str(tmp_path_factory.mktemp("warehouse")))
        .getOrCreate()
    )
    yield made
    made.stop()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return weighbridge.load(tmp_path_factory.mktemp("project"), SMALL)


def by_record(rows: list[dict[str, Any]], key: str) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda r: (r[key], r["market"]))


def local(engine: Engine, **options: Any) -> list[dict[str, Any]]:
    """The local batch in the shape of Spark's answer."""
    result = engine.decide_batch("gate", column_table(MANY), markets=MARKETS, as_of=DAYS[1], **options)
    findings: dict[tuple[int, str | None], list[dict[str, Any]]] = {}
    for entry in result.findings.to_pylist():
        kept = {k: v for k, v in entry.items() if k not in ("row", "key", "market")}
        findings.setdefault((entry["row"], entry["market"]), []).append(kept)
    return [
        {k: v for k, v in row.items() if k != "row"}
        | {"n2": float(row["row"])}
        | {"findings": findings.get((row["row"], row["market"] if row["valid"] else None), [])}
        for row in result.decisions.to_pylist()
    ]


@pytest.fixture(scope="module")
def given(session: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("in")
    for part in range(4):
        pq.write_table(column_table(MANY).slice(part * 50, 50), folder / f"{part}.parquet")
    return session.read.parquet(str(folder))


def collected(frame: Any) -> list[dict[str, Any]]:
    return [row.asDict(recursive=True) for row in frame.collect()]


def test_spark_decides_as_a_local_batch_does(engine: Engine, given: Any) -> None:
    from weighbridge import spark

    options: dict[str, Any] = {"undecided": True, "reasons": "pass"}
    found = spark.decide(
        given, engine, "gate", markets=MARKETS, as_of=DAYS[1], keep=["n2"], findings=True, **options
    )
    assert by_record(collected(found), "n2") == by_record(local(engine, **options), "n2")


def test_only_the_columns_asked_for_come_back(engine: Engine, given: Any) -> None:
    from weighbridge import spark

    found = spark.decide(
        given, engine, "gate", markets=["AA"], as_of=DAYS[1], keep=["n2"], columns=["verdict"]
    )
    assert found.columns == ["n2", "verdict"]
    expected = {r["n2"]: r["verdict"] for r in local(engine) if r["market"] == "AA"}
    assert {r["n2"]: r["verdict"] for r in collected(found)} == expected


def test_unknown_columns_and_frames_without_fields_are_refused_before_anything_runs(
    engine: Engine, given: Any
) -> None:
    from weighbridge import spark

    with pytest.raises(DiagnosticError, match="verdikt"):
        spark.decide(given, engine, "gate", markets=["AA"], as_of=DAYS[1], columns=["verdikt"])
    same = given.withColumnRenamed("n2", "market").withColumnRenamed("n1", "n2")
    with pytest.raises(DiagnosticError, match="`market` to keep is also one of the decision"):
        spark.decide(same, engine, "gate", markets=["AA"], as_of=DAYS[1], keep=["market"])
    with pytest.raises(DiagnosticError, match="no column"):
        spark.decide(given.selectExpr("n2 as other"), engine, "gate", markets=["AA"], as_of=DAYS[1])


def test_a_killed_worker_changes_nothing(engine: Engine, given: Any, session: Any, tmp_path: Path) -> None:
    """The Python worker of one task is killed in mid-job; Spark runs the task again."""
    from weighbridge import spark

    mark = tmp_path / "killed"
    decided = spark.decide(given, engine, "gate", markets=MARKETS, as_of=DAYS[1], keep=["n2"], findings=True)
    schema = decided.schema

    def once(batches: Any) -> Any:
        for batch in batches:
            if not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield batch

    killed = decided.mapInArrow(once, schema)
    assert by_record(collected(killed), "n2") == by_record(local(engine), "n2")
    assert mark.exists()


def drawn(count: int) -> list[tuple[dict[str, str], list[dict[str, Any]]]]:
    """Random projects, each with records, the same in every run."""
    found: list[tuple[dict[str, str], list[dict[str, Any]]]] = []

    @seed(1)
    @settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=[*HealthCheck],
    )
    @having(files=projects(), records_=st.lists(records(), min_size=4, max_size=12))
    def draw(files: dict[str, str], records_: list[dict[str, Any]]) -> None:
        found.append((files, records_))

    draw()
    return found


def test_spark_says_of_random_projects_what_a_local_batch_says(session: Any, tmp_path: Path) -> None:
    """All in one job, since each costs a second: a union of the answers of thirty projects."""
    from weighbridge import spark

    options: dict[str, Any] = {"undecided": True, "reasons": "pass"}
    union: Any = None
    expected: list[dict[str, Any]] = []
    for case, (files, found) in enumerate(drawn(30)):
        engine = weighbridge.load(tmp_path, files)
        table = column_table(found).append_column(
            "case", pa.array([f"{case}/{i}" for i in range(len(found))])
        )
        given = session.createDataFrame(table)
        schema = engine.batch("gate", MARKETS, DAYS[3]).writer.decisions_schema
        # Characteristics differ from project to project; their scores are compared.
        columns = [name for name in schema.names if name not in ("row", "key")]
        decided = spark.decide(
            given, engine, "gate", markets=MARKETS, as_of=DAYS[3], keep=["case"], columns=columns,
            findings=True, **options,
        )  # fmt: skip
        union = decided if union is None else union.unionByName(decided)
        result = engine.decide_batch("gate", table, markets=MARKETS, as_of=DAYS[3], workers=1, **options)
        findings: dict[tuple[int, str | None], list[dict[str, Any]]] = {}
        for entry in result.findings.to_pylist():
            kept = {k: v for k, v in entry.items() if k not in ("row", "key", "market")}
            findings.setdefault((entry["row"], entry["market"]), []).append(kept)
        for row in result.decisions.to_pylist():
            told = findings.get((row["row"], row["market"] if row["valid"] else None), [])
            shown = {name: row[name] for name in columns}
            expected.append({"case": f"{case}/{row['row']}", **shown, "findings": told})
    got = collected(union)
    assert len(got) == len(expected) > 300
    assert repr(by_record(got, "case")) == repr(by_record(expected, "case"))
