"""Draft against saved: which records of the loaded feed the draft decides otherwise, and which change does it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from weighbridge.app import batch_run, jobs
from weighbridge.app.batch_run import BatchRun
from weighbridge.app.here import here
from weighbridge.app.jobs import Job
from weighbridge.app.navigation import go, link
from weighbridge.app.record_form import replace_record
from weighbridge.app.results import IMPACT
from weighbridge.app.shown import empty, md, verdict_word
from weighbridge.app.words import language, t
from weighbridge.engine import Engine
from weighbridge.impact_reports import cause_lines, cause_title, sign_of
from weighbridge.impact_result import Impact
from weighbridge.messages import IMPACT as WORDS
from weighbridge.messages import phrase
from weighbridge.versions import Version

MOST_SHOWN = 5_000


def _start(saved: Version, draft: Engine, run: BatchRun) -> None:
    asked = run.decided

    def work(job: Job) -> Impact:
        return draft.impact(
            asked.target,
            run.feed.table,
            saved,
            markets=asked.markets,
            as_of=asked.as_of,
            progress=lambda records, share: job.step(records, run.feed.rows),
        )

    job = jobs.start(IMPACT, work)
    job.about = (saved.engine.version, draft.version, asked.feed)


def impact_view() -> None:
    """The impact on the feed of the page "Batch"."""
    run = batch_run.last_run()
    if run is None:
        empty("impact_needs_feed", ":material/table_rows:")
        link("batch")
        return
    workspace = here().workspace
    saved, draft = workspace.draft.saved_version(), workspace.engine()
    asked = run.decided
    st.caption(
        md(
            t(
                "impact_of",
                feed=run.feed.name,
                rows=f"{run.feed.rows:,}",
                target=asked.target,
                markets=", ".join(asked.markets),
            )
        )
    )
    job = jobs.current(IMPACT)
    wanted = (saved.engine.version, draft.version, asked.feed)
    if job is None or job.about != wanted:
        _start(saved, draft, run)
    job = jobs.watch(IMPACT)
    if job is None:
        if (stopped := jobs.current(IMPACT)) is not None and stopped.finished:
            st.button(
                t("run"),
                icon=":material/play_arrow:",
                key="impact again",
                on_click=_start,
                args=(saved, draft, run),
            )
        return
    _show(job.result, run)


def _show(impact: Impact, run: BatchRun) -> None:
    columns = st.columns(3)
    columns[0].metric(t("records_compared"), f"{impact.records:,}", border=True)
    share = impact.changed_records / impact.records if impact.records else 0.0
    columns[1].metric(
        t("records_changed"),
        f"{impact.changed_records:,}",
        f"{share:.1%}",
        delta_color="off",
        delta_arrow="off",
        border=True,
    )
    columns[2].metric(t("decisions_changed"), f"{impact.changed:,}", border=True)
    for score in impact.scores:
        card = f"{score.name} ({score.market})"
        st.caption(md(t("scores_changed", card=card, count=f"{score.count:,}", most=f"{score.most:.2f}")))
    if not impact.changed:
        st.success(t("no_impact"), icon=":material/check_circle:")
        return
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('which_way')}**")
        rows = [
            (m.market, m.name, _word(m.kind, m.before), _word(m.kind, m.after), m.count)
            for m in impact.moves
            if m.kind not in ("rule", "conflict")
        ]
        heads = [t("market"), t("what"), t("before"), t("after"), t("how_many")]
        st.dataframe(pd.DataFrame(rows, columns=heads), hide_index=True, height=200, alt=t("which_way"))
    with right:
        st.markdown(f"**{t('because_of')}**")
        rules = [
            (m.name, m.market, phrase(WORDS, sign_of(m), language()), m.count)
            for m in impact.moves
            if m.kind == "rule"
        ]
        heads = [t("rule"), t("market"), t("what"), t("how_many")]
        st.dataframe(pd.DataFrame(rules, columns=heads), hide_index=True, height=200, alt=t("because_of"))
    _causes(impact)
    _list(impact, run)


def _word(kind: str, value: str) -> str:
    return verdict_word(value or None) if kind == "verdict" else value or "–"


def _causes(impact: Impact) -> None:
    """What each change does alone, where there are several."""
    if not impact.causes or len(impact.causes) < 2:
        return
    with st.expander(phrase(WORDS, "causes", language()), expanded=True):
        for cause in impact.causes:
            said = "  \n".join(md(line) for line in cause_lines(cause, language()))
            st.markdown(f"{cause.number}. {md(cause_title(cause, language()))}  \n{said}")
        if impact.together:
            st.markdown(phrase(WORDS, "together", language(), count=impact.together))


def _list(impact: Impact, run: BatchRun) -> None:
    """Every difference; a record can be opened on the page "Try it", all can be downloaded."""
    model = here().workspace.engine().record_type(run.decided.target)
    shown = impact.table.slice(0, MOST_SHOWN).to_pandas()
    st.markdown(f"**{t('changed_list')}**")
    picked = st.dataframe(
        shown.drop(columns=["row", *([] if model.key is not None else ["key"])]),
        hide_index=True,
        height=300,
        column_config={
            "key": t("record"),
            "market": t("market"),
            "kind": None,
            "name": t("what"),
            "before": t("before"),
            "after": t("after"),
            "changes": t("because_of"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"changed {run.feed.digest} {impact.version} {impact.base_version}",
        alt=t("changed_list"),
    )
    with st.container(horizontal=True):
        st.download_button(
            t("download"),
            data=lambda: impact.table.to_pandas().to_csv(index=False).encode("utf-8-sig"),
            file_name="impact.csv",
            mime="text/csv",
            icon=":material/download:",
            key="download impact",
        )
        rows = list(picked["selection"]["rows"])
        if (
            rows
            and rows[0] < len(shown)
            and st.button(t("open_in_try_it"), icon=":material/play_circle:", key="open changed")
        ):
            replace_record(model, run.feed.record(int(shown.iloc[rows[0]]["row"])))
            go("try_it", target=run.decided.target)
