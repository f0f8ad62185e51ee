"""The figures of the README: the promises in benchmarks/results/*.json, with what was measured.

Those about decision tables stand in the documents only: the README is read at a glance.

    python -m benchmarks.figures

rewrites the part of README.md between `<!-- figures -->` and `<!-- end of figures -->`.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"

_PART = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)


def with_figures(text: str, results: Path = RESULTS) -> str:
    """The README's text with the figures of `results`."""
    return _PART.sub(lambda part: f"{part[1]}{figures(results)}{part[2]}", text)


def figures(results: Path = RESULTS) -> str:
    """A Markdown table of the measured promises; a line that says so where nothing was measured yet."""
    documents: list[dict[str, Any]] = [
        json.loads(file.read_text(encoding="utf-8")) for file in sorted(results.glob("*.json"))
    ]
    every = [check for document in documents for check in document.get("checks", ())]
    checks = [check for check in every if "table by" not in check["promise"] or not check["holds"]]
    if not checks:
        return "\nNot measured yet: run `make bench`.\n\n"
    lines = ["", "| measured | is | must be |", "|---|---:|---:|"]
    for check in checks:
        bound = f"at least {check['limit']:g}" if check.get("at_least") else f"at most {check['limit']:g}"
        measured = f"{check['measured']:.3g}" + ("" if check["holds"] else " (missed)")
        lines.append(f"| {check['promise']} | {measured} | {bound} |")
    return "\n".join([*lines, "", _conditions(documents), ""])


def _conditions(documents: list[dict[str, Any]]) -> str:
    machine: dict[str, str] = {}
    for document in documents:
        machine |= document.get("environment", {})
    shown = [f"{name} {machine[name]}" for name in ("Python", "zen-engine", "polars") if name in machine]
    shown += [f"{machine['cores']} cores"] if "cores" in machine else []
    return f"Ratios of one run on one machine ({', '.join(shown)}).\n"


def write_figures() -> None:
    """Brings the README up to date."""
    README.write_text(with_figures(README.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    write_figures()
