"""The catalogue: every rule, table row and characteristic of a project in one flat, searchable list."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import date
from typing import Any, Literal

from weighbridge.diagnostics import Span
from weighbridge.documents import PeriodModel
from weighbridge.findings import Review, Source, review_of, source_of
from weighbridge.regions import covers
from weighbridge.rulebook import Characteristic, Rule, Rulebook, Scorecard
from weighbridge.templates import Template
from weighbridge.tree import Const, Expr, Type, walk
from weighbridge.unparse import unparse

EntryKind = Literal["rule", "row", "characteristic"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule, table row or characteristic, as written.

    `ref` is "<ruleset>/<rule id>" or "<scorecard>/<characteristic>", `owner` the document's id. `table` is the
    table of a row and `row` its number (from 0), as edits and grids count. `condition` is the expression as text;
    `outputs` are expressions as text, `verdict` what it asks for (None where it is computed or absent). `markets`
    are those where it can apply at all, the overrides of regions aside. `terms` are the lists it looks for.
    """

    ref: str
    kind: EntryKind
    owner: str
    id: str
    table: str | None
    row: int | None
    title: Mapping[str, str]
    reason: Mapping[str, str]
    condition: str
    verdict: str | None
    outputs: Mapping[str, str]
    markets: frozenset[str]
    periods: tuple[PeriodModel, ...]
    enabled: bool
    terms: tuple[str, ...]
    source: Source | None
    review: Review | None
    span: Span | None
    words: tuple[str, str, str] = field(repr=False, default=("", "", ""))
    """What is searched, folded: id; titles; all the rest."""

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        entry = asdict(self)
        del entry["words"]
        entry["markets"] = sorted(self.markets)
        entry["periods"] = [period.model_dump(mode="json", by_alias=True) for period in self.periods]
        if self.source is not None:
            entry["source"]["checked"] = (
                None if self.source.checked is None else self.source.checked.isoformat()
            )
        return entry

    def in_force(self, day: date) -> bool:
        """Whether its dates allow it on a day."""
        return all(covers(period, day) for period in self.periods)


def catalogue(book: Rulebook, before: tuple[Rulebook, Iterable[Entry]] | None = None) -> tuple[Entry, ...]:
    """All entries: rulesets with their rules and rows, then scorecards, in order of definition.

    `before` is an earlier version of the project with its entries: those of rules that it holds as the same object are
    taken over.
    """
    return tuple(_entries(book, {} if before is None else _known(book, *before)))


def _known(book: Rulebook, before: Rulebook, entries: Iterable[Entry]) -> dict[str, tuple[Rule, Entry]]:
    """The entries that are right for a rule if it still is the same object."""
    old, new = before.regions, book.regions
    if (old.lineages, old.markets, before.terms) != (new.lineages, new.markets, book.terms):
        return {}
    rules = (rule for ruleset in before.rulesets.values() for rule in ruleset.rules)
    listed = (entry for entry in entries if entry.kind != "characteristic")
    return {rule.ref: (rule, entry) for rule, entry in zip(rules, listed, strict=True)}


def _entries(book: Rulebook, known: Mapping[str, tuple[Rule, Entry]]) -> Iterator[Entry]:
    lineages = {market: frozenset(book.regions.lineages[market]) for market in book.regions.markets}
    for ruleset in book.rulesets.values():
        rows: Counter[str] = Counter()
        for rule in ruleset.rules:
            row = None if rule.table is None else rows[rule.table]
            if rule.table is not None:
                rows[rule.table] += 1
            before = known.get(rule.ref)
            if before is not None and before[0] is rule and before[1].row == row:
                yield before[1]
            else:
                yield _rule(book, rule, row, lineages)
    for card in book.scorecards.values():
        for line in card.characteristics:
            yield _characteristic(book, card, line, frozenset(lineages))


def _rule(book: Rulebook, rule: Rule, row: int | None, lineages: Mapping[str, frozenset[str]]) -> Entry:
    name = rule.ref.split("/", 1)[1]
    several = len(rule.conditions) > 1
    condition = " and ".join(f"({c.text})" if several else c.text for c in rule.conditions)
    verdict = rule.then.get("verdict")
    trees = [c.tree for c in rule.conditions]
    lists = _term_lists(trees)
    source, reason = source_of(rule.source), {lang: _template_text(t) for lang, t in rule.reason.items()}
    outputs = {output: _output_text(tree) for output, tree in rule.then.items()}
    return Entry(
        ref=rule.ref,
        kind="rule" if rule.table is None else "row",
        owner=rule.ruleset,
        id=name,
        table=None if rule.table is None else rule.table.removeprefix(f"{rule.ruleset}/"),
        row=row,
        title=rule.title,
        reason=reason,
        condition=condition,
        verdict=str(verdict.value) if isinstance(verdict, Const) else None,
        outputs=outputs,
        markets=frozenset(m for m, line in lineages.items() if all(line & wanted for wanted in rule.markets)),
        periods=rule.periods,
        enabled=rule.enabled,
        terms=tuple(n for n in lists if n in book.terms),
        source=source,
        review=review_of(rule.review),
        span=rule.span,
        words=_words(
            book, name, rule.title, reason, lists, [condition, *outputs.values(), *_source_words(source)]
        ),
    )


def _characteristic(book: Rulebook, card: Scorecard, line: Characteristic, markets: frozenset[str]) -> Entry:
    parts = [c for c in (line.value, line.points, line.applies) if c is not None]
    lists = _term_lists(c.tree for c in parts)
    reason = {lang: _template_text(t) for lang, t in line.reason.items()}
    return Entry(
        ref=f"{card.id}/{line.id}",
        kind="characteristic",
        owner=card.id,
        id=line.id,
        table=None,
        row=None,
        title=line.title,
        reason=reason,
        condition=parts[0].text if parts else "",
        verdict=None,
        outputs={},
        markets=markets,
        periods=(),
        enabled=True,
        terms=tuple(n for n in lists if n in book.terms),
        source=None,
        review=None,
        span=line.span,
        words=_words(book, line.id, line.title, reason, lists, [c.text for c in parts]),
    )


def _template_text(template: Template) -> str:
    """A reason with its placeholders, as it reads before a record fills it in."""
    return "".join(
        part if isinstance(part, str) else "{match}" if part.name is None else "{" + unparse(part.name) + "}"
        for part in template.parts
    )


def _output_text(tree: Expr) -> str:
    """A fixed text as it is, anything else as an expression."""
    return tree.value if isinstance(tree, Const) and isinstance(tree.value, str) else unparse(tree)


def _term_lists(trees: Iterable[Expr]) -> tuple[str, ...]:
    found = (
        str(node.value)
        for tree in trees
        for node in walk(tree)
        if isinstance(node, Const) and node.type is Type.TERMS and node.value is not None
    )
    return tuple(dict.fromkeys(found))


def _source_words(source: Source | None) -> list[str]:
    return [] if source is None else [source.citation, source.url or ""]


def _words(
    book: Rulebook,
    name: str,
    title: Mapping[str, str],
    reason: Mapping[str, str],
    lists: Iterable[str],
    more: Iterable[str],
) -> tuple[str, str, str]:
    terms = [term for n in lists if n in book.terms for term in book.terms[n].terms]
    rest = "\n".join([*reason.values(), *more, *terms])
    return _folded(name), _folded("\n".join(title.values())), _folded(rest)


def _folded(text: str) -> str:
    """Text as it is compared: width, case and accents do not count."""
    plain = unicodedata.normalize("NFKD", text).casefold()
    return "".join(c for c in plain if not unicodedata.combining(c))


def search(
    entries: Iterable[Entry],
    words: str = "",
    *,
    market: str | None = None,
    verdict: str | None = None,
    kind: EntryKind | None = None,
    owner: str | None = None,
    source: str | None = None,
    confidence: str | None = None,
    effective: date | None = None,
    enabled: bool | None = None,
) -> tuple[Entry, ...]:
    """The entries that fit every given filter.

    All `words` (apart by blanks) must occur, in id, title, reason, condition, terms or source; `source` must occur
    in citation or address. `effective`: in force on that day. Best first: words in the id, then in titles.
    """
    asked = [_folded(word) for word in words.split()]
    cited = None if source is None else _folded(source)
    found: list[tuple[int, Entry]] = []
    for entry in entries:
        if (
            (market is None or market in entry.markets)
            and (verdict is None or entry.verdict == verdict)
            and (kind is None or entry.kind == kind)
            and (owner is None or entry.owner == owner)
            and (confidence is None or (entry.source is not None and entry.source.confidence == confidence))
            and (cited is None or cited in _folded(" ".join(_source_words(entry.source))))
            and (effective is None or entry.in_force(effective))
            and (enabled is None or entry.enabled is enabled)
        ):
            places = [_place(entry, word) for word in asked]
            if None not in places:
                found.append((sum(place or 0 for place in places), entry))
    found.sort(key=lambda pair: pair[0])
    return tuple(entry for _, entry in found)


def _place(entry: Entry, word: str) -> int | None:
    """How far from the id a word is found: 0, 1, 2; None where it does not occur."""
    return next((number for number, text in enumerate(entry.words) if word in text), None)
