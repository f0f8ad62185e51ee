"""Scenarios: the tests of the rules: run them, see what fails and what nothing exercises."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from weighbridge.app import jobs, results
from weighbridge.app.here import here
from weighbridge.app.jobs import Job
from weighbridge.app.navigation import link
from weighbridge.app.shown import empty, md, show_diagnostics, title_of
from weighbridge.app.words import t
from weighbridge.engine import Engine
from weighbridge.scenarios import CaseResult, ScenarioRun, run_scenarios

MOST_FAILED = 20


def _start(engine: Engine, target: str | None) -> None:
    def work(job: Job) -> ScenarioRun:
        return run_scenarios(engine, target, progress=job.step)

    job = jobs.start(results.SCENARIOS, work)
    job.about = (engine.version, target)


def _failed(failed: tuple[CaseResult, ...]) -> None:
    for case in failed[:MOST_FAILED]:
        with st.container(border=True):
            st.markdown(f":red[:material/close:] **{md(case.name)}** · {md(case.target)} · {md(case.market)}")
            show_diagnostics(case.failures, 6)
            link("source", t("open_source"), file=case.span.file, line=str(case.span.line))
    if len(failed) > MOST_FAILED:
        st.caption(t("more_problems", count=len(failed) - MOST_FAILED))


def _coverage(run: ScenarioRun, target: str | None) -> None:
    """How much was exercised: of the whole project, or of the one pack that was run."""
    items = [
        i for i in run.coverage.items if target is None or i.name.startswith((f"{target}/", f"{target}."))
    ]
    kinds = list(dict.fromkeys(i.kind for i in items))
    for column, kind in zip(st.columns(max(1, len(kinds))), kinds, strict=False):
        hits = [i.hits > 0 for i in items if i.kind == kind]
        column.metric(t(f"kind_{kind}"), f"{sum(hits):,} / {len(hits):,}", border=True)
    unused = [i for i in items if not i.hits]
    if unused:
        st.markdown(f"**{t('not_exercised')}**")
        rows = [(t(f"kind_{i.kind}"), i.name, "" if i.span is None else str(i.span)) for i in unused]
        st.dataframe(
            pd.DataFrame(rows, columns=[t("kind"), t("rule_id"), t("place")]),
            hide_index=True,
            alt=t("not_exercised"),
        )


def _cases(engine: Engine, run: ScenarioRun) -> None:
    titles = {target: _title(engine, target) for target in {c.target for c in run.cases}}
    rows = [
        ("✓" if c.passed else "✗", c.name, titles[c.target], c.market, str(c.span))
        for c in sorted(run.cases, key=lambda c: c.passed)
    ]
    columns = [t("result"), t("case"), t("target"), t("market"), t("place")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, height=320, alt=t("scenarios"))


def _page() -> None:
    engine = here().workspace.engine()
    targets = sorted({d.model.scenarios for d in engine.project.scenarios})
    if not targets:
        empty("no_scenarios", ":material/fact_check:")
        return
    count = sum(len(d.model.cases) for d in engine.project.scenarios)
    left, right = st.columns([4, 8], vertical_alignment="bottom")
    target = left.selectbox(
        t("of_pack"),
        targets,
        index=None,
        placeholder=t("all_cases", count=f"{count:,}"),
        format_func=lambda n: _title(engine, n),
        key="scenario target",
    )
    with right:
        st.button(
            t("run"),
            icon=":material/play_arrow:",
            type="primary",
            key="run scenarios",
            on_click=_start,
            args=(engine, target),
        )
    job = jobs.watch(results.SCENARIOS)
    if job is None or not isinstance(job.result, ScenarioRun):
        if jobs.current(results.SCENARIOS) is None:
            empty("scenarios_not_run", ":material/play_arrow:")
        return
    run = job.result
    version, of = job.about
    if version != engine.version:
        st.warning(t("older_version"), icon=":material/history:")
    failed = run.failed
    passed = len(run.cases) - len(failed)
    if failed:
        st.error(t("passed_failed", passed=f"{passed:,}", failed=f"{len(failed):,}"), icon=":material/close:")
    else:
        st.success(t("all_passed", passed=f"{passed:,}"), icon=":material/check_circle:")
    _coverage(run, of)
    _failed(failed)
    _cases(engine, run)


def _title(engine: Engine, name: str) -> str:
    document = engine.project.rulesets.get(name) or engine.project.scorecards.get(name)
    return name if document is None else title_of(document.model.title, name)


_page()
