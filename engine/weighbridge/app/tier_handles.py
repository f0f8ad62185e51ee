"""Bounds of tiers as handles over the histogram of scores: dragged, or moved by arrow keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from weighbridge.app.words import t

FOLDER = Path(__file__).parent / "handles"
BARS = 50
STEP = 0.5
"""Points that a handle moves at least."""
KNOWN = "tier handles"
"""Where the session counts what was moved: after a move that came to nothing the handle goes back."""


@dataclass(frozen=True, slots=True)
class Bound:
    """A tier and its lower bound (None: the lowest tier, which takes the rest). `fixed`: it has no handle."""

    id: str
    name: str
    value: float | None
    inherited: bool
    fixed: bool = False


@cache
def _component() -> Any:
    from streamlit.components.v2 import component

    return component(
        "weighbridge_tier_handles",
        html='<div class="handles"></div>',
        css=(FOLDER / "handles.css").read_text(encoding="utf-8"),
        js=(FOLDER / "handles.js").read_text(encoding="utf-8"),
    )


def tier_handles(
    key: str,
    scores: NDArray[np.float64],
    bounds: Sequence[Bound],
    scale: tuple[float, float],
    *,
    read_only: bool,
    on_move: Callable[[str, float], object],
) -> None:
    """Draws how often each score occurs, and a handle per tier. `on_move` gets the tier and its new bound.

    `scores` ascend.
    """
    moves = st.session_state.setdefault(KNOWN, 0)

    def moved() -> None:
        sent = st.session_state[key].get("moved")
        known = {bound.id for bound in bounds if not bound.fixed and bound.value is not None}
        if not sent or sent.get("id") not in known or read_only:
            return
        value = float(sent["value"])
        if scale[0] <= value <= scale[1]:
            st.session_state[KNOWN] += 1
            on_move(str(sent["id"]), value)

    _component()(
        key=key,
        data={**histogram(scores, bounds, scale), "readOnly": read_only, "moves": moves},
        on_moved_change=moved,
        height="content",
    )


def histogram(
    scores: NDArray[np.float64], bounds: Sequence[Bound], scale: tuple[float, float]
) -> dict[str, Any]:
    """What the browser draws: bars, handles and tiers by their bounds, and how many scores lie above each step."""
    low, high = scale
    edges = np.linspace(low, high, BARS + 1)
    places = np.searchsorted(scores, edges)
    places[-1] = np.searchsorted(scores, high, side="right")
    counts = np.diff(places)
    ordered = sorted(bounds, key=lambda b: -np.inf if b.value is None else b.value)
    steps = np.arange(low, high + STEP / 2, STEP)
    tips = [
        t("histogram_bar", low=f"{a:g}", high=f"{b:g}", count=f"{n:,}")
        for a, b, n in zip(edges[:-1].tolist(), edges[1:].tolist(), counts.tolist(), strict=True)
    ]
    return {
        "label": t("histogram"),
        "low": low,
        "high": high,
        "step": STEP,
        "bars": counts.tolist(),
        "most": int(counts.max(initial=1)),
        "tips": tips,
        "total": len(scores),
        "above": [len(scores) - int(n) for n in np.searchsorted(scores, steps)],
        "handles": [
            {
                "id": bound.id,
                "label": t("tier_from", name=bound.name),
                "value": bound.value,
                "inherited": bound.inherited,
                "above": len(scores) - int(np.searchsorted(scores, bound.value)),
            }
            for bound in ordered
            if bound.value is not None and not bound.fixed
        ],
        "tiers": [{"id": bound.id, "name": bound.name, "value": bound.value} for bound in ordered],
        "words": {
            "axis": t("score_axis"),
            "most": t("histogram_most", count=f"{int(counts.max(initial=0)):,}"),
            "count": t("tier_count", count="{count}", share="{share}"),
        },
    }
