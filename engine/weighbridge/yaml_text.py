"""A YAML text that can be edited: values are spliced in at the places `source` knows, nothing else moves.

Every operation gives the whole new text. It is read again and compared with what should have come out, so that a
splice that meant something else (a value shared by an alias, a text that cannot be written here) is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from weighbridge.diagnostics import Diagnostic, DiagnosticError, Span, suggest
from weighbridge.source import MAX_DEPTH, Node, Place, parse_yaml, scalar_span, split_lines, to_python
from weighbridge.yaml_writing import (
    WIDTH,
    block_lines,
    entry_lines,
    flow_text,
    folded_lines,
    item_lines,
    scalar_text,
)

ValuePath = tuple[str | int, ...]
NAMING_KEYS = ("id", "name", "rule", "scorecard")
"""The keys by which an item of a list is known, in this order."""
SHORT_FORMS = {"title": "en", "reason": "en", "source": "citation"}
"""Keys that may hold a plain text, and what the text is called in the full form."""

_LINE_END = re.compile(r"\r\n|\n|\r")
_HEADING = re.compile(r"={3,}|-{3,}")


class EditError(DiagnosticError):
    """The edit cannot be applied to the draft as it is; the diagnostics say why. Nothing has changed."""


@dataclass(frozen=True, slots=True)
class _Splice:
    start: int
    end: int
    text: str


class YamlText:
    """The text of a YAML file and the documents in it. Immutable: operations give the new text."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.roots, self.diagnostics = parse_yaml(text, file)
        self.lines = split_lines(text)
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text))]
        self._ends = [*(match.start() for match in _LINE_END.finditer(text)), len(text)]
        found = _LINE_END.search(text)
        self.newline = found[0] if found else "\n"

    # -- looking

    def steps(self, root: int, path: ValuePath) -> tuple[list[str | int], list[str | int]]:
        """The part of a path that exists, as keys and indices, and the rest of it."""
        node: Node = self.roots[root]
        found: list[str | int] = []
        for number, step in enumerate(path):
            child = _child(node, step)
            if child is None:
                return found, list(path[number:])
            key, node = child
            found.append(key)
        return found, []

    def node(self, root: int, path: ValuePath) -> Node | None:
        """The node at a path, or None."""
        steps, rest = self.steps(root, path)
        return None if rest else self.roots[root].find(tuple(steps))

    def existing(self, root: int, path: ValuePath) -> tuple[str | int, ...]:
        """The whole path as keys and indices. Raises `EditError` where it does not exist."""
        steps, rest = self.steps(root, path)
        if rest:
            raise self._missing(root, steps, rest[0])
        return tuple(steps)

    def _missing(self, root: int, steps: Sequence[str | int], step: str | int) -> EditError:
        node = cast(Node, self.roots[root].find(tuple(steps)))
        names = [str(key.value) for key, _ in node.items] or [_name(e) or "" for e in node.elements]
        where = " ".join(map(str, steps)) or self.file
        return EditError(
            [
                Diagnostic(
                    "WB702", f"there is no {str(step)!r} in {where}", node.span,
                    expected="something that exists in the draft", suggestion=suggest(str(step), names),
                )
            ]
        )  # fmt: skip

    def offset(self, line: int, column: int) -> int:
        """Place in the text of a line and column (from 1)."""
        return self._starts[line - 1] + column - 1

    def _range(self, place: Place) -> tuple[int, int]:
        return self.offset(place[0], place[1]), self.offset(place[2], place[3])

    def _is_flow(self, node: Node) -> bool:
        start, _ = self._range(node.place)
        return self.text[start : start + 1] in ("[", "{")

    def _in_flow(self, root: int, steps: Sequence[str | int]) -> bool:
        """Whether the value at a path stands inside brackets."""
        node = self.roots[root]
        for step in steps:
            if self._is_flow(node):
                return True
            node = cast(Node, node.get(step))
        return False

    # -- changing

    def set(self, root: int, path: ValuePath, value: Any, order: Sequence[str] = ()) -> str:
        """With the value at a path. What is equal already stays as it is written, also inside lists and mappings.

        A key that is not there yet goes where `order` (the usual order of keys) has it, else last.
        """
        steps, rest = self.steps(root, path)
        node = cast(Node, self.roots[root].find(tuple(steps)))
        if rest:
            return self._add(root, steps, rest, node, value, order)
        value = _plain(value)
        if not steps and not (isinstance(value, dict) and value):
            raise self._refused(node.span, "a whole document is replaced in the source")
        if _same(to_python(node), value):
            return self.text
        if node.kind == "mapping" and isinstance(value, dict) and value:
            return self._assign_mapping(root, tuple(steps), node, value)
        if node.kind == "sequence" and isinstance(value, list) and value and node.elements:
            return self._assign_list(root, tuple(steps), node, value)
        return self._replace(root, steps, node, value)

    def _assign_mapping(self, root: int, path: ValuePath, node: Node, value: dict[str, Any]) -> str:
        current = self
        # Added before removed, so that the mapping is never empty on the way.
        for name, entry in value.items():
            current = YamlText(current.set(root, (*path, name), entry, list(value)), self.file)
        for key, _ in node.items:
            if key.value not in value:
                current = YamlText(current.remove(root, (*path, str(key.value))), self.file)
        return current.text

    def _assign_list(self, root: int, path: ValuePath, node: Node, value: list[Any]) -> str:
        old = [to_python(element) for element in node.elements]
        first = 0
        while first < min(len(old), len(value)) and _same(old[first], value[first]):
            first += 1
        last = 0
        while last < min(len(old), len(value)) - first and _same(old[-1 - last], value[-1 - last]):
            last += 1
        current = self
        shared = min(len(old), len(value)) - first - last
        for index in range(first, first + shared):
            current = YamlText(current.set(root, (*path, index), value[index]), self.file)
        for index in range(first + shared, len(value) - last):
            current = YamlText(current.insert(root, path, value[index], index), self.file)
        for _ in range(first + shared, len(old) - last):
            current = YamlText(current.remove(root, (*path, first + shared)), self.file)
        return current.text

    def _replace(self, root: int, steps: Sequence[str | int], node: Node, value: Any) -> str:
        if self._is_alias(root, steps, node):
            raise self._refused(node.span, "the value is shared through an alias")
        candidates = []
        if node.kind == "scalar" and isinstance(node.value, str) and isinstance(value, str):
            candidates.append(self._within_scalar(node, value))
        candidates.append(self._whole_value(root, steps, node, value))
        return self._first_right(
            root, candidates, _with(to_python(self.roots[root]), steps, value), node.span
        )

    def _is_alias(self, root: int, steps: Sequence[str | int], node: Node) -> bool:
        if not steps:
            return False
        parent = cast(Node, self.roots[root].find(tuple(steps[:-1])))
        key = parent.key_node(str(steps[-1])) if parent.kind == "mapping" else None
        return (key.place if key is not None else parent.place)[:2] > node.place[:2]

    def _within_scalar(self, node: Node, value: str) -> list[_Splice]:
        """Only the characters that differ, where the text stands on several lines: line ends stay put."""
        old = cast(str, node.value)
        if node.place[0] == node.place[2]:
            return []
        first = 0
        while first < min(len(old), len(value)) and old[first] == value[first]:
            first += 1
        last = 0
        while last < min(len(old), len(value)) - first and old[-1 - last] == value[-1 - last]:
            last += 1
        # Widen to whole words: a place between two spaces is not exact where lines are folded.
        while first and not old[first - 1].isspace():
            first -= 1
        while last and not old[len(old) - last].isspace():
            last -= 1
        new = value[first : len(value) - last]
        removed = old[first : len(old) - last]
        if not new.strip() or not removed.strip():
            return []
        span = scalar_span(node, first, len(old) - last, self.lines)
        trimmed = new.strip()
        written = trimmed
        if node.style == "double":
            written = scalar_text(trimmed, style="double")[1:-1]
        elif node.style == "single":
            written = trimmed.replace("'", "''")
        start, end = self.offset(span.line, span.column), self.offset(span.end_line, span.end_column)
        return [_Splice(start, end, written)]

    def _whole_value(self, root: int, steps: Sequence[str | int], node: Node, value: Any) -> list[_Splice]:
        start, end = self._range(node.place)
        flow = self._in_flow(root, steps)
        if isinstance(value, str) and node.style in ("literal", "folded"):
            return [_Splice(start, end, self._block_scalar(node, value) or scalar_text(value))]
        gap = "" if start == 0 or self.text[start - 1] in " \t\n\r[{" else " "
        if not isinstance(value, dict | list):
            style = node.style if node.kind == "scalar" and node.style in ("single", "double") else "plain"
            text = scalar_text(value, flow=flow, style=style)
            if node.kind != "scalar" and not self._is_flow(node):
                start = self._after_key(root, steps)
                gap = " "
            return [_Splice(start, end, gap + text)]
        return [self._collection(root, steps, node, value, flow, gap)]

    def _collection(
        self, root: int, steps: Sequence[str | int], node: Node, value: Any, flow: bool, gap: str
    ) -> _Splice:
        """A list or mapping in the place of a value: on the line if it fits there, below its key otherwise."""
        start, end = self._range(node.place)
        text = flow_text(value)
        line = self.lines[node.place[0] - 1]
        fits = len(line[: node.place[1] - 1]) + len(text) <= WIDTH and node.place[0] == node.place[2]
        key_in_block = bool(steps) and isinstance(steps[-1], str) and not flow
        if flow or not value or fits or not key_in_block:
            if node.kind != "scalar" and not self._is_flow(node) and key_in_block:
                return _Splice(self._after_key(root, steps), end, " " + text)
            return _Splice(start, end, gap + text)
        parent = cast(Node, self.roots[root].find(tuple(steps[:-1])))
        indent = cast(Node, parent.key_node(str(steps[-1]))).place[1] - 1 + 2
        lines = ["", *block_lines(value, indent)]
        return _Splice(self._after_key(root, steps), end, self.newline.join(lines))

    def _after_key(self, root: int, steps: Sequence[str | int]) -> int:
        """Place behind the colon of a key."""
        parent = cast(Node, self.roots[root].find(tuple(steps[:-1])))
        key = parent.key_node(str(steps[-1]))
        if key is None:
            raise self._refused(parent.span, "this item cannot be replaced in place")
        return self.text.index(":", self.offset(key.place[2], key.place[3])) + 1

    def _block_scalar(self, node: Node, value: str) -> str | None:
        """The value as block scalar with the header and indentation of the old one."""
        header = self.lines[node.place[0] - 1][node.place[1] - 1 :]
        body = self.lines[node.place[0] : node.place[2]]
        indent = min((len(line) - len(line.lstrip()) for line in body if line.strip()), default=0)
        if not indent:
            return None
        if node.style == "folded":
            lines = folded_lines(value, indent)
        else:
            rows = value.removesuffix("\n").split("\n")
            lines = [" " * indent + row if row else "" for row in rows]
        return self.newline.join([header, *lines]) if lines else None

    # -- adding keys

    def _add(
        self,
        root: int,
        steps: list[str | int],
        rest: list[str | int],
        node: Node,
        value: Any,
        order: Sequence[str],
    ) -> str:
        if node.kind == "sequence" or not all(isinstance(step, str) for step in rest):
            raise self._missing(root, steps, rest[0])
        nested = _plain(value)
        for step in reversed(rest[1:]):
            nested = {step: nested}
        key = str(rest[0])
        if node.kind == "mapping":
            return self._add_key(root, steps, node, key, nested, order if len(rest) == 1 else ())
        short = SHORT_FORMS.get(str(steps[-1])) if steps else None
        if node.value is None:
            return self._replace(root, steps, node, {key: nested})
        if short is None or not isinstance(node.value, str):
            raise self._missing(root, steps, rest[0])
        full = {short: node.value, key: nested}
        return self._replace(root, steps, node, full)

    def _add_key(
        self, root: int, steps: list[str | int], node: Node, key: str, value: Any, order: Sequence[str]
    ) -> str:
        keys = [str(name.value) for name, _ in node.items]
        before = [
            name for name in keys if key in order and name in order and order.index(name) > order.index(key)
        ]
        at = keys.index(before[0]) if before else len(keys)
        splice = (
            self._key_in_flow(node, at, key, value)
            if self._is_flow(node)
            else self._key_in_block(node, at, key, value)
        )
        wanted = _with(to_python(self.roots[root]), [*steps, key], value)
        return self._first_right(root, [[splice]], wanted, node.span)

    def _key_in_flow(self, node: Node, at: int, key: str, value: Any) -> _Splice:
        text = f"{scalar_text(key, flow=True)}: {flow_text(value)}"
        return self._entry_in_flow(node, [entry for _, entry in node.items], at, text)

    def _entry_in_flow(self, node: Node, entries: Sequence[Node], at: int, text: str) -> _Splice:
        start, _ = self._range(node.place)
        if at == 0:
            return _Splice(start + 1, start + 1, text + (", " if entries else ""))
        _, end = self._range(entries[at - 1].place)
        line, column = entries[at - 1].place[2:]
        pad = self.lines[line - 1][: len(self.lines[line - 1]) - len(self.lines[line - 1].lstrip())]
        wraps = node.place[0] != node.place[2] and column + 2 + len(text) > WIDTH
        return _Splice(end, end, ("," + self.newline + pad if wraps else ", ") + text)

    def _key_in_block(self, node: Node, at: int, key: str, value: Any) -> _Splice:
        indent = node.items[0][0].place[1] - 1
        lines = entry_lines(key, value, indent)
        if at == 0:
            start, _ = self._range(node.items[0][0].place)
            return _Splice(start, start, self.newline.join(lines)[indent:] + self.newline + " " * indent)
        name, entry = node.items[at - 1]
        end = self._ends[max(name.place[2], entry.place[2]) - 1]
        return _Splice(end, end, self.newline + self.newline.join(lines))

    # -- lists

    def insert(self, root: int, path: ValuePath, value: Any, at: int) -> str:
        """With one more item in a list, in front of index `at`; the list is made where there is none."""
        steps, rest = self.steps(root, path)
        node = None if rest else self.roots[root].find(tuple(steps))
        value = _plain(value)
        if node is None or node.kind == "scalar" or not node.elements:
            if node is not None and node.kind == "scalar" and node.value is not None:
                raise self._refused(node.span, "a list is needed here")
            return self.set(root, path, [value])
        if node.kind != "sequence":
            raise self._refused(node.span, "a list is needed here")
        at = max(0, min(at, len(node.elements)))
        splice = (
            self._entry_in_flow(node, node.elements, at, flow_text(value))
            if self._is_flow(node)
            else self._item_in_block(node, at, value)
        )
        wanted = to_python(self.roots[root])
        _at(wanted, steps).insert(at, value)
        return self._first_right(root, [[splice]], wanted, node.span)

    def _item_in_block(self, node: Node, at: int, value: Any) -> _Splice:
        indent = node.place[1] - 1
        sibling = node.elements[max(0, at - 1)]
        lines = item_lines(value, indent, compact=sibling.kind != "mapping" or self._is_flow(sibling))
        return self._lines_in_block(node, at, lines)

    def _lines_in_block(self, node: Node, at: int, lines: list[str]) -> _Splice:
        """Lines of an item in front of index `at`, with a blank line between where the others have one."""
        chunks = self._chunks(node)
        apart = len(chunks) > 1 and any(
            not self.lines[chunks[i][0] - 2].strip() for i in range(1, len(chunks))
        )
        if at == 0:
            start = self._starts[chunks[0][0] - 1]
            return _Splice(start, start, self.newline.join([*lines, *([""] if apart else []), ""]))
        end = self._ends[chunks[at - 1][1] - 1]
        return _Splice(end, end, self.newline.join(["", *([""] if apart else []), *lines]))

    def _chunks(self, node: Node) -> list[tuple[int, int]]:
        """First and last line of every item of a block list, comments right above an item included."""
        chunks = []
        for element in node.elements:
            first = self._dash_line(node, element)
            chunks.append((self._lead(first, node.place[1]), max(first, element.place[2])))
        return chunks

    def _dash_line(self, node: Node, element: Node) -> int:
        column = node.place[1] - 1
        for line in range(min(element.place[0], len(self.lines)), node.place[0] - 1, -1):
            text = self.lines[line - 1]
            if text[column : column + 1] == "-" and not text[:column].strip():
                return line
        raise self._refused(element.span, "this list stands inside another on the same line")

    def _lead(self, line: int, column: int) -> int:
        """First line of the comment right above a line, if it speaks of it: same column, no heading."""
        while line > 1:
            above = self.lines[line - 2]
            if not above.startswith("#", column - 1) or above[: column - 1].strip() or _HEADING.search(above):
                return line
            if line == 2 and "yaml-language-server" in above:
                return line
            line -= 1
        return line

    def copy(self, root: int, path: ValuePath, new_id: str) -> str:
        """With a copy of a list item right behind it, as it is written, under a new id or name."""
        steps = self.existing(root, path)
        index = steps[-1]
        parent = cast(Node, self.roots[root].find(steps[:-1]))
        node = cast(Node, self.roots[root].find(steps))
        key = next((name for name in NAMING_KEYS if node.kind == "mapping" and node.get(name)), None)
        if key is None or not isinstance(index, int):
            raise self._refused(node.span, "only items that have an id can be copied")
        if any(_name(element) == new_id for element in parent.elements):
            raise self._refused(node.span, f"{new_id!r} is there already")
        wanted = to_python(self.roots[root])
        _at(wanted, steps[:-1]).insert(index + 1, to_python(node))
        if self._is_flow(parent):
            start, end = self._range(node.place)
            splice = self._entry_in_flow(parent, parent.elements, index + 1, self.text[start:end])
        else:
            first = self._dash_line(parent, node)
            lines = self.lines[first - 1 : max(first, node.place[2])]
            splice = self._lines_in_block(parent, index + 1, list(lines))
        copied = YamlText(self._first_right(root, [[splice]], wanted, node.span), self.file)
        return copied.set(root, (*steps[:-1], index + 1, key), new_id)

    def move(self, root: int, path: ValuePath, to: int) -> str:
        """With a list item at another index; its comments go with it, headings stay."""
        steps = self.existing(root, path)
        index, parent = steps[-1], cast(Node, self.roots[root].find(steps[:-1]))
        if not isinstance(index, int):
            raise self._refused(parent.span, "only items of lists can be moved")
        to = max(0, min(to, len(parent.elements) - 1))
        wanted = to_python(self.roots[root])
        items = _at(wanted, steps[:-1])
        items.insert(to, items.pop(index))
        if to == index:
            return self.text
        splices = (
            self._reordered(parent, index, to) if self._is_flow(parent) else self._carried(parent, index, to)
        )
        return self._first_right(root, [splices], wanted, parent.span)

    def _reordered(self, parent: Node, index: int, to: int) -> list[_Splice]:
        """Inside brackets: the texts change places, commas and line ends stay."""
        order = list(range(len(parent.elements)))
        order.insert(to, order.pop(index))
        ranges = [self._range(element.place) for element in parent.elements]
        texts = [self.text[start:end] for start, end in ranges]
        return [_Splice(*ranges[i], texts[o]) for i, o in enumerate(order) if i != o]

    def _carried(self, parent: Node, index: int, to: int) -> list[_Splice]:
        """The lines of one item cut out and put in behind its new neighbour, so that headings stay where they are."""
        first, last = self._chunks(parent)[index]
        lines = list(self.lines[first - 1 : last])
        put = self._lines_in_block(parent, to if to < index else to + 1, lines)
        return [self._cut_in_block(parent, index), put]

    # -- removing

    def remove(self, root: int, path: ValuePath, *, prune: bool = False) -> str:
        """Without a key or item and the comment right above it. `prune` takes parents that become empty too."""
        steps = self.existing(root, path)
        if not steps:
            raise self._refused(self.roots[root].span, "a whole document is removed in the source")
        parent = cast(Node, self.roots[root].find(steps[:-1]))
        while prune and len(parent.items) + len(parent.elements) == 1 and len(steps) > 1:
            steps = steps[:-1]
            parent = cast(Node, self.roots[root].find(steps[:-1]))
        wanted = to_python(self.roots[root])
        del _at(wanted, steps[:-1])[steps[-1]]
        if len(parent.items) + len(parent.elements) == 1:
            return self._replace(root, steps[:-1], parent, {} if parent.kind == "mapping" else [])
        number = (
            steps[-1]
            if isinstance(steps[-1], int)
            else [str(key.value) for key, _ in parent.items].index(steps[-1])
        )
        cut = self._cut_in_flow if self._is_flow(parent) else self._cut_in_block
        return self._first_right(root, [[cut(parent, number)]], wanted, parent.span)

    def _cut_in_flow(self, parent: Node, number: int) -> _Splice:
        starts = [key.place for key, _ in parent.items] or [e.place for e in parent.elements]
        ends = [value.place for _, value in parent.items] or [e.place for e in parent.elements]
        if number + 1 < len(starts):
            return _Splice(self._range(starts[number])[0], self._range(starts[number + 1])[0], "")
        return _Splice(self._range(ends[number - 1])[1], self._range(ends[number])[1], "")

    def _cut_in_block(self, parent: Node, number: int) -> _Splice:
        if parent.kind == "sequence":
            first, last = self._chunks(parent)[number]
        else:
            key, value = parent.items[number]
            if self.lines[key.place[0] - 1][: key.place[1] - 1].strip():
                # The first key of a list item stands behind its dash, where the next key goes now.
                return _Splice(
                    self._range(key.place)[0], self._range(parent.items[number + 1][0].place)[0], ""
                )
            first = self._lead(key.place[0], key.place[1])
            last = max(key.place[2], value.place[2])
        if last >= len(self.lines) or not self.lines[last].strip():
            # One of the blank lines around it goes too: above, or below a heading.
            whole = first
            while first > 1 and not self.lines[first - 2].strip():
                first -= 1
            below = first == whole and (number == 0 or self.lines[first - 2].lstrip().startswith("#"))
            while below and last + 1 < len(self.lines) and not self.lines[last].strip():
                last += 1
        if last >= len(self.lines):
            return _Splice(self._ends[first - 2], len(self.text), "")
        return _Splice(self._starts[first - 1], self._starts[last], "")

    # -- proof

    def _first_right(self, root: int, candidates: list[list[_Splice]], wanted: Any, span: Span) -> str:
        """The first text whose documents are what they should be. Raises `EditError` when none is."""
        data = [to_python(node) for node in self.roots]
        data[root] = wanted
        for splices in filter(None, candidates):
            text = _spliced(self.text, splices)
            roots, problems = parse_yaml(text, self.file)
            if len(problems) <= len(self.diagnostics) and _same([to_python(node) for node in roots], data):
                return text
        raise self._refused(span, "this cannot be changed without touching something else, such as an alias")

    def _refused(self, span: Span, why: str) -> EditError:
        return EditError([Diagnostic("WB701", why, span, expected="an edit of the source")])


def _spliced(text: str, splices: Sequence[_Splice]) -> str:
    for splice in sorted(splices, key=lambda s: s.start, reverse=True):
        text = text[: splice.start] + splice.text + text[splice.end :]
    return text


def _name(node: Node) -> str | None:
    """What a list item is called."""
    if node.kind == "scalar":
        return None if node.value is None else str(node.value)
    named = next((node.get(key) for key in NAMING_KEYS if node.get(key) is not None), None)
    return None if named is None or named.kind != "scalar" else str(named.value)


def _child(node: Node, step: str | int) -> tuple[str | int, Node] | None:
    if node.kind == "sequence" and isinstance(step, str):
        return next(((i, e) for i, e in enumerate(node.elements) if _name(e) == step), None)
    if node.kind == "mapping" and isinstance(step, int):
        return None
    child = node.get(step) if node.kind != "scalar" else None
    return None if child is None else (step, child)


def _plain(value: Any, depth: int = 0) -> Any:
    """The value as reading it back gives it: dates are text, tuples lists, whole floats whole numbers.

    Raises `EditError` for what is nested deeper than a file may be.
    """
    if depth > MAX_DEPTH:
        raise EditError(
            [Diagnostic("WB701", "the value is nested too deep", expected=f"at most {MAX_DEPTH} levels")]
        )
    if isinstance(value, Mapping):
        return {str(key): _plain(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(entry, depth + 1) for entry in cast("list[Any]", value)]
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float | Decimal):
        number = float(value)
        return int(number) if number.is_integer() and abs(number) < 1e15 else number
    if hasattr(value, "item"):  # a number of NumPy, as grids give them
        return _plain(value.item(), depth)
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _same(a: Any, b: Any) -> bool:
    """Equal (1 and 1.0 are, True and 1 are not), whatever the order of keys."""
    if type(a) is str and type(b) is str:
        return a == b
    if type(a) is dict and type(b) is dict and a.keys() == b.keys():
        return all(_same(value, b[key]) for key, value in a.items())
    if type(a) is list and type(b) is list:
        return len(a) == len(b) and all(map(_same, a, b))
    return _key(a) == _key(b)


def _key(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _at(data: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        data = data[step]
    return data


def _with(data: Any, steps: Sequence[str | int], value: Any) -> Any:
    """The plain data with another value at a path."""
    if not steps:
        return value
    _at(data, steps[:-1])[steps[-1]] = value
    return data
