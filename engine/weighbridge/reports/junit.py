"""JUnit XML: a test suite for the feed and one for every market, a test case for every record.

A record with findings at or above the threshold has failed; one with an error finding (a conflict of
rules, an invalid row) is in error; one whose failing findings are all waived or known is skipped. Milder
findings are the output of a test that passed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, TextIO
from xml.sax.saxutils import escape, quoteattr

from weighbridge.gate_findings import SEVERITIES, GateFinding, GateSeverity, at_least
from weighbridge.gate_result import ExitCode, GateResult
from weighbridge.messages import REPORT, phrase
from weighbridge.reports.plain import reason, suppression, word

Outcome = Literal["passed", "failure", "error", "skipped"]

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class _Case:
    suite: str
    name: str
    outcome: Outcome
    headline: str
    body: str
    file: str
    line: int


def write(result: GateResult, stream: TextIO, lang: str) -> None:
    """Write the report. Every suite is gone through twice, to count and to write: nothing is held."""
    tallies = {suite: _tally(_cases(result, suite, lang)) for suite in ("feed", *result.request.markets)}
    suites = [suite for suite, tally in tallies.items() if tally["tests"]]
    whole = {
        name: sum(tally[name] for tally in tallies.values())
        for name in ("tests", "failures", "errors", "skipped")
    }
    stream.write('<?xml version="1.0" encoding="UTF-8"?>\n')
    seconds = f"{result.elapsed:.3f}"
    stream.write(f'<testsuites name="weighbridge" {_counts(whole)} time="{seconds}">\n')
    for suite in suites:
        stream.write(f'  <testsuite name={_attribute(suite)} {_counts(tallies[suite])} time="0">\n')
        for case in _cases(result, suite, lang):
            stream.write(_element(case))
        stream.write("  </testsuite>\n")
    stream.write("</testsuites>\n")


def _tally(cases: Iterator[_Case]) -> dict[str, int]:
    tally = {"tests": 0, "failures": 0, "errors": 0, "skipped": 0}
    columns = {"failure": "failures", "error": "errors", "skipped": "skipped"}
    for case in cases:
        tally["tests"] += 1
        if case.outcome != "passed":
            tally[columns[case.outcome]] += 1
    return tally


def _counts(tally: dict[str, int]) -> str:
    return " ".join(f'{name}="{number}"' for name, number in tally.items())


# ---------------------------------------------------------------------------------------------------- cases


def _cases(result: GateResult, suite: str, lang: str) -> Iterator[_Case]:
    if suite == "feed":
        yield _feed_case(result, lang)
        yield from _row_cases(result, lang)
    else:
        yield from _record_cases(result, suite, lang)


def _feed_case(result: GateResult, lang: str) -> _Case:
    broken = result.exit_code is ExitCode.UNUSABLE
    told = result.told(lang)
    errors = [note.message for note in told if note.severity == "error"]
    notes = [f"{note.severity}[{note.code}]: {note.message}" for note in told]
    name = phrase(REPORT, "feed_is_usable", lang)
    outcome: Outcome = "error" if broken else "passed"
    return _Case("feed", name, outcome, "; ".join(errors), "\n".join(notes), result.request.feed, 1)


def _row_cases(result: GateResult, lang: str) -> Iterator[_Case]:
    """Rows that are no valid records, and repeated keys: what was found before any market came in."""
    for finding in result.findings():
        if not finding.market:
            yield _case("feed", f"{finding.rule} {finding.record}", [finding], result.request.fail_on, lang)


def _record_cases(result: GateResult, market: str, lang: str) -> Iterator[_Case]:
    of_market = (finding for finding in result.findings() if finding.market == market)
    by_row = groupby(of_market, key=lambda finding: finding.row)
    row, found = next(by_row, (0, iter(())))
    for record in result.records():
        if not record.decided:
            continue
        findings: list[GateFinding] = []
        if record.row == row:
            findings = list(found)
            row, found = next(by_row, (0, iter(())))
        if findings:
            yield _case(market, record.record, findings, result.request.fail_on, lang)
        else:
            yield _Case(market, record.record, "passed", "", "", result.request.feed, record.line)


def _case(suite: str, name: str, findings: list[GateFinding], fail_on: GateSeverity, lang: str) -> _Case:
    counted = [finding for finding in findings if finding.fails(fail_on)]
    suppressed = [f for f in findings if f.suppressed_by is not None and at_least(f.severity, fail_on)]
    outcome: Outcome = "passed"
    headline = ""
    if counted:
        outcome = "error" if any(finding.severity == "error" for finding in counted) else "failure"
        headline = "; ".join(dict.fromkeys(reason(finding, lang) for finding in counted))
    elif suppressed:
        outcome = "skipped"
        headline = phrase(REPORT, "suppressed_count", lang, count=len(suppressed))
    ordered = sorted(findings, key=lambda finding: -SEVERITIES.index(finding.severity))
    body = "\n".join(_line(finding, lang) for finding in ordered)
    return _Case(suite, name, outcome, headline, body, findings[0].feed, findings[0].line)


def _line(finding: GateFinding, lang: str) -> str:
    covered = suppression(finding, lang)
    source = f" ({finding.source.citation})" if finding.source is not None else ""
    ending = f" [{covered}]" if covered is not None else ""
    label = "?" if finding.severity == "pass" else word(finding.severity, lang)
    return f"{label}: {finding.rule}: {reason(finding, lang)}{source}{ending}"


# ------------------------------------------------------------------------------------------------------ XML


def _element(case: _Case) -> str:
    attributes = (
        f"classname={_attribute(f'weighbridge.{case.suite}')} name={_attribute(case.name)} "
        f'file={_attribute(case.file)} line="{case.line}" time="0"'
    )
    if case.outcome == "passed" and not case.body:
        return f"    <testcase {attributes}/>\n"
    if case.outcome == "passed":
        inner = f"<system-out>{_content(case.body)}</system-out>"
    elif case.outcome == "skipped":
        inner = (
            f"<skipped message={_attribute(case.headline)}/><system-out>{_content(case.body)}</system-out>"
        )
    else:
        kind = "weighbridge"
        inner = (
            f'<{case.outcome} message={_attribute(case.headline)} type="{kind}">'
            f"{_content(case.body)}</{case.outcome}>"
        )
    return f"    <testcase {attributes}>{inner}</testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_ILLEGAL.sub("", text))


def _content(text: str) -> str:
    return escape(_ILLEGAL.sub("", text))
