"""The columnar program: one target, market and epoch, deciding all records of a chunk at once.

It is made of the same specialised trees and normal forms as the scalar program and gives the same answers, bit
for bit. Programs of several markets made by one `Vectoriser` share what they have in common: a rule that means
the same in thirty markets is asked once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighbridge.columnar_outputs import Conflicts, OutputColumns, Pairs, counting, still_waiting
from weighbridge.columnar_scores import CardResult, card_names, card_operation
from weighbridge.combine import Combiner
from weighbridge.conditions import is_partial
from weighbridge.frames import Frame, Operation, rows_where
from weighbridge.index import build_index
from weighbridge.normal_form import when
from weighbridge.partition import Firings, partition
from weighbridge.rulebook import Rulebook
from weighbridge.specialise import DerivedStep, RulesetStep, ScoreStep, Specialised, SpecialRule
from weighbridge.tree import Const, Expr, Name, Value, names, walk
from weighbridge.vectoriser import Scope, Vectoriser, of_chunk
from weighbridge.vectors import Coded, Rows, Vector, values_of

NO_ROWS: Rows = np.empty(0, np.intp)
FEW_LACK = 8
"""Where one row in so many lacks something, all rows are asked: picking some out costs more."""
NO_PAIRS = Pairs(NO_ROWS, NO_ROWS)


@dataclass(slots=True, eq=False)
class RulesetResult:
    """What the rules of one step say of a chunk. `hits` and `waiting` count; `computed` is asked when needed."""

    program: RulesetProgram
    frame: Frame
    fired: Pairs
    hits: Pairs
    undecided: Pairs
    waiting: Pairs
    _outputs: dict[str, tuple[Vector, Conflicts | None]]

    def output(self, name: str) -> Vector:
        """An output's value per row."""
        return self._output(name)[0]

    def conflicts(self) -> list[Conflicts]:
        """Violated policies."""
        found = [self._output(name)[1] for name in self.program.exclusive]
        return [c for c in found if c is not None]

    def _output(self, name: str) -> tuple[Vector, Conflicts | None]:
        found = self._outputs.get(name)
        if found is None:
            found = self._outputs[name] = self.program.output(self, name)
        return found

    def verdict(self) -> Coded | None:
        """The verdict per row; None where the step gives none, or another kind of value."""
        program = self.program
        if "verdict" not in program.step.outputs:
            return None
        found = program.outputs.worst(self.hits, self.waiting, self.frame.size)
        if found is None:
            value = self.output("verdict")
            found = value if isinstance(value, Coded) else None
        return found


class RulesetProgram:
    """The rules of one ruleset step over frames."""

    def __init__(self, step: RulesetStep, scope: Scope) -> None:
        self.step = step
        self.combiner = Combiner(step)
        self.outputs = OutputColumns(self.combiner)
        self.exclusive = [name for name, o in step.outputs.items() if o.combine in ("unique", "any")]
        self.groups = self._table_numbers()
        self._trees = {
            (r.index, name): scope.value(t)
            for r in step.rules
            for name, t in r.then.items()
            if not isinstance(t, Const)
        }
        formulas = [(r.index, when(r.condition, True)) for r in step.rules]
        groups, straight = build_index(formulas, lambda text, terms: _place(scope, text, terms))
        self._partitions = [partition(group, scope) for group in groups]
        tests = dict(formulas)
        self._rows = [(index, _rows_operation(scope.test(tests[index]), scope)) for index in straight]
        undecidable = [(r, found) for r in step.rules if (found := _undecidable(r, scope)) is not None]
        self._loud = [(r.index, found) for r, found in undecidable if r.rule.if_unknown != "skip"]
        self._quiet = [(r.index, found) for r, found in undecidable if r.rule.if_unknown == "skip"]

    def _table_numbers(self) -> NDArray[np.intp]:
        """For each rule the number of its first-hit table, -1 for none."""
        numbers: dict[str, int] = {}
        groups = self.combiner.groups
        return np.array(
            [
                numbers.setdefault(groups[r.index], len(numbers)) if r.index in groups else -1
                for r in self.step.rules
            ],
            np.intp,
        )

    def run(self, frame: Frame) -> RulesetResult:
        """Asks all rules about a chunk."""
        firings = Firings()
        for index, rows in self._rows:
            firings.add(index, frame.get(rows))
        for ask in self._partitions:
            ask(frame, firings)
        fired = Pairs(*firings.pairs())
        undecided = _undecided_pairs(self._loud, frame)
        hits, waiting = fired, undecided
        if self.combiner.groups:
            hits = counting(fired, self.groups)
            waiting = still_waiting(undecided, hits, self.groups)
        return RulesetResult(self, frame, fired, hits, undecided, waiting, {})

    def all_undecided(self, result: RulesetResult) -> Pairs:
        """Every rule that could not be decided, whatever its `if_unknown`, where no first hit stands before it."""
        found = _undecided_pairs([*self._loud, *self._quiet], result.frame)
        return still_waiting(found, result.hits, self.groups) if self.combiner.groups else found

    def output(self, result: RulesetResult, name: str) -> tuple[Vector, Conflicts | None]:
        """An output's value per row, and violations of its policy."""

        return self.outputs.combine(
            name,
            result.hits,
            result.waiting,
            lambda rule, output, rows: self.computed(result, rule, output, rows),
            result.frame.size,
        )

    def computed(self, result: RulesetResult, rule: int, output: str, rows: Rows) -> list[Value]:
        """What a rule sets an output to in some rows, where that depends on the record."""
        tree = self._trees.get((rule, output))
        if tree is None:
            return [None] * len(rows)
        part = Frame(len(rows), {}, result.frame, rows)
        return values_of(part.vector(tree), len(rows))


def _place(scope: Scope, text: Expr, terms: Expr) -> int:
    assert isinstance(terms, Const)
    found = scope.value(text)
    place = scope.place(found, terms.value)
    scope.mentions(found, place)
    return place


def _rows_operation(test: Operation, scope: Scope) -> Operation:
    """Where a rule fires, found once for all markets in which it means the same."""
    return scope.vectoriser.operation(("rows", test), lambda f: rows_where(f.mask(test)), whole=True)


def _undecidable(rule: SpecialRule, scope: Scope) -> Operation | None:
    """Where a rule is undecided: asked only in rows that lack something it reads; None where it cannot be."""
    paths = sorted(names(rule.condition) - {"as_of"})
    partial = is_partial(rule.condition)
    if not paths and not partial:
        return None
    kinds = {n.path: n for n in walk(rule.condition) if isinstance(n, Name)}
    lacking = [scope.missing(scope.value(kinds[path])) for path in paths]
    yes, no = scope.test(when(rule.condition, True)), scope.test(when(rule.condition, False))
    key = ("undecided", None if partial else tuple(lacking), yes, no)

    def run(frame: Frame) -> Rows:
        part = frame if partial else frame.part(("lacking", *lacking), lambda: _any_rows(frame, lacking))
        if not part.size:
            return NO_ROWS
        if part.size * FEW_LACK > frame.size:
            part = frame
        unsettled = ~(part.mask(yes) | part.mask(no))
        if part is frame:
            return rows_where(unsettled)
        assert isinstance(part.rows, np.ndarray)
        found: Rows = part.rows[unsettled]
        return found

    return scope.vectoriser.operation(key, run, whole=True)


def _any_rows(frame: Frame, tests: Sequence[Operation]) -> Rows:
    found = frame.mask(tests[0])
    for test in tests[1:]:
        found = found | frame.mask(test)
    return rows_where(found)


def _undecided_pairs(asked: Sequence[tuple[int, Operation]], frame: Frame) -> Pairs:
    firings = Firings()
    for index, rows in asked:
        firings.add(index, frame.get(rows))
    return Pairs(*firings.pairs())


@dataclass(frozen=True, slots=True, eq=False)
class ChunkResult:
    """What a program says of a chunk: scores by card, and the target's rules (None for a scorecard)."""

    scores: Mapping[str, CardResult]
    ruleset: RulesetResult | None


class ColumnarProgram:
    """One target, market and epoch over frames.

    `fields` are the fields it reads. Frames hold a vector for each of them, and `as_of`.
    """

    def __init__(self, book: Rulebook, special: Specialised, vectoriser: Vectoriser) -> None:
        self.special = special
        names_: dict[str, Operation] = {}
        scope = vectoriser.scope(names_, book)
        self._cards: dict[str, Operation] = {}
        self._target: RulesetProgram | None = None
        for step in special.steps:
            match step:
                case DerivedStep(path, tree):
                    names_[path] = scope.value(tree)
                case ScoreStep(card):
                    self._cards[card.id] = card_operation(card, scope)
                    names_.update(card_names(card, scope))
                case RulesetStep():
                    program = RulesetProgram(step, scope)
                    if step is special.steps[-1]:
                        self._target = program
                    else:
                        names_.update(_output_names(program, scope))

    def run(self, frame: Frame) -> ChunkResult:
        """Decides a chunk."""
        scores = {card: of_chunk(frame, operation) for card, operation in self._cards.items()}
        return ChunkResult(scores, None if self._target is None else self._target.run(frame))


def _output_names(program: RulesetProgram, scope: Scope) -> dict[str, Operation]:
    """The outputs of a ruleset that others read."""
    result = scope.vectoriser.operation(("ruleset", id(program)), program.run, whole=True)

    def part(name: str) -> Operation:
        return scope.vectoriser.operation(
            ("output", name, result), lambda f: of_chunk(f, result).output(name), whole=True
        )

    return {f"{program.step.ruleset.id}.{name}": part(name) for name in program.step.outputs}


def result_values(result: RulesetResult, name: str) -> list[Any]:
    """An output's values, row by row; None is unknown."""
    return values_of(result.output(name), result.frame.size)
