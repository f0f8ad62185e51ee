"""Reason templates: text with `{name}`, `{name:2}` (decimals), `{name:percent}`, `{match}`; `{{` is a brace.

Names are resolved at load; nothing of Python's formatting language is used.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from weighbridge.diagnostics import Diagnostic, unknown_name
from weighbridge.expressions import MAX_LENGTH, MAX_PROBLEMS, Locate, Scope
from weighbridge.functions import PARAGRAPH
from weighbridge.tree import Name, Type, Value

_PIECE = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")
MAX_SHOWN = 200

UNKNOWN_WORDS = {"en": "unknown", "zh": "未知"}
BOOLEAN_WORDS = {"en": ("no", "yes"), "zh": ("否", "是")}


@dataclass(frozen=True, slots=True)
class Placeholder:
    """A name to fill in; `name` None is `{match}`. `style` is "", "percent" or a number of decimals."""

    name: Name | None
    style: str


@dataclass(frozen=True, slots=True)
class Template:
    """Literal pieces and placeholders in order."""

    parts: tuple[str | Placeholder, ...]

    @property
    def names(self) -> tuple[Name, ...]:
        """The names it fills in, in order."""
        return tuple(p.name for p in self.parts if isinstance(p, Placeholder) and p.name is not None)

    def render(self, value: Callable[[Name], Value], match: str, language: str) -> str:
        """The text for one record. `match` is what `{match}` shows."""
        shown: list[str] = []
        for part in self.parts:
            if isinstance(part, str):
                shown.append(part)
            elif part.name is None:
                shown.append(match)
            else:
                shown.append(show_value(value(part.name), part.name.type, language, part.style))
        return "".join(shown)


def parse_template(
    text: str, scope: Scope, locate: Locate, has_match: bool
) -> tuple[Template | None, list[Diagnostic]]:
    """The template of `text`, or None with every problem in it."""
    parts: list[str | Placeholder] = []
    problems: list[Diagnostic] = []
    position = 0
    if len(text) > MAX_LENGTH:
        message, expected = f"the reason has {len(text)} characters", f"at most {MAX_LENGTH}"
        return None, [Diagnostic("WB320", message, locate(0, 1), expected=expected)]
    for piece in _PIECE.finditer(text):
        if len(problems) >= MAX_PROBLEMS:
            break
        parts.append(text[position : piece.start()])
        position = piece.end()
        if piece[0] in ("{{", "}}"):
            parts.append(piece[0][0])
            continue
        here = piece.span()
        if piece[1] is None:
            problems.append(
                Diagnostic(
                    "WB320", "a lone brace in a reason", locate(*here), expected="{name}, or {{ for a brace"
                )
            )
            continue
        name, _, style = piece[1].strip().partition(":")
        if style and style != "percent" and not re.fullmatch("[0-6]", style):
            problems.append(
                Diagnostic(
                    "WB320",
                    f"unknown format {style!r}",
                    locate(*here),
                    expected="percent, or 0 to 6 decimals",
                )
            )
        elif name == "match":
            if has_match:
                parts.append(Placeholder(None, style))
            else:
                problems.append(
                    Diagnostic(
                        "WB321",
                        "{match} in a rule that matches no terms",
                        locate(*here),
                        expected="a condition with mentions(...)",
                    )
                )
        elif name in scope.symbols:
            symbol = scope.symbols[name]
            parts.append(Placeholder(Name(symbol.path, symbol.type), style))
        else:
            candidates = [*scope.symbols, "match"] if has_match else list(scope.symbols)
            known = [c for c in candidates if "/" not in c]
            problems.append(unknown_name("WB203", "name", name, known, locate(*here)))
    parts.append(text[position:])
    template = Template(tuple(p for p in parts if p != ""))
    return (None if problems else template), problems


def show_number(value: float, style: str = "") -> str:
    """A number as people write it: no exponent up to 1e15, no needless zeros."""
    if style == "percent":
        return f"{show_number(round(value * 100, 2))}%"
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞"
    if style:
        return f"{value:.{style}f}"
    if abs(value) >= 1e15 or (value != 0 and abs(value) < 1e-6):
        return repr(value)
    return f"{value:.6f}".rstrip("0").rstrip(".")


def show_value(value: Value, kind: Type, language: str, style: str = "") -> str:
    """A value in a reader's language, cut to a readable length."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return UNKNOWN_WORDS.get(language, UNKNOWN_WORDS["en"])
    if isinstance(value, bool):
        return BOOLEAN_WORDS.get(language, BOOLEAN_WORDS["en"])[value]
    if isinstance(value, float):
        return date.fromordinal(int(value)).isoformat() if kind is Type.DATE else show_number(value, style)
    text = value.replace(PARAGRAPH, " | ") if isinstance(value, str) else ", ".join(value)
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
