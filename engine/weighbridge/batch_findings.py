"""The findings of a chunk in columns: which rule says what about which record in which market."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from weighbridge.batch_plan import BatchPlan, BatchTask, MarketChunk
from weighbridge.chinese import problems_in_words
from weighbridge.columnar import RulesetResult
from weighbridge.diagnostics import Diagnostic
from weighbridge.firings import Pairs
from weighbridge.messages import EXPLANATION, LANGUAGES, REPORT, phrase
from weighbridge.record_columns import Columns
from weighbridge.rulebook import Output
from weighbridge.tree import Const
from weighbridge.vectors import Rows

DICTIONARY = pa.dictionary(pa.int32(), pa.string())
MATCH = pa.struct([("term", pa.string()), ("text", pa.string()), ("field", pa.string())])
STATUSES = ("fired", "undecided", "conflict", "invalid_record")
FIRED, UNDECIDED, CONFLICT, INVALID = range(4)
INVALID_RECORD = "invalid-record"

Small = NDArray[np.int32]
Texts = tuple[Any, ...]
"""The reason in each language, then missing fields and matches where these are asked for."""


def findings_schema(task: BatchTask) -> pa.Schema:
    """The columns of findings."""
    fields = [("row", pa.int64()), ("key", pa.string())]
    fields += [(name, DICTIONARY) for name in ("market", "rule", "status", "severity")]
    fields += [(f"reason_{lang}", pa.string()) for lang in LANGUAGES]
    if task.reasons is not None:
        fields += [("missing", pa.list_(pa.string())), ("matches", pa.list_(MATCH))]
    return pa.schema(fields)


def severity_levels(outputs: Mapping[str, Output]) -> tuple[str, ...]:
    """Every severity a finding can have."""
    verdict = outputs.get("verdict")
    levels = () if verdict is None else verdict.symbol.allowed or ()
    return tuple(dict.fromkeys([*levels, "pass", "review", "error"]))


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """Findings by column. `market` is -1 for those about the record itself; `rule` numbers all rules of the
    target, the one after the last is the invalid record's. `conflicts` names rules and outputs that conflict."""

    row: Rows
    market: Small
    rule: Small
    status: Small
    severity: Small
    conflicts: Mapping[tuple[int, int, int], list[tuple[str, str, tuple[str, ...]]]]

    def take(self, order: Rows) -> Findings:
        """The findings in another order."""
        return Findings(
            self.row[order],
            self.market[order],
            self.rule[order],
            self.status[order],
            self.severity[order],
            self.conflicts,
        )

    def arrays(self, rules: Sequence[str], severities: Sequence[str]) -> list[pa.Array]:
        """Rule, status and severity as Arrow has them."""
        named = ((self.rule, [*rules, INVALID_RECORD]), (self.status, STATUSES), (self.severity, severities))
        return [pa.DictionaryArray.from_arrays(pa.array(codes), pa.array(names)) for codes, names in named]

    def told(self, problems: Mapping[int, list[Diagnostic]]) -> dict[int, Texts]:
        """Reasons of findings that are about a record or about rules together, by place."""
        found = self._conflict_reasons(np.flatnonzero(self.status == CONFLICT).tolist())
        for place in np.flatnonzero(self.status == INVALID).tolist():
            wrong = problems[int(self.row[place])]
            texts = [
                phrase(REPORT, "invalid_record", lang, problems=problems_in_words(wrong, lang))
                for lang in LANGUAGES
            ]
            found[place] = (*texts, [], [])
        return found

    def _conflict_reasons(self, places: Sequence[int]) -> dict[int, Texts]:
        """Reasons of conflicts, by place."""
        found: dict[int, Texts] = {}
        seen: dict[tuple[int, int, int], int] = {}
        for place in places:
            key = (int(self.row[place]), int(self.market[place]), int(self.rule[place]))
            number = seen[key] = seen.get(key, -1) + 1
            policy, output, refs = self.conflicts[key][number]
            texts = [
                phrase(EXPLANATION, f"conflict_{policy}", lang, output=output, rules=", ".join(refs))
                for lang in LANGUAGES
            ]
            found[place] = (*texts, [], [])
        return found


def find(
    plan: BatchPlan,
    answers: Sequence[MarketChunk],
    valid: NDArray[np.bool_],
    columns: Columns,
    rules: Sequence[str],
    severities: Sequence[str],
) -> Findings:
    """All findings of a chunk: market by market, in each by record."""
    number = {ref: n for n, ref in enumerate(rules)}
    level = {name: n for n, name in enumerate(severities)}
    found = [
        _of_market(plan.task, answer, answer.result.ruleset, number, level)
        for answer in answers
        if answer.result.ruleset is not None
    ]
    kept = [f.take(np.flatnonzero(valid[f.row])) for f in found] if columns.problems else found
    kept.append(_invalid(columns.problems, len(rules), level["error"]))
    conflicts = {key: entry for f in kept for key, entry in f.conflicts.items()}
    return Findings(
        np.concatenate([f.row for f in kept]),
        np.concatenate([f.market for f in kept]),
        np.concatenate([f.rule for f in kept]),
        np.concatenate([f.status for f in kept]),
        np.concatenate([f.severity for f in kept]),
        conflicts,
    )


def _invalid(problems: Mapping[int, list[Diagnostic]], rule: int, severity: int) -> Findings:
    rows = np.array(sorted(problems), np.intp)
    size = len(rows)
    return Findings(
        rows, _small(size, -1), _small(size, rule), _small(size, INVALID), _small(size, severity), {}
    )


def _small(size: int, value: int) -> Small:
    return np.full(size, value, np.int32)


def _of_market(
    task: BatchTask,
    answer: MarketChunk,
    result: RulesetResult,
    number: Mapping[str, int],
    level: Mapping[str, int],
) -> Findings:
    combiner = result.program.combiner
    review = level["review"] if "verdict" in combiner.outputs else level["pass"]
    fires = np.array([p == "fire" for p in combiner.policies], np.bool_)
    hits, waiting = result.hits.pairs, result.waiting.pairs
    acting = fires[waiting.rules]
    rows, rule = [hits.rows, waiting.rows], [hits.rules, waiting.rules]
    status = [_small(len(hits.rows), FIRED), np.where(acting, FIRED, UNDECIDED).astype(np.int32)]
    severity = [
        _severities(result, hits, level),
        np.where(acting, _severities(result, waiting, level), review).astype(np.int32),
    ]
    if task.undecided:
        silent = _silent(result)
        rows.append(silent.rows)
        rule.append(silent.rules)
        status.append(_small(len(silent.rows), UNDECIDED))
        severity.append(_small(len(silent.rows), level["pass"]))
    conflicts = _conflicts(result)
    rows.append(np.array([row for row, _, _ in conflicts], np.intp))
    # Conflicts stand after all rules of their record.
    rule.append(np.array([len(combiner.refs) + n for n in range(len(conflicts))], np.intp))
    status.append(_small(len(conflicts), CONFLICT))
    severity.append(_small(len(conflicts), level["error"]))
    row, position = np.concatenate(rows), np.concatenate(rule)
    order = np.argsort(row * (len(combiner.refs) + len(conflicts) + 1) + position, kind="stable")
    named = np.array(
        [number[ref] for ref in combiner.refs] + [number[refs[0]] for _, _, refs in conflicts], np.int32
    )
    at = np.concatenate([row, []]).astype(np.intp)[order]
    chunk_rows = at if answer.rows is None else answer.rows[at]
    listed: dict[tuple[int, int, int], list[tuple[str, str, tuple[str, ...]]]] = {}
    for place, (policy, output), refs in conflicts:
        chunk_row = place if answer.rows is None else int(answer.rows[place])
        listed.setdefault((chunk_row, answer.market, number[refs[0]]), []).append((policy, output, refs))
    return Findings(
        chunk_rows,
        _small(len(order), answer.market),
        named[position[order]] if len(order) else _small(0, 0),
        np.concatenate(status)[order],
        np.concatenate(severity)[order],
        listed,
    )


def _severities(result: RulesetResult, pairs: Pairs, level: Mapping[str, int]) -> Small:
    """The verdict each rule asks for in its row; "pass" where it asks for none."""
    program = result.program
    constant = [str(c.get("verdict", "pass")) for c in program.combiner.constants]
    found: Small = np.array([level[v] for v in constant], np.int32)[pairs.rules] if constant else _small(0, 0)
    computing = [r.index for r in program.step.rules if not isinstance(r.then.get("verdict"), Const | None)]
    for rule in computing:
        at = np.flatnonzero(pairs.rules == rule)
        if len(at):
            values = program.computed(result, rule, "verdict", pairs.rows[at])
            found[at] = [level["pass" if v is None else str(v)] for v in values]
    return found


def _silent(result: RulesetResult) -> Pairs:
    """Undecided rules that say nothing of it."""
    quiet = np.array([p == "skip" for p in result.program.combiner.policies], np.bool_)
    return result.program.all_undecided(result).of(quiet).pairs


def _conflicts(result: RulesetResult) -> list[tuple[int, tuple[str, str], tuple[str, ...]]]:
    """(row, (policy, output), rules) of every violated policy."""
    refs = result.program.combiner.refs
    return [
        (row, (conflict.policy, conflict.output), tuple(refs[i] for i in rules))
        for conflict in result.conflicts()
        for row, rules in conflict.rules.items()
    ]
