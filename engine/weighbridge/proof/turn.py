"""Turn-around: the smallest change of a record's changeable fields that brings a wanted verdict.

The solver chooses as few fields as possible, over concrete acts on texts and over all numbers; the engine
decides the record that comes out, and only what it confirms is told. Then every change is made as small as the
engine allows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import chain, combinations, islice
from typing import Any

import z3

from weighbridge.decisions import Decision
from weighbridge.diagnostics import Diagnostic, InvalidRecord, UnknownName, unknown_name
from weighbridge.engine import Engine
from weighbridge.feed_turning import FeedTurn, plan
from weighbridge.proof.acts import Act, Asked, Questions, acts
from weighbridge.proof.encoding import Encoding, Formula, both, either, negated, number
from weighbridge.proof.record_encoding import Reads, RecordEncoding, World
from weighbridge.proof.scope import Scope, scope_of
from weighbridge.specialise import SpecialRule
from weighbridge.tree import Const, Expr, Name, Type
from weighbridge.turning import NICE, Change, Proposal, Turn, change_of, is_counted, nearer_numbers, rounded

EFFORT = 3_000_000
"""The solver's own count of steps after which a question about one record is given up."""

MOST_CHANGED = 8
"""Fields that one proposal may change; with more it is another product."""

MOST_TRIES = 25
"""Records of the solver that the engine may refuse before the search ends."""

MOST_ALTERNATIVES = 3
"""Proposals of the same size that are told."""

MOST_LOOKED_AT = 200
"""Decisions of a feed that are looked at, unless asked otherwise: a second each at worst."""

MOST_TRIED = 3_000
"""Sets of acts that are tried where the solver gave up."""

MOST_NEARER = 4
"""How often a nearer number is asked for."""

MOST_ROUNDS = 3
"""How often fields of rules that a change would wake are taken in."""


@dataclass
class Turner:
    """Turns decisions of one target around. Keeps what markets have in common between records."""

    engine: Engine
    target: str
    wanted: str
    effort: int = EFFORT
    _views: dict[int, _View] = field(default_factory=dict[int, "_View"])

    def __post_init__(self) -> None:
        """Raises `UnknownName` and, where the verdict is not the worst of constants, `DiagnosticError`."""
        check_wanted(self.engine, self.target, self.wanted)

    def turn(self, record: Mapping[str, Any], market: str, as_of: date | str) -> Turn:
        """What would bring the verdict. Raises `InvalidRecord` and `UnknownName`."""
        decision = self.engine.decide(self.target, record, market=market, as_of=as_of)
        base = Turn(self.target, market, decision.as_of, decision.record_key, outcome(decision), self.wanted)
        if base.before == self.wanted:
            return base.ended("already")
        key = id(decision._prepared)
        if key not in self._views:
            self._views[key] = _View(scope_of(self.engine.book, decision._prepared.special), self.wanted)
        return _Search(self, self._views[key], decision, base).run()


def outcome(decision: Decision) -> str | None:
    """The verdict; of a scorecard its tier."""
    scores = decision.score_values
    return scores[decision.target][1] if decision.target in scores else decision.verdict


def check_wanted(engine: Engine, target: str, wanted: str) -> None:
    """Raises `UnknownName` where the target gives no such verdict, or one that cannot be turned around."""
    engine.record_type(target)
    if target in engine.book.scorecards:
        tiers = [t.id for t in engine.book.scorecards[target].tiers]
        if wanted not in tiers:
            raise UnknownName([unknown_name("WB830", "tier", wanted, tiers)])
        return
    output = engine.book.rulesets[target].outputs.get("verdict")
    allowed = () if output is None else output.symbol.allowed or ()
    if output is None or output.combine != "worst":
        message = (
            f"{target} gives no verdict that is the worst of its rules', so that none can be brought about"
        )
        raise UnknownName(
            [Diagnostic("WB830", message, expected="a ruleset whose verdict combines as `worst`")]
        )
    if wanted not in allowed:
        raise UnknownName([unknown_name("WB830", "verdict", wanted, allowed)])


class _View:
    """One target in one market and epoch: rules by what they say of the wanted verdict."""

    def __init__(self, scope: Scope, wanted: str) -> None:
        self.scope = scope
        self.reads = Reads(scope)
        self.changeable = tuple(n for n, f in scope.model.fields.items() if f.changeable)
        self.wanted = wanted
        self.step = scope.outputs.get(scope.special.target)
        self.card = scope.cards.get(scope.special.target)
        allowed = () if self.step is None else self.step.outputs["verdict"].symbol.allowed or ()
        self.rank = {level: i for i, level in enumerate(allowed)}
        self.groups: dict[str, list[SpecialRule]] = {}
        for rule in () if self.step is None else self.step.rules:
            if rule.rule.group is not None:
                self.groups.setdefault(rule.rule.group, []).append(rule)

    def level(self, rule: SpecialRule, waits: bool = False) -> int:
        """How severe a rule is when it fires, or when it waits for its data; -1: it has no say."""
        if waits and rule.rule.if_unknown != "fire":
            return self.rank.get("review", -1) if rule.rule.if_unknown == "review" else -1
        value = rule.then.get("verdict")
        return self.rank.get(str(value.value), -1) if isinstance(value, Const) else -1

    def computed(self) -> bool:
        """Whether some rule computes its verdict, which is not followed."""
        rules = () if self.step is None else self.step.rules
        return any(not isinstance(r.then.get("verdict", Const(None, Type.TEXT)), Const) for r in rules)

    def goal(self, encoding: Encoding) -> Formula:
        """The formula for "the verdict is as wanted"."""
        if self.card is not None:
            found = encoding.text(Name(f"{self.card.id}.tier", Type.TEXT))
            return both([found.known, found.value == encoding.codes.code(self.wanted)])
        assert self.step is not None
        wanted = self.rank[self.wanted]
        says: dict[int, list[Formula]] = {}
        fired: dict[str, list[Formula]] = {}
        for rule in self.step.rules:
            levels = (self.level(rule), self.level(rule, waits=True))
            if max(levels) < 0 and rule.rule.group is None:
                continue
            truth = encoding.truth(rule.condition)
            earlier = fired.get(rule.rule.group or "", [])
            free = negated(either(earlier))
            if rule.rule.group is not None:
                fired.setdefault(rule.rule.group, []).append(truth.true)
            waits = both([negated(truth.true), negated(truth.false), free])
            says.setdefault(levels[0], []).append(both([truth.true, free]))
            says.setdefault(levels[1], []).append(waits)
        says.pop(-1, None)
        worse = [f for level, found in says.items() if level > wanted for f in found]
        exact = either(says.get(wanted, []))
        if self.step.outputs["verdict"].default == self.wanted:
            exact = either([exact, negated(either(f for found in says.values() for f in found))])
        return both([exact, *(negated(f) for f in worse)])


@dataclass
class _Search:
    """The search for one record."""

    turner: Turner
    view: _View
    decision: Decision
    base: Turn
    tried: int = 0
    open: str = ""

    def run(self) -> Turn:
        """The outcome."""
        view = self.view
        if view.computed():
            return self.base.ended("open", "computed")
        conditions = self._in_the_way(self.decision)
        moving = self._movable(conditions)
        fixed = [] if self._rises() else self._fixed(conditions)
        if not moving or fixed:
            return self.base.ended("never", rules=tuple(fixed or conditions))
        for attempt in range(MOST_ROUNDS):
            world = self._world(moving, conditions, woken=attempt > 0)
            found = self._single_acts(world, moving) or self._solve(world, moving)
            if self.open and not found:
                found = self._few_acts(world, moving)
            if found:
                return self.base.found(tuple(found), view.scope.model)
            woken = frozenset[str]().union(*(view.reads.of(r.condition) for r in self._woken(moving)))
            more = tuple(f for f in view.changeable if f in woken and f not in moving)
            if self.open or (attempt and not more):
                break
            moving = (*moving, *more)
        if self.open:
            return self.base.ended("open", self.open, tuple(conditions))
        never = self._proved_impossible(world, moving)
        return self.base.ended("never" if never else "none", rules=tuple(conditions))

    def _fixed(self, conditions: Mapping[str, Expr]) -> list[str]:
        """Rules in the way that read nothing changeable. A row of a first-hit table may fall behind another."""
        view = self.view
        grouped = {r.rule.ref for rows in view.groups.values() for r in rows}
        return [
            ref
            for ref, condition in conditions.items()
            if ref not in grouped and not view.reads.of(condition) & set(view.changeable)
        ]

    def _rises(self) -> bool:
        """Whether a severer verdict is wanted than there is."""
        return self.view.rank.get(self.base.before or "", -1) < self.view.rank.get(self.view.wanted, -1)

    def _in_the_way(self, decision: Decision) -> dict[str, Expr]:
        """Conditions by rule: of the rules that must fall silent, or of those that could say what is wanted."""
        view = self.view
        if view.card is not None:
            return {view.card.id: Name(f"{view.card.id}.score", Type.NUMBER)}
        assert view.step is not None
        combiner = decision._prepared.combiner
        assert combiner is not None
        wanted = view.rank[view.wanted]
        fired, undecided, _ = decision._raw[0][-1]
        hits, waiting = combiner.hits(fired), combiner.waiting(fired, undecided)
        by_index = {rule.index: rule for rule in view.step.rules}
        severe = [by_index[i] for i in hits if view.level(by_index[i]) > wanted]
        severe += [by_index[i] for i in waiting if view.level(by_index[i], waits=True) > wanted]
        if not severe:
            severe = [r for r in view.step.rules if wanted in (view.level(r), view.level(r, waits=True))]
        return {rule.rule.ref: rule.condition for rule in severe}

    def _movable(self, conditions: Mapping[str, Expr]) -> tuple[str, ...]:
        read = frozenset[str]().union(*(self.view.reads.of(c) for c in conditions.values()))
        return tuple(f for f in self.view.changeable if f in read)

    def _woken(self, moving: Sequence[str]) -> list[SpecialRule]:
        """Rules that a change of `moving` could bring to fire, and those that could say what is wanted."""
        view = self.view
        if view.step is None:
            return []
        wanted, default = view.rank[view.wanted], view.step.outputs["verdict"].default == view.wanted
        return [
            rule
            for rule in view.step.rules
            if view.reads.of(rule.condition) & set(moving)
            or (not default and wanted in (view.level(rule), view.level(rule, waits=True)))
        ]

    def _world(self, moving: Sequence[str], conditions: Mapping[str, Expr], woken: bool) -> World:
        """The acts on the texts among the fields that may change; with `woken` those that other rules ask for."""
        view, record = self.view, self.decision.record
        asked = Questions(view.scope, Encoding(view.scope).parts)
        for tree in conditions.values():
            asked.add(tree, -1 if self._rises() else 1)
        if view.card is not None:
            asked.add(Name(f"{view.card.id}.score", Type.NUMBER), 0)
        for rule in self._woken(moving) if woken else ():
            asked.add(rule.condition, 0)
        found: dict[str, Sequence[Act]] = {}
        for name in moving:
            model = view.scope.model.fields[name]
            if Type(model.type) not in (Type.NUMBER, Type.DATE):
                found[name] = acts(model, present(record.get(name)), asked.fields.get(name, Asked()))
        return World(self.turner.engine, view.scope, record, self.decision.as_of, found)

    def _single_acts(self, world: World, moving: Sequence[str]) -> list[Proposal]:
        """Proposals of one act, by trying them all: far cheaper than the solver, where no number is in play."""
        if any(f not in world.acts for f in moving):
            return []
        found: list[Proposal] = []
        for name in moving:
            for choice in range(1, len(world.acts[name]) + 1):
                state = _State(world, {name: choice}, {}, self.view.wanted)
                if state.holds():
                    found.append(Proposal(state.changes(self.view.scope.model.fields), state.record()))
                    break
        return found[:MOST_ALTERNATIVES]

    def _few_acts(self, world: World, moving: Sequence[str]) -> list[Proposal]:
        """One or two acts on texts, by trying them: where the solver gave up (a score adds up much)."""
        options = [(f, c) for f in moving if f in world.acts for c in range(1, len(world.acts[f]) + 1)]
        sets = chain(((o,) for o in options), combinations(options, 2))
        for chosen in islice(sets, MOST_TRIED):
            state = _State(world, dict(chosen), {}, self.view.wanted)
            if len(state.choices) == len(chosen) and state.holds():
                return [Proposal(state.changes(self.view.scope.model.fields), state.record())]
        return []

    # --- the solver ---

    def _solver(self, encoding: RecordEncoding, goal: Formula) -> Any:
        solver = z3.Solver()
        solver.set("rlimit", self.turner.effort)
        solver.add([f for f in (goal, *encoding.facts) if f is not True])
        return solver

    def _proved_impossible(self, world: World, moving: Sequence[str]) -> bool:
        """Whether no text, number or day in the changeable fields brings the verdict about."""
        every = [*moving, *(f for f in self.view.changeable if f not in moving)]
        encoding = RecordEncoding(world, self.view.reads, every, free=True)
        goal = self.view.goal(encoding)
        if goal is False:
            return True
        solver = self._solver(encoding, goal)
        solver.add([f for f in encoding.relations() if f is not True])
        return bool(solver.check() == z3.unsat)

    def _solve(self, world: World, moving: Sequence[str]) -> list[Proposal]:
        """Proposals that change as few fields as possible, each confirmed."""
        encoding = RecordEncoding(world, self.view.reads, moving)
        goal = self.view.goal(encoding)
        if goal is False:
            return []
        solver = self._solver(encoding, goal)
        changed = {f: encoding.changed(f) for f in moving}
        marks = [(m if not isinstance(m, bool) else z3.BoolVal(m), 1) for m in changed.values()]
        found: list[Proposal] = []
        for most in range(1, min(len(moving), MOST_CHANGED) + 1):
            solver.push()
            solver.add(z3.PbLe(marks, most))
            found += self._of_size(solver, encoding, changed, found)
            solver.pop()
            if found or self.open:
                break
        return found

    def _of_size(
        self, solver: Any, encoding: RecordEncoding, changed: Mapping[str, Formula], known: Sequence[Proposal]
    ) -> list[Proposal]:
        """Confirmed proposals of the size the solver is held to."""
        found: list[Proposal] = []
        while len(found) < MOST_ALTERNATIVES and self.tried < MOST_TRIES:
            answer = solver.check()
            if answer != z3.sat:
                if answer == z3.unknown and not found:
                    self.open = "steps"
                return found
            model = solver.model()
            self.tried += 1
            picked = [
                f for f, c in changed.items() if z3.is_true(model.eval(_term(c), model_completion=True))
            ]
            choices = {f: model.eval(encoding.choices[f]).as_long() for f in picked if f in encoding.choices}
            proposal = self._confirmed(solver, encoding, model, picked, choices)
            if proposal is not None:
                found.append(proposal)
                solver.add(z3.Or([z3.Not(_term(changed[f])) for f in picked]))
            else:
                solver.add(_differs(encoding, model, picked, choices))
        if not found and self.tried >= MOST_TRIES:
            self.open = "confirmed"
        return found

    def _confirmed(
        self,
        solver: Any,
        encoding: RecordEncoding,
        model: Any,
        picked: Sequence[str],
        choices: Mapping[str, int],
    ) -> Proposal | None:
        """The proposal of a model, if the engine says of it what the solver said, with every change made small."""
        numbers = {f: _exact(model, encoding, f) for f in picked if f not in choices}
        state = _State(encoding.world, dict(choices), numbers, self.view.wanted)
        if not state.holds():
            return None
        for name in choices:
            state.milder(name)
        for name in numbers:
            now = encoding.now[name]
            state.nearer(name, None if now is None else float(str(now)))
            if now is not None:
                self._still_nearer(solver, encoding, state, name, float(str(now)))
        return Proposal(state.changes(self.view.scope.model.fields), state.record())

    def _still_nearer(
        self, solver: Any, encoding: RecordEncoding, state: _State, name: str, now: float
    ) -> None:
        """Asks for numbers nearer than the one found, on either side, while the engine confirms them."""
        for _ in range(MOST_NEARER):
            distance = abs(state.numbers[name] - now) * (1 - 2 * NICE)
            solver.push()
            solver.add([encoding.choices[f] == c for f, c in state.choices.items()])
            solver.add([encoding.field(f).value == number(v) for f, v in state.numbers.items() if f != name])
            value = encoding.field(name).value
            solver.add(value > number(now - distance), value < number(now + distance))
            answer = solver.check()
            found = _exact(solver.model(), encoding, name) if answer == z3.sat else None
            solver.pop()
            if found is None or not state.accepts(name, found):
                return
            state.nearer(name, now)


class _State:
    """A confirmed change, made smaller step by step; the engine says of each step whether it still serves."""

    def __init__(self, world: World, choices: dict[str, int], numbers: dict[str, float], wanted: str) -> None:
        self.world = world
        self.choices = choices
        self.numbers = numbers
        self.wanted = wanted

    def _values(self, **other: Any) -> dict[str, Any]:
        kinds = self.world.scope.model.fields
        values = {f: self.world.value(f, c) for f, c in self.choices.items()}
        values |= {f: _written(v, kinds[f].type) for f, v in self.numbers.items()}
        return values | other

    def holds(self, **other: Any) -> bool:
        """Whether the engine gives the wanted verdict."""
        decision = self.world.decide(self._values(**other))
        return decision is not None and outcome(decision) == self.wanted

    def milder(self, name: str) -> None:
        """The first act on a field that serves as well: acts are ordered so."""
        for choice in range(1, self.choices[name]):
            if self.holds(**{name: self.world.value(name, choice)}):
                self.choices[name] = choice
                return

    def accepts(self, name: str, value: float) -> bool:
        """Takes another number where the engine confirms it."""
        serves = self.holds(**{name: _written(value, self.world.scope.model.fields[name].type)})
        if serves:
            self.numbers[name] = value
        return serves

    def nearer(self, name: str, now: float | None) -> None:
        """The number nearest to the present one that serves, as people write numbers."""
        model = self.world.scope.model.fields[name]
        day = model.type == "date"

        def serves(value: float) -> bool:
            return self.holds(**{name: _written(value, model.type)})

        if now is not None:
            self.numbers[name] = nearer_numbers(now, self.numbers[name], serves, day or is_counted(model))
        elif not day:
            self.numbers[name] = rounded(self.numbers[name], serves)

    def record(self) -> dict[str, Any]:
        """The record after the change."""
        return {**self.world.record, **self._values()}

    def changes(self, models: Mapping[str, Any]) -> tuple[Change, ...]:
        """What is changed, in the order of the record type."""
        values = self._values()
        found: list[Change] = []
        for name in (n for n in models if n in values):
            act = self.world.acts[name][self.choices[name] - 1] if name in self.choices else Act(values[name])
            before = present(self.world.record.get(name))
            found.append(
                change_of(name, models[name], before, values[name], act.removed, act.added, act.free)
            )
        return tuple(found)


def present(value: Any) -> Any:
    """A record's value; None where it counts as missing."""
    blank = value != value or value in ("", [], ()) or (isinstance(value, str) and value.isspace())
    return None if blank else value


def _term(formula: Formula) -> Any:
    return z3.BoolVal(formula) if isinstance(formula, bool) else formula


def _exact(model: Any, encoding: RecordEncoding, name: str) -> float:
    value = model.eval(encoding.field(name).value, model_completion=True)
    if z3.is_algebraic_value(value):
        value = value.approx(20)
    return float(value.as_long() if z3.is_int_value(value) else value.as_fraction())


def _written(value: float, kind: str) -> Any:
    """A number as records hold it."""
    if kind == "date":
        return date.fromordinal(int(value)).isoformat()
    return int(value) if value.is_integer() and abs(value) < 1e15 else value


def _differs(
    encoding: RecordEncoding, model: Any, picked: Sequence[str], choices: Mapping[str, int]
) -> Formula:
    """Something else than a model that the engine refused."""
    other: list[Any] = []
    for name in picked:
        if name in choices:
            other.append(encoding.choices[name] != choices[name])
        else:
            variable = encoding.field(name).value
            other.append(variable != model.eval(variable, model_completion=True))
    unpicked = [encoding.changed(f) for f in encoding.moving if f not in picked]
    return z3.Or([_term(f) for f in (*other, *unpicked)])


def turn_feed(
    turner: Turner,
    records: Iterable[Mapping[str, Any] | None],
    markets: Sequence[str],
    as_of: date | str,
    *,
    market_field: str | None = None,
    most: int = MOST_LOOKED_AT,
    progress: Callable[[int], None] | None = None,
) -> FeedTurn:
    """The few changes that clear the most of a feed's decisions that are not as wanted.

    Of those the first `most` are looked at; the others are counted. None stands for a row that cannot be read.
    With `market_field` a record is decided in the market it names only.
    """
    turns: list[Turn] = []
    failing = invalid = rows = 0
    for rows, record in enumerate(records, 1):
        if progress is not None:
            progress(rows)
        if record is None:
            invalid += 1
            continue
        here = [m for m in markets if market_field is None or record.get(market_field) == m]
        try:
            decisions = [turner.engine.decide(turner.target, record, market=m, as_of=as_of) for m in here]
        except InvalidRecord:
            invalid += 1
            continue
        for decision in decisions:
            if outcome(decision) != turner.wanted:
                failing += 1
                if len(turns) < most:
                    turns.append(turner.turn(record, decision.market, as_of))
    counts = {status: sum(t.status == status for t in turns) for status in ("found", "never")}
    unsettled = len(turns) - counts["found"] - counts["never"]
    return FeedTurn(
        turner.wanted,
        rows,
        failing,
        len(turns),
        counts["found"],
        counts["never"],
        unsettled,
        invalid,
        plan(turns),
    )
