from pathlib import Path

import pytest

pytest.importorskip("streamlit", reason="the extra `app` is not installed")

from app_pages import ROOT

from weighbridge import load
from weighbridge.app import shown, words
from weighbridge.app.place_words import document_words, path_words
from weighbridge.app.result_words import difference_title, difference_value, result_value, rule_titles
from weighbridge.rulebook import Rulebook


@pytest.fixture(scope="module")
def packs() -> Rulebook:
    return load(ROOT).book


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (shown, words):
        monkeypatch.setattr(module, "language", lambda: "zh")


def said(book: Rulebook, place: str, *path: str | int) -> str:
    return f"{document_words([book], place)} {path_words([book], place, path)}"


def test_documents_and_what_lies_in_them_are_called_by_their_titles(packs: Rulebook) -> None:
    assert said(packs, "scorecard cultural_fit", "tiers", "fit", "from") == (
        "Scorecard “Cultural fit” tiers › Good fit › from"
    )
    assert said(packs, "region SA", "weights", "cultural_fit", "religious_symbol") == (
        "Market “Saudi Arabia” weights › Cultural fit › Religious symbols"
    )
    assert said(packs, "ruleset listing_gate", "rules", "foreign-currency", "when") == (
        "Rules “Listing gate” rules › Foreign currency › condition"
    )
    assert said(packs, "region SA", "parameters", "vat_pct") == (
        "Market “Saudi Arabia” parameters › Standard VAT or GST"
    )


def test_they_are_called_so_in_chinese(packs: Rulebook, chinese: None) -> None:
    assert (
        said(packs, "scorecard cultural_fit", "tiers", "fit", "from") == "评分卡“文化契合度” 档位 › 契合 › 起"
    )
    assert said(packs, "ruleset listing_gate", "rules", "foreign-currency", "when") == (
        "规则集“上架把关” 规则 › 非当地货币 › 条件"
    )


def test_what_has_no_title_stays_as_it_is_written(packs: Rulebook) -> None:
    assert said(packs, "rulesets/routes.csv", 3, "price") == "rulesets/routes.csv no. 4 › price"
    assert said(packs, "scorecard gone", "tiers", "title", "from") == "Scorecard “gone” tiers › title › from"
    assert said(packs, "region XX", "parameters", "nothing") == "Market “XX” parameters › nothing"


def test_a_path_can_be_told_from_a_step_on(packs: Rulebook) -> None:
    path = ("characteristics", "religious_symbol", "weight")
    assert path_words([packs], "scorecard cultural_fit", path, 2) == "weight"


def test_differences_are_told_in_words(packs: Rulebook) -> None:
    books, rules = [packs], rule_titles([packs])

    def told(kind: str, name: str, value: str) -> tuple[str, str]:
        return difference_title(books, "listing_gate", rules, kind, name), difference_value(
            books, "listing_gate", kind, name, value
        )

    assert told("tier", "cultural_fit", "fit") == ("Cultural fit: tier", "Good fit")
    assert told("score", "cultural_fit", "93.3691935") == ("Cultural fit: score", "93.37")
    assert told("rule", "listing_gate/foreign-currency", "silent") == ("Foreign currency", "does not fire")
    assert told("verdict", "verdict", "") == ("Verdict", "no verdict")
    assert told("output", "actions", "translate") == ("What to do", "Translate")
    assert told("output", "actions", "translate, adapt_page") == ("What to do", "Translate, Adapt the page")
    assert told("rule", "listing_gate/gone", "fired") == ("listing_gate/gone", "fires")


def test_rows_of_a_table_are_told_apart(packs: Rulebook) -> None:
    titles = rule_titles([packs])
    row = next(r for r in packs.rulesets["taboo_base"].rules if r.table is not None)
    assert titles[row.ref].endswith(row.ref.partition("/")[2])


def test_a_rule_that_only_the_saved_project_has_keeps_its_title(packs: Rulebook, tmp_path: Path) -> None:
    from weighbridge.starter import write_starter

    write_starter(tmp_path)
    small = load(tmp_path).book
    assert rule_titles([small, packs])["listing_gate/foreign-currency"] == "Foreign currency"


def test_texts_of_outputs_are_called_by_their_titles(packs: Rulebook, chinese: None) -> None:
    assert result_value(packs, "listing_gate", "actions", ["translate", "adapt_page"]) == "翻译, 修改页面"
    assert result_value(packs, "listing_gate", "actions", []) == "–"
    assert result_value(packs, "retention", "alert", "level_2") == "二级"
    assert result_value(packs, "retention", "alert", "unheard_of") == "unheard_of"
    assert result_value(packs, "nobody", "alert", "level_2") == "level_2"
