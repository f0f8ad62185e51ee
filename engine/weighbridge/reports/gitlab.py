"""GitLab code quality: a JSON array of the findings that nothing suppresses."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TextIO

from weighbridge.diagnostics import Diagnostic
from weighbridge.gate_findings import GateFinding, content_text, digest
from weighbridge.gate_result import GateResult
from weighbridge.reports.plain import reason, record_name

SEVERITY = {"error": "blocker", "block": "critical", "review": "major", "warn": "minor", "pass": "info"}


def write(result: GateResult, stream: TextIO, lang: str) -> None:
    """Write the report. What kept the gate from its job is an issue too: GitLab shows nothing else."""
    separator = "[\n"
    for issue in _issues(result, lang):
        stream.write(separator + json.dumps(issue))
        separator = ",\n"
    stream.write("[]\n" if separator == "[\n" else "\n]\n")


def _issues(result: GateResult, lang: str) -> Iterator[dict[str, object]]:
    for note, told in zip(result.notes, result.told(lang), strict=True):
        if note.severity == "error":
            yield _failure(note, told.message, result)
    for finding in result.findings():
        if finding.suppressed_by is None:
            yield _issue(finding, lang)


def _issue(finding: GateFinding, lang: str) -> dict[str, object]:
    where = f"{finding.market} " if finding.market else ""
    return {
        "description": f"{where}{record_name(finding, lang)}: {reason(finding, lang)}",
        "check_name": finding.rule,
        "fingerprint": finding.fingerprint,
        "severity": SEVERITY[finding.severity],
        "location": {"path": finding.feed, "lines": {"begin": finding.line}},
    }


def _failure(note: Diagnostic, description: str, result: GateResult) -> dict[str, object]:
    file, line = (note.span.file, note.span.line) if note.span else ("", 1)
    return {
        "description": description,
        "check_name": note.code,
        "fingerprint": digest(content_text([note.code, note.message, file])),
        "severity": SEVERITY["error"],
        "location": {"path": file or result.request.feed, "lines": {"begin": max(1, line)}},
    }
