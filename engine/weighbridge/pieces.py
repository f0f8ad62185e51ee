"""Links the small parts that documents are made of: expressions, reason templates, values of outputs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from weighbridge.diagnostics import Diagnostic, Span, unknown_name
from weighbridge.documents import ExpressionValue, RulesetModel
from weighbridge.expressions import Locate, Scope, compile_expression, parse_date
from weighbridge.kept_links import Generation
from weighbridge.project import Document, Project
from weighbridge.regions import Regions
from weighbridge.rulebook import Output
from weighbridge.templates import Template, parse_template
from weighbridge.tree import Call, Const, Expr, IfElse, Name, Type, Value


class Pieces:
    """Links parts of documents and collects what is wrong with them in `problems`."""

    def __init__(self, project: Project, regions: Regions, kept: Generation) -> None:
        self.project = project
        self.regions = regions
        self.kept = kept
        self.problems: list[Diagnostic] = []

    def _locate(self, document: Document[Any], path: tuple[str | int, ...]) -> Locate:
        return lambda start, end: document.text_span(path, start, end)

    def expression(
        self, document: Document[Any], path: tuple[str | int, ...], text: str, scope: Scope, want: Type | None
    ) -> Expr | None:
        locate = self._locate(document, path)
        tree, problems = self.kept.text(
            scope, ("tree", text, want), lambda: compile_expression(text, scope, want, locate)
        )
        self.problems += problems
        return tree

    def templates(
        self,
        document: Document[Any],
        path: tuple[str | int, ...],
        texts: Mapping[str, str],
        scope: Scope,
        has_match: bool,
        span: Span | None = None,
    ) -> dict[str, Template]:
        templates: dict[str, Template] = {}
        for language, text in texts.items():
            template, problems = self.kept.text(
                scope,
                ("template", text, has_match),
                partial(self._template, document, (*path, language), text, scope, has_match, span),
            )
            self.problems += problems
            if template is not None:
                templates[language] = template
        return templates

    def _template(
        self,
        document: Document[Any],
        path: tuple[str | int, ...],
        text: str,
        scope: Scope,
        has_match: bool,
        span: Span | None,
    ) -> tuple[Template | None, list[Diagnostic]]:
        where = path if document.node.find(path) is not None else path[:-1]
        locate: Locate = (lambda _a, _b: span) if span is not None else self._locate(document, where)
        return parse_template(text, scope, locate, has_match)

    def then(
        self,
        document: Document[RulesetModel],
        path: tuple[str | int, ...],
        values: Mapping[str, Any],
        scope: Scope,
        outputs: Mapping[str, Output],
    ) -> dict[str, Expr]:
        then: dict[str, Expr] = {}
        for name, value in values.items():
            output = outputs.get(name)
            if output is None:
                self.problems.append(
                    unknown_name("WB203", "output", name, outputs, document.span(*path, name, key=True))
                )
                continue
            set_to = self._set_value(document, (*path, name), value, scope, output)
            if set_to is not None:
                then[name] = set_to
        return then

    def _computed(
        self, document: Document[Any], path: tuple[str | int, ...], text: str, scope: Scope, output: Output
    ) -> Expr | None:
        """A computed value; of an output with a list of texts it must be one of them, whatever the record."""
        tree = self.expression(document, path, text, scope, output.symbol.type)
        allowed = output.symbol.allowed
        if tree is None or allowed is None:
            return tree
        texts = possible_texts(tree, scope)
        wrong = None if texts is None else next((t for t in texts if t not in allowed), None)
        if wrong is not None:
            span = document.span(*path)
            self.problems.append(unknown_name("WB207", f"value of {output.name}", wrong, allowed, span))
        elif texts is None:
            words = "texts in quotes, chosen by if ... else: one of " + ", ".join(allowed)
            message = f"this could be another text than {output.name} may have"
            self.problems.append(Diagnostic("WB207", message, document.span(*path), expected=words))
        else:
            return tree
        return None

    def _set_value(
        self,
        document: Document[RulesetModel],
        path: tuple[str | int, ...],
        value: Any,
        scope: Scope,
        output: Output,
    ) -> Expr | None:
        kind = output.symbol.type
        if isinstance(value, ExpressionValue):
            return self._computed(document, (*path, "value"), value.value, scope, output)
        if kind is Type.NUMBER and isinstance(value, str):
            return self.expression(document, path, value, scope, kind)
        several = output.combine in ("collect", "set") and kind is Type.TEXT and isinstance(value, tuple)
        if several and all(fit(text, kind, output.symbol.allowed) is not None for text in value):
            return Const(value, Type.TEXTS)
        fitted = fit(value, kind, output.symbol.allowed)
        if fitted is None:
            span = document.span(*path)
            if kind is Type.TEXT and isinstance(value, str) and output.symbol.allowed:
                self.problems.append(
                    unknown_name("WB207", f"value of {output.name}", value, output.symbol.allowed, span)
                )
            else:
                self.problems.append(
                    Diagnostic("WB206", f"{value!r} is no value of {output.name}", span, expected=f"a {kind}")
                )
            return None
        return Const(fitted, kind)


def fit(value: Any, kind: Type, allowed: tuple[str, ...] | None) -> Value:
    """A written value in the conventions of `tree.Value`, or None where it does not fit."""
    if kind is Type.NUMBER:
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if kind is Type.BOOLEAN:
        return value if isinstance(value, bool) else None
    if kind is Type.TEXTS:
        texts = (value,) if isinstance(value, str) else value if isinstance(value, tuple) else None
        return None if texts is None or (allowed is not None and not set(texts) <= set(allowed)) else texts
    if not isinstance(value, str):
        return None
    if kind is Type.DATE:
        return parse_date(value)
    return value if allowed is None or value in allowed else None


def possible_texts(tree: Expr, scope: Scope) -> tuple[str, ...] | None:
    """The texts an expression can become; None where it could be any."""
    match tree:
        case Const(value):
            return (value,) if isinstance(value, str) else ()
        case Name(path):
            return scope.symbols[path].allowed
        case IfElse(_, then, other):
            options: tuple[Expr, ...] = (then, other)
        case Call("coalesce", arguments):
            options = arguments
        case _:
            return None
    found: dict[str, None] = {}
    for option in options:
        texts = possible_texts(option, scope)
        if texts is None:
            return None
        found |= dict.fromkeys(texts)
    return tuple(found)
