"""The comparison as benchmarks/results/scalar.json and docs/benchmarks.md."""

from __future__ import annotations

import dataclasses
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.scalar import Check, Comparison, Section

PACKAGES = (
    "zen-engine",
    "datalogic-py",
    "common-expression-language",
    "simpleeval",
    "rule-engine",
    "business-rules",
)

_HEAD = """# Benchmarks

Written by `make bench`; do not edit. One run on one machine: read the ratios, not the microseconds.

- One workload for all: records of 25 fields of which 5 % are missing (absent, or null), rules of two to four
  conditions (comparisons, equality, `in`, flags, arithmetic, `and`, `or`, `not`), made from a seed by
  `benchmarks/workload.py`.
- An answer is the verdict, the sum of points and the list of rules that fired. Each engine's answers are
  first compared with an oracle that knows nothing of Weighbridge (plain three-valued evaluation); wrong ones
  are marked.
- The other engines get the rules with guards against missing values; without they raise or answer wrongly.
- All engines of a table are timed in turns in one process, by CPU time. The ratio is the median of the
  rounds' ratios to the floor: straight-line Python generated for exactly these rules.
- Weighbridge has three lines. `decide()` checks the record against its record type, runs the rules and gives
  a decision with its verdict; the rest of a decision is made when it is asked for. The second line asks for
  what the other engines answer: outputs and fired rules. The third builds the findings, which no other engine
  here has: the values that drove each rule, its source, its reason in English and Chinese.
"""


def environment(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Versions that the figures belong to."""
    found = {"Python": platform.python_version(), "cores": str(os.cpu_count()), "machine": platform.machine()}
    return found | {name: importlib.metadata.version(name) for name in packages}


def to_json(comparison: Comparison) -> str:
    """Everything measured, for machines."""
    measured = dataclasses.asdict(comparison)
    return as_json({"environment": environment(), **measured, "checks": kept_checks(comparison.checks)})


def kept_checks(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """Promises as the files of results keep them."""
    return [dataclasses.asdict(check) | {"holds": check.holds} for check in checks]


def as_json(document: dict[str, Any]) -> str:
    """A document of results as it is kept."""
    return json.dumps(_rounded(document), indent=1) + "\n"


def to_markdown(comparison: Comparison) -> str:
    """Everything measured, for readers."""
    parts = [_HEAD, "## What must hold\n", *(f"- {describe(check)}" for check in comparison.checks), ""]
    parts += [f"Loading 2,000 rules and the first decision: {comparison.load_seconds:.1f} s of CPU time.", ""]
    for section in comparison.sections:
        parts.append(_section(section))
    versions = ", ".join(f"{name} {version}" for name, version in environment().items())
    return "\n".join([*parts, f"Measured with {versions}.\n"])


def describe(check: Check) -> str:
    """One line that says whether a promise holds."""
    bound = "at least" if check.at_least else "at most"
    outcome = "holds" if check.holds else "FAILS"
    return f"{outcome}: {check.promise}: {check.measured:.2f} ({bound} {check.limit:g})"


def _section(section: Section) -> str:
    title = section.title[0].upper() + section.title[1:]
    lines = [f"## {title}", ""]
    if section.note:
        lines += [f"{section.note}.", ""]
    lines += [f"| engine | µs | ratio to {section.floor} | right |", "| --- | ---: | ---: | --- |"]
    for line in section.lines:
        right = "yes" if not line.wrong else f"wrong in {line.wrong} of {line.checked}"
        lines.append(f"| {line.engine} | {line.microseconds:,.1f} | {line.ratio:,.2f} | {right} |")
    return "\n".join([*lines, ""])


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 3)
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    return [_rounded(entry) for entry in value] if isinstance(value, list | tuple) else value
