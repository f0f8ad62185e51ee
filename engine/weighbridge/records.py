"""Records: a mapping of field values, checked against its record type and brought into the engine's form.

The generated code of a program handles the usual values itself and comes here for the rest: numbers of other
kinds, dates, lists, and everything that is wrong.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from weighbridge.diagnostics import Diagnostic, InvalidRecord, unknown_name
from weighbridge.documents import FieldModel, RecordTypeModel
from weighbridge.expressions import parse_date
from weighbridge.masking import MASK
from weighbridge.tree import Type, Value

LARGEST = 1.7976931348623157e308
MAX_TEXT = 1_000_000
MAX_LIST = 10_000
MAX_SHOWN = 60
MAX_UNKNOWN = 20


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
    tree: frozenset[str] | None = None
    personal: bool = False

    def read(self, value: Any, problems: list[Diagnostic]) -> Value:
        """The value in the engine's form (None where missing); what does not fit becomes a diagnostic."""
        try:
            known, problem = self._convert(value)
        except Exception:  # an object with methods of its own, which failed: no value of ours
            known, problem = self._misfit(value, f"a {self.type}")
        if problem is not None:
            problems.append(problem)
        elif known is None and self.required:
            problems.append(Diagnostic("WB403", f"{self.name} is missing", expected=f"a {self.type}"))
        return known

    def _misfit(self, value: Any, expected: str) -> tuple[None, Diagnostic]:
        return None, Diagnostic(
            "WB401", f"{self.name}: {self._shown(shown(value))} is not valid", expected=expected
        )

    def _shown(self, text: str) -> str:
        return MASK if self.personal else text

    # Values may be of any subclass, whose methods may do anything. So the base class's own methods are
    # called, and what goes on to the rules is of exactly the types of `tree.Value`.

    def _convert(self, value: Any) -> tuple[Value, Diagnostic | None]:
        if value is None or _is_missing(value):
            return None, None
        match self.type:
            case Type.NUMBER:
                return self._number(value)
            case Type.BOOLEAN:
                if isinstance(value, bool) or _is_of(value, "numpy", "bool", "bool_"):
                    return bool(value), None
                return self._misfit(value, "true or false")
            case Type.DATE:
                return self._date(value)
            case Type.TEXTS:
                return self._texts(value)
            case _:
                return self._text(value)

    def _number(self, value: Any) -> tuple[Value, Diagnostic | None]:
        words = "a number"
        if self.minimum > -LARGEST or self.maximum < LARGEST:
            low = "" if self.minimum == -LARGEST else f" from {self.minimum:g}"
            high = "" if self.maximum == LARGEST else f" to {self.maximum:g}"
            words += low + high
        if isinstance(value, bool) or not isinstance(value, numbers.Real | Decimal):
            return self._misfit(value, words)
        try:
            number = _as_float(value)
        except (OverflowError, ValueError):
            return self._misfit(value, words)
        if math.isnan(number):
            return None, None
        return (number, None) if self.minimum <= number <= self.maximum else self._misfit(value, words)

    def _date(self, value: Any) -> tuple[Value, Diagnostic | None]:
        if isinstance(value, date):
            return float(date.toordinal(value)), None
        if isinstance(value, str):
            text = str.__str__(value).strip()
            day = parse_date(text)
            if day is not None or not text:
                return day, None
        return self._misfit(value, "a date as 2026-03-01")

    def _texts(self, value: Any) -> tuple[Value, Diagnostic | None]:
        kind = next((k for k in (list, tuple, set, frozenset) if isinstance(value, k)), None)
        if kind is None:
            return self._misfit(value, "a list of texts")
        texts: list[str] = []
        if kind.__len__(value) <= MAX_LIST:
            for entry in kind.__iter__(value):
                if entry is None:
                    continue
                text, problem = self._text(entry)
                if problem is not None:
                    return None, problem
                texts += [text] if isinstance(text, str) else []
        if kind.__len__(value) > MAX_LIST or sum(map(len, texts)) > MAX_TEXT:
            return self._misfit(value, f"at most {MAX_LIST} texts, together of at most {MAX_TEXT} characters")
        return tuple(sorted(texts) if kind in (set, frozenset) else texts), None

    def _text(self, value: Any) -> tuple[Value, Diagnostic | None]:
        if not isinstance(value, str):
            return self._misfit(value, "a text")
        text = str.__str__(value)
        if len(text) > MAX_TEXT:
            return self._misfit(text, f"a text of at most {MAX_TEXT} characters")
        if not text or text.isspace():
            return None, None
        if not is_unicode(text):
            return self._misfit(text, "a text without halves of surrogate pairs")
        if self.allowed is not None and text not in self.allowed:
            return None, unknown_name("WB402", f"value of {self.name}", self._shown(text), self.choices)
        if self.tree is not None and self.tree.isdisjoint(prefixes(text)):
            return None, unknown_name("WB402", f"path of {self.name}", self._shown(text), self.choices)
        return text, None


NO_PATHS: frozenset[str] = frozenset()


def prefixes(path: str | None) -> frozenset[str]:
    """A category path and the paths above it; nothing for an unknown one."""
    if path is None:
        return NO_PATHS
    found = [path]
    cut = path.rfind("/")
    while cut >= 0:
        found.append(path[:cut])
        cut = path.rfind("/", 0, cut)
    return frozenset(found)


def _as_float(value: Any) -> float:
    """The number as a float, by the methods of Python's own types where it is of a subclass of them."""
    if isinstance(value, float):
        return float.__float__(value)
    return int.__float__(value) if isinstance(value, int) else float(value)


def is_unicode(text: str) -> bool:
    """Whether a text can be written down: one with half of a surrogate pair cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_of(value: Any, package: str, *types: str) -> bool:
    """Whether a value is of one of these types of a package that need not be loaded."""
    kind = type(value)
    return kind.__name__ in types and kind.__module__.split(".")[0] == package


def _is_missing(value: Any) -> bool:
    if isinstance(value, float):
        return math.isnan(float.__float__(value))
    return _is_of(value, "pandas", "NAType", "NaTType")


def shown(value: Any) -> str:
    """A value as a message shows it: short and on one line, whatever it is."""
    try:
        text = repr(str.__str__(value)[:MAX_SHOWN] if isinstance(value, str) else value)
        text = str.__str__(text)
    except Exception:  # an object that cannot show itself, or a whole number of thousands of digits
        return "this value"
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 3] + "..."


def reader(name: str, field: FieldModel) -> FieldReader:
    """The reader of a field."""
    return FieldReader(
        name,
        Type(field.type),
        field.required,
        -LARGEST if field.min is None else float(field.min),
        LARGEST if field.max is None else float(field.max),
        None if field.allowed is None else frozenset(field.allowed),
        field.allowed or field.tree or (),
        None if field.tree is None else frozenset(field.tree),
        field.personal is not None,
    )


def readers(model: RecordTypeModel) -> dict[str, FieldReader]:
    """The readers of a record type, by field."""
    return {name: reader(name, field) for name, field in model.fields.items()}


def unknown_fields(record: Mapping[str, Any], model: RecordTypeModel) -> list[Diagnostic]:
    """A diagnostic for every key that is no field (for the first few of many)."""
    unknown = [key for key in record if not (type(key) is str and key in model.fields)]
    problems = [_unknown_field(key, model) for key in unknown[:MAX_UNKNOWN]]
    if len(unknown) > MAX_UNKNOWN:
        problems.append(Diagnostic("WB404", f"{len(unknown) - MAX_UNKNOWN} more keys are no fields"))
    return problems


def _unknown_field(key: Any, model: RecordTypeModel) -> Diagnostic:
    if type(key) is not str:
        return Diagnostic("WB404", f"the key {shown(key)} is not a text", expected="the name of a field")
    return unknown_name("WB404", "field", key, model.fields, where=f" of {model.record_type}")


def plain_record(record: Any) -> dict[str, Any]:
    """A plain dictionary of a record whose own methods fail, or are not those of a mapping.

    Raises `InvalidRecord`.
    """
    pairs: dict[Any, Any] | None = None
    if isinstance(record, Mapping):
        try:
            pairs = dict(dict.items(record) if isinstance(record, dict) else record.items())
        except Exception:  # whatever the methods of the caller's object raise
            pairs = None
    if pairs is None or not all(isinstance(key, str) for key in pairs):
        what = "this is not a record" if pairs is None else "a key of the record is not a text"
        raise InvalidRecord([Diagnostic("WB406", what, expected="a mapping of field names to values")])
    return {str.__str__(key): value for key, value in pairs.items()}


def read_record(
    record: Mapping[str, Any], model: RecordTypeModel
) -> tuple[dict[str, Value], list[Diagnostic]]:
    """Every field in the engine's form, and every problem. The plain counterpart of the generated reading code."""
    problems = [] if model.additional_fields == "ignore" else unknown_fields(record, model)
    values = {name: r.read(record.get(name), problems) for name, r in readers(model).items()}
    return values, problems
