"""A decision in words: the text of `Decision.explain`, in English and Chinese."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any, Protocol

from weighbridge.explanation import WhyNot
from weighbridge.findings import Finding, Score
from weighbridge.messages import EXPLANATION, phrase
from weighbridge.templates import show_number


class Decided(Protocol):
    """What is told of a decision."""

    @property
    def target(self) -> str: ...
    @property
    def market(self) -> str: ...
    @property
    def record_key(self) -> str | None: ...
    @property
    def version(self) -> str: ...
    @property
    def shown_outputs(self) -> dict[str, Any]: ...
    @property
    def scores(self) -> dict[str, Score]: ...
    @property
    def findings(self) -> tuple[Finding, ...]: ...
    @property
    def missing(self) -> dict[str, tuple[str, ...]]: ...

    as_of: date
    verdict: str | None

    def why_not(self, rule: str) -> WhyNot: ...


def _say(name: str | None, language: str, **values: object) -> str:
    return phrase(EXPLANATION, name or "", language, **values)


def in_language(texts: Any, language: str, fallback: str = "") -> str:
    """The text in a language, English where there is none."""
    return texts.get(language) or texts.get("en") or fallback


def narrate(decision: Decided, language: str) -> str:
    """The whole decision."""
    return "\n".join(_lines(decision, language))


def _lines(decision: Decided, language: str) -> Iterator[str]:
    known = decision.verdict in EXPLANATION
    verdict = _say(decision.verdict, language) if known else decision.verdict or "–"
    yield _say(
        "headline",
        language,
        record=decision.record_key or "–",
        target=decision.target,
        market=decision.market,
        day=decision.as_of.isoformat(),
        verdict=verdict,
    )
    for name, value in decision.shown_outputs.items():
        if name != "verdict" and value not in (None, []):
            shown = (
                ", ".join(value)
                if isinstance(value, list)
                else show_number(value)
                if isinstance(value, float)
                else value
            )
            yield f"  {name}: {shown}"
    for score in decision.scores.values():
        yield from _score_lines(score, language)
    findings = decision.findings
    if findings:
        yield _say("findings", language, count=len(findings))
        for finding in findings:
            yield from _finding_lines(decision, finding, language)
    else:
        yield _say("no_findings", language)
    silent = [
        (ref, fields) for ref, fields in decision.missing.items() if ref not in {f.rule for f in findings}
    ]
    if silent:
        yield _say("undecided_rules", language, count=len(silent))
        for ref, fields in silent:
            yield f"  - {ref}: " + _say("misses", language, fields=", ".join(fields) or "–")
    yield _say("version", language, version=decision.version)


def _score_lines(score: Score, language: str) -> Iterator[str]:
    coverage = "–" if score.coverage is None else show_number(score.coverage, "percent")
    if score.value is None:
        yield _say("score_undetermined", language, card=score.id, coverage=coverage)
    else:
        yield _say(
            "score",
            language,
            card=score.id,
            value=show_number(score.value, "1"),
            tier=score.tier or "–",
            coverage=coverage,
        )
    for reason in score.reasons:
        yield f"  {show_number(reason.points, '1'):>6}  {in_language(reason.text, language, reason.code)}"


def _finding_lines(decision: Decided, finding: Finding, language: str) -> Iterator[str]:
    severity = _say(finding.severity, language) if finding.severity in EXPLANATION else finding.severity
    yield f"  [{severity}] {finding.rule}: {in_language(finding.reason, language, finding.rule)}"
    for match in finding.matches[:3]:
        yield "      " + _say(
            "match", language, text=match.text, field=match.field, start=match.start + 1, term=match.term
        )
    values = {
        n: v for n, v in finding.values.items() if v is not None and not (isinstance(v, str) and len(v) > 60)
    }
    if values:
        yield "      " + _say(
            "because", language, values=", ".join(f"{n} = {_plain(v)}" for n, v in values.items())
        )
    if finding.source is not None:
        confidence = finding.source.confidence
        note = f" [{_say(confidence, language)}]" if confidence in EXPLANATION else ""
        yield "      " + _say("source", language, source=finding.source.citation) + note
    if finding.review is not None:
        review = finding.review
        yield "      " + _say(
            "review_by", language, queue=review.queue, within=review.within or "–", approvers=review.approvers
        )


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return "[" + ", ".join(value) + "]"
    return show_number(value) if isinstance(value, float) else str(value)


def narrate_rule(decision: Decided, rule: str, language: str) -> str:
    """Why one rule fired or did not."""
    why = decision.why_not(rule)
    lines = [f"{rule}: " + _say(f"rule_{why.status}", language)]
    if not why.applies:
        lines.append("  " + in_language(why.reason, language))
    marks = {True: "✓", False: "✗", None: "?"}
    lines += [f"  {marks[c.holds]} {c.text}  ({in_language(c.detail, language)})" for c in why.clauses]
    return "\n".join(lines)
