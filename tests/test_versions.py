"""Versions to compare with: folders, and revisions read from git without touching a checkout or running anything."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

import weighbridge
from weighbridge.diagnostics import DiagnosticError, ProjectError
from weighbridge.starter import write_starter
from weighbridge.versions import open_base

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")


def git(folder: Path, *arguments: str) -> str:
    env = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    who = ("-c", "user.name=Anna", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", *who, "-C", str(folder), *arguments], check=True, env=env, capture_output=True, text=True
    )
    return done.stdout.strip()


def commit(folder: Path, subject: str) -> str:
    git(folder, "add", "-A")
    git(folder, "commit", "-q", "-m", subject)
    return git(folder, "rev-parse", "HEAD")


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A committed project in a folder of a repository."""
    root = tmp_path / "repo" / "my shop"
    write_starter(root)
    git(tmp_path / "repo", "init", "-q", "-b", "trunk")
    commit(tmp_path / "repo", "first")
    return root


def edit(
    shop: Path, old: str = "price < 5", new: str = "price < 9", file: str = "regions/regions.yaml"
) -> None:
    path = shop / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def raise_limit(shop: Path) -> None:
    edit(shop, "review_units: 1000", "review_units: 2000")


@needs_git
@pytest.mark.parametrize("name", ["trunk", "HEAD", "v1", "HEAD^{/first}", "trunk@{0}", "short"])
def test_a_revision_is_the_project_as_it_was(shop: Path, name: str) -> None:
    before = weighbridge.load(shop).version
    git(shop, "tag", "v1")
    if name == "short":
        name = git(shop, "rev-parse", "--short", "HEAD")
    raise_limit(shop)
    base = open_base(shop, name)
    assert base.engine.version == before != weighbridge.load(shop).version
    assert base.name == f"{name} ({git(shop, 'rev-parse', 'HEAD')[:10]})"


@needs_git
def test_no_checkout_is_touched(shop: Path) -> None:
    raise_limit(shop)
    git(shop, "add", "-A")
    (shop / "regions" / "more.txt").write_text("x")
    before = sorted((p, p.stat().st_mtime_ns) for p in shop.parent.rglob("*"))
    open_base(shop, "HEAD")
    assert sorted((p, p.stat().st_mtime_ns) for p in shop.parent.rglob("*")) == before


@needs_git
def test_nothing_that_the_repository_configures_runs(shop: Path, tmp_path: Path) -> None:
    trap = tmp_path / "sprung"
    git(shop, "config", "filter.trap.smudge", f"touch '{trap}'; cat")
    git(shop, "config", "filter.trap.required", "true")
    git(shop, "config", "diff.trap.textconv", f"touch '{trap}'; cat")
    git(shop, "config", "core.fsmonitor", f"touch '{trap}'")
    (shop.parent / ".gitattributes").write_text("*.yaml filter=trap diff=trap export-ignore\n")
    open_base(shop, "HEAD")
    assert not trap.exists()


@needs_git
@pytest.mark.parametrize(
    "name",
    [
        "nope",
        "",
        "-",
        "--all",
        "--output=x",
        "-x",
        "HEAD:my shop",
        "HEAD\n",
        "a\0b",
        "x" * 9999,
        "HEAD..HEAD",
        "🦆",
        "--",
    ],
)
def test_what_is_no_revision_is_refused(shop: Path, name: str) -> None:
    with pytest.raises(DiagnosticError) as refused:
        open_base(shop, name)
    assert [d.code for d in refused.value.diagnostics] == ["WB821"]
    assert not (shop / "x").exists()


@needs_git
def test_the_nearest_branch_is_suggested(shop: Path) -> None:
    with pytest.raises(DiagnosticError) as refused:
        open_base(shop, "trank")
    assert refused.value.diagnostics[0].suggestion == "trunk"


@needs_git
def test_a_revision_without_the_project_is_refused(shop: Path) -> None:
    empty = git(shop, "commit-tree", "-m", "empty", git(shop, "hash-object", "-t", "tree", "-w", os.devnull))
    with pytest.raises(DiagnosticError, match="holds no project where 'my shop' lies"):
        open_base(shop, empty)


@needs_git
def test_links_in_a_revision_are_refused(shop: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.yaml").write_text("region: XX\n")
    (shop / "regions" / "link.yaml").symlink_to(tmp_path / "secret.yaml")
    commit(shop, "a link")
    with pytest.raises(DiagnosticError, match="is a link"):
        open_base(shop, "HEAD")


@needs_git
def test_a_revision_that_does_not_load_says_where(shop: Path) -> None:
    edit(shop, "review_units: 1000", "review_unit: 1000")
    commit(shop, "broken")
    edit(shop, "review_unit: 1000", "review_units: 1000")
    with pytest.raises(ProjectError) as refused:
        open_base(shop, "HEAD")
    first, second, *_ = refused.value.diagnostics
    assert first.code == "WB822"
    assert second.span is not None and second.span.file == "HEAD/regions/regions.yaml"
    assert second.suggestion == "review_units"


@needs_git
def test_a_file_that_is_no_text_is_named(shop: Path) -> None:
    (shop / "regions" / "odd.yaml").write_bytes(b"\xff\xfe\xfd\x00\x81")
    commit(shop, "no text")
    with pytest.raises(DiagnosticError, match=r"odd\.yaml"):
        open_base(shop, "HEAD")


@needs_git
def test_waivers_that_the_settings_name_are_read_too(shop: Path) -> None:
    (shop / "team").mkdir()
    (shop / "team" / "excused.yaml").write_text("waivers: []\n")
    settings = shop / "weighbridge.yaml"
    settings.write_text(
        settings.read_text(encoding="utf-8") + "waivers: team/excused.yaml\n", encoding="utf-8"
    )
    version = weighbridge.load(shop).version
    commit(shop, "waivers")
    assert open_base(shop, "HEAD").engine.version == version


def test_a_folder_is_taken_before_a_revision(shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "old"
    shutil.copytree(shop, other)
    raise_limit(other)
    for base in (other, str(other)):
        found = open_base(shop, base)
        assert (found.engine.version, found.name) == (weighbridge.load(other).version, str(other))


def test_a_folder_without_a_project_is_no_base(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_starter(tmp_path / "shop")
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    with pytest.raises(DiagnosticError) as refused:
        open_base(tmp_path / "shop", "docs")
    assert refused.value.diagnostics[0].code == "WB820"
    with pytest.raises(ProjectError):
        open_base(tmp_path / "shop", tmp_path / "docs")


def test_without_git_a_revision_cannot_be_read(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    with pytest.raises(DiagnosticError, match="git is not installed"):
        open_base(shop, "HEAD")


@needs_git
def test_git_that_takes_too_long_is_given_up(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*_: object, **__: object) -> None:
        raise subprocess.TimeoutExpired("git", 10)

    monkeypatch.setattr("weighbridge.versions.run", slow)
    with pytest.raises(DiagnosticError, match="takes too long"):
        open_base(shop, "HEAD")
