"""CSV text into cells that know their place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.source import Place, decode, position, split_lines

_HALF_OF_A_PAIR = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: they can come from a program's text, but cannot be written to a file."""


class Cell(NamedTuple):
    """One cell of a table. `span` covers the cell as written, quotes included."""

    text: str
    file: str
    place: Place

    @property
    def span(self) -> Span:
        """Where the cell is written."""
        return Span(self.file, *self.place)

    def text_span(self, start: int, end: int) -> Span:
        """Where the characters `start` to `end` of the text stand; the whole cell when that is not plain."""
        span = self.span
        width = span.end_column - span.column
        if span.line != span.end_line or width not in (len(self.text), len(self.text) + 2):
            return span
        first = span.column + (width > len(self.text)) + max(0, start)
        return Span(span.file, span.line, first, span.line, max(first, first + end - max(0, start)))


class _TableReader:
    """Splits CSV text into rows of cells; a quoted cell may span lines."""

    def __init__(self, text: str, file: str, delimiter: str) -> None:
        self.lines = split_lines(text)
        self.file = file
        self.delimiter = delimiter
        self.diagnostics: list[Diagnostic] = []

    def rows(self) -> Iterator[list[Cell]]:
        """All rows that are not blank."""
        number = 0
        while number < len(self.lines):
            line = self.lines[number]
            number += 1
            if '"' in line:
                cells, number = self._quoted_row(number)
                yield cells
            elif line.strip():
                yield self._plain_row(line, number)

    def _plain_row(self, line: str, number: int) -> list[Cell]:
        cells: list[Cell] = []
        column = 1
        for raw in line.split(self.delimiter):
            end = column + len(raw)
            if raw.strip() == raw:
                cells.append(Cell(raw, self.file, (number, column, number, end)))
            else:
                cells.append(self._plain_cell(raw, number, column))
            column = end + 1
        return cells

    def _plain_cell(self, raw: str, line: int, column: int) -> Cell:
        text = raw.strip()
        column += len(raw) - len(raw.lstrip()) if text else 0
        return Cell(text, self.file, (line, column, line, column + len(text)))

    def _quoted_row(self, number: int) -> tuple[list[Cell], int]:
        """The row that begins in line `number` (from 1), and the number of its last line."""
        cells: list[Cell] = []
        line, at = self.lines[number - 1], 0
        while True:
            blank = len(line) - at - len(line[at:].lstrip(" "))
            if line.startswith('"', at + blank):
                cell, number, at = self._quoted_cell(number, at + blank)
                line = self.lines[number - 1]
                rest = line[at:].split(self.delimiter, 1)[0]
                if rest.strip():
                    span = Span(self.file, number, at + 1, number, at + len(rest) + 1)
                    self._report(
                        "text goes on after the closing quote",
                        span,
                        'quotes inside a cell written twice ("")',
                    )
                cells.append(cell)
                at += len(rest)
            else:
                raw = line[at:].split(self.delimiter, 1)[0]
                cells.append(self._plain_cell(raw, number, at + 1))
                at += len(raw)
            if at >= len(line):
                return cells, number
            at += 1

    def _quoted_cell(self, number: int, at: int) -> tuple[Cell, int, int]:
        """The cell whose quote opens at `at`; with it the line and place after its closing quote."""
        parts: list[str] = []
        for end in range(number, len(self.lines) + 1):
            text = self.lines[end - 1]
            place = at + 1 if end == number else 0
            close = _closing_quote(text, place)
            if close is not None:
                parts.append(text[place:close])
                text = "\n".join(parts).replace('""', '"')
                return Cell(text, self.file, (number, at + 1, end, close + 2)), end, close + 1
            parts.append(text[place:])
        span = Span(self.file, number, at + 1, number, at + 2)
        self._report("the quote that opens here is never closed", span, "a closing quote")
        last, width = len(self.lines), len(self.lines[-1])
        return Cell("\n".join(parts), self.file, (number, at + 1, last, width + 1)), last, width

    def _report(self, message: str, span: Span, expected: str) -> None:
        self.diagnostics.append(Diagnostic("WB010", message, span, expected=expected))


def _closing_quote(text: str, at: int) -> int | None:
    """Place of the quote that closes a cell, from `at` on; doubled quotes are part of the cell."""
    while (at := text.find('"', at)) >= 0:
        if not text.startswith('""', at):
            return at
        at += 2
    return None


def read_table(
    data: str | bytes, file: str, delimiter: str = ","
) -> tuple[list[Cell], list[list[Cell]], list[Diagnostic]]:
    """Header and rows of a CSV file, with the place of every cell, and what is wrong with it.

    Blank lines are skipped and blanks around cells without quotes dropped. Every row that is returned has as
    many cells as the header; ragged rows are reported and left out.
    """
    text, problems = decode(data, file)
    if text is None:
        return [], [], problems
    half = _HALF_OF_A_PAIR.search(text)
    if half is not None:
        before = split_lines(text[: half.start()])
        line, column = len(before), len(before[-1]) + 1
        span = Span(file, line, column, line, column + 1)
        return (
            [],
            [],
            [Diagnostic("WB009", "a broken character is not allowed", span, expected="its whole form")],
        )
    reader = _TableReader(text, file, delimiter)
    rows = list(reader.rows())
    if not rows:
        empty = Diagnostic(
            "WB012", "the table is empty", Span(file, 1, 1, 1, 1), expected="a line with the column names"
        )
        return [], [], [empty]
    header, body = rows[0], rows[1:]
    problems += [*reader.diagnostics, *_header_problems(header)]
    good = [row for row in body if len(row) == len(header)]
    problems += [_ragged(row, header) for row in body if len(row) != len(header)]
    return header, good, sorted(problems, key=position)


def _header_problems(header: list[Cell]) -> Iterator[Diagnostic]:
    seen: dict[str, Cell] = {}
    for cell in header:
        if not cell.text:
            yield Diagnostic(
                "WB012", "this column has no name", cell.span, expected="a name for every column"
            )
        elif cell.text in seen:
            yield Diagnostic(
                "WB012", f"two columns are called {cell.text!r}", cell.span, expected="each name once",
                related=(("the first stands here", seen[cell.text].span),),
            )  # fmt: skip
        seen.setdefault(cell.text, cell)


def _ragged(row: list[Cell], header: list[Cell]) -> Diagnostic:
    message = f"this row has {len(row)} cells, the header has {len(header)}"
    extra = len(row) > len(header)
    span = row[len(header)].span if extra else row[-1].span
    hint = "quotes around a cell that contains a comma" if extra else "a comma for every empty cell"
    return Diagnostic("WB011", message, span, expected=f"{len(header)} cells ({hint})")
