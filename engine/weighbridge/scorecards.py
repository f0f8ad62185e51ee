"""Scorecard documents -> typed scorecards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from weighbridge.diagnostics import Diagnostic, unknown_name
from weighbridge.documents import BinModel, CharacteristicModel, ScorecardModel, read_interval
from weighbridge.expressions import Locate, Scope, compile_expression, parse_date
from weighbridge.pieces import possible_texts
from weighbridge.project import Document
from weighbridge.rulebook import Bin, Characteristic, Condition, Scorecard, Tier, milli
from weighbridge.tables import inside
from weighbridge.templates import Template, parse_template
from weighbridge.tree import TRUE, Call, Compare, Const, Expr, Member, Not, Type, conjunction, walk
from weighbridge.unparse import unparse

MOST_EXACT = 9_007_199_254_740_992
"""Sums of micro-points up to 2**53 divide exactly alike in every form of a program."""

MOST_BINS = 500
"""Bins are tried one after another, and Python nests them."""


def link_scorecard(document: Document[ScorecardModel], scope: Scope) -> tuple[Scorecard, list[Diagnostic]]:
    """The typed scorecard and every problem in it."""
    linker = _CardLinker(document, scope)
    model = document.model
    characteristics = tuple(linker.characteristic(i, c) for i, c in enumerate(model.characteristics))
    tiers = tuple(
        Tier(t.id, -math.inf if t.from_ is None else float(t.from_), t.title, document.span("tiers", i))
        for i, t in enumerate(model.tiers)
    )
    # Regions may set weights of their own; up to 1,000 they are covered here.
    largest = sum(max(abs(c.weight), 1_000_000) * max(abs(c.least), abs(c.most)) for c in characteristics)
    if largest > MOST_EXACT:
        linker.problems.append(
            Diagnostic(
                "WB330", "the points are too large to be added exactly", document.span("characteristics")
            )
        )
    card = Scorecard(
        document.id,
        model.record,
        model.title,
        model.score,
        float(model.minimum_coverage),
        None if model.baseline is None else milli(model.baseline),
        model.reasons,
        characteristics,
        tiers,
        document.span("scorecard"),
        model.purpose,
    )
    return card, linker.problems


class _CardLinker:
    def __init__(self, document: Document[ScorecardModel], scope: Scope) -> None:
        self.document = document
        self.scope = scope
        self.problems: list[Diagnostic] = []

    def characteristic(self, index: int, model: CharacteristicModel) -> Characteristic:
        path = ("characteristics", index)
        applies = self._condition((*path, "when"), model.when, Type.BOOLEAN)
        value = self._condition((*path, "value"), model.value, None)
        points = self._condition((*path, "points"), model.points, Type.NUMBER)
        bins: list[Bin] = []
        if len(model.bins) > MOST_BINS:
            words = f"at most {MOST_BINS}; a decision table holds more"
            self.problems.append(
                Diagnostic("WB331", "too many bins", self.document.span(*path, "bins"), expected=words)
            )
        elif value is not None:
            bins = [self._bin((*path, "bins", i), model.bins, i, value.tree) for i in range(len(model.bins))]
        given = [b.points for b in bins] + [
            milli(p) for p in (model.min, model.max, model.missing) if p is not None
        ]
        if points is not None and (model.min is None or model.max is None):
            given += [milli(-1_000_000), milli(1_000_000)]
        has_match = any(
            isinstance(n, Call) and n.function in ("mentions", "count_mentions")
            for c in (value, points)
            if c is not None
            for n in walk(c.tree)
        )
        return Characteristic(
            model.id,
            model.title,
            milli(model.weight),
            applies,
            value,
            tuple(bins),
            points,
            milli(model.min) if model.min is not None else min(given, default=0),
            milli(model.max) if model.max is not None else max(given, default=0),
            None if model.missing is None else milli(model.missing),
            self._templates((*path, "reason"), model.reason, has_match),
            model.reason_code or model.id,
            self.document.span(*path, "id"),
        )

    def _condition(
        self, path: tuple[str | int, ...], text: str | None, want: Type | None
    ) -> Condition | None:
        if text is None:
            return None
        tree, problems = compile_expression(text, self.scope, want, self._locate(path))
        self.problems += problems
        return None if tree is None else Condition(tree, text, self.document.span(*path))

    def _locate(self, path: tuple[str | int, ...]) -> Locate:
        return lambda start, end: self.document.text_span(path, start, end)

    def _templates(
        self, path: tuple[str | int, ...], texts: Mapping[str, str], has_match: bool
    ) -> dict[str, Template]:
        templates: dict[str, Template] = {}
        for language, text in texts.items():
            where = (*path, language) if self.document.node.find((*path, language)) is not None else path
            template, problems = parse_template(text, self.scope, self._locate(where), has_match)
            self.problems += problems
            if template is not None:
                templates[language] = template
        return templates

    def _bin(self, path: tuple[str | int, ...], bins: tuple[BinModel, ...], index: int, value: Expr) -> Bin:
        model = bins[index]
        test: Expr | None = None
        try:
            test = _bin_test(bins, index, value)
            self._check_texts(path, model, value)
        except _BinError as error:
            self.problems.append(
                Diagnostic("WB331", str(error), self.document.span(*path), expected=error.expected)
            )
        text = "otherwise" if test is None else unparse(test)
        reason = self._templates((*path, "reason"), model.reason, False)
        return Bin(test, text, milli(model.points), reason, self.document.span(*path))

    def _check_texts(self, path: tuple[str | int, ...], model: BinModel, value: Expr) -> None:
        """A text that the value can never be is a typing mistake, not a bin."""
        if "is" in model.selectors and model.is_ is None:
            raise _BinError("null is no value", "`missing`: the points where the value is not known")
        known = possible_texts(value, self.scope)
        for text in (*(model.in_ or ()), model.is_):
            if isinstance(text, str) and known is not None and text not in known:
                span = self.document.span(*path)
                self.problems.append(unknown_name("WB207", "value", text, known, span))


class _BinError(Exception):
    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.expected = expected


def _bin_test(bins: tuple[BinModel, ...], index: int, value: Expr) -> Expr | None:
    """The test of one bin. Bins are tried in order; lower bounds are closed off by the next bin's."""
    model = bins[index]
    numeric = value.type in (Type.NUMBER, Type.DATE)
    if (
        model.upto is not None or model.from_ is not None or model.range is not None
    ) and value.type is not Type.NUMBER:
        raise _BinError(f"a bound needs a number, the value is a {value.type}", "in: [...] or is: ...")
    if model.upto is not None:
        return Compare("<=", value, Const(float(model.upto), Type.NUMBER))
    if model.from_ is not None:
        parts: list[Expr] = [Compare(">=", value, Const(float(model.from_), Type.NUMBER))]
        following = bins[index + 1].from_ if index + 1 < len(bins) else None
        if following is not None:
            parts.append(Compare("<", value, Const(float(following), Type.NUMBER)))
        return conjunction(tuple(parts))
    if model.range is not None:
        interval = read_interval(model.range)
        return TRUE if interval is None else inside(value, interval)
    if model.in_ is not None:
        return Member(value, frozenset(_constant(v, value, numeric) for v in model.in_))
    if model.is_ is not None:
        return _equals(model.is_, value, numeric)
    return None


def _constant(written: Any, value: Expr, numeric: bool) -> float | str:
    if value.type is Type.DATE:
        day = parse_date(written) if isinstance(written, str) else None
        if day is not None:
            return day
    elif numeric and isinstance(written, int | float) and not isinstance(written, bool):
        return float(written)
    if value.type is Type.TEXT and isinstance(written, str):
        return written
    raise _BinError(f"{written!r} cannot be a value of this {value.type}", f"a {value.type}")


def _equals(written: Any, value: Expr, numeric: bool) -> Expr:
    if value.type is Type.BOOLEAN:
        if not isinstance(written, bool):
            raise _BinError(f"{written!r} is neither true nor false", "true or false")
        return value if written else Not(value)
    return Compare("==", value, Const(_constant(written, value, numeric), value.type))
