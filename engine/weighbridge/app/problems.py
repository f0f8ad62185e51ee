"""Diagnostics with a way to where each can be mended."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from weighbridge.app.navigation import link
from weighbridge.app.shown import md, show_diagnostics
from weighbridge.app.words import t
from weighbridge.diagnostics import Diagnostic


def show_problems(found: Sequence[Diagnostic], most: int = 8) -> None:
    """As `show_diagnostics`, each that has a place with a link to it; errors first."""
    ranked = sorted(found, key=lambda d: d.severity != "error")
    for problem in ranked[:most]:
        with st.container(border=True):
            show_diagnostics([problem])
            span = problem.span
            if span is not None and span.file:
                link(
                    "source",
                    md(t("go_mend", place=f"{span.file}:{span.line}")),
                    file=span.file,
                    line=str(span.line),
                )
    if len(found) > most:
        st.caption(t("more_problems", count=len(found) - most))
