"""The frame around every page: who is there, which page, which language, and what happens when one fails."""

from __future__ import annotations

import logging
import secrets

import streamlit as st

from weighbridge.app import access, editing, shown, words
from weighbridge.app.access import Person
from weighbridge.app.here import enter, here
from weighbridge.app.navigation import ENTRIES, link
from weighbridge.app.problems import show_problems
from weighbridge.app.words import t
from weighbridge.app.workspace import project_root, workspace_of
from weighbridge.diagnostics import DiagnosticError
from weighbridge.draft import Draft

LOG = logging.getLogger("weighbridge.app")
STYLE = """<style>
.stMainBlockContainer { padding: 3.9rem 2rem 3rem; }
.stMainBlockContainer h1 { font-size: 1.9rem; padding: 0 0 0.4rem; }
.stMainBlockContainer h2 { font-size: 1.5rem; }
.stMainBlockContainer h3 { font-size: 1.15rem; padding: 0.4rem 0; }
[data-testid="stMetricValue"] { font-size: 1.6rem; }
/* What the draft holds, and undo, stay in sight however far a page is scrolled; nothing lies over them. */
:has(> .st-key-bar) { position: sticky; top: 3.6rem; z-index: 90; background: light-dark(#ffffff, #171614);
  padding: 0.2rem 0; }
[data-testid="stToastContainer"] { top: auto; bottom: 1rem; right: auto; left: 1rem; }
</style>"""
"""Less empty space than Streamlit leaves: a page is meant to fit 1280 x 720. Never holds a text of anybody's."""
CHINESE = """<style>
[data-testid="stFileUploaderDropzone"] button p { font-size: 0; }
[data-testid="stFileUploaderDropzone"] button p::after { content: "上传"; font-size: 0.9rem; }
[data-testid="stFileUploaderDropzoneInstructions"] { display: none; }
</style>"""
"""Words of Streamlit's own that cannot be set otherwise."""


def show() -> None:
    """Shows the app: called by the entry script on every run."""
    st.set_page_config(page_title=t("app"), page_icon=":material/balance:", layout="wide")
    st.html(STYLE)
    if words.language() == "zh":
        st.html(CHINESE)
    who = access.present()
    if not isinstance(who, Person):
        _refuse(who)
        return
    enter(who, workspace_of(project_root(), who.id))
    pages = [
        st.Page(
            entry.path,
            title=t(entry.name),
            icon=entry.icon,
            url_path=entry.name,
            default=entry.name == "home",
        )
        for entry in ENTRIES
    ]
    page = st.navigation(pages, position="top")
    _bar(who)
    try:
        page.run()
    except DiagnosticError as error:
        st.error(t("project_broken", count=len(error.diagnostics)), icon=":material/error:")
        show_problems(error.diagnostics)
    except Exception:
        reference = secrets.token_hex(4)
        LOG.exception("fault %s on page %s", reference, page.url_path)
        st.error(t("fault", reference=reference), icon=":material/error:")


def _bar(who: Person) -> None:
    """The line above every page: what the draft holds, undo and redo, language and person."""
    draft = here().workspace.draft
    with st.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center", key="bar"):
        _draft_state(draft, who)
        if who.signed_in:
            st.caption(t("person", who=shown.md(who.name), role=t(f"role_{who.role.name}")))
            st.button(t("sign_out"), icon=":material/logout:", on_click=st.logout)
        choose_language()
    editing.show_messages()
    if draft.problems:
        shown.show_diagnostics(draft.problems)


def _draft_state(draft: Draft, who: Person) -> None:
    if not who.may_edit:
        st.caption(t("view_only"))
        return
    undoable, redoable = draft.undoable, draft.redoable
    count = len(draft.files)
    if count:
        link("changes", t("changed_files", count=count))
        link("changes", t("view_impact"), view="impact")
    else:
        st.caption(t("no_changes"))
    undo_help = shown.md(shown.title_of(undoable[-1].title, "")) if undoable else None
    redo_help = shown.md(shown.title_of(redoable[0].title, "")) if redoable else None
    st.button(
        t("undo"),
        icon=":material/undo:",
        key="undo",
        help=undo_help,
        disabled=not undoable,
        on_click=editing.undo,
    )
    st.button(
        t("redo"),
        icon=":material/redo:",
        key="redo",
        help=redo_help,
        disabled=not redoable,
        on_click=editing.redo,
    )


def choose_language() -> None:
    """The switch between languages; the choice is kept in the address of the page, so that a bookmark keeps it."""
    chosen = words.language()
    st.session_state.setdefault(words.KEY, chosen)
    st.segmented_control(
        t("language"),
        list(words.LANGUAGES),
        required=True,
        format_func=words.LANGUAGES.__getitem__,
        key=words.KEY,
        persist_state="session",
        label_visibility="collapsed",
    )
    if st.query_params.get(words.KEY, words.preferred()) != chosen:
        st.query_params[words.KEY] = chosen


def _refuse(why: access.Refusal) -> None:
    """What people see who may not use the app."""
    choose_language()
    st.title(t("app"))
    if why == "sign_in":
        st.info(t("refused_sign_in"), icon=":material/lock:")
        st.button(t("sign_in"), icon=":material/login:", type="primary", on_click=st.login)
        return
    st.error(t(f"refused_{why}"), icon=":material/lock:")
    if why == "no_role":
        st.button(t("sign_out"), icon=":material/logout:", on_click=st.logout)
