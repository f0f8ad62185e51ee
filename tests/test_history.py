"""What changed lately, from git."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from weighbridge.history import recent_changes

GIT = shutil.which("git")
pytestmark = pytest.mark.skipif(GIT is None, reason="needs git")


def git(folder: Path, *arguments: str) -> None:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=安娜", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    subprocess.run(["git", *who, "-C", str(folder), *arguments], check=True, env=env, capture_output=True)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository."""
    root = tmp_path / "repo" / "shop"
    (root / "regions").mkdir(parents=True)
    git(tmp_path / "repo", "init", "-q")
    return root


def commit(root: Path, name: str, text: str, subject: str) -> None:
    (root / name).parent.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", subject)


def test_commits_that_touched_the_project_newest_first(project: Path) -> None:
    commit(project, "regions/SA.yaml", "region: SA\n", "first: 沙特")
    commit(project, "readme.txt", "x", "not about rules")
    commit(project, "rulesets/名 a.csv", "id\n", "second")
    history = recent_changes(project)
    assert history.absent is None
    assert [c.subject for c in history.commits] == ["second", "first: 沙特"]
    assert [c.files for c in history.commits] == [("rulesets/名 a.csv",), ("regions/SA.yaml",)]
    assert history.commits[0].author == "安娜"
    assert history.commits[0].date.tzinfo is not None
    assert len(recent_changes(project, 1).commits) == 1


def test_what_is_not_committed_is_named(project: Path) -> None:
    commit(project, "regions/SA.yaml", "region: SA\n", "first")
    commit(project, "regions/DE.yaml", "region: DE\n", "second")
    commit(project, "regions/FR.yaml", "region: FR\n", "third")
    (project / "regions/SA.yaml").write_text("region: SA\nmarket: true\n")
    (project / "regions/DE.yaml").unlink()
    (project / "regions/FR.yaml").write_bytes(b"region: FR\r\n")
    (project / "regions/IT.yaml").write_text("region: IT\n")
    assert recent_changes(project).uncommitted == ("regions/DE.yaml", "regions/IT.yaml", "regions/SA.yaml")


def test_it_says_why_there_is_nothing(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert recent_changes(project).absent == "no_commits"
    (tmp_path / "elsewhere").mkdir()
    assert recent_changes(tmp_path / "elsewhere").absent == "no_repository"
    assert recent_changes(tmp_path / "missing").absent == "no_repository"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert recent_changes(project).absent == "no_git"


def test_programs_that_a_repository_configures_do_not_run(project: Path, tmp_path: Path) -> None:
    commit(project, "regions/SA.yaml", "region: SA\n", "first")
    (project / ".gitattributes").write_text("*.yaml filter=evil diff=evil\n")
    touch = f"touch {tmp_path / 'ran'};cat"
    for key in (
        "filter.evil.clean",
        "diff.evil.textconv",
        "diff.evil.command",
        "core.fsmonitor",
        "core.pager",
    ):
        git(project, "config", key, touch)
    (project / "regions/SA.yaml").write_text("region: SA\nmarket: true\n")
    history = recent_changes(project)
    assert (len(history.commits), history.uncommitted) == (1, ("regions/SA.yaml",))
    assert not (tmp_path / "ran").exists()
