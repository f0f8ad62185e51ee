"""Charts, made with Altair: colours that work in light and dark, words in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Any

import altair as alt
import pandas as pd

from weighbridge.app.shown import plain, title_of, verdict_word
from weighbridge.app.words import t
from weighbridge.documents import BinModel
from weighbridge.findings import Score
from weighbridge.sweep import Point

Chart = alt.LayerChart | alt.FacetChart

AXIS = 70
"""Pixels that an axis with its title takes from the height of a chart."""
GOOD, BAD, TOTAL, QUIET = "#2e9e5b", "#d1495b", "#4c78a8", "#9aa0a6"
VERDICT_COLOURS: Mapping[str, str] = {
    "pass": "#2e9e5b",
    "warn": "#e08a00",
    "review": "#3b7dd8",
    "block": "#d1495b",
    "error": "#7a1f2b",
}
MARKS = ("#4c78a8", "#e08a00", "#2e9e5b", "#b279a2", "#d1495b", "#72b7b2", "#9d755d", "#eeca3b")


def waterfall(score: Score, direction: str) -> Chart | None:
    """From the baseline, by what each reason takes ("below") or adds ("above"), to the score. None without one."""
    if score.value is None:
        return None
    sign = -1 if direction == "below" else 1
    level = score.value - sign * sum(r.points for r in score.reasons)
    rows: list[dict[str, Any]] = [_step(t("start_points"), 0.0, level, TOTAL, level)]
    for reason in score.reasons:
        moved = sign * reason.points
        text = title_of(reason.text, reason.code)
        rows.append(_step(text, level, level + moved, BAD if direction == "below" else MARKS[1], moved))
        level += moved
    rows.append(_step(t("score"), 0.0, score.value, TOTAL, score.value))
    return _bars(pd.DataFrame(rows))


def _step(name: str, start: float, end: float, colour: str, points: float) -> dict[str, Any]:
    return {
        "name": name,
        "start": start,
        "end": end,
        "colour": colour,
        "points": points,
        "label": f"{points:+.1f}",
    }


def _bars(frame: pd.DataFrame) -> Chart:
    frame.loc[frame.index[[0, -1]], "label"] = [f"{v:.1f}" for v in frame.loc[frame.index[[0, -1]], "points"]]
    frame["order"] = range(len(frame))
    names = list(frame["name"])
    base = alt.Chart(frame).encode(
        y=alt.Y("order:O", title=None, axis=alt.Axis(labels=False, ticks=False, domain=False)),
        tooltip=[alt.Tooltip("name:N", title=t("characteristic")), alt.Tooltip("label:N", title=t("points"))],
    )
    bars = base.mark_bar(height=14, cornerRadius=2).encode(
        x=alt.X("start:Q", title=t("points"), scale=alt.Scale(zero=True)),
        x2="end:Q",
        color=alt.Color("colour:N", scale=None),
    )
    # The reason stands above its bar: sentences are too long for an axis.
    words = base.mark_text(align="left", baseline="bottom", dy=-9, limit=620, color=QUIET).encode(
        x=alt.value(0), text="name:N"
    )
    numbers = base.mark_text(align="right", baseline="bottom", dy=-9, color=QUIET).encode(
        x=alt.value("width"), text="label:N"
    )
    return alt.layer(bars, words, numbers).properties(height=AXIS + 38 * len(names))


def sweep_chart(points: Sequence[Point], field: str, card: str | None, now: float) -> Chart:
    """A scorecard's score over the values of a field, or without one the verdict in bands, by market."""
    rows = [
        {
            "value": p.value,
            "market": p.market,
            "verdict": verdict_word(p.verdict),
            "id": p.verdict or "",
            "score": None if card is None else p.scores.get(card),
        }
        for p in points
    ]
    frame = pd.DataFrame(rows)
    x = alt.X("value:Q", title=field)
    chart: Any
    if card is not None:
        chart = (
            alt.Chart(frame)
            .mark_line(strokeWidth=2)
            .encode(
                x=x,
                y=alt.Y("score:Q", title=t("score")),
                color=alt.Color("market:N", title=t("market"), scale=alt.Scale(range=list(MARKS))),
            )
        )
    else:
        found = [i for i in VERDICT_COLOURS if i in set(frame["id"])]
        chart = (
            alt.Chart(frame)
            .mark_square(size=60)
            .encode(
                x=x,
                y=alt.Y("market:N", title=t("market")),
                color=alt.Color(
                    "verdict:N",
                    title=t("verdict"),
                    scale=alt.Scale(
                        domain=[verdict_word(i) for i in found], range=[VERDICT_COLOURS[i] for i in found]
                    )
                    if found
                    else alt.Undefined,
                ),
                tooltip=[
                    alt.Tooltip("value:Q", title=field),
                    alt.Tooltip("market:N", title=t("market")),
                    alt.Tooltip("verdict:N", title=t("verdict")),
                ],
            )
        )
    rule = (
        alt.Chart(pd.DataFrame({"value": [now]}))
        .mark_rule(strokeDash=[4, 3], color=QUIET)
        .encode(x="value:Q")
    )
    return alt.layer(chart, rule).properties(height=220)


def calendar(frame: pd.DataFrame, year: int, day: date) -> Chart | None:
    """Dated values as bars over the days of a year, with a line at `day`; None where none lies in it.

    `frame` has region, what, from, to, value, and holds: what is only switched off there is drawn faintly.
    """
    first, last = pd.Timestamp(year, 1, 1), pd.Timestamp(year, 12, 31)
    starts = [max(first, first if day is None else pd.Timestamp(day)) for day in frame["from"]]
    ends = [
        min(last, last if day is None else pd.Timestamp(day)) + pd.Timedelta(days=1) for day in frame["to"]
    ]
    spans = frame.assign(start=starts, end=ends, label=frame["region"] + " · " + frame["what"])
    spans = spans[spans["start"] < spans["end"]]
    if spans.empty:
        return None
    spans = spans.assign(**{side: [plain(d) for d in spans[side]] for side in ("from", "to")})
    tooltip = [
        alt.Tooltip(f"{n}:N", title=t(w))
        for n, w in (
            ("region", "market"),
            ("what", "parameter"),
            ("value", "value"),
            ("from", "from_day"),
            ("to", "to_day"),
        )
    ]
    bars = (
        alt.Chart(spans)
        .mark_bar(height=11, cornerRadius=2)
        .encode(
            x=alt.X(
                "start:T",
                title=t("month"),
                scale=alt.Scale(domain=[first.isoformat(), last.isoformat()]),
                axis=alt.Axis(format="%m", tickCount="month", orient="top"),
            ),
            x2="end:T",
            y=alt.Y("label:N", title=None, axis=alt.Axis(labelLimit=320, labelOverlap=False)),
            color=alt.Color(
                "holds:N", scale=alt.Scale(domain=[True, False], range=[TOTAL, QUIET]), legend=None
            ),
            opacity=alt.Opacity(
                "holds:N", scale=alt.Scale(domain=[True, False], range=[1.0, 0.3]), legend=None
            ),
            tooltip=tooltip,
        )
    )
    today = pd.DataFrame({"day": [pd.Timestamp(day)] if day.year == year else []}, dtype="datetime64[ns]")
    line = alt.Chart(today).mark_rule(strokeDash=[4, 3], color=BAD).encode(x="day:T")
    return alt.layer(bars, line).properties(height=AXIS + 20 * spans["label"].nunique())


def verdict_bars(counted: pd.DataFrame, words: str) -> Chart:
    """Counts (by, id, verdict, count) as stacked bars, one per group, mildest verdict first."""
    found = [i for i in VERDICT_COLOURS if i in set(counted["id"])]
    others = sorted(set(counted["id"]) - set(found))
    colours = [VERDICT_COLOURS[i] for i in found] + [QUIET for _ in others]
    names = {i: str(counted.loc[counted["id"] == i, "verdict"].iloc[0]) for i in (*found, *others)}
    bars = (
        alt.Chart(counted.assign(order=counted["id"].map({i: n for n, i in enumerate((*found, *others))})))
        .mark_bar(height={"band": 0.75})
        .encode(
            x=alt.X("count:Q", title=t("decisions"), stack=True, axis=alt.Axis(format=",d", tickMinStep=1)),
            y=alt.Y("by:N", title=words, sort="-x", axis=alt.Axis(labelLimit=260, labelOverlap=False)),
            color=alt.Color(
                "verdict:N",
                title=t("verdict"),
                scale=alt.Scale(domain=[names[i] for i in (*found, *others)], range=colours),
            ),
            order=alt.Order("order:Q"),
            tooltip=[
                alt.Tooltip("by:N", title=words),
                alt.Tooltip("verdict:N", title=t("verdict")),
                alt.Tooltip("count:Q", title=t("decisions"), format=","),
            ],
        )
    )
    return alt.layer(bars).properties(height=AXIS + 28 * counted["by"].nunique())


def step_picture(bins: Sequence[BinModel]) -> Chart | None:
    """The points of bins over the values they take; None where they take no numbers."""
    steps = _steps(bins)
    if not steps:
        names = [_bin_name(b) for b in bins if b.selectors] + [t("the_rest") for b in bins if not b.selectors]
        points = [float(b.points) for b in bins if b.selectors] + [
            float(b.points) for b in bins if not b.selectors
        ]
        if not names:
            return None
        frame = pd.DataFrame({"name": names, "points": points})
        bars = (
            alt.Chart(frame)
            .mark_bar(color=TOTAL, height={"band": 0.6})
            .encode(x=alt.X("points:Q", title=t("points")), y=alt.Y("name:N", title=None, sort=None))
        )
        return alt.layer(bars).properties(height=AXIS + 28 * len(names))
    frame = pd.DataFrame(steps, columns=["low", "high", "points"])
    width = (frame["high"].max() - frame["low"].min()) or 1.0
    lines = (
        alt.Chart(frame)
        .mark_rule(strokeWidth=4, color=TOTAL)
        .encode(
            x=alt.X("low:Q", title=t("value"), scale=alt.Scale(nice=False, padding=10, zero=False)),
            x2="high:Q",
            y=alt.Y("points:Q", title=t("points")),
            tooltip=[
                alt.Tooltip("low:Q", title=t("turn_from")),
                alt.Tooltip("high:Q", title=t("turn_to")),
                alt.Tooltip("points:Q", title=t("points")),
            ],
        )
    )
    falls = pd.DataFrame(
        [(a[1], a[2], b[2]) for a, b in pairwise(steps) if abs(a[1] - b[0]) < width * 1e-9],
        columns=["x", "from", "to"],
    )
    drops = alt.Chart(falls).mark_rule(strokeDash=[3, 3], color=QUIET).encode(x="x:Q", y="from:Q", y2="to:Q")
    return alt.layer(drops, lines).properties(height=240)


def _steps(bins: Sequence[BinModel]) -> list[tuple[float, float, float]]:
    """(low, high, points) of bins over numbers, in order; open ends are drawn a little further than the last bound."""
    bounds = [float(v) for b in bins for v in (b.upto, b.from_) if v is not None]
    for band in bins:
        interval = band.interval
        bounds += [] if interval is None else [v for v in (interval.low, interval.high) if v is not None]
    if not bounds or any(b.in_ is not None or "is" in b.selectors for b in bins):
        return []
    low, high = min(bounds), max(bounds)
    margin = (high - low) * 0.15 or max(1.0, abs(high) * 0.5)
    found: list[tuple[float, float, float]] = []
    at = low - margin
    for number, band in enumerate(bins):
        interval = band.interval
        if interval is not None:
            start = at if interval.low is None else interval.low
            end = high + margin if interval.high is None else interval.high
        elif band.from_ is not None:
            later = [b.from_ for b in bins[number + 1 :] if b.from_ is not None]
            start, end = float(band.from_), float(later[0]) if later else high + margin
        else:
            start, end = at, float(band.upto) if band.upto is not None else high + margin
        found.append((start, max(start, end), float(band.points)))
        at = max(start, end)
    return sorted(found)


def _bin_name(band: BinModel) -> str:
    if band.in_ is not None:
        return ", ".join(map(str, band.in_))
    return str(band.is_).lower() if isinstance(band.is_, bool) else str(band.is_)
