"""The project a server works on, and each person's draft over it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import streamlit as st

from weighbridge.diagnostics import Diagnostic
from weighbridge.engine import Engine
from weighbridge.lint import lint
from weighbridge.project import Project

ROOT = "WEIGHBRIDGE_PROJECT"
"""Environment variable: the folder of the project, set by `weighbridge app`."""

MOST_PEOPLE = 64
"""Workspaces kept in memory; one that was dropped is opened again from the draft kept on disk."""


class Workspace:
    """One person's view of the project: what is saved, and their draft over it."""

    def __init__(self, root: Path, person: str) -> None:
        self.root = root
        self.person = person

    @property
    def files(self) -> Mapping[str, str]:
        """The files the draft changes."""
        return {}

    def checked(self) -> tuple[Project, tuple[Diagnostic, ...]]:
        """The project of the draft and everything lint says of it."""
        return _checked(self.root, stamp(self.root))

    def engine(self) -> Engine:
        """Decides by the draft. Raises `ProjectError` while it has errors."""
        return _engine(self.root, stamp(self.root))

    def saved_engine(self) -> Engine:
        """Decides by what is saved. Raises `ProjectError`."""
        return self.engine()


def project_root() -> Path:
    """The folder of the project."""
    return Path(os.environ.get(ROOT) or ".").resolve()


@st.cache_resource(max_entries=MOST_PEOPLE, show_spinner=False)
def workspace_of(root: Path, person: str) -> Workspace:
    """The workspace of a person; the same for all their sessions."""
    return Workspace(root, person)


def stamp(root: Path) -> tuple[tuple[str, int, int], ...]:
    """Name, time and size of every file of a project: another stamp, another content."""
    found: list[tuple[str, int, int]] = []
    for folder in (root, root / "regions", root / "scorecards", root / "rulesets"):
        for path in sorted(folder.glob("*.yaml") if folder == root else folder.rglob("*")):
            if path.is_file():
                status = path.stat()
                found.append((path.as_posix(), status.st_mtime_ns, status.st_size))
    return tuple(found)


@st.cache_resource(max_entries=4, show_spinner=False)
def _checked(root: Path, when: object) -> tuple[Project, tuple[Diagnostic, ...]]:
    return lint(root)


@st.cache_resource(max_entries=4, show_spinner=False)
def _engine(root: Path, when: object) -> Engine:
    from weighbridge.engine import load

    return load(root)
