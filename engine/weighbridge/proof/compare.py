"""Two versions compared for every record there can be: identical, or a record that both engines decide otherwise.

"Identical" is claimed only where every way in which the versions differ was proved to make no difference: whether
a rule holds, does not hold or is undecided, what it sets, and what every score is. A difference is told only with
a record that both engines have decided.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations
from typing import Any

from weighbridge.decision_differences import STATES
from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord, ProjectError, Witness
from weighbridge.engine import Engine
from weighbridge.findings import json_value
from weighbridge.impact_result import Proven
from weighbridge.proof.answers import Kept
from weighbridge.proof.joined import Joined, joined, meaning, scope_on
from weighbridge.proof.prover import EFFORT, Wanted, Wish, solve
from weighbridge.proof.scope import Scope
from weighbridge.proof.witness import bare, smaller
from weighbridge.rulebook import Characteristic, Scorecard
from weighbridge.scenarios import trials
from weighbridge.specialise import RulesetStep, SpecialRule
from weighbridge.tree import FALSE, And, Call, Compare, Const, Expr, Name, Not, Or, Type

MOST_WRITTEN = 300
"""Records of scenarios that are tried before the solver is asked."""
MOST_PAIRS = 200
"""Pairs of rules in another order that are asked about."""

RANKS = ("verdict", "output", "tier", "score", "fired", "rule")
"""What a record can show, most telling first."""

Difference = tuple[str, str, str, str]
"""Kind, name, before, after."""


def compare(
    base: Engine,
    current: Engine,
    target: str,
    markets: Sequence[str],
    day: date,
    effort: int = EFFORT,
) -> tuple[Proven, ...]:
    """An answer for each group of markets that neither version tells apart. `effort`: the solver's steps for one
    question. The target and the markets must be in both versions."""
    groups: dict[str, tuple[Joined, list[str]]] = {}
    for market in markets:
        sides = scope_on(base, target, market, day), scope_on(current, target, market, day)
        mark = repr([_mark(side, target) for side in sides])
        if mark not in groups:
            groups[mark] = (joined(*sides), [])
        groups[mark][1].append(market)
    written = _written(base, current, target)
    return tuple(
        _Comparison(base, current, target, pair, day, effort, written).answer(tuple(names))
        for pair, names in groups.values()
    )


def _mark(scope: Scope, target: str) -> list[str]:
    """Equal for markets in which a version decides alike."""
    step = scope.outputs.get(target)
    refs = [] if step is None else [rule.rule.ref for rule in step.rules]
    return [*refs, *(meaning(scope, f"{head}.x") for head in (target, *sorted(scope.cards)))]


def _written(base: Engine, current: Engine, target: str) -> list[Mapping[str, Any]]:
    """Records of both versions' scenarios about this record type: the cheapest witnesses."""
    found: list[Mapping[str, Any]] = [bare(current.record_type(target))]
    for engine in (current, base):
        record = engine.book.record_of(target)
        try:
            known = list(trials(engine))
        except (
            ProjectError
        ):  # scenarios with errors decide nothing; the solver is asked without their records
            continue
        for trial in known:
            if engine.book.record_of(trial.target) == record and trial.record not in found:
                found.append(trial.record)
                if len(found) > MOST_WRITTEN:
                    return found
    return found


@dataclass(frozen=True, slots=True)
class Question:
    """A way in which the versions may decide a record otherwise. `wanted` is empty where no solver can be asked."""

    what: str
    wanted: tuple[Wanted, ...]


# --- what to ask ------------------------------------------------------------------------------------------


def _questions(pair: Joined) -> Iterator[Question]:
    """Every way in which the versions differ; none where they are the same."""
    for old_card, new_card in pair.cards:
        yield from _card_questions(old_card, new_card)
    if isinstance(pair.before, RulesetStep) and isinstance(pair.after, RulesetStep):
        yield from _step_questions(pair.before, pair.after)
    elif type(pair.before) is not type(pair.after):
        yield Question("the target is a scorecard in one version and a ruleset in the other", ())


def _step_questions(before: RulesetStep, after: RulesetStep) -> Iterator[Question]:
    old, new = ({r.rule.ref: r for r in step.rules} for step in (before, after))
    for name in dict.fromkeys([*before.outputs, *after.outputs]):
        one, other = before.outputs.get(name), after.outputs.get(name)
        if one is None or other is None or _policy(one) != _policy(other):
            yield Question(f"the output {name} is combined otherwise", ())
    for ref in dict.fromkeys([*old, *new]):
        yield from _rule_questions(ref, old.get(ref), new.get(ref))
    yield from _order_questions(before, after)


def _policy(output: Any) -> Any:
    return output.combine, output.default, output.symbol.type, output.symbol.allowed


def _rule_questions(ref: str, old: SpecialRule | None, new: SpecialRule | None) -> Iterator[Question]:
    one, other = (FALSE if r is None else r.condition for r in (old, new))
    if one != other:
        # The second question covers the first, whose records are the more telling ones.
        yield Question(f"whether {ref} fires", ((_xor(_known_true(one), _known_true(other)), Wish.TRUE),))
        yield Question(f"whether {ref} holds", ((_status_differs(one, other), Wish.TRUE),))
    if old is None or new is None:
        return
    holds = ((one, Wish.TRUE), (other, Wish.TRUE))
    if dict(old.then) != dict(new.then):
        yield Question(f"what {ref} sets", holds)
        if "fire" in (old.rule.if_unknown, new.rule.if_unknown):
            yield Question(f"what {ref} sets where it is undecided", _both_unknown(one, other))
    if old.rule.if_unknown != new.rule.if_unknown:
        yield Question(f"what follows where {ref} is undecided", _both_unknown(one, other))
    if old.rule.group != new.rule.group:
        yield Question(f"whether the first hit of {ref}'s table counts alone", holds)


def _both_unknown(one: Expr, other: Expr) -> tuple[Wanted, ...]:
    return (one, Wish.UNKNOWN), (other, Wish.UNKNOWN)


def _order_questions(before: RulesetStep, after: RulesetStep) -> Iterator[Question]:
    """Rules in another order matter where the first counts, or lists are collected."""
    outputs = [n for n, o in after.outputs.items() if o.combine in ("first", "collect")]
    ranks = {r.rule.ref: n for n, r in enumerate(before.rules)}
    common = [r for r in after.rules if r.rule.ref in ranks]
    turned = [
        (a, b)
        for a, b in combinations(common, 2)
        if ranks[a.rule.ref] > ranks[b.rule.ref]
        and (
            any(n in a.then and n in b.then for n in outputs)
            or (a.rule.group is not None and a.rule.group == b.rule.group)
        )
    ]
    if len(turned) > MOST_PAIRS:
        yield Question("rules stand in another order", ())
        return
    for a, b in turned:
        both = (And((_known_true(a.condition), _known_true(b.condition))), Wish.TRUE)
        yield Question(f"{a.rule.ref} stands before {b.rule.ref} now", (both,))


def _known_true(tree: Expr) -> Expr:
    """The tree, false where it is unknown."""
    return Call("coalesce", (tree, Const(False, Type.BOOLEAN)), Type.BOOLEAN)


def _unknown(tree: Expr) -> Expr:
    return Call("is_missing", (tree,), Type.BOOLEAN)


def _xor(a: Expr, b: Expr) -> Expr:
    return Or((And((a, Not(b))), And((Not(a), b))))


def _status_differs(one: Expr, other: Expr) -> Expr:
    """Of two conditions: true, false or unknown in one and not in the other."""
    return Or((_xor(_known_true(one), _known_true(other)), _xor(_unknown(one), _unknown(other))))


def _value_differs(one: Expr, other: Expr) -> Expr:
    """Of two values: different, or known in one only."""
    unlike = Call("coalesce", (Compare("!=", one, other), Const(False, Type.BOOLEAN)), Type.BOOLEAN)
    return Or((unlike, _xor(_unknown(one), _unknown(other))))


# --- scorecards -------------------------------------------------------------------------------------------


def _card_questions(old: Scorecard | None, new: Scorecard | None) -> Iterator[Question]:
    if old is None or new is None:
        known = old or new
        assert known is not None
        yield Question(f"the score {known.id} is needed in one version only", ())
    elif old.id != new.id:  # its definition is another one, so it was renamed
        if _shape(old) == _shape(new):
            for number, (one, other) in enumerate(zip(old.characteristics, new.characteristics, strict=True)):
                yield from _line_questions(f"{new.id}/{new.characteristics[number].id}", one, other)
        else:
            for part, kind in (("tier", Type.TEXT), ("score", Type.NUMBER)):
                names = (Name(f"{card.id}.{part}", kind) for card in (old, new))
                yield Question(f"the {part} of {new.id}", ((_value_differs(*names), Wish.TRUE),))


def _shape(card: Scorecard) -> Any:
    """Everything of a card but its expressions."""
    lines = [
        (
            c.id,
            c.weight,
            c.least,
            c.most,
            c.missing,
            [(b.points, b.test is None) for b in c.bins],
            [part is None for part in (c.applies, c.value, c.points)],
        )
        for c in card.characteristics
    ]
    return card.method, card.minimum_coverage, lines, [(t.id, t.at_least) for t in card.tiers]


def _line_questions(name: str, old: Characteristic, new: Characteristic) -> Iterator[Question]:
    for one, other in ((old.applies, new.applies), (old.points, new.points), (old.value, new.value)):
        if one is not None and other is not None and one.tree != other.tree:
            a, b = one.tree, other.tree
            if a.type != b.type or (a.type is Type.TEXTS and one is not old.value):
                yield Question(f"the value of {name}", ())
            elif one is old.value:
                yield Question(f"whether {name} has a value", ((_xor(_unknown(a), _unknown(b)), Wish.TRUE),))
            elif a.type is Type.BOOLEAN:
                yield Question(f"whether {name} applies", ((_status_differs(a, b), Wish.TRUE),))
            else:
                yield Question(f"the points of {name}", ((_value_differs(a, b), Wish.TRUE),))
    for band, other_band in zip(old.bins, new.bins, strict=True):
        if band.test is not None and other_band.test is not None and band.test != other_band.test:
            differs = _status_differs(band.test, other_band.test)
            yield Question(f"the bins of {name}", ((differs, Wish.TRUE),))


# --- answering --------------------------------------------------------------------------------------------


@dataclass
class _Comparison:
    """One group of markets, seen in the first of them."""

    base: Engine
    current: Engine
    target: str
    pair: Joined
    day: date
    effort: int
    written: Sequence[Mapping[str, Any]]
    best: Mapping[str, Any] | None = None
    """The record that shows most so far: a verdict before other outputs, tiers, scores and rules."""
    rank: int = len(RANKS)

    def answer(self, markets: tuple[str, ...]) -> Proven:
        """Identical, a record, or why neither."""
        questions = list(_questions(self.pair))
        if not questions:
            return Proven(self.target, markets, "identical")
        for record in self.written:
            if self.rank:
                self._take(record)
        open_: list[str] = []
        for question in questions if self.rank else ():
            found = Kept("open") if not question.wanted else self._ask(question)
            if found.status == "open":
                open_.append(f"{question.what} ({found.why})" if found.why else question.what)
        if self.best is not None:
            return self._differs(markets, self.best)
        if open_:
            more = f", and {len(open_) - 3} more" if len(open_) > 3 else ""
            return Proven(self.target, markets, "open", why="; ".join(open_[:3]) + more)
        return Proven(self.target, markets, "identical")

    def _ask(self, question: Question) -> Kept:
        """What the solver says; what it finds is one of the records to choose from."""
        return solve(self.pair.scope, question.wanted, self.effort, lambda record, _: self._take(record))

    def _take(self, record: Mapping[str, Any]) -> bool:
        """Whether anything differs; a record that shows more than those before is kept."""
        rank = _rank(self._differences(record))
        if rank < self.rank:
            self.best, self.rank = record, rank
        return rank < len(RANKS)

    def _differs(self, markets: tuple[str, ...], record: Mapping[str, Any]) -> Proven:
        """The record made small: what it shows most stays."""
        required = [name for name, model in self.pair.scope.model.fields.items() if model.required]

        def still(other: Mapping[str, Any]) -> bool:
            return _rank(self._differences(other)) == self.rank

        small = smaller(record, required, still)
        text = json.dumps(small, ensure_ascii=False, sort_keys=True, default=str)
        witness = Witness(self.target, self.pair.market, self.day.isoformat(), text)
        return Proven(self.target, markets, "differs", witness, tuple(self._differences(small)))

    def _differences(self, record: Mapping[str, Any]) -> list[Difference]:
        """What the engines decide otherwise; nothing of a record that is not valid under both."""
        try:
            one, other = (
                engine.decide(self.target, record, market=self.pair.market, as_of=self.day)
                for engine in (self.base, self.current)
            )
        except InvalidRecord:
            return []
        old, new = facts(self.base, self.target, one), facts(self.current, self.target, other)
        return [
            (kind, name, old.get((kind, name), _nothing(kind)), new.get((kind, name), _nothing(kind)))
            for kind, name in dict.fromkeys([*old, *new])
            if old.get((kind, name)) != new.get((kind, name))
        ]


def _rank(differences: Sequence[Difference]) -> int:
    """How much differences show: 0 is a verdict, `len(RANKS)` none."""
    fired = any(STATES[1] in ways for kind, _, *ways in differences if kind == "rule")
    kinds = {"fired" if kind == "rule" and fired else kind for kind, *_ in differences}
    return min((RANKS.index(kind) for kind in kinds), default=len(RANKS))


def _nothing(kind: str) -> str:
    return STATES[0] if kind == "rule" else ""


def facts(engine: Engine, target: str, decision: Decision) -> dict[tuple[str, str], str]:
    """What a decision says, as texts by kind and name, outputs first; what it does not say is left out."""
    found: dict[tuple[str, str], str] = {}
    ruleset = engine.book.rulesets.get(target)
    for name, value in decision.outputs.items():
        kind = "verdict" if name == "verdict" else "output"
        if value is None or value == []:
            continue
        unordered = ruleset is not None and ruleset.outputs[name].combine == "set"
        found[kind, name] = _text(sorted(value) if unordered else value)
    for card, (score, tier) in decision.score_values.items():
        found |= {("tier", card): tier} if tier is not None else {}
        found |= {("score", card): repr(score)} if score is not None else {}
    found |= {("rule", ref): STATES[2] for ref in decision.unknown}
    found |= {("rule", ref): STATES[1] for ref in _acting(decision)}
    return found


def _acting(decision: Decision) -> Iterable[str]:
    return [f.rule for f in decision.findings if f.status == "fired"]


def _text(value: Any) -> str:
    return ", ".join(value) if isinstance(value, list) else str(json_value(value))
