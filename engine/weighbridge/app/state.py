"""What a session remembers under one name per thing, so that pages agree on it."""

from __future__ import annotations

from typing import Any, TypeVar

import streamlit as st

T = TypeVar("T")


def remembered(name: str, default: T) -> T:
    """The session's value of a name; the default is kept where there is none yet."""
    state: Any = st.session_state
    if name not in state:
        state[name] = default
    value: T = state[name]
    return value


def remember(name: str, value: Any) -> None:
    """Sets the session's value of a name."""
    st.session_state[name] = value
