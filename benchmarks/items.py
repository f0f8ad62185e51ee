"""The workload's records by the million: Arrow tables and Parquet files, made by NumPy from a seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.workload import CHOICES, FLAGS, NUMBERS, Case

MARKET = "market_code"
"""The field that names the market of a record, where rules are spread over markets."""
GROUP = 1 << 17
"""Rows in a row group, and rows made at once."""


def item_tables(
    rows: int, markets: Sequence[str] = (), missing: float = 0.05, seed: int = 20260301
) -> Iterator[pa.Table]:
    """Records of the workload, a table of at most `GROUP` rows at a time."""
    random = np.random.default_rng(seed)
    for first in range(0, rows, GROUP):
        yield _table(random, first, min(GROUP, rows - first), markets, missing)


def _table(
    random: np.random.Generator, first: int, size: int, markets: Sequence[str], missing: float
) -> pa.Table:
    digits = np.char.zfill(np.arange(first, first + size).astype("U9"), 9)
    columns = {"sku": pa.array(np.char.add("S", digits))}
    if markets:
        columns[MARKET] = _texts(random, size, tuple(markets), 0.0)
    for name, (low, high, decimals) in NUMBERS.items():
        values = np.round(random.uniform(low, high, size), decimals)
        columns[name] = pa.array(values, mask=random.random(size) < missing)
    for name, choices in CHOICES.items():
        columns[name] = _texts(random, size, choices, missing)
    for name in FLAGS:
        columns[name] = pa.array(random.random(size) < 0.3, mask=random.random(size) < missing)
    return pa.table(columns)


def _texts(random: np.random.Generator, size: int, choices: tuple[str, ...], missing: float) -> pa.Array:
    codes = random.integers(0, len(choices), size, dtype=np.int32)
    return pa.array(choices).take(pa.array(codes, mask=random.random(size) < missing))


def write_items(
    path: Path, rows: int, markets: Sequence[str] = (), missing: float = 0.05, seed: int = 20260301
) -> Path:
    """The records as a Parquet file."""
    tables = item_tables(rows, markets, missing, seed)
    table = next(tables)
    with pq.ParquetWriter(path, table.schema) as writer:
        writer.write_table(table, GROUP)
        for table in tables:
            writer.write_table(table, GROUP)
    return path


def first_cases(path: Path, count: int, market: str) -> list[Case]:
    """The first records of a file as Python has them; no more of it is read."""
    with pq.ParquetFile(path) as file:
        return [_case(record, market) for record in next(file.iter_batches(count)).to_pylist()]


def cases_at(path: Path, places: Sequence[int], market: str) -> list[Case]:
    """Some records of a file as Python has them, `places` ascending; `market` where they name none."""
    wanted = np.asarray(places)
    found: list[dict[str, Any]] = []
    with pq.ParquetFile(path) as file:
        first = 0
        for number in range(file.num_row_groups):
            size = file.metadata.row_group(number).num_rows
            inside = wanted[(wanted >= first) & (wanted < first + size)] - first
            if len(inside):
                found += file.read_row_group(number).take(pa.array(inside)).to_pylist()
            first += size
    return [_case(record, market) for record in found]


def _case(record: dict[str, Any], market: str) -> Case:
    own = record.pop(MARKET, market)
    return Case(record, own, {**record, "market": own})
