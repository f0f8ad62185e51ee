"""Term lists: the words rules look for, by language."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from weighbridge.app import editing
from weighbridge.app.navigation import link
from weighbridge.app.shown import empty, title_of
from weighbridge.app.words import language, t
from weighbridge.edits import Edit, Together, add_term, remove_term
from weighbridge.project import Project


def term_lists(project: Project) -> None:
    """One term list: looked through, added to, taken from."""
    lists = project.term_lists
    if not lists:
        empty("no_term_lists")
        return
    left, right = st.columns([4, 8])
    with left:
        asked = st.query_params.get("terms")
        names = sorted(lists)
        name = st.selectbox(
            t("term_list"),
            names,
            index=names.index(asked) if asked in names else 0,
            format_func=lambda n: f"{title_of(lists[n].model.title, n)} ({n})",
            key=f"term list {asked}",
            persist_state="session",
        )
        document = lists[name]
        terms = document.model.terms
        languages = sorted(terms)
        with st.form(f"add term {name}", clear_on_submit=True, border=True):
            st.text_input(t("new_term"), key=f"new term {name}", placeholder=t("new_term_hint"))
            options = [*languages, *(c for c in ("en", "zh") if c not in languages)]
            # A person most likely adds a word of the language they read.
            st.selectbox(t("language"), options, index=options.index(language()), key=f"term lang {name}")
            st.form_submit_button(
                t("add"),
                icon=":material/add:",
                disabled=not editing.may_edit(),
                on_click=_add,
                args=(name, f"new term {name}", f"term lang {name}", _is_divided(project, name)),
            )
        span = document.span("term_list")
        link("source", t("as_source"), file=span.file, line=str(span.line))
    with right:
        words = st.text_input(
            t("search"), key=f"term words {name}", placeholder=t("search_hint"), icon=":material/search:"
        )
        rows = [
            (lang, term) for lang in languages for term in terms[lang] if words.casefold() in term.casefold()
        ]
        st.caption(t("terms_found", count=f"{len(rows):,}"))
        picked = st.dataframe(
            pd.DataFrame(rows, columns=[t("language"), t("term")]),
            hide_index=True,
            height=420,
            on_select="rerun",
            selection_mode="multi-row",
            key=editing.key(f"terms {name} {words}"),
            alt=t("term_list"),
        )
        chosen = [rows[n] for n in picked["selection"]["rows"] if n < len(rows)]
        st.button(
            t("remove_terms", count=len(chosen)),
            icon=":material/delete:",
            disabled=not chosen or not editing.may_edit(),
            key="remove terms",
            on_click=_remove,
            args=(name, chosen, _is_divided(project, name)),
        )


def _is_divided(project: Project, name: str) -> bool:
    """Whether the list is written by language."""
    node = project.term_lists[name].node.get("terms")
    return node is not None and node.kind == "mapping"


def _add(name: str, term_key: str, lang_key: str, divided: bool) -> None:
    term = str(st.session_state[term_key]).strip()
    if term:
        editing.apply(add_term(name, term, st.session_state[lang_key] if divided else None))


def _remove(name: str, chosen: list[tuple[str, str]], divided: bool) -> None:
    edits: tuple[Edit, ...] = tuple(
        remove_term(name, term, lang if divided else None) for lang, term in chosen
    )
    if len(edits) == 1:
        editing.apply(edits[0])
    else:
        editing.apply(
            Together(edits, {"en": f"Remove {len(edits)} terms", "zh": f"删除 {len(edits)} 个词条"})
        )
