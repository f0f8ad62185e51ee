"""Changes: what the draft would change, what that would do, and saving it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from weighbridge.app import editing
from weighbridge.app.here import here
from weighbridge.app.impact_view import impact_view
from weighbridge.app.navigation import link
from weighbridge.app.place_words import document_words, path_words
from weighbridge.app.shown import empty, md, plain, show_diagnostics
from weighbridge.app.words import t
from weighbridge.diagnostics import Diagnostic, ProjectError
from weighbridge.draft import Conflict, EditError, FileDiff, SaveResult
from weighbridge.rulebook import Rulebook

RESULT = "save result"
VIEWS = ("values", "impact", "as_text", "checks")
FEW = 3
"""So many changed files are shown with their lines at once."""


def _values(changes: tuple[FileDiff, ...]) -> None:
    """Every changed value in one list."""
    books = _books(changes)
    rows = [
        (
            document_words(books, v.place),
            path_words(books, v.place, v.path),
            plain(v.before),
            plain(v.after),
            change.file if v.span is None else f"{change.file}:{v.span.line}",
        )
        for change in changes
        for v in change.values
    ]
    columns = [t("document"), t("what"), t("before"), t("after"), t("place")]
    st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True, alt=t("changes"))


def _books(changes: tuple[FileDiff, ...]) -> tuple[Rulebook, ...]:
    """The draft's rulebook and, where the draft removes something, the one that is saved: it knows the name."""
    workspace = here().workspace
    _, book, _ = workspace.checked()
    if not any(value.after is None for change in changes for value in change.values):
        return (book,)
    try:
        return book, workspace.saved_engine().book
    except ProjectError:  # what is saved has errors: its names are not known
        return (book,)


def _diffs(changes: tuple[FileDiff, ...]) -> None:
    for change in changes:
        words = t("file_change", file=change.file, added=change.added, removed=change.removed)
        with st.expander(md(words), icon=":material/difference:", expanded=len(changes) <= FEW):
            st.code(change.unified, language="diff")
            with st.container(horizontal=True):
                link("source", t("open_source"), file=change.file)
                st.button(
                    t("discard_file"),
                    icon=":material/restore_page:",
                    key=f"discard {change.file}",
                    disabled=not editing.may_edit(),
                    on_click=editing.discard,
                    args=(change.file,),
                )


def _conflicts(conflicts: tuple[Conflict, ...]) -> None:
    """Files that others changed in the same parts: both texts, and the person chooses."""
    for conflict in conflicts:
        if not conflict.parts:
            st.info(md(t("merges", file=conflict.file)), icon=":material/merge:")
            continue
        with st.container(border=True):
            st.error(
                md(t("conflict", file=conflict.file, parts=", ".join(conflict.parts))),
                icon=":material/call_split:",
            )
            mine, theirs = st.columns(2)
            with mine:
                st.markdown(f"**{t('mine')}**")
                st.code(_difference(conflict.base, conflict.mine), language="diff", height=220)
                _settle(conflict, "keep_mine", conflict.merged)
            with theirs:
                st.markdown(f"**{t('theirs')}**")
                st.code(_difference(conflict.base, conflict.theirs), language="diff", height=220)
                if conflict.theirs is None:
                    st.button(
                        t("keep_theirs"),
                        key=f"keep_theirs {conflict.file}",
                        on_click=editing.discard,
                        args=(conflict.file,),
                    )
                else:
                    _settle(conflict, "keep_theirs", conflict.theirs)


def _difference(base: str | None, text: str | None) -> str:
    from difflib import unified_diff

    lines = unified_diff((base or "").splitlines(), (text or "").splitlines(), lineterm="", n=2)
    return "\n".join(list(lines)[2:])


def _settle(conflict: Conflict, word: str, text: str) -> None:
    st.button(
        t(word),
        key=f"{word} {conflict.file}",
        disabled=not editing.may_edit(),
        on_click=_resolve,
        args=(conflict.file, text),
    )


def _resolve(path: str, text: str) -> None:
    editing.resolve(path, text)
    st.session_state.pop(RESULT, None)


def _save() -> None:
    st.session_state[RESULT] = editing.save()


def _outcome(result: SaveResult | None) -> None:
    if result is None:
        return
    if result.status == "saved":
        st.success(t("saved", files=len(result.files)), icon=":material/check_circle:")
        if result.merged:
            st.info(md(t("saved_merged", files=", ".join(result.merged))), icon=":material/merge:")
        link("scenarios", t("run_scenarios_now"))
    elif result.status != "nothing":
        st.error(t(f"save_{result.status}"), icon=":material/error:")
        if result.status != "conflict":
            show_diagnostics(result.diagnostics)


def _save_bar(found: tuple[Diagnostic, ...]) -> None:
    errors = sum(d.severity == "error" for d in found)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("save"),
            icon=":material/save:",
            type="primary",
            key="save",
            disabled=errors > 0 or not here().person.may_save,
            help=t("save_help") if here().person.may_save else t("save_role"),
            on_click=_save,
        )
        with st.popover(
            t("discard_all"),
            icon=":material/delete_sweep:",
            disabled=not editing.may_edit(),
            key=editing.key("all"),
        ):
            st.markdown(t("discard_sure"))
            st.button(
                t("discard_all"), type="primary", key="discard all", on_click=editing.discard, args=(None,)
            )
        if errors:
            st.markdown(f":red[:material/error: {t('errors_first', count=errors)}]")


def _page() -> None:
    draft = here().workspace.draft
    _outcome(st.session_state.pop(RESULT, None))
    changes = draft.diff()
    if not changes:
        empty("nothing_changed", ":material/check_circle:")
        return
    _, _, found = here().workspace.checked()
    _save_bar(found)
    try:
        _conflicts(draft.stale())
    except EditError as error:
        show_diagnostics(error.diagnostics)
    asked = st.query_params.get("view")
    if asked in VIEWS:
        st.session_state["changes view"] = asked
        del st.query_params["view"]
    view = st.segmented_control(
        t("changes"),
        VIEWS,
        default="values",
        required=True,
        format_func=lambda v: t(f"view_{v}"),
        label_visibility="collapsed",
        key="changes view",
        persist_state="session",
    )
    if view == "values":
        _values(changes)
    elif view == "impact":
        impact_view()
    elif view == "as_text":
        _diffs(changes)
    elif found:
        show_diagnostics(found)
    else:
        st.success(t("lint_clean"), icon=":material/check_circle:")


_page()
