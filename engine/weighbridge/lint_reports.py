"""Diagnostics of a project for programs: JSON and SARIF 2.1.0."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Any

from weighbridge import __version__
from weighbridge.codes import CODES
from weighbridge.diagnostics import Diagnostic

_LEVELS = {"error": "error", "warning": "warning", "note": "note"}


def lint_json(diagnostics: Iterable[Diagnostic]) -> str:
    """One object with all diagnostics and their counts."""
    entries = [d.to_dict() for d in diagnostics]
    counts = {s: sum(e["severity"] == s for e in entries) for s in _LEVELS}
    return json.dumps({"diagnostics": entries, "counts": counts}, ensure_ascii=False, indent=2)


def lint_sarif(diagnostics: Iterable[Diagnostic]) -> str:
    """A SARIF log; paths are relative to the project, fingerprints do not depend on line numbers."""
    found = list(diagnostics)
    seen: dict[str, int] = {}
    rules = [
        {"id": code, "shortDescription": {"text": _title(code)}} for code in sorted({d.code for d in found})
    ]
    log = {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": {"name": "weighbridge", "semanticVersion": __version__, "rules": rules}},
                "columnKind": "unicodeCodePoints",
                "originalUriBaseIds": {"PROJECTROOT": {"description": {"text": "The project's folder"}}},
                "results": [_result(d, seen) for d in found],
            }
        ],
    }
    return json.dumps(log, ensure_ascii=False, indent=2)


def _title(code: str) -> str:
    entry = CODES.get(code)
    return code if entry is None else entry[0]


def _result(diagnostic: Diagnostic, seen: dict[str, int]) -> dict[str, Any]:
    text = diagnostic.message
    if diagnostic.expected:
        text += f"; expected {diagnostic.expected}"
    if diagnostic.suggestion:
        text += f"; did you mean {diagnostic.suggestion}?"
    place = diagnostic.span.file if diagnostic.span else ""
    identity = f"{diagnostic.code}\n{place}\n{diagnostic.message}"
    seen[identity] = seen.get(identity, 0) + 1
    fingerprint = hashlib.sha256(f"{identity}\n{seen[identity]}".encode()).hexdigest()
    result: dict[str, Any] = {
        "ruleId": diagnostic.code,
        "level": _LEVELS[diagnostic.severity],
        "message": {"text": text},
        "partialFingerprints": {"weighbridge/v1": fingerprint},
    }
    if diagnostic.span is not None and diagnostic.span.file:
        span = diagnostic.span
        result["locations"] = [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": span.file, "uriBaseId": "PROJECTROOT"},
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
