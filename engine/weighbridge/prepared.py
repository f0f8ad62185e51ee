"""A program with everything a decision made by it refers to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from weighbridge.combine import Combiner
from weighbridge.masking import Masks, masks
from weighbridge.privacy import personal_outputs
from weighbridge.records import FieldReader, readers
from weighbridge.rulebook import Rule, Rulebook, has_mention
from weighbridge.scalar import Program, TextScan, term_list
from weighbridge.specialise import RulesetStep, Specialised
from weighbridge.tree import Expr, Name, Type, Value, names, walk, written

MOST_REASONS = 10_000


@dataclass(frozen=True, slots=True)
class Prepared:
    """One target in one market and epoch, ready to decide."""

    book: Rulebook
    special: Specialised
    program: Program
    target_step: RulesetStep | None
    combiner: Combiner | None
    readers: Mapping[str, FieldReader]
    masks: Masks
    personal_outputs: frozenset[str]
    """The outputs of the target that are computed from personal data."""
    _scans: dict[Value, TextScan] = field(default_factory=dict[Value, TextScan])
    _reads: dict[str, RuleReads] = field(default_factory=dict[str, "RuleReads"])
    _dependents: list[Dependents] = field(default_factory=list["Dependents"])
    _unknown: list[tuple[dict[str, Value], frozenset[int]]] = field(
        default_factory=list[tuple[dict[str, Value], frozenset[int]]]
    )
    """The last values of all names that conditions read, and the rules that were undecided with them."""
    _beneath: dict[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    _names: dict[int, tuple[Expr, tuple[str, ...]]] = field(
        default_factory=dict[int, "tuple[Expr, tuple[str, ...]]"]
    )
    _undecided: dict[tuple[str, tuple[str, ...]], Mapping[str, str]] = field(
        default_factory=dict[tuple[str, tuple[str, ...]], Mapping[str, str]]
    )

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
            mentions = any(self._looks_for_terms(c.tree) for c in rule.conditions)
            found = self._reads[rule.ref] = RuleReads(_names_read(rule), mentions)
        return found

    def _looks_for_terms(self, tree: Expr) -> bool:
        """Whether a condition, or a derived value it reads, looks for terms."""
        derived = (name for path in names(tree) for name in self.beneath(path))
        return has_mention(tree) or any(has_mention(self.book.derived[name].tree) for name in derived)

    def beneath(self, path: str) -> tuple[str, ...]:
        """The derived value `path` and those it is computed from, each after those it needs."""
        found = self._beneath.get(path)
        if found is None:
            derived = self.book.derived
            needed: set[str] = set()
            pending = [path]
            while pending:
                name = pending.pop()
                if name in derived and name not in needed:
                    needed.add(name)
                    pending += names(derived[name].tree)
            found = self._beneath[path] = tuple(name for name in derived if name in needed)
        return found

    def names_in(self, tree: Expr) -> tuple[str, ...]:
        """The names a part of a rule reads, sorted; worked out once for each part of the program's trees."""
        known = self._names.get(id(tree))
        if known is None:
            known = self._names[id(tree)] = (tree, tuple(sorted(names(tree))))
        return known[1]

    def undecided_reason(
        self,
        rule: Rule,
        missing: tuple[str, ...],
        write: Callable[[Rule, tuple[str, ...]], Mapping[str, str]],
    ) -> Mapping[str, str]:
        """`write(rule, missing)`, kept: the same evidence is missing from record after record."""
        found = self._undecided.get((rule.ref, missing))
        if found is None:
            if len(self._undecided) >= MOST_REASONS:
                self._undecided.clear()
            found = self._undecided[rule.ref, missing] = write(rule, missing)
        return found

    def undecided(self, values: Mapping[str, Value], value: Callable[[Expr], Value]) -> list[int]:
        """Positions of the target's rules whose conditions are unknown, given the values of names (None: unknown).

        `value` evaluates a condition. What was found last is kept with the values it was found for: who changes one
        field of a record asks again only the rules that read it.
        """
        step = self.target_step
        if step is None:
            return []
        if not self._dependents:
            self._dependents.append(_dependents(step))
        dependents = self._dependents[0]
        seen = {name: values[name] for name in dependents.by_name}
        asked = {i for name, rules in dependents.by_name.items() if seen[name] is None for i in rules}
        asked |= dependents.always
        known = self._unknown[0] if self._unknown else None
        kept: frozenset[int] = frozenset()
        if known is not None:
            differs = (rules for name, rules in dependents.by_name.items() if known[0][name] != seen[name])
            again = {i for rules in differs for i in rules}
            kept, asked = known[1] - again, asked & again
        found = kept.union(i for i in asked if value(step.rules[i].condition) is None)
        self._unknown[:] = [(seen, found)]
        return sorted(found)


@dataclass(frozen=True, slots=True)
class RuleReads:
    """The names that a rule's conditions read, as (canonical path, name as written, type).

    `mentions`: they look for terms, themselves or through derived values.
    """

    names: tuple[tuple[str, str, Type], ...]
    mentions: bool


@dataclass(frozen=True, slots=True)
class Dependents:
    """Rules by the names they read; `always`: those that can be undecided with every name known."""

    by_name: Mapping[str, tuple[int, ...]]
    always: frozenset[int]


def _names_read(rule: Rule) -> tuple[tuple[str, str, Type], ...]:
    kinds = {n.path: n.type for c in rule.conditions for n in walk(c.tree) if isinstance(n, Name)}
    return tuple((path, written(path), kind) for path, kind in kinds.items())


def _dependents(step: RulesetStep) -> Dependents:
    by_name: dict[str, list[int]] = {}
    for rule in step.rules:
        for name in rule.facts.paths:
            by_name.setdefault(name, []).append(rule.index)
    always = frozenset(r.index for r in step.rules if r.facts.is_partial)
    return Dependents({name: tuple(indices) for name, indices in by_name.items()}, always)


def prepare(book: Rulebook, special: Specialised, masking: Masks | None = None) -> Prepared:
    """Compiles a specialised target. `masking` names personal keys in reports; by default the process's own."""
    last = special.steps[-1]
    step = last if isinstance(last, RulesetStep) else None
    program = Program(book, special)
    combiner = None if step is None else Combiner(step)
    hidden: frozenset[str] = frozenset()
    if step is not None and special.sight.personal:
        hidden = personal_outputs((r.rule for r in step.rules), step.outputs, special.sight.personal)
    return Prepared(
        book, special, program, step, combiner, readers(program.model), masking or masks(), hidden
    )
