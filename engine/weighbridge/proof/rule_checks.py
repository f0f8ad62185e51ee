"""Proof about rules one by one: can it fire, does it always, do its thresholds decide anything, is it idle."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from weighbridge.diagnostics import Span, Witness
from weighbridge.documents import FieldModel
from weighbridge.proof.contexts import contexts, special_rule
from weighbridge.proof.prover import Answer, Prover, Seen, Wanted, Wish
from weighbridge.proof.report import Report, witness_of
from weighbridge.proof.scope import Scope
from weighbridge.proof.witness import bare
from weighbridge.regions import covers
from weighbridge.rulebook import Output, Rule
from weighbridge.specialise import SpecialRule
from weighbridge.tree import TRUE, And, Compare, Const, Expr, Type, conjunction, names, walk
from weighbridge.unparse import unparse

MOST_CONTEXTS = 400
"""Sets of constants that one question is asked for; beyond, it is left open."""


MOST_COVERING = 8
"""How often a record that escapes the rules thought to cover another may name more of them."""


@dataclass(frozen=True, slots=True)
class Firing:
    """A scope in which a rule can fire, its form there, and a record for which it does."""

    scope: Scope
    rule: SpecialRule
    seen: Seen


def recorded(tree: Expr, scope: Scope) -> bool:
    """Whether a tree's value depends on the record."""
    return any(not name.startswith("region.") and name != "market" for name in names(tree))


def first_firing(report: Report, target: str, rule: Rule) -> Firing | None:
    """WB802, WB814: a record for which the rule fires; where there is none, that is reported."""
    prover = report.prover
    impossible: list[tuple[Scope, SpecialRule]] = []
    opened, any_scope = "", None
    for count, scope in enumerate(contexts(prover, target, [rule])):
        any_scope = scope
        special = special_rule(scope, rule.ref)
        if special is None:
            continue  # a constant of the market decides that it cannot fire, or an override switches it off
        answer = prover.ask(scope, [(special.condition, Wish.TRUE)])
        if answer.seen is not None:
            return Firing(scope, special, answer.seen)
        if answer.status == "open":
            opened = answer.why
            break
        impossible.append((scope, special))
        if count > MOST_CONTEXTS:
            opened = "there are too many markets and periods to ask"
            break
    if opened:
        report.leave_open(f"whether {rule.ref} can fire", opened)
        return None
    if any_scope is None:
        _never_in_force(report, rule)
    else:
        _never_fires(report, target, rule, impossible, any_scope)
    return None


def _never_in_force(report: Report, rule: Rule) -> None:
    ends = [d for p in rule.periods for d in (p.from_, p.to) if d is not None] or [date.min]
    days = any(all(covers(p, day) for p in rule.periods) for day in ends)
    what = "no market lies in all the regions it names" if days else "its days exclude each other"
    report.find(
        "WB814",
        f"{rule.ref} is never in force: {what}",
        rule.span,
        "markets and days that have something in common",
    )


def _never_fires(
    report: Report,
    target: str,
    rule: Rule,
    impossible: Sequence[tuple[Scope, SpecialRule]],
    scope: Scope | None,
) -> None:
    place = rule.conditions[0].span if len(rule.conditions) == 1 else rule.span
    if not impossible:
        text = " and ".join(c.text for c in rule.conditions)
        report.find(
            "WB802",
            f"{rule.ref} can never fire: in every market a parameter decides `{text}`",
            place,
            "a condition that some market's parameters allow",
            witness=None
            if scope is None
            else witness_of(Seen(target, scope.market, scope.day(), bare(scope.model))),
        )
        return
    scope, special = impossible[0]
    core = _core(report.prover, scope, special.condition)
    shown = " and ".join(f"`{unparse(p)}`" for p in core)
    ending = "never holds" if len(core) == 1 else "cannot hold together"
    related = [*_part_places(rule, core), *field_places(report.prover, scope, core)]
    witness = _nearly(report, scope, special.condition, core)
    report.find(
        "WB802",
        f"{rule.ref} can never fire: {shown} {ending}",
        place,
        "conditions that a record can meet together",
        related=related,
        witness=witness,
    )


def parts_of(tree: Expr) -> tuple[Expr, ...]:
    """The conditions that must all hold."""
    return tree.operands if isinstance(tree, And) else (tree,)


def _core(prover: Prover, scope: Scope, condition: Expr) -> tuple[Expr, ...]:
    """As few parts of a condition as cannot hold together."""
    kept = list(parts_of(condition))
    for part in list(kept):
        fewer = [p for p in kept if p is not part]
        if fewer and prover.ask(scope, [(p, Wish.TRUE) for p in fewer]).status == "never":
            kept = fewer
    return tuple(kept)


def _nearly(report: Report, scope: Scope, condition: Expr, core: Sequence[Expr]) -> Witness | None:
    """A record that meets all but one part."""
    for missed in reversed(core):
        rest = [p for p in parts_of(condition) if p is not missed]
        wanted: list[Wanted] = [(conjunction(tuple(rest)), Wish.TRUE), (missed, Wish.FALSE)]
        answer = report.prover.ask(scope, wanted)
        if answer.seen is not None:
            return witness_of(report.small(scope, answer.seen, wanted))
    return None


def _part_places(rule: Rule, parts: Sequence[Expr]) -> list[tuple[str, Span | None]]:
    """Where parts stand that are conditions of their own (cells of a table row)."""
    if len(rule.conditions) < 2:
        return []
    texts = {unparse(p) for p in parts}
    return [(f"`{c.text}` stands here", c.span) for c in rule.conditions if c.text in texts]


def field_places(prover: Prover, scope: Scope, trees: Sequence[Expr]) -> list[tuple[str, Span | None]]:
    """Where the bounds and values of the fields are declared that trees speak of."""
    document = prover.engine.project.record_types.get(scope.model.record_type)
    found: list[tuple[str, Span | None]] = []
    for path in sorted({name for tree in trees for name in names(tree)}):
        field = scope.model.fields.get(path)
        derived = prover.engine.book.derived.get(path)
        if field is not None and document is not None:
            found.append((f"{path} is declared here{_bounds(field)}", document.span("fields", path)))
        elif derived is not None:
            found.append((f"{path.rsplit('/', 1)[-1]} is computed here", derived.span))
    return found


def _bounds(field: FieldModel) -> str:
    low = f" from {field.min:g}" if field.min is not None else ""
    high = f" to {field.max:g}" if field.max is not None else ""
    return f":{low}{high}" if low or high else ""


# --- always -----------------------------------------------------------------------------------------------


def check_always(report: Report, target: str, rule: Rule, firing: Firing) -> bool:
    """WB803: whether the rule fires for every record there can be."""
    if not any(recorded(c.tree, firing.scope) for c in rule.conditions):
        return False
    prover = report.prover
    for scope in contexts(prover, target, [rule]):
        special = special_rule(scope, rule.ref)
        if special is None:
            return False
        answer = prover.ask(scope, [(special.condition, Wish.NOT_TRUE)])
        if answer.status == "open":
            report.leave_open(f"whether {rule.ref} always fires", answer.why)
        if answer.status != "never":
            return False
    wanted: list[Wanted] = [(firing.rule.condition, Wish.TRUE)]
    report.find(
        "WB803",
        f"{rule.ref} fires for every record",
        rule.conditions[0].span,
        "a condition that some record does not meet, or `when: true`",
        related=field_places(prover, firing.scope, [c.tree for c in rule.conditions]),
        witness=witness_of(report.small(firing.scope, firing.seen, wanted)),
    )
    return True


# --- thresholds -------------------------------------------------------------------------------------------


def check_thresholds(report: Report, target: str, rule: Rule, firing: Firing) -> None:
    """WB812: comparisons of numbers and days that come out alike for every value."""
    for index, condition in enumerate(rule.conditions):
        for leaf in _thresholds(condition.tree):
            verdict = _one_sided(report, target, rule, leaf)
            if verdict is None:
                continue
            word, seen = verdict
            report.find(
                "WB812",
                f"`{unparse(leaf)}` in {rule.ref} is {word} for every value there can be",
                rule.conditions[index].span,
                "a threshold within the range",
                related=field_places(report.prover, firing.scope, [leaf]),
                witness=None if seen is None else witness_of(seen),
            )


def _thresholds(tree: Expr) -> Iterator[Compare]:
    for node in walk(tree):
        if isinstance(node, Compare) and node.left.type in (Type.NUMBER, Type.DATE):
            yield node


def _one_sided(report: Report, target: str, rule: Rule, leaf: Compare) -> tuple[str, Seen | None] | None:
    """("true" or "false", a record) where a comparison comes out so wherever its rule is in force."""
    possible: dict[bool, Seen] = {}
    asked = False
    for scope in contexts(report.prover, target, [rule]):
        tree = scope.simplified(leaf, rule.ruleset)
        if isinstance(tree, Const) or not recorded(tree, scope):
            return None
        asked = True
        for side, wish in ((True, Wish.TRUE), (False, Wish.FALSE)):
            if side in possible:
                continue
            answer = report.prover.ask(scope, [(tree, wish)])
            if answer.status == "open":
                report.leave_open(f"whether `{unparse(leaf)}` in {rule.ref} decides anything", answer.why)
                return None
            if answer.seen is not None:
                possible[side] = report.small(scope, answer.seen, [(tree, wish)])
        if len(possible) == 2:
            return None
    if not asked:
        return None
    side = True in possible
    if side and _reached(report, target, rule, leaf):
        return None
    return ("true" if side else "false"), possible.get(side)


def _reached(report: Report, target: str, rule: Rule, leaf: Compare) -> bool:
    """Whether the value can equal its threshold: a range that ends where the values end is no mistake."""
    for scope in contexts(report.prover, target, [rule]):
        tree = scope.simplified(Compare("==", leaf.left, leaf.right), rule.ruleset)
        if report.prover.ask(scope, [(tree, Wish.TRUE)]).status != "never":
            return True
    return False


# --- idle -------------------------------------------------------------------------------------------------


def covers_outputs(a: SpecialRule, b: SpecialRule, outputs: Mapping[str, Output]) -> bool:
    """Whether `b`, firing too, leaves nothing for `a` to add."""
    if a.rule.group is not None and a.rule.group == b.rule.group:
        return b.index < a.index
    if b.rule.group is not None:
        return False  # it may fire and still not count
    return all(
        name in b.then and _counts_as_much(tree, b.then[name], outputs[name], b.index < a.index)
        for name, tree in a.then.items()
        if name in outputs
    )


def _counts_as_much(mine: Expr, other: Expr, output: Output, earlier: bool) -> bool:
    if not isinstance(mine, Const) or not isinstance(other, Const) or other.value is None:
        return False
    order = output.symbol.allowed or ()
    match output.combine:
        case "worst":
            return order.index(str(other.value)) >= order.index(str(mine.value))
        case "best":
            return order.index(str(other.value)) <= order.index(str(mine.value))
        case "first":
            return earlier
        case "set":
            return set(_texts(mine)) <= set(_texts(other))
        case "any":
            return mine == other
        case "min":
            return other.value <= mine.value  # type: ignore[operator]
        case "max":
            return other.value >= mine.value  # type: ignore[operator]
        case _:
            return False


def _texts(value: Const) -> tuple[str, ...]:
    return value.value if isinstance(value.value, tuple) else (str(value.value),)


def check_idle(report: Report, target: str, firings: dict[str, Firing], idle: set[str], rule: Rule) -> None:
    """WB804, WB805: a rule that only fires where others do that say as much."""
    firing = firings[rule.ref]
    if rule.if_unknown != "skip":
        return  # it has a say where others are silent
    outputs = firing.scope.outputs[target].outputs

    def could_cover(other: SpecialRule) -> bool:
        fits = other.rule.ref != rule.ref and other.rule.ref not in idle
        return fits and covers_outputs(firing.rule, other, outputs)

    covering = _covering(report, firing, could_cover)
    sets = [[other] for other in covering] + ([covering] if len(covering) > 1 else [])
    for others in sets:
        if _idle_everywhere(report, target, rule, others):
            idle.add(rule.ref)
            _report_idle(report, rule, firing, others)
            return


def _covering(
    report: Report, firing: Firing, could_cover: Callable[[SpecialRule], bool]
) -> list[SpecialRule]:
    """Rules of which one fires wherever the rule does, in its own scope; none where a record escapes them all."""
    prover, scope = report.prover, firing.scope
    covering = prover.firing(scope, firing.seen, could_cover)
    found = len(covering)
    for _ in range(MOST_COVERING):
        if not found:
            return []
        answer = _escapes(prover, scope, firing.rule, covering)
        if answer.seen is None:
            if answer.status == "open":
                report.leave_open(f"whether {firing.rule.rule.ref} is idle", answer.why)
            return covering if answer.status == "never" else []
        added = [o for o in prover.firing(scope, answer.seen, could_cover) if o not in covering]
        covering += added
        found = len(added)
    return []


def _idle_everywhere(report: Report, target: str, rule: Rule, others: Sequence[SpecialRule]) -> bool:
    """Whether one of the others covers the rule in every scope in which it can fire."""
    refs = {o.rule.ref for o in others}
    for scope in contexts(report.prover, target, [rule, *(o.rule for o in others)]):
        here = special_rule(scope, rule.ref)
        if here is None:
            continue
        step = scope.outputs[target]
        there = [s for s in step.rules if s.rule.ref in refs and covers_outputs(here, s, step.outputs)]
        if not there or not _idle_in(report, scope, here, there):
            return False
    return True


def _idle_in(report: Report, scope: Scope, rule: SpecialRule, others: Sequence[SpecialRule]) -> bool:
    """Whether the rule surely fires in this scope only where one of the others does."""
    answer = _escapes(report.prover, scope, rule, others)
    if answer.status == "open":
        report.leave_open(f"whether {rule.rule.ref} is idle", answer.why)
    return answer.status == "never"


def _escapes(prover: Prover, scope: Scope, rule: SpecialRule, others: Sequence[SpecialRule]) -> Answer:
    """A record for which the rule fires and none of the others does."""
    wanted: list[Wanted] = [(rule.condition, Wish.TRUE)]
    return prover.ask(scope, [*wanted, *((o.condition, Wish.NOT_TRUE) for o in others)])


def _report_idle(report: Report, rule: Rule, firing: Firing, others: Sequence[SpecialRule]) -> None:
    masked = rule.group is not None and all(o.rule.group == rule.group for o in others)
    wanted: list[Wanted] = [(firing.rule.condition, Wish.TRUE)]
    witness = witness_of(report.small(firing.scope, firing.seen, wanted))
    names_of = ", ".join(o.rule.ref for o in others)
    related = [(f"{o.rule.ref} takes its records", o.rule.span) for o in others]
    if masked:
        report.find(
            "WB805",
            f"{rule.ref} never counts: {names_of} stands before it and takes every record it matches",
            rule.span,
            "the narrower row first, or no such row",
            related=related,
            witness=witness,
        )
        return
    # A rule with a reason or review of its own still tells its reader something, if nothing else.
    speaks = any(
        (dict(rule.reason) and rule.reason != o.rule.reason) or (rule.review not in (None, o.rule.review))
        for o in others
    )
    report.find(
        "WB804",
        f"{rule.ref} changes no output: wherever it fires, {names_of} does too",
        rule.span,
        "a narrower condition there, a stronger outcome here, or no such rule",
        related=related,
        witness=witness,
        severity="note" if speaks else "warning",
    )


def literally_true(rule: Rule) -> bool:
    """Whether the rule is written to fire always."""
    return all(c.tree == TRUE for c in rule.conditions)
