"""Two versions' decisions of the same records, told apart: which differ, in what, in columns.

The decisions of a piece are Arrow tables with a row per record and market (see `batch_tables`). What is compared
is everything a decision says: whether the record is valid, the outputs, scores and tiers, and which rules fired,
could not be decided or conflict. A score's coverage is not, since it moves with the score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from weighbridge.batch_findings import CONFLICT, FIRED, INVALID, STATUSES, UNDECIDED
from weighbridge.batch_tables import BatchTables, TableWriter
from weighbridge.masking import MASK
from weighbridge.privacy import personal_outputs
from weighbridge.specialise import RulesetStep
from weighbridge.vectors import Mask

KINDS = ("valid", "verdict", "output", "tier", "score", "rule", "conflict")
"""What of a decision can differ."""

VALID, VERDICT, OUTPUT, TIER, SCORE, RULE, CONFLICTS = range(len(KINDS))
STATES = ("silent", "fired", "undecided")
"""What a rule does in a decision."""

Keys = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of decisions to compare. `ordered`: the order of a list means something. `hidden`: its values are
    computed from personal data and masked where they are shown."""

    kind: int
    name: str
    column: str
    ordered: bool = True
    hidden: bool = False


def columns_of(writers: Sequence[TableWriter]) -> tuple[Column, ...]:
    """Everything to compare that one of two versions decides."""
    found: dict[str, Column] = {"valid": Column(VALID, "valid", "valid")}
    for writer in writers:
        for name, output in writer.outputs.items():
            kind = VERDICT if name == "verdict" else OUTPUT
            column = "verdict" if name == "verdict" else writer.column(name)
            known = found.get(column)
            ordered = output.combine != "set" and (known is None or known.ordered)
            hidden = name in _personal(writer) or (known is not None and known.hidden)
            found[column] = Column(kind, name, column, ordered, hidden)
        for card in writer.cards:
            found[f"{card}.tier"] = Column(TIER, card, f"{card}.tier")
            found[f"{card}.score"] = Column(SCORE, card, f"{card}.score")
    return tuple(found.values())


def _personal(writer: TableWriter) -> frozenset[str]:
    """The outputs that hold personal data in some market; none where it is to be shown."""
    if writer.plan.task.personal:
        return frozenset()
    found: set[str] = set()
    for program in writer.plan.programs:
        step = program.special.steps[-1]
        if isinstance(step, RulesetStep):
            rules = (r.rule for r in step.rules)
            found |= personal_outputs(rules, step.outputs, program.special.sight.personal)
    return frozenset(found - {"verdict"})


@dataclass(frozen=True, slots=True, eq=False)
class Decided:
    """A version's decisions of a piece, brought to the order of records, then markets.

    `places` says which record and market a decision is of; `rules` are sorted numbers of decision and rule, and
    `states` what the rule does there. Rules that conflict are numbered behind all rules.
    """

    places: Keys
    valid: Mask
    table: pa.RecordBatch
    rules: Keys
    states: NDArray[np.int8]

    def column(self, name: str) -> pa.Array | None:
        """A column; None where the version has no such thing."""
        at = self.table.schema.get_field_index(name)
        return None if at < 0 else self.table.column(at)

    def take(self, at: NDArray[Any]) -> Decided:
        """Some of the decisions; the rules stay."""
        return Decided(
            self.places[at], self.valid[at], self.table.take(pa.array(at)), self.rules, self.states
        )


class RuleNumbers:
    """One number for every rule of any version."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, names: Sequence[str]) -> NDArray[np.int64]:
        """The numbers of some rules."""
        return np.array([self._numbers.setdefault(name, len(self._numbers)) for name in names], np.int64)

    @property
    def names(self) -> tuple[str, ...]:
        """Rules by number."""
        return tuple(self._numbers)

    def __len__(self) -> int:
        return len(self._numbers)


def decided(tables: BatchTables, markets: Sequence[str], rules: RuleNumbers, size: int) -> Decided:
    """The decisions of a version. `size`: how many rule numbers there can be."""
    table, findings = tables.decisions, tables.findings
    places = _places(table, markets)
    status = _codes(findings, "status", STATUSES)
    about = np.flatnonzero(status != INVALID)
    part = findings.take(pa.array(about)) if len(about) < findings.num_rows else findings
    status = status[about]
    names = part.column(part.schema.get_field_index("rule"))
    number = rules.of(names.dictionary.to_pylist())[names.indices.to_numpy(zero_copy_only=False)]
    number = number + np.where(status == CONFLICT, size, 0)
    keys = _places(part, markets) * (2 * size) + number
    state = np.select([status == FIRED, status == UNDECIDED], [1, 2], 1).astype(np.int8)
    keys, first = np.unique(keys, return_index=True)
    valid = table.column(table.schema.get_field_index("valid")).to_numpy(zero_copy_only=False)
    return Decided(places, valid, table, keys, state[first])


def _places(table: pa.RecordBatch, markets: Sequence[str]) -> Keys:
    row = table.column(table.schema.get_field_index("row")).to_numpy(zero_copy_only=False)
    found: Keys = row.astype(np.int64) * len(markets) + _codes(table, "market", markets)
    return found


def _codes(table: pa.RecordBatch, name: str, order: Sequence[str]) -> NDArray[np.int64]:
    """A column of names as places in `order`; -1 for null."""
    column = table.column(table.schema.get_field_index(name))
    own = np.array(
        [order.index(n) if n in order else -1 for n in column.dictionary.to_pylist()] + [-1], np.int64
    )
    indices = pc.fill_null(column.indices, len(own) - 1).to_numpy(zero_copy_only=False)
    found: NDArray[np.int64] = own[indices]
    return found


def differs(a: Decided, b: Decided, column: Column) -> Mask:
    """In which decisions a column differs. Of records invalid in either version only `valid` does."""
    if column.kind == VALID:
        found: Mask = a.valid != b.valid
        return found
    return _unequal(a.column(column.column), b.column(column.column), len(a.places), column.ordered) & (
        a.valid & b.valid
    )


def _unequal(a: pa.Array | None, b: pa.Array | None, size: int, ordered: bool) -> Mask:
    if a is None or b is None:
        other = a if b is None else b
        assert other is not None
        filled: Mask = texts_of(other).is_valid().to_numpy(zero_copy_only=False)
        return filled
    if pa.types.is_dictionary(a.type) and pa.types.is_dictionary(b.type):
        unlike: Mask = _dictionary_codes(a, a) != _dictionary_codes(b, a)
        return unlike
    if a.type != b.type or not pa.types.is_primitive(a.type):
        x, y = texts_of(a), texts_of(b)
    else:
        x, y = a, b
    unequal = pc.fill_null(pc.not_equal(x, y), False).to_numpy(zero_copy_only=False)
    found: Mask = unequal | (
        x.is_null().to_numpy(zero_copy_only=False) != y.is_null().to_numpy(zero_copy_only=False)
    )
    if not ordered and a.type == b.type and pa.types.is_list(a.type):
        at = np.flatnonzero(found)
        pairs = zip(a.take(pa.array(at)).to_pylist(), b.take(pa.array(at)).to_pylist(), strict=True)
        found = found.copy()
        found[at] = [sorted(p or ()) != sorted(q or ()) for p, q in pairs]
    return found


def _dictionary_codes(column: pa.DictionaryArray, like: pa.DictionaryArray) -> NDArray[np.int64]:
    """A dictionary's codes as those of another one; -1 for null, what the other lacks behind all it has."""
    order = {value: code for code, value in enumerate(like.dictionary.to_pylist())}
    own = [order.setdefault(value, len(order)) for value in column.dictionary.to_pylist()]
    table = np.array([*own, -1], np.int64)
    found: NDArray[np.int64] = table[pc.fill_null(column.indices, len(own)).to_numpy(zero_copy_only=False)]
    return found


def texts_of(column: pa.Array) -> pa.Array:
    """Values as texts; null where unknown or an empty list."""
    if pa.types.is_list(column.type):
        joined = pc.binary_join(column.cast(pa.list_(pa.string())), ", ")
        return pc.if_else(pc.equal(joined, ""), None, joined)
    return column.cast(pa.string())


def values_at(decided_: Decided, column: Column, at: NDArray[Any]) -> pa.Array:
    """What a column says in some decisions, as texts; "" where it says nothing. Sets are sorted."""
    if column.kind == VALID:
        return pa.array(np.where(decided_.valid[at], "valid", "invalid"), pa.string())
    found = decided_.column(column.column)
    if found is None:
        return pa.array([""] * len(at), pa.string())
    part = found.take(pa.array(at))
    if not column.ordered and pa.types.is_list(part.type):
        part = pa.array([None if v is None else sorted(v) for v in part.to_pylist()], part.type)
    shown = pc.fill_null(texts_of(part), "")
    return pc.if_else(pc.equal(shown, ""), "", MASK) if column.hidden else shown


def numbers_at(decided_: Decided, column: Column, at: NDArray[Any]) -> NDArray[np.float64]:
    """A numeric column in some decisions; NaN where it is unknown."""
    found = decided_.column(column.column)
    if found is None:
        return np.full(len(at), np.nan)
    values: NDArray[np.float64] = found.take(pa.array(at)).to_numpy(zero_copy_only=False).astype(np.float64)
    return values


def states_of(decided_: Decided, keys: Keys) -> NDArray[np.int8]:
    """What rules do in decisions, by number of both."""
    if not len(decided_.rules):
        return np.zeros(len(keys), np.int8)
    at = np.minimum(np.searchsorted(decided_.rules, keys), len(decided_.rules) - 1)
    found: NDArray[np.int8] = np.where(decided_.rules[at] == keys, decided_.states[at], 0).astype(np.int8)
    return found


def rules_differ(a: Decided, b: Decided) -> Keys:
    """Numbers of decision and rule where the rule does something else."""
    keys = np.union1d(a.rules, b.rules)
    found: Keys = keys[states_of(a, keys) != states_of(b, keys)]
    return found


def together(parts: Sequence[Decided]) -> tuple[list[Decided], int]:
    """The decisions that all versions made, and how many only some of them did."""
    places = parts[0].places
    if all(np.array_equal(p.places, places) for p in parts[1:]):
        return list(parts), 0
    every = places
    for part in parts[1:]:
        every = np.union1d(every, part.places)
        places = np.intersect1d(places, part.places)
    return [p.take(np.searchsorted(p.places, places)) for p in parts], len(every) - len(places)
