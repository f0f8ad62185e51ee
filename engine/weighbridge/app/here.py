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


def here() -> Here:
    """The person and workspace of the page that runs."""
    found: Here = st.session_state[_KEY]
    return found


def enter(person: Person, workspace: Workspace) -> None:
    """Says who is there; called by the frame before the page runs."""
    st.session_state[_KEY] = Here(person, workspace)
