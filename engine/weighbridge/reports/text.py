"""Text for people at a terminal: findings by record, then the totals and the outcome."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TextIO

from weighbridge.diagnostics import display_width, render_text
from weighbridge.gate_findings import GateFinding
from weighbridge.gate_result import ExitCode, GateResult
from weighbridge.messages import REPORT, phrase
from weighbridge.reports import totals
from weighbridge.reports.grouping import MarketGroup, RecordGroup, by_record
from weighbridge.reports.plain import missing_evidence, printable, reason, record_name, suppression, word

COLOURED = True
"""`write` takes `colour`; the command line asks for it where the output is a terminal."""

_STYLES = {
    "bold": "1",
    "dim": "2",
    "pass": "32",
    "warn": "33",
    "review": "35",
    "block": "31",
    "error": "31;1",
}
_INDENT = " " * 10

Painter = Callable[[str, str], str]


def write(result: GateResult, stream: TextIO, lang: str, *, colour: bool = False) -> None:
    """Write the report; `colour` adds ANSI colours (the caller knows whether the stream is a terminal)."""
    paint = _paint if colour else _plain
    for group in by_record(result.findings()):
        for line in _record(group, lang, paint):
            stream.write(line + "\n")
        stream.write("\n")
    for note in result.told(lang):
        # The renderer's own line breaks stay; everything within a line may come from a feed.
        for line in render_text(note, lang=lang).split("\n"):
            stream.write(printable(line) + "\n")
    if result.notes:
        stream.write("\n")
    for line in _totals(result, lang, paint):
        stream.write(line + "\n")


def _plain(text: str, style: str) -> str:
    return text


def _paint(text: str, style: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if style in _STYLES else text


def _record(group: RecordGroup, lang: str, paint: Painter) -> Iterator[str]:
    first = group.first
    yield f"{printable(first.feed)}:{first.line}  {paint(record_name(first, lang), 'bold')}"
    for market in group.markets:
        if market.market:
            verdict = paint(printable(word(market.verdict, lang)), market.verdict)
            yield f"  {printable(market.market)}: {verdict}"
        yield from _market(market, lang, paint)


def _market(group: MarketGroup, lang: str, paint: Painter) -> Iterator[str]:
    for finding in group.findings:
        yield _labelled(finding, f"{reason(finding, lang)}  [{finding.rule}]", lang, paint)
        yield from (paint(_INDENT + detail, "dim") for detail in _details(finding, lang))
    for undecided in group.undecided:
        text = missing_evidence(tuple(printable(name) for name in undecided.fields), undecided.count, lang)
        yield _labelled(undecided.first, text, lang, paint, quiet="?")


def _labelled(finding: GateFinding, text: str, lang: str, paint: Painter, *, quiet: str = "") -> str:
    label = quiet if quiet and finding.severity == "pass" else word(finding.severity, lang)
    padding = " " * max(1, 6 - display_width(label))
    covered = suppression(finding, lang)
    if covered is not None:
        return f"    {paint(f'{label}{padding}{text}  ({covered})', 'dim')}"
    return f"    {paint(label, finding.severity)}{padding}{text}"


def _details(finding: GateFinding, lang: str) -> Iterator[str]:
    if finding.matches:
        found = (
            phrase(REPORT, "match_in", lang, text=printable(match.text), field=printable(match.field))
            for match in finding.matches
        )
        yield _named("match", ", ".join(dict.fromkeys(found)), lang)
    if finding.source is not None:
        url = f" <{printable(finding.source.url)}>" if finding.source.url else ""
        yield _named("source", printable(finding.source.citation) + url, lang)
    if finding.rule_location is not None:
        yield _named("rule_at", f"{printable(finding.rule_location.file)}:{finding.rule_location.line}", lang)


def _named(name: str, text: str, lang: str) -> str:
    return f"{phrase(REPORT, name, lang)}{'：' if lang == 'zh' else ': '}{text}"


def _totals(result: GateResult, lang: str, paint: Painter) -> Iterator[str]:
    yield "  ".join(f"{name} {value}" for name, value in totals.heading(result, lang))
    yield from aligned(totals.table(result, lang))
    yield from totals.lines(result, lang)
    style = "pass" if result.exit_code is ExitCode.CLEAN else "error"
    yield paint(totals.outcome(result, lang), style)


def aligned(rows: list[list[str]]) -> Iterator[str]:
    """The lines of a table whose columns stand below each other, all but the first to the right."""
    widths = [max(display_width(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        first, *rest = (
            (" " * (width - display_width(cell)), cell) for cell, width in zip(row, widths, strict=True)
        )
        yield "  ".join([first[1] + first[0], *(padding + cell for padding, cell in rest)])
