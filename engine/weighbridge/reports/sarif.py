"""SARIF 2.1.0 for code scanning, written result by result.

Feeds are named relative to the folder the gate ran in (`SRCROOT`), rules' files to the project
(`PROJECTROOT`).
"""

from __future__ import annotations

import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any, TextIO
from urllib.parse import quote, urlsplit

from weighbridge.diagnostics import Diagnostic, hints
from weighbridge.gate_findings import GateFinding, in_language
from weighbridge.gate_result import ExitCode, GateResult, RuleText
from weighbridge.messages import LANGUAGES, REPORT, phrase
from weighbridge.reports.plain import printable, reason, record_name, suppression
from weighbridge.reports.totals import outcome

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
LEVELS = {"error": "error", "block": "error", "review": "warning", "warn": "note", "pass": "none"}
FINGERPRINT = "weighbridge/v1"

_MARKUP = str.maketrans({"\\": "\\\\", "[": "\\[", "]": "\\]", "{": "{{", "}": "}}"})


def write(result: GateResult, stream: TextIO, lang: str) -> None:
    """Write the log. Suppressed findings are in it, with their suppression."""
    order = {rule: index for index, rule in enumerate(result.rules)}
    run = json.dumps(_run(result, lang), indent=1)[:-2]
    stream.write(f'{{"$schema": "{SCHEMA}", "version": "2.1.0", "runs": [{run},\n "results": [')
    separator = "\n"
    for finding in result.findings():
        stream.write(
            separator + "  " + json.dumps(_result(finding, order[finding.rule], _rule_base(result), lang))
        )
        separator = ",\n"
    stream.write("]}]}\n")


def _run(result: GateResult, lang: str) -> dict[str, Any]:
    request = result.request
    driver = {
        "name": "Weighbridge",
        "version": _own_version(),
        "rules": [_rule(text, lang) for text in result.rules.values()],
        "properties": {"projectVersion": result.version},
    }
    bases: dict[str, Any] = {"SRCROOT": {"description": {"text": "The folder in which the gate was run."}}}
    if _rule_base(result) != "SRCROOT":
        uri = _uri(result.project_path).rstrip("/") + "/"
        bases["PROJECTROOT"] = {"uri": uri, "uriBaseId": "SRCROOT", "description": {"text": "The project."}}
    return {
        "tool": {"driver": driver},
        "automationDetails": {"id": f"weighbridge/{request.target}/{_uri(request.feed)}"},
        "language": lang if lang in LANGUAGES else LANGUAGES[0],
        "columnKind": "unicodeCodePoints",
        "originalUriBaseIds": bases,
        "invocations": [_invocation(result, lang)],
        "properties": {
            "target": request.target,
            "markets": list(request.markets),
            "asOf": request.as_of.isoformat(),
            "failOn": request.fail_on,
            "counts": result.counts.to_dict(),
        },
    }


def _invocation(result: GateResult, lang: str) -> dict[str, Any]:
    return {
        "executionSuccessful": result.exit_code is not ExitCode.UNUSABLE,
        "exitCode": int(result.exit_code),
        "exitCodeDescription": outcome(result, lang),
        "toolExecutionNotifications": [_notification(note, lang) for note in result.told(lang)],
    }


def _notification(note: Diagnostic, lang: str) -> dict[str, Any]:
    text = "\n".join(_text(line) for line in (note.message, *hints(note, lang)))
    entry: dict[str, Any] = {
        "level": note.severity,
        "message": {"text": text},
        "descriptor": {"id": note.code},
    }
    if note.span is not None and note.span.file:
        entry["locations"] = [{"physicalLocation": _place(note.span.file, "SRCROOT", note.span.line)}]
    return entry


def _rule(text: RuleText, lang: str) -> dict[str, Any]:
    name = printable(in_language(text.title, lang)) or text.rule
    lines = [name]
    if text.source is not None:
        citation = " ".join(filter(None, (text.source.citation, text.source.url)))
        lines.append(f"{phrase(REPORT, 'source', lang)}: {printable(citation)}")
    if text.location is not None:
        lines.append(f"{phrase(REPORT, 'rule_at', lang)}: {text.location.file}:{text.location.line}")
    entry: dict[str, Any] = {
        "id": text.rule,
        "shortDescription": {"text": _text(name)},
        "fullDescription": {"text": _text(name)},
        "help": {"text": "\n".join(_text(line) for line in lines)},
    }
    link = _link(text.source.url) if text.source is not None and text.source.url else None
    if link is not None:
        entry["helpUri"] = link
    return entry


def _result(finding: GateFinding, rule_index: int, rule_base: str, lang: str) -> dict[str, Any]:
    name = record_name(finding, lang)
    where = f"{finding.market} {name}" if finding.market else name
    entry: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rule_index,
        # "open" is SARIF's word for what could not be decided; then it wants the level "none".
        "kind": "open" if finding.severity == "pass" else "fail",
        "level": LEVELS[finding.severity],
        "message": {"text": _text(f"{where}: {reason(finding, lang)}")},
        "locations": [
            {
                "physicalLocation": _place(finding.feed, "SRCROOT", finding.line),
                "logicalLocations": [{"name": name, "fullyQualifiedName": where, "kind": "object"}],
            }
        ],
        # GitHub tells results apart by `primaryLocationLineHash`; absent, it makes one from the line's text.
        "partialFingerprints": {
            FINGERPRINT: finding.fingerprint,
            "primaryLocationLineHash": f"{finding.fingerprint[:16]}:1",
        },
        "properties": _properties(finding),
    }
    if finding.rule_location is not None:
        place = _place(finding.rule_location.file, rule_base, finding.rule_location.line)
        entry["relatedLocations"] = [
            {"physicalLocation": place, "message": {"text": phrase(REPORT, "rule_at", lang)}}
        ]
    covered = suppression(finding, lang)
    if covered is not None:
        entry["suppressions"] = [{"kind": "external", "status": "accepted", "justification": covered}]
    return entry


def _properties(finding: GateFinding) -> dict[str, Any]:
    fields = ("market", "record", "verdict", "severity", "status", "missing", "matches", "waiver")
    entry = finding.to_dict()
    return {name: entry[name] for name in fields if entry[name]}


def _place(file: str, base: str, line: int) -> dict[str, Any]:
    return {"artifactLocation": {"uri": _uri(file), "uriBaseId": base}, "region": {"startLine": max(1, line)}}


def _rule_base(result: GateResult) -> str:
    return "SRCROOT" if result.project_path == "." else "PROJECTROOT"


def _uri(path: str) -> str:
    return quote(path.encode("utf-8", "surrogateescape"), safe="/")


def _link(url: str) -> str | None:
    """A web address a viewer may offer to open, or None: any other scheme could run something."""
    try:
        scheme = urlsplit(url).scheme
    except ValueError:
        return None
    return quote(url, safe=":/?#[]@!$&'()*+,;=%~") if scheme in ("http", "https") else None


def _text(text: str) -> str:
    """A SARIF message: brackets would make links, braces placeholders."""
    return printable(text).translate(_MARKUP)


def _own_version() -> str:
    try:
        return version("weighbridge")
    except PackageNotFoundError:  # run from a source folder that is not installed
        return "0"
