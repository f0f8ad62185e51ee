"""The language reference is true: its examples run, its generated part and its limits are current."""

from __future__ import annotations

import ast
import json
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from markdown import ROOT, blocks

import weighbridge
from weighbridge import ProjectError
from weighbridge.expressions import (
    MAX_CODE,
    MAX_LENGTH,
    MAX_NESTING,
    MAX_NODES,
    MAX_PROBLEMS,
    compile_expression,
)
from weighbridge.function_reference import function_reference, shown_result, with_functions
from weighbridge.functions import FUNCTIONS, MAX_TEXT
from weighbridge.records import MAX_LIST
from weighbridge.source import parse_yaml, to_python
from weighbridge.terms import MAX_TERM_LENGTH
from weighbridge.tree import Type

PAGE = ROOT / "docs" / "language.md"
TEXT = PAGE.read_text(encoding="utf-8")
PROJECT = blocks(PAGE, "yaml")[0].text
RECORD = json.loads(blocks(PAGE, "json")[0].text)
DAY = "2026-06-15"
NOWHERE = Path("/nowhere/at/all")
SCOPE = weighbridge.load(NOWHERE, {"rulesets/page.yaml": PROJECT}).book.scopes["listing"]


def examples() -> list[Any]:
    """Every line `expression -> result` of the page."""
    found: list[Any] = []
    for block in blocks(PAGE, "expr"):
        for number, line in enumerate(block.text.splitlines(), block.line):
            expression, arrow, result = line.rpartition(" -> ")
            assert arrow, f"line {number} is no example"
            found.append(pytest.param(expression, result, id=f"{number}: {line}"))
    return found


def result_of(text: str) -> Any:
    """The value an example is said to have; None is unknown."""
    words = {"true": True, "false": False, "unknown": None}
    if text in words:
        return words[text]
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        return date.fromisoformat(text)
    value = ast.literal_eval(text)
    return float(value) if isinstance(value, int) else value


def project(expression: str, kind: str) -> dict[str, str]:
    """The project of the page with a ruleset that computes the expression."""
    combine = "collect" if kind == "text_list" else "first"
    rule = {"id": "r", "when": "true", "then": {"x": {"value": f"({expression})"}}}
    example = {"ruleset": "example", "record": "listing", "rules": [rule]}
    example["outputs"] = {"x": {"type": kind, "combine": combine}}
    return {"rulesets/page.yaml": PROJECT, "rulesets/example.yaml": json.dumps(example, ensure_ascii=False)}


@pytest.mark.parametrize(("expression", "result"), examples())
def test_an_example_is_true(expression: str, result: str) -> None:
    refused = re.fullmatch(r"refused: (WB\d{3})", result)
    if refused is not None:
        with pytest.raises(ProjectError) as caught:
            weighbridge.load(NOWHERE, project(expression, "boolean"))
        assert {d.code for d in caught.value.diagnostics} >= {refused[1]}
        return
    tree, problems = compile_expression(expression, SCOPE, None, lambda _a, _b: None)
    assert tree is not None, problems
    engine = weighbridge.load(NOWHERE, project(expression, tree.type.value))
    value = engine.decide("example", RECORD, market="SA", as_of=DAY).outputs["x"]
    expected = result_of(result)
    assert value == ([] if expected is None and tree.type is Type.TEXTS else expected)
    assert type(value) is type(expected) or value == []


def test_every_result_of_the_page_is_written_as_the_function_table_writes_it() -> None:
    for example in examples():
        expression, result = example.values
        if not result.startswith("refused") and not isinstance(result_of(result), date):
            assert result == shown_result(result_of(result)), expression


def test_the_functions_are_current() -> None:
    assert with_functions(TEXT) == TEXT, "run: python docs/generate.py"
    assert function_reference() in TEXT


def test_every_function_has_an_entry() -> None:
    assert re.findall(r"^#### (\w+)$", TEXT, re.MULTILINE) == list(FUNCTIONS)


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("characters of an expression", MAX_LENGTH),
        ("nested brackets", MAX_NESTING),
        ("parts (names", MAX_NODES),
        ("parts once written out", MAX_CODE),
        ("mistakes told", MAX_PROBLEMS),
        ("characters of a term", MAX_TERM_LENGTH),
        ("characters of a joined text", MAX_TEXT),
        ("entries of a list", MAX_LIST),
        ("whole numbers that are exact", 2**53),
    ],
)
def test_a_limit_is_current(what: str, limit: int) -> None:
    (row,) = [line for line in TEXT.splitlines() if line.startswith(f"| {what}")]
    assert row.endswith(f"| {limit:,} |")


def test_the_truth_table_is_that_of_the_language() -> None:
    rows = re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \| (\w+) \| (\w+) \|$", TEXT, re.MULTILINE)
    words = {"true": True, "false": False, "unknown": None}
    table = [tuple(words[w] for w in row) for row in rows if row[0] in words]
    assert len(table) == 9
    for a, b, both, either, opposite in table:
        assert both is (False if False in (a, b) else None if None in (a, b) else True)
        assert either is (True if True in (a, b) else None if None in (a, b) else False)
        assert opposite is (None if a is None else not a)


def test_refused_examples_show_every_family_of_refusals() -> None:
    told = {example.values[1] for example in examples() if example.values[1].startswith("refused")}
    assert {code.removeprefix("refused: ") for code in told} >= {
        f"WB{n}" for n in (201, 202, 203, 204, 206, 207, 209, 210)
    }


def test_a_condition_over_several_lines_is_one_expression() -> None:
    (block,) = blocks(PAGE, "yaml")[1:]
    nodes, problems = parse_yaml(block.text, "page.yaml")
    assert problems == []
    text = to_python(nodes[0])["when"]
    assert compile_expression(text, SCOPE, Type.BOOLEAN, lambda _a, _b: None)[1] == []
