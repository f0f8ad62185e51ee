"""Words and phrases in the category names and titles of a feed: whole words, any case, simple plurals."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Scripts without spaces between words (Thai to Myanmar, Khmer, Kana, Han): their words have no edges.
_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_WORD = f"[^\\W_{_UNSPACED}]"
_IS_WORD = re.compile(_WORD)


def folded(text: str) -> str:
    """`text` as phrases see it: composed, narrow, without case."""
    return text.casefold() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()


def phrase_pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """Finds any of `phrases` in folded text, as whole words; "dress" also finds "dresses"."""
    return re.compile("|".join(_one(folded(phrase.strip())) for phrase in phrases))


def _one(phrase: str) -> str:
    before = f"(?<!{_WORD})" if _IS_WORD.match(phrase[:1]) else ""
    plural = "(?:e?s)?" if phrase[-1:].isascii() and phrase[-1:].isalpha() else ""
    after = f"(?!{_WORD})" if _IS_WORD.match(phrase[-1:]) else ""
    return before + re.escape(phrase) + plural + after
