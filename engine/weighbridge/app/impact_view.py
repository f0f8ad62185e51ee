"""Draft against saved: which records of the loaded feed the draft decides otherwise, and which change does it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pandas as pd
import pyarrow.compute as pc
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from weighbridge.app import batch_run, jobs
from weighbridge.app.batch_run import BatchRun
from weighbridge.app.here import here
from weighbridge.app.jobs import Job
from weighbridge.app.navigation import go, link
from weighbridge.app.place_words import document_words, path_words
from weighbridge.app.record_form import replace_record
from weighbridge.app.result_words import difference_title, difference_value, rule_titles, target_title
from weighbridge.app.results import IMPACT
from weighbridge.app.shown import empty, md, plain, show_diagnostics, table_height, verdict_word
from weighbridge.app.words import language, t
from weighbridge.chinese import translated
from weighbridge.decision_differences import KINDS
from weighbridge.engine import Engine
from weighbridge.impact_reports import sign_of
from weighbridge.impact_result import Cause, Impact
from weighbridge.messages import IMPACT as WORDS
from weighbridge.messages import phrase
from weighbridge.rulebook import Rulebook
from weighbridge.single_changes import Change
from weighbridge.versions import Version

MOST_SHOWN = 5_000
MOST_VALUES = 3
"""Changed values of one change that are told."""


class Names:
    """What the things that differ are called: by the draft, and what it does not have any more by what is saved."""

    def __init__(self, target: str, draft: Rulebook, saved: Rulebook) -> None:
        self.target = target
        self.books: Sequence[Rulebook] = (draft, saved)
        self._rules = rule_titles(self.books)

    def of(self, kind: str, name: str) -> str:
        """The title of a thing of a kind of `decision_differences.KINDS`."""
        return difference_title(self.books, self.target, self._rules, kind, name)

    def value(self, kind: str, name: str, value: str) -> str:
        """A value of such a thing."""
        return difference_value(self.books, self.target, kind, name, value)

    def change(self, change: Change) -> str:
        """What was changed: its document and the place in it."""
        words = document_words(self.books, change.place)
        path = path_words(self.books, change.place, change.path)
        return t("place_in", document=words, path=path) if path else words


def _start(saved: Version, draft: Engine, run: BatchRun) -> None:
    asked = run.decided

    def work(job: Job) -> Impact:
        job.part("records")
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
                target=target_title([draft.book], asked.target),
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
    _show(job.result, run, Names(asked.target, draft.book, saved.engine.book))


def _show(impact: Impact, run: BatchRun, names: Names) -> None:
    columns = st.columns(4)
    decisions, share = impact.decisions, impact.changed_records / impact.records if impact.records else 0.0
    _metric(columns[0], t("records_compared"), impact.records, t("decisions_count", count=f"{decisions:,}"))
    _metric(columns[1], t("records_changed"), impact.changed_records, f"{share:.1%}")
    _metric(columns[2], t("decisions_changed"), impact.changed, f"{impact.share:.1%}")
    share = impact.verdicts_changed / decisions if decisions else 0.0
    _metric(columns[3], t("verdicts_changed"), impact.verdicts_changed, f"{share:.1%}")
    show_diagnostics(impact.notes)
    for score in impact.scores:
        card = t("score_of", card=names.of("score", score.name), market=score.market)
        st.caption(md(t("scores_changed", card=card, count=f"{score.count:,}", most=f"{score.most:.2f}")))
    if not impact.changed:
        st.success(t("no_impact"), icon=":material/check_circle:")
        return
    _verdicts(impact)
    left, right = st.columns(2)
    with left:
        _moves(impact, names)
    with right:
        _rules(impact, names)
    _causes(impact, names)
    _list(impact, run, names)


def _metric(column: DeltaGenerator, words: str, count: int, beside: str) -> None:
    column.metric(words, f"{count:,}", beside, delta_color="off", delta_arrow="off", border=True)


def _verdicts(impact: Impact) -> None:
    """How many decisions have which verdict, before and after, by market."""
    if not impact.verdicts_changed:
        return
    totals = [total for total in impact.totals if total.kind == "verdict"]
    found = {(total.market, total.value): (total.before, total.after) for total in totals}
    known = ("pass", "warn", "review", "block", "error")
    values = sorted(
        {total.value for total in totals}, key=lambda v: (known.index(v) if v in known else len(known), v)
    )
    rows = []
    for market in impact.markets:
        row = {t("market"): market}
        for value in values:
            before, after = found.get((market, value), (0, 0))
            row[verdict_word(value or None)] = (
                f"{before:,}" if before == after else f"{before:,} → {after:,} ({after - before:+,})"
            )
        rows.append(row)
    st.markdown(f"**{t('verdicts_by_market')}**")
    st.dataframe(pd.DataFrame(rows), hide_index=True, alt=t("verdicts_by_market"))


def _moves(impact: Impact, names: Names) -> None:
    """How often which result went which way: verdicts first, then offers and tiers."""
    st.markdown(f"**{t('which_way')}**")
    moves = [m for m in impact.moves if m.kind not in ("rule", "conflict", "score")]
    order = {"verdict": 0, "output": 1, "tier": 2}
    rows = [
        (
            m.market,
            names.of(m.kind, m.name),
            *(names.value(m.kind, m.name, v) for v in (m.before, m.after)),
            m.count,
        )
        for m in sorted(moves, key=lambda m: (order.get(m.kind, 3), -m.count))
    ]
    heads = [t("market"), t("what"), t("before"), t("after"), t("how_many")]
    _table(pd.DataFrame(rows, columns=heads), t("which_way"))
    if impact.others:
        st.caption(phrase(WORDS, "others", language(), count=impact.others))


def _rules(impact: Impact, names: Names) -> None:
    """Which rules fire now, or do not any more."""
    st.markdown(f"**{t('because_of')}**")
    rules = [
        (names.of(m.kind, m.name), m.market, phrase(WORDS, sign_of(m), language()), m.count)
        for m in impact.moves
        if m.kind == "rule"
    ]
    heads = [t("rule"), t("market"), t("what"), t("how_many")]
    _table(pd.DataFrame(rules, columns=heads), t("because_of"))


def _table(frame: pd.DataFrame, words: str) -> None:
    st.dataframe(
        frame,
        hide_index=True,
        height=table_height(len(frame), 250),
        column_config={t("how_many"): st.column_config.NumberColumn(format="localized")},
        alt=words,
    )


def _causes(impact: Impact, names: Names) -> None:
    """What each change does alone, where there are several."""
    if not impact.causes or len(impact.causes) < 2:
        return
    with st.expander(phrase(WORDS, "causes", language()), expanded=True):
        for cause in impact.causes:
            said = "  \n".join(md(line) for line in _cause_lines(cause, names))
            st.markdown(f"{cause.number}. {md(_cause_title(cause, names))}  \n{said}")
        if impact.together:
            st.markdown(phrase(WORDS, "together", language(), count=impact.together))


def _cause_title(cause: Cause, names: Names) -> str:
    """The changed thing, what was changed in it, and its file and line."""
    first = cause.changes[0]
    if len(cause.changes) > 1:
        return phrase(WORDS, "several", language(), count=len(cause.changes), file=cause.name)
    place = "" if first.span is None else f" ({first.span.file}:{first.span.line})"
    return t("place_in", document=names.change(first), path=_change_words(first, names) + place)


def _change_words(change: Change, names: Names) -> str:
    """What was changed: new, removed, order, or the first values before and after."""
    lang = language()
    for so, word in ((change.added, "added"), (change.removed, "removed"), (change.order, "reordered")):
        if so:
            return phrase(WORDS, word, lang)
    parts = []
    for value in change.values[:MOST_VALUES]:
        where = path_words(names.books, change.place, value.path, len(change.path))
        before, after = plain(value.before), plain(value.after)
        parts.append(f"{where} {phrase(WORDS, 'from_to', lang, before=before, after=after)}".strip())
    if len(change.values) > MOST_VALUES:
        parts.append(phrase(WORDS, "values_more", lang, count=len(change.values) - MOST_VALUES))
    return "; ".join(parts)


def _cause_lines(cause: Cause, names: Names) -> Iterator[str]:
    """What the change does alone."""
    lang = language()
    if cause.needs:
        yield phrase(WORDS, "with_needs", lang, names=", ".join(names.change(c) for c in cause.needs))
    if cause.status == "no_effect":
        yield phrase(WORDS, "no_effect", lang)
    elif cause.status == "does_not_load":
        first = translated(cause.problems[0], lang)
        yield phrase(WORDS, "does_not_load", lang, problem=f"{first.code} {first.message}")
    else:
        text = phrase(WORDS, "alone", lang, alone=cause.alone, explains=cause.explains)
        more = phrase(WORDS, "undone", lang, count=cause.undone) if cause.undone else ""
        yield "; ".join(filter(None, (text, more)))
    for kind, name, before, after, count in cause.moves[:MOST_VALUES]:
        old, new = (names.value(kind, name, value) for value in (before, after))
        way = phrase(WORDS, "from_to", lang, before=old, after=new)
        yield t("moved", what=names.of(kind, name), way=way, count=f"{count:,}")


def _list(impact: Impact, run: BatchRun, names: Names) -> None:
    """Every difference, of one kind and market if wanted; a record can be opened on the page "Try it"."""
    model = here().workspace.engine().record_type(run.decided.target)
    st.markdown(f"**{t('changed_list')}**")
    table = impact.table
    kinds = [kind for kind in KINDS if kind in set(pc.unique(table.column("kind")).to_pylist())]
    columns = st.columns(3)
    kind = columns[0].selectbox(
        t("show_status"),
        kinds,
        index=None,
        format_func=lambda k: t(f"differs_{k}"),
        placeholder=t("all_statuses"),
        key="impact kind",
    )
    market = columns[1].selectbox(
        t("market"), impact.markets, index=None, placeholder=t("all_statuses"), key="impact market"
    )
    for name, wanted in (("kind", kind), ("market", market)):
        if wanted is not None:
            table = table.filter(pc.equal(table.column(name), wanted))
    shown = table.slice(0, MOST_SHOWN).to_pandas()
    st.caption(_found_words(table.num_rows, len(shown)))
    several = impact.causes is not None and len(impact.causes) > 1
    picked = st.dataframe(
        _in_words(shown, names).drop(
            columns=[*([] if model.key is not None else ["key"]), *([] if several else ["changes"])]
        ),
        hide_index=True,
        height=table_height(len(shown), 300),
        column_config={
            "row": None,
            "key": t("record"),
            "market": t("market"),
            "kind": None,
            "name": t("what"),
            "before": t("before"),
            "after": t("after"),
            "changes": t("by_change"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"changed {run.feed.digest} {impact.version} {impact.base_version} {kind} {market}",
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
            help=t("download_help"),
        )
        rows = list(picked["selection"]["rows"])
        if (
            rows
            and rows[0] < len(shown)
            and st.button(t("open_in_try_it"), icon=":material/play_circle:", key="open changed")
        ):
            chosen = shown.iloc[rows[0]]
            replace_record(model, run.feed.record(int(chosen["row"])))
            st.session_state["markets"] = [chosen["market"]]
            go("try_it", target=run.decided.target)


def _found_words(count: int, shown: int) -> str:
    if shown == count:
        return t("differences_found", count=f"{count:,}")
    return t("differences_shown", count=f"{count:,}", shown=f"{shown:,}")


def _in_words(shown: pd.DataFrame, names: Names) -> pd.DataFrame:
    """Differences with titles in the place of ids."""
    keys = list(zip(shown["kind"], shown["name"], strict=True))
    words = {key: names.of(*key) for key in dict.fromkeys(keys)}
    told = shown.assign(name=[words[key] for key in keys])
    for side in ("before", "after"):
        values = shown[side].fillna("")
        told[side] = [names.value(*key, value) for key, value in zip(keys, values, strict=True)]
    return told
