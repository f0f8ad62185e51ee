"""What differs between two versions, thing by thing, and each thing alone on the older version.

A thing is what a person changes at once: a rule, a table row, a term list, a parameter, weight or override of a
region, a characteristic or tier of a scorecard, a field, a derived value. Documents are compared by kind and id,
wherever their files lie. Scenarios, waivers and settings decide nothing and are left out.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from weighbridge.changes import ChangedValue, changed_cells, changed_documents
from weighbridge.diagnostics import Span
from weighbridge.project import Document, Project
from weighbridge.source import Node
from weighbridge.table_text import Cell, read_table
from weighbridge.texts import YAML_SUFFIXES
from weighbridge.yaml_text import NAMING_KEYS

Path_ = tuple[str, ...]

DEPTHS: Mapping[tuple[str, str], int] = {
    ("ruleset", "rules"): 2,
    ("ruleset", "tables"): 2,
    ("ruleset", "outputs"): 2,
    ("ruleset", "derived"): 2,
    ("scorecard", "characteristics"): 2,
    ("scorecard", "tiers"): 2,
    ("scorecard", "derived"): 2,
    ("region", "parameters"): 2,
    ("region", "declares"): 2,
    ("region", "weights"): 3,
    ("region", "overrides"): 2,
    ("region", "privacy"): 2,
    ("record_type", "fields"): 2,
    ("record_type", "derived"): 2,
}
"""How many steps name a thing of a document, by kind and first key; one elsewhere."""

WHOLE = ("term_list", "mapping")
"""Documents that are one thing."""

DECLARING = ("fields", "derived", "declares", "parameters", "outputs", "")
"""First keys of things that others need to load; "" is a document of its own."""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that differs. `place` is its document ("ruleset listing_gate") or table file, `path` what lies
    below ("rules", "cheap"); `order`: only the order of what stands there.

    `values` are the differences within it. `span` is its place now, or in the base where it is gone.
    """

    place: str
    path: Path_
    order: bool
    values: tuple[ChangedValue, ...]
    span: Span | None
    added: bool
    removed: bool

    @property
    def name(self) -> str:
        """What people call it."""
        return " ".join([self.place, *self.path])

    @property
    def declares(self) -> bool:
        """Whether it is new and others may need it."""
        return self.added and (self.path[:1] or ("",))[0] in DECLARING


class Changes:
    """The changes between two versions, and the base with some of them."""

    def __init__(self, base: Project, current: Project) -> None:
        self._base = _Side(base)
        self._current = _Side(current)
        self.found: tuple[Change, ...] = tuple(self._find())

    # --- finding ---

    def _find(self) -> Iterator[Change]:
        grouped: dict[tuple[str, Path_, bool], list[ChangedValue]] = {}
        documents = changed_documents(self._base.nodes, self._current.nodes)
        for value in documents:
            unit = self._unit(value)
            if unit is not None:
                grouped.setdefault(unit, []).append(value)
        for file in self._base.tables:
            if file in self._current.tables:
                comparable = self._base.columns(file) == self._current.columns(file)
                for value in changed_cells(self._base.tables[file], self._current.tables[file], file):
                    unit = self._row_unit(value) if comparable else (file, (), False)
                    grouped.setdefault(unit, []).append(value)
        for (place, path, order), values in grouped.items():
            yield self._change(place, path, order, values)

    def _unit(self, value: ChangedValue) -> tuple[str, Path_, bool] | None:
        """The thing a changed value belongs to; None for the order of keys, which means nothing."""
        kind = value.place.partition(" ")[0]
        old, new = (side.nodes.get(value.place) for side in (self._base, self._current))
        if kind in WHOLE or old is None or new is None:
            return value.place, (), False
        depth = DEPTHS.get((kind, str(value.path[0])), 1) if value.path else 0
        if value.path[:1] == ("tables",) and value.path[2:3] == ("rows",):
            depth = 4
        path: list[str] = []
        for step in value.path[:depth]:
            if isinstance(step, int):  # items without a name are one thing with their list
                break
            path.append(step)
        before, after = (_find(side, value.path) for side in (old, new))
        if before is not None and after is not None and before.kind == after.kind != "scalar":
            if before.kind == "mapping":
                return None
            return value.place, tuple(path), len(value.path) < depth
        return value.place, tuple(path), False

    @staticmethod
    def _row_unit(value: ChangedValue) -> tuple[str, Path_, bool]:
        if not value.path:
            return value.place, (), True
        step = value.path[0]
        return value.place, () if isinstance(step, int) else (step,), False

    def _change(self, place: str, path: Path_, order: bool, values: list[ChangedValue]) -> Change:
        old, new = (side.has(place, path) for side in (self._base, self._current))
        span = (self._current if new else self._base).span(place, path)
        return Change(place, path, order, tuple(values), span, new and not old, old and not new)

    # --- making ---

    def texts(self, changes: Sequence[Change]) -> dict[str, str]:
        """The files of the base that change when these changes are made, and nothing else is."""
        tables = {f: text for f, text in self._current.tables.items() if f not in self._base.tables}
        where = {place: document.file for place, document in self._base.documents.items()}
        by_place: dict[str, list[Change]] = {}
        for change in changes:
            if change.place in self._base.tables:
                old = tables.get(change.place, self._base.tables[change.place])
                tables[change.place] = _with_rows(old, self._current.tables[change.place], change)
            else:
                by_place.setdefault(change.place, []).append(change)
                if change.place not in where:
                    where[change.place] = self._free_file(change.place)
        files = {where[place] for place in by_place}
        written: dict[str, list[str]] = {file: [] for file in files}
        for place, file in where.items():
            if file in files:
                found = self._document(place, by_place.get(place, ()))
                written[file] += [] if found is None else [_flow(found)]
        return {**tables, **{file: "\n---\n".join(parts) + "\n" for file, parts in written.items()}}

    def _document(self, place: str, changes: Iterable[Change]) -> Any:
        """A document of the base with some changes made; None where it is gone."""
        document = self._base.documents.get(place)
        found = None if document is None else _plain(document.node, document.lines)
        for change in changes:
            found = self._changed(found, change)
        return found

    def _changed(self, old: Any, change: Change) -> Any:
        """A document of the base with one change made."""
        document = self._current.documents.get(change.place)
        new = None if document is None else _plain(document.node, document.lines)
        if not change.path or old is None or new is None:
            return _in_order(old, new) if change.order else new
        parent_old, parent_new = old, new
        for step in change.path[:-1]:
            parent_old, parent_new = _child(parent_old, step), _child(parent_new, step)
        last = change.path[-1]
        if change.order:
            _replace(parent_old, last, _in_order(_child(parent_old, last), _child(parent_new, last)))
        elif change.removed:
            _remove(parent_old, last)
        elif change.added:
            _insert(parent_old, last, _child(parent_new, last), _names(parent_new))
        else:
            _replace(parent_old, last, _child(parent_new, last))
        return old

    def _free_file(self, place: str) -> str:
        """Where a document that the base does not have goes: beside what it stands with now, since the tables it
        names lie there."""
        file = self._current.documents[place].file
        folder = PurePosixPath(file).parent
        return (folder / f"added-{place.replace(' ', '-')}.yaml").as_posix()


class _Side:
    """The documents and tables of one version."""

    def __init__(self, project: Project) -> None:
        self.documents: dict[str, Document[Any]] = {f"{d.kind} {d.id}": d for d in project.documents()}
        self.nodes = {key: d.node for key, d in self.documents.items()}
        self.tables = {
            file: "\n".join(lines)
            for file, lines in sorted(project.sources.items())
            if not file.lower().endswith(YAML_SUFFIXES)
        }
        self._read: dict[str, tuple[list[str], dict[str, list[Cell]]]] = {}

    def has(self, place: str, path: Path_) -> bool:
        """Whether there is such a thing."""
        if place in self.nodes:
            return _find(self.nodes[place], path) is not None
        return place in self.tables and (not path or path[0] in self._rows(place))

    def span(self, place: str, path: Path_) -> Span | None:
        """Where it stands."""
        if place in self.nodes:
            node = _find(self.nodes[place], path)
            return None if node is None else node.span
        row = self._rows(place).get(path[0]) if path and place in self.tables else None
        return Span(place, 1, 1, 1, 1) if row is None else row[0].span

    def columns(self, file: str) -> list[str]:
        """The header of a table file."""
        return self._table(file)[0]

    def _rows(self, file: str) -> dict[str, list[Cell]]:
        return self._table(file)[1]

    def _table(self, file: str) -> tuple[list[str], dict[str, list[Cell]]]:
        """Header, and rows by id (none without ids)."""
        if file not in self._read:
            header, rows, _ = read_table(self.tables[file], file, _delimiter(file))
            names = [cell.text for cell in header]
            by_id = {row[names.index("id")].text: list(row) for row in rows} if "id" in names else {}
            self._read[file] = names, by_id
        return self._read[file]


# --- nodes ------------------------------------------------------------------------------------------------


def _find(node: Node, path: Iterable[str | int]) -> Node | None:
    found: Node | None = node
    for step in path:
        if found is None or found.kind == "scalar":
            return None
        if found.kind == "sequence" and isinstance(step, str):
            found = next((e for e in found.elements if _node_name(e) == step), None)
        else:
            found = found.get(step)
    return found


def _node_name(node: Node) -> str | None:
    if node.kind == "scalar":
        return str(node.value)
    return next((str(n.value) for k in NAMING_KEYS if (n := node.get(k)) is not None), None)


@dataclass(frozen=True, slots=True)
class Written:
    """A number as it is written: 1.50 in a table is not 1.5. `name` is what it is called in a list."""

    text: str
    name: str


def _plain(node: Node, lines: Sequence[str]) -> Any:
    """A document as dicts, lists, texts, truth values, None and numbers as written."""
    if node.kind == "mapping":
        return {str(key.value): _plain(value, lines) for key, value in node.items}
    if node.kind == "sequence":
        return [_plain(element, lines) for element in node.elements]
    if isinstance(node.value, int | float) and not isinstance(node.value, bool):
        span = node.span
        return Written(lines[span.line - 1][span.column - 1 : span.end_column - 1], str(node.value))
    return node.value


_ESCAPES = {
    "\x85": "\\u0085",
    "\u2028": "\\u2028",
    "\u2029": "\\u2029",
    "\ufeff": "\\ufeff",
    "\x7f": "\\u007f",
}
"""What JSON leaves as it is and YAML does not."""


def _flow(value: Any) -> str:
    """YAML in flow style, on one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_flow(key)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(entry) for entry in value) + "]"
    if isinstance(value, Written):
        return value.text
    text = json.dumps(value, ensure_ascii=False)
    for character, escape in _ESCAPES.items():
        text = text.replace(character, escape)
    return text


# --- what dicts and lists hold, by name ---------------------------------------------------------------------


def _name(entry: Any) -> str | None:
    if isinstance(entry, dict):
        return next((str(entry[key]) for key in NAMING_KEYS if key in entry), None)
    return entry.name if isinstance(entry, Written) else str(entry)


def _names(parent: Any) -> list[str | None]:
    return list(parent) if isinstance(parent, dict) else [_name(entry) for entry in parent]


def _child(parent: Any, name: str) -> Any:
    return parent[name] if isinstance(parent, dict) else parent[_names(parent).index(name)]


def _replace(parent: Any, name: str, value: Any) -> None:
    if isinstance(parent, dict):
        parent[name] = value
    else:
        parent[_names(parent).index(name)] = value


def _remove(parent: Any, name: str) -> None:
    if isinstance(parent, dict):
        del parent[name]
    else:
        del parent[_names(parent).index(name)]


def _insert(parent: Any, name: str, value: Any, order: Sequence[str | None]) -> None:
    """Puts an entry behind the nearest one that stands before it in `order` and is there."""
    if isinstance(parent, dict):
        parent[name] = value
    else:
        parent.insert(_place_behind(_names(parent), name, order), value)


def _place_behind(present: Sequence[str | None], name: str, order: Sequence[str | None]) -> int:
    before = order[: order.index(name)]
    return next((present.index(other) + 1 for other in reversed(before) if other in present), 0)


def _in_order(old: Any, new: Any) -> Any:
    """The old entries, those that the new ones hold too in the new order."""
    if not isinstance(old, list) or not isinstance(new, list):
        return old
    names, wanted = _names(old), _names(new)
    common = [name for name in wanted if name in names]
    ordered = iter([old[names.index(name)] for name in common])
    return [next(ordered) if name in wanted else entry for name, entry in zip(names, old, strict=True)]


# --- table files --------------------------------------------------------------------------------------------


def _delimiter(file: str) -> str:
    return "\t" if file.lower().endswith(".tsv") else ","


def _with_rows(old: str, new: str, change: Change) -> str:
    """A table file with one changed row, or with the order of the other, or all of it where rows have no ids."""
    file = change.place
    old_names, old_rows = _row_texts(old, file)
    names, rows = _row_texts(new, file)
    if old_names != names or "id" not in names or (not change.path and not change.order):
        return new
    id_ = names.index("id")
    order = [row[id_] for row in rows]
    found = {row[id_]: row for row in old_rows}
    if change.order:
        common = iter([found[name] for name in order if name in found])
        kept = [next(common) if name in order else row for name, row in found.items()]
        return _written(names, kept, file)
    name = change.path[0]
    listed = list(found)
    if name in order:
        if name not in found:
            listed.insert(_place_behind(listed, name, order), name)
        found[name] = rows[order.index(name)]
    else:
        listed.remove(name)
    return _written(names, [found[entry] for entry in listed], file)


def _row_texts(text: str, file: str) -> tuple[list[str], list[list[str]]]:
    header, rows, _ = read_table(text, file, _delimiter(file))
    return [cell.text for cell in header], [[cell.text for cell in row] for row in rows]


def _written(header: list[str], rows: Iterable[list[str]], file: str) -> str:
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=_delimiter(file), quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return stream.getvalue()
