"""Shopify product CSV: both header dialects, rows grouped by handle.

Rows with one handle are one product. The first carries the product's fields; a row below it is a further
variant (its option values, SKU, price ...), which becomes a record of its own and inherits the product's
fields, or only a further image, which is no record but adds its address and alt text to every record of the
product.

Columns are named by a canonical name, the same for both dialects (`price` is "Price" and "Variant Price"),
or by the header's own text. Further names:

| name | cell |
|---|---|
| `image_url`, `image_alt` | the product's first image by position |
| `image_urls`, `image_alts` | those of all its images, as a list |
| `option:Color` | the value of the option called Color, whichever of the three it is |
| `metafield:<namespace>.<key>` | the column "Name (product.metafields.<namespace>.<key>)" |
"""

from __future__ import annotations

import re
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass, replace

from weighbridge.diagnostics import Diagnostic, suggest
from weighbridge.feeds.cells import Reading
from weighbridge.feeds.columns import base_reading, bind, near_misses, plain_name, plan_for
from weighbridge.feeds.delimited import (
    DelimitedReader,
    Record,
    first_bytes,
    header_cells,
    read_header,
    refuse_duplicates,
)
from weighbridge.feeds.feed import Feed, FeedFormat, FeedInfo, FeedRequest, Head, Row, listed, shortened

MAX_GROUP = 5_000
"""Rows kept together for one handle (Shopify itself allows 2,048 variants and 250 images)."""

# canonical name -> header of the current dialect, headers of the legacy dialect
_HEADERS: dict[str, tuple[str, str]] = {
    "handle": ("URL handle", "Handle"),
    "title": ("Title", "Title"),
    "description": ("Description", "Body (HTML)"),
    "vendor": ("Vendor", "Vendor"),
    "category": ("Product category", "Product Category"),
    "type": ("Type", "Type"),
    "tags": ("Tags", "Tags"),
    "published": ("Published on online store", "Published"),
    "status": ("Status", "Status"),
    "sku": ("SKU", "Variant SKU"),
    "barcode": ("Barcode", "Variant Barcode"),
    **{f"option{n}_name": (f"Option{n} name", f"Option{n} Name") for n in (1, 2, 3)},
    **{f"option{n}_value": (f"Option{n} value", f"Option{n} Value") for n in (1, 2, 3)},
    **{f"option{n}_linked_to": (f"Option{n} Linked To", f"Option{n} Linked To") for n in (1, 2, 3)},
    "price": ("Price", "Variant Price"),
    "compare_at_price": ("Compare-at price", "Variant Compare At Price"),
    "cost": ("Cost per item", "Cost per item"),
    "taxable": ("Charge tax", "Variant Taxable"),
    "tax_code": ("Tax code", "Variant Tax Code"),
    "unit_price_total_measure": ("Unit price total measure", "Unit Price Total Measure"),
    "unit_price_total_measure_unit": ("Unit price total measure unit", "Unit Price Total Measure Unit"),
    "unit_price_base_measure": ("Unit price base measure", "Unit Price Base Measure"),
    "unit_price_base_measure_unit": ("Unit price base measure unit", "Unit Price Base Measure Unit"),
    "inventory_tracker": ("Inventory tracker", "Variant Inventory Tracker"),
    "inventory_qty": ("Inventory quantity", "Variant Inventory Qty"),
    "inventory_policy": ("Continue selling when out of stock", "Variant Inventory Policy"),
    "weight_grams": ("Weight value (grams)", "Variant Grams"),
    "weight_unit": ("Weight unit for display", "Variant Weight Unit"),
    "requires_shipping": ("Requires shipping", "Variant Requires Shipping"),
    "fulfillment_service": ("Fulfillment service", "Variant Fulfillment Service"),
    "image_url": ("Product image URL", "Image Src"),
    "image_position": ("Image position", "Image Position"),
    "image_alt": ("Image alt text", "Image Alt Text"),
    "variant_image_url": ("Variant image URL", "Variant Image"),
    "gift_card": ("Gift card", "Gift Card"),
    "seo_title": ("SEO title", "SEO Title"),
    "seo_description": ("SEO description", "SEO Description"),
    "google_product_category": (
        "Google Shopping / Google product category",
        "Google Shopping / Google Product Category",
    ),
    "google_gender": ("Google Shopping / Gender", "Google Shopping / Gender"),
    "google_age_group": ("Google Shopping / Age group", "Google Shopping / Age Group"),
    "google_mpn": ("Google Shopping / Manufacturer part number (MPN)", "Google Shopping / MPN"),
    "google_ad_group_name": ("Google Shopping / Ad group name", "Google Shopping / AdWords Grouping"),
    "google_ads_labels": ("Google Shopping / Ads labels", "Google Shopping / AdWords labels"),
    "google_condition": ("Google Shopping / Condition", "Google Shopping / Condition"),
    "google_custom_product": ("Google Shopping / Custom product", "Google Shopping / Custom Product"),
    **{
        f"google_custom_label_{n}": (
            f"Google Shopping / Custom label {n}",
            f"Google Shopping / Custom Label {n}",
        )
        for n in range(5)
    },
    "packed_length": ("Packed product length", "Packed product length"),
    "packed_width": ("Packed product width", "Packed product width"),
    "packed_height": ("Packed product height", "Packed product height"),
    "packed_dimension_unit": ("Packed product dimension unit", "Packed product dimension unit"),
}
# Current files had these names too, before they got longer ones.
_BOTH = ("google shopping / mpn", "google shopping / adwords grouping", "google shopping / adwords labels")
_OTHER_HEADERS = {"variant barcodes": "barcode", "inventory quantity (single location only)": "inventory_qty"}

_IMAGE = frozenset({"image_url", "image_position", "image_alt"})
# fmt: off
_VARIANT = frozenset({
    "sku", "barcode", "price", "compare_at_price", "cost", "taxable", "tax_code", "inventory_tracker",
    "inventory_qty", "inventory_policy", "weight_grams", "weight_unit", "requires_shipping",
    "fulfillment_service", "variant_image_url", "google_mpn", "option1_value", "option2_value",
    "option3_value", "packed_length", "packed_width", "packed_height", "packed_dimension_unit",
    "unit_price_total_measure", "unit_price_total_measure_unit", "unit_price_base_measure",
    "unit_price_base_measure_unit",
})
# fmt: on
_VARIANT_BY_MARKET = re.compile(r"(price|compare.at price) / ")
_METAFIELD = re.compile(r".*\(product\.metafields\.([^()]+)\)\s*\Z")
_SINGLE_VARIANT = "default title"

NAMES: tuple[str, ...] = (*_HEADERS, "image_urls", "image_alts")
"""The canonical names that a record type's `feeds: shopify` may use, besides option: and metafield: names."""


def _dialects() -> dict[str, tuple[str, str | None]]:
    """Header in small letters -> canonical name, and the dialect where only one has it."""
    table: dict[str, tuple[str, str | None]] = {
        text: (name, "current") for text, name in _OTHER_HEADERS.items()
    }
    for name, (current, legacy) in _HEADERS.items():
        same = current.casefold() == legacy.casefold()
        table[current.casefold()] = (name, None if same else "current")
        table.setdefault(legacy.casefold(), (name, "legacy"))
    for text in _BOTH:
        table[text] = (table[text][0], None)
    return table


_KNOWN = _dialects()


class ShopifyColumns:
    """The columns of one file: header columns first, then what is put together per product."""

    def __init__(self, header: Sequence[str]) -> None:
        self.header = tuple(header)
        self.canonical = [_KNOWN.get(cell.casefold(), (cell, None))[0] for cell in header]
        self.names = tuple(dict.fromkeys((*self.canonical, *header)))
        self.slot = {name: slot for slot, name in enumerate(self.canonical) if name}
        self._plain = {plain_name(cell): slot for slot, cell in enumerate(header) if cell}
        self._metafields = {m[1]: slot for slot, cell in enumerate(header) if (m := _METAFIELD.match(cell))}
        self.extra: list[str] = []

    def find(self, name: str) -> int | None:
        """The place of a canonical name, header text, option or metafield."""
        kind, _, rest = name.partition(":")
        if kind == "metafield" and rest:
            return self._metafields.get(rest.strip())
        if self._is_extra(name, kind, rest):
            if name not in self.extra:
                self.extra.append(name)
            return len(self.header) + self.extra.index(name)
        slot = self.slot.get(name)
        return self._plain.get(plain_name(name)) if slot is None else slot

    def _is_extra(self, name: str, kind: str, rest: str) -> bool:
        if kind == "option" and rest:
            return "option1_value" in self.slot
        source = {
            "image_url": "image_url",
            "image_urls": "image_url",
            "image_alt": "image_alt",
            "image_alts": "image_alt",
        }
        return name in source and source[name] in self.slot

    def reading(self, name: str, base: Reading) -> Reading:
        """Tags are separated by commas, list metafields by semicolons; weights are in grams."""
        slot = self.find(name)
        if slot is not None and slot < len(self.header):
            name = self.canonical[slot]
        reading = replace(base, spellings=True)
        if name == "weight_grams":
            return replace(reading, cell_unit="g")
        if name == "tags":
            return replace(reading, split=",")
        if _METAFIELD.match(name):
            return replace(reading, split=";")
        return reading

    def knows(self, name: str) -> bool:
        """Whether a name can occur in some Shopify file, or occurs in this one."""
        return name in NAMES or name.startswith(("option:", "metafield:")) or self.find(name) is not None


@dataclass(frozen=True, slots=True)
class _Product:
    """The rows of one handle: the first, and what all its records share."""

    first: list[str]
    images: tuple[tuple[str, str], ...]


_Extra = Callable[[Sequence[tuple[str, str]], _Product], str | list[str] | None]
"""(Options as name and value, product) -> cell."""


class ShopifyFeed(Feed):
    """A Shopify product CSV."""

    def __init__(self, request: FeedRequest) -> None:
        super().__init__(request)
        encoding = request.mapping.encoding if request.mapping is not None else "utf-8"
        first_bytes(request)
        header = read_header(self, request, ",", encoding)
        columns = ShopifyColumns(header)
        refuse_duplicates(request, header, columns.canonical)
        if "title" not in columns.slot:
            raise request.fail("WB421", "this is no Shopify product CSV: it has no column 'Title'")
        plan = plan_for(request, "shopify")
        _refuse_unknown_names(request, columns, [name for column in plan.values() for name in column.from_])
        self._columns = columns
        self._binding = bind(request, columns, plan, base_reading(request))
        self._reader = DelimitedReader(self, ",", encoding, header)
        self._extra = [_extra(name) for name in columns.extra]
        pairs = [
            (columns.slot.get(f"option{n}_name"), columns.slot.get(f"option{n}_value")) for n in (1, 2, 3)
        ]
        self._options = [(name, value) for name, value in pairs if name is not None and value is not None]
        self._inherited = [slot for slot, name in enumerate(columns.canonical) if _is_inherited(name)]
        self._own = [slot for slot, name in enumerate(columns.canonical) if name not in {"handle", *_IMAGE}]
        self._handle = columns.slot.get("handle")
        self._info = self._describe(header)

    @property
    def info(self) -> FeedInfo:
        """Format, dialect (current, legacy or mixed), columns and notes."""
        return self._info

    def __iter__(self) -> Iterator[Row]:
        """One row per variant."""
        with self.opened() as data:
            records = self._reader.records(data)
            next(records, None)
            group: list[Record] = []
            handle, product = "", None
            for record in records:
                own = self._handle_of(record, handle)
                if group and (own != handle or not own or len(group) >= MAX_GROUP):
                    product = yield from self._rows(group, product)
                    group = []
                if own != handle or not own:
                    handle, product = own, None
                group.append(record)
            if group:
                yield from self._rows(group, product)

    def _handle_of(self, record: Record, current: str) -> str:
        """The handle of a row; a row that could not be read stays with its neighbours."""
        if record.cells is None or self._handle is None:
            return current if record.cells is None else ""
        return record.cells[self._handle].strip()

    def _rows(self, group: list[Record], known: _Product | None) -> Generator[Row, None, _Product]:
        """The rows of a group; returns the product, for groups that are handed over in parts."""
        product = self._product(group, known)
        head = next((record for record in group if record.cells is not None), None) if known is None else None
        for record in group:
            if record.cells is None:
                yield Row(record.line, {}, record.problems)
            elif record is head or self._is_variant(record.cells):
                yield self._row(record, product, head)
        return product

    def _product(self, group: list[Record], known: _Product | None) -> _Product:
        rows = [record.cells for record in group if record.cells is not None]
        first = known.first if known is not None else rows[0] if rows else [""] * len(self._columns.header)
        return _Product(first, (*(known.images if known is not None else ()), *self._images(rows)))

    def _images(self, rows: list[list[str]]) -> list[tuple[str, str]]:
        slot = self._columns.slot
        if "image_url" not in slot:
            return []
        alt, position = slot.get("image_alt"), slot.get("image_position")
        found: list[tuple[float, str, str]] = []
        for cells in rows:
            if url := cells[slot["image_url"]].strip():
                place = cells[position].strip() if position is not None else ""
                order = float(place) if place.isdecimal() else float(len(found) + 1)
                found.append((order, url, cells[alt].strip() if alt is not None else ""))
        return [(url, text) for _, url, text in sorted(found, key=lambda image: image[0])]

    def _is_variant(self, cells: list[str]) -> bool:
        """Whether a row says anything that is not about an image."""
        return any(not _blank(cells[slot]) for slot in self._own)

    def _row(self, record: Record, product: _Product, head: Record | None) -> Row:
        own = record.cells or []
        cells: list[str | list[str] | None] = [*own]
        for slot in self._inherited:
            if _blank(own[slot]):
                cells[slot] = product.first[slot]
        options = [(_text(cells, name), _text(cells, value)) for name, value in self._options]
        if options and options[0][1].casefold() == _SINGLE_VARIANT:
            # What Shopify writes for a product without options; it is nobody's size or colour.
            for slot in self._options[0]:
                cells[slot] = None
            options = []
        cells += [extra(options, product) for extra in self._extra]
        values, faults = self._binding.read(cells)
        problems = list(record.problems)
        for fault in faults:
            is_own = fault.slot >= len(own) or not _blank(own[fault.slot])
            problems += self._reader.faults(record if is_own or head is None else head, [fault])
        if record is head and _blank(own[self._columns.slot["title"]]):
            problems.append(self._headless(record))
        return Row(record.line, values, tuple(problems))

    def _headless(self, record: Record) -> Diagnostic:
        handle = (record.cells or [])[self._handle] if self._handle is not None else ""
        message = f"no title: rows that continue product {shortened(handle)} must follow its first row"
        return self.problem("WB419", message, record.line, expected="a title in the first row of each handle")

    def _describe(self, header: list[str]) -> FeedInfo:
        seen = {_KNOWN[cell.casefold()][1] for cell in header if cell.casefold() in _KNOWN} - {None}
        dialect = "mixed" if len(seen) > 1 else next(iter(seen), None)
        names = self._columns.canonical
        read = {slot for slot in self._binding.columns if slot < len(header)}
        if self._columns.extra:
            options = (f"option{n}_{part}" for n in (1, 2, 3) for part in ("name", "value"))
            sources = ("image_url", "image_alt", *options)
            read |= {self._columns.slot[name] for name in sources if name in self._columns.slot}
        unused = [cell for slot, cell in enumerate(header) if cell and slot not in read]
        strange = [cell for cell in unused if cell.casefold() not in _KNOWN and not _METAFIELD.match(cell)]
        which = 1 if dialect == "legacy" else 0
        absent = [texts[which] for name, texts in _HEADERS.items() if name not in names]
        notes = near_misses(self.file, strange, absent)
        used = tuple(header[slot] for slot in sorted(read))
        return FeedInfo("shopify", dialect, used, tuple(unused), tuple(notes))


def _blank(text: str) -> bool:
    return not text or text.isspace()


def _text(cells: Sequence[str | list[str] | None], slot: int) -> str:
    cell = cells[slot]
    return cell.strip() if isinstance(cell, str) else ""


def _is_inherited(name: str) -> bool:
    return name not in _VARIANT and name not in _IMAGE and not _VARIANT_BY_MARKET.match(name.casefold())


def _extra(name: str) -> _Extra:
    """The cell of a name that no header column holds."""
    if name.startswith("option:"):
        wanted = name.removeprefix("option:").strip().casefold()
        return lambda options, product: next(
            (text for label, text in options if label.casefold() == wanted), None
        )
    which = 0 if name.startswith("image_url") else 1
    if name.endswith("s"):
        return lambda options, product: [image[which] for image in product.images if image[which]]
    return lambda options, product: product.images[0][which] if product.images else None


def _refuse_unknown_names(request: FeedRequest, columns: ShopifyColumns, names: list[str]) -> None:
    if request.mapping is not None or "shopify" not in request.record_type.feeds:
        return
    for name in names:
        if not columns.knows(name):
            raise request.fail(
                "WB426",
                f"the record type reads {name!r}, which no Shopify file has",
                expected=f"one of: {listed(NAMES, 60)}",
                suggestion=suggest(name, NAMES),
            )


def _recognises(head: Head) -> bool:
    header = [cell.strip().casefold() for cell in header_cells(head.data, ",")]
    names = {_KNOWN[cell][0] for cell in header if cell in _KNOWN}
    # Handle and title alone could be anyone's; a third column that only Shopify calls so settles it.
    special = any(_KNOWN[cell][1] is not None for cell in header if cell in _KNOWN and cell != "handle")
    return {"handle", "title"} <= names and (special or "vendor" in names)


FORMAT = FeedFormat("shopify", "Shopify product CSV", (".csv",), _recognises, ShopifyFeed)
