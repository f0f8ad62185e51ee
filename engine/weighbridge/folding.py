"""Folding: one spelling for all the ways of writing the same words, and the way back to the original text.

A `Folding` turns a text into *match text*: words separated by single spaces, with a space before the
first and after the last, so that a whole word is found by looking for `" word "`. Characters of scripts
that are written without spaces (Han, kana, Thai, Lao, Khmer, Myanmar), Hangul syllables and symbols are
words of their own: `"100%棉花"` becomes `" 100 % 棉 花 "`.

Beside the match text there are its *gaps*: a string of the same length in which every space is replaced
by a code for what stood there in the original: nothing, a space, a hyphen, a comma, the end of a clause.

After a preparation that keeps the length of the text (`_prepare`), folding is Unicode compatibility
normalisation (NFKC), which never reaches beyond a cluster (a character and the marks that follow it), and
then a table of characters. Hence the fast form, which folds long stretches at once in C, and the mapped
form, which folds cluster by cluster and knows where each folded character came from, give the same.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

# Gap codes. All are white space for `str.split`, and none survives folding as anything else.
ADJACENT = "\x1f"  # nothing: the words touch, as in "猪肉", "100%" or "LED灯"
SPACE = " "  # spaces, quotation marks, apostrophes, middle dots, underscores, control characters
HYPHEN = "\x1c"  # hyphen or en dash touching both neighbours
SLASH = "\x1d"  # a slash or Japanese middle dot
COLON = "\x1e"
COMMA = "\t"  # a comma touching both neighbours: "pork,lard", "1,000"
LIST = "\v"  # any other comma
POINT = "\f"  # a full stop touching both neighbours: "4.5", "denat.pork"
STOP = "\r"  # end of a clause: . ; ! ? brackets, bullets, |
LINE = "\n"  # line break, em dash, dash beside a space: ends a clause, but not a term that is wrapped there
ENUM = "\x85"  # the enumeration comma 、

GAP_CODES = "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85"

_SEPARATORS: dict[str, str] = {
    **dict.fromkeys("\n\v\f\r\x85\u2028—―", LINE),
    "\u2029": STOP,  # between the parts of a joined text
    **dict.fromkeys("_\\'\"`´’‘‚‛“”„‟«»‹›′″‵‶＂ʹʺʻʼʽʾʿˈˊˋ՚׳״·‧‿⁀「」『』〈〉《》〝〞〟་༌፡®©", SPACE),
    **dict.fromkeys("−~", HYPHEN),
    **dict.fromkeys("/⁄∕・", SLASH),
    ":": COLON,
    ",": COMMA,
    "٬": COMMA,
    "،": LIST,
    "、": ENUM,
    ".": POINT,
    "٫": POINT,
    **dict.fromkeys("|¦", STOP),
}
_SYMBOL_PUNCTUATION = frozenset("#%&*@‰٪")  # punctuation by category, but symbols in a listing

# Characters that mean nothing to a reader of the text: format characters, joiners, variation selectors,
# invisible fillers, Arabic tatweel, the keycap mark and emoji skin tones.
_IGNORED_IN_PLANE_0 = (
    "\xad\u034f\u0600-\u0605\u061c\u0640\u06dd\u070f\u0890\u0891\u08e2\u115f\u1160\u17b4\u17b5\u180b-\u180f"
    "\u200b-\u200f\u202a-\u202e\u2060-\u206f\u20e3\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb"
)
_IGNORED = _IGNORED_IN_PLANE_0 + (
    "\U000110bd\U000110cd\U00013430-\U00013438\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U0001f3fb-\U0001f3ff\U000e0000-\U000e0fff"
)
# Characters whose compatibility form would run into the word beside them ("pork²" must stay "pork").
_DETACHED = "²³¹¼-¾´\u2070\u2074-\u2079\u2080-\u2089⅐-⅟↉①-⑳㉑-㊿⓪™℠№"

# Letters that carry their accent in one piece; `accents: fold` takes it off like any other.
_STROKES = {
    **dict(zip("đðøłħŧıɓɗƙƴɨʉƚɫɖɛɔ", "ddolhtibdkyiulldeo", strict=True)),
    **dict(zip("ĐÐØŁĦŦƁƊƘƳƗɄȽⱢƉƐƆ", "DDOLHTBDKYIULLDEO", strict=True)),
    "æ": "ae",
    "Æ": "AE",
    "œ": "oe",
    "Œ": "OE",
    "þ": "th",
    "Þ": "TH",
    **dict.fromkeys("ىیې", "ي"),
    **dict.fromkeys("ةۀہۂھەۃ", "ه"),
    **dict.fromkeys("کڪ", "ك"),
    "ٱ": "ا",
}


def _ranges(spec: str) -> tuple[tuple[int, int], ...]:
    """The code point ranges of a character class written as in a regular expression."""
    found = re.findall(r"(.)-(.)|(.)", spec, re.DOTALL)
    return tuple((ord(low or one), ord(high or one)) for low, high, one in found)


def _within(code: int, ranges: tuple[tuple[int, int], ...]) -> bool:
    return any(low <= code <= high for low, high in ranges)


_IGNORED_RANGES = _ranges(_IGNORED)
_DETACHED_RANGES = _ranges(_DETACHED)
_HANGUL = _ranges("\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff")
_UNSPACED = _ranges(
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1980-\u19ff\u1a20-\u1aaf\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\u2e80-\u2fdf\u3005-\u3007\u3021-\u303c\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\uf900-\ufaff\uff66-\uff9f\U0001aff0-\U0001b16f\U00020000-\U0003ffff"
)
# Marks that are accents: generic (Latin, Greek, Cyrillic), Cyrillic numerals, Hebrew points, Arabic
# harakat.
# Japanese voicing marks, Indic, Thai, Lao, Khmer and Myanmar signs are letters to their readers and stay.
_ACCENTS = _ranges(
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u064b-\u065f\u0670"
    "\u06d6-\u06dc\u06df-\u06e4\u06e7\u06e8\u06ea-\u06ed\u0897-\u089f\u08ca-\u08ff\u1ab0-\u1aff\u1dc0-\u1dff"
    "\u20d0-\u20ff\ufe20-\ufe2f"
)


def is_hangul(char: str) -> bool:
    """Whether `char` is a Hangul syllable or letter."""
    return _within(ord(char), _HANGUL)


def is_unspaced(char: str) -> bool:
    """Whether `char` belongs to a script that is written without spaces between words."""
    return _within(ord(char), _UNSPACED)


def is_mark(char: str) -> bool:
    """Whether `char` is a mark or vowel sign that belongs to the letter before it."""
    return unicodedata.category(char)[0] == "M"


def is_ignored(char: str) -> bool:
    """Whether `char` means nothing for matching: zero-width and format characters and the like."""
    return _within(ord(char), _IGNORED_RANGES)


def _detach(char: str) -> str:
    """What `char` becomes before NFKC, where NFKC alone would glue its parts to the word beside it."""
    if char in "™℠´":
        return "'" if char == "´" else " "
    if char == "№":
        return "#"
    return f" {unicodedata.normalize('NFKC', char)} "


class _Preparation(dict[int, str]):
    """Code point -> text before NFKC; filled as characters are met."""

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if is_ignored(char):
            return _remember(self, code, "")
        return _remember(self, code, _detach(char) if _within(code, _DETACHED_RANGES) else char)


def _remember(table: dict[int, str], code: int, value: str) -> str:
    """Keep `value` for the next time, unless odd input has filled the table already."""
    if len(table) < 1 << 16:
        table[code] = value
    return value


class _Letters(dict[int, str]):
    """Code point -> folded letters, without regard to words; filled as characters are met."""

    def __init__(self, fold_case: bool, fold_accents: bool) -> None:
        super().__init__()
        self.fold_case = fold_case
        self.fold_accents = fold_accents

    def __missing__(self, code: int) -> str:
        return _remember(self, code, self._fold(chr(code)))

    def _fold(self, char: str) -> str:
        if unicodedata.category(char) == "Nd":
            return str(unicodedata.decimal(char))
        folded = self._without_accent(char) if self.fold_accents else char
        if not self.fold_case:
            return folded
        folded = "".join(_TURKISH_I.get(c, c) for c in folded).casefold()
        return "".join(self._without_accent(c) for c in folded) if self.fold_accents else folded

    @staticmethod
    def _without_accent(char: str) -> str:
        if char in _STROKES:
            return _STROKES[char]
        bare = "".join(c for c in unicodedata.normalize("NFD", char) if not _within(ord(c), _ACCENTS))
        return "".join(_STROKES.get(c, c) for c in unicodedata.normalize("NFC", bare))


_TURKISH_I = {"İ": "i", "I": "i", "ı": "i"}


class _Characters(dict[int, str]):
    """Code point (after NFKC) -> its folded letters, the gap code it stands for, or a word of its own."""

    def __init__(self, letters: _Letters) -> None:
        super().__init__()
        self._letters = letters

    def __missing__(self, code: int) -> str:
        char = chr(code)
        if is_ignored(char):  # NFKC takes tatweel out of Arabic presentation forms
            return _remember(self, code, "")
        gap = _gap_of(char)
        if gap is not None:
            return _remember(self, code, gap)
        if _is_symbol(char):
            return _remember(self, code, f"{ADJACENT}{char}{ADJACENT}")
        letters = self._letters[code]
        alone = any(is_unspaced(c) or is_hangul(c) for c in letters)
        return _remember(
            self, code, "".join(f"{ADJACENT}{c}{ADJACENT}" for c in letters) if alone else letters
        )


def _gap_of(char: str) -> str | None:
    """The gap code of a separator; None for everything that is part of a word."""
    if char in _SEPARATORS:
        return _SEPARATORS[char]
    category = unicodedata.category(char)
    if category[0] == "Z" or category in ("Cc", "Cs", "Pc", "Pi", "Pf", "Sk"):
        return SPACE
    if category == "Pd":
        return HYPHEN
    if category[0] == "P" and char not in _SYMBOL_PUNCTUATION:
        return STOP
    return None


def _is_symbol(char: str) -> bool:
    return unicodedata.category(char)[0] in "SPC"  # separators among these are taken out before


# Preparation: look-alikes and absurd runs of marks. Both keep the length of the text.

_LATIN = "A-Za-z\xc0-\xd6\xd8-\xf6\xf8-\u024f\u1e00-\u1eff\uff21-\uff3a\uff41-\uff5a"
_CYRILLIC_GREEK = "\u0370-\u03ff\u0400-\u0482\u048a-\u052f\u1f00-\u1fff"
BETWEEN = f"0-9\u0300-\u036f{_IGNORED}"
_HAS_CYRILLIC_GREEK = re.compile(f"[{_CYRILLIC_GREEK}]")
_MIXED = re.compile(f"[{_LATIN}][{BETWEEN}]*[{_CYRILLIC_GREEK}]|[{_CYRILLIC_GREEK}][{BETWEEN}]*[{_LATIN}]")
_WORD = re.compile(f"[{_LATIN}{_CYRILLIC_GREEK}{BETWEEN}]+")

_CYRILLIC_LIKE_LATIN = dict(
    zip("АВЕЅІЈКМНОРСТУХҮаеорсухѕіјһкмтԁԛԝӏӀ", "ABESIJKMHOPCTYXYaeopcyxsijhkmtdqwlI", strict=True)
)
_GREEK_LIKE_LATIN = dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧαεηικνορτυχ", "ABEZHIKMNOPTYXaenikvoptux", strict=True))
_LIKE_LATIN = _CYRILLIC_LIKE_LATIN | _GREEK_LIKE_LATIN
_LATIN_LIKE_CYRILLIC = dict(zip("ABCEHKMOPTXYaceopxykmti", "АВСЕНКМОРТХУасеорхукмті", strict=True))


@lru_cache(maxsize=4096)
def _look_alike(char: str, latin: bool) -> str | None:
    """The letter of the other script that looks like `char` (accents aside), or None."""
    table = _LIKE_LATIN if latin else _LATIN_LIKE_CYRILLIC
    return table.get(unicodedata.normalize("NFKD", char)[0])


def _unify_script(match: re.Match[str]) -> str:
    """One word in one script, if its foreign letters are all look-alikes; else the word as it is."""
    word = match.group()
    foreign = set(_HAS_CYRILLIC_GREEK.findall(word))
    if not foreign:
        return word
    latin = {c for c in word if c.isalpha() and c not in foreign and not is_ignored(c)}
    if not latin:
        return word
    to_latin = {c: _look_alike(c, True) for c in foreign}
    if all(to_latin.values()):
        return "".join(to_latin.get(c) or c for c in word)
    to_cyrillic = {c: _look_alike(c, False) for c in latin}
    if all(to_cyrillic.values()) and all("\u0400" <= c <= "\u052f" for c in foreign):
        return "".join(to_cyrillic.get(c) or c for c in word)
    return word


def _mark_class() -> str:
    """All marks of the basic plane that normalisation reorders."""
    return "".join(chr(c) for c in range(0x300, 0x10000) if unicodedata.combining(chr(c)))


_MARK_RUN_LIMIT = 30  # as in the Stream-Safe Text Format of UAX 15
_HAS_MARK = re.compile(f"[{_mark_class()}\U00010000-\U0010ffff]")
_MARKS = (
    f"[{_mark_class()}{_IGNORED}\U000101fd-\U000119ff\U00016af0-\U0001bc9e\U0001d165-\U0001d244"
    "\U0001e000-\U0001e94a]"
)
_MARK_RUN = re.compile(f"({_MARKS}{{{_MARK_RUN_LIMIT}}}){_MARKS}+")
_FILLER = "\u034f"


def _prepare(text: str) -> str:
    """`text` with look-alike letters in the script of their word. Keeps the length.

    In long texts marks beyond the 30th in a row are blotted out: normalisation sorts them in quadratic time.
    """
    if _HAS_CYRILLIC_GREEK.search(text) and _MIXED.search(text):
        text = _WORD.sub(_unify_script, text)
    if len(text) > 512 and _HAS_MARK.search(text):
        text = _MARK_RUN.sub(lambda m: m[1] + _FILLER * (len(m[0]) - _MARK_RUN_LIMIT), text)
    return text


# Which texts `_Preparation` can change, at least; one wide range beyond the basic plane keeps the
# search fast.
_SPECIAL = re.compile(f"[{_IGNORED_IN_PLANE_0}{_DETACHED}\U00010000-\U0010ffff]")
_PREPARATION = _Preparation()

# From folded text to match text and gaps.

_GAP_RUN = re.compile(f"[{GAP_CODES}]{{2,}}")
_WORDS = re.compile(f"[^{GAP_CODES}]+")


def _strongest(match: re.Match[str]) -> str:
    """The one gap code that says what a run of them means."""
    run = match.group().replace(ADJACENT, "")
    if len(run) < 2:
        return run or ADJACENT
    if STOP in run or POINT in run:
        return STOP
    if LINE in run or HYPHEN in run:  # a hyphen that touches one word only is a dash
        return LINE
    if ENUM in run:
        return ENUM
    if COMMA in run or LIST in run:
        return LIST
    if COLON in run:
        return COLON
    return SLASH if SLASH in run else SPACE


@dataclass(frozen=True, slots=True)
class Mapped:
    """Match text with its gaps, and for each of its characters the stretch of the original it came from.

    Positions of gaps carry the stretch of nothing (0, 0).
    """

    text: str
    gaps: str
    starts: list[int]
    ends: list[int]

    def origin(self, start: int, end: int) -> tuple[int, int]:
        """Where `text[start:end]`, which begins and ends inside words, stood in the original."""
        return self.starts[start], self.ends[end - 1]


MOST_REMEMBERED = 16
"""Texts whose folding is kept; enough for the texts of one record."""
LONGEST_REMEMBERED = 20_000


class Folding:
    """One way of folding: with or without case and accents, always width. Safe to share between threads."""

    def __init__(self, fold_case: bool, fold_accents: bool) -> None:
        self.letters = _Letters(fold_case, fold_accents)
        self._characters = _Characters(self.letters)
        ascii_forms = [self._characters[code] for code in range(128)]
        words = [_single(form) or SPACE for form in ascii_forms]
        gaps = [_single(form) or form for form in ascii_forms]
        beyond = bytes(range(128, 256))
        self._ascii_words = bytes(map(ord, words)) + beyond
        self._ascii_gaps = bytes(map(ord, gaps)) + beyond
        self._ascii_symbols = tuple(_single(form) or "" for form in ascii_forms if len(form) > 1)
        self._short_run = lru_cache(maxsize=1 << 12)(self._fold)
        # One record is decided for many markets, each with scanners of its own over the same few texts.
        self._remembered = lru_cache(maxsize=MOST_REMEMBERED)(self._match_text)
        self._remembered_maps = lru_cache(maxsize=MOST_REMEMBERED)(self._mapped)

    def match_text(self, text: str) -> str:
        """The match text of `text`. Runs in C but for a handful of calls per text."""
        return self._remembered(text) if len(text) <= LONGEST_REMEMBERED else self._match_text(text)

    def mapped(self, text: str) -> Mapped:
        """Match text and gaps together with the way back to `text`; slower, for texts with matches."""
        return self._remembered_maps(text) if len(text) <= LONGEST_REMEMBERED else self._mapped(text)

    def _match_text(self, text: str) -> str:
        if text.isascii():
            return _squeezed(self._fold_ascii(text, self._ascii_words, SPACE))
        words = " ".join(self._fold_mixed(text, self._ascii_words, SPACE).split())
        return f" {words} " if words else " "

    def match_texts(self, texts: Sequence[str]) -> list[str]:
        """The match texts of ASCII texts, folded together: many short texts for the price of a long one."""
        table, joined = self._ascii_words, f" {BETWEEN} ".join(texts)
        folded = joined.encode("latin-1").translate(table).decode("latin-1")
        return _squeezed(self._isolate(folded, SPACE)).split(BETWEEN)

    def gaps(self, text: str) -> str:
        """The gaps of `text`: its match text with gap codes for spaces; the ends count as end of clause."""
        fold = self._fold_ascii if text.isascii() else self._fold_mixed
        return _gaps(fold(text, self._ascii_gaps, ADJACENT))

    def _mapped(self, text: str) -> Mapped:
        pieces: list[str] = []
        origin_starts: list[int] = []
        origin_ends: list[int] = []
        prepared = _prepare(text)
        for start, end in _clusters(prepared):
            piece = self._fold(prepared[start:end])
            while end > start + 1 and unicodedata.category(text[end - 1]) == "Cf":
                end -= 1  # invisible characters after a word are no part of it
            pieces.append(piece)
            origin_starts.extend([start] * len(piece))
            origin_ends.extend([end] * len(piece))
        folded = "".join(pieces)
        starts, ends = [0], [0]
        for word in _WORDS.finditer(folded):
            starts += [*origin_starts[word.start() : word.end()], 0]
            ends += [*origin_ends[word.start() : word.end()], 0]
        words = " ".join(folded.split())
        return Mapped(f" {words} " if words else " ", _gaps(folded), starts, ends)

    def _fold(self, prepared: str) -> str:
        """Folded letters and gap codes, not yet squeezed. Defined cluster by cluster."""
        if _SPECIAL.search(prepared):
            prepared = prepared.translate(_PREPARATION)
        return unicodedata.normalize("NFKC", prepared).translate(self._characters)

    def _fold_ascii(self, text: str, table: bytes, beside_symbol: str) -> str:
        """`_fold` for ASCII text; with the table of words all gaps become spaces."""
        return self._isolate(text.encode("ascii").translate(table).decode("ascii"), beside_symbol)

    def _fold_mixed(self, text: str, table: bytes, beside_symbol: str) -> str:
        """The same for any text: the ASCII parts by table, the others by `_fold`."""
        prepared = _prepare(text).encode("utf-8", "surrogatepass").translate(table)
        parts = _NOT_ASCII.split(prepared.decode("utf-8", "surrogatepass"))
        for index in range(1, len(parts), 2):
            before, run = parts[index - 1], parts[index]
            if before and before[-1] not in GAP_CODES and _extends(run[0]):
                parts[index - 1], run = before[:-1], before[-1] + run
            parts[index] = self._short_run(run) if len(run) < 16 else self._fold(run)
        return self._isolate("".join(parts), beside_symbol)

    def _isolate(self, folded: str, beside: str) -> str:
        for symbol in self._ascii_symbols:
            if symbol in folded:
                folded = folded.replace(symbol, f"{beside}{symbol}{beside}")
        return folded


BETWEEN = "\xff"
"""Stands between ASCII texts that are folded together: no ASCII, and one byte, which folding leaves alone."""
_NOT_ASCII = re.compile("([^\0-\x7f]+)")


def _single(form: str) -> str | None:
    """The one character that an ASCII character folds to; None for separators."""
    bare = form.strip(GAP_CODES)
    return bare if bare else None


def _squeezed(folded: str) -> str:
    """Words with one space before, between and after them."""
    folded = f" {folded} "
    while "  " in folded:
        folded = folded.replace("  ", " ")
    return folded


def _gaps(folded: str) -> str:
    once = folded.strip(GAP_CODES).replace(ADJACENT * 2, ADJACENT)
    squeezed = _GAP_RUN.sub(_strongest, once)
    return f"{STOP}{squeezed}{STOP}" if squeezed else STOP


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Stretches of `text` that fold independently: a character with the marks and invisible ones after it."""
    start = 0
    for index in range(1, len(text)):
        if text[index] < "\x80" or not _extends(text[index]):
            yield start, index
            start = index
    if text:
        yield start, len(text)


@lru_cache(maxsize=1 << 16)
def _extends(char: str) -> bool:
    """Whether folding `char` may depend on the character before it."""
    if is_ignored(char):
        return True
    first = unicodedata.normalize("NFKD", char)[0]
    vowel_or_final_jamo = "\u1160" <= first <= "\u11ff"
    kirat_rai_vowel = (
        "\U00016d67" <= first <= "\U00016d6a"
    )  # the only other letters that compose (Unicode 16)
    return is_mark(first) or vowel_or_final_jamo or kirat_rai_vowel


@cache
def folding(fold_case: bool, fold_accents: bool) -> Folding:
    """The shared folding of these options."""
    return Folding(fold_case, fold_accents)
