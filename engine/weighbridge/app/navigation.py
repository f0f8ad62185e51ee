"""The pages of the app and links between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import streamlit as st

from weighbridge.app import words
from weighbridge.app.words import t

SCREENS = Path(__file__).parent / "screens"
"""Not called `pages`: Streamlit would run the scripts of such a folder by themselves, without asking who is there."""


@dataclass(frozen=True, slots=True)
class PageEntry:
    """One page: its file without ending, and its icon. Its title are the words of the same name."""

    name: str
    icon: str

    @property
    def path(self) -> Path:
        """The page's script."""
        return SCREENS / f"{self.name}.py"


ENTRIES = (
    PageEntry("home", ":material/home:"),
    PageEntry("rules", ":material/rule:"),
    PageEntry("scorecards", ":material/speed:"),
    PageEntry("regions", ":material/public:"),
    PageEntry("try_it", ":material/play_circle:"),
    PageEntry("batch", ":material/table_rows:"),
    PageEntry("scenarios", ":material/fact_check:"),
    PageEntry("changes", ":material/difference:"),
    PageEntry("source", ":material/code:"),
)
"""All pages, in the order of the menu."""


def entry(name: str) -> PageEntry | None:
    """A page by its name."""
    return next((e for e in ENTRIES if e.name == name), None)


def link(name: str, label: str | None = None, **query: str) -> None:
    """A link to a page; `query` goes into its address, beside the language."""
    found = entry(name)
    if found is not None:
        st.page_link(found.path, label=label or t(name), icon=found.icon, query_params=_with_language(query))


def go(name: str, **query: str) -> None:
    """Opens a page at once."""
    found = entry(name)
    if found is not None:
        st.switch_page(found.path, query_params=_with_language(query))


def _with_language(query: Mapping[str, str]) -> dict[str, str]:
    chosen = words.language()
    return dict(query) if chosen == words.preferred() else {**query, words.KEY: chosen}
