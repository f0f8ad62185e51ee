"""Decision tables edited cell by cell, row by row and by paste, in CSV files and inline."""

from __future__ import annotations

import csv
import io
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from weighbridge.table_edits import CsvText, InlineTable, read_block
from weighbridge.yaml_text import EditError, YamlText

ROOT = Path(__file__).resolve().parents[1]
TABLES = sorted((ROOT / "rulesets").rglob("*.csv"))
TABLE = 'id,when,note\r\na,x > 1,"one, two"\r\n\r\nb,x > 2,"with ""quotes"""\r\nc,,"two\r\nlines"\r\n'
INLINE = """\
ruleset: r
tables:
  - id: t
    inputs: [a, b]
    outputs: [v]
    rows:
      # first
      - [1, "x", warn] # keep
      - [[p, q], 2.50, pass]
"""


@pytest.mark.parametrize("path", TABLES, ids=lambda p: p.name)
def test_a_cell_changes_alone_in_every_shipped_table(path: Path) -> None:
    text = path.read_bytes().decode("utf-8-sig")
    table = CsvText(text, path.name)
    assert table.set({}) == text
    row, column = len(table.rows) // 2, table.header[-1]
    new = table.set({(row, column): 'changed, "it"'})
    before, after = table.cells(), CsvText(new, path.name).cells()
    before[row][-1] = 'changed, "it"'
    assert after == before
    line = table.lines[row] - 1
    old_lines, new_lines = text.split("\n"), new.split("\n")
    assert old_lines[:line] == new_lines[:line]
    assert old_lines[line + 1 :] == new_lines[line + 1 :]


def test_layout_quotes_and_line_ends_stay() -> None:
    table = CsvText(TABLE, "t.csv")
    assert table.set({(0, "note"): "x"}) == TABLE.replace('"one, two"', '"x"')
    assert table.set({(0, "when"): "a,b"}) == TABLE.replace("x > 1", '"a,b"')
    assert table.set({(2, "when"): "l1\nl2"}) == TABLE.replace("c,,", 'c,"l1\r\nl2",')


def test_rows_are_added_deleted_and_moved_as_they_are_written() -> None:
    table = CsvText(TABLE, "t.csv")
    assert table.insert([{"id": "d"}], None) == TABLE + "d,,\r\n"
    assert table.insert([{"id": "d", "note": "n"}], 0) == TABLE.replace("a,x", "d,,n\r\na,x")
    assert table.delete([2]) == TABLE[: TABLE.index("c,,")]
    assert [r[0] for r in CsvText(table.delete([0, 1]), "t.csv").cells()] == ["c"]
    moved = CsvText(table.move(2, 0), "t.csv")
    assert [r[0] for r in moved.cells()] == ["c", "a", "b"]
    assert moved.cells()[0][2] == "two\nlines"
    assert CsvText(TABLE.rstrip(), "t.csv").delete([2]) == TABLE[: TABLE.index("c,,")].rstrip("\r\n")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.text(alphabet='ab,"\n |é', max_size=6), min_size=2, max_size=2), max_size=4))
def test_rows_of_any_text_are_read_back(rows: list[list[str]]) -> None:
    text = CsvText("x,y\n", "t.csv").insert([dict(zip("xy", row, strict=True)) for row in rows], None)
    assert CsvText(text, "t.csv").cells() == rows


def test_a_broken_table_is_left_alone() -> None:
    with pytest.raises(EditError, match="cells"):
        CsvText("a,b\n1\n", "t.csv")


def test_unknown_rows_and_columns_are_named() -> None:
    with pytest.raises(EditError, match="did you mean: note"):
        CsvText(TABLE, "t.csv").set({(0, "not"): "x"})
    with pytest.raises(EditError, match="the table has 3"):
        CsvText(TABLE, "t.csv").set({(3, "note"): "x"})
    with pytest.raises(EditError, match="broken character"):
        CsvText(TABLE, "t.csv").set({(0, "note"): "\ud800"})


def test_inline_rows() -> None:
    table = InlineTable(YamlText(INLINE, "f"), 0, ("tables", "t"))
    assert table.cells() == [["1", "x", "warn"], ["p|q", "2.50", "pass"]]
    assert table.set({(0, "a"): "> 5"}) == INLINE.replace("[1,", '["> 5",')
    assert table.set({(1, "b"): "7"}) == INLINE.replace("2.50", "7")
    assert table.set({(1, "a"): "p|z"}) == INLINE.replace("[p, q]", "[p, z]")
    assert table.set({(0, "a"): "1", (1, "b"): "2.50"}) == INLINE
    assert table.insert([{"a": "3", "v": "block"}], None) == INLINE + '      - [3, "", block]\n'
    assert table.delete([0]) == INLINE.replace('      # first\n      - [1, "x", warn] # keep\n', "")
    moved = InlineTable(YamlText(table.move(1, 0), "f"), 0, ("tables", "t"))
    assert [row[2] for row in moved.cells()] == ["pass", "warn"]


def test_a_pasted_block_is_read_as_spreadsheets_write_it() -> None:
    assert read_block("a\tb\r\nc\td\r\n") == [["a", "b"], ["c", "d"]]
    assert read_block('"two\nlines"\t"say ""hi"""\n') == [["two\nlines", 'say "hi"']]
    assert read_block("a\n\nb") == [["a"], [""], ["b"]]
    assert read_block("") == [[""]]


def test_ten_thousand_rows_stay_quick() -> None:
    """One cell costs a few readings of the file, not one per row."""
    text = io.StringIO()
    csv.writer(text).writerows([["id", "v"], *([f"r{i}", f"text, {i}"] for i in range(10_000))])
    start = time.process_time()
    table = CsvText(text.getvalue(), "t.csv")
    reading = time.process_time() - start
    start = time.process_time()
    new = table.set({(i, "v"): "new" for i in range(0, 10_000, 10)})
    CsvText(new, "t.csv").delete(range(0, 10_000, 2))
    CsvText(new, "t.csv").move(0, 9_999)
    assert time.process_time() - start < 20 * reading + 0.5
