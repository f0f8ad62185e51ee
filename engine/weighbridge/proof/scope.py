"""What a question of the proof is about: one target in one market and epoch, and how its names are defined."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from weighbridge.documents import RecordTypeModel
from weighbridge.rulebook import Rulebook, Scorecard
from weighbridge.scalar import term_list
from weighbridge.specialise import (
    DerivedStep,
    RulesetStep,
    ScoreStep,
    Specialised,
    card_trees,
    simplifier,
)
from weighbridge.tree import Call, Const, Expr, Member, Name, children, walk


@dataclass(frozen=True, eq=False)
class Scope:
    """The definitions in force for one target, market and epoch.

    `derived`, `cards` and `outputs` are keyed as names in trees are: "<owner>/<name>", the scorecard's id, the
    ruleset's id.
    """

    book: Rulebook
    special: Specialised
    model: RecordTypeModel
    derived: Mapping[str, Expr]
    cards: Mapping[str, Scorecard]
    outputs: Mapping[str, RulesetStep]
    _simplify: list[Callable[[Expr, str], Expr]] = field(default_factory=list["Callable[[Expr, str], Expr]"])
    _digests: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def market(self) -> str:
        """The market."""
        return self.special.market

    def day(self, number: float | None = None) -> date:
        """A day of the epoch: `number` where it lies in it, else one that a reader finds natural."""
        first, last = self.special.first_day, self.special.last_day
        wanted = _USUAL_DAY if number is None else date.fromordinal(int(number))
        return min(max(wanted, first), last)

    def definition(self, path: str) -> DerivedStep | Scorecard | RulesetStep | None:
        """What gives a name its value; None for a field of the record and for `as_of`."""
        if path in self.derived:
            return DerivedStep(path, self.derived[path])
        head, dot, _ = path.partition(".")
        if not dot or path in self.model.fields:
            return None
        return self.cards.get(head) or self.outputs.get(head)

    def simplified(self, tree: Expr, owner: str) -> Expr:
        """A tree as written in the ruleset or scorecard `owner`: as that sees it, with constants put in."""
        if not self._simplify:
            self._simplify.append(simplifier(self.book, self.special))
        return self._simplify[0](tree, owner)

    def digest(self, trees: Iterable[Expr]) -> str:
        """A hash of everything the values of `trees` depend on, term lists and the days of the epoch included."""
        text = "\n".join(sorted(self._digest(tree) for tree in trees))
        return hashlib.sha256(text.encode()).hexdigest()

    def _digest(self, tree: Expr) -> str:
        parts = [spelled(tree)]
        for node in walk(tree):
            if isinstance(node, Name):
                parts.append(self._name_digest(node.path))
            elif isinstance(node, Call) and node.function in ("mentions", "count_mentions"):
                terms = node.arguments[1]
                if isinstance(terms, Const) and isinstance(terms.value, str):
                    parts.append(repr(term_list(self.book, terms.value)))
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()

    def _name_digest(self, path: str) -> str:
        key = path.partition(".")[0] if "." in path and path not in self.model.fields else path
        if key not in self._digests:
            found = self.definition(path)
            if path == "as_of":
                text = f"{self.special.first_day} {self.special.last_day}"
            elif isinstance(found, DerivedStep):
                text = self._digest(found.tree)
            elif isinstance(found, Scorecard):
                text = self._card_digest(found)
            elif isinstance(found, RulesetStep):
                text = self._output_digest(found)
            else:
                text = repr(self.model.fields.get(path))
            self._digests[key] = text
        return self._digests[key]

    def _card_digest(self, card: Scorecard) -> str:
        lines = [
            (c.id, c.weight, c.least, c.most, c.missing, [b.points for b in c.bins])
            for c in card.characteristics
        ]
        tiers = [(t.id, t.at_least) for t in card.tiers]
        trees = [self._digest(tree) for tree in card_trees(card)]
        return repr((card.method, card.minimum_coverage, lines, tiers, trees))

    def _output_digest(self, step: RulesetStep) -> str:
        rules = [
            (
                r.rule.if_unknown,
                r.rule.group,
                self._digest(r.condition),
                [(n, spelled(t)) for n, t in sorted(r.then.items())],
            )
            for r in step.rules
        ]
        outputs = [(n, o.combine, o.default, o.symbol.allowed) for n, o in step.outputs.items()]
        return repr((rules, outputs))


def spelled(tree: Expr) -> str:
    """A tree as a text that is the same in every process: the values of a set come in order."""
    match tree:
        case Member(item, values):
            own = f"{sorted(values, key=repr)} {spelled(item)}"
        case Const() | Name():
            return repr(tree)
        case _:
            named = getattr(tree, "op", "") or getattr(tree, "function", "")
            own = f"{named} {', '.join(map(spelled, children(tree)))}"
    return f"{type(tree).__name__}({own})"


_USUAL_DAY = date(2026, 6, 15)


def scope_of(book: Rulebook, special: Specialised) -> Scope:
    """The scope of a specialised target."""
    derived: dict[str, Expr] = {}
    cards: dict[str, Scorecard] = {}
    outputs: dict[str, RulesetStep] = {}
    for step in special.steps:
        match step:
            case DerivedStep(path, tree):
                derived[path] = tree
            case ScoreStep(card):
                cards[card.id] = card
            case RulesetStep():
                outputs[step.ruleset.id] = step
    model = book.record_types[book.record_of(special.target)]
    return Scope(book, special, model, derived, cards, outputs)
