"""Links decision tables: each row of a table becomes a rule of its ruleset."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from weighbridge.code_size import code_size
from weighbridge.diagnostics import Span, unknown_name
from weighbridge.documents import ColumnModel, PeriodModel, RulesetModel, SourceModel, TableModel
from weighbridge.expressions import MAX_CODE, Scope, compile_expression, parse_date
from weighbridge.pieces import Pieces
from weighbridge.project import Document
from weighbridge.rulebook import Condition, Output, Rule, has_mention
from weighbridge.tables import (
    CellError,
    any_missing,
    any_under,
    compile_columns,
    output_value,
    split_terms,
    unary_test,
)
from weighbridge.templates import Template
from weighbridge.tree import Call, Const, Expr, Type
from weighbridge.unparse import unparse


class TableLinker:
    """Turns one table's rows into rules."""

    def __init__(
        self,
        linker: Pieces,
        document: Document[RulesetModel],
        index: int,
        table: TableModel,
        scope: Scope,
        outputs: Mapping[str, Output],
    ) -> None:
        self.linker = linker
        self.document = document
        self.path = ("tables", index)
        self.table = table
        self.scope = scope
        self.outputs = outputs
        self.roles = table.roles()
        self.source = linker.project.table(document, index)

    def rules(self) -> Iterator[Rule]:
        table, document, linker = self.table, self.document, self.linker
        guard: tuple[Condition, ...] = ()
        if table.when is not None:
            tree = linker.expression(document, (*self.path, "when"), table.when, self.scope, Type.BOOLEAN)
            if tree is not None:
                guard = (Condition(tree, table.when, document.span(*self.path, "when")),)
        for header, role in self.roles.items():
            if role.as_ == "output" and role.to not in self.outputs:
                linker.problems.append(
                    unknown_name("WB203", "output", str(role.to), self.outputs, self._column_span(header))
                )
        then = linker.then(document, (*self.path, "then"), table.then, self.scope, self.outputs)
        of = {h: r.of for h, r in self.roles.items() if r.of is not None}
        want: dict[str, Type | None] = {h: Type.TEXT if self.roles[h].as_ == "under" else None for h in of}
        self.trees, problems = compile_columns(of, self.scope, want, self._column_span)
        linker.problems += problems
        mentions = any(r.as_ == "mentions" for r in self.roles.values())
        reason = linker.templates(document, (*self.path, "reason"), table.reason, self.scope, mentions)
        if problems or self.source is None:
            return
        for number, row in enumerate(self.source.rows, 1):
            yield self._row(number, row, guard, then, reason)

    def _column_span(self, header: str) -> Span | None:
        if not self.table.is_short:
            return self.document.span(*self.path, "columns", header)
        kind = "inputs" if header in self.table.inputs else "outputs"
        names = self.table.inputs if kind == "inputs" else self.table.outputs
        return self.document.span(*self.path, kind, names.index(header))

    def _row(
        self,
        number: int,
        row: Mapping[str, Any],
        guard: tuple[Condition, ...],
        then: Mapping[str, Expr],
        reason: Mapping[str, Template],
    ) -> Rule:
        model = self.document.model
        parts = _RowParts()
        for header, cell in row.items():
            role = self.roles.get(header) or (ColumnModel(**{"as": "id"}) if header == "id" else None)
            if role is None:
                continue
            try:
                self._cell(header, role, cell.text, cell.span, parts)
            except CellError as error:
                self.linker.problems.append(error.at(cell.span))
        conditions = (*guard, *self._mentioned(parts), *parts.conditions)
        span = parts.span or next((c.span for c in row.values()), self.document.span(*self.path))
        identity = parts.id or f"{self.table.id}-{number}"
        has_match = any(has_mention(c.tree) for c in conditions)
        templates = dict(reason)
        for language, (text, at) in parts.reasons.items():
            templates |= self.linker.templates(
                self.document, self.path, {language: text}, self.scope, has_match, at
            )
        return Rule(
            f"{self.document.id}/{identity}",
            self.document.id,
            conditions or (Condition(Const(True, Type.BOOLEAN), "true", span),),
            {**then, **parts.then},
            self.table.if_unknown or model.if_unknown,
            tuple(frozenset(m) for m in (model.markets, parts.markets) if m),
            tuple(p for p in (model.effective, parts.period()) if p is not None),
            True,
            self.table.title,
            templates,
            parts.source,
            self.table.review,
            span,
            table=f"{self.document.id}/{self.table.id}",
            group=f"{self.document.id}/{self.table.id}" if self.table.hit == "first" else None,
        )

    def _mentioned(self, parts: _RowParts) -> Iterator[Condition]:
        for text, (terms, span) in parts.terms.items():
            calls = Call("mentions", (text, Const(tuple(terms), Type.TERMS)), Type.BOOLEAN)
            yield Condition(calls, unparse(calls), span)

    def _cell(self, header: str, role: ColumnModel, text: str, span: Span | None, parts: _RowParts) -> None:
        empty = not text.strip()
        match role.as_:
            case "id":
                if empty or re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", text) is None:
                    raise CellError("WB310", f"{text!r} is no row id", "letters, digits, '.', '_' and '-'")
                parts.id, parts.span = text, span
            case "markets":
                parts.markets = self._region_names(text)
            case "mentions":
                terms = split_terms(text)
                if terms:
                    known, _ = parts.terms.setdefault(self.trees[header], ([], span))
                    known += [t for t in terms if t not in known]
            case "output":
                if not empty and role.to is not None and role.to in self.outputs:
                    parts.then[role.to] = _set_value(text, self.outputs[role.to])
            case "reason":
                if not empty:
                    parts.reasons[role.language or "en"] = (text, span)
            case "source" | "url" | "confidence":
                parts.note(role.as_, text)
            case "effective_from" | "effective_to":
                if not empty:
                    parts.day(role.as_, text)
            case "note":
                pass
            case _:
                tree = self._condition(header, role.as_, text, span)
                if tree is not None:
                    parts.conditions.append(Condition(tree, unparse(tree), span))

    def _condition(self, header: str, role: str, text: str, span: Span | None) -> Expr | None:
        if role == "requires":
            return any_missing(text, self.scope)
        if role == "when":
            if not text.strip():
                return None
            tree, problems = self.linker.kept.text(
                self.scope,
                ("tree", text, Type.BOOLEAN),
                lambda: compile_expression(text, self.scope, Type.BOOLEAN, lambda _a, _b: span),
            )
            self.linker.problems += problems
            return tree
        of = self.trees[header]
        return self.linker.kept.text(
            self.scope, ("cell", role, text, of), lambda: (self._test(role, text, of), [])
        )[0]

    def _test(self, role: str, text: str, of: Expr) -> Expr | None:
        """What a cell asks of its column. Raises `CellError`."""
        read: Callable[[str, Expr, Scope], Expr | None] = unary_test if role == "test" else any_under
        tree = read(text, of, self.scope)
        if tree is not None and code_size(tree) > MAX_CODE:
            raise CellError("WB310", "the cell holds too many tests", "several rows")
        return tree

    def _region_names(self, text: str) -> tuple[str, ...]:
        names = tuple(p.strip() for p in text.split("|") if p.strip())
        for name in names:
            known = self.linker.regions.documents
            if name not in known and ("region", name) not in self.linker.project.broken:
                found = unknown_name("WB303", "region", name, known)
                raise CellError(found.code, found.message, found.expected or "", found.suggestion)
        return names


def _set_value(text: str, output: Output) -> Const:
    """What an output cell sets; a collected output takes several texts, separated by `|`."""
    kind, allowed = output.symbol.type, output.symbol.allowed
    if kind is Type.TEXT and output.combine in ("collect", "set") and "|" in text:
        pieces = (output_value(piece, kind, allowed) for piece in text.split("|") if piece.strip())
        return Const(tuple(piece for piece in pieces if isinstance(piece, str)), Type.TEXTS)
    return Const(output_value(text, kind, allowed), kind)


class _RowParts:
    """What the cells of one row add up to."""

    def __init__(self) -> None:
        self.id: str | None = None
        self.span: Span | None = None
        self.markets: tuple[str, ...] = ()
        self.terms: dict[Expr, tuple[list[str], Span | None]] = {}
        self.conditions: list[Condition] = []
        self.then: dict[str, Expr] = {}
        self.reasons: dict[str, tuple[str, Span | None]] = {}
        self.source: SourceModel | None = None
        self._days: dict[str, str] = {}

    def note(self, part: str, text: str) -> None:
        """Adds one piece of the row's source."""
        text = text.strip()
        if not text:
            return
        key = "citation" if part == "source" else part
        current = self.source or SourceModel(citation="-")
        if key == "confidence" and text not in ("verified_official", "verified_secondary", "needs_check"):
            found = unknown_name(
                "WB310", "confidence", text, ("verified_official", "verified_secondary", "needs_check")
            )
            raise CellError("WB310", found.message, found.expected or "", found.suggestion)
        if key == "url" and re.fullmatch(r"https?://\S+", text) is None:
            raise CellError("WB310", f"{text!r} is no web address", "https://..., or an empty cell")
        self.source = current.model_copy(update={key: text})

    def day(self, part: str, text: str) -> None:
        if parse_date(text.strip()) is None:
            raise CellError("WB310", f"{text!r} is not a date", "YYYY-MM-DD")
        self._days["from" if part == "effective_from" else "to"] = text.strip()

    def period(self) -> PeriodModel | None:
        return PeriodModel.model_validate(self._days) if self._days else None
