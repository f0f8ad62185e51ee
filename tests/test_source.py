"""YAML text into nodes: values, places, and every kind of broken or hostile text."""

from __future__ import annotations

import math
from typing import Any

import pytest

from weighbridge.diagnostics import Diagnostic
from weighbridge.source import (
    MAX_ALIAS_NODES,
    MAX_BYTES,
    MAX_DEPTH,
    Node,
    parse_yaml,
    scalar_span,
    split_lines,
    to_python,
)


def value_of(text: str) -> Any:
    nodes, problems = parse_yaml(f"k: {text}\n", "f.yaml")
    assert problems == []
    return to_python(nodes[0])["k"]


def problems_of(data: str | bytes) -> list[str]:
    """Code and place of every problem, as "WB003 2:1"."""
    return [place(problem) for problem in parse_yaml(data, "f.yaml")[1]]


def place(problem: Diagnostic) -> str:
    assert problem.span is not None
    return f"{problem.code} {problem.span.line}:{problem.span.column}"


def only_node(text: str) -> Node:
    nodes, problems = parse_yaml(text, "f.yaml")
    assert problems == []
    return nodes[0]


# ---- values


@pytest.mark.parametrize(
    "text",
    [
        "NO", "no", "on", "off", "yes", "Yes", "y", "n", "12:30", "12:30:45", "2026-01-01", "1_000", "0b101",
        "00123", "-012", "012.5", "007", "00", "01e3", "+0x1F", "0o8", "0xG", "1.2.3", "1,5", "1e", "e5", ".",
        "+", "--1", "nan", "inf", "tRUE", "nULL", "null_ish", "~x", "=", "<<x", "infinity", "١٢",
    ],
)  # fmt: skip
def test_what_looks_special_elsewhere_is_text_here(text: str) -> None:
    assert value_of(text) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0), ("12", 12), ("-7", -7), ("+5", 5), ("0x1F", 31), ("0o17", 15), ("1e3", 1e3), ("1E-2", 0.01),
        ("1.5", 1.5), ("-.5", -0.5), ("1.", 1.0), ("0.0", 0.0), ("0e0", 0.0), ("9007199254740993", 2**53 + 1),
        ("true", True), ("True", True), ("TRUE", True), ("false", False), ("False", False), ("FALSE", False),
        ("null", None), ("Null", None), ("NULL", None), ("~", None), ("", None),
        ("'1'", "1"), ('"true"', "true"), ("'null'", "null"), ("''", ""), (".inf", math.inf),
        ("-.INF", -math.inf),
    ],
)  # fmt: skip
def test_core_schema_values(text: str, value: object) -> None:
    found = value_of(text)
    assert found == value
    assert type(found) is type(value)


def test_not_a_number_is_a_number() -> None:
    assert math.isnan(value_of(".nan"))


def test_block_scalars_are_text_whatever_they_hold() -> None:
    assert to_python(only_node("a: |\n  12\nb: >-\n  true\n")) == {"a": "12\n", "b": "true"}


def test_a_dash_in_a_list_is_text() -> None:
    assert value_of("[-, -5, 1-2]") == ["-", -5, "1-2"]


def test_keys_are_text_as_written() -> None:
    assert to_python(only_node("1: a\ntrue: b\nNO: c\n1e3: d\n'x y': e\n")) == {
        "1": "a", "true": "b", "NO": "c", "1e3": "d", "x y": "e",
    }  # fmt: skip


@pytest.mark.parametrize(
    "text", ["9" * 41, "-" + "9" * 40, "1e999", "-1e999", "0x" + "f" * 60, "1." + "0" * 60]
)
def test_numbers_too_long_or_too_large_are_refused(text: str) -> None:
    assert problems_of(f"a: 1\nb: {text}\n") == ["WB008 2:4"]


def test_a_digit_string_that_python_refuses_to_convert_is_a_diagnostic() -> None:
    assert problems_of("b: " + "9" * 100_000) == ["WB008 1:4"]


# ---- documents


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only a comment\n", "---\n", "---\n---\n", "--- # x\n...\n", "\ufeff"]
)
def test_files_without_content_hold_no_documents(text: str) -> None:
    assert parse_yaml(text, "f.yaml") == ([], [])


def test_several_documents_keep_their_places() -> None:
    nodes, problems = parse_yaml("a: 1\n---\n# x\nb: 2\n---\n\nc: 3\n", "f.yaml")
    assert problems == []
    assert [to_python(node) for node in nodes] == [{"a": 1}, {"b": 2}, {"c": 3}]
    assert [str(node.span) for node in nodes] == ["f.yaml:1:1", "f.yaml:4:1", "f.yaml:7:1"]


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfk: \xe5\xa5\xbd\r\nl: 2\r\n",
        "k: 好\nl: 2\n".encode("utf-16"),
        "\ufeffk: 好\nl: 2\n".encode("utf-16-be"),
        "k: 好\nl: 2\n".encode("utf-32"),
        "\ufeffk: 好\rl: 2\r",
    ],
)
def test_byte_order_marks_and_line_ends(data: bytes | str) -> None:
    nodes, problems = parse_yaml(data, "f.yaml")
    assert problems == []
    assert to_python(nodes[0]) == {"k": "好", "l": 2}
    assert [str(key.span) for key, _ in nodes[0].items] == ["f.yaml:1:1", "f.yaml:2:1"]


def test_columns_count_characters_not_bytes() -> None:
    node = only_node("标题: {名: 🐷猪, b: x}\n")
    inner = node.items[0][1]
    assert [(v.span.column, v.span.end_column) for _, v in inner.items] == [(9, 11), (16, 17)]


def test_spans_of_collections_end_with_their_last_part() -> None:
    node = only_node("a:\n  - x\n  - {b: 1}\n\n# comment\nc: |\n  text\n\n\nd:\n")
    found = {str(key.value): value.span for key, value in node.items}
    assert (found["a"].line, found["a"].end_line, found["a"].end_column) == (2, 3, 11)
    assert (found["c"].line, found["c"].end_line, found["c"].end_column) == (6, 7, 7)
    assert (found["d"].line, found["d"].column, found["d"].end_column) == (10, 3, 3)


def test_find_follows_keys_and_indices() -> None:
    node = only_node("rules:\n  - id: a\n  - id: b\n")
    found = node.find(("rules", 1, "id"))
    assert found is not None
    assert (found.value, str(found.span)) == ("b", "f.yaml:3:9")
    assert node.find(("rules", 2, "id")) is None
    assert node.find(("rules", "id")) is None
    assert node.find(("rules", 1, "id", "x")) is None


def test_a_file_of_fifty_thousand_lines_is_read_exactly() -> None:
    block = "- id: r{0}\n  when: price > {0}\n  then: {{verdict: block}}\n  note: NO\n  # c\n"
    node = only_node("rules:\n" + "".join(block.format(i) for i in range(10_000)))
    rules = node.find(("rules",))
    assert rules is not None
    assert len(rules.elements) == 10_000
    last = rules.elements[-1]
    expected = {"id": "r9999", "when": "price > 9999", "then": {"verdict": "block"}, "note": "NO"}
    assert to_python(last) == expected
    assert str(last.span) == "f.yaml:49997:3"


# ---- problems that leave the document readable


def test_duplicate_keys_point_at_both_places_and_keep_the_first() -> None:
    nodes, problems = parse_yaml("a: 1\nb: {c: 1, c: 2, 'c': 3}\na: 2\n", "f.yaml")
    assert [place(problem) for problem in problems] == ["WB003 2:11", "WB003 2:17", "WB003 3:1"]
    assert [[str(span) for _, span in problem.related] for problem in problems] == [
        ["f.yaml:2:5"], ["f.yaml:2:5"], ["f.yaml:1:1"],
    ]  # fmt: skip
    assert to_python(nodes[0]) == {"a": 1, "b": {"c": 1}}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: !!python/object/apply:os.system [ls]\n", ["WB004 1:4"]),
        ("a: !!str 5\n", ["WB004 1:4"]),
        ("a: !custom {b: 1}\n", ["WB004 1:4"]),
        ("a: ! x\n", ["WB004 1:4"]),
        ("a: !<tag:x,2000:y> z\n", ["WB004 1:4"]),
        ("!x a: 1\n", ["WB004 1:1"]),
        ("--- !x\na: 1\n", ["WB004 1:5"]),
        ("a: != 5\n", ["WB004 1:4"]),
        ("%YAML 1.1\n---\na: 1\n", ["WB004 1:1"]),
        ("%TAG !e! tag:e,2000:\n---\na: 1\n", ["WB004 1:1"]),
        ("? [a]\n: 1\n", ["WB007 1:3"]),
        ("{[a]: 1, {b: c}: 2}\n", ["WB007 1:2", "WB007 1:10"]),
        ("a: {match}\n", ["WB002 1:5"]),
        ("a: &x 1\nb: {*x : 2}\n", ["WB007 2:5"]),
        ("<<: {a: 1}\n", ["WB005 1:1"]),
        ("a: &x {b: 1}\nc:\n  <<: *x\n", ["WB005 3:3"]),
        ("a: *nowhere\n", ["WB005 1:4"]),
        ("a: &a [1, *a]\n", ["WB005 1:11"]),
        ("a: &a {b: {c: *a}}\n", ["WB005 1:15"]),
        ("a: {en: fur, angora and down, zh: 1}\n", ["WB002 1:14"]),
        ("a: x\x07y\nb: \x85\n", ["WB009 1:5", "WB009 2:4"]),
        ("a: x\u2028y\nb: z\ufeffz\n", ["WB009 1:5", "WB009 2:5"]),
        ("a: \ud800\n", ["WB009 1:4"]),
    ],
)
def test_problems_that_do_not_stop_reading(text: str, found: list[str]) -> None:
    assert problems_of(text) == found
    assert len(parse_yaml(text, "f.yaml")[0]) == 1


@pytest.mark.parametrize(
    "text", ["%YAML 1.2\n---\na: 1\n", "'<<': 1\n", "'': 1\n", "a: {b: , c: ~}\n", "a: [x, y]\n"]
)
def test_what_only_resembles_a_problem(text: str) -> None:
    assert problems_of(text) == []


def test_aliases_stand_for_their_value() -> None:
    assert to_python(only_node("a: &x [1, 2]\nb: *x\nc: {d: *x}\n")) == {
        "a": [1, 2], "b": [1, 2], "c": {"d": [1, 2]},
    }  # fmt: skip


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 9)]
    nodes, problems = parse_yaml("\n".join(lines) + "\n---\nb: 1\n", "f.yaml")
    assert [problem.code for problem in problems] == ["WB005"]
    assert [to_python(node) for node in nodes] == [{"b": 1}]


def test_many_aliases_are_bounded_in_number_and_depth() -> None:
    wide = "a: &a [" + "x, " * 999 + "x]\nb: [" + "*a, " * (MAX_ALIAS_NODES // 1000) + "]\n"
    assert [found.split()[0] for found in problems_of(wide)] == ["WB005"]
    deep = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, MAX_DEPTH + 5))
    assert [found.split()[0] for found in problems_of(deep)] == ["WB005"]


# ---- problems that stop a document


@pytest.mark.parametrize("opening", ["[", "{a: ", "- ", "a:\n", "? "])
def test_deep_nesting_is_refused(opening: str) -> None:
    text = "".join(" " * i + "a:\n" for i in range(1000)) if opening == "a:\n" else opening * 100_000
    problems = parse_yaml(text, "f.yaml")[1]
    assert [problem.code for problem in problems] == ["WB006"]


def test_nesting_up_to_the_bound_is_read() -> None:
    node = only_node("[" * MAX_DEPTH + "]" * MAX_DEPTH)
    assert str(to_python(node)) == "[" * MAX_DEPTH + "]" * MAX_DEPTH


def test_huge_files_are_refused() -> None:
    assert problems_of(b" " * (MAX_BYTES + 1)) == ["WB006 1:1"]


@pytest.mark.parametrize(
    ("data", "found", "word"),
    [
        (b"a: 1\nb: caf\xe9 au lait\n", "WB001 2:7", "0xe9"),
        ("标题: 好\n".encode("gb18030"), "WB001 1:1", "UTF-8"),
        (b"a: \xc3", "WB001 1:4", "0xc3"),
        (b"\xff\xfea\x00:\x00 ", "WB001 1:3", "UTF-16"),
    ],
)
def test_text_that_is_not_unicode(data: bytes, found: str, word: str) -> None:
    problems = parse_yaml(data, "f.yaml")[1]
    assert [place(problem) for problem in problems] == [found]
    assert word in problems[0].message


@pytest.mark.parametrize(
    ("text", "found", "words"),
    [
        ("a: b: c\n", "WB002 1:5", "':'"),
        ("a: 1\n b: 2\n", "WB002 2:3", "':'"),
        ("a:\n\tb: 1\n", "WB002 2:1", "tab"),
        ("a:\n  b: 1\n\tc: 2\n", "WB002 3:1", "tab"),
        ("a: x\n\ty\n", "WB002 2:1", "tab"),
        ("a: {match} is\n", "WB002 1:12", "ended"),
        ('a: "SA","AE"\n', "WB002 1:8", "ended"),
        ("a: >= 5\nb: 1\n", "WB002 1:4", "'>'"),
        ("a: @x\n", "WB002 1:4", "'@'"),
        ("a: `x`\n", "WB002 1:4", "'`'"),
        ("a: %x\n", "WB002 1:4", "'%'"),
        ("a: [1..5)\n", "WB002 1:10", "'['"),
        ("a: [1, 2\n", "WB002 1:9", "'['"),
        ("a: {b: 1\n", "WB002 1:9", "'{'"),
        ("a: *\n", "WB002 1:4", "'*'"),
        ("a: & b\n", "WB002 1:4", "'&'"),
        ("a: !x!y z\n", "WB002 1:4", "'!'"),
        ("a: 'x\nb: 1\n", "WB002 1:4", "quote"),
        ('a: "\\d"\n', "WB002 1:5", "escape"),
        ('a: "\\xZZ"\n', "WB002 1:7", "escape"),
        ("a: {en: {match} is, zh: b}\n", "WB002 1:17", "'{'"),
        ("{: 1}\n", "WB002 1:2", "missing"),
        ("a: - b\n", "WB002 1:4", "list"),
        ("a:\n  b: 1\n c: 2\n", "WB002 3:2", "indentation"),
        ("a:\n  - x\n - y\n", "WB002 3:2", "indentation"),
        ("- a\nb: 1\n", "WB002 2:1", "list"),
        ("a: 1\nb 2\nc: 3\n", "WB002 2:1", "'key: value'"),
        ("a: 1\nb:2\n", "WB002 2:1", "'key: value'"),
        ("a: ]\n", "WB002 1:4", "missing"),
    ],
)
def test_broken_syntax_says_where_and_what_to_do(text: str, found: str, words: str) -> None:
    nodes, problems = parse_yaml(text, "f.yaml")
    assert nodes == []
    assert [place(problem) for problem in problems] == [found]
    assert words in problems[0].message
    assert problems[0].expected
    for jargon in ("scanning", "token", "scalar", "simple key", "flow", "block mapping", "block collection"):
        assert jargon not in problems[0].message + problems[0].expected


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a: 1\n...\nb\n", ["WB002 3:1"]),
        ("%YAML 3.0\n---\na: 1\n", ["WB004 1:1"]),
        ("%FOO\n---\na: 1\n", ["WB004 1:1"]),
        ("%YAML 1.2\n%YAML 1.2\n---\na: 1\n", ["WB004 2:1"]),
    ],
)
def test_broken_text_between_documents(text: str, found: list[str]) -> None:
    nodes, problems = parse_yaml(text, "f.yaml")
    assert [to_python(node) for node in nodes] == [{"a": 1}]
    assert [place(problem) for problem in problems] == found


def test_reading_goes_on_with_the_next_document() -> None:
    text = "a: {b: 1\n---\nc: [\n---\nd: 1\nd: 2\n---\ne: 'x\n--- # ok\nf: 1\n---\ng: @\n"
    nodes, problems = parse_yaml(text, "f.yaml")
    assert [to_python(node) for node in nodes] == [{"d": 1}, {"f": 1}]
    assert [place(problem) for problem in problems] == [
        "WB002 2:1", "WB002 4:1", "WB003 6:1", "WB002 8:4", "WB002 12:4",
    ]  # fmt: skip


def test_the_number_of_reports_for_one_file_is_bounded() -> None:
    assert len(problems_of("a: @\n---\n" * 500)) <= 20
    assert len(problems_of("a: \x07\n" * 1)) == 1
    assert len(problems_of("- \x07\n" * 500)) == 20


@pytest.mark.parametrize("size", [3, 50, 400])
def test_no_text_raises(size: int) -> None:
    """Every text is read or refused, whatever punctuation it is made of."""
    pieces = [
        "a",
        ": ",
        "- ",
        "\n",
        "  ",
        "[",
        "]",
        "{",
        "}",
        "'",
        '"',
        "|",
        ">",
        "&a ",
        "*a",
        "!",
        "%",
        "#",
        "---",
        "?",
        "\t",
    ]
    state = 12345
    for _ in range(300):
        chosen: list[str] = []
        for _ in range(size):
            state = (state * 1103515245 + 12345) % 2**31
            chosen.append(pieces[state // 65536 % len(pieces)])
        text = "".join(chosen)
        lines = split_lines(text)
        for problem in parse_yaml(text, "f.yaml")[1]:
            assert problem.span is not None
            assert 1 <= problem.span.line <= len(lines)
            assert 1 <= problem.span.column <= len(lines[problem.span.line - 1]) + 1


# ---- places inside scalars


@pytest.mark.parametrize(
    ("text", "part", "found"),
    [
        ("k: price > 30\n", ">", (1, 10, 1, 11)),
        ("k: 'it''s so'\n", "so", (1, 11, 1, 13)),
        ('k: "a\\t\\u00e9 so"\n', "so", (1, 15, 1, 17)),
        ('k: "a\\"b"\n', '"', (1, 6, 1, 8)),
        ("k: |\n  one\n  two three\n", "two", (3, 3, 3, 6)),
        ("k: |2\n    one\n   two\n", "two", (3, 4, 3, 7)),
        ("k: >-\n  one\n\n  two\n  three\n", "three", (5, 3, 5, 8)),
        ("k: >- # why\n  one two\n", "two", (2, 7, 2, 10)),
        ("k: one\n  two\n   three\n", "two three", (2, 3, 3, 9)),
        ("k: 'one\n\n  it''s'\n", "it's", (3, 3, 3, 8)),
        ('k: "one \\\n  two"\n', "two", (2, 3, 2, 6)),
        ("- {k: 价格 > 30}\n", "> 30", (1, 10, 1, 14)),
    ],
)
def test_a_part_of_a_scalar_is_found_in_the_source(
    text: str, part: str, found: tuple[int, int, int, int]
) -> None:
    node = only_node(text)
    scalar = (node.elements[0] if node.kind == "sequence" else node).items[0][1]
    start = str(scalar.value).index(part)
    span = scalar_span(scalar, start, start + len(part), split_lines(text))
    assert (span.line, span.column, span.end_line, span.end_column) == found


def test_places_at_the_ends_of_a_scalar() -> None:
    text = "k: ab cd\n"
    scalar = only_node(text).items[0][1]
    ends = [
        (s.column, s.end_column) for s in (scalar_span(scalar, i, i, split_lines(text)) for i in (0, 2, 5))
    ]
    assert ends == [(4, 4), (6, 6), (9, 9)]
    assert scalar_span(scalar, 4, 99, split_lines(text)).end_column == 9
    assert scalar_span(scalar, 2, 3, split_lines(text)).column == 6


def test_places_inside_numbers_and_collections_are_the_whole_node() -> None:
    text = "k: 100\nl: [a]\n"
    node = only_node(text)
    assert scalar_span(node.items[0][1], 1, 2, split_lines(text)).column in (4, 5)
    assert scalar_span(node.items[1][1], 0, 1, split_lines(text)) == node.items[1][1].span
