"""What differs between two versions of a file: for programs as a unified diff, for people value by value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from weighbridge.diagnostics import Span
from weighbridge.source import Node, split_lines, to_python
from weighbridge.table_text import Cell, read_table
from weighbridge.yaml_text import NAMING_KEYS, YamlText

K = TypeVar("K")
MAX_VALUES = 1000
"""How many changed values of a file are listed."""


@dataclass(frozen=True, slots=True)
class ChangedValue:
    """One value that differs between saved and draft, for people.

    `place` names the document ("ruleset listing_gate") or table file, `path` what lies below ("rules",
    "large-forecast", "when"; of tables the row's id or number and the column). `before` or `after` is None where
    there is none. `span` is where it stands in the draft (None when it is gone).
    """

    place: str
    path: tuple[str | int, ...]
    before: Any
    after: Any
    span: Span | None


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What a draft changes in one file. `unified` is a unified diff; `values` the same for people, empty where one
    of the two cannot be read."""

    file: str
    unified: str
    added: int
    removed: int
    is_new: bool
    values: tuple[ChangedValue, ...]


def file_diff(file: str, before: str | None, after: str) -> FileDiff:
    """The difference of two texts of a file; None is a file that was not there."""
    old, new = split_lines(before or ""), split_lines(after)
    lines = list(_unified(file, old, new, before is None))
    added = sum(line.startswith("+") for line in lines[2:])
    removed = sum(line.startswith("-") for line in lines[2:])
    values = []
    for value in _changed_values(before or "", after, file):
        values.append(value)
        if len(values) == MAX_VALUES:
            break
    return FileDiff(file, "\n".join(lines), added, removed, before is None, tuple(values))


def _unified(file: str, old: list[str], new: list[str], is_new: bool) -> Iterator[str]:
    """A unified diff. Only the middle that differs is compared, since long tables would take their square."""
    first = 0
    while first < min(len(old), len(new)) and old[first] == new[first]:
        first += 1
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    if first == len(old) == len(new):
        return
    yield "--- /dev/null" if is_new else f"--- a/{file}"
    yield f"+++ b/{file}"
    start, stop = max(0, first - 3), max(0, last - 3)
    middle = difflib.SequenceMatcher(
        None, old[start : len(old) - stop], new[start : len(new) - stop], autojunk=False
    )
    for group in middle.get_grouped_opcodes(3):
        a, b, c, d = group[0][1] + start, group[-1][2] + start, group[0][3] + start, group[-1][4] + start
        yield f"@@ -{_range(a, b)} +{_range(c, d)} @@"
        for tag, i1, i2, j1, j2 in group:
            if tag == "equal":
                yield from (" " + line for line in old[i1 + start : i2 + start])
            else:
                yield from ("-" + line for line in old[i1 + start : i2 + start])
                yield from ("+" + line for line in new[j1 + start : j2 + start])


def _range(start: int, stop: int) -> str:
    count = stop - start
    return f"{start + 1 if count else start}" if count == 1 else f"{start + 1 if count else start},{count}"


def _changed_values(before: str, after: str, file: str) -> Iterator[ChangedValue]:
    if file.lower().endswith((".csv", ".tsv")):
        yield from changed_cells(before, after, file)
        return
    old, new = YamlText(before, file), YamlText(after, file)
    if old.diagnostics or new.diagnostics:
        return
    yield from changed_documents(_documents(old), _documents(new))


def _documents(yaml: YamlText) -> dict[str, Node]:
    """The documents of a file by what people call them: "ruleset listing_gate"."""
    found: dict[str, Node] = {}
    for number, root in enumerate(yaml.roots, 1):
        name = f"{root.items[0][0].value} {root.items[0][1].value}" if root.items else yaml.file
        found[name if name not in found else f"{name} ({number})"] = root
    return found


def changed_documents(old: dict[str, Node], new: dict[str, Node]) -> Iterator[ChangedValue]:
    """The changed values of documents, which are known by what people call them ("ruleset listing_gate")."""
    for name in _either(old, new):
        yield from _changed(name, (), old.get(name), new.get(name))


def _either(a: Iterable[K], b: Iterable[K]) -> Iterable[K]:
    """The keys of two mappings: of the first in its order, then what only the second has.

    Not `{**a, **b}`: to type that of nodes, which hold nodes, mypy recurses without end.
    """
    return dict.fromkeys([*a, *b])


def _changed(
    place: str, path: tuple[str | int, ...], old: Node | None, new: Node | None
) -> Iterator[ChangedValue]:
    before, after = (None if node is None else to_python(node) for node in (old, new))
    if repr(before) == repr(after):
        return
    if old is None or new is None or old.kind != new.kind or old.kind == "scalar":
        yield ChangedValue(place, path, before, after, None if new is None else new.span)
        return
    a, b = _entries(old), _entries(new)
    for step in _either(a, b):
        yield from _changed(place, (*path, step), a.get(step), b.get(step))
    if [s for s in a if s in b] != [s for s in b if s in a]:
        yield ChangedValue(place, path, list(a), list(b), new.span)


def _entries(node: Node) -> dict[str | int, Node]:
    """The entries of a list or mapping by key, by id where all items have one, by their text, or by number."""
    if node.kind == "mapping":
        return {str(key.value): value for key, value in node.items}
    names = [_name(element) for element in node.elements]
    if None in names or len(set(names)) != len(names):
        return dict(enumerate(node.elements))
    return {str(name): element for name, element in zip(names, node.elements, strict=True)}


def _name(node: Node) -> str | None:
    if node.kind == "scalar":
        return str(node.value)
    return next((str(n.value) for k in NAMING_KEYS if (n := node.get(k)) is not None), None)


def changed_cells(before: str, after: str, file: str) -> Iterator[ChangedValue]:
    """The changed cells, rows and order of a table file; none where one of the texts is no table."""
    delimiter = "\t" if file.lower().endswith(".tsv") else ","
    old_header, old_rows, problems = read_table(before, file, delimiter) if before else ([], [], [])
    header, rows, more = read_table(after, file, delimiter)
    if problems or more:
        return
    old, new = _rows(old_header, old_rows), _rows(header, rows)
    for name in _either(old, new):
        a, b = old.get(name), new.get(name)
        if a is None or b is None:
            before_row, after_row = (
                None if row is None else {k: c.text for k, c in row.items()} for row in (a, b)
            )
            span = None if b is None else next(iter(b.values())).span
            yield ChangedValue(file, (name,), before_row, after_row, span)
            continue
        for column in _either(a, b):
            was, now = a.get(column), b.get(column)
            if (was and was.text) != (now and now.text):
                yield ChangedValue(
                    file,
                    (name, column),
                    was and was.text,
                    now and now.text,
                    None if now is None else now.span,
                )
    common = [[name for name in side if name in other] for side, other in ((old, new), (new, old))]
    if common[0] != common[1]:
        yield ChangedValue(file, (), common[0], common[1], None)


def _rows(header: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> dict[str | int, dict[str, Cell]]:
    """Rows by the id in their column `id`, else by number from 1."""
    names = [cell.text for cell in header]
    ids = [row[names.index("id")].text for row in rows] if "id" in names else []
    unique = bool(ids) and len(set(ids)) == len(ids)
    keys: Sequence[str | int] = ids if unique else range(1, len(rows) + 1)
    return {key: dict(zip(names, row, strict=True)) for key, row in zip(keys, rows, strict=True)}
