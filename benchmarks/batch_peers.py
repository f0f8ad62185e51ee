"""From a Parquet file to verdict, points and number of fired rules per row: Weighbridge and its peers.

All of them use two threads where they use threads at all, read the same file and give NumPy arrays. Except for
Weighbridge they get the rules in normal form, so that missing values make none of them wrong.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from benchmarks import peers
from benchmarks.items import MARKET, first_cases
from benchmarks.peers import RANK, scoped, write
from benchmarks.workload import (
    AS_OF,
    CHOICES,
    FLAGS,
    NUMBERS,
    VERDICTS,
    All,
    Compare,
    Condition,
    Either,
    Equal,
    Flag,
    Leaf,
    Member,
    Number,
    Rule,
    Workload,
    normal_form,
    project_files,
    write_number,
    write_project,
)

THREADS = 2
PIECE = 1 << 16


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """Per row the rank of the verdict, the points and how many rules fired."""

    verdict: Any
    points: Any
    fired: Any


Run = Callable[[], BatchAnswer | None]
"""One pass over the file. None: nothing is decided, the data is only read."""


@dataclass(frozen=True, slots=True)
class BatchPeer:
    """One way to decide a file; `make` compiles it for a workload. The folder is for files it may need.

    `sample`: it decides only so many rows, for which all of the file would take minutes.
    """

    name: str
    make: Callable[[Workload, Path, Path], Run]
    most_rules: int = 100_000
    sample: int = 0


# The floor -----------------------------------------------------------------------------------------


def decode_only(workload: Workload, path: Path, folder: Path) -> Run:
    """Every column as a float64 array or as codes, keys as they stand; less than this nobody can do."""
    texts = [*CHOICES, *((MARKET,) if workload.spread else ())]

    def run() -> None:
        with pq.ParquetFile(path, read_dictionary=texts) as file:
            for batch in file.iter_batches(PIECE):
                for name in batch.schema.names:
                    if name != "sku":
                        decode(batch.column(name))

    return run


def decode(array: pa.Array) -> Any:
    """A column as NumPy has it: NaN and code -1 are missing."""
    if isinstance(array.type, pa.DictionaryType):
        return pc.fill_null(array.indices, -1).to_numpy(zero_copy_only=False)
    if pa.types.is_boolean(array.type):
        return pc.fill_null(pc.cast(array, pa.int8()), -1).to_numpy(zero_copy_only=False)
    return array.to_numpy(zero_copy_only=False)


# Weighbridge ---------------------------------------------------------------------------------------


def weighbridge(workload: Workload, path: Path, folder: Path) -> Run:
    """Verdict, points and fired rules, no tables built."""
    return _weighbridge(workload, path, folder, "skip")


def weighbridge_undecided(workload: Workload, path: Path, folder: Path) -> Run:
    """The same where every rule asks for a review when it cannot be decided."""
    return _weighbridge(workload, path, folder, "review")


def _load(workload: Workload, folder: Path, if_unknown: str = "skip") -> Any:
    import weighbridge

    files = project_files(workload, market_in_record=workload.spread, if_unknown=if_unknown)
    return weighbridge.load(write_project(files, folder))


def _weighbridge(workload: Workload, path: Path, folder: Path, if_unknown: str) -> Run:
    from weighbridge.batch import in_order

    engine = _load(workload, folder, if_unknown)
    field = MARKET if workload.spread else None
    batch = engine.batch("workload", workload.markets, AS_OF, field)

    def decide(piece: Any) -> BatchAnswer:
        size = piece.size
        answer = BatchAnswer(np.zeros(size, np.uint8), np.zeros(size), np.zeros(size, np.int64))
        with np.errstate(all="ignore"):
            for chunk in batch.plan.decide(piece.columns(batch.plan.reader)):
                rows, result = slice(None) if chunk.rows is None else chunk.rows, chunk.result.ruleset
                answer.verdict[rows] = result.verdict().codes - 1
                answer.points[rows] = np.nan_to_num(result.output("points"))
                answer.fired[rows] = result.hits.count()
        return answer

    def run() -> BatchAnswer:
        pieces = engine.source("workload", path).pieces(batch.piece)
        # One thread reads and one decides; tables, of which there are none here, are built by several.
        return _joined([answer for _, answer in in_order(decide, pieces, 1)])

    return run


def weighbridge_tables(workload: Workload, path: Path, folder: Path) -> Run:
    """What `decide_batch` does once it has compiled: decisions and findings as Arrow tables."""
    from weighbridge.batch import Run as BatchRun

    engine = _load(workload, folder)
    batch = engine.batch("workload", workload.markets, AS_OF, MARKET if workload.spread else None)

    def run() -> BatchAnswer:
        result = batch.collect(engine.source("workload", path), THREADS, BatchRun())
        table = result.decisions
        verdict = pc.index_in(table["verdict"].cast(pa.string()), pa.array(VERDICTS))
        points = pc.fill_null(table["points"], 0.0)
        return BatchAnswer(verdict.to_numpy(), points.to_numpy(), table["fired"].to_numpy())

    return run


def _joined(parts: list[BatchAnswer]) -> BatchAnswer:
    return BatchAnswer(
        np.concatenate([p.verdict for p in parts]),
        np.concatenate([p.points for p in parts]),
        np.concatenate([p.fired for p in parts]),
    )


# Polars --------------------------------------------------------------------------------------------


def polars(workload: Workload, path: Path, folder: Path) -> Run:
    """One plan for all rules."""
    return _polars(workload, path, [(workload.rules, None)])


def polars_by_market(workload: Workload, path: Path, folder: Path) -> Run:
    """Split by hand: the rows of each market are asked the rules of that market."""
    plans = [
        (tuple(rule for rule in workload.rules if market in rule.markets), market)
        for market in workload.markets
    ]
    return _polars(workload, path, plans)


def _polars(workload: Workload, path: Path, plans: list[tuple[tuple[Rule, ...], str | None]]) -> Run:
    import polars as pl

    kinds = {name: pl.Enum(values) for name, values in CHOICES.items()}
    if workload.spread:
        kinds[MARKET] = pl.Enum(workload.markets)
    answers = [(_polars_answer(rules, market is None), market) for rules, market in plans]

    def plan() -> Any:
        table = pl.scan_parquet(path).with_columns(pl.col(name).cast(kind) for name, kind in kinds.items())
        if len(answers) == 1:
            return [table.select(answers[0][0])]
        rows = table.collect(engine="streaming").with_row_index("row")
        parts = {key[0]: part for key, part in rows.partition_by(MARKET, as_dict=True).items()}
        return [parts[market].lazy().select("row", *answer) for answer, market in answers if market in parts]

    def run_by(engine: Any) -> BatchAnswer:
        parts = pl.collect_all(plan(), engine=engine)
        if len(answers) == 1:
            return BatchAnswer(*(parts[0][name].to_numpy() for name in ("verdict", "points", "fired")))
        rows = np.concatenate([part["row"].to_numpy() for part in parts])
        found = []
        for name, kind in (("verdict", np.uint8), ("points", np.float64), ("fired", np.int64)):
            column = np.empty(len(rows), kind)
            column[rows] = np.concatenate([part[name].to_numpy() for part in parts])
            found.append(column)
        return BatchAnswer(*found)

    best = _fastest([lambda engine=engine: run_by(engine) for engine in ("streaming", "in-memory")])
    return best


def _fastest(runs: list[Run]) -> Run:
    """Of several ways the one that took the least CPU time when tried."""
    costs = []
    for run in runs:
        before = time.process_time()
        run()
        costs.append(time.process_time() - before)
    return runs[costs.index(min(costs))]


def _polars_answer(rules: tuple[Rule, ...], scope: bool) -> list[Any]:
    import polars as pl

    tests = [
        _polars_test(scoped(rule) if scope else normal_form(rule.condition)).fill_null(False)
        for rule in rules
    ]
    levels = [
        pl.any_horizontal(found)
        for level in VERDICTS[1:]
        if (found := [t for t, rule in zip(tests, rules, strict=True) if rule.verdict == level])
    ]
    present = [level for level in VERDICTS[1:] if any(rule.verdict == level for rule in rules)]
    verdict: Any = pl.lit(0, pl.UInt8)
    for level, test in zip(present, levels, strict=True):
        verdict = pl.when(test).then(pl.lit(RANK[level], pl.UInt8)).otherwise(verdict)
    # Sums of small whole numbers are exact in 16 bits, and a quarter of the work of 64.
    amounts: dict[int, list[Any]] = {}
    for test, rule in zip(tests, rules, strict=True):
        amounts.setdefault(rule.points, []).append(test)
    counts = {n: pl.sum_horizontal([t.cast(pl.Int16) for t in found]) for n, found in amounts.items()}
    points = pl.sum_horizontal([count * pl.lit(n, pl.Int16) for n, count in counts.items()] or [pl.lit(0)])
    return [
        verdict.alias("verdict"),
        points.cast(pl.Float64).alias("points"),
        pl.sum_horizontal([*counts.values()] or [pl.lit(0)]).alias("fired"),
    ]


def _polars_test(condition: Condition) -> Any:
    import polars as pl

    match condition:
        case All(parts):
            return reduce(lambda a, b: a & b, [_polars_test(part) for part in parts])
        case Either(parts):
            return reduce(lambda a, b: a | b, [_polars_test(part) for part in parts])
        case Compare(op, left, right):
            return _COMPARE[op](_polars_number(left), right)
        case Equal(name, text, negated):
            column = pl.col(_field(name))
            return column != text if negated else column == text
        case Member(name, texts, negated):
            found = pl.col(_field(name)).is_in(list(texts))
            return ~found if negated else found
        case Flag(name, negated):
            return ~pl.col(name) if negated else pl.col(name)
    raise TypeError(f"not a normal form: {condition}")


def _polars_number(term: Number) -> Any:
    import polars as pl

    if term.op:
        left, right = (_polars_number(part) for part in term.parts)
        return _ARITHMETIC[term.op](left, right)
    return pl.col(term.field) if term.field else pl.lit(term.constant)


_COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


def _field(name: str) -> str:
    return MARKET if name == "market" else name


# DuckDB --------------------------------------------------------------------------------------------


def duckdb(workload: Workload, path: Path, folder: Path) -> Run:
    """One statement: every rule a column of a subquery, numbers as DOUBLE."""
    import duckdb as module

    connection = module.connect(config={"threads": THREADS})
    source = f"read_parquet('{path}', file_row_number = true)"
    statement = sql_select(workload, "file_row_number AS place", source)

    def run() -> BatchAnswer:
        # Of several row groups the answers come in any order.
        found = connection.sql(statement).fetchnumpy()
        answer = {name: np.empty_like(found[name]) for name in ("verdict", "points", "fired")}
        for name, column in answer.items():
            column[found["place"]] = found[name]
        return BatchAnswer(**answer)

    return run


def sql_select(workload: Workload, key: str, source: str) -> str:
    """The statement: `key` (an expression AS a name), the verdict's rank, points, number of fired rules."""
    rules = workload.rules
    tests = ", ".join(
        f"coalesce({write(scoped(rule), _sql_leaf, 'AND', 'OR')}, false) AS r{i}"
        for i, rule in enumerate(rules)
    )
    verdict = "0"
    for level in VERDICTS[1:]:
        hits = [f"r{i}" for i, rule in enumerate(rules) if rule.verdict == level]
        if hits:
            verdict = f"CASE WHEN {' OR '.join(hits)} THEN {RANK[level]} ELSE {verdict} END"
    points = " + ".join(f"{rule.points} * CAST(r{i} AS INTEGER)" for i, rule in enumerate(rules))
    fired = " + ".join(f"CAST(r{i} AS INTEGER)" for i in range(len(rules)))
    return (
        f"SELECT {key.rpartition(' AS ')[2]}, CAST({verdict} AS SMALLINT) AS verdict, "
        f"CAST({points} AS DOUBLE) AS points, {fired} AS fired FROM (SELECT {key}, {tests} FROM {source})"
    )


def _sql_leaf(leaf: Leaf) -> str:
    match leaf:
        case Compare(op, left, right):
            # Literals with a decimal point are DECIMAL to DuckDB and Spark; the columns are DOUBLE.
            return f"{_sql_number(left)} {op} CAST({right!r} AS DOUBLE)"
        case Equal(name, text, negated):
            return f"{_field(name)} {'<>' if negated else '='} '{text}'"
        case Member(name, texts, negated):
            listed = ", ".join(f"'{text}'" for text in texts)
            return f"{_field(name)} {'NOT IN' if negated else 'IN'} ({listed})"
        case Flag(name, negated):
            return f"NOT {name}" if negated else name


def _sql_number(term: Number) -> str:
    if term.op:
        left, right = (_sql_number(part) for part in term.parts)
        return f"({left} {term.op} {right})"
    return term.field or f"CAST({term.constant!r} AS DOUBLE)"


# NumPy and pandas ----------------------------------------------------------------------------------


def numpy_obvious(workload: Workload, path: Path, folder: Path) -> Run:
    """Whole columns, one rule after the other: NaN makes comparisons false, code -1 is missing."""
    texts = [*CHOICES, *((MARKET,) if workload.spread else ())]
    names = [*NUMBERS, *FLAGS, *texts]

    def run() -> BatchAnswer:
        table = pq.read_table(path, columns=names, read_dictionary=texts).unify_dictionaries()
        entries = {
            name: {value: code for code, value in enumerate(table[name].chunk(0).dictionary.to_pylist())}
            for name in texts
        }
        columns = {name: _whole(table[name]) for name in names}
        answer = BatchAnswer(np.zeros(len(table), np.uint8), np.zeros(len(table)), np.zeros(len(table), int))
        with np.errstate(all="ignore"):
            for rule in workload.rules:
                fired = _numpy_test(scoped(rule), columns, entries)
                np.maximum(answer.verdict, fired * np.uint8(RANK[rule.verdict]), out=answer.verdict)
                np.add(answer.points, rule.points, out=answer.points, where=fired)
                np.add(answer.fired, 1, out=answer.fired, where=fired)
        return answer

    return run


def _whole(column: pa.ChunkedArray) -> Any:
    return np.concatenate([decode(chunk) for chunk in column.chunks])


def _numpy_test(condition: Condition, columns: dict[str, Any], entries: dict[str, dict[str, int]]) -> Any:
    match condition:
        case All(parts):
            return reduce(np.logical_and, [_numpy_test(part, columns, entries) for part in parts])
        case Either(parts):
            return reduce(np.logical_or, [_numpy_test(part, columns, entries) for part in parts])
        case Compare(op, left, right):
            return _COMPARE[op](_numpy_number(left, columns), right)
        case Equal(name, text, negated):
            codes, code = columns[_field(name)], entries[_field(name)].get(text, -2)
            return (codes != code) & (codes >= 0) if negated else codes == code
        case Member(name, texts, negated):
            codes = columns[_field(name)]
            found = np.isin(codes, [entries[_field(name)].get(text, -2) for text in texts])
            return ~found & (codes >= 0) if negated else found
        case Flag(name, negated):
            return columns[name] == (0 if negated else 1)
    raise TypeError(f"not a normal form: {condition}")


def _numpy_number(term: Number, columns: dict[str, Any]) -> Any:
    if term.op:
        left, right = (_numpy_number(part, columns) for part in term.parts)
        return _ARITHMETIC[term.op](left, right)
    return columns[term.field] if term.field else term.constant


def pandas(workload: Workload, path: Path, folder: Path) -> Run:
    """`DataFrame.eval` of every rule, texts as categories."""
    import pandas as module

    texts = [*CHOICES, *((MARKET,) if workload.spread else ())]
    names = [*NUMBERS, *FLAGS, *texts]
    tests = [write(scoped(rule), _pandas_leaf, "&", "|") for rule in workload.rules]

    def run() -> BatchAnswer:
        table = pq.read_table(path, columns=names, read_dictionary=texts).unify_dictionaries()
        for place, name in enumerate(names):
            if name in FLAGS:
                table = table.set_column(place, name, table[name].cast(pa.int8()).cast(pa.float64()))
        frame: Any = table.to_pandas()
        verdict = module.Series(np.zeros(len(frame), np.uint8))
        points, fired = module.Series(np.zeros(len(frame))), module.Series(np.zeros(len(frame), int))
        for rule, test in zip(workload.rules, tests, strict=True):
            hit = frame.eval(test)
            verdict = verdict.where(~(hit & (verdict < RANK[rule.verdict])), RANK[rule.verdict])
            points += hit * rule.points
            fired += hit
        return BatchAnswer(verdict.to_numpy(), points.to_numpy(), fired.to_numpy())

    return run


def _pandas_leaf(leaf: Leaf) -> str:
    match leaf:
        case Compare(op, left, right):
            return f"({write_number(left)} {op} {right!r})"
        case Equal(name, text, negated):
            name = _field(name)
            return f"(({name} != '{text}') & {name}.notna())" if negated else f"({name} == '{text}')"
        case Member(name, texts, negated):
            name = _field(name)
            found = f"{name}.isin({list(texts)})"
            return f"(~{found} & {name}.notna())" if negated else found
        case Flag(name, negated):
            return f"({name} == {0 if negated else 1})"


# Record by record ----------------------------------------------------------------------------------


def _loop(
    make: Callable[[Workload, Path], peers.Decide], sample: int
) -> Callable[[Workload, Path, Path], Run]:
    def prepare(workload: Workload, path: Path, folder: Path) -> Run:
        decide = make(workload, folder)

        def run() -> BatchAnswer:
            cases = first_cases(path, sample, workload.markets[0])
            found = [decide(case) for case in cases]
            return BatchAnswer(
                np.array([RANK[verdict] for verdict, _, _ in found]),
                np.array([points for _, points, _ in found]),
                np.array([len(fired or ()) for _, _, fired in found]),
            )

        return run

    return prepare


FLOOR = "decode and code only"
MINE = "Weighbridge"
TABLES = "Weighbridge, tables of decisions and findings"
UNDECIDED = "Weighbridge, undecided rules ask for a review"
POLARS = "Polars, one plan"
BATCH_PEERS = (
    BatchPeer(FLOOR, decode_only),
    BatchPeer(MINE, weighbridge),
    BatchPeer(TABLES, weighbridge_tables),
    BatchPeer(UNDECIDED, weighbridge_undecided),
    BatchPeer(POLARS, polars),
    BatchPeer("Polars, split by market by hand", polars_by_market),
    BatchPeer("DuckDB", duckdb, most_rules=200),
    BatchPeer("NumPy, the obvious way", numpy_obvious, most_rules=200),
    BatchPeer("pandas, DataFrame.eval", pandas, most_rules=20),
    BatchPeer("zen-engine in a loop", _loop(peers.zen_list, 1000), sample=1000),
    BatchPeer("generated Python in a loop", _loop(peers.python_straight, 1000), sample=1000),
)
