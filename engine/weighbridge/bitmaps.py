"""Sets of rows as bitmaps: a bit per row, eight rows to a byte, as `numpy.packbits` has them.

Putting two bitmaps together costs a quarter of what two masks cost, so tests over all rows of a chunk are combined
in this form; where rows are few, their places are the shorter form.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from weighbridge.frames import rows_where
from weighbridge.vectors import Mask, Rows

Bitmap = NDArray[np.uint8]
"""Bits behind the last row are 0."""
RowSet = Bitmap | Rows
"""Some rows of a chunk: a bitmap, or their places in ascending order."""


def bitmap(mask: Mask) -> Bitmap:
    """The rows where a mask holds."""
    return np.packbits(mask)


def every_row(size: int) -> Bitmap:
    """All rows of a chunk."""
    found = np.full((size + 7) // 8, 255, np.uint8)
    if size % 8:
        found[-1] = 256 - (1 << (8 - size % 8))
    return found


def no_row(size: int) -> Bitmap:
    """No row of a chunk."""
    return np.zeros((size + 7) // 8, np.uint8)


def joined(join: np.ufunc, bitmaps: Iterable[Bitmap]) -> Bitmap:
    """Some bitmaps, at least one, joined by `bitwise_and` or `bitwise_or`; one of them where there is only one."""
    left = iter(bitmaps)
    found, fresh = next(left), False
    for bits in left:
        found, fresh = join(found, bits, out=found if fresh else None), True
    return found


def mask_of(rows: RowSet, size: int) -> Mask:
    """A set of rows as a mask."""
    if is_bitmap(rows):
        return np.unpackbits(rows.view(np.uint8), count=size).view(np.bool_)
    found = np.zeros(size, np.bool_)
    found[rows] = True
    return found


def is_bitmap(rows: RowSet) -> bool:
    """Whether a set of rows is a bitmap."""
    return rows.dtype == np.uint8


def number_of(rows: Bitmap) -> int:
    """How many rows are in a bitmap."""
    return int(np.bitwise_count(rows).sum(dtype=np.int32))


def union(sets: Sequence[RowSet], size: int) -> RowSet:
    """The rows that are in any of some sets."""
    if len(sets) == 1:
        return sets[0]
    found = no_row(size)
    few = [rows for rows in sets if not is_bitmap(rows)]
    if any(len(rows) for rows in few):
        mask = np.zeros(size, np.bool_)
        for rows in few:
            mask[rows] = True
        found = bitmap(mask)
    for rows in sets:
        if is_bitmap(rows):
            found |= rows.view(np.uint8)
    return found


def counts(bitmaps: Sequence[Bitmap], size: int) -> NDArray[Any]:
    """In how many of some bitmaps each row is, in the smallest unsigned type that holds it.

    Bits of one weight are added three at a time into one of that weight and one of twice the weight, for all rows
    at once (carry-save addition), which needs no list of rows.
    """
    found = np.zeros(size, np.min_scalar_type(len(bitmaps)))
    shift, left = 0, list(bitmaps)
    while left:
        carried: list[Bitmap] = []
        while len(left) > 2:
            a, b, c = left.pop(), left.pop(), left.pop()
            odd = a ^ b
            carried.append((a & b) | (odd & c))
            left.append(odd ^ c)
        for bits in left:
            found += np.unpackbits(bits, count=size).astype(found.dtype, copy=False) << shift
        shift, left = shift + 1, carried
    return found


def places(rows: RowSet, size: int) -> Rows:
    """A set of rows as their places, ascending."""
    return rows_where(mask_of(rows, size)) if is_bitmap(rows) else rows.view(np.intp)


__all__ = [
    "Bitmap",
    "RowSet",
    "bitmap",
    "counts",
    "every_row",
    "is_bitmap",
    "joined",
    "mask_of",
    "no_row",
    "number_of",
    "places",
    "union",
]
