"""The texts of a project as an editor sees them: what is on disk, and edited files in front of it."""

from __future__ import annotations

import codecs
import hashlib
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from weighbridge.diagnostics import Diagnostic, Span, suggest
from weighbridge.documents import KINDS, OTHER_KINDS
from weighbridge.project import CONFIG_FILE, FOLDERS, WAIVERS_FILE
from weighbridge.source import MAX_BYTES, decode, split_lines
from weighbridge.yaml_text import EditError, YamlText

YAML_SUFFIXES = (".yaml", ".yml")
TABLE_SUFFIXES = (".csv", ".tsv")
_BOMS = (
    ("utf-32-le", codecs.BOM_UTF32_LE),
    ("utf-32-be", codecs.BOM_UTF32_BE),
    ("utf-8", codecs.BOM_UTF8),
    ("utf-16-le", codecs.BOM_UTF16_LE),
    ("utf-16-be", codecs.BOM_UTF16_BE),
)


@dataclass(frozen=True, slots=True)
class Saved:
    """A file as it is on disk: its text, how the text is encoded, and the hash of its bytes."""

    text: str
    encoding: str
    mark: bytes
    digest: str

    def encoded(self, text: str) -> bytes:
        """Another text in the same encoding. Raises `UnicodeEncodeError` for halves of surrogate pairs."""
        return self.mark + text.encode(self.encoding)


NEW = Saved("", "utf-8", b"", "")
"""A file that is not there yet."""


def digest(data: bytes) -> str:
    """sha256 of a file's bytes."""
    return hashlib.sha256(data).hexdigest()


def read_saved(data: bytes, file: str) -> Saved:
    """The text of a file. Raises `EditError` for what is not text or too large."""
    text, problems = decode(data, file)
    if text is None:
        raise EditError(problems)
    encoding, mark = next(((name, bom) for name, bom in _BOMS if data.startswith(bom)), ("utf-8", b""))
    return Saved(text, encoding, mark, digest(data))


def refused(message: str, file: str, expected: str | None = None, suggestion: str | None = None) -> EditError:
    """The error for a file that cannot be edited."""
    span = Span(file, 1, 1, 1, 1)
    return EditError([Diagnostic("WB703", message, span, expected=expected, suggestion=suggestion)])


def check_path(path: str) -> str:
    """The path of a project's file in its plain form. Raises `EditError` for all others."""
    parts = PurePosixPath(path).parts
    odd = not parts or path.startswith("/") or ".." in parts or any(c in path for c in "\\:\0")
    hidden = any(part.startswith(".") for part in parts)
    suffixes = YAML_SUFFIXES + TABLE_SUFFIXES
    placed = path in (CONFIG_FILE, WAIVERS_FILE) or (len(parts) > 1 and parts[0] in FOLDERS)
    if odd or hidden or not placed or not path.lower().endswith(suffixes):
        raise refused(
            f"{path!r} is no file of a project",
            path,
            "a YAML or CSV file in " + ", ".join(f"{f}/" for f in FOLDERS),
        )
    if len(path.encode("utf-8", "replace")) > 1000 or any(len(part) > 200 for part in parts):
        raise refused("the name of the file is too long", path[:80])
    return PurePosixPath(path).as_posix()


def path_on_disk(root: Path, path: str) -> Path:
    """Where a project's file lies, links followed. Raises `EditError` when that is outside the project."""
    try:
        found = (root / check_path(path)).resolve()
    except (OSError, RuntimeError):
        raise refused(f"{path} is a link to itself", path, "an ordinary file") from None
    if not found.is_relative_to(root):
        raise refused(f"{path} lies outside the project", path, "a file inside the project folder")
    # The loader does not follow linked folders, so that nothing may be written through one.
    folder = root
    for part in PurePosixPath(path).parts[:-1]:
        folder = folder / part
        if folder.is_symlink():
            raise refused(f"{path} lies in a linked folder", path, "a file in an ordinary folder")
    return found


def read_disk(root: Path, path: str) -> bytes | None:
    """The bytes of a project's file; None where there is none. Raises `EditError` when it cannot be read."""
    found = path_on_disk(root, path)
    if not found.exists():
        return None
    if not found.is_file():
        raise refused(f"{path} is no ordinary file", path, "an ordinary file")
    try:
        with found.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise refused(f"{path} cannot be read: {error.strerror}", path) from None


class Texts:
    """The files of a project with some of them replaced or added.

    `known` keeps the YAML files that were read, for those who ask again and again.
    """

    def __init__(
        self, root: Path, overlay: Mapping[str, str], known: dict[str, YamlText] | None = None
    ) -> None:
        self.root = root
        self.overlay = overlay
        self._known = {} if known is None else known

    def changed(self, texts: Mapping[str, str]) -> Texts:
        """The same with other texts in some files."""
        return Texts(self.root, {**self.overlay, **texts}, self._known)

    def paths(self) -> list[str]:
        """All YAML and table files, sorted."""
        found = set(self.overlay)
        for folder in FOLDERS:
            found |= set(self._walk(folder))
        found |= {name for name in (CONFIG_FILE, WAIVERS_FILE) if (self.root / name).is_file()}
        return sorted(found)

    def _walk(self, folder: str) -> Iterator[str]:
        for directory, folders, files in os.walk(self.root / folder):
            here = Path(directory).relative_to(self.root)
            folders[:] = [
                n for n in folders if not n.startswith(".") and not (Path(directory) / n).is_symlink()
            ]
            for name in files:
                if not name.startswith(".") and name.lower().endswith(YAML_SUFFIXES + TABLE_SUFFIXES):
                    yield (here / name).as_posix()

    def text(self, path: str) -> str:
        """The text of a file. Raises `EditError` where there is none, or no text."""
        path = check_path(path)
        if path in self.overlay:
            return self.overlay[path]
        data = read_disk(self.root, path)
        if data is None:
            raise refused(f"there is no file {path}", path, suggestion=suggest(path, self.paths()))
        return read_saved(data, path).text

    def yaml(self, path: str) -> YamlText:
        """A YAML file, ready to be edited. Raises `EditError` as `text`."""
        text = self.text(path)
        known = self._known.get(path)
        if known is None or known.text != text:
            known = self._known[path] = YamlText(text, path)
        return known

    def locate(self, kind: str, id: str, file: str | None = None) -> tuple[YamlText, int]:
        """The file that holds a document, and the document's number in it. Raises `EditError`."""
        if kind not in KINDS and kind not in OTHER_KINDS:
            raise refused(f"there is no kind of document {kind!r}", "", suggestion=suggest(kind, KINDS))
        for path in [file] if file is not None else self._candidates(kind, id):
            yaml = self.yaml(path)
            number = _number(yaml, kind, id)
            if number is not None:
                return yaml, number
            if file is not None and yaml.diagnostics:
                raise EditError(yaml.diagnostics)
        raise self._not_found(kind, id)

    def _candidates(self, kind: str, id: str) -> Iterator[str]:
        """Files that may hold a document, found without reading them as YAML."""
        if kind in OTHER_KINDS:
            yield CONFIG_FILE if kind == "config" else WAIVERS_FILE
            return
        if kind != "scenarios":
            # Ids are unique, so that a file where the document was found before saves reading all others.
            for path, yaml in list(self._known.items()):
                if _number(yaml, kind, id) is not None and self._text_or_nothing(path) == yaml.text:
                    yield path
        heading = re.compile(rf"^[\"']?{kind}[\"']?\s*:\s*[\"']?{re.escape(id)}\b", re.MULTILINE)
        for path in self.paths():
            if path.lower().endswith(YAML_SUFFIXES) and heading.search(self._text_or_nothing(path)):
                yield path

    def _text_or_nothing(self, path: str) -> str:
        """What the loader reports as unreadable holds no document to edit."""
        try:
            return self.text(path)
        except EditError:
            return ""

    def _not_found(self, kind: str, id: str) -> EditError:
        heading = re.compile(rf"^{kind}:[ \t]+([A-Za-z][A-Za-z0-9_-]*)", re.MULTILINE)
        known = sorted(
            {
                match[1]
                for path in self.paths()
                if path.lower().endswith(YAML_SUFFIXES)
                for match in heading.finditer(self._text_or_nothing(path))
            }
        )
        broken = [p for path in self._candidates(kind, id) for p in self.yaml(path).diagnostics]
        missing = Diagnostic(
            "WB702", f"there is no {kind} {id!r} that can be read", expected="a document of the draft",
            suggestion=None if id in known else suggest(id, known),
        )  # fmt: skip
        return EditError([missing, *broken])


def _number(yaml: YamlText, kind: str, id: str) -> int | None:
    """Which document of a file it is; None when the file does not hold it."""
    for number, root in enumerate(yaml.roots):
        heading = root.get(kind)
        if kind in OTHER_KINDS or (heading is not None and str(heading.value) == id):
            return number
    return None


def with_line_ends(old: str, new: str) -> str:
    """`new` with the line ends of `old`: editors in a browser know only one kind.

    Lines at the beginning and end that are the same keep theirs; the rest takes the kind most lines have.
    """
    if "\r" not in old or "\r" in new:
        return new
    before, after = _with_ends(old), split_lines(new)
    ends = [end for _, end in before if end]
    usual = max(("\r\n", "\n", "\r"), key=ends.count)
    same = 0
    while same < min(len(before), len(after)) and before[same][0] == after[same]:
        same += 1
    tail = 0
    while tail < min(len(before), len(after)) - same and before[-1 - tail][0] == after[-1 - tail]:
        tail += 1
    kept = [end for _, end in before[:same]] + [usual] * (len(after) - same - tail)
    kept += [end for _, end in before[len(before) - tail :]]
    kept = [end or usual for end in kept[:-1]] + [""]
    return "".join(line + end for line, end in zip(after, kept, strict=True))


def _with_ends(text: str) -> list[tuple[str, str]]:
    ends = [match[0] for match in re.finditer(r"\r\n|\n|\r", text)]
    return list(zip(split_lines(text), [*ends, ""], strict=True))
