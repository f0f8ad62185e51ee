"""Specialised conditions: what programs ask about them, worked out once for all markets and versions of a project.

Most conditions say the same in every market, and in every version of a project that is being edited. A condition is
made again only where its text, or an answer of the market that it asks for, differs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property

from weighbridge.functions import FUNCTIONS
from weighbridge.index import Keys, keys_of
from weighbridge.normal_form import AllOf, AnyOf, Formula, when
from weighbridge.rulebook import Rule
from weighbridge.tree import Arith, Call, Const, Expr, IfElse, Name, Type, Value, names, walk

MOST_ANSWERS = 256
"""Forms of one condition that are kept: markets times the values of parameters tried on them."""


class Facts:
    """What programs ask about a condition or a computed value; each answer is worked out when it is first asked for.

    Shared between programs: nothing here may be changed.
    """

    def __init__(self, tree: Expr) -> None:
        self.tree = tree
        self._reads: dict[int, tuple[Expr, ...]] = {}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Facts) and self.tree == other.tree

    def __hash__(self) -> int:
        return hash(self.tree)

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of all names it reads."""
        return names(self.tree)

    @cached_property
    def names(self) -> tuple[Name, ...]:
        """The names it reads, each once, sorted by path."""
        found = {node.path: node for node in walk(self.tree) if isinstance(node, Name)}
        return tuple(found[path] for path in sorted(found))

    @cached_property
    def holds(self) -> Formula:
        """When it is known to be true."""
        return when(self.tree, True)

    @cached_property
    def fails(self) -> Formula:
        """When it is known to be false."""
        return when(self.tree, False)

    @cached_property
    def keys(self) -> Keys:
        """What could be looked up to find it, where it is a condition."""
        return keys_of(self.holds)

    @cached_property
    def mentions(self) -> tuple[tuple[Expr, Value], ...]:
        """The texts and the term lists it looks for in them, in order."""
        found: dict[tuple[Expr, Value], None] = {}
        for node in walk(self.tree):
            if isinstance(node, Call) and node.function in ("mentions", "count_mentions"):
                text, terms = node.arguments
                assert isinstance(terms, Const), "term lists are constants once a program is specialised"
                found[text, terms.value] = None
        return tuple(found)

    @cached_property
    def categories(self) -> tuple[Name, ...]:
        """The names of which it asks under which category they lie."""
        asked = (n for n in walk(self.tree) if isinstance(n, Call) and n.function == "under")
        return tuple(n.arguments[0] for n in asked if isinstance(n.arguments[0], Name))

    @cached_property
    def computed(self) -> tuple[Expr, ...]:
        """The parts worth computing once for several conditions, as often as they stand in it."""
        return tuple(node for node in walk(self.tree) if _worth_keeping(node))

    @cached_property
    def is_partial(self) -> bool:
        """See the function of the same name."""
        return is_partial(self.tree)

    def reads(self, part: Formula) -> tuple[Expr, ...]:
        """The names, searches for terms and values worth keeping in a part of `holds`."""
        found = self._reads.get(id(part))
        if found is None:
            nodes = (node for tree in _leaves(part) for node in walk(tree))
            kept = [n for n in nodes if isinstance(n, Name) or _searches(n) or _worth_keeping(n)]
            found = self._reads[id(part)] = tuple(kept)
        return found


def _leaves(formula: Formula) -> Iterable[Expr]:
    if isinstance(formula, AllOf | AnyOf):
        for part in formula.parts:
            yield from _leaves(part)
    else:
        yield formula.test


def _searches(node: Expr) -> bool:
    return isinstance(node, Call) and node.function in ("mentions", "count_mentions")


def _worth_keeping(node: Expr) -> bool:
    if isinstance(node, Call):
        return node.function not in ("mentions", "is_missing", "evidence") and node.type is not Type.TERMS
    return isinstance(node, Arith) or (isinstance(node, IfElse) and node.type is not Type.BOOLEAN)


def is_partial(tree: Expr) -> bool:
    """Whether an expression can be unknown although everything it reads is known."""
    for node in walk(tree):
        if isinstance(node, Arith | Const) and (isinstance(node, Arith) or node.value is None):
            return True
        if isinstance(node, Call) and FUNCTIONS[node.function].partial:
            return True
    return False


def is_constant_of_market(node: Expr) -> bool:
    """Whether a name has one value in a market on a day."""
    return isinstance(node, Name) and (node.path == "market" or node.path.startswith("region."))


@dataclass(frozen=True, slots=True)
class _Made:
    """The forms of one condition. `asks`: the parts of it that a market answers."""

    trees: tuple[Expr, ...]
    asks: tuple[Expr, ...]
    forms: dict[tuple[str, ...], Facts] = field(default_factory=dict[tuple[str, ...], Facts])


class KeptConditions:
    """Specialised conditions by the trees they were made from, which are the same objects while a text is the same."""

    def __init__(self) -> None:
        self._made: dict[tuple[int, ...], _Made] = {}

    def following(self, rules: Iterable[Rule]) -> KeptConditions:
        """For another version of the project: begins with what is still there."""
        other = KeptConditions()
        for rule in rules:
            key = tuple(id(condition.tree) for condition in rule.conditions)
            known = self._made.get(key)
            if known is not None:
                other._made[key] = known
        return other

    def facts(
        self, trees: tuple[Expr, ...], answer: Callable[[Expr], str], make: Callable[[], Expr]
    ) -> Facts:
        """The condition that all of `trees` hold, as it is in a market.

        `make` gives it; it may depend on the trees and on what `answer` says of each part that the market decides.
        """
        key = tuple(map(id, trees))
        made = self._made.get(key)
        if made is None:
            asks = tuple(n for t in trees for n in walk(t) if is_constant_of_market(n) or _asks_place(n))
            # The trees are kept with it: an id is good for as long as its object lives.
            made = self._made[key] = _Made(trees, asks)
        answers = tuple(map(answer, made.asks))
        found = made.forms.get(answers)
        if found is None:
            if len(made.forms) >= MOST_ANSWERS:
                made.forms.clear()
            found = made.forms[answers] = Facts(make())
        return found


def _asks_place(node: Expr) -> bool:
    return isinstance(node, Call) and node.function == "in_region"
