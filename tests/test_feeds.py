"""Feeds: every format, what is wrong with single rows, and what makes a whole feed unusable."""

from __future__ import annotations

import gzip
import importlib
import json
import tracemalloc
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from weighbridge.diagnostics import Diagnostic
from weighbridge.documents import MappedColumn, MappingModel, RecordTypeModel
from weighbridge.feeds import FORMATS, TABLE, FeedError, Row, feed, open_feed
from weighbridge.feeds.json_path import look_up, parse_path
from weighbridge.feeds.phrases import folded, phrase_finder
from weighbridge.project import load_project

DATA = Path(__file__).parent / "data" / "feeds"
ROOT = Path(__file__).parent.parent

SHOPIFY = {
    "sku": "sku",
    "title": "title",
    "description": "description",
    "brand": "vendor",
    "price": "price",
    "tags": "tags",
    "gift": "gift_card",
    "colour": "option:colour",
    "size": "option2_value",
    "image": "image_url",
    "images": "image_urls",
    "alts": "image_alts",
    "weight_kg": "weight_grams",
    "materials": "metafield:custom.material",
    "category": "category",
}
GOOGLE = {
    "sku": "id",
    "title": "title",
    "description": "description",
    "link": "link",
    "brand": "brand",
    "price": "price",
    "currency": "price.currency",
    "availability": "availability",
    "images": "additional_image_link",
    "tags": "product_highlight",
    "weight_kg": "shipping_weight",
    "gtin": "gtin",
    "gift": "adult",
}
TEXTS = (
    "sku",
    "title",
    "description",
    "brand",
    "currency",
    "colour",
    "size",
    "image",
    "category",
    "link",
    "gtin",
    "country",
)
FIELDS: dict[str, dict[str, Any]] = {
    **{name: {"type": "text"} for name in TEXTS},
    "price": {"type": "number", "unit": "currency of the listing"},
    "weight_kg": {"type": "number", "unit": "kg"},
    "gift": {"type": "boolean"},
    "launch_date": {"type": "date"},
    "availability": {"type": "text", "allowed": ["in_stock", "out_of_stock"]},
    **{name: {"type": "text_list"} for name in ("tags", "images", "alts", "materials")},
}
LISTING = RecordTypeModel.model_validate(
    {
        "record_type": "listing",
        "key": "sku",
        "fields": FIELDS,
        "feeds": {"shopify": SHOPIFY, "google": GOOGLE},
    }
)


def mapping(columns: dict[str, Any], **other: Any) -> MappingModel:
    return MappingModel.model_validate({"mapping": "test", "record": "listing", "columns": columns, **other})


class Folder:
    """Writes feeds and reads them."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def write(self, name: str, content: str | bytes) -> Path:
        path = self.path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    def rows(self, name: str, content: str | bytes, use: MappingModel | None = None) -> list[Row]:
        return list(open_feed(self.write(name, content), LISTING, use))

    def one(self, name: str, content: str | bytes, use: MappingModel | None = None) -> Row:
        (row,) = self.rows(name, content, use)
        return row

    def refused(self, name: str, content: str | bytes, use: MappingModel | None = None) -> Diagnostic:
        with pytest.raises(FeedError) as raised:
            open_feed(self.write(name, content), LISTING, use)
        return raised.value.diagnostics[0]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def places(rows: list[Row]) -> list[tuple[str, int, int]]:
    """(code, line, column) of every problem."""
    return [(p.code, p.span.line, p.span.column) for row in rows for p in row.problems if p.span is not None]


# ---- CSV


def test_csv_columns_reach_fields_of_equal_name_whatever_case_and_separators(folder: Folder) -> None:
    row = folder.one("a.csv", "SKU,Title,PRICE,Launch Date,gift\nA1,Bag,12.5,2026-03-01,yes\n")
    assert row == Row(
        2, {"sku": "A1", "title": "Bag", "price": 12.5, "launch_date": date(2026, 3, 1), "gift": True}
    )


def test_rows_count_from_the_line_where_they_begin_even_with_cells_over_several_lines(folder: Folder) -> None:
    rows = folder.rows("a.csv", 'sku,title\r\nA1,"two\r\nlines"\r\n\r\nA2,"a\nb\nc"\r\nA3,x\r\n')
    assert [(row.line, row.values["sku"]) for row in rows] == [(2, "A1"), (5, "A2"), (8, "A3")]
    assert rows[0].values["title"] == "two\r\nlines"


def test_a_cell_that_cannot_be_read_is_reported_at_its_place_and_the_others_are_kept(folder: Folder) -> None:
    row = folder.one("a.csv", 'title,sku,price,gift\n"a, ""b""\nc",A1,12abc,perhaps\n')
    assert row.values == {"sku": "A1", "title": 'a, "b"\nc'}
    assert places([row]) == [("WB410", 3, 7), ("WB410", 3, 13)]
    problem = row.problems[0]
    assert problem.span is not None and problem.span.end_column == 12
    assert problem.message == "column 'price': '12abc' is no value for 'price'"
    assert problem.expected == "a number such as 1234.5"


def test_byte_order_mark_and_crlf_are_no_part_of_the_text(folder: Folder) -> None:
    assert folder.one("a.csv", b"\xef\xbb\xbfsku,title\r\nA1,Bag\r\n").values == {"sku": "A1", "title": "Bag"}


def test_bytes_that_are_no_text_are_a_problem_of_their_cell_only(folder: Folder) -> None:
    rows = folder.rows("a.csv", b"sku,title,price\nA1,caf\xe9,1\nA2,nul\0,2\nA3,fine,3\n")
    assert [row.values.get("price") for row in rows] == [1.0, 2.0, 3.0]
    assert [row.values.get("title") for row in rows] == [None, None, "fine"]
    assert places(rows) == [("WB411", 2, 4), ("WB411", 3, 4)]
    assert "byte 0xE9" in rows[0].problems[0].message


def test_another_encoding_is_read_where_the_mapping_names_it(folder: Folder) -> None:
    use = mapping({"sku": "sku", "title": "title"}, encoding="gb18030")
    rows = folder.rows("a.csv", "sku,title\nA1,帆布包\n".encode("gb18030") + b"A2,\xff\n", use)
    assert rows[0].values["title"] == "帆布包"
    assert places(rows) == [("WB411", 3, 4)]


def test_rows_with_too_few_or_too_many_cells_are_problems(folder: Folder) -> None:
    rows = folder.rows("a.csv", "sku,title,price\nA1,Bag\nA2,Bag,1,2\nA3,Bag,1\n")
    assert places(rows) == [("WB412", 2, 1), ("WB412", 3, 1)]
    assert [row.values["sku"] for row in rows] == ["A1", "A2", "A3"]


def test_a_quote_that_is_never_closed_costs_one_row(folder: Folder) -> None:
    rows = folder.rows("a.csv", 'sku,title\nA1,Bag\nA2,"Bag\nA3,Hat\nA4,Cap')
    assert places(rows) == [("WB413", 3, 4)]
    assert [row.values.get("sku") for row in rows] == ["A1", None, "A3", "A4"]
    assert "never closed" in rows[1].problems[0].message


def test_a_quote_closed_by_a_later_row_is_reported_where_it_opened(folder: Folder) -> None:
    rows = folder.rows("a.csv", 'sku,title\nA1,"Bag\nA2,Hat\nA3,"the ""big"" one"\nA4,Cap\n')
    assert places(rows) == [("WB413", 2, 4)]
    assert [row.values.get("sku") for row in rows] == [None, "A2", "A3", "A4"]


def test_text_behind_a_closing_quote_is_a_problem_and_not_guessed_at(folder: Folder) -> None:
    rows = folder.rows("a.csv", 'sku,title\nA1,"5" screen\nA2,5" screen\n')
    assert places(rows) == [("WB413", 2, 4)]
    assert rows[1].values["title"] == '5" screen'


def test_broken_quotes_do_not_cost_quadratic_time(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.feeds.delimited.MAX_REREAD", 10_000)
    rows = folder.rows("a.csv", "sku,title\n" + 'x","\n' * 2_000)
    assert len(rows) < 100
    assert rows[-1].problems[0].code == "WB400"


def test_a_huge_cell_is_a_problem_and_the_run_goes_on(folder: Folder) -> None:
    huge = "x" * (feed.MAX_CELL + 1)
    rows = folder.rows("a.csv", f'sku,title\nA1,{huge}\nA2,"{huge}"\nA3,Bag\n')
    assert places(rows) == [("WB414", 2, 4), ("WB414", 3, 4)]
    assert rows[2].values == {"sku": "A3", "title": "Bag"}


def test_a_line_larger_than_any_row_may_be_is_skipped(folder: Folder) -> None:
    rows = folder.rows("a.csv", "sku,title\nA1," + "x" * (feed.MAX_LINE + 10) + "\nA2,Bag\n")
    assert [row.line for row in rows] == [2, 3]
    assert rows[0].problems[0].code == "WB414"


@pytest.mark.parametrize(("delimiter", "dialect"), [(",", None), (";", "semicolon"), ("\t", "tab")])
def test_the_delimiter_is_seen_from_the_header(folder: Folder, delimiter: str, dialect: str | None) -> None:
    path = folder.write("a.csv", f"sku{delimiter}title\nA1{delimiter}Bag\n")
    opened = open_feed(path, LISTING)
    assert opened.info.dialect == dialect
    assert [row.values for row in opened] == [{"sku": "A1", "title": "Bag"}]


def test_gzip_is_read_transparently_and_a_truncated_one_ends_in_a_problem(folder: Folder) -> None:
    packed = gzip.compress(b"sku,title\n" + b"".join(b"A%d,Bag\n" % n for n in range(20_000)))
    assert len(folder.rows("a.csv.gz", packed)) == 20_000
    rows = folder.rows("b.csv.gz", packed[:-5_000])
    assert rows[0].values == {"sku": "A0", "title": "Bag"}
    assert rows[-1].problems[0].code == "WB400"
    assert folder.refused("c.csv.gz", packed[:100]).code == "WB400"


def test_a_feed_can_be_read_twice_and_tells_how_far_it_is(folder: Folder) -> None:
    opened = open_feed(folder.write("a.csv", "sku,title\nA1,Bag\n"), LISTING)
    assert opened.position() == 0
    assert list(opened) == list(opened)
    assert opened.position() == opened.size_hint == 17


def test_a_large_feed_needs_little_memory(folder: Folder) -> None:
    path = folder.write("a.csv", "sku,title\n" + "A1,a title that is long enough\n" * 20_000)
    opened = open_feed(path, LISTING)
    tracemalloc.start()
    try:
        assert sum(1 for _ in opened) == 20_000
        assert tracemalloc.get_traced_memory()[1] < 200_000
    finally:
        tracemalloc.stop()


def test_columns_that_are_not_used_are_told_and_typos_pointed_out(folder: Folder) -> None:
    info = open_feed(folder.write("a.csv", "sku,titel,colour_code,colour\nA1,x,y,z\n"), LISTING).info
    assert info.columns_used == ("sku", "colour")
    assert info.columns_unused == ("titel", "colour_code")
    assert [(note.message, note.severity) for note in info.notes] == [
        ("column 'titel' is not used: did you mean 'title'?", "warning")
    ]


def test_a_header_alone_yields_nothing(folder: Folder) -> None:
    assert folder.rows("a.csv", "sku,title\n") == []


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.csv", b"", "WB422"),
        ("blank.csv", b"\n\n", "WB422"),
        ("nameless.csv", b",,\n1,2,3\n", "WB422"),
        ("twice.csv", b"sku,title,SKU\n", "WB423"),
        ("unknown.csv", b"a,b\n1,2\n", "WB424"),
        ("utf16.csv", "sku,title\nA1,Bag\n".encode("utf-16"), "WB425"),
        ("latin1.csv", "sku,title,größe\n".encode("latin-1"), "WB425"),
        ("cr.csv", b"sku,title\rA1,Bag\r", "WB413"),
        ("what.doc", b"sku,title\nA1,Bag\n", "WB421"),
        ("array.json", b'[{"sku": "A1"}]', "WB421"),
        ("unknown.jsonl", b'{"a": 1}\n', "WB424"),
        ("page.xml", b"<html><body/></html>", "WB421"),
        ("text.xml", b"hello", "WB417"),
        ("unknown.xml", b'<?xml version="1.0" encoding="nowhere-8"?><rss/>', "WB425"),
        ("multibyte.xml", b'<?xml version="1.0" encoding="gb18030"?><rss/>', "WB425"),
        ("not.parquet", b"PAR1 is not enough", "WB421"),
        ("bad.csv.gz", b"\x1f\x8b\x08 no gzip at all", "WB400"),
    ],
)
def test_a_feed_that_cannot_be_used_is_refused(folder: Folder, name: str, content: bytes, code: str) -> None:
    problem = folder.refused(name, content)
    assert problem.code == code
    assert problem.span is not None and problem.span.line >= 1


def test_a_missing_file_and_a_folder_are_refused(folder: Folder) -> None:
    for path in (folder.path / "none.csv", folder.path):
        with pytest.raises(FeedError) as raised:
            open_feed(path, LISTING)
        assert raised.value.diagnostics[0].code == "WB400"


def test_a_file_that_vanishes_before_it_is_read_is_refused(folder: Folder) -> None:
    path = folder.write("a.csv", "sku,title\nA1,Bag\n")
    opened = open_feed(path, LISTING)
    path.unlink()
    with pytest.raises(FeedError):
        list(opened)


# ---- cells


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12.0),
        (" 12.5 ", 12.5),
        ("-3", -3.0),
        ("1e3", 1000.0),
        ("1,234.50", 1234.5),
        ("1,23,456", 123456.0),
        ("12,345,678", 12345678.0),
        ("", None),
        ("   ", None),
        ("NaN", None),
    ],
)
def test_numbers_are_read(folder: Folder, text: str, value: float | None) -> None:
    row = folder.one("a.csv", f'sku,price\nA1,"{text}"\n')
    assert row.values.get("price") == value
    assert row.problems == ()


@pytest.mark.parametrize(
    "text",
    ["12abc", "inf", "-Infinity", "1e400", "1_000", "1,5", "1.5,0", "₹32,999", "15.00 USD", "--1", "0x1f"],
)
def test_what_is_no_number_is_a_problem(folder: Folder, text: str) -> None:
    row = folder.one("a.csv", f'sku,price\nA1,"{text}"\n')
    assert places([row]) == [("WB410", 2, 4)]
    assert "price" not in row.values


@pytest.mark.parametrize(
    ("column", "text", "value"),
    [
        ({"strip": "₹$"}, "₹32,999", 32999.0),
        ({"strip": "USD "}, "15.00 USD", 15.0),
        ({"decimal": ","}, "1.234,50", 1234.5),
        ({"decimal": ","}, "12,5", 12.5),
        ({"before": " new"}, "5 new", 5.0),
        ({"after": "price=", "before": ";"}, "x=1;price=7;y=2", 7.0),
        ({"after": "price="}, "x=1", None),
    ],
)
def test_a_mapping_says_how_numbers_are_written(
    folder: Folder, column: dict[str, str], text: str, value: float | None
) -> None:
    use = mapping({"price": {"from": "p", **column}})
    row = folder.one("a.csv", f'p,q\n"{text}",x\n', use)
    assert row == Row(2, {} if value is None else {"price": value})


def test_a_point_is_no_decimal_sign_where_the_comma_is(folder: Folder) -> None:
    use = mapping({"price": {"from": "p", "decimal": ","}})
    assert folder.one("a.csv", "p\n1.5\n", use).problems[0].code == "WB410"


@pytest.mark.parametrize(
    ("text", "value"),
    [("TRUE", True), ("yes", True), ("1", True), ("False", False), ("No", False), ("0", False), ("", None)],
)
def test_booleans_are_read_in_any_case(folder: Folder, text: str, value: bool | None) -> None:
    assert folder.one("a.csv", f"sku,gift\nA1,{text}\n").values.get("gift") == value


@pytest.mark.parametrize(
    ("text", "form", "value"),
    [
        ("2026-03-01", None, date(2026, 3, 1)),
        ("2026-03-01T23:30:00+08:00", None, date(2026, 3, 1)),
        ("2026-03-01 10:00:00", None, date(2026, 3, 1)),
        ("01/03/2026", "%d/%m/%Y", date(2026, 3, 1)),
        ("20260301", None, None),
        ("2026-02-30", None, None),
        ("01/03/2026", None, None),
    ],
)
def test_dates_are_read_as_they_are_said_to_be_written(
    folder: Folder, text: str, form: str | None, value: date | None
) -> None:
    column = {"from": "d"} if form is None else {"from": "d", "date_format": form}
    row = folder.one("a.csv", f"d\n{text}\n", mapping({"launch_date": column}))
    assert row.values.get("launch_date") == value
    assert bool(row.problems) == (value is None)


def test_text_is_kept_exactly_and_na_is_namibia(folder: Folder) -> None:
    row = folder.one("a.csv", "sku,title,country,brand\n00123,  two  spaces ,NA,null\n")
    assert row.values == {"sku": "00123", "title": "  two  spaces ", "country": "NA", "brand": "null"}


def test_missing_tokens_count_only_where_the_mapping_names_them(folder: Folder) -> None:
    use = mapping(
        {name: name for name in ("sku", "price", "tags", "gift", "launch_date")}, missing=["", "-", "null"]
    )
    row = folder.one("a.csv", 'sku,price,tags,gift,launch_date\nnull,-,"a,-,b", null ,-\n', use)
    assert row == Row(2, {"tags": ["a", "b"]})


def test_lists_split_at_bars_or_commas_or_as_the_mapping_says(folder: Folder) -> None:
    rows = folder.rows("a.csv", 'sku,tags\nA1,"a, b"\nA2,"a, b|c"\n')
    assert [row.values["tags"] for row in rows] == [["a", "b"], ["a, b", "c"]]
    use = mapping({"tags": {"from": "t", "as": "text_list", "split": "/"}})
    assert folder.one("b.csv", "t\na|x / b\n", use).values == {"tags": ["a|x", "b"]}


# ---- mappings


def test_of_several_columns_the_first_that_is_not_missing_counts(folder: Folder) -> None:
    use = mapping({"title": {"from": ["title", "name"]}, "description": {"from": ["a", "b"], "join": " / "}})
    rows = folder.rows("a.csv", "title,name,a,b\nx,y,1,2\n ,y,,2\n,,,\n", use)
    assert [row.values for row in rows] == [
        {"title": "x", "description": "1 / 2"},
        {"title": "y", "description": "2"},
        {},
    ]


def test_constants_and_whole_cell_tables(folder: Folder) -> None:
    use = mapping(
        {
            "currency": {"value": "SAR"},
            "tags": {"value": "a|b"},
            "country": {"from": "c", "map": {"Saudi Arabia": "SA", "other": None}},
            "gift": {"from": "g", "map": {"present": True}, "otherwise": False},
        }
    )
    rows = folder.rows("a.csv", "c,g\nSAUDI ARABIA,present\nother,x\nDE,\n", use)
    fixed = {"currency": "SAR", "tags": ["a", "b"]}
    assert [row.values for row in rows] == [
        {**fixed, "country": "SA", "gift": True},
        {**fixed, "gift": False},
        {**fixed, "country": "DE"},
    ]


def test_choose_takes_the_first_entry_whose_words_occur(folder: Folder) -> None:
    use = mapping(
        {
            "category": {
                "from": ["group", "kind"],
                "join": " > ",
                "choose": [
                    {"contains": "gift shoe", "value": None},
                    {"contains": ["shoe", "boot"], "value": "footwear"},
                    {"contains": "dress", "value": "dresses"},
                    {"contains": "鞋", "value": "footwear"},
                ],
                "otherwise": "other",
            }
        }
    )
    text = "group,kind\nWomen,SHOES\nHome,shoebox\nWomen,Dresses\nx,Gift shoes\n女装,高跟鞋子\n,\n"
    rows = folder.rows("a.csv", text, use)
    assert [row.values.get("category") for row in rows] == [
        "footwear", "other", "dresses", None, "footwear", None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("phrase", "text", "found"),
    [
        ("cap", "Caps & hats", True),
        ("cap", "Capsule", False),
        ("dress", "Dresses", True),
        ("> Milk", "Dairy > Milk > UHT", True),
        ("CAFÉ", "cafe\u0301 table", True),
        ("เสื้อ", "เสื้อผ้า", True),
        ("LED", "LED灯", True),
        ("women", "women's shoes", True),
        ("tea", "Steak and tea", True),
        ("bus", "buses", True),
        ("bus", "busesque", False),
    ],
)
def test_phrases_are_whole_words_where_the_script_has_words(phrase: str, text: str, found: bool) -> None:
    assert phrase_finder([phrase])(folded(text)) == found


def test_values_inside_json_cells(folder: Folder) -> None:
    specs = [{"name": "Material", "value": "Wool"}, {"name": "Fibre", "value": "80% wool"}]
    specs += [{"name": "Fibre", "value": "20% nylon"}, {"name": "Stock", "value": "12"}]
    use = mapping(
        {
            "materials": {"from": "specs", "json": ["name=Bahan/value", "name=Material/value"]},
            "description": {"from": "specs", "json": "*name=Fibre/value", "join": ", "},
            "price": {"from": "specs", "json": "name=Stock/value"},
            "tags": {"from": "specs", "json": "*/name"},
            "brand": {"from": "object", "json": "maker/name"},
        }
    )
    content = {"specs": json.dumps(specs), "object": '{"maker": {"name": "Ola"}}'}
    cells = ",".join('"' + text.replace('"', '""') + '"' for text in content.values())
    assert folder.one("a.csv", f"specs,object\n{cells}\n", use).values == {
        "materials": ["Wool"],
        "description": "80% wool, 20% nylon",
        "price": 12.0,
        "tags": ["Material", "Fibre", "Fibre", "Stock"],
        "brand": "Ola",
    }
    broken = folder.one("b.csv", "specs,object\n{],{}\n", use)
    assert {p.expected for p in broken.problems} == {"JSON"}


def test_json_paths_that_lead_nowhere_are_missing() -> None:
    value = [{"name": "a", "value": 1}, "text", None]
    for path in ("name=b/value", "value", "*/other", "name=a/value/deeper"):
        assert look_up(value, parse_path(path)) is None


def test_everything_that_does_not_fit_a_mapping_is_reported_at_once(folder: Folder) -> None:
    use = mapping(
        {"skuu": "id", "title": "nmae", "price": {"value": "much"}, "gift": {"from": "id", "as": "number"}}
    )
    with pytest.raises(FeedError) as raised:
        open_feed(folder.write("a.csv", "id,name\nA1,Bag\n"), LISTING, use)
    found = raised.value.diagnostics
    assert [problem.code for problem in found] == ["WB426", "WB424", "WB426", "WB426"]
    assert [problem.suggestion for problem in found[:2]] == ["sku", "name"]


@pytest.mark.parametrize(
    ("field", "column"),
    [
        ("title", {"strip": "$"}),
        ("price", {"date_format": "%d/%m/%Y"}),
        ("gift", {"decimal": ","}),
        ("title", {"split": ";"}),
        ("launch_date", {"date_format": "%Q"}),
        ("launch_date", {"date_format": "%d/%m"}),
    ],
)
def test_keys_that_would_have_no_effect_are_refused(
    folder: Folder, field: str, column: dict[str, str]
) -> None:
    assert folder.refused("a.csv", "id\nA1\n", mapping({field: {"from": "id", **column}})).code == "WB426"


def test_a_column_may_be_absent_only_where_the_mapping_says_so(folder: Folder) -> None:
    use = mapping(
        {"sku": "id", "title": {"from": "name", "optional": True}, "brand": {"from": ["brand", "id"]}}
    )
    assert folder.one("a.csv", "id\nA1\n", use).values == {"sku": "A1", "brand": "A1"}


def test_a_mapping_for_another_record_type_is_refused(folder: Folder) -> None:
    use = MappingModel.model_validate({"mapping": "m", "record": "customer", "columns": {"sku": "sku"}})
    assert folder.refused("a.csv", "sku\nA1\n", use).code == "WB426"


# ---- JSON Lines


def test_json_lines_with_native_types_and_dotted_paths(folder: Folder) -> None:
    use = mapping({"sku": "id", "price": "offer.price", "tags": "tags", "gift": "gift", "launch_date": "day"})
    line = {"id": 17, "offer": {"price": 12.5}, "tags": ["a", "b"], "gift": False, "day": "2026-03-01"}
    rows = folder.rows("a.jsonl", json.dumps(line) + "\n\n" + '{"id": "x", "offer": null}\n', use)
    assert rows == [
        Row(
            1,
            {"sku": "17", "price": 12.5, "tags": ["a", "b"], "gift": False, "launch_date": date(2026, 3, 1)},
        ),
        Row(3, {"sku": "x"}),
    ]


def test_bad_json_lines_are_rows_with_problems(folder: Folder) -> None:
    lines = [
        '{"sku": "A1"}',
        '{"sku": "A2", }',
        '["A3"]',
        '{"sku": "A4", "sku": "A5"}',
        '{"sku": "A6", "price": true}',
        '{"sku": "A7", "price": Infinity}',
        '{"sku": "A8", "title": "\\ud83d"}',
        "[" * 100_000,
        '{"sku": "A9", "SKU": "A10"}',
        '{"price": NaN}',
    ]
    rows = folder.rows("a.jsonl", "\n".join(lines).encode() + b'\n{"sku": "\xff"}\n')
    assert places(rows) == [
        ("WB415", 2, 15),
        ("WB415", 3, 1),
        ("WB416", 4, 15),
        ("WB410", 5, 15),
        ("WB410", 6, 15),
        ("WB411", 7, 15),
        ("WB415", 8, 1),
        ("WB416", 9, 15),
        ("WB411", 11, 10),
    ]
    assert rows[0].values == {"sku": "A1"}
    assert rows[9] == Row(10, {})


def test_a_json_line_that_is_too_large_is_skipped(folder: Folder) -> None:
    rows = folder.rows("a.jsonl", '{"sku": "' + "x" * feed.MAX_LINE + '"}\n{"sku": "A2"}\n')
    assert places(rows) == [("WB414", 1, 1)]
    assert rows[1] == Row(2, {"sku": "A2"})


def test_keys_the_mapping_reads_but_no_row_has_are_told_after_reading(folder: Folder) -> None:
    use = mapping({"sku": "id", "title": "nmae", "brand": {"from": "maker", "optional": True}})
    opened = open_feed(folder.write("a.jsonl", '{"id": "A1", "name": "Bag"}\n'), LISTING, use)
    assert opened.info.notes == ()
    assert [row.values for row in opened] == [{"sku": "A1"}]
    assert [note.message for note in opened.info.notes] == ["no row has 'nmae', which 'title' is read from"]


# ---- Parquet


def test_parquet_with_native_types_structs_and_missing_values(folder: Folder) -> None:
    pa: Any = importlib.import_module("pyarrow")
    parquet: Any = importlib.import_module("pyarrow.parquet")
    table = pa.table(
        {
            "sku": pa.array([1, 2, None]),
            "price": [1.5, float("nan"), float("inf")],
            "launch_date": [date(2026, 3, 1), None, None],
            "tags": [["a", "b"], [], None],
            "gift": [True, None, False],
            "maker": [{"name": "Ola"}, {"name": None}, None],
            "unused": ["x", "y", "z"],
        }
    )
    path = folder.path / "a.parquet"
    parquet.write_table(table, path)
    names = ("sku", "price", "launch_date", "tags", "gift")
    opened = open_feed(path, LISTING, mapping({**{name: name for name in names}, "brand": "maker.name"}))
    rows = list(opened)
    first = {"sku": "1", "price": 1.5, "launch_date": date(2026, 3, 1), "tags": ["a", "b"], "gift": True}
    assert rows[0].values == {**first, "brand": "Ola"}
    assert rows[1] == Row(2, {"sku": "2"})
    assert rows[2].values == {"gift": False}
    assert places(rows) == [("WB410", 3, 1)]
    assert opened.info.columns_unused == ("unused",)
    assert opened.position() == opened.size_hint


# ---- Shopify


def test_shopify_legacy_rows_of_a_handle_are_variants_or_images() -> None:
    opened = open_feed(DATA / "shopify_legacy.csv", LISTING)
    assert (opened.info.format, opened.info.dialect) == ("shopify", "legacy")
    first, second, hat = opened
    assert first == Row(
        2,
        {
            "sku": "BAG-S-1",
            "title": "Canvas bag",
            "description": "<p>Two pockets,\none zip</p>",
            "brand": "Hillside",
            "price": 29.9,
            "tags": ["summer", "canvas"],
            "gift": False,
            "colour": "Sand",
            "size": "S",
            "image": "https://img.example/bag-1.jpg",
            "images": [f"https://img.example/bag-{n}.jpg" for n in (1, 2, 3)],
            "alts": ["Bag from the front", "Bag from behind", "Zip"],
            "weight_kg": 0.45,
            "materials": ["cotton", "leather"],
            "category": "Apparel & Accessories > Handbags",
        },
    )
    own = {"sku": "BAG-M-2", "price": 31.9, "colour": "Moss", "size": "M", "weight_kg": 0.48}
    assert second == Row(4, {**first.values, **own})
    assert hat.line == 6
    assert hat.values == {
        "sku": "HAT-1", "title": "Plain hat", "description": "Wool hat", "brand": "Hillside", "price": 19.0,
        "weight_kg": 0.12, "materials": ["wool"],
    }  # fmt: skip


def test_shopify_current_dialect_gives_the_same_names() -> None:
    opened = open_feed(DATA / "shopify_current.csv", LISTING)
    assert (opened.info.format, opened.info.dialect) == ("shopify", "current")
    rows = list(opened)
    assert [(row.line, row.values["sku"], row.values["title"]) for row in rows] == [
        (2, "BAG-S-1", "Canvas bag"),
        (3, "BAG-M-2", "Canvas bag"),
    ]
    assert [row.values["colour"] for row in rows] == ["Sand", "Moss"]
    assert all(len(row.values["images"]) == 2 and row.problems == () for row in rows)
    assert "Status" in opened.info.columns_unused


def test_shopify_headers_count_in_any_case(folder: Folder) -> None:
    row = folder.one("a.csv", "HANDLE,TITLE,VARIANT SKU,variant price\nbag,Bag,B1,10\n")
    assert row.values == {"sku": "B1", "title": "Bag", "price": 10.0}


def test_shopify_row_that_continues_no_product_above_it_is_a_problem(folder: Folder) -> None:
    text = "Handle,Title,Variant SKU,Variant Price\nbag,Bag,B1,10\nhat,Hat,H1,5\nbag,,B2,11\n"
    rows = folder.rows("a.csv", text)
    assert places(rows) == [("WB419", 4, 1)]
    assert rows[2].values == {"sku": "B2", "price": 11.0}


def test_shopify_problem_in_an_inherited_cell_points_to_the_first_row(folder: Folder) -> None:
    text = "Handle,Title,Variant SKU,Variant Price,Gift Card\nbag,Bag,B1,10,perhaps\nbag,,B2,much,\n"
    rows = folder.rows("a.csv", text)
    assert places(rows[:1]) == [("WB410", 2, 15)]
    assert places(rows[1:]) == [("WB410", 3, 9), ("WB410", 2, 15)]


def test_shopify_broken_row_keeps_its_product_together(folder: Folder) -> None:
    text = 'Handle,Title,Variant SKU,Variant Price\nbag,Bag,B1,10\nbag,,"B2" x,1\nbag,,B3,12\n'
    rows = folder.rows("a.csv", text)
    assert [row.values.get("title") for row in rows] == ["Bag", None, "Bag"]
    assert places(rows) == [("WB413", 3, 6)]


def test_shopify_products_with_very_many_rows_are_read_in_parts(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("weighbridge.feeds.shopify.MAX_GROUP", 2)
    head = "Handle,Title,Variant SKU,Variant Price,Image Src\nbag,Bag,B0,1,http://a\n"
    rows = folder.rows("a.csv", head + "".join(f"bag,,B{n},1,\n" for n in range(1, 6)) + "bag,,,,http://b\n")
    assert [row.values["sku"] for row in rows] == [f"B{n}" for n in range(6)]
    assert all(row.values["title"] == "Bag" and row.values["image"] == "http://a" for row in rows)


def test_shopify_names_in_a_record_type_are_checked(folder: Folder) -> None:
    wrong = LISTING.model_copy(
        update={"feeds": {"shopify": {"price": MappedColumn.model_validate({"from": "prise"})}}}
    )
    with pytest.raises(FeedError) as raised:
        open_feed(DATA / "shopify_legacy.csv", wrong)
    assert raised.value.diagnostics[0].suggestion == "price"


def test_shopify_columns_mean_the_same_by_header_and_by_canonical_name() -> None:
    for name in ("weight_grams", "Variant Grams", "variant grams"):
        rows = list(open_feed(DATA / "shopify_legacy.csv", LISTING, mapping({"weight_kg": name})))
        assert [row.values["weight_kg"] for row in rows] == [0.45, 0.48, 0.12]


def test_shopify_misspelt_header_is_pointed_out(folder: Folder) -> None:
    path = folder.write("a.csv", "Handle,Title,Variant SKU,Variant Prise\nbag,Bag,B1,10\n")
    assert [note.suggestion for note in open_feed(path, LISTING).info.notes] == ["Variant Price"]


# ---- Google


def test_google_text_feed() -> None:
    opened = open_feed(DATA / "google.txt", LISTING)
    assert (opened.info.format, opened.info.dialect) == ("google-tsv", None)
    lamp, vase = opened
    assert lamp == Row(
        2,
        {
            "sku": "A1",
            "title": 'Lamp "Ola"',
            "description": "Brass lamp",
            "link": "https://shop.example/a1",
            "brand": "Ola",
            "price": 15.0,
            "currency": "USD",
            "availability": "in_stock",
            "images": ["https://img.example/a2.jpg", "https://img.example/a3.jpg"],
            "tags": ["Solid brass", "Dimmable"],
            "weight_kg": 1.5,
            "gtin": "4006381333931",
            "gift": False,
        },
    )
    assert (vase.values["price"], vase.values["currency"], vase.values["weight_kg"]) == (1249.5, "EUR", 0.25)
    assert vase.values["availability"] == "out_of_stock"
    assert "images" not in vase.values


@pytest.mark.parametrize(
    ("column", "text", "expected"),
    [
        ("price", "15,00 USD", "a number with a currency, such as 1234.5 USD"),
        ("price", "15.00 kg", "a number with a currency, such as 1234.5 USD"),
        ("shipping_weight", "2 gallons", "a number with a unit that converts to kg, such as 1234.5 kg"),
        ("shipping_weight", "2", "a number with a unit that converts to kg, such as 1234.5 kg"),
    ],
)
def test_google_amounts_need_a_unit_that_fits(folder: Folder, column: str, text: str, expected: str) -> None:
    head = "id\ttitle\tlink\timage_link\tavailability\t"
    row = folder.one("a.tsv", f"{head}{column}\nA1\tLamp\tx\ty\tin stock\t{text}\n")
    assert places([row]) == [("WB410", 2, 22)]
    assert row.problems[0].expected == expected


def test_google_columns_with_commas_are_recognised_too(folder: Folder) -> None:
    path = folder.write("a.csv", "id,title,image_link,availability,price\nA1,Lamp,x,in stock,15.00 USD\n")
    opened = open_feed(path, LISTING)
    assert (opened.info.format, opened.info.dialect) == ("google-tsv", "comma")
    assert [row.values["availability"] for row in opened] == ["in_stock"]


def test_google_rss() -> None:
    opened = open_feed(DATA / "google_rss.xml", LISTING)
    lamp, vase = opened
    assert lamp == Row(
        6,
        {
            "sku": "A1",
            "title": "Lamp with shade",
            "description": "Brass, <b>solid</b>",
            "price": 15.0,
            "currency": "USD",
            "availability": "in_stock",
            "weight_kg": 0.90718474,
            "tags": ["Solid brass, hand made", "Dimmable"],
        },
    )
    assert vase.values == {"sku": "A2", "title": "Vase"}
    assert places([vase]) == [("WB410", 24, 7)]
    info = opened.info
    assert (info.format, info.dialect) == ("google-xml", "rss")
    assert "shipping.country" in info.columns_unused


def test_google_atom() -> None:
    opened = open_feed(DATA / "google_atom.xml", LISTING)
    assert opened.info.dialect == "atom"
    (row,) = opened
    assert row == Row(
        4,
        {
            "sku": "A1",
            "title": "Lamp",
            "description": "A brass lamp",
            "link": "https://shop.example/a1",
            "price": 15.0,
            "currency": "USD",
        },
    )


def rss(*items: str) -> str:
    head = '<rss version="2.0" xmlns:g="http://base.google.com/ns/1.0"><channel>\n'
    return head + "".join(f"<item>{item}</item>\n" for item in items) + "</channel></rss>"


def test_an_attribute_given_twice_is_a_problem_unless_it_may_be_repeated(folder: Folder) -> None:
    row = folder.one(
        "a.xml", rss("<g:id>A1</g:id><g:title>a</g:title><g:title>b</g:title><g:gtin>1</g:gtin>")
    )
    assert row.values == {"sku": "A1", "gtin": "1"}
    assert places([row]) == [("WB410", 2, 22)]


@pytest.mark.parametrize("name", ["billion_laughs.xml", "external_entity.xml"])
def test_xml_that_declares_entities_is_refused(name: str) -> None:
    with pytest.raises(FeedError) as raised:
        open_feed(DATA / name, LISTING)
    problem = raised.value.diagnostics[0]
    assert problem.code == "WB418"
    assert problem.span is not None and problem.span.line == 2


def test_a_doctype_behind_a_long_comment_is_refused_too(folder: Folder) -> None:
    text = "<!--" + "x" * 100_000 + '--><!DOCTYPE rss [<!ENTITY a "b">]>' + rss("<g:id>A1</g:id>")
    assert folder.refused("a.xml", text).code == "WB418"


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ("<g:id>A2</g:id>&secret;", "undefined entity"),
        ("<g:id>A2", "mismatched tag"),
        ("Black & white", "not well-formed (invalid token)"),
    ],
)
def test_xml_that_breaks_ends_the_feed_with_a_problem_at_its_line(
    folder: Folder, broken: str, reason: str
) -> None:
    rows = folder.rows("a.xml", rss("<g:id>A1</g:id>", broken, "<g:id>A3</g:id>"))
    assert [row.values for row in rows] == [{"sku": "A1"}, {}]
    assert rows[1].problems[0].code == "WB417"
    assert rows[1].line == 3
    assert reason in rows[1].problems[0].message


def test_xml_with_an_undeclared_prefix_says_what_to_declare(folder: Folder) -> None:
    rows = folder.rows(
        "a.xml", rss("<g:id>A1</g:id>").replace(' xmlns:g="http://base.google.com/ns/1.0"', "")
    )
    assert rows[0].problems[0].expected is not None
    assert "xmlns:g=" in rows[0].problems[0].expected


def test_xml_in_latin_1_is_read_where_it_says_so(folder: Folder) -> None:
    text = '<?xml version="1.0" encoding="iso-8859-1"?>' + rss("<g:id>A1</g:id><g:title>café</g:title>")
    assert folder.one("a.xml", text.encode("latin-1")).values["title"] == "café"


def test_xml_bombs_of_other_kinds_are_stopped(folder: Folder) -> None:
    deep = folder.rows("deep.xml", rss("<g:id>A1</g:id>", "<a>" * 200))
    assert deep[-1].problems[0].code == "WB400"
    large = folder.rows("large.xml", rss("<g:id>" + "x" * (feed.MAX_LINE + 1) + "</g:id>", "<g:id>A2</g:id>"))
    assert [row.values for row in large] == [{}, {"sku": "A2"}]
    assert large[0].problems[0].code == "WB414"


def test_a_large_xml_feed_needs_little_memory(folder: Folder) -> None:
    item = "<g:id>A1</g:id><g:title>a title that is long enough</g:title><g:price>1.00 USD</g:price>"
    opened = open_feed(folder.write("a.xml", rss(*[item] * 5_000)), LISTING)
    tracemalloc.start()
    try:
        assert sum(1 for _ in opened) == 5_000
        assert tracemalloc.get_traced_memory()[1] < 3_000_000
    finally:
        tracemalloc.stop()


# ---- which format


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.csv", "sku,title\n", "csv"),
        ("A.CSV", "sku,title\n", "csv"),
        ("a.tsv", "sku\ttitle\n", "tsv"),
        ("a.txt", "sku\ttitle\n", "tsv"),
        ("a.csv", "handle,title,brand\n", "csv"),
        ("a.csv", "Handle,Title,Body (HTML),Variant SKU\n", "shopify"),
        ("a.csv", "Title,URL handle,Price,SKU\n", "shopify"),
        ("a.tsv", "id\ttitle\tlink\tprice\n", "google-tsv"),
        ("a.txt", "ID\tTitle [title]\tLink [link]\tPrice [price]\n", "google-tsv"),
        ("a.jsonl", '{"sku": "A1"}\n', "jsonl"),
        ("a.json", '{"sku": "A1"}\n', "jsonl"),
        ("a.ndjson.gz", gzip.compress(b'{"sku": "A1"}\n', mtime=0), "jsonl"),
        ("a.xml", rss("<g:id>A1</g:id>"), "google-xml"),
        ("a.rss.gz", gzip.compress(rss("<g:id>A1</g:id>").encode()), "google-xml"),
    ],
)
def test_the_format_is_seen_from_name_and_header(
    folder: Folder, name: str, content: str | bytes, expected: str
) -> None:
    assert open_feed(folder.write(name, content), LISTING).info.format == expected


def test_an_explicit_format_wins_over_mapping_and_header(folder: Folder) -> None:
    path = folder.write("a.csv", "Handle,Title,Variant SKU\nbag,Bag,B1\n")
    assert open_feed(path, LISTING, format="csv").info.format == "csv"
    plain = mapping({"sku": "Variant SKU"}, format="csv")
    assert open_feed(path, LISTING, plain).info.format == "csv"
    assert open_feed(path, LISTING, plain, format="shopify").info.format == "shopify"
    with pytest.raises(FeedError) as raised:
        open_feed(path, LISTING, format="shopfy")
    assert raised.value.diagnostics[0].suggestion == "shopify"


def test_the_table_of_formats_is_complete() -> None:
    modules = {path.stem for path in (ROOT / "engine/weighbridge/feeds").glob("*.py")}
    assert tuple(entry.name for entry in TABLE) == FORMATS
    assert {"delimited", "json_lines", "parquet", "shopify", "google_tsv", "google_xml"} <= modules
    assert set(FORMATS) == {"csv", "tsv", "jsonl", "parquet", "shopify", "google-tsv", "google-xml"}


# ---- shipped mappings


def test_shipped_mappings_fit_their_record_types() -> None:
    project = load_project(ROOT)
    shipped = {name: document.model for name, document in project.mappings.items()}
    assert {"amazon_in", "amazon_uk", "fashion", "shein", "shopee", "unified"} <= set(shipped)
    for name, model in shipped.items():
        fields = project.record_types[model.record].model.fields
        for field, column in model.columns.items():
            values = {choice.value for choice in column.choose} | set(column.map.values()) - {None}
            allowed = set(fields[field].tree or fields[field].allowed or ()) or values
            assert values - {None} <= allowed, (name, field)
