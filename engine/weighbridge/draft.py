"""Drafts: edited files over a project folder, with undo, checks and saving. No user interface.

    draft = Draft.open("path/to/project", "anna")
    draft.edit(SetValue(Address("ruleset", "listing_gate"), ("rules", "large-forecast", "when"), "..."))
    draft.diagnostics()      # what lint says about the draft
    result = draft.save()    # "saved", or why not

A draft with a name is kept on disk after every step and found again by the next `open`; opened twice under one
name (two browser tabs) it is one draft. Methods may be called from several threads.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from weighbridge.changes import ChangedValue, FileDiff, file_diff
from weighbridge.diagnostics import Diagnostic, ProjectError, Span
from weighbridge.draft_state import (
    EMPTY,
    DamagedDraft,
    DraftState,
    Edited,
    Step,
    change_between,
    draft_path,
    read_stored,
    rebased,
    redone,
    settled,
    store,
    undone,
    with_step,
)
from weighbridge.edits import Address, Edit, read_value
from weighbridge.engine import Engine, ProjectCache, check_project
from weighbridge.lint import warned
from weighbridge.merge import merge
from weighbridge.messages import EDITS, LANGUAGES, phrase
from weighbridge.project import Project, load_text
from weighbridge.rulebook import Rulebook
from weighbridge.saving import STATE_FOLDER, locked, recover, write_all
from weighbridge.scenarios import CaseResult, ScenarioRun, run_scenarios
from weighbridge.source import MAX_BYTES
from weighbridge.table_edits import open_table
from weighbridge.table_text import read_table
from weighbridge.texts import (
    NEW,
    TABLE_SUFFIXES,
    Saved,
    Texts,
    check_path,
    read_disk,
    read_saved,
    refused,
    with_line_ends,
)
from weighbridge.versions import Version
from weighbridge.yaml_text import EditError, YamlText

MAX_TRIES = 3
"""How often a save begins anew because somebody else saved at the same moment."""

Checked = tuple[Project, Rulebook, tuple[Diagnostic, ...]]


@dataclass(frozen=True, slots=True)
class Conflict:
    """An edited file that changed on disk meanwhile.

    Texts are whole files; `base` is what both began from; None: the file is (or was) not there. `parts` names what
    both sides changed ("listing_gate rules large-forecast"); without any, `merged` holds what both did. With some,
    it has mine there.
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
    failed (the disk refused, see `diagnostics`; the draft keeps everything).

    `files` were written; `merged` are files that hold other people's changes too. `failed_cases` are scenarios
    that do not pass on what was saved: a warning, not a refusal.
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
    """A set of edited files over a project folder. Made by `Draft.open`."""

    def __init__(self, root: Path, name: str | None) -> None:
        self.root = root
        self.name = name
        self.problems: tuple[Diagnostic, ...] = ()
        """What was found on opening (a damaged draft, a save that broke off), and why the draft is not kept."""
        self._mutex = threading.RLock()
        self._state = EMPTY
        self._stamp: object = None
        self._cache = ProjectCache()
        self._yaml: dict[str, YamlText] = {}
        self._checked: tuple[object, Checked] | None = None
        self._saved_engine: tuple[object, Engine] | None = None

    @classmethod
    def open(cls, root: Path | str, name: str | None = None) -> Draft:
        """The draft of a person or session over a project; without a name it lives in memory only.

        Never raises for what it finds: see `problems`.
        """
        draft = cls(Path(root).resolve(), name)
        if (draft.root / STATE_FOLDER).is_dir():
            try:
                with locked(draft.root) as folder:
                    draft.problems = recover(draft.root, folder)
            except OSError as error:
                draft._not_kept(error)
        draft._refresh()
        return draft

    # -- the state, in memory and on disk

    def _refresh(self) -> DraftState:
        """The state; read again when another session of the same draft has changed it."""
        if self.name is None:
            return self._state
        with self._mutex:
            path = draft_path(self.root / STATE_FOLDER, self.name)
            stamp = _stamp(path)
            if stamp == self._stamp:
                return self._state
            self._stamp = stamp
            try:
                name, state = read_stored(path)
                self._state = state if name == self.name else EMPTY
            except FileNotFoundError:
                self._state = EMPTY
            except OSError as error:
                self._not_kept(error)
            except (DamagedDraft, EditError):
                self._set_aside(path)
            return self._state

    def _set_aside(self, path: Path) -> None:
        self._state = EMPTY
        aside = path.with_suffix(".damaged")
        message = (
            f"the draft of {self.name} is damaged and was set aside as {STATE_FOLDER}/drafts/{aside.name}"
        )
        self.problems += (
            Diagnostic("WB705", message, severity="warning", expected="a look at what can be rescued"),
        )
        try:
            os.replace(path, aside)
        except OSError as error:
            self._not_kept(error)

    def _not_kept(self, error: OSError) -> None:
        message = f"the draft is not kept on disk: {error.strerror or error}"
        problem = Diagnostic("WB706", message, severity="warning", expected="saving before the program ends")
        if problem not in self.problems:
            self.problems += (problem,)

    def _update(self, change: Callable[[DraftState], DraftState]) -> DraftState:
        """Changes the state, in memory and on disk, one session at a time. Raises what `change` raises."""
        with self._mutex, ExitStack() as stack:
            folder: Path | None = None
            if self.name is not None:
                try:
                    lock = draft_path(Path(), self.name).stem
                    folder = stack.enter_context(locked(self.root, lock))
                except OSError as error:
                    self._not_kept(error)
            state = change(self._refresh())
            if state is self._state:
                return state
            self._state = state
            if folder is not None and self.name is not None:
                try:
                    store(folder, self.name, state)
                except OSError as error:
                    self._not_kept(error)
                else:
                    self._stamp = _stamp(draft_path(folder, self.name))
            return state

    def _texts(self, state: DraftState | None = None) -> Texts:
        files = (state or self._refresh()).files
        return Texts(self.root, {name: edited.text for name, edited in files.items()}, self._yaml)

    def _read(self, path: str) -> Saved:
        data = read_disk(self.root, path)
        return NEW if data is None else read_saved(data, path)

    # -- reading

    @property
    def files(self) -> Mapping[str, str]:
        """The edited files: path from the project -> text. Only those that differ from what they began as."""
        return self._texts().overlay

    def paths(self) -> tuple[str, ...]:
        """All files of the project that can be edited (YAML, tables, settings), the draft's new ones included."""
        return tuple(self._texts().paths())

    def text(self, path: str) -> str:
        """The text of a file in the draft. Raises `EditError` where there is none or it is no text."""
        return self._texts().text(path)

    def value(self, kind: str, id: str, *path: str | int, file: str | None = None) -> Any:
        """The plain value at a path of a document as the draft writes it; None where there is none.

        Paths are those of edits. Raises `EditError` where there is no such document.
        """
        return read_value(self._texts(), Address(kind, id, file), path)

    def span(self, kind: str, id: str, *path: str | int, file: str | None = None) -> Span | None:
        """Where the value at a path stands in the draft; None where there is none. Raises as `value`."""
        yaml, root = self._texts().locate(kind, id, file)
        node = yaml.node(root, path)
        return None if node is None else node.span

    def grid(self, ruleset: str, table: str) -> Grid:
        """A decision table of the draft. Raises `EditError` where it cannot be read."""
        opened = open_table(self._texts(), ruleset, table)
        rows = tuple(tuple(row) for row in opened.cells())
        return Grid(tuple(opened.header), rows, opened.file, tuple(opened.lines))

    # -- changing

    def edit(self, edit: Edit) -> Step | None:
        """Applies an edit, also one that makes the project invalid; None when it changes nothing.

        Raises `EditError` where the edit has no place; the draft is then as it was.
        """
        title = {lang: edit.summary(lang) for lang in LANGUAGES}
        return self._step(title, lambda texts: edit.apply(texts))

    def set_text(self, path: str, text: str) -> Step | None:
        """Source editing: the new text of a file, or a new file; line ends stay as the file has them.

        None: no change. Raises `EditError` for paths outside the project and texts that no file can hold.
        """
        path = check_path(path)
        title = {lang: phrase(EDITS, "source", lang, what=path) for lang in LANGUAGES}

        def change(texts: Texts) -> dict[str, str]:
            old = texts.text(path) if path in texts.overlay else self._read(path).text
            return {path: with_line_ends(old, text.removeprefix("\ufeff"))}

        return self._step(title, change)

    def discard(self, path: str | None = None) -> Step | None:
        """Gives up the changes of one file, or all: what is saved holds again. A step that can be undone."""
        what = path or "*"
        title = {lang: phrase(EDITS, "discard", lang, what=what) for lang in LANGUAGES}

        def change(texts: Texts) -> dict[str, str]:
            names = list(texts.overlay) if path is None else [path] if path in texts.overlay else []
            return {name: self._read(name).text for name in names}

        return self._step(title, change, from_disk=True)

    def _step(
        self,
        title: Mapping[str, str],
        change: Callable[[Texts], Mapping[str, str]],
        *,
        from_disk: bool = False,
    ) -> Step | None:
        done: list[Step] = []

        def update(state: DraftState) -> DraftState:
            texts = self._texts(state)
            new = {file: _writable(file, text) for file, text in change(texts).items()}
            old = {file: texts.overlay.get(file, self._read(file).text) for file in new}
            changes = tuple(
                change_between(file, old[file], new[file]) for file in new if old[file] != new[file]
            )
            if not changes:
                return state
            done.append(Step(title, changes))
            if from_disk:
                state = replace(
                    state, files={**state.files, **{f: Edited(self._read(f), old[f]) for f in new}}
                )
            return with_step(state, done[0], self._read)

        self._update(update)
        return done[0] if done else None

    def undo(self) -> Step | None:
        """Takes the last step back; None when there is none. Raises `EditError` when the step's file was saved and
        then changed by somebody else."""
        done: list[Step] = []

        def update(state: DraftState) -> DraftState:
            done.extend(state.undo[-1:])
            return undone(state, self._read) if done else state

        self._update(update)
        return done[0] if done else None

    def redo(self) -> Step | None:
        """Takes the last undone step again; None when there is none. Raises as `undo`."""
        done: list[Step] = []

        def update(state: DraftState) -> DraftState:
            done.extend(state.redo[:1])
            return redone(state, self._read) if done else state

        self._update(update)
        return done[0] if done else None

    @property
    def undoable(self) -> tuple[Step, ...]:
        """The steps that can be undone, oldest first."""
        return self._refresh().undo

    @property
    def redoable(self) -> tuple[Step, ...]:
        """The steps that can be taken again, next first."""
        return self._refresh().redo

    # -- judging

    def diff(self) -> tuple[FileDiff, ...]:
        """What the draft changes, file by file, against what each file was when it was first edited."""
        files = self._refresh().files
        return tuple(
            file_diff(name, edited.base.text if edited.base.digest else None, edited.text)
            for name, edited in files.items()
        )

    def checked(self) -> Checked:
        """Project, rulebook and everything lint says; kept until a file changes (also on disk)."""
        files = self.files
        key = (tuple(files.items()), self._on_disk())
        with self._mutex:
            if self._checked is None or self._checked[0] != key:
                project, book, found = check_project(self.root, files, self._cache)
                self._checked = (key, (project, book, warned(project, book, found)))
            return self._checked[1]

    def project(self) -> Project:
        """The project with the draft's files."""
        return self.checked()[0]

    def diagnostics(self, path: str | None = None) -> tuple[Diagnostic, ...]:
        """Everything lint says about the draft, or about one file of it."""
        found = self.checked()[2]
        return (
            found if path is None else tuple(d for d in found if d.span is not None and d.span.file == path)
        )

    def check_text(self, path: str, text: str, *, whole: bool = True) -> tuple[Diagnostic, ...]:
        """Diagnostics of one file as if it had this text; the draft stays as it is. `whole=False` looks at the
        file alone (syntax and shape), which is fast enough for every keystroke. Raises `EditError` for paths that
        are none."""
        path = check_path(path)
        if not whole:
            if path.lower().endswith(TABLE_SUFFIXES):
                return tuple(read_table(text, path, "\t" if path.lower().endswith(".tsv") else ",")[2])
            kind = {"weighbridge.yaml": "config", "waivers.yaml": "waivers"}.get(path)
            return tuple(load_text(text, path, kind).diagnostics)
        project, book, found = check_project(self.root, {**self.files, path: text}, self._cache)
        found = warned(project, book, found)
        return tuple(d for d in found if d.span is not None and d.span.file == path)

    def engine(self) -> Engine:
        """An engine that decides by the draft. Raises `ProjectError` while it has errors."""
        return _engine(self.checked())

    def saved_engine(self) -> Engine:
        """An engine that decides by what is saved, to compare with. Raises `ProjectError`."""
        key = self._on_disk()
        with self._mutex:
            if self._saved_engine is None or self._saved_engine[0] != key:
                # Most of what is saved is in the draft too: only the files that differ are read and linked.
                self._saved_engine = (key, _engine(check_project(self.root, None, self._cache.copy())))
            return self._saved_engine[1]

    def saved_version(self) -> Version:
        """What is saved, as the version to compare the draft with. Raises `ProjectError`."""
        return Version(str(self.root), self.saved_engine(), self.root, cache=self._cache)

    def scenarios(self, target: str | None = None) -> ScenarioRun:
        """Runs the scenarios on the draft. Raises `ProjectError` while it has errors."""
        return run_scenarios(self.engine(), target)

    def _on_disk(self) -> object:
        """Changes whenever a file of the project does."""
        return tuple((name, _stamp(self.root / name)) for name in Texts(self.root, {}).paths())

    # -- saving

    def stale(self) -> tuple[Conflict, ...]:
        """Edited files that changed on disk meanwhile, those that merge without conflict (no `parts`) included.
        Raises `EditError` for files that can no longer be read."""
        state = self._refresh()
        return tuple(c for c in (self._compare(state, file) for file in state.files) if c is not None)

    def _compare(self, state: DraftState, file: str) -> Conflict | None:
        edited = state.files[file]
        saved = self._read(file)
        if saved.digest == edited.base.digest:
            return None
        base = edited.base.text if edited.base.digest else None
        theirs = saved.text if saved.digest else None
        if theirs == edited.text:
            return Conflict(file, base, edited.text, theirs, (), edited.text)
        if base is None or theirs is None:
            return Conflict(file, base, edited.text, theirs, (file,), edited.text)
        merged = merge(base, edited.text, theirs, file)
        return Conflict(file, base, edited.text, theirs, merged.conflicts, merged.text)

    def resolve(self, path: str, text: str) -> None:
        """Settles a conflict: `text` (mine, theirs, merged or written by hand) stands over what is on disk now.
        Earlier steps in that file can no longer be undone. Raises `EditError`."""
        path, text = check_path(path), _writable(path, text)
        if path not in self._refresh().files:
            raise refused(f"the draft does not change {path}", path)
        saved = self._read(path)
        self._update(lambda state: settled(state, path, saved, with_line_ends(saved.text, text)))

    def save(self, *, run_scenarios: bool = True) -> SaveResult:
        """Writes the files, all or none; see `SaveResult`. The history goes on: undo after saving is an edit."""
        result = SaveResult("nothing")
        try:
            for _ in range(MAX_TRIES):
                found = self._save()
                if found is not None:
                    result = found
                    break
            else:
                busy = Diagnostic("WB690", "others keep saving the same files", expected="another try")
                result = SaveResult("failed", diagnostics=(busy,))
        except OSError as error:
            message = f"the project cannot be written: {error.strerror or error}"
            problem = Diagnostic("WB690", message, expected="a folder that can be written to")
            return SaveResult("failed", diagnostics=(problem,))
        except EditError as error:
            return SaveResult("failed", diagnostics=error.diagnostics)
        if result.status != "saved" or not run_scenarios:
            return result
        failed = self.scenarios().failed
        return SaveResult(result.status, result.files, result.merged, result.diagnostics, (), failed)

    def _save(self) -> SaveResult | None:
        """One try; None when somebody else saved in between."""
        state = self._refresh()
        if not state.files:
            return SaveResult("nothing")
        stale = self.stale()
        conflicts = tuple(c for c in stale if c.parts)
        if conflicts:
            return SaveResult("conflict", conflicts=conflicts)
        for conflict in stale:
            state = self._update(partial(self._rebase, conflict))
        if not state.files:
            return SaveResult("nothing", merged=tuple(c.file for c in stale))
        diagnostics = self.diagnostics()
        if any(d.severity == "error" for d in diagnostics):
            return SaveResult("refused", diagnostics=diagnostics)
        with locked(self.root) as folder:
            recover(self.root, folder)
            if any(self._read(file).digest != edited.base.digest for file, edited in state.files.items()):
                return None
            contents = {file: edited.base.encoded(edited.text) for file, edited in state.files.items()}
            write_all(self.root, folder, contents)
        self._update(lambda now: _saved(now, state))
        merged = tuple(c.file for c in stale)
        return SaveResult("saved", tuple(contents), merged, diagnostics)

    def _rebase(self, conflict: Conflict, state: DraftState) -> DraftState:
        file, base, theirs = conflict.file, conflict.base or "", conflict.theirs or ""

        def over(text: str) -> str | None:
            merged = merge(base, text, theirs, file)
            return None if merged.conflicts else merged.text

        return rebased(state, file, self._read(file), conflict.merged, over)


def _engine(checked: Checked) -> Engine:
    project, book, found = checked
    errors = [d for d in found if d.severity == "error"]
    if errors:
        raise ProjectError(errors)
    return Engine(project, book)


def _saved(now: DraftState, written: DraftState) -> DraftState:
    """The draft after saving: what was written is no change any more, what was edited meanwhile is one still."""
    files = {}
    for file, edited in now.files.items():
        saved = written.files.get(file)
        if saved is None:
            files[file] = edited
        elif saved.text != edited.text:
            base = read_saved(saved.base.encoded(saved.text), file)
            files[file] = Edited(base, edited.text)
    return DraftState(files, now.undo, now.redo)


def _stamp(path: Path) -> object:
    """Changes whenever a file is written; None where there is none."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _writable(file: str, text: str) -> str:
    """The text, if a file can hold it. Raises `EditError`."""
    try:
        size = len(text.encode("utf-8"))
    except UnicodeEncodeError:
        raise refused(f"{file} holds a broken character", file, "its whole form") from None
    if size > MAX_BYTES:
        raise refused(f"{file} has more than {MAX_BYTES:,} bytes", file, "a smaller file")
    return text


def drafts(root: Path | str) -> tuple[str, ...]:
    """Names of the drafts kept for a project that hold changes; damaged ones are left out."""
    names: list[str] = []
    for path in sorted((Path(root).resolve() / STATE_FOLDER / "drafts").glob("*.json")):
        try:
            name, state = read_stored(path)
        except (OSError, DamagedDraft, EditError):
            continue
        names += [name] if state.files else []
    return tuple(sorted(names))


def remove_draft(root: Path | str, name: str) -> None:
    """Forgets a draft for good. Raises `OSError`."""
    draft_path(Path(root).resolve() / STATE_FOLDER, name).unlink(missing_ok=True)


__all__ = ["ChangedValue", "Conflict", "Draft", "EditError", "FileDiff", "Grid", "SaveResult", "Step"]
