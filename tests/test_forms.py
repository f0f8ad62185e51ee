"""One meaning in every form: reference interpreter, scalar and columnar programs over random projects and records.

A case is one record in one market under one project, compared in full: verdict, outputs, fired and undecided rules,
scores with their points, conflicts. Every case compares the scalar with the columnar form; of each project some
are compared with the reference interpreter too, which is slow. `WEIGHBRIDGE_CASES` is their number in a run,
`WEIGHBRIDGE_RECORDS` how many records every project decides. Spark runs the columnar form; `test_spark.py`
compares what comes back from it.
"""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st

import weighbridge
from tests.projects import DAYS, FIELDS, projects, records
from tests.test_columnar import compare_results
from tests.test_same_meaning import compare
from weighbridge import columnar, index
from weighbridge.columnar import ColumnarProgram
from weighbridge.frames import Frame
from weighbridge.record_columns import ColumnReader
from weighbridge.records import readers
from weighbridge.scalar import day_number
from weighbridge.vectoriser import Vectoriser
from weighbridge.vectors import Fixed

CASES = int(os.environ.get("WEIGHBRIDGE_CASES", "12000"))
MARKETS = ("AA", "BB")
RECORDS = int(os.environ.get("WEIGHBRIDGE_RECORDS", "100"))
REFERENCE = 5
SHARDS = 4
PROJECTS = -(-CASES // (SHARDS * RECORDS * len(MARKETS)))


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def mixed(pool: list[dict[str, Any]], seed: int) -> list[dict[str, Any]]:
    """Records that take each field from some record of the pool; the first ones are the pool itself."""
    draw = random.Random(seed)
    found = [*pool]
    while len(found) < RECORDS:
        record = {name: draw.choice(pool).get(name) for name in FIELDS}
        found.append({name: value for name, value in record.items() if value is not None})
    return found


@pytest.mark.parametrize("shard", range(SHARDS))
def test_every_form_says_the_same(root: Path, shard: int) -> None:
    seen = {"columnar": 0, "reference": 0}

    @settings(
        max_examples=PROJECTS,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],  # of projects this large shrinking takes minutes
        suppress_health_check=[*HealthCheck],
    )
    @given(
        files=projects(),
        pool=st.lists(records(), min_size=6, max_size=12),
        day=st.sampled_from(DAYS[:5]),
        seed=st.integers(0, 2**32),
    )
    def run(files: dict[str, str], pool: list[dict[str, Any]], day: date, seed: int) -> None:
        note(files["rulesets/all.yaml"])
        note(repr((pool, day, seed)))
        with pytest.MonkeyPatch.context() as patch:
            # Rules are found by an index where there are many; here sometimes where there is one.
            patch.setattr(index, "SMALLEST_GROUP", (1, 2, index.SMALLEST_GROUP)[seed % 3])
            if seed % 2:
                patch.setattr(columnar, "FEW", 0)
                patch.setattr(columnar, "FEW_PLAIN", 0)
            check(files, pool, day, seed)

    def check(files: dict[str, str], pool: list[dict[str, Any]], day: date, seed: int) -> None:
        engine = weighbridge.load(root, files)
        found = mixed(pool, seed)
        vectoriser = Vectoriser()
        columns = ColumnReader(readers(engine.book.record_types["thing"])).rows(found)
        assert not columns.problems
        frame = Frame(columns.size, {**columns.vectors, "as_of": Fixed(day_number(day))})
        # All programs are there before the first runs, as in a batch: what they share knows all that is asked.
        programs = {
            market: ColumnarProgram(engine.book, engine._prepare("gate", market, day)[0].special, vectoriser)
            for market in MARKETS
        }
        for market, program in programs.items():
            decisions = [engine.decide("gate", record, market=market, as_of=day) for record in found]
            with np.errstate(all="ignore"):
                compare_results(engine, program.run(frame), decisions)
            seen["columnar"] += len(found)
        for record in random.Random(seed).sample(found, REFERENCE):
            market = MARKETS[seen["reference"] % 2]
            compare(engine, record, market, day)
            seen["reference"] += 1

    run()
    # Hypothesis may try fewer projects, where it has seen all that differ; that would be another test.
    assert seen["columnar"] >= PROJECTS * RECORDS * len(MARKETS)
    print(
        f"{seen['columnar']:,} cases: scalar and columnar; {seen['reference']:,} of them: reference as well"
    )
