"""Values of many records at once: what the columnar form of a program computes with.

Numbers and dates are float64 arrays with NaN as unknown, as in generated scalar code. Everything else is
*coded*: one small whole number per row that says which entry of a short list of values it has. A question about
a text is then asked once per entry and looked up per row.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from weighbridge.tree import Type, Value

Numbers = NDArray[np.float64]
Mask = NDArray[np.bool_]
Codes = NDArray[Any]
"""uint8, uint16 or int32."""
Rows = NDArray[np.intp]

NUMERIC = (Type.NUMBER, Type.DATE)
FEW_CODES = 6
"""Up to so many codes are compared one by one, which is faster than a look-up per row."""
MANY_ROWS = 1024
"""From so many rows on `take` is faster than indexing."""
LARGEST_SHARED = 4096
"""A vocabulary larger than this is not kept from chunk to chunk: it would only grow."""


@dataclass(frozen=True, slots=True, eq=False)
class Coded:
    """`values[codes[i]]` is the value of row i. Entry 0 is unknown; entries need not be distinct.

    `lasting`: the list is only ever extended, so that what is known of its entries may be kept.
    """

    codes: Codes
    values: Sequence[Value]
    lasting: bool = False


@dataclass(frozen=True, slots=True)
class Fixed:
    """The same value in every row; None is unknown."""

    value: Value


Vector = Numbers | Coded | Fixed

BOOLEANS: list[Value] = [None, False, True]
NOTHING = Fixed(None)


class ArrowTexts(Sequence[Value]):
    """Unknown, and then the texts of an Arrow array, which become Python's when they are first asked for."""

    __slots__ = ("_values", "array")

    def __init__(self, array: pa.Array) -> None:
        self.array = array
        self._values: list[Value] | None = None

    def __len__(self) -> int:
        return 1 + len(self.array)

    @overload
    def __getitem__(self, place: int) -> Value: ...
    @overload
    def __getitem__(self, place: slice) -> list[Value]: ...
    def __getitem__(self, place: int | slice) -> Value | list[Value]:
        if self._values is None:
            self._values = [None, *self.array.to_pylist()]
        return self._values[place]

    def __iter__(self) -> Iterator[Value]:
        return iter(self[:])


class Vocabulary:
    """The distinct values of a field met so far in a run, each with its code. Safe to share between threads."""

    __slots__ = ("_codes", "_lock", "values")

    def __init__(self) -> None:
        self.values: list[Value] = [None]
        self._codes: dict[Value, int] = {}
        self._lock = threading.Lock()

    def codes(self, found: Sequence[Value]) -> list[int] | None:
        """The codes of values (0 for unknown ones), new ones added; None where there are too many to keep."""
        known = self._codes
        if len(found) > LARGEST_SHARED + 1:
            return None
        try:
            return [0 if v is None else known[v] for v in found]
        except KeyError:
            pass
        with self._lock:
            fresh = {v for v in found if v is not None and v not in known}
            if len(known) + len(fresh) > LARGEST_SHARED:
                return None
            for v in found:
                if v is not None and v not in known:
                    self.values.append(v)
                    known[v] = len(self.values) - 1
            return [0 if v is None else known[v] for v in found]


def code_type(size: int) -> type[Any]:
    """The smallest type that holds codes below `size`."""
    return np.uint8 if size <= 256 else np.uint16 if size <= 65536 else np.int32


def take(vector: Vector, rows: Rows | slice) -> Vector:
    """The vector's values in some rows."""
    if isinstance(vector, Fixed):
        return vector
    if isinstance(vector, Coded):
        return Coded(taken(vector.codes, rows), vector.values, vector.lasting)
    return taken(vector, rows)


def taken(array: NDArray[Any], rows: Rows | slice) -> NDArray[Any]:
    """An array's values in some rows; all of `rows` are within it."""
    if isinstance(rows, slice) or len(rows) < MANY_ROWS:
        return array[rows]
    # Not to check every place makes this twice as fast.
    return array.take(rows, mode="clip")


def compact(vector: Vector) -> Vector:
    """A coded vector without the entries that none of its rows has, unless its list lasts."""
    if not isinstance(vector, Coded) or vector.lasting or len(vector.values) <= len(vector.codes) // 2:
        return vector
    used, codes = np.unique(vector.codes, return_inverse=True)
    values = [vector.values[code] for code in used.tolist()]
    return Coded((codes + 1).astype(code_type(len(values) + 1)), [None, *values])


def number(vector: Vector) -> Any:
    """A numeric vector as something NumPy computes with: an array, or one float for a fixed value."""
    if isinstance(vector, Fixed):
        return vector.value if isinstance(vector.value, float) else math.nan
    assert not isinstance(vector, Coded)
    return vector


def numbers(vector: Vector, size: int) -> Numbers:
    """A numeric vector as an array."""
    found = number(vector)
    return found if isinstance(found, np.ndarray) else np.full(size, found)


def coded(vector: Vector, size: int) -> Coded:
    """A vector that is not numeric, in coded form."""
    if isinstance(vector, Fixed):
        if vector.value is None:
            return Coded(np.zeros(size, np.uint8), [None])
        return Coded(np.ones(size, np.uint8), [None, vector.value])
    assert isinstance(vector, Coded)
    return vector


def entries_where(values: Sequence[Value], test: Callable[[Value], bool]) -> list[int]:
    """The codes of the entries that pass."""
    return [code for code, value in enumerate(values) if test(value)]


def rows_coded(vector: Coded, wanted: Sequence[int]) -> Mask:
    """Which rows have one of the codes `wanted`."""
    codes = vector.codes
    if not wanted:
        return np.zeros(len(codes), np.bool_)
    if len(wanted) <= FEW_CODES:
        found: Mask = codes == wanted[0]
        for code in wanted[1:]:
            found |= codes == code
        return found
    table = np.zeros(len(vector.values), np.bool_)
    table[wanted] = True
    return table.take(codes)


def known(vector: Vector, size: int) -> Mask:
    """Which rows have a value."""
    if isinstance(vector, Fixed):
        return np.full(size, vector.value is not None)
    if isinstance(vector, Coded):
        return ~rows_coded(vector, entries_where(vector.values, lambda v: v is None))
    return ~np.isnan(vector)


def truths(yes: Mask, no: Mask) -> Coded:
    """A boolean vector from where it is known to be true and where known to be false."""
    return Coded(yes.view(np.uint8) * np.uint8(2) + no.view(np.uint8), BOOLEANS, True)


def chosen(where: Mask, then: Vector, other: Vector, kind: Type) -> Vector:
    """`then` where the mask holds, else `other`."""
    if kind in NUMERIC:
        picked: Numbers = np.where(where, number(then), number(other))
        return picked
    size = len(where)
    a, b = coded(then, size), coded(other, size)
    if a.values is b.values:
        return Coded(np.where(where, a.codes, b.codes), a.values, a.lasting)
    values = [*a.values, *b.values]
    kind_of_code = code_type(len(values))
    moved = b.codes.astype(kind_of_code) + kind_of_code(len(a.values))
    return Coded(np.where(where, a.codes.astype(kind_of_code), moved), values)


def of_values(values: Sequence[Value], kind: Type) -> Vector:
    """A vector of one value per row."""
    if kind in NUMERIC:
        return np.array([math.nan if v is None else v for v in values], np.float64)
    places: dict[Value, int] = {None: 0}
    codes = [places.setdefault(v, len(places)) for v in values]
    return Coded(np.array(codes, code_type(len(places))), list(places))


def combinations(vectors: Sequence[Vector], size: int) -> tuple[Codes | None, list[tuple[Value, ...]]]:
    """The distinct combinations of values in the rows, and each row's place among them.

    Where nearly every row has its own, they are given row by row and the places are None.
    """
    key: NDArray[np.int64] | None = None
    span = 1
    for vector in vectors:
        if isinstance(vector, Fixed):
            continue
        codes, count = _whole(vector)
        if key is not None and span * count >= 2**62:
            return None, rows_of(vectors, size)
        key = codes.astype(np.int64) if key is None else key * count + codes
        span *= count
    if key is None:
        return np.zeros(size, np.uint8), rows_of([_first(v) for v in vectors], 1)
    if any(isinstance(v, Coded) and len(v.values) > size // 2 for v in vectors):
        return None, rows_of(vectors, size)
    _, first, places = np.unique(key, return_index=True, return_inverse=True)
    return places.astype(code_type(len(first))), rows_of([take(v, first) for v in vectors], len(first))


def _first(vector: Vector) -> Vector:
    return vector if isinstance(vector, Fixed) else take(vector, np.zeros(1, np.intp))


def _whole(vector: Numbers | Coded) -> tuple[Codes, int]:
    if isinstance(vector, Coded):
        return vector.codes, len(vector.values)
    # By bits, because 0.0 and -0.0 are two values; NaN of any kind is one.
    bits = np.where(np.isnan(vector), math.nan, vector).view(np.int64)
    distinct, places = np.unique(bits, return_inverse=True)
    return places, len(distinct)


def rows_of(vectors: Sequence[Vector], size: int) -> list[tuple[Value, ...]]:
    """The values row by row."""
    columns = [values_of(vector, size) for vector in vectors]
    return list(zip(*columns, strict=True)) if columns else [()] * size


def values_of(vector: Vector, size: int) -> list[Value]:
    """A vector as plain values; None is unknown."""
    if isinstance(vector, Fixed):
        return [vector.value] * size
    if isinstance(vector, Coded):
        entries = vector.values
        return [entries[code] for code in vector.codes.tolist()]
    return [None if x != x else x for x in vector.tolist()]
