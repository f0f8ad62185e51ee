"""Findings by record and market, for the formats that people read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from weighbridge.gate_findings import SEVERITIES, GateFinding


@dataclass(frozen=True, slots=True)
class Undecided:
    """Rules of one record in one market that lack evidence, with equal effect; `first` is one of them."""

    first: GateFinding
    fields: tuple[str, ...]
    count: int


@dataclass(frozen=True, slots=True)
class MarketGroup:
    """What was found on a record in one market ("" for the row itself), worst first."""

    market: str
    verdict: str
    findings: tuple[GateFinding, ...]
    undecided: tuple[Undecided, ...]


@dataclass(frozen=True, slots=True)
class RecordGroup:
    """What was found on a record; `first` stands for its name and place."""

    first: GateFinding
    markets: tuple[MarketGroup, ...]


def by_record(findings: Iterable[GateFinding]) -> Iterator[RecordGroup]:
    """Group findings that come record by record; holds one record's findings at a time."""
    for _, found in groupby(findings, key=lambda finding: finding.row):
        record = list(found)
        markets = tuple(
            _market(market, list(group))
            for market, group in groupby(record, key=lambda finding: finding.market)
        )
        yield RecordGroup(record[0], markets)


def _market(market: str, findings: list[GateFinding]) -> MarketGroup:
    decided = [finding for finding in findings if finding.status != "undecided"]
    return MarketGroup(
        market, findings[0].verdict, tuple(sorted(decided, key=_badness)), _undecided(findings)
    )


def _undecided(findings: list[GateFinding]) -> tuple[Undecided, ...]:
    alike: dict[tuple[int, str], list[GateFinding]] = {}
    for finding in findings:
        if finding.status == "undecided":
            alike.setdefault((_badness(finding), finding.suppressed_by or ""), []).append(finding)
    return tuple(
        Undecided(
            group[0], tuple(sorted({name for finding in group for name in finding.missing})), len(group)
        )
        for _, group in sorted(alike.items())
    )


def _badness(finding: GateFinding) -> int:
    return -SEVERITIES.index(finding.severity)
