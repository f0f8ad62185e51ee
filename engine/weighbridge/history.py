"""What changed lately, from git where the project lies in a repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from weighbridge.project import CONFIG_FILE, FOLDERS, WAIVERS_FILE
from weighbridge.texts import TABLE_SUFFIXES, YAML_SUFFIXES, Texts

SECONDS = 10
MOST_COMMITS = 1000
_FORMAT = "%x01%H%x00%an%x00%cI%x00%s%x00"


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit that touched the project. `files` are paths from the project folder."""

    id: str
    author: str
    date: datetime
    subject: str
    files: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class History:
    """`commits`, newest first; `absent` says why there are none: "no_git" (not installed), "no_repository",
    "no_commits" or "failed" (git refused, or took too long). `uncommitted` differ from the last commit."""

    commits: tuple[Commit, ...]
    absent: str | None = None
    uncommitted: tuple[str, ...] = ()


class _GitFailed(Exception):
    """Git could not answer."""


def recent_changes(root: Path | str, limit: int = 20) -> History:
    """The last commits that touched the project's documents. Never raises.

    Git only reads: no hooks, pager, filters or configured programs of the repository run, and it has a time limit.
    """
    folder = Path(root).resolve()
    git = shutil.which("git")
    if git is None:
        return History((), "no_git")
    names = [*FOLDERS, CONFIG_FILE, WAIVERS_FILE]
    try:
        if not _is_inside(git, folder):
            return History((), "no_repository")
        if _run(git, folder, "rev-parse", "--verify", "--quiet", "HEAD").returncode != 0:
            return History((), "no_commits")
        count = f"--max-count={max(0, min(limit, MOST_COMMITS))}"
        wanted = ("log", count, f"--format={_FORMAT}", "--name-only", "-z", "--relative", "--no-renames")
        commits = tuple(_commits(_git(git, folder, *wanted, "--no-ext-diff", "--no-textconv", "--", *names)))
        tree = _git(git, folder, "ls-tree", "-r", "-z", "HEAD", "--", *names)
        uncommitted = tuple(sorted(_uncommitted(folder, tree)))
    except (_GitFailed, OSError, subprocess.TimeoutExpired, ValueError):
        return History((), "failed")
    return History(commits, None if commits else "no_commits", uncommitted)


def _uncommitted(folder: Path, tree: str) -> Iterator[str]:
    """Files that differ from the last commit. `git status` would run the filters a repository configures."""
    committed: dict[str, str] = {}
    for entry in filter(None, tree.split("\0")):
        details, name = entry.split("\t", 1)
        committed[name] = details.split()[2]
    present = set(Texts(folder, {}).paths())
    for name in present | {n for n in committed if n.lower().endswith(YAML_SUFFIXES + TABLE_SUFFIXES)}:
        known = committed.get(name)
        if known is None or name not in present:
            yield name
        else:
            data = (folder / name).read_bytes()
            if known not in (_blob_id(data, known), _blob_id(data.replace(b"\r\n", b"\n"), known)):
                yield name


def _blob_id(data: bytes, like: str) -> str:
    """What git calls a file's content, by the kind of hash the repository uses."""
    kind = "sha256" if len(like) == 64 else "sha1"
    return hashlib.new(kind, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()


def _git(git: str, folder: Path, *arguments: str) -> str:
    done = _run(git, folder, *arguments)
    if done.returncode != 0:
        raise _GitFailed
    return done.stdout.decode("utf-8", errors="replace")


def _run(git: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    # A repository's own configuration can name programs to run; those that reading commands obey are switched off.
    off = (
        "core.fsmonitor=false",
        "core.hooksPath=/dev/null",
        "log.showSignature=false",
        "core.quotePath=false",
    )
    options = [part for setting in off for part in ("-c", setting)]
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return subprocess.run(
        [git, "--no-pager", "--no-optional-locks", "-C", str(folder), *options, *arguments],
        env={
            **kept,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_NO_LAZY_FETCH": "1",
            "GIT_ALLOW_PROTOCOL": "none",
            "LC_ALL": "C",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=SECONDS,
        check=False,
    )


def _is_inside(git: str, folder: Path) -> bool:
    done = _run(git, folder, "rev-parse", "--is-inside-work-tree")
    if b"dubious ownership" in done.stderr:
        raise _GitFailed
    return done.stdout.strip() == b"true"


def _commits(text: str) -> list[Commit]:
    commits: list[Commit] = []
    for part in text.split("\x01")[1:]:
        fields = part.split("\0")
        number, author, day, subject = fields[:4]
        files = tuple(name.strip("\n") for name in fields[4:] if name.strip("\n"))
        commits.append(Commit(number, author, datetime.fromisoformat(day), subject, files))
    return commits
