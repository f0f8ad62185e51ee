"""Impact: which records another version of the rules decides otherwise, how, and which rules are the cause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from weighbridge.feed_decisions import FeedDecisions


@dataclass(frozen=True, slots=True)
class Impact:
    """The difference between two decided versions of one feed.

    `changed` has a row per record, market and thing that differs: `row`, `market`, `what` ("verdict", an output,
    "<card>.tier"), `before`, `after`, `rules` (those that fire in one version only, "-" for no longer, "+" for
    now). `records` is how many records differ in anything, `decided` how many were compared.
    """

    changed: pd.DataFrame
    records: int
    decided: int
    moves: Mapping[tuple[str, str, str], int]
    """(what, before, after) -> how many."""
    rules: Mapping[str, int]
    """Rule -> changed decisions in which it fires in one version only."""
    scores: Mapping[str, tuple[int, float]]
    """Scorecard -> how many scores differ, and by how much at most."""


def compare(before: FeedDecisions, after: FeedDecisions) -> Impact:
    """What differs. Both must be of the same feed, target, markets and day. Raises ValueError."""
    asked = [(d.target, d.feed, d.markets, d.as_of) for d in (before, after)]
    if asked[0] != asked[1]:
        raise ValueError(f"these decisions answer different questions: {asked[0]} and {asked[1]}")
    old = _frame(before.decisions)
    new = _frame(after.decisions)
    both = old.index.intersection(new.index, sort=False)
    old, new = old.loc[both], new.loc[both]
    names = [n for n in dict.fromkeys([*old.columns, *new.columns]) if not n.endswith(".score")]
    parts = [_differences(old, new, name) for name in names]
    changed = pd.concat([p for p in parts if not p.empty] or parts[:1], ignore_index=True)
    causes = _causes(before.fired, after.fired, changed)
    changed["rules"] = [
        causes.get((m, r), "") for m, r in zip(changed["market"], changed["row"], strict=True)
    ]
    moves = Counter(zip(changed["what"], changed["before"], changed["after"], strict=True))
    rules = Counter(rule[1:] for text in causes.values() for rule in text.split())
    return Impact(
        changed,
        int(changed["row"].nunique()),
        int(both.get_level_values("row").nunique()),
        dict(moves.most_common()),
        dict(rules.most_common()),
        _scores(old, new),
    )


def _frame(table: pa.Table) -> pd.DataFrame:
    frame: pd.DataFrame = table.to_pandas()
    return frame.set_index(["market", "row"])


def _differences(old: pd.DataFrame, new: pd.DataFrame, name: str) -> pd.DataFrame:
    empty = pd.Series([None] * len(old), index=old.index, dtype=object)
    first = old.get(name, empty).astype(object).where(lambda s: s.notna(), "")
    second = new.get(name, empty).astype(object).where(lambda s: s.notna(), "")
    differs = first.to_numpy() != second.to_numpy()
    index = old.index[differs]
    return pd.DataFrame(
        {
            "row": index.get_level_values("row"),
            "market": index.get_level_values("market"),
            "what": name,
            "before": first.to_numpy()[differs],
            "after": second.to_numpy()[differs],
        }
    )


def _causes(before: pa.Table, after: pa.Table, changed: pd.DataFrame) -> dict[tuple[str, int], str]:
    """For every changed decision the rules that fire in one version only: "-gone +new"."""
    wanted = set(zip(changed["market"], changed["row"], strict=True))
    if not wanted:
        return {}
    fired = [_fired(table, wanted) for table in (before, after)]
    found: dict[tuple[str, int], str] = {}
    for place in wanted:
        old, new = (set(f.get(place, ())) for f in fired)
        parts = [f"-{rule}" for rule in sorted(old - new)] + [f"+{rule}" for rule in sorted(new - old)]
        found[place] = " ".join(parts)
    return found


def _fired(table: pa.Table, wanted: set[tuple[str, int]]) -> dict[tuple[str, int], list[str]]:
    found: dict[tuple[str, int], list[str]] = {}
    columns = (table.column(name).to_pylist() for name in ("market", "row", "rule"))
    for market, row, rule in zip(*columns, strict=True):
        if (market, row) in wanted:
            found.setdefault((market, row), []).append(rule)
    return found


def _scores(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, tuple[int, float]]:
    found: dict[str, tuple[int, float]] = {}
    for name in old.columns:
        if name.endswith(".score") and name in new:
            gap = (old[name] - new[name]).abs()
            known = int((gap > 0).sum()) + int((old[name].isna() != new[name].isna()).sum())
            if known:
                found[name.removesuffix(".score")] = (known, float(gap.max(skipna=True) or 0.0))
    return found
