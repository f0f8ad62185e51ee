"""CSV text into cells: contents, exact places, and tables that are not rectangular."""

from __future__ import annotations

import csv
import io

import pytest

from weighbridge.diagnostics import Span
from weighbridge.table_text import Cell, read_table


def texts(data: str | bytes) -> list[list[str]]:
    header, rows, problems = read_table(data, "t.csv")
    assert problems == []
    return [[cell.text for cell in row] for row in (header, *rows)]


def problems_of(data: str | bytes) -> list[str]:
    found = read_table(data, "t.csv")[2]
    return [f"{problem.code} {problem.span.line}:{problem.span.column}" for problem in found if problem.span]


def place(cell: Cell) -> tuple[int, int, int, int]:
    span = cell.span
    return (span.line, span.column, span.end_line, span.end_column)


def test_cells_and_their_places() -> None:
    header, rows, problems = read_table('id,note\na1,plain\nb2,"q, ""r"""\nc3, x \n', "t.csv")
    assert problems == []
    assert [cell.text for cell in header] == ["id", "note"]
    assert [[cell.text for cell in row] for row in rows] == [["a1", "plain"], ["b2", 'q, "r"'], ["c3", "x"]]
    assert rows[0][1].span == Span("t.csv", 2, 4, 2, 9)
    assert place(rows[1][1]) == (3, 4, 3, 14)
    assert place(rows[2][1]) == (4, 5, 4, 6)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_cells_over_several_lines_keep_places_right(end: str) -> None:
    text = f'\ufeffid,note,z{end}a,"one{end}two, ""x""{end}three",z1{end}{end}b,c,z2{end}'
    header, rows, problems = read_table(text.encode(), "t.csv")
    assert problems == []
    assert place(header[0]) == (1, 1, 1, 3)
    assert [cell.text for cell in rows[0]] == ["a", 'one\ntwo, "x"\nthree', "z1"]
    assert [place(cell) for cell in rows[0]] == [(2, 1, 2, 2), (2, 3, 4, 7), (4, 8, 4, 10)]
    assert [place(cell) for cell in rows[1]] == [(6, 1, 6, 2), (6, 3, 6, 4), (6, 5, 6, 7)]


def test_empty_cells_at_every_position() -> None:
    assert texts('a,b,c\n,,\nx,,\n,"",y\n') == [["a", "b", "c"], ["", "", ""], ["x", "", ""], ["", "", "y"]]


def test_quotes_inside_a_plain_cell_are_text() -> None:
    assert texts('a,b\n5" tube,say "hi"\n') == [["a", "b"], ['5" tube', 'say "hi"']]


def test_a_tsv_keeps_commas() -> None:
    header, rows, _ = read_table("a\tb\n1,5\t2\n", "t.tsv", "\t")
    assert [cell.text for cell in (*header, *rows[0])] == ["a", "b", "1,5", "2"]


def test_agrees_with_the_standard_library() -> None:
    rows = [["id", "n"]] + [[f"r{i}", 'x,"y"\nz' if i % 3 else f" {i}"[1:]] for i in range(50)]
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    assert texts(text.getvalue()) == rows


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["WB012 1:1"]),
        ("\n\n", ["WB012 1:1"]),
        ("a,b\n1\n", ["WB011 2:1"]),
        ("a,b\n1,2,3,4\n5,6\n", ["WB011 2:5"]),
        ('a,b\n"x\ny",2,3\n', ["WB011 3:6"]),
        ("a,,a\n1,2,3\n", ["WB012 1:3", "WB012 1:4"]),
        ('a,b\n"x"y,2\n', ["WB010 2:4"]),
        ('a,b\n1,2\n3,"x\ny\n', ["WB010 3:3"]),
        (b"a,b\n1,\xff\n", ["WB001 2:3"]),
        ("a,b\n1\n1,2,3\n", ["WB011 2:1", "WB011 3:5"]),
    ],
)
def test_what_is_wrong_with_a_table(text: str | bytes, found: list[str]) -> None:
    assert problems_of(text) == found


def test_ragged_rows_are_left_out_and_the_rest_is_kept() -> None:
    _, rows, problems = read_table("a,b\n1\n3,4\n", "t.csv")
    assert [[cell.text for cell in row] for row in rows] == [["3", "4"]]
    assert "1 cells, the header has 2" in problems[0].message


def test_ten_thousand_rows_with_quoted_cells_keep_their_lines() -> None:
    body = "".join(f'r{i},"a, ""b""\nc",{i}\n' for i in range(10_000))
    _, rows, problems = read_table("id,note,n\n" + body, "t.csv")
    assert problems == []
    assert len(rows) == 10_000
    assert [cell.text for cell in rows[-1]] == ["r9999", 'a, "b"\nc', "9999"]
    assert place(rows[-1][2]) == (20_001, 4, 20_001, 8)


def test_a_part_of_a_cell() -> None:
    _, rows, _ = read_table('a,b\n>= 5,"x or y"\n"a ""b""",c\n', "t.csv")
    assert rows[0][0].text_span(3, 4) == Span("t.csv", 2, 4, 2, 5)
    assert rows[0][1].text_span(5, 6) == Span("t.csv", 2, 12, 2, 13)
    assert rows[1][0].text_span(2, 3) == rows[1][0].span
