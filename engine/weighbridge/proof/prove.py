"""Proof of a whole project: every check, in order, over every ruleset and scorecard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from weighbridge.diagnostics import Diagnostic
from weighbridge.engine import Engine
from weighbridge.proof.answers import Answers
from weighbridge.proof.card_checks import check_card
from weighbridge.proof.prover import Prover
from weighbridge.proof.region_checks import check_regions
from weighbridge.proof.report import Report
from weighbridge.proof.rule_checks import (
    Firing,
    check_always,
    check_idle,
    check_thresholds,
    first_firing,
    literally_true,
)
from weighbridge.proof.together import check_contradictions, check_gaps, check_ranges, check_values


@dataclass(frozen=True, slots=True)
class Proof:
    """Findings sorted by place, and what could not be settled: question -> why."""

    findings: tuple[Diagnostic, ...]
    unsettled: Mapping[str, str]
    asked: int

    @property
    def notes(self) -> tuple[Diagnostic, ...]:
        """A note for every question that is left open."""
        return tuple(
            Diagnostic("WB801", f"not settled: {question} ({why})", severity="note")
            for question, why in self.unsettled.items()
        )


def prove(engine: Engine, cache: Path | None = None) -> Proof:
    """Proves what can be proved of a loaded project; `cache` keeps answers between runs. Raises `OSError`."""
    answers = Answers(cache)
    report = Report(Prover(engine, answers))
    for target in engine.book.rulesets:
        _prove_ruleset(report, target)
    for card in engine.book.scorecards.values():
        check_card(report, card)
    check_regions(report)
    answers.save()
    found = tuple(sorted(dict.fromkeys(report.findings), key=lambda d: (str(d.span), d.code, d.message)))
    return Proof(found, report.unsettled, report.prover.asked)


def _prove_ruleset(report: Report, target: str) -> None:
    own = [rule for rule in report.prover.engine.book.rulesets[target].rules if rule.enabled]
    firings: dict[str, Firing] = {}
    for rule in own:
        firing = first_firing(report, target, rule)
        if firing is not None:
            firings[rule.ref] = firing
    always: set[str] = set()
    for rule in own:
        if rule.ref in firings and not literally_true(rule):
            if check_always(report, target, rule, firings[rule.ref]):
                always.add(rule.ref)
            else:
                check_thresholds(report, target, rule, firings[rule.ref])
    idle: set[str] = set(always)
    for rule in reversed(own):
        if rule.ref in firings and rule.ref not in always:
            check_idle(report, target, firings, idle, rule)
    check_contradictions(report, target, firings)
    told = check_gaps(report, target, firings)
    check_ranges(report, target, firings, told)
    check_values(report, target, firings)
