"""The outcome of a gate run: exit code, counts, notes, and the findings on disk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import IntEnum
from pathlib import Path
from typing import Any, Self

from weighbridge.baseline import Baseline, write_baseline
from weighbridge.chinese import translated
from weighbridge.diagnostics import Diagnostic, DiagnosticError
from weighbridge.gate_findings import (
    SEVERITIES,
    CheckedRecord,
    Citation,
    FindingSpool,
    GateFinding,
    GateSeverity,
    Location,
    Texts,
)


class ExitCode(IntEnum):
    """What `weighbridge check` returns to the shell.

    CLEAN (0): everything was checked; no finding at or above the threshold.
    FINDINGS (1): findings at or above the threshold that neither a waiver nor the baseline covers.
    UNUSABLE (2): the gate could not do its job: usage, configuration or input.
    """

    CLEAN = 0
    FINDINGS = 1
    UNUSABLE = 2


@dataclass(frozen=True, slots=True)
class GateRequest:
    """What is to be checked. `feed` is the path as reports show it: relative to where the gate runs."""

    feed: str
    target: str
    markets: tuple[str, ...]
    as_of: date
    fail_on: GateSeverity


@dataclass(slots=True)
class Counts:
    """Totals of a run.

    `read` counts the feed's rows, `decided` those that were valid records, `elsewhere` valid ones that are
    meant for none of the markets asked for; `verdicts` has decisions by market and verdict ("" where the
    target gave none). `severities` and `rules` count findings that nothing suppresses; `failing` those of
    them at or above the threshold; `fixed` baseline entries that are gone.
    """

    read: int = 0
    decided: int = 0
    invalid: int = 0
    unreadable: int = 0
    repeated_keys: int = 0
    elsewhere: int = 0
    verdicts: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])
    severities: dict[str, int] = field(default_factory=dict[str, int])
    rules: dict[str, int] = field(default_factory=dict[str, int])
    failing: int = 0
    waived: int = 0
    baselined: int = 0
    fixed: int = 0

    def add(self, finding: GateFinding, fail_on: GateSeverity) -> None:
        """Count one finding."""
        if finding.suppressed_by == "waiver":
            self.waived += 1
        elif finding.suppressed_by == "baseline":
            self.baselined += 1
        else:
            self.severities[finding.severity] = self.severities.get(finding.severity, 0) + 1
            self.rules[finding.rule] = self.rules.get(finding.rule, 0) + 1
            self.failing += finding.fails(fail_on)

    def to_dict(self) -> dict[str, Any]:
        """JSON form, names sorted."""
        return {
            "read": self.read,
            "decided": self.decided,
            "invalid": self.invalid,
            "unreadable": self.unreadable,
            "repeated_keys": self.repeated_keys,
            "elsewhere": self.elsewhere,
            "verdicts": {
                market: dict(sorted(verdicts.items())) for market, verdicts in self.verdicts.items()
            },
            "severities": {name: self.severities[name] for name in SEVERITIES if name in self.severities},
            "rules": dict(sorted(self.rules.items())),
            "failing": self.failing,
            "waived": self.waived,
            "baselined": self.baselined,
            "fixed": self.fixed,
        }


@dataclass(frozen=True, slots=True)
class RuleText:
    """What reports say of a rule once, however often it is found."""

    rule: str
    title: Texts
    source: Citation | None
    location: Location | None


@dataclass(frozen=True, slots=True)
class GateResult:
    """The outcome of a run; a context manager, because findings lie in temporary files until `close`.

    `notes` are diagnostics about the run (those of severity error made it unusable), `rules` every rule that
    was found, `project_path` the project's folder relative to where the gate runs, `elapsed` seconds.
    """

    request: GateRequest
    version: str
    exit_code: ExitCode
    counts: Counts
    notes: tuple[Diagnostic, ...]
    rules: Mapping[str, RuleText]
    project_path: str
    elapsed: float
    baseline: Baseline | None
    _spool: FindingSpool

    def findings(self) -> Iterator[GateFinding]:
        """All findings, suppressed ones included, in feed order (repeated keys last); as often as wanted."""
        return self._spool.findings()

    def records(self) -> Iterator[CheckedRecord]:
        """All rows that were read, in feed order; as often as wanted."""
        return self._spool.records()

    def told(self, lang: str) -> tuple[Diagnostic, ...]:
        """The notes in a language."""
        return tuple(translated(note, lang) for note in self.notes)

    def summary(self) -> dict[str, Any]:
        """Everything but the findings, in JSON form."""
        return {
            "feed": self.request.feed,
            "target": self.request.target,
            "markets": list(self.request.markets),
            "as_of": self.request.as_of.isoformat(),
            "fail_on": self.request.fail_on,
            "version": self.version,
            "exit_code": int(self.exit_code),
            "outcome": self.exit_code.name.lower(),
            "counts": self.counts.to_dict(),
            "diagnostics": [note.to_dict() for note in self.notes],
        }

    def update_baseline(self, path: Path) -> int:
        """Write the findings as the baseline; returns how many it holds.

        Raises DiagnosticError if the gate could not do its job: what was not checked is not known.
        """
        if self.exit_code is ExitCode.UNUSABLE:
            message = "the baseline is not written: the gate could not do its job"
            raise DiagnosticError([Diagnostic("WB621", message)])
        request = self.request
        return write_baseline(path, request.target, request.markets, self.findings(), self.baseline)

    def close(self) -> None:
        """Delete the findings."""
        self._spool.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
