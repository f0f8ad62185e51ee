"""Mutants: small changes of rules and scorecards, each of which some scenario should notice."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal

from weighbridge.rulebook import MILLI, Rule, Scorecard
from weighbridge.tree import (
    FALSE,
    NEGATED,
    And,
    Call,
    Compare,
    CompareOp,
    Const,
    Expr,
    Or,
    Type,
    children,
    conjunction,
    rebuild,
)
from weighbridge.unparse import unparse

BOUNDARY: dict[CompareOp, CompareOp] = {"<": "<=", "<=": "<", ">": ">=", ">=": ">"}


@dataclass(frozen=True, slots=True)
class RuleMutant:
    """A rule with another condition, or (`everywhere`) without its markets. `change` says in words what differs."""

    rule: Rule
    change: str
    condition: Expr
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class CardMutant:
    """A scorecard with one weight, bound or number of points changed."""

    card: Scorecard
    change: str
    mutated: Scorecard


def rule_mutants(rule: Rule) -> Iterator[RuleMutant]:
    """Every mutant of a rule, none twice."""
    whole = conjunction(tuple(c.tree for c in rule.conditions))
    seen = {whole}
    yield RuleMutant(rule, "rule removed", FALSE)
    for change, tree in _changed(whole):
        if tree not in seen:
            seen.add(tree)
            yield RuleMutant(rule, change, tree)
    if rule.markets:
        yield RuleMutant(rule, "in force in every market", whole, everywhere=True)


def _changed(node: Expr) -> Iterator[tuple[str, Expr]]:
    """(what was changed, the tree with that one change), for every node of a tree."""
    yield from _changed_here(node)
    parts = children(node)
    for index, part in enumerate(parts):
        for change, other in _changed(part):
            yield change, rebuild(node, (*parts[:index], other, *parts[index + 1 :]))


def _changed_here(node: Expr) -> Iterator[tuple[str, Expr]]:
    match node:
        case And(operands) | Or(operands):
            for part in operands:
                left = tuple(p for p in operands if p is not part)
                yield f"without `{unparse(part)}`", left[0] if len(left) == 1 else type(node)(left)
        case Compare(op, _, right) if node.left.type in (Type.NUMBER, Type.DATE):
            if op in BOUNDARY:
                yield _told(node, replace(node, op=BOUNDARY[op]))
            yield _told(node, replace(node, op=NEGATED[op]))
            if isinstance(right, Const) and isinstance(right.value, float):
                step = step_of(right.value) if right.type is Type.NUMBER else 1.0
                for moved in (right.value + step, right.value - step):
                    yield _told(node, replace(node, right=replace(right, value=_tidy(moved))))
        case Compare(op):
            yield _told(node, replace(node, op=NEGATED[op]))
        case Call("mentions" | "count_mentions", (text, Const(terms))) if isinstance(terms, tuple):
            middle = len(terms) // 2
            for kept, lost in ((terms[:middle], terms[middle:]), (terms[middle:], terms[:middle])):
                if kept and lost:
                    smaller = Const(kept, Type.TERMS)
                    yield f"without the terms {', '.join(lost)}", replace(node, arguments=(text, smaller))
        case _:
            return


def _moved(test: Expr) -> Iterator[tuple[str, Expr]]:
    """The changes of a bin's bounds. Lower bounds of bins that follow another are bounds of that one."""
    parts = test.operands if isinstance(test, And) else (test,)
    upper = [p for p in parts if isinstance(p, Compare) and p.op in ("<", "<=")]
    for part in upper or parts:
        for change, other in _changed_here(part):
            if isinstance(part, Compare) and isinstance(other, Compare) and other.op != NEGATED[part.op]:
                moved = tuple(other if p is part else p for p in parts)
                yield change, conjunction(moved)


def _told(old: Expr, new: Expr) -> tuple[str, Expr]:
    return f"`{unparse(old)}` becomes `{unparse(new)}`", new


def step_of(value: float) -> float:
    """One step of a threshold: one in its last decimal, as it is written."""
    exponent = Decimal(repr(value)).normalize().as_tuple().exponent
    return 10.0 ** min(0, exponent if isinstance(exponent, int) else 0)


def _tidy(value: float) -> float:
    """Without the rounding of the step."""
    return round(value, 12)


def card_mutants(card: Scorecard) -> Iterator[CardMutant]:
    """Every mutant of a scorecard: weights, points, bounds of bins and tiers."""
    lines = card.characteristics
    for index, line in enumerate(lines):

        def with_line(changed: object, index: int = index) -> Scorecard:
            return replace(card, characteristics=(*lines[:index], changed, *lines[index + 1 :]))  # type: ignore[arg-type]

        if line.weight:
            more = line.weight * 2
            told = f"{line.id} weighs {more / MILLI:g} instead of {line.weight / MILLI:g}"
            yield CardMutant(card, told, with_line(replace(line, weight=more)))
        for number, band in enumerate(line.bins):
            if band.test is None:
                continue
            for change, test in _moved(band.test):
                bins = (*line.bins[:number], replace(band, test=test), *line.bins[number + 1 :])
                yield CardMutant(card, f"{line.id}: {change}", with_line(replace(line, bins=bins)))
    for index, tier in enumerate(card.tiers):
        if index == 0:
            continue
        for moved in (tier.at_least + 1, tier.at_least - 1):
            tiers = (*card.tiers[:index], replace(tier, at_least=moved), *card.tiers[index + 1 :])
            told = f"tier {tier.id} from {moved:g} instead of {tier.at_least:g}"
            yield CardMutant(card, told, replace(card, tiers=tiers))
