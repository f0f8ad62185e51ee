"""Plain values as YAML text that `source` reads back as the same values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, cast

from weighbridge.source import NumberOutOfRange, ScalarStyle, resolve

WIDTH = 110
"""Columns beyond which a list or mapping is written on several lines."""

_NOT_FIRST = frozenset("-?:,[]{}#&*!|>'\"%@`=")
_INSIDE = re.compile(r":(?=\s|$)|\s#")
_UNPRINTED = re.compile("[^ -~\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]")
_ESCAPES = {"\n": "\\n", "\t": "\\t", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def scalar_text(value: Any, *, flow: bool = False, style: ScalarStyle = "plain") -> str:
    """One scalar on one line. Text keeps the quotes it had (`style`) and gets quotes where it needs them."""
    if not isinstance(value, str):
        return _constant_text(value)
    if style == "double" or _UNPRINTED.search(value):
        return _double_quoted(value)
    if style == "single":
        return _single_quoted(value)
    if _is_plain(value, flow):
        return value
    return _single_quoted(value) if '"' in value and "'" not in value else _double_quoted(value)


def _constant_text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    # 20.0 comes from number inputs, which know no whole numbers; people write 20.
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    return repr(value)


def _is_plain(text: str, flow: bool) -> bool:
    if not text or text != text.strip() or _INSIDE.search(text) or text.startswith(("---", "...", "<<")):
        return False
    if text[0] in _NOT_FIRST or (flow and any(c in text for c in ",[]{}")):
        return False
    try:
        return resolve(text) == text
    except NumberOutOfRange:
        return False


def _single_quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _double_quoted(text: str) -> str:
    escaped = "".join(_ESCAPES.get(c, c) for c in text)
    return '"' + _UNPRINTED.sub(lambda m: _escape(m[0]), escaped) + '"'


def _escape(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}"


def flow_text(value: Any) -> str:
    """Any value on one line: `[a, b]`, `{key: value}`."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return "{" + ", ".join(f"{scalar_text(str(k), flow=True)}: {flow_text(v)}" for k, v in items) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow_text(entry) for entry in cast("list[Any]", value)) + "]"
    return scalar_text(value, flow=True)


def entry_lines(key: str, value: Any, indent: int) -> list[str]:
    """The lines of `key: value` in a block mapping whose keys stand `indent` columns in; none is indented less."""
    pad = " " * indent
    head = f"{pad}{scalar_text(key)}:"
    if isinstance(value, str) and "\n" in value:
        block = _literal(value, indent + 2)
        return [f"{head} {block[0]}", *block[1:]] if block else [f"{head} {scalar_text(value)}"]
    if not _is_collection(value):
        return [f"{head} {scalar_text(value)}"]
    flat = f"{head} {flow_text(value)}"
    if not value or (len(flat) <= WIDTH and not _holds_mappings(value)):
        return [flat]
    return [head, *block_lines(value, indent + 2)]


def block_lines(value: Any, indent: int) -> list[str]:
    """The lines of a list or mapping (not empty) in block style, `indent` columns in."""
    if isinstance(value, Mapping):
        items = cast("Mapping[str, Any]", value).items()
        return [line for key, entry in items for line in entry_lines(str(key), entry, indent)]
    return [line for entry in value for line in item_lines(entry, indent)]


def item_lines(value: Any, indent: int, *, compact: bool = True) -> list[str]:
    """The lines of one item of a block list; a mapping goes on one line if it fits and `compact` says so."""
    pad = " " * indent
    flat = f"{pad}- {flow_text(value) if _is_collection(value) else scalar_text(value)}"
    if not _is_collection(value) or not value or (compact and len(flat) <= WIDTH):
        return [flat]
    lines = block_lines(value, indent + 2)
    return [f"{pad}- {lines[0][indent + 2 :]}", *lines[1:]]


def _is_collection(value: Any) -> bool:
    return isinstance(value, Mapping | list | tuple)


def _holds_mappings(value: Any) -> bool:
    """Whether this is a list of mappings: such lists are read line by line."""
    return not isinstance(value, Mapping) and any(isinstance(entry, Mapping) for entry in value)


def _literal(text: str, indent: int) -> list[str]:
    """A block scalar that keeps its line ends: header and lines; empty where the text cannot be one."""
    body = text[:-1] if text.endswith("\n") else text
    lines = body.split("\n")
    spaced = any(line != line.rstrip() for line in lines) or not lines[0].strip() or not lines[-1].strip()
    if spaced or lines[0][0] == " " or any(_UNPRINTED.search(line) for line in lines):
        return []
    return ["|" if text.endswith("\n") else "|-", *(" " * indent + line if line else "" for line in lines)]


def folded_lines(text: str, indent: int) -> list[str]:
    """Text wrapped for a `>` block; empty where folding would not give it back."""
    if text != " ".join(text.split()) or not text or _UNPRINTED.search(text):
        return []
    return list(_wrapped(text.split(" "), " " * indent))


def _wrapped(words: list[str], pad: str) -> Iterator[str]:
    line = pad + words[0]
    for word in words[1:]:
        if len(line) + 1 + len(word) > WIDTH:
            yield line
            line = pad + word
        else:
            line += " " + word
    yield line
