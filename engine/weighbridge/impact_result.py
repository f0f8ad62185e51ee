"""What an impact report holds: differences counted, with examples, and what causes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pyarrow as pa

from weighbridge.diagnostics import Diagnostic, DiagnosticError, Witness
from weighbridge.single_changes import Change

TABLE = pa.schema(
    [
        ("row", pa.int64()),
        ("key", pa.string()),
        ("market", pa.dictionary(pa.int32(), pa.string())),
        ("kind", pa.dictionary(pa.int32(), pa.string())),
        ("name", pa.dictionary(pa.int32(), pa.string())),
        ("before", pa.string()),
        ("after", pa.string()),
        ("changes", pa.string()),
    ]
)
"""The columns of the list of differences."""


@dataclass(frozen=True, slots=True)
class Move:
    """A difference of one kind and how often it is met. `kind`: one of `decision_differences.KINDS`; `name`: the
    output, scorecard or rule; `before` and `after`: values as text ("" for none), of rules what they do."""

    kind: str
    name: str
    market: str
    before: str
    after: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScoreMove:
    """How often a score differs, by how much at most and on average (after less before, where both are known)."""

    name: str
    market: str
    count: int
    most: float
    mean: float
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Total:
    """How many decisions have a verdict or tier under each version ("" for none)."""

    kind: str
    name: str
    market: str
    value: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class RuleTotal:
    """In how many decisions a rule fires under each version."""

    rule: str
    before: int
    after: int


@dataclass(frozen=True, slots=True)
class Validity:
    """Records that are no valid records: under the base, under the project, under one of them only."""

    before: int
    after: int
    newly_invalid: int
    newly_valid: int
    examples: tuple[tuple[str, Mapping[str, str]], ...]
    """Key of a record that is valid under one version only, and why, by language."""


CauseStatus = Literal["applied", "no_effect", "does_not_load", "all"]


@dataclass(frozen=True, slots=True)
class Cause:
    """One change (or the changes of one file, where there are many) and what it does alone.

    `status`: "applied"; "no_effect" (it is nothing that decisions depend on); "does_not_load" (see `problems`);
    "all" (there is no other change). `needs` are additions it was tried with because it does not load without.
    `alone`: decisions that differ from the base by it; `explains`: decisions it gives, alone, something that the
    project gives; `undone`: those of `alone` that do not differ in the project. `moves` are verdicts and tiers.
    """

    number: int
    changes: tuple[Change, ...]
    status: CauseStatus
    needs: tuple[Change, ...] = ()
    problems: tuple[Diagnostic, ...] = ()
    alone: int = 0
    explains: int = 0
    undone: int = 0
    moves: tuple[tuple[str, str, str, str, int], ...] = ()
    """(kind, name, before, after, count), most frequent first."""

    @property
    def name(self) -> str:
        """What people call it."""
        first = self.changes[0]
        if len(self.changes) == 1:
            return first.name
        return first.span.file if first.span is not None else first.place


@dataclass(frozen=True, slots=True, eq=False)
class Impact:
    """The difference between two versions over a feed.

    `changed` counts decisions (one record in one market) that differ in anything, `changed_records` the records
    they are of; `verdicts_changed` those with another verdict. `together`: decisions with a difference that no
    change makes alone (0 where causes were not asked for). `table` has a row per difference: `row`, `key`,
    `market`, `kind`, `name`, `before`, `after`, `changes` (numbers of the causes that make it alone); it ends
    after `MOST_KEPT` rows, then `cut` is true.
    """

    target: str
    base: str
    base_version: str
    version: str
    markets: tuple[str, ...]
    as_of: date
    records: int
    decisions: int
    changed: int
    changed_records: int
    verdicts_changed: int
    moves: tuple[Move, ...]
    others: int
    scores: tuple[ScoreMove, ...]
    totals: tuple[Total, ...]
    rules: tuple[RuleTotal, ...]
    validity: Validity
    causes: tuple[Cause, ...] | None
    together: int
    notes: tuple[Diagnostic, ...]
    table: pa.Table
    cut: bool

    @property
    def share(self) -> float:
        """Changed decisions of all."""
        return self.changed / self.decisions if self.decisions else 0.0


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof says of two versions in markets that it cannot tell apart, on one day.

    `status`: "identical" (on every record that is valid under both), "differs" (`witness` is a record that both
    engines decided, `differences` what they say: (kind, name, before, after)), or "open" (`why`).
    """

    target: str
    markets: tuple[str, ...]
    status: Literal["identical", "differs", "open"]
    witness: Witness | None = None
    differences: tuple[tuple[str, str, str, str], ...] = ()
    why: str = ""


@dataclass(frozen=True, slots=True)
class Limit:
    """How many changed decisions are allowed: a number, or a percentage of those compared."""

    most: float
    percent: bool

    def __str__(self) -> str:
        return f"{self.most:g}{' %' if self.percent else ''}"

    def exceeded(self, impact: Impact) -> bool:
        """Whether more decisions differ."""
        allowed = self.most * impact.decisions / 100 if self.percent else self.most
        return impact.changed > allowed


def read_limit(text: str) -> Limit:
    """A limit as it is written: "20" or "0.5%". Raises `DiagnosticError`."""
    number = text.strip().removesuffix("%").strip()
    percent = text.strip().endswith("%")
    try:
        most = float(number) if percent else float(int(number))
    except ValueError:
        most = math.nan
    if not 0 <= most < math.inf or (percent and most > 100):
        message = f"--max-changed {text!r} is no number of decisions"
        raise DiagnosticError([Diagnostic("WB823", message, expected="a number as 20, or a share as 0.5%")])
    return Limit(most, percent)


@dataclass(frozen=True, slots=True, eq=False)
class Report:
    """What `weighbridge impact` tells: `impact` where a feed was given, `proofs` where a proof was asked for."""

    target: str
    base: str
    base_version: str
    version: str
    as_of: date
    impact: Impact | None
    proofs: tuple[Proven, ...] | None
    limit: Limit | None

    @property
    def failed(self) -> bool:
        """Whether more differs than is allowed. Where nothing may, a record that a proof found is too much."""
        if self.limit is None:
            return False
        shown = any(p.status == "differs" for p in self.proofs or ())
        return (self.impact is not None and self.limit.exceeded(self.impact)) or (
            shown and self.limit.most == 0
        )
