"""Annotations in the log of a GitHub workflow (`::error file=...::...`), worst first.

GitHub shows at most ten of each level for a step and drops the rest without a word; what is left out is
counted in the last annotation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from weighbridge.diagnostics import Diagnostic, hints
from weighbridge.gate_findings import GateFinding
from weighbridge.gate_result import GateResult
from weighbridge.messages import REPORT, phrase
from weighbridge.reports import totals
from weighbridge.reports.plain import printable, reason, record_name, title

PER_LEVEL = 10
"""Annotations of one level that GitHub shows for a step."""

LEVELS = {"error": "error", "block": "error", "review": "warning", "warn": "notice"}
_NOTE_LEVELS = {"error": "error", "warning": "warning", "note": "notice"}


@dataclass(frozen=True, slots=True)
class Annotation:
    """One line of the log that GitHub shows beside a file's line; without `file` beside none."""

    level: str
    title: str
    message: str
    file: str
    line: int

    def command(self) -> str:
        """The workflow command, with its line end."""
        place = f"file={_property(self.file)},line={self.line}," if self.file else ""
        return f"::{self.level} {place}title={_property(self.title)}::{_data(self.message)}\n"


def write(result: GateResult, stream: TextIO, lang: str) -> None:
    """Write the annotations and the outcome."""
    left_out = 0
    for level in ("error", "warning", "notice"):
        shown = 0
        for annotation in _annotations(result, level, lang):
            if shown < PER_LEVEL:
                stream.write(annotation.command())
                shown += 1
            else:
                left_out += 1
    if left_out:
        stream.write(f"::notice::{_data(phrase(REPORT, 'left_out', lang, count=left_out))}\n")
    for line in totals.lines(result, lang):
        stream.write(line + "\n")
    stream.write(totals.outcome(result, lang) + "\n")


def _annotations(result: GateResult, level: str, lang: str) -> Iterator[Annotation]:
    for note in result.told(lang):
        if _NOTE_LEVELS[note.severity] == level:
            yield _of_note(note, level, lang)
    for finding in result.findings():
        if finding.suppressed_by is None and LEVELS.get(finding.severity) == level:
            yield _of_finding(finding, level, lang)


def _of_note(note: Diagnostic, level: str, lang: str) -> Annotation:
    file, line = (note.span.file, note.span.line) if note.span else ("", 1)
    message = "\n".join([note.message, *hints(note, lang)])
    return Annotation(level, note.code, message, file, max(1, line))


def _of_finding(finding: GateFinding, level: str, lang: str) -> Annotation:
    parts = (finding.market, record_name(finding, lang), title(finding, lang))
    lines = [reason(finding, lang), f"[{finding.rule}]"]
    if finding.source is not None:
        lines.append(" ".join(filter(None, (printable(finding.source.citation), finding.source.url))))
    return Annotation(level, " · ".join(filter(None, parts)), "\n".join(lines), finding.feed, finding.line)


def _data(text: str) -> str:
    """A command's message: what GitHub takes for the end of the line or of an escape, escaped."""
    lines = (printable(line) for line in text.split("\n"))
    return "%0A".join(line.replace("%", "%25") for line in lines)


def _property(text: str) -> str:
    """A command's property, where a comma or colon would end it."""
    return printable(text).replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
