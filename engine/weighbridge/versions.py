"""Versions of a project to compare it with: another folder, or a revision of the repository it lies in.

A revision is read from git's objects into memory. No checkout is touched, no filter or hook runs, and nothing
that is not a file of the project is read.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from weighbridge.diagnostics import Diagnostic, DiagnosticError, ProjectError, suggest
from weighbridge.engine import Engine, ProjectCache, check_project
from weighbridge.git import GitFailed, answer, is_inside, run
from weighbridge.project import CONFIG_FILE, FOLDERS, WAIVERS_FILE, load_text
from weighbridge.source import MAX_BYTES
from weighbridge.texts import read_saved

MOST_FILES = 20_000
MOST_BYTES = 500_000_000
"""What a revision's project may hold."""
LONGEST_REVISION = 500
LINK = "120000"
"""How git marks a link."""
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


@dataclass(frozen=True, slots=True, eq=False)
class Version:
    """A version that loads. `root` and `files` are what it was loaded from: a folder, and texts in front of it.

    `cache` knows what was read, so that the version with a change is loaded faster.
    """

    name: str
    engine: Engine
    root: Path
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    cache: ProjectCache = field(default_factory=ProjectCache)


def open_base(project: Path, base: Path | str) -> Version:
    """The version called `base`: a folder that holds a project, else a revision (branch, tag, commit) of the
    repository in which `project` lies. Raises `DiagnosticError`: it cannot be read, or does not load."""
    if isinstance(base, Path) or (base and _is_project(Path(base))):
        return load_version(str(base), Path(base))
    commit, files = _revision(project.resolve(), base)
    # A folder that is not there: all files of a revision are texts in memory.
    nowhere = project.resolve() / f".revision-{commit}"
    return load_version(f"{base} ({commit[:10]})", nowhere, files, shown=base)


def load_version(
    name: str, root: Path, files: Mapping[str, str] | None = None, *, shown: str | None = None
) -> Version:
    """A version from a folder, or from texts. Raises `ProjectError`, its files named under `shown` (or `name`)."""
    cache = ProjectCache()
    project, book, found = check_project(root, files or {}, cache, scenarios=False)
    errors = [d for d in found if d.severity == "error"]
    if errors:
        message = f"the base {name} does not load: {len(errors)} error(s)"
        head = Diagnostic("WB822", message, expected="a base without errors, which `lint` accepts")
        raise ProjectError([head, *(d.under(shown or name) for d in errors)])
    return Version(name, Engine(project, book), root, files or {}, cache)


def _is_project(folder: Path) -> bool:
    try:
        return any((folder / name).is_dir() for name in FOLDERS) or (folder / CONFIG_FILE).is_file()
    except (OSError, ValueError):
        return False


def _refused(code: str, message: str, expected: str, suggestion: str | None = None) -> DiagnosticError:
    return DiagnosticError([Diagnostic(code, message, expected=expected, suggestion=suggestion)])


# --- revisions --------------------------------------------------------------------------------------------


def _revision(project: Path, revision: str) -> tuple[str, dict[str, str]]:
    """The commit a revision names and the texts of the project in it."""
    git = shutil.which("git")
    if git is None:
        raise _refused("WB820", f"git is not installed, so {revision!r} cannot be read", "git, or a folder")
    if not project.is_dir():
        raise _refused("WB820", f"the folder {str(project)!r} does not exist", "the folder of a project")
    try:
        if not is_inside(git, project):
            message = f"{revision!r} is no folder with a project, and {project} lies in no git repository"
            raise _refused("WB820", message, "a folder, or a project in a repository")
        commit = _commit(git, project, revision)
        return commit, _texts(git, project, commit, revision)
    except subprocess.TimeoutExpired:
        raise _refused("WB820", f"git takes too long to read {revision!r}", "a folder as base") from None
    except (GitFailed, OSError) as error:
        raise _refused("WB820", f"git cannot read {revision!r}: {error}", "a folder as base") from None


def _commit(git: str, project: Path, revision: str) -> str:
    """The hash of the commit. What could be taken as an option, or is no text for a command, is refused."""
    sound = 0 < len(revision) <= LONGEST_REVISION and not revision.startswith("-") and revision.isprintable()
    if sound:
        done = run(git, project, "rev-parse", "--verify", "--quiet", f"{revision}^{{commit}}")
        found = done.stdout.decode("ascii", "replace").strip()
        if done.returncode == 0 and _COMMIT.fullmatch(found):
            return found
    names = answer(git, project, "for-each-ref", "--format=%(refname:short)", "--count=1000").split()
    raise _refused(
        "WB821",
        f"there is no folder with a project and no revision {revision[:LONGEST_REVISION]!r}",
        "a folder, or a branch, tag or commit that was fetched (in CI: fetch-depth: 0)",
        suggest(revision, names),
    )


def _texts(git: str, project: Path, commit: str, revision: str) -> dict[str, str]:
    """The texts of all files of the project in a commit."""
    blobs = _blobs(git, project, commit, [*FOLDERS, CONFIG_FILE, WAIVERS_FILE], revision)
    if not blobs:
        message = f"{revision!r} holds no project where {project.name!r} lies"
        raise _refused("WB821", message, "a revision in which the project was there already")
    texts = dict(_read(git, project, blobs))
    other = _waivers(texts.get(CONFIG_FILE))
    if other is not None and other not in texts:
        texts |= _read(git, project, _blobs(git, project, commit, [other], revision))
    return texts


def _waivers(config: str | None) -> str | None:
    """The file with waivers that the settings name: a project without it does not load."""
    found = load_text(config, CONFIG_FILE, "config").documents if config is not None else []
    name = found[0].model.waivers if found else None
    return None if name is None else str(name)


def _blobs(git: str, project: Path, commit: str, names: list[str], revision: str) -> dict[str, str]:
    """Name from the project -> hash of every file below `names`."""
    found: dict[str, str] = {}
    total = 0
    listing = answer(git, project, "--literal-pathspecs", "ls-tree", "-r", "-l", "-z", commit, "--", *names)
    for entry in filter(None, listing.split("\0")):
        details, name = entry.split("\t", 1)
        mode, kind, blob, size = details.split()
        parts = PurePosixPath(name).parts
        if kind != "blob" or any(part.startswith(".") for part in parts):
            continue
        if mode == LINK or name.startswith("/"):
            raise _refused("WB820", f"{name} is a link in {revision!r}", "the files themselves, or a folder")
        found[name] = blob
        total += min(int(size), MAX_BYTES + 1)
    if len(found) > MOST_FILES or total > MOST_BYTES:
        raise _refused("WB820", f"the project in {revision!r} is too large", f"at most {MOST_BYTES:,} bytes")
    return found


def _read(git: str, project: Path, blobs: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Name and text of every file. Raises `DiagnosticError` for one that is no text."""
    wanted = "".join(f"{blob}\n" for blob in blobs.values()).encode("ascii")
    done = run(git, project, "cat-file", "--batch", given=wanted, seconds=60)
    data, at = done.stdout, 0
    for name in blobs:
        end = data.find(b"\n", at)
        header = data[at:end].split()
        if end < 0 or len(header) != 3 or header[1] != b"blob":
            raise GitFailed(f"the content of {name} is not there")
        at = end + 1 + int(header[2])
        yield name, read_saved(data[end + 1 : at], name).text
        at += 1
