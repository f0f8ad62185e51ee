"""The page of a group of regions: what it sets, and the markets in it with all that holds there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from weighbridge.documents import DatedValue, RegionModel, RuleOverride
from weighbridge.pages.markup import block, cell_code, table
from weighbridge.pages.site import Site, page
from weighbridge.project import Document
from weighbridge.templates import show_number


def region_page(site: Site, ident: str) -> str:
    """The page of the region `ident`, with the markets that are shown on it."""
    document = site.book.regions.documents[ident]
    below = [r for r, d in site.book.regions.documents.items() if ident in d.model.extends]
    parts = [
        f"# {site.name(document.model.title, ident)}",
        *site.introduction(document),
        *site.facts(
            (
                ("file", site.file(document.file)),
                ("extends", site.regions(document.model.extends)),
                ("regions_below", site.regions(sorted(below))),
            )
        ),
        *_own(site, document, "##"),
    ]
    for market in site.book.regions.markets:
        if market != ident and site.group_of(market) == ident:
            parts += _market(site, market)
    return page(parts)


def _market(site: Site, market: str) -> Iterator[str]:
    document = site.book.regions.documents[market]
    yield f"## {site.name(document.model.title, market)}"
    yield from site.introduction(document, "###")
    yield from site.facts(
        (
            ("file", site.file(document.file)),
            ("inherits", site.regions(site.book.regions.lineages[market][1:])),
        )
    )
    yield from _own(site, document, "###")


def _own(site: Site, document: Document[RegionModel], level: str) -> Iterator[str]:
    """What a region itself sets."""
    model = document.model
    declared = site.book.regions.declared
    if model.parameters:
        header = [site.word("parameter"), site.word("value")]
        rows = ([site.name(declared[n].title, n), _dated(site, n, v)] for n, v in model.parameters.items())
        yield f"{level} {site.word('parameters')}"
        yield table(header, rows)
    if model.weights:
        yield f"{level} {site.word('weights')}"
        yield "\n".join(_weights(site, document))
    if model.overrides:
        yield f"{level} {site.word('overrides')}"
        yield from _overrides(site, document)
    if undeclared := [n for n in model.declares if n not in model.parameters]:
        yield f"{level} {site.word('declared_only')}"
        yield "\n".join(f"- {site.name(declared[n].title, n)}" for n in undeclared)


def _dated(site: Site, name: str, entries: Sequence[DatedValue]) -> str:
    declared = site.book.regions.declared[name]
    shown = [f"{_value(site, name, e.value)} {site.period(e)}".rstrip() for e in entries]
    unit = "" if declared.unit is None else f" {site.word('in_unit', unit=cell_code(declared.unit))}"
    return "<br>".join(shown) + unit


def _value(site: Site, name: str, value: object) -> str:
    if site.book.regions.declared[name].type == "terms" and isinstance(value, str):
        return site.to(site.project.term_lists[value])
    return site.value(value)


def _weights(site: Site, document: Document[RegionModel]) -> Iterator[str]:
    for card, weights in document.model.weights.items():
        titles = {line.id: line.title for line in site.book.scorecards[card].characteristics}
        shown = [
            f"{site.text(titles[line]) or cell_code(line)} {show_number(w.value)} {site.period(w)}".rstrip()
            for line, entries in weights.items()
            for w in entries
        ]
        yield f"- {site.to(site.project.scorecards[card])}{site.word('colon')}{site.word('list_separator').join(shown)}"


def _overrides(site: Site, document: Document[RegionModel]) -> Iterator[str]:
    for change in document.model.overrides:
        rule = isinstance(change, RuleOverride)
        of = change.rule if isinstance(change, RuleOverride) else change.scorecard
        owner = site.project.rulesets[of.split("/")[0]] if rule else site.project.scorecards[of]
        yield f"{site.to(owner)} {cell_code(of)} {site.period(change)} {site.text(change.reason)}"
        kept = change.set if rule else change.set.model_dump(exclude_unset=True)  # type: ignore[union-attr]
        yield block("\n".join(f"{k}: {v}" for k, v in dict(kept).items()))
