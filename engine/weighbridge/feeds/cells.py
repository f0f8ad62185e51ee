"""One cell of a feed -> a typed value of a record field.

A cell is text (CSV, TSV, XML) or what JSON and Parquet hold: number, boolean, date, list. A converter gives
the value, None for "unknown", or raises `Unreadable`, which says what was expected.

| field type | text that is read |
|---|---|
| number | `12.5`, `-3`, `1e3`, `1,234.50`, `1,23,456`; with `decimal: ","` `1.234,50`; never `inf`, `1_0` |
| boolean | true/false, yes/no, 1/0 in any case |
| date | `2026-03-01`, `2026-03-01T10:00:00Z` (the day as written), or as `date_format` says |
| text | kept exactly as it stands |
| text_list | split at `split`; without it at `|` where there is one, else at `,`; items are trimmed |

Blank text and NaN are unknown, and so are the tokens of `missing`. "NA" is Namibia and is only unknown where
`missing` says so.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal

from weighbridge.documents import FieldModel
from weighbridge.feeds.feed import MAX_CELL
from weighbridge.feeds.json_path import is_list
from weighbridge.feeds.measures import in_unit, is_measure, split_amount

Convert = Callable[[Any], Any]
"""Cell -> value, or None for unknown; raises Unreadable."""

_BOOLEANS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
_GROUPED = re.compile(r"[-+]?[0-9]{1,3}(,[0-9]{2,3})*,[0-9]{3}(\.[0-9]*)?([eE][-+]?[0-9]+)?\Z")


class Unreadable(ValueError):
    """A cell that is not what its field needs; `expected` completes "expected ..."."""

    def __init__(self, expected: str) -> None:
        super().__init__(expected)
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Reading:
    """How cells are to be read.

    `strip` are characters taken out of numbers. `amounts` allows a unit or currency behind a number;
    `cell_unit` is the unit of numbers without one. `spellings` reads an allowed value in any case and with
    spaces for underscores ("In Stock" is in_stock), as the known feeds write it. `list_as_text` joins the
    values of an attribute that may be repeated for a field that holds one text.
    """

    missing: frozenset[str] = frozenset()
    strip: str = ""
    decimal: Literal[".", ","] = "."
    split: str | None = None
    date_format: str | None = None
    amounts: bool = False
    cell_unit: str | None = None
    spellings: bool = False
    list_as_text: bool = False

    def is_missing(self, text: str) -> bool:
        """True for blank text and the tokens that stand for "unknown"."""
        return not text or text.isspace() or (bool(self.missing) and text.strip() in self.missing)


def converter(field: FieldModel, reading: Reading) -> Convert:
    """The converter for cells that go into `field`."""
    match field.type:
        case "number":
            return _number(field.unit, reading)
        case "boolean":
            return _boolean(reading)
        case "date":
            return _date(reading)
        case "text_list":
            return _text_list(reading)
        case "text":
            return (
                _allowed_text(field.allowed, reading)
                if field.allowed and reading.spellings
                else _text(reading)
            )


def _text(reading: Reading) -> Convert:
    missing, list_as_text = reading.missing, reading.list_as_text

    def convert(cell: Any) -> str | None:
        if type(cell) is not str:
            if cell is None or _is_nan(cell):
                return None
            # Identifiers are often numbers in JSON and Parquet; a fraction would not survive as text.
            if isinstance(cell, int) and not isinstance(cell, bool):
                return str(cell)
            if not (list_as_text and is_list(cell)):
                raise Unreadable("text" + _instead_of(cell))
            cell = ", ".join(cell)
        text: str = cell
        if not text or text.isspace() or (missing and text.strip() in missing):
            return None
        if len(text) > MAX_CELL:
            raise Unreadable(f"at most {MAX_CELL:,} characters")
        return text

    return convert


def _allowed_text(allowed: Sequence[str], reading: Reading) -> Convert:
    text = _text(reading)
    spelling = {_plain(value): value for value in reversed(allowed)}

    def convert(cell: Any) -> str | None:
        value = text(cell)
        # What is no spelling of an allowed value is passed on: the record type says what is wrong with it.
        return None if value is None else spelling.get(_plain(value), value)

    return convert


def _plain(text: str) -> str:
    return text.strip().casefold().replace(" ", "_").replace("-", "_")


def _number(unit: str | None, reading: Reading) -> Convert:
    missing, points = reading.missing, reading.decimal == "."
    takes_unit = reading.amounts or reading.cell_unit is not None

    def convert(cell: Any) -> float | int | None:
        if type(cell) is not str:
            return _native_number(cell)
        if missing and cell.strip() in missing:
            return None
        if points and not takes_unit:
            try:
                value = float(cell)
            except ValueError:
                pass
            else:
                if value - value == 0.0 and "_" not in cell:
                    return value
                if value != value:
                    return None
        return _written_number(cell, unit, reading)

    return convert


def _written_number(cell: str, unit: str | None, reading: Reading) -> float | None:
    """A number that is more than digits: with group separators, decimal comma, unit, characters to strip."""
    text = cell
    for character in reading.strip:
        text = text.replace(character, "")
    text = text.strip()
    if reading.is_missing(text) or text.casefold() == "nan":
        return None
    given = ""
    if reading.amounts or reading.cell_unit is not None:
        amount = split_amount(text)
        if amount is None:
            raise Unreadable(_number_form(unit, reading))
        text, given = amount
    value = _plain_number(text, reading)
    if value is None:
        raise Unreadable(_number_form(unit, reading))
    if not (reading.amounts or reading.cell_unit is not None):
        return value
    converted = in_unit(value, given or reading.cell_unit or "", unit)
    if converted is None:
        raise Unreadable(_number_form(unit, reading))
    return converted


def _plain_number(text: str, reading: Reading) -> float | None:
    if reading.decimal == ",":
        # Points group digits here, so a lone point ("1.5") must not silently become fifteen.
        text = text.translate(str.maketrans(".,", ",."))
    if "," in text:
        if not _GROUPED.match(text):
            return None
        text = text.replace(",", "")
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and "_" not in text else None


def _number_form(unit: str | None, reading: Reading) -> str:
    example = "1234,5" if reading.decimal == "," else "1234.5"
    if reading.amounts and is_measure(unit):
        return f"a number with a unit that converts to {unit}, such as {example} {unit}"
    if reading.amounts:
        return f"a number with a currency, such as {example} {unit if unit and len(unit) == 3 else 'USD'}"
    return f"a number such as {example}"


def _native_number(cell: Any) -> float | int | None:
    if cell is None or _is_nan(cell):
        return None
    if isinstance(cell, bool) or not isinstance(cell, (int, float, Decimal)):
        raise Unreadable("a number" + _instead_of(cell))
    try:
        value = float(cell)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise Unreadable("a finite number")
    return value if isinstance(cell, Decimal) else cell


def _is_nan(cell: Any) -> bool:
    return isinstance(cell, (float, Decimal)) and math.isnan(cell)


def _boolean(reading: Reading) -> Convert:
    missing = reading.missing

    def convert(cell: Any) -> bool | None:
        if type(cell) is str:
            text = cell.strip()
            if not text or text in missing:
                return None
            value = _BOOLEANS.get(text.casefold())
            if value is not None:
                return value
        elif cell is None or isinstance(cell, bool):
            return cell
        elif isinstance(cell, int) and cell in (0, 1):
            return bool(cell)
        raise Unreadable("true or false, yes or no, 1 or 0")

    return convert


def _date(reading: Reading) -> Convert:
    form, missing = reading.date_format, reading.missing

    def convert(cell: Any) -> date | None:
        if type(cell) is str:
            text = cell.strip()
            if not text or text in missing:
                return None
            try:
                return _iso_date(text) if form is None else datetime.strptime(text, form).date()
            except ValueError:
                raise Unreadable(f"a date written as {form or 'YYYY-MM-DD'}") from None
        if cell is None:
            return None
        if isinstance(cell, date):
            return cell.date() if isinstance(cell, datetime) else cell
        raise Unreadable("a date written as YYYY-MM-DD" + _instead_of(cell))

    return convert


def is_date_format(form: str) -> bool:
    """Whether `form` writes a day so that it can be read again."""
    day = date(2026, 12, 31)
    try:
        return datetime.strptime(day.strftime(form), form).date() == day
    except ValueError:
        return False


def _iso_date(text: str) -> date:
    # fromisoformat also takes 20260301 and 2026-W09-7, which are more often something else than a date.
    if text[4:5] != "-" or text[7:8] != "-":
        raise ValueError(text)
    return date.fromisoformat(text) if len(text) == 10 else datetime.fromisoformat(text).date()


def _text_list(reading: Reading) -> Convert:
    item = _text(reading)

    def convert(cell: Any) -> list[str] | None:
        if is_list(cell):
            texts = [item(part) for part in cell]
        else:
            text = item(cell)
            if text is None:
                return None
            separator = reading.split or ("|" if "|" in text else ",")
            texts = [item(part.strip()) for part in text.split(separator)]
        values = [text for text in texts if text is not None]
        return values or None

    return convert


_KINDS: dict[type, str] = {
    bool: "a boolean",
    int: "a number",
    float: "a number",
    Decimal: "a number",
    str: "text",
    list: "a list",
    dict: "an object",
    date: "a date",
    datetime: "a date",
    bytes: "bytes",
}


def _instead_of(cell: object) -> str:
    return f", not {_KINDS.get(type(cell), type(cell).__name__)}"
