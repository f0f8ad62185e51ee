"""Proof about rules together: contradictions, overlaps, gaps, and output values that nothing sets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from weighbridge.diagnostics import Span
from weighbridge.proof.contexts import contexts, special_rule
from weighbridge.proof.prover import Prover, Seen, Wanted, Wish
from weighbridge.proof.report import Report, witness_of
from weighbridge.proof.rule_checks import Firing, field_places, parts_of, recorded
from weighbridge.proof.scope import Scope, spelled
from weighbridge.rulebook import Output, Rule
from weighbridge.specialise import RulesetStep, SpecialRule
from weighbridge.tree import (
    TRUE,
    Call,
    Compare,
    Const,
    Expr,
    Member,
    Name,
    Not,
    Or,
    Type,
    conjunction,
    walk,
)
from weighbridge.unparse import literal, unparse

SINGLE = ("first", "unique", "any", "worst", "best", "min", "max")
"""Policies by which an output has one value."""

MOST_PAIRS = 5
"""Contradictions that are told of one rule."""

NARROW = 1.0
"""Ranges that leave no more than this between them were meant to meet."""


def step_of(scope: Scope) -> RulesetStep:
    """The target's own step."""
    return scope.outputs[scope.special.target]


# --- contradictions ---------------------------------------------------------------------------------------


def check_contradictions(report: Report, target: str, firings: dict[str, Firing]) -> None:
    """WB806, WB807: rules that fire for one record and set an output to what cannot stand together."""
    book = report.prover.engine.book
    rules = [r for r in book.rules_of(target) if r.ref in firings]
    for name, output in book.rulesets[target].outputs.items():
        setting = [r for r in rules if name in r.then]
        if output.combine in ("unique", "any"):
            pairs = _rivals(setting, name, output)
        elif output.combine == "first":
            pairs = _rivals_in_tables(setting, name, output)
        else:
            continue
        for rule, rivals in pairs:
            _contradictions_of(report, target, name, output, rule, rivals)


def _rivals(setting: Sequence[Rule], name: str, output: Output) -> Iterator[tuple[Rule, list[Rule]]]:
    for index, rule in enumerate(setting):
        rivals = [
            other
            for other in setting[index + 1 :]
            if not (rule.group is not None and rule.group == other.group)
            and _conflicts(rule, other, name, output)
            and not _apart(rule, other)
        ]
        if rivals:
            yield rule, rivals


def _rivals_in_tables(
    setting: Sequence[Rule], name: str, output: Output
) -> Iterator[tuple[Rule, list[Rule]]]:
    """Rows of a table that counts every hit, though its output takes the first: the later is lost silently."""
    for rule, rivals in _rivals(setting, name, output):
        same = [r for r in rivals if r.table is not None and r.table == rule.table and r.group is None]
        if same:
            yield rule, same


def _conflicts(a: Rule, b: Rule, name: str, output: Output) -> bool:
    return output.combine == "unique" or a.then[name] != b.then[name] or not isinstance(a.then[name], Const)


def _apart(a: Rule, b: Rule) -> bool:
    """Whether two rules ask one name for different texts or ranges: seen without a solver."""
    other = dict(_simple(b))
    return any(path in other and _disjoint(test, other[path]) for path, test in _simple(a))


Simple = frozenset[str] | tuple[float, float]


def _simple(rule: Rule) -> Iterator[tuple[str, Simple]]:
    for condition in rule.conditions:
        for part in parts_of(condition.tree):
            match part:
                case Compare("==", Name(path), Const(value)) if isinstance(value, str):
                    yield path, frozenset((value,))
                case Member(Name(path), values) if all(isinstance(v, str) for v in values):
                    yield path, frozenset(str(v) for v in values)
                case Compare("==", Name(path), Const(value)) if isinstance(value, float):
                    yield path, (value, value)


def _disjoint(a: Simple, b: Simple) -> bool:
    if isinstance(a, frozenset) and isinstance(b, frozenset):
        return a.isdisjoint(b)
    return isinstance(a, tuple) and isinstance(b, tuple) and (a[1] < b[0] or b[1] < a[0])


def _contradictions_of(
    report: Report, target: str, name: str, output: Output, rule: Rule, rivals: list[Rule]
) -> None:
    told = 0
    left = list(rivals)
    while left and told < MOST_PAIRS:
        found = _met(report, target, name, rule, left)
        if found is None:
            return
        scope, seen, wanted, other = found
        told += 1
        left.remove(other)
        overlap = output.combine == "first"
        values = f"{_shown(rule, name)} and {_shown(other, name)}"
        what = (
            f"{rule.ref} and {other.ref} match one record and set {name} to {values}; the first wins silently"
            if overlap
            else f"{rule.ref} and {other.ref} contradict each other: both set {name} ({output.combine}) to {values}"
        )
        report.find(
            "WB807" if overlap else "WB806",
            what,
            rule.span,
            "`hit: first` if the order is meant, else rows that exclude each other"
            if overlap
            else f"conditions that exclude each other, or another way to combine {name}",
            related=[(f"{other.ref} fires too", other.span)],
            witness=witness_of(report.small(scope, seen, wanted)),
        )


def _met(
    report: Report, target: str, name: str, rule: Rule, rivals: list[Rule]
) -> tuple[Scope, Seen, list[Wanted], Rule] | None:
    """A record for which the rule and one of its rivals fire and set the output to different values."""
    refs = {r.ref: r for r in rivals}
    for scope in contexts(report.prover, target, [rule, *rivals]):
        here = special_rule(scope, rule.ref)
        there = [s for s in step_of(scope).rules if s.rule.ref in refs]
        if here is None:
            continue
        there = [s for s in there if not _agree(here, s, name, step_of(scope))]
        if not there:
            continue
        conditions = tuple(s.condition for s in there)
        any_other = conditions[0] if len(conditions) == 1 else Or(conditions)
        answer = report.prover.ask(scope, [(here.condition, Wish.TRUE), (any_other, Wish.TRUE)])
        if answer.status == "open":
            report.leave_open(f"whether {rule.ref} contradicts another rule on {name}", answer.why)
        if answer.seen is not None:
            other = report.prover.firing_too(scope, answer.seen, there)[0]
            wanted: list[Wanted] = [(here.condition, Wish.TRUE), (other.condition, Wish.TRUE)]
            return scope, answer.seen, wanted, refs[other.rule.ref]
    return None


def _agree(a: SpecialRule, b: SpecialRule, name: str, step: RulesetStep) -> bool:
    return step.outputs[name].combine != "unique" and a.then[name] == b.then[name]


def _shown(rule: Rule, name: str) -> str:
    value = rule.then[name]
    return unparse(value) if not isinstance(value, Const) else literal(value.value, value.type)


# --- gaps of tables ---------------------------------------------------------------------------------------


def check_gaps(report: Report, target: str, firings: dict[str, Firing]) -> set[str]:
    """WB808: records for which no row of a table fires, though its output has no default. The tables with one."""
    found: set[str] = set()
    book = report.prover.engine.book
    own = [r for r in book.rulesets[target].rules if r.ref in firings]
    for table in dict.fromkeys(r.table for r in own if r.table is not None):
        rows = [r for r in own if r.table == table]
        for name in dict.fromkeys(n for r in rows for n in r.then):
            output = book.rulesets[target].outputs[name]
            bare = output.combine in SINGLE and output.default is None and all(name in r.then for r in rows)
            if bare and _gap(report, target, table, name, rows):
                found.add(table)
                break  # one gap of a table is told for its first output
    return found


def _gap(report: Report, target: str, table: str, name: str, rows: list[Rule]) -> bool:
    for scope in contexts(report.prover, target, rows):
        step = step_of(scope)
        setting = [s for s in step.rules if name in s.then]
        present = [s for s in setting if s.rule.table == table]
        if len(present) < 2 or not _divides(present):
            continue
        wanted: list[Wanted] = [(s.condition, Wish.NOT_TRUE) for s in setting]
        inputs = _inputs([s.condition for s in present])
        guards = [c for c in _guard(report, target, table, rows[0]) if recorded(c, scope)]
        wanted += [(scope.simplified(g, target), Wish.TRUE) for g in guards]
        every = [*wanted, *((_is_known(i), Wish.TRUE) for i in inputs)]
        answer = report.prover.ask(scope, every)
        if answer.seen is not None:
            _report_gap(report, table, name, rows, scope, answer.seen, every, inputs)
            return True
        if answer.status == "open":
            report.leave_open(f"whether the table {table} has a gap", answer.why)
            return False
    return False


def _divides(rows: Sequence[SpecialRule]) -> bool:
    """Whether rows divide what there is among them: each asks for texts, ranges or flags, nothing looser."""
    loose = ("mentions", "count_mentions", "is_missing", "evidence")
    return not any(
        isinstance(node, Call) and node.function in loose
        for row in rows
        for part in parts_of(row.condition)
        for node in (part, part.operand if isinstance(part, Not) else part)
    )


def _guard(report: Report, target: str, table: str, row: Rule) -> list[Expr]:
    """The condition that the table puts before all its rows."""
    document = report.prover.engine.project.rulesets[target]
    model = next(t for t in document.model.tables if f"{target}/{t.id}" == table)
    return [] if model.when is None else [row.conditions[0].tree]


def _inputs(conditions: Iterable[Expr]) -> list[Name]:
    found: dict[Name, None] = {}
    for condition in conditions:
        for part in parts_of(condition):
            for node in _names_in(part):
                found[node] = None
    return list(found)


def _names_in(tree: Expr) -> Iterator[Name]:
    for node in walk(tree):
        if isinstance(node, Name) and node.path != "as_of":
            yield node


def _is_known(name: Name) -> Expr:
    return Not(Call("is_missing", (name,), Type.BOOLEAN))


def _report_gap(
    report: Report,
    table: str,
    name: str,
    rows: list[Rule],
    scope: Scope,
    seen: Seen,
    wanted: list[Wanted],
    inputs: Sequence[Name],
) -> None:
    small = report.small(scope, seen, wanted)
    shown = ", ".join(sorted({i.path.rsplit("/", 1)[-1] for i in inputs}))
    report.find(
        "WB808",
        f"the table {table} has a gap: it gives {name} no value for some known {shown}",
        rows[0].span,
        f"a row for the rest, or a default for {name}",
        related=[("the last row", rows[-1].span), *field_places(report.prover, scope, list(inputs))],
        witness=witness_of(small),
    )


# --- hand-written ranges ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ranged:
    """A rule that asks a number for a range; `rest` is what it asks besides."""

    rule: SpecialRule
    of: Expr
    rest: frozenset[Expr]
    low: float | None
    low_closed: bool
    high: float | None
    high_closed: bool


def check_ranges(report: Report, target: str, firings: dict[str, Firing], told: set[str]) -> None:
    """WB807, WB808: ranges over one number, in several rules, that leave a slit or share a strip.

    `told`: tables of which a gap is known.
    """
    groups: dict[object, list[Ranged]] = {}
    for rule in report.prover.engine.book.rulesets[target].rules:
        firing = firings.get(rule.ref)
        ranged = None if firing is None or rule.table in told else _ranged(firing.rule)
        if ranged is not None and firing is not None:
            key = (rule.table, ranged.of, ranged.rest, frozenset(rule.then), firing.scope.special.first_day)
            groups.setdefault((*key, rule.markets), []).append(ranged)
    for members in groups.values():
        ordered = sorted(members, key=lambda r: (r.low is not None, r.low or 0.0, not r.low_closed))
        for lower, upper in pairwise(ordered):
            _check_neighbours(report, target, firings[lower.rule.rule.ref].scope, lower, upper, ordered)


def _ranged(rule: SpecialRule) -> Ranged | None:
    bounds = [p for p in parts_of(rule.condition) if _is_bound(p)]
    subjects = {p.left for p in bounds if isinstance(p, Compare)}
    if len(subjects) != 1:
        return None
    low = high = None
    low_closed = high_closed = True
    for part in bounds:
        assert isinstance(part, Compare) and isinstance(part.right, Const)
        value = part.right.value
        assert isinstance(value, float)
        if part.op in (">", ">=", "==") and (low is None or value >= low):
            low, low_closed = value, part.op != ">"
        if part.op in ("<", "<=", "==") and (high is None or value <= high):
            high, high_closed = value, part.op != "<"
    rest = frozenset(p for p in parts_of(rule.condition) if not _is_bound(p))
    return Ranged(rule, subjects.pop(), rest, low, low_closed, high, high_closed)


def _is_bound(part: Expr) -> bool:
    return (
        isinstance(part, Compare)
        and part.op != "!="
        and part.left.type is Type.NUMBER
        and not isinstance(part.left, Const)
        and isinstance(part.right, Const)
        and isinstance(part.right.value, float)
    )


def _check_neighbours(
    report: Report, target: str, scope: Scope, lower: Ranged, upper: Ranged, group: Sequence[Ranged]
) -> None:
    if lower.high is None or upper.low is None:
        return
    two_sided = lower.low is not None or upper.high is not None
    touching = lower.high == upper.low
    if lower.high < upper.low or (touching and not lower.high_closed and not upper.low_closed):
        width = upper.low - lower.high
        if two_sided and width <= NARROW and not _wider_than_range(width, lower, upper):
            _slit(report, target, scope, lower, upper)
    elif lower.low is not None and upper.high is not None and (lower.high < upper.high or touching):
        strip = lower.high > upper.low or (touching and lower.high_closed and upper.low_closed)
        if strip and (lower.low != upper.low):
            _strip(report, target, scope, lower, upper)


def _wider_than_range(width: float, *ranges: Ranged) -> bool:
    return any(
        r.low is not None and r.high is not None and r.high > r.low and width > (r.high - r.low) / 2
        for r in ranges
    )


def _slit(report: Report, target: str, scope: Scope, lower: Ranged, upper: Ranged) -> None:
    """A value between two ranges for which no rule sets what they set."""
    assert lower.high is not None and upper.low is not None
    low = Compare("<=" if not lower.high_closed else "<", Const(lower.high, Type.NUMBER), lower.of)
    high = Compare("<=" if not upper.low_closed else "<", lower.of, Const(upper.low, Type.NUMBER))
    inside = conjunction((low, high))
    outputs = set(lower.rule.rule.then)
    others = [s for s in step_of(scope).rules if outputs & set(s.then)]
    wanted: list[Wanted] = [(inside, Wish.TRUE), *((p, Wish.TRUE) for p in sorted(lower.rest, key=spelled))]
    wanted += [(s.condition, Wish.NOT_TRUE) for s in others if s.condition != TRUE]
    answer = report.prover.ask(scope, wanted)
    if answer.status == "open":
        report.leave_open(f"whether {lower.rule.rule.ref} and {upper.rule.rule.ref} leave a gap", answer.why)
    if answer.seen is not None:
        report.find(
            "WB808",
            f"{lower.rule.rule.ref} ends at {lower.high:g} and {upper.rule.rule.ref} begins at {upper.low:g}: "
            f"`{unparse(lower.of)}` between them falls into neither",
            upper.rule.rule.conditions[0].span,
            "ranges that meet, one of them with its bound",
            related=[("the range before it", lower.rule.rule.conditions[0].span)],
            witness=witness_of(report.small(scope, answer.seen, wanted)),
        )


def _strip(report: Report, target: str, scope: Scope, lower: Ranged, upper: Ranged) -> None:
    """A value in two ranges that set one output differently."""
    a, b = lower.rule, upper.rule
    if a.rule.group is not None and a.rule.group == b.rule.group:
        return
    outputs = step_of(scope).outputs
    rival = [n for n in a.then if n in b.then and a.then[n] != b.then[n] and outputs[n].combine in SINGLE]
    rival = [n for n in rival if outputs[n].combine not in ("unique", "any")]  # told as contradictions
    if not rival:
        return
    wanted: list[Wanted] = [(a.condition, Wish.TRUE), (b.condition, Wish.TRUE)]
    answer = report.prover.ask(scope, wanted)
    if answer.status == "open":
        report.leave_open(f"whether {a.rule.ref} and {b.rule.ref} overlap", answer.why)
    if answer.seen is not None:
        report.find(
            "WB807",
            f"the ranges of {a.rule.ref} and {b.rule.ref} overlap and set {rival[0]} differently",
            b.rule.conditions[0].span,
            "ranges without a common number",
            related=[("the other range", a.rule.conditions[0].span)],
            witness=witness_of(report.small(scope, answer.seen, wanted)),
        )


# --- values that nothing sets -----------------------------------------------------------------------------


def check_values(report: Report, target: str, firings: dict[str, Firing]) -> None:
    """WB811: allowed values of an output that no rule which can fire sets."""
    book, project = report.prover.engine.book, report.prover.engine.project
    document = project.rulesets.get(target)
    if document is None:
        return
    rules = list(book.rules_of(target))
    own = {r.ref for r in book.rulesets[target].rules}
    for name, model in document.model.outputs.items():
        if model.allowed is None or "allowed" not in model.model_fields_set:
            continue
        setting = [r for r in rules if name in r.then and (r.ref in firings or r.ref not in own)]
        trees = [r.then[name] for r in setting]
        if any(not isinstance(t, Const) for t in trees) or name == "verdict":
            continue
        used = {v for t in trees if isinstance(t, Const) for v in _several(t.value)}
        used |= set(_several(model.default)) | _overridden(report.prover, setting, name)
        for index, value in enumerate(model.allowed):
            if value not in used:
                related: list[tuple[str, Span | None]] = [
                    (f"{r.ref} sets it, but can never fire", r.span)
                    for r in rules
                    if name in r.then
                    and r.ref in own
                    and r.ref not in firings
                    and r.enabled
                    and value in _several(getattr(r.then[name], "value", None))
                ]
                report.find(
                    "WB811",
                    f"nothing sets {name} of {target} to {value}",
                    document.span("outputs", name, "allowed", index),
                    "a rule that sets it, or no such value",
                    related=related,
                )


def _several(value: object) -> tuple[str, ...]:
    return (
        tuple(map(str, value))
        if isinstance(value, tuple | list)
        else (str(value),)
        if value is not None
        else ()
    )


def _overridden(prover: Prover, rules: Sequence[Rule], name: str) -> set[str]:
    """Values that regions set instead."""
    refs = {r.ref for r in rules}
    return {
        value
        for document in prover.engine.project.regions.values()
        for override in document.model.overrides
        if getattr(override, "rule", None) in refs
        for value in _several(override.set.get(name) if isinstance(override.set, dict) else None)
    }
