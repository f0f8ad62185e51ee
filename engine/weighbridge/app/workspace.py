"""The project a server works on, and each person's draft over it."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import streamlit as st

from weighbridge.catalogue import Entry, catalogue
from weighbridge.diagnostics import Diagnostic, ProjectError, UnknownName
from weighbridge.draft import Draft
from weighbridge.engine import Engine
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook

ROOT = "WEIGHBRIDGE_PROJECT"
"""Environment variable: the folder of the project, set by `weighbridge app`."""

MOST_READY, READY_AFTER = 6, 0.35
"""How many programs are made ahead after a change, and after how many seconds: the page that shows it comes first."""

LARGE = 300
"""Rules from which on a project is kept out of Python's search for unreachable rings: see `_keep_out_of_search`."""

MOST_PEOPLE = 16
"""Workspaces kept in memory; one that was dropped is opened again from the draft kept on disk."""


class Workspace:
    """One person's draft over the project, with the engines made of it. Shared by all their sessions."""

    def __init__(self, root: Path, person: str) -> None:
        self.draft = Draft.open(root, person)
        self._lock = threading.Lock()
        self._engine: tuple[Rulebook, Engine] | None = None
        self._entries: tuple[Rulebook, tuple[Entry, ...]] | None = None
        self._opened = False

    def checked(self) -> tuple[Project, Rulebook, tuple[Diagnostic, ...]]:
        """Project and rulebook of the draft, and everything lint says of them."""
        checked = self._look()
        if self._engine is not None and not any(d.severity == "error" for d in checked[2]):
            self._engine_of(*checked)
        return checked

    def engine(self) -> Engine:
        """Decides by the draft; the same object until the draft changes, so that its programs are kept.

        Raises `ProjectError` while the draft has errors.
        """
        return self._engine_of(*self._look())

    def _look(self) -> tuple[Project, Rulebook, tuple[Diagnostic, ...]]:
        checked = self.draft.checked()
        if not self._opened:
            self._opened = True
            if sum(len(ruleset.rules) for ruleset in checked[1].rulesets.values()) >= LARGE:
                _keep_out_of_search()
        return checked

    def _engine_of(self, project: Project, book: Rulebook, found: tuple[Diagnostic, ...]) -> Engine:
        errors = [d for d in found if d.severity == "error"]
        if errors:
            raise ProjectError(errors)
        with self._lock:
            if self._engine is None or self._engine[0] is not book:
                before = self._engine
                self._engine = (book, Engine(project, book, None if before is None else before[1]))
                if before is not None:
                    self._make_ready(self._engine[1], before[1].asked()[-MOST_READY:])
            return self._engine[1]

    def _make_ready(self, engine: Engine, questions: Sequence[tuple[str, str, date | str]]) -> None:
        """Makes the programs that were in use before a change, beside the pages: they are likely to be asked next."""

        def work() -> None:
            for target, market, day in questions:
                if self._engine is None or self._engine[1] is not engine:
                    return
                with suppress(UnknownName):  # the change may have taken it away
                    engine.prepare(target, market, day)

        timer = threading.Timer(READY_AFTER, work)
        timer.daemon = True
        timer.start()

    def entries(self) -> tuple[Entry, ...]:
        """The catalogue of the draft; while it has errors, that of the last time it had none."""
        _, book, found = self._look()
        with self._lock:
            known = self._entries
            if known is not None and (known[0] is book or any(d.severity == "error" for d in found)):
                return known[1]
            self._entries = (book, catalogue(book, known))
            return self._entries[1]

    def saved_engine(self) -> Engine:
        """Decides by what is saved. Raises `ProjectError`."""
        return self.draft.saved_engine() if self.draft.files else self.engine()


def _keep_out_of_search() -> None:
    """Lets Python's search for unreachable rings pass over everything that is there now.

    With 2,000 rules a search stands in the way of every page for 0.3 to 0.5 s, and every second change would start
    one. Documents, trees and rules hold no rings, so that they are given back without it when a change replaces them;
    the programs of the workspaces that are open at this moment do, and wait for the next workspace to be opened.
    """
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def project_root() -> Path:
    """The folder of the project."""
    return Path(os.environ.get(ROOT) or ".").resolve()


@st.cache_resource(max_entries=MOST_PEOPLE, show_spinner=False)
def workspace_of(root: Path, person: str) -> Workspace:
    """The workspace of a person; the same for all their sessions."""
    return Workspace(root, person)
