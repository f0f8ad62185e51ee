"""What documents of a project and the places in them are called, in the reader's language.

Changes name them by kind, id and keys ("scorecard cultural_fit", tiers / fit / from); a reader is told their titles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from weighbridge.app.result_words import result_title, rule_titles
from weighbridge.app.shown import title_of
from weighbridge.app.words import WORDS, t
from weighbridge.regions import Regions
from weighbridge.rulebook import Rulebook, Scorecard

Step = str | int
Texts = Mapping[str, str]

BETWEEN = " › "
"""Stands between the steps of a path."""


def document_words(books: Sequence[Rulebook], place: str) -> str:
    """A document as a change names it ("scorecard cultural_fit"), by its title; a table file as it is.

    The first of `books` that knows it counts: what a draft removed is known to what is saved.
    """
    kind, _, name = place.partition(" ")
    if f"document_{kind}" not in WORDS:
        return place
    return t(f"document_{kind}", name=_document_title(books, kind, name))


def _document_title(books: Sequence[Rulebook], kind: str, name: str) -> str:
    for book in books:
        known: Mapping[str, Mapping[str, object]] = {
            "scorecard": book.scorecards,
            "ruleset": book.rulesets,
            "region": book.regions.documents,
            "record_type": book.record_types,
        }
        if name in known.get(kind, {}):
            found = book.regions.documents[name].model if kind == "region" else known[kind][name]
            texts: Texts = getattr(found, "title", {})
            return title_of(texts, name)
    return name


def path_words(books: Sequence[Rulebook], place: str, path: Sequence[Step], behind: int = 0) -> str:
    """A path below a document, step by step: titles of what has one, keys in words, the rest as written.

    The first `behind` steps are left out.
    """
    kind, _, name = place.partition(" ")
    known = _named(books, kind, name)
    shown: list[str] = []
    for number, step in enumerate(path):
        title = known(tuple(path[:number]), str(step)) if isinstance(step, str) else None
        shown.append(title or _key_words(step))
    return BETWEEN.join(shown[behind:])


def _key_words(step: Step) -> str:
    if isinstance(step, int):
        return t("entry_number", number=step + 1)
    return t(f"key_{step}") if f"key_{step}" in WORDS else step


Named = Callable[[tuple[Step, ...], str], str | None]
"""(the path so far, the next step) -> its title, or None where it is a key."""


def _named(books: Sequence[Rulebook], kind: str, name: str) -> Named:
    """What the steps of paths in one document are called."""

    def known(before: tuple[Step, ...], step: str) -> str | None:
        for book in books:
            found = None
            if kind == "scorecard" and name in book.scorecards:
                found = _in_scorecard(book.scorecards[name], before, step)
            elif kind == "region":
                found = _in_region(book, book.regions, before, step)
            elif kind == "record_type" and before == ("fields",) and name in book.record_types:
                field = book.record_types[name].fields.get(step)
                found = None if field is None else title_of(field.title, step)
            elif kind == "ruleset" and name in book.rulesets:
                if before == ("rules",):
                    found = rule_titles([book]).get(f"{name}/{step}")
                elif before == ("outputs",) or before[-1:] == ("then",):
                    found = result_title(book, name, step)
            if found is not None:
                return found
        # What stands below a list of names is a name, even one that is spelt like a key.
        return step if before and before[-1] in ("characteristics", "tiers", "rules", "tables") else None

    return known


def _in_scorecard(card: Scorecard, before: tuple[Step, ...], step: str) -> str | None:
    if before == ("characteristics",):
        return next((title_of(c.title, step) for c in card.characteristics if c.id == step), None)
    if before in (("tiers",), ("set", "tiers")):
        return next((title_of(tier.title, step) for tier in card.tiers if tier.id == step), None)
    return None


def _in_region(book: Rulebook, regions: Regions, before: tuple[Step, ...], step: str) -> str | None:
    if before == ("parameters",):
        declared = regions.declared.get(step)
        return None if declared is None else title_of(declared.title, step)
    if before in (("weights",), ("overrides",)):
        card = book.scorecards.get(step)
        return rule_titles([book]).get(step) if card is None else title_of(card.title, step)
    if before[:1] in (("weights",), ("overrides",)) and before[1:2] and before[1] in book.scorecards:
        card = book.scorecards[str(before[1])]
        return _in_scorecard(card, ("characteristics",) if before[0] == "weights" else before[2:], step)
    return None
