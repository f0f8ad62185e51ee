"""A small, complete project that passes its own lint, scenarios and gate: written by `weighbridge init`, or put into a
draft."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from weighbridge.edits import Edit, NewTexts
from weighbridge.messages import EDITS, phrase
from weighbridge.project import FOLDERS
from weighbridge.schema import write_schemas
from weighbridge.texts import Texts


class FolderNotEmpty(Exception):
    """The folder holds something already; nothing was written."""


def write_starter(folder: Path) -> list[Path]:
    """Writes the starter project, with the JSON Schemas its files name, and returns the files under `folder`.

    Raises `FolderNotEmpty`, and `OSError` where the folder cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or any(p.name != ".git" for p in folder.iterdir())):
        raise FolderNotEmpty("it is not empty")
    written: list[Path] = []
    for name, source in _walk(files("weighbridge") / "starter_project", Path()):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
        written.append(name)
    written += [path.relative_to(folder) for path in write_schemas(folder / "schema")]
    return sorted(written)


@dataclass(frozen=True, slots=True)
class StarterProject(Edit):
    """The starter project's regions, scorecards and rulesets, those that are not there yet. Its settings and samples
    are no part of a draft."""

    def apply(self, texts: Texts) -> NewTexts:
        there = set(texts.paths())
        found = _walk(files("weighbridge") / "starter_project", Path())
        return {
            name.as_posix(): source.read_text(encoding="utf-8")
            for name, source in found
            if name.parts[0] in FOLDERS and name.as_posix() not in there
        }

    def summary(self, lang: str = "en") -> str:
        return phrase(EDITS, "starter", lang)


def _walk(source: Traversable, name: Path) -> list[tuple[Path, Traversable]]:
    if source.is_file():
        return [(name, source)]
    return [found for child in source.iterdir() for found in _walk(child, name / child.name)]
