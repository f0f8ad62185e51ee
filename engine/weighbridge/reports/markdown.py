"""Markdown for a comment on a pull request: outcome, totals, and the worst findings to unfold.

Text from a feed or a rule stands in code spans only. There neither HTML nor links, mentions or references
mean anything, and a span is fenced with more backticks than its text holds. No such text stands in a table,
where a bar could end its cell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TextIO

from weighbridge.gate_findings import SEVERITIES, GateFinding
from weighbridge.gate_result import ExitCode, GateResult
from weighbridge.messages import DIAGNOSTIC, REPORT, phrase
from weighbridge.reports import totals
from weighbridge.reports.grouping import MarketGroup, RecordGroup, by_record
from weighbridge.reports.plain import missing_evidence, printable, reason, record_name, suppression, word

TOP = 50
"""Records shown."""

BUDGET = 55_000
"""Characters all records may take: hosts refuse comments above about 65,000."""

LONGEST = 300
"""Characters of one text shown."""

_MARKS = {ExitCode.CLEAN: "✅", ExitCode.FINDINGS: "❌", ExitCode.UNUSABLE: "⚠️"}


def write(result: GateResult, stream: TextIO, lang: str) -> None:
    """Write the comment."""
    stream.write(f"### {_MARKS[result.exit_code]} Weighbridge: {totals.outcome(result, lang)}\n\n")
    heading = " · ".join(f"{name} {code(value)}" for name, value in totals.heading(result, lang))
    stream.write(f"{heading}\n\n")
    # Markets and verdicts: ids, whose alphabet has nothing that Markdown reads.
    header, *rows = totals.table(result, lang)
    for row in (header, ["---"] + ["---:"] * (len(header) - 1), *rows):
        stream.write(f"| {' | '.join(_cell(cell) for cell in row)} |\n")
    stream.write("\n")
    for line in totals.lines(result, lang):
        stream.write(f"- {line}\n")
    stream.write("\n")
    _write_notes(result, stream, lang)
    _write_findings(result, stream, lang)


def _write_notes(result: GateResult, stream: TextIO, lang: str) -> None:
    if not result.notes:
        return
    stream.write(f"**{phrase(REPORT, 'notes', lang)}**\n\n")
    for note in result.told(lang):
        place = f" {code(str(note.span))}" if note.span is not None else ""
        stream.write(f"- {phrase(DIAGNOSTIC, note.severity, lang)} {note.code}{place} {code(note.message)}\n")
    stream.write("\n")


def _write_findings(result: GateResult, stream: TextIO, lang: str) -> None:
    room, shown, left_out, opened = BUDGET, 0, 0, False
    for group in _worst_first(result):
        text = _record(group, lang)
        if shown == TOP or len(text) > room:
            left_out += sum(finding.suppressed_by is None for finding in _findings(group))
            continue
        if not opened:
            stream.write(f"<details><summary>{phrase(REPORT, 'findings', lang)}</summary>\n\n")
            opened = True
        stream.write(text)
        shown, room = shown + 1, room - len(text)
    if opened:
        stream.write("\n</details>\n")
    if left_out:
        stream.write(f"\n{phrase(REPORT, 'left_out', lang, count=left_out)}\n")


def _worst_first(result: GateResult) -> Iterator[RecordGroup]:
    """Records with findings that count; one reading of the findings for every severity, nothing held."""
    for severity in reversed(SEVERITIES[1:]):
        if result.counts.severities.get(severity):
            yield from (group for group in by_record(result.findings()) if _worst(group) == severity)


def _worst(group: RecordGroup) -> str:
    counted = [f.severity for f in _findings(group) if f.suppressed_by is None]
    return max(counted, key=SEVERITIES.index, default="pass")


def _findings(group: RecordGroup) -> Iterator[GateFinding]:
    for market in group.markets:
        yield from market.findings
        yield from (undecided.first for undecided in market.undecided)


def _record(group: RecordGroup, lang: str) -> str:
    first = group.first
    place = f"{first.feed}:{first.line}"
    lines = [f"- {code(record_name(first, lang))} {code(place)}"]
    for market in group.markets:
        lines += (f"  - {line}" for line in _market(market, lang))
    return "\n".join(lines) + "\n"


def _market(group: MarketGroup, lang: str) -> Iterator[str]:
    market = f"{code(group.market)} " if group.market else ""
    for finding in group.findings:
        yield f"{market}{_label(finding, lang)} {code(finding.rule)} {code(reason(finding, lang))}"
    for undecided in group.undecided:
        text = missing_evidence(tuple(map(printable, undecided.fields)), undecided.count, lang)
        yield f"{market}{_label(undecided.first, lang)} {code(text)}"


def _label(finding: GateFinding, lang: str) -> str:
    name = "?" if finding.severity == "pass" else word(finding.severity, lang)
    covered = suppression(finding, lang)
    return f"**{name}**" if covered is None else f"~~{name}~~ {code(covered)}"


def _cell(text: str) -> str:
    return re.sub(r"[^\w -]", "", text) if text not in ("---", "---:") else text


def code(text: str) -> str:
    """`text` as a code span: one line, cut where it is long, fenced with more backticks than it holds."""
    line = printable(text)
    line = line if len(line) <= LONGEST else line[:LONGEST] + "…"
    if not line.strip():
        return "` `"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    padding = " " if len(fence) > 1 or line != line.strip() else ""
    return f"{fence}{padding}{line}{padding}{fence}"
