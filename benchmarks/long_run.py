"""A CSV file decided in three markets into a folder of Parquet files: time and peak memory.

    python -m benchmarks.long_run                    # 200,000 records
    python -m benchmarks.long_run --rows 10000000 --write    # the promise: under 1 GB; keeps what was measured

The run is a process of its own; its peak of resident memory is what the operating system says of it.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pyarrow.csv

from benchmarks.items import item_tables
from benchmarks.report import as_json, describe, environment, kept_checks
from benchmarks.scalar import Check
from benchmarks.timing import peak_memory_mb
from benchmarks.workload import AS_OF, make_workload, project_files, write_project

RESULTS = Path(__file__).resolve().parent / "results" / "long_run.json"
MARKETS = ("AA", "BB", "CC")
RULES = 200
LIMIT_MB = 1000


def main() -> int:
    """0 when memory stays below the limit, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.long_run", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--folder", type=Path, help="where the files go; default: a temporary folder")
    parser.add_argument("--write", action="store_true", help="keep it in benchmarks/results/long_run.json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="weighbridge-bench-", dir=options.folder) as name:
        folder = Path(name)
        path = write_csv(folder / "items.csv", options.rows)
        command = [sys.executable, "-c", _RUN, str(folder)]
        found = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        size = path.stat().st_size / 1e6
    print(
        f"{options.rows:,} records x {len(MARKETS)} markets, {RULES} rules, CSV of {size:,.0f} MB: "
        f"{found['wall']:,.0f} s ({found['cpu']:,.0f} s CPU), {found['findings']:,} findings, "
        f"peak memory {found['peak_mb']:,.0f} MB"
    )
    millions = f"{options.rows / 1e6:g} million"
    check = Check(
        f"{millions} records x {len(MARKETS)} markets from CSV: peak memory, MB", found["peak_mb"], LIMIT_MB
    )
    if options.write:
        versions = environment(("pyarrow", "numpy"))
        document = {"environment": versions, **found, "checks": kept_checks([check])}
        RESULTS.write_text(as_json(document), encoding="utf-8")
    print(describe(check))
    return 0 if check.holds else 1


def write_csv(path: Path, rows: int) -> Path:
    """The records as a feed."""
    tables = item_tables(rows)
    table = next(tables)
    with pyarrow.csv.CSVWriter(path, table.schema) as writer:
        writer.write_table(table)
        for table in tables:
            writer.write_table(table)
    return path


_RUN = "import sys; from benchmarks.long_run import run; run(sys.argv[1])"


def run(folder: str) -> None:
    """What the process does; prints what it cost."""
    import weighbridge

    workload = dataclasses.replace(make_workload(RULES, 1), markets=MARKETS)
    engine = weighbridge.load(write_project(project_files(workload), Path(folder) / "project"))
    wall, cpu = time.perf_counter(), time.process_time()
    summary = engine.write_batch(
        "workload", Path(folder) / "items.csv", Path(folder) / "out", markets=MARKETS, as_of=AS_OF, workers=2
    )
    print(
        json.dumps(
            {
                "wall": time.perf_counter() - wall,
                "cpu": time.process_time() - cpu,
                "findings": summary.findings,
                "records": summary.records,
                "peak_mb": peak_memory_mb(),
            }
        )
    )


if __name__ == "__main__":
    raise SystemExit(main())
