"""Source: the files themselves, in a real editor, checked while typing."""

from __future__ import annotations

import streamlit as st

from weighbridge.app import editing
from weighbridge.app.file_editor import file_editor, found_in_file
from weighbridge.app.here import here
from weighbridge.app.shown import empty, show_diagnostics
from weighbridge.app.source_editor import Place
from weighbridge.app.words import t
from weighbridge.diagnostics import Diagnostic

HEIGHT = 430
"""Pixels: what is found in the file stays on the screen."""


def _file(paths: tuple[str, ...]) -> str:
    """The file to show: as chosen, or as the address asks."""
    asked = st.query_params.get("file")
    left, right = st.columns([5, 7], vertical_alignment="bottom")
    changed = here().workspace.draft.files
    broken = _broken()
    path: str = left.selectbox(
        t("file"),
        paths,
        index=paths.index(asked) if asked in paths else _first_with_an_error(paths, broken),
        format_func=lambda p: p + (" ●" if p in changed else "") + (" ⚠" if p in broken else ""),
        help=t("file_marks"),
        key=f"source file {asked}",
    )
    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        _new_file(paths)
        st.button(
            t("discard_file"),
            icon=":material/restore_page:",
            key="discard file",
            disabled=path not in changed or not editing.may_edit(),
            on_click=editing.discard,
            args=(path,),
        )
    return path


def _broken() -> frozenset[str]:
    """The files that hold errors."""
    found = here().workspace.checked()[2]
    return frozenset(d.span.file for d in found if d.severity == "error" and d.span is not None)


def _first_with_an_error(paths: tuple[str, ...], broken: frozenset[str]) -> int:
    """Number of the first file that has to be mended; the first of all where none has."""
    return next((number for number, path in enumerate(paths) if path in broken), 0)


def _new_file(paths: tuple[str, ...]) -> None:
    with st.popover(
        t("new_file"), icon=":material/note_add:", disabled=not editing.may_edit(), key=editing.key("file")
    ):
        st.text_input(t("new_file_path"), key="new file", placeholder="rulesets/my_rules.yaml")
        st.caption(t("new_file_help"))
        path = str(st.session_state["new file"]).strip()
        if path in paths:
            st.error(t("file_exists"))
        st.button(
            t("add"),
            type="primary",
            key="add file",
            disabled=not path or path in paths,
            on_click=_add_file,
            args=(path,),
        )


def _add_file(path: str) -> None:
    if editing.set_source(path, FIRST_LINES):
        st.query_params["file"] = path


FIRST_LINES = "# Ctrl+Space / Ctrl+空格\n"
"""What a new file begins with: how to be told what may stand in it."""


def _place(path: str, found: tuple[Diagnostic, ...]) -> Place | None:
    """The line the address asks for, in the file it asks for; else the first error."""
    line = st.query_params.get("line", "")
    if st.query_params.get("file") == path and line.isdigit():
        return Place(int(line), 1, f"{path} {line}")
    first = next((d.span for d in found if d.severity == "error" and d.span is not None), None)
    shown = st.session_state.setdefault("first error shown", {})
    # Only where the file is opened: the cursor of somebody who types stays where it is.
    if path not in shown and first is not None:
        shown[path] = Place(first.line, first.column, f"{path} first error")
    place: Place | None = shown.setdefault(path, None)
    return place


def _page() -> None:
    paths = here().workspace.draft.paths()
    if not paths:
        empty("no_files")
        return
    path = _file(paths)
    found = found_in_file(path)
    file_editor(path, height=HEIGHT, place=_place(path, found))
    _problems(found, here().workspace.checked()[2])


def _problems(found: tuple[Diagnostic, ...], whole: tuple[Diagnostic, ...]) -> None:
    if found:
        show_diagnostics(found)
    else:
        st.success(t("file_clean"), icon=":material/check_circle:")
    elsewhere = [d for d in whole if d not in found]
    if elsewhere:
        with st.expander(t("problems_elsewhere", count=len(elsewhere)), expanded=not found):
            show_diagnostics(elsewhere, 8)


_page()
