"""Where and when a rule is in force: the markets and epochs that can make a difference to it, each kind once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any

from weighbridge.proof.prover import Prover
from weighbridge.proof.scope import Scope
from weighbridge.regions import covers
from weighbridge.rulebook import Rule, Rulebook
from weighbridge.specialise import SpecialRule, card_trees
from weighbridge.tree import Call, Expr, Name, walk

FAMILIAR = date(2026, 6, 15)
"""Of epochs that make no difference the one with this day is shown."""


def contexts(
    prover: Prover, target: str, rules: Iterable[Rule], among: Iterable[Expr] = ()
) -> Iterator[Scope]:
    """Scopes of `target` in which the first of `rules` is in force, one for each set of constants that the
    rules and the trees `among` read. Configured markets and the familiar day come first."""
    every = list(rules)
    leader = every[0] if every else None
    reads = _Reads(prover, [c.tree for r in every for c in r.conditions] + list(among))
    seen: set[Any] = set()
    for market in prover.markets:
        lineage = frozenset(prover.engine.book.regions.lineages[market])
        if leader is not None and not all(lineage & wanted for wanted in leader.markets):
            continue
        epochs = prover.epochs(target, market)
        usual = epochs.index(FAMILIAR)
        for index in sorted(range(len(epochs.boundaries) + 1), key=lambda i: (abs(i - usual), -i)):
            day = epochs.span(index)[0]
            if leader is not None and not all(covers(period, day) for period in leader.periods):
                continue
            mark = (reads.signature(market, day), _states(prover.engine.book, every, market, lineage, day))
            if mark not in seen:
                seen.add(mark)
                yield prover.scope(target, market, index)


def special_rule(scope: Scope, ref: str) -> SpecialRule | None:
    """A rule of the target as it is in force in a scope; None where it is not, or never can fire."""
    step = scope.outputs.get(scope.special.target)
    return None if step is None else next((r for r in step.rules if r.rule.ref == ref), None)


def _states(book: Rulebook, rules: list[Rule], market: str, lineage: frozenset[str], day: date) -> Any:
    """Which of the rules are in force, and the overrides that change them."""
    force = tuple(
        all(lineage & w for w in r.markets) and all(covers(p, day) for p in r.periods) for r in rules
    )
    refs = {r.ref for r in rules}
    changed = tuple(
        (document.id, index)
        for override, document, index in book.regions.overrides(market, day)
        if getattr(override, "rule", None) in refs
    )
    return force, changed


class _Reads:
    """What trees read of a market: parameters, its name, the regions asked for, weights and overrides."""

    def __init__(self, prover: Prover, trees: list[Expr]) -> None:
        self.prover = prover
        self.book = prover.engine.book
        self.parameters: set[str] = set()
        self.regions: set[str] = set()
        self.cards: set[str] = set()
        self.market = False
        pending, seen = list(trees), set[str]()
        while pending:
            for node in walk(pending.pop()):
                if isinstance(node, Call) and node.function == "in_region":
                    self.regions.add(str(getattr(node.arguments[0], "value", "")))
                elif isinstance(node, Name) and node.path not in seen:
                    seen.add(node.path)
                    pending += self._name(node.path)
        self._parameters_in_order = sorted(self.parameters)
        self._regions_in_order = sorted(self.regions)
        self._lines = [
            (card, line.id)
            for card in sorted(self.cards)
            for line in self.book.scorecards[card].characteristics
        ]

    def _name(self, path: str) -> list[Expr]:
        head, dot, rest = path.partition(".")
        if path in ("market", "region.code"):
            self.market = True
        elif head == "region" and dot:
            self.parameters.add(rest)
        elif path in self.book.derived:
            return [self.book.derived[path].tree]
        elif dot and head in self.book.scorecards:
            self.cards.add(head)
            return list(card_trees(self.book.scorecards[head]))
        elif dot and head in self.book.rulesets:
            self.market = True  # which of its rules are in force depends on the market itself
            return [c.tree for rule in self.book.rules_of(head) for c in rule.conditions]
        return []

    def signature(self, market: str, day: date) -> Any:
        """Equal for markets and days between which the trees cannot tell."""
        regions = self.book.regions
        values = tuple(self.prover.parameter(market, name, day) for name in self._parameters_in_order)
        inside = tuple(r in regions.lineages[market] for r in self._regions_in_order)
        weights = tuple(self.prover.weight(market, card, line, day) for card, line in self._lines)
        changed = tuple(
            (document.id, index)
            for override, document, index in regions.overrides(market, day)
            if getattr(override, "scorecard", None) in self.cards
        )
        return (market if self.market else "", values, inside, weights, changed)
