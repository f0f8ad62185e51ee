"""Reads the code blocks of the documentation, so that tests can run what it shows."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, its text, and the line of the file its text begins at."""

    language: str
    text: str
    line: int


def blocks(path: Path, language: str) -> list[Block]:
    """The blocks of a language in a Markdown file of the repository, in order."""
    text = path.read_text(encoding="utf-8")
    found = [Block(m[1], m[2], text[: m.start(2)].count("\n") + 1) for m in _BLOCK.finditer(text)]
    return [block for block in found if block.language == language]


def documents() -> list[Path]:
    """Every Markdown file of the documentation."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
