"""A program with everything a decision made by it refers to."""

from __future__ import annotations

from dataclasses import dataclass, field

from weighbridge.combine import Combiner
from weighbridge.rulebook import Rulebook
from weighbridge.scalar import Program, TextScan, term_list
from weighbridge.specialise import RulesetStep, Specialised
from weighbridge.tree import Value


@dataclass(frozen=True, slots=True)
class Prepared:
    """One target in one market and epoch, ready to decide."""

    book: Rulebook
    special: Specialised
    program: Program
    target_step: RulesetStep | None
    combiner: Combiner | None
    _scans: dict[Value, TextScan] = field(default_factory=dict[Value, TextScan])

    def scan(self, terms: Value) -> TextScan:
        """The scanner of one term list, kept for the explanations that follow."""
        found = self._scans.get(terms)
        if found is None:
            # Two threads may both make it; either is right.
            found = self._scans[terms] = TextScan((term_list(self.book, terms),))
        return found


def prepare(book: Rulebook, special: Specialised) -> Prepared:
    """Compiles a specialised target."""
    last = special.steps[-1]
    step = last if isinstance(last, RulesetStep) else None
    return Prepared(book, special, Program(book, special), step, None if step is None else Combiner(step))
