"""An independent, slow evaluation of whole projects, for comparison with the compiled forms.

It works on expression *texts* through the reference interpreter (`weighbridge.reference`), resolves parameters
by walking the documents itself, adds scores as fractions and combines outputs in its own way. Nothing here
touches typed trees, normal forms, the index or generated code.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

from weighbridge.documents import RuleOverride
from weighbridge.reference import UNKNOWN, Reference, kleene_and
from weighbridge.rulebook import Rule, Rulebook, Scorecard

DAY = date.fromordinal


@dataclass
class Answer:
    """What the oracle says of one record."""

    fired: list[str]
    undecided: list[str]
    outputs: dict[str, Any]
    scores: dict[str, tuple[Any, Any, Any]]


class Oracle:
    """Decides by definition. `record` values must be valid: float, str, bool, date, tuple of str or None."""

    def __init__(self, book: Rulebook, market: str, day: date, record: dict[str, Any]) -> None:
        self.book, self.market, self.day = book, market, day
        self.lineage = book.regions.lineages[market]
        self.names: dict[str, Any] = {"market": market, "as_of": day, "region.code": market}
        for name, value in record.items():
            self.names[name] = UNKNOWN if value is None or value != value else value
        for name, declared in book.regions.declared.items():
            self.names[f"region.{name}"] = self.parameter(name, declared.type)

    def parameter(self, name: str, kind: str) -> Any:
        for region in self.lineage:
            for entry in self.book.regions.documents[region].model.parameters.get(name, ()):
                if self.inside(entry):
                    if kind == "number":
                        return float(entry.value)
                    if kind == "date":
                        return date.fromisoformat(entry.value)
                    return (
                        tuple(entry.value)
                        if kind == "text_list" and not isinstance(entry.value, str)
                        else entry.value
                    )
        return UNKNOWN

    def inside(self, period: Any) -> bool:
        return (period.from_ or date.min) <= self.day <= (period.to or date.max)

    def value(self, text: str, scope: str) -> Any:
        """The value of an expression text; names are looked up (and computed) as they are met."""
        oracle = self

        class Names(dict[str, Any]):
            def __getitem__(self, path: str) -> Any:
                return oracle.name(path, scope)

        return Reference(Names(), self.book.terms, frozenset(self.lineage)).evaluate(text)

    def name(self, path: str, scope: str) -> Any:
        record = scope if scope in self.book.record_types else self.book.record_of(scope)
        paths = [f"{scope}/{path}", f"{record}/{path}"]
        key = next((p for p in paths if p in self.book.derived), path)
        if key in self.names:
            return self.names[key]
        if key in self.book.derived:
            found = self.value(self.book.derived[key].text, scope)
        else:
            owner, part = path.split(".")
            if owner in self.book.scorecards:
                score, tier, coverage = self.score(self.book.scorecards[owner])
                found = {"score": score, "tier": tier, "coverage": coverage}[part]
            else:
                found = self.ruleset(owner).outputs[part]
        self.names[key] = found
        return found

    # --- scorecards ---

    def weight(self, card: str, line: Any) -> Fraction:
        for region in self.lineage:
            for entry in self.book.regions.documents[region].model.weights.get(card, {}).get(line.id, ()):
                if self.inside(entry):
                    return Fraction(Decimal(repr(entry.value)))
        return Fraction(line.weight, 1000)

    def score(self, card: Scorecard) -> tuple[Any, Any, Any]:
        total = scored = known = whole = Fraction(0)
        for line in card.characteristics:
            weight = self.weight(card.id, line)
            applies = True if line.applies is None else self.value(line.applies.text, card.record)
            if applies is False:
                continue
            whole += weight
            points = self.points(card, line) if applies is True else None
            if points is not None:
                known += weight
            elif line.missing is not None:
                points = Fraction(line.missing, 1000)
            if points is not None:
                total += points * weight
                scored += weight
        minimum, tiers = card.minimum_coverage, {t.id: t.at_least for t in card.tiers}
        for region in reversed(self.lineage):
            for override in self.book.regions.documents[region].model.overrides:
                if (
                    not isinstance(override, RuleOverride)
                    and override.scorecard == card.id
                    and self.inside(override)
                ):
                    minimum = (
                        override.set.minimum_coverage
                        if override.set.minimum_coverage is not None
                        else minimum
                    )
                    tiers |= override.set.tiers
        coverage = UNKNOWN if whole == 0 else float(known / whole)
        if coverage is UNKNOWN or coverage < minimum or scored <= 0:
            return UNKNOWN, UNKNOWN, coverage
        score = float(total / scored) if card.method == "weighted_mean" else float(total)
        tier = UNKNOWN
        for name, bound in sorted(tiers.items(), key=lambda t: t[1]):
            tier = name if score >= bound else tier
        return score, tier, coverage

    def line_points(self, card: Scorecard) -> dict[str, float | None]:
        """Each characteristic's points; None where it does not apply or its points are unknown."""
        found: dict[str, float | None] = {}
        for line in card.characteristics:
            applies = True if line.applies is None else self.value(line.applies.text, card.record)
            points = self.points(card, line) if applies is True else None
            if points is None and applies is not False and line.missing is not None:
                points = Fraction(line.missing, 1000)
            found[line.id] = None if points is None else float(points)
        return found

    def points(self, card: Scorecard, line: Any) -> Fraction | None:
        if line.points is not None:
            value = self.value(line.points.text, card.record)
            if value is UNKNOWN:
                return None
            clipped = min(max(value, line.least / 1000), line.most / 1000)
            return Fraction(round(clipped * 1000), 1000)
        if self.value(line.value.text, card.record) is UNKNOWN:
            return None
        for band in line.bins:
            if band.test is None or self.value(band.text, card.record) is True:
                return Fraction(band.points, 1000)
        return None

    # --- rulesets ---

    def truth(self, rule: Rule) -> Any:
        return kleene_and([self.value(c.text, rule.ruleset) for c in rule.conditions])

    def ruleset(self, name: str) -> Answer:
        ruleset = self.book.rulesets[name]
        rules = [r for member in ruleset.members for r in self.book.rulesets[member].rules]
        entries: dict[str, list[Any]] = {output: [] for output in ruleset.outputs}
        fired: list[str] = []
        undecided: list[str] = []
        hit_tables: set[str] = set()
        for rule in rules:
            then, enabled = self.in_force(rule)
            truth = self.truth(rule) if enabled else False
            if truth is False or (rule.group in hit_tables and rule.group is not None):
                continue
            if truth is True:
                fired.append(rule.ref)
                if rule.group is not None:
                    hit_tables.add(rule.group)
            else:
                undecided.append(rule.ref)
            if truth is True or rule.if_unknown == "fire":
                for output, value in then.items():
                    if output in entries and value is not UNKNOWN:
                        entries[output].append(value)
            elif rule.if_unknown == "review" and ruleset.outputs.get("verdict"):
                verdict = ruleset.outputs["verdict"]
                if verdict.combine == "worst" and "review" in (verdict.symbol.allowed or ()):
                    entries["verdict"].append("review")
        outputs = {o: self.combined(ruleset.outputs[o], found) for o, found in entries.items()}
        return Answer(fired, undecided, outputs, {})

    def in_force(self, rule: Rule) -> tuple[dict[str, Any], bool]:
        enabled = rule.enabled and all(set(self.lineage) & m for m in rule.markets)
        enabled = enabled and all(self.inside(p) for p in rule.periods)
        switched = rule.enabled
        then = {name: self.output_value(rule, name) for name in rule.then}
        for region in reversed(self.lineage):
            for override in self.book.regions.documents[region].model.overrides:
                if isinstance(override, RuleOverride) and override.rule == rule.ref and self.inside(override):
                    for name, value in override.set.items():
                        if name == "enabled":
                            switched = value
                        else:
                            then[name] = (
                                float(value)
                                if isinstance(value, int) and not isinstance(value, bool)
                                else value
                            )
        in_scope = all(set(self.lineage) & m for m in rule.markets) and all(
            self.inside(p) for p in rule.periods
        )
        return then, in_scope and switched

    def output_value(self, rule: Rule, name: str) -> Any:
        from weighbridge.tree import Const
        from weighbridge.unparse import unparse

        tree = rule.then[name]
        return tree.value if isinstance(tree, Const) else self.value(unparse(tree), rule.ruleset)

    def combined(self, output: Any, found: list[Any]) -> Any:
        policy = output.combine
        if policy in ("collect", "set"):
            return tuple(found) if policy == "collect" else tuple(dict.fromkeys(found))
        if policy == "count":
            return float(len(found))
        if not found:
            return UNKNOWN if output.default is None else output.default
        if (policy == "unique" and len(found) > 1) or (policy == "any" and len(set(found)) > 1):
            return UNKNOWN
        if policy in ("worst", "best"):
            ranks = sorted(output.symbol.allowed.index(v) for v in found)
            return output.symbol.allowed[ranks[-1] if policy == "worst" else ranks[0]]
        if policy == "sum":
            exact = [Fraction(v) for v in found if abs(v) != float("inf")]
            infinite = {v for v in found if abs(v) == float("inf")}
            if infinite:
                return UNKNOWN if len(infinite) == 2 else infinite.pop()
            try:
                return float(sum(exact))
            except OverflowError:
                return UNKNOWN
        return {"min": min, "max": max}.get(policy, lambda v: v[0])(found)

    def decide(self, target: str) -> Answer:
        """The answer for a ruleset, with the scores of every scorecard it reads."""
        return self.ruleset(target)
