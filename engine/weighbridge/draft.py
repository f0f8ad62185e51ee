"""Drafts: edited files over a project folder, with undo, checks and saving. No user interface.

    draft = Draft.open("path/to/project", "anna")
    draft.edit(SetValue(Address("ruleset", "listing_gate"), ("rules", "large-forecast", "when"), "..."))
    draft.diagnostics()      # what lint says about the draft
    result = draft.save()    # "saved", or why not

A draft with a name is kept on disk after every step and found again by the next `open`; opened twice under one
name (two browser tabs) it is one draft. Methods may be called from several threads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.edits import Edit, EditError
from weighbridge.engine import Engine
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook
from weighbridge.scenarios import CaseResult, ScenarioRun


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the history. `title` by language; `files` are those it changed."""

    title: Mapping[str, str]
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One value that differs between saved and draft, for people.

    `place` names the document ("ruleset listing_gate") and `path` what lies below ("rules", "large-forecast",
    "when"); rows of CSV files are ("<row id or number>", "<column>"). `before` or `after` is None where there is
    none. `span` is where it stands in the draft (None when it is gone).
    """

    place: str
    path: tuple[str | int, ...]
    before: Any
    after: Any
    span: Span | None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What the draft changes in one file. `unified` is a unified diff; `values` the same for people."""

    file: str
    unified: str
    added: int
    removed: int
    is_new: bool
    values: tuple[ChangedValue, ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """A file that changed on disk since it was edited here, in the same parts.

    Texts are whole files; None: the file is not there. `parts` names what both changed ("rules large-forecast").
    `merged` is everything that could be merged, with mine where there is conflict.
    """

    file: str
    base: str | None
    mine: str
    theirs: str | None
    parts: tuple[str, ...]
    merged: str


@dataclass(frozen=True, slots=True)
class SaveResult:
    """`status`: saved; nothing (no changes); refused (errors in `diagnostics`); conflict (see `conflicts`);
    failed (the files could not be written: `diagnostics`, nothing or everything is written, see docs).

    `files` were written; `merged` are those of them that held other people's changes too. `failed_cases` are
    scenarios that do not pass on what was saved: a warning, not a refusal.
    """

    status: Literal["saved", "nothing", "refused", "conflict", "failed"]
    files: tuple[str, ...] = ()
    merged: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    conflicts: tuple[Conflict, ...] = ()
    failed_cases: tuple[CaseResult, ...] = ()


@dataclass(frozen=True, slots=True)
class Grid:
    """A decision table as a grid. `rows` hold texts in order of `header`; `lines` the line of each row."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    file: str
    lines: tuple[int, ...]


class Draft:
    """A set of edited files over a project folder."""

    root: Path
    name: str | None
    problems: tuple[Diagnostic, ...]
    """What was found on opening: a damaged draft file, a save that was broken off and has been completed."""

    @classmethod
    def open(cls, root: Path | str, name: str | None = None) -> Draft:
        """The draft of a person or session over a project; without a name it lives in memory only."""
        raise NotImplementedError

    # -- reading

    @property
    def files(self) -> Mapping[str, str]:
        """The edited files: path from the project -> text. Only those that differ from what they began as."""
        raise NotImplementedError

    def paths(self) -> tuple[str, ...]:
        """All files of the project that can be edited (YAML, tables, settings), the draft's new ones included."""
        raise NotImplementedError

    def text(self, path: str) -> str:
        """The text of a file in the draft. Raises `EditError` where there is none or it is no text."""
        raise NotImplementedError

    def value(self, kind: str, id: str, *path: str | int) -> Any:
        """The plain value at a path of a document as the draft writes it; None where there is none."""
        raise NotImplementedError

    def grid(self, ruleset: str, table: str) -> Grid:
        """A decision table of the draft. Raises `EditError` where it cannot be read."""
        raise NotImplementedError

    # -- changing

    def edit(self, edit: Edit) -> Step:
        """Applies an edit, also one that makes the project invalid. Raises `EditError` where it has no place."""
        raise NotImplementedError

    def set_text(self, path: str, text: str) -> Step | None:
        """Source editing: the new text of a file (line ends are kept as the file has them). None: no change."""
        raise NotImplementedError

    def undo(self) -> Step | None:
        """Takes the last step back; None when there is none."""
        raise NotImplementedError

    def redo(self) -> Step | None:
        """Takes the last undone step again; None when there is none."""
        raise NotImplementedError

    @property
    def undoable(self) -> tuple[Step, ...]:
        """The steps that can be undone, oldest first."""
        raise NotImplementedError

    @property
    def redoable(self) -> tuple[Step, ...]:
        """The steps that can be taken again, next first."""
        raise NotImplementedError

    def discard(self, path: str | None = None) -> Step | None:
        """Gives up the changes of one file, or all; a step that can be undone."""
        raise NotImplementedError

    # -- judging

    def diff(self) -> tuple[FileDiff, ...]:
        """What saving would change, file by file."""
        raise NotImplementedError

    def project(self) -> Project:
        """The project with the draft's files."""
        raise NotImplementedError

    def checked(self) -> tuple[Project, Rulebook, tuple[Diagnostic, ...]]:
        """Project, rulebook and everything lint says; kept until a file changes (also on disk)."""
        raise NotImplementedError

    def diagnostics(self, path: str | None = None) -> tuple[Diagnostic, ...]:
        """Everything lint says about the draft, or about one file of it."""
        raise NotImplementedError

    def check_text(self, path: str, text: str, *, whole: bool = True) -> tuple[Diagnostic, ...]:
        """Diagnostics of one file as if it had this text; the draft stays as it is. `whole=False` looks at the
        file alone (syntax and shape), which is fast enough for every keystroke."""
        raise NotImplementedError

    def engine(self) -> Engine:
        """An engine that decides by the draft. Raises `ProjectError` while it has errors."""
        raise NotImplementedError

    def saved_engine(self) -> Engine:
        """An engine that decides by what is saved, to compare with. Raises `ProjectError`."""
        raise NotImplementedError

    def scenarios(self, target: str | None = None) -> ScenarioRun:
        """Runs the scenarios on the draft. Raises `ProjectError` while it has errors."""
        raise NotImplementedError

    # -- saving

    def stale(self) -> tuple[Conflict, ...]:
        """Edited files that changed on disk meanwhile (also those that merge without conflict: no `parts`)."""
        raise NotImplementedError

    def resolve(self, path: str, text: str) -> Step:
        """Settles a conflict: `text` (mine, theirs, merged or written by hand) stands over what is on disk now."""
        raise NotImplementedError

    def save(self, *, run_scenarios: bool = True) -> SaveResult:
        """Writes the files, all or none; see `SaveResult`. The history goes on: undo after saving is an edit."""
        raise NotImplementedError


def drafts(root: Path | str) -> tuple[str, ...]:
    """Names of the drafts kept for a project that hold changes."""
    raise NotImplementedError


def remove_draft(root: Path | str, name: str) -> None:
    """Forgets a draft for good."""
    raise NotImplementedError


__all__ = ["ChangedValue", "Conflict", "Draft", "EditError", "FileDiff", "Grid", "SaveResult", "Step"]
