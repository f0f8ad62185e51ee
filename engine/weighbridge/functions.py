"""The function table of the expression language: the only place a function is added.

Each entry gives name, parameter types, result type, meaning and examples, and one implementation over
*known* values, used by every form of a program (powers, logarithms and rounding differ between
libraries in their last bits, so there must be only one). A function is strict unless it says otherwise:
if any argument is unknown, the result is unknown. An implementation returns None where no value exists.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any

from weighbridge.tree import Type

NUMBER, BOOLEAN, TEXT, DATE, TEXTS, TERMS = (
    Type.NUMBER,
    Type.BOOLEAN,
    Type.TEXT,
    Type.DATE,
    Type.TEXTS,
    Type.TERMS,
)
ANY = frozenset({NUMBER, BOOLEAN, TEXT, DATE, TEXTS})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter: accepted types, and for a literal how its value is checked (message or None)."""

    name: str
    types: frozenset[Type]
    literal: bool = False
    check: Callable[[Any], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Function:
    """One function. `result` None means "the type of the first argument".

    `implementation` takes known values in the conventions of `tree.Value`. `strict` False: the
    implementation receives None for unknown arguments and decides itself. `special` functions (term
    matching, region tests, missing tests) are compiled by the program forms, not called as they stand.
    `partial`: may be unknown although every argument is known.
    """

    name: str
    parameters: tuple[Parameter, ...]
    result: Type | None
    meaning: str
    examples: tuple[tuple[str, Any], ...]
    implementation: Callable[..., Any] | None = None
    variadic: bool = False
    optional: int = 0
    strict: bool = True
    special: bool = False
    partial: bool = False

    @property
    def signature(self) -> str:
        """As users read it: `round(x: number, digits: number) -> number`."""
        shown = [
            f"{p.name}{'?' if i >= len(self.parameters) - self.optional else ''}: {_words(p.types)}"
            for i, p in enumerate(self.parameters)
        ]
        return f"{self.name}({', '.join(shown)}{', ...' if self.variadic else ''}) -> {self.result or 'same'}"


def _words(types: frozenset[Type]) -> str:
    return "any" if types == ANY else " | ".join(sorted(str(t) for t in types))


def _p(
    name: str, *types: Type, literal: bool = False, check: Callable[[Any], str | None] | None = None
) -> Parameter:
    return Parameter(name, frozenset(types) if types else ANY, literal, check)


# --- numbers -------------------------------------------------------------------------------------------


def power(base: float, exponent: float) -> float | None:
    """`base ** exponent`; unknown where no real, finite-or-infinite number exists."""
    try:
        result = math.pow(base, exponent)
    except (ValueError, ZeroDivisionError):
        return None
    except OverflowError:
        return math.inf if base > 0 or exponent % 2 == 0 else -math.inf
    return result


def _round(x: float, digits: float = 0.0) -> float:
    return round(x, int(digits)) if math.isfinite(x) else x


def _whole(kind: Callable[[float], int]) -> Callable[[float], float]:
    return lambda x: float(kind(x)) if math.isfinite(x) else x


def _sqrt(x: float) -> float | None:
    return math.sqrt(x) if x >= 0 else None


def _log(x: float) -> float | None:
    return math.log(x) if x > 0 else None


def _exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _check_digits(value: Any) -> str | None:
    return None if isinstance(value, float) and value in range(13) else "a whole number from 0 to 12"


# --- text ----------------------------------------------------------------------------------------------

MAX_TEXT = 1_000_000
PARAGRAPH = "\u2029"
"""Unicode's paragraph separator: between the parts of a joined text; the end of a clause and of every term."""


def _join(*parts: str | tuple[str, ...] | None) -> str | None:
    """The known parts, with a mark between them that no term reaches across."""
    flat: list[str] = []
    for part in parts:
        if isinstance(part, str):
            flat.append(part)
        elif part is not None:
            flat.extend(part)
    return PARAGRAPH.join(flat)[:MAX_TEXT] if flat else None


def _like(text: str, pattern: str) -> bool:
    """Wildcards `*` and `?`. What stands between stars is sought piece by piece, each where it first fits."""
    pieces = _pieces(pattern)
    if len(pieces) == 1:
        return pieces[0].fullmatch(text) is not None
    found = pieces[0].match(text)
    for piece in pieces[1:-1]:
        found = found and piece.search(text, found.end())
    last = len(text) - (len(pattern) - pattern.rfind("*") - 1)
    return found is not None and found.end() <= last and pieces[-1].fullmatch(text, last) is not None


@lru_cache(maxsize=1024)
def _pieces(pattern: str) -> tuple[re.Pattern[str], ...]:
    """A pattern cut at its stars. A piece holds no repetition, so that a search in it cannot backtrack."""
    codes = ("".join("." if c == "?" else re.escape(c) for c in piece) for piece in pattern.split("*"))
    return tuple(re.compile(code, re.IGNORECASE | re.DOTALL) for code in codes)


def _check_pattern(value: Any) -> str | None:
    return None if isinstance(value, str) and len(value) <= 200 else "a pattern of at most 200 characters"


SCRIPTS: dict[str, tuple[str, ...]] = {
    "Latn": ("LATIN",),
    "Arab": ("ARABIC",),
    "Hebr": ("HEBREW",),
    "Cyrl": ("CYRILLIC",),
    "Grek": ("GREEK",),
    "Thai": ("THAI",),
    "Deva": ("DEVANAGARI",),
    "Hani": ("CJK",),
    "Kana": ("HIRAGANA", "KATAKANA"),
    "Jpan": ("HIRAGANA", "KATAKANA", "CJK"),
    "Hang": ("HANGUL",),
    "Khmr": ("KHMER",),
    "Mymr": ("MYANMAR",),
    "Beng": ("BENGALI",),
    "Taml": ("TAMIL",),
}


def _script_share(text: str, script: str) -> float | None:
    wanted = SCRIPTS[script]
    if text.isascii():
        letters = any(map(str.isalpha, text))
        return (1.0 if "LATIN" in wanted else 0.0) if letters else None
    counts = _alphabets(text) if len(text) <= LONGEST_REMEMBERED else _count_alphabets(text)
    total = sum(counts.values())
    if total == 0:
        return None
    return sum(n for name, n in counts.items() if name.startswith(wanted)) / total


LONGEST_REMEMBERED = 2000
"""Characters of a text whose alphabets are remembered: every market asks for a script of its own."""


def _count_alphabets(text: str) -> dict[str, int]:
    """How many letters of a text are of which alphabet."""
    counts: dict[str, int] = {}
    for char, count in Counter(text).items():
        alphabet = _alphabet(char)
        if alphabet:
            counts[alphabet] = counts.get(alphabet, 0) + count
    return counts


_alphabets = lru_cache(maxsize=1 << 13)(_count_alphabets)


@lru_cache(maxsize=1 << 16)
def _alphabet(char: str) -> str:
    """The first word of a letter's name, which names its script; nothing for what is no letter."""
    return (unicodedata.name(char, "").partition(" ")[0] or "-") if char.isalpha() else ""


def _check_script(value: Any) -> str | None:
    return None if value in SCRIPTS else f"one of {', '.join(SCRIPTS)}"


def _word_count(text: str) -> float:
    return float(len(text.split()))


def _to_number(text: str) -> float | None:
    cleaned = text.strip()
    if len(cleaned) > 40 or "_" in cleaned:
        return None
    try:
        value = float(cleaned)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _valid_gtin(text: str) -> bool:
    """GS1 check digit over 8, 12, 13 or 14 digits: weights 3, 1, 3, 1 ... from the left of 14 digits."""
    digits = text.replace(" ", "").replace("-", "")
    if len(digits) not in (8, 12, 13, 14) or not (digits.isascii() and digits.isdigit()):
        return False
    padded = digits.rjust(14, "0")
    return sum(int(d) * (1 if i % 2 else 3) for i, d in enumerate(padded)) % 10 == 0


def _check_path(value: Any) -> str | None:
    whole = isinstance(value, str) and all(part.strip() for part in value.split("/"))
    return None if whole else "a path such as 'apparel/footwear'"


def under(path: str, root: str) -> bool:
    """True where `path` is `root` or lies below it in the category tree."""
    return path == root or path.startswith(root + "/")


# --- dates (ordinal days) ------------------------------------------------------------------------------

MIN_DAY, MAX_DAY = 1.0, float(date.max.toordinal())


def _date_part(part: str) -> Callable[[float], float]:
    return lambda day: float(getattr(date.fromordinal(int(day)), part))


def _weekday(day: float) -> float:
    return float(date.fromordinal(int(day)).isoweekday())


def add_days(day: float, days: float) -> float | None:
    """`day` moved by whole days; unknown for a fraction of a day or beyond year 9999."""
    moved = day + days
    return moved if days == days // 1 and MIN_DAY <= moved <= MAX_DAY else None


# --- lists ---------------------------------------------------------------------------------------------


def _overlaps(a: tuple[str, ...], b: tuple[str, ...]) -> bool:
    return not set(a).isdisjoint(b)


def _length(x: str | tuple[str, ...]) -> float:
    return float(len(x))


_TEXTY = (TEXT, TEXTS)

FUNCTIONS: dict[str, Function] = {
    f.name: f
    for f in (
        Function(
            "is_missing",
            (_p("x"),),
            BOOLEAN,
            "True where `x` is unknown, false where it is known. Never unknown itself.",
            (("is_missing(nothing)", True), ("is_missing(5)", False)),
            strict=False,
            special=True,
        ),
        Function(
            "evidence",
            (_p("x"),),
            BOOLEAN,
            "For proof that a listing must carry: true where `x` is known, *unknown* where it is missing; "
            "a boolean is itself. `not evidence(x)` is therefore undecided, not true, for missing proof.",
            (("evidence('CE-123')", True), ("evidence(nothing)", None), ("evidence(1 > 2)", False)),
            strict=False,
            special=True,
        ),
        Function(
            "coalesce",
            (_p("x"),),
            None,
            "The first argument that is known; all must have one type.",
            (("coalesce(nothing, 3)", 3.0), ("coalesce(2, 3)", 2.0)),
            variadic=True,
            strict=False,
            special=True,
        ),
        Function(
            "mentions",
            (_p("text", *_TEXTY), _p("terms", TERMS)),
            BOOLEAN,
            "True where the text contains a term of the list that is not negated or excepted. The match and "
            "its place are kept for the explanation. Terms: `terms.<id>`, a region parameter, or a list of texts.",
            (
                ("mentions('Pigskin wallet', ['pigskin'])", True),
                ("mentions('Contains no pork', ['pork'])", False),
            ),
            special=True,
        ),
        Function(
            "count_mentions",
            (_p("text", *_TEXTY), _p("terms", TERMS)),
            NUMBER,
            "How many times terms of the list occur, counted as `mentions` does.",
            (("count_mentions('Wine rack and wine glass', ['wine'])", 2.0),),
            special=True,
        ),
        Function(
            "under",
            (_p("path", TEXT), _p("root", TEXT, literal=True, check=_check_path)),
            BOOLEAN,
            "True where the category path is `root` or below it.",
            (
                ("under('apparel/footwear/boots', 'apparel/footwear')", True),
                ("under('apparels', 'apparel')", False),
            ),
            under,
        ),
        Function(
            "in_region",
            (_p("region", TEXT, literal=True),),
            BOOLEAN,
            "True where the market is the region or extends it, directly or through others.",
            (("in_region('world')", True),),
            special=True,
        ),
        Function(
            "contains",
            (_p("text", TEXT), _p("part", TEXT)),
            BOOLEAN,
            "True where `part` occurs in `text`, capitals and all.",
            (("contains('Red lamp', 'lamp')", True), ("contains('Red lamp', 'Lamp')", False)),
            lambda text, part: part in text,
        ),
        Function(
            "starts_with",
            (_p("text", TEXT), _p("part", TEXT)),
            BOOLEAN,
            "True where `text` begins with `part`.",
            (("starts_with('9503.00', '9503')", True),),
            lambda text, part: text.startswith(part),
        ),
        Function(
            "ends_with",
            (_p("text", TEXT), _p("part", TEXT)),
            BOOLEAN,
            "True where `text` ends with `part`.",
            (("ends_with('photo.png', '.png')", True),),
            lambda text, part: text.endswith(part),
        ),
        Function(
            "like",
            (_p("text", TEXT), _p("pattern", TEXT, literal=True, check=_check_pattern)),
            BOOLEAN,
            "True where the whole text fits the pattern: `*` any stretch, `?` one character; case does not count.",
            (("like('EU-1234', 'eu-*')", True), ("like('EU-1', 'EU-??')", False)),
            _like,
        ),
        Function(
            "lower",
            (_p("text", TEXT),),
            TEXT,
            "The text in lower case.",
            (("lower('ABC')", "abc"),),
            str.lower,
        ),
        Function(
            "length",
            (_p("x", *_TEXTY),),
            NUMBER,
            "Characters of a text, entries of a list.",
            (("length('abc')", 3.0), ("length(['a', 'b'])", 2.0)),
            _length,
        ),
        Function(
            "word_count",
            (_p("text", TEXT),),
            NUMBER,
            "Words separated by white space.",
            (("word_count('two words')", 2.0),),
            _word_count,
        ),
        Function(
            "script_share",
            (_p("text", TEXT), _p("script", TEXT, literal=True, check=_check_script)),
            NUMBER,
            "Share (0 to 1) of the letters that belong to a script, by its ISO 15924 code; unknown for a "
            "text without letters. Jpan counts kana and Han.",
            (("script_share('abcd', 'Latn')", 1.0), ("script_share('ab漢字', 'Hani')", 0.5)),
            _script_share,
            partial=True,
        ),
        Function(
            "join",
            (_p("x", *_TEXTY),),
            TEXT,
            "The known texts, with a paragraph mark (U+2029) between them that no term reaches across; unknown only "
            "where all are. At most 1,000,000 characters.",
            (("join('a', nothing_text, 'b')", "a\u2029b"),),
            _join,
            variadic=True,
            strict=False,
        ),
        Function(
            "to_number",
            (_p("text", TEXT),),
            NUMBER,
            "The number a text spells; unknown where it spells none.",
            (("to_number(' 12.5 ')", 12.5), ("to_number('a dozen')", None)),
            _to_number,
            partial=True,
        ),
        Function(
            "valid_gtin",
            (_p("text", TEXT),),
            BOOLEAN,
            "True for 8, 12, 13 or 14 digits with a right GS1 check digit.",
            (("valid_gtin('4006381333931')", True), ("valid_gtin('4006381333932')", False)),
            _valid_gtin,
        ),
        Function(
            "overlaps",
            (_p("a", TEXTS), _p("b", TEXTS)),
            BOOLEAN,
            "True where two lists share an entry.",
            (("overlaps(['a', 'b'], ['b'])", True),),
            _overlaps,
        ),
        Function(
            "min",
            (_p("x", NUMBER),),
            NUMBER,
            "The smallest number.",
            (("min(3, 1, 2)", 1.0),),
            lambda *xs: min(xs),
            variadic=True,
        ),
        Function(
            "max",
            (_p("x", NUMBER),),
            NUMBER,
            "The largest number.",
            (("max(3, 1, 2)", 3.0),),
            lambda *xs: max(xs),
            variadic=True,
        ),
        Function("abs", (_p("x", NUMBER),), NUMBER, "The number without its sign.", (("abs(-2)", 2.0),), abs),
        Function(
            "round",
            (_p("x", NUMBER), _p("digits", NUMBER, literal=True, check=_check_digits)),
            NUMBER,
            "Rounded to `digits` decimals (0 if left out), halves to the even neighbour as IEEE says.",
            (("round(2.5)", 2.0), ("round(1.256, 2)", 1.26)),
            _round,
            optional=1,
        ),
        Function(
            "floor",
            (_p("x", NUMBER),),
            NUMBER,
            "The whole number below.",
            (("floor(2.7)", 2.0),),
            _whole(math.floor),
        ),
        Function(
            "ceil",
            (_p("x", NUMBER),),
            NUMBER,
            "The whole number above.",
            (("ceil(2.1)", 3.0),),
            _whole(math.ceil),
        ),
        Function(
            "sqrt",
            (_p("x", NUMBER),),
            NUMBER,
            "The square root; unknown below zero.",
            (("sqrt(9)", 3.0), ("sqrt(-1)", None)),
            _sqrt,
            partial=True,
        ),
        Function(
            "log",
            (_p("x", NUMBER),),
            NUMBER,
            "The natural logarithm; unknown for zero and below.",
            (("log(1)", 0.0), ("log(0)", None)),
            _log,
            partial=True,
        ),
        Function("exp", (_p("x", NUMBER),), NUMBER, "e to the power `x`.", (("exp(0)", 1.0),), _exp),
        Function(
            "days_between",
            (_p("start", DATE), _p("end", DATE)),
            NUMBER,
            "Days from `start` to `end`; negative where `end` is earlier.",
            (("days_between('2026-01-01', '2026-01-31')", 30.0),),
            lambda start, end: end - start,
        ),
        Function(
            "add_days",
            (_p("day", DATE), _p("days", NUMBER)),
            DATE,
            "The date moved by whole days; unknown for fractions and beyond year 9999.",
            (("add_days('2026-01-31', 1) == '2026-02-01'", True),),
            add_days,
            partial=True,
        ),
        Function(
            "year",
            (_p("day", DATE),),
            NUMBER,
            "The year.",
            (("year('2026-03-01')", 2026.0),),
            _date_part("year"),
        ),
        Function(
            "month",
            (_p("day", DATE),),
            NUMBER,
            "The month, 1 to 12.",
            (("month('2026-03-01')", 3.0),),
            _date_part("month"),
        ),
        Function(
            "day",
            (_p("day", DATE),),
            NUMBER,
            "The day of the month.",
            (("day('2026-03-01')", 1.0),),
            _date_part("day"),
        ),
        Function(
            "weekday",
            (_p("day", DATE),),
            NUMBER,
            "1 for Monday to 7 for Sunday.",
            (("weekday('2026-03-01')", 7.0),),
            _weekday,
        ),
    )
}
