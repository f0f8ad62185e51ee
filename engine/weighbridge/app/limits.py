"""The limits a rule rests on but does not hold itself: in computed values, in markets, in the tiers of scorecards.

Who looks for a threshold looks at the rule. It can be moved there, wherever it is written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import streamlit as st

from weighbridge.app import controls
from weighbridge.app.here import here
from weighbridge.app.navigation import link
from weighbridge.app.numbers import measures_in, number_controls, step_of
from weighbridge.app.shown import md, title_of
from weighbridge.app.units import unit_word
from weighbridge.app.words import language, t
from weighbridge.edits import Address
from weighbridge.regions import Regions
from weighbridge.rulebook import Derived, Rule, Rulebook
from weighbridge.templates import show_value
from weighbridge.tree import Type, names

MOST_MARKETS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rule rests on: computed values with numbers in them, parameters by name, scorecards whose tier counts."""

    computed: tuple[Derived, ...]
    parameters: tuple[str, ...]
    cards: tuple[str, ...]


def limits_of(book: Rulebook, rule: Rule) -> Limits:
    """The limits behind a rule's conditions, through all computed values they read, nearest first."""
    pending = sorted(name for condition in rule.conditions for name in names(condition.tree))
    seen: dict[str, None] = {}
    while pending:
        path = pending.pop(0)
        if path not in seen:
            seen[path] = None
            pending += sorted(names(book.derived[path].tree)) if path in book.derived else []
    parameters = (path.removeprefix("region.") for path in seen if path.startswith("region."))
    cards = (path.removesuffix(".tier") for path in seen if path.endswith(".tier"))
    return Limits(
        tuple(book.derived[p] for p in seen if p in book.derived and measures_in(book.derived[p].text)),
        tuple(name for name in parameters if name in book.regions.declared),
        tuple(name for name in cards if name in book.scorecards),
    )


def show_limits(book: Rulebook, rule: Rule) -> None:
    """The limits of a rule, each with what moves it; nothing where it has none but its own."""
    found = limits_of(book, rule)
    if not (found.computed or found.parameters or found.cards):
        return
    st.markdown(f"**{t('limits')}**", help=t("limits_help"))
    for card in found.cards:
        _tiers(book, card)
    for name in found.parameters:
        _parameter(book.regions, name)
    for derived in found.computed:
        _computed(book, derived)


def _computed(book: Rulebook, derived: Derived) -> None:
    owner, _, name = derived.path.partition("/")
    at = Address("ruleset" if owner in book.rulesets else "record_type", owner)
    where = ("derived", name, "value")
    with st.container(border=True):
        st.markdown(md(t("limit_computed", title=title_of(derived.title, name))))
        text = str(here().workspace.draft.value(at.kind, at.id, *where) or "")
        number_controls(at, where, text, measures_in(text), owner)


def _parameter(regions: Regions, name: str) -> None:
    """A market's parameter: one control for every region that sets it for the project's usual markets."""
    declared = regions.declared[name]
    set_by = _set_by(regions, name, _usual(regions))
    title = title_of(declared.title, name)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(md(t("limit_parameter", title=title)))
            link("regions", t("all_markets"), parameter=name)
        for column, (region, markets) in zip(st.columns(max(1, len(set_by))), set_by.items(), strict=False):
            written = regions.documents[region].model.parameters[name]
            where = title_of(regions.documents[region].model.title, region)
            words = where if markets == [region] else f"{where} ({', '.join(markets)})"
            unit = f", {unit_word(declared.unit)}" if declared.unit else ""
            value = written[0].value
            with column:
                if len(written) == 1 and isinstance(value, int | float) and not isinstance(value, bool):
                    at = Address("region", region)
                    step = step_of(float(value))
                    controls.number(md(words + unit), at, ("parameters", name), float(value), step=step)
                else:
                    found = regions.parameter(markets[0], name, date.today())
                    shown = "–" if found is None else show_value(found.value, Type(declared.type), language())
                    st.markdown(f"{md(words)}: {md(shown)}")


def _usual(regions: Regions) -> list[str]:
    configured = here().workspace.checked()[0].config.model.markets
    known = [market for market in configured if market in regions.markets]
    return (known or list(regions.markets))[:MOST_MARKETS]


def _set_by(regions: Regions, name: str, markets: Iterable[str]) -> dict[str, list[str]]:
    """Which region sets the parameter, and for which of the markets."""
    found: dict[str, list[str]] = {}
    for market in markets:
        resolved = regions.parameter(market, name, date.today())
        if resolved is not None:
            found.setdefault(resolved.region, []).append(market)
    return found


def _tiers(book: Rulebook, name: str) -> None:
    """The tiers of a scorecard, by their lower bounds."""
    card = book.scorecards[name]
    written = here().workspace.draft.value("scorecard", name, "tiers") or []
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(md(t("limit_tiers", card=title_of(card.title, name))))
            link("scorecards", t("open_card"), card=name)
        titles = {tier.id: title_of(tier.title, tier.id) for tier in card.tiers}
        # The lowest tier begins where the points do: nothing is decided there.
        bounds = [(str(tier.get("id")), tier.get("from")) for tier in written[1:]]
        columns = st.columns(max(1, min(4, len(bounds))))
        for number, (tier, bound) in enumerate(bounds):
            with columns[number % len(columns)]:
                controls.number(
                    md(t("tier_from_points", name=titles.get(tier, tier))),
                    Address("scorecard", name),
                    ("tiers", tier, "from"),
                    bound,
                    step=step_of(float(bound)),
                )
