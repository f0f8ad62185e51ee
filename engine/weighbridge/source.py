"""Source text with positions: YAML into nodes. (`table_text` does the same for CSV.)

YAML is read by the 1.2 core schema (`NO`, `on`, `12:30`, `2026-01-01` are text, `1e3` is a number), stricter
in one point: digits with a leading zero are text (`00123`, `007.5`). PyYAML's C parser supplies events with
marks; the nodes are built here, so that depth, aliases and keys are checked while reading and nothing is ever
expanded, recursed into or converted before it is known to be harmless.
"""

from __future__ import annotations

import codecs
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, NamedTuple

import yaml

from weighbridge.diagnostics import Diagnostic, Span
from weighbridge.syntax_errors import explain_syntax_error

MAX_BYTES = 20_000_000
MAX_DEPTH = 64
MAX_DIGITS = 40
MAX_ALIAS_NODES = 100_000
"""How many nodes aliases may add to those that are written out."""
MAX_REPEATED = 20
"""How many bad characters and broken documents are listed for one file; such problems tend to repeat."""

NodeKind = Literal["mapping", "sequence", "scalar"]
ScalarStyle = Literal["plain", "single", "double", "literal", "folded"]
ScalarValue = str | int | float | bool | None
Place = tuple[int, int, int, int]
"""Line, column, end line and end column of a `Span`; there are too many nodes to give each its own Span."""

_STYLES: dict[str | None, ScalarStyle] = {"'": "single", '"': "double", "|": "literal", ">": "folded"}


class Node(NamedTuple):
    """One YAML node (a tuple, since large projects have a million).

    An aliased node is one object that is met in several places; it keeps the span of its anchor.
    """

    kind: NodeKind
    file: str
    place: Place
    value: ScalarValue = None
    """The resolved value of a scalar."""
    style: ScalarStyle = "plain"
    items: tuple[tuple[Node, Node], ...] = ()
    """Keys and values of a mapping, in order; keys are text scalars and unique."""
    elements: tuple[Node, ...] = ()

    @property
    def span(self) -> Span:
        """Where the node is written."""
        return Span(self.file, *self.place)

    @property
    def is_quoted(self) -> bool:
        """Whether this is a scalar in quotes or a block scalar, and so text whatever it looks like."""
        return self.style != "plain"

    def get(self, key: str | int) -> Node | None:
        """The value under a key, or the element at an index; None when there is none."""
        if isinstance(key, int):
            return self.elements[key] if 0 <= key < len(self.elements) else None
        return next((value for name, value in self.items if name.value == key), None)

    def key_node(self, key: str) -> Node | None:
        """The node of the key itself; None when the mapping has no such key."""
        return next((name for name, _ in self.items if name.value == key), None)

    def find(self, path: tuple[str | int, ...]) -> Node | None:
        """The node at `path` (keys and indices from here), or None when the path leaves the tree."""
        node: Node | None = self
        for step in path:
            node = node.get(step) if node is not None else None
        return node


def to_python(node: Node) -> Any:
    """Plain Python data: dict, list and scalars. Aliased nodes become copies (their number is bounded)."""
    if node.kind == "scalar":
        return node.value
    if node.kind == "sequence":
        return [
            element.value if element.kind == "scalar" else to_python(element) for element in node.elements
        ]
    return {
        key.value: value.value if value.kind == "scalar" else to_python(value) for key, value in node.items
    }


# ---- text

_BOMS: tuple[tuple[bytes, str], ...] = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# What YAML calls printable, less the line breaks that only YAML 1.1 knew and inner byte-order marks.
_FORBIDDEN = re.compile(
    "[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufefe\uff00-\ufffd\U00010000-\U0010ffff]"
)
_CHARACTER_NAMES = {
    "\x00": "a zero byte",
    "\x85": "a next-line mark",
    "\u2028": "a line separator",
    "\u2029": "a paragraph separator",
    "\ufeff": "a byte-order mark inside the text",
}


def split_lines(text: str) -> list[str]:
    """The lines of `text` without their ends; CR, LF and CRLF end a line, nothing else does."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def decode(data: bytes | str, file: str) -> tuple[str | None, list[Diagnostic]]:
    """Text of a file without byte-order mark; None (and the reason) when it is too large or not Unicode."""
    start = Span(file, 1, 1, 1, 1)
    if len(data) > MAX_BYTES:
        message = f"the file has more than {MAX_BYTES:,} bytes"
        return None, [
            Diagnostic(
                "WB006", message, start, expected="a smaller file: split it, or move rows to a CSV table"
            )
        ]
    if isinstance(data, str):
        return data.removeprefix("\ufeff"), []
    encoding = next((name for mark, name in _BOMS if data.startswith(mark)), "utf-8")
    try:
        return data.decode(encoding), []
    except UnicodeDecodeError as error:
        before = data[: error.start].decode(encoding, errors="replace").removeprefix("\ufeff")
        line, column = _end_position(before)
        found = f"byte 0x{data[error.start]:02x}" if error.start < len(data) else "the end"
        name = "UTF-8" if "utf-8" in encoding else encoding.upper()
        message = f"the file is not valid {name}: {found} cannot be read"
        span = Span(file, line, column, line, column + 1)
        return None, [Diagnostic("WB001", message, span, expected="a file saved as UTF-8")]


def _end_position(text: str) -> tuple[int, int]:
    lines = split_lines(text)
    return len(lines), len(lines[-1]) + 1


def _replace_forbidden(text: str, file: str) -> tuple[str, list[Diagnostic]]:
    """Report characters nobody can see, and put a visible mark in their place so that reading can go on."""
    if _FORBIDDEN.search(text) is None:
        return text, []
    problems: list[Diagnostic] = []
    for number, line in enumerate(split_lines(text), 1):
        for match in _FORBIDDEN.finditer(line):
            character = match[0]
            what = _CHARACTER_NAMES.get(
                character, "a control character" if character < "\xa0" else "a broken character"
            )
            span = Span(file, number, match.start() + 1, number, match.end() + 1)
            message = f"{what} (U+{ord(character):04X}) is not allowed"
            problems.append(
                Diagnostic(
                    "WB009", message, span, expected="remove it, or write it as an escape in double quotes"
                )
            )
    return _FORBIDDEN.sub("\ufffd", text), problems[:MAX_REPEATED]


# ---- scalars

_CORE_WORDS: dict[str, ScalarValue] = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
    ".inf": math.inf, ".Inf": math.inf, ".INF": math.inf,
    "+.inf": math.inf, "+.Inf": math.inf, "+.INF": math.inf,
    "-.inf": -math.inf, "-.Inf": -math.inf, "-.INF": -math.inf,
    ".nan": math.nan, ".NaN": math.nan, ".NAN": math.nan,
}  # fmt: skip
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_BASED = re.compile(r"0x[0-9a-fA-F]+|0o[0-7]+", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NUMBER_START = frozenset("-+.0123456789")
_NOT_ONLY_TEXT = _NUMBER_START | frozenset(["", *"~nNtTfF"])
"""How plain scalars begin that may be something else than text (the empty one included)."""


class NumberOutOfRange(ValueError):
    """A plain scalar looks like a number that is too long or not finite."""


def resolve(text: str) -> ScalarValue:
    """The value of a plain scalar by the YAML 1.2 core schema; raises `NumberOutOfRange`."""
    if text in _CORE_WORDS:
        return _CORE_WORDS[text]
    if text[0] not in _NUMBER_START:
        return text
    integer = _INTEGER.fullmatch(text) is not None
    if integer or _BASED.fullmatch(text):
        if len(text) > MAX_DIGITS:
            raise NumberOutOfRange(text)
        return int(text) if integer else int(text, 0)
    if _FLOAT.fullmatch(text):
        number = float(text) if len(text) <= MAX_DIGITS else math.inf
        if math.isinf(number):
            raise NumberOutOfRange(text)
        return number
    return text


# ---- YAML


class _Abandoned(Exception):
    """The document cannot be read further; the problem has been reported. `line` (from 0) is where it was."""

    def __init__(self, line: int) -> None:
        self.line = line


@dataclass(slots=True, eq=False)
class _Open:
    """A list or mapping whose end has not been read yet."""

    event: Any
    before: int
    """Number of nodes before this one, aliases expanded."""
    is_mapping: bool
    wants_key: bool
    """Whether the next node is a key."""
    height: int = 1
    key: Node | None = None
    """The key whose value comes next; None drops the value, because something is wrong with the key."""
    seen: dict[str, Node] = field(default_factory=dict[str, Node])
    items: list[tuple[Node, Node]] = field(default_factory=list[tuple[Node, Node]])
    elements: list[Node] = field(default_factory=list[Node])


@dataclass(frozen=True, slots=True)
class _Anchored:
    node: Node
    size: int
    height: int


class _YamlReader:
    """Builds nodes from the parser's events, one file at a time."""

    def __init__(self, file: str, lines: list[str]) -> None:
        self.file = file
        self.lines = lines
        self.roots: list[Node] = []
        self.diagnostics: list[Diagnostic] = []
        self._clear()

    def _clear(self) -> None:
        self.stack: list[_Open] = []
        self.anchors: dict[str, _Anchored | None] = {}
        self.size = 0
        self.from_aliases = 0
        self.root: Node | None = None

    def read(self, text: str) -> None:
        """Read all of `text`; raises `_Abandoned` or a YAML error when a document cannot be finished."""
        next_event = yaml.CSafeLoader(text).get_event
        handlers: dict[type, Callable[[Any], None]] = {
            yaml.ScalarEvent: self._scalar,
            yaml.MappingStartEvent: self._open,
            yaml.MappingEndEvent: self._close,
            yaml.SequenceStartEvent: self._open,
            yaml.SequenceEndEvent: self._close,
            yaml.AliasEvent: self._alias,
            yaml.DocumentStartEvent: self._start_document,
            yaml.DocumentEndEvent: self._end_document,
        }
        while True:
            event = next_event()
            handle = handlers.get(type(event))
            if handle is not None:
                handle(event)
            elif type(event) is yaml.StreamEndEvent:
                return

    def stop(self, error: Diagnostic) -> None:
        """Report why a document cannot be read further; what was said about that line before goes with it."""
        line = error.span.line if error.span is not None else 0
        kept = [d for d in self.diagnostics if d.code != "WB002" or d.span is None or d.span.line != line]
        self.diagnostics = [*kept, error]

    def _report(self, code: str, message: str, span: Span, expected: str, *related: tuple[str, Span]) -> None:
        self.diagnostics.append(Diagnostic(code, message, span, expected=expected, related=related))

    def _span(self, event: Any) -> Span:
        start, end = event.start_mark, event.end_mark
        return Span(self.file, start.line + 1, start.column + 1, end.line + 1, end.column + 1)

    def _start_document(self, event: Any) -> None:
        self._clear()
        if event.tags or event.version not in (None, (1, 2)):
            self._report(
                "WB004", "directives are not used here", self._span(event), "files without % lines (YAML 1.2)"
            )

    def _end_document(self, _: Any) -> None:
        root = self.root
        if root is not None and not (root.kind == "scalar" and root.value is None):
            self.roots.append(root)

    # -- nodes

    def _scalar(self, event: Any) -> None:
        start, end = event.start_mark, event.end_mark
        place = (start.line + 1, start.column + 1, end.line + 1, end.column + 1)
        value: ScalarValue = event.value
        style: ScalarStyle = _STYLES.get(event.style, "plain")
        if event.tag is not None:
            self._tag(event)
        elif style == "plain":
            # Most texts begin with a letter that begins no other kind of value: no need to look closer.
            if event.value[:1] in _NOT_ONLY_TEXT and not (self.stack and self.stack[-1].wants_key):
                value = self._resolve(event)
        elif style == "literal" or style == "folded":
            place = self._block_place(place)
        # Past Node's own constructor, which takes as long as everything else here.
        node = tuple.__new__(Node, ("scalar", self.file, place, value, style, (), ()))
        if event.anchor is not None:
            self.anchors[event.anchor] = _Anchored(node, 1, 0)
        self._add(node, 1, 0)

    def _resolve(self, event: Any) -> ScalarValue:
        try:
            return resolve(event.value)
        except NumberOutOfRange:
            expected = f"a finite number of at most {MAX_DIGITS} characters, or quotes if it is text"
            self._report("WB008", "this number is too long or too large", self._span(event), expected)
            return None

    def _block_place(self, place: Place) -> Place:
        """A block scalar's mark ends where the next token begins; end it with its last line of text."""
        line, column, end_line, end_column = place
        last = min(end_line - 1 if end_column == 1 else end_line, len(self.lines))
        while last > line and not self.lines[last - 1].strip():
            last -= 1
        return line, column, last, len(self.lines[last - 1]) + 1

    def _tag(self, event: Any) -> None:
        span = self._span(event)
        written = self.lines[span.line - 1][span.column - 1 :].split(maxsplit=1)[0]
        span = Span(span.file, span.line, span.column, span.line, span.column + len(written))
        expected = "a plain value; a text that begins with '!' must be in quotes"
        self._report("WB004", f"the tag {written!r} is not allowed", span, expected)

    def _open(self, event: Any) -> None:
        if event.tag is not None:
            self._tag(event)
        if len(self.stack) >= MAX_DEPTH:
            self._report(
                "WB006",
                "lists and mappings are nested too deep",
                self._span(event),
                f"at most {MAX_DEPTH} levels",
            )
            raise _Abandoned(event.start_mark.line)
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        is_mapping = type(event) is yaml.MappingStartEvent
        self.stack.append(_Open(event, self.size, is_mapping, wants_key=is_mapping))
        self.size += 1

    def _close(self, event: Any) -> None:
        opened = self.stack.pop()
        start, end = opened.event.start_mark, event.end_mark
        line, column = end.line + 1, end.column + 1
        last = opened.items[-1][1] if opened.items else opened.elements[-1] if opened.elements else None
        if not opened.event.flow_style and last is not None:
            # A block collection's own end mark lies where the next token begins (and an alias ends anywhere).
            line, column = max(last.place[2:], (start.line + 1, start.column + 2))
        place = (start.line + 1, start.column + 1, line, column)
        kind: NodeKind = "mapping" if opened.is_mapping else "sequence"
        items, elements = tuple(opened.items), tuple(opened.elements)
        node = Node(kind, self.file, place, items=items, elements=elements)
        if opened.event.anchor is not None:
            self.anchors[opened.event.anchor] = _Anchored(node, self.size - opened.before, opened.height)
        self._add(node, 0, opened.height)

    def _alias(self, event: Any) -> None:
        span = self._span(event)
        target = self.anchors.get(event.anchor)
        if target is None:
            known = event.anchor in self.anchors
            message = f"the alias *{event.anchor} " + (
                "contains itself" if known else "has no anchor before it"
            )
            self._report(
                "WB005", message, span, "the value written out; a text that begins with '*' must be in quotes"
            )
            place = (span.line, span.column, span.end_line, span.end_column)
            self._add(Node("scalar", self.file, place), 1, 0)
            return
        self.from_aliases += target.size
        if self.from_aliases > MAX_ALIAS_NODES or len(self.stack) + target.height > MAX_DEPTH:
            message = "the aliases of this document grow beyond all bounds"
            expected = f"aliases that stand for at most {MAX_ALIAS_NODES:,} values and {MAX_DEPTH} levels"
            self._report("WB005", message, span, expected)
            raise _Abandoned(event.start_mark.line)
        self._add(target.node, target.size, target.height, alias=span)

    # -- putting nodes together

    def _add(self, node: Node, size: int, height: int, alias: Span | None = None) -> None:
        self.size += size
        if not self.stack:
            self.root = node
            return
        opened = self.stack[-1]
        if height >= opened.height:
            opened.height = height + 1
        if not opened.is_mapping:
            opened.elements.append(node)
        elif opened.wants_key:
            opened.wants_key = False
            opened.key = self._key(opened, node, alias)
        else:
            opened.wants_key = True
            key = opened.key
            if key is None:
                return
            if node.value is None and node.place[:2] == key.place[2:] and opened.event.flow_style:
                self._lone_key(opened, key)
            else:
                opened.items.append((key, node))

    def _lone_key(self, opened: _Open, key: Node) -> None:
        """Report `{some text, and more}` and `{text}`, which YAML reads as keys without values."""
        if len(opened.seen) > 1:
            message = f"the comma before {key.value!r} makes it a key of its own, without a value"
            self._report("WB002", message, key.span, "quotes around a text that contains a comma")
        else:
            expected = f"'{key.value}: ...', or quotes around a text that begins with '{{'"
            self._report("WB002", f"the key {key.value!r} has no value", key.span, expected)

    def _key(self, opened: _Open, node: Node, alias: Span | None) -> Node | None:
        """The node as a key of the mapping; None (with a diagnostic) when it cannot be one."""
        if alias is not None or node.kind != "scalar" or (node.value == "" and not node.is_quoted):
            what = "an alias" if alias else "empty" if node.kind == "scalar" else f"a {node.kind}"
            expected = "plain text as key; a text that begins with '{' or '[' must be in quotes"
            self._report("WB007", f"this key is {what}", alias or node.span, expected)
            return None
        text = str(node.value)
        if text == "<<" and not node.is_quoted:
            self._report(
                "WB005", "merge keys (<<) are not part of YAML 1.2", node.span, "the keys written out"
            )
            return None
        first = opened.seen.setdefault(text, node)
        if first is not node:
            message = f"the key {text!r} stands twice in this mapping"
            self._report("WB003", message, node.span, "each key once", ("it first stands here", first.span))
            return None
        return node


RECENT, LONGEST_RECENT = 6, 300_000
"""How many texts are remembered with what they say, and how long each may be: an edit reads one text several times, to
see what came of it, to check the project and to show it."""


def parse_yaml(data: bytes | str, file: str) -> tuple[list[Node], list[Diagnostic]]:
    """The documents of a YAML file that could be read, and everything that is wrong with its text.

    A document with broken syntax is left out; reading goes on at the next `---`, so that one run reports the
    problems of all documents. Empty documents are left out silently.
    """
    text, diagnostics = decode(data, file)
    if text is None:
        return [], diagnostics
    roots, found = (_recent if len(text) <= LONGEST_RECENT else _read)(text, file)
    return list(roots), sorted([*diagnostics, *found], key=position)


def _read(text: str, file: str) -> tuple[tuple[Node, ...], tuple[Diagnostic, ...]]:
    text, forbidden = _replace_forbidden(text, file)
    lines = split_lines(text)
    reader = _YamlReader(file, lines)
    start = 0
    for _ in range(MAX_REPEATED):
        try:
            # Blank lines stand for what has been read, so that marks keep counting from the top of the file.
            reader.read(text if start == 0 else "\n" * start + "\n".join(lines[start:]))
            break
        except _Abandoned as stop:
            stopped = stop.line
        except yaml.MarkedYAMLError as error:
            stopped = error.problem_mark.line if error.problem_mark is not None else len(lines)
            reader.stop(explain_syntax_error(error, file, lines))
        following = _next_document(lines, max(stopped, start + 1))
        if following is None:
            break
        start = following
    return tuple(reader.roots), (*forbidden, *reader.diagnostics)


_recent = lru_cache(maxsize=RECENT)(_read)


def position(diagnostic: Diagnostic) -> tuple[int, int]:
    """Line and column, for sorting the diagnostics of one file."""
    return (diagnostic.span.line, diagnostic.span.column) if diagnostic.span else (0, 0)


def _next_document(lines: list[str], first: int) -> int | None:
    """Index of the first line at or after `first` that begins a document."""
    starts = (i for i in range(first, len(lines)) if lines[i].startswith("---") and not lines[i][3:4].strip())
    return next(starts, None)


# ---- places inside scalars

_ESCAPE_LENGTH = {"x": 4, "u": 6, "U": 10}
_SIMPLE_ESCAPES = dict(
    zip('0abt\tnvfre "/\\N_LP', '\0\a\b\t\t\n\v\f\r\x1b "/\\\x85\xa0\u2028\u2029', strict=True)
)


@dataclass(frozen=True, slots=True)
class _Unit:
    """One visible character of a scalar's value and where it is written."""

    character: str
    line: int
    column: int
    end_column: int


def scalar_span(node: Node, start: int, end: int, lines: Sequence[str]) -> Span:
    """Where the characters `start` to `end` (exclusive) of a scalar's text stand in the source.

    Exact for every style: what folding and escapes leave unchanged is the sequence of visible characters, so
    the n-th visible character of the value is the n-th visible character of the source. The span of the whole
    node is returned when the two do not agree.
    """
    whole = node.span
    if node.kind != "scalar":
        return whole
    units = list(_units(node, lines))
    value = node.value if isinstance(node.value, str) else "".join(unit.character for unit in units)
    if [unit.character for unit in units] != [c for c in value if not c.isspace()]:
        return whole
    if not units:
        return whole
    start, end = max(0, min(start, len(value))), max(0, min(end, len(value)))
    first = sum(not c.isspace() for c in value[:start])
    last = first + sum(not c.isspace() for c in value[start:end])
    if last > first:
        head, tail = units[first], units[last - 1]
        return Span(whole.file, head.line, head.column, tail.line, tail.end_column)
    if first < len(units) and start < len(value) and not value[start].isspace():
        head = units[first]
        return Span(whole.file, head.line, head.column, head.line, head.column)
    before = units[first - 1] if first else units[0]
    return Span(whole.file, before.line, before.end_column, before.line, before.end_column + (end > start))


def _units(node: Node, lines: Sequence[str]) -> Iterator[_Unit]:
    span = node.span
    quoted = node.style in ("single", "double")
    block = node.style in ("literal", "folded")
    for number in range(span.line + block, span.end_line + 1):
        text = lines[number - 1] if number <= len(lines) else ""
        at = span.column - 1 + quoted if number == span.line else 0
        stop = span.end_column - 1 - quoted if number == span.end_line else len(text)
        while at < stop:
            character, width = _character(text, at, node.style)
            if not character.isspace() and character:
                yield _Unit(character, number, at + 1, at + width + 1)
            at += width


def _character(text: str, at: int, style: ScalarStyle) -> tuple[str, int]:
    """The character of the value that is written at `at`, and how many characters of source it takes."""
    if style == "single" and text.startswith("''", at):
        return "'", 2
    if style != "double" or text[at] != "\\":
        return text[at], 1
    letter = text[at + 1 : at + 2]
    length = _ESCAPE_LENGTH.get(letter)
    if length is not None:
        return chr(int(text[at + 2 : at + length], 16)), length
    return _SIMPLE_ESCAPES.get(letter, ""), 2
