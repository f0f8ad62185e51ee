"""Term lists in text: thousands of terms of hundreds of lists in one pass.

A *term* is a word or phrase as a person writes it in a term list. It matches a stretch of text by these
rules.

**Spelling.** Text and term are folded alike before they are compared.

- Width is always folded: full-width and half-width forms, ligatures (`ﬁ`), squared (`㎏`), circled and
  mathematical letters, Arabic presentation forms. All decimal digits equal the ASCII digits.
- `case: fold` ignores case; `ß` equals `ss`; `I`, `İ`, `ı` and `i` are one letter.
- `accents: fold` ignores accents and strokes on Latin, Greek and Cyrillic letters (`é`, `đ`, `ø`, `ё`;
  `æ` equals `ae`), all Vietnamese tones, Arabic vowel points and Hebrew points; Arabic `أ إ آ ٱ` equal
  `ا`, `ى` equals `ي`, `ة` equals `ه`, and Persian and Urdu forms of kaf, yeh and heh equal the Arabic
  ones. Japanese voicing marks (`が` is not `か`) and the vowel signs of Indic, Thai, Lao, Khmer and
  Myanmar scripts are always kept.
- Simplified and traditional Chinese are different spellings: list both. So are `ü` and `ue`.
- Invisible characters (zero-width, soft hyphens, bidirectional marks, variation selectors, tatweel) are
  ignored.
- A word that mixes Latin with Cyrillic or Greek letters which all look like Latin ones is read as Latin
  (`pоrk` with a Cyrillic `о`); a Cyrillic word with Latin look-alikes is read as Cyrillic.

**Words.** In scripts with spaces a term matches whole words: `ham` is not in `Hamburg`, `4` is not in
`14`, `4K` or `4.5`. Letters, marks and digits make words; every other character ends one, an apostrophe
too (`pork's`, `l'agneau`).

- Han, kana, Thai, Lao, Khmer and Myanmar have no word edges, inside or against other scripts: `猪肉` is
  in `红烧猪肉饭`, and `LED` is a word in `白色LED灯`. A match never cuts off a vowel sign or tone mark.
- Hangul: a term begins where a word begins; particles may follow (`돼지고기를`).
- Arabic: the first word of a term, if it has three letters or more, may carry the prefixes و ف ب ك ل
  and ال and their combinations, the other words ال. Hebrew: ה ו ב ל כ מ ש and combinations. No
  suffixes.
- `*` at the beginning or end of a term lifts the edge there: `schwein*`, `*leder`, `*gold*`.
- Words of a term may be separated by any run of spaces, hyphens, dashes, slashes, underscores,
  apostrophes, quotation marks, middle dots and line breaks, whichever the term has (`T-shirt`, `t
  shirt`). Other punctuation separates only where the term has punctuation too. Words that touch in the
  term (`猪肉`) must touch in the text, except beside symbols and other scripts (`R&B`, `R & B`); a space
  in the term may be missing between such words (`台湾 国家`).
- Symbols (`%`, `&`, `°`, `₹`, `☪`, emoji) are words of their own, so that terms may hold them.

**Plural** (`plural: true`): a term whose last word is of three or more Latin letters also matches with
`s`, `es`, and `ies` for `y`. A plural term does not match the singular.

**Negation** (`negation: true`): a match does not count when its own clause says that the thing is
absent or another thing. A clause ends at `. ; ! ?`, brackets, bullets, `|`, pictographs, line breaks,
em dashes and dashes beside a space, and at words such as *but*, *with*, *contains*.

- Before the match, at most two words away: no, not, never, zero, without, free of, contains no, instead
  of, compatible with ... and their like in other languages (three words in Arabic; in Chinese, Japanese
  and Thai directly, or with filler characters as in 不含任何). `non`, `anti`, 无 only directly before.
- After the match: `-free`, ` free` (unless a free thing follows: `pork free shipping`), not included,
  içermez, नहीं, 不使用, フリー, 없음 ...
- It reaches along a list: over *or*, *nor*, *and*, `/`, `、`, up to eight items of three words. Over
  commas only if the list is closed by *or* (`without pork, gelatin or alcohol`), by *and* after the
  firmer cues (*without*, *free from*), or opened by a colon (`free from: pork, alcohol`).
- faux, fake, imitation, artificial, synthetic, PU, vegan (directly before, or one word away) deny
  animal materials only: *vegan leather* is no leather, but *vegan wine* is wine and a *fake gun*
  matches `gun`.
- `not only`, `no doubt`, `with or without`, `No. 5` and similar phrases deny nothing; `no-slip` binds
  to its own word.

**Exceptions**: a match inside an occurrence of an exception phrase does not count (`pig` in `guinea
pig`).

Of the matches that count, those that begin first are kept, the longest of them, none overlapping
another.

**Limits.** Inflection is not known: Turkish, Finnish, Russian or Marathi endings need `*` or terms of
their own. Spelling with gaps or other characters between letters (`p o r k`, `p0rk`) is not seen through.
Cues are not told apart by language: Portuguese *no* (in the) reads as *no*, so a list for Portuguese texts
may be better off with `negation: false` and exceptions.
"""

from __future__ import annotations

import itertools
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, cast

import ahocorasick

from .folding import (
    ADJACENT,
    BETWEEN,
    COLON,
    COMMA,
    ENUM,
    LIST,
    POINT,
    STOP,
    Folding,
    folding,
    is_hangul,
    is_mark,
    is_unspaced,
)
from .negation import negated

MAX_TERM_LENGTH = 200

_TOGETHER = 1 << 16
"""Characters of text searched at once: enough that starting costs nothing, few enough for the cache."""
_NO_HITS: frozenset[int] = frozenset()
_HARD_GAPS = frozenset((COLON, COMMA, LIST, POINT, STOP, ENUM))


@dataclass(frozen=True, slots=True)
class TermList:
    """What to look for: the terms of one list and how they match (see the module's rules)."""

    id: str
    terms: tuple[str, ...]
    exceptions: tuple[str, ...] = ()
    case: Literal["fold", "exact"] = "fold"
    accents: Literal["fold", "exact"] = "fold"
    plural: bool = True
    negation: bool = True


@dataclass(frozen=True, slots=True)
class Match:
    """One match: the term as written in its list and the stretch of the original text, `text[start:end]`."""

    term: str
    text: str
    start: int
    end: int


def check_term(term: str) -> str | None:
    """What is wrong with a term or exception, as the end of a sentence about it; None if it is usable."""
    if len(term) > MAX_TERM_LENGTH:
        return f"is {len(term)} characters long; at most {MAX_TERM_LENGTH} are allowed"
    body, _, _ = _wildcards(term)
    if "*" in body:
        return "has `*` inside; it may stand only at the beginning or the end"
    if not folding(True, True).match_text(body).strip():
        return "has no letter, digit or symbol to look for"
    return None


class Scanner:
    """Finds the terms of many lists in a text. Immutable after construction: share it between threads.

    Raises ValueError for a term that `check_term` refuses.
    """

    def __init__(self, lists: Sequence[TermList]) -> None:
        self._lists = tuple(lists)
        by_folding: dict[tuple[bool, bool], list[int]] = {}
        for index, terms in enumerate(self._lists):
            by_folding.setdefault((terms.case == "fold", terms.accents == "fold"), []).append(index)
        self._passes = tuple(
            _Pass(folding(*options), {i: self._lists[i] for i in indices})
            for options, indices in by_folding.items()
        )
        self._pass_of = {i: one for one in self._passes for i in one.lists}

    def __reduce__(self) -> tuple[type[Scanner], tuple[tuple[TermList, ...]]]:
        return (type(self), (self._lists,))

    def hits(self, text: str) -> frozenset[int]:
        """Indices of the lists that have a match in `text`."""
        found: set[int] | None = None
        for one in self._passes:
            hit = one.hits(text)
            if hit:
                found = hit if found is None else found | hit
        return frozenset(found) if found else _NO_HITS

    def hits_each(self, texts: Sequence[str]) -> Iterator[tuple[int, set[int]]]:
        """(place, lists) of every text with a match; lists that fold differently come apart."""
        for one in self._passes:
            yield from one.hits_each(texts)

    def matches(self, text: str, index: int) -> tuple[Match, ...]:
        """The matches of list `index` in order of place: leftmost, then longest, not overlapping."""
        return self._pass_of[index].matches(text, index)

    def count(self, text: str, index: int) -> int:
        """How many matches list `index` has in `text`."""
        return self._pass_of[index].count(text, index)


# Compilation: terms -> patterns of match text.


class _Entry(NamedTuple):
    """One spelling of one term of one list, found wherever its pattern is found."""

    list_index: int
    term: str
    rank: tuple[int, int]  # among equal matches the smallest is told: the plain spelling, the first term
    exception: bool
    length: int  # of the pattern, edges included
    open_left: bool  # no word edge is asked for
    open_right: bool
    gaps: str  # gap codes between the words of the term
    plain: bool  # the pattern alone decides: neither place, gaps, negation nor exceptions can object

    def place(self, last: int) -> tuple[int, int]:
        """Start and end of the match in the match text, given the index of the pattern's last character."""
        start = last + 1 - self.length + (not self.open_left)
        return start, last + (1 if self.open_right else 0)


def _wildcards(term: str) -> tuple[str, bool, bool]:
    """The term without the `*` at its ends, and whether it had them."""
    body = term.strip()
    left, right = body.startswith("*"), body.endswith("*")
    return body.strip("*") if left and right else body.lstrip("*") if left else body.rstrip("*"), left, right


def _entries(index: int, terms: TermList, fold: Folding) -> Iterator[tuple[str, _Entry]]:
    """The patterns of a list, each with what to make of it."""
    for exception, phrases in ((False, terms.terms), (True, terms.exceptions)):
        for order, term in enumerate(phrases):
            problem = check_term(term)
            if problem is not None:
                raise ValueError(f"term {term!r} of list {terms.id!r} {problem}")
            body, left, right = _wildcards(term)
            words = fold.match_text(body).split()
            gaps = _inner_gaps(fold.match_text(body), fold.gaps(body))
            bare = not (terms.negation or terms.exceptions or exception)
            for rank, spelling in enumerate(_spellings(words, terms.plural and not right, not left)):
                pattern = f"{'' if left else ' '}{' '.join(spelling)}{'' if right else ' '}"
                plain = bare and not gaps and not _needs_place(spelling[0])
                yield (
                    pattern,
                    _Entry(index, term, (rank, order), exception, len(pattern), left, right, gaps, plain),
                )


def _inner_gaps(text: str, gaps: str) -> str:
    return "".join(gaps[i] for i in range(1, len(text) - 1) if text[i] == " ")


def _needs_place(word: str) -> bool:
    """Whether a one-word match of `word` depends on what stands beside it."""
    return word[0].isdigit() or word[-1].isdigit() or is_unspaced(word[-1]) or is_hangul(word[0])


def _spellings(words: Sequence[str], plural: bool, prefixes: bool) -> Iterator[tuple[str, ...]]:
    """The ways a term may be written, the plain one first, none twice."""
    options = [_prefixed(word, first=not i) if prefixes else (word,) for i, word in enumerate(words)]
    if sum(len(o) > 1 for o in options[1:]) > 3:
        options[1:] = [(word,) for word in words[1:]]  # keeps long Arabic phrases from multiplying
    if plural:
        options[-1] = (*options[-1], *_plurals(words[-1]))
    return iter(dict.fromkeys(itertools.product(*options)))


def _plurals(word: str) -> tuple[str, ...]:
    if len(word) < 3 or not all(_is_latin(c) for c in word):
        return ()
    return (word + "s", word + "es", *((word[:-1] + "ies",) if word[-1] in "yY" else ()))


def _is_latin(char: str) -> bool:
    return (
        "a" <= char <= "z" or "A" <= char <= "Z" or "\xc0" <= char <= "\u024f" or "\u1e00" <= char <= "\u1eff"
    )


_ARABIC_BEFORE_NOUN = ("", "و", "ف", "ب", "ك", "ل", "وب", "ول", "وك", "فب", "فل", "فك")
_ARABIC_BEFORE_ARTICLE = ("", "و", "ف", "ب", "ك", "وب", "وك", "فب", "فك")
_ARABIC_BEFORE_LAM = ("", "و", "ف")
_HEBREW_OUTER = ("", "ו", "ש", "וש", "כש", "וכש")
_HEBREW_INNER = ("", "ה", "ב", "ל", "כ", "מ", "מה")


def _prefixed(word: str, *, first: bool) -> tuple[str, ...]:
    """`word` and its forms with the prefixes that Arabic and Hebrew write together with it."""
    if len(word) < 3:
        return (word,)
    if all("\u0620" <= c <= "\u06d3" for c in word):
        return _arabic_forms(word) if first else (word, *(() if word.startswith("ال") else ("ال" + word,)))
    if first and all("\u05d0" <= c <= "\u05ea" for c in word):
        return tuple(outer + inner + word for outer in _HEBREW_OUTER for inner in _HEBREW_INNER)
    return (word,)


def _arabic_forms(word: str) -> tuple[str, ...]:
    """Forms with prefixes; ل and the article make لل, before ل only one ل."""
    definite = word.startswith("ال") and len(word) > 3
    noun = word[2:] if definite else word
    with_lam = ("ل" if noun.startswith("ل") else "لل") + noun
    article = tuple(before + "ال" + noun for before in _ARABIC_BEFORE_ARTICLE)
    lam = tuple(before + with_lam for before in _ARABIC_BEFORE_LAM)
    bare = () if definite else tuple(before + noun for before in _ARABIC_BEFORE_NOUN)
    return (word, *bare, *article, *lam)


class _Automaton(Protocol):
    """What is used of `ahocorasick.Automaton`, which comes without type information."""

    def __len__(self) -> int: ...
    def add_word(self, word: str, value: int, /) -> bool: ...
    def make_automaton(self) -> None: ...
    def iter(self, text: str, /) -> Iterator[tuple[int, int]]: ...


def _automaton(patterns: Iterable[tuple[str, int]]) -> _Automaton | None:
    """An automaton that tells (index of the last character, number) of every pattern in a match text."""
    new = ahocorasick.Automaton(ahocorasick.STORE_INTS)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
    automaton = cast(_Automaton, new)
    for pattern, number in patterns:
        automaton.add_word(pattern, number)
    if not len(automaton):
        return None
    automaton.make_automaton()
    return automaton


class _Pass:
    """The lists that fold alike, and the automaton that finds their patterns."""

    def __init__(self, fold: Folding, lists: dict[int, TermList]) -> None:
        self.lists = lists
        self._fold = fold
        self._plain_folding = fold is folding(True, True)
        self._excepting = frozenset(i for i, terms in lists.items() if terms.exceptions)
        patterns: dict[str, dict[tuple[int, bool, str], _Entry]] = {}
        for index, terms in lists.items():
            for pattern, entry in _entries(index, terms, fold):
                same = patterns.setdefault(pattern, {})
                key = (index, entry.exception, entry.gaps)
                if key not in same or entry.rank < same[key].rank:
                    same[key] = entry
        self._entries = tuple(tuple(same.values()) for same in patterns.values())
        numbered = [(pattern, number) for number, pattern in enumerate(patterns)]
        # An ASCII text holds ASCII patterns only; their small automaton is the faster one.
        self._ascii_automaton = _automaton((p, n) for p, n in numbered if p.isascii())
        self._automaton = _automaton(numbered)

    def hits(self, text: str) -> set[int]:
        """Indices of this pass's lists that have a match in `text`."""
        automaton = self._ascii_automaton if text.isascii() else self._automaton
        if automaton is None:
            return set()
        folded = self._fold.match_text(text)
        events = list(automaton.iter(folded))
        return self._decide(text, folded, events) if events else set()

    def hits_each(self, texts: Sequence[str]) -> Iterator[tuple[int, set[int]]]:
        """(place, indices of lists) of every text with a match; ASCII texts are searched many at once."""
        together: list[int] = []
        size = 0
        for place, text in enumerate(texts):
            if not text.isascii():
                if found := self.hits(text):
                    yield place, found
                continue
            together.append(place)
            size += len(text)
            if size >= _TOGETHER:
                yield from self._hits_together(texts, together)
                together, size = [], 0
        yield from self._hits_together(texts, together)

    def _hits_together(self, texts: Sequence[str], places: Sequence[int]) -> Iterator[tuple[int, set[int]]]:
        if self._ascii_automaton is None or not places:
            return
        folded = self._fold.match_texts([texts[place] for place in places])
        starts = list(itertools.accumulate((len(text) + 1 for text in folded), initial=0))
        found = self._ascii_automaton.iter(BETWEEN.join(folded))
        for number, events in itertools.groupby(found, lambda event: bisect_right(starts, event[0]) - 1):
            start = starts[number]
            own = [(last - start, pattern) for last, pattern in events]
            if hit := self._decide(texts[places[number]], folded[number], own):
                yield places[number], hit

    def _decide(self, text: str, folded: str, events: list[tuple[int, int]]) -> set[int]:
        found: set[int] = set()
        judge: _Judge | None = None
        for last, number in events:
            for entry in self._entries[number]:
                if entry.list_index in found or entry.exception:
                    continue
                if not entry.plain:
                    if judge is None:
                        judge = self._judge(folded, self._fold.gaps(text), events)
                    if not judge.counts(entry, last):
                        continue
                found.add(entry.list_index)
        return found

    def matches(self, text: str, index: int) -> tuple[Match, ...]:
        """The matches of one of this pass's lists."""
        mapped = self._fold.mapped(text)
        kept: list[Match] = []
        for start, end, term in self._kept(mapped.text, mapped.gaps, index):
            stretch = mapped.origin(start, end)
            kept.append(Match(term, text[slice(*stretch)], *stretch))
        return tuple(kept)

    def count(self, text: str, index: int) -> int:
        """How many they are, which needs no way back to the text."""
        return len(self._kept(self._fold.match_text(text), self._fold.gaps(text), index))

    def _kept(self, folded: str, gaps: str, index: int) -> list[tuple[int, int, str]]:
        """Start, end and term of one list's matches in the match text: those that begin first, longest first."""
        automaton = self._ascii_automaton if folded.isascii() else self._automaton
        if automaton is None:
            return []
        events = list(automaton.iter(folded))
        judge = self._judge(folded, gaps, events)
        spans = [
            (start, -end, entry.rank, entry.term)
            for last, entry in self._of_list(events, index)
            if judge.counts(entry, last)
            for start, end in (entry.place(last),)
        ]
        kept: list[tuple[int, int, str]] = []
        free_from = 0
        for start, minus_end, _, term in sorted(spans):
            if start >= free_from:
                free_from = -minus_end
                kept.append((start, free_from, term))
        return kept

    def _of_list(self, events: list[tuple[int, int]], index: int) -> Iterator[tuple[int, _Entry]]:
        for last, number in events:
            for entry in self._entries[number]:
                if entry.list_index == index and not entry.exception:
                    yield last, entry

    def _judge(self, folded: str, gaps: str, events: list[tuple[int, int]]) -> _Judge:
        """The judge of this text, who knows the exceptions in it."""
        judge = _Judge(folded, gaps, self.lists, self._plain_folding)
        if self._excepting:
            judge.learn_exceptions(
                (entry, last) for last, number in events for entry in self._entries[number] if entry.exception
            )
        return judge


class _Judge:
    """Decides for one text which finds of the automaton count."""

    def __init__(self, text: str, gaps: str, lists: dict[int, TermList], plain_folding: bool) -> None:
        self._text = text
        self._gaps = gaps
        self._lists = lists
        self._plain_folding = plain_folding
        self._denied: dict[tuple[int, int], bool] = {}
        self._exceptions: dict[int, tuple[list[int], list[int]]] = {}

    def learn_exceptions(self, finds: Iterable[tuple[_Entry, int]]) -> None:
        """Note where exception phrases stand: their starts, and the farthest end up to each of them."""
        places: dict[int, list[tuple[int, int]]] = {}
        for entry, last in finds:
            if self._fits(entry, *entry.place(last)):
                places.setdefault(entry.list_index, []).append(entry.place(last))
        for index, spans in places.items():
            spans.sort()
            ends = list(itertools.accumulate((end for _, end in spans), max))
            self._exceptions[index] = ([start for start, _ in spans], ends)

    def counts(self, entry: _Entry, last: int) -> bool:
        """Whether the find of `entry` ending at `last` is a match."""
        start, end = entry.place(last)
        if not entry.plain and not self._fits(entry, start, end):
            return False
        if self._is_excepted(entry.list_index, start, end):
            return False
        return not (self._lists[entry.list_index].negation and self._is_denied(start, end))

    def _is_excepted(self, index: int, start: int, end: int) -> bool:
        if index not in self._exceptions:
            return False
        starts, ends = self._exceptions[index]
        before = bisect_right(starts, start)
        return before > 0 and ends[before - 1] >= end

    def _is_denied(self, start: int, end: int) -> bool:
        key = (start, end)
        if key not in self._denied:
            self._denied[key] = negated(self._text, self._gaps, start, end, self._plain_folding)
        return self._denied[key]

    def _fits(self, entry: _Entry, start: int, end: int) -> bool:
        """Whether edges and gaps are as the term asks."""
        if not entry.open_left and not self._starts_here(start):
            return False
        if not entry.open_right and not self._ends_here(end):
            return False
        return not entry.gaps or self._gaps_fit(entry.gaps, start, end)

    def _starts_here(self, start: int) -> bool:
        if self._joins_digits(start - 1):
            return False
        if start < 2 or self._gaps[start - 1] != ADJACENT:
            return True
        return not (is_hangul(self._text[start]) and is_hangul(self._text[start - 2]))

    def _ends_here(self, end: int) -> bool:
        if self._joins_digits(end):
            return False
        if end + 1 >= len(self._text) or self._gaps[end] != ADJACENT:
            return True
        return not (is_unspaced(self._text[end - 1]) and is_mark(self._text[end + 1]))

    def _joins_digits(self, gap: int) -> bool:
        """Whether the gap at this index is the point or comma of a number, as in 4.5 or 1,000."""
        text = self._text
        return (
            self._gaps[gap] in (POINT, COMMA)
            and 0 < gap < len(text) - 1
            and text[gap - 1].isdigit()
            and text[gap + 1].isdigit()
        )

    def _gaps_fit(self, asked: str, start: int, end: int) -> bool:
        gap = start
        for code in asked:
            gap = self._text.index(" ", gap + 1, end)
            if not self._gap_fits(code, gap):
                return False
        return True

    def _gap_fits(self, asked: str, gap: int) -> bool:
        """Whether what stands at the gap in the text may stand for the gap `asked` of the term."""
        given = self._gaps[gap]
        if given == ADJACENT:
            return asked not in _HARD_GAPS
        if asked == ADJACENT:
            unbroken = _is_syllabic(self._text[gap - 1]) and _is_syllabic(self._text[gap + 1])
            return not unbroken and given not in _HARD_GAPS
        if self._joins_digits(gap) or (asked in (POINT, COMMA) and self._between_digits(gap)):
            return given == asked
        return given not in _HARD_GAPS or asked in _HARD_GAPS

    def _between_digits(self, gap: int) -> bool:
        return self._text[gap - 1].isdigit() and self._text[gap + 1].isdigit()


def _is_syllabic(char: str) -> bool:
    return is_unspaced(char) or is_hangul(char)
