"""Two versions of a target in one market as one scope, in which a solver can speak of both.

What means the same in both keeps its name; what the base defines otherwise is renamed there. So the same text,
search or score is the same to the solver wherever both versions use it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from weighbridge.conditions import Facts
from weighbridge.documents import FieldModel, RecordTypeModel
from weighbridge.engine import Engine
from weighbridge.proof.scope import Scope, scope_of
from weighbridge.rulebook import Bin, Characteristic, Condition, Scorecard
from weighbridge.specialise import RulesetStep, SpecialRule, epochs, specialise
from weighbridge.terms import TermList
from weighbridge.tree import Const, Expr, Name, Type, transform

BEFORE = "before:"
"""What stands before a name of the base that means something else now; no document can use it."""


@dataclass(frozen=True, slots=True, eq=False)
class Joined:
    """`scope` speaks of both versions. `before` and `after` are the target's step; cards are paired by id."""

    market: str
    scope: Scope
    before: RulesetStep | Scorecard
    after: RulesetStep | Scorecard
    cards: tuple[tuple[Scorecard | None, Scorecard | None], ...]


def scope_on(engine: Engine, target: str, market: str, day: date) -> Scope:
    """The definitions of a target on one day only."""
    found = epochs(engine.book, target, market)
    special = specialise(engine.book, target, market, day, found.span(found.index(day)))
    return scope_of(engine.book, replace(special, first_day=day, last_day=day))


def joined(base: Scope, current: Scope) -> Joined:
    """Two versions of a target in one market on one day."""
    renaming = _Renaming(base, current)
    old = renaming.scope()
    terms = {**current.book.terms, **renaming.terms}
    both = Scope(
        replace(current.book, terms=terms),
        current.special,
        common_model(base.model, current.model),
        {**old.derived, **current.derived},
        {**old.cards, **current.cards},
        {**old.outputs, **current.outputs},
    )
    target = current.special.target
    name = renaming.names.get(target, target)
    cards = tuple(
        (old.cards.get(renaming.names.get(card, card)), current.cards.get(card))
        for card in dict.fromkeys([*base.cards, *current.cards])
    )
    before = old.outputs.get(name) or old.cards[name]
    after = current.outputs.get(target) or current.cards[target]
    return Joined(current.market, both, before, after, cards)


class _Renaming:
    """New names for what the base defines otherwise than the project."""

    def __init__(self, base: Scope, current: Scope) -> None:
        self.base = base
        ours, theirs = base.book.terms, current.book.terms
        changed = [name for name, terms in ours.items() if name in theirs and theirs[name] != terms]
        self.lists = {name: f"{BEFORE}{name}" for name in changed}
        self.terms: dict[str, TermList] = {self.lists.get(name, name): terms for name, terms in ours.items()}
        self.names: dict[str, str] = {}
        for path in base.derived:
            if path in current.derived and meaning(base, path) != meaning(current, path):
                self.names[path] = f"{BEFORE}{path}"
        for head in (*base.cards, *base.outputs):
            there = head in current.cards or head in current.outputs
            if there and meaning(base, f"{head}.x") != meaning(current, f"{head}.x"):
                self.names[head] = f"{BEFORE}{head}"

    def scope(self) -> Scope:
        """The base with its new names."""
        derived = {self._name(path): self.tree(tree) for path, tree in self.base.derived.items()}
        cards = {self._name(c.id): self._card(c) for c in self.base.cards.values()}
        outputs = {self._name(id_): self._step(step) for id_, step in self.base.outputs.items()}
        return replace(self.base, derived=derived, cards=cards, outputs=outputs)

    def _name(self, path: str) -> str:
        if path in self.names:
            return self.names[path]
        head, dot, rest = path.partition(".")
        known = dot and path not in self.base.model.fields and path not in self.base.derived
        return f"{self.names.get(head, head)}.{rest}" if known else path

    def tree(self, tree: Expr) -> Expr:
        """A tree of the base in the new names."""
        return transform(tree, self._node)

    def _node(self, node: Expr) -> Expr:
        if isinstance(node, Name):
            return replace(node, path=self._name(node.path))
        if isinstance(node, Const) and node.type is Type.TERMS and isinstance(node.value, str):
            return replace(node, value=self.lists.get(node.value, node.value))
        return node

    def _step(self, step: RulesetStep) -> RulesetStep:
        ruleset = replace(step.ruleset, id=self._name(step.ruleset.id))
        return RulesetStep(ruleset, step.outputs, tuple(self._rule(r) for r in step.rules))

    def _rule(self, rule: SpecialRule) -> SpecialRule:
        then = {name: self.tree(tree) for name, tree in rule.then.items()}
        return replace(rule, facts=Facts(self.tree(rule.condition)), then=then)

    def _card(self, card: Scorecard) -> Scorecard:
        lines = tuple(self._line(line) for line in card.characteristics)
        return replace(card, id=self._name(card.id), characteristics=lines)

    def _line(self, line: Characteristic) -> Characteristic:
        return replace(
            line,
            applies=self._condition(line.applies),
            value=self._condition(line.value),
            points=self._condition(line.points),
            bins=tuple(self._bin(band) for band in line.bins),
        )

    def _bin(self, band: Bin) -> Bin:
        return replace(band, test=None if band.test is None else self.tree(band.test))

    def _condition(self, condition: Condition | None) -> Condition | None:
        return None if condition is None else replace(condition, tree=self.tree(condition.tree))


def meaning(scope: Scope, path: str) -> str:
    """A hash of what a name stands for; of outputs, what their rules compute included."""
    trees: list[Expr] = [Name(path, Type.NUMBER)]
    step = scope.outputs.get(path.partition(".")[0])
    if step is not None:
        trees += [tree for rule in step.rules for tree in rule.then.values()]
    return scope.digest(trees)


# --- records that are valid under both ----------------------------------------------------------------------


def common_model(a: RecordTypeModel, b: RecordTypeModel) -> RecordTypeModel:
    """A record type that every record valid under both satisfies; fields that no such record has are left out."""
    fields: dict[str, FieldModel] = {}
    for name in dict.fromkeys([*a.fields, *b.fields]):
        one, other = a.fields.get(name), b.fields.get(name)
        if one is not None and other is not None:
            found = _common_field(one, other)
            if found is not None:
                fields[name] = found
        else:
            lacking, only = (b, one) if other is None else (a, other)
            if lacking.additional_fields == "ignore" and only is not None:
                fields[name] = only
    return a.model_copy(update={"fields": fields})


def _common_field(a: FieldModel, b: FieldModel) -> FieldModel | None:
    if a.type != b.type:
        return None
    low = [float(f.min) for f in (a, b) if f.min is not None]
    high = [float(f.max) for f in (a, b) if f.max is not None]
    update: dict[str, Any] = {
        "required": a.required or b.required,
        "min": max(low) if low else None,
        "max": min(high) if high else None,
        "tree": a.tree if a.tree == b.tree else None,
    }
    if a.allowed is not None and b.allowed is not None:
        both = tuple(text for text in a.allowed if text in b.allowed)
        if not both:
            return None
        update["allowed"] = both
    elif a.tree != b.tree:
        update["allowed"] = None
    else:
        update["allowed"] = a.allowed or b.allowed
    return a.model_copy(update=update)
