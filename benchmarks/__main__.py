"""`python -m benchmarks`: compare, print, and write the results where the documentation reads them."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks import batch_report, smoke
from benchmarks.batch import BatchSettings, batch_document, compare_batch, read_results
from benchmarks.figures import write_figures
from benchmarks.report import as_json, describe, environment, to_json, to_markdown
from benchmarks.scalar import Check, Settings, compare

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
DOCS = ROOT / "docs"


def main() -> int:
    """0 when every promise holds, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a minute: ratios against the last ones kept; writes nothing"
    )
    parser.add_argument("--only", choices=("scalar", "batch"), help="one half of it")
    parser.add_argument("--rows", type=int, default=BatchSettings.rows, help="records of the batch half")
    parser.add_argument("--rounds", type=int, default=BatchSettings.rounds, help="rounds of the batch half")
    options = parser.parse_args()
    if options.quick:
        return smoke.smoke()
    RESULTS.mkdir(exist_ok=True)
    checks: list[Check] = []
    if options.only != "batch":
        checks += scalar()
    if options.only != "scalar":
        checks += batch(BatchSettings(rows=options.rows, rounds=options.rounds))
        smoke.keep(smoke.ratios())
    for check in checks:
        print(describe(check))
    write_figures()
    return 0 if all(check.holds for check in checks) else 1


def scalar() -> tuple[Check, ...]:
    """One record at a time."""
    comparison = compare(Settings())
    print(f"\nloading 2,000 rules and the first decision: {comparison.load_seconds:.1f} s\n")
    (RESULTS / "scalar.json").write_text(to_json(comparison), encoding="utf-8")
    (DOCS / "benchmarks.md").write_text(to_markdown(comparison), encoding="utf-8")
    return comparison.checks


def batch(settings: BatchSettings) -> tuple[Check, ...]:
    """Whole files."""
    comparison = compare_batch(settings)
    document = batch_document(comparison, environment(("polars", "duckdb", "pyarrow", "numpy", "pandas")))
    (RESULTS / "batch.json").write_text(as_json(document), encoding="utf-8")
    document = read_results(RESULTS / "batch.json")  # rounded, so that the documents can be made again
    (DOCS / "batch-benchmarks.md").write_text(batch_report.to_markdown(document), encoding="utf-8")
    (DOCS / "batch-benchmarks.svg").write_text(batch_report.to_svg(document), encoding="utf-8")
    return comparison.checks


if __name__ == "__main__":
    raise SystemExit(main())
