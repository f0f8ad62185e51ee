"""Documents -> the typed rulebook: every expression compiled, every name resolved, every problem collected.

A `Rulebook` is what programs, graph, proof and explanation work on. It is the same for all markets and days;
`specialise` makes it one market's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.documents import PeriodModel, RecordTypeModel, ReviewModel, SourceModel
from weighbridge.expressions import Scope, Symbol
from weighbridge.regions import Regions
from weighbridge.templates import Template
from weighbridge.terms import TermList
from weighbridge.tree import Call, Const, Expr, Type, Value, names, walk

MILLI = 1000
"""Weights and points are held as whole thousandths; a weighted contribution is then whole micro-points."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition as written: its tree, its text and its place."""

    tree: Expr
    text: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Consent:
    """How records of a type say whether their person consents to a purpose; None: they do not say."""

    given: Expr | None
    refused: Expr | None


@dataclass(frozen=True, slots=True)
class Derived:
    """A computed value. `path` is its canonical name: "<record type or ruleset>/<name>"."""

    path: str
    tree: Expr
    text: str
    title: Mapping[str, str]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Output:
    """A named result of a ruleset and how rules' values combine. `titles`: of its allowed texts, by text."""

    name: str
    symbol: Symbol
    combine: str
    default: Value
    title: Mapping[str, str]
    titles: Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class Rule:
    """One rule or table row.

    It applies where the market lies in a region of every set in `markets` and the day in every one of
    `periods`; it fires where all `conditions` hold. `group` names its table when only the first hit counts.
    """

    ref: str
    ruleset: str
    conditions: tuple[Condition, ...]
    then: Mapping[str, Expr]
    if_unknown: str
    markets: tuple[frozenset[str], ...]
    periods: tuple[PeriodModel, ...]
    enabled: bool
    title: Mapping[str, str]
    reason: Mapping[str, Template]
    source: SourceModel | None
    review: ReviewModel | None
    span: Span | None
    table: str | None = None
    group: str | None = None

    @cached_property
    def shows(self) -> frozenset[str]:
        """The names that reasons show."""
        return frozenset(name.path for template in self.reason.values() for name in template.names)

    @cached_property
    def reads(self) -> frozenset[str]:
        """The names that conditions, outputs and reasons read."""
        trees = (*(c.tree for c in self.conditions), *self.then.values())
        return self.shows.union(*map(names, trees))

    @cached_property
    def looks_for(self) -> frozenset[str]:
        """The term lists that conditions and outputs look for, by id."""
        trees = (*(c.tree for c in self.conditions), *self.then.values())
        return frozenset(terms for tree in trees for terms in term_lists(tree))


@dataclass(frozen=True, slots=True)
class Ruleset:
    """A ruleset with its own rules; `members` are the rulesets whose rules take part, itself last."""

    id: str
    record: str
    title: Mapping[str, str]
    outputs: Mapping[str, Output]
    rules: tuple[Rule, ...]
    members: tuple[str, ...]
    span: Span | None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Bin:
    """Points (in thousandths) for values that pass `test`; None accepts every known value."""

    test: Expr | None
    text: str
    points: int
    reason: Mapping[str, Template]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Characteristic:
    """One line of a scorecard. Weights and points are whole thousandths."""

    id: str
    title: Mapping[str, str]
    weight: int
    applies: Condition | None
    value: Condition | None
    bins: tuple[Bin, ...]
    points: Condition | None
    least: int
    most: int
    missing: int | None
    reason: Mapping[str, Template]
    code: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Tier:
    """A band of scores from `at_least` (included) to the next tier."""

    id: str
    at_least: float
    title: Mapping[str, str]
    span: Span | None


@dataclass(frozen=True, slots=True)
class Scorecard:
    """`method` is "weighted_mean" or "sum"; `direction` "below" or "above" the baseline (thousandths)."""

    id: str
    record: str
    title: Mapping[str, str]
    method: str
    minimum_coverage: float
    baseline: int | None
    direction: str
    characteristics: tuple[Characteristic, ...]
    tiers: tuple[Tier, ...]
    span: Span | None
    purpose: str | None = None


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Everything typed. `derived` is keyed by canonical path, in an order where each needs only earlier ones."""

    record_types: Mapping[str, RecordTypeModel]
    regions: Regions
    terms: Mapping[str, TermList]
    derived: Mapping[str, Derived]
    scorecards: Mapping[str, Scorecard]
    rulesets: Mapping[str, Ruleset]
    scopes: Mapping[str, Scope]
    """Record type id, or ruleset id, -> what its expressions may speak of."""
    version: str
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    consents: Mapping[str, Mapping[str, Consent]] = field(default_factory=dict[str, Mapping[str, Consent]])
    """Record type -> purpose -> how a record says whether its person consents."""
    personal: Mapping[str, Mapping[str, frozenset[str]]] = field(
        default_factory=dict[str, Mapping[str, frozenset[str]]]
    )
    """Record type -> name (field, derived value, `ruleset.output`) -> the personal fields its value holds or is
    computed from. Scores, tiers and outputs with fixed values are results and not among the names."""

    def rules_of(self, target: str) -> Iterable[Rule]:
        """The rules that take part in a target, in order."""
        for member in self.rulesets[target].members:
            yield from self.rulesets[member].rules

    def record_of(self, target: str) -> str:
        """The record type a ruleset or scorecard is about."""
        if target in self.rulesets:
            return self.rulesets[target].record
        return self.scorecards[target].record


def term_lists(tree: Expr) -> Iterator[str]:
    """The ids of the term lists that an expression looks for."""
    for part in walk(tree):
        for argument in part.arguments if isinstance(part, Call) else ():
            if (
                isinstance(argument, Const)
                and argument.type is Type.TERMS
                and isinstance(argument.value, str)
            ):
                yield argument.value


def has_mention(tree: Expr) -> bool:
    """Whether a condition looks for terms, so that a reason may speak of `{match}`."""
    return any(isinstance(n, Call) and n.function in ("mentions", "count_mentions") for n in walk(tree))


def milli(number: float | int) -> int:
    """A weight or points as whole thousandths (documents allow at most three decimals)."""
    return round(number * MILLI)


def titled(title: Mapping[str, str], language: str, fallback: str) -> str:
    """A title in a language; English, then the id, where there is none."""
    return title.get(language) or title.get("en") or fallback
