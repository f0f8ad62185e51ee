"""The gate's sieve for large feeds: which decisions have nothing to say.

Rows are decided in columns, all markets at once. Where no rule fired, none is undecided and asks for review, no
policy is violated and the verdict is harmless, the gate has nothing to report but the verdict, and the decision
itself need not be made. Reports are the same with and without it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np

from weighbridge.columnar import RulesetResult
from weighbridge.engine import Engine
from weighbridge.feeds.feed import Row
from weighbridge.vectors import coded

Quiet = Mapping[str, str]
"""Market -> verdict ("" for none) of a record's decisions that have nothing to say."""


class Screen:
    """Decides rows in columns."""

    def __init__(self, engine: Engine, target: str, markets: Sequence[str], as_of: date) -> None:
        self._plan = engine.batch(target, markets, as_of).plan

    def quiet(self, rows: Sequence[Row]) -> list[Quiet]:
        """For every row the markets in which its decision has nothing to say; none for rows with problems."""
        columns = self._plan.reader.rows([row.values for row in rows])
        found: list[dict[str, str]] = [{} for _ in rows]
        with np.errstate(all="ignore"):
            for answer in self._plan.decide(columns):
                if answer.result.ruleset is None:
                    return [{} for _ in rows]
                market = self._plan.task.markets[answer.market]
                for row, verdict in _silent(answer.result.ruleset, len(rows)):
                    found[row][market] = verdict
        wrong = {place for place, row in enumerate(rows) if row.problems} | columns.problems.keys()
        return [{} if place in wrong else quiet for place, quiet in enumerate(found)]


def _silent(result: RulesetResult, size: int) -> list[tuple[int, str]]:
    """(row, verdict) of the decisions without any finding and with a harmless verdict."""
    silent = (result.hits.count() == 0) & (result.waiting.count() == 0)
    for conflict in result.conflicts():
        silent[list(conflict.rules)] = False
    verdict = result.verdict()
    if verdict is None:
        return (
            []
            if "verdict" in result.program.step.outputs
            else [(r, "") for r in np.flatnonzero(silent).tolist()]
        )
    vector = coded(verdict, size)
    told = [str(value or "") for value in vector.values]
    rows = np.flatnonzero(silent)
    pairs = zip(rows.tolist(), vector.codes[rows].tolist(), strict=True)
    return [(row, told[code]) for row, code in pairs if told[code] in ("", "pass")]
