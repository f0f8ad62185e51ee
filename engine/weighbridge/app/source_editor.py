"""The source editor: CodeMirror 6 with our diagnostics, completion and hover. Bundled, no network at run time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import streamlit as st

from weighbridge.app.words import language, t
from weighbridge.chinese import translated
from weighbridge.diagnostics import Diagnostic, hints

BUNDLE = Path(__file__).parent / "codemirror" / "bundle.js"
Mode = Literal["yaml", "expression", "plain"]
Answer = Callable[[str, str, int], Any]
"""Answers a question: "complete" or "hover", the text, the offset. Gives completions, a hover or None."""

_STYLE = """
div:has(> .editor), div:has(> div > .editor) { height: 100%; }
.editor { height: 100%; box-sizing: border-box; overflow: hidden; border-radius: 4px;
  border: 1px solid var(--st-border-color, rgba(128, 128, 128, 0.4)); }
.editor .cm-editor.cm-focused { outline: 2px solid var(--st-primary-color); outline-offset: -2px; }
"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where to put the cursor; another `id` moves it again."""

    line: int
    column: int
    id: str


@cache
def _component() -> Any:
    from streamlit.components.v2 import component

    return component(
        "weighbridge_source_editor",
        html='<div class="editor"></div>',
        css=_STYLE,
        js=BUNDLE.read_text(encoding="utf-8"),
    )


def source_editor(
    name: str,
    text: str,
    *,
    label: str,
    mode: Mode,
    found: Iterable[Diagnostic],
    on_edit: Callable[[str], object],
    answer: Answer,
    read_only: bool = False,
    height: int = 480,
    place: Place | None = None,
) -> None:
    """Shows `text` for editing. `on_edit` gets what was typed, a moment after the last key.

    `name` tells one text from another (a file's path). What was typed stays in the browser when the text changes
    here only because of it; any other change of `text` replaces what the browser shows.
    """
    key = f"editor {name}"
    known = st.session_state.setdefault(f"{key} known", {"text": text, "revision": 0})
    if known["text"] != text:
        known |= {"text": text, "revision": known["revision"] + 1}

    def edited() -> None:
        sent = st.session_state[key].get("edited")
        if sent and sent.get("file") == name and sent.get("revision") == known["revision"] and not read_only:
            typed = str(sent.get("text", ""))
            on_edit(typed)
            known["text"] = typed

    def asked() -> None:
        question = st.session_state[key].get("asked")
        if question and question.get("file") == name:
            reply = answer(str(question["kind"]), str(question["text"]), int(question["offset"]))
            st.session_state[f"{key} answer"] = {"id": question["id"], "found": _plain(reply)}

    _component()(
        key=key,
        data={
            "file": name,
            "text": text,
            "mode": mode,
            "revision": known["revision"],
            "readOnly": read_only,
            "label": label,
            "diagnostics": [_marked(d) for d in found if d.span is not None],
            "answer": st.session_state.get(f"{key} answer"),
            "goto": None if place is None else asdict(place),
            "phrases": _phrases(),
        },
        default={"edited": None, "asked": None},
        on_edited_change=edited,
        on_asked_change=asked,
        height=height,
    )


def _plain(reply: Any) -> Any:
    if reply is None:
        return None
    return [asdict(c) for c in reply] if isinstance(reply, tuple) else asdict(reply)


def _marked(untold: Diagnostic) -> Mapping[str, Any]:
    found = translated(untold, language())
    span = found.span
    assert span is not None
    return {
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
        "severity": found.severity,
        "code": found.code,
        "message": found.message,
        "hints": hints(found, language()),
    }


def _phrases() -> Mapping[str, str]:
    """What CodeMirror says itself, where the reader's language is not English."""
    if language() == "en":
        return {}
    return {
        "Find": t("find"),
        "Replace": t("replace"),
        "next": t("find_next"),
        "previous": t("find_previous"),
        "all": t("all_statuses"),
        "match case": t("match_case"),
        "by word": t("by_word"),
        "regexp": t("regexp"),
        "replace": t("replace"),
        "replace all": t("replace_all"),
        "close": t("close"),
        "Diagnostics": t("lint_findings"),
        "No diagnostics": t("lint_clean"),
    }
