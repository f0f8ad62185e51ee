"""Records: a mapping of field values, checked against its record type and brought into the engine's form.

The generated code of a program handles the usual values itself and comes here for the rest: numbers of other
kinds, dates, lists, and everything that is wrong.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from weighbridge.diagnostics import Diagnostic, unknown_name
from weighbridge.documents import FieldModel, RecordTypeModel
from weighbridge.expressions import parse_date
from weighbridge.tree import Type, Value

LARGEST = 1.7976931348623157e308
MAX_TEXT = 1_000_000
MAX_LIST = 10_000


@dataclass(frozen=True, slots=True)
class FieldReader:
    """Reads one field. `minimum` and `maximum` are finite, so that a range check also refuses infinities."""

    name: str
    type: Type
    required: bool
    minimum: float
    maximum: float
    allowed: frozenset[str] | None
    choices: tuple[str, ...]

    def read(self, value: Any, problems: list[Diagnostic]) -> Value:
        """The value in the engine's form (None where missing); what does not fit becomes a diagnostic."""
        known, expected = self._convert(value)
        if expected is not None:
            problems.append(
                Diagnostic("WB401", f"{self.name}: {_shown(value)} is not valid", expected=expected)
                if not (self.allowed is not None and isinstance(value, str))
                else unknown_name("WB402", f"value of {self.name}", value, self.choices)
            )
            return None
        if known is None and self.required:
            problems.append(Diagnostic("WB403", f"{self.name} is missing", expected=f"a {self.type}"))
        return known

    def _convert(self, value: Any) -> tuple[Value, str | None]:
        if value is None or (isinstance(value, float) and math.isnan(value)):
            return None, None
        match self.type:
            case Type.NUMBER:
                return self._number(value)
            case Type.BOOLEAN:
                known = (
                    value
                    if isinstance(value, bool)
                    else bool(value)
                    if type(value).__name__ == "bool_"
                    else None
                )
                return known, None if known is not None else "true or false"
            case Type.DATE:
                return self._date(value)
            case Type.TEXTS:
                return self._texts(value)
            case _:
                return self._text(value)

    def _number(self, value: Any) -> tuple[Value, str | None]:
        words = "a number"
        if self.minimum > -LARGEST or self.maximum < LARGEST:
            low = "" if self.minimum == -LARGEST else f" from {self.minimum:g}"
            high = "" if self.maximum == LARGEST else f" to {self.maximum:g}"
            words += low + high
        if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
            return None, words
        try:
            number = float(value)
        except (OverflowError, ValueError):
            return None, words
        if math.isnan(number):
            return None, None
        return (number, None) if self.minimum <= number <= self.maximum else (None, words)

    def _date(self, value: Any) -> tuple[Value, str | None]:
        if isinstance(value, datetime):
            value = value.date()
        if isinstance(value, date):
            return float(value.toordinal()), None
        if isinstance(value, str):
            if not value.strip():
                return None, None
            day = parse_date(value.strip())
            if day is not None:
                return day, None
        return None, "a date as 2026-03-01"

    def _texts(self, value: Any) -> tuple[Value, str | None]:
        if isinstance(value, str) or not isinstance(value, list | tuple | set | frozenset):
            return None, "a list of texts"
        if not all(isinstance(v, str) or v is None for v in value) or len(value) > MAX_LIST:
            return None, f"a list of at most {MAX_LIST} texts"
        ordered = sorted(value, key=str) if isinstance(value, set | frozenset) else value
        return tuple(v for v in ordered if v is not None and v.strip()), None

    def _text(self, value: Any) -> tuple[Value, str | None]:
        if not isinstance(value, str):
            return None, "a text"
        if len(value) > MAX_TEXT:
            return None, f"a text of at most {MAX_TEXT} characters"
        if not value or value.isspace():
            return None, None
        if self.allowed is not None and value not in self.allowed:
            return None, "one of: " + ", ".join(self.choices)
        return str(value), None


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def reader(name: str, field: FieldModel) -> FieldReader:
    """The reader of a field."""
    return FieldReader(
        name,
        Type(field.type),
        field.required,
        -LARGEST if field.min is None else float(field.min),
        LARGEST if field.max is None else float(field.max),
        None if field.allowed is None else frozenset(field.allowed),
        field.allowed or (),
    )


def readers(model: RecordTypeModel) -> dict[str, FieldReader]:
    """The readers of a record type, by field."""
    return {name: reader(name, field) for name, field in model.fields.items()}


def unknown_fields(record: Mapping[str, Any], model: RecordTypeModel) -> list[Diagnostic]:
    """A diagnostic for every key that is no field."""
    return [
        unknown_name("WB404", "field", str(key), model.fields, where=f" of {model.record_type}")
        for key in record
        if key not in model.fields
    ]


def read_record(
    record: Mapping[str, Any], model: RecordTypeModel
) -> tuple[dict[str, Value], list[Diagnostic]]:
    """Every field in the engine's form, and every problem. The plain counterpart of the generated reading code."""
    problems = [] if model.additional_fields == "ignore" else unknown_fields(record, model)
    values = {name: r.read(record.get(name), problems) for name, r in readers(model).items()}
    return values, problems
