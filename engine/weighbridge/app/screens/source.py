"""Source: the files themselves, in a real editor, checked while typing."""

from __future__ import annotations

from typing import Any

import streamlit as st

from weighbridge.app import editing
from weighbridge.app.here import here
from weighbridge.app.shown import empty, md, show_diagnostics
from weighbridge.app.source_editor import Place, source_editor
from weighbridge.app.words import language, t
from weighbridge.completion import complete_document, hover_document
from weighbridge.diagnostics import Diagnostic

HEIGHT = 520


def _file(paths: tuple[str, ...]) -> str:
    """The file to show: as chosen, or as the address asks."""
    asked = st.query_params.get("file")
    left, right = st.columns([5, 7], vertical_alignment="bottom")
    changed = here().workspace.draft.files
    path: str = left.selectbox(
        t("file"),
        paths,
        index=paths.index(asked) if asked in paths else _first_with_an_error(paths),
        format_func=lambda p: f"{p} ●" if p in changed else p,
        key=f"source file {asked}",
    )
    with right, st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            t("discard_file"),
            icon=":material/restore_page:",
            key="discard file",
            disabled=path not in changed or not editing.may_edit(),
            on_click=editing.discard,
            args=(path,),
        )
    return path


def _first_with_an_error(paths: tuple[str, ...]) -> int:
    """Number of the first file that has to be mended; the first of all where none has."""
    found = here().workspace.checked()[2]
    broken = {d.span.file for d in found if d.severity == "error" and d.span is not None}
    return next((number for number, path in enumerate(paths) if path in broken), 0)


def _place(path: str) -> Place | None:
    """The line the address asks for, in the file it asks for."""
    line = st.query_params.get("line", "")
    if st.query_params.get("file") != path or not line.isdigit():
        return None
    return Place(int(line), 1, f"{path} {line}")


def _page() -> None:
    workspace = here().workspace
    paths = workspace.draft.paths()
    if not paths:
        empty("no_files")
        return
    path = _file(paths)
    project, book, whole = workspace.checked()
    found = tuple(d for d in whole if d.span is not None and d.span.file == path)

    def answer(kind: str, text: str, offset: int) -> Any:
        asked = complete_document if kind == "complete" else hover_document
        return asked(text, offset, path, project, book, language())

    source_editor(
        path,
        workspace.draft.text(path),
        label=md(path),
        mode="plain" if path.lower().endswith((".csv", ".tsv")) else "yaml",
        found=found,
        on_edit=lambda text: editing.set_source(path, text),
        answer=answer,
        read_only=not editing.may_edit(),
        height=HEIGHT,
        place=_place(path),
    )
    _problems(found, whole)


def _problems(found: tuple[Diagnostic, ...], whole: tuple[Diagnostic, ...]) -> None:
    elsewhere = len(whole) - len(found)
    if found:
        show_diagnostics(found)
    else:
        st.success(t("file_clean"), icon=":material/check_circle:")
    if elsewhere:
        st.caption(t("problems_elsewhere", count=elsewhere))


_page()
