"""Rules: find one, change it as a form or as source; decision tables as a grid; term lists."""

from __future__ import annotations

import re
from datetime import date

import pandas as pd
import streamlit as st

from weighbridge.app import controls, editing
from weighbridge.app.file_editor import file_editor
from weighbridge.app.here import here
from weighbridge.app.navigation import link
from weighbridge.app.problems import show_problems
from weighbridge.app.rule_form import CONFIDENCES, names_of, operator_word, part_of, rule_form
from weighbridge.app.shown import empty, md, show_diagnostics, title_of, titler, verdict_badge, verdict_word
from weighbridge.app.source_editor import Place
from weighbridge.app.state import remember, remembered
from weighbridge.app.table_grid import row_form, table_grid
from weighbridge.app.term_lists import term_lists
from weighbridge.app.words import t
from weighbridge.catalogue import Entry, search
from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.draft import EditError
from weighbridge.edits import Edit, add_rule, copy_rule, delete_rule, enable_rule
from weighbridge.expressions import Scope
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook
from weighbridge.thresholds import OPERATORS, condition_text

LIST_HEIGHT, ROW_HEIGHT, SOURCE_HEIGHT = 436, 31, 420
"""Pixels: the list of rules and the source of one fit a screen."""
MOST_ELSEWHERE = 5


def _filters(project: Project, book: Rulebook) -> tuple[Entry, ...]:
    """The rules that fit what is asked for."""
    columns = st.columns([4, 3, 2, 2, 1], vertical_alignment="bottom")
    words = columns[0].text_input(
        t("search"),
        placeholder=t("search_hint"),
        key="rule words",
        persist_state="session",
        icon=":material/search:",
    )
    asked = st.query_params.get("pack")
    packs = list(project.rulesets)
    owner = columns[1].selectbox(
        t("pack"),
        packs,
        index=packs.index(asked) if asked in packs else None,
        format_func=lambda n: title_of(project.rulesets[n].model.title, n),
        placeholder=t("all_statuses"),
        key=f"rule owner {asked or ''}",
        persist_state="session",
    )
    verdict = columns[2].selectbox(
        t("verdict"),
        ["warn", "review", "block"],
        index=None,
        format_func=verdict_word,
        placeholder=t("all_statuses"),
        key="rule verdict",
        persist_state="session",
    )
    market = columns[3].selectbox(
        t("market"),
        book.regions.markets,
        index=None,
        placeholder=t("all_statuses"),
        key="rule market",
        persist_state="session",
    )
    with columns[4].popover(t("more"), icon=":material/tune:", width="stretch"):
        confidence = st.selectbox(
            t("confidence"),
            CONFIDENCES,
            index=None,
            format_func=lambda c: t(f"confidence_{c}"),
            placeholder=t("all_statuses"),
            key="rule confidence",
        )
        source = st.text_input(t("source_of_rule"), key="rule source")
        effective = st.date_input(t("in_force_on"), value=None, format="YYYY-MM-DD", key="rule effective")
        enabled = st.selectbox(
            t("switched"),
            [True, False],
            index=None,
            format_func=lambda v: t("on") if v else t("off"),
            placeholder=t("all_statuses"),
            key="rule enabled",
        )
    found = search(
        here().workspace.entries(),
        words,
        market=market,
        verdict=verdict,
        owner=owner,
        source=source or None,
        confidence=confidence,
        effective=effective if isinstance(effective, date) else None,
        enabled=enabled,
    )
    return tuple(e for e in found if e.kind != "characteristic")


def _elsewhere(project: Project, book: Rulebook) -> None:
    """What else the words are found in: a threshold may stand in a scorecard or be set by market."""
    words = str(st.session_state.get("rule words") or "").casefold().split()
    if not words:
        return
    cards = {n: d.model.title for n, d in project.scorecards.items()}
    lists = {n: d.model.title for n, d in project.term_lists.items()}
    parameters = {n: d.title for n, d in book.regions.declared.items()}
    found = [
        (page, word, key, name, title_of(titles, name))
        for page, word, key, names in (
            ("scorecards", "found_card", "card", cards),
            ("regions", "found_parameter", "parameter", parameters),
            ("rules", "found_terms", "terms", lists),
        )
        for name, titles in names.items()
        if all(w in " ".join((name, *titles.values())).casefold() for w in words)
    ]
    if found:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("also_found"), width="content")
            for page, word, key, name, title in found[:MOST_ELSEWHERE]:
                link(page, md(t(word, title=title)), **{key: name})


def _list(entries: tuple[Entry, ...]) -> str | None:
    """The list of rules, and the one that is chosen in it or in the address."""
    title = titler()
    verdicts = {verdict: verdict_word(verdict) if verdict else "" for verdict in {e.verdict for e in entries}}
    frame = pd.DataFrame(
        {
            "title": [("" if e.enabled else "⏸ ") + title(e.title, e.id) for e in entries],
            "verdict": [verdicts[e.verdict] for e in entries],
            "id": [e.ref for e in entries],
        }
    )
    picked = st.dataframe(
        frame,
        hide_index=True,
        height=min(LIST_HEIGHT, ROW_HEIGHT * (len(frame) + 1) + 3),
        column_config={
            "title": st.column_config.TextColumn(t("rule"), width="medium"),
            "verdict": st.column_config.TextColumn(t("verdict"), width="small"),
            "id": st.column_config.TextColumn(t("rule_id"), width="medium"),
        },
        on_select="rerun",
        selection_mode="single-row",
        key=f"rules {hash(tuple(e.ref for e in entries))}",
        alt=t("rules"),
    )
    rows = list(picked["selection"]["rows"])
    if rows and rows[0] < len(entries):
        chosen = entries[rows[0]].ref
        if st.query_params.get("rule") != chosen:
            st.query_params["rule"] = chosen
    # The menu forgets the address: who comes back finds the rule they left.
    asked: str | None = st.query_params.get("rule") or remembered("rule chosen", None)
    remember("rule chosen", asked)
    return asked


def _head(entry: Entry | None, ref: str, span: Span | None) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        title = ref if entry is None else title_of(entry.title, entry.id)
        st.markdown(f"**{md(title)}**", width="content")
        if entry is not None and entry.verdict is not None:
            verdict_badge(entry.verdict)
        st.caption(md(f"{ref} · {span}"), width="content")


def _actions(owner: str, name: str, taken: set[str]) -> str:
    """What can be done with a rule; gives the way it is to be shown: "form" or "source"."""
    ref, disabled = f"{owner}/{name}", not editing.may_edit()
    enabled = here().workspace.draft.value("ruleset", owner, "rules", name, "enabled") is not False
    with st.container(horizontal=True, vertical_alignment="center"):
        way: str = st.segmented_control(
            t("shown_as"),
            ("form", "source"),
            default="form",
            required=True,
            format_func=lambda w: t(f"way_{w}"),
            label_visibility="collapsed",
            key="rule way",
            persist_state="session",
        )
        st.toggle(
            t("on"),
            value=enabled,
            key=editing.key(f"enabled {ref}"),
            disabled=disabled,
            on_change=editing.apply,
            args=(enable_rule(owner, name, not enabled),),
        )
        copy = next(f"{name}-{n}" for n in range(2, 10_000) if f"{owner}/{name}-{n}" not in taken)
        st.button(
            t("copy"),
            icon=":material/content_copy:",
            key="copy rule",
            disabled=disabled,
            on_click=_apply_and_pick,
            args=(copy_rule(owner, name, copy), f"{owner}/{copy}"),
        )
        controls.confirmed(
            t("delete"),
            t("delete_rule", rule=ref),
            "delete rule",
            editing.apply,
            delete_rule(owner, name),
        )
        link("try_it", t("try_it"), target=owner)
    return way


def _apply_and_pick(edit: Edit, ref: str) -> None:
    if editing.applied(edit):
        st.query_params["rule"] = ref


def _new_rule(project: Project, book: Rulebook, taken: set[str]) -> None:
    with st.popover(
        t("new_rule"), icon=":material/add:", disabled=not editing.may_edit(), key=editing.key("new")
    ):
        owner = st.selectbox(
            t("pack"),
            list(project.rulesets),
            format_func=lambda n: title_of(project.rulesets[n].model.title, n),
            key="new rule owner",
        )
        written = st.text_input(t("new_rule_id"), key="new rule id", placeholder="cheap-leather")
        name = re.sub(r"[^a-z0-9]+", "-", written.casefold()).strip("-")
        if name != written.strip() and name:
            st.caption(t("new_rule_called", name=name))
        scope = book.scopes.get(str(owner))
        condition = "" if scope is None else _new_condition(scope)
        if f"{owner}/{name}" in taken:
            st.error(t("id_taken"))
        elif owner is not None:
            outputs = project.rulesets[owner].model.outputs
            then = {"verdict": "review"} if "verdict" in outputs else {next(iter(outputs)): t("new_value")}
            rule = {"id": name, "when": condition, "then": then}
            st.button(
                t("add"),
                type="primary",
                disabled=not (name and condition),
                key="add rule",
                on_click=_apply_and_pick,
                args=(add_rule(owner, rule), f"{owner}/{name}"),
            )


def _new_condition(scope: Scope) -> str:
    """The condition of a new rule: one comparison, or an expression."""
    way = st.segmented_control(
        t("condition"),
        ("builder", "expression"),
        default="builder",
        required=True,
        format_func=lambda w: t(f"way_{w}"),
        key="new rule way",
    )
    if way == "expression":
        return st.text_input(
            t("way_expression"), key="new rule when", placeholder="price > 100", label_visibility="collapsed"
        )
    titles = names_of(scope)
    name = st.selectbox(
        t("field"), list(titles), index=None, format_func=titles.__getitem__, key="new rule name"
    )
    left, right = st.columns(2)
    operator = left.selectbox(t("comparison"), OPERATORS, format_func=operator_word, key="new rule operator")
    value = right.text_input(t("value"), help=t("value_help"), key="new rule value")
    return condition_text([part_of(name, operator, value, scope)]) if name and value.strip() else ""


def _found_in(span: Span | None, found: tuple[Diagnostic, ...]) -> tuple[Diagnostic, ...]:
    """The diagnostics that stand in a stretch of source."""
    if span is None:
        return ()
    inside = range(span.line, span.end_line + 1)
    return tuple(d for d in found if d.span and d.span.file == span.file and d.span.line in inside)


def _one(ref: str | None, project: Project, book: Rulebook, found: tuple[Diagnostic, ...]) -> None:
    """The chosen rule. It is read from the draft, so that one with errors stays where it can be mended."""
    workspace = here().workspace
    entries = workspace.entries()
    if not ref:
        empty("choose_rule", ":material/arrow_back:")
        return
    entry = next((e for e in entries if e.ref == ref), None)
    if entry is not None and entry.kind == "row" and entry.table is not None:
        _head(entry, ref, entry.span)
        show_diagnostics(_found_in(entry.span, found))
        row_form(entry.owner, entry.table, entry.row or 0)
        return
    owner, _, name = ref.partition("/")
    try:
        span = workspace.draft.span("ruleset", owner, "rules", name)
    except EditError:
        span = None
    if span is None:
        st.warning(md(t("no_rule", rule=ref)), icon=":material/search_off:")
        return
    _head(entry, ref, span)
    if _actions(owner, name, {e.ref for e in entries}) == "source":
        show_diagnostics(_found_in(span, found))
        file_editor(span.file, height=SOURCE_HEIGHT, place=Place(span.line, 1, f"{ref} {span.file}"))
        return
    document = project.rulesets.get(owner)
    rule_form(owner, name, None if document is None else document.model, book, _found_in(span, found))


def _rules(project: Project, book: Rulebook, found: tuple[Diagnostic, ...]) -> None:
    errors = [d for d in found if d.severity == "error"]
    listed = _filters(project, book)
    _elsewhere(project, book)
    if errors and not here().workspace.entries():
        # Nothing to list: what is in the way says more than an empty list.
        show_problems(errors)
        return
    if errors:
        with st.expander(t("project_broken", count=len(errors)), icon=":material/error:"):
            show_problems(errors)
    left, right = st.columns([5, 8])
    with left:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(t("rules_found", count=f"{len(listed):,}"), width="content")
            _new_rule(project, book, {e.ref for e in here().workspace.entries()})
        ref = _list(listed)
    with right:
        _one(ref, project, book, found)


def _tables(project: Project) -> None:
    tables = {(name, table.id): table for name, d in project.rulesets.items() for table in d.model.tables}
    if not tables:
        empty("no_tables")
        return

    def called(which: tuple[str, str]) -> str:
        owner, name = which
        pack = title_of(project.rulesets[owner].model.title, owner)
        return f"{pack}: {title_of(tables[which].title, name)} ({owner}/{name})"

    asked = st.query_params.get("table", "")
    names = list(tables)
    index = next((i for i, n in enumerate(names) if "/".join(n) == asked), 0)
    owner, table = st.selectbox(
        t("table"), names, index=index, format_func=called, key=f"table name {asked}", persist_state="session"
    )
    table_grid(owner, table)


def _page() -> None:
    project, book, found = here().workspace.checked()
    asked = "tables" if "table" in st.query_params else "terms" if "terms" in st.query_params else "rules"
    view = st.segmented_control(
        t("rules"),
        ("rules", "tables", "terms"),
        default=asked,
        required=True,
        format_func=t,
        label_visibility="collapsed",
        key=f"rules view {asked}",  # an address asks anew, also where the page is open
    )
    if view == "rules":
        _rules(project, book, found)
    elif view == "tables":
        _tables(project)
    else:
        term_lists(project)


_page()
