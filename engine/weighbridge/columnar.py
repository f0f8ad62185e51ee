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

from weighbridge.bit_tests import BitTests, rows_of
from weighbridge.bitmaps import RowSet, number_of, places
from weighbridge.columnar_outputs import Conflicts, OutputColumns, counting, still_waiting
from weighbridge.columnar_scores import CardResult, card_names, card_operation
from weighbridge.combine import Combiner
from weighbridge.firings import NO_ROWS, Firings
from weighbridge.frames import Frame, Operation
from weighbridge.index import Group, buckets, build_index
from weighbridge.partition import partition
from weighbridge.rulebook import Rulebook
from weighbridge.specialise import DerivedStep, RulesetStep, ScoreStep, Specialised, SpecialRule
from weighbridge.tree import Const, Expr, Value
from weighbridge.vectoriser import Scope, Vectoriser, of_chunk
from weighbridge.vectors import Coded, Rows, Vector, values_of

FEW = 512
"""So many rules with a common kind of key are asked of all rows, which by bitmaps costs less than grouping rows."""
FEW_PLAIN = 48
"""The same of rules for which to look the key up is all there is to do."""
FEW_LACK = 64
"""Where one row in so many lacks something a rule reads, all are asked whether it is undecided."""
FEW_LACK_INDEXED = 8
"""The same of rules that are not asked of all rows where they fire."""


@dataclass(slots=True, eq=False)
class RulesetResult:
    """What the rules of one step say of a chunk. `hits` and `waiting` count; `computed` is asked when needed."""

    program: RulesetProgram
    frame: Frame
    fired: Firings
    hits: Firings
    undecided: Firings
    waiting: Firings
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
        keys = {r.index: r.facts.keys for r in step.rules}
        groups, _ = build_index(keys, lambda text, terms: _place(scope, text, terms))
        bits = BitTests(scope)
        loud = frozenset(r.index for r in step.rules if r.rule.if_unknown != "skip")
        found = [g for g in groups if _worth_finding(g)]
        self._partitions = [partition(group, scope) for group in found]
        indexed = frozenset(rule for group in found for rule in group.rules)
        self._rows = [(r.index, bits.test(r.facts.holds)) for r in step.rules if r.index not in indexed]
        undecidable = [
            (r.index, asked)
            for r in step.rules
            if (asked := _undecidable(r, scope, bits, r.index in indexed)) is not None
        ]
        self._loud = [(index, asked) for index, asked in undecidable if index in loud]
        self._quiet = [(index, asked) for index, asked in undecidable if index not in loud]

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
        fired = Firings(frame.size)
        for index, rows in self._rows:
            fired.add(index, frame.get(rows))
        for ask in self._partitions:
            ask(frame, fired)
        undecided = _undecided(self._loud, frame)
        hits, waiting = fired, undecided
        if self.combiner.groups:
            hits = Firings.of_pairs(counting(fired.pairs, self.groups), frame.size)
            waiting = self._not_behind(undecided, hits)
        return RulesetResult(self, frame, fired, hits, undecided, waiting, {})

    def all_undecided(self, result: RulesetResult) -> Firings:
        """Every rule that could not be decided, whatever its `if_unknown`, where no first hit stands before it."""
        found = _undecided([*self._loud, *self._quiet], result.frame)
        return self._not_behind(found, result.hits) if self.combiner.groups else found

    def _not_behind(self, undecided: Firings, hits: Firings) -> Firings:
        waits = still_waiting(undecided.pairs, hits.pairs, self.groups)
        return Firings.of_pairs(waits, undecided.size)

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


def _worth_finding(group: Group) -> bool:
    """Whether rows are grouped by what these rules test, and not all rules asked of all rows."""
    plain = not any(bucket.residual for bucket in buckets(group))
    return group.kind == "mentions" or len(group.rules) > (FEW_PLAIN if plain else FEW)


def _undecidable(rule: SpecialRule, scope: Scope, bits: BitTests, indexed: bool) -> Operation | None:
    """Where a rule is undecided; None where it cannot be.

    Where few rows lack something it reads only these are asked: very few, if where it fires is known of all rows.
    """
    unsettled = bits.undecided(rule.facts)
    if rule.facts.is_partial:
        return unsettled
    read = [name for name in rule.facts.names if name.path != "as_of"]
    if not read:
        return None
    lacking = bits.lacking(read)
    few = FEW_LACK_INDEXED if indexed else FEW_LACK

    def run(frame: Frame) -> RowSet:
        lack = rows_of(frame, lacking)
        count = number_of(lack)
        if not count:
            return NO_ROWS
        if count * few > frame.size:
            return rows_of(frame, unsettled)
        part = frame.part(lacking, lambda: places(lack, frame.size))
        assert isinstance(part.rows, np.ndarray)
        return part.rows[places(rows_of(part, unsettled), part.size)]

    return scope.vectoriser.operation(("undecided of few", lacking, unsettled, few), run, whole=True)


def _undecided(asked: Sequence[tuple[int, Operation]], frame: Frame) -> Firings:
    found = Firings(frame.size)
    for rule, rows in asked:
        found.add(rule, frame.get(rows))
    return found


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
