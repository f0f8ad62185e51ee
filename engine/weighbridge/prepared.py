"""A program with everything a decision made by it refers to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from weighbridge.combine import Combiner
from weighbridge.records import FieldReader, readers
from weighbridge.rulebook import Rule, Rulebook
from weighbridge.scalar import Program, TextScan, is_partial, term_list
from weighbridge.specialise import RulesetStep, Specialised
from weighbridge.tree import Name, Type, Value, names, walk


@dataclass(frozen=True, slots=True)
class Prepared:
    """One target in one market and epoch, ready to decide."""

    book: Rulebook
    special: Specialised
    program: Program
    target_step: RulesetStep | None
    combiner: Combiner | None
    readers: Mapping[str, FieldReader]
    _scans: dict[Value, TextScan] = field(default_factory=dict[Value, TextScan])
    _reads: dict[str, RuleReads] = field(default_factory=dict[str, "RuleReads"])
    _dependents: list[Dependents] = field(default_factory=list["Dependents"])

    def scan(self, terms: Value) -> TextScan:
        """The scanner of one term list, kept for the explanations that follow."""
        found = self._scans.get(terms)
        if found is None:
            # Two threads may both make it; either is right.
            found = self._scans[terms] = TextScan((term_list(self.book, terms),))
        return found

    def reads(self, rule: Rule) -> RuleReads:
        """What a rule's conditions read, worked out once."""
        found = self._reads.get(rule.ref)
        if found is None:
            found = self._reads[rule.ref] = _rule_reads(rule)
        return found

    def can_be_undecided(self, values: Mapping[str, Value]) -> list[int]:
        """Positions of the target's rules that may be undecided, given the values of names (None: unknown)."""
        if self.target_step is None:
            return []
        if not self._dependents:
            self._dependents.append(_dependents(self.target_step))
        dependents = self._dependents[0]
        found = set(dependents.always)
        for name, rules in dependents.by_name.items():
            if values[name] is None:
                found.update(rules)
        return sorted(found)


@dataclass(frozen=True, slots=True)
class RuleReads:
    """The names a rule's conditions read, as (canonical path, name as written, type)."""

    names: tuple[tuple[str, str, Type], ...]


@dataclass(frozen=True, slots=True)
class Dependents:
    """Rules by the names they read; `always`: those that can be undecided with every name known."""

    by_name: Mapping[str, tuple[int, ...]]
    always: tuple[int, ...]


def _rule_reads(rule: Rule) -> RuleReads:
    kinds = {n.path: n.type for c in rule.conditions for n in walk(c.tree) if isinstance(n, Name)}
    return RuleReads(tuple((path, path.rsplit("/", 1)[-1], kind) for path, kind in kinds.items()))


def _dependents(step: RulesetStep) -> Dependents:
    by_name: dict[str, list[int]] = {}
    for rule in step.rules:
        for name in names(rule.condition):
            by_name.setdefault(name, []).append(rule.index)
    always = tuple(r.index for r in step.rules if is_partial(r.condition))
    return Dependents({name: tuple(indices) for name, indices in by_name.items()}, always)


def prepare(book: Rulebook, special: Specialised) -> Prepared:
    """Compiles a specialised target."""
    last = special.steps[-1]
    step = last if isinstance(last, RulesetStep) else None
    program = Program(book, special)
    combiner = None if step is None else Combiner(step)
    return Prepared(book, special, program, step, combiner, readers(program.model))
