"""Numbers with a unit behind them ("2.5 kg", "15.00 USD"), in the unit of the field that takes them."""

from __future__ import annotations

import re

# Each table gives the size of a unit in the first unit of the table.
_MASS = {"g": 1.0, "mg": 0.001, "kg": 1000.0, "lb": 453.59237, "lbs": 453.59237, "oz": 28.349523125}
_LENGTH = {"mm": 1.0, "cm": 10.0, "m": 1000.0, "in": 25.4, "inch": 25.4, "ft": 304.8}
_VOLUME = {"ml": 1.0, "cl": 10.0, "l": 1000.0}
_TABLES = (_MASS, _LENGTH, _VOLUME)

_CURRENCY = re.compile(r"[A-Z]{3}\Z")
_AMOUNT = re.compile(r"\s*([-+]?[0-9.,]+)\s*([^\W\d_]+)?\s*\Z")


def split_amount(text: str) -> tuple[str, str] | None:
    """("15.00", "USD") of "15.00 USD"; the unit is "" where there is none; None where this is no amount."""
    found = _AMOUNT.match(text)
    return (found[1], found[2] or "") if found else None


def is_measure(unit: str | None) -> bool:
    """True for units of mass, length and volume that can be converted."""
    return unit is not None and any(unit in table for table in _TABLES)


def is_currency(unit: str | None) -> bool:
    """True for what is written like an ISO 4217 code."""
    return unit is not None and _CURRENCY.match(unit) is not None


def in_unit(amount: float, unit: str, wanted: str | None) -> float | None:
    """`amount` of `unit`, expressed in `wanted`; None where one cannot become the other.

    A currency is dropped where the field does not say which it wants: fields such as `price` are in the
    listing's own currency.
    """
    if is_measure(wanted):
        table = next(t for t in _TABLES if wanted in t)
        size = table.get(unit.casefold())
        return None if size is None else amount * size / table[wanted or ""]
    if is_currency(wanted):
        return amount if unit in ("", wanted) else None
    return amount if unit == "" or is_currency(unit) else None
