"""Decisions: everything the engine says about one record in one market as of one date under one version.

A decision keeps what the program returned and makes the rest (findings, reasons, undecided rules) when asked.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from weighbridge.diagnostics import Span
from weighbridge.documents import ReviewModel, SourceModel
from weighbridge.rulebook import plain
from weighbridge.templates import show_value
from weighbridge.tree import Type, Value

if TYPE_CHECKING:
    from weighbridge.explanation import Explainer, WhyNot
    from weighbridge.prepared import Prepared


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
            "outputs": _plain_dates(self.outputs),
            "reason": dict(self.reason),
            "source": _source_dict(self.source),
            "values": dict(self.values),
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
            "value": self.value,
            "tier": self.tier,
            "coverage": self.coverage,
            "reasons": [{"code": r.code, "points": r.points, "text": dict(r.text)} for r in self.reasons],
            "points": dict(self.points),
        }


class Decision:
    """The decision about one record. Made by `Engine.decide`; everything in it is derived from the record,
    the market, the day and the project's version, so that it can be replayed."""

    __slots__ = ("_explainer", "_prepared", "_raw", "as_of", "record", "verdict")

    def __init__(
        self,
        prepared: Prepared,
        record: Mapping[str, Any],
        as_of: date,
        raw: tuple[Any, ...],
        verdict: str | None,
    ) -> None:
        self._prepared = prepared
        self._raw = raw
        self._explainer: Explainer | None = None
        self.record = record
        self.as_of = as_of
        self.verdict = verdict

    @property
    def target(self) -> str:
        """The ruleset or scorecard that decided."""
        return self._prepared.special.target

    @property
    def market(self) -> str:
        """The market decided for."""
        return self._prepared.special.market

    @property
    def version(self) -> str:
        """The content hash of the project that decided."""
        return self._prepared.book.version

    @property
    def record_key(self) -> str | None:
        """The record's own name, by the key field of its record type."""
        key = self._prepared.program.model.key
        if key is None:
            return None
        reader = self._prepared.readers[key]
        value = reader.read(self.record.get(key), [])
        # A number is shown as people write it, without the .0 of the engine's form.
        return value if value is None or isinstance(value, str) else show_value(value, reader.type, "en")

    def _explain(self) -> Explainer:
        if self._explainer is None:
            from weighbridge.explanation import Explainer

            self._explainer = Explainer(self._prepared, self.record, self.as_of, self._raw)
        return self._explainer

    @property
    def outputs(self) -> dict[str, Any]:
        """Every output by name; None is unknown, lists are lists, dates are `datetime.date`."""
        step = self._prepared.target_step
        if step is None or self._prepared.combiner is None:
            return {}
        fired, undecided, computed = self._raw[0][-1]
        values = self._prepared.combiner.values(fired, undecided, computed)
        return {
            name: v if v.__class__ is str else shown_value(v, step.outputs[name].symbol.type)
            for name, v in values.items()
        }

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that fired, in order."""
        step, combiner = self._prepared.target_step, self._prepared.combiner
        if step is None or combiner is None:
            return ()
        return tuple(step.rules[i].rule.ref for i in combiner.hits(self._raw[0][-1][0]))

    @property
    def scores(self) -> dict[str, Score]:
        """Every score the decision needed, by scorecard."""
        return self._explain().scores()

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Rules that fired or must say that they are undecided, and violated policies, in order of definition."""
        if self._prepared.target_step is not None and not self._raw[0][-1][0] and not self._raw[0][-1][1]:
            return ()
        return self._explain().findings()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Every rule that could not be decided, whatever its `if_unknown`, in order of definition."""
        return tuple(ref for ref, _ in self._explain().undecided())

    @property
    def missing(self) -> dict[str, tuple[str, ...]]:
        """For every undecided rule the fields it misses."""
        return dict(self._explain().undecided())

    @property
    def reviews(self) -> tuple[Review, ...]:
        """The reviews that findings ask for, each once."""
        return tuple(dict.fromkeys(f.review for f in self.findings if f.review is not None))

    def why_not(self, rule: str) -> WhyNot:
        """Why a rule did not fire: what failed, and by how much. Raises `UnknownName`."""
        return self._explain().why_not(rule)

    def explain(self, language: str = "en", *, rule: str | None = None) -> str:
        """The decision in words, in "en" or "zh"; with `rule`, why that rule fired or did not."""
        from weighbridge.narrative import narrate, narrate_rule

        return narrate(self, language) if rule is None else narrate_rule(self, rule, language)

    def to_dict(self) -> dict[str, Any]:
        """Everything, ready for JSON."""
        return {
            "target": self.target,
            "record": self.record_key,
            "market": self.market,
            "as_of": self.as_of.isoformat(),
            "version": self.version,
            "verdict": self.verdict,
            "outputs": _plain_dates(self.outputs),
            "scores": {name: score.to_dict() for name, score in self.scores.items()},
            "findings": [f.to_dict() for f in self.findings],
            "undecided": [
                {"rule": ref, "missing": list(fields)} for ref, fields in self._explain().undecided()
            ],
        }

    def to_json(self, indent: int | None = None) -> str:
        """`to_dict` as JSON text."""
        return json.dumps(self.to_dict(), ensure_ascii=False, indent=indent, allow_nan=False)

    def __repr__(self) -> str:
        return f"<Decision {self.target} {self.market} {self.as_of} {self.record_key or ''}: {self.verdict}>"


def shown_value(value: Value, kind: Type) -> Any:
    """A value of the engine as Python users expect it."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return None
    if kind is Type.DATE and isinstance(value, float):
        return date.fromordinal(int(value))
    if isinstance(value, float) and math.isinf(value):
        return "infinity" if value > 0 else "-infinity"
    return plain(value)


def _plain_dates(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in values.items()}


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
