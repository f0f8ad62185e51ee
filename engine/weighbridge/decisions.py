"""Decisions: everything the engine says about one record in one market as of one date under one version.

A decision keeps what the program returned and makes the rest (findings, reasons, undecided rules) when asked.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from weighbridge.explanation import Explainer, WhyNot
from weighbridge.findings import Finding, Review, Score, json_value, shown_value
from weighbridge.masking import MASK
from weighbridge.narrative import narrate, narrate_rule
from weighbridge.prepared import Prepared
from weighbridge.specialise import RulesetStep, ScoreStep
from weighbridge.templates import show_value


class Decision:
    """The decision about one record. Made by `Engine.decide`; everything in it is derived from the record,
    the market, the day and the project's version, so that it can be replayed."""

    __slots__ = ("_explainer", "_masked", "_prepared", "_raw", "as_of", "record", "verdict")

    def __init__(
        self,
        prepared: Prepared,
        record: Mapping[str, Any],
        as_of: date,
        raw: tuple[Any, ...],
        verdict: str | None,
        masked: bool = True,
    ) -> None:
        self._masked = masked
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

    def unmasked(self) -> Decision:
        """The same decision with personal data shown in everything it says. For the person it is about, and for
        those who must see it; reports, logs and findings that are passed on are made from the masked one."""
        return Decision(self._prepared, self.record, self.as_of, self._raw, self.verdict, masked=False)

    @property
    def record_key(self) -> str | None:
        """The record's own name, by the key field of its record type; masked where the field is personal."""
        key = self._prepared.program.model.key
        if key is None:
            return None
        reader = self._prepared.readers[key]
        value = reader.read(self.record.get(key), [])
        if value is None:
            return None
        # A number is shown as people write it, without the .0 of the engine's form.
        name = value if isinstance(value, str) else show_value(value, reader.type, "en")
        return self._prepared.masks.key(name) if self._masked and reader.personal else name

    def _explain(self) -> Explainer:
        if self._explainer is None:
            self._explainer = Explainer(self._prepared, self.record, self.as_of, self._raw, self._masked)
        return self._explainer

    @property
    def shown_outputs(self) -> dict[str, Any]:
        """`outputs` as reports show them: what is computed from personal data is masked."""
        hidden = self._prepared.personal_outputs - {"verdict"} if self._masked else ()
        return {n: MASK if n in hidden and v is not None else v for n, v in self.outputs.items()}

    @property
    def outputs(self) -> dict[str, Any]:
        """Every output by name, to act on; None is unknown, lists are lists, dates are `datetime.date`.
        Nothing is masked here."""
        combiner = self._prepared.combiner
        if combiner is None:
            return {}
        values: dict[str, Any] = combiner.values(*self._raw[0][-1])
        for name, kind in combiner.shown.items():
            values[name] = shown_value(values[name], kind)
        return values

    @property
    def fired(self) -> tuple[str, ...]:
        """The rules that fired, in order."""
        combiner = self._prepared.combiner
        if combiner is None:
            return ()
        refs = combiner.refs
        return tuple([refs[i] for i in combiner.hits(self._raw[0][-1][0])])

    @property
    def scores(self) -> dict[str, Score]:
        """Every score the decision needed, by scorecard."""
        return self._explain().scores()

    @property
    def score_values(self) -> dict[str, tuple[float | None, str | None]]:
        """Value and tier of every score, by scorecard, without the reasons that `scores` works out."""
        steps = [s for s in self._prepared.special.steps if isinstance(s, RulesetStep | ScoreStep)]
        return {
            step.card.id: (None if raw[0] != raw[0] else raw[0], raw[1])
            for step, raw in zip(steps, self._raw[0], strict=True)
            if isinstance(step, ScoreStep)
        }

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Rules that fired or must say that they are undecided, and violated policies, in order of definition."""
        if self._prepared.target_step is not None and not self._raw[0][-1][0] and not self._raw[0][-1][1]:
            return ()
        return self._explain().findings()

    @property
    def unknown(self) -> tuple[str, ...]:
        """Every rule that could not be decided, whatever its `if_unknown`, in order of definition."""
        return self._explain().unknown()

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
            "outputs": {name: json_value(value) for name, value in self.shown_outputs.items()},
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
