"""Draft against saved: which records of the loaded feed the draft decides otherwise."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from weighbridge.app import batch_run, jobs
from weighbridge.app.batch_run import BatchRun
from weighbridge.app.here import here
from weighbridge.app.jobs import Job
from weighbridge.app.navigation import go, link
from weighbridge.app.record_form import replace_record
from weighbridge.app.result_words import result_title, result_value
from weighbridge.app.results import IMPACT
from weighbridge.app.shown import empty, md
from weighbridge.app.words import t
from weighbridge.engine import Engine
from weighbridge.feed_decisions import FeedDecisions, decide_feed
from weighbridge.impact import Impact, compare

MOST_SHOWN = 5_000


def _start(saved: Engine, draft: Engine, run: BatchRun) -> None:
    before = st.session_state.get("impact base")

    def work(job: Job) -> tuple[FeedDecisions, Impact]:
        asked = run.decided
        old = _known(before, run, saved)
        new = run.decided if run.decided.version == draft.version else None
        parts = (old is None) + (new is None)
        done = 0

        def step(part: int, total: int) -> None:
            job.step(done + part, total * parts)

        if old is None:
            old = decide_feed(saved, asked.target, run.feed, asked.markets, asked.as_of, step)
            done = run.feed.rows * len(asked.markets)
        if new is None:
            new = decide_feed(draft, asked.target, run.feed, asked.markets, asked.as_of, step)
        return old, compare(old, new)

    job = jobs.start(IMPACT, work)
    job.about = (saved.version, draft.version, run.decided.feed)


def _known(before: object, run: BatchRun, saved: Engine) -> FeedDecisions | None:
    """The decisions by what is saved, where they were made before: by the batch, or by the last comparison."""
    for found in (run.decided, before):
        if (
            isinstance(found, FeedDecisions)
            and found.version == saved.version
            and _asks_the_same(found, run.decided)
        ):
            return found
    return None


def _asks_the_same(one: FeedDecisions, other: FeedDecisions) -> bool:
    return (one.target, one.feed, one.markets, one.as_of) == (
        other.target,
        other.feed,
        other.markets,
        other.as_of,
    )


def impact_view() -> None:
    """The impact on the feed of the page "Batch"."""
    run = batch_run.last_run()
    if run is None:
        empty("impact_needs_feed", ":material/table_rows:")
        link("batch")
        return
    workspace = here().workspace
    saved, draft = workspace.saved_engine(), workspace.engine()
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
    wanted = (saved.version, draft.version, asked.feed)
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
    base, impact = job.result
    st.session_state["impact base"] = base
    _show(impact, run)


def _show(impact: Impact, run: BatchRun) -> None:
    book, target = here().workspace.engine().book, run.decided.target
    columns = st.columns(3)
    columns[0].metric(t("records_compared"), f"{impact.decided:,}", border=True)
    share = impact.records / impact.decided if impact.decided else 0.0
    columns[1].metric(
        t("records_changed"),
        f"{impact.records:,}",
        f"{share:.1%}",
        delta_color="off",
        delta_arrow="off",
        border=True,
    )
    columns[2].metric(t("decisions_changed"), f"{len(impact.changed):,}", border=True)
    for card, (count, most) in impact.scores.items():
        st.caption(md(t("scores_changed", card=card, count=f"{count:,}", most=f"{most:.2f}")))
    if impact.changed.empty:
        st.success(t("no_impact"), icon=":material/check_circle:")
        return
    left, right = st.columns(2)
    with left:
        st.markdown(f"**{t('which_way')}**")
        rows = [
            (result_title(book, target, what), result_value(book, what, a), result_value(book, what, b), n)
            for (what, a, b), n in impact.moves.items()
        ]
        columns_ = [t("what"), t("before"), t("after"), t("how_many")]
        _short_list(pd.DataFrame(rows, columns=columns_), t("which_way"))
    with right:
        st.markdown(f"**{t('because_of')}**")
        rules = pd.DataFrame(list(impact.rules.items()), columns=[t("rule"), t("how_many")])
        _short_list(rules, t("because_of"))
    _list(impact, run)


def _short_list(frame: pd.DataFrame, words: str) -> None:
    """A list as high as it is long, up to a few lines."""
    st.dataframe(frame, hide_index=True, height=min(38 + 35 * len(frame), 200), alt=words)


def _list(impact: Impact, run: BatchRun) -> None:
    """Every changed decision; one can be opened on the page "Try it", all can be downloaded."""
    workspace = here().workspace
    model = workspace.engine().record_type(run.decided.target)
    book, target = workspace.engine().book, run.decided.target
    shown = impact.changed.head(MOST_SHOWN).copy()
    for name in ("before", "after"):
        shown[name] = [result_value(book, w, v) for w, v in zip(shown["what"], shown[name], strict=True)]
    titles = {what: result_title(book, target, what) for what in shown["what"].unique()}
    shown["what"] = shown["what"].map(titles)
    if model.key is not None:
        shown.insert(0, "record", run.values(model.key, shown["row"]))
    st.markdown(f"**{t('changed_list')}**")
    picked = st.dataframe(
        shown.drop(columns="row"),
        hide_index=True,
        height=300,
        column_config={
            "record": t("record"),
            "market": t("market"),
            "what": t("what"),
            "before": t("before"),
            "after": t("after"),
            "rules": t("because_of"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"changed {run.feed.digest} {impact.records} {len(impact.changed)}",
        alt=t("changed_list"),
    )
    with st.container(horizontal=True):
        st.download_button(
            t("download"),
            data=lambda: impact.changed.to_csv(index=False).encode("utf-8-sig"),
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
