from pathlib import Path

from app_pages import OpenPage


def test_home_counts_what_the_project_holds(open_page: OpenPage, shop: Path) -> None:
    page = open_page("home", shop)
    figures = {m.label: m.value for m in page.metric}
    assert figures["Errors / warnings"] == "0 / 0"
    assert figures["Packs"] == "2"
    assert not page.error


def test_home_is_chinese_when_asked(open_page: OpenPage, shop: Path) -> None:
    page = open_page("home", shop, lang="zh")
    assert "规则包" in {m.label for m in page.metric}


def test_a_broken_project_is_listed_with_its_places(open_page: OpenPage, shop: Path) -> None:
    rules = shop / "rulesets/listing_gate.yaml"
    rules.write_text(rules.read_text().replace("rules:", "rulez:", 1))
    page = open_page("home", shop)
    assert any("listing_gate" in m.value and "rulez" in m.value for m in page.markdown)


def test_an_empty_folder_is_no_fault(open_page: OpenPage, tmp_path: Path) -> None:
    page = open_page("home", tmp_path / "nothing")
    assert any("does not exist" in m.value for m in page.markdown)
    assert not page.exception
