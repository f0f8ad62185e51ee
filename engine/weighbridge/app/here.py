"""Who is using which workspace in this run."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from weighbridge.app.access import Person
from weighbridge.app.workspace import Workspace

_KEY = "weighbridge_here"


@dataclass(frozen=True, slots=True)
class Here:
    """The person of this session and their workspace."""

    person: Person
    workspace: Workspace
    history: tuple[int, int] = (0, 0)
    """How many steps of the draft could be taken back and taken again when the run began."""


def here() -> Here:
    """The person and workspace of the page that runs."""
    found: Here = st.session_state[_KEY]
    return found


def enter(person: Person, workspace: Workspace) -> None:
    """Says who is there; called by the frame before the page runs."""
    draft = workspace.draft
    st.session_state[_KEY] = Here(person, workspace, (len(draft.undoable), len(draft.redoable)))
