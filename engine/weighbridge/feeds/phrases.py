"""Words and phrases in the category names and titles of a feed: whole words, any case, simple plurals."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable

# Scripts without spaces between words (Thai to Myanmar, Khmer, Kana, Han): their words have no edges.
_UNSPACED = (
    (0x0E00, 0x0EFF),
    (0x1000, 0x109F),
    (0x1780, 0x17FF),
    (0x3040, 0x30FF),
    (0x3400, 0x9FFF),
    (0xF900, 0xFAFF),
)
_PLURALS = ("", "s", "es")


def folded(text: str) -> str:
    """`text` as phrases see it: composed, narrow, without case."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def phrase_finder(phrases: Iterable[str]) -> Callable[[str], bool]:
    """Whether any of `phrases` occurs in a folded text, as whole words; "dress" also finds "dresses"."""
    wanted = tuple(folded(phrase.strip()) for phrase in phrases if phrase.strip())
    # Most phrases occur nowhere, which `in` finds out fast; edges are looked at only where one does.
    return lambda text: any(phrase in text and _stands_alone(phrase, text) for phrase in wanted)


def _stands_alone(phrase: str, text: str) -> bool:
    has_start, has_end = _in_word(phrase[0]), _in_word(phrase[-1])
    plurals = _PLURALS if "a" <= phrase[-1] <= "z" else ("",)
    start = text.find(phrase)
    while start >= 0:
        end = start + len(phrase)
        if not (has_start and _in_word(text[start - 1 : start])):
            for plural in plurals:
                stop = end + len(plural)
                if text.startswith(plural, end) and not (has_end and _in_word(text[stop : stop + 1])):
                    return True
        start = text.find(phrase, start + 1)
    return False


def _in_word(character: str) -> bool:
    """Whether a character is part of a word that has edges."""
    return character.isalnum() and not any(low <= ord(character) <= high for low, high in _UNSPACED)
