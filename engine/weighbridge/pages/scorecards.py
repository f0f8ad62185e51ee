"""The page of a scorecard: tiers, characteristics with their bins, and what markets change."""

from __future__ import annotations

from collections.abc import Iterator

from weighbridge.documents import BinModel, RegionModel, ScorecardModel, ScorecardOverride
from weighbridge.pages.markup import cell_code, table
from weighbridge.pages.site import Site, page
from weighbridge.project import Document
from weighbridge.rulebook import MILLI
from weighbridge.specialise import card_trees
from weighbridge.templates import show_number


def scorecard_page(site: Site, ident: str) -> str:
    """The page of the scorecard `ident`."""
    document = site.project.scorecards[ident]
    model = document.model
    parts = [
        f"# {site.name(model.title, ident)}",
        *site.introduction(document),
        f"## {site.word('how_it_scores')}",
        *site.facts(
            (
                ("file", site.file(document.file)),
                ("record_type", site.to(site.project.record_types[model.record])),
                ("score_method", site.word(model.score)),
                ("minimum_coverage", show_number(model.minimum_coverage, "percent")),
                ("reasons_ranked", site.word(f"reasons_{model.reasons}")),
            )
        ),
        *_tiers(site, ident),
        f"## {site.word('characteristics')}",
        table(
            [site.word("characteristic"), site.word("weight"), site.word("applies_where")],
            (
                [
                    site.name(c.title, c.id),
                    show_number(c.weight),
                    cell_code(c.when) if c.when else site.word("always"),
                ]
                for c in model.characteristics
            ),
        ),
    ]
    for index in range(len(model.characteristics)):
        parts += _characteristic(site, document, index)
    parts += _weights(site, ident)
    parts += _overrides(site, ident)
    parts += site.reads(card_trees(site.book.scorecards[ident]), model.record)
    return page(parts)


def _tiers(site: Site, ident: str) -> list[str]:
    tiers = site.book.scorecards[ident].tiers
    if not tiers:
        return []
    rows = [
        [
            site.name(tier.title, tier.id),
            site.word("from_start") if n == 0 else show_number(tier.at_least),
            site.word("no_upper_bound")
            if n + 1 == len(tiers)
            else site.word("below", bound=show_number(tiers[n + 1].at_least)),
        ]
        for n, tier in enumerate(tiers)
    ]
    return [
        f"## {site.word('tiers')}",
        table([site.word("tier"), site.word("score_from"), site.word("score_to")], rows),
    ]


def _characteristic(site: Site, document: Document[ScorecardModel], index: int) -> Iterator[str]:
    line, path = document.model.characteristics[index], ("characteristics", index)
    yield f"### {site.name(line.title, line.id)}"
    if line.value is not None:
        yield site.word("looks_at")
        yield site.expression(document, (*path, "value"), line.value)
        rows = (
            [_band(site, line.bins, n), show_number(b.points), site.reason(b.reason)]
            for n, b in enumerate(line.bins)
        )
        header = [site.word("value"), site.word("points")]
        said = any(b.reason for b in line.bins)
        yield table([*header, site.word("says")] if said else header, (r if said else r[:2] for r in rows))
    if line.points is not None:
        low, high = (site.value(bound) for bound in (line.min, line.max))
        yield site.word("points_by", low=low, high=high)
        yield site.expression(document, (*path, "points"), line.points)
    yield site.word("missing_points", points=show_number(line.missing)) if line.missing is not None else ""
    if line.reason:
        yield f"> {site.reason(line.reason)}"


def _band(site: Site, bins: tuple[BinModel, ...], number: int) -> str:
    """The values of one bin in words."""
    band = bins[number]
    if band.upto is not None:
        return site.word("up_to", bound=show_number(band.upto))
    if band.from_ is not None:
        later = [b.from_ for b in bins[number + 1 :] if b.from_ is not None]
        low = show_number(band.from_)
        return (
            site.word("from_below", low=low, high=show_number(later[0]))
            if later
            else site.word("from_on", low=low)
        )
    if band.range is not None:
        return _range(site, band)
    if band.in_ is not None:
        return site.value(band.in_)
    return site.value(band.is_) if "is_" in band.model_fields_set else site.word("anything_else")


def _range(site: Site, band: BinModel) -> str:
    interval = band.interval
    assert interval is not None, "ranges are checked when a project is loaded"
    parts = []
    if interval.low is not None:
        parts.append(f"{'≥' if interval.low_closed else '>'} {show_number(interval.low)}")
    if interval.high is not None:
        parts.append(f"{'≤' if interval.high_closed else '<'} {show_number(interval.high)}")
    return site.word("and").join(parts)


def _weights(site: Site, ident: str) -> list[str]:
    """Weights by region: one column for each region that sets any."""
    setting = [d for d in site.book.regions.documents.values() if ident in d.model.weights]
    if not setting:
        return []
    setting.sort(key=lambda d: (d.model.is_market, d.id))
    card = site.book.scorecards[ident]
    header = [site.word("characteristic"), site.word("elsewhere"), *(cell_code(d.id) for d in setting)]
    rows = [
        [
            site.name(line.title, line.id),
            show_number(line.weight / MILLI),
            *(_weight(site, d, ident, line.id) for d in setting),
        ]
        for line in card.characteristics
    ]
    legend = site.word("columns_are", regions=site.regions(d.id for d in setting))
    return [f"## {site.word('weights_by_market')}", table(header, rows), legend]


def _weight(site: Site, document: Document[RegionModel], card: str, line: str) -> str:
    """The weight a region sets; empty where it sets none."""
    shown = [
        f"{show_number(w.value)} {site.period(w)}".rstrip()
        for w in document.model.weights[card].get(line, ())
    ]
    return site.word("list_separator").join(shown)


def _overrides(site: Site, ident: str) -> list[str]:
    rows: list[str] = []
    for document in site.book.regions.documents.values():
        for change in document.model.overrides:
            if isinstance(change, ScorecardOverride) and change.scorecard == ident:
                bounds = [f"{cell_code(t)} {show_number(b)}" for t, b in change.set.tiers.items()]
                if change.set.minimum_coverage is not None:
                    share = show_number(change.set.minimum_coverage, "percent")
                    bounds.append(f"{site.word('minimum_coverage')} {share}")
                said = site.word("list_separator").join(bounds)
                rows.append(
                    f"- {site.region(document.id)}: {said} {site.period(change)} {site.text(change.reason)}"
                )
    return [f"## {site.word('overrides')}", "\n".join(rows)] if rows else []
