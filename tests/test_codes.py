"""Every diagnostic code that the package can give is listed with its meaning; every listed one is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import weighbridge
from weighbridge.codes import CODES

PACKAGE = Path(weighbridge.__file__).parent
CODE = re.compile(r"WB\d{3}")


def used_codes() -> dict[str, str]:
    """Code -> a module that gives it: texts that are exactly a code, so docstrings do not count."""
    found: dict[str, str] = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "codes.py":
            for code in _codes_in(ast.parse(path.read_text(encoding="utf-8"))):
                found.setdefault(code, str(path.relative_to(PACKAGE)))
    return found


def _codes_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and CODE.fullmatch(node.value):
            yield node.value


USED = used_codes()


def test_every_code_that_is_given_is_listed() -> None:
    assert {code: module for code, module in USED.items() if code not in CODES} == {}


def test_every_listed_code_is_given() -> None:
    assert sorted(set(CODES) - set(USED)) == []


def test_codes_are_in_order() -> None:
    assert list(CODES) == sorted(CODES)


@pytest.mark.parametrize("module", ["gate.py", "feeds/feed.py", "lint.py"])
def test_codes_described_in_a_module_are_listed(module: str) -> None:
    text = (PACKAGE / module).read_text(encoding="utf-8")
    described = set(CODE.findall(text))
    assert described
    assert described <= set(CODES)


@pytest.mark.parametrize("code", CODES)
def test_a_code_has_a_short_title_and_one_or_two_sentences(code: str) -> None:
    title, explanation = CODES[code]
    assert 3 <= len(title) <= 60
    assert not title.endswith(".")
    assert explanation.endswith(".")
    assert 20 <= len(explanation) <= 200
    assert 1 <= len(re.findall(r"\.(?=\s|$)", explanation)) <= 2
