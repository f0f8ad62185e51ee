"""What rules, and the columns of decided feeds with their values, are called in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from weighbridge.app.shown import plain, title_of, titler, verdict_word
from weighbridge.app.words import t
from weighbridge.decision_differences import STATES
from weighbridge.regions import Regions
from weighbridge.rulebook import Rulebook


def target_title(books: Iterable[Rulebook], target: str) -> str:
    """The title of a ruleset or scorecard that decides."""
    for book in books:
        found = book.rulesets.get(target) or book.scorecards.get(target)
        if found is not None:
            return title_of(found.title, target)
    return target


def market_title(regions: Regions, market: str) -> str:
    """The id of a market, which people know it by, and its title; a group of markets by its title alone."""
    found = regions.documents.get(market)
    title = "" if found is None else title_of(found.model.title, "")
    if found is None or title in ("", market):
        return market
    return f"{market} {title}" if found.model.is_market else title


def rule_titles(books: Iterable[Rulebook]) -> dict[str, str]:
    """The title of every rule by its ref. Rows of a table share its title, so their ids are added.

    A rule that several books hold has its title of the first.
    """
    title = titler()
    found: dict[str, str] = {}
    for book in books:
        for ruleset in book.rulesets.values():
            for rule in ruleset.rules:
                name, own = title(rule.title, ""), rule.ref.partition("/")[2]
                words = [name] if name and rule.table is None else [w for w in (name, own) if w]
                found.setdefault(rule.ref, " · ".join(words))
    return found


def result_title(book: Rulebook, target: str, name: str) -> str:
    """The title of a result: `verdict`, an output, `<card>.score` or `<card>.tier`."""
    card, _, part = name.rpartition(".")
    if card in book.scorecards and part in ("score", "tier"):
        return t(f"result_{part}", card=title_of(book.scorecards[card].title, card))
    output = book.rulesets[target].outputs.get(name) if target in book.rulesets else None
    return title_of({} if output is None else output.title, t("verdict") if name == "verdict" else name)


def tier_title(book: Rulebook, card: str, tier: str | None) -> str:
    """The title of a tier of a scorecard; a dash for none."""
    if tier is None:
        return "–"
    titles = {found.id: found.title for found in book.scorecards[card].tiers}
    return title_of(titles.get(tier, {}), tier)


def result_value(book: Rulebook, target: str, name: str, value: object) -> str:
    """A value of a result: verdicts, tiers and texts by their titles, others as they are, nothing as a dash.

    Collected texts are a list, or one text as tables of decided feeds hold them.
    """
    if value in (None, "", []) or value != value:
        return verdict_word(None) if name == "verdict" else "–"
    if name == "verdict":
        return verdict_word(str(value))
    card, _, part = name.rpartition(".")
    if part == "tier" and card in book.scorecards:
        return tier_title(book, card, str(value))
    output = book.rulesets[target].outputs.get(name) if target in book.rulesets else None
    if output is None or not output.titles:
        return plain(value)
    texts: Sequence[object] = value if isinstance(value, list) else [value]
    if isinstance(value, str) and output.combine in ("collect", "set"):
        texts = value.split(", ")
    return ", ".join(title_of(output.titles.get(str(text), {}), plain(text)) for text in texts)


def difference_title(
    books: Sequence[Rulebook], target: str, rules: dict[str, str], kind: str, name: str
) -> str:
    """What differs, of a kind of `decision_differences.KINDS`: a rule, a result, whether a record is valid."""
    if kind in ("rule", "conflict"):
        return rules.get(name, name)
    if kind == "valid":
        return t("valid_record")
    result = f"{name}.{kind}" if kind in ("tier", "score") else name
    titles = (result_title(book, target, result) for book in books)
    return next((title for title in titles if title != result), result)


def difference_value(books: Sequence[Rulebook], target: str, kind: str, name: str, value: str) -> str:
    """A value before or after a difference of a kind, in words; scores to a hundredth."""
    if kind in ("rule", "conflict") and value in STATES:
        return t(f"state_{value}")
    if kind == "valid":
        return plain(value == "true")
    if not value:
        return verdict_word(None) if kind == "verdict" else "–"
    if kind == "score":
        return f"{float(value):.2f}"
    result = {"tier": f"{name}.tier", "verdict": "verdict"}.get(kind, name)
    return next((w for w in (result_value(b, target, result, value) for b in books) if w != value), value)
