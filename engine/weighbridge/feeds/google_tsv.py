"""Google Merchant text feed: tab separated (or comma separated, as Meta takes it), English attribute names.

Header cells may be `image_link`, `Image link` or `Bild-Link [image_link]`. A column of an attribute that
may be repeated may stand in the file more than once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from weighbridge.feeds import google
from weighbridge.feeds.cells import Reading
from weighbridge.feeds.columns import base_reading, bind, near_misses, plan_for
from weighbridge.feeds.delimited import (
    DelimitedReader,
    first_bytes,
    header_cells,
    read_header,
    refuse_duplicates,
    sniff_delimiter,
)
from weighbridge.feeds.feed import Feed, FeedFormat, FeedInfo, FeedRequest, Head, Row


class AttributeColumns:
    """The attributes of a text feed; repeated columns and currencies take places behind the header's."""

    def __init__(self, header: Sequence[str]) -> None:
        self.attributes = [google.attribute_name(cell) for cell in header]
        self.names = tuple(dict.fromkeys(name for name in self.attributes if name))
        self.repeated: list[list[int]] = []
        self.currencies: list[int] = []
        self._slots: dict[str, list[int]] = {}
        for slot, name in enumerate(self.attributes):
            self._slots.setdefault(name, []).append(slot)
        self._extra: dict[str, int] = {}
        # Repeated columns come first behind the header: places of currencies follow as they are asked for.
        for name, slots in self._slots.items():
            if name and len(slots) > 1:
                self._extra[name] = len(header) + len(self.repeated)
                self.repeated.append(slots)

    def find(self, name: str) -> int | None:
        """The place of an attribute."""
        price = google.price_of_currency(name)
        if price is not None and price in self._slots:
            if name not in self._extra:
                self._extra[name] = len(self.attributes) + len(self.repeated) + len(self.currencies)
                self.currencies.append(self._slots[price][0])
            return self._extra[name]
        attribute = google.attribute_name(name)
        if attribute in self._extra:
            return self._extra[attribute]
        return self._slots[attribute][0] if attribute in self._slots else None

    def reading(self, name: str, base: Reading) -> Reading:
        """As Google writes the attribute."""
        return google.attribute_reading(google.attribute_name(name), base)

    def cells(self, own: list[str]) -> list[str | list[str] | None]:
        """The cells of a row with what is put together from them."""
        cells: list[str | list[str] | None] = [*own]
        cells += [[own[slot] for slot in slots if own[slot].strip()] for slots in self.repeated]
        cells += [google.currency_of(own[slot]) for slot in self.currencies]
        return cells

    def sources(self, slot: int) -> list[int]:
        """The header's columns that a place is made of."""
        behind = slot - len(self.attributes)
        if behind < 0:
            return [slot]
        return (
            self.repeated[behind]
            if behind < len(self.repeated)
            else [self.currencies[behind - len(self.repeated)]]
        )


class GoogleTextFeed(Feed):
    """A Google Merchant text feed."""

    def __init__(self, request: FeedRequest) -> None:
        super().__init__(request)
        encoding = request.mapping.encoding if request.mapping is not None else "utf-8"
        delimiter = sniff_delimiter(first_bytes(request), "\t")
        header = read_header(self, request, delimiter, encoding)
        columns = AttributeColumns(header)
        single = ["" if name in google.REPEATED else name for name in columns.attributes]
        refuse_duplicates(request, header, single)
        plan = plan_for(request, "google")
        google.refuse_unknown_names(request, [name for c in plan.values() for name in c.from_], columns.names)
        self._columns = columns
        self._binding = bind(request, columns, plan, base_reading(request))
        self._reader = DelimitedReader(self, delimiter, encoding, header)
        used = {source for slot in self._binding.columns for source in columns.sources(slot)}
        unused = tuple(cell for slot, cell in enumerate(header) if cell and slot not in used)
        strange = [cell for cell in unused if google.attribute_name(cell) not in google.ATTRIBUTES]
        absent = [name for name in google.ATTRIBUTES if name not in columns.attributes]
        self._info = FeedInfo(
            "google-tsv",
            None if delimiter == "\t" else "comma" if delimiter == "," else "semicolon",
            tuple(header[slot] for slot in sorted(used)),
            unused,
            tuple(near_misses(self.file, strange, absent)),
        )

    @property
    def info(self) -> FeedInfo:
        """Format, dialect (a delimiter other than the tab), columns and notes."""
        return self._info

    def __iter__(self) -> Iterator[Row]:
        """The rows, the header left out."""
        columns, read = self._columns, self._binding.read
        sources = [columns.sources(slot)[0] for slot in range(self._width())]
        with self.opened() as data:
            records = self._reader.records(data)
            next(records, None)
            for record in records:
                if record.cells is None:
                    yield Row(record.line, {}, record.problems)
                    continue
                values, faults = read(columns.cells(record.cells))
                problems = record.problems
                if faults:
                    problems += tuple(self._reader.faults(record, faults, sources))
                yield Row(record.line, values, problems)

    def _width(self) -> int:
        columns = self._columns
        return len(columns.attributes) + len(columns.repeated) + len(columns.currencies)


def _recognises(head: Head) -> bool:
    delimiter = sniff_delimiter(head.data, "\t")
    names = {google.attribute_name(cell) for cell in header_cells(head.data, delimiter)}
    # `image_link` and `availability` are Google's own; a CSV with id, title, link, price could be anyone's.
    own = {"link", "price"} if delimiter == "\t" else {"image_link", "availability"}
    return {"id", "title"} <= names and (own <= names or {"image_link", "availability"} <= names)


FORMAT = FeedFormat(
    "google-tsv", "Google Merchant text feed", (".tsv", ".txt", ".tab", ".csv"), _recognises, GoogleTextFeed
)
