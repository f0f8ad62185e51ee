import ast
import re
from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from weighbridge.app.words import WORDS

APP = Path(__file__).parents[2] / "engine/weighbridge/app"
SCRIPTS = sorted(APP.rglob("*.py"))


def used_words() -> set[str]:
    """Every literal name handed to `t`, and every other literal that is a name of words."""
    found: set[str] = set()
    for script in SCRIPTS:
        if script.name != "words.py":
            for node in ast.walk(ast.parse(script.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    found.add(node.value)
    return found


def test_every_word_asked_for_exists() -> None:
    for script in SCRIPTS:
        for node in ast.walk(ast.parse(script.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("t", "empty")
            ):
                name = node.args[0]
                if isinstance(name, ast.Constant):
                    assert name.value in WORDS, f"{script.name}: {name.value}"


@pytest.mark.parametrize("name", WORDS)
def test_both_languages_say_the_same_things(name: str) -> None:
    english, chinese = WORDS[name]
    assert sorted(re.findall(r"(?<!{){(\w+)}", english)) == sorted(re.findall(r"(?<!{){(\w+)}", chinese))
    assert english
    assert chinese


PREFIXES = (
    "verdict_",
    "status_",
    "role_",
    "refused_",
    "tab_",
    "kind_",
    "save_",
    "view_",
    "bin_",
    "way_",
    "result_",
    "differs_",
    "state_",
    "progress_",
    "document_",
    "key_",
)
"""Words that are asked for by a name made of parts."""


def test_no_word_is_left_over() -> None:
    prefixes = (*PREFIXES, "confidence_", "unknown_")
    used = used_words()
    unused = {n for n in WORDS if n not in used and not n.startswith(prefixes)}
    assert not unused


def test_no_page_renders_html_of_anybody() -> None:
    for script in SCRIPTS:
        text = script.read_text()
        assert "unsafe_allow_html" not in text
        assert "unsafe_allow_javascript" not in text
        for call in re.findall(r"st\.html\(([^)]*)\)", text):
            assert call in ("STYLE", "CHINESE"), f"{script.name}: only fixed style sheets may be HTML"
