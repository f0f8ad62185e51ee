"""Negation: whether the words around a match say that the thing is absent, or is something else.

A cue (`negation_cues`) is looked for in the clause of the match only: backwards over the words before it
and along the list it is a member of, then forwards. The rules are told in `terms`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from .folding import (
    ADJACENT,
    COLON,
    COMMA,
    ENUM,
    GAP_CODES,
    HYPHEN,
    LINE,
    LIST,
    POINT,
    SLASH,
    SPACE,
    STOP,
    folding,
    is_hangul,
    is_mark,
    is_unspaced,
)
from .negation_cues import (
    AFTER,
    AND,
    BEFORE,
    BREAKERS,
    FILLERS,
    FREE_GOODS,
    ITEM,
    MATERIALS,
    OR,
    SUBSTITUTE_AFTER,
    WORD,
    CueGroup,
    Kind,
    phrases,
)

_MAX_ITEMS = 8
_BEFORE_CHARS, _AFTER_CHARS = 240, 160  # no cue is looked for farther away, however long the words


@dataclass(frozen=True, slots=True)
class _Cue:
    words: tuple[str, ...]
    kind: Kind
    reach: int


_PLAIN = folding(True, True)
_SPLIT = re.compile(f"([{GAP_CODES}])")
_DECIMAL = re.compile(f"(?<=[0-9])[{COMMA}{POINT}](?=[0-9])")


def _words_of(gaps: str) -> list[str]:
    """Words and gap codes in turn, numbers with a decimal point in one piece. Starts and ends with a word."""
    if COMMA in gaps or POINT in gaps:
        gaps = _DECIMAL.sub(".", gaps)
    return _SPLIT.split(gaps)


def _fold(phrase: str) -> tuple[str, ...]:
    return tuple(_words_of(_PLAIN.gaps(phrase).strip(GAP_CODES))[::2])


def _fold_words(block: str) -> frozenset[str]:
    return frozenset(word for phrase in phrases(block) for word in _fold(phrase))


def _by_word(groups: Iterable[CueGroup], position: Literal[0, -1]) -> dict[str, tuple[_Cue, ...]]:
    """Cues by their first (0) or last (-1) word, longest first."""
    cues: dict[str, dict[tuple[str, ...], _Cue]] = {}
    for group in groups:
        for phrase in group.phrases():
            words = _fold(phrase)
            cues.setdefault(words[position], {}).setdefault(words, _Cue(words, group.kind, group.reach))
    return {
        word: tuple(sorted(found.values(), key=lambda cue: -len(cue.words))) for word, found in cues.items()
    }


_BEFORE_CUES = _by_word(BEFORE, -1)
_AFTER_CUES = _by_word(AFTER, 0)
_JOINER_GROUPS = (CueGroup("no", 0, OR), CueGroup("absent", 0, AND))
_JOINERS_BEHIND = _by_word(_JOINER_GROUPS, -1)
_JOINERS_AHEAD = _by_word(_JOINER_GROUPS, 0)
_BREAKING_BEFORE = _fold_words(BREAKERS)
_BREAKING_AFTER = _BREAKING_BEFORE - {"is", "are"}
_FILLERS = frozenset(_fold(FILLERS))
_FREE_GOOD = _fold_words(FREE_GOODS)
_MATERIAL = _fold_words(MATERIALS)
_SUBSTITUTED = _fold_words(SUBSTITUTE_AFTER)
# Rest of a compound that a wildcard term began: "alkohol*" in "alkoholfreies".
_FREE_ENDINGS = frozenset(("free", "frei", "freie", "freiem", "freien", "freier", "freies", "vrij", "vrije"))


@dataclass(frozen=True, slots=True)
class _Side:
    """The clause on one side of a match, nearest word first; `gaps[i]` is what stands before `words[i]`."""

    words: list[str]
    gaps: list[str]

    def starts_with(self, phrase: Sequence[str], index: int) -> bool:
        return self.words[index : index + len(phrase)] == list(phrase)

    def next_word(self) -> str:
        """The word that touches the match or stands beside it in the same phrase; else ""."""
        return self.words[0] if self.words and self.gaps[0] in (SPACE, ADJACENT, HYPHEN) else ""


def negated(text: str, gaps: str, start: int, end: int, plain: bool = True) -> bool:
    """Whether the match `text[start:end]` is denied by a cue in its own clause.

    `text` and `gaps` are match text and gaps (see `folding`); `plain` says whether both case and accents are
    folded. The work is bounded whatever the text: only its nearest neighbourhood is read.
    """
    word_start = text.rfind(" ", max(0, start - _BEFORE_CHARS), start) + 1
    word_end = text.find(" ", end, end + _AFTER_CHARS)
    if text[end:word_end] in _FREE_ENDINGS:
        return True
    behind = _behind(gaps, word_start, plain) if word_start else _Side([], [])
    ahead = _ahead(gaps, word_end, plain) if word_end >= 0 else _Side([], [])
    named = [*_words_of(_plain(gaps[start:end], plain))[::2], ahead.next_word()]
    material = not _MATERIAL.isdisjoint(named)
    if material and ahead.next_word() in _SUBSTITUTED:
        return True
    return _Walk(behind, ahead, named[0], material).denied() or _denied_ahead(ahead)


def _plain(gaps: str, plain: bool) -> str:
    return gaps if plain else gaps.translate(_PLAIN.letters)


def _behind(gaps: str, start: int, plain: bool) -> _Side:
    """The clause before the word at `start`."""
    low = max(0, start - _BEFORE_CHARS)
    window = gaps[low:start]
    cut = max(window.rfind(STOP), window.rfind(LINE))
    pieces = _words_of(_plain(window[cut + 1 :], plain))[:-1]  # what follows the last gap is the match
    words, codes = pieces[::2], pieces[1::2]
    if low and cut < 0:
        del words[0], codes[0]  # the window may have cut it in two
    return _Side(words[::-1], codes[::-1])


def _ahead(gaps: str, end: int, plain: bool) -> _Side:
    """The clause after the word that ends at `end`."""
    window = gaps[end : end + _AFTER_CHARS]
    cut = min((at for at in (window.find(STOP), window.find(LINE)) if at >= 0), default=-1)
    pieces = _words_of(_plain(window if cut < 0 else window[:cut], plain))[1:]
    words, codes = pieces[1::2], pieces[::2]
    return _Side(words[:-1] if cut < 0 else words, codes)


def _longest(cues: dict[str, tuple[_Cue, ...]], side: _Side, index: int, *, backwards: bool) -> _Cue | None:
    for cue in cues.get(side.words[index], ()):
        if side.starts_with(cue.words[::-1] if backwards else cue.words, index):
            return cue
    return None


def _weight(word: str) -> int:
    """Length of a word in the units of `reach`; symbols and signs weigh nothing."""
    if not word or not (word[0].isalnum() or is_mark(word[0])):
        return 0
    return 1 if _is_syllable(word) else WORD


def _is_syllable(word: str) -> bool:
    return len(word) == 1 and (is_unspaced(word) or is_hangul(word))


def _is_bullet(word: str) -> bool:
    """Whether `word` is a pictograph, which sets statements apart in a listing ("✓ no pork ✓ lard")."""
    return len(word) == 1 and word != "°" and unicodedata.category(word) == "So"


@dataclass(frozen=True, slots=True)
class _Stretch:
    """The words between a match and a cue, or within one member of a list."""

    length: int = 0
    fillers: bool = True  # nothing but filler characters

    def with_word(self, word: str) -> _Stretch:
        return _Stretch(self.length + _weight(word), self.fillers and word in _FILLERS)

    def lets_through(self, cue: _Cue) -> bool:
        """Whether `cue` reaches over it."""
        return self.length <= cue.reach or (self.fillers and self.length <= ITEM)


class _Walk:
    """The way back from a match through its clause, in search of a cue that governs it."""

    def __init__(self, behind: _Side, ahead: _Side, first_word: str, material: bool) -> None:
        self._side = behind
        self._ahead = ahead
        self._first_word = first_word
        self._material = material
        self._item = self._own = _Stretch()  # the list member walked through; that of the match itself
        self._items = 0
        self._commas = 0
        self._closed: Kind | None = None  # the kind of joiner met: "no" for or, "absent" for and
        self._colon = False

    def denied(self) -> bool:
        """Whether a cue governs the match."""
        index, words = 0, self._side.words
        if _BEFORE_CUES.keys().isdisjoint(words):
            return False
        while index < len(words) and self._item.length <= ITEM and self._items <= _MAX_ITEMS:
            if not self._cross(self._side.gaps[index]):
                return False
            cue = _longest(_BEFORE_CUES, self._side, index, backwards=True)
            if cue is not None:
                if cue.kind == "not_a_cue":
                    return False
                if self._governs(cue, index):
                    return True
            if self._colon:
                return False
            joiner = _longest(_JOINERS_BEHIND, self._side, index, backwards=True)
            if joiner is not None and cue is None:
                self._join(joiner.kind)
                index += len(joiner.words)
                continue
            if words[index] in _BREAKING_BEFORE or _is_bullet(words[index]):
                return False
            self._item = self._item.with_word(words[index])
            index += 1
        return False

    def _cross(self, gap: str) -> bool:
        """Step over a gap; False where the clause ends."""
        if gap == POINT:
            return False
        if gap in (COMMA, LIST):
            self._commas += 1
            self._join(self._closed)
        elif gap in (ENUM, SLASH):
            self._join("no")
        elif gap == COLON:
            self._colon = True  # only "free from: ..." reaches over it
        return True

    def _join(self, kind: Kind | None) -> None:
        if not self._items:
            self._own = self._item
        self._item = _Stretch()
        self._items += 1
        if self._closed != "no":
            self._closed = kind

    def _governs(self, cue: _Cue, index: int) -> bool:
        gap = self._side.gaps[index]
        if gap == HYPHEN and (self._item.length or self._items):
            return False  # "no-slip": bound to the next word
        if cue.words == ("no",) and self._word_after(index)[:1].isdigit():
            return False  # "No 5" is a number
        if cue.kind in ("compound", "substitute"):
            return self._governs_next(cue, gap)
        if not self._items:
            return self._item.lets_through(cue)
        return self._item.length > 0 and self._own.lets_through(cue) and self._list_is_closed(cue)

    def _governs_next(self, cue: _Cue, gap: str) -> bool:
        if self._items or self._colon or self._item.length > cue.reach:
            return False
        if gap != ADJACENT and is_unspaced(cue.words[-1][0]):
            return False
        return self._material or cue.kind == "compound"

    def _word_after(self, index: int) -> str:
        return self._side.words[index - 1] if index else self._first_word

    def _list_is_closed(self, cue: _Cue) -> bool:
        """Whether commas on the way belong to a list "A, B or C" and not to the next statement."""
        if not self._commas or self._colon:
            return True
        closed = self._closed or _closing_joiner(self._ahead)
        return closed == "no" or (closed == "absent" and cue.kind == "absent")


def _closing_joiner(side: _Side) -> Kind | None:
    """The kind of the joiner that closes a list which goes on after the match."""
    gap = items = index = 0
    while index < len(side.words) and gap <= ITEM and items <= _MAX_ITEMS:
        if side.gaps[index] in (POINT, COLON) or side.words[index] in _BREAKING_BEFORE:
            return None
        if side.gaps[index] in (COMMA, LIST):
            gap, items = 0, items + 1
        joiner = _longest(_JOINERS_AHEAD, side, index, backwards=False)
        if joiner is not None:
            return joiner.kind
        gap += _weight(side.words[index])
        index += 1
    return None


def _denied_ahead(side: _Side) -> bool:
    """Whether a cue after the match denies it: "-free", "not included", "不使用"."""
    if _AFTER_CUES.keys().isdisjoint(side.words):
        return False
    item = own = _Stretch()
    items = index = 0
    while index < len(side.words) and item.length <= ITEM and items <= _MAX_ITEMS:
        gap = side.gaps[index]
        if gap in (POINT, COLON, ENUM, COMMA, LIST):
            return False
        cue = _longest(_AFTER_CUES, side, index, backwards=False)
        if cue is not None:
            return _denies(cue, side, index, own if items else item, items)
        joiner = _longest(_JOINERS_AHEAD, side, index, backwards=False)
        if joiner is not None or gap == SLASH:
            own = own if items else item
            item, items = _Stretch(), items + 1
        if joiner is not None:
            index += len(joiner.words)
            continue
        if side.words[index] in _BREAKING_AFTER or _is_bullet(side.words[index]):
            return False
        item = item.with_word(side.words[index])
        index += 1
    return False


def _denies(cue: _Cue, side: _Side, index: int, own: _Stretch, items: int) -> bool:
    if cue.kind == "compound":
        return not own.length and not items and _is_adjective(side, index, len(cue.words))
    return cue.kind != "not_a_cue" and own.lets_through(cue)


def _is_adjective(side: _Side, index: int, length: int) -> bool:
    """Whether "free" at `index` belongs to the word before it: "pork free", but not "pork free shipping"."""
    if side.gaps[index] == HYPHEN or index + length >= len(side.words):
        return True
    same_phrase = side.gaps[index + length] in (SPACE, HYPHEN, SLASH)
    return not (same_phrase and side.words[index + length] in _FREE_GOOD)
