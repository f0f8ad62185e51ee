"""Readings of personal data that are errors when a project is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import cast

from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.privacy import permit, trees_in, trees_of
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


@dataclass(frozen=True, slots=True)
class _Refusal:
    """Data that must not be read in a market from a day on until (not including) another."""

    market: str
    category: str
    first: date
    end: date
    permission: Permission | None


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
        self._boundaries: dict[tuple[str, str], tuple[date, ...]] = {}

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
        read = frozenset[str]().union(*(self._beneath(name) for t in trees_in(part) for name in names(t)))
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
            yield from trees_of(owner)

    # --- what is let be ---

    def _misuses(
        self, target: str, purpose: str, parts: list[tuple[Rule | Characteristic, frozenset[str]]]
    ) -> Iterator[Diagnostic]:
        found: dict[tuple[object, ...], _Misuse] = {}
        record = self.book.record_of(target)
        category = {n: f.personal for n, f in self.book.record_types[record].fields.items()}
        read = {cast(str, category[name]) for _, fields in parts for name in fields}
        for refusal in self._refusals(record, purpose, read):
            for part, fields in parts:
                names_of = [name for name in sorted(fields) if category[name] == refusal.category]
                for name in names_of if self._applies(part, refusal.market) else ():
                    if self._reads(target, part, name, refusal):
                        key = self._told_once(target, part, refusal.permission)
                        misuse = found.setdefault(key, _Misuse(target, part, purpose, refusal.permission))
                        misuse.fields[name] = misuse.markets[refusal.market] = None
        for misuse in found.values():
            yield self._told(misuse)

    def _refusals(self, record: str, purpose: str, categories: Iterable[str]) -> Iterator[_Refusal]:
        """What no record can let be read for a purpose: by market, category and span of days."""
        for market in self.book.regions.markets:
            days = self._privacy_days(market)
            for category in sorted(categories):
                for first, end in zip(days, (*days[1:], date.max), strict=True):
                    permission = self.book.regions.permission(market, purpose, category, first)
                    if permit(self.book, record, permission, purpose) == FALSE:
                        yield _Refusal(market, category, first, end, permission)

    def _applies(self, part: Rule | Characteristic, market: str) -> bool:
        lineage = set(self.book.regions.lineages[market])
        return all(lineage & regions for regions in (part.markets if isinstance(part, Rule) else ()))

    def _reads(self, target: str, part: Rule | Characteristic, name: str, refusal: _Refusal) -> bool:
        """Whether the part reads the field on any day of the refusal: a condition may switch it off there."""
        periods = part.periods if isinstance(part, Rule) else ()
        key = (target, refusal.market)
        if key not in self._boundaries:
            self._boundaries[key] = epochs(self.book, target, refusal.market).boundaries
        boundaries = self._boundaries[key]
        days = (refusal.first, *(day for day in boundaries if refusal.first < day < refusal.end))
        for day in days:
            if all(covers(period, day) for period in periods):
                read = names_read(self.book, target, part, refusal.market, day)
                # Of derived values the parts are among the names; what a score reads is not folded.
                if name in read or any(name in self._beneath(path) for path in read if "." in path):
                    return True
        return False

    def _privacy_days(self, market: str) -> tuple[date, ...]:
        """First days of the spans in which what a market says about privacy stays the same."""
        documents = (self.book.regions.documents[r] for r in self.book.regions.lineages[market])
        days = {day for document in documents for day in edges(document.model.privacy)}
        return (date.min, *sorted(days - {date.min}))

    def _told_once(
        self, target: str, part: Rule | Characteristic, permission: Permission | None
    ) -> tuple[object, ...]:
        """A forbidden reading is mended in the rule (or table); silence and missing consent in one place for all."""
        if permission is None:
            return (target,)
        if permission.entry.consent == "forbidden":
            return (_group(part), permission.span)
        return (target, permission.span)

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


def _group(part: Rule | Characteristic) -> str:
    """What is reported once: a rule, a whole table, a characteristic."""
    return part.table or part.ref if isinstance(part, Rule) else part.id


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
