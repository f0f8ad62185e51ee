"""Git asked to read: no hooks, pager, filters or configured programs of the repository run, and time is bounded."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SECONDS = 10
"""How long git may take for one answer."""


class GitFailed(Exception):
    """Git could not answer."""


def answer(git: str, folder: Path, *arguments: str) -> str:
    """What git says, as text. Raises `GitFailed`, `OSError`, `subprocess.TimeoutExpired`."""
    done = run(git, folder, *arguments)
    if done.returncode != 0:
        raise GitFailed(done.stderr.decode("utf-8", errors="replace").strip())
    return done.stdout.decode("utf-8", errors="replace")


def run(
    git: str, folder: Path, *arguments: str, given: bytes = b"", seconds: int = SECONDS
) -> subprocess.CompletedProcess[bytes]:
    """Runs the program `git` in a folder; `given` is its input. Raises `OSError`, `subprocess.TimeoutExpired`."""
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
        input=given,
        capture_output=True,
        timeout=seconds,
        check=False,
    )


def is_inside(git: str, folder: Path) -> bool:
    """Whether a folder lies in a repository's work tree. Raises `GitFailed` where git does not trust the owner."""
    done = run(git, folder, "rev-parse", "--is-inside-work-tree")
    if b"dubious ownership" in done.stderr:
        raise GitFailed("git does not trust the owner of the repository")
    return done.stdout.strip() == b"true"
