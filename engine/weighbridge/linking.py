"""Links a project's documents into a `Rulebook`: names, types and references between documents."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

import networkx as nx

from weighbridge.diagnostics import Diagnostic, unknown_name
from weighbridge.documents import (
    ExpressionValue,
    FieldModel,
    RecordTypeModel,
    RuleModel,
    RuleOverride,
    RulesetModel,
    TermListModel,
)
from weighbridge.expressions import Scope, Symbol
from weighbridge.kept_links import Generation, KeptLinks, LinkedRules, RulesetBasis
from weighbridge.pieces import Pieces, fit, possible_texts
from weighbridge.privacy import personal_names
from weighbridge.project import Document, Project
from weighbridge.regions import Region, Regions, link_regions
from weighbridge.rulebook import (
    Condition,
    Consent,
    Derived,
    Output,
    Rule,
    Rulebook,
    Ruleset,
    Scorecard,
    has_mention,
)
from weighbridge.scorecards import link_scorecard
from weighbridge.table_linking import TableLinker
from weighbridge.terms import TermList, check_term
from weighbridge.tree import Type, Value

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:\.[A-Za-z_][A-Za-z0-9_]*)*")
# A quote that is never closed reaches to the end; seeking its end anew from every quote would never finish.
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*(?:'|\\?\Z)|\"(?:[^\"\\]|\\.)*(?:\"|\\?\Z)", re.DOTALL)


def link(project: Project, kept: KeptLinks | None = None) -> Rulebook:
    """The rulebook of `project`; its `diagnostics` hold the project's and every linking problem.

    `kept` spares the linking of what is as it was when it was last used; the result is the same.
    """
    kept = kept or KeptLinks()
    generation = kept.begin()
    regions, problems = link_regions(project)
    linker = Linker(_with_partial(project), regions, generation)
    linker.problems += [*project.diagnostics, *problems]
    book = linker.link()
    kept.end(generation)
    return book


def _with_partial(project: Project) -> Project:
    """The project with what could be read of documents with errors, so that one run reports all their errors.

    Record types and regions are left out: what was cut from them would be missed everywhere else.
    """

    def with_parts(kind: str, whole: Mapping[str, Document[Any]]) -> dict[str, Document[Any]]:
        return {**{d.id: d for d in project.partial if d.kind == kind}, **whole}

    return replace(
        project,
        rulesets=with_parts("ruleset", project.rulesets),
        scorecards=with_parts("scorecard", project.scorecards),
        term_lists=with_parts("term_list", project.term_lists),
    )


class Linker(Pieces):
    """Links a whole project; `link` once."""

    def __init__(self, project: Project, regions: Regions, kept: Generation) -> None:
        super().__init__(project, regions, kept)
        self.derived: dict[str, Derived] = {}
        self.scopes: dict[str, Scope] = {}
        self.includes: nx.DiGraph[str] = nx.DiGraph()

    def link(self) -> Rulebook:
        terms = self._term_lists()
        self._scopes()
        scorecards: dict[str, Scorecard] = {}
        for name, document in self.project.scorecards.items():
            scope = self.scopes.get(document.model.record)
            if scope is None:
                self._unknown_record(document, document.model.record)
                continue
            scorecards[name], problems = link_scorecard(document, scope)
            self.problems += problems
        rulesets: dict[str, Ruleset] = {}
        self.includes = self._inclusions()
        for name, ruleset in self.project.rulesets.items():
            if name in self.scopes:
                rulesets[name] = self._ruleset(ruleset)
        self._check_regions(rulesets, scorecards)
        self._check_systems()
        consents = {name: self._consents(d) for name, d in self.project.record_types.items()}
        return Rulebook(
            {n: d.model for n, d in self.project.record_types.items()},
            self.regions,
            terms,
            self.derived,
            scorecards,
            rulesets,
            self.scopes,
            f"wb-{self.project.content_hash(partial(self.kept.content, self.project))[:16]}",
            tuple(self.problems),
            consents,
            {name: self._personal(name, rulesets) for name in self.project.record_types},
        )

    # --- personal data ---

    def _consents(self, document: Document[RecordTypeModel]) -> dict[str, Consent]:
        """How records of a type tell consent, from fields that are themselves no personal data."""
        symbols = self._common_symbols()
        for name, field in document.model.fields.items():
            if field.personal is None:
                symbols[name] = _field_symbol(name, field)
        consents: dict[str, Consent] = {}
        for purpose, model in document.model.consents.items():
            trees = [
                None
                if text is None
                else self.expression(
                    document, ("consents", purpose, key), text, self._scope(symbols), Type.BOOLEAN
                )
                for key, text in (("given", model.given), ("refused", model.refused))
            ]
            consents[purpose] = Consent(*trees)
        return consents

    def _personal(self, record: str, rulesets: Mapping[str, Ruleset]) -> dict[str, frozenset[str]]:
        owners = {record, *(name for name, r in rulesets.items() if r.record == record)}
        derived = [d for path, d in self.derived.items() if path.partition("/")[0] in owners]
        decided = [
            (r, [rule for m in r.members if m in rulesets for rule in rulesets[m].rules])
            for name, r in rulesets.items()
            if name in owners
        ]
        return personal_names(self.project.record_types[record].model.fields, derived, decided)

    # --- term lists ---

    def _term_lists(self) -> dict[str, TermList]:
        lists: dict[str, TermList] = {}
        for name, document in self.project.term_lists.items():
            model = document.model
            for part, by_language in (("terms", model.terms), ("except", model.except_)):
                for language, terms in by_language.items():
                    for index, term in enumerate(terms):
                        message = check_term(term)
                        if message is not None:
                            path = (part, language, index) if language else (part, index)
                            self.problems.append(
                                Diagnostic(
                                    "WB311",
                                    f"the term {term!r} cannot be used: {message}",
                                    document.span(*path),
                                )
                            )
            lists[name] = _term_list(name, model)
        return lists

    # --- scopes ---

    def _scopes(self) -> None:
        common = self._common_symbols()
        for name, document in self.project.record_types.items():
            model = document.model
            symbols = dict(common)
            for field_name, field in model.fields.items():
                symbols[field_name] = _field_symbol(field_name, field)
            symbols |= self._results(name)
            scope = self._scope(symbols)
            clashes = [d for d in model.derived if d in model.fields]
            for clash in clashes:
                self._clash(document, clash)
            scope = self._with_derived(document, scope, model.derived)
            self.scopes[name] = self.kept.scope(name, scope)
        for name, ruleset in self.project.rulesets.items():
            if name in self.project.record_types:
                message = f"{name!r} is a record type already"
                self.problems.append(
                    Diagnostic("WB306", message, ruleset.span("ruleset"), expected="another name")
                )
            base = self.scopes.get(ruleset.model.record)
            if base is None:
                self._unknown_record(ruleset, ruleset.model.record)
                continue
            # A ruleset cannot read its own outputs.
            own = {k: v for k, v in base.symbols.items() if not k.startswith(f"{name}.")}
            for derived in ruleset.model.derived:
                if derived in own:
                    self._clash(ruleset, derived)
            scope = self._with_derived(ruleset, self._scope(own), ruleset.model.derived)
            self.scopes[name] = self.kept.scope(name, scope)

    def _clash(self, document: Document[Any], name: str) -> None:
        span = document.span("derived", name, key=True)
        self.problems.append(
            Diagnostic(
                "WB306", f"{name!r} is already a field or derived value", span, expected="another name"
            )
        )

    def _unknown_record(self, document: Document[Any], record: str) -> None:
        if ("record_type", record) not in self.project.broken:
            self.problems.append(
                unknown_name(
                    "WB303", "record type", record, self.project.record_types, document.span("record")
                )
            )

    def _scope(self, symbols: dict[str, Symbol]) -> Scope:
        lists = frozenset(self.project.term_lists) | {i for k, i in self.project.broken if k == "term_list"}
        regions = frozenset(self.regions.documents) | {i for k, i in self.project.broken if k == "region"}
        return Scope(symbols, lists, regions)

    def _common_symbols(self) -> dict[str, Symbol]:
        markets = self.regions.markets
        symbols = {
            "market": Symbol("market", Type.TEXT, allowed=markets or None),
            "as_of": Symbol("as_of", Type.DATE),
            "region.code": Symbol("region.code", Type.TEXT, allowed=markets or None),
        }
        for name, parameter in self.regions.declared.items():
            path = f"region.{name}"
            symbols[path] = Symbol(path, Type(parameter.type), parameter.allowed, unit=parameter.unit)
        return symbols

    def _results(self, record: str) -> dict[str, Symbol]:
        """Scores and outputs that expressions over `record` may read."""
        symbols: dict[str, Symbol] = {}
        for name, document in self.project.scorecards.items():
            if document.model.record == record:
                tiers = tuple(t.id for t in document.model.tiers)
                symbols[f"{name}.score"] = Symbol(f"{name}.score", Type.NUMBER, unit="points")
                symbols[f"{name}.coverage"] = Symbol(f"{name}.coverage", Type.NUMBER)
                symbols[f"{name}.tier"] = Symbol(f"{name}.tier", Type.TEXT, allowed=tiers or None)
        for name, ruleset in self.project.rulesets.items():
            if ruleset.model.record == record:
                for output, model in ruleset.model.outputs.items():
                    kind = _output_type(model.type, model.combine)
                    allowed = model.allowed if kind is Type.TEXT else None
                    symbols[f"{name}.{output}"] = Symbol(f"{name}.{output}", kind, allowed, unit=model.unit)
        return symbols

    def _with_derived(self, document: Document[Any], scope: Scope, models: Mapping[str, Any]) -> Scope:
        """The scope with derived values added, each compiled once those it needs are known."""
        needs: nx.DiGraph[str] = nx.DiGraph()
        for name, model in models.items():
            needs.add_node(name)
            words = set(_NAME.findall(_QUOTED.sub("''", model.value)))
            needs.add_edges_from((other, name) for other in words & set(models))
        rings = [sorted(c) for c in nx.strongly_connected_components(needs) if len(c) > 1]
        rings += [[n] for n in nx.nodes_with_selfloops(needs)]
        stuck: set[str] = set()
        for ring in sorted(rings):
            self._ring(document, ring)
            stuck |= set(ring) | {d for n in ring for d in nx.descendants(needs, n)}
        symbols = dict(scope.symbols)
        order = nx.topological_sort(needs.subgraph(set(needs) - stuck))
        for name in order:
            known = Scope(symbols, scope.term_lists, scope.regions)
            model = models[name]
            tree = self.expression(document, ("derived", name, "value"), model.value, known, None)
            path = f"{document.id}/{name}"
            if tree is not None:
                symbol = Symbol(path, tree.type, possible_texts(tree, known))
                symbols[name] = symbols[path] = symbol
                span = document.span("derived", name, "value")
                self.derived[path] = Derived(path, tree, model.value, model.title, span)
        return Scope(symbols, scope.term_lists, scope.regions)

    def _ring(self, document: Document[Any], ring: list[str]) -> None:
        spans = [document.span("derived", name, "value") for name in ring]
        path = " -> ".join([*ring, ring[0]])
        related = tuple(
            (f"{n} is computed here", s) for n, s in zip(ring, spans, strict=True) if s is not None
        )
        self.problems.append(
            Diagnostic("WB301", f"derived values need each other: {path}", spans[0], related=related)
        )

    # --- rulesets ---

    def _ruleset(self, document: Document[RulesetModel]) -> Ruleset:
        basis = RulesetBasis.of(self.project, document, self.scopes[document.id])
        linked = self.kept.rules(basis)
        if linked is None:
            before, self.problems = self.problems, []
            outputs, rules = self._rules(document, basis.scope, self.kept.single_rules(basis))
            linked = LinkedRules(basis, outputs, rules, tuple(self.problems))
            self.problems = before
            self.kept.keep(linked)
        self.problems += linked.problems
        return Ruleset(
            document.id,
            document.model.record,
            document.model.title,
            linked.outputs,
            linked.rules,
            self._members(document),
            document.span("ruleset"),
            document.model.purpose,
        )

    def _rules(
        self, document: Document[RulesetModel], scope: Scope, known: Mapping[str, Rule]
    ) -> tuple[dict[str, Output], tuple[Rule, ...]]:
        """Outputs and rules as the document itself says them: nothing here may look at other rulesets.

        `known` are rules, by id, that are what they were.
        """
        model = document.model
        outputs = {name: self._output(document, name) for name in model.outputs}
        rules: list[Rule] = []
        for index, written in enumerate(model.rules):
            linked = known.get(written.id) or self._rule(document, index, written, scope, outputs)
            if linked is not None:
                rules.append(linked)
        for index, table in enumerate(model.tables):
            rules += TableLinker(self, document, index, table, scope, outputs).rules()
        self._markets(document, ("markets",), model.markets)
        seen: dict[str, Rule] = {}
        for rule in rules:
            if rule.ref in seen:
                first = seen[rule.ref].span
                related = () if first is None else (("first used here", first),)
                self.problems.append(
                    Diagnostic("WB307", f"the id of {rule.ref} is used twice", rule.span, related=related)
                )
            seen.setdefault(rule.ref, rule)
        return outputs, tuple(rules)

    def _members(self, document: Document[RulesetModel]) -> tuple[str, ...]:
        """Included rulesets, transitively and each once, then the ruleset itself."""
        for index, included in enumerate(document.model.include):
            other = self.project.rulesets.get(included)
            span = document.span("include", index)
            if other is None:
                if ("ruleset", included) not in self.project.broken:
                    self.problems.append(
                        unknown_name("WB303", "ruleset", included, self.project.rulesets, span)
                    )
            elif other.model.record != document.model.record:
                self.problems.append(
                    Diagnostic(
                        "WB308",
                        f"{included} decides about another record type ({other.model.record})",
                        span,
                        expected=document.model.record,
                    )
                )
        order = [n for n in nx.dfs_postorder_nodes(self.includes, document.id) if n in self.scopes]
        direct = document.model.include
        for name in order[:-1]:
            path = ("include", direct.index(name)) if name in direct else ("include",)
            other = self.project.rulesets[name]
            if other.model.record == document.model.record:
                self._included_outputs(document, other, path)
        return tuple(order)

    def _inclusions(self) -> nx.DiGraph[str]:
        """Which ruleset includes which; rings are reported."""
        rulesets = self.project.rulesets
        includes: nx.DiGraph[str] = nx.DiGraph()
        includes.add_nodes_from(rulesets)
        for name, document in rulesets.items():
            includes.add_edges_from((name, other) for other in document.model.include if other in rulesets)
        rings = [sorted(c) for c in nx.strongly_connected_components(includes) if len(c) > 1]
        rings += [[name] for name in nx.nodes_with_selfloops(includes)]
        for ring in sorted(rings):
            path = [edge[0] for edge in nx.find_cycle(includes.subgraph(ring), ring[0])]
            shown = " -> ".join([*path, path[0]])
            span = rulesets[path[0]].span("include")
            self.problems.append(Diagnostic("WB301", f"rulesets include each other: {shown}", span))
        return includes

    def _included_outputs(
        self, document: Document[RulesetModel], other: Document[RulesetModel], path: tuple[str | int, ...]
    ) -> None:
        """Rules of an included ruleset set outputs by name; the includer must have them, of the same type."""
        for name, output in other.model.outputs.items():
            mine = document.model.outputs.get(name)
            if mine is None and name != "verdict":
                self.problems.append(
                    Diagnostic(
                        "WB309",
                        f"{other.id} sets the output {name}, which {document.id} does not have",
                        document.span(*path),
                        expected=f"`{name}` under outputs",
                    )
                )
            elif mine is not None and (mine.type, mine.allowed) != (output.type, output.allowed):
                self.problems.append(
                    Diagnostic(
                        "WB309",
                        f"the output {name} differs in type or allowed values between {other.id} and {document.id}",
                        document.span(*path),
                    )
                )

    def _output(self, document: Document[RulesetModel], name: str) -> Output:
        model = document.model.outputs[name]
        kind = Type(model.type)
        ordered = model.combine in ("worst", "best")
        if ordered and model.allowed is None:
            self._bad_output(
                document, name, f"combine: {model.combine} needs an order", "`allowed`, mildest first"
            )
        if ordered and kind is not Type.TEXT:
            self._bad_output(document, name, f"combine: {model.combine} needs single texts", "type: text")
        if model.combine in ("sum", "min", "max") and kind is not Type.NUMBER:
            self._bad_output(document, name, f"combine: {model.combine} needs numbers", "type: number")
        if model.combine in ("collect", "set") and kind not in (Type.TEXT, Type.TEXTS):
            self._bad_output(document, name, f"combine: {model.combine} needs texts", "type: text")
        default: Value = None
        if model.default is not None:
            # The default is of the type that readers of the output see: a list where values are collected.
            shown = _output_type(model.type, model.combine)
            default = fit(model.default, shown, None if shown is Type.NUMBER else model.allowed)
            if default is None:
                self._bad_output(document, name, f"the default {model.default!r} does not fit", f"a {shown}")
        symbol = Symbol(name, kind, model.allowed, unit=model.unit)
        return Output(name, symbol, model.combine, default, model.title, model.titles)

    def _bad_output(self, document: Document[RulesetModel], name: str, message: str, expected: str) -> None:
        self.problems.append(
            Diagnostic(
                "WB312", f"output {name}: {message}", document.span("outputs", name), expected=expected
            )
        )

    def _rule(
        self,
        document: Document[RulesetModel],
        index: int,
        rule: RuleModel,
        scope: Scope,
        outputs: Mapping[str, Output],
    ) -> Rule | None:
        path = ("rules", index)
        tree = self.expression(document, (*path, "when"), rule.when, scope, Type.BOOLEAN)
        then = self.then(document, (*path, "then"), rule.then, scope, outputs)
        self._markets(document, (*path, "markets"), rule.markets)
        has_match = tree is None or has_mention(tree)
        reason = self.templates(document, (*path, "reason"), rule.reason, scope, has_match)
        if tree is None:
            return None
        model = document.model
        return Rule(
            f"{document.id}/{rule.id}",
            document.id,
            (Condition(tree, rule.when, document.span(*path, "when")),),
            then,
            rule.if_unknown or model.if_unknown,
            tuple(frozenset(m) for m in (model.markets, rule.markets) if m),
            tuple(p for p in (model.effective, rule.effective) if p is not None),
            rule.enabled,
            rule.title,
            reason,
            rule.source,
            rule.review,
            document.span(*path, "id"),
        )

    def _markets(self, document: Document[Any], path: tuple[str | int, ...], names: tuple[str, ...]) -> None:
        for index, name in enumerate(names):
            if name not in self.regions.documents and ("region", name) not in self.project.broken:
                span = document.span(*path, index)
                self.problems.append(unknown_name("WB303", "region", name, self.regions.documents, span))

    def _check_systems(self) -> None:
        """What documents say they carry out must be among the settings."""
        systems = self.project.config.model.systems
        for document in self.project.documents():
            for index, entry in enumerate(getattr(document.model, "implements", ())):
                if entry.system not in systems:
                    span = document.span("implements", index, "system")
                    self.problems.append(unknown_name("WB303", "system", entry.system, systems, span))

    # --- what regions say about rules and scorecards ---

    def _check_regions(self, rulesets: Mapping[str, Ruleset], scorecards: Mapping[str, Scorecard]) -> None:
        rules = {rule.ref: rule for ruleset in rulesets.values() for rule in ruleset.rules}
        for document in self.regions.documents.values():
            for card, weights in document.model.weights.items():
                self._check_weights(document, card, weights, scorecards)
            for index, override in enumerate(document.model.overrides):
                path = ("overrides", index)
                if isinstance(override, RuleOverride):
                    self._check_rule_override(document, path, override, rules, rulesets)
                elif override.scorecard not in scorecards:
                    if ("scorecard", override.scorecard) not in self.project.broken:
                        span = document.span(*path, "scorecard")
                        self.problems.append(
                            unknown_name("WB303", "scorecard", override.scorecard, scorecards, span)
                        )
                else:
                    tiers = [t.id for t in scorecards[override.scorecard].tiers]
                    for tier in override.set.tiers:
                        if tier not in tiers:
                            span = document.span(*path, "set", "tiers", tier, key=True)
                            self.problems.append(unknown_name("WB303", "tier", tier, tiers, span))

    def _check_weights(
        self, document: Region, card: str, weights: Mapping[str, Any], scorecards: Mapping[str, Scorecard]
    ) -> None:
        if card not in scorecards:
            if ("scorecard", card) not in self.project.broken:
                span = document.span("weights", card, key=True)
                self.problems.append(unknown_name("WB303", "scorecard", card, scorecards, span))
            return
        known = [c.id for c in scorecards[card].characteristics]
        for name in weights:
            if name not in known:
                span = document.span("weights", card, name, key=True)
                self.problems.append(unknown_name("WB303", "characteristic", name, known, span))

    def _check_rule_override(
        self,
        document: Region,
        path: tuple[str | int, ...],
        override: RuleOverride,
        rules: Mapping[str, Rule],
        rulesets: Mapping[str, Ruleset],
    ) -> None:
        rule = rules.get(override.rule)
        if rule is None:
            if not self._is_broken_rule(override.rule):
                self.problems.append(
                    unknown_name("WB303", "rule", override.rule, rules, document.span(*path, "rule"))
                )
            return
        outputs = rulesets[rule.ruleset].outputs
        for name, value in override.set.items():
            span = document.span(*path, "set", name)
            if name == "enabled":
                if not isinstance(value, bool):
                    self.problems.append(
                        Diagnostic("WB206", "enabled is true or false", span, expected="true or false")
                    )
            elif name not in outputs:
                key = document.span(*path, "set", name, key=True)
                self.problems.append(unknown_name("WB203", "output", name, [*outputs, "enabled"], key))
            elif (
                isinstance(value, ExpressionValue)
                or fit(value, outputs[name].symbol.type, outputs[name].symbol.allowed) is None
            ):
                allowed = outputs[name].symbol.allowed
                expected = "one of: " + ", ".join(allowed) if allowed else f"a {outputs[name].symbol.type}"
                self.problems.append(
                    Diagnostic("WB206", f"this is no fixed value of {name}", span, expected=expected)
                )

    def _is_broken_rule(self, ref: str) -> bool:
        """Whether the rule is there, but has errors of its own: these are told, so nothing else need be."""
        ruleset, _, name = ref.partition("/")
        document = self.project.rulesets.get(ruleset)
        if document is None:
            return ("ruleset", ruleset) in self.project.broken
        return any(rule.id == name for rule in document.model.rules)


def _term_list(name: str, model: TermListModel) -> TermList:
    terms = tuple(dict.fromkeys(t for by in model.terms.values() for t in by))
    exceptions = tuple(dict.fromkeys(t for by in model.except_.values() for t in by))
    match = model.match
    return TermList(name, terms, exceptions, match.case, match.accents, match.plural, match.negation)


def _field_symbol(name: str, field: FieldModel) -> Symbol:
    return Symbol(name, Type(field.type), field.allowed, field.tree, field.unit)


def _output_type(declared: str, combine: str) -> Type:
    """The type an output has for its readers."""
    if combine in ("collect", "set"):
        return Type.TEXTS
    return Type.NUMBER if combine == "count" else Type(declared)
