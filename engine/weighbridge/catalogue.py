"""The catalogue: every rule, table row, characteristic and parameter of a project in one flat, searchable list."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from weighbridge.diagnostics import Span
from weighbridge.documents import PeriodModel
from weighbridge.findings import Review, Source
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook

EntryKind = Literal["rule", "row", "characteristic"]


@dataclass(frozen=True, slots=True)
class Entry:
    """One rule, table row or characteristic, as written.

    `ref` is "<ruleset>/<rule id>" or "<scorecard>/<characteristic>"; `owner` the document's id; `table` the table's
    id for rows and `row` its number (from 0). `condition` is the expression as text, `verdict` what it asks for
    (None where it is computed or absent). `markets` are where it can apply at all.
    """

    ref: str
    kind: EntryKind
    owner: str
    id: str
    table: str | None
    row: int | None
    title: Mapping[str, str]
    reason: Mapping[str, str]
    condition: str
    verdict: str | None
    outputs: Mapping[str, str]
    markets: tuple[str, ...]
    periods: tuple[PeriodModel, ...]
    enabled: bool
    source: Source | None
    review: Review | None
    span: Span | None


def catalogue(project: Project, book: Rulebook) -> tuple[Entry, ...]:
    """All entries, in order of definition."""
    raise NotImplementedError


def search(
    entries: tuple[Entry, ...],
    words: str = "",
    *,
    market: str | None = None,
    verdict: str | None = None,
    kind: EntryKind | None = None,
    owner: str | None = None,
    source: str | None = None,
    confidence: str | None = None,
    effective: date | None = None,
    enabled: bool | None = None,
) -> tuple[Entry, ...]:
    """The entries that fit every given filter; `words` are looked for in id, title, reason, condition, terms and
    source, all must occur. Best first: words in the id before words in titles before the rest."""
    raise NotImplementedError
