"""Three versions of a file into one: what two people changed in different parts goes together.

A part is what a person thinks of as one thing: a rule, a characteristic, a region's parameter, a case, a table row,
or else a top-level key. Two people who changed the same part are in conflict even where they touched different
lines of it; two who changed neighbouring parts are not.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from weighbridge.source import Node, Place, split_lines
from weighbridge.table_text import read_table
from weighbridge.yaml_text import NAMING_KEYS, YamlText

PartKey = tuple[str, ...]
"""What a part is called: ("listing_gate", "rules", "large-forecast"), or ("row", "TAB-1")."""

_LINE_END = re.compile(r"\r\n|\n|\r")
HEAD: PartKey = ("",)
"""What stands above the first part: comments, or a table's header."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The merged text, with mine where there is conflict, and the names of the parts in conflict."""

    text: str
    conflicts: tuple[str, ...]


def merge(base: str, mine: str, theirs: str, file: str) -> Merged:
    """What both sides changed since `base`, put together."""
    if mine == theirs or theirs == base:
        return Merged(mine, ())
    if mine == base:
        return Merged(theirs, ())
    cut = [parts(text, file) for text in (base, mine, theirs)]
    if any(version is None for version in cut):
        return Merged(mine, (file,))
    old, ours, other = (version or {} for version in cut)
    chosen: dict[PartKey, str] = {}
    conflicts: list[PartKey] = []
    for key in {**ours, **other, **old}:
        a, b, c = (_bare(version.get(key)) for version in (old, ours, other))
        kept = other.get(key) if b == a else ours.get(key)
        if b != a and c != a and b != c:
            conflicts.append(key)
        if kept is not None:
            chosen[key] = kept
    order, is_clear = _order(list(old), list(ours), list(other))
    order = [key for key in order if key in chosen]
    text = _joined([chosen[key] for key in order])
    if list(parts(text, file) or ()) != order:
        # Such as an entry that was added under a heading which the other side removed.
        return Merged(mine, (file,))
    names = [" ".join(filter(None, key)) or file for key in conflicts]
    return Merged(text, (*names, *([] if is_clear else ["order"])))


def _bare(text: str | None) -> str | None:
    """A part without its last line ends: whether a file ends with one is no change of its last part."""
    return None if text is None else text.rstrip("\r\n")


def _order(
    old: Sequence[PartKey], ours: Sequence[PartKey], other: Sequence[PartKey]
) -> tuple[list[PartKey], bool]:
    """The order of all parts, and whether only one side changed it."""
    common = set(old) & set(ours) & set(other)
    before, mine, theirs = ([key for key in keys if key in common] for keys in (old, ours, other))
    lead, added = (ours, other) if theirs == before else (other, ours)
    order = list(lead)
    for number, key in enumerate(added):
        if key not in order:
            # Behind the part it stands behind on its own side.
            at = next((order.index(k) + 1 for k in reversed(added[:number]) if k in order), 0)
            order.insert(at, key)
    return order, theirs == before or mine in (before, theirs)


def _joined(texts: Sequence[str]) -> str:
    """Parts below each other; one that was last in its file has no line end of its own."""
    newline = next((end for end in ("\r\n", "\n", "\r") if any(end in text for text in texts)), "\n")
    last = len(texts) - 1
    return "".join(
        text if i == last or not text or text.endswith(("\n", "\r")) else text + newline
        for i, text in enumerate(texts)
    )


def parts(text: str, file: str) -> dict[PartKey, str] | None:
    """The parts of a file by name, in order; together they are the text. None where it cannot be read."""
    is_table = file.lower().endswith((".csv", ".tsv"))
    starts = _table_starts(text, file) if is_table else _yaml_starts(text, file)
    if starts is None:
        return None
    lines = _lines(text)
    found: dict[PartKey, str] = {}
    bounds = [(1, HEAD), *starts, (len(lines) + 1, HEAD)]
    for (first, key), (following, _) in itertools.pairwise(bounds):
        found[_unused(found, key)] = "".join(lines[first - 1 : following - 1])
    return found


def _unused(found: dict[PartKey, str], key: PartKey) -> PartKey:
    """Parts of the same name are told apart by their number."""
    number, name = 1, key
    while name in found:
        number += 1
        name = (*key, str(number))
    return name


def _lines(text: str) -> list[str]:
    ends = [match[0] for match in _LINE_END.finditer(text)]
    return [line + end for line, end in zip(split_lines(text), [*ends, ""], strict=True)]


def _table_starts(text: str, file: str) -> list[tuple[int, PartKey]] | None:
    header, rows, problems = read_table(text, file, "\t" if file.lower().endswith(".tsv") else ",")
    if problems:
        return None
    names = [cell.text for cell in header]
    column = names.index("id") if "id" in names else None
    if column is None:
        return [(row[0].place[0], ("row", *(cell.text for cell in row))) for row in rows]
    return [(row[0].place[0], ("row", row[column].text)) for row in rows]


def _yaml_starts(text: str, file: str) -> list[tuple[int, PartKey]] | None:
    """Where the parts of a YAML file begin: comments above a part belong to it."""
    yaml = YamlText(text, file)
    if yaml.diagnostics or not all(root.kind == "mapping" for root in yaml.roots):
        return None
    starts: list[tuple[int, PartKey]] = []
    floor = 1
    for root in yaml.roots:
        name = str(root.items[0][1].value) if root.items else ""
        for key, value in root.items:
            keys: list[tuple[Place, PartKey]] = [(key.place, (name, str(key.value)))]
            keys += [(place, (name, str(key.value), child)) for place, child in _children(key, value)]
            for place, part in keys:
                line = _with_comment(yaml.lines, place[0], floor)
                if line >= floor:
                    starts.append((line, part))
                    floor = place[0] + 1
    return starts if all(a < b for (a, _), (b, _) in itertools.pairwise(starts)) else None


def _children(key: Node, value: Node) -> list[tuple[Place, str]]:
    """The entries of a top-level list or mapping that stand on lines of their own."""
    if value.kind == "mapping":
        found = [(name.place, str(name.value)) for name, _ in value.items]
    else:
        named = [
            (e, next((e.get(k) for k in NAMING_KEYS if e.get(k) is not None), None)) for e in value.elements
        ]
        found = [(e.place, str(n.value)) for e, n in named if n is not None]
        if len(found) != len(value.elements):
            return []
    lines = [place[0] for place, _ in found]
    apart = all(a < b for a, b in zip([key.place[0], *lines], lines, strict=False))
    return found if apart else []


def _with_comment(lines: Sequence[str], line: int, floor: int) -> int:
    """First line of the comments, blank lines and document marks above a line."""
    while line > floor and (not lines[line - 2].strip() or lines[line - 2].lstrip().startswith(("#", "---"))):
        line -= 1
    return line
