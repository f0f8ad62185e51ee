"""A scenario from a decision: what the rules said about a record, written down as a test."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from weighbridge.decisions import Decision
from weighbridge.yaml_writing import block_lines


def recorded_case(decision: Decision, name: str) -> dict[str, Any]:
    """The decision as a case (plain data, for `edits.add_case(..., whole=True)`).

    It has market, day and record, and expects the verdict, all outputs, exactly the rules that fired, those that
    could not be decided, and tier and value of each score.
    """
    record = {key: _plain(value) for key, value in decision.record.items()}
    expect: dict[str, Any] = {}
    if decision.verdict is not None:
        expect["verdict"] = decision.verdict
    outputs = {key: _plain(value) for key, value in decision.outputs.items() if key != "verdict"}
    # An infinite output is a number that no YAML value of a scenario can be.
    outputs = {key: value for key, value in outputs.items() if not _is_infinite(value)}
    if outputs:
        expect["outputs"] = outputs
    if decision.outputs:
        expect["only_fired"] = list(decision.fired)
    if decision.unknown:
        expect["undecided"] = list(decision.unknown)
    scores = decision.scores
    if scores:
        expect["scores"] = {key: _expected_score(s.tier, s.value) for key, s in scores.items()}
    return {
        "name": name,
        "market": decision.market,
        "as_of": decision.as_of.isoformat(),
        "record": {key: value for key, value in record.items() if value is not None},
        "expect": expect,
    }


def _expected_score(tier: str | None, value: float | None) -> dict[str, Any]:
    return {"tier": tier, "value": None if value is None else round(value, 1)}


def _plain(value: Any) -> Any:
    """A value as a scenario writes it; what the engine counts as missing is null."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
    if isinstance(value, bool | str | int):
        return value
    if isinstance(value, float):
        return None if math.isnan(value) else value
    return None if value is None else _plain(value.item()) if hasattr(value, "item") else str(value)


def _is_infinite(value: Any) -> bool:
    return isinstance(value, float) and math.isinf(value)


def scenario_yaml(
    target: str,
    market: str,
    as_of: str,
    record: Mapping[str, Any],
    decision: Decision,
    name: str = "recorded",
) -> str:
    """A whole scenarios document with one case, which passes on the project that decided.

    `market`, `as_of` and `record` are those the decision was asked for.
    """
    case = recorded_case(decision, name) | {"market": market, "as_of": as_of}
    given = {key: _plain(value) for key, value in record.items()}
    case["record"] = {key: value for key, value in given.items() if value is not None}
    return "\n".join([*block_lines({"scenarios": target, "cases": [case]}, 0), ""])
