"""`python -m benchmarks`: compare, print, and write the results where the documentation reads them."""

from __future__ import annotations

import argparse
from pathlib import Path

from benchmarks.figures import write_figures
from benchmarks.report import describe, to_json, to_markdown
from benchmarks.scalar import Settings, compare

ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    """0 when every promise holds, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few rounds; prints, writes nothing")
    options = parser.parse_args()
    comparison = compare(Settings(rounds=5, seconds=0.005) if options.quick else Settings())
    print(f"\nloading 2,000 rules and the first decision: {comparison.load_seconds:.1f} s\n")
    for check in comparison.checks:
        print(describe(check))
    if not options.quick:
        results = ROOT / "benchmarks" / "results" / "scalar.json"
        results.parent.mkdir(exist_ok=True)
        results.write_text(to_json(comparison), encoding="utf-8")
        (ROOT / "docs" / "benchmarks.md").write_text(to_markdown(comparison), encoding="utf-8")
        write_figures()
    return 0 if all(check.holds for check in comparison.checks) else 1


if __name__ == "__main__":
    raise SystemExit(main())
