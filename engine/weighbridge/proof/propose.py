"""The missing scenario: a record by which a rule and its mutant differ, as YAML to add to the project."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from weighbridge.mutants import CardMutant, RuleMutant
from weighbridge.proof.contexts import contexts, special_rule
from weighbridge.proof.prover import Prover, Seen, Wanted, Wish
from weighbridge.proof.report import Report
from weighbridge.proof.scope import Scope
from weighbridge.rulebook import Scorecard
from weighbridge.scenarios import TOLERANCE, trials
from weighbridge.specialise import ScoreStep, simplifier
from weighbridge.strength import Survivor, carried_over, score
from weighbridge.tree import FALSE, Call, Compare, Const, Expr, Name, Not, Type


@dataclass(frozen=True, slots=True)
class Proposal:
    """A case that notices a survivor: the rule must fire (`fires`) or stay silent for the record."""

    survivor: Survivor
    seen: Seen
    fires: bool
    score: tuple[float | None, str | None] | None = None
    """Score and tier of the scorecard, where the mutant is one."""


@dataclass(frozen=True, slots=True)
class Proposals:
    """Proposed cases, mutants that are proved to change nothing, and those for which no record was found."""

    cases: tuple[Proposal, ...]
    equivalent: tuple[Survivor, ...]
    without: tuple[Survivor, ...]


def propose(prover: Prover, survivors: Iterable[Survivor]) -> Proposals:
    """A case for every mutant of a rule that no scenario notices, as far as the solver finds one."""
    cases: list[Proposal] = []
    equivalent: list[Survivor] = []
    without: list[Survivor] = []
    report = Report(prover)
    for survivor in survivors:
        if isinstance(survivor.mutant, RuleMutant):
            settled, case = _case(report, survivor, survivor.mutant)
        else:
            settled, case = _card_case(report, survivor, survivor.mutant)
        if case is not None:
            cases.append(case)
        else:
            (equivalent if settled else without).append(survivor)
    return Proposals(tuple(cases), tuple(equivalent), tuple(without))


def _case(report: Report, survivor: Survivor, mutant: RuleMutant) -> tuple[bool, Proposal | None]:
    """(nothing is open, a case): a record for which exactly one of rule and mutant fires."""
    settled = True
    for scope in _scopes(report.prover, mutant):
        original = _original(scope, mutant)
        changed = scope.simplified(mutant.condition, mutant.rule.ruleset)
        for fires in (True, False):
            wanted: list[Wanted] = [
                (original, Wish.TRUE if fires else Wish.NOT_TRUE),
                (changed, Wish.NOT_TRUE if fires else Wish.TRUE),
            ]
            if mutant.everywhere:
                wanted = [(changed, Wish.TRUE)]
            answer = report.prover.ask(scope, wanted)
            settled = settled and answer.status != "open"
            if answer.seen is not None:
                small = report.small(scope, answer.seen, wanted)
                return settled, Proposal(survivor, small, fires and not mutant.everywhere)
    return settled, None


def _card_case(report: Report, survivor: Survivor, mutant: CardMutant) -> tuple[bool, Proposal | None]:
    """A record that gets another score, or tier, from the mutant: of a scenario, or by the solver."""
    prover, card = report.prover, mutant.card
    for trial in trials(prover.engine, card.id):
        case = _scored(prover, survivor, mutant, Seen(card.id, trial.market, trial.day, trial.record))
        if case is not None:
            return True, case
    settled = True
    for scope in contexts(prover, card.id, [], [Name(f"{card.id}.score", Type.NUMBER)]):
        here = scope.cards[card.id]
        changed = carried_over(mutant, here, scope.simplified)
        for wanted in _differences(here, changed):
            answer = prover.ask(scope, wanted)
            settled = settled and answer.status == "never"
            if answer.seen is not None:
                case = _scored(prover, survivor, mutant, answer.seen)
                if case is not None:
                    return False, case
    return settled, None


def _scored(prover: Prover, survivor: Survivor, mutant: CardMutant, seen: Seen) -> Proposal | None:
    """The case of a record, if its score or tier shows the mutant with the tolerance of scenarios."""
    decision = prover.engine.decide(seen.target, seen.record, market=seen.market, as_of=seen.day)
    step = decision._prepared.special.steps[-1]
    assert isinstance(step, ScoreStep)
    evaluator = decision._explain().evaluator
    value, tier = score(step.card, evaluator)
    seen_as = simplifier(prover.engine.book, decision._prepared.special)
    other, band = score(carried_over(mutant, step.card, seen_as), evaluator)
    near = value is not None and other is not None and abs(value - other) <= 3 * TOLERANCE
    if tier == band and (near or value is other):
        return None
    return Proposal(survivor, seen, False, (value, tier))


def _differences(card: Scorecard, changed: Scorecard) -> Iterator[list[Wanted]]:
    """Questions whose records may tell the cards apart: a value between two bounds, a score between two tiers."""
    known: Wanted = (
        Not(Call("is_missing", (Name(f"{card.id}.score", Type.NUMBER),), Type.BOOLEAN)),
        Wish.TRUE,
    )
    for old, new in zip(card.characteristics, changed.characteristics, strict=True):
        applies: list[Wanted] = [] if old.applies is None else [(old.applies.tree, Wish.TRUE)]
        for number, (band, other) in enumerate(zip(old.bins, new.bins, strict=True)):
            if band.test is not None and other.test is not None and band.test != other.test:
                before: list[Wanted] = [
                    (b.test, Wish.NOT_TRUE) for b in old.bins[:number] if b.test is not None
                ]
                yield [known, *applies, *before, (band.test, Wish.TRUE), (other.test, Wish.NOT_TRUE)]
                yield [known, *applies, *before, (band.test, Wish.NOT_TRUE), (other.test, Wish.TRUE)]
    for tier, moved in zip(card.tiers, changed.tiers, strict=True):
        if tier.at_least != moved.at_least:
            name = Name(f"{card.id}.score", Type.NUMBER)
            low, high = sorted((tier.at_least, moved.at_least))
            yield [
                (Compare(">=", name, Const(low, Type.NUMBER)), Wish.TRUE),
                (Compare("<", name, Const(high, Type.NUMBER)), Wish.TRUE),
            ]
    if [c.weight for c in card.characteristics] != [c.weight for c in changed.characteristics]:
        for old, new in zip(card.characteristics, changed.characteristics, strict=True):
            if old.weight != new.weight and old.value is not None:
                for band in old.bins:
                    if band.test is not None:
                        yield [known, (band.test, Wish.TRUE)]


def _original(scope: Scope, mutant: RuleMutant) -> Expr:
    special = special_rule(scope, mutant.rule.ref)

    return FALSE if special is None else special.condition


def _scopes(prover: Prover, mutant: RuleMutant) -> Iterable[Scope]:
    target = mutant.rule.ruleset
    if not mutant.everywhere:
        return contexts(prover, target, [mutant.rule])
    elsewhere = []
    for market in prover.markets:
        lineage = frozenset(prover.engine.book.regions.lineages[market])
        if not all(lineage & wanted for wanted in mutant.rule.markets):
            known = prover.epochs(target, market)
            elsewhere.append(prover.scope(target, market, len(known.boundaries)))
        if len(elsewhere) == 3:
            break
    return elsewhere


def scenarios_yaml(target: str, cases: Sequence[Proposal]) -> str:
    """A scenarios document of one target; every case says which change it notices."""
    merged: dict[tuple[str, str, str], list[Proposal]] = {}
    for case in cases:
        record = json.dumps(case.seen.record, ensure_ascii=False, sort_keys=True)
        merged.setdefault((case.seen.market, case.seen.day.isoformat(), record), []).append(case)
    lines = [f"scenarios: {target}", "cases:"]
    for number, ((market, day, _), group) in enumerate(merged.items(), 1):
        fired = sorted({c.survivor.name for c in group if c.fires})
        silent = sorted({c.survivor.name for c in group if not c.fires})
        first = group[0].survivor
        name = f"{number}. {first.name.partition('/')[2]}: notices {first.change}"[:160]
        lines += [f"  # {c.survivor.name}: {c.survivor.change}"[:200].replace("\n", " ") for c in group]
        lines.append(f"  - name: {_text(name)}")
        lines.append(f"    market: {market}")
        lines.append(f"    as_of: {day}")
        lines.append(f"    record: {_flow(group[0].seen.record)}")
        expect: dict[str, Any] = {k: v for k, v in (("fired", fired), ("not_fired", silent)) if v}
        if group[0].score is not None:
            value, tier = group[0].score
            expect = {"scores": {target: {"value": None if value is None else round(value, 2), "tier": tier}}}
        lines.append(f"    expect: {_flow(expect)}")
    return "\n".join(lines) + "\n"


def _text(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _flow(value: Mapping[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False)
