"""A program with everything a decision made by it refers to."""

from __future__ import annotations

from dataclasses import dataclass

from weighbridge.combine import Combiner
from weighbridge.rulebook import Rulebook
from weighbridge.scalar import Program
from weighbridge.specialise import RulesetStep, Specialised


@dataclass(frozen=True, slots=True)
class Prepared:
    """One target in one market and epoch, ready to decide."""

    book: Rulebook
    special: Specialised
    program: Program
    target_step: RulesetStep | None
    combiner: Combiner | None


def prepare(book: Rulebook, special: Specialised) -> Prepared:
    """Compiles a specialised target."""
    last = special.steps[-1]
    step = last if isinstance(last, RulesetStep) else None
    return Prepared(book, special, Program(book, special), step, None if step is None else Combiner(step))
