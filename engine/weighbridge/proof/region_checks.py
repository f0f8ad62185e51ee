"""Proof about regions: parameters, weights and overrides that set what holds anyway, or concern nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from weighbridge.diagnostics import Span
from weighbridge.documents import PeriodModel, RuleOverride
from weighbridge.proof.report import Report
from weighbridge.regions import Region, covers, parameter_value
from weighbridge.rulebook import MILLI, Rule, Rulebook
from weighbridge.tree import Type

Finding = tuple[str, Span, str, tuple[tuple[str, Span | None], ...]]


def check_regions(report: Report) -> None:
    """WB813 for every region."""
    book = report.prover.engine.book
    rules = {r.ref: r for s in book.rulesets.values() for r in s.rules}
    for region, document in report.prover.engine.project.regions.items():
        lineage = book.regions.lineages[region]
        found = [*_parameters(book, document, lineage), *_weights(book, document, lineage)]
        found += _overrides(book, document, rules)
        for message, span, expected, related in found:
            report.find("WB813", message, span, expected, related=related)


def _always(entries: Any) -> Any:
    """The only entry of a dated list that holds on every day; None of one that changes."""
    plain = len(entries) == 1 and entries[0].from_ is None and entries[0].to is None
    return entries[0] if plain else None


def _parameters(book: Rulebook, document: Region, lineage: tuple[str, ...]) -> Iterator[Finding]:
    """A parameter set to what the region above says on every day.

    A region that extends several may well choose between them by repeating one's value.
    """
    if len(document.model.extends) != 1:
        return
    for name, entries in document.model.parameters.items():
        entry = _always(entries)
        above = _nearest(book, lineage[1:], name)
        if entry is None or above is None:
            continue
        value, owner = above
        if parameter_value(entry.value, Type(book.regions.declared[name].type)) == value:
            message = f"{document.id} sets {name} to what {owner.id} gives it anyway"
            related = ((f"{owner.id} sets it here", owner.span("parameters", name)),)
            yield message, document.span("parameters", name, key=True), "another value, or no entry", related


def _nearest(book: Rulebook, lineage: tuple[str, ...], name: str) -> tuple[Any, Region] | None:
    """The value that the nearest region above gives on every day."""
    for region in lineage:
        owner = book.regions.documents[region]
        entries = owner.model.parameters.get(name, ())
        if entries:
            entry = _always(entries)
            kind = Type(book.regions.declared[name].type)
            return None if entry is None else (parameter_value(entry.value, kind), owner)
    return None


def _weights(book: Rulebook, document: Region, lineage: tuple[str, ...]) -> Iterator[Finding]:
    """A weight set to the scorecard's own, where no region above sets another."""
    for card, weights in document.model.weights.items():
        usual = {c.id: c.weight for c in book.scorecards[card].characteristics}
        above = [book.regions.documents[r].model.weights.get(card, {}) for r in lineage[1:]]
        changed = False
        for name, entries in weights.items():
            entry = _always(entries)
            same = entry is not None and round(float(entry.value) * MILLI) == usual.get(name)
            changed = changed or not same or any(name in w for w in above)
        if weights and not changed:
            message = f"{document.id} sets the weights of {card} to what they are anyway"
            related = ((f"{card} is weighted here", book.scorecards[card].span),)
            yield message, document.span("weights", card, key=True), "other weights, or no entry", related


def _overrides(book: Rulebook, document: Region, rules: dict[str, Rule]) -> Iterator[Finding]:
    """An override in whose markets, or on whose days, its rule is never in force."""
    markets = [m for m in book.regions.markets if document.id in book.regions.lineages[m]]
    for index, override in enumerate(document.model.overrides):
        rule = rules.get(override.rule) if isinstance(override, RuleOverride) else None
        if rule is None:
            continue
        lineages = [frozenset(book.regions.lineages[m]) for m in markets]
        related = ((f"{rule.ref} is written here", rule.span),)
        span = document.span("overrides", index)
        if not any(all(lineage & wanted for wanted in rule.markets) for lineage in lineages):
            message = f"the override of {rule.ref} in {document.id} concerns no market in which the rule is in force"
            yield message, span, "a rule of these markets", related
        elif not _meet([override, *rule.periods]):
            message = (
                f"the override of {rule.ref} in {document.id} holds on no day on which the rule is in force"
            )
            yield message, span, "days of the rule", related


def _meet(periods: list[PeriodModel]) -> bool:
    """Whether some day lies in all periods."""
    days = [p.from_ for p in periods if p.from_ is not None] or [p.to or date.min for p in periods]
    return any(all(covers(p, day) for p in periods) for day in days)
