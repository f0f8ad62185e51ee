"""The columnar form of programs says what the scalar form says, over random projects and records."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

import weighbridge
from tests.projects import DAYS, projects, records
from weighbridge.columnar import ChunkResult, ColumnarProgram
from weighbridge.columnar_scores import ASSUMED, INAPPLICABLE, UNKNOWN
from weighbridge.engine import Engine
from weighbridge.firings import Firings
from weighbridge.frames import Frame
from weighbridge.record_columns import ColumnReader
from weighbridge.records import readers
from weighbridge.scalar import day_number
from weighbridge.vectoriser import Vectoriser
from weighbridge.vectors import Fixed, values_of

EXAMPLES = int(os.environ.get("WEIGHBRIDGE_EXAMPLES", "150"))
RELAXED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def known(value: Any) -> Any:
    """A value of generated code, NaN as None."""
    return None if isinstance(value, float) and value != value else value


def lists_of(firings: Firings, size: int) -> list[list[int]]:
    pairs = firings.pairs.in_order()
    found: list[list[int]] = [[] for _ in range(size)]
    for row, rule in zip(pairs.rows.tolist(), pairs.rules.tolist(), strict=True):
        found[row].append(rule)
    assert firings.count().tolist() == [len(rules) for rules in found]
    return found


def compare_results(engine: Engine, result: ChunkResult, decisions: list[Any]) -> None:
    size = len(decisions)
    ruleset = result.ruleset
    assert ruleset is not None
    fired = lists_of(ruleset.fired, size)
    undecided = lists_of(ruleset.undecided, size)
    verdict = ruleset.verdict()
    assert verdict is not None
    verdicts = values_of(verdict, size)
    names = list(ruleset.program.step.outputs)
    outputs = {name: values_of(ruleset.output(name), size) for name in names}
    unsettled = lists_of(ruleset.program.all_undecided(ruleset), size)
    refs = [r.rule.ref for r in ruleset.program.step.rules]
    conflicts = {(c.output, row): rules for c in ruleset.conflicts() for row, rules in c.rules.items()}
    for row, decision in enumerate(decisions):
        raw = decision._raw[0][-1]
        assert fired[row] == list(raw[0])
        assert undecided[row] == list(raw[1])
        assert [refs[i] for i in unsettled[row]] == list(decision.unknown)
        assert verdicts[row] == decision.verdict
        combined, violated = decision._prepared.combiner.combine(*raw)
        for name in names:
            assert repr(known(combined[name])) == repr(outputs[name][row]), name
        assert {c.output: c.rules for c in violated} == {
            o: r for (o, at), r in conflicts.items() if at == row
        }
        steps = [s for s in decision._prepared.special.steps if hasattr(s, "card")]
        raws = [r for r in decision._raw[0] if len(r) == 4]
        for step, (score, tier, coverage, points) in zip(steps, raws, strict=True):
            card = result.scores[step.card.id]
            assert repr(known(score)) == repr(known(float(card.score[row])))
            assert tier == card.tier.values[card.tier.codes[row]]
            assert repr(known(coverage)) == repr(known(float(card.coverage[row])))
            for line, expected in zip(card.points, points, strict=True):
                state, value = line.state[row], int(line.points[row])
                shown = (
                    False
                    if state == INAPPLICABLE
                    else None
                    if state == UNKNOWN
                    else (value,)
                    if state == ASSUMED
                    else value
                )
                assert shown == expected


@RELAXED
@given(
    files=projects(),
    found=st.lists(records(), min_size=1, max_size=12),
    day=st.sampled_from(DAYS[:5]),
)
def test_chunks_are_decided_as_single_records_are(
    root: Path, files: dict[str, str], found: list[dict[str, Any]], day: date
) -> None:
    note(files["rulesets/all.yaml"])
    note(repr((found, day)))
    engine = weighbridge.load(root, files)
    vectoriser = Vectoriser()
    programs = {
        market: ColumnarProgram(engine.book, engine._prepare("gate", market, day)[0].special, vectoriser)
        for market in ("AA", "BB")
    }
    columns = ColumnReader(readers(engine.book.record_types["thing"])).rows(found)
    assert not columns.problems
    frame = Frame(columns.size, {**columns.vectors, "as_of": Fixed(day_number(day))})
    np.seterr(all="ignore")
    for market, program in programs.items():
        decisions = [engine.decide("gate", record, market=market, as_of=day) for record in found]
        compare_results(engine, program.run(frame), decisions)
