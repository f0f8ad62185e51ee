"""What linking keeps for the next time: an editor links a project after every change, and most of it is the same.

Kept are pure functions of what they are asked with: what one text becomes in a scope (the typed tree of an
expression, the template of a reason, the test of a table cell); a rule, while it stands written alike at the same
place; and the rules of a whole ruleset, while its document and everything its rules may speak of are the same. What
has a problem is not kept, since problems have places.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from weighbridge.diagnostics import Diagnostic
from weighbridge.expressions import Scope
from weighbridge.project import Document, Project, TableRows
from weighbridge.rulebook import Output, Rule
from weighbridge.source import Node

MOST_TEXTS = 20
"""Texts kept per rule of a ruleset of which rules are taken over one by one, until all are linked again."""

T = TypeVar("T")
Rows = tuple[TableRows | None, ...]
Written = tuple[Node, Sequence[str]]
"""A rule's node, places included, and the lines it stands in: numbers that are equal may be written otherwise."""
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class RulesetBasis:
    """All that the outputs and rules of a ruleset are linked from."""

    document: Document[Any]
    rows: Rows
    scope: Scope
    regions: tuple[str, ...]
    broken: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, project: Project, document: Document[Any], scope: Scope) -> RulesetBasis:
        """The basis of a ruleset of a project."""
        return cls(document, _rows(project, document), scope, tuple(project.regions), project.broken)

    def same(self, other: RulesetBasis) -> bool:
        """Whether both give the same rules. Documents, rows and scopes are one object while their text is one."""
        return (
            self.document is other.document
            and self.scope is other.scope
            and _same_rows(self.rows, other.rows)
            and self.regions == other.regions
            and self.broken == other.broken
        )

    def same_around(self, other: RulesetBasis) -> bool:
        """Whether a rule that is written alike in both documents is the same rule."""
        mine, its = self.document.model, other.document.model
        return (
            self.scope is other.scope
            and self.regions == other.regions
            and self.broken == other.broken
            and (mine.if_unknown, mine.markets, mine.effective)
            == (its.if_unknown, its.markets, its.effective)
            and list(mine.outputs.items()) == list(its.outputs.items())
        )


def _written(document: Document[Any]) -> Iterator[tuple[str, Written]]:
    """The rules of a ruleset's document by id, as they are written and where."""
    listed = document.node.get("rules")
    elements = () if listed is None else listed.elements
    if len(elements) == len(document.model.rules):
        for rule, node in zip(document.model.rules, elements, strict=True):
            yield rule.id, (node, document.lines[node.place[0] - 1 : node.place[2]])


def _rows(project: Project, document: Document[Any]) -> Rows:
    return tuple(
        project.table(document, index) for index in range(len(getattr(document.model, "tables", ())))
    )


def _same_rows(some: Rows, others: Rows) -> bool:
    return len(some) == len(others) and all(a is b for a, b in zip(some, others, strict=True))


@dataclass(frozen=True, slots=True)
class LinkedRules:
    """Outputs and rules of a ruleset, and the problems in them."""

    basis: RulesetBasis
    outputs: dict[str, Output]
    rules: tuple[Rule, ...]
    problems: tuple[Diagnostic, ...]


class Generation:
    """What one link made or took over from the link before."""

    def __init__(self, before: Generation | None = None) -> None:
        self._before = before
        self._scopes: dict[str, Scope] = {}
        self._texts: dict[int, dict[Hashable, Any]] = {}
        self._rulesets: dict[str, LinkedRules] = {}
        self._contents: dict[tuple[str, str], tuple[Document[Any], Rows, str]] = {}

    def scope(self, name: str, scope: Scope) -> Scope:
        """The scope of a document; the object of the link before where that is equal."""
        known = None if self._before is None else self._before._scopes.get(name)
        if known is not None and known == scope and list(known.symbols) == list(scope.symbols):
            scope = known
        self._scopes[name] = scope
        self._texts[id(scope)] = {}
        return scope

    def text(
        self, scope: Scope, key: Hashable, make: Callable[[], tuple[T, list[Diagnostic]]]
    ) -> tuple[T, list[Diagnostic]]:
        """What `make` makes of a text in a scope. `key` holds the text and all else that `make` depends on."""
        mine = self._texts.get(id(scope))
        if mine is None:
            # A scope that is still growing: derived values are linked one after another.
            return make()
        found = mine.get(key, _NOTHING)
        if found is _NOTHING and self._before is not None:
            found = self._before._texts.get(id(scope), {}).get(key, _NOTHING)
        problems: list[Diagnostic] = []
        if found is _NOTHING:
            found, problems = make()
        if not problems:
            mine[key] = found
        return found, problems

    def rules(self, basis: RulesetBasis) -> LinkedRules | None:
        """The rules of a ruleset, if the link before made them from the same."""
        known = None if self._before is None else self._before._rulesets.get(basis.document.id)
        if known is None or not known.basis.same(basis):
            return None
        assert self._before is not None
        self._rulesets[basis.document.id] = known
        self._texts[id(basis.scope)] = self._before._texts[id(basis.scope)]
        return known

    def single_rules(self, basis: RulesetBasis) -> Mapping[str, Rule]:
        """The rules of a changed ruleset, by id, that are written as they were when the link before made them."""
        known = None if self._before is None else self._before._rulesets.get(basis.document.id)
        if known is None or known.problems or not known.basis.same_around(basis):
            return {}
        assert self._before is not None
        texts = self._before._texts.get(id(basis.scope), {})
        if len(texts) > MOST_TEXTS * (len(known.rules) + 50):
            return {}
        # Rules that are taken over do not ask for their texts, which are wanted when the rules move.
        self._texts[id(basis.scope)] = dict(texts)
        before, now = dict(_written(known.basis.document)), list(_written(basis.document))
        counts = Counter(name for name, _ in now)
        alike = {name for name, written in now if before.get(name) == written and counts[name] == 1}
        made = ((rule.ref.partition("/")[2], rule) for rule in known.rules if rule.table is None)
        return {name: rule for name, rule in made if name in alike}

    def keep(self, linked: LinkedRules) -> None:
        """Keeps the rules of a ruleset for the next link."""
        self._rulesets[linked.basis.document.id] = linked

    def content(self, project: Project, document: Document[Any]) -> str:
        """As `project.content_text`."""
        rows = _rows(project, document)
        key = (document.kind, document.id)
        known = None if self._before is None else self._before._contents.get(key)
        if known is None or known[0] is not document or not _same_rows(known[1], rows):
            known = (document, rows, project.content_text(document))
        self._contents[key] = known
        return known[2]

    def close(self) -> None:
        """Lets go of the link before: what was not taken over is dropped."""
        self._before = None


class KeptLinks:
    """The last link of a project. Links may run at the same time: what is kept is never changed."""

    def __init__(self) -> None:
        self._last = Generation()

    def copy(self) -> KeptLinks:
        """Another that begins from the same link."""
        other = KeptLinks()
        other._last = self._last
        return other

    def begin(self) -> Generation:
        """For a new link, which may take over what the last one made."""
        return Generation(self._last)

    def end(self, generation: Generation) -> None:
        """The link has ended: the next one begins from it."""
        generation.close()
        self._last = generation
