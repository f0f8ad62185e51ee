"""Try it: one record, decided in several markets at once, and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from importlib.util import find_spec
from typing import Any

import pandas as pd
import streamlit as st

from weighbridge import graph as graphs
from weighbridge.app import batch_run, charts, editing
from weighbridge.app.here import here
from weighbridge.app.navigation import link
from weighbridge.app.record_form import ask_for, current_record, label, record_form, replace_record
from weighbridge.app.result_words import result_value, tier_title
from weighbridge.app.shown import (
    empty,
    md,
    plain,
    show_diagnostics,
    status_badge,
    title_of,
    titler,
    verdict_badge,
    verdict_word,
)
from weighbridge.app.units import unit_word
from weighbridge.app.words import language, t
from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord
from weighbridge.documents import RecordTypeModel
from weighbridge.edits import add_case
from weighbridge.engine import Engine
from weighbridge.recorded_case import recorded_case
from weighbridge.rulebook import Rule
from weighbridge.sweep import Turn, spread, sweep, turns

MOST_MARKETS = 6
"""Markets side by side: more do not fit a screen."""
MOST_NODES = 40
MOST_TURNS = 12
SWEEP_POINTS = 61
FORM_HEIGHT = 620


def _question(engine: Engine) -> tuple[str, list[str], date]:
    """What is asked: the target, the markets and the day."""
    config = engine.project.config.model
    asked = st.query_params.get("target")
    usual = next(n for n in (asked, config.target, engine.targets[0]) if n in engine.targets)
    columns = st.columns([3, 5, 2, 2], vertical_alignment="bottom")
    target = columns[0].selectbox(
        t("target"),
        engine.targets,
        index=engine.targets.index(usual),
        format_func=lambda name: _target_title(engine, name),
        key=f"target {asked}",
        persist_state="session",
    )
    markets = columns[1].multiselect(
        t("markets"),
        engine.markets,
        default=[m for m in config.markets if m in engine.markets][:3] or engine.markets[:1],
        format_func=lambda m: f"{m} {title_of(engine.project.regions[m].model.title, '')}",
        max_selections=MOST_MARKETS,
        key="markets",
        persist_state="session",
    )
    day = columns[2].date_input(
        t("as_of"), value="today", format="YYYY-MM-DD", key="as_of", persist_state="session"
    )
    with columns[3]:
        _fill_in(engine, target)
    return target, list(markets), day


def _target_title(engine: Engine, name: str) -> str:
    document = engine.project.rulesets.get(name) or engine.project.scorecards.get(name)
    return name if document is None else title_of(document.model.title, name)


def _fill_in(engine: Engine, target: str) -> None:
    """Other records to start from: a scenario's, a row's, one pasted as JSON, an empty one."""
    model = engine.record_type(target)
    with st.popover(t("fill_in"), icon=":material/edit_note:", width="stretch"):
        cases = _cases(engine, target)
        if cases:
            number = st.selectbox(
                t("from_scenario"),
                range(len(cases)),
                format_func=lambda i: cases[i][0],
                key=f"case of {target}",
            )
            st.button(t("use"), key="use case", on_click=replace_record, args=(model, cases[number][1]))
        run = batch_run.last_run()
        if run is not None and run.feed.record_type == model.record_type and run.feed.rows:
            row = st.number_input(
                t("from_feed"), 1, run.feed.rows, 1, help=md(run.feed.name), key=f"row of {run.feed.digest}"
            )
            st.button(
                t("use"), key="use row", on_click=replace_record, args=(model, run.feed.record(int(row) - 1))
            )
        else:
            st.caption(t("no_feed"))
        text = st.text_area(t("paste_json"), key="pasted json", height=120, placeholder='{"title": "..."}')
        st.button(t("use"), key="use json", on_click=_use_json, args=(model, text), disabled=not text)
        problem = st.session_state.get("json problem")
        if problem:
            st.error(md(problem))
        st.button(
            t("empty_record"),
            icon=":material/delete_sweep:",
            key="use nothing",
            on_click=replace_record,
            args=(model, {}),
        )


def _use_json(model: RecordTypeModel, text: str) -> None:
    try:
        record = json.loads(text)
    except json.JSONDecodeError as error:
        st.session_state["json problem"] = t("json_bad", reason=error.msg, line=error.lineno)
        return
    except RecursionError:
        record = None
    if not isinstance(record, dict):
        st.session_state["json problem"] = t("json_no_object")
        return
    st.session_state["json problem"] = None
    replace_record(model, record)


def _cases(engine: Engine, target: str) -> list[tuple[str, dict[str, Any]]]:
    """Name and record of the target's scenarios."""
    return [
        (case.name, {**document.model.record, **case.record})
        for document in engine.project.scenarios
        if document.model.scenarios == target
        for case in document.model.cases
    ]


def _decide(
    engine: Engine, target: str, record: Mapping[str, Any], markets: Sequence[str], day: date
) -> dict[str, Decision]:
    """The decisions by market; empty, with the problems shown, where the record is not valid."""
    try:
        return {m: engine.decide(target, record, market=m, as_of=day) for m in markets}
    except InvalidRecord as error:
        show_diagnostics(error.diagnostics)
        return {}


def _market(engine: Engine, market: str) -> str:
    """A market's code and name."""
    return f"{market} {title_of(engine.project.regions[market].model.title, '')}".strip()


def _rule_title(engine: Engine, ref: str) -> str:
    """What people call a rule; its id where it has no title."""
    info = next((i for i in _infos(engine, ref.partition("/")[0]) if i.ref == ref), None)
    return title_of({} if info is None else info.title, ref.partition("/")[2])


def _infos(engine: Engine, owner: str) -> Sequence[Rule]:
    return engine.book.rulesets[owner].rules if owner in engine.book.rulesets else ()


def _card(engine: Engine, decision: Decision) -> None:
    """One market's decision in short."""
    ruleset = engine.book.rulesets.get(decision.target)
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{md(_market(engine, decision.market))}**", width="content")
            if decision.verdict is not None:
                verdict_badge(decision.verdict)
        for name, score in decision.scores.items():
            card = engine.book.scorecards[name]
            titles = {found.id: title_of(found.title, found.id) for found in card.tiers}
            tier = t("undetermined") if score.tier is None else titles.get(score.tier, score.tier)
            value = "–" if score.value is None else f"{score.value:.1f}"
            share = "–" if score.coverage is None else f"{score.coverage:.0%}"
            st.markdown(
                f"{md(title_of(card.title, name))}: **{value}** · {md(tier)}"
                f"  \n:small[:gray[{md(t('known_data', share=share))}]]"
            )
        for name, output in decision.outputs.items():
            if name != "verdict" and output not in (None, []):
                title = "" if ruleset is None else title_of(ruleset.outputs[name].title, name)
                st.markdown(
                    f"{md(title or name)}: {md(result_value(engine.book, decision.target, name, output))}"
                )
        if decision.fired:
            st.caption(t("fired_rules", count=len(decision.fired)))


def _reasons(engine: Engine, decision: Decision) -> None:
    if not decision.findings:
        empty("no_finding", ":material/check_circle:")
    for finding in decision.findings:
        with st.container(border=True):
            with st.container(horizontal=True, vertical_alignment="center"):
                verdict_badge(finding.severity)
                link("rules", md(_rule_title(engine, finding.rule)), rule=finding.rule)
                st.markdown(f":small[:gray[{md(finding.rule)}]]", width="content")
            st.markdown(md(title_of(finding.reason, finding.rule)))
            notes = [t("found_in", text=m.text, field=m.field) for m in finding.matches[:3]]
            notes += [] if finding.source is None else [t("source_line", source=finding.source.citation)]
            review = finding.review
            if review is not None:
                within = review.within or "–"
                notes.append(t("review_line", queue=review.queue, within=within, approvers=review.approvers))
            for note in notes:
                st.caption(md(note))


def _scores(engine: Engine, decision: Decision) -> None:
    if not decision.scores:
        empty("no_scores")
    for name, score in decision.scores.items():
        title = title_of(engine.book.scorecards[name].title, name)
        st.markdown(f"**{md(t('score_of', card=title, market=decision.market))}**")
        chart = charts.waterfall(score, engine.book.scorecards[name].direction)
        if chart is None:
            st.info(t("undetermined"))
        else:
            st.altair_chart(chart, alt=f"{name}: {score.value:.1f}" if score.value is not None else name)


def _statuses(engine: Engine, decisions: Mapping[str, Decision]) -> pd.DataFrame:
    """Every rule of the target with its status in each market."""
    target = next(iter(decisions.values())).target
    rules = list(engine.book.rules_of(target)) if target in engine.book.rulesets else []
    title = titler()
    columns = {
        "ref": [rule.ref for rule in rules],
        "title": [title(rule.title, rule.ref.split("/")[1]) for rule in rules],
    }
    for market, decision in decisions.items():
        known = dict.fromkeys(decision.unknown, "undecided") | dict.fromkeys(decision.fired, "fired")
        columns[market] = [known.get(rule.ref, "silent") for rule in rules]
    return pd.DataFrame(columns)


def _rules(engine: Engine, decisions: Mapping[str, Decision]) -> None:
    frame = _statuses(engine, decisions)
    if frame.empty:
        empty("no_finding")
        return
    markets = list(decisions)
    shown = st.segmented_control(
        t("show_status"),
        ["all", "fired", "undecided", "silent"],
        default="fired" if (frame[markets] == "fired").any(axis=None) else "all",
        required=True,
        format_func=lambda s: t("all_statuses") if s == "all" else t(f"status_{s}"),
        key="shown status",
    )
    if shown != "all":
        frame = frame[(frame[markets] == shown).any(axis=1)]
    statuses = {status: t(f"status_{status}") for status in ("fired", "undecided", "silent")}
    words = frame.assign(**{market: frame[market].map(statuses) for market in markets})
    picked = st.dataframe(
        words,
        hide_index=True,
        height=260,
        column_config={"ref": t("rule_id"), "title": t("rule")},
        on_select="rerun",
        selection_mode="single-row",
        key=f"picked rule {shown}",
        alt=t("tab_rules"),
    )
    chosen = list(picked["selection"]["rows"])
    if not chosen or chosen[0] >= len(frame):
        st.caption(t("pick_rule"))
        return
    ref = str(frame.iloc[chosen[0]]["ref"])
    link("rules", md(_rule_title(engine, ref)), rule=ref)
    for column, (market, decision) in zip(st.columns(len(decisions)), decisions.items(), strict=True):
        with column:
            _why(decision, _market(engine, market), ref)


def _why(decision: Decision, market: str, ref: str) -> None:
    why = decision.why_not(ref)
    with st.container(horizontal=True):
        st.markdown(f"**{md(market)}**", width="content")
        status_badge(why.status)
    if not why.applies:
        st.markdown(md(title_of(why.reason, "")))
    marks = {
        True: ":green[:material/check:]",
        False: ":red[:material/close:]",
        None: ":violet[:material/help:]",
    }
    for clause in why.clauses:
        st.markdown(f"{marks[clause.holds]} {md(clause.text)}  \n:gray[{md(title_of(clause.detail, ''))}]")


def _path(engine: Engine, decision: Decision) -> None:
    lit = [f"rule:{ref}" for ref in decision.fired] or [f"scorecard:{name}" for name in decision.scores]
    if not lit:
        empty("graph_none")
        return
    whole = graphs.dependency_graph(engine.book)
    part = graphs.around(whole, [n for n in lit if n in whole])
    kept = graphs.nearest(part, lit, MOST_NODES)
    st.caption(md(t("graph_caption", market=decision.market)))
    if len(kept) < len(part):
        st.caption(t("graph_big", count=len(kept), total=len(part)))
    st.mermaid_chart(graphs.to_mermaid(kept, lit, _node_label(engine, kept)), alt=t("tab_graph"))


def _node_label(engine: Engine, graph: graphs.Graph) -> Callable[[str], str]:
    """What the nodes of the graph are called, in the reader's language."""

    def called(node: str) -> str:
        kind, _, name = node.partition(":")
        own = graph.nodes[node].get("title") or {}
        if kind == "output":
            owner, _, output = name.partition(".")
            pack = title_of(engine.book.rulesets[owner].title, owner)
            return f"{pack}: {title_of(own, t('verdict') if output == 'verdict' else output)}"
        if kind == "terms":
            document = engine.project.term_lists.get(name)
            own = {} if document is None else document.model.title
        return title_of(own, name.rpartition("/")[2])

    return called


def _way_out(
    engine: Engine, target: str, record: dict[str, Any], decisions: Mapping[str, Decision], day: date
) -> None:
    """On request: the fewest changes that bring a verdict, in every market, each ready to be taken over."""
    levels = _wanted_levels(engine, target)
    if not levels or find_spec("z3") is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        wanted = st.selectbox(
            t("way_out_wanted"), levels, format_func=lambda v: verdict_word(v) or v, key=f"wanted {target}"
        )
        asked = st.button(t("way_out"), key="way out", icon=":material/alt_route:")
    question = (target, wanted, str(day), json.dumps(record, sort_keys=True, default=str), *decisions)
    if asked:
        turns_of = {m: engine.turn(target, record, wanted, market=m, as_of=day) for m in decisions}
        st.session_state["way out of"] = (question, engine.version, turns_of)
    known = st.session_state.get("way out of")
    if known is None or known[:2] != (question, engine.version):
        return
    for market, turn in known[2].items():
        for line in turn.text(language()).splitlines():
            st.markdown(("**" + md(line) + "**") if line[:1] != " " else md(line.strip()))
        if turn.proposals:
            st.button(
                t("way_out_take"),
                key=f"take {market}",
                type="tertiary",
                icon=":material/check:",
                on_click=replace_record,
                args=(engine.record_type(target), turn.proposals[0].record),
            )


def _wanted_levels(engine: Engine, target: str) -> tuple[str, ...]:
    """What can be wanted of a target; nothing where it gives no verdict that is the worst of its rules'."""
    if target in engine.book.scorecards:
        return tuple(tier.id for tier in engine.book.scorecards[target].tiers)
    output = engine.book.rulesets[target].outputs.get("verdict")
    return (output.symbol.allowed or ()) if output is not None and output.combine == "worst" else ()


def _turning(
    engine: Engine,
    target: str,
    record: Mapping[str, Any],
    model: RecordTypeModel,
    markets: Sequence[str],
    day: date,
) -> None:
    numbers = [
        n for n, f in model.fields.items() if f.type == "number" and isinstance(record.get(n), int | float)
    ]
    if not numbers:
        empty("turn_no_number")
        return
    columns = st.columns([2, 1, 1])
    field = columns[0].selectbox(
        t("turn_field"),
        numbers,
        format_func=lambda n: f"{title_of(model.fields[n].title, n)} ({n})",
        key="turn field",
    )
    now = float(record[field])
    declared = model.fields[field]
    lowest = float(declared.min) if declared.min is not None else -abs(now) * 2
    highest = float(declared.max) if declared.max is not None else abs(now) * 2 + 1
    low = columns[1].number_input(
        t("turn_from"), value=max(lowest, min(0.0, now * 2)), format="%g", key=f"turn from {field}"
    )
    high = columns[2].number_input(
        t("turn_to"), value=min(highest, max(1.0, abs(now) * 2)), format="%g", key=f"turn to {field}"
    )
    if not low < high:
        return
    moved = st.slider(
        label(field, declared),
        float(low),
        float(high),
        min(max(now, low), high),
        key=f"turn {field} {low} {high}",
    )
    for column, market in zip(st.columns(len(markets)), markets, strict=True):
        decision = engine.decide(target, {**record, field: moved}, market=market, as_of=day)
        with column, st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"**{md(_market(engine, market))}**", width="content")
            if decision.verdict is not None:
                verdict_badge(decision.verdict)
            for name, score in decision.scores.items():
                value = "–" if score.value is None else f"{score.value:.1f}"
                card = engine.book.scorecards[name]
                tier = tier_title(engine.book, name, score.tier)
                st.markdown(f"{md(title_of(card.title, name))} **{value}** {md(tier)}", width="content")
    points = sweep(engine, target, record, field, spread(low, high, SWEEP_POINTS), markets, day)
    if not points:
        return
    cards = list(points[0].scores)
    unit = f" ({unit_word(declared.unit)})" if declared.unit else ""
    title = title_of(declared.title, field) + unit
    st.altair_chart(charts.sweep_chart(points, title, cards[0] if cards else None, moved), alt=t("tab_turn"))
    found = list(turns(engine, target, record, field, points, day))
    if not found:
        st.caption(t("turn_none", low=plain(low), high=plain(high)))
    for turn in found[:MOST_TURNS]:
        st.markdown("- " + md(_turn_line(engine, turn, unit)))
    if len(found) > MOST_TURNS:
        st.caption(t("more_turns", count=len(found) - MOST_TURNS))


def _turn_line(engine: Engine, turn: Turn, unit: str) -> str:
    """Where the outcome changes, from what to what: only what changes is named."""
    before, after = turn.before, turn.after
    low, high = f"{before.value:.4g}", f"{after.value:.4g}"
    at = (
        t("turn_about", value=high, unit=unit)
        if low == high
        else t("turn_between", low=low, high=high, unit=unit)
    )
    changes = (
        []
        if before.verdict == after.verdict
        else [(verdict_word(before.verdict), verdict_word(after.verdict))]
    )
    for card, tier in after.tiers.items():
        if tier != before.tiers.get(card):
            names = (tier_title(engine.book, card, t_) for t_ in (before.tiers.get(card), tier))
            title = title_of(engine.book.scorecards[card].title, card)
            old, new = names
            changes.append((f"{title} {old}", new))
    words = "; ".join(t("turn_change", before=old, after=new) for old, new in changes)
    if not words:
        rules = sorted(set(before.fired) ^ set(after.fired))
        words = t("turn_rules", rules=", ".join(_rule_title(engine, ref) for ref in rules))
    return t("turn_line", market=_market(engine, turn.market), at=at, what=words)


def _missing(decisions: Mapping[str, Decision], model: RecordTypeModel) -> None:
    counted = Counter(f for d in decisions.values() for fields in d.missing.values() for f in set(fields))
    if not counted:
        empty("missing_none", ":material/check_circle:")
        return
    for name, count in counted.most_common(25):
        field = model.fields.get(name)
        words = name if field is None else f"{title_of(field.title, name)} ({name})"
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(md(t("missing_line", fields=words, count=count)))
            if field is not None:
                st.button(
                    t("ask_for"),
                    key=f"ask {name}",
                    type="tertiary",
                    icon=":material/add:",
                    on_click=ask_for,
                    args=(model, [name]),
                )


def _keep_as_scenario(engine: Engine, decisions: Mapping[str, Decision]) -> None:
    """Turns what is on the page into a scenario, one per market."""
    if not editing.may_edit():
        return
    with st.popover(t("to_scenario"), icon=":material/bookmark_add:", key=editing.key("keep")):
        market = st.selectbox(
            t("market"), list(decisions), format_func=lambda m: _market(engine, m), key="scenario market"
        )
        usual = _case_name(engine, decisions[market]) if market in decisions else ""
        name = st.text_input(
            t("scenario_name"), usual, key=f"scenario name {usual}", placeholder=t("scenario_name_hint")
        )
        if market in decisions and name.strip():
            decision = decisions[market]
            st.button(
                t("add"),
                type="primary",
                key="keep scenario",
                on_click=_add_case,
                args=(decision, name.strip()),
            )


def _case_name(engine: Engine, decision: Decision) -> str:
    """What the scenario may be called: the record, the market and what comes out."""
    key = engine.record_type(decision.target).key
    what = str(decision.record.get("title") or decision.record.get(key or "") or decision.target)
    outcome = [verdict_word(decision.verdict)] if decision.verdict is not None else []
    return ", ".join([what[:60], decision.market, *outcome])


def _add_case(decision: Decision, name: str) -> None:
    editing.apply(add_case(decision.target, recorded_case(decision, name), whole=True))


def _results(engine: Engine, target: str, record: dict[str, Any], markets: Sequence[str], day: date) -> None:
    model = engine.record_type(target)
    decisions = _decide(engine, target, record, markets, day)
    if not decisions:
        return
    for column, decision in zip(st.columns(len(decisions)), decisions.values(), strict=True):
        with column:
            _card(engine, decision)
    _keep_as_scenario(engine, decisions)
    names = ("tab_reasons", "tab_score", "tab_rules", "tab_graph", "tab_turn", "tab_missing")
    tab = st.segmented_control(
        t("decisions"),
        names,
        default=names[0],
        required=True,
        format_func=lambda n: t(n),
        label_visibility="collapsed",
        key="try tab",
        persist_state="session",
    )
    if tab == "tab_rules":
        _rules(engine, decisions)
    elif tab == "tab_turn":
        _way_out(engine, target, record, decisions, day)
        _turning(engine, target, record, model, markets, day)
    elif tab == "tab_missing":
        _missing(decisions, model)
    else:
        market = markets[0]
        if len(markets) > 1:
            market = st.segmented_control(
                t("market"), markets, default=markets[0], required=True, key=f"try market {' '.join(markets)}"
            )
        decision = decisions[market]
        if tab == "tab_reasons":
            _reasons(engine, decision)
        elif tab == "tab_score":
            _scores(engine, decision)
        else:
            _path(engine, decision)


def _page() -> None:
    engine = here().workspace.engine()
    target, markets, day = _question(engine)
    model = engine.record_type(target)
    cases = _cases(engine, target)
    record = current_record(model, cases[0][1] if cases else {})
    left, right = st.columns([4, 9])
    with left, st.container(height=FORM_HEIGHT, border=True):
        record = record_form(model, record)
    with right:
        if not markets:
            empty("choose_market", ":material/public:")
        else:
            _results(engine, target, record, markets, day)


_page()
