"""Counts what two versions decide differently, piece by piece, and which change alone makes each difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from weighbridge.batch_findings import STATUSES
from weighbridge.batch_plan import BatchTask
from weighbridge.decision_differences import (
    CONFLICTS,
    KINDS,
    RULE,
    SCORE,
    STATES,
    TIER,
    VERDICT,
    Column,
    Decided,
    Keys,
    RuleNumbers,
    differs,
    numbers_at,
    rules_differ,
    states_of,
    values_at,
)
from weighbridge.diagnostics import Diagnostic
from weighbridge.impact_result import (
    TABLE,
    Cause,
    Impact,
    Move,
    RuleTotal,
    ScoreMove,
    Total,
    Validity,
)
from weighbridge.messages import LANGUAGES
from weighbridge.vectors import Mask
from weighbridge.versions import Version

EXAMPLES = 5
"""Keys of records that are named for each difference."""
MOST_MOVES = 2_000
"""Different (before, after) pairs that are told apart; those met later are counted as others."""
MOST_KEPT = 1_000_000
"""Differences that are kept in memory; all are counted, and given to the sink."""

MoveKey = tuple[int, str, int, str, str]
"""Kind, name, market, before, after."""


@dataclass(frozen=True, slots=True, eq=False)
class Compared:
    """The same decisions of a piece under the base, the project, and the base with each change alone."""

    base: Decided
    current: Decided
    alone: tuple[Decided, ...]


@dataclass(slots=True)
class _Counted:
    """How often, and of which records."""

    count: int = 0
    examples: tuple[str, ...] = ()

    def add(self, count: int, examples: Iterable[str]) -> None:
        self.count += count
        self.examples = tuple(dict.fromkeys([*self.examples, *examples]))[:EXAMPLES]


@dataclass(slots=True)
class _Scores:
    """Scores that differ."""

    counted: _Counted
    known: int = 0
    most: float = 0.0
    sum: float = 0.0


@dataclass(slots=True)
class _Alone:
    """What one change does alone."""

    alone: int = 0
    explains: int = 0
    undone: int = 0


class _Piece:
    """What differs in one piece, decision by decision."""

    def __init__(self, size: int, changes: int) -> None:
        self.changed: Mask = np.zeros(size, np.bool_)
        self.unexplained: Mask = np.zeros(size, np.bool_)
        self.alone = [np.zeros(size, np.bool_) for _ in range(changes)]
        self.explains = [np.zeros(size, np.bool_) for _ in range(changes)]

    def explained(self, at: NDArray[np.intp], made: Sequence[Mask]) -> NDArray[np.int64]:
        """Marks differences of the decisions `at`, and which change makes each alone; these as bits."""
        bits = np.zeros(len(at), np.int64)
        for number, mask in enumerate(made):
            bits |= mask.astype(np.int64) << number
            self.explains[number][at[mask]] = True
        self.changed[at] = True
        self.unexplained[at[bits == 0]] = True
        return bits


class Tally:
    """Everything counted so far."""

    def __init__(
        self,
        markets: Sequence[str],
        columns: Sequence[Column],
        rules: RuleNumbers,
        numbers: Sequence[int],
        sink: Callable[[pa.Table], None] | None,
    ) -> None:
        """`numbers`: what the changes that are tried alone are called."""
        self.markets = tuple(markets)
        self.columns = columns
        self.rules = rules
        self.size = max(1, len(rules))
        self.numbers = numbers
        self.sink = sink
        self.records = self.decisions = self.changed = self.changed_records = 0
        self.verdicts = self.together = self.lost = self.others = 0
        self.moves: dict[MoveKey, _Counted] = {}
        self.scores: dict[tuple[str, int], _Scores] = {}
        self.totals: dict[tuple[int, str, int, str], list[int]] = {}
        self.fired = np.zeros((2, self.size), np.int64)
        self.alone = [_Alone() for _ in numbers]
        self.alone_moves: Counter[tuple[int, int, str, str, str]] = Counter()
        self.invalid = [0, 0, 0, 0]
        self.odd: list[tuple[str, Mapping[str, str]]] = []
        self.kept: list[pa.Table] = []
        self.kept_rows = 0
        self._market_names = pa.array([*self.markets], pa.string())

    # --- one piece ---

    def add(self, found: Compared, first: int, size: int, lost: int) -> None:
        """Counts a piece of `size` records, of which `lost` decisions cannot be compared."""
        self.records += size
        self.lost += lost
        self.decisions += len(found.base.places)
        piece = _Piece(len(found.base.places), len(found.alone))
        listed = [t for column in self.columns if (t := self._column(found, column, piece)) is not None]
        listed += self._rules(found, piece)
        self._count_totals(found)
        self.changed += int(piece.changed.sum())
        rows = found.base.places[piece.changed] // len(self.markets)
        self.changed_records += len(np.unique(rows))
        self.together += int(piece.unexplained.sum()) if self.numbers else 0
        for entry, alone, explains in zip(self.alone, piece.alone, piece.explains, strict=True):
            entry.alone += int(alone.sum())
            entry.explains += int(explains.sum())
            entry.undone += int((alone & ~piece.changed).sum())
        self._keep(listed)

    def _column(self, found: Compared, column: Column, piece: _Piece) -> pa.Table | None:
        """Counts what differs in one column; the differences as rows."""
        at = np.flatnonzero(differs(found.base, found.current, column))
        made: list[Mask] = []
        for number, alone in enumerate(found.alone):
            mask = differs(found.base, alone, column)
            piece.alone[number] |= mask
            if column.kind in (VERDICT, TIER):
                self._count_alone(number, column, found.base, alone, np.flatnonzero(mask))
            some = mask[at]
            if some.any():
                some &= ~differs(alone, found.current, column)[at]
            made.append(some)
        if not len(at):
            return None
        bits = piece.explained(at, made)
        if column.kind == VERDICT:
            self.verdicts += len(at)
        before, after = values_at(found.base, column, at), values_at(found.current, column, at)
        places = found.base.places[at]
        names = self._examples(found, at)
        if column.kind == SCORE:
            self._count_scores(found, column, at, names)
        else:
            self._count_moves(column.kind, column.name, places, before, after, names)
        return self._rows(found, at, column.kind, pa.array([column.name] * len(at)), before, after, bits)

    def _rules(self, found: Compared, piece: _Piece) -> Iterator[pa.Table]:
        """Counts rules that do something else; the differences as rows."""
        keys, at = self._of_valid(found, rules_differ(found.base, found.current))
        made: list[Mask] = []
        for number, alone in enumerate(found.alone):
            piece.alone[number][self._of_valid(found, rules_differ(found.base, alone), alone)[1]] = True
            state = states_of(alone, keys)
            made.append((state != states_of(found.base, keys)) & (state == states_of(found.current, keys)))
        if not len(keys):
            return
        bits = piece.explained(at, made)
        states = pa.array(STATES)
        before = states.take(pa.array(states_of(found.base, keys)))
        after = states.take(pa.array(states_of(found.current, keys)))
        numbers = keys % (2 * self.size)
        for kind in (RULE, CONFLICTS):
            some = np.flatnonzero((numbers >= self.size) == (kind == CONFLICTS))
            if not len(some):
                continue
            rule = numbers[some] % self.size
            chosen = pa.array(some)
            old, new = before.take(chosen), after.take(chosen)
            for one in np.unique(rule).tolist():
                own = np.flatnonzero(rule == one)
                own_at = at[some[own]]
                self._count_moves(
                    kind,
                    self.rules.names[one],
                    found.base.places[own_at],
                    old.take(pa.array(own)),
                    new.take(pa.array(own)),
                    self._examples(found, own_at),
                )
            refs = pa.array([*self.rules.names], pa.string()).take(pa.array(rule))
            yield self._rows(found, at[some], kind, refs, old, new, bits[some])

    def _of_valid(
        self, found: Compared, keys: Keys, other: Decided | None = None
    ) -> tuple[Keys, NDArray[np.intp]]:
        """The numbers of decision and rule whose record is valid under both versions, and their decisions."""
        base, places = found.base, keys // (2 * self.size)
        if not len(base.places):
            return keys[:0], np.empty(0, np.intp)
        at = np.minimum(np.searchsorted(base.places, places), len(base.places) - 1)
        valid = base.valid & (found.current if other is None else other).valid
        good = (base.places[at] == places) & valid[at]
        return keys[good], at[good]

    # --- counts ---

    def _count_moves(
        self,
        kind: int,
        name: str,
        places: Keys,
        before: pa.Array,
        after: pa.Array,
        names: Callable[[NDArray[Any]], list[str]],
    ) -> None:
        a, b = before.dictionary_encode(), after.dictionary_encode()
        old, new = a.dictionary.to_pylist(), b.dictionary.to_pylist()
        market = places % len(self.markets)
        codes = [x.indices.to_numpy(zero_copy_only=False).astype(np.int64) for x in (a, b)]
        groups = (market * len(old) + codes[0]) * len(new) + codes[1]
        found, inverse, counts = np.unique(groups, return_inverse=True, return_counts=True)
        order = np.argsort(inverse, kind="stable")
        ends = np.cumsum(counts)
        for group, end, count in zip(found.tolist(), ends.tolist(), counts.tolist(), strict=True):
            rest, new_code = divmod(group, len(new))
            market_code, old_code = divmod(rest, len(old))
            key = (kind, name, market_code, str(old[old_code]), str(new[new_code]))
            if key not in self.moves and len(self.moves) >= MOST_MOVES:
                self.others += count
                continue
            entry = self.moves.setdefault(key, _Counted())
            some = (
                order[end - count : end - max(0, count - EXAMPLES)]
                if len(entry.examples) < EXAMPLES
                else order[:0]
            )
            entry.add(count, names(some))

    def _count_scores(
        self,
        found: Compared,
        column: Column,
        at: NDArray[np.intp],
        names: Callable[[NDArray[Any]], list[str]],
    ) -> None:
        gap = numbers_at(found.current, column, at) - numbers_at(found.base, column, at)
        market = found.base.places[at] % len(self.markets)
        for number in np.unique(market).tolist():
            own = np.flatnonzero(market == number)
            known = gap[own][~np.isnan(gap[own])]
            entry = self.scores.setdefault((column.name, number), _Scores(_Counted()))
            entry.counted.add(len(own), names(own[:EXAMPLES]))
            entry.known += len(known)
            entry.most = max([entry.most, *np.abs(known).tolist()]) if len(known) else entry.most
            entry.sum += float(known.sum())

    def _count_alone(
        self, number: int, column: Column, base: Decided, alone: Decided, at: NDArray[np.intp]
    ) -> None:
        if len(at):
            pairs = Counter(
                zip(
                    values_at(base, column, at).to_pylist(),
                    values_at(alone, column, at).to_pylist(),
                    strict=True,
                )
            )
            for (before, after), count in pairs.items():
                self.alone_moves[number, column.kind, column.name, before, after] += count

    def _count_totals(self, found: Compared) -> None:
        """Verdicts and tiers of valid records, and how often each rule fires."""
        for side, part in enumerate((found.base, found.current)):
            for column in self.columns:
                values = part.column(column.column) if column.kind in (VERDICT, TIER) else None
                if values is not None:
                    self._count_values(side, part, column, values)
            fired = part.rules[part.states == 1] % (2 * self.size)
            self.fired[side] += np.bincount(fired[fired < self.size], minlength=self.size)

    def _count_values(self, side: int, part: Decided, column: Column, values: pa.Array) -> None:
        texts = (
            values if pa.types.is_dictionary(values.type) else values.cast(pa.string()).dictionary_encode()
        )
        names = [*map(str, texts.dictionary.to_pylist()), ""]
        codes = pc.fill_null(texts.indices, len(names) - 1).to_numpy(zero_copy_only=False).astype(np.int64)
        groups = (part.places % len(self.markets)) * len(names) + codes
        for group, count in zip(
            *(x.tolist() for x in np.unique(groups[part.valid], return_counts=True)), strict=True
        ):
            market, code = divmod(group, len(names))
            entry = self.totals.setdefault((column.kind, column.name, market, names[code]), [0, 0])
            entry[side] += count

    def add_invalid(
        self,
        base: Mapping[int, list[Diagnostic]],
        base_findings: pa.RecordBatch,
        current: Mapping[int, list[Diagnostic]],
        current_findings: pa.RecordBatch,
        first: int,
    ) -> None:
        """Counts records that are none, by row of the piece."""
        fresh, gone = current.keys() - base.keys(), base.keys() - current.keys()
        for place, count in enumerate((len(base), len(current), len(fresh), len(gone))):
            self.invalid[place] += count
        for rows, findings in ((fresh, current_findings), (gone, base_findings)):
            self._name_odd({row + first for row in rows}, findings)

    def _name_odd(self, rows: set[int], findings: pa.RecordBatch) -> None:
        room = EXAMPLES - len(self.odd)
        if room <= 0 or not rows:
            return
        status = findings.column(findings.schema.get_field_index("status")).cast(pa.string())
        invalid = pa.Table.from_batches([findings]).filter(pc.equal(status, STATUSES[-1]))
        wanted = invalid.filter(pc.is_in(invalid.column("row"), pa.array(sorted(rows), pa.int64())))
        for entry in wanted.slice(0, room).to_pylist():
            name = f"#{entry['row']}" if entry["key"] is None else entry["key"]
            self.odd.append((name, {lang: entry[f"reason_{lang}"] or "" for lang in LANGUAGES}))

    # --- the list of differences ---

    def _examples(self, found: Compared, at: NDArray[np.intp]) -> Callable[[NDArray[Any]], list[str]]:
        """The names of some of the records `at`."""

        def names(some: NDArray[Any]) -> list[str]:
            if not len(some):
                return []
            chosen = at[some]
            keys = _keys(found).take(pa.array(chosen)).to_pylist()
            rows = (found.base.places[chosen] // len(self.markets)).tolist()
            return [f"#{row}" if key is None else key for row, key in zip(rows, keys, strict=True)]

        return names

    def _rows(
        self,
        found: Compared,
        at: NDArray[np.intp],
        kind: int,
        names: pa.Array,
        before: pa.Array,
        after: pa.Array,
        bits: NDArray[np.int64],
    ) -> pa.Table:
        places = found.base.places[at]
        market = pa.array((places % len(self.markets)).astype(np.int32))
        kinds = pa.array(np.full(len(at), kind, np.int32))
        arrays = [
            pa.array(places // len(self.markets)),
            _keys(found).take(pa.array(at)),
            pa.DictionaryArray.from_arrays(market, self._market_names),
            pa.DictionaryArray.from_arrays(kinds, pa.array(KINDS)),
            names.cast(pa.string()).dictionary_encode(),
            before.cast(pa.string()),
            after.cast(pa.string()),
            self._changes(bits),
        ]
        return pa.Table.from_arrays(arrays, schema=TABLE)

    def _changes(self, bits: NDArray[np.int64]) -> pa.Array:
        """The numbers of the changes that make a difference alone, as text."""
        distinct, inverse = np.unique(bits, return_inverse=True)
        texts = [
            " ".join(str(number) for place, number in enumerate(self.numbers) if bit >> place & 1)
            for bit in distinct.tolist()
        ]
        return pa.array(texts, pa.string()).take(pa.array(inverse))

    def _keep(self, listed: Sequence[pa.Table]) -> None:
        if not listed:
            return
        table = pa.concat_tables(listed)
        table = table.take(np.argsort(table.column("row").to_numpy(), kind="stable"))
        if self.sink is not None:
            self.sink(table)
        if self.kept_rows < MOST_KEPT:
            part = table.slice(0, MOST_KEPT - self.kept_rows)
            self.kept.append(part)
        self.kept_rows += table.num_rows

    # --- the result ---

    def impact(
        self,
        base: Version,
        current: Version,
        task: BatchTask,
        causes: Sequence[Cause] | None,
        notes: tuple[Diagnostic, ...],
    ) -> Impact:
        """The counts as a report."""
        return Impact(
            target=task.target,
            base=base.name,
            base_version=base.engine.version,
            version=current.engine.version,
            markets=self.markets,
            as_of=task.as_of,
            records=self.records,
            decisions=self.decisions,
            changed=self.changed,
            changed_records=self.changed_records,
            verdicts_changed=self.verdicts,
            moves=self._moves(),
            others=self.others,
            scores=tuple(
                ScoreMove(
                    name,
                    self.markets[market],
                    s.counted.count,
                    s.most,
                    s.sum / s.known if s.known else 0.0,
                    s.counted.examples,
                )
                for (name, market), s in self.scores.items()
            ),
            totals=tuple(
                Total(KINDS[kind], name, self.markets[market], value, *counts)
                for (kind, name, market, value), counts in self.totals.items()
            ),
            rules=tuple(
                RuleTotal(name, int(self.fired[0, n]), int(self.fired[1, n]))
                for n, name in enumerate(self.rules.names)
                if self.fired[0, n] or self.fired[1, n]
            ),
            validity=self._validity(),
            causes=None if causes is None else tuple(self._cause(c) for c in causes),
            together=self.together if causes is not None and len(causes) > 1 else 0,
            notes=(*notes, *self._lost_note()),
            table=pa.concat_tables(self.kept) if self.kept else TABLE.empty_table(),
            cut=self.kept_rows > MOST_KEPT,
        )

    def _validity(self) -> Validity:
        before, after, newly_invalid, newly_valid = self.invalid
        return Validity(before, after, newly_invalid, newly_valid, tuple(self.odd))

    def _moves(self) -> tuple[Move, ...]:
        found = [
            Move(KINDS[kind], name, self.markets[market], before, after, entry.count, entry.examples)
            for (kind, name, market, before, after), entry in self.moves.items()
        ]
        return tuple(sorted(found, key=lambda m: (KINDS.index(m.kind), -m.count)))

    def _cause(self, cause: Cause) -> Cause:
        if cause.status == "all":
            return replace(cause, alone=self.changed, explains=self.changed)
        if cause.number not in self.numbers:
            return cause
        place = self.numbers.index(cause.number)
        counted = self.alone[place]
        moves = tuple(
            (KINDS[kind], name, before, after, count)
            for (number, kind, name, before, after), count in self.alone_moves.most_common()
            if number == place
        )
        return replace(
            cause, alone=counted.alone, explains=counted.explains, undone=counted.undone, moves=moves
        )

    def _lost_note(self) -> Iterator[Diagnostic]:
        if self.lost:
            message = f"{self.lost:,} decisions were made under one version only and are not compared"
            yield Diagnostic("WB826", message, severity="note", expected="records of the same markets")


def _keys(found: Compared) -> pa.Array:
    """The records' own names, as the project masks them."""
    keys = found.current.column("key")
    assert keys is not None
    return keys
