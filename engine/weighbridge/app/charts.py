"""Charts, made with Altair: colours that work in light and dark, words in the reader's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from weighbridge.app.shown import title_of, verdict_word
from weighbridge.app.words import t
from weighbridge.findings import Score
from weighbridge.sweep import Point

Chart = alt.LayerChart | alt.FacetChart

GOOD, BAD, TOTAL, QUIET = "#2e9e5b", "#d1495b", "#4c78a8", "#9aa0a6"
VERDICT_COLOURS: Mapping[str, str] = {
    "pass": "#2e9e5b",
    "warn": "#e08a00",
    "review": "#3b7dd8",
    "block": "#d1495b",
    "error": "#7a1f2b",
}
MARKS = ("#4c78a8", "#e08a00", "#2e9e5b", "#b279a2", "#d1495b", "#72b7b2", "#9d755d", "#eeca3b")


def waterfall(score: Score) -> Chart | None:
    """From where the score starts, by what each reason adds or takes, to the score. None without a score."""
    if score.value is None:
        return None
    level = score.value - sum(r.points for r in score.reasons)
    rows: list[dict[str, Any]] = [_step(t("start_points"), 0.0, level, TOTAL, level)]
    for reason in score.reasons:
        if reason.points:
            text = title_of(reason.text, reason.code)
            colour = GOOD if (reason.points > 0) == (level < score.value or reason.points > 0) else BAD
            rows.append(_step(text, level, level + reason.points, colour, reason.points))
            level += reason.points
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
    return alt.layer(bars, words, numbers).properties(height=max(60, 36 * len(names)))


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
