"""Negation cues: the words that deny what stands near them, by what they do and how far they reach.

Every block is a list of phrases separated by commas; lines that begin with `#` are comments. Phrases are
folded like the text, so one spelling stands for all (see `folding`). To teach the matcher a cue, add it
to the block of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "absent",  # says that the thing is not there; governs lists closed by "and" or "or"
    "no",  # the same, but too loose to govern "A, B and C": only "A, B or C"
    "compound",  # binds to the next or last word only: "non-alcoholic"
    "substitute",  # another thing in the likeness of the named material: "faux leather"
    "not_a_cue",  # looks like a cue and is none: "not only", "no doubt"
]

# Distances between cue and match: a word counts 3, a character of a script without spaces (or Hangul)
# counts 1.
WORD = 3
WINDOW = 2 * WORD  # two words may stand between: the cue is within three words of the match
ITEM = 3 * WORD  # the longest member of a list, and the longest run of filler characters


@dataclass(frozen=True, slots=True)
class CueGroup:
    """Phrases of one kind and reach: the distance at which they still govern a match."""

    kind: Kind
    reach: int
    block: str

    def phrases(self) -> Iterator[str]:
        """The phrases of the block."""
        return phrases(self.block)


def phrases(block: str) -> Iterator[str]:
    """The phrases of a block of data, comments left out."""
    for line in block.splitlines():
        if not line.lstrip().startswith("#"):
            yield from (phrase.strip() for phrase in line.split(",") if phrase.strip())


BEFORE = (
    CueGroup(
        "absent",
        WINDOW,
        """
    # en
    without, w/o, free of, free from, does not contain, doesn't contain, doesnt contain, do not contain,
    don't contain, not contain, not containing, cannot contain, contains no, contain no, containing no,
    contains zero, made without, not made with, not made from, not made of, not include, doesn't include,
    don't include, includes no, excluding, excludes, instead of, alternative to, alternatives to,
    replacement for, substitute for, compatible with, compatible for, for use with, w/out
    # de
    ohne, frei von, enthält kein, enthält keine, enthält keinen, statt, anstatt, anstelle von,
    alternative zu, kompatibel mit
    # fr
    sans, ne contient pas, ne contient aucun, ne contient aucune, exempt de, exempte de, exempts de,
    au lieu de, à la place de, alternative à, compatible avec
    # es
    sin, libre de, libres de, no contiene, no contienen, exento de, en lugar de, en vez de, alternativa a,
    compatible con
    # pt
    sem, livre de, livres de, isento de, isenta de, não contém, em vez de, compatível com
    # it
    senza, privo di, priva di, non contiene, invece di, compatibile con
    # nl
    zonder, vrij van, bevat geen, in plaats van, compatibel met
    # id, ms
    tanpa, bebas dari, bebas daripada, tidak mengandung, tidak mengandungi, tak mengandung, tiada,
    pengganti, kompatibel dengan, serasi dengan
    # vi
    không chứa, không có, không dùng, không sử dụng, không bao gồm, thay cho, thay thế, tương thích với
    # ru, pl
    без, не содержит, вместо, bez, nie zawiera, zamiast
    # hi
    बिना
    # he
    ללא, בלי, לא מכיל, אינו מכיל, אינה מכילה, במקום
        """,
    ),
    CueGroup(
        "absent",
        ITEM,
        """
    # ar, fa: three words between, since nouns of one thing stand side by side (دهن لحم الخنزير)
    بدون, خالي من, خال من, خالية من, لا يحتوي على, لا تحتوي على, لا يحتوي, بلا, من دون, دون, بدلا من,
    متوافق مع, فاقد
        """,
    ),
    CueGroup(
        "absent",
        0,
        """
    # zh, ja, th: written together with what they negate, or with filler characters between
    不含, 不含有, 不包含, 不添加, 未添加, 不使用, 未使用, 没有, 沒有, 不是, 并非, 不得含有, 代替, 替代,
    兼容, ปราศจาก, ไม่มี, ไม่มีสาร, ไม่มีส่วนผสมของ, ไม่มีส่วนประกอบของ, ไม่ผสม, ไม่ใส่, ไม่ใช้, ไม่ใช่
        """,
    ),
    CueGroup(
        "no",
        WINDOW,
        """
    # en, es, it, de, fr, pt, nl, id, ms, vi, tr, ru, pl
    no, not, never, zero, neither, nor, isn't, aren't, wasn't, isnt, arent, 0%, 0.0%, 0.00%, kein, keine,
    keinen, keinem, keiner, keines, nicht, niemals, null, pas de, pas d', aucun, aucune, zéro, jamais de,
    ni, ningún, ninguna, nunca, cero, não, nenhum, nenhuma, nessun, nessuna, nessuno, geen, niet, nooit,
    tidak, bukan, tak, nol, không, chẳng, sıfır, не, нет, nie
    # ar, he
    ليس, ليست, לא, אין
        """,
    ),
    CueGroup(
        "compound",
        0,
        """
    non, anti, bebas, غير, ضد, 无, 無, 零, 非, 脱, ノン, アンチ
        """,
    ),
    CueGroup(
        "substitute",
        WORD,
        """
    faux, fake, imitation, artificial, synthetic, vegan, vegetarian, mock, simulated, ersatz, pu, pvc,
    man made, manmade, plant based, vegane, veganes, veganer, künstliche, künstliches, simili, finta,
    finto, falso, falsa, искусственная, искусственный, 인조, 비건, 합성, 페이크
        """,
    ),
    CueGroup(
        "substitute",
        0,
        """
    人造, 仿, 仿真, 假, 人工, 合成, 植物, 素, 纯素, フェイク, イミテーション, ヴィーガン
        """,
    ),
    CueGroup(
        "not_a_cue",
        0,
        """
    # more than the negated thing alone
    not only, not just, not merely, not simply, not least, nicht nur, pas seulement, no solo, no sólo,
    non solo, não só, não apenas, niet alleen, bukan hanya, tidak hanya, bukan sekadar, không chỉ,
    không những, не только, 不仅, 不仅是, 不只, 不只是, 不但
    # either way
    with or without, mit oder ohne, avec ou sans, con o sin, com ou sem, con o senza, if not,
    whether or not, why not
    # set phrases, in which the thing that is absent is named already
    no doubt, no matter, no wonder, no problem, no problems, no need, no other, no less, no longer, no slip,
    no show, no iron, no pull, no drill, no sew, no bake, no cook, no tie, no fuss, no mess, no brand,
    no box, no logo, no battery, no batteries, no returns, no return, no refund, no refunds, no exchange,
    no tax, no assembly, no tools, no touch, no wire, no minimum, not responsible, sans fil, sans manches,
    sans manche, sans couture, sans doute, sans contact, sans serif, sin duda, sin mangas, sin cable,
    sin cables, sin costuras, sem dúvida, sem fio, sem mangas, senza fili, senza maniche, ohne zweifel,
    bebas ongkir, không gian, không khí, không dây, tanpa lengan, tanpa kabel
        """,
    ),
)

AFTER = (
    CueGroup(
        "no",
        WINDOW,
        """
    # tr
    içermez, içermeyen, içermiyor, içermemektedir, bulunmaz, bulunmamaktadır, kullanılmaz, kullanılmamıştır,
    kullanılmadan, yoktur, yok, değil, değildir, yerine, uyumlu
        """,
    ),
    CueGroup(
        "no",
        WORD,
        """
    not included, not contained, not used, is excluded, are excluded, sold separately, nicht enthalten,
    nicht inbegriffen, non inclus, non incluse, no incluido, no incluida, no incluidos, no incluidas,
    não incluído, não incluída, non incluso, non inclusa, niet inbegrepen, tidak termasuk, không bao gồm
        """,
    ),
    CueGroup(
        "no",
        ITEM,
        """
    नहीं, के बिना, के बग़ैर, के बजाय, غير موجود, غير مشمول
        """,
    ),
    CueGroup(
        "compound",
        0,
        """
    free, frei, vrij, मुक्त, रहित, फ्री, フリー, ゼロ, なし, 抜き, レス, 프리, 除外, 不包括, の代わり, 无添加
        """,
    ),
    CueGroup(
        "no",
        0,
        """
    # ja
    不使用, 未使用, 不含, 使用していません, 使用しておりません, 使用しない, 使用せず, 使っていません,
    使っておりません, 含みません, 含まない, 含まず, 含まれません, 含まれていません, 含まれておりません,
    含んでいません, 含んでおりません, 入っていません, 入っておりません, 配合していません, ではありません,
    ではない, じゃない, 以外
    # ko
    없음, 없는, 없이, 없습니다, 무첨가, 미첨가, 미함유, 무함유, 미사용, 무사용, 불포함, 미포함, 아님, 아닌,
    아닙니다, 사용하지 않, 함유하지 않, 포함하지 않, 포함되지 않, 첨가하지 않, 들어있지 않, 들어가지 않,
    들어 있지 않, 함유되지 않, 사용되지 않, 대신, 호환
        """,
    ),
    CueGroup(
        "not_a_cue",
        0,
        """
    フリーサイズ, フリース, フリーダム, フリーハンド, フリーマーケット, フリーランス, フリーストップ,
    レスキュー, レストラン, 프리사이즈, 프리 사이즈, 프리미엄, 프리스타일
        """,
    ),
)

# Words that join the members of a list. Dutch "of" and "en" are left out: in English and French they
# hold a phrase
# together ("sans manches en cuir").
OR = """
    or, nor, oder, noch, ou, ni, o, u, e nem, nem, né, atau, mahupun, ataupun, hoặc, hay, veya, ya da, или,
    ни, lub, ani, أو, ولا, או, या, หรือ, 或, 或者, または, もしくは, 又は, や, 또는
"""

AND = """
    and, &, +, und, et, y, e, dan, và, ve, и, و, और, तथा, และ, 和, 及, 以及, 与, 與, 跟, と, 及び, および,
    ならびに, 및, 와, 과
"""

# Words after which another statement begins.
BREAKERS = """
    but, however, with, contains, contain, containing, includes, include, including, made, is, are, has,
    have, just, only, except, plus, while, aber, sondern, mit, enthält, nur, mais, avec, contient, pero,
    sino, con, contiene, mas, com, contém, ma, maar, met, bevat, tapi, tetapi, melainkan, dengan,
    mengandung, nhưng, với, ama, fakat, içerir, но, с, содержит, لكن, مع, يحتوي, लेकिन, אבל, עם
"""

# Characters that may stand between a cue and what it negates in scripts without spaces ("不含任何酒精").
FILLERS = (
    "任何一切有的动動物性其他它人工添加化学學食用可能成分由来來原料類类等肉皮油脂系素材含エキスな"
    "どはをがもの全くまった"
    "성분은는이가을를도류함유사용전혀절등의고기제품"
)

# Free things that are not "pork free": after " free" they make it an adjective of what follows.
FREE_GOODS = """
    shipping, ship, delivery, postage, gift, gifts, sample, samples, return, returns, refund, trial,
    download, express, shipment, us, uk, usa, worldwide, international, standing, range, size, installation,
    exchange, people, haus, with, for, to, if, when, on, over, bonus, extra, pen, box, bag, case, gratis,
    style, time, hand, fall, form, डिलीवरी, शिपिंग, होम
"""

# Animal materials: only these are replaced by a likeness. A fake weapon stays a weapon, vegan wine
# stays wine.
MATERIALS = """
    leather, leathers, fur, furs, suede, nubuck, wool, silk, ivory, pearl, pearls, down, feather, feathers,
    horn, bone, bones, shell, tortoiseshell, skin, skins, hide, hides, sheepskin, shearling, lambskin,
    calfskin, cowhide, pigskin, snakeskin, crocodile, alligator, python, ostrich, mink, rabbit, fox,
    cashmere, angora, mohair, hair, coral, bristle, bristles, meat, pork, bacon, ham, lard, sausage,
    sausages, beef, chicken, gelatin, gelatine, collagen, tallow, rennet, cheese, caviar, fish, duck, foie,
    leder, pelz, fell, wolle, seide, fleisch, wurst, schinken, speck, cuir, fourrure, daim, laine, soie,
    ivoire, viande, jambon, porc, cuero, piel, lana, seda, marfil, carne, cerdo, gelatina, jamón, couro,
    pele, porco, pelle, pelliccia, seta, leer, bont, kulit, bulu, daging, da, lông, deri, kürk, кожа, мех,
    皮, 革, 毛, 绒, 絨, 羽, 骨, 角, 牙, 肉, 丝, 絲, 珠, 죽, 피
"""

# Adjectives after the material: "cuero sintético".
SUBSTITUTE_AFTER = """
    sintético, sintética, sintetico, sintetica, vegano, vegana, ecológico, ecologica, falso, falsa,
    synthétique, végétalien, végétalienne, artificiel, artificielle, sintetis, imitasi, vegan, tiruan,
    palsu, giả, look, effect, like, substitute, substitutes, alternative
"""
