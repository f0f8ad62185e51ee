"""What a draft consists of: edited files and a history of steps, as values; and how it is kept on disk."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from weighbridge.saving import write_whole
from weighbridge.texts import NEW, Saved, check_path, refused

MAX_STEPS = 200
MAX_HISTORY = 4_000_000
"""Characters that the steps of a history may hold together; the oldest go first."""
MAX_STORED = 64_000_000
"""Bytes of a draft on disk; a larger one stays in memory only."""
FORMAT = 1


@dataclass(frozen=True, slots=True)
class Change:
    """One stretch of text replaced in one file. `before` and `after` are hashes of the whole text."""

    file: str
    start: int
    old: str
    new: str
    before: str
    after: str

    def reversed(self) -> Change:
        """The change that takes this one back."""
        return Change(self.file, self.start, self.new, self.old, self.after, self.before)

    def applied(self, text: str) -> str:
        """The text after the change. Raises `EditError` when it is not the text the change was made on."""
        if text_hash(text) != self.before:
            raise refused(f"{self.file} has changed since; this step no longer fits", self.file)
        return text[: self.start] + self.new + text[self.start + len(self.old) :]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the history. `title` by language."""

    title: Mapping[str, str]
    changes: tuple[Change, ...]

    @property
    def files(self) -> tuple[str, ...]:
        """The files it changed."""
        return tuple(change.file for change in self.changes)

    def reversed(self) -> Step:
        """The step that takes this one back."""
        return Step(self.title, tuple(change.reversed() for change in reversed(self.changes)))


@dataclass(frozen=True, slots=True)
class Edited:
    """A file of the draft: what it was when it was first edited (`NEW`: not there), and what it is now."""

    base: Saved
    text: str


@dataclass(frozen=True, slots=True)
class DraftState:
    """Edited files, steps done (oldest first) and steps taken back (next first)."""

    files: Mapping[str, Edited]
    undo: tuple[Step, ...] = ()
    redo: tuple[Step, ...] = ()


EMPTY = DraftState({})
ReadSaved = Callable[[str], Saved]


def text_hash(text: str) -> str:
    """Short hash by which a step knows the text it was made on."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def change_between(file: str, old: str, new: str) -> Change:
    """The one stretch in which two texts differ."""
    start = _shared(old, new, lambda text, n: text[:n], min(len(old), len(new)))
    end = _shared(old, new, lambda text, n: text[len(text) - n :], min(len(old), len(new)) - start)
    parts = (old[start : len(old) - end], new[start : len(new) - end])
    return Change(file, start, *parts, text_hash(old), text_hash(new))


def _shared(a: str, b: str, part: Callable[[str, int], str], most: int) -> int:
    """How many characters two texts share at one end; by halving, since slices compare fast."""
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if part(a, middle) == part(b, middle):
            low = middle
        else:
            high = middle - 1
    return low


def with_step(state: DraftState, step: Step, read: ReadSaved) -> DraftState:
    """After a new step: what could be redone is gone."""
    return DraftState(_changed(state, step, read), _bounded((*state.undo, step)), ())


def undone(state: DraftState, read: ReadSaved) -> DraftState:
    """Without the last step. Raises `EditError` where others have changed its file since it was saved."""
    step = state.undo[-1]
    return DraftState(_changed(state, step.reversed(), read), state.undo[:-1], (step, *state.redo))


def redone(state: DraftState, read: ReadSaved) -> DraftState:
    """With the last undone step again. Raises `EditError` as `undone`."""
    step = state.redo[0]
    return DraftState(_changed(state, step, read), _bounded((*state.undo, step)), state.redo[1:])


def _changed(state: DraftState, step: Step, read: ReadSaved) -> Mapping[str, Edited]:
    files = dict(state.files)
    for change in step.changes:
        edited = files.get(change.file)
        if edited is None:
            saved = read(change.file)
            edited = Edited(saved, saved.text)
        files[change.file] = Edited(edited.base, change.applied(edited.text))
    return _different(files)


def _different(files: Mapping[str, Edited]) -> Mapping[str, Edited]:
    """Only files that differ from what they began as."""
    return {name: e for name, e in sorted(files.items()) if e.text != e.base.text}


def _bounded(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    steps = steps[-MAX_STEPS:]
    size = 0
    for number, step in enumerate(reversed(steps)):
        size += sum(len(c.old) + len(c.new) for c in step.changes)
        if size > MAX_HISTORY and number:
            return steps[len(steps) - number :]
    return steps


def rebased(
    state: DraftState, file: str, base: Saved, text: str, merge: Callable[[str], str | None]
) -> DraftState:
    """The draft over a file that has changed on disk: it begins from `base` now, and its text is `text`.

    `merge` gives what an earlier text of the file would be over the new base, None where there is conflict: then
    older steps can no longer be undone. Steps of other files stay.
    """
    files = _different({**state.files, file: Edited(base, text)})
    old = state.files[file].text
    undo: list[Step] = []
    now, later = old, text
    for step in reversed(state.undo):
        change = next((c for c in step.changes if c.file == file), None)
        if change is None:
            undo.insert(0, step)
            continue
        now = change.reversed().applied(now) if change.after == text_hash(now) else ""
        earlier = merge(now) if text_hash(now) == change.before else None
        if earlier is None:
            break
        new = change_between(file, earlier, later)
        undo.insert(0, replace(step, changes=tuple(new if c is change else c for c in step.changes)))
        later = earlier
    redo = () if any(file in step.files for step in state.redo) else state.redo
    return DraftState(files, tuple(undo), redo)


def settled(state: DraftState, file: str, base: Saved, text: str) -> DraftState:
    """The draft with a conflict settled by hand; steps up to the last one in that file can no longer be undone."""
    last = max((i for i, step in enumerate(state.undo) if file in step.files), default=-1)
    redo = () if any(file in step.files for step in state.redo) else state.redo
    return DraftState(_different({**state.files, file: Edited(base, text)}), state.undo[last + 1 :], redo)


# ---- on disk


class DamagedDraft(ValueError):
    """The file of a draft is not one."""


def draft_path(folder: Path, name: str) -> Path:
    """The file of a draft: readable, and different for every name on every file system."""
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].strip(".") or "draft"
    mark = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:10]
    return folder / "drafts" / f"{plain}-{mark}.json"


def store(folder: Path, name: str, state: DraftState) -> None:
    """Keeps a draft. Raises `OSError`; a draft without changes and history leaves no file."""
    path = draft_path(folder, name)
    if state == EMPTY:
        path.unlink(missing_ok=True)
        return
    data = json.dumps(_to_json(name, state), ensure_ascii=False).encode("utf-8")
    if len(data) > MAX_STORED:
        raise OSError(f"it has {len(data):,} bytes, at most {MAX_STORED:,} are kept")
    if path.parent.is_symlink():
        raise OSError("the folder of drafts is a link")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    write_whole(path, data)


def read_stored(path: Path) -> tuple[str, DraftState]:
    """Name and content of a draft's file. Raises `OSError`, and `DamagedDraft` when it is not one."""
    if path.stat().st_size > MAX_STORED:
        raise DamagedDraft("it is too large")
    try:
        return _from_json(json.loads(path.read_bytes()))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DamagedDraft(type(error).__name__) from None


def _to_json(name: str, state: DraftState) -> dict[str, Any]:
    files = {
        file: {
            "text": edited.text,
            "base": edited.base.text,
            "encoding": edited.base.encoding,
            "mark": base64.b64encode(edited.base.mark).decode("ascii"),
            "digest": edited.base.digest,
        }
        for file, edited in state.files.items()
    }
    history = {
        key: [_step_json(step) for step in steps]
        for key, steps in (("undo", state.undo), ("redo", state.redo))
    }
    return {"format": FORMAT, "name": name, "files": files, **history}


def _step_json(step: Step) -> dict[str, Any]:
    changes = [[c.file, c.start, c.old, c.new, c.before, c.after] for c in step.changes]
    return {"title": dict(step.title), "changes": changes}


def _from_json(data: Any) -> tuple[str, DraftState]:
    if data["format"] != FORMAT:
        raise DamagedDraft("it was written by another version")
    files: dict[str, Edited] = {}
    for file, entry in data["files"].items():
        encoding = _text(entry["encoding"])
        if encoding not in ("utf-8", "utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"):
            raise DamagedDraft("unknown encoding")
        mark = base64.b64decode(_text(entry["mark"]), validate=True)
        saved = Saved(_text(entry["base"]), encoding, mark, _text(entry["digest"]))
        files[check_path(_text(file))] = Edited(saved if saved.digest else NEW, _text(entry["text"]))
    undo, redo = (tuple(_step(entry) for entry in data[key]) for key in ("undo", "redo"))
    return _text(data["name"]), DraftState(files, undo, redo)


def _step(entry: Any) -> Step:
    title = {_text(lang): _text(text) for lang, text in entry["title"].items()}
    return Step(title, tuple(_changes(entry["changes"])))


def _changes(entries: Any) -> Iterable[Change]:
    for file, start, old, new, before, after in entries:
        if not isinstance(start, int) or start < 0:
            raise DamagedDraft("a place is no number")
        yield Change(check_path(_text(file)), start, *(_text(part) for part in (old, new, before, after)))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise DamagedDraft("a text is none")
    return value
