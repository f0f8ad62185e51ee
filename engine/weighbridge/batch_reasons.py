"""Reasons of findings in a batch: the words that a single decision gives, for the records that ask for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from weighbridge.batch_findings import CONFLICT, INVALID, Findings, Texts
from weighbridge.batch_plan import BatchPlan, MarketChunk, records_at
from weighbridge.decisions import Decision
from weighbridge.explanation import undecided_reason
from weighbridge.findings import Finding
from weighbridge.messages import LANGUAGES
from weighbridge.prepared import Prepared, prepare
from weighbridge.record_columns import Columns
from weighbridge.scalar import day_number
from weighbridge.vectors import Mask, coded

MOST_MISSING = 10_000


class Reasons:
    """Explains the findings of a plan. The scalar program of a market is made when it is first needed."""

    def __init__(self, plan: BatchPlan) -> None:
        self.plan = plan
        self._prepared: dict[int, Prepared] = {}
        self._lacks: dict[tuple[str, tuple[str, ...]], Mapping[str, str]] = {}

    def explain(
        self, columns: Columns, found: Findings, answers: Sequence[MarketChunk], severities: Sequence[str]
    ) -> dict[int, Texts]:
        """Texts by place, for the findings of records whose verdict is bad enough."""
        wanted = self._wanted(columns.size, answers, severities)
        asked = np.flatnonzero((found.status != INVALID) & (found.status != CONFLICT))
        places: dict[tuple[int, int], list[int]] = {}
        for place in asked.tolist():
            row, market = int(found.row[place]), int(found.market[place])
            if wanted[market, row]:
                places.setdefault((market, row), []).append(place)
        texts: dict[int, Texts] = {}
        for market in sorted({market for market, _ in places}):
            rows = [row for m, row in places if m == market]
            for row, record in zip(rows, records_at(columns, self.plan.readers, rows), strict=True):
                told = self._texts(market, record)
                texts.update(zip(places[market, row], told, strict=True))
        return texts

    def _wanted(self, size: int, answers: Sequence[MarketChunk], severities: Sequence[str]) -> Mask:
        """Whether a verdict is at least what reasons were asked for, by market and row."""
        least = severities.index(self.plan.task.reasons or "pass")
        wanted: Mask = np.zeros((len(self.plan.programs), size), np.bool_)
        for answer in answers:
            ruleset = answer.result.ruleset
            verdict = None if ruleset is None else ruleset.verdict()
            rows = np.arange(size) if answer.rows is None else answer.rows
            if verdict is None:
                wanted[answer.market, rows] = True
                continue
            vector = coded(verdict, len(rows))
            bad = [severities.index(str(v)) >= least if v else least == 0 for v in vector.values]
            wanted[answer.market, rows] = np.array(bad, np.bool_)[vector.codes]
        return wanted

    def _texts(self, market: int, record: dict[str, object]) -> list[Texts]:
        """The texts of a decision's findings, and of silent undecided rules where asked for, in order of rules."""
        prepared = self._program(market)
        raw = prepared.program.run(record, day_number(self.plan.task.as_of))
        decision = Decision(prepared, record, self.plan.task.as_of, raw, None)
        told = {f.rule: _of_finding(f) for f in decision.findings if f.status != "conflict"}
        if self.plan.task.undecided:
            silent = {ref: fields for ref, fields in decision.missing.items() if ref not in told}
            told |= {ref: self._silent(prepared, ref, fields) for ref, fields in silent.items()}
        order = {r.rule.ref: r.index for r in prepared.target_step.rules} if prepared.target_step else {}
        return [told[ref] for ref in sorted(told, key=lambda ref: order[ref])]

    def _silent(self, prepared: Prepared, ref: str, missing: tuple[str, ...]) -> Texts:
        """What a rule lacks that says nothing of it by itself."""
        if (ref, missing) not in self._lacks:
            rule = next(r for r in self.plan.book.rules_of(self.plan.task.target) if r.ref == ref)
            if len(self._lacks) >= MOST_MISSING:
                self._lacks.clear()
            self._lacks[ref, missing] = undecided_reason(rule, missing, prepared.program.model)
        reason = self._lacks[ref, missing]
        return (*(reason.get(lang) for lang in LANGUAGES), list(missing), [])

    def _program(self, market: int) -> Prepared:
        if market not in self._prepared:
            self._prepared[market] = prepare(self.plan.book, self.plan.programs[market].special)
        return self._prepared[market]


def _of_finding(finding: Finding) -> Texts:
    matches = [{"term": m.term, "text": m.text, "field": m.field} for m in finding.matches]
    return (*(finding.reason.get(lang) for lang in LANGUAGES), list(finding.missing), matches)
