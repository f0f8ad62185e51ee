"""Completion and hover: names with type and meaning, also in a text that is being written."""

from __future__ import annotations

import pytest

from weighbridge.completion import (
    Completion,
    Hover,
    complete_document,
    complete_expression,
    hover_document,
    hover_expression,
)
from weighbridge.engine import check_project
from weighbridge.project import Project
from weighbridge.rulebook import Rulebook
from weighbridge.starter import write_starter

GATE = "rulesets/listing_gate.yaml"


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, Rulebook]:
    root = tmp_path_factory.mktemp("completion") / "p"
    write_starter(root)
    project, book, problems = check_project(root)
    assert problems == ()
    return project, book


class Editor:
    """A file with a pointer, written `^`."""

    def __init__(self, loaded: tuple[Project, Rulebook], text: str, file: str = GATE) -> None:
        self.project, self.book = loaded
        self.offset, self.text, self.file = text.index("^"), text.replace("^", "", 1), file

    def completions(self) -> tuple[Completion, ...]:
        return complete_document(self.text, self.offset, self.file, self.project, self.book)

    def labels(self) -> list[str]:
        return [c.label for c in self.completions()]

    def applied(self, label: str) -> str:
        """The text after one completion was taken."""
        chosen = next(c for c in self.completions() if c.label == label)
        return self.text[: chosen.start] + chosen.insert + self.text[chosen.end :]

    def hover(self, lang: str = "en") -> Hover | None:
        return hover_document(self.text, self.offset, self.file, self.project, self.book, lang)


def rule(when: str, more: str = "") -> str:
    head = "ruleset: listing_gate\nrecord: listing\nrules:\n  - id: a\n"
    return f"{head}    when: {when}\n    then: {{verdict: warn}}\n{more}"


@pytest.mark.parametrize(
    ("when", "label", "after"),
    [
        ("for^", "forecast_units", "forecast_units"),
        ("price > 1 and reg^ion", "region.review_units", "price > 1 and region.review_units"),
        ("listing_quality.^", "listing_quality.tier", "listing_quality.tier"),
        ('listing_quality.tier == "^"', "poor", 'listing_quality.tier == "poor"'),
        ("listing_quality.tier == ^", "good", 'listing_quality.tier == "good"'),
        ('category in ["home", ^]', "toys", 'category in ["home", "toys"]'),
        ('under(category, "to^")', "toys/infant", 'under(category, "toys/infant")'),
        ('in_region("^")', "gcc", 'in_region("gcc")'),
        ("mentions(title, te^)", "terms.pig", "mentions(title, terms.pig)"),
        ("menti^", "mentions", "mentions"),
        ("'price > 1 an^'", "and", "'price > 1 and'"),
        (">-\n      price > 1\n      and pho^", "photos", ">-\n      price > 1\n      and photos"),
    ],
)  # fmt: skip
def test_what_may_stand_in_an_expression(
    loaded: tuple[Project, Rulebook], when: str, label: str, after: str
) -> None:
    assert Editor(loaded, rule(when)).applied(label) == rule(after)


def test_completions_come_with_type_and_meaning(loaded: tuple[Project, Rulebook]) -> None:
    _, book = loaded
    scope = book.scopes["listing_gate"]
    found = {c.label: c for c in complete_expression("", 0, scope, book, "zh")}
    assert (found["forecast_units"].kind, found["forecast_units"].detail) == ("field", "number (pieces)")
    assert found["forecast_units"].meaning == "预测销量"
    assert found["all_text"].kind == "derived" and "= join(title, description)" in found["all_text"].meaning
    assert found["region.review_units"].meaning == "超过此数需复核"
    assert (found["listing_quality.tier"].kind, found["region.code"].kind) == ("score", "parameter")
    assert "poor, good" in found["listing_quality.tier"].meaning
    assert found["terms.pig"].detail == "term list" and "pigskin" in found["terms.pig"].meaning
    # A ruleset cannot read its own outputs.
    assert "listing_gate.verdict" not in found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (rule("price > 1", "    ^"), "reason"),
        (rule("price > 1", "    rea^"), "reason"),
        (rule("price > 1").replace("verdict: warn", "verdict: ^"), "review"),
        (rule("price > 1", "    if_unknown: ^"), "review"),
        (rule("price > 1", "    markets: [^]"), "DE"),
        ("ruleset: x\nrecord: ^", "listing"),
        ("^", "ruleset"),
        ("rule^", "ruleset"),
        ("region: XX\nextends: wor^", "world"),
        ("region: XX\nparameters:\n  ^", "review_units"),
        ("region: XX\nparameters: {rev^}", "review_units"),
        ("region: XX\nweights:\n  listing_quality: {^}", "photos"),
        (
            "scenarios: listing_gate\ncases:\n  - name: a\n    expect: {fired: [listing_gate/p^]}",
            "listing_gate/pork",
        ),
        ("scenarios: listing_gate\nrecord: {category: ^}", "toys/infant"),
    ],
)
def test_keys_values_and_names_of_documents(
    loaded: tuple[Project, Rulebook], text: str, expected: str
) -> None:
    assert expected in Editor(loaded, text).labels()


def test_nothing_is_offered_in_comments_and_free_text(loaded: tuple[Project, Rulebook]) -> None:
    assert Editor(loaded, rule("price > 1 # pri^")).labels() == []
    assert Editor(loaded, rule("price > 1", "    reason: {en: pri^}")).labels() == []
    assert Editor(loaded, rule('title == "pri^"')).labels() == []


def test_hover_says_what_a_name_or_key_means(loaded: tuple[Project, Rulebook]) -> None:
    text = rule("forecast_un^its > 5")
    hover = Editor(loaded, text).hover("zh")
    assert hover is not None
    assert hover.text == "forecast_units: number (pieces)\n预测销量"
    assert text.replace("^", "")[hover.start : hover.end] == "forecast_units"
    function = Editor(loaded, rule("under^(category, 'toys')")).hover()
    assert function is not None and function.text.startswith("under(path: text, root: text) -> boolean\n")
    key = Editor(loaded, rule("price > 1").replace("when:", "wh^en:")).hover()
    assert key is not None and key.text == "The condition."
    assert Editor(loaded, rule('title == "for^ecast_units"')).hover() is None
    _, book = loaded
    assert hover_expression("1 + 2", 1, book.scopes["listing"], book) is None


@pytest.mark.parametrize(
    "text", ["^", "a: [^", "}^{", "ruleset: x\nrules: ^[", "- ^", "\t^", "ruleset: x\n  rules^: 1\n", "'^"]
)
def test_broken_text_offers_something_or_nothing_but_never_fails(
    loaded: tuple[Project, Rulebook], text: str
) -> None:
    editor = Editor(loaded, text)
    assert isinstance(editor.completions(), tuple)
    editor.hover()
