"""Edges: whether scenarios stand close to every limit of the rules, on both sides, and where data is missing.

Coverage says that a rule fired and a bin was hit. A limit moved by a little can still go unnoticed, and so can
a rule that says nothing where its data is missing. So three more things are counted:

- *edge*: on each side of every bound of a bin or tier, a case with a value near it;
- *near miss*: for every rule a case in which it just does not fire: one condition is in the way, and where
  that compares numbers, by little;
- *missing*: for every rule that one missing field makes undecided, a case in which it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from weighbridge.decisions import Decision
from weighbridge.diagnostics import Span
from weighbridge.engine import Engine
from weighbridge.evaluate import COMPARISONS, Evaluator
from weighbridge.normal_form import NEVER, when
from weighbridge.rulebook import Bin, Characteristic, Rule, Scorecard
from weighbridge.specialise import ScoreStep
from weighbridge.tree import And, Compare, Const, Expr, Or, Type, names, walk

NEAR = 0.05
"""A value is near a bound that it differs from by this share of it."""

ROUNDING = 1e-9
"""What computing a value may add to its distance."""

NEAR_SCORE = 5.0
"""A score is near the bound of a tier that it differs from by this many points: the same share of 0 to 100."""


@dataclass(frozen=True, slots=True)
class Edge:
    """One thing that a case should stand at. `hint` says what such a case looks like."""

    kind: str
    name: str
    hint: str
    span: Span | None
    met: bool


@dataclass(slots=True)
class _Seen:
    """What the cases of one rule have shown so far; `fired` is one decision in which it fired."""

    near: bool = False
    missing: bool = False
    fired: Decision | None = None


@dataclass(slots=True)
class Edges:
    """Counts the edges that decisions stand at; `count` each decision, then ask for `items`."""

    engine: Engine
    _rules: dict[str, _Seen] = field(default_factory=dict[str, _Seen])
    _values: dict[tuple[str, str], dict[float, int]] = field(
        default_factory=dict[tuple[str, str], dict[float, int]]
    )
    _scores: dict[str, set[float]] = field(default_factory=dict[str, set[float]])

    def count(self, decision: Decision) -> None:
        """Takes note of one case."""
        explainer = decision._explain()
        step = decision._prepared.target_step
        fired = frozenset(decision.fired)
        for special in () if step is None else step.rules:
            seen = self._rules.setdefault(special.rule.ref, _Seen())
            if seen.fired is None and special.rule.ref in fired:
                seen.fired = decision
            if not (seen.near and seen.missing):
                holds = explainer.evaluator.value(special.condition)
                seen.missing = seen.missing or holds is None
                seen.near = seen.near or (
                    holds is False and just_fails(special.condition, explainer.evaluator)
                )
        for part in decision._prepared.special.steps:
            if isinstance(part, ScoreStep):
                self._count_card(part.card, decision, explainer.evaluator)

    def _count_card(self, card: Scorecard, decision: Decision, evaluator: Evaluator) -> None:
        score = decision.scores[card.id].value
        if score is not None:
            self._scores.setdefault(card.id, set()).add(score)
        for line in card.characteristics:
            applies = line.applies is None or evaluator.value(line.applies.tree) is True
            value = evaluator.value(line.value.tree) if applies and line.value is not None else None
            if isinstance(value, float):
                self._values.setdefault((card.id, line.id), {})[value] = _bin(line, evaluator)

    def items(self) -> tuple[Edge, ...]:
        """Every edge of the project, in order of definition, and whether a case stands at it."""
        return (*self._rule_edges(), *self._card_edges())

    def _rule_edges(self) -> Iterator[Edge]:
        for ruleset in self.engine.book.rulesets.values():
            for rule in ruleset.rules:
                if rule.enabled:
                    seen = self._rules.get(rule.ref, _Seen())
                    if _can_fail(rule):
                        hint = "a case in which it just does not fire"
                        yield Edge("near miss", rule.ref, hint, rule.span, seen.near)
                    deciding = () if seen.missing else self._deciding(rule, seen)
                    if seen.missing or deciding:
                        hint = "a case without " + " or ".join(deciding)
                        yield Edge("missing", rule.ref, hint, rule.span, seen.missing)

    def _deciding(self, rule: Rule, seen: _Seen) -> tuple[str, ...]:
        """The fields without which the case that fires the rule leaves it undecided."""
        if seen.fired is None:
            return ()
        case = seen.fired
        required = {n for n, f in case._prepared.program.model.fields.items() if f.required}
        present = [n for n in self._fields(rule) if n in case.record and n not in required]
        return tuple(n for n in present if self._is_undecided_without(rule, case, n))

    def _is_undecided_without(self, rule: Rule, case: Decision, name: str) -> bool:
        record = {k: v for k, v in case.record.items() if k != name}
        again = self.engine.decide(case.target, record, market=case.market, as_of=case.as_of)
        return rule.ref in again.unknown

    def _fields(self, rule: Rule) -> list[str]:
        """The fields a rule's conditions read, themselves or through derived values, sorted."""
        found: set[str] = set()
        pending = [path for c in rule.conditions for path in names(c.tree)]
        while pending:
            path = pending.pop()
            if path not in found:
                found.add(path)
                derived = self.engine.book.derived.get(path)
                pending += names(derived.tree) if derived is not None else ()
        return sorted(found)

    def _card_edges(self) -> Iterator[Edge]:
        for card in self.engine.book.scorecards.values():
            for line in card.characteristics:
                seen = self._values.get((card.id, line.id), {})
                yield from _bin_edges(card, line, seen)
            scores = self._scores.get(card.id, set())
            for tier in card.tiers[1:]:
                low = tier.at_least
                above = any(low <= s <= low + NEAR_SCORE for s in scores)
                below = any(low - NEAR_SCORE <= s < low for s in scores)
                yield Edge("edge", f"{card.id}.{tier.id} from", f"a score from {low:g}", tier.span, above)
                yield Edge(
                    "edge", f"{card.id}.{tier.id} below", f"a score just below {low:g}", tier.span, below
                )


def _bin_edges(card: Scorecard, line: Characteristic, seen: Mapping[float, int]) -> Iterator[Edge]:
    bounds = sorted({b for band in line.bins for b in _bounds(band)})
    counts = all(v.is_integer() for v in (*seen, *bounds))
    for bound in bounds:
        step = max(abs(bound) * NEAR, 1.0 if counts else (bounds[-1] - bounds[0]) * NEAR)
        at = bound in seen
        beside = at and any(
            0 < abs(v - bound) <= step + ROUNDING and number != seen[bound] for v, number in seen.items()
        )
        name = f"{card.id}.{line.id} {bound:g}"
        yield Edge("edge", f"{name} at", f"a value of exactly {bound:g}", line.span, at)
        if _divides(line, bound, step):
            hint = f"a value just beyond {bound:g}, in the other bin"
            yield Edge("edge", f"{name} beside", hint, line.span, beside)


def _divides(line: Characteristic, bound: float, step: float) -> bool:
    """Whether a bound lies between two bins.

    It does not where no bin lies beyond it, nor at the lower end of a scale: there only the bin for the rest
    lies beyond, which stands for what is above the scale.
    """
    below, above = (
        next((n for n, band in enumerate(line.bins) if _accepts(band, value)), None)
        for value in (bound - step, bound + step)
    )
    lowest = bound == min(b for band in line.bins for b in _bounds(band))
    rest = below is not None and line.bins[below].test is None
    return below is not None and above is not None and not (lowest and rest)


def _accepts(band: Bin, value: float) -> bool:
    compared = () if band.test is None else [n for n in walk(band.test) if isinstance(n, Compare)]
    return all(
        isinstance(n.right, Const)
        and isinstance(n.right.value, float)
        and COMPARISONS[n.op](value, n.right.value)
        for n in compared
    )


def _bin(line: Characteristic, evaluator: Evaluator) -> int:
    """The number of the bin the current value falls in; -1 for none."""
    for number, band in enumerate(line.bins):
        if band.test is None or evaluator.value(band.test) is True:
            return number
    return -1


def _bounds(band: Bin) -> Iterator[float]:
    """The numbers a bin's test compares with."""
    for node in () if band.test is None else walk(band.test):
        if isinstance(node, Compare) and isinstance(node.right, Const) and node.op not in ("==", "!="):
            assert isinstance(node.right.value, float)
            yield node.right.value


def just_fails(tree: Expr, evaluator: Evaluator) -> bool:
    """Whether a condition that is false nearly holds: one operand of `and` is in the way, and that nearly holds.

    Numbers and days nearly fit when they are one unit, or a share of `NEAR`, off; anything else does by itself.
    """
    match tree:
        case And(operands):
            failing = [o for o in operands if evaluator.value(o) is not True]
            return (
                len(failing) == 1
                and evaluator.value(failing[0]) is False
                and just_fails(failing[0], evaluator)
            )
        case Or(operands):
            return any(just_fails(o, evaluator) for o in operands)
        case Compare(op, left, right) if op not in ("==", "!=") and left.type in (Type.NUMBER, Type.DATE):
            a, b = evaluator.value(left), evaluator.value(right)
            return isinstance(a, float) and isinstance(b, float) and _near(a, b)
        case _:
            return True


def _can_fail(rule: Rule) -> bool:
    """Whether a rule can be known not to fire: one that only asks for evidence fires or is undecided."""
    return any(when(c.tree, False) != NEVER for c in rule.conditions)


def _near(a: float, b: float) -> bool:
    unit = 1.0 if a.is_integer() and b.is_integer() else 0.0
    return abs(a - b) <= max(unit, NEAR * max(abs(a), abs(b))) + ROUNDING
