"""What a batch run returns: decisions and findings as Arrow record batches.

Decisions have one row per record and market, in the order of records, then markets; findings one row per
finding, in the order of decisions and, within one, of rules. Records are numbered from 0 by `row`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from weighbridge.batch_findings import Findings, find, findings_schema, severity_levels
from weighbridge.batch_plan import BatchPlan, MarketChunk
from weighbridge.batch_reasons import Reasons
from weighbridge.columnar import RulesetResult
from weighbridge.columnar_scores import ASSUMED, CardResult
from weighbridge.findings import json_value
from weighbridge.frames import Frame
from weighbridge.messages import LANGUAGES
from weighbridge.record_columns import Columns
from weighbridge.rulebook import MILLI, Output, Scorecard
from weighbridge.specialise import RulesetStep, ScoreStep
from weighbridge.templates import show_value
from weighbridge.tree import Type, Value
from weighbridge.vectors import ArrowTexts, Coded, Fixed, Numbers, Rows, Vector, coded, numbers

EPOCH = date(1970, 1, 1).toordinal()
DICTIONARY = pa.dictionary(pa.int32(), pa.string())
RESERVED = ("row", "key", "market", "valid", "verdict", "fired", "undecided")


@dataclass(frozen=True, slots=True, eq=False)
class BatchTables:
    """Decisions and findings of some records."""

    decisions: pa.RecordBatch
    findings: pa.RecordBatch


class TableWriter:
    """Turns the answers of a plan into tables; their schemas are known before the first record."""

    def __init__(self, plan: BatchPlan) -> None:
        self.plan = plan
        last = [p.special.steps[-1] for p in plan.programs]
        none: Mapping[str, Output] = {}
        self.outputs = next((s.outputs for s in last if isinstance(s, RulesetStep)), none)
        self.cards: dict[str, Scorecard] = {
            s.card.id: s.card for p in plan.programs for s in p.special.steps if isinstance(s, ScoreStep)
        }
        self.markets = pa.array([*plan.task.markets], pa.string())
        self.rules = tuple(rule.ref for rule in plan.book.rules_of(plan.task.target)) if self.outputs else ()
        self.severities = severity_levels(self.outputs)
        self.decisions_schema = pa.schema(self._decision_fields())
        self.findings_schema = findings_schema(plan.task)
        self._reasons = Reasons(plan) if plan.task.reasons is not None else None

    def _decision_fields(self) -> Iterator[tuple[str, pa.DataType]]:
        yield from (("row", pa.int64()), ("key", pa.string()), ("market", DICTIONARY), ("valid", pa.bool_()))
        if self.outputs:
            if "verdict" in self.outputs:
                yield "verdict", DICTIONARY
            yield from ((self.column(n), _type_of(o)) for n, o in self.outputs.items() if n != "verdict")
            yield from (("fired", pa.int32()), ("undecided", pa.int32()))
        for card in self.cards.values():
            yield from ((f"{card.id}.score", pa.float64()), (f"{card.id}.tier", DICTIONARY))
            yield f"{card.id}.coverage", pa.float64()
            if self.plan.task.contributions:
                yield from ((f"{card.id}/{line.id}", pa.float64()) for line in card.characteristics)

    def column(self, output: str) -> str:
        """The column of an output; one whose name is taken is called `<target>.<name>`."""
        return f"{self.plan.task.target}.{output}" if output in RESERVED else output

    def write(self, columns: Columns, first: int, frame: Frame | None = None) -> BatchTables:
        """Decides a chunk whose first record has the number `first`; `frame` as in `BatchPlan.decide`."""
        with np.errstate(all="ignore"):
            answers = list(self.plan.decide(columns, frame))
            valid = np.ones(columns.size, np.bool_)
            valid[list(columns.problems)] = False
            return BatchTables(
                self._decisions(columns, first, answers, valid),
                self._findings(columns, first, answers, valid),
            )

    # --- decisions ---

    def _decisions(
        self, columns: Columns, first: int, answers: Sequence[MarketChunk], valid: NDArray[np.bool_]
    ) -> pa.RecordBatch:
        rows = [np.arange(columns.size) if a.rows is None else a.rows for a in answers]
        row = np.concatenate([np.empty(0, np.intp), *rows])
        order = by_row(row)
        row = row[order]
        market = np.repeat(np.array([a.market for a in answers], np.int32), [len(r) for r in rows])
        good = valid[row]
        arrays: list[pa.Array] = [
            pa.array(row + first),
            self._keys(columns, row),
            pa.DictionaryArray.from_arrays(pa.array(market[order]), self.markets),
            pa.array(good),
        ]
        sizes = [len(r) for r in rows]
        for name, vectors in self._decided(answers, sizes):
            kind = self.decisions_schema.field(name).type
            arrays.append(arrow_array(vectors, sizes, kind, order, ~good))
        return pa.RecordBatch.from_arrays(arrays, schema=self.decisions_schema)

    def _decided(
        self, answers: Sequence[MarketChunk], sizes: Sequence[int]
    ) -> Iterator[tuple[str, list[Vector]]]:
        """The columns that are decided, each as one vector per market."""
        if self.outputs:
            results = [_ruleset(a) for a in answers]
            if "verdict" in self.outputs:
                yield "verdict", [_verdict(r) for r in results]
            for name in self.outputs:
                if name != "verdict":
                    yield self.column(name), [r.output(name) for r in results]
            yield "fired", [r.hits.count().astype(np.float64) for r in results]
            yield "undecided", [r.waiting.count().astype(np.float64) for r in results]
        for card in self.cards.values():
            found = [a.result.scores.get(card.id) for a in answers]
            yield f"{card.id}.score", [Fixed(None) if c is None else c.score for c in found]
            yield f"{card.id}.tier", [Fixed(None) if c is None else c.tier for c in found]
            yield f"{card.id}.coverage", [Fixed(None) if c is None else c.coverage for c in found]
            if self.plan.task.contributions:
                for place, line in enumerate(card.characteristics):
                    yield f"{card.id}/{line.id}", [_points(c, place) for c in found]

    def _keys(self, columns: Columns, rows: Rows) -> pa.Array:
        """The records' own names; masked where they are personal."""
        name = self.plan.model.key
        if name is None:
            return pa.nulls(len(rows), pa.string())
        vector, kind = columns.vectors[name], self.plan.readers[name].type
        masked = self.plan.readers[name].personal and not self.plan.task.personal
        if isinstance(vector, Coded) and isinstance(vector.values, ArrowTexts) and not masked:
            codes = vector.codes[rows]
            return vector.values.array.cast(pa.string()).take(pa.array(codes - 1, mask=codes == 0))
        if isinstance(vector, Coded):
            entries: Sequence[Value] = vector.values
            places = pa.array(vector.codes[rows])
        else:
            distinct, codes = np.unique(numbers(vector, columns.size)[rows], return_inverse=True)
            entries, places = [None if v != v else v for v in distinct.tolist()], pa.array(codes)
        shown = [v if v is None or isinstance(v, str) else show_value(v, kind, "en") for v in entries]
        if masked:
            shown = [v if v is None else self.plan.masks.key(v) for v in shown]
        return pa.array(shown, pa.string()).take(places)

    # --- findings ---

    def _findings(
        self, columns: Columns, first: int, answers: Sequence[MarketChunk], valid: NDArray[np.bool_]
    ) -> pa.RecordBatch:
        found = find(self.plan, answers, valid, columns, self.rules, self.severities)
        found = found.take(by_row(found.row))
        arrays = [
            pa.array(found.row + first),
            self._keys(columns, found.row),
            pa.DictionaryArray.from_arrays(pa.array(found.market, mask=found.market < 0), self.markets),
            *found.arrays(self.rules, self.severities),
            *self._texts(columns, found, answers),
        ]
        return pa.RecordBatch.from_arrays(arrays, schema=self.findings_schema)

    def _texts(self, columns: Columns, found: Findings, answers: Sequence[MarketChunk]) -> list[pa.Array]:
        kinds = [f.type for f in self.findings_schema][-(len(LANGUAGES) + (2 if self._reasons else 0)) :]
        if self._reasons is None and not columns.problems and not found.conflicts:
            return [pa.nulls(len(found.row), kind) for kind in kinds]
        texts = self._reasons.explain(columns, found, answers, self.severities) if self._reasons else {}
        told = found.told(columns.problems) | texts
        # Few findings are told anything; the others' places stay empty.
        places = np.full(len(found.row), -1, np.int32)
        places[list(told)] = np.arange(len(told), dtype=np.int32)
        indices = pa.array(places, mask=places < 0)
        entries = list(told.values())
        return [pa.array([e[i] for e in entries], kind).take(indices) for i, kind in enumerate(kinds)]


def by_row(row: Rows) -> Rows:
    """The order of rows, markets staying in theirs."""
    kind = np.uint16 if len(row) == 0 or int(row.max()) < 1 << 16 else np.int64
    return np.argsort(row.astype(kind), kind="stable")


def _ruleset(answer: MarketChunk) -> RulesetResult:
    assert answer.result.ruleset is not None
    return answer.result.ruleset


def _verdict(result: RulesetResult) -> Vector:
    verdict = result.verdict()
    return result.output("verdict") if verdict is None else verdict


def _points(card: CardResult | None, place: int) -> Vector:
    if card is None:
        return Fixed(None)
    line = card.points[place]
    points: Numbers = np.where(line.state >= ASSUMED, line.points / MILLI, np.nan)
    return points


# --- vectors as Arrow arrays ------------------------------------------------------------------------------


def _type_of(output: Output) -> pa.DataType:
    if output.combine in ("collect", "set") or output.symbol.type is Type.TEXTS:
        return pa.list_(pa.string())
    if output.combine == "count" or output.symbol.type is Type.NUMBER:
        return pa.float64()
    if output.symbol.type is Type.BOOLEAN:
        return pa.bool_()
    return pa.date32() if output.symbol.type is Type.DATE else DICTIONARY


def arrow_array(
    vectors: Sequence[Vector], sizes: Sequence[int], kind: pa.DataType, order: Rows, absent: NDArray[np.bool_]
) -> pa.Array:
    """Vectors one after the other as an array, in an order; null where unknown or `absent` (in that order)."""
    if kind in (pa.float64(), pa.int32(), pa.date32()):
        values = np.concatenate([np.empty(0), *(numbers(v, n) for v, n in zip(vectors, sizes, strict=True))])[
            order
        ]
        null = np.isnan(values) | absent
        if kind == pa.float64():
            return pa.array(values, mask=null)
        if kind == pa.int32():
            return pa.array(np.where(null, 0.0, values).astype(np.int32))
        return pa.array(np.where(null, 0.0, values - EPOCH).astype(np.int32), mask=null).cast(kind)
    entries: list[Value] = []
    codes: list[NDArray[np.int32]] = []
    for vector, size in zip(vectors, sizes, strict=True):
        one = coded(vector, size)
        codes.append(one.codes.astype(np.int32) + len(entries))
        entries += one.values
    return _entries_array(entries, np.concatenate([np.empty(0, np.int32), *codes])[order], kind, absent)


def _entries_array(
    entries: list[Value], codes: NDArray[Any], kind: pa.DataType, absent: NDArray[np.bool_]
) -> pa.Array:
    used = np.flatnonzero(np.bincount(codes, minlength=len(entries))).tolist() if len(entries) else []
    # In an order of their own, so that the bytes written do not depend on which chunk was read first.
    values = sorted({entries[code] for code in used if entries[code] is not None}, key=str)
    places = {value: place for place, value in enumerate(values)}
    table = np.full(len(entries), -1, np.int32)
    for code in used:
        table[code] = places.get(entries[code], -1)
    found = table[codes] if len(entries) else codes
    indices = pa.array(found, mask=(found < 0) | absent)
    shown = [list(v) if isinstance(v, tuple) else json_value(v) for v in places]
    if pa.types.is_dictionary(kind):
        return pa.DictionaryArray.from_arrays(indices, pa.array(shown, pa.string()))
    return pa.array(shown, kind).take(indices)
