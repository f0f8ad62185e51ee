"""The numbers of an expression, each a control of its own: what most changes are about."""

from __future__ import annotations

import re
from collections.abc import Sequence

import streamlit as st

from weighbridge.app import editing
from weighbridge.app.controls import ValuePath
from weighbridge.app.here import here
from weighbridge.app.shown import md
from weighbridge.app.units import unit_word
from weighbridge.app.words import language
from weighbridge.completion import title_of_name
from weighbridge.edits import Address, SetValue
from weighbridge.thresholds import Threshold, number_text, thresholds, with_threshold

MOST_NUMBERS = 12
_NAME = re.compile(r"[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?")
_MEASURE = re.compile(_NAME.pattern + r" ?[<>]=? ?-?[\d.e_]+")


Limits = Sequence[tuple[int, Threshold]]
"""Numbers of an expression, each with its index in it."""


def limits_in(text: str) -> Limits:
    """The numbers of an expression but those of `==`, which name a case and no limit."""
    found = enumerate(thresholds(text))
    return [(n, limit) for n, limit in found if "==" not in limit.around and "!=" not in limit.around]


def measures_in(text: str) -> Limits:
    """The numbers that one name is measured by: `tenure < 60`, but neither factors nor what stands for unknown."""
    return [(n, limit) for n, limit in limits_in(text) if _MEASURE.fullmatch(limit.around)]


def number_controls(at: Address, where: ValuePath, text: str, found: Limits, owner: str) -> None:
    """A control for each of the numbers `found` in the expression `text` that stands at a path; `owner` is whose
    names it uses."""
    found = found[:MOST_NUMBERS]
    if not found:
        return
    columns = st.columns(min(3, len(found)))
    for place, (index, limit) in enumerate(found):
        key = editing.key(f"number {at.id} {where} {index}")
        columns[place % len(columns)].number_input(
            _label(limit.around, owner),
            value=limit.value,
            step=step_of(limit.value),
            format="%g",
            key=key,
            disabled=not editing.may_edit(),
            on_change=_set_number,
            args=(key, at, where, text, index),
        )


def _label(around: str, owner: str) -> str:
    """The comparison a number stands in, after the title and unit of what is compared, where that is one name."""
    scope = here().workspace.checked()[1].scopes.get(owner)
    names = (
        {} if scope is None else {n: scope.symbols[n] for n in _NAME.findall(around) if n in scope.symbols}
    )
    if len(names) != 1:
        return md(around)
    ((name, symbol),) = names.items()
    title = title_of_name(name, symbol, here().workspace.checked()[1], language())
    unit = f" ({unit_word(symbol.unit)})" if symbol.unit else ""
    return md(f"{title}{unit}: {around}" if title else around)


def step_of(value: float) -> float:
    """A step that suits the size of a number: 1 for 72, 0.01 for 0.35, 100 for 1000."""
    if value == int(value):
        return 100.0 if abs(value) >= 1000 else 10.0 if abs(value) >= 200 else 1.0
    digits = number_text(value).split(".")[-1]
    return float(10.0 ** -min(len(digits), 6)) if digits.isdigit() else 0.01


def _set_number(key: str, at: Address, where: ValuePath, text: str, index: int) -> None:
    value = st.session_state[key]
    if value is not None:
        editing.apply(SetValue(at, where, with_threshold(text, index, value)))
