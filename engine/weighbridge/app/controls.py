"""Controls that hold one value of the draft: changed, they make one edit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import streamlit as st

from weighbridge.app import editing
from weighbridge.app.shown import md
from weighbridge.app.words import LANGUAGES, t
from weighbridge.edits import Address, Remove, SetValue
from weighbridge.expressions import parse_date

ValuePath = tuple[str | int, ...]
Clean = Callable[[Any], Any]


def _same(value: Any) -> Any:
    return value


def _key(at: Address, path: ValuePath) -> str:
    return editing.key(f"{at.kind} {at.id} {' '.join(map(str, path))}")


def _commit(key: str, at: Address, path: ValuePath, before: Any, clean: Clean) -> None:
    value = clean(st.session_state[key])
    if value in (None, "", []):
        if before is not None:
            editing.apply(Remove(at, path, prune=True))
    elif value != before:
        editing.apply(SetValue(at, path, value))


def text(
    words: str, at: Address, path: ValuePath, value: Any, *, lines: int = 1, help: str | None = None
) -> None:
    """A text; emptied, its key goes away."""
    key = _key(at, path)
    shown = "" if value is None else str(value)
    more: dict[str, Any] = {
        "key": key,
        "help": help,
        "disabled": not editing.may_edit(),
        "on_change": _commit,
        "args": (key, at, path, value, str.strip),
    }
    if lines > 1:
        st.text_area(words, shown, height=24 * lines + 24, **more)
    else:
        st.text_input(words, shown, **more)


def texts(at: Address, path: ValuePath, written: Any, *, words: Mapping[str, str], lines: int = 1) -> None:
    """A text in every language, side by side; `words` are the labels by language."""
    by_language = {"en": written} if isinstance(written, str) else dict(written or {})
    for column, lang in zip(st.columns(len(LANGUAGES)), LANGUAGES, strict=True):
        with column:
            text(words[lang], at, (*path, lang), by_language.get(lang), lines=lines)


def number(
    words: str,
    at: Address,
    path: ValuePath,
    value: float | None,
    *,
    low: float | None = None,
    high: float | None = None,
    step: float = 1.0,
    help: str | None = None,
) -> None:
    """A number, whole where it is whole."""
    key = _key(at, path)
    st.number_input(
        words,
        min_value=None if low is None else float(low),
        max_value=None if high is None else float(high),
        value=None if value is None else float(value),
        step=step,
        format="%g",
        key=key,
        help=help,
        disabled=not editing.may_edit(),
        on_change=_commit,
        args=(key, at, path, value, tidy),
    )


def tidy(value: float | None) -> float | int | None:
    """A number as people write it: 72, not 72.0."""
    return int(value) if value is not None and value == int(value) and abs(value) < 1e15 else value


def choice(
    words: str,
    at: Address,
    path: ValuePath,
    value: Any,
    options: Sequence[Any],
    *,
    show: Callable[[Any], str] = str,
    required: bool = False,
    help: str | None = None,
) -> None:
    """One of several values; without `required` also none of them."""
    key = _key(at, path)
    known = [*options, *([value] if value is not None and value not in options else [])]
    st.selectbox(
        words,
        known,
        index=known.index(value) if value is not None else (0 if required else None),
        format_func=show,
        placeholder=t("not_set_here"),
        key=key,
        help=help,
        disabled=not editing.may_edit(),
        on_change=_commit,
        args=(key, at, path, value, _same),
    )


def several(
    words: str,
    at: Address,
    path: ValuePath,
    value: Any,
    options: Sequence[str],
    *,
    show: Callable[[Any], str] = str,
    free: bool = False,
    help: str | None = None,
) -> None:
    """Any number of texts."""
    key = _key(at, path)
    given = [value] if isinstance(value, str) else [str(v) for v in value or ()]
    st.multiselect(
        words,
        list(dict.fromkeys([*given, *options])),
        default=list(dict.fromkeys(given)),
        format_func=show,
        accept_new_options=free,
        placeholder=t("not_set_here"),
        key=key,
        help=help,
        disabled=not editing.may_edit(),
        on_change=_commit,
        args=(key, at, path, given or None, list),
    )


def day(words: str, at: Address, path: ValuePath, value: Any) -> None:
    """A day, or none."""
    key = _key(at, path)
    ordinal = parse_date(value) if isinstance(value, str) else None
    shown = value if isinstance(value, date) else None if ordinal is None else date.fromordinal(int(ordinal))
    st.date_input(
        words,
        value=shown,
        min_value=date(1900, 1, 1),
        max_value=date(2100, 12, 31),
        format="YYYY-MM-DD",
        key=key,
        disabled=not editing.may_edit(),
        on_change=_commit,
        args=(key, at, path, value, _iso),
    )


def _iso(value: date | None) -> str | None:
    return None if value is None else value.isoformat()


def yes_no(words: str, at: Address, path: ValuePath, value: Any) -> None:
    """True, false, or not set."""
    key = _key(at, path)
    st.segmented_control(
        words,
        [True, False],
        default=value if isinstance(value, bool) else None,
        format_func=lambda v: t("yes") if v else t("no"),
        key=key,
        disabled=not editing.may_edit(),
        on_change=_commit,
        args=(key, at, path, value, _same),
    )


def confirmed(words: str, question: str, name: str, act: Callable[..., None], *args: Any) -> None:
    """A button that asks before it acts."""
    with st.popover(
        words, icon=":material/delete:", disabled=not editing.may_edit(), key=editing.key(f"ask {name}")
    ):
        st.markdown(md(question))
        st.button(words, key=f"sure {name}", type="primary", on_click=act, args=args)
