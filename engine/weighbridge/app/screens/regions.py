"""Markets: how regions inherit, what holds where and since which file and line, and the seasons of the year."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from weighbridge.app import charts, controls, editing
from weighbridge.app.dated_values import dated_values, is_dated
from weighbridge.app.here import here
from weighbridge.app.navigation import link
from weighbridge.app.place_words import path_words
from weighbridge.app.result_words import market_title, rule_titles, target_title
from weighbridge.app.shown import empty, md, plain, table_height, title_of
from weighbridge.app.units import unit_word
from weighbridge.app.words import language, t
from weighbridge.documents import DatedValue, DatedWeight, RegionModel
from weighbridge.edits import Address, inherit_parameter
from weighbridge.project import Document
from weighbridge.region_report import region_report
from weighbridge.regions import Regions, Resolved
from weighbridge.rulebook import Rulebook
from weighbridge.templates import show_value
from weighbridge.tree import Type

MOST_COLUMNS = 8


def _title(regions: Regions, name: str) -> str:
    return title_of(regions.documents[name].model.title, name)


def _tree(regions: Regions) -> None:
    """Who inherits from whom."""
    parents = {name: d.model.extends for name, d in regions.documents.items()}
    roots = [n for n, own in parents.items() if not own]
    lines = ["flowchart LR"]
    ids = {name: f"n{i}" for i, name in enumerate(sorted(parents))}
    groups = {p for own in parents.values() for p in own}
    shown = st.multiselect(
        t("tree_of"),
        sorted(groups),
        default=[r for r in roots if r in groups],
        format_func=lambda n: f"{_title(regions, n)} ({n})",
        key="tree of",
        persist_state="session",
    )
    kept = {n for n, line in regions.lineages.items() if not shown or set(line) & set(shown)}
    leaves = [n for n in kept if n not in groups]
    for name in sorted(kept & groups | {p for n in kept for p in parents[n]}):
        lines.append(f'  {ids[name]}("{_label(_title(regions, name))}")')
    for name in sorted(kept & groups):
        lines += [f"  {ids[p]} --> {ids[name]}" for p in parents[name] if p in ids]
    # The markets of one group stand in one node: fifty nodes side by side would not fit.
    for number, (own, names) in enumerate(_together(leaves, parents)):
        lines.append(f'  m{number}["{", ".join(names)}"]')
        lines += [f"  {ids[p]} --> m{number}" for p in own if p in ids]
    st.mermaid_chart("\n".join(lines), alt=t("inheritance"))


def _label(text: str) -> str:
    """A text inside a node of a Mermaid chart: signs that mean something there by their names."""
    names = {"#": "#35;", '"': "#quot;", "<": "#lt;", ">": "#gt;", "&": "#amp;", "`": "#96;"}
    return "".join(names.get(sign, sign) for sign in " ".join(text.split()))


def _together(
    leaves: list[str], parents: dict[str, tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    by_parents: dict[tuple[str, ...], list[str]] = {}
    for name in sorted(leaves):
        by_parents.setdefault(parents[name], []).append(name)
    yield from by_parents.items()


def _matrix(book: Rulebook, day: date) -> None:
    """Markets x parameters; a value that is inherited says from where."""
    regions = book.regions
    configured = here().workspace.checked()[0].config.model.markets
    usual = [m for m in configured if m in regions.markets]
    left, right = st.columns(2)
    markets = left.multiselect(
        t("markets"),
        regions.markets,
        default=usual or list(regions.markets[:4]),
        format_func=lambda m: f"{m} {_title(regions, m)}",
        max_selections=MOST_COLUMNS,
        key="matrix markets",
        persist_state="session",
    )
    asked = st.query_params.get("parameter", "")
    words = right.text_input(
        t("search"),
        asked,
        key=f"matrix words {asked}",
        placeholder=t("search_hint"),
        icon=":material/search:",
    )
    if not markets:
        empty("choose_market")
        return
    places = st.toggle(t("show_places"), key="matrix places", persist_state="session")
    rows = []
    for name, declared in regions.declared.items():
        title = title_of(declared.title, name)
        if words.casefold() not in f"{name} {title}".casefold():
            continue
        row = {
            t("parameter"): title + (f" ({unit_word(declared.unit)})" if declared.unit else ""),
            t("rule_id"): name,
        }
        for market in markets:
            found = regions.parameter(market, name, day)
            value = "–" if found is None else show_value(found.value, Type(declared.type), language())
            if found is not None and found.region != market:
                value += f"  ← {_title(regions, found.region)}"
            if places and found is not None and found.span is not None:
                value = f"{found.span.file}:{found.span.line}"
            row[market] = value
        rows.append(row)
    st.caption(t("matrix_help"))
    picked = st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        height=table_height(len(rows), 400),
        on_select="rerun",
        selection_mode="single-row",
        key=f"matrix {' '.join(markets)} {words}",
        alt=t("matrix"),
    )
    chosen = [rows[n][t("rule_id")] for n in picked["selection"]["rows"] if n < len(rows)]
    if chosen:
        _parameter(book, chosen[0], list(markets), day)


def _parameter(book: Rulebook, name: str, markets: list[str], day: date) -> None:
    """One parameter in the chosen markets: where it was set, and its own value there."""
    regions = book.regions
    declared = regions.declared[name]
    st.subheader(md(title_of(declared.title, name)))
    for market in markets:
        _in_market(book, market, name, day)


def _in_market(book: Rulebook, market: str, name: str, day: date) -> None:
    """A parameter in one market: its own value, or the inherited one, and where that was set."""
    regions = book.regions
    found = regions.parameter(market, name, day)
    own = regions.documents[market].model.parameters.get(name)
    columns = st.columns([3, 4, 2, 2, 4], vertical_alignment="bottom")
    with columns[0]:
        st.markdown(f"**{md(market)}** {md(_title(regions, market))}")
        if own is None and found is not None:
            value = show_value(found.value, Type(regions.declared[name].type), language())
            st.caption(md(t("inherited_value", value=value, where=_title(regions, found.region))))
    with columns[1]:
        if is_dated(own):
            st.caption(t("dated_value", count=len(own or ())))
        else:
            _own_value(book, market, name, None if own is None else own[0].value)
    with (
        columns[2],
        st.popover(
            t("by_dates"),
            icon=":material/event:",
            key=editing.key(f"dates {market} {name}"),
            help=t("dated_values_of", name=md(title_of(regions.declared[name].title, name)), where=market),
        ),
    ):
        _by_dates(book, market, name, own or ())
    if own is not None:
        columns[3].button(
            t("inherit"),
            icon=":material/subdirectory_arrow_left:",
            key=f"inherit {market} {name}",
            disabled=not editing.may_edit(),
            on_click=editing.apply,
            args=(inherit_parameter(market, name),),
        )
    if found is not None and found.span is not None:
        with columns[4]:
            label = t("set_at", place=f"{found.span.file}:{found.span.line}")
            link("source", md(label), file=found.span.file, line=str(found.span.line))


def _by_dates(book: Rulebook, market: str, name: str, own: Sequence[DatedValue]) -> None:
    """The own values of a market with their days."""
    declared = book.regions.declared[name]
    kind = str(declared.type)
    options = sorted(book.terms) if kind == "terms" else declared.allowed
    words = t("dated_values_of", name=title_of(declared.title, name), where=market)
    dated_values(words, Address("region", market), ("parameters", name), own, kind, options)


def _own_value(book: Rulebook, market: str, name: str, value: object) -> None:
    declared = book.regions.declared[name]
    at, path = Address("region", market), ("parameters", name)
    words = t("own_value_in", where=market)
    kind = str(declared.type)
    if kind == "number":
        number = float(value) if isinstance(value, int | float) else None
        controls.number(words, at, path, number, low=declared.min, high=declared.max)
    elif kind == "boolean":
        controls.yes_no(words, at, path, value)
    elif kind == "text_list":
        controls.several(words, at, path, value, (), free=True)
    elif kind == "terms":
        controls.choice(words, at, path, value, sorted(book.terms))
    elif kind == "date":
        controls.day(words, at, path, value)
    elif declared.allowed is not None:
        controls.choice(words, at, path, value, declared.allowed)
    else:
        controls.text(words, at, path, value)


def _one(book: Rulebook, day: date) -> None:
    """Everything that holds in one market, each with its file and line."""
    regions = book.regions
    market = st.selectbox(
        t("market"),
        sorted(regions.documents),
        format_func=lambda m: f"{m} {_title(regions, m)}",
        key="one market",
    )
    lineage = [market_title(regions, name) for name in regions.lineages[market]]
    st.markdown(md(" ← ".join(lineage)))
    _list(
        "parameters",
        (t("parameter"), t("rule_id")),
        [
            (
                title_of(declared.title, name),
                name,
                *_resolved(regions, regions.parameter(market, name, day), Type(declared.type), declared.unit),
            )
            for name, declared in regions.declared.items()
        ],
    )
    _list(
        "weights",
        (t("scorecard"), t("characteristic")),
        [
            (
                title_of(card.title, card.id),
                title_of(line.title, line.id),
                *_resolved(
                    regions, regions.weight(market, card.id, line.id, day) or usual, Type.NUMBER, None
                ),
            )
            for card in book.scorecards.values()
            for line in card.characteristics
            for usual in [Resolved(line.id, line.weight / 1000, "", line.span)]
        ],
    )
    report = region_report(book, market, day)
    _overrides(book, report)
    _privacy(regions, report)


def _resolved(regions: Regions, found: Resolved | None, kind: Type, unit: str | None) -> tuple[str, str, str]:
    """A value with its unit, the region that set it (or the scorecard), and its file and line."""
    if found is None:
        return "–", "–", "–"
    value = show_value(found.value, kind, language()) + (
        f" {unit_word(unit)}" if unit and found.value is not None else ""
    )
    set_by = market_title(regions, found.region) if found.region else t("scorecard_itself")
    return value, set_by, "–" if found.span is None else f"{found.span.file}:{found.span.line}"


def _list(words: str, heads: tuple[str, str], rows: list[tuple[str, str, str, str, str]]) -> None:
    if not rows:
        return
    st.markdown(f"**{t(words)}**")
    columns = [*heads, t("value"), t("set_by"), t("place")]
    st.dataframe(
        pd.DataFrame(rows, columns=columns),
        hide_index=True,
        height=table_height(len(rows), 260),
        alt=t(words),
    )


def _overrides(book: Rulebook, report: dict[str, Any]) -> None:
    """What the market changes about single rules and scorecards, and why."""
    if not report["overrides"]:
        return
    rules = rule_titles([book])
    rows = [
        (
            rules.get(o["of"]) or target_title([book], o["of"]),
            plain(o["set"]),
            title_of(o["reason"], ""),
            market_title(book.regions, o["region"]),
            o["location"],
        )
        for o in report["overrides"]
    ]
    st.markdown(f"**{t('overrides')}**")
    columns = [t("what"), t("value"), t("why"), t("set_by"), t("place")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt=t("overrides"))


def _privacy(regions: Regions, report: dict[str, Any]) -> None:
    """Which personal data may be read for what."""
    if not report["privacy"]:
        return
    rows = [
        (
            ", ".join(p["purposes"]) or t("any"),
            ", ".join(p["data"]) or t("any"),
            p["consent"],
            p["source"] or "–",
            market_title(regions, p["set_by"]),
            p["location"],
        )
        for p in report["privacy"]
    ]
    st.markdown(f"**{t('privacy')}**")
    columns = [t("purpose"), t("personal_data"), t("consent"), t("source_short"), t("set_by"), t("place")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt=t("privacy"))


def _seasons(book: Rulebook, day: date) -> None:
    """Everything that holds on some days only, on a calendar."""
    rows = [
        (
            market_title(book.regions, name),
            _called(book, what),
            entry.from_,
            entry.to,
            plain(entry.value),
            entry.value is not False,
        )
        for name, document in sorted(book.regions.documents.items())
        for what, entry in _dated(document)
        if entry.from_ is not None or entry.to is not None
    ]
    if not rows:
        empty("no_seasons", ":material/event_busy:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        year = st.number_input(t("year"), 1990, 2100, day.year, key="season year", width=180)
        st.caption(t("seasons_help"))
    frame = pd.DataFrame(rows, columns=["region", "what", "from", "to", "value", "holds"])
    chart = charts.calendar(frame, int(year), day)
    if chart is None:
        empty("no_seasons", ":material/event_busy:")
    else:
        st.altair_chart(chart, alt=t("view_seasons"))
    shown = frame.drop(columns="holds").rename(
        columns={
            "region": t("market"),
            "what": t("parameter"),
            "from": t("from_day"),
            "to": t("to_day"),
            "value": t("value"),
        }
    )
    st.dataframe(shown, hide_index=True, height=table_height(len(shown), 240), alt=t("view_seasons"))


def _called(book: Rulebook, what: str) -> str:
    """The title of a parameter; of a weight the names of scorecard and characteristic."""
    declared = book.regions.declared.get(what)
    if declared is not None:
        return title_of(declared.title, what)
    card, _, line = what.partition(".")
    return path_words([book], "region", ("weights", card, line))


def _dated(document: Document[RegionModel]) -> Iterator[tuple[str, DatedValue | DatedWeight]]:
    """Every value of a region that may have dates, with its name."""
    for name, entries in document.model.parameters.items():
        yield from ((name, entry) for entry in entries)
    for card, weights in document.model.weights.items():
        for line, dated in weights.items():
            yield from ((f"{card}.{line}", entry) for entry in dated)


def _page() -> None:
    _, book, _ = here().workspace.checked()
    if not book.regions.documents:
        empty("no_regions", ":material/public_off:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        view = st.segmented_control(
            t("regions"),
            ("matrix", "inheritance", "one", "seasons"),
            default="matrix",
            required=True,
            format_func=lambda v: t(f"view_{v}"),
            label_visibility="collapsed",
            key="regions view",
            persist_state="session",
        )
        day = st.date_input(t("as_of"), value="today", format="YYYY-MM-DD", key="regions day", width=180)
    if view == "matrix":
        _matrix(book, day)
    elif view == "inheritance":
        _tree(book.regions)
    elif view == "one":
        _one(book, day)
    else:
        _seasons(book, day)


_page()
