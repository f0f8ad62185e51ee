"""The formulas of one record some of whose fields may change.

What does not depend on those fields has the value it has now. What depends on few texts is worked out by the
engine for every act on them; only numbers and days stay variables. So this encoding is as exact as numbers
are, unlike that of all records.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from itertools import product
from math import prod
from typing import Any

import z3

from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord
from weighbridge.engine import Engine
from weighbridge.evaluate import Evaluator
from weighbridge.proof.acts import Act
from weighbridge.proof.encoding import Encoding, Formula, Known, Truth, both, either, number
from weighbridge.proof.scope import Scope
from weighbridge.proof.texts import scanner
from weighbridge.records import readers
from weighbridge.rulebook import Scorecard
from weighbridge.scalar import term_list
from weighbridge.specialise import DerivedStep, RulesetStep, card_trees
from weighbridge.tree import SEEN_FOR, Call, Const, Expr, Value, names

MOST_CASES = 64
"""Combinations of acts for which one condition is worked out by the engine."""


class Reads:
    """The fields that trees depend on, through derived values, scores and outputs."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self._names: dict[str, frozenset[str]] = {}
        self._trees: dict[int, tuple[Expr, frozenset[str]]] = {}

    def of(self, tree: Expr) -> frozenset[str]:
        """The fields of one tree."""
        known = self._trees.get(id(tree))
        if known is None:
            found = frozenset[str]().union(*(self._of_name(name) for name in names(tree)))
            known = self._trees[id(tree)] = (tree, found)
        return known[1]

    def _of_name(self, path: str) -> frozenset[str]:
        key = path if "." not in path or path in self.scope.model.fields else path.partition(".")[0]
        if key not in self._names:
            self._names[key] = frozenset()  # rings do not load
            definition = self.scope.definition(path)
            trees: list[Expr] = []
            if isinstance(definition, DerivedStep):
                trees = [definition.tree]
            elif isinstance(definition, Scorecard):
                trees = list(card_trees(definition))
            elif isinstance(definition, RulesetStep):
                trees = [t for r in definition.rules for t in (r.condition, *r.then.values())]
            own = frozenset({path.partition(SEEN_FOR)[0]} & set(self.scope.model.fields))
            self._names[key] = own.union(*(self.of(tree) for tree in trees))
        return self._names[key]


class World:
    """The record as it would be after some acts, decided by the engine."""

    def __init__(
        self,
        engine: Engine,
        scope: Scope,
        record: Mapping[str, Any],
        day: date,
        acts: Mapping[str, Sequence[Act]],
    ) -> None:
        self.engine = engine
        self.scope = scope
        self.record = dict(record)
        self.day = day
        self.acts = acts
        self._evaluators: dict[frozenset[tuple[str, int]], Evaluator] = {}

    def value(self, field: str, choice: int) -> Any:
        """What stands in a field: 0 is what stands there now."""
        return self.acts[field][choice - 1].value if choice else self.record.get(field)

    def decide(self, changes: Mapping[str, Any]) -> Decision | None:
        """The decision about the changed record; None where it is no record."""
        try:
            changed = {**self.record, **changes}
            return self.engine.decide(
                self.scope.special.target, changed, market=self.scope.market, as_of=self.day
            )
        except InvalidRecord:
            return None

    def evaluator(self, choices: Mapping[str, int]) -> Evaluator:
        """Evaluates trees of the record after acts."""
        key = frozenset((f, c) for f, c in choices.items() if c)
        if key not in self._evaluators:
            decision = self.decide({f: self.value(f, c) for f, c in key})
            assert decision is not None
            self._evaluators[key] = decision._explain().evaluator
        return self._evaluators[key]


class RecordEncoding(Encoding):
    """Formulas over the changes of one record. `choices`: act on a text field; `fields`: numbers and days.

    With `free`, texts may become anything: what then has no model, no change brings about.
    """

    def __init__(self, world: World, reads: Reads, moving: Sequence[str], free: bool = False) -> None:
        super().__init__(world.scope)
        self.world = world
        self.reads = reads
        self.choices = {f: z3.Int(f"act {f}") for f in moving if f in world.acts and not free}
        self.facts += [z3.And(c >= 0, c <= len(world.acts[f])) for f, c in self.choices.items()]
        self.moving = frozenset(moving)
        self._chosen_acts: dict[tuple[tuple[str, int], ...], Formula] = {}
        self.symbolic = self.moving - frozenset(self.choices)
        readable = readers(world.scope.model)
        self.now: dict[str, Value] = {f: readable[f].read(world.record.get(f), []) for f in moving}

    def changed(self, field: str) -> Formula:
        """Whether a field is changed."""
        if field in self.choices:
            return self.choices[field] != 0
        found, now = self.field(field), self.now[field]
        return found.known if now is None else found.value != _constant(now)

    # --- what the engine works out ---

    def _cases(self, node: Expr) -> list[tuple[Formula, Value]] | None:
        """(when, value) for all acts that matter to a tree; None where they are too many or not all."""
        fields = sorted(self.reads.of(node) & self.moving)
        if any(f in self.symbolic for f in fields):
            return None
        counts = [len(self.world.acts[f]) + 1 for f in fields]
        if prod(counts) > MOST_CASES:
            return None
        groups: dict[Value, list[tuple[int, ...]]] = {}
        for combination in product(*(range(n) for n in counts)):
            value = self.world.evaluator(dict(zip(fields, combination, strict=True))).value(node)
            groups.setdefault(value, []).append(combination)
        if len(groups) == 1:
            return [(True, value) for value in groups]
        return [
            (either(self._when(fields, c) for c in combinations), value)
            for value, combinations in groups.items()
        ]

    def _when(self, fields: Sequence[str], combination: tuple[int, ...]) -> Formula:
        """The formula for "these acts are chosen", made once: it is the solver's interface that takes time."""
        key = tuple(zip(fields, combination, strict=True))
        if key not in self._chosen_acts:
            self._chosen_acts[key] = both([self._is_chosen(f, c) for f, c in key])
        return self._chosen_acts[key]

    def _is_chosen(self, field: str, choice: int) -> Formula:
        key = ((field, choice),)
        if key not in self._chosen_acts:
            self._chosen_acts[key] = self.choices[field] == choice
        return self._chosen_acts[key]

    def truth(self, node: Expr) -> Truth:
        """When a boolean tree is known to be true and to be false."""
        if node not in self._truths:
            cases = self._cases(node)
            self._truths[node] = (
                super()._truth(node)
                if cases is None
                else Truth(
                    either(when for when, value in cases if value is True),
                    either(when for when, value in cases if value is False),
                )
            )
        return self._truths[node]

    def number(self, node: Expr) -> Known:
        """A number or day."""
        if node not in self._numbers:
            cases = self._cases(node)
            self._numbers[node] = super()._number(node) if cases is None else _listed(cases, _constant)
        return self._numbers[node]

    def text(self, node: Expr) -> Known:
        """A text's code."""
        if node not in self._texts:
            cases = self._cases(node)
            self._texts[node] = super()._text(node) if cases is None else _listed(cases, self._code)
        return self._texts[node]

    def _code(self, value: Value) -> Any:
        return z3.IntVal(self.codes.code(str(value)))

    def _list_known(self, node: Expr) -> Formula:
        cases = self._cases(node)
        return super()._list_known(node) if cases is None else _listed(cases, lambda _: 0).known

    def _field(self, path: str) -> Known:
        found = super()._field(path)
        return Known(True, found.value) if self.now.get(path) is not None else found

    def _mentions(self, node: Call) -> tuple[Formula, Any]:
        """Matches in a joined text are those in its parts, since no term reaches from one to the next."""
        text, terms = node.arguments
        assert isinstance(terms, Const)
        if terms.value is None:
            return False, z3.IntVal(0)
        parts = self.parts(text)
        if all(self.reads.of(part) & self.symbolic for part in parts):
            return super()._mentions(node)
        known: list[Formula] = []
        count: Any = z3.IntVal(0)
        sought = scanner(term_list(self.scope.book, terms.value))
        for part in parts:
            cases = self._cases(part)
            if cases is None:  # free, or made from several fields
                known.append(self.known(part))
                unknown = self.fresh("mentions", "int")
                self.facts.append(unknown >= 0)
                count = count + unknown
                continue
            found = _listed([(w, _matches(sought, v)) for w, v in cases], lambda n: z3.IntVal(int(str(n))))
            known.append(_listed(cases, lambda _: 0).known)
            count = count + found.value
        return either(known), count


def _matches(sought: Any, value: Value) -> Any:
    pieces = (value,) if isinstance(value, str) else value
    return sum(sought.count(piece, 0) for piece in pieces) if isinstance(pieces, tuple) else 0


def _listed(cases: Sequence[tuple[Formula, Any]], term: Callable[[Any], Any]) -> Known:
    """One value of several; 0 where it is unknown."""
    known = either(when for when, value in cases if value is not None)
    result: Any = None
    for when, value in cases:
        if value is not None:
            here = term(value)
            result = here if result is None or when is True else z3.If(when, here, result)
    return Known(known, term(0) if result is None else result)


def _constant(value: Any) -> Any:
    return z3.BoolVal(value) if isinstance(value, bool) else number(float(value))
