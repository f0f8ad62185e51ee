"""Combine policies: several rules' values for one output become one.

The policies cover DMN's hit policies. `unique` and `any` can be violated: then the output is unknown and the
violation is an error finding, never a silent first hit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from weighbridge.rulebook import Output
from weighbridge.specialise import RulesetStep
from weighbridge.tree import Const, Type, Value

Entry = tuple[int, Any]
"""(position of the rule, the known value it sets)."""


EXCLUSIVE = ("unique", "any")
"""Policies that rules can violate."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """A violated `unique` or `any`: the output and the rules (positions) that disagree."""

    output: str
    policy: str
    rules: tuple[int, ...]


def _first(values: Sequence[Any], output: Output) -> Value:
    return cast(Value, values[0])


def _ranked(values: Sequence[Any], output: Output, choose: Callable[..., Any]) -> Value:
    if len(values) == 1:
        return cast(Value, values[0])
    return cast(Value, choose(values, key=(output.symbol.allowed or ()).index))


def _flat(values: Sequence[Any]) -> list[str]:
    return [v for value in values for v in (value if isinstance(value, tuple) else (value,))]


POLICIES: dict[str, Callable[[Sequence[Any], Output], Value]] = {
    "first": _first,
    "unique": _first,
    "any": _first,
    "worst": lambda values, output: _ranked(values, output, max),
    "best": lambda values, output: _ranked(values, output, min),
    "collect": lambda values, _: tuple(_flat(values)),
    "set": lambda values, _: tuple(dict.fromkeys(_flat(values))),
    # fsum rounds once, so the order of rules does not change the sum.
    "sum": lambda values, _: _sum(values),
    "min": lambda values, _: cast(Value, min(values)),
    "max": lambda values, _: cast(Value, max(values)),
    "count": lambda values, _: float(len(values)),
}
"""What several known values (at least one, in rule order) become."""


def _sum(values: Sequence[float]) -> float | None:
    try:
        total = math.fsum(values)
    except (OverflowError, ValueError):  # beyond the largest number, or both infinities
        return None
    return None if math.isnan(total) else total


class Combiner:
    """Combines the outputs of one ruleset step."""

    def __init__(self, step: RulesetStep) -> None:
        self.outputs = step.outputs
        self.rules = step.rules
        self.groups = {r.index: r.rule.group for r in step.rules if r.rule.group is not None}
        self.constants: list[Mapping[str, Value]] = [
            {
                n: t.value
                for n, t in r.then.items()
                if isinstance(t, Const) and t.value is not None and n in step.outputs
            }
            for r in step.rules
        ]
        self.columns = [
            (name, output, [c.get(name) for c in self.constants], empty(output), POLICIES[output.combine])
            for name, output in step.outputs.items()
        ]
        self.refs = [r.rule.ref for r in step.rules]
        # Outputs whose values look different to users than to the engine.
        self.shown = {
            name: output.symbol.type
            for name, output in step.outputs.items()
            if output.symbol.type in (Type.DATE, Type.TEXTS) or output.combine in ("collect", "set")
        }
        self.computes = [any(not isinstance(t, Const) for t in r.then.values()) for r in step.rules]
        self.policies = [r.rule.if_unknown for r in step.rules]
        verdict = step.outputs.get("verdict")
        self.levels: tuple[str, ...] | None = None
        if verdict is not None and verdict.combine == "worst" and verdict.symbol.allowed:
            self.levels = verdict.symbol.allowed
            rank = {level: i for i, level in enumerate(self.levels)}
            self.ranks = [rank.get(str(c.get("verdict")), -1) for c in self.constants]
            self.default_rank = rank.get(str(verdict.default), -1)
            self.review_rank = rank.get("review", -1)

    def hits(self, fired: Sequence[int]) -> Sequence[int]:
        """The fired rules that count: of a first-hit table only its first row."""
        if not self.groups:
            return fired
        taken: set[str] = set()
        kept: list[int] = []
        for i in fired:
            group = self.groups.get(i)
            if group is None or group not in taken:
                kept.append(i)
                if group is not None:
                    taken.add(group)
        return kept

    def waiting(self, fired: Sequence[int], undecided: Sequence[int]) -> Sequence[int]:
        """The undecided rules that count: not those behind the first hit of their table."""
        if not self.groups or not undecided:
            return undecided
        first: dict[str | None, int] = {}
        for i in fired:
            first.setdefault(self.groups.get(i), i)
        return [i for i in undecided if (g := self.groups.get(i)) is None or i < first.get(g, i + 1)]

    def verdict(
        self, fired: Sequence[int], undecided: Sequence[int], computed: Mapping[Any, Any]
    ) -> str | None:
        """The verdict alone, fast where it is the worst of constants."""
        if self.levels is None or computed or self.groups:
            value = self.values(fired, undecided, computed).get("verdict")
            return value if isinstance(value, str) else None
        ranks, best = self.ranks, -1
        for i in fired:
            if ranks[i] > best:
                best = ranks[i]
        for i in undecided:
            rank = self.review_rank if self.policies[i] == "review" else ranks[i]
            if rank > best:
                best = rank
        best = best if best >= 0 else self.default_rank
        return self.levels[best] if best >= 0 else None

    def values(
        self, fired: Sequence[int], undecided: Sequence[int], computed: Mapping[tuple[int, str], Value]
    ) -> dict[str, Value]:
        """Every output's value; None is unknown."""
        return self.combine(fired, undecided, computed)[0]

    def combine(
        self, fired: Sequence[int], undecided: Sequence[int], computed: Mapping[tuple[int, str], Value]
    ) -> tuple[dict[str, Value], tuple[Conflict, ...]]:
        """Every output's value, and the violated policies."""
        if not undecided and not computed and not self.groups:
            return self._combine_constants(fired)
        hits = self.hits(fired)
        waiting = self.waiting(fired, undecided)
        acting = sorted({*hits, *(i for i in waiting if self.policies[i] == "fire")})
        entries: dict[str, list[Entry]] = {name: [] for name in self.outputs}
        for i in acting:
            for name, value in self.rule_values(i, computed).items():
                entries[name].append((i, value))
        if self.levels is not None and self.review_rank >= 0:
            entries["verdict"] += [(i, "review") for i in waiting if self.policies[i] == "review"]
        values: dict[str, Value] = {}
        conflicts: list[Conflict] = []
        for name, output in self.outputs.items():
            found = entries[name]
            conflict = _conflict(output, found)
            if conflict is not None:
                conflicts.append(conflict)
                values[name] = None
            elif found:
                values[name] = POLICIES[output.combine]([value for _, value in found], output)
            else:
                values[name] = empty(output)
        return values, tuple(conflicts)

    def _combine_constants(self, fired: Sequence[int]) -> tuple[dict[str, Value], tuple[Conflict, ...]]:
        """`combine` where every value is a constant of its rule: one look-up per fired rule and output."""
        values: dict[str, Value] = {}
        conflicts: tuple[Conflict, ...] = ()
        for name, output, column, empty, combined in self.columns:
            found = [v for i in fired if (v := column[i]) is not None]
            if not found:
                values[name] = empty
            elif output.combine in EXCLUSIVE and (
                conflict := _conflict(output, [(i, column[i]) for i in fired if column[i] is not None])
            ):
                conflicts += (conflict,)
                values[name] = None
            else:
                values[name] = combined(found, output)
        return values, conflicts

    def rule_values(self, index: int, computed: Mapping[tuple[int, str], Value]) -> dict[str, Value]:
        """The known values one rule sets."""
        if not self.computes[index]:
            return dict(self.constants[index])
        found = dict(self.constants[index])
        for name in self.rules[index].then:
            value = computed.get((index, name))
            if value is not None and value == value and name in self.outputs:
                found[name] = value
        return found


def empty(output: Output) -> Value:
    """The value of an output that no rule sets."""
    if output.default is not None:
        return output.default
    if output.combine in ("collect", "set"):
        return ()
    return 0.0 if output.combine == "count" else None


def _conflict(output: Output, entries: Sequence[Entry]) -> Conflict | None:
    if len(entries) < 2 or output.combine not in EXCLUSIVE:
        return None
    violated = output.combine == "unique" or any(value != entries[0][1] for _, value in entries[1:])
    return Conflict(output.name, output.combine, tuple(i for i, _ in entries)) if violated else None
