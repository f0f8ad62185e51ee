"""Changing the draft from a page: the edit, what came of it, undo, and saving.

Pages change a draft through these functions only. Each asks for the person's role itself: a control that is switched
off keeps nobody from sending what it would send.
"""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from weighbridge.app.here import here
from weighbridge.app.shown import md, show_diagnostics, title_of
from weighbridge.app.words import t
from weighbridge.diagnostics import Diagnostic
from weighbridge.draft import Draft, EditError, SaveResult, Step
from weighbridge.edits import Edit

MESSAGES = "edit messages"
PROBLEMS = "edit problems"


def may_edit() -> bool:
    """Whether this person may change their draft; controls are switched off otherwise."""
    return here().person.may_edit


def apply(edit: Edit) -> None:
    """Applies an edit to the draft; what is in its way is shown on the next run."""
    applied(edit)


def applied(edit: Edit) -> bool:
    """As `apply`; says whether something changed."""
    if not may_edit():
        return False
    try:
        step = here().workspace.draft.edit(edit)
    except EditError as error:
        tell_problems(error.diagnostics)
        return False
    renew()
    _tell("done", step)
    return step is not None


def set_source(path: str, text: str) -> bool:
    """The new text of a whole file; what is in its way is shown on the next run. Says whether it was taken."""
    return _change(lambda draft: draft.set_text(path, text))


def discard(path: str | None) -> None:
    """Gives up the changes of one file, or of all."""
    _change(lambda draft: draft.discard(path))


def resolve(path: str, text: str) -> None:
    """Settles a conflict: this text stands."""
    _change(lambda draft: draft.resolve(path, text))


def _change(act: Callable[[Draft], object]) -> bool:
    if not may_edit():
        return False
    try:
        act(here().workspace.draft)
    except EditError as error:
        tell_problems(error.diagnostics)
        renew()
        return False
    renew()
    return True


def save() -> SaveResult | None:
    """Saves the draft; None where this person may not."""
    if not here().person.may_save:
        return None
    result = here().workspace.draft.save(run_scenarios=False)
    renew()
    return result


def undo() -> None:
    """Takes the last step back."""
    _step("undone", "undo")


def redo() -> None:
    """Takes the last undone step again."""
    _step("redone", "redo")


def _step(word: str, what: str) -> None:
    if not may_edit():
        return
    draft = here().workspace.draft
    try:
        step = draft.undo() if what == "undo" else draft.redo()
    except EditError as error:
        tell_problems(error.diagnostics)
        return
    renew()
    _tell(word, step)


def _tell(word: str, step: Step | None) -> None:
    if step is not None:
        st.session_state.setdefault(MESSAGES, []).append((word, title_of(step.title, "")))


def tell_problems(found: tuple[Diagnostic, ...]) -> None:
    """Keeps diagnostics of an edit for the next run to show."""
    st.session_state[PROBLEMS] = found


def renew() -> None:
    """Controls that hold a value of the draft are made anew, so that they show the draft and not what was typed."""
    st.session_state["edit number"] = edit_number() + 1


def edit_number() -> int:
    """Part of the keys of controls that hold a value of the draft; see `renew`."""
    number: int = st.session_state.get("edit number", 0)
    return number


def key(name: str) -> str:
    """The key of a control that holds a value of the draft. Another session's step changes it too."""
    undoable, redoable = here().history
    return f"{name} {edit_number()} {undoable} {redoable}"


def show_messages() -> None:
    """Shows what the last edits did, once."""
    for word, title in st.session_state.pop(MESSAGES, []):
        st.toast(t(word, step=md(title)), icon=":material/edit:")
    problems: tuple[Diagnostic, ...] = st.session_state.pop(PROBLEMS, ())
    if problems:
        with st.container(border=True):
            st.markdown(f"**{t('edit_refused')}**")
            show_diagnostics(problems)
