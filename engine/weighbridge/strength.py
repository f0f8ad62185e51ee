"""Scenario strength: which small changes of the rules no scenario notices.

A mutant is not compiled: its condition is evaluated on the records of the scenarios that could notice it, and
only where it comes out otherwise the decision is combined anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord, Span
from weighbridge.engine import Engine
from weighbridge.evaluate import Evaluator
from weighbridge.mutants import CardMutant, RuleMutant, card_mutants, rule_mutants
from weighbridge.regions import covers
from weighbridge.rulebook import Bin, Characteristic, Rule, Scorecard
from weighbridge.scenarios import Trial, trials
from weighbridge.specialise import RulesetStep, ScoreStep, SpecialRule, simplifier
from weighbridge.tree import Expr, Value


@dataclass(frozen=True, slots=True)
class Survivor:
    """A change that no scenario notices."""

    pack: str
    name: str
    change: str
    span: Span | None
    mutant: RuleMutant | CardMutant


@dataclass(frozen=True, slots=True)
class Strength:
    """Mutants and survivors by pack (ruleset or scorecard)."""

    made: Mapping[str, int]
    survivors: tuple[Survivor, ...]

    def share(self, pack: str | None = None) -> float | None:
        """Share (0 to 1) of the changes that are noticed, of one pack or of all; None where there are none."""
        made = sum(self.made.values()) if pack is None else self.made.get(pack, 0)
        left = sum(pack in (None, s.pack) for s in self.survivors)
        return (made - left) / made if made else None

    def without(self, survivors: Iterable[Survivor]) -> Strength:
        """The same without mutants that turned out to be no changes at all."""
        gone = {id(s) for s in survivors}
        left = tuple(s for s in self.survivors if id(s) not in gone)
        made = dict(self.made)
        for survivor in self.survivors:
            made[survivor.pack] -= id(survivor) in gone
        return Strength(made, left)


@dataclass
class _Tried:
    """One trial, decided as the rules are."""

    trial: Trial
    decision: Decision
    evaluator: Evaluator
    step: RulesetStep | None
    simplify: Callable[[Expr, str], Expr]
    special: dict[str, SpecialRule] = field(default_factory=dict[str, SpecialRule])


def strength(engine: Engine, target: str | None = None) -> Strength:
    """Mutates every rule and scorecard (of one target) and asks which scenarios notice."""
    tried: dict[str, list[_Tried]] = {}
    simplifiers: dict[int, Callable[[Expr, str], Expr]] = {}
    for trial in trials(engine):
        decided = _try(engine, trial, simplifiers)
        if decided is not None:
            tried.setdefault(trial.target, []).append(decided)
    made: dict[str, int] = {}
    survivors: list[Survivor] = []
    for name, ruleset in engine.book.rulesets.items():
        if target not in (None, name):
            continue
        own = [t for key, group in tried.items() if name in _members(engine, key) for t in group]
        for rule in ruleset.rules:
            witnesses = _sorted(own, rule) if rule.enabled else []
            for mutant in rule_mutants(rule) if rule.enabled else ():
                made[name] = made.get(name, 0) + 1
                if not any(_notices(t, mutant) for t in witnesses):
                    survivors.append(Survivor(name, rule.ref, mutant.change, rule.span, mutant))
    for name, card in engine.book.scorecards.items():
        if target in (None, name):
            for changed in card_mutants(card):
                made[name] = made.get(name, 0) + 1
                if not any(_card_notices(t, changed) for group in tried.values() for t in group):
                    survivors.append(Survivor(name, name, changed.change, card.span, changed))
    return Strength(made, tuple(survivors))


def _members(engine: Engine, target: str) -> tuple[str, ...]:
    return engine.book.rulesets[target].members if target in engine.book.rulesets else ()


def _try(engine: Engine, trial: Trial, simplifiers: dict[int, Callable[[Expr, str], Expr]]) -> _Tried | None:
    """The trial as it comes out; None of one that fails anyway, since it can notice nothing."""
    try:
        decision = engine.decide(trial.target, trial.record, market=trial.market, as_of=trial.day)
    except InvalidRecord:
        return None
    if not trial.met_by(decision):
        return None
    step = decision._prepared.target_step
    special = {} if step is None else {r.rule.ref: r for r in step.rules}
    key = id(decision._prepared)
    if key not in simplifiers:
        simplifiers[key] = simplifier(engine.book, decision._prepared.special)
    return _Tried(trial, decision, decision._explain().evaluator, step, simplifiers[key], special)


# --- rules ------------------------------------------------------------------------------------------------


def _sorted(tried: Iterable[_Tried], rule: Rule) -> list[_Tried]:
    """Trials that could notice a change of the rule, those that speak of it first."""
    here = [t for t in tried if rule.ref in t.special or _states_silence(t, rule)]
    return sorted(
        here, key=lambda t: rule.ref not in (*t.trial.case.expect.fired, *t.trial.case.expect.not_fired)
    )


def _states_silence(tried: _Tried, rule: Rule) -> bool:
    """Whether the trial says of a rule that is not in force there that it must stay silent."""
    expect = tried.trial.case.expect
    return tried.step is not None and (expect.only_fired is not None or rule.ref in expect.not_fired)


def _notices(tried: _Tried, mutant: RuleMutant) -> bool:
    """Whether the trial would fail if the rule were the mutant."""
    here = tried.special.get(mutant.rule.ref)
    if here is None:
        could = mutant.everywhere or _in_force(tried, mutant.rule)
        return could and _value(tried, mutant) is True
    if mutant.everywhere:
        return False
    old, new = tried.evaluator.value(here.condition), _value(tried, mutant)
    return old is not new and _fails(tried, here, new)


def _in_force(tried: _Tried, rule: Rule) -> bool:
    """Whether a rule that is not in the program is absent only because its condition cannot hold here."""
    lineage = frozenset(tried.decision._prepared.special.lineage)
    return all(covers(p, tried.trial.day) for p in rule.periods) and all(lineage & w for w in rule.markets)


def _value(tried: _Tried, mutant: RuleMutant) -> Value:
    return tried.evaluator.value(tried.simplify(mutant.condition, mutant.rule.ruleset))


def _fails(tried: _Tried, rule: SpecialRule, value: Value) -> bool:
    """Whether the trial fails once the rule's condition has this value."""
    expect = tried.trial.case.expect
    if rule.rule.ref in expect.undecided and value is not None:
        return True
    raw, prepared = tried.decision._raw, tried.decision._prepared
    combiner = prepared.combiner
    assert combiner is not None
    fired, undecided, computed = raw[0][-1]
    index = rule.index
    now_fired = sorted({*fired, index} if value is True else {*fired} - {index})
    waits = value is None and rule.rule.if_unknown != "skip"
    now_undecided = sorted({*undecided, index} if waits else {*undecided} - {index})
    extra = {
        (index, name): tried.evaluator.value(tree)
        for name, tree in rule.then.items()
        if combiner.computes[index]
    }
    last = (now_fired, now_undecided, {**computed, **extra})
    changed = (*raw[0][:-1], last), *raw[1:]
    decision = Decision(
        prepared, tried.decision.record, tried.decision.as_of, changed, combiner.verdict(*last)
    )
    stated = replace(
        tried.trial,
        case=tried.trial.case.model_copy(update={"expect": expect.model_copy(update={"undecided": ()})}),
    )
    return not stated.met_by(decision)


# --- scorecards -------------------------------------------------------------------------------------------


def _card_notices(tried: _Tried, mutant: CardMutant) -> bool:
    """Whether the trial states something of the score that the mutant does not keep."""
    stated = tried.trial.case.expect.scores.get(mutant.card.id)
    steps = tried.decision._prepared.special.steps
    here = next((s.card for s in steps if isinstance(s, ScoreStep) and s.card.id == mutant.card.id), None)
    if stated is None or here is None:
        return False
    old, new = (
        score(here, tried.evaluator),
        score(carried_over(mutant, here, tried.simplify), tried.evaluator),
    )
    if old == new:
        return False
    fields = stated.model_fields_set
    value, tier = new
    wrong = ("tier" in fields and tier != stated.tier) or (
        stated.min is not None and (value is None or value < stated.min)
    )
    if wrong or (stated.max is not None and (value is None or value > stated.max)):
        return True
    if "value" not in fields:
        return False
    return (value is None) is not (stated.value is None) or (
        value is not None and stated.value is not None and abs(value - stated.value) > 0.05
    )


def carried_over(mutant: CardMutant, here: Scorecard, simplify: Callable[[Expr, str], Expr]) -> Scorecard:
    """The market's card with the mutant's change: what the mutation left alone stays the market's own."""

    def seen(bins: tuple[Bin, ...]) -> tuple[Bin, ...]:
        return tuple(b if b.test is None else replace(b, test=simplify(b.test, here.id)) for b in bins)

    lines = tuple(
        replace(
            mine,
            weight=new.weight if new.weight != old.weight else mine.weight,
            bins=seen(new.bins) if new.bins is not old.bins and new.bins != old.bins else mine.bins,
        )
        for mine, old, new in zip(
            here.characteristics, mutant.card.characteristics, mutant.mutated.characteristics, strict=True
        )
    )
    tiers = mutant.mutated.tiers if mutant.mutated.tiers != mutant.card.tiers else here.tiers
    return replace(here, characteristics=lines, tiers=tiers)


def score(card: Scorecard, evaluator: Evaluator) -> tuple[float | None, str | None]:
    """A card's score and tier by plain evaluation, in the engine's whole micro-points."""
    total = scored = known = whole = 0
    for line in card.characteristics:
        applies = True if line.applies is None else evaluator.value(line.applies.tree)
        if applies is False:
            continue
        whole += line.weight
        points = _points(line, evaluator) if applies is True else None
        if points is not None:
            known += line.weight
        given = line.missing if points is None else points
        if given is not None:
            total += given * line.weight
            scored += line.weight
    if scored <= 0 or whole <= 0 or known / whole < card.minimum_coverage:
        return None, None
    value = total / (scored * 1000) if card.method == "weighted_mean" else total / 1_000_000
    place = bisect_right([t.at_least for t in card.tiers], value)
    return value, card.tiers[place - 1].id if place else None


def _points(line: Characteristic, evaluator: Evaluator) -> int | None:
    if line.points is not None:
        value = evaluator.value(line.points.tree)
        if not isinstance(value, float):
            return None
        return round(min(max(value, line.least / 1000), line.most / 1000) * 1000)
    assert line.value is not None
    for band in line.bins:
        if band.test is None:
            return None if evaluator.value(line.value.tree) is None else band.points
        if evaluator.value(band.test) is True:
            return band.points
    return None


def told(survivors: Iterable[Survivor]) -> Iterator[str]:
    """One line each."""
    for survivor in survivors:
        yield f"{survivor.span}: {survivor.name}: {survivor.change}"
