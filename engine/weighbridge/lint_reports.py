"""Diagnostics of a project for programs: JSON, SARIF 2.1.0 and annotations of a GitHub workflow."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

from weighbridge import __version__
from weighbridge.codes import CODES
from weighbridge.diagnostics import Diagnostic
from weighbridge.reports.github import Annotation

_LEVELS = {"error": "error", "warning": "warning", "note": "note"}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def lint_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One object with all diagnostics and their counts."""
    entries = [d.to_dict() for d in diagnostics]
    counts = {s: sum(e["severity"] == s for e in entries) for s in _LEVELS}
    return json.dumps({"diagnostics": entries, "counts": counts}, ensure_ascii=False, indent=2)


def lint_github(diagnostics: Iterable[Diagnostic]) -> str:
    """Annotations, errors first, and a line with the counts. Files are named as the diagnostics name them."""
    found = sorted(diagnostics, key=lambda d: list(_LEVELS).index(d.severity))
    counts = {severity: sum(d.severity == severity for d in found) for severity in _LEVELS}
    lines = [_annotation(d).command() for d in found]
    return "".join(lines) + f"{counts['error']} error(s), {counts['warning']} warning(s)\n"


def _annotation(diagnostic: Diagnostic) -> Annotation:
    level = {"error": "error", "warning": "warning", "note": "notice"}[diagnostic.severity]
    file, line = ("", 1) if diagnostic.span is None else (diagnostic.span.file, diagnostic.span.line)
    return Annotation(level, f"{diagnostic.code} {_title(diagnostic.code)}", _text(diagnostic), file, line)


def lint_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A SARIF log; files are relative to the working folder, fingerprints do not depend on line numbers."""
    found = list(diagnostics)
    seen: dict[str, int] = {}
    codes = sorted({d.code for d in found})
    base = {"SRCROOT": {"description": {"text": "The folder in which the check was run."}}}
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "Weighbridge lint",
                        "semanticVersion": __version__,
                        "rules": [_rule(code) for code in codes],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": base,
                "results": [_result(d, codes.index(d.code), seen) for d in found],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _title(code: str) -> str:
    return CODES[code][0]


def _rule(code: str) -> dict[str, Any]:
    title, explanation = CODES[code]
    return {
        "id": code,
        "shortDescription": {"text": title},
        "fullDescription": {"text": explanation},
        "help": {"text": explanation},
    }


def _text(diagnostic: Diagnostic) -> str:
    """The message, with what would be right."""
    text = diagnostic.message
    if diagnostic.expected:
        text += f"; expected {diagnostic.expected}"
    if diagnostic.suggestion:
        text += f"; did you mean {diagnostic.suggestion}?"
    return text


def _result(diagnostic: Diagnostic, rule_index: int, seen: dict[str, int]) -> dict[str, Any]:
    place = diagnostic.span.file if diagnostic.span else ""
    identity = f"{diagnostic.code}\n{place}\n{diagnostic.message}"
    seen[identity] = seen.get(identity, 0) + 1
    fingerprint = hashlib.sha256(
        f"{identity}\n{seen[identity]}".encode(errors="backslashreplace")
    ).hexdigest()
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "ruleIndex": rule_index,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": _text(diagnostic)},
        "partialFingerprints": {"weighbridge/v1": fingerprint},
    }
    if diagnostic.span is not None and diagnostic.span.file:
        span = diagnostic.span
        result["locations"] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(span.file), "uriBaseId": "SRCROOT"},
                    "region": {
                        "startLine": span.line,
                        "startColumn": span.column,
                        "endLine": span.end_line,
                        "endColumn": max(1, span.end_column),
                    },
                }
            }
        ]
    return result
