"""Completion and hover for source editing: what may stand here, and what the thing under the pointer means."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from weighbridge.expressions import Scope
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook

CompletionKind = Literal[
    "field", "derived", "parameter", "score", "output", "terms", "function", "value", "word", "key", "name"
]


@dataclass(frozen=True, slots=True)
class Completion:
    """One thing that may stand at the place. `insert` replaces the characters `start` to `end` of the text
    (offsets in characters); `detail` is its type in a word or two, `meaning` a sentence in the asked language."""

    label: str
    insert: str
    kind: CompletionKind
    detail: str
    meaning: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Hover:
    """What the characters `start` to `end` mean, as plain text in lines."""

    start: int
    end: int
    text: str


def complete_expression(
    text: str, offset: int, scope: Scope, book: Rulebook | None = None, lang: str = "en"
) -> tuple[Completion, ...]:
    """What may stand at `offset` of an expression, nearest first."""
    raise NotImplementedError


def hover_expression(
    text: str, offset: int, scope: Scope, book: Rulebook | None = None, lang: str = "en"
) -> Hover | None:
    """What the name, function or value at `offset` of an expression means."""
    raise NotImplementedError


def complete_document(
    text: str, offset: int, file: str, project: Project, book: Rulebook, lang: str = "en"
) -> tuple[Completion, ...]:
    """What may stand at `offset` of a YAML file: keys, allowed values, names, and inside expressions their words.
    Works on text that is being written, as far as it can be read."""
    raise NotImplementedError


def hover_document(
    text: str, offset: int, file: str, project: Project, book: Rulebook, lang: str = "en"
) -> Hover | None:
    """What the key, name or word at `offset` of a YAML file means."""
    raise NotImplementedError
