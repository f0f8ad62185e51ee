"""What the columns of decided feeds are called, and their values, in the reader's language."""

from __future__ import annotations

from weighbridge.app.shown import title_of, verdict_word
from weighbridge.app.words import t
from weighbridge.rulebook import Rulebook


def result_title(book: Rulebook, target: str, name: str) -> str:
    """The title of a result: `verdict`, an output, `<card>.score` or `<card>.tier`."""
    card, _, part = name.rpartition(".")
    if card in book.scorecards and part in ("score", "tier"):
        return t(f"result_{part}", card=title_of(book.scorecards[card].title, card))
    output = book.rulesets[target].outputs.get(name) if target in book.rulesets else None
    return title_of({} if output is None else output.title, t("verdict") if name == "verdict" else name)


def result_value(book: Rulebook, name: str, value: object) -> str:
    """A value of a result: verdicts and tiers by their titles, others as they are, nothing as a dash."""
    if value is None or value == "" or value != value:
        return verdict_word(None) if name == "verdict" else "–"
    if name == "verdict":
        return verdict_word(str(value))
    card, _, part = name.rpartition(".")
    if part == "tier" and card in book.scorecards:
        titles = {tier.id: tier.title for tier in book.scorecards[card].tiers}
        return title_of(titles.get(str(value), {}), str(value))
    return str(value)
