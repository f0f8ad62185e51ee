"""Texts as numbers: every text that is spoken of has a code, all others share the negative ones."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from weighbridge.documents import FieldModel
from weighbridge.terms import Scanner, TermList

OTHER_PATH = "other-kind"
"""The last part of a path below a path of the tree that the tree does not list."""


class Codes:
    """Gives texts their codes. A category tree's paths follow each other, so that all below one are a range."""

    def __init__(self) -> None:
        self.codes: dict[str, int] = {}
        self.texts: list[str] = []

    def code(self, text: str) -> int:
        """The text's code, from 0 on."""
        found = self.codes.get(text)
        if found is None:
            found = self.codes[text] = len(self.texts)
            self.texts.append(text)
        return found

    def runs(self, texts: Iterable[str]) -> list[tuple[int, int]]:
        """The codes of `texts` as ranges, both ends included."""
        found: list[tuple[int, int]] = []
        for code in sorted(self.code(t) for t in texts):
            if found and found[-1][1] == code - 1:
                found[-1] = (found[-1][0], code)
            else:
                found.append((code, code))
        return found


def possible(field: FieldModel) -> tuple[str, ...] | None:
    """Texts that stand for all a field may hold, as far as its type bounds them; None for free text.

    A path below the tree's own differs from its siblings by no test that asks for a path of the tree.
    """
    if field.allowed is not None:
        return field.allowed
    if field.tree is None:
        return None
    paths = {*field.tree, *(f"{path}/{OTHER_PATH}" for path in field.tree)}
    return tuple(sorted(paths, key=lambda path: path.split("/")))


@lru_cache(maxsize=4096)
def scanner(terms: TermList) -> Scanner:
    """The scanner of one list, made once: many questions speak of the same lists."""
    return Scanner([terms])
