"""Personal data: what a decision may see of it, and which readings of it are errors.

A decision sees a personal field only where the market's regions let every purpose of the reading have it: the
purpose of what is decided, of the ruleset or scorecard that reads, and of those in between. Where they do not,
the field is unknown, as if the record did not carry it. In the specialised trees a field or derived value that
is seen with such a condition has a name of its own, `email@marketing`; its value is an ordinary step of the
program, so that every compiled form holds the same data back.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from weighbridge.documents import FieldModel
from weighbridge.regions import Permission
from weighbridge.rulebook import Characteristic, Derived, Output, Rule, Rulebook, Ruleset, Scorecard
from weighbridge.tree import (
    FALSE,
    SEEN_FOR,
    TRUE,
    Call,
    Const,
    Expr,
    IfElse,
    Name,
    Not,
    Type,
    conjunction,
    names,
    transform,
)

Names = Mapping[str, frozenset[str]]
"""Name -> the personal fields its value holds or is computed from."""


# ---- what is personal


def personal_names(
    fields: Mapping[str, FieldModel],
    derived: Iterable[Derived],
    rulesets: Iterable[tuple[Ruleset, Iterable[Rule]]],
) -> dict[str, frozenset[str]]:
    """The names over one record type that hold personal data. `rulesets` come with all their rules.

    A computed output may hold a field as it stands, so it is personal like a derived value; a score, a tier and
    an output with a fixed value are what was decided, not what was known.
    """
    found = {name: frozenset({name}) for name, field in fields.items() if field.personal is not None}
    if not found:
        return {}
    computed = [(d.path, d.tree) for d in derived]
    computed += [
        (f"{ruleset.id}.{name}", tree)
        for ruleset, rules in rulesets
        for rule in rules
        for name, tree in rule.then.items()
        if not isinstance(tree, Const)
    ]
    while True:
        before = dict(found)
        for path, tree in computed:
            read = frozenset[str]().union(*(found.get(name, frozenset()) for name in names(tree)))
            if read:
                found[path] = found.get(path, frozenset()) | read
        if found == before:
            return found


def personal_outputs(rules: Iterable[Rule], outputs: Mapping[str, Output], personal: Names) -> frozenset[str]:
    """The outputs that a rule computes from personal data, so that reports mask them."""
    return frozenset(
        name
        for rule in rules
        for name, tree in rule.then.items()
        if name in outputs and not isinstance(tree, Const) and not personal.keys().isdisjoint(names(tree))
    )


# ---- what a decision sees


def purposes_within(book: Rulebook, target: str) -> dict[str, frozenset[str]]:
    """For every ruleset and scorecard a target evaluates, the purposes its readings serve there."""
    found: dict[str, frozenset[str]] = {}
    pending: list[tuple[str, frozenset[str]]] = [(target, frozenset())]
    while pending:
        item, purposes = pending.pop()
        owner = book.rulesets.get(item) or book.scorecards[item]
        purposes |= {owner.purpose} if owner.purpose is not None else frozenset()
        if item in found and purposes <= found[item]:
            continue
        found[item] = found.get(item, frozenset()) | purposes
        pending += [(other, found[item]) for other in _needed(book, owner)]
    return found


def _needed(book: Rulebook, owner: Ruleset | Scorecard) -> set[str]:
    """The rulesets and scorecards whose results or rules are used, through derived values too."""
    found = set(owner.members) - {owner.id} if isinstance(owner, Ruleset) else set[str]()
    for name in _all_names(book, trees_of(owner)):
        head, dot, _ = name.partition(".")
        if dot and (head in book.rulesets or head in book.scorecards):
            found.add(head)
    return found - {owner.id}


def _all_names(book: Rulebook, trees: Iterable[Expr]) -> set[str]:
    """The names that trees read, and those that the derived values among them read in turn."""
    found: set[str] = set()
    pending = [name for tree in trees for name in names(tree)]
    while pending:
        name = pending.pop()
        if name not in found:
            found.add(name)
            if name in book.derived:
                pending += names(book.derived[name].tree)
    return found


def trees_of(owner: Ruleset | Scorecard) -> Iterator[Expr]:
    """Everything a scorecard reads, or the rules of a ruleset itself."""
    for part in owner.rules if isinstance(owner, Ruleset) else owner.characteristics:
        yield from trees_in(part)


def trees_in(part: Rule | Characteristic) -> Iterator[Expr]:
    """Everything a rule or characteristic reads: conditions, computed values, names in its reasons."""
    if isinstance(part, Rule):
        yield from (c.tree for c in part.conditions)
        yield from part.then.values()
    else:
        yield from (c.tree for c in (part.applies, part.value, part.points) if c is not None)
    yield from names_shown(part)


def names_shown(part: Rule | Characteristic) -> Iterator[Name]:
    """The names that the reasons of a rule or characteristic show."""
    of_bins = () if isinstance(part, Rule) else tuple(b.reason for b in part.bins)
    for templates in (part.reason, *of_bins):
        for template in templates.values():
            yield from template.names


def permit(book: Rulebook, record: str, permission: Permission | None, purpose: str) -> Expr:
    """Whether data may be read under one permission, as a condition over the record. No permission: never."""
    rule = None if permission is None else permission.entry.consent
    consent = book.consents.get(record, {}).get(purpose)
    if rule == "not_needed":
        return TRUE
    if rule == "opt_in" and consent is not None and consent.given is not None:
        return consent.given
    if rule == "opt_out" and consent is not None and consent.refused is not None:
        return Not(Call("coalesce", (consent.refused, FALSE), Type.BOOLEAN))
    return FALSE


@dataclass(frozen=True, slots=True)
class Sight:
    """What one target sees of personal data in one market and epoch.

    `contexts` gives for a ruleset or scorecard the purposes it reads for, where any field is held back for them
    ("marketing+profiling"); `permits` gives for these the condition under which each such field is seen.
    """

    contexts: Mapping[str, str]
    permits: Mapping[str, Mapping[str, Expr]]
    types: Mapping[str, Type]
    personal: Names
    derived: Mapping[str, Derived]
    _seen: dict[tuple[int, str], tuple[Expr, Expr]] = field(
        default_factory=dict[tuple[int, str], tuple[Expr, Expr]], repr=False
    )
    _definitions: dict[str, Expr | None] = field(default_factory=dict[str, "Expr | None"], repr=False)

    def path(self, path: str, context: str) -> str:
        """The name under which `path` is seen in a context: its own, where nothing of it is held back."""
        permits = self.permits.get(context)
        if permits is None or (path not in self.types and path not in self.derived):
            return path
        held_back = any(field in permits for field in self.personal.get(path, ()))
        return f"{path}{SEEN_FOR}{context}" if held_back else path

    def seen(self, tree: Expr, owner: str) -> Expr:
        """A tree as the rules of `owner` see it."""
        return self.within(tree, self.contexts.get(owner, ""))

    def within(self, tree: Expr, context: str) -> Expr:
        """A tree as it is seen in a context."""
        if context not in self.permits:
            return tree
        # One tree for one tree, kept with it, since explanations know the parts of trees by identity.
        known = self._seen.get((id(tree), context))
        if known is None:
            known = self._seen[id(tree), context] = tree, transform(tree, lambda n: self._renamed(n, context))
        return known[1]

    def _renamed(self, node: Expr, context: str) -> Expr:
        return Name(self.path(node.path, context), node.type, node.at) if isinstance(node, Name) else node

    def definition(self, path: str) -> Expr | None:
        """What gives a name of ours (`email@marketing`) its value; None for other names."""
        if SEEN_FOR not in path:
            return None
        if path not in self._definitions:
            self._definitions[path] = self._defined(path)
        return self._definitions[path]

    def _defined(self, path: str) -> Expr:
        base, _, context = path.partition(SEEN_FOR)
        if base in self.derived:
            return self.within(self.derived[base].tree, context)
        kind = self.types[base]
        condition = self.permits[context][base]
        nothing = Const(None, kind)
        return nothing if condition == FALSE else IfElse(condition, Name(base, kind), nothing)


def sight(book: Rulebook, target: str, market: str, day: date) -> Sight:
    """What `target` sees in `market` on every day of the epoch that holds `day`."""
    record = book.record_of(target)
    fields = book.record_types[record].fields
    personal = book.personal.get(record, {})
    contexts: dict[str, str] = {}
    permits: dict[str, dict[str, Expr]] = {}
    categories = {name: field.personal for name, field in fields.items() if field.personal is not None}
    if _holds_back(book, record, set(categories.values()), market, day):
        for owner, purposes in purposes_within(book, target).items():
            context = "+".join(sorted(purposes))
            if context not in permits:
                seen = {c: _permits(book, record, purposes, c, market, day) for c in set(categories.values())}
                permits[context] = {n: seen[c] for n, c in categories.items() if seen[c] != TRUE}
            if permits[context]:
                contexts[owner] = context
    kinds = {name: Type(field.type) for name, field in fields.items()}
    held_back = {context: fields for context, fields in permits.items() if fields}
    return Sight(contexts, held_back, kinds, personal, book.derived)


def _holds_back(book: Rulebook, record: str, categories: Iterable[str], market: str, day: date) -> bool:
    """Whether anything is held back here for any purpose that something about these records has."""
    stated = [(r.record, r.purpose) for r in book.rulesets.values()]
    stated += [(c.record, c.purpose) for c in book.scorecards.values()]
    purposes = {purpose for of, purpose in stated if of == record and purpose is not None}
    return any(_permits(book, record, {p}, c, market, day) != TRUE for p in purposes for c in categories)


def _permits(
    book: Rulebook, record: str, purposes: Iterable[str], category: str, market: str, day: date
) -> Expr:
    parts = [
        permit(book, record, book.regions.permission(market, purpose, category, day), purpose)
        for purpose in sorted(purposes)
    ]
    if FALSE in parts:
        return FALSE
    return conjunction(tuple(dict.fromkeys(part for part in parts if part != TRUE)))
