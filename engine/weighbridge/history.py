"""What changed lately, from git where the project lies in a repository."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from weighbridge.git import GitFailed, answer, is_inside, run
from weighbridge.project import CONFIG_FILE, FOLDERS, WAIVERS_FILE
from weighbridge.texts import TABLE_SUFFIXES, YAML_SUFFIXES, Texts

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
        if not is_inside(git, folder):
            return History((), "no_repository")
        if run(git, folder, "rev-parse", "--verify", "--quiet", "HEAD").returncode != 0:
            return History((), "no_commits")
        count = f"--max-count={max(0, min(limit, MOST_COMMITS))}"
        wanted = ("log", count, f"--format={_FORMAT}", "--name-only", "-z", "--relative", "--no-renames")
        commits = tuple(
            _commits(answer(git, folder, *wanted, "--no-ext-diff", "--no-textconv", "--", *names))
        )
        tree = answer(git, folder, "ls-tree", "-r", "-z", "HEAD", "--", *names)
        uncommitted = tuple(sorted(_uncommitted(folder, tree)))
    except (GitFailed, OSError, subprocess.TimeoutExpired, ValueError):
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


def _commits(text: str) -> list[Commit]:
    commits: list[Commit] = []
    for part in text.split("\x01")[1:]:
        fields = part.split("\0")
        number, author, day, subject = fields[:4]
        files = tuple(name.strip("\n") for name in fields[4:] if name.strip("\n"))
        commits.append(Commit(number, author, datetime.fromisoformat(day), subject, files))
    return commits
