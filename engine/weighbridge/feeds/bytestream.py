"""Bytes of a feed: plain or gzip, with the position in the file for a progress bar."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import BinaryIO, cast

GZIP_MAGIC = b"\x1f\x8b"


def open_bytes(path: Path) -> tuple[BinaryIO, BinaryIO]:
    """The feed's bytes, and the file underneath, whose `tell` is the position. Close both.

    Gzip is known by its magic bytes, not by the name. Raises OSError where the file cannot be opened.
    """
    raw = path.open("rb")
    compressed = raw.peek(2)[:2] == GZIP_MAGIC
    return (cast(BinaryIO, gzip.open(raw)), raw) if compressed else (raw, raw)


def read_head(path: Path, size: int = 1 << 16) -> bytes:
    """The first `size` bytes of the feed, decompressed. Raises OSError, EOFError or zlib.error."""
    data, raw = open_bytes(path)
    with raw, data:
        return data.read(size)
