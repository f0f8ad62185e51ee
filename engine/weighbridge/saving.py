"""Several files written as one: after a crash at any moment all are old or all are new once `recover` has run.

1. A journal (`.weighbridge/save.prepared`) names the files that are to be written.
2. Each new text is written to a temporary file beside its target, and synced.
3. The journal is renamed to `save.committed`: from here on the save counts as done.
4. Each temporary file is renamed over its target (atomic for one file), and the journal is removed.

What breaks off before 3 is rolled back (temporary files are removed), what breaks off later is completed. Each single
file is whole at every moment. Between two renames of step 4 a reader can see one new and one old file: no file
system offers more. All this happens under a lock, which ends with the process that holds it.
"""

from __future__ import annotations

import errno
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from weighbridge.diagnostics import Diagnostic
from weighbridge.texts import digest, path_on_disk
from weighbridge.yaml_text import EditError

STATE_FOLDER = ".weighbridge"
"""Drafts, journal and lock of a project; it ignores itself in git."""
_PREPARED, _COMMITTED = "save.prepared", "save.committed"


def state_folder(root: Path) -> Path:
    """The project's folder for what is not part of the project, made if absent. Raises `OSError`."""
    folder = root / STATE_FOLDER
    if folder.is_symlink():
        raise OSError(f"{STATE_FOLDER} is a link")
    folder.mkdir(mode=0o700, exist_ok=True)
    with suppress(FileExistsError), (folder / ".gitignore").open("x", encoding="ascii") as ignore:
        ignore.write("*\n")
    return folder


@contextmanager
def locked(root: Path, name: str = "save") -> Iterator[Path]:
    """Holds a lock of the project across processes: "save" for its files, others for drafts.

    Gives the state folder. Raises `OSError`.
    """
    folder = state_folder(root)
    with (folder / f"{name}.lock").open("ab") as file:
        _lock(file.fileno())
        yield folder


if sys.platform == "win32":
    import msvcrt

    def _lock(handle: int) -> None:
        msvcrt.locking(handle, msvcrt.LK_LOCK, 1)
else:
    import fcntl

    def _lock(handle: int) -> None:
        fcntl.flock(handle, fcntl.LOCK_EX)


def write_whole(path: Path, data: bytes) -> None:
    """Writes one file so that readers and crashes see it old or new, never in part. Raises `OSError`."""
    temporary = _temporary(path)
    _write_synced(temporary, data)
    os.replace(temporary, path)
    _sync_folder(path.parent)


def write_all(root: Path, folder: Path, contents: Mapping[str, bytes]) -> None:
    """Writes files by path from the project, all or none. The lock must be held.

    Raises `OSError` before anything has changed, or after the commit (then `recover` completes it), and
    `EditError` for paths outside the project.
    """
    targets = {name: path_on_disk(root, name) for name in contents}
    for name, target in targets.items():
        if target.exists() and not os.access(target, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), name)
    entries = [
        {"file": name, "new": digest(contents[name]), "old": _digest_of(targets[name])} for name in contents
    ]
    prepared, committed = folder / _PREPARED, folder / _COMMITTED
    write_whole(prepared, json.dumps(entries).encode())
    try:
        for name, data in contents.items():
            targets[name].parent.mkdir(parents=True, exist_ok=True)
            _write_synced(_temporary(targets[name]), data, like=targets[name])
        os.replace(prepared, committed)
    except OSError:
        _roll_back(root, prepared, entries)
        raise
    _sync_folder(folder)
    _complete(root, committed, entries)


def recover(root: Path, folder: Path) -> tuple[Diagnostic, ...]:
    """Completes or rolls back a save that broke off; what it did, as notes. The lock must be held."""
    prepared, committed = folder / _PREPARED, folder / _COMMITTED
    notes: list[Diagnostic] = []
    if prepared.exists():
        _roll_back(root, prepared, _entries(prepared))
        notes.append(_note("a save broke off before it was done; nothing was changed"))
    if committed.exists():
        lost = _complete(root, committed, _entries(committed))
        notes.append(_note("a save broke off; it has been completed"))
        notes += [_note(f"{file} changed after the save broke off and was left as it is") for file in lost]
    return tuple(notes)


def _note(message: str) -> Diagnostic:
    return Diagnostic("WB704", message, severity="note")


def _entries(journal: Path) -> list[dict[str, str]]:
    """What a journal says; a journal is written whole, so a damaged one was not written by a save."""
    try:
        entries: Any = json.loads(journal.read_bytes())
        return [{key: str(entry[key]) for key in ("file", "new", "old")} for entry in entries]
    except (ValueError, TypeError, KeyError, RecursionError):
        return []


def _roll_back(root: Path, journal: Path, entries: list[dict[str, str]]) -> None:
    for entry in entries:
        with suppress(OSError, EditError):
            _temporary(path_on_disk(root, entry["file"])).unlink(missing_ok=True)
    journal.unlink(missing_ok=True)


def _complete(root: Path, journal: Path, entries: list[dict[str, str]]) -> list[str]:
    """Renames what is left to rename; names the files that somebody else has changed meanwhile."""
    lost: list[str] = []
    folders: set[Path] = set()
    for entry in entries:
        try:
            target = path_on_disk(root, entry["file"])
        except EditError:
            lost.append(entry["file"])
            continue
        temporary = _temporary(target)
        if _digest_of(temporary) != entry["new"]:
            continue
        if _digest_of(target) in (entry["old"], entry["new"]):
            os.replace(temporary, target)
            folders.add(target.parent)
        else:
            temporary.unlink()
            lost.append(entry["file"])
    for folder in folders:
        _sync_folder(folder)
    journal.unlink(missing_ok=True)
    return lost


def _temporary(path: Path) -> Path:
    """The temporary file of a target: always the same, so that none is ever left over for long."""
    return path.with_name(f".{path.name}.new")


def _digest_of(path: Path) -> str:
    """Hash of a file; empty where there is none."""
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return ""


def _write_synced(path: Path, data: bytes, like: Path | None = None) -> None:
    """Writes and syncs a file that must not be a link, with the permissions of `like`."""
    path.unlink(missing_ok=True)
    with path.open("xb") as file:
        file.write(data)
        file.flush()
        if like is not None and like.exists():
            os.chmod(path, like.stat().st_mode & 0o7777)
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """Makes renames last; where a system cannot sync folders it does so by itself."""
    if sys.platform == "win32":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
