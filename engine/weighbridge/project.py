"""A folder of YAML and CSV files becomes a `Project`: its documents, its tables, and all that is wrong."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any, Generic, TypeVar, cast

from weighbridge.diagnostics import Diagnostic, ProjectError, Span, suggest
from weighbridge.document_checks import Problem, check_document
from weighbridge.documents import (
    DOCUMENTATION,
    KINDS,
    OTHER_KINDS,
    ConfigModel,
    MappingModel,
    Model,
    RecordTypeModel,
    RegionModel,
    RulesetModel,
    ScenariosModel,
    ScorecardModel,
    TableModel,
    TermListModel,
    WaiversModel,
)
from weighbridge.shape import describe, locate, read_model
from weighbridge.source import MAX_BYTES, Node, decode, parse_yaml, scalar_span, split_lines
from weighbridge.table_text import Cell, read_table

FOLDERS = ("regions", "scorecards", "rulesets")
CONFIG_FILE = "weighbridge.yaml"
WAIVERS_FILE = "waivers.yaml"
_SUFFIXES = (".yaml", ".yml")

M_co = TypeVar("M_co", bound=Model, covariant=True)


@dataclass(frozen=True, slots=True, eq=False)
class Document(Generic[M_co]):
    """One document and where everything in it was written."""

    kind: str
    id: str
    model: M_co
    node: Node
    file: str
    lines: Sequence[str] = field(default=(), repr=False)

    def span(self, *path: str | int, key: bool = False) -> Span:
        """Where the part at `path` (keys, indices) stands, or the nearest one around it that was written.

        With `key`, the span of the last key itself, if it was written.
        """
        steps = locate(self.node, path)
        if key and steps and len(steps) == len(path):
            owner = cast(Node, self.node.find(steps[:-1]))
            name = owner.key_node(str(steps[-1])) if owner.kind == "mapping" else None
            if name is not None:
                return name.span
        return cast(Node, self.node.find(steps)).span

    def text_span(self, path: Sequence[str | int], start: int, end: int) -> Span:
        """Where the characters `start` to `end` (exclusive) of the text at `path` stand."""
        node = cast(Node, self.node.find(locate(self.node, path)))
        return scalar_span(node, start, end, self.lines)


@dataclass(frozen=True, slots=True, eq=False)
class TableRows:
    """Rows of a decision table, from a CSV file or written inline; every row has a cell for every header."""

    header: tuple[Cell, ...]
    rows: tuple[dict[str, Cell], ...]
    file: str


@dataclass(frozen=True, eq=False)
class Project:
    """Everything a project folder says. Documents with errors are in `partial` and `broken` only."""

    root: Path
    config: Document[ConfigModel]
    waivers: Document[WaiversModel] | None
    record_types: dict[str, Document[RecordTypeModel]]
    mappings: dict[str, Document[MappingModel]]
    regions: dict[str, Document[RegionModel]]
    term_lists: dict[str, Document[TermListModel]]
    scorecards: dict[str, Document[ScorecardModel]]
    rulesets: dict[str, Document[RulesetModel]]
    scenarios_read: tuple[Document[ScenariosModel], ...]
    scenarios_unread: Mapping[str, str | bytes]
    """Files that hold nothing but scenarios and were left unread: see `load_project`."""
    partial: tuple[Document[Any], ...]
    """What could be read of documents with errors: for checks that want to report more in the same run."""
    broken: frozenset[tuple[str, str]]
    """Kind and id of every document that exists but has errors; a reference to one is not an unknown name."""
    tables: dict[tuple[str, int], TableRows]
    """Rows by ruleset id and index of the table; a table that could not be read is absent."""
    sources: dict[str, list[str]]
    """Lines of every file that was read, for showing the offending text."""
    diagnostics: tuple[Diagnostic, ...]

    @cached_property
    def scenarios(self) -> tuple[Document[ScenariosModel], ...]:
        """All scenario documents by file. Raises `ProjectError` when a file that was left unread has errors."""
        found = list(self.scenarios_read)
        problems: list[Diagnostic] = []
        for name, data in self.scenarios_unread.items():
            loaded = load_text(data, name)
            self.sources[name] = loaded.lines
            found += loaded.documents
            problems += [problem for problem in loaded.diagnostics if problem.severity == "error"]
        if problems:
            raise ProjectError(problems)
        return tuple(sorted(found, key=lambda document: document.file))

    def table(self, document: Document[RulesetModel], index: int) -> TableRows | None:
        """Rows of a ruleset's table; None if they could not be read (there is a diagnostic then)."""
        return self.tables.get((document.id, index))

    def documents(self) -> Iterator[Document[Any]]:
        """All sound documents that decisions depend on, ordered by kind and id."""
        for group in (
            self.mappings,
            self.record_types,
            self.regions,
            self.rulesets,
            self.scorecards,
            self.term_lists,
        ):
            for _, document in sorted(group.items()):
                yield document

    def content_hash(self, content: Callable[[Document[Any]], str] | None = None) -> str:
        """sha256 of what decisions depend on: not comments, documentation, layout, scenarios or settings.

        `content` may give what `content_text` gives from memory.
        """
        text = ",".join(map(content or self.content_text, self.documents()))
        return hashlib.sha256(f"[{text}]".encode()).hexdigest()

    def content_text(self, document: Document[Any]) -> str:
        """What decisions depend on in one document, as one text."""
        content = _canonical([document.kind, document.id, self._content(document)])
        return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    def _content(self, document: Document[Any]) -> Any:
        content = document.model.model_dump(mode="json", by_alias=True, exclude=set(DOCUMENTATION))
        for index, table in enumerate(content.get("tables", ())):
            rows = self.tables.get((document.id, index))
            table["rows"] = (
                [{name: cell.text for name, cell in row.items()} for row in rows.rows] if rows else []
            )
        return content


def _canonical(value: Any) -> Any:
    """Numbers that are equal are written alike: 1, 1.0 and 1e0 are one number."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _canonical(entry) for key, entry in cast("dict[str, Any]", value).items()}
    if isinstance(value, list | tuple):
        return [_canonical(entry) for entry in cast("Sequence[Any]", value)]
    return value


# ---- one text


@dataclass(slots=True)
class Loaded:
    """What one file holds."""

    documents: list[Document[Any]] = field(default_factory=list[Document[Any]])
    partial: list[Document[Any]] = field(default_factory=list[Document[Any]])
    broken: set[tuple[str, str]] = field(default_factory=set[tuple[str, str]])
    diagnostics: list[Diagnostic] = field(default_factory=list[Diagnostic])
    lines: list[str] = field(default_factory=list[str])


def load_text(text: str | bytes, file: str = "", kind: str | None = None) -> Loaded:
    """Read the documents of one file. `kind` is needed only for those that are known by their file name.

    `kind`: a key of `KINDS` or `OTHER_KINDS`; default: from the first key of each document.
    """
    nodes, problems = parse_yaml(text, file)
    loaded = Loaded(diagnostics=problems, lines=_lines(text))
    for node in nodes:
        _load_document(node, kind, file, loaded)
    if not nodes and not problems and kind is None:
        start, choices = Span(file, 1, 1, 1, 1), "a document that begins with one of: " + ", ".join(KINDS)
        loaded.diagnostics.append(
            Diagnostic("WB101", "the file holds no document", start, "warning", choices)
        )
    if any(problem.code in ("WB002", "WB005", "WB006") for problem in problems):
        known = {(document.kind, document.id) for document in (*loaded.documents, *loaded.partial)}
        loaded.broken |= set(_headings(loaded.lines)) - known
    return loaded


def _lines(data: str | bytes) -> list[str]:
    """Lines for showing what is wrong, also of a file that is not Unicode."""
    text, _ = decode(data, "")
    if text is None and isinstance(data, bytes):
        text = data[:MAX_BYTES].decode("utf-8", errors="replace")
    return split_lines(text or "")


_HEADING = re.compile(rf"({'|'.join(KINDS)}):\s+[\"']?([A-Za-z][A-Za-z0-9_-]*)")


def _headings(lines: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Kind and id of the documents of a file that could not be read as YAML."""
    for line in lines:
        match = _HEADING.match(line)
        if match is not None:
            yield match[1], match[2]


def _load_document(node: Node, kind: str | None, file: str, loaded: Loaded) -> None:
    if kind is None:
        kind, problem = _kind(node)
        loaded.diagnostics += [problem] if problem is not None else []
        if kind is None:
            return
    model_type = KINDS.get(kind) or OTHER_KINDS[kind]
    model, node, problems = read_model(model_type, node)
    loaded.diagnostics += problems
    heading = node.get(kind) if kind in KINDS else None
    name = str(heading.value) if heading is not None and heading.kind == "scalar" else kind
    if problems:
        loaded.broken.add((kind, name))
    if model is None:
        return
    document: Document[Any] = Document(kind, name, model, node, file, loaded.lines)
    found = check_document(model)
    if problems:
        # Parts that were cut out may be what these checks miss; only what cannot come from that is reported.
        found = [entry for entry in found if entry.code in ("WB109", "WB112")]
    loaded.diagnostics += [_worded(document, entry) for entry in found]
    if problems or found:
        loaded.broken.add((kind, name))
        loaded.partial.append(document)
    else:
        loaded.documents.append(document)


def _worded(document: Document[Any], problem: Problem) -> Diagnostic:
    related = tuple((text, document.span(*path)) for text, path in problem.related)
    span = document.span(*problem.path, key=problem.is_key)
    return Diagnostic(problem.code, problem.message, span, expected=problem.expected, related=related)


def _kind(node: Node) -> tuple[str | None, Diagnostic | None]:
    """The kind of a document by its first key, or by another key when that tells it (with a complaint)."""
    choices = "a mapping whose first key is one of: " + ", ".join(KINDS)
    if node.kind != "mapping" or not node.items:
        return None, Diagnostic(
            "WB101", f"a document cannot be {describe(node)}", node.span, expected=choices
        )
    first = node.items[0][0]
    name = str(first.value)
    if name in KINDS:
        return name, None
    elsewhere = [str(key.value) for key, _ in node.items if key.value in KINDS]
    if len(elsewhere) == 1:
        message = f"the key {elsewhere[0]!r} must come first, since it tells what the document is"
        span = cast(Node, node.key_node(elsewhere[0])).span
        return elsewhere[0], Diagnostic(
            "WB101", message, span, expected="it as first key", suggestion=elsewhere[0]
        )
    message = f"unknown kind of document {name!r}"
    return None, Diagnostic("WB101", message, first.span, expected=choices, suggestion=suggest(name, KINDS))


# ---- files


class _Files:
    """The files of a project: those on disk, some of them replaced or added by texts in memory."""

    def __init__(self, root: Path, overlay: Mapping[str, str]) -> None:
        self.root = root
        self.overlay = {PurePosixPath(name).as_posix(): text for name, text in overlay.items()}
        self.diagnostics: list[Diagnostic] = []

    def documents(self) -> list[str]:
        """Names of all YAML files in the folders of the project, sorted."""
        found = {name for folder in FOLDERS for name in self._walk(folder)}
        found |= {name for name in self.overlay if name.split("/")[0] in FOLDERS and "/" in name}
        return sorted(name for name in found if name.lower().endswith(_SUFFIXES))

    def _walk(self, folder: str) -> Iterator[str]:
        for directory, folders, files in os.walk(self.root / folder, onerror=self._unreadable):
            here = Path(directory).relative_to(self.root)
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in folders:
                if (Path(directory) / name).is_symlink():
                    self._refuse((here / name).as_posix(), "linked folders are not followed")
            for name in files:
                if any("\ud800" <= character <= "\udfff" for character in name):
                    self._refuse(ascii((here / name).as_posix()), "the name of the file is not Unicode")
                elif not name.startswith("."):
                    yield (here / name).as_posix()

    def _unreadable(self, error: OSError) -> None:
        """Report a folder that is there but cannot be listed; one that does not exist is no problem."""
        path = Path(error.filename)
        if path.exists():
            name = path.relative_to(self.root).as_posix()
            self._cannot_read(name, error)

    def _cannot_read(self, name: str, error: OSError) -> None:
        message = f"{name} cannot be read: {error.strerror or error}"
        span = Span(name, 1, 1, 1, 1)
        self.diagnostics.append(Diagnostic("WB001", message, span, expected="something that can be read"))

    def _refuse(self, name: str, why: str) -> None:
        span = Span(name, 1, 1, 1, 1)
        self.diagnostics.append(Diagnostic("WB113", f"{name}: {why}", span, expected="the files themselves"))

    def exists(self, name: str) -> bool:
        """Whether a file of this name can be read (or is refused with a diagnostic)."""
        return name in self.overlay or os.path.isfile(self.root / name)

    def read(self, name: str) -> str | bytes | None:
        """Content of a file; None (with a diagnostic) when it cannot be read or lies outside the project."""
        if name in self.overlay:
            return self.overlay[name]
        path = self.root / name
        try:
            if not path.resolve().is_relative_to(self.root):
                self._refuse(name, "it lies outside the project")
            elif not path.is_file():
                self._refuse(name, "it is no ordinary file")
            else:
                with path.open("rb") as file:
                    return file.read(MAX_BYTES + 1)
            return None
        except RuntimeError:  # links that lead in a circle
            self._refuse(name, "it is a link to itself")
            return None
        except OSError as error:
            self._cannot_read(name, error)
            return None

    def nearest(self, name: str) -> str | None:
        """The file in the same folder whose name is nearest, for a suggestion."""
        folder = PurePosixPath(name).parent
        on_disk = self.root / folder
        names = os.listdir(on_disk) if os.path.isdir(on_disk) else []
        names += [
            PurePosixPath(other).name for other in self.overlay if PurePosixPath(other).parent == folder
        ]
        return suggest(PurePosixPath(name).name, sorted(names))


# ---- tables


class _TableLoader:
    """Reads the rows of the tables of one ruleset."""

    def __init__(
        self,
        document: Document[RulesetModel],
        files: _Files,
        sources: dict[str, list[str]],
        cache: TextCache,
    ) -> None:
        self.document = document
        self.files = files
        self.sources = sources
        self.cache = cache
        self.diagnostics: list[Diagnostic] = []

    def load(self, index: int) -> TableRows | None:
        """The rows of a table; None where there is something wrong with them."""
        table = self.document.model.tables[index]
        if isinstance(table.rows, str):
            rows = self._from_file(index, table.rows)
        else:
            known = self.cache.rows(self.document, index, None)
            rows = self._inline(index, table) if known is None else known
            if rows is not None and not self.diagnostics:
                self.cache.keep_rows(self.document, index, None, rows)
        if rows is not None and not rows.rows and not self.diagnostics:
            self._report(
                "WB108", f"the table {table.id!r} has no rows", self._span(index, "rows"), "at least one row"
            )
        return None if self.diagnostics else rows

    def _span(self, *path: str | int, key: bool = False) -> Span:
        return self.document.span("tables", *path, key=key)

    def _report(
        self, code: str, message: str, span: Span, expected: str, suggestion: str | None = None
    ) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, expected=expected, suggestion=suggestion))

    # -- CSV

    def _from_file(self, index: int, written: str) -> TableRows | None:
        span = self._span(index, "rows")
        path = PurePosixPath(written)
        if path.is_absolute() or ".." in path.parts or "\\" in written or ":" in written:
            message = f"the file {written!r} does not lie beside this one"
            self._report("WB107", message, span, "a path from this file downwards, with '/' and without '..'")
            return None
        name = (PurePosixPath(self.document.file).parent / path).as_posix()
        if not self.files.exists(name):
            self._report(
                "WB107", f"there is no file {name!r}", span, "an existing CSV file", self.files.nearest(name)
            )
            return None
        data = self.files.read(name)
        if data is None:
            self._report("WB107", f"the file {name!r} cannot be used", span, "a file inside the project")
            return None
        self.sources[name] = self.cache.lines(data, name)
        known = self.cache.rows(self.document, index, data)
        if known is not None:
            return known
        header, rows, problems = read_table(data, name, "\t" if name.lower().endswith(".tsv") else ",")
        self.diagnostics += problems
        if header:
            self._compare_header(index, header)
        names = [cell.text for cell in header]
        read = TableRows(tuple(header), tuple(dict(zip(names, row, strict=True)) for row in rows), name)
        if not self.diagnostics:
            self.cache.keep_rows(self.document, index, data, read)
        return read

    def _compare_header(self, index: int, header: list[Cell]) -> None:
        """Every column of the file must be declared, and every declared column must be there."""
        table = self.document.model.tables[index]
        declared = [*table.roles(), *(["id"] if table.is_short else [])]
        names = {cell.text for cell in header}
        for cell in header:
            if cell.text and cell.text not in declared:
                message = f"the column {cell.text!r} is not declared in the table {table.id!r}"
                free = [name for name in declared if name not in names]
                expected = "one of: " + ", ".join(declared)
                self._report("WB108", message, cell.span, expected, suggest(cell.text, free))
        for name in table.roles():
            if name not in names:
                message = f"the file has no column {name!r}"
                expected = "one of its columns: " + ", ".join(cell.text for cell in header)
                self._report("WB108", message, self._column_span(index, name), expected, suggest(name, names))

    def _column_span(self, index: int, name: str) -> Span:
        table = self.document.model.tables[index]
        for key, names in (("inputs", table.inputs), ("outputs", table.outputs)):
            if table.is_short and name in names:
                return self._span(index, key, names.index(name))
        return self._span(index, "columns", name, key=True)

    # -- inline

    def _inline(self, index: int, table: TableModel) -> TableRows | None:
        node = self.document.node.find(locate(self.document.node, ("tables", index, "rows")))
        header = {name: _cell_at(name, self._column_span(index, name)) for name in table.roles()}
        mappings = any(row.kind == "mapping" for row in cast(Node, node).elements)
        if table.is_short and mappings and any(row.get("id") for row in cast(Node, node).elements):
            header["id"] = _cell_at("id", self._span(index, "rows"))
        rows = [self._inline_row(row, list(header)) for row in cast(Node, node).elements]
        return TableRows(tuple(header.values()), tuple(rows), self.document.file)

    def _inline_row(self, row: Node, header: list[str]) -> dict[str, Cell]:
        if row.kind == "sequence":
            if len(row.elements) != len(header):
                message = f"this row has {len(row.elements)} cells, the table has {len(header)} columns"
                self._report("WB108", message, row.span, f"{len(header)} cells: " + ", ".join(header))
            return {name: self._cell(value) for name, value in zip(header, row.elements, strict=False)}
        for key, _ in row.items:
            name = str(key.value)
            if name not in header:
                expected = "one of: " + ", ".join(header)
                self._report(
                    "WB108", f"the table has no column {name!r}", key.span, expected, suggest(name, header)
                )
        empty = Node("scalar", row.file, row.place)
        return {name: self._cell(row.get(name) or empty) for name in header}

    def _cell(self, node: Node) -> Cell:
        if node.kind == "scalar":
            return Cell(self._cell_text(node), node.file, node.place)
        texts = [self._cell_text(element) for element in node.elements]
        for element, text in zip(node.elements, texts, strict=True):
            if "|" in text:
                self._report(
                    "WB108", "an item of a list cell cannot contain '|'", element.span, "a text without '|'"
                )
        return Cell("|".join(texts), node.file, node.place)

    def _cell_text(self, node: Node) -> str:
        """Text of an inline cell; a number as it was written, so that 1e3 and 1.50 stay what one sees."""
        value, span = node.value, node.span
        if value is None:
            return ""
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, str):
            return value
        return self.document.lines[span.line - 1][span.column - 1 : span.end_column - 1]


def _cell_at(text: str, span: Span) -> Cell:
    return Cell(text, span.file, (span.line, span.column, span.end_line, span.end_column))


# ---- the whole folder

_SCENARIO_KEYS = "|".join(
    re.escape(field.alias or name) for name, field in ScenariosModel.model_fields.items()
)
_OTHER_LINE = re.compile(rf"^(?![ #\n]|---\n|- |(?:{_SCENARIO_KEYS}):[ \n])", re.MULTILINE)


def _only_scenarios(data: str | bytes) -> bool:
    """Whether a file plainly holds scenarios and nothing else: no line at the margin could begin anything else.

    A file that is written in any unusual way is not plain, and is read.
    """
    try:
        text = data if isinstance(data, str) else data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    if "\r" in text or re.search(r"^scenarios:", text, re.MULTILINE) is None:
        return False
    other = _OTHER_LINE.search(text)
    return other is None or other.start() == len(text)


class TextCache:
    """The documents and tables of files that were read before: for editors, which load a project after every change.

    A file is read again when its text differs. Not bounded: it holds one version of every file.
    """

    def __init__(self) -> None:
        self._known: dict[str, tuple[str | bytes, Loaded]] = {}
        self._lines: dict[str, tuple[str | bytes, list[str]]] = {}
        self._rows: dict[tuple[str, int], tuple[Document[Any], str | bytes | None, TableRows]] = {}

    def load(self, data: str | bytes, name: str) -> Loaded:
        """As `load_text`."""
        known = self._known.get(name)
        if known is None or known[0] != data:
            known = self._known[name] = (data, load_text(data, name))
        return known[1]

    def copy(self) -> TextCache:
        """Another cache that begins from what this one holds."""
        other = TextCache()
        other._known, other._lines, other._rows = dict(self._known), dict(self._lines), dict(self._rows)
        return other

    def lines(self, data: str | bytes, name: str) -> list[str]:
        """The lines of a table's file."""
        known = self._lines.get(name)
        if known is None or known[0] != data:
            known = self._lines[name] = (data, _lines(data))
        return known[1]

    def rows(self, document: Document[Any], index: int, data: str | bytes | None) -> TableRows | None:
        """The rows of a table, if they were read before from the same document (and, of a file, the same text)."""
        known = self._rows.get((document.id, index))
        return known[2] if known is not None and known[0] is document and known[1] == data else None

    def keep_rows(
        self, document: Document[Any], index: int, data: str | bytes | None, rows: TableRows
    ) -> None:
        """Keeps the rows of a table with which nothing is wrong."""
        self._rows[document.id, index] = (document, data, rows)


def load_project(
    root: Path | str,
    files: Mapping[str, str] | None = None,
    cache: TextCache | None = None,
    *,
    scenarios: bool = True,
) -> Project:
    """Read a project folder; whatever is wrong with it ends in `diagnostics`, never in an exception.

    `files` (path relative to the root -> text) replace or add to the files on disk, for editors and tests;
    `cache` spares the reading of files that have not changed since it was last used. Without `scenarios`, files that
    hold nothing else are read when somebody asks for them: no decision depends on them, and they are most of a
    tested project.
    """
    base = Path(root).resolve()
    reader = _Files(base, files or {})
    loader = _ProjectLoader(base, reader, cache or TextCache(), scenarios)
    if not base.is_dir() and not reader.overlay:
        message = (
            f"the folder {str(root)!r} does not exist"
            if not base.exists()
            else f"{str(root)!r} is not a folder"
        )
        loader.diagnostics.append(
            Diagnostic("WB100", message, expected="a folder with " + _folders_in_words())
        )
    else:
        loader.load()
    return loader.project()


def _folders_in_words() -> str:
    return ", ".join(f"{name}/" for name in FOLDERS[:-1]) + f" or {FOLDERS[-1]}/"


class _ProjectLoader:
    """Collects what the files of a project hold."""

    def __init__(self, root: Path, files: _Files, cache: TextCache, read_scenarios: bool) -> None:
        self.root = root
        self.files = files
        self.cache = cache
        self.read_scenarios = read_scenarios
        self.unread: dict[str, str | bytes] = {}
        self.diagnostics: list[Diagnostic] = []
        self.sources: dict[str, list[str]] = {}
        self.by_kind: dict[str, dict[str, Document[Any]]] = {kind: {} for kind in KINDS}
        self.scenarios: list[Document[Any]] = []
        self.partial: list[Document[Any]] = []
        self.broken: set[tuple[str, str]] = set()
        self.tables: dict[tuple[str, int], TableRows] = {}
        self.first: dict[tuple[str, str], Document[Any]] = {}
        self.config: Document[ConfigModel] = _no_config()
        self.waivers: Document[WaiversModel] | None = None

    def load(self) -> None:
        names = self.files.documents()
        for name in names:
            self._load_file(name)
        if not names and not self.files.diagnostics:
            message = f"no documents found: there is no YAML file in {_folders_in_words()}"
            self.diagnostics.append(Diagnostic("WB100", message, expected="a project folder"))
        self._check_targets()
        for document in self.by_kind["ruleset"].values():
            self._load_tables(document)
        for document in self.partial:
            if document.kind == "ruleset":
                self._load_tables(document)
        self._load_settings()

    def project(self) -> Project:
        """The project, with everything that was found wrong in order of file and place."""
        found = sorted({*self.diagnostics, *self.files.diagnostics}, key=_place)
        kinds = self.by_kind
        return Project(
            root=self.root,
            config=self.config,
            waivers=self.waivers,
            record_types=kinds["record_type"],
            mappings=kinds["mapping"],
            regions=kinds["region"],
            term_lists=kinds["term_list"],
            scorecards=kinds["scorecard"],
            rulesets=kinds["ruleset"],
            scenarios_read=tuple(self.scenarios),
            scenarios_unread=self.unread,
            partial=tuple(self.partial),
            broken=frozenset(self.broken),
            tables=self.tables,
            sources=self.sources,
            diagnostics=tuple(found),
        )

    def _load_file(self, name: str) -> None:
        data = self.files.read(name)
        if data is None:
            return
        if not self.read_scenarios and _only_scenarios(data):
            self.unread[name] = data
            return
        loaded = self.cache.load(data, name)
        self.sources[name] = loaded.lines
        self.diagnostics += loaded.diagnostics
        self.broken |= loaded.broken
        for document in loaded.documents:
            if document.kind == "scenarios":
                self.scenarios.append(document)
            elif self._is_first(document):
                self.by_kind[document.kind][document.id] = document
        for document in loaded.partial:
            if document.kind == "scenarios" or self._is_first(document):
                self.partial.append(document)

    def _is_first(self, document: Document[Any]) -> bool:
        first = self.first.setdefault((document.kind, document.id), document)
        if first is not document:
            self._report_duplicate(
                document, first, f"there are two documents '{document.kind}: {document.id}'"
            )
        return first is document

    def _report_duplicate(self, document: Document[Any], first: Document[Any], message: str) -> None:
        related = (("the first stands here", first.span(first.kind)),)
        span = document.span(document.kind)
        self.diagnostics.append(Diagnostic("WB106", message, span, expected="another id", related=related))

    def _check_targets(self) -> None:
        """Scorecards and rulesets are both asked for by id, so they share their names."""
        for name, document in self.by_kind["ruleset"].items():
            card = self.by_kind["scorecard"].get(name)
            if card is not None:
                self._report_duplicate(document, card, f"a scorecard is called {name!r} too")

    def _load_tables(self, document: Document[RulesetModel]) -> None:
        intact = document not in self.partial
        for index in range(len(document.model.tables)):
            loader = _TableLoader(document, self.files, self.sources, self.cache)
            rows = loader.load(index)
            # Columns may be among the parts of a document that were cut out because of errors.
            self.diagnostics += [d for d in loader.diagnostics if intact or d.code != "WB108"]
            if rows is not None and intact:
                self.tables[document.id, index] = rows

    def _load_settings(self) -> None:
        config = self._load_single(CONFIG_FILE, "config")
        self.config = config if config is not None else self.config
        waivers = self.config.model.waivers
        if waivers is not None and not self.files.exists(waivers):
            message = f"there is no file {waivers!r}"
            suggestion = self.files.nearest(waivers)
            span = self.config.span("waivers")
            self.diagnostics.append(
                Diagnostic("WB001", message, span, expected="a file with waivers", suggestion=suggestion)
            )
        else:
            self.waivers = self._load_single(waivers or WAIVERS_FILE, "waivers")

    def _load_single(self, name: str, kind: str) -> Document[Any] | None:
        """The only document of a file that may be absent."""
        data = self.files.read(name) if self.files.exists(name) else None
        if data is None:
            return None
        loaded = load_text(data, name, kind)
        self.sources[name] = loaded.lines
        self.diagnostics += loaded.diagnostics
        self.broken |= loaded.broken
        for extra in loaded.documents[1:]:
            message = f"{name} holds more than one document"
            self.diagnostics.append(Diagnostic("WB101", message, extra.node.span, expected="one document"))
        return loaded.documents[0] if loaded.documents else None


def _no_config() -> Document[ConfigModel]:
    nowhere = Node("mapping", CONFIG_FILE, (1, 1, 1, 1))
    return Document("config", "config", ConfigModel(), nowhere, CONFIG_FILE)


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    span = diagnostic.span or Span("", 0, 0, 0, 0)
    return (span.file, span.line, span.column, diagnostic.code, diagnostic.message)
