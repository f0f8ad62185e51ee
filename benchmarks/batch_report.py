"""The batch comparison as docs/batch-benchmarks.md and docs/batch-benchmarks.svg."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from benchmarks.batch_peers import FLOOR, MINE, POLARS, TABLES, UNDECIDED

_HEAD = """# Benchmarks: whole files

Written by `make bench`; do not edit. One run on one machine that did other work as well: read the ratios.

- From one Parquet file of the workload of `benchmarks.md` (records of 25 fields, 5 % missing, row groups of
  131,072) to NumPy arrays of verdict, sum of points and number of fired rules for every row, by two threads.
- The answers are first compared with the oracle in a sample of rows; wrong ones are marked.
- All contenders of a table take turns in one process. The ratio is the median of the rounds' ratios to the
  floor: reading the file into float64 arrays and codes and deciding nothing. Rows a second are per second of
  CPU time of all threads together; the second ratio is by the clock on the wall.
- Peak memory is that of a process of its own that passes over the file once.
- Polars gets texts as `Enum`, normal forms closed by `fill_null(False)`, `any_horizontal` per verdict, sums of
  16-bit whole numbers, and whichever of its two engines was faster when tried. "Split by market by hand" is
  what a person would write who knows that rules name their markets; Weighbridge finds that out by itself.
- DuckDB and NumPy are left out at 2,000 rules and `DataFrame.eval` from 200, where they take minutes.
- Lines marked *sample* decide the first 1,000 rows only; the figures are extrapolated.
"""
_COLOURS = ("#1f6feb", "#d97706", "#2f9e44", "#8b5cf6", "#57606a")
_SIZE = (440, 300)


def to_markdown(document: dict[str, Any]) -> str:
    """Everything measured, for readers; from the document of benchmarks/results/batch.json."""
    parts = [_HEAD, "## What must hold\n", *(_check(check) for check in document["checks"]), ""]
    parts += [line for section in document["sections"] for line in _section(section)]
    parts += ["## How the cost of a row grows", "", "![Curves of the tables below](batch-benchmarks.svg)", ""]
    parts += [line for curve in document["curves"] for line in _curve(curve)]
    versions = ", ".join(f"{name} {version}" for name, version in document["environment"].items())
    return "\n".join([*parts, f"Measured with {versions}.\n"])


def _check(check: dict[str, Any]) -> str:
    bound = "at least" if check["at_least"] else "at most"
    outcome = "holds" if check["holds"] else "missed"
    return f"- {outcome}: {check['promise']}: {check['measured']:.2f} ({bound} {check['limit']:g})"


def _section(section: dict[str, Any]) -> Iterator[str]:
    title = f"{section['title']}, {section['rows']:,} records"
    memory = any(line["peak_mb"] for line in section["lines"])
    yield from (f"## {title}", "")
    yield "| engine | rows/s of CPU | ratio | ratio, wall |" + (" peak MB |" if memory else "") + " right |"
    yield "|---|---:|---:|---:|" + ("---:|" if memory else "") + "---|"
    for line in section["lines"]:
        name = line["engine"] + (" *(sample)*" if line["sample"] else "")
        right = f"wrong in {line['wrong']} of {line['checked']}" if line["wrong"] else "yes"
        if not line["checked"]:
            right = ""
        peak = f" {line['peak_mb']:,.0f} |" if memory else ""
        yield (
            f"| {name} | {line['rows_per_second']:,.0f} | {line['ratio']:,.2f} | {line['wall_ratio']:,.2f} |"
            f"{peak} {right} |"
        )
    yield ""


def _curve(curve: dict[str, Any]) -> Iterator[str]:
    yield from (f"### {_title(curve)}", "", "Microseconds of CPU time per record.", "")
    yield f"| {curve['unit']} | " + " | ".join(f"{at:,g}" for at in curve["at"]) + " |"
    yield "|---|" + "---:|" * len(curve["at"])
    for name, costs in curve["costs"].items():
        yield f"| {name} | " + " | ".join(f"{cost:,.2f}" for cost in costs) + " |"
    yield ""


def _title(curve: dict[str, Any]) -> str:
    name: str = curve["name"]
    return name[0].upper() + name[1:]


# The picture ---------------------------------------------------------------------------------------


def to_svg(document: dict[str, Any]) -> str:
    """All curves side by side, both axes logarithmic where the values are above zero."""
    curves = document["curves"]
    columns = 2
    width, height = _SIZE[0] * columns, _SIZE[1] * math.ceil(len(curves) / columns)
    panels = []
    for number, curve in enumerate(curves):
        x, y = number % columns * _SIZE[0], number // columns * _SIZE[1]
        panels.append(f'<g transform="translate({x} {y})">{"".join(_panel(curve))}</g>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="11">\n<title>Cost of a record by rules, records, markets, table rows, missing values'
        f'</title>\n<rect width="{width}" height="{height}" fill="white"/>\n'
        + "\n".join(panels)
        + "\n</svg>\n"
    )


def _panel(curve: dict[str, Any]) -> Iterator[str]:
    left, right, top, bottom = 60, _SIZE[0] - 15, 45, _SIZE[1] - 75
    at, costs = curve["at"], curve["costs"]
    place_x = _axis(at, left, right)
    every = [cost for found in costs.values() for cost in found]
    place_y = _axis([min(every) / 1.5, max(every) * 1.5], bottom, top)
    yield f'<text x="{left}" y="20" font-size="13" font-weight="bold">{_title(curve)}</text>'
    yield f'<text x="{left}" y="36" fill="#57606a">microseconds of CPU per record</text>'
    yield f'<path d="M{left} {top}V{bottom}H{right}" fill="none" stroke="#57606a"/>'
    for value in at:
        yield f'<text x="{place_x(value):.1f}" y="{bottom + 15}" text-anchor="middle">{value:,g}</text>'
    for power in range(math.floor(math.log10(min(every))), math.ceil(math.log10(max(every))) + 1):
        y = place_y(10.0**power)
        if top <= y <= bottom:
            yield f'<path d="M{left} {y:.1f}H{right}" stroke="#d0d7de"/>'
            yield f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end">{10.0**power:g}</text>'
    for number, (name, found) in enumerate(costs.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        points = [f"{place_x(x):.1f},{place_y(y):.1f}" for x, y in zip(at, found, strict=True)]
        yield f'<polyline points="{" ".join(points)}" fill="none" stroke="{colour}" stroke-width="2"/>'
        for point in points:
            x, y = point.split(",")
            yield f'<circle cx="{x}" cy="{y}" r="3" fill="{colour}"/>'
        x, y = left + number % 2 * 190, bottom + 38 + number // 2 * 16
        yield f'<rect x="{x}" y="{y - 8}" width="10" height="10" fill="{colour}"/>'
        yield f'<text x="{x + 15}" y="{y + 1}">{_SHORT.get(name, name)}</text>'


_SHORT = {
    FLOOR: "reading only",
    MINE: "Weighbridge",
    TABLES: "Weighbridge, tables with findings",
    UNDECIDED: "undecided asks for review",
    POLARS: "Polars",
}


def _axis(values: Any, start: float, end: float) -> Any:
    """From a value to its place; logarithmic unless a value is zero."""
    scale = math.log10 if min(values) > 0 else float
    low, high = scale(min(values)), scale(max(values))
    return lambda value: start + (scale(value) - low) / ((high - low) or 1.0) * (end - start)
