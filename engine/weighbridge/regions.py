"""Regions: inheritance, typed and dated parameters, weights and overrides, each with the place that set it.

A region inherits in C3 order (the order Python uses for classes): itself, then what it extends, nearest
first, every region once and never before one that extends it. The first region in that order that sets a
value for the day wins; a dated list that has no entry for the day is as if it were not there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, cast, get_args

import networkx as nx

from weighbridge.diagnostics import Diagnostic, Span, unknown_name
from weighbridge.documents import (
    ParameterModel,
    PeriodModel,
    PrivacyModel,
    RegionModel,
    RuleOverride,
    ScorecardOverride,
    SpecialCategory,
)
from weighbridge.expressions import parse_date
from weighbridge.project import Document, Project
from weighbridge.tree import Type, Value

Region = Document[RegionModel]

SPECIAL: frozenset[str] = frozenset(get_args(SpecialCategory))
"""The categories that `special` stands for in a region's privacy rules."""

MOST_REGIONS = 100
"""How many regions one may inherit from; a real market has a handful."""


@dataclass(frozen=True, slots=True)
class Resolved:
    """A parameter's or weight's value in one market on one day, and where it was set."""

    name: str
    value: Value
    region: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Permission:
    """What a region says about reading a category of personal data for a purpose, and where it says so."""

    entry: PrivacyModel
    region: str
    span: Span | None


@dataclass(frozen=True, slots=True)
class Regions:
    """All regions of a project, with their order of inheritance and the declared parameters."""

    documents: Mapping[str, Region]
    lineages: Mapping[str, tuple[str, ...]]
    declared: Mapping[str, ParameterModel]

    @property
    def markets(self) -> tuple[str, ...]:
        """Regions that decisions can be asked for, in alphabetical order."""
        return tuple(sorted(r for r, d in self.documents.items() if d.model.is_market))

    def parameter(self, market: str, name: str, day: date) -> Resolved | None:
        """The parameter in force in `market` on `day`; None where no region sets it."""
        for region in self.lineages[market]:
            document = self.documents[region]
            for index, entry in enumerate(document.model.parameters.get(name, ())):
                if covers(entry, day):
                    kind = Type(self.declared[name].type)
                    span = entry_span(document, ("parameters", name), index)
                    return Resolved(name, parameter_value(entry.value, kind), region, span)
        return None

    def weight(self, market: str, scorecard: str, characteristic: str, day: date) -> Resolved | None:
        """The region's own weight of a characteristic; None where the scorecard's holds."""
        for region in self.lineages[market]:
            document = self.documents[region]
            weights = document.model.weights.get(scorecard, {}).get(characteristic, ())
            for index, weight in enumerate(weights):
                if covers(weight, day):
                    span = entry_span(document, ("weights", scorecard, characteristic), index)
                    return Resolved(f"{scorecard}.{characteristic}", float(weight.value), region, span)
        return None

    def overrides(
        self, market: str, day: date
    ) -> Iterator[tuple[RuleOverride | ScorecardOverride, Region, int]]:
        """Overrides in force, farthest region first, so that applying them in turn lets the nearest win."""
        for region in reversed(self.lineages[market]):
            document = self.documents[region]
            for index, override in enumerate(document.model.overrides):
                if covers(override, day):
                    yield override, document, index

    def permission(self, market: str, purpose: str, category: str, day: date) -> Permission | None:
        """What holds in `market` for reading a category for a purpose; None where no region says."""
        found = self.privacy(market, day)
        return next((p for p in found if speaks_of(p.entry, purpose, category)), None)

    def privacy(self, market: str, day: date) -> Iterator[Permission]:
        """Every privacy rule in force in `market` on `day`, in the order in which they are asked."""
        for region in self.lineages[market]:
            document = self.documents[region]
            for index, entry in enumerate(document.model.privacy):
                if covers(entry, day):
                    yield Permission(entry, region, document.span("privacy", index))

    def boundaries(self, market: str) -> Iterator[date]:
        """Days on which a dated value of the market's lineage begins or has just ended."""
        for region in self.lineages[market]:
            model = self.documents[region].model
            for entries in model.parameters.values():
                yield from edges(entries)
            for weights in model.weights.values():
                for dated in weights.values():
                    yield from edges(dated)
            yield from edges(model.overrides)
            yield from edges(model.privacy)


def covers(period: PeriodModel, day: date) -> bool:
    """Whether `day` lies in the period, both ends included."""
    return (period.from_ is None or period.from_ <= day) and (period.to is None or day <= period.to)


def speaks_of(entry: PrivacyModel, purpose: str, category: str) -> bool:
    """Whether a privacy rule is about reading this category for this purpose."""
    group = "special" if category in SPECIAL else "ordinary"
    of_data = not entry.data or category in entry.data or (group in entry.data and category != "children")
    return of_data and (not entry.purposes or purpose in entry.purposes)


def edges(periods: Iterable[PeriodModel]) -> Iterator[date]:
    """First days of the spans that the periods cut time into."""
    for period in periods:
        if period.from_ is not None:
            yield period.from_
        if period.to is not None and period.to < date.max:
            yield period.to + timedelta(days=1)


def entry_span(document: Region, path: tuple[str, ...], index: int) -> Span | None:
    """Where entry `index` of a dated list stands, or the plain value."""
    return document.span(*path, index)


def parameter_value(value: Any, kind: Type) -> Value:
    """A checked parameter value in the conventions of `tree.Value`."""
    if kind is Type.NUMBER:
        return float(value)
    if kind is Type.DATE:
        return parse_date(value)
    if kind is Type.TEXTS:
        return (value,) if isinstance(value, str) else tuple(value)
    return cast(Value, value)


def link_regions(project: Project) -> tuple[Regions, list[Diagnostic]]:
    """Inheritance and declarations of all regions, with every problem in them."""
    problems: list[Diagnostic] = []
    documents = dict(project.regions)
    parents = {name: _parents(document, project, problems) for name, document in documents.items()}
    lineages = _lineages(parents, documents, problems)
    declared: dict[str, ParameterModel] = {}
    for document in documents.values():
        problems.extend(_declaration_problems(document, declared))
        declared |= document.model.declares
    regions = Regions(documents, lineages, declared)
    for document in documents.values():
        problems.extend(_parameter_problems(document, regions, project))
    return regions, problems


def _declaration_problems(document: Region, declared: Mapping[str, ParameterModel]) -> Iterator[Diagnostic]:
    for name in document.model.declares:
        if name in declared or name == "code":
            what = "is declared by another region too" if name in declared else "is the market itself"
            span = document.span("declares", name, key=True)
            yield Diagnostic("WB306", f"region.{name} {what}", span, expected="another name")


def _parents(document: Region, project: Project, problems: list[Diagnostic]) -> tuple[str, ...]:
    known: list[str] = []
    for index, parent in enumerate(document.model.extends):
        if parent in project.regions:
            known.append(parent)
        elif ("region", parent) not in project.broken:
            problems.append(
                unknown_name("WB303", "region", parent, project.regions, document.span("extends", index))
            )
    return tuple(known)


def _lineages(
    parents: Mapping[str, tuple[str, ...]], documents: Mapping[str, Region], problems: list[Diagnostic]
) -> dict[str, tuple[str, ...]]:
    """Every region's lineage, itself first; of one that cannot be made the region alone, and a diagnostic."""
    extends: nx.DiGraph[str] = nx.DiGraph()
    extends.add_nodes_from(parents)
    extends.add_edges_from((name, parent) for name, own in parents.items() for parent in own)
    rings = [sorted(c) for c in nx.strongly_connected_components(extends) if len(c) > 1]
    lineages: dict[str, tuple[str, ...]] = {}
    for ring in sorted(rings):
        path = [edge[0] for edge in nx.find_cycle(extends.subgraph(ring), ring[0])]
        shown = " -> ".join([*path, path[0]])
        span = documents[path[0]].span("extends")
        related = tuple((f"{r} extends here", documents[r].span("extends")) for r in path)
        problems.append(
            Diagnostic("WB301", f"regions extend each other in a ring: {shown}", span, related=related)
        )
        lineages |= {name: (name,) for name in ring}
    # Parents first, so that each lineage is merged once, from those before it.
    for name in reversed(list(nx.topological_sort(extends.subgraph(set(parents) - set(lineages))))):
        lineages[name] = _lineage(documents[name], parents[name], lineages, problems)
    return lineages


def _lineage(
    document: Region,
    parents: tuple[str, ...],
    lineages: Mapping[str, tuple[str, ...]],
    problems: list[Diagnostic],
) -> tuple[str, ...]:
    name = document.id
    if len({region for parent in parents for region in lineages[parent]}) >= MOST_REGIONS:
        message = f"{name} extends too many regions, directly or through others"
        problems.append(
            Diagnostic("WB313", message, document.span("extends"), expected=f"fewer than {MOST_REGIONS}")
        )
        return (name,)
    order = _merge(name, [list(lineages[parent]) for parent in parents], parents)
    if order is None:
        problems.append(
            Diagnostic(
                "WB302",
                f"{name} extends regions in an order that contradicts how they extend each other",
                document.span("extends"),
                expected="nearer regions first",
            )
        )
        return (name, *parents)
    return order


def _merge(name: str, lines: list[list[str]], parents: tuple[str, ...]) -> tuple[str, ...] | None:
    """C3 linearisation from the parents' own; None where no consistent order exists."""
    lines = [*lines, list(parents)]
    order = [name]
    while any(lines):
        tails = {r for line in lines for r in line[1:]}
        head = next((line[0] for line in lines if line and line[0] not in tails), None)
        if head is None:
            return None
        order.append(head)
        lines = [[r for r in line if r != head] for line in lines]
    return tuple(order)


def _parameter_problems(document: Region, regions: Regions, project: Project) -> Iterator[Diagnostic]:
    for name, entries in document.model.parameters.items():
        parameter = regions.declared.get(name)
        if parameter is None:
            span = document.span("parameters", name, key=True)
            yield unknown_name("WB304", "parameter", name, regions.declared, span)
            continue
        for index, entry in enumerate(entries):
            expected = _misfit(entry.value, parameter, project)
            if expected is not None:
                yield Diagnostic(
                    "WB305",
                    f"{entry.value!r} is no value for the parameter {name}",
                    entry_span(document, ("parameters", name), index),
                    expected=expected,
                )


def _misfit(value: Any, parameter: ParameterModel, project: Project) -> str | None:
    """What was expected instead of `value`, or None where it fits the declaration."""
    kind = Type(parameter.type)
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind is Type.NUMBER:
        low, high = parameter.min, parameter.max
        inside = number and (low is None or value >= low) and (high is None or value <= high)
        return (
            None
            if inside
            else "a number" + (f" from {low} to {high}" if low is not None or high is not None else "")
        )
    if kind is Type.BOOLEAN:
        return None if isinstance(value, bool) else "true or false"
    if kind is Type.TEXTS:
        return None if isinstance(value, str | tuple) else "a list of texts"
    if not isinstance(value, str):
        return f"a {kind}"
    if kind is Type.DATE:
        return None if parse_date(value) is not None else "a date as 2026-03-01"
    if kind is Type.TERMS:
        known = value in project.term_lists or ("term_list", value) in project.broken
        return (
            None if known else "the id of a term list, one of: " + ", ".join(sorted(project.term_lists)[:12])
        )
    allowed = parameter.allowed
    return None if allowed is None or value in allowed else "one of: " + ", ".join(allowed)
