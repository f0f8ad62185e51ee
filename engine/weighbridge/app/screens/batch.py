"""Batch: a whole feed decided: verdicts by market, category and rule, down to the single record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.uploaded_file_manager import UploadedFile

from weighbridge.app import batch_run, charts, jobs
from weighbridge.app.batch_run import BatchRun
from weighbridge.app.here import here
from weighbridge.app.navigation import go, link
from weighbridge.app.record_form import replace_record
from weighbridge.app.result_words import market_title, result_title, result_value, rule_titles
from weighbridge.app.results import BATCH
from weighbridge.app.shown import (
    empty,
    md,
    show_diagnostics,
    table_height,
    title_of,
    verdict_badge,
    verdict_word,
)
from weighbridge.app.state import remember, remembered
from weighbridge.app.words import t
from weighbridge.engine import Engine
from weighbridge.loaded_feed import LoadedFeed, feed_files

MOST_RECORDS = 2_000
MOST_GROUPS = 20
LARGE_UPLOAD = 50_000_000
"""Bytes of an upload that the server does not keep in memory once it is put down. What was loaded of it stays."""
UPLOADS = "uploads"
"""How many large uploads were put down: every one empties the field."""


def _ask(engine: Engine) -> None:
    """Which feed, decided by what, where and when."""
    config = engine.project.config.model
    usual = config.target if config.target in engine.targets else engine.targets[0]
    columns = st.columns([3, 4, 2])
    target = columns[0].selectbox(
        t("target"),
        engine.targets,
        index=engine.targets.index(usual),
        format_func=lambda n: _title(engine, n),
        key="batch target",
        persist_state="session",
    )
    markets = columns[1].multiselect(
        t("markets"),
        engine.markets,
        default=[m for m in config.markets if m in engine.markets] or engine.markets[:1],
        key="batch markets",
        persist_state="session",
    )
    day = columns[2].date_input(
        t("as_of"), value="today", format="YYYY-MM-DD", key="batch day", persist_state="session"
    )
    record = engine.record_type(target).record_type
    mappings = {n: d.model for n, d in engine.project.mappings.items() if d.model.record == record}
    columns = st.columns([4, 3, 3, 2], vertical_alignment="bottom")
    number = remembered(UPLOADS, 0)
    upload = columns[0].file_uploader(t("feed"), key=f"feed upload {number}", help=t("feed_help"))
    run = batch_run.last_run()
    loaded = [run.feed] if run is not None and run.feed.record_type == record else []
    choices: list[Path | LoadedFeed] = [*loaded, *feed_files(engine.project.root / "samples")]
    known = columns[1].selectbox(
        t("or_sample"),
        choices,
        index=None,
        format_func=lambda f: t("feed_loaded", feed=f.name) if isinstance(f, LoadedFeed) else f.name,
        placeholder=t("not_set_here"),
        key="sample",
    )
    mapping = columns[2].selectbox(
        t("mapping"),
        list(mappings),
        index=None,
        format_func=lambda n: title_of(mappings[n].title, n),
        placeholder=t("no_mapping"),
        key=f"mapping {record}",
        disabled=upload is None and isinstance(known, LoadedFeed),
    )
    ready = (upload is not None or known is not None) and bool(markets)
    pressed = columns[3].button(
        t("load_and_decide"),
        icon=":material/play_arrow:",
        type="primary",
        disabled=not ready,
        key="start batch",
        width="stretch",
    )
    if not pressed:
        return
    chosen = None if mapping is None else mappings[mapping]
    if upload is not None:
        path = batch_run.keep_upload(upload.name, upload)
        batch_run.start(engine, target, path, chosen, markets, day, temporary=True)
        if upload.size > LARGE_UPLOAD:
            _let_go(upload)
            remember(UPLOADS, number + 1)
            st.rerun()
    elif isinstance(known, LoadedFeed):
        batch_run.start_loaded(engine, target, known, markets, day)
    elif known is not None:
        batch_run.start(engine, target, known, chosen, markets, day, temporary=False)


def _let_go(upload: UploadedFile) -> None:
    """Streamlit keeps an upload in memory as long as the session lives, whatever becomes of its field."""
    context = get_script_run_ctx()
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(context.session_id, upload.file_id)


def _title(engine: Engine, name: str) -> str:
    document = engine.project.rulesets.get(name) or engine.project.scorecards.get(name)
    return name if document is None else title_of(document.model.title, name)


def _figures(run: BatchRun, engine: Engine) -> None:
    feed, decided = run.feed, run.decided
    st.caption(
        md(
            t(
                "batch_of",
                feed=feed.name,
                target=_title(engine, decided.target),
                markets=", ".join(decided.markets),
                day=decided.as_of.isoformat(),
            )
        )
    )
    columns = st.columns(4)
    columns[0].metric(t("records"), f"{feed.rows:,}", border=True)
    columns[1].metric(t("refused_rows"), f"{feed.refused_count + decided.invalid_count:,}", border=True)
    columns[2].metric(t("decisions"), f"{decided.decisions.num_rows:,}", border=True)
    columns[3].metric(t("findings"), f"{decided.fired.num_rows:,}", border=True)
    if feed.cut:
        st.warning(t("feed_cut", rows=f"{feed.rows:,}"), icon=":material/content_cut:")
    if feed.refused or decided.invalid or feed.notes:
        with st.expander(t("refused_list"), icon=":material/report:"):
            show_diagnostics(feed.notes, 5)
            show_diagnostics([p for row in feed.refused[:20] for p in row.problems])
            rows = [(row.line, title_of(row.reason, "")) for row in decided.invalid]
            if rows:
                columns_ = [t("line_number"), t("what_is_wrong")]
                st.dataframe(
                    pd.DataFrame(rows, columns=columns_),
                    hide_index=True,
                    height=table_height(len(rows), 200),
                    alt=t("refused_list"),
                )


def _counts(run: BatchRun, by: str, words: str) -> None:
    """Verdicts stacked, by market or by a field."""
    if "verdict" not in run.frame:
        return
    counted = run.counted(by)
    sums = counted.groupby("by")["count"].sum()
    counted = counted[counted["by"].isin(sums.nlargest(MOST_GROUPS).index)].copy()
    if len(sums) > MOST_GROUPS:
        st.caption(t("largest_groups", shown=MOST_GROUPS, count=f"{len(sums):,}"))
    counted["verdict"] = counted["id"].map(lambda v: verdict_word(v if v != "nan" else None))
    st.altair_chart(charts.verdict_bars(counted, words), alt=words)


def _by_field(run: BatchRun, engine: Engine) -> None:
    fields = engine.record_type(run.decided.target).fields
    names = [n for n, f in fields.items() if f.type == "text" and (f.tree or f.allowed)]
    names += [n for n, f in fields.items() if f.type == "text" and n not in names]
    name = st.selectbox(
        t("by_field"),
        names,
        format_func=lambda n: title_of(fields[n].title, n),
        key="batch by",
        persist_state="session",
    )
    _counts(run, name, title_of(fields[name].title, name))


def _by_rule(run: BatchRun, engine: Engine) -> str | None:
    """The rules by how often they fired; the chosen one filters the records below."""
    titles = rule_titles([engine.book])
    counts = run.rules[run.rules > 0]
    shown = pd.DataFrame(
        {"title": [titles.get(r, r) for r in counts.index], "id": list(counts.index), "n": counts.to_numpy()}
    )
    picked = st.dataframe(
        shown,
        hide_index=True,
        height=table_height(len(shown), 280),
        column_config={
            "title": t("rule"),
            "id": t("rule_id"),
            "n": st.column_config.NumberColumn(t("fired_in"), format="localized"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"batch rules {run.decided.version} {run.feed.digest}",
        alt=t("findings"),
    )
    rows = [n for n in picked["selection"]["rows"] if n < len(shown)]
    return str(shown.iloc[rows[0]]["id"]) if rows else None


def _records(run: BatchRun, engine: Engine, rule: str | None) -> None:
    """The records that fit, and one of them in full."""
    frame = run.frame
    columns = st.columns(3)
    market = columns[0].selectbox(
        t("market"),
        run.decided.markets,
        format_func=lambda m: market_title(engine.book.regions, m),
        key="drill market",
        persist_state="session",
    )
    verdicts = list(frame["verdict"].cat.categories) if "verdict" in frame else []
    verdict = columns[1].selectbox(
        t("verdict"),
        verdicts,
        index=None,
        format_func=verdict_word,
        placeholder=t("all_statuses"),
        key="drill verdict",
    )
    model = engine.record_type(run.decided.target)
    words = columns[2].text_input(
        t("search"), key="drill words", placeholder=t("record"), icon=":material/search:"
    )
    kept = frame[frame["market"] == market]
    if verdict is not None:
        kept = kept[kept["verdict"] == verdict]
    if rule is not None:
        fired = run.fired
        hit = fired.loc[(fired["rule"] == rule) & (fired["market"] == market), "row"]
        kept = kept[kept["row"].isin(hit)]
    if words and model.key is not None:
        keys = run.field(model.key).reindex(kept["row"]).astype(str)
        kept = kept[keys.str.contains(words, case=False, regex=False).to_numpy()]
    found = f"{len(kept):,}"
    if len(kept) > MOST_RECORDS:
        st.caption(t("records_shown", count=found, shown=f"{MOST_RECORDS:,}"))
    else:
        st.caption(t("records_found", count=found))
    shown = kept.head(MOST_RECORDS).drop(columns="market")
    heads = [n for n in dict.fromkeys([model.key, "title"]) if n is not None and n in model.fields]
    for place, name in enumerate(heads):
        shown.insert(place, title_of(model.fields[name].title, name), run.values(name, shown["row"]))
    results = [n for n in frame.columns if n not in ("row", "market")]
    book = engine.book
    config: dict[str, Any] = {}
    for name in results:
        title = result_title(book, run.decided.target, name)
        if name.endswith(".score"):
            config[name] = st.column_config.NumberColumn(title, format="%.1f")
        else:
            config[name] = title
            words_of = {
                v: result_value(book, run.decided.target, name, None if pd.isna(v) else v)
                for v in shown[name].unique()
            }
            shown[name] = [words_of[v] for v in shown[name]]
    picked = st.dataframe(
        shown.drop(columns="row"),
        hide_index=True,
        height=table_height(len(shown), 300),
        column_config=config,
        on_select="rerun",
        selection_mode="single-row",
        placeholder="–",
        key=f"batch records {market} {verdict} {rule} {words} {run.decided.version}",
        alt=t("records"),
    )
    rows = [n for n in picked["selection"]["rows"] if n < len(shown)]
    if rows and market is not None:
        _record(run, engine, int(shown.iloc[rows[0]]["row"]), market)


def _record(run: BatchRun, engine: Engine, row: int, market: str) -> None:
    record = run.feed.record(row)
    decision = engine.decide(run.decided.target, record, market=market, as_of=run.decided.as_of)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(
                f"**{md(decision.record_key or '–')}** · {md(t('line', line=run.feed.lines[row].as_py()))}"
            )
            if decision.verdict is not None:
                verdict_badge(decision.verdict)
            if st.button(t("open_in_try_it"), icon=":material/play_circle:", key="open record"):
                replace_record(engine.record_type(run.decided.target), record)
                st.session_state["markets"] = [market]
                go("try_it", target=run.decided.target)
        titles = rule_titles([engine.book])
        for finding in decision.findings:
            named = t("rule_and_id", title=titles.get(finding.rule, finding.rule), id=finding.rule)
            st.markdown(f"- {md(title_of(finding.reason, finding.rule))}  \n:small[:gray[{md(named)}]]")
        if not decision.findings:
            st.markdown(t("no_finding"))


def _page() -> None:
    engine = here().workspace.engine()
    _ask(engine)
    job = jobs.watch(BATCH)
    run = batch_run.last_run()
    if job is None or run is None:
        if jobs.current(BATCH) is None:
            empty("batch_empty", ":material/upload_file:")
        return
    if run.decided.version != engine.version:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.warning(t("older_version"), icon=":material/history:")
            st.button(
                t("decide_again"),
                key="again",
                icon=":material/refresh:",
                on_click=batch_run.start_again,
                args=(engine, run),
            )
            link("changes", t("view_impact"))
    if run.decided.target not in engine.targets:
        return
    _figures(run, engine)
    view = st.segmented_control(
        t("batch"),
        ("market", "field", "rule"),
        default="market",
        required=True,
        format_func=lambda v: t(f"view_by_{v}"),
        label_visibility="collapsed",
        key="batch view",
        persist_state="session",
    )
    rule = None
    if view == "market":
        _counts(run, "market", t("market"))
    elif view == "field":
        _by_field(run, engine)
    else:
        rule = _by_rule(run, engine)
    _records(run, engine, rule)


_page()
