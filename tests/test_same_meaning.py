"""One meaning everywhere: compiled decisions equal the reference interpreter's on random projects and records."""

from __future__ import annotations

import math
import os
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, note, settings
from hypothesis import strategies as st

import weighbridge
from tests.oracle import Oracle
from tests.projects import DAYS, expression, projects, records
from weighbridge.engine import Engine
from weighbridge.records import read_record
from weighbridge.reference import UNKNOWN

EXAMPLES = int(os.environ.get("WEIGHBRIDGE_EXAMPLES", "150"))
RELAXED = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)


@pytest.fixture(scope="module")
def root() -> Any:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def canonical(record: dict[str, Any], engine: Engine) -> dict[str, Any]:
    """The record as the oracle takes it."""
    values, problems = read_record(record, engine.book.record_types["thing"])
    assert not problems
    kinds = {n: f.type for n, f in engine.book.record_types["thing"].fields.items()}
    return {
        name: date.fromordinal(int(v)) if kinds[name] == "date" and isinstance(v, float) else v
        for name, v in values.items()
    }


def same(a: Any, b: Any) -> bool:
    if a is UNKNOWN or a is None or (isinstance(a, float) and math.isnan(a)):
        return b is UNKNOWN or b is None
    if isinstance(a, tuple):
        return list(a) == list(b)
    if isinstance(a, float) and math.isinf(a):
        return b in (a, "infinity" if a > 0 else "-infinity")
    return a == b


def compare(engine: Engine, record: dict[str, Any], market: str, day: date) -> None:
    decision = engine.decide("gate", record, market=market, as_of=day)
    oracle = Oracle(engine.book, market, day, canonical(record, engine))
    answer = oracle.decide("gate")
    assert list(decision.fired) == answer.fired
    assert list(decision.unknown) == answer.undecided
    outputs = decision.outputs
    for name, value in answer.outputs.items():
        assert same(value, outputs[name]), (name, value, outputs[name])
    assert decision.verdict == outputs["verdict"]
    for name, score in decision.scores.items():
        expected = oracle.score(engine.book.scorecards[name])
        assert same(expected[0], score.value), (expected, score)
        assert same(expected[1], score.tier), (expected, score)
        assert same(expected[2], score.coverage), (expected, score)
        assert score.points == oracle.line_points(engine.book.scorecards[name])
    policies = {r.ref: r.if_unknown for r in engine.rules("gate")}
    told = [
        f.rule for f in decision.findings if f.status == "undecided" or (f.status == "fired" and f.missing)
    ]
    loud = [ref for ref in answer.undecided if policies[ref] != "skip"]
    assert set(told) >= {f for f in loud if policies[f] == "review"}
    assert {f.rule for f in decision.findings if f.status == "fired"} >= set(answer.fired)


@RELAXED
@given(
    files=projects(),
    cases=st.lists(
        st.tuples(records(), st.sampled_from(["AA", "BB"]), st.sampled_from(DAYS[:5])), min_size=1, max_size=8
    ),
)
def test_decisions_equal_the_reference_interpreter(
    root: Path, files: dict[str, str], cases: list[Any]
) -> None:
    note(files["rulesets/all.yaml"])
    engine = weighbridge.load(root, files)
    for record, market, day in cases:
        note(repr((record, market, day)))
        compare(engine, record, market, day)


ONE = """
record_type: thing
fields: {fields}
---
region: world
declares:
  p_num: {{type: number}}
  p_unset: {{type: number}}
  p_bool: {{type: boolean}}
  p_text: {{type: text}}
  p_date: {{type: date}}
  p_list: {{type: text_list}}
  p_terms: {{type: terms}}
parameters: {{p_num: 2, p_bool: true, p_text: pork, p_date: "2026-01-01", p_list: [pork], p_terms: meat}}
---
region: east
extends: world
---
region: AA
extends: east
---
term_list: meat
terms: [pork]
---
ruleset: gate
record: thing
outputs: {{verdict: {{combine: worst}}, amount: {{type: number, combine: first}}}}
rules:
  - {{id: r0, when: {when}, then: {{verdict: block}}}}
  - {{id: r1, when: "true", then: {{amount: {{value: {number}}}}}}}
"""


@RELAXED
@given(
    when=expression("boolean", 5),
    number=expression("number", 5),
    cases=st.lists(records(), min_size=1, max_size=15),
)
def test_deep_expressions_equal_the_reference_interpreter(
    root: Path, when: str, number: str, cases: list[Any]
) -> None:
    import json

    from tests.projects import FIELDS
    from weighbridge.expressions import MAX_NODES

    assume(when.count("(") + number.count("(") < 45 and len(when) + len(number) < MAX_NODES)
    text = ONE.format(fields=json.dumps(FIELDS), when=json.dumps(when), number=json.dumps(number))
    engine = weighbridge.load(root, {"rulesets/all.yaml": text})
    for record in cases:
        note(repr(record))
        compare(engine, record, "AA", date(2026, 6, 15))
