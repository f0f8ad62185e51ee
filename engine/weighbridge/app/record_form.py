"""A form made from a record type: one control per field, by its type. Fields without a value are not known."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date
from typing import Any

import streamlit as st

from weighbridge.app.shown import md, plain, title_of
from weighbridge.app.state import remember, remembered
from weighbridge.app.units import unit_word
from weighbridge.app.words import t
from weighbridge.documents import FieldModel, RecordTypeModel
from weighbridge.expressions import parse_date

LONG = 60
"""Texts longer than this get several lines."""

Record = dict[str, Any]


def record_name(model: RecordTypeModel) -> str:
    """Where the session keeps the record of a type."""
    return f"record of {model.record_type}"


def current_record(model: RecordTypeModel, first: Mapping[str, Any]) -> Record:
    """The record the form shows; `first` is the one it starts with."""
    return dict(remembered(record_name(model), dict(first)))


def replace_record(model: RecordTypeModel, record: Mapping[str, Any]) -> None:
    """Puts another record into the form."""
    remember(record_name(model), {k: v for k, v in record.items() if v is not None})
    remember(f"{record_name(model)} shown", [])
    remember(f"{record_name(model)} number", remembered(f"{record_name(model)} number", 0) + 1)


def ask_for(model: RecordTypeModel, fields: Iterable[str]) -> None:
    """Shows fields in the form that have no value yet."""
    name = f"{record_name(model)} shown"
    remember(name, list(dict.fromkeys([*remembered(name, []), *(f for f in fields if f in model.fields)])))
    # The picker below the form is a control of its own, made anew so that it shows them too.
    remember(f"{name} number", remembered(f"{name} number", 0) + 1)


def record_form(model: RecordTypeModel, record: Mapping[str, Any]) -> Record:
    """Shows the form and gives the record as it stands in it; fields that are not shown keep their value."""
    kept = f"{record_name(model)} shown"
    number = remembered(f"{record_name(model)} number", 0)
    extra: list[str] = remembered(kept, [])
    visible = [n for n, f in model.fields.items() if f.required or n in record or n in extra]
    values: Record = {}
    for name in visible:
        value = _control(
            name, model.fields[name], record.get(name), f"field {model.record_type} {number} {name}"
        )
        if value is not None and value != "" and value != []:
            values[name] = value
    values |= {n: v for n, v in record.items() if n not in model.fields}
    hidden = [n for n in model.fields if n not in visible or n in extra]
    added = st.multiselect(
        t("more_fields"),
        hidden,
        default=[n for n in extra if n in hidden],
        format_func=lambda n: f"{title_of(model.fields[n].title, n)} ({n})",
        placeholder=t("more_fields_hint"),
        key=f"{kept} {number} {remembered(f'{kept} number', 0)}",
    )
    if list(added) != extra:
        remember(kept, list(added))
        st.rerun()
    remember(record_name(model), values)
    return values


def label(name: str, field: FieldModel) -> str:
    """A field's title with its unit."""
    unit = f" ({unit_word(field.unit)})" if field.unit else ""
    return md(title_of(field.title, name) + unit) + (" *" if field.required else "")


Control = Callable[[str, str, FieldModel, Any, str], Any]


def _control(name: str, field: FieldModel, value: Any, key: str) -> Any:
    return _CONTROLS[field.type](name, label(name, field), field, value, key)


def _text(name: str, words: str, field: FieldModel, value: Any, key: str) -> Any:
    text = None if value is None else str(value)
    choices = field.allowed or field.tree
    if choices is not None:
        # A value that may not be is kept and shown, so that the diagnostic has something to point at.
        options = [*choices, *([text] if text is not None and text not in choices else [])]
        return st.selectbox(
            words,
            options,
            index=None if text is None else options.index(text),
            placeholder=t("not_set"),
            help=md(name),
            key=key,
        )
    if text is not None and len(text) > LONG:
        return st.text_area(words, text, height=96, help=md(name), key=key)
    return st.text_input(words, text, placeholder=t("not_set"), help=md(name), key=key)


def _number(name: str, words: str, field: FieldModel, value: Any, key: str) -> Any:
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return st.number_input(
        words,
        value=float(value) if usable else None,
        step=1.0,
        format="%g",
        placeholder=t("not_set"),
        help=md(name),
        key=key,
    )


def _boolean(name: str, words: str, field: FieldModel, value: Any, key: str) -> Any:
    return st.segmented_control(
        words,
        [True, False],
        default=value if isinstance(value, bool) else None,
        format_func=plain,
        help=md(name),
        key=key,
    )


def _date(name: str, words: str, field: FieldModel, value: Any, key: str) -> Any:
    number = parse_date(value) if isinstance(value, str) else None
    day = value if isinstance(value, date) else None if number is None else date.fromordinal(int(number))
    return st.date_input(
        words,
        value=day,
        min_value=date(1900, 1, 1),
        max_value=date(2100, 12, 31),
        format="YYYY-MM-DD",
        help=md(name),
        key=key,
    )


def _texts(name: str, words: str, field: FieldModel, value: Any, key: str) -> Any:
    given = [value] if isinstance(value, str) else [str(v) for v in value or ()]
    options = list(dict.fromkeys([*given, *(field.allowed or ())]))
    return st.multiselect(
        words,
        options,
        default=list(dict.fromkeys(given)),
        accept_new_options=field.allowed is None,
        placeholder=t("list_hint"),
        help=md(name),
        key=key,
    )


_CONTROLS: Mapping[str, Control] = {
    "text": _text,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "text_list": _texts,
}
