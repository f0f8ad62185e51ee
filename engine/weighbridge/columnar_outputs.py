"""Combine policies over many records: what `combine` says of one, for every row of a chunk."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from weighbridge.bitmaps import RowSet, mask_of
from weighbridge.combine import EXCLUSIVE, POLICIES, Combiner, empty
from weighbridge.firings import Firings, Pairs, Rules
from weighbridge.rulebook import Output
from weighbridge.tree import Value
from weighbridge.vectors import NUMERIC, Coded, Numbers, Rows, Vector, code_type, take

WHOLE = 2.0**53


@dataclass(frozen=True, slots=True, eq=False)
class Conflicts:
    """Rows in which rules violate an output's `unique` or `any`, and those rules."""

    output: str
    policy: str
    rules: Mapping[int, tuple[int, ...]]


def counting(fired: Pairs, groups: NDArray[np.intp]) -> Pairs:
    """The fired rules that count: of a first-hit table (`groups` by rule, -1 for none) only its first row."""
    pairs = fired.in_order()
    group = groups[pairs.rules]
    inside = np.flatnonzero(group >= 0)
    if not len(inside):
        return pairs
    keys = pairs.rows[inside] * (int(groups.max()) + 1) + group[inside]
    _, first = np.unique(keys, return_index=True)
    keep = group < 0
    keep[inside[first]] = True
    return Pairs(pairs.rules[keep], pairs.rows[keep], ordered=True)


def still_waiting(undecided: Pairs, fired: Pairs, groups: NDArray[np.intp]) -> Pairs:
    """The undecided rules that count: not those behind the first hit of their table. `fired` as `counting` says."""
    undecided = undecided.in_order()
    group = groups[undecided.rules]
    if not len(undecided.rows) or not (group >= 0).any():
        return undecided
    span = int(groups.max()) + 1
    hit_group = groups[fired.rules]
    hit = hit_group >= 0
    keys = fired.rows[hit] * span + hit_group[hit]
    order = np.argsort(keys, kind="stable")
    keys, rules = keys[order], fired.rules[hit][order]
    wanted = undecided.rows * span + group
    at = np.searchsorted(keys, wanted)
    inside = np.minimum(at, len(keys) - 1) if len(keys) else at
    behind = np.zeros(len(wanted), np.bool_)
    if len(keys):
        behind = (at < len(keys)) & (keys[inside] == wanted) & (rules[inside] < undecided.rules)
    keep = (group < 0) | ~behind
    return Pairs(undecided.rules[keep], undecided.rows[keep], ordered=True)


Computed = Callable[[int, str, Rows], list[Value]]
"""(rule, output, rows) -> the values the rule sets the output to there."""


class OutputColumns:
    """Combines the outputs of one ruleset step over chunks."""

    def __init__(self, combiner: Combiner) -> None:
        self.combiner = combiner
        self.review = np.array([p == "review" for p in combiner.policies], np.bool_)
        self.fires = np.array([p == "fire" for p in combiner.policies], np.bool_)
        self.computing = {
            name: frozenset(
                i for i, r in enumerate(combiner.rules) if combiner.computes[i] and name in r.then
            )
            for name in combiner.outputs
        }
        self.entries = {name: _Constants(combiner, name, output) for name, output in combiner.outputs.items()}

    def combine(
        self, name: str, hits: Firings, waiting: Firings, computed: Computed, size: int
    ) -> tuple[Vector, Conflicts | None]:
        """An output's value in every row, and the violations of its policy."""
        output, constants = self.combiner.outputs[name], self.entries[name]
        acting = self._acting(hits, waiting)
        reviews = waiting.of(self.review).pairs.rows if self._asks_review(name) else None
        if reviews is None and not self.computing[name] and output.combine in _FAST:
            found = _FAST[output.combine](output, constants, acting, size)
            if found is not None:
                return found, None
        if reviews is None and not self.computing[name]:
            return self._combine_constants(name, acting.pairs.in_order(), size)
        return self._combine_each(name, acting.pairs.in_order(), reviews, computed, size)

    def _asks_review(self, name: str) -> bool:
        combiner = self.combiner
        return name == "verdict" and combiner.levels is not None and combiner.review_rank >= 0

    def worst(self, hits: Firings, waiting: Firings, size: int) -> Coded | None:
        """The verdict where it is the worst of constants: no order is needed for it."""
        combiner = self.combiner
        if combiner.levels is None or self.computing["verdict"]:
            return None
        ranks = self.entries["verdict"].ranks
        acting = self._acting(hits, waiting)
        at = {combiner.review_rank: [waiting.rows(self.review)]} if combiner.review_rank >= 0 else {}
        for rank in range(len(combiner.levels)):
            at.setdefault(rank, []).append(acting.rows(ranks == rank))
        return _ranked(combiner.levels, combiner.default_rank, at, size)

    def _acting(self, hits: Firings, waiting: Firings) -> Firings:
        """Fired rules, and undecided ones that act as if they had."""
        return hits.also(waiting.of(self.fires)) if self.fires.any() else hits

    def _combine_constants(self, name: str, acting: Pairs, size: int) -> tuple[Vector, Conflicts | None]:
        """Where rules set constants, equal lists of rules give equal values: each list is combined once."""
        output, constants = self.combiner.outputs[name], self.combiner.constants
        sets = self.entries[name].sets[acting.rules] if len(acting.rows) else np.zeros(0, np.bool_)
        rows, rules = acting.rows[sets], acting.rules[sets].astype(np.int32)
        starts = np.concatenate([[0], np.flatnonzero(rows[1:] != rows[:-1]) + 1]) if len(rows) else rows
        ends = np.concatenate([starts[1:], [len(rows)]]) if len(rows) else rows
        listed = rules.tobytes()
        values: list[Value] = [empty(output)]
        violated: dict[int, tuple[int, ...]] = {}
        known: dict[bytes, int] = {}
        codes: list[int] = []
        for start, end in zip((starts * 4).tolist(), (ends * 4).tolist(), strict=True):
            key = listed[start:end]
            code = known.get(key)
            if code is None:
                code = known[key] = len(values)
                entries = [(i, constants[i][name]) for i in np.frombuffer(key, np.int32).tolist()]
                if output.combine in EXCLUSIVE and _violated(output, entries):
                    violated[code] = tuple(rule for rule, _ in entries)
                    values.append(None)
                else:
                    values.append(POLICIES[output.combine]([value for _, value in entries], output))
            codes.append(code)
        placed = np.zeros(size, np.int32)
        placed[rows[starts] if len(rows) else rows] = codes
        conflicts = (
            {row: violated[c] for row, c in enumerate(placed.tolist()) if c in violated} if violated else {}
        )
        taken = take(_vector(values, output), placed.astype(np.intp))
        return taken, Conflicts(name, output.combine, conflicts) if conflicts else None

    def _combine_each(
        self,
        name: str,
        acting: Pairs,
        reviews: Rows | None,
        computed: Computed,
        size: int,
    ) -> tuple[Vector, Conflicts | None]:
        """Row by row, by the policies' own implementations; equal lists of rules are combined once."""
        output = self.combiner.outputs[name]
        rows, rules = acting.rows, acting.rules
        values = self._entry_values(name, rows, rules, computed)
        per_row: dict[int, list[tuple[int, Value]]] = {}
        for row, rule, value in zip(rows.tolist(), rules.tolist(), values, strict=True):
            if value is not None:
                per_row.setdefault(row, []).append((rule, value))
        for row in [] if reviews is None else reviews.tolist():
            per_row.setdefault(row, []).append((-1, "review"))
        nothing = empty(output)
        found: list[Value] = [nothing] * size
        conflicts: dict[int, tuple[int, ...]] = {}
        kept: dict[Hashable, Value] = {}
        for row, entries in per_row.items():
            if output.combine in EXCLUSIVE and _violated(output, entries):
                conflicts[row] = tuple(rule for rule, _ in entries)
                found[row] = None
                continue
            # 0.0 and -0.0 are equal, yet an output shows which it is.
            key = tuple((rule, value, repr(value) if value == 0.0 else "") for rule, value in entries)
            if key not in kept:
                kept[key] = POLICIES[output.combine]([value for _, value in entries], output)
            found[row] = kept[key]
        vector = _vector(found, output)
        return vector, Conflicts(name, output.combine, conflicts) if conflicts else None

    def _entry_values(self, name: str, rows: Rows, rules: Rules, computed: Computed) -> list[Value]:
        constants = self.combiner.constants
        values: list[Value] = [constants[rule].get(name) for rule in rules.tolist()]
        for rule in self.computing[name]:
            at = np.flatnonzero(rules == rule)
            if len(at):
                for place, value in zip(at.tolist(), computed(rule, name, rows[at]), strict=True):
                    if value is not None:
                        values[place] = value
        return values


def _violated(output: Output, entries: Sequence[tuple[int, Value]]) -> bool:
    if len(entries) < 2:
        return False
    return output.combine == "unique" or any(value != entries[0][1] for _, value in entries[1:])


def _vector(values: list[Value], output: Output) -> Vector:
    if output.combine == "count" or (
        output.symbol.type in NUMERIC and output.combine not in ("collect", "set")
    ):
        return np.array([math.nan if v is None else v for v in values], np.float64)
    places: dict[Value, int] = {None: 0}
    codes = [places.setdefault(v, len(places)) for v in values]
    return Coded(np.array(codes, code_type(len(places))), list(places))


# --- policies over constants ----------------------------------------------------------------------------


class _Constants:
    """What rules set an output to, where that is the same in every row."""

    def __init__(self, combiner: Combiner, name: str, output: Output) -> None:
        values = [c.get(name) for c in combiner.constants]
        self.sets = np.array([v is not None for v in values], np.bool_)
        levels = output.symbol.allowed or ()
        rank = {level: i for i, level in enumerate(levels)}
        # Two bytes each: there is one per fired rule and row.
        self.ranks = np.array([rank.get(str(v), -1) for v in values], np.int16)
        amounts = [v if isinstance(v, float) else 0.0 for v in values]
        self.amounts = np.array(amounts, np.float64)
        self.whole = all(a.is_integer() for a in amounts) and sum(map(abs, amounts)) < WHOLE
        self.all_add = all(a > 0.0 for a in amounts)
        self.by_rule = _vector([*values, empty(output)], output) if output.combine == "first" else None
        """What each rule sets, and at the end what holds where none does."""


def _ranked(levels: Sequence[str], default: int, at: Mapping[int, Sequence[RowSet]], size: int) -> Coded:
    """The highest rank per row, of the rows `at` each rank; rows without any have the default's."""
    best = np.full(size, default, np.int16)
    for rank in sorted(at):
        for rows in at[rank]:
            if len(rows):
                np.copyto(best, np.int16(rank), where=mask_of(rows, size))
    return Coded((best + 1).astype(code_type(len(levels) + 1)), [None, *levels], False)


def _worst(output: Output, constants: _Constants, acting: Firings, size: int) -> Vector | None:
    levels = output.symbol.allowed
    if not levels:
        return None
    default = levels.index(output.default) if isinstance(output.default, str) else -1
    at = {rank: [acting.rows(constants.ranks == rank)] for rank in range(len(levels))}
    return _ranked(levels, default, at, size)


def _best(output: Output, constants: _Constants, acting: Firings, size: int) -> Vector | None:
    levels = output.symbol.allowed
    if not levels:
        return None
    last = len(levels) - 1
    default = last - levels.index(output.default) if isinstance(output.default, str) else -1
    at = {last - rank: [acting.rows(constants.ranks == rank)] for rank in range(len(levels))}
    found = _ranked(levels, default, at, size)
    return Coded(found.codes, [None, *reversed(levels)])


def _count(output: Output, constants: _Constants, acting: Firings, size: int) -> Vector:
    found: Numbers = acting.count(constants.sets).astype(np.float64)
    nothing = empty(output)
    found[found == 0.0] = nothing if isinstance(nothing, float) else 0.0
    return found


def _sum(output: Output, constants: _Constants, acting: Firings, size: int) -> Vector | None:
    """Whole numbers only: of others the order of adding would show."""
    if not constants.whole:
        return None
    total = acting.total(constants.amounts)
    # Where every rule adds something above zero, nothing is added only where the sum is zero.
    none = total == 0.0 if constants.all_add else acting.count(constants.sets) == 0
    nothing = empty(output)
    total[none] = math.nan if nothing is None else nothing
    return total


def _first(output: Output, constants: _Constants, acting: Firings, size: int) -> Vector | None:
    assert constants.by_rule is not None
    pairs = acting.pairs.in_order()
    sets = constants.sets[pairs.rules]
    found = np.full(size, len(constants.sets), np.intp)
    # Of several values assigned to one place the last one stays.
    found[pairs.rows[sets][::-1]] = pairs.rules[sets][::-1]
    return take(constants.by_rule, found)


_FAST: dict[str, Callable[[Output, _Constants, Firings, int], Vector | None]] = {
    "worst": _worst,
    "best": _best,
    "count": _count,
    "sum": _sum,
    "first": _first,
}
"""Policies that need no list of values per row; None where these constants need the other way."""

__all__ = ["Conflicts", "OutputColumns", "counting", "still_waiting"]
