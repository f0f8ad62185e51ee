"""Diagnostics: what is wrong, where, what was expected, and the nearest valid name.

Every problem with a project, an expression, a record or a feed is a `Diagnostic`. Nothing else reports
errors to users: renderers turn diagnostics into terminal text, JSON and SARIF.
"""

from __future__ import annotations

import difflib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from weighbridge.messages import DIAGNOSTIC, phrase

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of source text. Lines and columns count from 1; `end_column` is exclusive.

    `file` is relative to the project root with forward slashes ("" for text that is not in a file).
    """

    file: str
    line: int
    column: int
    end_line: int
    end_column: int

    def __str__(self) -> str:
        return f"{self.file or '<expression>'}:{self.line}:{self.column}"

    def under(self, folder: str) -> Span:
        """The same place, its file named from the folder that `folder` is relative to."""
        return replace(self, file=f"{folder}/{self.file}") if self.file else self


@dataclass(frozen=True, slots=True)
class Witness:
    """A record (as JSON) that shows the point when `target` decides it in `market` as of the day `as_of`."""

    target: str
    market: str
    as_of: str
    record: str

    def to_dict(self) -> dict[str, Any]:
        """JSON form."""
        return {
            "target": self.target,
            "market": self.market,
            "as_of": self.as_of,
            "record": json.loads(self.record),
        }


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One problem. `code` is stable ("WB101"); `expected` says what would be right.

    `witness` is there where a proof found the problem: a record that the engine confirmed.
    """

    code: str
    message: str
    span: Span | None = None
    severity: Severity = "error"
    expected: str | None = None
    suggestion: str | None = None
    related: tuple[tuple[str, Span], ...] = ()
    witness: Witness | None = None

    def to_dict(self) -> dict[str, Any]:
        """JSON form; keys are present only where they say something."""
        entry: dict[str, Any] = {"code": self.code, "severity": self.severity, "message": self.message}
        if self.span is not None:
            entry |= _span_dict(self.span)
        if self.expected is not None:
            entry["expected"] = self.expected
        if self.suggestion is not None:
            entry["suggestion"] = self.suggestion
        if self.related:
            entry["related"] = [{"message": text, **_span_dict(span)} for text, span in self.related]
        if self.witness is not None:
            entry["witness"] = self.witness.to_dict()
        return entry

    def under(self, folder: str) -> Diagnostic:
        """The same with its files named from outside the project, whose path from there is `folder`."""
        related = tuple((text, span.under(folder)) for text, span in self.related)
        return replace(self, span=None if self.span is None else self.span.under(folder), related=related)


class DiagnosticError(ValueError):
    """Base of every error this package raises about its input; carries all diagnostics, never just one."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics: tuple[Diagnostic, ...] = tuple(diagnostics)
        super().__init__("\n".join(render_text(d) for d in self.diagnostics))

    def __reduce__(self) -> tuple[type[DiagnosticError], tuple[tuple[Diagnostic, ...]]]:
        return (type(self), (self.diagnostics,))


class ProjectError(DiagnosticError):
    """The project has errors; it cannot decide anything until they are mended."""


class InvalidRecord(DiagnosticError):
    """The record does not fit its record type."""


class UnknownName(DiagnosticError):
    """A target, market or rule was asked for that the project does not have."""


LONGEST_NAME = 200
"""Longer names are cut in messages, and no near ones are sought: that takes the square of their length."""


def suggest(name: str, candidates: Iterable[str]) -> str | None:
    """The candidate a person most likely meant by `name`, or None when nothing is near."""
    pool = [c for c in candidates if c]
    lowered = {c.casefold(): c for c in reversed(pool)}
    if name.casefold() in lowered:
        return lowered[name.casefold()]
    if len(name) > LONGEST_NAME:
        return None
    near = difflib.get_close_matches(name.casefold(), lowered, n=1, cutoff=0.6)
    return lowered[near[0]] if near else None


def unknown_name(
    code: str, what: str, name: str, candidates: Iterable[str], span: Span | None = None, *, where: str = ""
) -> Diagnostic:
    """The diagnostic for a name that does not exist: the nearest valid one, and choices when they are few."""
    pool = sorted(set(candidates))
    shown = ", ".join(pool[:12]) + (f" ... ({len(pool)} in all)" if len(pool) > 12 else "")
    return Diagnostic(
        code,
        f"unknown {what} {name if len(name) <= LONGEST_NAME else name[:LONGEST_NAME] + '...'!r}{where}",
        span,
        expected=f"one of: {shown}" if pool else f"no {what} exists here",
        suggestion=suggest(name, pool),
    )


def display_width(text: str) -> int:
    """Terminal columns `text` takes: wide East Asian characters count two, combining marks none."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text
    )


def render_text(
    diagnostic: Diagnostic, sources: Mapping[str, list[str]] | None = None, *, lang: str = "en"
) -> str:
    """Terminal form. With `sources` (file -> its lines) the offending text is shown and underlined.

    `lang` is the language of the words around the diagnostic's own.
    """
    where = f"{diagnostic.span}: " if diagnostic.span is not None else ""
    severity = phrase(DIAGNOSTIC, diagnostic.severity, lang)
    lines = [f"{where}{severity}[{diagnostic.code}]: {diagnostic.message}"]
    if diagnostic.span is not None and sources is not None:
        lines += _snippet(diagnostic.span, sources)
    lines += [f"  {hint}" for hint in hints(diagnostic, lang)]
    for text, span in diagnostic.related:
        lines.append(f"  {span}: {text}")
    return "\n".join(lines)


def hints(diagnostic: Diagnostic, lang: str = "en") -> list[str]:
    """What was expected and what was probably meant, a line each."""
    found = (("expected", diagnostic.expected), ("suggestion", diagnostic.suggestion))
    told = [phrase(DIAGNOSTIC, name, lang, text=text) for name, text in found if text]
    seen = diagnostic.witness
    if seen is not None:
        told.append(
            phrase(
                DIAGNOSTIC,
                "witness",
                lang,
                target=seen.target,
                market=seen.market,
                day=seen.as_of,
                record=seen.record,
            )
        )
    return told


def _snippet(span: Span, sources: Mapping[str, list[str]]) -> list[str]:
    text = sources.get(span.file)
    if text is None or not 1 <= span.line <= len(text):
        return []
    line = text[span.line - 1]
    start = min(span.column, len(line) + 1) - 1
    end = span.end_column - 1 if span.end_line == span.line else len(line)
    # A long line (a table row, minified JSON) is cut to a window so that the caret stays on the screen.
    first = max(0, start - 60)
    shown = line[first : first + 160].replace("\t", " ")
    pad = display_width(line[first:start].replace("\t", " "))
    width = max(1, display_width(line[start : min(max(end, start + 1), first + 160)]))
    gutter = f"{span.line:>5} | "
    return [gutter + shown, " " * 5 + " | " + " " * pad + "^" * width]


def _span_dict(span: Span) -> dict[str, Any]:
    return {
        "file": span.file,
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
