"""Spark on two local cores: what `weighbridge.spark.decide` costs beside moving the data and beside Spark SQL.

    python -m benchmarks.spark                   # a million records, 20 and 200 rules
    python -m benchmarks.spark --rules 2000      # Spark SQL is left out: its plan overflows the stack

Every contender reads the same Parquet file and writes to Spark's `noop` sink. "Nothing" is `mapInArrow` that
hands every batch back as it came; "nothing, compact" hands back three constant columns. Times are by the clock,
in turns, the median of the rounds; the answers of the first rows are compared with the oracle beforehand.
Writes benchmarks/results/spark.json and docs/spark-benchmarks.md when all that is promised was measured.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.batch import right_answer
from benchmarks.batch_peers import sql_select
from benchmarks.items import cases_at, write_items
from benchmarks.peers import RANK
from benchmarks.report import as_json, describe, environment, kept_checks
from benchmarks.scalar import Check
from benchmarks.workload import AS_OF, Workload, make_workload, project_files, write_project

ROOT = Path(__file__).resolve().parent.parent
CHECKED = 100
IDLE = "mapInArrow that does nothing"
COMPACT = "mapInArrow that does nothing, compact columns back"
MINE = "Weighbridge"
SQL = "the same rules as Spark SQL"
MOST_SQL = 600
"""Spark SQL cannot plan 2,000 rules."""
Section = dict[str, float]
"""Median seconds by contender."""


def main() -> int:
    """0 when every promise holds, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.spark", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rules", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    found: dict[int, Section] = {}
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-") as name, _session(Path(name)) as session:
        for rules in options.rules:
            found[rules] = _measure(session, Path(name) / str(rules), rules, options.rows, options.rounds)
            print(
                f"{rules:,} rules: " + ", ".join(f"{n} {s:.1f} s" for n, s in found[rules].items()),
                flush=True,
            )
    checks = [check for rules, section in found.items() for check in _promises(rules, section)]
    for check in checks:
        print(describe(check))
    if 200 in found:
        _keep(found, checks, options.rows)
    return 0 if all(check.holds for check in checks) else 1


def _promises(rules: int, section: Section) -> Iterator[Check]:
    yield Check(
        f"Spark, {rules} rules: times a mapInArrow that does nothing", section[MINE] / section[IDLE], 1.3
    )
    if rules >= 200 and SQL in section:
        faster = section[SQL] / section[MINE]
        yield Check(f"Spark, {rules} rules: times faster than Spark SQL", faster, 1.0, at_least=True)


@contextmanager
def _session(folder: Path) -> Iterator[Any]:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = os.environ["PYSPARK_DRIVER_PYTHON"] = sys.executable
    os.environ["PYTHONPATH"] = os.pathsep.join(p for p in sys.path if p)
    options = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "4g",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        # Larger batches cost every contender less.
        "spark.sql.execution.arrow.maxRecordsPerBatch": "65536",
    }
    builder = SparkSession.builder.master("local[2]").appName("weighbridge-benchmark")
    for key, value in options.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def _measure(session: Any, folder: Path, rules: int, rows: int, rounds: int) -> Section:
    workload = make_workload(rules, 1)
    path = folder / "items.parquet"
    folder.mkdir()
    write_items(path, rows)
    frames = _contenders(session.read.parquet(str(path)), workload, folder)
    _demand_right(frames, workload, path)
    seconds: dict[str, list[float]] = {name: [] for name in frames}
    for number in range(rounds + 1):
        for name, frame in frames.items():
            start = time.perf_counter()
            frame.write.format("noop").mode("overwrite").save()
            if number:  # the first round warms up
                seconds[name].append(time.perf_counter() - start)
    return {name: statistics.median(found) for name, found in seconds.items()}


def _contenders(frame: Any, workload: Workload, folder: Path) -> dict[str, Any]:
    import weighbridge
    from weighbridge import spark

    engine = weighbridge.load(write_project(project_files(workload), folder / "project"))
    decided = spark.decide(
        frame,
        engine,
        "workload",
        markets=workload.markets,
        as_of=AS_OF,
        columns=("key", "verdict", "points", "fired"),
    )
    found = {
        IDLE: frame.mapInArrow(lambda batches: batches, frame.schema),
        COMPACT: frame.mapInArrow(_constant, "verdict string, points double, fired double"),
        MINE: decided,
    }
    if len(workload.rules) <= MOST_SQL:
        frame.createOrReplaceTempView("items")
        found[SQL] = frame.sparkSession.sql(sql_select(workload, "sku AS key", "items"))
    return found


def _constant(batches: Any) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        size = batch.num_rows
        columns = [
            pa.array(["pass"]).take(pa.array([0] * size)),
            pa.array([0.0] * size),
            pa.array([0.0] * size),
        ]
        yield pa.RecordBatch.from_arrays(columns, names=["verdict", "points", "fired"])


def _demand_right(frames: dict[str, Any], workload: Workload, path: Path) -> None:
    """The first records by the oracle. Raises AssertionError."""
    cases = cases_at(path, list(range(CHECKED)), workload.markets[0])
    right = {case.record["sku"]: right_answer(workload, case, asks_review=False) for case in cases}
    for name in (MINE, SQL):
        if name in frames:
            wanted = frames[name].where(frames[name]["key"].isin(list(right))).collect()
            found = {
                row["key"]: (_rank(row["verdict"]), row["points"] or 0.0, int(row["fired"])) for row in wanted
            }
            if found != right:
                raise AssertionError(f"{name}: wrong answers")


def _rank(verdict: str | int) -> int:
    return RANK[verdict] if isinstance(verdict, str) else verdict


def _keep(found: dict[int, Section], checks: list[Check], rows: int) -> None:
    versions = environment(("pyspark", "pyarrow", "numpy"))
    document = {"environment": versions, "rows": rows, "seconds": found, "checks": kept_checks(checks)}
    results = ROOT / "benchmarks" / "results" / "spark.json"
    results.write_text(as_json(document), encoding="utf-8")
    (ROOT / "docs" / "spark-benchmarks.md").write_text(
        _markdown(found, checks, rows, versions), encoding="utf-8"
    )


_HEAD = """# Benchmarks: Spark

Written by `python -m benchmarks.spark`; do not edit. {rows:,} records of the workload of `benchmarks.md` from
Parquet to Spark's `noop` sink, `local[2]`, batches of 65,536 records; seconds by the clock, the median of rounds
in turns on a machine that did other work as well. The answers of the first {checked} records were compared with
the oracle.
"""


def _markdown(found: dict[int, Section], checks: list[Check], rows: int, versions: dict[str, str]) -> str:
    lines = [_HEAD.format(rows=rows, checked=CHECKED), *(f"- {describe(check)}" for check in checks), ""]
    lines += ["| | " + " | ".join(f"{rules:,} rules" for rules in found) + " |"]
    lines += ["|---|" + "---:|" * len(found)]
    for name in (IDLE, COMPACT, MINE, SQL):
        cells = [f"{section[name]:.1f} s" if name in section else "no plan" for section in found.values()]
        lines.append(f"| {name} | " + " | ".join(cells) + " |")
    return "\n".join(
        [*lines, "", "Measured with " + ", ".join(f"{n} {v}" for n, v in versions.items()) + ".\n"]
    )


if __name__ == "__main__":
    raise SystemExit(main())
