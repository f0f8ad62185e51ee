"""YAML syntax errors in words for the person who has to mend them, not about what the parser was doing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import yaml

from weighbridge.diagnostics import Diagnostic, Span

_QUOTE_IT = "quotes around a text that begins with one of {} [] \" ' * & ! | > % @ ` or contains ': ' or ' #'"


@dataclass(frozen=True, slots=True)
class _Explanation:
    """What a parser's message means; `problem` and `context` are parts of what the parser says."""

    problem: str
    context: str
    message: str
    expected: str
    at_context: bool = False
    """Whether the trouble is where the construct began, not where the parser gave up."""
    code: str = "WB002"


_EXPLANATIONS = (
    _Explanation(
        problem="could not find expected ':'",
        context="",
        message="this line is not 'key: value'",
        expected="a key, a colon and a blank; text over several lines is indented under 'key: >-'",
        at_context=True,
    ),
    _Explanation(
        problem="mapping values are not allowed",
        context="",
        message="a ':' makes a key, and there cannot be one here",
        expected="'key: value' indented like its neighbours; quotes around a text that contains ': '",
    ),
    _Explanation(
        problem="block sequence entries are not allowed",
        context="",
        message="a list cannot begin here",
        expected="'- ' on lines of their own; quotes around a text that is or begins with '-'",
    ),
    _Explanation(
        problem="mapping keys are not allowed",
        context="",
        message="'?' cannot stand here",
        expected=_QUOTE_IT,
    ),
    _Explanation(
        problem="found unknown escape character",
        context="",
        message="there is no such escape in double quotes",
        expected="'\\\\' for a backslash, or single quotes",
    ),
    _Explanation(
        problem="hex",
        context="",
        message="this escape needs hexadecimal digits",
        expected="\\xHH, \\uHHHH or \\UHHHHHHHH",
    ),
    _Explanation(
        problem="invalid Unicode character escape",
        context="",
        message="this escape names no character",
        expected="the escape of a Unicode character",
    ),
    _Explanation(
        problem="",
        context="while scanning a quoted scalar",
        message="the quote that opens here is never closed",
        expected="a closing quote; inside single quotes write a quote twice",
        at_context=True,
    ),
    _Explanation(
        problem="",
        context="while scanning a block scalar",
        message="a text that begins with '>' or '|' starts a block of lines",
        expected="quotes around a text such as '>= 5', or the text on the following, indented lines",
        at_context=True,
    ),
    _Explanation(
        problem="",
        context="while scanning an alias",
        message="'*' begins an alias",
        expected="quotes around a text that begins with '*'",
        at_context=True,
    ),
    _Explanation(
        problem="",
        context="while scanning an anchor",
        message="'&' begins an anchor",
        expected="quotes around a text that begins with '&'",
        at_context=True,
    ),
    _Explanation(
        problem="",
        context="tag",
        message="'!' begins a tag",
        expected="quotes around a text that begins with '!'",
        at_context=True,
    ),
    _Explanation(
        problem="tag",
        context="",
        message="'!' begins a tag",
        expected="quotes around a text that begins with '!'",
    ),
    _Explanation(
        problem="",
        context="directive",
        message="'%' at the beginning of a line begins a directive",
        expected="a file without directives (it is read as YAML 1.2)",
        at_context=True,
        code="WB004",
    ),
    _Explanation(
        problem="directive",
        context="",
        message="directives are not used here",
        expected="a file without directives (it is read as YAML 1.2)",
        code="WB004",
    ),
    _Explanation(
        problem="found incompatible YAML document",
        context="",
        message="this version of YAML is not known",
        expected="a file without directives (it is read as YAML 1.2)",
        code="WB004",
    ),
    _Explanation(
        problem="expected ',' or ']'",
        context="",
        message="the list that was opened with '[' is not closed here",
        expected="',' before the next item or ']' at the end; quotes around an item with brackets in it",
    ),
    _Explanation(
        problem="expected ',' or '}'",
        context="",
        message="the mapping that was opened with '{' is not closed here",
        expected="',' before the next key or '}' at the end; quotes around a text that begins with '{'",
    ),
    _Explanation(
        problem="expected <document start>",
        context="",
        message="the document above has ended, and this does not belong to it",
        expected="keys at the beginning of the line, or '---' before a new document",
    ),
    _Explanation(
        problem="expected node content", context="", message="a value is missing here", expected=_QUOTE_IT
    ),
    _Explanation(
        problem="found unexpected ':'",
        context="",
        message="a ':' cannot stand inside this text",
        expected=_QUOTE_IT,
    ),
)
"""The first that fits counts."""


def explain_syntax_error(error: yaml.MarkedYAMLError, file: str, lines: list[str]) -> Diagnostic:
    """The diagnostic for an error of PyYAML's parser, or of libyaml behind it."""
    problem, context = error.problem or "", error.context or ""
    mark = error.problem_mark or error.context_mark
    span = _mark_span(mark, file, lines)
    character = lines[span.line - 1][span.column - 1 : span.column]
    if "tab character" in problem or character == "\t" or _indented_by_tab(lines[span.line - 1]):
        return _tab(span, lines)
    if "cannot start any token" in problem:
        message = f"no text can begin with {character!r}"
        expected = f"quotes around a text that begins with {character!r}"
        return Diagnostic("WB002", message, span, expected=expected)
    if problem in ("did not find expected key", "did not find expected '-' indicator"):
        return _misplaced(error, span, lines)
    for known in _EXPLANATIONS:
        if known.problem in problem and known.context in context:
            return _explained(known, error, span, lines)
    return Diagnostic("WB002", "the text is not YAML here", span, expected=_QUOTE_IT)


def _explained(known: _Explanation, error: Any, span: Span, lines: list[str]) -> Diagnostic:
    began = _mark_span(error.context_mark, span.file, lines) if error.context_mark is not None else span
    if known.at_context:
        span = began
    is_open = known.problem.startswith("expected ',' or")
    related = (("it was opened here", began),) if is_open else ()
    return Diagnostic(known.code, known.message, span, expected=known.expected, related=related)


def _mark_span(mark: Any, file: str, lines: list[str]) -> Span:
    """One character at a mark; a mark on a blank line or after the text moves back to the end of the text."""
    line = min(mark.line + 1, len(lines)) if mark is not None else len(lines)
    column = mark.column + 1 if mark is not None else 1
    while line > 1 and not lines[line - 1].strip():
        line -= 1
        column = len(lines[line - 1]) + 1
    column = min(column, len(lines[line - 1]) + 1)
    return Span(file, line, column, line, column + 1)


def _indented_by_tab(line: str) -> bool:
    return "\t" in line[: len(line) - len(line.lstrip())]


def _tab(span: Span, lines: list[str]) -> Diagnostic:
    column = lines[span.line - 1].find("\t") + 1 or span.column
    span = Span(span.file, span.line, column, span.line, column + 1)
    return Diagnostic("WB002", "a tab cannot stand here", span, expected="spaces for indentation")


def _misplaced(error: yaml.MarkedYAMLError, span: Span, lines: list[str]) -> Diagnostic:
    """A line that fits neither the collection it stands in nor any around it, or text after a value."""
    began = error.context_mark
    first_on_line = not lines[span.line - 1][: span.column - 1].strip()
    if not first_on_line:
        return Diagnostic("WB002", "something follows a value that has ended", span, expected=_QUOTE_IT)
    what = "list" if "'-'" in (error.problem or "") else "mapping"
    if began is None or began.column + 1 == span.column:
        message = f"this line does not continue the {what} it stands in"
        return Diagnostic("WB002", message, span, expected="'- item'" if what == "list" else "'key: value'")
    column = began.column + 1
    related = ((f"the {what} begins here", _mark_span(began, span.file, lines)),)
    return Diagnostic(
        "WB002",
        f"the indentation of this line fits nothing above it (the {what} began in column {column})",
        span,
        expected=f"a line that begins in column {column}",
        related=related,
    )
