"""The function table as Markdown: a part of docs/language.md."""

from __future__ import annotations

import re
from typing import Any

from weighbridge.functions import FUNCTIONS, Function

_PLACE = re.compile(r"(<!-- functions -->\n).*?(<!-- end of functions -->)", re.DOTALL)


def with_functions(text: str) -> str:
    """A page with the part between its markers as the function table says."""
    return _PLACE.sub(lambda m: f"{m[1]}{function_reference()}{m[2]}", text)


def function_reference() -> str:
    """Every function: how it is called, what it means, and examples."""
    return "\n".join(_entry(function) for function in FUNCTIONS.values())


def _entry(function: Function) -> str:
    examples = "\n".join(f"{text} -> {shown_result(value)}" for text, value in function.examples)
    return (
        f"#### {function.name}\n\n`{function.signature}`\n\n{function.meaning}\n\n```expr\n{examples}\n```\n"
    )


def shown_result(value: Any) -> str:
    """A value as the language reference writes it: `unknown` for none, texts in quotes."""
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() else repr(value)
    return repr(value)
