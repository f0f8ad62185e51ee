"""What depends on a field, and which of its values matter: `weighbridge graph --field`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import networkx as nx

from weighbridge import boundaries
from weighbridge.boundaries import Boundary, by_market
from weighbridge.diagnostics import Span, UnknownName, unknown_name
from weighbridge.graph import Graph, dependency_graph
from weighbridge.messages import FIELD, phrase
from weighbridge.regions import covers
from weighbridge.rulebook import Rulebook, titled
from weighbridge.tree import Expr

KINDS = ("derived", "rule", "row", "characteristic", "scorecard", "output")
"""What can depend on a field, in the order in which it is told."""

MOST_SHOWN = 12
"""Markets and rules that one line names."""


@dataclass(frozen=True, slots=True)
class Dependent:
    """One thing that depends on the field: by itself, or `through` others (derived values, scores, outputs).

    `markets` are those in which it is in force on the day.
    """

    kind: str
    ref: str
    title: Mapping[str, str]
    span: Span | None
    through: tuple[str, ...]
    markets: tuple[str, ...]
    boundaries: Mapping[Boundary, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class FieldReport:
    """Everything that depends on a field. `graph` is the part of the dependency graph behind it."""

    field: str
    title: Mapping[str, str]
    type: str
    record_types: tuple[str, ...]
    day: date
    markets: tuple[str, ...]
    dependents: tuple[Dependent, ...]
    graph: Graph

    def boundaries(self) -> Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]:
        """(kind, value) -> who looks at it -> in which markets, values in order."""
        found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
        for dependent in self.dependents:
            for boundary, markets in dependent.boundaries.items():
                whose = found.setdefault((boundary.kind, boundary.value), {})
                whose[dependent.ref] = tuple(dict.fromkeys((*whose.get(dependent.ref, ()), *markets)))
        return {key: found[key] for key in sorted(found, key=_in_order)}

    def text(self, lang: str = "en") -> str:
        """The report in words."""
        return "\n".join(self._lines(lang))

    def _lines(self, lang: str) -> Iterator[str]:
        title = titled(self.title, lang, self.field)
        name = self.field if title == self.field else f"{self.field} ({title})"
        yield phrase(FIELD, "headline", lang, field=name, type=self.type, day=self.day.isoformat())
        counts = {kind: sum(d.kind == kind for d in self.dependents) for kind in KINDS}
        told = [phrase(FIELD, f"count_{k}", lang, count=n) for k, n in counts.items() if n]
        yield "  " + (("、" if lang == "zh" else ", ").join(told) or phrase(FIELD, "nothing", lang))
        found = self.boundaries()
        if found:
            yield phrase(FIELD, "boundaries", lang)
        for (kind, value), whose in found.items():
            yield f"  {phrase(FIELD, f'kind_{kind}', lang, value=value)}"
            yield from (f"      {ref}{self._where(markets, lang)}" for ref, markets in whose.items())
        if self.dependents:
            yield phrase(FIELD, "dependents", lang)
        for dependent in self.dependents:
            shown = titled(dependent.title, lang, "")
            way = (
                phrase(FIELD, "through", lang, way=" → ".join(dependent.through)) if dependent.through else ""
            )
            place = "" if dependent.span is None else f"{dependent.span}: "
            kind = phrase(FIELD, dependent.kind, lang)
            yield (
                f"  {place}{kind} {dependent.ref} {shown}".rstrip()
                + way
                + self._where(dependent.markets, lang)
            )

    def _where(self, markets: Sequence[str], lang: str) -> str:
        if set(markets) == set(self.markets):
            return ""
        few = ", ".join(markets[:MOST_SHOWN]) + (" ..." if len(markets) > MOST_SHOWN else "")
        return f" [{few or phrase(FIELD, 'no_market', lang)}]"

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "field": self.field,
            "title": dict(self.title),
            "type": self.type,
            "record_types": list(self.record_types),
            "as_of": self.day.isoformat(),
            "markets": list(self.markets),
            "boundaries": [
                {"kind": kind, "value": value, "by": {ref: list(m) for ref, m in whose.items()}}
                for (kind, value), whose in self.boundaries().items()
            ],
            "dependents": [
                {
                    "kind": d.kind,
                    "ref": d.ref,
                    "title": dict(d.title),
                    "location": None if d.span is None else str(d.span),
                    "through": list(d.through),
                    "markets": list(d.markets),
                    "boundaries": [
                        {"kind": b.kind, "value": b.value, "condition": b.condition, "markets": list(m)}
                        for b, m in d.boundaries.items()
                    ],
                }
                for d in self.dependents
            ],
        }


def _in_order(key: tuple[str, str]) -> tuple[int, float, str]:
    kind, value = key
    number = float(value) if kind == "number" else 0.0
    return boundaries.KINDS.index(kind), number, value


def field_report(book: Rulebook, field: str, day: date, markets: Sequence[str] = ()) -> FieldReport:
    """Everything that depends on a field of some record type. Raises `UnknownName`."""
    types = {name: model.fields[field] for name, model in book.record_types.items() if field in model.fields}
    if not types:
        known = {f for model in book.record_types.values() for f in model.fields}
        raise UnknownName([unknown_name("WB303", "field", field, known)])
    chosen = tuple(markets) or book.regions.markets
    whole = dependency_graph(book)
    start = f"field:{field}"
    part = whole.subgraph({start} | nx.descendants(whole, start))
    paths = nx.single_source_shortest_path(part, start)
    trees = _trees(book)
    found = [
        _dependent(book, field, node, part.nodes[node], paths[node][1:-1], trees.get(node, ()), chosen, day)
        for node in part
        if node != start
    ]
    ordered = sorted(found, key=lambda d: (KINDS.index(d.kind), len(d.through), d.ref))
    first = next(iter(types.values()))
    return FieldReport(field, first.title, first.type, tuple(types), day, chosen, tuple(ordered), part)


def _dependent(
    book: Rulebook,
    field: str,
    node: str,
    data: Mapping[str, Any],
    between: Sequence[str],
    trees: Sequence[Expr],
    markets: Sequence[str],
    day: date,
) -> Dependent:
    kind, _, ref = node.partition(":")
    here = _in_force(book, ref, markets, day) if kind == "rule" else tuple(markets)
    bounds = by_market(book, trees, field, here, day) if here else {}
    through = tuple(n.partition(":")[2] for n in between)
    told = "row" if data.get("table") else kind
    return Dependent(told, ref, data.get("title") or {}, data.get("span"), through, here, bounds)


def _in_force(book: Rulebook, ref: str, markets: Sequence[str], day: date) -> tuple[str, ...]:
    rule = next(r for r in book.rulesets[ref.partition("/")[0]].rules if r.ref == ref)
    if not rule.enabled or not all(covers(period, day) for period in rule.periods):
        return ()
    lineages = book.regions.lineages
    return tuple(m for m in markets if all(wanted.intersection(lineages[m]) for wanted in rule.markets))


def _trees(book: Rulebook) -> Mapping[str, tuple[Expr, ...]]:
    """The conditions and computed values of every node that has some."""
    found: dict[str, tuple[Expr, ...]] = {f"derived:{p}": (d.tree,) for p, d in book.derived.items()}
    for ruleset in book.rulesets.values():
        for rule in ruleset.rules:
            found[f"rule:{rule.ref}"] = (*(c.tree for c in rule.conditions), *rule.then.values())
    for name, card in book.scorecards.items():
        for line in card.characteristics:
            parts = [c.tree for c in (line.applies, line.points) if c is not None]
            parts += [b.test for b in line.bins if b.test is not None]
            found[f"characteristic:{name}.{line.id}"] = tuple(parts)
    return found
