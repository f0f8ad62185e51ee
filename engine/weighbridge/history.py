"""What changed lately, from git where the project lies in a repository."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path


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
    """`commits`, newest first; `absent` says why there are none: "no_git", "no_repository", "no_commits", "failed"."""

    commits: tuple[Commit, ...]
    absent: str | None = None
    uncommitted: tuple[str, ...] = ()
    """Files of the project that differ from the last commit."""


def recent_changes(root: Path | str, limit: int = 20) -> History:
    """The last commits that touched the project. Never raises; git runs with a time limit and no hooks or pager."""
    raise NotImplementedError
