"""Google Merchant XML feed: RSS 2.0 or Atom 1.0 with attributes in the g: namespace.

The XML is read as a stream, item by item, straight from expat: nothing is built that could grow with the
file, and every attribute keeps its line. Document types are refused before they can declare anything, which
leaves no entities to expand and nothing outside the file to fetch. XML that is not well-formed ends the
feed at that line; the items above it are read.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any
from xml.parsers import expat

from weighbridge.diagnostics import Diagnostic
from weighbridge.feeds import google
from weighbridge.feeds.bytestream import open_bytes
from weighbridge.feeds.cells import Reading
from weighbridge.feeds.columns import Fault, base_reading, bind, near_misses, never_seen, plan_for
from weighbridge.feeds.feed import (
    MAX_LINE,
    READ_ERRORS,
    Feed,
    FeedError,
    FeedFormat,
    FeedInfo,
    FeedRequest,
    Head,
    Row,
)

CHUNK = 1 << 16
MAX_DEPTH = 50
MAX_NAMES = 10_000

_SEPARATOR = " "
_GOOGLE = ("http://base.google.com/ns/1.0", "https://base.google.com/ns/1.0")
_ATOM = "http://www.w3.org/2005/Atom"
_RSS1 = "http://purl.org/rss/1.0/"
_PLAIN = ("", _ATOM, _RSS1)
# Atom's own names for what Google calls otherwise; g: elements of the same name win.
_ATOM_NAMES = {"summary": "description", "content": "description"}

Place = tuple[int, int]
"""Line and column, both from 1."""


class _Refused(Exception):
    """The XML has something that no feed needs; raised inside expat's callbacks."""

    def __init__(self, code: str, message: str, expected: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.expected = code, message, expected


@dataclass(slots=True)
class _Item:
    """One item: attribute -> its texts, and where each attribute stands first."""

    line: int
    texts: dict[str, list[str]] = field(default_factory=dict[str, list[str]])
    places: dict[str, Place] = field(default_factory=dict[str, Place])
    plain: dict[str, str] = field(default_factory=dict[str, str])
    size: int = 0

    def add(self, name: str, text: str, place: Place, *, own: bool) -> None:
        """An attribute; `own` if it is Google's and not one of the RSS or Atom elements beside them."""
        if own:
            self.texts.setdefault(name, []).append(text)
            self.places.setdefault(name, place)
        elif name not in self.plain:
            self.plain[name] = text
            self.places.setdefault(name, place)


class _Parser:
    """Feeds bytes to expat and collects finished items."""

    def __init__(self) -> None:
        self.items: deque[_Item] = deque()
        self.root: str | None = None
        self._depth = 0
        self._item: _Item | None = None
        self._item_depth = 0
        self._open: list[tuple[str, bool, Place]] = []
        self._text: list[str] = []
        self._fed = 0
        self._expat = parser = expat.ParserCreate(namespace_separator=_SEPARATOR)
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype

    def feed(self, data: bytes, last: bool) -> None:
        """Parse more. Raises expat.ExpatError and _Refused."""
        self._fed += len(data)
        try:
            self._expat.Parse(data, last)
        except (LookupError, ValueError) as error:
            raise _Refused("WB425", f"the XML cannot be decoded: {error}", "a UTF-8 file") from None
        # A tag without end would be kept in memory until it ends.
        if self._fed - self._expat.CurrentByteIndex > 2 * MAX_LINE:
            raise _Refused("WB414", f"a tag is larger than {MAX_LINE:,} bytes")

    @property
    def place(self) -> Place:
        """Where the parser is."""
        return self._expat.CurrentLineNumber, self._expat.CurrentColumnNumber + 1

    def _doctype(self, *_: Any) -> None:
        raise _Refused("WB418", "the XML declares a document type or entities", "a feed without <!DOCTYPE>")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        space, _, local = name.rpartition(_SEPARATOR)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _Refused("WB414", f"elements are nested more than {MAX_DEPTH} deep")
        if self.root is None:
            self.root = local
            if local not in ("rss", "feed", "RDF"):
                message = f"the XML is no product feed: its root element is <{local}>"
                raise _Refused("WB421", message, "RSS 2.0 (<rss>) or Atom 1.0 (<feed>)")
        if self._item is None:
            if local in ("item", "entry") and space in _PLAIN:
                self._item, self._item_depth = _Item(self._expat.CurrentLineNumber), self._depth
            return
        self._item.size += len(local) + 16
        self._flush_into_parent()
        if space not in (*_GOOGLE, *_PLAIN):
            local = f"{space}:{local}"
        self._open.append((local, space in _GOOGLE, self.place))
        if space == _ATOM and local == "link" and "href" in attributes:
            self._characters(attributes["href"])

    def _characters(self, text: str) -> None:
        if self._open and self._item is not None:
            self._item.size += len(text)
            if self._item.size <= MAX_LINE:
                self._text.append(text)

    def _end(self, name: str) -> None:
        self._depth -= 1
        if self._item is None:
            return
        if self._depth < self._item_depth:
            self.items.append(self._item)
            self._item = None
            return
        text = "".join(self._text).strip()
        self._text.clear()
        local, own, place = self._open.pop()
        if own:
            if self._open:
                local = ".".join([*(label for label, is_google, _ in self._open if is_google), local])
            self._item.add(local, text, place, own=True)
        elif self._open:
            # Markup inside a text: its words belong to the element around it.
            self._text.append(text)
        else:
            self._item.add(_ATOM_NAMES.get(local, local), text, place, own=False)

    def _flush_into_parent(self) -> None:
        # White space before the elements of a group is no text.
        if self._text and not "".join(self._text).strip():
            self._text.clear()


class ElementColumns:
    """The attributes of the items: a place for each that someone asks for."""

    names: tuple[str, ...] = ()

    def __init__(self) -> None:
        self.asked: list[str] = []

    def find(self, name: str) -> int:
        """The place of an attribute; attributes show only in the items, so every name gets one."""
        attribute = name if google.price_of_currency(name) else google.attribute_name(name)
        if attribute not in self.asked:
            self.asked.append(attribute)
        return self.asked.index(attribute)

    def reading(self, name: str, base: Reading) -> Reading:
        """As Google writes the attribute."""
        return google.attribute_reading(google.attribute_name(name), base)


class GoogleXmlFeed(Feed):
    """A Google Merchant XML feed."""

    def __init__(self, request: FeedRequest) -> None:
        super().__init__(request)
        self._columns = ElementColumns()
        plan = plan_for(request, "google")
        google.refuse_unknown_names(request, [name for column in plan.values() for name in column.from_], ())
        self._binding = bind(request, self._columns, plan, base_reading(request), open_ended=True)
        self._asked = [(name, google.price_of_currency(name)) for name in self._columns.asked]
        parser = self._beginning()
        self._dialect = "atom" if parser.root == "feed" else "rss"
        self._seen: dict[str, None] = {}
        self._is_mapped, self._is_read = request.mapping is not None, False
        for item in parser.items:
            self._note_names(item)
        if parser.items and not any(name in self._seen for name in self._columns.asked):
            raise request.fail(
                "WB424", f"none of the items' attributes is known: {', '.join(list(self._seen)[:12])}"
            )

    def _beginning(self) -> _Parser:
        """A parser that has seen the root element. Raises FeedError where it is not that of a feed."""
        parser = _Parser()
        data, raw = open_bytes(self.path)
        with raw, data:
            while parser.root is None:
                try:
                    chunk = data.read(CHUNK)
                    parser.feed(chunk, last=not chunk)
                except expat.ExpatError as error:
                    if parser.root is None:
                        raise FeedError([self._not_well_formed(error)]) from None
                except _Refused as error:
                    if not parser.items:
                        raise FeedError([self._refusal(parser, error)]) from None
        return parser

    @property
    def info(self) -> FeedInfo:
        """Format, dialect (rss or atom), attributes and notes; late attributes are known after reading."""
        asked = {google.price_of_currency(name) or name for name in self._columns.asked}
        used = tuple(name for name in self._seen if name in asked)
        unused = tuple(name for name in self._seen if name not in asked)
        absent = [name for name in google.ATTRIBUTES if name not in self._seen]
        strange = [name for name in unused if name not in google.ATTRIBUTES]
        notes = near_misses(self.file, strange, absent)
        if self._is_read and self._is_mapped:
            notes += never_seen(self.file, self._binding, self._occurs)
        return FeedInfo("google-xml", self._dialect, used, unused, tuple(notes))

    def __iter__(self) -> Iterator[Row]:
        """One row per item."""
        parser = _Parser()
        with self.opened() as data:
            failure: Diagnostic | None = None
            last = False
            while failure is None:
                try:
                    chunk = data.read(CHUNK)
                    last = not chunk
                    parser.feed(chunk, last)
                except expat.ExpatError as error:
                    failure = self._not_well_formed(error)
                except _Refused as error:
                    failure = replace(self._refusal(parser, error), code="WB400")
                except READ_ERRORS as error:
                    failure = self.broken_off(parser.place[0], error).problems[0]
                while parser.items:
                    yield self._row(parser.items.popleft())
                if failure is None and last:
                    self._is_read = True
                    return
            yield Row(failure.span.line if failure.span is not None else 1, {}, (failure,))

    def _row(self, item: _Item) -> Row:
        if item.size > MAX_LINE:
            problem = self.problem("WB414", f"the item is larger than {MAX_LINE:,} characters", item.line)
            return Row(item.line, {}, (problem,))
        self._note_names(item)
        problems: list[Diagnostic] = []
        cells = [self._cell(item, name, price, problems) for name, price in self._asked]
        values, faults = self._binding.read(cells)
        problems += [self._fault(item, fault) for fault in faults]
        return Row(item.line, values, tuple(problems))

    def _cell(
        self, item: _Item, name: str, price: str | None, problems: list[Diagnostic]
    ) -> str | list[str] | None:
        if price is not None:
            texts = item.texts.get(price)
            return google.currency_of(texts[0]) if texts else None
        texts = item.texts.get(name)
        if texts is None:
            return item.plain.get(name)
        if name in google.REPEATED:
            return texts
        if len(texts) > 1:
            line, column = item.places[name]
            message = f"attribute {name!r} occurs {len(texts)} times in one item"
            problems.append(self.problem("WB410", message, line, column, expected="one value"))
            return None
        return texts[0]

    def _fault(self, item: _Item, fault: Fault) -> Diagnostic:
        name = self._columns.asked[fault.slot]
        line, column = item.places.get(google.price_of_currency(name) or name, (item.line, 1))
        message = fault.message.replace("column", "attribute", 1)
        return self.problem("WB410", message, line, column, expected=fault.expected)

    def _occurs(self, name: str) -> bool:
        attribute = google.price_of_currency(name) or google.attribute_name(name)
        return attribute in self._seen

    def _note_names(self, item: _Item) -> None:
        names = item.texts.keys() | item.plain.keys()
        if not names <= self._seen.keys() and len(self._seen) < MAX_NAMES:
            self._seen |= dict.fromkeys((*item.texts, *item.plain))

    def _refusal(self, parser: _Parser, error: _Refused) -> Diagnostic:
        line, column = parser.place
        return self.problem(error.code, error.message, line, column, expected=error.expected)

    def _not_well_formed(self, error: expat.ExpatError) -> Diagnostic:
        reason = expat.errors.messages[error.code] if error.code in expat.errors.messages else str(error)
        expected = None
        if reason == expat.errors.XML_ERROR_UNBOUND_PREFIX:
            expected = f'xmlns:g="{_GOOGLE[0]}" on the root element'
        elif reason == expat.errors.XML_ERROR_INVALID_TOKEN:
            expected = "well-formed XML in the encoding that its first line declares; & written as &amp;"
        message = f"the XML cannot be read from here on: {reason}"
        return self.problem("WB417", message, error.lineno, error.offset + 1, expected=expected)


def _recognises(head: Head) -> bool:
    return True


FORMAT = FeedFormat(
    "google-xml", "Google Merchant XML feed", (".xml", ".rss", ".atom"), _recognises, GoogleXmlFeed
)
