"""What a decision consists of: findings, matches, sources, reviews, reasons and scores, as users get them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from weighbridge.diagnostics import Span
from weighbridge.documents import ReviewModel, SourceModel
from weighbridge.tree import Type, Value


@dataclass(frozen=True, slots=True)
class Match:
    """A term found in a field: the term as listed, the text as it stands, and its place in that field."""

    term: str
    text: str
    field: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Source:
    """The law, standard or document a rule rests on."""

    citation: str
    url: str | None = None
    confidence: str | None = None
    checked: date | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """Who must look at a case, how soon ("48h"), and how many must agree."""

    queue: str
    within: str | None
    approvers: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that fired, could not be decided, or contradicts another ("conflict").

    `severity` is the verdict it asks for ("pass" where it asks for none, "error" for a conflict). `values` are
    the named values its condition read, `missing` the fields that keep it undecided.
    """

    rule: str
    status: str
    severity: str
    title: Mapping[str, str]
    outputs: Mapping[str, Any]
    reason: Mapping[str, str]
    source: Source | None
    values: Mapping[str, Any]
    matches: tuple[Match, ...]
    missing: tuple[str, ...]
    review: Review | None
    location: Span | None

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "rule": self.rule,
            "status": self.status,
            "severity": self.severity,
            "title": dict(self.title),
            "outputs": {name: json_value(v) for name, v in self.outputs.items()},
            "reason": dict(self.reason),
            "source": _source_dict(self.source),
            "values": {name: json_value(v) for name, v in self.values.items()},
            "matches": [
                {"term": m.term, "text": m.text, "field": m.field, "start": m.start, "end": m.end}
                for m in self.matches
            ],
            "missing": list(self.missing),
            "review": None
            if self.review is None
            else {
                "queue": self.review.queue,
                "within": self.review.within,
                "approvers": self.review.approvers,
            },
            "location": None if self.location is None else str(self.location),
        }


@dataclass(frozen=True, slots=True)
class Reason:
    """What moved a score: points (of the score) away from the baseline, and why in each language."""

    code: str
    points: float
    text: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Score:
    """A scorecard's result. `value` and `tier` are None where too little is known; `coverage` is the known share.

    `points` holds each characteristic's points (None: unknown or not applicable).
    """

    id: str
    value: float | None
    tier: str | None
    coverage: float | None
    reasons: tuple[Reason, ...]
    points: Mapping[str, float | None]

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "value": json_value(self.value),
            "tier": self.tier,
            "coverage": self.coverage,
            "reasons": [{"code": r.code, "points": r.points, "text": dict(r.text)} for r in self.reasons],
            "points": dict(self.points),
        }


def shown_value(value: Value, kind: Type) -> Any:
    """A value of the engine as Python users expect it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind is Type.DATE and isinstance(value, float):
        return date.fromordinal(int(value))
    return list(value) if isinstance(value, tuple) else value


def json_value(value: Any) -> Any:
    """A value as JSON can hold it: dates as text, infinities (which JSON lacks) as "infinity"."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float) and math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return value


def source_of(model: SourceModel | None) -> Source | None:
    """A rule's source as users get it."""
    return None if model is None else Source(model.citation, model.url, model.confidence, model.checked)


def review_of(model: ReviewModel | None) -> Review | None:
    """A rule's review settings as users get them."""
    return None if model is None else Review(model.queue, model.within, model.approvers)


def _source_dict(source: Source | None) -> dict[str, Any] | None:
    if source is None:
        return None
    checked = None if source.checked is None else source.checked.isoformat()
    return {
        "citation": source.citation,
        "url": source.url,
        "confidence": source.confidence,
        "checked": checked,
    }
