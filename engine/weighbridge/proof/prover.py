"""Questions and answers: is there a record of which all this holds?

An answer is `never` (proved), `seen` (a record of which the engine says so) or `open` (the solver gave up, or
what it found is no such record). Equal questions of different markets are asked once; answers can be kept in
a file between runs.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import Enum
from functools import cached_property
from typing import Any

import z3

from weighbridge.engine import Engine
from weighbridge.evaluate import Evaluator
from weighbridge.proof.answers import Answers, Kept
from weighbridge.proof.encoding import Encoding, Formula, both, either, negated
from weighbridge.proof.scope import Scope, scope_of, spelled
from weighbridge.proof.texts import scanner
from weighbridge.proof.witness import bare, candidates, model_day
from weighbridge.records import FieldReader, readers, unknown_fields
from weighbridge.scalar import day_number, term_list
from weighbridge.scenarios import trials
from weighbridge.specialise import DerivedStep, Epochs, SpecialRule, epochs, specialise
from weighbridge.terms import Scanner
from weighbridge.tree import Expr, Name, Value, walk

EFFORT = 1_500_000
"""The solver's own count of steps after which a question is given up: under a second, the same everywhere."""


MOST_POOLED = 40
"""Records of other answers that are tried before the solver is asked."""

MANY_RULES = 400
"""From here on it pays to make a program in order to learn which rules fire."""

MOST_READ = 5_000
"""Records that are kept in the engine's form."""


class Wish(Enum):
    """What is asked of a boolean tree."""

    TRUE = "true"
    FALSE = "false"
    UNKNOWN = "unknown"
    NOT_TRUE = "not true"
    NOT_FALSE = "not false"

    def met(self, value: Value) -> bool:
        """Whether a value is what is asked for."""
        match self:
            case Wish.TRUE:
                return value is True
            case Wish.FALSE:
                return value is False
            case Wish.UNKNOWN:
                return value is None
            case Wish.NOT_TRUE:
                return value is not True
            case _:
                return value is not False


Wanted = tuple[Expr, Wish]


@dataclass(frozen=True, slots=True)
class Seen:
    """A record, market and day of which the engine says what was asked for."""

    target: str
    market: str
    day: date
    record: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """`never`, `seen` (with the record) or `open` (with the reason)."""

    status: str
    seen: Seen | None = None
    why: str = ""


@dataclass
class Prover:
    """Asks the solver about one project."""

    engine: Engine
    answers: Answers
    effort: int = EFFORT
    asked: int = 0
    _scopes: dict[tuple[str, str, int], Scope] = field(default_factory=dict[tuple[str, str, int], Scope])
    _epochs: dict[tuple[str, str], Epochs] = field(default_factory=dict[tuple[str, str], Epochs])
    _scanners: dict[Value, Scanner] = field(default_factory=dict[Value, Scanner])
    _pools: dict[str, deque[Mapping[str, Any]]] = field(default_factory=dict[str, "deque[Mapping[str, Any]]"])
    _written: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict[str, list[Mapping[str, Any]]])
    _values: dict[int, tuple[Any, str, dict[str, Value] | None]] = field(
        default_factory=dict[int, tuple[Any, str, "dict[str, Value] | None"]]
    )
    _readers: dict[str, Mapping[str, FieldReader]] = field(
        default_factory=dict[str, Mapping[str, FieldReader]]
    )

    _parameters: dict[tuple[str, str, date], Value] = field(
        default_factory=dict[tuple[str, str, date], Value]
    )
    _weights: dict[tuple[str, str, date], Value] = field(default_factory=dict[tuple[str, str, date], Value])
    _with_results: dict[int, tuple[Expr, bool]] = field(default_factory=dict[int, tuple[Expr, bool]])

    # --- scopes ---

    def epochs(self, target: str, market: str) -> Epochs:
        """The epochs of a target in a market."""
        key = (target, market)
        if key not in self._epochs:
            self._epochs[key] = epochs(self.engine.book, target, market)
        return self._epochs[key]

    def scope(self, target: str, market: str, index: int) -> Scope:
        """The definitions of a target in a market in one of its epochs."""
        key = (target, market, index)
        if key not in self._scopes:
            span = self.epochs(target, market).span(index)
            special = specialise(self.engine.book, target, market, span[0], span)
            self._scopes[key] = scope_of(self.engine.book, special)
        return self._scopes[key]

    # --- questions ---

    def ask(self, scope: Scope, wanted: Sequence[Wanted]) -> Answer:
        """Whether there is a record of which everything in `wanted` holds."""
        digest = f"{scope.digest([tree for tree, _ in wanted])} {'|'.join(_order(wanted))}"
        kept = self._confirmed(scope, wanted, self.answers.find(digest))
        if kept is None:
            self.asked += 1
            kept = self._known_record(scope, wanted) or self._solve(scope, wanted)
            if kept.status == "open":
                kept = self._written_record(scope, wanted) or kept
            self.answers.keep(digest, kept)
            if kept.record is not None:
                self._pool_of(scope).append(kept.record)
        if kept.record is None:
            return Answer(kept.status, why=kept.why)
        day = scope.day(kept.day)
        return Answer("seen", Seen(scope.special.target, scope.market, day, kept.record))

    def _confirmed(self, scope: Scope, wanted: Sequence[Wanted], kept: Kept | None) -> Kept | None:
        """A kept answer, unless it shows a record of which the engine does not say so."""
        if kept is None or kept.record is None:
            return kept
        return kept if self.confirms(scope, wanted, kept.record, scope.day(kept.day)) else None

    def _pool_of(self, scope: Scope) -> deque[Mapping[str, Any]]:
        """Records that answered other questions about this record type, the latest last."""
        name = scope.model.record_type
        if name not in self._pools:
            self._pools[name] = deque([bare(scope.model)], maxlen=MOST_POOLED)
        return self._pools[name]

    def offer(self, scope: Scope, record: Mapping[str, Any]) -> None:
        """A record that another task found, to be tried on this one's questions."""
        self._pool_of(scope).append(record)

    def _known_record(self, scope: Scope, wanted: Sequence[Wanted]) -> Kept | None:
        """The answer that a record of another question gives: far cheaper than to ask the solver."""
        day = scope.day()
        for record in self._pool_of(scope):
            if self.confirms(scope, wanted, record, day):
                return Kept("seen", record)
        return None

    def _written_record(self, scope: Scope, wanted: Sequence[Wanted]) -> Kept | None:
        """The answer that a record of the project's scenarios gives, for what the solver cannot find."""
        name = scope.model.record_type
        if name not in self._written:
            book = self.engine.book
            known = [t.record for t in trials(self.engine) if book.record_of(t.target) == name]
            self._written[name] = [r for r in known if self._read(scope, r) is not None]
        day = scope.day()
        for record in self._written[name]:
            if self.confirms(scope, wanted, record, day):
                return Kept("seen", record)
        return None

    def _solve(self, scope: Scope, wanted: Sequence[Wanted]) -> Kept:
        def confirmed(record: Mapping[str, Any], number: float | None) -> bool:
            return self.confirms(scope, wanted, record, scope.day(number))

        return solve(scope, wanted, self.effort, confirmed)

    # --- known records ---

    def firing(self, scope: Scope, seen: Seen, counts: Callable[[SpecialRule], bool]) -> list[SpecialRule]:
        """The rules of the target that fire for a seen record, of those that count."""
        rules = scope.outputs[scope.special.target].rules
        if len(rules) <= MANY_RULES:
            return self.firing_too(scope, seen, [r for r in rules if counts(r)])
        # The engine's program takes a while to make, but has an index.
        decision = self.engine.decide(scope.special.target, seen.record, market=scope.market, as_of=seen.day)
        fired = frozenset(decision._raw[0][-1][0])
        return [r for r in rules if r.index in fired and counts(r)]

    def firing_too(self, scope: Scope, seen: Seen, others: Sequence[SpecialRule]) -> list[SpecialRule]:
        """Those of `others` that fire for a seen record as well."""
        if not others:
            return []
        evaluator = self._evaluator(scope, [o.condition for o in others], seen.record, seen.day)
        assert evaluator is not None
        return [o for o in others if evaluator.value(o.condition) is True]

    # --- what regions set ---

    @cached_property
    def markets(self) -> tuple[str, ...]:
        """All markets, those of the settings first."""
        chosen = self.engine.project.config.model.markets
        known = self.engine.markets
        return tuple(dict.fromkeys([m for m in chosen if m in known] + list(known)))

    def parameter(self, market: str, name: str, day: date) -> Value:
        """A parameter's value, looked up once."""
        key = (market, name, day)
        if key not in self._parameters:
            found = self.engine.book.regions.parameter(market, name, day)
            self._parameters[key] = None if found is None else found.value
        return self._parameters[key]

    def weight(self, market: str, card: str, line: str, day: date) -> Value:
        """A region's own weight of a characteristic, looked up once; None where it has none."""
        key = (market, f"{card}.{line}", day)
        if key not in self._weights:
            found = self.engine.book.regions.weight(market, card, line, day)
            self._weights[key] = None if found is None else found.value
        return self._weights[key]

    # --- the engine's word ---

    def confirms(self, scope: Scope, wanted: Sequence[Wanted], record: Mapping[str, Any], day: date) -> bool:
        """Whether the engine says of a record what was asked for."""
        evaluator = self._evaluator(scope, [tree for tree, _ in wanted], record, day)
        return evaluator is not None and all(wish.met(evaluator.value(tree)) for tree, wish in wanted)

    def _evaluator(
        self, scope: Scope, trees: Sequence[Expr], record: Mapping[str, Any], day: date
    ) -> Evaluator | None:
        """The engine's evaluator over a record; None where it is no record of its type."""
        values = self._read(scope, record)
        if values is None:
            return None
        if self._needs_results(scope, trees):
            decision = self.engine.decide(scope.special.target, record, market=scope.market, as_of=day)
            return decision._explain().evaluator
        environment = _Environment(scope, values)
        environment["as_of"] = day_number(day)
        environment.evaluator = Evaluator(environment, self._mentioned, frozenset(scope.special.lineage))
        return environment.evaluator

    def _read(self, scope: Scope, record: Mapping[str, Any]) -> dict[str, Value] | None:
        """The record's values, remembered: the same few records are tried on many questions."""
        name = scope.model.record_type
        known = self._values.get(id(record))
        if known is not None and known[0] is record and known[1] == name:
            return known[2]
        if name not in self._readers:
            self._readers[name] = readers(scope.model)
        problems = unknown_fields(record, scope.model)
        values = {key: r.read(record.get(key), problems) for key, r in self._readers[name].items()}
        if len(self._values) >= MOST_READ:
            self._values.clear()
        self._values[id(record)] = (record, name, None if problems else values)
        return None if problems else values

    def _needs_results(self, scope: Scope, trees: Sequence[Expr]) -> bool:
        """Whether the trees read a score or another ruleset's output, directly or not."""
        return any(self._needs_result(scope, tree) for tree in trees)

    def _needs_result(self, scope: Scope, tree: Expr) -> bool:
        known = self._with_results.get(id(tree))
        if known is None:
            known = self._with_results[id(tree)] = (tree, _reads_results(scope, tree))
        return known[1]

    def _mentioned(self, name: str, text: Expr, value: Value, terms: Value) -> Value:
        if terms not in self._scanners:
            self._scanners[terms] = scanner(term_list(self.engine.book, terms))
        found = self._scanners[terms]
        pieces = (value,) if isinstance(value, str) else value
        assert isinstance(pieces, tuple)
        if name == "mentions":
            return any(found.hits(piece) for piece in pieces)
        return float(sum(found.count(piece, 0) for piece in pieces))


def _reads_results(scope: Scope, tree: Expr) -> bool:
    pending, seen = [tree], set[str]()
    while pending:
        for node in walk(pending.pop()):
            if isinstance(node, Name) and node.path not in seen:
                seen.add(node.path)
                found = scope.definition(node.path)
                if isinstance(found, DerivedStep):
                    pending.append(found.tree)
                elif found is not None:
                    return True
    return False


class _Environment(dict[str, Value]):
    """The values of names for one record; derived values are computed when first asked for."""

    def __init__(self, scope: Scope, values: Mapping[str, Value]) -> None:
        super().__init__(values)
        self.scope = scope
        self.evaluator: Evaluator

    def __missing__(self, path: str) -> Value:
        found = self.scope.definition(path)
        value = self.evaluator.value(found.tree) if isinstance(found, DerivedStep) else None
        self[path] = value
        return value


def solve(
    scope: Scope,
    wanted: Sequence[Wanted],
    effort: int,
    confirmed: Callable[[Mapping[str, Any], float | None], bool],
) -> Kept:
    """Asks the solver. `confirmed` says of a record, and a day if the question depends on it, whether it is one."""
    encoding = Encoding(scope)
    goal = [formula(encoding, tree, wish) for tree, wish in wanted]
    if any(g is False for g in goal):
        return Kept("never")
    solver = z3.Solver()
    solver.set("rlimit", effort)
    solver.add([g for g in goal if g is not True])
    solver.add([f for f in encoding.relations() if f is not True])
    solver.add([f for f in encoding.facts if f is not True])
    for tame in (False, True):
        if tame:
            solver.add(_tame(encoding))
        found = solver.check()
        if found == z3.unsat and not tame:
            return Kept("never")
        if found == z3.unknown and not tame:
            return Kept("open", why="the solver's limit of steps was reached")
        if found == z3.sat:
            model = solver.model()
            number = model_day(encoding, model)
            for record in candidates(encoding, model):
                if confirmed(record, number):
                    return Kept("seen", record, number)
    return Kept("open", why="the solver's record is none that the engine confirms")


def formula(encoding: Encoding, tree: Expr, wish: Wish) -> Formula:
    """The formula for "`tree` is as wished"."""
    found = encoding.truth(tree)
    match wish:
        case Wish.TRUE:
            return found.true
        case Wish.FALSE:
            return found.false
        case Wish.UNKNOWN:
            return both([negated(found.true), negated(found.false)])
        case Wish.NOT_TRUE:
            return negated(found.true)
        case _:
            return negated(found.false)


def _order(wanted: Sequence[Wanted]) -> list[str]:
    return sorted(f"{wish.value} {spelled(tree)}" for tree, wish in wanted)


def _tame(encoding: Encoding) -> list[Formula]:
    """Numbers that people write and doubles hold exactly: eighths below a million."""
    found: list[Formula] = []
    for path, known in encoding.fields.items():
        if path in encoding.scope.model.fields and encoding.scope.model.fields[path].type == "number":
            eighths = z3.Int(f"eighths of {path}")
            small = z3.And(eighths >= -8_000_000, eighths <= 8_000_000)
            found.append(either([negated(known.known), z3.And(known.value * 8 == z3.ToReal(eighths), small)]))
    return found
