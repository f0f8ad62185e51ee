"""The totals of a run in words: what the formats that people read end or begin with."""

from __future__ import annotations

from collections.abc import Iterator

from weighbridge.gate_findings import SEVERITIES
from weighbridge.gate_result import ExitCode, GateResult
from weighbridge.messages import REPORT, phrase
from weighbridge.reports.plain import printable, word

VERDICTS = ("pass", "warn", "review", "block")


def table(result: GateResult, lang: str) -> list[list[str]]:
    """Decisions by market and verdict: a header, then a row a market."""
    verdicts: list[str] = list(VERDICTS)
    for counted in result.counts.verdicts.values():
        verdicts += (verdict for verdict in counted if verdict not in verdicts)
    header = [phrase(REPORT, "market", lang), phrase(REPORT, "records", lang)]
    rows = [header + [printable(word(verdict, lang)) for verdict in verdicts]]
    for market, counted in result.counts.verdicts.items():
        counts = [str(counted.get(verdict, 0)) for verdict in verdicts]
        rows.append([printable(market), str(sum(counted.values())), *counts])
    return rows


def heading(result: GateResult, lang: str) -> list[tuple[str, str]]:
    """What was checked, under which version, as pairs of name and value."""
    request = result.request
    return [
        (phrase(REPORT, "feed", lang), printable(request.feed)),
        (phrase(REPORT, "target", lang), printable(request.target)),
        (phrase(REPORT, "as_of", lang), request.as_of.isoformat()),
        (phrase(REPORT, "version", lang), result.version),
    ]


def lines(result: GateResult, lang: str) -> Iterator[str]:
    """Rows read, findings by severity, what is suppressed, what is fixed."""
    counts = result.counts
    yield phrase(
        REPORT,
        "rows",
        lang,
        read=counts.read,
        invalid=counts.invalid,
        unreadable=counts.unreadable,
        repeated=counts.repeated_keys,
        elsewhere=counts.elsewhere,
    )
    separator = "，" if lang == "zh" else ", "
    found = [
        f"{counts.severities[name]} {word(name, lang)}"
        for name in reversed(SEVERITIES[1:])
        if counts.severities.get(name)
    ]
    extra = (("waived_count", counts.waived), ("baseline_count", counts.baselined))
    parts = found or [phrase(REPORT, "no_findings", lang)]
    parts += [phrase(REPORT, name, lang, count=count) for name, count in extra if count]
    yield f"{phrase(REPORT, 'findings', lang)}{'：' if lang == 'zh' else ': '}{separator.join(parts)}"
    undecided = counts.severities.get("pass", 0)
    if undecided:
        yield phrase(REPORT, "undecided_count", lang, count=undecided)
    if counts.fixed:
        yield phrase(REPORT, "fixed", lang, count=counts.fixed)


def outcome(result: GateResult, lang: str) -> str:
    """The last word: passed, failed or not checked, with the exit code."""
    names = {ExitCode.CLEAN: "clean", ExitCode.FINDINGS: "failed", ExitCode.UNUSABLE: "unusable"}
    values = {"fail_on": word(result.request.fail_on, lang), "count": result.counts.failing}
    return phrase(REPORT, names[result.exit_code], lang, **values)
