"""Feeds: files of candidate records, in the formats shops and marketplaces write.

    feed = open_feed(Path("listings.csv"), record_type)
    for row in feed:
        ...                       # row.line, row.values, row.problems

A format is one module and one entry of `TABLE`. The entries are asked in order whether they recognise a
file, so the specific ones stand before the plain ones.
"""

from __future__ import annotations

from pathlib import Path

from weighbridge.diagnostics import unknown_name
from weighbridge.documents import MappingModel, RecordTypeModel
from weighbridge.feeds import delimited, google_tsv, google_xml, json_lines, parquet, shopify
from weighbridge.feeds.bytestream import read_head
from weighbridge.feeds.feed import (
    READ_ERRORS,
    Feed,
    FeedError,
    FeedFormat,
    FeedInfo,
    FeedRequest,
    Head,
    Row,
    listed,
)

__all__ = ["FORMATS", "TABLE", "Feed", "FeedError", "FeedFormat", "FeedInfo", "Row", "open_feed"]

TABLE: tuple[FeedFormat, ...] = (
    shopify.FORMAT,
    google_tsv.FORMAT,
    google_xml.FORMAT,
    json_lines.FORMAT,
    parquet.FORMAT,
    delimited.CSV,
    delimited.TSV,
)
"""All formats, in the order in which they are asked."""

FORMATS: tuple[str, ...] = tuple(entry.name for entry in TABLE)
"""The names of all formats."""


def open_feed(
    path: Path, record_type: RecordTypeModel, mapping: MappingModel | None = None, format: str | None = None
) -> Feed:
    """The feed at `path`, ready to be read (and read again).

    `format` wins over the mapping's format, which wins over what the file's name and first bytes say. Text
    formats may be gzipped. Raises FeedError where the feed as a whole cannot be used; what is wrong with a
    single row comes with the row.
    """
    request = FeedRequest(path, record_type, mapping)
    try:
        head = read_head(path)
        if not head:
            raise request.fail("WB422", "the feed is empty")
        return _format(request, head, format or (mapping.format if mapping is not None else None)).open(
            request
        )
    except READ_ERRORS as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise request.fail("WB400", f"the feed cannot be read: {reason}") from None


def _format(request: FeedRequest, head: bytes, name: str | None) -> FeedFormat:
    if name is not None:
        entry = next((entry for entry in TABLE if entry.name == name), None)
        if entry is None:
            raise FeedError([unknown_name("WB421", "feed format", name, FORMATS)])
        return entry
    suffix = _suffix(request.path)
    for entry in TABLE:
        if suffix in entry.suffixes and entry.recognises(Head(suffix, head)):
            return entry
    suffixes = dict.fromkeys(suffix for entry in TABLE for suffix in entry.suffixes)
    raise request.fail(
        "WB421",
        f"the format of {request.path.name!r} cannot be told from its name",
        expected=f"a name ending in {listed(suffixes, 20)} (.gz may follow), or a format: {listed(FORMATS)}",
    )


def _suffix(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes and suffixes[-1] in (".gz", ".gzip"):
        suffixes.pop()
    return suffixes[-1] if suffixes else ""
