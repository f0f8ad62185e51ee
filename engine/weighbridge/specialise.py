"""Partial evaluation: a rulebook for one target, one market and one epoch.

Parameters, weights, overrides and effective dates are constants of one market on one day. An *epoch* is a span
of days over which none of them changes; every day of an epoch shares one program. Rules that cannot apply are
gone before a record arrives.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from weighbridge.conditions import Facts, KeptConditions, is_constant_of_market
from weighbridge.diagnostics import Span
from weighbridge.documents import RuleOverride
from weighbridge.evaluate import COMPARISONS, arithmetic
from weighbridge.expressions import parse_date
from weighbridge.functions import FUNCTIONS
from weighbridge.privacy import Sight, names_shown, sight, trees_in, trees_of
from weighbridge.regions import Resolved, covers, edges
from weighbridge.rulebook import (
    Characteristic,
    Condition,
    Output,
    Rule,
    Rulebook,
    Ruleset,
    Scorecard,
    milli,
)
from weighbridge.tree import (
    FALSE,
    SEEN_FOR,
    TRUE,
    UNKNOWN,
    And,
    Arith,
    Call,
    Compare,
    Const,
    Contains,
    Expr,
    IfElse,
    Member,
    Name,
    Negate,
    Not,
    Or,
    Type,
    Value,
    conjunction,
    names,
    transform,
)


@dataclass(frozen=True, slots=True)
class SpecialRule:
    """A rule that can apply here. `index` numbers the rules of its ruleset's program in order; `facts` are those of
    its condition."""

    index: int
    rule: Rule
    facts: Facts
    then: Mapping[str, Expr]
    override: Span | None = None

    @property
    def condition(self) -> Expr:
        """When it fires."""
        return self.facts.tree


@dataclass(frozen=True, slots=True)
class DerivedStep:
    """Compute a derived value."""

    path: str
    tree: Expr


@dataclass(frozen=True, slots=True)
class ScoreStep:
    """A scorecard with this market's weights, tiers and coverage; its trees are specialised."""

    card: Scorecard


@dataclass(frozen=True, slots=True)
class RulesetStep:
    """A ruleset with its members' rules; `outputs` are its own."""

    ruleset: Ruleset
    outputs: Mapping[str, Output]
    rules: tuple[SpecialRule, ...]


Step = DerivedStep | ScoreStep | RulesetStep


@dataclass(frozen=True, slots=True)
class Specialised:
    """The steps a decision takes, in order, for one target, market and epoch. The last step is the target."""

    target: str
    market: str
    lineage: tuple[str, ...]
    first_day: date
    last_day: date
    parameters: Mapping[str, Resolved]
    steps: tuple[Step, ...]
    sight: Sight


@dataclass(frozen=True, slots=True)
class Epochs:
    """The days on which something begins to differ, ascending."""

    boundaries: tuple[date, ...]

    def index(self, day: date) -> int:
        """Which epoch a day lies in."""
        return bisect_right(self.boundaries, day)

    def span(self, index: int) -> tuple[date, date]:
        """First and last day of an epoch."""
        first = self.boundaries[index - 1] if index > 0 else date.min
        last = (
            date.max
            if index == len(self.boundaries)
            else date.fromordinal(self.boundaries[index].toordinal() - 1)
        )
        return first, last


def epochs(book: Rulebook, target: str, market: str) -> Epochs:
    """The epochs of a target in a market."""
    days = set(book.regions.boundaries(market))
    for name in needed_rulesets(book, target):
        for rule in book.rulesets[name].rules:
            days.update(edges(rule.periods))
    return Epochs(tuple(sorted(days - {date.min})))


def needed_rulesets(book: Rulebook, target: str) -> set[str]:
    """The rulesets a target evaluates: its members and those whose outputs it reads, directly or not."""
    found: set[str] = set()
    pending = [target]
    seen: set[str] = set()
    while pending:
        item = pending.pop()
        if item in seen:
            continue
        seen.add(item)
        read: set[str] = set()
        if item in book.rulesets:
            found.update(book.rulesets[item].members)
            read.update(*(rule.reads for rule in book.rules_of(item)))
        elif item in book.scorecards:
            read.update(*map(names, card_trees(book.scorecards[item])))
        elif item in book.derived:
            read.update(names(book.derived[item].tree))
        pending += [giver for path in sorted(read) if (giver := _giver(book, path)) is not None]
    return found


def _giver(book: Rulebook, path: str) -> str | None:
    """The scorecard, ruleset or derived value that gives a name its value; None where nothing does.

    A field may be called like a scorecard or ruleset: only a dotted name is a score or an output.
    """
    head, dot, _ = path.partition(".")
    if path in book.derived or (dot and (head in book.scorecards or head in book.rulesets)):
        return path if path in book.derived else head
    return None


def card_trees(card: Scorecard) -> Iterator[Expr]:
    """Every expression of a scorecard, reason templates included."""
    return trees_of(card)


def specialise(
    book: Rulebook,
    target: str,
    market: str,
    day: date,
    span: tuple[date, date],
    kept: KeptConditions | None = None,
) -> Specialised:
    """The steps of `target` in `market` on every day of the epoch `span` that holds `day`.

    `kept` spares conditions that were made before, for other markets or an earlier version; the result is the same.
    """
    return _Specialiser(book, target, market, day, sight(book, target, market, day), kept).run(span)


def names_read(
    book: Rulebook, target: str, part: Rule | Characteristic, market: str, day: date
) -> frozenset[str]:
    """The names a rule or characteristic of `target` reads in `market` on a day, through derived values too;
    none where it is not in force or can never hold. All personal data counts as seen."""
    return _Specialiser(book, target, market, day, Sight({}, {}, {}, {}, {})).names_read(part)


def simplifier(book: Rulebook, special: Specialised) -> Callable[[Expr, str], Expr]:
    """Makes of a tree and the ruleset or scorecard it is written in what it is in a specialised target."""
    return _Specialiser(book, special.target, special.market, special.first_day, special.sight).simplify


class _Specialiser:
    def __init__(
        self,
        book: Rulebook,
        target: str,
        market: str,
        day: date,
        seen: Sight,
        kept: KeptConditions | None = None,
    ) -> None:
        self.book = book
        self.kept = kept or KeptConditions()
        self.sight = seen
        self.target = target
        self.market = market
        self.day = day
        self.lineage = book.regions.lineages[market]
        self.within = frozenset(self.lineage)
        self.steps: dict[str, Step] = {}
        self.parameters: dict[str, Resolved] = {}
        self.overrides: dict[str, list[tuple[Any, Span | None]]] = {}
        for override, document, index in book.regions.overrides(market, day):
            key = override.rule if isinstance(override, RuleOverride) else override.scorecard
            self.overrides.setdefault(key, []).append((override, document.span("overrides", index)))
        self._simplified: dict[Expr, Expr] = {}

    def run(self, span: tuple[date, date]) -> Specialised:
        self._add_steps()
        return Specialised(
            self.target,
            self.market,
            self.lineage,
            *span,
            self.parameters,
            tuple(self.steps.values()),
            self.sight,
        )

    def names_read(self, part: Rule | Characteristic) -> frozenset[str]:
        """See the function of the same name."""
        if isinstance(part, Rule):
            special = self._rule(part, 0)
            trees = [] if special is None else [special.condition, *special.then.values()]
            trees += [] if special is None else names_shown(part)
        else:
            line = self._characteristic(self.target, part)
            applies = line.applies is None or line.applies.tree != FALSE
            trees = list(trees_in(line)) if applies else []
        found: set[str] = set()
        pending = [name for tree in trees for name in names(tree)]
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                if name in self.book.derived:
                    pending += names(self.simplify(self.book.derived[name].tree))
        return frozenset(found)

    def _add_steps(self) -> None:
        """Adds the target's step after those it needs; without recursion, since chains may be long."""
        made: dict[str, tuple[Step, tuple[str, ...]]] = {}
        pending = [self.target]
        while pending:
            item = pending[-1]
            if item not in made:
                step, paths = self._step(item)
                made[item] = step, self._givers(paths)
            step, needed = made[item]
            waiting = [other for other in needed if other not in self.steps]
            if waiting:
                assert made.keys().isdisjoint(waiting), "rings are refused when a project is loaded"
                pending += reversed(waiting)
            else:
                self.steps[item] = step
                pending.pop()

    def _step(self, item: str) -> tuple[Step, set[str]]:
        """The step that gives `item`, and the names it reads."""
        own = self.sight.definition(item)
        if own is not None or item in self.book.derived:
            tree = self.simplify(self.book.derived[item].tree if own is None else own)
            return DerivedStep(item, tree), set(names(tree))
        if item in self.book.scorecards:
            card = self._card(self.book.scorecards[item])
            seen = (self.sight.seen(tree, item) for tree in card_trees(card))
            return ScoreStep(card), {path for tree in seen for path in names(tree)}
        step = self._ruleset(self.book.rulesets[item])
        paths: set[str] = set()
        for rule in step.rules:
            paths |= rule.facts.paths
            paths.update(*(names(tree) for tree in rule.then.values() if not isinstance(tree, Const)))
            context = self.sight.contexts.get(rule.rule.ruleset, "")
            paths.update(self.sight.path(name, context) for name in rule.rule.shows)
        return step, paths

    def _givers(self, paths: Iterable[str]) -> tuple[str, ...]:
        """The steps that give what is read; the region's parameters among it are looked up."""
        found: dict[str, None] = {}
        for path in sorted(paths):
            giver = path if SEEN_FOR in path else _giver(self.book, path)
            if giver is not None:
                found[giver] = None
            elif path.startswith("region."):
                self.constant(path, Type.TEXT)
        return tuple(found)

    # --- constants ---

    def constant(self, path: str, kind: Type) -> Value:
        """The value of `market` or a region parameter in this market and epoch; None where unset."""
        if path in ("market", "region.code"):
            return self.market
        name = path.removeprefix("region.")
        if name not in self.parameters:
            resolved = self.book.regions.parameter(self.market, name, self.day)
            self.parameters[name] = resolved or Resolved(name, None, "", None)
        return self.parameters[name].value

    def simplify(self, tree: Expr, owner: str = "") -> Expr:
        """The tree as `owner` sees it, with this market's constants put in and everything constant computed."""
        if isinstance(tree, Const):
            return tree
        tree = self.sight.seen(tree, owner)
        if tree not in self._simplified:
            self._simplified[tree] = transform(tree, self._simplify_node)
        return self._simplified[tree]

    def _simplify_node(self, node: Expr) -> Expr:
        if isinstance(node, Name):
            if is_constant_of_market(node):
                return Const(self.constant(node.path, node.type), node.type, node.at)
            return node
        if isinstance(node, Call) and node.function == "in_region":
            place = node.arguments[0]
            return Const(isinstance(place, Const) and place.value in self.within, Type.BOOLEAN, node.at)
        return fold(node)

    # --- rules ---

    def _ruleset(self, ruleset: Ruleset) -> RulesetStep:
        rules: list[SpecialRule] = []
        for rule in self.book.rules_of(ruleset.id):
            special = self._rule(rule, len(rules))
            if special is not None:
                rules.append(special)
        return RulesetStep(ruleset, ruleset.outputs, tuple(rules))

    def _rule(self, rule: Rule, index: int) -> SpecialRule | None:
        if not all(self.within & wanted for wanted in rule.markets):
            return None
        if not all(covers(period, self.day) for period in rule.periods):
            return None
        enabled, then, place = rule.enabled, dict(rule.then), None
        for override, span in self.overrides.get(rule.ref, ()):
            place = span
            for name, value in override.set.items():
                if name == "enabled":
                    enabled = value
                else:
                    output = self.book.rulesets[rule.ruleset].outputs[name]
                    then[name] = Const(_override_value(value, output.symbol.type), output.symbol.type)
        if not enabled:
            return None
        facts = self._condition_of(rule)
        if facts.tree == FALSE:
            return None
        values = {n: self.simplify(t, rule.ruleset) for n, t in then.items()}
        return SpecialRule(index, rule, facts, values, place)

    def _condition_of(self, rule: Rule) -> Facts:
        trees = tuple(condition.tree for condition in rule.conditions)

        def make() -> Expr:
            return fold(conjunction(tuple(self.simplify(tree, rule.ruleset) for tree in trees)))

        # What is seen of personal data is the market's too: such conditions are its own.
        return (
            Facts(make())
            if rule.ruleset in self.sight.contexts
            else self.kept.facts(trees, self._answer, make)
        )

    def _answer(self, node: Expr) -> str:
        """What this market says of a part of a condition: everything that specialising it depends on."""
        return repr(self.constant(node.path, node.type) if isinstance(node, Name) else self.lineage)

    # --- scorecards ---

    def _card(self, card: Scorecard) -> Scorecard:
        minimum, bounds = card.minimum_coverage, {t.id: t.at_least for t in card.tiers}
        for override, _ in self.overrides.get(card.id, ()):
            if override.set.minimum_coverage is not None:
                minimum = float(override.set.minimum_coverage)
            bounds |= {name: float(bound) for name, bound in override.set.tiers.items()}
        tiers = tuple(
            sorted((replace(t, at_least=bounds[t.id]) for t in card.tiers), key=lambda t: t.at_least)
        )
        lines = tuple(self._characteristic(card.id, c) for c in card.characteristics)
        return replace(card, minimum_coverage=minimum, tiers=tiers, characteristics=lines)

    def _characteristic(self, card: str, line: Characteristic) -> Characteristic:
        own = self.book.regions.weight(self.market, card, line.id, self.day)
        weight = line.weight if own is None or not isinstance(own.value, float) else milli(own.value)
        bins = tuple(
            replace(b, test=None if b.test is None else self.simplify(b.test, card)) for b in line.bins
        )
        return replace(
            line,
            weight=weight,
            applies=self._condition(line.applies, card),
            value=self._condition(line.value, card),
            points=self._condition(line.points, card),
            bins=bins,
        )

    def _condition(self, condition: Condition | None, card: str) -> Condition | None:
        return None if condition is None else replace(condition, tree=self.simplify(condition.tree, card))


def _override_value(value: Any, kind: Type) -> Value:
    if kind is Type.NUMBER:
        return float(value)
    if kind is Type.DATE:
        return parse_date(value)
    return (value,) if kind is Type.TEXTS and isinstance(value, str) else value


# --- folding --------------------------------------------------------------------------------------------


def fold(node: Expr) -> Expr:
    """`node` with what is constant in it computed; its operands are folded already."""
    match node:
        case Not(Const(value)):
            return UNKNOWN if value is None else Const(not value, Type.BOOLEAN, node.at)
        case And() | Or():
            return _fold_connective(node)
        case IfElse(Const(value), then, other):
            return Const(None, node.type, node.at) if value is None else then if value else other
        case Compare(op, Const(a), Const(b)):
            return UNKNOWN if a is None or b is None else Const(COMPARISONS[op](a, b), Type.BOOLEAN, node.at)
        case Compare(_, left, right) if _unknown(left) or _unknown(right):
            return UNKNOWN
        case Member(_, values) if not values:
            return FALSE
        case Member(Const(a), values):
            return UNKNOWN if a is None else Const(a in values, Type.BOOLEAN, node.at)
        case Contains(item, Const(options)):
            if not isinstance(options, tuple):
                return UNKNOWN
            return fold(Member(item, frozenset(options), node.at))
        case Negate(Const(a)):
            return Const(None if not isinstance(a, float) else -a, Type.NUMBER, node.at)
        case Arith(op, Const(a), Const(b)):
            return Const(arithmetic(op, a, b), Type.NUMBER, node.at)
        case Arith(_, left, right) if _unknown(left) or _unknown(right):
            return Const(None, Type.NUMBER, node.at)
        case Call():
            return _fold_call(node)
        case _:
            return node


def _unknown(node: Expr) -> bool:
    return isinstance(node, Const) and node.value is None


def _fold_connective(node: And | Or) -> Expr:
    kind, neutral, final = (And, TRUE, FALSE) if isinstance(node, And) else (Or, FALSE, TRUE)
    parts: dict[Expr, None] = {}
    for part in node.operands:
        if part == final:
            return final
        if part != neutral:
            parts.update(dict.fromkeys(part.operands if isinstance(part, kind) else (part,)))
    if not parts:
        return neutral
    return next(iter(parts)) if len(parts) == 1 else kind(tuple(parts), node.at)


def _fold_call(node: Call) -> Expr:
    function, arguments = FUNCTIONS[node.function], node.arguments
    if node.function in ("is_missing", "evidence", "coalesce"):
        return _fold_missing(node)
    if function.strict and any(_unknown(a) for a in arguments):
        return Const(None, node.type, node.at)
    if (
        function.special
        or function.implementation is None
        or not all(isinstance(a, Const) for a in arguments)
    ):
        return node
    result = function.implementation(*(a.value for a in arguments if isinstance(a, Const)))
    if isinstance(result, float) and math.isnan(result):
        result = None
    return Const(result, node.type, node.at)


def _fold_missing(node: Call) -> Expr:
    if node.function == "coalesce":
        kept = tuple(a for a in node.arguments if not _unknown(a))
        if not kept:
            return Const(None, node.type, node.at)
        first = kept[0]
        return first if len(kept) == 1 or isinstance(first, Const) else replace(node, arguments=kept)
    x = node.arguments[0]
    if not isinstance(x, Const):
        return node
    if node.function == "is_missing":
        return Const(x.value is None, Type.BOOLEAN, node.at)
    return (
        UNKNOWN
        if x.value is None
        else Const(x.value if isinstance(x.value, bool) else True, Type.BOOLEAN, node.at)
    )
