"""Negation: whether the words around a match say that the thing is absent, or is something else.

The cues are data, grouped by what they do; each is folded like the text, so that one spelling covers case, accents,
width and apostrophes. A cue is looked for within the clause of the match only (see `negated`).
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
    Folding,
    folding,
    is_hangul,
    is_unspaced,
)

Kind = Literal[
    "absent",  # says that the thing is not there; governs lists closed by "and" or "or"
    "no",  # the same, but too loose to govern "A, B and C": only "A, B or C"
    "compound",  # binds to the next or last word only: "non-alcoholic"
    "substitute",  # another thing in the likeness of the named material: "faux leather"
    "not_a_cue",  # looks like a cue and is none: "not only", "no doubt"
]

# Distances: a word counts 3, a character of a script without spaces counts 1.
_WORD = 3
_WINDOW = 2 * _WORD  # two words may stand between cue and match: the cue is within three words of it
_ITEM = 3 * _WORD  # length of one member of a list
_MAX_ITEMS = 8
_BEFORE_CHARS, _AFTER_CHARS = 240, 160  # no cue is looked for farther away, however long the words


@dataclass(frozen=True, slots=True)
class _Cue:
    words: tuple[str, ...]
    kind: Kind
    reach: int


# fmt: off
_BEFORE: tuple[tuple[Kind, int, tuple[str, ...]], ...] = (
    ("absent", _WINDOW, (
        # en
        "without", "w/o", "free of", "free from", "does not contain", "doesn't contain", "doesnt contain",
        "do not contain", "don't contain", "not contain", "not containing", "cannot contain", "contains no",
        "contain no", "containing no", "contains zero", "made without", "not made with", "not made from",
        "not made of", "not include", "doesn't include", "don't include", "includes no", "excluding", "excludes",
        "instead of", "alternative to", "alternatives to", "replacement for", "substitute for",
        "compatible with", "for use with", "w/out",
        # de
        "ohne", "frei von", "enthält kein", "enthält keine", "enthält keinen", "statt", "anstatt", "anstelle von",
        "alternative zu", "kompatibel mit",
        # fr
        "sans", "ne contient pas", "ne contient aucun", "ne contient aucune", "exempt de", "exempte de",
        "exempts de", "au lieu de", "à la place de", "alternative à", "compatible avec",
        # es
        "sin", "libre de", "libres de", "no contiene", "no contienen", "exento de", "en lugar de", "en vez de",
        "alternativa a", "compatible con",
        # pt
        "sem", "livre de", "livres de", "isento de", "isenta de", "não contém", "em vez de", "compatível com",
        # it
        "senza", "privo di", "priva di", "non contiene", "invece di", "compatibile con",
        # nl
        "zonder", "vrij van", "bevat geen", "in plaats van", "compatibel met",
        # id, ms
        "tanpa", "bebas dari", "bebas daripada", "tidak mengandung", "tidak mengandungi", "tak mengandung",
        "tiada", "pengganti", "kompatibel dengan", "serasi dengan",
        # vi
        "không chứa", "không có", "không dùng", "không sử dụng", "không bao gồm", "thay cho", "thay thế",
        "tương thích với",
        # ru, pl
        "без", "не содержит", "вместо", "bez", "nie zawiera", "zamiast",
        # hi
        "बिना",
        # he
        "ללא", "בלי", "לא מכיל", "אינו מכיל", "אינה מכילה", "במקום",
    )),
    ("absent", _ITEM, (
        # ar, fa: three words between, since nouns of one thing stand side by side (دهن لحم الخنزير)
        "بدون", "خالي من", "خال من", "خالية من", "لا يحتوي على", "لا تحتوي على", "لا يحتوي", "بلا", "من دون",
        "دون", "بدلا من", "متوافق مع", "فاقد",
    )),
    ("absent", 0, (
        # zh, ja, th: written together with what they negate, or with filler characters between
        "不含", "不含有", "不包含", "不添加", "未添加", "不使用", "未使用", "没有", "沒有", "不是", "并非", "不得含有",
        "代替", "替代", "兼容",
        "ปราศจาก", "ไม่มี", "ไม่มีสาร", "ไม่มีส่วนผสมของ", "ไม่มีส่วนประกอบของ", "ไม่ผสม", "ไม่ใส่", "ไม่ใช้", "ไม่ใช่",
    )),
    ("no", _WINDOW, (
        # en, es, it; de; fr; pt; nl; id, ms; vi; tr; ru, pl
        "no", "not", "never", "zero", "neither", "nor", "isn't", "aren't", "wasn't", "isnt", "arent", "0%", "0.0%",
        "0.00%",
        "kein", "keine", "keinen", "keinem", "keiner", "keines", "nicht", "niemals", "null",
        "pas de", "pas d'", "aucun", "aucune", "zéro", "jamais de", "ni",
        "ningún", "ninguna", "nunca", "cero",
        "não", "nenhum", "nenhuma",
        "nessun", "nessuna", "nessuno",
        "geen", "niet", "nooit",
        "tidak", "bukan", "tak", "nol",
        "không", "chẳng",
        "sıfır",
        "не", "нет", "nie",
        # ar, he
        "ليس", "ليست", "לא", "אין",
    )),
    ("compound", 0, (
        "non", "anti", "0", "bebas", "غير", "ضد",
        "无", "無", "零", "非", "脱", "ノン", "アンチ",
    )),
    ("substitute", _WORD, (
        "faux", "fake", "imitation", "artificial", "synthetic", "vegan", "vegetarian", "mock", "simulated", "ersatz",
        "man made", "manmade", "plant based", "vegane", "veganes", "veganer", "künstliche", "künstliches",
        "simili", "finta", "finto", "falso", "falsa",
        "искусственная", "искусственный", "인조", "비건", "합성", "페이크",
    )),
    ("substitute", 0, (
        "人造", "仿", "仿真", "假", "人工", "合成", "植物", "素", "纯素", "フェイク", "イミテーション", "ヴィーガン",
    )),
    ("not_a_cue", 0, (
        # more than the negated thing alone
        "not only", "not just", "not merely", "not simply", "not least", "nicht nur", "pas seulement", "no solo",
        "no sólo", "non solo", "não só", "não apenas", "niet alleen", "bukan hanya", "tidak hanya", "bukan sekadar",
        "không chỉ", "không những", "не только", "不仅", "不仅是", "不只", "不只是", "不但",
        # either way
        "with or without", "mit oder ohne", "avec ou sans", "con o sin", "com ou sem", "con o senza", "if not",
        "whether or not", "why not",
        # set phrases, and what is absent is named by the phrase itself
        "no doubt", "no matter", "no wonder", "no problem", "no problems", "no need", "no other", "no less",
        "no longer", "no slip", "no show", "no iron", "no pull", "no drill", "no sew", "no bake", "no cook", "no tie",
        "no fuss", "no mess", "no brand", "no box", "no logo", "no battery", "no batteries", "no returns", "no return",
        "no refund", "no refunds", "no exchange", "no tax", "no assembly", "no tools", "no touch", "no wire",
        "no minimum", "not responsible", "sans fil", "sans manches", "sans manche", "sans couture", "sans doute",
        "sans contact", "sans serif", "sin duda", "sin mangas", "sin cable", "sin cables", "sin costuras",
        "sem dúvida", "sem fio", "sem mangas", "senza fili", "senza maniche", "ohne zweifel", "bebas ongkir",
        "không gian", "không khí", "không dây", "tanpa lengan", "tanpa kabel",
    )),
)

_AFTER: tuple[tuple[Kind, int, tuple[str, ...]], ...] = (
    ("no", _WINDOW, (
        # tr
        "içermez", "içermeyen", "içermiyor", "içermemektedir", "bulunmaz", "bulunmamaktadır", "kullanılmaz",
        "kullanılmamıştır", "kullanılmadan", "yoktur", "yok", "değil", "değildir", "yerine", "uyumlu",
    )),
    ("no", _WORD, (
        "not included", "not contained", "not used", "is excluded", "are excluded", "sold separately",
        "nicht enthalten", "nicht inbegriffen", "non inclus", "non incluse", "no incluido", "no incluida",
        "no incluidos", "no incluidas", "não incluído", "não incluída", "non incluso", "non inclusa",
        "niet inbegrepen", "tidak termasuk", "không bao gồm",
    )),
    ("no", _ITEM, ("नहीं", "के बिना", "के बग़ैर", "के बजाय", "غير موجود", "غير مشمول")),
    ("compound", 0, (
        "free", "frei", "vrij", "मुक्त", "रहित", "फ्री",
        "フリー", "ゼロ", "なし", "抜き", "レス", "프리", "除外", "不包括", "の代わり",
        "无添加",  # only here: before a noun it says that the noun is free of additives
    )),
    ("no", 0, (
        # ja
        "不使用", "未使用", "不含", "使用していません", "使用しておりません", "使用しない", "使用せず",
        "使っていません", "使っておりません", "含みません", "含まない", "含まず", "含まれません", "含まれていません",
        "含まれておりません", "含んでいません", "含んでおりません", "入っていません", "入っておりません",
        "配合していません", "ではありません", "ではない", "じゃない", "以外",
        # ko
        "없음", "없는", "없이", "없습니다", "무첨가", "미첨가", "미함유", "무함유", "미사용", "무사용", "불포함", "미포함",
        "아님", "아닌", "아닙니다", "사용하지 않", "함유하지 않", "포함하지 않", "포함되지 않", "첨가하지 않", "들어있지 않",
        "들어가지 않", "들어 있지 않", "함유되지 않", "사용되지 않", "대신", "호환",
    )),
    ("not_a_cue", 0, (
        "フリーサイズ", "フリース", "フリーダム", "フリーハンド", "フリーマーケット", "フリーランス", "フリーストップ",
        "レスキュー", "レストラン", "프리사이즈", "프리 사이즈", "프리미엄", "프리스타일",
    )),
)

# Dutch "of" and "en" are left out: in English and French they hold a phrase together ("sans manches en cuir").
_OR = (
    "or", "nor", "oder", "noch", "ou", "ni", "o", "u", "e nem", "nem", "né", "atau", "mahupun", "ataupun", "hoặc",
    "hay", "veya", "ya da", "или", "ни", "lub", "ani", "أو", "ولا", "או", "या", "หรือ", "或", "或者", "または",
    "もしくは", "又は", "や", "또는",
)
_AND = (
    "and", "&", "+", "und", "et", "y", "e", "dan", "và", "ve", "и", "و", "और", "तथा", "และ", "和", "及", "以及", "与",
    "與", "跟", "と", "及び", "および", "ならびに", "및", "와", "과",
)

# Words after which another statement begins.
_BREAKERS = frozenset((
    "but", "however", "with", "contains", "contain", "containing", "includes", "include", "including", "made", "is",
    "are", "has", "have", "just", "only", "except", "plus", "while", "aber", "sondern", "mit", "enthält", "nur", "mais",
    "avec", "contient", "pero", "sino", "con", "contiene", "mas", "com", "contém", "ma", "maar", "met", "bevat", "tapi",
    "tetapi", "melainkan", "dengan", "mengandung", "nhưng", "với", "ama", "fakat", "içerir", "но", "с", "содержит",
    "لكن", "مع", "يحتوي", "लेकिन", "אבל", "עם",
))

# Characters that may stand between a cue and what it negates in scripts without spaces ("不含任何酒精").
_FILLERS = frozenset(
    "任何一切有的动動物性其他它人工添加化学學食用可能成分分由来來原料類类等肉皮油脂系素材含有物エキスなどはをがもの全くまったく"
    "성분은는이가을를도류함유사용전혀절등의고기제품"
)

# Free things that are not "pork free": after " free" they make it an adjective of what follows.
_FREE_GOODS = frozenset((
    "shipping", "ship", "delivery", "postage", "gift", "gifts", "sample", "samples", "return", "returns", "refund",
    "trial", "download", "express", "shipment", "us", "uk", "usa", "worldwide", "international", "standing", "range",
    "size", "installation", "exchange", "people", "haus", "with", "for", "to", "if", "when", "on", "over", "bonus",
    "extra", "pen", "box", "bag", "case", "gratis", "style", "time", "hand", "fall", "form", "डिलीवरी", "शिपिंग", "होम",
))

# Animal materials: only these are replaced by a likeness. A fake weapon stays a weapon, vegan wine stays wine.
_MATERIALS = frozenset((
    "leather", "leathers", "fur", "furs", "suede", "nubuck", "wool", "silk", "ivory", "pearl", "pearls", "down",
    "feather", "feathers", "horn", "bone", "bones", "shell", "tortoiseshell", "skin", "skins", "hide", "hides",
    "sheepskin", "shearling", "lambskin", "calfskin", "cowhide", "pigskin", "snakeskin", "crocodile", "alligator",
    "python", "ostrich", "mink", "rabbit", "fox", "cashmere", "angora", "mohair", "hair", "coral", "bristle",
    "bristles", "meat", "pork", "bacon", "ham", "lard", "sausage", "sausages", "beef", "chicken", "gelatin", "gelatine",
    "collagen", "tallow", "rennet", "cheese", "caviar", "fish", "duck", "foie",
    "leder", "pelz", "fell", "wolle", "seide", "fleisch", "wurst", "schinken", "speck",
    "cuir", "fourrure", "daim", "laine", "soie", "ivoire", "viande", "jambon", "porc",
    "cuero", "piel", "lana", "seda", "marfil", "carne", "cerdo", "gelatina", "jamón", "couro", "pele", "porco",
    "pelle", "pelliccia", "seta", "leer", "bont", "kulit", "bulu", "daging", "da", "lông", "deri", "kürk",
    "кожа", "мех", "皮", "革", "毛", "绒", "絨", "羽", "骨", "角", "牙", "肉", "丝", "絲", "珠", "죽", "피",
))
_SUBSTITUTE_AFTER = frozenset((
    "sintético", "sintética", "sintetico", "sintetica", "vegano", "vegana", "ecológico", "ecologica", "falso", "falsa",
    "synthétique", "végétalien", "végétalienne", "artificiel", "artificielle", "sintetis", "imitasi", "vegan",
    "tiruan", "palsu", "substitute", "substitutes", "alternative",
))
# fmt: on

_PLAIN = folding(True, True)
_SPLIT = re.compile(f"([{GAP_CODES}])")
_DECIMAL = re.compile(f"(?<=[0-9])[{COMMA}{POINT}](?=[0-9])")
_COMMAS = (COMMA, LIST)


def _words_of(gaps: str) -> list[str]:
    """Words and gap codes in turn, numbers with a decimal point in one piece. Starts and ends with a word."""
    if COMMA in gaps or POINT in gaps:
        gaps = _DECIMAL.sub(".", gaps)
    return _SPLIT.split(gaps)


def _fold(phrase: str) -> tuple[str, ...]:
    return tuple(_words_of(_PLAIN.gaps(phrase).strip(GAP_CODES))[::2])


def _fold_words(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word for phrase in words for word in _fold(phrase))


def _by_word(
    groups: Iterable[tuple[Kind, int, Iterable[str]]], position: Literal[0, -1]
) -> dict[str, tuple[_Cue, ...]]:
    """Cues by their first (0) or last (-1) word, longest first."""
    cues: dict[str, dict[tuple[str, ...], _Cue]] = {}
    for kind, reach, phrases in groups:
        for phrase in phrases:
            words = _fold(phrase)
            cues.setdefault(words[position], {}).setdefault(words, _Cue(words, kind, reach))
    return {
        word: tuple(sorted(found.values(), key=lambda cue: -len(cue.words))) for word, found in cues.items()
    }


_BEFORE_CUES = _by_word(_BEFORE, -1)
_AFTER_CUES = _by_word(_AFTER, 0)
_JOINER_GROUPS: tuple[tuple[Kind, int, tuple[str, ...]], ...] = (("no", 0, _OR), ("absent", 0, _AND))
_JOINERS_BEHIND = _by_word(_JOINER_GROUPS, -1)
_JOINERS_AHEAD = _by_word(_JOINER_GROUPS, 0)
_BREAKING_BEFORE = _fold_words(_BREAKERS)
_BREAKING_AFTER = _BREAKING_BEFORE - {"is", "are"}
_FREE_GOOD = _fold_words(_FREE_GOODS)
_MATERIAL = _fold_words(_MATERIALS)
_SUBSTITUTED = _fold_words(_SUBSTITUTE_AFTER)
_FREE_ENDINGS = ("frei", "free", "vrij")  # of a compound that a wildcard term matched: "alkohol*" in "alkoholfrei"


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

    `text` and `gaps` are match text and gaps (see `folding`); `plain` says whether they are folded for case and
    accents. The work is bounded whatever the text: only its nearest neighbourhood is read.
    """
    word_start = text.rfind(" ", max(0, start - _BEFORE_CHARS), start) + 1
    word_end = text.find(" ", end, end + _AFTER_CHARS)
    if 0 <= end < word_end and text.startswith(_FREE_ENDINGS, end):
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
    if not word or not word[0].isalnum() and not unicodedata.category(word[0])[0] == "M":
        return 0
    return 1 if _is_syllable(word) else _WORD


def _is_syllable(word: str) -> bool:
    return len(word) == 1 and (is_unspaced(word) or is_hangul(word))


def _is_bullet(word: str) -> bool:
    """Whether `word` is a pictograph, which sets statements apart in a listing ("✓ no pork ✓ lard")."""
    return len(word) == 1 and word != "°" and unicodedata.category(word) == "So"


class _Walk:
    """The way back from a match through its clause, in search of a cue that governs it."""

    def __init__(self, behind: _Side, ahead: _Side, first_word: str, material: bool) -> None:
        self._side = behind
        self._ahead = ahead
        self._first_word = first_word
        self._material = material
        self._gap = 0  # length of the item walked through
        self._fillers = True  # whether it consists of filler characters
        self._own: tuple[int, bool] | None = None  # gap and fillers of the item of the match itself
        self._commas = 0
        self._items = 0
        self._closed: Kind | None = None  # the kind of the last joiner: "no" for or, "absent" for and
        self._colon = False

    def denied(self) -> bool:
        """Whether a cue governs the match."""
        index, words = 0, self._side.words
        while index < len(words) and self._gap <= _ITEM and self._items <= _MAX_ITEMS:
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
            self._gap += _weight(words[index])
            self._fillers = self._fillers and words[index] in _FILLERS
            index += 1
        return False

    def _cross(self, gap: str) -> bool:
        """Step over a gap; False where the clause ends."""
        if gap == POINT:
            return False
        if gap in _COMMAS:
            self._commas += 1
            self._join(self._closed)
        elif gap in (ENUM, SLASH):
            self._join("no")
        elif gap == COLON:
            self._colon = True  # only "free from: ..." reaches over it
        return True

    def _join(self, kind: Kind | None) -> None:
        if self._own is None:
            self._own = (self._gap, self._fillers)
        self._closed = kind if self._closed != "no" else "no"
        self._items += 1
        self._gap, self._fillers = 0, True

    def _governs(self, cue: _Cue, index: int) -> bool:
        gap = self._side.gaps[index]
        if gap == HYPHEN and (self._gap or self._items):
            return False  # "no-slip": bound to the next word
        if cue.words == ("no",) and self._word_after(index)[:1].isdigit():
            return False  # "No 5" is a number
        if cue.kind in ("compound", "substitute"):
            return self._governs_next(cue, gap)
        if not self._items:
            return self._within(cue, self._gap, self._fillers)
        own_gap, own_fillers = self._own or (0, True)
        return self._gap > 0 and self._within(cue, own_gap, own_fillers) and self._list_is_closed(cue)

    def _governs_next(self, cue: _Cue, gap: str) -> bool:
        if self._items or self._colon or self._gap > cue.reach:
            return False
        if gap != ADJACENT and _is_syllable(cue.words[-1]) and is_unspaced(cue.words[-1]):
            return False
        return self._material or cue.kind == "compound"

    def _word_after(self, index: int) -> str:
        return self._side.words[index - 1] if index else self._first_word

    def _within(self, cue: _Cue, gap: int, fillers: bool) -> bool:
        return gap <= cue.reach or (fillers and gap <= _ITEM)

    def _list_is_closed(self, cue: _Cue) -> bool:
        """Whether commas on the way belong to a list "A, B or C" and not to the next statement."""
        if not self._commas or self._colon:
            return True
        closed = self._closed or _closing_joiner(self._ahead)
        return closed == "no" or (closed == "absent" and cue.kind == "absent")


def _closing_joiner(side: _Side) -> Kind | None:
    """The kind of the joiner that closes a list which goes on after the match."""
    gap = items = index = 0
    while index < len(side.words) and gap <= _ITEM and items <= _MAX_ITEMS:
        if side.gaps[index] in (POINT, COLON) or side.words[index] in _BREAKING_BEFORE:
            return None
        if side.gaps[index] in _COMMAS:
            gap, items = 0, items + 1
        joiner = _longest(_JOINERS_AHEAD, side, index, backwards=False)
        if joiner is not None:
            return joiner.kind
        gap += _weight(side.words[index])
        index += 1
    return None


def _denied_ahead(side: _Side) -> bool:
    """Whether a cue after the match denies it: "-free", "not included", "不使用"."""
    gap = items = index = 0
    fillers = True
    while index < len(side.words) and gap <= _ITEM and items <= _MAX_ITEMS:
        if side.gaps[index] in (POINT, COLON, ENUM, *_COMMAS):
            return False
        cue = _longest(_AFTER_CUES, side, index, backwards=False)
        if cue is not None:
            return _denies(cue, side, index, gap, fillers, items)
        joiner = _longest(_JOINERS_AHEAD, side, index, backwards=False)
        if joiner is not None:
            gap, fillers, items = 0, True, items + 1
            index += len(joiner.words)
            continue
        if side.words[index] in _BREAKING_AFTER or _is_bullet(side.words[index]):
            return False
        gap += _weight(side.words[index])
        fillers = fillers and side.words[index] in _FILLERS
        index += 1
    return False


def _denies(cue: _Cue, side: _Side, index: int, gap: int, fillers: bool, items: int) -> bool:
    if cue.kind == "not_a_cue":
        return False
    if cue.kind == "compound":
        return not gap and not items and _is_adjective(side, index, len(cue.words))
    reach = _ITEM if items else cue.reach
    return gap <= reach or (fillers and gap <= _ITEM)


def _is_adjective(side: _Side, index: int, length: int) -> bool:
    """Whether "free" at `index` belongs to the word before it: "pork free", but not "pork free shipping"."""
    if side.gaps[index] == HYPHEN or index + length >= len(side.words):
        return True
    same_phrase = side.gaps[index + length] in (SPACE, HYPHEN, SLASH)
    return not (same_phrase and side.words[index + length] in _FREE_GOOD)
