"""Diagnostics in Chinese: every sentence that a report can show has a translation, with nothing lost."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fake_engine import LISTING, FakeEngine

import weighbridge
from weighbridge.chinese import MESSAGES, PHRASES, translated
from weighbridge.codes import CODES
from weighbridge.diagnostics import Diagnostic, InvalidRecord
from weighbridge.gate import run_gate
from weighbridge.records import read_record

PACKAGE = Path(weighbridge.__file__).parent
HOLE = re.compile(r"\{(\w+)\}")
ENTRIES = [(code, *pair) for code, pairs in MESSAGES.items() for pair in pairs]


@pytest.mark.parametrize(("code", "english", "chinese"), ENTRIES)
def test_a_translation_keeps_what_was_filled_in(code: str, english: str, chinese: str) -> None:
    assert code in CODES
    assert sorted(HOLE.findall(english)) == sorted(HOLE.findall(chinese))
    values = {name: f"'v{number}'" for number, name in enumerate(HOLE.findall(english))}
    told = translated(Diagnostic(code, english.format(**values)), "zh")
    assert all(value in told.message for value in values.values())
    assert re.search("[\u4e00-\u9fff]", told.message)


@pytest.mark.parametrize(("english", "chinese"), PHRASES)
def test_a_phrase_keeps_what_was_filled_in(english: str, chinese: str) -> None:
    assert set(HOLE.findall(chinese)) <= set(HOLE.findall(english))
    assert set(HOLE.findall(english)) - set(HOLE.findall(chinese)) <= {"what"}


def test_english_is_left_alone() -> None:
    said = Diagnostic("WB403", "price is missing", expected="a number")
    assert translated(said, "en") is said
    assert translated(said, "zh").message == "缺少 price"
    assert translated(said, "zh").expected == "数字"


def test_what_is_not_listed_stays_english() -> None:
    said = Diagnostic("WB403", "something else", expected="a unicorn")
    assert translated(said, "zh") == said


def test_values_of_a_feed_are_never_taken_for_phrases() -> None:
    said = Diagnostic("WB401", "price: 'a number' is not valid", expected="a number")
    assert translated(said, "zh").message == "price：'a number' 无效"


def _given(module: str, codes: str) -> Iterator[tuple[str, str]]:
    """(code, message with holes) of every diagnostic that a module gives with its message written out."""
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call) or len(node.args) < 2:
            continue
        first, second = node.args[0], node.args[1]
        if isinstance(first, ast.Constant) and re.fullmatch(codes, str(first.value)):
            text = _template(second)
            if text is not None:
                yield str(first.value), text


def _template(node: ast.expr) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "'x'" for p in node.values]
        return "".join(map(str, parts))
    return None


MODULES = [
    *(f"feeds/{p.name}" for p in sorted((PACKAGE / "feeds").glob("*.py"))),
    "records.py",
    "gate.py",
    "waivers.py",
    "baseline.py",
]
SENTENCES = [
    (module, code, text)
    for module in MODULES
    for code, text in _given(module, r"WB(40[0-4]|41\d|42[0-5]|60[2357]|61\d|620)")
    if len(text.split()) > 2
    and not re.match("(value|path) of", text)  # not the nouns that `unknown_name` takes
]


@pytest.mark.parametrize(("module", "code", "text"), SENTENCES)
def test_every_sentence_a_report_can_show_is_translated(module: str, code: str, text: str) -> None:
    told = translated(Diagnostic(code, text), "zh")
    assert told.message != text, f"{module} says this, weighbridge/chinese.py does not know it"


EDITING = [
    "yaml_text.py",
    "table_edits.py",
    "texts.py",
    "edits.py",
    "draft.py",
    "draft_state.py",
    "saving.py",
]


def _said_while_editing(module: str) -> Iterator[tuple[str, str]]:
    """(code, message with holes) of what the modules of drafts refuse, each through its own small function."""
    yield from _given(module, r"WB70\d|WB690")
    codes = {"refused": ("WB703", 0), "_refused": ("WB701", 1), "_note": ("WB704", 0)}
    for node in ast.walk(ast.parse((PACKAGE / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            code, place = codes.get(name, ("", 0))
            text = _template(node.args[place]) if code and len(node.args) > place else None
            if text is not None:
                yield code, text


@pytest.mark.parametrize("module", EDITING)
def test_what_is_said_while_editing_is_translated(module: str) -> None:
    said = list(_said_while_editing(module))
    assert said or module == "edits.py"
    for code, text in said:
        assert translated(Diagnostic(code, text), "zh").message != text, text


PROJECT = [
    "project.py",
    "source.py",
    "shape.py",
    "linking.py",
    "pieces.py",
    "expressions.py",
    "table_linking.py",
    "tables.py",
    "templates.py",
    "regions.py",
    "graph.py",
    "lint.py",
]


@pytest.mark.parametrize("module", PROJECT)
def test_what_is_wrong_with_a_project_is_told_in_chinese(module: str) -> None:
    codes = r"WB0(02|03|04|05|06|07|08|11|12)|WB10[0-8]|WB20\d|WB30\d|WB31[0-3]|WB32[01]|WB34\d"
    said = [(code, text) for code, text in _given(module, codes) if len(text.split()) > 2]
    assert said
    for code, text in said:
        if not text.startswith("value of "):  # a noun that `unknown_name` takes
            assert translated(Diagnostic(code, text), "zh").message != text, f"{code}: {text}"


FEEDS = {
    "cells": "sku,title,price\nA-1,Bag,cheap\n",
    "rows": 'sku,title\nA-1\nA-2,"x"y\nA-3,x,y\n',
    "open quote": 'sku,title\nA-1,Bag\nA-2,"Belt\n',
    "empty": "",
    "header only": "sku,title\n",
    "unknown columns": "name,colour\na,b\n",
    "two columns": "sku,sku\na,b\n",
    "near miss": "sku,titel\na,b\n",
    "carriage return": "sku,title\na,b\rc,d\n",
    "nul": "sku,title\na,b\0\n",
}


@pytest.mark.parametrize("name", FEEDS)
def test_what_is_wrong_with_a_feed_is_told_in_chinese(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("f.csv").write_text(FEEDS[name], newline="")
    with run_gate(
        FakeEngine().as_engine(), "f.csv", target="listing_gate", markets=["SA"], as_of=date(2026, 1, 1)
    ) as result:
        texts = [n.message + (n.expected or "") for n in result.told("zh")]
        texts += [f.reason["zh"] for f in result.findings()]
    assert texts
    allowed = {"sku", "title", "price", "material", "stock", "name", "colour", "lf", "crlf", "nul", "utf"}
    for text in texts:
        words = set(re.findall(r"[A-Za-z]{2,}", re.sub(r"'[^']*'", "", text)))
        assert {word.lower() for word in words} <= allowed, text


@pytest.mark.parametrize(
    "record", [{"price": "x"}, {"price": -1}, {"sku": 1}, {"tile": "x"}, {"price": float("inf")}]
)
def test_what_is_wrong_with_a_record_is_told_in_chinese(record: dict[str, object]) -> None:
    _, problems = read_record(record, LISTING)
    assert problems
    for problem in InvalidRecord(problems).diagnostics:
        told = translated(problem, "zh")
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"'[^']*'", "", told.message + (told.expected or "")))
        assert set(words) <= {"sku", "title", "price", "material", "stock", "listing", "inf"}, told


PROOF = sorted((PACKAGE / "proof").glob("*.py"))
PROVED = [(p.name, *said) for p in PROOF for said in _given(f"proof/{p.name}", r"WB8\d\d")]


def test_the_proof_says_enough_to_look_at() -> None:
    assert len(PROVED) > 12


@pytest.mark.parametrize(("module", "code", "text"), [p for p in PROVED if len(p[2].split()) > 2])
def test_what_a_proof_finds_is_translated(module: str, code: str, text: str) -> None:
    # A word that a hole decides is one of those the sentences are written for.
    told = translated(Diagnostic(code, text.replace("is 'x' for", "is true for")), "zh")
    assert told.message != text, f"{module} says this, weighbridge/chinese.py does not know it"


def _texts_of_findings() -> Iterator[tuple[str, str]]:
    """What findings of the proof expect and point to, and the questions it leaves open."""
    for path in PROOF:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "attr", "")
            texts = [node.args[3]] if name == "find" and len(node.args) > 3 else []
            texts += [node.args[0]] if name == "leave_open" else []
            for keyword in node.keywords:
                if keyword.arg == "related" and isinstance(keyword.value, ast.List):
                    pairs = (e for e in keyword.value.elts if isinstance(e, ast.Tuple))
                    texts += [pair.elts[0] for pair in pairs]
            for text in map(_template, texts):
                if text is not None and len(text.split()) > 1:
                    yield path.name, text


@pytest.mark.parametrize(("module", "text"), sorted(set(_texts_of_findings())))
def test_what_a_proof_expects_and_asks_is_translated(module: str, text: str) -> None:
    told = translated(Diagnostic("WB802", "x", expected=text, related=((text, None),)), "zh")  # type: ignore[arg-type]
    assert told.expected != text, f"{module} says this, weighbridge/chinese.py does not know it"
    assert told.related[0][0] == told.expected
