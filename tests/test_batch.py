"""Batches: every record of a frame, a stream or a file is decided as `decide` decides it."""

from __future__ import annotations

import json
import math
import os
import tempfile
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import weighbridge
from tests.projects import DAYS, FIELDS, projects, records
from weighbridge.batch import BatchResult
from weighbridge.diagnostics import InvalidRecord
from weighbridge.engine import Engine

EXAMPLES = int(os.environ.get("WEIGHBRIDGE_EXAMPLES", "150"))
RELAXED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
MARKETS = ("AA", "BB")


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def column_frame(found: Sequence[dict[str, Any]]) -> pd.DataFrame:
    """Records as pandas holds them where nobody has cleaned up: columns of any objects."""
    return pd.DataFrame({name: pd.Series([r.get(name) for r in found], dtype=object) for name in FIELDS})


def column_table(found: Sequence[dict[str, Any]]) -> pa.Table:
    """Records as Arrow holds them: every column has its type."""
    types = {"number": pa.float64(), "text": pa.string(), "boolean": pa.bool_(), "date": pa.date32()}
    kinds = {name: types.get(f["type"], pa.list_(pa.string())) for name, f in FIELDS.items()}
    return pa.table({n: pa.array([_plain(r.get(n)) for r in found], kind) for n, kind in kinds.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, float) and math.isnan(value):
        return None
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def compare(engine: Engine, result: BatchResult, found: Sequence[dict[str, Any]], day: date) -> None:
    """Every decision and finding of the batch against those of single decisions."""
    rows = result.decisions.to_pylist()
    assert [(r["row"], r["market"]) for r in rows] == [(i, m) for i in range(len(found)) for m in MARKETS]
    told: dict[tuple[int, str | None], list[dict[str, Any]]] = {}
    for entry in result.findings.to_pylist():
        told.setdefault((entry["row"], entry["market"]), []).append(entry)
    for row in rows:
        record = found[row["row"]]
        try:
            decision = engine.decide("gate", record, market=row["market"], as_of=day)
        except InvalidRecord as error:
            assert not row["valid"] and row["verdict"] is None and row["amount"] is None
            assert (row["row"], row["market"]) not in told
            (entry,) = told[row["row"], None]
            assert entry["status"] == "invalid_record" and entry["severity"] == "error"
            assert all(d.message in entry["reason_en"] for d in error.diagnostics)
            continue
        assert row["valid"]
        assert row["verdict"] == decision.verdict
        outputs = decision.outputs
        assert row["tags"] == outputs["tags"]
        assert repr(row["amount"]) == repr(outputs["amount"])
        assert row["fired"] == len(decision.fired)
        for name, score in decision.scores.items():
            assert repr(row[f"{name}.score"]) == repr(score.value)
            assert row[f"{name}.tier"] == score.tier
            assert repr(row[f"{name}.coverage"]) == repr(score.coverage)
            assert {k: row[f"{name}/{k}"] for k in score.points} == dict(score.points)
        findings = [f for f in decision.findings if f.status != "conflict"]
        silent = {ref for ref in decision.unknown if ref not in {f.rule for f in decision.findings}}
        order = {r.ref: i for i, r in enumerate(engine.rules("gate"))}
        expected = [(f.rule, f.status, f.severity, dict(f.reason), list(f.missing)) for f in findings]
        expected += [(ref, "undecided", "pass", None, list(decision.missing[ref])) for ref in silent]
        expected.sort(key=lambda e: order[e[0]])
        expected += [
            (f.rule, f.status, f.severity, dict(f.reason), [])
            for f in decision.findings
            if f.status == "conflict"
        ]
        got = told.get((row["row"], row["market"]), [])
        assert [(g["rule"], g["status"], g["severity"]) for g in got] == [e[:3] for e in expected]
        for entry, (rule, _, _, reason, missing) in zip(got, expected, strict=True):
            assert entry["missing"] == missing
            if reason is not None:
                assert {k: entry[f"reason_{k}"] for k in reason} == reason, rule


@RELAXED
@given(
    files=projects(),
    found=st.lists(records(), min_size=1, max_size=10),
    day=st.sampled_from(DAYS[:5]),
    typed=st.booleans(),
)
def test_a_batch_decides_as_single_decisions_do(
    root: Path, files: dict[str, str], found: list[dict[str, Any]], day: date, typed: bool
) -> None:
    note(files["rulesets/all.yaml"])
    note(repr((found, day)))
    engine = weighbridge.load(root, files)
    frame = column_table(found) if typed else column_frame(found)
    result = engine.decide_batch(
        "gate",
        frame,
        markets=MARKETS,
        as_of=day,
        reasons="pass",
        undecided=True,
        contributions=True,
        workers=1,
    )
    compare(engine, result, found, day)


ODD = st.one_of(
    st.sampled_from(
        ["", "  ", "x", "toys", "new", 1, -1.5, True, math.inf, 10**400, "2026-01-01", b"x", [1], ["a"], {}]
    ),
    st.text(max_size=3),
    st.none(),
)


@settings(RELAXED, max_examples=max(50, EXAMPLES // 3))
@given(found=st.lists(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, ODD)), min_size=1, max_size=8))
def test_a_bad_value_spoils_its_row_and_no_other(root: Path, found: list[dict[str, Any]]) -> None:
    note(repr(found))
    engine = weighbridge.load(root, SMALL)
    result = engine.decide_batch(
        "gate",
        column_frame(found),
        markets=MARKETS,
        as_of=DAYS[1],
        reasons="pass",
        undecided=True,
        contributions=True,
        workers=1,
    )
    compare(engine, result, found, DAYS[1])


SMALL = {
    "rulesets/all.yaml": "\n---\n".join(
        json.dumps(d)
        for d in (
            {"record_type": "thing", "fields": FIELDS},
            {"region": "AA"},
            {"region": "BB"},
            {
                "ruleset": "gate",
                "record": "thing",
                "outputs": {
                    "verdict": {"combine": "worst", "default": "pass"},
                    "tags": {"combine": "collect"},
                    "amount": {"type": "number", "combine": "sum"},
                },
                "rules": [
                    {"id": "a", "when": "n1 > 1 and t2 == 'x'", "then": {"verdict": "warn", "tags": "a"}},
                    {"id": "b", "when": "'a' in l1 or under(c1, 'toys')", "then": {"verdict": "block"}},
                    {"id": "c", "when": "d1 >= '2026-01-01'", "then": {"amount": 2}, "if_unknown": "review"},
                ],
            },
        )
    )
}
