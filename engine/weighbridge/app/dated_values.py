"""A value that holds on certain days: a grid of from, to and value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import pandas as pd
import streamlit as st

from weighbridge.app import controls, editing
from weighbridge.app.words import t
from weighbridge.documents import DatedValue, DatedWeight
from weighbridge.edits import Address, Remove, SetValue

Dated = DatedValue | DatedWeight


def is_dated(entries: Sequence[Dated] | None) -> bool:
    """Whether a value is written as a list with dates."""
    return entries is not None and (len(entries) > 1 or any(e.from_ or e.to for e in entries))


def dated_values(
    words: str,
    at: Address,
    path: controls.ValuePath,
    entries: Sequence[Dated],
    kind: str,
    options: Sequence[str] | None = None,
) -> None:
    """The grid; every change of it is one edit. `kind` is the type of the value, `options` what it may be."""
    rows = [{"from": e.from_, "to": e.to, "value": _cell(e.value, kind)} for e in entries]
    key = editing.key(f"dated {at.id} {' '.join(map(str, path))}")
    st.data_editor(
        pd.DataFrame(rows, columns=["from", "to", "value"]),
        num_rows="dynamic",
        placeholder="–",
        hide_index=True,
        key=key,
        disabled=not editing.may_edit(),
        column_config={
            "from": _days(t("from_day")),
            "to": _days(t("to_day")),
            "value": _column(kind, options),
        },
        on_change=_set,
        args=(key, at, path, rows, kind),
        alt=words,
    )
    st.caption(t("dated_help"))


def _days(words: str, required: bool = False) -> Any:
    return st.column_config.DateColumn(
        words,
        format="YYYY-MM-DD",
        min_value=date(1900, 1, 1),
        max_value=date(2100, 12, 31),
        required=required,
    )


def _column(kind: str, options: Sequence[str] | None) -> Any:
    if options is not None:
        return st.column_config.SelectboxColumn(t("value"), options=list(options), required=True)
    if kind == "number":
        return st.column_config.NumberColumn(t("value"), format="%g", required=True)
    if kind == "boolean":
        return st.column_config.CheckboxColumn(t("value"), required=True, default=True)
    if kind == "date":
        return _days(t("value"), required=True)
    return st.column_config.TextColumn(t("value"), required=True)


def _cell(value: Any, kind: str) -> Any:
    """A value as a cell of the grid holds it."""
    if kind == "number":
        return float(value)
    if kind == "date" and isinstance(value, str):
        return date.fromisoformat(value)
    return ", ".join(map(str, value)) if isinstance(value, tuple) else value


def _set(key: str, at: Address, path: controls.ValuePath, rows: list[dict[str, Any]], kind: str) -> None:
    changed = st.session_state[key]
    gone = {int(number) for number in changed["deleted_rows"]}
    kept = [
        {**row, **changed["edited_rows"].get(number, {})}
        for number, row in enumerate(rows)
        if number not in gone
    ]
    kept += [row for row in changed["added_rows"] if row.get("value") not in (None, "")]
    written = [_written(row, kind) for row in kept]
    if not written:
        editing.apply(Remove(at, path, prune=True))
    elif len(written) == 1 and set(written[0]) == {"value"}:
        editing.apply(SetValue(at, path, written[0]["value"]))
    else:
        editing.apply(SetValue(at, path, written))


def _written(row: dict[str, Any], kind: str) -> dict[str, Any]:
    """A line of the grid as YAML has it."""
    days = {name: _day(row[name]) for name in ("from", "to") if row.get(name) not in (None, "")}
    value = row["value"]
    if kind == "number":
        value = controls.tidy(float(value))
    elif kind == "date":
        value = _day(value)
    elif kind == "text_list":
        value = [part.strip() for part in str(value).split(",") if part.strip()]
    return {**days, "value": value}


def _day(value: Any) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)[:10]
