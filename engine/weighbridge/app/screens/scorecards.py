"""Scorecards: weights, bins with their picture, tiers over the scores of the loaded records; per market."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
from numpy.typing import NDArray

from weighbridge.app import batch_run, charts, controls, editing
from weighbridge.app.dated_values import dated_values, is_dated
from weighbridge.app.here import here
from weighbridge.app.navigation import link
from weighbridge.app.shown import empty, md, title_of
from weighbridge.app.tier_handles import Bound, tier_handles
from weighbridge.app.words import LANGUAGES, phrase_in, t
from weighbridge.documents import (
    BinModel,
    CharacteristicModel,
    DatedWeight,
    ScorecardModel,
    ScorecardOverride,
)
from weighbridge.edits import (
    Address,
    Insert,
    Remove,
    SetValue,
    Together,
    inherit_tier,
    inherit_weight,
    set_region_tier,
    set_tier,
    set_weight,
)
from weighbridge.project import Document
from weighbridge.rulebook import Rulebook

EVERYWHERE = "*"
FINE = 10.0
"""Sliders of weights up to here move in steps of 0.05, others of 0.5."""


def _title(model: ScorecardModel) -> str:
    return title_of(model.title, model.scorecard)


# ---- weights


def _weights(document: Document[ScorecardModel], book: Rulebook, region: str) -> None:
    """A slider and a number per weight, and what they add up to."""
    model = document.model
    lines = model.characteristics
    shown = [_weight_row(model.scorecard, line, book, region) for line in lines]
    total = sum(weight for weight, _ in shown)
    # Twice the largest weight: all sliders have one scale, whatever the weights add up to.
    most = 2 * max((*(weight for weight, _ in shown), *(float(line.weight) for line in lines), 0.5))
    columns = st.columns([2, 7], vertical_alignment="center")
    columns[0].metric(t("weight_sum"), f"{total:g}", border=True)
    usual = sum(line.weight for line in lines)
    if region != EVERYWHERE and abs(total - usual) > 1e-9:
        columns[1].caption(t("weight_sum_usual", usual=f"{usual:g}"))
    elif model.score == "weighted_mean":
        columns[1].caption(t("weight_help"))
    for line, (weight, own) in zip(lines, shown, strict=True):
        _weight(model.scorecard, line, weight, total, own, region, most)


def _weight_row(
    card: str, line: CharacteristicModel, book: Rulebook, region: str
) -> tuple[float, str | None]:
    """The weight in a region, and the region that set it (None: the scorecard itself)."""
    if region == EVERYWHERE:
        return float(line.weight), None
    found = book.regions.weight(region, card, line.id, st.session_state["card day"])
    if found is None or not isinstance(found.value, float):
        return float(line.weight), None
    return found.value, found.region


def _weight(
    card: str,
    line: CharacteristicModel,
    weight: float,
    total: float,
    own: str | None,
    region: str,
    most: float,
) -> None:
    inherited = region != EVERYWHERE and own != region
    columns = st.columns([4, 5, 2, 4], vertical_alignment="center")
    dated = () if region == EVERYWHERE else _dated_weights(card, line.id, region)
    share = weight / total if total else 0.0
    name = md(title_of(line.title, line.id))
    columns[0].markdown(f":gray[{name}]" if inherited else f"**{name}**")
    where = None if region == EVERYWHERE else region
    keys = [editing.key(f"weight {card} {line.id} {region} {kind}") for kind in ("slider", "number")]
    # A value with dates is changed in the grid of its dates: one number would wipe them out.
    disabled = not editing.may_edit() or is_dated(dated)
    columns[1].slider(
        t("weight_of", name=name),
        0.0,
        most,
        weight,
        step=0.5 if most > FINE else 0.05,
        format="%g",
        key=keys[0],
        disabled=disabled,
        label_visibility="collapsed",
        on_change=_set_weight,
        args=(keys[0], card, line.id, where),
    )
    columns[2].number_input(
        t("weight_of", name=name),
        0.0,
        10_000.0,
        weight,
        step=1.0,
        format="%g",
        key=keys[1],
        disabled=disabled,
        label_visibility="collapsed",
        on_change=_set_weight,
        args=(keys[1], card, line.id, where),
    )
    with columns[3], st.container(horizontal=True, vertical_alignment="center"):
        if region == EVERYWHERE:
            st.caption(f"{share:.0%}")
            return
        if inherited:
            st.caption(md(t("weight_from", share=f"{share:.0%}", where=own or t("scorecard_itself"))))
        else:
            st.caption(f"{share:.0%}")
        if dated or not inherited:
            st.button(
                t("inherit"),
                icon=":material/subdirectory_arrow_left:",
                key=f"inherit {card} {line.id}",
                disabled=not editing.may_edit(),
                on_click=editing.apply,
                args=(inherit_weight(card, line.id, region),),
            )
        with st.popover(t("by_dates"), icon=":material/event:", key=editing.key(f"dates {card} {line.id}")):
            words = t("dated_values_of", name=name, where=region)
            path = ("weights", card, line.id)
            dated_values(words, Address("region", region), path, dated, "number")


def _dated_weights(card: str, line: str, region: str) -> Sequence[DatedWeight]:
    """What a region itself says of a weight."""
    document = here().workspace.checked()[1].regions.documents[region]
    return document.model.weights.get(card, {}).get(line, ())


def _set_weight(key: str, card: str, line: str, region: str | None) -> None:
    value = st.session_state[key]
    if value is not None:
        editing.apply(set_weight(card, line, controls.tidy(value), region))


# ---- bins


def _bins(document: Document[ScorecardModel]) -> None:
    """One characteristic: what it looks at, its bins as a grid, and the step function they make."""
    model = document.model
    at = Address("scorecard", model.scorecard)
    names = {line.id: line for line in model.characteristics}
    chosen = st.selectbox(
        t("characteristic"),
        list(names),
        format_func=lambda n: f"{title_of(names[n].title, n)} ({n})",
        key=f"line of {model.scorecard}",
    )
    line = names[chosen]
    path = ("characteristics", line.id)
    left, right = st.columns([5, 6])
    with left:
        if line.value is not None:
            controls.text(t("looks_at"), at, (*path, "value"), line.value)
        if line.bins:
            _bin_grid(at, path, line)
        else:
            controls.text(t("points_expression"), at, (*path, "points"), line.points)
        controls.number(
            t("points_missing"), at, (*path, "missing"), line.missing, help=t("points_missing_help")
        )
    with right:
        chart = charts.step_picture(line.bins)
        if chart is not None:
            st.altair_chart(chart, alt=t("bins_of", name=title_of(line.title, line.id)))
        else:
            empty("no_picture")
    controls.texts(
        at, (*path, "reason"), dict(line.reason), words={"en": t("reason_en"), "zh": t("reason_zh")}, lines=2
    )


def _bin_grid(at: Address, path: tuple[str, ...], line: CharacteristicModel) -> None:
    kinds = list(dict.fromkeys(k for b in line.bins for k in b.selectors)) or ["upto"]
    rows = [{**{k: _bound(b, k) for k in kinds}, "points": float(b.points)} for b in line.bins]
    key = editing.key(f"bins {at.id} {line.id}")
    config: dict[str, Any] = {
        "points": st.column_config.NumberColumn(t("points"), format="%g", required=True)
    }
    for kind in kinds:
        words = t(f"bin_{kind}")
        number = kind in ("upto", "from")
        config[kind] = (
            st.column_config.NumberColumn(words, format="%g")
            if number
            else st.column_config.TextColumn(words)
        )
    st.data_editor(
        pd.DataFrame(rows),
        hide_index=True,
        num_rows="dynamic",
        placeholder="–",
        key=key,
        disabled=not editing.may_edit(),
        column_config=config,
        on_change=_set_bins,
        args=(key, at, path, line, kinds),
        alt=t("bins_of", name=line.id),
    )
    st.caption(t("bins_help"))


def _bound(band: BinModel, kind: str) -> Any:
    """A bin's bound as a cell."""
    value = {"upto": band.upto, "from": band.from_, "range": band.range, "in": band.in_, "is": band.is_}[kind]
    if kind in ("upto", "from"):
        return None if value is None else float(str(value))
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _set_bins(
    key: str, at: Address, path: tuple[str, ...], line: CharacteristicModel, kinds: list[str]
) -> None:
    changed = st.session_state[key]
    edits: list[Any] = []
    for place, cells in changed["edited_rows"].items():
        for name, value in cells.items():
            where = (*path, "bins", int(place), name)
            edits.append(
                Remove(at, where) if value in (None, "") else SetValue(at, where, _bin_value(name, value))
            )
    last = line.bins[-1]
    # A bin without a bound takes all the rest, so new ones go in front of it.
    behind = len(line.bins) - 2 if not last.selectors and len(line.bins) > 1 else None
    for row in changed["added_rows"]:
        cells = {k: _bin_value(k, row[k]) for k in (*kinds, "points") if row.get(k) not in (None, "")}
        if "points" in cells and len(cells) > 1:
            edits.append(Insert(at, (*path, "bins"), cells, behind))
    for number in sorted(map(int, changed["deleted_rows"]), reverse=True):
        edits.append(Remove(at, (*path, "bins", number)))
    if len(edits) == 1:
        editing.apply(edits[0])
    elif edits:
        editing.apply(Together(tuple(edits), {lang: edits[0].summary(lang) for lang in ("en", "zh")}))


def _bin_value(name: str, value: Any) -> Any:
    if name in ("upto", "from", "points"):
        return controls.tidy(float(value))
    text = str(value).strip()
    if name == "in":
        return [part.strip() for part in text.split(",") if part.strip()]
    if name == "is" and text in ("true", "false"):
        return text == "true"
    return text


# ---- tiers


def _tiers(document: Document[ScorecardModel], book: Rulebook, region: str) -> None:
    """Lower bounds of the tiers, over the scores of the records of the last batch."""
    model = document.model
    tiers = list(model.tiers)
    if not tiers:
        empty("no_tiers")
        return
    bounds = _bounds(model, book, region)
    low, high = _score_range(model, bounds)
    if region != EVERYWHERE and not any(where == region for _, where in bounds.values()):
        _ask_reason(model.scorecard, region)
    columns = st.columns(max(3, min(6, len(tiers))), vertical_alignment="bottom")
    for number, tier in enumerate(tiers):
        with columns[number % len(columns)]:
            name = md(title_of(tier.title, tier.id))
            if tier.from_ is None:
                st.caption(t("lowest_tier", name=name))
            else:
                _tier(model.scorecard, tier.id, name, region, *bounds[tier.id])
    _histogram(model, region, bounds, (low, high))


def _bounds(model: ScorecardModel, book: Rulebook, region: str) -> dict[str, tuple[float, str | None]]:
    """Every tier's lower bound in a region, and the region that set it (None: the scorecard itself)."""
    found: dict[str, tuple[float, str | None]] = {
        tier.id: (float(tier.from_), None) for tier in model.tiers if tier.from_ is not None
    }
    if region != EVERYWHERE:
        for override, owner, _ in book.regions.overrides(region, st.session_state["card day"]):
            if isinstance(override, ScorecardOverride) and override.scorecard == model.scorecard:
                found |= {n: (float(bound), owner.id) for n, bound in override.set.tiers.items()}
    return found


def _tier(card: str, tier: str, name: str, region: str, bound: float, where: str | None) -> None:
    """A tier's bound as a number, greyed where it is inherited, and the way back."""
    inherited = region != EVERYWHERE and where != region
    words = t("tier_from", name=name)
    key = editing.key(f"tier {card} {tier} {region}")
    st.number_input(
        f":gray[{words}]" if inherited else words,
        value=bound,
        step=1.0,
        format="%g",
        key=key,
        disabled=not editing.may_edit(),
        on_change=_typed_tier,
        args=(key, card, tier, region),
    )
    if inherited:
        st.caption(md(t("tier_inherited", where=where or t("scorecard_itself"))))
    elif region != EVERYWHERE:
        st.button(
            t("inherit"),
            icon=":material/subdirectory_arrow_left:",
            key=f"inherit {card} {tier}",
            disabled=not editing.may_edit(),
            on_click=editing.apply,
            args=(inherit_tier(region, card, tier),),
        )


def _typed_tier(key: str, card: str, tier: str, region: str) -> None:
    value = st.session_state[key]
    if value is not None:
        _set_tier(card, tier, region, value)


def _set_tier(card: str, tier: str, region: str, bound: float) -> None:
    value = controls.tidy(bound)
    assert value is not None
    if region == EVERYWHERE:
        editing.apply(set_tier(card, tier, value))
    else:
        reason = {lang: st.session_state.get(f"tier reason {lang}", "") for lang in LANGUAGES}
        usual = {lang: phrase_in("tier_reason", lang, where=region) for lang in LANGUAGES}
        written = {lang: text.strip() or usual[lang] for lang, text in reason.items()}
        editing.apply(set_region_tier(region, card, tier, value, written))


def _ask_reason(card: str, region: str) -> None:
    """Why a market has tiers of its own: asked before the first one is set."""
    st.caption(t("tier_override_help"))
    for column, (lang, words) in zip(
        st.columns(2), (("en", t("reason_en")), ("zh", t("reason_zh"))), strict=True
    ):
        column.text_input(
            words,
            key=f"tier reason {lang}",
            placeholder=phrase_in("tier_reason", lang, where=region),
            disabled=not editing.may_edit(),
        )


def _score_range(
    model: ScorecardModel, bounds: Mapping[str, tuple[float, str | None]]
) -> tuple[float, float]:
    """What the scale of scores reaches from and to."""
    scores = _scores(model.scorecard, None)
    values = [0.0, 100.0, *(bound for bound, _ in bounds.values())]
    if scores is not None and len(scores):
        values += [float(scores[0]), float(scores[-1])]
    return float(math.floor(min(values))), float(math.ceil(max(values)))


def _scores(card: str, market: str | None) -> NDArray[np.float64] | None:
    """The scores of the last batch, in one market where it was asked for; None where there are none."""
    run = batch_run.last_run()
    if run is None or not run.scored(card):
        return None
    return run.scores(card, market if market in run.decided.markets else None)


def _histogram(
    model: ScorecardModel,
    region: str,
    bounds: Mapping[str, tuple[float, str | None]],
    scale: tuple[float, float],
) -> None:
    """The scores of the loaded records, with a handle for every bound."""
    run = batch_run.last_run()
    scores = _scores(model.scorecard, region)
    if run is None or scores is None:
        empty("no_scores_loaded", ":material/table_rows:")
        link("batch")
        return
    shown = []
    for tier in model.tiers:
        value, where = bounds.get(tier.id, (None, None))
        inherited = region != EVERYWHERE and where != region
        lowest = value is not None and value <= scale[0]
        shown.append(Bound(tier.id, title_of(tier.title, tier.id), value, inherited, fixed=lowest))
    where = t("all_loaded_markets") if region not in run.decided.markets else region
    st.caption(md(t("histogram_of", feed=run.feed.name, count=f"{len(scores):,}", where=where)))
    tier_handles(
        f"tier handles {model.scorecard} {region}",
        scores,
        shown,
        scale,
        read_only=not editing.may_edit(),
        on_move=lambda tier, value: _set_tier(model.scorecard, tier, region, value),
    )
    st.caption(t("handles_help"))


def _scored(cards: Mapping[str, Document[ScorecardModel]]) -> str:
    """The first scorecard that the last batch used, for it is what people come for; else the first of all."""
    run = batch_run.last_run()
    return next((name for name in cards if run is not None and run.scored(name)), next(iter(cards)))


def _page() -> None:
    project, book, _ = here().workspace.checked()
    cards = project.scorecards
    if not cards:
        empty("no_cards", ":material/speed:")
        return
    left, middle, right = st.columns([5, 4, 2], vertical_alignment="bottom")
    asked = st.query_params.get("card")
    name = left.selectbox(
        t("scorecards"),
        list(cards),
        index=list(cards).index(asked if asked in cards else _scored(cards)),
        format_func=lambda n: _title(cards[n].model),
        key=f"card {asked}",
        persist_state="session",
    )
    regions = book.regions.documents
    region = middle.selectbox(
        t("market"),
        [EVERYWHERE, *sorted(regions)],
        format_func=lambda r: (
            t("everywhere") if r == EVERYWHERE else f"{r} {title_of(regions[r].model.title, '')}"
        ),
        key="card region",
        persist_state="session",
    )
    right.date_input(t("as_of"), value="today", format="YYYY-MM-DD", key="card day", persist_state="session")
    document = cards[name]
    with st.container(horizontal=True, vertical_alignment="center"):
        view = st.segmented_control(
            t("scorecards"),
            ("weights", "bins", "tiers"),
            default="weights",
            required=True,
            format_func=lambda v: t(f"view_{v}"),
            label_visibility="collapsed",
            key="card view",
            persist_state="session",
        )
        span = document.span("scorecard")
        link("source", t("as_source"), file=span.file, line=str(span.line))
        link("try_it", t("try_it"), target=name)
    if view == "weights":
        _weights(document, book, region)
    elif view == "bins":
        _bins(document)
    else:
        _tiers(document, book, region)


_page()
