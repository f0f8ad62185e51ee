"""The rules, records and right answers that every engine in these benchmarks is measured on.

A workload is made from a seed: records of 25 fields, some values missing, and rules of two to four conditions
over them. `Workload.answer` is the oracle: three-valued evaluation written as plainly as possible, sharing no
code with Weighbridge. `normal_form` makes the other engines right with missing data: `not` is pushed down to
the conditions, so that it is enough to guard each condition against unknown values.
"""

from __future__ import annotations

import datetime
import json
import operator
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Record = dict[str, object]
Answer = tuple[str, float, tuple[str, ...]]
"""Verdict, sum of points, names of the rules that fired in the order of their definition."""

AS_OF = datetime.date(2026, 3, 1)
VERDICTS = ("pass", "warn", "review", "block")
NUMBERS: Mapping[str, tuple[float, float, int]] = {
    "price": (1.0, 500.0, 2),
    "cost": (0.5, 300.0, 2),
    "weight_kg": (0.05, 30.0, 3),
    "length_cm": (1.0, 120.0, 1),
    "width_cm": (1.0, 80.0, 1),
    "stock": (0.0, 5000.0, 0),
    "rating": (1.0, 5.0, 1),
    "review_count": (0.0, 3000.0, 0),
    "return_rate": (0.0, 0.4, 3),
    "lead_days": (1.0, 45.0, 0),
    "discount": (0.0, 0.7, 2),
}
"""Number fields: lowest and highest value, decimals."""
TEXTS: Mapping[str, int] = {
    "category": 200,
    "brand": 40,
    "origin": 20,
    "material": 16,
    "channel": 8,
    "season": 4,
    "audience": 5,
    "packaging": 6,
    "condition": 3,
}
"""Text fields and how many values each may have."""
FLAGS = ("battery_included", "fragile", "organic", "certified")
CHOICES: Mapping[str, tuple[str, ...]] = {
    name: tuple(f"{name[:3]}{i:03}" for i in range(size)) for name, size in TEXTS.items()
}


# Conditions ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Number:
    """A number field, a constant, or arithmetic over two such."""

    field: str = ""
    constant: float = 0.0
    op: Literal["", "+", "-", "*", "/"] = ""
    parts: tuple[Number, ...] = ()


@dataclass(frozen=True, slots=True)
class Compare:
    op: Literal["<", "<=", ">", ">="]
    left: Number
    right: float


@dataclass(frozen=True, slots=True)
class Equal:
    field: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Member:
    field: str
    values: tuple[str, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Flag:
    field: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Condition


Leaf = Compare | Equal | Member | Flag
Condition = Leaf | All | Either | Not

_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_OPPOSITE: dict[str, Literal["<", "<=", ">", ">="]] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}


def number_of(term: Number, record: Mapping[str, object]) -> float | None:
    if term.op:
        left, right = (number_of(part, record) for part in term.parts)
        return None if left is None or right is None else _ARITHMETIC[term.op](left, right)
    if term.field:
        value = record.get(term.field)
        assert value is None or isinstance(value, int | float)
        return value
    return term.constant


def truth(condition: Condition, record: Mapping[str, object]) -> bool | None:
    """True, False, or None where the record's missing values leave the condition open (Kleene)."""
    match condition:
        case Compare(op, left, right):
            value = number_of(left, record)
            return None if value is None else _COMPARE[op](value, right)
        case Equal(name, text, negated):
            found = record.get(name)
            return None if found is None else (found == text) is not negated
        case Member(name, texts, negated):
            found = record.get(name)
            return None if found is None else (found in texts) is not negated
        case Flag(name, negated):
            found = record.get(name)
            return None if found is None else bool(found) is not negated
        case Not(part):
            inner = truth(part, record)
            return None if inner is None else not inner
        case All(parts):
            found_all = [truth(part, record) for part in parts]
            return False if False in found_all else None if None in found_all else True
        case Either(parts):
            found_any = [truth(part, record) for part in parts]
            return True if True in found_any else None if None in found_any else False


def normal_form(condition: Condition, positive: bool = True) -> Condition:
    """The condition (or its negation) without `Not`: true exactly where `truth` is True (or False)."""
    match condition:
        case Not(part):
            return normal_form(part, not positive)
        case All(parts):
            inner = tuple(normal_form(part, positive) for part in parts)
            return All(inner) if positive else Either(inner)
        case Either(parts):
            inner = tuple(normal_form(part, positive) for part in parts)
            return Either(inner) if positive else All(inner)
        case Compare(op, left, right):
            return condition if positive else Compare(_OPPOSITE[op], left, right)
        case Equal(name, text, negated):
            return condition if positive else Equal(name, text, not negated)
        case Member(name, texts, negated):
            return condition if positive else Member(name, texts, not negated)
        case Flag(name, negated):
            return condition if positive else Flag(name, not negated)


def number_fields(term: Number) -> tuple[str, ...]:
    """The fields a term reads, each once."""
    if term.field:
        return (term.field,)
    return tuple(dict.fromkeys(name for part in term.parts for name in number_fields(part)))


def write_number(term: Number, name: Callable[[str], str] = str) -> str:
    """The term in the infix form that Python, Weighbridge, zen, CEL and rule-engine share."""
    if term.op:
        left, right = (write_number(part, name) for part in term.parts)
        return f"({left} {term.op} {right})"
    return name(term.field) if term.field else repr(term.constant)


# Rules, records, workloads -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rule:
    name: str
    """As reports show it: ruleset and id."""
    condition: Condition
    verdict: str
    points: int
    markets: tuple[str, ...] = ()
    """The markets it holds in; none means all."""


@dataclass(frozen=True, slots=True)
class Case:
    """A record to decide; `context` is the same with the market in it, for engines that know no markets."""

    record: Record
    market: str
    context: Record


@dataclass(frozen=True)
class Workload:
    rules: tuple[Rule, ...]
    cases: tuple[Case, ...]
    markets: tuple[str, ...]
    _answers: dict[int, Answer] = field(default_factory=dict)

    @property
    def spread(self) -> bool:
        """Whether the rules are spread over markets."""
        return len(self.markets) > 1

    def answer(self, index: int) -> Answer:
        """The right answer for the case at `index`."""
        if index not in self._answers:
            case = self.cases[index]
            fired = [
                rule
                for rule in self.rules
                if (not rule.markets or case.market in rule.markets)
                and truth(rule.condition, case.record) is True
            ]
            verdict = max((VERDICTS.index(rule.verdict) for rule in fired), default=0)
            self._answers[index] = (
                VERDICTS[verdict],
                float(sum(rule.points for rule in fired)),
                tuple(rule.name for rule in fired),
            )
        return self._answers[index]

    def fired_per_case(self, sample: int = 50) -> float:
        """Mean number of rules that fire for a record."""
        sample = min(sample, len(self.cases))
        return sum(len(self.answer(i)[2]) for i in range(sample)) / sample


def make_workload(
    rules: int, records: int = 200, *, missing: float = 0.05, spread: bool = False, seed: int = 20260301
) -> Workload:
    """Rules and records; `spread` ties each rule to some of 50 markets and of 200 categories."""
    rng = random.Random(seed)
    markets = tuple(f"M{i:02}" for i in range(1, 51)) if spread else ("AA",)
    sample = [_record(rng, 0.0) for _ in range(200)]
    made = tuple(_rule(rng, f"workload/r{i:04}", sample, markets if spread else ()) for i in range(rules))
    cases = []
    for i in range(records):
        record = {"sku": f"SKU-{i:05}", **_record(rng, missing)}
        market = rng.choice(markets)
        cases.append(Case(record, market, {**record, "market": market}))
    return Workload(made, tuple(cases), markets)


def _record(rng: random.Random, missing: float) -> Record:
    record: Record = {}
    for name, (low, high, decimals) in NUMBERS.items():
        record[name] = round(rng.uniform(low, high), decimals)
    for name, values in CHOICES.items():
        record[name] = rng.choice(values)
    for name in FLAGS:
        record[name] = rng.random() < 0.3
    for name in list(record):
        if rng.random() < missing:
            # Feeds say "missing" in both ways: the key is absent, or there with null.
            if rng.random() < 0.5:
                del record[name]
            else:
                record[name] = None
    return record


def _rule(rng: random.Random, name: str, sample: list[Record], markets: tuple[str, ...]) -> Rule:
    verdict = rng.choices(VERDICTS[1:], (6, 3, 1))[0]
    points = rng.randint(1, 9)
    if not markets:
        condition = _condition(rng, sample, rng.randint(2, 4))
        # A rule that holds for every tenth record is no rule: findings are the exception, as in real feeds.
        while sum(truth(condition, record) is True for record in sample[:60]) > 6:
            condition = _condition(rng, sample, rng.randint(2, 4))
        return Rule(name, condition, verdict, points)
    categories = tuple(rng.sample(CHOICES["category"], rng.choice((1, 1, 2, 3))))
    scope = Equal("category", categories[0]) if len(categories) == 1 else Member("category", categories)
    rest = _condition(rng, sample, rng.randint(1, 3))
    parts = rest.parts if isinstance(rest, All) else (rest,)
    return Rule(
        name, All((scope, *parts)), verdict, points, tuple(sorted(rng.sample(markets, rng.randint(1, 3))))
    )


def _condition(rng: random.Random, sample: list[Record], conditions: int) -> Condition:
    leaves = [_leaf(rng, sample) for _ in range(conditions)]
    if conditions == 1:
        return leaves[0]
    if conditions == 2:
        return All(tuple(leaves))
    if conditions == 3:
        a, b, c = leaves
        return rng.choice(
            (All((a, b, c)), All((a, Either((b, c)))), All((a, Not(b), c)), All((a, Not(Either((b, c))))))
        )
    a, b, c, d = leaves
    return rng.choice(
        (
            All((a, b, Either((c, d)))),
            All((a, b, Not(All((c, d))))),
            All((Either((a, b)), c, d)),
            Either((All((a, b)), All((c, d)))),
        )
    )


def _leaf(rng: random.Random, sample: list[Record]) -> Condition:
    kind = rng.choices(("number", "arithmetic", "equal", "member", "flag"), (35, 15, 25, 15, 10))[0]
    if kind == "equal":
        name = rng.choice(list(TEXTS))
        return Equal(name, rng.choice(CHOICES[name]), negated=rng.random() < 0.1)
    if kind == "member":
        name = rng.choice(list(TEXTS))
        size = min(len(CHOICES[name]) - 1, rng.randint(2, 5))
        return Member(name, tuple(rng.sample(CHOICES[name], size)), negated=rng.random() < 0.1)
    if kind == "flag":
        return Flag(rng.choice(FLAGS), negated=rng.random() < 0.2)
    term = Number(field=rng.choice(list(NUMBERS))) if kind == "number" else _arithmetic(rng)
    values = sorted(value for record in sample if (value := number_of(term, record)) is not None)
    share = rng.uniform(0.05, 0.35)
    if rng.random() < 0.5:
        return Compare(rng.choice(("<", "<=")), term, round(values[int(share * len(values))], 3))
    return Compare(rng.choice((">", ">=")), term, round(values[int((1 - share) * len(values)) - 1], 3))


def _arithmetic(rng: random.Random) -> Number:
    price, cost, discount = Number("price"), Number("cost"), Number("discount")
    one = Number(constant=1.0)
    return rng.choice(
        (
            Number(op="-", parts=(price, cost)),
            Number(op="/", parts=(Number(op="-", parts=(price, cost)), price)),
            Number(op="*", parts=(price, Number(op="-", parts=(one, discount)))),
            Number(op="*", parts=(Number("length_cm"), Number("width_cm"))),
            Number(op="/", parts=(Number("weight_kg"), price)),
            Number(op="+", parts=(Number("stock"), Number("review_count"))),
        )
    )


# As a Weighbridge project --------------------------------------------------------------------------


def write_condition(condition: Condition) -> str:
    """The condition in Weighbridge's language, as a person would write it: no normal form, no guards."""
    match condition:
        case Compare(op, left, right):
            return f"{write_number(left)} {op} {right!r}"
        case Equal(name, text, negated):
            return f"{name} {'!=' if negated else '=='} {json.dumps(text)}"
        case Member(name, texts, negated):
            return f"{name} {'not in' if negated else 'in'} {json.dumps(list(texts))}"
        case Flag(name, negated):
            return f"not {name}" if negated else name
        case Not(part):
            return f"not ({write_condition(part)})"
        case All(parts):
            return " and ".join(_grouped(part, Either) for part in parts)
        case Either(parts):
            return " or ".join(_grouped(part, All) for part in parts)


def _grouped(part: Condition, kind: type) -> str:
    text = write_condition(part)
    return f"({text})" if isinstance(part, kind) else text


def record_type_text(markets: tuple[str, ...] = ()) -> str:
    """The record type; with `markets` its records say in `market_code` which of them they are meant for."""
    lines = ["record_type: item", "key: sku", "fields:", "  sku: {type: text, required: true}"]
    if markets:
        lines.append(f"  market_code: {{type: text, allowed: [{', '.join(markets)}]}}")
    lines += [
        f"  {name}: {{type: number, min: {low}, max: {high}}}" for name, (low, high, _) in NUMBERS.items()
    ]
    lines += [f"  {name}: {{type: text, allowed: [{', '.join(values)}]}}" for name, values in CHOICES.items()]
    lines += [f"  {name}: {{type: boolean}}" for name in FLAGS]
    return "\n".join(lines) + "\n"


def regions_text(markets: tuple[str, ...]) -> str:
    regions = ["region: world\n"]
    regions += [f"region: {market}\nextends: world\nmarket: true\n" for market in markets]
    return "---\n".join(regions)


def project_files(
    workload: Workload, market_in_record: bool = False, if_unknown: str = "skip"
) -> dict[str, str]:
    """The workload as a Weighbridge project: path -> text. Its one target is the ruleset `workload`."""
    return {
        "regions/regions.yaml": regions_text(workload.markets),
        "rulesets/item.yaml": record_type_text(workload.markets if market_in_record else ()),
        "rulesets/workload.yaml": "\n".join(_ruleset_lines(workload, if_unknown)) + "\n",
    }


def _ruleset_lines(workload: Workload, if_unknown: str) -> Iterator[str]:
    yield "ruleset: workload"
    yield "record: item"
    yield f"if_unknown: {if_unknown}"
    yield "outputs:"
    yield "  verdict: {combine: worst, default: pass}"
    yield "  points: {type: number, combine: sum}"
    yield "rules:"
    for rule in workload.rules:
        own = rule.name.partition("/")[2]
        yield f"  - id: {own}"
        yield f"    when: {json.dumps(write_condition(rule.condition))}"
        if rule.markets:
            yield f"    markets: [{', '.join(rule.markets)}]"
        yield f"    then: {{verdict: {rule.verdict}, points: {rule.points}}}"
        yield f"    reason: {{en: Rule {own} holds., zh: 规则 {own} 成立。}}"


def write_project(files: Mapping[str, str], folder: Path) -> Path:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
