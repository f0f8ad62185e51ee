"""Readings of personal data that are errors when a project is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.documents import PeriodModel
from weighbridge.privacy import permit, readings, rule_trees
from weighbridge.regions import Permission, covers, edges
from weighbridge.rulebook import Characteristic, Rule, Rulebook, Ruleset, Scorecard
from weighbridge.specialise import epochs, names_read
from weighbridge.tree import FALSE, Expr, names

MOST_NAMED = 6
"""Markets and fields a message names; of more it says how many."""


def privacy_problems(book: Rulebook) -> Iterator[Diagnostic]:
    """An error for every reading of personal data that has no purpose, or that a market does not let be."""
    if any(book.personal.values()):
        yield from _Checker(book).problems()


@dataclass(slots=True)
class _Misuse:
    """What is read against one entry of a region: the first rule that does, the fields, the markets."""

    target: str
    part: Rule | Characteristic
    purpose: str
    permission: Permission | None
    fields: dict[str, None] = field(default_factory=dict[str, None])
    markets: dict[str, None] = field(default_factory=dict[str, None])


class _Checker:
    def __init__(self, book: Rulebook) -> None:
        self.book = book
        self._sources: dict[str, frozenset[str]] = {}
        self._days: dict[str, tuple[date, ...]] = {}
        self._refused: dict[tuple[str, str, str, str, date], tuple[bool, Permission | None]] = {}

    def problems(self) -> Iterator[Diagnostic]:
        for target in (*self.book.rulesets, *self.book.scorecards):
            if not self.book.personal.get(self.book.record_of(target)):
                continue
            owner = self.book.rulesets.get(target) or self.book.scorecards[target]
            parts = [(p, fields) for p in self._parts(owner) if (fields := self._read(p, owner.record))]
            own = [(p, f) for p, f in parts if not isinstance(p, Rule) or p.ruleset == target]
            if owner.purpose is not None:
                yield from self._misuses(target, owner.purpose, parts)
            elif own:
                part, fields = own[0]
                yield _without_purpose(owner, part, min(fields))

    def _parts(self, owner: Ruleset | Scorecard) -> Iterable[Rule | Characteristic]:
        return self.book.rules_of(owner.id) if isinstance(owner, Ruleset) else owner.characteristics

    # --- what is read ---

    def _read(self, part: Rule | Characteristic, record: str) -> frozenset[str]:
        """The personal fields beneath everything a rule or characteristic reads."""
        trees = rule_trees(part) if isinstance(part, Rule) else _characteristic_trees(part)
        read = frozenset[str]().union(*(self._beneath(name) for tree in trees for name in names(tree)))
        fields = self.book.record_types[record].fields
        return frozenset(n for n in read if n in fields and fields[n].personal is not None)

    def _beneath(self, name: str) -> frozenset[str]:
        """The names a name's value comes from, through derived values, scores and outputs; itself among them."""
        if name not in self._sources:
            seen: set[str] = set()
            pending = [name]
            while pending:
                path = pending.pop()
                if path not in seen:
                    seen.add(path)
                    pending += [n for tree in self._trees(path) for n in names(tree)]
            self._sources[name] = frozenset(seen)
        return self._sources[name]

    def _trees(self, path: str) -> Iterator[Expr]:
        book = self.book
        if path in book.derived:
            yield book.derived[path].tree
        head, dot, _ = path.partition(".")
        owners: list[Ruleset | Scorecard] = []
        if dot and head in book.rulesets:
            owners += [book.rulesets[member] for member in book.rulesets[head].members]
        elif dot and head in book.scorecards:
            owners.append(book.scorecards[head])
        for owner in owners:
            yield from (tree for _, tree in readings(owner))

    # --- what is let be ---

    def _misuses(
        self, target: str, purpose: str, parts: Iterable[tuple[Rule | Characteristic, frozenset[str]]]
    ) -> Iterator[Diagnostic]:
        found: dict[tuple[object, ...], _Misuse] = {}
        for part, fields in parts:
            for market in self._markets(part):
                for name in sorted(fields):
                    for day in self._suspect_days(target, part, market, purpose, name):
                        permission = self._verdict(target, purpose, name, market, day)[1]
                        key = self._told_once(target, part, permission)
                        misuse = found.setdefault(key, _Misuse(target, part, purpose, permission))
                        misuse.fields[name] = misuse.markets[market] = None
        for misuse in found.values():
            yield self._told(misuse)

    def _told_once(
        self, target: str, part: Rule | Characteristic, permission: Permission | None
    ) -> tuple[object, ...]:
        """A forbidden reading is mended in the rule (or table); silence and missing consent in one place for all."""
        if permission is None:
            return (target,)
        if permission.entry.consent == "forbidden":
            return (_group(part), permission.span)
        return (target, permission.span)

    def _markets(self, part: Rule | Characteristic) -> Iterator[str]:
        wanted = part.markets if isinstance(part, Rule) else ()
        for market in self.book.regions.markets:
            lineage = set(self.book.regions.lineages[market])
            if all(lineage & regions for regions in wanted):
                yield market

    def _suspect_days(
        self, target: str, part: Rule | Characteristic, market: str, purpose: str, name: str
    ) -> Iterator[date]:
        """First days of the spans on which the part really reads a field that it must not."""
        periods = part.periods if isinstance(part, Rule) else ()
        for day in sorted({*self._privacy_days(market), *(d for d in edges(periods))}):
            if not self._verdict(target, purpose, name, market, day)[0]:
                continue
            # The condition may switch the rule off here, on some days or on all.
            spans = epochs(self.book, target, market)
            last = min((d for d in self._privacy_days(market) if d > day), default=date.max)
            days = [day, *(d for d in spans.boundaries if day < d < last)]
            if any(self._reads_on(target, part, market, d, name) for d in days if _in_force(periods, d)):
                yield day

    def _reads_on(self, target: str, part: Rule | Characteristic, market: str, day: date, name: str) -> bool:
        return any(name in self._beneath(path) for path in names_read(self.book, target, part, market, day))

    def _privacy_days(self, market: str) -> tuple[date, ...]:
        """Days on which what a market says about privacy begins to differ."""
        if market not in self._days:
            documents = (self.book.regions.documents[r] for r in self.book.regions.lineages[market])
            days = {day for document in documents for day in edges(document.model.privacy)}
            self._days[market] = (date.min, *sorted(days - {date.min}))
        return self._days[market]

    def _verdict(
        self, target: str, purpose: str, name: str, market: str, day: date
    ) -> tuple[bool, Permission | None]:
        """(whether no record could ever be read, what the regions say)."""
        key = (target, purpose, name, market, day)
        if key not in self._refused:
            record = self.book.record_of(target)
            category = cast(str, self.book.record_types[record].fields[name].personal)
            permission = self.book.regions.permission(market, purpose, category, day)
            refused = permit(self.book, record, permission, purpose) == FALSE
            self._refused[key] = refused, permission
        return self._refused[key]

    # --- what is said ---

    def _told(self, misuse: _Misuse) -> Diagnostic:
        target, permission, purpose = misuse.target, misuse.permission, misuse.purpose
        record = self.book.record_of(target)
        fields = self.book.record_types[record].fields
        part, where = misuse.part, _listed(misuse.markets)
        ref = part.ref if isinstance(part, Rule) else f"{target}.{part.id}"
        read = _listed(f"{name} ({fields[name].personal} data)" for name in misuse.fields)
        reads = f"{ref} reads {read} for {purpose}"
        span = self._place(part, next(iter(misuse.fields)))
        if permission is None:
            message = f"{reads}, and no region says whether that is allowed ({where})"
            expected = f"an entry for {purpose} under `privacy` in the region or one it extends"
            return Diagnostic("WB352", message, span, expected=expected)
        related = () if permission.span is None else ((_cited(permission), permission.span),)
        if permission.entry.consent == "forbidden":
            message = f"{reads}, which {permission.region} forbids ({where})"
            expected = "a rule without this field, or `markets` where it may be read, or another purpose if it is one"
            return Diagnostic("WB351", message, span, expected=expected, related=related)
        side = "given" if permission.entry.consent == "opt_in" else "refused"
        message = (
            f"{reads}, which takes consent ({permission.entry.consent}) in {where}, and no record tells it"
        )
        expected = f"`{side}` under consents: {purpose} of the record type {record}"
        return Diagnostic("WB353", message, span, expected=expected, related=related)

    def _place(self, part: Rule | Characteristic, name: str) -> Span | None:
        """The condition that reads the field; the rule itself where something else does."""
        if isinstance(part, Rule):
            conditions = part.conditions
        else:
            conditions = tuple(c for c in (part.applies, part.value, part.points) if c is not None)
        for condition in conditions:
            if any(name in self._beneath(path) for path in names(condition.tree)):
                return condition.span
        return part.span


def _without_purpose(owner: Ruleset | Scorecard, part: Rule | Characteristic, name: str) -> Diagnostic:
    ref = part.ref if isinstance(part, Rule) else part.id
    related = () if part.span is None else ((f"{ref} reads {name}", part.span),)
    message = f"{owner.id} reads personal data ({name}) and does not say what for"
    return Diagnostic(
        "WB350", message, owner.span, expected="`purpose`: what it decides for", related=related
    )


def _characteristic_trees(line: Characteristic) -> Iterator[Expr]:
    yield from (c.tree for c in (line.applies, line.value, line.points) if c is not None)
    for texts in (line.reason, *(b.reason for b in line.bins)):
        yield from (name for template in texts.values() for name in template.names)


def _group(part: Rule | Characteristic) -> str:
    """What is reported once: a rule, a whole table, a characteristic."""
    return part.table or part.ref if isinstance(part, Rule) else part.id


def _in_force(periods: Iterable[PeriodModel], day: date) -> bool:
    return all(covers(period, day) for period in periods)


def _listed(names: Iterable[str]) -> str:
    found = sorted(names)
    shown = ", ".join(found[:MOST_NAMED])
    more = len(found) - MOST_NAMED
    return shown + (f" and {more} more" if more > 0 else "")


def _cited(permission: Permission) -> str:
    source = permission.entry.source
    unconfirmed = source is not None and source.confidence == "needs_check"
    return f"{permission.region} says so here" + (
        "" if source is None else f": {source.citation}" + (" (unconfirmed)" if unconfirmed else "")
    )
