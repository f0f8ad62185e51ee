"""Google Merchant product data: what its TSV and XML forms share (attribute names, repetition, prices).

A record type or mapping names attributes as Google does (`image_link`). Besides, `price.currency` is the
ISO 4217 code of a price ("USD" of "15.00 USD"), and in XML `shipping.country` is an attribute inside a
group.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from weighbridge.diagnostics import suggest
from weighbridge.feeds.cells import Reading
from weighbridge.feeds.columns import plain_name
from weighbridge.feeds.feed import FeedRequest, listed
from weighbridge.feeds.measures import is_currency, split_amount

PRICES = frozenset(
    {"price", "sale_price", "cost_of_goods_sold", "auto_pricing_min_price", "maximum_retail_price"}
)
# fmt: off
REPEATED = frozenset({
    "additional_image_link", "product_type", "product_highlight", "product_detail", "gtin", "shipping",
    "certification", "included_destination", "excluded_destination", "shopping_ads_excluded_country",
    "promotion_id", "ads_labels", "lifestyle_image_link", "video_link", "installment", "subscription_cost",
    "loyalty_program",
})
"""Attributes that may stand in an item more than once."""

_SINGLE = {
    "id", "title", "structured_title", "description", "structured_description", "link", "image_link",
    "availability", "availability_date", "sale_price_effective_date", "brand", "mpn", "identifier_exists",
    "condition", "google_product_category", "item_group_id", "color", "size", "material", "pattern",
    "age_group", "gender", "size_system", "size_type", "adult", "is_bundle", "multipack", "shipping_weight",
    "shipping_length", "shipping_width", "shipping_height", "product_weight", "product_length",
    "product_width", "product_height", "shipping_label", "return_policy_label", "transit_time_label",
    "min_handling_time", "max_handling_time", "unit_pricing_measure", "unit_pricing_base_measure",
    "energy_efficiency_class", "min_energy_efficiency_class", "max_energy_efficiency_class",
    "custom_label_0", "custom_label_1", "custom_label_2", "custom_label_3", "custom_label_4",
    "ads_redirect", "ads_grouping", "expiration_date", "disclosure_date", "mobile_link", "canonical_link",
    "link_template", "virtual_model_link", "short_title", "pause", "external_seller_id",
}
# fmt: on
ATTRIBUTES: tuple[str, ...] = tuple(sorted(PRICES | REPEATED | _SINGLE))
"""The attributes of Google's product data specification."""

# Several colours, materials or patterns of one product stand in one value, with a slash between.
_SLASHED = frozenset({"color", "material", "pattern"})
_CURRENCY_SUFFIX = ".currency"
_BRACKETS = re.compile(r".*\[\s*(?:g:)?([^\[\]]+?)\s*\]\s*\Z")


def attribute_name(header: str) -> str:
    """The attribute of a header cell: `image_link` for "Image link", "g:image_link", "Bild [image_link]"."""
    bracketed = _BRACKETS.match(header)
    return plain_name(bracketed[1] if bracketed else header).removeprefix("g:")


def attribute_reading(name: str, base: Reading) -> Reading:
    """How the values of an attribute are read."""
    split = "/" if name in _SLASHED else base.split
    return replace(base, amounts=True, spellings=True, split=split, list_as_text=name in REPEATED)


def price_of_currency(name: str) -> str | None:
    """The price attribute whose currency `name` asks for, or None."""
    price = name.removesuffix(_CURRENCY_SUFFIX)
    return price if price != name and price in PRICES else None


def currency_of(cell: object) -> str | None:
    """The currency of a price such as "15.00 USD", or None."""
    amount = split_amount(cell) if isinstance(cell, str) else None
    return amount[1] if amount is not None and is_currency(amount[1]) else None


def refuse_unknown_names(request: FeedRequest, names: Iterable[str], present: Iterable[str]) -> None:
    """Raises FeedError where the record type's `feeds: google` reads what is no attribute of Google's."""
    if request.mapping is not None or "google" not in request.record_type.feeds:
        return
    known = {*ATTRIBUTES, *present}
    for name in names:
        if name not in known and price_of_currency(name) is None and name.split(".")[0] not in known:
            raise request.fail(
                "WB426",
                f"the record type reads {name!r}, which is no Google attribute",
                expected=f"one of: {listed(ATTRIBUTES, 100)}",
                suggestion=suggest(name, ATTRIBUTES),
            )
