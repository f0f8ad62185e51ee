"""Explanations: findings, reasons and "why not", made on request from the record and what the program returned."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from weighbridge.diagnostics import UnknownName, unknown_name
from weighbridge.documents import RecordTypeModel
from weighbridge.evaluate import Evaluator
from weighbridge.findings import Finding, Match, Reason, Score, review_of, shown_value, source_of
from weighbridge.functions import PARAGRAPH
from weighbridge.masking import MASK
from weighbridge.messages import EXPLANATION, LANGUAGES, phrase
from weighbridge.prepared import Prepared
from weighbridge.regions import covers
from weighbridge.rulebook import Characteristic, Rule, Scorecard, titled
from weighbridge.scalar import day_number
from weighbridge.specialise import RulesetStep, ScoreStep, SpecialRule
from weighbridge.templates import Template, show_value
from weighbridge.tree import (
    SEEN_FOR,
    And,
    Call,
    Compare,
    Const,
    Contains,
    Expr,
    IfElse,
    Member,
    Name,
    Not,
    Or,
    Type,
    Value,
    walk,
    written,
)
from weighbridge.unparse import unparse

MOST_MATCHES = 3


@dataclass(frozen=True, slots=True)
class Clause:
    """One condition of a rule for one record: its text, whether it holds (None: unknown), and what was seen.

    `gap` is how far a number is from holding, in its own unit; None where that has no meaning.
    """

    text: str
    holds: bool | None
    detail: Mapping[str, str]
    gap: float | None = None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WhyNot:
    """Why a rule did or did not fire. `applies` False: it is not in force here, `reason` says why."""

    rule: str
    status: str
    applies: bool
    reason: Mapping[str, str]
    clauses: tuple[Clause, ...]


class _Values(dict[str, Value]):
    """The values of names, looked up when first asked for."""

    def __init__(self, explainer: Explainer) -> None:
        super().__init__()
        self.explainer = explainer

    def __missing__(self, path: str) -> Value:
        value = self[path] = self.explainer.look_up(path)
        return value


class Explainer:
    """Everything that can be said about one decision."""

    def __init__(
        self,
        prepared: Prepared,
        record: Mapping[str, Any],
        as_of: date,
        raw: tuple[Any, ...],
        masked: bool = True,
    ) -> None:
        self.prepared = prepared
        self.masked = masked
        self.sight = prepared.special.sight
        self.record = record
        self.as_of = as_of
        special = prepared.special
        results, values, self.hits = raw
        self.results: tuple[Any, ...] = results
        self.values = _Values(self)
        self.values |= {f"region.{n}": r.value for n, r in special.parameters.items()}
        self.values |= {"market": special.market, "region.code": special.market, "as_of": day_number(as_of)}
        for name, value in zip(prepared.program.names, values, strict=True):
            self.values[name] = None if value != value else value
        self.evaluator = Evaluator(self.values, self._mentioned, frozenset(special.lineage))
        self._findings: tuple[Finding, ...] | None = None
        self._undecided: tuple[tuple[str, tuple[str, ...]], ...] | None = None
        self._undecided_rules: tuple[SpecialRule, ...] | None = None

    # --- term matches ---

    def look_up(self, path: str) -> Value:
        """The value of a name the program did not keep: a field, or something this market has no use for."""
        base, _, context = path.partition(SEEN_FOR)
        if base in self.prepared.book.derived:
            for name in self.prepared.beneath(base):
                seen = self.sight.path(name, context)
                if seen not in self.values:
                    self.values[seen] = self.evaluator.value(cast(Expr, self._tree(seen)))
            return self.values[path]
        held_back = self.sight.definition(path)
        if held_back is not None:
            return self.evaluator.value(held_back)
        reader = self.prepared.readers.get(path)
        if reader is not None:
            return reader.read(self.record.get(path), [])
        if path.startswith("region."):
            special = self.prepared.special
            found = self.prepared.book.regions.parameter(
                special.market, path.removeprefix("region."), self.as_of
            )
            return None if found is None else found.value
        return None

    def _tree(self, path: str) -> Expr | None:
        """What a derived value is computed from, as it is seen under this name; None for other names."""
        if path in self.prepared.book.derived:
            return self.prepared.book.derived[path].tree
        return (
            self.sight.definition(path) if path.partition(SEEN_FOR)[0] in self.prepared.book.derived else None
        )

    # --- personal data ---

    def hides(self, tree: Expr) -> bool:
        """Whether the value of an expression could tell personal data."""
        personal = self.sight.personal
        if not self.masked or not personal:
            return False
        return any(n.partition(SEEN_FOR)[0] in personal for n in self.prepared.names_in(tree))

    def shown(self, tree: Expr) -> Value:
        """The value of an expression as reports may show it: personal data masked, missing data missing."""
        value = self.evaluator.value(tree)
        return MASK if value is not None and self.hides(tree) else value

    def _shown_name(self, path: str, owner: str) -> Value:
        """The value of a name as `owner` sees it and reports may show it."""
        value = self.values[self.sight.path(path, self.sight.contexts.get(owner, ""))]
        hidden = self.masked and path in self.sight.personal
        return MASK if hidden and value is not None else value

    def _mentioned(self, name: str, text: Expr, value: Value, terms: Value) -> Value:
        assert isinstance(value, str | tuple)
        if name == "mentions":
            place = self.prepared.program.mention_places.get((text, terms))
            if place is not None:
                return place[1] in self.hits[place[0]]
            return bool(self.prepared.scan(terms).hits(value))
        return float(len(self.prepared.scan(terms).matches(value, 0)))

    def matches(self, tree: Expr) -> tuple[Match, ...]:
        """The terms that a condition, or a derived value it reads, found: each in the field it stands in."""
        found: list[Match] = []
        for node in self._mentions(tree):
            text, terms = node.arguments
            found += self._matches(text, self.evaluator.value(terms))
        return tuple(dict.fromkeys(found))

    def _mentions(self, tree: Expr) -> Iterator[Call]:
        """Every call that looks for terms, in the tree and in the derived values it reads."""
        pending, seen = [tree], set[str]()
        while pending:
            for node in walk(pending.pop(0)):
                if isinstance(node, Call) and node.function in ("mentions", "count_mentions"):
                    yield node
                elif isinstance(node, Name) and node.path not in seen:
                    seen.add(node.path)
                    derived = self._tree(node.path)
                    pending += [] if derived is None else [derived]

    def _matches(self, text: Expr, terms: Value) -> Iterator[Match]:
        if terms is None:
            return
        located = False
        for part in self._parts(text):
            for match in self._matches_in(part, terms):
                located = True
                yield match
        if not located:
            yield from self._matches_in(text, terms)

    def _matches_in(self, part: Expr, terms: Value) -> Iterator[Match]:
        value, hidden = self.evaluator.value(part), self.hides(part)
        if isinstance(value, str | tuple):
            for m in self.prepared.scan(terms).matches(value, 0):
                # The term tells as much as the text, and so does the length of a match.
                yield (
                    Match(MASK, MASK, unparse(part), 0, 0)
                    if hidden
                    else Match(m.term, m.text, unparse(part), m.start, m.end)
                )

    def _parts(self, text: Expr) -> Iterator[Expr]:
        """The fields a joined text is made of, each once: a match is shown where the user can see it."""
        pending, seen = [text], {text}
        while pending:
            part = pending.pop()
            if isinstance(part, Name):
                part = self._tree(part.path) or part
            if isinstance(part, Call) and part.function == "join":
                fresh = [a for a in dict.fromkeys(part.arguments) if a not in seen]
                seen.update(fresh)
                pending += reversed(fresh)
            else:
                yield part

    # --- findings ---

    def findings(self) -> tuple[Finding, ...]:
        """See `Decision.findings`."""
        if self._findings is None:
            self._findings = tuple(self._make_findings())
        return self._findings

    def _make_findings(self) -> Iterator[Finding]:
        step, combiner = self.prepared.target_step, self.prepared.combiner
        if step is None or combiner is None:
            return
        fired, undecided, computed = self.results[-1]
        hits = set(combiner.hits(fired))
        waiting = set(combiner.waiting(fired, undecided))
        for index in sorted(hits | waiting):
            rule = step.rules[index]
            outputs = combiner.rule_values(index, computed)
            if index in hits:
                yield self._finding(step, rule, "fired", outputs, ())
            elif rule.rule.if_unknown == "fire":
                yield self._finding(step, rule, "fired", outputs, self.missing(rule.condition))
            else:
                asked = {"verdict": "review"} if "verdict" in step.outputs else {}
                yield self._finding(step, rule, "undecided", asked, self.missing(rule.condition))
        for conflict in combiner.combine(fired, undecided, computed)[1]:
            rules = [step.rules[i].rule for i in conflict.rules]
            refs = ", ".join(r.ref for r in rules)
            reason = {
                lang: phrase(
                    EXPLANATION, f"conflict_{conflict.policy}", lang, output=conflict.output, rules=refs
                )
                for lang in LANGUAGES
            }
            yield Finding(
                rules[0].ref, "conflict", "error", {}, {}, reason, None, {}, (), (), None, rules[0].span
            )

    def _finding(
        self,
        step: RulesetStep,
        special: SpecialRule,
        status: str,
        outputs: Mapping[str, Value],
        missing: tuple[str, ...],
    ) -> Finding:
        rule = special.rule
        matches = (
            self.matches(special.condition)
            if status == "fired" and self.prepared.reads(rule).mentions
            else ()
        )
        verdict = outputs.get("verdict")
        reason: Mapping[str, str]
        if status == "undecided":
            model = self.prepared.program.model
            reason = self.prepared.undecided_reason(rule, missing, lambda r, m: undecided_reason(r, m, model))
        else:
            reason = self.render(rule.reason, matches, rule.ruleset)
        kinds = {name: output.symbol.type for name, output in step.outputs.items()}
        return Finding(
            rule.ref,
            status,
            verdict if isinstance(verdict, str) else "pass",
            rule.title,
            {
                n: self._shown_output(special, n, shown_value(v, kinds.get(n, Type.TEXT)))
                for n, v in outputs.items()
            },
            reason,
            source_of(rule.source),
            self.drivers(rule),
            matches,
            missing,
            review_of(rule.review),
            rule.span,
        )

    def _shown_output(self, special: SpecialRule, name: str, value: Any) -> Any:
        """A verdict is what was decided, whatever it is computed from."""
        tree = special.then.get(name)
        return value if value is None or tree is None or name == "verdict" or not self.hides(tree) else MASK

    def title(self, name: str, language: str) -> str:
        """A field's title with its id."""
        return field_title(self.prepared.program.model, name, language)

    def drivers(self, rule: Rule) -> dict[str, Any]:
        """The named values a rule's conditions read, long texts cut."""
        shown: dict[str, Any] = {}
        for path, name, kind in self.prepared.reads(rule).names:
            value = shown_value(self._shown_name(path, rule.ruleset), kind)
            if isinstance(value, str):
                value = value.replace(PARAGRAPH, " | ")
                value = value if len(value) <= 200 else value[:199] + "…"
            shown[name] = value.isoformat() if isinstance(value, date) else value
        return shown

    def render(
        self, templates: Mapping[str, Template], matches: tuple[Match, ...], owner: str
    ) -> dict[str, str]:
        """Reason templates of a ruleset or scorecard filled in."""
        found = list(dict.fromkeys(m.text for m in matches))
        shown = ", ".join(found[:MOST_MATCHES]) + (" …" if len(found) > MOST_MATCHES else "")

        return {
            lang: t.render(lambda n: self._shown_name(n.path, owner), shown, lang)
            for lang, t in templates.items()
        }

    # --- undecided rules ---

    def undecided(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """See `Decision.missing`."""
        if self._undecided is None:
            self._undecided = tuple(self._make_undecided())
        return self._undecided

    def _make_undecided(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        for rule in self._waiting():
            yield rule.rule.ref, self.missing(rule.condition)

    def unknown(self) -> tuple[str, ...]:
        """See `Decision.unknown`."""
        return tuple(rule.rule.ref for rule in self._waiting())

    def _waiting(self) -> tuple[SpecialRule, ...]:
        """The rules that are undecided, whatever they say of it."""
        step, combiner = self.prepared.target_step, self.prepared.combiner
        if step is None or combiner is None:
            return ()
        if self._undecided_rules is None:
            fired = set(self.results[-1][0])
            candidates = [
                i for i in self.prepared.undecided(self.values, self.evaluator.value) if i not in fired
            ]
            waiting = combiner.waiting(self.results[-1][0], candidates)
            self._undecided_rules = tuple(step.rules[index] for index in waiting)
        return self._undecided_rules

    def missing(self, tree: Expr) -> tuple[str, ...]:
        """The fields whose absence leaves a condition undecided, derived values traced back to fields."""
        found: dict[str, None] = {}
        for leaf in self._unknown_leaves(tree):
            for path in self.prepared.names_in(leaf):
                if self.values[path] is None:
                    found |= self._missing_fields(path)
        return tuple(found)

    def _unknown_leaves(self, tree: Expr) -> Iterator[Expr]:
        if self.evaluator.value(tree) is not None:
            return
        if isinstance(tree, And | Or | Not):
            operands = (tree.operand,) if isinstance(tree, Not) else tree.operands
            for operand in operands:
                yield from self._unknown_leaves(operand)
        else:
            yield tree

    def _missing_fields(self, path: str) -> dict[str, None]:
        """The missing fields that leave a name unknown; the name itself where all that it needs is known."""
        missing: dict[str, dict[str, None]] = {}
        base, _, context = path.partition(SEEN_FOR)
        for name in (self.sight.path(n, context) for n in self.prepared.beneath(base)):
            if self.values[name] is not None:
                missing[name] = {}
                continue
            found: dict[str, None] = {}
            for part in self.prepared.names_in(cast(Expr, self._tree(name))):
                if self.values[part] is None:
                    found |= missing.get(part) or self._lacking(part)
            missing[name] = found or {written(name): None}
        return missing.get(path) or self._lacking(path)

    def _lacking(self, path: str) -> dict[str, None]:
        """What makes a field unknown: its absence, or that of the consent to read it. What a person refused
        counts as absent: there is nothing to be added."""
        base, mark, context = path.partition(SEEN_FOR)
        permit = self.sight.permits[context][base] if mark else None
        if permit is not None and self.values[base] is not None and self.evaluator.value(permit) is None:
            return dict.fromkeys(n for n in self.prepared.names_in(permit) if self.values[n] is None)
        return {base: None}

    # --- scores ---

    def scores(self) -> dict[str, Score]:
        """See `Decision.scores`."""
        found: dict[str, Score] = {}
        results = iter(self.results)
        for step in self.prepared.special.steps:
            if isinstance(step, ScoreStep):
                found[step.card.id] = self._score(step.card, next(results))
            elif isinstance(step, RulesetStep):
                next(results)
        return found

    def _score(self, card: Scorecard, raw: tuple[Any, ...]) -> Score:
        value, tier, coverage, points = raw
        known = {c.id: _points(p) for c, p in zip(card.characteristics, points, strict=True)}
        number = shown_value(value, Type.NUMBER)
        return Score(
            card.id,
            number,
            tier,
            shown_value(coverage, Type.NUMBER),
            self._reasons(card, points),
            {name: None if p is None else p / 1000 for name, p in known.items()},
        )

    def _reasons(self, card: Scorecard, points: tuple[Any, ...]) -> tuple[Reason, ...]:
        """Reason codes as PMML has them: distance from the baseline, summed by code, largest first."""
        known = [(c, _points(p)) for c, p in zip(card.characteristics, points, strict=True)]
        scored = sum(c.weight for c, p in known if p is not None)
        divisor = scored * 1000 if card.method == "weighted_mean" else 1_000_000
        sums: dict[str, int] = {}
        largest: dict[str, tuple[int, Characteristic]] = {}
        for line, p in known:
            if p is None:
                continue
            baseline = card.baseline if card.baseline is not None else line.most
            distance = (baseline - p if card.direction == "below" else p - baseline) * line.weight
            sums[line.code] = sums.get(line.code, 0) + distance
            if line.code not in largest or distance > largest[line.code][0]:
                largest[line.code] = (distance, line)
        ranked = sorted((code for code in sums if sums[code] > 0), key=lambda code: -sums[code])
        return tuple(
            Reason(code, sums[code] / divisor, self._reason_text(largest[code][1], card.id))
            for code in ranked
            if divisor
        )

    def _reason_text(self, line: Characteristic, card: str) -> dict[str, str]:
        trees = [c.tree for c in (line.value, line.points) if c is not None]
        matches = tuple(m for tree in trees for m in self.matches(tree))
        for band in line.bins:
            if band.test is None or self.evaluator.value(band.test) is True:
                if band.reason and (line.value is None or self.evaluator.value(line.value.tree) is not None):
                    return self.render(band.reason, matches, card)
                break
        if line.reason:
            return self.render(line.reason, matches, card)
        return {lang: titled(line.title, lang, line.id) for lang in LANGUAGES}

    # --- why not ---

    def why_not(self, ref: str) -> WhyNot:
        """See `Decision.why_not`."""
        target = self.prepared.special.target
        rules = {r.ref: r for r in self.prepared.book.rules_of(target)} if self.prepared.target_step else {}
        if ref not in rules:
            raise UnknownName([unknown_name("WB303", "rule", ref, rules)])
        special = next((r for r in self._special_rules() if r.rule.ref == ref), None)
        if special is None:
            return WhyNot(ref, "not_in_force", False, self._not_in_force(rules[ref]), ())
        truth = self.evaluator.value(special.condition)
        hits = self.prepared.combiner.hits(self.results[-1][0]) if self.prepared.combiner else ()
        status = "fired" if truth is True else "silent" if truth is False else "undecided"
        if truth is True and special.index not in hits:
            status = "masked"
        clauses = [
            c
            for condition in rules[ref].conditions
            for c in self._clauses(self.sight.seen(condition.tree, rules[ref].ruleset), True, truth is True)
        ]
        return WhyNot(ref, status, True, {}, tuple(clauses))

    def _special_rules(self) -> tuple[SpecialRule, ...]:
        return self.prepared.target_step.rules if self.prepared.target_step else ()

    def _not_in_force(self, rule: Rule) -> dict[str, str]:
        special = self.prepared.special
        if not rule.enabled:
            key, values = "not_enabled", {}
        elif not all(set(special.lineage) & wanted for wanted in rule.markets):
            wanted = ", ".join(sorted(m for group in rule.markets for m in group))
            key, values = "not_in_market", {"market": special.market, "markets": wanted}
        elif not all(covers(p, self.as_of) for p in rule.periods):
            key, values = "not_effective", {"day": self.as_of.isoformat(), "periods": _periods(rule)}
        else:
            key, values = "never_here", {"market": special.market}
        return {lang: phrase(EXPLANATION, key, lang, **values) for lang in LANGUAGES}

    def _clauses(self, tree: Expr, wanted: bool, everything: bool) -> Iterator[Clause]:
        """The leaves that decide whether `tree` is `wanted`: all of them, or only those that stand in the way."""
        match tree:
            case Not(operand):
                yield from self._clauses(operand, not wanted, everything)
                return
            case And(operands) | Or(operands):
                for operand in operands:
                    if everything or self.evaluator.value(operand) is not wanted:
                        yield from self._clauses(operand, wanted, everything)
                return
            case _:
                pass
        value = self.evaluator.value(tree)
        if everything and value is not wanted:
            return
        yield self._clause(tree, wanted, value)

    def _clause(self, tree: Expr, wanted: bool, value: Value) -> Clause:
        text = unparse(tree) if wanted else f"not ({unparse(tree)})"
        holds = None if value is None else value is wanted
        missing = self.missing(tree) if value is None else ()
        gap = self._gap(tree, wanted) if holds is False else None
        detail = {lang: self._detail(tree, holds, gap, missing, lang) for lang in LANGUAGES}
        return Clause(text, holds, detail, gap, missing)

    def _gap(self, tree: Expr, wanted: bool) -> float | None:
        if not isinstance(tree, Compare) or tree.left.type not in (Type.NUMBER, Type.DATE):
            return None
        if self.hides(tree):
            return None
        left, right = self.evaluator.value(tree.left), self.evaluator.value(tree.right)
        return abs(right - left) if isinstance(left, float) and isinstance(right, float) else None

    def _detail(
        self, tree: Expr, holds: bool | None, gap: float | None, missing: tuple[str, ...], lang: str
    ) -> str:
        if holds is None:
            fields = ", ".join(self.title(m, lang) for m in missing)
            return phrase(EXPLANATION, "clause_missing" if missing else "clause_unknown", lang, fields=fields)
        if isinstance(tree, Call) and tree.function in ("mentions", "count_mentions"):
            matches = self.matches(tree)
            if not matches:
                return phrase(EXPLANATION, "clause_no_mention", lang, text=unparse(tree.arguments[0]))
            shown = ", ".join(f"“{m.text}” ({self.title(m.field, lang)})" for m in matches[:MOST_MATCHES])
            return phrase(EXPLANATION, "clause_mention", lang, matches=shown)
        seen = ", ".join(
            f"{unparse(part)} = {show_value(self.shown(part), part.type, lang)}" for part in _operands(tree)
        )
        if gap is not None:
            shown_gap = show_value(gap, Type.NUMBER, lang)
            return phrase(EXPLANATION, "clause_gap", lang, seen=seen, gap=shown_gap)
        return seen or phrase(EXPLANATION, "clause_constant", lang)


def undecided_reason(rule: Rule, missing: tuple[str, ...], model: RecordTypeModel) -> dict[str, str]:
    """What an undecided rule tells its reader."""
    return {
        lang: phrase(
            EXPLANATION,
            "undecided" if missing else "undecided_unnamed",
            lang,
            rule=titled(rule.title, lang, rule.ref),
            fields=", ".join(field_title(model, m, lang) for m in missing),
        )
        for lang in LANGUAGES
    }


def field_title(model: RecordTypeModel, name: str, language: str) -> str:
    """A field's title with its id."""
    field = model.fields.get(name)
    shown = "" if field is None else titled(field.title, language, name)
    return name if shown in ("", name) else f"{shown} ({name})"


def _operands(tree: Expr) -> list[Expr]:
    """The parts of a leaf whose values are worth showing: what is named, and what is computed from names."""
    match tree:
        case Compare(_, left, right):
            parts: list[Expr] = [left, right]
        case Member(item):
            parts = [item]
        case Contains(item, options):
            parts = [item, options]
        case Call(_, arguments):
            parts = list(arguments)
        case IfElse(condition, then, other):
            parts = [condition, then, other]
        case _:
            parts = [tree]
    return [p for p in dict.fromkeys(parts) if not isinstance(p, Const)]


def _points(entry: Any) -> int | None:
    if entry is None or entry is False:
        return None
    return cast(int, entry[0] if isinstance(entry, tuple) else entry)


def _periods(rule: Rule) -> str:
    return "; ".join(f"{p.from_ or '…'} – {p.to or '…'}" for p in rule.periods)
