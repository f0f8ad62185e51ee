"""Two versions' decisions compared one by one, by the engine that decides single records: nothing of the batch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from weighbridge.decisions import Decision
from weighbridge.diagnostics import InvalidRecord
from weighbridge.engine import Engine

Difference = tuple[int, str, str, str]
"""Row, market, kind, name."""


def recount(
    base: Engine,
    current: Engine,
    target: str,
    records: Sequence[Mapping[str, Any]],
    markets: Iterable[str],
    day: date,
) -> set[Difference]:
    """Everything that differs."""
    found: set[Difference] = set()
    for row, record in enumerate(records):
        for market in markets:
            one, other = (_decide(e, target, record, market, day) for e in (base, current))
            if one is None or other is None:
                if one is not other:
                    found.add((row, market, "valid", "valid"))
                continue
            old, new = facts(base, target, one), facts(current, target, other)
            for kind, name in old.keys() | new.keys():
                if old.get((kind, name)) != new.get((kind, name)):
                    found.add((row, market, kind, name))
    return found


def _decide(
    engine: Engine, target: str, record: Mapping[str, Any], market: str, day: date
) -> Decision | None:
    try:
        return engine.decide(target, record, market=market, as_of=day)
    except InvalidRecord:
        return None


def facts(engine: Engine, target: str, decision: Decision) -> dict[tuple[str, str], Any]:
    """What a decision says, by kind and name; what it does not say is left out."""
    found: dict[tuple[str, str], Any] = {}
    ruleset = engine.book.rulesets.get(target)
    for name, value in decision.outputs.items():
        assert ruleset is not None
        kind = "verdict" if name == "verdict" else "output"
        if value is not None and value != []:
            combine = ruleset.outputs[name].combine
            found[kind, name] = sorted(value) if combine == "set" else value
    for card, (score, tier) in decision.score_values.items():
        if score is not None:
            found["score", card] = score
        if tier is not None:
            found["tier", card] = tier
    for finding in decision.findings:
        kind = "conflict" if finding.status == "conflict" else "rule"
        found[kind, finding.rule] = "conflict" if kind == "conflict" else finding.status
    return found
