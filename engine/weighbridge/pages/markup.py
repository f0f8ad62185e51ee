"""Markdown as Git hosts render it. Text of a project is escaped: it can neither format the page nor leave its cell."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from urllib.parse import quote

_SPECIAL = re.compile(r"[\\`*_\[\]<>|~$#&]")
_LIST = re.compile(r"([-+=]|\d+(?=[.)]))")
# What would end a link or a cell. The rest stays readable, and a fragment stays what hosts make of a heading.
_ENDS_ADDRESS = re.compile(r"[\s()<>\[\]{}|\\^`\"]")


def plain(text: str) -> str:
    """`text` on one line, shown as it is."""
    line = " ".join(text.split())
    escaped = _SPECIAL.sub(lambda m: "&amp;" if m[0] == "&" else "\\" + m[0], line)
    start = _LIST.match(escaped)
    if start is None:
        return escaped
    # "- x" and "1. x" would begin a list.
    number = start[0] if start[0].isdigit() else ""
    return f"{number}\\{escaped[len(number) :]}"


def code(text: str) -> str:
    """`text` as a code span, on one line; bars are escaped, so that it may stand in a table."""
    line = " ".join(text.split())
    if not line:
        return "` `"
    fence = "`" * (1 + max((len(run) for run in re.findall("`+", line)), default=0))
    padding = " " if len(fence) > 1 else ""
    return f"{fence}{padding}{line}{padding}{fence}"


def cell_code(text: str) -> str:
    """A code span for a cell of a table, where a bar would end the cell."""
    return code(text).replace("|", "\\|")


def block(text: str) -> str:
    """`text` as a block of code, as it was written."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}text\n{text.strip(chr(10))}\n{fence}"


def link(text: str, target: str) -> str:
    """A link; `text` is Markdown already, `target` an address or a path."""
    address = _ENDS_ADDRESS.sub(lambda m: quote(m[0], safe=""), target)
    return f"[{text}]({address})"


def outside(text: str, address: str | None) -> str:
    """`text` of the project, linked where `address` is one of the web."""
    shown = plain(text)
    return link(shown, address) if address is not None and re.match(r"https?://", address) else shown


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def anchor(heading: str) -> str:
    """The fragment that Git hosts give a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
