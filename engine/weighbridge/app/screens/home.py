"""Home: the project at a glance."""

from __future__ import annotations

from collections import Counter

import pandas as pd
import streamlit as st

from weighbridge.app import batch_run, editing, results
from weighbridge.app.here import here
from weighbridge.app.navigation import go, link
from weighbridge.app.problems import show_problems
from weighbridge.app.shown import empty, md, title_of
from weighbridge.app.words import t
from weighbridge.diagnostics import Diagnostic
from weighbridge.history import recent_changes
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook
from weighbridge.starter import StarterProject

ROW_HEIGHT, PACKS_HEIGHT = 31, 400
MOST_PROBLEMS = 5


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


def _first_steps() -> None:
    """What a change takes, in the order it is done."""
    run = batch_run.last_run()
    loaded = "" if run is None else t("step_loaded", feed=run.feed.name, rows=f"{run.feed.rows:,}")
    with st.container(border=True):
        st.markdown(f"**{t('first_steps')}**")
        first, second, third, fourth = st.columns(4)
        with first:
            link("batch", t("step_load"))
            st.caption(md(loaded or t("step_load_why")))
        with second:
            link("rules", t("step_change"))
            st.caption(t("step_change_why"))
        with third:
            link("changes", t("step_impact"), view="impact")
            st.caption(t("step_impact_why"))
        with fourth:
            link("try_it", t("step_try"))
            st.caption(t("step_try_why"))


def _packs(project: Project) -> None:
    """The packs; a chosen one is opened where it is changed."""
    cases = Counter[str]()
    for document in project.scenarios:
        cases[document.model.scenarios] += len(document.model.cases)
    records = {name: title_of(d.model.title, name) for name, d in project.record_types.items()}
    rows = [
        (
            title_of(d.model.title, name),
            t(f"kind_{kind}"),
            records.get(d.model.record, d.model.record),
            cases[name],
        )
        for kind, documents in (("ruleset", project.rulesets), ("scorecard", project.scorecards))
        for name, d in documents.items()
    ]
    frame = pd.DataFrame(rows, columns=[t("pack"), t("kind"), t("about"), t("scenario_count")])
    picked = st.dataframe(
        frame,
        hide_index=True,
        height=min(ROW_HEIGHT * (len(rows) + 1) + 3, PACKS_HEIGHT),
        on_select="rerun",
        selection_mode="single-row",
        key="home packs",
        alt=t("packs"),
    )
    chosen = list(picked["selection"]["rows"])
    if chosen and chosen[0] < len(rows):
        names = [*project.rulesets, *project.scorecards]
        name = names[chosen[0]]
        if name in project.rulesets and chosen[0] < len(project.rulesets):
            go("rules", pack=name)
        else:
            go("scorecards", card=name)


def _number_of_rules(project: Project) -> int:
    rows = sum(len(table.rows) for table in project.tables.values())
    return rows + sum(len(d.model.rules) for d in project.rulesets.values())


def _busiest(book: Rulebook) -> None:
    busiest = batch_run.busiest_rules()
    if not busiest:
        empty("no_run")
        return
    titles = {rule.ref: rule.title for ruleset in book.rulesets.values() for rule in ruleset.rules}
    rows = [(title_of(titles.get(ref, {}), ref), ref, f"{count:,}") for ref, count in busiest]
    columns = [t("rule"), t("rule_id"), t("findings")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt=t("busiest"))


def _history() -> None:
    past = recent_changes(here().workspace.draft.root, 8)
    if past.absent is not None:
        empty("no_repository" if past.absent != "failed" else "history_failed", ":material/history:")
        return
    rows = [(c.date.date().isoformat(), c.author, c.subject, len(c.files)) for c in past.commits]
    columns = [t("day"), t("author"), t("what"), t("files")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt=t("recent_changes"))


def _nothing_yet() -> None:
    """What an empty project offers: a working example to change, or a file of one's own."""
    empty("empty_project", ":material/deployed_code:")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("begin_with_example"),
            icon=":material/auto_awesome:",
            type="primary",
            key="begin",
            disabled=not editing.may_edit(),
            on_click=editing.apply,
            args=(StarterProject(),),
        )
        link("source", t("begin_with_file"))


def _page() -> None:
    project, book, found = here().workspace.checked()
    config = project.config.model
    st.title(md(title_of(config.title, config.project or project.root.name)))
    if not (project.rulesets or project.scorecards or project.regions) and not _broken_files(found):
        _nothing_yet()
        if project.root.is_dir():
            return
    _figures(project, found, _number_of_rules(project))
    _first_steps()
    left, right = st.columns([3, 2])
    with left:
        st.subheader(t("packs"), help=t("packs_help"))
        _packs(project)
    with right:
        st.subheader(t("lint_findings"))
        if found:
            show_problems(found, MOST_PROBLEMS)
        else:
            st.success(t("lint_clean"), icon=":material/check_circle:")
        st.subheader(t("busiest"))
        _busiest(book)
        st.subheader(t("recent_changes"))
        _history()


def _broken_files(found: tuple[Diagnostic, ...]) -> bool:
    return any(d.span is not None and d.span.file for d in found)


_page()
