"""What could be written in a text field instead: concrete acts, each with the text that comes out.

Terms that conditions look for are taken out or put in, values that conditions compare with are set, what is
missing is stated. A known value is never left out: to hide what a rule asks for is no way to meet it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from weighbridge.documents import FieldModel
from weighbridge.folding import is_unspaced
from weighbridge.proof.scope import Scope
from weighbridge.proof.texts import scanner
from weighbridge.proof.witness import PLAIN
from weighbridge.rulebook import Scorecard
from weighbridge.scalar import term_list
from weighbridge.specialise import DerivedStep, RulesetStep, card_trees
from weighbridge.terms import TermList
from weighbridge.tree import (
    And,
    Call,
    Compare,
    Const,
    Contains,
    Expr,
    IfElse,
    Member,
    Name,
    Not,
    Or,
    Type,
    children,
)

MOST_ACTS = 24
"""Acts on one field that are considered; those that reach farthest stand last and are left out first."""

MOST_TOGETHER = 6
"""Entries or terms that one act adds together."""


@dataclass(frozen=True, slots=True)
class Act:
    """A value for a text field. `removed`, `added`: terms or entries; `free`: any other text would do."""

    value: Any
    removed: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    free: bool = False


@dataclass
class Asked:
    """What conditions ask of one text field."""

    constants: dict[str, None] = field(default_factory=dict[str, None])
    entries: dict[str, None] = field(default_factory=dict[str, None])
    unwanted: dict[TermList, None] = field(default_factory=dict[TermList, None])
    wanted: dict[TermList, None] = field(default_factory=dict[TermList, None])


class Questions:
    """What a set of conditions asks of the record's text fields."""

    def __init__(self, scope: Scope, parts: Any) -> None:
        self.scope = scope
        self.fields: dict[str, Asked] = {}
        """By field."""
        self._parts = parts
        self._seen: set[tuple[str, int]] = set()

    def add(self, tree: Expr, sign: int = 1) -> None:
        """Takes note of a tree that should be false (`sign` 1), true (-1), or either (0)."""
        match tree:
            case Not(operand):
                self.add(operand, -sign)
            case And(operands) | Or(operands):
                for part in operands:
                    self.add(part, sign)
            case IfElse(condition, then, other):
                self.add(condition, 0)
                self.add(then, sign)
                self.add(other, sign)
            case Name(path):
                self._name(path, sign)
            case Call("mentions" | "count_mentions", (text, Const(terms))) if terms is not None:
                self._terms(text, term_list(self.scope.book, terms), sign)
            case Call("coalesce" | "evidence", arguments):
                for part in arguments:
                    self.add(part, sign)
            case Compare(_, left, right) if left.type is Type.TEXT:
                self._compared(left, right)
                self._compared(right, left)
            case Member(item, values):
                self._constants(item, [v for v in values if isinstance(v, str)])
            case Contains(item, options):
                self._listed(item, options)
                self._listed(options, item)
            case Call("overlaps", (first, second)):
                self._listed(first, second)
                self._listed(second, first)
            case _:
                for part in children(tree):
                    self.add(part, 0)

    def _of(self, path: str) -> Asked:
        return self.fields.setdefault(path, Asked())

    def _name(self, path: str, sign: int) -> None:
        if (path, sign) in self._seen:
            return
        self._seen.add((path, sign))
        definition = self.scope.definition(path)
        if isinstance(definition, DerivedStep):
            self.add(definition.tree, sign)
        elif isinstance(definition, Scorecard):
            for tree in card_trees(definition):
                self.add(tree, 0)
        elif isinstance(definition, RulesetStep):
            for rule in definition.rules:
                self.add(rule.condition, 0)
        elif path in self.scope.model.fields:
            self._of(path)

    def _terms(self, text: Expr, terms: TermList, sign: int) -> None:
        for part in self._parts(text):
            if isinstance(part, Name) and part.path in self.scope.model.fields:
                asked = self._of(part.path)
                if sign >= 0:
                    asked.unwanted[terms] = None
                if sign <= 0:
                    asked.wanted[terms] = None

    def _compared(self, tree: Expr, other: Expr) -> None:
        if isinstance(other, Const) and isinstance(other.value, str):
            self._constants(tree, [other.value])
        else:
            self.add(tree, 0)

    def _constants(self, tree: Expr, texts: Iterable[str]) -> None:
        self.add(tree, 0)
        if isinstance(tree, Name) and tree.path in self.scope.model.fields:
            self._of(tree.path).constants |= dict.fromkeys(sorted(texts))

    def _listed(self, tree: Expr, other: Expr) -> None:
        self.add(tree, 0)
        if isinstance(tree, Name) and tree.path in self.scope.model.fields and isinstance(other, Const):
            texts = other.value if isinstance(other.value, tuple) else (other.value,)
            known = dict.fromkeys(t for t in texts if isinstance(t, str))
            asked = self._of(tree.path)
            if tree.type is Type.TEXTS:
                asked.entries |= known
            else:
                asked.constants |= known


def acts(model: FieldModel, current: Any, asked: Asked) -> tuple[Act, ...]:
    """What could stand in a field of texts instead of `current` (the record's value, None where missing),
    the mildest act first."""
    kind = Type(model.type)
    if kind is Type.BOOLEAN:
        found: Iterator[Act] = (Act(v) for v in (True, False))
    elif model.allowed is not None or model.tree is not None:
        among = model.allowed or model.tree or ()
        found = (Act(text) for text in among)
    elif kind is Type.TEXTS:
        found = _list_acts(list(current or ()), asked)
    else:
        found = _text_acts(current, asked)
    kept: dict[str, Act] = {}
    for act in found:
        blank = act.value == [] or (isinstance(act.value, str) and not act.value.strip())
        if not blank and act.value != current:
            kept.setdefault(repr(act.value), act)
    limited = model.allowed is not None or model.tree is not None
    return tuple(kept.values())[: None if limited else MOST_ACTS]


# --- texts ------------------------------------------------------------------------------------------------


def _text_acts(current: str | None, asked: Asked) -> Iterator[Act]:
    bases = [Act(current)] if current is not None else []
    found = [t for t in asked.unwanted if current is not None and scanner(t).hits(current)]
    if current is not None:
        cut = [without(current, [terms]) for terms in found]
        bases += [act for act in (*cut, without(current, found)) if act.removed]
        yield from (a if a.value else Act(PLAIN, a.removed, free=True) for a in bases[1:])
    else:
        yield Act(PLAIN, free=True)
    yield from (Act(text) for text in asked.constants)
    if asked.constants:
        yield Act(PLAIN, free=True)
    missing = [t for t in asked.wanted if t.terms and (current is None or not scanner(t).hits(current))]
    phrases = [_phrase(terms) for terms in missing]
    for base in (bases or [Act(None)])[:: len(bases) - 1 if len(bases) > 1 else 1]:
        for chosen in _additions(phrases):
            text = ". ".join([t for t in (base.value, *chosen) if t])
            yield Act(text, base.removed, chosen)


def _phrase(terms: TermList) -> str:
    """A term of the list as a person would write it."""
    bodies = [term.strip().strip("*").strip() for term in terms.terms]
    return next((b for b in bodies if scanner(terms).hits(b)), bodies[0])


def _additions(parts: Sequence[str]) -> Iterator[tuple[str, ...]]:
    for part in parts:
        yield (part,)
    if 1 < len(parts) <= MOST_TOGETHER:
        yield tuple(parts)


def without(text: str, lists: Sequence[TermList]) -> Act:
    """The text with every match of the lists taken out, and the words that went."""
    removed: dict[str, None] = {}
    for _ in range(10):  # what denied a match may have gone with another
        spans = [
            _whole(text, m.start, m.end, m.term) for terms in lists for m in scanner(terms).matches(text, 0)
        ]
        if not spans:
            break
        removed |= dict.fromkeys(text[a:b] for a, b in sorted(spans))
        text = _cut(text, spans)
    return Act(text, tuple(removed))


def _whole(text: str, start: int, end: int, term: str) -> tuple[int, int]:
    """A match made as long as its word where the term stands for a part of it."""
    while term.startswith("*") and start > 0 and _in_word(text[start - 1]):
        start -= 1
    while term.endswith("*") and end < len(text) and _in_word(text[end]):
        end += 1
    return start, end


def _in_word(char: str) -> bool:
    return char.isalnum() and not is_unspaced(char)


def _cut(text: str, spans: Iterable[tuple[int, int]]) -> str:
    kept, place = "", 0
    for start, end in sorted(spans):
        kept += text[place : max(place, start)]
        place = max(place, end)
    words = (kept + text[place:]).split(" ")
    return " ".join(w for w in words if w).strip(" ,;:-/&|")


# --- lists ------------------------------------------------------------------------------------------------


def _list_acts(current: list[str], asked: Asked) -> Iterator[Act]:
    bases = [Act(current)]
    found = [t for t in asked.unwanted if any(scanner(t).hits(entry) for entry in current)]
    for lists in (*([t] for t in found), found):
        bases.append(_without_entries(current, [e for e in current if _holds(e, lists)]))
    bases += [_without_entries(current, [e]) for e in asked.entries if e in current]
    bases = [base for index, base in enumerate(bases) if not index or base.removed]
    yield from (a if a.value else Act([PLAIN], a.removed, free=True) for a in bases[1:])
    if not current:
        yield Act([PLAIN], free=True)
    missing = [t for t in asked.wanted if t.terms and not any(scanner(t).hits(e) for e in current)]
    new = dict.fromkeys([*(e for e in asked.entries if e not in current), *map(_phrase, missing)])
    for base in bases[:: len(bases) - 1 if len(bases) > 1 else 1]:
        for chosen in _additions(tuple(new)):
            yield Act([*base.value, *chosen], base.removed, chosen)


def _holds(entry: str, lists: Sequence[TermList]) -> bool:
    return any(scanner(terms).hits(entry) for terms in lists)


def _without_entries(current: list[str], gone: Sequence[str]) -> Act:
    return Act([e for e in current if e not in gone], tuple(dict.fromkeys(gone)))
