"""A proof in tasks: rules in portions, then what rules do together, then scorecards and regions.

A task starts from the project alone, so that it finds the same wherever and whenever it runs: in this process
or in another, after these tasks or those.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from weighbridge.diagnostics import Diagnostic
from weighbridge.engine import Engine
from weighbridge.proof.answers import Answers, Kept
from weighbridge.proof.card_checks import check_card
from weighbridge.proof.contexts import special_rule
from weighbridge.proof.prover import Prover, Seen
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

PORTION = 250
"""Rules of one ruleset that one task looks at one by one."""


@dataclass(frozen=True, slots=True)
class Task:
    """`rules`: one by one, those from `first` on. `together`: a ruleset, given which rules can fire (`firings`).
    `card`: a scorecard. `regions`: all regions."""

    kind: str
    name: str = ""
    first: int = 0
    firings: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    always: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task found, and what later tasks and runs need of it. `answers` are by question."""

    findings: tuple[Diagnostic, ...]
    unsettled: Mapping[str, str]
    asked: int
    answers: Mapping[str, Kept]
    firings: Mapping[str, Seen] = field(default_factory=dict[str, Seen])
    always: frozenset[str] = frozenset()


def first_tasks(engine: Engine) -> Iterator[Task]:
    """The tasks that need no other, in the order of the project."""
    for name, ruleset in engine.book.rulesets.items():
        for first in range(0, len(ruleset.rules), PORTION):
            yield Task("rules", name, first)
    for name in engine.book.scorecards:
        yield Task("card", name)
    yield Task("regions")


def run_task(engine: Engine, former: Mapping[str, Kept], task: Task) -> Outcome:
    """Runs one task; `former` answers need not be asked for again."""
    answers = Answers(former)
    report = Report(Prover(engine, answers))
    firings: dict[str, Firing] = {}
    always: set[str] = set()
    match task.kind:
        case "rules":
            firings, always = _one_by_one(report, task)
        case "together":
            _together(report, task)
        case "card":
            check_card(report, engine.book.scorecards[task.name])
        case _:
            check_regions(report)
    return Outcome(
        tuple(report.findings),
        report.unsettled,
        report.prover.asked,
        answers.given,
        {ref: firing.seen for ref, firing in firings.items()},
        frozenset(always),
    )


def _one_by_one(report: Report, task: Task) -> tuple[dict[str, Firing], set[str]]:
    rules = report.prover.engine.book.rulesets[task.name].rules[task.first : task.first + PORTION]
    firings: dict[str, Firing] = {}
    always: set[str] = set()
    for rule in rules:
        firing = first_firing(report, task.name, rule) if rule.enabled else None
        if firing is None:
            continue
        firings[rule.ref] = firing
        if not literally_true(rule):
            if check_always(report, task.name, rule, firing):
                always.add(rule.ref)
            else:
                check_thresholds(report, task.name, rule, firing)
    return firings, always


def _together(report: Report, task: Task) -> None:
    firings = {ref: _firing(report.prover, ref, seen) for ref, seen in task.firings.items()}
    for firing in firings.values():
        report.prover.offer(firing.scope, firing.seen.record)
    own = report.prover.engine.book.rulesets[task.name].rules
    idle = set(task.always)
    for rule in reversed(own):
        if rule.ref in firings and rule.ref not in task.always:
            check_idle(report, task.name, firings, idle, rule)
    check_contradictions(report, task.name, firings)
    told = check_gaps(report, task.name, firings)
    check_ranges(report, task.name, firings, told)
    check_values(report, task.name, firings)


def _firing(prover: Prover, ref: str, seen: Seen) -> Firing:
    """A firing found by another task, in this one's own scopes."""
    scope = prover.scope(seen.target, seen.market, prover.epochs(seen.target, seen.market).index(seen.day))
    rule = special_rule(scope, ref)
    assert rule is not None
    return Firing(scope, rule, seen)
