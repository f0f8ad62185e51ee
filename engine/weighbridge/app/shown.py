"""How values and texts of the project look on a page. Nothing here is ever rendered as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any, Literal

import streamlit as st

from weighbridge.app.words import language, t
from weighbridge.chinese import translated
from weighbridge.diagnostics import Diagnostic, hints
from weighbridge.narrative import in_language
from weighbridge.templates import show_number

Colour = Literal["green", "orange", "blue", "red", "gray", "violet"]

_BADGES: Mapping[str, tuple[Colour, str]] = {
    "pass": ("green", ":material/check_circle:"),
    "warn": ("orange", ":material/warning:"),
    "review": ("blue", ":material/person_search:"),
    "block": ("red", ":material/block:"),
    "error": ("red", ":material/error:"),
    "warning": ("orange", ":material/warning:"),
    "note": ("gray", ":material/info:"),
    "fired": ("orange", ":material/notifications:"),
    "undecided": ("violet", ":material/help:"),
    "silent": ("gray", ":material/remove:"),
    "masked": ("gray", ":material/layers:"),
    "not_in_force": ("gray", ":material/location_off:"),
}

_MARKDOWN = re.compile(r"[\\`*\[\]$~]|(?<!\w)_|_(?!\w)|:(?=\w|//)|<(?=[\w/!?])|&(?=[\w#])")
"""Signs that mean something inside a line of Markdown, where they do; not more, for screen readers read them out."""
_AT_START = re.compile(r"^(\s*\d*)([#>+\-=|.)])")


def md(text: object) -> str:
    """Text of the project or of a record, safe in Markdown: every sign that would mean something is escaped."""
    line = " ".join(str(text).splitlines())
    return _AT_START.sub(r"\1\\\2", _MARKDOWN.sub(r"\\\g<0>", line))


def title_of(texts: Mapping[str, str], fallback: str) -> str:
    """A title in the reader's language, or else the id."""
    return in_language(texts, language(), fallback)


def titler() -> Callable[[Mapping[str, str], str], str]:
    """`title_of` for long lists: asks for the reader's language once."""
    lang = language()
    return lambda texts, fallback: in_language(texts, lang, fallback)


def verdict_word(verdict: str | None) -> str:
    """A verdict in the reader's language; a project's own verdicts stay as they are."""
    if verdict is None:
        return t("no_verdict")
    return t(f"verdict_{verdict}") if verdict in ("pass", "warn", "review", "block", "error") else verdict


def verdict_badge(verdict: str | None) -> None:
    """A verdict as a coloured badge with an icon, so that colour is not all that tells."""
    colour, icon = _BADGES.get(verdict or "", ("gray", ":material/rule:"))
    st.badge(md(verdict_word(verdict)), icon=icon, color=colour)


def status_badge(status: str) -> None:
    """A rule's status as a badge."""
    colour, icon = _BADGES.get(status, ("gray", ":material/rule:"))
    st.badge(t(f"status_{status}"), icon=icon, color=colour)


def plain(value: Any) -> str:
    """A value as a cell shows it."""
    if value is None:
        return "–"
    if isinstance(value, bool):
        return t("yes") if value else t("no")
    if isinstance(value, float):
        return show_number(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return ", ".join(f"{k}: {plain(v)}" for k, v in value.items())
    if isinstance(value, Sequence) and not isinstance(value, str):
        return ", ".join(plain(v) for v in value)
    return str(value)


def show_diagnostics(found: Iterable[Diagnostic], most: int = 20) -> None:
    """Diagnostics as a list: place, what is wrong, what was expected."""
    pool = list(found)
    for found_one in pool[:most]:
        problem = translated(found_one, language())
        colour, icon = _BADGES[problem.severity]
        where = f" **{md(problem.span)}**" if problem.span is not None and problem.span.file else ""
        head = f":{colour}[{icon}]{where} {md(problem.message)} :small[:gray[{problem.code}]]"
        notes = "".join(f"  \n:gray[{md(hint)}]" for hint in hints(problem, language()))
        st.markdown(head + notes)
    if len(pool) > most:
        st.caption(t("more_problems", count=len(pool) - most))


def table_height(rows: int, most: int) -> int:
    """Pixels of a table: as high as its rows and its head, but not higher than `most`, where it scrolls."""
    return min(most, 35 * (max(rows, 1) + 1) + 3)


def empty(name: str, icon: str = ":material/inbox:", /, **values: object) -> None:
    """What a page says where there is nothing to show, and what to do about it."""
    st.info(t(name, **values), icon=icon)
