"""The project a server works on, and each person's draft over it."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import streamlit as st

from weighbridge.catalogue import Entry, catalogue
from weighbridge.diagnostics import Diagnostic, ProjectError
from weighbridge.draft import Draft
from weighbridge.engine import Engine
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook

ROOT = "WEIGHBRIDGE_PROJECT"
"""Environment variable: the folder of the project, set by `weighbridge app`."""

MOST_PEOPLE = 16
"""Workspaces kept in memory; one that was dropped is opened again from the draft kept on disk."""


class Workspace:
    """One person's draft over the project, with the engines made of it. Shared by all their sessions."""

    def __init__(self, root: Path, person: str) -> None:
        self.draft = Draft.open(root, person)
        self._lock = threading.Lock()
        self._engine: tuple[Rulebook, Engine] | None = None
        self._entries: tuple[Rulebook, tuple[Entry, ...]] | None = None

    def checked(self) -> tuple[Project, Rulebook, tuple[Diagnostic, ...]]:
        """Project and rulebook of the draft, and everything lint says of them."""
        return self.draft.checked()

    def engine(self) -> Engine:
        """Decides by the draft; the same object until the draft changes, so that its programs are kept.

        Raises `ProjectError` while the draft has errors.
        """
        project, book, found = self.draft.checked()
        errors = [d for d in found if d.severity == "error"]
        if errors:
            raise ProjectError(errors)
        with self._lock:
            if self._engine is None or self._engine[0] is not book:
                self._engine = (book, Engine(project, book))
            return self._engine[1]

    def entries(self) -> tuple[Entry, ...]:
        """The catalogue of the draft; while it has errors, that of the last time it had none."""
        _, book, found = self.draft.checked()
        with self._lock:
            known = self._entries
            if known is not None and (known[0] is book or any(d.severity == "error" for d in found)):
                return known[1]
            self._entries = (book, catalogue(book, known))
            return self._entries[1]

    def saved_engine(self) -> Engine:
        """Decides by what is saved. Raises `ProjectError`."""
        return self.draft.saved_engine() if self.draft.files else self.engine()


def project_root() -> Path:
    """The folder of the project."""
    return Path(os.environ.get(ROOT) or ".").resolve()


@st.cache_resource(max_entries=MOST_PEOPLE, show_spinner=False)
def workspace_of(root: Path, person: str) -> Workspace:
    """The workspace of a person; the same for all their sessions."""
    return Workspace(root, person)
