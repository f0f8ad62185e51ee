"""Scenarios: the tests of the rules, run against the engine, with coverage of rules, rows, bins and tiers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from weighbridge.decisions import Decision
from weighbridge.diagnostics import Diagnostic, DiagnosticError, Span, unknown_name
from weighbridge.documents import CaseModel, ScenariosModel, ScoreExpectation
from weighbridge.edges import Edge, Edges
from weighbridge.engine import Engine
from weighbridge.evaluate import Evaluator
from weighbridge.findings import Score
from weighbridge.project import Document
from weighbridge.rulebook import Scorecard
from weighbridge.specialise import ScoreStep

TOLERANCE = 0.05
"""Scores in scenarios are written as reports show them, with one decimal."""


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One case in one market. `failures` say what differed, each at the expectation's place."""

    name: str
    target: str
    market: str
    span: Span
    failures: tuple[Diagnostic, ...]

    @property
    def passed(self) -> bool:
        return not self.failures


@dataclass(frozen=True, slots=True)
class Covered:
    """One thing that scenarios should exercise: a rule, a table row, a bin or a tier."""

    kind: str
    name: str
    span: Span | None
    hits: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """Everything the tested targets contain, and how often a case exercised it."""

    items: tuple[Covered, ...]

    def share(self, kind: str | None = None) -> float | None:
        """Share (0 to 1) exercised, of one kind or of all; None where there is nothing to exercise."""
        items = [i for i in self.items if kind is None or i.kind == kind]
        return sum(i.hits > 0 for i in items) / len(items) if items else None

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(i.kind for i in self.items))

    @property
    def unused(self) -> tuple[Covered, ...]:
        """What no case exercised, in order of definition."""
        return tuple(i for i in self.items if i.hits == 0)


@dataclass(frozen=True, slots=True)
class ScenarioRun:
    """The outcome of all scenarios of a project."""

    cases: tuple[CaseResult, ...]
    coverage: Coverage
    edges: tuple[Edge, ...] = ()
    """Filled when asked for: see `edges`."""

    @property
    def edge_share(self) -> float:
        """Share (0 to 1) of the edges that a case stands at; 1 where there are none."""
        return sum(e.met for e in self.edges) / len(self.edges) if self.edges else 1.0

    @property
    def failed(self) -> tuple[CaseResult, ...]:
        return tuple(c for c in self.cases if not c.passed)


def run_scenarios(
    engine: Engine,
    target: str | None = None,
    name: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    *,
    edges: bool = False,
) -> ScenarioRun:
    """Runs the scenarios of all targets, or of one; `name` keeps the cases whose name contains it.

    `progress` is told before each case how many of how many are done; what it raises ends the run.
    With `edges`, the run also says which limits the cases stand at, which takes longer.
    """
    results: list[CaseResult] = []
    counter = _Counter(engine, Edges(engine) if edges else None)
    wanted = [
        (document, index, case)
        for document in engine.project.scenarios
        if target is None or document.model.scenarios == target
        for index, case in enumerate(document.model.cases)
        if name is None or name.casefold() in case.name.casefold()
    ]
    for done, (document, index, case) in enumerate(wanted):
        if progress is not None:
            progress(done, len(wanted))
        results += _run_case(engine, document, index, case, counter)
    return ScenarioRun(tuple(results), counter.coverage(), counter.edges.items() if counter.edges else ())


def _run_case(
    engine: Engine, document: Document[ScenariosModel], index: int, case: CaseModel, counter: _Counter
) -> Iterator[CaseResult]:
    model, path = document.model, ("cases", index)
    span = document.span(*path, "name")
    day = case.as_of or model.as_of
    markets = case.markets or tuple(m for m in (case.market or model.market,) if m is not None)
    if model.scenarios not in engine.targets:
        wrong = unknown_name("WB501", "target", model.scenarios, engine.targets, document.span("scenarios"))
        yield CaseResult(case.name, model.scenarios, "", span, (wrong,))
        return
    if not markets or day is None:
        what = "market" if not markets else "as_of"
        wrong = Diagnostic(
            "WB502", f"the case has no {what}", span, expected=f"`{what}` in the case or above all cases"
        )
        yield CaseResult(case.name, model.scenarios, "", span, (wrong,))
        return
    record = {k: v for k, v in {**model.record, **case.record}.items() if v is not None}
    for market in markets:
        failures = tuple(_check(engine, document, path, case, record, market, day, counter))
        yield CaseResult(case.name, model.scenarios, market, span, failures)


@dataclass(frozen=True, slots=True)
class Trial:
    """One case in one market: what is decided, and what must come out."""

    document: Document[ScenariosModel]
    index: int
    case: CaseModel
    market: str
    day: date
    record: Mapping[str, Any]

    @property
    def target(self) -> str:
        """The ruleset or scorecard that is tested."""
        return self.document.model.scenarios

    def met_by(self, decision: Decision) -> bool:
        """Whether a decision about the record is as the case expects, without saying why not."""
        expect = self.case.expect
        if any(found != wanted for _, found, wanted in _compared(decision, self.case)):
            return False
        fired = set(decision.fired)
        if not fired.issuperset(expect.fired) or not fired.isdisjoint(expect.not_fired):
            return False
        if expect.only_fired is not None and fired != set(expect.only_fired):
            return False
        return not expect.undecided or set(decision.unknown).issuperset(expect.undecided)


def trials(engine: Engine, target: str | None = None) -> Iterator[Trial]:
    """Every case of the scenarios (of one target) that can be run, in every market it names."""
    known = frozenset(engine.markets)
    for document in engine.project.scenarios:
        model = document.model
        if model.scenarios not in engine.targets or target not in (None, model.scenarios):
            continue
        for index, case in enumerate(model.cases):
            day = case.as_of or model.as_of
            record = {k: v for k, v in {**model.record, **case.record}.items() if v is not None}
            for market in case.markets or (case.market or model.market,):
                if market in known and day is not None:
                    typed = _typed(engine, model.scenarios, record)
                    yield Trial(document, index, case, str(market), day, typed)


def _check(
    engine: Engine,
    document: Document[ScenariosModel],
    path: tuple[str | int, ...],
    case: CaseModel,
    record: Mapping[str, Any],
    market: str,
    day: date,
    counter: _Counter,
) -> Iterator[Diagnostic]:
    target = document.model.scenarios
    try:
        decision = engine.decide(target, _typed(engine, target, record), market=market, as_of=day)
    except DiagnosticError as error:
        where = document.span(*path, "record")
        for d in error.diagnostics:
            yield Diagnostic(d.code, d.message, where, expected=d.expected, suggestion=d.suggestion)
        return
    counter.count(decision)
    expect = case.expect
    for key, found, wanted in _compared(decision, case):
        if found != wanted:
            where = document.span(*path, "expect", *key)
            name = ".".join(str(k) for k in key)
            yield Diagnostic(
                "WB510", f"{name} in {market}: found {_show(found)}", where, expected=_show(wanted)
            )
    known = {r.ref for r in engine.rules(target)}
    fired = set(decision.fired)
    for part, wanted_in in (("fired", True), ("not_fired", False), ("undecided", True)):
        refs: tuple[str, ...] = getattr(expect, part)
        actual = set(decision.unknown) if part == "undecided" and refs else fired
        for number, ref in enumerate(refs):
            where = document.span(*path, "expect", part, number)
            if ref not in known:
                yield unknown_name("WB503", "rule", ref, known, where)
            elif (ref in actual) is not wanted_in:
                yield _rule_failure(decision, part, ref, market, where)
    if expect.only_fired is not None and fired != set(expect.only_fired):
        where = document.span(*path, "expect", "only_fired")
        yield Diagnostic(
            "WB510",
            f"in {market} fired: {_show(sorted(fired))}",
            where,
            expected=_show(sorted(expect.only_fired)),
        )


def _rule_failure(decision: Decision, part: str, ref: str, market: str, where: Span) -> Diagnostic:
    status = decision.why_not(ref).status
    said = {"fired": "fire", "not_fired": "stay silent", "undecided": "be undecided"}[part]
    reason = decision.explain("en", rule=ref)
    return Diagnostic(
        "WB511", f"{ref} should {said} in {market}, but it is {status.replace('_', ' ')}: {reason}", where
    )


def _typed(engine: Engine, target: str, record: Mapping[str, Any]) -> dict[str, Any]:
    """A single text given for a list field is a list of one."""
    fields = engine.record_type(target).fields
    return {
        k: [v] if isinstance(v, str) and k in fields and fields[k].type == "text_list" else v
        for k, v in record.items()
    }


def _compared(decision: Decision, case: CaseModel) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """(place in the expectation, what was found, what was wanted) of every stated value."""
    expect = case.expect
    if expect.verdict is not None:
        yield ("verdict",), decision.verdict, expect.verdict
    outputs = decision.outputs
    for name, wanted in expect.outputs.items():
        found = outputs.get(name)
        if isinstance(found, date):
            found = found.isoformat()
        yield ("outputs", name), found, list(wanted) if isinstance(wanted, tuple) else wanted
    if expect.scores:
        scores = decision.scores
        for name, score in expect.scores.items():
            yield from _compared_score(name, score, scores.get(name))


def _compared_score(
    name: str, wanted: ScoreExpectation, found: Score | None
) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    stated = wanted.model_fields_set
    value = None if found is None else found.value
    if "tier" in stated:
        yield ("scores", name, "tier"), None if found is None else found.tier, wanted.tier
    if "value" in stated:
        near = (
            value is not None
            and wanted.value is not None
            and math.isclose(value, wanted.value, abs_tol=TOLERANCE)
        )
        yield ("scores", name, "value"), wanted.value if near else value, wanted.value
    if wanted.min is not None and (value is None or value < wanted.min):
        yield ("scores", name, "min"), value, f"at least {wanted.min}"
    if wanted.max is not None and (value is None or value > wanted.max):
        yield ("scores", name, "max"), value, f"at most {wanted.max}"


def _show(value: Any) -> str:
    return (
        "nothing"
        if value in (None, [])
        else ", ".join(map(str, value))
        if isinstance(value, list)
        else str(value)
    )


@dataclass(slots=True)
class _Counter:
    """Counts what cases exercised."""

    engine: Engine
    edges: Edges | None
    hits: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])

    def count(self, decision: Decision) -> None:
        for ref in decision.fired:
            self._add("rule", ref)
        if self.edges is not None:
            self.edges.count(decision)
        if any(isinstance(s, ScoreStep) for s in decision._prepared.special.steps):
            self._count_scores(decision)

    def _add(self, kind: str, name: str) -> None:
        self.hits[kind, name] = self.hits.get((kind, name), 0) + 1

    def _count_scores(self, decision: Decision) -> None:
        evaluator = decision._explain().evaluator
        scores = decision.scores
        for step in decision._prepared.special.steps:
            if isinstance(step, ScoreStep):
                tier = scores[step.card.id].tier
                if tier is not None:
                    self._add("tier", f"{step.card.id}.{tier}")
                self._count_bins(step.card, evaluator)

    def _count_bins(self, card: Scorecard, evaluator: Evaluator) -> None:
        for line in card.characteristics:
            if line.applies is not None and evaluator.value(line.applies.tree) is not True:
                continue
            if line.value is None or evaluator.value(line.value.tree) is None:
                continue
            for number, band in enumerate(line.bins):
                if band.test is None or evaluator.value(band.test) is True:
                    self._add("bin", f"{card.id}.{line.id}[{number}]")
                    break

    def coverage(self) -> Coverage:
        items: list[Covered] = []
        book = self.engine.book
        for ruleset in book.rulesets.values():
            for rule in ruleset.rules:
                if rule.enabled:
                    kind = "row" if rule.table else "rule"
                    items.append(Covered(kind, rule.ref, rule.span, self.hits.get(("rule", rule.ref), 0)))
        for card in book.scorecards.values():
            for line in card.characteristics:
                for number, band in enumerate(line.bins):
                    name = f"{card.id}.{line.id}[{number}]"
                    items.append(Covered("bin", name, band.span, self.hits.get(("bin", name), 0)))
            for tier in card.tiers:
                name = f"{card.id}.{tier.id}"
                items.append(Covered("tier", name, tier.span, self.hits.get(("tier", name), 0)))
        return Coverage(tuple(items))
