"""Decision tables that can be edited: cells, rows and blocks, in a CSV file or inline; nothing else moves."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, cast

from weighbridge.diagnostics import Diagnostic, Span, suggest
from weighbridge.source import Node, NumberOutOfRange, resolve, split_lines
from weighbridge.table_text import Cell, read_table
from weighbridge.texts import Texts
from weighbridge.yaml_text import EditError, ValuePath, YamlText
from weighbridge.yaml_writing import scalar_text

_LINE_END = re.compile(r"\r\n|\n|\r")

Changes = Mapping[tuple[int, str], str]
"""New cell texts by row (from 0) and header."""


class CsvText:
    """The text of a CSV file and its rows. Immutable: operations give the new text. Raises `EditError` where the
    file cannot be read as a table, since rows that are left out could not be kept in order."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.delimiter = "\t" if file.lower().endswith(".tsv") else ","
        header, self.rows, problems = read_table(text, file, self.delimiter)
        if problems:
            raise EditError(problems)
        self.header = [cell.text for cell in header]
        self._header_end = header[-1].place[2] if header else 0
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._ends = [*(match.start() for match in _LINE_END.finditer(text)), len(text)]
        found = _LINE_END.search(text)
        self.newline = found[0] if found else "\n"

    @property
    def lines(self) -> list[int]:
        """The line of every row."""
        return [row[0].place[0] for row in self.rows]

    def cells(self) -> list[list[str]]:
        """The texts of every row, in order of the header."""
        return [[cell.text for cell in row] for row in self.rows]

    def set(self, changes: Changes) -> str:
        """With other texts in some cells; quotes where they were or are needed."""
        parts: list[str] = []
        at = 0
        columns = {name: number for number, name in enumerate(self.header)}
        for row, name in sorted(changes, key=lambda key: (key[0], self._column(columns, key[1]))):
            cell = self._row(row)[columns[name]]
            text = clean_cell(changes[row, name], self.file)
            if cell.text == text:
                continue
            start, end = self._range(cell)
            parts += [self.text[at:start], self._written(text, quoted=self.text[start : start + 1] == '"')]
            at = end
        return "".join([*parts, self.text[at:]])

    def insert(self, rows: Sequence[Mapping[str, str]], at: int | None) -> str:
        """With more rows in front of row `at`; None: at the end."""
        for row in rows:
            for name in row:
                self._column(dict.fromkeys(self.header, 0), name)
        lines = [
            self.delimiter.join(
                self._written(clean_cell(row.get(name, ""), self.file)) for name in self.header
            )
            for row in rows
        ]
        # A row of one empty cell would be a blank line, which is no row.
        lines = [line or '""' for line in lines]
        if not lines:
            return self.text
        if at is not None and at < len(self.rows):
            start = self._starts[self._row(at)[0].place[0] - 1]
            return self.text[:start] + self.newline.join([*lines, ""]) + self.text[start:]
        end = self._ends[(self.rows[-1][-1].place[2] if self.rows else self._header_end) - 1]
        return self.text[:end] + self.newline.join(["", *lines]) + self.text[end:]

    def delete(self, rows: Iterable[int]) -> str:
        """Without some rows."""
        parts: list[str] = []
        at = 0
        last = False
        for row in sorted(set(rows)):
            cells = self._row(row)
            first, end = cells[0].place[0], cells[-1].place[2]
            last = end >= len(self._starts)
            parts.append(self.text[at : self._starts[first - 1]])
            at = len(self.text) if last else self._starts[end]
        text = "".join([*parts, self.text[at:]])
        # Where the file ended without a line end, it still does.
        return text.removesuffix(self.newline) if last else text

    def move(self, row: int, to: int) -> str:
        """With a row at another number."""
        self._row(row)
        order = list(range(len(self.rows)))
        order.insert(max(0, min(to, len(order) - 1)), order.pop(row))
        ranges = [(self._starts[r[0].place[0] - 1], self._ends[r[-1].place[2] - 1]) for r in self.rows]
        texts = [self.text[start:end] for start, end in ranges]
        parts: list[str] = []
        at = 0
        for (start, end), source in zip(ranges, order, strict=True):
            parts += [self.text[at:start], texts[source]]
            at = end
        return "".join([*parts, self.text[at:]])

    def _range(self, cell: Cell) -> tuple[int, int]:
        line, column, end_line, end_column = cell.place
        return self._starts[line - 1] + column - 1, self._starts[end_line - 1] + end_column - 1

    def _written(self, text: str, quoted: bool = False) -> str:
        special = self.delimiter in text or '"' in text or "\n" in text or text != text.strip()
        written = text.replace("\n", self.newline).replace('"', '""')
        return f'"{written}"' if special or quoted else text

    def _row(self, row: int) -> list[Cell]:
        if 0 <= row < len(self.rows):
            return self.rows[row]
        raise no_row(row, len(self.rows), Span(self.file, 1, 1, 1, 1))

    def _column(self, columns: Mapping[str, int], name: str) -> int:
        if name in columns:
            return columns[name]
        raise no_column(name, self.header, Span(self.file, 1, 1, 1, 1))


def clean_cell(text: str, file: str) -> str:
    """A cell's text with one kind of line end. Raises `EditError` for characters that no file can hold."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        problem = Diagnostic("WB701", "a broken character cannot be written", Span(file, 1, 1, 1, 1))
        raise EditError([problem]) from None
    return text if "\r" not in text else "\n".join(split_lines(text))


def no_row(row: int, count: int, span: Span) -> EditError:
    """There is no such row."""
    message = f"there is no row {row + 1}: the table has {count}"
    return EditError([Diagnostic("WB702", message, span, expected="a row of the table")])


def no_column(name: str, header: Sequence[str], span: Span) -> EditError:
    """There is no such column."""
    expected = "one of: " + ", ".join(header)
    return EditError(
        [
            Diagnostic(
                "WB702",
                f"there is no column {name!r}",
                span,
                expected=expected,
                suggestion=suggest(name, header),
            )
        ]
    )


def read_block(text: str) -> list[list[str]]:
    """A block copied from a spreadsheet: cells apart by tabs, rows by lines; quoted cells may hold both."""
    body = text.removesuffix("\n").removesuffix("\r")
    try:
        rows = list(csv.reader(io.StringIO(body, newline=""), delimiter="\t", strict=False))
    except csv.Error:
        # Not what a spreadsheet copies; a plain reading of tabs and lines loses nothing.
        rows = [line.split("\t") for line in split_lines(body)]
    return [row or [""] for row in rows] or [[""]]


class InlineTable:
    """Rows of a decision table that are written in the ruleset itself. Immutable, like `CsvText`."""

    def __init__(self, yaml: YamlText, root: int, path: ValuePath) -> None:
        self.yaml = yaml
        self.root = root
        self.path = yaml.existing(root, path)
        self.file = yaml.file
        table = cast(Node, yaml.node(root, self.path))
        rows = table.get("rows")
        if rows is None or rows.kind != "sequence":
            expected = "a CSV file or a list of rows"
            raise EditError([Diagnostic("WB701", "the table has no rows", table.span, expected=expected)])
        self._rows = rows.elements
        self.header = _inline_header(table, self._rows)

    @property
    def lines(self) -> list[int]:
        """The line of every row."""
        return [row.place[0] for row in self._rows]

    def cells(self) -> list[list[str]]:
        """The texts of every row, in order of the header."""
        return [[self._text(self._cell(row, name)) for name in self.header] for row in self._rows]

    def _cell(self, row: Node, name: str) -> Node | None:
        return row.get(name if row.kind == "mapping" else self.header.index(name))

    def _text(self, node: Node | None) -> str:
        if node is None:
            return ""
        if node.kind == "sequence":
            return "|".join(self._text(element) for element in node.elements)
        if isinstance(node.value, bool):
            return "true" if node.value else "false"
        if node.value is None or isinstance(node.value, str):
            return node.value or ""
        return self.yaml.lines[node.place[0] - 1][node.place[1] - 1 : node.place[3] - 1]

    def set(self, changes: Changes) -> str:
        """With other texts in some cells."""
        yaml = self.yaml
        for (row, name), text in changes.items():
            step = self._step(row, name)
            old = self._rows[row].get(step)
            if self._text(old) == text:
                continue
            value: Any = _cell_value(clean_cell(text, self.file))
            if old is not None and old.kind == "sequence":
                value = [_cell_value(part) for part in text.split("|")] if text else []
            yaml = YamlText(
                yaml.set(self.root, (*self.path, "rows", row, step), value, self.header), self.file
            )
        return yaml.text

    def _step(self, row: int, name: str) -> str | int:
        self._check(row)
        if name not in self.header:
            raise no_column(name, self.header, self._rows[row].span)
        return name if self._rows[row].kind == "mapping" else self.header.index(name)

    def _check(self, row: int) -> None:
        if not 0 <= row < len(self._rows):
            raise no_row(row, len(self._rows), Span(self.file, 1, 1, 1, 1))

    def insert(self, rows: Sequence[Mapping[str, str]], at: int | None) -> str:
        """With more rows in front of row `at`; None: at the end. They look like the first row."""
        as_list = not self._rows or self._rows[0].kind == "sequence"
        yaml = self.yaml
        for number, row in enumerate(rows):
            for name in row:
                if name not in self.header:
                    raise no_column(name, self.header, Span(self.file, 1, 1, 1, 1))
            cells = {name: _cell_value(clean_cell(row.get(name, ""), self.file)) for name in self.header}
            value = list(cells.values()) if as_list else {name: v for name, v in cells.items() if v != ""}
            place = (len(self._rows) if at is None else at) + number
            yaml = YamlText(yaml.insert(self.root, (*self.path, "rows"), value, place), self.file)
        return yaml.text

    def delete(self, rows: Iterable[int]) -> str:
        """Without some rows."""
        yaml = self.yaml
        for row in sorted(set(rows), reverse=True):
            self._check(row)
            yaml = YamlText(yaml.remove(self.root, (*self.path, "rows", row)), self.file)
        return yaml.text

    def move(self, row: int, to: int) -> str:
        """With a row at another number."""
        self._check(row)
        return self.yaml.move(self.root, (*self.path, "rows", row), to)


def _inline_header(table: Node, rows: Sequence[Node]) -> list[str]:
    columns = table.get("columns")
    if columns is not None:
        return [str(key.value) for key, _ in columns.items]
    parts = [table.get("inputs"), table.get("outputs")]
    names = [str(element.value) for part in parts if part is not None for element in part.elements]
    return [*names, *(["id"] if any(row.kind == "mapping" and row.get("id") for row in rows) else [])]


def _cell_value(text: str) -> Any:
    """A number or truth value where it is written exactly so, else text."""
    try:
        value = resolve(text)
    except NumberOutOfRange:
        return text
    return value if value is not None and scalar_text(value) == text else text


def open_table(texts: Texts, ruleset: str, table: str) -> CsvText | InlineTable:
    """The rows of a decision table, wherever they are written. Raises `EditError`."""
    yaml, root = texts.locate("ruleset", ruleset)
    path = yaml.existing(root, ("tables", table))
    rows = yaml.node(root, (*path, "rows"))
    if rows is None or not isinstance(rows.value, str):
        return InlineTable(yaml, root, path)
    file = (PurePosixPath(yaml.file).parent / rows.value).as_posix()
    return CsvText(texts.text(file), file)
