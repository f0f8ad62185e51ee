"""Home: the project at a glance."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import streamlit as st

from weighbridge.app import batch_run, results
from weighbridge.app.here import here
from weighbridge.app.navigation import link
from weighbridge.app.shown import empty, md, show_diagnostics, title_of
from weighbridge.app.words import t
from weighbridge.diagnostics import Diagnostic
from weighbridge.history import recent_changes
from weighbridge.project import Project


def _figures(project: Project, found: tuple[Diagnostic, ...], rules: int) -> None:
    severities = Counter(d.severity for d in found)
    columns = st.columns(5)
    columns[0].metric(t("packs"), len(project.rulesets) + len(project.scorecards), border=True)
    columns[1].metric(t("number_rules"), f"{rules:,}", border=True)
    columns[2].metric(t("markets"), sum(d.model.is_market for d in project.regions.values()), border=True)
    counts = f"{severities['error']} / {severities['warning']}"
    columns[3].metric(t("errors_and_warnings"), counts, border=True)
    run = results.last_scenarios()
    share = None if run is None else run.coverage.share()
    columns[4].metric(
        t("coverage"), t("not_run") if share is None else f"{share:.1%}", help=t("not_run_help"), border=True
    )


def _packs(project: Project) -> pd.DataFrame:
    cases = Counter[str]()
    for document in project.scenarios:
        cases[document.model.scenarios] += len(document.model.cases)
    rows = [
        (title_of(d.model.title, name), name, t("kind_ruleset"), d.model.record, cases[name])
        for name, d in project.rulesets.items()
    ] + [
        (title_of(d.model.title, name), name, t("kind_scorecard"), d.model.record, cases[name])
        for name, d in project.scorecards.items()
    ]
    return pd.DataFrame(rows, columns=[t("pack"), t("rule_id"), t("kind"), t("about"), t("scenario_count")])


def _number_of_rules(project: Project) -> int:
    rows = sum(len(table.rows) for table in project.tables.values())
    return rows + sum(len(d.model.rules) for d in project.rulesets.values())


def _history() -> None:
    past = recent_changes(project.root, 8)
    if past.absent is not None:
        empty("no_repository" if past.absent != "failed" else "history_failed", ":material/history:")
        return
    rows = [(c.date.date().isoformat(), c.author, c.subject, len(c.files)) for c in past.commits]
    columns = [t("day"), t("author"), t("what"), t("files")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt=t("recent_changes"))


project, _, found = here().workspace.checked()
config = project.config.model
st.title(md(title_of(config.title, config.project or project.root.name)))
_figures(project, found, _number_of_rules(project))
with st.container(horizontal=True):
    link("rules", t("start_rules"))
    link("try_it", t("start_try"))
    link("batch", t("start_batch"))
left, right = st.columns([3, 2])
with left:
    st.subheader(t("packs"))
    packs = _packs(project)
    st.dataframe(packs, hide_index=True, height=min(36 * len(packs) + 38, 460), alt=t("packs"))
with right:
    st.subheader(t("lint_findings"))
    if found:
        show_diagnostics(found, 8)
    else:
        st.success(t("lint_clean"), icon=":material/check_circle:")
    st.subheader(t("busiest"))
    busiest = batch_run.busiest_rules()
    if busiest:
        st.dataframe(
            pd.DataFrame(busiest, columns=[t("rule"), t("findings")]), hide_index=True, alt=t("busiest")
        )
    else:
        empty("no_run")
    st.subheader(t("recent_changes"))
    _history()
