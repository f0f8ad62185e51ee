"""A decision table as a grid: typed in, pasted from a spreadsheet, filtered, reordered. Rows are rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from weighbridge.app import controls, editing
from weighbridge.app.here import here
from weighbridge.app.navigation import link
from weighbridge.app.shown import md, show_diagnostics, title_of
from weighbridge.app.words import language, t
from weighbridge.completion import title_of_name
from weighbridge.draft import EditError, Grid
from weighbridge.edits import AddRows, DeleteRows, Edit, MoveRow, PasteCells, SetCells, Together

HEIGHT = 460
ROW = "#"
"""Header of the column with the row's number, which can not be edited."""


def _grid(ruleset: str, table: str) -> Grid | None:
    """The table as the draft has it; where it can not be read, the page says why."""
    try:
        return here().workspace.draft.grid(ruleset, table)
    except EditError as error:
        show_diagnostics(error.diagnostics)
        link("source", t("open_source"))
        return None


def table_grid(ruleset: str, table: str) -> None:
    """The table: filtered, typed and pasted into, reordered."""
    grid = _grid(ruleset, table)
    if grid is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        words = st.text_input(
            t("filter_rows"),
            key=f"filter {ruleset} {table}",
            placeholder=t("search_hint"),
            icon=":material/filter_list:",
        )
        _paste(ruleset, table, grid)
        _reorder(ruleset, table, grid)
        link("source", t("as_source"), file=grid.file, line=str(grid.lines[0]) if grid.lines else "1")
    numbers = _matching(grid, words)
    st.caption(t("rows_shown", shown=f"{len(numbers):,}", total=f"{len(grid.rows):,}", file=md(grid.file)))
    shown = pd.DataFrame([(n + 1, *grid.rows[n]) for n in numbers], columns=[ROW, *grid.header])
    key = editing.key(f"grid {ruleset} {table} {words}")
    st.data_editor(
        shown,
        hide_index=True,
        num_rows="dynamic",
        height=HEIGHT,
        key=key,
        disabled=[ROW] if editing.may_edit() else True,
        column_config={ROW: st.column_config.NumberColumn(ROW, width=50, pinned=True)}
        | {name: st.column_config.TextColumn(_heading(ruleset, name), default="") for name in grid.header},
        on_change=_changed,
        args=(key, ruleset, table, numbers),
        alt=f"{ruleset} / {table}",
    )
    file = grid.file
    lines = {grid.lines[n] for n in numbers if n < len(grid.lines)}
    problems = [
        d for d in here().workspace.checked()[2] if d.span and d.span.file == file and d.span.line in lines
    ]
    show_diagnostics(problems, 6)


def row_form(ruleset: str, table: str, row: int) -> None:
    """One row as a form, a control per column: what one looks for of one rule."""
    grid = _grid(ruleset, table)
    if grid is None:
        return
    if row >= len(grid.rows):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("copy_row"),
            icon=":material/content_copy:",
            key="copy row",
            disabled=not editing.may_edit(),
            on_click=editing.apply,
            args=(_copied(ruleset, table, grid, row),),
        )
        controls.confirmed(
            t("delete"), t("delete_row"), "delete row", editing.apply, DeleteRows(ruleset, table, (row,))
        )
        link("rules", t("whole_table"), table=f"{ruleset}/{table}")
        line = str(grid.lines[row]) if row < len(grid.lines) else "1"
        link("source", t("as_source"), file=grid.file, line=line)
    cells = dict(zip(grid.header, grid.rows[row], strict=False))
    long = [name for name, value in cells.items() if len(value) > LONG]
    columns = st.columns(2)
    for number, name in enumerate(name for name in cells if name not in long):
        with columns[number % 2]:
            _row_cell(ruleset, table, row, name, cells[name])
    for name in long:
        _row_cell(ruleset, table, row, name, cells[name])


LONG = 44
"""Cells longer than this take a whole line of the form."""


def _row_cell(ruleset: str, table: str, row: int, name: str, value: str) -> None:
    key = editing.key(f"cell {ruleset} {table} {row} {name}")
    more: dict[str, Any] = {
        "key": key,
        "disabled": not editing.may_edit(),
        "on_change": _set_cell,
        "args": (key, ruleset, table, row, name, value),
    }
    if len(value) > 2 * LONG:
        st.text_area(md(_heading(ruleset, name)), value, height=84, **more)
    else:
        st.text_input(md(_heading(ruleset, name)), value, **more)


def _set_cell(key: str, ruleset: str, table: str, row: int, name: str, before: str) -> None:
    value = " ".join(str(st.session_state[key]).split())
    if value != before:
        editing.apply(SetCells(ruleset, table, {(row, name): value}))


def _copied(ruleset: str, table: str, grid: Grid, row: int) -> Edit:
    """The row once more, last in the table, under an id of its own."""
    cells = dict(zip(grid.header, grid.rows[row], strict=False))
    if cells.get("id"):
        taken = {dict(zip(grid.header, r, strict=False))["id"] for r in grid.rows}
        cells["id"] = next(
            f"{cells['id']}-{n}" for n in range(2, 100_000) if f"{cells['id']}-{n}" not in taken
        )
    return AddRows(ruleset, table, (cells,))


def _heading(ruleset: str, column: str) -> str:
    """A column as people call it, with its header in the file: that is what pasted blocks and the file have."""
    title = ""
    book = here().workspace.checked()[1]
    outputs = book.rulesets[ruleset].outputs if ruleset in book.rulesets else {}
    scope = book.scopes.get(ruleset)
    if column in HEADINGS:
        title = t(HEADINGS[column])
    elif column in outputs:
        title = title_of(outputs[column].title, t("verdict") if column == "verdict" else "")
    elif scope is not None and column in scope.symbols:
        title = title_of_name(column, scope.symbols[column], book, language())
    return f"{title} ({column})" if title and title.casefold() != column.casefold() else column


HEADINGS = {
    "id": "rule_id",
    "title_en": "title_en",
    "title_zh": "title_zh",
    "reason_en": "reason_en",
    "reason_zh": "reason_zh",
    "markets": "only_markets",
    "from": "from_day",
    "to": "to_day",
    "condition": "condition",
    "source": "citation",
    "citation": "citation",
    "url": "url",
    "confidence": "confidence",
    "checked": "checked",
}
"""Words for usual columns."""


def _matching(grid: Grid, words: str) -> list[int]:
    """Numbers of the rows to show: those with every word in some cell."""
    wanted = words.casefold().split()
    if not wanted:
        return list(range(len(grid.rows)))
    return [n for n, cells in enumerate(grid.rows) if all(w in "\t".join(cells).casefold() for w in wanted)]


def _changed(key: str, ruleset: str, table: str, numbers: list[int]) -> None:
    """What was typed into the grid becomes one edit."""
    changed: Mapping[str, Any] = st.session_state[key]
    edits: list[Edit] = []
    cells = {
        (numbers[int(place)], name): _cell(value)
        for place, row in changed["edited_rows"].items()
        for name, value in row.items()
        if name != ROW
    }
    if cells:
        edits.append(SetCells(ruleset, table, cells))
    added = [
        {name: _cell(value) for name, value in row.items() if name not in (ROW, "_index")}
        for row in changed["added_rows"]
    ]
    added = [row for row in added if any(row.values())]
    if added:
        edits.append(AddRows(ruleset, table, tuple(added)))
    if changed["deleted_rows"]:
        edits.append(DeleteRows(ruleset, table, tuple(numbers[int(n)] for n in changed["deleted_rows"])))
    if len(edits) == 1:
        editing.apply(edits[0])
    elif edits:
        editing.apply(Together(tuple(edits), {lang: edits[0].summary(lang) for lang in ("en", "zh")}))


def _cell(value: Any) -> str:
    return "" if value is None else str(value)


def _paste(ruleset: str, table: str, grid: Grid) -> None:
    """A block from a spreadsheet, for when the grid's own paste does not reach (many new rows)."""
    with st.popover(
        t("paste"), icon=":material/content_paste:", disabled=not editing.may_edit(), key=editing.key("paste")
    ):
        block = st.text_area(t("paste_here"), key="paste block", height=140, help=t("paste_help"))
        columns = st.columns(2)
        row = columns[0].number_input(t("at_row"), 1, len(grid.rows) + 1, len(grid.rows) + 1, key="paste row")
        column = columns[1].selectbox(t("at_column"), grid.header, key="paste column")
        if block and column is not None:
            st.button(
                t("paste"),
                type="primary",
                key="paste now",
                on_click=editing.apply,
                args=(PasteCells(ruleset, table, int(row) - 1, column, block),),
            )


def _reorder(ruleset: str, table: str, grid: Grid) -> None:
    if len(grid.rows) < 2:
        return
    with st.popover(
        t("move_row"), icon=":material/swap_vert:", disabled=not editing.may_edit(), key=editing.key("move")
    ):
        row = st.number_input(t("row_number"), 1, len(grid.rows), 1, key="move row")
        to = st.number_input(t("to_row"), 1, len(grid.rows), 1, key="move to")
        st.button(
            t("move_row"),
            type="primary",
            key="move now",
            disabled=row == to,
            on_click=editing.apply,
            args=(MoveRow(ruleset, table, int(row) - 1, int(to) - 1),),
        )
