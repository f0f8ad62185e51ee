"""Records by the thousand: columns of values, checked against their record type as single records are.

What a value may look like is said once, by `FieldReader`; here it is asked once per distinct value of a column,
and columns of numbers and truth values are checked whole. A bad value spoils its row and no other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from weighbridge.diagnostics import Diagnostic
from weighbridge.records import MAX_TEXT, FieldReader
from weighbridge.tree import Type, Value
from weighbridge.vectors import (
    BOOLEANS,
    NUMERIC,
    ArrowTexts,
    Coded,
    Codes,
    Fixed,
    Mask,
    Vector,
    Vocabulary,
    code_type,
)


@dataclass(slots=True)
class Columns:
    """The records of a chunk in the engine's form; `problems` by row, in order of fields."""

    size: int
    vectors: dict[str, Vector]
    problems: dict[int, list[Diagnostic]] = field(default_factory=dict[int, list[Diagnostic]])


class ColumnReader:
    """Reads the columns of one record type, chunk after chunk of one run.

    `key` is the field in which every record differs: equal values of it are not looked for.
    """

    def __init__(self, readers: Mapping[str, FieldReader], key: str | None = None) -> None:
        self.readers = readers
        self._key = key
        self._vocabularies = {
            name: Vocabulary() for name, r in readers.items() if r.type not in (*NUMERIC, Type.BOOLEAN)
        }

    def rows(self, records: Sequence[Mapping[str, Any]]) -> Columns:
        """Columns of records as Python has them."""
        found = Columns(len(records), {})
        for name, reader in self.readers.items():
            values = [record.get(name) for record in records]
            found.vectors[name] = self._values(reader, values, found)
        return found

    def batch(self, batch: pa.RecordBatch) -> Columns:
        """Columns of an Arrow record batch; a field it lacks is missing in every row."""
        return self.columns(
            {name: batch.column(i) for i, name in enumerate(batch.schema.names)}, batch.num_rows
        )

    def columns(self, given: Mapping[str, pa.Array | list[Any]], size: int) -> Columns:
        """Columns of Arrow arrays, or of lists of Python values where Arrow has no type for them."""
        found = Columns(size, {})
        for name, reader in self.readers.items():
            values = given.get(name)
            if values is None:
                found.vectors[name] = self._absent(reader, found)
            elif isinstance(values, list):
                found.vectors[name] = self._values(reader, values, found)
            else:
                found.vectors[name] = self._array(reader, values, found)
        return found

    # --- one column ---

    def _absent(self, reader: FieldReader, found: Columns) -> Vector:
        if reader.required and found.size:
            problems: list[Diagnostic] = []
            reader.read(None, problems)
            for row in range(found.size):
                found.problems.setdefault(row, []).extend(problems)
        return np.full(found.size, math.nan) if reader.type in NUMERIC else Fixed(None)

    def _values(self, reader: FieldReader, values: list[Any], found: Columns) -> Vector:
        """Python values: as an array where all are of the field's own type, else one by one."""
        array = _of_one_type(reader.type, values)
        if array is not None:
            return self._array(reader, array, found)
        read: list[Value] = []
        for row, value in enumerate(values):
            if value is None and not reader.required:
                read.append(None)
                continue
            problems: list[Diagnostic] = []
            read.append(reader.read(value, problems))
            if problems:
                found.problems.setdefault(row, []).extend(problems)
        if reader.type in NUMERIC:
            return np.array([math.nan if v is None else v for v in read], np.float64)
        if reader.type is Type.BOOLEAN:
            return Coded(
                np.array([0 if v is None else 2 if v else 1 for v in read], np.uint8), BOOLEANS, True
            )
        places: dict[Value, int] = {None: 0}
        codes = np.array([places.setdefault(v, len(places)) for v in read], np.int32)
        return self._with_vocabulary(reader.name, codes, list(places))

    def _with_vocabulary(self, name: str, codes: Codes, values: list[Value]) -> Coded:
        """Coded by the run's vocabulary of the field where that is small; else by the chunk's own values."""
        vocabulary = self._vocabularies[name]
        places = vocabulary.codes(values)
        if places is None:
            return Coded(codes.astype(code_type(len(values)), copy=False), values)
        lasting = vocabulary.values
        return Coded(np.array(places, code_type(len(lasting)))[codes], lasting, True)

    def _array(self, reader: FieldReader, array: pa.Array, found: Columns) -> Vector:
        kind = array.type
        if isinstance(kind, pa.DictionaryType):
            return self._entries(reader, array, found)
        if reader.type is Type.NUMBER and (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            return self._numbers(reader, array, found)
        if reader.type is Type.BOOLEAN and pa.types.is_boolean(kind):
            return self._booleans(reader, array, found)
        if pa.types.is_null(kind):
            return self._absent(reader, found)
        if reader.name == self._key and _is_text(kind) and _plain(reader) and _all_plain(array):
            return self._distinct(reader, array, found)
        try:
            return self._entries(reader, array.dictionary_encode(), found)
        except pa.ArrowNotImplementedError:  # Arrow finds no distinct values of lists and other nested types
            return self._values(reader, _python_values(array), found)

    def _numbers(self, reader: FieldReader, array: pa.Array, found: Columns) -> Vector:
        values = _float64(array)
        inside = (values >= reader.minimum) & (values <= reader.maximum)
        if reader.required or not inside.all():
            wrong = ~inside if reader.required else ~(inside | np.isnan(values))
            for row in np.flatnonzero(wrong).tolist():
                reader.read(_python_value(array[row]), found.problems.setdefault(row, []))
            values = np.where(wrong, math.nan, values)
        numbers: Vector = values
        return numbers

    def _booleans(self, reader: FieldReader, array: pa.Array, found: Columns) -> Vector:
        codes = pc.add(pc.cast(array, pa.uint8()), pa.scalar(1, pa.uint8()))
        filled = pc.fill_null(codes, pa.scalar(0, pa.uint8())).to_numpy(zero_copy_only=False)
        if reader.required:
            self._required(reader, filled == 0, found)
        return Coded(filled, BOOLEANS, True)

    def _required(self, reader: FieldReader, missing: Mask, found: Columns) -> None:
        for row in np.flatnonzero(missing).tolist():
            reader.read(None, found.problems.setdefault(row, []))

    def _distinct(self, reader: FieldReader, array: pa.Array, found: Columns) -> Vector:
        """Texts that need no reading, each row an entry of its own."""
        codes = np.arange(1, len(array) + 1, dtype=np.int32)
        if array.null_count:
            codes[array.is_null().to_numpy(zero_copy_only=False)] = 0
            if reader.required:
                self._required(reader, codes == 0, found)
        return Coded(codes, ArrowTexts(array))

    def _entries(self, reader: FieldReader, array: pa.DictionaryArray, found: Columns) -> Vector:
        """A column with a dictionary: every entry is read once."""
        entries = _python_values(array.dictionary)
        indices = array.indices
        codes = pc.fill_null(pc.add(pc.cast(indices, pa.int32()), pa.scalar(1, pa.int32())), 0)
        places = codes.to_numpy(zero_copy_only=False)
        values, wrong = _read_entries(reader, entries)
        if wrong:
            for row in np.flatnonzero(np.isin(places, list(wrong))).tolist():
                found.problems.setdefault(row, []).extend(wrong[int(places[row])])
        if reader.required:
            blank = np.array([v is None and i not in wrong for i, v in enumerate(values)], np.bool_)
            self._required(reader, blank[places], found)
        if reader.type in NUMERIC:
            table = np.array([math.nan if v is None else v for v in values], np.float64)
            numbers: Vector = table[places]
            return numbers
        if reader.type is Type.BOOLEAN:
            return Coded(
                np.array([0 if v is None else 1 + bool(v) for v in values], np.uint8)[places], BOOLEANS, True
            )
        return self._with_vocabulary(reader.name, places, values)


_ONE_TYPE: dict[Type, tuple[type, pa.DataType]] = {
    Type.NUMBER: (float, pa.float64()),
    Type.BOOLEAN: (bool, pa.bool_()),
    Type.TEXT: (str, pa.string()),
}


def _of_one_type(kind: Type, values: list[Any]) -> pa.Array | None:
    """The values as an array; None where one is of another type, or cannot be told in UTF-8."""
    if kind not in _ONE_TYPE:
        return None
    python, arrow = _ONE_TYPE[kind]
    if not {python, type(None)}.issuperset(map(type, values)):
        return None
    try:
        return pa.array(values, arrow)
    except UnicodeEncodeError:
        return None


def _read_entries(reader: FieldReader, entries: list[Any]) -> tuple[list[Value], dict[int, list[Diagnostic]]]:
    """The entries in the engine's form, after the unknown one, and what is wrong with which."""
    values: list[Value] = [None]
    wrong: dict[int, list[Diagnostic]] = {}
    plain = _plain(reader)
    for entry in entries:
        # ASCII that begins with a mark or letter is neither blank nor broken.
        if plain and type(entry) is str and entry >= "!" and entry.isascii() and len(entry) <= MAX_TEXT:
            values.append(entry)
            continue
        problems: list[Diagnostic] = []
        value = reader.read(entry, problems)
        if value is None and problems and not (reader.required and problems[0].code == "WB403"):
            wrong[len(values)] = problems
        values.append(value)
    return values, wrong


def _plain(reader: FieldReader) -> bool:
    """Whether a field takes any text that is neither blank nor broken."""
    return reader.type is Type.TEXT and reader.allowed is None and reader.tree is None


def _all_plain(array: pa.Array) -> bool:
    """Whether every text is short ASCII that begins with a mark or letter: neither blank nor broken."""
    tests = (
        pc.string_is_ascii(array),
        pc.greater_equal(array, pa.scalar("!", array.type)),
        pc.less_equal(pc.binary_length(array), MAX_TEXT),
    )
    return all(pc.all(test, min_count=0).as_py() for test in tests)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _float64(array: pa.Array) -> Any:
    """A numeric array as floats, NaN where it is null; whole numbers round as Python's do."""
    if array.type != pa.float64():
        array = pc.cast(array, pa.float64(), safe=False)
    return array.to_numpy(zero_copy_only=False)


class _Unreadable:
    """Stands for what Arrow holds and Python cannot: days beyond the year 9999, text that is not UTF-8."""

    def __repr__(self) -> str:
        return "this value"


_NO_VALUE = (ValueError, OverflowError, KeyError, NotImplementedError)
"""What pyarrow raises for such values; KeyError for a time zone nobody knows."""


def _python_values(array: pa.Array) -> list[Any]:
    """The values as Python has them; one that it cannot have spoils no other."""
    try:
        found: list[Any] = array.to_pylist()
    except _NO_VALUE:
        found = [_python_value(scalar) for scalar in array]
    return found


def _python_value(scalar: pa.Scalar) -> Any:
    try:
        return scalar.as_py()
    except _NO_VALUE:
        return _Unreadable()
